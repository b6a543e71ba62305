"""The verdict as text that a physician can argue with.

The seed's sentences stand in quotation marks, unbroken, with their identifier and citation
numbers; everything outside the marks is this program's own wording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fusion.pathway.completions import FACTS_OF, in_asking_order
from fusion.pathway.conditions import Condition
from fusion.pathway.facts import FACT_IDS, KEY_OF_FACT, QUESTIONS, Facts
from fusion.pathway.questions import OTHER_RED_FLAG
from fusion.pathway.statements import Guideline, Statement
from fusion.pathway.verdict import Caution, Verdict

_TENSE = {
    "performed": "The SPECT/CT that was performed",
    "proposed": "The SPECT/CT that is proposed",
    None: "The SPECT/CT (performed or proposed: not recorded)",
}

_EFFECT = {
    "BASE": "recommends a step of the pathway",
    "BAR": "speaks against SPECT/CT in its situation",
    "ALLOW": "opens a situation in which SPECT/CT is supported",
    "CAUTION": "a caution; never changes the verdict",
    "INFO": "information; never changes the verdict",
}

_CAPITALS = {"mri": "MRI", "ct": "CT", "spect": "SPECT", "ap": "AP"}


def label(key: str) -> str:
    """Return a fact's key as words: ``"pseudoarthrosis suspected"``."""
    return " ".join(_CAPITALS.get(word, word) for word in key.split("_"))


def recorded_as(facts: Facts, fact: str) -> str:
    """Return what is recorded for a fact: ``"F15 MRI: inconclusive (2024-03)"``."""
    key = KEY_OF_FACT[fact]
    recorded = facts.recorded()
    if key not in recorded:
        return f"{fact} {label(key)}: not recorded"
    dates = [
        str(recorded[other])
        for other, asked in QUESTIONS.items()
        if asked.fact == fact and other.endswith("_date") and other in recorded
    ]
    shown = f"{fact} {label(key)}: {_words(recorded[key])}"
    return f"{shown} ({', '.join(dates)})" if dates else shown


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of an answer and the facts it rests on.

    Parameters
    ----------
    text : str
        The sentence. The seed's wording stands in quotation marks, unbroken.
    facts : tuple of str
        F-numbers that it rests on.
    statement : str
        Identifier of the statement that it quotes; empty when it is this program's own sentence.
    basis : str
        For a quotation: where in the seed it stands, and what is recorded for its facts.
    missing : bool
        Whether the facts named are missing, and would decide it.
    """

    text: str
    facts: tuple[str, ...] = ()
    statement: str = ""
    basis: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title (empty for the outcome itself, which stands first)."""

    title: str
    lines: tuple[Line, ...]


def verdict_sections(verdict: Verdict) -> tuple[Section, ...]:
    """Return the whole answer, each sentence with its facts; sections without lines are left out.

    The first section has no title: the answer, scenarios, fit, and what would decide it.
    """
    guideline = verdict.guideline
    shown = {s.id for s in (*verdict.deciding, *verdict.next_steps)}
    shown |= {caution.statement for caution in verdict.cautions} | {"S26", "S27"}
    sections = (
        Section("", (*_answer(verdict), *_outcome(verdict))),
        Section("Why, in the seed's words", tuple(_quoted(s, verdict) for s in verdict.deciding)),
        Section(
            "What the seed names as next", tuple(_quoted(s, verdict) for s in verdict.next_steps)
        ),
        Section(
            "What is missing (does not change the verdict)",
            tuple(
                Line(f"{gap.text}  [{', '.join(gap.statements)}]", _facts_of(gap.when))
                for gap in verdict.gaps
            ),
        ),
        Section("Cautions", tuple(_cautions(verdict))),
        Section(
            "Cautions for each target",
            tuple(
                Line(f"{name}: {caution.statement}  {_strength(caution)}{caution.text}", ("F23",))
                for name, cautions in verdict.targets
                for caution in cautions
            ),
        ),
        Section(
            "Other statements that apply",
            tuple(_quoted(s, verdict) for s in verdict.statements if s.id not in shown),
        ),
        Section(
            "Would apply but for a missing fact",
            tuple(
                Line(
                    f"{verbatim(guideline.statement(item.name))}  needs {', '.join(item.facts)}",
                    item.facts,
                    item.name,
                    missing=True,
                )
                for item in verdict.would_apply
            ),
        ),
        Section(
            "Context (this program's notes)",
            tuple(Line(f"{note.id}  {note.text}", _facts_of(note.when)) for note in verdict.notes),
        ),
        Section(
            "How ambiguous wording was read (a reader may disagree)",
            tuple(
                Line(f"{reading.id}  {reading.text}  [{', '.join(reading.statements)}]")
                for reading in verdict.readings
            ),
        ),
        *_not_recorded(verdict),
        Section("Whose rules these are", tuple(_whose_rules(guideline))),
    )
    return tuple(section for section in sections if section.lines)


def verdict_text(verdict: Verdict) -> str:
    """Return the whole answer as lines of text: :func:`verdict_sections`, printed."""
    rows: list[str] = []
    for section in verdict_sections(verdict):
        indent = "  " if section.title else ""
        rows += ["", section.title] if section.title else []
        for line in section.lines:
            rows.append(indent + line.text)
            rows += [f"      {line.basis}"] if line.basis else []
    return "\n".join(rows) + "\n"


def explain_text(guideline: Guideline, statement_id: str) -> str:
    """Return a statement, its conditions and its sources as text.

    Raises
    ------
    PathwayError
        There is no such statement.
    """
    statement = guideline.statement(statement_id)
    rows = [
        f"{statement.id}  {statement.section}",
        f'  "{statement.quoted}"',
        "",
        f"Effect: {'; '.join(f'{e} ({_EFFECT[e]})' for e in statement.effect)}.",
        f"Shown when: {statement.when.source}",
    ]
    terms = guideline.terms
    mentioned = statement.when.names or ("always",)
    rows += [f"  {name}: {terms[name]}" for name in mentioned if name in terms]
    rows += _section(
        "Facts it is about",
        (
            f"{fact}  {KEY_OF_FACT[fact]}: {QUESTIONS[KEY_OF_FACT[fact]].question}"
            for fact in sorted(statement.inputs, key=FACT_IDS.index)
        ),
    )
    rows += _section(
        "How ambiguous wording was read",
        (f"{r.id}  {r.text}" for r in guideline.readings if statement_id in r.statements),
    )
    rows += _section(
        "Notes attached",
        (f"{n.id}  {n.text}" for n in guideline.notes if statement_id in n.attached_to),
    )
    rows += _section(
        "Gaps that refer to it",
        (
            f"{gap.text}  (when {gap.when.source})"
            for gap in guideline.gaps
            if statement_id in gap.statements
        ),
    )
    cited = f"cites {statement.citation}" if statement.cites else "no citation number in the seed"
    rows += ["", f"Sources: {cited}. The seed gives no reference list."]
    rows += [
        f"  {ref.number}  ({guideline.source.reference_label}; confidence: {ref.confidence}) "
        f"{ref.text}"
        for ref in guideline.references
        if ref.number in statement.cites
    ]
    rows += _section("Whose rules these are", (line.text for line in _whose_rules(guideline)))
    return "\n".join(rows) + "\n"


def _answer(verdict: Verdict) -> Iterator[Line]:
    need = verdict.need
    facts = need or in_asking_order(f for statement in verdict.deciding for f in statement.inputs)
    tense = _TENSE[verdict.facts.study_status]
    yield Line(f"{tense}: {verdict.words}.  [{verdict.code}]", facts, missing=bool(need))
    yield Line(verdict.explanation, facts, missing=bool(need))


def _outcome(verdict: Verdict) -> Iterator[Line]:
    guideline, facts = verdict.guideline, verdict.facts
    if verdict.code == "OUT_OF_SCOPE":
        yield Line(
            f"Recorded: {recorded_as(facts, 'F1')}; {recorded_as(facts, 'F2')}.", ("F1", "F2")
        )
    for letter in verdict.scenarios:
        yield Line(
            f"Scenario {letter}: {guideline.scenarios[letter]}",
            FACTS_OF[f"scenario_{letter.lower()}"],
        )
    for item in verdict.scenarios_open:
        words = guideline.scenarios[item.name]
        yield Line(
            f"Scenario {item.name} as well ({words}), if {', '.join(item.facts)} says so",
            item.facts,
            missing=True,
        )
    if verdict.fit:
        open_fit = f"; {guideline.fit['headline']} if {', '.join(verdict.fit_open)} says so"
        yield Line(
            f"Fit: {verdict.fit}{open_fit if verdict.fit_open else ''}",
            verdict.fit_open or FACTS_OF["headline"],
            missing=bool(verdict.fit_open),
        )
    if not verdict.is_certain:
        yield Line("Still possible:")
        for code in verdict.possible:
            yield Line(f"  {code}: {guideline.verdicts[code].words}", verdict.need, missing=True)
        yield Line("Needed to decide, in the order of asking:")
        for fact in verdict.need:
            question = QUESTIONS[KEY_OF_FACT[fact]].question
            yield Line(f"  {fact}  {question}", (fact,), missing=True)
    for fact in verdict.order_unknown:
        yield Line(
            f"{recorded_as(facts, fact)}: the dates do not say whether it came before the "
            f"SPECT/CT ({facts.study_date}), so it is treated as not recorded (A17).",
            (fact, "F3"),
            missing=True,
        )
    if facts.other_red_flag:
        yield Line(
            f"F7x recorded, outside this pathway's list: {facts.other_red_flag}", (OTHER_RED_FLAG,)
        )
    if verdict.red_flags_not_recorded:
        yield Line(
            f"Red flags not recorded: {', '.join(verdict.red_flags_not_recorded)}. Ask for them, "
            "whether or not they would change this answer.",
            verdict.red_flags_not_recorded,
            missing=True,
        )


def _cautions(verdict: Verdict) -> Iterator[Line]:
    quoted: set[str] = set()
    for caution in verdict.cautions:
        if caution.statement == "S26":
            continue  # shown in full at the end
        own = f"  {_strength(caution)}{caution.text}" if caution.text else ""
        statement = verdict.guideline.statement(caution.statement)
        words = caution.statement if statement.id in quoted else verbatim(statement)
        quoted.add(statement.id)
        yield Line(f"{words}{own}", statement.inputs, statement.id)


def _strength(caution: Caution) -> str:
    return "" if caution.strength == "standard" else f"{caution.strength.upper()}. "


def _not_recorded(verdict: Verdict) -> Iterator[Section]:
    certain = "would not change this answer" if verdict.is_certain else "would not decide it"
    yield Section(
        f"Not recorded - {certain}",
        tuple(
            Line(f"{fact}  {QUESTIONS[KEY_OF_FACT[fact]].question}", (fact,), missing=True)
            for fact in verdict.not_recorded
        ),
    )
    details = verdict.details_not_recorded
    facts = tuple(dict.fromkeys(QUESTIONS[key].fact for key in details))
    said = f"{', '.join(label(key) for key in details)}."
    yield Section("Details not recorded", (Line(said, facts, missing=True),) if details else ())


def _whose_rules(guideline: Guideline) -> Iterator[Line]:
    source = guideline.source
    yield Line(source.authority)
    yield Line(f"Statement file {source.id}, version {source.version}.")
    yield Line(source.limits)
    by_id = {statement.id: statement for statement in guideline.statements}
    for statement_id in ("S27", "S26"):
        if statement_id in by_id:
            yield Line(verbatim(by_id[statement_id]), statement=statement_id)


def verbatim(statement: Statement) -> str:
    """Return a statement's identifier, its words in quotation marks, and its citation numbers."""
    cites = f"  [cites {statement.citation}]" if statement.cites else ""
    return f'{statement.id}  "{statement.quoted}"{cites}'


def _quoted(statement: Statement, verdict: Verdict) -> Line:
    # F18 is asked only where MRI and CT disagree; elsewhere it is not missing.
    asked = {*verdict.need, *verdict.not_recorded}
    shown = [
        fact
        for fact in statement.inputs
        if fact != "F18" or fact in asked or verdict.facts.standard_imaging_overall is not None
    ]
    because = "; ".join(recorded_as(verdict.facts, fact) for fact in shown)
    ending = f" {because}." if because else ""
    return Line(
        verbatim(statement), statement.inputs, statement.id, f"{statement.section}.{ending}"
    )


def _facts_of(condition: Condition) -> tuple[str, ...]:
    return in_asking_order(fact for name in condition.names for fact in FACTS_OF.get(name, ()))


def _section(title: str, lines: Iterable[str]) -> list[str]:
    listed = [f"  {line}" for line in lines]
    return ["", title, *listed] if listed else []


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value) or "none"
    return str(value)
