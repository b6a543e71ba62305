"""The pathway panel without widgets: answers, suggestions, recording, files. Needs no display."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import fusion
from fusion.errors import PathwayError
from fusion.pathway.assessment import NOT_ASSESSED, Assessment, Unanswered
from fusion.pathway.facts.facts import KEY_OF_FACT, QUESTIONS
from fusion.pathway.facts.facts_file import facts_toml
from fusion.pathway.facts.from_files import ProposedFact
from fusion.pathway.statements import published_pathway
from fusion.pathway.text import verdict_text
from tests.pathway.cases import GOLDEN
from viewer.pathway.model import KEYS, RED_FLAG_KEYS, PathwayModel, suggestions

NECK = ProposedFact("F1", "cervical_pain", True, "The files name the neck.", "CT series")
METAL = ProposedFact("F10", "surgical_hardware", True, "800 mm3", "CT")
MRI = ProposedFact("F15", "mri", None, "An MRI is dated 2024-03-01.", "MR series")


def filled(case: str, **options: object) -> PathwayModel:
    model = PathwayModel(**options)
    for key, value in GOLDEN[case].facts.recorded().items():
        model.answer(key, value)
    return model


def test_every_question_is_asked_red_flags_among_them() -> None:
    assert set(KEYS) == set(QUESTIONS) - {"targets"}
    assert len(KEYS) == len(set(KEYS))
    assert set(RED_FLAG_KEYS) < set(KEYS)
    assert KEYS[:3] == ("cervical_pain", "fused_spect_ct", "radiographs")


@pytest.mark.parametrize("case", sorted(GOLDEN))
def test_golden_cases_answer_by_answer(case: str) -> None:
    model = filled(case)
    assert model.verdict.code == GOLDEN[case].verdict
    shown = "\n".join(line.text for section in model.sections for line in section.lines)
    for statement in model.verdict.statements:
        assert f'"{statement.quoted}"' in shown
    said = verdict_text(model.verdict)
    for section in model.sections:
        assert all(line.text in said for line in section.lines)


def test_not_recorded_is_not_no() -> None:
    model = filled("G4")
    assert model.verdict.code == "NOT_YET"
    for key in RED_FLAG_KEYS:
        model.answer(key, None)
        assert key not in model.values
    assert model.verdict.code == "CANNOT_DETERMINE"
    assert {key for key in RED_FLAG_KEYS if model.is_needed(key)} == set(RED_FLAG_KEYS)
    model.answer("planned_uses", [])
    assert model.values["planned_uses"] == []
    model.answer("planned_uses", None)
    assert "planned_uses" not in model.values


def test_moot_questions_are_left_out() -> None:
    model = filled("G19")
    model.answer("pseudoarthrosis_suspected", None)
    assert model.is_asked("standard_imaging_overall") == ("F18" in model.verdict.not_recorded)
    model.answer("mri", "none")
    assert not model.is_asked("standard_imaging_overall")
    assert not model.is_asked("pseudoarthrosis_suspected")
    assert not model.is_asked("mri_date")
    model.answer("prior_cervical_surgery", None)
    assert model.is_asked("pseudoarthrosis_suspected")
    model.answer("cervical_pain", False)
    for key in (*RED_FLAG_KEYS, "other_red_flag"):
        model.answer(key, None)
        assert model.is_asked(key)


def test_sentences_name_the_facts_that_they_rest_on() -> None:
    model = filled("G19")
    lines = [line for section in model.sections for line in section.lines]
    assert all(fact in KEY_OF_FACT for line in lines for fact in line.facts)
    (open_s13,) = [line for line in lines if line.statement == "S13"]
    assert open_s13.missing
    assert open_s13.facts == ("F15",)
    for line in lines:
        if line.statement and line.basis:
            assert set(line.facts) == set(published_pathway().statement(line.statement).inputs)


def test_statements_that_read_a_fact() -> None:
    model = filled("G3")
    section = model.statements_reading("F20")
    about = {s.id for s in published_pathway().statements if "F20" in s.inputs}
    assert {line.statement for line in section.lines} == about
    uses = {line.statement: line.basis for line in section.lines}
    assert uses["S15"] == "Applies."
    model.answer("pain_chronic", None)
    uses = {line.statement: line.basis for line in model.statements_reading("F20").lines}
    assert "pain chronic" in uses["S15"]
    model.answer("pain_chronic", False)
    uses = {line.statement: line.basis for line in model.statements_reading("F20").lines}
    assert uses["S15"] == "Does not apply to the answers given."


def test_contradictions_are_a_sentence_and_no_verdict() -> None:
    kept: list[object] = []
    model = filled("G3", keep=kept.append)
    model.answer("mri", "none")
    model.answer("mri_date", "2024-03")
    assert model.verdict is None
    assert model.problem == 'Answers: MRI date is given but MRI is "none".'
    assert model.problem_facts == ("F15",)
    assert model.is_asked("mri_date")
    with pytest.raises(PathwayError, match="MRI date"):
        model.record()
    model.answer("mri", "inconclusive")
    assert model.verdict.code == "SUPPORTED_SECONDARY"
    model.answer("mri_date", "soon")
    assert 'is "soon"; expected a date' in model.problem
    assert kept == []


def test_what_lies_in_the_future_is_refused() -> None:
    model = PathwayModel(today=dt.date(2024, 6, 1))
    model.answer("episode_began", "2024-07")
    assert "in the future" in model.problem


def test_suggestions_are_never_answers_until_confirmed() -> None:
    model = PathwayModel()
    told: list[str] = []
    model.events.proposals.connect(lambda: told.append("proposals"))
    model.suggest([NECK, METAL, MRI])
    assert told == ["proposals"]
    assert model.values == {}
    assert model.verdict.code == "CANNOT_DETERMINE"
    assert not model.can_confirm(MRI)
    assert not model.can_confirm(METAL)
    model.confirm(METAL)
    assert model.values == {}
    model.confirm(NECK)
    assert model.values == {"cervical_pain": True}
    assert model.is_confirmed(NECK)
    model.answer("prior_cervical_surgery", True)
    assert model.can_confirm(METAL)
    model.answer("cervical_pain", False)
    assert not model.is_confirmed(NECK)


def test_what_a_study_suggests(review: fusion.Review) -> None:
    found = {p.key: p for p in suggestions(review) if p.key}
    assert found["cervical_pain"].value is True
    assert found["fused_spect_ct"].value is True
    assert "surgical_hardware" in found
    assert "diagnostic_ct" not in found


def test_recording_needs_a_reader_answers_and_a_study() -> None:
    kept: list[Assessment] = []
    names = ["", "R. Ea\u202eder\n"]
    who = {"keep": kept.append, "who": lambda: names.pop(0)}
    model = PathwayModel(**who)
    assert model.state == NOT_ASSESSED
    with pytest.raises(PathwayError, match="No question is answered"):
        model.record()
    model = filled("G3", **who)
    assert model.state.startswith(NOT_ASSESSED)
    assert not model.record()  # the reader did not say who
    assert kept == []
    assert model.record()
    assert kept[0].verdict.code == "SUPPORTED_SECONDARY"
    assert kept[0].reader == "R. Eader"
    assert model.state.startswith("Recorded by R. Eader, ")
    assert not model.changed_since
    model.answer("mri", None)
    assert model.state.endswith("The answers below are not recorded.")
    assert len(kept) == 1
    with pytest.raises(PathwayError, match="No study is open"):
        filled("G3").record()


def test_leaving_it_unanswered_needs_a_reason() -> None:
    kept: list[Unanswered] = []
    names = ["", "R. Eader"]
    model = PathwayModel(keep=kept.append, who=lambda: names.pop(0))
    with pytest.raises(PathwayError, match="reason"):
        model.leave_unanswered(" ")
    assert not model.leave_unanswered("no history at hand")
    assert kept == []
    assert model.leave_unanswered("no history at hand")
    assert kept[0].to_json()["assessed"] is False
    assert NOT_ASSESSED in model.state
    assert "no history at hand" in model.state
    model = PathwayModel(recorded=kept[0])
    assert "no history at hand" in model.state


def test_what_the_journal_holds_replaces_no_answer_that_is_not_recorded() -> None:
    recorded = Assessment.of(GOLDEN["G10"].facts, reader="R. Eader")
    model = PathwayModel()
    model.show_recorded(recorded)
    assert model.facts == GOLDEN["G10"].facts
    assert not model.changed_since
    model.show_recorded(None)  # undone
    assert model.facts == GOLDEN["G10"].facts
    assert model.changed_since
    model = filled("G3")
    model.show_recorded(recorded)
    assert model.facts == GOLDEN["G3"].facts
    assert model.changed_since
    assert model.state.startswith("Recorded by R. Eader")


def test_recorded_answers_come_back() -> None:
    recorded = Assessment.of(GOLDEN["G10"].facts, reader="R. Eader")
    model = PathwayModel(recorded=recorded)
    assert model.facts == GOLDEN["G10"].facts
    assert not model.changed_since


def test_files_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    filled("G27").save(path)
    assert path.read_text(encoding="utf-8") == facts_toml(GOLDEN["G27"].facts)
    assert [entry.name for entry in tmp_path.iterdir()] == ["facts.toml"]
    model = PathwayModel()
    model.load(path)
    assert model.facts == GOLDEN["G27"].facts
    path.write_text("cervical_pain = true\nmri = 'perhaps'\n", encoding="utf-8")
    with pytest.raises(PathwayError, match="line 2"):
        model.load(path)
    assert model.facts == GOLDEN["G27"].facts
    with pytest.raises(PathwayError, match="cannot be written"):
        model.save(tmp_path / "absent" / "facts.toml")


def test_next_question_prunes_and_ends() -> None:
    model = PathwayModel()
    assert model.next_key() == "cervical_pain"
    model.answer("cervical_pain", False)
    assert model.next_key() == RED_FLAG_KEYS[0]
    asked: list[str] = []
    while key := model.next_key(asked=asked):
        asked.append(key)
    assert len(asked) == len(set(asked))
    assert "targets" not in asked
