"""Another program, run under watch: it ends in time, within its memory, or when a user says so."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.errors import FusionError
from fusion.plain_text import plain
from fusion.progress import Progress, ProgressCallback

#: How often a running program is looked at, s.
_POLL_S = 0.5
#: How long a program may take to end once it is told to, s.
_GRACE_S = 5.0
#: Longest part of what a program said that is repeated, characters; and what is read of it, bytes.
_SAID, _READ_BYTES = 300, 20_000
_GIGABYTE = 1024**3
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Parameters
    ----------
    minutes : float
        Longest time.
    gigabytes : float
        Most memory of the program and all that it starts; watched on Linux and macOS.

    Raises
    ------
    FusionError
        A limit that is none.
    """

    minutes: float = 60.0
    gigabytes: float = 16.0

    def __post_init__(self) -> None:
        for value, option, most in (
            (self.minutes, "--minutes", 1440.0),
            (self.gigabytes, "--gigabytes", 1024.0),
        ):
            if not 0 < value <= most:
                raise FusionError(f"{option} is above 0 and at most {most:g}; found {value:g}.")


def run_watched(
    command: Sequence[str],
    *,
    words: str,
    folder: Path,
    environment: Mapping[str, str],
    limits: Limits,
    progress: ProgressCallback | None = None,
) -> None:
    """Run a program to its end.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; no shell reads them.
    words : str
        The program, for people.
    folder : Path
        Where it runs; what it says is kept there.
    environment : mapping of str to str
        All that is set for it.
    limits : Limits
        What it may use.
    progress : Progress, optional
        Told how far the time has gone; what it raises stops the program.

    Raises
    ------
    FusionError
        It does not start, fails, or goes beyond a limit. It is stopped then, with all that it
        started.
    Cancelled
        From ``progress``; the program is stopped.
    """
    report = Progress(progress)
    log = folder / "said.txt"
    with log.open("wb") as said:
        try:
            process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                # A group of its own, so that all that it starts can be ended with it.
                start_new_session=True,
            )
        except OSError as exc:
            raise FusionError(f"{words} does not start: {exc.strerror or exc}.") from exc
    try:
        _watch(process, words, limits, report)
    finally:
        _end(process)
    if process.returncode:
        raise FusionError(
            f"{words} failed ({process.returncode}). Its last words: {_last_words(log)}. Run it "
            "yourself on a CT to see what is wrong; facetfusion gave it no way to the network."
        )
    report(1.0, f"{words} is done")


def _watch(process: subprocess.Popen[bytes], words: str, limits: Limits, report: Progress) -> None:
    began = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
            return
        minutes = (time.monotonic() - began) / 60.0
        if minutes > limits.minutes:
            raise FusionError(
                f"{words} ran for more than {limits.minutes:g} minutes and was stopped. Give it "
                "more (--minutes), or a computer with a graphics processor."
            )
        used = _memory_bytes(process.pid) / _GIGABYTE
        if used > limits.gigabytes:
            raise FusionError(
                f"{words} used {used:.1f} GB of memory, more than the {limits.gigabytes:g} GB that "
                "it may, and was stopped. Give it more (--gigabytes)."
            )
        report(min(minutes / limits.minutes, 0.99), f"{words} is running ({minutes:.0f} min)")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started, politely and then not."""
    if sys.platform == "win32":
        if process.poll() is None:
            process.kill()
            process.wait()
        return
    for what in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, what)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)


def _memory_bytes(leader: int) -> int:
    """Return what a program and all that it started hold in memory; 0 where nobody can tell."""
    if _PROC.joinpath("self", "stat").is_file():
        return sum(_held_bytes(one, leader) for one in _PROC.iterdir() if one.name.isdigit())
    if sys.platform == "win32":
        return 0
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=False
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return 1024 * sum(int(row[1]) for row in rows if len(row) == 2 and row[0] == str(leader))


def _held_bytes(process: Path, leader: int) -> int:
    with contextlib.suppress(OSError, IndexError, ValueError):
        # proc(5): after the name in brackets come state, parent, group, session, …, pages (24th).
        fields = process.joinpath("stat").read_text().rpartition(")")[2].split()
        if int(fields[3]) == leader:
            return int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _last_words(log: Path) -> str:
    with log.open("rb") as said:
        said.seek(max(0, log.stat().st_size - _READ_BYTES))
        text = said.read().decode(errors="replace")
    lines = [line for line in map(plain, text.splitlines()) if line.strip()]
    return lines[-1].strip()[:_SAID].rstrip(".") if lines else "none"
