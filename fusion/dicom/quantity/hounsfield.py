"""Whether the values of a CT are Hounsfield units: where air and soft tissue stand says so.

Water is 0 and air −1000 by definition, and soft tissue lies 1045 above air in every person. A CT
whose intercept was lost by a converter keeps that distance and stands elsewhere as a whole; nothing
else in the file tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.findings import Finding
from fusion.findings.volumes import HOUNSFIELD_OFF
from fusion.geometry import FloatArray, Volume

#: HU of air and of muscle, where their peaks stood within 30 HU in every CT looked at
#: (docs/sources.md#hounsfield-units).
AIR_HU, SOFT_TISSUE_HU = -1000.0, 45.0
#: Peaks this far apart, HU, are those of air and soft tissue.
APART_HU = (975.0, 1130.0)
#: Both have to stand off, on the same side, by the first, and together by the second, HU.
EACH_OFF_HU, OFF_HU = 40.0, 65.0

_STEP_HU = 10.0
_LOWEST_HU, _HIGHEST_HU = -4200.0, 4200.0
#: The histogram is smoothed by a Gaussian of this many steps.
_SMOOTHED_STEPS = 1.5
#: Nearer to each other than this, HU, the values were cut off where air stands ...
_CUT_OFF_HU = 1000.0
#: ... if it holds this share of them.
_LEAST_CUT_OFF = 0.02
_LEAST_AIR, _LEAST_TISSUE = 0.01, 0.001
#: Soft tissue is looked for from this far above air on, HU.
_LEAST_APART_HU = 700.0
#: Of peaks above air, those that hold this share of the largest.
_NOTABLE = 0.2
_SAMPLED = 400_000
#: Slices of one CT with other scales than this many times are judged as a whole.
_SCALES = 8


def hounsfield_findings(ct: Volume) -> tuple[Finding, ...]:
    """Return a Finding when the values of a CT stand away from Hounsfield units.

    Parameters
    ----------
    ct : Volume
        In HU, as its file says.

    Returns
    -------
    tuple of Finding
        Empty where air and soft tissue stand where they should, and where the CT shows too little
        of either to tell.
    """
    scales = np.stack([ct.slope, ct.intercept], axis=1)
    _, group = np.unique(scales, axis=0, return_inverse=True)
    group = group.ravel()
    parts = range(int(group.max()) + 1) if group.max() < _SCALES else ()
    offsets = [offset_hu(_sampled(ct, np.flatnonzero(group == part))) for part in parts]
    if not parts:
        offsets = [offset_hu(_sampled(ct, np.arange(ct.grid.shape[0])))]
    known = [offset for offset in offsets if offset is not None]
    if not known:
        return ()
    worst = max(known, key=abs)
    return (HOUNSFIELD_OFF(air_hu=AIR_HU + worst, tissue_hu=SOFT_TISSUE_HU + worst, off_hu=worst),)


def _sampled(ct: Volume, slices: npt.NDArray[np.intp]) -> FloatArray:
    _, rows, columns = ct.grid.shape
    every = max(1, int(np.ceil((len(slices) * rows * columns / _SAMPLED) ** (1 / 3))))
    chosen = slices[:: min(every, max(1, len(slices) // 4))]
    stored = ct.stored[chosen, ::every, ::every].astype(np.float64)
    values: FloatArray = stored * ct.slope[chosen, None, None] + ct.intercept[chosen, None, None]
    return values.ravel()


def offset_hu(values: FloatArray) -> float | None:
    """Return by how much values stand off Hounsfield units; None when they do not, or who knows.

    Parameters
    ----------
    values : (n,) ndarray of float64, HU
        Of a CT.
    """
    edges = np.arange(_LOWEST_HU, _HIGHEST_HU + _STEP_HU, _STEP_HU)
    counts, _ = np.histogram(values, edges)
    for attempt in (_without_padding(counts), counts.astype(np.float64)):
        verdict = _verdict(attempt) if attempt.any() else None
        if verdict is not None:
            return verdict if verdict else None
    return None


def _verdict(counts: FloatArray) -> float | None:
    """Return the offset, 0 where air and soft tissue stand right, None where that is not known."""
    total = counts.sum()
    shares = _smoothed(counts / total)
    peaks, first = _peaks(shares), np.flatnonzero(counts)[0]
    tissue_from = _LEAST_APART_HU / _STEP_HU
    pairs, off = [], None
    for air in _notable(peaks, shares, _LEAST_AIR):
        above = _notable(peaks[peaks - air >= tissue_from], shares, _LEAST_TISSUE)
        pairs += [(_middle(air), _middle(tissue)) for tissue in above]
        if above.size and off is None and air - first <= 3 and shares[air] >= _LEAST_CUT_OFF:
            off = _without_air(_middle(air), [_middle(tissue) for tissue in above])
    apart = [pair for pair in pairs if APART_HU[0] <= pair[1] - pair[0] <= APART_HU[1]]
    if not apart or off is not None:
        return off
    each = [(air - AIR_HU, tissue - SOFT_TISSUE_HU) for air, tissue in apart]
    means = [((a + t) / 2, min(abs(a), abs(t))) for a, t in each]
    mean, least = min(means, key=lambda pair: abs(pair[0]))
    return mean if abs(mean) > OFF_HU and least > EACH_OFF_HU else 0.0


def _without_air(air_hu: float, tissues_hu: list[float]) -> float | None:
    """Judge by fat and muscle where a writer cut the values off at the least of its range.

    Air then stands there whatever was lost; muscle stands 90 to 190 above fat all the same.
    """
    muscle = max(tissues_hu)
    has_fat = any(90 <= muscle - fat <= 190 for fat in tissues_hu)
    off = muscle - SOFT_TISSUE_HU
    is_cut = muscle - air_hu < _CUT_OFF_HU
    return off if has_fat and is_cut and abs(off) > OFF_HU else None


def _notable(peaks: npt.NDArray[np.intp], shares: FloatArray, least: float) -> npt.NDArray[np.intp]:
    """Return the peaks that hold enough, and a notable share of the largest of them."""
    if not peaks.size:
        return peaks
    kept: npt.NDArray[np.intp] = peaks[shares[peaks] >= max(least, _NOTABLE * shares[peaks].max())]
    return kept


def _middle(number: int) -> float:
    return _LOWEST_HU + (float(number) + 0.5) * _STEP_HU


def _smoothed(shares: FloatArray) -> FloatArray:
    """Smooth a histogram as scipy's ``gaussian_filter1d`` does, which takes time to load."""
    reach = int(4 * _SMOOTHED_STEPS + 0.5)
    weights = np.exp(-0.5 / _SMOOTHED_STEPS**2 * np.arange(-reach, reach + 1) ** 2)
    weights /= weights.sum()
    wide, size = np.pad(shares, reach, mode="symmetric"), len(shares)
    result: FloatArray = wide[reach : reach + size] * weights[reach]
    for n in range(reach):
        result += (wide[n : n + size] + wide[2 * reach - n :][:size]) * weights[n]
    return result


def _peaks(shares: FloatArray) -> npt.NDArray[np.intp]:
    wide, size = np.pad(shares, 2, mode="symmetric"), len(shares)
    around: FloatArray = np.max([wide[n : n + size] for n in range(5)], axis=0)
    peaks: npt.NDArray[np.intp] = np.flatnonzero((shares == around) & (shares > 0))
    return peaks


def _without_padding(counts: npt.NDArray[Any]) -> FloatArray:
    """Leave out a single value far below all others: what was never scanned."""
    filled = np.flatnonzero(counts)
    if len(filled) > 1 and (filled[1] - filled[0]) * _STEP_HU > 300:
        counts = counts.copy()
        counts[filled[0]] = 0
    return counts.astype(np.float64)
