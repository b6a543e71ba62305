"""Sending the results of a reading, with a note in the journal before and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusion.annotations import Journal, ObjectState, Outcome, Reading, Sending
from fusion.archive.model import Archive
from fusion.archive.sending import Sent, known_states, send
from fusion.errors import Cancelled, FusionError
from fusion.progress import ProgressCallback
from fusion.software import own_version


def send_noted(
    archive: Archive,
    folder: Path,
    reading: Reading,
    *,
    sender: str,
    journal: Path | None = None,
    progress: ProgressCallback | None = None,
) -> Sent:
    """Send the results of a reading, and keep in its journal who did it and what came of it.

    Parameters
    ----------
    archive : Archive
        That has the study.
    folder : Path
        From :func:`fusion.archive.sending.prepared`.
    reading : Reading
        That the results are of.
    sender : str
        Who sends.
    journal : Path, optional
        Where the reading is kept; the journal of the user by default.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    AnnotationError
        The journal cannot keep it. Where it could not from the beginning, nothing was sent.
    ArchiveError
        As :func:`fusion.archive.sending.send` has it; that is noted too.
    """

    def note(outcome: Outcome, states: Mapping[str, ObjectState], **more: Any) -> None:
        sending = Sending(
            reading_id=reading.reading_id,
            reading_digest=reading.digest,
            draft=reading.finalised is None,
            archive=archive.name,
            sender=sender,
            time=datetime.now(UTC),
            software_version=own_version(),
            outcome=outcome,
            objects=dict(states),
            **more,
        )
        with Journal(journal) as kept:
            kept.note_sending(sending)

    states, before = known_states(folder, archive.name)
    note("begun", states)
    try:
        sent = send(archive, folder, progress=progress)
    except FusionError as exc:
        states, after = known_states(folder, archive.name)
        outcome: Outcome = "stopped" if isinstance(exc, Cancelled) else "failed"
        reason = "" if isinstance(exc, Cancelled) else str(exc)
        note(outcome, states, sent_now=after - before, reason=reason)
        raise
    note("ended", sent.states, sent_now=sent.stored_now)
    return sent
