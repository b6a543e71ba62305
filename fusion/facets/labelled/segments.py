"""Reading a label map from a DICOM Segmentation.

Segments say what they are by code or by name; only where they do neither, their numbers are taken
for the ids of a convention. Codes: docs/sources.md#codes and #label-conventions.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import SegmentationStorage

from fusion.anatomy import BONE_CODES, PROCESS_CODES, SIDE_CODES, VERTEBRA_CODE
from fusion.dicom import (
    PARSE_ERRORS,
    Instance,
    damage_told,
    integer,
    items,
    quiet_pydicom,
    read_header,
    read_with_pixels,
    text,
    uid,
)
from fusion.errors import DicomError, FusionError, GeometryError
from fusion.facets.labelled.maps import MAX_LABEL_VOXELS, LabelMap, Mask, Part, cut_out
from fusion.facets.labelled.offered import LABEL_MAP_STORAGE
from fusion.geometry import DIRECTION_TOLERANCE, Grid
from fusion.plain_text import plain

#: By code value of SNOMED CT.
_BONES = {code.value: bone for code, bone in BONE_CODES}
_PROCESSES = {code.value: process for process, code in PROCESS_CODES.items()}
_SIDES = {code.value: side for side, code in SIDE_CODES.items()}
#: "Vertebra" without saying which one: then the anatomic region says it.
_VERTEBRA = VERTEBRA_CODE.value
#: Where a segment may say which bone or side it means, besides its property type.
_MODIFIERS = (
    "SegmentedPropertyTypeModifierCodeSequence",
    "AnatomicRegionModifierSequence",
    "PrimaryAnatomicStructureModifierSequence",
)
_TYPE = "SegmentedPropertyTypeCodeSequence"
_REGIONS = ("AnatomicRegionSequence", "PrimaryAnatomicStructureSequence")
#: Names that programs give: "C5", "vertebra C5", "vertebrae_C5", "C5 vertebra".
_NAME = re.compile(
    r"(?:vertebrae?[ _-]*)?(C[1-7]|T(?:1[0-2]|[1-9])|L[1-6])(?:[ _-]*vertebra)?", re.I
)


def read_segmentation(path: Path, *, frame_of_reference_uid: str | None) -> LabelMap:
    """Read a DICOM Segmentation (binary or label map).

    Parameters
    ----------
    path : Path
        The file.
    frame_of_reference_uid : str or None
        Of the CT; the Segmentation has to state the same.

    Raises
    ------
    DicomError
        No Segmentation, one with fractions, or a damaged one.
    GeometryError
        Another or no Frame of Reference, or no regular grid.
    FusionError
        Codes and names of a segment that contradict each other.
    """
    name = plain(path.name)
    instance = read_header(path, label=name)
    if instance is None:
        raise DicomError("neither NIfTI (.nii, .nii.gz) nor DICOM.", label=name)
    with quiet_pydicom():
        return _read(instance, frame_of_reference_uid)


def bones_named(header: Dataset, name: str) -> frozenset[str]:
    """Return the vertebrae that the segments of a DICOM Segmentation name.

    Parameters
    ----------
    header : Dataset
        Of the Segmentation.
    name : str
        What errors call the file.

    Raises
    ------
    DicomError
        Elements that cannot be decoded.
    FusionError
        Codes and names of a segment that contradict each other.
    """
    return frozenset(part.vertebra for _, part in _parts(header, name) if not part.process)


def _read(instance: Instance, wanted: str | None) -> LabelMap:
    header, name = instance.dataset, instance.label
    if uid(header, "SOPClassUID") not in (SegmentationStorage, LABEL_MAP_STORAGE):
        raise DicomError(
            "a DICOM object, but no Segmentation. Give a DICOM SEG or a NIfTI label map.",
            label=name,
        )
    if text(header, "SegmentationType").upper() not in ("BINARY", "LABELMAP"):
        raise DicomError(
            f"a Segmentation of type {text(header, 'SegmentationType') or 'unknown'}; BINARY or "
            "LABELMAP is needed, because a share or a probability is no label.",
            label=name,
        )
    _check_frame(uid(header, "FrameOfReferenceUID"), wanted, name)
    try:
        parts = dict(_parts(header, name))
        grid, masks = _masks(instance)
    # highdicom looks frames up in a database of its own.
    except (*PARSE_ERRORS, sqlite3.Error) as exc:
        raise DicomError(
            "a Segmentation that cannot be read: it is damaged, or its frames do not form one "
            "regular grid.",
            label=name,
        ) from exc
    return LabelMap(name, grid, masks, {n: part for n, part in parts.items() if n in masks})


def _check_frame(found: str | None, wanted: str | None, name: str) -> None:
    if not found or not wanted:
        which = f"{name} states" if not found else "The CT states"
        raise GeometryError(
            f"{which} no coordinate system (DICOM Frame of Reference), so the labels cannot be "
            "placed on the CT. Give a Segmentation made on this CT."
        )
    if found != wanted:
        raise GeometryError(
            f"{name} lies in another coordinate system (DICOM Frame of Reference) than the CT. "
            "Give a Segmentation made on this CT."
        )


def _masks(instance: Instance) -> tuple[Grid, dict[int, Mask]]:
    name = instance.label
    with damage_told():
        whole = read_with_pixels(instance)
        segmentation = hd.seg.Segmentation.from_dataset(whole, copy=False)
        geometry = segmentation.get_volume_geometry(allow_missing_positions=True)
        # Numbers that are none in the file are noticed as late as here.
        shape = () if geometry is None else tuple(int(n) for n in geometry.spatial_shape)
    if geometry is None:
        raise GeometryError(f"The frames of {name} are not evenly spaced parallel slices.")
    if float(np.prod([float(n) for n in shape])) > MAX_LABEL_VOXELS:
        raise GeometryError(f"{name} states {shape} voxels, which no label map of a neck has.")
    grid = Grid((shape[0], shape[1], shape[2]), geometry.affine, geometry.frame_of_reference_uid)
    skew = float(np.abs(grid.directions @ grid.directions.T - np.eye(3)).max())
    if skew > DIRECTION_TOLERANCE:
        raise GeometryError(f"The axes of {name} are not perpendicular (cosine {skew:.4f}).")
    masks = {}
    for number in segmentation.segment_numbers:
        with damage_told():
            volume = segmentation.get_volume(
                segment_numbers=[number],
                combine_segments=True,
                allow_missing_positions=True,
                apply_icc_profile=False,
            )
        voxels = np.asarray(volume.array) == number
        if volume.spatial_shape != geometry.spatial_shape:
            raise GeometryError(f"The segments of {name} do not lie on the same slices.")
        if number and voxels.any():
            masks[int(number)] = cut_out(voxels, grid)
    if not masks:
        raise FusionError(f"{name} holds no segment with any voxel.")
    return grid, masks


def _parts(header: Dataset, name: str) -> Iterator[tuple[int, Part]]:
    for item in items(header, "SegmentSequence"):
        number = integer(item, "SegmentNumber")
        if number is None:
            raise ValueError("a segment without a number")
        part = _part(item, name, number)
        if part is not None:
            yield number, part


def _part(item: Dataset, name: str, number: int) -> Part | None:
    kind = _code(items(item, _TYPE))
    regions = {_BONES[c] for k in _REGIONS for c in _codes(items(item, k)) if c in _BONES}
    if kind in _PROCESSES:
        sides = {_SIDES[code] for code in _modifiers(item) if code in _SIDES}
        one = len(sides) == 1 and len(regions) == 1
        return Part(regions.pop(), _PROCESSES[kind], sides.pop()) if one else None
    match = _NAME.fullmatch(text(item, "SegmentLabel"))
    said = {match.group(1).upper()} if match else set()
    said |= {_BONES[kind]} if kind in _BONES else regions if kind == _VERTEBRA else set()
    if len(said) > 1:
        raise FusionError(
            f"Segment {number} of {name} calls itself {' and '.join(sorted(said))}: its code and "
            "its name contradict each other."
        )
    return Part(said.pop()) if said else None


def _modifiers(item: Dataset) -> Iterator[str]:
    nested = [item, *(entry for k in (_TYPE, *_REGIONS) for entry in items(item, k))]
    for dataset in nested:
        for keyword in _MODIFIERS:
            yield from _codes(items(dataset, keyword))


def _codes(sequence: tuple[Dataset, ...]) -> list[str]:
    return [_snomed(entry) for entry in sequence]


def _code(sequence: tuple[Dataset, ...]) -> str | None:
    codes = _codes(sequence)
    return codes[0] if codes else None


def _snomed(entry: Dataset) -> str:
    """Return a SNOMED CT code; codes of SNOMED RT are translated as DICOM PS3.16 says."""
    scheme = text(entry, "CodingSchemeDesignator")
    value = text(entry, "CodeValue")
    for code in (*_BONES, *_PROCESSES, *_SIDES, _VERTEBRA):
        if Code(value, scheme, "") == Code(code, "SCT", ""):
            return code
    return ""
