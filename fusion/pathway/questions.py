"""Which question to ask next: the order that prunes fastest, red flags always."""

from __future__ import annotations

from collections.abc import Collection

from fusion.pathway.completions import ASKING_ORDER, RED_FLAGS
from fusion.pathway.facts.facts import KEY_OF_FACT, QUESTIONS
from fusion.pathway.verdict import Verdict

#: Free text that belongs to the red flags and is asked for with them.
OTHER_RED_FLAG = "F7x"


def next_question(verdict: Verdict, *, asked: Collection[str] = ()) -> str | None:
    """Return the key to ask for next, or None when the verdict and the red flags are settled.

    Parameters
    ----------
    verdict : Verdict
        What follows from the facts so far.
    asked : collection of str
        Keys that were asked already, whether or not they were answered.

    Returns
    -------
    str or None
        A key of :class:`fusion.pathway.facts.facts.Facts`.
    """
    return _first_open(verdict, {*verdict.need, *RED_FLAGS, OTHER_RED_FLAG}, asked)


def next_further_question(verdict: Verdict, *, asked: Collection[str] = ()) -> str | None:
    """Return the next key that can add statements, cautions or gaps but not change the verdict.

    Details (dates, views) follow the fact that they belong to.
    """
    key = _first_open(verdict, set(verdict.not_recorded), asked)
    if key is not None:
        return key
    open_details = (
        *verdict.details_not_recorded,
        *(() if verdict.facts.study_date else ("study_date",)),
        *(() if verdict.facts.other_evidence_recorded is not None else _EVIDENCE),
    )
    return next((key for key in open_details if key not in asked), None)


_EVIDENCE = ("other_evidence_recorded",)


def _first_open(verdict: Verdict, wanted: Collection[str], asked: Collection[str]) -> str | None:
    for fact in ASKING_ORDER:
        key = KEY_OF_FACT[fact]
        unanswered = getattr(verdict.facts, key) is None and key not in asked
        if fact in wanted and unanswered and key in QUESTIONS:
            return key
    return None
