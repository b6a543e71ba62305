"""Show a study and its export in OHIF in front of a real Orthanc, on this machine only.

Usage: PYTHONPATH=. .venv/bin/python scripts/show_in_ohif.py STUDY RESULTS… [--port 8990]

STUDY is a folder of DICOM files, RESULTS what ``facetfusion export STUDY --to RESULTS`` wrote; of
several versions of a reading each is stored, in the order in which they are named.
Needs Debian's orthanc, orthanc-dicomweb and dcmtk, and npm for OHIF itself (50 MB, kept in .tools).
The archive lives in a temporary folder and goes with this program.
"""

from __future__ import annotations

import argparse
import http.server
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from pydicom.misc import is_dicom

from tests.export.dicom.others import TOOLS
from tests.export.dicom.pacs import Pacs, running

OHIF = "@ohif/app@3.13.2"
CONFIGURATION = """window.config = {
  routerBasename: '/', extensions: [], modes: [], showStudyList: true,
  defaultDataSourceName: 'archive',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
    sourceName: 'archive',
    configuration: {
      friendlyName: 'Orthanc', name: 'archive',
      qidoRoot: '/dicom-web', wadoRoot: '/dicom-web', wadoUriRoot: '/dicom-web',
      imageRendering: 'wadors', thumbnailRendering: 'wadors', enableStudyLazyLoad: true,
      bulkDataURI: { enabled: true },
    },
  }],
};"""


def viewer() -> Path:
    """Return the folder of the built viewer, from npm when it is not there yet."""
    dist = TOOLS / "ohif" / "package" / "dist"
    if not dist.exists():
        (TOOLS / "ohif").mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", OHIF],
            cwd=TOOLS / "ohif",
            check=True,
            capture_output=True,
            text=True,
        )
        with tarfile.open(TOOLS / "ohif" / packed.stdout.split()[-1]) as archive:
            archive.extractall(TOOLS / "ohif", filter="data")
    return dist


def handler(dist: Path, pacs: Pacs) -> type[http.server.SimpleHTTPRequestHandler]:
    """Return a server of the viewer's files that passes DICOMweb on to the archive."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(dist))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            """Say nothing of each request."""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/dicom-web"):
                self.pass_on()
            elif path == "/app-config.js":
                self.answer(200, "text/javascript", CONFIGURATION.encode())
            else:
                if not (dist / path.lstrip("/")).is_file():
                    self.path = "/index.html"  # a page of the viewer, which finds its own way
                super().do_GET()

        def pass_on(self) -> None:
            # With this server's name, else the archive tells the viewer to ask it directly.
            wanted = {"Host": self.headers["Host"], "Accept": self.headers.get("Accept", "*/*")}
            url = f"http://127.0.0.1:{pacs.http_port}{self.path}"
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=wanted)) as found:
                    self.answer(found.status, found.headers["Content-Type"], found.read())
            except urllib.error.HTTPError as exc:
                self.answer(exc.code, "text/plain", exc.read())

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def main() -> None:
    """Store, serve, and wait."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--port", type=int, default=8990)
    chosen = parser.parse_args()
    every = (path for path in sorted(chosen.study.rglob("*")) if path.is_file())
    files = [path for path in every if is_dicom(path)]  # a sample study brings its truth along
    dist = viewer()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as pacs:
        for stored in (files, *(sorted(one.glob("*.dcm")) for one in chosen.results)):
            pacs.stow(stored)
        [study] = pacs.qido("studies")
        uid = study["0020000D"]["Value"][0]
        at = f"http://127.0.0.1:{chosen.port}"
        print(f"{at}/viewer?StudyInstanceUIDs={uid}  (Ctrl-C to end)", flush=True)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", chosen.port), handler(dist, pacs))
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()


if __name__ == "__main__":
    main()
