"""The resolution of two dates: how far apart, how well that is known, and what both can share.

A coarser picture shows a hot joint with less uptake. So where two dates differ, the sharper one is
smoothed until both are alike, as PET of several centres is brought to one resolution; what is not
known of the difference widens the limits of each joint by what it does to that joint.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fusion.findings import Finding
from fusion.findings.follow_up import (
    ANOTHER_RESOLUTION,
    RESOLUTION_SHARED,
    RESOLUTION_UNKNOWN,
    UNUSUAL_RESOLUTION,
)
from fusion.uptake import Sharpness

#: Resolutions of usual reconstructions, mm (docs/sources.md#bone-spect-resolution).
USUAL_MM = (8.0, 12.0)
#: Resolutions that differ by more are not brought together, mm: the widest that usual ones do.
MOST_RESOLUTION_MM = USUAL_MM[1] - USUAL_MM[0]
#: The difference is never known better, mm (standard deviation): what simulated pairs of dates
#: show (docs/sources.md#common-resolution).
LEAST_DOUBT_MM = 0.2
#: Standard deviation of a resolution of which nothing is known, mm: it may be any usual one.
UNKNOWN_MM = MOST_RESOLUTION_MM / math.sqrt(12)
#: Fewer levels than this cannot tell how well a difference is known. Chosen by us.
_LEAST_LEVELS = 4
#: Taken then, mm, and the least where a date hangs on one of the levels: each resolution is known
#: to half a millimetre. Chosen by us.
_FEW_LEVELS_MM = 0.7


@dataclass(frozen=True, slots=True)
class CommonResolution:
    """What two dates can share.

    Parameters
    ----------
    earlier, later : Sharpness
        Of the dates.
    doubt_mm : float, mm
        Standard deviation of what they still differ by, when they are measured at :attr:`mm`.
    mm : float or None
        What both are brought to; None where each is measured as it is.
    """

    earlier: Sharpness
    later: Sharpness
    doubt_mm: float
    mm: float | None

    @classmethod
    def of(cls, earlier: Sharpness, later: Sharpness) -> CommonResolution:
        """Hold the resolutions of two dates against each other."""
        apart = later.mm - earlier.mm
        unknown = [one for one in (earlier, later) if not one.is_known]
        if unknown:
            return cls(earlier, later, math.hypot(apart, *(UNKNOWN_MM for _ in unknown)), None)
        doubt = _doubt_mm(earlier, later)
        if abs(apart) <= doubt:
            return cls(earlier, later, math.hypot(apart, doubt), None)
        return cls(earlier, later, doubt, max(earlier.mm, later.mm))

    @property
    def is_told(self) -> bool:
        """Whether a change may be told."""
        known = [one.mm for one in (self.earlier, self.later) if one.is_known]
        # What is not known may be any usual one: the other has to be near enough to each of them.
        possible = known if len(known) > 1 else [*known, *USUAL_MM]
        return max(possible) - min(possible) <= MOST_RESOLUTION_MM

    def findings(self) -> Iterator[Finding]:
        """Yield what a reader must know of it."""
        for which, one in (("earlier", self.earlier), ("later", self.later)):
            if not one.is_known:
                yield RESOLUTION_UNKNOWN(which=which)
        known = [one.mm for one in (self.earlier, self.later) if one.is_known]
        if not self.is_told and len(known) == 1:
            yield UNUSUAL_RESOLUTION(
                which="earlier" if self.earlier.is_known else "later",
                found=known[0],
                low=USUAL_MM[0],
                high=USUAL_MM[1],
            )
        elif not self.is_told:
            yield ANOTHER_RESOLUTION(earlier=self.earlier.mm, later=self.later.mm)
        elif self.mm is not None:
            yield RESOLUTION_SHARED(earlier=self.earlier.mm, later=self.later.mm, common=self.mm)


def _doubt_mm(earlier: Sharpness, later: Sharpness) -> float:
    """Return the standard deviation of a difference, from what each level does to it."""
    every = earlier.without.keys() | later.without.keys()
    apart = [
        later_mm - earlier_mm
        for level in every
        if (earlier_mm := earlier.without.get(level)) is not None
        and (later_mm := later.without.get(level)) is not None
    ]
    if len(apart) < _LEAST_LEVELS:
        return _FEW_LEVELS_MM
    # The jackknife: each of them is nearly the whole.
    spread = math.sqrt((len(apart) - 1) * float(np.var(apart)))
    # A level that cannot be left out does most, and is not among them.
    return max(spread, LEAST_DOUBT_MM if len(apart) == len(every) else _FEW_LEVELS_MM)
