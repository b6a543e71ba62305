"""Fit the weights of the evidence on one half of the cases, and check them on the other.

``python -m benchmarks.registration.calibrate ROWS.jsonl ...`` with rows of ``run.py``; prints the
constants of ``fusion/registration/evidence.py`` and the tables of docs/registration-evidence.md.
Quantile regression (Koenker and Bassett 1978) with non-negative weights: the weighted sum of the
evidence has to exceed the error at a joint in ``QUANTILE`` of the joints. A bent neck counts three
times, because there are three straight ones for each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

from fusion.registration.evidence import FEATURES

#: Above the 95 % that is promised, so that it also holds on necks that were not fitted.
QUANTILE = 0.985
#: Least weights, set by hand. No uncertainty is below half a mm: the simulated camera has no errors
#: of its own. What the two pieces say is a direct measure of the error of one rigid transform.
LEAST = {
    "": {"floor": 0.5, "pieces": 0.8, "level": 0.1, "blocks": 0.3, "second opinion": 0.15},
    "neck_": {"floor": 0.5, "pieces": 0.35, "level": 0.15, "blocks": 0.5, "second opinion": 0.2},
}
LIMIT_MM = 3.0


def tuned(row: dict) -> bool:
    """Whether thresholds and weights were set with this case: four numbers yes, four no."""
    return int(row["name"].split("-")[1]) // 4 % 2 == 0


def rows_of(path: str) -> list[dict]:
    """Return the rows that carry evidence."""
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return [row for row in rows if row.get("errors_mm")]


def stacked(rows: list[dict], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return features and errors of every joint; ``kind`` is "" or "neck_"."""
    chosen = [row for row in rows if f"{kind}errors_mm" in row]
    return (
        np.concatenate([row[f"{kind}features"] for row in chosen]),
        np.concatenate([row[f"{kind}errors_mm"] for row in chosen]),
    )


def fit(
    features: np.ndarray, errors: np.ndarray, count: np.ndarray, least: dict[str, float]
) -> np.ndarray:
    """Return the weights of a linear quantile regression, two decimals, rounded up."""
    n, p = features.shape
    cost = np.r_[np.zeros(p), QUANTILE * count, (1 - QUANTILE) * count]
    equal = np.c_[features, np.eye(n), -np.eye(n)]
    bounds = [(least.get(name, 0.0), None) for name in FEATURES] + [(0, None)] * (2 * n)
    found = linprog(cost, A_eq=equal, b_eq=errors, bounds=bounds, method="highs")
    return np.abs(np.ceil(found.x[:p] * 100 - 1e-6) / 100)


def main() -> None:
    rows = [row for path in sys.argv[1:] for row in rows_of(path)]
    halves = {
        "fitted": [row for row in rows if tuned(row)],
        "held back": [row for row in rows if not tuned(row)],
    }
    print({name: len(half) for name, half in halves.items()})
    for kind, name in (("", "RIGID_WEIGHTS"), ("neck_", "NECK_WEIGHTS")):
        chosen = [row for row in halves["fitted"] if f"{kind}errors_mm" in row]
        features, errors = stacked(chosen, kind)
        count = np.repeat([3.0 if row["bend_deg"] else 1.0 for row in chosen], 12)
        # Every second joint, one of each level: the linear programme stays small.
        weights = fit(features[::2], errors[::2], count[::2], LEAST[kind])
        print(f"{name} = {tuple(float(w) for w in weights)}")
        print("   ", dict(zip(FEATURES, weights.tolist(), strict=True)))
        for title, half in halves.items():
            for source in ("phantom", "artisynth"):
                for bent in (False, True):
                    part = [
                        r for r in half if r["source"] == source and bool(r["bend_deg"]) == bent
                    ]
                    features, errors = stacked(part, kind)
                    said = features @ weights
                    small = said <= LIMIT_MM
                    print(
                        f"  {title:10s}{source:10s}{'bent' if bent else 'straight':9s}"
                        f"{len(part):4d} cases  error <= stated {(errors <= said).mean():.3f}"
                        f"  stated <= 3 mm: {small.mean():.3f} of joints, of these error <= 3 mm "
                        f"{(errors[small] <= LIMIT_MM).mean():.4f}, largest "
                        f"{errors[small].max():.2f}; stated median {np.median(said):.2f}"
                    )


if __name__ == "__main__":
    main()
