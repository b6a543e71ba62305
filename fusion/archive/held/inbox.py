"""Where studies arrive: quarantined, named by hashes, whole or not there.

A file is written under another name and renamed when all of it is there, so that a program that is
killed leaves whole files and a folder of parts, which the next one removes. No UID and no text
from the network becomes part of a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fusion.errors import ArchiveError, disk_reason
from fusion.temporary import begun, sweep

_PARTS = "part-"
#: How often a folder may come and go between two looks at it.
_MOST_TRIES = 100
#: What the folder of a study is called.
_FOLDER = "[0-9a-f]{40}"
#: Names of parts: the folder of parts is of one process, and this counts in it.
_numbers = itertools.count()


def hashed(value: str) -> str:
    """Return the name under which something from the network is kept."""
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Tray:
    """The folder of one study, and the folder of parts of the program that fills it.

    Parameters
    ----------
    folder : Path
        Whole files only.
    parts : Path
        Files that are not whole yet.
    """

    folder: Path
    parts: Path

    def has(self, sop_instance_uid: str) -> bool:
        """Whether an object is here, whole."""
        return self.file(sop_instance_uid).exists()

    def file(self, sop_instance_uid: str) -> Path:
        """Return where an object lies, or would."""
        return self.folder / file_name(sop_instance_uid)

    def keep(self, sop_instance_uid: str, content: bytes) -> None:
        """Keep one object as it arrived.

        Raises
        ------
        ArchiveError
            It cannot be written.
        """
        part = self.parts / f"{next(_numbers)}"
        try:
            part.write_bytes(content)
            _moved_into(part, self.file(sop_instance_uid))
        except OSError as exc:
            raise ArchiveError(
                f"What arrived cannot be kept ({disk_reason(exc)}). Free some space or name "
                "another folder as inbox in archives.toml; what is there already is kept."
            ) from exc


def _moved_into(part: Path, target: Path) -> None:
    """Rename a part; the folder may be taken away meanwhile by one who just emptied it.

    A folder that is not there comes with the file in it: one that is empty can be taken away before
    anything is put into it, however often it is made.
    """
    for left in range(_MOST_TRIES)[::-1]:
        with contextlib.suppress(FileNotFoundError):
            part.replace(target)
            return
        folder = part.with_name(f"{part.name}-folder")
        folder.mkdir(mode=0o700)
        part.replace(folder / target.name)
        try:
            folder.rename(target.parent)
        except OSError:  # most likely it came meanwhile, with something in it
            (folder / target.name).replace(part)
            folder.rmdir()
            if not left:
                raise
        else:
            return


def place_of(root: Path, study_instance_uid: str, sop_instance_uid: str) -> Path:
    """Return where an object of a study lies in an inbox, or would."""
    return root / hashed(study_instance_uid) / file_name(sop_instance_uid)


def file_name(sop_instance_uid: str) -> str:
    """Return what the file of an object is called."""
    return f"{hashed(sop_instance_uid)}.dcm"


class Inbox:
    """A folder that only this user can read.

    Parameters
    ----------
    root : Path
        Made when absent.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise ArchiveError(f"The inbox {root} cannot be made ({disk_reason(exc)}).") from exc

    def folder(self, study_instance_uid: str) -> Path:
        """Return where the files of a study lie."""
        return self.root / hashed(study_instance_uid)

    def folders(self) -> list[Path]:
        """Return the folders of studies, without what was put aside and what is not whole."""
        return sorted(one for one in self.root.iterdir() if re.fullmatch(_FOLDER, one.name))

    def held(self, study_instance_uid: str, sop_instance_uid: str) -> tuple[int, int] | None:
        """Return length and time (bytes, ns) of the file of an object; None where none is."""
        return stamp_at(place_of(self.root, study_instance_uid, sop_instance_uid))

    def content(self, study: str, sop_instance_uid: str, *, remove: bool) -> bytes | None:
        """Return the content of an object, and remove it if wanted; None where it is not here."""
        path = place_of(self.root, study, sop_instance_uid)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if remove:
            with contextlib.suppress(OSError):
                path.unlink()
                path.parent.rmdir()  # where nothing else is in it
        return content

    @contextmanager
    def parts(self) -> Iterator[Path]:
        """Yield a folder for what is not whole; gone afterwards, also that of a killed program."""
        sweep(self.root, f"{_PARTS}*")
        with begun(self.root / f"{_PARTS}{uuid.uuid4().hex}") as parts:
            yield parts

    def tray(self, study_instance_uid: str, parts: Path) -> Tray:
        """Return the tray of a study."""
        folder = self.folder(study_instance_uid)
        folder.mkdir(mode=0o700, exist_ok=True)
        return Tray(folder, parts)

    def free_bytes(self) -> int:
        """Return how much space is left."""
        return shutil.disk_usage(self.root).free


def written(path: Path, content: str) -> None:
    """Write a small file so that it is there whole or as it was."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    part.write_text(content, "utf-8")
    part.replace(path)


def stamp_at(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is written (bytes, ns); None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def whole_files(folder: Path) -> set[str]:
    """Return the names of the whole files of a study; none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.name.endswith(".dcm")}
    except OSError:
        return set()
