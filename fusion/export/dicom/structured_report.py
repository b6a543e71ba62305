"""Targets as a DICOM Structured Report (Comprehensive 3D, TID 1500).

Each Target is two measurement groups with one Tracking Unique Identifier
(docs/sources.md#sr-shape): its point as a planar region (TID 1410) without numbers, and its
measurements and evaluations (TID 1501). Nothing is left to prose that has a code or a number; what
a Target holds beyond that is in text items, one for each value, so that
:mod:`~fusion.export.dicom.structured_report_reading` gives back equal Targets.

Points in a DICOM spatial coordinate have 32 bits. The text item that repeats the point has all of
its digits and must agree with the coordinate, else the report is refused.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import UID, sr
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes as standard_codes
from pydicom.sr.coding import Code

from fusion.anatomy import Joint
from fusion.annotations import Answer, Decision, Target
from fusion.dicom import text
from fusion.errors import AnnotationError
from fusion.export.dicom import codes
from fusion.export.dicom.derived_nm import UCUM
from fusion.export.dicom.header import dress
from fusion.export.dicom.stand_ins import instance_references, slice_image, slices_at
from fusion.export.edition import Edition
from fusion.export.handout import Handout
from fusion.export.wording import CONFIRM, said_numbering, said_pathway
from fusion.json_form import to_json
from fusion.plain_text import plain
from fusion.registration import Method
from fusion.software import DISCLAIMER, SIMULATED, own_version
from fusion.uptake import (
    OF_VOLUME,
    SUV,
    Measure,
    is_suv,
    measure_named,
    unknown_measure,
)

#: Name of the file.
STRUCTURED_REPORT = "structured_report.dcm"
#: What its identifiers are made from, beside the reading.
_KIND = "structured report"
#: What a reference to an object consists of.
_REFERENCED = "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID"
#: Code of a measured value that has none but its name.
MEASURED = "measured"
#: Code of how the levels were numbered, at a decision and in the report as a whole.
NUMBERING = "numbering"
#: Code of how the alignment of a decision was obtained.
METHOD = "reg-method"
#: Longest component of a person's name, characters (PS3.5 table 6.2-1).
_NAME_LENGTH = 64

#: Text items of a Target: code value, meaning, where in its JSON, whether it is text
#: (else JSON). Order is that in the report.
TEXTS: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    ("note", "Note", ("note",), True),
    ("reader", "Decided by", ("reader",), True),
    ("time", "Decided at", ("time",), True),
    ("origin", "How the target was made", ("origin",), True),
    ("point", "Point, LPS mm", ("point_lps",), False),
    ("lateral", "Distance from the midline, left positive, mm", ("placement", "lateral_mm"), False),
    ("from-center", "Distance from the joint's centre, mm", ("placement", "distance_mm"), False),
    ("level-margin", "Distance to the next level, mm", ("placement", "margin_mm"), False),
    ("neighbour", "Next level", ("placement", "neighbour"), True),
    ("level-doubt", "Uncertainty of the level, mm", ("placement", "uncertainty_mm"), False),
    ("unit", "Unit of the uptake", ("uptake", "unit"), True),
    ("reference", "Reference of the ratios", ("uptake", "reference"), True),
    ("spill-share", "Share of the maximum from elsewhere", ("uptake", "spill_share"), False),
    ("spill-from", "Joint that most of it comes from", ("uptake", "spill_from"), True),
    ("merged-with", "Joints that it cannot be told from", ("uptake", "merged_with"), False),
    (METHOD, "Registration method", ("registration", "method"), True),
    (
        "reg-matrix",
        "Registration, SPECT or PET to CT, LPS mm",
        ("registration", "matrix_spect_to_ct_lps"),
        False,
    ),
    (
        "reg-uncertainty",
        "Registration uncertainty, mm; no bound without a share",
        ("registration", "uncertainty_mm"),
        False,
    ),
    (
        "reg-share",
        "Share of simulated joints that are nearer than that",
        ("registration", "uncertainty_share"),
        False,
    ),
    ("located-by", "Joints found by", ("localisation", "source"), True),
    (NUMBERING, "Numbering of the levels", ("localisation", "numbering"), True),
    (
        "located-within",
        "Uncertainty of the joint's centre, mm; no bound without a share",
        ("localisation", "confidence_mm"),
        False,
    ),
    (
        "located-share",
        "Share of joints that are nearer than that",
        ("localisation", "confidence_share"),
        False,
    ),
    ("joint-state", "Joint on the CT", ("localisation", "status"), True),
    ("version", "Software version at the decision", ("software_version",), True),
)
#: Text items where nothing was typed are left out and come back empty.
MAY_BE_EMPTY = {("note",), ("uptake", "reference"), ("localisation", "status")}
#: Those that are no keys of a Target's JSON while they are empty.
NO_KEY_WHILE_EMPTY = {
    ("uptake", "spill_share"),
    ("uptake", "spill_from"),
    ("uptake", "merged_with"),
    ("localisation", "status"),
    ("localisation", "confidence_share"),
    ("registration", "uncertainty_share"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """What a structured report is about.

    Parameters
    ----------
    header : Dataset
        Of the CT: patient and study are taken from it.
    images : sequence of Dataset
        Stand-ins (:mod:`fusion.export.dicom.stand_ins`) for the images, the functional volume
        first.
    evidence : sequence of Dataset
        References to everything else that it rests on or that was handed on with it.
    reader : str
        The observer.
    levels : tuple of str
        How the levels were counted and what is to be known of that; each a text item of its own.
    alignment : str
        How the images were aligned, and who reviewed that; empty for no item.
    statements : tuple of str
        Further sentences that stand in the report as a whole.
    is_final : bool
        Whether the reading was finalised.
    simulated : bool
        Whether the data say that they are not of a patient.
    suv_proven : bool
        Whether the data as opened prove SUV; a Target measured in SUV is refused otherwise.
    edition : Edition
        When it was made, what it is called, and which one it takes the place of.
    names : mapping of str to str
        Names of Targets, by their identifier, where that of the joint does not say enough.
    remarks : mapping of str to tuple of str
        Sentences about Targets, by their identifier.
    """

    header: Dataset = field(repr=False)
    images: Sequence[Dataset] = field(repr=False)
    evidence: Sequence[Dataset] = field(default=(), repr=False)
    reader: str = field(repr=False)
    levels: tuple[str, ...] = ()
    alignment: str = ""
    statements: tuple[str, ...] = ()
    is_final: bool = False
    simulated: bool = False
    suv_proven: bool = False
    edition: Edition
    names: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def tracking_uid(target: Target) -> str:
    """Return the UID that a Target has in every object: its identifier as PS3.5 B.2 writes it."""
    return f"2.25.{uuid.UUID(hex=target.target_id).int}"


def export_structured_report(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the Targets of a reading as a Comprehensive 3D SR.

    Raises
    ------
    AnnotationError, GeometryError
        As for :func:`write_structured_report`; or the CT states no Frame of Reference.
    """
    review, reading, account = handout.review, handout.reading, handout.account
    images = [slice_image(review.fused.spect, review.pair.spect, 0)]
    numbers = slices_at(review.fused.ct, [target.point_lps for target in handout.targets])
    images += [slice_image(review.fused.ct, review.pair.ct, k) for k in numbers]
    source = ReportSource(
        header=review.pair.ct.header,
        images=images,
        evidence=_evidence(handout, {image.SOPInstanceUID for image in images}),
        reader=reading.reader if reading else "",
        levels=(account.levels, *account.level_remarks),
        alignment=account.alignment,
        statements=(
            account.state,
            *handout.cautions,
            *account.undecided,
            said_pathway(handout.assessment),
            CONFIRM,
        ),
        is_final=handout.is_final,
        simulated=review.simulated,
        suv_proven=review.fused.spect.suvbw_per_unit is not None,
        edition=handout.edition,
        names={target.target_id: handout.name_of(target) for target in handout.targets},
        remarks={
            target.target_id: (
                *account.of_joint(target.joint).remarks,
                *filter(None, [handout.plan.why_apart(target.joint)]),
            )
            for target in handout.targets
        },
    )
    path = folder / STRUCTURED_REPORT
    write_structured_report(path, handout.targets, source)
    return (path,)


def _evidence(handout: Handout, named: set[str]) -> list[Dataset]:
    """Return references to every image that was used, and to the objects written before."""
    found: list[Dataset] = []
    for volume, candidate in (
        (handout.review.fused.spect, handout.review.pair.spect),
        (handout.review.fused.ct, handout.review.pair.ct),
    ):
        source = volume.source
        for class_uid, instance_uid in instance_references(candidate):
            if instance_uid not in named:
                series = source.study_instance_uid, source.series_instance_uid
                found.append(reference(*series, class_uid, instance_uid))
    for path in handout.written:
        if path.suffix == ".dcm":
            ds = dcmread(path, specific_tags=list(_REFERENCED), stop_before_pixels=True)
            found.append(reference(*(str(ds[keyword].value) for keyword in _REFERENCED)))
    return found


def reference(study: str, series: str, sop_class: str, instance: str) -> Dataset:
    """Return a stand-in for an object that is only referred to."""
    ds = Dataset()
    for keyword, value in zip(_REFERENCED, (study, series, sop_class, instance), strict=True):
        setattr(ds, keyword, value)
    return ds


def write_structured_report(path: Path, targets: Sequence[Target], source: ReportSource) -> None:
    """Write Targets as a Comprehensive 3D SR.

    Parameters
    ----------
    path : Path
        File to write.
    targets : sequence of Target
        May be empty.
    source : ReportSource
        What they are about.

    Raises
    ------
    AnnotationError
        A Target has no Frame of Reference, or states SUV that the data do not prove.
    """
    groups: list[Any] = []
    for target in targets:
        name = source.names.get(target.target_id, target.joint.name)
        groups += [_point_group(target, name), _value_group(target, name, source)]
    content = sr.MeasurementReport(
        observation_context=new_observers(source.reader),
        procedure_reported=codes.IMAGING_PROCEDURE,
        imaging_measurements=groups or [_placeholder()],
        title=standard_codes.DCM.ImagingMeasurementReport,
        referenced_images=list(source.images),
    )[0]
    if not groups:  # the container below is then enough for TID 1500
        content.ContentSequence = [i for i in content.ContentSequence if code_of(i) != "126010"]
    content.ContentSequence.append(_whole_report(source))
    edition = source.edition
    ds = sr.Comprehensive3DSR(
        evidence=[*source.images, *source.evidence],
        content=content,
        series_instance_uid=edition.uid(_KIND, "series"),
        series_number=edition.series_number(9003),
        sop_instance_uid=edition.uid(_KIND, "instance"),
        instance_number=1,
        manufacturer="facetfusion",
        is_complete=True,
        is_final=source.is_final,
    )
    texts = [said for target in targets for said in (target.note, target.reader)]
    texts += [source.reader, *source.levels, source.alignment, *source.statements]
    texts += [SIMULATED] if source.simulated else []
    dress(ds, source.header, description="Facet joint targets", edition=edition, texts=texts)
    if edition.before and text(source.header, "PatientIdentityRemoved") != "YES":
        ds.PredecessorDocumentsSequence = [_predecessor(ds, edition)]
    ds.CodingSchemeIdentificationSequence = [codes.scheme_item()]
    ds.save_as(path, enforce_file_format=True)


def _predecessor(ds: Dataset, edition: Edition) -> Dataset:
    """Return the reference to the report that this one takes the place of."""
    instance = Dataset()
    instance.ReferencedSOPClassUID = ds.SOPClassUID
    instance.ReferencedSOPInstanceUID = edition.uid_before(_KIND, "instance")
    series = Dataset()
    series.SeriesInstanceUID = edition.uid_before(_KIND, "series")
    series.ReferencedSOPSequence = [instance]
    study = Dataset()
    study.StudyInstanceUID = ds.StudyInstanceUID
    study.ReferencedSeriesSequence = [series]
    return study


def new_observers(reader: str) -> sr.ObservationContext:
    """Return who observed: a reader by name, and this program."""
    # The delimiters of a person's name, and of values, are no part of a name as typed.
    name = "".join(" " if char in "^=\\" else char for char in plain(reader))[: _NAME_LENGTH - 1]
    device = UID.from_uuid(str(uuid.uuid5(uuid.NAMESPACE_URL, f"facetfusion {own_version()}")))
    return sr.ObservationContext(
        observer_person_context=sr.ObserverContext(
            observer_type=standard_codes.DCM.Person,
            observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
                name=f"{name or 'not named'}^"
            ),
        ),
        observer_device_context=sr.ObserverContext(
            observer_type=standard_codes.DCM.Device,
            observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
                uid=device, name=f"facetfusion {own_version()}", manufacturer_name="facetfusion"
            ),
        ),
    )


def _whole_report(source: ReportSource) -> Dataset:
    """Return the container of TID 1500 that holds what is said of the report as a whole."""
    said = [
        ("disclaimer", "Disclaimer", DISCLAIMER),
        *((NUMBERING, "Numbering of the levels", sentence) for sentence in source.levels),
        *((("alignment", "Alignment", source.alignment),) if source.alignment else ()),
        ("version", "Software version", f"facetfusion {own_version()}"),
        *(("statement", "Statement", sentence) for sentence in source.statements),
    ]
    if source.simulated:
        said.insert(0, ("simulated", "Not a patient", SIMULATED))
    container = sr.ContainerContentItem(
        name=Code("C0034375", "UMLS", "Qualitative Evaluations"),
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    container.ContentSequence = DicomSequence([text_item(*item) for item in said])
    return container


def _placeholder() -> sr.MeasurementsAndQualitativeEvaluations:
    """Return the group that highdicom insists on; it is taken out again."""
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=UID(), identifier="none")
    )


def text_item(value: str, meaning: str, said: str) -> Dataset:
    """Return a text item; each line of the text is made plain, line ends become CR LF."""
    lines = "\r\n".join(plain(line) for line in said.splitlines())
    return sr.TextContentItem(
        name=Code(value, codes.SCHEME, meaning),
        value=lines,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )


def site_of(joint: Joint) -> sr.FindingSite:
    """Return a joint as a finding site."""
    structure, side, level = codes.site_codes(joint)
    return sr.FindingSite(
        anatomic_location=structure, laterality=side, topographical_modifier=level
    )


def _tracking(target: Target, name: str) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=tracking_uid(target), identifier=name)


def _point_group(target: Target, name: str) -> sr.PlanarROIMeasurementsAndQualitativeEvaluations:
    if target.frame_of_reference_uid is None:
        raise AnnotationError(
            f"{target.joint.name}: the CT states no coordinate system (DICOM Frame of Reference), "
            "so a structured report cannot say where the point is. Export JSON, CSV or PDF."
        )
    group = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(target, name),
        finding_type=codes.FINDING,
        finding_sites=[site_of(target.joint)],
        referenced_region=sr.ImageRegion3D(
            graphic_type=sr.GraphicTypeValues3D.POINT,
            graphic_data=np.array([target.point_lps]),
            frame_of_reference_uid=target.frame_of_reference_uid,
        ),
    )
    group[0].ContentSequence.append(
        sr.TextContentItem(
            name=codes.COMMENT,
            value=label_of(name, target.decision),
            relationship_type=sr.RelationshipTypeValues.CONTAINS,
        )
    )
    return group


def label_of(name: str, decision: Decision) -> str:
    """Return what viewers write beside the point.

    OHIF shows the comment of the group, or else only the meanings of finding and finding site:
    they name neither side nor level, and are the same for positive and negative.
    """
    return f"{name}: {decision.value}"


def _value_group(
    target: Target, name: str, source: ReportSource
) -> sr.MeasurementsAndQualitativeEvaluations:
    answers = [
        (codes.DECISION, codes.DECISIONS[target.decision]),
        (codes.GRADE, None if target.grade is None else codes.GRADES[target.grade]),
        (codes.CONCORDANT, _answer(target.clinically_concordant)),
        (codes.OPERATIVE_BED, _answer(target.inside_operative_bed)),
    ]
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(target, name),
        finding_type=codes.FINDING,
        finding_sites=[site_of(target.joint)],
        measurements=list(_measurements(target, source)) or None,
        qualitative_evaluations=[
            sr.QualitativeEvaluation(name=name, value=value)
            for name, value in answers
            if value is not None
        ],
    )
    content = to_json(target)
    for value, meaning, where, is_text in TEXTS:
        found = _at(content, where)
        if found is not None and found != "":
            said = found if is_text else json.dumps(found, allow_nan=False)
            said = said_as(value, said)
            group[0].ContentSequence.append(text_item(value, meaning, said))
    for sentence in source.remarks.get(target.target_id, ()):
        group[0].ContentSequence.append(text_item("remark", "Remark", sentence))
    return group


def said_as(value: str, stored: str) -> str:
    """Return the text of an item of :data:`TEXTS` as people read it."""
    if value == METHOD:
        return Method.words_of(stored)
    return said_numbering(stored) if value == NUMBERING else stored


def _answer(answer: Answer | None) -> Code | None:
    return None if answer is None else codes.ANSWERS[answer]


def _measurements(target: Target, source: ReportSource) -> Iterator[sr.Measurement]:
    if target.uptake is None:
        return
    unit = target.uptake.unit
    measures = {name: measure_named(name) or unknown_measure(name) for name in target.uptake}
    in_suv = is_suv(unit) or any(measure.unit is SUV for measure in measures.values())
    if in_suv and not source.suv_proven:
        raise AnnotationError(
            f"{target.joint.name} was measured in SUV, which the study as it is open now does not "
            "prove. Open it as it was then, or measure again."
        )
    functional = source.images[0]
    image = sr.SourceImageForMeasurement(functional.SOPClassUID, functional.SOPInstanceUID)
    for name, value in target.uptake.items():
        concept, derivation = concept_of(measures[name], unit)
        yield sr.Measurement(
            name=concept,
            value=float(value),
            unit=Code(*(measures[name].unit.ucum or unit_code(unit))),
            derivation=derivation,
            referenced_images=[image],
            algorithm_id=sr.AlgorithmIdentification(name="facetfusion", version=own_version()),
        )


def concept_of(measure: Measure, unit: str) -> tuple[Code, Code | None]:
    """Return what a measure is, and which statistic, in a volume of a unit."""
    statistic = None if measure.statistic is None else Code(*measure.statistic)
    if measure.unit is OF_VOLUME and statistic is not None:
        return (codes.SUVBW if is_suv(unit) else codes.UPTAKE), statistic
    # In a volume that is in SUV itself, the same statistic in SUV would have the same codes.
    if measure.concept is None or (measure.unit is SUV and is_suv(unit)):
        return _other(measure.name), None
    return Code(*measure.concept), statistic


def _other(name: str) -> Code:
    """Return a private concept whose meaning is the name of the value."""
    return Code(MEASURED, codes.SCHEME, plain(name)[:64])


def unit_code(unit: str) -> tuple[str, str, str]:
    """Return the UCUM code of a volume's unit."""
    if is_suv(unit) and SUV.ucum is not None:
        return SUV.ucum
    if unit in UCUM:
        value, meaning = UCUM[unit]
        return value, "UCUM", meaning
    inside = "".join(char for char in unit if char.isascii() and char.isalnum())[:14]
    return f"{{{inside or 'unit'}}}", "UCUM", plain(unit)[:64] or "unit"


def _at(content: Mapping[str, Any], where: tuple[str, ...]) -> Any:
    found: Any = content
    for key in where:
        found = None if found is None else found.get(key)
    return found


def code_of(item: Dataset) -> str:
    """Return the code value of what an item is called."""
    return str(item.ConceptNameCodeSequence[0].CodeValue)
