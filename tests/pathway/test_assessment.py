"""The pathway's answer as it is stored: what comes back is what was given, or a sentence."""

from __future__ import annotations

import json

import pytest

from fusion.errors import PathwayError
from fusion.pathway.assessment import Assessment, EarlierAnswer, stored_answer
from fusion.pathway.facts.facts import Facts
from fusion.pathway.verdict import check

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


def test_an_answer_of_another_version_stands_as_it_was_given() -> None:
    given = json.loads(json.dumps(Assessment.of(Facts(), reader="R").to_json()))
    assert stored_answer(given) == Assessment.from_json(given)
    earlier = stored_answer({**given, "words": "Supported by another edition"})
    assert isinstance(earlier, EarlierAnswer)
    assert earlier.words == "Supported by another edition"
    assert earlier.to_json() == {**given, "words": "Supported by another edition"}
    assert earlier.why == (
        "The pathway's answer stored with the reading was given by another version of the "
        "statements. It stands as it was given; answer the pathway again to renew it."
    )
    for nothing in ({**given, "assessed": False}, {}, None, "answered"):
        with pytest.raises(PathwayError, match="no answer"):
            stored_answer(nothing)


def test_two_answers_are_equal_where_all_that_is_kept_of_them_is() -> None:
    one = Assessment.of(Facts(), reader="R")
    assert one == Assessment(one.verdict, "R", one.time)
    assert one != Assessment(one.verdict, "S", one.time)
    assert one != Assessment(check(Facts(cervical_pain=True)), "R", one.time)
    assert one.time.microsecond == 0
