"""What every DICOM object that leaves the program has in its header, and how it is written."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from fusion.dicom import items, text, uid
from fusion.export.edition import Edition
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
#: Set by libraries from the clock; equal exports are equal to the last byte.
_WHEN_A_LIBRARY_MADE_IT = (
    "InstanceCreationDate",
    "InstanceCreationTime",
    "DateOfSecondaryCapture",
    "TimeOfSecondaryCapture",
)
#: Timezone Offset From UTC (0008,0201).
_OFFSET = re.compile(r"([+-])([01]\d)([0-5]\d)")
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


def new_object(path: Path, *, sop_class_uid: str, source: Dataset, edition: Edition) -> FileDataset:
    """Return an object in a series of its own, in the study of its source.

    Parameters
    ----------
    path : Path
        Where it will be written.
    sop_class_uid : str
        What it is.
    source : Dataset
        Header that patient, study and body part are taken from.
    edition : Edition
        When it was made, and what it is called.

    Returns
    -------
    FileDataset
        With the Patient, General Study, General Equipment and SOP Common attributes and new UIDs.
    """
    instance_uid = UID(edition.uid(path.stem, "instance"))
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
        ds.StudyInstanceUID = edition.uid("study")
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = instance_uid
    ds.SeriesInstanceUID = edition.uid(path.stem, "series")
    ds.InstanceNumber = 1
    _date(ds, source, edition.made)
    ds.Manufacturer = "facetfusion"
    ds.ManufacturerModelName = "facetfusion"
    ds.SoftwareVersions = own_version()
    return ds


def dress(
    ds: Dataset,
    source: Dataset,
    *,
    description: str,
    edition: Edition,
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
        Series Description, before the version.
    edition : Edition
        When it was made; the same for all objects of a series.
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
    _date(ds, source, edition.made)
    ds.SeriesDescription = edition.described(description)
    ds.Manufacturer = ds.ManufacturerModelName = "facetfusion"
    ds.SoftwareVersions = own_version()


def _date(ds: Dataset, source: Dataset, made: datetime) -> None:
    """Say when an object came about, in the time zone that holds for all of its dates and times.

    A moment without a time zone is one that stands for another, in a de-identified export.
    """
    if made.tzinfo is not None:
        zone = _zone(source, made)
        made = made.astimezone(zone)
        ds.TimezoneOffsetFromUTC = f"{made:%z}"[:5]
    day, time = f"{made:%Y%m%d}", f"{made:%H%M%S.%f}"
    ds.SeriesDate = ds.ContentDate = day
    ds.SeriesTime = ds.ContentTime = time
    for keyword in _WHEN_A_LIBRARY_MADE_IT:
        if keyword in ds:
            ds[keyword].value = day if keyword.endswith("Date") or "DateOf" in keyword else time
    for item in items(ds, "ContributingEquipmentSequence"):
        if "ContributionDateTime" in item:
            item.ContributionDateTime = f"{day}{time}"


def _zone(source: Dataset, made: datetime) -> tzinfo:
    """Return the time zone of a study: as it states it, else that of this computer on its day.

    The attribute holds for study and content alike, so an hour of summer time between the two must
    not move the study.
    """
    stated = _OFFSET.fullmatch(text(source, "TimezoneOffsetFromUTC"))
    if stated is not None:
        hours, minutes = int(stated[2]), int(stated[3])
        size = timedelta(hours=hours, minutes=minutes)
        return timezone(-size if stated[1] == "-" else size)
    with suppress(ValueError, OverflowError, OSError):
        day = text(source, "StudyDate")
        then = datetime.strptime(f"{day} 12", "%Y%m%d %H").astimezone()
        return then.tzinfo or UTC
    return made.astimezone().tzinfo or UTC


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
