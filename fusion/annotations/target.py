"""A Target: what a reader decides about one joint, and everything it was decided on.

There is no default side, level or decision. A Target can only be made with a
:class:`~fusion.annotations.placement.Placement` computed from the anatomy
(:func:`fusion.annotations.spine.verify_side_and_level`) for the joint that the reader names.
Bilateral disease is two Targets.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from fusion.anatomy import Joint
from fusion.annotations.placement import Placement, Point
from fusion.annotations.snapshots import LocalisationSnapshot, Measured, RegistrationSnapshot
from fusion.errors import AnnotationError
from fusion.json_form import AtJoint, Moment
from fusion.plain_text import plain

#: Visual grades (docs/sources.md#visual-grades): 0 not above the reference, 1 slightly, 2 clearly
#: above, 3 intense.
GRADES = (0, 1, 2, 3)
#: Longest note and longest name of a reader, characters.
MAX_NOTE = 10_000
MAX_NAME = 200
_UID = re.compile(r"[0-9.]{1,64}")


class Decision(StrEnum):
    """What a reader decides about a joint."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INDETERMINATE = "indeterminate"


class Answer(StrEnum):
    """An answer to a question about a Target; no answer at all is ``None``."""

    YES = "yes"
    NO = "no"
    NOT_RECORDED = "not recorded"

    @property
    def as_bool(self) -> bool | None:
        """The answer as the pathway takes it: None when not recorded."""
        return None if self is Answer.NOT_RECORDED else self is Answer.YES


class Origin(StrEnum):
    """How a Target came to be."""

    PROPOSAL_ACCEPTED = "proposal accepted"
    JOINT_CLICKED = "joint clicked"
    POINT_PLACED = "point placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(AtJoint):
    """A reader's decision about one joint.

    Parameters
    ----------
    joint : Joint
        What the reader says; equal to what the anatomy says.
    decision : Decision
        Positive, negative or indeterminate.
    placement : Placement
        What the anatomy says about the point, and with what margin; holds the point.
    frame_of_reference_uid : str or None
        Of the CT, in whose frame the point is; None when the CT states none.
    reader : str
        Who decided.
    time : datetime
        When, with time zone; kept in UTC.
    origin : Origin
        How the Target came to be.
    registration : RegistrationSnapshot
        As of the decision.
    localisation : LocalisationSnapshot
        As of the decision.
    software_version : str
        Of facetfusion.
    grade : int or None
        One of :data:`GRADES`; None when not graded.
    uptake : Measured or None
        As of the decision; None when not measured.
    clinically_concordant : Answer or None
        Whether side and level match the patient's pain; None while nobody answered.
    inside_operative_bed : Answer or None
        Whether the joint lies in an operative bed; None while nobody answered.
    note : str
        Free text as typed; see :attr:`shown_note`.
    target_id : str
        Stays the same while a Target is changed; made anew by default.

    Raises
    ------
    AnnotationError
        The joint differs from the placement, the level is uncertain for a decision that needs a
        level, or a value is missing or impossible.
    """

    derived = ("point_lps",)

    joint: Joint
    decision: Decision
    placement: Placement
    frame_of_reference_uid: str | None
    reader: str
    time: Moment
    origin: Origin
    registration: RegistrationSnapshot
    localisation: LocalisationSnapshot
    software_version: str
    grade: int | None = None
    uptake: Measured | None = None
    clinically_concordant: Answer | None = None
    inside_operative_bed: Answer | None = None
    note: str = ""
    target_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self._coerce()
        self._check_place()
        self._check_decision()
        object.__setattr__(self, "time", in_utc(self.time))
        check_name(self.reader)
        if not self.software_version:
            raise AnnotationError("A target needs the version of the software.")
        if len(self.note) > MAX_NOTE:
            raise AnnotationError(
                f"The note has {len(self.note)} characters; at most {MAX_NOTE} can be kept. "
                "Shorten it."
            )
        if not re.fullmatch(r"[0-9a-f]{32}", self.target_id):
            raise AnnotationError("A target has an identifier that this program did not make.")

    def _coerce(self) -> None:
        kinds = {
            "decision": Decision,
            "origin": Origin,
            "clinically_concordant": Answer,
            "inside_operative_bed": Answer,
        }
        for name, kind in kinds.items():
            value = getattr(self, name)
            if value is None and kind is Answer:
                continue
            try:
                object.__setattr__(self, name, kind(value))
            except ValueError as exc:
                words = ", ".join(kind)
                raise AnnotationError(
                    f"{name.replace('_', ' ')} is one of {words}; found {plain(str(value))!r}."
                ) from exc

    def _check_place(self) -> None:
        if self.placement.joint != self.joint:
            raise AnnotationError(
                f"Not saved. The reader says {self.joint.name}, the anatomy says "
                f"{self.placement.joint.name}."
            )
        uid = self.frame_of_reference_uid
        if uid is not None and not _UID.fullmatch(uid):
            raise AnnotationError(
                "The coordinate system of the target (DICOM Frame of Reference) has no valid "
                "identifier."
            )

    def _check_decision(self) -> None:
        if self.placement.is_between_levels and self.decision is not Decision.INDETERMINATE:
            raise AnnotationError(
                f"Not saved. The point lies between {self.joint.level} and "
                f"{self.placement.neighbour}, so {self.joint.name} can only be recorded as "
                "indeterminate."
            )
        grade = self.grade
        if grade is not None and (isinstance(grade, bool) or grade not in GRADES):
            raise AnnotationError(f"A grade is 0, 1, 2 or 3; found {grade!r}.")
        if self.decision is Decision.POSITIVE and grade == 0:
            raise AnnotationError(
                "A positive joint cannot have grade 0 (not above the reference). Change the grade "
                "or the decision."
            )

    @property
    def point_lps(self) -> Point:
        """Where, in the CT's frame, mm."""
        return self.placement.point_lps

    @property
    def point_uncertainty_mm(self) -> float | None:
        """What the Registration adds to the uncertainty of the point, mm.

        Nothing when the joint was clicked: the point is then its centre on the CT.
        """
        if self.origin is Origin.JOINT_CLICKED:
            return None
        return self.registration.uncertainty_mm

    @property
    def shown_note(self) -> str:
        """The note as one line without hidden characters, for any screen or file."""
        return plain(self.note)

    @property
    def shown_reader(self) -> str:
        """The reader's name as one line without hidden characters."""
        return plain(self.reader)

    @property
    def missing(self) -> tuple[str, ...]:
        """What a positive Target lacks before a reading can be finalised, in words."""
        if self.decision is not Decision.POSITIVE:
            return ()
        wanted = {
            "a grade": self.grade is not None,
            "a measured uptake, or a note that says why there is none": self.uptake is not None
            or bool(self.shown_note),
            "whether side and level match the patient's pain": self.clinically_concordant,
            "whether it lies in an operative bed": self.inside_operative_bed,
        }
        return tuple(f"{self.joint.name}: {what}" for what, there in wanted.items() if not there)

    def relabelled(self, placement: Placement, localisation: LocalisationSnapshot) -> Target:
        """Return the same decision under the label that another numbering gives to its point.

        Raises
        ------
        AnnotationError
            The placement is for another point.
        """
        if placement.point_lps != self.point_lps:
            raise AnnotationError("A target can only be re-labelled where it is.")
        return replace(self, joint=placement.joint, placement=placement, localisation=localisation)


def check_name(name: str) -> None:
    """Refuse a reader without a name.

    Raises
    ------
    AnnotationError
        Empty (also when nothing in it can be seen) or too long.
    """
    if not plain(name):
        raise AnnotationError("Every decision needs the name of its reader; enter it first.")
    if len(name) > MAX_NAME:
        raise AnnotationError(
            f"The reader's name has {len(name)} characters; at most {MAX_NAME} can be kept."
        )


def in_utc(time: datetime) -> datetime:
    """Return a time in UTC.

    Raises
    ------
    AnnotationError
        It has no time zone.
    """
    if time.utcoffset() is None:
        raise AnnotationError("A time without time zone cannot be recorded.")
    return time.astimezone(UTC)
