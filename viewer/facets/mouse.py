"""What the left button takes hold of in place of the crosshair: a joint, or the next vertebra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from fusion.anatomy import Joint
    from fusion.geometry import FloatArray
    from viewer.facets.marks import Marks
    from viewer.pictures.grab import Grab
    from viewer.pictures.pane import Pane
    from viewer.pictures.panes import LinkedPanes

#: A ring that was carried less than this was clicked, mm.
_CLICK_MM = 0.4


class RingGrab:
    """A joint that follows the mouse in the plane of a pane; a :class:`viewer.pictures.grab.Grab`.

    Parameters
    ----------
    marks : Marks
        What draws and saves it.
    joint : Joint
        Which.
    """

    cursor = "pointing"

    def __init__(self, marks: Marks, joint: Joint) -> None:
        self._marks, self._joint = marks, joint
        self._start = self._center = self._point = np.zeros(3)

    def press(self, point_lps: FloatArray) -> None:
        """Take hold of the ring."""
        center = self._marks.center_lps(self._joint)
        if center is not None:
            self._start, self._center, self._point = point_lps, center, center
            self._marks.say("")
            self._marks.carry(self._joint, center)

    def move(self, point_lps: FloatArray) -> None:
        """Show the joint where the mouse has it."""
        if self._marks.dragging == self._joint:  # else it was let go with Escape
            self._point = self._center + point_lps - self._start
            self._marks.carry(self._joint, self._point)

    def release(self) -> None:
        """Save where the joint was put; a ring that was only clicked is selected."""
        marks, joint, point = self._marks, self._joint, self._point
        if marks.dragging != joint:
            return
        if np.linalg.norm(point - self._center) < _CLICK_MM:
            marks.carry(None)
            marks.select(joint)
            return
        # After the mouse is done: saving may ask who reads.
        QTimer.singleShot(0, lambda: marks.put(joint, point))


class NamingGrab:
    """A click that names a vertebra; the crosshair goes along until the button is released.

    Parameters
    ----------
    marks : Marks
        What knows the name and saves it.
    linked : LinkedPanes
        Whose crosshair goes along.
    """

    cursor = "cross"

    def __init__(self, marks: Marks, linked: LinkedPanes) -> None:
        self._marks, self._linked = marks, linked
        self._point: FloatArray | None = None

    def press(self, point_lps: FloatArray) -> None:
        """Begin at the point that was clicked."""
        self.move(point_lps)

    def move(self, point_lps: FloatArray) -> None:
        """Put the crosshair on the point."""
        self._point = point_lps
        self._linked.point_lps = point_lps

    def release(self) -> None:
        """Save the name at the point."""
        marks, vertebra, point = self._marks, self._marks.naming, self._point
        if not vertebra:  # Escape while the button was down
            return
        marks.name_next("")
        QTimer.singleShot(0, lambda: marks.name(vertebra, point))


def bind_marks(marks: Marks, linked: LinkedPanes) -> None:
    """Let the left button take hold of the rings, or name the vertebra that is to be named.

    Parameters
    ----------
    marks : Marks
        The rings.
    linked : LinkedPanes
        The panes that they are in.
    """

    def grab_at(pane: Pane, point_lps: FloatArray) -> Grab | None:
        if marks.naming:
            return NamingGrab(marks, linked)
        joint = marks.joint_at(pane, point_lps)
        return None if joint is None else RingGrab(marks, joint)

    def clicked() -> None:
        # A click on a joint chooses it; one more, inside its ring, moves the crosshair in it.
        joint = marks.joint_around(linked.point_lps)
        if joint is not None and joint != marks.selected:
            marks.select(joint)

    linked.handles.append(grab_at)
    linked.events.clicked.connect(clicked)
