"""An independent second implementation of the procedure, and properties over every combination.

The table below is written from docs/pathway.md, "Verdicts", one case at a time and without
looking at the program's arrays. Brute force over its 294,912 entries (73,728 with the three red
flags taken together) answers what any sheet with missing facts must give.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fusion.pathway.completions import FACTS_OF, Completions
from fusion.pathway.facts.facts import Facts
from fusion.pathway.facts.facts_file import facts_from_values
from fusion.pathway.procedure import decide
from fusion.pathway.statements import VERDICT_CODES, VOCABULARY
from fusion.pathway.verdict import Verdict, check
from tests.pathway.cases import NO

IMAGING = ("none", "inconclusive", "answers")
#: Every fact of the procedure: key, F-number, answers.
TABLE_FACTS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("cervical_pain", "F1", (False, True)),
    ("fused_spect_ct", "F2", (False, True)),
    ("radiographs", "F14", ("none", "normal", "equivocal", "explains the pain")),
    ("mri", "F15", IMAGING),
    ("diagnostic_ct", "F17", IMAGING),
    ("suspected_infection", "F7a", (False, True)),
    ("history_of_cancer", "F7b", (False, True)),
    ("progressive_neurological_deficit", "F7c", (False, True)),
    ("neurological_deficit", "F8", (False, True)),
    ("mri_contraindicated_or_limited", "F16", (False, True)),
    ("standard_imaging_overall", "F18", ("inconclusive", "answers")),
    ("prior_cervical_surgery", "F10", (False, True)),
    ("pseudoarthrosis_suspected", "F12", (False, True)),
    ("post_traumatic", "F6", (False, True)),
    ("facet_arthropathy_suspected", "F20", (False, True)),
    ("pain_chronic", "F5", (False, True)),
)
KEYS = [key for key, _, _ in TABLE_FACTS]
#: Facts outside the procedure that statements, cautions and gaps read.
OTHER_FACTS: dict[str, tuple[Any, ...]] = {
    "pain_new_or_increasing": (False, True),
    "persists_despite_conservative_treatment": (False, True),
    "hardware_complication_suspected": (False, True),
    "adjacent_segment_disease_suspected": (False, True),
    "bony_detail_needed": (False, True),
    "occult_fracture_or_periostitis_question": (False, True),
    "planned_uses": ([], ["plan block"], ["plan surgery"]),
    "other_evidence_recorded": (False, True),
}


def by_hand(
    neck: bool,
    fused: bool,
    xr: str,
    mri: str,
    ct: str,
    infection: bool,
    cancer: bool,
    progressive: bool,
    deficit: bool,
    no_mri: bool,
    overall: str,
    surgery: bool,
    nonunion: bool,
    trauma: bool,
    facet: bool,
    chronic: bool,
) -> tuple[str, str, bool]:
    """One complete case: verdict, scenario letters, headline fit."""
    if not neck:
        return "OUT_OF_SCOPE", "", False
    if not fused:
        return "OUT_OF_SCOPE", "", False
    if xr == "none" and mri == "none" and ct == "none":
        return "NOT_SUPPORTED_INITIAL", "", False
    if (infection or cancer or progressive or deficit) and mri == "none" and not no_mri:
        return "MRI_FIRST", "", False
    said = {mri, ct} - {"none"}
    std = "none" if not said else said.pop() if len(said) == 1 else overall
    letters = ""
    if std == "inconclusive":
        letters += "A"
    if surgery and ((nonunion and std != "answers") or std == "inconclusive"):
        letters += "B"
    if chronic and facet and std == "inconclusive":
        letters += "C"
    if trauma and xr in ("normal", "equivocal") and std != "answers":
        letters += "D"
    if letters:
        return "SUPPORTED_SECONDARY", letters, std == "inconclusive" and facet
    return ("NOT_YET" if std == "none" else "NOT_SUPPORTED"), "", False


@cache
def whole_table() -> npt.NDArray[np.int8]:
    """Index of the verdict, one axis for each of TABLE_FACTS."""
    values = [answers for _, _, answers in TABLE_FACTS]
    codes = [VERDICT_CODES.index(by_hand(*case)[0]) for case in itertools.product(*values)]
    return np.array(codes, dtype=np.int8).reshape([len(answers) for answers in values])


@pytest.mark.slow
def test_the_procedure_agrees_on_every_complete_combination() -> None:
    completions = Completions.of(Facts())
    decision = decide(completions.arrays)
    assert decision.verdict.size == 73_728
    axis_of = {axis.name: n for n, axis in enumerate(completions.axes)}
    checked = 0
    flags = ("suspected_infection", "history_of_cancer", "progressive_neurological_deficit")
    names = [name for name in KEYS if name not in flags[1:]]
    names = ["red_flag" if name == flags[0] else name for name in names]
    values = {axis.name: axis.values for axis in completions.axes}
    letters = {k: decision.derived[f"scenario_{k.lower()}"] for k in "ABCD"}
    rest = [n for n in range(decision.verdict.ndim) if n not in {axis_of[x] for x in names}]

    # Everything is brought to one array with an axis for each name, then compared with the table.
    def spread(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        full = np.broadcast_to(array, decision.verdict.shape)
        return full.transpose([axis_of[n] for n in names] + rest).reshape(
            [len(values[n]) for n in names]
        )

    verdicts, headline = spread(decision.verdict), spread(decision.derived["headline"])
    scenarios = {k: spread(array) for k, array in letters.items()}
    for place in np.ndindex(*verdicts.shape):
        case = {name: values[name][n] for name, n in zip(names, place, strict=True)}
        flag = case.pop("red_flag")
        case |= dict.fromkeys(flags, False) | {flags[0]: flag}
        code, expected, fits = by_hand(*(case[key] for key in KEYS))
        assert VERDICT_CODES[verdicts[place]] == code, case
        if code == "SUPPORTED_SECONDARY":
            assert "".join(k for k in "ABCD" if scenarios[k][place]) == expected, case
            assert bool(headline[place]) == fits, case
        checked += 1
    assert checked == 73_728


def test_names_are_listed_with_just_the_facts_that_change_them() -> None:
    completions = Completions.of(Facts())
    names = {**completions.arrays, **decide(completions.arrays).derived}
    # Dates and free text are one value while nothing is written.
    written = {
        "other_red_flag_named",
        "surgery_interval",
        "mri_predates_episode",
        "ct_predates_episode",
        "imaging_after_study",
    }
    for name, facts in FACTS_OF.items():
        deciding = set(completions.deciding(names[name]))
        assert deciding <= set(facts) if name in written else deciding == set(facts), name
    assert set(VOCABULARY) - set(FACTS_OF) == {"supported"}


def recorded(rng: random.Random, chance: float) -> dict[str, Any]:
    sheet = {key: rng.choice(answers) for key, _, answers in TABLE_FACTS if rng.random() < chance}
    # Most sheets are about the neck and a fused study, or nothing interesting is sampled.
    for key in ("cervical_pain", "fused_spect_ct"):
        if key in sheet and rng.random() < 0.8:
            sheet[key] = True
    return sheet


def brute_force(sheet: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Verdicts possible, and facts that change one: by enumerating the independent table."""
    index = [
        [answers.index(sheet[key])] if key in sheet else range(len(answers))
        for key, _, answers in TABLE_FACTS
    ]
    part = whole_table()[np.ix_(*index)]
    possible = {VERDICT_CODES[code] for code in np.unique(part)}
    need = {
        fact
        for axis, (_, fact, _) in enumerate(TABLE_FACTS)
        if part.shape[axis] > 1 and np.diff(part, axis=axis).any()
    }
    return possible, need


@pytest.mark.slow
def test_a_large_sample_of_incomplete_sheets_agrees_with_brute_force() -> None:
    rng = random.Random(20251014)
    seen: set[str] = set()
    # The emptier the sheet, the more completions are enumerated for it.
    for chance, sheets in ((0.15, 40), (0.4, 110), (0.6, 200), (0.75, 200), (0.9, 200)):
        for _ in range(sheets):
            sheet = recorded(rng, chance)
            possible, need = brute_force(sheet)
            verdict = check(facts_from_values(sheet))
            assert set(verdict.possible) == possible, sheet
            assert set(verdict.need) == need, sheet
            assert verdict.is_certain == (len(possible) == 1)
            if verdict.is_certain:
                assert {verdict.code} == possible
            else:
                assert need, sheet
            seen.add(verdict.code)
    assert seen == set(VERDICT_CODES)


def statements_by_hand(case: dict[str, Any]) -> set[str]:
    """Statements of one complete case, decided by hand from the wording of each."""
    code, letters, _ = by_hand(*(case[key] for key in KEYS))
    shown = {"S19", "S21", "S26", "S27"}
    red = (
        case["suspected_infection"]
        or case["history_of_cancer"]
        or case["progressive_neurological_deficit"]
    )
    if not case["cervical_pain"]:
        return shown
    if not case["fused_spect_ct"]:
        return shown | {"S12"}
    shown |= {"S1", "S23", "S24"}
    new, surgery = case["pain_new_or_increasing"], case["prior_cervical_surgery"]
    for statement, holds in {
        "S2": new and not case["post_traumatic"] and not red,
        "S3": case["radiographs"] != "none" or not red,
        "S4": surgery,
        "S5": case["persists_despite_conservative_treatment"],
        "S6": case["neurological_deficit"],
        "S7": red,
        "S8": case["bony_detail_needed"],
        "S9": surgery and case["hardware_complication_suspected"],
        "S10": case["mri_contraindicated_or_limited"],
        "S11": code == "NOT_SUPPORTED_INITIAL",
        "S12": new and not red,
        "S13": "A" in letters,
        "S14": "B" in letters,
        "S15": "C" in letters,
        "S16": "A" in letters or "C" in letters,
        "S17": "C" in letters,
        "S18": surgery and "A" in letters,
        "S20": surgery,
        "S22": "plan surgery" in case["planned_uses"],
        "S25": "D" in letters,
    }.items():
        if holds:
            shown.add(statement)
    return shown


@pytest.mark.slow
def test_statements_of_complete_cases_agree_with_those_decided_by_hand() -> None:
    rng = random.Random(12)
    every = {key: answers for key, _, answers in TABLE_FACTS} | OTHER_FACTS
    emitted: set[str] = set()
    for _ in range(700):
        case = {key: rng.choice(answers) for key, answers in every.items()}
        for key in ("cervical_pain", "fused_spect_ct"):
            case[key] = case[key] or rng.random() < 0.8
        # One flag in eight is red by chance, or alarms would hide everything else.
        case |= {key: rng.random() < 0.12 for key in KEYS[5:9]}
        verdict = check(facts_from_values(case))
        shown = {statement.id for statement in verdict.statements}
        assert shown == statements_by_hand(case), case
        assert not verdict.would_apply
        emitted |= shown
    assert emitted == {f"S{number}" for number in range(1, 28)}


def completions_of(sheet: dict[str, Any]) -> Iterator[Verdict]:
    every = {key: answers for key, _, answers in TABLE_FACTS} | OTHER_FACTS
    missing = [key for key in every if key not in sheet]
    for choice in itertools.product(*(every[key] for key in missing)):
        yield check(facts_from_values({**sheet, **dict(zip(missing, choice, strict=True))}))


@pytest.mark.slow
def test_statements_scenarios_and_gaps_agree_with_enumeration() -> None:
    rng = random.Random(27)
    every = {key: answers for key, _, answers in TABLE_FACTS} | OTHER_FACTS
    for _ in range(14):
        sheet = {key: rng.choice(answers) for key, answers in every.items()}
        sheet |= {"cervical_pain": True, "fused_spect_ct": True}
        for key in rng.sample([k for k in every if k != "planned_uses"], 5):
            del sheet[key]
        open_verdict = check(facts_from_values(sheet))
        cases = list(completions_of(sheet))
        fired = [{s.id for s in case.statements} for case in cases]
        assert {s.id for s in open_verdict.statements} == set.intersection(*fired)
        would = {item.name for item in open_verdict.would_apply}
        assert would == set.union(*fired) - set.intersection(*fired)
        gaps = [{gap.id for gap in case.gaps} for case in cases]
        assert {gap.id for gap in open_verdict.gaps} == set.intersection(*gaps)
        if open_verdict.code == "SUPPORTED_SECONDARY":
            letters = [set(case.scenarios) for case in cases]
            assert set(open_verdict.scenarios) == set.intersection(*letters)
            opened = {item.name for item in open_verdict.scenarios_open}
            assert opened == set.union(*letters) - set.intersection(*letters)


class TestProperties:
    """Properties (a) to (e), over every combination where they can be."""

    SUPPORTED = VERDICT_CODES.index("SUPPORTED_SECONDARY")

    def decided(self, **values: Any) -> tuple[Completions, npt.NDArray[np.int8]]:
        completions = Completions.of(facts_from_values(values))
        return completions, decide(completions.arrays).verdict

    def test_a_never_supported_without_earlier_imaging(self) -> None:
        _, verdict = self.decided(radiographs="none", mri="none", diagnostic_ct="none")
        assert verdict.size > 1000
        assert not (verdict == self.SUPPORTED).any()

    @pytest.mark.parametrize("axis_name", ["red_flag", "neurological_deficit"])
    def test_b_an_alarm_never_makes_a_case_supported(self, axis_name: str) -> None:
        completions, verdict = self.decided()
        (axis,) = [n for n, axis in enumerate(completions.axes) if axis.name == axis_name]
        assert completions.axes[axis].values == (False, True)
        without, with_it = verdict.take(0, axis=axis), verdict.take(1, axis=axis)
        assert not ((with_it == self.SUPPORTED) & (without != self.SUPPORTED)).any()

    def test_c_limitations_stand_in_every_supported_output(self) -> None:
        rng = random.Random(3)
        supported = 0
        for _ in range(400):
            verdict = check(facts_from_values({**NO, **recorded(rng, 0.6)}))
            shown = {s.id for s in verdict.statements}
            cautions = {c.statement for c in verdict.cautions}
            assert {"S19", "S21", "S26"} <= shown & cautions
            supported += verdict.code == "SUPPORTED_SECONDARY"
        assert supported > 50

    def test_e_one_more_fact_never_contradicts_a_certain_verdict(self) -> None:
        rng = random.Random(5)
        every = {key: answers for key, _, answers in TABLE_FACTS} | OTHER_FACTS
        steps, empty = 0, check(facts_from_values({}))
        for _ in range(40):
            sheet: dict[str, Any] = {}
            before = empty
            for key in rng.sample(sorted(every), len(every)):
                answers = every[key]
                likely_yes = key in ("cervical_pain", "fused_spect_ct") and rng.random() < 0.9
                sheet[key] = True if likely_yes else rng.choice(answers)
                after = check(facts_from_values(sheet))
                assert set(after.possible) <= set(before.possible), sheet
                if before.is_certain:
                    assert after.code == before.code, sheet
                assert {s.id for s in before.statements} <= {s.id for s in after.statements}
                assert {gap.id for gap in before.gaps} <= {gap.id for gap in after.gaps}
                before, steps = after, steps + 1
            assert before.is_certain
        assert steps == 40 * len(every)
