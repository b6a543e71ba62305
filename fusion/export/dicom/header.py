"""What every DICOM object that leaves the program has in its header, and how it is written."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from fusion.dicom import uid
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
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
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


def new_object(path: Path, *, sop_class_uid: str, source: Dataset, made: datetime) -> FileDataset:
    """Return an object in a series of its own, in the study of its source.

    Parameters
    ----------
    path : Path
        Where it will be written.
    sop_class_uid : str
        What it is.
    source : Dataset
        Header that patient, study and body part are taken from.
    made : datetime
        When; Series Date and Time, and Content Date and Time.

    Returns
    -------
    FileDataset
        With the Patient, General Study, General Equipment and SOP Common attributes and new UIDs.
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
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = instance_uid
    ds.SeriesInstanceUID = generate_uid(prefix=None)
    ds.InstanceNumber = 1
    _date(ds, made)
    ds.Manufacturer = "facetfusion"
    ds.ManufacturerModelName = "facetfusion"
    ds.SoftwareVersions = own_version()
    return ds


def dress(
    ds: Dataset,
    source: Dataset,
    *,
    description: str,
    made: datetime,
    texts: Iterable[str] = (),
) -> None:
    """Give an object made by a library the same patient, study and equipment as all others.

    Parameters
    ----------
    ds : Dataset
        Complete but for this; changed in place.
    source : Dataset
        Header that patient, study and body part are taken from.
    description : str
        Series Description.
    made : datetime
        When; the same for all objects of a series.
    texts : iterable of str
        Free text in the object. The character set of the source is kept when it can hold all of
        it, else the object is in UTF-8, its names included.
    """
    copy_attributes(source, ds, (*_PATIENT_AND_STUDY, "BodyPartExamined"))
    for keyword in _AT_LEAST_EMPTY:
        if keyword not in ds or ds[keyword].value is None:
            setattr(ds, keyword, "")
    if not _holds(source.get("SpecificCharacterSet"), texts):
        ds.SpecificCharacterSet = "ISO_IR 192"
        for keyword in ("PatientName", "ReferringPhysicianName"):
            setattr(ds, keyword, str(ds[keyword].value))
    elif "SpecificCharacterSet" in ds and "SpecificCharacterSet" not in source:
        del ds.SpecificCharacterSet
    _date(ds, made)
    ds.SeriesDescription = description
    ds.Manufacturer = ds.ManufacturerModelName = "facetfusion"
    ds.SoftwareVersions = own_version()


def _date(ds: Dataset, made: datetime) -> None:
    ds.SeriesDate = ds.ContentDate = made.strftime("%Y%m%d")
    ds.SeriesTime = ds.ContentTime = made.strftime("%H%M%S.%f")


def _holds(character_set: object, texts: Iterable[str]) -> bool:
    """Whether texts can be written in a Specific Character Set without code extensions."""
    wanted = "".join(texts)
    if wanted.isascii():
        return True
    if not isinstance(character_set, str):
        return False
    try:
        wanted.encode(convert_encodings(character_set)[0])
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def copy_attributes(source: Dataset, target: Dataset, keywords: Sequence[str]) -> None:
    """Copy those attributes that the source has."""
    for keyword in keywords:
        if keyword in source:
            target[keyword] = copy.deepcopy(source[keyword])
