"""The loops of a resampling, compiled: a plane or a grid along its axes, or obliquely."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusion.compiled import compiled

#: Half a voxel plus rounding: where a voxel ends.
HALF_VOXEL = 0.5 + 1e-9


@compiled()
def separable(src: Any, k0: Any, wk: Any, j0: Any, wj: Any, i0: Any, wi: Any, out: Any) -> None:
    """Linear interpolation where the axes of source and target run in parallel.

    Along i once for each plane of the source, then along k for the few rows that are needed, then
    along j: the last step touches every target voxel and reads and writes nothing but contiguous
    rows.
    """
    ns, nj, ni = src.shape
    up_k, up_j, up_i = min(1, ns - 1), min(1, nj - 1), min(1, ni - 1)
    count = out.shape[2]
    first, last = count, 0
    for i in range(count):
        if i0[i] >= 0:
            first = min(first, i)
            last = max(last, i + 1)
    top, bottom = nj, 0
    for j in range(out.shape[1]):
        if j0[j] >= 0:
            top = min(top, j0[j])
            bottom = max(bottom, j0[j] + up_j + 1)
    # Two planes of the source spread along i; a plane of the target mostly needs the same two as
    # the one before.
    below = np.full((nj, count), np.nan, dtype=np.float32)
    above = np.full((nj, count), np.nan, dtype=np.float32)
    wide = np.empty((nj, count), dtype=np.float32)
    at_below, at_above = -1, -1
    for k in range(out.shape[0]):
        if k0[k] < 0 or first >= last:
            out[k] = np.nan
            continue
        lower, upper = k0[k], k0[k] + up_k
        if lower == at_above or upper == at_below:
            below, above = above, below
            at_below, at_above = at_above, at_below
        if lower != at_below:
            _spread(src[lower, top:bottom], i0, wi, up_i, first, last, below[top:bottom])
            at_below = lower
        if upper != at_above:
            _spread(src[upper, top:bottom], i0, wi, up_i, first, last, above[top:bottom])
            at_above = upper
        for j in range(top, bottom):
            _blend_rows(below[j], above[j], wk[k], wide[j])
        for j in range(out.shape[1]):
            if j0[j] < 0:
                out[k, j] = np.nan
            else:
                _blend_rows(wide[j0[j]], wide[j0[j] + up_j], wj[j], out[k, j])


@compiled()
def _spread(plane: Any, lower: Any, weight: Any, up: Any, first: Any, last: Any, wide: Any) -> None:
    """Interpolate every row of a plane at the same places from ``first`` to ``last``."""
    for j in range(plane.shape[0]):
        row = plane[j]
        for i in range(first, last):
            n = lower[i]
            wide[j, i] = row[n] + weight[i] * (row[n + up] - row[n])


@compiled()
def _blend_rows(low: Any, high: Any, weight: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = low[i] + weight * (high[i] - low[i])


@compiled()
def _inside_run(p: Any, d: Any, count: int, size: Any) -> tuple[int, int]:
    """First and one past the last step along a line whose position lies in the source."""
    low, high = 0.0, float(count - 1)
    for axis in range(3):
        top = size[axis] - 1 + HALF_VOXEL
        if d[axis] == 0.0:
            if p[axis] < -HALF_VOXEL or p[axis] > top:
                return 0, 0
        else:
            one = (-HALF_VOXEL - p[axis]) / d[axis]
            two = (top - p[axis]) / d[axis]
            low = max(low, min(one, two))
            high = min(high, max(one, two))
    if high < low:
        return 0, 0
    first, last = int(np.ceil(low)), int(np.floor(high)) + 1
    return (first, last) if last > first else (0, 0)


@compiled()
def trilinear(src: Any, origin: Any, steps: Any, out: Any) -> None:
    """Linear interpolation on any affine grid; ``steps[n]`` is the source step per target axis.

    Row by row in two passes. The first says where each voxel lies: nothing but arithmetic, in
    float64, so that the compiler does several voxels at once. The second does nothing but fetch
    eight neighbours and blend them in float32. One loop doing both is much slower.
    """
    size = src.shape
    strides = (
        min(1, size[0] - 1) * size[1] * size[2],
        min(1, size[1] - 1) * size[2],
        min(1, size[2] - 1),
    )
    flat = src.reshape(-1)
    corner = np.empty(out.shape[2], dtype=np.int64)
    wk = np.empty(out.shape[2], dtype=np.float32)
    wj = np.empty(out.shape[2], dtype=np.float32)
    wi = np.empty(out.shape[2], dtype=np.float32)
    d = (steps[2, 0], steps[2, 1], steps[2, 2])
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            p = (
                origin[0] + a * steps[0, 0] + b * steps[1, 0],
                origin[1] + a * steps[0, 1] + b * steps[1, 1],
                origin[2] + a * steps[0, 2] + b * steps[1, 2],
            )
            row = out[a, b]
            first, last = _inside_run(p, d, out.shape[2], size)
            row[:first] = np.nan
            row[last:] = np.nan
            _place(p, d, size, first, corner[: last - first], wk, wj, wi)
            _blend(flat, strides, corner, wk, wj, wi, row[first:last])


# "contract" (multiply and add in one) is the only liberty taken: nan and inf in the source stay.
@compiled(fastmath={"contract"})
def _place(p: Any, d: Any, size: Any, first: Any, corner: Any, wk: Any, wj: Any, wi: Any) -> None:
    """Find the cell that holds each voxel of a run: its lower corner in memory, and the weights.

    Clamped: in the outer half voxel the value of the edge continues.
    """
    nk, nj, ni = size
    top_k, top_j, top_i = nk - 1.0, nj - 1.0, ni - 1.0
    last_k, last_j, last_i = max(nk - 2.0, 0.0), max(nj - 2.0, 0.0), max(ni - 2.0, 0.0)
    plane, line = float(nj * ni), float(ni)
    for c in range(corner.size):
        n = np.float64(np.int32(first + c))
        z = min(max(p[0] + n * d[0], 0.0), top_k)
        y = min(max(p[1] + n * d[1], 0.0), top_j)
        x = min(max(p[2] + n * d[2], 0.0), top_i)
        k, j, i = min(np.floor(z), last_k), min(np.floor(y), last_j), min(np.floor(x), last_i)
        corner[c] = np.int64(k * plane + j * line + i)  # whole numbers: exact up to 2^53
        wk[c] = z - k
        wj[c] = y - j
        wi[c] = x - i


@compiled(fastmath={"contract"})
def _blend(flat: Any, strides: Any, corner: Any, wk: Any, wj: Any, wi: Any, row: Any) -> None:
    """Blend the eight corners of the cell of each voxel of a run.

    Between the four lines along i at both ends of the cell, then along i.
    """
    up_k, up_j, up_i = strides
    s00, s01, s10, s11 = flat, flat[up_j:], flat[up_k:], flat[up_k + up_j :]
    step = np.uint64(up_i)
    for c in range(row.size):
        n = np.uint64(corner[c])  # without a sign: never counted from the end, so no test for it
        m = n + step
        w11 = wk[c] * wj[c]
        w10, w01 = wk[c] - w11, wj[c] - w11
        w00 = np.float32(1) - wk[c] - w01
        low = w00 * s00[n] + w01 * s01[n] + w10 * s10[n] + w11 * s11[n]
        high = w00 * s00[m] + w01 * s01[m] + w10 * s10[m] + w11 * s11[m]
        row[c] = low + wi[c] * (high - low)


@compiled()
def nearest(src: Any, origin: Any, steps: Any, out: Any) -> None:
    """Value of the voxel that holds the point."""
    nk, nj, ni = src.shape
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            p = origin + a * steps[0] + b * steps[1]
            row = out[a, b]
            first, last = _inside_run(p, steps[2], out.shape[2], src.shape)
            row[:first] = np.nan
            row[last:] = np.nan
            for c in range(first, last):
                k = min(max(int(np.floor(p[0] + c * steps[2, 0] + 0.5)), 0), nk - 1)
                j = min(max(int(np.floor(p[1] + c * steps[2, 1] + 0.5)), 0), nj - 1)
                i = min(max(int(np.floor(p[2] + c * steps[2, 2] + 0.5)), 0), ni - 1)
                row[c] = src[k, j, i]
