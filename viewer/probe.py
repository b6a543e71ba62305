"""Try what a window needs, in a process that may die of it: ``python probe.py``.

Qt ends the whole process where it finds no screen or lacks a library, and a driver without OpenGL
does the same to whoever draws with it. The exit code says what is missing; a library is named on
standard output.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Any

#: Exit codes; a signal means that there is no screen or, once ``SCREEN`` was said, no OpenGL.
NO_LIBRARY, NO_OPENGL, NO_LETTERS = 40, 41, 42
#: Said once Qt has a screen.
SCREEN = "screen"
#: Oldest OpenGL that napari draws with.
_OLDEST = (2, 1)


def main() -> int:
    """Return the exit code."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # if it dies, that is an answer
    try:
        from qtpy import QtCore, QtGui, QtWidgets
    except ImportError as exc:
        return _lacks(str(exc))
    if sys.platform == "linux" and os.environ.get("QT_QPA_PLATFORM", "xcb").startswith("xcb"):
        plugins = QtCore.QLibraryInfo.path(QtCore.QLibraryInfo.LibraryPath.PluginsPath)
        plugin = Path(plugins, "platforms", "libqxcb.so")
        if plugin.exists() and os.environ.get("DISPLAY"):
            try:
                ctypes.CDLL(str(plugin))
            except OSError as exc:
                return _lacks(str(exc))
    app = QtWidgets.QApplication([])
    sys.stdout.write(f"{SCREEN}\n")
    sys.stdout.flush()
    if not _has_letters(QtCore, QtGui):
        return NO_LETTERS
    if app.platformName() == "xcb" and not _has_glx():
        return NO_OPENGL
    surface = QtGui.QOffscreenSurface()
    surface.create()
    context = QtGui.QOpenGLContext()
    if not context.create() or not context.makeCurrent(surface):
        return NO_OPENGL
    made = context.format()
    context.doneCurrent()
    del context, surface, app
    return 0 if (made.majorVersion(), made.minorVersion()) >= _OLDEST else NO_OPENGL


def _has_letters(qt_core: Any, qt_gui: Any) -> bool:
    """Whether R and L look different; without a font Qt draws each letter as the same box."""
    pictures = []
    for letter in "RL":
        picture = qt_gui.QImage(32, 32, qt_gui.QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = qt_gui.QPainter(picture)
        painter.setPen(qt_gui.QColor("white"))
        painter.drawText(picture.rect(), int(qt_core.Qt.AlignmentFlag.AlignCenter), letter)
        painter.end()
        pictures.append(picture)
    return bool(pictures[0] != pictures[1])


def _has_glx() -> bool:
    """Whether the X server draws with OpenGL; without, Qt makes do and napari's pictures crash."""
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return True  # Qt has its own way, and is asked next
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not display:
        return True
    numbers = [ctypes.byref(ctypes.c_int()) for _ in range(3)]
    return bool(x11.XQueryExtension(display, b"GLX", *numbers))


def _lacks(reason: str) -> int:
    # A library that is there and damaged is named with its folder.
    sys.stdout.write(Path(reason.partition(":")[0].strip()).name + "\n")
    return NO_LIBRARY


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # without what Qt does at the end
