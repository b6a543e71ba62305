"""What was noted when a study was last fetched whole."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from fusion.archive.held.inbox import Inbox, hashed, written
from fusion.archive.settings import Settings


def remarks(study_instance_uid: str, *, settings: Settings) -> tuple[str, ...]:
    """Return what was remarkable when a study was last fetched whole, in sentences.

    Parameters
    ----------
    study_instance_uid : str
        Which.
    settings : Settings
        Say where the inbox is.
    """
    said = _noted(Inbox(settings.place("inbox")), study_instance_uid).get("said")
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
    note = _noted(inbox, study_instance_uid)
    try:
        day = dt.date.fromisoformat(note.get("day", ""))
    except (ValueError, TypeError):
        return None
    return (
        day.isoformat() if note.get("files") == _files(inbox.folder(study_instance_uid)) else None
    )


def note_whole(inbox: Inbox, study: str, said: tuple[str, ...]) -> None:
    """Note that all of a study lies here since today, and what was remarkable, in sentences."""
    day = dt.date.today().isoformat()
    note = {"day": day, "files": _files(inbox.folder(study)), "said": said}
    written(_place(inbox, study), json.dumps(note))


def forget_whole(inbox: Inbox, study: str) -> None:
    """Note that what lies here of a study is not what the archive holds."""
    _place(inbox, study).unlink(missing_ok=True)


def _place(inbox: Inbox, study: str) -> Path:
    return inbox.root / f"{hashed(study)}.whole"


def _noted(inbox: Inbox, study: str) -> dict[str, Any]:
    """Return what was noted when a study was fetched whole; nothing where it was not."""
    try:
        note = json.loads(_place(inbox, study).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _files(folder: Path) -> str:
    """Return what changes when a file of a study comes, goes or changes its length."""
    held = sorted((path.name, path.stat().st_size) for path in folder.glob("*.dcm"))
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()
