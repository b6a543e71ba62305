"""A reading as JSON, complete, and as a table with one row for each joint."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fusion.anatomy import JOINTS
from fusion.annotations import Reading, Target, row_of
from fusion.errors import AnnotationError
from fusion.export.account import Account
from fusion.export.handout import Handout
from fusion.export.regions import RULE
from fusion.export.wording import LIMITATIONS, said_numbering
from fusion.findings import worst_first
from fusion.json_form import write_json
from fusion.pathway import assessment_json
from fusion.plain_text import plain
from fusion.software import DISCLAIMER, versions
from fusion.uptake import MAXIMUM, SUV, every_measure

#: Version of ``reading.json``; keys are only ever added. docs/reading.schema.json describes it.
SCHEMA_VERSION = 1
#: Names of the files.
READING, TABLE = "reading.json", "joints.csv"
#: Where a spreadsheet begins to calculate, also in full width.
_FORMULA_STARTS = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
#: Columns before and after those of the measures.
_BEFORE = (
    "joint",
    "level",
    "side",
    "decision",
    "grade",
    "x_lps_mm",
    "y_lps_mm",
    "z_lps_mm",
    "unit",
)
_AFTER = (
    "other_measured",
    "reference",
    "matches_pain",
    "in_operative_bed",
    "note",
    "reader",
    "time_utc",
    "registration",
    "registration_uncertainty_mm",
    "joint_found_by",
    "numbering",
    "localisation_uncertainty_mm",
    "joint_state",
    "level_margin_mm",
    "software_version",
    "target_id",
    "study_instance_uid",
    "frame_of_reference_uid",
    "levels",
    "disclaimer",
    "level_doubt",
    "cautions",
    "patient_id",
    "status",
    "version",
    "label",
    "remarks",
    "alignment",
    "spill_share",
    "spill_from",
    "merged_with",
    "localisation_uncertainty_is",
    "registration_uncertainty_is",
    "set_apart",
)


def columns() -> tuple[str, ...]:
    """Return the columns of the table."""
    return (*_BEFORE, *_own_columns(), *_AFTER)


def _own_columns() -> tuple[str, ...]:
    # SUV stands with what is seldom there: most volumes do not prove it.
    return tuple(measure.name for measure in every_measure() if measure.unit is not SUV)


def export_reading(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write ``reading.json``: the reading with its history, and all that is known beside it."""
    review, patient = handout.review, handout.review.patient
    about = {
        "levels": handout.account.levels,
        "simulated": review.simulated,
        "study_instance_uid": review.study.study_instance_uid,
        "patient": {
            "name": patient.name,
            "id": patient.patient_id,
            "birth_date": patient.birth_date,
            "sex": patient.sex,
        },
        "registration": review.fused.registration.to_json(),
        "pathway": handout.assessment or assessment_json(None),
        "blocks": handout.plan.to_json(),
        "uptake_regions": {
            "rule": RULE,
            "regions": [
                {
                    "joint": region.target.joint.name,
                    "target_id": region.target.target_id,
                    "voxels": int(region.mask.sum()),
                    "maximum": _maximum(region.target),
                    "outlined_from": None if region.is_empty else region.outlined_from,
                }
                for region in handout.regions
            ],
        },
        "account": _account(handout.account),
        "cautions": list(handout.cautions),
        "limitations": list(LIMITATIONS),
        "findings": [finding.to_json() for finding in worst_first(handout.said_findings)],
        "software": versions(),
    }
    path = folder / READING
    write_json(path, reading_document(handout.reading, about=about))
    return (path,)


def _maximum(target: Target) -> float | None:
    return None if target.uptake is None else target.uptake.get(MAXIMUM.name)


def _account(account: Account) -> dict[str, Any]:
    return {
        "state": account.state,
        "levels": [account.levels, *account.level_remarks],
        "alignment": account.alignment,
        "undecided": list(account.undecided),
        "joints": [
            {
                "level": one.joint.level,
                "side": one.joint.side.value,
                "label": one.label,
                "decision": one.decision,
                "remarks": list(one.remarks),
            }
            for one in account.joints
        ],
    }


def export_table(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write ``joints.csv``, in UTF-8 with the mark that spreadsheets know it by."""
    path = folder / TABLE
    path.write_bytes(table(handout).encode("utf-8-sig"))
    return (path,)


def reading_document(reading: Reading | None, *, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``reading.json``.

    Parameters
    ----------
    reading : Reading or None
        With all of its history; None when nobody has read the study.
    about : mapping
        What else is known of the study: any JSON values, under keys of their own.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "disclaimer": DISCLAIMER,
        **about,
        "reading": None if reading is None else reading.to_json(),
    }


def read_reading(path: str | Path) -> Reading | None:
    """Return the reading that ``reading.json`` holds; None when it holds none.

    Raises
    ------
    AnnotationError
        Not such a file, of a newer version, or changed since.
    """
    try:
        document = json.loads(Path(path).read_text("utf-8"))
        version, content = document["schema_version"], document["reading"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as exc:
        raise AnnotationError("This is no reading.json of this program, or it is damaged.") from exc
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise AnnotationError("reading.json was written by a newer version of this program.")
    return None if content is None else Reading.from_json(content)


def table(handout: Handout) -> str:
    """Return the table: a row for each of the sixteen joints, decided or not.

    Text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    by_joint = {target.joint: target for target in handout.targets}
    account = handout.account
    rows: list[dict[str, Any]] = []
    for joint in JOINTS:
        row: dict[str, Any] = {
            "joint": joint.name,
            "level": joint.level,
            "side": joint.side.value,
            "decision": account.of_joint(joint).decision,
            "study_instance_uid": handout.review.study.study_instance_uid,
            "levels": " ".join((account.levels, *account.level_remarks)),
            "disclaimer": DISCLAIMER,
            "level_doubt": handout.doubt_of(joint),
            "cautions": " ".join(handout.cautions),
            "patient_id": handout.review.patient.patient_id,
            "status": _status(handout),
            "version": handout.reading.opened.version if handout.reading else "",
            "label": account.of_joint(joint).label,
            "remarks": " ".join(account.of_joint(joint).remarks),
            "alignment": account.alignment,
            "set_apart": handout.plan.why_apart(joint),
        }
        if joint in by_joint:
            row |= _decided(by_joint[joint])
        rows.append(row)
    return csv_text(columns(), rows)


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a table as CSV.

    Numbers have every digit. Text that a spreadsheet would take for a formula has an apostrophe
    before it.

    Parameters
    ----------
    names : sequence of str
        The columns.
    rows : iterable of mapping
        From name to value; what is missing or None is left empty.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return out.getvalue()


def _status(handout: Handout) -> str:
    if handout.reading is None:
        return "not read"
    return "final" if handout.is_final else "draft"


def _decided(target: Target) -> dict[str, Any]:
    row, own = row_of(target), _own_columns()
    others = [f"{name} {row.pop(name)!r}" for name in target.uptake or () if name not in own]
    said = said_numbering(target.localisation.numbering)
    return {
        **row,
        "other_measured": "; ".join(others),
        "numbering": said,
        "registration": target.registration.words,
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value)  # every digit; a negative number is no formula
    text = plain(str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
