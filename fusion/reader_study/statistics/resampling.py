"""Intervals by resampling patients: the joints of one neck are no independent observations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from fusion.geometry import FloatArray
from fusion.reader_study.statistics.agreement import Scale, Statistic

#: How often patients are drawn anew.
RESAMPLES = 2000
#: Of fewer patients no interval is given; of fewer than so many, one with a word of care: in
#: simulated studies of 10 patients it held the truth in 90 to 96 %, of 20 and more in 93 to 97 %
#: (benchmarks/reader_study/coverage.py).
LEAST_PATIENTS, ENOUGH_PATIENTS = 10, 20
#: Where more than this share of the drawn studies has no value, neither has the interval.
MOST_UNDEFINED = 0.05
_HIGH = 0.975
_ROUNDING = 1e-12
_FEW = "From {} patients only: the limits may be too close."
_NEVER_DIFFER = "No interval: from answers that never differ none follows."


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    value : float or None
        None where it is not defined.
    low, high : float or None
        Of the 95 % interval; None where there is none.
    note : str
        Why something is None, or is to be taken with care, in a sentence; otherwise empty.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""


def cluster_sums(parts: FloatArray, clusters: npt.NDArray[np.int64], count: int) -> FloatArray:
    """Return the sums of parts of each patient, patients × parts.

    Parameters
    ----------
    parts : (joints, parts) ndarray of float
        What each joint adds.
    clusters : (joints,) ndarray of int
        Number of its patient.
    count : int
        Of the patients.
    """
    sums = np.zeros((count, parts.shape[1]))
    np.add.at(sums, clusters, parts)
    return sums


def drawn(patients: int, *, seed: int, count: int = RESAMPLES) -> FloatArray:
    """Return how often each patient is in each drawn study, studies × patients.

    Parameters
    ----------
    patients : int
        How many there are, and how many are drawn.
    seed : int
        The same seed draws the same.
    count : int
        Of the studies.
    """
    random = np.random.default_rng(seed)
    return random.multinomial(patients, np.full(patients, 1.0 / patients), size=count).astype(float)


def estimated(statistic: Statistic, sums: FloatArray, draws: FloatArray) -> Estimate:
    """Return a statistic with its interval.

    Parameters
    ----------
    statistic : Statistic
        Which.
    sums : (patients, parts) ndarray of float
        See :func:`cluster_sums`.
    draws : (studies, patients) ndarray of float
        See :func:`drawn`.
    """
    return interval(
        lambda weights: statistic.value(weights @ sums), len(sums), draws, scale=statistic.scale
    )


def interval(
    value_of: Callable[[FloatArray], FloatArray],
    patients: int,
    draws: FloatArray,
    *,
    scale: Scale = Scale.PLAIN,
) -> Estimate:
    """Return what is worked out from weighted patients, with its interval.

    The standard error is that of the drawn studies on the scale of the number, and the interval
    that of Student's t with a degree of freedom less than patients: quantiles of the drawn studies
    alone hold the truth too rarely where there are few (benchmarks/reader_study/coverage.py).

    Parameters
    ----------
    value_of : callable
        Returns the values for weights, studies × patients; NaN where not defined.
    patients : int
        How many.
    draws : (studies, patients) ndarray of float
        See :func:`drawn`.
    scale : Scale
        Of the number.
    """
    if patients == 0:
        return Estimate(None, note="Nobody answered.")
    value = float(value_of(np.ones((1, patients)))[0])
    if not np.isfinite(value):
        return Estimate(None, note="Not defined for these answers.")
    middle = float(_on_scale(np.array(value), scale))
    if not np.isfinite(middle):
        return Estimate(value, note=_NEVER_DIFFER)
    if patients < LEAST_PATIENTS:
        return Estimate(
            value,
            note=f"No interval: {patients} patients, and at least {LEAST_PATIENTS} are needed.",
        )
    spread = _on_scale(value_of(draws), scale)
    defined = spread[np.isfinite(spread)]
    if len(defined) < (1.0 - MOST_UNDEFINED) * len(spread):
        return Estimate(
            value, note="No interval: without some of the patients the number is not defined."
        )
    error = defined.std(ddof=1) * np.sqrt(patients / (patients - 1.0))
    half = float(stdtrit(patients - 1.0, _HIGH) * error)
    low, high = (float(_from_scale(middle + sign * half, scale)) for sign in (-1.0, 1.0))
    care = _FEW.format(patients) if patients < ENOUGH_PATIENTS else ""
    return Estimate(value, low, high, care)


def _on_scale(values: FloatArray, scale: Scale) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale is Scale.UP_TO_ONE:
            # What is 1 but for rounding is 1.
            return np.where(values > 1.0 - _ROUNDING, np.inf, -np.log1p(-values))
        return np.log(values) if scale is Scale.FACTOR else values


def _from_scale(value: float, scale: Scale) -> float:
    if scale is Scale.UP_TO_ONE:
        return float(-np.expm1(-value))
    return float(np.exp(value)) if scale is Scale.FACTOR else value
