"""The report as content: what is said and shown, apart from how it looks on a page.

Every text is made plain here, and escaped where it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fusion.anatomy import JOINTS
from fusion.annotations import (
    BlockPlan,
    Decision,
    PathwayLeftOut,
    Reading,
    Target,
)
from fusion.dicom import Patient
from fusion.export.account import JointAccount
from fusion.export.handout import Handout
from fusion.export.regions import RULE
from fusion.export.report.blocks import (
    Report,
    ReportBlock,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportRows,
    ReportSection,
)
from fusion.export.report.joints import said_answer, said_uptake
from fusion.export.report.pictures import PLANES
from fusion.export.wording import LIMITATIONS, said_date, said_moment
from fusion.findings import Severity
from fusion.geometry import Volume
from fusion.pathway import (
    KEY_OF_FACT,
    NOT_ASSESSED,
    Facts,
    facts_from_values,
    label,
    published_pathway,
    target_cautions,
    verbatim,
)
from fusion.plain_text import person_name, plain
from fusion.software import DISCLAIMER, SIMULATED, own_version

#: Longest list of findings on paper; all of them are in ``reading.json``.
_SHOWN_FINDINGS = 6
#: Longest note in the table, characters; the whole note is in every other file.
_SHOWN_NOTE = 160
#: Longest list of statements that led to the verdict; all of them are in ``reading.json``.
_SHOWN_STATEMENTS = 4


def make_report(handout: Handout) -> Report:
    """Return the report of a study and its reading."""
    review, assessment = handout.review, handout.assessment
    study = _study(handout)
    whole = ReportPictures(
        "The neck from the front, with the decisions", (handout.pictures.overview.image,)
    )
    joints = tuple(
        ReportPictures(f"{name}, {', '.join(PLANES)}", tuple(one.image for one in shown))
        for name, shown in handout.pictures.joints
    )
    sections = (
        ReportSection("Patient and study", (ReportRows((*_identity(review.patient), *study)),)),
        ReportSection(
            "What was done to the data",
            (ReportLines(tuple(map(plain, _done(handout)))), *_findings(handout)),
        ),
        ReportSection("Imaging pathway", _pathway(assessment)),
        ReportSection("Joints", _joints(handout)),
        ReportSection(
            "Medial branches that usually supply the positive joints", _blocks(handout.plan)
        ),
        ReportSection("Pictures", (whole, *joints), new_page=True),
        ReportSection("Limitations", (ReportLines(_limitations()),)),
    )
    return Report(
        title="Fused bone SPECT/CT of the neck: facet joint report",
        banners=_banners(handout),
        identity=_one_line(review.patient, study),
        sections=sections,
        footer=f"{DISCLAIMER} {handout.account.levels} facetfusion {own_version()}.",
    )


def _said_time(stored: str) -> str:
    try:
        return said_moment(datetime.fromisoformat(stored))
    except ValueError:  # an answer that an earlier version stored stands as it was given
        return plain(stored)


def _banners(handout: Handout) -> tuple[str, ...]:
    said = [SIMULATED] if handout.review.simulated else []
    if handout.reading is None:
        said.append("NOT READ: nobody has recorded a decision on this study.")
    return (*said, *map(plain, handout.cautions))


def _name(patient: Patient) -> str:
    return person_name(patient.name) or "not stated"


def _identity(patient: Patient) -> tuple[tuple[str, str], ...]:
    return (
        ("Patient", _name(patient)),
        ("Patient ID", plain(patient.patient_id) or "not stated"),
        ("Born", said_date(patient.birth_date) or "not stated"),
        ("Sex", plain(patient.sex) or "not stated"),
    )


def _study(handout: Handout) -> tuple[tuple[str, str], ...]:
    review, reading = handout.review, handout.reading
    return (
        ("Study date", said_date(review.study.date) or "not stated"),
        ("Study", plain(review.study.description) or "not stated"),
        ("CT", _series(review.fused.ct)),
        (review.spect_label, f"{_series(review.fused.spect)}, {plain(review.fused.spect.unit)}"),
        ("Reading", handout.account.state),
        ("Reader", plain(reading.reader) if reading else "none"),
    )


def _series(volume: Volume) -> str:
    size = " × ".join(str(n) for n in volume.grid.shape)
    return f"{plain(volume.source.description) or 'no description'}, {size} voxels"


def _one_line(patient: Patient, study: Sequence[tuple[str, str]]) -> str:
    date = dict(study)["Study date"]
    day = f"study of {date}" if date[:1].isdigit() else "study date not stated"
    return f"{_name(patient)} · ID {plain(patient.patient_id) or 'not stated'} · {day}"


def _done(handout: Handout) -> tuple[str, ...]:
    """Return what was done to the data, in sentences."""
    reading, account = handout.reading, handout.account
    said = [account.alignment, account.levels, *account.level_remarks]
    said += _said_of_spine(reading)
    pathway = reading.pathway if reading else None
    if pathway is not None and isinstance(pathway.change, PathwayLeftOut):
        said.append(f"{_sentence(pathway.change.words)}.")
    if handout.regions:
        said.append(f"Regions of uptake: {RULE}")
    return tuple(said)


def _said_of_spine(reading: Reading | None) -> list[str]:
    """Return what the reader said about the spine itself; it decides the levels."""
    if reading is None:
        return []
    said = [f"{_sentence(anomaly.words)}." for anomaly in reading.said.anomalies]
    if reading.said.clicks:
        said.append(f"Vertebrae named by the reader: {', '.join(reading.said.clicks)}.")
    if reading.said.moved:
        moved = sorted(reading.said.moved, key=JOINTS.index)
        said.append(f"Joints placed by the reader: {', '.join(j.name for j in moved)}.")
    return said


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _findings(handout: Handout) -> tuple[ReportBlock, ...]:
    serious = [plain(f.message) for f in handout.said_findings if f.severity >= Severity.WARNING]
    shown = serious[:_SHOWN_FINDINGS]
    if len(serious) > len(shown):
        shown.append(f"… and {len(serious) - len(shown)} more; all are in reading.json.")
    return (ReportLines(tuple(f"To check: {line}" for line in shown)),) if shown else ()


def _pathway(assessment: Mapping[str, Any] | None) -> tuple[ReportBlock, ...]:
    source = published_pathway().source.words
    return (*_answer_of(assessment), ReportLines((f"Sentences in quotation marks: {source}.",)))


def _answer_of(assessment: Mapping[str, Any] | None) -> tuple[ReportBlock, ...]:
    if assessment is None:
        return (ReportLines((NOT_ASSESSED,), strong=True),)
    if "words" not in assessment:
        # Left unanswered on purpose: the text says by whom and why.
        return (ReportLines((plain(str(assessment.get("text", NOT_ASSESSED))),), strong=True),)
    quoted = dict(assessment.get("quoted", {}))
    deciding = [str(key) for key in assessment.get("deciding", [])]
    lines = [f'"{plain(str(quoted[key]))}"' for key in deciding if key in quoted]
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
    return (ReportLines((plain(str(assessment["words"])),), strong=True), ReportLines(tuple(lines)))


def _joints(handout: Handout) -> tuple[ReportBlock, ...]:
    targets = handout.targets
    beside = (_statement("S19"), _statement("S21"))
    if not targets:
        return (
            ReportLines(("No decision about any joint is recorded.",), strong=True),
            ReportLines(beside),
        )
    rows = tuple(_joint_row(handout.account.of_joint(target.joint), target) for target in targets)
    header = (
        "Joint",
        "Decision",
        "Grade",
        "Uptake at the decision",
        "Matches pain",
        "Operative bed",
        "Reader, time, note, cautions",
    )
    widths = (0.11, 0.11, 0.07, 0.21, 0.09, 0.09, 0.32)
    undecided = handout.account.undecided
    cautions = _pathway_cautions(targets, handout.assessment)
    return (ReportCells(header, rows, widths), ReportLines((*undecided, *cautions, *beside)))


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
        words = " ".join(caution.text for caution in said)
        lines.append(f"{target.joint.name}: {words}")
    return tuple(lines)


def _joint_row(account: JointAccount, target: Target) -> tuple[str, ...]:
    note = target.shown_note
    if len(note) > _SHOWN_NOTE:
        note = f"{note[:_SHOWN_NOTE]}… (whole note in reading.json)"
    said = [f"{target.shown_reader}, {said_moment(target.time)}."]
    said += [f"Note: “{note}”." if note else "", *account.remarks, *_cautions(target)]
    return (
        account.label,
        target.decision.value,
        "–" if target.grade is None else str(target.grade),
        said_uptake(target),
        said_answer(target.clinically_concordant),
        said_answer(target.inside_operative_bed),
        " ".join(part for part in said if part),
    )


def _cautions(target: Target) -> list[str]:
    said = []
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
    return said


def _blocks(plan: BlockPlan) -> tuple[ReportBlock, ...]:
    if not plan.nerves and not plan.without_nerves:
        return (ReportLines(("No joint is marked positive.",)),)
    blocks: list[ReportBlock] = []
    if plan.nerves:
        rows = tuple(
            (block.name, block.nerve.landmark, ", ".join(joint.name for joint in block.joints))
            for block in plan.nerves
        )
        blocks.append(ReportLines((f"{plan.counts}.",), strong=True))
        blocks.append(
            ReportCells(("Nerve", "Bony landmark, in words", "For"), rows, (0.3, 0.5, 0.2))
        )
    without = tuple(f"{joint.name}: {why}" for joint, why in plan.without_nerves)
    blocks.append(ReportLines((*without, *plan.notices)))
    return tuple(blocks)


def _statement(name: str) -> str:
    return verbatim(published_pathway().statement(name))


def _limitations() -> tuple[str, ...]:
    return (DISCLAIMER, *LIMITATIONS, _statement("S27"), _statement("S26"))
