"""What is true of this reading, in words: how levels were counted, alignment, state, each joint.

Worked out once, from the values of one reading, for every output. An output has no words of its own
about levels, alignment, state, or joints without a decision: it takes them from the
:class:`Account` of its :class:`~fusion.export.handout.Handout`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fusion.anatomy import JOINTS, Joint, Side
from fusion.annotations import (
    AlignmentReviewed,
    Event,
    LevelDoubt,
    NumberingConfirmed,
    Reading,
    Target,
    counted_from,
    in_field,
)
from fusion.export.regions import UptakeRegion
from fusion.export.wording import TRUSTED_WORDS, said_status
from fusion.facets import DRAGGED, MARKED, Localisation, Numbering, SpineStatements, Status
from fusion.plain_text import plain
from fusion.registration import Method
from fusion.review import Review

#: Beside the name of a joint, in every list of another program, until the reading is final.
DRAFT_WORD = "DRAFT"
#: Share of the maximum from which spill from elsewhere is said; not validated.
SAID_SPILL = 0.1
#: Share of the sphere from which a region of uptake outlines nothing; not validated.
WHOLE_SPHERE = 0.9
#: What became of a joint that nobody decided.
NOT_DECIDED, OUTSIDE_FIELD = "not decided", "outside the field of the CT"

_NOT_CONFIRMED = "Not confirmed by a reader."


@dataclass(frozen=True, slots=True, kw_only=True)
class JointAccount:
    """What is true of one joint.

    Parameters
    ----------
    joint : Joint
        Which.
    label : str
        Its name for lists of other programs: ``"Left C5-C6 (LEVEL PROVISIONAL, DRAFT)"``.
    decision : str
        ``"positive"``, ``"negative"``, ``"indeterminate"``, :data:`NOT_DECIDED` or
        :data:`OUTSIDE_FIELD`.
    target : Target or None
        The decision; None for a joint that nobody decided.
    remarks : tuple of str
        Sentences that have to stand wherever the joint is described: spill, what the images cannot
        tell apart, what the CT shows, who placed it.
    """

    joint: Joint
    label: str
    decision: str
    target: Target | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is true of a reading as a whole.

    Parameters
    ----------
    state : str
        Version, draft or final, by whom and when, why an addendum was made.
    version : str
        In short, for titles: ``"version 2, amends 1, DRAFT"``; empty without a reading.
    levels : str
        How the levels were counted and from what, whether C2 and T1 are on the CT, who confirmed
        them.
    level_remarks : tuple of str
        How far the program trusted the levels, what spoke against them, why the reader confirmed
        them all the same.
    alignment : str
        How the alignment in use was obtained, and who reviewed it.
    undecided : tuple of str
        Which joints have no decision, and which lie outside the field of the CT.
    joints : tuple of JointAccount
        Every joint that can be marked, from the skull down, left before right.
    """

    state: str
    version: str
    levels: str
    level_remarks: tuple[str, ...]
    alignment: str
    undecided: tuple[str, ...]
    joints: tuple[JointAccount, ...]

    @classmethod
    def of(
        cls,
        review: Review,
        reading: Reading | None,
        *,
        doubts: Sequence[LevelDoubt] = (),
        regions: Sequence[UptakeRegion] = (),
        localisation: Localisation | None = None,
    ) -> Account:
        """Work out what is true.

        Parameters
        ----------
        review : Review
            The study as it is open.
        reading : Reading or None
            The decisions.
        doubts : sequence of LevelDoubt
            What makes levels of targets doubtful.
        regions : sequence of UptakeRegion
            Of the positive targets.
        localisation : Localisation, optional
            The joints as they are numbered now. A final reading says what its reader saw, and the
            same wherever it is handed on: what speaks against it now is among the doubts.
        """
        if reading is not None and reading.finalised is not None:
            localisation = None
        inside = _inside(reading, localisation)
        by_joint = {target.joint: target for target in (reading.targets if reading else ())}
        region_of = {region.target.target_id: region for region in regions}
        joints = []
        for joint in JOINTS:
            target = by_joint.get(joint)
            if target is None:
                outside = inside is not None and joint not in inside
                decision = OUTSIDE_FIELD if outside else NOT_DECIDED
                joints.append(JointAccount(joint=joint, label=joint.name, decision=decision))
                continue
            joints.append(
                JointAccount(
                    joint=joint,
                    label=label(joint.name, (joint,), reading, doubts),
                    decision=target.decision.value,
                    target=target,
                    remarks=_remarks(target, region_of.get(target.target_id)),
                )
            )
        return cls(
            state=said_status(reading),
            version=_version(reading),
            levels=_levels(reading, localisation),
            level_remarks=_level_remarks(reading, localisation),
            alignment=f"{_obtained(review, reading)} {_reviewed(review, reading)}",
            undecided=_undecided(joints, field_known=inside is not None),
            joints=tuple(joints),
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is true of the reading as a whole, in sentences."""
        return (self.state, self.levels, *self.level_remarks, self.alignment, *self.undecided)

    def of_joint(self, joint: Joint) -> JointAccount:
        """Return what is true of one joint."""
        return self.joints[JOINTS.index(joint)]


# The reading as a whole


def _version(reading: Reading | None) -> str:
    if reading is None:
        return ""
    number = reading.opened.version
    amends = f", amends {number - 1}" if number > 1 else ""
    draft = "" if reading.finalised else f", {DRAFT_WORD}"
    return f"version {number}{amends}{draft}"


def _confirmed(reading: Reading | None) -> tuple[Event, NumberingConfirmed] | None:
    event = reading.numbering if reading else None
    if event is None or not isinstance(event.change, NumberingConfirmed):
        return None
    return event, event.change


def _inside(reading: Reading | None, localisation: Localisation | None) -> frozenset[Joint] | None:
    """Return the joints in the field of the CT; None where that is not known."""
    if localisation is not None:
        return frozenset(in_field(localisation))
    confirmed = _confirmed(reading)
    if confirmed is None or not confirmed[1].joints_in_field:
        return None
    return frozenset(joint for joint in JOINTS if joint.name in confirmed[1].joints_in_field)


def _levels(reading: Reading | None, localisation: Localisation | None) -> str:
    if confirmed := _confirmed(reading):
        event, change = confirmed
        how = _counted(plain(change.how))
        field = _in_field(change.c2_in_field, change.t1_in_field)
        return f"{how}; {field}. Confirmed by {plain(event.reader)}."
    clicks = tuple(reading.said.clicks) if reading else ()
    if localisation is not None and in_field(localisation):
        joints = in_field(localisation)
        how = _counted(counted_from(localisation, clicks=clicks)[1])
        c2 = any("C2" in (joint.upper, joint.lower) for joint in joints)
        t1 = any(joint.lower == "T1" for joint in joints)
        return f"{how}; {_in_field(c2, t1)}. {_NOT_CONFIRMED}"
    if clicks:
        return (
            f"Levels counted from {', '.join(clicks)} as named by the reader; whether C2 is on "
            f"this CT is not recorded. {_NOT_CONFIRMED}"
        )
    if reading is None or not reading.targets:
        return f"No level is named here, and none was counted. {_NOT_CONFIRMED}"
    return (
        "What the levels were counted from, and whether C2 is on this CT, is not recorded. "
        f"{_NOT_CONFIRMED}"
    )


def _counted(how: str) -> str:
    """Return how levels were counted as the beginning of a sentence."""
    begins = "counted ", "by the "
    return f"Levels {how}" if how.startswith(begins) else f"Levels: {how}"


def _in_field(c2: bool, t1: bool) -> str:
    if c2 and t1:
        return "C2 and T1 are on this CT"
    if c2:
        return "C2 is on this CT, T1 is not"
    if t1:
        return "C2 is not on this CT, T1 is"
    return "neither C2 nor T1 is on this CT"


def _level_remarks(reading: Reading | None, localisation: Localisation | None) -> tuple[str, ...]:
    said = []
    if confirmed := _confirmed(reading):
        change = confirmed[1]
        if change.state is not None:
            said.append(f"Levels when they were confirmed: {TRUSTED_WORDS[change.state]}.")
        if plain(change.disagreement):
            said.append(f"Against this numbering: {plain(change.disagreement)}.")
        if plain(change.note):
            said.append(f"The reader on the numbering: “{plain(change.note)}”.")
    elif localisation is not None:
        said.append(f"Levels as the program counts them: {TRUSTED_WORDS[localisation.numbering]}.")
    elif reading is not None:
        recorded = {
            Numbering(target.localisation.numbering)
            for target in reading.targets
            if target.localisation.numbering in {*Numbering}
        }
        said += [
            f"Levels at the decisions: {TRUSTED_WORDS[state]}."
            for state in Numbering
            if state in recorded
        ]
    return (*said, *_anomalies(reading, localisation))


def _anomalies(reading: Reading | None, localisation: Localisation | None) -> Iterator[str]:
    """Yield what is unusual about this spine by the reader, and what the program only proposes."""
    statements = reading.said if reading else SpineStatements()
    answered = [one.name for one in (*statements.anomalies, *statements.dismissed)]
    for words, names in (
        ("Recorded by the reader", [one.name for one in statements.anomalies]),
        (
            "Proposed by the program and dismissed by the reader",
            [one.name for one in statements.dismissed],
        ),
        (
            "Proposed by the program, neither recorded nor dismissed",
            [name for name in _proposed(reading, localisation) if name not in answered],
        ),
    ):
        if names:
            yield f"{words}: {', '.join(dict.fromkeys(names))}."


def _proposed(reading: Reading | None, localisation: Localisation | None) -> list[str]:
    """Return what the program proposes now; without that, what it did at the confirmation."""
    if localisation is not None:
        return [one.anomaly.name for one in localisation.proposed]
    confirmed = _confirmed(reading)
    return [] if confirmed is None else [*confirmed[1].left_open]


def _obtained(review: Review, reading: Reading | None) -> str:
    return f"The {review.spect_label} was put onto the CT by: {alignment_words(review, reading)}."


def alignment_words(review: Review, reading: Reading | None) -> str:
    """Return how the alignment in use was obtained: as its reader saw it, where one reviewed it.

    A search in the window that kept the alignment is in no file: a final reading has to say the
    same wherever it is opened.
    """
    registration = review.fused.registration
    change = reading.alignment.change if reading and reading.alignment else None
    if isinstance(change, AlignmentReviewed) and change.covers(registration):
        seen = plain(change.registration.method)
        known = [method for method in Method if seen.startswith(method.value)]
        longest = max(known, key=lambda method: len(method.value), default=None)
        return seen if longest is None else f"{longest.words}{seen[len(longest.value) :]}"
    status = f" ({registration.status.value})" if registration.status else ""
    return f"{registration.method.words}{status}"


def _reviewed(review: Review, reading: Reading | None) -> str:
    event = reading.alignment if reading else None
    if event is None or not isinstance(event.change, AlignmentReviewed):
        return "The alignment has not been reviewed by a reader."
    if event.change.covers(review.fused.registration):
        return f"Alignment reviewed by {plain(event.reader)}."
    return (
        f"{plain(event.reader)} reviewed another alignment than the one that pictures and regions "
        "here are made with; this one has not been reviewed."
    )


def _undecided(joints: Iterable[JointAccount], *, field_known: bool) -> tuple[str, ...]:
    every = tuple(joints)
    outside = [one.joint for one in every if one.decision == OUTSIDE_FIELD]
    missing = [one.joint for one in every if one.decision == NOT_DECIDED]
    whole = len(every) - len(outside)
    said = []
    if missing:
        of = f"{whole} joints in the field of the CT" if field_known else f"{whole} joints"
        unknown = (
            "" if field_known else " Which of them lie in the field of the CT is not recorded."
        )
        said.append(f"Not decided: {len(missing)} of {of}: {_places(missing)}.{unknown}")
    if outside:
        said.append(f"Outside the field of the CT: {_places(outside)}.")
    return tuple(said)


def _places(joints: Sequence[Joint]) -> str:
    """Return joints in words, the two of a level as one."""
    said: list[str] = []
    for joint in joints:
        pair = {Joint(joint.level, side) for side in Side}
        if not pair <= {*joints}:
            said.append(joint.name)
        elif (both := f"{joint.level} on both sides") not in said:
            said.append(both)
    return ", ".join(said)


# One joint


def label(
    name: str, joints: Collection[Joint], reading: Reading | None, doubts: Sequence[LevelDoubt]
) -> str:
    """Return a name for lists of other programs, with what makes it doubtful.

    Parameters
    ----------
    name : str
        Of a joint, or of what follows from joints.
    joints : collection of Joint
        Those.
    reading, doubts
        As for :meth:`Account.of`.
    """
    doubt = ", ".join(one.word for one in doubts if not set(one.joints).isdisjoint(joints))
    draft = reading is not None and reading.finalised is None
    words = [f"LEVEL {doubt}"] if doubt else []
    words += [DRAFT_WORD] if draft else []
    return f"{name} ({', '.join(words)})" if words else name


def _remarks(target: Target, region: UptakeRegion | None) -> tuple[str, ...]:
    said = []
    if target.placement.is_between_levels:
        said.append(f"Between {target.joint.level} and {plain(target.placement.neighbour)}.")
    located = target.localisation
    if located.status not in (None, Status.FOUND):
        said.append(f"On the CT the joint is {plain(str(located.status))}.")
    if located.source in (DRAGGED, MARKED):
        said.append(f"The place of the joint was {located.source}.")
    if (uptake := target.uptake) is not None:
        if uptake.spill_share >= SAID_SPILL:
            source = f", mostly {uptake.spill_from}" if uptake.spill_from else ""
            said.append(
                f"About {uptake.spill_share:.0%} of the maximum spills in from elsewhere{source}."
            )
        if uptake.merged_with:
            names = ", ".join(uptake.merged_with)
            said.append(f"The images cannot tell its uptake from that of {names}.")
    if region is not None and region.is_empty:
        said.append("There is no uptake at the point to outline.")
    elif region is not None and region.share >= WHOLE_SPHERE:
        said.append("Its region is the whole sphere: the uptake there has no edge to outline.")
    return tuple(said)
