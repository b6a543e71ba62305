"""The bundle for health records: valid by somebody else's rules, and true."""

from __future__ import annotations

import importlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fusion.anatomy.joints import JOINTS
from fusion.annotations.blocks import plan_blocks
from fusion.annotations.finishing import LevelDoubt
from fusion.annotations.snapshots import Measured
from fusion.annotations.target import Answer
from fusion.export.edition import Edition
from fusion.export.fhir import export_fhir, fhir_bundle, guidance
from fusion.export.handout import DRAFT, Handout
from fusion.export.wording import CONFIRM
from fusion.findings.readings import DECIDED_ON_ANOTHER_ALIGNMENT
from fusion.pathway.assessment import Assessment
from fusion.pathway.facts.facts import QUESTIONS, answers
from fusion.pathway.facts.facts_file import facts_from_values
from fusion.pathway.verdict import check
from fusion.review import Review
from fusion.uptake import every_measure
from tests.export.handed import (
    BESIDE,
    HOT,
    MADE,
    Read,
    read_study,
)
from tests.pathway.cases import GOLDEN

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
#: Answers that are lists; an empty one says that there is none.
LISTS = {"planned_uses", "surgery_levels", "targets"}
#: Questions with a list of answers, or yes and no.
CHOSEN = {
    key: tuple(map(json.loads, answers(key)))
    for key, asked in QUESTIONS.items()
    if answers(key) and not asked.detail_of and key not in LISTS
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read_study(tmp_path_factory.mktemp("fhir"))


def valid(kind: str, resource: dict[str, Any]) -> None:
    """Hold a resource against the rules of R4B as another project wrote them down.

    They come with the extra dev; without them these tests fail, for they would hold nothing.
    """
    rules = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    getattr(rules, kind).model_validate_json(json.dumps(resource))


def test_the_rules_refuse_what_is_not_valid() -> None:
    with pytest.raises(ValueError, match="subject"):
        valid("ServiceRequest", {"resourceType": "ServiceRequest", "intent": "proposal"})


def by_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def test_the_bundle_says_what_the_reading_says(read: Read, tmp_path: Path) -> None:
    handout = Handout.of(read.review, read.reading, made=AT, localisation=None)
    (path,) = export_fhir(handout, tmp_path)
    bundle = json.loads(path.read_text("ascii"))
    valid("Bundle", bundle)
    [report] = by_kind(bundle, "DiagnosticReport")
    assert report["status"] == "final"
    assert "Levels counted from C2 (dens); C2 and T1 are on this CT." in report["conclusion"]
    assert "Not a medical device." in report["conclusion"]
    observed = {one["bodySite"]["text"]: one for one in by_kind(bundle, "Observation")}
    assert list(observed) == [joint.name for joint in JOINTS]
    decided = {
        name: one["valueCodeableConcept"]["text"]
        for name, one in observed.items()
        if "valueCodeableConcept" in one
    }
    assert decided == {t.joint.name: t.decision.value.capitalize() for t in handout.targets}
    assert observed["Right C2-C3"]["dataAbsentReason"]["text"] == "not decided"
    quantities = [
        part["valueQuantity"]
        for part in observed["Left C5-C6"]["component"]
        if "valueQuantity" in part
    ]
    assert [(one["value"], one["code"]) for one in quantities] == [
        (812.25, "{counts}"),
        (0.1 + 0.2, "{ratio}"),
    ]
    # Nothing here can be taken for an order.
    requests = by_kind(bundle, "ServiceRequest")
    assert [one["code"]["text"].partition(": ")[2] for one in requests] == [
        block.name for block in handout.plan.nerves
    ]
    assert {(one["status"], one["intent"]) for one in requests} == {("draft", "proposal")}
    for one in requests:
        assert any("Not a medical device." in note["text"] for note in one["note"])
    # Every reference leads to a resource of the bundle.
    names = {entry["fullUrl"] for entry in bundle["entry"]}
    referred = set(_references(bundle))
    assert referred <= names
    assert len(names) == len(bundle["entry"])
    again = fhir_bundle(
        Handout.of(read.review, read.reading, made=AT.replace(year=2027), localisation=None)
    )
    assert again == bundle


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for one in value.values() for found in _references(one)]
    if isinstance(value, list):
        return [found for one in value for found in _references(one)]
    return []


def test_a_draft_is_preliminary_and_no_reading_is_no_report(read: Read) -> None:
    draft = replace(read.reading, events=read.reading.events[:-1])
    bundle = fhir_bundle(Handout.of(read.review, draft, made=AT, localisation=None))
    valid("Bundle", bundle)
    [report] = by_kind(bundle, "DiagnosticReport")
    assert report["status"] == "preliminary"
    sites = [one["bodySite"]["text"] for one in by_kind(bundle, "Observation")]
    assert "Left C5-C6 (DRAFT)" in sites
    none = fhir_bundle(Handout.of(read.review, None, made=MADE, localisation=None))
    valid("Bundle", none)
    [report] = by_kind(none, "DiagnosticReport")
    assert report["status"] == "registered"
    assert "Nobody has recorded a decision on this study." in report["conclusion"]
    assert by_kind(none, "ServiceRequest") == by_kind(none, "GuidanceResponse") == []


def test_each_proposal_says_what_is_doubtful_and_the_side(read: Read) -> None:
    draft = replace(read.reading, events=read.reading.events[:-1])
    handout = Handout.of(read.review, draft, made=AT, localisation=None)
    requests = by_kind(fhir_bundle(handout), "ServiceRequest")
    assert [one["code"]["text"] for one in requests] == [
        f"Diagnostic block to be considered: Left C{n} medial branch (DRAFT)" for n in (4, 5, 6)
    ]
    assert all(one["bodySite"][0]["text"].startswith("Left: ") for one in requests)
    for one in requests:
        notes = [note["text"] for note in one["note"]]
        assert {DRAFT, CONFIRM, *handout.plan.notices} <= {*notes}
        assert len(notes) == len({*notes})


def test_the_doubt_of_a_joint_stands_on_its_nerves_alone(read: Read) -> None:
    handout = Handout.of(read.review, read.reading, made=AT, localisation=None)
    doubt = LevelDoubt("DISPUTED", (BESIDE,), DECIDED_ON_ANOTHER_ALIGNMENT(joints=(BESIDE.name,)))
    requests = by_kind(fhir_bundle(replace(handout, doubts=(doubt,))), "ServiceRequest")
    texts = [one["code"]["text"].partition(": ")[2] for one in requests]
    assert texts == [
        f"Left C4 medial branch (LEVEL {doubt.word})",
        f"Left C5 medial branch (LEVEL {doubt.word})",
        "Left C6 medial branch",
    ]


def set_apart(read: Read) -> Handout:
    """The same reading, whose hotter joint lies in an operative bed."""
    records = tuple(
        replace(one, target=replace(one.target, inside_operative_bed=Answer.YES))
        if one.target.joint == HOT
        else one
        for one in read.reading.records
    )
    return Handout.of(
        read.review, replace(read.reading, records=records), made=AT, localisation=None
    )


def test_nothing_is_proposed_for_what_the_reader_set_apart(read: Read) -> None:
    bundle = fhir_bundle(set_apart(read))
    valid("Bundle", bundle)
    requests = by_kind(bundle, "ServiceRequest")
    assert [one["code"]["text"].partition(": ")[2] for one in requests] == [
        "Left C4 medial branch",
        "Left C5 medial branch",
    ]
    observed = {one["bodySite"]["text"]: one for one in by_kind(bundle, "Observation")}
    name = f"urn:uuid:{observed['Left C4-C5']['id']}"
    assert {r["reference"] for one in requests for r in one["reasonReference"]} == {name}
    why = "Set apart in the block plan: lies in an operative bed."
    assert why in [note["text"] for note in observed["Left C5-C6"]["note"]]
    assert why not in [note["text"] for note in observed["Left C4-C5"]["note"]]
    [report] = by_kind(bundle, "DiagnosticReport")
    assert f"Left C5-C6: {why}" in report["conclusion"]


@pytest.mark.parametrize(
    ("stored", "said"),
    [("M", "male"), ("F", "female"), ("O", "other"), (" f ", "female"), ("", "unknown")],
)
def test_the_sex_is_that_of_the_file(
    read: Read, monkeypatch: pytest.MonkeyPatch, stored: str, said: str
) -> None:
    handout = Handout.of(read.review, read.reading, made=AT, localisation=None)
    patient = replace(read.review.patient, sex=stored)
    monkeypatch.setattr(Review, "patient", property(lambda _: patient))
    [patient] = by_kind(fhir_bundle(handout), "Patient")
    assert patient["gender"] == said


def test_every_measure_and_every_joint_has_a_code(read: Read) -> None:
    uptake = Measured.of({one.name: 1.5 for one in every_measure()} | {"else": 2.0}, unit="Bq/mL")
    handout = Handout.of(read.review, read.reading, made=AT, localisation=None)
    account = replace(
        handout.account,
        joints=tuple(
            replace(one, target=replace(one.target, uptake=uptake)) if one.target else one
            for one in handout.account.joints
        ),
    )
    changed = replace(handout, account=account, plan=plan_blocks(handout.targets))
    bundle = fhir_bundle(changed)
    valid("Bundle", bundle)
    [one] = [o for o in by_kind(bundle, "Observation") if o["bodySite"]["text"] == "Left C5-C6"]
    assert sum("valueQuantity" in part for part in one["component"]) == len(uptake)


def told(facts: dict[str, Any], response: dict[str, Any]) -> tuple[str, list[str], str]:
    """Return the verdict, what is needed, and what the recorded facts give when checked again."""
    values: dict[str, Any] = {}
    for part in facts["parameter"][1:]:
        value = _value(part)
        values[part["name"]] = [] if part["name"] in LISTS and value == "none" else value
    code = response["reasonCode"][0]["coding"][0]["code"]
    need = [one["codeFilter"][0]["code"][0]["code"] for one in response.get("dataRequirement", [])]
    assert facts["parameter"][0] == {"name": "verdict", "valueCode": code}
    return code, need, check(facts_from_values(values)).code


def _value(part: dict[str, Any]) -> Any:
    if "part" not in part:
        [value] = [value for key, value in part.items() if key != "name"]
        return value
    inside = [_value(one) for one in part["part"]]
    named = [one["name"] for one in part["part"]]
    return inside if named[0].isdigit() else dict(zip(named, inside, strict=True))


def held(answer: Assessment) -> None:
    plan, facts, response = guidance(answer.to_json(), Edition(made=AT), subject="urn:uuid:1")
    for kind, one in (("Parameters", facts), ("GuidanceResponse", response)):
        valid(kind, one)
    code, need, again = told(facts, response)
    assert code == again == answer.verdict.code
    assert need == list(answer.verdict.need)
    assert response["status"] == ("success" if answer.verdict.is_certain else "data-required")
    assert response["moduleCanonical"] == f"{plan['url']}|{plan['version']}"


@pytest.mark.parametrize("case", ["G1", "G3", "G11", "G27"])
def test_the_pathways_answer_is_the_same(case: str) -> None:
    held(Assessment(check(GOLDEN[case].facts), "R. Eader", AT))


def test_the_pathway_is_valid_and_says_where_it_is_from() -> None:
    answer = Assessment(check(GOLDEN["G1"].facts), "R. Eader", AT)
    plan, _, _ = guidance(answer.to_json(), Edition(made=AT), subject="urn:uuid:1")
    valid("PlanDefinition", plan)
    assert len(plan["action"]) == len(answer.verdict.guideline.statements)
    assert plan["relatedArtifact"][0]["citation"] == answer.verdict.guideline.source.words


def sheet(rng: random.Random, chance: float) -> dict[str, Any]:
    return {key: rng.choice(said) for key, said in CHOSEN.items() if rng.random() < chance}


@pytest.mark.parametrize(
    "sheets", [15, pytest.param(1000, marks=[pytest.mark.thorough, pytest.mark.slow])]
)
def test_random_fact_sheets_have_our_verdict(sheets: int) -> None:
    rng = random.Random(4)
    seen = set()
    for _ in range(sheets):
        facts = facts_from_values(sheet(rng, rng.choice((0.8, 0.95, 1.0))))
        answer = Assessment(check(facts), "R. Eader", AT)
        held(answer)
        seen.add(answer.verdict.code)
    assert len(seen) > 2
