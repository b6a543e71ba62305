"""Getting a study: what is missing is fetched, and it is whole when the archive's count agrees."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from fusion.archive.held.filed import Filed
from fusion.archive.held.identifiers import Identifiers, identifiers, values
from fusion.archive.held.inbox import Inbox, Tray, file_name, stamp_at, whole_files
from fusion.archive.held.whole import forget_whole, note_whole
from fusion.archive.model import Archive, Listed, only_study
from fusion.archive.settings import Settings
from fusion.errors import ArchiveError, disk_reason
from fusion.progress import Progress, ProgressCallback

#: Fetching stops when a round brings nothing; each round asks for what is still missing.
MOST_ROUNDS = 3
_SERIES = 0x0020000E
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
        filed = Filed(inbox, study_instance_uid, found.patient)
        old = {uid for uid in listed if filed.is_old(tray.file(uid))}
        if old:  # until it came anew this is not what the archive holds, whole or not
            forget_whole(inbox, study_instance_uid)
        wanted = [
            one
            for uid, one in listed.items()
            if uid in old or not tray.has(uid) or _is_the_other_twin(one, tray)
        ]
        missing, asked = wanted, set[str]()
        # What is here stays until what comes takes its place.
        states = {uid: stamp_at(tray.file(uid)) for uid in listed}

        came: set[str] = set()

        def keep(sop_instance_uid: str, content: bytes) -> bool:
            itself = Identifiers(study_instance_uid, sop_instance_uid)
            if sop_instance_uid not in listed or identifiers(content) != itself:
                return False
            if sop_instance_uid not in asked:
                return False  # it came along with its series; what is here and noted of it stays
            meant = listed[sop_instance_uid]
            is_twin = meant.also_in and sop_instance_uid in came
            if is_twin and _series(content) != meant.series_instance_uid:
                return False  # the one in the largest series is kept
            came.add(sop_instance_uid)
            writing.begin(tray.keep, sop_instance_uid, content)
            tell()
            return True

        def tell() -> None:
            done = 0.99 * (before + len(came)) / max(1, len(listed))
            report(min(0.99, done), "Fetching from the archive")

        before, why = len(listed) - len(missing), ""
        for _ in range(MOST_ROUNDS):
            if not missing:
                break
            asked.clear()
            asked.update(map(_uid, missing))
            why = archive.fetch(study_instance_uid, missing, keep, going_on=tell)
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
    note_whole(inbox, study_instance_uid, said)
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


def _is_the_other_twin(one: Listed, tray: Tray) -> bool:
    """Whether what is here is the copy of the smaller series: a get was stopped between the two."""
    if not set(one.also_in) - {one.series_instance_uid}:
        return False
    try:
        return _series(tray.file(one.sop_instance_uid).read_bytes()) != one.series_instance_uid
    except OSError:
        return False


def _series(content: bytes) -> str:
    found = values(content, (_SERIES,)) or {}
    return found.get(_SERIES, b"").decode("ascii", "replace").rstrip("\0 ")


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


def _uid(one: Listed) -> str:
    return one.sop_instance_uid
