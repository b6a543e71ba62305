"""``facetfusion pathway`` through main: exit codes, one JSON document, questions on a terminal."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from fusion.cli import main
from fusion.pathway.completions import ASKING_ORDER
from fusion.pathway.facts.facts import KEY_OF_FACT, Facts
from fusion.pathway.facts.facts_file import facts_from_values, facts_toml, parse_facts, read_facts
from fusion.pathway.questions import next_further_question, next_question
from fusion.pathway.statements import published_pathway
from fusion.pathway.verdict import check
from tests.pathway.cases import GOLDEN
from tests.pathway.test_evidence import write_earlier
from tests.studies import write_ct, write_nm

Output = pytest.CaptureFixture[str]


@pytest.fixture
def g11(tmp_path: Path) -> Path:
    path = tmp_path / "facts.toml"
    path.write_text(facts_toml(GOLDEN["G11"].facts), encoding="utf-8")
    return path


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_text_holds_the_reasons_and_the_disclaimer(g11: Path, capsys: Output) -> None:
    assert main(["pathway", str(g11)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert ": Supported by the pathway as a secondary examination.\n" in out
    for statement in check(GOLDEN["G11"].facts).statements:
        assert f'"{statement.quoted}"' in out
    assert "pending human review" in out


def test_json_is_one_document(g11: Path, capsys: Output) -> None:
    assert main(["pathway", str(g11), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "SUPPORTED_SECONDARY"
    assert document["scenarios"] == ["A", "B"]
    assert "S18" in document["statements"]
    assert document["evidence"] == []
    assert document["text"].startswith("The SPECT/CT")


def test_the_template_can_be_read_back(tmp_path: Path, capsys: Output) -> None:
    assert main(["pathway", "--facts-template"]) == 0
    path = tmp_path / "facts.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["pathway", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "CANNOT_DETERMINE"


def test_every_statement_can_be_explained(capsys: Output) -> None:
    for statement in published_pathway().statements:
        assert main(["pathway", "--explain", statement.id.lower()]) == 0
        out = capsys.readouterr().out
        assert statement.quoted in out
        assert "Shown when: " in out
        assert statement.section in out
        for number in statement.cites:
            assert f"  {number}  (probable; not stated by the article" in out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--json"],
        ["facts.toml", "--explain", "S1"],
        ["--explain", "S1", "--json"],
        ["--facts-template", "--study", "."],
        ["facts.toml", "--to", "x.toml"],
        ["--nonsense"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: Output) -> None:
    assert main(["pathway", *arguments]) == 2
    out, err = capsys.readouterr()
    if "--json" in arguments:
        assert json.loads(out)["error"]["message"] in err
    else:
        assert out == ""
        assert err


def test_refused_facts_name_the_line(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "facts.toml"
    path.write_text("cervical_pain = true\nheadache = true\n", encoding="utf-8")
    assert main(["pathway", str(path)]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "line 2: unknown fact headache" in err


def test_an_unknown_statement_is_refused(capsys: Output) -> None:
    assert main(["pathway", "--explain", "S28"]) == 3
    assert "S1 to S27" in capsys.readouterr().err


@pytest.mark.slow
def test_study_files_suggest_and_never_answer(tmp_path: Path, capsys: Output) -> None:
    write_ct(tmp_path / "study" / "ct", PatientBirthDate="")
    write_nm(tmp_path / "study" / "nm")
    facts = tmp_path / "facts.toml"
    facts.write_text("", encoding="utf-8")
    assert main(["pathway", str(facts), "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert main(["pathway", str(facts), "--json", "--study", str(tmp_path / "study")]) == 0
    beside = json.loads(capsys.readouterr().out)
    evidence = beside.pop("evidence")
    assert alone.pop("evidence") == []
    assert alone == beside
    assert {"F1", "F2", "F3"} <= {proposal["fact"] for proposal in evidence}
    assert main(["pathway", str(facts), "--study", str(tmp_path / "study")]) == 0
    assert "fused SPECT/CT: yes. The study holds" in capsys.readouterr().out


@pytest.mark.slow
def test_earlier_imaging_is_found_in_another_folder(
    g11: Path, capsys: Output, tmp_path: Path
) -> None:
    write_ct(tmp_path / "study" / "ct", PatientBirthDate="19700520")
    write_nm(tmp_path / "study" / "nm", PatientBirthDate="19700520")
    write_earlier(tmp_path / "archive" / "mr", "MR", "20230801", BodyPartExamined="CSPINE")
    write_earlier(
        tmp_path / "archive" / "other", "DX", "20230801", BodyPartExamined="CSPINE", PatientID="2"
    )
    study, archive = str(tmp_path / "study"), str(tmp_path / "archive")
    arguments = ["pathway", str(g11), "--json", "--earlier", archive]
    assert main([*arguments, "--study", study]) == 0
    found = {item["key"] for item in json.loads(capsys.readouterr().out)["evidence"]}
    assert "mri_date" in found
    assert "radiographs" not in found
    assert main(arguments) == 2
    assert main([*arguments, "--study", archive]) == 3


class TestAsking:
    def test_stops_when_the_verdict_and_the_red_flags_are_settled(
        self, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(monkeypatch, "y", "1", "none", "1", "none", "n", "n", "n", "", "n")
        out_file = tmp_path / "answers.toml"
        assert main(["pathway", "--ask", "--json", "--to", str(out_file)]) == 0
        out, err = capsys.readouterr()
        document = json.loads(out)
        assert document["verdict"] == "NOT_SUPPORTED_INITIAL"
        assert "contraindicated" not in err
        facts = read_facts(out_file)
        assert facts.suspected_infection is False
        assert facts.neurological_deficit is None  # could not change anything: not asked
        assert facts.recorded() == document["facts"]

    def test_red_flags_are_asked_for_even_out_of_scope(
        self, capsys: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(monkeypatch, "no", "", "y", "", "osteoporosis", "n")
        assert main(["pathway", "--ask", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["verdict"] == "OUT_OF_SCOPE"
        assert document["facts"]["history_of_cancer"] is True
        assert document["facts"]["other_red_flag"] == "osteoporosis"
        assert document["red_flags_not_recorded"] == ["F7a", "F7c"]

    def test_answers_that_are_none_are_asked_for_again(
        self, capsys: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(monkeypatch, "?", "perhaps", "7", "no", "", "", "", "", "n")
        assert main(["pathway", "--ask", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["verdict"] == "OUT_OF_SCOPE"
        assert "'perhaps' is not one of: yes, no" in err
        assert err.count("Is the pain in the neck (cervical region)?") == 4

    def test_further_questions_reach_lists_and_dates(
        self, capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        start = tmp_path / "facts.toml"
        known = {**GOLDEN["G11"].facts.recorded()}
        del known["planned_uses"], known["other_evidence_recorded"]
        start.write_text(facts_toml(facts_from_values(known)), encoding="utf-8")
        answer(monkeypatch, "", "y", "2, 4", "performed", "17.5.2024", "2023-05", "C5-C6", ".")
        assert main(["pathway", str(start), "--ask", "--json"]) == 0
        out, err = capsys.readouterr()
        facts = json.loads(out)["facts"]
        assert facts["planned_uses"] == ["plan block", "plan surgery"]
        assert facts["surgery_date"] == "2023-05"
        assert facts["surgery_levels"] == ["C5-C6"]
        assert "expected a date" in err

    @pytest.mark.slow
    def test_suggestions_of_the_files_stand_beside_the_questions(
        self, capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        write_ct(tmp_path / "ct", PatientBirthDate="")
        write_nm(tmp_path / "nm")
        answer(monkeypatch, "", ".")
        assert main(["pathway", "--ask", "--study", str(tmp_path)]) == 130
        out, err = capsys.readouterr()
        assert out == ""
        assert "The files (suggests yes)" in err

    def test_existing_answers_are_not_overwritten(
        self, g11: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(monkeypatch, "y")
        before = g11.read_bytes()
        assert main(["pathway", "--ask", "--to", str(g11)]) == 3
        assert g11.read_bytes() == before
        assert "exists already" in capsys.readouterr().err
        answer(monkeypatch, "y")
        assert main(["pathway", "--ask", "--to", str(g11 / "no" / "folder.toml")]) == 3

    @pytest.mark.slow
    def test_order_prunes_and_reaches_every_fact(self) -> None:
        asked: list[str] = []
        facts = Facts()
        while key := next_question(check(facts), asked=asked):
            asked.append(key)
        order = [KEY_OF_FACT[fact] for fact in ASKING_ORDER]
        assert asked == sorted(asked, key=order.index)
        assert asked[:5] == ["cervical_pain", "fused_spect_ct", "radiographs", "mri",
                             "diagnostic_ct"]  # fmt: skip
        while key := next_further_question(check(facts), asked=asked):
            asked.append(key)
        left = set(order) - set(asked)
        assert left == {"targets"}  # asked at each target

    def test_a_settled_verdict_needs_no_more_questions(self) -> None:
        facts = parse_facts(
            "cervical_pain = false\nsuspected_infection = false\nhistory_of_cancer = false\n"
            'progressive_neurological_deficit = false\nother_red_flag = "none named"'
        )
        assert next_question(check(facts)) is None
