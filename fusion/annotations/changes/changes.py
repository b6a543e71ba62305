"""What can happen to a reading.

What is said about the spine itself is in :mod:`fusion.annotations.changes.spine`, the statements
that finishing needs in :mod:`fusion.annotations.changes.checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fusion.anatomy import Joint
from fusion.annotations.changes.canonical import joint_json, joint_of, need, need_length
from fusion.annotations.changes.checks import AlignmentReviewed, PathwayAnswered, PathwayLeftOut
from fusion.annotations.changes.spine import (
    Anatomy,
    AnomalyRecorded,
    JointMoved,
    NumberingConfirmed,
    VertebraNamed,
)
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Target
from fusion.plain_text import plain

__all__ = [
    "CHANGES",
    "AlignmentReviewed",
    "AnomalyRecorded",
    "Change",
    "Finalised",
    "JointMoved",
    "NumberingConfirmed",
    "Opened",
    "PathwayAnswered",
    "PathwayLeftOut",
    "Record",
    "Redone",
    "Relabelled",
    "TargetRemoved",
    "TargetSaved",
    "Undone",
    "VertebraNamed",
]


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
    input_digest: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"target": self.target.to_json(), "input": self.input_digest}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Record:
        """Return what :meth:`to_json` wrote."""
        return cls(Target.from_json(value["target"]), str(value["input"]))


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
    anatomy : Anatomy
        What its reader said about the spine.
    """

    kind: ClassVar[str] = "opened"
    study: StudyKey
    version: int = 1
    amends: str = ""
    amends_digest: str = ""
    carried: tuple[Record, ...] = ()
    reason: str = ""
    anatomy: Anatomy = field(default_factory=Anatomy)

    def __post_init__(self) -> None:
        if self.version > 1:
            need(self.amends and self.amends_digest, "An addendum refers to what it amends.")
            need(plain(self.reason), "An addendum needs a reason; write why it is made.")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "study": self.study.to_json(),
            "version": self.version,
            "amends": self.amends,
            "amends_digest": self.amends_digest,
            "carried": [record.to_json() for record in self.carried],
            "reason": self.reason,
            # Left out when empty: journals written before there was one stay as they are.
            **({"anatomy": self.anatomy.to_json()} if self.anatomy else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Opened:
        """Return what :meth:`to_json` wrote."""
        return cls(
            study=StudyKey.from_json(value["study"]),
            version=int(value["version"]),
            amends=str(value["amends"]),
            amends_digest=str(value["amends_digest"]),
            carried=tuple(Record.from_json(record) for record in value["carried"]),
            reason=str(value["reason"]),
            anatomy=Anatomy.from_json(value["anatomy"]) if "anatomy" in value else Anatomy(),
        )

    @property
    def words(self) -> str:
        """What happened, in words."""
        if self.version == 1:
            return "began reading"
        return f"began version {self.version}, an addendum: {plain(self.reason)}"


@dataclass(frozen=True, slots=True)
class TargetSaved:
    """A Target was made or changed."""

    kind: ClassVar[str] = "target-saved"
    target: Target

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"target": self.target.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TargetSaved:
        """Return what :meth:`to_json` wrote."""
        return cls(Target.from_json(value["target"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        grade = "" if self.target.grade is None else f", grade {self.target.grade}"
        return f"{self.target.joint.name} {self.target.decision}{grade}"


@dataclass(frozen=True, slots=True)
class TargetRemoved:
    """A Target was taken away; its history stays."""

    kind: ClassVar[str] = "target-removed"
    target_id: str
    joint: Joint

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"target_id": self.target_id, **joint_json(self.joint)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TargetRemoved:
        """Return what :meth:`to_json` wrote."""
        return cls(str(value["target_id"]), joint_of(value))

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"{self.joint.name} removed"


@dataclass(frozen=True, slots=True)
class Relabelled:
    """The levels were numbered anew, and the reader consented to these Targets' new labels.

    All of them change at once, so that a shift by one level never has two Targets at one joint.

    Parameters
    ----------
    changes : tuple of (Joint, Target)
        The label before, and the Target under its new label.
    reason : str
        Why, in the words of the reader who consents.
    """

    kind: ClassVar[str] = "relabelled"
    changes: tuple[tuple[Joint, Target], ...]
    reason: str

    def __post_init__(self) -> None:
        need(self.changes, "Nothing to re-label.")
        need(plain(self.reason), "Re-labelling needs a reason; write why the levels changed.")
        need_length(self.reason)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "changes": [
                {"before": joint_json(before), "target": target.to_json()}
                for before, target in self.changes
            ],
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Relabelled:
        """Return what :meth:`to_json` wrote."""
        changes = tuple(
            (joint_of(change["before"]), Target.from_json(change["target"]))
            for change in value["changes"]
        )
        return cls(changes, str(value["reason"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        said = (f"{before.name} is now {target.joint.name}" for before, target in self.changes)
        return f"consented to new labels: {'; '.join(said)} ({plain(self.reason)})"


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

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"sequence": self.sequence}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Undone:
        """Return what :meth:`to_json` wrote."""
        return cls(int(value["sequence"]))

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

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"sequence": self.sequence}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Redone:
        """Return what :meth:`to_json` wrote."""
        return cls(int(value["sequence"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"redid event {self.sequence}"


@dataclass(frozen=True, slots=True)
class Finalised:
    """The reading is final; nothing can follow but an addendum, which is a reading of its own."""

    kind: ClassVar[str] = "finalised"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Finalised:
        """Return what :meth:`to_json` wrote."""
        return cls()

    @property
    def words(self) -> str:
        """What happened, in words."""
        return "finalised"


#: Anything that can happen to a reading.
Change = (
    Opened
    | TargetSaved
    | TargetRemoved
    | Relabelled
    | VertebraNamed
    | JointMoved
    | AnomalyRecorded
    | AlignmentReviewed
    | NumberingConfirmed
    | PathwayAnswered
    | PathwayLeftOut
    | Undone
    | Redone
    | Finalised
)
#: By the word that stands for each in the journal.
CHANGES: dict[str, type[Change]] = {
    change.kind: change
    for change in (
        Opened,
        TargetSaved,
        TargetRemoved,
        Relabelled,
        VertebraNamed,
        JointMoved,
        AnomalyRecorded,
        AlignmentReviewed,
        NumberingConfirmed,
        PathwayAnswered,
        PathwayLeftOut,
        Undone,
        Redone,
        Finalised,
    )
}
