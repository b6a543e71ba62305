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

#: Libraries that Qt is linked against and desktops may lack, and what Debian calls them; the same
#: as in scripts/setup.sh.
PACKAGES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
#: The same for a reader study: pictures that are written without a window are not blinded.
AT_A_SCREEN = "Read at a computer with a screen."


class NoWindow(FusionError):  # noqa: N818 - said as it is
    """No window can be opened here.

    Parameters
    ----------
    why : str
        What is missing, a sentence.
    remedy : str
        What to do about it, a sentence.
    instead : str
        What else can be used; empty for nothing.
    """

    def __init__(self, why: str, remedy: str, instead: str = "") -> None:
        super().__init__(" ".join(part for part in (why, remedy, instead) if part))
        self.why = why
        self.remedy = remedy


def check_screen(*, instead: str = _INSTEAD) -> None:
    """Try the screen, Qt, its letters and OpenGL in a process of their own.

    Parameters
    ----------
    instead : str
        What to do where there is none; the last sentence of the error.

    Raises
    ------
    NoWindow
        What is missing and what to do, in a sentence each.
    """
    if not has_display():
        raise NoWindow("There is no screen to open a window on.", "", instead)
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
        why = f"The screen does not answer: nothing was drawn in {_PATIENCE_S:.0f} s."
        raise NoWindow(why, "Check the connection to it.", instead) from None
    if done.returncode:
        raise NoWindow(*_why(done.returncode, done.stdout), instead)


def _why(code: int, said: str) -> tuple[str, str]:
    words = said.split("\n")[0]
    if code == probe.NO_LIBRARY:
        name = words if re.fullmatch(r"[\w.+-]{1,80}", words) else "Qt"
        package = PACKAGES.get(name)
        called = f" Debian and Ubuntu call it {package}." if package else ""
        return f"A library that the window needs is missing: {name}.", f"Install it.{called}"
    if code == probe.NO_LETTERS:
        return (
            "There is no font: every letter is a box, also the R and L of the patient's sides.",
            "Install a font. Debian and Ubuntu call one fonts-dejavu-core.",
        )
    if words == probe.SCREEN:
        return (
            "There is a screen, but no OpenGL to draw on it with; remote desktops and X forwarding "
            "often have none.",
            "Work at the computer itself, or install Mesa's software OpenGL. Debian and Ubuntu "
            "call it libgl1-mesa-dri.",
        )
    return (
        "The screen cannot be reached: DISPLAY or WAYLAND_DISPLAY leads nowhere, or it refuses "
        "this user.",
        "Start the program from a terminal on that screen, as the user who is logged in there.",
    )


def has_display() -> bool:
    """Whether there seems to be a screen; quick, and not tried."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
