"""The page about the pathway says what the program does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fusion.json_form import to_json
from fusion.pathway.facts.facts import QUESTIONS, TARGET_QUESTIONS
from fusion.pathway.facts.facts_file import parse_facts
from fusion.pathway.facts.from_files import ProposedFact
from fusion.pathway.statements import published_pathway
from fusion.pathway.verdict import check
from tests.pathway.cases import GOLDEN, SURGERY, facts

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pathway.md").read_text("utf-8")


def test_the_table_maps_every_fact_to_its_key() -> None:
    rows = re.findall(r"^\| (F\w+) \| `([\w.]+)` \|.*\| (.*) \|$", PAGE, flags=re.MULTILINE)
    expected = [(q.fact, key, q.question) for key, q in QUESTIONS.items() if key != "targets"]
    expected += [(q.fact, f"targets.{key}", q.question) for key, q in TARGET_QUESTIONS.items()]
    assert rows == expected


def test_verdicts_are_documented_in_the_words_that_are_shown() -> None:
    for code, verdict in published_pathway().verdicts.items():
        assert f"| `{code}` | {verdict.words} | {verdict.explanation} |" in PAGE
    for letter in "ABCD":
        assert f"| {letter} | {published_pathway().terms[f'scenario_{letter.lower()}']} |" in PAGE


def test_the_example_gives_the_answer_that_is_stated() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    verdict = check(parse_facts(example))
    assert f"The answer is `{verdict.code}`" in PAGE
    assert verdict.scenarios == ("A", "C")
    assert verdict.fit == "matches the headline statement"


def test_every_key_of_the_json_is_documented_and_no_other() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text("utf-8")
    section = page.partition("## `pathway --json`")[2].partition("\n## ")[0]
    table = section.partition("|---|---|\n")[2]
    documented = set(re.findall(r"`(\w+)`", table))
    target = {"name": "Left C5-C6"}
    verdict = check(facts(**SURGERY, mri="inconclusive", targets=[target]))
    by_identifier = {"facts", "quoted", "would_apply", "scenarios_open"}
    shown = set(keys(verdict.to_json(), by_identifier))
    shown |= set(keys(check(GOLDEN["G10"].facts).to_json(), by_identifier))
    shown |= {"evidence", "text", *to_json(ProposedFact("", "", None, "", ""))}
    assert documented == shown


def keys(value: Any, skip: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in skip:
                yield from keys(inner, skip)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, skip)
