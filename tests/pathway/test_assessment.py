"""The pathway's answer as it is stored: what comes back is what was given, or a sentence."""

from __future__ import annotations

import json

import pytest

from fusion.errors import PathwayError
from fusion.pathway.assessment import Assessment

from .cases import GOLDEN


def test_an_answer_comes_back_from_its_json() -> None:
    given = Assessment.of(GOLDEN["G10"].facts, reader="R. Eader")
    content = json.loads(json.dumps(given.to_json()))
    assert Assessment.from_json(content).to_json() == given.to_json()
    with pytest.raises(PathwayError, match="another version of the statements"):
        Assessment.from_json({**content, "words": "Supported by another edition"})
    for broken in ({}, {**content, "facts": {"mystery": True}}, {**content, "time": "now"}):
        with pytest.raises(PathwayError):
            Assessment.from_json(broken)
