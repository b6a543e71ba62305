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
    [((0,), 1, "feet"), ((ct.SLICES - 1,), 1, "head"), ((0, 1, 2, 3, 4), 5, "feet")],
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
        moved(0, 1, 2, 3, 4, 5),  # more than five are a scan of their own
        moved(0, mm=-1.0),  # half a step away from where the next slice would be
        moved(0, frame="1.2.3.77"),
        moved(0, mm=-100.0),
    ],
)
def test_what_does_not_go_on_there_is_not_told(edit: ct.Edit, tmp_path: Path) -> None:
    write_ct(tmp_path, edit=edit)
    assert told(tmp_path) == []
