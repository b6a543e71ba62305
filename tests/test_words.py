"""Words of the inside of this program and of its libraries that no user meets.

Identifiers of statements and facts (S15, F7a) stay in JSON, behind ``--explain`` and in tooltips.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from fusion.cli import build_parser
from fusion.pathway.facts.facts_file import facts_template
from fusion.pathway.statements import published_pathway
from fusion.pathway.text import verdict_text
from fusion.pathway.verdict import check
from tests.pathway.cases import GOLDEN

INSIDE = re.compile(
    r"\bseeds?\b|\b[SFAN][0-9]+[a-cx]?\b|functional volume|napari|pydicom|highdicom|SimpleITK"
    r"|SQLite|Traceback|\w+Error\b|CANNOT_DETERMINE|NOT_SUPPORTED|MRI_FIRST|SUPPORTED_SECONDARY"
    r"|OUT_OF_SCOPE|NOT_YET",
    re.IGNORECASE,
)


def inside(text: str) -> list[str]:
    return [text[max(0, m.start() - 40) : m.end() + 20] for m in INSIDE.finditer(text)]


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
