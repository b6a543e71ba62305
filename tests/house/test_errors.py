"""What is said where a file could not be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from fusion.errors import disk_reason

FULL = Path("/dev/full")


def test_what_the_operating_system_said() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert disk_reason(full) == os.strerror(errno.ENOSPC)
    assert disk_reason(OSError("something")) == "OSError"


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_no_way_through_a_library_is_shown() -> None:
    ds = pydicom.Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PixelData = bytes(1 << 20)
    ds["PixelData"].VR = "OB"
    with (
        FULL.open("wb", buffering=0) as out,
        pytest.raises(OSError, match="No space left") as caught,
    ):
        ds.save_as(out)
    assert disk_reason(caught.value) == os.strerror(errno.ENOSPC)
