"""What is said of one Target, in the report and on its page."""

from __future__ import annotations

from fusion.annotations import Answer, Target
from fusion.plain_text import plain
from fusion.uptake import measured_texts


def said_answer(answer: Answer | None) -> str:
    """Return an answer about a Target in words."""
    return "not answered" if answer is None else answer.value


def said_uptake(target: Target) -> str:
    """Return the uptake that a decision was made on, with its reference, in words."""
    measured = target.uptake
    if measured is None:
        return "not measured"
    parts = list(measured_texts(measured, measured.unit))
    if measured.reference:
        parts.append(f"reference: {plain(measured.reference)}")
    return "; ".join(parts)
