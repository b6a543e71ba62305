"""Open thousands of hostile files, each in a process of its own, and look for what fails.

A case is one file or folder, changed at random in a way that knows its structure, and opened as the
program opens it. It passes where it is opened, or refused in a sentence. It fails where it ends in
anything but a ``FusionError``, kills the process, takes more than 5 s of processor time or 1 GiB
of memory, or, for a journal, where less comes back than was saved and nothing is said.

Run: ``nice python benchmarks/hostile_input.py KIND … [--cases 500] [--seed 1] [--keep DIR]``
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import hostile_kinds

#: Processor time of one case, s, and memory above what the program itself takes, bytes.
LIMIT_S = 5
LIMIT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of input.

    Parameters
    ----------
    base : callable
        Makes one sound input in a folder.
    change : callable
        Damages a copy of it.
    use : callable
        Opens it as the program does, and returns whether it was opened whole.
    """

    base: Callable[[Path], None]
    change: Callable[[Path, random.Random], str]
    use: Callable[[Path], None]


def outcome(kind: Kind, folder: Path) -> str:
    """Open one case in a process of its own; return how it ended."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        said = "fault of this driver"
        try:
            said = _used(kind, folder)
        finally:
            os.write(write, said.encode("utf-8", "replace")[:4000])
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status, used = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return f"DIED of {name}" if name != "SIGXCPU" else f"TIME above {LIMIT_S} s"
    if used.ru_utime + used.ru_stime > LIMIT_S:
        return f"TIME {used.ru_utime + used.ru_stime:.1f} s: {said}"
    return said


def _used(kind: Kind, folder: Path) -> str:
    from fusion.errors import FusionError, ProgramFault

    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S + 5, LIMIT_S + 10))
        try:
            kind.use(folder)
        except ProgramFault as exc:
            return f"FAULT {exc}"
        except FusionError:
            ended = "refused"
        except BaseException as exc:  # noqa: BLE001 - that is what is looked for
            at = traceback.extract_tb(exc.__traceback__)[-3:]
            places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(at))
            return f"TRACEBACK {type(exc).__name__} {str(exc)[:80]!r} {places}"
        else:
            ended = "opened"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - now
    return ended if grown < LIMIT_BYTES else f"MEMORY {grown / 2**20:.0f} MiB, {ended}"


def run(name: str, options: argparse.Namespace) -> int:
    """Run all cases of one kind; return how many failed."""
    kind = Kind(*hostile_kinds.KINDS[name])
    counts: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch, "base")
        base.mkdir()
        kind.base(base)
        sound = Path(scratch, "sound")
        shutil.copytree(base, sound)
        kind.use(sound)  # loads what is needed once, and has to pass
        for n in range(options.first, options.first + options.cases):
            case = Path(scratch, "case")
            shutil.copytree(base, case)
            what = kind.change(case, random.Random(f"{name} {options.seed} {n}"))
            kept = Path(scratch, "kept")
            if options.keep:
                shutil.copytree(case, kept)
            ended = outcome(kind, case)
            counts[ended.split(" /")[0][:160]] += 1
            if ended not in ("opened", "refused"):
                print(f"{name} {n} ({what}): {ended}", flush=True)
                if options.keep:
                    shutil.copytree(kept, options.keep / f"{name}-{n}", dirs_exist_ok=True)
            shutil.rmtree(case, ignore_errors=True)
            shutil.rmtree(kept, ignore_errors=True)
            if time.monotonic() - started > options.seconds:
                break
    failed = sum(counts.values()) - counts["opened"] - counts["refused"]
    print(
        f"{name}: {sum(counts.values())} cases, {counts['opened']} opened, {counts['refused']} "
        f"refused, {failed} failed ({time.monotonic() - started:.0f} s)",
        flush=True,
    )
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kinds", nargs="+", choices=[*hostile_kinds.KINDS, "all"])
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600, help="stop a kind after this long")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the cases that fail")
    options = parser.parse_args()
    names = list(hostile_kinds.KINDS) if "all" in options.kinds else options.kinds
    return min(1, sum(run(name, options) for name in names))


if __name__ == "__main__":
    sys.exit(main())
