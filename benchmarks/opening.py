"""From a folder to the first fused picture: ours against SimpleITK, and against reading bytes.

A 400-slice CT (512 × 512, int16, uncompressed) and a 128³ NM are written to a temporary folder.
Each contender runs in a process of its own, alternating, several times; the best of each counts,
because the machine is shared. "Warm" means that the files are in the page cache.

- ``bytes``: read every file of the study, and nothing else. The floor.
- ``SimpleITK``: GDCMSeriesFileNames + ImageSeriesReader for the CT, ReadImage for the NM, Resample
  of the NM onto the CT, and the three fused planes through its middle.
- ``facetfusion``: ``open_study`` (header pass, geometry checks, pairing, quantity) and the same
  three planes.
- ``facetfusion, whole``: the same, but with the whole volume resampled as SimpleITK did.

Run: ``python -m benchmarks.opening [--slices 400] [--rounds 5]``
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.ratios import Ratio, record


def make(folder: Path, slices: int) -> None:
    from tests.dicom import ct_objects as ct
    from tests.dicom import nm_objects as nm
    from tests.studies import FRAME, STUDY

    rng = np.random.default_rng(1)
    (folder / "CT").mkdir(parents=True)
    noise = rng.integers(0, 1500, (512, 512)).astype(np.int16)

    def common(k: int, ds) -> None:
        ds.StudyInstanceUID, ds.FrameOfReferenceUID = STUDY, FRAME
        ds.PatientName, ds.PatientID, ds.PatientSex = "No^Body", "1", "O"
        ds.PixelSpacing = [0.9, 0.9]

    ct.ROWS = ct.COLUMNS = 512
    written = ct.write_series(folder / "CT", ct.stacked(count=slices, step_mm=1.0), edit=common)
    for path in written.paths:  # replace the markers' empty pixels by noise
        data = path.read_bytes()
        path.write_bytes(data[: -noise.nbytes] + noise.tobytes())
    pixels = rng.poisson(20, (128, 128, 128)).astype(np.uint16)
    ds = nm.recon(pixels, spacing=-4.0)
    ds.PixelSpacing = [4.0, 4.0]
    ds.DetectorInformationSequence[0].ImagePositionPatient = [-40.0, -50.0, 350.0]
    (folder / "NM").mkdir()
    nm.write(ds, folder / "NM" / "nm.dcm")


def read_bytes(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.read_bytes()


def simpleitk(folder: Path) -> None:
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "CT")))
    fixed = reader.Execute()
    moving = sitk.ReadImage(str(folder / "NM" / "nm.dcm"), sitk.sitkFloat32)
    moved = sitk.Resample(moving, fixed, sitk.Transform(), sitk.sitkLinear, float("nan"))
    blend(sitk.GetArrayViewFromImage(fixed), sitk.GetArrayViewFromImage(moved))


def blend(ct, spect) -> None:
    for axis in range(3):
        index = ct.shape[axis] // 2
        np.take(ct, index, axis) * 0.5 + np.nan_to_num(np.take(spect, index, axis)) * 0.5


def facetfusion(folder: Path) -> None:
    import fusion

    review = fusion.open_study(folder)
    for axis in range(3):
        index = review.fused.display_grid.shape[axis] // 2
        spect = review.fused.spect_plane(axis, index)
        review.fused.ct_plane(axis, index) * 0.5 + np.nan_to_num(spect) * 0.5


def facetfusion_whole(folder: Path) -> None:
    import fusion

    review = fusion.open_study(folder)
    blend(review.fused.ct_display(), review.fused.spect_display())


CONTENDERS = {
    "bytes": read_bytes,
    "SimpleITK": simpleitk,
    "facetfusion": facetfusion,
    "facetfusion, whole": facetfusion_whole,
}


def child(name: str, folder: str) -> None:
    whole = time.perf_counter()
    if name == "SimpleITK":
        import SimpleITK  # noqa: F401
    elif name.startswith("facetfusion"):
        import fusion.review  # noqa: F401
    imported = time.perf_counter()
    CONTENDERS[name](Path(folder))
    done = time.perf_counter()
    print(json.dumps({"import": imported - whole, "work": done - imported}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", nargs=2)
    args = parser.parse_args()
    if args.child:
        child(*args.child)
        return
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), args.slices)
        times: dict[str, list[dict[str, float]]] = {key: [] for key in CONTENDERS}
        for _ in range(args.rounds):
            for key in CONTENDERS:
                command = [sys.executable, "-m", "benchmarks.opening", "--child", key, name]
                out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                times[key].append(json.loads(out))
    work = {key: min(t["work"] for t in runs) for key, runs in times.items()}
    total = {key: min(t["work"] + t["import"] for t in runs) for key, runs in times.items()}
    print(f"{args.slices} CT slices of 512 × 512 and a 128³ NM, best of {args.rounds}")
    print("| contender | × bytes | × SimpleITK | × SimpleITK, import included |")
    print("|---|---|---|---|")
    for key in CONTENDERS:
        row = (
            work[key] / work["bytes"],
            work[key] / work["SimpleITK"],
            total[key] / total["SimpleITK"],
        )
        print(f"| {key} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
    peer = "SimpleITK, read and resampled"
    first, whole = work["facetfusion"], work["facetfusion, whole"]
    alone = total["facetfusion"] / total["SimpleITK"]
    record(
        [
            Ratio("first fused picture", peer, first / work["SimpleITK"], 0.2),
            Ratio("the same, imports included", peer, alone, 0.4),
            Ratio("whole volume resampled", peer, whole / work["SimpleITK"]),
        ]
    )


if __name__ == "__main__":
    main()
