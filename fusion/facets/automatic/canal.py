"""The spinal canal: the one structure that leads to every vertebra.

On a slice the canal is soft, at least 5 mm wide, and bone is met within 22 mm in most directions.
That holds from the foramen magnum to the sacrum and nearly nowhere else, so the best path through
the slices by dynamic programming is the spine, however much else the field shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.compiled import compiled
from fusion.geometry import FloatArray, Grid, RigidTransform, Volume
from fusion.resampling import resampled_in_parts

#: Edge of the voxels of the search, mm.
SEARCH_MM = 2.0
#: How far from the centre of the canal its wall may be, mm.
_REACH_MM = 22.0
#: HU above which a voxel counts as the bony wall of the canal; soft enough for thick slices and
#: thin cortex. Chosen by us, as are the numbers below, on our simulated necks
#: (docs/sources.md#vertebral-bodies-and-canal).
CANAL_WALL_HU = 170.0
#: HU of what fills a canal: softer than this is fat or air outside it; harder is bone.
_CONTENT_HU = -150.0
#: HU below which a direction ends without a wall: an airway or the outside, never the canal.
_AIR_HU = -400.0
#: Directions in which a wall is looked for; after half of them, fewer than so many walls end the
#: search.
_DIRECTIONS, _LEAST_HALF_WAY = 24, 4
#: A canal is at least so wide to every side, search voxels (4 mm); what a narrower one costs.
_LEAST_CLEAR, _NARROW_COST = 2, 0.25
#: Marrow of a porous body is ringed by bone as well, but denser than what fills the canal: HU at
#: which the cost of a dense middle begins, over which it grows, and what it comes to.
_DENSE_HU, _DENSE_RANGE_HU, _DENSE_COST = 70.0, 60.0, 0.35
#: Cost of each search voxel by which opposite walls differ in distance, and the difference that is
#: taken where no two opposite walls are met.
_OFF_CENTRE_COST, _OFF_CENTRE_UNKNOWN = 0.03, 4.0
#: Share of directions that must meet bone for a slice to speak for a canal rather than against.
_FAIR_SHARE = 0.62
#: Cost of a sideways step of one search voxel between slices, squared in the step.
_STEP_COST = 0.03
_MAX_STEP = 3
#: How far the centre line is prolonged beyond the last arch, and over which length its direction
#: there is taken, mm. The arches of C1 and C2 stand far apart when the head is bent.
_BEYOND_TOP_MM, _BEYOND_BOTTOM_MM, _DIRECTION_MM = 50.0, 20.0, 36.0
#: A spine shorter than this, mm along the path, needs another sign to be believed; one that is
#: shorter than the second is not: a head CT down to C2 shows 18.
_SHORT_MM, _LEAST_MM = 35.0, 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Canal:
    """Centre line of the spinal canal, from the lowest slice that shows it to the highest.

    Parameters
    ----------
    points_lps : (n, 3) ndarray of float64, mm
        Ascending in z.
    length_mm : float, mm
        How much of it was seen; the rest goes on straight beyond.
    """

    points_lps: FloatArray
    length_mm: float

    @property
    def is_short(self) -> bool:
        """Whether so little of it was seen that it may be something else."""
        return self.length_mm < _SHORT_MM


def search_grid(grid: Grid, spacing_mm: float = SEARCH_MM) -> Grid:
    """Return a grid along the patient axes with cubic voxels that holds another one.

    Parameters
    ----------
    grid : Grid
        Any grid, tilted and flipped ones included.
    spacing_mm : float, mm
        Edge of the voxels.
    """
    low, high = grid.corners_lps.min(axis=0), grid.corners_lps.max(axis=0)
    counts = np.maximum(np.floor((high - low) / spacing_mm).astype(int) + 1, 1)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing_mm
    affine[:3, 3] = low
    affine[3, 3] = 1
    return Grid(
        (int(counts[2]), int(counts[1]), int(counts[0])), affine, grid.frame_of_reference_uid
    )


def find_canal(ct: Volume) -> Canal | None:
    """Find the spinal canal.

    Parameters
    ----------
    ct : Volume
        HU, any orientation and slice thickness.

    Returns
    -------
    Canal or None
        None when nothing in the field looks like a spine.
    """
    grid = search_grid(ct.grid)
    path = _best_path(ct, grid)
    length_mm = (len(path) - 1) * SEARCH_MM
    if length_mm < _LEAST_MM:
        return None
    return Canal(_prolonged(grid.to_lps(path), grid), length_mm)


def _prolonged(points: FloatArray, grid: Grid) -> FloatArray:
    """Go on straight beyond both ends, where arches are far apart, as long as the field goes on."""
    result = points
    for end, length_mm in ((-1, _BEYOND_TOP_MM), (0, _BEYOND_BOTTOM_MM)):
        back = min(len(points) - 1, int(_DIRECTION_MM / SEARCH_MM))
        inner = points[-1 - back] if end else points[back]
        direction = (points[end] - inner) / np.linalg.norm(points[end] - inner)
        steps = np.arange(SEARCH_MM, length_mm, SEARCH_MM)[:, None]
        beyond = points[end] + steps * direction
        inside = np.logical_and.accumulate(grid.contains(beyond))
        beyond = beyond[inside]
        result = np.concatenate([result, beyond] if end else [beyond[::-1], result])
    return result


def _directions(count: int = _DIRECTIONS) -> npt.NDArray[np.float32]:
    angles = np.arange(count) * 2 * np.pi / count
    return np.stack([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def _rays(directions: npt.NDArray[np.float32], reach: int) -> npt.NDArray[np.int64]:
    """Return the steps (j, i) to the voxels along each direction, (2, 2, directions, reach, 2).

    Halves are rounded to even numbers, so that steps depend on whether j and i are odd.
    """
    odd = np.array([[[0, 0], [0, 1]], [[1, 0], [1, 1]]])[:, :, None, None]
    along = np.arange(1, reach + 1)[:, None] * directions[:, None].astype(np.float64)
    return np.asarray(np.rint(odd + along) - odd, dtype=np.int64)


#: What a ray from the canal meets: nothing, what ends it without a wall, or a wall.
_FREE, _END, _WALL = 0, 1, 2


@compiled()
def _met(plane: Any, reach: int, bone: float) -> Any:
    """Return what rays meet in each voxel of a plane, and in a margin about it: their end."""
    nj, ni = plane.shape
    met = np.full((nj + 2 * reach, ni + 2 * reach), np.uint8(_END))
    for j in range(nj):
        for i in range(ni):
            value = plane[j, i]
            if value > bone:
                met[j + reach, i + reach] = _WALL
            elif not value < _AIR_HU:
                met[j + reach, i + reach] = _FREE
    return met


@compiled()
def _ring_score(hu: Any, rays: Any, bone: float) -> Any:
    nk, nj, ni = hu.shape
    n, reach = rays.shape[2], rays.shape[3]
    score = np.full((nk, nj, ni), np.float32(-1.0))
    hits = np.zeros(n, np.int64)
    wide = ni + 2 * reach
    steps = rays[..., 0] * wide + rays[..., 1]
    for k in range(nk):
        plane = _met(hu[k], reach, bone).reshape(-1)
        for j in range(1, nj - 1):
            for i in range(1, ni - 1):
                v = hu[k, j, i]
                if v < _CONTENT_HU or v > bone:
                    continue
                here = (j + reach) * wide + i + reach
                met = 0
                for d in range(n):
                    hits[d] = 0
                    for r in range(reach):
                        what = plane[here + steps[j % 2, i % 2, d, r]]
                        if what != _FREE:
                            if what == _WALL:
                                hits[d] = r + 1
                                met += 1
                            break
                    if d == n // 2 - 1 and met < _LEAST_HALF_WAY:
                        break
                    if met + n - 1 - d < n // 2:  # too few are left
                        break
                if met < n // 2:
                    continue
                # Clearance and centring: opposite walls at about the same distance.
                off = 0.0
                pairs = 0
                clear = reach
                for d in range(n):
                    if hits[d]:
                        clear = min(clear, hits[d])
                for d in range(n // 2):
                    a, b = hits[d], hits[d + n // 2]
                    if a and b:
                        off += abs(a - b)
                        pairs += 1
                f = np.float32(met / n)
                if clear < _LEAST_CLEAR:
                    f -= _NARROW_COST
                mean = np.float32(0)
                for a in range(-2, 3):
                    for b in range(-2, 3):
                        mean += hu[k, min(max(j + a, 0), nj - 1), min(max(i + b, 0), ni - 1)]
                mean /= 25
                denser = min(max(float((mean - _DENSE_HU) / _DENSE_RANGE_HU), 0.0), 1.0)
                f -= _DENSE_COST * denser
                centred = off / pairs if pairs else _OFF_CENTRE_UNKNOWN
                score[k, j, i] = f - _OFF_CENTRE_COST * centred
    return score


def _best_path(ct: Volume, grid: Grid) -> npt.NDArray[np.int64]:
    """Return the voxels of the best path; the sums are kept of one slice, the steps of all."""
    rays, width = _rays(_directions(), int(_REACH_MM / SEARCH_MM)), 2 * _MAX_STEP + 1
    steps = np.empty(grid.shape, dtype=np.int8)
    before = np.zeros(grid.shape[1:], dtype=np.float32)
    highest, end, start = np.float32(0), (-1, -1, -1), 0
    for hu in resampled_in_parts(ct, grid, transform=RigidTransform.identity()):
        hu[np.isnan(hu)] = -1000.0
        sums = _ring_score(hu, rays, CANAL_WALL_HU)
        sums -= np.float32(_FAIR_SHARE)
        _forward(sums, before, steps[start : start + len(hu)], _MAX_STEP, _STEP_COST)
        k, j, i = (int(n) for n in np.unravel_index(int(sums.argmax()), sums.shape))
        if sums[k, j, i] > highest:
            highest, end = sums[k, j, i], (start + k, j, i)
        before = sums[-1].copy()
        start += len(hu)
    path = [end] if end[0] >= 0 else []
    while path and (code := int(steps[path[-1]])) >= 0:
        k, j, i = path[-1]
        path.append((k - 1, j + code // width - _MAX_STEP, i + code % width - _MAX_STEP))
    return np.array(path[::-1], dtype=np.int64).reshape(-1, 3)


@compiled()
def _forward(sums: Any, before: Any, steps: Any, max_step: int, step_cost: float) -> None:
    # From what each voxel gains: best sum of a path that may start anywhere and ends in it.
    nk, nj, ni = sums.shape
    width = 2 * max_step + 1
    best = np.zeros((nj, ni))
    for k in range(nk):
        last = before if k == 0 else sums[k - 1]
        best[:] = 0.0
        steps[k] = -1
        # From every voxel that a path may come from: most are none.
        for a in range(nj):
            for b in range(ni):
                come = last[a, b]
                if come <= 0:
                    continue
                for dj in range(max(-max_step, a - nj + 1), min(max_step, a) + 1):
                    for di in range(max(-max_step, b - ni + 1), min(max_step, b) + 1):
                        value = come - step_cost * (dj * dj + di * di)
                        if value > best[a - dj, b - di]:
                            best[a - dj, b - di] = value
                            steps[k, a - dj, b - di] = (dj + max_step) * width + di + max_step
        for j in range(nj):
            for i in range(ni):
                sums[k, j, i] += best[j, i]
