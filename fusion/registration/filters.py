"""The few filters that registration needs, in NumPy alone.

Importing ``scipy.ndimage`` takes longer than registering does, and ``numba`` longer still; a blur
as a product with a banded matrix is as fast as either (BLAS does it).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray

Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

#: A Gaussian is cut off at this many standard deviations.
_TRUNCATE = 3.0
#: So many planes are blurred in one product; the band outside of it is not multiplied. BLAS starts
#: threads for larger products (OpenBLAS: above 2¹⁸ multiplications), which cost more than they
#: bring on pictures this small, and much more on a busy machine.
_CHUNK = 16
#: Rows that are summed in one product, for the same reason.
_ROWS = 1024


def blurred(values: npt.NDArray[Any], sigma: npt.ArrayLike) -> Float32Array:
    """Return an array blurred by a Gaussian; edge values continue outside.

    Parameters
    ----------
    values : (k, j, i) ndarray
        Any real type.
    sigma : float or (3,) array_like of float, voxels
        Standard deviation along each axis.
    """
    result = np.ascontiguousarray(values, dtype=np.float32)
    for axis, width in enumerate(np.broadcast_to(np.asarray(sigma, dtype=np.float64), 3)):
        if width > 0:
            result = _along(result, float(width), axis)
    return result


def _along(values: Float32Array, sigma: float, axis: int) -> Float32Array:
    count = values.shape[axis]
    reach = int(_TRUNCATE * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps /= taps.sum()
    out = np.empty_like(values)
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        low, high = max(0, start - reach), min(count, stop + reach)
        band = np.zeros((stop - start, high - low), np.float32)
        rows = np.arange(stop - start)
        for shift, tap in zip(range(-reach, reach + 1), taps, strict=True):
            # One tap hits every row once, so plain indexing adds correctly.
            band[rows, np.clip(rows + start + shift, 0, count - 1) - low] += np.float32(tap)
        if axis == 2:
            out[..., start:stop] = values[..., low:high] @ band.T
        else:
            # Planes side by side: one product each.
            source, target = (np.moveaxis(a, axis, 1) for a in (values, out))
            target[:, start:stop] = band @ source[:, low:high]
    return out


def products(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a.T @ b`` of two arrays with many rows and few columns, in one thread.

    Parameters
    ----------
    a : (n, p) ndarray of float64
    b : (n, q) ndarray of float64
    """
    whole = len(a) // _ROWS * _ROWS
    parts = [array[:whole].reshape(-1, _ROWS, array.shape[1]) for array in (a, b)]
    total: FloatArray = (parts[0].transpose(0, 2, 1) @ parts[1]).sum(axis=0)
    total += a[whole:].T @ b[whole:]
    return total


def blurred_line(values: FloatArray, sigma: float) -> FloatArray:
    """Return a (n,) profile blurred by a Gaussian of ``sigma`` samples."""
    return _along(values.astype(np.float32)[:, None, None], sigma, 0).ravel().astype(np.float64)


def dilated(mask: BoolArray) -> BoolArray:
    """Return a mask grown by one voxel along each axis."""
    grown = mask.copy()
    for axis in range(3):
        one, other = _shifted(axis)
        grown[one] |= mask[other]
        grown[other] |= mask[one]
    return grown


def eroded(mask: BoolArray) -> BoolArray:
    """Return a mask shrunk by one voxel along each axis; beyond the edges there is nothing."""
    return ~dilated(np.pad(~mask, 1, constant_values=True))[1:-1, 1:-1, 1:-1]


def within(mask: BoolArray, spacing_mm: FloatArray, reach_mm: float) -> BoolArray:
    """Return the voxels at most this far (mm, between centres) from the mask."""
    far = np.float32(reach_mm**2 * 4 + 1)
    squared = np.where(mask, np.float32(0), far)
    for axis, spacing in enumerate(spacing_mm):
        nearest = squared.copy()
        for step in range(1, min(int(reach_mm / spacing), mask.shape[axis] - 1) + 1):
            one, other = _shifted(axis, step)
            away = np.float32((step * spacing) ** 2)
            np.minimum(nearest[one], squared[other] + away, out=nearest[one])
            np.minimum(nearest[other], squared[one] + away, out=nearest[other])
        squared = nearest
    return np.asarray(squared <= reach_mm**2 * (1 + 1e-6))


def largest_piece(mask: BoolArray) -> BoolArray:
    """Return the largest part of a mask whose voxels hang together by their faces.

    Rows of voxels along the last axis are joined to those beside them, until nothing changes.
    """
    if not mask.any():
        return mask.copy()
    begins = mask.copy()
    begins[..., 1:] &= ~mask[..., :-1]
    row = np.cumsum(begins, dtype=np.int32).reshape(mask.shape) - 1
    pairs = []
    for axis in (0, 1):
        one, other = _shifted(axis)
        # Two rows that touch do so where one of them begins.
        touch = mask[one] & mask[other] & (begins[one] | begins[other])
        pairs.append((row[one][touch], row[other][touch]))
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    label = np.arange(int(row.flat[-1]) + 1)
    while True:
        low = np.minimum(label[first], label[second])
        joined = label.copy()
        np.minimum.at(joined, label[first], low)
        np.minimum.at(joined, label[second], low)
        joined = joined[joined]
        if np.array_equal(joined, label):
            break
        label = joined
    voxels = np.bincount(label[row[mask]])
    return np.asarray(mask & (label[row] == voxels.argmax()))


def _shifted(axis: int, step: int = 1) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Slices of all but the first, and all but the last, ``step`` planes."""
    one, other = [slice(None)] * 3, [slice(None)] * 3
    one[axis], other[axis] = slice(step, None), slice(None, -step)
    return tuple(one), tuple(other)
