"""Kill a cohort again and again: ``python -m benchmarks.cohort.kills FOLDER --kills 100``.

The runner, or a process that it started, is ended with ``kill -9`` at a random moment. Whenever the
cohort is done after all, its tables are held, byte for byte, against those of a run that nobody
disturbed; then it begins anew until there were enough kills.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.cohort.made import make_cohort

TABLES = ("studies.csv", "joints.csv", "joints.parquet", "columns.json")
#: A kill comes this long after a study began, s, on average: as likely in its first second as in
#: any other, and sometimes after it was done.
USUAL_WAIT_S = 10.0
KINDS = ("cut", "garbage", "without-spect", "of-another", "other-frame", "without-spacing")


def started(root: Path, out: Path) -> subprocess.Popen[bytes]:
    """Start a runner."""
    command = (sys.executable, "-m", "fusion.cli", "cohort", "run", str(root), "--to", str(out))
    return subprocess.Popen([*command, "--no-pages", "--workers", "2"], stdout=subprocess.DEVNULL)


def children_of(pid: int) -> list[int]:
    """Return what a runner started: processes that hold the program, and theirs, the studies."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in task.read_text().split()]
    return found + [one for child in found for one in children_of(child)]


def disturbed(root: Path, out: Path, rng: random.Random, kills: int) -> dict[str, int]:
    """Run a cohort to its end, killing as often as is asked for at most; return what was killed.

    Of each runner up to three studies are killed while they are measured, then the runner itself.
    """
    done = {"runner": 0, "study": 0}
    while True:
        process = started(root, out)
        studies = rng.randrange(4)
        while process.poll() is None and sum(done.values()) < kills:
            children = children_of(process.pid)
            if not children:
                time.sleep(0.05)
                continue
            time.sleep(rng.expovariate(1 / USUAL_WAIT_S))
            if studies:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(rng.choice(children), signal.SIGKILL)
                    done["study"] += 1
                    print(".", end="", flush=True)
                    studies -= 1
            elif process.poll() is None:
                process.kill()
                done["runner"] += 1
                print("R", end="", flush=True)
                break
        if process.wait() == 0:
            return done


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--count", type=int, default=9)
    args = parser.parse_args()
    make_cohort(args.folder, args.count, bad=len(KINDS) / args.count, necks=1, kinds=KINDS)
    root, whole = args.folder / "root", args.folder / "whole"
    assert started(root, whole).wait() == 0
    rng, total, rounds = random.Random(16), {"runner": 0, "study": 0}, 0
    while sum(total.values()) < args.kills:
        out = args.folder / f"out{rounds}"
        for kind, n in disturbed(root, out, rng, args.kills - sum(total.values())).items():
            total[kind] += n
        rounds += 1
        unlike = [n for n in TABLES if (out / n).read_bytes() != (whole / n).read_bytes()]
        left = list((out / "studies").glob(".*.part"))
        twice = [key for key, n in counted(out).items() if n > 1]
        print(
            f"\nround {rounds}: {total} kills so far; tables unlike: {unlike}; left behind: "
            f"{len(left)}; finished twice: {len(twice)}",
            flush=True,
        )
        if unlike:
            raise SystemExit(1)


def counted(out: Path) -> dict[str, int]:
    """Return how often each result was finished."""
    found: dict[str, int] = {}
    for line in (out / "private" / "work.log").read_text("utf-8").splitlines():
        word, key, *_ = line.split()
        if word == "done":
            found[key] = found.get(key, 0) + 1
    return found


if __name__ == "__main__":
    main()
