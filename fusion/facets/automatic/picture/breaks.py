"""Where a stack of slices breaks: slices are missing or there twice, or the patient moved.

A count of vertebrae is worth nothing across such a place, and none of it shows in the headers once
slices were numbered anew. From slice to slice a neck changes gradually, bone and soft tissue alike;
where it changes at once, all over, the slices are no neighbours. Slices that are there twice are
more like each other than like their neighbours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.facets.automatic.straight import Frame
from fusion.geometry import FloatArray, Grid, Volume

# Numbers below were chosen by us on seven real CTs (docs/sources.md#breaks-in-a-stack).

#: Half extent of what is looked at about the canal, and its voxels, mm.
_HALF_MM, _EDGE_MM = 46.0, 2.0
#: Blur within slices, mm (standard deviation): against noise and the texture of the picture.
_BLUR_MM = 2.0
#: HU between which tissue is told from tissue; what is below the first number is air.
HU = (-200.0, 500.0)
AIR_HU = -150.0
#: The picture is judged in so many parts each way, so that a mandible that ends, a swallow or a
#: streak is no break: the two parts that change most are left out. Share of a part that has to be
#: tissue.
_PARTS, _LEFT_OUT, _TISSUE_SHARE = 3, 2, 0.3
#: How many times as much as between the four pairs of slices around it (median) the picture has to
#: change, over the parts that are not left out (geometric mean): 1.28 at most on six real CTs as
#: they are; over 1.5 at 89 to 100 of 100 places where 11 to 20 mm were cut out of slices of 1 to
#: 3.3 mm.
JUMP = 1.4
#: Least change between neighbours that is reckoned with, HU: in even tissue a little is many times
#: nothing.
_LEAST_HU = 15.0
#: Change between two slices against that between neighbours, below which they are the same slice
#: twice; over how long a stretch, and how far apart, mm.
SAME = 0.5
_SAME_MM, _APART_MM = 8.0, (8.0, 30.0)
#: Neighbours that change less than this, HU, are too alike to tell that slices are there twice.
_STILL_HU = 4.0


def breaks(ct: Volume, frame: Frame) -> FloatArray:
    """Return the heights along the canal (m,), mm, ascending, at which the stack breaks.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    """
    axis = distance_axis(ct.grid)
    crossed = crossed_planes(ct, frame, axis)
    if len(crossed) < 6:
        return np.zeros(0)
    planes = _planes(ct, crossed, axis)
    tissue = planes > AIR_HU
    change = _change(planes, tissue)
    jumps = {n for n in range(2, len(change) - 2) if _jump(change, n) >= JUMP}
    step_mm = float(ct.grid.spacing_mm[axis])
    found = sorted(jumps | _repeats(planes, tissue, step_mm))
    heights = crossed[:, 0]
    return np.unique([float(heights[n] + heights[n + 1]) / 2 for n in found])


def distance_axis(grid: Grid) -> int:
    """Return the axis of the array along which slices follow each other from feet to head."""
    return int(np.abs(grid.affine[2, :3] / grid.spacing_mm).argmax())


def crossed_planes(ct: Volume, frame: Frame, axis: int) -> FloatArray:
    """Return the planes that the canal crosses: height, mm, and voxel indices there (n, 4).

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    axis : int
        From :func:`distance_axis`.
    """
    kji = ct.grid.to_kji(frame.origins_lps)
    along = kji[:, axis]
    if along[-1] < along[0]:
        along, kji = along[::-1], kji[::-1]
    # A canal that turns back on itself has no one height for a plane.
    rising = np.maximum.accumulate(along)
    keep = np.concatenate([[True], np.diff(rising) > 0])
    planes = np.arange(max(int(np.ceil(along[0])), 0), int(along[keep][-1]) + 1)
    planes = planes[planes < ct.grid.shape[axis]]
    heights = np.arange(len(frame), dtype=np.float64)
    if ct.grid.to_kji(frame.origins_lps[[0, -1]])[:, axis] @ [-1, 1] < 0:
        heights = heights[::-1]
    columns = [heights[keep], *(kji[keep, n] for n in range(3))]
    return np.stack([np.interp(planes, rising[keep], c) for c in columns], axis=1)


def _planes(ct: Volume, crossed: FloatArray, axis: int) -> npt.NDArray[np.float32]:
    """Return HU (n, m, m) of the planes about the canal, blurred; the same window for all."""
    spacing = ct.grid.spacing_mm
    others = [n for n in range(3) if n != axis]
    margin = 3 * _BLUR_MM
    window: list[npt.NDArray[np.int64]] = []
    for n in others:
        middle = crossed[:, 1 + n].mean()
        reach = (_HALF_MM + margin) / spacing[n]
        low, high = int(max(middle - reach, 0)), int(min(middle + reach + 1, ct.grid.shape[n]))
        window.append(np.arange(low, high))
    result = []
    stored = np.moveaxis(ct.stored, axis, 0)
    for plane in np.rint(crossed[:, 1 + axis]).astype(int):
        k = plane if axis == 0 else slice(None)
        part = stored[plane][np.ix_(*window)].astype(np.float32)
        slope = np.asarray(ct.slope[k], dtype=np.float32)
        intercept = np.asarray(ct.intercept[k], dtype=np.float32)
        if axis:
            slope, intercept = slope[window[0], None], intercept[window[0], None]
        hu = np.clip(part * slope + intercept, *HU)
        blurred = ndimage.gaussian_filter(hu, [_BLUR_MM / spacing[n] for n in others])
        steps = [max(round(_EDGE_MM / spacing[n]), 1) for n in others]
        cut = [round(margin / spacing[n]) for n in others]
        kept = blurred[cut[0] : len(hu) - cut[0], cut[1] : hu.shape[1] - cut[1]]
        result.append(kept[:: steps[0], :: steps[1]].copy())  # a view would keep all of it
    return np.array(result)


def _change(planes: npt.NDArray[np.float32], tissue: npt.NDArray[np.bool_]) -> FloatArray:
    """Return how much each part of the picture changes from plane to plane (n - 1, parts), HU."""
    apart = np.abs(np.diff(planes, axis=0))
    either = tissue[1:] | tissue[:-1]
    parts = []
    for rows in np.array_split(np.arange(planes.shape[1]), _PARTS):
        for columns in np.array_split(np.arange(planes.shape[2]), _PARTS):
            at = np.s_[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            share = either[at].mean(axis=(1, 2))
            mean = (apart[at] * either[at]).mean(axis=(1, 2)) / np.maximum(share, 1e-6)
            parts.append(np.where(share > _TISSUE_SHARE, mean, np.nan))
    return np.stack(parts, axis=1).astype(np.float64)


def _jump(change: FloatArray, n: int) -> float:
    """Return by what factor the picture changes more at a place than around it."""
    around = change[[n - 2, n - 1, n + 1, n + 2]]
    known = np.isfinite(change[n]) & np.isfinite(around).all(axis=0)
    if not known.any():
        return 0.0
    usual = np.maximum(np.median(around[:, known], axis=0), _LEAST_HU)
    logs = np.sort(np.log(np.maximum(change[n, known], 1e-3) / usual))
    return float(np.exp(logs[: max(len(logs) - _LEFT_OUT, 1)].mean()))


def _repeats(
    planes: npt.NDArray[np.float32], tissue: npt.NDArray[np.bool_], step_mm: float
) -> set[int]:
    """Return the planes after which a stretch of the stack is there for the second time."""
    apart = np.abs(np.diff(planes, axis=0)).mean(axis=(1, 2))
    # The change of every plane to the more alike of its neighbours.
    near = np.minimum(np.append(apart, np.inf), np.insert(apart, 0, np.inf))
    found = set()
    first, last = (round(mm / step_mm) for mm in _APART_MM)
    for by in range(max(first, 2), min(last, len(planes) - 2) + 1):
        other = np.abs(planes[by:] - planes[:-by]).mean(axis=(1, 2))
        enough = tissue[by:].mean(axis=(1, 2)) > _TISSUE_SHARE
        limit = SAME * np.minimum(near[by:], near[:-by])
        same = (other < limit) & (limit > SAME * _STILL_HU) & enough
        labels, count = ndimage.label(same)
        for n in range(1, count + 1):
            run = np.flatnonzero(labels == n)
            if len(run) * step_mm >= min(_SAME_MM, by * step_mm):
                found.add(int(run[0]) + by - 1)
    return found
