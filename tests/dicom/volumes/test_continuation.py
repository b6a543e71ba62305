"""An end of a CT that was filed in another series is told of, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from fusion.dicom.catalog import scan
from tests.dicom import ct_objects as ct
from tests.studies import write_ct


def told(folder: Path) -> list[str]:
    studies = scan(folder).studies
    (plan,) = max((s for s in studies[0].series), key=lambda s: len(s.instances)).volumes
    return [f.message for f in plan.findings if f.code == "ct-goes-on-elsewhere"]


def moved(*elsewhere: int, mm: float = 0.0, frame: str | None = None) -> ct.Edit:
    def edit(k: int, ds: Dataset) -> None:
        if k in elsewhere:
            ds.SeriesInstanceUID = "1.2.3.99"
            ds.ImagePositionPatient[2] = float(ds.ImagePositionPatient[2]) + mm
            if frame is not None:
                ds.FrameOfReferenceUID = frame

    return edit


@pytest.mark.parametrize(
    ("elsewhere", "count", "towards"),
    [
        ((0,), 1, "feet"),
        ((ct.SLICES - 1,), 1, "head"),
        (tuple(range(7)), 7, "feet"),
        (tuple(range(ct.SLICES // 2 - 1)), ct.SLICES // 2 - 1, "feet"),
    ],
)
def test_slices_at_an_end_are_counted_with_their_side(
    elsewhere: tuple[int, ...], count: int, towards: str, tmp_path: Path
) -> None:
    write_ct(tmp_path, edit=moved(*elsewhere))
    (message,) = told(tmp_path)
    assert message.startswith(f"Towards the {towards} this CT is continued by {count} image(s)")


@pytest.mark.parametrize(
    "edit",
    [
        moved(),
        moved(0, mm=-1.0),  # half a step away from where the next slice would be
        moved(0, frame="1.2.3.77"),
        moved(0, mm=-5 * ct.SLICE_STEP_MM),  # six steps from the end
        moved(*range(7), mm=2 * ct.SLICE_STEP_MM),  # two places are those of the CT itself
    ],
)
def test_what_does_not_go_on_there_is_not_told(edit: ct.Edit, tmp_path: Path) -> None:
    write_ct(tmp_path, edit=edit)
    assert told(tmp_path) == []


def test_a_gap_of_five_steps_is_the_last_that_is_told(tmp_path: Path) -> None:
    write_ct(tmp_path, edit=moved(0, mm=-4 * ct.SLICE_STEP_MM))
    assert len(told(tmp_path)) == 1


def test_an_end_in_another_study_of_the_same_frame_is_told(tmp_path: Path) -> None:
    def edit(k: int, ds: Dataset) -> None:
        if k < 3:
            ds.SeriesInstanceUID, ds.StudyInstanceUID = "1.2.3.99", "1.2.3.98"

    write_ct(tmp_path, edit=edit)
    plans = [plan for s in scan(tmp_path).studies for one in s.series for plan in one.volumes]
    (long,) = [plan for plan in plans if plan.shape[0] == ct.SLICES - 3]
    assert "continued by 3 image(s)" in " ".join(f.message for f in long.findings)


def _pet(folder: Path, *, lost: tuple[int, ...] = (), elsewhere: tuple[int, ...] = ()) -> list[str]:
    def edit(k: int, ds: Dataset) -> None:
        ds.StudyInstanceUID, ds.FrameOfReferenceUID = "1.2.3.4", "1.2.3.5"
        ds.NumberOfSlices = ct.SLICES
        if k in elsewhere:
            ds.SeriesInstanceUID = "1.2.3.99"

    written = ct.write_series(folder, ct.stacked(), edit=edit, pet=True)
    for k in lost:
        written.paths[k].unlink()
    (plan,) = max(scan(folder).studies[0].series, key=lambda s: len(s.instances)).volumes
    return [
        f.message for f in plan.findings if f.code in {"volume-goes-on-elsewhere", "slices-fewer"}
    ]


def test_lost_ends_of_a_pet_are_told(tmp_path: Path) -> None:
    assert _pet(tmp_path / "whole") == []
    (fewer,) = _pet(tmp_path / "lost", lost=(0, 1, 2))
    assert fewer.startswith(
        f"The PET states {ct.SLICES} slices (Number of Slices), and 37 are here"
    )
    goes_on, _ = _pet(tmp_path / "filed", elsewhere=(0, 1))
    assert goes_on.startswith("Towards the feet this PET is continued by 2 image(s)")
