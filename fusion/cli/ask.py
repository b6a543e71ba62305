"""Asking for the facts on a terminal, in the order that prunes fastest."""

from __future__ import annotations

import datetime as dt
from typing import TextIO

from fusion.errors import Cancelled, PathwayError
from fusion.pathway import (
    QUESTIONS,
    Facts,
    ProposedFact,
    Verdict,
    answers,
    check,
    facts_from_values,
    next_further_question,
    next_question,
)

_HOW = """\
Answer with a word or its number; Enter means "not recorded", which is never taken as no.
? explains a question, . ends the questions. Red flags are always asked for.
"""

_FURTHER = (
    "Further questions cannot change the verdict; they can add statements, cautions and gaps.\n"
    "Go on? [y, n] "
)

_LISTS = ("planned_uses", "surgery_levels")


class _EndOfQuestions(Exception):  # noqa: N818 - not a fault
    """The person ended the questions."""


def ask(
    facts: Facts,
    proposals: tuple[ProposedFact, ...],
    *,
    reader: TextIO,
    writer: TextIO,
    today: dt.date | None = None,
) -> Facts:
    """Ask until the verdict and the red flags are settled, and further on request.

    Parameters
    ----------
    facts : Facts
        What is recorded already; it is not asked for again.
    proposals : tuple of ProposedFact
        Shown beside the questions they are about; never an answer.
    reader, writer : text streams
        Where answers come from (the end of it ends the questions) and questions go.
    today : datetime.date, optional
        Refuse what is recorded as done after this day.

    Returns
    -------
    Facts
        What is recorded now.

    Raises
    ------
    Cancelled
        Nothing at all was answered and the input ended.
    """
    writer.write(_HOW)
    asked: set[str] = set()
    try:
        while key := next_question(check(facts), asked=asked):
            asked.add(key)
            facts = _one(facts, key, proposals, reader, writer, today)
        _announce(check(facts), writer)
        writer.write(_FURTHER)
        if _line(reader).lower() in ("y", "yes"):
            while key := next_further_question(check(facts), asked=asked):
                asked.add(key)
                facts = _one(facts, key, proposals, reader, writer, today)
    except _EndOfQuestions:
        if not facts.recorded():
            raise Cancelled("No question was answered.") from None
    writer.write("\n")
    return facts


def _one(
    facts: Facts,
    key: str,
    proposals: tuple[ProposedFact, ...],
    reader: TextIO,
    writer: TextIO,
    today: dt.date | None,
) -> Facts:
    asked = QUESTIONS[key]
    choices = tuple(answer.strip('"') for answer in answers(key))
    if choices == ("true", "false"):
        choices = ("yes", "no")
    for proposal in proposals:
        if proposal.key == key:
            hint = f" (suggests {proposal.spoken_value})" if proposal.value is not None else ""
            writer.write(f"  The files{hint}: {proposal.text} ({proposal.source})\n")
    while True:
        writer.write(f"{asked.question} {_offer(key, choices)} ")
        writer.flush()
        answer = _line(reader)
        if answer == "?":
            writer.write(f"  {asked.help or 'No further explanation.'}\n")
            continue
        if not answer:
            return facts
        try:
            value = _value(key, answer, choices)
            return facts_from_values({**facts.recorded(), key: value}, label="answer", today=today)
        except PathwayError as exc:
            writer.write(f"  {exc}\n")


def _offer(key: str, choices: tuple[str, ...]) -> str:
    if choices:
        listed = ", ".join(f"{n} {choice}" for n, choice in enumerate(choices, start=1))
        return f"[{listed}{'; several with commas, none for none' if key in _LISTS else ''}]"
    if key in _LISTS:
        return "[with commas]"
    return "[in your words]" if key == "other_red_flag" else "[2024-05-17, 2024-05 or 2024]"


def _value(key: str, answer: str, choices: tuple[str, ...]) -> object:
    if key in _LISTS:
        if answer.lower() == "none":
            return []
        return [_choice(part.strip(), choices) for part in answer.split(",") if part.strip()]
    chosen = _choice(answer, choices)
    return chosen == "yes" if choices == ("yes", "no") else chosen


def _choice(answer: str, choices: tuple[str, ...]) -> str:
    if not choices:
        return answer
    if answer.isdecimal() and 1 <= int(answer[:3]) <= len(choices):
        return choices[int(answer) - 1]
    matching = [choice for choice in choices if choice.lower().startswith(answer.lower())]
    if answer.lower() in choices:
        return answer.lower()
    if len(matching) == 1:
        return matching[0]
    raise PathwayError(f"{answer[:40]!r} is not one of: {', '.join(choices)}.")


def _announce(verdict: Verdict, writer: TextIO) -> None:
    writer.write(f"\n{verdict.words}.\n")


def _line(reader: TextIO) -> str:
    line = reader.readline()
    if not line or line.strip() == ".":
        raise _EndOfQuestions
    return line.strip()
