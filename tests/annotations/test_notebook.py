"""The notebook of the documentation, run cell by cell on a study and its reading."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from fusion.export.handout import Handout
from fusion.export.tables import export_reading
from tests.export.handed import MADE, Read, read_study

NOTEBOOK = Path(__file__).parents[2] / "docs" / "reading.ipynb"


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read_study(tmp_path_factory.mktemp("notebook"))


def test_it_runs_and_shows_what_was_decided(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed (it comes with the window)")
    monkeypatch.chdir(tmp_path)
    (written,) = export_reading(
        Handout.of(read.review, read.reading, made=MADE, localisation=None), tmp_path
    )
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    ours = [line for line in codes[0].splitlines() if "fusion" in line]
    assert len(ours) <= 3
    names: dict[str, Any] = {}
    shown = []
    for number, code in enumerate(codes):
        *body, last = ast.parse(code).body
        exec(compile(ast.Module([*body], []), "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
        else:
            exec(compile(ast.Module([last], []), "cell", "exec"), names)
        if number == 0:
            names |= {"STUDY": read.study, "READING": written}
    table, uptake, images, kept = shown
    assert list(table.joint) == ["Left C4-C5", "Left C5-C6", "Right C5-C6"]
    assert list(table.decision) == ["positive", "positive", "negative"]
    assert list(table.x_lps_mm) == [52.0, 52.0, -28.0]
    assert list(table.ratio_to_reference) == [0.1 + 0.2] * 3
    assert len(uptake) == 2
    assert images[0] == (72, 64, 60)
    assert images[2] == (0.0, 0.0, 0.0)
    assert kept == [(read.reading.reader, 1, 3)]
    assert json.loads(NOTEBOOK.read_text("utf-8"))["nbformat"] == 4


def test_the_notebook_holds_no_output() -> None:
    """What somebody's study showed does not get into the repository."""
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs")
