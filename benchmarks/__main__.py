"""Every timed benchmark, one after the other, and their ratios in one table.

Run: ``make bench``, or ``python -m benchmarks [NAME …]``

What a benchmark needs and this machine lacks (an archive, a screen) leaves a sentence in place of
its ratios.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.ratios import RATIOS_FILE, Ratio, recorded
from fusion.software import own_version

#: By name: the command that runs it, short enough for a person to wait.
BENCHMARKS = {
    "starting": ["benchmarks.starting"],
    "opening": ["benchmarks.opening", "--rounds", "3"],
    "resampling": ["benchmarks.resampling"],
    "viewer": ["benchmarks.viewer.scrolling", "--rounds", "2"],
    "archive": ["benchmarks.archive_speed", "--slices", "200", "--rounds", "3"],
}
#: Longest that one may take, s.
LIMIT_S = 900


def machine() -> str:
    """Return what the ratios were measured on, in one line."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    packages = ", ".join(f"{one} {version(one)}" for one in ("numpy", "SimpleITK", "pydicom"))
    return (
        f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; "
        f"{platform.system()}, Python {platform.python_version()}, {packages}; "
        f"facetfusion {own_version()}"
    )


def measured(command: list[str]) -> tuple[list[Ratio], str]:
    """Run one benchmark; return its ratios, and why there are none."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "ratios"
        environment = {**os.environ, RATIOS_FILE: str(file)}
        try:
            run = subprocess.run(
                [sys.executable, "-m", *command],
                env=environment,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [], f"not done after {LIMIT_S} s"
        print(run.stdout, flush=True)
        said = run.stderr.strip().splitlines()
        why = "" if run.returncode == 0 else (said[-1] if said else f"ended with {run.returncode}")
        return recorded(file), why


def main() -> int:
    """Run them and print the table; 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    stated = machine()
    rows, failed = [], False
    for name in names:
        print(f"# {name}", flush=True)
        ratios, why = measured(BENCHMARKS[name])
        failed |= bool(why)
        rows += [
            f"| {name} | {one.what} | {one.against} | {one.ratio:.2f} | "
            f"{'' if one.aim is None else f'≤ {one.aim:g}'} |"
            for one in ratios
        ]
        if why:
            rows.append(f"| {name} | not measured: {why} | | | |")
    print(f"{stated}\n\n| benchmark | what | against | ratio | aim |\n|---|---|---|---|---|")
    print("\n".join(rows))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
