"""How the stored pixels of one object are laid out, checked before a byte of them is read."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from fusion.dicom.files.header import (
    NM_CLASSES,
    PIXEL_TAGS,
    inflated_from_pixels,
    quiet_pydicom,
    sop_class_uid,
)
from fusion.dicom.files.instance import PARSE_ERRORS, Instance, integer, text
from fusion.errors import DicomError

#: Largest decoded size of one object: 4096 slices of 512 × 512 × 16 bit.
MAX_DECODED_BYTES = 2 * 2**30
#: Pieces that compressed pixels may be cut into: so many, and so many more for each frame. Writers
#: make one a frame, some one for every few KiB; each piece costs time, and an empty one 8 bytes.
FRAGMENTS, FRAGMENTS_PER_FRAME = 4096, 64

NATIVE = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
#: Libraries that decode each compressed transfer syntax, in the order to try (their names in
#: pydicom). None of them is pylibjpeg-libjpeg (GPL). GDCM comes last wherever another exists. RLE
#: is left to pydicom, which is Python: pylibjpeg-rle 2.2 panics on damaged frames with an exception
#: that no `except Exception` catches, and is not much faster.
DECODERS: dict[str, tuple[str, ...]] = {
    JPEGBaseline8Bit: ("pillow", "gdcm"),
    JPEGExtended12Bit: ("pillow", "gdcm"),
    JPEGLossless: ("gdcm",),
    JPEGLosslessSV1: ("gdcm",),
    JPEGLSLossless: ("pyjpegls", "gdcm"),
    JPEGLSNearLossless: ("pyjpegls", "gdcm"),
    JPEG2000Lossless: ("pylibjpeg", "gdcm"),
    JPEG2000: ("pylibjpeg", "gdcm"),
    HTJ2KLossless: ("pylibjpeg",),
    HTJ2KLosslessRPCL: ("pylibjpeg",),
    HTJ2K: ("pylibjpeg",),
    RLELossless: ("pydicom",),
}

_PIXEL_DATA = 0x7FE00010
_ITEM = 0xFFFEE000
_SEQUENCE_END = 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """Image Pixel attributes of one object, consistent among themselves.

    Parameters
    ----------
    frames, rows, columns : int
        Size.
    bits_allocated : {8, 16, 32}
        Of one stored value.
    bits_stored, high_bit : int
        Which of them hold the pixel; the others may hold anything (PS3.5 section 8.1.1).
    is_signed : bool
        Pixel Representation.
    photometric_interpretation : str
        MONOCHROME1 or MONOCHROME2.
    """

    frames: int
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    photometric_interpretation: str

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a stored value, in the byte order of this machine."""
        return np.dtype(f"{'i' if self.is_signed else 'u'}{self.bits_allocated // 8}")

    @property
    def frame_bytes(self) -> int:
        """Size of one decoded frame."""
        return self.rows * self.columns * self.bits_allocated // 8

    @property
    def total_bytes(self) -> int:
        """Size of all decoded frames."""
        return self.frames * self.frame_bytes


def _holds_fractions(instance: Instance) -> bool:
    """Whether the pixels are Float or Double Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25)."""
    if instance.pixel_tag_offset is None:
        return False
    with instance.open() as file:
        file.seek(instance.pixel_tag_offset)
        return file.read(4) in (b"\xe0\x7f\x08\x00", b"\xe0\x7f\x09\x00")


def layout_of(instance: Instance) -> PixelLayout:
    """Return the pixel layout that a header states.

    Raises
    ------
    DicomError
        Missing, contradictory, in colour, or larger than :data:`MAX_DECODED_BYTES`.
    """
    label, dataset = instance.label, instance.dataset
    try:
        with quiet_pydicom():
            values = {
                keyword: integer(dataset, keyword)
                for keyword in (
                    "Rows",
                    "Columns",
                    "BitsAllocated",
                    "BitsStored",
                    "HighBit",
                    "PixelRepresentation",
                    "SamplesPerPixel",
                    "NumberOfFrames",
                )
            }
            photometric = text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2"
    except DicomError as exc:
        raise DicomError(exc.reason, label=label) from exc
    except PARSE_ERRORS as exc:
        raise DicomError("The description of its pixels cannot be read.", label=label) from exc
    frames = 1 if values["NumberOfFrames"] is None else values["NumberOfFrames"]
    required = ("Rows", "Columns", "BitsAllocated", "PixelRepresentation")
    missing = [keyword for keyword in required if values[keyword] is None]
    if missing and _holds_fractions(instance):
        raise DicomError(
            "Its pixels are numbers with fractions (Float Pixel Data), which are not read. Export "
            "the series again with whole numbers (16 bits).",
            label=label,
        )
    if missing:
        raise DicomError(
            f"{' and '.join(missing)} missing: the header is incomplete, the file may have been "
            "cut short.",
            label=label,
        )
    rows, columns = values["Rows"] or 0, values["Columns"] or 0
    allocated, representation = values["BitsAllocated"] or 0, values["PixelRepresentation"]
    stored = allocated if values["BitsStored"] is None else values["BitsStored"]
    high = stored - 1 if values["HighBit"] is None else values["HighBit"]
    if photometric == "PALETTE COLOR" and sop_class_uid(dataset) in NM_CLASSES:
        photometric = "MONOCHROME2"  # the stored values are the counts, the palette shows them
    if (values["SamplesPerPixel"] or 1) != 1 or not photometric.startswith("MONOCHROME"):
        raise DicomError("This is a colour picture; expected grey values.", label=label)
    if min(rows, columns, frames) < 1 or allocated not in (8, 16, 32):
        raise DicomError(
            f"{frames} frame(s) of {rows} × {columns} pixels with {allocated} bits allocated "
            "cannot be read; expected positive sizes and 8, 16 or 32 bits.",
            label=label,
        )
    if representation not in (0, 1) or not stored - 1 <= high < allocated or stored < 1:
        raise DicomError(
            f"Bits Stored {stored}, High Bit {high}, Bits Allocated {allocated} and Pixel "
            f"Representation {representation} contradict one another.",
            label=label,
        )
    layout = PixelLayout(
        frames, rows, columns, allocated, stored, high, representation == 1, photometric
    )
    if layout.total_bytes > MAX_DECODED_BYTES:
        raise DicomError(
            f"{frames} frame(s) of {rows} × {columns} pixels would need "
            f"{layout.total_bytes / 2**30:.0f} GiB; the limit for one file is "
            f"{MAX_DECODED_BYTES // 2**30} GiB. The header is probably damaged.",
            label=label,
        )
    return layout


@contextmanager
def open_pixels(instance: Instance, layout: PixelLayout) -> Iterator[tuple[BinaryIO, str, int]]:
    """Open an object at the first byte of its pixel value, after checking tag, VR and length.

    Native pixels are all there, and what follows them is less than a frame; compressed ones have
    at least one fragment a frame, and every fragment lies within the file.

    Parameters
    ----------
    instance : Instance
        The object.
    layout : PixelLayout
        Of the same object.

    Yields
    ------
    file : binary file
        At the first byte of the value.
    vr : str
        Value representation; empty when implicit.
    length : int
        Of the value, as stated.

    Raises
    ------
    DicomError
        No pixels, cut short, another length than stated, or an encoding that is not supported.
    """
    label = instance.label
    if instance.transfer_syntax_uid not in (*NATIVE, *DECODERS):
        name = UID(instance.transfer_syntax_uid).name
        raise DicomError(
            f"Its encoding ({name}) is not supported. Export the series again uncompressed "
            "(Explicit VR Little Endian).",
            label=label,
        )
    is_deflated = instance.transfer_syntax_uid == DeflatedExplicitVRLittleEndian
    if instance.pixel_tag_offset is None and not is_deflated:
        raise _cut_short(label, "it holds no pixels")
    with instance.open() as on_disk:
        file: BinaryIO = on_disk
        if is_deflated:
            # It opens the file again, and looks itself whether it is still the same.
            file = inflated_from_pixels(instance)
        else:
            on_disk.seek(instance.pixel_tag_offset or 0)
        vr, length = _element_header(file, instance)
        value = file.tell()
        left = file.seek(0, io.SEEK_END) - value
        file.seek(value)
        if instance.transfer_syntax_uid in NATIVE:
            _check_native(vr, length, left, layout, label=label)
        else:
            if length != _UNDEFINED:
                raise DicomError("Its compressed pixels are not encapsulated.", label=label)
            _check_fragments(file, left, layout, label=label)
            file.seek(value)
        yield file, vr, length


def _element_header(file: BinaryIO, instance: Instance) -> tuple[str, int]:
    """Return VR (empty for implicit) and length; the file is left at the value."""
    order = ">" if instance.transfer_syntax_uid == ExplicitVRBigEndian else "<"
    try:
        group, element = struct.unpack(f"{order}HH", file.read(4))
        if instance.transfer_syntax_uid == ImplicitVRLittleEndian:
            vr, (length,) = "", struct.unpack("<L", file.read(4))
        else:
            raw, length = struct.unpack(f"{order}2s2xL", file.read(8))
            vr = raw.decode("latin-1")
    except struct.error as exc:
        raise _cut_short(instance.label, "it ends before its pixels") from exc
    tag = group << 16 | element
    if tag not in PIXEL_TAGS:
        raise _cut_short(instance.label, "its pixels are not where they began")
    if tag != _PIXEL_DATA:
        raise DicomError(
            "It stores floating-point pixels, which no CT or SPECT scanner writes; not supported.",
            label=instance.label,
        )
    return vr, int(length)


def is_longer(length: int, layout: PixelLayout) -> bool:
    """Whether pixel data hold more than the pixels and the byte that makes their length even."""
    return length != _UNDEFINED and length > layout.total_bytes + layout.total_bytes % 2


def _check_native(vr: str, length: int, left: int, layout: PixelLayout, *, label: str) -> None:
    # OB and UN are written for 16 bits too; the bytes are the same (PS3.5 annex A and 6.2.2).
    if vr not in ("", "OB", "OW", "UN", "OX"):
        raise DicomError(
            f"Its pixels have the value representation {vr!r}; expected OW or OB. Export the "
            "series again uncompressed (Explicit VR Little Endian).",
            label=label,
        )
    expected = layout.total_bytes + layout.total_bytes % 2
    stated = (
        f"{layout.frames} frame(s) of {layout.rows} × {layout.columns} pixels of "
        f"{layout.bits_allocated} bits"
    )
    # Writers pad to a block, or leave out the byte that makes the length even (PS3.5 8.1.1); what
    # is longer by a frame or more says that the header counts other frames.
    if not layout.total_bytes <= length < expected + layout.frame_bytes:
        raise DicomError(
            f"The header states {stated}, {expected} bytes; the pixel data are {length} bytes "
            "long. The file is damaged.",
            label=label,
        )
    if left < layout.total_bytes:
        raise _cut_short(
            label, f"{layout.total_bytes - left} of {expected} bytes of its pixels are missing"
        )


def _check_fragments(file: BinaryIO, left: int, layout: PixelLayout, *, label: str) -> None:
    fragments = -1  # the first item is the offset table
    while left >= 8:
        group, element, length = struct.unpack("<HHL", file.read(8))
        left -= 8
        tag = group << 16 | element
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM:
            raise DicomError("Its compressed pixels are not a list of fragments.", label=label)
        if length > left:
            raise _cut_short(label, f"{length - left} bytes of its compressed pixels are missing")
        file.seek(length, io.SEEK_CUR)
        left -= length
        fragments += 1
        if fragments > FRAGMENTS + FRAGMENTS_PER_FRAME * layout.frames:
            raise DicomError(
                f"Its compressed pixels are cut into more than {fragments - 1} pieces for "
                f"{layout.frames} frame(s). The file is damaged or made to do harm; copy or export "
                "it again.",
                label=label,
            )
    if fragments < layout.frames:
        raise _cut_short(label, f"it states {layout.frames} frame(s) and holds {max(fragments, 0)}")


def _cut_short(label: str, what: str) -> DicomError:
    return DicomError(f"The image is incomplete: {what}. Copy or export it again.", label=label)
