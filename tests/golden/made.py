"""Readings made once, through the core: the only place here that knows the rooms of ``fusion``.

One reader says everything that can be said and takes some of it back, finalises and amends; a
second leaves a draft. What follows from it is frozen by the tests beside this module.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import (
    AlignmentReviewed,
    AnomalyRecorded,
    Change,
    JointMoved,
    PathwayLeftOut,
    TargetRemoved,
    TargetSaved,
    VertebraNamed,
)
from fusion.annotations.deciding import decide, revise
from fusion.annotations.finishing import confirming_numbering, finalise, relabelling
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.renumbering import label_changes
from fusion.annotations.snapshots import Measured
from fusion.annotations.spine import Spine
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.cli import main
from fusion.facets import Localisation, locate_in
from fusion.facets.automatic.neck import find_neck
from fusion.uptake.proposals import Quantification, assess

READER, OTHER_READER = "Dr. Åsa Öberg", "R. Eader"
FIRST_DECISION = datetime(2026, 11, 2, 8, 0, 0, 123456, tzinfo=UTC)
FACTS = Path(__file__).parent / "facts_2026_11.toml"
ODD_NOTE = '=1+1 <b>next to</b> the osteophyte\n\u202eback\u202c to front, µ and 漢字 \\ "quoted"'

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Facets:
    """Joints of a CT as they are numbered now, and what was measured there."""

    localisation: Localisation
    spine: Spine
    measured: Quantification


class Desk:
    """A study that is open, with a reading of it: what the window does, without the window."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.review = fusion.open_study(path)
        self.neck = find_neck(self.review.fused.ct)
        self.study = StudyKey.of(self.review.fused.ct, self.review.fused.spect)
        self._known: dict[str, Facets] = {}
        self._minutes = 0

    @contextlib.contextmanager
    def reads(self, reader: str, journal: Path) -> Iterator[None]:
        """Begin or resume a reading."""
        with Journal(journal) as self.journal:
            self.reader = reader
            self.reading: Reading = self.journal.begin(self.study, reader=reader).reading
            self.facets = self._located()
            yield

    def _located(self) -> Facets:
        assert self.neck is not None
        said = self.reading.said
        known = repr(said)
        if known not in self._known:
            found = locate_in(self.neck, said)
            review = self.review
            measured = assess(
                found.facets, review.fused.spect, review.fused.registration, ct=review.fused.ct
            )
            self._known[known] = Facets(found, Spine.of(found), measured)
        return self._known[known]

    def say(self, *changes: Change) -> None:
        before = self.reading.said
        for change in changes:
            self._keep(
                self.journal.append(self.reading, change, reader=self.reader, study=self.study)
            )
        if before != self.reading.said:
            self.facets = self._located()

    def _keep(self, saved: object) -> None:
        assert isinstance(saved, Saved)
        self.reading = saved.reading

    def undo(self) -> None:
        self._keep(self.journal.undo(self.reading, reader=self.reader, study=self.study))

    def redo(self) -> None:
        self._keep(self.journal.redo(self.reading, reader=self.reader, study=self.study))

    def center(self, joint: Joint) -> Point:
        return self.facets.spine.centers_lps[joint]

    def decide(self, joint: Joint, decision: Decision, **answers: Any) -> None:
        uptake = self.facets.measured.uptake_of(joint)
        target = decide(
            joint,
            decision,
            reader=self.reader,
            spine=self.facets.spine,
            study=self.study,
            registration=self.review.fused.registration,
            localisation=self.facets.localisation,
            **{
                "origin": Origin.JOINT_CLICKED,
                "uptake": None if uptake is None else Measured.of_uptake(uptake),
                **answers,
            },
        )
        self.say(TargetSaved(self._at_its_minute(target)))

    def revise(self, joint: Joint, **changes: Any) -> None:
        target = self.reading.target_at(joint)
        assert target is not None
        changed = revise(target, reader=self.reader, spine=self.facets.spine, **changes)
        self.say(TargetSaved(self._at_its_minute(changed)))

    def _at_its_minute(self, target: Target) -> Target:
        """Return a decision of a minute of its own: those of one minute share a sentence."""
        self._minutes += 1
        return replace(target, time=FIRST_DECISION + timedelta(minutes=self._minutes))

    def remove(self, joint: Joint) -> None:
        target = self.reading.target_at(joint)
        assert target is not None
        self.say(TargetRemoved(target.target_id, joint))

    def consent(self, reason: str) -> None:
        changes = label_changes(self.reading.targets, spine=self.facets.spine)
        self.say(relabelling(changes, localisation=self.facets.localisation, reason=reason))

    def confirm(self, note: str) -> None:
        self.say(
            AlignmentReviewed.of(
                self.review.fused.registration, self.review.fused.focus_lps, note=note
            ),
            confirming_numbering(self.facets.localisation, said=self.reading.said, note=note),
        )

    def finalise(self) -> None:
        self._keep(
            finalise(
                self.journal,
                self.reading,
                reader=self.reader,
                spine=self.facets.spine,
                study=self.study,
                registration=self.review.fused.registration,
            )
        )

    def amend(self, reason: str) -> None:
        self.reading = self.journal.addendum(
            self.reading, reader=self.reader, reason=reason, study=self.study
        )

    def answer_pathway(self) -> None:
        """Through the command line, which stores it with the reader's reading."""
        answering = ("--reader", self.reader, "--journal", self.journal.path)
        run("pathway", FACTS, "--study", self.path, *answering)
        self.reading = self.journal.load(self.reading.reading_id)


def run(*argv: object) -> str:
    """What ``facetfusion`` prints; it has to succeed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert main([str(arg) for arg in argv]) == 0
    return out.getvalue()


def _between(one: Point, other: Point, part: float) -> Point:
    x, y, z = (float(v) for v in (1 - part) * np.array(one) + part * np.array(other))
    return x, y, z


def _shifted(point: Point, shift: Point) -> Point:
    x, y, z = (a + b for a, b in zip(point, shift, strict=True))
    return x, y, z


LEFT_C5, RIGHT_C5 = Joint("C5-C6", Side.LEFT), Joint("C5-C6", Side.RIGHT)
LEFT_C6, RIGHT_C6 = Joint("C6-C7", Side.LEFT), Joint("C6-C7", Side.RIGHT)
LEFT_C4, RIGHT_C4 = Joint("C4-C5", Side.LEFT), Joint("C4-C5", Side.RIGHT)
RIGHT_C2, LEFT_C7 = Joint("C2-C3", Side.RIGHT), Joint("C7-T1", Side.LEFT)
YES, NO = Answer.YES, Answer.NO


def first_version(desk: Desk) -> None:
    """Record everything that can be said of the sample study, and finalise it."""
    proposals = {
        proposal.joint: proposal.point_lps
        for proposal in desk.facets.measured.proposals
        if proposal.joint is not None
    }
    middle = [
        _between(desk.center(Joint(level, Side.LEFT)), desk.center(Joint(level, Side.RIGHT)), 0.5)
        for level in ("C1-C2", "C2-C3")
    ]
    second = _shifted(_between(middle[0], middle[1], 0.5), (0.0, -12.0, 0.0))
    # Named wrongly at first: every level moves by one, a target is decided, and then put right.
    desk.say(VertebraNamed("C3", second))
    desk.decide(
        LEFT_C6,
        Decision.POSITIVE,
        origin=Origin.PROPOSAL_ACCEPTED,
        point_lps=proposals[LEFT_C5],
        grade=2,
        note="accepted",
    )
    desk.say(VertebraNamed("C3", None), VertebraNamed("C2", second))
    desk.consent("C3 was clicked where C2 is")
    desk.revise(LEFT_C5, decision=Decision.INDETERMINATE, grade=None)
    desk.revise(
        LEFT_C5,
        decision=Decision.POSITIVE,
        grade=3,
        clinically_concordant=YES,
        inside_operative_bed=NO,
        note=ODD_NOTE,
    )
    desk.decide(
        RIGHT_C2,
        Decision.POSITIVE,
        origin=Origin.PROPOSAL_ACCEPTED,
        point_lps=proposals[RIGHT_C2],
        grade=3,
        clinically_concordant=Answer.NOT_RECORDED,
        inside_operative_bed=NO,
    )
    desk.say(
        AnomalyRecorded("cervical rib", note="small, on the left"),
        AnomalyRecorded("fused", "C3-C4", note="block vertebra"),
        AnomalyRecorded("cervical rib", withdrawn=True),
        JointMoved(RIGHT_C4, _shifted(desk.center(RIGHT_C4), (-1.0, 0.5, 0.25))),
        JointMoved(LEFT_C6, _shifted(desk.center(LEFT_C6), (0.5, 0.0, 0.0))),
        JointMoved(LEFT_C6, None),
    )
    desk.decide(RIGHT_C5, Decision.NEGATIVE, grade=0)
    desk.decide(
        LEFT_C4,
        Decision.INDETERMINATE,
        origin=Origin.POINT_PLACED,
        point_lps=_between(desk.center(LEFT_C4), desk.center(LEFT_C5), 0.45),
        grade=1,
    )
    desk.decide(LEFT_C7, Decision.POSITIVE, grade=1, note="a vessel, not the joint")
    desk.remove(LEFT_C7)
    desk.decide(RIGHT_C6, Decision.NEGATIVE, grade=0, uptake=None)
    desk.undo()
    desk.redo()
    desk.undo()
    desk.decide(RIGHT_C4, Decision.NEGATIVE, grade=1)
    desk.say(PathwayLeftOut("facts not at hand yet"))
    desk.confirm("looked at in three planes")
    desk.answer_pathway()
    desk.finalise()


def addendum(desk: Desk) -> None:
    """Amend the first version; the pathway is left out this time."""
    desk.amend("seen again with the surgeon")
    desk.revise(RIGHT_C2, decision=Decision.INDETERMINATE, grade=2, note="near the lamina")
    desk.confirm("again")
    desk.say(PathwayLeftOut("the facts did not change"))
    desk.finalise()


def read_sample(study: Path, folder: Path) -> dict[str, Path]:
    """Read the sample study; returns two journals.

    ``final`` holds the first version, ``all`` its addendum as well, and the draft of another
    reader, who reviewed and confirmed nothing.
    """
    final, everything = folder / "final.sqlite", folder / "all.sqlite"
    desk = Desk(study)
    with desk.reads(READER, final):
        first_version(desk)
    shutil.copy(final, everything)
    with desk.reads(READER, everything):
        addendum(desk)
    with desk.reads(OTHER_READER, everything):
        desk.decide(LEFT_C5, Decision.POSITIVE, grade=2)
    return {"final": final, "all": everything}


def read_real(study: Path, journal: Path) -> None:
    """Decide about three joints that are found on the real study; the decisions are made up."""
    desk = Desk(study)
    with desk.reads(OTHER_READER, journal):
        for joint, decision, grade in (
            (RIGHT_C6, Decision.POSITIVE, 1),
            (LEFT_C5, Decision.NEGATIVE, 0),
            (LEFT_C7, Decision.INDETERMINATE, None),
        ):
            desk.decide(
                joint,
                decision,
                grade=grade,
                clinically_concordant=NO,
                inside_operative_bed=NO,
                note="made up",
            )
        desk.confirm("made up")
        desk.say(PathwayLeftOut("made up"))
        desk.finalise()
