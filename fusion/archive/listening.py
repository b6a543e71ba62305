"""Taking in what archives send: studies into the inbox, and answers about storage commitment.

Off unless started, on this machine only unless TLS and an allow-list say otherwise
(:class:`~fusion.archive.settings.ListenSettings`). Nothing is ever sent from here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pynetdicom import AllStoragePresentationContexts, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined,unused-ignore]
    StorageCommitmentPushModel,
    Verification,
)

from fusion.archive.held.identifiers import Identifiers, identifiers
from fusion.archive.held.inbox import Inbox, hashed, written
from fusion.archive.model import UID_PATTERN
from fusion.archive.protocols.accepting import Callers, Entity
from fusion.archive.protocols.encryption import server_context
from fusion.archive.protocols.wire import (
    INTRODUCTION_S,
    LARGEST_PDU_BYTES,
    SILENCE_S,
    SYNTAXES,
    Gauge,
)
from fusion.archive.settings import ListenSettings, Settings
from fusion.dicom import items, text
from fusion.errors import ArchiveError, FusionError

#: How long after it was asked for an answer about storage commitment is still expected, s.
_LATEST_S = 30 * 86400.0
_OK, _NO_ROOM, _DOES_NOT_FIT = 0x0000, 0xA700, 0xA900
_NOT_TAKEN = 0x0110  # "processing failure" (PS3.7 annex C)

#: Told of each object that was kept: the identifier of its study.
Arrived = Callable[[str], None]
#: Given what was asked for and came (study, object, content): whether it was kept; None for what
#: nobody asked for, which goes into the inbox.
Taker = Callable[[str, str, bytes], bool | None]


class PortTaken(ArchiveError):  # noqa: N818 - a state of this machine, not a fault
    """Another program listens there, most likely a facetfusion of the same settings."""


class Commitments:
    """Answers about storage commitment, kept as files: they may come to another process, or late.

    Parameters
    ----------
    folder : Path
        Made when absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, transaction: str, about: str) -> None:
        """Expect an answer; others are not kept.

        Parameters
        ----------
        transaction : str
            Its UID.
        about : str
            What was asked about, so that an answer is found that came too late to be waited for.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written(self._asked(transaction), json.dumps({"transaction": transaction, "about": about}))

    def take(self, transaction: str) -> dict[str, bool] | None:
        """Return the answer, which is then forgotten; None while there is none."""
        answered = self._answer(transaction)
        if not answered.exists():
            return None
        found: dict[str, bool] = json.loads(answered.read_text("utf-8"))
        answered.unlink()
        self.forget(transaction)
        return found

    def take_late(self, about: str) -> dict[str, bool] | None:
        """Return an answer that came after it was waited for; None where there is none."""
        found = None
        for asked in sorted(self._folder.glob("*.asked")):
            try:
                if time.time() - asked.stat().st_mtime > _LATEST_S:
                    asked.unlink()
                    continue
                stated = json.loads(asked.read_text("utf-8"))
                transaction, is_meant = stated["transaction"], stated["about"] == about
            except (OSError, ValueError, LookupError, TypeError):
                continue  # another process just took it, or an earlier version wrote it
            if is_meant:
                found = self.take(transaction) or found
        return found

    def forget(self, transaction: str) -> None:
        """Expect no answer any more."""
        self._asked(transaction).unlink(missing_ok=True)

    def answer(self, transaction: str, answers: dict[str, bool]) -> bool:
        """Keep an answer; says whether it was asked for."""
        if not self._asked(transaction).exists():
            return False
        written(self._answer(transaction), json.dumps(answers))
        return True

    def _asked(self, transaction: str) -> Path:
        return self._folder / f"{hashed(transaction)}.asked"

    def _answer(self, transaction: str) -> Path:
        return self._folder / f"{hashed(transaction)}.json"


class Listener:
    """What listens; use it in a ``with`` block.

    Parameters
    ----------
    settings : Settings
        With ``[listen]``.
    takes_studies : bool
        Whether objects are taken in, or answers about storage commitment only.
    arrived : callable, optional
        Told of each object that was kept; called from other threads.
    taker : callable, optional
        Takes what was asked for past the inbox; called from other threads.

    Raises
    ------
    ArchiveError
        Nothing is said about listening, or the port is taken.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        takes_studies: bool,
        arrived: Arrived | None = None,
        taker: Taker | None = None,
    ) -> None:
        if settings.listen is None:
            raise ArchiveError(
                "archives.toml says nothing about listening; [listen] with a port is needed."
            )
        self._settings = settings
        self._stated: ListenSettings = settings.listen
        self._takes_studies = takes_studies
        self._arrived = arrived
        self._taker = taker
        self._inbox = Inbox(settings.place("inbox"))
        self._commitments = commitments(settings)
        self._gauge = Gauge()
        self._callers = Callers(self._gauge)
        self._bytes: dict[str, int] = {}
        self._lock = threading.Lock()
        self._parts: Path | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Listener:
        stated = self._stated
        ae = Entity(ae_title=self._settings.title)
        ae.require_called_aet = True
        titles = [one.title for one in self._settings.archives.values() if one.title]
        ae.require_calling_aet = list(stated.allow or titles)
        if not ae.require_calling_aet:
            raise ArchiveError("archives.toml names nobody who may send: fill allow in [listen].")
        ae.maximum_associations = stated.most_associations
        ae.maximum_pdu_size = LARGEST_PDU_BYTES
        ae.network_timeout = ae.dimse_timeout = SILENCE_S
        ae.acse_timeout = INTRODUCTION_S
        ae.add_supported_context(Verification)
        # Without the role of a provider the archive cannot answer, and the answer is lost silently.
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        if self._takes_studies:
            for context in AllStoragePresentationContexts:
                ae.add_supported_context(context.abstract_syntax, SYNTAXES)
        tls = None if stated.tls is None else server_context(self._settings, stated.tls)
        self._parts = self._stack.enter_context(self._inbox.parts())
        try:
            server = ae.start_server(
                (stated.host, stated.port),
                block=False,
                ssl_context=tls,
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, self._callers.came),
                    (evt.EVT_ESTABLISHED, self._callers.agreed),
                    (evt.EVT_CONN_CLOSE, self._callers.closed),
                    (evt.EVT_C_STORE, self._store),
                    (evt.EVT_N_EVENT_REPORT, self._report),
                ],
            )
        except OSError as exc:
            self._stack.close()
            said = f"Port {stated.port} of {stated.host} cannot be listened on ({exc.strerror})."
            if exc.errno == errno.EADDRINUSE:
                raise PortTaken(f"{said} Another facetfusion may listen there already.") from exc
            raise ArchiveError(
                f"{said} Give this machine's own address as host and a port from 1024 on in "
                "[listen] of archives.toml."
            ) from exc
        self._stack.callback(self._callers.leave)
        self._stack.callback(server.shutdown)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _store(self, event: Any) -> int:
        content: bytes = event.encoded_dataset()
        self._gauge.clear(event.assoc)
        itself = identifiers(content)
        study, uid = itself.study, str(event.request.AffectedSOPInstanceUID)
        if not all(re.fullmatch(UID_PATTERN, one) for one in (study, uid)):
            return _DOES_NOT_FIT
        if itself != Identifiers(study, uid):
            return _DOES_NOT_FIT  # under the name of another it would stand in that one's place
        if not self._has_room(study, uid, len(content)) or self._parts is None:
            return _NO_ROOM
        taken = None if self._taker is None else self._taker(study, uid, content)
        if taken is not None:
            return _OK if taken else _DOES_NOT_FIT
        try:
            self._inbox.tray(study, self._parts).keep(uid, content)
        except FusionError:
            return _NO_ROOM
        if self._arrived is not None:
            self._arrived(study)
        return _OK

    def _has_room(self, study: str, uid: str, count: int) -> bool:
        with self._lock:
            if study not in self._bytes:
                files = self._inbox.folder(study).glob("*.dcm")
                self._bytes[study] = sum(file.stat().st_size for file in files)
            # An object that comes again takes the place of the one that is here.
            held = self._inbox.held(study, uid)
            grows = count - (held[0] if held else 0)
            fits = self._bytes[study] + grows <= self._stated.most_bytes_a_study
            fits = fits and self._inbox.free_bytes() - count >= self._stated.least_free_bytes
            if fits:
                self._bytes[study] += grows
            return fits

    def _report(self, event: Any) -> tuple[int, None]:
        try:
            said = event.event_information
            answers = {
                text(item, "ReferencedSOPInstanceUID"): keyword == "ReferencedSOPSequence"
                for keyword in ("ReferencedSOPSequence", "FailedSOPSequence")
                for item in items(said, keyword)
            }
            self._commitments.answer(text(said, "TransactionUID"), answers)
        except (OSError, FusionError):
            return _NOT_TAKEN, None  # so that it is sent again
        return _OK, None


def commitments(settings: Settings) -> Commitments:
    """Return where answers about storage commitment are kept."""
    return Commitments(settings.place("outbox") / "commitments")


@contextmanager
def hearing(settings: Settings) -> Iterator[Commitments]:
    """Hear answers about storage commitment, here or in another process that listens already."""
    with heard(settings, takes_studies=False):
        yield commitments(settings)


@contextmanager
def heard(settings: Settings, *, takes_studies: bool, taker: Taker | None = None) -> Iterator[bool]:
    """Listen, unless another process of these settings does; yields whether it is we who do."""
    with ExitStack() as stack:
        ours = False
        with contextlib.suppress(PortTaken):
            stack.enter_context(Listener(settings, takes_studies=takes_studies, taker=taker))
            ours = True
        yield ours
