"""A real archive with a small study in it, and the settings that name it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pydicom
import pytest

from fusion.archive.settings import WHERE, Settings, read_settings
from tests.export.dicom.pacs import ARCHIVE, CLIENT, Pacs, free_ports, running
from tests.export.handed import Read, read_study

NAME = "Marker^Ana"


@dataclass
class Clinic:
    """An archive, what was put into it, and our settings."""

    pacs: Pacs
    folder: Path
    read: Read
    files: list[Path]
    listen_port: int
    toml: Path = field(init=False)

    @property
    def study(self) -> str:
        return self.read.reading.study.study_instance_uid

    @cached_property
    def uids(self) -> set[str]:
        return set(data_sets(self.files))

    def write_settings(self, place: Path, more: str = "") -> Settings:
        """Write ``archives.toml`` with an inbox of its own, and read it."""
        place.mkdir(exist_ok=True, parents=True)
        self.toml = place / "archives.toml"
        self.toml.write_text(
            f'title = "{CLIENT}"\ninbox = "inbox"\noutbox = "outbox"\n'
            f'[archives.pacs]\nkind = "dimse"\ntitle = "{ARCHIVE}"\nhost = "127.0.0.1"\n'
            f"port = {self.pacs.dicom_port}\n"
            f'[archives.moved]\nkind = "dimse"\ntitle = "{ARCHIVE}"\nhost = "127.0.0.1"\n'
            f'retrieve = "move"\nport = {self.pacs.dicom_port}\n'
            f'[archives.web]\nkind = "web"\nurl = "http://127.0.0.1:{self.pacs.http_port}/dicom-web"\n'
            f"[listen]\nport = {self.listen_port}\nallow = ['{ARCHIVE}']\n{more}"
        )
        return read_settings(self.toml)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    [port] = free_ports(1)
    client = {
        "AET": CLIENT,
        "Host": "127.0.0.1",
        "Port": port,
        "AllowGet": True,
        "AllowStorageCommitment": True,
        "AllowMove": True,
    }
    with running(folder / "orthanc", DicomModalities={"viewer": client}) as pacs:
        read = read_study(folder / "study", patient_name=NAME, final=False)
        files = sorted(path for path in (folder / "study").rglob("*.dcm"))
        pacs.store(files)
        yield Clinic(pacs, folder, read, files, port)


@pytest.fixture(autouse=True)
def as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """The archive serves every test: what one stored is no prior and no result in the next."""
    if "clinic" not in request.fixturenames:
        yield
        return
    clinic: Clinic = request.getfixturevalue("clinic")
    yield
    clinic.pacs.keep_only(clinic.uids)


@pytest.fixture
def settings(clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    found = clinic.write_settings(tmp_path)
    monkeypatch.setenv(WHERE, str(clinic.toml))
    return found


def data_sets(files: list[Path]) -> dict[str, pydicom.Dataset]:
    return {str(ds.SOPInstanceUID): ds for ds in map(pydicom.dcmread, files)}
