"""What goes over an association: read in large pieces, answered at once, never without limit."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

#: How long an archive may be silent, s.
SILENCE_S = 60.0
#: How long a caller may take to say who it is, and to hang up after it was told that we do, s.
INTRODUCTION_S = 10.0
PLAIN = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
#: Deflate is never offered: a few bytes of it can fill the memory.
PACKED = [
    JPEGLosslessSV1,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    JPEGBaseline8Bit,
    JPEG2000,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    JPEGLossless,
    HTJ2KLossless,
]
SYNTAXES: list[UID] = [*PLAIN, *PACKED, ExplicitVRBigEndian]

#: How often an association looks for something to send, s. Each object waits for it twice.
HURRIED_LOOP_S = 0.0002
#: Largest piece that we take at once; without a limit the other side decides what we hold.
LARGEST_PDU_BYTES = 128 * 1024
#: Largest object that is taken, by whichever way.
MOST_BYTES = 4 * 2**30
#: What may be in memory of objects that are not whole yet, over all associations.
MOST_IN_MEMORY_BYTES = 256 * 2**20


class Gauge:
    """How much has come of objects that are not whole yet.

    Parameters
    ----------
    most_bytes : int
        More than that, and whoever sends it is cut off.
    """

    def __init__(self, most_bytes: int = MOST_IN_MEMORY_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._held: dict[int, int] = {}

    def add(self, association: object, count: int) -> None:
        """Count what an association is about to bring.

        Raises
        ------
        OSError
            There is no room for it.
        """
        with self._lock:
            if count > LARGEST_PDU_BYTES or sum(self._held.values()) + count > self._most_bytes:
                raise OSError("more was announced than is taken")
            self._held[id(association)] = self._held.get(id(association), 0) + count

    def clear(self, association: object) -> None:
        """Forget what an association brought: it is kept, or lost."""
        with self._lock:
            self._held.pop(id(association), None)


def tuned(event: Any, gauge: Gauge | None = None) -> None:
    """Set up the socket of an association that was just connected.

    With Nagle's algorithm each answer may wait 40 ms. pynetdicom reads 4 kB at a time, and as much
    as the other side announces.
    """
    way = event.assoc.dul.socket
    if way is None or way.socket is None:
        return
    event.assoc.dul._run_loop_delay = HURRIED_LOOP_S
    way.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def recv(count: int) -> bytearray:
        if gauge is not None:
            gauge.add(event.assoc, count)
        elif count > LARGEST_PDU_BYTES:
            raise OSError("more was announced than was agreed")
        content = bytearray(count)
        view, read = memoryview(content), 0
        until = time.monotonic() + (INTRODUCTION_S if is_unknown(event.assoc) else SILENCE_S)
        try:
            while read < count:
                way.socket.settimeout(max(0.001, until - time.monotonic()))
                came = way.socket.recv_into(view[read:])
                if not came:
                    break
                read += came
        finally:
            way.socket.settimeout(SILENCE_S)  # for what is sent
        view.release()
        del content[read:]
        return content

    way.recv = recv


def is_unknown(caller: Any) -> bool:
    """Whether a caller has not said yet who it is."""
    return caller.requestor.primitive is None
