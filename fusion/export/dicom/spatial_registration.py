"""A Registration as a DICOM Spatial Registration, and the same in readable JSON.

The object follows PS3.3 C.20.2. Its Frame of Reference is the CT's. The first item holds the CT
with the identity, the second the functional volume with the matrix that takes its points **to**
the CT (source to registered): the inverse of what resampling code calls its transform
(docs/sources.md#registration-object).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import SpatialRegistrationStorage
from pydicom.valuerep import format_number_as_ds

from fusion.dicom import Candidate, uid
from fusion.errors import GeometryError
from fusion.export.dicom.header import copy_attributes, new_object
from fusion.export.dicom.stand_ins import instance_references
from fusion.export.edition import Edition
from fusion.export.handout import Handout
from fusion.findings import Finding
from fusion.findings.alignment import REGISTRATION_SAME_FRAME
from fusion.geometry import FloatArray, RigidTransform, Volume
from fusion.json_form import write_json
from fusion.registration import Method, Registration
from fusion.review import Review
from fusion.software import DISCLAIMER, SHORT_DISCLAIMER, versions

#: Version of ``registration.json``; keys are only ever added.
SCHEMA_VERSION = 1
#: Names of the files.
SPATIAL_REGISTRATION = "spatial_registration.dcm"
REGISTRATION_RECORD = "registration.json"
#: Stands in the object itself where a neck correction is in use: its bend is in no rigid matrix.
RIGID_PART = ": rigid part only, bend of the neck not in it"
SAME_COORDINATES = ": same coordinates, see images"
#: How a Registration was obtained, as PS3.16 CID 7100 says it. One that was itself read from an
#: object is not here: the sequence may be empty, and what it was made from is not known.
_TYPE_CODES = {
    Method.SHARED_FRAME: ("125021", "DCM", "Frame of Reference Identity"),
    Method.CORRELATION: ("125024", "DCM", "Image Content-based Alignment"),
    Method.NECK: ("125024", "DCM", "Image Content-based Alignment"),
    Method.MANUAL: ("125025", "DCM", "Visual Alignment"),
}


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredImages:
    """The images on one side of a Registration.

    Parameters
    ----------
    label : str
        ``"CT"``, ``"SPECT"`` or ``"PET"``.
    header : Dataset
        Header of one of them.
    study_instance_uid, series_instance_uid : str
        Where they are.
    frame_of_reference_uid : str or None
        As they state it.
    references : tuple of (SOP Class UID, SOP Instance UID)
        Every instance of the volume.
    """

    label: str
    header: Dataset = field(repr=False)
    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str | None
    references: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, volume: Volume, candidate: Candidate, *, label: str) -> RegisteredImages:
        """Return the images that a volume was read from."""
        return cls(
            label=label,
            header=candidate.header,
            study_instance_uid=volume.source.study_instance_uid,
            series_instance_uid=volume.source.series_instance_uid,
            frame_of_reference_uid=volume.grid.frame_of_reference_uid,
            references=instance_references(candidate),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: UIDs only, nothing about the patient."""
        return {
            "what": self.label,
            "study_instance_uid": self.study_instance_uid,
            "series_instance_uid": self.series_instance_uid,
            "frame_of_reference_uid": self.frame_of_reference_uid,
            "sop_instance_uids": [instance for _, instance in self.references],
        }


def _two_sides(review: Review) -> dict[str, RegisteredImages]:
    ct, spect = review.fused.ct, review.fused.spect
    return {
        "fixed": RegisteredImages.of(ct, review.pair.ct, label="CT"),
        "moving": RegisteredImages.of(spect, review.pair.spect, label=review.spect_label),
    }


def export_spatial_registration(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the Registration as a DICOM object."""
    path, review = folder / SPATIAL_REGISTRATION, handout.review
    write_spatial_registration(
        path, review.fused.registration, edition=handout.edition, **_two_sides(review)
    )
    return (path,)


def export_registration_record(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the Registration as JSON that people can read."""
    path, review = folder / REGISTRATION_RECORD, handout.review
    content = registration_record(
        review.fused.registration,
        center_lps=review.fused.ct.grid.center_lps,
        simulated=review.simulated,
        **_two_sides(review),
    )
    write_json(path, content)
    return (path,)


def registration_record(
    registration: Registration,
    *,
    fixed: RegisteredImages,
    moving: RegisteredImages,
    center_lps: FloatArray,
    simulated: bool,
) -> dict[str, Any]:
    """Return the content of ``registration.json``; docs/json.md documents the keys.

    Parameters
    ----------
    registration : Registration
        What joins the two.
    fixed, moving : RegisteredImages
        CT and functional volume.
    center_lps : (3,) ndarray of float, mm
        Centre of the CT's field, where the displacement is stated.
    simulated : bool
        Whether the data say that they are not of a patient.
    """
    findings = (*registration.findings, *same_frame(fixed, moving))
    return {
        "schema_version": SCHEMA_VERSION,
        "disclaimer": DISCLAIMER,
        "simulated": simulated,
        "fixed": fixed.to_json(),
        "moving": moving.to_json(),
        **registration.to_json(),
        "direction": (
            f"matrix_spect_to_ct_lps times the column (x, y, z, 1) of a point of the "
            f"{moving.label}, LPS mm, is the same point of the body in the {fixed.label}."
        ),
        # About the point of the functional volume that ends at the centre of the CT.
        "displacement_mm_at_ct_center": round(
            registration.transform.inverse().shift_mm_at(center_lps), 4
        ),
        "rotation_deg": round(registration.transform.angle_deg, 5),
        "findings": [finding.to_json() for finding in findings],
        "software": versions(),
    }


def same_frame(fixed: RegisteredImages, moving: RegisteredImages) -> tuple[Finding, ...]:
    """Return a Finding when only the images tell the two sides of an object apart."""
    if fixed.frame_of_reference_uid != moving.frame_of_reference_uid:
        return ()
    return (REGISTRATION_SAME_FRAME(),)


def write_spatial_registration(
    path: Path,
    registration: Registration,
    *,
    fixed: RegisteredImages,
    moving: RegisteredImages,
    edition: Edition,
) -> None:
    """Write a Spatial Registration Storage object into the study of the CT.

    Parameters
    ----------
    path : Path
        File to write.
    registration : Registration
        Functional frame to CT frame.
    fixed, moving : RegisteredImages
        CT and functional volume.
    edition : Edition
        When it was made and what it is called.

    Raises
    ------
    GeometryError
        The CT states no Frame of Reference.
    """
    if fixed.frame_of_reference_uid is None:
        raise GeometryError(
            "The CT states no coordinate system (DICOM Frame of Reference), so no registration can "
            "refer to it."
        )
    ds = new_object(
        path, sop_class_uid=SpatialRegistrationStorage, source=fixed.header, edition=edition
    )
    ds.Modality = "REG"
    ds.SeriesNumber = edition.series_number(9002)
    how = _how(registration)
    ds.SeriesDescription = edition.described(f"{moving.label} to {fixed.label}{how}")
    ds.FrameOfReferenceUID = fixed.frame_of_reference_uid
    ds.PositionReferenceIndicator = ""
    copy_attributes(fixed.header, ds, ("PositionReferenceIndicator",))
    ds.ContentLabel = "REGISTRATION"
    ds.ContentDescription = SHORT_DISCLAIMER
    ds.ContentCreatorName = ""
    identity = RigidTransform.identity()
    ds.RegistrationSequence = [
        _item(fixed, identity, Method.SHARED_FRAME, f"{fixed.label}: not moved"),
        _item(
            moving,
            registration.transform,
            registration.method,
            f"{moving.label} to {fixed.label}{how}"
            + (SAME_COORDINATES if same_frame(fixed, moving) and not registration.is_bent else ""),
        ),
    ]
    _references(ds, (fixed, moving))
    ds.save_as(path, enforce_file_format=True)


def _how(registration: Registration) -> str:
    """Return what must be known of it; short, since a comment holds 64 characters."""
    if registration.is_bent:
        return RIGID_PART
    if registration.method is not Method.MANUAL:
        return ""
    shift_mm = registration.manual_shift_mm
    return " by hand" if shift_mm is None else f" by hand, {shift_mm:.1f} mm"


def _item(
    images: RegisteredImages, transform: RigidTransform, method: Method, comment: str
) -> Dataset:
    matrix = Dataset()
    matrix.FrameOfReferenceTransformationMatrixType = "RIGID"
    matrix.FrameOfReferenceTransformationMatrix = [
        format_number_as_ds(value) for value in transform.matrix.ravel()
    ]
    step = Dataset()
    step.FrameOfReferenceTransformationComment = comment
    code = _TYPE_CODES.get(method)
    step.RegistrationTypeCodeSequence = [CodedConcept(*code)] if code else []
    step.MatrixSequence = [matrix]
    item = Dataset()
    if images.frame_of_reference_uid is not None:
        item.FrameOfReferenceUID = images.frame_of_reference_uid
    item.ReferencedImageSequence = _instances(images)
    item.MatrixRegistrationSequence = [step]
    return item


def _instances(images: RegisteredImages) -> list[Dataset]:
    listed = []
    for class_uid, instance_uid in images.references:
        reference = Dataset()
        reference.ReferencedSOPClassUID = class_uid
        reference.ReferencedSOPInstanceUID = instance_uid
        listed.append(reference)
    return listed


def _references(ds: Dataset, sides: Sequence[RegisteredImages]) -> None:
    """Fill the Common Instance Reference module: this study apart from other ones."""
    here = uid(ds, "StudyInstanceUID")
    elsewhere: dict[str, list[Dataset]] = {}
    own = []
    for images in sides:
        series = Dataset()
        series.SeriesInstanceUID = images.series_instance_uid
        series.ReferencedInstanceSequence = _instances(images)
        if images.study_instance_uid == here:
            own.append(series)
        else:
            elsewhere.setdefault(images.study_instance_uid, []).append(series)
    if own:
        ds.ReferencedSeriesSequence = own
    if elsewhere:
        ds.StudiesContainingOtherReferencedInstancesSequence = [
            _study(study, series) for study, series in elsewhere.items()
        ]


def _study(study_instance_uid: str, series: list[Dataset]) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = study_instance_uid
    item.ReferencedSeriesSequence = series
    return item
