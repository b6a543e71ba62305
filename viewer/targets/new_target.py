"""The three ways in which a target begins: a proposal, a joint that was clicked, a point.

Knows nothing of Qt. Side, level and decision are never part of it: a reader says them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fusion.annotations import Origin
from fusion.errors import AnnotationError
from viewer.facets.words import is_certain, proposal_words
from viewer.kit.text import position_text, shortened
from viewer.reading.joints import NOT_LOCATED

if TYPE_CHECKING:
    import numpy.typing as npt

    from fusion.anatomy import Joint
    from fusion.annotations import Spine
    from fusion.registration import Registration
    from fusion.uptake import Proposal

_SAY = "Say side and level yourself: they are checked against the anatomy."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NewTarget:
    """What a new target is to be made of.

    Parameters
    ----------
    origin : Origin
        In which of the three ways.
    point_lps : (3,) array_like of float, mm
        In the CT's frame.
    registration : Registration
        In use when the reader chose the point.
    words : str
        What the reader chose.
    hint : str
        What to think of.
    doubtful : bool
        Whether the hint is a warning.
    joint : Joint or None
        What the program calls the joint there; the reader says it all the same. None for a point,
        and where it may be several.
    """

    origin: Origin
    point_lps: npt.ArrayLike
    registration: Registration
    words: str
    hint: str = _SAY
    doubtful: bool = False
    joint: Joint | None = None

    @property
    def key(self) -> object:
        """What two beginnings at the same place have in common."""
        return self.joint or tuple(round(float(v)) for v in np.asarray(self.point_lps))

    def check(self, registration: Registration) -> None:
        """Refuse a point that was chosen in another picture than the one on screen.

        Raises
        ------
        AnnotationError
            The alignment has changed since; a joint clicked on the CT does not depend on it.
        """
        if self.origin is not Origin.JOINT_CLICKED and registration is not self.registration:
            raise AnnotationError(
                "Not saved. The alignment has changed since this point was chosen, so it may be "
                "another place on the SPECT now. Look again: place the point anew, or start over."
            )


def at_point(point_lps: npt.ArrayLike, registration: Registration) -> NewTarget:
    """Begin at a point, LPS mm (3,)."""
    return NewTarget(
        origin=Origin.POINT_PLACED,
        point_lps=point_lps,
        registration=registration,
        words=f"Point placed at the crosshair: {position_text(point_lps)} mm",
    )


def from_proposal(proposal: Proposal, registration: Registration) -> NewTarget:
    """Begin with what the program suggests; which joint it is remains to be said."""
    return NewTarget(
        origin=Origin.PROPOSAL_ACCEPTED,
        point_lps=proposal.point_lps,
        registration=registration,
        words=f"From a proposal: {shortened(proposal.place, 120)}",
        hint=proposal_words(proposal),
        doubtful=not is_certain(proposal),
        joint=proposal.joint,
    )


def at_joint(
    joint: Joint, spine: Spine | None, registration: Registration, *, refusal: str = ""
) -> NewTarget:
    """Begin with a joint that was clicked.

    Parameters
    ----------
    joint : Joint
        Which.
    spine : Spine or None
        What tells side and level.
    registration : Registration
        In use.
    refusal : str
        Why there is no spine, where that is known.

    Raises
    ------
    AnnotationError
        The joint has no place on this CT, or none is known yet.
    """
    if spine is None:
        raise AnnotationError(refusal or NOT_LOCATED)
    center = spine.centers_lps.get(joint)
    if center is None:
        raise AnnotationError(
            f"{joint.name} was not found on this CT. Mark it at the step Levels, or put the "
            "crosshair on it and place a point."
        )
    return NewTarget(
        origin=Origin.JOINT_CLICKED,
        point_lps=center,
        registration=registration,
        words=f"Joint chosen: {joint.name}",
        joint=joint,
    )
