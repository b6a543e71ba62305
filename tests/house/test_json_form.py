"""What is read is what was written, or a sentence that says where it is not, never what."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime

import pytest
from pydantic_core import PydanticSerializationError

from fusion.annotations.changes import AnomalyRecorded, TargetSaved
from fusion.annotations.changes.event import Event
from fusion.annotations.snapshots import Measured
from fusion.annotations.target import Target
from fusion.errors import AnnotationError, PathwayError
from fusion.json_form import from_json, json_text, to_json, write_json
from tests.annotations.samples import target

SECRET = "Jane Roe"


def content(**changes: object) -> dict:
    saved = TargetSaved(target(note=SECRET, reader=SECRET))
    event = Event(
        sequence=2,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        reader=SECRET,
        software_version="0.1.0",
        input_digest="0",
        change=saved,
    )
    return {**to_json(event), **changes}


def spoilt(*path: str | int, value: object) -> dict:
    """Return an event in which one value is another, or is gone."""
    event = inside = content()
    for key in path[:-1]:
        inside = inside[key]
    if value is KeyError:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return event


TARGET = ("change", "target")


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (spoilt("sequence", value=SECRET), "sequence is not what this program writes there"),
        (spoilt("time", value=SECRET), "time is not what this program writes there"),
        (spoilt("reader", value=[SECRET]), "reader is not what this program writes there"),
        (spoilt("reader", value=KeyError), "reader is missing"),
        (spoilt("kind", value=SECRET), "change is of a kind that this version does not know"),
        (spoilt("kind", value=KeyError), "change is of "),
        (spoilt(*TARGET, "note", value=KeyError), "more or less"),
        (spoilt(*TARGET, "grade", value=KeyError), "more or less"),
        (spoilt(*TARGET, SECRET, value=SECRET), "more or less"),
        (spoilt(*TARGET, "note", value={SECRET: 1}), "target > note is not what"),
        (spoilt(*TARGET, "side", value=SECRET), "target > "),
        (spoilt(*TARGET, "level", value=KeyError), "target > level is missing"),
        (spoilt(*TARGET, "point_lps", value=[0, 0, 0]), "target contradicts the rest"),
        (spoilt(*TARGET, "point_lps", value=KeyError), "target is missing"),
        (spoilt(*TARGET, "placement", "margin_mm", value=SECRET), "placement > margin_mm is not"),
        (
            spoilt(*TARGET, "uptake", "values", SECRET, value=SECRET),
            "uptake > values > 2 > 1 is not what",
        ),
        (
            spoilt(*TARGET, "registration", "matrix_spect_to_ct_lps", 0, value=[1]),
            "matrix_spect_to_ct_lps > 0 is not what",
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_place_and_never_quoted(event: dict, says: str) -> None:
    with pytest.raises(
        AnnotationError, match=r"^An event of a reading cannot be understood: "
    ) as e:
        Event.read(event)
    assert says in str(e.value)
    assert "newer version of this program, or was changed since." in str(e.value)
    assert SECRET not in "".join(traceback.format_exception(e.value, chain=True)).replace(
        f'SECRET = "{SECRET}"', ""
    )


def test_a_value_of_another_type_is_not_made_to_fit() -> None:
    for path, value in (
        (("sequence",), "2"),
        ((*TARGET, "grade"), "2"),
        ((*TARGET, "placement", "margin_mm"), "7.0"),
        (("time",), 1767225600),
    ):
        with pytest.raises(AnnotationError):
            Event.read(spoilt(*path, value=value))


def test_each_class_says_its_own_error() -> None:
    with pytest.raises(PathwayError, match=r"^A target cannot be read: it is not what"):
        from_json(Target, [], error=PathwayError, what="A target cannot be read")


def test_a_value_that_could_not_be_read_again_is_not_written() -> None:
    wrong = AnomalyRecorded("cervical rib", withdrawn="perhaps")
    with pytest.raises(PydanticSerializationError):
        to_json(wrong)


def test_measured_values_stand_in_the_order_of_the_journal() -> None:
    one = Measured.of({"mean": 2.0, "maximum": 3.0}, unit="counts")
    assert list(to_json(one)["values"]) == ["maximum", "mean"]


def test_files_are_ascii_and_hold_no_number_that_is_none(tmp_path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"name": "Åsa \u202e", "n": 0.1 + 0.2})
    assert path.read_bytes() == (
        b'{\n  "name": "\\u00c5sa \\u202e",\n  "n": 0.30000000000000004\n}\n'
    )
    assert json.loads(path.read_text("ascii"))["name"] == "Åsa \u202e"
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"n": float("nan")})
