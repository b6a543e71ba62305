"""What is said of a damaged journal, and a copy of what is whole of it; never the file itself."""

from __future__ import annotations

from pathlib import Path

from fusion.annotations.keeping.rescue import Rescued, rescued
from fusion.annotations.keeping.sent_table import add_row
from fusion.annotations.keeping.storage import WAIT_S, Storage, write_event
from fusion.annotations.keeping.wholeness import beginning
from fusion.errors import AnnotationError


def journal_damage(path: Path) -> str:
    """Return the sentence that a damaged journal is refused with; nothing for a whole one."""
    try:
        Storage(path, wait_s=WAIT_S).close()
    except AnnotationError as exc:
        return str(exc)
    return ""


def copied_whole(path: Path, new: Path) -> Rescued:
    """Copy what is whole of a journal, damaged or not, into a new one.

    Parameters
    ----------
    path : Path
        The journal; only read.
    new : Path
        Must not exist.

    Raises
    ------
    AnnotationError
        Nothing of it is whole, or the new one cannot be made.
    """
    if new.exists():
        raise AnnotationError(f"{new} exists already; choose another name for the copy.")
    found = rescued(path)
    if not found.readings:
        raise AnnotationError(f"No event of {path} is whole. Keep the file and restore a backup.")
    storage = Storage(new, wait_s=WAIT_S)
    try:
        with storage.writing():
            storage.execute("PRAGMA defer_foreign_keys = ON")  # what is amended may come later
            for reading_id, events in found.readings.items():
                study, pixels, amends = beginning(events[0][0])
                amended = amends if amends in found.readings else None
                row = (reading_id, study, pixels, amended)
                storage.execute("INSERT INTO readings VALUES (?, ?, ?, ?)", row)
                for content, stored in events:
                    write_event(storage, reading_id, content, stored)
            for reading_id, content, _ in found.sendings:
                add_row(storage, reading_id, content)
    finally:
        storage.close()
    return found
