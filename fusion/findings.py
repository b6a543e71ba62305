"""Findings: what a reader must know about the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How much a Finding matters; sorts from harmless to worst."""

    INFO = 10
    WARNING = 20
    ERROR = 30

    @property
    def label(self) -> str:
        """Lower-case word used in JSON and on screen."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that a reader must know.

    Parameters
    ----------
    severity : Severity
        ``ERROR`` means that something was refused, ``WARNING`` that a reader must check before
        trusting the picture, ``INFO`` that something was handled exactly.
    code : str
        Stable kebab-case identifier, for example ``"gantry-tilt"``.
    message : str
        One or two plain sentences: what was found, why it matters, what to do. No patient name.

    Raises
    ------
    ValueError
        Empty code or message.
    """

    severity: Severity
    code: str
    message: str

    def __post_init__(self) -> None:
        if not self.code or not self.message:
            raise ValueError("a Finding needs a code and a message")

    def to_json(self) -> dict[str, str]:
        """Return the JSON form: ``severity``, ``code``, ``message``."""
        return {"severity": self.severity.label, "code": self.code, "message": self.message}


def info(code: str, message: str) -> Finding:
    """Return a Finding about something that was handled exactly."""
    return Finding(Severity.INFO, code, message)


def warning(code: str, message: str) -> Finding:
    """Return a Finding that a reader must check before trusting the picture."""
    return Finding(Severity.WARNING, code, message)


def error(code: str, message: str) -> Finding:
    """Return a Finding about something that was refused."""
    return Finding(Severity.ERROR, code, message)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the Findings without repeats, worst first, otherwise in the order given."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: -finding.severity))
