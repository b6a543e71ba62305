"""Memory that was freed is given back to the system, where the system keeps it."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def give_back() -> None:
    """Give back what was freed but is kept for later: worth it after each stage that takes much.

    The allocator of Linux (glibc) keeps what lies between blocks that are still in use: some
    hundred MB beside a CT of a whole body. Elsewhere nothing is done.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    # Other C libraries (musl) have none, and keep little.
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
