"""The DICOM colour maps as napari colour maps."""

from __future__ import annotations

from functools import cache

import numpy as np
from napari.utils.colormaps import Colormap

from fusion.palettes import palette


@cache
def dicom_colormap(name: str) -> Colormap:
    """Return a DICOM colour map whose lowest entry is transparent.

    Each of the 256 entries is shown as it stands in the standard, without interpolation between
    entries, so that steps stay steps.

    Parameters
    ----------
    name : str
        A key of :data:`fusion.palettes.PALETTES`.

    Raises
    ------
    KeyError
        Unknown name.
    """
    colors = np.ones((256, 4), dtype=np.float32)
    colors[:, :3] = palette(name)
    colors[0, 3] = 0.0
    return Colormap(
        colors,
        name=name,
        display_name=name,
        controls=np.linspace(0, 1, 257),
        interpolation="zero",
        nan_color=(0.0, 0.0, 0.0, 0.0),
    )
