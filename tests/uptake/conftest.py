"""The grid and the CT that tests of uptake put their spots into."""

from __future__ import annotations

import numpy as np
import pytest

from tests.uptake.spots import MIDDLE, grid, volume, voxel_centers


@pytest.fixture(scope="module")
def where():
    return grid()


@pytest.fixture(scope="module")
def ct(where):
    """Bone where the spine is: bodies and a column of pillars on both sides."""
    away = np.abs(voxel_centers(where) - MIDDLE)
    back = voxel_centers(where)[..., 1] - MIDDLE[1]
    bone = (away[..., 0] < 24) & (back > -24) & (back < 10) & (away[..., 2] < 62)
    return volume(np.where(bone, 400.0, 40.0), where, unit="HU")
