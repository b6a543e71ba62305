"""What is sampled from a CT along the canal, held against other interpolation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import match_template

from fusion.facets.automatic.canal import _directions, _rays
from fusion.facets.automatic.likeness import _Pattern
from fusion.facets.automatic.refine import Matcher
from fusion.facets.automatic.straight import Frame, sample, sample_box, sample_points
from tests.volumes import affine, volume

RANDOM = np.random.default_rng(5)
CT = replace(
    volume(
        RANDOM.integers(-1000, 2000, (20, 30, 31)).astype(np.int16),
        affine(spacing_kji=(2.5, 1.1, 0.9), origin_lps=(-14, -16, -25)),
        unit="HU",
        modality="CT",
    ),
    slope=np.full(20, 0.5),
    intercept=np.full(20, -24.0),
)
POINTS = RANDOM.uniform((-20, -22, -32), (18, 22, 30), (4000, 3))


def _by_scipy(points_lps):
    kji = np.moveaxis(CT.grid.to_kji(points_lps), -1, 0)
    stored = ndimage.map_coordinates(CT.stored.astype(float), kji, order=1, mode="nearest")
    size = np.array(CT.grid.shape).reshape(-1, *[1] * (kji.ndim - 1))
    beyond = ((kji < -0.5) | (kji > size - 0.5)).any(axis=0)
    return np.where(beyond, np.nan, stored * 0.5 - 24.0)


def test_points_have_the_values_between_their_voxels() -> None:
    ours = sample_points(CT, POINTS)
    assert 0.2 < np.isnan(ours).mean() < 0.8
    np.testing.assert_allclose(ours, _by_scipy(POINTS), rtol=0, atol=1e-3, equal_nan=True)


def test_a_slope_of_a_slice_is_that_of_the_slice_next_to_the_point() -> None:
    steep = replace(CT, slope=np.linspace(1, 3, 20), intercept=np.zeros(20))
    at = CT.grid.to_lps([[3.0, 10, 10], [3.4, 10, 10], [3.6, 10, 10]])
    stored = np.interp([3.0, 3.4, 3.6], np.arange(20), CT.stored[:, 10, 10].astype(float))
    np.testing.assert_allclose(sample_points(steep, at), stored * steep.slope[[3, 3, 4]], rtol=1e-6)


@pytest.mark.parametrize("dtype", [">i2", "<u2", "f4"])
def test_kinds_of_stored_numbers_make_no_difference(dtype) -> None:
    other = replace(CT, stored=np.asfortranarray((CT.stored + 1000).astype(dtype)))
    other = replace(other, intercept=CT.intercept - 500.0)
    np.testing.assert_allclose(
        sample_points(other, POINTS), sample_points(CT, POINTS), atol=1e-3, equal_nan=True
    )


def test_a_box_across_the_canal_is_its_points() -> None:
    turn = np.radians(20)
    axes = np.array(
        [[0, 0, 1.0], [np.sin(turn), np.cos(turn), 0], [np.cos(turn), -np.sin(turn), 0]]
    )
    frame = Frame(
        np.column_stack([np.zeros((40, 2)), np.arange(-25.0, 15)]), np.tile(axes, (40, 1, 1))
    )
    s, p, lateral = np.arange(-2.0, 41, 2.5), np.arange(-9.0, 22), np.arange(-18.0, 14)
    spl = np.stack(np.meshgrid(s, p, lateral, indexing="ij"), axis=-1)
    expected = _by_scipy(frame.to_lps(spl))
    assert 0.1 < np.isnan(expected).mean() < 0.9
    box = sample_box(CT, frame, s, p, lateral, beyond_hu=-7.0)
    np.testing.assert_allclose(box, np.nan_to_num(expected, nan=-7.0), rtol=0, atol=1e-3)
    whole = sample(CT, frame, p, lateral)
    spl = np.stack(np.meshgrid(np.arange(40.0), p, lateral, indexing="ij"), axis=-1)
    np.testing.assert_allclose(whole, _by_scipy(frame.to_lps(spl)), atol=1e-3, equal_nan=True)


@pytest.mark.parametrize("missing", [0, 2])
def test_likeness_is_a_correlation_of_windows(missing) -> None:
    templates = RANDOM.random((3, 5, 6, 4)).astype(np.float32)
    planes = RANDOM.random((12, 24)).astype(np.float32)
    known = np.arange(5) >= missing
    at = (np.arange(8)[:, None] + np.arange(5))[:, known]
    ours = _Pattern.of(templates, known).correlation(planes, at)
    for n, heights in enumerate(at):
        window = planes[heights].astype(float)
        for level, whole in enumerate(templates.reshape(3, 5, -1)[:, known].astype(float)):
            plain = np.corrcoef(window.ravel(), whole.ravel())[0, 1]
            varying = np.corrcoef(
                (window - window.mean(axis=0)).ravel(), (whole - whole.mean(axis=0)).ravel()
            )[0, 1]
            # What keeps from dividing by zero is a tenth of a per cent of windows this short.
            assert ours[level, n] == pytest.approx(0.4 * plain + 0.6 * varying, abs=2e-3)


@pytest.mark.parametrize("start", [6, 7])
def test_rays_pass_the_voxels_nearest_to_them(start) -> None:
    directions = _directions()
    for n, direction in enumerate(directions):
        for r in range(1, 12):
            exact = np.rint(start + r * direction.astype(float)).astype(int)
            steps = _rays(directions, 11)[start % 2, start % 2, n, r - 1]
            assert (start + steps == exact).all()


@pytest.mark.parametrize("empty", [False, True])
def test_a_patch_is_matched_as_skimage_does_it(empty) -> None:
    patch = RANDOM.random((5, 7, 4)).astype(np.float32)
    image = np.zeros((12, 11, 9), np.float32)
    if not empty:
        image[2:7, 3:10, 1:5] = patch
        image[8:] = RANDOM.random((4, 11, 9))
    ours = Matcher.of(patch, image.shape).correlation(image)
    assert ours.shape == (8, 5, 6)
    np.testing.assert_array_equal(ours, match_template(image, patch))
    assert empty or ours[2, 3, 1] == pytest.approx(1.0, abs=1e-4)
