"""How sharp a picture is, read off it, and what it looks like when it is made coarser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusion.uptake import native_neck, sharpness_of, spread_of_means
from fusion.uptake.settings import UptakeSettings
from fusion.uptake.sharpness import _kernel, smoothed
from tests.uptake.spots import (
    JOINT_VARIANCE_MM2,
    SIGMA_PER_FWHM,
    centers,
    joint,
    places,
    registration,
    spots,
    volume,
)

HOT = joint("Left C5-C6")


def picture(where, ct, fwhm, *, seed=None):
    """A neck with one hot joint, as a camera of this resolution shows it."""
    sigma = float(np.sqrt((fwhm * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2))
    bone = np.where(ct.values() > 200, 10.0, 1.0)
    values = ndimage.gaussian_filter(bone, fwhm * SIGMA_PER_FWHM / where.spacing_mm)
    # As much activity in all, however it is spread.
    values += spots(
        where, [(centers()[HOT], 60.0 * (6 / sigma) ** 3)], sigma_mm=sigma, background=0
    )
    if seed is not None:
        values = np.random.default_rng(seed).poisson(values * 20) / 20
    return volume(values, where)


def neck_of(where, ct, fwhm, *, seed=None):
    return native_neck(places(), picture(where, ct, fwhm, seed=seed), registration(), ct=ct)


@pytest.mark.parametrize("variance", [0.004, 0.06, 0.49, 0.51, 2.0])
def test_a_kernel_has_the_moments_of_its_gaussian_however_narrow(variance):
    weights = _kernel(variance)
    steps = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1)
    assert (weights * steps**2).sum() == pytest.approx(variance, rel=2e-3)
    assert (weights * steps**4).sum() == pytest.approx(3 * variance**2, rel=2e-2)


@pytest.mark.parametrize("to_mm", [9.1, 9.6, 12.0])
def test_a_picture_that_is_smoothed_is_that_of_the_coarser_camera(where, ct, to_mm):
    made = smoothed(neck_of(where, ct, 9.0), 9.0, to_mm)
    coarse = neck_of(where, ct, to_mm)
    near = coarse.distance_mm < 30
    assert np.abs(made.values - coarse.values)[near].max() < 0.02 * coarse.values[near].max()


def test_a_picture_is_never_sharpened(where, ct):
    neck = neck_of(where, ct, 9.0)
    assert smoothed(neck, 9.0, 9.0) is neck
    assert smoothed(neck, 9.0, 8.0) is neck


def test_what_the_detector_did_not_see_has_no_part_in_it(where, ct):
    neck = neck_of(where, ct, 9.0)
    neck.seen[:, :, :20] = False
    unlike = np.where(neck.seen, 5.0, 1e6)
    neck.values[...] = unlike
    made = smoothed(neck, 9.0, 12.0)
    assert made.values[neck.seen] == pytest.approx(5.0)


def test_the_difference_of_two_pictures_of_a_neck_is_read_to_a_fifth_of_a_millimetre(where, ct):
    found = [
        sharpness_of(neck_of(where, ct, fwhm, seed=seed)) for seed, fwhm in enumerate((9, 9.7))
    ]
    assert all(one.is_known for one in found)
    assert found[0].mm == pytest.approx(9.0, abs=1.0)
    assert found[1].mm - found[0].mm == pytest.approx(0.7, abs=0.2)
    assert sum(mm is not None for mm in found[0].without.values()) >= 4


def test_a_level_on_which_all_hangs_is_kept_as_one(where, ct, monkeypatch):
    answers = iter([9.0, None, 9.1])
    monkeypatch.setattr("fusion.uptake.sharpness._lowest", lambda *_: next(answers, 9.2))
    found = sharpness_of(neck_of(where, ct, 9.0))
    assert list(found.without.values())[:3] == [None, 9.1, 9.2]


def test_a_joint_without_anything_left_in_a_coarser_picture_is_omitted(where, ct):
    """Reconstructions hold values below zero; a joint among them has no logarithm."""
    neck = neck_of(where, ct, 9.0)
    cold = joint("Right C3-C4")
    away = np.linalg.norm(neck.points_lps - neck.centers_lps[neck.joints.index(cold)], axis=-1)
    radius = UptakeSettings().radius_mm
    neck.values[away <= radius + 6] = -20.0
    neck.values[away <= radius] = 0.5
    found = spread_of_means(neck, registration(), placed_mm=0.5, resolution_mm=9.0)
    assert found is not None
    assert not {cold} & (found.ratio.keys() | found.placement.keys() | found.per_mm.keys())
    assert HOT in found.per_mm


def test_of_a_picture_that_shows_nothing_the_resolution_is_not_known(where):
    flat = volume(np.full(where.shape, 5.0), where)
    ct = volume(np.full(where.shape, 40.0), where, unit="HU")
    found = sharpness_of(native_neck(places(), flat, registration(), ct=ct))
    assert (found.mm, found.is_known) == (10.0, False)


def test_what_a_coarser_picture_does_to_each_joint_is_known(where, ct):
    def spread(fwhm, common=None):
        neck = neck_of(where, ct, fwhm)
        return spread_of_means(
            neck, registration(), placed_mm=0.5, resolution_mm=fwhm, common_mm=common
        )

    fine, coarse, brought = spread(9.0), spread(10.0), spread(9.0, 10.0)
    lost = np.log(coarse.ratio[HOT] / fine.ratio[HOT])
    assert lost < -0.02
    assert fine.per_mm[HOT] == pytest.approx(lost, rel=0.15)
    assert brought.ratio[HOT] == pytest.approx(coarse.ratio[HOT], rel=0.01)
    other = joint("Right C3-C4")
    assert abs(fine.per_mm[other]) < 0.5 * abs(lost)
