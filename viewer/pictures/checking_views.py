"""Ways to compare CT and SPECT by eye, worked out for the planes on screen only.

In the checkerboard and the wipe each place shows one of the two alone; CT edges lie on top of the
SPECT. Where the SPECT has no data the CT stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

if TYPE_CHECKING:
    from fusion.geometry import Grid

#: Side of a tile of the checkerboard, mm: about the height of a cervical vertebra with its disc.
TILE_MM = 20.0
#: HU from which the CT counts as bone when its edges are drawn.
EDGE_HU = 200.0
#: Smoothing before the edges are taken, mm (standard deviation).
EDGE_SMOOTHING_MM = 1.0


class Mode(StrEnum):
    """How CT and SPECT share the picture."""

    BLEND = "Blend"
    CHECKERBOARD = "Checkerboard"
    WIPE = "Wipe"
    EDGES = "CT edges on SPECT"


@dataclass(frozen=True, slots=True)
class CheckingView:
    """A checking view.

    Parameters
    ----------
    mode : Mode
        Which.
    tile_mm : float, mm
        Side of a tile of the checkerboard.
    divider_lps : (float, float, float), mm
        Point through which the divider of the wipe passes, across the picture's width.

    Raises
    ------
    ValueError
        The tile is not larger than nothing.
    """

    mode: Mode = Mode.BLEND
    tile_mm: float = TILE_MM
    divider_lps: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if not self.tile_mm > 0:
            raise ValueError("a tile needs a size")

    def spect_mask(self, grid: Grid, axis: int) -> npt.NDArray[np.bool_] | None:
        """Return where in a plane the SPECT alone is shown.

        Parameters
        ----------
        grid : Grid
            The display grid: axis-aligned, increasing along LPS.
        axis : {0, 1, 2}
            Axis of the grid that the plane is perpendicular to.

        Returns
        -------
        (rows, columns) ndarray of bool, or None
            None where the mode has no such places.
        """
        if self.mode not in (Mode.CHECKERBOARD, Mode.WIPE):
            return None
        vertical, horizontal = (n for n in range(3) if n != axis)
        rows = np.arange(grid.shape[vertical]) * grid.spacing_mm[vertical]
        columns = np.arange(grid.shape[horizontal]) * grid.spacing_mm[horizontal]
        if self.mode is Mode.CHECKERBOARD:
            tiles = (rows // self.tile_mm)[:, None] + (columns // self.tile_mm)[None]
            odd: npt.NDArray[np.bool_] = tiles % 2 == 1
            return odd
        first_lps = grid.to_lps((0, 0, 0))[2 - horizontal]
        right = first_lps + columns >= self.divider_lps[2 - horizontal]
        return np.broadcast_to(right, (len(rows), len(columns)))


def bone_edges(
    plane_hu: npt.NDArray[np.generic], spacing_mm: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    """Return the outlines of bone in one plane of a CT.

    Parameters
    ----------
    plane_hu : (rows, columns) ndarray
        HU; ``nan`` outside the field.
    spacing_mm : (float, float), mm
        Between rows and between columns.

    Returns
    -------
    (rows, columns) ndarray of uint8
        1 on the outermost pixels of bone, else 0.
    """
    hu = np.nan_to_num(np.asarray(plane_hu, dtype=np.float32), nan=-1024.0)
    smooth = ndimage.gaussian_filter(hu, [EDGE_SMOOTHING_MM / step for step in spacing_mm])
    bone = smooth >= EDGE_HU
    outline: npt.NDArray[np.bool_] = bone & ~ndimage.binary_erosion(bone, border_value=1)
    return outline.astype(np.uint8)
