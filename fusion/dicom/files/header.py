"""Reading one file's header: what it says, and where its pixels start.

Files come from outside and may be damaged or hostile. Nothing here allocates more than the file
really holds, parses sequences deeper than :data:`MAX_SEQUENCE_DEPTH`, or unpacks a deflated file
beyond its caps (docs/sources.md#damaged-files).
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from pydicom import config, dcmread
from pydicom.charset import default_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import read_dataset, read_partial, read_sequence
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    NuclearMedicineImageStorage,
)

from fusion.dicom.files.budget import ITEM_READS, Budget, BudgetedBytes, BudgetedFile
from fusion.dicom.files.character_sets import make_unicode
from fusion.dicom.files.instance import (
    PARSE_ERRORS,
    Instance,
    damage_told,
    hashed_uid,
    is_overlong,
    uid,
)
from fusion.dicom.files.mending import NO_FILE_HEADER, mend
from fusion.errors import DicomError, not_given

logger = logging.getLogger(__name__)

#: Sequences inside sequences; real objects stay below 10.
MAX_SEQUENCE_DEPTH = 32
#: A single header element above this is skipped: no attribute that facetfusion uses comes near.
MAX_ELEMENT_BYTES = 16 * 2**20
#: A deflated file may unpack to this much in all …
MAX_INFLATED_BYTES = 2**29
#: … and, beyond :data:`RATIO_FREE_BYTES`, to at most this many times its own size.
MAX_INFLATION_RATIO = 100
RATIO_FREE_BYTES = 64 * 2**20

#: Pixel Data, Float Pixel Data and Double Float Pixel Data: where the header ends.
PIXEL_TAGS = frozenset({0x7FE00010, 0x7FE00008, 0x7FE00009})
_LAST_PIXEL_TAG = max(PIXEL_TAGS)

#: Nuclear Medicine Image Storage and its retired predecessor.
NM_CLASSES = frozenset({NuclearMedicineImageStorage, "1.2.840.10008.5.1.4.1.1.5"})

_PREFIX_BYTES = 132
_INFLATE_CHUNK = 2**16
#: Smallest sequence that can hold another one: element and item headers, implicit VR.
_NESTED_SEQUENCE_BYTES = 16
_LARGEST_UNKNOWN_BYTES = 2**18
#: Sequences up to this length are remembered by their bytes.
_REMEMBERED_BYTES = 2**14
#: Elements of unknown representation from this length on stay bytes in pydicom.
_LONGEST_PARSED_UNKNOWN = 0xFFFF


#: A header without preamble begins with Group Length, Length to End, Specific Character Set, Image
#: Type or SOP Class UID; value representations, and length in bytes, of those.
_LAST_FIRST_ELEMENT = 0x0018
_FIRST_VRS = frozenset({b"UL", b"CS", b"UI", b"DA", b"TM", b"SH", b"LO"})
_LONGEST_FIRST = 256
_DICOM_ROOT = "1.2.840.10008."


class _DeflatedError(EOFError):
    """The data set behind the file meta group is deflated and must not be read in one piece."""


class _HeaderFile(BudgetedFile):
    """A file that never allocates for bytes it does not hold.

    pydicom reads everything that is left (a size below zero) only to inflate it without limit;
    that is refused here, so that :func:`inflate` can do it within bounds.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise _DeflatedError
        if size > _INFLATE_CHUNK:
            size = max(0, min(size, self.size - self.tell()))
        return super().read(size)


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Keep pydicom's remarks about sloppy files off the user's screen.

    What matters is checked by facetfusion itself and becomes a Finding. Only warnings that come
    from pydicom and its decoders are silenced, and pydicom's log, which may quote identity.
    """
    level = config.logger.level
    if level != logging.CRITICAL:  # setting it costs, and a scan has done so for all its headers
        config.logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), config.disable_value_validation():
            warnings.filterwarnings("ignore", module=r"(pydicom|pylibjpeg|openjpeg|jpeg_ls|gdcm)\b")
            yield
    finally:
        if level != logging.CRITICAL:
            config.logger.setLevel(level)


def read_header(path: Path, *, label: str, owner: object | None = None) -> Instance | None:
    """Read everything before the pixel data.

    Parameters
    ----------
    path : Path
        A regular file.
    label : str
        The file as the user knows it.
    owner : object, optional
        Kept alive by the Instance: the temporary folder that ``path`` lies in.

    Returns
    -------
    Instance or None
        None when the file does not claim to be DICOM: no ``DICM`` prefix, and it does not read like
        a data set that was written without one.

    Raises
    ------
    DicomError
        Unreadable, damaged or hostile.
    """
    budget, is_bare, deflated = Budget(label), False, None
    try:
        with _HeaderFile(path, budget) as file, quiet_pydicom():
            is_bare = file.read(_PREFIX_BYTES)[128:] != b"DICM"
            file.seek(0)
            if is_bare and not _begins_like_header(file):
                return None
            try:
                with damage_told():
                    dataset = _read_until_pixels(file, force=is_bare)
            except _DeflatedError:
                start = file.tell()
                dataset, stream = _read_deflated(file, budget=budget, label=label)
                syntax, offset = str(DeflatedExplicitVRLittleEndian), None
                deflated = start, stream.tell()
            else:
                syntax = _transfer_syntax(dataset)
                offset = _pixel_offset(file, is_little=syntax != ExplicitVRBigEndian)
            if is_bare and not sop_class_uid(dataset).startswith(_DICOM_ROOT):
                return None
            _drop_oversized(dataset)
            if any(is_overlong(element) for element in dataset.values()):
                raise DicomError(
                    "A text in its header is longer than any real one. The file is damaged or "
                    "made to do harm; copy or export it again.",
                    label=label,
                )
            if _is_nested_too_deeply(dataset, budget):
                raise _too_deep(label)
            doubtful_text, remarks = make_unicode(dataset), mend(dataset)
    except RecursionError as exc:
        raise _too_deep(label) from exc
    except PARSE_ERRORS as exc:
        if said := not_given(exc):
            raise DicomError(said, label=label) from exc
        if _is_wake_of_recursion(exc):
            raise _too_deep(label) from exc
        if budget.refusal is not None:
            raise budget.refusal from exc
        if is_bare:
            return None
        logger.info("%s: the header cannot be read: %s", label, type(exc).__name__)
        raise DicomError(
            "The file says that it is DICOM, but its header cannot be read. It is probably "
            "damaged; export or copy it again.",
            label=label,
        ) from exc
    remarks = (*remarks, NO_FILE_HEADER) if is_bare else remarks
    return Instance(
        path, label, dataset, syntax, offset, owner, doubtful_text, remarks, file.stamp, deflated
    )


def study_uid(dataset: Dataset) -> str:
    """Return the Study Instance UID, or one fixed stand-in for files that state none."""
    return uid(dataset, "StudyInstanceUID") or hashed_uid("no Study Instance UID")


def series_uid(dataset: Dataset) -> str:
    """Return the Series Instance UID, or one fixed stand-in for files that state none."""
    return uid(dataset, "SeriesInstanceUID") or hashed_uid("no Series Instance UID")


def sop_class_uid(dataset: Dataset) -> str:
    """Return the SOP Class UID, from the file meta group if need be; empty when unknown."""
    stated = uid(dataset, "SOPClassUID")
    if stated is None and isinstance(dataset, FileDataset):
        stated = uid(dataset.file_meta, "MediaStorageSOPClassUID")
    return stated or ""


def inflated_from_pixels(instance: Instance) -> io.BytesIO:
    """Return the unpacked data set of a deflated file, positioned at its pixel data element.

    Parameters
    ----------
    instance : Instance
        An object of transfer syntax Deflated Explicit VR Little Endian.

    Raises
    ------
    DicomError
        Larger than :data:`MAX_INFLATED_BYTES` or :data:`MAX_INFLATION_RATIO` allow, or not the
        file any more that the header was read from.
    """
    if instance.deflated is None:
        raise DicomError("The file is not deflated.", label=instance.label)
    start, pixels = instance.deflated
    with instance.open() as file:
        packed_bytes = file.seek(0, io.SEEK_END) - start
        file.seek(start)
        stream = inflate(file, packed_bytes=packed_bytes, label=instance.label)
    stream.seek(pixels)
    return stream


def read_with_pixels(instance: Instance) -> FileDataset:
    """Read an object with its pixels, for a library that wants it whole; and nothing behind them.

    Parameters
    ----------
    instance : Instance
        Its header, from :func:`read_header`.

    Raises
    ------
    DicomError
        More elements than any real object has, or not the file any more that the header was read
        from.
    """
    label = instance.label
    budget = Budget(label)
    with _HeaderFile(instance.path, budget) as file:
        instance.require_same(file.stamp)
        try:
            return read_partial(file, _ends_pixels)
        except _DeflatedError:
            return _read_deflated(file, budget=budget, label=label, stop_when=_ends_pixels)[0]


def inflate(
    file: io.BufferedIOBase, *, packed_bytes: int, label: str, into: io.BytesIO | None = None
) -> io.BytesIO:
    """Unpack a deflated data set within bounds.

    Parameters
    ----------
    file : binary file
        Positioned at the first deflated byte.
    packed_bytes : int
        Number of deflated bytes, for the ratio.
    label : str
        The file as the user knows it.
    into : BytesIO, optional
        Empty; what is unpacked goes there, and it is returned.

    Raises
    ------
    DicomError
        Larger than :data:`MAX_INFLATED_BYTES` or :data:`MAX_INFLATION_RATIO` allow, or cut short.
    """
    limit = min(MAX_INFLATED_BYTES, max(RATIO_FREE_BYTES, MAX_INFLATION_RATIO * packed_bytes))
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    result = io.BytesIO() if into is None else into
    while not unpacker.eof:
        chunk = unpacker.unconsumed_tail or file.read(_INFLATE_CHUNK)
        unpacked = unpacker.decompress(chunk, _INFLATE_CHUNK)
        if not chunk and not unpacked:
            raise DicomError("The deflated data end too early; the file is damaged.", label=label)
        result.write(unpacked)
        if result.tell() > limit:
            raise DicomError(
                f"The deflated data unpack to more than {limit // 2**20} MiB from "
                f"{packed_bytes // 2**10} KiB; refused as harmful.",
                label=label,
            )
    result.seek(0)
    return result


def _read_until_pixels(file: _HeaderFile, *, force: bool = False) -> FileDataset:
    return read_partial(file, _ends_header, defer_size=MAX_ELEMENT_BYTES, force=force)


def _begins_like_header(file: _HeaderFile) -> bool:
    """Whether a file begins with the first element of a header, as those without preamble do.

    That is one of the file meta group or of group 8, with a known value representation and a
    length that the file can hold.
    """
    first = file.read(12)
    file.seek(0)
    if len(first) < 12:
        return False
    group, element, length = struct.unpack("<HHL", first[:8])
    if group == 2:
        return element == 0 and first[4:6] == b"UL"
    if group != 8 or element > _LAST_FIRST_ELEMENT:
        return False
    if first[4:6] in _FIRST_VRS:
        (length,) = struct.unpack("<H", first[6:8])
    return bool(length % 2 == 0 and length <= _LONGEST_FIRST and length + 8 < file.size)


def _ends_header(tag: BaseTag, vr: str | None, length: int) -> bool:
    """Whether a header ends before an element: at the pixels, or at zeros that fill the file up."""
    return (tag in PIXEL_TAGS) if length else (tag == 0 or tag in PIXEL_TAGS)


def _ends_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
    """Whether an element stands behind the pixels, or in their place."""
    return tag > _LAST_PIXEL_TAG or (length == 0 and tag == 0)


def _read_deflated(
    file: _HeaderFile,
    *,
    budget: Budget,
    label: str,
    stop_when: Callable[[BaseTag, str | None, int], bool] = _ends_header,
) -> tuple[FileDataset, io.BytesIO]:
    """Return header and unpacked data set, the latter positioned at the pixel data element."""
    start = file.tell()
    stream = BudgetedBytes(b"", budget)
    inflate(file, packed_bytes=file.size - start, label=label, into=stream)
    with damage_told():
        elements = read_dataset(
            stream,
            is_implicit_VR=False,
            is_little_endian=True,
            stop_when=stop_when,
            defer_size=MAX_ELEMENT_BYTES if stop_when is _ends_header else None,
        )
    file.seek(0)
    # The file up to the deflated part is a DICOM file with an empty data set.
    before = io.BytesIO(file.read(start))
    with damage_told():
        meta = dcmread(before).file_meta
    dataset = FileDataset("", elements, file_meta=meta, is_implicit_VR=False, is_little_endian=True)
    dataset.set_original_encoding(False, True, elements.original_character_set)
    return dataset, stream


def _transfer_syntax(dataset: FileDataset) -> str:
    stated = uid(dataset.file_meta, "TransferSyntaxUID")
    if stated is not None:
        return stated
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian)


def _pixel_offset(file: _HeaderFile, *, is_little: bool) -> int | None:
    """Return the position of the pixel data element that reading stopped at, if any."""
    offset = file.tell()
    tag = file.read(4)
    if len(tag) < 4:
        return None
    group, element = struct.unpack("<HH" if is_little else ">HH", tag)
    return offset if group << 16 | element in PIXEL_TAGS else None


def _drop_oversized(dataset: Dataset) -> None:
    oversized = [
        element.tag
        for element in dataset.values()
        if isinstance(element, RawDataElement) and element.value is None and element.length
    ]
    for tag in oversized:
        del dataset[tag]


def _is_nested_too_deeply(dataset: Dataset, budget: Budget) -> bool:
    for element in list(dataset.values()):
        if isinstance(element, RawDataElement):
            value = element.value or b""
            if not _may_be_sequence(element) or len(value) < _shortest(1):
                continue
            if element.VR == "SQ" and len(value) <= _REMEMBERED_BYTES and b"UN" not in value:
                with damage_told():
                    reads = _reads_of(value, element.is_implicit_VR, element.is_little_endian)
                budget.spend(reads or 0)
                if reads is None:
                    return True
                continue
            with damage_told():
                element = _parsed(dataset, element, budget)
        if element.VR == "SQ" and _reaches_too_deep(element.value or (), budget):
            return True
    return False


@lru_cache(maxsize=256)
def _reads_of(value: bytes, is_implicit_vr: bool, is_little_endian: bool) -> int | None:
    """Return what a sequence costs to parse, in reads; None when it reaches too deep.

    Nearly every sequence of a slice stands, byte for byte, in all others of its series. It is
    parsed again, by pydicom, where somebody asks for it.
    """
    budget = Budget("")  # its own: so short a value stays far below any limit
    stream = BudgetedBytes(value, budget)
    items = read_sequence(stream, is_implicit_vr, is_little_endian, len(value), default_encoding, 0)
    return None if _reaches_too_deep(items, budget) else budget.reads


def _reaches_too_deep(items: Iterable[Dataset], budget: Budget) -> bool:
    """Whether items of a sequence of the top level hold more levels than any real header."""
    pending = [(item, 2) for item in items]
    while pending:
        current, depth = pending.pop()
        if depth > MAX_SEQUENCE_DEPTH:
            return True
        for element in list(current.values()):
            if isinstance(element, RawDataElement):
                if not _may_be_sequence(element) or len(element.value or b"") < _shortest(depth):
                    continue
                with damage_told():
                    element = _parsed(current, element, budget)
            if element.VR == "SQ":
                pending.extend((item, depth + 1) for item in element.value or ())
    return False


def _shortest(depth: int) -> int:
    """Return the length from which a sequence at a depth may hold more levels than allowed."""
    return _NESTED_SEQUENCE_BYTES * (MAX_SEQUENCE_DEPTH - depth)


def _parsed(dataset: Dataset, raw: RawDataElement, budget: Budget) -> DataElement:
    """Return an element that may be a sequence, parsed by pydicom within the budget."""
    if raw.VR == "UN":
        # pydicom decides by itself how these are encoded; scanners have no large ones. It reads
        # them by itself as well: the most that they can hold is items of nothing.
        size = len(raw.value or b"")
        if size > _LARGEST_UNKNOWN_BYTES:
            del dataset[raw.tag]
            return DataElement(raw.tag, "UN", b"")
        if size < _LONGEST_PARSED_UNKNOWN:
            budget.spend(size // 8 * ITEM_READS)
        return dataset[raw.tag]
    value = raw.value or b""
    items = read_sequence(
        BudgetedBytes(value, budget),
        raw.is_implicit_VR,
        raw.is_little_endian,
        len(value),
        dataset.original_character_set or default_encoding,
        raw.value_tell,
    )
    element = DataElement(raw.tag, "SQ", items, raw.value_tell, already_converted=True)
    dataset[raw.tag] = element
    return element


def _may_be_sequence(element: RawDataElement) -> bool:
    if element.VR is not None and element.VR != "UN":
        return bool(element.VR == "SQ")
    try:
        return bool(dictionary_VR(element.tag) == "SQ")
    except KeyError:
        return False


def _is_wake_of_recursion(error: BaseException | None) -> bool:
    """Whether what is told is what was tried after too deep a recursion had been met."""
    while error is not None and not isinstance(error, RecursionError):
        error = error.__cause__ or error.__context__
    return error is not None


def _too_deep(label: str) -> DicomError:
    return DicomError(
        f"The header nests sequences deeper than {MAX_SEQUENCE_DEPTH} levels; no real image does. "
        "The file was left out.",
        label=label,
    )
