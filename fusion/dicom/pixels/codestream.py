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
#: Start Of Frame: ISO/IEC 10918-1 table B.1 without DHT (C4), JPG (C8), DAC (CC); JPEG-LS F7.
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


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
            return _jpeg2000(frame, 0)
        if frame.startswith(_JP2_START):
            start = frame.find(_J2K_START)
            return None if start < 0 else _jpeg2000(frame, start)
    except (struct.error, IndexError):  # ends inside a marker
        return None
    return None


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


def _jpeg2000(frame: bytes, start: int) -> Codestream:
    # ISO/IEC 15444-1 A.5.1: SOC, then SIZ with the reference grid and the image offset in it.
    right, bottom, left, top = struct.unpack_from(">4L", frame, start + 8)
    (components,) = struct.unpack_from(">H", frame, start + 40)
    (depth,) = struct.unpack_from(">B", frame, start + 42)
    return Codestream(bottom - top, right - left, components, (depth & 0x7F) + 1)
