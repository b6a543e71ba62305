"""What is acknowledged is on disk; whatever goes wrong is a sentence and loses nothing."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from platformdirs import windows
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.annotations.changes import (
    AlignmentReviewed,
    Finalised,
    NumberingConfirmed,
    PathwayLeftOut,
    TargetRemoved,
    TargetSaved,
)
from fusion.annotations.changes.event import Event
from fusion.annotations.finishing import finalise, missing
from fusion.annotations.journal import Conflict, Journal, Saved
from fusion.annotations.keeping import storage
from fusion.annotations.keeping.storage import default_path
from fusion.annotations.keeping.whole_copy import copied_whole
from fusion.annotations.reading import Reading
from fusion.annotations.snapshots import RegistrationSnapshot
from fusion.annotations.spine import Spine, verify_side_and_level
from fusion.annotations.target import Decision, Origin
from fusion.errors import AnnotationError
from fusion.geometry import RigidTransform
from fusion.registration import Registration, Trust

from .necks import IN_USE, centers
from .samples import LEFT_C5, READER, study, target
from .test_target import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
RIGHT_C5, LEFT_C4 = Joint("C5-C6", Side.RIGHT), Joint("C4-C5", Side.LEFT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "er" / "journal.sqlite"


def save(journal: Journal, reading: Reading, joint: Joint = LEFT_C5, **changes) -> Saved | Conflict:
    change = TargetSaved(target(joint, **changes))
    return journal.append(reading, change, reader=READER, study=study())


def saved(journal: Journal, reading: Reading, joint: Joint = LEFT_C5, **changes) -> Reading:
    result = save(journal, reading, joint, **changes)
    assert isinstance(result, Saved)
    return result.reading


def begin(journal: Journal, reader: str = READER) -> Reading:
    return journal.begin(study(), reader=reader).reading


def settled(journal: Journal, *targets_) -> Reading:
    reading = begin(journal)
    for change in (
        *(TargetSaved(one) for one in targets_),
        AlignmentReviewed.of(IN_USE, centers()[LEFT_C5]),
        NumberingConfirmed(numbering="C2", anchor="C2", c2_in_field=True, t1_in_field=False),
        PathwayLeftOut("research case"),
    ):
        result = journal.append(reading, change, reader=READER, study=study())
        assert isinstance(result, Saved)
        reading = result.reading
    return reading


def copied(path: Path, folder: Path) -> Path:
    """Copy a journal that is open as a program that is killed now would leave it."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", folder / f"{path.name}{suffix}")
    return folder / path.name


def test_a_session_is_resumed_with_all_of_its_history(path: Path) -> None:
    with Journal(path) as journal:
        session = journal.begin(study(), reader=READER)
        assert not session.resumed
        reading = saved(journal, session.reading)
        reading = journal.undo(reading, reader=READER, study=study()).reading
    with Journal(path) as journal:
        again = journal.begin(study(), reader=READER)
        assert again.resumed
        assert again.reading == reading
        assert again.findings == ()
        redone = journal.redo(again.reading, reader=READER, study=study()).reading
        assert redone.targets[0].joint == LEFT_C5
        with pytest.raises(AnnotationError, match="nothing to redo"):
            journal.redo(redone, reader=READER, study=study())
        assert len(journal.load(reading.reading_id).events) == 4


def test_saved_is_there_for_another_process_before_the_call_returns(path: Path) -> None:
    program = (
        "import sqlite3, sys; "
        "print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM events').fetchone()[0])"
    )
    with Journal(path) as journal:
        saved(journal, begin(journal))
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, check=True
        )
        assert int(done.stdout) == 2


def test_files_and_folders_are_private(path: Path) -> None:
    old = os.umask(0)
    try:
        with Journal(path) as journal:
            saved(journal, begin(journal))
            for file in path.parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
            assert {file.name for file in path.parent.iterdir()} >= {path.name, f"{path.name}-wal"}
        for folder in (path.parent, path.parent.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(old)
    path.chmod(0o644)
    with Journal(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_journal_is_written_through_to_the_disk(path: Path) -> None:
    with Journal(path) as journal:
        pragmas = {
            name: journal._storage.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync")
        }
    # 2 is FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "fullfsync": 1,
        "checkpoint_fullfsync": 1,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET content = '{}'",
        "DELETE FROM events",
        "UPDATE readings SET study_instance_uid = '1'",
        "DELETE FROM readings",
        "INSERT OR REPLACE INTO events SELECT * FROM events LIMIT 1",
        "INSERT OR REPLACE INTO events SELECT number, reading_id, 3, kind, '{}', hash FROM events "
        "WHERE sequence = 2",
        "INSERT INTO events SELECT NULL, reading_id, 9, kind, content, hash FROM events LIMIT 1",
        "INSERT OR REPLACE INTO readings SELECT reading_id, '1', ct_pixels, NULL FROM readings",
        "INSERT INTO events VALUES (NULL, 'x', 1, 'opened', '{}', '')",
    ],
)
def test_nothing_recorded_can_be_overwritten(path: Path, statement: str) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        with pytest.raises(sqlite3.IntegrityError):
            journal._storage.execute(statement)
        assert journal.load(reading.reading_id) == reading


def test_what_was_changed_behind_the_triggers_is_noticed(path: Path) -> None:
    with Journal(path) as journal:
        saved(journal, begin(journal))
    other = sqlite3.connect(path)
    other.execute("DROP TRIGGER events_are_not_changed")
    other.execute("UPDATE events SET content = replace(content, '\"grade\":2', '\"grade\":3')")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(AnnotationError, match=r"event 2 of a reading.* 1 of at least 2 events"):
        Journal(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE number = 4",
        "DELETE FROM events WHERE number = 2",
        "UPDATE readings SET study_instance_uid = '9'",
        "UPDATE events SET kind = 'undone' WHERE number = 2",
        "UPDATE events SET content = CAST(X'ff' AS TEXT) WHERE number = 3",
        "DROP TABLE events",
    ],
)
def test_a_journal_that_lacks_something_is_refused_and_left_as_it_is(
    path: Path, statement: str
) -> None:
    with Journal(path) as journal:
        reading = begin(journal)
        for joint in JOINTS[:3]:
            reading = saved(journal, reading, joint)
    other = sqlite3.connect(path, isolation_level=None)
    triggers = other.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'").fetchall()
    for name, _ in triggers:
        other.execute(f"DROP TRIGGER {name}")
    other.execute(statement)
    for _, sql in triggers if "DROP" not in statement else ():
        other.execute(sql)
    other.close()
    before = path.read_bytes()
    with pytest.raises(AnnotationError, match="is damaged: ") as caught:
        Journal(path)
    assert path.read_bytes() == before
    assert "osteophyte" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_bad_byte_in_the_log_does_not_drop_what_was_saved_behind_it(path: Path) -> None:
    killed = path.with_name("killed.sqlite")
    with Journal(path) as journal:
        reading = begin(journal)
        before = path.read_bytes()
        # Somebody who reads all the time keeps what is saved from going into the file itself.
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT COUNT(*) FROM events").fetchone()
        for joint in JOINTS[:6]:
            reading = saved(journal, reading, joint)
        killed.write_bytes(before)
        log = path.with_name(f"{path.name}-wal").read_bytes()
        other.close()
    ours = killed.with_name("killed.sqlite-wal")
    middle = bytearray(log)
    middle[len(log) // 2] ^= 1
    for damaged in (middle, log[:5000] + b"." + log[5000:], log[:5000] + log[5100:]):
        ours.write_bytes(damaged)
        with pytest.raises(AnnotationError, match=r"log of its last changes.* 7 of at least 7 eve"):
            Journal(killed)
        assert (ours.read_bytes(), killed.read_bytes()) == (damaged, before)
    copied = copied_whole(killed, path.with_name("new.sqlite"))
    assert (copied.events, copied.behind) == (7, 6)
    with Journal(path.with_name("new.sqlite")) as journal:
        assert journal.load(reading.reading_id) == reading
    # What only a power cut can have torn is no damage: it was never called saved.
    ours.write_bytes(log[:-2000])
    with Journal(killed) as journal:
        assert journal.load(reading.reading_id).events == reading.events[:-1]


def test_what_is_saved_does_not_depend_on_the_log(path: Path) -> None:
    killed = path.with_name("killed.sqlite")
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        killed.write_bytes(path.read_bytes())
        log = path.with_name(f"{path.name}-wal").read_bytes()
    for damaged in (log[: len(log) // 2], b"\xff" * len(log), log[:12] + b"?" + log[13:]):
        killed.with_name("killed.sqlite-wal").write_bytes(damaged)
        with Journal(killed) as journal:
            assert journal.load(reading.reading_id) == reading


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no file that is open")
def test_nothing_is_called_saved_in_a_log_that_was_removed(path: Path) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        path.with_name(f"{path.name}-wal").unlink()
        with pytest.raises(AnnotationError, match="Not saved: the files beside") as caught:
            save(journal, reading, RIGHT_C5)
        (kept,) = path.parent.glob("journal-*.sqlite")
        assert str(kept) in str(caught.value)
    with Journal(kept) as journal:
        assert journal.load(reading.reading_id) == reading


def test_an_empty_file_is_no_new_journal(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(AnnotationError, match="is empty"):
        Journal(path)


def test_changes_of_one_go_are_events_of_their_own_in_one_transaction(path: Path) -> None:
    changes = [TargetSaved(target(joint)) for joint in (LEFT_C5, RIGHT_C5)]
    when = datetime(2026, 12, 1, tzinfo=UTC)
    with Journal(path) as journal:
        begun = begin(journal)
        statements: list[str] = []
        journal._storage._connection.set_trace_callback(statements.append)
        together = journal.append(begun, *changes, reader=READER, study=study(), time=when)
        assert isinstance(together, Saved)
        assert statements.count("COMMIT") == 1
        assert journal.load(begun.reading_id) == together.reading
        one_by_one = begun
        for n, change in enumerate(changes, start=2):
            event = Event(
                sequence=n,
                time=when,
                reader=READER,
                software_version=journal._software_version,
                input_digest=study().digest,
                change=change,
            )
            one_by_one = one_by_one.with_event(event)
        assert together.reading == one_by_one
        back = journal.undo(together.reading, reader=READER, study=study(), count=2).reading
        assert back.targets == ()
        again = journal.redo(back, reader=READER, study=study(), count=2).reading
        assert again.targets == together.reading.targets
        assert [event.sequence for event in again.events] == [1, 2, 3, 4, 5, 6, 7]
        assert statements.count("COMMIT") == 3


def test_of_changes_of_one_go_none_is_saved_where_one_cannot_be(path: Path) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        changes = [TargetSaved(target(RIGHT_C5)), TargetSaved(target(LEFT_C5))]
        with pytest.raises(AnnotationError, match="Left C5-C6 has a target already"):
            journal.append(reading, *changes, reader=READER, study=study())
        with pytest.raises(AnnotationError, match="not finalised"):
            journal.append(reading, changes[0], Finalised(), reader=READER, study=study())
        assert journal.load(reading.reading_id) == reading


def test_a_program_that_ends_between_changes_of_one_go_has_saved_none(path: Path) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
    program = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, '.')\n"
        "from fusion.annotations import journal as module\n"
        "from tests.annotations import test_journal as t\n"
        "write = module.write_event\n"
        "def last(storage, reading_id, content, stored):\n"
        "    write(storage, reading_id, content, stored)\n"
        "    os._exit(9)\n"
        "module.write_event = last\n"
        "with module.Journal(Path(sys.argv[1])) as journal:\n"
        "    changes = [t.TargetSaved(t.target(joint)) for joint in (t.RIGHT_C5, t.LEFT_C4)]\n"
        "    journal.append(t.begin(journal), *changes, reader=t.READER, study=t.study())\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, check=False)
    assert done.returncode == 9
    with Journal(path) as journal:
        assert journal.load(reading.reading_id) == reading


def test_a_log_torn_inside_a_change_that_is_in_the_file_loses_nothing(
    path: Path, tmp_path: Path
) -> None:
    """Where the program before was ended when its last change was in the log only."""
    with Journal(path) as journal:
        first = saved(journal, begin(journal))
        journal._storage._put_into_file = lambda: None
        second = saved(journal, first, RIGHT_C5)
        left = copied(path, tmp_path / "left")
        journal._storage._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with Journal(left) as journal:
        third = saved(journal, second, LEFT_C4)
        torn = copied(left, tmp_path / "torn")
    log = torn.with_name(f"{torn.name}-wal")
    log.write_bytes(log.read_bytes()[:-10])
    with Journal(torn) as journal:
        assert journal.load(third.reading_id) == third


def test_two_windows_on_one_reading_conflict_and_lose_nothing(path: Path) -> None:
    with Journal(path) as one, Journal(path) as other:
        mine, theirs = begin(one), begin(other)
        assert mine == theirs
        theirs = saved(other, theirs, RIGHT_C5)
        result = save(one, mine)
        assert isinstance(result, Conflict)
        (mine_not_saved,) = result.mine
        assert isinstance(mine_not_saved, TargetSaved)
        assert mine_not_saved.target.joint == LEFT_C5
        assert [e.change.words for e in result.theirs] == ["Right C5-C6 positive, grade 2"]
        assert result.reading == theirs
        assert "Not saved: Left C5-C6 positive" in result.words
        assert one.load(mine.reading_id) == theirs
        # The reader decides again on what is there now; both are kept.
        again = one.append(result.reading, *result.mine, reader=READER, study=study())
        assert isinstance(again, Saved)
        assert {t.joint for t in again.reading.targets} == {LEFT_C5, RIGHT_C5}
        # Undo in the window that is behind does not undo the other's work.
        assert isinstance(other.undo(theirs, reader=READER, study=study()), Conflict)


def test_two_windows_that_change_the_same_target_conflict(path: Path) -> None:
    with Journal(path) as one, Journal(path) as other:
        reading = saved(one, begin(one))
        same = reading.targets[0]
        gone = other.append(
            reading, TargetRemoved(same.target_id, same.joint), reader="B", study=study()
        )
        assert isinstance(gone, Saved)
        result = save(one, reading, target_id=same.target_id, grade=3)
        assert isinstance(result, Conflict)
        assert result.reading.targets == ()


def test_two_readers_have_a_reading_each_and_are_told(path: Path) -> None:
    with Journal(path) as journal:
        first = saved(journal, begin(journal, "Dr A"))
        second = journal.begin(study(), reader="Dr B\u202e")
        assert not second.resumed
        assert second.reading.targets == ()
        (finding,) = second.findings
        assert finding.code == "other-reading"
        assert "Dr A, version 1, draft, 1 positive" in finding.message
        saved(journal, second.reading, decision=Decision.NEGATIVE)
        assert journal.load(first.reading_id) == first
        (finding,) = journal.begin(study(), reader="Dr A").findings
        assert "Dr B, version 1, draft, 0 positive" in finding.message


def test_windows_that_begin_at_once_share_one_reading(path: Path) -> None:
    gate = threading.Barrier(6)
    found: list[str] = []

    def window() -> None:
        gate.wait()
        with Journal(path) as journal:  # the file is being made at the same time
            found.append(begin(journal).reading_id)

    windows = [threading.Thread(target=window) for _ in range(6)]
    for one in windows:
        one.start()
    for one in windows:
        one.join()
    assert len(found) == 6
    assert len(set(found)) == 1


WRITER = """
import sys
from pathlib import Path
from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Conflict, Journal
from tests.annotations.samples import study, target
from fusion.anatomy.joints import JOINTS

me, path = int(sys.argv[1]), sys.argv[2]
conflicts = 0
with Journal(path, wait_s=60) as journal:
    reading = journal.begin(study(), reader="R").reading
    for joint in JOINTS[me::2]:
        result = Conflict
        while True:
            change = TargetSaved(target(joint, note=f"writer {me}"))
            result = journal.append(reading, change, reader="R", study=study())
            reading = result.reading
            if not isinstance(result, Conflict):
                break
            conflicts += 1
print(conflicts)
"""


def test_two_processes_write_one_reading_and_lose_nothing(path: Path) -> None:
    with Journal(path) as journal:
        begun = begin(journal, "R")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(n), str(path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        for n in range(2)
    ]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with Journal(path) as journal:
        reading = journal.load(begun.reading_id)
    assert {one.joint: one.note for one in reading.targets} == {
        joint: f"writer {n % 2}" for n, joint in enumerate(JOINTS)
    }
    assert reading.sequence == 1 + len(JOINTS)


def test_changed_pixels_are_a_finding_and_the_reading_goes_on(path: Path) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        session = journal.begin(study(spect="other counts"), reader=READER)
        assert session.resumed
        assert session.reading == reading
        (finding,) = session.findings
        assert finding.code == "changed-input"
        assert "SPECT or PET" in finding.message
        assert "pixel data and geometry" in finding.message


def test_another_series_of_the_study_is_another_reading(path: Path) -> None:
    with Journal(path) as journal:
        reading = begin(journal)
        other = journal.begin(study(ct_series="1.2.3.9"), reader=READER)
        assert not other.resumed
        assert other.reading.reading_id != reading.reading_id


def test_the_same_pixels_under_another_uid_are_mentioned_and_not_mixed(path: Path) -> None:
    with Journal(path) as journal:
        saved(journal, begin(journal))
        copy = journal.begin(study(uid="1.2.4"), reader=READER)
        assert not copy.resumed
        assert [finding.code for finding in copy.findings] == ["read-under-another-uid"]


def test_a_study_without_identifier_is_refused() -> None:
    with pytest.raises(AnnotationError, match="no Study Instance UID"):
        study(uid="")


def neck() -> Spine:
    return Spine({joint: tuple(p) for joint, p in centers().items()})


def placed():
    found = verify_side_and_level(
        LEFT_C5, centers()[LEFT_C5], spine=neck(), decision=Decision.POSITIVE
    )
    return target(placement=found, registration=RegistrationSnapshot.of(IN_USE, centers()[LEFT_C5]))


def finish(journal: Journal, reading: Reading, reader: str = READER) -> Saved | Conflict:
    return finalise(
        journal, reading, reader=reader, spine=neck(), study=study(), registration=IN_USE
    )


def test_finishing_lists_what_is_missing_and_saves_nothing(path: Path) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal), grade=None)
        for attempt in (
            lambda: finalise(
                journal, reading, reader=READER, spine=neck(), study=study(), registration=IN_USE
            ),
            lambda: journal.append(reading, Finalised(), reader=READER, study=study()),
        ):
            with pytest.raises(AnnotationError) as caught:
                attempt()
            said = str(caught.value)
            for word in ("alignment", "numbering", "Left C5-C6: a grade", "pathway"):
                assert word in said
        assert journal.load(reading.reading_id) == reading


def test_final_is_final_and_an_addendum_is_a_new_version(path: Path) -> None:
    with Journal(path) as journal:
        draft = settled(journal, placed())
        with pytest.raises(AnnotationError, match="Only a finalised reading"):
            journal.addendum(draft, reader=READER, reason="x", study=study())
        with pytest.raises(AnnotationError, match="name of its reader"):
            finish(journal, draft, " ")
        result = finalise(
            journal, draft, reader="Dr Senior", spine=neck(), study=study(), registration=IN_USE
        )
        assert isinstance(result, Saved)
        final = result.reading
        assert final.finalised
        assert final.finalised.reader == "Dr Senior"
        with pytest.raises(AnnotationError, match="finalised and cannot be changed"):
            save(journal, final, RIGHT_C5)
        # Nor by going around the program's own rules.
        with pytest.raises(sqlite3.IntegrityError, match="finalised reading is never changed"):
            journal._write(final.reading_id, final.events[-1], previous="")
        assert journal.begin(study(), reader=READER).reading == final
        second = journal.addendum(final, reader="Dr B", reason="seen again", study=study())
        assert (second.opened.version, second.opened.amends) == (2, final.reading_id)
        assert second.opened.amends_digest == final.digest
        assert second.targets == final.targets
        assert not second.finalised
        assert journal.begin(study(), reader=READER).reading == second
        with pytest.raises(AnnotationError, match="Version 2 of this reading exists already"):
            journal.addendum(final, reader=READER, reason="me too", study=study())
        saved(journal, second, RIGHT_C5)
        assert journal.load(final.reading_id) == final


def test_a_window_behind_cannot_finalise_what_it_has_not_seen(path: Path) -> None:
    with Journal(path) as one, Journal(path) as other:
        draft = settled(one, placed())
        saved(other, draft, RIGHT_C5)
        result = finalise(
            one, draft, reader=READER, spine=neck(), study=study(), registration=IN_USE
        )
        assert isinstance(result, Conflict)
        assert not one.load(draft.reading_id).finalised


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_exactly(path: Path, text: str) -> None:
    reader = f"R{text}"
    with Journal(path) as journal:
        reading = begin(journal, reader)
        made = target(note=text, reader=reader)
        result = journal.append(reading, TargetSaved(made), reader=reader, study=study())
        assert isinstance(result, Saved)
    with Journal(path) as journal:
        again = journal.load(reading.reading_id)
        assert again.targets[0].note == text
        assert again.reader == reader
        assert not any(ord(c) < 32 for e in again.events for c in e.words)


# What goes wrong outside the program.


def test_a_locked_journal_is_a_sentence_and_loses_nothing(path: Path) -> None:
    with Journal(path, wait_s=0.1) as journal:
        reading = begin(journal)
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(AnnotationError, match="Not saved: another program keeps it locked"):
            save(journal, reading)
        assert journal.load(reading.reading_id) == reading  # reading goes on
        blocker.execute("ROLLBACK")
        blocker.close()
        assert saved(journal, reading).targets


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no file that is open")
@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_called_saved_in_a_file_that_was_removed(path: Path, replaced: bool) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        hidden = path.with_name("elsewhere.sqlite")
        path.rename(hidden)
        if replaced:
            path.write_bytes(hidden.read_bytes())
        with pytest.raises(AnnotationError, match="moved, removed or replaced"):
            save(journal, reading, Joint("C4-C5", LEFT_C5.side))
        hidden.replace(path)
        assert isinstance(save(journal, reading, Joint("C4-C5", LEFT_C5.side)), Saved)


def test_a_full_journal_is_a_sentence_and_loses_nothing(path: Path) -> None:
    with Journal(path) as journal:
        reading = saved(journal, begin(journal))
        pages = journal._storage.execute("PRAGMA page_count").fetchone()[0]
        journal._storage.execute(f"PRAGMA max_page_count = {pages}")
        target_id = reading.targets[0].target_id
        said = ""
        for _ in range(50):
            try:
                reading = saved(journal, reading, target_id=target_id, note="n" * 3000)
            except AnnotationError as exc:
                said = str(exc)
                break
        assert said.startswith("Not saved: the disk is full")
        assert journal.load(reading.reading_id) == reading
        journal._storage.execute(f"PRAGMA max_page_count = {pages + 100}")
        assert saved(journal, reading, RIGHT_C5).targets[-1].joint == RIGHT_C5


FULL_DISK = """
import sys
from pathlib import Path
from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal
from fusion.errors import AnnotationError
from tests.annotations.samples import study, target

path = Path(sys.argv[1]) / "journal.sqlite"
filler = path.with_name("filler")
with Journal(path) as journal:
    reading = journal.begin(study(), reader="R").reading
    one = target()
    reading = journal.append(reading, TargetSaved(one), reader="R", study=study()).reading
    try:
        filler.write_bytes(bytes(10_000_000))
    except OSError:
        pass
    saved = 0
    try:
        while True:
            change = TargetSaved(target(target_id=one.target_id, note="n" * 3000))
            reading = journal.append(reading, change, reader="R", study=study()).reading
            saved += 1
    except AnnotationError as exc:
        print(exc)
    assert journal.load(reading.reading_id) == reading
    filler.unlink()
    change = TargetSaved(target(target_id=one.target_id, note="after"))
    reading = journal.append(reading, change, reader="R", study=study()).reading
with Journal(path) as journal:
    assert journal.load(reading.reading_id) == reading
print("kept", reading.sequence, saved)
"""


def test_a_disk_that_is_really_full_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    # A file system of 600 kB of our own, in a mount namespace of our own.
    mount = f"mount -t tmpfs -o size=600k none {tmp_path}"
    command = ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("a small file system can only be mounted as root on Linux")
    done = subprocess.run(
        [*command, sys.executable, "-c", FULL_DISK, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Not saved: the disk is full" in done.stdout
    assert "kept" in done.stdout


READ_ONLY = """
import sys
from fusion.annotations.journal import Journal
from fusion.errors import AnnotationError
from tests.annotations.samples import study
for path in sys.argv[1:]:
    try:
        with Journal(path) as journal:
            journal.begin(study(), reader="R")
        print("SAVED")
    except AnnotationError as exc:
        print("SENTENCE", exc)
"""


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    existing = tmp_path / "existing.sqlite"
    with Journal(existing) as journal:
        begin(journal)
    before = existing.read_bytes()
    command = [sys.executable, "-c", READ_ONLY, str(tmp_path / "new.sqlite"), str(existing)]
    if os.geteuid() == 0:  # root may write anywhere but on a read-only file system
        mount = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path}"
        wrapper = ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        if (
            shutil.which("unshare") is None
            or subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode
        ):
            pytest.skip("root cannot be kept from writing here")
        command = [*wrapper, *command]
    tmp_path.chmod(0o555)
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        tmp_path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["SENTENCE", "SENTENCE"]
    assert all("another place for the journal" in line for line in lines)
    assert existing.read_bytes() == before


@pytest.mark.parametrize("damage", ["text", "header", "page", "cut"])
def test_a_damaged_file_is_a_sentence_and_is_left_as_it_is(path: Path, damage: str) -> None:
    with Journal(path) as journal:
        reading = begin(journal)
        for joint in JOINTS:
            reading = saved(journal, reading, joint, note="n" * 2000)
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"this is no database\n" * 100)
    elif damage == "header":
        content[:64] = bytes(64)
    elif damage == "page":
        content[8192:-4096] = b"\xff" * (len(content) - 12288)
    else:
        del content[len(content) // 2 :]
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=r"damaged|not a journal"), Journal(path) as journal:
        journal.begin(study(), reader=READER)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.commit()
    other.close()
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(AnnotationError, match="database of another program"):
        Journal(path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    with Journal(path):
        pass
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {storage.SCHEMA_VERSION + 1}")
    other.close()
    with pytest.raises(AnnotationError, match="Use the newer program"):
        Journal(path)


def test_a_folder_in_place_of_the_journal_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be opened"):
        Journal(tmp_path)


def test_a_reading_that_is_not_there_is_a_sentence(path: Path) -> None:
    with Journal(path) as journal, pytest.raises(AnnotationError, match="does not hold"):
        journal.load("0" * 32)


def test_power_loss_at_any_byte_keeps_every_acknowledged_change(path: Path, tmp_path: Path) -> None:
    # Whatever was acknowledged is in the file itself. What was written to the log after that may be
    # on the disk, or not, or in part: cut and scramble it anywhere.
    rng = random.Random(5)
    states: list[tuple[bytes, bytes, Reading]] = []
    log = path.with_name(f"{path.name}-wal")
    with Journal(path) as journal:
        reading = begin(journal)
        for joint in JOINTS[:8]:
            reading = saved(journal, reading, joint)
            states.append((path.read_bytes(), log.read_bytes(), reading))
    copy = tmp_path / "copy.sqlite"
    for (database, _, kept), (_, written, _) in itertools.pairwise(states):
        for scramble in (False, True):
            cut = rng.randrange(len(written))
            tail = rng.randbytes(len(written) - cut) if scramble else b""
            copy.write_bytes(database)
            copy.with_name(f"{copy.name}-wal").write_bytes(written[:cut] + tail)
            copy.with_name(f"{copy.name}-shm").unlink(missing_ok=True)
            with Journal(copy) as journal:
                found = journal.load(kept.reading_id)
            assert found.events[: len(kept.events)] == kept.events
            assert len(found.events) <= len(kept.events) + 1


@pytest.mark.slow
def test_killing_a_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    # Eight kills; benchmarks/journal_kill.py --kills 1000 is the whole of it.
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "journal_kill.py"),
            *("--kills", "8", "--fresh-every", "4", "--torn", "--folder", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 acknowledged changes lost, 0 corrupt files" in done.stdout


def test_the_journal_needs_no_image_library(path: Path) -> None:
    program = (
        "import sys; from fusion.annotations.journal import Journal; Journal(sys.argv[1]); "
        "heavy = {'numpy', 'numba', 'SimpleITK', 'scipy', 'pydicom'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_default_place_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/r")
    monkeypatch.setattr(storage, "PlatformDirs", Unix)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_path() == Path("/data/facetfusion/journal.sqlite")
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert default_path() == Path("/home/r/.local/share/facetfusion/journal.sqlite")
    monkeypatch.setattr(storage, "PlatformDirs", MacOS)
    folder = Path("/home/r/Library/Application Support/facetfusion")
    assert default_path() == folder / "journal.sqlite"
    monkeypatch.setattr(storage, "PlatformDirs", Windows)
    known = {"CSIDL_LOCAL_APPDATA": "/local"}
    monkeypatch.setattr(windows, "get_win_folder", known.__getitem__)
    assert default_path() == Path("/local/facetfusion/journal.sqlite")


def test_a_search_that_keeps_the_alignment_is_no_other_alignment(path: Path) -> None:
    """What the images say of it differs then; where it puts a point does not."""
    looked_at = replace(IN_USE, status=Trust.NO_INCONSISTENCY)
    elsewhere = replace(IN_USE, transform=RigidTransform.from_euler(translation_mm=(0.5, 0, 0)))
    with Journal(path) as journal:
        draft = settled(journal, placed())

        def said(registration: Registration) -> str:
            return "; ".join(missing(draft, spine=neck(), study=study(), registration=registration))

        assert said(IN_USE) == said(looked_at) == ""
        assert "another alignment" in said(elsewhere)
        assert "has changed since" in said(elsewhere)
        pointed = replace(draft.targets[0], origin=Origin.POINT_PLACED)
        draft = journal.append(draft, TargetSaved(pointed), reader=READER, study=study()).reading
        assert "not to be trusted" in said(replace(IN_USE, status=Trust.DO_NOT_TRUST))


@pytest.mark.parametrize("typed", ["Dr. Å. Öberg", "dr Å öberg", " Dr  Å. Öberg. "])
def test_a_full_stop_more_is_no_second_reader(path: Path, typed: str) -> None:
    with Journal(path) as journal:
        first = begin(journal, "Dr Å Öberg")
        again = journal.begin(study(), reader=typed)
        assert (again.resumed, again.reading) == (True, first)
        for other in ("Dr A Öberg", "Dr Å Ö Berg", "Dr Å Öberg-Lind"):
            assert not journal.begin(study(), reader=other).resumed
