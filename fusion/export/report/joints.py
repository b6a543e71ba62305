"""What is said of one Target, in the report and on its page."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from fusion.annotations import Answer, Target
from fusion.export.account import JointAccount
from fusion.export.wording import said_moment
from fusion.pathway import published_pathway, verbatim
from fusion.plain_text import plain
from fusion.uptake import measured_texts

#: Longest note in the table, characters; the whole note is in every other file.
_SHOWN_NOTE = 160


def beside() -> tuple[str, str]:
    """Return what stands beside every list of joints."""
    return statement("S19"), statement("S21")


def statement(name: str) -> str:
    """Return a sentence of the article as it stands there, with its citations."""
    return verbatim(published_pathway().statement(name))


def said_answer(answer: Answer | None) -> str:
    """Return an answer about a Target in words."""
    return "not answered" if answer is None else answer.value


def said_mm(value: float) -> str:
    """Return how far off something may be in whole millimetres: upwards, and at least one."""
    return f"{max(math.ceil(round(value, 1)), 1)} mm"


def said_alignment(target: Target) -> str:
    """Return how far off the SPECT or PET may be at the joint that a decision is about."""
    aligned = target.registration
    if aligned.is_distrusted:
        return "The alignment is NOT to be trusted."
    if aligned.uncertainty_mm is None:
        return "Alignment uncertainty not known."
    how = "within" if aligned.uncertainty_share else "off by about"
    return f"Alignment {how} {said_mm(aligned.uncertainty_mm)} ({aligned.uncertainty_words})."


def said_place(target: Target) -> str:
    """Return how far off the joint may be that a decision is about, and what that number is."""
    located = target.localisation
    if located.confidence_mm is None:
        return "Error of the joint's place not known."
    how = "within" if located.confidence_share else "off by about"
    return f"Joint {how} {said_mm(located.confidence_mm)} ({located.confidence_words})."


def said_uptake(target: Target) -> str:
    """Return the uptake that a decision was made on, in words."""
    measured = target.uptake
    return "not measured" if measured is None else "; ".join(_texts(target))


def said_ratio(target: Target) -> str:
    """Return how far uptake lies above what it is compared with; uptake itself without that."""
    texts = _texts(target)
    ratios = [text for text in texts if text.endswith("× reference")]
    return "not measured" if not texts else (ratios or texts)[0]


def said_reference(target: Target) -> str:
    """Return what the ratios of a decision refer to; empty where there are none."""
    return plain(target.uptake.reference) if target.uptake else ""


def _texts(target: Target) -> list[str]:
    measured = target.uptake
    return list(measured_texts(measured, measured.unit)) if measured else []


def said_of_all(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return what is the same of all of several Targets: it is said once, beneath their rows."""
    if len(targets) < 2:
        return ()
    said = [_made_and_how_sure(target) for target in targets]
    return tuple(sentence for sentence in said[0] if all(sentence in one for one in said))


def _made_and_how_sure(target: Target) -> tuple[str, ...]:
    who = f"{target.shown_reader}, {said_moment(target.time)}."
    return who, said_alignment(target), said_place(target)


def joint_row(
    account: JointAccount, target: Target, *, elsewhere: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the row of a Target in the table of the findings.

    Parameters
    ----------
    account : JointAccount
        Of its joint.
    target : Target
        The decision.
    elsewhere : collection of str
        Sentences that stand beneath the table: :func:`said_of_all`.
    """
    note = target.shown_note
    if len(note) > _SHOWN_NOTE:
        note = f"{note[:_SHOWN_NOTE]}… (whole note in reading.json)"
    who, *sure = _made_and_how_sure(target)
    quoted = f"Note: “{note}”{'' if note.endswith(('.', '!', '?')) else '.'}" if note else ""
    said = [one for one in (who, quoted, *account.remarks, *sure) if one not in elsewhere]
    return (
        account.label,
        target.decision.value,
        "–" if target.grade is None else str(target.grade),
        said_uptake(target),
        said_answer(target.clinically_concordant),
        said_answer(target.inside_operative_bed),
        " ".join(part for part in said if part),
    )
