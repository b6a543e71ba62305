"""Complete studies of the inbox, prepared for a person to read. Nothing is sent by itself."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydicom import dcmread

from fusion.archive.getting import lacking
from fusion.archive.held.inbox import Inbox, hashed, stamp_at, written
from fusion.archive.model import Archive
from fusion.archive.settings import Settings
from fusion.dicom import PARSE_ERRORS, text
from fusion.errors import FusionError
from fusion.temporary import begun, sweep

#: A study to which nothing was added for this long, s, is held against the archive's count. Quiet
#: alone says nothing.
QUIET_S = 5.0
#: How often a study is held against it that is not complete, and to which nothing is added, s.
AGAIN_S = 60.0
_IMAGES = frozenset({"CT", "NM", "PT"})
_ITEM, _PART, _WAITING = "item.json", ".part", ".waiting"

#: Prepares a study: given the folder of its files and an existing one to write into.
Prepare = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One study of the work list.

    Parameters
    ----------
    study : str
        The hash that its folders are named by; no identity.
    folder : str
        Where its files lie.
    images : int
        Number of CT, NM and PET objects that it was prepared from.
    refusal : str
        Why it was not prepared; empty when it was.
    files : int
        Number of all objects that lay there when it was last looked at.
    waiting : str
        Why what lies there is not all of the study; empty where it is.
    files_state, images_state : str
        What changes when one of all these objects, or of the images, is written anew.
    """

    study: str
    folder: str
    images: int
    refusal: str
    files: int = 0
    waiting: str = ""
    files_state: str = ""
    images_state: str = ""

    @property
    def state(self) -> str:
        """How it stands, in words."""
        if self.waiting:
            return "incomplete"
        return "not prepared" if self.refusal else "ready"


def work_list(settings: Settings) -> tuple[WorkItem, ...]:
    """Return what was prepared, or why not, and what is not complete."""
    place = _place(settings)
    items = [_read(path) for path in place.glob(f"*/{_ITEM}")]
    by_study = {one.study: one for one in items if one is not None}
    for path in place.glob(f"*{_WAITING}"):
        one = _read(path)
        if one is not None and Path(one.folder).is_dir():
            by_study[one.study] = replace(by_study.get(one.study, one), waiting=one.waiting)
    return tuple(by_study[study] for study in sorted(by_study))


def _read(path: Path) -> WorkItem | None:
    """Return what was written of a study; None where ``watch`` took it away meanwhile."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    return WorkItem(**json.loads(text))


def look(
    settings: Settings,
    archives: Iterable[Archive],
    prepare: Prepare,
    *,
    looked: dict[Path, tuple[float, float]] | None = None,
) -> Iterator[WorkItem]:
    """Prepare each study of the inbox that is complete and was not prepared yet.

    One that was refused is tried again when something was added to it, and once by each program
    that looks anew. What is not complete is noted for the work list, with the reason.

    Parameters
    ----------
    settings : Settings
        Say where the inbox is.
    archives : iterable of Archive
        Whose counts say what is complete.
    prepare : callable
        Does it; what it refuses is kept with the item.
    looked : dict, optional
        Of a program that looks again and again: at which folders it has looked, how they were then
        and when. Those that are still so are left alone for a while.

    Yields
    ------
    WorkItem
        For each study that was prepared or refused now.
    """
    place = _place(settings)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(place, f"*{_PART}")
    known = {item.study: item for item in work_list(settings)}
    asked = tuple(archives)
    looked = {} if looked is None else looked
    for folder in Inbox(settings.place("inbox")).folders():
        files = sorted(folder.glob("*.dcm"))
        try:
            state = folder.stat().st_mtime
        except OSError:  # another process took it away
            continue
        if not files or time.time() - state < QUIET_S:
            continue
        item = known.get(folder.name)
        is_settled = item is not None and not item.waiting and item.files_state == _state(files)
        if is_settled and (folder in looked or not (item and item.refusal)):
            continue
        before, when = looked.get(folder, (None, 0.0))
        if before == state and time.monotonic() - when < AGAIN_S:
            continue
        looked[folder] = state, time.monotonic()
        study, images = _contents(files)
        note = place / f"{folder.name}{_WAITING}"
        now = WorkItem(folder.name, str(folder), len(images), "", len(files))
        now = replace(now, files_state=_state(files), images_state=_state(images))
        if item is not None and item.state == "ready" and item.images_state == now.images_state:
            written(place / item.study / _ITEM, _form(now))
        elif images and hashed(study) == folder.name:
            waiting = _waiting(asked, study, folder)
            if waiting:
                written(note, _form(replace(now, waiting=waiting)))
            else:
                note.unlink(missing_ok=True)
                yield _prepared(place, folder, now, prepare)


def _prepared(place: Path, folder: Path, item: WorkItem, prepare: Prepare) -> WorkItem:
    refusal = ""
    with begun(place / f"{folder.name}{_PART}") as part:
        made = part / "made"
        made.mkdir()
        try:
            prepare(folder, made)
        except FusionError as exc:
            refusal = str(exc)
        except Exception as exc:  # noqa: BLE001 - one study holds up no other, today or tomorrow
            refusal = f"A fault of facetfusion ({type(exc).__name__}); please report it."
        item = replace(item, refusal=refusal)
        written(made / _ITEM, _form(item))
        target = place / folder.name
        if target.exists():
            target.rename(part / "earlier")
        made.rename(target)
    return item


def _form(item: WorkItem) -> str:
    return json.dumps(asdict(item))


def _state(files: list[Path]) -> str:
    """Return what changes when a file comes, goes or is written anew."""
    # One that another process took away meanwhile is looked at again the next time.
    held = [(path.name, stamp_at(path)) for path in files]
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()


def _contents(files: list[Path]) -> tuple[str, list[Path]]:
    """Return the one study that files are of (empty for several), and those that are images."""
    studies: set[str] = set()
    images: list[Path] = []
    for path in files:
        try:
            header = dcmread(path, specific_tags=["StudyInstanceUID", "Modality"])
        except PARSE_ERRORS:
            return "", []
        studies.add(text(header, "StudyInstanceUID"))
        if text(header, "Modality") in _IMAGES:
            images.append(path)
    return (studies.pop(), images) if len(studies) == 1 else ("", [])


def _waiting(archives: tuple[Archive, ...], study: str, folder: Path) -> str:
    """Return why no archive has just what came of a study; empty where one has."""
    reasons, unasked = [], []
    for archive in archives:
        try:
            reason = lacking(archive, study, folder)
        except FusionError as exc:
            unasked.append(str(exc))
            continue
        if not reason:
            return ""
        reasons.append(reason)
    return " ".join(reasons or unasked) or (
        "archives.toml names no archive, so nobody says how many objects the study has. Name the "
        "one that sent it."
    )


def _place(settings: Settings) -> Path:
    return settings.place("outbox").parent / "worklist"
