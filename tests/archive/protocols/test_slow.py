"""An archive behind a line that is slow, or that stops in the middle of an object."""

from __future__ import annotations

import contextlib
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fusion.archive.getting import get
from fusion.archive.model import Listed
from fusion.archive.protocols import exchange, web
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import Settings, read_settings
from fusion.errors import ArchiveError, Cancelled
from tests.archive.conftest import Clinic, data_sets
from tests.archive.protocols.test_tls import passed_on

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WAYS = pytest.mark.parametrize("way", ["pacs", "web"])
#: How long an archive may be silent in these tests, s.
SILENCE_S = 2.0

#: What is done with a piece on its way: given how many bytes came before it.
OnTheWay = Callable[[int], None]


@contextmanager
def relayed(clinic: Clinic, place: Path, on_the_way: OnTheWay) -> Iterator[Settings]:
    """The clinic's archive, with something between it and us."""

    class Relay(socketserver.BaseRequestHandler):
        target: int

        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.target), timeout=60) as other,
            ):
                other.settimeout(60)
                asked = threading.Thread(target=passed_on, args=(self.request, other))
                asked.start()
                count = 0
                while piece := other.recv(1 << 14):
                    on_the_way(count)
                    count += len(piece)
                    self.request.sendall(piece)
                self.request.shutdown(socket.SHUT_RDWR)
                asked.join()

    with contextlib.ExitStack() as stack:
        ports = {}
        for port in (clinic.pacs.dicom_port, clinic.pacs.http_port):
            kind = type("To", (Relay,), {"target": port})
            server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind))
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            ports[port] = server.server_address[1]
        clinic.write_settings(place)
        text = clinic.toml.read_text()
        for port, relay in ports.items():
            text = re.sub(rf"\b{port}\b", str(relay), text)
        clinic.toml.write_text(text)
        yield read_settings(clinic.toml)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "SILENCE_S", SILENCE_S)
    monkeypatch.setattr(web, "TIMEOUT_S", (15.0, SILENCE_S))


@WAYS
def test_a_slow_line_only_takes_longer(way: str, clinic: Clinic, tmp_path: Path) -> None:
    """More time in all than an archive may be silent."""
    began = time.monotonic()
    with relayed(clinic, tmp_path, lambda _: time.sleep(0.05)) as slow:
        folder = get(connect(slow, way), clinic.study, settings=slow)
    assert data_sets(list(folder.glob("*.dcm"))) == data_sets(clinic.files)
    assert time.monotonic() - began > SILENCE_S  # else nothing was shown


@WAYS
def test_a_line_that_stops_in_the_middle_is_said_and_gone_on_with(
    way: str, clinic: Clinic, tmp_path: Path
) -> None:
    go_on = threading.Event()
    most = 0.8 * sum(path.stat().st_size for path in clinic.files)

    def stop(count: int) -> None:
        if count > most:
            go_on.wait(30)

    with relayed(clinic, tmp_path, stop) as broken:
        with pytest.raises(ArchiveError, match=r"stopped answering|cannot be reached"):
            get(connect(broken, way), clinic.study, settings=broken)
        go_on.set()
        folder = broken.place("inbox")
        came = len(list(folder.rglob("*.dcm")))
        assert 0 < came < len(clinic.files)
        fetched: list[str] = []
        archive = connect(broken, way)
        fetch = archive.fetch

        def counted(
            study: str,
            wanted: list[Listed],
            keep: Callable[[str, bytes], bool],
            going_on: Callable[[], None] | None,
        ) -> str:
            fetched.extend(one.sop_instance_uid for one in wanted)
            return fetch(study, wanted, keep, going_on)

        archive.fetch = counted  # type: ignore[method-assign, assignment]
        get(archive, clinic.study, settings=broken)
    assert len(fetched) == len(clinic.files) - came
    assert data_sets(list(folder.rglob("*.dcm"))) == data_sets(clinic.files)


@WAYS
def test_who_does_not_want_to_wait_stops_and_keeps_what_came(
    way: str, clinic: Clinic, tmp_path: Path
) -> None:
    def stop(done: float, _: str) -> None:
        if done > 0.3:
            raise Cancelled

    with relayed(clinic, tmp_path, lambda _: time.sleep(0.01)) as slow:
        with pytest.raises(Cancelled):
            get(connect(slow, way), clinic.study, settings=slow, progress=stop)
        folder = slow.place("inbox")
        held = data_sets(list(folder.rglob("*.dcm")))
    assert 0 < len(held) < len(clinic.files)
    assert held.items() <= data_sets(clinic.files).items()
