"""The filters of registration against those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusion.registration.filters import (
    blurred,
    blurred_line,
    dilated,
    eroded,
    largest_piece,
    within,
)

SHAPES = [(55, 75, 80), (130, 70, 20), (3, 5, 4), (1, 1, 9)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sigma", [0.4, (1.3, 2.0, 3.1), 5.0])
def test_blur(shape, sigma) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3)
    np.testing.assert_allclose(blurred(values, sigma), expected, atol=2e-6)


def test_blur_of_a_profile() -> None:
    values = np.random.default_rng(0).normal(size=140)
    expected = ndimage.gaussian_filter1d(values, 2.2, mode="nearest", truncate=3)
    np.testing.assert_allclose(blurred_line(values, 2.2), expected, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape) -> None:
    noise = np.random.default_rng(1).normal(size=shape)
    mask = ndimage.gaussian_filter(noise, 1.0) > 0.05
    np.testing.assert_array_equal(dilated(mask), ndimage.binary_dilation(mask))
    np.testing.assert_array_equal(eroded(mask), ndimage.binary_erosion(mask))
    spacing = np.array([4.0, 3.2, 3.84])
    few = noise > noise.max() * 0.8
    distance = ndimage.distance_transform_edt(~few, sampling=spacing)
    np.testing.assert_array_equal(within(few, spacing, 16.0), distance <= 16.0)


@pytest.mark.parametrize("seed", range(30))
def test_largest_piece(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=rng.integers(1, 25, 3))
    mask = ndimage.gaussian_filter(noise, rng.uniform(0, 1.5)) > rng.uniform(-0.05, 0.1)
    labels, count = ndimage.label(mask)
    piece = largest_piece(mask)
    assert piece.sum() == (np.bincount(labels.ravel())[1:].max() if count else 0)
    assert len(np.unique(labels[piece])) == min(count, 1)
