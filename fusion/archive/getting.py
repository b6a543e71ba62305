"""Getting a study: what is missing is fetched, and it is whole when the archive's count agrees."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pydicom import dcmread

from fusion.archive.identifiers import Identifiers, identifiers
from fusion.archive.inbox import Inbox, Tray, file_count, hashed, written
from fusion.archive.model import Archive, only_study
from fusion.archive.settings import Settings
from fusion.dicom import PARSE_ERRORS, Patient, identity_conflicts, patient_ids_agree
from fusion.errors import ArchiveError
from fusion.progress import Progress, ProgressCallback

#: Fetching stops when a round brings nothing; each round asks for what is still missing.
MOST_ROUNDS = 3
_IDENTITY = ["SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex"]
#: Objects that have come and wait for being written: what memory they may take is theirs.
_MOST_WAITING = 4


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
    found = only_study(archive, study_instance_uid)
    listed = archive.objects(study_instance_uid)
    with inbox.parts() as parts, _Writing() as writing:
        tray = inbox.tray(study_instance_uid, parts)
        _without_former_patients(tray, listed, found.patient)
        missing = [one for uid, one in listed.items() if not tray.has(uid)]

        def keep(sop_instance_uid: str, content: bytes) -> bool:
            itself = Identifiers(study_instance_uid, sop_instance_uid)
            if sop_instance_uid not in listed or identifiers(content) != itself:
                return False
            writing.begin(tray.keep, sop_instance_uid, content)
            arrived[0] += 1
            report(0.99 * arrived[0] / max(1, len(listed)), "Fetching from the archive")
            return True

        arrived = [len(listed) - len(missing)]
        why = ""
        for _ in range(MOST_ROUNDS):
            if not missing:
                break
            why = archive.fetch(study_instance_uid, missing, keep)
            writing.finish()
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
            f"counted.{f' It says: {why}.' if why else ''} What came is kept; get it again to go "
            "on from there."
        )
    _no_others(tray.folder, len(listed))
    _note_whole(inbox, study_instance_uid)
    report(1.0, "Fetched")
    return tray.folder


def whole_since(study_instance_uid: str, *, settings: Settings) -> str | None:
    """Return the day on which a study was last fetched whole, where all of that still lies here.

    Parameters
    ----------
    study_instance_uid : str
        Which.
    settings : Settings
        Say where the inbox is.
    """
    inbox = Inbox(settings.place("inbox"))
    try:
        note = json.loads(_note(inbox, study_instance_uid).read_text("utf-8"))
        day, files = dt.date.fromisoformat(note["day"]), note["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return day.isoformat() if files == _files(inbox.folder(study_instance_uid)) else None


class _Writing:
    """Writes what came while the next is coming; use it in a ``with`` block."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread.shutdown()

    def begin(self, keep: Callable[[str, bytes], None], uid: str, content: bytes) -> None:
        """Have an object written; raises what went wrong with one before it."""
        self._finish(_MOST_WAITING - 1)
        self._waiting.append(self._thread.submit(keep, uid, content))

    def finish(self) -> None:
        """Wait until everything is written; raises what went wrong."""
        self._finish(0)

    def _finish(self, most_left: int) -> None:
        while len(self._waiting) > most_left:
            self._waiting.popleft().result()


def _note_whole(inbox: Inbox, study: str) -> None:
    note = {"day": dt.date.today().isoformat(), "files": _files(inbox.folder(study))}
    written(_note(inbox, study), json.dumps(note))


def _note(inbox: Inbox, study: str) -> Path:
    return inbox.root / f"{hashed(study)}.whole"


def _files(folder: Path) -> str:
    """Return what changes when a file of a study comes, goes or changes its length."""
    held = sorted((path.name, path.stat().st_size) for path in folder.glob("*.dcm"))
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()


def _without_former_patients(tray: Tray, listed: Iterable[str], patient: Patient) -> None:
    """Remove what states another patient than the archive does now: it was filed anew there.

    An archive that corrects whose a study is keeps its identifiers, so that by them alone what
    came before the correction would stand for what came after it.
    """
    for path in filter(Path.exists, map(tray.file, listed)):
        try:
            header = dcmread(path, specific_tags=_IDENTITY, stop_before_pixels=True)
            before = Patient.of(header)
        except PARSE_ERRORS:
            path.unlink()
            continue
        ids = before.patient_id, patient.patient_id
        if identity_conflicts(before, patient) or (all(ids) and not patient_ids_agree(*ids)):
            path.unlink()


def _no_others(folder: Path, expected: int) -> None:
    """Refuse a folder that holds more than the archive does: something was taken out there."""
    held = file_count(folder)
    if held != expected:
        raise ArchiveError(
            f"{folder} holds {held} objects of this study, the archive {expected}: some were "
            "removed there since. Remove the folder and get the study again."
        )
