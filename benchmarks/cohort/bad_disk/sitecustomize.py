"""A disk on which some files never answer or end who reads them; loaded where PYTHONPATH names it.

Nothing of the program is changed: only how a file is opened is, for two names.
"""

import io
import os
import signal
import time


class _BadDisk(io.FileIO):
    """A file of that disk."""

    def __init__(self, file, *args, **kwargs):
        super().__init__(file, *args, **kwargs)
        name = "" if isinstance(file, int) else os.fspath(file).rpartition(os.sep)[2]
        if name == "hangs.dcm":
            time.sleep(1e6)
        if name == "breaks.dcm":
            os.kill(os.getpid(), signal.SIGSEGV)


io.FileIO = _BadDisk
