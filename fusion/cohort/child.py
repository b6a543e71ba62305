"""The process of one study: ``python -m fusion.cohort.child``, started by :mod:`fusion.cohort.one`.

It is given an order as one line of JSON on standard input and answers with one line of JSON on
standard output; everything else that anybody prints goes to standard error. It ends when standard
input does: its parent is gone then.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import threading
import traceback
from typing import Any

#: Exit code of a process whose memory was not enough.
NO_MEMORY = 71
#: Exit code of a process that could not load the program: nothing that a study can do.
NOT_INSTALLED = 72


def main() -> int:
    """Do one order."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(order["limits"])
    try:
        from fusion.cohort.measuring import do

        reply = do(order)
    except MemoryError:
        return NO_MEMORY
    except ImportError:
        traceback.print_exc()
        return NOT_INSTALLED
    answer.write(json.dumps(reply) + "\n")
    answer.flush()
    return 0


def _limit(limits: dict[str, float]) -> None:
    most = int(limits["memory_gb"] * 1e9)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The system ends the process, also where a library holds on to Python.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"])


def _end_with_parent() -> None:
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 4096):
            pass
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main())
