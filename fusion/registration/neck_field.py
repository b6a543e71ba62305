"""Where the neck is in a CT, from the outline of the patient alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fusion.geometry import FloatArray

if TYPE_CHECKING:  # it brings scipy, for which opening a study does not wait
    from fusion.registration.expectation import CtModel

#: From the narrowest slice (about C5) down to T1 and up to C1, mm.
DOWN_MM, UP_MM = 45.0, 65.0
#: Half width of the box that holds the spine of a neck, mm
#: (docs/sources.md#registration-picture).
HALF_WIDTH_MM = 45.0
#: The neck is narrower than what is above and below it by this factor.
_NARROWER = 1.15
#: Slices with less patient than this are a crown or an empty edge, mm².
_LEAST_AREA_MM2 = 2500.0
#: A field that ends in the neck ends with less than this, mm²: a circumference of half a metre.
#: What ends with more ends in the head, and shows no neck by its outline.
_NECK_AREA_MM2 = 20000.0
#: A slice with more than this is a trunk, mm².
_TRUNK_AREA_MM2 = 40000.0


@dataclass(frozen=True, slots=True, eq=False)
class NeckField:
    """The stretch in which the facet joints lie.

    Parameters
    ----------
    center_lps : (3,) ndarray of float64, mm
        Middle of its bone.
    low_z, high_z : float, mm
        About T1 and about C1; never beyond the CT.
    found : bool
        False when the outline shows no neck and the middle of the field stands in for it.
    """

    center_lps: FloatArray
    low_z: float
    high_z: float
    found: bool

    @property
    def reference_points_lps(self) -> FloatArray:
        """Points where accuracy matters, about where facet joints lie: (12, 3), mm."""
        heights = np.linspace(self.low_z + 8, max(self.high_z - 20, self.low_z + 8), 6)
        return np.array(
            [(self.center_lps[0] + x, self.center_lps[1], z) for z in heights for x in (18, -18)]
        )


def find_neck(source: CtModel) -> NeckField:
    """Find the narrowest stretch between a head and a trunk.

    Parameters
    ----------
    source : CtModel
        From :func:`fusion.registration.expectation.ct_model`.
    """
    from scipy import ndimage

    grid = source.grid
    solid = source.body > 0.5
    k, j, i = np.ogrid[: solid.shape[0], : solid.shape[1], : solid.shape[2]]
    heights = grid.affine[2, 0] * k + grid.affine[2, 1] * j + grid.affine[2, 2] * i
    heights = heights + grid.affine[2, 3]
    axis = int(np.abs(grid.affine[2, :3]).argmax())
    others = tuple(a for a in range(3) if a != axis)
    z = heights.mean(axis=others)
    order = np.argsort(z)
    z = z[order]
    cell = float(np.prod(grid.spacing_mm[list(others)]))
    area = solid.sum(axis=others)[order] * cell
    spacing = float(grid.spacing_mm[axis])
    smooth = ndimage.gaussian_filter1d(
        area.astype(np.float64), 8 / spacing, mode="nearest", truncate=3.0
    )
    place = _narrowest(smooth, spacing)
    found = place is not None
    middle = float(z[place]) if place is not None else float((z[0] + z[-1]) / 2 - 10)
    low, high = max(middle - DOWN_MM, float(z[0])), min(middle + UP_MM, float(z[-1]))
    inside = (heights >= low) & (heights <= high) & (source.bone > 0.3)
    points = grid.to_lps(np.argwhere(inside)) if inside.sum() > 20 else grid.center_lps[None]
    center = np.median(points, axis=0)
    center[2] = (low + high) / 2
    return NeckField(center, low, high, found)


def _narrowest(area: FloatArray, spacing: float) -> int | None:
    """Index of the slice of the neck: narrower than the body above and below it."""
    usable = area > _LEAST_AREA_MM2
    reach = round(120 / spacing)
    candidates: list[int] = []
    for n in range(1, len(area) - 1):
        if not (usable[n] and area[n] <= area[n - 1] and area[n] <= area[n + 1]):
            continue
        above, below = area[n + 1 : n + reach], area[max(0, n - reach) : n]
        narrow = _NARROWER * area[n]
        if above.max() > narrow and below.max() > narrow and area[n] < _TRUNK_AREA_MM2 / 1.5:
            candidates.append(n)
    if not candidates and usable.any():
        top = int(np.flatnonzero(usable)[-1])
        if area[0] > _TRUNK_AREA_MM2 and area[top] < min(0.6 * area[0], _NECK_AREA_MM2):
            return top
    # A chin makes a second notch above the neck; ankles are narrow too, but far below.
    candidates = [n for n in candidates if (candidates[-1] - n) * spacing < 250]
    return min(candidates, key=lambda n: area[n]) if candidates else None
