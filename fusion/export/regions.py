"""The region of uptake of each positive Target: a stated rule, not a validated contour.

It is made of the CT voxels within :data:`RADIUS_MM` of the Target's point where the functional
volume, interpolated there, reaches :data:`FRACTION` of its maximum inside that sphere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fusion.annotations import Target
from fusion.fused import Fused
from fusion.geometry import Grid
from fusion.resampling import Resampler

#: Half of the smallest distance between neighbouring joints of one side (14 mm,
#: docs/sources.md#joint-layout), so that the spheres of two joints do not overlap.
RADIUS_MM = 7.0
#: Share of the maximum in the sphere: a convention without validation for facet joints
#: (docs/sources.md#no-uptake-cut-off).
FRACTION = 0.5
#: The rule in words, for the object and for people.
RULE = (
    f"CT voxels within {RADIUS_MM:g} mm of the target's point where the interpolated uptake "
    f"reaches {FRACTION:.0%} of its maximum there. Not validated."
)


@dataclass(frozen=True, slots=True, eq=False)
class UptakeRegion:
    """The region of one Target.

    Parameters
    ----------
    target : Target
        Whose.
    start : (k, j, i) tuple of int
        First voxel of ``mask`` on the CT's grid.
    mask : (k, j, i) ndarray of bool
        The box around the sphere; empty when the sphere lies outside either volume.
    maximum : float
        Highest uptake in the sphere, in the functional volume's unit; ``nan`` for an empty region.
    share : float
        Of the sphere that the region covers, 0 to 1: near 1 there is nothing to outline.
    """

    target: Target
    start: tuple[int, int, int]
    mask: npt.NDArray[np.bool_] = field(repr=False)
    maximum: float
    share: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.mask.any()


def uptake_region(target: Target, fused: Fused) -> UptakeRegion:
    """Return the region of a Target on the CT's grid.

    Parameters
    ----------
    target : Target
        Its point is the centre of the sphere.
    fused : Fused
        CT, functional volume, and the Registration that joins them.
    """
    grid = fused.ct.grid
    center = np.array(target.point_lps)
    inverse = np.linalg.inv(grid.affine[:3, :3])
    # Half the box: how far the sphere reaches along each index (rows of the inverse).
    reach = RADIUS_MM * np.linalg.norm(inverse, axis=1)
    middle = grid.to_kji(center)
    low = np.maximum(np.ceil(middle - reach), 0).astype(int)
    high = np.minimum(np.floor(middle + reach), np.array(grid.shape) - 1).astype(int)
    start = int(low[0]), int(low[1]), int(low[2])
    if (high < low).any():
        return UptakeRegion(target, start, np.zeros((0, 0, 0), bool), float("nan"))
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps(low)
    size = high - low + 1
    shape = int(size[0]), int(size[1]), int(size[2])
    box = Grid(shape, affine, grid.frame_of_reference_uid)
    transform = fused.registration.transform_at(center)
    uptake = Resampler(fused.spect, box, transform=transform).array()
    kji = np.moveaxis(np.indices(shape), 0, -1)
    inside = np.linalg.norm(box.to_lps(kji) - center, axis=-1) <= RADIUS_MM
    inside &= np.isfinite(uptake)
    maximum = float(uptake[inside].max()) if inside.any() else float("nan")
    if not maximum > 0:
        return UptakeRegion(target, start, np.zeros(shape, bool), float("nan"))
    sphere = int(inside.sum())
    inside[inside] = uptake[inside] >= FRACTION * maximum
    return UptakeRegion(target, start, inside, maximum, float(inside.sum() / sphere))
