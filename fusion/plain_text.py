"""Hostile text made harmless before it is shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

#: Control, format (bidirectional overrides, zero width), surrogate and private-use characters.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})


def plain(value: str) -> str:
    """Return text as one line without control or bidirectional-override characters."""
    if value.isascii() and value.isprintable():  # nearly always, and this runs for every header
        return value.strip()
    kept = (" " if char.isspace() else char for char in value)
    return "".join(c for c in kept if unicodedata.category(c) not in _HIDDEN).strip()


def iso_date(value: str) -> str:
    """Write a DICOM date as YYYY-MM-DD; anything else as it stands."""
    return re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", value)


def utc_minute(value: datetime) -> str:
    """Write a moment as people read it, to the minute: ``"2026-11-29 21:40 UTC"``."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def person_name(value: str) -> str:
    """Write a DICOM name as people read it; empty when there is none.

    Without the carets between its parts. Of one that is written in several scripts (alphabetic,
    ideographic, phonetic; PS3.5 6.2.1.2) the first that is there.
    """
    groups = (" ".join(group.replace("^", " ").split()) for group in plain(value).split("="))
    return next(filter(None, groups), "")
