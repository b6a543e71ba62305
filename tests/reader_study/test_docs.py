"""docs/reader-study.md: its study begins, and its commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fusion.cli import main
from fusion.reader_study.design import read_design
from fusion.reader_study.study import ReaderStudy
from tests.reader_study.begun import read, write_cases

PAGE = (Path(__file__).parents[2] / "docs" / "reader-study.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def test_the_study_of_the_page_is_read_as_its_commands_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = blocks("toml")
    design = read_design(text.encode())
    assert [arm.proposals for arm in design.arm] == [False, True]
    folder = tmp_path / "study"
    write_cases(folder, 2)
    for number, case in enumerate(design.case):
        (folder / "cases" / str(number)).rename(folder / case.path)
    (folder / "study.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("console") for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines]
    assert [one[1] for one in commands] == ["new", "next", "status", "analyse"]
    for command in commands:
        if command[1] == "next":
            continue  # a window: tests/viewer/test_reader_study.py
        if command[1] == "analyse":
            study = ReaderStudy.open("study")
            for reader, order in study.plan.order.items():
                for showing in order:
                    read(study, reader, showing.presentation.key)
        assert main(command) == 0, command
    capsys.readouterr()
    listed = re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in (folder / "results").iterdir())


@pytest.mark.parametrize(
    "number", ["60 s", "at most 15 s", "2,000 times", "10 patients", "10 other"]
)
def test_the_numbers_of_the_page_are_those_of_the_program(number: str) -> None:
    from fusion.reader_study.activity import PAUSE_S
    from fusion.reader_study.design import REPEAT_GAP
    from fusion.reader_study.statistics.resampling import LEAST_PATIENTS, RESAMPLES

    known = {f"{PAUSE_S:.0f} s", "at most 15 s", f"{RESAMPLES:,} times"}
    known |= {f"{LEAST_PATIENTS} patients", f"{REPEAT_GAP} other"}
    assert number in known
    assert number in PAGE
