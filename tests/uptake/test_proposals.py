from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.errors import GeometryError
from fusion.findings.volumes import NOT_A_BONE_TRACER, TRACER_NOT_STATED
from fusion.geometry import RigidTransform
from fusion.registration import Registration
from fusion.uptake.activity import fit_activity
from fusion.uptake.hot_spots import find_hot_spots
from fusion.uptake.native import Place, native_neck
from fusion.uptake.proposals import assess, proposals_json
from fusion.uptake.settings import HotSpotSettings, ProposalSettings, UptakeSettings
from fusion.uptake.structures import StructureKind, elsewhere_words, structures
from sample_data.anatomy import build_anatomy
from sample_data.parameters import COARSE_SCAN, HotJoint, HotSpot, NeckParameters
from sample_data.scanner import acquire_ct, acquire_spect
from sample_data.study import describe
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
)

HOT = joint("Left C5-C6")
FWHM = 10.0
SIGMA = float(np.sqrt((FWHM * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2))
SETTINGS = ProposalSettings(uptake=UptakeSettings(resolution_mm=FWHM))


class Known(Registration):
    """A Registration by a known transform that states its own error."""

    __slots__ = ()
    stated_mm = 0.0

    def uncertainty_mm_at(self, points_lps):
        return np.full(np.asarray(points_lps).shape[:-1], self.stated_mm)


def known(mm: float) -> Registration:
    kind = type("Known", (Known,), {"stated_mm": mm, "__slots__": ()})
    plain = registration()
    return kind(plain.transform, plain.method)


def assessed(where, ct, heights, *, by=None, points=None, settings=SETTINGS, **stated):
    values = spots(where, heights, sigma_mm=SIGMA, background=0.0)
    bone = np.where(ct.values() > 200, 10.0, 1.0)
    values = values + ndimage.gaussian_filter(bone, FWHM * SIGMA_PER_FWHM / where.spacing_mm)
    return assess(
        places(points, **stated), volume(values, where), by or known(1.0), ct=ct, settings=settings
    )


@pytest.mark.slow
def test_every_joint_is_proposed_with_its_own_side_and_level(where, ct):
    points = centers()
    for hot in JOINTS:
        result = assessed(where, ct, [(points[hot], 40.0)])
        assert [p.joint for p in result.proposals] == [hot], hot.name
        proposal = result.proposals[0]
        assert proposal.certain
        assert proposal.grade == 3
        assert proposal.numbering == "sure"
        assert np.linalg.norm(proposal.point_lps - points[hot]) < 2.0
        assert proposal.uptake.joint == hot


def test_nothing_is_proposed_where_nothing_stands_out(where, ct):
    assert assessed(where, ct, []).proposals == ()


@pytest.mark.parametrize(
    ("offset", "place"),
    [
        ((0, -16, 0), "disc C5-C6"),
        ((0, -16, 7.5), "vertebral body C5"),
        ((0, 22, 7.5), "posterior arch C5"),
        ((-45, -50, 30), "not cervical"),
        ((0, -70, 60), "not cervical"),
    ],
)
def test_what_is_no_joint_is_called_what_it_is(where, ct, offset, place):
    middle = (centers()[HOT] + centers()[joint("Right C5-C6")]) / 2
    result = assessed(where, ct, [(middle + np.array(offset), 40.0)])
    proposal = result.proposals[0]
    assert proposal.place == place
    assert proposal.joint is None
    assert proposal.candidates == ()
    assert proposal.numbering is None


def test_uncovertebral_joint_is_not_taken_for_the_facet_beside_it(where, ct):
    middle = (centers()[HOT] + centers()[joint("Right C5-C6")]) / 2
    result = assessed(where, ct, [(middle + np.array([11.5, -12.5, 0.0]), 40.0)])
    assert result.proposals[0].place == "Left uncovertebral joint C5-C6"
    assert result.proposals[0].joint is None


def test_half_way_between_two_levels_is_said_to_be_between_them(where, ct):
    points = centers()
    half_way = (points[HOT] + points[joint("Left C4-C5")]) / 2
    proposal = assessed(where, ct, [(half_way + np.array([0, 0, 1.0]), 40.0)]).proposals[0]
    assert proposal.place == "between two levels, Left C4-C5 and C5-C6"
    assert proposal.joint is None
    assert not proposal.certain
    assert {j.name for j in proposal.candidates} == {"Left C4-C5", "Left C5-C6"}
    assert "between two levels" in proposal.reason


def test_near_the_midline_the_side_is_open(where, ct):
    narrow = centers(half_width_mm=9.0)
    upper = {j: p for j, p in narrow.items() if j.level == "C0-C1"}
    middle = (upper[joint("Left C0-C1")] + upper[joint("Right C0-C1")]) / 2
    proposal = assessed(where, ct, [(middle + np.array([0.5, 0, 0]), 40.0)], points=upper)
    assert "side is open" in proposal.proposals[0].place
    assert proposal.proposals[0].joint is None


@pytest.mark.parametrize(
    ("registration_mm", "localisation_mm", "claimed"),
    [
        (0.5, 0.5, True),
        (5.5, 0.5, False),
        (0.5, 4.5, True),
        (0.5, 7.0, False),
        (np.inf, 0.5, False),
    ],
)
def test_claim_gives_way_to_the_uncertainties(where, ct, registration_mm, localisation_mm, claimed):
    off = centers()[HOT] + np.array([0, 0, 2.5])  # 5 mm from half-way
    result = assessed(
        where, ct, [(off, 40.0)], by=known(registration_mm), localisation_mm=localisation_mm
    )
    proposal = result.proposals[0]
    assert (proposal.joint == HOT) is claimed
    assert proposal.certain is claimed
    assert HOT in proposal.candidates
    assert proposal.localisation_mm == localisation_mm
    codes = {finding.code for finding in result.findings}
    assert ("registration-not-trusted" in codes) is bool(np.isinf(registration_mm))
    if np.isinf(registration_mm):
        assert "not to be trusted" in proposal.reason
        assert proposal.to_json()["combined_mm"] is None


def test_unknown_uncertainties_are_assumed_and_said_to_be(where, ct):
    result = assessed(where, ct, [(centers()[HOT], 40.0)], by=registration(), localisation_mm=None)
    proposal = result.proposals[0]
    assert proposal.registration_mm is None
    assert proposal.localisation_mm is None
    assert proposal.combined_mm > 4.0
    assert "not known, 3 mm assumed" in proposal.reason
    assert "5 mm assumed" in proposal.reason


def test_provisional_numbering_is_said_in_the_proposal(where, ct):
    result = assessed(where, ct, [(centers()[HOT], 40.0)], numbering="provisional")
    assert result.proposals[0].numbering == "provisional"
    assert "provisional" in result.proposals[0].reason


def test_two_active_neighbours_are_two_proposals(where, ct):
    points, above = centers(), joint("Left C4-C5")
    result = assessed(where, ct, [(points[HOT], 40.0), (points[above], 30.0)])
    assert {p.joint for p in result.proposals} == {HOT, above}


def test_two_active_neighbours_that_merge_are_claimed_for_neither(where, ct):
    points, above = centers(pitch_mm=12.0), joint("Left C4-C5")
    sigma = float(np.sqrt((15.0 * SIGMA_PER_FWHM) ** 2 + JOINT_VARIANCE_MM2))
    both = [(points[HOT], 40.0), (points[above], 40.0)]
    values = spots(where, both, sigma_mm=sigma, background=2.0)
    settings = ProposalSettings(uptake=UptakeSettings(resolution_mm=15.0))
    result = assess(places(points), volume(values, where), known(1.0), ct=ct, settings=settings)
    hottest = max(result.proposals, key=lambda p: p.value)
    assert hottest.joint is None
    assert hottest.place == "between two levels, Left C4-C5 and C5-C6"
    assert set(hottest.candidates) == {HOT, above}


def test_joints_that_merge_are_named_in_the_reason(where, ct):
    settings = ProposalSettings(uptake=UptakeSettings(resolution_mm=15.0))
    result = assessed(where, ct, [(centers()[HOT], 60.0)], settings=settings)
    assert "cannot be told from Left C4-C5, Left C6-C7" in result.proposals[0].reason
    assert "joints-merged" in {finding.code for finding in result.findings}


def test_uptake_beside_a_level_that_was_not_found_claims_no_other(where, ct):
    points = centers()
    at = points.pop(HOT)
    result = assessed(where, ct, [(at, 40.0)], points=points)
    assert result.proposals[0].joint is None
    assert "not found" in result.proposals[0].place


def test_uptake_below_the_lowest_joint_claims_none(where, ct):
    points = {j: p for j, p in centers().items() if j.level not in ("C6-C7", "C7-T1")}
    below = centers()[joint("Left C6-C7")]
    result = assessed(where, ct, [(below, 40.0)], points=points)
    assert result.proposals[0].joint is None
    assert result.proposals[0].place.startswith("below Left C5-C6")


def test_proposals_are_neither_targets_nor_validated(where, ct):
    document = proposals_json(assessed(where, ct, [(centers()[HOT], 40.0)]).proposals)[0]
    assert document["is_target"] is False
    assert document["thresholds"] == "not validated"
    assert "not validated" in document["reason"]
    assert (document["level"], document["side"]) == ("C5-C6", "left")


@pytest.mark.slow
def test_grade_is_that_of_the_settings(where, ct):
    settings = ProposalSettings(
        grade_ratios=(1.1, 90.0, 99.0), uptake=UptakeSettings(resolution_mm=FWHM)
    )
    hot = [(centers()[HOT], 40.0)]
    assert assessed(where, ct, hot, settings=settings).proposals[0].grade == 1
    strict = ProposalSettings(
        grade_ratios=(90.0, 95.0, 99.0), least_grade=1, uptake=UptakeSettings(resolution_mm=FWHM)
    )
    assert assessed(where, ct, hot, settings=strict).proposals == ()
    for wrong in ({"grade_ratios": (2.0, 1.0, 3.0)}, {"least_grade": 4}):
        with pytest.raises(GeometryError):
            ProposalSettings(**wrong)
    with pytest.raises(GeometryError):
        HotSpotSettings(least_excess=-1.0)


def test_hot_spot_is_found_between_the_voxel_centres(where, ct):
    at = centers()[HOT] + np.array([1.3, -0.8, 0.9])
    values = spots(where, [(at, 60.0)], sigma_mm=SIGMA, background=2.0)
    neck = native_neck(places(), volume(values, where), registration(), ct=ct)
    found = find_hot_spots(neck, fit_activity(neck, resolution_mm=FWHM))
    assert np.linalg.norm(found[0].point_lps - at) < 0.5
    assert found[0].value == values.max()


def test_registration_moves_the_hot_spot_to_the_joint(ct):
    transform = RigidTransform.from_euler(
        rotation_deg=(5.0, 8.0, -7.0), translation_mm=(-11.0, 16.0, 9.0), center_lps=MIDDLE
    )
    points = centers()
    native = grid(middle=transform.inverse().apply(MIDDLE), flips=(-1, 1, 1))
    at = transform.inverse().apply(points[HOT])
    values = spots(native, [(at, 60.0)], sigma_mm=SIGMA, background=2.0)
    result = assess(
        places(), volume(values, native), registration(transform), ct=ct, settings=SETTINGS
    )
    assert result.proposals[0].joint == HOT
    assert np.linalg.norm(result.proposals[0].point_lps - points[HOT]) < 1.0


def test_structures_turn_with_a_turned_neck():
    turn = RigidTransform.from_euler(rotation_deg=(14.0, 8.0, 25.0), center_lps=MIDDLE)
    straight = structures(centers())
    turned = structures({j: turn.apply(p) for j, p in centers().items()})
    assert [s.name for s in turned] == [s.name for s in straight]
    for a, b in zip(straight, turned, strict=True):
        assert turn.apply(a.center_lps) == pytest.approx(b.center_lps, abs=1e-6)


@pytest.fixture(scope="module", params=[True, False], ids=["negative spacing", "positive spacing"])
def study(request):
    """A simulated neck, moved between the scans."""
    neck = NeckParameters(
        seed=5,
        tilt_deg=5.0,
        rotation_deg=-8.0,
        hot_joints=(HotJoint("C5-C6", "left", 60.0), HotJoint("C2-C3", "right", 45.0)),
        hot_spots=(HotSpot("tooth right", 25.0), HotSpot("disc C6-C7", 30.0)),
    )
    scan = replace(
        COARSE_SCAN,
        negative_spacing=request.param,
        misregistration_mm=(6.0, -9.0, 12.0),
        misregistration_deg=(4.0, 0.0, -5.0),
    )
    anatomy = build_anatomy(neck)
    truth = describe(anatomy, anatomy, neck=neck, scan=scan, folder=Path())
    taken = acquire_ct(anatomy, neck, scan), acquire_spect(anatomy, neck, scan)
    ct, spect = (volume(image.stored, image.grid) for image in taken)
    found = [Place(Joint(j.level, Side(j.side)), j.center_lps, 0.5, "sure") for j in truth.joints]
    return truth, assess(found, spect, registration(RigidTransform(truth.spect_to_ct)), ct=ct)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        ((-45, -50, 30), "salivary gland"),
        ((5, -15, -130), "below the levels that are numbered; it may be a vertebra further down"),
        ((5, -15, 130), "above the levels that are numbered"),
        ((0, 45, 0), "behind the spine; it may be muscle"),
        ((25, -45, -30), "the thyroid"),
    ],
)
def test_what_is_not_cervical_is_a_possibility(offset, words):
    at = (centers()[HOT] + centers()[joint("Right C5-C6")]) / 2 + np.array(offset)
    said = elsewhere_words(at, centers())
    assert words in said
    assert "it may be" in said


def test_nothing_outside_the_numbered_levels_is_certain(where, ct):
    middle = (centers()[joint("Left C7-T1")] + centers()[joint("Right C7-T1")]) / 2
    body_of_t2 = middle + np.array([0, -16, -25.0])
    result = assessed(where, ct, [(body_of_t2, 40.0)])
    [proposal] = [p for p in result.proposals if p.place == "not cervical"]
    assert not proposal.certain
    assert "may be a vertebra further down" in proposal.reason


@pytest.mark.parametrize("doubt", [NOT_A_BONE_TRACER(tracer="FDG"), TRACER_NOT_STATED()])
def test_for_another_tracer_something_is_proposed_only_when_asked(where, ct, doubt):
    values = spots(where, [(centers()[HOT], 40.0)], sigma_mm=SIGMA, background=1.0)
    spect = replace(volume(values, where), findings=(doubt,))
    silent = assess(places(), spect, known(1.0), ct=ct, settings=SETTINGS)
    assert silent.proposals == ()
    assert "proposals-withheld" in {f.code for f in silent.findings}
    assert any(u.maximum for u in silent.uptakes)
    asked = assess(places(), spect, known(1.0), ct=ct, settings=replace(SETTINGS, any_tracer=True))
    assert asked.proposals
    assert "proposals-withheld" not in {f.code for f in asked.findings}


@pytest.mark.slow
def test_simulated_study_proposes_its_active_joints_and_no_other(study):
    truth, result = study
    active = {Joint(j.level, Side(j.side)) for j in truth.joints if j.hot}
    assert {p.joint for p in result.proposals if p.joint} == active
    assert {j for p in result.proposals for j in p.candidates} == active
    tooth = [p for p in result.proposals if p.place == StructureKind.OUTSIDE.value]
    assert min(np.linalg.norm(p.point_lps - truth.spots[0][1]) for p in tooth) < 6.0
    ranked = sorted(result.uptakes, key=lambda u: -u.values["ratio_to_reference"])
    assert {u.joint for u in ranked[:2]} == active


@pytest.mark.slow
def test_simulated_resolution_is_read_off_the_data(study):
    truth, result = study
    resolution = result.uptakes[0].resolution
    assert resolution.source == "estimated from the data"
    assert resolution.mm == pytest.approx(truth.scan.resolution_mm, abs=2.0)
