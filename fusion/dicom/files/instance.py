"""One DICOM object on disk, and careful access to its attributes.

Every number that later becomes geometry or a quantity is read through these functions: they
tolerate what writers get wrong (text instead of lists, missing values) and refuse what must not
be used (values that are not finite). Nothing here touches pixel data.
"""

from __future__ import annotations

import hashlib
import io
import logging
import math
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.datadict import (
    dictionary_description,
    dictionary_has_tag,
    dictionary_VR,
    tag_for_keyword,
)
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from fusion.errors import DicomError
from fusion.plain_text import plain

#: Text of a representation with a 16-bit length (PS3.5 7.1.2) that is longer than that can say, or
#: has more values than any list of scanners, is damaged.
MAX_TEXT_BYTES, MAX_VALUES = 65_536, 4096
#: Items of one sequence that are looked at; the lists named here are as long as an object has
#: frames or names images.
MAX_ITEMS, MAX_LISTED = 1024, 200_000
_LONG_LISTS = frozenset(
    {
        "DirectoryRecordSequence",
        "FailedSOPSequence",
        "PerFrameFunctionalGroupsSequence",
        "ReferencedImageSequence",
        "ReferencedInstanceSequence",
        "ReferencedSeriesSequence",
        "ReferencedSOPSequence",
        "SegmentSequence",
    }
)
_TEXT_VRS = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI"])
#: Representations whose bytes mean the same whatever else a header says, its character set too ...
_SAME_EVERYWHERE = frozenset(
    ["AE", "AS", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "SL", "SS", "TM", "UI", "UL", "US"]
)
#: ... and how long a value may be, bytes, that is kept decoded.
_KEPT_BYTES = 256
_UID = re.compile(r"^[0-9.]{1,64}$")
#: What damaged files lead to (docs/sources.md#damaged-files). KeyError and IndexError are
#: LookupErrors. AttributeError, TypeError, AssertionError and RuntimeError are not among them: in
#: our own code they are faults of this program, and must never be told as damaged files. Where
#: pydicom or a decoder raises them, :func:`damage_told` says so.
PARSE_ERRORS = (
    ValueError,
    LookupError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    MemoryError,
    EOFError,
    OSError,
    BytesLengthException,
    InvalidDicomError,
    struct.error,
    zlib.error,
)
#: What pydicom and decoders raise beside these on damaged files.
_STUMBLED = (AttributeError, TypeError, AssertionError, RuntimeError)
#: What miswritten numbers are made of, and how long they may be to be quoted; nothing else is.
_LIKE_NUMBERS = re.compile(r"[0-9.,;:/\\'+\-eE ]*[0-9][0-9.,;:/\\'+\-eE ]*")
_LONGEST_SHOWN = 80
#: Attributes that have a plain word.
_IN_WORDS = {
    "ImageOrientationPatient": "Orientation of the slices",
    "ImagePositionPatient": "Position of the slice",
    "PixelSpacing": "Size of the pixels",
    "SpacingBetweenSlices": "Distance between slices",
}
logger = logging.getLogger(__name__)


class DamagedDataError(ValueError):
    """pydicom or a decoder stumbled over what a file holds."""


@contextmanager
def damage_told() -> Iterator[None]:
    """Wrap calls into pydicom, highdicom or a decoder, and nothing of ours.

    What they raise on damaged files includes AttributeError, TypeError, AssertionError and
    RuntimeError; these become :class:`DamagedDataError`, one of :data:`PARSE_ERRORS`.
    """
    try:
        yield
    except (NotImplementedError, RecursionError):
        raise
    except _STUMBLED as exc:
        raise DamagedDataError(type(exc).__name__) from exc


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """The header of one DICOM object and where its bytes are.

    Parameters
    ----------
    path : Path
        File on this disk (for a zip: the private copy).
    label : str
        The file as the user knows it: path relative to what was opened.
    dataset : Dataset
        Everything before the pixel data.
    transfer_syntax_uid : str
        As stated by the file, or implied where the file meta group is absent.
    pixel_tag_offset : int or None
        Byte position of the pixel data element in ``path``; None when the object has none or its
        transfer syntax is deflated.
    owner : object or None
        Kept alive as long as this Instance: the private folder that a zip was unpacked into.
    doubtful_text : tuple of str
        What was found about its character sets; see
        :func:`fusion.dicom.files.character_sets.make_unicode`.
    remarks : tuple of str
        What was mended when it was read; see :func:`fusion.dicom.files.mending.mend`.
    stamp : (int, int) or None
        Size and time of the file when its header was read; see :func:`stamp_of`.
    deflated : (int, int) or None
        Of a deflated object, where its deflated part begins in the file, and where the pixel data
        element begins in what that unpacks to.
    """

    path: Path
    label: str
    dataset: Dataset
    transfer_syntax_uid: str
    pixel_tag_offset: int | None
    owner: object | None = field(default=None, repr=False)
    doubtful_text: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    stamp: tuple[int, int] | None = None
    deflated: tuple[int, int] | None = None

    def open(self) -> io.BufferedReader:
        """Open the file that the header was read from.

        Raises
        ------
        DicomError
            Another file stands there by now, or this one was written to: header and pixels may be
            of two images.
        OSError
            It cannot be opened.
        """
        file: io.BufferedReader = io.BufferedReader(io.FileIO(self.path, opener=open_at_once))
        found = os.fstat(file.fileno())
        try:
            self.require_same(stamp_of(found) if stat.S_ISREG(found.st_mode) else None)
        except DicomError:
            file.close()
            raise
        return file

    def require_same(self, stamp: tuple[int, int] | None) -> None:
        """Refuse an open file that is not the one that the header was read from.

        Parameters
        ----------
        stamp : (int, int) or None
            Of the open file, see :func:`stamp_of`; None where it is no regular file.

        Raises
        ------
        DicomError
            Another file, or this one was written to.
        """
        if stamp is None or self.stamp not in (None, stamp):
            raise DicomError(
                "The file was changed or replaced after its header was read. Wait until nothing "
                "writes there any more, and open the study again.",
                label=self.label,
            )

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID, made safe by :func:`uid`."""
        return uid(self.dataset, "SOPInstanceUID") or hashed_uid(self.label)


def open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting, where a pipe has taken its place, for somebody who writes."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def stamp_of(found: os.stat_result) -> tuple[int, int]:
    """Return what changes when a file is written: its size in bytes and its time in ns."""
    return found.st_size, found.st_mtime_ns


def hashed_uid(value: str) -> str:
    """Return a stable UID (2.25.…) for something that has no usable one."""
    return f"2.25.{int.from_bytes(hashlib.sha256(value.encode()).digest()[:16], 'big')}"


def is_uid(value: str) -> bool:
    """Whether a text can be a UID: digits and dots, 64 characters at most."""
    return _UID.match(value) is not None


def uid(dataset: Dataset, keyword: str) -> str | None:
    """Return a UID, or None when absent; a malformed one is replaced by a hash of it.

    A UID from a file never becomes part of a path, a query or a page without this check. Raises
    DicomError when the element cannot be decoded.
    """
    value = stored_value(dataset, keyword)
    if value is None or str(value).strip() == "":
        return None
    string = str(value).strip()
    return string if is_uid(string) else hashed_uid(string)


def text(dataset: Dataset, keyword: str) -> str:
    """Return a text attribute as one line without control characters; empty when absent.

    Raises DicomError when the element cannot be decoded.
    """
    value = stored_value(dataset, keyword)
    return "" if value is None else plain(str(value))


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    r"""Return a multi-valued text attribute in upper case.

    Accepts writers that put the whole list into one string with backslashes or commas. Raises
    DicomError when the element cannot be decoded.
    """
    value = stored_value(dataset, keyword)
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else list(_iterate(value))
    parts = (part for item in items for part in re.split(r"[\\,]", str(item)))
    return tuple(plain(part).upper() for part in parts)


def numbers(
    dataset: Dataset, keyword: str, count: int | None = None
) -> npt.NDArray[np.float64] | None:
    """Return numeric values, or None when the attribute is absent or empty.

    Parameters
    ----------
    dataset : Dataset
        Header or sequence item.
    keyword : str
        DICOM attribute keyword.
    count : int, optional
        Exact number of values required.

    Returns
    -------
    (count,) ndarray of float64 or None

    Raises
    ------
    DicomError
        Not a number, not finite, or another count.
    """
    values = _floats(dataset, keyword, count)
    return None if values is None else np.array(values, dtype=np.float64)


def _floats(dataset: Dataset, keyword: str, count: int | None) -> list[float] | None:
    try:
        value = stored_value(dataset, keyword)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        result = [float(v) for v in _iterate(value)]
    except (DicomError, ValueError, TypeError, OverflowError) as exc:
        raise DicomError(f"{attribute_name(keyword)} {_no_number(dataset, keyword)}") from exc
    if not result:
        return None
    if not all(map(math.isfinite, result)):
        raise DicomError(f"{attribute_name(keyword)} holds a value that is not a finite number.")
    if count is not None and len(result) != count:
        raise DicomError(f"{attribute_name(keyword)} has {len(result)} values; expected {count}.")
    return result


def _no_number(dataset: Dataset, keyword: str) -> str:
    """Say what stands in place of a number, where it can be nothing but one that is miswritten."""
    tag = tag_for_keyword(keyword)
    element = None if tag is None else dataset.get_item(tag)
    value = None if element is None else element.value
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    elif isinstance(value, MultiValue):
        value = "\\".join(map(str, value))
    written = str(value).strip(" \0")
    if len(written) > _LONGEST_SHOWN or not _LIKE_NUMBERS.fullmatch(written):
        return "is not a number."
    if "," not in written:
        return f'is written as "{written}", which is not a number.'
    return (
        f'is written as "{written}": a comma is no decimal point in DICOM, and may stand between '
        "two numbers as well, so that it was not guessed. Export the series with decimal points."
    )


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return one numeric value, or None when absent; errors as :func:`numbers`."""
    values = _floats(dataset, keyword, 1)
    return None if values is None else values[0]


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return one whole number, or None when absent; errors as :func:`numbers`."""
    value = number(dataset, keyword)
    if value is not None and value != int(value):
        raise DicomError(f"{attribute_name(keyword)} is {value:g}; expected a whole number.")
    return None if value is None else int(value)


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """Return the items of a sequence; empty when absent or not a sequence.

    Raises DicomError when the element cannot be decoded, or lists more than any real one.
    """
    value = stored_value(dataset, keyword)
    if value is None or isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        return ()
    most = MAX_LISTED if keyword in _LONG_LISTS else MAX_ITEMS
    if len(value) > most:
        raise DicomError(
            f"{attribute_name(keyword)} lists {len(value)} items; no real image lists more than "
            f"{most}. The file is damaged or made to do harm; copy or export it again."
        )
    return tuple(item for item in value if isinstance(item, Dataset))


def stored_value(dataset: Dataset, keyword: str) -> Any:
    """Return what an attribute holds as pydicom gives it, not to be changed; None when absent.

    pydicom decodes an element when it is first asked for, so that damage shows only then. Raises
    DicomError when the element cannot be decoded.
    """
    try:
        # Asked some dozens of times a header, so that it goes past pydicom's look-ups by name.
        tag, vr = _known(keyword)
        element = None if tag is None else _elements(dataset).get(tag)
        if tag is None or element is None:
            return None
        if isinstance(element, RawDataElement) and element.value is None:  # empty, or not yet read
            element = dataset[tag]
        if is_overlong(element):
            raise DicomError(
                f"{attribute_name(keyword)} is longer than any real one; the header is damaged."
            )
        if not isinstance(element, RawDataElement):
            return element.value
        vr = element.VR or vr
        if vr not in _SAME_EVERYWHERE or element.value is None or len(element.value) > _KEPT_BYTES:
            return dataset[tag].value
        return _decoded(tag, vr, element.value, element.is_little_endian)
    except (*PARSE_ERRORS, *_STUMBLED) as exc:
        logger.info("%s cannot be decoded: %s", keyword, type(exc).__name__)
        raise DicomError(
            f"{attribute_name(keyword)} cannot be read; the header is damaged."
        ) from exc


@cache
def _known(keyword: str) -> tuple[BaseTag | None, str]:
    """Return tag and value representation of an attribute; None and none for no attribute."""
    tag = tag_for_keyword(keyword)
    return (None, "") if tag is None else (BaseTag(tag), dictionary_VR(tag))


def _elements(dataset: Dataset) -> Mapping[BaseTag, DataElement | RawDataElement]:
    """Return the elements of a data set by tag, decoded or not."""
    view: Any = dataset.values()
    elements: Mapping[BaseTag, DataElement | RawDataElement] = view.mapping
    return elements


@lru_cache(maxsize=8192)
def _decoded(tag: BaseTag, vr: str, value: bytes, is_little_endian: bool) -> Any:
    """Decode a value that means the same in every header: the slices of a series repeat most."""
    raw = RawDataElement(tag, vr, len(value), value, 0, False, is_little_endian)
    return convert_raw_data_element(raw).value


def is_overlong(element: DataElement | RawDataElement) -> bool:
    """Whether a text is so long that taking it apart would take seconds a file.

    It can be longer than its representation allows only where that is not stated, or stated as
    unknown.
    """
    value = element.value
    if isinstance(value, (bytes, str)):
        is_long = len(value) > MAX_TEXT_BYTES
    else:
        is_long = isinstance(value, MultiValue) and len(value) > MAX_VALUES
    if not is_long or not dictionary_has_tag(element.tag):
        return False
    return dictionary_VR(element.tag) in _TEXT_VRS


def attribute_name(keyword: str) -> str:
    """Write a keyword in words: ``"Distance between slices (Spacing Between Slices)"``."""
    name = dictionary_description(keyword)
    return f"{_IN_WORDS[keyword]} ({name})" if keyword in _IN_WORDS else name


def _iterate(value: Any) -> Iterator[Any]:
    # pydicom returns MultiValue for text VRs and a plain list for binary ones.
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        yield value
    else:
        yield from value
