"""Golden cases, and what a verdict holds beside its code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fusion.pathway.facts.facts import Facts
from fusion.pathway.statements import published_pathway
from fusion.pathway.text import verdict_text
from fusion.pathway.verdict import check, target_cautions
from tests.pathway.cases import (
    CHRONIC_FACET,
    GOLDEN,
    HEADLINE,
    LISTED,
    NEW_PAIN,
    NO_RED_FLAGS_RECORDED,
    RED_FLAGS,
    SURGERY,
    facts,
)

EVERY_STATEMENT = {f"S{number}" for number in range(1, 28)}


def ids(statements: Any) -> set[str]:
    return {statement.id for statement in statements}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_case(name: str) -> None:
    case = GOLDEN[name]
    verdict = check(case.facts)
    assert verdict.code == case.verdict
    assert verdict.scenarios == case.scenarios
    if case.fit:
        assert verdict.fit == case.fit
    assert verdict.need == case.need
    expected_possible = case.possible or (case.verdict,)
    assert sorted(verdict.possible) == sorted(expected_possible)
    assert case.statements <= ids(verdict.statements)
    assert not case.never & ids(verdict.statements)
    gaps = {gap.statements for gap in verdict.gaps}
    assert set(case.gap_statements) <= gaps
    strengths = {caution.statement: caution.strength for caution in verdict.cautions}
    assert case.strengths.items() <= strengths.items()
    if case.next_steps is not None:
        assert tuple(statement.id for statement in verdict.next_steps) == case.next_steps


@pytest.mark.parametrize("name", GOLDEN)
def test_limitations_and_disclaimer_are_always_there(name: str) -> None:
    verdict = check(GOLDEN[name].facts)
    always = {"S19", "S21", "S26"}
    assert always <= {caution.statement for caution in verdict.cautions}
    assert {*always, "S27"} <= ids(verdict.statements)
    text = verdict_text(verdict)
    for statement in verdict.statements:
        assert f'"{statement.quoted}"' in text
    assert verdict.words in text
    assert "American College of Radiology" in text
    assert not any(
        rating in text.lower()
        for rating in ("usually appropriate", "may be appropriate", "usually not appropriate")
    )


def test_every_statement_is_emitted_by_some_case() -> None:
    emitted: set[str] = set()
    for case in (*(golden.facts for golden in GOLDEN.values()), NEW_PAIN):
        emitted |= ids(check(case).statements)
    assert emitted == EVERY_STATEMENT


def test_new_pain_without_any_imaging_is_told_what_comes_first() -> None:
    verdict = check(NEW_PAIN)
    assert [s.id for s in verdict.deciding] == ["S11", "S1", "S23", "S12"]
    assert [s.id for s in verdict.next_steps] == ["S2", "S3", "S23"]


def test_reasons_are_those_of_the_verdict() -> None:
    headline = check(GOLDEN["G3"].facts)
    assert [s.id for s in headline.deciding] == ["S13", "S15", "S1", "S24"]
    trauma = check(GOLDEN["G13"].facts)
    assert [s.id for s in trauma.deciding] == ["S25"]
    assert {note.id for note in trauma.notes} == {"A11"}
    assert {"A11", "A18"} <= {reading.id for reading in trauma.readings}


def test_percentages_come_with_their_notes() -> None:
    verdict = check(GOLDEN["G3"].facts)
    assert {"N1", "N2"} <= {note.id for note in verdict.notes}
    only_a = check(GOLDEN["G17"].facts)
    assert {note.id for note in only_a.notes} == {"N1"}
    assert "N3" in {note.id for note in check(GOLDEN["G6"].facts).notes}
    assert "N4" in {note.id for note in check(GOLDEN["G27"].facts).notes}


def test_unrecorded_red_flags_are_asked_for_even_when_they_change_nothing() -> None:
    verdict = check(GOLDEN["G24"].facts)
    assert verdict.red_flags_not_recorded == ("F7a", "F7b", "F7c")
    assert {"F7a", "F7b", "F7c"} <= set(verdict.not_recorded)
    names = "suspected infection, history of cancer, progressive neurological deficit"
    assert f"Red flags not recorded: {names}." in verdict_text(verdict)
    assert "S7" in {item.name for item in verdict.would_apply}


def test_everything_else_unrecorded_is_listed_as_such() -> None:
    verdict = check(GOLDEN["G25"].facts)
    listed = set(verdict.not_recorded)
    assert {"F4", "F5", "F6", "F7a", "F7b", "F7c", "F8", "F9", "F10", "F16", "F20"} <= listed
    assert "F18" not in listed  # MRI and CT cannot disagree when neither was made


def test_a_missing_fact_names_the_statement_it_would_open() -> None:
    verdict = check(facts(radiographs="normal", mri="inconclusive", pain_chronic=None))
    assert verdict.code == "SUPPORTED_SECONDARY"
    assert "C" not in {item.name for item in verdict.scenarios_open}  # facet is "no"
    open_facet = check(
        facts(
            radiographs="normal",
            mri="inconclusive",
            pain_chronic=None,
            facet_arthropathy_suspected=True,
        )
    )
    assert [(o.name, o.facts) for o in open_facet.scenarios_open] == [("C", ("F5",))]
    assert ("S15", ("F5",)) in [(o.name, o.facts) for o in open_facet.would_apply]


def test_fit_claims_the_weaker_form_while_open() -> None:
    verdict = check(facts(mri="inconclusive", facet_arthropathy_suspected=None))
    assert (verdict.fit, verdict.fit_open) == (LISTED, ("F20",))
    assert check(facts(mri="inconclusive", facet_arthropathy_suspected=True)).fit == HEADLINE


def test_a_red_flag_turns_missing_radiographs_into_information() -> None:
    verdict = check(facts(mri="inconclusive", history_of_cancer=True))
    (gap,) = [gap for gap in verdict.gaps if "S23" in gap.statements]
    assert gap.text.startswith("For information only")
    assert "S2" not in ids(verdict.statements)


def test_other_red_flag_is_shown_and_does_not_decide() -> None:
    plain = check(facts(radiographs="normal", mri="inconclusive"))
    named = check(facts(radiographs="normal", mri="inconclusive", other_red_flag="osteoporosis"))
    assert named.code == plain.code
    assert "A10" in {note.id for note in named.notes}
    assert "osteoporosis" in verdict_text(named)


def test_any_one_of_the_three_flags_is_enough() -> None:
    for flag in RED_FLAGS:
        others_open = {**NO_RED_FLAGS_RECORDED, flag: True}
        verdict = check(facts(radiographs="normal", **others_open))
        assert verdict.code == "MRI_FIRST"


def test_views_are_missing_only_when_recorded_as_not_made() -> None:
    post_op = {**SURGERY, "pseudoarthrosis_suspected": True, "radiographs": "equivocal"}
    open_views = check(facts(**post_op))
    assert not {"views-missing", "no-flexion-extension"} & {gap.id for gap in open_views.gaps}
    assert "radiograph_lateral" in open_views.details_not_recorded
    made = {"radiograph_ap": True, "radiograph_lateral": True}
    not_made = {"radiograph_flexion": False, "radiograph_extension": False}
    gaps = {gap.id for gap in check(facts(**post_op, **made, **not_made)).gaps}
    assert "no-flexion-extension" in gaps
    assert "views-missing" not in gaps
    only_ap = check(facts(**post_op, radiograph_ap=True, radiograph_lateral=False))
    assert "views-missing" in {gap.id for gap in only_ap.gaps}
    assert only_ap.code == "SUPPORTED_SECONDARY"


class TestDates:
    def test_imaging_after_the_study_is_not_earlier_imaging(self) -> None:
        verdict = check(facts(mri="inconclusive", mri_date="2024-06-02", study_date="2024-06-01"))
        assert verdict.code == "NOT_SUPPORTED_INITIAL"
        assert "imaging-after-study" in {gap.id for gap in verdict.gaps}

    @pytest.mark.parametrize("when", ["2024-06-01", "2024-06", "2024"])
    def test_an_order_that_dates_leave_open_counts_as_not_recorded(self, when: str) -> None:
        verdict = check(facts(mri="inconclusive", mri_date=when, study_date="2024-06-01"))
        assert verdict.code == "CANNOT_DETERMINE"
        assert verdict.need == ("F15",)
        assert set(verdict.possible) == {"NOT_SUPPORTED_INITIAL", "SUPPORTED_SECONDARY"}
        assert verdict.order_unknown == ("F15",)
        assert "so it is treated as not recorded." in verdict_text(verdict)

    def test_an_earlier_date_counts(self) -> None:
        verdict = check(facts(mri="inconclusive", mri_date="2024-05", study_date="2024-06-01"))
        assert verdict.code == "SUPPORTED_SECONDARY"

    def test_imaging_older_than_the_episode_is_a_gap(self) -> None:
        dated = {"mri": "inconclusive", "mri_date": "2022", "study_date": "2024-06-01"}
        verdict = check(facts(**dated, episode_began="2023-05"))
        assert verdict.code == "SUPPORTED_SECONDARY"
        assert "imaging-predates-episode" in {gap.id for gap in verdict.gaps}
        unknown = check(facts(**dated))
        assert "imaging-predates-episode" not in {gap.id for gap in unknown.gaps}

    @pytest.mark.parametrize(
        ("surgery", "strength", "words"),
        [
            ("2023-06-02", "strong", "Less than 12 months"),
            ("2023-06-01", "standard", "12 months or more"),
            ("2023", "standard", "ask for both dates"),
            (None, "standard", "ask for both dates"),
        ],
    )
    def test_time_since_surgery(self, surgery: str | None, strength: str, words: str) -> None:
        verdict = check(
            facts(**SURGERY, mri="inconclusive", surgery_date=surgery, study_date="2024-06-01")
        )
        (caution,) = [c for c in verdict.cautions if c.statement == "S20"]
        assert caution.strength == strength
        assert words in caution.text

    def test_leap_day_surgery(self) -> None:
        late, early = "2025-03-01", "2025-02-28"
        for study, strength in ((early, "strong"), (late, "standard")):
            verdict = check(
                facts(**SURGERY, mri="inconclusive", surgery_date="2024-02-29", study_date=study)
            )
            (caution,) = [c for c in verdict.cautions if c.statement == "S20"]
            assert caution.strength == strength


class TestTargets:
    def cautions(self, sheet: Facts, **about: bool | None) -> dict[str, Any]:
        found = target_cautions(
            sheet,
            clinically_concordant=about.get("concordant"),
            inside_operative_bed=about.get("inside"),
            other_evidence_recorded=about.get("evidence"),
        )
        return {caution.statement: caution for caution in found}

    def test_concordance_is_never_assumed(self) -> None:
        assert "Not correlated" in self.cautions(facts())["S21"].text
        assert self.cautions(facts(), concordant=False)["S21"].strength == "hard warning"
        assert self.cautions(facts(), concordant=True)["S21"].strength == "standard"

    def test_nothing_but_the_spect(self) -> None:
        assert self.cautions(facts())["S19"].strength == "hard warning"
        assert self.cautions(facts(), evidence=True)["S19"].strength == "standard"
        assert self.cautions(Facts())["S19"].strength == "strong"

    def test_operative_bed(self) -> None:
        sheet = facts(**SURGERY, surgery_date="2024-01-15", study_date="2024-09-15")
        inside = self.cautions(sheet, inside=True)["S20"]
        assert inside.strength == "strong"
        assert "2024-01-15" in inside.text
        assert "S20" not in self.cautions(sheet, inside=False)
        assert "Not recorded whether" in self.cautions(sheet)["S20"].text
        assert "S20" not in self.cautions(facts())
        assert "Not recorded whether there was" in self.cautions(Facts())["S20"].text
        assert "time since surgery not recorded" in self.cautions(facts(), inside=True)["S20"].text


def test_targets_of_the_facts_carry_their_cautions() -> None:
    target = {"name": "Left C5-C6", "inside_operative_bed": True, "clinically_concordant": False}
    verdict = check(facts(**SURGERY, mri="inconclusive", targets=[target]))
    ((name, cautions),) = verdict.targets
    assert name == "Left C5-C6"
    assert [c.statement for c in cautions] == ["S21", "S19", "S20"]
    assert "Left C5-C6: HARD WARNING. Not clinically concordant" in verdict_text(verdict)
    (shown,) = verdict.to_json()["targets"]
    assert shown["cautions"][0]["strength"] == "hard warning"


def test_json_has_the_keys_of_the_contract_and_is_json() -> None:
    document = json.loads(json.dumps(check(GOLDEN["G11"].facts).to_json()))
    contract = {"verdict", "possible", "need", "scenarios", "fit", "gaps", "cautions"}
    assert contract | {"statements", "notes", "not_recorded"} <= set(document)
    assert document["verdict"] == "SUPPORTED_SECONDARY"
    assert document["scenarios"] == ["A", "B"]
    assert document["possible"] == ["SUPPORTED_SECONDARY"]
    assert document["cautions"][0] == "S19"
    assert set(document["quoted"]) == set(document["statements"])
    version = published_pathway().source.version
    assert document["guideline"]["version"] == version


def test_tense_follows_the_status() -> None:
    base = {"radiographs": "normal", "mri": "inconclusive", **CHRONIC_FACET}
    performed = verdict_text(check(facts(**base, study_status="performed")))
    proposed = verdict_text(check(facts(**base, study_status="proposed")))
    assert performed.splitlines()[0].startswith("The SPECT/CT that was performed: Supported")
    assert proposed.splitlines()[0].startswith("The SPECT/CT that is proposed: Supported")
    assert performed.splitlines()[1:] == proposed.splitlines()[1:]
