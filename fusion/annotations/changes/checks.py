"""Statements of a reader that a reading needs before it can be final: alignment and pathway.

The third, that the numbering is right, is in :mod:`fusion.annotations.changes.vertebrae`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import PlainSerializer, PlainValidator

from fusion.annotations.changes.canonical import canonical, need, need_length
from fusion.annotations.snapshots import RegistrationSnapshot, registration_digest
from fusion.errors import AnnotationError, PathwayError
from fusion.plain_text import plain

if TYPE_CHECKING:  # they load numpy and image libraries, which the journal does without
    import numpy.typing as npt

    from fusion.pathway import Assessment, EarlierAnswer
    from fusion.registration import Registration

    _Answer = Assessment | EarlierAnswer
else:
    _Answer = Any


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
        return f"alignment reviewed ({self.registration.words})"


def _stored(content: object) -> Assessment | EarlierAnswer:
    from fusion.pathway import Assessment, EarlierAnswer, stored_answer

    if isinstance(content, Assessment | EarlierAnswer):
        return content
    try:
        return stored_answer(content)
    except PathwayError as exc:
        raise AnnotationError(str(exc)) from None


def _sorted(answer: Assessment | EarlierAnswer) -> dict[str, Any]:
    # In the order of their names, as every answer came out of the journal until now.
    content: dict[str, Any] = json.loads(canonical(answer.to_json()))
    return content


@dataclass(frozen=True, slots=True)
class PathwayAnswered:
    """The pathway was answered.

    Parameters
    ----------
    assessment : Assessment or EarlierAnswer
        The answer; one that was given by another version of the statements stays as it was given.
    """

    kind: ClassVar[str] = "pathway-answered"
    assessment: Annotated[
        _Answer,
        PlainValidator(_stored),
        PlainSerializer(_sorted, return_type=dict[str, Any]),
    ]

    @property
    def words(self) -> str:
        """What happened, in words."""
        return f"pathway answered: {plain(self.assessment.words)}"


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
