"""Processes of studies: ``python -m fusion.cohort.child``, begun by :mod:`fusion.cohort.warm`.

Loading the program takes a third of the time of a study. So one process loads it once and then
measures nothing itself: for each order, one line of JSON on its standard input (a socket) with
three open files beside it (the lock of the place, the log, where the answer goes), it makes a copy
of itself. The copy has the limits of one study, answers with one line of JSON, and ends; how it
ended is the answer on the socket. Both end when the runner is gone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
import traceback
from typing import Any

#: Exit code of a process whose memory was not enough.
NO_MEMORY = 71
#: Exit code of a process that could not load the program: nothing that a study can do.
NOT_INSTALLED = 72
#: What measuring a study loads, sooner or later.
_LOADED = (
    "fusion.cohort.measuring",
    "fusion.cohort.pages.study_page",
    "fusion.registration.mutual_information",
    "dicomanonymizer",
    "scipy.optimize",
    "skimage.feature",
    "PIL.ImageFont",
    "PIL.PngImagePlugin",
)
_FILES = 3
#: What is said before the first order is waited for.
READY = b"ready\n"


def main() -> int:
    """Have every order done by a copy of this process, until the runner is gone."""
    runner = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # Held by this process alone: whoever reads its other end learns that this process ended.
    leash, held = os.pipe()
    for name in _LOADED:
        # A copy that cannot load it says so, in the log of its study.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    with contextlib.suppress(OSError):
        runner.sendall(READY)
    # What was said until here stands in the log of the first study; the others have their own.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    while True:
        order, files = _order(runner)
        if order is None:
            return 0
        copy = os.fork()
        if not copy:
            os.close(held)
            return _study(order, files, leash, runner)
        for file in files:
            os.close(file)
        _, how = os.waitpid(copy, 0)
        with contextlib.suppress(OSError):
            runner.sendall(f"{os.waitstatus_to_exitcode(how)}\n".encode())


def _order(runner: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Wait for an order; None when the runner is gone."""
    line, files = b"", list[int]()
    while not line.endswith(b"\n"):
        try:
            part, more, _, _ = socket.recv_fds(runner, 1 << 20, _FILES)
        except OSError:
            return None, files
        if not part:
            return None, files
        line += part
        files += more
    order: dict[str, Any] = json.loads(line)
    return order, files


def _study(order: dict[str, Any], files: list[int], leash: int, runner: socket.socket) -> int:
    """Do one order, in a process of its own; return its exit code."""
    # The lock stays open as long as this process lives, whoever else ends.
    _, log, reply_to = files
    for standard in (1, 2):
        os.dup2(log, standard)
    os.close(log)
    threading.Thread(target=_end_with, args=(leash, runner), daemon=True).start()
    _limit(order["limits"])
    try:
        from fusion.cohort.measuring import do

        reply = do(order)
    except MemoryError:
        return NO_MEMORY
    except ImportError:
        traceback.print_exc()
        return NOT_INSTALLED
    with os.fdopen(reply_to, "w") as answer:
        answer.write(json.dumps(reply) + "\n")
    return 0


def _limit(limits: dict[str, float]) -> None:
    most = int(limits["memory_gb"] * 1e9)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The system ends the process, also where a library holds on to Python.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"])


def _end_with(leash: int, runner: socket.socket) -> None:
    """End this process when that which made it, or the runner, is gone: nothing else is sent."""
    with contextlib.suppress(OSError, ValueError):
        select.select([leash, runner.fileno()], [], [])
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
