"""A Finding: an entry of the table, and the values that fill its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from string import Formatter
from typing import Any


class Severity(IntEnum):
    """How much a Finding matters; sorts from harmless to worst."""

    INFO = 10
    WARNING = 20
    ERROR = 30

    @property
    def label(self) -> str:
        """Lower-case word used in JSON and on screen."""
        return self.name.lower()


class FromFile(str):
    """Text of a file or a person, which may identify somebody, among values that are ours."""

    __slots__ = ()


class PersonName(FromFile):
    """Name of a person who takes responsibility."""

    __slots__ = ()


class DateText(FromFile):
    """A date, as it is shown."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FindingKind:
    """An entry of the table of Findings; called with its values, it makes a Finding.

    Parameters
    ----------
    severity : Severity
        ``ERROR`` means that something was refused, ``WARNING`` that a reader must check before
        trusting the picture, ``INFO`` that something was handled exactly.
    code : str
        Stable kebab-case identifier, for example ``"gantry-tilt"``. Entries that say the same in
        other words, or with another severity, share one.
    words : str
        One or two plain sentences: what was found, why it matters, what to do. No patient name.
        ``{names}`` stand for values, with a format as in :meth:`str.format`.
    ours : str
        Names of values that are words of this program, so that they may leave without identity.
        Any other text is taken to come from a file or a person.
    assumption : bool
        Says what was supplied or assumed rather than stated by the files; stands on every export.
    of_patient : bool
        States weight, dose or time of day, which leave only with what SUV is computed from.

    Raises
    ------
    ValueError
        No code, no words, or ``ours`` names what is not in the words.
    """

    severity: Severity
    code: str
    words: str
    ours: str = ""
    assumption: bool = False
    of_patient: bool = False

    def __post_init__(self) -> None:
        if not self.code or not self.words:
            raise ValueError("an entry of the table of Findings needs a code and words")
        if unknown := set(self.ours.split()) - self.names:
            raise ValueError(f"{self.code} has no value {', '.join(sorted(unknown))}")

    @property
    def names(self) -> frozenset[str]:
        """Names of the values."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.words) if name)

    @property
    def pattern(self) -> str:
        """Words with an ellipsis for each value, as the documentation shows them."""
        parts = Formatter().parse(self.words)
        shown = {None: "", "spect": "SPECT or PET"}
        return "".join(said + shown.get(name, "…") for said, name, _, _ in parts)

    def __call__(self, **values: Any) -> Finding:
        """Return the Finding with these values."""
        return Finding(self, tuple(values.items()))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that a reader must know.

    Parameters
    ----------
    kind : FindingKind
        Entry of the table.
    values : tuple of (str, object)
        Each value of the words, once: numbers, names of joints, text. A tuple is a list of words.

    Raises
    ------
    ValueError
        Other values than the words have.
    """

    kind: FindingKind
    values: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    message: str = field(init=False)

    def __post_init__(self) -> None:
        if sorted(name for name, _ in self.values) != sorted(self.kind.names):
            raise ValueError(
                f"{self.code} needs {', '.join(sorted(self.kind.names)) or 'no value'}"
            )
        shown = {n: ", ".join(v) if isinstance(v, tuple) else v for n, v in self.values}
        object.__setattr__(self, "message", self.kind.words.format_map(shown))

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.kind.severity

    @property
    def code(self) -> str:
        """Stable identifier."""
        return self.kind.code

    def to_json(self) -> dict[str, str]:
        """Return the JSON form: ``severity``, ``code``, ``message``."""
        return {"severity": self.severity.label, "code": self.code, "message": self.message}


def info(code: str, words: str, **more: Any) -> FindingKind:
    """Return an entry for something that was handled exactly."""
    return FindingKind(Severity.INFO, code, words, **more)


def warning(code: str, words: str, **more: Any) -> FindingKind:
    """Return an entry for what a reader must check before trusting the picture."""
    return FindingKind(Severity.WARNING, code, words, **more)


def error(code: str, words: str, **more: Any) -> FindingKind:
    """Return an entry for something that was refused."""
    return FindingKind(Severity.ERROR, code, words, **more)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the Findings without repeats, worst first, otherwise in the order given."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: -finding.severity))
