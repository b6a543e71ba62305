"""The colour maps that DICOM standardises for nuclear medicine (PS3.6 annex B, table B.1-1)."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from pydicom.pixels import apply_color_lut

#: Name on screen to the UID of the well-known palette, as pydicom ships it.
PALETTES = {
    "Hot Iron": "1.2.840.10008.1.5.1",
    "Hot Metal Blue": "1.2.840.10008.1.5.3",
    "PET": "1.2.840.10008.1.5.2",
    "PET 20 Step": "1.2.840.10008.1.5.4",
}
DEFAULT_PALETTE = "Hot Iron"


@cache
def palette(name: str) -> npt.NDArray[np.float32]:
    """Return the 256 entries of a palette.

    Parameters
    ----------
    name : str
        A key of :data:`PALETTES`.

    Returns
    -------
    (256, 3) ndarray of float32
        Red, green, blue, 0 to 1. Entry 0 stands for no uptake and is shown transparent.

    Raises
    ------
    KeyError
        Unknown name.
    """
    entries = np.arange(256, dtype=np.uint8)[None]
    rgb = apply_color_lut(entries, palette=PALETTES[name])[0]
    colors: npt.NDArray[np.float32] = (rgb / np.iinfo(rgb.dtype).max).astype(np.float32)
    colors.flags.writeable = False
    return colors
