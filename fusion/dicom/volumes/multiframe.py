"""Enhanced and Legacy Converted Enhanced CT and PET objects, as volumes.

One object holds many frames, in any order and possibly of several stacks or phases; where each
lies is said by its functional groups (PS3.3 C.7.6.16). The order in the file means nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydicom.datadict import dictionary_description

from fusion.dicom.files.functional_groups import functional_group
from fusion.dicom.files.instance import (
    Instance,
    attribute_name,
    integer,
    items,
    numbers,
    text,
    texts,
    uid,
)
from fusion.dicom.series import FrameRef, Kind, VolumePlan
from fusion.dicom.volumes.phases import IMAGE_TYPE, OBJECT, STACK
from fusion.dicom.volumes.slices import Slice
from fusion.dicom.volumes.stack import Unusable, listed, place, plan_slices
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import CONCATENATION_INCOMPLETE, LOCALIZER_FRAMES

_FRAME_TYPES = ("CTImageFrameTypeSequence", "PETFrameTypeSequence", "CommonCTFrameTypeSequence")
#: Dimensions that number slices within a stack, or the stacks: In-Stack Position Number, Image
#: Position (Patient), Stack ID. The others tell phases apart.
_SPATIAL_DIMENSIONS = frozenset({0x00209057, 0x00200032, 0x00209056})


def plan_volumes(instances: Sequence[Instance], *, kind: Kind) -> tuple[VolumePlan, ...]:
    """Plan the volumes of one series of multi-frame CT or PET objects.

    Several objects are taken together, as a concatenation is, where their frames make up one even
    stack; otherwise each stands for itself.

    Parameters
    ----------
    instances : sequence of Instance
        The series, in any order.
    kind : Kind
        What the series is.

    Returns
    -------
    tuple of VolumePlan
        The largest stack first, refused ones included; ``volume_id`` is unique in the series.
    """
    frames: list[FrameRef] = []
    unusable: list[Unusable] = []
    for instance in instances:
        try:
            count = _frame_count(instance)
        except DicomError as exc:
            unusable.append(Unusable(instance.label, str(exc)))
        else:
            frames += [FrameRef(instance, index) for index in range(count)]
    kept = [frame for frame in frames if "LOCALIZER" not in _frame_type(frame)]
    objects: dict[str, str] = {}
    for instance in instances:
        objects.setdefault(_object_uid(instance), str(len(objects) + 1))
    slices, unplaced = place(
        kept, read=lambda frame: _slice(frame, object_name=objects[_object_uid(frame.instance)])
    )
    findings = _incomplete(instances)
    if len(kept) < len(frames):
        number = len(frames) - len(kept)
        findings.append(LOCALIZER_FRAMES(count=number))
    return plan_slices(
        slices,
        kind=kind,
        description=text(instances[0].dataset, "SeriesDescription") if instances else "",
        unusable=[*unusable, *unplaced],
        findings=findings,
    )


def _frame_count(instance: Instance) -> int:
    """Return the number of frames; raises DicomError unless each of them is described."""
    stated = integer(instance.dataset, "NumberOfFrames")
    described = len(items(instance.dataset, "PerFrameFunctionalGroupsSequence"))
    if stated is None or stated < 1 or stated != described:
        raise DicomError(
            f"Number of Frames is {stated} and the Per-frame Functional Groups Sequence describes "
            f"{described}; expected the same number. Ask for the object to be sent again."
        )
    return stated


def _slice(frame: FrameRef, *, object_name: str) -> Slice:
    """Read where a frame lies; raises DicomError where its functional groups do not say it."""
    values = {}
    for keyword, macro, count in (
        ("PixelSpacing", "PixelMeasuresSequence", 2),
        ("ImageOrientationPatient", "PlaneOrientationSequence", 6),
        ("ImagePositionPatient", "PlanePositionSequence", 3),
    ):
        group = functional_group(frame, macro)
        value = None if group is None else numbers(group, keyword, count)
        if value is None:
            raise DicomError(
                f"{attribute_name(keyword)} is missing in its description of each frame."
            )
        values[keyword] = value
    dataset = frame.instance.dataset
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    if rows is None or columns is None:
        raise DicomError("Rows or Columns is missing.")
    return Slice(
        frame=frame,
        position_lps=values["ImagePositionPatient"],
        orientation=values["ImageOrientationPatient"],
        pixel_spacing_mm=values["PixelSpacing"],
        rows=rows,
        columns=columns,
        frame_of_reference_uid=uid(dataset, "FrameOfReferenceUID"),
        marks=((OBJECT, object_name), *_marks(frame)),
    )


def _marks(frame: FrameRef) -> tuple[tuple[str, str], ...]:
    marks = [(IMAGE_TYPE, " ".join(_frame_type(frame)[2:]))]
    content = functional_group(frame, "FrameContentSequence")
    if content is None:
        return tuple(marks)
    for name, keyword in (
        (STACK, "StackID"),
        ("time point", "TemporalPositionIndex"),
        ("acquisition", "FrameAcquisitionNumber"),
    ):
        value = text(content, keyword)
        if value:
            marks.append((name, value))
    pointers = items(frame.instance.dataset, "DimensionIndexSequence")
    indices = numbers(content, "DimensionIndexValues")
    if indices is not None and indices.size == len(pointers):
        phases = [
            f"{_dimension(tag)} {int(index)}"
            for pointer, index in zip(pointers, indices, strict=True)
            if (tag := pointer.get("DimensionIndexPointer")) not in _SPATIAL_DIMENSIONS
        ]
        if phases:
            marks.append(("", ", ".join(phases)))
    return tuple(marks)


def _dimension(tag: int | None) -> str:
    try:
        return dictionary_description(tag) if tag is not None else "dimension"
    except KeyError:
        return "dimension"


def _frame_type(frame: FrameRef) -> tuple[str, ...]:
    groups = (functional_group(frame, keyword) for keyword in _FRAME_TYPES)
    stated = next((texts(group, "FrameType") for group in groups if group is not None), ())
    return stated or texts(frame.instance.dataset, "ImageType")


def _object_uid(instance: Instance) -> str:
    """Return what the parts of a concatenation have in common."""
    return uid(instance.dataset, "ConcatenationUID") or instance.sop_instance_uid


def _incomplete(instances: Sequence[Instance]) -> list[Finding]:
    """Warn about concatenations of which parts are missing."""
    present = Counter(
        name for item in instances if (name := uid(item.dataset, "ConcatenationUID")) is not None
    )
    findings = []
    for name, count in present.items():
        part = next(i for i in instances if uid(i.dataset, "ConcatenationUID") == name)
        total = text(part.dataset, "InConcatenationTotalNumber")
        if total.isdigit() and int(total) > count:
            findings.append(
                CONCATENATION_INCOMPLETE(count=count, total=int(total), label=listed([part.label]))
            )
    return findings
