"""Who calls and does not keep to the rules shuts out nobody and leaves nothing behind."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pynetdicom import AE, Association, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined,unused-ignore]

from fusion.archive.listening import Listener
from fusion.archive.protocols import wire
from fusion.archive.protocols.accepting import MOST_UNKNOWN, cut_off
from fusion.archive.settings import Settings
from tests.archive.test_listening import settings_with

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_with(tmp_path)


@pytest.fixture
def listener(settings: Settings) -> Iterator[Listener]:
    with Listener(settings, takes_studies=True) as listener:
        yield listener


@pytest.fixture
def call(settings: Settings, listener: Listener) -> Iterator[Callable[[], socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(
            socket.create_connection(("127.0.0.1", port(settings)), timeout=10)
        )


def port(settings: Settings) -> int:
    assert settings.listen is not None
    return settings.listen.port


def associated(settings: Settings, **how: object) -> Association:
    ae = AE("ME")
    ae.add_requested_context(Verification)
    return ae.associate("127.0.0.1", port(settings), ae_title="US", **how)  # type: ignore[arg-type]


def introduction(settings: Settings) -> bytes:
    """The bytes with which an association is asked for."""
    heard: list[bytes] = []
    way = associated(
        settings, evt_handlers=[(evt.EVT_DATA_SENT, lambda event: heard.append(event.data))]
    )
    way.release()
    return heard[0]


def served() -> list[threading.Thread]:
    """The threads that serve callers; each has two."""
    return [one for one in threading.enumerate() if "Acceptor" in one.name and "Thread" in one.name]


def gone(seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while served() and time.monotonic() < until:
        time.sleep(0.01)  # threads end in their own time, within the seconds asked for
    return not served()


def test_callers_that_hang_up_at_once_shut_out_nobody(
    settings: Settings, call: Callable[[], socket.socket]
) -> None:
    for _ in range(12):
        call().close()
    way = associated(settings)
    assert way.is_established
    assert way.send_c_echo().Status == 0
    way.release()
    assert gone()


def test_of_many_silent_callers_the_oldest_are_cut_off(
    settings: Settings, listener: Listener, call: Callable[[], socket.socket]
) -> None:
    first = call()
    until = time.monotonic() + 5
    while not listener._callers._here and time.monotonic() < until:
        time.sleep(0.01)  # it is set up in a thread of its own; 5 s at most
    assert len(listener._callers._here) == 1  # so it is the oldest
    for _ in range(MOST_UNKNOWN + 8):
        call()
    assert first.recv(1) == b""
    way = associated(settings)
    assert way.send_c_echo().Status == 0
    assert len(served()) <= MOST_UNKNOWN + 2
    way.release()


def test_as_many_associations_as_are_allowed(settings: Settings, listener: Listener) -> None:
    ways = [associated(settings) for _ in range(5)]
    assert [way.is_established for way in ways] == [True, True, True, True, False]
    assert ways[-1].is_rejected
    ways[0].release()
    until = time.monotonic() + 5
    while not (way := associated(settings)).is_established and time.monotonic() < until:
        pass
    assert way.is_established
    for one in (*ways[1:4], way):
        one.release()
    assert gone()


@pytest.mark.parametrize(
    "after", [b"\x01\0\0\0\0\x04abcd", b"\x09\0\0\0\0\0", b"\x06\0\0\0\0\x04\0\0\0\0"]
)
def test_an_association_that_is_broken_while_it_is_answered_ends_with_all_it_held(
    after: bytes,
    settings: Settings,
    listener: Listener,
    call: Callable[[], socket.socket],
) -> None:
    asked = introduction(settings)
    for _ in range(10):
        call().sendall(asked + after)
    assert gone()
    assert listener._gauge._held == {}


def test_who_stops_in_the_middle_is_waited_for_only_so_long(
    call: Callable[[], socket.socket], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "INTRODUCTION_S", 0.3)
    way = call()
    way.sendall(b"\x01\0\0\0\x01\0")
    assert way.recv(1) == b""
    assert gone()
    assert listener._gauge._held == {}


def test_who_is_still_here_when_listening_ends_is_cut_off(settings: Settings) -> None:
    with Listener(settings, takes_studies=True):
        way = associated(settings)
        assert way.is_established
    assert gone()
    assert not cut_off_again(way)


def cut_off_again(way: Association) -> bool:
    """Whether an association is there still, from the other end."""
    until = time.monotonic() + 5
    while way.is_established and time.monotonic() < until:
        time.sleep(0.01)  # nothing tells that the other end went but its state; 5 s at most
    there = way.is_established
    cut_off(way)
    return there
