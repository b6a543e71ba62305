"""Dates as patients and letters give them: a day, a month or only a year.

A date is kept as the span of days that it can mean, so that "which came first" has three answers:
yes, no and unknown.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?$")

#: No one examined on a SPECT/CT was imaged or operated on before this year.
EARLIEST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date known to the day, the month or the year.

    Parameters
    ----------
    first, last : datetime.date
        First and last day that it can mean.

    Raises
    ------
    ValueError
        ``last`` before ``first``, or a year before :data:`EARLIEST_YEAR`.
    """

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("the last day of a date lies before its first")
        if self.first.year < EARLIEST_YEAR:
            raise ValueError(f"the year {self.first.year} lies before {EARLIEST_YEAR}")

    @classmethod
    def parse(cls, value: object) -> PartialDate:
        """Read a TOML date, or text as ``2024``, ``2024-05`` or ``2024-05-17``.

        Raises
        ------
        ValueError
            Anything else, with what was expected.
        """
        if isinstance(value, PartialDate):
            return value
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return cls(value, value)
        written = _WRITTEN.match(value) if isinstance(value, str) else None
        if written is None:
            raise ValueError('expected a date: 2024-05-17, or "2024-05" or "2024" in quotes')
        year, month, day = (int(part) if part else None for part in written.groups())
        assert year is not None  # the pattern has it
        try:
            first = dt.date(year, month or 1, day or 1)
            last_month = month or 12
            last = dt.date(year, last_month, day or calendar.monthrange(year, last_month)[1])
        except ValueError as exc:
            raise ValueError(f"{value} is not a date that exists") from exc
        return cls(first, last)

    def __str__(self) -> str:
        """Return the date as precisely as it is known."""
        if self.first == self.last:
            return self.first.isoformat()
        same_month = (self.first.year, self.first.month) == (self.last.year, self.last.month)
        return self.first.isoformat()[: 7 if same_month else 4]

    def before(self, other: PartialDate) -> bool | None:
        """Whether this date lies before the other; None when the two can't be ordered.

        The same day counts as unknown: a date says nothing about the hour.
        """
        if self.last < other.first:
            return True
        if self.first > other.last:
            return False
        return None

    def within_a_year_of(self, surgery: PartialDate) -> bool | None:
        """Whether this date lies less than 12 calendar months after the surgery; None if unknown.

        Exactly 12 months is not less than 12 months.
        """
        if self.last < _a_year_after(surgery.first):
            return True
        if self.first >= _a_year_after(surgery.last):
            return False
        return None


def _a_year_after(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return dt.date(day.year + 1, 3, 1)
