"""Studies that have begun, and readings of them, without a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pydicom

from fusion.anatomy.joints import Joint
from fusion.annotations.changes import (
    AlignmentReviewed,
    Finalised,
    NumberingConfirmed,
    PathwayLeftOut,
    TargetSaved,
)
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.annotations.target import Answer, Decision
from fusion.reader_study.study import ReaderStudy
from tests.annotations.samples import placement, registration, study, target
from tests.reader_study.designs import design_text
from tests.viewer.marked_study import HFS, Lattice, write_study

CONFIRMED = NumberingConfirmed(
    numbering="counted from C2 (dens)", anchor="C2", c2_in_field=True, t1_in_field=True
)


def write_cases(folder: Path, count: int, *, patient: str = "") -> Path:
    """Write small studies that differ in one voxel, and in their patient unless one is given."""
    for number in range(count):
        written = write_study(
            folder / "cases" / str(number),
            ct=Lattice((15, 32, 36), (10.0, 4.0, 4.0), HFS),
            patient_name=f"Somebody{number}",
        )
        for path in written.glob("*.dcm"):
            ds = pydicom.dcmread(path)
            ds.PatientID = patient or f"ID-{number}"
            ds.PatientName = "Somebody" if patient else ds.PatientName
            if ds.Modality == "NM":
                ds.PixelData = bytes([number + 1]) + ds.PixelData[1:]
            ds.save_as(path)
    return folder


def begun(folder: Path, count: int = 2, **how: Any) -> ReaderStudy:
    """Write a study and begin it."""
    write_cases(folder, count)
    (folder / "study.toml").write_text(design_text(count, **how))
    return ReaderStudy.begin(folder)


Decided = dict[Joint, tuple[Decision, int | None, float, tuple[float, float, float]]]


def read(
    study_: ReaderStudy,
    reader: str,
    key: str,
    decided: Decided | None = None,
    *,
    final: bool = True,
    note: str = "",
    when: datetime = datetime(2026, 11, 1, tzinfo=UTC),
) -> Reading:
    """Record a reading of what is shown under a key, as the window would."""
    (uid,) = (one.study_uid for one in study_.plan.order[reader] if one.presentation.key == key)
    about = study(uid=uid, ct=key, ct_series=f"{uid}.1")
    changes: list[Any] = [AlignmentReviewed(registration(), ""), CONFIRMED]
    for joint, (decision, grade, ratio, point) in (decided or {}).items():
        changes.append(
            TargetSaved(
                target(
                    joint,
                    decision=decision,
                    grade=grade,
                    reader=reader,
                    time=when,
                    uptake=measured(ratio),
                    note=note,
                    placement=placement(joint, point_lps=point),
                    clinically_concordant=Answer.NOT_RECORDED,
                    inside_operative_bed=Answer.NO,
                )
            )
        )
    changes.append(PathwayLeftOut("a reader study"))
    if final:
        changes.append(Finalised())
    with Journal(study_.journal_of(reader)) as journal:
        reading = journal.begin(about, reader=reader).reading
        for n, change in enumerate(changes):
            saved = journal.append(
                reading, change, reader=reader, study=about, time=when + timedelta(seconds=n)
            )
            reading = saved.reading
    return reading


def measured(ratio: float) -> Any:
    from fusion.annotations.snapshots import Measured

    return Measured.of({"maximum": 100 * ratio, "ratio_to_reference": ratio}, unit="counts")
