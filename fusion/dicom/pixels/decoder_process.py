"""Decode compressed frames in a process that may die of them: ``python decoder_process.py NAME``.

The libraries that decode are written in C and C++; a damaged frame can end the process they run
in, or make it ask for any amount of memory and time. This program holds nothing but one of them
and is held to limits of both. It reads requests from standard input and answers on standard
output: a request is a line of JSON with the length of the frame that follows it, an answer the
length of the pixels that follow it, or −1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

#: Memory that a decoder may take beyond what it has when it was loaded: for any frame, and a pixel.
MEMORY_BYTES = 512 * 2**20
MEMORY_PER_PIXEL_BYTES = 32
#: Processor time for one frame: for any frame, s, and for one of a million pixels. An ordinary one
#: of 512 × 512 takes up to 0.05 s.
TIME_S = 2.0
TIME_PER_MEGAPIXEL_S = 0.5

#: Decodes one frame; told the request.
_Decode = Callable[[bytes, dict[str, Any]], bytes | bytearray]


def _pillow() -> _Decode:
    from io import BytesIO

    from PIL import Image

    return lambda frame, _: Image.open(BytesIO(frame), formats=("JPEG",)).tobytes()


def _pyjpegls() -> _Decode:
    import jpeg_ls

    return lambda frame, _: jpeg_ls.decode_pixel_data(frame)[0]


def _pylibjpeg() -> _Decode:
    from openjpeg.utils import decode_pixel_data

    return lambda frame, _: bytes(decode_pixel_data(frame, version=2))


def _gdcm() -> _Decode:
    import gdcm

    def decode(frame: bytes, request: dict[str, Any]) -> bytes:
        fragment = gdcm.Fragment()
        fragment.SetByteStringValue(frame)
        fragments = gdcm.SequenceOfFragments.New()
        fragments.AddFragment(fragment)
        element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
        element.SetValue(fragments.__ref__())
        image = gdcm.Image()
        image.SetNumberOfDimensions(2)
        image.SetDimensions((request["columns"], request["rows"], 1))
        image.SetDataElement(element)
        shown = gdcm.PhotometricInterpretation.GetPIType(request["photometric_interpretation"])
        image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(shown))
        syntax = gdcm.TransferSyntax.GetTSType(request["transfer_syntax_uid"])
        image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        stored = request["bits_stored"]
        image.SetPixelFormat(
            gdcm.PixelFormat(
                1, request["bits_allocated"], stored, stored - 1, request["pixel_representation"]
            )
        )
        decoded: str = image.GetBuffer()  # bytes, that its wrapper takes for a text
        return decoded.encode("utf-8", "surrogateescape")

    return decode


#: pydicom's names of the libraries.
_LIBRARIES: dict[str, Callable[[], _Decode]] = {
    "pillow": _pillow,
    "pyjpegls": _pyjpegls,
    "pylibjpeg": _pylibjpeg,
    "gdcm": _gdcm,
}


def main(name: str) -> None:
    """Answer until nobody asks any more."""
    source, answers = sys.stdin.buffer, _apart_from_chatter()
    decode = _LIBRARIES[name]()
    loaded_bytes = _address_space()
    while line := source.readline():
        request = json.loads(line)
        frame = source.read(request["length"])
        _limit(request["rows"] * request["columns"], loaded_bytes)
        try:
            pixels = decode(frame, request)
        except Exception:  # noqa: BLE001 - whatever a library says of a frame, it is no picture
            answers.write((-1).to_bytes(8, "little", signed=True))
        else:
            answers.write(len(pixels).to_bytes(8, "little", signed=True))
            answers.write(pixels)
        answers.flush()


def _apart_from_chatter() -> BinaryIO:
    """Return standard output, and leave another one to libraries that print."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


def _address_space() -> int | None:
    """Return how much this process has, bytes; None where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib takes its time
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _limit(pixels: int, loaded_bytes: int | None) -> None:
    if sys.platform == "win32":
        return  # only the asking process's patience
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if loaded_bytes is not None:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = loaded_bytes + MEMORY_BYTES + MEMORY_PER_PIXEL_BYTES * pixels
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    # Nobody handles the signal: it ends the process.
    signal.setitimer(signal.ITIMER_PROF, TIME_S + TIME_PER_MEGAPIXEL_S * pixels / 1e6)


if __name__ == "__main__":
    main(sys.argv[1])
