"""Statements of a reader that a reading needs before it can be final: alignment and pathway.

The third, that the numbering is right, is in :mod:`fusion.annotations.changes.vertebrae`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer

from fusion.annotations.changes.canonical import canonical, need, need_length
from fusion.annotations.snapshots import RegistrationSnapshot, registration_digest
from fusion.errors import AnnotationError
from fusion.plain_text import plain

if TYPE_CHECKING:  # they load image libraries, which the journal does without
    import numpy.typing as npt

    from fusion.registration import Registration


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
        need_length(self.note)

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

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"alignment reviewed ({plain(self.registration.method)})"


@dataclass(frozen=True, slots=True)
class PathwayAnswered:
    """The pathway was answered.

    Parameters
    ----------
    assessment_json : str
        ``Assessment.to_json()`` as text; kept as it was given, but for the order of its keys.
    """

    kind: ClassVar[str] = "pathway-answered"
    assessment_json: Annotated[
        str,
        Field(alias="assessment"),
        BeforeValidator(lambda value: canonical(value) if isinstance(value, Mapping) else value),
        PlainSerializer(json.loads, return_type=dict[str, Any]),
    ]

    def __post_init__(self) -> None:
        try:
            content = json.loads(self.assessment_json)
        except ValueError as exc:
            raise AnnotationError("The pathway's answer is not JSON.") from exc
        need(isinstance(content, dict) and content.get("assessed"), "The pathway has no answer.")
        object.__setattr__(self, "assessment_json", canonical(content))

    @property
    def assessment(self) -> dict[str, Any]:
        """The answer, as ``Assessment.to_json()`` gave it."""
        content: dict[str, Any] = json.loads(self.assessment_json)
        return content

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
        need(plain(self.reason), "Leaving the pathway out needs a reason; write why.")
        need_length(self.reason)

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"pathway left out: {plain(self.reason)}"
