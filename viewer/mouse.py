"""What mouse and keyboard do in a pane.

Radiologists' habits instead of napari's: the wheel scrolls, the left button moves the crosshair,
the right button changes the CT window, the middle button (or Shift and left) pans, Ctrl and wheel
zooms.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.layers import to_lps

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from viewer.panes import LinkedPanes, Pane

LEFT, RIGHT, MIDDLE = 1, 2, 3
#: HU of window width or level for one screen pixel of dragging.
HU_PER_PIXEL = 4.0
#: Zoom for one click of the wheel.
ZOOM_STEP = 1.15
#: Change of the blend for one press of its key.
BLEND_STEP = 0.1

MOUSE_HELP = (
    ("Click or drag left", "move the crosshair; all panes follow"),
    ("Wheel", "scroll through the planes"),
    ("Drag right", "CT window: sideways width, up and down level"),
    ("Drag middle, or Shift + left", "pan"),
    ("Ctrl + wheel", "zoom"),
)


def bind_mouse(pane: Pane, linked: LinkedPanes) -> None:
    """Give a pane its mouse habits, in place of napari's own.

    Parameters
    ----------
    pane : Pane
        One of ``linked``.
    linked : LinkedPanes
        What the mouse acts on.
    """
    model = pane.model

    def follow(_model: ViewerModel, event: Any) -> None:
        linked.cursor_lps = to_lps(event.position)

    def drag(_model: ViewerModel, event: Any) -> Generator[None]:
        linked.active = pane
        shifted = "Shift" in event.modifiers
        if event.button == MIDDLE or (event.button == LEFT and shifted):
            act = _pan(pane, event)
        elif event.button == RIGHT:
            act = _window(linked, event)
        elif event.button == LEFT:
            act = _move_crosshair(linked)
            act(event)
        else:
            return
        yield
        while event.type == "mouse_move":
            act(event)
            yield

    def wheel(_model: ViewerModel, event: Any) -> None:
        linked.active = pane
        clicks = int(np.sign(event.delta[1]))
        if "Control" in event.modifiers:
            pane.zoom(ZOOM_STEP**clicks)
        else:
            linked.scroll(pane, clicks)

    model.mouse_move_callbacks[:] = [follow]
    model.mouse_drag_callbacks[:] = [drag]
    model.mouse_wheel_callbacks[:] = [wheel]
    model.mouse_double_click_callbacks.clear()


def _move_crosshair(linked: LinkedPanes) -> Callable[[Any], None]:
    def act(event: Any) -> None:
        linked.point_lps = to_lps(event.position)
        linked.cursor_lps = to_lps(event.position)

    return act


def _window(linked: LinkedPanes, press: Any) -> Callable[[Any], None]:
    start, (width, level) = np.array(press.pos, dtype=float), linked.ct_window

    def act(event: Any) -> None:
        right, down = (np.array(event.pos, dtype=float) - start) * HU_PER_PIXEL
        linked.ct_window = (width + right, level + down)

    return act


def _pan(pane: Pane, press: Any) -> Callable[[Any], None]:
    camera = pane.model.scene.camera
    start, center = np.array(press.pos, dtype=float), np.array(camera.center[-2:], dtype=float)
    signs = np.array([1.0 if goes in ("down", "right") else -1.0 for goes in camera.orientation2d])

    def act(event: Any) -> None:
        right, down = np.array(event.pos, dtype=float) - start
        vertical, horizontal = center - np.array([down, right]) * signs / camera.zoom
        pane.look_at((float(vertical), float(horizontal)))

    return act


def key_actions(linked: LinkedPanes) -> dict[str, tuple[str, Callable[[], None]]]:
    """Return what each key does: Qt key sequence to its description and action.

    Parameters
    ----------
    linked : LinkedPanes
        What the keys act on.
    """

    def toggle_spect() -> None:
        linked.spect_visible = not linked.spect_visible

    def toggle_crosshair() -> None:
        linked.crosshair_visible = not linked.crosshair_visible

    def blend(step: float) -> Callable[[], None]:
        def act() -> None:
            linked.blend = round(linked.blend + step, 2)

        return act

    return {
        "B": ("blink: SPECT off and on", toggle_spect),
        "[": ("less SPECT, more CT", blend(-BLEND_STEP)),
        "]": ("more SPECT, less CT", blend(BLEND_STEP)),
        "PgUp": (
            "next plane towards head, posterior or left",
            lambda: linked.scroll(linked.active, 1),
        ),
        "PgDown": (
            "next plane towards feet, anterior or right",
            lambda: linked.scroll(linked.active, -1),
        ),
        "Home": ("back to the first view", linked.centre),
        "1": ("CT bone window", lambda: linked.use_ct_preset("Bone")),
        "2": ("CT soft tissue window", lambda: linked.use_ct_preset("Soft tissue")),
        "X": ("crosshair off and on", toggle_crosshair),
        "+": ("zoom in", lambda: linked.active.zoom(ZOOM_STEP)),
        "-": ("zoom out", lambda: linked.active.zoom(1 / ZOOM_STEP)),
    }
