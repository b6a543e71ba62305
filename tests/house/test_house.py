"""The rooms as they are: faces, names, sizes, and the page that shows them."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("fusion", "viewer", "sample_data")
MOST_FILES = 15
MOST_LINES = 600
#: The table of Findings is read page by page, by every room; it has no inside.
ROOMS = sorted(
    path.parent.name
    for path in (ROOT / "fusion").glob("*/__init__.py")
    if path.parent.name != "findings"
)
FACES = ["fusion", *(f"fusion.{room}" for room in ROOMS if room != "cli")]


def sources() -> list[Path]:
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def layers() -> list[list[str]]:
    """Return the rooms as the import contract orders them, the highest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one.get("containers") == ["fusion"]]
    return [re.split(r" \| ", row) for row in contract["layers"]]


def first_sentence(room: str) -> str:
    path = ROOT / "fusion" / f"{room}.py"
    path = path if path.exists() else ROOT / "fusion" / room / "__init__.py"
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert doc is not None
    return doc.split("\n\n")[0].replace("\n", " ")


@pytest.mark.parametrize("face", FACES)
def test_a_face_names_what_is_there(face: str) -> None:
    room = importlib.import_module(face)
    assert room.__all__
    for name in room.__all__:
        # A module of the same name would stand in for it as soon as somebody imports it.
        assert not (ROOT / face.replace(".", "/") / f"{name}.py").exists(), name
        assert not (ROOT / face.replace(".", "/") / name).is_dir(), name
        assert getattr(room, name) is not None


def test_every_room_is_kept_behind_its_face() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    kept = {
        (*contract["protected_modules"], *contract["allowed_importers"])
        for contract in contracts
        if contract["type"] == "protected"
    }
    assert {(f"fusion.{room}.*", f"fusion.{room}") for room in ROOMS} <= kept


def public_classes() -> Iterator[tuple[str, Path]]:
    for path in sources():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, path


def test_no_two_public_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for name, path in public_classes():
        if path.is_relative_to(ROOT / "fusion") or path.is_relative_to(ROOT / "viewer"):
            places[name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_folder_can_be_held_in_mind() -> None:
    found = [*sources(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    modules = Counter(path.parent.relative_to(ROOT) for path in found)
    assert {str(folder): n for folder, n in modules.items() if n > MOST_FILES} == {}


def test_a_module_has_one_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := path.read_text("utf-8").count("\n")) > MOST_LINES
    }
    assert long == {}


def test_the_page_of_the_house_shows_the_rooms_in_their_order() -> None:
    page = (ROOT / "docs" / "development.md").read_text("utf-8")
    table = page.partition("<!-- rooms -->")[2].partition("<!-- /rooms -->")[0]
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|")[:2])
        for line in table.strip().splitlines()[2:]
    ]
    expected = [
        (f"`{room}`", first_sentence(room)) for row in reversed(layers()) for room in sorted(row)
    ]
    assert rows == expected
