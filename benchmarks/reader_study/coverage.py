"""How often the 95 % intervals of the reader study hold the truth, on simulated studies.

::

    python -m benchmarks.reader_study.coverage --patients 10 20 40 100 --studies 1000

Design. A patient has a level of disease of his own (his joints are alike), each joint its own on
top, and so has the pair of its two sides; a reader sees it with an error of her own that is partly
that of the patient (a neck that is hard to read is so at all joints), has her own thresholds
between *negative*, *indeterminate* and *positive*, and leaves out some joints of some patients.
Ratios are the same joint with each reader's scale and error. Twelve joints a patient. The truth is
the value of 100,000 patients of the same kind.
"""

from __future__ import annotations

import argparse

import numpy as np

from fusion.reader_study.statistics.agreement import (
    FleissKappa,
    FreeMarginalKappa,
    GwetAC,
    Kappa,
    KrippendorffAlpha,
    Observed,
)
from fusion.reader_study.statistics.measurement import IntraclassCorrelation, LogDifference, Mean
from fusion.reader_study.statistics.resampling import (
    RESAMPLES,
    cluster_sums,
    drawn,
    estimated,
)
from fusion.reader_study.statistics.weights import quadratic

JOINTS = 12
TRUTH_PATIENTS = 100_000
NOT_DECIDED = 3


def made(random, patients, readers):
    """Return codes and log ratios, patients * joints × readers."""
    shape = (patients, JOINTS)
    disease = random.normal(0, 0.7, (patients, 1)) + random.normal(0, 1.0, shape)
    disease += np.repeat(random.normal(0, 0.4, (patients, JOINTS // 2)), 2, axis=1)
    seen = disease[..., None] + random.normal(0, 0.35, (patients, 1, readers))
    seen = seen + random.normal(0, 0.55, (*shape, readers))
    shift = np.linspace(-0.2, 0.2, readers)
    codes = (seen > 0.7 + shift).astype(int) + (seen > 1.2 + shift)
    hard = random.random((patients, 1, readers)) < 0.1
    codes[hard & (random.random(codes.shape) < 0.3)] = NOT_DECIDED
    ratios = 0.3 * disease[..., None] + random.normal(0, 0.03, (patients, 1, readers))
    ratios = ratios + random.normal(0, 0.08, (*shape, readers)) + shift / 10
    return codes.reshape(-1, readers), ratios.reshape(-1, readers)


def statistics(readers):
    """Return name, statistic and what it takes: codes, codes with gaps, or ratios."""
    weights = quadratic(4, apart=1)
    return (
        ("agreement", Observed(4), "codes"),
        ("kappa", Kappa(4), "codes"),
        ("weighted kappa", Kappa(4, weights), "codes"),
        ("Fleiss", FleissKappa(4), "codes"),
        ("free-marginal (PABAK)", FreeMarginalKappa(4), "codes"),
        ("AC1", GwetAC(4), "codes"),
        ("AC2", GwetAC(4, weights), "codes"),
        ("alpha, ordinal", KrippendorffAlpha(3, ordinal=True), "gaps"),
        ("kappa of positive", Kappa(2), "yes"),
        ("ICC", IntraclassCorrelation(readers), "ratios"),
        ("bias of log ratios", LogDifference(), "ratios"),
        ("upper limit of agreement", LogDifference(1.0), "ratios"),
        ("mean of one reader", Mean(), "first"),
    )


def taken(kind, codes, ratios):
    if kind == "ratios":
        return ratios
    if kind == "first":
        return ratios[:, 0]
    if kind == "gaps":
        return np.where(codes == NOT_DECIDED, -1, codes)
    return (codes == 2).astype(int) if kind == "yes" else codes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, nargs="+", default=[10, 20, 40])
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    known = statistics(args.readers)
    everybody = made(random, TRUTH_PATIENTS, args.readers)
    truth = {
        name: float(one.value(one.parts(taken(kind, *everybody)).sum(axis=0)))
        for name, one, kind in known
    }
    del everybody
    for patients in args.patients:
        clusters = np.repeat(np.arange(patients), JOINTS)
        inside = dict.fromkeys(truth, 0)
        without = dict.fromkeys(truth, 0)
        for study in range(args.studies):
            data = made(random, patients, args.readers)
            draws = drawn(patients, seed=study, count=args.resamples)
            for name, one, kind in known:
                sums = cluster_sums(one.parts(taken(kind, *data)), clusters, patients)
                found = estimated(one, sums, draws)
                if found.low is None:
                    without[name] += 1
                else:
                    inside[name] += found.low <= truth[name] <= found.high
        print(f"{patients} patients, {args.studies} studies, {args.readers} readers:")
        for name, hits in inside.items():
            share = 100.0 * hits / max(args.studies - without[name], 1)
            print(f"  {name:26} truth {truth[name]:6.3f}  held in {share:5.1f} %", end="")
            print(f"  ({without[name]} without interval)" if without[name] else "", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
