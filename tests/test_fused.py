"""Where the view starts and how it is scaled, on volumes whose hot spots are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusion.export.planes import shown_point
from fusion.fused import Fused
from fusion.geometry import Grid, RigidTransform, Volume
from fusion.registration import Method, Registration
from fusion.registration.pieces import NeckCorrection
from tests.volumes import affine, volume

ORIGIN = (-40, -40, -40)
BONE_LPS = np.array([16.0, 8.0, -12.0])
SALIVARY_LPS = np.array([-24.0, -24.0, 20.0])


def made(*, transform=None, bone=True):
    """Return a CT with one block of bone, and uptake in it and, hotter, far from any bone."""
    grid = affine(spacing_kji=(2, 2, 2), origin_lps=ORIGIN)
    ct = volume(np.full((41, 41, 41), 30, np.int16), grid, unit="HU", modality="CT")
    if bone:
        k, j, i = np.rint(ct.grid.to_kji(BONE_LPS)).astype(int)
        ct.stored[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3] = 600
    spect = volume(
        np.zeros((21, 21, 21), np.float32), affine(spacing_kji=(4, 4, 4), origin_lps=ORIGIN)
    )
    transform = transform or RigidTransform.identity()
    for point, counts in ((BONE_LPS, 100), (SALIVARY_LPS, 300)):
        index = np.rint(spect.grid.to_kji(transform.inverse().apply(point))).astype(int)
        spect.stored[tuple(index)] = counts
    return Fused(ct, spect, Registration(transform, Method.SHARED_FRAME))


def test_looks_first_at_the_hottest_bone_not_at_the_hottest_spot() -> None:
    assert made().focus_lps == pytest.approx(BONE_LPS)
    assert made(bone=False).focus_lps == pytest.approx(SALIVARY_LPS)


@pytest.mark.parametrize("turn_deg", [0, 8])
def test_the_hottest_bone_near_a_place_is_not_the_hottest_of_all(turn_deg) -> None:
    transform = RigidTransform.from_euler(rotation_deg=(0, 0, turn_deg), translation_mm=(4, 0, 0))
    fused = made(transform=transform, bone=False)
    assert fused.hottest_near([np.add(BONE_LPS, (6, -3, 9))], 14.0) == pytest.approx(
        BONE_LPS, abs=2.1
    )
    near_both = [BONE_LPS, np.add(SALIVARY_LPS, (0, 5, 0))]
    assert fused.hottest_near(near_both, 9.0) == pytest.approx(SALIVARY_LPS, abs=2.1)
    assert fused.hottest_near([(0, 30, 30)], 9.0) is None
    assert fused.hottest_near([(0, 0, 900)], 9.0) is None


def test_pictures_of_a_ct_without_a_neck_pass_through_the_hottest_bone_and_say_so() -> None:
    point, said = shown_point(made())
    assert point == pytest.approx(BONE_LPS)
    assert said.message == (
        "The pictures pass through the hottest bone: no neck was found on the CT."
    )


def test_focus_follows_the_registration() -> None:
    transform = RigidTransform.from_euler(translation_mm=(8, -4, 4))
    assert made(transform=transform).focus_lps == pytest.approx(BONE_LPS)


def test_scale_starts_at_zero_and_keeps_a_hot_joint_shaped() -> None:
    low, high = made().uptake_range
    assert low == 0
    assert 50 <= high < 100


def test_no_uptake_and_no_overlap_still_have_a_scale_and_a_place() -> None:
    fused = made()
    fused.spect.stored[:] = 0
    assert Fused(fused.ct, fused.spect, fused.registration).uptake_range == (0, 1)
    away = Registration(RigidTransform.from_euler(translation_mm=(900, 0, 0)), Method.SHARED_FRAME)
    apart = Fused(fused.ct, made().spect, away)
    assert apart.overlap == 0
    assert apart.focus_lps == pytest.approx(fused.ct.grid.center_lps)
    assert apart.uptake_range[1] > 0


@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_ct_display_is_in_hounsfield_units_whatever_was_stored(slope) -> None:
    stored = np.array([[[0, 1000], [2000, 4000]]] * 2, np.uint16)
    ct = volume(stored, affine(spacing_kji=(1, 1, 1), origin_lps=(0, 0, 0)), unit="HU")
    ct = type(ct)(ct.grid, stored, slope, -1024.0, "HU", ct.source)
    fused = Fused(ct, made().spect, made().registration)
    assert fused.ct_display().tolist() == (stored * slope - 1024).tolist()


@pytest.mark.parametrize("offset", [-1024, 0, -40000, 30000])
def test_hounsfield_units_never_wrap(offset) -> None:
    stored = np.array([[[0, 30000], [65535, 40000]]] * 2, np.uint16)
    grid = Grid(stored.shape, affine(spacing_kji=(1, 1, 1), origin_lps=(0, 0, 0)), "1.2.3")
    ct = Volume(grid, stored, 1.0, offset, "HU", made().ct.source)
    shown = Fused(ct, made().spect, made().registration).ct_display()
    assert shown.tolist() == (stored.astype(int) + offset).tolist()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_plane_of_the_ct_is_the_plane_of_the_whole(axis, flipped) -> None:
    stored = np.random.default_rng(1).integers(0, 4000, (5, 6, 7)).astype(np.uint16)
    # Slices from left to right and per-slice scaling: nothing may be exchanged.
    directions = (
        ((-1, 0, 0), (0, 0, -1), (0, 1, 0)) if flipped else ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    )
    matrix = affine(spacing_kji=(3, 2, 1), origin_lps=(4, 5, 6), directions_kji=directions)
    slope, intercept = np.linspace(1, 2, 5), np.linspace(-1000, -900, 5)
    source = made().ct.source
    ct = Volume(Grid(stored.shape, matrix, "1.2.3"), stored, slope, intercept, "HU", source)
    fused = Fused(ct, made().spect, made().registration)
    for index in range(fused.display_grid.shape[axis]):
        expected = np.take(fused.ct_display(), index, axis)
        np.testing.assert_allclose(fused.ct_plane(axis, index), expected, rtol=1e-6)


def bent(fused: Fused) -> Fused:
    """Return the same with everything above the middle 6 mm further to the left on the CT."""
    upper = RigidTransform.from_euler(translation_mm=(6.0, 0, 0))
    neck = NeckCorrection(RigidTransform.identity(), upper, -30.0, 30.0, np.zeros(3))
    registration = replace(fused.registration, neck=neck, method=Method.NECK)
    return fused.with_registration(registration)


TOLERANCE = 0.3
LEANING = ((0.0, -0.6, 0.8), (0.0, 0.8, 0.6), (1.0, 0.0, 0.0))


@pytest.mark.parametrize(
    "directions", [((0, 0, 1), (0, 1, 0), (1, 0, 0)), LEANING], ids=["level", "leaning"]
)
def test_neck_correction_holds_on_every_grid_and_for_the_first_look(directions) -> None:
    fused = bent(made())
    matrix = affine(spacing_kji=(7, 5, 6), origin_lps=(-20, -12, -30), directions_kji=directions)
    grid = Grid((9, 7, 8), matrix, "1.2.3")
    shown = fused.spect_on(grid)
    for kji in list(np.ndindex(*grid.shape))[::7]:
        point = grid.to_lps(kji)
        expected = fused.sample_at(point).uptake
        wanted = np.nan if expected is None else expected
        assert shown[kji] == pytest.approx(wanted, abs=TOLERANCE, nan_ok=True)
    assert fused.spect_on(fused.display_grid) == pytest.approx(fused.spect_display(), nan_ok=True)
    hot = fused.focus_lps
    assert fused.to_spect([hot, hot])[1] == pytest.approx(BONE_LPS)
    assert fused.to_ct(BONE_LPS) == pytest.approx(hot)
    assert fused.sample_at(hot).uptake == pytest.approx(100.0, abs=0.01)


def test_the_overlap_is_counted_without_keeping_the_values_of_the_ct() -> None:
    shifted = RigidTransform.from_euler(translation_mm=(20.0, -30.0, 50.0))
    fused = made(transform=shifted)
    # Both are boxes of 80 mm: SPECT voxels of 4 mm that stay inside, by axis.
    assert fused.overlap == pytest.approx(16 * 13 * 8 / 21**3, abs=0.06)
    assert "_ct_at_spect" not in fused.__dict__
    assert fused.overlap == np.isfinite(fused._ct_at_spect).mean()


def test_the_overlap_of_turned_grids_is_that_of_each_voxel_by_itself() -> None:
    turned = RigidTransform.from_euler(rotation_deg=(20, -35, 50), translation_mm=(13.1, -9.3, 4.7))
    fused = made(transform=turned)
    assert 0.2 < fused.overlap < 0.8
    spect, ct = fused.spect.grid, fused.ct.grid
    every = np.argwhere(np.ones(spect.shape, bool))
    there = np.rint(ct.to_kji(turned.apply(spect.to_lps(every))))
    inside = ((there >= 0) & (there < ct.shape)).all(axis=1)
    assert fused.overlap == inside.mean()
    values = np.full(len(every), np.nan, np.float32)
    values[inside] = fused.ct.values()[tuple(there[inside].astype(int).T)]
    assert fused._ct_at_spect.ravel() == pytest.approx(values, nan_ok=True)
