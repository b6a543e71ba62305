"""Loading libraries without what they load and need not."""

from __future__ import annotations

import subprocess
import sys


def test_pydicom_is_loaded_without_what_downloads_need() -> None:
    code = (
        "import sys, fusion.dicom\n"
        "assert 'pydicom' in sys.modules and 'requests' not in sys.modules\n"
        "import requests\n"
        "assert requests.get and sys.modules['requests'] is requests\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_loaded_already_stays() -> None:
    code = (
        "import requests, sys, fusion.dicom\n"
        "from pydicom.data import download\n"
        "assert download.HAVE_REQUESTS and sys.modules['requests'] is requests\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_study_is_opened_without_scipy() -> None:
    """Loading it takes longer than reading a study."""
    code = (
        "import sys, fusion.review, fusion.opening\n"
        "assert not {'scipy.ndimage', 'scipy.spatial', 'SimpleITK'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
