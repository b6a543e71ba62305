"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

# How fast a machine with many workers answers is no property of the code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real DICOM that nobody on this project made."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real DICOM for tests is not on this machine ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Call ``once(name, make)``: what ``make(folder)`` returns, made by one worker for all of them.

    The folder stays for the others to read; nobody may write there afterwards.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of this run, above the folders of its workers

    def get(name: str, make: Callable[[Path], Any]) -> Any:
        folder, returned = shared / f"once-{name}", shared / f"once-{name}.pickle"
        with FileLock(shared / f"once-{name}.lock"):
            if not returned.exists():
                folder.mkdir()
                returned.write_bytes(pickle.dumps(make(folder)))
        return pickle.loads(returned.read_bytes())

    return get


_screen = pytest.StashKey["subprocess.Popen[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker of pytest-xdist a screen of its own: a screen has one focus, one pointer."""
    if "PYTEST_XDIST_WORKER" in os.environ and "DISPLAY" in os.environ and shutil.which("Xvfb"):
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
        if setpriv := shutil.which("setpriv"):  # a worker that is killed takes its screen along
            command = [setpriv, "--pdeathsig", "TERM", *command]
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
