"""Which study a file that arrived is of, and which object: read from itself, trusting the rest not.

Other identifiers of studies stand before its own, in sequences that point to what it was made
from. Sequences are stepped over, not taken apart: a few bytes of them can fill the memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

_SYNTAX, _SOP_INSTANCE, _STUDY = 0x00020010, 0x00080018, 0x0020000D
_PREAMBLE_BYTES = 132
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_NOT_SAID = 0xFFFFFFFF
#: Sequences in sequences; no object has so many, and nothing is to grow with what a stranger sends.
_DEEPEST = 32
#: Representations whose length has four bytes after two that are nothing (PS3.5 section 7.1.2).
_LONG = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What an object states of itself; empty where it does not, or cannot be read.

    Parameters
    ----------
    study : str
        Study Instance UID.
    sop_instance : str
        SOP Instance UID.
    """

    study: str
    sop_instance: str


def identifiers(content: bytes) -> Identifiers:
    """Read the identifiers of an object; of one that is deflated, none.

    Parameters
    ----------
    content : bytes
        A file.
    """
    found: dict[int, str] = {}
    try:
        start = _PREAMBLE_BYTES
        while content[start : start + 2] == b"\x02\x00":
            tag, _, at, length = _header(content, start, "<", explicit=True)
            found[tag] = _text(content, at, length)
            start = at + length
        syntax = found.get(_SYNTAX, "")
        if syntax and syntax != DeflatedExplicitVRLittleEndian:
            order = ">" if syntax == ExplicitVRBigEndian else "<"
            _walk(content, start, order, syntax != ImplicitVRLittleEndian, found)
    except (struct.error, ValueError):
        pass  # it ends in the middle, or says something that no object says
    return Identifiers(found.get(_STUDY, ""), found.get(_SOP_INSTANCE, ""))


def _walk(content: bytes, at: int, order: str, explicit: bool, found: dict[int, str]) -> None:
    """Note the identifiers outside of all sequences."""
    inside: list[bool] = []  # for each open sequence or item, how what is around it is written
    while at < len(content):
        tag, kind, at, length = _header(content, at, order, explicit=explicit)
        if tag in (_ITEM_END, _SEQUENCE_END):
            explicit = inside.pop() if inside else explicit
        elif length == _NOT_SAID:
            if len(inside) == _DEEPEST:
                raise ValueError("too deep")
            inside.append(explicit)
            # What is unknown and without length is written implicitly (PS3.5 section 6.2.2).
            explicit = explicit and kind != b"UN"
        else:
            if not inside and tag in (_SOP_INSTANCE, _STUDY):
                found[tag] = _text(content, at, length)
            if not inside and tag >= _STUDY:
                return
            at += length


def _header(content: bytes, at: int, order: str, *, explicit: bool) -> tuple[int, bytes, int, int]:
    """Return tag and representation of an element, where its value begins, and how long it is."""
    group, element = struct.unpack_from(f"{order}HH", content, at)
    tag = group << 16 | element
    kind = bytes(content[at + 4 : at + 6])
    if group == _ITEM >> 16 or not explicit:
        return tag, b"", at + 8, struct.unpack_from(f"{order}L", content, at + 4)[0]
    if kind in _LONG:
        return tag, kind, at + 12, struct.unpack_from(f"{order}L", content, at + 8)[0]
    return tag, kind, at + 8, struct.unpack_from(f"{order}H", content, at + 6)[0]


def _text(content: bytes, at: int, length: int) -> str:
    if length > 64:
        return ""
    return content[at : at + length].decode("ascii", "replace").rstrip("\0 ")
