"""Passwords for archives, from the environment or the system's store; never from a file."""

from __future__ import annotations

import base64
import http.server
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fusion.archive.model import Query
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import Settings, read_settings
from fusion.errors import ArchiveError
from tests.archive.conftest import Clinic

keyring = pytest.importorskip("keyring")
from keyring.backend import KeyringBackend  # noqa: E402
from keyring.errors import KeyringLocked  # noqa: E402

pytestmark = pytest.mark.slow


class Store(KeyringBackend):  # type: ignore[misc,unused-ignore]
    """What the system's store of passwords is here: one that lasts as long as a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_locked:
            raise KeyringLocked
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.delenv("FACETFUSION_PASSWORD_GUARDED", raising=False)
    before, mine = keyring.get_keyring(), Store()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@contextmanager
def guarded(clinic: Clinic, place: Path) -> Iterator[Settings]:
    """The clinic's archive by DICOMweb, for those who have a password."""
    right = "Basic " + base64.b64encode(b"reader:s3cret").decode()

    class Guard(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != right:
                self.send_error(401)
                return
            there = f"http://127.0.0.1:{clinic.pacs.http_port}{self.path}"
            asked = urllib.request.Request(there, headers={"Accept": self.headers["Accept"]})
            with urllib.request.urlopen(asked, timeout=60) as answer:
                body = answer.read()
                self.send_response(200)
                self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (place / "archives.toml").write_text(
            'inbox = "inbox"\noutbox = "outbox"\n[archives.guarded]\nkind = "web"\n'
            f'url = "http://127.0.0.1:{server.server_address[1]}/dicom-web"\nuser = "reader"\n'
        )
        yield read_settings(place / "archives.toml")
        server.shutdown()


def test_an_archive_with_a_password_of_the_systems_store(
    clinic: Clinic, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Query(study_instance_uid=clinic.study)
    with guarded(clinic, tmp_path) as settings:
        with pytest.raises(ArchiveError, match='keyring set "facetfusion archive guarded"'):
            connect(settings, "guarded")
        keyring.set_password("facetfusion archive guarded", "reader", "s3cret")
        [found] = connect(settings, "guarded").studies(asked)
        assert found.study_instance_uid == clinic.study
        store.is_locked = True
        with pytest.raises(ArchiveError, match="There is no password for 'reader'"):
            connect(settings, "guarded")
        store.is_locked = False
        keyring.set_password("facetfusion archive guarded", "reader", "wr0ng")
        with pytest.raises(ArchiveError, match="does not accept user and password") as told:
            connect(settings, "guarded").studies(asked)
        assert "wr0ng" not in str(told.value)
        monkeypatch.setenv("FACETFUSION_PASSWORD_GUARDED", "s3cret")  # it comes first
        assert len(connect(settings, "guarded").studies(asked)) == 1
