"""Processor time of whole processes, start-up, import and preparation included.

``python -m benchmarks.registration.timing --peers PYTHON CASE.npz ...`` with the interpreter that
has the peers (see ``peers.py``) and cases written by ``export.py``. The contenders take turns; the
least of some rounds is kept, because other jobs only ever add.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOOLS = ("ours", "greedy", "elastix", "ants")


def measure(tool: str, python: Path, paths: list[Path], folder: Path) -> tuple[float, float]:
    """Return processor and wall seconds of one process over all cases."""
    rows = str(folder / "rows.jsonl")
    if tool == "ours":
        module = "benchmarks.registration.export"
        command = [sys.executable, "-m", module, "--rows", rows, "--time", *map(str, paths)]
    else:
        script = str(Path(__file__).with_name("peers.py"))
        command = [str(python), script, tool, rows, *map(str, paths)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, wall


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=Path, required=True)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("cases", type=Path, nargs="+")
    chosen = options.parse_args()
    best = {tool: (float("inf"), float("inf")) for tool in TOOLS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(chosen.rounds):
            for tool in TOOLS:
                found = measure(tool, chosen.peers, chosen.cases, Path(folder))
                best[tool] = (min(best[tool][0], found[0]), min(best[tool][1], found[1]))
                print(tool, f"{found[0]:.2f} s of processor, {found[1]:.2f} s", flush=True)
    for tool, (spent, wall) in best.items():
        print(
            f"{tool}: {spent:.2f} s of processor ({spent / best['ours'][0]:.2f} x ours), "
            f"{wall:.2f} s ({wall / best['ours'][1]:.2f} x ours)"
        )


if __name__ == "__main__":
    main()
