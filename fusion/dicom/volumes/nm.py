"""Nuclear Medicine objects: what they are, and the volumes of one series.

Where the slices lie is read by :mod:`fusion.dicom.volumes.nm_geometry`; nothing is reordered there.

What a file does not state is asked for or refused: without position and orientation there is no
volume, and without spacing the sign, hence head and feet, would be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset

from fusion.dicom.files.header import NM_CLASSES
from fusion.dicom.files.instance import (
    Instance,
    integer,
    number,
    stored_value,
    text,
    texts,
    uid,
)
from fusion.dicom.quantity.attenuation import (
    attenuation_corrected,
    attenuation_map,
)
from fusion.dicom.quantity.suv import suvbw_factor
from fusion.dicom.quantity.tracer import about_tracer
from fusion.dicom.quantity.unit import quantity_of
from fusion.dicom.series import FrameRef, Kind, VolumePlan
from fusion.dicom.volumes.nm_frames import FrameGroup, frame_count, frame_groups, frame_marks
from fusion.dicom.volumes.nm_geometry import directions_asked, grid_of, pixel_spacing_mm, pose_of
from fusion.dicom.volumes.nm_numbered import NumberedSlices, slices_by_number
from fusion.dicom.volumes.nm_restated import other_distance, require_one_place
from fusion.dicom.volumes.slices import Slice
from fusion.dicom.volumes.stack import place, plan_slices
from fusion.errors import DicomError, FusionError, GeometryError
from fusion.findings import Finding
from fusion.findings.volumes import (
    ATTENUATION_MAP,
    ORDER_NEEDED,
    PALETTE_NOT_USED,
    POSITIONS_NEEDED,
    POSITIONS_STATED,
    SPACING_CHOSEN,
    SPACING_CONTRADICTED,
    SPACING_DISPUTED,
    SPACING_NEEDED,
    SPACING_OF_FRAMES,
    USER_DIRECTION,
    USER_GEOMETRY,
)
from fusion.geometry import Grid

#: What a person answers with the distance between slices.
QUESTIONS = (
    SPACING_NEEDED,
    ORDER_NEEDED,
    POSITIONS_NEEDED,
    SPACING_CONTRADICTED,
    SPACING_DISPUTED,
    SPACING_OF_FRAMES,
)
#: What tells that the distance is on the word of a person.
_BY_PERSON = (USER_GEOMETRY, USER_DIRECTION, SPACING_CHOSEN)

_RECONSTRUCTED = frozenset({"RECON TOMO", "RECON GATED TOMO"})
_PROJECTIONS = frozenset({"TOMO", "GATED TOMO"})
_IN_ONE_TEXT = re.compile(r"\bRECON( GATED)? TOMO\b")
# Image Type value 3 (PS3.3 C.8.4.9.1.1) of objects without slices, and what they hold instead.
_NOT_SLICES = {
    "TOMO": "views around the patient (projections)",
    "GATED TOMO": "gated views around the patient (projections)",
    "STATIC": "a flat (planar) image",
    "WHOLE BODY": "a flat (planar) whole-body image",
    "DYNAMIC": "a flat (planar) series over time",
    "GATED": "a flat (planar) gated series",
}


def kind_of(instance: Instance) -> Kind:
    """Tell what an NM object is.

    Parameters
    ----------
    instance : Instance
        Any object with Modality NM or an NM SOP class.

    Returns
    -------
    Kind
        ``SPECT`` only for reconstructions of the NM SOP class. ``OTHER`` when Image Type says
        nothing known and the frames are not numbered as slices.

    Notes
    -----
    Image Type decides. Where it is missing or unknown, slices (Slice Vector, Number of Slices or
    Frame Increment Pointer) without views (Angular View Vector) make a reconstruction.
    """
    dataset = instance.dataset
    kind = _stated_kind(dataset)
    if kind is None:
        kind = _numbered_kind(dataset)
    if kind is Kind.SPECT and text(dataset, "SOPClassUID") not in NM_CLASSES:
        return Kind.OTHER
    return kind


def plan_volumes(
    instances: Sequence[Instance], *, spacing_mm: float | None = None
) -> tuple[VolumePlan, ...]:
    """Plan the volumes of one series of NM objects.

    Parameters
    ----------
    instances : sequence of Instance
        The series, in any order.
    spacing_mm : float, optional
        Signed distance from one slice to the next along row × column, mm, as a person stated it.
        Used only where the file has none.

    Returns
    -------
    tuple of VolumePlan
        One for each energy window, gate and so on of each multi-frame reconstruction; one for
        each stack of single-frame ones; one refused plan for each kind of object that is not
        reconstructed. ``volume_id`` is unique in the series. A refused plan with a Finding
        ``spacing-needed`` can be planned again with ``spacing_mm``.

    Raises
    ------
    GeometryError
        ``spacing_mm`` is zero or not finite.
    """
    if spacing_mm is not None and not (np.isfinite(spacing_mm) and spacing_mm != 0):
        raise GeometryError(
            f"The spacing between slices must be a number of mm other than zero; found "
            f"{spacing_mm}."
        )
    plans: list[VolumePlan] = []
    single: list[Instance] = []
    others: dict[str, list[Instance]] = {}
    for instance in sorted(instances, key=_instance_order):
        kind = kind_of(instance)
        if kind is not Kind.SPECT:
            others.setdefault(_not_reconstructed(instance.dataset), []).append(instance)
        elif _is_single(instance.dataset):
            single.append(instance)
        else:
            plans += _multi_frame_plans(instance, spacing_mm=spacing_mm)
    plans += _single_frame_plans(single, spacing_mm=spacing_mm)
    for refusal, group in others.items():
        plans.append(_refused(group[0], kind=kind_of(group[0]), refusal=refusal))
    return tuple(replace(plan, volume_id=str(n + 1)) for n, plan in enumerate(plans))


def _stated_kind(dataset: Dataset) -> Kind | None:
    values = _image_type(dataset)
    if values & _RECONSTRUCTED:
        return Kind.SPECT
    if values & _PROJECTIONS:
        return Kind.PROJECTIONS
    return Kind.PLANAR if values & _NOT_SLICES.keys() else None


def _image_type(dataset: Dataset) -> set[str]:
    # Any position counts: some writers leave out value 2, others put all into one text.
    stated = {re.sub(r"[\s_'\"\[\]()]+", " ", v).strip() for v in texts(dataset, "ImageType")}
    joined = " ".join(stated)
    found = _IN_ONE_TEXT.search(joined) if stated.isdisjoint(_RECONSTRUCTED) else None
    return stated | ({found[0]} if found else set())


def _numbered_kind(dataset: Dataset) -> Kind:
    if stored_value(dataset, "AngularViewVector") is not None:
        return Kind.PROJECTIONS
    is_sliced = any(
        stored_value(dataset, word) is not None for word in ("SliceVector", "NumberOfSlices")
    )
    return Kind.SPECT if is_sliced else Kind.OTHER


def _not_reconstructed(dataset: Dataset) -> str:
    values = _image_type(dataset)
    known = next((words for value, words in _NOT_SLICES.items() if value in values), None)
    if known is not None:
        return (
            f"Not reconstructed: the file holds {known}, without slices through the body. Open "
            "the reconstructed SPECT (RECON TOMO)."
        )
    if values & _RECONSTRUCTED:
        return (
            "The slices are stored as pictures (not as Nuclear Medicine Image Storage), without "
            "their place in the body. Export the reconstruction itself."
        )
    return (
        "Not reconstructed: the file does not say that it holds slices through the body (Image "
        "Type, Slice Vector). Open the reconstructed SPECT (RECON TOMO)."
    )


def _instance_order(instance: Instance) -> tuple[float, str]:
    try:
        order = number(instance.dataset, "InstanceNumber")
    except DicomError:
        order = None
    return (float("inf") if order is None else order, instance.sop_instance_uid)


def _is_single(dataset: Dataset) -> bool:
    try:
        return frame_count(dataset) == 1
    except DicomError:
        return False


def _multi_frame_plans(instance: Instance, *, spacing_mm: float | None) -> list[VolumePlan]:
    dataset = instance.dataset
    try:
        groups, findings = frame_groups(dataset)
    except DicomError as exc:
        return [_refused(instance, kind=Kind.SPECT, refusal=str(exc))]
    return [
        _volume_plan(instance, group, findings=findings, spacing_mm=spacing_mm) for group in groups
    ]


def _volume_plan(
    instance: Instance,
    group: FrameGroup,
    *,
    findings: tuple[Finding, ...],
    spacing_mm: float | None,
) -> VolumePlan:
    frames = tuple(FrameRef(instance, n) for n in group.frames)
    plan = _blank_plan(
        instance,
        kind=Kind.SPECT,
        description=_description(instance.dataset, group.description),
        frames=frames,
        findings=(*findings, *_about(instance.dataset)),
    )
    plan = _with_quantity(plan)
    if plan.refusal or group.refusal:
        return replace(plan, refusal=plan.refusal or group.refusal)
    by_user = not group.is_numbered
    try:
        if by_user and spacing_mm is None:
            asked = directions_asked(instance.dataset)
            question = ORDER_NEEDED(
                count=len(frames),
                magnitude=asked.magnitude,
                along=asked.along,
                against=asked.against,
            )
            return _asked(plan, None, (question,))
        grid, more = grid_of(
            instance.dataset, plan.shape, spacing_mm=spacing_mm, order_by_user=by_user
        )
        grid, more = _held_against_frames(grid, more, frames, instance.dataset, spacing_mm)
    except FusionError as exc:
        return replace(plan, refusal=str(exc))
    return _asked(plan, grid, more)


def _held_against_frames(
    grid: Grid | None,
    findings: tuple[Finding, ...],
    frames: Sequence[FrameRef],
    placed: Dataset,
    spacing_mm: float | None,
) -> tuple[Grid | None, tuple[Finding, ...]]:
    """Ask again where a person's distance is not the one of the frames; refuse what contradicts.

    Parameters
    ----------
    placed : Dataset
        The object that states the place of the slices.
    """
    if grid is None:
        return grid, findings
    by_person = any(finding.kind in _BY_PERSON for finding in findings)
    other = other_distance(grid, frames) if by_person else None
    if other is None or spacing_mm is None:
        require_one_place(grid, frames)
        return grid, findings
    asked = directions_asked(placed)
    magnitude = f"{abs(round(other.mm, 3)):g}"
    forth, back = f"--spacing {magnitude}", f"--spacing -{magnitude}"
    towards = asked.along if other.mm > 0 else asked.against
    question = SPACING_OF_FRAMES(
        spacing_mm=spacing_mm,
        where=other.where,
        magnitude=magnitude,
        running=f", towards the {towards}" if other.is_signed else "",
        options=(forth if other.mm > 0 else back)
        if other.is_signed
        else f"{forth} if they run towards the {asked.along}, {back} if towards the "
        f"{asked.against}",
    )
    return None, (question,)


def _asked(plan: VolumePlan, grid: Grid | None, findings: tuple[Finding, ...]) -> VolumePlan:
    """Return the plan in its place, or refused with the question that keeps it from one."""
    refusal = next((f.message for f in findings if f.kind in QUESTIONS), None)
    return replace(plan, grid=grid, findings=(*plan.findings, *findings), refusal=refusal)


def _with_quantity(plan: VolumePlan) -> VolumePlan:
    try:
        quantity = quantity_of(plan.frames, kind=plan.kind)
    except DicomError as exc:
        return replace(plan, refusal=str(exc))
    headers = list({id(f.instance): f.instance.dataset for f in plan.frames}.values())
    suv = suvbw_factor(
        headers[0],
        unit=quantity.unit,
        acquisitions=headers,
        slices=headers,
        stated=quantity.stated_suvbw,
    )
    return replace(
        plan,
        unit=quantity.unit,
        slope=quantity.slope,
        intercept=quantity.intercept,
        suvbw_per_unit=suv.factor,
        findings=(
            *plan.findings,
            *quantity.findings,
            *suv.findings,
            *about_tracer(headers[0], kind=plan.kind),
        ),
        refusal=None,
    )


def _single_frame_plans(
    instances: Sequence[Instance], *, spacing_mm: float | None
) -> list[VolumePlan]:
    """Stack reconstructions that hold one slice each, every one at its own position."""
    if not instances:
        return []
    numbered = slices_by_number(instances)
    if numbered is not None:
        return [_numbered_plan(numbered, spacing_mm=spacing_mm)]
    findings: dict[str, Finding] = {}

    def read(frame: FrameRef) -> Slice:
        dataset = frame.instance.dataset
        pose = pose_of(dataset)
        findings.update((finding.code, finding) for finding in pose.findings)
        rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
        in_plane_mm = pixel_spacing_mm(dataset)
        require_one_place(pose.grid((1, rows or 1, columns or 1), in_plane_mm), [frame])
        return Slice(
            frame=frame,
            position_lps=pose.position_lps,
            orientation=pose.orientation,
            pixel_spacing_mm=in_plane_mm,
            rows=rows or 0,
            columns=columns or 0,
            frame_of_reference_uid=uid(dataset, "FrameOfReferenceUID"),
            marks=frame_marks(dataset),
        )

    slices, unusable = place((FrameRef(item) for item in instances), read=read)
    plans = plan_slices(
        slices,
        kind=Kind.SPECT,
        description=_description(instances[0].dataset, ""),
        unusable=unusable,
        findings=list(findings.values()),
    )
    return [_with_notes(plan) for plan in plans]


def _numbered_plan(numbered: NumberedSlices, *, spacing_mm: float | None) -> VolumePlan:
    """Plan slices that nothing but their numbers puts in order: on the word of a person alone."""
    first, count = numbered.instances[0], len(numbered.instances)
    plan = _with_quantity(
        _blank_plan(
            first,
            kind=Kind.SPECT,
            description=_description(first.dataset, ""),
            frames=tuple(FrameRef(instance, 0) for instance in numbered.instances),
            findings=_about(first.dataset),
        )
    )
    if plan.refusal is not None:
        return plan
    try:
        if spacing_mm is None:
            asked = numbered.directions_asked()
            question = POSITIONS_NEEDED(
                count=count,
                magnitude=asked.magnitude,
                along=asked.along,
                against=asked.against,
            )
            return _asked(plan, None, (question,))
        grid, more = numbered.grid(plan.shape, spacing_mm=spacing_mm)
        placed = numbered.instances[numbered.placed].dataset
        grid, more = _held_against_frames(grid, more, plan.frames, placed, spacing_mm)
    except FusionError as exc:
        return replace(plan, refusal=str(exc))
    return _asked(plan, grid, (POSITIONS_STATED(), *more) if grid is not None else more)


def _with_notes(plan: VolumePlan) -> VolumePlan:
    if not plan.frames:
        return plan
    return replace(plan, findings=(*plan.findings, *_about(plan.frames[0].instance.dataset)))


def _about(dataset: Dataset) -> tuple[Finding, ...]:
    found = attenuation_map(dataset)
    is_coloured = text(dataset, "PhotometricInterpretation").upper() == "PALETTE COLOR"
    return (
        *(() if found is None else (found,)),
        *((PALETTE_NOT_USED(),) if is_coloured else ()),
    )


def _description(dataset: Dataset, part: str) -> str:
    found, corrected = attenuation_map(dataset), attenuation_corrected(dataset)
    what = ""
    if found is not None and found.kind is ATTENUATION_MAP:
        what = "attenuation map"
    elif corrected is not None:
        what = "attenuation corrected" if corrected else "not attenuation corrected"
    name = text(dataset, "SeriesDescription") or text(dataset, "ImageID") or "NM"
    return ", ".join(filter(None, (name, part, what)))


def _refused(instance: Instance, *, kind: Kind, refusal: str) -> VolumePlan:
    return replace(_blank_plan(instance, kind=kind), refusal=refusal)


def _blank_plan(
    instance: Instance,
    *,
    kind: Kind,
    description: str | None = None,
    frames: tuple[FrameRef, ...] = (),
    findings: tuple[Finding, ...] = (),
) -> VolumePlan:
    """Return what is known of a volume before its values and its place are looked at."""
    dataset = instance.dataset
    return VolumePlan(
        volume_id="1",
        kind=kind,
        description=_description(dataset, "") if description is None else description,
        shape=(
            len(frames) or _size(dataset, "NumberOfFrames"),
            _size(dataset, "Rows"),
            _size(dataset, "Columns"),
        ),
        grid=None,
        frames=frames,
        unit="",
        slope=np.ones(len(frames)),
        intercept=np.zeros(len(frames)),
        findings=findings,
    )


def _size(dataset: Dataset, keyword: str) -> int:
    try:
        return max(integer(dataset, keyword) or 0, 0)
    except DicomError:
        return 0
