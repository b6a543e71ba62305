"""Which version of a reading an export is: when it was made, and what its objects are called.

Whoever exports one reading twice gets the same objects: identifiers follow from the reading and
moments are those of the reading, never of a clock. An addendum is a reading of its own, so its
objects are others; its structured report names the one that it takes the place of.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fusion.annotations import AlignmentReviewed, PathwayAnswered, Reading, registration_digest
from fusion.findings import Finding
from fusion.registration import Registration

#: Longest Series Description, characters (LO, PS3.5 table 6.2-1).
_DESCRIPTION_LENGTH = 64
#: What the numbers of the series of one version and of the next differ by.
SERIES_A_VERSION = 10
#: Stands before what identifiers are made from. A new one makes all of them other ones.
_MADE_FROM = "facetfusion 1"


def _unlike_any_other() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What all objects of one export share.

    Parameters
    ----------
    made : datetime
        When its content came about; with a time zone where identity is kept.
    seed : str
        What the identifiers follow from; by default unlike any other.
    number : int
        Version of the reading; 1 without one.
    words : str
        Version in short, for titles: ``"version 2, amends 1, DRAFT"``; empty without a reading.
    before : str
        Seed of the version that this one amends; empty for none.
    """

    made: datetime
    seed: str = field(default_factory=_unlike_any_other)
    number: int = 1
    words: str = ""
    before: str = ""

    @classmethod
    def of(
        cls,
        reading: Reading | None,
        registration: Registration,
        *,
        made: datetime,
        words: str = "",
        doubts: Sequence[Finding] = (),
        said: Sequence[str] = (),
        assessment: dict[str, Any] | None = None,
    ) -> Edition:
        """Return the edition of a reading as it is handed on.

        Parameters
        ----------
        reading : Reading or None
            The decisions. Without one, every export is unlike any other.
        registration : Registration
            In use.
        made : datetime
            Of an export without reading or without identity; else the last event of the reading
            counts.
        words : str
            As for the class.
        doubts : sequence of Finding
            What the anatomy as it is numbered now says against the reading.
        said : sequence of str
            What is said of the reading as a whole; of a draft it depends on what is known of the
            joints where it is handed on.
        assessment : dict or None
            The pathway's answer that is handed on.
        """
        if reading is None:
            return cls(made=made)
        opened = reading.opened
        # What is not the reading's own, and changes what is said or shown: then other objects.
        beside = [finding.message for finding in doubts]
        beside += () if reading.finalised else said
        review = reading.alignment.change if reading.alignment else None
        if not (isinstance(review, AlignmentReviewed) and review.covers(registration)):
            beside.append(registration_digest(registration))
        answered = reading.pathway and isinstance(reading.pathway.change, PathwayAnswered)
        if assessment is not None and reading.pathway is None and not answered:
            beside.append(json.dumps(assessment, sort_keys=True, default=str))
        return cls(
            made=reading.events[-1].time if made.tzinfo else made,
            seed=_seed(reading.digest, *beside),
            number=opened.version,
            words=words,
            # As it was handed on where nothing was beside it.
            before=_seed(opened.amends_digest) if opened.version > 1 else "",
        )

    def uid(self, *what: object) -> str:
        """Return the UID of something in this export (PS3.5 B.2), the same each time."""
        return _uid(self.seed, *what)

    def uid_before(self, *what: object) -> str:
        """Return the UID that the same thing has in the version that this one amends."""
        return _uid(self.before, *what)

    def series_number(self, number: int) -> int:
        """Return the number of a series, of which version 1 has a number."""
        return number + SERIES_A_VERSION * (self.number - 1)

    def described(self, words: str) -> str:
        """Return a description that says which version this is, and whether a draft.

        That stands first: lists of other programs show the beginning of a description only.
        """
        whole = f"{self.words[:1].upper()}{self.words[1:]}: {words}" if self.words else words
        return whole[:_DESCRIPTION_LENGTH]


def _seed(*parts: str) -> str:
    return hashlib.sha256("\n".join((_MADE_FROM, *parts)).encode()).hexdigest()


def _uid(seed: str, *what: object) -> str:
    digest = hashlib.sha256("\n".join((seed, *map(str, what))).encode()).digest()
    # A UUID whose bits follow from a hash (RFC 9562, 5.8): version 8, variant 2.
    number = int.from_bytes(digest[:16], "big")
    number = (number & ~(0xF << 76)) | (8 << 76)
    number = (number & ~(0x3 << 62)) | (2 << 62)
    return f"2.25.{number}"
