# The face of this room: what other rooms may use. Each name is imported when first asked for.
from .assessment import (
    NOT_ASSESSED,
    Assessment,
    EarlierAnswer,
    Unanswered,
    assessment_json,
    stored_answer,
)
from .completions import ASKING_ORDER, RED_FLAGS
from .facts import KEY_OF_FACT, QUESTIONS, Facts, answers
from .facts_file import facts_from_values, facts_template, facts_toml, read_facts
from .from_files import Proposal, earlier_imaging, propose, study_under_review
from .hardware import propose_hardware
from .questions import OTHER_RED_FLAG, next_further_question, next_question
from .statements import seed
from .text import Line, Section, explain_text, label, verbatim, verdict_sections, verdict_text
from .verdict import Verdict, check, target_cautions

__all__ = [
    "ASKING_ORDER",
    "KEY_OF_FACT",
    "NOT_ASSESSED",
    "OTHER_RED_FLAG",
    "QUESTIONS",
    "RED_FLAGS",
    "Assessment",
    "EarlierAnswer",
    "Facts",
    "Line",
    "Proposal",
    "Section",
    "Unanswered",
    "Verdict",
    "answers",
    "assessment_json",
    "check",
    "earlier_imaging",
    "explain_text",
    "facts_from_values",
    "facts_template",
    "facts_toml",
    "label",
    "next_further_question",
    "next_question",
    "propose",
    "propose_hardware",
    "read_facts",
    "seed",
    "stored_answer",
    "study_under_review",
    "target_cautions",
    "verbatim",
    "verdict_sections",
    "verdict_text",
]
