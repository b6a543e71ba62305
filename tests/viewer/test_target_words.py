"""Targets in words: what changed, by whom, and nothing hidden; no window is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import NewLabel, Relabelled, TargetRemoved, TargetSaved
from fusion.annotations.deciding import revise
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.snapshots import RegistrationSnapshot
from fusion.annotations.target import Answer, Decision, Target
from fusion.uptake.proposals import Proposal
from tests.annotations import samples
from viewer.kit.choice import plain_lines, plain_tip
from viewer.targets.beginning import placed
from viewer.targets.words import (
    difference_of,
    history_lines,
    is_certain,
    level_text,
    proposal_status,
    proposal_words,
    shortened,
    target_line,
    uncertainty_text,
    uptake_text,
)

LEFT_C4 = Joint("C4-C5", Side.LEFT)


class Told:
    """A reading in a real journal, and what is told about it."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.reading: Reading = self.journal.begin(samples.study(), reader=samples.READER).reading

    def save(self, change: object) -> None:
        result = self.journal.append(
            self.reading, change, reader=samples.READER, study=samples.study()
        )
        assert isinstance(result, Saved)
        self.reading = result.reading

    def undo(self) -> None:
        done = self.journal.undo(self.reading, reader=samples.READER, study=samples.study())
        self.reading = done.reading

    def redo(self) -> None:
        done = self.journal.redo(self.reading, reader=samples.READER, study=samples.study())
        self.reading = done.reading

    def lines(self, target_id: str = "") -> list[str]:
        """What is told, without number, time and reader."""
        return [
            line.split(f"{samples.READER}: ", 1)[1]
            for line in history_lines(self.reading, target_id)
        ]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    told = Told(tmp_path / "journal.sqlite")
    yield told
    told.journal.close()


def test_a_history_tells_what_changed_undone_and_redone(told: Told) -> None:
    target, other = samples.target(), samples.target(LEFT_C4)
    told.save(TargetSaved(target))
    told.save(TargetSaved(other))
    told.save(TargetSaved(revise(target, reader=samples.READER, grade=3)))
    told.undo()
    told.save(TargetSaved(revise(target, reader=samples.READER, decision=Decision.NEGATIVE)))
    told.undo()
    told.redo()
    told.save(TargetRemoved(target.target_id, target.joint))
    told.undo()
    assert told.lines(target.target_id) == [
        f"made: {target_line(target)}",
        "Left C5-C6: grade 2 → grade 3",
        "number 4 undone",
        # Compared with what was there after the undo, not with what was undone.
        "Left C5-C6: positive → negative",
        "number 6 undone",
        "number 6 redone",
        "Left C5-C6 removed",
        "number 9 undone",
    ]
    everything = told.lines()
    assert len(everything) == len(told.reading.events)
    assert f"made: {target_line(other)}" in everything


def test_both_labels_are_told_after_a_relabelling(told: Told) -> None:
    target = samples.target()
    told.save(TargetSaved(target))
    moved = samples.placement(LEFT_C4, point_lps=target.point_lps)
    renamed = target.relabelled(moved, samples.localisation("confirmed"))
    told.save(Relabelled((NewLabel(target.joint, renamed),), "a block vertebra"))
    told.save(TargetSaved(revise(renamed, reader=samples.READER, grade=1)))
    lines = told.lines(target.target_id)
    assert "Left C5-C6 is now Left C4-C5 (a block vertebra)" in lines[1]
    assert lines[2] == "Left C4-C5: grade 2 → grade 1"


def changed(**changes: object) -> Target:
    return samples.target(target_id="0" * 32, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clinically_concordant": None}, "matches the pain: yes → –"),
        ({"inside_operative_bed": Answer.NOT_RECORDED}, "in operative bed: no → not recorded"),
        ({"note": ""}, "note: taken away"),
        ({"note": "a\u202eb"}, "note: ab"),
        ({"uptake": None}, "uptake measured again"),
        ({}, "looked at again, nothing changed"),
        (
            {"placement": samples.placement(point_lps=(17.0, 3.0, -72.0))},
            "moved by 3.0 mm to L 17.0  P 3.0  F 72.0 mm",
        ),
    ],
)
def test_what_changed_is_named(changes: dict, words: str) -> None:
    assert difference_of(changed(), changed(**changes)) == f"Left C5-C6: {words}"


def test_what_is_not_known_is_not_written_as_a_number() -> None:
    unknown = RegistrationSnapshot(matrix=samples.IDENTITY, method="manual", uncertainty_mm=None)
    target = samples.target(registration=unknown, uptake=None)
    assert uncertainty_text(target) == "SPECT ?\njoint 1.2"
    assert uptake_text(target) == "not\nmeasured"


def test_a_provisional_level_is_marked_until_the_reader_vouches_for_it() -> None:
    target = samples.target(localisation=samples.localisation("provisional"))
    assert level_text(target, None, confirmed=False, provisional=False) == "provisional"
    assert level_text(target, None, confirmed=True, provisional=False) == ""
    # Decided while the levels were sure, which they are no more.
    sure = samples.target(localisation=samples.localisation("sure"))
    assert level_text(sure, None, confirmed=False, provisional=False) == ""
    assert level_text(sure, None, confirmed=False, provisional=True) == "provisional"
    assert level_text(sure, None, confirmed=True, provisional=True) == ""
    between = samples.placement(margin_mm=1.0)
    doubtful = samples.target(decision=Decision.INDETERMINATE, placement=between)
    assert level_text(doubtful, None, confirmed=True, provisional=False) == "or C6-C7?"
    assert target_line(doubtful).startswith("Left C5-C6 or C6-C7? indeterminate")


def proposal(numbering: str, joint: Joint | None = LEFT_C4) -> Proposal:
    return Proposal(
        joint=joint,
        candidates=(LEFT_C4,),
        place="Left C4-C5",
        certain=joint is not None,
        grade=2,
        numbering=numbering,
        joint_status="found",
        point_lps=np.zeros(3),
        value=90.0,
        unit="counts",
        ratio_to_reference=2.1,
        spill_in=0.0,
        registration_mm=1.0,
        localisation_mm=1.2,
        combined_mm=1.6,
        margin_mm=5.0,
        uptake=None,
        reason="",
    )


def test_a_proposal_at_a_provisional_level_is_never_shown_as_certain() -> None:
    assert proposal_status(proposal("sure")) == "one joint"
    assert "PROVISIONAL" not in proposal_words(proposal("sure"))
    assert is_certain(proposal("sure"))
    doubtful = proposal("provisional")
    assert proposal_status(doubtful) == "level?"
    assert "PROVISIONAL" in proposal_words(doubtful)
    assert not is_certain(doubtful)
    assert "PROVISIONAL" in proposal_words(proposal("provisional", None))


def test_long_and_hidden_text_is_made_harmless() -> None:
    assert shortened("x" * 10_000).replace("\u200b", "") == f"{'x' * 238} …"
    assert max(map(len, shortened("x" * 10_000).split("\u200b"))) < 30
    assert shortened("/home/" + "verylong" * 3) == "/home/" + "verylong" * 3
    assert shortened("a\u202eb\x00\nc") == "ab c"
    assert plain_lines("one\u2066\ntwo\x1b") == "one\ntwo"
    assert plain_tip("<b>&") == "<span>&lt;b&gt;&amp;</span>"


def test_a_point_says_where_it_was_placed() -> None:
    beginning = placed((17.0, -3.0, 5.0), registration=None)
    assert beginning.words == "Point placed at the crosshair: L 17.0  A 3.0  H 5.0 mm"
