"""Dates and times in DICOM headers.

Every moment is a naive :class:`datetime.datetime` in the local time of the scanner, because
Series Time and Acquisition Time state no offset. A value that cannot be read counts as absent:
what needs it then says that it is missing.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from pydicom.dataset import Dataset

from fusion.dicom.files.instance import text

# The colons and dots are those of ACR-NEMA 2.0, still found in old objects.
_DATE = re.compile(r"^(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})$")
_TIME = re.compile(r"^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6})\d*)?)?)?$")
_DATE_TIME = re.compile(r"^(\d{8})(\d{4,6}(?:\.\d+)?)([+-]\d{4})?$")
_OFFSET = re.compile(r"^([+-])(\d{2})(\d{2})$")


def date_of(dataset: Dataset, keyword: str) -> date | None:
    """Return a DA attribute, or None when absent or unreadable."""
    return _date(text(dataset, keyword))


def time_of(dataset: Dataset, keyword: str) -> time | None:
    """Return a TM attribute, or None when absent or unreadable."""
    return _time(text(dataset, keyword))


def moment(dataset: Dataset, prefix: str) -> datetime | None:
    """Return the moment that a pair of date and time attributes states.

    Parameters
    ----------
    dataset : Dataset
        Header.
    prefix : str
        ``"Series"`` or ``"Acquisition"``: ``<prefix>DateTime`` if present, otherwise
        ``<prefix>Date`` with ``<prefix>Time``.
    """
    combined = date_time_of(dataset, f"{prefix}DateTime", scanner=dataset)
    if combined is not None:
        return combined
    day, clock = date_of(dataset, f"{prefix}Date"), time_of(dataset, f"{prefix}Time")
    return None if day is None or clock is None else datetime.combine(day, clock)


def date_time_of(dataset: Dataset, keyword: str, *, scanner: Dataset) -> datetime | None:
    """Return a DT attribute in the local time of the scanner, or None when absent or unreadable.

    Parameters
    ----------
    dataset : Dataset
        Header or sequence item.
    keyword : str
        DICOM keyword of the DT attribute. One without hours and minutes counts as absent.
    scanner : Dataset
        The header: its Timezone Offset From UTC (0008,0201) defines local time. When it has
        none, an offset in the value is that of the local time and changes nothing.
    """
    match = _DATE_TIME.match(text(dataset, keyword))
    if match is None:
        return None
    day, clock = _date(match[1]), _time(match[2])
    if day is None or clock is None:
        return None
    own, local = _offset(match[3] or ""), _offset(text(scanner, "TimezoneOffsetFromUTC"))
    shift = timedelta(0) if own is None or local is None else local - own
    return datetime.combine(day, clock) + shift


def _date(value: str) -> date | None:
    match = _DATE.match(value)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _time(value: str) -> time | None:
    match = _TIME.match(value)
    if match is None:
        return None
    # DICOM allows a leap second (60).
    seconds = min(int(match[3] or 0), 59)
    try:
        return time(
            int(match[1]), int(match[2] or 0), seconds, int((match[4] or "0").ljust(6, "0"))
        )
    except ValueError:
        return None


def _offset(value: str) -> timedelta | None:
    match = _OFFSET.match(value)
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -size if match[1] == "-" else size
