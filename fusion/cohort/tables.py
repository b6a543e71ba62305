"""The tables of a cohort, and what each of their columns means."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.cohort.outcomes import OUTCOME_WORDS, StudyOutcome, StudyResult
from fusion.cohort.places import StudyPlace
from fusion.cohort.store import Cohort, Store, Unit, replace_text, write_whole
from fusion.export import csv_text
from fusion.json_form import json_text
from fusion.software import DISCLAIMER
from fusion.uptake import NOT_VALIDATED, every_measure

JOINTS_CSV, JOINTS_PARQUET, STUDIES_CSV = "joints.csv", "joints.parquet", "studies.csv"
COLUMNS_JSON, WHERE_CSV = "columns.json", "where.csv"
#: Letters of a key that name a study in tables.
NAME_LETTERS = 12


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table.

    Parameters
    ----------
    name : str
        Its heading.
    kind : str
        ``"text"``, ``"number"``, ``"count"`` or ``"yes or no"``.
    means : str
        In words.
    unit : str
        Of a number.
    """

    name: str
    kind: str
    means: str
    unit: str = ""


_STUDY = TableColumn("study", "text", "Which study: the beginning of the hash of its images")
_ID = TableColumn("id", "text", "What the table of studies calls it; empty without one")
#: Of ``studies.csv``, in their order.
STUDY_COLUMNS = (
    _STUDY,
    _ID,
    TableColumn(
        "outcome",
        "text",
        "; ".join(f"{outcome.value}: {words}" for outcome, words in OUTCOME_WORDS.items()),
    ),
    TableColumn("sentence", "text", "Why; names of files and people are left out"),
    TableColumn(
        "repeat_of",
        "text",
        "The study whose images these are as well; its joints are listed once, under that one",
    ),
    TableColumn(
        "known_by",
        "text",
        "What the hash is of: pixels; files, where no pair could be read; place, where the process "
        "broke off",
    ),
    TableColumn("simulated", "yes or no", "Whether the files say that they are not of a patient"),
    TableColumn("functional", "text", "SPECT or PET"),
    TableColumn("unit", "text", "Unit of the SPECT or PET"),
    TableColumn("ct_slice_mm", "number", "Distance between slices of the CT", "mm"),
    TableColumn("ct_pixel_mm", "number", "Edge of a pixel of the CT", "mm"),
    TableColumn(
        "functional_voxel_mm", "number", "Distance between slices of the SPECT or PET", "mm"
    ),
    TableColumn("registration", "text", "How the SPECT or PET was put onto the CT"),
    TableColumn(
        "registration_status",
        "text",
        "How far the images support that: no inconsistency found, possible neck motion, do not "
        "trust",
    ),
    TableColumn("numbering", "text", "How far the levels are to be trusted: sure or provisional"),
    TableColumn("joints_found", "count", "Joints that have a place on the CT, of 16"),
    TableColumn("joints_sure", "count", "Of them, those whose level is not provisional"),
    TableColumn(
        "joints_measured", "count", "Of them, those that lie in the field of the SPECT or PET"
    ),
    TableColumn("resolution_mm", "number", "Full width at half maximum of the SPECT or PET", "mm"),
    TableColumn("reference", "text", "What ratios refer to"),
    TableColumn("reference_value", "number", "Its mean, in the unit of the SPECT or PET"),
    TableColumn("proposals", "count", f"Hot spots that are proposed; thresholds {NOT_VALIDATED}"),
    TableColumn("warnings", "count", "Findings of severity warning or error"),
    TableColumn("findings", "text", "Codes of all Findings (docs/findings.md)"),
    TableColumn("software_version", "text", "Version of facetfusion that measured it"),
)
_JOINT_COLUMNS = (
    _STUDY,
    _ID,
    TableColumn("outcome", "text", "Of the study: ok or needs a person"),
    TableColumn("joint", "text", "Side and level"),
    TableColumn("level", "text", "The two vertebrae"),
    TableColumn("side", "text", "Of the patient: left or right"),
    TableColumn(
        "state", "text", "What the CT shows: found, outside field, not found, fused, obscured"
    ),
    TableColumn("numbering", "text", "How far its level is to be trusted: sure or provisional"),
    TableColumn("x_lps_mm", "number", "Its centre on the CT, to the patient's left", "mm"),
    TableColumn("y_lps_mm", "number", "Its centre on the CT, to the back", "mm"),
    TableColumn("z_lps_mm", "number", "Its centre on the CT, to the head", "mm"),
    TableColumn("localisation_mm", "number", "How far off it may be (9 of 10 are nearer)", "mm"),
    TableColumn(
        "registration_mm",
        "number",
        "How far off the alignment may be here, 95 of 100 are less; empty where it is not known or "
        "not to be trusted",
        "mm",
    ),
    TableColumn("in_field", "number", "Share of the measured volume in the SPECT or PET, 0 to 1"),
    TableColumn("unit", "text", "Unit of the SPECT or PET"),
)
_JOINT_COLUMNS_LAST = (
    TableColumn(
        "spill_share", "number", "Estimated share of the maximum that neighbours add, 0 to 1"
    ),
    TableColumn("spill_from", "text", "The joint that adds most of it"),
    TableColumn("merged_with", "text", "Joints that the resolution cannot tell from this one"),
    TableColumn("proposed_grade", "count", f"Grade of the proposal at this joint; {NOT_VALIDATED}"),
)


def joint_columns() -> tuple[TableColumn, ...]:
    """Return the columns of ``joints.csv``, one for each uptake measure among them."""
    measures = (
        TableColumn(
            one.name, "number", one.how, "as unit" if one.unit.words is None else one.unit.words
        )
        for one in every_measure()
    )
    return (*_JOINT_COLUMNS, *measures, *_JOINT_COLUMNS_LAST)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One pair of a cohort, and what became of it.

    Parameters
    ----------
    name : str
        In the tables; unique.
    place : StudyPlace
        Where it lies.
    unit : Unit or None
        None where its turn has not come.
    result : StudyResult or None
        None likewise.
    repeat_of : str
        Name of the row with the same images; empty for the first.
    """

    name: str
    place: StudyPlace
    unit: Unit | None
    result: StudyResult | None
    repeat_of: str = ""

    @property
    def outcome(self) -> StudyOutcome:
        """What became of it."""
        return self.result.outcome if self.result else StudyOutcome.NOT_RUN

    @property
    def has_joints(self) -> bool:
        """Whether its joints are listed under its own name."""
        found = self.result is not None and self.outcome.is_measured and self.result.joints
        return bool(found) and not self.repeat_of

    @property
    def warnings(self) -> int:
        """Number of Findings that a reader has to look at."""
        found = self.result.findings if self.result else ()
        return sum(one["severity"] != "info" for one in found)


def study_rows(store: Store, cohort: Cohort) -> list[StudyRow]:
    """Return a row for every pair, in an order that depends on the studies alone."""
    found: list[tuple[str, StudyPlace, Unit | None, StudyResult | None]] = []
    for place in cohort.places:
        place_id = place.id_for(cohort.parameters.digest)
        record = store.record(place_id)
        for unit in record.units if record else (None,):
            result = store.result(unit.key) if unit else None
            found.append((result.key if result else place_id, place, unit, result))
    found.sort(key=lambda one: (one[1].name, one[0], one[1].label))
    seen: dict[str, int] = {}
    first: dict[str, str] = {}
    rows = []
    for key, place, unit, result in found:
        short = key[:NAME_LETTERS]
        seen[short] = seen.get(short, 0) + 1
        name = short if seen[short] == 1 else f"{short}-{seen[short]}"
        repeat_of = first.setdefault(key, name)
        rows.append(StudyRow(name, place, unit, result, "" if repeat_of == name else repeat_of))
    return rows


def write_tables(store: Store, rows: Sequence[StudyRow]) -> list[Path]:
    """Write the tables and their dictionary; what may name somebody goes to ``private``.

    Returns
    -------
    list of Path
        Those that hold no identity.
    """
    joints = list(_joint_dicts(rows))
    names = [column.name for column in joint_columns()]
    texts = {
        JOINTS_CSV: csv_text(names, joints),
        STUDIES_CSV: csv_text([c.name for c in STUDY_COLUMNS], map(_study_dict, rows)),
        COLUMNS_JSON: json_text(dictionary()),
    }
    for name, text in texts.items():
        mark = "\ufeff" if name.endswith(".csv") else ""  # spreadsheets know UTF-8 by it
        replace_text(store.folder / name, mark + text)
    where = csv_text(("study", "id", "place", "outcome", "said"), map(_where_dict, rows))
    replace_text(store.private / WHERE_CSV, "\ufeff" + where)
    paths = [store.folder / name for name in texts]
    parquet = store.folder / JOINTS_PARQUET
    content = _parquet(joints)
    if content is None:
        parquet.unlink(missing_ok=True)  # of another day, it would contradict the rest
        return paths
    part = parquet.with_name(f".{parquet.name}.part")
    write_whole(part, content)
    part.replace(parquet)
    return [*paths, parquet]


def dictionary() -> dict[str, Any]:
    """Return the data dictionary: every table, every column."""
    tables: Mapping[str, tuple[str, tuple[TableColumn, ...]]] = {
        STUDIES_CSV: ("One row for every pair of CT and SPECT or PET", STUDY_COLUMNS),
        JOINTS_CSV: ("One row for every joint of every measured study", joint_columns()),
    }
    return {
        "disclaimer": DISCLAIMER,
        "tables": {
            name: {
                "rows": words,
                "columns": [
                    {
                        "name": column.name,
                        "type": column.kind,
                        "unit": column.unit,
                        "description": column.means,
                    }
                    for column in columns
                ],
            }
            for name, (words, columns) in tables.items()
        },
    }


def _study_dict(row: StudyRow) -> dict[str, Any]:
    result = row.result
    if result is None:
        return {"study": row.name, "id": row.place.name, "outcome": row.outcome.value}
    codes = sorted({one["code"] for one in result.findings})
    simulated = result.about.get("simulated")
    return {
        **result.about,
        "study": row.name,
        "id": row.place.name,
        "outcome": row.outcome.value,
        "sentence": result.sentence,
        "repeat_of": row.repeat_of,
        "known_by": result.known_by,
        "simulated": None if simulated is None else ("yes" if simulated else "no"),
        "warnings": row.warnings,
        "findings": "; ".join(codes),
        "software_version": result.software.get("facetfusion", ""),
    }


def _joint_dicts(rows: Sequence[StudyRow]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row.has_joints and row.result is not None:
            mine = {"study": row.name, "id": row.place.name, "outcome": row.outcome.value}
            for joint in row.result.joints:
                yield {**joint, **mine}


def _where_dict(row: StudyRow) -> dict[str, Any]:
    return {
        "study": row.name,
        "id": row.place.name,
        "place": row.place.label,
        "outcome": row.outcome.value,
        "said": row.unit.said if row.unit else "",
    }


def _parquet(joints: Sequence[Mapping[str, Any]]) -> bytes | None:
    """Return ``joints.parquet``; None where pyarrow is not installed."""
    with contextlib.suppress(ImportError):
        import pyarrow as pa
        from pyarrow import parquet

        kinds = {"text": pa.string(), "number": pa.float64(), "count": pa.int64()}
        columns = joint_columns()
        schema = pa.schema([pa.field(c.name, kinds[c.kind]) for c in columns])
        table = pa.Table.from_pylist(
            [{c.name: joint.get(c.name) for c in columns} for joint in joints], schema=schema
        )
        out = io.BytesIO()
        parquet.write_table(table, out)
        return out.getvalue()
    return None
