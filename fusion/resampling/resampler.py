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
from fusion.resampling.kernels import HALF_VOXEL, nearest, separable, trilinear

Interpolation = Literal["linear", "nearest"]

#: Off-diagonal part of the index-to-index map, in voxels over the whole target, below which the
#: two grids count as parallel and the fast separable kernel is exact to float32.
_PARALLEL_TOLERANCE_VOXELS = 1e-6
#: Slices that are made at once, and most of such parts in the making.
_SLAB, _WORKERS = 32, 8
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
                nearest(self._seen, np.ascontiguousarray(point), steps, inside)
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
            nearest(self._seen, np.ascontiguousarray(origin), steps, inside)
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
            separable(np.ascontiguousarray(source), k0, wk, j0, wj, i0, wi, out)
            return
        steps = np.ascontiguousarray(self._matrix.T)
        if out.shape[2] == 1:  # the kernels are fast along the last axis
            out, steps = out.transpose(2, 0, 1), np.ascontiguousarray(steps[[2, 0, 1]])
        self._interpolate(origin, steps, out)

    def _interpolate(
        self, origin: FloatArray, steps: FloatArray, out: npt.NDArray[np.float32]
    ) -> None:
        kernel = trilinear if self.interpolation == "linear" else nearest
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
    from scipy import ndimage  # takes its time; nothing else here has a use for it

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
        closest = ndimage.distance_transform_edt(
            ~mask[near], sampling=spacing_mm, return_distances=False, return_indices=True
        )
        continued[start:end] = values[near][tuple(closest[:, start - first : end - first])]
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
    outside = (position < -HALF_VOXEL) | (position > size - 1 + HALF_VOXEL)
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
    """Fill one plane as :func:`separable` would, without waiting for its compiled code.

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
