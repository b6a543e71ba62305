"""Files on their way: what one states of itself, and what stands before a data set in one."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import PYDICOM_IMPLEMENTATION_UID
from pynetdicom.dsutils import split_dataset

from fusion.dicom import PARSE_ERRORS
from fusion.errors import ArchiveError, disk_reason


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file that is to be sent.

    Parameters
    ----------
    path : Path
        Where it lies.
    kind, uid, syntax : str
        SOP Class, SOP Instance and Transfer Syntax UID.
    start : int
        Where its data set begins.
    """

    path: Path
    kind: str
    uid: str
    syntax: str
    start: int

    @classmethod
    def of(cls, path: Path) -> Outgoing:
        """Read what a file states of itself.

        Raises
        ------
        ArchiveError
            It is gone, or not a DICOM file.
        """
        try:
            meta, start = split_dataset(path)
            kind, uid = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
            return cls(path, str(kind), str(uid), str(meta.TransferSyntaxUID), start)
        except OSError as exc:
            raise not_read(path, disk_reason(exc)) from exc
        except (*PARSE_ERRORS, AttributeError):
            raise not_read(path, "it is no whole DICOM file") from None


def result_bytes(path: Path) -> bytes:
    """Return what is in a file that is to be sent.

    Parameters
    ----------
    path : Path
        It may have been removed since the results were listed.

    Raises
    ------
    ArchiveError
        It is gone or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as exc:
        raise not_read(path, disk_reason(exc)) from exc


def not_read(path: Path, why: str) -> ArchiveError:
    """Say that a file that is to be sent cannot be read.

    Parameters
    ----------
    path : Path
        Of which the name is said.
    why : str
        In a few words.
    """
    return ArchiveError(
        f"The result {path.name} cannot be read to be sent ({why}). What was sent before it is "
        "known; make the results anew and send again."
    )


def file_head(kind: str, uid: str, syntax: str) -> bytearray:
    """Return what stands before a data set in a file (PS3.10 section 7.1).

    Parameters
    ----------
    kind, uid, syntax : str
        SOP Class, SOP Instance and Transfer Syntax UID.
    """
    meta = struct.pack("<HH2sxxLH", 2, 1, b"OB", 2, 0x0100)
    uids = (2, kind), (3, uid), (0x10, syntax), (0x12, PYDICOM_IMPLEMENTATION_UID)
    for element, value in uids:
        content = value.encode("ascii", "replace")
        content += b"\0" * (len(content) % 2)
        meta += struct.pack("<HH2sH", 2, element, b"UI", len(content)) + content
    length = struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(meta))
    return bytearray(b"\0" * 128 + b"DICM" + length + meta)
