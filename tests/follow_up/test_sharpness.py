"""Two dates of another resolution: what they can share, and what is said of it."""

from __future__ import annotations

import math

import pytest

from fusion.anatomy import LEVELS, Joint, Side
from fusion.findings.follow_up import (
    ANOTHER_RESOLUTION,
    RESOLUTION_SHARED,
    RESOLUTION_UNKNOWN,
    UNUSUAL_RESOLUTION,
)
from fusion.follow_up import CommonResolution, Comparison, chance_of
from fusion.uptake import Sharpness, native_neck, spread_of_means

UNKNOWN = Sharpness(10.0, is_known=False, without={})


def sharp(mm: float, *off: float | None) -> Sharpness:
    """A resolution, and by how much leaving out each level changes it; None: nothing is left."""
    levels = enumerate(off or [0.0] * 8)
    return Sharpness(mm, True, {LEVELS[n]: None if one is None else mm + one for n, one in levels})


def kinds(found: CommonResolution) -> list[object]:
    return [finding.kind for finding in found.findings()]


def test_the_sharper_date_is_brought_to_the_coarser_and_both_numbers_are_said() -> None:
    for one, other in ((9.1, 11.4), (11.4, 9.1)):
        found = CommonResolution.of(sharp(one), sharp(other))
        assert found.mm == 11.4
        assert found.doubt_mm == 0.2
        assert found.is_told
        (finding,) = found.findings()
        assert finding.kind is RESOLUTION_SHARED
        assert f"{one:.1f} mm earlier, {other:.1f} mm later" in finding.message


def test_a_difference_that_is_not_shown_changes_no_picture_and_stays_in_the_limits() -> None:
    found = CommonResolution.of(sharp(10.0), sharp(10.15))
    assert found.mm is None
    assert found.doubt_mm == pytest.approx(math.hypot(0.15, 0.2))
    assert kinds(found) == []


def test_levels_that_say_different_things_make_the_doubt_larger() -> None:
    off = (0.3, -0.3, 0.3, -0.3, 0.0, 0.0, 0.0, 0.0)
    found = CommonResolution.of(sharp(9.0), sharp(11.0, *off))
    # The jackknife by hand: 7/8 of the sum of squares.
    assert found.doubt_mm == pytest.approx(math.sqrt(7 / 8 * 4 * 0.09))
    # What the neck does to both alike is no doubt of the difference.
    assert CommonResolution.of(sharp(9.0, *off), sharp(11.0, *off)).doubt_mm == 0.2
    assert CommonResolution.of(sharp(9.0, 0, 0, 0), sharp(11.0)).doubt_mm == 0.7


@pytest.mark.parametrize("swap", [False, True])
def test_a_level_that_cannot_be_left_out_is_no_small_doubt(swap: bool) -> None:
    """With two of six missing, the four that hardly matter said 0.2 mm."""

    def doubt_mm(one: Sharpness, other: Sharpness) -> float:
        return CommonResolution.of(*((other, one) if swap else (one, other))).doubt_mm

    whole = sharp(11.0, *[0.0] * 6)
    assert doubt_mm(sharp(9.0, *[0.0] * 6), whole) == 0.2
    hanging = sharp(9.0, None, None, *[0.0] * 4)
    assert doubt_mm(hanging, whole) == 0.7
    # On both dates as well, and where one date does not show the level at all.
    assert doubt_mm(hanging, sharp(11.0, None, None, *[0.0] * 4)) == 0.7
    assert doubt_mm(sharp(9.0, *[0.0] * 5), whole) == 0.7
    # It never makes the doubt smaller than the other levels say.
    off = (0.6, -0.6, 0.6, -0.6)
    assert doubt_mm(sharp(9.0, None, None, *off), whole) == pytest.approx(math.sqrt(3 * 0.36))


@pytest.mark.parametrize(
    ("mm", "is_told"), [(7.9, False), (8.0, True), (12.0, True), (12.1, False), (14.0, False)]
)
def test_an_unusual_picture_beside_an_unknown_one_is_no_change_is_told(
    mm: float, is_told: bool
) -> None:
    for found, which in (
        (CommonResolution.of(sharp(mm), UNKNOWN), "earlier"),
        (CommonResolution.of(UNKNOWN, sharp(mm)), "later"),
    ):
        assert found.is_told == is_told
        assert kinds(found) == [RESOLUTION_UNKNOWN, *([] if is_told else [UNUSUAL_RESOLUTION])]
        if not is_told:
            said = list(found.findings())[-1].message
            assert f"The resolution of the {which} picture is {mm:.1f} mm" in said
            assert "anything from 8 to 12 mm" in said


def test_where_nothing_is_known_anything_usual_is_possible_and_it_is_said() -> None:
    both = CommonResolution.of(UNKNOWN, UNKNOWN)
    # Anything from 8 to 12 on each date: 4 / √12 each.
    assert both.doubt_mm == pytest.approx(math.sqrt(2 * 16 / 12))
    assert both.mm is None
    assert kinds(both) == [RESOLUTION_UNKNOWN, RESOLUTION_UNKNOWN]
    one = CommonResolution.of(sharp(9.0), UNKNOWN)
    assert one.doubt_mm == pytest.approx(math.sqrt(1 + 16 / 12))
    assert [finding.message[:23] for finding in one.findings()] == ["How sharp the later pic"]
    assert one.is_told


def test_further_apart_than_usual_pictures_are_no_change_is_told() -> None:
    assert CommonResolution.of(sharp(8.0), sharp(12.0)).is_told
    found = CommonResolution.of(sharp(8.0), sharp(12.1))
    assert not found.is_told
    assert kinds(found) == [ANOTHER_RESOLUTION]


@pytest.mark.slow
def test_what_is_not_known_of_the_resolution_widens_a_hot_joint_most(compared: Comparison) -> None:
    dates = compared.earlier, compared.later
    spreads = []
    for date in dates:
        fused = date.review.fused
        neck = native_neck(date.localisation.facets, fused.spect, fused.registration, ct=fused.ct)
        found = spread_of_means(neck, fused.registration, placed_mm=0.7, resolution_mm=10.0)
        assert found is not None
        spreads.append(found)
    known, open_ = (
        chance_of(spreads[0], spreads[1], compared.link.to_later, resolution_doubt_mm=mm)
        for mm in (0.0, 1.5)
    )
    hot = Joint("C2-C3", Side.RIGHT)
    per_mm = (spreads[0].per_mm[hot] + spreads[1].per_mm[hot]) / 2
    assert per_mm < -0.03
    assert open_[hot] == pytest.approx(math.hypot(known[hot], 1.5 * per_mm))
    added = {one: open_[one] - known[one] for one in known}
    assert added[hot] > sorted(added.values())[len(added) // 2]
