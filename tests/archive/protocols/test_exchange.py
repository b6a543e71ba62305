"""What goes over an association that we read and write ourselves, whatever the other side does."""

from __future__ import annotations

import io
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import (  # type: ignore[attr-defined,unused-ignore]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from fusion.archive.model import Listed, Query
from fusion.archive.protocols import exchange
from fusion.archive.protocols.connecting import connect
from fusion.archive.protocols.exchange import decoded, encoded, file_head
from fusion.archive.settings import Settings
from fusion.errors import ArchiveError
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
    "an answer to something else": pdu(
        piece(1, COMMAND_END, command(CommandField=0x8001, CommandDataSetType=0x0101))
    ),
    "an answer without a status": pdu(
        piece(1, COMMAND_END, command(CommandField=0x8020, CommandDataSetType=0x0101))
    ),
    "goodbye": pdu(bytes(4), kind=5),
    "an abort": pdu(bytes(4), kind=7),
    "a kind that there is not": pdu(bytes(4), kind=99),
}


@pytest.mark.parametrize("sent", WRONG.values(), ids=WRONG.keys())
def test_what_no_archive_may_send_ends_the_association(sent: bytes, rude: Settings) -> None:
    def say(event: Any) -> Iterator[tuple[int, None]]:
        event.assoc.dul.socket.socket.sendall(sent)
        time.sleep(0.05)  # a turn for the other side before what follows
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
