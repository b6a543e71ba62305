"""Where a path may stand, a study in an archive may: ``archive:NAME/STUDYUID``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fusion.archive.model import UID_PATTERN, NotReached
from fusion.errors import ArchiveError
from fusion.progress import ProgressCallback

#: ``archive:NAME/STUDYUID``, wherever a path may stand.
PREFIX = "archive:"


def parse_address(address: str) -> tuple[str, str]:
    """Take ``archive:NAME/STUDYUID`` apart; without a study the second part is empty.

    Raises
    ------
    ArchiveError
        It is written in another way.
    """
    # Windows writes a path with its own slashes.
    name, _, study = address.removeprefix(PREFIX).replace("\\", "/").partition("/")
    if not name or (study and not re.fullmatch(UID_PATTERN, study)):
        raise ArchiveError(
            "Expected archive:NAME/IDENTIFIER, with the identifier of the study as "
            "`facetfusion archive find NAME` prints it."
        )
    return name, study


def is_address(path: str | Path) -> bool:
    """Whether a path is the address of a study in an archive."""
    return str(path).startswith(PREFIX)


def local_path(path: str | Path, progress: ProgressCallback | None = None) -> str | Path:
    """Return a path as it is, or the folder of a study that was fetched for its address.

    Parameters
    ----------
    path : str or Path
        A path, or ``archive:NAME/STUDYUID``.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    ArchiveError
        The study cannot be fetched whole.
    """
    if not is_address(path):
        return path
    return _fetched(path, progress)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A study of an archive that lies here whole.

    Parameters
    ----------
    folder : Path
        Its files.
    since : str
        The day on which it was fetched, where the archive could not be asked now; else empty.
    said : tuple of str
        What was remarkable when it was fetched, in sentences.
    """

    folder: Path
    since: str = ""
    said: tuple[str, ...] = ()


def fetched(path: str | Path, progress: ProgressCallback | None = None) -> Fetched:
    """Fetch a study for its address, or take what was fetched whole while nobody answers there.

    Parameters
    ----------
    path : str or Path
        ``archive:NAME/STUDYUID``.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    ArchiveError
        The study cannot be fetched whole, and was not before.
    """
    from fusion.archive.held.inbox import Inbox
    from fusion.archive.held.whole import remarks, whole_since
    from fusion.archive.settings import read_settings

    since = ""
    try:
        folder = _fetched(path, progress)
        settings, study = read_settings(), parse_address(str(path))[1]
    except NotReached:
        settings, study = read_settings(), parse_address(str(path))[1]
        whole = whole_since(study, settings=settings)
        if whole is None:
            raise
        folder, since = Inbox(settings.place("inbox")).folder(study), whole
    return Fetched(folder, since, remarks(study, settings=settings))


def _fetched(path: str | Path, progress: ProgressCallback | None) -> Path:
    name, study = parse_address(str(path))
    if not study:
        raise ArchiveError(f"Which study? List them with: facetfusion archive find {name}")
    # Here alone: who names a folder does not wait for what speaks with archives.
    from fusion.archive.getting import get
    from fusion.archive.protocols.connecting import connect
    from fusion.archive.settings import read_settings

    settings = read_settings()
    return get(connect(settings, name), study, settings=settings, progress=progress)
