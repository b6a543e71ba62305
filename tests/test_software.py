"""What is loaded, and what is not."""

from __future__ import annotations

import subprocess
import sys


def test_a_study_is_opened_without_scipy() -> None:
    """Loading it takes longer than reading a study."""
    code = (
        "import sys, fusion.review, fusion.opening\n"
        "assert not {'scipy.ndimage', 'scipy.spatial', 'SimpleITK'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
