"""Register simulated cases and write down what is known about each, one JSON line a case.

``nice python -m benchmarks.registration.run --folder CASES --out X.jsonl`` on what ``export.py``
wrote (cases that X.jsonl already has are left out, so that a run can be continued), or with
``--source phantom --first 0 --last 120`` on cases made on the spot.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.registration.cases import Case, cases, stored
from fusion.geometry import Volume
from fusion.registration import Registration, register


def measure(case: Case) -> dict:
    """Register one case and compare with the truth at the twelve joints."""
    start = time.perf_counter()
    result = register(case.ct, case.spect)
    seconds = time.perf_counter() - start
    row = {
        "name": case.name,
        "source": case.source,
        "stress": case.stress,
        "bend_deg": round(case.bend_deg, 3),
        "shift_mm": round(case.shift_mm, 3),
        "turn_deg": round(case.turn_deg, 3),
        "seconds": round(seconds, 3),
        "status": result.status.value,
        "recommendation": result.search.recommendation,
        "start_errors_mm": _lengths(case.joints_ct - case.joints_spect),
    }
    return row | _measured(result, case)


def _measured(result: Registration, case: Case) -> dict:
    evidence, neck = result.search.evidence, result.search.neck
    if evidence is None:
        return {"errors_mm": None}
    native = evidence.proposal.inverse().apply(case.joints_ct)
    row = {
        "errors_mm": _lengths(native - case.joints_spect),
        "uncertainty_mm": np.round(evidence.uncertainty_mm(case.joints_ct), 3).tolist(),
        "features": np.round(evidence.features(case.joints_ct), 3).tolist(),
        "correlation": evidence.correlation,
        "detail_correlation": evidence.detail_correlation,
        "drop": evidence.drop,
        "overlap": evidence.overlap,
        "bend_significance": round(evidence.bend_significance, 2),
        "found_errors_mm": _lengths(
            evidence.found.inverse().apply(case.joints_ct) - case.joints_spect
        ),
    }
    if neck is not None:
        corrected = neck.to_native(case.joints_ct)
        row |= {
            "neck_errors_mm": _lengths(corrected - case.joints_spect),
            "neck_features": np.round(evidence.features(case.joints_ct, neck=neck), 3).tolist(),
            "neck_uncertainty_mm": np.round(
                evidence.uncertainty_mm(case.joints_ct, neck=neck), 3
            ).tolist(),
            "neck_bend_deg": round(neck.bend_deg, 2),
        }
    return row


def flipped(case: Case, axis: int) -> Case:
    """Return the case with its SPECT mirrored in the array, the geometry left as it was."""
    spect = case.spect
    stored = np.ascontiguousarray(np.flip(spect.stored, axis))
    volume = Volume(spect.grid, stored, 1.0, 0.0, spect.unit, spect.source)
    return replace(case, spect=volume, stress=f"flip {'kji'[axis]}", name=f"{case.name}-flip")


def _lengths(vectors: np.ndarray) -> list[float]:
    return np.round(np.linalg.norm(vectors, axis=1), 4).tolist()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--folder", type=Path, help="cases written by export.py")
    options.add_argument("--source", choices=["phantom", "artisynth"])
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--last", type=int, default=0)
    options.add_argument("--cache", type=Path, default=Path("/tmp/facetfusion-registration"))
    options.add_argument("--flip", action="store_true", help="mirror the SPECT: must be refused")
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    done = set()
    if chosen.out.exists():
        done = {json.loads(line)["name"] for line in chosen.out.read_text().splitlines()}
    if chosen.folder:
        paths = sorted(chosen.folder.glob("*.npz"))
        given = (stored(path) for path in paths if path.stem not in done)
    else:
        chosen.cache.mkdir(parents=True, exist_ok=True)
        numbers = range(chosen.first, chosen.last)
        given = cases(chosen.source, numbers, cache=chosen.cache)
    with chosen.out.open("a") as out:
        for case in given:
            tested = [flipped(case, axis) for axis in (0, 1, 2)] if chosen.flip else [case]
            for one in tested:
                out.write(json.dumps(measure(one)) + "\n")
                out.flush()


if __name__ == "__main__":
    main()
