"""How somebody looks at the patient, and the flat picture that he sees; never mirrored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError
from fusion.fused import Fused
from fusion.geometry import EdgeLetters, FloatArray, Grid, edge_letters

#: Two directions count as perpendicular and of unit length within this.
_EXACT = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A way to look at the patient.

    Right, down and away from the eye make a right-handed system, as LPS does: the third follows
    from the other two, so that no picture can be mirrored.

    Parameters
    ----------
    right_lps, down_lps : (3,) ndarray of float64
        Where the right and the lower edge of the picture point; unit and perpendicular.
    center_lps : (3,) ndarray of float64, mm
        The point in the middle of the picture.

    Raises
    ------
    GeometryError
        Directions that are not unit and perpendicular.
    """

    right_lps: FloatArray
    down_lps: FloatArray
    center_lps: FloatArray

    def __post_init__(self) -> None:
        axes = np.array([self.right_lps, self.down_lps])
        if not np.allclose(axes @ axes.T, np.eye(2), rtol=0, atol=_EXACT):
            raise GeometryError("The edges of a picture have to be perpendicular, of unit length.")

    @property
    def away_lps(self) -> FloatArray:
        """From the eye into the picture, unit (3,)."""
        return np.cross(self.right_lps, self.down_lps)

    @property
    def letters(self) -> EdgeLetters:
        """The patient direction at each edge."""
        return edge_letters(self.right_lps, self.down_lps)

    def split(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Return how far points lie down, right and away from the middle: (..., 3), mm."""
        offsets = np.asarray(points_lps, dtype=np.float64) - self.center_lps
        axes = np.stack([self.down_lps, self.right_lps, self.away_lps])
        parts: FloatArray = offsets @ axes.T
        return parts

    def at(self, down_mm: float, right_mm: float, away_mm: float = 0.0) -> FloatArray:
        """Return a point by its distances from the middle: LPS mm (3,)."""
        return (
            self.center_lps
            + down_mm * self.down_lps
            + right_mm * self.right_lps
            + away_mm * self.away_lps
        )

    def grid(
        self,
        size: tuple[int, int],
        spacing_mm: tuple[float, float],
        *,
        depths_mm: tuple[float, float, float] = (0.0, 0.0, 1.0),
        frame_of_reference_uid: str | None,
    ) -> Grid:
        """Return the grid of voxels that a picture is made of.

        Parameters
        ----------
        size : (rows, columns) tuple of int
            Of the picture.
        spacing_mm : (down, right) tuple of float, mm
            Between rows and between columns.
        depths_mm : (first, last, step) tuple of float, mm
            Away from the middle.
        frame_of_reference_uid : str or None
            Of the points.

        Returns
        -------
        Grid
            k down the picture, j away from the eye, i to the right.
        """
        first, last, step = depths_mm
        count = int(np.floor((last - first) / step + 1e-6)) + 1
        affine = np.eye(4)
        affine[:3, 0] = self.down_lps * spacing_mm[0]
        affine[:3, 1] = self.away_lps * step
        affine[:3, 2] = self.right_lps * spacing_mm[1]
        top, left = (-(n - 1) / 2 * mm for n, mm in zip(size, spacing_mm, strict=True))
        affine[:3, 3] = self.at(top, left, first)
        return Grid((size[0], count, size[1]), affine, frame_of_reference_uid)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A flat picture of the patient that knows where each of its pixels lies.

    Parameters
    ----------
    values : (rows, columns) ndarray of float32
        ``nan`` where nothing was seen.
    unit : str
        Of the values.
    sight : Sight
        How it is looked at.
    spacing_mm : (down, right) tuple of float, mm
        Between rows and between columns.
    depth_mm : (rows, columns) ndarray of float32, mm, or None
        How far away from the middle lies what a pixel shows; None where all of it lies in the plane
        of the middle, or where a pixel shows no single depth.
    through : Fused or None
        Of a picture in the functional volume's own frame: what takes it to the CT. Points given and
        returned are always those of the CT.
    """

    values: npt.NDArray[np.float32]
    unit: str
    sight: Sight
    spacing_mm: tuple[float, float]
    depth_mm: npt.NDArray[np.float32] | None = None
    through: Fused | None = None

    @property
    def letters(self) -> EdgeLetters:
        """The patient direction at each edge."""
        return self.sight.letters

    def place(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Return where points of the CT are seen.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            In the CT's frame.

        Returns
        -------
        (..., 3) ndarray of float64
            Row and column (fractions lie between the middles of pixels), and depth, mm.
        """
        points = np.asarray(points_lps, dtype=np.float64)
        parts = self.sight.split(points if self.through is None else self.through.to_spect(points))
        middle = (np.array(self.values.shape) - 1) / 2
        parts[..., :2] = parts[..., :2] / self.spacing_mm + middle
        return parts

    def point(self, row: float, column: float) -> FloatArray | None:
        """Return the point of the CT that a place in the picture shows: LPS mm (3,).

        Parameters
        ----------
        row, column : float
            Fractions lie between the middles of pixels.

        Returns
        -------
        (3,) ndarray of float64, mm, or None
            At the depth of what is seen there; None outside the picture, and where nothing was
            seen.
        """
        nearest = int(np.rint(row)), int(np.rint(column))
        if not all(0 <= n < size for n, size in zip(nearest, self.values.shape, strict=True)):
            return None
        if not np.isfinite(self.values[nearest]):
            return None
        away = 0.0 if self.depth_mm is None else float(self.depth_mm[nearest])
        middle = (np.array(self.values.shape) - 1) / 2
        down, right = (np.array([row, column]) - middle) * self.spacing_mm
        found = self.sight.at(down, right, away)
        return found if self.through is None else self.through.to_ct(found)


def turned(turn_deg: float, *, center_lps: npt.ArrayLike, tilt_deg: float = 0.0) -> Sight:
    """Return the sight of somebody who walks around the patient, the head always up.

    Parameters
    ----------
    turn_deg : float, degrees
        0 from the front, 90 from the patient's left, 180 from behind, 270 from the right.
    center_lps : (3,) array_like of float, mm
        What stays in the middle.
    tilt_deg : float, degrees
        How far the eye then moves towards the head; negative towards the feet.
    """
    turn, tilt = np.radians([turn_deg, tilt_deg])
    right = np.array([np.cos(turn), np.sin(turn), 0.0])
    level = np.array([-np.sin(turn), np.cos(turn), 0.0])
    away = np.cos(tilt) * level - np.sin(tilt) * np.array([0.0, 0.0, 1.0])
    return Sight(right, np.cross(away, right), np.array(center_lps, dtype=np.float64))


def turned_words(turn_deg: float, tilt_deg: float = 0.0) -> str:
    """Say from where :func:`turned` looks, for example ``"from the front"``."""
    names = ("the front", "the patient's left", "behind", "the patient's right")
    turn = round(turn_deg) % 360
    quarter, rest = divmod(turn, 90)
    words = f"from {names[quarter]}"
    if rest:
        words += f", {rest}° towards {names[(quarter + 1) % 4].replace('behind', 'the back')}"
    tilt = round(tilt_deg)
    if tilt:
        words += f", {abs(tilt)}° from {'above' if tilt > 0 else 'below'}"
    return words
