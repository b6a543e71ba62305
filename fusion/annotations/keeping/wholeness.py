"""Whether everything that a journal says it holds is there, in its order and as it was saved."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from fusion.annotations.changes.event import chain
from fusion.annotations.keeping.sent_table import wrong_sendings


def what_is_wrong(
    connection: sqlite3.Connection, made: Mapping[str, str], *, noted: bool, sent: bool
) -> str:
    """Return in a few words what is wrong with a journal; nothing where it is whole.

    Pages and indexes are held against each other, each event against the hash of all before it, and
    the number and the last hash of each reading's events against what was noted when they were
    saved. No word of a reading is in the answer.

    Parameters
    ----------
    connection : sqlite3.Connection
        Inside a transaction, so that nobody writes meanwhile.
    made : mapping of str to str
        Names of the tables and triggers that the file has to hold, and how each is made.
    noted : bool
        Whether the file notes how many events there are; those of the first versions do not.
    sent : bool
        Whether it notes what was sent to archives; those of the first versions do not.

    Raises
    ------
    sqlite3.DatabaseError
        SQLite itself found it damaged.
    """
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        return "its tables and their indexes do not agree"
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    different = {name for name, sql in made.items() if found.get(name) != sql}
    if any(not made[name].startswith("CREATE TRIGGER") for name in different):
        return "its tables are not those of a journal"
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        return "an event belongs to no reading"
    wrong = next(_wrong_records(connection, noted=noted), "")
    wrong = wrong or (wrong_sendings(connection) if sent else "")
    return wrong or ("what keeps events from being changed is missing" if different else "")


def _wrong_records(connection: sqlite3.Connection, *, noted: bool) -> Iterator[str]:
    heads: dict[str, tuple[int, str]] = {}
    count = 0
    rows = connection.execute(
        "SELECT number, reading_id, sequence, kind, content, hash FROM events NOT INDEXED "
        "ORDER BY number"
    )
    for count, (number, reading_id, sequence, kind, content, stored) in enumerate(rows, 1):
        if number != count:
            yield f"event {count} of the journal is missing"
        events, previous = heads.get(reading_id, (0, ""))
        this = f"event {events + 1} of a reading is not what was saved"
        if sequence != events + 1 or chain(previous, content) != stored:
            yield this
        if f'"kind":"{kind}"' not in content:
            yield this
        heads[reading_id] = sequence, stored
    readings = connection.execute(
        "SELECT r.reading_id, study_instance_uid, ct_pixels, amends, content FROM readings AS r "
        "LEFT JOIN events AS e ON e.reading_id = r.reading_id AND sequence = 1"
    ).fetchall()
    if any(not _is_of(reading[4], *reading[1:4]) for reading in readings):
        yield "the beginning of a reading is not what was saved"
    if noted:
        said = connection.execute("SELECT reading_id, events, hash FROM heads").fetchall()
        totals = connection.execute("SELECT readings, events FROM totals").fetchall()
        if {row[0]: row[1:] for row in said} != heads or totals != [(len(readings), count)]:
            yield "events that were saved are missing"


def beginning(content: str) -> tuple[str, str, str | None]:
    """Return what is noted of a reading beside its events, from the text of the first of them.

    Returns
    -------
    study_instance_uid, ct_pixels, amends
        As in the table ``readings``.
    """
    change: dict[str, Any] = json.loads(content)["change"]
    study = change["study"]
    return study["study_instance_uid"], study["ct"]["pixels_sha256"], change["amends"] or None


def _is_of(content: str | None, study: str, pixels: str, amends: str | None) -> bool:
    if content is None:
        return False
    try:
        told = beginning(content)
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    # What is amended may not have been whole when this was copied out of a damaged journal.
    return told[:2] == (study, pixels) and amends in (None, told[2])
