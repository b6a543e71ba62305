"""An archive that speaks DIMSE: C-FIND, C-GET, C-MOVE, C-STORE, by pynetdicom."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, Association, _config, build_role, evt
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import (  # type: ignore[attr-defined,unused-ignore]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from fusion.archive.held.inbox import Inbox, file_name, hashed, whole_files
from fusion.archive.listening import Commitments, heard, hearing
from fusion.archive.model import (
    FoundSeries,
    FoundStudy,
    GoingOn,
    Keep,
    Listed,
    NotOffered,
    NotReached,
    Query,
    Told,
    each,
)
from fusion.archive.protocols.commands import C_FIND, C_GET, C_MOVE, N_ACTION, OK, PENDING
from fusion.archive.protocols.encryption import client_context, complaint
from fusion.archive.protocols.exchange import Exchange, hung_up
from fusion.archive.protocols.files import Outgoing
from fusion.archive.protocols.wire import LARGEST_PDU_BYTES, PACKED, PLAIN, SILENCE_S, tuned
from fusion.archive.settings import ArchiveSettings, Settings
from fusion.dicom import text
from fusion.errors import ArchiveError, FusionError

#: How long it may take to be reached, s.
REACH_S = 15.0
#: How long to wait for the archive to answer for what was sent, s; the next time asks again.
COMMITMENT_S = 30.0
_LOOK_S = 0.05
#: Objects named in one request.
_AT_ONCE = 100
#: A presentation context holds one accepted syntax; an association at most 128 of them.
_MOST_CONTEXTS = 126

_NOT_SUPPORTED = 0x0122
_UNKNOWN_DESTINATION = 0xA801

_config.LOG_HANDLER_LEVEL = "none"  # names of patients stand in what it logs
_config.LOG_RESPONSE_IDENTIFIERS = False
_config.LOG_REQUEST_IDENTIFIERS = False
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)


class DimseArchive:
    """An archive that is reached by DIMSE.

    Parameters
    ----------
    name : str
        In archives.toml.
    stated : ArchiveSettings
        How it is reached.
    settings : Settings
        How this program calls itself.
    """

    def __init__(self, name: str, stated: ArchiveSettings, settings: Settings) -> None:
        self.name = name
        self._stated = stated
        self._settings = settings

    # ---- Questions -------------------------------------------------------------------------------

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        """Search for studies."""
        asked = _question("STUDY")
        asked.StudyInstanceUID = query.study_instance_uid
        asked.PatientID = query.patient_id
        asked.PatientName = query.patient_name
        asked.StudyDate = query.dates
        asked.ModalitiesInStudy = query.modality
        for wanted in (
            "IssuerOfPatientID",
            "PatientBirthDate",
            "PatientSex",
            "StudyDescription",
            "NumberOfStudyRelatedInstances",
        ):
            setattr(asked, wanted, None)
        return each(self._find(asked), FoundStudy.of)

    def series(self, study_instance_uid: str) -> tuple[FoundSeries, ...]:
        """List the series of a study."""
        asked = _question("SERIES")
        asked.StudyInstanceUID = study_instance_uid
        for wanted in ("SeriesInstanceUID", "Modality", "SeriesDescription", "SeriesDate"):
            setattr(asked, wanted, "")
        asked.BodyPartExamined = ""
        return each(self._find(asked), FoundSeries.of)

    def objects(self, study_instance_uid: str) -> dict[str, Listed]:
        """List every object of a study by its UID, over one association."""
        found: list[Listed] = []
        with self._associated([_context(StudyRootQueryRetrieveInformationModelFind)]) as way:
            asked = _question("SERIES")
            asked.StudyInstanceUID = study_instance_uid
            asked.SeriesInstanceUID = ""
            series = [text(answer, "SeriesInstanceUID") for answer in self._answers(way, asked)]
            for uid in series:
                asked = _question("IMAGE")
                asked.StudyInstanceUID = study_instance_uid
                asked.SeriesInstanceUID = uid
                asked.SOPInstanceUID = ""
                asked.SOPClassUID = ""
                for answer in self._answers(way, asked):
                    sop = text(answer, "SOPInstanceUID")
                    found.append(Listed(sop, uid, text(answer, "SOPClassUID")))
        return Listed.by_uid(found)

    def _find(self, asked: Dataset) -> Iterator[Dataset]:
        with self._associated([_context(StudyRootQueryRetrieveInformationModelFind)]) as way:
            yield from self._answers(way, asked)

    def _answers(self, way: Exchange, asked: Dataset) -> Iterator[Dataset]:
        for answer in way.ask("search", StudyRootQueryRetrieveInformationModelFind, C_FIND, asked):
            if answer.status in PENDING and answer.content is not None:
                if asked.QueryRetrieveLevel != "STUDY":
                    self._require_within(answer.content, asked)
                yield answer.content
            elif answer.status != OK:
                raise self._refused("search", answer.status)

    def _require_within(self, answer: Dataset, asked: Dataset) -> None:
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
            meant, stated = text(asked, keyword), text(answer, keyword)
            if meant and stated and stated != meant:
                raise ArchiveError(
                    f"The archive {self.name} lists what is in another study or series than the "
                    "one that it was asked about, so what the study holds cannot be said. Try "
                    "again; if it stays so, ask who looks after the archive."
                )

    # ---- Fetching --------------------------------------------------------------------------------

    def fetch(
        self,
        study_instance_uid: str,
        wanted: Sequence[Listed],
        keep: Keep,
        going_on: GoingOn | None = None,
    ) -> str:
        """Fetch objects over one association, series by series."""
        if self._stated.retrieve == "move":
            return self._move(study_instance_uid, wanted, keep, going_on)
        classes = sorted({one.sop_class_uid for one in wanted if one.sop_class_uid})
        if not classes:
            raise ArchiveError(f"The archive {self.name} does not say what kind its objects are.")
        contexts, roles = _storage_contexts(classes)
        get, why = StudyRootQueryRetrieveInformationModelGet, ""
        with self._associated([_context(get), *contexts], roles=roles) as way:
            for asked in _requests(study_instance_uid, wanted):
                answers = way.ask("retrieval", get, C_GET, asked, arrived=keep, going_on=going_on)
                for answer in answers:
                    why = _why_less(answer.status) or why
        return why

    def _move(
        self,
        study_instance_uid: str,
        wanted: Sequence[Listed],
        keep: Keep,
        going_on: GoingOn | None,
    ) -> str:
        """Have objects sent to our listener, or to that of another process, and keep them."""
        move, why = StudyRootQueryRetrieveInformationModelMove, ""
        inbox = Inbox(self._settings.place("inbox"))
        uids = {one.sop_instance_uid for one in wanted}
        # What lies here already is not ours to take away.
        here = {uid: inbox.held(study_instance_uid, uid) for uid in uids}
        stopped: list[FusionError] = []
        lock = threading.Lock()

        def taken(study: str, uid: str, content: bytes) -> bool | None:
            if study != study_instance_uid or uid not in uids:
                return None
            with lock:
                try:
                    return not stopped and keep(uid, content)
                except FusionError as exc:
                    stopped.append(exc)
                    return False

        with (
            heard(self._settings, takes_studies=True, taker=taken) as ours,
            self._associated([_context(move)]) as way,
        ):
            for asked in _requests(study_instance_uid, wanted):
                title = self._settings.title
                answers = way.ask(
                    "retrieval", move, C_MOVE, asked, destination=title, going_on=going_on
                )
                for answer in answers:
                    if stopped:
                        raise stopped[0]
                    why = _why_less(answer.status) or why
                    if answer.status == _UNKNOWN_DESTINATION:
                        raise ArchiveError(
                            f"The archive {self.name} does not know where to send: its "
                            f"administrator has to enter the title {title} with "
                            "this machine and the port of [listen]."
                        )
        # Where a study is coming there of which more lies there, what came is part of it.
        is_coming = bool(whole_files(inbox.folder(study_instance_uid)) - set(map(file_name, uids)))
        for uid in () if ours else sorted(uids):  # the other process put it into the inbox
            before = here[uid]
            if before is not None and before == inbox.held(study_instance_uid, uid):
                continue  # it lay here before, and nothing came
            content = inbox.content(
                study_instance_uid, uid, remove=before is None and not is_coming
            )
            if content is not None:
                keep(uid, content)
        return f"{why}; it has to reach this machine at the port of [listen]" if why else ""

    # ---- Sending ---------------------------------------------------------------------------------

    def store(self, files: Sequence[Path], told: Told) -> None:
        """Send files as they are over one association."""
        outgoing = [Outgoing.of(path) for path in files]
        wanted = {(one.kind, one.syntax) for one in outgoing}
        contexts = [_context(kind, syntax) for kind, syntax in sorted(wanted)]
        with self._associated(contexts) as way:
            for one in outgoing:
                code = way.store(one)
                if code is None:
                    told(one.path, "the archive does not take objects of this kind")
                    continue
                # 0xBxxx: stored, with a warning.
                told(one.path, "" if code == OK or code >> 12 == 0xB else _why(code))

    def commit(self, files: Mapping[str, str]) -> dict[str, bool] | None:
        """Ask the archive to answer for objects; None where it does not, or not in time."""
        if self._settings.listen is None:
            return None
        transaction = f"2.25.{uuid.uuid4().int}"  # PS3.5 annex B.2
        about = hashed(json.dumps([self.name, *sorted(files)]))
        asked = Dataset()
        asked.TransactionUID = transaction
        asked.ReferencedSOPSequence = [_reference(uid, kind) for uid, kind in files.items()]
        with hearing(self._settings) as answers:
            late = answers.take_late(about)
            if late is not None and all(late.get(uid) for uid in files):
                return late
            answers.ask(transaction, about)
            try:
                with self._associated([_context(StorageCommitmentPushModel)]) as way:
                    answers_now = way.ask(
                        "storage commitment",
                        StorageCommitmentPushModel,
                        N_ACTION,
                        asked,
                        action=(StorageCommitmentPushModelInstance, 1),
                    )
                    # Some say first that they are at it.
                    code = [answer.status for answer in answers_now][-1]
            except NotOffered:
                code = _NOT_SUPPORTED
            if code != OK:
                answers.forget(transaction)
                return None
            return _awaited(answers, transaction)

    # ---- The way there ---------------------------------------------------------------------------

    @contextmanager
    def _associated(
        self,
        contexts: list[PresentationContext],
        *,
        roles: Sequence[Any] = (),
    ) -> Iterator[Exchange]:
        ae = AE(ae_title=self._settings.title)
        ae.connection_timeout = ae.acse_timeout = REACH_S
        ae.dimse_timeout = ae.network_timeout = SILENCE_S
        tls = self._stated.tls
        host = str(self._stated.host)
        secured = None if tls is None else (client_context(self._settings, tls), host)
        way = ae.associate(
            host,
            int(self._stated.port or 0),
            contexts=contexts,
            ae_title=str(self._stated.title),
            max_pdu=LARGEST_PDU_BYTES,
            ext_neg=list(roles),
            tls_args=secured,
            evt_handlers=[(evt.EVT_CONN_OPEN, tuned)],
        )
        if not way.is_established:
            raise self._not_reached(way)
        with Exchange(way, self.name) as exchange:
            yield exchange

    def _not_reached(self, way: Association) -> ArchiveError:
        stated = self._stated
        where = f"{self.name} ({stated.title} at {stated.host}, port {stated.port})"
        if way.is_rejected:
            return ArchiveError(
                f"The archive {where} refused us. Its administrator has to allow the title "
                f"{self._settings.title} from this machine, and archives.toml has to name the "
                "archive's own title."
            )
        if way.accepted_contexts:
            return hung_up(where)
        if way.acceptor.primitive is not None:  # it agreed, but to nothing
            return NotOffered(
                f"The archive {where} does nothing of what was asked (search, retrieval, storage). "
                "Its administrator has to allow it for this machine and the title "
                f"{self._settings.title}."
            )
        if stated.tls is not None:
            context = client_context(self._settings, stated.tls)
            why = complaint(context, str(stated.host), int(stated.port or 0))
            if why:
                return ArchiveError(
                    f"The archive {where} and this machine do not accept each other's certificates "
                    f"({why}). Check the files of tls in archives.toml."
                )
        how = " with TLS" if stated.tls else " without TLS"
        return NotReached(
            f"The archive {where} cannot be reached{how}. Check host, port and TLS in "
            "archives.toml, and whether it runs."
        )

    def _refused(self, what: str, code: int) -> ArchiveError:
        return ArchiveError(f"The archive {self.name} refused the {what}: {_why(code)}.")


def _requests(study: str, wanted: Sequence[Listed]) -> Iterator[Dataset]:
    """Yield requests for objects, series by series."""
    by_series: dict[str, list[str]] = defaultdict(list)
    for one in wanted:
        by_series[one.series_instance_uid].append(one.sop_instance_uid)
    for series, uids in by_series.items():
        for first in range(0, len(uids), _AT_ONCE):
            asked = _question("IMAGE")
            asked.StudyInstanceUID = study
            asked.SeriesInstanceUID = series
            asked.SOPInstanceUID = uids[first : first + _AT_ONCE]
            yield asked


def _question(level: str) -> Dataset:
    """Return an empty question: names in it are written so that every letter has a place."""
    asked = Dataset()
    # Without it "Люк*" goes out as "???*", which is everybody.
    asked.SpecificCharacterSet = "ISO_IR 192"
    asked.QueryRetrieveLevel = level
    return asked


def _context(kind: str, *syntaxes: str) -> PresentationContext:
    context = PresentationContext()
    context.abstract_syntax = kind
    context.transfer_syntax = list(syntaxes) or PLAIN
    return context


def _storage_contexts(classes: Sequence[str]) -> tuple[list[PresentationContext], list[Any]]:
    """Offer to take objects of some kinds, uncompressed and in every packing that we can read."""
    if len(classes) > _MOST_CONTEXTS:
        raise ArchiveError("The study holds objects of more kinds than can be asked for at once.")
    contexts = [_context(kind, *PLAIN) for kind in classes]
    for packed in PACKED:
        if len(contexts) + len(classes) <= _MOST_CONTEXTS:
            contexts += [_context(kind, packed) for kind in classes]
    return contexts, [build_role(kind, scp_role=True) for kind in classes]


_IN_WORDS = {
    0x0122: "it does not do that",
    0x0124: "we are not allowed to",
    0xA701: "it cannot say how many there are",
    0xA702: "it could send none of them",
    0xB000: "some of them could not be sent",
    0xFE00: "more was found than it lists at once, or it was stopped there",
}
_KINDS_IN_WORDS = {
    0xA7: "it has no room left",
    0xA8: "it is not meant for this",
    0xA9: "it does not fit",
}


def _why(code: int) -> str:
    said = _IN_WORDS.get(code) or _KINDS_IN_WORDS.get(code >> 8)
    said = said or ("it cannot do that" if code >> 12 == 0xC else None)
    return f"{said} (status {code:04X})" if said else f"status {code:04X}"


def _why_less(code: int) -> str:
    """Return why less came than was asked for; empty while it goes well."""
    return "" if code in (OK, *PENDING) else _why(code)


def _reference(uid: str, kind: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = kind
    item.ReferencedSOPInstanceUID = uid
    return item


def _awaited(answers: Commitments, transaction: str) -> dict[str, bool] | None:
    until = time.monotonic() + COMMITMENT_S
    while (found := answers.take(transaction)) is None and time.monotonic() < until:
        time.sleep(_LOOK_S)
    return found
