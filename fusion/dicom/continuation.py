"""Slices that continue a CT but were filed in another series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset

from fusion.dicom.files.instance import Instance, integer, numbers, uid
from fusion.dicom.series import Kind, Series, VolumePlan
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import CT_GOES_ON_ELSEWHERE
from fusion.geometry import FloatArray, Grid

#: A series of more images than this is a scan of its own, which ``scan`` lists, and no lost end.
MOST_SLICES = 5
#: How near the place of the next slices a slice has to lie, in steps; and how alike direction
#: cosines have to be.
_NEAR_STEPS, _SAME_COSINE = 0.1, 1e-3


def with_continuations(listed: Sequence[Series]) -> tuple[Series, ...]:
    """Say of each CT which of its next slices stand in other, short series of the study.

    Nothing is joined: another Series Instance UID may mean another scan. But whoever looks for the
    neck has to know that a CT may end too early.

    Parameters
    ----------
    listed : sequence of Series
        The series of one study.
    """
    short = [s for s in listed if 0 < len(s.instances) <= MOST_SLICES]
    if not short:
        return tuple(listed)
    return tuple(
        replace(
            series,
            volumes=tuple(
                replace(plan, findings=(*plan.findings, *_about(plan, _others(short, series))))
                for plan in series.volumes
            ),
        )
        if series.kind is Kind.CT and series not in short
        else series
        for series in listed
    )


def _others(short: Iterable[Series], own: Series) -> list[Instance]:
    return [instance for series in short if series is not own for instance in series.instances]


def _about(plan: VolumePlan, others: Iterable[Instance]) -> list[Finding]:
    if plan.grid is None or plan.grid.shape[0] < 2:
        return []
    header, step = plan.frames[0].instance.dataset, plan.grid.affine[:3, 0]
    places = [at for other in others if (at := _place(other.dataset, header)) is not None]
    found = []
    for away, end in ((-step, _corner(plan.grid, 0)), (step, _corner(plan.grid, -1))):
        if count := sum(_goes_on(at - end, away) for at in places):
            towards = "head" if away[2] > 0 else "feet"
            found.append(CT_GOES_ON_ELSEWHERE(count=count, towards=towards))
    return found


def _corner(grid: Grid, k: int) -> FloatArray:
    """Centre of the first voxel of the first (0) or last (-1) slice, LPS mm."""
    corner: FloatArray = grid.to_lps([[k % grid.shape[0], 0, 0]])[0]
    return corner


def _goes_on(gap: FloatArray, step: FloatArray) -> bool:
    """Whether a place lies one to :data:`MOST_SLICES` steps beyond an end."""
    steps = round(float(gap @ step / (step @ step)))
    off_mm = float(np.linalg.norm(gap - steps * step))
    return 1 <= steps <= MOST_SLICES and off_mm <= _NEAR_STEPS * float(np.linalg.norm(step))


def _place(dataset: Dataset, own: Dataset) -> FloatArray | None:
    """Where a slice of the same matrix, frame and orientation lies, LPS mm; None for others."""
    try:
        if uid(dataset, "FrameOfReferenceUID") != uid(own, "FrameOfReferenceUID"):
            return None
        if any(integer(dataset, k) != integer(own, k) for k in ("Rows", "Columns")):
            return None
        cosines, usual = (numbers(d, "ImageOrientationPatient", 6) for d in (dataset, own))
        if cosines is None or usual is None or np.abs(cosines - usual).max() > _SAME_COSINE:
            return None
        return numbers(dataset, "ImagePositionPatient", 3)
    except DicomError:
        return None
