"""Was this study appropriate? Facts in, verdict out, with every statement that led to it.

The procedure is :func:`fusion.pathway.procedure.decide`; here it is run over every completion of
the facts that are not recorded, and the result is put together for a reader: the answer or the
facts that would decide it, the statements that apply and those that would but for a missing fact,
gaps, cautions, notes, and how ambiguous wording was read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.json_form import to_json
from fusion.pathway.completions import (
    ASKING_ORDER,
    RED_FLAGS,
    Completions,
    in_asking_order,
    order_unknown,
)
from fusion.pathway.facts.facts import KEY_OF_FACT, QUESTIONS, Facts
from fusion.pathway.procedure import CANNOT_DETERMINE, SUPPORTED_SECONDARY, decide
from fusion.pathway.statements import (
    VERDICT_CODES,
    Gap,
    Guideline,
    Note,
    Statement,
    WordingNote,
    published_pathway,
)


@dataclass(frozen=True, slots=True)
class Open:
    """Something that would hold but for a missing fact.

    Parameters
    ----------
    name : str
        A statement (``"S15"``) or a scenario (``"C"``).
    facts : tuple of str
        F-numbers that would decide it.
    """

    name: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caution:
    """A caution and how strongly it is put.

    Parameters
    ----------
    statement : str
        The article's statement.
    strength : str
        ``"standard"``, ``"strong"`` or ``"hard warning"``.
    text : str
        This program's words beside the statement; may be empty.
    """

    statement: str
    strength: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The pathway's answer and everything that led to it.

    Parameters
    ----------
    code : str
        One of :data:`fusion.pathway.statements.VERDICT_CODES`.
    words, explanation : str
        The answer in this program's words.
    possible : tuple of str
        Verdicts still possible; just ``code`` when it is certain.
    need : tuple of str
        Facts that would change the verdict, in the order of asking; empty when it is certain.
    scenarios : tuple of str
        Scenarios that hold in every completion (A to D); empty unless supported.
    scenarios_open : tuple of Open
        Scenarios that hold in some.
    fit : str or None
        How the case fits the article; None unless supported. The weaker form while open.
    fit_open : tuple of str
        Facts that would make the fit that of the headline statement.
    deciding : tuple of Statement
        Statements that led to the verdict, the weightiest first.
    next_steps : tuple of Statement
        Statements that say what comes next.
    statements : tuple of Statement
        Every statement that applies, in the article's order.
    would_apply : tuple of Open
        Every statement that would apply but for a missing fact.
    gaps : tuple of Gap
        What the article asks for and is missing; never changes a verdict.
    cautions : tuple of Caution
        In the article's order.
    notes : tuple of Note
        Context in this program's words.
    readings : tuple of WordingNote
        How ambiguous wording of the deciding statements was read.
    not_recorded : tuple of str
        Facts that are not recorded and would not change the verdict, in the order of asking.
    details_not_recorded : tuple of str
        Keys of details (dates, views) whose fact is recorded.
    order_unknown : tuple of str
        Imaging facts whose dates don't say whether the imaging came before the study.
    red_flags_not_recorded : tuple of str
        The article's red flags that nobody answered; always to be asked for.
    targets : tuple of (str, tuple of Caution)
        Each target of the facts (F23) and the cautions that follow for it.
    facts : Facts
        What the verdict was reached from.
    guideline : Guideline
        Whose rules they are.
    """

    code: str
    words: str
    explanation: str
    possible: tuple[str, ...]
    need: tuple[str, ...]
    scenarios: tuple[str, ...]
    scenarios_open: tuple[Open, ...]
    fit: str | None
    fit_open: tuple[str, ...]
    deciding: tuple[Statement, ...]
    next_steps: tuple[Statement, ...]
    statements: tuple[Statement, ...]
    would_apply: tuple[Open, ...]
    gaps: tuple[Gap, ...]
    cautions: tuple[Caution, ...]
    notes: tuple[Note, ...]
    readings: tuple[WordingNote, ...]
    not_recorded: tuple[str, ...]
    details_not_recorded: tuple[str, ...]
    order_unknown: tuple[str, ...]
    red_flags_not_recorded: tuple[str, ...]
    targets: tuple[tuple[str, tuple[Caution, ...]], ...]
    facts: Facts
    guideline: Guideline

    @property
    def is_certain(self) -> bool:
        """Whether every completion of the unrecorded facts gives this verdict."""
        return self.code != CANNOT_DETERMINE

    def to_json(self) -> dict[str, Any]:
        """Return the machine-readable form; identifiers as in docs/pathway.md."""
        source = self.guideline.source
        return {
            "verdict": self.code,
            "words": self.words,
            "possible": list(self.possible),
            "need": list(self.need),
            "scenarios": list(self.scenarios),
            "scenarios_open": {item.name: list(item.facts) for item in self.scenarios_open},
            "fit": self.fit,
            "fit_open": list(self.fit_open),
            "gaps": [
                {"id": gap.id, "statements": list(gap.statements), "text": gap.text}
                for gap in self.gaps
            ],
            "cautions": list(dict.fromkeys(caution.statement for caution in self.cautions)),
            "caution_details": [to_json(caution) for caution in self.cautions],
            "targets": [
                {"name": name, "cautions": [to_json(caution) for caution in cautions]}
                for name, cautions in self.targets
            ],
            "deciding": [statement.id for statement in self.deciding],
            "next": [statement.id for statement in self.next_steps],
            "statements": [statement.id for statement in self.statements],
            "quoted": {statement.id: statement.quoted for statement in self.statements},
            "would_apply": {item.name: list(item.facts) for item in self.would_apply},
            "notes": [note.id for note in self.notes],
            "not_recorded": list(self.not_recorded),
            "order_unknown": list(self.order_unknown),
            "red_flags_not_recorded": list(self.red_flags_not_recorded),
            "facts": self.facts.recorded(),
            "guideline": {"id": source.id, "version": source.version, "dated": source.dated},
        }


def check(facts: Facts, guideline: Guideline | None = None) -> Verdict:
    """Check facts against the pathway.

    Parameters
    ----------
    facts : Facts
        What is recorded.
    guideline : Guideline, optional
        The statements; those that come with the program when not given.

    Returns
    -------
    Verdict
        Equal to what the procedure gives for each completion of the unrecorded facts, one by one.
    """
    guideline = guideline or published_pathway()
    completions = Completions.of(facts)
    decision = decide(completions.arrays)
    names = {**completions.arrays, **decision.derived}

    codes = np.unique(decision.verdict)
    possible = tuple(VERDICT_CODES[index] for index in codes)
    code = possible[0] if len(possible) == 1 else CANNOT_DETERMINE
    need = () if len(possible) == 1 else completions.deciding(decision.verdict)

    def holds(entry: Any) -> npt.NDArray[np.bool_]:
        result: npt.NDArray[np.bool_] = entry.when.over(names)
        return result

    applied = {statement.id: holds(statement) for statement in guideline.statements}
    fired = tuple(s for s in guideline.statements if applied[s.id].all())
    fired_ids = {statement.id for statement in fired}
    supported = code == SUPPORTED_SECONDARY
    scenarios = {letter: names[f"scenario_{letter.lower()}"] for letter in guideline.scenarios}
    headline = names["headline"]

    words = guideline.verdicts[code]
    reasons = (*words.because, *(words.because_headline if headline.all() else ()))
    deciding = tuple(guideline.statement(s) for s in reasons if s in fired_ids)
    deciding_ids = {statement.id for statement in deciding}
    return Verdict(
        code=code,
        words=words.words,
        explanation=words.explanation,
        possible=possible,
        need=need,
        scenarios=tuple(k for k, v in scenarios.items() if supported and v.all()),
        scenarios_open=_open(scenarios, completions.deciding) if supported else (),
        fit=guideline.fit["headline" if headline.all() else "listed"] if supported else None,
        fit_open=completions.deciding(headline) if supported else (),
        deciding=deciding,
        next_steps=tuple(guideline.statement(s) for s in words.next if s in fired_ids),
        statements=fired,
        would_apply=_open(applied, completions.deciding),
        gaps=tuple(gap for gap in guideline.gaps if holds(gap).all()),
        cautions=_cautions(guideline, fired, holds),
        notes=tuple(
            note
            for note in guideline.notes
            if (not note.attached_to or fired_ids & set(note.attached_to)) and holds(note).all()
        ),
        readings=tuple(r for r in guideline.readings if deciding_ids & set(r.statements)),
        not_recorded=_not_recorded(facts, need, bool(names["imaging_disagrees"].any())),
        details_not_recorded=_details_not_recorded(facts),
        order_unknown=order_unknown(facts),
        red_flags_not_recorded=tuple(f for f, k in RED_FLAGS.items() if getattr(facts, k) is None),
        targets=tuple(
            (
                target.name,
                target_cautions(
                    facts,
                    clinically_concordant=target.clinically_concordant,
                    inside_operative_bed=target.inside_operative_bed,
                    other_evidence_recorded=target.other_evidence_recorded,
                    guideline=guideline,
                ),
            )
            for target in facts.targets
        ),
        facts=facts,
        guideline=guideline,
    )


def target_cautions(
    facts: Facts,
    *,
    clinically_concordant: bool | None,
    inside_operative_bed: bool | None,
    other_evidence_recorded: bool | None = None,
    guideline: Guideline | None = None,
) -> tuple[Caution, ...]:
    """Return the cautions that follow for one target.

    Parameters
    ----------
    facts : Facts
        What is recorded about the patient and the study.
    clinically_concordant : bool or None
        Whether side and level agree with the clinical findings; None when not recorded.
    inside_operative_bed : bool or None
        Whether the target lies in the operative bed; None when not recorded.
    other_evidence_recorded : bool or None
        Whether anything but the SPECT result supports this target; when None, what the facts say
        about the case as a whole.
    guideline : Guideline, optional
        The statements; those that come with the program when not given.

    Returns
    -------
    tuple of Caution
        S21 and S19 always, S20 when the target may lie in an operative bed.
    """
    guideline = guideline or published_pathway()
    found = [_concordance(clinically_concordant)]
    evidence = other_evidence_recorded
    evidence = facts.other_evidence_recorded if evidence is None else evidence
    found.append(_support(evidence))
    # A target in an operative bed means surgery, whether or not F10 was answered.
    surgery = True if inside_operative_bed else facts.prior_cervical_surgery
    if surgery is not False and inside_operative_bed is not False:
        found.append(_operative_bed(facts, inside_operative_bed, surgery))
    known = {statement.id for statement in guideline.statements}
    return tuple(caution for caution in found if caution.statement in known)


def _concordance(concordant: bool | None) -> Caution:
    if concordant is None:
        return Caution("S21", "strong", "Not correlated: clinical side and level not recorded.")
    if not concordant:
        return Caution("S21", "hard warning", "Not clinically concordant in side or level.")
    return Caution("S21", "standard", "Recorded as clinically concordant in side and level.")


def _support(evidence: bool | None) -> Caution:
    if evidence is None:
        text = "Not recorded whether anything but the SPECT result supports this target."
        return Caution("S19", "strong", text)
    if not evidence:
        text = "Nothing but the SPECT result is recorded in support of this target."
        return Caution("S19", "hard warning", text)
    return Caution("S19", "standard", "Other evidence (history, exam, block) is recorded.")


def _operative_bed(facts: Facts, inside: bool | None, surgery: bool | None) -> Caution:
    if surgery is None:
        text = "Not recorded whether there was cervical surgery or this is its operative bed."
        return Caution("S20", "standard", text)
    place = "Inside the operative bed" if inside else "Not recorded whether in the operative bed"
    if facts.surgery_date is None or facts.study_date is None:
        return Caution("S20", "standard", f"{place}; time since surgery not recorded: ask for it.")
    recent = facts.study_date.within_a_year_of(facts.surgery_date)
    dates = f"surgery {facts.surgery_date}, SPECT/CT {facts.study_date}"
    if recent:
        return Caution("S20", "strong", f"{place}, less than 12 months after surgery ({dates}).")
    span = "12 months or more after surgery" if recent is False else "time since surgery uncertain"
    return Caution("S20", "standard", f"{place}, {span} ({dates}).")


def _open(
    candidates: dict[str, npt.NDArray[np.bool_]],
    deciding: Callable[[npt.NDArray[Any]], tuple[str, ...]],
) -> tuple[Open, ...]:
    return tuple(
        Open(name, deciding(holds))
        for name, holds in candidates.items()
        if holds.any() and not holds.all()
    )


def _cautions(
    guideline: Guideline,
    fired: tuple[Statement, ...],
    holds: Callable[[Any], npt.NDArray[np.bool_]],
) -> tuple[Caution, ...]:
    found: list[Caution] = []
    for statement in fired:
        if "CAUTION" not in statement.effect:
            continue
        put: list[Caution] = []
        for emphasis in guideline.emphases:
            if emphasis.statement != statement.id:
                continue
            array = holds(emphasis)
            if array.all():
                put.append(Caution(statement.id, emphasis.strength, emphasis.text))
            elif array.any() and emphasis.undecided:
                put.append(Caution(statement.id, "standard", emphasis.undecided))
        found += put or [Caution(statement.id, "standard", "")]
    return tuple(found)


def _not_recorded(facts: Facts, need: tuple[str, ...], may_disagree: bool) -> tuple[str, ...]:
    # Questions that make no sense in this case are not "missing": what is suspected after a
    # surgery that did not happen, and what MRI and CT mean together when they cannot disagree.
    moot = {"F7x", "F23"} | (set() if may_disagree else {"F18"})
    if facts.prior_cervical_surgery is False:
        moot |= {"F11", "F12", "F13"}
    open_facts = (
        fact
        for fact in ASKING_ORDER
        if fact not in moot and fact not in need and getattr(facts, KEY_OF_FACT[fact]) is None
    )
    return in_asking_order(open_facts)


def _details_not_recorded(facts: Facts) -> tuple[str, ...]:
    return tuple(
        key
        for key, asked in QUESTIONS.items()
        if asked.detail_of
        and getattr(facts, key) is None
        and getattr(facts, asked.detail_of) not in (None, False, "none")
    )
