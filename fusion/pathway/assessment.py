"""The pathway's answer as it is stored with a study: who answered, when, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fusion.errors import PathwayError
from fusion.pathway.facts.facts import Facts
from fusion.pathway.facts.facts_file import facts_from_values
from fusion.pathway.text import verdict_text
from fusion.pathway.verdict import Verdict, check
from fusion.plain_text import utc_minute

#: Stands in every record of a study that was read without answering the pathway.
NOT_ASSESSED = "Pathway not assessed."


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """A verdict with the person who recorded its facts; equal where the JSON is.

    Parameters
    ----------
    verdict : Verdict
        The answer, with its facts, statements and the version of the statement file.
    reader : str
        Who recorded the facts.
    time : datetime
        When, with time zone; kept to the second.
    given : str
        The JSON text of an earlier version that worded the same answer otherwise: it stands as it
        was given. Empty for one of this version.

    Raises
    ------
    PathwayError
        No reader is named.
    """

    verdict: Verdict
    reader: str
    time: datetime
    given: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        _require_reader(self.reader)
        object.__setattr__(self, "time", self.time.replace(microsecond=0))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Assessment) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.reader, self.time, self.verdict.code))

    @property
    def words(self) -> str:
        """The answer in words."""
        return self.verdict.words

    @classmethod
    def of(cls, facts: Facts, *, reader: str) -> Assessment:
        """Check facts now.

        Parameters
        ----------
        facts : Facts
            As recorded.
        reader : str
            Who recorded them.
        """
        return cls(check(facts), reader, datetime.now(UTC))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Assessment:
        """Return what :meth:`to_json` wrote, checked again.

        Raises
        ------
        PathwayError
            Not an answer, or one that these statements do not give to its facts: they changed
            since.
        """
        try:
            facts = facts_from_values(value["facts"], label="The answers stored with the reading")
            time = datetime.fromisoformat(value["time"])
            stored = cls(check(facts), str(value["reader"]), time)
        except (LookupError, TypeError, ValueError) as exc:
            raise PathwayError(
                "The pathway's answer stored with the reading is damaged and cannot be used. "
                "Answer the pathway again."
            ) from exc
        now = json.loads(json.dumps(stored.to_json()))
        if now == dict(value):
            return stored
        if _without_wording(now) != _without_wording(dict(value)):
            raise PathwayError(
                "The pathway's answer stored with the reading was given by another version of the "
                "statements. It stands as it was given; answer the pathway again to renew it."
            )
        return replace(stored, given=json.dumps(dict(value)))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: that of the verdict, with ``reader``, ``time`` and ``text``."""
        if self.given:
            given: dict[str, Any] = json.loads(self.given)
            return given
        return {
            "assessed": True,
            "reader": self.reader,
            "time": self.time.isoformat(timespec="seconds"),
            **self.verdict.to_json(),
            "text": verdict_text(self.verdict),
        }


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """An answer that these statements do not give to its facts; it stands as it was given.

    Parameters
    ----------
    text : str
        ``Assessment.to_json()`` of then, as JSON text.
    why : str
        Why it is not an :class:`Assessment`, for its reader.
    """

    text: str
    why: str = field(compare=False)

    @property
    def words(self) -> str:
        """The answer in words, as far as it has any."""
        return str(self.to_json().get("words", ""))

    def to_json(self) -> dict[str, Any]:
        """Return what was given."""
        content: dict[str, Any] = json.loads(self.text)
        return content


def stored_answer(content: object) -> Assessment | EarlierAnswer:
    """Return the answer that was stored as JSON.

    Raises
    ------
    PathwayError
        There is none in it.
    """
    if not isinstance(content, Mapping) or not content.get("assessed"):
        raise PathwayError("The pathway has no answer.")
    try:
        return Assessment.from_json(content)
    except PathwayError as exc:
        return EarlierAnswer(json.dumps(content, sort_keys=True), str(exc))


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The decision to read a study without answering the pathway.

    Parameters
    ----------
    reason : str
        Why, in the reader's words.
    reader : str
        Who decided.
    time : datetime
        When, with time zone.

    Raises
    ------
    PathwayError
        No reader or no reason is named.
    """

    reason: str
    reader: str
    time: datetime

    def __post_init__(self) -> None:
        _require_reader(self.reader)
        if not self.reason.strip():
            raise PathwayError("Leaving the pathway unanswered needs a reason; say why.")

    @classmethod
    def now(cls, reason: str, *, reader: str) -> Unanswered:
        """Decide now.

        Parameters
        ----------
        reason : str
            Why.
        reader : str
            Who decides.
        """
        return cls(reason, reader, datetime.now(UTC))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, with ``reason``, ``reader``, ``time`` and ``text``."""
        time = self.time.isoformat(timespec="seconds")
        return {
            "assessed": False,
            "reason": self.reason,
            "reader": self.reader,
            "time": time,
            "text": f"{NOT_ASSESSED} {self.reader} left it unanswered ({utc_minute(self.time)}): "
            f"{self.reason}",
        }


def _without_wording(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out this program's own sentences beside an answer, which a later version may improve.

    The verdict and its words, and everything of the article (statements that decide and apply,
    their text, cautions, gaps, what is needed) stay.
    """
    left = {key: value for key, value in answer.items() if key != "text"}
    for key in ("gaps", "caution_details"):
        left[key] = [_untold(item) for item in answer.get(key, [])]
    left["targets"] = [
        {**target, "cautions": [_untold(caution) for caution in target.get("cautions", [])]}
        for target in answer.get("targets", [])
    ]
    return left


def _untold(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "text"}


def _require_reader(reader: str) -> None:
    if not reader.strip():
        raise PathwayError(
            "The facts were given without the name of the person who recorded them; give the "
            "reader's name (on the command line with --reader)."
        )


def assessment_json(assessment: Assessment | Unanswered | None) -> dict[str, Any]:
    """Return the JSON form of an assessment, or of its absence."""
    if assessment is None:
        return {"assessed": False, "text": NOT_ASSESSED}
    return assessment.to_json()
