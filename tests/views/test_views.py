"""Every picture computed from a study shows left, head and back where its letters say."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from fusion.anatomy import Joint, Side
from fusion.errors import GeometryError
from fusion.facets import Numbering
from fusion.fused import Fused
from fusion.geometry import FieldOfView, RigidTransform
from fusion.registration import Method, Registration
from fusion.views import (
    MaximumProjection,
    Radiography,
    Sight,
    View,
    fluoroscopic,
    joint_planes,
    landmarks,
    turned,
    turned_words,
)
from tests.annotations.necks import centers, localised
from tests.volumes import affine, volume

#: Directions of slices, rows and columns of data as scanners write them.
LYING = {
    "head first, supine": ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
    "feet first, supine": ((0, 0, -1), (0, 1, 0), (-1, 0, 0)),
    "head first, prone": ((0, 0, 1), (0, -1, 0), (-1, 0, 0)),
    "turned": RigidTransform.from_euler(rotation_deg=(12, -9, 20)).matrix[:3, :3].T[::-1].tolist(),
}
#: Where each view shows the patient's left, head and back: (down, right), and away from the eye.
FRONT, LEFT, BEHIND, RIGHT = 0, 90, 180, 270
SHOWN = {
    FRONT: {"L": (0, 1, 0), "H": (-1, 0, 0), "P": (0, 0, 1)},
    LEFT: {"L": (0, 0, -1), "H": (-1, 0, 0), "P": (0, 1, 0)},
    BEHIND: {"L": (0, -1, 0), "H": (-1, 0, 0), "P": (0, 0, -1)},
    RIGHT: {"L": (0, 0, 1), "H": (-1, 0, 0), "P": (0, -1, 0)},
}
LETTERS = {FRONT: "RLHF", LEFT: "APHF", BEHIND: "LRHF", RIGHT: "PAHF"}
MIDDLE = np.array([11.0, -7.0, 31.0])
AWAY_MM = 30.0
MARKERS = {"L": (np.array([1, 0, 0]), 300), "H": (np.array([0, 0, 1]), 500),
           "P": (np.array([0, 1, 0]), 900)}  # fmt: skip


def marked(lying: str, *, mm: float, count: int, modality: str, unit: str, moved=None):
    """Return a cube with one blob to the left of its middle, one to the head and one behind."""
    matrix = affine(spacing_kji=(mm,) * 3, origin_lps=(0, 0, 0), directions_kji=LYING[lying])
    matrix[:3, 3] = MIDDLE - matrix[:3, :3] @ np.full(3, (count - 1) / 2)
    made = volume(np.zeros((count,) * 3, np.float32), matrix, unit=unit, modality=modality)
    for direction, value in MARKERS.values():
        point = MIDDLE + AWAY_MM * direction
        kji = np.rint(made.grid.to_kji(point if moved is None else moved(point))).astype(int)
        k, j, i = (slice(n - 1, n + 2) for n in kji)
        made.stored[k, j, i] = value
    return made


SHIFT = RigidTransform.from_euler(rotation_deg=(0, 0, 8), translation_mm=(4, -6, 9))


def fused(lying: str, transform: RigidTransform = SHIFT) -> Fused:
    """Return a CT and a SPECT with the markers at the same places of the patient."""
    ct = marked(lying, mm=2.0, count=45, modality="CT", unit="HU")
    spect = marked(
        lying, mm=4.0, count=25, modality="NM", unit="counts", moved=transform.inverse().apply
    )
    return Fused(ct, spect, Registration(transform, Method.SHARED_FRAME))


def seen(view: View) -> dict[str, np.ndarray]:
    """Return where the picture shows each marker: (row, column) of the middle of its blob."""
    shown = np.nan_to_num(view.values)
    blobs, count = ndimage.label(shown > 0.15 * shown.max())
    assert count == len(MARKERS)
    order = np.argsort(ndimage.maximum(shown, blobs, range(1, count + 1))) + 1
    middles = ndimage.center_of_mass(shown, blobs, order)
    return dict(zip(MARKERS, map(np.array, middles), strict=True))


def letters(view: View | Sight) -> str:
    found = view.letters
    return "".join(edge[0] for edge in (found.left, found.right, found.top, found.bottom))


@pytest.mark.parametrize("lying", LYING)
def test_a_maximum_projection_shows_the_patient_as_its_letters_say(lying: str) -> None:
    projection = MaximumProjection(fused(lying))
    sizes = set()
    for turn, where in SHOWN.items():
        view = projection.seen_from(turn)
        sizes.add(view.values.shape)
        assert letters(view) == LETTERS[turn]
        for name, place in seen(view).items():
            point = MIDDLE + AWAY_MM * MARKERS[name][0]
            # A marker lies on the voxels next to its point.
            assert view.place(point)[:2] == pytest.approx(place, abs=0.8)
            apart = (place - view.place(MIDDLE)[:2]) * view.spacing_mm
            assert apart == pytest.approx(AWAY_MM * np.array(where[name][:2]), abs=8.0)
            depth = view.place(point)[2] - view.place(MIDDLE)[2]
            assert depth == pytest.approx(AWAY_MM * where[name][2], abs=8.0)
            # A click on it goes to it, in depth as well, through the Registration.
            assert view.point(*place) == pytest.approx(point, abs=6.0)
    assert len(sizes) == 1


def test_a_maximum_projection_from_the_front_has_the_values_of_voxels() -> None:
    values = np.random.default_rng(4).normal(100, 20, (6, 9, 12)).astype(np.float32)
    spect = volume(values, affine(spacing_kji=(5, 4, 4), origin_lps=(0, 0, 0)))
    study = Fused(fused("turned").ct, spect, Registration(SHIFT, Method.SHARED_FRAME))
    view = MaximumProjection(study).seen_from(FRONT)
    inside = np.isfinite(view.values)
    assert view.values[inside].reshape(6, 12) == pytest.approx(values.max(axis=1)[::-1])
    assert view.point(0, 0) is None


def test_what_the_detector_did_not_see_is_not_projected() -> None:
    study = fused("head first, supine", RigidTransform.identity())
    part = FieldOfView((0, 0, 0), (25, 25, 10), np.ones((25, 25, 10), bool))
    half = Fused(study.ct, replace(study.spect, seen=part), study.registration)
    view = MaximumProjection(half).seen_from(FRONT)
    left, head = (view.place(MIDDLE + AWAY_MM * MARKERS[name][0])[:2] for name in "LH")
    assert view.point(*left) is None
    assert np.nanmax(view.values) == 0
    assert view.point(*head) is None


@pytest.mark.parametrize("lying", LYING)
def test_a_radiograph_shows_the_patient_as_its_letters_say(lying: str) -> None:
    study = fused(lying)
    ct = replace(study.ct, stored=study.ct.stored + np.float32(100))
    picture = Radiography(ct, [MIDDLE])
    for turn, where in SHOWN.items():
        view = picture.seen_from(turn)
        assert letters(view) == LETTERS[turn]
        for name, place in seen(view).items():
            found = view.place(MIDDLE + AWAY_MM * MARKERS[name][0])[:2]
            assert found == pytest.approx(place, abs=2.0)
            apart = (place - view.place(MIDDLE)[:2]) * view.spacing_mm
            assert apart == pytest.approx(AWAY_MM * np.array(where[name][:2]), abs=1.5)


def test_a_radiograph_measures_bone_along_its_rays() -> None:
    ct = marked("head first, supine", mm=2.0, count=45, modality="CT", unit="HU")
    ct.stored[:] = 40
    # A plate 20 mm deep and 40 mm wide, 1000 HU above soft tissue.
    ct.stored[10:30, 15:25, 12:32] = 1120
    picture = Radiography(ct, [MIDDLE])
    for turn, tilt, deep in ((FRONT, 0, 20.0), (LEFT, 0, 40.0), (FRONT, 20, 20 / np.cos(0.349))):
        view = picture.seen_from(turn, tilt)
        row, column = np.rint(view.place(ct.grid.to_lps((20, 19.5, 21.5)))[:2]).astype(int)
        assert view.values[row, column] == pytest.approx(deep, abs=1.1)
        shade = fluoroscopic(view)
        assert shade[row, column] < 60 < 250 < shade[0, 0]


def test_a_radiograph_needs_joints_that_lie_on_the_ct() -> None:
    ct = fused("turned").ct
    with pytest.raises(GeometryError, match="needs the joints"):
        Radiography(ct, [])
    with pytest.raises(GeometryError, match="nothing near the joints"):
        Radiography(ct, [MIDDLE + 900])


def test_tilted_towards_the_head_one_looks_from_above() -> None:
    sight = turned(FRONT, center_lps=MIDDLE, tilt_deg=30)
    assert sight.away_lps == pytest.approx([0, np.cos(np.pi / 6), -0.5])
    assert (sight.letters.top, sight.letters.bottom) == ("HP", "FA")
    # A point above another and as far from the eye appears above it.
    assert sight.split(MIDDLE + np.array([0, 0, 5]))[0] < 0


@pytest.mark.parametrize(
    ("turn", "tilt", "words"),
    [
        (0, 0, "from the front"),
        (90, 0, "from the patient's left"),
        (180, 0, "from behind"),
        (270, 0, "from the patient's right"),
        (-90, 0, "from the patient's right"),
        (30, 0, "from the front, 30° towards the patient's left"),
        (340, 0, "from the patient's right, 70° towards the front"),
        (100, -20, "from the patient's left, 10° towards the back, 20° from below"),
        (0, 15, "from the front, 15° from above"),
    ],
)
def test_the_words_of_a_direction(turn: float, tilt: float, words: str) -> None:
    assert turned_words(turn, tilt) == words


def test_no_sight_can_be_mirrored_or_skewed() -> None:
    right, down = np.array([1.0, 0, 0]), np.array([0, 0, -1.0])
    assert Sight(right, down, MIDDLE).away_lps == pytest.approx([0, 1, 0])
    for bad in (right, np.array([0.1, 0, -1.0]), np.array([0, 0, -2.0])):
        with pytest.raises(GeometryError, match="perpendicular"):
            Sight(right, bad, MIDDLE)


#: Of each plane of a joint: left, right, top and bottom edge.
EDGES = ("APHF", "RLHF", "RLAP")


@pytest.mark.parametrize("side", Side)
def test_the_planes_of_a_joint_are_never_mirrored(side: Side) -> None:
    joint = Joint("C4-C5", side)
    planes = joint_planes(localised(), joint)
    assert tuple(letters(plane.sight) for plane in planes) == EDGES
    middle = (centers()[Joint("C4-C5", Side.LEFT)] + centers()[Joint("C4-C5", Side.RIGHT)]) / 2
    for plane, through in zip(planes, (centers()[joint], middle, centers()[joint]), strict=True):
        assert plane.sight.center_lps == pytest.approx(through)
    # The pillars lie in the plane through both; each pillar lies in its own.
    for other in Side:
        beside = planes[1].sight.split(centers()[Joint("C4-C5", other)])
        assert beside == pytest.approx([0, 17.0 * other.sign, 0], abs=1e-6)


def test_planes_follow_a_neck_that_leans_and_turns() -> None:
    leaning = centers(tilt_deg=15, flex_deg=20, twist_deg=12)
    found = localised()
    facets = tuple(
        replace(f, center_lps=leaning[f.joint], normal_lps=np.array([0.1, -0.6, 0.8]) / 1.00499)
        for f in found.facets
    )
    found = replace(found, facets=facets)
    for side in Side:
        along, both, level = joint_planes(found, Joint("C4-C5", side))
        near = [leaning[Joint(name, side)] for name in ("C3-C4", "C4-C5", "C5-C6")]
        assert np.abs(along.sight.split(near)[:, 2]).max() < 1.5
        for other in Side:
            assert abs(both.sight.split(leaning[Joint("C4-C5", other)])[2]) < 1e-6
        assert level.sight.away_lps @ facets[0].normal_lps > 0.95
        assert tuple(letters(plane.sight) for plane in (along, both, level)) == EDGES


def test_one_joint_alone_has_planes_along_the_patient() -> None:
    joint = Joint("C5-C6", Side.RIGHT)
    found = localised(outside=tuple(other for other in centers() if other != joint))
    planes = joint_planes(found, joint)
    assert tuple(letters(plane.sight) for plane in planes) == EDGES
    assert planes[1].sight.center_lps == pytest.approx(centers()[joint])
    with pytest.raises(GeometryError, match="Left C5-C6 was not found"):
        joint_planes(found, Joint("C5-C6", Side.LEFT))


@pytest.mark.parametrize("lying", LYING)
def test_a_cut_shows_ct_and_spect_where_they_are(lying: str) -> None:
    study = fused(lying)
    found = localised()
    joint = Joint("C4-C5", Side.LEFT)
    facets = tuple(
        replace(f, center_lps=f.center_lps + MIDDLE - centers()[joint]) for f in found.facets
    )
    planes = joint_planes(replace(found, facets=facets), joint)
    assert planes[0].sight.center_lps == pytest.approx(MIDDLE)
    markers = {0: "PH", 2: "LP"}
    for n, names in markers.items():
        hu, uptake = planes[n].cut(study, field_mm=(80.0, 80.0))
        for name in names:
            point = MIDDLE + AWAY_MM * MARKERS[name][0]
            row, column, off = planes[n].sight.split(point) / [0.5, 0.5, 1] + [80, 80, 0]
            if abs(off) > 1.5:
                continue
            assert hu.values[round(row), round(column)] == pytest.approx(MARKERS[name][1])
            assert uptake.values[round(row), round(column)] > 0.5 * MARKERS[name][1]
            assert hu.point(row, column) == pytest.approx(point, abs=2.0)
    far = replace(planes[0], sight=Sight(*np.eye(3)[:2], MIDDLE + 900))
    assert all(np.isnan(view.values).all() for view in far.cut(study, field_mm=(20.0, 30.0)))
    assert far.cut(study, field_mm=(20.0, 30.0))[0].values.shape == (41, 61)


def test_landmarks_name_joints_bodies_and_nerves_at_the_joint_alone() -> None:
    joint = Joint("C5-C6", Side.LEFT)
    found = localised()
    named = landmarks(found, nerves={joint: ("C5 medial branch", "C6 medial branch")})
    by_name = {one.name: one for one in named}
    assert len(by_name) == len(named)
    assert [one.name for one in named[-7:]] == ["C2", "C3", "C4", "C5", "C6", "C7", "T1"]
    assert by_name["Left C5-C6"].nerves == ("C5 medial branch", "C6 medial branch")
    # Each name stands at a joint or in a body, none where a nerve is met.
    for one in named:
        if one.joint is not None:
            assert one.point_lps == pytest.approx(centers()[one.joint])
    for upper, lower in itertools.pairwise(("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")):
        four = [centers()[Joint(level, side)] for level in (upper, lower) for side in Side]
        body = by_name[lower.split("-")[0]].point_lps
        assert body[2] == pytest.approx(np.mean(four, axis=0)[2], abs=4.0)
        assert 10 < np.mean(four, axis=0)[1] - body[1] < 20
        assert abs(body[0]) < 1e-6
    assert {one.text == one.name for one in named} == {True}


def test_landmarks_that_are_provisional_say_so() -> None:
    found = localised()
    doubted = tuple(
        replace(f, numbering=Numbering.PROVISIONAL) if f.joint.level == "C7-T1" else f
        for f in found.facets
    )
    named = landmarks(replace(found, facets=doubted))
    assert {one.text for one in named if one.provisional} == {
        "Left C7-T1 ?", "Right C7-T1 ?", "C7 ?", "T1 ?",
    }  # fmt: skip
    whole = landmarks(replace(found, numbering=Numbering.PROVISIONAL))
    assert all(one.text.endswith(" ?") for one in whole)
    assert landmarks(localised(outside=tuple(centers()))) == ()
