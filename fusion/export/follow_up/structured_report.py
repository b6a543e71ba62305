"""A comparison as a DICOM Structured Report (Comprehensive 3D, TID 1500) in the later study.

Each joint is two measurement groups (TID 1501) with one Tracking Unique Identifier, which is that
of the earlier reading's target where there is one: the earlier time point (TID 1502) with its
numbers, and the later one with its numbers, the change, its limits and what is said of it. The
images of both dates, and earlier structured reports that lie with the earlier study, are
referenced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from highdicom import UID, sr
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.codedict import codes as standard_codes
from pydicom.sr.coding import Code

from fusion.anatomy import Joint
from fusion.dicom import text, uid
from fusion.export.dicom import codes
from fusion.export.dicom.header import dress
from fusion.export.dicom.stand_ins import instance_references, slice_image
from fusion.export.dicom.structured_report import (
    new_observers,
    reference,
    site_of,
    text_item,
    tracking_uid,
)
from fusion.export.edition import Edition
from fusion.export.follow_up.wording import answer, dates, day, linked, mean_ratio
from fusion.follow_up import LIMITS_SOURCE, Comparison, Dated, JointChange, Told
from fusion.plain_text import plain
from fusion.software import DISCLAIMER, SIMULATED, own_version

#: Name of the file.
COMPARISON_REPORT = "comparison_structured_report.dcm"
_KIND = "comparison"
_RATIO = Code("{ratio}", "UCUM", "ratio")
_MEAN = Code("373098007", "SCT", "Mean")
_MEAN_RATIO = Code("118586006", "SCT", "Ratio")
_CHANGES = (
    Code("change-ratio", codes.SCHEME, "Change of the mean ratio, later over earlier"),
    Code("change-low-95", codes.SCHEME, "Lower 95 % limit of the change"),
    Code("change-high-95", codes.SCHEME, "Upper 95 % limit of the change"),
)
_CHANGE = Code("change", codes.SCHEME, "Change between the two dates")
_TOLD = {
    Told.HIGHER: Code("higher", codes.SCHEME, "Higher"),
    Told.LOWER: Code("lower", codes.SCHEME, "Lower"),
    Told.NO_CHANGE: Code("no-change-shown", codes.SCHEME, "No change shown"),
    Told.NOT_TOLD: Code("not-told", codes.SCHEME, "Not told"),
}


def write_comparison_report(path: Path, comparison: Comparison, edition: Edition) -> None:
    """Write a comparison as a Comprehensive 3D SR.

    Parameters
    ----------
    path : Path
        File to write.
    comparison : Comparison
        What is said.
    edition : Edition
        When it was made, and what it is called.

    Raises
    ------
    GeometryError
        A functional volume states no Frame of Reference.
    """
    later = comparison.later
    images = [_image(date) for date in (comparison.earlier, later)]
    reader = later.reading.reader if later.reading else ""
    groups = [
        group
        for one in comparison.joints
        if one.told is not None
        for group in _groups(comparison, one, images)
    ]
    content = sr.MeasurementReport(
        observation_context=new_observers(reader),
        procedure_reported=codes.IMAGING_PROCEDURE,
        imaging_measurements=groups,
        title=standard_codes.DCM.ImagingMeasurementReport,
        referenced_images=images,
    )[0]
    said = list(_said(comparison))
    content.ContentSequence.append(_whole(said))
    evidence = [*images, *_evidence(comparison, {image.SOPInstanceUID for image in images})]
    ds = sr.Comprehensive3DSR(
        evidence=evidence,
        content=content,
        series_instance_uid=edition.uid(_KIND, "series"),
        series_number=9011,
        sop_instance_uid=edition.uid(_KIND, "instance"),
        instance_number=1,
        manufacturer="facetfusion",
        is_complete=True,
        is_final=False,
    )
    texts = [words for _, _, words in said] + [reader]
    header = later.review.pair.ct.header
    dress(ds, header, description="Facet joints, two dates compared", edition=edition, texts=texts)
    ds.CodingSchemeIdentificationSequence = [codes.scheme_item()]
    ds.save_as(path, enforce_file_format=True)


def joint_uid(comparison: Comparison, joint: Joint) -> str:
    """Return the UID that a joint of a patient has on both dates.

    That of the earlier reading's target; else of the later one's; else one that follows from the
    earlier study, so that it is the same in every comparison with it.
    """
    for date in (comparison.earlier, comparison.later):
        target = date.target_at(joint)
        if target is not None:
            return tracking_uid(target)
    seed = f"facetfusion {comparison.earlier.review.study.study_instance_uid} {joint.name}"
    return f"2.25.{int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], 'big')}"


def _image(date: Dated) -> Dataset:
    return slice_image(date.review.fused.spect, date.review.pair.spect, 0)


def _groups(
    comparison: Comparison, one: JointChange, images: list[Dataset]
) -> Iterator[sr.MeasurementsAndQualitativeEvaluations]:
    tracked = sr.TrackingIdentifier(
        uid=UID(joint_uid(comparison, one.joint)), identifier=one.joint.name
    )
    dates = comparison.earlier, comparison.later
    for order, (date, image) in enumerate(zip(dates, images, strict=True), start=1):
        measured = []
        value = mean_ratio(date, one.joint)
        if value is not None:
            measured.append(_measurement(_MEAN_RATIO, value, image, _MEAN))
        evaluations = []
        decision = date.decision_at(one.joint)
        if decision is not None:
            evaluations.append(
                sr.QualitativeEvaluation(name=codes.DECISION, value=codes.DECISIONS[decision])
            )
        if order == len(dates) and one.told is not None and one.ratio is not None:
            numbers = (one.ratio, *(one.low_high or ()))
            measured += [
                _measurement(code, number, image)
                for code, number in zip(_CHANGES, numbers, strict=False)
            ]
            evaluations.append(sr.QualitativeEvaluation(name=_CHANGE, value=_TOLD[one.told]))
        yield sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracked,
            time_point_context=sr.TimePointContext(time_point=day(date), time_point_order=order),
            finding_type=codes.FINDING,
            finding_sites=[site_of(one.joint)],
            measurements=measured or None,
            qualitative_evaluations=evaluations or None,
        )


def _measurement(
    name: Code, value: float, image: Dataset, derivation: Code | None = None
) -> sr.Measurement:
    return sr.Measurement(
        name=name,
        value=float(value),
        unit=_RATIO,
        derivation=derivation,
        referenced_images=[sr.SourceImageForMeasurement(image.SOPClassUID, image.SOPInstanceUID)],
        algorithm_id=sr.AlgorithmIdentification(name="facetfusion", version=own_version()),
    )


def _said(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    if any(date.review.simulated for date in (comparison.earlier, comparison.later)):
        yield "simulated", "Not a patient", SIMULATED
    yield "disclaimer", "Disclaimer", DISCLAIMER
    yield "version", "Software version", f"facetfusion {own_version()}"
    yield "dates", "Dates compared", dates(comparison)
    for words in (*answer(comparison), LIMITS_SOURCE, linked(comparison)):
        yield "statement", "Statement", words
    for finding in comparison.findings:
        yield "finding", "Finding", f"{finding.severity.label}: {finding.message}"


def _whole(said: list[tuple[str, str, str]]) -> Dataset:
    container = sr.ContainerContentItem(
        name=Code("C0034375", "UMLS", "Qualitative Evaluations"),
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )
    container.ContentSequence = DicomSequence([text_item(*item) for item in said])
    return container


def _evidence(comparison: Comparison, named: set[str]) -> Iterator[Dataset]:
    """Yield references to every image of both dates, and to earlier structured reports."""
    for date in (comparison.earlier, comparison.later):
        fused, pair = date.review.fused, date.review.pair
        for volume, candidate in ((fused.spect, pair.spect), (fused.ct, pair.ct)):
            series = volume.source.study_instance_uid, volume.source.series_instance_uid
            for class_uid, instance_uid in instance_references(candidate):
                if instance_uid not in named:
                    yield reference(*series, class_uid, instance_uid)
    yield from _earlier_reports(comparison.earlier)


def _earlier_reports(date: Dated) -> Iterator[Dataset]:
    """Yield references to the structured reports of this program in a study's files."""
    for study in date.review.catalog.studies:
        if study.study_instance_uid != date.review.study.study_instance_uid:
            continue
        for series in study.series:
            for instance in series.instances:
                ds = instance.dataset
                if text(ds, "Modality") == "SR" and plain(text(ds, "Manufacturer")) == (
                    "facetfusion"
                ):
                    yield reference(
                        study.study_instance_uid,
                        series.series_instance_uid,
                        uid(ds, "SOPClassUID") or "",
                        instance.sop_instance_uid,
                    )
