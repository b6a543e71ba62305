"""What a person in front of the window would see and do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QLabel, QWidget
from scipy import ndimage

from viewer import _napari
from viewer.pictures.pane import Pane
from viewer.window import ReviewWindow


@contextmanager
def _without_overlays(pane: Pane) -> Iterator[None]:
    overlays = [*pane.model.canvas.overlays.values(), *pane.model.scene.overlays.values()]
    shown = [overlay for overlay in overlays if overlay.visible]
    for overlay in shown:
        overlay.visible = False
    yield
    for overlay in shown:
        overlay.visible = True


def bare_picture(pane: Pane, canvas: object) -> np.ndarray:
    """The picture without letters, scale bar or crosshair, (rows, columns, RGB)."""
    with _without_overlays(pane):
        return canvas.picture()[..., :3]


def bright_spots_mm(pane: object, canvas: object) -> list[tuple[float, float]]:
    """Centres of the bright spots in the picture of a pane, mm right and down of its middle."""
    picture = bare_picture(pane, canvas).astype(float).mean(axis=-1)
    labels, count = ndimage.label(picture > 150)
    centres = ndimage.center_of_mass(picture > 150, labels, range(1, count + 1))
    # Device pixels and napari's canvas pixels differ on scaled screens.
    per_mm = pane.model.scene.camera.zoom * picture.shape[1] / pane.model.canvas.size[1]
    down, right = (np.array(centres).reshape(-1, 2) - (np.array(picture.shape) - 1) / 2).T
    return list(zip(right / per_mm, down / per_mm, strict=True))


def screen_point(window: ReviewWindow, index: int, point_lps: np.ndarray) -> QPoint:
    """Where a point of the patient is in the OpenGL widget of a pane."""
    model = window.linked.panes[index].model
    world = point_lps[::-1]
    _, vertical, horizontal = window.linked.panes[index].plane.order
    center, goes = model.scene.camera.center[-2:], model.scene.camera.orientation2d
    down = (world[vertical] - center[0]) * (1 if goes[0] == "down" else -1)
    right = (world[horizontal] - center[1]) * (1 if goes[1] == "right" else -1)
    widget = window.canvases[index]
    zoom = model.scene.camera.zoom
    return QPoint(
        round(widget.width() / 2 + right * zoom), round(widget.height() / 2 + down * zoom)
    )


def move_mouse(qtbot: object, widget: QWidget, point: QPoint) -> None:
    """Move the mouse, and leave it there long enough: vispy ignores moves in quick succession."""
    qtbot.mouseMove(widget, point)
    qtbot.wait(20)


def press_key(
    qtbot: object,
    window: ReviewWindow,
    key: object,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """As if the window had the keyboard; there is no window manager to give it."""
    widget = _napari.main_window(window.viewer)
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    qtbot.keyClick(widget, key, modifiers)


def texts(window: ReviewWindow) -> list[str]:
    labels = _napari.main_window(window.viewer).findChildren(QLabel)
    return [label.text() for label in labels if label.isVisible()]
