"""What became of the bones between two CTs: joints newly fused, metal that is new."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fusion.anatomy import JOINTS, Joint
from fusion.facets import Status
from fusion.findings import Finding
from fusion.findings.follow_up import FUSION_GONE, HARDWARE_GONE, NEW_FUSION, NEW_HARDWARE
from fusion.follow_up.dated import Dated
from fusion.geometry import FloatArray, Volume, block_around

#: HU from which a voxel is metal: above enamel, which lies far from the joints.
METAL_HU = 2500.0
#: Metal within this of a joint is beside it, mm.
BESIDE_MM = 22.0
#: Less metal than this is noise or calcium, mm3.
LEAST_METAL_MM3 = 60.0


def bone_changes(earlier: Dated, later: Dated) -> Iterator[Finding]:
    """Yield what is new about the bones, and what is gone."""
    both = [j for j in JOINTS if all(_center(date, j) is not None for date in (earlier, later))]
    fused = [{j for j in both if _status(date, j) is Status.FUSED} for date in (earlier, later)]
    metal = [{j for j in both if _metal_mm3(date, j) >= LEAST_METAL_MM3}
             for date in (earlier, later)]  # fmt: skip
    for kind, joints in (
        (NEW_FUSION, fused[1] - fused[0]),
        (FUSION_GONE, fused[0] - fused[1]),
        (NEW_HARDWARE, metal[1] - metal[0]),
        (HARDWARE_GONE, metal[0] - metal[1]),
    ):
        if joints:
            yield kind(joints=tuple(joint.name for joint in both if joint in joints))


def _status(date: Dated, joint: Joint) -> Status:
    return date.localisation.facet(joint.level, joint.side).status


def _center(date: Dated, joint: Joint) -> FloatArray | None:
    return date.localisation.facet(joint.level, joint.side).center_lps


def _metal_mm3(date: Dated, joint: Joint) -> float:
    center = _center(date, joint)
    return 0.0 if center is None else metal_near(date.review.fused.ct, center)


def metal_near(ct: Volume, center_lps: FloatArray) -> float:
    """Return how much metal lies within :data:`BESIDE_MM` of a point of a CT, mm3."""
    corners = center_lps + BESIDE_MM * (2 * np.array(list(np.ndindex(2, 2, 2))) - 1.0)
    block = block_around(ct, corners)
    if block is None:
        return 0.0
    dense = np.argwhere(block.values() >= METAL_HU)
    if not len(dense):
        return 0.0
    near = np.linalg.norm(block.grid.to_lps(dense) - center_lps, axis=1) <= BESIDE_MM
    return float(near.sum() * abs(np.linalg.det(block.grid.affine[:3, :3])))
