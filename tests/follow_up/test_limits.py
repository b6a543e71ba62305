"""What is told of a change, at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fusion.follow_up.limits import (
    DAYS_APART,
    LIMITS_SOURCE,
    OTHER_DELAY,
    ChangeLimits,
    Told,
    sigma_of,
    told,
)


def test_a_standard_deviation_has_the_published_limits() -> None:
    sigma = sigma_of((0.88, 1.14))
    # The limits of a lognormal about its middle, worked out by hand: 1.295 ** (1 / 3.92).
    assert sigma == pytest.approx(0.06603, abs=5e-5)
    assert sigma_of(OTHER_DELAY) == pytest.approx(0.0670, abs=5e-4)
    assert DAYS_APART == (0.88, 1.14)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (1.0, Told.NO_CHANGE),
        (1.249, Told.NO_CHANGE),
        (1.251, Told.HIGHER),
        (0.801, Told.NO_CHANGE),
        (0.799, Told.LOWER),
        (1.6, Told.HIGHER),
    ],
)
def test_nothing_within_the_widened_limits_is_told_however_exact(ratio: float, said: Told) -> None:
    assert told(ratio, ChangeLimits(0.0, 0.01), joints=1) is said


def test_the_more_joints_the_more_is_needed() -> None:
    limits = ChangeLimits.of(0.08)
    one, many = limits.least(1)[1], limits.least(12)[1]
    assert one < many
    # 12 joints: each at 99.573 %, two-sided z = 2.858.
    sigma = math.hypot(0.08, 0.06603)
    assert many == pytest.approx(math.exp(2.858 * sigma), rel=1e-3)


def test_another_delay_widens_the_limits() -> None:
    assert ChangeLimits.of(0.05, other_delay=True).sigma > ChangeLimits.of(0.05).sigma
    low, high = ChangeLimits.of(0.0).around(1.0)
    assert low * high == pytest.approx(1.0)
    assert high / low == pytest.approx(1.14 / 0.88)


def test_chance_makes_a_change_in_no_more_than_one_of_twenty_necks() -> None:
    rng, limits = np.random.default_rng(1), ChangeLimits.of(0.10)
    ratios = np.exp(rng.normal(0, limits.sigma, (4000, 12)))
    wrong = [any(told(r, limits, joints=12) is not Told.NO_CHANGE for r in neck) for neck in ratios]
    assert np.mean(wrong) <= 0.06


def test_the_limits_name_their_source_and_that_it_is_not_of_spect() -> None:
    assert LIMITS_SOURCE == (
        "Limits: 18F-NaF PET of bone on two days (Lin 2016: 0.88 to 1.14), not established for "
        "SPECT; with the counting noise, placement and reference of these two studies."
    )
