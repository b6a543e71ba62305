"""Vertebrae counted one by one, and what becomes of a count that breaks or is contradicted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage, signal

from fusion.anatomy import Joint, Side
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.claims import Claim
from fusion.facets.automatic.column import Rhythm, _rhythm, apart_mm, crests
from fusion.facets.automatic.likeness import SCALES, Likeness
from fusion.facets.automatic.locate import (
    _astray,
    _astray_together_mm,
    _before,
    _bound_mm,
    _doubtful_at_the_end,
    _less_known,
    _off_mm,
    _together_mm,
    _within,
    numbering_by_level,
)
from fusion.facets.automatic.naming.clicks import click_at_an_end, off_by, unsettled_click
from fusion.facets.automatic.naming.judging import _judged, status_of
from fusion.facets.automatic.naming.numbering import (
    Levels,
    _count,
    _reached,
    _rival,
    _suggested,
    broken,
    number,
    with_ends_asked,
)
from fusion.facets.automatic.picture.values import CtValues
from fusion.facets.automatic.refine import Fit
from fusion.facets.automatic.remarks import break_findings
from fusion.facets.automatic.template import TEMPLATE_LEVELS, template
from fusion.facets.localisation import Facet, Witness
from fusion.facets.states import Numbering, Status, WitnessKind

LEVELS = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
#: Joints 16 mm apart, C2-C3 at 110 mm; C1-C2 above it.
HEIGHTS = {"C1-C2": 132.0} | {name: 110.0 - 16 * n for n, name in enumerate(LEVELS)}
CHAIN = Chain(HEIGHTS, 1.0, 2)


def _wall(pitch: float = 16.0, *, first: float = 22.0, count: int = 7, n: int = 150) -> np.ndarray:
    """Bone beside the canal: a crest every so many mm, a gap for the nerve between them."""
    s = np.arange(n)
    wall = np.full(n, 0.2)
    for k in range(count):
        wall += 0.4 * np.exp(-0.5 * ((s - first - k * pitch) / 3.0) ** 2)
    return wall


def _seen(wall: np.ndarray) -> Rhythm:
    return _rhythm(wall, np.ones(len(wall), dtype=bool))


@pytest.mark.parametrize(
    ("pitch", "below", "seen"), [(20, 21, True), (20, 26, False), (12, 15, True), (12, 21, False)]
)
def test_the_last_foramen_is_told_within_the_usual_distance_of_pedicles(pitch, below, seen):
    """As in a neck of long vertebrae whose field ends before the pedicle of C4."""
    pedicles = np.array([below, below + pitch, below + 2 * pitch], dtype=float)
    wall = np.zeros(int(pedicles[-1]) + 5)
    wall[pedicles.astype(int)] = 1.0
    wall[below - 8] = -1.0
    place, depth = Rhythm(wall, pedicles).gap(below - 9.0)
    assert (place, depth) == ((below - 8.0, 2.0) if seen else (None, 0.0))


def _ribs(height: float) -> Claim:
    return Claim(WitnessKind.RIBS, "C7-T1", height, 5.0, 2.5, "ribs on both sides")


@pytest.mark.parametrize("pitch", [12.0, 16.0, 20.0])
def test_every_crest_is_a_vertebra_whatever_its_period(pitch):
    turns = _seen(_wall(pitch, count=6))
    assert turns.pedicles_mm == pytest.approx(22 + pitch * np.arange(6), abs=1)
    assert turns.between(22 + pitch / 2, 22 + 4.5 * pitch) == 4
    place, depth = turns.gap(22 + 1.4 * pitch)
    assert place == pytest.approx(22 + 1.5 * pitch, abs=1.5)
    assert depth > 1.0


def test_a_flat_wall_and_one_outside_the_field_show_no_vertebra():
    assert not len(_seen(np.full(150, 0.5)).pedicles_mm)
    assert not len(_rhythm(_wall(), np.zeros(150, dtype=bool)).pedicles_mm)


def test_an_unbroken_count_reaches_every_level():
    evidence, reached = _count(CHAIN, _seen(_wall()), "C2-C3")
    assert reached == {"C0-C1", "C1-C2", *LEVELS}
    assert evidence.agrees
    assert "5 vertebrae, counted without a break" in evidence.saw


def test_where_the_field_ends_below_c2_nothing_is_counted():
    alone = Chain({name: HEIGHTS[name] for name in ("C1-C2", "C2-C3")}, 1.0, 2)
    evidence, reached = _count(alone, _seen(_wall()), "C2-C3")
    assert not reached
    assert evidence.agrees is None
    assert "no vertebra can be counted" in evidence.saw
    # A reader who names C2 says what the count cannot.
    assert "C2-C3" in _reached(alone, _seen(_wall()), "C2-C3")


def test_a_level_without_its_own_vertebra_ends_the_count():
    wall = _wall() - 0.4 * np.exp(-0.5 * ((np.arange(150) - 54) / 3.0) ** 2)
    evidence, reached = _count(CHAIN, _seen(wall), "C2-C3")
    # The pedicle at 54 mm, between C5-C6 (62) and C6-C7 (46), is not there.
    assert {"C2-C3", "C3-C4", "C4-C5"} <= reached
    assert not {"C6-C7", "C7-T1"} & reached
    assert evidence.agrees is None
    assert "breaks off" in evidence.saw
    # A reader who names C7 has the levels below the break, not those above it.
    from_below = _reached(CHAIN, _seen(wall), "C7-T1")
    assert "C7-T1" in from_below
    assert not {"C2-C3", "C3-C4", "C4-C5"} & from_below


def test_a_distance_that_no_vertebra_of_this_patient_has_ends_the_count():
    squeezed = HEIGHTS | {"C5-C6": 70.0}
    reached = _reached(Chain(squeezed, 1.0, 2), _seen(_wall()), "C2-C3")
    assert "C4-C5" in reached
    assert "C6-C7" not in reached


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        # Between C4-C5 (78) and C5-C6 (62); too near C4-C5; in C2; between C1-C2 and the skull;
        # below the neck.
        (70.5, ("C0-C1", "C1-C2", *LEVELS[:3])),
        (72.0, ("C0-C1", "C1-C2", *LEVELS[:2])),
        (120.0, ()),
        (140.0, ("C1-C2", *LEVELS)),
        (10.0, ("C0-C1", "C1-C2", *LEVELS)),
    ],
)
def test_nothing_is_counted_across_slices_that_are_missing_or_there_twice(at, kept):
    chain = Chain({"C0-C1": 148.0} | HEIGHTS, 1.0, 2)
    turns = replace(_seen(_wall()), breaks_mm=np.array([at]))
    assert _reached(chain, turns, "C2-C3") == set(kept)


@pytest.mark.parametrize("by", [-12, -6, -4, 0, 3, 9])
def test_nothing_is_counted_where_the_two_sides_lie_apart(by):
    """As in a picture that was sheared aside by 20 degrees: joints were a level off, and sure."""
    left, right = (_seen(_wall(first=22.0 + off)).wall for off in (by, 0.0))
    assert apart_mm(left, right) == pytest.approx(by, abs=1)
    turns = replace(_seen(_wall()), sides_apart_mm=by)
    assert bool(_reached(CHAIN, turns, "C2-C3")) == (abs(by) <= 3)


@pytest.mark.parametrize(("slice_mm", "last"), [(0.8, "C4-C5"), (1.2, "C3-C4"), (5.0, "C3-C4")])
def test_a_break_lies_anywhere_between_two_slices(slice_mm, last):
    """As where a patient moved 5 mm above a joint, on slices of 5 mm: it was 8.5 mm off."""
    turns = replace(_seen(_wall()), breaks_mm=np.array([70.5]), slice_mm=slice_mm)
    reached = _reached(CHAIN, turns, "C2-C3")
    assert reached == {"C1-C2", *LEVELS[: LEVELS.index(last) + 1]} | reached & {"C0-C1"}


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        (70.5, ("C0-C1", "C1-C2", *LEVELS[:3])),
        # In the body of C2, as far as a cut at its lower joint may be blurred; and above it.
        (121.0, ()),
        (123.0, ("C0-C1", "C1-C2", *LEVELS)),
    ],
)
def test_nothing_is_counted_across_a_seam_of_slices_that_were_turned(at, kept):
    chain = Chain({"C0-C1": 148.0} | HEIGHTS, 1.0, 2)
    turns = replace(_seen(_wall()), seams_mm=np.array([at]))
    assert _reached(chain, turns, "C2-C3") == set(kept)
    told = break_findings(chain, template(), broken(chain, turns).breaks_mm)
    assert bool(told) == (len(kept) < 8)


@pytest.mark.parametrize(("off", "astray"), [(0.0, set()), (-5.0, set()), (7.0, {"C4-C5"})])
def test_a_joint_far_from_the_gap_of_its_nerve_makes_its_level_provisional(off, astray):
    turns = _seen(_wall())
    fits = {}
    for level in LEVELS[:4]:
        height = turns.gap(HEIGHTS[level])[0]
        center = np.array([height + (off if level == "C4-C5" else 0.0), 0.0, 17.0])
        fits[Joint(level, Side.LEFT)] = Fit(center, np.array([1.0, 0, 0]), 0.6, 0.0, None, 1.0)
    assert _astray(CHAIN, turns, fits) == astray


@pytest.mark.parametrize(
    ("off", "together"), [(0.0, False), (-3.4, False), (3.6, True), (-5, True)]
)
def test_joints_that_slid_along_the_pillars_together_are_not_sure_and_less_well_placed(
    off, together
):
    """As in a neck cut below C4: every joint 5 to 7 mm too high, each alone within the limit."""
    turns = _seen(_wall())
    fits = {}
    for level in LEVELS[:4]:
        center = np.array([turns.gap(HEIGHTS[level])[0] + off, 0.0, 17.0])
        fits[Joint(level, Side.LEFT)] = Fit(center, np.array([1.0, 0, 0]), 0.6, 0.0, None, 1.0)
    assert _astray(CHAIN, turns, fits) == (set(LEVELS[:4]) if together else set())
    assert _together_mm(_off_mm(CHAIN, turns, fits)) == pytest.approx(abs(off))
    found = Facet(
        Joint("C4-C5", Side.LEFT), Status.FOUND, (0.0, 0.0, 0.0), None, Numbering.SURE, 3.0
    )
    assert _less_known(found, 4.0).localisation_mm == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("slid", "off", "together"), [(3.4, 1.4, 0.0), (3.6, 1.6, 3.6), (5.4, 3.4, 5.4)]
)
def test_joints_that_left_the_place_of_the_count_together_are_not_sure(slid, off, together):
    """As in a neck whose field ends below C2-C3: both joints 7 mm too high and sure."""
    turns = _seen(_wall())
    chain = Chain({level: height + off - slid for level, height in HEIGHTS.items()}, 1.0, 2)
    fits = {}
    for level in LEVELS[:4]:
        center = np.array([HEIGHTS[level] + off, 0.0, 17.0])
        fits[Joint(level, Side.LEFT)] = Fit(center, np.array([1.0, 0, 0]), 0.6, 0.0, None, 1.0)
    expected = dict.fromkeys(LEVELS[:4], pytest.approx(together)) if together else {}
    assert _astray_together_mm(chain, turns, fits) == expected
    assert _astray(chain, turns, fits) == (set(LEVELS[:4]) if together else set())


def test_the_lower_half_of_a_neck_may_leave_the_place_of_the_count_alone():
    """As in a neck with C3 doubled and tilted: from C5-C6 down 6 to 9 mm too low and sure."""
    turns = _seen(_wall())
    fits = {}
    for n, level in enumerate(LEVELS):
        center = np.array([HEIGHTS[level] - (5.0 if n >= 3 else 2.0), 0.0, 17.0])
        fits[Joint(level, Side.LEFT)] = Fit(center, np.array([1.0, 0, 0]), 0.6, 0.0, None, 1.0)
    assert _astray(CHAIN, turns, fits) == set(LEVELS[2:])


@pytest.mark.parametrize(
    ("left", "right", "in_field", "pitch_mm", "slid_mm", "doubtful"),
    [
        (0.38, 0.36, 0.93, 16.0, 1.5, True),
        (0.44, 0.39, 0.99, 16.0, 1.5, True),
        (0.44, 0.39, 1.0, 16.0, 1.5, False),
        (0.46, 0.20, 0.93, 16.0, 1.5, False),
        (0.20, 0.46, 0.93, 16.0, 1.5, False),
        (0.60, 0.60, 0.81, 16.0, 1.5, True),
        (0.60, 0.60, 0.83, 16.0, 1.5, False),
        (0.60, 0.49, 0.83, 14.2, 1.5, True),
        (0.60, 0.49, 0.83, 14.6, 1.5, False),
        # A short vertebra is one where both sides plainly show a joint.
        (0.60, 0.51, 0.83, 14.2, 1.5, False),
        (0.60, 0.60, 0.81, 14.2, 1.5, True),
        (0.60, 0.60, 1.0, 14.2, 1.5, False),
        # No vertebra of a neck is shorter than the others by a quarter: those joints were pushed.
        (0.60, 0.51, 0.83, 12.1, 1.5, False),
        (0.60, 0.60, 0.83, 11.9, 1.5, True),
        (0.60, 0.60, 0.83, 10.0, 1.5, True),
        (0.60, 0.60, 0.83, 11.9, 0.9, True),
        # One side alone is not both: it may not be short, nor show less of itself.
        (None, 0.60, 0.83, 14.2, 1.5, True),
        (None, 0.60, 0.83, 14.6, 1.5, False),
        (None, 0.60, 0.70, 16.0, 0.9, True),
        # Where the count had put it, and both sides look like a joint: less of it is enough.
        (0.41, 0.42, 0.70, 16.0, 0.9, False),
        (0.41, 0.42, 0.70, 16.0, -0.9, False),
        (0.41, 0.42, 0.70, 16.0, 1.1, True),
        (0.41, 0.42, 0.64, 16.0, 0.9, True),
        (0.60, 0.39, 0.70, 16.0, 0.9, True),
        (0.60, 0.60, 0.70, 14.2, 0.9, True),
    ],
)
def test_a_joint_that_the_field_cuts_has_to_show_enough_of_itself(
    left, right, in_field, pitch_mm, slid_mm, doubtful
):
    """As in a neck cut below C5 whose field ends at the last joint: that one 8 mm off and sure."""
    heights = {"C4-C5": 100.0, "C5-C6": 84.0, "C6-C7": 84.0 - pitch_mm}
    fits = {}
    for level, height in heights.items():
        for side, score in ((Side.LEFT, left), (Side.RIGHT, right)):
            if score is None:
                continue
            there = in_field if (level, side) == ("C6-C7", Side.RIGHT) else 1.0
            center = np.array([height, 0.0, 17.0])
            fits[Joint(level, side)] = Fit(center, np.array([1.0, 0, 0]), score, 0, None, there)
    chain = Chain(heights | {"C6-C7": heights["C6-C7"] - slid_mm}, 1.0, 2)
    assert _doubtful_at_the_end(chain, fits) == ({"C6-C7"} if doubtful else set())


@pytest.mark.parametrize(
    ("sheet", "slice_mm", "noise_hu", "bound_mm"),
    [
        (0.30, 1.0, 10.0, 3.0),
        (0.16, 1.6, 90.0, 3.0),
        (0.16, 1.6, 91.0, 5.0),
        (0.30, 1.7, 10.0, 5.0),
        (0.159, 1.0, 10.0, 5.0),
        (0.0, 3.5, 10.0, 5.0),
        (0.0, 3.6, 10.0, 6.0),
        (None, 1.0, 10.0, 5.0),
        (None, 5.0, 10.0, 6.0),
    ],
)
def test_a_centre_is_as_good_as_the_joint_space_is_seen(sheet, slice_mm, noise_hu, bound_mm):
    assert _bound_mm(sheet, slice_mm, noise_hu) == bound_mm


@pytest.mark.parametrize(
    ("astray", "clicked", "kept"),
    [
        (set(), (), LEVELS),
        # Nothing below it is counted from C2 any more.
        ({"C4-C5"}, (), LEVELS[:2]),
        ({"C4-C5"}, ("C7",), LEVELS[3:]),
        ({"C4-C5"}, ("C2", "C7"), (*LEVELS[:2], *LEVELS[3:])),
        ({"C2-C3"}, (), ()),
    ],
)
def test_a_level_that_is_astray_ends_the_count(astray, clicked, kept):
    assert _before(astray, LEVELS, clicked) == set(kept)


def _piece(source: WitnessKind, weight: float, agrees: bool | None = True) -> Witness:
    return Witness(source, "seen", "C2-C3", "C2-C3", weight, agrees)


def test_without_c2_no_level_is_sure_whatever_else_agrees():
    below = [_piece(WitnessKind.RIBS, 2.5), _piece(WitnessKind.LUNGS, 0.5)]
    below += [_piece(WitnessKind.SHAPES, 1.0), _piece(WitnessKind.DISC, 1.0)]
    assert status_of(below) is Numbering.PROVISIONAL
    dens = _piece(WitnessKind.DENS, 2.5)
    assert status_of([*below, dens]) is Numbering.SURE
    # The dens and a count from it say nothing of whether it is the dens.
    assert status_of([dens, _piece(WitnessKind.COUNT, 0.4)]) is Numbering.PROVISIONAL
    assert status_of([*below, dens, _piece(WitnessKind.SPACING, 1.0, False)]) is (
        Numbering.PROVISIONAL
    )


@pytest.mark.parametrize(
    ("height", "agrees", "words", "kinds"),
    [
        (31.0, True, "", ()),
        (
            46.0,
            False,
            "five vertebrae lie from C2 down to the first pair of ribs, six would be",
            ("cervical rib", "missing segment"),
        ),
        (37.5, False, "half a level above", ("cervical rib",)),
        (12.0, False, "eight cervical vertebrae", ("extra segment",)),
        (62.0, False, "four vertebrae", ()),
    ],
)
def test_ribs_are_held_against_the_count_and_name_the_other_way_to_number(
    height, agrees, words, kinds
):
    parts = template()
    ribs = _judged(_ribs(height), CHAIN, parts)
    assert ribs.agrees is agrees
    said = _rival(CHAIN, parts, [_ribs(height)], [ribs, _piece(WitnessKind.DENS, 2.5)])
    assert (words in said) if words else not said
    assert (_suggested(CHAIN, parts, [_ribs(height)]) if said else ()) == kinds
    # Without C2 there is nothing to hold them against.
    assert not _rival(CHAIN, parts, [_ribs(height)], [ribs])


#: Body in front of the canal, pillar beside it, spinous process behind and lower; C5 has its joints
#: at 78 and 62 mm.
PLAIN = [
    ((63.0, -16.0, 0.0), "C5"),
    ((70.0, 0.0, 17.0), "C5"),
    ((55.0, 32.0, 0.0), "C5"),
    ((31.0, -16.0, 0.0), "C7"),
]
#: Near the end of a vertebra, and C1 and C2, which are one behind the other.
NEAR = [
    ((57.0, -20.0, 3.0), "C5"),
    ((70.0, -14.0, -4.0), "C5"),
    ((112.0, -14.0, 0.0), "C2"),
    ((140.0, -14.0, 0.0), "C2"),
    ((105.0, 20.0, 0.0), "C2"),
    ((134.0, 18.0, 10.0), "C1"),
]


@pytest.mark.parametrize(("place", "right"), PLAIN + NEAR)
def test_a_click_anywhere_on_a_vertebra_names_that_one(place, right):
    assert off_by(CHAIN, template(), right, np.array(place)) == 0


@pytest.mark.parametrize(("place", "right"), PLAIN)
@pytest.mark.parametrize("off", [-2, -1, 1])
def test_another_name_for_it_moves_every_name(place, right, off):
    name = {8: "T1"}.get(int(right[1]) + off, f"C{int(right[1]) + off}")
    assert off_by(CHAIN, template(), name, np.array(place)) == off


@pytest.mark.parametrize(
    ("clicks", "unsettled"),
    [
        ({"C2": (134.0, -14.0, 0.0)}, "C2"),
        ({"C1": (140.0, 18.0, 10.0)}, "C1"),
        # On its body, below the joints of C1: one level up there would be no C2.
        ({"C2": (120.0, -14.0, 0.0)}, ""),
        ({"C5": (70.0, -14.0, 0.0)}, ""),
        # The other click settles it.
        ({"C2": (134.0, -14.0, 0.0), "C5": (70.0, -14.0, 0.0)}, ""),
        ({}, ""),
    ],
)
def test_a_click_high_on_c2_settles_nothing_where_no_dens_is_seen(clicks, unsettled):
    places = {name: np.array(place) for name, place in clicks.items()}
    assert unsettled_click(CHAIN, template(), places) == unsettled


@pytest.mark.parametrize(
    ("clicks", "dens_seen", "at_end"),
    [
        # The disc below C5 lies in front of its lower joints, at 62 mm.
        ({"C5": (67.0, -14.0, 0.0)}, False, ""),
        ({"C5": (62.6, -14.0, 0.0)}, False, ""),
        ({"C5": (62.4, -14.0, 0.0)}, False, "C5"),
        ({"C6": (62.4, -14.0, 0.0)}, True, "C6"),
        ({"C5": (72.4, -14.0, 0.0)}, True, ""),
        ({"C5": (72.6, -14.0, 0.0)}, True, "C5"),
        # The other click settles it; two at the same end do not.
        ({"C5": (62.4, -14.0, 0.0), "C3": (99.0, -14.0, 0.0)}, False, ""),
        ({"C5": (62.4, -14.0, 0.0), "C3": (104.6, -14.0, 0.0)}, False, ""),
        ({"C5": (62.4, -14.0, 0.0), "C3": (94.4, -14.0, 0.0)}, False, "C5"),
        # C1 is a ring about the dens of C2.
        ({"C2": (134.0, -14.0, 0.0)}, True, ""),
        ({"C2": (134.0, -14.0, 0.0)}, False, "C2"),
        ({}, False, ""),
    ],
)
def test_a_click_near_the_end_of_a_vertebra_settles_nothing(clicks, dens_seen, at_end):
    """As where 10 mm are there twice above: names one too low, and the true C5 agreed with them."""
    places = {name: np.array(place) for name, place in clicks.items()}
    turns = Rhythm(np.zeros(150), np.zeros(0))
    assert click_at_an_end(CHAIN, template(), places, turns, dens_seen=dens_seen) == at_end


@pytest.mark.parametrize(
    ("pedicle_mm", "place", "at_end"),
    [
        (72.0, (68.0, -14.0, 0.0), ""),
        (62.5, (66.0, -14.0, 0.0), ""),
        (61.5, (66.0, -14.0, 0.0), "C5"),
        (78.5, (72.0, -14.0, 0.0), "C5"),
        # Too far off to be its own; and behind the canal and beside it no body is.
        (50.0, (66.0, -14.0, 0.0), ""),
        (61.5, (66.0, 2.0, 17.0), ""),
    ],
)
def test_a_click_on_a_body_confirms_where_its_pedicle_lies_between_its_levels(
    pedicle_mm, place, at_end
):
    """As where a rib is drawn at C7: levels were 25 mm apart, and the true T1 agreed."""
    turns = Rhythm(np.zeros(150), np.array([pedicle_mm]))
    clicks = {"C5": np.array(place)}
    assert click_at_an_end(CHAIN, template(), clicks, turns, dens_seen=False) == at_end


def _broken_below_c4() -> tuple[Likeness, list[Claim], Rhythm]:
    """A neck as :data:`CHAIN`, sure by its dens down to C3-C4, where the slices break."""
    heights = np.arange(150)
    score = np.full((len(SCALES), len(TEMPLATE_LEVELS), len(heights)), -0.2, np.float32)
    for name, height in HEIGHTS.items():
        score[:, TEMPLATE_LEVELS.index(name)] += 0.9 * np.exp(-0.5 * ((heights - height) / 2) ** 2)
    dens = Claim(WitnessKind.DENS, "C1-C2", HEIGHTS["C1-C2"], 3.0, 2.5, "dens")
    turns = replace(_seen(_wall()), breaks_mm=np.array([86.0]))
    return Likeness(score, np.zeros_like(score)), [dens, _ribs(HEIGHTS["C7-T1"])], turns


def _named(clicks: dict[str, tuple[float, float, float]]) -> Levels:
    alike, claims, turns = _broken_below_c4()
    places = {name: np.array(place) for name, place in clicks.items()}
    chest = np.zeros(150, dtype=bool)
    found = number(alike, template(), claims, places, chest=chest, rhythm=turns)
    assert found is not None
    assert found.chain.heights_mm.items() >= HEIGHTS.items()
    return found


@pytest.mark.parametrize(
    ("clicks", "at_end"),
    [
        # Beyond the break either name would do: C5-C6, C6-C7 and C7-T1 were confirmed by both.
        ({"C6": (62.4, -14.0, 0.0)}, "C6"),
        ({"C5": (62.4, -14.0, 0.0)}, "C5"),
        ({"C5": (70.0, -14.0, 0.0)}, ""),
        # A vertebra above the break settles nothing below it.
        ({"C3": (99.0, -14.0, 0.0), "C5": (62.4, -14.0, 0.0)}, "C5"),
        # Both levels of C3 are sure by the dens, one of C4.
        ({"C3": (94.4, -14.0, 0.0)}, ""),
        ({"C4": (94.0, -14.0, 0.0)}, "C4"),
    ],
)
def test_what_is_sure_above_a_break_excuses_no_click_below_it(clicks, at_end):
    found = _named(clicks)
    assert found.sure >= {"C2-C3", "C3-C4"}
    assert not found.sure & set(LEVELS[2:])
    assert found.at_end == at_end
    wanted = Numbering.PROVISIONAL if at_end else Numbering.CONFIRMED
    assert found.numbering is wanted
    by_level = numbering_by_level(
        found.numbering, (), found.clicked, reached=found.reached, sure=found.sure
    )
    if at_end:
        assert {by_level[level] for level in LEVELS[:2]} == {Numbering.SURE}
        assert {by_level[level] for level in LEVELS[2:]} == {Numbering.PROVISIONAL}


@pytest.mark.parametrize("values", [CtValues(200.0, 0.0), CtValues(20.0, 90.0)])
def test_a_click_that_leaned_on_what_is_no_longer_sure_confirms_nothing(values):
    """As on a CT too noisy to count on, or whose values are shifted."""
    clicks = {"C3": np.array([94.4, -14.0, 0.0])}
    found = _named({"C3": (94.4, -14.0, 0.0)})
    turns = _seen(_wall())
    asked = with_ends_asked(found, template(), clicks, turns, dens_seen=True)
    assert asked.numbering is Numbering.CONFIRMED
    found = with_ends_asked(_within(found, values), template(), clicks, turns, dens_seen=True)
    assert (found.numbering, found.at_end) == (Numbering.PROVISIONAL, "C3")


def test_crests_are_those_that_scipy_finds() -> None:
    chance = np.random.default_rng(7)
    for n in range(600):
        profile = ndimage.gaussian_filter1d(
            chance.standard_normal(chance.integers(1, 300)), (0.3, 1, 3, 6)[n % 4]
        )
        profile /= profile.std() + 1e-9
        if n % 3 == 0:  # level tops, and crests of one height
            profile = np.round(2 * profile) / 2
        found, _ = signal.find_peaks(profile, prominence=0.45, distance=8)
        assert crests(profile).tolist() == found.tolist()
