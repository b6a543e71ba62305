"""Directions of the patient: letters, direction cosines, and arrays that nobody changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError

FloatArray = npt.NDArray[np.float64]


#: Direction cosines must have unit length and be perpendicular within this. DICOM writers round
#: to 5 or 6 decimals; 1e-3 is 0.06 degrees (docs/sources.md#nm-geometry).
DIRECTION_TOLERANCE = 1e-3


#: Letters of the patient directions, negative and positive, along x, y, z.
PATIENT_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))


def frozen(array: npt.ArrayLike, shape: tuple[int, ...], name: str) -> FloatArray:
    """Return a finite read-only copy of the stated shape, or refuse and name what was wrong."""
    result: FloatArray = np.array(array, dtype=np.float64)
    if result.shape != shape:
        raise GeometryError(f"{name} has shape {result.shape}; expected {shape}.")
    if not np.isfinite(result).all():
        raise GeometryError(f"{name} holds a value that is not a finite number.")
    result.flags.writeable = False
    return result


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
    cosines = frozen(orientation, (6,), "Image Orientation (Patient)")
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


@dataclass(frozen=True, slots=True)
class EdgeLetters:
    """Patient directions at the four edges of a picture; empty when they cannot be told."""

    left: str
    right: str
    top: str
    bottom: str


def edge_letters(right_lps: npt.ArrayLike, down_lps: npt.ArrayLike) -> EdgeLetters:
    """Name the patient direction at each edge of a picture.

    Parameters
    ----------
    right_lps, down_lps : (3,) array_like of float
        Where the right and the lower edge of the picture point.
    """
    right, down = np.asarray(right_lps, np.float64), np.asarray(down_lps, np.float64)
    return EdgeLetters(
        left=direction_letters(-right),
        right=direction_letters(right),
        top=direction_letters(-down),
        bottom=direction_letters(down),
    )
