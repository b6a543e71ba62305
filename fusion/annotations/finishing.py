"""Finishing a reading: what is missing, and where two readings differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusion.anatomy import JOINTS, Joint
from fusion.annotations.changes import (
    AlignmentReviewed,
    AnomalyRecorded,
    Finalised,
    NewLabel,
    NumberingConfirmed,
    Relabelled,
    TargetSaved,
    VertebraNamed,
)
from fusion.annotations.changes.vertebrae import after
from fusion.annotations.journal import Conflict, Journal, Saved
from fusion.annotations.reading import (
    Lack,
    Lacking,
    Reading,
    lack_at,
    not_finished,
    unfinished,
)
from fusion.annotations.renumbering import LabelChange, label_changes
from fusion.annotations.snapshots import LocalisationSnapshot
from fusion.annotations.spine import Spine
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Origin, Target
from fusion.errors import AnnotationError
from fusion.facets import Localisation, Numbering, SpineStatements, WitnessKind
from fusion.findings import Finding
from fusion.findings.readings import (
    DECIDED_ON_ANOTHER_NUMBERING,
    LABELS_DISPUTED,
    LEVELS_PROVISIONAL,
    LEVELS_UNCHECKED,
)
from fusion.registration import Registration, Trust

if TYPE_CHECKING:
    from fusion.facets import Localisation

_COUNTED_FROM_CLICKS = "counted from {names} as named by the reader"
_BY_LABELS = "by the label map"
_BY_SHAPES = "by the shapes of the vertebrae alone"
#: The vertebra that levels are counted from, by what tells it, and how a radiologist says it.
_COUNTED_FROM = {
    WitnessKind.DENS: ("C2", "counted down from C2, known by its dens"),
    WitnessKind.DISC: ("C2", "counted down from C2, known by the lack of a disc inside it"),
    WitnessKind.ATLAS: ("C2", "counted down from C1 and C2, known by their shapes"),
    WitnessKind.SKULL: ("C1", "counted down from the base of the skull"),
    WitnessKind.RIBS: ("T1", "counted up from the first ribs, taken for those of T1"),
    WitnessKind.LUNGS: ("T1", "counted up from the tops of the lungs"),
}
#: How readings of earlier versions say it.
_COUNTED_FROM_EARLIER = "counted from {level} ({source})"
#: How levels that a reader confirms were numbered, with ``{names}`` for what was counted from.
NUMBERING_WORDS = (
    _COUNTED_FROM_CLICKS,
    *(words for _, words in _COUNTED_FROM.values()),
    _BY_LABELS,
    _BY_SHAPES,
    _COUNTED_FROM_EARLIER,
)


def lacks(
    reading: Reading, *, spine: Spine | None, study: StudyKey, registration: Registration
) -> tuple[Lack, ...]:
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
    tuple of Lack
        Empty when nothing is missing.
    """
    found = list(unfinished(reading))
    found += [
        lack_at(record.target.joint, "decided on other image data than what is open now")
        for record in reading.records
        if record.input_digest != study.digest
    ]
    review = reading.alignment.change if reading.alignment else None
    if isinstance(review, AlignmentReviewed) and not review.covers(registration):
        found.append(Lack("The alignment has changed since it was reviewed", Lacking.ALIGNMENT))
    found += [
        lack_at(target.joint, "decided on another alignment than the one in use")
        for target in reading.targets
        if not target.registration.same_alignment(registration, target.point_lps)
    ]
    if registration.status is Trust.DO_NOT_TRUST:
        found += [
            lack_at(target.joint, "its point rests on an alignment that is not to be trusted")
            for target in reading.targets
            if target.origin is not Origin.JOINT_CLICKED
        ]
    if spine is None:
        if reading.targets:
            words = "The joints are not known, so side and level of the targets are unchecked"
            found.append(Lack(words, Lacking.LEVELS))
    else:
        found += [
            lack_at(change.target.joint, f"the numbering has changed since. {change.why}")
            for change in label_changes(reading.targets, spine=spine)
        ]
    return tuple(found)


def missing(
    reading: Reading, *, spine: Spine | None, study: StudyKey, registration: Registration
) -> tuple[str, ...]:
    """Return :func:`lacks` in words: sentences without a full stop."""
    found = lacks(reading, spine=spine, study=study, registration=registration)
    return tuple(lack.words for lack in found)


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
        As for :func:`lacks`.

    Raises
    ------
    AnnotationError
        Something is missing (all of it is listed), or nothing could be saved.
    """
    items = lacks(reading, spine=spine, study=study, registration=registration)
    if items:
        raise AnnotationError(not_finished(items))
    return journal.append(reading, Finalised(), reader=reader, study=study)


def confirming_numbering(
    localisation: Localisation, *, said: SpineStatements | None = None, note: str = ""
) -> NumberingConfirmed:
    """Return the event by which a reader vouches for the numbering as it is.

    Parameters
    ----------
    localisation : Localisation
        As it is now.
    said : SpineStatements, optional
        What the reader said of the spine: the vertebrae that were named, the anomalies that were
        recorded or dismissed. Nothing by default.
    note : str
        Why it is right although something speaks against it.

    Raises
    ------
    AnnotationError
        Nothing was numbered; or something speaks against the numbering and the note is blank.
    """
    inside = in_field(localisation)
    if not inside:
        raise AnnotationError(
            "No joint was found on this CT, so there is no numbering to confirm. Mark the joints "
            "first."
        )
    said = SpineStatements() if said is None else said
    anchor, how = counted_from(localisation, clicks=tuple(said.clicks))
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
        joints_in_field=_names(inside),
        left_open=tuple(
            dict.fromkeys(one.anomaly.name for one in said.unanswered(localisation.proposed))
        ),
    )


def in_field(localisation: Localisation) -> tuple[Joint, ...]:
    """Return the joints that lie in the field of the CT, from the skull down."""
    return tuple(facet.joint for facet in localisation.facets if facet.center_lps is not None)


def counted_from(localisation: Localisation, *, clicks: Collection[str] = ()) -> tuple[str, str]:
    """Return the vertebrae that the levels are counted from, and that in words.

    Parameters
    ----------
    localisation : Localisation
        With a joint in the field.
    clicks : collection of str
        Vertebrae that the reader named.
    """
    if clicks:
        names = ", ".join(clicks)
        return names, _COUNTED_FROM_CLICKS.format(names=names)
    weights = {piece.source: piece.weight for piece in localisation.evidence if piece.agrees}
    if WitnessKind.LABELS in weights:
        return in_field(localisation)[0].upper, _BY_LABELS
    anchors = [source for source in _COUNTED_FROM if source in weights]
    if not anchors:
        return in_field(localisation)[0].upper, _BY_SHAPES
    # Where C2 is seen the names come from there, however plain the ribs are.
    from_c2 = WitnessKind.DENS in weights
    return _COUNTED_FROM[WitnessKind.DENS if from_c2 else max(anchors, key=weights.__getitem__)]


def relabelling(
    changes: tuple[LabelChange, ...], *, localisation: Localisation, reason: str
) -> Relabelled:
    """Return the event by which a reader consents to new labels.

    Parameters
    ----------
    changes : tuple of LabelChange
        What the reader was shown and consents to, from
        :func:`fusion.annotations.renumbering.label_changes`.
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
        done.append(NewLabel(change.target.joint, change.target.relabelled(change.placement, now)))
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


@dataclass(frozen=True, slots=True)
class LevelDoubt:
    """Why side or level of some targets is not certain.

    Parameters
    ----------
    word : str
        In one word, for labels: ``"PROVISIONAL"``, ``"DISPUTED"`` or ``"UNCHECKED"``.
    joints : tuple of Joint
        Whose targets it is about.
    finding : Finding
        In one sentence, to stand on everything that names a target.
    """

    word: str
    joints: tuple[Joint, ...]
    finding: Finding


def doubts_about_levels(
    reading: Reading | None, localisation: Localisation | None = None
) -> tuple[LevelDoubt, ...]:
    """Return what makes side or level of the targets doubtful; nothing when they are certain.

    Parameters
    ----------
    reading : Reading or None
        The decisions.
    localisation : Localisation, optional
        The joints as they are numbered now. Without it, only what the reading itself tells.

    Raises
    ------
    AnnotationError
        The anatomy gives a target of a draft another side or level now: the reader has to agree
        to that, or decide anew, before anything is handed on.
    """
    if reading is None or not reading.targets:
        return ()
    found: list[LevelDoubt] = []
    provisional = _provisional(reading, localisation)
    if provisional:
        note = LEVELS_PROVISIONAL(joints=_names(provisional))
        found.append(LevelDoubt("PROVISIONAL", provisional, note))
    against = (
        _by_its_history(reading) if localisation is None else _by_the_anatomy(reading, localisation)
    )
    return (*found, against) if against else tuple(found)


def _by_its_history(reading: Reading) -> LevelDoubt | None:
    """Return what a draft alone tells of targets that were decided on another numbering."""
    before = () if reading.finalised else _before_the_numbering(reading)
    if not before:
        return None
    joints = tuple(target.joint for target in before)
    return LevelDoubt("UNCHECKED", joints, DECIDED_ON_ANOTHER_NUMBERING(joints=_names(joints)))


def _by_the_anatomy(reading: Reading, localisation: Localisation) -> LevelDoubt | None:
    """Return what the joints as they are numbered now say against the targets."""
    try:
        changes = label_changes(reading.targets, spine=Spine.of(localisation))
    except AnnotationError:
        joints = tuple(target.joint for target in reading.targets)
        return LevelDoubt("UNCHECKED", joints, LEVELS_UNCHECKED())
    if not changes:
        return None
    now = "; ".join(change.words for change in changes)
    if not reading.finalised:
        raise AnnotationError(
            "Not exported. The anatomy as it is numbered now gives targets another side or "
            f"level: {now}. Agree to the new labels, move the targets, decide them anew or "
            "remove them first."
        )
    joints = tuple(change.target.joint for change in changes)
    return LevelDoubt("DISPUTED", joints, LABELS_DISPUTED(changes=now))


def _names(joints: Iterable[Joint]) -> tuple[str, ...]:
    return tuple(joint.name for joint in joints)


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


def _numbered_anew(reading: Reading) -> Iterator[int]:
    """Yield the events after which the levels were numbered anew; a dismissal is none."""
    said = reading.opened.said
    for event in reading.done:
        if isinstance(event.change, VertebraNamed | AnomalyRecorded):
            before, said = said, after(said, event.change)
            if said.dismissed == before.dismissed or said.naming != before.naming:
                yield event.sequence


def _before_the_numbering(reading: Reading) -> tuple[Target, ...]:
    """Return targets that were last placed before the levels were numbered anew."""
    numbered = max(_numbered_anew(reading), default=0)
    placed: dict[str, tuple[Target, int]] = {
        record.target.target_id: (record.target, 0) for record in reading.opened.carried
    }
    for event in reading.done:
        change = event.change
        made: tuple[Target, ...] = ()
        if isinstance(change, TargetSaved):
            made = (change.target,)
        elif isinstance(change, Relabelled):
            made = tuple(new.target for new in change.changes)
        for target in made:
            old = placed.get(target.target_id)
            # Another grade or note says nothing about the level.
            same = old is not None and _place(old[0]) == _place(target)
            placed[target.target_id] = (target, old[1] if old and same else event.sequence)
    return tuple(t for t in reading.targets if placed[t.target_id][1] < numbered)


def _place(target: Target) -> tuple[object, object]:
    return target.placement, target.localisation
