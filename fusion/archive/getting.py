"""Getting a study: what is missing is fetched, and it is whole when the archive's count agrees."""

from __future__ import annotations

from pathlib import Path

from fusion.archive.inbox import Inbox, file_count, stated_study
from fusion.archive.model import Archive, only_study
from fusion.archive.settings import Settings
from fusion.errors import ArchiveError
from fusion.progress import Progress, ProgressCallback

#: Fetching stops when a round brings nothing; each round asks for what is still missing.
MOST_ROUNDS = 3


def get(
    archive: Archive,
    study_instance_uid: str,
    *,
    settings: Settings,
    progress: ProgressCallback | None = None,
) -> Path:
    """Fetch what is not here yet of a study.

    Parameters
    ----------
    archive : Archive
        Where it lives.
    study_instance_uid : str
        Which.
    settings : Settings
        Say where the inbox is.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`. What has arrived then
        is kept, and the next time goes on from there.

    Returns
    -------
    Path
        The folder of its files.

    Raises
    ------
    ArchiveError
        The archive has no such study, or less came than it says it has.
    """
    report = Progress(progress)
    inbox = Inbox(settings.place("inbox"))
    report(0.0, "Asking the archive")
    only_study(archive, study_instance_uid)
    listed = archive.objects(study_instance_uid)
    with inbox.parts() as parts:
        tray = inbox.tray(study_instance_uid, parts)
        missing = [one for uid, one in listed.items() if not tray.has(uid)]

        def keep(sop_instance_uid: str, content: bytes) -> bool:
            wanted = sop_instance_uid in listed
            if not wanted or stated_study(content) != study_instance_uid:
                return False
            tray.keep(sop_instance_uid, content)
            arrived[0] += 1
            report(0.99 * arrived[0] / max(1, len(listed)), "Fetching from the archive")
            return True

        arrived = [len(listed) - len(missing)]
        for _ in range(MOST_ROUNDS):
            if not missing:
                break
            archive.fetch(study_instance_uid, missing, keep)
            left = [one for one in missing if not tray.has(one.sop_instance_uid)]
            if len(left) == len(missing):
                break
            missing = left
    # Asked again: a study to which objects are still being added is not whole.
    after = only_study(archive, study_instance_uid).count
    here = sum(tray.has(uid) for uid in listed)
    if not here == len(listed) == (after if after is not None else len(listed)):
        raise ArchiveError(
            f"The study is not whole: {here} of its objects came, {len(listed)} are listed by the "
            f"archive {archive.name} and {after if after is not None else 'an unknown number'} "
            "counted. What came is kept; get it again to go on from there."
        )
    _no_others(tray.folder, len(listed))
    report(1.0, "Fetched")
    return tray.folder


def _no_others(folder: Path, expected: int) -> None:
    """Refuse a folder that holds more than the archive does: something was taken out there."""
    held = file_count(folder)
    if held != expected:
        raise ArchiveError(
            f"{folder} holds {held} objects of this study, the archive {expected}: some were "
            "removed there since. Remove the folder and get the study again."
        )
