"""Where voxels are: the one coordinate convention, and the types that carry it.

World
    DICOM patient coordinates, **LPS**, in mm: ``(x, y, z)`` with +x to the patient's left, +y
    posterior, +z towards the head. Points are ``(..., 3)`` float64 arrays named ``*_lps``.
Arrays
    ``[k, j, i]``: slice, row, column.
Affine
    ``grid.affine`` (4×4 float64) maps ``(k, j, i, 1)`` to ``(x, y, z, 1)`` at voxel **centres**.
    Column 0 is the step from one slice to the next, column 1 from one row to the next (down the
    image), column 2 from one column to the next.
Rigid transforms
    map points of the moving frame (SPECT) to the fixed frame (CT).

Negative slice steps, flips and shear (gantry tilt) are all kept exactly in the affine; nothing
here reorders voxels except :func:`canonical_view`, which returns a NumPy view and the grid that
belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fusion.errors import GeometryError
from fusion.findings import Finding

FloatArray = npt.NDArray[np.float64]

#: Direction cosines must have unit length and be perpendicular within this. DICOM writers round
#: to 5 or 6 decimals; 1e-3 is 0.06 degrees (docs/sources.md#nm-geometry).
DIRECTION_TOLERANCE = 1e-3
#: An axis counts as parallel to a patient axis when no corner of the volume is displaced by more
#: than this by pretending so.
ALIGNMENT_TOLERANCE_MM = 0.01
#: Largest number of voxels in one volume: a guard against hostile headers, far above 1024 slices
#: of 512 × 512.
MAX_VOXELS = 2**30

#: Letters of the patient directions, negative and positive, along x, y, z.
PATIENT_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))


def _frozen(array: npt.ArrayLike, shape: tuple[int, ...], name: str) -> FloatArray:
    result: FloatArray = np.array(array, dtype=np.float64)
    if result.shape != shape:
        raise GeometryError(f"{name} has shape {result.shape}; expected {shape}.")
    if not np.isfinite(result).all():
        raise GeometryError(f"{name} holds a value that is not a finite number.")
    result.flags.writeable = False
    return result


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
            raise GeometryError(f"A grid needs three positive sizes (k, j, i); found {shape}.")
        if int(np.prod([float(n) for n in shape])) > MAX_VOXELS:
            raise GeometryError(f"A grid of {shape} voxels is larger than the limit {MAX_VOXELS}.")
        affine = _frozen(self.affine, (4, 4), "the affine")
        if not np.array_equal(affine[3], (0.0, 0.0, 0.0, 1.0)):
            raise GeometryError("The last row of the affine must be 0, 0, 0, 1.")
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if lengths.min() <= 0 or abs(np.linalg.det(affine[:3, :3])) < 1e-6 * float(lengths.prod()):
            raise GeometryError("The affine does not span three dimensions.")
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
        spacing = _frozen(pixel_spacing_mm, (2,), "Pixel Spacing")
        if spacing.min() <= 0:
            raise GeometryError(f"Pixel Spacing must be positive; found {spacing.tolist()}.")
        affine = np.eye(4)
        affine[:3, 0] = _frozen(slice_step_lps, (3,), "the step between slices")
        affine[:3, 1] = column * spacing[0]
        affine[:3, 2] = row * spacing[1]
        affine[:3, 3] = _frozen(position_lps, (3,), "Image Position (Patient)")
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


@dataclass(frozen=True, slots=True, eq=False)
class RigidTransform:
    """Rotation and translation of LPS points, moving frame to fixed frame.

    Parameters
    ----------
    matrix : (4, 4) array_like of float
        Homogeneous matrix, row-major, acting on column vectors ``(x, y, z, 1)``, mm.

    Raises
    ------
    GeometryError
        The upper left block is not a proper rotation (reflections and scaling are refused).
    """

    matrix: FloatArray

    def __post_init__(self) -> None:
        matrix = _frozen(self.matrix, (4, 4), "the transform")
        rotation = matrix[:3, :3]
        if not np.array_equal(matrix[3], (0.0, 0.0, 0.0, 1.0)):
            raise GeometryError("The last row of a rigid transform must be 0, 0, 0, 1.")
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-6:
            raise GeometryError("The transform is not rigid: it scales or shears.")
        if np.linalg.det(rotation) < 0:
            raise GeometryError("The transform mirrors left and right; that is never allowed.")
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def identity(cls) -> RigidTransform:
        """Return the transform that moves nothing."""
        return cls(np.eye(4))

    @classmethod
    def from_euler(
        cls,
        *,
        rotation_deg: npt.ArrayLike = (0.0, 0.0, 0.0),
        translation_mm: npt.ArrayLike = (0.0, 0.0, 0.0),
        center_lps: npt.ArrayLike = (0.0, 0.0, 0.0),
    ) -> RigidTransform:
        """Rotate about a point, then translate.

        Parameters
        ----------
        rotation_deg : (3,) array_like of float, degrees
            About x, then y, then z (``R = Rz @ Ry @ Rx``), counter-clockwise seen from the
            positive end of the axis.
        translation_mm : (3,) array_like of float, mm
            Added after the rotation.
        center_lps : (3,) array_like of float, mm
            The point that only the translation moves.
        """
        angles = _frozen(rotation_deg, (3,), "the rotation")
        center = _frozen(center_lps, (3,), "the centre of rotation")
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
        shift = _frozen(translation_mm, (3,), "the translation")
        matrix[:3, 3] = center + shift - matrix[:3, :3] @ center
        return cls(matrix)

    @classmethod
    def nearest(cls, matrix: npt.ArrayLike) -> RigidTransform:
        """Return a (4, 4) matrix that is rigid but for rounding, with an exact rotation."""
        exact = _frozen(matrix, (4, 4), "the transform").copy()
        exact[:3, :3] = Rotation.from_matrix(exact[:3, :3]).as_matrix()
        return cls(exact)

    @property
    def angle_deg(self) -> float:
        """Total rotation angle, degrees, 0 to 180."""
        return float(np.degrees(Rotation.from_matrix(self.matrix[:3, :3]).magnitude()))

    def apply(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Move points.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            In the moving frame.

        Returns
        -------
        (..., 3) ndarray of float64, mm
            In the fixed frame.
        """
        points = np.asarray(points_lps, dtype=np.float64)
        moved: FloatArray = points @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved

    def shift_mm_at(self, point_lps: npt.ArrayLike) -> float:
        """Length of the displacement of one point, mm."""
        point = np.asarray(point_lps, dtype=np.float64)
        return float(np.linalg.norm(self.apply(point) - point))

    def inverse(self) -> RigidTransform:
        """Return the transform from the fixed to the moving frame."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.matrix[:3, :3].T
        matrix[:3, 3] = -matrix[:3, :3] @ self.matrix[:3, 3]
        return RigidTransform(matrix)

    def __matmul__(self, first: RigidTransform) -> RigidTransform:
        """Return the transform that applies ``first`` and then this one."""
        return RigidTransform(self.matrix @ first.matrix)


def unit_directions(orientation: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the row and column direction of Image Orientation (Patient), exactly orthonormal.

    Parameters
    ----------
    orientation : (6,) array_like of float
        Direction along a row (increasing column), then along a column (increasing row).

    Raises
    ------
    GeometryError
        Lengths differ from 1, or the two are not perpendicular, by more than
        :data:`DIRECTION_TOLERANCE`.
    """
    cosines = _frozen(orientation, (6,), "Image Orientation (Patient)")
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if max(abs(n - 1) for n in lengths) > DIRECTION_TOLERANCE:
        raise GeometryError(
            "The direction cosines of Image Orientation (Patient) must have length 1; found "
            f"{lengths[0]:.4f} and {lengths[1]:.4f}."
        )
    if abs(row @ column) > DIRECTION_TOLERANCE:
        raise GeometryError(
            "The two directions of Image Orientation (Patient) are not perpendicular "
            f"(cosine {row @ column:.4f})."
        )
    unit_row = row / lengths[0]
    unit_column = column - (column @ unit_row) * unit_row
    unit_column /= np.linalg.norm(unit_column)
    return unit_row, unit_column


def direction_letters(direction_lps: npt.ArrayLike) -> str:
    """Name a patient direction by its letters, main component first (``"L"``, ``"PF"``).

    Parameters
    ----------
    direction_lps : (3,) array_like of float
        Any length but zero.

    Notes
    -----
    A second and third letter are added when that component exceeds 0.2 (12 degrees), as PS3.3
    C.7.6.1.1.1 writes oblique directions.
    """
    direction = np.asarray(direction_lps, dtype=np.float64)
    direction = direction / np.linalg.norm(direction)
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(
        PATIENT_LETTERS[axis][int(direction[axis] > 0)]
        for n, axis in enumerate(order)
        if n == 0 or abs(direction[axis]) > 0.2
    )


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


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a Volume came from.

    Parameters
    ----------
    study_instance_uid, series_instance_uid : str
        DICOM identifiers.
    volume_id : str
        Which volume of the series; unique in the study, as printed by ``facetfusion scan``.
    sop_instance_uids : tuple of str
        Every instance that contributed, in slice order, without repeats.
    modality : str
        DICOM Modality as stated by the file.
    description : str
        Series Description and what tells this volume apart, for a list on screen.
    """

    study_instance_uid: str
    series_instance_uid: str
    volume_id: str
    sop_instance_uids: tuple[str, ...]
    modality: str
    description: str


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A grid, its values, their unit, and where they came from.

    Parameters
    ----------
    grid : Grid
        Where the voxels are.
    stored : (k, j, i) ndarray
        Values as stored, usually int16 or uint16.
    slope, intercept : float or (k,) array_like of float
        ``value = slope * stored + intercept``, per volume or per slice.
    unit : str
        Unit of the values: ``"HU"``, ``"Bq/mL"``, ``"counts"``, …
    source : Source
        Provenance.
    suvbw_per_unit : float or None
        Factor from the unit to SUVbw (g/mL) when every input was present and consistent.
    findings : tuple of Finding
        What a reader must know about this volume.

    Raises
    ------
    GeometryError
        The array does not fit the grid.
    """

    grid: Grid
    stored: npt.NDArray[Any]
    slope: FloatArray
    intercept: FloatArray
    unit: str
    source: Source
    suvbw_per_unit: float | None = None
    findings: tuple[Finding, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.stored.shape != self.grid.shape:
            raise GeometryError(
                f"Array of shape {self.stored.shape} does not fit a grid of {self.grid.shape}."
            )
        count = self.grid.shape[0]
        for name in ("slope", "intercept"):
            per_slice = np.broadcast_to(np.asarray(getattr(self, name), dtype=np.float64), (count,))
            object.__setattr__(self, name, _frozen(per_slice, (count,), name))

    def values(self) -> npt.NDArray[np.float32]:
        """Return the values in :attr:`unit`, float32 (k, j, i)."""
        result = self.stored.astype(np.float32)
        if not (np.all(self.slope == 1) and np.all(self.intercept == 0)):
            result *= self.slope[:, None, None].astype(np.float32)
            result += self.intercept[:, None, None].astype(np.float32)
        return result

    def nearest(self, point_lps: npt.ArrayLike) -> float | None:
        """Return the value of the voxel that holds a point; None outside the field.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In this volume's own frame.
        """
        k, j, i = (int(n) for n in np.rint(self.grid.to_kji(point_lps)))
        if not all(0 <= n < size for n, size in zip((k, j, i), self.grid.shape, strict=True)):
            return None
        return float(self.stored[k, j, i] * self.slope[k] + self.intercept[k])
