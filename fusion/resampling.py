"""A volume onto a grid: interpolated once, from the original values.

A :class:`Resampler` holds everything that stays the same while a reader scrolls, so one plane, a
handful of points or the whole grid cost only themselves. Nothing is resampled twice.

Edge rule
    A voxel reaches half a spacing beyond its centre (as in ITK): inside that border the value of
    the edge voxel continues, beyond it the result is ``nan``, which means *outside the field of
    view* and never *no uptake*. What a detector did not see (:class:`fusion.geometry.FieldOfView`)
    is outside in the same way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import ndimage

from fusion.errors import GeometryError
from fusion.geometry import (
    FloatArray,
    Grid,
    RigidTransform,
    Volume,
    block_around,
    block_of,
    seen_part,
)
from fusion.progress import ProgressCallback

Interpolation = Literal["linear", "nearest"]

#: Off-diagonal part of the index-to-index map, in voxels over the whole target, below which the
#: two grids count as parallel and the fast separable kernel is exact to float32.
_PARALLEL_TOLERANCE_VOXELS = 1e-6
#: Slices that are made at once, and most of such parts in the making.
_SLAB, _WORKERS = 32, 8
#: Half a voxel plus rounding: where a voxel ends.
_HALF_VOXEL = 0.5 + 1e-9
#: Slices of the grid that :func:`resampled_in_parts` fills at once.
_PART = 8


class Resampler:
    """Interpolates one volume on one grid.

    Parameters
    ----------
    volume : Volume
        The original values (moving side).
    grid : Grid
        Where values are wanted (fixed side).
    transform : RigidTransform, optional
        Points of the volume's frame to points of the grid's frame. May be left out only when
        both state the same Frame of Reference.
    interpolation : {"linear", "nearest"}
        How values between voxel centres are made.

    Raises
    ------
    GeometryError
        Two Frames of Reference and no transform.
    """

    __slots__ = (
        "_affine",
        "_matrix",
        "_native",
        "_seen",
        "_source",
        "_transform",
        "grid",
        "interpolation",
        "volume",
    )

    def __init__(
        self,
        volume: Volume,
        grid: Grid,
        *,
        transform: RigidTransform | None = None,
        interpolation: Interpolation = "linear",
    ) -> None:
        if transform is None:
            frames = volume.grid.frame_of_reference_uid, grid.frame_of_reference_uid
            if frames[0] is None or frames[0] != frames[1]:
                raise GeometryError(
                    "The two volumes do not share a coordinate system (DICOM Frame of Reference); "
                    "they can only be combined through a Registration."
                )
            transform = RigidTransform.identity()
        self.volume = volume
        self.interpolation: Interpolation = interpolation
        part = seen_part(volume)
        self._native = part.grid
        self._source, self._seen = _continued(part)
        self._place(grid, transform)

    def with_transform(self, transform: RigidTransform) -> Resampler:
        """Return the same through another transform; the values are shared, so this costs nothing.

        Parameters
        ----------
        transform : RigidTransform
            Points of the volume's frame to points of the grid's frame.
        """
        return self._shared(self.grid, transform)

    def on(self, grid: Grid) -> Resampler:
        """Return the same on another grid of the same frame; the values are shared.

        Parameters
        ----------
        grid : Grid
            Where values are wanted instead.
        """
        return self._shared(grid, self._transform)

    def _shared(self, grid: Grid, transform: RigidTransform) -> Resampler:
        other = object.__new__(Resampler)
        other.volume, other.interpolation = self.volume, self.interpolation
        other._source, other._seen, other._native = self._source, self._seen, self._native
        other._place(grid, transform)
        return other

    def _place(self, grid: Grid, transform: RigidTransform) -> None:
        self.grid, self._transform = grid, transform
        # Target index -> world of the grid -> world of the volume -> source index.
        self._affine: FloatArray = (
            np.linalg.inv(self._native.affine) @ transform.inverse().matrix @ grid.affine
        )
        self._matrix: FloatArray = np.ascontiguousarray(self._affine[:3, :3])

    def plane(self, axis: int, index: int) -> npt.NDArray[np.float32]:
        """Return one plane of the grid.

        Parameters
        ----------
        axis : {0, 1, 2}
            Array axis that is held fixed: 0 gives ``[j, i]``, 1 ``[k, i]``, 2 ``[k, j]``.
        index : int
            Position along it.

        Returns
        -------
        2-D ndarray of float32
            ``nan`` outside the volume's field.
        """
        if not 0 <= index < self.grid.shape[axis]:
            raise IndexError(f"plane {index} of {self.grid.shape[axis]} along axis {axis}")
        start = [0, 0, 0]
        start[axis] = index
        shape = list(self.grid.shape)
        shape[axis] = 1
        return np.squeeze(self._block(start, shape), axis=axis)

    def array(self, progress: ProgressCallback | None = None) -> npt.NDArray[np.float32]:
        """Return the whole grid.

        Parameters
        ----------
        progress : callable, optional
            Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

        Returns
        -------
        (k, j, i) ndarray of float32
            ``nan`` outside the volume's field.
        """
        out = np.empty(self.grid.shape, dtype=np.float32)
        for _ in self._filled(out, progress):
            pass
        return out

    def slabs(self, progress: ProgressCallback | None = None) -> Iterator[npt.NDArray[np.float32]]:
        """Yield :meth:`array` in parts along k, in order, without holding the whole of it.

        Parameters
        ----------
        progress : callable, optional
            Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

        Yields
        ------
        (n, j, i) ndarray of float32
        """
        return self._filled(None, progress)

    def _filled(
        self, out: npt.NDArray[np.float32] | None, progress: ProgressCallback | None
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Yield parts along k, of ``out`` where it is given; a few are in the making at a time."""
        count, rows, columns = self.grid.shape
        slab = max(1, min(_SLAB, count // 4))
        workers = min(_WORKERS, cpu_count() or 1)
        waiting: deque[Future[npt.NDArray[np.float32]]] = deque()

        def part(start: int) -> npt.NDArray[np.float32]:
            end = min(start + slab, count)
            made = (
                np.empty((end - start, rows, columns), np.float32)
                if out is None
                else out[start:end]
            )
            self._fill((start, 0, 0), made)
            return made

        with ThreadPoolExecutor(max_workers=workers) as pool:
            try:
                for start in range(0, count + workers * slab, slab):
                    if start < count:
                        waiting.append(pool.submit(part, start))
                    if waiting and start >= workers * slab:
                        yield waiting.popleft().result()
                        if progress is not None:
                            progress(min(1.0, (start - (workers - 1) * slab) / count), "Resampling")
            finally:
                for job in waiting:
                    job.cancel()

    def at(self, points_lps: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return values at world points of the grid's frame.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            Points in the fixed frame.

        Returns
        -------
        (...) ndarray of float32
            ``nan`` outside the volume's field.
        """
        target = self.grid.to_kji(points_lps)
        source = target @ self._matrix.T + self._affine[:3, 3]
        out = np.empty((int(np.prod(source.shape[:-1], dtype=int)), 1, 1), dtype=np.float32)
        zero = np.zeros(3)
        for n, point in enumerate(source.reshape(-1, 3)):
            steps = np.array([zero, zero, zero])
            self._interpolate(point, steps, out[n : n + 1])
            if self._seen is not None:
                inside = np.empty((1, 1, 1), dtype=np.float32)
                _nearest(self._seen, np.ascontiguousarray(point), steps, inside)
                if not inside[0, 0, 0] > 0:
                    out[n] = np.nan
        return out.reshape(source.shape[:-1])

    def row(self, k: int, j: int, out: npt.NDArray[np.float32]) -> None:
        """Fill ``out`` with the values along i at one k and j; ``nan`` outside the field."""
        self._fill((k, j, 0), out.reshape(1, 1, -1))

    def column(self, k: int, i: int, out: npt.NDArray[np.float32]) -> None:
        """Fill ``out`` with the values along j at one k and i; ``nan`` outside the field."""
        self._fill((k, 0, i), out.reshape(1, -1, 1))

    def _block(self, start: list[int], shape: list[int]) -> npt.NDArray[np.float32]:
        out = np.empty(shape, dtype=np.float32)
        self._fill(tuple(start), out)
        return out

    def _fill(self, start: tuple[int, ...], out: npt.NDArray[np.float32]) -> None:
        origin = self._matrix @ np.array(start, dtype=np.float64) + self._affine[:3, 3]
        self._fill_from(origin, out)
        if self._seen is not None:
            inside = np.empty_like(out)
            steps = np.ascontiguousarray(self._matrix.T)
            _nearest(self._seen, np.ascontiguousarray(origin), steps, inside)
            out[~(inside > 0)] = np.nan

    def _fill_from(self, origin: FloatArray, out: npt.NDArray[np.float32]) -> None:
        order = _parallel_axes(self._matrix, self.grid.shape)
        if self.interpolation == "linear" and order is not None:
            source = self._source.transpose(order)
            tables = [
                _weights(origin[axis], self._matrix[axis, n], out.shape[n], source.shape[n])
                for n, axis in enumerate(order)
            ]
            if 1 in out.shape:
                _separable_plane(source, tables, out)
                return
            (k0, wk), (j0, wj), (i0, wi) = tables
            _separable(np.ascontiguousarray(source), k0, wk, j0, wj, i0, wi, out)
            return
        steps = np.ascontiguousarray(self._matrix.T)
        if out.shape[2] == 1:  # the kernels are fast along the last axis
            out, steps = out.transpose(2, 0, 1), np.ascontiguousarray(steps[[2, 0, 1]])
        self._interpolate(origin, steps, out)

    def _interpolate(
        self, origin: FloatArray, steps: FloatArray, out: npt.NDArray[np.float32]
    ) -> None:
        kernel = _trilinear if self.interpolation == "linear" else _nearest
        kernel(self._source, np.ascontiguousarray(origin), steps, out)


def resampled_in_parts(
    volume: Volume, grid: Grid, *, transform: RigidTransform | None = None
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield a volume on a whole grid, once: as :meth:`Resampler.slabs`, in less memory.

    A :class:`Resampler` keeps all values of its volume as float32 for what is asked next. Here only
    the block that a part of the grid needs is converted, part by part.

    Parameters
    ----------
    volume, grid, transform
        As for :class:`Resampler`.

    Yields
    ------
    (n, j, i) ndarray of float32
        Parts along k, in order; ``nan`` outside the volume's field.

    Raises
    ------
    GeometryError
        Two Frames of Reference and no transform.
    """
    if volume.seen is not None:
        yield Resampler(volume, grid, transform=transform).array()
        return
    inverse = RigidTransform.identity() if transform is None else transform.inverse()
    for start in range(0, grid.shape[0], _PART):
        part = _slices(grid, start, min(start + _PART, grid.shape[0]))
        block = block_around(volume, inverse.apply(part.corners_lps))
        # What lies beyond the volume still has to be refused where nothing joins the two.
        block = block_of(volume, (0, 0, 0), (1, 1, 1)) if block is None else block
        yield Resampler(block, part, transform=transform).array()


def _slices(grid: Grid, start: int, stop: int) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps((start, 0, 0))
    return Grid((stop - start, *grid.shape[1:]), affine, grid.frame_of_reference_uid)


def _continued(
    part: Volume,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    """Return values that continue beyond what was seen, and 1 where it was; None: everywhere."""
    values = np.ascontiguousarray(part.values())
    mask = None if part.seen is None else part.seen.mask
    if mask is None:
        return values, None
    # Interpolation asks for no more than the next voxel beside what was seen: found in parts, as
    # the places of the nearest take twelve bytes a voxel.
    spacing_mm = part.grid.spacing_mm
    beside = int(np.ceil(np.linalg.norm(spacing_mm) / spacing_mm[0]))
    continued = values.copy()
    for start in range(0, len(values), _SLAB):
        first, end = max(0, start - beside), start + _SLAB
        near = slice(first, end + beside)
        if not mask[near].any():
            continue
        nearest = ndimage.distance_transform_edt(
            ~mask[near], sampling=spacing_mm, return_distances=False, return_indices=True
        )
        continued[start:end] = values[near][tuple(nearest[:, start - first : end - first])]
    return continued, mask.astype(np.float32)


def _parallel_axes(matrix: FloatArray, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Return which source axis runs along each target axis, or None when any is oblique."""
    axes = np.abs(matrix).argmax(axis=0)
    if sorted(axes.tolist()) != [0, 1, 2]:
        return None
    off_axis = np.abs(matrix) * np.array(shape)
    off_axis[axes, np.arange(3)] = 0
    if off_axis.max() > _PARALLEL_TOLERANCE_VOXELS:
        return None
    return int(axes[0]), int(axes[1]), int(axes[2])


def _weights(
    origin: float, step: float, count: int, size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Lower neighbour (−1: outside) and weight of the upper one along one axis."""
    position = origin + step * np.arange(count)
    outside = (position < -_HALF_VOXEL) | (position > size - 1 + _HALF_VOXEL)
    position = position.clip(0, size - 1)
    lower = np.minimum(position.astype(np.int64), max(size - 2, 0))
    weight = (position - lower).astype(np.float32)
    lower[outside] = -1
    return lower, weight


def _separable_plane(
    source: npt.NDArray[np.float32],
    tables: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]],
    out: npt.NDArray[np.float32],
) -> None:
    """Fill one plane as :func:`_separable` would, without waiting for its compiled code.

    The first picture of a study should not wait a second for a compiler to load.
    """
    plane = source
    for axis in sorted(range(3), key=lambda n: out.shape[n]):  # the thin axis first
        lower, weight = tables[axis]
        below = plane.take(lower.clip(0), axis)
        above = plane.take((lower.clip(0) + 1).clip(max=source.shape[axis] - 1), axis)
        shape = [1, 1, 1]
        shape[axis] = len(weight)
        plane = below + weight.reshape(shape) * (above - below)
    out[...] = plane
    for axis in range(3):
        where: list[Any] = [slice(None)] * 3
        where[axis] = tables[axis][0] < 0
        out[tuple(where)] = np.nan


@njit(cache=True, nogil=True)
def _separable(src: Any, k0: Any, wk: Any, j0: Any, wj: Any, i0: Any, wi: Any, out: Any) -> None:
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


@njit(cache=True, nogil=True)
def _spread(plane: Any, lower: Any, weight: Any, up: Any, first: Any, last: Any, wide: Any) -> None:
    """Interpolate every row of a plane at the same places from ``first`` to ``last``."""
    for j in range(plane.shape[0]):
        row = plane[j]
        for i in range(first, last):
            n = lower[i]
            wide[j, i] = row[n] + weight[i] * (row[n + up] - row[n])


@njit(cache=True, nogil=True)
def _blend_rows(low: Any, high: Any, weight: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = low[i] + weight * (high[i] - low[i])


@njit(cache=True, nogil=True)
def _inside_run(p: Any, d: Any, count: int, size: Any) -> tuple[int, int]:
    """First and one past the last step along a line whose position lies in the source."""
    low, high = 0.0, float(count - 1)
    for axis in range(3):
        top = size[axis] - 1 + _HALF_VOXEL
        if d[axis] == 0.0:
            if p[axis] < -_HALF_VOXEL or p[axis] > top:
                return 0, 0
        else:
            one = (-_HALF_VOXEL - p[axis]) / d[axis]
            two = (top - p[axis]) / d[axis]
            low = max(low, min(one, two))
            high = min(high, max(one, two))
    if high < low:
        return 0, 0
    first, last = int(np.ceil(low)), int(np.floor(high)) + 1
    return (first, last) if last > first else (0, 0)


@njit(cache=True, nogil=True)
def _trilinear(src: Any, origin: Any, steps: Any, out: Any) -> None:
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
@njit(cache=True, nogil=True, fastmath={"contract"})
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


@njit(cache=True, nogil=True, fastmath={"contract"})
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


@njit(cache=True, nogil=True)
def _nearest(src: Any, origin: Any, steps: Any, out: Any) -> None:
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
