"""Peak memory and processor time of whole commands on whole-body studies.

The study: the sample patient from skull to chest, his chest repeated downwards until there are as
many slices of 512 × 512 as asked for, and a SPECT of 256³ over the upper 61 cm. The peak is the
most that a command and all processes that it starts hold at one time (resident memory; what they
share counts for each). It is looked at 200 times a second, and the system's own record of the
command itself is taken where it is higher.

Run: ``nice python -m benchmarks.memory [--slices 1000 2000] [--compressed] [--keep FOLDER]``
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Slices that are simulated; those below repeat the lowest ones.
_SIMULATED, _REPEATED = 176, 40
#: Most memory of each command, MiB, by the number of slices.
LIMITS_MIB = {
    1000: {"scan": 400, "facets": 1024, "fuse": 1536},
    2000: {"scan": 600, "facets": 2560, "fuse": 2560},
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command took."""

    peak_mib: float
    processor_s: float
    code: int


def make(folder: Path, slices: int, *, compressed: bool = False) -> Path:
    """Write the study; return its folder."""
    import numpy as np

    from sample_data.anatomy import build_anatomy
    from sample_data.dicom import write_ct, write_nm
    from sample_data.parameters import NeckParameters, ScanParameters
    from sample_data.scanner import acquire_ct, acquire_spect

    neck = NeckParameters()
    scan = ScanParameters(
        ct_shape=(_SIMULATED, 512, 512),
        ct_spacing_mm=(1.25, 0.8, 0.8),
        spect_shape=(256, 256, 256),
        spect_voxel_mm=2.4,
    )
    anatomy = build_anatomy(neck)
    ct = acquire_ct(anatomy, neck, scan)
    down = -1 if ct.grid.affine[2, 0] > 0 else 1  # from the head to the feet in the array
    stored = ct.stored[::down]
    lowest = stored[-_REPEATED:]
    there_and_back = np.concatenate([lowest[::-1], lowest])
    rows = np.arange(slices - _SIMULATED) % len(there_and_back)
    stored = np.concatenate([stored, there_and_back[rows]])
    affine = ct.grid.affine.copy()
    if down < 0:
        affine[:3, 3] -= affine[:3, 0] * (slices - _SIMULATED)
    grid = replace(ct.grid, shape=stored.shape, affine=affine)
    paths = write_ct(folder, replace(ct, stored=stored[::down], grid=grid), neck=neck, scan=scan)
    if compressed:
        _compress(paths)
    write_nm(folder, acquire_spect(anatomy, neck, scan), neck=neck, scan=scan)
    return folder


def _compress(paths: list[Path]) -> None:
    from pydicom import dcmread
    from pydicom.uid import JPEGLSLossless

    for path in paths:
        ds = dcmread(path)
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
        ds.save_as(path)


def measured(command: list[str]) -> Spent:
    """Run a command and look at the memory of it and its children while it lives."""
    started = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.005):
            peak = max(peak, sum(_resident(pid) for pid in _family(started.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(started.pid, 0)
    ended.set()
    watcher.join()
    started.returncode = os.waitstatus_to_exitcode(status)
    own = usage.ru_maxrss * 1024
    return Spent(max(peak, own) / 2**20, usage.ru_utime + usage.ru_stime, started.returncode)


def _family(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    except OSError:  # it has ended
        pass
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def commands(study: Path, out: Path) -> dict[str, list[str]]:
    """Return the commands, by name."""
    program = [sys.executable, "-m", "fusion.cli"]
    return {
        "scan": [*program, "scan", str(study), "--json"],
        "facets": [*program, "facets", str(study), "--json"],
        "fuse": [*program, "fuse", str(study), "--to", str(out)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slices", type=int, nargs="+", default=[1000, 2000])
    parser.add_argument("--compressed", action="store_true", help="CT in JPEG-LS")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the studies, or use them")
    options = parser.parse_args()
    failed = 0
    print(
        "| slices | command | peak, MiB | limit | processor s | exit |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for slices in options.slices:
            name = f"{slices}{'-compressed' * options.compressed}"
            study = Path(options.keep or scratch, name)
            if not study.exists():
                # Not here: a process that is started takes over the peak of the one that starts it.
                making = multiprocessing.get_context("spawn").Process(
                    target=make, args=(study, slices), kwargs={"compressed": options.compressed}
                )
                making.start()
                making.join()
            out = Path(scratch, f"out-{name}-{time.monotonic_ns()}")
            limits = LIMITS_MIB.get(slices, {})
            for command, words in commands(study, out).items():
                spent = measured(words)
                limit = limits.get(command)
                failed += spent.code != 0 or (limit is not None and spent.peak_mib > limit)
                print(
                    f"| {slices:,} | `{command}` | {spent.peak_mib:,.0f} | {limit or ''} "
                    f"| {spent.processor_s:.1f} | {spent.code} |",
                    flush=True,
                )
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())
