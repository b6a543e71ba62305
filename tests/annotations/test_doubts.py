"""What every export has to say about levels, and when nothing may be exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fusion.anatomy.joints import LEVELS, Joint, Side
from fusion.annotations.changes import (
    Finalised,
    NumberingConfirmed,
    PathwayLeftOut,
    TargetSaved,
    VertebraNamed,
)
from fusion.annotations.changes.checks import AlignmentReviewed
from fusion.annotations.deciding import decide, revise
from fusion.annotations.finishing import doubts_about_levels
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.errors import AnnotationError
from fusion.facets.localisation import Localisation, Numbering

from .necks import IN_USE, localised, spine
from .samples import LEFT_C5, READER, study

PROVISIONAL = replace(
    localised(),
    numbering=Numbering.PROVISIONAL,
    facets=tuple(replace(f, numbering=Numbering.PROVISIONAL) for f in localised().facets),
)
CONFIRMED = NumberingConfirmed(
    numbering="counted from C2 (dens)", anchor="C2", c2_in_field=True, t1_in_field=True
)


class Draft:
    """A reading in a journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.reading: Reading = journal.begin(study(), reader=READER).reading

    def say(self, change: Any) -> None:
        saved = self.journal.append(self.reading, change, reader=READER, study=study())
        assert isinstance(saved, Saved)
        self.reading = saved.reading

    def decide(self, localisation: Localisation, **how: Any) -> Target:
        target = decide(
            LEFT_C5,
            Decision.POSITIVE,
            reader=READER,
            origin=Origin.JOINT_CLICKED,
            spine=spine(),
            study=study(),
            registration=IN_USE,
            localisation=localisation,
            grade=2,
            note="none measured",
            clinically_concordant=Answer.YES,
            inside_operative_bed=Answer.NO,
            **how,
        )
        self.say(TargetSaved(target))
        return target

    def said(self, localisation: Localisation | None = None) -> list[str]:
        return [doubt.finding.code for doubt in doubts_about_levels(self.reading, localisation)]


@pytest.fixture
def draft(tmp_path: Path) -> Iterator[Draft]:
    with Journal(tmp_path / "journal.sqlite") as journal:
        yield Draft(journal)


def renumbered() -> Localisation:
    """The same neck with every joint called one level lower."""
    old = localised()
    facets = tuple(
        replace(
            old.facet(LEVELS[LEVELS.index(facet.joint.level) - 1], facet.joint.side),
            joint=facet.joint,
        )
        if facet.joint.level != LEVELS[0]
        else localised(outside=(facet.joint,)).facet(*_words(facet.joint))
        for facet in old.facets
    )
    midline = {
        level: old.midline_lps[LEVELS[n]] for n, level in enumerate(LEVELS[1:]) if level in LEVELS
    }
    return replace(old, facets=facets, midline_lps=midline, numbering=Numbering.CONFIRMED)


def _words(joint: Joint) -> tuple[str, Side]:
    return joint.level, joint.side


def test_nothing_is_said_where_nothing_is_doubtful(draft: Draft) -> None:
    assert doubts_about_levels(None) == ()
    assert draft.said(PROVISIONAL) == []  # no target, no level
    draft.decide(localised())
    assert draft.said() == []
    assert draft.said(localised()) == []


def test_provisional_levels_are_said_until_they_are_confirmed(draft: Draft) -> None:
    draft.decide(PROVISIONAL)
    (doubt,) = doubts_about_levels(draft.reading)
    assert doubt.finding.code == "levels-provisional"
    assert "Left C5-C6" in doubt.finding.message
    assert (doubt.word, doubt.joints) == ("PROVISIONAL", (LEFT_C5,))
    draft.say(CONFIRMED)
    assert draft.said() == []
    assert draft.said(PROVISIONAL) == []


def test_levels_that_became_provisional_are_said(draft: Draft) -> None:
    draft.decide(localised())
    assert draft.said(PROVISIONAL) == ["levels-provisional"]


def test_a_draft_with_another_label_now_is_not_handed_on(draft: Draft) -> None:
    draft.decide(localised())
    with pytest.raises(AnnotationError, match=r"Left C5-C6 \(now Left C6-C7\)"):
        doubts_about_levels(draft.reading, renumbered())


def test_a_final_reading_is_handed_on_with_what_the_anatomy_says_now(draft: Draft) -> None:
    draft.decide(localised())
    for change in (
        AlignmentReviewed.of(IN_USE, (0.0, 0.0, 0.0)),
        CONFIRMED,
        PathwayLeftOut("not asked"),
        Finalised(),
    ):
        draft.say(change)
    (doubt,) = doubts_about_levels(draft.reading, renumbered())
    assert "Left C5-C6 (now Left C6-C7)" in doubt.finding.message
    assert (doubt.word, doubt.joints) == ("DISPUTED", (LEFT_C5,))


def test_joints_that_contradict_each_other_leave_levels_unchecked(draft: Draft) -> None:
    draft.decide(localised())
    right = localised().facet("C5-C6", Side.RIGHT).center_lps
    assert draft.said(localised().with_moved({LEFT_C5: tuple(right)})) == ["levels-unchecked"]


def test_without_the_joints_a_target_from_before_a_new_numbering_is_said(draft: Draft) -> None:
    target = draft.decide(localised())
    draft.say(VertebraNamed("C6", target.point_lps))
    assert draft.said() == ["decided-on-another-numbering"]
    draft.say(TargetSaved(revise(target, reader=READER, spine=spine(), grade=3)))
    assert draft.said() == ["decided-on-another-numbering"]
    draft.say(VertebraNamed("C6", None))
    named = replace(
        localised(),
        facets=tuple(replace(f, numbering=Numbering.CONFIRMED) for f in localised().facets),
    )
    draft.decide(named, target_id=target.target_id)
    assert draft.said() == []
