"""The entry of ``facetfusion review``."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion.errors import FusionError
from viewer import app


def test_without_a_screen_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(FusionError, match="no screen"):
        app.run(tmp_path)
