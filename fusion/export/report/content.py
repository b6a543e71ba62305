"""The report as content: what is said and shown, apart from how it looks on a page.

Every text is made plain here, and escaped where it is drawn.
"""

from __future__ import annotations

from fusion.anatomy import JOINTS, Joint
from fusion.annotations import PathwayLeftOut, Reading
from fusion.errors import PathwayError
from fusion.export.handout import Handout
from fusion.export.regions import RULE
from fusion.export.report.blocks import (
    Report,
    ReportBlock,
    ReportCells,
    ReportLines,
    ReportPictures,
    ReportRoom,
    ReportRows,
    ReportSection,
)
from fusion.export.report.first_page import FIRST, NOTHING_DECIDED, block_plan, impression
from fusion.export.report.imaging import identity, imaging, one_line
from fusion.export.report.joints import (
    beside,
    joint_table,
    said_of_all,
    said_reference,
    statement,
)
from fusion.export.report.pathway import earlier_imaging, history, joint_cautions, verdict
from fusion.export.report.pictures import PLANES
from fusion.export.wording import LIMITATIONS, said_date
from fusion.facets import Status
from fusion.findings import Severity
from fusion.pathway import propose_hardware
from fusion.plain_text import plain
from fusion.software import DISCLAIMER, SIMULATED, own_version

#: What can be seen of fusion, wherever it is said of joints (docs/facets.md).
FUSION = (
    "Fusion was looked for as a level without a joint space on either side, on CT slices up to "
    "1.6 mm only: on thicker slices, on one side, or in part, it is not seen. This "
    "does not exclude a fused joint; look at the CT."
)
#: Longest list of findings on paper; all of them are in ``reading.json``.
_SHOWN_FINDINGS = 6
#: How many joints share a row of pictures, and up to how many positive ones.
_ROWS = {1: 1, 2: 6, 3: len(JOINTS)}


def make_report(handout: Handout) -> Report:
    """Return the report of a study and its reading.

    Which items a report has, and who asks for each, stands in docs/exports.md.
    """
    review, assessment = handout.review, handout.assessment
    sections = (
        ReportSection("Patient and study", (ReportRows(identity(handout)),)),
        ReportSection("Impression", impression(handout)),
        ReportSection("Block plan", block_plan(handout)),
        ReportSection("The neck at a glance", _glance(handout)),
        ReportSection("Indication and history", history(assessment)),
        ReportSection(
            "Radiopharmaceutical and imaging", (ReportLines(imaging(review), flowing=True),)
        ),
        ReportSection("Comparison", _comparison(handout)),
        ReportSection("Technical quality", _quality(handout)),
        ReportSection("Findings, joint by joint", _joints(handout)),
        ReportSection("Nerves and their bony landmarks", _blocks(handout)),
        ReportSection("CT", _ct(handout)),
        ReportSection("Imaging pathway", verdict(assessment)),
        ReportSection("Pictures of the positive joints", _pictures(handout)),
        ReportSection("Limitations", (ReportLines(_limitations(), flowing=True, small=True),)),
    )
    return Report(
        title=f"Fused {review.examination} of the neck: facet joint report",
        banners=_banners(handout),
        identity=one_line(handout),
        sections=tuple(section for section in sections if section.blocks),
        footer=f"{DISCLAIMER} {handout.account.levels} facetfusion {own_version()}.",
    )


def _banners(handout: Handout) -> tuple[str, ...]:
    said = [SIMULATED] if handout.review.simulated else []
    if handout.reading is None:
        said.append("NOT READ: nobody has recorded a decision on this study.")
    return (*said, *map(plain, handout.cautions))


def _glance(handout: Handout) -> tuple[ReportBlock, ...]:
    drawn = handout.pictures
    caption = "Highest uptake from the front, with the decisions"
    if drawn.c_arm:
        caption += "; the neck as a C-arm would show it, from the front and from the left"
    images = (drawn.overview.image, *(one.image for one in drawn.c_arm))
    return (ReportPictures(caption, images),)


def _pictures(handout: Handout) -> tuple[ReportBlock, ...]:
    shown = handout.pictures.joints
    step = next(step for step, most in _ROWS.items() if len(shown) <= most)
    return tuple(
        ReportPictures(
            f"{'; '.join(name for name, _ in row)}: {', '.join(PLANES)}",
            tuple(one.image for _, images in row for one in images),
        )
        for row in (shown[n : n + step] for n in range(0, len(shown), step))
    )


def _comparison(handout: Handout) -> tuple[ReportBlock, ...]:
    here = handout.review.study.study_instance_uid
    others = [
        f"{said_date(study.date) or 'no date'} {plain(study.description)}".strip()
        for study in handout.review.catalog.studies
        if study.study_instance_uid != here
    ]
    said = [f"In the same folder, not compared: {'; '.join(others)}."] if others else []
    said += earlier_imaging(handout.assessment)
    return (
        ReportLines(
            ("No comparison with an earlier SPECT/CT is part of this report.", *said), flowing=True
        ),
    )


def _quality(handout: Handout) -> tuple[ReportBlock, ...]:
    """Return what was done to the data, and what is doubtful about it, in sentences."""
    reading, account = handout.reading, handout.account
    said = [account.alignment]
    if not handout.targets:  # else they stand beside the joints, in the impression
        said += [account.levels, *account.level_remarks]
    said += _said_of_spine(reading)
    pathway = reading.pathway if reading else None
    if pathway is not None and isinstance(pathway.change, PathwayLeftOut):
        said.append(f"{_sentence(pathway.change.words)}.")
    if handout.regions:
        said.append(f"Regions of uptake: {RULE}")
    return (ReportLines(tuple(map(plain, said)), flowing=True), *_findings(handout))


def _ct(handout: Handout) -> tuple[ReportBlock, ...]:
    """Return what the program saw on the CT beside the joints' uptake, and room for the rest."""
    reading = handout.reading
    said = [
        f"{_sentence(state.value)}, as the program sees the CT: "
        f"{', '.join(joint.name for joint in joints)}."
        for state in (Status.FUSED, Status.OBSCURED)
        if (joints := _in_state(handout, state))
    ]
    if handout.seen and not said:
        all_looked_at = len(handout.seen) == len(JOINTS)
        whose = "joints that were found" if all_looked_at else "decided joints"
        said.append(f"None of the {whose} on the CT was seen to be fused or obscured.")
    if handout.seen:
        said.append(FUSION)
    said.append(_metal(handout))
    anomalies = reading.said.anomalies if reading else ()
    said += [f"{_sentence(anomaly.words)}." for anomaly in anomalies]
    dismissed = reading.said.dismissed if reading else ()
    said += [f"Proposed by the program and dismissed: {one.name}." for one in dismissed]
    return (
        ReportLines(tuple(map(plain, said)), flowing=True),
        ReportLines(("Other findings on the CT and uptake beside the joints, by the reader:",)),
        ReportRoom(2),
    )


def _metal(handout: Handout) -> str:
    try:
        found = propose_hardware(handout.review.fused.ct)
    except PathwayError as exc:
        return str(exc)
    return f"Metal was looked for: {found.text}"


def _in_state(handout: Handout, state: Status) -> list[Joint]:
    return [joint for joint in JOINTS if handout.seen.get(joint) is state]


def _said_of_spine(reading: Reading | None) -> list[str]:
    """Return what the reader said about the spine itself; it decides the levels."""
    if reading is None:
        return []
    said = []
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


def _joints(handout: Handout) -> tuple[ReportBlock, ...]:
    targets = handout.targets
    if not targets:
        return (ReportLines((NOTHING_DECIDED,), strong=True), ReportLines(beside()))
    of_all = said_of_all(targets)
    table = joint_table([(handout.account.of_joint(one.joint), one) for one in targets])
    references = dict.fromkeys(filter(None, map(said_reference, targets)))
    said = (
        *((f"Of each joint: {' '.join(of_all)}",) if of_all else ()),
        *(f"Reference of the ratios: {reference}" for reference in references),
        *handout.account.undecided,
        *joint_cautions(targets, handout.assessment),
        *beside(),
    )
    return (table, ReportLines(said, flowing=True))


def _blocks(handout: Handout) -> tuple[ReportBlock, ...]:
    plan, label = handout.plan, handout.account.of_joint
    rows = tuple(
        (block.name, block.nerve.landmark, ", ".join(label(joint).label for joint in block.joints))
        for block in plan.nerves
    )
    if not rows:
        return ()
    header = ("Nerve", "Bony landmark, in words", "For")
    return (
        ReportLines((f"{FIRST}: {plan.counts}.",), strong=True),
        ReportCells(header, rows, (0.3, 0.5, 0.2)),
    )


def _limitations() -> tuple[str, ...]:
    return (DISCLAIMER, *LIMITATIONS, statement("S27"), statement("S26"))
