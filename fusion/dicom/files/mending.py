"""What a header states and cannot mean: taken out or replaced once, where it is read, and said.

A date that is no date would be printed on a report, and an identifier that no DICOM object can hold
would be replaced in one place and kept in another.
"""

from __future__ import annotations

import re

from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from fusion.dicom.files.instance import hashed_uid, is_uid

#: Stands among the remarks about a header for an object without preamble and file meta group.
NO_FILE_HEADER = "file header"
#: What begins a remark about an identifier.
UID_REPLACED = "UID: "

_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "PatientBirthDate")
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
# The dots are those of ACR-NEMA 2.0; others write dashes.
_DATE = re.compile(r"\d{4}([.\-/]?)(0[1-9]|1[0-2])\1(0[1-9]|[12]\d|3[01])")
_SEX = re.compile(r"[MFOmfo]")


def mend(dataset: Dataset) -> tuple[str, ...]:
    """Take out dates and sexes that are none, and replace identifiers that no object can hold.

    Parameters
    ----------
    dataset : Dataset
        Just read; changed in place.

    Returns
    -------
    tuple of str
        The attributes concerned, as DICOM names them.
    """
    remarks = []
    for keyword, pattern in (*((word, _DATE) for word in _DATES), ("PatientSex", _SEX)):
        value = _stated(dataset, keyword)
        if value and not pattern.fullmatch(value):
            _set(dataset, keyword, "")
            remarks.append(_name(keyword))
    for keyword in _UIDS:
        value = _stated(dataset, keyword)
        if value and not is_uid(value):
            _set(dataset, keyword, hashed_uid(value))
            remarks.append(UID_REPLACED + _name(keyword))
    return tuple(remarks)


def _stated(dataset: Dataset, keyword: str) -> str:
    """Return a value as it stands in the file, without decoding the element."""
    element = dataset.get_item(_tag(keyword))
    value: object = None if element is None else element.value
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.strip(" \0") if isinstance(value, str) else ""


def _set(dataset: Dataset, keyword: str, value: str) -> None:
    tag = _tag(keyword)
    vr = "UI" if keyword in _UIDS else "CS" if keyword == "PatientSex" else "DA"
    dataset[tag] = DataElement(tag, vr, value)


def _tag(keyword: str) -> BaseTag:
    return BaseTag(tag_for_keyword(keyword) or 0)


def _name(keyword: str) -> str:
    return dictionary_description(keyword)
