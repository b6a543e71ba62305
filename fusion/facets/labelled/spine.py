"""From label files to a spine that is fit to be used on a CT, or a refusal that says why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion.anatomy import VERTEBRAE
from fusion.errors import FusionError, GeometryError
from fusion.facets.labelled.bone_checks import (
    column_bones,
    column_problems,
    dens_problems,
    misfit,
)
from fusion.facets.labelled.bones import Bone
from fusion.facets.labelled.conventions import (
    CONVENTIONS,
    Convention,
    convention,
    may_be_processes,
)
from fusion.facets.labelled.maps import LabelMap, Mask
from fusion.facets.labelled.nifti import is_nifti, read_nifti
from fusion.facets.labelled.segments import read_segmentation
from fusion.facets.labelled.subregions import Subregions, check_processes, read_subregions
from fusion.facets.localisation import LABEL_MAP
from fusion.findings import Finding
from fusion.findings.joints import LABELS_COARSE
from fusion.geometry import Volume
from fusion.progress import Progress, ProgressCallback

#: Labels on voxels larger than this are warned of: those of programs gave joints that were off by
#: 4 mm and more (docs/sources.md#label-quality), ideal ones by less (docs/facets.md).
COARSE_MM = 2.0
#: Share of a bone's voxels that have to lie on the CT for the bone to be used.
_ON_CT = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSpine:
    """Labelled bones that were checked against anatomy and against the CT.

    Parameters
    ----------
    source : str
        Which file, in which convention.
    bones : mapping of str to Bone
        Vertebra to its frame and surface, from the head down, as the labels name them; those on
        the CT.
    skull : Mask or None
        The label of the skull.
    parts : Subregions
        Articular processes that have labels of their own, the dens, and metal.
    findings : tuple of Finding
        What a reader must know.
    """

    source: str
    bones: Mapping[str, Bone]
    skull: Mask | None
    parts: Subregions
    findings: tuple[Finding, ...]

    @property
    def voxel_mm(self) -> float:
        """Largest voxel edge of the labels, mm."""
        return max(float(bone.mask.grid.spacing_mm.max()) for bone in self.bones.values())


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A label map as one convention reads it."""

    words: str
    names: Mapping[int, str]
    bones: Mapping[str, Bone]
    skull: Mask | None
    problems: Sequence[str]
    anchored: bool

    @property
    def in_neck(self) -> frozenset[tuple[int, str]]:
        return frozenset((n, name) for n, name in self.names.items() if name in VERTEBRAE)


def read_labels(
    paths: Sequence[Path],
    ct: Volume,
    *,
    label_convention: str | None = None,
    progress: ProgressCallback | None = None,
) -> LabelledSpine:
    """Read label maps made elsewhere, and check them against anatomy and against a CT.

    Parameters
    ----------
    paths : sequence of Path
        One file with vertebrae, and optionally one with articular processes (SPINEPS
        ``seg-spine``): NIfTI or DICOM Segmentation.
    ct : Volume
        HU.
    label_convention : str, optional
        Name of a :data:`fusion.facets.labelled.conventions.CONVENTIONS`; detected otherwise.
    progress : Progress, optional
        Told what is being done.

    Raises
    ------
    FusionError
        No label map, no convention that fits the anatomy, or several.
    GeometryError
        Place not stated, contradictory, mirrored, or not that of the CT.
    """
    report = Progress(progress)
    chosen = None if label_convention is None else convention(label_convention)
    if not 1 <= len(paths) <= 2:
        raise FusionError(
            "Give one label map with vertebrae, and at most one more with articular processes; "
            f"found {len(paths)}."
        )
    report(0.0, "Reading label maps")
    maps = [_read(path, ct) for path in paths]
    report(0.4, "Checking labels against anatomy")
    vertebrae, processes_map = _sorted_out(maps)
    reading = _reading(vertebrae, chosen)
    processes = {
        part: vertebrae.masks[n].largest()
        for n, part in vertebrae.parts.items()
        if part.process and part.vertebra in reading.bones
    }
    parts = Subregions(processes)
    if processes_map is not None:
        seen = read_subregions(processes_map, reading.bones, vertebrae_name=vertebrae.name)
        parts = replace(seen, processes={**processes, **seen.processes})
    check_processes(parts.processes, reading.bones, name=vertebrae.name)
    report(0.7, "Checking labels against the CT")
    bones = _on_ct(reading.bones, ct, vertebrae)
    names = " and ".join(one.name for one in maps)
    findings = [finding for one in maps for finding in one.findings]
    spine = LabelledSpine(
        f"{LABEL_MAP} {names} ({reading.words})", bones, reading.skull, parts, tuple(findings)
    )
    report(1.0, "Labels read")
    if spine.voxel_mm > COARSE_MM:
        coarse = LABELS_COARSE(voxel_mm=spine.voxel_mm, limit_mm=COARSE_MM)
        findings.append(coarse)
    return replace(spine, findings=tuple(findings))


def _read(path: Path, ct: Volume) -> LabelMap:
    if not path.is_file():
        raise FusionError(f"There is no file {path.name} to read labels from.")
    if is_nifti(path):
        return read_nifti(path)
    return read_segmentation(path, frame_of_reference_uid=ct.grid.frame_of_reference_uid)


def _sorted_out(maps: Sequence[LabelMap]) -> tuple[LabelMap, LabelMap | None]:
    """Tell the map of vertebrae from that of articular processes."""
    if len(maps) == 1:
        return maps[0], None
    is_processes = [
        not one.parts
        and may_be_processes(frozenset(one.masks))
        and all(reading.problems for reading in _readings(one, None))
        for one in maps
    ]
    if sum(is_processes) != 1:
        raise FusionError(
            f"Of {maps[0].name} and {maps[1].name}, one has to hold vertebrae and the other "
            "articular processes (SPINEPS seg-spine, labels 45 to 48)."
        )
    first = is_processes.index(False)
    return maps[first], maps[1 - first]


def _reading(labels: LabelMap, chosen: Convention | None) -> _Reading:
    if labels.parts:
        names = {n: part.vertebra for n, part in labels.parts.items() if not part.process}
        reading = _read_as(labels, names, words="as its segments name themselves", discs={})
        if reading.problems:
            raise FusionError(
                f"The segments of {labels.name} do not make a spine: {_list(reading.problems)}. "
                "Nothing is taken from it."
            )
        return _with_neck(reading, labels)
    readings = _readings(labels, chosen)
    fitting = [one for one in readings if not one.problems]
    distinct = {one.in_neck for one in fitting}
    if len(distinct) > 1:
        fitting = [one for one in fitting if one.anchored]
        distinct = {one.in_neck for one in fitting}
    if len(distinct) == 1:
        return _with_neck(fitting[0], labels)
    if len(distinct) > 1 or any(not one.problems for one in readings):
        every = [one for one in readings if not one.problems]
        raise FusionError(
            f"The labels of {labels.name} fit several conventions: "
            + "; ".join(f"{one.words}: {_span(one)}" for one in every)
            + f". Say which program made it: --label-convention {_names(every)}."
        )
    raise _no_reading(labels, readings, chosen)


def _no_reading(
    labels: LabelMap, readings: Sequence[_Reading], chosen: Convention | None
) -> FusionError:
    if chosen is not None:
        return FusionError(
            f"{labels.name}, read as {chosen.words}, is not a spine: "
            f"{_list(readings[0].problems)}. Nothing is taken from it. It was made in another "
            "convention (leave out --label-convention to have it detected), is flipped, or mixes "
            "vertebrae up."
        )
    if may_be_processes(frozenset(labels.masks)):
        return FusionError(
            f"{labels.name} holds articular processes without saying of which vertebra. Give the "
            "map of the vertebrae too: --labels FILE twice."
        )
    best = max(readings, key=lambda one: (len(one.in_neck), -len(one.problems)))
    found = ", ".join(str(n) for n in sorted(labels.masks)[:24])
    closest = f" Nearest: {best.words}, but {_list(best.problems)}." if best.in_neck else ""
    return FusionError(
        f"The labels of {labels.name} ({found}) make no spine in any known convention.{closest} "
        "Nothing is taken from it. It is flipped, mixes vertebrae up, or was made in another "
        "convention; if you know which, say so: --label-convention "
        f"{'|'.join(one.name for one in CONVENTIONS)}."
    )


def _with_neck(reading: _Reading, labels: LabelMap) -> _Reading:
    if sum(name in VERTEBRAE for name in reading.bones) < 2:
        raise FusionError(
            f"{labels.name} ({reading.words}) labels {_span(reading)}: fewer than two vertebrae "
            "of the neck, so no joint can be derived."
        )
    return reading


def _readings(labels: LabelMap, chosen: Convention | None) -> list[_Reading]:
    return [
        _read_as(
            labels,
            {n: one.vertebrae[n] for n in labels.masks if n in one.vertebrae},
            words=one.words,
            discs=one.discs,
            skull=one.skull,
        )
        for one in (CONVENTIONS if chosen is None else (chosen,))
    ]


def _read_as(
    labels: LabelMap,
    names: Mapping[int, str],
    *,
    words: str,
    discs: Mapping[int, tuple[str, str]],
    skull: int | None = None,
) -> _Reading:
    masks: dict[str, Mask] = {}
    for n, name in names.items():
        if name in masks:
            return _Reading(words, names, {}, None, (f"{name} is labelled twice",), False)
        masks[name] = labels.masks[n]
    top = masks.pop("C0", None)
    if skull is not None and skull in labels.masks:
        top = labels.masks[skull]
    if len(masks) < 2:
        return _Reading(words, names, {}, None, ("it labels fewer than two vertebrae",), False)
    problems = column_problems(masks)
    if problems:
        return _Reading(words, names, {}, None, problems, False)
    bones = column_bones({name: mask.largest() for name, mask in masks.items()})
    problems, dens = dens_problems(bones)
    between, misplaced = _discs_between(labels, discs, bones)
    return _Reading(words, names, bones, top, [*problems, *misplaced], dens or between)


def _discs_between(
    labels: LabelMap, discs: Mapping[int, tuple[str, str]], bones: Mapping[str, Bone]
) -> tuple[bool, list[str]]:
    """Tell whether labelled discs lie between their vertebrae, and which do not."""
    seen, misplaced = False, []
    for label, (upper, lower) in discs.items():
        if label not in labels.masks or upper not in bones or lower not in bones:
            continue
        middle = labels.masks[label].points_lps.mean(axis=0)
        below_upper = bones[upper].local(middle)[0] < 0
        above_lower = bones[lower].local(middle)[0] > 0
        if below_upper and above_lower:
            seen = True
        else:
            misplaced.append(f"the disc {upper}-{lower} does not lie between {upper} and {lower}")
    return seen, misplaced


def _on_ct(bones: Mapping[str, Bone], ct: Volume, labels: LabelMap) -> dict[str, Bone]:
    kept = {
        name: bone
        for name, bone in bones.items()
        if float(ct.grid.contains(bone.points_lps).mean()) >= _ON_CT
    }
    if sum(name in VERTEBRAE for name in kept) < 2:
        raise GeometryError(
            f"The labelled vertebrae of {labels.name} do not lie on this CT (fewer than two of the "
            "neck overlap with it in the patient's coordinates). It belongs to another CT, or its "
            "geometry was lost."
        )
    in_neck = [bone for name, bone in kept.items() if name in VERTEBRAE]
    why = misfit(ct, in_neck, mirror_x=float(labels.grid.center_lps[0]))
    if why:
        raise GeometryError(
            f"The labels of {labels.name} do not lie on the bones of this CT: {why}. It belongs to "
            "another CT, is mirrored or shifted, or its geometry was lost. Nothing is taken from "
            "it."
        )
    return kept


def _span(reading: _Reading) -> str:
    names = list(reading.bones)
    return f"{names[0]} to {names[-1]}" if names else "no vertebra"


def _names(readings: Iterable[_Reading]) -> str:
    words = {one.words for one in readings}
    return " or ".join(one.name for one in CONVENTIONS if one.words in words)


def _list(items: Sequence[str]) -> str:
    shown = "; ".join(items[:4])
    return shown if len(items) <= 4 else f"{shown}; and {len(items) - 4} more"
