"""Events: changes with a number, a time, a reader and a hash; the journal is a list of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from fusion.annotations.changes import KINDS, Change
from fusion.annotations.changes.canonical import canonical
from fusion.annotations.target import check_name, in_utc
from fusion.errors import AnnotationError
from fusion.json_form import ByKind, JsonForm, Moment, from_json, to_json
from fusion.plain_text import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(JsonForm):
    """One thing that happened to a reading.

    Parameters
    ----------
    sequence : int
        1 for the first of a reading, without gaps.
    time : datetime
        When, with time zone; kept in UTC. The order is that of ``sequence``, whatever clocks say.
    reader : str
        Who did it.
    software_version : str
        Of facetfusion.
    input_digest : str
        Of the study as it was open then.
    change : Change
        What happened.

    Raises
    ------
    AnnotationError
        No reader, no time zone.
    """

    derived = ("kind",)

    sequence: int
    time: Moment
    reader: str
    software_version: str
    input_digest: Annotated[str, Field(alias="input")]
    change: Annotated[Change, ByKind()]

    def __post_init__(self) -> None:
        check_name(self.reader)
        object.__setattr__(self, "time", in_utc(self.time))

    @property
    def kind(self) -> Annotated[str, WithJsonSchema({"enum": list(KINDS)})]:
        """The word for what happened in the journal; in JSON it stands beside the change."""
        return self.change.kind

    @classmethod
    def _as_fields(cls, content: dict[str, Any]) -> dict[str, Any]:
        if isinstance(content.get("change"), Mapping):
            content["change"] = {**content["change"], "kind": content.get("kind")}
        return content

    @property
    def words(self) -> str:
        """The event on one line, without hidden characters: for a history on screen."""
        when = self.time.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.sequence}. {when}, {plain(self.reader)}: {self.change.words}"

    @classmethod
    def read(cls, content: Any) -> Event:
        """Return the event that :func:`fusion.json_form.to_json` made JSON of.

        Raises
        ------
        AnnotationError
            Not an event that this version of the program writes.
        """
        what = "An event of a reading cannot be understood"
        return from_json(cls, content, error=AnnotationError, what=what)

    def chained(self, previous: str) -> str:
        """Return the hash of this event and of everything before it.

        Parameters
        ----------
        previous : str
            The hash of the event before; empty for the first.
        """
        return chain(previous, canonical(to_json(self)))


def chain(previous: str, content: str) -> str:
    """Return the SHA-256 that ties an event's text to the hash of everything before it."""
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()
