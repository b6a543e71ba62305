"""Slices that are there twice in a stack that was laid anew aslant: they are alike all over.

A stretch of a neck comes again, moved along a straight line: bone, airway, muscles and vessels. One
vertebra may be like the next, but not the rest with it. And where nobody added noise afterwards,
the grain of the pictures comes again, which no two scans share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.facets.automatic.picture.breaks import AIR_HU
from fusion.facets.automatic.picture.grain import shared_grain
from fusion.facets.automatic.picture.stacks import COARSE, Stack, sharp_stack, together_of
from fusion.facets.automatic.picture.stretch import Picture, by_part, moved
from fusion.geometry import FloatArray, Volume

# Numbers below were chosen by us on five real CTs (docs/sources.md#breaks-in-a-stack).

#: Half extent of what is compared to find it again, mm; how long the stretch is, how far off it
#: comes again, and how far aside for each mm, mm.
_HALF_MM, _STRETCH_MM, _AGAIN_MM, _ASIDE, _MOST_ASIDE_MM = 46.0, 8.0, (8.0, 30.0), 0.5, 14.0
#: Change between a stretch and its like, against that between neighbouring planes, below which they
#: are the same slices twice: 1.24 at least in real necks as they are, turned each way and with
#: noise; 0.92 at most where a vertebra was doubled and the slices turned, 0.64 but for one; with
#: noise of 80 HU added to that 0.95. Between slices thicker than this, mm, too much changes.
TURNED_SAME, _THICKEST_MM = 0.82, 3.5
#: The same where the grain comes again as well, and the correlation of the grain from which it
#: does: 0.66 at least where slices were doubled and turned, 0.33 at most in simulated necks that
#: are so like themselves and were not; no real one is.
SAME_WITH_GRAIN, SHARED_GRAIN = 1.15, 0.5
#: The picture is judged in so many parts each way. The third of them that is most alike is left
#: out, as bones repeat, and the sixth that is least: the blurred edge of a lung. Share of a part,
#: and number of parts, that have to be tissue.
_PARTS, _REPEATING, _ASTRAY, _TISSUE_SHARE, _LEAST_PARTS = 5, 3, 6, 0.3, 12
#: Change of one plane, all over, below which it is one of the stretch: to tell where that begins.
_SAME_PLANE = 1.1
#: Least change that is reckoned with, HU, of whole planes and of parts: what nothing but noise
#: changes in is as unlike as that, so that it tells nothing.
_LEAST_HU, _LEAST_ALL_OVER_HU = 8.0, 2.0
#: How many of the best likenesses are looked at closely.
_CLOSELY = 6


@dataclass(frozen=True, slots=True)
class Again:
    """A stretch of a neck and what is most like it.

    Parameters
    ----------
    unlike : float
        Their difference, in changes from plane to plane, all over.
    first, count : int
        The lower one: its first plane, and its planes.
    up, y, x : float
        How many planes further up, and voxels aside, it comes again.
    begins_mm : float, mm
        Height along the canal at which it begins for the second time.
    """

    unlike: float
    first: int
    count: int
    up: float
    y: float
    x: float
    begins_mm: float


def repeats(
    ct: Volume, crossed: FloatArray, stack: Stack, *, low_mm: float, high_mm: float
) -> list[float]:
    """Return where a stretch of the neck begins for the second time, mm, at most once.

    Parameters
    ----------
    ct : Volume
        HU.
    crossed : (n, 4) ndarray of float64
        Its planes that the canal crosses.
    stack : Stack
        The same, blurred.
    low_mm, high_mm : float, mm
        Heights between which it may begin: a skull that is like itself must not hide what is there
        twice below.
    """
    if stack.step_mm > _THICKEST_MM:
        return []
    found = most_alike(stack.middle(_HALF_MM), low_mm=low_mm, high_mm=high_mm)
    if found is None or found.unlike >= SAME_WITH_GRAIN:
        return []
    if found.unlike < TURNED_SAME or grain_of(ct, crossed, stack, found) >= SHARED_GRAIN:
        return [found.begins_mm]
    return []


def grain_of(ct: Volume, crossed: FloatArray, stack: Stack, found: Again) -> float:
    """Return the correlation of the grain of two stretches of a neck.

    Parameters
    ----------
    ct, crossed, stack
        As for :func:`repeats`.
    found : Again
        The stretches.
    """
    together = together_of(ct)
    first, up = found.first * together, found.up * together
    sharp = sharp_stack(ct, crossed, half_mm=_HALF_MM)
    y, x = (
        by * wide / edge
        for by, wide, edge in zip((found.y, found.x), stack.edges_mm, sharp.edges_mm, strict=True)
    )
    return shared_grain(sharp, (up, y, x), first=first, count=found.count * together)


def most_alike(stack: Stack, *, low_mm: float, high_mm: float) -> Again | None:
    """Return the two most alike stretches of a neck; None in a short field.

    Parameters
    ----------
    stack : Stack
        What is compared.
    low_mm, high_mm : float, mm
        Heights between which the upper one begins.
    """
    rough, close = (_likeness(one, low_mm, high_mm) for one in (stack.coarse(), stack))
    starts = rough.roughly()[:_CLOSELY]
    best = min(
        (close.closely(at, up, y * COARSE, x * COARSE) for _, at, up, y, x in starts),
        default=None,
    )
    if best is None or not np.isfinite(best[0]):
        return None
    unlike, at, up, y, x = best
    again = close.begins(at, up, y, x) + up
    begins_mm = float(np.interp(again, np.arange(len(stack.heights_mm)), stack.heights_mm))
    return Again(unlike, at, close.length, up, y, x, begins_mm)


def _likeness(stack: Stack, low_mm: float, high_mm: float) -> _Likeness:
    length = max(round(_STRETCH_MM / stack.step_mm), 2)
    return _Likeness(stack.hu, _nearest(stack.hu), length, stack, low_mm, high_mm)


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
    low_mm: float
    high_mm: float

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
                    means = np.where(self._may_begin(len(means), float(up)), means, np.inf)
                    at = int(means.argmin())
                    if np.isfinite(means[at]):
                        found.append((float(means[at]), at, float(up), float(y), float(x)))
        return sorted(found)

    def _may_begin(self, count: int, up: float) -> npt.NDArray[np.bool_]:
        """Tell of the first planes whether what is moved from there begins where levels lie."""
        heights = self.stack.heights_mm
        again = np.interp(np.arange(count) + up, np.arange(len(heights)), heights)
        return np.asarray((again >= self.low_mm) & (again <= self.high_mm), dtype=np.bool_)

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
                if (unlike := self.all_over(at, *move)) < best[0]:
                    best = (unlike, at, *move)
        return best

    def begins(self, at: int, up: float, y: float, x: float) -> int:
        """Return the first plane of the stretch that comes again."""
        same = self.ratios(up, y, x) < _SAME_PLANE
        while at > 0 and same[at - 1]:
            at -= 1
        return at

    def all_over(self, at: int, up: float, y: float, x: float) -> float:
        """Return how much a stretch differs from what it is moved to, in changes of one plane.

        Of the parts of the picture, without those that are most alike and least: bones repeat.
        """
        move = (up, y, x)
        one, other = moved(self.hu, move, first=at, count=self.length)
        if len(one) < self.length or min(one.shape[1:]) < _PARTS:
            return np.inf
        tissue = (one > AIR_HU) | (other > AIR_HU)
        count = by_part(tissue, _PARTS)
        known = count > _TISSUE_SHARE * by_part(np.ones_like(tissue), _PARTS)
        if known.sum() < _LEAST_PARTS:
            return np.inf
        usual = [
            by_part(
                np.abs(one - moved(self.hu, move, first=at, count=self.length, by=by)[0]) * tissue,
                _PARTS,
            )
            for by in (-1, 1)
            if -by <= at <= len(self.hu) - self.length - by
        ]
        per_voxel = np.maximum(count, 1)
        least = np.maximum(np.min(usual, axis=0) / per_voxel, _LEAST_ALL_OVER_HU)
        ratio = by_part(np.abs(one - other) * tissue, _PARTS) / per_voxel / least
        logs = np.sort(np.log(np.maximum(ratio[known], 1e-3)))
        return float(
            np.exp(logs[len(logs) // _REPEATING : len(logs) - len(logs) // _ASTRAY].mean())
        )

    def ratios(self, up: float, y: float, x: float) -> FloatArray:
        """Return how much planes differ from those they are moved to, in changes of one plane."""
        one, other = moved(self.hu, (up, y, x), first=0, count=len(self.hu))
        if not len(one):
            return np.zeros(0)
        differs, tissue = _differences(one, other, (one > AIR_HU) | (other > AIR_HU))
        first = int(np.floor(up))
        usual = np.minimum(self.nearest[: len(one)], self.nearest[first : first + len(one)])
        result = differs / np.maximum(usual, _LEAST_HU)
        return np.where(tissue > _TISSUE_SHARE, result, 9.0)
