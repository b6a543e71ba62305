"""What the anatomy says about a point: which joint, and with what margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fusion.anatomy import Joint, Side
from fusion.errors import AnnotationError
from fusion.json_form import AtJoint

#: (x, y, z) in the CT's frame, DICOM LPS, mm.
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement(AtJoint):
    """The joint a point belongs to, as computed from the anatomy.

    Parameters
    ----------
    joint : Joint
        Computed, never claimed.
    point_lps : (3,) tuple of float, mm
        In the CT's frame.
    lateral_mm : float, mm
        Distance from the spine's midline at this level, to the patient's left positive.
    distance_mm : float, mm
        To the centre of the joint.
    margin_mm : float, mm
        To the mid-plane between this joint and the nearest other level.
    neighbour : str
        That level, for example ``"C4-C5"``, or ``"above C0-C1"``, ``"below C7-T1"``.
    uncertainty_mm : float, mm
        What the margin has to exceed for the level to be certain.

    Raises
    ------
    AnnotationError
        Values that contradict each other or are not finite.
    """

    joint: Joint
    point_lps: Point
    lateral_mm: float
    distance_mm: float
    margin_mm: float
    neighbour: str
    uncertainty_mm: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "point_lps", point_of(self.point_lps))
        numbers = self.lateral_mm, self.distance_mm, self.margin_mm, self.uncertainty_mm
        if not all(math.isfinite(number) for number in numbers):
            raise AnnotationError("The placement of a point holds a value that is not finite.")
        if self.lateral_mm * self.joint.side.sign <= 0:
            raise AnnotationError(
                f"A point {abs(self.lateral_mm):.1f} mm to the {side_of(self.lateral_mm)} of the "
                f"midline is not at {self.joint.name}."
            )

    @property
    def is_between_levels(self) -> bool:
        """Whether the level is uncertain: too near the mid-plane to the neighbour."""
        return self.margin_mm <= self.uncertainty_mm


def side_of(lateral_mm: float) -> Side:
    """Return the side of a signed distance from the midline."""
    return Side.LEFT if lateral_mm > 0 else Side.RIGHT


def point_of(value: Any) -> Point:
    """Return a point as plain floats.

    Raises
    ------
    AnnotationError
        Not three finite numbers.
    """
    try:
        x, y, z = (float(v) for v in value)
    except (TypeError, ValueError) as exc:
        raise AnnotationError("A point needs three numbers: x, y, z in mm.") from exc
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z)):
        raise AnnotationError("A point needs three finite numbers: x, y, z in mm.")
    return (x, y, z)
