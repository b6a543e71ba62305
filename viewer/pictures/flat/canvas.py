"""A flat picture on the screen: drawn without OpenGL, so it costs nothing to build."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from qtpy.QtWidgets import QSizePolicy, QWidget

from viewer.kit.theme import CROSSHAIR, DARK_CROSSHAIR, DOUBTFUL, FAINT, INK, LETTER
from viewer.pictures.flat.names import brief, in_the_way, margin_of, written_names
from viewer.pictures.flat.shown import Named, Shown
from viewer.pictures.mouse import CLICK_REACH, HU_PER_PIXEL, ZOOM_STEP
from viewer.pictures.pane import HOT_PX
from viewer.pictures.placement import Box, Label, leader, place

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fusion.geometry import FloatArray
    from viewer.pictures.flat.sources import FlatSource
    from viewer.pictures.flat.study import FlatStudy

#: Text of letters, captions and names, px.
LETTER_PX, CAPTION_PX, NAME_PX = 17, 12, 12
#: Behind words: orange stays legible on white (5 : 1) with what is under it still seen.
_GROUND = QColor(0, 0, 0, 190)
#: Half the hole in the middle of the crosshair, and half of a tick, px.
_GAP_PX, _TICK_PX = 10.0, 3.0
#: Share of the uptake's range for one pixel of dragging.
_RANGE_PER_PIXEL = 0.005


class FlatCanvas(QWidget):
    """Draws one source, and takes mouse and wheel.

    Parameters
    ----------
    study : FlatStudy
        What all flat pictures share.
    source : FlatSource
        What this one shows.

    Attributes
    ----------
    enlarged : Signal
        It was clicked twice.
    """

    enlarged = Signal()

    def __init__(self, study: FlatStudy, source: FlatSource) -> None:
        super().__init__()
        self.study, self.source = study, source
        self._made: tuple[Hashable, Shown | None, QImage | None] | None = None
        self._press: tuple[QPointF, QPointF, Qt.MouseButton, bool] | None = None
        self._window = (0.0, 0.0)
        self.setMouseTracking(True)
        self.setMinimumSize(90, 90)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        events = study.linked.events
        for event in (events.point, events.display, events.review, events.frame):
            event.connect(self._on_change)
        for event in (study.events.names, study.events.grey):
            event.connect(self._on_change)

    def _on_change(self) -> None:
        if self.isVisible():
            self.update()

    # What is drawn

    @property
    def shown(self) -> Shown | None:
        """The picture as it is now."""
        return self._picture()[0]

    def _picture(self) -> tuple[Shown | None, QImage | None]:
        key = self.source.key()
        if self._made is None or self._made[0] != key:
            shown, image = self.source.shown(), None
            if shown is not None:
                rgb = np.ascontiguousarray(shown.rgb)
                rows, columns = rgb.shape[:2]
                made = QImage(rgb.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
                image = made.copy()  # which owns its pixels
            self._made = key, shown, image
        return self._made[1], self._made[2]

    def _scale(self, shown: Shown) -> tuple[float, FloatArray]:
        """Return px per mm, and (row, column) of what is in the middle."""
        view = shown.view
        frame = self.study.linked.frame if self.source.framed else None
        if frame is not None:
            scale = min(self.width(), self.height()) / frame.field_mm
            return scale, view.place(np.array(frame.center_lps))[:2]
        size = np.array(view.values.shape) * view.spacing_mm
        scale = min(self.height() / size[0], self.width() / (size[1] * self.source.share))
        return float(scale), (np.array(view.values.shape) - 1) / 2

    def to_px(self, shown: Shown, row: float, column: float) -> QPointF:
        """Return where a place in the picture is on the screen."""
        scale, middle = self._scale(shown)
        down, right = (np.array([row, column]) - middle) * shown.view.spacing_mm * scale
        return QPointF(self.width() / 2 + right, self.height() / 2 + down)

    def from_px(self, shown: Shown, at: QPointF) -> tuple[float, float]:
        """Return which place in the picture is at a place of the screen: (row, column)."""
        scale, middle = self._scale(shown)
        offset = np.array([at.y() - self.height() / 2, at.x() - self.width() / 2])
        row, column = offset / scale / shown.view.spacing_mm + middle
        return float(row), float(column)

    def point_at(self, at: QPointF) -> FloatArray | None:
        """Return the point of the patient at a place of the screen; None where it is none."""
        shown = self.shown
        if shown is None or not self.source.pointed:
            return None
        return shown.view.point(*self.from_px(shown, at))

    def place_of(self, point_lps: FloatArray) -> QPointF | None:
        """Return where a point of the patient is on the screen."""
        shown = self.shown
        if shown is None:
            return None
        row, column, _ = shown.view.place(point_lps)
        return self.to_px(shown, float(row), float(column))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the picture, its letters and names."""
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing
        )
        painter.fillRect(self.rect(), QColor("black"))
        shown, image = self._picture()
        if shown is None or image is None:
            self._say(painter, self.source.why)
        else:
            rows, columns = shown.view.values.shape
            first, last = (
                self.to_px(shown, *corner) for corner in ((-0.5, -0.5), (rows - 0.5, columns - 0.5))
            )
            painter.drawImage(QRectF(first, last), image)
            self._draw_crosshair(painter, shown)
            taken = self._draw_words(painter, shown)
            self._draw_names(painter, shown, taken)
        painter.setPen(QColor(FAINT))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _say(self, painter: QPainter, words: str) -> None:
        painter.setPen(QColor(DOUBTFUL))
        middle = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(self.rect()).adjusted(12, 12, -12, -12), middle, words)

    def _draw_crosshair(self, painter: QPainter, shown: Shown) -> None:
        linked = self.study.linked
        if not (linked.crosshair_visible and self.source.pointed):
            return
        at = self.place_of(linked.point_lps)
        if at is None:
            return
        painter.setPen(QPen(QColor(DARK_CROSSHAIR if shown.bright else CROSSHAIR), 1))
        x, y, gap = at.x(), at.y(), _GAP_PX
        for a, b in (
            ((0, y), (x - gap, y)),
            ((x + gap, y), (self.width(), y)),
            ((x, 0), (x, y - gap)),
            ((x, y + gap), (x, self.height())),
        ):
            painter.drawLine(QPointF(*a), QPointF(*b))

    def _draw_words(self, painter: QPainter, shown: Shown) -> list[Box]:
        """Draw letters, caption, what has to be said, and the scale; return what they cover."""
        letters, taken = shown.view.letters, []
        width, height = self.width(), self.height()
        font = _font(LETTER_PX, bold=True)
        metrics = QFontMetricsF(font)
        for text, x, y in (
            (letters.left, 0.0, 0.5),
            (letters.right, 1.0, 0.5),
            (letters.top, 0.5, 0.0),
            (letters.bottom, 0.5, 1.0),
        ):
            w, h = metrics.horizontalAdvance(text) + 6, metrics.height()
            box = Box(2 + x * (width - w - 4), 2 + y * (height - h - 4), w, h)
            taken.append(_boxed(painter, box, text, font, LETTER))
        lines = shown.caption.split("\n")
        review = self.study.linked.review
        if review.simulated:
            lines[0] += " · SIMULATED"
        font = _font(CAPTION_PX)
        metrics, top = QFontMetricsF(font), 3.0
        said = [(line, INK) for line in lines]
        if self.study.doubt and self.study.named:
            said.append((self.study.doubt, DOUBTFUL))
        if self.study.alignment and self.source.has_spect:
            said += [(line, DOUBTFUL) for line in self.study.alignment.split("\n")]
        widest = max(metrics.horizontalAdvance(line) for line, _ in said) + 6
        if Box(3, top, widest, len(said) * metrics.height()).meets(taken[2], 4):
            top = taken[2].bottom + 2  # the letter at the top is never covered
        for line, color in said:
            box = Box(3, top, metrics.horizontalAdvance(line) + 6, metrics.height())
            taken.append(_boxed(painter, box, line, font, color))
            top = box.bottom
        if self.source.words:
            taken.append(self._draw_below(painter, self.source.words, font))
        taken.append(self._draw_scale(painter, shown))
        return taken

    def _draw_below(self, painter: QPainter, words: str, font: QFont) -> Box:
        metrics = QFontMetricsF(font)
        room = QRectF(0, 0, max(self.width() - 12, 40), 200)
        size = metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), words)
        lift = QFontMetricsF(_font(LETTER_PX)).height() + 6
        box = Box(3, self.height() - lift - size.height(), self.width() - 6, size.height())
        painter.fillRect(_rect(box), _GROUND)
        painter.setFont(font)
        painter.setPen(QColor(DOUBTFUL))
        flags = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignHCenter)
        painter.drawText(_rect(box), flags, words)
        return box

    def _draw_scale(self, painter: QPainter, shown: Shown) -> Box:
        scale, _ = self._scale(shown)
        length = next((mm for mm in (100, 50, 20, 10, 5) if mm * scale < 0.3 * self.width()), 1)
        font = _font(CAPTION_PX)
        metrics = QFontMetricsF(font)
        width = max(length * scale, metrics.horizontalAdvance(f"{length} mm")) + 8
        box = Box(self.width() - width - 4, self.height() - metrics.height() - 8, width, 0)
        box = Box(box.x, box.y, width, metrics.height() + 6)
        painter.fillRect(_rect(box), _GROUND)
        painter.setPen(QPen(QColor(INK), 2))
        y = box.bottom - 2
        painter.drawLine(QPointF(box.right - 4 - length * scale, y), QPointF(box.right - 4, y))
        painter.setFont(font)
        flags = int(Qt.AlignmentFlag.AlignRight)
        painter.drawText(_rect(box).adjusted(0, 0, -4, 0), flags, f"{length} mm")
        return box

    def _draw_names(self, painter: QPainter, shown: Shown, taken: list[Box]) -> None:
        names = self.source.names()
        scale, _ = self._scale(shown)

        def spot(one: Named) -> QPointF:
            row, column, _ = shown.view.place(one.point_lps)
            return self.to_px(shown, float(row), float(column))

        at = {id(one): spot(one) for one in names}
        if self.source.pillars:
            self._draw_pillars(painter, [(one, at[id(one)]) for one in names if one.ring_mm])
        for one in names:
            self._draw_mark(painter, one, at[id(one)], max(one.ring_mm * scale, _TICK_PX))
        texts = [one for one in names if one.text]
        rings = []
        for one in names:
            p, reach = at[id(one)], max(one.ring_mm * scale, _TICK_PX)
            rings.append(Box(p.x() - reach, p.y() - reach, 2 * reach, 2 * reach))
        room = (float(self.width()), float(self.height()))
        font = _font(NAME_PX, bold=True)
        metrics = QFontMetricsF(font)

        def label_of(one: Named, text: str) -> Label:
            lines = text.split("\n")
            wide = max(metrics.horizontalAdvance(line) for line in lines) + 6
            return Label(
                (at[id(one)].x(), at[id(one)].y()),
                (wide, len(lines) * metrics.height()),
                margin_of(one, shown),
                # Levels are counted on a C-arm view: there, every name matters.
                8 * one.chosen + 4 * one.positive + 2 * one.decided + self.source.pillars,
            )

        unnamed = [label_of(one, "") for one in names if not one.text]
        blocked = [*taken, *self._hot(shown)]
        placed = partial(place, room=room, taken=blocked, avoid=rings, unnamed=unnamed)
        while True:
            written, labels, places = written_names(texts, label_of, placed, rings)
            crowded = {
                id(one)
                for one, box in zip(texts, places, strict=True)
                if one.nerves and in_the_way(box, one, names, rings)
            }
            if not crowded:
                break
            # Rather a name without its nerves, which stand in the block plan, than none, or one on
            # the joints around it. Without them it moves, and others may come in the way.
            texts = [brief(one) if id(one) in crowded else one for one in texts]
            at |= {id(one): spot(one) for one in texts}
        for one, text, label, box in zip(texts, written, labels, places, strict=True):
            if box is not None:
                start, end = leader(label, box, ring_px=max(one.ring_mm * scale, _TICK_PX))
                painter.setPen(QPen(QColor(one.color), 1, Qt.PenStyle.DotLine))
                painter.drawLine(QPointF(*start), QPointF(*end))
                _boxed(painter, box, text, font, one.color)

    def _draw_pillars(self, painter: QPainter, joints: list[tuple[Named, QPointF]]) -> None:
        """Join the joints of each side."""
        for side in (-1, 1):
            line = [(one, at) for one, at in joints if one.side == side]
            for (one, upper), (_, lower) in pairwise(line):
                painter.setPen(QPen(QColor(one.color), 1, Qt.PenStyle.DotLine))
                painter.drawLine(upper, lower)

    def _draw_mark(self, painter: QPainter, one: Named, at: QPointF, radius: float) -> None:
        pen = QPen(QColor(INK if one.chosen else one.color), 2 if one.chosen else 1.4)
        if one.dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, radius, radius)
        if one.chosen:  # also legible on white
            painter.setPen(QPen(QColor(one.color), 1.4))
            painter.drawEllipse(at, radius + 3, radius + 3)

    def _hot(self, shown: Shown) -> list[Box]:
        """Return the squares of the screen that hold uptake which no name may cover."""
        if shown.hot is None or not shown.hot.any():
            return []
        scale, middle = self._scale(shown)
        offsets = (np.argwhere(shown.hot) - middle) * shown.view.spacing_mm * scale
        places = offsets[:, ::-1] + (self.width() / 2, self.height() / 2)
        squares = np.unique((places // HOT_PX).astype(int), axis=0)
        return [Box(x * HOT_PX, y * HOT_PX, HOT_PX, HOT_PX) for x, y in squares.tolist()]

    # What the mouse does

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin to move the crosshair, turn, change a window, or pan."""
        at, button = event.position(), event.button()
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        linked = self.study.linked
        self._press = (at, at, button, shifted)
        self._window = linked.uptake_range if self.source.of_uptake else linked.ct_window
        if button == Qt.MouseButton.LeftButton and not shifted and not self.source.turns:
            self._go(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go on with it; else say where the mouse is."""
        at = event.position()
        self.study.linked.hover(lambda: self.point_at(at))
        if self._press is None:
            return
        start, last, button, shifted = self._press
        self._press = (start, at, button, shifted)
        if button == Qt.MouseButton.RightButton:
            self._change_window(at - start)
        elif button == Qt.MouseButton.MiddleButton or shifted:
            self._pan(at - last)
        elif button == Qt.MouseButton.LeftButton and self.source.turns:
            if (at - start).manhattanLength() > CLICK_REACH:
                self.source.turn(at.x() - last.x(), at.y() - last.y())
                self.update()
        elif button == Qt.MouseButton.LeftButton:
            self._go(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the place that was clicked."""
        press, self._press = self._press, None
        if press is None or press[2] != Qt.MouseButton.LeftButton or press[3]:
            return
        if (event.position() - press[0]).manhattanLength() <= CLICK_REACH:
            if self.source.turns:
                self._go(event.position())
            self.study.linked.events.clicked()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Make it large, or small again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = None
            self.enlarged.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Scroll or turn; with Ctrl zoom."""
        steps = int(np.sign(event.angleDelta().y()))
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if self.source.framed:
                self.study.linked.zoom(ZOOM_STEP**steps)
        else:
            self.source.scroll(steps)
            self.update()
        event.accept()

    def leaveEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Say that the mouse is on no picture."""
        self.study.linked.leave()

    def _go(self, at: QPointF) -> None:
        point = self.point_at(at)
        if point is not None:
            self.study.linked.point_lps = point
            return
        shown = self.shown
        if shown is None or self.source.pointed:
            return
        # A C-arm view has no depth; a ring in it has.
        scale, _ = self._scale(shown)
        for one in self.source.names():
            there = self.place_of(one.point_lps)
            reach = max(one.ring_mm * scale, _TICK_PX)
            if one.ring_mm and there is not None and (there - at).manhattanLength() <= reach:
                self.study.linked.go_to(one.point_lps)
                return

    def _change_window(self, moved: QPointF) -> None:
        linked, (first, second) = self.study.linked, self._window
        if self.source.of_uptake:
            top = second * (1 + _RANGE_PER_PIXEL * moved.y())
            linked.uptake_range = (first, max(top, first + 1e-3 * abs(second)))
        else:
            linked.ct_window = (
                first + moved.x() * HU_PER_PIXEL,
                second + moved.y() * HU_PER_PIXEL,
            )

    def _pan(self, moved: QPointF) -> None:
        shown = self.shown
        if shown is None or not self.source.framed:
            return
        scale, _ = self._scale(shown)
        sight = shown.view.sight
        self.study.linked.pan(-(moved.x() * sight.right_lps + moved.y() * sight.down_lps) / scale)


def _font(size_px: int, *, bold: bool = False) -> QFont:
    font = QFont()
    font.setPixelSize(size_px)
    font.setBold(bold)
    return font


def _rect(box: Box) -> QRectF:
    return QRectF(box.x, box.y, box.width, box.height)


def _boxed(painter: QPainter, box: Box, text: str, font: QFont, color: str) -> Box:
    """Draw a text on a dark ground; return what it covers."""
    if text:
        painter.fillRect(_rect(box), _GROUND)
        painter.setFont(font)
        painter.setPen(QColor(color))
        painter.drawText(_rect(box), int(Qt.AlignmentFlag.AlignCenter), text)
    return box
