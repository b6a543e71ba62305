import numpy as np
import pytest

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.deidentified.reading import described
from fusion.errors import GeometryError
from fusion.geometry import Grid, RigidTransform
from fusion.registration import Method, NeckCorrection, Registration
from fusion.uptake import measuring as uptake
from fusion.uptake.measuring import uptake_json
from fusion.uptake.native import Place, native_neck
from fusion.uptake.resolution import recovery, valley_to_peak
from fusion.uptake.settings import ReferenceChoice, ReferenceKind, UptakeSettings
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

HOT = joint("Left C5-C6")


def measure(found, spect, by, *, settings=UptakeSettings(resolution_mm=10.0), **choices):  # noqa: B008
    """Measure at a stated resolution, which spares the search for it."""
    return uptake.measure(found, spect, by, settings=settings, **choices)


def statistics(found):
    return tuple(found.values[name] for name in ("maximum", "mean", "peak"))


def of(uptakes, name):
    return next(u for u in uptakes if u.joint.name == name)


@pytest.fixture
def noise():
    return np.random.default_rng(4).uniform(1, 100, size=(48, 40, 44))


def by_slow_loop(values, where, points, target, *, radius_mm, peak_radius_mm):
    """Maximum, mean and peak, one voxel at a time."""
    inside, candidates = [], []
    for kji in np.ndindex(*where.shape):
        at = where.affine[:3, :3] @ np.array(kji) + where.affine[:3, 3]
        own = np.linalg.norm(at - points[target])
        if own > radius_mm + peak_radius_mm:
            continue
        if any(np.linalg.norm(at - p) < own for j, p in points.items() if j != target):
            continue
        candidates.append((at, values[kji]))
        if own <= radius_mm:
            inside.append((at, values[kji]))
    hottest = max(inside, key=lambda pair: pair[1])
    near = [v for at, v in candidates if np.linalg.norm(at - hottest[0]) <= peak_radius_mm]
    return hottest[1], np.mean([v for _, v in inside]), np.mean(near), len(inside), len(near)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Left C5-C6", "Right C0-C1", "Left C7-T1"])
def test_statistics_equal_those_of_a_slow_loop_over_every_voxel(noise, name):
    where, points = grid(), centers(pitch_mm=11.0)
    settings = UptakeSettings(radius_mm=7.5, peak_radius_mm=6.0)
    found = of(
        measure(places(points), volume(noise, where), registration(), settings=settings), name
    )
    expected = by_slow_loop(noise, where, points, joint(name), radius_mm=7.5, peak_radius_mm=6.0)
    assert (*statistics(found), found.voxels, found.peak_voxels) == (pytest.approx(expected))


def test_maximum_is_a_voxel_of_the_file_not_an_interpolation(noise):
    where = grid()
    for one in measure(places(), volume(noise, where), registration()):
        kji = np.rint(where.to_kji(one.maximum_lps)).astype(int)
        assert where.to_lps(kji) == pytest.approx(one.maximum_lps)
        assert noise[tuple(kji)] == one.maximum


def test_voxels_are_clipped_half_way_to_every_neighbour():
    where, points = grid(spacing_mm=2.0, shape=(80, 40, 50)), centers(pitch_mm=9.0)
    other = joint("Left C4-C5")
    # Everything on the neighbour's side of the half-way plane is hot.
    height = voxel_centers(where)[..., 2]
    half_way = (points[HOT][2] + points[other][2]) / 2
    values = np.where(height > half_way, 100.0, 1.0)
    found = measure(places(points), volume(values, where), registration())
    assert of(found, HOT.name).maximum == 1.0
    assert of(found, HOT.name).values["peak"] == 1.0
    assert of(found, other.name).maximum == 100.0


def test_other_side_clips_as_well():
    where, points = grid(spacing_mm=2.0, shape=(80, 40, 50)), centers(half_width_mm=4.0)
    values = np.where(voxel_centers(where)[..., 0] < MIDDLE[0], 100.0, 1.0)
    assert of(measure(places(points), volume(values, where), registration()), HOT.name).maximum == 1


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
def test_order_of_the_voxels_in_the_file_changes_nothing(flips):
    points = centers()
    where = grid(flips=flips)
    values = spots(where, [(points[HOT], 50.0)], sigma_mm=5.0)
    found = measure(places(points), volume(values, where), registration())
    hottest = max(found, key=lambda u: u.maximum)
    assert hottest.joint == HOT
    assert np.linalg.norm(hottest.maximum_lps - points[HOT]) < 4.0


@pytest.mark.parametrize("hot", JOINTS, ids=lambda j: j.name)
def test_side_and_level_are_never_exchanged(hot):
    points, where = centers(), grid(flips=(-1, 1, -1))
    values = spots(where, [(points[hot], 50.0)], sigma_mm=4.5)
    found = measure(places(points), volume(values, where), registration())
    assert max(found, key=lambda u: u.values["mean"]).joint == hot
    mirrored = next(u for u in found if u.joint.level == hot.level and u.joint.side != hot.side)
    assert of(found, hot.name).values["ratio_to_other_side"] > 10
    assert mirrored.values["ratio_to_other_side"] == pytest.approx(
        1 / of(found, hot.name).values["ratio_to_other_side"]
    )


def test_registration_is_applied_to_the_joints_and_back_to_the_maximum():
    points = centers()
    transform = RigidTransform.from_euler(
        rotation_deg=(9.0, -6.0, 12.0), translation_mm=(14.0, -8.0, 21.0), center_lps=MIDDLE
    )
    native = transform.inverse().apply(points[HOT])
    where = grid(middle=transform.inverse().apply(MIDDLE))
    values = spots(where, [(native, 50.0)], sigma_mm=4.5)
    found = measure(places(points), volume(values, where), registration(transform))
    hottest = max(found, key=lambda u: u.maximum)
    assert hottest.joint == HOT
    assert np.linalg.norm(hottest.maximum_lps - points[HOT]) < 4.0
    # Without it, nothing would be there.
    assert max(measure(places(points), volume(values, where), registration()),
               key=lambda u: u.maximum).joint != HOT  # fmt: skip


@pytest.mark.slow
def test_neck_correction_moves_each_joint_by_its_own_transform():
    points = centers()
    upper = RigidTransform.from_euler(translation_mm=(0, 12.0, 0), center_lps=MIDDLE)
    neck = NeckCorrection(RigidTransform.identity(), upper, -180.0, -120.0, MIDDLE)
    moved = Registration(RigidTransform.identity(), Method.NECK, neck=neck)
    where = grid()
    for hot in (joint("Right C1-C2"), joint("Left C4-C5"), joint("Right C7-T1")):
        native = neck.transform_at(points[hot]).inverse().apply(points[hot])
        values = spots(where, [(native, 50.0)], sigma_mm=4.5)
        found = measure(places(points), volume(values, where), moved)
        best = max(found, key=lambda u: u.maximum)
        assert best.joint == hot
        assert np.linalg.norm(best.maximum_lps - points[hot]) < 4.0


def test_point_source_on_a_voxel_is_recovered_exactly():
    where = grid()
    at = where.to_lps((24, 20, 25))
    points = centers(middle=at - centers()[HOT] + MIDDLE)
    values = spots(where, [(points[HOT], 50.0)], sigma_mm=4.25, background=0.0)
    found = of(measure(places(points), volume(values, where), registration()), HOT.name)
    assert found.maximum == pytest.approx(50.0)
    assert found.maximum_lps == pytest.approx(points[HOT])
    # 1 mL of a Gaussian about its top, by the radial integral.
    r = np.linspace(0, 6.2035, 20001)
    expected = 50 * np.trapezoid(r**2 * np.exp(-(r**2) / (2 * 4.25**2)), r) / (6.2035**3 / 3)
    assert found.values["peak"] == pytest.approx(expected, rel=0.12)


def test_spill_from_a_neighbour_is_what_was_put_there():
    fwhm = 10.0
    sigma = np.sqrt((fwhm * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2)
    points, where = centers(pitch_mm=14.0), grid()
    values = spots(where, [(points[HOT], 80.0)], sigma_mm=sigma, background=2.0)
    found = measure(
        places(points),
        volume(values, where),
        registration(),
        settings=UptakeSettings(resolution_mm=fwhm),
    )
    below = of(found, "Left C6-C7")
    away = np.linalg.norm(below.maximum_lps - points[HOT])
    assert below.spill_in == pytest.approx(80 * np.exp(-(away**2) / (2 * sigma**2)), rel=0.02)
    assert below.spill_from == HOT
    assert below.spill_share > 0.8
    assert of(found, HOT.name).spill_share < 0.01


def test_two_active_neighbours_are_told_apart_in_the_spill():
    sigma = np.sqrt((10.0 * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2)
    points, where = centers(), grid()
    both = [(points[HOT], 60.0), (points[joint("Left C4-C5")], 30.0)]
    values = spots(where, both, sigma_mm=sigma)
    found = measure(
        places(points),
        volume(values, where),
        registration(),
        settings=UptakeSettings(resolution_mm=10.0),
    )
    for name, other, height in ((HOT.name, both[1][0], 30.0), ("Left C4-C5", both[0][0], 60.0)):
        one = of(found, name)
        away = np.linalg.norm(one.maximum_lps - other)
        truth = height * np.exp(-(away**2) / (2 * sigma**2))
        assert one.spill_in == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize(("fwhm", "valley"), [(8, 0.17), (10, 0.42), (12, 0.67), (15, 0.93)])
def test_valley_between_two_joints_is_the_one_calculated_by_hand(fwhm, valley):
    assert valley_to_peak(15.0, fwhm) == pytest.approx(valley, abs=0.012)


@pytest.mark.parametrize(("fwhm", "kept"), [(8, 0.53), (10, 0.37), (12, 0.26)])
def test_recovery_of_a_facet_is_the_one_calculated_by_hand(fwhm, kept):
    assert recovery(fwhm) == pytest.approx(kept, abs=0.011)


def test_joints_that_the_resolution_merges_are_said_to_be_so():
    points, where = centers(), grid()
    values = spots(where, [(points[HOT], 50.0)], sigma_mm=5.0)

    def at(fwhm):
        settings = UptakeSettings(resolution_mm=fwhm)
        return of(
            measure(places(points), volume(values, where), registration(), settings=settings),
            HOT.name,
        )

    assert not at(12.0).merged_with
    assert {j.name for j in at(15.0).merged_with} == {"Left C4-C5", "Left C6-C7"}
    assert at(15.0).resolution.source == "stated"


def test_joint_outside_the_field_is_not_measured_and_part_of_it_is_counted():
    points = centers()
    where = grid(shape=(22, 40, 44))  # from C2-C3 to C6-C7
    values = spots(where, [(points[HOT], 50.0)], sigma_mm=5.0)
    found = measure(places(points), volume(values, where), registration())
    assert of(found, "Left C0-C1").maximum is None
    assert of(found, "Left C0-C1").values == {}
    assert of(found, "Left C0-C1").in_field == 0.0
    assert of(found, HOT.name).in_field == 1.0
    assert of(found, "Left C0-C1").to_json()["maximum"] is None
    lowest = where.corners_lps[:, 2].min() - 2.0  # outer face of the last voxels
    cut = centers(middle=MIDDLE + np.array([0, 0, lowest - points[HOT][2]]))  # half of it outside
    half = of(measure(places(cut), volume(values, where), registration()), HOT.name)
    assert half.in_field == pytest.approx(0.5, abs=0.08)


def test_joint_that_the_detector_did_not_see_is_outside_and_not_cold():
    """Slices filled with zeros are the same as slices that are not there."""
    points, where = centers(), grid()
    values = spots(where, [(points[HOT], 50.0)], sigma_mm=5.0)
    values[34:] = 0
    found = measure(places(points), volume(values, where), registration())
    short = volume(values[:34], Grid((34, *where.shape[1:]), where.affine))
    cut = measure(places(points), short, registration())
    assert of(found, "Left C0-C1").values == {}
    assert of(found, "Left C0-C1").in_field == 0.0
    assert 0.5 < of(found, "Left C1-C2").in_field < 1
    for one, other in zip(found, cut, strict=True):
        assert one.to_json() == other.to_json()
    region = ReferenceChoice(ReferenceKind.REGION, tuple(points[Joint("C1-C2", Side.LEFT)]), 20.0)
    by_region = [
        measure(places(points), v, registration(), reference=region)[0].reference
        for v in (volume(values, where), short)
    ]
    assert by_region[0].voxels == by_region[1].voxels > 0
    assert by_region[0].value == pytest.approx(by_region[1].value)
    values[8:] = 0
    values[:8] = 1
    low = centers(middle=MIDDLE + np.array([0, 0, 50.0]))
    with pytest.raises(GeometryError, match="does not reach the joints"):
        measure(places(low), volume(values, where), registration())


def test_suv_only_where_allowed(noise):
    where = grid()
    plain = measure(places(), volume(noise, where), registration())[0].to_json()
    assert plain["suvbw"] is None
    allowed = volume(noise, where, unit="Bq/mL", suvbw_per_unit=0.0002)
    found = measure(places(), allowed, registration())[0].to_json()
    assert found["suvbw"]["maximum"] == pytest.approx(found["maximum"] * 0.0002, abs=1e-4)
    assert found["unit"] == "Bq/mL"


def test_reference_is_the_mean_of_the_bone_of_the_bodies_without_active_ones():
    points, where = centers(), grid()
    at = voxel_centers(where)
    body = np.abs(at[..., 0] - MIDDLE[0]) < 12
    body &= np.abs(at[..., 1] - (MIDDLE[1] - 15)) < 9
    values = np.where(body, 20.0, 1.0)
    values[body & (np.abs(at[..., 2] - (MIDDLE[2] - 7.5)) < 4)] = 90.0  # an active body
    ct = volume(np.where(body, 400.0, 40.0), where, unit="HU")
    found = measure(places(points), volume(values, where), registration(), ct=ct)
    reference = found[0].reference
    assert reference.value == pytest.approx(20.0)
    assert reference.left_out > 0
    assert "not validated" in reference.words
    assert described("reference", reference.words) == reference.words
    assert found[0].values["ratio_to_reference"] == pytest.approx(found[0].maximum / 20.0)


def test_without_ct_there_is_no_bone_to_compare_with(noise):
    found = measure(places(), volume(noise, grid()), registration())
    assert "ratio_to_reference" not in found[0].values
    said = found[0].reference.words
    assert said == described("reference", said) == "Without a CT ordinary bone cannot be told."


def test_reference_can_be_the_other_side_or_a_chosen_region(noise):
    where = grid()
    found = measure(
        places(),
        volume(noise, where),
        registration(),
        reference=ReferenceChoice(ReferenceKind.OTHER_SIDE),
    )
    assert found[0].values["ratio_to_reference"] == found[0].values["ratio_to_other_side"]
    words = [found[0].reference.words]
    center = tuple(float(v) for v in MIDDLE + np.array([0, -30, 0]))
    chosen = ReferenceChoice(ReferenceKind.REGION, center, 9.0)
    found = measure(places(), volume(noise, where), registration(), reference=chosen)
    near = np.linalg.norm(voxel_centers(where) - center, axis=-1) <= 9.0
    assert found[0].reference.value == pytest.approx(noise[near].mean())
    assert found[0].reference.voxels == near.sum()
    words.append(found[0].reference.words)
    assert [described("reference", said) for said in words] == words
    with pytest.raises(GeometryError, match="needs a centre"):
        ReferenceChoice(ReferenceKind.REGION)


def test_exchanged_sides_are_refused(noise):
    points = centers()
    left, right = joint("Left C5-C6"), joint("Right C5-C6")
    points[left], points[right] = points[right], points[left]
    with pytest.raises(GeometryError, match="Left and right may be exchanged"):
        measure(places(points), volume(noise, grid()), registration())


def test_what_cannot_be_measured_is_refused_in_words(noise):
    spect = volume(noise, grid())
    with pytest.raises(GeometryError, match="No joint has a centre"):
        measure([Place(HOT, None)], spect, registration())
    with pytest.raises(GeometryError, match="given twice"):
        measure([*places(), places()[0]], spect, registration())
    far = registration(RigidTransform.from_euler(translation_mm=(900.0, 0, 0)))
    with pytest.raises(GeometryError, match="does not reach"):
        measure(places(), spect, far)
    with pytest.raises(GeometryError, match="radius_mm"):
        UptakeSettings(radius_mm=99.0)


@pytest.mark.slow
def test_joints_without_a_centre_neither_appear_nor_clip(noise):
    points = centers(pitch_mm=9.0)
    without = {**points, joint("Left C4-C5"): None}
    settings = UptakeSettings(radius_mm=8.0)
    everything = measure(places(points), volume(noise, grid()), registration(), settings=settings)
    fewer = measure(places(without), volume(noise, grid()), registration(), settings=settings)
    assert len(fewer) == 15
    assert of(fewer, HOT.name).voxels > of(everything, HOT.name).voxels


def test_bone_share_of_a_voxel_follows_the_registration():
    where = grid()
    at = voxel_centers(where)
    ct = volume(np.where(at[..., 0] > MIDDLE[0], 500.0, 0.0), where, unit="HU")
    shift = RigidTransform.from_euler(translation_mm=(20.0, 0, 0))
    neck = native_neck(places(), volume(at[..., 0], where), registration(shift), ct=ct)
    bone = neck.bone_share > 0.9
    assert neck.values[bone].min() > MIDDLE[0] - 20.0 - 5.0
    assert neck.values[neck.bone_share < 0.1].max() > MIDDLE[0]  # beyond the CT's field


@pytest.mark.slow
def test_json_is_by_level_and_side_and_names_both_uncertainties(noise):
    found = measure(places(), volume(noise, grid()), registration(), settings=UptakeSettings())
    document = uptake_json(found)["C5-C6", "left"]
    assert document["localisation_mm"] == 0.5
    assert document["registration_mm"] is None
    assert document["resolution_source"] in ("assumed", "estimated from the data")
