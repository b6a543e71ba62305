"""How exactly two dates are linked, and whether a slipped level is ever accepted.

    python -m benchmarks.follow_up.link --pairs 50 --to pairs.jsonl

Each pair has its own pose, grid, noise and bend; joints are put with the error that a program or a
reader makes. Every pair is linked with the right names, and with the names of one date one
or two off, which must be refused. The last third of the pairs bends up to 35 degrees and
more. A line is written for each as it is done.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.follow_up.pairs import Date, date, localised
from fusion.errors import FusionError
from fusion.follow_up import link
from sample_data import NeckParameters
from sample_data.anatomy import build_anatomy

#: Error of a joint's centre as it is found or put, mm.
PLACED_MM = 1.5


def necks(seed: int, rng: np.random.Generator, *, much: bool) -> tuple[NeckParameters, ...]:
    """Return one patient in two postures."""
    size = float(rng.uniform(0.9, 1.1))
    hu = float(rng.uniform(0.6, 1.2))
    if much:
        flexion = float(rng.uniform(15, 20)) * np.array([1, -1]) * rng.choice([-1, 1])
    else:
        flexion = rng.uniform(-10, 10, 2)
    reach = 25.0 if much else 8.0
    tilt, turn = rng.uniform(-reach, reach, (2, 2)) / (2, 1)
    return tuple(
        NeckParameters(
            seed=seed + 1,
            size=size,
            bone_hu=hu,
            flexion_deg=float(f),
            tilt_deg=float(a),
            rotation_deg=float(b),
        )
        for f, a, b in zip(flexion, tilt, turn, strict=True)
    )


def bend_deg(one: NeckParameters, other: NeckParameters) -> tuple[float, float]:
    """Return by how much the postures differ: most at a level below C2, and over all of them."""
    poses = []
    for neck in (one, other):
        spine = build_anatomy(neck).spine
        poses.append([spine.vertebra(f"C{n}").pose[:3, :3] for n in range(2, 8)])
    between = []
    for a, b in ((n, n + 1) for n in range(5)):
        turns = [p[a].T @ p[b] for p in poses]
        between.append(Rotation.from_matrix(turns[0].T @ turns[1]).magnitude())
    whole = [p[0].T @ p[-1] for p in poses]
    return float(np.degrees(max(between))), float(
        np.degrees(Rotation.from_matrix(whole[0].T @ whole[1]).magnitude())
    )


def tried(earlier: Date, later: Date, rng: np.random.Generator, shift: int) -> dict[str, object]:
    """Link two dates whose names differ by some levels, and return what came of it."""
    began = time.process_time()
    places = [
        localised(earlier.truth, rng, PLACED_MM),
        localised(later.truth, rng, PLACED_MM, shift=shift),
    ]
    try:
        found = link((earlier.ct, places[0]), (later.ct, places[1]))
    except FusionError as refusal:
        return {"refused": str(refusal), "cpu_s": time.process_time() - began}
    errors = [
        float(
            np.linalg.norm(one.transform.apply(earlier.truth[one.joint]) - later.truth[one.joint])
        )
        for one in found.joints
        if one.joint in earlier.truth and one.joint in later.truth
    ]
    return {
        "errors_mm": errors,
        "by_picture": sum(one.by_picture for one in found.joints),
        "advantage": found.advantage,
        "likeness": [one.likeness for one in found.joints],
        "apart_mm": [one.apart_mm for one in found.joints],
        "cpu_s": time.process_time() - began,
    }


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--to", type=Path, required=True)
    args = parser.parse_args()
    with args.to.open("a") as out:
        for seed in range(args.first, args.first + args.pairs):
            rng = np.random.default_rng([seed, 11])
            one, other = necks(seed, rng, much=seed % 3 == 2)
            dates = []
            for n, neck in enumerate((one, other)):
                across = float(rng.uniform(0.8, 1.2))
                slices = 0.6 if seed % 10 == 0 and n else float(rng.uniform(1.0, 2.5))
                spacing = (slices, across, across)
                dates.append(date(neck, spacing=spacing, pose_seed=2 * seed + n, noise_hu=25))
            level, whole = bend_deg(one, other)
            row = {"seed": seed, "level_deg": level, "whole_deg": whole}
            row["right"] = tried(*dates, rng, 0)
            shift = (-1, 1, -2, 2)[seed % 4]
            row["shift"] = shift
            row["wrong"] = tried(*dates, rng, shift)
            out.write(json.dumps(row) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
