"""A CT whose values are not Hounsfield units is known by its air and its soft tissue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from fusion.dicom.candidate import read_volume
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import choose_ct
from fusion.dicom.quantity import hounsfield
from fusion.dicom.quantity.hounsfield import offset_hu
from fusion.facets.automatic.locate import locate
from tests.studies import write_ct


def body(
    *, air: float = 0.4, fat: float = 0.25, muscle: float = 0.3, bone: float = 0.05
) -> np.ndarray:
    """HU of a neck in air, with the noise of a scanner."""
    rng = np.random.default_rng(3)
    n = 60_000
    parts = [(air, -1000, 15), (fat, -95, 20), (muscle, 50, 20), (bone, 400, 200)]
    values = [rng.normal(hu, noise, int(share * n)) for share, hu, noise in parts]
    return np.rint(np.concatenate(values))


@pytest.mark.parametrize("size", [5, 13, 840])
def test_smoothing_and_peaks_are_those_of_scipy(size: int) -> None:
    rng = np.random.default_rng(size)
    for counts in (rng.random(size) ** 8, rng.poisson(0.3, size).astype(float)):
        smooth = hounsfield._smoothed(counts)
        assert np.array_equal(smooth, ndimage.gaussian_filter1d(counts, 1.5))
        highest = ndimage.maximum_filter1d(smooth, 5)
        peaks = np.flatnonzero((smooth == highest) & (smooth > 0))
        assert np.array_equal(hounsfield._peaks(smooth), peaks)


@pytest.mark.parametrize("lost", [1024, -1024, 1000, 150, -150, 100, -100])
def test_a_lost_intercept_is_found_to_within_twenty(lost: float) -> None:
    assert offset_hu(body() + lost) == pytest.approx(lost, abs=20)


@pytest.mark.parametrize("lost", [-100, -150])
def test_also_where_the_writer_cut_air_off(lost: float) -> None:
    assert offset_hu(np.maximum(body() + lost, -1024)) == pytest.approx(lost, abs=20)


@pytest.mark.parametrize(
    "values",
    [
        body(),
        body(fat=0.5, muscle=0.08),
        body(air=0.0, fat=0.4, muscle=0.5),
        np.maximum(body() - 20, -1024),
        np.concatenate([body(), np.full(20_000, -3024.0)]),
        np.concatenate([body(), np.full(20_000, -2000.0)]),
        np.concatenate([body(air=0.0), np.full(20_000, -850.0)]),
        np.zeros(100),
        np.arange(4096.0) - 1024,
    ],
    ids=["neck", "fat", "no air", "cut", "padded", "padded less", "lung", "zeros", "ramp"],
)
def test_a_right_ct_is_left_alone(values: np.ndarray) -> None:
    assert offset_hu(values) is None


REAL = (
    "ct_biograph64_neck", "ct_brilliance16_lower_neck", "ct_planning_cervical_ribs",
    "ct_pq2000_head_neck", "ct_vct_head_to_c2", "ct_xio_lower_neck",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_real_cts_are_right_and_shifted_ones_are_not(shared_data: Path, name: str) -> None:
    chosen, _ = choose_ct(scan(shared_data / name))
    ct = read_volume(chosen)
    assert "hounsfield-off" not in {f.code for f in ct.findings}
    values = ct.stored[::4, ::4, ::4].astype(float).ravel() * ct.slope[0] + ct.intercept[0]
    for lost in (1024, 130, -130):
        assert offset_hu(values + lost) == pytest.approx(lost, abs=40)


def write_body(folder: Path, *, intercept: str, first: int = 0) -> None:
    write_ct(folder)
    for k, path in enumerate(sorted(folder.iterdir())):
        ds = pydicom.dcmread(path)
        hu = np.random.default_rng(k).permutation(body())[: ds.Rows * ds.Columns]
        ds.PixelData = (hu + 1024).clip(0).astype("<i2").tobytes()
        if k >= first:
            ds.RescaleIntercept = intercept
        ds.save_as(path)


def test_it_is_said_and_no_joint_is_looked_for(tmp_path: Path) -> None:
    write_body(tmp_path, intercept="0")
    ct = read_volume(choose_ct(scan(tmp_path))[0])
    [said] = [f.message for f in ct.findings if f.code == "hounsfield-off"]
    assert "is +10" in said
    assert "Rescale Intercept was probably lost" in said
    found = locate(ct)
    assert all(facet.center_lps is None for facet in found.facets)
    assert "no joints are looked for" in found.findings[0].message


def test_also_where_only_some_slices_lost_it(tmp_path: Path) -> None:
    write_body(tmp_path, intercept="0", first=30)
    ct = read_volume(choose_ct(scan(tmp_path))[0])
    assert "hounsfield-off" in {f.code for f in ct.findings}


def test_a_right_one_is_left_alone_on_the_whole_way(tmp_path: Path) -> None:
    write_body(tmp_path, intercept="-1024")
    ct = read_volume(choose_ct(scan(tmp_path))[0])
    assert "hounsfield-off" not in {f.code for f in ct.findings}
