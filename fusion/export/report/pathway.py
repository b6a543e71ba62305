"""What was recorded about the patient, and what the published pathway makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fusion.annotations import Decision, Target
from fusion.export.report.blocks import ReportBlock, ReportLines
from fusion.export.report.joints import statement
from fusion.export.wording import said_moment
from fusion.pathway import (
    KEY_OF_FACT,
    NOT_ASSESSED,
    QUESTIONS,
    Facts,
    facts_from_values,
    label,
    published_pathway,
    recorded_as,
    target_cautions,
)
from fusion.plain_text import plain

#: Longest list of statements that led to the verdict; all of them are in ``reading.json``.
_SHOWN_STATEMENTS = 3
#: Facts about imaging before this study, which stand under their own title.
EARLIER_IMAGING = ("radiographs", "mri", "diagnostic_ct")
NO_HISTORY = "No indication and no history are recorded: the pathway's questions were not answered."

Stored = Mapping[str, Any] | None


def facts_of(assessment: Stored) -> Facts:
    """Return the facts of a stored answer; none where there is no answer."""
    return Facts() if assessment is None else facts_from_values(assessment.get("facts", {}))


def history(assessment: Stored) -> tuple[ReportBlock, ...]:
    """Return what is recorded about the patient, in the order of the questions."""
    known = facts_of(assessment).recorded()
    answers: dict[str, list[str]] = {"Yes": [], "No": [], "Also recorded": []}
    for key, line in _recorded(assessment):
        if key in EARLIER_IMAGING:
            continue
        kind = {True: "Yes", False: "No"}.get(known[key], "") if known[key] in (True, False) else ""
        answers[kind or "Also recorded"].append(label(key) if kind == "No" else line)
    answers["Yes"] = [line.replace(": yes", "") for line in answers["Yes"]]
    said = tuple(f"{kind}: {'; '.join(lines)}." for kind, lines in answers.items() if lines)
    return (ReportLines(said or (NO_HISTORY,), flowing=True),)


def earlier_imaging(assessment: Stored) -> tuple[str, ...]:
    """Return the earlier imaging that is recorded, with its dates."""
    said = [line for key, line in _recorded(assessment) if key in EARLIER_IMAGING]
    return (f"Recorded before this study: {'; '.join(said)}.",) if said else ()


def _recorded(assessment: Stored) -> list[tuple[str, str]]:
    """Return the facts by key, in words with their dates, in the order of the questions."""
    facts = facts_of(assessment)
    known = facts.recorded()
    shown = [
        (key, asked.fact)
        for key, asked in QUESTIONS.items()
        if key in known and key != "targets" and KEY_OF_FACT[asked.fact] == key
    ]
    return [(key, plain(recorded_as(facts, fact))) for key, fact in shown]


def verdict(assessment: Stored) -> tuple[ReportBlock, ...]:
    """Return the answer, the sentences that led to it, and whose they are."""
    source = published_pathway().source.words
    return (*_answer(assessment), ReportLines((f"Sentences in quotation marks: {source}.",)))


def _answer(assessment: Stored) -> tuple[ReportBlock, ...]:
    if assessment is None:
        return (ReportLines((NOT_ASSESSED,), strong=True),)
    if "words" not in assessment:
        # Left unanswered on purpose: the text says by whom and why.
        return (ReportLines((plain(str(assessment.get("text", NOT_ASSESSED))),), strong=True),)
    quoted = dict(assessment.get("quoted", {}))
    deciding = [str(key) for key in assessment.get("deciding", [])]
    lines = [_quoted(key, plain(str(quoted[key]))) for key in deciding if key in quoted]
    shown, left = lines[:_SHOWN_STATEMENTS], lines[_SHOWN_STATEMENTS:]
    beneath = [f"… and {len(left)} more statements; all are in reading.json."] if left else []
    if need := [
        label(KEY_OF_FACT.get(fact, plain(str(fact)))) for fact in assessment.get("need", [])
    ]:
        beneath.append(f"Facts that would decide it: {', '.join(need)}.")
    beneath.append(
        f"Facts recorded by {plain(str(assessment.get('reader', '')))}, "
        f"{_said_time(str(assessment.get('time', '')))}."
    )
    return (
        ReportLines((plain(str(assessment["words"])),), strong=True),
        ReportLines(tuple(shown)),
        ReportLines(tuple(beneath), flowing=True),
    )


def _quoted(key: str, stored: str) -> str:
    """Return a stored sentence with the citations that the article prints behind it."""
    known = {one.id: one for one in published_pathway().statements}
    if key in known and plain(known[key].quoted) == stored:
        return statement(key)
    return f'"{stored}"'


def _said_time(stored: str) -> str:
    try:
        return said_moment(datetime.fromisoformat(stored))
    except ValueError:  # an answer that an earlier version stored stands as it was given
        return plain(stored)


def joint_cautions(targets: Sequence[Target], assessment: Stored) -> tuple[str, ...]:
    """Return what the pathway cautions for the positive joints, in the checker's words."""
    known = facts_of(assessment)
    joints_of: dict[str, list[str]] = {}
    for target in targets:
        if target.decision is not Decision.POSITIVE:
            continue
        concordant, inside = target.clinically_concordant, target.inside_operative_bed
        said = target_cautions(
            known,
            clinically_concordant=None if concordant is None else concordant.as_bool,
            inside_operative_bed=None if inside is None else inside.as_bool,
        )
        words = " ".join(caution.text for caution in said)
        joints_of.setdefault(words, []).append(target.joint.name)
    return tuple(f"{', '.join(joints)}: {words}" for words, joints in joints_of.items())
