"""What a reading has to know of the joints, and which changes contradict them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fusion.annotations import JointMoved, VertebraNamed, check_marked
from fusion.errors import AnnotationError, FusionError

if TYPE_CHECKING:
    from napari.utils.events import EmitterGroup

    from fusion.annotations import Change, Point, Spine
    from fusion.facets import Localisation, SpineStatements
    from fusion.geometry import Grid
    from fusion.uptake import Quantification

#: Said while side and level of nothing are known: at first, and while the levels are numbered anew.
NOT_LOCATED = "The joints are not known yet: they have to be found first, or are being numbered."


class KnownJoints(Protocol):
    """The joints on the CT as they are known now; :class:`viewer.facets.model.FacetsModel`.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``localisation`` and ``assessment``, among others.
    localisation : Localisation or None
        The joints; None while they are not known.
    spine : Spine or None
        What tells side and level.
    assessment : Quantification or None
        The uptake at them.
    """

    events: EmitterGroup
    localisation: Localisation | None
    spine: Spine | None
    assessment: Quantification | None

    @property
    def located(self) -> Localisation | None:
        """The joints where the program found them, without what the reader moved."""

    @property
    def refusal(self) -> str:
        """Why there is no spine or no uptake, in sentences; otherwise empty."""

    def check_click(self, vertebra: str, point_lps: Point) -> None:
        """Refuse a click that cannot be on a vertebra."""

    def apply(self, said: SpineStatements) -> None:
        """Show the joints as the reading has them now."""


def check_change(change: Change, joints: KnownJoints, ct: Grid) -> None:
    """Refuse what contradicts the CT or the anatomy, before it is saved.

    Parameters
    ----------
    change : Change
        What the reader says.
    joints : KnownJoints
        As they are known now.
    ct : Grid
        Of the CT.

    Raises
    ------
    AnnotationError
        It contradicts them.
    """
    if isinstance(change, VertebraNamed) and change.point_lps is not None:
        try:
            joints.check_click(change.vertebra, change.point_lps)
        except FusionError as exc:
            raise AnnotationError(f"Not saved. {exc}") from exc
    if isinstance(change, JointMoved) and change.point_lps is not None:
        if not ct.contains(change.point_lps):
            raise AnnotationError("Not saved. The point lies outside the CT.")
        localisation = joints.localisation
        if localisation is None:
            raise AnnotationError(f"Not saved. {NOT_LOCATED}")
        check_marked(
            change.joint,
            change.point_lps,
            before=joints.spine,
            localisation=localisation,
            located=joints.located,
        )
