"""What lies above a plane: lines, rings with names, words in the corners, letters, the scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from napari.components.overlays import TextOverlay
from qtpy.QtCore import QLineF, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPainter, QPen

from viewer._napari import LinesOverlay, Mark, MarksOverlay
from viewer.pictures.placement import Box, Label, leader

if TYPE_CHECKING:
    from napari.components import Camera

    from viewer.pictures.pane import Pane

#: Screen pixels of what napari calls a point, where nothing is scaled.
_PX_PER_POINT = 1.65
#: From the edge of the pane to what is written in it, and around words that have a box, px.
_EDGE_PX, _BOX_PX = 5.0, 3.0
#: Size of what fills a ring, and distance of a second one, of the ring's radius.
_FILLED, _SECOND = 0.55, 1.22
_SECOND_COLOR = (0.85, 0.2, 0.85, 1.0)
#: A leader is drawn in the colour of its ring, so much fainter (red, green, blue, alpha).
_FAINT = (0.6, 0.6, 0.6, 0.8)
#: Half of a cross is at least so large, px.
_CROSS_PX = 4.5
#: Length of the marks at both ends of the scale, px.
_TICK_PX = 7.0
#: Of words that have no colour and no ground of their own.
_WHITE, _BOX = (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.45)

#: Where a place of the plane (vertical, horizontal; mm) is on the screen.
_ToPixel = Callable[[float, float], QPointF]


def draw_overlays(painter: QPainter, pane: Pane, size: tuple[float, float]) -> None:
    """Draw everything that lies above a plane.

    Parameters
    ----------
    painter : QPainter
        Of the widget.
    pane : Pane
        Whose overlays are drawn.
    size : (float, float)
        Height and width of the widget, px.
    """
    model = pane.model
    camera = model.scene.camera
    down, right = goes(camera)
    middle_v, middle_h = (float(value) for value in camera.center[-2:])
    zoom = float(camera.zoom)

    def to_px(v: float, h: float) -> QPointF:
        return QPointF(
            size[1] / 2 + (h - middle_h) * zoom * right,
            size[0] / 2 + (v - middle_v) * zoom * down,
        )

    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    for overlay in model.scene.overlays.values():
        if isinstance(overlay, LinesOverlay) and overlay.visible and overlay.segments:
            painter.setPen(QPen(color_of(overlay.color), 1))
            painter.drawLines([QLineF(to_px(*a), to_px(*b)) for a, b in overlay.segments])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for overlay in model.scene.overlays.values():
        if isinstance(overlay, MarksOverlay) and overlay.visible:
            _draw_marks(painter, overlay, to_px, zoom, down)
    _draw_words(painter, pane, size)
    _draw_scale(painter, pane, size, zoom)


def goes(camera: Camera) -> tuple[float, float]:
    """Return whether the vertical coordinate grows down (1) or up (-1), and right or left."""
    vertical, horizontal = camera.orientation2d
    return (1.0 if vertical == "down" else -1.0), (1.0 if horizontal == "right" else -1.0)


def color_of(rgba: Iterable[float]) -> QColor:
    """Return a colour of napari as one of Qt."""
    return QColor.fromRgbF(*(float(value) for value in rgba))


def font_of(points: float, *, bold: bool = False) -> QFont:
    """Return the font of words of so many points."""
    font = QFont()
    font.setPixelSize(max(round(points * _PX_PER_POINT), 6))
    font.setBold(bold)
    return font


def width_px(text: str, points: float) -> float | None:
    """Return how wide the name of a mark is on the screen; None where there is no screen."""
    if QGuiApplication.instance() is None:
        return None
    return float(QFontMetricsF(font_of(points, bold=True)).horizontalAdvance(text))


def _draw_marks(
    painter: QPainter,
    overlay: MarksOverlay,
    to_px: Callable[[float, float], QPointF],
    zoom: float,
    down: float,
) -> None:
    painter.setFont(font_of(overlay.font_size, bold=True))
    metrics = QFontMetricsF(painter.font())
    for mark in overlay.marks:
        at, radius = to_px(*mark.center), mark.radius_mm * zoom
        color = color_of(mark.color)
        if mark.double:  # seen on bright uptake as well
            painter.setPen(_ring_pen(color_of(_SECOND_COLOR), mark))
            painter.drawEllipse(at, radius * _SECOND, radius * _SECOND)
        if mark.text and mark.leader:
            painter.setPen(QPen(color_of(np.multiply(mark.color, _FAINT)), 2))
            words = _words_of(mark, at, metrics, zoom, down)
            box = Box(words.x(), words.y(), words.width(), words.height())
            place = Label((at.x(), at.y()), (box.width, box.height))
            far, near = leader(place, box, ring_px=radius)
            painter.drawLine(QPointF(*far), QPointF(*near))
        _draw_filling(painter, mark, at, radius * _FILLED)
        painter.setPen(_ring_pen(color, mark))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, radius, radius)
    for mark in overlay.marks:
        if mark.text:
            painter.setPen(color_of(mark.color))
            words = _words_of(mark, to_px(*mark.center), metrics, zoom, down)
            painter.drawText(words, int(Qt.AlignmentFlag.AlignCenter), mark.text)


def _words_of(mark: Mark, at: QPointF, metrics: QFontMetricsF, zoom: float, down: float) -> QRectF:
    """Return where the words of a mark stand."""
    lines = mark.text.split("\n")
    wide = max(metrics.horizontalAdvance(line) for line in lines)
    high = len(lines) * metrics.lineSpacing()
    x = at.x() + mark.text_shift_mm * zoom - wide * mark.text_ends
    y = at.y() + mark.text_drop_mm * zoom * down
    return QRectF(x, y - high / 2, wide + 1, high)


def _ring_pen(color: QColor, mark: Mark) -> QPen:
    pen = QPen(color, 2)
    if mark.dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen


def _draw_filling(painter: QPainter, mark: Mark, at: QPointF, reach: float) -> None:
    color = color_of(mark.color)
    box = QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
    if mark.fill == "cross":
        if reach < _CROSS_PX:  # a smaller one would look like the dot that says the opposite
            more = _CROSS_PX - reach
            box.adjust(-more, -more, more, more)
        painter.setPen(QPen(color, 1.4))
        painter.drawLine(box.topLeft(), box.bottomRight())
        painter.drawLine(box.topRight(), box.bottomLeft())
    elif mark.fill in ("full", "half"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPie(box, 0, 16 * (360 if mark.fill == "full" else -180))
        painter.setBrush(Qt.BrushStyle.NoBrush)


def words_in(pane: Pane, size: tuple[float, float]) -> Iterator[tuple[TextOverlay, QRectF]]:
    """Yield what is written in a pane of a height and width, and where, px."""
    below, letter = _EDGE_PX, pane.left_letter_px
    for overlay in pane.model.canvas.overlays.values():
        if not (isinstance(overlay, TextOverlay) and overlay.visible and overlay.text):
            continue
        metrics = QFontMetricsF(font_of(overlay.font_size))
        lines = overlay.text.split("\n")
        wide = max(metrics.horizontalAdvance(line) for line in lines) + 2 * _BOX_PX
        box = QRectF(0, 0, wide, len(lines) * metrics.height() + 2)
        place = str(overlay.position)
        if place == "top_left":
            if below < letter.bottom and below + box.height() > letter.y:
                below = letter.bottom  # a letter is never covered
            box.moveTopLeft(QPointF(_EDGE_PX, below))
            below = box.bottom() + 2
        else:
            _move_to_edge(box, place, size)
        yield overlay, box


def _draw_words(painter: QPainter, pane: Pane, size: tuple[float, float]) -> None:
    for overlay, box in words_in(pane, size):
        painter.setFont(font_of(overlay.font_size))
        place = str(overlay.position)
        if overlay.box:
            painter.fillRect(
                box, color_of(_BOX if overlay.box_color is None else overlay.box_color)
            )
        painter.setPen(color_of(_WHITE if overlay.color is None else overlay.color))
        flags = Qt.AlignmentFlag.AlignLeft if place == "top_left" else Qt.AlignmentFlag.AlignHCenter
        inner = box.adjusted(_BOX_PX, 1, _BOX_PX, 0) if place == "top_left" else box
        painter.drawText(inner, int(flags), overlay.text)


def _move_to_edge(box: QRectF, place: str, size: tuple[float, float]) -> None:
    """Put a box in the middle of the edge that a position of napari names."""
    height, width = size
    box.moveCenter(QPointF(width / 2, height / 2))
    if place.endswith("left"):
        box.moveLeft(_EDGE_PX)
    elif place.endswith("right"):
        box.moveRight(width - _EDGE_PX)
    elif place.startswith("top"):
        box.moveTop(_EDGE_PX)
    elif place.startswith("bottom"):
        box.moveBottom(height - _EDGE_PX)


def _draw_scale(painter: QPainter, pane: Pane, size: tuple[float, float], zoom: float) -> None:
    bar = pane.model.canvas.overlays.scale_bar
    if not (bar.visible and bar.length):
        return
    height, width = size
    painter.setFont(font_of(bar.font_size))
    words = f"{bar.length:g} mm"
    metrics = QFontMetricsF(painter.font())
    right, y = width - 2 * _EDGE_PX, height - 2 * _EDGE_PX - _TICK_PX / 2
    left = right - float(bar.length) * zoom
    painter.setPen(QPen(color_of(_WHITE), 2))
    for a, b in (
        ((left, y), (right, y)),
        ((left, y - _TICK_PX / 2), (left, y + _TICK_PX / 2)),
        ((right, y - _TICK_PX / 2), (right, y + _TICK_PX / 2)),
    ):
        painter.drawLine(QPointF(*a), QPointF(*b))
    wide = metrics.horizontalAdvance(words)
    middle = min((left + right) / 2, width - _EDGE_PX - wide / 2)
    painter.drawText(
        QRectF(middle - wide / 2, y - _TICK_PX - metrics.height(), wide + 1, metrics.height()),
        int(Qt.AlignmentFlag.AlignHCenter),
        words,
    )
