"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real DICOM that nobody on this project made."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real DICOM for tests is not on this machine ({SHARED_DATA})")
    return SHARED_DATA
