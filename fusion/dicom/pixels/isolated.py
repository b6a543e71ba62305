"""Decoders of compressed frames, each in a process of its own that may die (see decoder_process).

A process is started when a header announces that it will be needed, so that it is ready when the
pixels are read, and kept for the next frame. One that dies, or that takes too long, is replaced.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import (
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from fusion.dicom.pixels import decoder_process
from fusion.dicom.pixels.codestream import Codestream
from fusion.dicom.pixels.layout import DECODERS, PixelLayout

#: How long a decoder may be silent before it is taken for hung, s: far above its limit of
#: processor time, which ends it first wherever the system knows one.
_PATIENCE_S = 60.0
#: Room in the pipes, bytes: a frame of 512 × 512 goes through at once.
_PIPE_BYTES = 2**20


class _DecoderDied(Exception):  # noqa: N818 - a thing that happens
    """A decoder ended, or was ended, in the middle of a frame."""


class _Decoder:
    """One library in a process of its own.

    Parameters
    ----------
    library : {"pillow", "pyjpegls", "pylibjpeg", "gdcm"}
        Which.
    """

    def __init__(self, library: str) -> None:
        self.library = library
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def begin(self) -> None:
        """Start the process, so that it is ready when it is needed."""
        with self._turn:
            self._running()

    def decode(self, frame: bytes, **request: Any) -> bytes | None:
        """Decode one frame.

        Parameters
        ----------
        frame : bytes
            Compressed.
        **request
            Its size, bits and transfer syntax, under pydicom's names.

        Returns
        -------
        bytes or None
            Pixels; None where the library refused the frame.

        Raises
        ------
        _DecoderDied
            The process ended, or did not answer.
        """
        asked = json.dumps({**request, "length": len(frame)}).encode() + b"\n"
        with self._turn:
            process = self._running()
            assert process.stdin is not None and process.stdout is not None  # noqa: PT018
            watch = threading.Timer(_PATIENCE_S, process.kill)
            watch.start()
            try:
                process.stdin.write(asked)
                process.stdin.write(frame)
                process.stdin.flush()
                head = process.stdout.read(8)
                length = int.from_bytes(head, "little", signed=True)
                if len(head) < 8 or length > 16 * request["rows"] * request["columns"]:
                    raise EOFError
                pixels = process.stdout.read(length) if length >= 0 else None
                if pixels is not None and len(pixels) < length:
                    raise EOFError
            except (OSError, EOFError) as exc:
                self._end()
                raise _DecoderDied from exc
            except BaseException:  # stopped in between: what it says next is no answer
                self._end()
                raise
            finally:
                watch.cancel()
            return pixels

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            program = [sys.executable, "-P", str(Path(decoder_process.__file__)), self.library]
            self._process = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # One thread is enough for a frame, and each further one reserves memory.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
            _widen(self._process)
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            process.wait()


def begin(syntax: str) -> None:
    """Start the decoder that pixels of a transfer syntax will be given to first, if any.

    Parameters
    ----------
    syntax : str
        Transfer Syntax UID; nothing is started for one that needs no decoder.
    """
    for library in DECODERS.get(syntax, ())[:1]:
        if syntax != RLELossless:
            _decoder(library, os.getpid()).begin()


def libraries(syntax: str, stream: Codestream, layout: PixelLayout) -> tuple[str, ...]:
    """Return the libraries that decode a frame rightly, in the order to try.

    Parameters
    ----------
    syntax : str
        Transfer Syntax UID.
    stream : Codestream
        What the frame says about itself.
    layout : PixelLayout
        What its header says.
    """
    if syntax == JPEGExtended12Bit and (stream.bits, layout.bits_stored) != (8, 8):
        return ()  # neither library knows 12 bits (pydicom's guide "Pixel data decoders")
    if syntax in (JPEGLSLossless, JPEGLSNearLossless) and stream.bits < 8:
        return tuple(name for name in DECODERS[syntax] if name != "gdcm")
    return DECODERS[syntax]


def decode_apart(
    library: str, frame: bytes, *, syntax: str, stream: Codestream, layout: PixelLayout
) -> npt.NDArray[Any] | None:
    """Decode one frame in the process of a library.

    Parameters
    ----------
    library : str
        One of :func:`libraries`.
    frame : bytes
        Compressed, its size compared with the header.
    syntax, stream, layout
        As for :func:`libraries`.

    Returns
    -------
    (rows, columns) ndarray or None
        In the type of the layout; None where the library refused the frame, died or was stopped.
    """
    # JPEG-LS and JPEG 2000 come back in what holds their precision, JPEG in what the header states.
    coded = syntax not in (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
    bits = stream.bits if coded else layout.bits_stored
    allocated = layout.bits_allocated
    if coded:
        allocated = 8 if bits <= 8 else 16 if bits <= 16 else 32
    try:
        pixels = _decoder(library, os.getpid()).decode(
            frame,
            rows=layout.rows,
            columns=layout.columns,
            photometric_interpretation=layout.photometric_interpretation,
            transfer_syntax_uid=syntax,
            bits_allocated=allocated,
            bits_stored=bits,
            pixel_representation=int(layout.is_signed),
        )
    except _DecoderDied:
        return None
    if pixels is None or len(pixels) != layout.rows * layout.columns * allocated // 8:
        return None
    kind = "i" if layout.is_signed else "u"
    array = np.frombuffer(pixels, dtype=f"<{kind}{allocated // 8}").astype(
        f"{kind}{allocated // 8}"
    )
    if coded and bits < allocated:
        # JPEG-LS states no sign, and JPEG 2000 need not state the header's: the bits decide.
        array <<= allocated - bits
        array >>= allocated - bits
    return array.reshape(layout.rows, layout.columns).astype(layout.dtype)


@cache
def _decoder(library: str, _pid: int) -> _Decoder:
    # A forked process has no part in the pipes of its parent, nor in a lock that was held.
    return _Decoder(library)


def _widen(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "linux":
        import fcntl

        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
