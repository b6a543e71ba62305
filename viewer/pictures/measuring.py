"""A ruler and a ball: from the crosshair, seen in the planes, told in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fusion.uptake import measure_ball
from viewer import _napari
from viewer.pictures.layers import to_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from fusion.geometry import FloatArray
    from fusion.uptake import Ball
    from viewer.kit.keys import Keys
    from viewer.pictures.panes import LinkedPanes

#: Radius of a ball to begin with, and by how much a key changes it, mm.
BALL_MM, STEP_MM = 7.0, 1.0
#: How far from a plane a ruler or a ball is still drawn in it, mm.
REACH_MM = 5.0
COLOR = (0.45, 1.0, 0.75, 1.0)


class Measuring:
    """The ruler and the ball of a window.

    Parameters
    ----------
    linked : LinkedPanes
        Where they are seen.

    Attributes
    ----------
    ruler : tuple of (3,) ndarray of float64, mm
        None, one or both of its ends.
    ball : Ball or None
        What was measured.
    """

    def __init__(self, linked: LinkedPanes) -> None:
        self._linked = linked
        self.ruler: tuple[FloatArray, ...] = ()
        self.ball: Ball | None = None
        self._radius_mm = BALL_MM
        for pane in linked:
            overlays = pane.model.scene.overlays
            overlays["measures"] = _napari.MarksOverlay(visible=True)
            overlays["ruler"] = _napari.LinesOverlay(color=COLOR, visible=True)
        linked.events.point.connect(self.refresh)
        linked.events.review.connect(self._on_review)

    @property
    def length_mm(self) -> float | None:
        """Length of the ruler; None while it has not both ends."""
        if len(self.ruler) < 2:
            return None
        return float(np.linalg.norm(self.ruler[1] - self.ruler[0]))

    def next_ruler(self) -> str:
        """Put the first end at the crosshair, then the second, then take both away."""
        if len(self.ruler) == 2:
            self.ruler = ()
            said = "The ruler is taken away."
        else:
            self.ruler = (*self.ruler, self._linked.point_lps)
            length = self.length_mm
            said = (
                "The ruler begins at the crosshair. Move the crosshair, and press the key again."
                if length is None
                else f"Ruler: {length:.1f} mm from point to point."
            )
        self.refresh()
        return said

    def next_ball(self) -> str:
        """Measure a ball at the crosshair; take it away where it was measured already."""
        here = self._linked.point_lps
        if self.ball is not None and np.allclose(self.ball.center_lps, here):
            self.ball = None
            self.refresh()
            return "The ball is taken away."
        return self._measure(here)

    def resize(self, by_mm: float) -> str:
        """Measure a larger or smaller ball at the same place."""
        if self.ball is None:
            return "There is no ball: put one at the crosshair first."
        before, self._radius_mm = self._radius_mm, self._radius_mm + by_mm
        try:
            return self._measure(np.array(self.ball.center_lps))
        except Exception:
            self._radius_mm = before
            raise

    def _measure(self, at_lps: FloatArray) -> str:
        self.ball = measure_ball(self._linked.review.fused, at_lps, self._radius_mm)
        self.refresh()
        words = self.ball.words(self._linked.reference)
        return f"{words[:1].upper()}{words[1:]}."

    def _on_review(self) -> None:
        # Another alignment: the ball holds other voxels, and what was said is not true any more.
        if self.ball is not None:
            self.ball = None
            self.refresh()

    def refresh(self) -> None:
        """Draw them on the planes that are shown now."""
        for pane in self._linked:
            axis, vertical, horizontal = pane.plane.order
            here = to_world(self._linked.point_lps)[axis]
            marks, ends = [], []
            for end in self.ruler:
                world = to_world(end)
                if abs(world[axis] - here) <= REACH_MM:
                    ends.append((world[vertical], world[horizontal]))
                    marks.append(_napari.Mark(ends[-1], 0.8, COLOR))
            if self.ball is not None:
                world = to_world(self.ball.center_lps)
                off = abs(world[axis] - here)
                if off < self.ball.radius_mm:
                    radius = float(np.sqrt(self.ball.radius_mm**2 - off**2))
                    marks.append(_napari.Mark((world[vertical], world[horizontal]), radius, COLOR))
            overlays = pane.model.scene.overlays
            overlays["measures"].marks = tuple(marks)
            overlays["ruler"].segments = ((ends[0], ends[1]),) if len(ends) == 2 else ()


def measuring_keys(measuring: Measuring, tell: Callable[[Callable[[], str]], None]) -> Keys:
    """Return what each key measures.

    Parameters
    ----------
    measuring : Measuring
        What the keys act on.
    tell : callable
        Does something and tells what it says.
    """
    return {
        "Q": (
            "ruler: begins at the crosshair, then ends there, then is taken away",
            lambda: tell(measuring.next_ruler),
        ),
        "Z": (
            "ball at the crosshair: maximum, mean, and ratio to the reference; again: away",
            lambda: tell(measuring.next_ball),
        ),
        ".": ("larger ball", lambda: tell(lambda: measuring.resize(STEP_MM))),
        ",": ("smaller ball", lambda: tell(lambda: measuring.resize(-STEP_MM))),
    }
