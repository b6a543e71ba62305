"""Whether labels make a spine: the checks that a wrong convention or a mirrored map cannot pass.

Limits that no table states are the authors', wide enough for the smallest and largest adult.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from fusion.anatomy import Side
from fusion.facets.automatic.straight import sample_points
from fusion.facets.labelled.bones import MIDDLE_MM, Bone, bones_of
from fusion.facets.labelled.conventions import COLUMN
from fusion.facets.labelled.maps import Mask, Part
from fusion.geometry import FloatArray, Volume

#: Distance between the middles of neighbouring vertebrae, mm, by the region of the lower one
#: (docs/sources.md#label-conventions: 12 to 25 for the neck; middles of whole bones scatter).
_PITCH_MM = {"C": (7.0, 28.0), "T": (10.0, 38.0), "L": (18.0, 58.0)}
#: Volume of a vertebra of the neck, cm³, and of any other.
_VOLUME_CM3, _OTHER_VOLUME_CM3 = (2.0, 45.0), (4.0, 160.0)
#: Least step towards the feet from one vertebra to the next, mm.
_LEAST_DESCENT_MM = 4.0
#: The dens reaches the middle of C1 within this, mm; any other vertebra ends 7 mm or more below
#: the middle of its upper neighbour (measured on our simulated necks).
_DENS_SHORT_MM = 3.0
#: Nearer to the midline than this an articular process is on no side, mm, and the share of it that
#: may lie there.
_OFF_MIDLINE_MM, _WRONG_SHARE = 2.0, 0.05
#: HU by which labelled bone exceeds what lies outside of its surface, and how far outside, mm.
#: On our simulated necks 480, 270 with osteopenia; 68 to 146 when the labels are 5 mm off.
BONE_CONTRAST_HU, _OUTSIDE_MM = 60.0, 4.0
#: How far labels are moved to see whether they fit better, mm, and how much better is a misfit.
_STEPS_MM, _MOVE_GAIN, _MIRROR_GAIN = (6.0, 3.0), 1.1, 1.25
_OPPOSITE = {"left": "right", "back": "front", "head": "feet"}
#: Points of a bone that are looked at on the CT, and fewest that say something.
_MANY, _FEWEST = 1000, 50


def column_problems(masks: Mapping[str, Mask]) -> list[str]:
    """Return what keeps labelled vertebrae from being a spine: order, gaps, distances, sizes.

    Parameters
    ----------
    masks : mapping of str to Mask
        Vertebra to its voxels, in any order.

    Returns
    -------
    list of str
        Clauses for people; empty when nothing was found.
    """
    names = [name for name in COLUMN if name in masks]
    problems = []
    for upper, lower in pairwise(names):
        missing = COLUMN[COLUMN.index(upper) + 1 : COLUMN.index(lower)]
        if missing:
            problems.append(f"{', '.join(missing)} missing between {upper} and {lower}")
    for name in names:
        low, high = _VOLUME_CM3 if name[0] == "C" or name == "T1" else _OTHER_VOLUME_CM3
        volume = masks[name].volume_cm3
        if volume > high or (volume < low and not masks[name].at_edge):
            problems.append(f"{name} has {volume:.1f} cm³")
    if problems:
        return problems  # the rest takes longer and would say nothing new
    middles = {name: masks[name].points_lps.mean(axis=0) for name in names}
    for upper, lower in pairwise(names):
        step = middles[upper] - middles[lower]
        low, high = _PITCH_MM[lower[0]]
        distance = float(np.linalg.norm(step))
        if step[2] < _LEAST_DESCENT_MM:
            problems.append(f"{lower} does not lie below {upper}")
        elif not low <= distance <= high:
            problems.append(f"{upper} and {lower} lie {distance:.0f} mm apart")
    return problems


def dens_problems(bones: Mapping[str, Bone]) -> tuple[list[str], bool]:
    """Tell whether the dens stands in the ring of C1, and no other bone in its neighbour.

    Parameters
    ----------
    bones : mapping of str to Bone
        Vertebrae of a spine, from the head down.

    Returns
    -------
    problems : list of str
        Clauses for people.
    seen : bool
        Whether C1 and C2 are labelled and the dens stands in the ring.
    """
    problems, seen = [], False
    for upper, lower in pairwise(bones):
        reaches = _reaches(bones[upper], bones[lower])
        if (upper, lower) == ("C1", "C2"):
            seen = reaches
            if not reaches and not bones[lower].mask.at_edge:
                problems.append("C2 has no dens in the ring of C1")
        elif reaches:
            problems.append(f"{lower} stands in {upper} as only C2 does in C1")
    return problems, seen


def _reaches(upper: Bone, lower: Bone) -> bool:
    spl = lower.spl
    middle = spl[np.abs(spl[:, 2]) <= MIDDLE_MM, 0]
    if not len(middle):
        return False
    height = float(lower.local(upper.origin_lps)[0])
    return float(np.quantile(middle, 0.98)) > height - _DENS_SHORT_MM


def column_bones(masks: Mapping[str, Mask]) -> dict[str, Bone]:
    """Lay a frame into every vertebra, from the head down.

    Parameters
    ----------
    masks : mapping of str to Mask
        At least two vertebrae.
    """
    names = [name for name in COLUMN if name in masks]
    return dict(zip(names, bones_of([masks[name] for name in names]), strict=True))


def wrong_sides(processes: Mapping[Part, Mask], bones: Mapping[str, Bone]) -> list[Part]:
    """Return the articular processes that do not lie on the side that they are labelled as.

    Parameters
    ----------
    processes : mapping of Part to Mask
        Their labels.
    bones : mapping of str to Bone
        The vertebrae; each has its own midline.
    """
    wrong = []
    for part, mask in processes.items():
        if part.vertebra not in bones or part.side is None:
            continue
        lateral = part.side.sign * bones[part.vertebra].local(mask.points_lps)[:, 2]
        if float(np.quantile(lateral, _WRONG_SHARE)) < _OFF_MIDLINE_MM:
            wrong.append(part)
    return wrong


def upside_down(processes: Mapping[Part, Mask], bones: Mapping[str, Bone]) -> list[str]:
    """Return the vertebrae whose superior articular process lies below their inferior one."""
    names = []
    for name, bone in bones.items():
        for side in Side:
            above = processes.get(Part(name, "superior", side))
            below = processes.get(Part(name, "inferior", side))
            if above is None or below is None:
                continue
            heights = (float(np.mean(bone.local(m.points_lps)[:, 0])) for m in (above, below))
            if next(heights) <= next(heights):
                names.append(name)
    return list(dict.fromkeys(names))


def misfit(ct: Volume, bones: Sequence[Bone], *, mirror_x: float) -> str:
    """Tell in words why labels do not lie on the bones of a CT; empty when they do.

    Labelled bone has to be denser than its surroundings, and more so than if the labels were
    moved by a few millimetres or mirrored.

    Parameters
    ----------
    ct : Volume
        HU.
    bones : sequence of Bone
        Labelled vertebrae, all or most of each inside the CT.
    mirror_x : float, mm
        Middle of the label map from left to right: where a map that was flipped was flipped.
    """
    here = _contrast_hu(ct, bones)
    mirrored = _contrast_hu(ct, bones, mirror_x=mirror_x)
    if mirrored > _MIRROR_GAIN * max(here, 0.0) and mirrored > BONE_CONTRAST_HU:
        return (
            "they fit it better mirrored left to right "
            f"({mirrored:.0f} HU denser than their surroundings, against {here:.0f} as they are)"
        )
    if not here > BONE_CONTRAST_HU:
        return f"they are only {here:.0f} HU denser than their surroundings"
    for step in _STEPS_MM:
        for axis, words in enumerate(("left", "back", "head")):
            for sign in (1.0, -1.0):
                move = np.zeros(3)
                move[axis] = sign * step
                if _contrast_hu(ct, bones, move=move) > _MOVE_GAIN * here:
                    toward = words if sign > 0 else _OPPOSITE[words]
                    return f"they fit it better {step:g} mm further to the {toward}"
    return ""


def _contrast_hu(
    ct: Volume,
    bones: Sequence[Bone],
    *,
    mirror_x: float | None = None,
    move: FloatArray | None = None,
) -> float:
    """Return by how much labelled bone is denser than what is around it, median over the bones."""
    result = []
    for bone in bones:
        chosen = _some(np.concatenate([bone.surface_lps, bone.normals_lps], axis=1))
        values = []
        for place in (_some(bone.points_lps), chosen[:, :3] + _OUTSIDE_MM * chosen[:, 3:]):
            if mirror_x is not None:
                place = place * (-1.0, 1.0, 1.0) + (2 * mirror_x, 0.0, 0.0)
            hu = sample_points(ct, place if move is None else place + move)
            values.append(np.clip(hu[np.isfinite(hu)], -200.0, 900.0))
        if min(len(v) for v in values) >= _FEWEST:
            result.append(float(values[0].mean() - values[1].mean()))
    return float(np.median(result)) if result else float("-inf")


def _some(points: FloatArray) -> FloatArray:
    return points[:: max(1, len(points) // _MANY)]
