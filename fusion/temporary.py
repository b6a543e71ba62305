"""Folders of a running program, that disappear with it; also when it was killed.

A program that is killed removes nothing. Each folder is locked as long as its program lives, so
that the next start tells those that were left behind from those of other windows.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import stat
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

#: Not on Windows: nothing is locked there, and nothing that was left behind is removed.
_CAN_LOCK = importlib.util.find_spec("fcntl") is not None
PREFIX = "facetfusion-"
#: Before a folder is this old, s, its program may not have locked it yet.
_YOUNG_S = 60.0


class PrivateFolder:
    """A temporary folder that only this user can read and that disappears with this object."""

    def __init__(self) -> None:
        sweep_left_behind()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._remove = weakref.finalize(self, _removed, self.path, _locked(self.path))


@contextlib.contextmanager
def begun(folder: Path) -> Iterator[Path]:
    """Make a folder for what is not whole yet; nothing of it is left where the block fails.

    Parameters
    ----------
    folder : Path
        Where the folder is to be made; its name says that it is a part only.
    """
    folder.mkdir()
    lock = _locked(folder)
    try:
        yield folder
    finally:
        _removed(folder, lock)


def sweep_left_behind() -> None:
    """Remove what a killed program of this user left in the temporary folder."""
    sweep(Path(tempfile.gettempdir()), f"{PREFIX}*")


def sweep(place: Path, pattern: str) -> None:
    """Remove this user's folders that a program left behind when it was killed.

    Parameters
    ----------
    place : Path
        Where to look.
    pattern : str
        Of their names.
    """
    if not _CAN_LOCK:
        return
    with contextlib.suppress(OSError):
        for folder in place.glob(pattern):
            with contextlib.suppress(OSError):
                found = folder.lstat()
                ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
                if ours and time.time() - found.st_ctime > _YOUNG_S:
                    lock = _locked(folder)
                    if lock is not None:
                        _removed(folder, lock)


def _locked(folder: Path) -> int | None:
    """Lock a folder until the process ends; None where somebody else has it, or nobody can."""
    if not _CAN_LOCK:
        return None
    import fcntl

    handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _removed(folder: Path, lock: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        with contextlib.suppress(OSError):
            os.close(lock)
