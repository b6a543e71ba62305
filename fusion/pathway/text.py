"""The verdict as text that a physician can argue with.

The article's sentences stand in quotation marks, unbroken, with their citation numbers; everything
outside the marks is this program's own wording. Identifiers (S15, F20) stand beside the sentences,
for whoever asks for them: they are not part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fusion.pathway.completions import FACTS_OF, in_asking_order
from fusion.pathway.conditions import Condition
from fusion.pathway.facts.facts import FACT_IDS, KEY_OF_FACT, QUESTIONS, Facts
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
_SCENARIO = re.compile(r"scenario_([a-d])")


def label(key: str) -> str:
    """Return a fact's key as words: ``"pseudoarthrosis suspected"``."""
    words = " ".join(_CAPITALS.get(word, word) for word in key.split("_"))
    return words.replace("SPECT CT", "SPECT/CT")


def labels(facts: Iterable[str]) -> str:
    """Return facts, given by number, as words with commas."""
    return ", ".join(label(KEY_OF_FACT[fact]) for fact in facts)


def recorded_as(facts: Facts, fact: str) -> str:
    """Return what is recorded for a fact: ``"MRI: inconclusive (2024-03)"``."""
    key = KEY_OF_FACT[fact]
    recorded = facts.recorded()
    if key not in recorded:
        return f"{label(key)}: not recorded"
    dates = [
        str(recorded[other])
        for other, asked in QUESTIONS.items()
        if asked.fact == fact and other.endswith("_date") and other in recorded
    ]
    shown = f"{label(key)}: {_words(recorded[key])}"
    return f"{shown} ({', '.join(dates)})" if dates else shown


@dataclass(frozen=True, slots=True)
class TextLine:
    """One sentence of an answer and the facts it rests on.

    Parameters
    ----------
    text : str
        The sentence. The article's wording stands in quotation marks, unbroken.
    facts : tuple of str
        F-numbers that it rests on.
    statement : str
        Identifier of the statement that it quotes; empty when it is this program's own sentence.
    basis : str
        For a quotation: where in the article it stands, and what is recorded for its facts.
    missing : bool
        Whether the facts named are missing, and would decide it.
    """

    text: str
    facts: tuple[str, ...] = ()
    statement: str = ""
    basis: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class TextSection:
    """Lines under a title (empty for the outcome itself, which stands first)."""

    title: str
    lines: tuple[TextLine, ...]


def verdict_sections(verdict: Verdict) -> tuple[TextSection, ...]:
    """Return the whole answer, each sentence with its facts; sections without lines are left out.

    The first section has no title: the answer, scenarios, fit, and what would decide it.
    """
    guideline = verdict.guideline
    shown = {s.id for s in (*verdict.deciding, *verdict.next_steps)}
    shown |= {caution.statement for caution in verdict.cautions} | {"S26", "S27"}
    sections = (
        TextSection("", (*_answer(verdict), *_outcome(verdict))),
        TextSection(
            "Why, in the words of the article", tuple(_quoted(s, verdict) for s in verdict.deciding)
        ),
        TextSection(
            "What the article names as the next step",
            tuple(_quoted(s, verdict) for s in verdict.next_steps),
        ),
        TextSection(
            "What is missing (does not change the verdict)",
            tuple(TextLine(gap.text, _facts_of(gap.when)) for gap in verdict.gaps),
        ),
        TextSection("Cautions", tuple(_cautions(verdict))),
        TextSection(
            "Cautions for each target",
            tuple(
                TextLine(f"{name}: {_strength(caution)}{caution.text}", ("F23",), caution.statement)
                for name, cautions in verdict.targets
                for caution in cautions
            ),
        ),
        TextSection(
            "Other sentences of the article that apply",
            tuple(_quoted(s, verdict) for s in verdict.statements if s.id not in shown),
        ),
        TextSection(
            "Would apply but for a missing fact",
            tuple(
                TextLine(
                    f"{verbatim(guideline.statement(item.name))}  Needs: {labels(item.facts)}.",
                    item.facts,
                    item.name,
                    missing=True,
                )
                for item in verdict.would_apply
            ),
        ),
        TextSection(
            "Context (this program's notes)",
            tuple(TextLine(note.text, _facts_of(note.when)) for note in verdict.notes),
        ),
        TextSection(
            "How ambiguous wording was read (a reader may disagree)",
            tuple(TextLine(reading.text) for reading in verdict.readings),
        ),
        *_not_recorded(verdict),
        TextSection("Whose rules these are", tuple(_whose_rules(guideline))),
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
        f'"{statement.quoted}" (statement {statement.id})',
        f"  {statement.section}",
        "",
        f"Effect: {'; '.join(_EFFECT[e] for e in statement.effect)}.",
        f"Shown when: {_spoken(statement.when)}",
    ]
    terms = guideline.terms
    rows += [f"  {_name(n)}: {terms[n]}" for n in statement.when.names if n in terms]
    rows += _section(
        "Facts it is about",
        (
            f"{QUESTIONS[KEY_OF_FACT[fact]].question} (in a facts file: {KEY_OF_FACT[fact]})"
            for fact in sorted(statement.inputs, key=FACT_IDS.index)
        ),
    )
    rows += _section(
        "How ambiguous wording was read",
        (r.text for r in guideline.readings if statement_id in r.statements),
    )
    rows += _section(
        "Notes attached",
        (n.text for n in guideline.notes if statement_id in n.attached_to),
    )
    rows += _section(
        "Gaps that refer to it",
        (gap.text for gap in guideline.gaps if statement_id in gap.statements),
    )
    cited = (
        f"cites {statement.citation}"
        if statement.cites
        else "the article gives no citation number here"
    )
    rows += ["", f"Sources: {cited}. The article gives no reference list."]
    rows += [
        f"  {ref.number}  ({guideline.source.reference_label}; confidence: {ref.confidence}) "
        f"{ref.text}"
        for ref in guideline.references
        if ref.number in statement.cites
    ]
    rows += _section("Whose rules these are", (line.text for line in _whose_rules(guideline)))
    return "\n".join(rows) + "\n"


def _answer(verdict: Verdict) -> Iterator[TextLine]:
    need = verdict.need
    facts = need or in_asking_order(f for statement in verdict.deciding for f in statement.inputs)
    tense = _TENSE[verdict.facts.study_status]
    yield TextLine(f"{tense}: {verdict.words}.", facts, missing=bool(need))
    yield TextLine(verdict.explanation, facts, missing=bool(need))


def _outcome(verdict: Verdict) -> Iterator[TextLine]:
    guideline, facts = verdict.guideline, verdict.facts
    if verdict.code == "OUT_OF_SCOPE":
        yield TextLine(
            f"Recorded: {recorded_as(facts, 'F1')}; {recorded_as(facts, 'F2')}.", ("F1", "F2")
        )
    for letter in verdict.scenarios:
        yield TextLine(
            f"Situation: {guideline.scenarios[letter]}",
            FACTS_OF[f"scenario_{letter.lower()}"],
        )
    for item in verdict.scenarios_open:
        words = guideline.scenarios[item.name]
        yield TextLine(
            f"Also: {words}, if {labels(item.facts)} says so",
            item.facts,
            missing=True,
        )
    if verdict.fit:
        open_fit = f"; {guideline.fit['headline']} if {labels(verdict.fit_open)} says so"
        yield TextLine(
            f"Fit: {verdict.fit}{open_fit if verdict.fit_open else ''}",
            verdict.fit_open or FACTS_OF["headline"],
            missing=bool(verdict.fit_open),
        )
    if not verdict.is_certain:
        yield TextLine("Still possible:")
        for code in verdict.possible:
            yield TextLine(f"  {guideline.verdicts[code].words}", verdict.need, missing=True)
        yield TextLine("Needed to decide, in the order of asking:")
        for fact in verdict.need:
            question = QUESTIONS[KEY_OF_FACT[fact]].question
            yield TextLine(f"  {question}", (fact,), missing=True)
    for fact in verdict.order_unknown:
        yield TextLine(
            f"{recorded_as(facts, fact)}: the dates do not say whether it came before the "
            f"SPECT/CT ({facts.study_date}), so it is treated as not recorded.",
            (fact, "F3"),
            missing=True,
        )
    if facts.other_red_flag:
        yield TextLine(
            f"Another red flag is recorded, outside the article's list: {facts.other_red_flag}",
            (OTHER_RED_FLAG,),
        )
    if verdict.red_flags_not_recorded:
        yield TextLine(
            f"Red flags not recorded: {labels(verdict.red_flags_not_recorded)}. Ask for them, "
            "whether or not they would change this answer.",
            verdict.red_flags_not_recorded,
            missing=True,
        )


def _cautions(verdict: Verdict) -> Iterator[TextLine]:
    quoted: set[str] = set()
    for caution in verdict.cautions:
        if caution.statement == "S26":
            continue  # shown in full at the end
        own = f"  {_strength(caution)}{caution.text}" if caution.text else ""
        statement = verdict.guideline.statement(caution.statement)
        words = _begins(statement) if statement.id in quoted else verbatim(statement)
        quoted.add(statement.id)
        yield TextLine(f"{words}{own}", statement.inputs, statement.id)


def _strength(caution: Caution) -> str:
    return "" if caution.strength == "standard" else f"{caution.strength.upper()}. "


def _not_recorded(verdict: Verdict) -> Iterator[TextSection]:
    certain = "would not change this answer" if verdict.is_certain else "would not decide it"
    yield TextSection(
        f"Not recorded - {certain}",
        tuple(
            TextLine(QUESTIONS[KEY_OF_FACT[fact]].question, (fact,), missing=True)
            for fact in verdict.not_recorded
        ),
    )
    details = verdict.details_not_recorded
    facts = tuple(dict.fromkeys(QUESTIONS[key].fact for key in details))
    said = f"{', '.join(label(key) for key in details)}."
    yield TextSection(
        "Details not recorded", (TextLine(said, facts, missing=True),) if details else ()
    )


def _whose_rules(guideline: Guideline) -> Iterator[TextLine]:
    source = guideline.source
    yield TextLine(source.authority)
    yield TextLine(
        f"Article: {source.words}. As encoded by this program, version {source.version}."
    )
    yield TextLine(source.limits)
    by_id = {statement.id: statement for statement in guideline.statements}
    for statement_id in ("S27", "S26"):
        if statement_id in by_id:
            yield TextLine(verbatim(by_id[statement_id]), statement=statement_id)


def verbatim(statement: Statement) -> str:
    """Return a statement's words in quotation marks, and its citation numbers."""
    cites = f"  [the article cites {statement.citation}]" if statement.cites else ""
    return f'"{statement.quoted}"{cites}'


def _begins(statement: Statement) -> str:
    """Return the first words of a statement that was quoted in full before."""
    return f'"{" ".join(statement.quoted.split()[:5])} …"'


def _spoken(condition: Condition) -> str:
    """Return a condition in words: names as :func:`_name`, the answers in quotation marks."""
    words = re.sub(r"'[^']*'|[a-z_]+", lambda found: _name(found[0]), condition.source)
    for operator, said in (("==", "is"), ("!=", "is not")):
        words = words.replace(operator, said)
    return words


def _name(word: str) -> str:
    scenario = _SCENARIO.fullmatch(word)
    if scenario:
        return f"situation {scenario[1].upper()}"
    if word == "always":
        return "in every case"
    return word.replace("'", '"') if word.startswith("'") else label(word)


def _quoted(statement: Statement, verdict: Verdict) -> TextLine:
    # F18 is asked only where MRI and CT disagree; elsewhere it is not missing.
    asked = {*verdict.need, *verdict.not_recorded}
    shown = [
        fact
        for fact in statement.inputs
        if fact != "F18" or fact in asked or verdict.facts.standard_imaging_overall is not None
    ]
    because = "; ".join(recorded_as(verdict.facts, fact) for fact in shown)
    ending = f" {because}." if because else ""
    return TextLine(
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
