"""What dens and ribs are taken to say, and when they say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.claims import Claim, _below_c2, _Beside, _onset, _ribs
from fusion.facets.automatic.column import Rhythm
from fusion.facets.automatic.naming.judging import _FORM_LEAD, _judged, _led_by
from fusion.facets.automatic.template import template
from fusion.facets.states import WitnessKind

#: A neck of 200 mm: ribs from 40 mm down, the skull from 170 mm up.
HIGH, SKULL_MM, RIBS_MM = 200, 170, 40


def _beside(*, left_mm: int = RIBS_MM, right_mm: int = RIBS_MM, known_from: int = 0) -> _Beside:
    heights = np.arange(HIGH)
    sides = [
        np.where((heights <= onset) | (heights >= SKULL_MM), 1.0, 0.0)
        for onset in (left_mm, right_mm)
    ]
    known = heights >= known_from
    return _Beside((sides[0], sides[1]), known)


def _above(beside: _Beside, top_mm: int) -> _Beside:
    """The same with nothing in the field above a height."""
    return _Beside(beside.share, beside.known & (np.arange(HIGH) < top_mm))


def test_ribs_start_where_a_clear_neck_ends():
    (claim,) = _ribs(_beside(), below_mm=None)
    assert claim.height_mm == pytest.approx(RIBS_MM + 1, abs=1)
    assert claim.weight == 2.5
    assert not claim.or_above


def test_a_skull_on_one_side_and_a_rib_on_the_other_are_no_pair():
    clear_rim = _beside(left_mm=RIBS_MM)
    share = clear_rim.share[0].copy()
    share[190:] = 0.0  # clear again above the skull of one side: what ends it is no rib
    assert _onset(share, clear_rim.known, HIGH).height_mm == pytest.approx(189, abs=1)
    assert _ribs(_Beside((share, clear_rim.share[1]), clear_rim.known), below_mm=None) == []
    # Where C2 is seen, nothing above its joints is asked.
    (claim,) = _ribs(_Beside((share, share), clear_rim.known), below_mm=150.0)
    assert claim.height_mm == pytest.approx(RIBS_MM + 1, abs=1)


@pytest.mark.parametrize(("apart", "count"), [(20, 1), (30, 1), (31, 0)])
def test_ribs_that_start_further_apart_than_two_vertebrae_say_nothing(apart, count):
    assert len(_ribs(_beside(left_mm=RIBS_MM + apart), below_mm=None)) == count


def test_ribs_near_the_end_of_the_field_may_not_be_the_first():
    parts = template()
    (claim,) = _ribs(_above(_beside(), RIBS_MM + 15), below_mm=None)
    assert claim.or_above
    assert claim.weight == 1.5
    # C7-T1 a level and a half above them: a rib was missed. The same below them contradicts.
    higher, lower = (
        Chain({"C6-C7": RIBS_MM + by + 16.0, "C7-T1": RIBS_MM + by}, 1.0, 2) for by in (25.0, -25.0)
    )
    assert _judged(claim, higher, parts).agrees is None
    assert _judged(claim, lower, parts).agrees is False
    whole = Claim(WitnessKind.RIBS, "C7-T1", claim.height_mm, 5.0, 2.5, "ribs")
    assert _judged(whole, higher, parts).agrees is False


def _crests(places: list[int], depths: list[float], n: int = 140) -> Rhythm:
    """Return crests of height 1.5 with gaps so deep between them, and below the lowest one."""
    wall = np.zeros(n)
    wall[places[0] - 12] = 1.5
    for place in places:
        wall[place] = 1.5
    for low, high, depth in zip([places[0] - 12, *places], places, depths, strict=False):
        wall[low + 1 : high] = 1.5 - depth / 2
        wall[(low + high) // 2] = 1.5 - depth
    return Rhythm(wall, np.array(places, dtype=float), places[0] - 12)


def test_the_gap_of_c2_is_below_the_first_pedicle_under_its_dens():
    turns = _crests([60, 76, 92, 112], [1.0, 1.2, 1.2, 2.0])
    assert _below_c2(100.0, turns) == (84.0, False)
    assert _below_c2(130.0, turns) == (102.0, False)
    assert _below_c2(140.0, turns) == (None, False), "no pedicle near enough below it"


@pytest.mark.parametrize(
    ("lower", "depth", "gap"),
    [(80, 0.5, 72.0), (80, 0.9, 86.0), (76, 0.5, 84.0)],
    ids=["one bone seen twice", "a plain gap", "too far below to be of C2"],
)
def test_c2_that_shows_twice_is_one_vertebra(lower, depth, gap):
    turns = _crests([48, 64, lower, 92], [1.0, 1.0, 1.2, depth])
    assert _below_c2(100.0, turns)[0] == gap


@pytest.mark.parametrize(("depth", "gap"), [(0.9, 54.0), (0.7, None)])
def test_a_field_that_ends_below_c2_needs_a_plain_gap(depth, gap):
    assert _below_c2(70.0, _crests([60], [depth])) == (gap, True)


@pytest.mark.parametrize("lead", [-0.001, 0.2999, 0.295, 0.3, 0.3001, 1.0, float("inf")])
def test_the_printed_lead_counts_where_the_lead_does(lead: float) -> None:
    printed = float(_led_by(lead).removeprefix("fits "))
    assert (printed >= _FORM_LEAD) is (lead >= _FORM_LEAD)
