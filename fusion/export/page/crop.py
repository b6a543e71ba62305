"""The neck around the joints as bytes that any browser can draw: both volumes in 8 bit.

What is left outside is as much the point as what is inside: the face. Nothing here is measured;
numbers on the page come from the reading.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL, LEVELS
from fusion.annotations import Target
from fusion.fused import Fused
from fusion.geometry import FloatArray, Grid, direction_letters
from fusion.resampling import Resampler

#: Spacing of the functional volume, mm.
SPECT_MM = 2.0
#: Spacing of the CT, mm: the first with which it is small enough for a page that mail carries; a
#: noisy CT compresses badly.
CT_MM = (0.7, 0.85, 1.0, 1.2)
#: Most bytes of the compressed CT.
MOST_BYTES = 2_250_000
#: What is shown around the hull of the joints, to both sides, to front and back, up and down, mm:
#: bone and canal. Ears, nose, mouth and chin lie farther away.
AROUND_MM = (30.0, 34.0, 18.0)
#: What the 8 bits of the CT reach over, HU: a step is 8 HU.
HU_RANGE = (-500.0, 1540.0)


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of a volume in 8 bit.

    Parameters
    ----------
    grid : Grid
        k to the head, j to posterior, i to the left; the same spacing along all three.
    levels : (k, j, i) ndarray of uint8
        What is drawn.
    """

    grid: Grid
    levels: npt.NDArray[np.uint8] = field(repr=False)

    def at(self, point_lps: npt.ArrayLike) -> list[float]:
        """Return the centre of the voxel nearest to a point, mm, and its level.

        Whoever looks the centre up again rounds to the same voxel. A point half-way between two,
        as joints at usual distances lie, would be rounded one way here and another in a browser.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
        """
        kji = np.rint(self.grid.to_kji(point_lps)).astype(int)
        k, j, i = kji.clip(0, np.array(self.levels.shape) - 1)
        return [*self.grid.to_lps((k, j, i)).tolist(), int(self.levels[k, j, i])]

    @cached_property
    def packed(self) -> bytes:
        """The levels, compressed.

        Along i each is written as its difference from the one before, modulo 256: neighbours are
        alike, which saves a fifth.
        """
        steps = np.diff(self.levels, axis=2, prepend=np.uint8(0))
        return gzip.compress(steps.tobytes(), compresslevel=6, mtime=0)

    def to_json(self) -> dict[str, Any]:
        """Return what the page reads: place, letters of the six directions, compressed levels."""
        return {
            "shape": list(self.levels.shape),
            "origin": self.grid.affine[:3, 3].tolist(),
            "step": float(self.grid.spacing_mm[0]),
            "letters": [
                [direction_letters(-direction), direction_letters(direction)]
                for direction in self.grid.directions
            ],
            "levels": base64.b64encode(self.packed).decode("ascii"),
        }


def crops(fused: Fused, targets: Sequence[Target]) -> tuple[Crop, Crop]:
    """Return CT and functional volume around the joints.

    Parameters
    ----------
    fused : Fused
        What is shown.
    targets : sequence of Target
        At least one.
    """
    low, high = _field(fused.display_grid, targets)
    frame = fused.display_grid.frame_of_reference_uid
    grids = (_grid(low, high, spacing, frame) for spacing in CT_MM)
    made = (Crop(grid, _bone(fused, grid)) for grid in grids)
    ct = next(crop for crop in made if _is_small(crop))
    grid = _grid(low, high, SPECT_MM, frame)
    return ct, Crop(grid, _uptake(fused, grid))


def _is_small(crop: Crop) -> bool:
    return len(crop.packed) <= MOST_BYTES or crop.grid.spacing_mm[0] > CT_MM[-1] - 0.01


def _bone(fused: Fused, grid: Grid) -> npt.NDArray[np.uint8]:
    hu = Resampler(fused.ct, grid).array()
    share = (np.nan_to_num(hu, nan=HU_RANGE[0]) - HU_RANGE[0]) / (HU_RANGE[1] - HU_RANGE[0])
    levels: npt.NDArray[np.uint8] = np.rint(share.clip(0, 1) * 255).astype(np.uint8)
    return levels


def window_levels(window_hu: tuple[float, float]) -> list[float]:
    """Return a window of the CT in the levels of a crop."""
    low, high = HU_RANGE
    return [(hu - low) / (high - low) * 255 for hu in window_hu]


def _uptake(fused: Fused, grid: Grid) -> npt.NDArray[np.uint8]:
    """Return the functional volume in 8 bit: 0 not seen, 1 none, 255 the top of the colours."""
    uptake = fused.spect_on(grid)
    bottom, top = fused.uptake_range
    share = (np.nan_to_num(uptake, nan=bottom) - bottom) / (top - bottom)
    levels: npt.NDArray[np.uint8] = 1 + np.rint(share.clip(0, 1) * 254).astype(np.uint8)
    levels[~np.isfinite(uptake)] = 0
    return levels


def _field(shown: Grid, targets: Sequence[Target]) -> tuple[FloatArray, FloatArray]:
    """Return two corners, LPS mm: the hull of the neck's joints and what is around it, on the CT.

    Joints that nobody decided count too: the other side of the midline, and the levels up to the
    skull and down to T1 as far as they usually lie from one another.
    """
    points = np.array([target.point_lps for target in targets])
    lateral = np.array([target.placement.lateral_mm for target in targets])
    level = np.array([LEVELS.index(target.joint.level) for target in targets])
    across = np.concatenate([points[:, 0], points[:, 0] - 2 * lateral])
    up, down = (CERVICAL.pitch_mm * n for n in (level, len(LEVELS) - 1 - level))
    heights = np.concatenate([points[:, 2], points[:, 2] + up, points[:, 2] - down])
    axes = (across, points[:, 1], heights)
    around = np.array(AROUND_MM)
    low = np.array([axis.min() for axis in axes]) - around
    high = np.array([axis.max() for axis in axes]) + around
    corners = shown.corners_lps
    return np.maximum(low, corners.min(axis=0)), np.minimum(high, corners.max(axis=0))


def _grid(low: FloatArray, high: FloatArray, spacing_mm: float, frame: str | None) -> Grid:
    count = np.maximum(1, np.floor((high - low) / spacing_mm).astype(int) + 1)
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, ::-1] * spacing_mm  # columns: k along z, j along y, i along x
    affine[:3, 3] = low
    return Grid((int(count[2]), int(count[1]), int(count[0])), affine, frame)
