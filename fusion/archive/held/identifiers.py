"""Which study a file that arrived is of, and which object: read from itself, trusting the rest not.

Other identifiers of studies stand before its own, in sequences that point to what it was made
from. Sequences are stepped over, not taken apart: a few bytes of them can fill the memory.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Collection
from dataclasses import dataclass

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

_SYNTAX, _SOP_INSTANCE, _STUDY = 0x00020010, 0x00080018, 0x0020000D
_PIXELS = 0x7FE00000
_PREAMBLE_BYTES = 132
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_NOT_SAID = 0xFFFFFFFF
#: It ends in the middle, or says something that no object says.
_ENDS_IN_THE_MIDDLE = (struct.error, ValueError)
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
    found: dict[int, bytes] = {}
    with contextlib.suppress(*_ENDS_IN_THE_MIDDLE):
        _walk(content, (_SOP_INSTANCE, _STUDY), found, last=_STUDY)
    return Identifiers(_text(found.get(_STUDY)), _text(found.get(_SOP_INSTANCE)))


def values(content: bytes, tags: Collection[int]) -> dict[int, bytes] | None:
    """Read values outside of all sequences as they are written; those that are absent are left out.

    Parameters
    ----------
    content : bytes
        A file, or enough of its beginning.
    tags : collection of int
        Of which elements.

    Returns
    -------
    dict of int to bytes, or None
        None where what stands before the pixels cannot be read to its end.
    """
    found: dict[int, bytes] = {}
    try:
        return found if _walk(content, tags, found, last=_PIXELS - 1) else None
    except _ENDS_IN_THE_MIDDLE:
        return None


def _walk(content: bytes, tags: Collection[int], found: dict[int, bytes], *, last: int) -> bool:
    """Note what is written outside of all sequences; says whether there was something to read."""
    start, syntax = _PREAMBLE_BYTES, ""
    while content[start : start + 2] == b"\x02\x00":
        tag, _, at, length = _header(content, start, "<", explicit=True)
        syntax = _text(content[at : at + length]) if tag == _SYNTAX else syntax
        start = at + length
    if not syntax or syntax == DeflatedExplicitVRLittleEndian:
        return False
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    at, explicit = start, syntax != ImplicitVRLittleEndian
    inside: list[bool] = []  # for each open sequence or item, how what is around it is written
    while at < len(content):
        tag, kind, at, length = _header(content, at, order, explicit=explicit)
        if not inside and last < tag < _ITEM:
            return True
        if tag in (_ITEM_END, _SEQUENCE_END):
            explicit = inside.pop() if inside else explicit
        elif length == _NOT_SAID:
            if len(inside) == _DEEPEST:
                raise ValueError("too deep")
            inside.append(explicit)
            # What is unknown and without length is written implicitly (PS3.5 section 6.2.2).
            explicit = explicit and kind != b"UN"
        else:
            if at + length > len(content):
                raise ValueError("it ends in the middle")
            if not inside and tag in tags:
                found[tag] = bytes(content[at : at + length])
            at += length
    return not inside


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


def _text(stated: bytes | None) -> str:
    if stated is None or len(stated) > 64:
        return ""
    return stated.decode("ascii", "replace").rstrip("\0 ")
