"""The examples of the Python reference: one at the head of each room, together one program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def examples() -> dict[str, str]:
    """Return the example of each room, in the order of the page."""
    rooms = re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.M | re.S)
    return {name: "\n".join(re.findall(r"```python\n(.*?)```", text, re.S)) for name, text in rooms}


def test_each_room_begins_with_an_example_of_itself() -> None:
    for room, example in examples().items():
        assert re.search(rf"\b{room.partition('.')[2] or room}\b", example), room


@pytest.mark.slow
def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for room, example in examples().items():
        exec(compile(example, f"{PAGE.name}: {room}", "exec"), names)
    said = capsys.readouterr().out
    assert "Left C5-C6 found" in said
    assert said.splitlines()[-1] == "Left C5-C6"
