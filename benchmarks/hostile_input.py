"""Open thousands of hostile files in processes that may die of them, and look for what fails.

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.hostile import kinds

#: Processor time of one case, s, and memory above what the program itself takes, bytes.
LIMIT_S = 5
LIMIT_BYTES = 1 << 30
#: Cases that share a process until one of them ends it.
TOGETHER = 50


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


def batch(
    kind: Kind, base: Path, numbers: range, options: argparse.Namespace
) -> Iterator[tuple[int, str, str]]:
    """Open cases one after the other in a process of their own; yield number, change and ending.

    The process ends with a case that kills it; the next ones get another.
    """
    while numbers:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            with contextlib.suppress(BaseException), os.fdopen(write, "w") as said:
                for n in numbers:
                    _case(kind, base, n, options, said)
            os._exit(0)
        os.close(write)
        begun: tuple[int, str] | None = None
        with os.fdopen(read, encoding="utf-8", errors="replace") as pipe:
            for line in pipe:
                number, _, rest = line.rstrip("\n").partition("\t")
                what, _, ended = rest.partition("\t")
                begun = (int(number), what)
                if ended:
                    yield *begun, ended
                    numbers, begun = numbers[1:], None
        _, status = os.waitpid(child, 0)
        if numbers and not os.WIFSIGNALED(status):
            yield numbers[0], begun[1] if begun else "", "DIED without a signal"
        elif numbers:
            name = signal.Signals(os.WTERMSIG(status)).name
            why = f"TIME above {LIMIT_S} s" if name == "SIGPROF" else f"DIED of {name}"
            yield numbers[0], begun[1] if begun else "", why
        numbers = numbers[1:]


def _case(kind: Kind, base: Path, n: int, options: argparse.Namespace, said: TextIO) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        case = Path(scratch, "case")
        shutil.copytree(base, case)
        what = kind.change(case, random.Random(f"{options.kind} {options.seed} {n}"))
        said.write(f"{n}\t{what}\n")
        said.flush()
        kept = options.keep / f"{options.kind}-{n}" if options.keep else None
        if kept:
            shutil.copytree(case, kept, dirs_exist_ok=True)
        ended = _used(kind, case)
        said.write(f"{n}\t{what}\t{ended}\n")
        said.flush()
        if kept and ended in ("opened", "refused"):
            shutil.rmtree(kept)


def _used(kind: Kind, folder: Path) -> str:
    from fusion.errors import FusionError, ProgramFault

    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        signal.setitimer(signal.ITIMER_PROF, 2 * LIMIT_S)
        begun = time.process_time()
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
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    took = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - now
    if took > LIMIT_S:
        return f"TIME {took:.1f} s, {ended}"
    return ended if grown < LIMIT_BYTES else f"MEMORY {grown / 2**20:.0f} MiB, {ended}"


def run(name: str, options: argparse.Namespace) -> int:
    """Run all cases of one kind; return how many failed."""
    kind = Kind(*kinds.KINDS[name])
    options.kind = name
    counts: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch, "base")
        base.mkdir()
        kind.base(base)
        sound = Path(scratch, "sound")
        shutil.copytree(base, sound)
        kind.use(sound)  # loads what is needed once, and has to pass
        last = options.first + options.cases
        for first in range(options.first, last, TOGETHER):
            some = range(first, min(first + TOGETHER, last))
            for n, what, ended in batch(kind, base, some, options):
                counts[ended.split(" /")[0][:160]] += 1
                if ended not in ("opened", "refused"):
                    print(f"{name} {n} ({what}): {ended}", flush=True)
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
    parser.add_argument("kinds", nargs="+", choices=[*kinds.KINDS, "all"])
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600, help="stop a kind after this long")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the cases that fail")
    options = parser.parse_args()
    names = list(kinds.KINDS) if "all" in options.kinds else options.kinds
    return min(1, sum(run(name, options) for name in names))


if __name__ == "__main__":
    sys.exit(main())
