"""By how much a joint's mean has to differ between two dates before a change is told.

A change is told on the mean over the reference, never on the maximum, which scatters twice as much
(docs/sources.md#repeatability). Two things have to agree: the change lies beyond what chance does
to as many joints as were compared, and beyond the least change that is ever told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

#: How long it takes to compare two dates, opening and writing included: 31 s on two cores that
#: others used too, for simulated studies of 220 slices.
COMPARING_TAKES = "half a minute to two minutes"
#: Limits of agreement of the mean uptake of a bone lesion on two days: 95 % of the ratios of the
#: second to the first, 18F-NaF PET, 411 lesions of 35 patients, 3 ± 2 days apart
#: (docs/sources.md#repeatability). There are none for bone SPECT yet.
DAYS_APART = 0.88, 1.14
#: What stands beside every limit.
LIMITS_SOURCE = (
    "Limits: 18F-NaF PET of bone on two days (Lin 2016: 0.88 to 1.14), not established for SPECT; "
    "with the counting noise, placement and reference of these two studies."
)
#: Changes within these are never told, whatever the limits of a joint: those of DAYS_APART, widened
#: for SPECT. Chosen by us, not validated.
LEAST_TOLD = 0.80, 1.25
#: The same for another time from injection to scan: 99mTc-HMDP 2 and 3 hours after, the same day,
#: 30 patients, the maximum changed by -9.8 to +17.3 % (docs/sources.md#repeatability).
OTHER_DELAY = 0.902, 1.173
#: Share of studies without any change in which not one joint is told as changed.
CONFIDENCE = 0.95
_Z95 = NormalDist().inv_cdf(0.975)


class Told(StrEnum):
    """What is said of a joint."""

    HIGHER = "higher"
    LOWER = "lower"
    NO_CHANGE = "no change shown"
    NOT_TOLD = "not told"


def sigma_of(limits: tuple[float, float]) -> float:
    """Return the standard deviation of the logarithm that has these 95 % limits."""
    return math.log(limits[1] / limits[0]) / (2 * _Z95)


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """How far the ratio of two dates of one joint scatters where nothing changed.

    Parameters
    ----------
    chance : float
        Standard deviation of its logarithm from counting, placement and reference of both dates.
    days : float
        The same from one day to another, as published.
    """

    chance: float
    days: float

    @classmethod
    def of(cls, chance: float, *, other_delay: bool = False) -> ChangeLimits:
        """Return the limits of a joint.

        Parameters
        ----------
        chance : float
            As for the class.
        other_delay : bool
            The time from injection to scan differs, or is not known.
        """
        days = sigma_of(DAYS_APART)
        if other_delay:
            days = math.hypot(days, sigma_of(OTHER_DELAY))
        return cls(chance, days)

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm, all together."""
        return math.hypot(self.chance, self.days)

    def times(self, factor: float) -> ChangeLimits:
        """Return limits so many times as wide."""
        return ChangeLimits(self.chance * factor, self.days * factor)

    def around(self, ratio: float) -> tuple[float, float]:
        """Return the 95 % limits of the true ratio of a joint, later over earlier."""
        reach = math.exp(_Z95 * self.sigma)
        return ratio / reach, ratio * reach

    def least(self, joints: int) -> tuple[float, float]:
        """Return the ratios below and above which a change is told.

        Parameters
        ----------
        joints : int
            That are compared: the more, the more of them look changed by chance alone.
        """
        each = CONFIDENCE ** (1 / max(joints, 1))
        reach = math.exp(NormalDist().inv_cdf((1 + each) / 2) * self.sigma)
        return min(LEAST_TOLD[0], 1 / reach), max(LEAST_TOLD[1], reach)


def told(ratio: float, limits: ChangeLimits, *, joints: int) -> Told:
    """Return what is said of a joint.

    Parameters
    ----------
    ratio : float
        Later over earlier, of the mean over the reference.
    limits : ChangeLimits
        Of this joint.
    joints : int
        That are compared.
    """
    low, high = limits.least(joints)
    if ratio > high:
        return Told.HIGHER
    return Told.LOWER if ratio < low else Told.NO_CHANGE
