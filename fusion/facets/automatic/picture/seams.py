"""Breaks of a stack whose slices were laid anew aslant: where it broke is a plane that leans.

Turning a picture blurs the place where slices are missing, and it lies in no slice any more. But it
still is one plane, right across the neck, and from one of its sides to the other everything
changes: spine, airway, muscles, fat and skin. Nothing in a neck does that. Slices that are there
twice are told by their likeness (``repeats.py`` beside this).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fusion.facets.automatic.picture.breaks import AIR_HU, distance_axis
from fusion.facets.automatic.picture.repeats import repeats
from fusion.facets.automatic.picture.stacks import Stack, blurred_stack, planes_between
from fusion.facets.automatic.picture.stretch import Picture
from fusion.facets.automatic.straight import Frame
from fusion.geometry import FloatArray, Volume

# Numbers below were chosen by us on five real CTs (docs/sources.md#breaks-in-a-stack).

#: Planes that lean by up to half a right angle's tangent each way (26 degrees), and steps.
_LEAN, _LEAN_STEP = 0.48, 0.06
#: Distance of the two sides that are compared, mm: a blurred seam lies between them.
_ACROSS_MM = 6.0
#: Heights between two planes at which a seam may lie: every half of their distance.
_FINE = 2
#: The picture is judged in so many parts each way; the third of them that changes most is left out;
#: share of a part, and number of parts, that have to be tissue.
_PARTS, _LEFT_OUT, _TISSUE_SHARE, _LEAST_PARTS = 5, 3, 0.3, 12
#: How many times as much as around it the picture has to change across a plane: 1.20 at most on
#: real CTs as they are, turned and with noise; 1.28 at least where a vertebra was cut out of slices
#: of 3 mm that were turned afterwards.
TURNED_JUMP = 1.24
#: Least change that is reckoned with, HU.
_LEAST_HU = 15.0
#: Shortest field in which anything can be told, mm.
_SHORTEST_MM = 24.0


def seams(ct: Volume, frame: Frame, *, low_mm: float, high_mm: float) -> FloatArray:
    """Return the heights along the canal (m,), mm, ascending, at which a turned stack breaks.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    low_mm, high_mm : float, mm
        Heights between which to look.
    """
    margin = 3 * _ACROSS_MM
    crossed = planes_between(ct, frame, low_mm - margin, high_mm + margin)
    step = float(ct.grid.spacing_mm[distance_axis(ct.grid)])
    if len(crossed) * step < _SHORTEST_MM:
        return np.zeros(0)
    stack = blurred_stack(ct, crossed)
    if min(stack.hu.shape[1:]) < _PARTS:
        return np.zeros(0)
    leaning = _leaning(stack.coarse(), low_mm, high_mm)
    again = repeats(ct, crossed, stack, low_mm=low_mm, high_mm=high_mm)
    return np.unique([*leaning, *again])


def _leaning(stack: Stack, low_mm: float, high_mm: float) -> list[float]:
    """Return where the picture changes across a leaning plane all over, at most once.

    Only between two heights: about them is what a change is held against.
    """
    across = max(round(_ACROSS_MM / stack.step_mm), 1)
    if len(stack.hu) < 3 * across + 5:
        return []
    tissue = stack.hu > AIR_HU
    either = (tissue[across:] | tissue[:-across]).astype(np.float32)
    change = np.abs(stack.hu[across:] - stack.hu[:-across]) * either
    factor = leaning_jumps(change, either, stack, across=across).max(axis=(0, 1))
    middles = (stack.heights_mm[across:] + stack.heights_mm[:-across]) / 2
    heights = np.interp(np.arange(len(factor)) / _FINE, np.arange(len(middles)), middles)
    factor = np.where((heights >= low_mm) & (heights <= high_mm), factor, 0.0)
    place = int(factor.argmax())
    return [float(heights[place])] if factor[place] >= TURNED_JUMP else []


def leaning_jumps(change: Picture, either: Picture, stack: Stack, *, across: int) -> FloatArray:
    """Return how many times as much as around it the picture changes across every leaning plane.

    Parameters
    ----------
    change, either : (n, y, x) ndarray of float32
        Change across each height, HU, and where it is of tissue.
    stack : Stack
        Distances of its voxels.
    across : int
        Planes between the sides that are compared.

    Returns
    -------
    (leans, leans, m) ndarray of float64
        By lean along y and x, and by height in halves of the distance of planes; 0 where it cannot
        be told.
    """
    leans = np.arange(-_LEAN, _LEAN + _LEAN_STEP / 2, _LEAN_STEP)
    both = np.stack([_finer(change), _finer(either)], axis=-1)
    groups = [np.array_split(np.arange(n), _PARTS) for n in change.shape[1:]]
    offsets = [
        [_offsets(lean, n, edge, stack.step_mm) for lean in leans]
        for n, edge in zip(change.shape[1:], stack.edges_mm, strict=True)
    ]
    areas = np.outer([len(g) for g in groups[1]], [len(g) for g in groups[0]])
    around = [sign * (across + n) * _FINE for sign in (-1, 1) for n in (1, 2)]
    jumps = np.zeros((len(leans), len(leans), len(both)))
    # (m, x, 2, leans, parts): the rows of each part, for every lean along them; then its columns.
    half = np.stack([_sheared(both, rows, groups[0]) for rows in offsets[0]])
    half = np.ascontiguousarray(half.transpose(1, 3, 4, 0, 2))
    for j, columns in enumerate(offsets[1]):
        total, count = np.moveaxis(_sheared(half, columns, groups[1]), 2, 0)
        known = count > _TISSUE_SHARE * areas[:, None]
        mean = np.where(known, total / np.maximum(count, 1e-3), np.nan)
        for i in range(len(leans)):
            jumps[i, j] = _jumps(mean[:, :, i].reshape(len(mean), -1), around)
    return jumps


def _finer(values: Picture) -> Picture:
    at = np.arange(_FINE * (len(values) - 1) + 1) / _FINE
    low = np.minimum(at.astype(int), len(values) - 2)
    share = (at - low).astype(np.float32)[:, None, None]
    result: Picture = (1 - share) * values[low] + share * values[low + 1]
    return result


def _offsets(lean: float, count: int, edge_mm: float, step_mm: float) -> npt.NDArray[np.int64]:
    aside = (np.arange(count) - (count - 1) / 2) * edge_mm
    return np.asarray(np.rint(lean * aside / step_mm * _FINE), dtype=np.int64)


def _sheared(
    values: Picture, offsets: npt.NDArray[np.int64], groups: list[npt.NDArray[np.int64]]
) -> Picture:
    """Return sums (m, groups, …) over rows (m, rows, …), each moved along the canal before."""
    result = np.zeros((len(values), len(groups), *values.shape[2:]), np.float32)
    for n, group in enumerate(groups):
        for row in group:
            by = int(offsets[row])
            if abs(by) >= len(values):
                continue  # a short field has nothing that far up or down
            if by >= 0:
                result[: len(values) - by, n] += values[by:, row]
            else:
                result[-by:, n] += values[:by, row]
    return result


def _jumps(mean: FloatArray, around: list[int]) -> FloatArray:
    """Return by what factor the parts (m, parts) change more at each height than around it."""
    usual = np.full((len(around), *mean.shape), np.nan, np.float32)
    for n, by in enumerate(around):
        if by < 0:
            usual[n, -by:] = mean[:by]
        else:
            usual[n, :-by] = mean[by:]
    usual.sort(axis=0)
    known = np.isfinite(mean) & np.isfinite(usual[-1])
    median = np.maximum((usual[1] + usual[2]) / 2, _LEAST_HU)
    logs = np.where(known, np.log(np.maximum(mean, 1e-3) / median), np.inf)
    logs.sort(axis=1)
    count = known.sum(axis=1)
    kept = count - count // _LEFT_OUT
    first = np.arange(logs.shape[1]) < kept[:, None]
    sums = np.where(first, logs, 0.0).sum(axis=1)
    return np.where(count >= _LEAST_PARTS, np.exp(sums / np.maximum(kept, 1)), 0.0)
