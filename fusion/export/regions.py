"""The region of uptake of each positive Target: a stated rule, not a validated contour.

It is made of what is measured at a joint: the functional volume's own voxels within
:data:`RADIUS_MM` of the Target's point, and nearer to it than to any other decided joint. What of
them reaches :data:`FRACTION` of the highest is outlined on the CT's grid. Nothing is interpolated:
between the voxels of a joint and those of a hotter neighbour the values rise above either rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fusion.annotations import Target
from fusion.fused import Fused
from fusion.geometry import FloatArray, RigidTransform, Volume, block_around, seen_mask

#: Half of the smallest distance between neighbouring joints of one side (14 mm,
#: docs/sources.md#joint-layout), so that the spheres of two joints do not overlap.
RADIUS_MM = 7.0
#: Share of the maximum in the sphere: a convention without validation for facet joints
#: (docs/sources.md#no-uptake-cut-off).
FRACTION = 0.5
#: The rule in words, for the object and for people.
RULE = (
    f"CT voxels within {RADIUS_MM:g} mm of the target's point, in those voxels of the SPECT or PET "
    "whose centre lies as near and nearer to it than to any other decided joint, where these reach "
    f"{FRACTION:.0%} of the highest of them. Not validated."
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
    highest : float
        Of the voxels of the functional volume that it is made of, in that volume's unit; ``nan``
        for an empty region. What was measured when the reader decided is ``target.uptake``: it is
        the same number where the point is the joint's centre, and all that is called a maximum.
    share : float
        Of what is measured in the sphere that the region covers, 0 to 1: near 1 there is nothing
        to outline.
    """

    target: Target
    start: tuple[int, int, int]
    mask: npt.NDArray[np.bool_] = field(repr=False)
    highest: float
    share: float = 0.0

    @property
    def outlined_from(self) -> float:
        """Uptake from which voxels belong to it; ``nan`` for an empty region."""
        return FRACTION * self.highest

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.mask.any()


def uptake_region(target: Target, fused: Fused, decided: Iterable[Target] = ()) -> UptakeRegion:
    """Return the region of a Target on the CT's grid.

    Parameters
    ----------
    target : Target
        Its point is the centre of the sphere.
    fused : Fused
        CT, functional volume, and the Registration that joins them.
    decided : iterable of Target
        Of all joints: a voxel belongs to the nearest.
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
    size = high - low + 1
    mask = np.zeros((int(size[0]), int(size[1]), int(size[2])), bool)
    others = [np.array(one.point_lps) for one in decided if one.target_id != target.target_id]
    transform = fused.registration.transform_at(center)
    found = _measured(fused.spect, center, others, transform)
    if found is None:
        return UptakeRegion(target, start, mask, float("nan"))
    block, own = found
    values = block.values()
    highest = float(values[own].max()) if own.any() else float("nan")
    if not highest > 0:
        return UptakeRegion(target, start, mask, float("nan"))
    points = grid.to_lps(np.moveaxis(np.indices(mask.shape), 0, -1) + low)
    near = np.linalg.norm(points - center, axis=-1) <= RADIUS_MM
    native = np.rint(block.grid.to_kji(transform.inverse().apply(points[near]))).astype(int)
    held = ((native >= 0) & (native < block.grid.shape)).all(axis=-1)
    native[~held] = 0
    k, j, i = native.T
    held &= own[k, j, i]
    mask[near] = held & (values[k, j, i] >= FRACTION * highest)
    share = float(mask.sum() / held.sum()) if held.any() else 0.0
    return UptakeRegion(target, start, mask, highest, share)


def _measured(
    spect: Volume, center: FloatArray, others: Iterable[FloatArray], transform: RigidTransform
) -> tuple[Volume, npt.NDArray[np.bool_]] | None:
    """Return a block of the functional volume, and which of its voxels belong to a point."""
    corners = np.stack(np.meshgrid(*[(-RADIUS_MM, RADIUS_MM)] * 3), axis=-1).reshape(-1, 3)
    block = block_around(spect, transform.inverse().apply(center + corners))
    if block is None:
        return None
    shape = block.grid.shape
    middles = transform.apply(block.grid.to_lps(np.moveaxis(np.indices(shape), 0, -1)))
    away = np.linalg.norm(middles - center, axis=-1)
    own = (away <= RADIUS_MM) & np.isfinite(block.values())
    for other in others:
        own &= away < np.linalg.norm(middles - other, axis=-1)
    if (saw := seen_mask(spect)) is not None:
        first = np.rint(spect.grid.to_kji(block.grid.affine[:3, 3])).astype(int)
        own &= saw[tuple(slice(a, a + n) for a, n in zip(first, shape, strict=True))]
    return block, own
