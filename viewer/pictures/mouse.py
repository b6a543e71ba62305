"""What mouse and keyboard do in a pane.

Radiologists' habits instead of napari's: the wheel scrolls, the left button moves the crosshair,
the right button changes the CT window, the middle button (or Shift and left) pans, Ctrl and wheel
zooms. Ctrl and left takes hold of the SPECT, and left of what is drawn in a pane; what can be taken
hold of is handed in as a :class:`viewer.pictures.grab.Grab`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viewer.pictures.checking_views import Mode
from viewer.pictures.layers import CT_WINDOWS, to_lps

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from viewer.pictures.grab import Grab
    from viewer.pictures.pane import Pane
    from viewer.pictures.panes import LinkedPanes

LEFT, RIGHT, MIDDLE = 1, 2, 3
#: HU of window width or level for one screen pixel of dragging.
HU_PER_PIXEL = 4.0
#: Zoom for one click of the wheel.
ZOOM_STEP = 1.15
#: Change of the blend for one press of its key.
BLEND_STEP = 0.1
#: How near to the divider of the wipe a press takes hold of it, screen pixels.
DIVIDER_REACH = 8.0

#: A press that moves less than this before it is released is a click, screen pixels.
CLICK_REACH = 3.0

MOUSE_HELP = (
    ("Click or drag left", "move the crosshair; all panes follow"),
    ("Click on a joint", "choose it: the crosshair goes to its centre"),
    ("Double click", "show the picture alone; once more brings the others back"),
    ("Wheel", "scroll through the planes; turn the maximum projection or a C-arm view"),
    ("Drag right", "CT window: sideways width, up and down level; scale of the SPECT alone"),
    ("Drag middle, or Shift + left", "pan; all planes follow"),
    ("Ctrl + wheel", "zoom; all planes follow"),
    ("Drag left in a projection", "turn it; a click goes to what is seen there"),
    ("Ctrl + drag left", "move the SPECT on the CT, in the alignment mode only (key A)"),
    ("Drag the divider", "in the wipe: move the border between CT and SPECT"),
    ("Drag the ring of a joint", "put the joint elsewhere; Escape lets it go where it was"),
)


def bind_mouse(pane: Pane, linked: LinkedPanes, *, spect: Grab) -> None:
    """Give a pane its mouse habits, in place of napari's own.

    Parameters
    ----------
    pane : Pane
        One of ``linked``.
    linked : LinkedPanes
        What the mouse acts on.
    spect : Grab
        What Ctrl and left take hold of. Released after every drag, so that one that was never
        ended does not go on.
    """
    model = pane.model

    def follow(_model: ViewerModel, event: Any) -> None:
        point = to_lps(event.position)
        linked.follow(pane, point)
        grab = linked.grab_at(pane, point)
        style = "standard" if grab is None else grab.cursor
        if model.cursor.style != style:
            model.cursor.style = style

    def drag(_model: ViewerModel, event: Any) -> Generator[None]:
        linked.active = pane
        shifted, control = "Shift" in event.modifiers, "Control" in event.modifiers
        grab = pressed = None
        if event.button == MIDDLE or (event.button == LEFT and shifted):
            act = _pan(pane, linked, event)
        elif event.button == RIGHT:
            act = _window(linked, event)
        elif event.button == LEFT and control:
            act = _carry(spect, event)
        elif event.button == LEFT and (grab := linked.grab_at(pane, to_lps(event.position))):
            act = _carry(grab, event)
        elif event.button == LEFT and _on_divider(pane, linked, event):
            act = _move_divider(linked)
        elif event.button == LEFT:
            act = _move_crosshair(pane, linked)
            act(event)
            pressed = np.array(event.pos, dtype=float)
        else:
            return
        yield
        while event.type == "mouse_move":
            act(event)
            if pressed is not None and np.abs(event.pos - pressed).max() > CLICK_REACH:
                pressed = None
            yield
        if pressed is not None:
            linked.events.clicked()
        spect.release()
        if grab is not None:
            grab.release()

    def wheel(_model: ViewerModel, event: Any) -> None:
        linked.active = pane
        clicks = int(np.sign(event.delta[1]))
        if "Control" in event.modifiers:
            linked.zoom(ZOOM_STEP**clicks)
        else:
            linked.scroll(pane, clicks)

    model.mouse_move_callbacks[:] = [follow]
    model.mouse_drag_callbacks[:] = [drag]
    model.mouse_wheel_callbacks[:] = [wheel]
    model.mouse_double_click_callbacks[:] = [lambda _model, _event: pane.enlarged()]


def _move_crosshair(pane: Pane, linked: LinkedPanes) -> Callable[[Any], None]:
    def act(event: Any) -> None:
        linked.point_lps = to_lps(event.position)
        linked.follow(pane, to_lps(event.position))

    return act


def _carry(grab: Grab, press: Any) -> Callable[[Any], None]:
    grab.press(to_lps(press.position))

    def act(event: Any) -> None:
        grab.move(to_lps(event.position))

    return act


def _on_divider(pane: Pane, linked: LinkedPanes, press: Any) -> bool:
    if linked.check.mode is not Mode.WIPE:
        return False
    horizontal = 2 - pane.plane.order[2]
    away_mm = to_lps(press.position)[horizontal] - linked.check.divider_lps[horizontal]
    return bool(abs(away_mm) * pane.model.scene.camera.zoom <= DIVIDER_REACH)


def _move_divider(linked: LinkedPanes) -> Callable[[Any], None]:
    def act(event: Any) -> None:
        x, y, z = (float(value) for value in to_lps(event.position))
        linked.check = replace(linked.check, divider_lps=(x, y, z))

    return act


def _window(linked: LinkedPanes, press: Any) -> Callable[[Any], None]:
    start, (width, level) = np.array(press.pos, dtype=float), linked.ct_window

    def act(event: Any) -> None:
        right, down = (np.array(event.pos, dtype=float) - start) * HU_PER_PIXEL
        linked.ct_window = (width + right, level + down)

    return act


def _pan(pane: Pane, linked: LinkedPanes, press: Any) -> Callable[[Any], None]:
    camera = pane.model.scene.camera
    last = np.array(press.pos, dtype=float)
    signs = np.array([1.0 if goes in ("down", "right") else -1.0 for goes in camera.orientation2d])

    def act(event: Any) -> None:
        nonlocal last
        right, down = np.array(event.pos, dtype=float) - last
        last = np.array(event.pos, dtype=float)
        by = [0.0, 0.0, 0.0]
        _, vertical, horizontal = pane.plane.order
        by[vertical], by[horizontal] = -np.array([down, right]) * signs / camera.zoom
        linked.pan(to_lps(by))

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

    def next_window() -> None:
        names = list(CT_WINDOWS)
        low, high = CT_WINDOWS[names[0]]
        at_first = linked.ct_window == (high - low, (high + low) / 2)
        linked.use_ct_preset(names[1] if at_first else names[0])

    def next_mode() -> None:
        modes = list(Mode)
        linked.use_mode(modes[(modes.index(linked.check.mode) + 1) % len(modes)])

    return {
        "V": ("next checking view: blend, checkerboard, wipe, CT edges", next_mode),
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
        "C": ("next CT window: bone, soft tissue", next_window),
        "X": ("crosshair off and on", toggle_crosshair),
        "+": ("zoom in", lambda: linked.zoom(ZOOM_STEP)),
        "-": ("zoom out", lambda: linked.zoom(1 / ZOOM_STEP)),
    }
