"""Two dates of one simulated patient as DICOM, in another posture and with other uptake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from fusion.follow_up import Comparison, Dated, compare
from fusion.opening import open_study
from sample_data import COARSE_SCAN, HotJoint, NeckParameters, make_study

#: The joints that are hot on the earlier date; on the later one the first is much hotter.
EARLIER_HOT = (HotJoint("C5-C6", "left", 12.0), HotJoint("C2-C3", "right", 12.0))
LATER_HOT = (HotJoint("C5-C6", "left", 26.0), HotJoint("C2-C3", "right", 12.0))
EARLIER = NeckParameters(seed=5, hot_joints=EARLIER_HOT, hot_spots=())
LATER = replace(EARLIER, hot_joints=LATER_HOT, flexion_deg=5.0, tilt_deg=3.0, rotation_deg=4.0)
#: A scan with little noise and another couch position is not needed: the pictures differ enough.
SCAN = replace(COARSE_SCAN, counts_per_suv=60.0)


def edited(folder: Path, **values: object) -> None:
    """Put other values into every object of a study; None removes one."""
    for path in sorted(folder.rglob("*.dcm")):
        ds: Dataset = dcmread(path)
        for keyword, value in values.items():
            if value is None:
                if keyword in ds:
                    delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        ds.save_as(path)


def dated(folder: Path, day: str, *, patient: str = "SIM-1") -> None:
    """Let a study be of a patient and of a day."""
    edited(
        folder,
        PatientID=patient,
        **dict.fromkeys(("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"), day),
    )


def make_pair(
    folder: Path, necks: Sequence[NeckParameters] = (EARLIER, LATER)
) -> tuple[Path, Path]:
    """Make two dates, ``earlier`` and ``later``, and return where they are."""
    made = []
    for name, neck, day in zip(("earlier", "later"), necks, ("20240110", "20250112"), strict=True):
        make_study(folder / name, neck=neck, scan=SCAN)
        study = folder / name / "study"
        dated(study, day)
        made.append(study)
    return made[0], made[1]


def pair_of(once: Callable[..., Any]) -> tuple[Path, Path]:
    """Return where two dates lie that all tests of a run share."""
    found: tuple[Path, Path] = once("dates", make_pair)
    return found


def comparison_of(once: Callable[..., Any]) -> Comparison:
    """Return the comparison of these two dates."""

    def make(_: Path) -> Comparison:
        return compare(*(Dated.of(open_study(path)) for path in pair_of(once)))

    found: Comparison = once("compared", make)
    return found
