"""What is whole of a damaged journal, in a new one; the damaged file is only read."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fusion.annotations.changes.event import chain
from fusion.annotations.keeping.log import frames, log_of
from fusion.annotations.keeping.sent_table import Row, rows_as_stored
from fusion.errors import AnnotationError, disk_reason
from fusion.temporary import PrivateFolder

#: Text and hash of one event.
Record = tuple[str, str]

# Three ways to the same rows: a page that is damaged stops each of them somewhere else.
_WAYS = (
    "SELECT reading_id, sequence, content, hash FROM events NOT INDEXED ORDER BY number",
    "SELECT reading_id, sequence, content, hash FROM events NOT INDEXED ORDER BY number DESC",
    "SELECT reading_id, sequence, content, hash FROM events ORDER BY reading_id, sequence",
)


@dataclass(frozen=True, slots=True)
class Rescued:
    """What of a journal is as it was saved.

    Parameters
    ----------
    readings : dict of str to tuple of (str, str)
        By identifier, text and hash of each event from the first to the last that is whole.
    seen : int
        Events that are there, whole or not.
    behind : int
        Events that only the write-ahead log holds, behind a place at which SQLite stops.
    sendings : tuple of (str, str, str)
        What was sent of readings: identifier, text and hash, as far as it is whole.
    """

    readings: dict[str, tuple[Record, ...]]
    seen: int
    behind: int
    sendings: tuple[Row, ...] = ()

    @property
    def events(self) -> int:
        """How many are whole."""
        return sum(map(len, self.readings.values()))


def rescued(path: Path) -> Rescued:
    """Read what is whole of a journal, which is left as it is.

    Parameters
    ----------
    path : Path
        The journal; its write-ahead log is read too.

    Raises
    ------
    AnnotationError
        The file cannot be read at all.
    """
    pool: dict[tuple[str, int], set[Record]] = {}
    seen = 0
    sendings: tuple[Row, ...] = ()
    try:
        folder = PrivateFolder()
        for number, copy in enumerate(_copies(path, folder.path)):
            for reading_id, sequence, *record in _rows(copy):
                pool.setdefault((reading_id, sequence), set()).add((record[0], record[1]))
            seen = seen if number else len(pool)
            sendings = max(sendings, _sendings(copy), key=len)
    except OSError as exc:
        raise AnnotationError(f"{path} cannot be read ({disk_reason(exc)}).") from None
    whole = {reading_id: _history(pool, reading_id) for reading_id, _ in pool}
    known = {name: events for name, events in whole.items() if events}
    return Rescued(known, len(pool), len(pool) - seen, sendings)


def _copies(path: Path, folder: Path) -> Iterator[Path]:
    """Yield the journal as SQLite sees it, and with all that its log holds laid over it."""
    seen = folder / "seen.sqlite"
    shutil.copyfile(path, seen)
    log = log_of(path)
    if not log.exists():
        yield seen
        return
    shutil.copyfile(log, log_of(seen))
    yield seen
    laid = folder / "laid.sqlite"
    content = bytearray(path.read_bytes())
    waiting: list[tuple[int, bytes]] = []
    changes = log.read_bytes()
    most = len(content) + len(changes)  # what a damaged page number may not go beyond
    for frame in frames(changes):
        waiting.append((frame.page, frame.content))
        if not frame.ends:
            continue
        for page, of_page in waiting:
            start = (page - 1) * len(of_page)
            if 0 < page <= frame.ends and start < most:
                content.extend(bytes(max(0, start + len(of_page) - len(content))))
                content[start : start + len(of_page)] = of_page
        waiting.clear()
    content[18:20] = b"\x01\x01"  # there is no log any more
    laid.write_bytes(content)
    yield laid


def _rows(path: Path) -> Iterator[tuple[str, int, str, str]]:
    for way in _WAYS:
        with (
            contextlib.suppress(sqlite3.Error, UnicodeDecodeError),
            contextlib.closing(sqlite3.connect(path)) as file,
        ):
            file.text_factory = lambda text: text.decode("utf-8", "replace")
            # Reads on where the text of a table or trigger is damaged.
            file.execute("PRAGMA writable_schema = ON")
            for row in file.execute(way):
                if [*map(type, row)] == [str, int, str, str]:
                    yield row


def _sendings(path: Path) -> tuple[Row, ...]:
    found: list[Row] = []
    with (
        contextlib.suppress(sqlite3.Error, UnicodeDecodeError),
        contextlib.closing(sqlite3.connect(path)) as file,
    ):
        file.text_factory = lambda text: text.decode("utf-8", "replace")
        file.execute("PRAGMA writable_schema = ON")
        found += rows_as_stored(file)
    return tuple(found)


def _history(pool: dict[tuple[str, int], set[Record]], reading_id: str) -> tuple[Record, ...]:
    """Return the events of a reading from the first, as far as each hash covers all before it."""
    history: list[Record] = []
    previous = ""
    while True:
        here = pool.get((reading_id, len(history) + 1), set())
        found = next((r for r in here if chain(previous, r[0]) == r[1]), None)
        if found is None:
            return tuple(history)
        history.append(found)
        previous = found[1]
