"""Sentences that have to be said are said, in these words, wherever they are made."""

from __future__ import annotations

import pytest

import fusion.software
import sample_data
from fusion.anatomy.joints import Joint, Side
from fusion.annotations.blocks import plan_blocks
from fusion.annotations.target import Decision
from fusion.pathway.facts.facts import Facts
from fusion.pathway.statements import published_pathway
from fusion.pathway.verdict import target_cautions
from fusion.views import RADIOGRAPH_WORDS
from tests.annotations.samples import target
from tests.house import safety_sentences as said


def test_what_stands_on_every_output_is_word_for_word() -> None:
    assert fusion.software.DISCLAIMER == said.DISCLAIMER
    assert fusion.software.SHORT_DISCLAIMER == said.SHORT_DISCLAIMER
    assert fusion.software.SIMULATED == said.SIMULATED
    assert sample_data.SIMULATED == said.SIMULATED_IN_DICOM
    assert RADIOGRAPH_WORDS == said.RADIOGRAPH


@pytest.mark.parametrize("number", said.PATHWAY)
def test_sentences_of_the_pathway_are_quoted_word_for_word(number: str) -> None:
    assert published_pathway().statement(number).quoted == said.PATHWAY[number]


def positive(*levels: str, side: Side = Side.LEFT):
    return [target(Joint(level, side), decision=Decision.POSITIVE, grade=2) for level in levels]


def test_notices_stand_beside_every_plan_of_nerves() -> None:
    assert plan_blocks(positive("C5-C6")).notices == said.NOTICES
    assert plan_blocks(positive("C1-C2")).notices == said.NOTICES
    two = [*positive("C5-C6", "C6-C7"), *positive("C5-C6", "C6-C7", side=Side.RIGHT)]
    assert plan_blocks(two).notices == said.NOTICES
    for many in (
        positive("C4-C5", "C5-C6", "C6-C7"),
        [*positive("C3-C4", "C5-C6"), *positive("C6-C7", side=Side.RIGHT)],
    ):
        assert plan_blocks(many).notices == (*said.NOTICES, said.MANY_LEVELS)
    assert plan_blocks([]).notices == ()


def test_a_fused_level_says_why_it_has_no_nerve() -> None:
    plan = plan_blocks(positive("C5-C6"), fused={"C5-C6"})
    assert [why for _, why in plan.without_nerves] == [said.FUSED_LEVEL]


@pytest.mark.parametrize("recorded", said.TARGET_CAUTIONS)
def test_cautions_about_a_target_are_word_for_word(
    recorded: tuple[bool | None, bool | None, bool | None],
) -> None:
    matches, inside, evidence = recorded
    found = target_cautions(
        Facts(),
        clinically_concordant=matches,
        inside_operative_bed=inside,
        other_evidence_recorded=evidence,
    )
    words = {caution.statement: caution.text for caution in found}
    assert words == said.TARGET_CAUTIONS[recorded]
