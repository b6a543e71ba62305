"""Sentences and forms that several outputs share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fusion.annotations import Reading
from fusion.deidentified import NO_MOMENT
from fusion.facets import Numbering
from fusion.pathway import NOT_ASSESSED
from fusion.plain_text import iso_date, plain, utc_minute

#: How far the program trusted the levels; what is stored is no word for people.
TRUSTED_WORDS = {
    Numbering.SURE: "several independent signs agree",
    Numbering.PROVISIONAL: "PROVISIONAL, the signs do not settle them",
    Numbering.CONFIRMED: "they follow the vertebrae that the reader named",
}
#: Stands in every report and document.
CONFIRM = "Confirm side and level on live imaging, with marking and time-out, at the procedure."
#: What has to be said (docs/sources.md#safety-sentences); the disclaimer and the sentences of the
#: pathway stand beside it.
LIMITATIONS = (
    "SPECT-positive does not mean painful. About one third of cervical facets in people without "
    "neck pain show arthritis on CT.",
    "Nerve targets are the usual anatomical supply; anatomy varies. C1–C2 and C0–C1 have no medial "
    "branch target.",
    CONFIRM,
    "SUV shown only when the data prove quantitative units. No cut-off is validated for cervical "
    "facets.",
    "Pathway result reflects only the facts entered. Red flags need urgent clinical assessment "
    "whatever this screen says.",
)


def said_numbering(stored: str) -> str:
    """Return how far the levels were trusted at a decision, for people."""
    return TRUSTED_WORDS[Numbering(stored)] if stored in {*Numbering} else stored


def stored_numbering(said: str) -> str:
    """Return what :func:`said_numbering` made words of."""
    return next((state.value for state, words in TRUSTED_WORDS.items() if words == said), said)


def said_date(value: str) -> str:
    """Write a DICOM date as YYYY-MM-DD; anything else as it stands."""
    return iso_date(plain(value))


def said_moment(value: datetime) -> str:
    """Write a moment to the minute, or say that it was removed."""
    return "date removed" if value == NO_MOMENT else utc_minute(value)


def said_status(reading: Reading | None) -> str:
    """Return who finalised a reading and when, or that nobody did."""
    if reading is None:
        return "Nobody has recorded a decision on this study."
    final, opened = reading.finalised, reading.opened
    which = f"ersion {opened.version}"
    why = ""
    if opened.version > 1:
        which += f", amends version {opened.version - 1}"
        why = f" Reason for the addendum: {plain(opened.reason).rstrip('.')}."
    if final is None:
        return f"Draft, v{which}, not finalised.{why}"
    return f"V{which}, finalised by {plain(final.reader)}, {said_moment(final.time)}.{why}"


def said_pathway(assessment: Mapping[str, Any] | None) -> str:
    """Return the pathway's answer in words."""
    if assessment is None:
        return NOT_ASSESSED
    return plain(str(assessment.get("words") or assessment["text"]))
