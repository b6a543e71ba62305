"""Parts of vertebrae that a second label map marks: articular processes, dens, metal.

SPINEPS writes them as ``seg-spine``: a process is that of a vertebra only by lying in its label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from fusion.errors import GeometryError
from fusion.facets.labelled.bone_checks import upside_down, wrong_sides
from fusion.facets.labelled.bones import Bone
from fusion.facets.labelled.conventions import DENS, METAL, PROCESSES
from fusion.facets.labelled.maps import LabelMap, Mask, Part, cut_out
from fusion.geometry import FloatArray

#: Share of the voxels of articular processes that have to lie in a labelled vertebra.
_IN_BONES = 0.5
#: Share of the dens, from its lower end, that is next to the body that it stands on, and how far
#: from it at most, mm.
_FOOT_SHARE, _FOOT_MM = 0.25, 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Subregions:
    """Parts that a second label map marks.

    Parameters
    ----------
    processes : mapping of Part to Mask
        Articular processes, given to the vertebra in whose label they lie.
    dens : Mask or None
        The dens, of whichever vertebra.
    metal : Mask or None
        Metal.
    """

    processes: Mapping[Part, Mask]
    dens: Mask | None = None
    metal: Mask | None = None


def read_subregions(
    labels: LabelMap, bones: Mapping[str, Bone], *, vertebrae_name: str
) -> Subregions:
    """Take a map of parts apart.

    Parameters
    ----------
    labels : LabelMap
        Numbers as SPINEPS ``seg-spine`` has them; all four articular processes are there.
    bones : mapping of str to Bone
        Vertebra to its bone, from the map of vertebrae.
    vertebrae_name : str
        The file of that map, for messages.

    Raises
    ------
    GeometryError
        The two maps do not belong together.
    """
    dens = labels.masks.get(DENS)
    return Subregions(
        _assigned(labels, bones, vertebrae_name),
        None if dens is None else dens.largest(),
        labels.masks.get(METAL),
    )


def _assigned(labels: LabelMap, bones: Mapping[str, Bone], vertebrae_name: str) -> dict[Part, Mask]:
    """Give every articular process to the vertebra in whose label it lies."""
    processes, inside, total = {}, 0, 0
    for label, (process, side) in PROCESSES.items():
        mask = labels.masks[label]
        index = np.argwhere(mask.voxels)
        points = mask.grid.to_lps(index)
        total += len(points)
        for name, bone in bones.items():
            kept = np.flatnonzero(bone.mask.holds(points))
            inside += len(kept)
            if len(kept):
                voxels = np.zeros_like(mask.voxels)
                voxels[tuple(index[kept].T)] = True
                processes[Part(name, process, side)] = cut_out(voxels, mask.grid).largest()
    if inside < _IN_BONES * total:
        raise GeometryError(
            f"Only {inside / total:.0%} of the articular processes of {labels.name} lie in the "
            f"vertebrae of {vertebrae_name}: the two do not belong together, or one is flipped."
        )
    return processes


def check_processes(
    processes: Mapping[Part, Mask], bones: Mapping[str, Bone], *, name: str
) -> None:
    """Refuse articular processes on the wrong side of their vertebra, or upside down.

    Parameters
    ----------
    processes : mapping of Part to Mask
        Their labels.
    bones : mapping of str to Bone
        The vertebrae; each has its own midline.
    name : str
        The file, for messages.

    Raises
    ------
    GeometryError
        They are mirrored, exchanged, mixed up or upside down.
    """
    wrong = wrong_sides(processes, bones)
    if wrong:
        shown = [f"{part.side} {part.process} process of {part.vertebra}" for part in wrong]
        what = "; ".join(shown[:4]) + (f"; and {len(shown) - 4} more" if len(shown) > 4 else "")
        why = (
            "The label map is mirrored, or left and right are exchanged in it"
            if len(wrong) > len(processes) / 2
            else "The label map mixes sides up"
        )
        raise GeometryError(
            f"The articular processes that {name} comes with do not lie on the side that they are "
            f"labelled as, seen from the midline of their own vertebra: {what}. {why}. Nothing is "
            "taken from it."
        )
    turned = upside_down(processes, bones)
    if turned:
        raise GeometryError(
            f"The superior articular processes of {', '.join(turned)} lie below the inferior ones: "
            f"the label map that {name} comes with is upside down or mixes them up."
        )


def stands_on(dens: Mask, bones: Mapping[str, Bone]) -> str:
    """Return the vertebra that a labelled dens stands on; empty where that is none.

    Parameters
    ----------
    dens : Mask
        Its label.
    bones : mapping of str to Bone
        The vertebrae. The dens may be part of one of their labels: it does not count.
    """
    points = dens.points_lps
    foot = points[points[:, 2] <= np.quantile(points[:, 2], _FOOT_SHARE)]
    away = {name: _away_mm(bone, dens, foot) for name, bone in bones.items()}
    nearest = min(away, key=lambda name: away[name], default="")
    return nearest if nearest and away[nearest] <= _FOOT_MM else ""


def _away_mm(bone: Bone, dens: Mask, foot: FloatArray) -> float:
    """Return how far a bone without the dens lies from the foot of the dens (median), mm."""
    others = bone.points_lps[~dens.holds(bone.points_lps)]
    if not len(others):
        return float("inf")
    distance, _ = cKDTree(others).query(foot)
    return float(np.median(distance))
