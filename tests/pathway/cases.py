"""The golden cases G1 to G29, by hand (docs/sources.md#pathway-procedure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fusion.pathway.facts.facts import Facts
from fusion.pathway.facts.facts_file import facts_from_values

#: "All unnamed facts are no/none."
NO: dict[str, Any] = {
    "cervical_pain": True,
    "fused_spect_ct": True,
    "pain_new_or_increasing": False,
    "pain_chronic": False,
    "post_traumatic": False,
    "suspected_infection": False,
    "history_of_cancer": False,
    "progressive_neurological_deficit": False,
    "neurological_deficit": False,
    "persists_despite_conservative_treatment": False,
    "prior_cervical_surgery": False,
    "hardware_complication_suspected": False,
    "pseudoarthrosis_suspected": False,
    "adjacent_segment_disease_suspected": False,
    "radiographs": "none",
    "mri": "none",
    "mri_contraindicated_or_limited": False,
    "diagnostic_ct": "none",
    "bony_detail_needed": False,
    "facet_arthropathy_suspected": False,
    "occult_fracture_or_periostitis_question": False,
    "planned_uses": [],
    "other_evidence_recorded": False,
}

UNKNOWN = None


def facts(**values: Any) -> Facts:
    """Facts with every unnamed one "no"; None means not recorded."""
    given = {**NO, **values}
    return facts_from_values({key: value for key, value in given.items() if value is not UNKNOWN})


@dataclass(frozen=True)
class Golden:
    facts: Facts
    verdict: str
    scenarios: tuple[str, ...] = ()
    fit: str | None = None
    need: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    statements: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    gap_statements: tuple[tuple[str, ...], ...] = ()
    strengths: dict[str, str] = field(default_factory=dict)
    next_steps: tuple[str, ...] | None = None


def _ids(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHRONIC_FACET = {"pain_chronic": True, "facet_arthropathy_suspected": True}
SURGERY = {"prior_cervical_surgery": True}
RED_FLAGS = ("suspected_infection", "history_of_cancer", "progressive_neurological_deficit")
NO_RED_FLAGS_RECORDED = dict.fromkeys(RED_FLAGS, UNKNOWN)
HEADLINE, LISTED = "matches the headline statement", "matches a listed scenario"

GOLDEN: dict[str, Golden] = {
    "G1": Golden(
        facts(), "NOT_SUPPORTED_INITIAL", statements=_ids("S1 S11 S23"), never=_ids("S12")
    ),
    "G2": Golden(facts(**CHRONIC_FACET), "NOT_SUPPORTED_INITIAL", never=_ids("S15 S16 S17")),
    "G3": Golden(
        facts(radiographs="normal", mri="inconclusive", **CHRONIC_FACET),
        "SUPPORTED_SECONDARY",
        scenarios=("A", "C"),
        fit=HEADLINE,
        statements=_ids("S1 S13 S15 S16 S17 S19 S21 S23 S24 S26 S27"),
        never=_ids("S14 S18 S20 S25 S11"),
    ),
    "G4": Golden(
        facts(radiographs="normal", **CHRONIC_FACET),
        "NOT_YET",
        statements=_ids("S23 S24"),
        never=_ids("S13 S15 S16 S17"),
    ),
    "G5": Golden(
        facts(radiographs="explains the pain", mri="answers the question"),
        "NOT_SUPPORTED",
        statements=_ids("S24"),
    ),
    "G6": Golden(
        facts(history_of_cancer=True, radiographs="normal"),
        "MRI_FIRST",
        statements=_ids("S7"),
        next_steps=("S7",),
    ),
    "G7": Golden(
        facts(history_of_cancer=True, radiographs="normal", mri="inconclusive"),
        "SUPPORTED_SECONDARY",
        scenarios=("A",),
        fit=LISTED,
        statements=_ids("S7 S13"),
    ),
    "G8": Golden(
        facts(neurological_deficit=True, radiographs="normal", diagnostic_ct="inconclusive"),
        "MRI_FIRST",
        statements=_ids("S6"),
        never=_ids("S7 S13"),
        next_steps=("S6",),
    ),
    "G9": Golden(
        facts(
            neurological_deficit=True,
            radiographs="normal",
            diagnostic_ct="inconclusive",
            mri_contraindicated_or_limited=True,
        ),
        "SUPPORTED_SECONDARY",
        scenarios=("A",),
        fit=LISTED,
        statements=_ids("S6 S10 S13"),
    ),
    "G10": Golden(
        facts(
            **SURGERY,
            surgery_date="2024-01-15",
            study_date="2024-09-15",
            pseudoarthrosis_suspected=True,
            radiographs="equivocal",
        ),
        "SUPPORTED_SECONDARY",
        scenarios=("B",),
        fit=LISTED,
        statements=_ids("S14 S20"),
        never=_ids("S13 S18"),
        gap_statements=(("S18", "S24"),),
        strengths={"S20": "strong"},
    ),
    "G11": Golden(
        facts(**SURGERY, adjacent_segment_disease_suspected=True, diagnostic_ct="inconclusive"),
        "SUPPORTED_SECONDARY",
        scenarios=("A", "B"),
        statements=_ids("S13 S14 S18 S20"),
    ),
    "G12": Golden(
        facts(**SURGERY, adjacent_segment_disease_suspected=True, radiographs="normal"),
        "NOT_YET",
        never=_ids("S14 S18"),
    ),
    "G13": Golden(
        facts(post_traumatic=True, radiographs="normal"),
        "SUPPORTED_SECONDARY",
        scenarios=("D",),
        fit=LISTED,
        statements=_ids("S25"),
        never=_ids("S13"),
    ),
    "G14": Golden(
        facts(post_traumatic=True, radiographs="explains the pain"), "NOT_YET", never=_ids("S25")
    ),
    "G15": Golden(facts(post_traumatic=True), "NOT_SUPPORTED_INITIAL", statements=_ids("S11")),
    "G16": Golden(
        facts(post_traumatic=True, radiographs="normal", progressive_neurological_deficit=True),
        "MRI_FIRST",
        statements=_ids("S7"),
        never=_ids("S25"),
    ),
    "G17": Golden(
        facts(mri="inconclusive"),
        "SUPPORTED_SECONDARY",
        scenarios=("A",),
        fit=LISTED,
        gap_statements=(("S2", "S3", "S23"),),
    ),
    "G18": Golden(
        facts(radiographs="normal", **CHRONIC_FACET, **NO_RED_FLAGS_RECORDED),
        "CANNOT_DETERMINE",
        need=("F7a", "F7b", "F7c"),
        possible=("MRI_FIRST", "NOT_YET"),
    ),
    "G19": Golden(
        facts(radiographs="normal", mri=UNKNOWN, **CHRONIC_FACET),
        "CANNOT_DETERMINE",
        need=("F15",),
        possible=("NOT_SUPPORTED", "NOT_YET", "SUPPORTED_SECONDARY"),
    ),
    "G20": Golden(
        Facts(),
        "CANNOT_DETERMINE",
        need=(
            *("F1", "F2", "F14", "F15", "F17", "F7a", "F7b", "F7c"),
            *("F8", "F16", "F18", "F10", "F12", "F6"),
        ),
        possible=(
            *("MRI_FIRST", "NOT_SUPPORTED", "NOT_SUPPORTED_INITIAL"),
            *("NOT_YET", "OUT_OF_SCOPE", "SUPPORTED_SECONDARY"),
        ),
    ),
    "G21": Golden(
        facts(radiographs="normal", mri="answers the question", diagnostic_ct="inconclusive"),
        "CANNOT_DETERMINE",
        need=("F18",),
        possible=("NOT_SUPPORTED", "SUPPORTED_SECONDARY"),
    ),
    "G22": Golden(facts(cervical_pain=False), "OUT_OF_SCOPE", never=_ids("S1 S11 S12 S23 S24")),
    "G23": Golden(
        facts(fused_spect_ct=False),
        "OUT_OF_SCOPE",
        statements=_ids("S12"),
        never=_ids("S1 S11 S23 S24"),
    ),
    "G24": Golden(
        facts(mri="inconclusive", **NO_RED_FLAGS_RECORDED),
        "SUPPORTED_SECONDARY",
        scenarios=("A",),
        fit=LISTED,
        statements=_ids("S13"),
        never=_ids("S7"),
    ),
    "G25": Golden(
        facts_from_values(
            {
                "cervical_pain": True,
                "fused_spect_ct": True,
                "radiographs": "none",
                "mri": "none",
                "diagnostic_ct": "none",
            }
        ),
        "NOT_SUPPORTED_INITIAL",
        statements=_ids("S11"),
    ),
    "G26": Golden(
        facts(suspected_infection=True, mri_contraindicated_or_limited=True, radiographs="normal"),
        "NOT_YET",
        statements=_ids("S7 S10"),
        next_steps=("S10", "S23"),
    ),
    "G27": Golden(
        facts(
            **SURGERY,
            surgery_date="2021-03-01",
            study_date="2024-03-01",
            hardware_complication_suspected=True,
            bony_detail_needed=True,
            mri_contraindicated_or_limited=True,
            radiographs="equivocal",
            radiograph_ap=True,
            radiograph_lateral=True,
            diagnostic_ct="inconclusive",
            persists_despite_conservative_treatment=True,
            planned_uses=["plan surgery"],
        ),
        "SUPPORTED_SECONDARY",
        scenarios=("A", "B"),
        fit=LISTED,
        statements=_ids("S4 S5 S8 S9 S10 S13 S14 S18 S19 S20 S22"),
        gap_statements=(("S5",),),
        strengths={"S19": "hard warning", "S20": "standard"},
    ),
    "G28": Golden(
        facts(**SURGERY, pseudoarthrosis_suspected=True, diagnostic_ct="answers"),
        "NOT_SUPPORTED",
        statements=_ids("S24"),
        never=_ids("S14"),
    ),
    "G29": Golden(
        facts(post_traumatic=True, radiographs="normal", mri="answers the question"),
        "NOT_SUPPORTED",
        statements=_ids("S24"),
        never=_ids("S25"),
    ),
}

#: Not among the golden cases, and needed to reach S2 and S12 as reasons: new pain, nothing else.
NEW_PAIN = facts(pain_new_or_increasing=True)
