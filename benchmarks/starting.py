"""Processor time of commands that people wait for, against starting Python and its packages.

``facetfusion --help`` beside Python itself, and ``facetfusion scan`` of the sample study beside
importing pydicom and numpy, which reading DICOM cannot do without. Whole processes, in turns; the
least of some rounds counts, because other jobs only ever add.

Run: ``python -m benchmarks.starting [--rounds 7]``
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ratios import Ratio, record
from sample_data import make_study


def processor_s(command: list[str]) -> float:
    """Return the processor time of a process, s."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        study = Path(name) / "study"
        make_study(study)
        ours = [sys.executable, "-m", "fusion.cli"]
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "packages": [sys.executable, "-c", "import numpy, pydicom"],
            "help": [*ours, "--help"],
            "scan": [*ours, "scan", str(study)],
        }
        least = dict.fromkeys(commands, float("inf"))
        for _ in range(rounds):
            for key, command in commands.items():
                least[key] = min(least[key], processor_s(command))
    for key, seconds in least.items():
        print(f"{key:10s}{seconds:8.3f} s of processor time")
    record(
        [
            Ratio("facetfusion --help", "starting Python", least["help"] / least["python"]),
            Ratio(
                "facetfusion scan, sample study",
                "importing numpy and pydicom",
                least["scan"] / least["packages"],
            ),
        ]
    )


if __name__ == "__main__":
    main()
