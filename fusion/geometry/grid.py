"""Where the voxels of a volume are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError
from fusion.geometry.directions import FloatArray, frozen, unit_directions

#: An axis counts as parallel to a patient axis when no corner of the volume is displaced by more
#: than this by pretending so.
ALIGNMENT_TOLERANCE_MM = 0.01


#: Largest number of voxels in one volume: a guard against hostile headers, far above 1024 slices
#: of 512 × 512.
MAX_VOXELS = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the voxels of a volume are.

    Parameters
    ----------
    shape : (k, j, i) tuple of int
        Number of slices, rows and columns.
    affine : (4, 4) array_like of float
        Maps ``(k, j, i, 1)`` to LPS mm at voxel centres.
    frame_of_reference_uid : str or None
        DICOM Frame of Reference; None when the file states none.

    Raises
    ------
    GeometryError
        Non-positive or huge shape, non-finite or singular affine, wrong last row.
    """

    shape: tuple[int, int, int]
    affine: FloatArray
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise GeometryError(f"A volume needs slices, rows and columns; found {shape}.")
        if int(np.prod([float(n) for n in shape])) > MAX_VOXELS:
            raise GeometryError(
                f"A volume of {shape} voxels is larger than the limit {MAX_VOXELS}."
            )
        affine = frozen(self.affine, (4, 4), "the placement of the slices")
        if not np.array_equal(affine[3], (0.0, 0.0, 0.0, 1.0)):
            raise GeometryError("The placement of the slices must end with the row 0, 0, 0, 1.")
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if lengths.min() <= 0 or abs(np.linalg.det(affine[:3, :3])) < 1e-6 * float(lengths.prod()):
            raise GeometryError(
                "The slices do not span three dimensions: their directions coincide or a step is 0."
            )
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", affine)

    @classmethod
    def from_dicom(
        cls,
        shape: tuple[int, int, int],
        *,
        position_lps: npt.ArrayLike,
        orientation: npt.ArrayLike,
        pixel_spacing_mm: npt.ArrayLike,
        slice_step_lps: npt.ArrayLike,
        frame_of_reference_uid: str | None = None,
    ) -> Grid:
        """Build a grid from DICOM attributes.

        Parameters
        ----------
        shape : (k, j, i) tuple of int
            Slices, Rows, Columns.
        position_lps : (3,) array_like of float, mm
            Image Position (Patient): the centre of the first voxel of slice 0.
        orientation : (6,) array_like of float
            Image Orientation (Patient): direction of a row (along columns), then of a column.
        pixel_spacing_mm : (2,) array_like of float
            Pixel Spacing: between rows, then between columns.
        slice_step_lps : (3,) array_like of float, mm
            From the centre of slice k to that of slice k + 1. Not necessarily perpendicular to
            the slices (gantry tilt).
        frame_of_reference_uid : str, optional
            Frame of Reference UID.

        Raises
        ------
        GeometryError
            Direction cosines that are not unit and perpendicular, spacing that is not positive.

        Notes
        -----
        PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1.
        """
        row, column = unit_directions(orientation)
        spacing = frozen(pixel_spacing_mm, (2,), "Pixel Spacing")
        if spacing.min() <= 0:
            raise GeometryError(f"Pixel Spacing must be positive; found {spacing.tolist()}.")
        affine = np.eye(4)
        affine[:3, 0] = frozen(slice_step_lps, (3,), "the step between slices")
        affine[:3, 1] = column * spacing[0]
        affine[:3, 2] = row * spacing[1]
        affine[:3, 3] = frozen(position_lps, (3,), "Image Position (Patient)")
        return cls(shape, affine, frame_of_reference_uid)

    @property
    def spacing_mm(self) -> FloatArray:
        """Distance between voxel centres along k, j, i, mm."""
        lengths: FloatArray = np.linalg.norm(self.affine[:3, :3], axis=0)
        return lengths

    @property
    def directions(self) -> FloatArray:
        """Unit LPS direction of the k, j and i axis, one a row (3, 3)."""
        rows: FloatArray = (self.affine[:3, :3] / self.spacing_mm).T
        return rows

    @property
    def center_lps(self) -> FloatArray:
        """Centre of the volume, LPS mm (3,)."""
        return self.to_lps((np.array(self.shape) - 1) / 2)

    @property
    def corners_lps(self) -> FloatArray:
        """Centres of the eight corner voxels, LPS mm (8, 3)."""
        last = np.array(self.shape) - 1
        return self.to_lps(np.array(list(np.ndindex(2, 2, 2))) * last)

    @property
    def is_orthogonal(self) -> bool:
        """Whether the axes are perpendicular to within :data:`ALIGNMENT_TOLERANCE_MM`."""
        gram = self.directions @ self.directions.T - np.eye(3)
        reach = float((self.spacing_mm * np.array(self.shape)).max())
        return bool(np.abs(gram).max() * reach <= ALIGNMENT_TOLERANCE_MM)

    @property
    def is_axis_aligned(self) -> bool:
        """Whether each array axis runs along one patient axis (no tilt, no oblique angle)."""
        directions = self.directions
        nearest = np.abs(directions).argmax(axis=1)
        if len(set(nearest.tolist())) < 3:
            return False
        off_axis = directions.copy()
        off_axis[np.arange(3), nearest] = 0.0
        reach = self.spacing_mm * (np.array(self.shape) - 1)
        return bool(
            np.linalg.norm(off_axis * reach[:, None], axis=1).max() <= ALIGNMENT_TOLERANCE_MM
        )

    def to_lps(self, kji: npt.ArrayLike) -> FloatArray:
        """Map array indices to the world.

        Parameters
        ----------
        kji : (..., 3) array_like of float
            Indices in array order; fractions lie between voxel centres.

        Returns
        -------
        (..., 3) ndarray of float64
            LPS mm.
        """
        indices = np.asarray(kji, dtype=np.float64)
        points: FloatArray = indices @ self.affine[:3, :3].T + self.affine[:3, 3]
        return points

    def averaged(self, factors: npt.ArrayLike) -> Grid:
        """Return the grid of larger voxels over the same place, what does not fill one left out.

        Parameters
        ----------
        factors : (3,) array_like of int
            Voxels in each of the larger ones, along k, j and i.
        """
        factors = np.asarray(factors)
        affine = self.affine.copy()
        affine[:3, 3] += self.affine[:3, :3] @ ((factors - 1) / 2)
        affine[:3, :3] *= factors
        shape = np.array(self.shape) // factors
        return Grid(
            (int(shape[0]), int(shape[1]), int(shape[2])), affine, self.frame_of_reference_uid
        )

    def to_kji(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Map world points to (fractional) array indices; the inverse of :meth:`to_lps`.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float
            LPS mm.

        Returns
        -------
        (..., 3) ndarray of float64
            Indices in array order.
        """
        offsets = np.asarray(points_lps, dtype=np.float64) - self.affine[:3, 3]
        indices: FloatArray = offsets @ np.linalg.inv(self.affine[:3, :3]).T
        return indices

    def contains(self, points_lps: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell which points lie between the centres of the outermost voxels (inclusive).

        Parameters
        ----------
        points_lps : (..., 3) array_like of float
            LPS mm.
        """
        kji = self.to_kji(points_lps)
        slack = 1e-6
        inside = (kji >= -slack) & (kji <= np.array(self.shape) - 1 + slack)
        return np.asarray(inside.all(axis=-1), dtype=np.bool_)


def canonical_view(array: npt.NDArray[Any], grid: Grid) -> tuple[npt.NDArray[Any], Grid]:
    """View an axis-aligned volume with k to the head, j to posterior and i to the left.

    Parameters
    ----------
    array : (k, j, i) ndarray
        Values on ``grid``.
    grid : Grid
        Must be axis-aligned.

    Returns
    -------
    array : (k, j, i) ndarray
        The same memory, axes permuted and flipped.
    grid : Grid
        The same voxels in the new order.

    Raises
    ------
    GeometryError
        The grid is tilted or oblique, or array and grid differ in shape.
    """
    if not grid.is_axis_aligned:
        raise GeometryError("Only a grid along the patient axes can be viewed without resampling.")
    if array.shape != grid.shape:
        raise GeometryError(f"Array of shape {array.shape} does not fit a grid of {grid.shape}.")
    nearest = np.abs(grid.directions).argmax(axis=1)
    axes = [int(np.flatnonzero(nearest == lps)[0]) for lps in (2, 1, 0)]
    affine = grid.affine[:, [*axes, 3]].copy()
    view = array.transpose(axes)
    for axis, lps in enumerate((2, 1, 0)):
        if affine[lps, axis] < 0:
            affine[:, 3] += affine[:, axis] * (view.shape[axis] - 1)
            affine[:, axis] *= -1
            view = np.flip(view, axis)
    return view, Grid(view.shape, affine, grid.frame_of_reference_uid)


def enclosing_grid(grid: Grid) -> Grid:
    """Return an axis-aligned grid that holds a tilted or oblique one.

    Spacing along each patient axis is that of the array axis nearest to it, so that nothing is
    smoothed more than the data already were.

    Parameters
    ----------
    grid : Grid
        Any grid.

    Returns
    -------
    Grid
        k to the head, j to posterior, i to the left, same Frame of Reference.
    """
    weights = np.abs(grid.directions)
    permutations = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    axes = max(
        permutations, key=lambda p: sum(weights[p[n], lps] for n, lps in enumerate((2, 1, 0)))
    )
    spacing = grid.spacing_mm[list(axes)]
    low, high = grid.corners_lps.min(axis=0)[::-1], grid.corners_lps.max(axis=0)[::-1]
    counts = np.floor((high - low) / spacing + 1e-6).astype(int) + 1
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing
    affine[:3, 3] = (low + (high - low - (counts - 1) * spacing) / 2)[::-1]
    affine[3, 3] = 1
    shape = (int(counts[0]), int(counts[1]), int(counts[2]))
    return Grid(shape, affine, grid.frame_of_reference_uid)
