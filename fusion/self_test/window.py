"""A screen, and whether the window can be drawn on it; tried in processes that may die of it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec

from fusion.errors import FusionError
from fusion.self_test.check import Check, CheckOutcome

_WHAT = "window"
_AGAIN = "Install facetfusion again; if that does not help, send this page to who maintains it."


def window_check() -> Check:
    """Try the screen, its libraries, letters and OpenGL, and load what the window is made of.

    Waits for processes of its own and holds nothing up: it may run beside the trial.
    """
    if any(find_spec(name) is None for name in ("napari", "qtpy")):
        said, remedy = "not installed", "Where it is wanted: pip install 'facetfusion[viewer]'"
        return Check(_WHAT, CheckOutcome.MISSING, said, remedy)
    # By name, because the core must not depend on the viewer.
    screen = importlib.import_module("viewer.screen")
    if not screen.has_display():
        said = "there is no screen here"
        return Check(
            _WHAT, CheckOutcome.MISSING, said, "Run this again where the window is to open."
        )
    try:
        screen.check_screen(instead="")
    except FusionError as exc:
        why, remedy = getattr(exc, "why", str(exc)), getattr(exc, "remedy", "") or _AGAIN
        return Check(_WHAT, CheckOutcome.FAILS, why, remedy)
    loaded = subprocess.run(
        [sys.executable, "-c", "import viewer.app"], capture_output=True, text=True, check=False
    )
    if loaded.returncode:
        said = (loaded.stderr.strip() or "it ended without a word").splitlines()[-1]
        return Check(_WHAT, CheckOutcome.FAILS, said, _AGAIN)
    return Check(_WHAT, CheckOutcome.WORKS, "a screen, letters, and all that draws on it")
