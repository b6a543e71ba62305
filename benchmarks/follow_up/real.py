"""Real CTs, bent as necks bend: whether their joints are found again, and slips refused.

    python -m benchmarks.follow_up.real --to real.jsonl

A real CT (../shared/data) is carried into another posture: each vertebra turns against the one
below it by a few degrees about the middle of their joints, softly blended in between, then the
whole lies in another pose, on another grid, with noise of its own. Where each joint goes is known.
What a scanner would make of another day is not in it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from benchmarks.follow_up.link import PLACED_MM
from benchmarks.follow_up.pairs import Date, localised
from fusion.anatomy import LEVELS, Joint, Side
from fusion.dicom import choose_ct, read_volume, scan
from fusion.errors import FusionError
from fusion.follow_up import link
from fusion.geometry import Grid, Source, Volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
if not DATA.exists():
    DATA = Path("/work/shared/data")
CTS = ("ct_biograph64_neck", "ct_planning_cervical_ribs", "ct_pq2000_head_neck")
#: How softly one vertebra goes over into the next, mm.
_SOFT_MM = 5.0


def truth_of(name: str) -> dict[Joint, np.ndarray]:
    """Return the joints that were put by hand on a CT."""
    whole = json.loads((DATA / "facets_truth.json").read_text("utf-8"))
    found = {}
    for one in joints_of(whole, name):
        if one["level"] in LEVELS and one.get("center_lps"):
            found[Joint(one["level"], {"L": Side.LEFT, "R": Side.RIGHT}[one["side"]])] = np.array(
                one["center_lps"]
            )
    return found


def joints_of(whole: dict, name: str) -> list[dict]:
    """Return the rows of one CT."""
    return next(one["joints"] for one in whole["cts"] if one["folder"] == name)


def bent(date: Date, degrees: float, rng: np.random.Generator, seed: int) -> Date:
    """Return a CT in another posture, each level turned by up to so much."""
    middles = {}
    for level in LEVELS:
        ends = [date.truth.get(Joint(level, side)) for side in Side]
        if all(end is not None for end in ends):
            middles[level] = np.mean(ends, axis=0)
    order = sorted(middles, key=lambda level: middles[level][2])  # from below
    turns, matrix = [np.eye(4)], np.eye(4)
    flexion = rng.choice([-1, 1])
    for level in order:
        angles = np.array([flexion * rng.uniform(0.6, 1), rng.normal(0, 0.3), rng.normal(0, 0.3)])
        step = np.eye(4)
        step[:3, :3] = Rotation.from_euler("xyz", degrees * angles, degrees=True).as_matrix()
        step[:3, 3] = middles[level] - step[:3, :3] @ middles[level]
        matrix = matrix @ step  # what is above a level turns with everything below it
        turns.append(matrix)
    heights = np.array([middles[level][2] for level in order])

    def there(points: np.ndarray) -> np.ndarray:
        """Earlier points to later ones, before the pose."""
        above = 1 / (1 + np.exp(-(points[..., 2, None] - heights) / _SOFT_MM))
        weights = np.concatenate([np.ones((*above.shape[:-1], 1)), above], axis=-1)
        weights[..., :-1] -= weights[..., 1:]
        homogeneous = np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1)
        return sum(
            weights[..., n, None] * (homogeneous @ t.T)[..., :3] for n, t in enumerate(turns)
        )

    truth = {joint: there(center) for joint, center in date.truth.items()}
    centers = np.array(list(truth.values()))
    low, high = centers.min(axis=0) - 45, centers.max(axis=0) + 45
    spacing = np.array([float(rng.uniform(1.2, 2.5)), 1.0, 1.0])
    shape = tuple(int(n) for n in np.ceil((high - low)[::-1] / spacing))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * spacing
    affine[:3, 3] = low
    grid = Grid(shape, affine)
    values = np.empty(shape, np.int16)
    hu = date.ct.values()
    for k in range(shape[0]):
        plane = grid.to_lps(
            np.stack(np.meshgrid(k, *map(np.arange, shape[1:]), indexing="ij"), axis=-1)[0]
        )
        back = plane.copy()
        for _ in range(12):  # where it came from
            back += plane - there(back)
        kji = np.moveaxis(date.ct.grid.to_kji(back), -1, 0)
        sampled = ndimage.map_coordinates(hu, kji, order=1, mode="constant", cval=-1000.0)
        values[k] = np.rint(sampled + rng.normal(0, 15, sampled.shape))
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("xyz", rng.normal(0, 4, 3), degrees=True).as_matrix()
    pose[:3, 3] = rng.normal(0, 25, 3)
    source = Source("1.1", f"1.2.{seed}", "1.1", ("1.3",), "CT", "bent")
    later = Volume(Grid(shape, pose @ affine, f"1.3.{seed}"), values, 1.0, 0.0, "HU", source)
    moved = {j: (pose @ np.append(c, 1.0))[:3] for j, c in truth.items()}
    return Date(later, moved)


def tried(one: Date, other: Date, rng: np.random.Generator, shift: int) -> dict[str, object]:
    """Link and return what came of it."""
    places = (
        localised(one.truth, rng, PLACED_MM),
        localised(other.truth, rng, PLACED_MM, shift=shift),
    )
    try:
        found = link((one.ct, places[0]), (other.ct, places[1]))
    except FusionError as refusal:
        return {"refused": str(refusal)}
    errors = {
        j.joint.name: float(
            np.linalg.norm(j.transform.apply(one.truth[j.joint]) - other.truth[j.joint])
        )
        for j in found.joints
        if j.joint in one.truth and j.joint in other.truth
    }
    return {
        "errors_mm": errors,
        "by_picture": sum(j.by_picture for j in found.joints),
        "advantage": found.advantage,
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="another one: other bends and noise")
    args = parser.parse_args()
    with args.to.open("a") as out:
        for n, name in enumerate(CTS):
            catalog = scan(DATA / name)
            ct = read_volume(choose_ct(catalog)[0])
            date = Date(ct, truth_of(name))
            for degrees in (1.0, 2.5, 4.0, 6.0):
                rng = np.random.default_rng([n, int(10 * degrees), args.seed])
                later = bent(date, degrees, rng, n)
                row = {
                    "ct": name,
                    "seed": args.seed,
                    "level_deg": degrees,
                    "right": tried(date, later, rng, 0),
                }
                for shift in (-1, 1):
                    row[f"shift {shift}"] = tried(date, later, rng, shift)
                out.write(json.dumps(row) + "\n")
                out.flush()


if __name__ == "__main__":
    main()
