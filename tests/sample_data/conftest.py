"""Small studies that the tests of the sample data share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sample_data import COARSE_SCAN, NeckParameters, ScanParameters, Truth, make_study

#: C0 to T1 in voxels as fine as the default, in a narrow field: fast, and facets stay visible.
FINE_SCAN = ScanParameters(
    ct_shape=(148, 136, 136),
    ct_spacing_mm=(1.1, 0.8, 0.8),
    ct_top_mm=152.0,
    spect_shape=(40, 48, 48),
    spect_voxel_mm=4.42,
    spect_top_mm=165.0,
)


def coarsely_scanned(once: Callable[..., Truth]) -> Truth:
    """Return the default neck, coarsely scanned: the same study for all tests of a run."""
    return once("coarse", lambda folder: make_study(folder / "made", scan=COARSE_SCAN))


def finely_scanned(once: Callable[..., Truth]) -> Truth:
    """Return the default neck, finely scanned in a narrow field."""
    return once(
        "fine", lambda folder: make_study(folder / "made", neck=NeckParameters(), scan=FINE_SCAN)
    )


@pytest.fixture(scope="session")
def fine_study(once: Callable[..., Truth]) -> Truth:
    """The default neck, finely scanned in a narrow field."""
    return finely_scanned(once)
