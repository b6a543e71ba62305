"""The DICOM colour maps as napari draws them."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_palette_files

from fusion.palettes import PALETTES
from viewer.pictures.colormaps import dicom_colormap

FILES = {
    "Hot Iron": "hotiron",
    "Hot Metal Blue": "hotmetalblue",
    "PET": "pet",
    "PET 20 Step": "pet20step",
}


@pytest.mark.parametrize("name", PALETTES)
def test_no_uptake_and_no_data_are_transparent(name: str) -> None:
    colormap = dicom_colormap(name)
    assert (colormap.map([0.0, -1.0, np.nan])[:, 3] == 0).all()
    assert (colormap.map(np.linspace(0.005, 1, 50))[:, 3] == 1).all()


@pytest.mark.parametrize("name", PALETTES)
def test_colours_are_those_of_the_standard(name: str) -> None:
    (path,) = [p for p in get_palette_files() if p.endswith(f"/{FILES[name]}.dcm")]
    palette = dcmread(path)
    colormap = dicom_colormap(name)
    for channel, color in enumerate(("Red", "Green", "Blue")):
        data = palette[f"{color}PaletteColorLookupTableData"].value
        entries = np.frombuffer(data, np.uint8)
        # The middle of the bin of each entry.
        shown = colormap.map((np.arange(256) + 0.5) / 256)[:, channel]
        np.testing.assert_allclose(shown * 255, entries, atol=1e-3)
