"""Slices that continue a volume but were filed in another series, or are not here at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from fusion.dicom.files.instance import integer, numbers, text, uid
from fusion.dicom.series import Kind, Series, VolumePlan
from fusion.errors import DicomError
from fusion.findings import Finding
from fusion.findings.volumes import CT_GOES_ON_ELSEWHERE, GOES_ON_ELSEWHERE, SLICES_FEWER
from fusion.geometry import FloatArray, Grid

#: What begins further beyond an end than so many steps does not continue it.
NEAREST_STEPS = 5
#: How near the place of the next slices a slice has to lie, in steps; and how alike direction
#: cosines have to be.
_NEAR_STEPS, _SAME_COSINE = 0.1, 1e-3
_KINDS = (Kind.CT, Kind.PET, Kind.SPECT)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Slices of one series with one header: where they lie, LPS mm (n, 3)."""

    header: Dataset
    places_lps: FloatArray


def with_continuations(
    listed: Sequence[Series], others: Sequence[Series] = ()
) -> tuple[Series, ...]:
    """Say of each volume which of its next slices stand in other series, or are not here.

    Nothing is joined: another Series Instance UID may mean another scan. But whoever looks for the
    neck has to know that a volume may end too early.

    Parameters
    ----------
    listed : sequence of Series
        The series of one study.
    others : sequence of Series
        Those of the other studies.
    """
    if not any(series.volumes for series in listed if series.kind in _KINDS):
        return tuple(listed)
    pieces = [(series, _pieces(series)) for series in (*listed, *others)]
    return tuple(
        replace(
            series,
            volumes=tuple(
                replace(
                    plan,
                    findings=(
                        *plan.findings,
                        *_about(plan, [piece for other, piece in pieces if other is not series]),
                        *_missing(plan, series),
                    ),
                )
                for plan in series.volumes
            ),
        )
        if series.kind in _KINDS
        else series
        for series in listed
    )


def _pieces(series: Series) -> list[_Piece]:
    """Return where the slices of a series lie: by its grids, or one by one where it has none."""
    grids = [(plan, plan.grid) for plan in series.volumes if plan.grid is not None]
    if grids and len(grids) == len(series.volumes):
        return [
            _Piece(
                plan.frames[0].instance.dataset,
                _places(grid, np.arange(grid.shape[0], dtype=np.float64)),
            )
            for plan, grid in grids
        ]
    placed = ((one.dataset, _place(one.dataset)) for one in series.instances)
    return [_Piece(header, at[None]) for header, at in placed if at is not None]


def _about(plan: VolumePlan, others: Iterable[Sequence[_Piece]]) -> list[Finding]:
    if plan.grid is None or plan.grid.shape[0] < 2:
        return []
    header, step = plan.frames[0].instance.dataset, plan.grid.affine[:3, 0]
    last = plan.grid.shape[0] - 1
    before = after = 0
    for pieces in others:
        alike = [piece.places_lps for piece in pieces if _is_alike(piece.header, header)]
        if not alike:
            continue
        steps = _steps(np.concatenate(alike) - _places(plan.grid, np.zeros(1)), step)
        # What lies beside the slices as well is another picture of the same, and no lost end.
        if ((steps > -0.5) & (steps < last + 0.5)).any():
            continue
        before += _going_on(-steps)
        after += _going_on(steps - last)
    found = []
    for count, away in ((before, -step), (after, step)):
        if count:
            found.append(_goes_on(plan.kind, count, "head" if away[2] > 0 else "feet"))
    return found


def _goes_on(kind: Kind, count: int, towards: str) -> Finding:
    if kind is Kind.CT:
        return CT_GOES_ON_ELSEWHERE(count=count, towards=towards)
    return GOES_ON_ELSEWHERE(volume=kind.label, count=count, towards=towards)


def _going_on(beyond: FloatArray) -> int:
    """How many slices lie beyond an end, in steps, where the first of them is near it."""
    found = beyond[beyond > 0]
    return found.size if found.size and found.min() < NEAREST_STEPS + 0.5 else 0


def _steps(gaps_lps: FloatArray, step: FloatArray) -> FloatArray:
    """Return on which steps places lie, those that lie on none left out."""
    steps = np.round(gaps_lps @ step / (step @ step))
    off_mm = np.linalg.norm(gaps_lps - steps[:, None] * step, axis=1)
    found: FloatArray = steps[off_mm <= _NEAR_STEPS * float(np.linalg.norm(step))]
    return found


def _places(grid: Grid, slices: FloatArray) -> FloatArray:
    """Centres of the first voxels of slices, LPS mm."""
    indices = np.zeros((len(slices), 3))
    indices[:, 0] = slices
    places: FloatArray = grid.to_lps(indices)
    return places


def _place(dataset: Dataset) -> FloatArray | None:
    try:
        return numbers(dataset, "ImagePositionPatient", 3)
    except DicomError:
        return None


def _is_alike(dataset: Dataset, own: Dataset) -> bool:
    """Whether two slices have one modality, matrix, orientation, and frame; or study, without."""
    try:
        frame = uid(dataset, "FrameOfReferenceUID")
        if frame != uid(own, "FrameOfReferenceUID"):
            return False
        if frame is None and uid(dataset, "StudyInstanceUID") != uid(own, "StudyInstanceUID"):
            return False
        if text(dataset, "Modality") != text(own, "Modality"):
            return False
        if any(integer(dataset, k) != integer(own, k) for k in ("Rows", "Columns")):
            return False
        cosines, usual = (_orientation(d) for d in (dataset, own))
        return (
            cosines is not None
            and usual is not None
            and bool(np.abs(cosines - usual).max() <= _SAME_COSINE)
        )
    except DicomError:
        return False


def _orientation(dataset: Dataset) -> FloatArray | None:
    return numbers(dataset, "ImageOrientationPatient", 6)


def _missing(plan: VolumePlan, series: Series) -> list[Finding]:
    """Say that a PET states more slices (Number of Slices) than are here."""
    if plan.kind is not Kind.PET or plan.grid is None:
        return []
    here = plan.grid.shape[0]
    try:
        stated = integer(plan.frames[0].instance.dataset, "NumberOfSlices")
    except DicomError:
        return []
    # Some write the number of all images of the series.
    if stated is None or stated <= here or stated <= len(series.instances):
        return []
    return [SLICES_FEWER(count=here, stated=stated)]
