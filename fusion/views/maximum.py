"""The maximum of the functional volume along each line of sight, from any side of the patient."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from fusion.fused import Fused
from fusion.geometry import Grid, enclosing_grid, seen_part
from fusion.resampling import Resampler
from fusion.views.sight import View, turned


class MaximumProjection:
    """The functional volume seen from any side, each pixel the highest value along its line.

    Made in the volume's own frame and with its own spacing: all that its detector saw, and nothing
    else. From the front and from behind the values of a volume along the patient's axes are those
    of its voxels; from other sides they are interpolated between them.

    Parameters
    ----------
    fused : Fused
        Whose functional volume; its Registration takes what is seen to the CT.
    """

    def __init__(self, fused: Fused) -> None:
        self._fused = fused

    @cached_property
    def _box(self) -> Grid:
        return enclosing_grid(seen_part(self._fused.spect).grid)

    @cached_property
    def _resampler(self) -> Resampler:
        return self._fused.spect_in_own_frame(self._box)

    def seen_from(self, turn_deg: float) -> View:
        """Return the picture from one side.

        Parameters
        ----------
        turn_deg : float, degrees
            As for :func:`fusion.views.turned`.

        Returns
        -------
        View
            In the unit of the volume, with the depth of the maximum, and of one size from all
            sides; ``nan`` where nothing that was seen lies on the line.
        """
        box = self._box
        sight = turned(turn_deg, center_lps=box.center_lps)
        apart = float(box.spacing_mm[1:].min())
        wide, diagonal = _across(box)
        columns = _steps(wide, apart) + 1 + 2 * _steps((diagonal - wide) / 2, apart)
        reach = float(np.abs(sight.split(box.corners_lps)[:, 2]).max())
        grid = sight.grid(
            (box.shape[0], columns),
            (float(box.spacing_mm[0]), apart),
            depths_mm=(-reach, reach, apart),
            frame_of_reference_uid=box.frame_of_reference_uid,
        )
        values, depth = _highest(self._resampler.on(grid).array())
        return View(
            values,
            self._fused.spect.unit,
            sight,
            (float(box.spacing_mm[0]), apart),
            depth_mm=(depth * apart - reach).astype(np.float32),
            through=self._fused,
        )


def _across(box: Grid) -> tuple[float, float]:
    """Return the width of a box from side to side, and its longest extent across the patient."""
    deep, wide = (np.array(box.shape[1:]) - 1) * box.spacing_mm[1:]
    return float(wide), float(np.hypot(deep, wide))


def _steps(length_mm: float, apart_mm: float) -> int:
    return int(np.ceil(length_mm / apart_mm - 1e-6))


def _highest(
    block: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Return the maxima along the middle axis, ``nan`` where there is none, and where they lie."""
    filled = np.where(np.isnan(block), np.float32(-np.inf), block)
    depth = filled.argmax(axis=1)
    values = np.take_along_axis(filled, depth[:, None], axis=1)[:, 0]
    return np.where(np.isfinite(values), values, np.float32(np.nan)), depth
