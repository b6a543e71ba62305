"""A volume onto a grid: interpolated once, from the original values.

A :class:`Resampler` holds everything that stays the same while a reader scrolls, so one plane, a
handful of points or the whole grid cost only themselves. Nothing is resampled twice.

Edge rule
    A voxel reaches half a spacing beyond its centre (as in ITK): inside that border the value of
    the edge voxel continues, beyond it the result is ``nan``, which means *outside the field of
    view* and never *no uptake*.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from fusion.errors import GeometryError
from fusion.findings import Progress
from fusion.geometry import FloatArray, Grid, RigidTransform, Volume

Interpolation = Literal["linear", "nearest"]

#: Off-diagonal part of the index-to-index map, in voxels over the whole target, below which the
#: two grids count as parallel and the fast separable kernel is exact to float32.
_PARALLEL_TOLERANCE_VOXELS = 1e-6
#: Half a voxel plus rounding: where a voxel ends.
_HALF_VOXEL = 0.5 + 1e-9


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

    __slots__ = ("_affine", "_matrix", "_source", "grid", "interpolation", "volume")

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
                    "The two volumes do not share a Frame of Reference; they can only be combined "
                    "through a Registration."
                )
            transform = RigidTransform.identity()
        self.volume = volume
        self.grid = grid
        self.interpolation: Interpolation = interpolation
        self._source = np.ascontiguousarray(volume.values())
        # Target index -> world of the grid -> world of the volume -> source index.
        self._affine: FloatArray = (
            np.linalg.inv(volume.grid.affine) @ transform.inverse().matrix @ grid.affine
        )
        self._matrix: FloatArray = np.ascontiguousarray(self._affine[:3, :3])

    def with_transform(self, transform: RigidTransform) -> Resampler:
        """Return the same through another transform; the values are shared, so this costs nothing.

        Parameters
        ----------
        transform : RigidTransform
            Points of the volume's frame to points of the grid's frame.
        """
        other = object.__new__(Resampler)
        other.volume, other.grid, other.interpolation = self.volume, self.grid, self.interpolation
        other._source = self._source
        other._affine = (
            np.linalg.inv(self.volume.grid.affine) @ transform.inverse().matrix @ self.grid.affine
        )
        other._matrix = np.ascontiguousarray(other._affine[:3, :3])
        return other

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

    def array(self, progress: Progress | None = None) -> npt.NDArray[np.float32]:
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
        slab = max(1, min(32, self.grid.shape[0] // 4))
        starts = range(0, self.grid.shape[0], slab)
        with ThreadPoolExecutor(max_workers=min(8, cpu_count() or 1)) as pool:
            jobs = [
                pool.submit(self._fill, (start, 0, 0), out[start : start + slab])
                for start in starts
            ]
            try:
                for done, job in enumerate(jobs, start=1):
                    job.result()
                    if progress is not None:
                        progress(done / len(jobs), "Resampling")
            finally:
                for job in jobs:
                    job.cancel()
        return out

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
            self._interpolate(point, np.array([zero, zero, zero]), out[n : n + 1])
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

    Along k, then along i for the few source rows that are needed, then along j: the last step
    touches every target voxel and reads and writes nothing but contiguous rows.
    """
    ns, nj, ni = src.shape
    count = out.shape[2]
    line = np.empty(ni + 1, dtype=np.float32)
    wide = np.empty((nj, count), dtype=np.float32)
    first, last = count, 0
    for i in range(count):
        if i0[i] >= 0:
            first = min(first, i)
            last = max(last, i + 1)
    top, bottom = nj, 0
    for j in range(out.shape[1]):
        if j0[j] >= 0:
            top = min(top, j0[j])
            bottom = max(bottom, min(j0[j] + 2, nj))
    for k in range(out.shape[0]):
        if k0[k] < 0 or first >= last:
            out[k] = np.nan
            continue
        a = src[k0[k]]
        b = src[min(k0[k] + 1, ns - 1)]
        w = wk[k]
        for j in range(top, bottom):
            for i in range(ni):
                line[i] = a[j, i] + w * (b[j, i] - a[j, i])
            line[ni] = line[ni - 1]
            spread = wide[j]
            spread[:first] = np.nan
            spread[last:] = np.nan
            for i in range(first, last):
                n = i0[i]
                spread[i] = line[n] + wi[i] * (line[n + 1] - line[n])
        for j in range(out.shape[1]):
            row = out[k, j]
            if j0[j] < 0:
                row[:] = np.nan
                continue
            low = wide[j0[j]]
            high = wide[min(j0[j] + 1, nj - 1)]
            w = wj[j]
            for i in range(count):
                row[i] = low[i] + w * (high[i] - low[i])


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
def _steps_left(position: float, step: float, cell: int, left: int) -> int:
    """How many steps along a line stay in a cell of one axis, the present one included."""
    if step > 0.0:
        stay = (cell + 1 - position) / step
    elif step < 0.0:
        stay = (cell - position) / step
    else:
        return left
    return max(1, int(stay) + 1) if stay < left else left


@njit(cache=True, nogil=True)
def _trilinear(src: Any, origin: Any, steps: Any, out: Any) -> None:
    """Linear interpolation on any affine grid; ``steps[n]`` is the source step per target axis.

    A row of the target stays for many voxels between the same four rows of the source. For each
    such stretch these are found once; then only the place along the row is new at every voxel.
    """
    nk, nj, ni = src.shape
    flat = src.reshape(-1)
    up_j = ni if nj > 1 else 0
    up_k = nj * ni if nk > 1 else 0
    up_i = 1 if ni > 1 else 0
    edge = np.int32(ni - 1 - up_i)
    dk, dj, di = steps[2, 0], steps[2, 1], steps[2, 2]
    slope_k, slope_j = np.float32(dk), np.float32(dj)
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            p = origin + a * steps[0] + b * steps[1]
            row = out[a, b]
            first, last = _inside_run(p, steps[2], out.shape[2], src.shape)
            row[:first] = np.nan
            row[last:] = np.nan
            c = first
            while c < last:
                # The outer half voxel continues the edge: clamped, one voxel at a time.
                z, y, x = p[0] + c * dk, p[1] + c * dj, p[2] + c * di
                clamped = not (0 <= z <= nk - 1 and 0 <= y <= nj - 1 and 0 <= x <= ni - 1)
                z = min(max(z, 0.0), nk - 1.0)
                y = min(max(y, 0.0), nj - 1.0)
                x = min(max(x, 0.0), ni - 1.0)
                k = min(int(z), max(nk - 2, 0))
                j = min(int(y), max(nj - 2, 0))
                count = 1
                if not clamped:
                    count = _steps_left(z, dk, k, last - c)
                    count = _steps_left(y, dj, j, count)
                    # Along the row: only as far as the source goes.
                    # Compared before it becomes a whole number: a step of 1e-18, which rounding
                    # leaves behind, would overflow.
                    ahead = float(count)
                    if di > 0.0:
                        ahead = (ni - 1 - x) / di
                    elif di < 0.0:
                        ahead = -x / di
                    if ahead < count:
                        count = int(ahead) + 1
                wz, wy = np.float32(z - k), np.float32(y - j)
                start = (k * nj + j) * ni
                s00 = flat[start : start + ni]
                s01 = flat[start + up_j : start + up_j + ni]
                s10 = flat[start + up_k : start + up_k + ni]
                s11 = flat[start + up_k + up_j : start + up_k + up_j + ni]
                stretch = row[c : c + count]
                for n in range(count):
                    at = x + n * di
                    i = min(np.int32(at), edge)
                    wx = np.float32(at - i)
                    step = np.float32(n)
                    v = wy + step * slope_j
                    w = wz + step * slope_k
                    v00 = s00[i] + wx * (s00[i + up_i] - s00[i])
                    v01 = s01[i] + wx * (s01[i + up_i] - s01[i])
                    v10 = s10[i] + wx * (s10[i + up_i] - s10[i])
                    v11 = s11[i] + wx * (s11[i + up_i] - s11[i])
                    v0 = v00 + v * (v01 - v00)
                    v1 = v10 + v * (v11 - v10)
                    stretch[n] = v0 + w * (v1 - v0)
                c += count


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
