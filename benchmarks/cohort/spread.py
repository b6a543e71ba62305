"""How well a Dask cluster spreads studies: ``python -m benchmarks.cohort.spread FOLDER``.

Every study waits for a disk that does not answer until its time is over, so that each takes the
same time however busy the machine is. Ideal is the time of all studies over the number of workers.
Two shares of it are told: of the time from the first study's beginning to the last one's end, which
is what handing out costs, and of the whole command, which also starts Python, connects, and writes
tables and page, however few studies there are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

BAD_DISK = Path(__file__).parent / "bad_disk"


def main() -> None:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--studies", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--port", type=int, default=18786)
    args = parser.parse_args()
    root = args.folder / "root"
    for n in range(args.studies):
        (root / f"s{n}").mkdir(parents=True)
        (root / f"s{n}" / "hangs.dcm").write_bytes(b"\0" * 200)
    address = f"tcp://127.0.0.1:{args.port}"
    dask = str(Path(sys.executable).with_name("dask"))
    environment = {**os.environ, "PYTHONPATH": f"{BAD_DISK}{os.pathsep}{Path.cwd()}"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    scheduler = subprocess.Popen(
        [dask, "scheduler", "--host", "127.0.0.1", "--port", str(args.port)], **quiet
    )
    workers = subprocess.Popen(
        [dask, "worker", address, "--nworkers", str(args.workers), "--nthreads", "1"], **quiet
    )
    try:
        for turn in ("with starting everything", "warm"):
            command = ["cohort", "run", str(root), "--dask", address, "--no-pages", "--timeout"]
            out = args.folder / f"out-{turn.replace(' ', '-')}"
            begun = time.monotonic()
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "fusion.cli",
                    *command,
                    str(args.seconds),
                    "--to",
                    str(out),
                ],
                check=True,
                env=environment,
            )
            whole = time.monotonic() - begun
            ideal = args.studies * args.seconds / args.workers
            private = out / "private"
            # A log is made when its study begins, and nothing is written to it.
            first = min(log.stat().st_mtime for log in (private / "logs").iterdir())
            last = max(record.stat().st_mtime for record in (private / "places").iterdir())
            print(
                f"{turn}: ideal {ideal:.1f} s; studies {last - first:.1f} s, "
                f"{ideal / (last - first):.3f}; whole command {whole:.1f} s, {ideal / whole:.3f}",
                flush=True,
            )
    finally:
        for process in (workers, scheduler):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
