"""The write-ahead log beside a journal: whether something that was saved is lost in it.

SQLite stops at the first frame of the log whose checksum is wrong, and takes what is behind it for
a change that was never finished. That is right for the last change, which a power cut tore; it is
wrong where a byte in the middle went bad: saved changes would be gone without a word. A change is
written only after the one before it is on disk, so whole changes behind a bad frame tell the two
apart. (Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log)
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADER = 32
_FRAME_HEADER = 24
_LITTLE, _BIG = 0x377F0682, 0x377F0683
_PAGE_SIZES = tuple(1 << n for n in range(9, 17))
_USUAL_PAGE = 4096


@dataclass(frozen=True, slots=True)
class LoggedPage:
    """One page as a change left it.

    Parameters
    ----------
    page : int
        1 for the first of the file.
    ends : int
        Pages of the file after the change that this frame ends; 0 where it ends none.
    content : bytes
        The page.
    intact : bool
        Whether its checksum, which covers all frames before it too, is right.
    """

    page: int
    ends: int
    content: bytes
    intact: bool


def log_of(path: Path) -> Path:
    """Return the write-ahead log of a journal."""
    return path.with_name(f"{path.name}-wal")


def something_lost(log: bytes, *, page_size: int = _USUAL_PAGE) -> bool:
    """Return whether whole changes stand behind a bad frame, which SQLite would drop.

    Parameters
    ----------
    log : bytes
        The write-ahead log.
    page_size : int
        Of the file; used where the header of the log does not say it.
    """
    behind = [frame for frame in frames(log, page_size=page_size) if not frame.intact]
    ended = False
    for frame in behind:
        if ended:
            return True
        ended = bool(frame.ends)
    return False


def frames(log: bytes, *, page_size: int = _USUAL_PAGE) -> Iterator[LoggedPage]:
    """Yield the frames since the log was begun anew, intact or not.

    Frames of the round before, which stand behind them with other salts, are left out.
    """
    if len(log) < _HEADER + _FRAME_HEADER:
        return
    magic, _, said, _, salts, *sums = struct.unpack(">IIII8sII", log[:_HEADER])
    little = magic != _BIG
    running = _checksum(log[:24], (0, 0), little=little)
    intact = magic in (_LITTLE, _BIG) and running == tuple(sums) and said in _PAGE_SIZES
    size = said if intact else page_size
    if not intact:  # its salts are not to be relied on either
        salts = log[_HEADER + 8 : _HEADER + 16]
    start, searched = _HEADER, _HEADER
    while start >= 0:
        head = log[start : start + _FRAME_HEADER]
        content = log[start + _FRAME_HEADER : start + _FRAME_HEADER + size]
        if len(content) == size and head[8:16] == salts:
            page, ends, _, *sums = struct.unpack(">II8sII", head)
            if intact:
                running = _checksum(head[:8], running, little=little)
                running = _checksum(content, running, little=little)
                intact = running == tuple(sums)
            yield LoggedPage(page, ends, content, intact)
            searched = start + 16
            start += _FRAME_HEADER + size
        else:  # what follows may stand elsewhere than it did
            intact = False
            found = log.find(salts, searched)
            searched = found + 8
            start = found - 8 if found >= 0 else -1


def _checksum(data: bytes, start: tuple[int, int], *, little: bool) -> tuple[int, int]:
    words = array("I", data)
    if little != (sys.byteorder == "little"):
        words.byteswap()
    first, second = start
    pairs = iter(words)
    for one, other in zip(pairs, pairs, strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
