"""Objects that carry the same identifier: copies to leave out, and contradictions to report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from fusion.dicom.files.instance import PARSE_ERRORS, Instance, damage_told, stored_value
from fusion.dicom.pixels.sameness import same_pixels
from fusion.dicom.series import FrameRef
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import DUPLICATE_COPIES, DUPLICATE_UID

#: What a picture shows and where; two files that differ in one of these are not copies.
_MEANING = (
    "PatientID",
    "PatientName",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SpacingBetweenSlices",
    "NumberOfFrames",
    "DetectorInformationSequence",
    "SliceVector",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "RealWorldValueMappingSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "AcquisitionTime",
)
#: Files of one identifier whose pixels are decoded for comparison; more than that are different.
_MAX_COMPARED = 32
_CHUNK = 2**20


def without_copies(instances: Iterable[Instance]) -> tuple[list[Instance], list[Finding]]:
    """Keep one of each set of identical copies; report different images with one identifier.

    Parameters
    ----------
    instances : iterable of Instance
        Of one series, in the order of preference.

    Returns
    -------
    kept : list of Instance
        Different images, including those that share an identifier: their positions tell whether
        they can be used.
    findings : list of Finding
        How many copies were left out, and which images contradict one another.
    """
    by_uid: dict[str, list[Instance]] = {}
    for instance in instances:
        by_uid.setdefault(instance.sop_instance_uid, []).append(instance)
    kept: list[Instance] = []
    copies = 0
    conflicting: list[str] = []
    for group in by_uid.values():
        different = _different(group)
        copies += len(group) - len(different)
        if len(different) > 1:
            conflicting += [instance.label for instance in different]
        kept += different
    findings = []
    if copies:
        findings.append(DUPLICATE_COPIES(copies=copies))
    if conflicting:
        more = f" and {len(conflicting) - 4} more" if len(conflicting) > 4 else ""
        findings.append(
            DUPLICATE_UID(count=len(conflicting), names=tuple(conflicting[:4]), more=more)
        )
    return kept, findings


def _different(group: list[Instance]) -> list[Instance]:
    if len(group) == 1:
        return group
    result: list[tuple[Instance, str, str]] = []
    for instance in group:
        meaning, digest = _meaning(instance), _digest(instance)
        if not any(
            meaning == known_meaning
            and (digest == known_digest or (n < _MAX_COMPARED and _looks_alike(instance, known)))
            for n, (known, known_meaning, known_digest) in enumerate(result)
        ):
            result.append((instance, meaning, digest))
    return [instance for instance, _, _ in result]


def _meaning(instance: Instance) -> str:
    try:
        with damage_told():
            return "\n".join(str(instance.dataset.get(keyword)) for keyword in _MEANING)
    except PARSE_ERRORS:
        return instance.label  # equal to no other


def _digest(instance: Instance) -> str:
    """Hash of the encoding and everything from the pixel data on (deflated: of the whole file)."""
    digest = hashlib.sha256(instance.transfer_syntax_uid.encode())
    try:
        with instance.open() as file:
            file.seek(instance.pixel_tag_offset or 0)
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except (OSError, DicomError):
        digest.update(instance.label.encode())
    return digest.hexdigest()


def _looks_alike(one: Instance, other: Instance) -> bool:
    # The same picture in another encoding. Comparing first frames is enough only for single ones.
    return (
        one.transfer_syntax_uid != other.transfer_syntax_uid
        and stored_value(one.dataset, "NumberOfFrames") in (None, 1)
        and same_pixels(FrameRef(one), FrameRef(other))
    )
