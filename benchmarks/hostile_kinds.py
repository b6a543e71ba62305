"""Kinds of input for ``hostile_input.py``: a sound one, ways to damage it, and how it is opened."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

Base = Callable[[Path], None]
Change = Callable[[Path, random.Random], str]
Use = Callable[[Path], None]


def bytes_changed(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Return a file with a few bytes changed, cut, doubled, or blanked; and which it was."""
    data = bytearray(content)
    way = chance.choice(("byte", "byte", "bit", "bytes", "cut", "zeros", "doubled", "swapped"))
    at = chance.randrange(len(data))
    length = min(len(data) - at, chance.choice((1, 4, 16, 512, 4096)))
    if way == "byte":
        data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    elif way == "bit":
        data[at] ^= 1 << chance.randrange(8)
    elif way == "bytes":
        for _ in range(chance.randint(2, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
    elif way == "cut":
        del data[at:]
    elif way == "zeros":
        data[at : at + length] = bytes(length)
    elif way == "doubled":
        data[at:at] = data[at : at + length]
    else:
        other = chance.randrange(len(data) - length + 1)
        data[at : at + length], data[other : other + length] = (
            data[other : other + length],
            data[at : at + length],
        )
    return bytes(data), f"{way} at {at}, {length}"


# A journal: closed, and as a killed program leaves it, with its log.


def _journal(folder: Path) -> None:
    from fusion.anatomy.joints import JOINTS
    from fusion.annotations.changes import TargetSaved
    from fusion.annotations.journal import Journal
    from tests.annotations.samples import READER, study, target

    with Journal(folder / "journal.sqlite") as journal:
        for reader, count in ((READER, 8), ("Dr B", 3)):
            reading = journal.begin(study(), reader=reader).reading
            for joint in JOINTS[:count]:
                change = TargetSaved(target(joint))
                reading = journal.append(reading, change, reader=reader, study=study()).reading


def _journal_with_log(folder: Path) -> None:
    import shutil

    apart = folder / "apart"
    apart.mkdir()
    _journal(apart)
    keeper = sqlite3.connect(apart / "journal.sqlite")
    keeper.execute("SELECT COUNT(*) FROM events").fetchone()
    from fusion.anatomy.joints import JOINTS
    from fusion.annotations.changes import TargetSaved
    from fusion.annotations.journal import Journal
    from tests.annotations.samples import READER, study, target

    with Journal(apart / "journal.sqlite") as journal:
        reading = journal.begin(study(), reader=READER).reading
        for joint in JOINTS[8:12]:
            change = TargetSaved(target(joint))
            reading = journal.append(reading, change, reader=READER, study=study()).reading
    for file in ("journal.sqlite", "journal.sqlite-wal"):
        shutil.copyfile(apart / file, folder / file)
    keeper.close()
    shutil.rmtree(apart)


def _change_file(name: str) -> Change:
    def change(folder: Path, chance: random.Random) -> str:
        path = folder / name
        content, what = bytes_changed(path.read_bytes(), chance)
        path.write_bytes(content)
        return what

    return change


def _change_journal_rows(folder: Path, chance: random.Random) -> str:
    """Take away or change whole rows, as somebody with another program would."""
    statement = chance.choice(
        (
            "DELETE FROM events WHERE number > 10",
            "DELETE FROM events WHERE number = 5",
            "DELETE FROM events WHERE reading_id = (SELECT reading_id FROM events LIMIT 1)",
            "DELETE FROM events",
            "UPDATE events SET content = CAST(X'ff00fe' AS TEXT) WHERE number = 4",
            "UPDATE events SET kind = 'undone' WHERE number = 3",
            "UPDATE events SET sequence = sequence + 1 WHERE number = 13",
            "UPDATE readings SET study_instance_uid = '9'",
            "UPDATE readings SET ct_pixels = '9'",
            "UPDATE readings SET reading_id = 'x' || reading_id",
            "DROP TABLE events",
            "DROP TABLE readings",
            "DELETE FROM readings",
        )
    )
    file = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
    triggers = file.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
    ).fetchall()
    for name, _ in triggers:
        file.execute(f"DROP TRIGGER {name}")
    file.execute(statement)
    if "DROP" not in statement:
        for _, sql in triggers:
            file.execute(sql)
    file.close()
    return statement


def _use_journal(*counts: int) -> Use:
    def use(folder: Path) -> None:
        from fusion.annotations.journal import Journal
        from fusion.errors import AnnotationError
        from tests.annotations.samples import study

        path = folder / "journal.sqlite"
        before = path.read_bytes()
        try:
            with Journal(path) as journal:
                found = [len(r.events) for r in journal.readings(study().study_instance_uid)]
        except AnnotationError as exc:
            if any(word in str(exc) for word in ("osteophyte", "Öberg", "C5-C6")):
                raise RuntimeError("the reading is quoted") from exc
            if path.read_bytes() != before:
                raise RuntimeError("a refused journal was changed") from exc
            raise
        if found != list(counts):
            raise RuntimeError(f"silent loss: {found}, not {list(counts)}")

    return use


KINDS: dict[str, tuple[Base, Change, Use]] = {
    "journal": (_journal, _change_file("journal.sqlite"), _use_journal(9, 4)),
    "journal-rows": (_journal, _change_journal_rows, _use_journal(9, 4)),
    "journal-log": (_journal_with_log, _change_file("journal.sqlite-wal"), _use_journal(13, 4)),
}
