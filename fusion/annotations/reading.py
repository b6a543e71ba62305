"""A reading: everything one reader decided about one study, derived from its events.

:func:`replay` is a pure function of the events. Undo and redo are events: an undone event stays in
the history and no longer counts. Finalised is the last event that a reading can have.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from fusion.anatomy import JOINTS, Joint
from fusion.annotations.changes import (
    AlignmentReviewed,
    AnomalyRecorded,
    Finalised,
    JointMoved,
    NumberingConfirmed,
    Opened,
    PathwayAnswered,
    PathwayLeftOut,
    Record,
    Redone,
    Relabelled,
    TargetRemoved,
    TargetSaved,
    Undone,
    VertebraNamed,
)
from fusion.annotations.changes.event import Event
from fusion.annotations.changes.vertebrae import Anatomy, AnatomyForm, after
from fusion.annotations.rows import row_of
from fusion.annotations.snapshots import same_matrix
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Decision, Target
from fusion.errors import AnnotationError
from fusion.facets import SpineStatements
from fusion.json_form import to_json

#: Version of the JSON form; keys are only ever added.
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """The present state of a reading; made by :func:`replay` and :meth:`with_event` only.

    Parameters
    ----------
    reading_id : str
        Identifier in the journal.
    events : tuple of Event
        All of its history.
    digest : str
        Hash of all of its history.
    records : tuple of Record
        Present Targets with the data that each was decided on, in the order they were first made.
    alignment, numbering, pathway : Event or None
        The event that settled each check; None while open.
    done, undone : tuple of Event
        What can be undone (last first to go) and redone (last first to come back).
    said : SpineStatements
        What the reader said of the spine.
    """

    reading_id: str
    events: tuple[Event, ...]
    digest: str
    records: tuple[Record, ...] = ()
    alignment: Event | None = None
    numbering: Event | None = None
    pathway: Event | None = None
    done: tuple[Event, ...] = ()
    undone: tuple[Event, ...] = ()
    said: SpineStatements = field(default_factory=SpineStatements)

    @property
    def sequence(self) -> int:
        """Number of the last event; what a change is based on."""
        return self.events[-1].sequence

    @property
    def opened(self) -> Opened:
        """How the reading began."""
        change = self.events[0].change
        if not isinstance(change, Opened):
            raise AnnotationError("A reading does not begin with being opened; it was changed.")
        return change

    @property
    def study(self) -> StudyKey:
        """What was opened when the reading began."""
        return self.opened.study

    @property
    def reader(self) -> str:
        """Who began the reading."""
        return self.events[0].reader

    @property
    def targets(self) -> tuple[Target, ...]:
        """The present Targets."""
        return tuple(record.target for record in self.records)

    @property
    def positive(self) -> tuple[Target, ...]:
        """The present Targets that are positive."""
        return tuple(t for t in self.targets if t.decision is Decision.POSITIVE)

    @property
    def finalised(self) -> Event | None:
        """The event that made the reading final; None for a draft."""
        return self.events[-1] if isinstance(self.events[-1].change, Finalised) else None

    def target_at(self, joint: Joint) -> Target | None:
        """Return the Target of a joint."""
        return next((target for target in self.targets if target.joint == joint), None)

    def history_of(self, target_id: str) -> tuple[Event, ...]:
        """Return every event that made, changed, re-labelled or removed one Target."""
        return tuple(event for event in self.events if target_id in _touched(event))

    def with_event(self, event: Event) -> Reading:
        """Return the reading after one more event.

        Raises
        ------
        AnnotationError
            The event cannot follow: the reading is final, the number is not the next one, there
            is nothing to undo, or the Targets would contradict each other.
        """
        if self.finalised:
            raise AnnotationError(
                "This reading is finalised and cannot be changed. Make an addendum instead."
            )
        if event.sequence != self.sequence + 1:
            raise AnnotationError(
                f"Event {event.sequence} cannot follow event {self.sequence} of a reading."
            )
        after = replace(self, events=(*self.events, event), digest=event.chained(self.digest))
        change = event.change
        if isinstance(change, Undone):
            if not self.done or self.done[-1].sequence != change.sequence:
                raise AnnotationError("There is nothing to undo, or something was done since.")
            return after._rebuilt(self.done[:-1], (*self.undone, self.done[-1]))
        if isinstance(change, Redone):
            if not self.undone or self.undone[-1].sequence != change.sequence:
                raise AnnotationError("There is nothing to redo, or something was done since.")
            return after._rebuilt((*self.done, self.undone[-1]), self.undone[:-1])
        if isinstance(change, Finalised):
            return after
        return replace(after._applied(event), done=(*self.done, event), undone=())

    def _rebuilt(self, done: tuple[Event, ...], undone: tuple[Event, ...]) -> Reading:
        state = replace(
            self,
            records=self.opened.carried,
            said=self.opened.said,
            alignment=None,
            numbering=None,
            pathway=None,
        )
        for event in done:
            state = state._applied(event)
        return replace(state, done=done, undone=undone)

    def _applied(self, event: Event) -> Reading:
        change = event.change
        if isinstance(change, TargetSaved):
            return self._with_records((Record(change.target, event.input_digest),))
        if isinstance(change, TargetRemoved):
            self._require(change.target_id)
            kept = tuple(r for r in self.records if r.target.target_id != change.target_id)
            return replace(self, records=kept)
        if isinstance(change, Relabelled):
            return self._with_labels(change)
        if isinstance(change, AlignmentReviewed):
            return replace(self, alignment=event)
        if isinstance(change, NumberingConfirmed):
            return replace(self, numbering=event)
        if isinstance(change, JointMoved):
            return replace(self, said=after(self.said, change))
        if isinstance(change, VertebraNamed | AnomalyRecorded):
            said = after(self.said, change)
            if said.dismissed != self.said.dismissed and said.naming == self.said.naming:
                return replace(self, said=said)
            # Another numbering than the one that was confirmed may follow from it.
            return replace(self, said=said, numbering=None)
        if isinstance(change, PathwayAnswered | PathwayLeftOut):
            return replace(self, pathway=event)
        raise AnnotationError("A reading is opened once only; its events were changed.")

    def _with_labels(self, change: Relabelled) -> Reading:
        changed = []
        for new in change.changes:
            record = self._require(new.target.target_id)
            if record.target.joint != new.before:
                raise AnnotationError(
                    f"A target to be re-labelled is {record.target.joint.name} now, not "
                    f"{new.before.name}. Look again at what would change."
                )
            if record.target.point_lps != new.target.point_lps:
                raise AnnotationError("Re-labelling cannot move a target.")
            changed.append(Record(new.target, record.input_digest))
        return self._with_records(tuple(changed))

    def _with_records(self, changed: tuple[Record, ...]) -> Reading:
        by_id = {record.target.target_id: record for record in self.records}
        by_id.update({record.target.target_id: record for record in changed})
        joints: set[Joint] = set()
        frame = self.study.ct.frame_of_reference_uid
        for record in by_id.values():
            target = record.target
            if target.joint in joints:
                raise AnnotationError(
                    f"{target.joint.name} has a target already; change that one. Nothing was saved."
                )
            if target.frame_of_reference_uid != frame:
                raise AnnotationError(
                    "The target's point is in another coordinate system (DICOM Frame of Reference) "
                    "than the CT of this reading. Nothing was saved."
                )
            joints.add(target.joint)
        return replace(self, records=tuple(by_id.values()))

    def _require(self, target_id: str) -> Record:
        for record in self.records:
            if record.target.target_id == target_id:
                return record
        raise AnnotationError("The target is not there any more. Nothing was changed.")

    def to_dataframe(self) -> Any:
        """Return the decisions as a pandas DataFrame, a row for each, from the skull down.

        Columns are ``joint``, ``level``, ``side``, the version and state of the reading, and those
        of :func:`fusion.annotations.row_of`; numbers have all of their digits, points are in the
        CT's frame, LPS mm.

        Raises
        ------
        AnnotationError
            pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as exc:
            raise AnnotationError("A table needs the package pandas: pip install pandas.") from exc
        about = {
            "version": self.opened.version,
            "status": "final" if self.finalised else "draft",
        }
        rows = [
            {
                "joint": target.joint.name,
                "level": target.joint.level,
                "side": target.joint.side.value,
                **about,
                **row_of(target),
            }
            for target in sorted(self.targets, key=lambda one: JOINTS.index(one.joint))
        ]
        return pandas.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: the history, and the present state for those who only read."""
        content: dict[str, Any] = to_json(ReadingDocument.of(self))
        return content

    @classmethod
    def from_json(cls, value: Any) -> Reading:
        """Return what :meth:`to_json` wrote; the history alone decides.

        Raises
        ------
        AnnotationError
            Not a reading, of a newer version, or changed since.
        """
        try:
            if value["schema_version"] > SCHEMA_VERSION:
                raise AnnotationError("The reading was written by a newer version of this program.")
            reading = replay(str(value["reading_id"]), map(Event.read, value["events"]))
            # Written before what is said about the spine was kept: nothing was said.
            nothing = to_json(AnatomyForm.of(SpineStatements()))
            intact = reading.to_json() == {"anatomy": nothing, **value}
        except (LookupError, TypeError, RecursionError) as exc:
            raise AnnotationError("This is no reading of this program, or is damaged.") from exc
        if not intact:
            raise AnnotationError("The reading was changed after it was written; it is not used.")
        return reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDocument:
    """What of a reading stands in ``reading.json``.

    Parameters
    ----------
    schema_version : int
        Version of this form; keys are only ever added.
    reading_id : str
        Identifier in the journal.
    version : int
        1, or one more than the version that this one amends.
    amends : str or None
        Identifier of that reading; null for version 1.
    status : str
        Whether it is final.
    study : StudyKey
        What was opened when the reading began.
    anatomy : SpineStatements
        What the reader said about the spine, in the CT's frame, LPS mm.
    targets : tuple of Target
        The present ones.
    events : tuple of Event
        All that happened, in order.
    digest : str
        Hash of the whole history; a reading that was changed by hand is refused.
    """

    schema_version: int
    reading_id: str
    version: int
    amends: str | None
    status: Literal["draft", "final"]
    study: StudyKey
    anatomy: Anatomy
    targets: tuple[Target, ...]
    events: tuple[Event, ...]
    digest: str

    @classmethod
    def of(cls, reading: Reading) -> ReadingDocument:
        """Return it for a reading as it is now."""
        return cls(
            schema_version=SCHEMA_VERSION,
            reading_id=reading.reading_id,
            version=reading.opened.version,
            amends=reading.opened.amends or None,
            status="final" if reading.finalised else "draft",
            study=reading.study,
            anatomy=reading.said,
            targets=reading.targets,
            events=reading.events,
            digest=reading.digest,
        )


def replay(reading_id: str, events: Iterable[Event]) -> Reading:
    """Derive the present state of a reading from its history.

    Parameters
    ----------
    reading_id : str
        Identifier in the journal.
    events : iterable of Event
        All of them, in order.

    Raises
    ------
    AnnotationError
        No history that this program can have written.
    """
    history = tuple(events)
    if not history or history[0].sequence != 1:
        raise AnnotationError("A reading has no beginning; its events were changed.")
    first = history[0]
    reading = Reading(reading_id, (first,), first.chained(""))
    opened = reading.opened
    reading = replace(reading, records=opened.carried, said=opened.said)
    for event in history[1:]:
        reading = reading.with_event(event)
    return reading


class Lacking(StrEnum):
    """What a reading may lack something about."""

    ALIGNMENT = "alignment"
    LEVELS = "levels"
    JOINT = "joint"
    PATHWAY = "pathway"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a reading lacks before it can be final.

    Parameters
    ----------
    words : str
        A sentence without a full stop.
    about : Lacking
        What it is about.
    joint : Joint or None
        Which, where it is about one.
    """

    words: str
    about: Lacking
    joint: Joint | None = None


#: What a reading lacks at first, whoever reads.
NOT_BEGUN = (
    Lack("The alignment of the two images has not been reviewed", Lacking.ALIGNMENT),
    Lack("The numbering of the levels has not been confirmed", Lacking.LEVELS),
    Lack("The pathway has been neither answered nor explicitly left out", Lacking.PATHWAY),
)


def unfinished(reading: Reading) -> tuple[Lack, ...]:
    """Return what a reading lacks before it can be finalised, as far as it shows by itself.

    :func:`fusion.annotations.finishing.lacks` asks the anatomy and the opened data as well.

    Parameters
    ----------
    reading : Reading
        A draft.

    Returns
    -------
    tuple of Lack
        Empty when nothing is missing.
    """
    no_alignment, no_numbering, no_pathway = NOT_BEGUN
    found = []
    if reading.alignment is None:
        found.append(no_alignment)
    else:
        change = reading.alignment.change
        assert isinstance(change, AlignmentReviewed)
        reviewed = change.registration.matrix
        found += [
            lack_at(target.joint, "decided on another alignment than the one that was reviewed")
            for target in reading.targets
            # A bent neck has a matrix for each place; `finishing.lacks` compares them.
            if not same_matrix(target.registration.matrix, reviewed) and not change.bent
        ]
    if reading.numbering is None:
        found.append(no_numbering)
    for target in reading.targets:
        found += [Lack(words, Lacking.JOINT, target.joint) for words in target.missing]
    if reading.pathway is None:
        found.append(no_pathway)
    return tuple(found)


def lack_at(joint: Joint, words: str) -> Lack:
    """Return what is lacking at a joint, which it names."""
    return Lack(f"{joint.name}: {words}", Lacking.JOINT, joint)


def not_finished(items: Iterable[Lack]) -> str:
    """Return the sentence that lists what is missing."""
    return f"The reading is not finalised. Missing: {'; '.join(item.words for item in items)}."


def _touched(event: Event) -> tuple[str, ...]:
    change = event.change
    if isinstance(change, TargetSaved):
        return (change.target.target_id,)
    if isinstance(change, TargetRemoved):
        return (change.target_id,)
    if isinstance(change, Relabelled):
        return tuple(new.target.target_id for new in change.changes)
    if isinstance(change, Opened):
        return tuple(record.target.target_id for record in change.carried)
    return ()
