"""Planes that a facet joint is read on: along its pillar, through both pillars, and in itself.

The axes of the patient cut a neck that leans or turns askew; these planes follow the joints. Left
and right are looked at from the same side, so that neither is the mirror of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.anatomy import LEVELS, ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.errors import GeometryError
from fusion.facets import Localisation
from fusion.fused import Fused
from fusion.geometry import FloatArray, RigidTransform, block_around
from fusion.resampling import Resampler
from fusion.views.sight import Sight, View

#: Side of a pixel of a plane, mm.
PIXEL_MM = 0.5
_UP, _LEFT = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class JointPlane:
    """A plane through a joint.

    Parameters
    ----------
    name : str
        In words.
    joint : Joint
        Whose.
    sight : Sight
        How it is looked at, the joint (or the middle between both) in its middle.
    """

    name: str
    joint: Joint
    sight: Sight

    def cut(
        self, fused: Fused, *, field_mm: tuple[float, float], pixel_mm: float = PIXEL_MM
    ) -> tuple[View, View]:
        """Return CT and functional volume in the plane.

        Parameters
        ----------
        fused : Fused
            The study.
        field_mm : (down, right) tuple of float, mm
            What is shown.
        pixel_mm : float, mm
            Side of a pixel.

        Returns
        -------
        (View, View)
            HU, and the unit of the functional volume; ``nan`` outside their fields.
        """
        rows, columns = (2 * int(np.ceil(mm / 2 / pixel_mm)) + 1 for mm in field_mm)
        frame = fused.ct.grid.frame_of_reference_uid
        apart = (pixel_mm, pixel_mm)
        grid = self.sight.grid((rows, columns), apart, frame_of_reference_uid=frame)
        near = block_around(fused.ct, grid.corners_lps)
        if near is None:
            hu = np.full(grid.shape, np.nan, dtype=np.float32)
        else:
            hu = Resampler(near, grid, transform=RigidTransform.identity()).array()
        uptake = fused.spect_on(grid)
        return (
            View(hu[:, 0], fused.ct.unit, self.sight, apart),
            View(uptake[:, 0], fused.spect.unit, self.sight, apart),
        )


def joint_planes(found: Localisation, joint: Joint) -> tuple[JointPlane, JointPlane, JointPlane]:
    """Return the three planes of a joint.

    Parameters
    ----------
    found : Localisation
        The joints of the CT.
    joint : Joint
        One with a centre.

    Returns
    -------
    tuple of JointPlane
        Along the pillar, seen from the patient's left on both sides; through both pillars, from the
        front; in the plane of the joint, from below.

    Raises
    ------
    GeometryError
        The joint has no centre on this CT.
    """
    center = _center(found, joint)
    if center is None:
        raise GeometryError(f"{joint.name} was not found on this CT; find or mark it first.")
    left = _leftward(found, joint)
    up = _upward(found, joint, left)
    back = np.cross(up, left)
    other = _center(found, Joint(joint.level, _other(joint.side)))
    middle = center if other is None else (center + other) / 2
    normal = found.facet(joint.level, joint.side).normal_lps
    level = _level(up if normal is None else normal, left)
    return (
        JointPlane("along the pillar", joint, Sight(back, -up, center)),
        JointPlane("through both pillars", joint, Sight(left, -up, middle)),
        JointPlane("in the plane of the joint", joint, Sight(left, level, center)),
    )


def _center(found: Localisation, joint: Joint) -> FloatArray | None:
    return found.facet(joint.level, joint.side).center_lps


def _other(side: Side) -> Side:
    return Side.RIGHT if side is Side.LEFT else Side.LEFT


def _leftward(found: Localisation, joint: Joint) -> FloatArray:
    """Return the direction from the right joint to the left one, of the nearest level with both.

    That of the patient where no level has both.
    """
    row = LEVELS.index(joint.level)
    for level in sorted(LEVELS, key=lambda name: abs(LEVELS.index(name) - row)):
        left, right = (_center(found, Joint(level, side)) for side in (Side.LEFT, Side.RIGHT))
        if left is not None and right is not None:
            return _unit(left - right)
    return _LEFT


def _upward(found: Localisation, joint: Joint, left: FloatArray) -> FloatArray:
    """Return the direction of the pillar towards the head, across the spine's left."""
    rows = [n for n, level in enumerate(LEVELS) if level in ZYGAPOPHYSIAL_LEVELS]
    at = min(rows, key=lambda n: abs(n - LEVELS.index(joint.level)))
    known = {
        n: center
        for n in sorted(rows, key=lambda n: abs(n - at))
        if (center := _center(found, Joint(LEVELS[n], joint.side))) is not None
    }
    near = sorted(list(known)[:3])
    up = known[near[0]] - known[near[-1]] if len(near) > 1 else _UP
    return _unit(up - (up @ left) * left)


def _level(normal: FloatArray, left: FloatArray) -> FloatArray:
    """Return the direction to the back in the plane across a normal that points to the head."""
    return _unit(np.cross(normal, left))


def _unit(vector: FloatArray) -> FloatArray:
    return vector / np.linalg.norm(vector)
