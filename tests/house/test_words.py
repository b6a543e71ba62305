"""Words of the inside of this program and of its libraries that no user meets.

One list, held against what users see: every sentence in the code, every Finding, and what the
golden files froze of the sample study (scan, fuse, facets, pathway, report, structured report).
Identifiers of statements and facts (S15, F7a) stay in JSON, behind ``--explain`` and in tooltips.
"""

from __future__ import annotations

import argparse
import ast
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion.cli import build_parser
from fusion.findings.table import KINDS
from fusion.pathway.facts.facts_file import facts_template
from fusion.pathway.statements import published_pathway
from fusion.pathway.text import verdict_text
from fusion.pathway.verdict import check
from fusion.registration import Method
from tests.pathway.cases import GOLDEN

ROOT = Path(__file__).parents[2]
FROZEN = Path(__file__).parents[1].joinpath("golden") / "files"

INSIDE = re.compile(
    # Of this program.
    r"\bseeds?\b|\b[SFAN][0-9]+[a-cx]?\b|functional (?:volume|series|image)|(?-i:\bFoR\b)"
    r"|\baffine\b|shared frame|\bkji\b|CANNOT_DETERMINE|NOT_SUPPORTED|MRI_FIRST|SUPPORTED_SECONDARY"
    r"|OUT_OF_SCOPE|NOT_YET"
    # The DICOM term may follow the plain word, in parentheses.
    r"|(?<!\(DICOM )\bframes? of reference\b(?! alone)"
    # Of Python and its libraries.
    r"|napari|pydicom|highdicom|SimpleITK|numpy|pydantic|SQLite|\bQt\b|Traceback|Exception"
    r"|\w+Error\b|NoneType|\bdtype\b|\bndarray\b",
    re.IGNORECASE,
)
#: Keywords of DICOM; ``Spacing Between Slices`` is how people find an attribute.
KEYWORD = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")
#: Names of other programs and conventions, and the end of an attribute that DICOM writes so.
NAMES = {"TotalSegmentator", "TotalSpineSeg", "VerSe", "DateTime"}
#: What stands in files only: the meaning of a DICOM code, and a value that earlier versions stored.
IN_FILES = {"Frame of Reference Identity", "shared frame of reference"}
#: Texts that are no sentences: statements of SQL, lists of DICOM's defined terms, annotations.
NO_SENTENCE = re.compile(r"\s*(?:SELECT|INSERT|CREATE|PRAGMA) |(?:\s*[A-Z0-9_]+)+\s*$|\w+ \| None$")


def inside(text: str) -> list[str]:
    """Return each word that does not belong there, with what stands around it."""
    found = [*INSIDE.finditer(text)]
    found += [m for m in KEYWORD.finditer(text) if m[0] not in NAMES]
    return [text[max(0, m.start() - 40) : m.end() + 20] for m in found]


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module with a space in them, values in braces; no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.Expr)
        for part in ast.walk(node)
        if isinstance(node, ast.JoinedStr) or part is node.value
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            words = "".join(
                str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = "" if id(node) in parts else node.value
        else:
            continue
        if " " in words.strip() and words not in IN_FILES and not NO_SENTENCE.match(words):
            yield node.lineno, words


@pytest.mark.parametrize("folder", ["fusion", "viewer"])
def test_every_sentence_in_the_code(folder: str) -> None:
    leaks = {
        f"{path.relative_to(ROOT)}:{line}": found
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, words in sentences(path)
        if (found := inside(words))
    }
    assert leaks == {}


def test_a_leak_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""The seed."""\nx = 1\nraise E(f"The functional volume {x} is lost.")\n')
    assert [words for _, words in sentences(module)] == ["The functional volume {} is lost."]
    assert inside("The functional volume {} is lost.")
    assert inside("SpacingBetweenSlices is missing.")
    assert inside("The two state different Frames of Reference.")
    assert not inside("They share a coordinate system (DICOM Frame of Reference).")


def test_every_finding() -> None:
    assert {name: found for name, kind in KINDS.items() if (found := inside(kind.words))} == {}


def test_every_way_that_an_alignment_came_about() -> None:
    assert {method: inside(method.words) for method in Method if inside(method.words)} == {}
    assert (
        Method.words_of("rigid correlation (do not trust)") == "rigid registration (do not trust)"
    )
    for method in Method:
        stored = f"{method.value} (possible neck motion)"
        assert Method.stored_of(Method.words_of(stored)) == Method.stored_of(stored) == stored


@pytest.mark.parametrize(
    "name", ["scan.txt", "pathway.txt", "facts_template.txt", "scan.json", "facets.json"]
)
def test_what_is_printed(name: str) -> None:
    text = (FROZEN / "printed" / name).read_text("utf-8")
    if name.endswith(".json"):  # its sentences, without keys and identifiers
        said = re.findall(r'"([^"]* [^"]*)"', re.sub(r'"method": "[^"]*"|"\w+":|\\"', " ", text))
        assert said
        text = "\n".join(said)
    assert inside(text) == []


@pytest.mark.parametrize("state", ["final", "draft", "addendum", "deidentified"])
def test_the_report(state: str) -> None:
    page = (FROZEN / state / "report.html.txt").read_text("utf-8")
    body = page.rpartition("</style>")[2]
    now = "\n".join(line for line in body.splitlines() if not line.startswith("-"))
    assert inside(html.unescape(re.sub(r"<[^>]*>", " ", now))) == []


@pytest.mark.parametrize("state", ["final", "draft"])
def test_what_a_structured_report_says(state: str) -> None:
    written = (FROZEN / state / "structured_report.dcm.txt").read_text("utf-8")
    said = re.findall(r"\(\S+, 99FACETFUSION, '([^']*)'\)", written)
    assert len(said) > 10
    assert [found for words in said for found in inside(words)] == []


@pytest.mark.parametrize("case", sorted(GOLDEN))
def test_the_pathways_answer(case: str) -> None:
    assert inside(verdict_text(check(GOLDEN[case].facts))) == []


def test_the_template_of_the_facts_file() -> None:
    assert inside(facts_template()) == []


def test_the_programs_words_beside_the_article() -> None:
    pathway = published_pathway()
    said = [*pathway.terms.values(), *pathway.scenarios.values(), *pathway.fit.values()]
    said += [pathway.source.authority, pathway.source.limits, pathway.source.reference_label]
    said += [w for v in pathway.verdicts.values() for w in (v.words, v.explanation)]
    said += [one.text for one in (*pathway.gaps, *pathway.notes, *pathway.readings)]
    said += [w for one in pathway.emphases for w in (one.text, one.undecided)]
    assert [found for words in said for found in inside(words)] == []


def test_the_help_of_every_command() -> None:
    for command, parser in commands(build_parser()):
        # The example of an identifier that may be asked for.
        help_text = re.sub(r"--explain S15", "", parser.format_help())
        assert inside(" ".join(help_text.split())) == [], command


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield parser.prog, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from commands(sub)
