"""Joints from labels: midway between the articular surfaces that face each other.

Where the articular processes carry labels of their own, the surfaces are theirs. From whole
vertebrae they are the parts of the posterior pillars that face the neighbouring vertebra
(docs/sources.md#joints-from-labels), told from other near places by where they lie and by which
way they look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from fusion.anatomy import Joint, Side
from fusion.facets.labelled.bones import MIDDLE_MM, Bone, surface
from fusion.facets.labelled.maps import Mask, Part, cut_out
from fusion.geometry import FloatArray

#: Where joints lie beside the midline of the lower vertebra, mm: to the left or right, for the
#: facet joints and for those of C1 (docs/sources.md#joint-layout; wider for large and small
#: patients).
_LATERAL_MM = (8.0, 28.0)
#: Furthest in front of the back wall of the body, and behind it, that a facet joint lies, mm.
_BEHIND_WALL_MM = (-2.0, 22.0)
#: Surfaces look at each other when the cosine between their directions is below this.
_FACING = -0.35
#: Surfaces further apart than this are no joint, mm.
_WIDEST_MM = 7.0
#: Beyond the nearest tenth of a joint's surfaces, how much further apart the rest may be, mm.
_SLACK_MM = 1.2
#: Of the first estimate, how far the surface of a joint reaches, mm: half the longest facet
#: (13.5 / 2, docs/sources.md#facet-surfaces) and what the estimate may be off.
_REACH_MM = 9.0
#: Half edges of the box about C1 in which the condyles of the skull lie, mm: up, back, left.
_CONDYLES_MM = (40.0, 35.0, 40.0)
#: Fewer surface voxels that face each other than this are no joint: as many as fit on a third of
#: the smallest facet (75 mm2, docs/sources.md#facet-surfaces), between these limits.
_FEWEST_MM2, _FEWEST, _LEAST = 25.0, 6, 3


@dataclass(frozen=True, slots=True, eq=False)
class LabelledJoint:
    """A joint as the labels show it.

    Parameters
    ----------
    center_lps : (3,) ndarray of float64, mm
        Midway between the surfaces.
    normal_lps : (3,) ndarray of float64
        Unit normal, towards the upper bone.
    from_processes : bool
        Whether the articular processes had labels of their own.
    """

    center_lps: FloatArray
    normal_lps: FloatArray
    from_processes: bool


def joint_between(
    joint: Joint, upper: Bone, lower: Bone, processes: Mapping[Part, Mask]
) -> LabelledJoint | None:
    """Return one joint between two labelled bones, None where no surfaces face each other.

    Parameters
    ----------
    joint : Joint
        Which one; not C0-C1 unless the skull is labelled.
    upper, lower : Bone
        Its two bones.
    processes : mapping of Part to Mask
        Articular processes, where they are labelled.
    """
    own = (
        processes.get(Part(joint.upper, "inferior", joint.side)),
        processes.get(Part(joint.lower, "superior", joint.side)),
    )
    if own[0] is not None and own[1] is not None:
        found = _midway(joint, surface(own[0]), surface(own[1]), lower, from_processes=True)
        if found is not None:
            return found
    return _midway(
        joint,
        _on_side(upper, lower, joint.side),
        _on_side(lower, lower, joint.side),
        lower,
        from_processes=False,
    )


def joint_with_skull(joint: Joint, skull: Mask, atlas: Bone) -> LabelledJoint | None:
    """Return a C0-C1 joint between the label of the skull and C1, None where they do not face.

    Parameters
    ----------
    joint : Joint
        C0-C1 of one side.
    skull : Mask
        The label of the skull.
    atlas : Bone
        C1.
    """
    index = np.argwhere(skull.voxels)
    local = atlas.local(skull.grid.to_lps(index))
    near = (np.abs(local) <= _CONDYLES_MM).all(axis=1)
    if near.sum() < _FEWEST:
        return None
    voxels = np.zeros_like(skull.voxels)
    voxels[tuple(index[near].T)] = True
    points, normals = surface(cut_out(voxels, skull.grid))
    lateral = joint.side.sign * atlas.local(points)[:, 2]
    kept = (lateral >= _LATERAL_MM[0]) & (lateral <= _LATERAL_MM[1])
    below = _on_side(atlas, atlas, joint.side)
    return _midway(joint, (points[kept], normals[kept]), below, atlas, from_processes=False)


def _on_side(bone: Bone, lower: Bone, side: Side) -> tuple[FloatArray, FloatArray]:
    points, normals = bone.surface_lps, bone.normals_lps
    lateral = side.sign * lower.local(points)[:, 2]
    kept = (lateral >= _LATERAL_MM[0]) & (lateral <= _LATERAL_MM[1])
    return points[kept], normals[kept]


def _midway(
    joint: Joint,
    above: tuple[FloatArray, FloatArray],
    below: tuple[FloatArray, FloatArray],
    lower: Bone,
    *,
    from_processes: bool,
) -> LabelledJoint | None:
    edge = float(lower.mask.grid.spacing_mm.max())
    fewest = max(_LEAST, min(_FEWEST, round(_FEWEST_MM2 / edge**2)))
    if min(len(above[0]), len(below[0])) < fewest:
        return None
    distance, nearest = cKDTree(above[0]).query(below[0], distance_upper_bound=_WIDEST_MM + 4)
    met = np.isfinite(distance)
    points, normals = below[0][met], below[1][met]
    others, other_normals = above[0][nearest[met]], above[1][nearest[met]]
    distance = distance[met]
    middles = (points + others) / 2
    facing = np.einsum("nc,nc->n", normals, other_normals) < _FACING
    # The lower bone of a joint looks up, or where the labels touch, at least not down.
    facing &= normals @ lower.axes_lps[0] > 0.0
    if not from_processes and joint.is_zygapophysial:
        behind = lower.local(middles)[:, 1] - wall_mm(lower)
        facing &= (behind >= _BEHIND_WALL_MM[0]) & (behind <= _BEHIND_WALL_MM[1])
    if facing.sum() < fewest:
        return None
    near = float(np.quantile(distance[facing], 0.1))
    if near > _WIDEST_MM:
        return None
    slack = _SLACK_MM + 0.5 * edge
    kept = facing & (distance <= near + slack)
    center = np.median(middles[kept], axis=0)
    for _ in range(3):
        here = kept & (np.linalg.norm(middles - center, axis=1) <= _REACH_MM)
        if here.sum() < fewest:
            return None
        center = middles[here].mean(axis=0)
    normal = (normals[here] - other_normals[here]).sum(axis=0)
    length = float(np.linalg.norm(normal))
    if length == 0:
        return None
    return LabelledJoint(center, normal / length, from_processes)


def wall_mm(bone: Bone) -> float:
    """Return where the back wall of a vertebral body is, mm to the back of the bone's origin.

    In the midline a vertebra is body, canal, arch: the first empty stretch from the front is the
    canal.
    """
    spl = bone.spl
    middle = spl[np.abs(spl[:, 2]) <= MIDDLE_MM]
    if len(middle) < _FEWEST:
        return float(np.quantile(spl[:, 1], 0.4))
    step = max(1.0, float(bone.mask.grid.spacing_mm.max()))
    low = float(middle[:, 1].min())
    counts = np.bincount(((middle[:, 1] - low) / step).astype(int))
    body = counts > 0.15 * counts.max()
    first = int(body.argmax())
    empty = np.flatnonzero(~body[first:])
    if not len(empty) or first + empty[0] >= len(body):
        return float(np.quantile(spl[:, 1], 0.4))
    return low + step * float(first + empty[0])
