"""Mutual TLS with a real archive, both ways, with certificates made here; and who is refused."""

from __future__ import annotations

import contextlib
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    web_port: int

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
            f'[archives.web]\nkind = "web"\n'
            f'url = "https://127.0.0.1:{self.web_port}/dicom-web"\n'
            f"{files('archives.web', name) if tls else ''}"
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
        with in_front(pacs, folder) as web_port:
            yield Secured(pacs, folder, files, port, web_port)


@contextmanager
def in_front(pacs: Pacs, folder: Path) -> Iterator[int]:
    """Ask for certificates in front of the archive's HTTP, as a clinic's proxy does.

    Debian's Orthanc 1.10.1 has that itself (``SslVerifyPeers``) and crashes at the first
    certificate that it is shown.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    context.load_verify_locations(folder / "ours.crt")
    context.verify_mode = ssl.CERT_REQUIRED

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as one,
                socket.create_connection(("127.0.0.1", pacs.http_port), timeout=60) as other,
            ):
                answers = threading.Thread(target=passed_on, args=(other, one))
                answers.start()
                passed_on(one, other)
                answers.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def passed_on(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until it ends."""
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


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


def test_get_and_send_over_mutual_tls_by_dicomweb(secured: Secured, tmp_path: Path) -> None:
    settings = secured.settings(tmp_path)
    archive = connect(settings, "web")
    folder = get(archive, STUDY, settings=settings)
    assert data_sets(list(folder.iterdir())) == data_sets(secured.files)

    told = {}
    archive.store(secured.files, lambda path, why: told.update({path: why}))
    assert told == dict.fromkeys(secured.files, "")


@pytest.mark.parametrize("way", ["pacs", "web"])
@pytest.mark.parametrize(("authority", "tls"), [("another", True), ("ours", False)])
def test_the_archive_takes_nobody_else(
    authority: str, tls: bool, way: str, secured: Secured, tmp_path: Path
) -> None:
    settings = secured.settings(tmp_path, authority=authority, tls=tls)
    refusal = r"cannot be reached|stopped answering|accept each other's certificates"
    with pytest.raises(ArchiveError, match=refusal):
        connect(settings, way).studies(Query(patient_id="1"))


def test_we_take_no_web_archive_of_another_authority(secured: Secured, tmp_path: Path) -> None:
    secured.settings(tmp_path)
    path = tmp_path / "archives.toml"
    head, ours, tail = path.read_text().partition("[archives.web.tls]")
    strange = tail.replace("/ours.crt", "/other.crt", 1)
    path.write_text(head + ours + strange)
    why = r"do not accept each other's certificates \([\w -]*certificate[\w ]*\)\. Check the files"
    with pytest.raises(ArchiveError, match=why):
        connect(read_settings(path), "web").studies(Query(patient_id="1"))


@pytest.mark.parametrize(
    ("ours", "authority", "why"),
    [
        ("client", "other", r"its certificate is refused here: [\w -]*certificate"),
        ("stranger", "ours", "it refuses our certificate: unknown ca"),
        ("late", "ours", "it refuses our certificate: certificate expired"),
    ],
)
def test_it_is_said_whose_certificate_is_wrong(
    ours: str, authority: str, why: str, secured: Secured, tmp_path: Path
) -> None:
    secured.settings(tmp_path)
    path = tmp_path / "archives.toml"
    head, table, tail = path.read_text().partition("[archives.pacs.tls]")
    tail = tail.replace("/ours.crt", f"/{authority}.crt", 1).replace("/client.", f"/{ours}.", 2)
    path.write_text(head + table + tail)
    with pytest.raises(ArchiveError, match=rf"each other's certificates \({why}"):
        connect(read_settings(path), "pacs").studies(Query(patient_id="1"))


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
             "-days", "3", "-subj", f"/CN={authority}",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    # From Python 3.13 on a certificate has to say whose key signed it, and an authority that it
    # may sign (RFC 5280).
    (folder / "names").write_text(
        "subjectAltName=IP:127.0.0.1\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    for name, authority in (("server", "ours"), ("client", "ours"), ("stranger", "other")):
        make("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        make("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey",
             f"{authority}.key", "-CAcreateserial", "-days", "3", "-extfile", "names",
             "-out", f"{name}.crt")  # fmt: skip
    # One whose time is over.
    (folder / "list").touch()
    (folder / "number").write_text("77\n")
    (folder / "signing").write_text(
        "[ca]\ndefault_ca=one\n[one]\ndatabase=list\nnew_certs_dir=.\nserial=number\n"
        "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
    )
    make("req", *curve, "-keyout", "late.key", "-out", "late.csr", "-subj", "/CN=late")
    make("ca", "-batch", "-config", "signing", "-in", "late.csr", "-cert", "ours.crt", "-keyfile",
         "ours.key", "-startdate", "20200101000000Z", "-enddate", "20210101000000Z",
         "-extfile", "names", "-out", "late.crt")  # fmt: skip
