"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real DICOM that nobody on this project made."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real DICOM for tests is not on this machine ({SHARED_DATA})")
    return SHARED_DATA


_screen = pytest.StashKey["subprocess.Popen[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker of pytest-xdist a screen of its own: a screen has one focus, one pointer."""
    if "PYTEST_XDIST_WORKER" in os.environ and "DISPLAY" in os.environ and shutil.which("Xvfb"):
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
        screen = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        config.stash[_screen] = screen
        assert screen.stdout is not None
        os.environ["DISPLAY"] = f":{screen.stdout.readline().strip()}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the screen away again."""
    screen = config.stash.get(_screen, None)
    if screen is not None:
        screen.terminate()
        screen.communicate()
