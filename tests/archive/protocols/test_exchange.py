"""What goes over an association that we read and write ourselves, whatever the other side does."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import (  # type: ignore[attr-defined,unused-ignore]
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from fusion.archive.model import Listed, Query
from fusion.archive.protocols import dimse, exchange
from fusion.archive.protocols.commands import decoded, encoded
from fusion.archive.protocols.connecting import connect
from fusion.archive.protocols.exchange import Exchange
from fusion.archive.protocols.files import file_head
from fusion.archive.settings import Settings
from fusion.errors import ArchiveError, Cancelled
from tests.archive.test_odd import answering, rude
from tests.studies import write_ct

__all__ = ["rude"]
#: pynetdicom's listener, here the other side, forgets a socket that we closed first.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FIND, GET = StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelGet
#: Of a command and of a data set, not the last piece and the last.
COMMAND, COMMAND_END, DATA, DATA_END = 1, 3, 0, 2


def piece(context: int, bits: int, content: bytes) -> bytes:
    return struct.pack(">LBB", len(content) + 2, context, bits) + content


def pdu(*pieces: bytes, kind: int = 4) -> bytes:
    content = b"".join(pieces)
    return struct.pack(">BxL", kind, len(content)) + content


def command(**stated: Any) -> bytes:
    """A C-STORE request as pynetdicom writes it."""
    asked = C_STORE()
    asked.MessageID, asked.Priority = 7, 2
    asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = CTImageStorage, "1.2.3.1.1"
    asked.DataSet = io.BytesIO(b"any")
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    for keyword, value in stated.items():
        setattr(message.command_set, keyword, value)
    made = encode(message.command_set, True, True)
    assert made is not None
    return made


def answer(field: int = 0x8020, status: int = 0, to: int = 1, **stated: Any) -> bytes:
    """The command of an answer, to the first request of an association if nothing else is said."""
    said = {"CommandField": field, "MessageIDBeingRespondedTo": to, "Status": status}
    return command(**({"CommandDataSetType": 0x0101} | said | stated))


def with_data(size: int, context: int = 1) -> bytes:
    """An answer that brings a study, and as much as wanted beside it."""
    held = Dataset()
    held.StudyInstanceUID = "1.2.3"
    held.PixelData = bytes(size)
    held["PixelData"].VR = "OW"
    data = encode(held, True, True) or b""
    pieces = [piece(1, COMMAND_END, answer(status=0xFF00, CommandDataSetType=1))]
    pieces += [piece(context, DATA, data[n : n + 100_000]) for n in range(0, len(data), 100_000)]
    return b"".join(map(pdu, [*pieces, piece(context, DATA_END, b"")]))


def test_commands_are_written_as_pynetdicom_writes_them() -> None:
    theirs = command()
    ours = {0x0002: str(CTImageStorage), 0x0100: 1, 0x0110: 7, 0x0700: 2, 0x0800: 1}
    assert encoded({**ours, 0x1000: "1.2.3.1.1"}) == theirs
    read = decoded(theirs)
    assert read.pop(0) == struct.pack("<L", len(theirs) - 12)
    assert read[0x1000] == b"1.2.3.1.1\0"
    assert read[0x0100] == b"\1\0"


def test_a_file_begins_as_pydicom_reads_it(tmp_path: Path) -> None:
    head = file_head(CTImageStorage, "1.2.3.45", ExplicitVRLittleEndian)
    (tmp_path / "0.dcm").write_bytes(head)
    meta = pydicom.dcmread(tmp_path / "0.dcm").file_meta
    assert meta.MediaStorageSOPClassUID == CTImageStorage
    assert meta.MediaStorageSOPInstanceUID == "1.2.3.45"
    assert meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.FileMetaInformationGroupLength == len(head) - 144


#: What no archive may send: each is bytes for the first context of an association.
WRONG = {
    "more than was agreed": struct.pack(">BxL", 4, 2**31),
    "a piece longer than what it stands in": pdu(struct.pack(">LBB", 4000, 1, 3) + b"short"),
    "a piece of a piece": pdu(b"\0\0\0"),
    "a piece of nothing": pdu(struct.pack(">LBB", 1, 1, 3)),
    "a data set without a command": pdu(piece(1, DATA_END, b"abc")),
    "a command without an end": b"".join(pdu(piece(1, COMMAND, bytes(60_000))) for _ in range(3)),
    "a command that ends in the middle": pdu(piece(1, COMMAND_END, command()[:-3])),
    "no command": pdu(piece(1, COMMAND_END, b"nonsense")),
    "a command in the middle of a data set": pdu(
        piece(1, COMMAND_END, command(CommandField=0x8020)), piece(1, COMMAND, b"abc")
    ),
    "an object that nobody asked for": pdu(
        piece(1, COMMAND_END, command()), piece(1, DATA_END, b"abc")
    ),
    "under nothing that was agreed on": pdu(
        piece(77, COMMAND_END, command()), piece(77, DATA_END, b"abc")
    ),
    "an answer to something else": pdu(piece(1, COMMAND_END, answer(field=0x8010))),
    "an answer to another request": pdu(piece(1, COMMAND_END, answer(to=9))),
    "an answer without a status": pdu(
        piece(
            1,
            COMMAND_END,
            command(CommandField=0x8020, CommandDataSetType=0x0101, MessageIDBeingRespondedTo=1),
        )
    ),
    "nothing": pdu(),
    "an empty piece of a command": pdu(piece(1, COMMAND, b"")),
    "an empty piece of a data set": pdu(
        piece(1, COMMAND_END, answer(status=0xFF00, CommandDataSetType=1)), piece(1, DATA, b"")
    )
    + pdu(piece(1, DATA_END, b"")),
    "a data set under another than its command": with_data(4, context=3),
    "a data set larger than is taken": with_data(16 * 2**20),
    "goodbye": pdu(bytes(4), kind=5),
    "an abort": pdu(bytes(4), kind=7),
    "a kind that there is not": pdu(bytes(4), kind=99),
}


@pytest.mark.parametrize("sent", WRONG.values(), ids=WRONG.keys())
def test_what_no_archive_may_send_ends_the_association(sent: bytes, rude: Settings) -> None:
    def say(event: Any) -> Iterator[tuple[int, None]]:
        event.assoc.dul.socket.socket.sendall(sent)
        yield 0x0000, None

    with answering(rude, FIND, c_find=say):
        archive = connect(rude, "x")
        with pytest.raises(ArchiveError, match="stopped answering during the search"):
            archive.studies(Query())
    assert not [one for one in threading.enumerate() if "Requestor" in one.name]


def test_who_is_silent_is_not_waited_for(rude: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "SILENCE_S", 0.2)
    go_on = threading.Event()

    def silent(_: Any) -> Iterator[tuple[int, None]]:
        go_on.wait(20)
        yield 0x0000, None

    with answering(rude, FIND, c_find=silent):
        with pytest.raises(ArchiveError, match="stopped answering"):
            connect(rude, "x").studies(Query())
        go_on.set()


def test_an_answer_that_is_not_too_large_is_taken(rude: Settings) -> None:
    """Else the tests above would show nothing."""

    def say(event: Any) -> Iterator[tuple[int, None]]:
        event.assoc.dul.socket.socket.sendall(with_data(15 * 2**20))
        yield 0x0000, None

    with answering(rude, FIND, c_find=say):
        [found] = connect(rude, "x").studies(Query())
    assert found.study_instance_uid == "1.2.3"


@pytest.mark.parametrize(
    "sent",
    [
        pdu(piece(1, COMMAND_END, answer())),
        b"".join(
            pdu(piece(1, COMMAND_END if n == len(answer()) - 1 else COMMAND, answer()[n : n + 1]))
            for n in range(len(answer()))
        ),
    ],
    ids=["one piece", "many pieces"],
)
def test_who_gives_a_command_by_drops_is_not_waited_for(
    sent: bytes, rude: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each drop comes in time; all of them together do not."""
    monkeypatch.setattr(exchange, "SILENCE_S", 0.3)

    def drip(event: Any) -> Iterator[tuple[int, None]]:
        step = len(sent) // 12 + 1
        with contextlib.suppress(OSError):
            for n in range(0, len(sent), step):
                event.assoc.dul.socket.socket.sendall(sent[n : n + step])
                time.sleep(0.1)
        yield from ()

    with (
        answering(rude, FIND, c_find=drip),
        pytest.raises(ArchiveError, match="stopped answering during the search"),
    ):
        connect(rude, "x").studies(Query())


def test_a_search_without_an_end_is_ended(rude: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_ANSWERS", 20)

    def more(count: int) -> Callable[[Any], Iterator[tuple[int, Dataset]]]:
        def say(_: Any) -> Iterator[tuple[int, Dataset]]:
            for _n in range(count):
                found = Dataset()
                found.QueryRetrieveLevel, found.StudyInstanceUID = "STUDY", "1.2.3"
                yield 0xFF00, found

        return say

    with answering(rude, FIND, c_find=more(19)):
        assert len(connect(rude, "x").studies(Query())) == 19
    with (
        answering(rude, FIND, c_find=more(20)),
        pytest.raises(ArchiveError, match="does not come to an end with the search: 20 answers"),
    ):
        connect(rude, "x").studies(Query())


@pytest.mark.parametrize("status", [0xFF00, None], ids=["still at it", "not wanted"])
def test_who_does_not_want_to_wait_stops_where_nothing_is_kept(
    status: int | None, rude: Settings
) -> None:
    """The archive says for ever that it is at it, or brings what nobody asked for."""

    def say(event: Any) -> Iterator[Any]:
        context = next(
            one for one in event.assoc.accepted_contexts if one.abstract_syntax == CTImageStorage
        ).context_id
        with contextlib.suppress(OSError):
            for _ in range(100):
                event.assoc.dul.socket.socket.sendall(
                    pdu(piece(1, COMMAND_END, answer(field=0x8010, status=status)))
                    if status is not None
                    else pdu(piece(context, COMMAND_END, command()), piece(context, DATA_END, b"x"))
                )
        yield 0

    count = [0]

    def going_on() -> None:
        count[0] += 1
        if count[0] == 3:
            raise Cancelled

    wanted = [Listed("1.2.3.1.1", "1.2.3.1", CTImageStorage)]
    with answering(rude, GET, CTImageStorage, c_get=say), pytest.raises(Cancelled):
        connect(rude, "x").fetch("1.2.3", wanted, lambda *_: False, going_on)
    assert count == [3]


def test_objects_of_another_series_are_not_taken_for_those_of_the_one_asked_for(
    rude: Settings,
) -> None:
    def say(event: Any) -> Iterator[tuple[int, Dataset]]:
        level = event.identifier.QueryRetrieveLevel
        for series in ("1.2.3.1", "1.2.3.2"):
            found = Dataset()
            found.QueryRetrieveLevel, found.StudyInstanceUID = level, "1.2.3"
            found.SeriesInstanceUID = series
            found.SOPInstanceUID, found.SOPClassUID = f"{series}.1", CTImageStorage
            if level == "SERIES" or not is_right or event.identifier.SeriesInstanceUID == series:
                yield 0xFF00, found

    for is_right in (True, False):
        with answering(rude, FIND, c_find=say):
            archive = connect(rude, "x")
            if is_right:
                assert archive.objects("1.2.3").keys() == {"1.2.3.1.1", "1.2.3.2.1"}
                continue
            with pytest.raises(ArchiveError, match="lists what is in another study or series"):
                archive.objects("1.2.3")


# ---- What is sent --------------------------------------------------------------------------------


def sent_to(settings: Settings, paths: list[Path], said: bytes | None) -> list[tuple[Path, str]]:
    """What is told of files that an archive takes as it says, or as it should."""

    def take(event: Any) -> int:
        if said is not None:
            event.assoc.dul.socket.socket.sendall(said)
        return 0x0000

    told: list[tuple[Path, str]] = []
    with answering(settings, CTImageStorage, c_store=take):
        connect(settings, "x").store(paths, lambda path, why: told.append((path, why)))
    return told


@pytest.mark.parametrize(
    "said",
    [
        answer(field=0x8020),
        answer(field=0x8001, to=7),
        answer(field=0x8001, AffectedSOPInstanceUID="1.2.3.4.5"),
    ],
    ids=["something else", "another request", "another object"],
)
def test_what_answers_another_request_is_not_taken_for_stored(
    said: bytes, rude: Settings, tmp_path: Path
) -> None:
    write_ct(tmp_path / "ct")
    paths = sorted((tmp_path / "ct").iterdir())[:2]
    assert sent_to(rude, paths, None) == [(path, "") for path in paths]
    with pytest.raises(ArchiveError, match="stopped answering during the storage"):
        sent_to(rude, paths, pdu(piece(1, COMMAND_END, said)))


def test_a_result_that_is_gone_or_no_file_is_said(rude: Settings, tmp_path: Path) -> None:
    write_ct(tmp_path / "ct")
    first, second, third = sorted((tmp_path / "ct").iterdir())[:3]
    for content, why in ((b"", "no whole DICOM file"), (b"x" * 999, "no whole DICOM file")):
        second.write_bytes(content)
        with pytest.raises(ArchiveError, match=f"{second.name} cannot be read .*{why}"):
            sent_to(rude, [first, second], None)
    second.unlink()
    with pytest.raises(ArchiveError, match=f"{second.name} cannot be read .*No such file"):
        sent_to(rude, [first, second], None)

    def remove(*_: Any) -> None:
        third.unlink(missing_ok=True)

    with answering(rude, CTImageStorage, c_store=lambda _: 0x0000):
        archive = connect(rude, "x")
        with pytest.raises(ArchiveError, match=f"{third.name} cannot be read .*No such file"):
            archive.store([first, third], remove)


def test_an_archive_that_says_first_that_it_is_at_it_is_asked_once(
    rude: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dimse, "COMMITMENT_S", 0.1)
    asked: list[str] = []

    def say(event: Any) -> tuple[int, None]:
        asked.append(str(event.action_information.TransactionUID))
        said = answer(field=0x8130, status=0xFF00)
        event.assoc.dul.socket.socket.sendall(pdu(piece(1, COMMAND_END, said)))
        return 0x0000, None

    with answering(rude, StorageCommitmentPushModel, n_action=say):
        assert connect(rude, "x").commit({"1.2.3": CTImageStorage}) is None
    kept = rude.place("outbox") / "commitments"
    assert len(asked) == 1
    assert any(kept.iterdir())  # it is still waited for: nothing was refused


# ---- An archive that goes away -------------------------------------------------------------------


@pytest.mark.parametrize("kind", [5, 7], ids=["goodbye", "abort"])
def test_who_hangs_up_right_after_accepting_is_said_to(kind: int, rude: Settings) -> None:
    def accepted(event: Any) -> None:
        if event.pdu.pdu_type == 2:
            event.assoc.dul.socket.socket.sendall(pdu(bytes(4), kind=kind))

    with answering(rude, FIND, pdu_sent=accepted):
        for _ in range(5):  # how far we are by then differs
            with pytest.raises(ArchiveError, match=r"hung up at once|stopped answering"):
                connect(rude, "x").studies(Query())
    assert not [one for one in threading.enumerate() if "Requestor" in one.name]


def test_an_association_that_ended_meanwhile_is_not_waited_for(rude: Settings) -> None:
    with answering(rude, FIND):
        ae = AE("ME")
        ae.add_requested_context(FIND)
        way = ae.associate("127.0.0.1", rude.archives["x"].port or 0, ae_title="X")
        assert way.is_established
        way.abort()
        way.join()
        with pytest.raises(ArchiveError, match=r"The archive x accepted .* hung up at once"):
            Exchange(way, "x")


def in_small_pieces(context: int, data: bytes) -> bytes:
    """An object in PDUs that end anywhere, some with the beginning of what follows."""
    asked = command()
    pieces = [piece(context, COMMAND, asked[:5]), piece(context, COMMAND_END, asked[5:])]
    pieces += [piece(context, DATA, data[n : n + 700]) for n in range(0, len(data), 700)]
    pieces.append(piece(context, DATA_END, b""))
    return b"".join(pdu(*pieces[n : n + 3]) for n in range(0, len(pieces), 3))


def all_but_slowly(content: bytes, send: Callable[[bytes], object]) -> None:
    step = len(content) // 4 + 1
    for n in range(0, len(content), step):
        send(content[n : n + step])
        time.sleep(0.2)


def test_an_object_comes_in_any_pieces_and_as_slowly_as_it_likes(
    rude: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it may take longer than the archive may be silent."""
    monkeypatch.setattr(exchange, "SILENCE_S", 0.6)
    write_ct(tmp_path / "ct")
    held = pydicom.dcmread(min((tmp_path / "ct").iterdir()))
    held.SOPInstanceUID = "1.2.3.1.1"
    sent: list[bytes] = []
    came: dict[str, bytes] = {}

    def give(event: Any) -> Iterator[Any]:
        context = next(
            one for one in event.assoc.accepted_contexts if one.abstract_syntax == CTImageStorage
        )
        sent.append(encode(held, context.transfer_syntax[0].is_implicit_VR, True) or b"")
        wire = event.assoc.dul.socket.socket
        all_but_slowly(in_small_pieces(context.context_id, sent[0]), wire.sendall)
        yield 0

    def keep(uid: str, content: bytes) -> bool:
        came[uid] = content
        return True

    with answering(rude, GET, CTImageStorage, c_get=give):
        wanted = [Listed("1.2.3.1.1", "1.2.3.1", CTImageStorage)]
        connect(rude, "x").fetch("1.2.3", wanted, keep)
    assert sent[0]
    assert came["1.2.3.1.1"].endswith(sent[0])
    read = pydicom.dcmread(io.BytesIO(came["1.2.3.1.1"]))
    assert read.pixel_array.tobytes() == held.pixel_array.tobytes()
