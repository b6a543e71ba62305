"""How far the readers of a study agree: every figure with its interval, or why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fusion.errors import ReaderStudyError
from fusion.geometry import FloatArray
from fusion.reader_study.comparing import (
    GRADE_COUNT,
    GROUPS,
    Compared,
    between_readers,
    within_readers,
)
from fusion.reader_study.ratings import DECISIONS, NerveRating, Rating, ratings_of
from fusion.reader_study.statistics.agreement import (
    BiasIndex,
    FleissKappa,
    FreeMarginalKappa,
    GwetAC,
    Kappa,
    KrippendorffAlpha,
    Observed,
    PrevalenceIndex,
    Scale,
    Statistic,
)
from fusion.reader_study.statistics.measurement import IntraclassCorrelation, LogDifference, Mean
from fusion.reader_study.statistics.resampling import Estimate, cluster_sums, drawn, interval
from fusion.reader_study.statistics.weights import quadratic

if TYPE_CHECKING:
    from fusion.reader_study.study import ReaderStudy

#: Kappas and the like that are worked out for a question; of one level or side these only.
_BRIEF = ("agreement", "weighted kappa", "AC2")
#: Shares, indices and distances.
_NEVER_NEGATIVE = frozenset(
    {
        "agreement",
        "prevalence index",
        "bias index",
        "median, mm",
        "95 % are closer than, mm",
        "nerves in common (Jaccard)",
        "the same plan",
    }
)
_COUNT = len(DECISIONS)
_DECISION_WEIGHTS = quadratic(_COUNT, apart=1)
_GRADE_WEIGHTS = quadratic(GRADE_COUNT + 1, apart=1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the analysis.

    Parameters
    ----------
    compared : str
        ``"between readers"``, ``"within readers"`` or ``"between arms"``.
    arm : str
        Of which arm; two, with ``" − "`` between them, where arms are compared.
    joints : str
        Which joints: all, of a level, of a side.
    question : str
        What was asked: decision, positive or not, grade, ratio, position, nerve plan.
    measure : str
        What was worked out.
    value, low, high : float or None
        With its 95 % interval; None where there is none.
    observations : int
        How many joints, pairs of points or cases it rests on.
    patients : int
        Of how many patients.
    note : str
        Why something is not there, in a sentence.
    """

    compared: str
    arm: str
    joints: str
    question: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    observations: int
    patients: int
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything that was worked out.

    Parameters
    ----------
    ratings, nerves
        See :func:`fusion.reader_study.ratings.ratings_of`.
    figures : tuple of Figure
        In the order of the page.
    compared : tuple of Compared
        What they rest on, all joints.
    complete : bool
        Whether every reader has read everything.
    """

    ratings: tuple[Rating, ...]
    nerves: tuple[NerveRating, ...]
    figures: tuple[Figure, ...]
    compared: tuple[Compared, ...]
    complete: bool


def analysed(study: ReaderStudy, *, interim: bool = False) -> Analysis:
    """Work out how far the readers of a study agree.

    Parameters
    ----------
    study : ReaderStudy
        Which has begun.
    interim : bool
        Also before every reader has read everything.

    Raises
    ------
    ReaderStudyError
        Somebody has not finished.
    """
    headways = [study.headway(reader) for reader in study.design.reader]
    complete = all(one.done for one in headways)
    if not (complete or interim):
        missing = "; ".join(f"{one.reader}: {one.words}" for one in headways if not one.done)
        raise ReaderStudyError(
            f"Not everything is read yet ({missing}). What readers said is looked at when all have "
            "finished; for a look before that, say so with --interim: whoever reads on must not "
            "see it."
        )
    ratings, nerves = ratings_of(study)
    if not ratings:
        raise ReaderStudyError("No case is finished yet; there is nothing to work out.")
    arms = [arm.name for arm in study.design.arm]
    between = [between_readers(ratings, nerves, arm=arm) for arm in arms]
    within = [within_readers(ratings, nerves, arm=arm) for arm in arms]
    compared = tuple(one for one in (*between, *within) if one.rows)
    figures: list[Figure] = []
    for one in compared:
        figures += figures_of(one, seed=study.design.seed)
    for earlier, later in pairwise(between):
        figures += _differences(earlier, later, seed=study.design.seed)
    return Analysis(ratings, nerves, tuple(figures), compared, complete)


def figures_of(compared: Compared, *, seed: int) -> Iterator[Figure]:
    """Yield all figures of what is compared.

    Parameters
    ----------
    compared : Compared
        All joints.
    seed : int
        Decides which patients are drawn.
    """
    for words, where in GROUPS:
        yield from _categories(compared.only(**where), words, seed)
    yield from _ratios(compared, seed)
    yield from _positions(compared, seed)
    yield from _plans(compared, seed)


@cache
def _draws(patients: int, seed: int) -> FloatArray:
    return drawn(patients, seed=seed)


def _questions(
    compared: Compared,
) -> Iterator[tuple[str, str, Statistic, npt.NDArray[np.generic]]]:
    """Yield question, measure, statistic and codes of everything about categories."""
    codes = compared.decisions
    for name, one in (
        ("agreement", Observed(_COUNT)),
        ("kappa", Kappa(_COUNT)),
        ("weighted kappa", Kappa(_COUNT, _DECISION_WEIGHTS)),
        ("Fleiss' kappa", FleissKappa(_COUNT)),
        ("free-marginal kappa", FreeMarginalKappa(_COUNT)),
        ("AC1", GwetAC(_COUNT)),
        ("AC2", GwetAC(_COUNT, _DECISION_WEIGHTS)),
    ):
        yield "decision", name, one, codes
    ordered = np.where(codes == _COUNT - 1, -1, codes)
    yield "decision", "alpha", KrippendorffAlpha(_COUNT - 1, ordinal=True), ordered
    for name, two in (
        ("agreement", Observed(2)),
        ("kappa", Kappa(2)),
        ("PABAK", FreeMarginalKappa(2)),
        ("AC1", GwetAC(2)),
        ("prevalence index", PrevalenceIndex(2)),
        ("bias index", BiasIndex(2)),
    ):
        yield "positive or not", name, two, compared.positive
    for name, graded in (
        ("agreement", Observed(GRADE_COUNT + 1)),
        ("weighted kappa", Kappa(GRADE_COUNT + 1, _GRADE_WEIGHTS)),
        ("AC2", GwetAC(GRADE_COUNT + 1, _GRADE_WEIGHTS)),
    ):
        yield "grade", name, graded, compared.grades
    grades = np.where(compared.grades == GRADE_COUNT, -1, compared.grades)
    yield "grade", "alpha", KrippendorffAlpha(GRADE_COUNT, ordinal=True), grades


def _categories(compared: Compared, joints: str, seed: int) -> Iterator[Figure]:
    clusters = compared.clusters(compared.rows)
    for question, measure, statistic, codes in _questions(compared):
        if joints != GROUPS[0][0] and (question != "decision" or measure not in _BRIEF):
            continue
        found = _estimated(statistic, codes, clusters, seed)
        note = found.note
        if found.value is None and len(codes):
            note = _same_answer(question, codes) or note
        # α leaves out what was not answered, and rests on what two answered.
        used = int(((np.asarray(codes, np.int64) >= 0).sum(axis=1) > 1).sum()) if len(codes) else 0
        yield _figure(compared, joints, question, measure, found, used, note)


def _same_answer(question: str, codes: npt.NDArray[np.generic]) -> str:
    """Return which one answer was given everywhere, in a sentence; empty where it was several."""
    used = set(np.unique(codes).tolist()) - {-1}
    if not used:
        return "Not defined: nobody gave an answer."
    if len(used) > 1:
        return ""
    names = {
        "decision": DECISIONS,
        "positive or not": ("not positive", "positive"),
        "grade": ("grade 0", "grade 1", "grade 2", "grade 3", "not graded"),
    }
    answer = names[question][used.pop()]
    return f"Not defined: every answer was “{answer}”, so nothing is left for chance to explain."


def _estimated(
    statistic: Statistic,
    data: npt.NDArray[np.generic],
    clusters: npt.NDArray[np.int64],
    seed: int,
) -> Estimate:
    # Patients of whom nothing is compared are none.
    used, numbered = np.unique(clusters, return_inverse=True)
    if not len(used):
        return Estimate(None, note="Nothing to compare.")
    sums = cluster_sums(statistic.parts(data), numbered, len(used))
    return interval(
        lambda weights: statistic.value(weights @ sums),
        len(used),
        _draws(len(used), seed),
        scale=statistic.scale,
    )


def _figure(
    compared: Compared,
    joints: str,
    question: str,
    measure: str,
    found: Estimate,
    observations: int,
    note: str | None = None,
    *,
    patients: int | None = None,
) -> Figure:
    low = found.low
    if low is not None and measure in _NEVER_NEGATIVE:
        low = max(low, 0.0)
    return Figure(
        compared.name,
        compared.arm,
        joints,
        question,
        measure,
        found.value,
        low,
        found.high,
        observations,
        len(compared.patients) if patients is None else patients,
        found.note if note is None else note,
    )


def _ratios(compared: Compared, seed: int) -> Iterator[Figure]:
    values = compared.log_ratios
    whole = np.isfinite(values).all(axis=1)
    values, clusters = values[whole], compared.clusters(compared.rows)[whole]
    for measure, statistic in (
        ("ICC(A,1) of the logarithm", IntraclassCorrelation(len(compared.raters))),
        ("mean factor between two", LogDifference()),
        ("lower limit of agreement", LogDifference(-1.0)),
        ("upper limit of agreement", LogDifference(1.0)),
    ):
        found = _estimated(statistic, values, clusters, seed)
        note = found.note
        if not len(values):
            note = "Nothing to compare: at no joint has everybody a ratio."
        elif found.value is None:
            note = "Not defined: the ratios do not differ from joint to joint."
        patients = len(np.unique(clusters))
        yield _figure(
            compared, GROUPS[0][0], "ratio", measure, found, len(values), note, patients=patients
        )


def _positions(compared: Compared, seed: int) -> Iterator[Figure]:
    apart, clusters, _ = compared.distances
    used, numbered = np.unique(clusters, return_inverse=True)
    for measure, share in (("median, mm", 0.5), ("95 % are closer than, mm", 0.95)):
        if len(apart):
            found = interval(
                _weighted_quantile(apart, numbered, share), len(used), _draws(len(used), seed)
            )
        else:
            found = Estimate(None, note="Nothing to compare: no joint has a place from two.")
        yield _figure(
            compared, GROUPS[0][0], "position", measure, found, len(apart), patients=len(used)
        )


def _weighted_quantile(
    values: FloatArray, clusters: npt.NDArray[np.int64], share: float
) -> Callable[[FloatArray], FloatArray]:
    order = np.argsort(values)
    values, clusters = values[order], clusters[order]

    def of(weights: FloatArray) -> FloatArray:
        found = np.empty(len(weights))
        for n, one in enumerate(weights):
            below = np.cumsum(one[clusters])
            found[n] = values[min(np.searchsorted(below, share * below[-1]), len(values) - 1)]
        return found

    return of


def _plans(compared: Compared, seed: int) -> Iterator[Figure]:
    shared, same, clusters = compared.plans
    for measure, values in (("nerves in common (Jaccard)", shared), ("the same plan", same)):
        found = _estimated(Mean(Scale.UP_TO_ONE), values, clusters, seed)
        yield _figure(compared, GROUPS[0][0], "nerve plan", measure, found, len(values))


def _differences(earlier: Compared, later: Compared, *, seed: int) -> Iterator[Figure]:
    """Yield how much more readers agree in the later arm, of the patients that both have."""
    patients = sorted(set(earlier.patients) & set(later.patients))
    if not patients:
        return
    place = {patient: n for n, patient in enumerate(patients)}
    questions = zip(_questions(earlier), _questions(later), strict=True)
    for (question, measure, statistic, before), (_, _, _, after) in questions:
        if question != "decision" or measure not in _BRIEF:
            continue
        sums = []
        for compared, codes in ((earlier, before), (later, after)):
            whose = [row[0].patient for row in compared.rows]
            both = np.array([one in place for one in whose])
            clusters = np.array([place[one] for one in whose if one in place], dtype=np.int64)
            sums.append(cluster_sums(statistic.parts(codes)[both], clusters, len(patients)))

        def difference(
            weights: FloatArray, statistic: Statistic = statistic, sums: list[FloatArray] = sums
        ) -> FloatArray:
            return statistic.value(weights @ sums[1]) - statistic.value(weights @ sums[0])

        found = interval(difference, len(patients), _draws(len(patients), seed))
        yield Figure(
            "between arms",
            f"{later.arm} − {earlier.arm}",
            GROUPS[0][0],
            question,
            measure,
            found.value,
            found.low,
            found.high,
            len(later.rows),
            len(patients),
            found.note,
        )
