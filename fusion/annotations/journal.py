"""The journal: every event of every reading of one user, in one SQLite file, never overwritten.

What is promised, and why it holds:

- *Saved means on disk.* :meth:`Journal.append` returns after ``COMMIT`` in WAL mode with
  ``synchronous=FULL``: SQLite writes the event to the write-ahead log and calls ``fsync`` on it
  before ``COMMIT`` returns. After ``kill -9`` or power loss the next opening replays the log; a
  half-written tail has a wrong checksum and is ignored, so an event is there entirely or not at
  all. The file itself and its folder are synced when they are made. (A disk that lies about
  ``fsync`` can still lose the last events; nothing above it can help that.)
- *Nothing is overwritten.* Triggers refuse every UPDATE and DELETE, every gap in the numbering and
  everything after finalisation. Each event holds a hash of all before it, and how many each reading
  has is noted with the last hash.
- *What is said together is saved together.* Each decision is an event of its own; those that were
  made in one go are one transaction, so that all of them are there or none.
- *Nothing is missing without a word.* All of that is checked when the file is opened. A file that
  is not whole is refused and stays as it is; :mod:`fusion.annotations.keeping.whole_copy` copies
  the rest.
- *What was sent is noted apart.* A final reading takes no event any more; what was sent of it to an
  archive, and what came of it, has a table of its own with hashes of its own, kept the same way.
- *Nobody is merged.* A change names the event it is based on. If another window or reader was
  first, nothing is written and a :class:`Conflict` comes back with both sides.

WAL needs memory shared between processes: the file has to be on a local disk, not on a network
share. A Journal is used by the thread that opened it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from fusion.annotations.changes import Change, Finalised, Opened, Redone, Undone
from fusion.annotations.changes.canonical import canonical
from fusion.annotations.changes.event import Event, chain
from fusion.annotations.keeping.sendings import Sending
from fusion.annotations.keeping.sent_table import add_row, contents_of
from fusion.annotations.keeping.storage import WAIT_S, Storage, default_path, write_event
from fusion.annotations.reading import Reading, not_finished, replay, unfinished
from fusion.annotations.study import StudyKey, changed_input
from fusion.annotations.target import same_name
from fusion.errors import AnnotationError
from fusion.findings import Finding, PersonName
from fusion.findings.readings import OTHER_READING, READ_UNDER_ANOTHER_UID
from fusion.json_form import to_json
from fusion.plain_text import plain
from fusion.software import own_version


@dataclass(frozen=True, slots=True)
class Saved:
    """A change that is on disk.

    Parameters
    ----------
    reading : Reading
        As it is now.
    """

    reading: Reading

    @property
    def event(self) -> Event:
        """What was saved."""
        return self.reading.events[-1]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A change that was not saved because somebody else was first; nothing is lost or merged.

    Parameters
    ----------
    mine : tuple of Change
        What was tried, together; to be shown, and decided anew by the reader.
    theirs : tuple of Event
        What was saved in between, by another window or reader.
    reading : Reading
        As it is now.
    """

    mine: tuple[Change, ...]
    theirs: tuple[Event, ...]
    reading: Reading

    @property
    def words(self) -> str:
        """The conflict in words, without hidden characters."""
        tried = "; ".join(change.words for change in self.mine)
        saved = "; ".join(event.words for event in self.theirs)
        return (
            f"Not saved: {tried}. Another window or reader changed this reading in the "
            f"meantime: {saved}. Look at what is there now and decide again."
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A reading that was begun or resumed.

    Parameters
    ----------
    reading : Reading
        As it is now.
    resumed : bool
        Whether it was begun earlier.
    findings : tuple of Finding
        Changed input, and other readings of the same study.
    """

    reading: Reading
    resumed: bool
    findings: tuple[Finding, ...]


class Journal:
    """All readings of one user; see the module for what is promised.

    Parameters
    ----------
    path : path, optional
        The file; made when absent, private to the user.
        :func:`fusion.annotations.keeping.storage.default_path` when not given.
    wait_s : float, s
        How long to wait for another program that is writing.

    Raises
    ------
    AnnotationError
        The file cannot be made, opened or trusted; it is left as it is.
    """

    def __init__(self, path: str | Path | None = None, *, wait_s: float = WAIT_S) -> None:
        self._storage = Storage(default_path() if path is None else Path(path), wait_s=wait_s)
        self._software_version = own_version()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._storage.path

    def close(self) -> None:
        """Close the file. Everything is saved already."""
        self._storage.close()

    def begin(self, study: StudyKey, *, reader: str) -> Session:
        """Return this reader's reading of a study: resumed, or begun when there is none.

        A finalised reading comes back as it is (see :meth:`addendum`); of several versions the
        last. A name that differs in capitals, full stops or blanks only is the same reader's.

        Parameters
        ----------
        study : StudyKey
            What was opened.
        reader : str
            Who reads.

        Raises
        ------
        AnnotationError
            The journal cannot be read or written.
        """
        reading = _own(self.readings(study.study_instance_uid), study, reader)
        resumed = reading is not None
        if reading is None:
            with self._storage.writing():
                # Once more, now that nobody else can write: another window may have begun it.
                reading = _own(self._readings(study.study_instance_uid), study, reader)
                resumed = reading is not None
                if reading is None:
                    reading = self._insert(Opened(study), reader=reader, study=study)
        findings = (
            *(changed_input(reading.study, study) if resumed else ()),
            *_about_others(reading, self.readings(study.study_instance_uid)),
            *self._same_pixels_elsewhere(study),
        )
        return Session(reading, resumed, findings)

    def addendum(self, reading: Reading, *, reader: str, reason: str, study: StudyKey) -> Reading:
        """Begin a new version of a finalised reading; the old one stays as it is.

        Targets and what was said about the spine are carried over, the checks have to be made
        anew.

        Parameters
        ----------
        reading : Reading
            Finalised, and not amended yet.
        reader : str
            Who amends.
        reason : str
            Why.
        study : StudyKey
            What is open now.

        Raises
        ------
        AnnotationError
            The reading is a draft, or has an addendum already.
        """
        if not reading.finalised:
            raise AnnotationError("Only a finalised reading has an addendum; change the draft.")
        opened = Opened(
            study=reading.study,
            version=reading.opened.version + 1,
            amends=reading.reading_id,
            amends_digest=reading.digest,
            carried=reading.records,
            said=reading.said,
            reason=reason,
        )
        with self._storage.writing():
            if self._storage.execute(
                "SELECT 1 FROM readings WHERE amends = ?", (reading.reading_id,)
            ).fetchone():
                raise AnnotationError(
                    f"Version {opened.version} of this reading exists already. Open that one."
                )
            return self._insert(opened, reader=reader, study=study)

    def adopt(self, reading: Reading) -> Reading:
        """Keep a reading of another journal, with all of its history as it is.

        Parameters
        ----------
        reading : Reading
            As :meth:`fusion.annotations.reading.Reading.from_json` gives it.

        Returns
        -------
        Reading
            The same; where the journal held it already, nothing is written.

        Raises
        ------
        AnnotationError
            The journal holds it with another history.
        """
        opened = reading.opened
        with self._storage.writing():
            known = {one for (one,) in self._storage.execute("SELECT reading_id FROM readings")}
            if reading.reading_id in known:
                if self._load(reading.reading_id).digest == reading.digest:
                    return reading
                raise AnnotationError(
                    "The journal holds this reading with another history. Nothing was changed; "
                    "keep both files and compare them."
                )
            self._storage.execute(
                "INSERT INTO readings VALUES (?, ?, ?, ?)",
                (
                    reading.reading_id,
                    opened.study.study_instance_uid,
                    opened.study.ct.pixels_sha256,
                    opened.amends if opened.amends in known else None,
                ),
            )
            previous = ""
            for event in reading.events:
                self._write(reading.reading_id, event, previous=previous)
                previous = event.chained(previous)
        return reading

    def append(
        self,
        reading: Reading,
        change: Change,
        *more: Change,
        reader: str,
        study: StudyKey,
        time: datetime | None = None,
    ) -> Saved | Conflict:
        """Save one change, or several together. When this returns :class:`Saved`, it is on disk.

        Parameters
        ----------
        reading : Reading
            What the change is based on, as shown to the reader.
        change, *more : Change
            What happened; each is an event of its own, and all of them are saved or none.
        reader : str
            Who did it.
        study : StudyKey
            What is open now.
        time : datetime, optional
            When; now by default.

        Raises
        ------
        AnnotationError
            A change is not possible, or could not be written; nothing was saved.
        """
        changes = (change, *more)
        when = time or datetime.now(UTC)
        after = reading
        with self._storage.writing():
            latest = self._storage.execute(
                "SELECT hash FROM events WHERE reading_id = ? ORDER BY sequence DESC LIMIT 1",
                (reading.reading_id,),
            ).fetchone()
            if latest != (reading.digest,):
                current = self._load(reading.reading_id)
                return Conflict(changes, current.events[reading.sequence :], current)
            for one in changes:
                if isinstance(one, Finalised) and (items := unfinished(after)):
                    raise AnnotationError(not_finished(items))
                event = Event(
                    sequence=after.sequence + 1,
                    time=when,
                    reader=reader,
                    software_version=self._software_version,
                    input_digest=study.digest,
                    change=one,
                )
                before, after = after, after.with_event(event)
                self._write(reading.reading_id, event, previous=before.digest)
        return Saved(after)

    def note_sending(self, sending: Sending) -> None:
        """Keep that results were sent, or how that ended; on disk when this returns.

        Raises
        ------
        AnnotationError
            The journal holds no such reading, or it could not be written.
        """
        with self._storage.writing():
            self._load(sending.reading_id)
            add_row(self._storage, sending.reading_id, sending.written())

    def sendings(self, reading_id: str) -> tuple[Sending, ...]:
        """Return what was sent of a reading, every try, in order.

        Raises
        ------
        AnnotationError
            The journal cannot be read.
        """
        with self._storage.reading():
            kept = contents_of(self._storage, reading_id)
        return tuple(Sending.read(json.loads(content)) for content in kept)

    def undo(
        self, reading: Reading, *, reader: str, study: StudyKey, count: int = 1
    ) -> Saved | Conflict:
        """Undo the last changes that count, together; each is an event like any other.

        Raises
        ------
        AnnotationError
            There is nothing to undo, or it could not be saved.
        """
        last = reading.done[: -count - 1 : -1]
        if not last:
            raise AnnotationError("There is nothing to undo.")
        undone = (Undone(event.sequence) for event in last)
        return self.append(reading, *undone, reader=reader, study=study)

    def redo(
        self, reading: Reading, *, reader: str, study: StudyKey, count: int = 1
    ) -> Saved | Conflict:
        """Redo what was undone last, together; each is an event like any other.

        Raises
        ------
        AnnotationError
            There is nothing to redo, or it could not be saved.
        """
        last = reading.undone[: -count - 1 : -1]
        if not last:
            raise AnnotationError("There is nothing to redo.")
        redone = (Redone(event.sequence) for event in last)
        return self.append(reading, *redone, reader=reader, study=study)

    def load(self, reading_id: str) -> Reading:
        """Return a reading as it is now, with all of its history.

        Raises
        ------
        AnnotationError
            It is not there, is damaged, or was written by a newer version.
        """
        with self._storage.reading():
            return self._load(reading_id)

    def readings(self, study_instance_uid: str | None = None) -> tuple[Reading, ...]:
        """Return the readings of one study, or all, in the order they were begun.

        Raises
        ------
        AnnotationError
            One of them is damaged or was written by a newer version.
        """
        with self._storage.reading():
            return self._readings(study_instance_uid)

    def _readings(self, study_instance_uid: str | None) -> tuple[Reading, ...]:
        found = self._storage.execute(
            "SELECT reading_id FROM readings WHERE ? IS NULL OR study_instance_uid = ? "
            "ORDER BY rowid",
            (study_instance_uid, study_instance_uid),
        ).fetchall()
        return tuple(self._load(reading_id) for (reading_id,) in found)

    def _load(self, reading_id: str) -> Reading:
        rows = self._storage.execute(
            "SELECT content, hash FROM events WHERE reading_id = ? ORDER BY sequence", (reading_id,)
        ).fetchall()
        if not rows:
            raise AnnotationError(f"The journal {self.path} does not hold this reading.")
        events: list[Event] = []
        previous = ""
        for content, stored in rows:
            previous = chain(previous, content)
            if previous != stored:
                raise AnnotationError(
                    f"Event {len(events) + 1} of a reading in {self.path} is not what was saved. "
                    "Keep the file as it is and restore a backup."
                )
            events.append(Event.read(json.loads(content)))
        return replay(reading_id, events)

    def _insert(self, opened: Opened, *, reader: str, study: StudyKey) -> Reading:
        event = Event(
            sequence=1,
            time=datetime.now(UTC),
            reader=reader,
            software_version=self._software_version,
            input_digest=study.digest,
            change=opened,
        )
        reading = replay(uuid.uuid4().hex, [event])
        self._storage.execute(
            "INSERT INTO readings VALUES (?, ?, ?, ?)",
            (
                reading.reading_id,
                opened.study.study_instance_uid,
                opened.study.ct.pixels_sha256,
                opened.amends or None,
            ),
        )
        self._write(reading.reading_id, event, previous="")
        return reading

    def _write(self, reading_id: str, event: Event, *, previous: str) -> None:
        content = canonical(to_json(event))
        write_event(self._storage, reading_id, content, chain(previous, content))

    def _same_pixels_elsewhere(self, study: StudyKey) -> tuple[Finding, ...]:
        with self._storage.reading():
            (count,) = self._storage.execute(
                "SELECT COUNT(*) FROM readings WHERE ct_pixels = ? AND study_instance_uid <> ?",
                (study.ct.pixels_sha256, study.study_instance_uid),
            ).fetchone()
        if not count:
            return ()
        return (READ_UNDER_ANOTHER_UID(count=count),)


def latest(readings: Iterable[Reading], study: StudyKey) -> tuple[Reading, ...]:
    """Return the last version of each reading of the same series, in the order they were begun."""
    known = tuple(readings)
    amended = {reading.opened.amends for reading in known}
    return tuple(
        reading
        for reading in known
        if reading.reading_id not in amended and reading.study.same_series(study)
    )


def versions_of(reading: Reading, readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Return a reading and those that it amends, the first version first.

    Parameters
    ----------
    reading : Reading
        One version.
    readings : iterable of Reading
        Of the same journal.
    """
    by_id = {one.reading_id: one for one in readings}
    found = [reading]
    while (before := by_id.get(found[0].opened.amends)) is not None:
        found.insert(0, before)
    return tuple(found)


def _own(known: tuple[Reading, ...], study: StudyKey, reader: str) -> Reading | None:
    """Return the last version of a reader's reading of these series; None when there is none."""
    amended_by = {reading.opened.amends: reading for reading in known}
    mine = [
        reading
        for reading in known
        if same_name(reading.reader, reader) and reading.study.same_series(study)
    ]
    if not mine:
        return None
    # The reading of exactly these data, else the one begun last.
    exact = [reading for reading in mine if reading.study.digest == study.digest]
    reading = (exact or mine)[-1]
    while reading.reading_id in amended_by:
        reading = amended_by[reading.reading_id]
    return reading


def _about_others(reading: Reading, known: tuple[Reading, ...]) -> tuple[Finding, ...]:
    """Return Findings about other readings of this study, which stand beside this one."""
    return tuple(
        OTHER_READING(
            reader=PersonName(plain(other.reader)),
            version=other.opened.version,
            state="final" if other.finalised else "draft",
            positive=len(other.positive),
        )
        for other in latest(known, reading.study)
        if other.reading_id != reading.reading_id
    )
