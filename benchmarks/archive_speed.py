"""Getting and sending 400 CT slices, beside DCMTK's own tools against the same Orthanc.

python -m benchmarks.archive_speed [--slices 400] [--rounds 3]

Ratios of the medians; the two take turns, so that a busy machine is busy for both. Processor time
is that of the program and of DCMTK's, without the archive's own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom

from benchmarks.ratios import Ratio, record
from fusion.archive.getting import get
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import read_settings
from tests.export.dicom.pacs import ARCHIVE, CLIENT, running
from tests.studies import STUDY, write_ct


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "orthanc") as pacs:
        folder = Path(name)
        files = slices(folder / "ct", args.slices)
        (folder / "archives.toml").write_text(
            f'title = "{CLIENT}"\ninbox = "inbox"\n[archives.pacs]\nkind = "dimse"\n'
            f'title = "{ARCHIVE}"\nhost = "127.0.0.1"\nport = {pacs.dicom_port}\n'
            f'[archives.web]\nkind = "web"\n'
            f'url = "http://127.0.0.1:{pacs.http_port}/dicom-web"\n'
        )
        settings = read_settings(folder / "archives.toml")
        taken: dict[str, list[float]] = {}
        worked: dict[str, list[float]] = {}

        def timed(what: str, run: Callable[[], object]) -> None:
            began, before = time.perf_counter(), sum(os.times()[:4])
            run()
            taken.setdefault(what, []).append(time.perf_counter() - began)
            worked.setdefault(what, []).append(sum(os.times()[:4]) - before)

        refused: list[str] = []
        for _ in range(args.rounds):
            pacs.forget()
            timed("send: ours (DIMSE)", lambda: connect(settings, "pacs").store(
                files, lambda path, why: refused.append(why)))  # fmt: skip
            pacs.forget()
            timed("send: ours (web)", lambda: connect(settings, "web").store(
                files, lambda path, why: refused.append(why)))  # fmt: skip
            pacs.forget()
            timed("send: dcmtk", lambda: pacs.store(files))
            for way in ("pacs", "web"):
                shutil.rmtree(folder / "inbox", ignore_errors=True)
                timed(f"get: ours ({way})", lambda way=way: get(
                    connect(settings, way), STUDY, settings=settings))  # fmt: skip
            shutil.rmtree(folder / "dcmtk", ignore_errors=True)
            timed("get: dcmtk", lambda: pacs.get(STUDY, folder / "dcmtk"))
        assert not any(refused)
        for what, times in sorted(taken.items()):
            as_dcmtk = f"{what.split(':')[0]}: dcmtk"
            peer, middle = statistics.median(taken[as_dcmtk]), statistics.median(times)
            own, others = statistics.median(worked[what]), statistics.median(worked[as_dcmtk])
            print(
                f"{what:<20} {middle:6.2f} s   {middle / peer:4.2f} × dcmtk   "
                f"{own:6.2f} s of the processor   {own / others:4.2f} ×"
            )
            if not what.endswith("dcmtk"):
                record([Ratio(f"{args.slices} CT slices, {what}", "DCMTK", middle / peer, 2.0)])


def slices(folder: Path, count: int) -> list[Path]:
    """Slices of 512 × 512, half a megabyte each, of noise that does not compress."""
    write_ct(folder)
    header = pydicom.dcmread(min(folder.iterdir()))
    for path in folder.iterdir():
        path.unlink()
    rng = np.random.default_rng(1)
    header.Rows = header.Columns = 512
    files = []
    for k in range(count):
        header.SOPInstanceUID = f"1.2.3.4.5.9.{k + 1}"
        header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
        header.ImagePositionPatient = [0, 0, float(k)]
        header.InstanceNumber = k + 1
        header.PixelData = rng.integers(0, 4096, (512, 512), dtype=np.uint16).tobytes()
        files.append(folder / f"{k:04d}.dcm")
        header.save_as(files[-1])
    return files


if __name__ == "__main__":
    main()
