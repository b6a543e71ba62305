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
from string import Formatter
from typing import Any

from fusion.anatomy import LEVELS, VERTEBRAE
from fusion.annotations import (
    NUMBERING_WORDS,
    Event,
    PathwayAnswered,
    PathwayLeftOut,
    Reading,
    StudyKey,
    replay,
)
from fusion.deidentified.profile import Deidentifier
from fusion.dicom import UNITS
from fusion.errors import AnnotationError, FusionError
from fusion.facets import (
    AUTOMATIC,
    DRAGGED,
    FROM_PROCESSES,
    FROM_VERTEBRAE,
    LABEL_MAP,
    MARKED,
    Numbering,
    WitnessKind,
)
from fusion.json_form import from_json, to_json
from fusion.pathway import Assessment, check, facts_from_values
from fusion.plain_text import plain
from fusion.registration import Method, Trust
from fusion.uptake import REFERENCE_WORDS, SUV, measure_named

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
#: Levels and joints as people write them.
_PLACE = re.compile(r"(?:(?:left|right)\s+)?[CT]\d{1,2}(?:\s*[-/]\s*[CT]?\d{1,2})?", re.IGNORECASE)
#: A number among our words: too short for one of a person or a telephone.
_NUMBER = r"\d{1,6}(?:\.\d{1,3})?"


def _one_of(*words: str) -> str:
    return f"(?:{'|'.join(map(re.escape, words))})"


def _like(template: str, **places: str) -> str:
    """Return a regular expression for text that was made from a template; numbers by default."""
    parts = Formatter().parse(template)
    return "".join(
        re.escape(said) + ("" if name is None else places.get(name, _NUMBER))
        for said, name, _, _ in parts
    )


_VERTEBRA = _one_of(*VERTEBRAE)
_STATE = _one_of(*Numbering)
_HOW = "|".join(
    _like(
        words,
        names=f"{_VERTEBRA}(?:, {_VERTEBRA})*",
        level=_one_of(*LEVELS, *VERTEBRAE),
        source=_one_of(*WitnessKind, "dens"),
    )
    for words in NUMBERING_WORDS
)
#: What descriptions in a reading say when they are of this program, by key; any other is removed.
_DESCRIPTIONS = {
    "unit": _one_of(*UNITS),
    "method": f"{_one_of(*Method)}(?: \\({_one_of(*Trust)}\\))?",
    "neighbour": _one_of(*LEVELS, f"above {LEVELS[0]}", f"below {LEVELS[-1]}"),
    "reference": "|".join(map(_like, REFERENCE_WORDS)),
    "source": _one_of(AUTOMATIC, DRAGGED, MARKED),
    "numbering": f"{_STATE}|(?:{_STATE}, )?(?:{_HOW})",
    "anchor": f"{_one_of(*LEVELS)}|{_VERTEBRA}(?:, {_VERTEBRA})*",
}
#: Joints from label maps: all but the names of the files and of the numbers in them may leave.
_LABELLED = re.compile(f"({LABEL_MAP} ).*?({_one_of(FROM_PROCESSES, FROM_VERTEBRAE)}?)", re.DOTALL)


def described(key: str, value: str) -> str:
    """Return a description as it stands when it is one that this program writes.

    Parameters
    ----------
    key : str
        Of which description, for example ``"numbering"`` or ``"unit"``.
    value : str
        For example ``"sure, counted down from C2, known by its dens"``.
    """
    if key == "source" and (labelled := _LABELLED.fullmatch(value)):
        return f"{labelled[1]}{REMOVED}{labelled[2]}"
    return value if re.fullmatch(_DESCRIPTIONS[key], value) else REMOVED


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
        return described(key, value) if key in _DESCRIPTIONS else value


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
