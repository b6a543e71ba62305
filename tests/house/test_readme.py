"""What README and the documentation tell people to type exists."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from fusion.cli import main

ROOT = Path(__file__).resolve().parents[2]
#: Commands that have commands of their own.
WITH_COMMANDS = ("archive", "cohort", "readers")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[tuple[str, str]]:
    """Every line of every ``console`` block, with the page that it stands on."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            joined = block.replace("\\\n", " ")
            found += [
                (page.name, line.strip().removeprefix("$ "))
                for line in joined.splitlines()
                if line.strip()
            ]
    return found


def of_program(program: str) -> list[tuple[str, str]]:
    return sorted({pair for pair in commands() if pair[1].split()[0] == program})


def help_text(*subcommand: str) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main([*subcommand, "--help"]) == 0
    return output.getvalue()


def test_readme_sets_up_with_exactly_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert sorted(set(re.findall(r"^make \w+", readme, re.MULTILINE))) == ["make demo", "make test"]


@pytest.mark.parametrize(("page", "line"), of_program("make"))
def test_make_targets_exist(page: str, line: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert line.split()[1] in targets, page


@pytest.mark.parametrize(("page", "line"), of_program("facetfusion"))
def test_subcommands_and_options_exist(page: str, line: str) -> None:
    _, subcommand, *words = shlex.split(line, comments=True)
    text = help_text(subcommand, *(words[:1] if subcommand in WITH_COMMANDS else ()))
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text), f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
