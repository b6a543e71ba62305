"""The grain of a CT: its noise and finest texture, which no two scans of one neck share.

Slices that are there twice have it twice, also where they were turned and laid anew afterwards. Two
vertebrae that are alike have not, however alike they are.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.facets.automatic.picture.stacks import Stack
from fusion.facets.automatic.picture.stretch import Move, Picture, by_part, moved
from fusion.geometry import FloatArray

# Numbers below were chosen by us on five real CTs (docs/sources.md#breaks-in-a-stack).

#: Grain is what is left of a plane when the same blurred by this (standard deviation) is taken off,
#: and the mean of the planes within this distance, mm: vessels and fasciae go on through them.
_GRAIN_MM, _PLANES_MM = 2.0, 3.0
#: Blur in which soft tissue is told from bone and air, mm; HU between which it lies, how steep it
#: may be there, HU a mm, and what is left out about the rest, mm.
_BLUR_MM, _SOFT_HU, _STEEP, _MARGIN_MM = 1.5, (-170.0, 150.0), 25.0, 2.0
#: Share of soft tissue in what lies between voxels.
_SOFT_SHARE = 0.9
#: How far about a move the best one is looked for: steps of half a plane, and of a voxel; then
#: finer.
_PLANES_ABOUT, _VOXELS_ABOUT, _FINER = 1.0, 2, (0.5, 0.25)
#: The picture is judged in so many parts each way; voxels that a part needs, and parts.
_PARTS, _LEAST_VOXELS, _LEAST_PARTS = 4, 60, 7


def shared_grain(stack: Stack, move: Move, *, first: int, count: int) -> float:
    """Return how the grain of a stretch correlates with that of what it is moved to.

    Parameters
    ----------
    stack : Stack
        Planes as they are.
    move : (float, float, float)
        About where it is looked for: planes up, voxels aside in y and in x.
    first, count : int
        The stretch.

    Returns
    -------
    float
        Median over the parts of the picture; 0 where too little of it is soft tissue.
    """
    up, y, x = move
    # What is further away than the planes that are taken off plays no part.
    below = min(first, round(_PLANES_MM / stack.step_mm) + 1)
    above = int(np.ceil(up)) + count + round(_PLANES_MM / stack.step_mm) + 4
    hu = stack.hu[first - below : first + above]
    grain, soft = _grain(hu, stack)

    def parts(at: Move) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        return _products(grain, soft, at, first=below, count=count)

    def alike(at: Move) -> float:
        if at[0] < 0:
            return -1.0
        both, one, other, _ = (part.sum() for part in parts(at))
        return float(both / np.sqrt(max(one * other, 1e-6)))

    about = np.arange(-_VOXELS_ABOUT, _VOXELS_ABOUT + 1)
    ups = np.arange(-_PLANES_ABOUT, _PLANES_ABOUT + 0.01, 0.5)
    best = max(((up + a, y + b, x + c) for a, b, c in product(ups, about, about)), key=alike)
    for part in _FINER:
        sides = (0.0, -part, part)
        near = product((0.0, -part / 2, part / 2), sides, sides)
        best = max(((best[0] + a, best[1] + b, best[2] + c) for a, b, c in near), key=alike)
    if best[0] < 0:
        return 0.0
    both, one, other, voxels = parts(best)
    known = voxels >= _LEAST_VOXELS
    if known.sum() < _LEAST_PARTS:
        return 0.0
    return float(np.median(both[known] / np.sqrt(np.maximum(one * other, 1e-6)[known])))


def _grain(hu: Picture, stack: Stack) -> tuple[Picture, npt.NDArray[np.float32]]:
    """Return the grain of planes, HU, and where it is of soft tissue, 0 or 1."""
    fine = hu - ndimage.gaussian_filter(hu, [0.0, *(_GRAIN_MM / e for e in stack.edges_mm)])
    planes = 2 * max(round(_PLANES_MM / stack.step_mm), 1) + 1
    fine -= ndimage.uniform_filter1d(fine, planes, axis=0)
    smooth = ndimage.gaussian_filter(hu, [0.0, *(_BLUR_MM / e for e in stack.edges_mm)])
    steep = np.hypot(*(np.gradient(smooth, e, axis=n + 1) for n, e in enumerate(stack.edges_mm)))
    other = (smooth < _SOFT_HU[0]) | (smooth > _SOFT_HU[1]) | (steep > _STEEP)
    about = [1, *(2 * round(_MARGIN_MM / e) + 1 for e in stack.edges_mm)]
    soft = ~ndimage.maximum_filter(other, about)
    edges = [round(2 * _GRAIN_MM / e) for e in stack.edges_mm]  # there the blur knows half
    soft[:, : edges[0]] = soft[:, soft.shape[1] - edges[0] :] = False
    soft[:, :, : edges[1]] = soft[:, :, soft.shape[2] - edges[1] :] = False
    return fine, soft.astype(np.float32)


def _products(
    grain: Picture, soft: Picture, move: Move, *, first: int, count: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return by part: the sums of both, of each with itself, and the voxels of soft tissue."""
    one, other = moved(grain, move, first=first, count=count)
    here, there = moved(soft, move, first=first, count=count)
    both = ((here > _SOFT_SHARE) & (there > _SOFT_SHARE)).astype(np.float32)
    one, other = one * both, other * both
    return (
        by_part(one * other, _PARTS),
        by_part(one * one, _PARTS),
        by_part(other * other, _PARTS),
        by_part(both, _PARTS),
    )
