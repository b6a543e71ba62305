"""What can happen to a reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fusion.annotations.snapshots import RegistrationSnapshot, registration_digest
from fusion.annotations.study import StudyKey
from fusion.annotations.target import MAX_NOTE, Target
from fusion.errors import AnnotationError
from fusion.facets.joints import Joint, Side
from fusion.plain_text import plain

if TYPE_CHECKING:  # they load image libraries, which the journal does without
    import numpy.typing as npt

    from fusion.registration import Registration


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
    """

    kind: ClassVar[str] = "opened"
    study: StudyKey
    version: int = 1
    amends: str = ""
    amends_digest: str = ""
    carried: tuple[Record, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        if self.version > 1:
            _need(self.amends and self.amends_digest, "An addendum refers to what it amends.")
            _need(plain(self.reason), "An addendum needs a reason; write why it is made.")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "study": self.study.to_json(),
            "version": self.version,
            "amends": self.amends,
            "amends_digest": self.amends_digest,
            "carried": [record.to_json() for record in self.carried],
            "reason": self.reason,
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
        return {"target_id": self.target_id, **_joint_json(self.joint)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TargetRemoved:
        """Return what :meth:`to_json` wrote."""
        return cls(str(value["target_id"]), _joint(value))

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
        _need(self.changes, "Nothing to re-label.")
        _need(plain(self.reason), "Re-labelling needs a reason; write why the levels changed.")
        _need_length(self.reason)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "changes": [
                {"before": _joint_json(before), "target": target.to_json()}
                for before, target in self.changes
            ],
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Relabelled:
        """Return what :meth:`to_json` wrote."""
        changes = tuple(
            (_joint(change["before"]), Target.from_json(change["target"]))
            for change in value["changes"]
        )
        return cls(changes, str(value["reason"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        said = (f"{before.name} is now {target.joint.name}" for before, target in self.changes)
        return f"consented to new labels: {'; '.join(said)} ({plain(self.reason)})"


@dataclass(frozen=True, slots=True)
class AlignmentReviewed:
    """A reader looked at the alignment and accepts it.

    Parameters
    ----------
    registration : RegistrationSnapshot
        What was looked at.
    note : str
        Anything to remember.
    digest : str
        Of the Registration as a whole, :func:`fusion.annotations.snapshots.registration_digest`.
    bent : bool
        Whether it differs from place to place (neck correction).
    """

    kind: ClassVar[str] = "alignment-reviewed"
    registration: RegistrationSnapshot
    note: str = ""
    digest: str = ""
    bent: bool = False

    def __post_init__(self) -> None:
        _need_length(self.note)

    @classmethod
    def of(
        cls, registration: Registration, point_lps: npt.ArrayLike, *, note: str = ""
    ) -> AlignmentReviewed:
        """Return the review of a Registration.

        Parameters
        ----------
        registration : Registration
            In use.
        point_lps : (3,) array_like of float, mm
            Where the neck was looked at, in the CT's frame.
        note : str
            Anything to remember.
        """
        return cls(
            RegistrationSnapshot.of(registration, point_lps),
            note,
            registration_digest(registration),
            registration.is_bent,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "registration": self.registration.to_json(),
            "note": self.note,
            "digest": self.digest,
            "bent": self.bent,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> AlignmentReviewed:
        """Return what :meth:`to_json` wrote."""
        return cls(
            RegistrationSnapshot.from_json(value["registration"]),
            str(value["note"]),
            str(value["digest"]),
            bool(value["bent"]),
        )

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"alignment reviewed ({plain(self.registration.method)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberingConfirmed:
    """A reader vouches for the numbering of the levels.

    Parameters
    ----------
    numbering : str
        Its state, for example ``"counted from C2 (dens)"``; printed on every report.
    anchor : str
        The vertebra that was counted from, for example ``"C2"``.
    c2_in_field, t1_in_field : bool
        Whether C1/C2 and T1 are on the CT.
    disagreement : str
        What speaks against it (a cervical rib, a count from T1 that differs); empty when nothing.
    note : str
        Why the reader confirms it all the same; required when something disagrees.
    """

    kind: ClassVar[str] = "numbering-confirmed"
    numbering: str
    anchor: str
    c2_in_field: bool
    t1_in_field: bool
    disagreement: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        _need(plain(self.numbering) and plain(self.anchor), "Say what the levels are counted from.")
        _need(
            plain(self.note) or not plain(self.disagreement),
            "Something disagrees with this numbering; write why it is right before confirming it.",
        )
        _need_length(self.note)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "numbering": self.numbering,
            "anchor": self.anchor,
            "c2_in_field": self.c2_in_field,
            "t1_in_field": self.t1_in_field,
            "disagreement": self.disagreement,
            "note": self.note,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NumberingConfirmed:
        """Return what :meth:`to_json` wrote."""
        return cls(
            numbering=str(value["numbering"]),
            anchor=str(value["anchor"]),
            c2_in_field=bool(value["c2_in_field"]),
            t1_in_field=bool(value["t1_in_field"]),
            disagreement=str(value["disagreement"]),
            note=str(value["note"]),
        )

    @property
    def words(self) -> str:
        """What happened, in words."""
        note = f": {plain(self.note)}" if plain(self.note) else ""
        return f"numbering confirmed, {plain(self.numbering)}{note}"


@dataclass(frozen=True, slots=True)
class NumberingChanged:
    """The levels were numbered anew; what was confirmed before no longer holds.

    Parameters
    ----------
    numbering : str
        The state of the new numbering.
    reason : str
        Why, in the reader's words.
    """

    kind: ClassVar[str] = "numbering-changed"
    numbering: str
    reason: str

    def __post_init__(self) -> None:
        _need(plain(self.numbering), "Say what the levels are counted from.")
        _need(plain(self.reason), "A new numbering needs a reason; write why.")
        _need_length(self.reason)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"numbering": self.numbering, "reason": self.reason}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NumberingChanged:
        """Return what :meth:`to_json` wrote."""
        return cls(str(value["numbering"]), str(value["reason"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"levels numbered anew, {plain(self.numbering)}: {plain(self.reason)}"


@dataclass(frozen=True, slots=True)
class PathwayAnswered:
    """The pathway was answered.

    Parameters
    ----------
    assessment_json : str
        ``Assessment.to_json()`` as text; kept as it was given, but for the order of its keys.
    """

    kind: ClassVar[str] = "pathway-answered"
    assessment_json: str

    def __post_init__(self) -> None:
        try:
            content = json.loads(self.assessment_json)
        except ValueError as exc:
            raise AnnotationError("The pathway's answer is not JSON.") from exc
        _need(isinstance(content, dict) and content.get("assessed"), "The pathway has no answer.")
        object.__setattr__(self, "assessment_json", canonical(content))

    @property
    def assessment(self) -> dict[str, Any]:
        """The answer, as ``Assessment.to_json()`` gave it."""
        content: dict[str, Any] = json.loads(self.assessment_json)
        return content

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"assessment": self.assessment}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PathwayAnswered:
        """Return what :meth:`to_json` wrote."""
        return cls(canonical(value["assessment"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"pathway answered: {plain(str(self.assessment.get('words', '')))}"


@dataclass(frozen=True, slots=True)
class PathwayLeftOut:
    """A reader explicitly leaves the pathway out.

    Parameters
    ----------
    reason : str
        Why.
    """

    kind: ClassVar[str] = "pathway-left-out"
    reason: str

    def __post_init__(self) -> None:
        _need(plain(self.reason), "Leaving the pathway out needs a reason; write why.")
        _need_length(self.reason)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"reason": self.reason}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PathwayLeftOut:
        """Return what :meth:`to_json` wrote."""
        return cls(str(value["reason"]))

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"pathway left out: {plain(self.reason)}"


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
    | AlignmentReviewed
    | NumberingConfirmed
    | NumberingChanged
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
        AlignmentReviewed,
        NumberingConfirmed,
        NumberingChanged,
        PathwayAnswered,
        PathwayLeftOut,
        Undone,
        Redone,
        Finalised,
    )
}


def canonical(value: Any) -> str:
    """Return JSON text that is the same for equal values; ASCII, whatever it holds."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _need(condition: object, sentence: str) -> None:
    if not condition:
        raise AnnotationError(sentence)


def _need_length(text: str) -> None:
    _need(len(text) <= MAX_NOTE, f"A note holds at most {MAX_NOTE} characters; shorten it.")


def _joint_json(joint: Joint) -> dict[str, str]:
    return {"level": joint.level, "side": joint.side.value}


def _joint(value: Mapping[str, Any]) -> Joint:
    return Joint(value["level"], Side(value["side"]))
