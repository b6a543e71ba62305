"""The course of a reading: begun, carried over, undone, redone, final."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from pydantic import Field

from fusion.annotations.changes.canonical import need
from fusion.annotations.changes.vertebrae import Anatomy
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Target
from fusion.facets import SpineStatements
from fusion.json_form import UNLESS_EMPTY
from fusion.plain_text import plain


@dataclass(frozen=True, slots=True)
class Record:
    """A Target and the data that it was decided on.

    Parameters
    ----------
    target : Target
        The decision.
    input_digest : str
        :attr:`fusion.annotations.study.StudyKey.digest` of what was open then.
    """

    target: Target
    input_digest: Annotated[str, Field(alias="input")]


@dataclass(frozen=True, slots=True)
class Opened:
    """A reading begins, empty or as an addendum to a finalised one.

    Parameters
    ----------
    study : StudyKey
        What was opened.
    version : int
        1, or one more than the version that this one amends.
    amends : str
        Identifier of that reading; empty for version 1.
    amends_digest : str
        Its hash, which covers all of its history; empty for version 1.
    carried : tuple of Record
        Its Targets.
    reason : str
        Why an addendum is made; required for one.
    said : SpineStatements
        What its reader said of the spine.
    """

    kind: ClassVar[str] = "opened"
    study: StudyKey
    version: int = 1
    amends: str = ""
    amends_digest: str = ""
    carried: tuple[Record, ...] = ()
    reason: str = ""
    # Without a key when empty: journals written before there was one stay as they are.
    said: Annotated[Anatomy, Field(alias="anatomy"), UNLESS_EMPTY] = field(
        default_factory=SpineStatements
    )

    def __post_init__(self) -> None:
        if self.version > 1:
            need(self.amends and self.amends_digest, "An addendum refers to what it amends.")
            need(plain(self.reason), "An addendum needs a reason; write why it is made.")

    @property
    def words(self) -> str:
        """What happened, in words."""
        if self.version == 1:
            return "began reading"
        return f"began version {self.version}, an addendum: {plain(self.reason)}"


@dataclass(frozen=True, slots=True)
class Undone:
    """An earlier event no longer counts; it can be redone.

    Parameters
    ----------
    sequence : int
        Which event.
    """

    kind: ClassVar[str] = "undone"
    sequence: int

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"undid event {self.sequence}"


@dataclass(frozen=True, slots=True)
class Redone:
    """An event that was undone counts again.

    Parameters
    ----------
    sequence : int
        Which event.
    """

    kind: ClassVar[str] = "redone"
    sequence: int

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"redid event {self.sequence}"


@dataclass(frozen=True, slots=True)
class Finalised:
    """The reading is final; nothing can follow but an addendum, which is a reading of its own."""

    kind: ClassVar[str] = "finalised"

    @property
    def words(self) -> str:
        """What happened, in words."""
        return "finalised"
