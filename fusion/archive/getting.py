"""Getting a study: what is missing is fetched, and it is whole when the archive's count agrees."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydicom import dcmread

from fusion.archive.identifiers import Identifiers, identifiers
from fusion.archive.inbox import Inbox, Tray, file_name, hashed, stamp_at, whole_files, written
from fusion.archive.model import Archive, Listed, only_study
from fusion.archive.settings import Settings
from fusion.dicom import (
    PARSE_ERRORS,
    Patient,
    damage_told,
    identity_conflicts,
    patient_ids_agree,
    text,
)
from fusion.errors import ArchiveError, DicomError, disk_reason
from fusion.progress import Progress, ProgressCallback

#: Fetching stops when a round brings nothing; each round asks for what is still missing.
MOST_ROUNDS = 3
_SERIES = "SeriesInstanceUID"
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
        The archive has no such study, or what came, what it lists and what it counts differ.
    """
    report = Progress(progress)
    inbox = Inbox(settings.place("inbox"))
    report(0.0, "Asking the archive")
    found = only_study(archive, study_instance_uid)
    listed = archive.objects(study_instance_uid)
    with inbox.parts() as parts, _Writing() as writing:
        tray = inbox.tray(study_instance_uid, parts)
        filed = _Filed(inbox, study_instance_uid, found.patient)
        old = {uid for uid in listed if filed.is_old(tray.file(uid))}
        if old:  # until it came anew this is not what the archive holds, whole or not
            _note(inbox, study_instance_uid).unlink(missing_ok=True)
        wanted = [one for uid, one in listed.items() if uid in old or not tray.has(uid)]
        missing = wanted
        # What is here stays until what comes takes its place.
        states = {uid: stamp_at(tray.file(uid)) for uid in listed}

        came: set[str] = set()

        def keep(sop_instance_uid: str, content: bytes) -> bool:
            itself = Identifiers(study_instance_uid, sop_instance_uid)
            if sop_instance_uid not in listed or identifiers(content) != itself:
                return False
            meant = listed[sop_instance_uid]
            is_twin = meant.also_in and sop_instance_uid in came
            if is_twin and _series(content) != meant.series_instance_uid:
                return True  # the one in the largest series is kept
            came.add(sop_instance_uid)
            writing.begin(tray.keep, sop_instance_uid, content)
            done = 0.99 * (before + len(came)) / max(1, len(listed))
            report(min(0.99, done), "Fetching from the archive")
            return True

        before, why = len(listed) - len(missing), ""
        for _ in range(MOST_ROUNDS):
            if not missing:
                break
            why = archive.fetch(study_instance_uid, missing, keep)
            writing.finish()
            left = [uid for uid in map(_uid, missing) if stamp_at(tray.file(uid)) == states[uid]]
            if len(left) == len(missing):
                break
            missing = [listed[uid] for uid in left]
        filed.note(tray.file(uid) for uid in map(_uid, wanted) if listed[uid] not in missing)
    lacks = set(map(_uid, missing))
    listed = _whole_list(archive, study_instance_uid, listed, tray, why, lacks)
    said = (
        *filed.contradicted(archive.name),
        *_twins(listed, archive.name),
        *_put_aside(tray.folder, listed, archive.name),
    )
    _note_whole(inbox, study_instance_uid, said)
    report(1.0, "Fetched")
    return tray.folder


def lacking(archive: Archive, study_instance_uid: str, folder: Path) -> str:
    """Say why what lies in a folder is not all that an archive has of a study; empty if it is.

    Parameters
    ----------
    archive : Archive
        That counts and lists.
    study_instance_uid : str
        Which.
    folder : Path
        Of its files.

    Raises
    ------
    ArchiveError
        The archive has no such study or cannot be reached.
    """
    counted, here = only_study(archive, study_instance_uid).count, whole_files(folder)
    if counted == len(here):
        return ""
    listed = archive.objects(study_instance_uid)
    names = set(map(file_name, listed))
    if here - names:
        return (
            f"{len(here - names)} of the objects here the archive {archive.name} does not list. "
            f"Fetching the study puts them aside: {_address(archive, study_instance_uid)}"
        )
    if names <= here and _agree(counted, listed):
        return ""
    return _not_whole(archive, study_instance_uid, listed, len(names & here), counted)


def _whole_list(
    archive: Archive, study: str, listed: dict[str, Listed], tray: Tray, why: str, lacks: set[str]
) -> dict[str, Listed]:
    """Return what the archive lists in the end, all of which is here.

    The count is asked for again: a study to which objects are still being added is not whole.
    Where it does not agree the list is asked for again too: an object may have been removed.

    Raises
    ------
    ArchiveError
        It is not all here, or the archive counts more or less than it lists.
    """

    def has(uid: str) -> bool:
        return uid not in lacks and tray.has(uid)

    counted = only_study(archive, study).count
    if not all(map(has, listed)) or not _agree(counted, listed):
        began, listed = listed, archive.objects(study)
        here = sum(map(has, listed))
        if here < len(listed) or not _agree(counted, listed):
            news = len(listed.keys() - began.keys())
            raise ArchiveError(_not_whole(archive, study, listed, here, counted, why, news))
    return listed


def _agree(counted: int | None, listed: dict[str, Listed]) -> bool:
    """Whether a count is that of a list, in which an identifier may stand several times."""
    rows = sum(1 + len(one.also_in) for one in listed.values())
    return counted is None or counted in (rows, len(listed))


def _not_whole(
    archive: Archive,
    study: str,
    listed: dict[str, Listed],
    here: int,
    counted: int | None,
    why: str = "",
    news: int = 0,
) -> str:
    """Say how much is here, what is the matter, and what to do."""
    number = "an unknown number" if counted is None else counted
    said = (
        f"The study is not whole: {here} of its objects came, {len(listed)} are listed by the "
        f"archive {archive.name} and {number} counted.{f' It says: {why}.' if why else ''}"
    )
    again = f"What came is kept; go on from there with: {_address(archive, study)}"
    if news:
        return f"{said} {news} were added there meanwhile. When it has all of them: {again}"
    if here < len(listed) or counted is None:
        return f"{said} {again}"
    if counted > len(listed):
        return (
            f"{said} Which it counts and does not list, it does not say: it may limit its answers, "
            "as Orthanc can be told to, or count an object twice. Ask who looks after the "
            f"archive to lift the limit or to count anew, or get it by the other way (DIMSE, "
            f"DICOMweb). {again}"
        )
    return (
        f"{said} It lists more than it counts, so it is changing or its count is old. Ask who "
        f"looks after the archive to count anew. {again}"
    )


def _address(archive: Archive, study: str) -> str:
    return f"facetfusion archive get archive:{archive.name}/{study}"


def _twins(listed: dict[str, Listed], name: str) -> Iterator[str]:
    """Say which identifiers the archive lists more than once."""
    several = [one for one in listed.values() if one.also_in]
    elsewhere = [one for one in several if {one.series_instance_uid} != set(one.also_in)]
    if elsewhere:
        yield (
            f"{len(elsewhere)} identifier(s) of objects stand in several series of this study in "
            f"the archive {name}. Each is kept once, in the larger series; the other lacks it "
            "here. Ask who looks after the archive to remove the copies, or to give them "
            "identifiers of their own."
        )
    if len(several) > len(elsewhere):
        yield (
            f"{len(several) - len(elsewhere)} object(s) of this study are listed several times by "
            f"the archive {name}. Each is kept once; nothing is lacking."
        )


def _series(content: bytes) -> str:
    try:
        header = dcmread(io.BytesIO(content), specific_tags=[_SERIES], stop_before_pixels=True)
        return text(header, _SERIES)
    except PARSE_ERRORS:
        return ""


def _put_aside(folder: Path, listed: Iterable[str], name: str) -> Iterator[str]:
    """Move what the archive no longer holds out of a study, and say so."""
    names = set(map(file_name, listed))
    aside = folder.with_suffix(".aside")
    try:
        for other in whole_files(folder) - names:
            aside.mkdir(mode=0o700, exist_ok=True)
            (folder / other).replace(aside / other)
        for back in whole_files(aside) & names:
            (aside / back).unlink()
    except OSError as exc:
        raise ArchiveError(
            f"What the archive no longer holds of the study cannot be put aside "
            f"({disk_reason(exc)}); the study is not opened with it."
        ) from exc
    count = len(whole_files(aside))
    if count:
        yield (
            f"{count} object(s) that came earlier are no longer in the archive {name}. They are "
            f"no part of the study here; they were put aside and lie in {aside}"
        )


def remarks(study_instance_uid: str, *, settings: Settings) -> tuple[str, ...]:
    """Return what was remarkable when a study was last fetched whole, in sentences.

    Parameters
    ----------
    study_instance_uid : str
        Which.
    settings : Settings
        Say where the inbox is.
    """
    said = _whole_note(Inbox(settings.place("inbox")), study_instance_uid).get("said")
    return tuple(map(str, said)) if isinstance(said, list) else ()


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
    note = _whole_note(inbox, study_instance_uid)
    try:
        day = dt.date.fromisoformat(note.get("day", ""))
    except (ValueError, TypeError):
        return None
    return (
        day.isoformat() if note.get("files") == _files(inbox.folder(study_instance_uid)) else None
    )


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


def _note_whole(inbox: Inbox, study: str, said: tuple[str, ...]) -> None:
    day = dt.date.today().isoformat()
    note = {"day": day, "files": _files(inbox.folder(study)), "said": said}
    written(_note(inbox, study), json.dumps(note))


def _note(inbox: Inbox, study: str) -> Path:
    return inbox.root / f"{hashed(study)}.whole"


def _whole_note(inbox: Inbox, study: str) -> dict[str, Any]:
    """Return what was noted when a study was fetched whole; nothing where it was not."""
    try:
        note = json.loads(_note(inbox, study).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _files(folder: Path) -> str:
    """Return what changes when a file of a study comes, goes or changes its length."""
    held = sorted((path.name, path.stat().st_size) for path in folder.glob("*.dcm"))
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()


def _uid(one: Listed) -> str:
    return one.sop_instance_uid


class _Filed:
    """Under whom an archive files a study now, held against whose its files here state to be.

    An archive that corrects whose a study is keeps its identifiers, so that by them alone what
    came before the correction would stand for what came after it. But some correct their list and
    not their files: what came since and states the other patient still is noted, not asked for
    again each time.
    """

    def __init__(self, inbox: Inbox, study: str, patient: Patient) -> None:
        self._place = _filed_note(inbox, study)
        self._patient = patient
        stated = [patient.patient_id, patient.name, patient.birth_date, patient.sex]
        self._key = hashed(json.dumps(stated))
        noted = _noted(self._place)
        self._came = noted["files"] if noted["patient"] == self._key else {}

    def is_old(self, path: Path) -> bool:
        """Whether a file states another patient or is damaged, and did not come like that now."""
        return not self._is_noted(path) and self._differing(path) is not None

    def note(self, came: Iterable[Path]) -> None:
        """Note what of that which came is still otherwise; nothing is said of what is not."""
        folder = self._place.parent / self._place.stem
        kept = {name: said for name, said in self._came.items() if self._is_noted(folder / name)}
        for path in came:
            kept.pop(path.name, None)
            differing = self._differing(path)
            if differing is not None:
                kept[path.name] = {"state": stamp_at(path), "differing": differing}
        if kept:
            written(self._place, json.dumps({"patient": self._key, "files": kept}))
        else:
            self._place.unlink(missing_ok=True)

    def contradicted(self, name: str) -> Iterator[str]:
        """Say in what the list of the archive contradicts what came from it."""
        noted = _noted(self._place)["files"].values()
        found = dict.fromkeys(part for said in noted for part in said["differing"])
        if found:
            yield (
                f"The archive {name} lists this study under another patient than its files state, "
                f"also after they were fetched anew; what differs: {', '.join(found)}. "
                "Make sure whose it is, and ask who looks after the archive to correct it."
            )

    def _is_noted(self, path: Path) -> bool:
        noted = self._came.get(path.name)
        return noted is not None and noted["state"] == stamp_at(path)

    def _differing(self, path: Path) -> list[str] | None:
        """Return in what a file differs, nothing for a damaged one; None where it does not."""
        try:
            with damage_told(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they quote what they complain of
                header = dcmread(path, specific_tags=_IDENTITY, stop_before_pixels=True)
            stated = Patient.of(header)
        except (OSError, MemoryError):
            return None  # of this machine or not there; it says nothing about what the file holds
        except (*PARSE_ERRORS, DicomError):
            return []
        differing = identity_conflicts(stated, self._patient)
        ids = stated.patient_id, self._patient.patient_id
        if not differing and all(ids) and not patient_ids_agree(*ids):
            differing = ["patient ID (only in capitals or blanks)"]
        return differing or None


def _filed_note(inbox: Inbox, study: str) -> Path:
    return inbox.root / f"{hashed(study)}.filed"


def _noted(place: Path) -> dict[str, Any]:
    try:
        noted = json.loads(place.read_text("utf-8"))
        files = {
            name: {
                "state": tuple(said["state"]),
                "differing": [str(part) for part in said["differing"]],
            }
            for name, said in noted["files"].items()
        }
        return {"patient": noted["patient"], "files": files}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {"patient": "", "files": {}}
