"""What every DICOM object that leaves the program has in its header, and how it is written."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from fusion.dicom.instance import uid
from fusion.errors import GeometryError
from fusion.software import own_version

_PATIENT_AND_STUDY = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "StudyDescription",
)
#: Type 2 of the Patient and General Study modules: present even when nothing is known.
_AT_LEAST_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "AccessionNumber",
)


def new_object(path: Path, *, sop_class_uid: str, source: Dataset) -> FileDataset:
    """Return an object in a series of its own, in the study of its source.

    Parameters
    ----------
    path : Path
        Where it will be written.
    sop_class_uid : str
        What it is.
    source : Dataset
        Header that patient, study and body part are taken from.

    Returns
    -------
    FileDataset
        With the Patient, General Study, General Equipment and SOP Common attributes, new UIDs,
        Series Date and Time, and Content Date and Time of now.
    """
    instance_uid = generate_uid(prefix=None)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    copy_attributes(source, ds, (*_PATIENT_AND_STUDY, "BodyPartExamined"))
    for keyword in _AT_LEAST_EMPTY:
        ds.setdefault(keyword, "")
    if "BodyPartExamined" not in ds:
        ds.Laterality = ""
    if uid(ds, "StudyInstanceUID") is None:
        ds.StudyInstanceUID = generate_uid(prefix=None)
    now = datetime.now()
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = instance_uid
    ds.SeriesInstanceUID = generate_uid(prefix=None)
    ds.InstanceNumber = 1
    ds.SeriesDate = ds.ContentDate = now.strftime("%Y%m%d")
    ds.SeriesTime = ds.ContentTime = now.strftime("%H%M%S.%f")
    ds.Manufacturer = "facetfusion"
    ds.ManufacturerModelName = "facetfusion"
    ds.SoftwareVersions = own_version()
    return ds


def copy_attributes(source: Dataset, target: Dataset, keywords: Sequence[str]) -> None:
    """Copy those attributes that the source has."""
    for keyword in keywords:
        if keyword in source:
            target[keyword] = copy.deepcopy(source[keyword])


def code_item(value: str, scheme: str, meaning: str) -> Dataset:
    """Return an item of a code sequence."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def decimal_string(value: float) -> str:
    """Format a Decimal String of at most 16 characters without losing a tenth of a micrometre."""
    for digits in range(15, 0, -1):
        string = f"{float(value):.{digits}g}"
        if len(string) <= 16:
            return string
    raise GeometryError(f"{value} cannot be written as a Decimal String.")
