"""A fused plane on the screen: drawn without OpenGL, and only what changed of it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from viewer.pictures.drawn.compose import Cut, compose
from viewer.pictures.drawn.overlays import draw_overlays, goes
from viewer.pictures.layers import EDGE_COLOR, to_world
from viewer.pictures.look import Look

if TYPE_CHECKING:
    from collections.abc import Hashable

    from viewer.pictures.pane import Pane

_BUTTONS = {Qt.MouseButton.LeftButton: 1, Qt.MouseButton.RightButton: 2}
_MIDDLE = 3
_MODIFIERS = {
    Qt.KeyboardModifier.ShiftModifier: "Shift",
    Qt.KeyboardModifier.ControlModifier: "Control",
    Qt.KeyboardModifier.AltModifier: "Alt",
}
_CURSORS = {
    "standard": Qt.CursorShape.ArrowCursor,
    "pointing": Qt.CursorShape.PointingHandCursor,
    "cross": Qt.CursorShape.CrossCursor,
}


@dataclass(slots=True)
class Hand:
    """What the mouse does, in the words that napari's callbacks are written in.

    Parameters
    ----------
    type : str
        ``mouse_press``, ``mouse_move``, ``mouse_release`` or ``mouse_wheel``.
    pos : (2,) ndarray
        Right and down from the upper left corner, px.
    position : (float, float, float)
        Where that is in napari's world (z, y, x), mm.
    button : int or None
        1 left, 2 right, 3 middle.
    modifiers : tuple of str
        Keys that are held.
    delta : (float, float)
        What the wheel turned, clicks.
    """

    type: str
    pos: npt.NDArray[np.float64]
    position: tuple[float, ...]
    button: int | None = None
    modifiers: tuple[str, ...] = ()
    delta: tuple[float, float] = (0.0, 0.0)


class PlaneCanvas(QWidget):
    """Draws one pane, and hands on what the mouse does in it.

    The picture is made when the plane, its place or its look changed; a crosshair that moves costs
    no picture.

    Parameters
    ----------
    pane : Pane
        What is drawn.

    Attributes
    ----------
    made : int
        How many pictures were made.
    """

    def __init__(self, pane: Pane) -> None:
        super().__init__()
        self.pane = pane
        self.made = 0
        self._key: Hashable = None
        self._buffer = np.zeros((1, 1), np.uint32)
        self._image = QImage()
        self._dragging: list[Generator[object]] = []
        self._hand: Hand | None = None
        self._watched: set[int] = set()
        self.setMouseTracking(True)
        self.setMinimumSize(90, 90)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        model = pane.model
        pane.events.connect(self._on_change)
        for watched in (pane.ct, pane.spect, model.scene.camera, model.dims):
            watched.events.connect(self._on_change)
        for overlays in (model.scene.overlays, model.canvas.overlays):
            overlays.events.connect(self._on_change)
        model.cursor.events.style.connect(self._on_cursor)

    def _on_change(self) -> None:
        self.update()

    def _on_cursor(self) -> None:
        self.setCursor(_CURSORS.get(str(self.pane.model.cursor.style), Qt.CursorShape.ArrowCursor))

    # What is drawn

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Tell the pane how much room it has."""
        self.pane.model.canvas.size = (max(self.height(), 1), max(self.width(), 1))
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the plane and what lies above it."""
        self._watch(self.pane.model.scene.overlays.values())
        self._watch(self.pane.model.canvas.overlays.values())
        picture = self._picture()
        painter = QPainter(self)
        try:
            painter.drawImage(0, 0, picture)
            draw_overlays(painter, self.pane, (float(self.height()), float(self.width())))
        finally:
            painter.end()  # one that is left open takes the whole process with it

    def _watch(self, overlays: Iterable[Any]) -> None:
        """Notice what changes in overlays that came later."""
        for overlay in overlays:
            if id(overlay) not in self._watched:
                self._watched.add(id(overlay))
                overlay.events.connect(self._on_change)

    def _picture(self) -> QImage:
        look, cut = self.pane.look, self._cut()
        key = (self.pane.state, look, cut)
        if key != self._key:
            self._make(cut, look)
            self._key = key
        return self._image

    def _make(self, cut: Cut, look: Look) -> None:
        if self._buffer.shape != cut.shape:
            self._buffer = np.zeros(cut.shape, np.uint32)
            rows, columns = cut.shape
            self._image = QImage(
                self._buffer.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32
            )
            self._image.setDevicePixelRatio(self.devicePixelRatioF())
        ct, spect, edges = self.pane.drawn()
        compose(
            self._buffer,
            cut,
            look,
            ct=ct,
            spect=spect,
            edges=edges,
            colors=self.pane.spect.colormap.colors,
            edge_color=EDGE_COLOR,
        )
        self.made += 1

    def _cut(self) -> Cut:
        """Return which places of the plane the pixels of the screen show."""
        camera, ratio = self.pane.model.scene.camera, self.devicePixelRatioF()
        grid, (_, vertical, horizontal) = self.pane.grid, self.pane.plane.order
        rows, columns = max(round(self.height() * ratio), 1), max(round(self.width() * ratio), 1)
        down, right = goes(camera)
        per_px = 1.0 / (float(camera.zoom) * ratio)
        first, spacing = to_world(grid.to_lps((0, 0, 0))), grid.spacing_mm
        middle_v, middle_h = (float(value) for value in camera.center[-2:])
        # The middle of the camera is the middle of the widget, which is between two pixels.
        v = middle_v - down * (self.height() * ratio / 2 - 0.5) * per_px
        h = middle_h - right * (self.width() * ratio / 2 - 0.5) * per_px
        return Cut(
            (
                (v - first[vertical]) / spacing[vertical],
                (h - first[horizontal]) / spacing[horizontal],
            ),
            (down * per_px / spacing[vertical], right * per_px / spacing[horizontal]),
            (rows, columns),
        )

    def picture(self) -> npt.NDArray[np.uint8]:
        """Return what is on the screen, (rows, columns, RGBA)."""
        image = self.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
        rows, columns = image.height(), image.width()
        pixels = np.frombuffer(image.constBits(), np.uint8, count=rows * image.bytesPerLine())
        return pixels.reshape(rows, -1)[:, : 4 * columns].reshape(rows, columns, 4).copy()

    # What the mouse does

    def position(self, at: QPointF) -> tuple[float, float, float]:
        """Return which place of napari's world (z, y, x) is at a place of the widget, mm."""
        model, (_, vertical, horizontal) = self.pane.model, self.pane.plane.order
        camera = model.scene.camera
        down, right = goes(camera)
        world = [float(value) for value in model.dims.point]
        zoom = float(camera.zoom)
        world[vertical] = float(camera.center[-2]) + down * (at.y() - self.height() / 2) / zoom
        world[horizontal] = float(camera.center[-1]) + right * (at.x() - self.width() / 2) / zoom
        return world[0], world[1], world[2]

    def _hand_of(self, kind: str, event: QMouseEvent | QWheelEvent) -> Hand:
        at, held = event.position(), event.modifiers()
        return Hand(
            kind,
            np.array([at.x(), at.y()]),
            self.position(at),
            modifiers=tuple(word for key, word in _MODIFIERS.items() if held & key),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin what the button does."""
        self._end()
        self._hand = self._hand_of("mouse_press", event)
        self._hand.button = _BUTTONS.get(event.button(), _MIDDLE)
        for begin in self.pane.model.mouse_drag_callbacks:
            going = begin(self.pane.model, self._hand)
            if isinstance(going, Generator):
                self._dragging.append(going)
                self._go_on(going)

    def _go_on(self, going: Generator[object]) -> None:
        try:
            next(going)
        except StopIteration:
            self._dragging.remove(going)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go on with it, and say where the mouse is."""
        now = self._hand_of("mouse_move", event)
        for follow in self.pane.model.mouse_move_callbacks:
            follow(self.pane.model, now)
        self._move("mouse_move", now)

    def _move(self, kind: str, now: Hand) -> None:
        if self._hand is None:
            return
        hand = self._hand  # the one that the callbacks hold
        hand.type, hand.pos, hand.position, hand.modifiers = (
            kind,
            now.pos,
            now.position,
            now.modifiers,
        )
        for going in tuple(self._dragging):
            self._go_on(going)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """End it."""
        self._move("mouse_release", self._hand_of("mouse_release", event))
        self._end()

    def _end(self) -> None:
        for going in tuple(self._dragging):
            going.close()
        self._dragging, self._hand = [], None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Do what two clicks do."""
        hand = self._hand_of("mouse_double_click", event)
        for act in self.pane.model.mouse_double_click_callbacks:
            act(self.pane.model, hand)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Scroll or zoom."""
        hand = self._hand_of("mouse_wheel", event)
        turned = event.angleDelta()
        hand.delta = (turned.x() / 120, turned.y() / 120)
        for act in self.pane.model.mouse_wheel_callbacks:
            act(self.pane.model, hand)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Forget the look of the mouse."""
        self.setCursor(Qt.CursorShape.ArrowCursor)
        super().leaveEvent(event)
