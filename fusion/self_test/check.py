"""One thing that was tried, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CheckOutcome(StrEnum):
    """How a check ended; worst last."""

    WORKS = "works"
    MISSING = "not here"
    FAILS = "does not work"


@dataclass(frozen=True, slots=True)
class Check:
    """What was tried.

    Parameters
    ----------
    what : str
        In the words of who uses the program.
    outcome : CheckOutcome
        ``MISSING`` where something may be lacking and the rest works without.
    found : str
        What was seen.
    remedy : str
        What to do; empty where nothing is to be done.
    """

    what: str
    outcome: CheckOutcome
    found: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if (self.outcome is CheckOutcome.WORKS) == bool(self.remedy):
            raise ValueError("What works needs no remedy, and what does not needs one.")


def worst(checks: Iterable[Check]) -> CheckOutcome:
    """Return the worst outcome; that all works where there is none."""
    order = list(CheckOutcome)
    return max((check.outcome for check in checks), key=order.index, default=CheckOutcome.WORKS)
