"""Events: changes with a number, a time, a reader and a hash; the journal is a list of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fusion.annotations.changes.canonical import canonical
from fusion.annotations.changes.changes import CHANGES, Change
from fusion.annotations.target import check_name, in_utc
from fusion.errors import AnnotationError
from fusion.plain_text import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
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

    sequence: int
    time: datetime
    reader: str
    software_version: str
    input_digest: str
    change: Change

    def __post_init__(self) -> None:
        check_name(self.reader)
        object.__setattr__(self, "time", in_utc(self.time))

    @property
    def words(self) -> str:
        """The event on one line, without hidden characters: for a history on screen."""
        when = self.time.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.sequence}. {when}, {plain(self.reader)}: {self.change.words}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "sequence": self.sequence,
            "kind": self.change.kind,
            "time": self.time.isoformat(),
            "reader": self.reader,
            "software_version": self.software_version,
            "input": self.input_digest,
            "change": self.change.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Event:
        """Return what :meth:`to_json` wrote.

        Raises
        ------
        AnnotationError
            Not an event that this version of the program knows.
        """
        try:
            return cls(
                sequence=int(value["sequence"]),
                time=datetime.fromisoformat(value["time"]),
                reader=str(value["reader"]),
                software_version=str(value["software_version"]),
                input_digest=str(value["input"]),
                change=CHANGES[value["kind"]].from_json(value["change"]),
            )
        except (LookupError, TypeError, ValueError, AttributeError) as exc:
            raise AnnotationError(
                f"An event of a reading cannot be understood ({type(exc).__name__}: {exc}). It "
                "was written by a newer version of this program, or was changed."
            ) from exc

    def chained(self, previous: str) -> str:
        """Return the hash of this event and of everything before it.

        Parameters
        ----------
        previous : str
            The hash of the event before; empty for the first.
        """
        return chain(previous, canonical(self.to_json()))


def chain(previous: str, content: str) -> str:
    """Return the SHA-256 that ties an event's text to the hash of everything before it."""
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()
