"""A disk on which some files never answer or end who reads them; loaded where PYTHONPATH names it.

Nothing of the program is changed: only ``open`` is, for two names of files.
"""

import builtins
import io
import os
import signal
import time

_open = io.open


def _bad_open(file, *args, **kwargs):
    name = "" if isinstance(file, int) else os.fspath(file).rpartition(os.sep)[2]
    if name == "hangs.dcm":
        time.sleep(1e6)
    if name == "breaks.dcm":
        os.kill(os.getpid(), signal.SIGSEGV)
    return _open(file, *args, **kwargs)


builtins.open = io.open = _bad_open
