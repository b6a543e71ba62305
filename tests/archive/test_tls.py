"""Mutual TLS with a real archive, both ways, with certificates made here; and who is refused."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fusion.archive.getting import get
from fusion.archive.listening import Listener
from fusion.archive.model import Query
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import Settings, read_settings
from fusion.errors import ArchiveError
from tests.archive.conftest import data_sets
from tests.dicom import ct_objects as ct
from tests.export.dicom.others import dcmtk
from tests.export.dicom.pacs import ARCHIVE, CLIENT, Pacs, free_ports, running
from tests.studies import STUDY, write_ct

pytestmark = pytest.mark.filterwarnings(
    # pynetdicom leaves sockets of failed connections to the garbage collector.
    "ignore::pytest.PytestUnraisableExceptionWarning"
)


@dataclass(frozen=True)
class Secured:
    pacs: Pacs
    folder: Path
    files: list[Path]
    port: int

    def settings(self, place: Path, *, authority: str = "ours", tls: bool = True) -> Settings:
        def files(table: str, name: str) -> str:
            return (
                f'[{table}.tls]\nauthority = "{self.folder}/ours.crt"\n'
                f'certificate = "{self.folder}/{name}.crt"\nkey = "{self.folder}/{name}.key"\n'
            )

        name = "client" if authority == "ours" else "stranger"
        text = (
            f'title = "{CLIENT}"\ninbox = "inbox"\noutbox = "outbox"\n'
            f'[archives.pacs]\nkind = "dimse"\ntitle = "{ARCHIVE}"\nhost = "127.0.0.1"\n'
            f"port = {self.pacs.dicom_port}\n{files('archives.pacs', name) if tls else ''}"
            f"[listen]\nport = {self.port}\nallow = ['{ARCHIVE}']\n{files('listen', 'client')}"
        )
        (place / "archives.toml").write_text(text)
        return read_settings(place / "archives.toml")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    certificates(folder)
    [port] = free_ports(1)
    client = {"AET": CLIENT, "Host": "127.0.0.1", "Port": port, "AllowGet": True}
    with running(
        folder / "orthanc",
        DicomModalities={"viewer": client | {"UseDicomTls": True, "AllowStorageCommitment": True}},
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(folder / "server.crt"),
        DicomTlsPrivateKey=str(folder / "server.key"),
        DicomTlsTrustedCertificates=str(folder / "ours.crt"),
    ) as pacs:
        write_ct(folder / "ct", positions=ct.stacked()[:3])
        files = sorted((folder / "ct").iterdir())
        pacs.stow(files)
        yield Secured(pacs, folder, files, port)


def test_get_send_and_commitment_over_mutual_tls(secured: Secured, tmp_path: Path) -> None:
    settings = secured.settings(tmp_path)
    archive = connect(settings, "pacs")
    folder = get(archive, STUDY, settings=settings)
    assert data_sets(list(folder.iterdir())) == data_sets(secured.files)

    told = {}
    archive.store(secured.files, lambda path, why: told.update({path: why}))
    assert told == dict.fromkeys(secured.files, "")
    asked = {uid: str(ds.SOPClassUID) for uid, ds in data_sets(secured.files).items()}
    # Orthanc connects to our listener for the answer, with its own certificate.
    assert archive.commit(asked | {"1.2.3.9": next(iter(asked.values()))}) == {
        **dict.fromkeys(asked, True),
        "1.2.3.9": False,
    }


@pytest.mark.parametrize(("authority", "tls"), [("another", True), ("ours", False)])
def test_the_archive_takes_nobody_else(
    authority: str, tls: bool, secured: Secured, tmp_path: Path
) -> None:
    settings = secured.settings(tmp_path, authority=authority, tls=tls)
    with pytest.raises(ArchiveError, match=r"cannot be reached with|stopped answering"):
        connect(settings, "pacs").studies(Query(patient_id="1"))


@pytest.mark.parametrize("name", ["client", "stranger", None])
def test_we_take_nobody_else(name: str | None, secured: Secured, tmp_path: Path) -> None:
    ours = secured.folder / "ours.crt"
    tls = ["+tls", f"{secured.folder}/{name}.key", f"{secured.folder}/{name}.crt", "+cf", str(ours)]
    who = ["-aet", ARCHIVE, "-aec", CLIENT, "127.0.0.1", str(secured.port)]
    with (
        Listener(secured.settings(tmp_path), takes_studies=True),
        # One that says nothing holds up nobody.
        socket.create_connection(("127.0.0.1", secured.port), timeout=10),
    ):
        done = subprocess.run(
            [dcmtk("echoscu"), *(tls if name else ["-to", "5"]), *who],
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode == 0) == (name == "client"), done.stderr
    assert not list((tmp_path / "inbox").iterdir())


def certificates(folder: Path) -> None:
    """Make an authority of ours with two certificates, and a stranger signed by another."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")

    def make(*arguments: str) -> None:
        subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for authority in ("ours", "other"):
        make("req", "-x509", *curve, "-keyout", f"{authority}.key", "-out", f"{authority}.crt",
             "-days", "3", "-subj", f"/CN={authority}")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, authority in (("server", "ours"), ("client", "ours"), ("stranger", "other")):
        make("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        make("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey",
             f"{authority}.key", "-CAcreateserial", "-days", "3", "-extfile", "names",
             "-out", f"{name}.crt")  # fmt: skip
