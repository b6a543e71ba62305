"""Every wrong side and wrong level that can be staged is refused; every right one is accepted."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.anatomy.joints import JOINTS, LEVELS, Joint, Side
from fusion.annotations.renumbering import label_changes
from fusion.annotations.spine import (
    JOINT_REACH_MM,
    NEAR_MIDLINE_MM,
    Spine,
    verify_side_and_level,
)
from fusion.annotations.target import Decision, Origin
from fusion.errors import AnnotationError
from fusion.facets.localisation import Localisation, Numbering
from fusion.geometry import Grid
from sample_data.anatomy import placed
from sample_data.parameters import NeckParameters
from sample_data.scanner import placement as posed
from sample_data.spine import build_spine

from .necks import PITCH_MM, centers, localised, other_side, shifted, spine
from .samples import placement, target

LEFT_C5 = Joint("C5-C6", Side.LEFT)
#: docs/sources.md#level-error; a literal, so that the number cannot change unseen.
BETWEEN_LEVELS_MM = 3.0
NECKS = {
    "straight": {},
    "off centre": {"origin": (60.0, -40.0, 900.0)},
    "tilted left": {"tilt_deg": 25.0},
    "tilted right": {"tilt_deg": -25.0},
    "bent forward": {"flex_deg": 35.0},
    "bent back": {"flex_deg": -35.0},
    "head turned left": {"twist_deg": 55.0},
    "head turned right": {"twist_deg": -55.0},
    "kyphotic": {"lordosis_mm": -12.0},
    "all at once": {"tilt_deg": 18.0, "flex_deg": 20.0, "twist_deg": 40.0, "origin": (80, 9, -5)},
}
#: What the refusals on the way from the left joint to the right one say.
SAYS = {
    "to the patient's right": "right",
    "belongs to neither side": "neither",
    "to no joint": "refused",
}
each_neck = pytest.mark.parametrize("how", NECKS.values(), ids=NECKS)


def check(claimed: Joint, point, neck: Spine, decision: Decision = Decision.POSITIVE, **more):
    return verify_side_and_level(claimed, point, spine=neck, decision=decision, **more)


@pytest.mark.slow
@each_neck
def test_the_right_joint_is_accepted_and_every_other_refused(how: dict) -> None:
    neck = spine(**how)
    for joint, center in centers(**how).items():
        found = check(joint, center, neck)
        assert found.joint == joint
        assert found.distance_mm == pytest.approx(0, abs=1e-9)
        for other in JOINTS:
            if other != joint:
                with pytest.raises(AnnotationError, match="Not saved"):
                    check(other, center, neck)


@each_neck
def test_a_wrong_side_says_what_was_chosen_and_what_the_anatomy_says(how: dict) -> None:
    neck = spine(**how)
    for joint, center in centers(**how).items():
        with pytest.raises(AnnotationError) as caught:
            check(other_side(joint), center, neck)
        said = str(caught.value)
        assert f"You chose {other_side(joint).name}" in said
        match = re.search(
            rf"lies ([\d.]+) mm to the patient's {joint.side.value} of the spine", said
        )
        assert match is not None
        # 17 mm along its own level; up to 0.3 mm less on the chord between two turned levels.
        assert 16.7 <= float(match[1]) <= 17.0


@each_neck
def test_a_wrong_level_says_both_levels_and_both_distances(how: dict) -> None:
    neck, places = spine(**how), centers(**how)
    for joint, by in itertools.product(JOINTS, (-1, 1)):
        claimed = shifted(joint, by)
        if claimed is None:
            continue
        with pytest.raises(AnnotationError) as caught:
            check(claimed, places[joint], neck)
        said = str(caught.value)
        far = np.linalg.norm(places[joint] - places[claimed])
        assert f"You chose {claimed.name}" in said
        assert f"0.0 mm from the centre of {joint.name}" in said
        assert f"{far:.1f} mm from that of {claimed.name}" in said


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(
    how=st.fixed_dictionaries(
        {
            "tilt_deg": st.floats(-30, 30),
            "flex_deg": st.floats(-40, 40),
            "twist_deg": st.floats(-60, 60),
            "lordosis_mm": st.floats(-12, 12),
            "origin": st.tuples(*[st.floats(-300, 300)] * 3),
        }
    ),
    joint=st.sampled_from(JOINTS),
    # Within the reach of the joint, and far from the mid-planes.
    offset=st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(-2, 2)),
)
def test_a_point_near_a_joint_belongs_to_it_in_any_neck(how, joint, offset) -> None:
    neck, point = spine(**how), centers(**how)[joint] + offset
    assert check(joint, point, neck).joint == joint
    with pytest.raises(AnnotationError):
        check(other_side(joint), point, neck)


@settings(deadline=None, max_examples=200)
@given(
    how=st.sampled_from(list(NECKS.values())),
    joint=st.sampled_from(JOINTS),
    offset=st.tuples(*[st.floats(-40, 40)] * 3),
    claimed=st.sampled_from(JOINTS),
    decision=st.sampled_from([Decision.POSITIVE, Decision.NEGATIVE]),
)
def test_nothing_is_ever_accepted_for_a_joint_that_is_not_the_nearest(
    how, joint, offset, claimed, decision
) -> None:
    # The oracle: the nearest of the 16 centres, by brute force, whatever the spine thinks.
    places = centers(**how)
    point = places[joint] + offset
    nearest = min(JOINTS, key=lambda one: float(np.linalg.norm(places[one] - point)))
    try:
        found = check(claimed, point, spine(**how), decision)
    except AnnotationError:
        return
    assert found.joint == claimed == nearest
    assert np.linalg.norm(places[nearest] - point) <= JOINT_REACH_MM


def test_the_middle_of_the_image_decides_nothing() -> None:
    # The whole neck lies to the left of the middle of the image, or to its right.
    for x in (-90.0, 90.0):
        how = {"origin": (x, 0.0, 0.0)}
        for side in Side:
            joint = Joint("C4-C5", side)
            point = centers(**how)[joint]
            assert np.sign(point[0]) == np.sign(x)
            assert check(joint, point, spine(**how)).joint == joint


def test_the_midline_is_that_of_the_level_and_not_of_the_whole_neck() -> None:
    # Tilted by 25 degrees, the right joint of the top lies left of the mean of all joints.
    how = {"tilt_deg": -25.0}
    places = centers(**how)
    mean = np.mean(list(places.values()), axis=0)
    top = Joint("C0-C1", Side.RIGHT)
    assert places[top][0] > mean[0]
    assert check(top, places[top], spine(**how)).joint == top


@pytest.mark.slow
@each_neck
@pytest.mark.parametrize("level", LEVELS[::3])
def test_a_target_dragged_across_the_midline_never_changes_side_silently(
    how: dict, level: str
) -> None:
    places, neck = centers(**how), spine(**how)
    start, end = (places[Joint(level, side)] for side in Side)
    seen = []
    for part in np.linspace(0, 1, 69):  # 0.5 mm steps
        point = start + part * (end - start)
        try:
            check(Joint(level, Side.LEFT), point, neck)
            seen.append("kept")
        except AnnotationError as exc:
            seen.append(next(word for words, word in SAYS.items() if words in str(exc)))
    order = [name for name, _ in itertools.groupby(seen)]
    assert order == ["kept", "refused", "neither", "right"]
    # 3 mm on each side of the midline belong to nobody: 12 steps of 0.5 mm.
    assert 11 <= seen.count("neither") <= 13


@each_neck
def test_a_target_dragged_down_the_neck_meets_a_gap_between_levels(how: dict) -> None:
    places, neck = centers(**how), spine(**how)
    upper, lower = LEFT_C5, shifted(LEFT_C5, 1)
    assert lower is not None
    start, end = places[upper], places[lower]
    length = float(np.linalg.norm(end - start))
    for along in np.arange(0.25, length, 0.5):
        point = start + along / length * (end - start)
        margin = length / 2 - along
        if margin > BETWEEN_LEVELS_MM:
            assert check(upper, point, neck).joint == upper
        elif margin < -BETWEEN_LEVELS_MM:
            with pytest.raises(AnnotationError, match=f"from the centre of {lower.name}"):
                check(upper, point, neck)
        else:
            for claimed in (upper, lower):
                with pytest.raises(AnnotationError, match="lies between"):
                    check(claimed, point, neck)


@pytest.mark.parametrize(("margin_mm", "between"), [(2.99, True), (3.01, False)])
def test_level_is_open_within_three_millimetres_of_half_way(margin_mm, between) -> None:
    places = centers()
    upper, lower = places[LEFT_C5], places[Joint("C6-C7", Side.LEFT)]
    along = (upper - lower) / np.linalg.norm(upper - lower)
    found = spine().place((upper + lower) / 2 + margin_mm * along)
    assert found.joint == LEFT_C5
    assert found.is_between_levels is between


def test_between_levels_only_an_indeterminate_decision_stands_at_either_level() -> None:
    neck, places = spine(), centers()
    upper, lower = LEFT_C5, Joint("C6-C7", Side.LEFT)
    point = (places[upper] + places[lower]) / 2 + [0, 0, 1]
    for claimed in (upper, lower):
        found = check(claimed, point, neck, Decision.INDETERMINATE)
        assert found.joint == claimed
        assert found.is_between_levels
        one = target(
            claimed, placement=found, decision=Decision.INDETERMINATE, grade=None, reader="R"
        )
        assert one.joint == claimed
        with pytest.raises(AnnotationError, match="only be recorded as indeterminate"):
            target(claimed, placement=found)
    for claimed in (Joint("C4-C5", Side.LEFT), other_side(upper)):
        with pytest.raises(AnnotationError):
            check(claimed, point, neck, Decision.INDETERMINATE)


def test_greater_uncertainty_widens_what_is_refused() -> None:
    places = centers()
    point = places[LEFT_C5] - [0, 0, 3.0]  # 4.5 mm from the mid-plane
    assert check(LEFT_C5, point, spine()).margin_mm == pytest.approx(4.5, abs=0.3)
    with pytest.raises(AnnotationError, match=r"within the uncertainty of 5.0 mm"):
        check(LEFT_C5, point, spine(), registration_mm=5.0)
    doubtful = Spine(
        {joint: tuple(p) for joint, p in places.items()},
        uncertainty_mm=dict.fromkeys(JOINTS, 4.0),
    )
    with pytest.raises(AnnotationError, match=r"within the uncertainty of 5.0 mm"):
        check(LEFT_C5, point, doubtful, registration_mm=3.0)
    near_middle = (places[LEFT_C5] + places[other_side(LEFT_C5)]) / 2 + [4.5, 0, 0]
    with pytest.raises(AnnotationError, match=r"uncertainty of 5.0 mm: it belongs to neither side"):
        check(LEFT_C5, near_middle, doubtful, registration_mm=3.0)


@pytest.mark.parametrize(
    "directions",
    [
        pytest.param((1, 1, 1), id="head first supine"),
        pytest.param((-1, -1, 1), id="head first prone"),
        pytest.param((-1, 1, -1), id="feet first supine"),
        pytest.param((1, -1, -1), id="feet first prone"),
        pytest.param((1, 1, -1), id="slices from head to feet"),
        pytest.param((-1, 1, 1), id="columns from left to right"),
    ],
)
def test_voxels_of_any_orientation_lead_to_the_right_joint(directions: tuple) -> None:
    # The same neck on grids as scanners write them; SimpleITK says where a voxel is.
    image = sitk.Image(200, 200, 200, sitk.sitkUInt8)
    image.SetDirection(np.diag(directions).ravel().astype(float).tolist())
    image.SetOrigin([-100.0 * d for d in directions])
    affine = np.zeros((4, 4))
    affine[[0, 1, 2], [2, 1, 0]] = directions
    affine[:3, 3] = image.GetOrigin()
    affine[3, 3] = 1
    grid = Grid((200, 200, 200), affine, None)
    neck = spine()
    for joint, center in centers().items():
        k, j, i = (int(n) for n in np.rint(grid.to_kji(center)))
        truth = image.TransformIndexToPhysicalPoint((i, j, k))
        np.testing.assert_allclose(grid.to_lps((k, j, i)), truth)
        assert check(joint, truth, neck).joint == joint
        # Whoever reads the indices as if every patient lay head first and supine is caught,
        # unless the picture is symmetric in what was mistaken.
        naive = np.array([i, j, k]) - 100.0
        if directions[0] < 0 or directions[2] < 0:
            with pytest.raises(AnnotationError):
                check(joint, naive, neck)


def swapped() -> dict[Joint, tuple]:
    return {other_side(joint): tuple(p) for joint, p in centers().items()}


def upside_down() -> dict[Joint, tuple]:
    return {
        Joint(LEVELS[-1 - LEVELS.index(joint.level)], joint.side): tuple(p)
        for joint, p in centers().items()
    }


def test_a_spine_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(AnnotationError, match="Left and right may be exchanged"):
        Spine(swapped())
    with pytest.raises(AnnotationError, match="upside down"):
        Spine(upside_down())
    one_pair_swapped = {joint: tuple(p) for joint, p in centers().items()}
    a, b = LEFT_C5, other_side(LEFT_C5)
    one_pair_swapped[a], one_pair_swapped[b] = one_pair_swapped[b], one_pair_swapped[a]
    with pytest.raises(AnnotationError, match="Left and right may be exchanged"):
        Spine(one_pair_swapped)
    squeezed = {joint: (p[0] / 4, p[1], p[2]) for joint, p in centers().items()}
    with pytest.raises(AnnotationError, match=r"8.5 mm apart"):
        Spine(squeezed)
    with pytest.raises(AnnotationError, match=r"midline at C5-C6 lies 9.0 mm"):
        Spine(
            {joint: tuple(p) for joint, p in centers().items()},
            midline_lps={"C5-C6": tuple(centers()[LEFT_C5] - [8.0, 0, 0])},
        )


@pytest.mark.parametrize("kept", [[], [LEFT_C5], [LEFT_C5, other_side(LEFT_C5)], JOINTS[::2]])
def test_without_enough_anatomy_nothing_can_be_marked(kept: list[Joint]) -> None:
    with pytest.raises(AnnotationError, match="found or marked first"):
        Spine({joint: tuple(centers()[joint]) for joint in kept})


def test_a_level_that_was_not_found_is_not_taken_for_its_neighbour() -> None:
    places = {joint: tuple(p) for joint, p in centers().items()}
    missing = Joint("C4-C5", Side.LEFT)
    point = places.pop(missing)
    neck = Spine(places)
    for claimed in (missing, LEFT_C5, Joint("C3-C4", Side.LEFT)):
        with pytest.raises(AnnotationError, match="no joint was found or marked there"):
            check(claimed, point, neck)
    assert check(LEFT_C5, places[LEFT_C5], neck).neighbour in ("C4-C5", "C6-C7")


@pytest.mark.parametrize("z_mm", np.linspace(-500.0, 500.0, 21))
def test_of_two_neighbours_as_near_the_one_that_is_a_joint_is_named(z_mm: float) -> None:
    """On the last joint, the end of the column is as far as the joint before, but for rounding."""
    how = {"origin": (0.1, 33.3, z_mm / 7), "flex_deg": 11.0}
    for level, expected in (("C7-T1", "C6-C7"), (LEVELS[0], LEVELS[1])):
        joint = Joint(level, Side.LEFT)
        assert check(joint, centers(**how)[joint], spine(**how)).neighbour == expected


def test_beyond_the_levels_that_were_found_nothing_is_counted_on() -> None:
    places = {j: tuple(p) for j, p in centers().items() if j.level in LEVELS[3:6]}
    neck = Spine(places)
    for by, name in ((-1, "C2-C3"), (3, "C6-C7")):
        point = np.array(places[Joint("C3-C4", Side.LEFT)]) - [0, 0, PITCH_MM * by]
        with pytest.raises(AnnotationError, match=f"at {name}"):
            check(Joint(name, Side.LEFT), point, neck)
    full = spine()
    top, bottom = centers()[JOINTS[0]], centers()[JOINTS[-2]]
    for point, name in (
        (top + np.array([0, 0, 15]), "above C0-C1"),
        (bottom - np.array([0, 0, 15]), "below C7-T1"),
    ):
        with pytest.raises(AnnotationError, match=name):
            check(JOINTS[0], point, full)


def test_a_point_far_from_every_joint_belongs_to_none() -> None:
    point = centers()[LEFT_C5] + [14.0, 0, 0]
    with pytest.raises(AnnotationError, match=r"14.0 mm from the nearest joint, Left C5-C6"):
        check(LEFT_C5, point, spine())


def test_the_joints_below_the_skull_are_markable() -> None:
    for level in ("C0-C1", "C1-C2"):
        for side in Side:
            joint = Joint(level, side)
            point = centers()[joint]
            found = check(joint, point, spine())
            made = target(joint, placement=found, origin=Origin.JOINT_CLICKED)
            assert made.joint == joint


def test_the_midline_of_the_canal_is_used_where_it_is_known() -> None:
    places = {joint: tuple(p) for joint, p in centers().items()}
    middle = {level: (1.5, 0.0, places[Joint(level, Side.LEFT)][2]) for level in LEVELS}
    neck = Spine(places, midline_lps=middle)
    assert neck.lateral_mm(places[LEFT_C5]) == pytest.approx(15.5, abs=1e-6)
    assert NEAR_MIDLINE_MM == 3.0


def test_a_localisation_becomes_a_spine() -> None:
    places, outside = centers(), Joint("C7-T1", Side.LEFT)
    neck = Spine.of(localised(outside=(outside,)))
    assert set(neck.centers_lps) == set(JOINTS) - {outside}
    assert neck.uncertainty_mm[LEFT_C5] == 1.5
    assert check(LEFT_C5, places[LEFT_C5], neck).joint == LEFT_C5
    nothing = Localisation((), Numbering.PROVISIONAL, (), {}, ())
    with pytest.raises(AnnotationError, match="found or marked first"):
        Spine.of(nothing)


def test_a_new_numbering_says_which_targets_it_would_change() -> None:
    places = {joint: tuple(p) for joint, p in centers().items()}
    old = Spine(places)
    made = [
        target(joint, placement=check(joint, places[joint], old))
        for joint in (LEFT_C5, Joint("C3-C4", Side.RIGHT), Joint("C7-T1", Side.LEFT))
    ]
    assert label_changes(made, spine=old) == ()
    # Everything is one level further down than was thought; the lowest becomes T1-T2.
    lower = {shifted(joint, 1): point for joint, point in places.items() if shifted(joint, 1)}
    changes = label_changes(made, spine=Spine(lower))
    assert [change.target for change in changes] == made
    assert [change.placement and change.placement.joint for change in changes] == [
        Joint("C6-C7", Side.LEFT),
        Joint("C4-C5", Side.RIGHT),
        None,
    ]
    assert "below C7-T1" in changes[2].why


def test_a_placement_cannot_contradict_itself() -> None:
    with pytest.raises(AnnotationError, match=r"5.0 mm to the right of the midline"):
        placement(LEFT_C5, lateral_mm=-5.0)
    for field in ("lateral_mm", "distance_mm", "margin_mm", "uncertainty_mm"):
        with pytest.raises(AnnotationError, match="not finite"):
            placement(LEFT_C5, **{field: float("nan")})
    for point in ((1, 2), (1, 2, float("inf")), "abc", None):
        with pytest.raises(AnnotationError, match="three"):
            placement(LEFT_C5, point_lps=point)


@pytest.mark.slow
@pytest.mark.parametrize(
    "posture",
    [
        {},
        {"shape": "kyphotic", "size": 0.8},
        {"tilt_deg": 25.0, "rotation_deg": 40.0},
        {"tilt_deg": -25.0, "rotation_deg": 40.0, "flexion_deg": 20.0},
        {"rotation_deg": -40.0, "flexion_deg": -20.0, "size": 1.2},
    ],
)
def test_the_joints_of_the_simulated_necks_are_their_own(posture: dict) -> None:
    # Vertebrae of published sizes, posed one on the other by other code than this room's.
    neck = NeckParameters(**posture)
    truth = {
        Joint(one.level, Side(one.side)): placed(one.center[None], posed(neck))[0]
        for one in build_spine(neck).joints
        if one.level in LEVELS
    }
    assert set(truth) == set(JOINTS)
    simulated = Spine({joint: tuple(point) for joint, point in truth.items()})
    for joint, claimed in itertools.product(JOINTS, JOINTS):
        if claimed == joint:
            assert check(claimed, truth[joint], simulated).joint == joint
        else:
            with pytest.raises(AnnotationError, match="Not saved"):
                check(claimed, truth[joint], simulated)


def test_the_midline_is_worked_out_once_a_spine_and_asked_twice_a_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A window judges every target with each change; that took most of its time."""
    neck, asked = spine(), []
    across = Spine._across
    monkeypatch.setattr(Spine, "_across", lambda self, p: asked.append(p) or across(self, p))
    monkeypatch.setattr(Spine, "_pair", None)
    for joint in (LEFT_C5, other_side(LEFT_C5)):
        verify_side_and_level(
            joint, neck.centers_lps[joint], spine=neck, decision=Decision.POSITIVE
        )
    assert len(asked) == 2 * 2
