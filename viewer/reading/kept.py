"""The reading on screen as the journal keeps it: who reads, what was said, and who was first.

Knows nothing of widgets. Whatever a reader says is an event in the journal before it is shown as
said; the state here is derived from the journal and from nothing else. When another window was
first, nothing is merged: :attr:`KeptReading.conflict` holds both sides and the reading as it is
now is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.events import EmitterGroup

from fusion.annotations import (
    AlignmentReviewed,
    Change,
    Conflict,
    Journal,
    Saved,
    StudyKey,
    check_name,
    default_path,
    latest,
    same_name,
)
from fusion.errors import AnnotationError
from viewer.reading.blinded import GIVES_AWAY
from viewer.reading.joints import check_change

if TYPE_CHECKING:
    from fusion.annotations import Reading
    from fusion.findings import Finding
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.joints import KnownJoints

#: What becomes of a change in the journal.
Attempt = Callable[[Journal, "Reading"], Saved | Conflict]


class KeptReading:
    """One reader's reading of the study on display, as it stands in the journal.

    Parameters
    ----------
    linked : LinkedPanes
        What shows the study.
    facets : KnownJoints
        The joints on its CT and the uptake at them.
    journal : Path, optional
        Where readings are kept; the journal of the user by default.
    blinded : bool
        Nothing of earlier readings is said.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``changed``: anything below changed. ``decided``, before it: a target was made, changed,
        re-labelled or removed.
    journal : Journal or None
        Where the reading is kept; None until :meth:`begin`.
    reader : str
        Who reads; empty until :meth:`begin`.
    reading : Reading or None
        As it stands in the journal; None until :meth:`begin`.
    resumed : bool
        Whether the reading was begun before this window.
    findings : tuple of Finding
        Changed input, and other readings of the study.
    others : tuple of Reading
        Readings of the same series by other readers, the last version of each.
    known : tuple of Reading
        Readings of the same series that were there when the study was opened, by whomever, the
        last version of each; see :meth:`look`.
    conflict : Conflict or None
        The change that was not saved because another window was first; until
        :meth:`dismiss_conflict`.
    """

    def __init__(
        self,
        linked: LinkedPanes,
        facets: KnownJoints,
        *,
        journal: Path | None = None,
        blinded: bool = False,
    ) -> None:
        self.events = EmitterGroup(source=self, changed=None, decided=None)
        self.reader = ""
        self.reading: Reading | None = None
        self.resumed = False
        self.findings: tuple[Finding, ...] = ()
        self.others: tuple[Reading, ...] = ()
        self.known: tuple[Reading, ...] = ()
        self.conflict: Conflict | None = None
        self.linked = linked
        self.facets = facets
        self._path = journal
        self.blinded = blinded
        self.journal: Journal | None = None
        self._was_reviewed = False
        self._study: Future[StudyKey] = _hashed(linked)
        linked.events.review.connect(self._on_review)
        facets.events.localisation.connect(self._on_facets)
        facets.events.assessment.connect(self._on_facets)

    # Beginning and ending

    @property
    def study(self) -> StudyKey:
        """What is open; waits until its voxels are hashed."""
        return self._study.result()

    @property
    def journal_path(self) -> Path | None:
        """The journal's file; None until :meth:`begin`."""
        return self.journal.path if self.journal else None

    def begin(self, reader: str) -> None:
        """Begin this reader's reading of the study, or resume it.

        What another reader said here before is saved, and stays as it is. A name that differs in
        capitals, full stops or blanks only is the same reader's, as it was written first.

        Raises
        ------
        AnnotationError
            No name, or the journal cannot be used.
        """
        check_name(reader)
        if self.reading is not None and same_name(reader, self.reader):
            return
        study = self.study
        journal = self.journal or Journal(self._path)
        self.journal = journal
        session = journal.begin(study, reader=reader)
        self.reader = session.reading.reader
        self.resumed = session.resumed
        self.findings = tuple(
            finding
            for finding in session.findings
            if not (self.blinded and finding.kind in GIVES_AWAY)
        )
        self._look_around(journal, session.reading)
        self._show(session.reading)

    def look(self) -> None:
        """Find what was read of this study before; nothing is written, and no file is made.

        Raises
        ------
        AnnotationError
            The journal cannot be read.
        """
        path = self._path or default_path()
        if self.reading is not None or not path.exists():
            return
        with Journal(path) as journal:
            review = self.linked.review.fused
            found = journal.readings(review.ct.source.study_instance_uid)
        amended = {reading.opened.amends for reading in found}
        series = (review.ct.source.series_instance_uid, review.spect.source.series_instance_uid)
        self.known = tuple(
            reading
            for reading in found
            if reading.reading_id not in amended
            and (reading.study.ct.series_instance_uid, reading.study.spect.series_instance_uid)
            == series
        )
        self.events.changed()

    def catch_up(self) -> None:
        """Show the reading as it is in the journal, where another window has changed it.

        Raises
        ------
        AnnotationError
            It was changed, and what is on screen now was not seen before; or the journal cannot
            be read.
        """
        if self.journal is None or self.reading is None:
            return
        shown, now = self.reading, self.journal.load(self.reading.reading_id)
        if now.digest == shown.digest:
            return
        said = "; ".join(event.words for event in now.events[shown.sequence :])
        self._look_around(self.journal, now)
        self._show(now)
        raise AnnotationError(
            f"Another window or reader changed this reading in the meantime: {said}. It is shown "
            "as it is now; look at it and try again."
        )

    def close(self) -> None:
        """Close the journal; everything is saved already."""
        self.linked.events.review.disconnect(self._on_review)
        self.facets.events.localisation.disconnect(self._on_facets)
        self.facets.events.assessment.disconnect(self._on_facets)
        if self.journal is not None:
            journal, self.journal = self.journal, None
            journal.close()

    # What there is

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        reading = self.reading
        return bool(reading and reading.done and not reading.finalised)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to redo."""
        reading = self.reading
        return bool(reading and reading.undone and not reading.finalised)

    @property
    def alignment_is_reviewed(self) -> bool:
        """Whether the reader looked at the very alignment that is in use."""
        event = self.reading.alignment if self.reading else None
        if event is None or not isinstance(event.change, AlignmentReviewed):
            return False
        return event.change.covers(self.linked.review.fused.registration)

    # What is saved

    def save(self, change: Change, *more: Change) -> None:
        """Save one change, or several together: all of them or none.

        Parameters
        ----------
        change, *more : Change
            What the reader said.

        Raises
        ------
        AnnotationError
            The sentence to show: a change contradicts the anatomy, nobody reads, the reading is
            final, somebody else was first, or the journal could not be written. Nothing was
            saved.
        """
        self._draft()
        for one in (change, *more):
            check_change(one, self.facets, self.linked.review.fused.ct.grid)
        self._append(
            lambda journal, reading: journal.append(
                reading, change, *more, reader=self.reader, study=self.study
            )
        )

    def undo(self, count: int = 1) -> None:
        """Undo the last changes, together."""
        self._append(
            lambda journal, reading: journal.undo(
                reading, reader=self.reader, study=self.study, count=count
            )
        )

    def redo(self, count: int = 1) -> None:
        """Redo what was undone last, together."""
        self._append(
            lambda journal, reading: journal.redo(
                reading, reader=self.reader, study=self.study, count=count
            )
        )

    def addendum(self, reason: str) -> None:
        """Begin a new version of the finalised reading; the old one stays as it is."""
        journal, reading = self._open()
        addendum = journal.addendum(reading, reader=self.reader, reason=reason, study=self.study)
        self._look_around(journal, addendum)
        self._show(addendum)

    def dismiss_conflict(self) -> None:
        """Forget the conflict: the reader has seen both sides."""
        self.conflict = None
        self.events.changed()

    # How

    def _open(self) -> tuple[Journal, Reading]:
        if self.journal is None or self.reading is None:
            raise AnnotationError("Nobody reads this study yet; enter the reader's name first.")
        return self.journal, self.reading

    def _draft(self) -> Reading:
        _, reading = self._open()
        if reading.finalised:
            raise AnnotationError(
                "This reading is finalised and cannot be changed. Make an addendum instead."
            )
        return reading

    def _append(self, attempt: Attempt) -> None:
        self._draft()
        journal, reading = self._open()
        result = attempt(journal, reading)
        if isinstance(result, Conflict):
            self.conflict = result
            self._look_around(journal, result.reading)
            self._show(result.reading)
            raise AnnotationError(result.words)
        self._show(result.reading)

    def _show(self, reading: Reading) -> None:
        """Show a reading as it is in the journal."""
        before, self.reading = self.reading, reading
        if before is None or before.said != reading.said:
            self.facets.apply(reading.said)
        self._mark_review()
        if before is None or before.records is not reading.records:
            self.events.decided()
        self.events.changed()

    def _mark_review(self) -> None:
        """Say in the Review, which is exported too, who reviewed the alignment in use."""
        if self.reading is None:
            return
        event, linked = self.reading.alignment, self.linked
        self._was_reviewed = self.alignment_is_reviewed
        by = event.reader if event and self._was_reviewed else None
        if linked.review.alignment_reviewed_by != by:
            linked.review = linked.review.with_alignment_reviewed(by)

    def _look_around(self, journal: Journal, reading: Reading) -> None:
        """Find the other readings of the study, as they are now."""
        known = journal.readings(reading.study.study_instance_uid)
        self.others = tuple(
            other
            for other in latest(known, reading.study)
            if other.reading_id != reading.reading_id
        )

    def _on_review(self) -> None:
        # Also at every step while the SPECT follows the mouse: no more than has to be.
        before = self._was_reviewed
        self._mark_review()
        if self._was_reviewed != before:
            self.events.changed()

    def _on_facets(self) -> None:
        self.events.changed()


def _hashed(linked: LinkedPanes) -> Future[StudyKey]:
    """Begin to hash every voxel, in a thread that ends when that is done."""
    worker = ThreadPoolExecutor(1, "study-key")
    future = worker.submit(StudyKey.of, linked.review.fused.ct, linked.review.fused.spect)
    worker.shutdown(wait=False)
    return future
