"""A ball anywhere: its maximum and mean on the functional volume's own voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError
from fusion.fused import Fused
from fusion.geometry import seen_mask
from fusion.uptake.measures import quantity_text

#: Radii that are measured, mm: from less than a voxel to a vertebra.
LEAST_BALL_MM, MOST_BALL_MM = 2.0, 50.0


@dataclass(frozen=True, slots=True)
class Ball:
    """What was measured in a ball.

    Parameters
    ----------
    center_lps : (3,) tuple of float, mm
        In the CT's frame.
    radius_mm : float, mm
        Of the ball.
    maximum, mean : float
        Of the native voxels whose centres lie in it, in the unit of the volume.
    voxels : int
        How many.
    unit : str
        Of the values.
    """

    center_lps: tuple[float, float, float]
    radius_mm: float
    maximum: float
    mean: float
    voxels: int
    unit: str

    def words(self, reference: float | None) -> str:
        """Return it in words, with the ratio to a reference where there is one."""
        said = (
            f"ball {2 * self.radius_mm:.0f} mm: maximum {quantity_text(self.maximum, self.unit)}, "
            f"mean {quantity_text(self.mean, self.unit)}"
        )
        if reference:
            said += f", maximum {self.maximum / reference:.1f} × reference"
        return said


def measure_ball(fused: Fused, center_lps: npt.ArrayLike, radius_mm: float) -> Ball:
    """Measure a ball on the native voxels.

    Parameters
    ----------
    fused : Fused
        Whose functional volume.
    center_lps : (3,) array_like of float, mm
        In the CT's frame.
    radius_mm : float, mm
        Of the ball.

    Raises
    ------
    GeometryError
        An impossible radius, or no voxel that the detector saw lies in the ball.
    """
    if not LEAST_BALL_MM <= radius_mm <= MOST_BALL_MM:
        raise GeometryError(
            f"The radius of a ball is {LEAST_BALL_MM:g} to {MOST_BALL_MM:g} mm; found "
            f"{radius_mm:g}."
        )
    spect = fused.spect
    center = fused.to_spect(center_lps)
    corners = center + radius_mm * np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1)
                                             for z in (-1, 1)])  # fmt: skip
    kji = spect.grid.to_kji(corners)
    low = np.floor(kji.min(axis=0)).astype(int).clip(0)
    high = (np.ceil(kji.max(axis=0)).astype(int) + 1).clip(max=spect.grid.shape)
    found: list[float] = []
    if (high > low).all():
        index = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
        away = np.linalg.norm(spect.grid.to_lps(index) - center, axis=-1)
        inside = index[away <= radius_mm]
        seen = seen_mask(spect)
        if seen is not None:
            inside = inside[seen[tuple(inside.T)]]
        k, j, i = inside.T
        found = (spect.stored[k, j, i] * spect.slope[k] + spect.intercept[k]).tolist()
    if not found:
        raise GeometryError(
            f"No voxel of the {spect.source.label} that its detector saw lies in a ball of "
            f"{2 * radius_mm:.0f} mm here. Move the crosshair into its field, or take a larger one."
        )
    x, y, z = (float(value) for value in np.asarray(center_lps))
    return Ball((x, y, z), radius_mm, max(found), float(np.mean(found)), len(found), spect.unit)
