"""Make a cohort of small simulated studies, some of them bad: ``python -m benchmarks.cohort.made``.

A few necks are made whole (:data:`sample_data.COARSE_SCAN`, cropped); every study takes the CT of
one of them as hard links, and its SPECT with counts drawn anew, so that no two have the same
pixels. What is expected of each stands in ``expected.csv`` beside the folder of the studies.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom

from sample_data import COARSE_SCAN, NeckParameters, make_study

#: Field of the CT of the necks: enough for every joint, and no more.
SCAN = replace(COARSE_SCAN, ct_shape=(84, 72, 104), ct_top_mm=144.0, spect_shape=(40, 48, 48))
NM = "NM_RECON_TOMO.dcm"
#: Files that :mod:`benchmarks.cohort.bad_disk` does not let a process read as usual.
HANGS, BREAKS = "hangs.dcm", "breaks.dcm"


def cut(study: Path, nm: pydicom.Dataset) -> None:
    """Write half of the SPECT."""
    path = study / "NM" / NM
    nm.save_as(path)
    os.truncate(path, path.stat().st_size // 2)


def garbage(study: Path, nm: pydicom.Dataset) -> None:
    """Write noise where the SPECT should be."""
    (study / "NM" / NM).write_bytes(np.random.default_rng(7).bytes(40_000))


def without_spect(study: Path, nm: pydicom.Dataset) -> None:
    """Write no SPECT."""
    shutil.rmtree(study / "NM")


def of_another(study: Path, nm: pydicom.Dataset) -> None:
    """State another patient in the SPECT."""
    nm.PatientName, nm.PatientID, nm.PatientBirthDate = "OTHER^PERSON", "4711", "19310203"
    nm.save_as(study / "NM" / NM)


def other_frame(study: Path, nm: pydicom.Dataset) -> None:
    """State another Frame of Reference in the SPECT."""
    nm.FrameOfReferenceUID = f"{nm.FrameOfReferenceUID[:40]}.99"
    nm.save_as(study / "NM" / NM)


def moved(study: Path, nm: pydicom.Dataset) -> None:
    """Let the patient lie elsewhere than on the CT, and the files not know of it."""
    for detector in nm.DetectorInformationSequence:
        x, y, z = detector.ImagePositionPatient
        detector.ImagePositionPatient = [x + 9.0, y - 8.0, z]
    nm.save_as(study / "NM" / NM)


def without_spacing(study: Path, nm: pydicom.Dataset) -> None:
    """Leave out the distance between the slices of the SPECT."""
    del nm.SpacingBetweenSlices
    if "SliceThickness" in nm:
        del nm.SliceThickness
    nm.save_as(study / "NM" / NM)


def hanging(study: Path, nm: pydicom.Dataset) -> None:
    """Add a file that is never read to its end."""
    nm.save_as(study / "NM" / NM)
    (study / "NM" / HANGS).write_bytes(b"\0" * 200)


def breaking(study: Path, nm: pydicom.Dataset) -> None:
    """Add a file that ends the process that reads it."""
    nm.save_as(study / "NM" / NM)
    (study / "NM" / BREAKS).write_bytes(b"\0" * 200)


def enormous(study: Path, nm: pydicom.Dataset) -> None:
    """Write a SPECT of 2 GB; most of it takes no room on the disk."""
    side, frames = 1024, 1000
    nm.Rows = nm.Columns = side
    nm.NumberOfFrames = nm.NumberOfSlices = frames
    nm.PixelSpacing, nm.SliceThickness = [1.0, 1.0], 1.0
    nm.SpacingBetweenSlices = float(np.sign(nm.SpacingBetweenSlices))
    nm.SliceVector = list(range(1, frames + 1))
    path, pixels = study / "NM" / NM, nm.pop("PixelData")
    del pixels
    nm.save_as(path)
    with path.open("ab") as file:
        file.write(b"\xe0\x7f\x10\x00OW\0\0" + (side * side * frames * 2).to_bytes(4, "little"))
        file.truncate(file.tell() + side * side * frames * 2)


#: Kinds of bad studies, and what has to come of them.
BAD: dict[str, tuple[Callable[[Path, pydicom.Dataset], None], str]] = {
    "cut": (cut, "unreadable"),
    "garbage": (garbage, "unreadable"),
    "without-spect": (without_spect, "refused"),
    "of-another": (of_another, "refused"),
    "other-frame": (other_frame, "needs a person"),
    "without-spacing": (without_spacing, "needs a person"),
    "moved": (moved, "needs a person"),
    "hanging": (hanging, "timeout"),
    "breaking": (breaking, "crashed"),
    "enormous": (enormous, "out of memory"),
}


def make_cohort(
    folder: Path, count: int, *, bad: float = 0.05, necks: int = 4, kinds: tuple[str, ...] = ()
) -> dict[str, str]:
    """Make a cohort; return what is expected of each study.

    Parameters
    ----------
    folder : Path
        Is created; the studies go to ``folder/root``.
    count : int
        Number of studies.
    bad : float
        Share of them that is bad, in equal parts of each kind; at least one of each of ``kinds``.
    necks : int
        Number of different CTs.
    kinds : tuple of str
        Which of :data:`BAD`; all by default.
    """
    root, made = folder / "root", folder / "necks"
    root.mkdir(parents=True)
    for n in range(min(necks, count)):
        make_study(made / str(n), neck=NeckParameters(seed=n + 1), scan=SCAN)
    names = tuple(kinds or BAD)
    number = max(round(count * bad), len(names)) if bad else 0
    which = {round((k + 0.5) * count / number): names[k % len(names)] for k in range(number)}
    expected = {}
    rng = np.random.default_rng(20261130)
    for n in range(count):
        source = made / str(n % min(necks, count)) / "study"
        study = root / f"DOE_JANE_{n:04d}"
        shutil.copytree(source / "CT", study / "CT", copy_function=os.link)
        (study / "NM").mkdir()
        nm = pydicom.dcmread(source / "NM" / NM)
        counts = np.frombuffer(nm.PixelData, np.uint16)
        nm.PixelData = rng.poisson(counts).clip(0, 65535).astype(np.uint16).tobytes()
        if n in which:
            spoil, expected[study.name] = BAD[which[n]]
            spoil(study, nm)
        else:
            expected[study.name] = "ok"
            nm.save_as(study / "NM" / NM)
    with (folder / "expected.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("place", "outcome"), *expected.items()])
    return expected


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--bad", type=float, default=0.05, help="their share, 0 to 1")
    parser.add_argument("--necks", type=int, default=4)
    args = parser.parse_args()
    expected = make_cohort(args.folder, args.count, bad=args.bad, necks=args.necks)
    print(f"{len(expected)} studies in {args.folder / 'root'}")


if __name__ == "__main__":
    main()
