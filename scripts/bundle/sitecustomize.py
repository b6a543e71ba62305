"""Let ``ctypes.util.find_library`` find what the bundle brought and this machine lacks.

It asks ``ldconfig``, a compiler and a linker, which do not know of ``LD_LIBRARY_PATH``.
"""

import ctypes.util
from pathlib import Path

_known = ctypes.util.find_library
_brought = Path(__file__).parents[4] / "lib"


def _find_library(name):
    return _known(name) or min((p.name for p in _brought.glob(f"lib{name}.so.*")), default=None)


ctypes.util.find_library = _find_library
