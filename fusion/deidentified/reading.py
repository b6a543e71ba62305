"""A reading without identity: names, notes, dates, identifiers.

The history stays whole, with its order and its decisions. Free text is not cleaned but removed:
no program can tell what in a sentence identifies somebody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from fusion.annotations import Event, PathwayAnswered, PathwayLeftOut, Reading, StudyKey, replay
from fusion.deidentified.profile import Deidentifier
from fusion.errors import AnnotationError, FusionError
from fusion.json_form import from_json, to_json
from fusion.pathway import Assessment, check, facts_from_values
from fusion.plain_text import plain
from fusion.uptake import SUV, measure_named

#: Stands where somebody wrote something.
REMOVED = "[text removed]"
#: Stands where an answer rested on dates or text that could not leave.
WITHHELD = "Answered, and withheld: the answer rests on dates or text that were removed."
#: Free text, whatever it says.
_FREE = frozenset({"note", "reason", "disagreement"})
#: Our own identifiers.
_IDENTIFIERS = frozenset({"target_id", "reading_id", "amends"})
#: Facts that are dates and do not end in ``_date``.
_DATES = frozenset({"episode_began"})
#: Words of this program that may hold more than its own vocabulary, for example the name of a
#: file that labels came from.
_DESCRIPTIONS = frozenset(
    {"numbering", "anchor", "source", "method", "reference", "unit", "neighbour"}
)
#: Levels and joints as people write them.
_PLACE = re.compile(r"(?:(?:left|right)\s+)?[CT]\d{1,2}(?:\s*[-/]\s*[CT]?\d{1,2})?", re.IGNORECASE)
#: Vocabulary of these descriptions; anything else in one of them removes it as a whole.
_VOCABULARY = frozenset(
    [
        "a",
        "above",
        "across",
        "alignment",
        "allowed",
        "an",
        "and",
        "apart",
        "articular",
        "at",
        "automatic",
        "automatically",
        "average",
        "background",
        "bone",
        "bones",
        "both",
        "bq",
        "by",
        "cervical",
        "checked",
        "click",
        "clicked",
        "clicks",
        "column",
        "confirmed",
        "contradicted",
        "correlation",
        "count",
        "counted",
        "counts",
        "ct",
        "dens",
        "do",
        "dragged",
        "each",
        "fields",
        "first",
        "found",
        "frame",
        "from",
        "fused",
        "g",
        "glance",
        "hand",
        "in",
        "inconsistency",
        "is",
        "its",
        "joint",
        "joints",
        "kbq",
        "label",
        "lateral",
        "left",
        "level",
        "levels",
        "lower",
        "map",
        "map's",
        "mass",
        "masses",
        "maximum",
        "mean",
        "median",
        "middle",
        "motion",
        "moved",
        "ml",
        "mm",
        "neck",
        "no",
        "non",
        "not",
        "numbered",
        "of",
        "on",
        "only",
        "or",
        "other",
        "patient",
        "person",
        "point",
        "points",
        "possible",
        "processes",
        "program",
        "proportional",
        "provisional",
        "ratio",
        "reader",
        "readers",
        "recorded",
        "reference",
        "registration",
        "rib",
        "ribs",
        "right",
        "rigid",
        "s",
        "shared",
        "side",
        "spatial",
        "spect",
        "spine",
        "stated",
        "stored",
        "sure",
        "suvbw",
        "template",
        "the",
        "to",
        "trust",
        "two",
        "upper",
        "uptake",
        "values",
        "vertebra",
        "vertebrae",
        "voxel",
        "voxels",
        "whole",
        "with",
        "without",
        "facet",
        "facetfusion",
        "below",
        "active",
        "fit",
        "pet",
        "skull",
        "base",
        "occiput",
        "atlas",
        "axis",
        "canal",
        "path",
        "c",
        "t1",
        "c1",
        "c2",
        "c3",
        "c4",
        "c5",
        "c6",
        "c7",
        "l1",
        "t2",
        "c0",
        "out",
        "same",
        "disc",
        "inside",
        "tops",
        "lungs",
        "shapes",
        "shape",
        "named",
        "alone",
        "marked",
        "that",
        "are",
        "least",
        "half",
        "times",
        "their",
        "as",
        "validated",
        "bodies",
        "vertebral",
        "within",
        "lie",
        "needed",
    ]
)


def described(value: str) -> str:
    """Return a description as it stands when only this program's own words are in it.

    Numbers that may be of a person, a day or a year (long, with a leading zero, several in a row)
    remove it too.

    Parameters
    ----------
    value : str
        For example ``"counted from C2 (dens)"``, or a unit.
    """
    words = re.findall(r"\d+(?:\.\d+)?(?![^\W_])|[^\W_]+", value.lower())
    known = all(word in _VOCABULARY or _counts(word) for word in words)
    # Two numbers in a row are a telephone number or a date sooner than anything of ours.
    numbers = any(_counts(one) and _counts(two) for one, two in pairwise(words))
    return value if known and not numbers else REMOVED


def _counts(word: str) -> bool:
    """Whether a word is a number that counts or measures, not one of a person, day or year."""
    return re.fullmatch(r"(0|[1-9]\d{0,3})(\.\d+)?", word) is not None and float(word) < 1900


def _place(value: str) -> str:
    """Return the name of a level or joint that somebody typed, when it is nothing else."""
    return value if _PLACE.fullmatch(value.strip()) else REMOVED


class Readers:
    """Numbers people in the order in which they are met: the first is ``"Reader 1"``."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def name(self, reader: str) -> str:
        """Return what stands for a person."""
        number = self._numbers.setdefault(plain(reader), len(self._numbers) + 1)
        return f"Reader {number}"


def deidentified_reading(reading: Reading, how: Deidentifier, readers: Readers) -> Reading:
    """Return the same reading without identity.

    Parameters
    ----------
    reading : Reading
        As recorded.
    how : Deidentifier
        Of the whole export, so that references still fit.
    readers : Readers
        Of the whole export.
    """
    cleaned = _Events(reading, how, readers).cleaned()
    return replay(how.identifier(reading.reading_id), map(Event.read, cleaned))


class _Events:
    def __init__(self, reading: Reading, how: Deidentifier, readers: Readers) -> None:
        self.how = how
        self.readers = readers
        self.events = [to_json(event) for event in reading.events]
        study = from_json(
            StudyKey,
            self._clean(to_json(reading.study)),
            error=AnnotationError,
            what="The study cannot be read",
        )
        self.digests = {reading.study.digest: study.digest}

    def cleaned(self) -> list[dict[str, Any]]:
        return [self._event(event) for event in self.events]

    def _event(self, event: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = self._clean({**event, "change": {}})
        if event["kind"] != PathwayAnswered.kind:
            return {**cleaned, "change": self._clean(event["change"])}
        answer = deidentified_answer(event["change"]["assessment"], self.how, self.readers)
        if answer is None:
            return {**cleaned, "kind": PathwayLeftOut.kind, "change": {"reason": WITHHELD}}
        return {**cleaned, "change": {"assessment": answer}}

    def _clean(self, value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            cleaned = {
                name: self._clean(held, name)
                for name, held in value.items()
                if key != "values" or self._may_leave(str(name))
            }
            # Measured in nothing but SUV: then not measured.
            return cleaned if cleaned.get("values", True) else None
        if isinstance(value, list):
            return [self._clean(held, key) for held in value]
        if isinstance(value, str) and value:
            return self._text(value, key)
        return value

    def _may_leave(self, measure: str) -> bool:
        # SUV tells the patient's weight and the dose; what is not known here may be SUV.
        found = measure_named(measure)
        return self.how.keeps_suv or (found is not None and found.unit is not SUV)

    def _text(self, value: str, key: str) -> str:
        if key.endswith("_uid"):
            return self.how.uid(value)
        if key in _IDENTIFIERS:
            return self.how.identifier(value)
        if key == "reader":
            return self.readers.name(value)
        if key == "time":
            return self.how.moment(datetime.fromisoformat(value)).isoformat()
        if key == "input":
            return self.digests.get(value) or self.how.identifier(value, digits=64)
        if key == "amends_digest":
            return self.how.identifier(value, digits=64)
        if key in _FREE:
            return REMOVED
        return described(value) if key in _DESCRIPTIONS else value


def deidentified_answer(
    content: Mapping[str, Any], how: Deidentifier, readers: Readers
) -> dict[str, Any] | None:
    """Return the pathway's answer without identity.

    Free text and dates are taken out, or the dates shifted where they are known to the day and SUV
    is to stay computable; then the facts are checked again.

    Parameters
    ----------
    content : mapping
        ``Assessment.to_json()``.
    how : Deidentifier
        Of the whole export.
    readers : Readers
        Of the whole export.

    Returns
    -------
    dict or None
        None where the answer would no longer be the same: it rested on what was taken out.
    """
    try:
        facts = facts_from_values(_facts(content["facts"], how))
        time = how.moment(datetime.fromisoformat(content["time"]))
    except (FusionError, LookupError, TypeError, ValueError):
        return None
    answer = Assessment(check(facts), readers.name(str(content["reader"])), time).to_json()
    cleaned: dict[str, Any] = json.loads(json.dumps(answer))
    same = all(cleaned.get(key) == content.get(key) for key in ("words", "deciding", "need"))
    return cleaned if same else None


def _facts(values: Mapping[str, Any], how: Deidentifier) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for key, value in values.items():
        if key in _DATES or key.endswith("_date"):
            with suppress(ValueError):  # a month or a year
                if (day := how.day(date.fromisoformat(str(value)))) is not None:
                    cleaned[key] = day.isoformat()
        elif key == "other_red_flag":
            cleaned[key] = REMOVED
        elif key == "surgery_levels":
            cleaned[key] = [_place(str(one)) for one in value]
        elif key == "targets":
            cleaned[key] = [{**one, "name": _place(str(one["name"]))} for one in value]
        else:
            cleaned[key] = value
    return cleaned
