"""Finishing a reading: what is missing, and where two readings differ."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fusion.anatomy.joints import JOINTS, Joint
from fusion.annotations.changes.changes import (
    AlignmentReviewed,
    Finalised,
    NumberingConfirmed,
    Relabelled,
)
from fusion.annotations.journal import Conflict, Journal, Saved
from fusion.annotations.reading import Reading, not_finished, unfinished
from fusion.annotations.snapshots import (
    LocalisationSnapshot,
    RegistrationSnapshot,
    registration_digest,
)
from fusion.annotations.spine import LabelChange, Spine, label_changes
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Target
from fusion.errors import AnnotationError
from fusion.facets.automatic.locate import Localisation
from fusion.facets.automatic.numbering import Numbering
from fusion.registration import Registration


def missing(
    reading: Reading, *, spine: Spine | None, study: StudyKey, registration: Registration
) -> tuple[str, ...]:
    """Return what a reading lacks before it can be finalised.

    Parameters
    ----------
    reading : Reading
        A draft.
    spine : Spine or None
        The joints as they are numbered now; None while they are not known.
    study : StudyKey
        What is open now.
    registration : Registration
        In use now.

    Returns
    -------
    tuple of str
        Sentences without a full stop; empty when nothing is missing.
    """
    items = list(unfinished(reading))
    items += [
        f"{record.target.joint.name}: decided on other image data than what is open now"
        for record in reading.records
        if record.input_digest != study.digest
    ]
    review = reading.alignment.change if reading.alignment else None
    if isinstance(review, AlignmentReviewed) and review.digest != registration_digest(registration):
        items.append("The alignment has changed since it was reviewed")
    items += [
        f"{target.joint.name}: decided on another alignment than the one in use"
        for target in reading.targets
        if target.registration != RegistrationSnapshot.of(registration, target.point_lps)
    ]
    if spine is None:
        if reading.targets:
            items.append("The joints are not known, so side and level of the targets are unchecked")
    else:
        items += [
            f"{change.target.joint.name}: the numbering has changed since. {change.why}"
            for change in label_changes(reading.targets, spine=spine)
        ]
    return tuple(items)


def finalise(
    journal: Journal,
    reading: Reading,
    *,
    reader: str,
    spine: Spine | None,
    study: StudyKey,
    registration: Registration,
) -> Saved | Conflict:
    """Make a reading final, in the name of a reader.

    Parameters
    ----------
    journal : Journal
        Where the reading is kept.
    reading : Reading
        A draft, as shown to the reader.
    reader : str
        Who finalises it.
    spine, study, registration
        As for :func:`missing`.

    Raises
    ------
    AnnotationError
        Something is missing (all of it is listed), or nothing could be saved.
    """
    items = missing(reading, spine=spine, study=study, registration=registration)
    if items:
        raise AnnotationError(not_finished(items))
    return journal.append(reading, Finalised(), reader=reader, study=study)


def confirming_numbering(
    localisation: Localisation, *, clicks: Collection[str] = (), note: str = ""
) -> NumberingConfirmed:
    """Return the event by which a reader vouches for the numbering as it is.

    Parameters
    ----------
    localisation : Localisation
        As it is now.
    clicks : collection of str
        Vertebrae that the reader named.
    note : str
        Why it is right although something speaks against it.

    Raises
    ------
    AnnotationError
        Nothing was numbered; or something speaks against the numbering and the note is blank.
    """
    inside = [facet.joint for facet in localisation.facets if facet.center_lps is not None]
    if not inside:
        raise AnnotationError(
            "No joint was found on this CT, so there is no numbering to confirm. Mark the joints "
            "first."
        )
    agreeing = [piece for piece in localisation.evidence if piece.agrees]
    if clicks:
        anchor, how = ", ".join(clicks), f"counted from {', '.join(clicks)} as named by the reader"
    elif agreeing:
        strongest = max(agreeing, key=lambda piece: piece.weight)
        anchor, how = strongest.level, f"counted from {strongest.level} ({strongest.source})"
    else:
        anchor, how = inside[0].upper, "by the shapes of the vertebrae alone"
    against = [
        f"{piece.source} at {piece.level}: {piece.saw}"
        for piece in localisation.evidence
        if piece.agrees is False
    ]
    if localisation.numbering is Numbering.PROVISIONAL:
        against.insert(0, "the levels are provisional")
    return NumberingConfirmed(
        numbering=f"{localisation.numbering.value}, {how}",
        anchor=anchor,
        c2_in_field=any("C2" in (joint.upper, joint.lower) for joint in inside),
        t1_in_field=any(joint.lower == "T1" for joint in inside),
        disagreement="; ".join(against),
        note=note,
    )


def relabelling(
    changes: tuple[LabelChange, ...], *, localisation: Localisation, reason: str
) -> Relabelled:
    """Return the event by which a reader consents to new labels.

    Parameters
    ----------
    changes : tuple of LabelChange
        What the reader was shown and consents to, from
        :func:`fusion.annotations.spine.label_changes`.
    localisation : Localisation
        The new numbering.
    reason : str
        In the reader's words.

    Raises
    ------
    AnnotationError
        A Target has no certain joint under the new numbering: it needs a new decision.
    """
    done = []
    for change in changes:
        if change.placement is None:
            raise AnnotationError(
                f"{change.target.joint.name} cannot be re-labelled: {change.why} Decide it anew or "
                "remove it."
            )
        now = LocalisationSnapshot.of(localisation, change.placement.joint)
        done.append((change.target.joint, change.target.relabelled(change.placement, now)))
    return Relabelled(tuple(done), reason)


@dataclass(frozen=True, slots=True)
class Difference:
    """A joint about which two readings of one study do not say the same.

    Parameters
    ----------
    joint : Joint
        Which.
    one, other : Target or None
        What each says; None for nothing.
    """

    joint: Joint
    one: Target | None
    other: Target | None


def differences(one: Reading, other: Reading) -> tuple[Difference, ...]:
    """Return where two readings differ in decision or grade; nothing is merged.

    Parameters
    ----------
    one, other : Reading
        Two readings of one study, by two readers or in two versions.

    Returns
    -------
    tuple of Difference
        From the skull down, left before right.
    """
    found = []
    for joint in JOINTS:
        a, b = one.target_at(joint), other.target_at(joint)
        if _said(a) != _said(b):
            found.append(Difference(joint, a, b))
    return tuple(found)


def _said(target: Target | None) -> tuple[object, ...] | None:
    return None if target is None else (target.decision, target.grade)
