"""Readings in words: what changed, by whom, and nothing hidden; no window is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import NewLabel, Relabelled, TargetRemoved, TargetSaved
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.target import Answer, Decision, Target
from tests.annotations import samples
from viewer.reading.words import difference_of, history_lines, target_line

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
    told.save(TargetSaved(replace(target, grade=3)))
    told.undo()
    told.save(TargetSaved(replace(target, decision=Decision.NEGATIVE)))
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
    told.save(TargetSaved(replace(renamed, grade=1)))
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
