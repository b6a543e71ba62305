"""The verdict procedure, in the order of docs/pathway.md.

It works on arrays so that one call decides every completion of the facts that are not recorded:
a recorded fact is an array of one value, an unrecorded one has an axis of its own with every value
that it may have, and the arrays broadcast against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.pathway.conditions import BoolArray
from fusion.pathway.statements import VERDICT_CODES

(
    OUT_OF_SCOPE,
    NOT_SUPPORTED_INITIAL,
    MRI_FIRST,
    SUPPORTED_SECONDARY,
    NOT_YET,
    NOT_SUPPORTED,
    CANNOT_DETERMINE,
) = VERDICT_CODES

#: Facts that the procedure reads, by the names of its arrays.
READ = (
    "cervical_pain",
    "fused_spect_ct",
    "radiographs",
    "mri",
    "diagnostic_ct",
    "red_flag",
    "neurological_deficit",
    "mri_contraindicated_or_limited",
    "standard_imaging_overall",
    "prior_cervical_surgery",
    "post_traumatic",
    "pseudoarthrosis_suspected",
    "facet_arthropathy_suspected",
    "pain_chronic",
)


@dataclass(frozen=True, slots=True, eq=False)
class ProcedureOutcome:
    """What the procedure decides, for every completion at once.

    Parameters
    ----------
    verdict : ndarray of int8
        Index into :data:`fusion.pathway.statements.VERDICT_CODES`.
    derived : mapping of str to ndarray
        ``in_scope``, ``earlier_imaging``, ``imaging_disagrees``, ``standard_imaging``,
        ``scenario_a`` to ``scenario_d``, ``supported``, ``headline``.
    """

    verdict: npt.NDArray[np.int8]
    derived: Mapping[str, npt.NDArray[Any]]


def decide(fact: Mapping[str, npt.NDArray[Any]]) -> ProcedureOutcome:
    """Decide every completion (docs/sources.md#pathway-procedure).

    Parameters
    ----------
    fact : mapping of str to ndarray
        Arrays of :data:`READ` that broadcast against each other: bool, or the answers as text.
    """
    in_scope = fact["cervical_pain"] & fact["fused_spect_ct"]
    mri, ct = fact["mri"], fact["diagnostic_ct"]
    mri_done = mri != "none"
    earlier_imaging = (fact["radiographs"] != "none") | mri_done | (ct != "none")
    alarm = fact["red_flag"] | fact["neurological_deficit"]

    # Standard imaging taken together; F18 decides where MRI and CT disagree (A13).
    one_answers = (mri == "answers") | (ct == "answers")
    one_inconclusive = (mri == "inconclusive") | (ct == "inconclusive")
    disagrees = one_answers & one_inconclusive
    overall = fact["standard_imaging_overall"]
    answers: BoolArray = one_answers & (~disagrees | (overall == "answers"))
    inconclusive: BoolArray = one_inconclusive & (~disagrees | (overall == "inconclusive"))

    after_surgery, facet = fact["prior_cervical_surgery"], fact["facet_arthropathy_suspected"]
    radiographs_open = np.isin(fact["radiographs"], ("normal", "equivocal"))
    scenario_a = inconclusive
    scenario_b = after_surgery & ((fact["pseudoarthrosis_suspected"] & ~answers) | inconclusive)
    scenario_c = fact["pain_chronic"] & facet & inconclusive
    scenario_d = fact["post_traumatic"] & radiographs_open & ~answers

    verdict = _first(
        (~in_scope, OUT_OF_SCOPE),
        (~earlier_imaging, NOT_SUPPORTED_INITIAL),
        (alarm & ~mri_done & ~fact["mri_contraindicated_or_limited"], MRI_FIRST),
        (scenario_a | scenario_b | scenario_c | scenario_d, SUPPORTED_SECONDARY),
        (~(answers | inconclusive), NOT_YET),
        otherwise=NOT_SUPPORTED,
    )
    derived = {
        "in_scope": in_scope,
        "earlier_imaging": earlier_imaging,
        "imaging_disagrees": disagrees,
        "standard_imaging": np.where(
            answers, "answers", np.where(inconclusive, "inconclusive", "none")
        ),
        "scenario_a": scenario_a,
        "scenario_b": scenario_b,
        "scenario_c": scenario_c,
        "scenario_d": scenario_d,
        "supported": verdict == VERDICT_CODES.index(SUPPORTED_SECONDARY),
        "headline": inconclusive & facet,
    }
    return ProcedureOutcome(verdict, derived)


def _first(*steps: tuple[BoolArray, str], otherwise: str) -> npt.NDArray[np.int8]:
    """Return the code of the first step that holds."""
    index = {code: np.int8(i) for i, code in enumerate(VERDICT_CODES)}
    holds = [step for step, _ in steps]
    chosen = np.select(holds, [index[code] for _, code in steps], default=index[otherwise])
    return chosen.astype(np.int8, copy=False)
