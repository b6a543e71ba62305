"""A real PACS (Orthanc) for tests: on free ports, in a temporary folder, gone afterwards.

Clients are dcmtk's programs and plain HTTP, so that nothing of this project, nor a library that it
uses, stands between the files and the archive.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.export.dicom.others import dcmtk

#: Names by which archive and client know each other.
ARCHIVE, CLIENT = "TESTPACS", "VIEWER"
_START_S, _ANSWER_S = 60.0, 60.0


@dataclass(frozen=True)
class Pacs:
    """An archive that runs."""

    http_port: int
    dicom_port: int

    # ---- DIMSE, by dcmtk ---------------------------------------------------------------------

    def store(self, files: Sequence[Path]) -> str:
        """C-STORE files; returns what storescu said."""
        # -R proposes only the contexts that the files need: Comprehensive 3D SR is not among
        # those that storescu proposes by itself.
        return _dcmtk("storescu", "-v", "-R", *self._peer(), *map(str, files))

    def find(self, level: str, *keys: str) -> str:
        """C-FIND in the study root; returns what findscu printed."""
        wanted = [arg for key in (f"QueryRetrieveLevel={level}", *keys) for arg in ("-k", key)]
        return _dcmtk("findscu", "-S", *wanted, *self._peer())

    def get(self, study_instance_uid: str, folder: Path) -> list[Path]:
        """C-GET a whole study into a folder."""
        folder.mkdir(parents=True)
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study_instance_uid}"]
        _dcmtk("getscu", "-S", *keys, "-od", str(folder), *self._peer())
        return sorted(folder.iterdir())

    def _peer(self) -> list[str]:
        return ["-aet", CLIENT, "-aec", ARCHIVE, "127.0.0.1", str(self.dicom_port)]

    # ---- DICOMweb ----------------------------------------------------------------------------

    def stow(self, files: Iterable[Path]) -> dict[str, Any]:
        """STOW-RS files; returns the answer in DICOM JSON."""
        mark = uuid.uuid4().hex
        head = f"--{mark}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(head + path.read_bytes() + b"\r\n" for path in files)
        kind = f'multipart/related; type="application/dicom"; boundary={mark}'
        answer = self._web("studies", body + f"--{mark}--\r\n".encode(), kind)
        stored: dict[str, Any] = json.loads(answer.get_payload(decode=True))
        return stored

    def qido(self, what: str) -> list[dict[str, Any]]:
        """QIDO-RS, for example ``studies?Modality=NM``."""
        found: list[dict[str, Any]] = json.loads(self._web(what).get_payload(decode=True))
        return found

    def wado(self, study_instance_uid: str, folder: Path) -> list[Path]:
        """WADO-RS a whole study into a folder."""
        folder.mkdir(parents=True)
        answer = self._web(
            f"studies/{study_instance_uid}",
            accept='multipart/related; type="application/dicom"; transfer-syntax=*',
        )
        paths = []
        for n, part in enumerate(answer.walk()):
            if part.get_content_type() == "application/dicom":
                path = folder / f"{n:04d}.dcm"
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                path.write_bytes(content)
                paths.append(path)
        return paths

    def forget(self) -> None:
        """Delete everything that the archive holds."""
        for patient in json.loads(self._http("patients")[1]):
            self._http(f"patients/{patient}", method="DELETE")

    def forget_patient(self, patient_id: str) -> None:
        """Delete what the archive holds of one patient."""
        for patient in json.loads(self._http("patients?expand")[1]):
            if patient["MainDicomTags"].get("PatientID") == patient_id:
                self._http(f"patients/{patient['ID']}", method="DELETE")

    def metadata(self, study_instance_uid: str, number: int) -> str | None:
        """Return what was noted of a study under a number; None where nothing was."""
        for study in json.loads(self._http("studies?expand")[1]):
            if study["MainDicomTags"].get("StudyInstanceUID") == study_instance_uid:
                with suppress(urllib.error.HTTPError):
                    return self._http(f"studies/{study['ID']}/metadata/{number}")[1].decode()
        return None

    def keep_only(self, uids: Container[str]) -> None:
        """Delete every object but some."""
        for held in json.loads(self._http("instances?expand")[1]):
            if held["MainDicomTags"].get("SOPInstanceUID") not in uids:
                self._http(f"instances/{held['ID']}", method="DELETE")

    def forget_series(self, series_instance_uid: str) -> None:
        """Delete a series."""
        for series in json.loads(self._http("series?expand")[1]):
            if series["MainDicomTags"].get("SeriesInstanceUID") == series_instance_uid:
                self._http(f"series/{series['ID']}", method="DELETE")

    def _web(
        self, what: str, body: bytes | None = None, kind: str = "", accept: str | None = None
    ) -> Message:
        headers = {"Accept": accept or "application/dicom+json"}
        if body is not None:
            headers["Content-Type"] = kind
        content_type, answer = self._http(f"dicom-web/{what}", body, headers)
        return message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + answer)

    def _http(
        self,
        what: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        method: str | None = None,
    ) -> tuple[str, bytes]:
        url = f"http://127.0.0.1:{self.http_port}/{what}"
        request = urllib.request.Request(url, body, headers or {}, method=method)
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:
            return answer.headers["Content-Type"], answer.read()


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Pacs]:
    """Run an archive whose data lie in a folder; skips the test where there is none.

    ``more`` are settings of its own (the Orthanc Book), on top of these.
    """
    program = shutil.which("Orthanc", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    plugin = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
    if program is None or not plugin.exists():
        pytest.skip("Orthanc is not installed (Debian: apt-get install orthanc orthanc-dicomweb)")
    for name in ("storescu", "findscu", "getscu"):
        dcmtk(name)
    pacs = Pacs(*free_ports(2))
    client = {"AET": CLIENT, "Host": "127.0.0.1", "Port": 1, "AllowGet": True}
    config = {
        "Name": "facetfusion tests",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "SyncStorageArea": False,
        "Plugins": [str(plugin)],
        "HttpPort": pacs.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": ARCHIVE,
        "DicomPort": pacs.dicom_port,
        # Orthanc listens on every interface; only this client is answered.
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": True,
        "DicomAlwaysAllowStore": False,
        "DicomAlwaysAllowFind": False,
        "DicomAlwaysAllowGet": False,
        "DicomAlwaysAllowEcho": False,
        "DicomModalities": {"viewer": client},
        "UnknownSopClassAccepted": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(config))
    log = folder / "orthanc.log"
    with log.open("w") as out:
        archive = subprocess.Popen(
            [program, folder / "orthanc.json"],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
    try:
        _wait(pacs, archive, log)
        yield pacs
    finally:
        archive.kill()  # its data are thrown away, so it need not close its books (3 s)
        archive.wait()


def _wait(pacs: Pacs, archive: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_S
    while archive.poll() is None and time.monotonic() < until:
        try:
            pacs._http("system")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Orthanc did not start: {log.read_text()[-2000:]}")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _environment() -> dict[str, str]:
    # Without it each message waits 40 ms for Nagle's algorithm (dcmtk 3.6.7).
    return os.environ | {"TCP_NODELAY": "1"}


def _dcmtk(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [dcmtk(name), *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        env=_environment(),
        timeout=_ANSWER_S,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{name}: {said[-2000:]}"
    return said
