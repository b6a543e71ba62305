"""The published schema of reading.json is that of the classes, and describes what is written."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "reading.schema.json").read_text("ascii"))
EARLIER = json.loads((ROOT / "tests" / "annotations" / "earlier_readings.json").read_text("ascii"))


def test_the_published_schema_is_current() -> None:
    spec = importlib.util.spec_from_file_location("s", ROOT / "scripts" / "reading_schema.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.document() == SCHEMA, "run scripts/reading_schema.py"


def problems(document: object) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    form = {"$ref": "#/$defs/ReadingDocument", "$defs": SCHEMA["$defs"]}
    return [
        error.json_path for error in jsonschema.Draft202012Validator(form).iter_errors(document)
    ]


@pytest.mark.parametrize("earlier", EARLIER, ids=["final", "addendum", "before the anatomy"])
def test_what_the_first_version_wrote_fits_it(earlier: dict) -> None:
    assert problems(earlier["document"]) == []


def test_what_is_missing_or_wrong_does_not() -> None:
    good = EARLIER[0]["document"]
    text = json.dumps(good)
    assert problems({**good, "status": "settled"}) == ["$.status"]
    assert problems({key: value for key, value in good.items() if key != "digest"}) == ["$"]
    for before, after in (
        ('"side": "left"', '"side": "middle"'),
        ('"level": "C5-C6"', '"level": "C5-C7"'),
        ('"grade": 2', '"grade": 4'),
        ('"decision": "positive"', '"decision": "perhaps"'),
        ('"vertebra": "C7"', '"vertebra": "L5"'),
        ('"kind": "undone", ', '"kind": "target-removed", '),
        ('"kind": "undone", ', '"kind": "telepathy", '),
        ('"matrix_spect_to_ct_lps": [', '"matrix_spect_to_ct_lps": [[1], '),
    ):
        assert before in text
        assert problems(json.loads(text.replace(before, after))), after
