"""Correct clicks on C2, C5 and C7 of CTs of people: how many would make a right name wrong.

Usage: python -m benchmarks.facets.clicks DATA [--count 20] [--only NAME ...]

A click is the middle of a random voxel of bone of that vertebra, cut out at the joints that were
put by hand (:mod:`benchmarks.facets.mutated_labels`): body, pillar, lamina or spinous process. Each
by itself it must leave every name as it is where the names were right; a click never moves a joint,
since it only renames. A voxel within ``EDGE_MM`` of another vertebra is left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.facets.mutated_labels import WRONG_MM, Base, bases
from fusion.facets.automatic.locate import locate_in
from fusion.facets.automatic.naming.clicks import off_by
from fusion.facets.automatic.naming.numbering import number

CLICKED = ("C2", "C5", "C7")
#: Nearer to the next vertebra than this a click may be meant for either, mm.
EDGE_MM = 2.0


def clicks_on(base: Base, vertebra: str, count: int) -> np.ndarray:
    """Return points (n, 3) on a vertebra, LPS mm; none where it is not in the field."""
    number_of = int(vertebra[1:])
    points = base.grid.to_lps(np.argwhere(base.labels == number_of))
    others = base.grid.to_lps(np.argwhere((base.labels > 0) & (base.labels != number_of)))
    if not len(points):
        return points
    away, _ = cKDTree(others).query(points)
    points = points[away > EDGE_MM]
    rng = np.random.default_rng([number_of, *base.name.encode()])
    return points[rng.permutation(len(points))[:count]]


def main() -> None:
    """Click, and print how many clicks would rename a level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=[])
    args = parser.parse_args()
    for base in bases(args.data, args.only):
        if base.name.startswith("simulated"):
            break
        neck = base.neck
        levels = number(
            neck.scores, neck.parts, neck.claims, {}, chest=neck.chest, rhythm=neck.rhythm
        )
        found = locate_in(neck)
        right = all(
            np.linalg.norm(found.facet(*key).center_lps - place) < WRONG_MM
            for key, place in base.truth.items()
            if found.facet(*key).center_lps is not None
        )
        for vertebra in CLICKED:
            points = clicks_on(base, vertebra, args.count)
            off = [
                off_by(levels.chain, neck.parts, vertebra, neck.frame.to_spl(point))
                for point in points
            ]
            wrong = [point for point, by in zip(points, off, strict=True) if by]
            print(
                f"{base.name:<26} {vertebra}: {len(points):3} clicks, {len(wrong)} rename "
                f"(names were {'right' if right else 'wrong'})"
                + "".join(f"\n    {point.round(1).tolist()}" for point in wrong[:5]),
                flush=True,
            )


if __name__ == "__main__":
    main()
