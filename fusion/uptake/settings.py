"""Settings of what is measured and proposed. None of them is validated.

Plain values: who only asks what is usual (the help of a command) waits for no image library.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any

from fusion.errors import GeometryError

#: Written beside every number that decides something.
NOT_VALIDATED = "not validated"
#: Radius of a sphere of 1 mL, mm.
ONE_ML_RADIUS_MM = 6.2035


class ReferenceKind(StrEnum):
    """What a ratio refers to."""

    BONE = "non-active cervical bone"
    OTHER_SIDE = "same joint of the other side"
    REGION = "region chosen by the reader"


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """Which reference to use.

    Parameters
    ----------
    kind : ReferenceKind
        What a ratio refers to.
    center_lps : (3,) tuple of float, mm, optional
        Centre of a chosen region, in the CT's frame.
    radius_mm : float, mm
        Radius of a chosen region.

    Raises
    ------
    GeometryError
        A region without a centre, or with an impossible radius.
    """

    kind: ReferenceKind = ReferenceKind.BONE
    center_lps: tuple[float, float, float] | None = None
    radius_mm: float = 8.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", ReferenceKind(self.kind))
        if self.kind is ReferenceKind.REGION:
            if self.center_lps is None or not all(map(math.isfinite, self.center_lps)):
                raise GeometryError("A reference region needs a centre: x, y, z in mm on the CT.")
            if not 2.0 <= self.radius_mm <= 50.0:
                raise GeometryError(
                    f"The radius of a reference region is 2 to 50 mm; found {self.radius_mm:g}."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class UptakeSettings:
    """How uptake is measured. None of the numbers is validated.

    Parameters
    ----------
    radius_mm : float, mm
        Of the volume of interest before it is clipped half-way to its neighbours. A point source
        keeps three quarters of its peak at 3 mm and half at 5 mm, so 6 to 8 mm finds it
        (docs/sources.md#partial-volume).
    peak_radius_mm : float, mm
        The peak is the mean of the voxels this near to the maximum, clipped like the volume of
        interest; by default a sphere of 1 mL.
    resolution_mm : float or None, mm
        Full width at half maximum of the functional volume when it is known; None estimates it.
    merged_valley : float
        Two joints are not separable when two equal point sources at their distance would show a
        valley of more than this share of the peaks.
    least_in_field : float
        Least share of the volume of interest that has to lie in the functional volume's field.

    Raises
    ------
    GeometryError
        A value outside its range.
    """

    radius_mm: float = 7.0
    peak_radius_mm: float = ONE_ML_RADIUS_MM
    resolution_mm: float | None = None
    merged_valley: float = 0.8
    least_in_field: float = 0.5

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("radius_mm", self.radius_mm, 2.0, 20.0),
            ("peak_radius_mm", self.peak_radius_mm, 1.0, 20.0),
            ("resolution_mm", self.resolution_mm or 10.0, 3.0, 30.0),
            ("merged_valley", self.merged_valley, 0.0, 1.0),
            ("least_in_field", self.least_in_field, 0.0, 1.0),
        ):
            if not low <= value <= high:
                raise GeometryError(f"{name} must be {low:g} to {high:g}; found {value:g}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpotSettings:
    """What counts as a hot spot, and when it belongs to one structure. Nothing is validated.

    Parameters
    ----------
    least_excess : float
        A joint that would look like this has to exceed ordinary bone by this many times the
        uptake of ordinary bone, before blurring (see :func:`fusion.uptake.resolution.recovery`).
    least_noise : float
        What stands out has to be this many times the noise.
    saddle : float
        Of two maxima, the lower is a shoulder of the higher when the lowest value on the way
        between them is more than this share of it.
    assumed_registration_mm : float, mm
        Taken where the uncertainty of the Registration is not known.
    assumed_localisation_mm : float, mm
        Taken where it is not known how far off the centre of a joint may be.
    least_margin_mm : float, mm
        Nearer than this to the plane half-way between two structures, a spot belongs to neither,
        however small the uncertainties are (docs/sources.md#level-error).

    Raises
    ------
    GeometryError
        A value that is negative or not finite.
    """

    least_excess: float = 1.5
    least_noise: float = 5.0
    saddle: float = 0.95
    assumed_registration_mm: float = 3.0
    assumed_localisation_mm: float = 5.0
    least_margin_mm: float = 2.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise GeometryError(f"{name} must be 0 or more; found {value!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalSettings:
    """Thresholds of what is proposed. None of them is validated.

    Parameters
    ----------
    grade_ratios : (3,) tuple of float
        Ratio to the reference from which grades 1, 2 and 3 begin, what other joints add taken off
        (docs/sources.md#visual-grades).
    least_grade : int
        Hot spots of a lower grade are not proposed. By default none is left out: where the
        resolution is poor, an active joint stands out of the thin bone around it and still stays
        below the reference.
    any_tracer : bool
        Propose also where the tracer is not one of bone, or a PET states none.
    hot_spots : HotSpotSettings
        What counts as a hot spot and when its place is certain.
    uptake : UptakeSettings
        How uptake is measured.

    Raises
    ------
    GeometryError
        Thresholds that do not rise, or a grade that does not exist.
    """

    grade_ratios: tuple[float, float, float] = (1.3, 1.8, 3.0)
    least_grade: int = 0
    any_tracer: bool = False
    hot_spots: HotSpotSettings = field(default_factory=HotSpotSettings)
    uptake: UptakeSettings = field(default_factory=UptakeSettings)

    def __post_init__(self) -> None:
        if not all(0 < a < b < math.inf for a, b in pairwise(self.grade_ratios)):
            raise GeometryError(
                f"The ratios of grades 1, 2 and 3 have to rise; found {self.grade_ratios}."
            )
        if self.least_grade not in (0, 1, 2, 3):
            raise GeometryError(f"A grade is 0, 1, 2 or 3; found {self.least_grade}.")

    def grade(self, ratio: float) -> int:
        """Return the grade, 0 to 3, of a ratio to the reference."""
        return sum(ratio >= threshold for threshold in self.grade_ratios)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "grade_ratios": list(self.grade_ratios),
            "least_grade": self.least_grade,
            "any_tracer": self.any_tracer,
            "least_excess": self.hot_spots.least_excess,
            "least_noise": self.hot_spots.least_noise,
            "radius_mm": self.uptake.radius_mm,
            "resolution_mm": self.uptake.resolution_mm,
            "status": NOT_VALIDATED,
        }
