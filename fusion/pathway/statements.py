"""The statements of a guideline as data: loading and checking ``statements.toml``.

The file holds the guideline's own wording and, apart from it, what this program adds: conditions,
verdict words, gaps, notes, readings of ambiguous wording, probable references. Another guideline
with the same procedure is another file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fusion.errors import PathwayError
from fusion.pathway.conditions import Condition, Vocabulary
from fusion.pathway.facts.facts import FACT_IDS

#: Version of the statement files this program reads.
STATEMENTS_SCHEMA_VERSION = 1

#: Names that conditions may use, with their answers (None: yes or no).
VOCABULARY: Vocabulary = {
    "cervical_pain": None,
    "fused_spect_ct": None,
    "pain_new_or_increasing": None,
    "pain_chronic": None,
    "post_traumatic": None,
    "red_flag": None,
    "other_red_flag_named": None,
    "neurological_deficit": None,
    "persists_despite_conservative_treatment": None,
    "prior_cervical_surgery": None,
    "hardware_complication_suspected": None,
    "pseudoarthrosis_suspected": None,
    "adjacent_segment_disease_suspected": None,
    "radiographs": ("none", "normal", "equivocal", "explains the pain"),
    "radiograph_ap": None,
    "radiograph_lateral": None,
    "radiograph_flexion": None,
    "radiograph_extension": None,
    "mri": ("none", "inconclusive", "answers"),
    "mri_contraindicated_or_limited": None,
    "diagnostic_ct": ("none", "inconclusive", "answers"),
    "bony_detail_needed": None,
    "facet_arthropathy_suspected": None,
    "occult_fracture_or_periostitis_question": None,
    "other_evidence_recorded": None,
    "in_scope": None,
    "earlier_imaging": None,
    "standard_imaging": ("none", "inconclusive", "answers"),
    "scenario_a": None,
    "scenario_b": None,
    "scenario_c": None,
    "scenario_d": None,
    "supported": None,
    "treatment_planned": None,
    "surgery_planned": None,
    "surgery_interval": ("under 12 months", "12 months or more"),
    "mri_predates_episode": None,
    "ct_predates_episode": None,
    "imaging_after_study": None,
}

VERDICT_CODES = (
    "OUT_OF_SCOPE",
    "NOT_SUPPORTED_INITIAL",
    "MRI_FIRST",
    "SUPPORTED_SECONDARY",
    "NOT_YET",
    "NOT_SUPPORTED",
    "CANNOT_DETERMINE",
)


def _parse_condition(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a condition is text")
    try:
        return Condition.parse(value, VOCABULARY, label="when")
    except PathwayError as exc:
        raise ValueError(str(exc)) from exc


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


When = Annotated[Condition, BeforeValidator(_parse_condition)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
Effect = Literal["BASE", "BAR", "ALLOW", "CAUTION", "INFO"]


class _Entry(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True
    )


class StatementSource(_Entry):
    """Where the statements come from, and the version of their encoding."""

    id: str
    title: str
    publisher: str
    dated: str
    version: str
    procedure: Literal["secondary-imaging"]
    authority: str
    limits: str
    reference_label: str

    @property
    def words(self) -> str:
        """Title, publisher and date, as people name the article."""
        return f'"{self.title}", {self.publisher}, last updated {self.dated}'


class VerdictWords(_Entry):
    """How one verdict is put, and the statements that lead to it.

    Attributes
    ----------
    words, explanation : str
        The verdict in the program's words.
    because, because_headline : tuple of str
        Statements that lead to it where they apply; the second when the fit is the headline's.
    next : tuple of str
        Statements that say what comes next, where they apply.
    """

    words: str
    explanation: str
    because: Ids
    because_headline: Ids = ()
    next: Ids = ()


class Statement(_Entry):
    """One sentence of the guideline.

    Attributes
    ----------
    id, section : str
        ``"S15"`` and the headings it stands under.
    parent, text : str
        The line that introduces a list (empty if none) and the sentence, both verbatim.
    cites : tuple of int
        The guideline's citation numbers.
    effect : tuple of str
        What it does in the pathway: BASE, BAR, ALLOW, CAUTION, INFO.
    inputs : tuple of str
        Facts it is about, by F-number.
    when : Condition
        When it is shown.
    """

    id: str
    section: str
    parent: str = ""
    text: str
    cites: Annotated[tuple[int, ...], BeforeValidator(_as_tuple)]
    effect: Annotated[tuple[Effect, ...], BeforeValidator(_as_tuple)]
    inputs: Ids
    when: When

    @property
    def quoted(self) -> str:
        """Parent line and sentence, verbatim, joined by a space."""
        return f"{self.parent} {self.text}" if self.parent else self.text

    @property
    def citation(self) -> str:
        """The citation numbers in the article's form, ``"1, 2"``; empty when it has none."""
        return ", ".join(str(number) for number in self.cites)


class Gap(_Entry):
    """Something that the guideline asks for and that is missing; never changes a verdict."""

    id: str
    statements: Ids
    when: When
    text: str


class Emphasis(_Entry):
    """How strongly a caution is put, in the program's words."""

    statement: str
    strength: Literal["standard", "strong", "hard warning"]
    when: When
    text: str
    undecided: str = ""


class Note(_Entry):
    """Context in the program's words, attached to statements or to a condition."""

    id: str
    attached_to: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(alias="with")]
    when: When
    text: str


class WordingNote(_Entry):
    """How an ambiguous wording was read."""

    id: str
    statements: Ids
    text: str


class Citation(_Entry):
    """What a citation number most probably means; not stated by the guideline."""

    number: int
    text: str
    confidence: str


class Guideline(_Entry):
    """A checked statement file."""

    schema_version: Literal[1]
    source: StatementSource
    terms: dict[str, str]
    verdicts: dict[str, VerdictWords]
    scenarios: dict[str, str]
    fit: dict[str, str]
    statements: Annotated[tuple[Statement, ...], BeforeValidator(_as_tuple)]
    gaps: Annotated[tuple[Gap, ...], BeforeValidator(_as_tuple)]
    emphases: Annotated[tuple[Emphasis, ...], BeforeValidator(_as_tuple)]
    notes: Annotated[tuple[Note, ...], BeforeValidator(_as_tuple)]
    readings: Annotated[tuple[WordingNote, ...], BeforeValidator(_as_tuple)]
    references: Annotated[tuple[Citation, ...], BeforeValidator(_as_tuple)]

    def statement(self, statement_id: str) -> Statement:
        """Return a statement by its identifier.

        Raises
        ------
        PathwayError
            There is none; the message names those there are.
        """
        for statement in self.statements:
            if statement.id == statement_id:
                return statement
        known = f"{self.statements[0].id} to {self.statements[-1].id}"
        raise PathwayError(f"There is no statement {statement_id[:20]!r}; there are {known}.")


@cache
def published_pathway() -> Guideline:
    """Return the statements that come with the program (read once)."""
    resource = resources.files("fusion.pathway").joinpath("statements.toml")
    return parse_statements(resource.read_text(encoding="utf-8"), label="statements.toml")


def load_statements(path: Path) -> Guideline:
    """Read another statement file.

    Raises
    ------
    PathwayError
        It can't be read or is refused, and why.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as exc:
        raise PathwayError(f"{path}: the statement file cannot be read as UTF-8 text.") from exc
    return parse_statements(text, label=str(path))


def parse_statements(text: str, *, label: str) -> Guideline:
    """Check the text of a statement file; errors as :func:`load_statements`."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:
        raise PathwayError(f"{label}: cannot be read as a file of statements: {exc}.") from exc
    version = values.get("schema_version")
    if version != STATEMENTS_SCHEMA_VERSION or isinstance(version, bool):
        raise PathwayError(
            f"{label}: schema_version is {str(version)[:40]}; this program reads "
            f"{STATEMENTS_SCHEMA_VERSION}."
        )
    try:
        guideline = Guideline.model_validate(values)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise PathwayError(f"{label}: {place}: {first['msg']}.") from exc
    _check_references(guideline, label)
    return guideline


def _check_references(guideline: Guideline, label: str) -> None:
    ids = [statement.id for statement in guideline.statements]
    numbers = [reference.number for reference in guideline.references]
    for what, given in (
        ("statement", ids),
        ("note", [note.id for note in guideline.notes]),
        ("gap", [gap.id for gap in guideline.gaps]),
        ("reading", [reading.id for reading in guideline.readings]),
        ("reference", [str(number) for number in numbers]),
    ):
        twice = sorted({item for item in given if given.count(item) > 1})
        if twice:
            raise PathwayError(f"{label}: {what} {twice[0]} stands there twice.")
    missing_words = [code for code in VERDICT_CODES if code not in guideline.verdicts]
    if missing_words or len(guideline.verdicts) != len(VERDICT_CODES):
        raise PathwayError(f"{label}: expected words for {', '.join(VERDICT_CODES)}.")
    if set(guideline.scenarios) != set("ABCD") or set(guideline.fit) != {"headline", "listed"}:
        raise PathwayError(f"{label}: expected scenarios A to D, and fit headline and listed.")
    mentioned: Mapping[str, tuple[str, ...]] = {
        **{
            f"verdict {code}": (*v.because, *v.because_headline, *v.next)
            for code, v in guideline.verdicts.items()
        },
        **{f"gap {gap.id}": gap.statements for gap in guideline.gaps},
        **{f"note {note.id}": note.attached_to for note in guideline.notes},
        **{f"reading {item.id}": item.statements for item in guideline.readings},
        **{f"emphasis of {e.statement}": (e.statement,) for e in guideline.emphases},
    }
    for place, statements in mentioned.items():
        for statement_id in statements:
            if statement_id not in ids:
                raise PathwayError(f"{label}: {place} mentions {statement_id}, which isn't there.")
    for statement in guideline.statements:
        for fact in statement.inputs:
            if fact not in FACT_IDS:
                raise PathwayError(f"{label}: {statement.id} has the input {fact}: no such fact.")
        for number in statement.cites:
            if number not in numbers:
                raise PathwayError(f"{label}: {statement.id} cites {number}: no such reference.")
