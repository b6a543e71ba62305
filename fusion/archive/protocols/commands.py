"""Commands as they go over the wire (PS3.7 section 6.3.1 and annex E)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import IntEnum

C_STORE, C_GET, C_FIND, C_MOVE, N_ACTION = 0x0001, 0x0010, 0x0020, 0x0021, 0x0130
#: Of an answer, on top of what it answers.
ANSWERED = 0x8000
OK, PENDING = 0x0000, (0xFF00, 0xFF01)
NOT_WANTED = 0xA900  # of what C-STORE has, "does not match" is the closest
NO_DATA_SET, WITH_DATA_SET = 0x0101, 0x0001
MEDIUM = 0x0000


class Element(IntEnum):
    """Elements of group 0000, by the names of the standard."""

    AFFECTED_CLASS = 0x0002
    REQUESTED_CLASS = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    ANSWERED_MESSAGE_ID = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    AFFECTED_INSTANCE = 0x1000
    REQUESTED_INSTANCE = 0x1001
    ACTION_TYPE = 0x1008


def encoded(stated: Mapping[int, str | int]) -> bytes:
    """Return a command as it goes over the wire: implicit, little endian."""
    body = bytearray()
    for element, value in sorted(stated.items()):
        content = value.to_bytes(2, "little") if isinstance(value, int) else value.encode()
        if len(content) % 2:
            content += b" " if element == Element.MOVE_DESTINATION else b"\0"
        body += struct.pack("<HHL", 0, element, len(content)) + content
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + bytes(body)


def decoded(command: bytes | bytearray) -> dict[int, bytes]:
    """Return the elements of a command.

    Raises
    ------
    OSError
        It is none.
    """
    found, at = {}, 0
    while at < len(command):
        if at + 8 > len(command):
            raise OSError("a command that ends in the middle")
        group, element, length = struct.unpack_from("<HHL", command, at)
        if group or at + 8 + length > len(command):
            raise OSError("a command that ends in the middle")
        found[element] = bytes(command[at + 8 : at + 8 + length])
        at += 8 + length
    return found
