"""Noise and shifted values are told from the soft tissue of a CT."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.facets.automatic.picture.values import values_of
from fusion.facets.automatic.remarks import values_findings
from fusion.geometry import Grid, Source, Volume


def _ct(
    noise_hu: float = 15.0,
    shift_hu: float = 0.0,
    fat_hu: float = -100.0,
    marrow_hu: float = 900.0,
) -> Volume:
    """A body of muscle in a coat of fat, in air."""
    j, i = np.mgrid[:120, :120]
    radius = np.hypot(j - 60, i - 60)
    plane = np.where(radius < 38, 50.0, np.where(radius < 54, fat_hu, -1000.0))
    plane = np.where(radius < 8, marrow_hu, plane)
    rng = np.random.default_rng(3)
    hu = plane[None] + rng.normal(0, noise_hu, (14, 120, 120))
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]])
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "drawn")
    grid = Grid(hu.shape, affine, "1.9")
    return Volume(grid, (hu + shift_hu).astype(np.int16), 1.0, 0.0, "HU", source)


@pytest.mark.parametrize("noise", [10.0, 60.0, 120.0, 200.0])
def test_noise_is_measured_whatever_it_is(noise):
    seen = values_of(_ct(noise))
    assert seen.noise_hu == pytest.approx(noise, rel=0.06)
    assert seen.too_noisy is (noise > 135)
    codes = {finding.code for finding in values_findings(seen)}
    assert ("ct-too-noisy" in codes) is (noise > 135)


@pytest.mark.parametrize("shift", [-150.0, -100.0, 60.0, 100.0, 150.0])
def test_shifted_values_are_seen_by_fat_and_muscle(shift):
    seen = values_of(_ct(shift_hu=shift))
    assert seen.shift_hu == pytest.approx(shift, abs=10)
    (finding,) = values_findings(seen)
    assert f"{seen.shift_hu:+.0f} HU from where they belong" in finding.message


@pytest.mark.parametrize("shift", [-20.0, 0.0, 20.0])
def test_what_real_scanners_differ_by_is_no_shift(shift):
    assert values_of(_ct(shift_hu=shift)).shift_hu == 0
    assert not values_findings(values_of(_ct(shift_hu=shift)))


def test_without_fat_nothing_is_guessed():
    assert values_of(_ct(fat_hu=50.0, shift_hu=100.0)).shift_hu == 0


def test_muscle_and_porous_marrow_are_not_taken_for_fat_and_muscle():
    # They lie as far apart as fat and muscle do; a lean neck was read 145 HU too low, and lost.
    assert values_of(_ct(fat_hu=50.0, marrow_hu=195.0)).shift_hu == 0
