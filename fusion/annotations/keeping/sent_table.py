"""The table of what was sent of readings: only added to, each row with a hash of all before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from fusion.annotations.changes.event import chain

#: A reading that is final takes no event any more, and is sent only then: so this stands apart.
SCHEMA = """
CREATE TABLE sendings (
    number INTEGER PRIMARY KEY,
    reading_id TEXT NOT NULL,
    content TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX sendings_of_reading ON sendings (reading_id);
CREATE TABLE sent (sendings INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
INSERT INTO sent VALUES (0, '');
CREATE TRIGGER sendings_are_not_changed BEFORE UPDATE ON sendings
BEGIN SELECT RAISE(ABORT, 'what was sent is never changed'); END;
CREATE TRIGGER sendings_are_not_removed BEFORE DELETE ON sendings
BEGIN SELECT RAISE(ABORT, 'what was sent is never removed'); END;
CREATE TRIGGER sendings_follow_each_other BEFORE INSERT ON sendings
WHEN NEW.number <> 1 + (SELECT sendings FROM sent)
BEGIN SELECT RAISE(ABORT, 'what was sent has no gaps'); END;
CREATE TRIGGER sendings_are_noted AFTER INSERT ON sendings
BEGIN UPDATE sent SET sendings = NEW.number, hash = NEW.hash; END;
"""
_NAMES = ("sendings", "sent", "sendings_are_noted")
_ROWS = "SELECT number, reading_id, content, hash FROM sendings ORDER BY number"

#: Identifier of the reading, text and hash.
Row = tuple[str, str, str]


class Executes(Protocol):
    """A connection to a journal."""

    def execute(self, statement: str, parameters: tuple[Any, ...] = ..., /) -> sqlite3.Cursor:
        """Run one SQL statement."""


def has_sendings(connection: Executes) -> bool:
    """Whether a journal has the table; those of the first versions do not."""
    marks = ", ".join("?" * len(_NAMES))
    (count,) = connection.execute(
        f"SELECT COUNT(*) FROM sqlite_master WHERE name IN ({marks})", _NAMES
    ).fetchone()
    return bool(count)


def add_row(connection: Executes, reading_id: str, content: str) -> None:
    """Add what was sent; inside a transaction."""
    count, last = connection.execute("SELECT sendings, hash FROM sent").fetchone()
    connection.execute(
        "INSERT INTO sendings VALUES (?, ?, ?, ?)",
        (count + 1, reading_id, content, chain(last, content)),
    )


def contents_of(connection: Executes, reading_id: str) -> tuple[str, ...]:
    """Return the texts of what was sent of a reading, in order."""
    rows = connection.execute(
        "SELECT content FROM sendings WHERE reading_id = ? ORDER BY number", (reading_id,)
    )
    return tuple(content for (content,) in rows)


def whole_rows(rows: Iterable[tuple[int, str, str, str]]) -> Iterator[Row]:
    """Yield rows as long as each hash covers all before it."""
    previous = ""
    for count, (number, reading_id, content, stored) in enumerate(rows, 1):
        said = f'"reading_id":"{reading_id}"'
        if number != count or chain(previous, content) != stored or said not in content:
            return
        yield reading_id, content, stored
        previous = stored


def rows_as_stored(connection: Executes) -> Iterator[Row]:
    """Yield what is whole of the table, in its order."""
    yield from whole_rows(connection.execute(_ROWS))


def wrong_sendings(connection: Executes) -> str:
    """Return in a few words what is wrong with the table; nothing where it is whole."""
    whole = tuple(rows_as_stored(connection))
    last = whole[-1][2] if whole else ""
    (count,) = connection.execute("SELECT COUNT(*) FROM sendings").fetchone()
    if connection.execute("SELECT * FROM sent").fetchall() != [(len(whole), last)]:
        return "what is noted of results that were sent is not what was saved"
    return "" if count == len(whole) else "a note of results that were sent is damaged"
