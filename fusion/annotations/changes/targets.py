"""What a reader does to Targets: saves one, takes one away, consents to new labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fusion.anatomy import Joint
from fusion.annotations.changes.canonical import need, need_length
from fusion.annotations.target import Target
from fusion.json_form import AtJoint
from fusion.plain_text import plain


@dataclass(frozen=True, slots=True)
class TargetSaved:
    """A Target was made or changed."""

    kind: ClassVar[str] = "target-saved"
    target: Target

    @property
    def words(self) -> str:
        """What happened, in words."""
        grade = "" if self.target.grade is None else f", grade {self.target.grade}"
        return f"{self.target.joint.name} {self.target.decision}{grade}"


@dataclass(frozen=True, slots=True)
class TargetRemoved(AtJoint):
    """A Target was taken away; its history stays."""

    kind: ClassVar[str] = "target-removed"
    target_id: str
    joint: Joint

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"{self.joint.name} removed"


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A Target under its new label, and the joint that it had before."""

    before: Joint
    target: Target


@dataclass(frozen=True, slots=True)
class Relabelled:
    """The levels were numbered anew, and the reader consented to these Targets' new labels.

    All of them change at once, so that a shift by one level never has two Targets at one joint.

    Parameters
    ----------
    changes : tuple of NewLabel
        Each Target under its new label.
    reason : str
        Why, in the words of the reader who consents.
    """

    kind: ClassVar[str] = "relabelled"
    changes: tuple[NewLabel, ...]
    reason: str

    def __post_init__(self) -> None:
        need(self.changes, "Nothing to re-label.")
        need(plain(self.reason), "Re-labelling needs a reason; write why the levels changed.")
        need_length(self.reason)

    @property
    def words(self) -> str:
        """What happened, in words."""
        said = (f"{new.before.name} is now {new.target.joint.name}" for new in self.changes)
        return f"consented to new labels: {'; '.join(said)} ({plain(self.reason)})"
