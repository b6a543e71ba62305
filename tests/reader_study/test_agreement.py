"""The statistics against others' libraries, published examples, and loops by the definition."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
import pytest

from fusion.reader_study.statistics.agreement import (
    BiasIndex,
    FleissKappa,
    FreeMarginalKappa,
    GwetAC,
    Kappa,
    KrippendorffAlpha,
    Observed,
    PrevalenceIndex,
)
from fusion.reader_study.statistics.weights import nominal, quadratic

TABLES = 1000


def value(statistic, codes) -> float:
    return float(statistic.value(statistic.parts(np.asarray(codes)).sum(axis=0)))


def tables(seed: int, *, number_of: int = TABLES) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield the count of categories, codes without and with gaps; a tenth is degenerate."""
    random = np.random.default_rng(seed)
    for number in range(number_of):
        count, readers, joints = (int(random.integers(*r)) for r in ((2, 6), (2, 5), (2, 40)))
        used = random.dirichlet(np.full(count, random.choice([0.1, 0.5, 3.0])))
        truth = random.choice(count, size=(joints, 1), p=used)
        others = random.choice(count, size=(joints, readers), p=used)
        codes = np.where(random.random(others.shape) < random.random(), truth, others)
        if number % 20 == 0:
            codes[:] = random.integers(count)
        gaps = np.where(random.random(codes.shape) < random.choice([0, 0.1, 0.5, 0.9]), -1, codes)
        if number % 20 == 1:
            gaps[:] = -1
        yield count, codes, gaps


def same(ours: float, theirs: float) -> None:
    assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)


@pytest.mark.filterwarnings("ignore")
def test_kappa_is_that_of_statsmodels() -> None:
    from statsmodels.stats.inter_rater import cohens_kappa

    for count, codes, _ in tables(1):
        table = np.zeros((count, count))
        np.add.at(table, (codes[:, 0], codes[:, 1]), 1)
        same(value(Kappa(count), codes[:, :2]), cohens_kappa(table, return_results=False))
        theirs = cohens_kappa(table, wt="quadratic", return_results=False)
        same(value(Kappa(count, quadratic(count)), codes[:, :2]), theirs)


@pytest.mark.filterwarnings("ignore")
def test_fleiss_and_randolph_are_those_of_statsmodels() -> None:
    from statsmodels.stats.inter_rater import fleiss_kappa

    for count, codes, _ in tables(2):
        counted = (codes[..., None] == np.arange(count)).sum(axis=1)
        same(value(FleissKappa(count), codes), fleiss_kappa(counted))
        same(value(FreeMarginalKappa(count), codes), fleiss_kappa(counted, method="randolph"))


def test_light_is_the_mean_of_the_pairs() -> None:
    for count, codes, _ in tables(3, number_of=200):
        pairs = [
            value(Kappa(count), codes[:, [one, other]])
            for one in range(codes.shape[1])
            for other in range(one)
        ]
        same(value(Kappa(count), codes), float(np.mean(pairs)))


def slow_alpha(count: int, codes: np.ndarray, *, ordinal: bool) -> float:
    """Return alpha by its definition: pairs of answers, one by one (Krippendorff 2011)."""
    pairs = np.zeros((count, count))
    for row in codes:
        said = [c for c in row if c >= 0]
        for i, one in enumerate(said):
            for j, other in enumerate(said):
                if i != j:
                    pairs[one, other] += 1 / (len(said) - 1)
    used = pairs.sum(axis=0)
    seen = chance = 0.0
    for c in range(count):
        for k in range(count):
            low, high = min(c, k), max(c, k)
            between = used[low : high + 1].sum() - (used[low] + used[high]) / 2
            apart = between**2 if ordinal else float(c != k)
            if c != k:
                seen += pairs[c, k] * apart
                chance += used[c] * used[k] * apart
    return 1 - (used.sum() - 1) * seen / chance if chance else float("nan")


def slow_ac(count: int, codes: np.ndarray, weights: np.ndarray) -> float:
    """Return AC by its definition (Gwet 2014, chapter 2 and 3), answer by answer."""
    alike, shares = [], []
    for row in codes:
        said = [c for c in row if c >= 0]
        if said:
            shares.append([said.count(k) / len(said) for k in range(count)])
        if len(said) >= 2:
            every = [weights[a, b] for a, b in permutations(said, 2)]
            alike.append(sum(every) / len(every))
    if not alike:
        return float("nan")
    used = np.mean(shares, axis=0)
    chance = weights.sum() / (count * (count - 1)) * sum(p * (1 - p) for p in used)
    return (np.mean(alike) - chance) / (1 - chance)


def test_alpha_and_ac_are_what_their_definitions_say() -> None:
    for count, _, gaps in tables(4):
        for ordinal in (False, True):
            ours = value(KrippendorffAlpha(count, ordinal=ordinal), gaps)
            same(ours, slow_alpha(count, gaps, ordinal=ordinal))
        for weights in (nominal(count), quadratic(count)):
            same(value(GwetAC(count, weights), gaps), slow_ac(count, gaps, weights))


def test_observed_agreement_counts_pairs() -> None:
    for count, codes, _ in tables(5, number_of=200):
        every = [one == other for row in codes for one, other in combinations(row, 2)]
        same(value(Observed(count), codes), float(np.mean(every)))


#: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers,
#: twelve units; nominal 0.743, ordinal 0.815.
KRIPPENDORFF = [
    [1, 1, -1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [-1, 5, 5, 5], [-1, -1, 1, 1], [-1, -1, 3, -1],
]  # fmt: skip


def test_the_example_of_krippendorff() -> None:
    codes = np.array(KRIPPENDORFF)
    codes = np.where(codes < 0, -1, codes - 1)
    assert value(KrippendorffAlpha(5), codes) == pytest.approx(0.743, abs=5e-4)
    assert value(KrippendorffAlpha(5, ordinal=True), codes) == pytest.approx(0.815, abs=5e-4)
    # Gwet works the same data out: AC1 0.775.
    assert value(GwetAC(5), codes) == pytest.approx(0.775, abs=5e-4)


#: Fleiss (1971) as in Wikipedia's worked example: 14 raters, 10 subjects, 5 categories; 0.210.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def test_the_example_of_fleiss() -> None:
    codes = [np.repeat(np.arange(5), row) for row in FLEISS]
    assert value(FleissKappa(5), codes) == pytest.approx(0.210, abs=5e-4)


def pairs_of(a: int, b: int, c: int, d: int) -> np.ndarray:
    """Return joints of which a are no and no, b no and yes, c yes and no, d yes and yes."""
    return np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [a, b, c, d], axis=0)


def test_one_category_makes_kappa_fall_and_the_index_tells_why() -> None:
    # Feinstein and Cicchetti (1990): the same 85 % of agreement, kappa 0.70 and 0.32.
    even, skewed = pairs_of(40, 9, 6, 45), pairs_of(80, 10, 5, 5)
    for codes, kappa, prevalence in ((even, 0.70, 0.05), (skewed, 0.32, 0.75)):
        assert value(Observed(2), codes) == pytest.approx(0.85)
        assert value(Kappa(2), codes) == pytest.approx(kappa, abs=0.005)
        assert value(FreeMarginalKappa(2), codes) == pytest.approx(0.70)
        assert value(PrevalenceIndex(2), codes) == pytest.approx(prevalence)
    assert value(BiasIndex(2), even) == pytest.approx(0.03)
    assert value(BiasIndex(2), skewed) == pytest.approx(0.05)


def test_what_is_in_no_order_agrees_with_itself_alone() -> None:
    weights = quadratic(4, apart=1)
    assert weights[:3, :3].tolist() == [[1, 0.75, 0], [0.75, 1, 0.75], [0, 0.75, 1]]
    assert weights[3].tolist() == weights[:, 3].tolist() == [0, 0, 0, 1]


def test_where_all_say_the_same_there_is_no_kappa() -> None:
    codes = np.full((8, 3), 1)
    for statistic in (Kappa(3), FleissKappa(3), KrippendorffAlpha(3)):
        assert np.isnan(value(statistic, codes))
    for statistic in (Observed(3), FreeMarginalKappa(3), GwetAC(3)):
        assert value(statistic, codes) == 1.0


def test_a_study_drawn_again_is_worked_out_from_sums() -> None:
    for count, codes, gaps in tables(6, number_of=100):
        patients = np.arange(len(codes)) % 3
        for statistic, data in (
            (Kappa(count), codes),
            (FleissKappa(count), codes),
            (GwetAC(count), gaps),
            (KrippendorffAlpha(count, ordinal=True), gaps),
        ):
            parts = statistic.parts(data)
            sums = np.array([parts[patients == one].sum(axis=0) for one in range(3)])
            drawn = np.concatenate([data[patients == one] for one in (0, 0, 2)])
            if len(drawn):
                again = float(statistic.value(np.array([2.0, 0.0, 1.0]) @ sums))
                same(again, value(statistic, drawn))
