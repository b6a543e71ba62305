"""Journals and files that the first version wrote are read, and written again, as they were.

``earlier_readings.json`` was written before JSON was made from the classes: every kind of change,
what was left out then, the words that each event had, and the hash of the history.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fusion.annotations.changes import KINDS
from fusion.annotations.changes.canonical import canonical
from fusion.annotations.changes.event import Event, chain
from fusion.annotations.reading import Reading, replay
from fusion.errors import AnnotationError
from fusion.json_form import to_json

EARLIER = json.loads(Path(__file__).with_name("earlier_readings.json").read_text("ascii"))
EVENTS = [event for reading in EARLIER for event in reading["events"]]


def paths(content: Any, *, inside: tuple = ()) -> list[tuple]:
    """Return the place of every key, of whatever depth."""
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    below = [path for key, value in items for path in paths(value, inside=(*inside, key))]
    return below + ([inside] if inside and isinstance(inside[-1], str) else [])


def test_every_kind_of_change_was_there_already() -> None:
    assert {json.loads(event["content"])["kind"] for event in EVENTS} == set(KINDS)


def test_an_earlier_event_is_written_again_to_the_letter() -> None:
    for event in EVENTS:
        read = Event.read(json.loads(event["content"]))
        assert canonical(to_json(read)) == event["content"]
        assert read.words == event["words"]


@pytest.mark.parametrize("earlier", [r for r in EARLIER if r["events"]], ids=["final", "addendum"])
def test_an_earlier_history_has_the_same_hash(earlier: dict) -> None:
    events = [Event.read(json.loads(event["content"])) for event in earlier["events"]]
    digest = ""
    for event, stored in zip(events, earlier["events"], strict=True):
        digest = event.chained(digest)
        assert digest == stored["hash"]
    reading = replay(earlier["reading_id"], events)
    assert reading.digest == digest
    assert reading.to_json() == earlier["document"]


def test_the_hash_covers_what_came_before_and_what_is_there() -> None:
    # Written by hand: SHA-256 of the hash before, a line feed, and the text.
    assert chain("", "{}") == "a062dd4952b935e430d409c4a5e5cd760e8781e3200d5c7e12a232dddba8a528"


@pytest.mark.parametrize("earlier", EARLIER, ids=["final", "addendum", "before the anatomy"])
def test_an_earlier_document_is_read(earlier: dict) -> None:
    reading = Reading.from_json(earlier["document"])
    assert reading.to_json() == {"anatomy": reading.to_json()["anatomy"], **earlier["document"]}


def test_no_key_of_an_event_may_be_missing_added_or_of_another_kind() -> None:
    may_be_missing = {("change", "anatomy"), ("status",)}  # as in what was written before them
    for event in EVENTS:
        for path in paths(json.loads(event["content"])):
            if "assessment" in path[:-1]:
                continue  # kept as it was given
            for spoil in (_without, _renamed, _emptied):
                content = json.loads(event["content"])
                inside = content
                for key in path[:-1]:
                    inside = inside[key]
                if not spoil(inside, path[-1]) or inside == {}:
                    continue
                if spoil is _without and (path[-1:] in may_be_missing or path in may_be_missing):
                    continue
                if path[-2:-1] in (("clicks",), ("values",)):
                    continue  # names of the reader's choice of vertebrae and of measures
                with pytest.raises(AnnotationError):
                    Event.read(content)


def _without(inside: dict, key: str) -> bool:
    del inside[key]
    return True


def _renamed(inside: dict, key: str) -> bool:
    inside[f"{key}_"] = inside[key]
    return True


def _emptied(inside: dict, key: str) -> bool:
    inside[key] = {"another": "kind"}
    return True
