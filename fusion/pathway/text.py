"""The verdict as text that a physician can argue with.

The seed's sentences stand in quotation marks, unbroken, with their identifier and citation
numbers; everything outside the marks is this program's own wording.
"""

from __future__ import annotations

from collections.abc import Iterable

from fusion.pathway.check import Caution, Verdict
from fusion.pathway.facts import FACT_IDS, KEY_OF_FACT, QUESTIONS, Facts
from fusion.pathway.statements import Guideline, Statement

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


def verdict_text(verdict: Verdict) -> str:
    """Return the whole answer as lines of text."""
    facts, guideline = verdict.facts, verdict.guideline
    rows = [
        f"{_TENSE[facts.study_status]}: {verdict.words}.  [{verdict.code}]",
        verdict.explanation,
    ]
    rows += _outcome(verdict)
    rows += _section("Why, in the seed's words", (_quoted(s, verdict) for s in verdict.deciding))
    rows += _section(
        "What the seed names as next", (_quoted(s, verdict) for s in verdict.next_steps)
    )
    rows += _section(
        "What is missing (does not change the verdict)",
        (f"{gap.text}  [{', '.join(gap.statements)}]" for gap in verdict.gaps),
    )
    rows += _section("Cautions", _cautions(verdict))
    rows += _section(
        "Cautions for each target",
        (
            f"{name}: {caution.statement}  {_strength(caution)}{caution.text}"
            for name, cautions in verdict.targets
            for caution in cautions
        ),
    )
    shown = {s.id for s in (*verdict.deciding, *verdict.next_steps)}
    shown |= {caution.statement for caution in verdict.cautions} | {"S26", "S27"}
    rows += _section(
        "Other statements that apply",
        (_quoted(s, verdict) for s in verdict.statements if s.id not in shown),
    )
    rows += _section(
        "Would apply but for a missing fact",
        (
            f"{_verbatim(guideline.statement(item.name))}  needs {', '.join(item.facts)}"
            for item in verdict.would_apply
        ),
    )
    rows += _section(
        "Context (this program's notes)", (f"{note.id}  {note.text}" for note in verdict.notes)
    )
    rows += _section(
        "How ambiguous wording was read (a reader may disagree)",
        (
            f"{reading.id}  {reading.text}  [{', '.join(reading.statements)}]"
            for reading in verdict.readings
        ),
    )
    rows += _not_recorded(verdict)
    rows += _whose_rules(guideline)
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
    return "\n".join([*rows, *_whose_rules(guideline)]) + "\n"


def _outcome(verdict: Verdict) -> list[str]:
    rows: list[str] = []
    guideline, facts = verdict.guideline, verdict.facts
    if verdict.code == "OUT_OF_SCOPE":
        rows.append(f"Recorded: {recorded_as(facts, 'F1')}; {recorded_as(facts, 'F2')}.")
    for letter in verdict.scenarios:
        rows.append(f"Scenario {letter}: {guideline.scenarios[letter]}")
    for item in verdict.scenarios_open:
        words = guideline.scenarios[item.name]
        rows.append(f"Scenario {item.name} as well ({words}), if {', '.join(item.facts)} says so")
    if verdict.fit:
        open_fit = f"; {guideline.fit['headline']} if {', '.join(verdict.fit_open)} says so"
        rows.append(f"Fit: {verdict.fit}{open_fit if verdict.fit_open else ''}")
    if not verdict.is_certain:
        rows.append("Still possible:")
        rows += [f"  {code}: {guideline.verdicts[code].words}" for code in verdict.possible]
        rows.append("Needed to decide, in the order of asking:")
        rows += [f"  {fact}  {QUESTIONS[KEY_OF_FACT[fact]].question}" for fact in verdict.need]
    for fact in verdict.order_unknown:
        rows.append(
            f"{recorded_as(facts, fact)}: the dates do not say whether it came before the "
            f"SPECT/CT ({facts.study_date}), so it is treated as not recorded (A17)."
        )
    if facts.other_red_flag:
        rows.append(f"F7x recorded, outside this pathway's list: {facts.other_red_flag}")
    if verdict.red_flags_not_recorded:
        rows.append(
            f"Red flags not recorded: {', '.join(verdict.red_flags_not_recorded)}. Ask for them, "
            "whether or not they would change this answer."
        )
    return rows


def _cautions(verdict: Verdict) -> Iterable[str]:
    quoted: set[str] = set()
    for caution in verdict.cautions:
        if caution.statement == "S26":
            continue  # shown in full at the end
        own = f"  {_strength(caution)}{caution.text}" if caution.text else ""
        if caution.statement in quoted:
            yield f"{caution.statement}{own}"
        else:
            quoted.add(caution.statement)
            yield f"{_verbatim(verdict.guideline.statement(caution.statement))}{own}"


def _strength(caution: Caution) -> str:
    return "" if caution.strength == "standard" else f"{caution.strength.upper()}. "


def _not_recorded(verdict: Verdict) -> list[str]:
    certain = "would not change this answer" if verdict.is_certain else "would not decide it"
    rows = _section(
        f"Not recorded - {certain}",
        (f"{fact}  {QUESTIONS[KEY_OF_FACT[fact]].question}" for fact in verdict.not_recorded),
    )
    if verdict.details_not_recorded:
        details = ", ".join(label(key) for key in verdict.details_not_recorded)
        rows += ["", f"Details not recorded: {details}."]
    return rows


def _whose_rules(guideline: Guideline) -> list[str]:
    source = guideline.source
    rows = [
        "",
        "Whose rules these are",
        f"  {source.authority}",
        f"  Statement file {source.id}, version {source.version}.",
        f"  {source.limits}",
    ]
    by_id = {statement.id: statement for statement in guideline.statements}
    for statement_id in ("S27", "S26"):
        if statement_id in by_id:
            rows.append(f"  {_verbatim(by_id[statement_id])}")
    return rows


def _verbatim(statement: Statement) -> str:
    cites = f"  [cites {statement.citation}]" if statement.cites else ""
    return f'{statement.id}  "{statement.quoted}"{cites}'


def _quoted(statement: Statement, verdict: Verdict) -> str:
    # F18 is asked only where MRI and CT disagree; elsewhere it is not missing.
    asked = {*verdict.need, *verdict.not_recorded}
    shown = [
        fact
        for fact in statement.inputs
        if fact != "F18" or fact in asked or verdict.facts.standard_imaging_overall is not None
    ]
    because = "; ".join(recorded_as(verdict.facts, fact) for fact in shown)
    ending = f" {because}." if because else ""
    return f"{_verbatim(statement)}\n      {statement.section}.{ending}"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    listed = [f"  {line}" for line in lines]
    return ["", title, *listed] if listed else []


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value) or "none"
    return str(value)
