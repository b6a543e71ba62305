"""What a compressed frame says about itself, read before any decoder is allowed to believe it.

A decoder allocates what the codestream states, not what Rows and Columns state: a frame of 8 KB
that claims 65535 × 65535 pixels must be refused first. A frame whose size differs from its header
could not be placed in the patient either.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_JPEG_START = b"\xff\xd8"
_J2K_START = b"\xff\x4f\xff\x51"
_JP2_START = b"\x00\x00\x00\x0cjP"
#: JPEG and JPEG 2000 both end with this marker (EOI, EOC).
_END = b"\xff\xd9"
#: More than this behind the end marker is no tail: the marker belongs to something inside.
_LONGEST_TAIL = 1024
#: Start Of Frame: ISO/IEC 10918-1 table B.1 without DHT (C4), JPG (C8), DAC (CC); JPEG-LS F7.
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
#: Start Of Scan: the image begins behind it.
_SCAN = 0xDA
#: Application segments and comments: nothing that a grey image is decoded with.
_REMARKS = frozenset({*range(0xE0, 0xF0), 0xFE})
_CODESTREAM_BOX = b"jp2c"
#: Smallest tile that an image is cut into, pixels; a decoder keeps some kilobytes for each.
_SMALLEST_TILE = 256


@dataclass(frozen=True, slots=True)
class Codestream:
    """Size of one compressed frame, as the codestream states it.

    Parameters
    ----------
    rows, columns : int
        Size in pixels.
    components : int
        Samples per pixel.
    bits : int
        Precision of one sample.
    """

    rows: int
    columns: int
    components: int
    bits: int


def read_codestream(frame: bytes) -> Codestream | None:
    """Read the size of a JPEG, JPEG-LS or JPEG 2000 frame; None when it states none.

    Parameters
    ----------
    frame : bytes
        The compressed frame.
    """
    try:
        if frame.startswith(_JPEG_START):
            return _jpeg(frame)
        if frame.startswith(_J2K_START):
            return _jpeg2000(frame)
    except (struct.error, IndexError):  # ends inside a marker
        return None
    return None


def bare(frame: bytes) -> bytes:
    """Return a compressed frame without what surrounds the image in it.

    Comments and application segments of JPEG and JPEG-LS say nothing about a grey image, and a
    version of JFIF that GDCM does not expect ends the whole process. Of a JP2 file, which DICOM
    does not allow and some writers store, the codestream that its boxes lead to remains.

    Parameters
    ----------
    frame : bytes
        The compressed frame.

    Returns
    -------
    bytes
        Empty where the frame is damaged before its image begins.
    """
    try:
        if frame.startswith(_JPEG_START):
            return _without_remarks(frame)
        if frame.startswith(_JP2_START):
            return _boxed(frame)
    except (struct.error, IndexError):  # ends inside a marker or box
        return b""
    return frame


def _without_remarks(frame: bytes) -> bytes:
    kept, position, sizes = [_JPEG_START], 2, 0
    while frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        end = position + 2
        if marker not in _WITHOUT_LENGTH:
            (length,) = struct.unpack_from(">H", frame, position + 2)
            if length < 2 or position + 2 + length > len(frame):
                return b""
            end += length
        if marker == _SCAN:
            # Two statements of the size could be meant for two readers.
            return b"".join((*kept, frame[position:])) if sizes == 1 else b""
        sizes += marker in _START_OF_FRAME
        if marker not in _REMARKS:
            kept.append(frame[position:end])
        position = end
    return b""


def _boxed(frame: bytes) -> bytes:
    """Return the codestream of a JP2 file (ISO/IEC 15444-1 annex I.4), not what looks like one."""
    position = 0
    while True:
        length, kind = struct.unpack_from(">L4s", frame, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", frame, start)
            start += 8
        end = position + length if length else len(frame)
        if end > len(frame) or end < start:
            return b""
        if kind == _CODESTREAM_BOX:
            return frame[start:end]
        position = end


def without_tail(frame: bytes) -> bytes:
    """Return a frame without what a writer put behind its end marker; unchanged without a marker.

    The marker cannot stand inside the image: both codings keep it out of what they code.
    """
    end = frame.rfind(_END)
    return frame if end < 0 or len(frame) - end > _LONGEST_TAIL else frame[: end + len(_END)]


def is_complete(frame: bytes) -> bool:
    """Whether a JPEG, JPEG-LS or JPEG 2000 frame reaches its end marker (padding aside)."""
    return frame.rstrip(b"\0\xff").endswith(_END)  # writers pad with either


def rle_segments(frame: bytes) -> int | None:
    """Return the number of segments of an RLE frame; None when its header is not consistent.

    Notes
    -----
    PS3.5 annex G.5: sixteen little-endian 32-bit words, the count and then the offsets.
    """
    if len(frame) < 64:
        return None
    count, *offsets = struct.unpack_from("<16L", frame)
    used = offsets[: min(count, 15)]
    if not 1 <= count <= 15 or used[0] != 64 or used != sorted(used) or used[-1] >= len(frame):
        return None
    return int(count)


def _jpeg(frame: bytes) -> Codestream | None:
    position = 2
    while True:
        if frame[position] != 0xFF:
            return None
        marker = frame[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        elif marker in _START_OF_FRAME:
            bits, rows, columns, components = struct.unpack_from(">BHHB", frame, position + 4)
            return Codestream(rows, columns, components, bits)
        else:
            (length,) = struct.unpack_from(">H", frame, position + 2)
            position += 2 + length


def _jpeg2000(frame: bytes) -> Codestream | None:
    # ISO/IEC 15444-1 A.5.1: SOC, then SIZ with the reference grid and the image offset in it.
    right, bottom, left, top = struct.unpack_from(">4L", frame, 8)
    width, height = struct.unpack_from(">2L", frame, 24)
    (components,) = struct.unpack_from(">H", frame, 40)
    depth, across, down = struct.unpack_from(">3B", frame, 42)
    if not width or not height or (across, down) != (1, 1):
        return None
    tiles = -(-right // width) * -(-bottom // height)
    if tiles > 1 and tiles * _SMALLEST_TILE > max(right * bottom, 1):
        return None
    return Codestream(bottom - top, right - left, components, (depth & 0x7F) + 1)
