"""Processes that have the program loaded and give each study a process of its own at once."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fusion
from fusion.cohort.child import NOT_INSTALLED, READY
from fusion.errors import Cancelled

#: How often a runner looks whether it is to stop, s.
_LOOK_S = 0.5
#: How a process ends that somebody ended.
FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT)
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process of a study ended.

    Parameters
    ----------
    answer : dict or None
        What it said; None where it did not come to that.
    code : int
        Its exit code, negative for a signal.
    is_late : bool
        It was waited for in vain.
    """

    answer: dict[str, Any] | None
    code: int = 0
    is_late: bool = False


class WarmProcess:
    """A process that has the program loaded; see :mod:`fusion.cohort.child`.

    Parameters
    ----------
    threads : int
        That libraries may use in the processes of studies.
    log : int
        Open file: what is said until it is ready goes there.
    """

    def __init__(self, threads: int, log: int) -> None:
        self.threads = threads
        self._is_ready = False
        self._runner, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                # Not what lies in the folder that somebody works in: this program, this version.
                [sys.executable, "-P", "-m", "fusion.cohort.child"],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=_environment(threads),
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        """Whether it can be given an order."""
        return self._process.poll() is None

    def do(
        self,
        order: dict[str, Any],
        *,
        lock: int,
        log: int,
        seconds: float,
        stop: threading.Event,
    ) -> Ended:
        """Have one study measured by a process of its own, and wait for it.

        Parameters
        ----------
        order : dict
            As :func:`fusion.cohort.measuring.do` takes it.
        lock, log : int
            Open files: the lock is held as long as the study's process lives; what that prints goes
            to the log.
        seconds : float
            How long it is waited for at most.
        stop : threading.Event
            Set from elsewhere to give up.

        Raises
        ------
        Cancelled
            ``stop`` was set.
        """
        until = time.monotonic() + seconds
        if not self._is_ready:
            said = _all_of(self._runner.fileno(), until, stop, READY)
            if said is None:
                return Ended(None, is_late=True)
            if said != READY:
                code = self._process.wait()
                # No study had its turn: unless somebody ended it, it cannot be loaded.
                return Ended(None, code=code if code in FROM_OUTSIDE else NOT_INSTALLED)
            self._is_ready = True
        answer, said_to = os.pipe()
        try:
            try:
                line = json.dumps(order).encode() + b"\n"
                sent = socket.send_fds(self._runner, [line], [lock, log, said_to])
                self._runner.sendall(line[sent:])
            except OSError:
                return Ended(None, code=self._process.wait())
            finally:
                os.close(said_to)
            content = _all_of(answer, until, stop)
            ended = None if content is None else _all_of(self._runner.fileno(), until, stop, b"\n")
        finally:
            os.close(answer)
        if content is None or ended is None:
            return Ended(None, is_late=True)
        if not ended.endswith(b"\n"):  # the process that makes the others was ended
            return Ended(None, code=self._process.wait())
        if int(ended) != 0:
            return Ended(None, code=int(ended))
        try:
            return Ended(json.loads(content))
        except ValueError:
            return Ended(None)

    def end(self) -> None:
        """End it, and all that it started."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._runner.close()


def _all_of(
    source: int, until: float, stop: threading.Event, last: bytes | None = None
) -> bytes | None:
    """Return what comes until the other end is closed, or ``last``; None when it is too late."""
    content = b""
    while last is None or not content.endswith(last):
        if stop.is_set():
            raise Cancelled("Stopped.")
        if time.monotonic() > until:
            return None
        ready, _, _ = select.select([source], [], [], _LOOK_S)
        if ready:
            try:
                more = os.read(source, 65536)
            except ConnectionResetError:
                break
            if not more:
                break
            content += more
    return content


_IDLE: list[WarmProcess] = []
_LOCK = threading.Lock()


@contextmanager
def warm_process(threads: int, log: int) -> Iterator[WarmProcess]:
    """Lend a process for one study; it is kept for the next one when all went well.

    Parameters
    ----------
    threads : int
        That libraries may use.
    log : int
        Open file: what is said while a new one is loaded goes there.
    """
    with _LOCK:
        fitting = [one for one in _IDLE if one.threads == threads]
        found = fitting[0] if fitting else None
        if found is not None:
            _IDLE.remove(found)
    if found is not None and not found.is_alive:
        found.end()
        found = None
    process = found or WarmProcess(threads, log)
    try:
        yield process
    except BaseException:
        process.end()
        raise
    if process.is_alive:
        with _LOCK:
            _IDLE.append(process)
    else:
        process.end()


def end_warm_processes() -> None:
    """End those that wait for a study."""
    with _LOCK:
        idle = _IDLE.copy()
        _IDLE.clear()
    for process in idle:
        process.end()


def _environment(threads: int) -> dict[str, str]:
    home = str(Path(fusion.__file__).parents[1])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    return {**os.environ, **dict.fromkeys(_THREADS, str(threads)), "PYTHONPATH": path}
