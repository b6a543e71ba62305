"""What chance alone does to the change of each joint between two dates of one patient."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from fusion.anatomy import Joint
from fusion.geometry import FloatArray
from fusion.uptake import MeanSpread

#: Noise is learnt this far from the nearest joint: not in one, and where the model of the neck
#: still reaches, mm.
_LEARNT_MM = 9.0, 26.0
#: Distance between the places where it is learnt, mm: balls of neighbours hardly overlap.
_APART_MM = 9.0
#: Fewer places than this teach nothing.
_LEAST_PLACES = 30
#: Taken where nothing can be learnt: standard deviation of the change of a ball as warm as the
#: reference. Twice what simulated studies show.
ASSUMED_NOISE = 0.10
#: So much of the scatter between two dates is noise at least, whatever moving explains of it.
_LEAST_OF_IT = 0.5
#: The parts count noise twice: places are tried in a noisy picture. Fitted to simulated repeats of
#: four patients, held against others (docs/follow-up.md).
_COUNTED_TWICE = 0.82
_MAD_TO_SIGMA = 1.4826


def chance_of(
    earlier: MeanSpread,
    later: MeanSpread,
    to_later: Callable[[FloatArray], FloatArray],
    *,
    resolution_doubt_mm: float,
) -> Mapping[Joint, float]:
    """Return the standard deviation, by chance alone, of the logarithm of each joint's change.

    Parameters
    ----------
    earlier, later : MeanSpread
        Of the two dates.
    to_later : callable
        Where points (3,) of the earlier CT lie on the later one.
    resolution_doubt_mm : float, mm
        Standard deviation of what the resolutions of the dates, as they were measured, differ by.
    """
    noise = noise_between(earlier, later, to_later)
    of_reference = math.sqrt(
        earlier.reference**2
        + later.reference**2
        + noise**2 / min(earlier.reference_balls, later.reference_balls)
    )
    found = {}
    for joint, placed in earlier.placement.items():
        if joint not in later.placement:
            continue
        warm = math.sqrt(earlier.ratio[joint] * later.ratio[joint])
        counting = noise / math.sqrt(warm)
        parts = _COUNTED_TWICE * math.sqrt(
            counting**2 + placed**2 + later.placement[joint] ** 2 + of_reference**2
        )
        # One joint, twice: together they are known better.
        blurred = (earlier.per_mm[joint] + later.per_mm[joint]) / 2
        found[joint] = math.hypot(parts, resolution_doubt_mm * blurred)
    return found


def noise_between(
    earlier: MeanSpread,
    later: MeanSpread,
    to_later: Callable[[FloatArray], FloatArray],
) -> float:
    """Return the standard deviation of the change of a ball as warm as the reference, by noise.

    What the model of the neck leaves unexplained is noise, and its own mistakes. The mistakes are
    the same on both dates, so the difference between corresponding places is noise alone.
    """
    points = _places(earlier.centers_ct_lps)
    there = np.array([to_later(point) for point in points])
    before, after = earlier.unexplained_at(points), later.unexplained_at(there)
    between = _scatter(after - before)
    if between is None:
        return ASSUMED_NOISE
    # Where the functional volume of a date is moved by its doubt, the mistakes do not cancel.
    moved_mm = math.hypot(earlier.moved_mm, later.moved_mm)
    moved = 0.0
    for axis in moved_mm * np.eye(3):
        own = _scatter(later.unexplained_at(there + axis) - after)
        moved += 0.0 if own is None else own**2
    return math.sqrt(max(between**2 - moved, (_LEAST_OF_IT * between) ** 2))


def _scatter(values: FloatArray) -> float | None:
    """Return a standard deviation that single large values do not rule; None for too few."""
    values = values[np.isfinite(values)]
    if len(values) < _LEAST_PLACES:
        return None
    return _MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values))))


def _places(centers_lps: FloatArray) -> FloatArray:
    low, high = centers_lps.min(axis=0) - _LEARNT_MM[1], centers_lps.max(axis=0) + _LEARNT_MM[1]
    steps = [np.arange(a, b, _APART_MM) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    away = np.linalg.norm(points[:, None] - centers_lps, axis=-1).min(axis=1)
    chosen: FloatArray = points[(away >= _LEARNT_MM[0]) & (away <= _LEARNT_MM[1])]
    return chosen
