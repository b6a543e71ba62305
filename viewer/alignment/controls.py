"""What mouse and keyboard do to the alignment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fusion.geometry import FloatArray
    from viewer.alignment.model import Alignment
    from viewer.pictures.pane import Pane


#: One press of a key that moves the SPECT, mm, and one that turns it, degrees.
STEP_MM = 0.5


STEP_DEG = 0.5


class SpectGrab:
    """The SPECT following the mouse on the CT; a :class:`viewer.pictures.grab.Grab`.

    Parameters
    ----------
    alignment : Alignment
        What is moved.
    """

    cursor = "standard"

    def __init__(self, alignment: Alignment) -> None:
        self._alignment = alignment
        self._start = np.zeros(3)

    def press(self, point_lps: FloatArray) -> None:
        """Take hold of the SPECT, in the alignment mode; outside it nothing moves."""
        self._start = point_lps
        if self._alignment.moving:
            self._alignment.begin_drag()

    def move(self, point_lps: FloatArray) -> None:
        """Shift the SPECT by as much as the mouse has moved."""
        self._alignment.drag_to(point_lps - self._start)

    def release(self) -> None:
        """Leave it there, as one step that can be undone."""
        self._alignment.end_drag()


def screen_directions(pane: Pane) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return which way the patient's directions go in a pane.

    Returns
    -------
    right, down, next_plane : (3,) ndarray of float64
        Unit LPS steps to the right and down of the screen as it is turned now, and to the next
        plane.
    """
    world = np.eye(3)[::-1]  # napari's (z, y, x) as LPS
    scrolled, vertical, horizontal = pane.model.dims.order
    goes = pane.model.scene.camera.orientation2d
    down = world[vertical] * (1 if goes[0] == "down" else -1)
    right = world[horizontal] * (1 if goes[1] == "right" else -1)
    return right, down, world[scrolled]


def alignment_keys(alignment: Alignment) -> dict[str, tuple[str, Callable[[], None]]]:
    """Return what each key does to the alignment, like :func:`viewer.pictures.mouse.key_actions`.

    They do it in the alignment mode only.

    Parameters
    ----------
    alignment : Alignment
        What the keys act on.
    """

    def shift(right: int, down: int, away: int = 0) -> Callable[[], None]:
        def act() -> None:
            if not alignment.moving:
                return
            to_right, to_bottom, to_next = screen_directions(alignment.linked.active)
            alignment.move(STEP_MM * (right * to_right + down * to_bottom + away * to_next))

        return act

    def turn(clockwise: int) -> Callable[[], None]:
        def act() -> None:
            if not alignment.moving:
                return
            to_right, to_bottom, _ = screen_directions(alignment.linked.active)
            axis = np.cross(to_right, to_bottom)
            alignment.move(rotation_deg=STEP_DEG * clockwise * axis)

        return act

    where = "in the pane used last"
    return {
        "Ctrl+Left": (f"SPECT {STEP_MM} mm to the left of the screen {where}", shift(-1, 0)),
        "Ctrl+Right": (f"SPECT {STEP_MM} mm to the right of the screen", shift(1, 0)),
        "Ctrl+Up": (f"SPECT {STEP_MM} mm up the screen", shift(0, -1)),
        "Ctrl+Down": (f"SPECT {STEP_MM} mm down the screen", shift(0, 1)),
        "Ctrl+PgUp": (
            f"SPECT {STEP_MM} mm out of the plane: head, posterior or left",
            shift(0, 0, 1),
        ),
        "Ctrl+PgDown": (f"SPECT {STEP_MM} mm out of the plane, the other way", shift(0, 0, -1)),
        "Ctrl+Shift+Right": (f"turn SPECT {STEP_DEG}° clockwise about the crosshair", turn(1)),
        "Ctrl+Shift+Left": (f"turn SPECT {STEP_DEG}° counter-clockwise", turn(-1)),
    }
