"""Which decisions keep their label when the levels are numbered anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusion.anatomy import Joint
from fusion.annotations.placement import Placement
from fusion.annotations.spine import Spine, verify_side_and_level
from fusion.annotations.target import Decision, Target
from fusion.errors import AnnotationError


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A Target whose label no longer agrees with the anatomy.

    Parameters
    ----------
    target : Target
        As recorded.
    placement : Placement or None
        Where its point lies now; None when it has no certain joint any more, so that a reader has
        to decide anew.
    why : str
        In words.
    """

    target: Target
    placement: Placement | None
    why: str

    @property
    def words(self) -> str:
        """Both labels, as ``"Left C4-C5 (now Left C5-C6)"``."""
        now = self.placement.joint.name if self.placement else "no certain joint"
        return f"{self.target.joint.name} (now {now})"


def label_changes(targets: Iterable[Target], *, spine: Spine) -> tuple[LabelChange, ...]:
    """Return the Targets whose label no longer agrees with the anatomy, after a renumbering.

    Parameters
    ----------
    targets : iterable of Target
        Every Target of a reading.
    spine : Spine
        The joints as they are numbered now.

    Returns
    -------
    tuple of LabelChange
        In the order given; none for Targets whose label still holds. Nothing is changed: that
        takes a reader's consent, see :class:`fusion.annotations.changes.event.Relabelled`.
    """
    changes = []
    for target in targets:
        try:
            verify_side_and_level(
                target.joint,
                target.point_lps,
                spine=spine,
                decision=target.decision,
                registration_mm=target.point_uncertainty_mm,
            )
        except AnnotationError as exc:
            why = _without_choice(str(exc), target.joint)
            changes.append(LabelChange(target=target, placement=_now(target, spine), why=why))
    return tuple(changes)


def _without_choice(refusal: str, joint: Joint) -> str:
    """Return why a point is not at a joint, where nobody chose anything now."""
    why = refusal.removeprefix(f"Not saved. You chose {joint.name}").lstrip(",. ")
    why = why.removeprefix("but ")
    return f"{why[:1].upper()}{why[1:]}"


def _now(target: Target, spine: Spine) -> Placement | None:
    try:
        found = spine.place(target.point_lps, registration_mm=target.point_uncertainty_mm)
    except AnnotationError:
        return None
    if found.is_between_levels and target.decision is not Decision.INDETERMINATE:
        return None
    return found
