"""How sharp a functional volume is, to a tenth of a millimetre, and how far that may be off.

The small model of the neck (:mod:`fusion.uptake.activity`) is fitted at each resolution that is
believed; the one that leaves least is between the steps. What the model gets wrong about a neck is
the same on two dates of one patient, so that a difference of two resolutions is known far better
than either. How well is learnt from the neck itself: each level is left out in turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from fusion.anatomy import LEVELS
from fusion.geometry import FloatArray
from fusion.uptake.activity import CLEARLY, FIT_MM, Resolution, blurred_bone, reduced
from fusion.uptake.native import NativeNeck
from fusion.uptake.resolution import ASSUMED_RESOLUTION_MM, RESOLUTIONS_MM, sigma_mm

_STEP_MM = 1.0
#: Gaussians of a smaller variance than this, in steps², are not sampled.
_NARROW = 0.5
#: Weight of seen voxels below which a place is none of the picture's.
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True, slots=True)
class Sharpness:
    """Resolution of a functional volume, read off the neck, and off parts of it.

    Parameters
    ----------
    mm : float, mm
        Full width at half maximum; :data:`~fusion.uptake.resolution.ASSUMED_RESOLUTION_MM` where
        nothing can be read off.
    is_known : bool
        Whether it was read off the data.
    without : mapping of str to float or None, mm
        The same with the surroundings of one level left out; None where what is left tells nothing:
        the whole hangs on that level.
    """

    mm: float
    is_known: bool
    without: Mapping[str, float | None]


def sharpness_of(neck: NativeNeck) -> Sharpness:
    """Read the resolution off the data.

    Parameters
    ----------
    neck : NativeNeck
        With the share of bone of its voxels.
    """
    from scipy.optimize import nnls  # takes its time; without uptake nothing is fitted

    parts = _by_level(neck)
    nothing = np.zeros((0, 3))
    tried = np.arange(RESOLUTIONS_MM[0], RESOLUTIONS_MM[1] + _STEP_MM / 2, _STEP_MM)
    left = np.zeros((len(tried), len(parts) + 1))
    for row, mm in enumerate(tried):
        resolution = Resolution(float(mm), "tried")
        bone = blurred_bone(neck, resolution)
        triangles = [reduced(neck, part, bone, nothing, resolution) for part in parts.values()]
        for column in range(len(parts) + 1):
            kept = np.concatenate([t for n, t in enumerate(triangles) if n != column - 1])
            left[row, column] = nnls(kept[:, :-1], kept[:, -1])[1]
    found = [_lowest(tried, residuals) for residuals in left.T]
    return Sharpness(
        found[0] or ASSUMED_RESOLUTION_MM,
        found[0] is not None,
        dict(zip(parts, found[1:], strict=True)),
    )


def _by_level(neck: NativeNeck) -> dict[str, npt.NDArray[np.bool_]]:
    """Return the voxels that take part in a fit, by the level of the nearest joint."""
    rows = (neck.distance_mm <= FIT_MM) & neck.seen
    _, nearest = cKDTree(neck.centers_lps).query(neck.points_lps[rows])
    found = {}
    for level in LEVELS:
        own = [n for n, joint in enumerate(neck.joints) if joint.level == level]
        if own:
            mine = np.zeros(rows.shape, np.bool_)
            mine[rows] = np.isin(nearest, own)
            found[level] = mine
    return found


def _lowest(tried: FloatArray, residuals: FloatArray) -> float | None:
    """Return where residuals are least, between the steps; None where that is not clear."""
    best = int(residuals.argmin())
    ends = min(residuals[0], residuals[-1])
    if best in (0, len(tried) - 1) or residuals[best] > (1 - CLEARLY) * ends:
        return None
    before, here, after = np.square(residuals[best - 1 : best + 2])
    off = 0.5 * (before - after) / (before - 2 * here + after)
    return float(tried[best] + _STEP_MM * off)


def smoothed(neck: NativeNeck, resolution_mm: float, to_mm: float) -> NativeNeck:
    """Return a neck as a coarser picture would show it.

    Parameters
    ----------
    neck : NativeNeck
        With values of ``resolution_mm``.
    resolution_mm, to_mm : float, mm
        Full widths at half maximum; nothing is done where the second is not the larger one.
    """
    variance = sigma_mm(to_mm) ** 2 - sigma_mm(resolution_mm) ** 2
    if variance <= 0:
        return neck
    values, weight = np.where(neck.seen, neck.values, 0.0), neck.seen.astype(np.float64)
    for axis, spacing in enumerate(neck.spacing_mm):
        kernel = _kernel(variance / spacing**2)
        values = ndimage.correlate1d(values, kernel, axis, mode="nearest")
        weight = ndimage.correlate1d(weight, kernel, axis, mode="nearest")
    # What the detector did not see has no part in it.
    own = np.where(neck.seen, values / np.maximum(weight, _LEAST_WEIGHT), neck.values)
    return replace(neck, values=own)


def _kernel(variance: float) -> FloatArray:
    """Return weights of whole steps that blur as a Gaussian of this variance does, in steps².

    Samples of a Gaussian narrower than a step have too little variance; five weights with its
    second and fourth moment do to a picture what it would, however narrow.
    """
    if variance < _NARROW:
        second = (3 * variance**2 - variance) / 24
        first = variance / 2 - 4 * second
        return np.array([second, first, 1 - 2 * (first + second), first, second])
    reach = int(np.ceil(5 * np.sqrt(variance)))
    weights: FloatArray = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * variance))
    weights /= weights.sum()
    return weights
