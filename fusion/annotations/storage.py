"""The file that a journal is kept in: made private, opened safely, written or not at all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from platformdirs import PlatformDirs

from fusion.errors import AnnotationError
from fusion.plain_text import plain

#: Version of the tables; kept in the file as ``user_version``.
SCHEMA_VERSION = 1
#: Marks the file as ours (``application_id``): "FFJ1".
APPLICATION_ID = 0x46464A31
#: How long to wait for another window that is writing, s.
WAIT_S = 5.0

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
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Keep it as it is, restore a backup, or choose "
    "another place for the journal",
    sqlite3.SQLITE_NOTADB: "the file is not a journal of this program, or is damaged. Keep it as "
    "it is, and choose another place for the journal",
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
        with self.explained("The journal cannot be opened"):
            self._connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None)
        try:
            self._prepare()
            self._file = _file_at(path)
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

    def _check_there(self) -> None:
        """Refuse to write into a file that nobody would find again."""
        # SQLite goes on writing into a file that was removed, and says nothing.
        if _file_at(self.path) != self._file:
            raise AnnotationError(
                "Not saved: the journal was moved, removed or replaced while it was open. Put it "
                f"back, or close the window and open the study again. (Journal: {self.path})"
            )

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
        except sqlite3.DatabaseError as exc:
            sentence = _SENTENCES.get(_code(exc))
            if sentence is None:
                raise
            raise AnnotationError(f"{what}: {sentence}. (Journal: {self.path})") from exc

    def _create_file(self) -> None:
        """Make the file and its folder, private, and on disk before anything relies on them."""
        try:
            missing = [p for p in (self.path.parent, *self.path.parent.parents) if not p.exists()]
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(folder.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, flags, 0o600))
                _sync_folder(self.path.parent)
        except OSError as exc:
            raise AnnotationError(
                f"The journal {self.path} cannot be made: {exc.strerror or exc}. "
                "Check the permissions of its folder, or choose another place for the journal."
            ) from exc

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
                if not self._is_ours():
                    for statement in _statements(_SCHEMA):
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            (verdict,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise AnnotationError(
                f"The journal {self.path} is damaged ({plain(str(verdict))}). Keep it as it is, "
                "restore a backup, or choose another place for the journal."
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
        return self._pragma("application_id") == APPLICATION_ID

    def _pragma(self, name: str) -> int:
        (value,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    def _check_owner(self) -> None:
        """Refuse files of other programs and of newer versions, before anything is written."""
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and not self._is_ours():
            raise AnnotationError(
                f"{self.path} is a database of another program. Choose another place for the "
                "journal."
            )
        found = self._pragma("user_version")
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


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from any other; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk; Windows does that by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
