"""What is said of Targets, in the report and on its page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fusion.annotations import Answer, Target
from fusion.export.account import JointAccount
from fusion.export.report.blocks import ReportCells
from fusion.export.wording import said_moment
from fusion.pathway import published_pathway, verbatim
from fusion.plain_text import plain
from fusion.uptake import (
    Measure,
    every_measure,
    measure_named,
    measured_texts,
    unknown_measure,
)

#: Longest note in the table, characters; the whole note is in every other file.
_SHOWN_NOTE = 160
#: Share of the page that columns of measures may take; more of them stand in words in one column.
_MOST_MEASURES = 0.42
#: Its heading.
_IN_WORDS = "Uptake at the decision"


def beside() -> tuple[str, str]:
    """Return what stands beside every list of joints."""
    return statement("S19"), statement("S21")


def statement(name: str) -> str:
    """Return a sentence of the article as it stands there, with its citations."""
    return verbatim(published_pathway().statement(name))


def said_answer(answer: Answer | None) -> str:
    """Return an answer about a Target in words."""
    return "not answered" if answer is None else answer.value


def said_mm(value: float) -> str:
    """Return how far off something may be in whole millimetres: upwards, and at least one."""
    return f"{max(math.ceil(round(value, 1)), 1)} mm"


def said_alignment(target: Target) -> str:
    """Return how far off the SPECT or PET may be at the joint that a decision is about."""
    aligned = target.registration
    if aligned.is_distrusted:
        return "The alignment is NOT to be trusted."
    if aligned.uncertainty_mm is None:
        return "Alignment uncertainty not known."
    how = "within" if aligned.uncertainty_share else "off by about"
    return f"Alignment {how} {said_mm(aligned.uncertainty_mm)} ({aligned.uncertainty_words})."


def said_place(target: Target) -> str:
    """Return how far off the joint may be that a decision is about, and what that number is."""
    located = target.localisation
    if located.confidence_mm is None:
        return "Error of the joint's place not known."
    how = "within" if located.confidence_share else "off by about"
    return f"Joint {how} {said_mm(located.confidence_mm)} ({located.confidence_words})."


def said_uptake(target: Target) -> str:
    """Return the uptake that a decision was made on, in words."""
    measured = target.uptake
    return "not measured" if measured is None else "; ".join(_texts(target))


def said_ratio(target: Target) -> str:
    """Return how far uptake lies above what it is compared with; uptake itself without that."""
    texts = _texts(target)
    ratios = [text for text in texts if text.endswith("× reference")]
    return "not measured" if not texts else (ratios or texts)[0]


def said_reference(target: Target) -> str:
    """Return what the ratios of a decision refer to; empty where there are none."""
    return plain(target.uptake.reference) if target.uptake else ""


def _texts(target: Target) -> list[str]:
    measured = target.uptake
    return list(measured_texts(measured, measured.unit)) if measured else []


def said_of_all(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return what is the same of all of several Targets: it is said once, beneath their rows."""
    if len(targets) < 2:
        return ()
    sure = [_how_sure(target) for target in targets]
    same = tuple(sentence for sentence in sure[0] if all(sentence in one for one in sure))
    return (_when_decided(targets), *same) if _of_one_reader(targets) else same


def _of_one_reader(targets: Sequence[Target]) -> bool:
    return len({target.shown_reader for target in targets}) == 1


def _when_decided(targets: Sequence[Target]) -> str:
    moments = sorted(target.time for target in targets)
    first, last = said_moment(moments[0]), said_moment(moments[-1])
    when = first if first == last else f"between {first} and {last}"
    return f"Decided by {targets[0].shown_reader}, {when}."


def _how_sure(target: Target) -> tuple[str, ...]:
    return said_alignment(target), said_place(target)


def joint_table(handed: Sequence[tuple[JointAccount, Target]]) -> ReportCells:
    """Return the table of the findings: a row for each decision, a column for each measure.

    Parameters
    ----------
    handed : sequence of (JointAccount, Target)
        Decisions, each with the account of its joint.
    """
    targets = [target for _, target in handed]
    measures = {title: max(0.067, _width(title)) for title in _measure_columns(targets)}
    cells = [_numbers(target) for target in targets]
    if sum(measures.values()) > _MOST_MEASURES:
        measures = {_IN_WORDS: _MOST_MEASURES}
        cells = [{_IN_WORDS: said_uptake(target)} for target in targets]
    elsewhere = said_of_all(targets)
    by_row = not elsewhere or not _of_one_reader(targets)
    header = (
        "Joint",
        "Decision",
        "Grade",
        *measures,
        "Matches pain",
        "Operative bed",
        f"{'Reader, time, n' if by_row else 'N'}ote, cautions",
    )
    decided = _width("Decision", *(target.decision.value for target in targets))
    widths = (0.095, decided, _width("Grade"), *measures.values(), 0.097, 0.097)
    rows = tuple(
        (
            account.label,
            target.decision.value,
            "–" if target.grade is None else str(target.grade),
            *(numbers.get(title, "–") for title in measures),
            said_answer(target.clinically_concordant),
            said_answer(target.inside_operative_bed),
            " ".join(
                [
                    *([f"{target.shown_reader}, {said_moment(target.time)}."] if by_row else []),
                    *_note(target),
                    *account.remarks,
                    *(one for one in _how_sure(target) if one not in elsewhere),
                ]
            ),
        )
        for (account, target), numbers in zip(handed, cells, strict=True)
    )
    return ReportCells(header, rows, (*widths, 1 - sum(widths)))


def _measure_columns(targets: Sequence[Target]) -> tuple[str, ...]:
    """Return the titles of the measures: what was measured of any joint.

    Where all that was measured is known in SUV, what it is SUV of has no column: paper is narrow,
    and every other file has both.
    """
    measured = [target.uptake for target in targets if target.uptake]
    names = list(dict.fromkeys(name for one in measured for name in one))
    known = {measure.name: measure for measure in every_measure()}
    in_suv = {
        known[name].suv_of for name in names if name in known and all(name in m for m in measured)
    }
    order = [*known, *(name for name in names if name not in known)]
    shown = sorted((name for name in names if name not in in_suv), key=order.index)
    titles = (_measure(name).title(one.unit) for name in shown for one in measured if name in one)
    return tuple(dict.fromkeys(titles))


def _width(*texts: str) -> float:
    """Return the share of the page that a column needs so that no word of a heading is cut."""
    return 0.01 + 0.0092 * max(_letters(word) for text in texts for word in text.split())


def _letters(word: str) -> float:
    """Return how many letters of usual width a word is as wide as."""
    return sum(1.45 if letter in "mwMW" else 1.0 for letter in word)


def _numbers(target: Target) -> dict[str, str]:
    measured = target.uptake
    if not measured:
        return {}
    return {
        measure.title(measured.unit): measure.number(value, measured.unit)
        for measure, value in ((_measure(name), value) for name, value in measured.items())
    }


def _measure(name: str) -> Measure:
    return measure_named(name) or unknown_measure(name)


def _note(target: Target) -> tuple[str, ...]:
    note = target.shown_note
    if not note:
        return ()
    if len(note) > _SHOWN_NOTE:
        note = f"{note[:_SHOWN_NOTE]}… (whole note in reading.json)"
    return (f"Note: “{note}”{'' if note.endswith(('.', '!', '?')) else '.'}",)
