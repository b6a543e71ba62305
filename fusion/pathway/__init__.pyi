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
from .facts.facts import KEY_OF_FACT, QUESTIONS, Facts, answers
from .facts.facts_file import facts_from_values, facts_template, facts_toml, read_facts
from .facts.from_files import ProposedFact, earlier_imaging, propose, study_under_review
from .facts.hardware import propose_hardware
from .questions import OTHER_RED_FLAG, next_further_question, next_question
from .statements import published_pathway
from .text import (
    TextLine,
    TextSection,
    explain_text,
    label,
    labels,
    recorded_as,
    verbatim,
    verdict_sections,
    verdict_text,
)
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
    "ProposedFact",
    "TextLine",
    "TextSection",
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
    "labels",
    "next_further_question",
    "next_question",
    "propose",
    "propose_hardware",
    "published_pathway",
    "read_facts",
    "recorded_as",
    "stored_answer",
    "study_under_review",
    "target_cautions",
    "verbatim",
    "verdict_sections",
    "verdict_text",
]
