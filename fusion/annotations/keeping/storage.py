"""The file that a journal is kept in: made private, opened safely, written or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from platformdirs import PlatformDirs

from fusion.annotations.keeping import sent_table
from fusion.annotations.keeping.log import log_of, something_lost
from fusion.annotations.keeping.rescue import rescued
from fusion.annotations.keeping.wholeness import what_is_wrong
from fusion.errors import AnnotationError, disk_reason

#: Version of the tables; kept in the file as ``user_version``.
SCHEMA_VERSION = 1
#: Marks the file as ours (``application_id``): "FFJ1".
APPLICATION_ID = 0x46464A31
#: How long to wait for another window that is writing, s.
WAIT_S = 5.0
#: How often a log that looks damaged is looked at, and the time between, s: another window may be
#: writing it.
_LOOKS = 3
_BETWEEN_LOOKS_S = 0.05

_SCHEMA = """
CREATE TABLE readings (
    reading_id TEXT PRIMARY KEY NOT NULL,
    study_instance_uid TEXT NOT NULL,
    ct_pixels TEXT NOT NULL,
    amends TEXT UNIQUE REFERENCES readings (reading_id)
) STRICT;
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    reading_id TEXT NOT NULL REFERENCES readings (reading_id),
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (reading_id, sequence)
) STRICT;
CREATE INDEX readings_of_study ON readings (study_instance_uid);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;
CREATE TRIGGER events_follow_each_other BEFORE INSERT ON events
WHEN NEW.sequence <> 1 + (
    SELECT COALESCE(MAX(sequence), 0) FROM events WHERE reading_id = NEW.reading_id)
BEGIN SELECT RAISE(ABORT, 'events follow each other without gaps'); END;
CREATE TRIGGER events_take_the_next_number BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END;
CREATE TRIGGER final_is_final BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE reading_id = NEW.reading_id AND kind = 'finalised')
BEGIN SELECT RAISE(ABORT, 'a finalised reading is never changed'); END;
CREATE TRIGGER readings_are_not_changed BEFORE UPDATE ON readings
BEGIN SELECT RAISE(ABORT, 'readings are never changed'); END;
CREATE TRIGGER readings_are_not_removed BEFORE DELETE ON readings
BEGIN SELECT RAISE(ABORT, 'readings are never removed'); END;
CREATE TRIGGER readings_are_not_replaced BEFORE INSERT ON readings
WHEN EXISTS (SELECT 1 FROM readings
    WHERE reading_id = NEW.reading_id OR (NEW.amends IS NOT NULL AND amends = NEW.amends))
BEGIN SELECT RAISE(ABORT, 'readings are never replaced'); END;
"""
#: How many events each reading has and the hash of the last, noted with each of them: a history
#: that lacks its end has a chain of hashes that holds as well. Files of the first versions get it
#: when they are opened; triggers keep it, so that those versions keep it too.
_NOTED = """
CREATE TABLE heads (
    reading_id TEXT PRIMARY KEY NOT NULL REFERENCES readings (reading_id),
    events INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TABLE totals (readings INTEGER NOT NULL, events INTEGER NOT NULL) STRICT;
INSERT INTO heads SELECT reading_id, sequence, hash FROM events AS last WHERE sequence = (
    SELECT MAX(sequence) FROM events WHERE reading_id = last.reading_id);
INSERT INTO totals SELECT (SELECT COUNT(*) FROM readings), (SELECT COUNT(*) FROM events);
CREATE TRIGGER events_are_noted AFTER INSERT ON events
BEGIN
    INSERT INTO heads VALUES (NEW.reading_id, NEW.sequence, NEW.hash)
    ON CONFLICT (reading_id) DO UPDATE SET events = NEW.sequence, hash = NEW.hash;
    UPDATE totals SET events = events + 1;
END;
CREATE TRIGGER readings_are_noted AFTER INSERT ON readings
BEGIN UPDATE totals SET readings = readings + 1; END;
"""

_OFFER = (
    'Keep it as it is, and do not delete the files beside it; "facetfusion journal FILE --copy '
    'NEW" puts what is whole of it into a new journal'
)
#: What SQLite's primary result codes (https://www.sqlite.org/rescode.html) mean to a reader.
_SENTENCES = {
    sqlite3.SQLITE_BUSY: "another program keeps it locked. Close the other window or program that "
    "uses it, and try again",
    sqlite3.SQLITE_LOCKED: "another program keeps it locked. Close the other window or program "
    "that uses it, and try again",
    sqlite3.SQLITE_FULL: "the disk is full. Free some space and try again",
    sqlite3.SQLITE_READONLY: "it cannot be written. Check the permissions of the file and its "
    "folder, or choose another place for the journal",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check the permissions of the file and its "
    "folder, or choose another place for the journal",
    sqlite3.SQLITE_PERM: "access is refused. Check the permissions of the file and its folder",
    sqlite3.SQLITE_IOERR: "the disk reported an error, or is full. Check it and try again",
    sqlite3.SQLITE_CORRUPT: f"the file is damaged. {_OFFER}",
    sqlite3.SQLITE_NOTADB: f"the file is not a journal of this program, or is damaged. {_OFFER}",
    sqlite3.SQLITE_CONSTRAINT: "the change would overwrite what is recorded, which is never done. "
    "Open the reading again",
}


def default_path() -> Path:
    """Return where the journal of this user is kept.

    ``~/.local/share`` on Linux, ``~/Library/Application Support`` on macOS, on both
    ``$XDG_DATA_HOME`` where it is set; ``%LOCALAPPDATA%`` on Windows.
    """
    return PlatformDirs("facetfusion", appauthor=False).user_data_path / "journal.sqlite"


class Storage:
    """One SQLite file with the tables of a journal.

    Parameters
    ----------
    path : Path
        The file; made when absent, private to the user.
    wait_s : float, s
        How long to wait for another program that is writing.

    Raises
    ------
    AnnotationError
        The file cannot be made, opened or trusted; it is left as it is.
    """

    def __init__(self, path: Path, *, wait_s: float) -> None:
        self.path = path
        self._wait_s = wait_s
        self._create_file()
        self._check_log()
        with self.explained("The journal cannot be opened"):
            self._check_whole()
            self._connection = _connected(path, timeout=wait_s, isolation_level=None)
        try:
            self._prepare()
            self._files = _files_at(path)
            self._kept: Path | None = None
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; everything is saved already."""
        with self.explained("The journal cannot be closed"):
            self._connection.close()

    def execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one SQL statement."""
        return self._connection.execute(statement, parameters)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Run statements that are saved together when the block ends, or not at all.

        Raises
        ------
        AnnotationError
            Nothing was saved, and why.
        """
        self._check_there()
        with self.explained("Not saved"), self._transaction():
            yield
        self._put_into_file()
        self._check_there()

    def _put_into_file(self) -> None:
        """Copy what is on disk in the log into the file: then no byte of the log is needed.

        The next change begins the log anew. Behind one that is in the log only it would not, and
        a log that was torn inside the later one would show the earlier one in its place.
        """
        with contextlib.suppress(sqlite3.Error):  # if that fails, the log still has it
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _check_there(self) -> None:
        """Refuse to write into files that nobody would find again."""
        # SQLite goes on writing into a file that was removed, and says nothing.
        now = _files_at(self.path)
        if now == self._files:
            return
        if now[0] != self._files[0]:
            raise AnnotationError(
                "Not saved: the journal was moved, removed or replaced while it was open. Put it "
                f"back, or close the window and open the study again. (Journal: {self.path})"
            )
        raise AnnotationError(
            "Not saved: the files beside the journal that hold its last changes (-wal, -shm) were "
            "moved, removed or replaced while it was open. Put them back, or close every window; "
            f"everything that was saved until now is in {self._keep()}, which then takes the place "
            f"of the journal. (Journal: {self.path})"
        )

    def _keep(self) -> Path:
        """Copy what only this connection still sees into a file beside the journal, once."""
        if self._kept is None:
            kept = self.path.with_name(f"{self.path.stem}-{uuid.uuid4().hex[:8]}.sqlite")
            os.close(os.open(kept, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with contextlib.closing(sqlite3.connect(kept)) as copy:
                self._connection.backup(copy)
            self._kept = kept
        return self._kept

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Run statements that only read; errors as sentences."""
        with self.explained("The journal cannot be read"):
            yield

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                # The first error tells why; SQLite rolls back by itself if this fails too.
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Turn errors of SQLite into a sentence that begins with ``what``."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as exc:
            # Whatever else SQLite meets in a file that was whole when it was made is damage.
            sentence = _SENTENCES.get(_code(exc), _SENTENCES[sqlite3.SQLITE_CORRUPT])
            # Without the cause: it may quote what is recorded.
            raise AnnotationError(f"{what}: {sentence}. (Journal: {self.path})") from None
        except UnicodeDecodeError:  # of SQLite's own words about a damaged table
            sentence = _SENTENCES[sqlite3.SQLITE_CORRUPT]
            raise AnnotationError(f"{what}: {sentence}. (Journal: {self.path})") from None

    def _create_file(self) -> None:
        """Make the file and its folder, private, and on disk before anything relies on them.

        The file is made beside its place and gets its name when it is whole: one that is empty has
        lost what it held.
        """
        try:
            missing = [p for p in (self.path.parent, *self.path.parent.parents) if not p.exists()]
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(folder.parent)
            if not self.path.exists():
                self._create_whole()
            empty = self.path.is_file() and not self.path.stat().st_size
        except OSError as exc:
            raise AnnotationError(
                f"The journal {self.path} cannot be made: {disk_reason(exc)}. "
                "Check the permissions of its folder, or choose another place for the journal."
            ) from exc
        if empty:
            raise AnnotationError(
                f"The journal {self.path} is empty: whatever it held is gone. Restore a backup; if "
                "it was never used, remove it and try again."
            )

    def _create_whole(self) -> None:
        begun = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.new")
        os.close(os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with (
                self.explained("The journal cannot be made"),
                contextlib.closing(sqlite3.connect(begun, isolation_level=None)) as connection,
            ):
                connection.execute("PRAGMA journal_mode = MEMORY")
                connection.execute("BEGIN")
                for statement in _statements(_SCHEMA + _NOTED + sent_table.SCHEMA):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                connection.execute("COMMIT")
            with begun.open("rb") as file:
                os.fsync(file.fileno())
            _name(begun, self.path)
            _sync_folder(self.path.parent)
        finally:
            begun.unlink(missing_ok=True)

    def _prepare(self) -> None:
        with self.explained("The journal cannot be opened"):
            self._check_owner()
            self._make_private()
            self._switch_to_wal()
            for pragma in (
                "synchronous = FULL",
                # macOS: fsync() leaves data in the drive's cache; F_FULLFSYNC does not.
                "fullfsync = ON",
                "checkpoint_fullfsync = ON",
                "foreign_keys = ON",
                "trusted_schema = OFF",
                "cell_size_check = ON",
            ):
                self._connection.execute(f"PRAGMA {pragma}")
            with self._transaction():
                for statement in self._missing_statements():
                    self._connection.execute(statement)
        # What a program that was ended between the two left in the log.
        self._put_into_file()

    def _missing_statements(self) -> Iterator[str]:
        """Yield what makes a journal of a file without tables, or one of the first versions new."""
        if not self._is_ours():
            yield from _statements(_SCHEMA)
            yield f"PRAGMA application_id = {APPLICATION_ID}"
            yield f"PRAGMA user_version = {SCHEMA_VERSION}"
        if not _notes_events(self._connection):
            yield from _statements(_NOTED)
        if not sent_table.has_sendings(self._connection):
            yield from _statements(sent_table.SCHEMA)

    def _check_log(self) -> None:
        """Refuse a log in which saved changes would be dropped, before SQLite drops them."""
        log = log_of(self.path)
        for _ in range(_LOOKS):
            try:
                with self.path.open("rb") as file:
                    said = int.from_bytes(file.read(18)[16:], "big")
                content = log.read_bytes()
            except OSError:
                return  # there is no log, or SQLite will say what is wrong
            if not something_lost(content, page_size=65536 if said == 1 else said):
                return
            time.sleep(_BETWEEN_LOOKS_S)  # another window may be writing just now
        if rescued(self.path).behind:
            raise self._damaged("the log of its last changes")

    def _check_whole(self) -> None:
        """Refuse a file in which anything is missing or not as it was saved.

        Only to read, so that a file that is refused stays as it is.
        """
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(
            _connected(address, uri=True, timeout=self._wait_s, isolation_level=None)
        ) as connection:
            ours = _pragma(connection, "application_id") == APPLICATION_ID
            if not ours or _pragma(connection, "user_version") > SCHEMA_VERSION:
                return
            connection.execute("BEGIN")
            noted = _notes_events(connection)
            sent = sent_table.has_sendings(connection)
            parts = (_SCHEMA, _NOTED if noted else "", sent_table.SCHEMA if sent else "")
            made = dict(_made("".join(parts)))
            wrong = what_is_wrong(connection, made, noted=noted, sent=sent)
        if wrong:
            raise self._damaged(wrong)

    def _damaged(self, what: str) -> AnnotationError:
        found = rescued(self.path)
        return AnnotationError(
            f"The journal {self.path} is damaged: {what}. It was left as it is. {found.events} of "
            f"at least {found.seen} events are whole. {_OFFER}."
        )

    def _make_private(self) -> None:
        """Take away what others may do with a file that an older program or a copy left open."""
        if os.name != "posix":
            return
        try:
            for suffix in ("", "-wal", "-shm"):
                file = self.path.with_name(self.path.name + suffix)
                if file.exists() and file.stat().st_mode & 0o077:
                    file.chmod(0o600)
        except OSError as exc:
            raise AnnotationError(
                f"The journal {self.path} is open to other users and cannot be made private: "
                f"{exc.strerror or exc}. Choose another place for the journal."
            ) from exc

    def _is_ours(self) -> bool:
        return _pragma(self._connection, "application_id") == APPLICATION_ID

    def _check_owner(self) -> None:
        """Refuse files of other programs and of newer versions, before anything is written."""
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and not self._is_ours():
            raise AnnotationError(
                f"{self.path} is a database of another program. Choose another place for the "
                "journal."
            )
        found = _pragma(self._connection, "user_version")
        if found > SCHEMA_VERSION:
            raise AnnotationError(
                f"The journal {self.path} has version {found}; this program knows up to "
                f"{SCHEMA_VERSION}. Use the newer program, or choose another place."
            )

    def _switch_to_wal(self) -> None:
        # Two windows that open a new file at once lock each other out for a moment; SQLite does
        # not wait by itself here.
        until = time.monotonic() + self._wait_s
        while True:
            try:
                (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
                break
            except sqlite3.OperationalError as exc:
                if _code(exc) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)
        if mode != "wal":
            raise AnnotationError(
                f"The journal {self.path} cannot be kept safely there (no write-ahead log). Choose "
                "a folder on a local disk."
            )


def write_event(storage: Storage, reading_id: str, content: str, stored: str) -> None:
    """Add an event to a reading, as it is written and with the hash of all up to it."""
    event = json.loads(content)
    storage.execute(
        "INSERT INTO events (reading_id, sequence, kind, content, hash) VALUES (?, ?, ?, ?, ?)",
        (reading_id, event["sequence"], event["kind"], content, stored),
    )


def _connected(path: str | Path, **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(path, **options)
    # What is no text any more has another hash, and is not quoted in an error.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _notes_events(connection: sqlite3.Connection) -> bool:
    (count,) = connection.execute(
        "SELECT COUNT(*) FROM sqlite_master WHERE name IN "
        "('heads', 'totals', 'events_are_noted', 'readings_are_noted')"
    ).fetchone()
    return bool(count)


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 0 for an error of the Python module itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _statements(script: str) -> Iterator[str]:
    """Split a script, because ``executescript`` would commit the transaction it runs in."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _made(script: str) -> Iterator[tuple[str, str]]:
    """Yield the names of what a script makes, and how SQLite notes that."""
    for statement in _statements(script):
        words = statement.split()
        if words[0] == "CREATE":
            yield words[2], statement.strip().removesuffix(";")


def _files_at(path: Path) -> tuple[tuple[int, int] | None, ...]:
    """Return what tells a journal and the files beside it from any others."""
    return tuple(_file_at(path.with_name(path.name + suffix)) for suffix in ("", "-wal", "-shm"))


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any other; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _name(file: Path, name: Path) -> None:
    """Give a file its name, unless somebody else was first."""
    try:
        with contextlib.suppress(FileExistsError):
            os.link(file, name)
    except OSError:  # a file system without a second name for a file
        if not name.exists():
            file.rename(name)


def _sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk; Windows does that by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
