"""Agreement about numbers, and intervals."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.reader_study.statistics.agreement import Scale
from fusion.reader_study.statistics.measurement import IntraclassCorrelation, LogDifference, Mean
from fusion.reader_study.statistics.resampling import (
    LEAST_PATIENTS,
    cluster_sums,
    drawn,
    estimated,
    interval,
)


def value(statistic, values) -> float:
    return float(statistic.value(statistic.parts(np.asarray(values, float)).sum(axis=0)))


#: Shrout and Fleiss (1979), table 2: six targets, four judges; ICC(2,1) 0.29.
SHROUT = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_the_example_of_shrout_and_fleiss() -> None:
    assert value(IntraclassCorrelation(4), SHROUT) == pytest.approx(0.2898, abs=5e-5)


def slow_icc(values: np.ndarray) -> float:
    """Return ICC(A,1) from mean squares as McGraw and Wong (1996) have them, table 4."""
    n, k = values.shape
    grand = values.mean()
    msr = k * sum((row.mean() - grand) ** 2 for row in values) / (n - 1)
    msc = n * sum((column.mean() - grand) ** 2 for column in values.T) / (k - 1)
    rest = sum(
        (values[i, j] - values[i].mean() - values[:, j].mean() + grand) ** 2
        for i in range(n)
        for j in range(k)
    )
    mse = rest / ((n - 1) * (k - 1))
    return (msr - mse) / (msr + (k - 1) * mse + k / n * (msc - mse))


def test_icc_is_that_of_the_mean_squares() -> None:
    random = np.random.default_rng(1)
    for _ in range(1000):
        n, k = int(random.integers(2, 30)), int(random.integers(2, 5))
        values = random.normal(3, random.random(), (n, 1)) + random.normal(0, 0.5, (n, k))
        values += random.normal(0, random.random(), k)
        ours = value(IntraclassCorrelation(k), values)
        assert ours == pytest.approx(slow_icc(values), abs=1e-9)


@pytest.mark.parametrize("values", [np.full((5, 3), 1.7), np.ones((1, 3)), np.zeros((0, 3))])
def test_without_any_spread_there_is_no_icc(values: np.ndarray) -> None:
    assert np.isnan(value(IntraclassCorrelation(3), values))


def test_limits_of_agreement_are_mean_and_spread_of_the_differences() -> None:
    random = np.random.default_rng(2)
    values = random.normal(0, 0.3, (40, 2))
    apart = values[:, 0] - values[:, 1]
    assert value(LogDifference(), values) == pytest.approx(np.exp(apart.mean()))
    for at in (-1.0, 1.0):
        limit = np.exp(apart.mean() + at * 1.959963984540054 * apart.std(ddof=1))
        assert value(LogDifference(at), values) == pytest.approx(limit)
    assert np.isnan(value(LogDifference(1.0), values[:1]))


def test_an_interval_comes_from_patients_not_from_joints() -> None:
    random = np.random.default_rng(3)
    patients = 40
    level = random.normal(0, 1, (patients, 1)) + random.normal(0, 0.1, (patients, 12))
    clusters = np.repeat(np.arange(patients), 12)
    sums = cluster_sums(Mean().parts(level.ravel()), clusters, patients)
    found = estimated(Mean(), sums, drawn(patients, seed=1))
    half = (found.high - found.low) / 2
    error = level.mean(axis=1).std(ddof=1) / np.sqrt(patients)
    assert half == pytest.approx(2.023 * error, rel=0.05)  # Student's t, 39 degrees of freedom
    # As if joints were patients, it would be less than a third of that.
    alone = cluster_sums(Mean().parts(level.ravel()), np.arange(480), 480)
    narrow = estimated(Mean(), alone, drawn(480, seed=1))
    assert narrow.high - narrow.low < (found.high - found.low) / 3


def test_the_same_seed_draws_the_same_patients() -> None:
    assert (drawn(12, seed=5, count=9) == drawn(12, seed=5, count=9)).all()
    assert (drawn(12, seed=5, count=9) != drawn(12, seed=6, count=9)).any()
    assert (drawn(12, seed=5, count=9).sum(axis=1) == 12).all()


def test_what_is_not_known_is_a_sentence() -> None:
    assert interval(lambda w: w.sum(axis=1), 0, np.zeros((3, 0))).note == "Nobody answered."
    lost = interval(lambda w: np.full(len(w), np.nan), 20, drawn(20, seed=1, count=50))
    assert (lost.value, lost.low, lost.note) == (None, None, "Not defined for these answers.")
    few = LEAST_PATIENTS - 1
    found = interval(lambda w: w.sum(axis=1), few, drawn(few, seed=1, count=50))
    assert found.value == few
    assert found.low is found.high is None
    assert found.note == "No interval: 9 patients, and at least 10 are needed."


@pytest.mark.parametrize("scale", Scale)
def test_an_interval_is_even_on_its_own_scale(scale: Scale) -> None:
    draws = drawn(11, seed=1)

    def value_of(weights: np.ndarray) -> np.ndarray:
        return 0.5 + 0.02 * (weights[:, 0] - weights[:, 1])

    found = interval(value_of, 11, draws, scale=scale)
    on = {Scale.PLAIN: lambda v: v, Scale.UP_TO_ONE: lambda v: -np.log(1 - v), Scale.FACTOR: np.log}
    middle, below, above = (on[scale](v) for v in (found.value, found.low, found.high))
    assert above - middle == pytest.approx(middle - below)
    assert found.high < 1 or scale is not Scale.UP_TO_ONE


def test_answers_that_never_differ_have_no_interval() -> None:
    found = interval(
        lambda w: np.ones(len(w)), 20, drawn(20, seed=1, count=50), scale=Scale.UP_TO_ONE
    )
    assert (found.value, found.low) == (1.0, None)
    assert found.note == "No interval: from answers that never differ none follows."


@pytest.mark.parametrize(("patients", "care"), [(19, True), (20, False)])
def test_of_not_many_patients_an_interval_comes_with_care(patients: int, care: bool) -> None:
    found = interval(lambda w: w[:, 0], patients, drawn(patients, seed=1, count=50))
    assert found.low is not None
    assert found.note == ("From 19 patients only: the limits may be too close." if care else "")


def test_a_number_that_hangs_on_one_patient_has_no_interval() -> None:
    found = interval(lambda w: np.where(w[:, 0] > 0, 1.0, np.nan), 20, drawn(20, seed=1, count=200))
    assert found.value == 1.0
    assert found.low is None
    assert "without some of the patients" in found.note
