"""Readings, and the targets in them, in words for the screen.

Knows nothing of Qt. Everything typed or foreign passes :func:`fusion.plain_text.plain` here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fusion.annotations import (
    Answer,
    Opened,
    Redone,
    Relabelled,
    Target,
    TargetRemoved,
    TargetSaved,
    Undone,
)
from viewer.kit.text import clock, position_text, shortened

if TYPE_CHECKING:
    from fusion.annotations import Change, Difference, Event, Reading


#: What an answer that nobody gave looks like; "not recorded" is an answer.
OPEN = "–"


def grade_text(grade: int | None) -> str:
    """Return a grade, for example ``"grade 2"``."""
    return "not graded" if grade is None else f"grade {grade}"


def answer_text(answer: Answer | None) -> str:
    """Return an answer; a dash while nobody answered."""
    return OPEN if answer is None else answer.value


def target_line(target: Target) -> str:
    """Return a target on one line: side, level, decision, and what was answered."""
    place = target.placement
    name = target.joint.name + (f" or {place.neighbour}?" if place.is_between_levels else "")
    said = [f"{name} {target.decision}", grade_text(target.grade)]
    if target.clinically_concordant is not None:
        said.append(f"matches the pain: {target.clinically_concordant}")
    if target.inside_operative_bed is not None:
        said.append(f"in operative bed: {target.inside_operative_bed}")
    if target.shown_note:
        said.append(f"note: {shortened(target.note, 80)}")
    return ", ".join(said)


def reading_state(reading: Reading) -> str:
    """Return whose reading it is and whether it can still be changed."""
    opened = reading.opened
    version = f"version {opened.version}"
    if reading.finalised is None:
        return f"{shortened(reading.reader, 60)} · draft, {version}"
    by = shortened(reading.finalised.reader, 60)
    return f"FINAL, {version} · finalised by {by}, {clock(reading.finalised.time)}"


def known_state(reading: Reading) -> str:
    """Return in a few words what a reading that is not open here holds, and when it was left."""
    state = "draft"
    if reading.finalised is not None:
        state = "FINAL"
    positive = len(reading.positive)
    version = f", version {reading.opened.version}" if reading.opened.version > 1 else ""
    return f"{state}{version}, {positive} positive, {clock(reading.events[-1].time)}"


def said_by(event: Event) -> str:
    """Return what an event says, who said it and when."""
    words = shortened(event.change.words, 300)
    by = shortened(event.reader, 60)
    return f"{words[:1].upper()}{words[1:]} ({by}, {clock(event.time)})"


def history_lines(reading: Reading, target_id: str = "") -> Iterator[str]:
    """Yield what happened to a reading, oldest first: what changed each time, undo and redo too.

    Parameters
    ----------
    reading : Reading
        With all of its history.
    target_id : str
        Only what happened to this target, which keeps its identifier when it is moved or
        re-labelled; empty for everything.
    """
    known: dict[str, Target] = {}
    before: dict[int, dict[str, Target]] = {}
    changes = {event.sequence: event.change for event in reading.events}
    wanted = {event.sequence for event in reading.history_of(target_id)} if target_id else None
    for event in reading.events:
        change, about = event.change, event.sequence
        if isinstance(change, Undone | Redone):
            about = change.sequence
        if isinstance(change, Undone):
            known, words = before[about], f"number {about} undone"
        elif isinstance(change, Redone):
            known, words = _after(changes[about], before[about]), f"number {about} redone"
        else:
            before[about] = known
            words = _told(change, known, target_id)
            known = _after(change, known)
        if wanted is None or about in wanted:
            yield f"{event.sequence}. {clock(event.time)}, {shortened(event.reader, 60)}: {words}"


def _after(change: Change, known: dict[str, Target]) -> dict[str, Target]:
    """Return the targets after a change, by identifier."""
    if isinstance(change, TargetSaved):
        return {**known, change.target.target_id: change.target}
    if isinstance(change, TargetRemoved):
        return {key: target for key, target in known.items() if key != change.target_id}
    if isinstance(change, Relabelled):
        return known | {new.target.target_id: new.target for new in change.changes}
    if isinstance(change, Opened):
        return {record.target.target_id: record.target for record in change.carried}
    return known


def _told(change: Change, known: dict[str, Target], target_id: str) -> str:
    if isinstance(change, TargetSaved):
        old = known.get(change.target.target_id)
        new = change.target
        return f"made: {target_line(new)}" if old is None else difference_of(old, new)
    if isinstance(change, Opened) and target_id:
        carried = [r.target for r in change.carried if r.target.target_id == target_id]
        if carried:
            return f"taken over from version {change.version - 1}: {target_line(carried[0])}"
    return shortened(change.words, 600)


def difference_of(old: Target, new: Target) -> str:
    """Return what changed between two states of one target."""
    said = []
    if old.joint != new.joint:
        said.append(f"joint {old.joint.name} → {new.joint.name}")
    if old.decision != new.decision:
        said.append(f"{old.decision} → {new.decision}")
    if old.grade != new.grade:
        said.append(f"{grade_text(old.grade)} → {grade_text(new.grade)}")
    for what, a, b in (
        ("matches the pain", old.clinically_concordant, new.clinically_concordant),
        ("in operative bed", old.inside_operative_bed, new.inside_operative_bed),
    ):
        if a != b:
            said.append(f"{what}: {answer_text(a)} → {answer_text(b)}")
    if old.note != new.note:
        said.append(f"note: {shortened(new.note, 120) or 'taken away'}")
    moved = math.dist(old.point_lps, new.point_lps)
    if moved > 0:
        said.append(f"moved by {moved:.1f} mm to {position_text(new.point_lps)} mm")
    if old.uptake != new.uptake:
        said.append("uptake measured again")
    return f"{new.joint.name}: {'; '.join(said) or 'looked at again, nothing changed'}"


def difference_words(difference: Difference, *, other: str) -> str:
    """Return where two readers differ, each with what they say.

    Parameters
    ----------
    difference : Difference
        This reading first.
    other : str
        Name of the other reader.
    """

    def said(target: Target | None) -> str:
        if target is None:
            return "nothing recorded"
        return f"{target.decision}, {grade_text(target.grade)}"

    return (
        f"{difference.joint.name}: here {said(difference.one)}; "
        f"{shortened(other, 60)} {said(difference.other)}"
    )


def change_words(change: Change) -> str:
    """Return a change with all that was typed, for the reader who has to decide it again."""
    if isinstance(change, TargetSaved):
        return target_line(change.target)
    return shortened(change.words, 600)
