"""What lies within a distance of a part of a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fusion.geometry.directions import FloatArray

#: Planes whose distances are measured at once.
_AT_ONCE = 32


def near_mask(
    mask: npt.NDArray[np.bool_], margin_mm: float, spacing_mm: FloatArray
) -> npt.NDArray[np.bool_]:
    """Return what lies within a margin of a mask; in parts, as distances take 20 bytes a voxel.

    Parameters
    ----------
    mask : (k, j, i) ndarray of bool
        The part.
    margin_mm : float, mm
        Of the centres of the voxels.
    spacing_mm : (3,) ndarray of float64, mm
        Between voxels along k, j and i.
    """
    from scipy import ndimage  # takes its time; the first picture has no use for it

    result = np.zeros_like(mask)
    beside = int(margin_mm / spacing_mm[0]) + 1
    for start in range(0, len(mask), _AT_ONCE):
        first, end = max(0, start - beside), start + _AT_ONCE
        part = mask[first : end + beside]
        if part.any():
            away = ndimage.distance_transform_edt(~part, sampling=spacing_mm.tolist())
            result[start:end] = (away <= margin_mm)[start - first : end - first]
    return result
