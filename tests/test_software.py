"""What is loaded, what is not, and what runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fusion import software


def test_a_study_is_opened_without_scipy() -> None:
    """Loading it takes longer than reading a study."""
    code = (
        "import sys, fusion.review, fusion.opening\n"
        "assert not {'scipy.ndimage', 'scipy.spatial', 'SimpleITK'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_version_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each decision carries it; and it is that of what runs, not of what was installed since."""
    version = software.own_version()
    monkeypatch.setattr(software, "version", None)
    assert software.own_version() == version
