"""Requests and answers over an association, as fast as the wire gives and takes them.

pynetdicom opens the association and agrees on what may be sent. From then on its two threads, which
look for messages thousands of times a second, copy every piece six times and may take an answer
from the question that it belongs to, stand still, and whoever asks reads and writes by itself
(PS3.8 section 9.3 and annex E, PS3.7 section 9.3).
"""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pynetdicom import Association
from pynetdicom.dsutils import decode, encode
from pynetdicom.presentation import PresentationContext

from fusion.archive.model import Keep
from fusion.archive.protocols.commands import (
    ANSWERED,
    C_STORE,
    MEDIUM,
    NO_DATA_SET,
    NOT_WANTED,
    OK,
    PENDING,
    WITH_DATA_SET,
    Element,
    decoded,
    encoded,
)
from fusion.archive.protocols.files import Outgoing, file_head, result_bytes
from fusion.archive.protocols.wire import (
    INTRODUCTION_S,
    LARGEST_PDU_BYTES,
    MOST_BYTES,
    SILENCE_S,
)
from fusion.errors import ArchiveError

#: Largest answer to a search, and largest command.
_MOST_ANSWER_BYTES, _MOST_COMMAND_BYTES = 16 * 2**20, 2**16
#: Answers to one question, and objects that it brings, at most.
MOST_ANSWERS = 100_000
#: Written at once; an archive has as long as it may be silent to take it.
_AT_ONCE_BYTES = 256 * 1024
#: How long the other side may take to say goodbye, s.
_GOODBYE_S = 5.0
_LOOK_S = 0.0001
#: The state of an association over which may be asked (PS3.8 section 9.2.3).
_MAY_ASK = "Sta6"
_LONGEST_UID = 64

_RELEASE_ASKED, _RELEASED, _ABORT = (struct.pack(">BxL4x", kind, 4) for kind in (0x05, 0x06, 0x07))
_PIECES, _RELEASE_KIND = 0x04, 0x05


@dataclass(frozen=True, slots=True)
class Response:
    """One answer to a request.

    Parameters
    ----------
    status : int
        As PS3.7 annex C counts them.
    content : Dataset or None
        What came with it.
    """

    status: int
    content: Dataset | None


@dataclass(slots=True)
class _Message:
    context: int
    command: dict[int, bytes]
    data: bytearray

    def number(self, element: int) -> int:
        stated = self.command.get(element, b"")
        if len(stated) != 2:
            raise OSError("a command lacks a number")
        return int.from_bytes(stated, "little")

    def uid(self, element: int) -> str:
        stated = self.command.get(element, b"").rstrip(b"\0 ")
        if not stated.isascii() or not 0 < len(stated) <= _LONGEST_UID:
            raise OSError("a command lacks an identifier")
        return stated.decode("ascii")


class Exchange:
    """What is asked and answered over one association; use it in a ``with`` block.

    Parameters
    ----------
    way : Association
        Just established, and opened by us. Nobody else may use it afterwards.
    name : str
        Of the archive, in archives.toml.

    Raises
    ------
    ArchiveError
        The archive hung up right after it had accepted us.
    """

    def __init__(self, way: Association, name: str) -> None:
        self._way, self._name = way, name
        self._contexts = {int(one.context_id or 0): one for one in way.accepted_contexts}
        most = way.acceptor.maximum_length or LARGEST_PDU_BYTES
        self._most_data_bytes = max(1, min(most, LARGEST_PDU_BYTES) - 6)
        self._messages = 0
        self._until = 0.0
        self._incoming = self._pieces_read()
        until = time.monotonic() + INTRODUCTION_S
        way._reactor_checkpoint.clear()
        while not way._is_paused and way.is_alive() and time.monotonic() < until:
            time.sleep(_LOOK_S)
        way.dul.kill_dul()
        way.dul.join()
        wire = way.dul.socket
        self._socket: socket.socket | None = wire.socket if wire is not None else None
        is_open = way._is_paused and way.is_alive() and self._socket is not None
        if not is_open or way.dul.state_machine.current_state != _MAY_ASK:
            self._leave(is_released=False)
            raise hung_up(name)

    def __enter__(self) -> Exchange:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Say goodbye, or hang up where something went wrong."""
        with contextlib.suppress(OSError):
            self._goodbye() if kind is None else self._write(_ABORT)
        self._leave(is_released=kind is None)

    def _leave(self, *, is_released: bool) -> None:
        if self._way.dul.socket is not None:
            self._way.dul.socket.close()
        self._way.is_released, self._way.is_aborted = is_released, not is_released
        self._way.is_established = False
        self._way.kill()  # the thread that stands still
        self._way.join(_GOODBYE_S)

    # ---- Requests --------------------------------------------------------------------------------

    def ask(
        self,
        what: str,
        kind: str,
        command: int,
        asked: Dataset,
        *,
        destination: str = "",
        action: tuple[str, int] | None = None,
        arrived: Keep | None = None,
        going_on: Callable[[], None] | None = None,
    ) -> Iterator[Response]:
        """Ask for something, and yield the answers; the last says how it ended.

        Parameters
        ----------
        what : str
            That is done, in a word, for what is said when it stops.
        kind : str
            SOP Class UID of the service.
        command : int
            C_FIND, C_GET, C_MOVE or N_ACTION.
        asked : Dataset
            What for.
        destination : str
            Title to which C-MOVE sends.
        action : tuple of str and int, optional
            SOP Instance UID and type of N-ACTION.
        arrived : callable, optional
            Takes the objects that C-GET brings. What it raises ends the exchange.
        going_on : callable, optional
            Called with each message of which nothing is kept. What it raises ends the exchange.

        Raises
        ------
        ArchiveError
            The archive stopped answering, or answered what cannot be understood.
        """
        context = self._context(kind)
        if context is None:
            raise ArchiveError(f"The archive {self._name} does not do that ({what}).")
        stated: dict[int, str | int] = {Element.COMMAND_FIELD: command}
        stated[Element.DATA_SET_TYPE] = WITH_DATA_SET
        if action is None:
            stated |= {Element.AFFECTED_CLASS: kind, Element.PRIORITY: MEDIUM}
        else:
            stated |= {
                Element.REQUESTED_CLASS: kind,
                Element.REQUESTED_INSTANCE: action[0],
                Element.ACTION_TYPE: action[1],
            }
        if destination:
            stated[Element.MOVE_DESTINATION] = destination
        syntax = context.transfer_syntax[0]
        content = encode(asked, syntax.is_implicit_VR, syntax.is_little_endian)
        if content is None:
            raise ArchiveError(f"What was asked for cannot be written ({what}).")
        with self._stopped(what):
            self._send(int(context.context_id or 0), stated, content)
        for _ in range(MOST_ANSWERS):
            with self._stopped(what):
                message = self._message()
                field = message.number(Element.COMMAND_FIELD)
                if field != C_STORE or arrived is None:
                    answer = self._answer(message, command, context)
            if field == C_STORE and arrived is not None:
                kept = arrived(message.uid(Element.AFFECTED_INSTANCE), bytes(message.data))
                with self._stopped(what):
                    self._reply(message, OK if kept else NOT_WANTED)
                if not kept and going_on is not None:
                    going_on()
                continue
            yield answer
            if answer.status not in PENDING:
                return
            if going_on is not None:
                going_on()
        raise ArchiveError(
            f"The archive {self._name} does not come to an end with the {what}: {MOST_ANSWERS} "
            "answers came, and more. Ask for less at once, or ask who looks after the archive."
        )

    def store(self, file: Outgoing) -> int | None:
        """Send a file as it is; returns the status, None where the archive takes none such.

        Raises
        ------
        ArchiveError
            The archive stopped answering.
        """
        context = self._context(file.kind, file.syntax)
        if context is None:
            return None
        stated: dict[int, str | int] = {
            Element.AFFECTED_CLASS: file.kind,
            Element.COMMAND_FIELD: C_STORE,
            Element.PRIORITY: MEDIUM,
            Element.DATA_SET_TYPE: WITH_DATA_SET,
            Element.AFFECTED_INSTANCE: file.uid,
        }
        content = memoryview(result_bytes(file.path))[file.start :]
        with self._stopped("storage"):
            self._send(int(context.context_id or 0), stated, content)
            message = self._message()
            self._require_answer(message, C_STORE, context)
            if (
                message.command.get(Element.AFFECTED_INSTANCE)
                and message.uid(Element.AFFECTED_INSTANCE) != file.uid
            ):
                raise OSError("an answer about another object")
            return message.number(Element.STATUS)

    def _context(self, kind: str, syntax: str = "") -> PresentationContext | None:
        for one in self._contexts.values():
            is_meant = one.abstract_syntax == kind and one.as_scu
            if is_meant and syntax in ("", one.transfer_syntax[0]):
                return one
        return None

    def _require_answer(
        self, message: _Message, command: int, context: PresentationContext
    ) -> None:
        """Refuse what does not answer the last request: an archive may answer one twice."""
        if (
            message.number(Element.COMMAND_FIELD) != command | ANSWERED
            or message.context != context.context_id
        ):
            raise OSError("an answer to something else")
        if message.number(Element.ANSWERED_MESSAGE_ID) != self._messages:
            raise OSError("an answer to an earlier request")

    def _answer(self, message: _Message, command: int, context: PresentationContext) -> Response:
        self._require_answer(message, command, context)
        content = None
        if message.data:
            syntax = self._contexts[message.context].transfer_syntax[0]
            try:
                content = decode(
                    io.BytesIO(message.data), syntax.is_implicit_VR, syntax.is_little_endian
                )
            except Exception:  # noqa: BLE001 - whatever a stranger's answer does to a parser
                raise OSError("an answer that cannot be read") from None
        return Response(message.number(Element.STATUS), content)

    def _reply(self, message: _Message, status: int) -> None:
        stated: dict[int, str | int] = {
            Element.AFFECTED_CLASS: message.uid(Element.AFFECTED_CLASS),
            Element.COMMAND_FIELD: C_STORE | ANSWERED,
            Element.ANSWERED_MESSAGE_ID: message.number(Element.MESSAGE_ID),
            Element.DATA_SET_TYPE: NO_DATA_SET,
            Element.STATUS: status,
            Element.AFFECTED_INSTANCE: message.uid(Element.AFFECTED_INSTANCE),
        }
        self._write(*self._pieces(message.context, 1, encoded(stated)))

    @contextlib.contextmanager
    def _stopped(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError:
            raise ArchiveError(
                f"The archive {self._name} stopped answering during the {what}. What is here "
                "already is kept; try again."
            ) from None

    # ---- Messages --------------------------------------------------------------------------------

    def _send(
        self, context: int, stated: Mapping[int, str | int], content: bytes | memoryview
    ) -> None:
        self._messages = self._messages % 0xFFFF + 1
        command = encoded({**stated, Element.MESSAGE_ID: self._messages})
        waiting: list[bytes | memoryview] = []
        count = 0
        for bits, part in ((1, command), (0, content)):
            for piece in self._pieces(context, bits, part):
                waiting.append(piece)
                count += len(piece)
                if count >= _AT_ONCE_BYTES:
                    self._write(*waiting)
                    waiting, count = [], 0
        self._write(*waiting)

    def _pieces(
        self, context: int, bits: int, content: bytes | memoryview
    ) -> Iterator[bytes | memoryview]:
        """Yield PDUs of one piece each; bit 1 says: of a command, 2: the last."""
        view = memoryview(content)
        for first in range(0, len(view), self._most_data_bytes):
            piece = view[first : first + self._most_data_bytes]
            last = 2 if first + len(piece) == len(view) else 0
            length = len(piece) + 2
            yield struct.pack(">BxLLBB", _PIECES, length + 4, length, context, bits | last)
            yield piece

    def _message(self) -> _Message:
        """Read one message; the pieces of another never stand between its own.

        As long as an archive may be silent it has for the command, and from then on for whatever
        brings more of the data set.
        """
        command = bytearray()
        found: _Message | None = None
        self._until = time.monotonic() + SILENCE_S
        for context, bits, piece in self._incoming:
            if bits & 1:
                command += piece
                if found is not None or len(command) > _MOST_COMMAND_BYTES:
                    raise OSError("a command in the middle of a message, or without an end")
                if bits & 2:
                    found = self._begun(context, decoded(command))
                    if found.number(Element.DATA_SET_TYPE) == NO_DATA_SET:
                        return found
                continue
            if found is None or found.context != context:
                raise OSError("a data set without a command")
            found.data += piece
            self._until = time.monotonic() + SILENCE_S
            is_object = found.number(Element.COMMAND_FIELD) == C_STORE
            if len(found.data) > (MOST_BYTES if is_object else _MOST_ANSWER_BYTES):
                raise OSError("more than is taken")
            if bits & 2:
                return found
        raise OSError("hung up")

    def _begun(self, context: int, command: dict[int, bytes]) -> _Message:
        """Return a message without its data set; an object begins as a file does."""
        found = _Message(context, command, bytearray())
        agreed = self._contexts.get(context)
        if agreed is None:
            raise OSError("a message under nothing that was agreed on")
        if found.number(Element.COMMAND_FIELD) == C_STORE:
            syntax = str(agreed.transfer_syntax[0])
            found.data = file_head(
                found.uid(Element.AFFECTED_CLASS), found.uid(Element.AFFECTED_INSTANCE), syntax
            )
        return found

    def _pieces_read(self) -> Iterator[tuple[int, int, memoryview]]:
        """Yield context, bits and content of each piece that comes."""
        while True:
            kind, count = struct.unpack(">BxL", self._read(6))
            if count > LARGEST_PDU_BYTES:
                raise OSError("more was announced than was agreed")
            content = memoryview(self._read(count))
            if kind == _RELEASE_KIND:
                self._write(_RELEASED)
            if kind != _PIECES:
                raise OSError("hung up")
            if not count:
                raise OSError("nothing, of which there may be no end")
            at = 0
            while at < count:
                if at + 6 > count:
                    raise OSError("a piece of a piece")
                length, context, bits = struct.unpack_from(">LBB", content, at)
                if length < 2 or at + 4 + length > count:
                    raise OSError("a piece longer than what it stands in")
                if length == 2 and not bits & 2:
                    raise OSError("an empty piece that is not the last")
                yield context, bits, content[at + 6 : at + 4 + length]
                at += 4 + length

    # ---- The wire --------------------------------------------------------------------------------

    def _write(self, *pieces: bytes | memoryview) -> None:
        if self._socket is None:
            raise OSError("hung up")
        self._socket.settimeout(SILENCE_S)
        self._socket.sendall(b"".join(pieces))

    def _read(self, count: int) -> bytearray:
        if self._socket is None:
            raise OSError("hung up")
        content = bytearray(count)
        view, read = memoryview(content), 0
        while read < count:
            self._socket.settimeout(max(0.001, self._until - time.monotonic()))
            came = self._socket.recv_into(view[read:])
            if not came:
                raise OSError("hung up")
            read += came
        return content

    def _goodbye(self) -> None:
        self._write(_RELEASE_ASKED)
        self._until = time.monotonic() + _GOODBYE_S
        self._read(len(_RELEASED))


def hung_up(name: str) -> ArchiveError:
    """Say that an archive accepted us and went away.

    Parameters
    ----------
    name : str
        Of the archive, in archives.toml.
    """
    return ArchiveError(
        f"The archive {name} accepted what was asked and hung up at once. Try again; if it stays "
        "so, ask who looks after the archive: it may be too busy, or shutting down."
    )
