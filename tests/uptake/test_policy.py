"""Numbers that decide something, each held at its edge by a literal and not by the code's own name.

None of them is validated; docs/sources.md says where each comes from.
"""

import numpy as np
import pytest
from scipy import ndimage

from fusion.uptake.activity import fit_activity
from fusion.uptake.measuring import measure
from fusion.uptake.native import native_neck
from fusion.uptake.proposals import assess
from fusion.uptake.settings import HotSpotSettings, ProposalSettings, UptakeSettings
from tests.uptake.spots import (
    JOINT_VARIANCE_MM2,
    MIDDLE,
    SIGMA_PER_FWHM,
    centers,
    grid,
    joint,
    places,
    registration,
    spots,
    volume,
    voxel_centers,
)

HOT, ABOVE = joint("Left C5-C6"), joint("Left C4-C5")
FWHM = 10.0
SIGMA = float(np.sqrt((FWHM * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2))
STATED = UptakeSettings(resolution_mm=FWHM)


@pytest.mark.parametrize(
    ("ratio", "grade"),
    [(0.0, 0), (1.2999, 0), (1.3, 1), (1.7999, 1), (1.8, 2), (2.9999, 2), (3.0, 3), (90.0, 3)],
)
def test_each_grade_begins_where_it_is_said_to(ratio, grade):
    assert ProposalSettings().grade(ratio) == grade


def test_defaults_are_those_that_the_documentation_states():
    found = ProposalSettings()
    assert found.grade_ratios == (1.3, 1.8, 3.0)
    assert found.least_grade == 0
    assert found.hot_spots == HotSpotSettings(
        least_excess=1.5,
        least_noise=5.0,
        saddle=0.95,
        assumed_registration_mm=3.0,
        assumed_localisation_mm=5.0,
        least_margin_mm=2.0,
    )
    assert found.uptake == UptakeSettings(
        radius_mm=7.0,
        peak_radius_mm=6.2035,
        resolution_mm=None,
        merged_valley=0.8,
        least_in_field=0.5,
    )


def assessed(where, ct, points, heights, **settings):
    values = spots(where, heights, sigma_mm=SIGMA, background=0.0)
    bone = np.where(ct.values() > 200, 10.0, 1.0)
    values = values + ndimage.gaussian_filter(bone, FWHM * SIGMA_PER_FWHM / where.spacing_mm)
    return assess(
        places(points),
        volume(values, where),
        registration(),
        ct=ct,
        settings=ProposalSettings(uptake=STATED, **settings),
    )


def at(point, source, height):
    """Return what a source adds at a point, by its own formula."""
    away = np.linalg.norm(np.asarray(point) - np.asarray(source))
    return height * np.exp(-(away**2) / (2 * SIGMA**2))


BESIDE_MM = np.array([11.5, -12.5, 0.0])  # the left uncovertebral joint, from the midline


@pytest.mark.parametrize(
    ("source", "height"), [("the joint below", 50.0), ("an uncovertebral joint", 38.0)]
)
def test_grade_is_of_what_is_left_when_hot_neighbours_are_taken_off(where, ct, source, height):
    points = centers()
    middle = (points[ABOVE] + points[joint("Right C4-C5")]) / 2
    hot = points[HOT] if source == "the joint below" else middle + BESIDE_MM
    heights = [(points[ABOVE], 30.0), (hot, height)]

    def proposed(*limits):
        result = assessed(where, ct, points, heights, grade_ratios=limits)
        return result, next(p for p in result.proposals if ABOVE in p.candidates[:1])

    result, proposal = proposed(1.3, 1.8, 3.0)
    added = at(proposal.point_lps, hot, height)
    assert added > 0.01 * proposal.value
    # A limit between the ratio of all of it and the ratio of what is the joint's own.
    between = (proposal.value - added / 2) / result.reference.value
    below = (proposal.value - 1.5 * added) / result.reference.value
    assert proposed(between, 90.0, 99.0)[1].grade == 0
    assert proposed(below, 90.0, 99.0)[1].grade == 1


def test_what_a_hot_spot_beside_the_joints_adds_is_known_at_the_joint(where, ct):
    points = centers()
    middle = (points[HOT] + points[joint("Right C5-C6")]) / 2
    beside = middle + BESIDE_MM
    result = assessed(where, ct, points, [(points[HOT], 40.0), (beside, 80.0)])
    uptake = result.uptake_of(HOT)
    added = at(uptake.maximum_lps, beside, 80.0)
    assert added > 0.02 * uptake.maximum
    assert uptake.spill_in == pytest.approx(added, rel=0.25)


def single(offset_mm, *, spacing_mm=0.5):
    """Measure a joint of a volume of one voxel with uptake, so far to its back."""
    fine = grid(spacing_mm=spacing_mm, shape=(70, 70, 60))
    target = fine.to_lps((35, 30, 30))
    points = {j: p - centers()[HOT] + target for j, p in centers().items()}
    values = np.ones(fine.shape)
    values[tuple(np.rint(fine.to_kji(target + np.array([0, offset_mm, 0]))).astype(int))] = 50.0
    found = measure(places(points), volume(values, fine), registration(), settings=STATED)
    return next(uptake for uptake in found if uptake.joint == HOT)


@pytest.mark.parametrize(("offset_mm", "maximum"), [(7.0, 50.0), (7.5, 1.0)])
def test_volume_of_interest_reaches_seven_millimetres(offset_mm, maximum):
    assert single(offset_mm).maximum == maximum


@pytest.mark.parametrize(("spacing_mm", "inside"), [(3.1, True), (3.105, False)])
def test_peak_is_the_mean_of_a_ball_of_one_millilitre(spacing_mm, inside):
    ball_mm = (3 * 1000.0 / (4 * np.pi)) ** (1 / 3)
    assert (2 * spacing_mm <= ball_mm) is inside
    coarse = grid(spacing_mm=spacing_mm, shape=(40, 40, 40))
    middle = np.array([20, 20, 20])
    points = {j: p - centers()[HOT] + coarse.to_lps(middle) for j, p in centers().items()}
    values = np.random.default_rng(2).uniform(1, 2, size=coarse.shape)
    values[tuple(middle)] = 50.0
    found = measure(places(points), volume(values, coarse), registration(), settings=STATED)
    found = next(uptake for uptake in found if uptake.joint == HOT)
    near = [
        values[tuple(middle + step)]
        for step in np.array(list(np.ndindex(7, 7, 7))) - 3
        if np.linalg.norm(step * spacing_mm) <= ball_mm
    ]
    assert found.peak_voxels == len(near) == (33 if inside else 27)
    assert found.values["peak"] == pytest.approx(np.mean(near))


@pytest.mark.parametrize(("factor", "left_out"), [(1.49, 0), (1.51, 1)])
def test_voxels_above_one_and_a_half_times_the_median_are_no_reference(where, factor, left_out):
    points = centers()
    kji = np.rint(where.to_kji(MIDDLE + np.array([0, -15, -7.5]))).astype(int)  # body C5
    values = np.full(where.shape, 20.0)
    values[tuple(kji)] *= factor
    bone = volume(np.full(where.shape, 400.0), where, unit="HU")
    found = measure(
        places(points), volume(values, where), registration(), ct=bone, settings=STATED
    )[0].reference
    assert found.left_out == left_out


def test_reference_is_what_lies_within_seven_millimetres_of_the_bodies(where):
    points = centers()
    bone = volume(np.full(where.shape, 400.0), where, unit="HU")
    found = measure(
        places(points), volume(np.ones(where.shape), where), registration(), ct=bone,
        settings=STATED,
    )[0].reference  # fmt: skip
    # C3 to C7: half way between two levels, 15 mm in front of the joints.
    bodies = [MIDDLE + np.array([0, -15.0, z]) for z in (15.0, 0.0, -15.0, -30.0, -45.0)]
    at_voxels = voxel_centers(where)
    near = np.min([np.linalg.norm(at_voxels - body, axis=-1) for body in bodies], axis=0)
    assert found.voxels == int((near <= 7.0).sum())
    assert int((near <= 6.5).sum()) < found.voxels < int((near <= 7.5).sum())


@pytest.mark.parametrize(("share", "voxels"), [(0.45, 0), (0.55, None)])
def test_ordinary_bone_is_at_least_half_bone(where, share, voxels):
    # A CT twice as fine as its voxels, of which so many of a voxel's eight parts are bone.
    fine = grid(spacing_mm=where.spacing_mm[0] / 2, shape=tuple(2 * n for n in where.shape))
    parts = {0.45: 3, 0.55: 4}[share]
    k, j, i = np.indices(fine.shape)
    hu = np.where((k % 2) * 4 + (j % 2) * 2 + i % 2 < parts, 400.0, 0.0)
    found = measure(
        places(), volume(np.ones(where.shape), where), registration(),
        ct=volume(hu, fine, unit="HU"), settings=STATED,
    )[0].reference  # fmt: skip
    assert (found.value is None) is (voxels == 0)


@pytest.mark.parametrize(("hu", "share"), [(129.0, 0.0), (130.0, 1.0)])
def test_bone_of_a_voxel_begins_at_130_hu(where, hu, share):
    ct = volume(np.full(where.shape, hu), where, unit="HU")
    neck = native_neck(places(), volume(np.ones(where.shape), where), registration(), ct=ct)
    inside = neck.bone_share[tuple(n // 2 for n in neck.bone_share.shape)]
    assert inside == share


def test_resolution_that_the_data_do_not_show_is_taken_to_be_10_mm(where):
    flat = volume(np.full(where.shape, 5.0), where)
    found = fit_activity(native_neck(places(), flat, registration()))
    assert (found.resolution.mm, found.resolution.source) == (10.0, "assumed")


@pytest.mark.parametrize(("fwhm", "source"), [(9.0, "estimated from the data"), (30.0, "assumed")])
def test_only_resolutions_of_6_to_18_mm_are_believed(where, ct, fwhm, source):
    sigma = float(np.sqrt((fwhm * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2))
    bone = np.where(ct.values() > 200, 10.0, 1.0)
    values = ndimage.gaussian_filter(bone, fwhm * SIGMA_PER_FWHM / where.spacing_mm)
    values += spots(where, [(centers()[HOT], 60.0)], sigma_mm=sigma, background=0.0)
    found = fit_activity(native_neck(places(), volume(values, where), registration(), ct=ct))
    assert found.resolution.source == source
    if source == "assumed":
        assert found.resolution.mm == 10.0
    else:
        assert found.resolution.mm == pytest.approx(fwhm, abs=1.5)
