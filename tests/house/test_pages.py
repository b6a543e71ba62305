"""The pages say for whom they are, and what they name is there."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fusion.cli import build_parser
from fusion.facets import ANOMALIES, CONVENTIONS
from fusion.findings.table import KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
EVERYWHERE = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *PAGES,
]
#: What a script of ours does not make: OHIF is shown by its own window (scripts/show_in_ohif.py).
BY_HAND = {"ohif.png"}
#: What looks like the code of a Finding: SPINEPS, a value of --reference, a made case, a font.
NO_CODES = {"seg-spine", "seg-vert", "other-side", "phantom-004", "fonts-dejavu-core"}
#: Pages with codes of DICOM, packages and commands, which have tests of their own.
CODES_OF_OTHERS = {
    "exports.md",
    "without-identity.md",
    "dependencies.md",
    "sources.md",
    "development.md",
}
#: Signs on the bar of steps, which are no keys.
SIGNS = {"✓", "·", "!", "…"}
#: Pages for those who change the program may name what is behind a room's face.
OF_THE_INSIDE = {"development.md", "facets-evidence.md", "sources.md"}


def ids(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def code_words(page: Path) -> list[str]:
    """Return what stands in code font in running text, on one line."""
    return [" ".join(words.split()) for words in re.findall(r"`([^`]+)`", prose(page))]


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_a_page_says_first_for_whom_it_is_and_what_he_can_do_then(page: Path) -> None:
    title, opening, *_ = page.read_text("utf-8").split("\n\n")
    assert re.fullmatch(r"# .+", title)
    said = re.match(
        r"For [^.]+\. After this page[^.]*? (you (can|know|have)|it is) ",
        opening.replace("\n", " "),
    )
    assert said, opening


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_a_page_is_on_the_way_from_the_first_one(page: Path) -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    if page.name != "index.md":
        assert f"]({page.name})" in index
        assert f"\n{page.stem}\n" in index


def test_the_pages_that_are_made_are_current() -> None:
    path = ROOT / "scripts" / "reference_pages.py"
    spec = importlib.util.spec_from_file_location("reference_pages", path)
    assert spec
    assert spec.loader
    script: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for page, text in script.pages().items():
        assert page.read_text("utf-8") == text, "run scripts/reference_pages.py"


def test_readme_sets_up_with_exactly_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert sorted(set(re.findall(r"^make \w+", readme, re.MULTILINE))) == ["make demo", "make test"]


def test_readme_stays_within_two_screens() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 70


def test_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for page in EVERYWHERE:
        blocks = re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
        for line in (*"".join(blocks).splitlines(), *code_words(page)):
            if found := re.match(r"make ([a-z-]+)", line):
                assert found[1] in targets, f"{page.name}: {line}"


def command_lines() -> Iterator[tuple[Path, str]]:
    """Yield every command of ours in a block, whatever language the block says it is."""
    for page in EVERYWHERE:
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.strip().removeprefix("$ ")
                if command.startswith("facetfusion "):
                    yield page, command


@pytest.mark.parametrize(("page", "line"), list(command_lines()), ids=lambda part: str(part)[-60:])
def test_a_command_is_understood_as_it_stands(page: Path, line: str) -> None:
    """Options exist and take their values, and nothing that is needed is missing."""
    words = shlex.split(line, comments=True)[1:]
    if ">" in words:
        words = words[: words.index(">")]
    assert not words or build_parser().parse_args(words)


@pytest.mark.parametrize("page", EVERYWHERE, ids=ids(EVERYWHERE))
def test_a_command_in_running_text_has_these_options(page: Path) -> None:
    """There a command may be cut short; what of it is there has to be."""
    for words in code_words(page):
        if not words.startswith("facetfusion ") or words.startswith("facetfusion --"):
            continue
        parts = [part for part in words.split()[1:] if re.fullmatch(r"-{0,2}[a-z][a-z-]*", part)]
        known = options_of(parts)
        for part in parts:
            assert not part.startswith("--") or part in known, f"{page.name}: {words}"


def options_of(words: list[str]) -> set[str]:
    """Return the options of the command that is named, after its own commands."""
    parser: argparse.ArgumentParser = build_parser()
    for word in words:
        choices = next(
            (a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)), None
        )
        if choices is None or word not in choices:
            break
        parser = choices[word]
        parser.format_help()  # which adds its options
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("page", EVERYWHERE, ids=ids(EVERYWHERE))
def test_what_is_run_as_a_module_or_named_as_a_file_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    for name in re.findall(r"python -m ((?:benchmarks|sample_data|fusion)[\w.]*)", text):
        path = ROOT / name.rstrip(".").replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name
    for name in re.findall(
        r"`((?:scripts|benchmarks|fusion|viewer|tests|sample_data)/[\w./-]+)", text
    ):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_names_in_python_are_public(page: Path) -> None:
    """``fusion.room.name`` is on the face of its room."""
    if page.name in OF_THE_INSIDE:
        return
    for words in code_words(page):
        if re.match(r"fusion\.\w", words) and not re.search(r"\.(?:toml|py)\b", words):
            room, name, *_ = [*re.findall(r"\w+", words.partition("(")[0])[1:], ""]
            face = importlib.import_module(f"fusion.{room}" if name else "fusion")
            assert (name or room) in face.__all__, f"{page.name}: {words}"


@pytest.mark.parametrize("page", EVERYWHERE, ids=ids(EVERYWHERE))
def test_python_in_a_block_is_python_and_imports_what_is_public(page: Path) -> None:
    for block in re.findall(r"^ *```python\n(.*?)^ *```", page.read_text("utf-8"), re.M | re.S):
        for node in ast.walk(ast.parse(textwrap.dedent(block))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fusion"):
                face = importlib.import_module(str(node.module))
                for one in node.names:
                    is_room = importlib.util.find_spec(f"{node.module}.{one.name}") is not None
                    assert is_room or one.name in face.__all__, f"{page.name}: {one.name}"


def test_a_code_of_a_finding_is_one() -> None:
    """What looks like a code and is none has to be a name that a table of ours knows."""
    known = {kind.code for kind in KINDS.values()} | {one.name for one in CONVENTIONS}
    known |= {anomaly.replace(" ", "-") for anomaly in ANOMALIES} | NO_CODES
    for page in PAGES:
        if page.name in CODES_OF_OTHERS:
            continue
        looks = {w for w in code_words(page) if re.fullmatch(r"[a-z]+(?:-[a-z0-9]+)+", w)}
        assert looks <= known, f"{page.name}: {looks - known}"


def test_the_conventions_of_label_maps_are_those_of_the_program() -> None:
    names = ("C1", "C7", "T1")
    text = (DOCS / "labels.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)`.*? \| (\d+) … (\d+), (\d+)", text, re.MULTILINE)
    written = {name: tuple(map(int, numbers)) for name, *numbers in rows}
    for one in CONVENTIONS:
        number = {vertebra: value for value, vertebra in one.vertebrae.items()}
        assert written.pop(one.name) == tuple(number[name] for name in names)
    assert not written


@pytest.mark.parametrize("name", ["quick-start.md", "first-reading.md", "viewer.md", "targets.md"])
def test_a_key_is_one(name: str) -> None:
    """keys.md is held against the window (tests/viewer/test_window.py); the others against it."""
    card = set(re.findall(r"^\| `(.+?)` \|", (DOCS / "keys.md").read_text("utf-8"), re.MULTILINE))
    pressed = {
        w
        for w in code_words(DOCS / name)
        if re.fullmatch(r"(?:(?:Ctrl|Shift)\+)*\S|(?:Ctrl|Shift)\+\w+", w)
    }
    assert pressed - card <= SIGNS
    assert pressed & card


def test_the_files_of_an_export_are_those_that_its_page_lists() -> None:
    """tests/golden holds that the list is what is written now."""
    written = (ROOT / "tests" / "golden" / "files" / "final" / "files.txt").read_text("utf-8")
    page = (DOCS / "exports.md").read_text("utf-8").partition("| file | what it is |")[2]
    cells = re.findall(r"^\| (`.+?) \|", page.partition("\n\n")[0], re.MULTILINE)
    listed = set(re.findall(r"`([\w.*]+)`", " ".join(cells)))
    shown = {re.sub(r"(fused_).+|(picture_)\d+", shorten, name) for name in written.split()}
    assert shown == listed


def shorten(found: re.Match[str]) -> str:
    return "fused_*.png" if found[1] else "picture_01"


def test_every_picture_is_shown_and_made_by_a_script() -> None:
    pictures = {path.name for path in (DOCS / "images").iterdir()}
    shown = {
        name
        for page in EVERYWHERE
        for name in re.findall(r"images/([\w.-]+\.png)\)", page.read_text("utf-8"))
    }
    assert shown == pictures
    scripts = "".join(
        path.read_text("utf-8")
        for path in (
            ROOT / "scripts" / "screenshots.py",
            ROOT / "scripts" / "facet_pictures.py",
            ROOT / "benchmarks" / "registration" / "failures.py",
        )
    )
    for name in pictures - BY_HAND:
        stem = name.removesuffix(".png")
        made = f'"{stem}"' in scripts or f'"{name}"' in scripts
        assert made or re.match(r"facets_|registration_", stem), name


@pytest.mark.parametrize("page", EVERYWHERE, ids=ids(EVERYWHERE))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_a_link_to_a_part_of_a_page_leads_there() -> None:
    for page in EVERYWHERE:
        for target, part in re.findall(r"\]\(([^)\s#:]*)#([^)\s]+)\)", prose(page)):
            text = ((page.parent / target) if target else page).read_text("utf-8")
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert part in anchors, f"{page.name}: {target}#{part}"
