"""What has to be said about the levels of a reading wherever they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fusion.anatomy.joints import Joint
from fusion.annotations.changes.changes import (
    AnomalyRecorded,
    Relabelled,
    TargetSaved,
    VertebraNamed,
)
from fusion.annotations.reading import Reading
from fusion.annotations.spine import Spine, label_changes
from fusion.annotations.target import Target
from fusion.errors import AnnotationError
from fusion.facets.automatic.numbering import Numbering
from fusion.findings import Finding, warning

if TYPE_CHECKING:
    from fusion.facets.automatic.locate import Localisation


def doubts_about_levels(
    reading: Reading | None, localisation: Localisation | None = None
) -> tuple[Finding, ...]:
    """Return what makes side or level of the targets doubtful; nothing when they are certain.

    Parameters
    ----------
    reading : Reading or None
        The decisions.
    localisation : Localisation, optional
        The joints as they are numbered now. Without it, only what the reading itself tells.

    Returns
    -------
    tuple of Finding
        One sentence each, to stand on everything that names a target.

    Raises
    ------
    AnnotationError
        The anatomy gives a target of a draft another side or level now: the reader has to agree
        to that, or decide anew, before anything is handed on.
    """
    if reading is None or not reading.targets:
        return ()
    found: list[Finding] = []
    provisional = _provisional(reading, localisation)
    if provisional:
        found.append(
            warning(
                "levels-provisional",
                f"LEVELS PROVISIONAL, not certain and not confirmed: {_names(provisional)}.",
            )
        )
    if localisation is None:
        before = () if reading.finalised else _before_the_numbering(reading)
        if before:
            found.append(
                warning(
                    "decided-on-another-numbering",
                    "LEVELS UNCHECKED: decided before the levels were numbered as they are now: "
                    f"{_names(target.joint for target in before)}.",
                )
            )
        return tuple(found)
    try:
        changes = label_changes(reading.targets, spine=Spine.of(localisation))
    except AnnotationError:
        found.append(
            warning(
                "levels-unchecked",
                "LEVELS UNCHECKED: the joints are not known, or contradict each other.",
            )
        )
        return tuple(found)
    if changes:
        said = "; ".join(
            f"{change.target.joint.name} (now "
            f"{change.placement.joint.name if change.placement else 'no certain joint'})"
            for change in changes
        )
        if not reading.finalised:
            raise AnnotationError(
                "Not exported. The anatomy as it is numbered now gives targets another side or "
                f"level: {said}. Agree to the new labels, move the targets, decide them anew or "
                "remove them first."
            )
        found.append(
            warning("labels-disputed", f"LEVELS DISPUTED: the anatomy says otherwise now: {said}.")
        )
    return tuple(found)


def _names(joints: Iterable[Joint]) -> str:
    return ", ".join(joint.name for joint in joints)


def _provisional(reading: Reading, localisation: Localisation | None) -> tuple[Joint, ...]:
    """Return the joints whose level is not certain and that no reader vouches for."""
    if reading.numbering is not None:
        return ()
    every = localisation is not None and localisation.numbering is Numbering.PROVISIONAL
    return tuple(
        target.joint
        for target in reading.targets
        if every or target.localisation.numbering == Numbering.PROVISIONAL
    )


def _before_the_numbering(reading: Reading) -> tuple[Target, ...]:
    """Return targets that were last placed before the levels were numbered anew."""
    numbered = max(
        (e.sequence for e in reading.done if isinstance(e.change, VertebraNamed | AnomalyRecorded)),
        default=0,
    )
    placed: dict[str, tuple[Target, int]] = {
        record.target.target_id: (record.target, 0) for record in reading.opened.carried
    }
    for event in reading.done:
        change = event.change
        made: tuple[Target, ...] = ()
        if isinstance(change, TargetSaved):
            made = (change.target,)
        elif isinstance(change, Relabelled):
            made = tuple(target for _, target in change.changes)
        for target in made:
            old = placed.get(target.target_id)
            # Another grade or note says nothing about the level.
            same = old is not None and _place(old[0]) == _place(target)
            placed[target.target_id] = (target, old[1] if old and same else event.sequence)
    return tuple(t for t in reading.targets if placed[t.target_id][1] < numbered)


def _place(target: Target) -> tuple[object, object]:
    return target.placement, target.localisation
