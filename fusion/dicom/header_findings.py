"""What a reader must know of headers taken together: bad files, packing, whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)

from fusion.dicom.files.character_sets import OUTSIDE_THE_SET
from fusion.dicom.files.instance import Instance, text
from fusion.dicom.files.mending import NO_FILE_HEADER, UID_REPLACED
from fusion.dicom.identity import identity_conflicts
from fusion.dicom.series import Patient, Study
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.files import (
    CHARACTER_SET,
    CHARACTERS_OUTSIDE_SET,
    LOSSY_COMPRESSION,
    MORE_UNREADABLE,
    PATIENT_MISMATCH,
    SEVERAL_PATIENTS,
    SEVERAL_STUDIES,
    STUDY_UID_MISSING,
    UIDS_REPLACED,
    UNREADABLE,
    VALUES_LEFT_OUT,
    WITHOUT_FILE_HEADER,
)

#: Bad files are named one by one up to here, then counted.
MAX_NAMED = 20
_ALWAYS_LOSSY = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})
_USUALLY_LOSSY = frozenset({JPEGLSNearLossless, JPEG2000, HTJ2K})
# In the order of :class:`Patient`.
_IDENTITY = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that cannot be used, and the series it belongs to when that is known."""

    label: str
    message: str
    study: str = ""
    series: str = ""


def shown(dataset: Dataset, keyword: str) -> str:
    """Return a text for the screen; empty when it cannot be read."""
    try:
        return text(dataset, keyword)
    except DicomError:
        return ""


def about_bad_files(bad: Iterable[BadFile]) -> list[Finding]:
    """Name files that cannot be used, and count the rest."""
    ordered = sorted(bad, key=lambda one: one.label)
    findings = [UNREADABLE(reason=one.message) for one in ordered[:MAX_NAMED]]
    if len(ordered) > MAX_NAMED:
        findings.append(MORE_UNREADABLE(count=len(ordered) - MAX_NAMED))
    return findings


def about_compression(instances: Sequence[Instance]) -> list[Finding]:
    """Say how many images lost detail when they were packed."""
    lossy = sum(_is_lossy(instance) for instance in instances)
    if not lossy:
        return []
    return [LOSSY_COMPRESSION(lossy=lossy, files=len(instances))]


def _is_lossy(instance: Instance) -> bool:
    stated = shown(instance.dataset, "LossyImageCompression")
    syntax = instance.transfer_syntax_uid
    if stated == "01" or syntax in _ALWAYS_LOSSY:
        return True
    return syntax in _USUALLY_LOSSY and stated != "00"


def about_study(instances: Sequence[Instance]) -> list[Finding]:
    """Say what the objects of one study disagree about, lack, or state and cannot mean."""
    findings = []
    unlike = _disagreements(instances)
    if unlike:
        findings.append(PATIENT_MISMATCH(differing=tuple(unlike)))
    without = sum(1 for instance in instances if "StudyInstanceUID" not in instance.dataset)
    if without:
        findings.append(STUDY_UID_MISSING(count=without))
    findings += _about_mending(instances)
    doubts = {doubt for instance in instances for doubt in instance.doubtful_text}
    if unknown := doubts - {OUTSIDE_THE_SET}:
        findings.append(CHARACTER_SET(character_sets=tuple(sorted(unknown))))
    if OUTSIDE_THE_SET in doubts:
        findings.append(CHARACTERS_OUTSIDE_SET())
    return findings


def _about_mending(instances: Sequence[Instance]) -> list[Finding]:
    """Say what headers stated and cannot mean."""
    remarks = {remark for instance in instances for remark in instance.remarks}
    uids = sorted(r.removeprefix(UID_REPLACED) for r in remarks if r.startswith(UID_REPLACED))
    bare = sum(NO_FILE_HEADER in instance.remarks for instance in instances)
    values = sorted(r for r in remarks if r != NO_FILE_HEADER and not r.startswith(UID_REPLACED))
    return [
        *([WITHOUT_FILE_HEADER(count=bare)] if bare else []),
        *([UIDS_REPLACED(names=tuple(uids))] if uids else []),
        *([VALUES_LEFT_OUT(names=tuple(values))] if values else []),
    ]


def _disagreements(instances: Iterable[Instance]) -> list[str]:
    """Return in which words the patients that objects state differ, spelling aside."""
    # Comparing undecoded values first keeps this cheap for thousands of equal headers.
    undecoded = {
        tuple(str(instance.dataset.get_item(keyword)) for keyword in _IDENTITY): instance
        for instance in instances
    }
    patients: list[Patient] = []
    differing: dict[str, None] = {}
    for instance in undecoded.values():
        patient = Patient(*(shown(instance.dataset, keyword) for keyword in _IDENTITY))
        for known in patients:
            differing.update(dict.fromkeys(identity_conflicts(patient, known)))
        # Also one that agrees is kept: an object that states less would hide the next conflict.
        if len(patients) < MAX_NAMED:
            patients.append(patient)
    return list(differing)


def about_several(studies: Sequence[Study]) -> list[Finding]:
    """Say that there are several studies, and whether of several persons."""
    if len(studies) < 2:
        return []
    findings = [SEVERAL_STUDIES(studies=len(studies))]
    members = [
        series.instances[0] for study in studies for series in study.series if series.instances
    ]
    if _disagreements(members):
        findings.append(SEVERAL_PATIENTS())
    return findings
