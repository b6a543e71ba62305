"""A real browser, driven through its WebDriver (W3C) without any library."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.export.dicom.others import debian

#: No window, no network of its own, and no WebGL: what a thin client of a clinic has.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-3d-apis",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)
#: How long a page may take on a busy machine until it can be used, s.
_PATIENCE_S = 60.0


class Browser:
    """One open page."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        options = {"args": [*FLAGS, f"--user-data-dir={folder}"]}
        wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
        self.session = self._ask("POST", "/session", capabilities=wanted)["sessionId"]

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(self.address + path, method=method)
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode() if method == "POST" else None
        with urllib.request.urlopen(request, data, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, path: Path) -> None:
        self._ask("POST", f"/session/{self.session}/url", url=path.as_uri())
        # The script is asynchronous: it either lets the planes move, or says why it does not.
        until = time.monotonic() + _PATIENCE_S
        while not self.run(
            "const { ready, stopped } = document.documentElement.dataset;return ready || stopped"
        ):
            assert time.monotonic() < until, "the page neither becomes ready nor says why not"
            time.sleep(0.02)  # nothing tells from outside when a page is ready

    def run(self, script: str, *, how: str = "sync") -> Any:
        path = f"/session/{self.session}/execute/{how}"
        return self._ask("POST", path, script=script, args=[])

    def press(self, key: str) -> None:
        script = f"document.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}'}}))"
        self.run(script)

    def picture(self, name: str) -> Image.Image:
        """What stands on a canvas."""
        url = self.run(f"return document.getElementById('{name}').toDataURL()")
        content = base64.b64decode(url.partition(",")[2])
        return Image.open(io.BytesIO(content)).convert("RGB")

    def close(self) -> None:
        self._ask("DELETE", f"/session/{self.session}")


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start Chromium; skips the test where it is not installed."""
    debian("chromium", "chromium")
    driver = debian("chromedriver", "chromium-driver")
    with subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            said = (re.search(r"successfully on port (\d+)", line) for line in running.stdout)
            port = next(match[1] for match in said if match)
            browser = Browser(f"http://127.0.0.1:{port}", folder)
            yield browser
            browser.close()
        finally:
            running.terminate()
