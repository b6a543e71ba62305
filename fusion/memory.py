"""Memory that was freed is given back to the system, and what stays is not looked through."""

from __future__ import annotations

import ctypes
import gc
import sys
from functools import cache
from typing import Any

#: ``M_MMAP_THRESHOLD`` of glibc's malloc.h.
_MMAP_THRESHOLD = -3
#: Bytes.
_GIVEN_BACK = 4 * 2**20


def give_back() -> None:
    """Give back what was freed but is kept for later: worth it after each stage that takes much.

    The allocator of Linux (glibc) keeps what lies between blocks that are still in use: some
    hundred MB beside a CT of a whole body. Elsewhere nothing is done.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


def keep_little() -> None:
    """Have whatever is larger than 4 MiB given back as soon as it is freed, from now on.

    The allocator of Linux raises this limit by itself up to 32 MiB, and what is smaller leaves gaps
    beside what stays: some 50 MiB on a CT of a whole body. Costs a few per cent of the time.
    """
    if sys.platform.startswith("linux"):
        limit = getattr(ctypes.CDLL(None), "mallopt", None)
        if limit is not None:
            limit(_MMAP_THRESHOLD, _GIVEN_BACK)


def pass_over_libraries() -> None:
    """Let Python's search for garbage pass over all that is there now: to be called once, early.

    What a window has loaded before it shows anything are some 350,000 objects that stay until the
    program ends; looking through them takes a quarter of a second, in which the window stands
    still, whenever enough was made anew.
    """
    gc.collect()
    gc.freeze()


@cache
def _trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    # Other C libraries (musl) have none, and keep little.
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
