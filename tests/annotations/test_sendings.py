"""What was sent of a reading is kept beside it: every try, never changed, also of final ones."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fusion.annotations.journal import Journal
from fusion.annotations.keeping import sent_table
from fusion.annotations.keeping.sendings import Sending
from fusion.annotations.keeping.whole_copy import copied_whole
from fusion.errors import AnnotationError

from .samples import READER, study


def sending(reading: Any, **changes: Any) -> Sending:
    values: dict[str, Any] = {
        "reading_id": reading.reading_id,
        "reading_digest": reading.digest,
        "draft": False,
        "archive": "pacs",
        "sender": READER,
        "time": datetime(2026, 11, 30, 9, 0, tzinfo=UTC),
        "software_version": "0.1.0",
        "outcome": "ended",
        "sent_now": 2,
        "objects": {"1.2.3": "answered for", "1.2.4": "there"},
    }
    return Sending(**{**values, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def kept(path: Path, count: int = 3) -> tuple[Any, tuple[Sending, ...]]:
    with Journal(path) as journal:
        reading = journal.begin(study(), reader=READER).reading
        notes = tuple(sending(reading, sent_now=n) for n in range(count))
        for note in notes:
            journal.note_sending(note)
    return reading, notes


def test_every_try_comes_back_and_the_reading_is_as_it_was(path: Path) -> None:
    reading, notes = kept(path)
    with Journal(path) as journal:
        assert journal.sendings(reading.reading_id) == notes
        assert journal.sendings("another") == ()
        assert journal.load(reading.reading_id) == reading
        with pytest.raises(AnnotationError):
            journal.note_sending(sending(reading, reading_id="another"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            "2026-11-30 09:00 UTC, Dr. Åsa Öberg: the final reading to archive pacs, 2 sent now: "
            "1 in the archive, which answers for keeping them; 1 in the archive's list",
        ),
        (
            {"outcome": "begun", "draft": True},
            "2026-11-30 09:00 UTC, Dr. Åsa Öberg: a draft to archive pacs, 2 objects: begun",
        ),
        (
            {"outcome": "failed", "reason": "It is off.", "objects": {"1.2": "waiting"}},
            "2026-11-30 09:00 UTC, Dr. Åsa Öberg: the final reading to archive pacs, 2 sent now: "
            "failed; 1 not in the archive's list. It is off.",
        ),
    ],
)
def test_in_words(changes: dict[str, Any], words: str, path: Path) -> None:
    reading, _ = kept(path, 0)
    assert sending(reading, **changes).words == words


def test_whole_is_only_what_ended_with_everything_there(path: Path) -> None:
    reading, _ = kept(path, 0)
    assert sending(reading).is_whole
    assert not sending(reading, outcome="stopped").is_whole
    assert not sending(reading, objects={"1.2": "there", "1.3": "refused"}).is_whole


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sendings SET content = '{}'",
        "DELETE FROM sendings",
        "INSERT INTO sendings SELECT 9, reading_id, content, hash FROM sendings LIMIT 1",
        "INSERT OR REPLACE INTO sendings SELECT * FROM sendings LIMIT 1",
    ],
)
def test_nothing_of_it_can_be_overwritten(path: Path, statement: str) -> None:
    reading, notes = kept(path)
    with Journal(path) as journal:
        with pytest.raises(sqlite3.IntegrityError):
            journal._storage.execute(statement)
        assert journal.sendings(reading.reading_id) == notes


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sendings WHERE number = 3",
        "DELETE FROM sendings WHERE number = 1",
        "DELETE FROM sendings",
        "UPDATE sendings SET content = replace(content, 'pacs', 'else') WHERE number = 2",
        "UPDATE sendings SET reading_id = 'x'",
        "UPDATE sent SET sendings = 2",
        "DELETE FROM sent",
        "DROP TABLE sendings",
    ],
)
def test_what_was_changed_behind_its_back_is_noticed(path: Path, statement: str) -> None:
    kept(path)
    other = sqlite3.connect(path, isolation_level=None)
    triggers = other.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'").fetchall()
    for name, _ in triggers:
        other.execute(f"DROP TRIGGER {name}")
    other.execute(statement)
    for _, sql in triggers if "DROP" not in statement else ():
        other.execute(sql)
    other.close()
    before = path.read_bytes()
    with pytest.raises(AnnotationError, match="is damaged: "):
        Journal(path)
    assert path.read_bytes() == before


def test_a_copy_of_a_journal_keeps_what_was_sent_as_far_as_it_is_whole(
    path: Path, tmp_path: Path
) -> None:
    reading, notes = kept(path)
    copied_whole(path, tmp_path / "one.sqlite")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("DROP TRIGGER sendings_are_not_changed")
    other.execute("UPDATE sendings SET hash = 'x' WHERE number = 2")
    other.close()
    copied_whole(path, tmp_path / "two.sqlite")
    for name, expected in (("one", notes), ("two", notes[:1])):
        with Journal(tmp_path / f"{name}.sqlite") as journal:
            assert journal.sendings(reading.reading_id) == expected
            assert journal.load(reading.reading_id) == reading


def test_a_journal_from_before_there_were_such_notes_gets_their_table(path: Path) -> None:
    reading, _ = kept(path, 0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("DROP TABLE sendings")
    other.execute("DROP TABLE sent")
    assert not sent_table.has_sendings(other)
    other.close()
    with Journal(path) as journal:
        journal.note_sending(sending(reading))
        assert len(journal.sendings(reading.reading_id)) == 1
