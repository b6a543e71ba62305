"""Breaks of a stack whose slices were laid anew aslant: where it broke is a plane that leans.

Turning a picture blurs the place where slices are missing, and it lies in no slice any more. But it
still is one plane, right across the neck, and from one of its sides to the other everything
changes: spine, airway, muscles, fat and skin. Nothing in a neck does that. Slices that are there
twice are told by their likeness: a stretch of the neck comes again, moved along a straight line, to
a degree in which no vertebra is like the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.facets.automatic.picture.breaks import AIR_HU, HU, crossed_planes, distance_axis
from fusion.facets.automatic.straight import Frame
from fusion.geometry import FloatArray, Volume

Picture = npt.NDArray[np.float32]

# Numbers below were chosen by us on five real CTs (docs/sources.md#breaks-in-a-stack).

#: Half extent of what is looked at about the canal, with the skin; its voxels, least distance of
#: its planes, and blur within them (standard deviation), mm.
_HALF_MM, _EDGE_MM, _STEP_MM, _BLUR_MM = 80.0, 2.0, 2.5, 2.0
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
_LEAST_HU, _LEAST_ALIKE_HU = 15.0, 8.0
#: Half extent of what is compared to find it again, mm; how long the stretch is, how far off it
#: comes again, and how far aside for each mm, mm.
_AGAIN_HALF_MM, _STRETCH_MM, _AGAIN_MM, _ASIDE, _MOST_ASIDE_MM = 46.0, 8.0, (8.0, 30.0), 0.5, 14.0
#: Change between a stretch and its like, against that between neighbouring planes, below which they
#: are the same slices twice: 1.23 at least in real necks, 1.0 at most where a vertebra was doubled
#: and the slices turned afterwards. Between slices thicker than this, mm, too much changes.
TURNED_SAME, _THICKEST_MM = 1.1, 3.5
#: How many of the best likenesses are looked at closely.
_CLOSELY = 6
#: Voxels that make one where the picture need not be sharp.
_COARSE = 2


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
    stack = _stack(ct, frame, low_mm, high_mm)
    if stack is None:
        return np.zeros(0)
    leaning = _leaning(stack.coarse(), low_mm, high_mm)
    return np.unique([*leaning, *_again(stack.middle(_AGAIN_HALF_MM))])


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes about the canal: HU (n, y, x), their heights along it (n,), and distances, mm."""

    hu: Picture
    heights_mm: FloatArray
    step_mm: float
    edges_mm: tuple[float, float]

    def coarse(self) -> Stack:
        """Return the same in larger voxels."""
        n, height, width = self.hu.shape
        sizes = (n, height // _COARSE, _COARSE, width // _COARSE, _COARSE)
        hu = self.hu[:, : sizes[1] * _COARSE, : sizes[3] * _COARSE].reshape(sizes).mean(axis=(2, 4))
        edges = (self.edges_mm[0] * _COARSE, self.edges_mm[1] * _COARSE)
        return replace(self, hu=hu, edges_mm=edges)

    def middle(self, half_mm: float) -> Stack:
        """Return the part that is no further from the middle, mm."""
        cut = [
            max(int(n / 2 - half_mm / edge), 0)
            for n, edge in zip(self.hu.shape[1:], self.edges_mm, strict=True)
        ]
        hu = self.hu[:, cut[0] : self.hu.shape[1] - cut[0], cut[1] : self.hu.shape[2] - cut[1]]
        return replace(self, hu=hu)


def _stack(ct: Volume, frame: Frame, low_mm: float, high_mm: float) -> Stack | None:
    axis = distance_axis(ct.grid)
    crossed = crossed_planes(ct, frame, axis)
    margin = 3 * _ACROSS_MM
    inside = (crossed[:, 0] >= low_mm - margin) & (crossed[:, 0] <= high_mm + margin)
    crossed = crossed[inside]
    step = float(ct.grid.spacing_mm[axis])
    together = max(round(_STEP_MM / step), 1)
    count = len(crossed) // together
    if count * step * together < 2 * _AGAIN_MM[0] + _STRETCH_MM:
        return None
    crossed = crossed[: count * together]
    others = [n for n in range(3) if n != axis]
    windows, blocks = [], []
    for n in others:
        spacing = float(ct.grid.spacing_mm[n])
        block = max(round(_EDGE_MM / spacing), 1)
        middle = float(crossed[:, 1 + n].mean())
        low = int(max(middle - _HALF_MM / spacing, 0))
        high = int(min(middle + _HALF_MM / spacing + 1, ct.grid.shape[n]))
        windows.append(slice(low, low + (high - low) // block * block))
        blocks.append(block)
    sizes = [(w.stop - w.start) // b for w, b in zip(windows, blocks, strict=True)]
    if min(sizes) < _PARTS:
        return None
    planes = np.rint(crossed[:, 1 + axis]).astype(int)
    stored = np.moveaxis(ct.stored, axis, 0)
    result = np.zeros((count, *sizes), np.float32)
    for at, plane in enumerate(planes):
        part = stored[plane][windows[0], windows[1]].astype(np.float32)
        k = plane if axis == 0 else windows[0]
        slope, intercept = ct.slope[k], ct.intercept[k]
        if axis:
            slope, intercept = slope[:, None], intercept[:, None]
        part = np.clip(part * np.float32(slope) + np.float32(intercept), *HU)
        part = part.reshape(sizes[0], blocks[0], sizes[1], blocks[1]).mean(axis=(1, 3))
        result[at // together] += part / together
    edges = [b * float(ct.grid.spacing_mm[n]) for b, n in zip(blocks, others, strict=True)]
    blur = [0.0, *(_BLUR_MM / edge for edge in edges)]
    return Stack(
        ndimage.gaussian_filter(result, blur, truncate=2.0),
        crossed[:, 0].reshape(count, together).mean(axis=1),
        step * together,
        (edges[0], edges[1]),
    )


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
    summed = [_finer(change), _finer(either)]
    groups = [np.array_split(np.arange(n), _PARTS) for n in change.shape[1:]]
    offsets = [
        [_offsets(lean, n, edge, stack.step_mm) for lean in leans]
        for n, edge in zip(change.shape[1:], stack.edges_mm, strict=True)
    ]
    areas = np.outer([len(g) for g in groups[1]], [len(g) for g in groups[0]])
    around = [sign * (across + n) * _FINE for sign in (-1, 1) for n in (1, 2)]
    jumps = np.zeros((len(leans), len(leans), len(summed[0])))
    for i, rows in enumerate(offsets[0]):
        # (m, x, parts): the rows of each part, then its columns.
        half = [np.moveaxis(_sheared(one, rows, groups[0]), 2, 1) for one in summed]
        for j, columns in enumerate(offsets[1]):
            total, count = (_sheared(one, columns, groups[1]) for one in half)
            known = count > _TISSUE_SHARE * areas
            mean = np.where(known, total / np.maximum(count, 1e-3), np.nan)
            jumps[i, j] = _jumps(mean.reshape(len(mean), -1), around)
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


def _again(stack: Stack) -> list[float]:
    """Return where a stretch of the neck begins for the second time, at most once."""
    if stack.step_mm > _THICKEST_MM:
        return []
    best = most_alike(stack)
    if best is None or best[0] >= TURNED_SAME:
        return []
    first = _likeness(stack).begins(*best[1:])
    at = np.arange(len(stack.heights_mm))
    return [float(np.interp(first + best[2], at, stack.heights_mm))]


def most_alike(stack: Stack) -> _Found | None:
    """Return how alike the two most alike stretches of a neck are, and where they lie.

    Parameters
    ----------
    stack : Stack
        What is compared.

    Returns
    -------
    (float, int, float, float, float) or None
        Their difference, in changes from plane to plane; the first plane of the lower one; how many
        planes further up, and voxels aside in y and in x, it comes again. None in a short field.
    """
    rough, close = _likeness(stack.coarse()), _likeness(stack)
    starts = rough.roughly()[:_CLOSELY]
    return min(
        (close.closely(at, up, y * _COARSE, x * _COARSE) for _, at, up, y, x in starts),
        default=None,
    )


def _likeness(stack: Stack) -> _Likeness:
    length = max(round(_STRETCH_MM / stack.step_mm), 2)
    return _Likeness(stack.hu, _nearest(stack.hu), length, stack)


def _nearest(hu: Picture) -> FloatArray:
    """Return how much each plane differs from the more alike of its neighbours (n,), HU."""
    tissue = hu > AIR_HU
    apart = _differences(hu[1:], hu[:-1], tissue[1:] | tissue[:-1])[0]
    return np.asarray(np.minimum(np.append(apart, np.inf), np.insert(apart, 0, np.inf)))


def _differences(
    one: Picture, other: Picture, tissue: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return the mean difference of planes where there is tissue (n,), and its share (n,)."""
    count = tissue.sum(axis=(1, 2))
    total = (np.abs(one - other) * tissue).sum(axis=(1, 2), dtype=np.float64)
    return total / np.maximum(count, 1), count / tissue[0].size


#: How alike, at which plane, and where it comes again: planes further up, voxels in y and in x.
_Found = tuple[float, int, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Likeness:
    """How alike stretches of a neck are, moved along straight lines."""

    hu: Picture
    nearest: FloatArray
    length: int
    stack: Stack

    def roughly(self) -> list[_Found]:
        """Return the most alike stretch for every move, whole voxels aside, the best first."""
        found = []
        step = self.stack.step_mm
        for up in np.arange(np.ceil(_AGAIN_MM[0] / step), _AGAIN_MM[1] / step + 0.01, 0.5):
            reach = min(_ASIDE * up * step, _MOST_ASIDE_MM)
            ranges = [
                range(-int(reach / edge), int(reach / edge) + 1) for edge in self.stack.edges_mm
            ]
            for y in ranges[0]:
                for x in ranges[1]:
                    ratio = self.ratios(float(up), float(y), float(x))
                    if len(ratio) < self.length:
                        continue
                    means = np.convolve(ratio, np.full(self.length, 1 / self.length), "valid")
                    at = int(means.argmin())
                    found.append((float(means[at]), at, float(up), float(y), float(x)))
        return sorted(found)

    def closely(self, at: int, up: float, y: float, x: float) -> _Found:
        """Return the most alike place for one stretch near a rough one."""
        best = (np.inf, at, up, y, x)
        for part in (1.0, 0.5, 0.25):
            moves = [
                (best[2] + part / 2 * a, best[3] + part * b, best[4] + part * c)
                for a in (-1, 0, 1)
                for b in (-1, 0, 1)
                for c in (-1, 0, 1)
            ]
            for move in moves:
                if move[0] * self.stack.step_mm < _AGAIN_MM[0]:
                    continue
                ratios = self.ratios(*move, first=at, count=self.length)
                if len(ratios) == self.length and (mean := float(ratios.mean())) < best[0]:
                    best = (mean, at, *move)
        return best

    def begins(self, at: int, up: float, y: float, x: float) -> int:
        """Return the first plane of the stretch that comes again."""
        same = self.ratios(up, y, x) < TURNED_SAME
        while at > 0 and same[at - 1]:
            at -= 1
        return at

    def ratios(
        self, up: float, y: float, x: float, *, first: int = 0, count: int | None = None
    ) -> FloatArray:
        """Return how much planes differ from those they are moved to, in changes of one plane."""
        whole = int(np.floor(up))
        share = np.float32(up - whole)
        last = len(self.hu) - whole - (1 if share else 0)
        last = min(last, len(self.hu) if count is None else first + count)
        if last <= first:
            return np.zeros(0)
        planes = slice(first + whole, last + whole)
        other = self.hu[planes]
        if share:
            other = (1 - share) * other + share * self.hu[planes.start + 1 : planes.stop + 1]
        one = self.hu[first:last]
        # Aside: whole voxels by slicing, the rest between two neighbours.
        for axis, by in ((1, y), (2, x)):
            one, other = _aside(one, other, by, axis)
        differs, tissue = _differences(one, other, (one > AIR_HU) | (other > AIR_HU))
        usual = np.minimum(self.nearest[first:last], self.nearest[planes])
        result = differs / np.maximum(usual, _LEAST_ALIKE_HU)
        return np.where(tissue > _TISSUE_SHARE, result, 9.0)


def _aside(one: Picture, other: Picture, by: float, axis: int) -> tuple[Picture, Picture]:
    """Return the part that is in both pictures when the second is moved back along an axis."""
    whole = int(np.floor(by))
    share = np.float32(by - whole)
    size = one.shape[axis]
    low, high = max(0, -whole), size - max(0, whole + (1 if share else 0))

    def cut(values: Picture, start: int, stop: int) -> Picture:
        return values[:, start:stop] if axis == 1 else values[:, :, start:stop]

    moved = cut(other, low + whole, high + whole)
    if share:
        moved = (1 - share) * moved + share * cut(other, low + whole + 1, high + whole + 1)
    return cut(one, low, high), moved
