"""Every key of the JSON output is documented, and everything documented is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusion.cli import main
from tests.viewer.marked_study import write_study

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "scan-and-fuse.md").read_text("utf-8")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("documented"))


def section(heading: str) -> str:
    """Text of the page from a heading to the next one."""
    return PAGE.partition(heading)[2].partition("\n##")[0]


def documented(heading: str) -> set[str]:
    """Words in code font in the section, taken apart at dots and without brackets."""
    words = re.findall(r"`([^`]+)`", section(heading))
    return {part for word in words for part in re.split(r"[^a-z_]+", word) if part}


def keys(value: Any, *, skip: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in skip:
                yield from keys(inner, skip=skip)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner, skip=skip)


def test_every_key_of_scan_is_documented(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(study), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(keys(document, skip=frozenset())) <= documented("### `scan --json`")


def test_every_key_of_the_record_is_documented(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fuse", str(study), "--out", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "review.json").read_text("utf-8"))
    # Findings have their own shape; versions and outputs have names of programs and files.
    skip = frozenset({"findings", "assumptions", "software", "outputs"})
    found = set(keys(printed, skip=skip)) | set(keys(written, skip=skip))
    assert found <= documented("### `review.json` and `fuse --json`")
    assert written.pop("outputs")
    assert written == printed


def test_every_key_of_the_registration_is_documented(study: Path, tmp_path: Path) -> None:
    assert main(["fuse", str(study), "--out", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "registration.json").read_text("utf-8"))
    skip = frozenset({"findings", "software"})
    assert set(keys(written, skip=skip)) <= documented("### `registration.json`")


def test_files_of_fuse_are_those_documented(study: Path, tmp_path: Path) -> None:
    assert main(["fuse", str(study), "--out", str(tmp_path)]) == 0
    table = section("## One command from DICOM to fused pictures")
    named = set(re.findall(r"`([a-z_]+\.(?:json|png|dcm))`", table))
    assert {path.name for path in tmp_path.iterdir()} == named


def test_a_refusal_is_the_documented_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("no DICOM here")
    assert main(["fuse", str(tmp_path), "--out", str(tmp_path / "out"), "--json"]) == 3
    captured = capsys.readouterr()
    assert set(json.loads(captured.out)) == {"error"}
    assert set(json.loads(captured.out)["error"]) == {"code", "message"}
    assert json.loads(captured.out)["error"]["message"] in captured.err
