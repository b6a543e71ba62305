"""Whether a window can be opened here; asked before Qt is loaded, which cannot be asked itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from fusion.errors import FusionError
from viewer import probe

#: How long a screen far away may take to answer, s.
_PATIENCE_S = 60.0
_INSTEAD = "Use facetfusion fuse, which writes pictures without a screen."

#: The same for a reader study: pictures that are written without a window are not blinded.
AT_A_SCREEN = "Read at a computer with a screen."


def check_screen(*, instead: str = _INSTEAD) -> None:
    """Try the screen, Qt and OpenGL in a process of their own.

    Parameters
    ----------
    instead : str
        What to do where there is none; the last sentence of the error.

    Raises
    ------
    FusionError
        What is missing, in a sentence.
    """
    if not has_display():
        raise FusionError(f"There is no screen to open a window on. {instead}".rstrip())
    try:
        done = subprocess.run(
            [sys.executable, str(Path(probe.__file__))],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        raise FusionError(
            f"The screen does not answer: nothing was drawn in {_PATIENCE_S:.0f} s. Check the "
            f"connection to it. {instead}".rstrip()
        ) from None
    if done.returncode:
        raise FusionError(f"{_why(done.returncode, done.stdout)} {instead}".rstrip())


def _why(code: int, said: str) -> str:
    words = said.split("\n")[0]
    if code == probe.NO_LIBRARY:
        name = words if re.fullmatch(r"[\w.+-]{1,80}", words) else "Qt"
        return (
            f"A library that the window needs is missing: {name}. Install it; the list is in the "
            "page on installation."
        )
    if words == probe.SCREEN:
        return (
            "There is a screen, but no OpenGL to draw on it with; remote desktops and X forwarding "
            "often have none. Work at the computer itself, or install Mesa's software OpenGL."
        )
    return (
        "The screen cannot be reached: DISPLAY or WAYLAND_DISPLAY leads nowhere, or it refuses "
        "this user."
    )


def has_display() -> bool:
    """Whether there seems to be a screen; quick, and not tried."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
