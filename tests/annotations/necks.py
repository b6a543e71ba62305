"""Necks of known anatomy, in any position: the truth that side and level are held against."""

from __future__ import annotations

import numpy as np

from fusion.anatomy.joints import JOINTS, LEVELS, Joint, Side
from fusion.annotations.spine import Spine
from fusion.facets.localisation import Facet, Localisation, Numbering, Status
from fusion.geometry import RigidTransform
from fusion.registration import Method, Registration

#: A Registration as it stands when nothing was searched.
IN_USE = Registration(RigidTransform.identity(), Method.SHARED_FRAME)

PITCH_MM = 15.0
HALF_WIDTH_MM = 17.0


def turn(degrees: float, axis: int) -> np.ndarray:
    """Return the rotation about one axis of LPS."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    a, b = [n for n in range(3) if n != axis]
    matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = c, -s, s, c
    return matrix


def centers(
    *,
    tilt_deg: float = 0.0,
    flex_deg: float = 0.0,
    twist_deg: float = 0.0,
    lordosis_mm: float = 8.0,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> dict[Joint, np.ndarray]:
    """Return the centre of every joint.

    ``twist_deg`` is how far the skull is turned against C7, ``tilt_deg`` and ``flex_deg`` lean the
    whole neck to the side and to the front.
    """
    found = {}
    for joint in JOINTS:
        n = LEVELS.index(joint.level) - 3.5  # 0 in the middle of the neck
        local = np.array([HALF_WIDTH_MM * joint.side.sign, 0.0, 0.0])
        middle = np.array([0.0, lordosis_mm * (n / 3.5) ** 2, -PITCH_MM * n])
        own = turn(-twist_deg * n / 7, 2) @ local + middle
        found[joint] = turn(tilt_deg, 1) @ turn(flex_deg, 0) @ own + np.array(origin)
    return found


def spine(**how: object) -> Spine:
    return Spine({joint: tuple(point) for joint, point in centers(**how).items()})


def localised(*, outside: tuple[Joint, ...] = ()) -> Localisation:
    """Return the straight neck as the program would have located it."""
    up = np.array([0.0, 0.0, 1.0])
    facets = tuple(
        Facet(joint, Status.OUTSIDE, None, None, Numbering.SURE, None)
        if joint in outside
        else Facet(joint, Status.FOUND, center, up, Numbering.SURE, 1.5)
        for joint, center in centers().items()
    )
    midline = {
        level: (centers()[Joint(level, Side.LEFT)] + centers()[Joint(level, Side.RIGHT)]) / 2
        for level in LEVELS
    }
    return Localisation(facets, Numbering.SURE, (), midline, ())


def other_side(joint: Joint) -> Joint:
    return Joint(joint.level, Side.RIGHT if joint.side is Side.LEFT else Side.LEFT)


def shifted(joint: Joint, by: int) -> Joint | None:
    n = LEVELS.index(joint.level) + by
    return Joint(LEVELS[n], joint.side) if 0 <= n < len(LEVELS) else None
