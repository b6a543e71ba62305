"""Series of single-frame CT and PET images, as volumes.

A series is not a volume: it may hold localizers, a second orientation, several phases, a repeated
or a missing slice. :func:`plan_volumes` sorts that out from headers alone and refuses, naming the
slices, where the files do not say enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from fusion.dicom.files.instance import Instance, integer, number, numbers, text, texts, uid
from fusion.dicom.quantity.suv import Suv, suvbw_factor
from fusion.dicom.quantity.tracer import about_tracer
from fusion.dicom.quantity.unit import quantity_of
from fusion.dicom.series import FrameRef, Kind, VolumePlan
from fusion.dicom.volumes.phases import (
    ENERGY,
    IMAGE_TYPE,
    KERNEL,
    VOLTAGE,
    alike,
    appearances,
    phases,
)
from fusion.dicom.volumes.plausible import field_doubts, require_plausible_grid
from fusion.dicom.volumes.slices import (
    Arrangement,
    Slice,
    even_parts,
    frame_label,
)
from fusion.errors import DicomError, FusionError, GeometryError
from fusion.findings import Finding
from fusion.findings.volumes import LOCALIZER_IMAGES, PART_OF_CT, STRAY_IMAGE, UNUSABLE_SLICE

#: Attributes that tell apart the phases, acquisitions, time frames or energies of one series.
_COUNTERS = (
    ("acquisition", "AcquisitionNumber"),
    ("time point", "TemporalPositionIdentifier"),
    ("time point", "TemporalPositionIndex"),
    ("reference time (ms)", "FrameReferenceTime"),
    ("trigger time (ms)", "TriggerTime"),
    ("cardiac phase (%)", "NominalPercentageOfCardiacPhase"),
    (VOLTAGE, "KVP"),
)
#: Pictures of one energy (dual-energy CT) say which in Image Comments alone; nothing else of what
#: stands there is looked at, since names of people do, too.
_ENERGY = re.compile(r"\b(\d{2,3}) ?keV\b", re.IGNORECASE)
#: A CT that lacks slices is offered in parts of at least this length, mm: about four cervical
#: levels, the least that is taken together with a SPECT.
LEAST_PART_MM = 60.0
#: How many files a message names before it counts the rest.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Unusable:
    """An image whose place cannot be known.

    Parameters
    ----------
    label : str
        The file, as the user knows it.
    reason : str
        What is missing or wrong.
    """

    label: str
    reason: str


def plan_volumes(instances: Sequence[Instance], *, kind: Kind) -> tuple[VolumePlan, ...]:
    """Plan the volumes of one series of single-frame CT or PET images.

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
    images = [item for item in instances if "LOCALIZER" not in texts(item.dataset, "ImageType")]
    findings = []
    if len(images) < len(instances):
        kept = {id(item) for item in images}
        labels = [item.label for item in instances if id(item) not in kept]
        what = "is a localizer" if len(labels) == 1 else "are localizers"
        findings.append(LOCALIZER_IMAGES(labels=listed(labels), what=what))
    slices, unusable = place((FrameRef(item) for item in images), read=_slice)
    return plan_slices(
        slices,
        kind=kind,
        description=text(instances[0].dataset, "SeriesDescription") if instances else "",
        unusable=unusable,
        findings=findings,
    )


def place(
    frames: Iterable[FrameRef], *, read: Callable[[FrameRef], Slice]
) -> tuple[list[Slice], list[Unusable]]:
    """Read where frames lie, and set those aside that do not say it.

    Parameters
    ----------
    frames : iterable of FrameRef
        In any order.
    read : callable
        Makes a Slice of a frame, or raises DicomError or GeometryError with the reason.
    """
    slices: list[Slice] = []
    unusable: list[Unusable] = []
    for frame in frames:
        try:
            slices.append(read(frame))
        except (DicomError, GeometryError) as exc:
            unusable.append(Unusable(frame_label(frame), str(exc)))
    return slices, unusable


def plan_slices(
    slices: Sequence[Slice],
    *,
    kind: Kind,
    description: str,
    unusable: Sequence[Unusable] = (),
    findings: Sequence[Finding] = (),
) -> tuple[VolumePlan, ...]:
    """Plan the volumes that slices of one series make up.

    Slices of unlike size, spacing, orientation or Frame of Reference go to volumes of their own,
    and so do the phases where positions repeat.

    Parameters
    ----------
    slices : sequence of Slice
        In any order.
    kind : Kind
        What the series is.
    description : str
        Series Description.
    unusable : sequence of Unusable
        Images that could not be placed. They may have been a part of the largest volume.
    findings : sequence of Finding
        About the series so far; become part of the first volume.

    Returns
    -------
    tuple of VolumePlan
        The largest stack first; empty only when there was nothing at all.
    """
    if not slices:
        if not unusable and not findings:
            return ()
        reason = (
            f"{_reasons(unusable)} Ask for the series to be exported again."
            if unusable
            else "The series holds nothing but localizers. Open the series with the slices."
        )
        return (_refused_plan((), kind=kind, description=description, refusal=reason),)

    groups = alike(slices)
    strays = [group[0] for group in groups[1:] if len(group) == 1]
    groups = [group for n, group in enumerate(groups) if n == 0 or len(group) > 1]
    named: list[tuple[str, Arrangement]] = []
    looks = appearances(groups)
    for group, what in zip(groups, looks, strict=True):
        stacks, left_over = phases(group)
        strays.extend(left_over)
        named += [(", ".join(filter(None, (what, name))), stack) for name, stack in stacks]

    notes = list(findings)
    if strays:
        notes.append(
            STRAY_IMAGE(
                labels=listed([item.label for item in strays]),
                differ="differs" if len(strays) == 1 else "differ",
            )
        )
    headers = list({id(d): d for d in (item.frame.instance.dataset for item in slices)}.values())
    plans = []
    for n, (name, stack) in enumerate(named):
        refusal = stack.refusal
        if n == 0 and unusable:
            refusal, more = _with_unusable(stack, unusable)
            notes += more
        plans.append(
            _plan(
                stack,
                volume_id=str(n + 1),
                kind=kind,
                headers=headers,
                description=", ".join(filter(None, (description, name))),
                refusal=refusal,
                findings=(*notes, *stack.findings) if n == 0 else stack.findings,
            )
        )
    if kind is Kind.CT:
        plans += _parts(plans, named, headers=headers)
    return tuple(plans)


def _parts(
    plans: Sequence[VolumePlan],
    named: Sequence[tuple[str, Arrangement]],
    *,
    headers: Sequence[Dataset],
) -> list[VolumePlan]:
    """Plan what is whole of a CT that lacks slices: used only where a person chooses it."""
    parts: list[VolumePlan] = []
    for plan, (_, stack) in zip(plans, named, strict=True):
        for part in even_parts(stack):
            grid = part.grid
            if grid is None or (grid.shape[0] - 1) * grid.spacing_mm[0] < LEAST_PART_MM:
                continue
            low, high = sorted(
                float(z) for z in grid.to_lps([(0, 0, 0), (grid.shape[0] - 1, 0, 0)])[:, 2]
            )
            note = PART_OF_CT(used=grid.shape[0], total=plan.shape[0], low_mm=low, high_mm=high)
            where = f"the {grid.shape[0]} slices from z = {low:.0f} to {high:.0f} mm alone"
            parts.append(
                _plan(
                    part,
                    volume_id=str(len(plans) + len(parts) + 1),
                    kind=plan.kind,
                    headers=headers,
                    description=", ".join(filter(None, (plan.description, where))),
                    refusal=None,
                    findings=(note, *part.findings),
                )
            )
    return parts


def listed(labels: Sequence[str]) -> str:
    """Name the first few files and count the rest: ``"a, b, c and 4 more"``."""
    rest = len(labels) - _NAMED
    if rest > 0:
        return f"{', '.join(labels[:_NAMED])} and {rest} more"
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def _slice(frame: FrameRef) -> Slice:
    """Read the Image Plane module; raises DicomError where it does not place the image."""
    dataset = frame.instance.dataset
    spacing = numbers(dataset, "PixelSpacing", 2)
    if spacing is None:
        raise DicomError(
            "Pixel Spacing is missing (Imager Pixel Spacing, at the detector, is no substitute)."
        )
    orientation = numbers(dataset, "ImageOrientationPatient", 6)
    position = numbers(dataset, "ImagePositionPatient", 3)
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    if orientation is None:
        raise DicomError("Image Orientation (Patient) is missing.")
    if position is None:
        raise DicomError("Image Position (Patient) is missing.")
    if rows is None or columns is None:
        raise DicomError("Rows or Columns is missing.")
    return Slice(
        frame=frame,
        position_lps=position,
        orientation=orientation,
        pixel_spacing_mm=spacing,
        rows=rows,
        columns=columns,
        frame_of_reference_uid=uid(dataset, "FrameOfReferenceUID"),
        marks=_marks(frame.instance),
    )


def _marks(instance: Instance) -> tuple[tuple[str, str], ...]:
    dataset = instance.dataset
    marks = [(IMAGE_TYPE, " ".join(texts(dataset, "ImageType")[2:]))]
    try:
        index, per_frame = number(dataset, "ImageIndex"), number(dataset, "NumberOfSlices")
    except DicomError:
        index = per_frame = None
    if index and per_frame:
        # PS3.3 C.8.9.4.1.9: the slice index varies fastest, then time slot, R-R interval and
        # time slice, so that this numbers the passes through the patient whatever their kind.
        marks.append(("time frame", str(int((index - 1) // per_frame) + 1)))
    for name, keyword in _COUNTERS:
        value = text(dataset, keyword)
        if value:
            marks.append((name, value))
    if energy := _ENERGY.search(text(dataset, "ImageComments")):
        marks.append((ENERGY, energy[1]))
    if kernel := " ".join(texts(dataset, "ConvolutionKernel")):
        marks.append((KERNEL, kernel))
    return tuple(marks)


def _with_unusable(
    stack: Arrangement, unusable: Sequence[Unusable]
) -> tuple[str | None, list[Finding]]:
    """Decide whether a volume can do without the images that could not be placed."""
    if stack.refusal is not None:
        return f"{stack.refusal} {_reasons(unusable)}", []
    # Were images missing inside a stack that is regular without them, every gap would lack one.
    if len(unusable) >= len(stack.slices) - 1:
        return f"{_reasons(unusable)} Too few of the other images are left to do without.", []
    left_out = UNUSABLE_SLICE(reasons=_reasons(unusable), left=len(stack.slices))
    return None, [left_out]


def _reasons(unusable: Sequence[Unusable]) -> str:
    by_reason: dict[str, list[str]] = {}
    for item in unusable:
        by_reason.setdefault(item.reason, []).append(item.label)
    said = [
        f"The place of {listed(labels)} is not known: {reason}"
        for reason, labels in list(by_reason.items())[:_NAMED]
    ]
    rest = sum(len(labels) for labels in list(by_reason.values())[_NAMED:])
    if rest:
        said.append(f"So it is with {rest} more, each in its own way.")
    return " ".join(said)


def _plan(
    stack: Arrangement,
    *,
    volume_id: str,
    kind: Kind,
    headers: Sequence[Dataset],
    description: str,
    refusal: str | None,
    findings: Sequence[Finding],
) -> VolumePlan:
    first = stack.slices[0]
    if stack.grid is not None and refusal is None:
        try:
            require_plausible_grid(stack.grid, kind=kind)
            findings = (*findings, *field_doubts(stack.grid, kind=kind))
        except GeometryError as exc:
            refusal = str(exc)
    try:
        quantity = quantity_of(stack.frames, kind=kind)
    except FusionError as exc:
        return _refused_plan(
            stack.slices,
            volume_id=volume_id,
            kind=kind,
            description=description,
            refusal=" ".join(filter(None, (refusal, str(exc)))),
            findings=findings,
        )
    suv = (
        suvbw_factor(
            first.frame.instance.dataset,
            unit=quantity.unit,
            acquisitions=headers,
            slices=_own_headers(stack),
            stated=quantity.stated_suvbw,
        )
        if kind.is_functional
        else Suv(None)
    )
    return VolumePlan(
        volume_id=volume_id,
        kind=kind,
        description=description,
        shape=(len(stack.slices), first.rows, first.columns),
        grid=None if refusal else stack.grid,
        frames=stack.frames,
        unit=quantity.unit,
        slope=quantity.slope,
        intercept=quantity.intercept,
        suvbw_per_unit=suv.factor,
        findings=(
            *findings,
            *quantity.findings,
            *suv.findings,
            *about_tracer(first.frame.instance.dataset, kind=kind),
        ),
        refusal=refusal,
    )


def _own_headers(stack: Arrangement) -> list[Dataset]:
    instances = {id(item.frame.instance): item.frame.instance for item in stack.slices}
    return [instance.dataset for instance in instances.values()]


def _refused_plan(
    slices: Sequence[Slice],
    *,
    volume_id: str = "1",
    kind: Kind,
    description: str,
    refusal: str,
    findings: Sequence[Finding] = (),
) -> VolumePlan:
    rows, columns = (slices[0].rows, slices[0].columns) if slices else (0, 0)
    return VolumePlan(
        volume_id=volume_id,
        kind=kind,
        description=description,
        shape=(len(slices), rows, columns),
        grid=None,
        frames=tuple(item.frame for item in slices),
        unit="",
        slope=np.ones(len(slices)),
        intercept=np.zeros(len(slices)),
        findings=tuple(findings),
        refusal=refusal,
    )
