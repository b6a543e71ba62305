"""What the resolution of the functional volume does to a joint: spread, spill, merging.

The point spread function is taken to be a Gaussian of one full width at half maximum in all
directions; a joint is taken to be a small body spread by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from fusion.geometry import FloatArray

#: Full width at half maximum of a Gaussian over its standard deviation.
FWHM_PER_SIGMA = 2.354820045
#: Variance of a facet joint with its subchondral bone about its centre, mm², mean of the three
#: axes: 12 × 12 × 6 mm as a disc, (12²/16 + 12²/16 + 6²/12) / 3 = 7
#: (docs/sources.md#partial-volume).
FACET_VARIANCE_MM2 = 7.0
#: The same as a box, mm.
FACET_SIZE_MM = (12.0, 12.0, 6.0)
#: Resolutions that are believed, mm: 8 to 12 is typical of a reconstruction and 15 poor
#: (docs/sources.md#bone-spect-resolution).
RESOLUTIONS_MM = (6.0, 18.0)
#: Taken when the resolution is neither stated nor visible in the data, mm: the middle of 8 to 12.
ASSUMED_RESOLUTION_MM = 10.0


def sigma_mm(resolution_mm: float) -> float:
    """Return the standard deviation, mm, of a full width at half maximum, mm."""
    return resolution_mm / FWHM_PER_SIGMA


def joint_sigma_mm(resolution_mm: float) -> float:
    """Return the standard deviation, mm, of a joint as it appears in the image.

    Parameters
    ----------
    resolution_mm : float, mm
        Full width at half maximum of a point in the image, voxels included.
    """
    return float(np.sqrt(sigma_mm(resolution_mm) ** 2 + FACET_VARIANCE_MM2))


def recovery(resolution_mm: float) -> float:
    """Return which part of its true concentration a lone joint keeps at its peak, 0 to 1.

    Parameters
    ----------
    resolution_mm : float, mm
        Full width at half maximum.

    Notes
    -----
    A box of :data:`FACET_SIZE_MM` blurred by a Gaussian (docs/sources.md#partial-volume).
    """
    sigma = sigma_mm(resolution_mm)
    return float(np.prod([erf(size / (2 * np.sqrt(2) * sigma)) for size in FACET_SIZE_MM]))


def spread(points_lps: FloatArray, center_lps: npt.ArrayLike, sigma: float) -> FloatArray:
    """Return a Gaussian of height 1 about a centre at points (..., 3), all in mm."""
    squared = np.square(points_lps - np.asarray(center_lps, dtype=np.float64)).sum(axis=-1)
    result: FloatArray = np.exp(-squared / (2 * sigma**2))
    return result


def valley_to_peak(distance_mm: float, resolution_mm: float) -> float:
    """Return how deep the valley between two equal point sources is: 0 apart, 1 merged.

    Parameters
    ----------
    distance_mm : float, mm
        Between the two.
    resolution_mm : float, mm
        Full width at half maximum.

    Notes
    -----
    Value half way over the value at one of the sources, of the sum of both (for 15 mm:
    docs/sources.md#partial-volume).
    """
    variance = sigma_mm(resolution_mm) ** 2
    squared = distance_mm**2
    valley = 2 * np.exp(-squared / (8 * variance))
    return min(float(valley / (1 + np.exp(-squared / (2 * variance)))), 1.0)
