"""JSON that comes back as it was, and a table that no spreadsheet calculates with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from fusion.anatomy.joints import JOINTS
from fusion.annotations.snapshots import Measured
from fusion.errors import AnnotationError
from fusion.export.tables import (
    columns,
    export_table,
    read_reading,
    reading_document,
    table,
)
from fusion.json_form import write_json
from fusion.review import Review
from tests.annotations.samples import LEFT_C5, target
from tests.export.handed import HOSTILE, Read, handout_of, read_study

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reading.schema.json"


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read_study(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def review(read: Read) -> Review:
    return read.review


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_reading_comes_back_equal_with_its_history(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "reading.json"
    write_json(path, reading_document(read.reading, about={}))
    assert read_reading(path) == read.reading
    assert HOSTILE in [t.note for t in read.reading.targets]


def test_no_reading_comes_back_as_none(tmp_path: Path) -> None:
    write_json(tmp_path / "reading.json", reading_document(None, about={}))
    assert read_reading(tmp_path / "reading.json") is None


def test_a_changed_reading_is_refused(read: Read, tmp_path: Path) -> None:
    document = reading_document(read.reading, about={})
    document["reading"]["targets"][0]["side"] = "right"
    write_json(tmp_path / "reading.json", document)
    with pytest.raises(AnnotationError):
        read_reading(tmp_path / "reading.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 99, "reading": null}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "reading.json").write_text(text)
    with pytest.raises(AnnotationError):
        read_reading(tmp_path / "reading.json")


def test_a_row_for_every_joint(review: Review) -> None:
    found = rows(table(handout_of(review, target())))
    assert [row["joint"] for row in found] == [joint.name for joint in JOINTS]
    assert tuple(found[0]) == columns()
    decided = [row for row in found if row["decision"] != "not decided"]
    assert [row["joint"] for row in decided] == [LEFT_C5.name]


def test_numbers_keep_every_digit(review: Review) -> None:
    sample = target(uptake=Measured.of({"maximum": 1 / 3, "odd": 2.5}, unit="counts"))
    text = table(handout_of(review, sample))
    [row] = [row for row in rows(text) if row["decision"] == "positive"]
    point = tuple(float(row[f"{axis}_lps_mm"]) for axis in "xyz")
    assert point == sample.point_lps
    assert float(row["maximum"]) == 1 / 3
    assert row["other_measured"] == "odd 2.5"
    assert row["mean"] == ""


@pytest.mark.parametrize(
    "note", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "\u200b=1", "＝1", "|x", "%0"]
)
def test_nothing_is_a_formula(review: Review, note: str) -> None:
    sample = target(note=note, reader=f"{note} name")
    [row] = [r for r in rows(table(handout_of(review, sample))) if r["decision"] == "positive"]
    assert row["note"].startswith("'")
    assert row["reader"].startswith("'")


def test_lines_and_quotes_stay_in_their_cell(review: Review) -> None:
    sample = target(note='a"b,c\nd;e')
    found = rows(table(handout_of(review, sample)))
    assert len(found) == len(JOINTS)
    assert next(row["note"] for row in found if row["note"]) == 'a"b,c d;e'


def test_the_file_is_utf_8_for_spreadsheets(review: Review, tmp_path: Path) -> None:
    (path,) = export_table(handout_of(review, target(note="Ж")), tmp_path)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "Ж" in content.decode("utf-8-sig")


def test_the_schema_is_one() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))
