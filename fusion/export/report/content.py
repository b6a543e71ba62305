"""The report as content: what is said and shown, apart from how it looks on a page.

:mod:`~fusion.export.report.pdf` and :mod:`~fusion.export.report.html` draw the same
:class:`Report`, so paper and screen cannot differ. Every text is made plain here and escaped
there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PIL import Image

from fusion.anatomy import JOINTS
from fusion.annotations import FOUND, Answer, BlockPlan, Decision, Reading, Target
from fusion.deidentified import NO_MOMENT
from fusion.dicom import Patient
from fusion.export.dicom.structured_report import NUMBERING
from fusion.findings import Finding, Severity
from fusion.pathway import (
    KEY_OF_FACT,
    NOT_ASSESSED,
    Facts,
    facts_from_values,
    label,
    published_pathway,
    target_cautions,
)
from fusion.plain_text import plain
from fusion.software import DISCLAIMER, SIMULATED, own_version

#: Longest list of findings on paper; all of them are in ``reading.json``.
_SHOWN_FINDINGS = 6
#: Longest note in the table, characters; the whole note is in every other file.
_SHOWN_NOTE = 160
#: Longest list of statements that led to the verdict; all of them are in ``reading.json``.
_SHOWN_STATEMENTS = 4
#: What has to be said (docs/sources.md#safety-sentences); the disclaimer and the sentences of the
#: pathway stand beside it.
LIMITATIONS = (
    "SPECT-positive does not mean painful. About one third of cervical facets in people without "
    "neck pain show arthritis on CT.",
    "Nerve targets are the usual anatomical supply; anatomy varies. C1–C2 and C0–C1 have no medial "
    "branch target.",
    "Confirm side and level on live imaging, with marking and time-out, at the procedure.",
    "SUV shown only when the data prove quantitative units. No cut-off is validated for cervical "
    "facets.",
    "Pathway result reflects only the facts entered. Red flags need urgent clinical assessment "
    "whatever this screen says.",
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Labels and values."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences; ``strong`` ones are what a reader must not miss."""

    lines: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Cells:
    """A table with a header; ``widths`` are shares of the page."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures side by side under one caption."""

    caption: str
    images: tuple[Image.Image, ...] = field(repr=False)


Block = Rows | Lines | Cells | Pictures


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A titled part; ``new_page`` begins the next sheet of paper."""

    title: str
    blocks: tuple[Block, ...]
    new_page: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All that is said and shown.

    Parameters
    ----------
    title : str
        Heading.
    banners : tuple of str
        Stand on top of every page: not a patient, draft, geometry stated by a user.
    identity : str
        Patient and study on one line, for every page.
    sections : tuple of Section
        In order.
    footer : str
        Stands at the foot of every page.
    """

    title: str
    banners: tuple[str, ...]
    identity: str
    sections: tuple[Section, ...]
    footer: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportFacts:
    """What a report is made from.

    Parameters
    ----------
    patient : Patient
        As the CT states it.
    study : tuple of (str, str)
        Labels and values about the study and its two volumes.
    done : tuple of str
        What was done to the data, in sentences.
    assumptions, findings : tuple of Finding
        What was supplied rather than read; everything a reader must know.
    reading : Reading or None
        The decisions; None when nobody has read the study.
    assessment : mapping or None
        The pathway's answer as ``Assessment.to_json()`` gives it; None when it was not asked.
    plan : BlockPlan
        Nerves of the positive joints.
    pictures : tuple of Pictures
        One for each positive joint.
    overview : Pictures or None
        The whole neck.
    simulated : bool
        Whether the data say that they are not of a patient.
    """

    patient: Patient = field(repr=False)
    study: tuple[tuple[str, str], ...] = field(repr=False)
    done: tuple[str, ...]
    assumptions: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    reading: Reading | None = field(repr=False)
    assessment: Mapping[str, Any] | None
    plan: BlockPlan
    pictures: tuple[Pictures, ...] = ()
    overview: Pictures | None = None
    simulated: bool = False


def make_report(facts: ReportFacts) -> Report:
    """Return the report.

    Parameters
    ----------
    facts : ReportFacts
        What it is made from.
    """
    targets = facts.reading.targets if facts.reading else ()
    ordered = sorted(targets, key=lambda target: JOINTS.index(target.joint))
    pictures: tuple[Block, ...] = (
        *((facts.overview,) if facts.overview else ()),
        *facts.pictures,
    )
    sections = (
        Section("Patient and study", (Rows((*_identity(facts.patient), *_study(facts.study))),)),
        Section(
            "What was done to the data",
            (Lines(tuple(map(plain, facts.done))), *_findings(facts)),
        ),
        Section("Imaging pathway", _pathway(facts.assessment)),
        Section("Joints", _joints(ordered, facts.assessment)),
        Section("Medial branches that usually supply the positive joints", _blocks(facts.plan)),
        Section("Pictures", pictures or (Lines(("No joint is marked positive.",)),), new_page=True),
        Section("Limitations", (Lines(_limitations()),)),
    )
    return Report(
        title="Fused bone SPECT/CT of the neck: facet joint report",
        banners=_banners(facts),
        identity=_one_line(facts.patient, facts.study),
        sections=sections,
        footer=f"{DISCLAIMER} {NUMBERING}. facetfusion {own_version()}.",
    )


def said_date(value: str) -> str:
    """Write a DICOM date as YYYY-MM-DD; anything else as it stands."""
    return re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", plain(value))


def said_moment(value: datetime) -> str:
    """Write a moment in UTC to the minute, or say that it was removed."""
    return "date removed" if value == NO_MOMENT else f"{value:%Y-%m-%d %H:%M}"


def _said_time(value: str) -> str:
    return "date removed" if value.startswith(NO_MOMENT.isoformat()[:19]) else plain(value)


def _banners(facts: ReportFacts) -> tuple[str, ...]:
    said = [SIMULATED] if facts.simulated else []
    reading = facts.reading
    if reading is None:
        said.append("NOT READ: nobody has recorded a decision on this study.")
    elif reading.finalised is None:
        said.append("DRAFT: this reading is not finalised.")
    said += [plain(finding.message) for finding in facts.assumptions]
    return tuple(said)


def _name(patient: Patient) -> str:
    return " ".join(plain(patient.name).replace("^", " ").split()) or "not stated"


def _identity(patient: Patient) -> tuple[tuple[str, str], ...]:
    return (
        ("Patient", _name(patient)),
        ("Patient ID", plain(patient.patient_id) or "not stated"),
        ("Born", said_date(patient.birth_date) or "not stated"),
        ("Sex", plain(patient.sex) or "not stated"),
    )


def _study(rows: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((key, plain(value)) for key, value in rows)


def _one_line(patient: Patient, study: Sequence[tuple[str, str]]) -> str:
    date = plain(dict(study).get("Study date", ""))
    day = f"study of {date}" if date[:1].isdigit() else "study date not stated"
    return f"{_name(patient)} · ID {plain(patient.patient_id) or 'not stated'} · {day}"


def _findings(facts: ReportFacts) -> tuple[Block, ...]:
    serious = [plain(f.message) for f in facts.findings if f.severity >= Severity.WARNING]
    shown = serious[:_SHOWN_FINDINGS]
    if len(serious) > len(shown):
        shown.append(f"… and {len(serious) - len(shown)} more; all are in reading.json.")
    return (Lines(tuple(f"To check: {line}" for line in shown)),) if shown else ()


def _pathway(assessment: Mapping[str, Any] | None) -> tuple[Block, ...]:
    if assessment is None:
        return (Lines((NOT_ASSESSED,), strong=True),)
    if "words" not in assessment:
        # Left unanswered on purpose: the text says by whom and why.
        return (Lines((plain(str(assessment.get("text", NOT_ASSESSED))),), strong=True),)
    quoted = dict(assessment.get("quoted", {}))
    deciding = [str(key) for key in assessment.get("deciding", [])]
    lines = [f"{plain(key)}: “{plain(str(quoted[key]))}”" for key in deciding if key in quoted]
    left = len(lines) - _SHOWN_STATEMENTS
    lines = lines[:_SHOWN_STATEMENTS]
    if left > 0:
        lines.append(f"… and {left} more statements; all are in reading.json.")
    if need := [
        label(KEY_OF_FACT.get(fact, plain(str(fact)))) for fact in assessment.get("need", [])
    ]:
        lines.append(f"Facts that would decide it: {', '.join(need)}.")
    lines.append(
        f"Facts recorded by {plain(str(assessment.get('reader', '')))}, "
        f"{_said_time(str(assessment.get('time', '')))}."
    )
    return (Lines((plain(str(assessment["words"])),), strong=True), Lines(tuple(lines)))


def _joints(targets: Sequence[Target], assessment: Mapping[str, Any] | None) -> tuple[Block, ...]:
    beside = (_statement("S19"), _statement("S21"))
    if not targets:
        return (Lines(("No decision about any joint is recorded.",), strong=True), Lines(beside))
    rows = tuple(_joint_row(target) for target in targets)
    header = (
        "Joint",
        "Decision",
        "Grade",
        "Uptake at the decision",
        "Matches pain",
        "Operative bed",
        "Reader, time (UTC), note, cautions",
    )
    widths = (0.11, 0.11, 0.07, 0.21, 0.09, 0.09, 0.32)
    others = len(JOINTS) - len(targets)
    undecided = (f"{others} of {len(JOINTS)} joints have no decision.",) if others else ()
    cautions = _pathway_cautions(targets, assessment)
    return (Cells(header, rows, widths), Lines((*undecided, *cautions, *beside)))


def _pathway_cautions(
    targets: Sequence[Target], assessment: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """Return what the pathway cautions for each positive joint, in the checker's words."""
    known = Facts() if assessment is None else facts_from_values(assessment.get("facts", {}))
    lines = []
    for target in targets:
        if target.decision is not Decision.POSITIVE:
            continue
        concordant, inside = target.clinically_concordant, target.inside_operative_bed
        said = target_cautions(
            known,
            clinically_concordant=None if concordant is None else concordant.as_bool,
            inside_operative_bed=None if inside is None else inside.as_bool,
        )
        words = " ".join(f"{caution.text} ({caution.statement})" for caution in said)
        lines.append(f"{target.joint.name}: {words}")
    return tuple(lines)


def _joint_row(target: Target) -> tuple[str, ...]:
    note = target.shown_note
    if len(note) > _SHOWN_NOTE:
        note = f"{note[:_SHOWN_NOTE]}… (whole note in reading.json)"
    said = [f"{target.shown_reader}, {said_moment(target.time)}."]
    said += [f"Note: “{note}”." if note else "", *_cautions(target)]
    return (
        target.joint.name,
        target.decision.value,
        "–" if target.grade is None else str(target.grade),
        _uptake(target),
        _answer(target.clinically_concordant),
        _answer(target.inside_operative_bed),
        " ".join(part for part in said if part),
    )


def _answer(answer: Answer | None) -> str:
    return "not answered" if answer is None else answer.value


def _uptake(target: Target) -> str:
    measured = target.uptake
    if measured is None:
        return "not measured"
    parts = []
    for name, value in measured.entries:
        unit = "" if name.startswith("ratio") else f" {plain(measured.unit)}"
        said = plain(name).replace("_", " ")
        if name.startswith("suvbw_"):  # beside the values in the unit of the volume
            said, unit = f"SUVbw {said.removeprefix('suvbw ')}", " g/mL"
        parts.append(f"{said} {value:.4g}{unit}")
    if measured.reference:
        parts.append(f"reference: {plain(measured.reference)}")
    return "; ".join(parts)


def _cautions(target: Target) -> list[str]:
    said = []
    if target.placement.is_between_levels:
        said.append(f"Between {target.joint.level} and {plain(target.placement.neighbour)}.")
    uncertainty = target.registration.uncertainty_mm
    said.append(
        "Alignment uncertainty not known."
        if uncertainty is None
        else f"Alignment within {uncertainty:.1f} mm."
    )
    located = target.localisation
    # An expected error, no bound.
    said.append(
        "Error of the joint's place not known."
        if located.confidence_mm is None
        else f"Joint located to about {located.confidence_mm:.1f} mm."
    )
    said.append(f"Numbering: {plain(located.numbering)}.")
    if located.status not in ("", FOUND):
        said.append(f"On the CT the joint is {plain(located.status)}.")
    return said


def _blocks(plan: BlockPlan) -> tuple[Block, ...]:
    if not plan.nerves and not plan.without_nerves:
        return (Lines(("No joint is marked positive.",)),)
    blocks: list[Block] = []
    if plan.nerves:
        rows = tuple(
            (block.name, block.nerve.landmark, ", ".join(joint.name for joint in block.joints))
            for block in plan.nerves
        )
        blocks.append(Lines((f"{plan.counts}.",), strong=True))
        blocks.append(Cells(("Nerve", "Bony landmark, in words", "For"), rows, (0.3, 0.5, 0.2)))
    without = tuple(f"{joint.name}: {why}" for joint, why in plan.without_nerves)
    blocks.append(Lines((*without, *plan.notices)))
    return tuple(blocks)


def _statement(name: str) -> str:
    statement = published_pathway().statement(name)
    cites = f" [cites {statement.citation}]" if statement.cites else ""
    return f"{name}: “{statement.quoted}”{cites}"


def _limitations() -> tuple[str, ...]:
    return (DISCLAIMER, *LIMITATIONS, _statement("S27"), _statement("S26"))
