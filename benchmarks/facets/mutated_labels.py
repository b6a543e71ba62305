"""Label maps of necks whose joints are known, spoilt in a thousand ways: what is believed of them.

Usage: python -m benchmarks.facets.mutated_labels DATA [--count 1000] [--only NAME ...] [--out FILE]

Of each neck there is one sound map: of the simulated necks the solids that they were painted from,
of CTs of people (``DATA``, see :mod:`benchmarks.facets.real`) their bone, cut into vertebrae at the
joints that were put by hand. Every spoilt map is either refused, or its levels are provisional, or
it is called sure; a joint that is sure and lies nearer to the place of another is counted.
``--out`` adds a line of JSON a map to a file, and leaves out the maps that stand there already.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import cKDTree

from benchmarks.facets.variants import Truth, cases
from fusion.errors import FusionError
from fusion.facets.automatic.canal import search_grid
from fusion.facets.automatic.locate import locate_in
from fusion.facets.automatic.neck import Neck, find_neck
from fusion.facets.labelled import locate_labelled
from fusion.facets.labelled.locate_labelled import locate_with_labels
from fusion.facets.labelled.spine import read_labels
from fusion.facets.localisation import Localisation, Numbering
from fusion.geometry import Grid, RigidTransform, Volume
from fusion.resampling import resampled_in_parts
from fusion.sitk import image_on

#: A joint is at another's place, or at none, from this distance on, mm: half of what lies between
#: two levels.
WRONG_MM = 7.5
#: Voxels of the maps, mm, and HU above which a voxel is bone of a label.
EDGE_MM, BONE_HU = 1.5, 160.0
#: Numbers of C1 … T4 in some conventions: of the map, and others that it may be taken for.
VERSE = tuple(range(1, 12))
CONVENTIONS = {
    "TotalSegmentator": tuple(range(50, 39, -1)),
    "TotalSegmentator 1": tuple(range(41, 30, -1)),
    "TotalSpineSeg": (*range(11, 18), *range(21, 25)),
    "CADS": tuple(range(24, 13, -1)),
}


@dataclass(frozen=True, eq=False)
class Base:
    """A neck, its truth, and a sound map of it: numbers of VerSe on a grid of its own."""

    name: str
    ct: Volume
    neck: Neck
    labels: np.ndarray
    grid: Grid
    truth: Truth


@dataclass(frozen=True, eq=False)
class Spoilt:
    """A map, what was done to it, and whether that leaves it as good as it was."""

    kind: str
    labels: np.ndarray
    grid: Grid
    harmless: bool = False


def judged(base: Base, spoilt: Spoilt, folder: Path) -> dict:
    """Return what became of a spoilt map."""
    path = folder / "map.nii"
    sitk.WriteImage(image_on(np.ascontiguousarray(spoilt.labels), spoilt.grid), str(path))
    try:
        found = locate_with_labels(read_labels([path], base.ct), base.ct, base.neck)
    except FusionError as exc:
        return {"outcome": "refused", "why": str(exc)[:160], "wrong": []}
    wrong = wrong_and_sure(found, base.truth)
    sure = [f for f in found.facets if f.numbering is Numbering.SURE and f.center_lps is not None]
    outcome = "sure and wrong" if wrong else "sure and right" if sure else "provisional"
    return {"outcome": outcome, "why": "", "wrong": wrong}


def wrong_and_sure(found: Localisation, truth: Truth) -> list[str]:
    """Return the joints that are called sure and stand at the place of another, or at none."""
    wrong = []
    for facet in found.facets:
        key = (facet.joint.level, facet.joint.side.value)
        if facet.center_lps is None or facet.numbering is not Numbering.SURE:
            continue
        if not facet.joint.is_zygapophysial:
            continue
        away = {k: float(np.linalg.norm(facet.center_lps - place)) for k, place in truth.items()}
        nearest = min(away, key=lambda k: away[k])
        if away.get(key, 0.0) > WRONG_MM or (away[nearest] < WRONG_MM and nearest != key):
            wrong.append(facet.joint.name)
    return wrong


# --- what is done to a map ----------------------------------------------------------------------


def _names(base: Base) -> list[int]:
    return [int(n) for n in np.unique(base.labels) if n]


def _mapped(base: Base, table: dict[int, int]) -> np.ndarray:
    lookup = np.arange(256, dtype=np.uint8)
    for old, new in table.items():
        lookup[old] = new
    return lookup[base.labels]


def _flipped(base: Base, rng: np.random.Generator) -> Spoilt:
    axes = tuple(int(a) for a in np.flatnonzero(rng.random(3) < 0.5)) or (int(rng.integers(3)),)
    return Spoilt(f"flipped {axes}", np.flip(base.labels, axes), base.grid)


def _mirrored(base: Base, rng: np.random.Generator) -> Spoilt:
    """Mirror left to right about the spine, or a few millimetres beside it."""
    middle = float(base.grid.to_lps(np.argwhere(base.labels)).mean(axis=0)[0])
    about = middle + float(rng.choice([0.0, 1.5, 3.0, 5.0, -2.0, -4.0]))
    affine = base.grid.affine.copy()
    affine[0] = -affine[0]
    affine[0, 3] += 2 * about
    # The mirror image, on voxels that run the usual way.
    affine[:, 3] += affine[:, 2] * (base.labels.shape[2] - 1)
    affine[:, 2] = -affine[:, 2]
    return Spoilt("mirrored", base.labels[:, :, ::-1], Grid(base.labels.shape, affine))


def _shifted_names(base: Base, rng: np.random.Generator) -> Spoilt:
    by = int(rng.choice([-2, -1, 1, 2]))
    kept = _names(base)
    first, last = sorted(rng.choice(len(kept) + 1, 2, replace=False))
    if last - first < 3:
        first, last = 0, len(kept)
    table = {n: n + by if n in kept[first:last] and n + by > 0 else 0 for n in kept}
    return Spoilt(f"names shifted by {by}", _mapped(base, table), base.grid)


def _shifted_part(base: Base, rng: np.random.Generator) -> Spoilt:
    """Names are right down to some vertebra and off by one below it."""
    kept = _names(base)
    at = int(rng.integers(1, len(kept) - 1))
    by = int(rng.choice([-1, 1]))
    moved = {n: n + by for n in kept[at:]}
    if by < 0:
        moved[kept[at]] = 0  # two would have one name
    return Spoilt("names shifted below a vertebra", _mapped(base, moved), base.grid)


def _moved(base: Base, rng: np.random.Generator) -> Spoilt:
    """Move the map by a level along the neck, or by some millimetres anywhere."""
    kept = [base.grid.to_lps(np.argwhere(base.labels == n)).mean(axis=0) for n in _names(base)]
    step = np.diff(kept, axis=0).mean(axis=0)
    if rng.random() < 0.5:
        by, kind = step * float(rng.choice([-1.0, 1.0])), "moved by a level"
    else:
        direction = rng.normal(size=3)
        by = direction / np.linalg.norm(direction) * float(rng.uniform(4.0, 40.0))
        kind = "moved by 4 to 40 mm"
    affine = base.grid.affine.copy()
    affine[:3, 3] += by
    return Spoilt(kind, base.labels, Grid(base.labels.shape, affine))


def _relabelled(base: Base, rng: np.random.Generator) -> Spoilt:
    kept = _names(base)
    kind = str(rng.choice(["exchanged", "permuted", "two in one", "one missing", "reversed"]))
    a, b = (int(n) for n in rng.choice(kept, 2, replace=False))
    tables = {
        "exchanged": {a: b, b: a},
        "permuted": dict(zip(kept, map(int, rng.permutation(kept)), strict=True)),
        "two in one": {a: b},
        "one missing": {kept[1 + int(rng.integers(len(kept) - 2))]: 0},
        "reversed": dict(zip(kept, kept[::-1], strict=True)),
    }
    table = tables[kind]
    same = all(old == new for old, new in table.items())
    return Spoilt(f"relabelled: {kind}", _mapped(base, table), base.grid, harmless=same)


def _split(base: Base, rng: np.random.Generator) -> Spoilt:
    """One vertebra is two, as where a program sees a disc in it; all below move down by one."""
    kept = _names(base)
    at = int(rng.choice(kept[1:-1]))
    labels = _mapped(base, {n: n + 1 for n in kept if n > at})
    heights = base.grid.to_lps(np.argwhere(base.labels == at))[:, 2]
    index = np.argwhere(base.labels == at)[heights < np.median(heights)]
    labels[tuple(index.T)] = at + 1
    return Spoilt("one vertebra split", labels, base.grid)


def _merged(base: Base, rng: np.random.Generator) -> Spoilt:
    """Two vertebrae are one; all below move up by one."""
    kept = _names(base)
    at = int(rng.choice(kept[1:-1]))
    return Spoilt("two vertebrae one", _mapped(base, {n: n - 1 for n in kept if n > at}), base.grid)


def _other_numbers(base: Base, rng: np.random.Generator) -> Spoilt:
    """Numbers of another convention, shifted so that each stands for a neighbour."""
    name = str(rng.choice(list(CONVENTIONS)))
    numbers, by = CONVENTIONS[name], int(rng.choice([-1, 1]))
    kept = _names(base)
    table = {n: numbers[n - 1 + by] if 0 <= n - 1 + by < len(numbers) else 0 for n in kept}
    return Spoilt(f"{name}, shifted by {by}", _mapped(base, table), base.grid)


def _rotated(base: Base, rng: np.random.Generator) -> Spoilt:
    if rng.random() < 0.4:
        axes = [(0, 1), (0, 2), (1, 2)][int(rng.integers(3))]
        labels = np.rot90(base.labels, int(rng.integers(1, 4)), axes)
        return Spoilt("rotated by quarter turns", labels, Grid(labels.shape, base.grid.affine))
    angles = np.radians(rng.uniform(6.0, 40.0, 3) * rng.choice([-1.0, 1.0], 3))
    turn = np.array(sitk.Euler3DTransform((0, 0, 0), *angles.tolist()).GetMatrix()).reshape(3, 3)
    center = base.grid.to_lps(np.argwhere(base.labels)).mean(axis=0)
    affine = base.grid.affine.copy()
    affine[:3] = turn @ affine[:3]
    affine[:3, 3] += center - turn @ center
    return Spoilt("rotated by 6 to 40 degrees", base.labels, Grid(base.labels.shape, affine))


def _other_grid(base: Base, rng: np.random.Generator) -> Spoilt:
    """Sound values on a grid that is stated wrongly: scaled, without place, left and back as −."""
    affine = base.grid.affine.copy()
    kind = str(rng.choice(["scaled", "place lost", "signs of x and y", "axes exchanged"]))
    if kind == "scaled":
        center = base.grid.center_lps
        scale = float(rng.choice([0.7, 0.8, 0.9, 1.12, 1.25, 1.4]))
        affine[:3, :3] *= scale
        affine[:3, 3] = center + scale * (base.grid.affine[:3, 3] - center)
    elif kind == "place lost":
        affine[:3, 3] = 0
    elif kind == "signs of x and y":
        affine[:2] = -affine[:2]
    else:
        affine[:3, :3] = affine[:3, [1, 0, 2]]
    return Spoilt(f"grid: {kind}", base.labels, Grid(base.labels.shape, affine))


def _regridded(base: Base, rng: np.random.Generator) -> Spoilt:
    """The same map on other voxels: nothing is wrong with it."""
    step = tuple(int(n) for n in rng.choice([1, 2], 3))
    affine = base.grid.affine.copy()
    affine[:3, :3] *= step
    labels = base.labels[:: step[0], :: step[1], :: step[2]]
    return Spoilt("on other voxels", labels, Grid(labels.shape, affine), harmless=True)


MUTATIONS: tuple[Callable[[Base, np.random.Generator], Spoilt], ...] = (
    _flipped, _mirrored, _shifted_names, _shifted_names, _shifted_part, _moved, _relabelled, _split,
    _merged, _other_numbers, _rotated, _other_grid, _regridded,
)  # fmt: skip


def spoilt_maps(base: Base, count: int) -> Iterator[Spoilt]:
    """Yield spoilt maps, always the same ones for a neck."""
    for n in range(count):
        rng = np.random.default_rng([n, *base.name.encode()])
        yield MUTATIONS[n % len(MUTATIONS)](base, rng)


# --- necks --------------------------------------------------------------------------------------


def cut_into_vertebrae(ct: Volume, neck: Neck, truth: Truth) -> tuple[np.ndarray, Grid]:
    """Return a map of a CT of a person: its bone, cut at the joints that were put by hand."""
    levels = ("C0-C1", "C1-C2", "C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
    found = locate_in(neck)
    heights: dict[str, float] = {}
    for level in levels:
        known = [place for (name, _), place in truth.items() if name == level]
        if not known and level in found.midline_lps and level in levels[:2]:
            known = [f.center_lps for f in found.facets if f.joint.level == level]
            known = [place for place in known if place is not None]
        if known:
            heights[level] = float(np.mean([neck.frame.to_spl(p)[0] for p in known]))
    for below in ("T1-T2", "T2-T3"):
        heights[below] = min(heights.values()) - 18.0
    places = np.array([neck.frame.to_lps([h, 0.0, 0.0]) for h in heights.values()])
    low = places.min(axis=0) - np.array([45, 45, 10])
    high = places.max(axis=0) + np.array([45, 65, 25])
    box = np.diag([*(high - low)[::-1], 1.0])[[2, 1, 0, 3]]
    box[:3, 3] = low
    grid = search_grid(Grid((2, 2, 2), box), EDGE_MM)
    hu = np.concatenate(list(resampled_in_parts(ct, grid, transform=RigidTransform.identity())))
    bone = ndimage.gaussian_filter(np.nan_to_num(hu, nan=-1000.0), 0.5) > BONE_HU
    bone = ndimage.binary_closing(bone, iterations=1)
    index = np.argwhere(bone)
    spl = _straight(neck, grid.to_lps(index))
    s, p, side = spl.T
    kept = (np.abs(side) <= 34) & (p >= -34) & (p <= 52)
    index, s, p, side = index[kept], s[kept], p[kept], side[kept]
    beside = (np.abs(side) > 11) & (p < 10)
    lower = np.where(beside, 0.0, 6.5) + 0.35 * np.maximum(p - 10, 0)
    row = np.zeros(len(s), int)
    ordered = [level for level in (*levels, "T1-T2", "T2-T3") if level in heights]
    first = VERSE[0] + [*levels, "T1-T2", "T2-T3"].index(ordered[0])
    # Neighbours face each other in their joints only; elsewhere there is a disc or a ligament.
    pillar = (np.abs(side) >= 14) & (np.abs(side) <= 28) & (p >= -6) & (p <= 14)
    between = np.zeros(len(s), bool)
    for level in ordered:
        above = s - (heights[level] - np.where(level in levels[:2], 0.0, lower))
        row += above < 0
        between |= ~pillar & (np.abs(above) < 2.5) & (level not in levels[:2])
    if "C1-C2" in heights:
        # The dens stands in the ring of C1.
        dens = (np.abs(side) <= 5.5) & (p <= -4) & (p >= -19) & (s < heights["C1-C2"] + 17)
        above = ordered.index("C1-C2")
        row[dens & (row == above)] += 1
    name = row + first - 1
    name[(row == 0) | (row == len(ordered)) | between] = 0
    labels = np.zeros(grid.shape, np.uint8)
    labels[tuple(index.T)] = name
    for n in np.unique(labels)[1:]:
        pieces, _ = ndimage.label(labels == n)
        largest = int(np.bincount(pieces.ravel())[1:].argmax()) + 1
        labels[(labels == n) & (pieces != largest)] = 0
    return labels, grid


def _straight(neck: Neck, points: np.ndarray) -> np.ndarray:
    """Return points (n, 3) in the straight neck, by the nearest place of its midline."""
    _, n = cKDTree(neck.frame.origins_lps).query(points)
    local = np.einsum("nab,nb->na", neck.frame.axes_lps[n], points - neck.frame.origins_lps[n])
    return np.column_stack([n + local[:, 0], local[:, 1], local[:, 2]])


def bases(data: Path, only: list[str]) -> Iterator[Base]:
    """Yield the necks, those of people first; one whose own map is not taken is said and left."""
    for case in cases(data, only, ["as it is"], cheap=True):
        neck = find_neck(case.ct)
        if neck is None or len({level for level, _ in case.truth}) < 3:
            continue
        labels, grid = cut_into_vertebrae(case.ct, neck, case.truth)
        yield Base(case.name, case.ct, neck, labels, grid, case.truth)
    yield from simulated_bases(only)


def simulated_bases(only: list[str]) -> Iterator[Base]:
    """Yield simulated necks of several builds."""
    from sample_data import NeckParameters
    from tests.facets import label_maps

    for parameters in (
        NeckParameters(seed=301),
        NeckParameters(seed=702, rotation_deg=18.0, tilt_deg=-8.0, size=1.1),
        NeckParameters(seed=703, shape="kyphotic", size=0.88),
        NeckParameters(seed=704, shape="straight", facet_gap_mm=2.4),
    ):
        name = f"simulated {parameters.seed}"
        if not only or any(part in name for part in only):
            yield painted(name, label_maps.neck(parameters))


def painted(name: str, truth) -> Base:
    """Return a simulated neck of tests/facets/label_maps.py."""
    neck = find_neck(truth.ct)
    assert neck is not None
    every = {key: place for key, place in truth.joints.items() if key[0][:2] not in ("C0", "C1")}
    return Base(name, truth.ct, neck, truth.labels("verse"), truth.ct.grid, every)


def main() -> None:
    """Spoil maps, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    done = set()
    if args.out is not None and args.out.is_file():
        done = {(r["neck"], r["n"]) for r in map(json.loads, args.out.read_text().splitlines())}
    # What the CT alone says of a neck is the same for each of its maps.
    own: dict[int, Localisation] = {}

    def once(neck: Neck, _said: object) -> Localisation:
        if id(neck) not in own:
            own[id(neck)] = locate_in(neck)
        return own[id(neck)]

    locate_labelled.locate_in = once
    outcomes: Counter[tuple[str, str]] = Counter()
    each = args.count // 8 + 1
    with tempfile.TemporaryDirectory() as folder:
        for base in bases(args.data, args.only):
            sound = judged(base, Spoilt("sound", base.labels, base.grid), Path(folder))
            if sound["outcome"] == "refused":  # where the ring of C1 was not cut well
                base = replace(base, labels=np.where(base.labels == 1, 0, base.labels))
                sound = judged(base, Spoilt("sound", base.labels, base.grid), Path(folder))
            print(f"{base.name}: its own map is {sound['outcome']} {sound['why']}", flush=True)
            if sound["outcome"] == "refused":
                continue
            for n, spoilt in enumerate(spoilt_maps(base, each)):
                if (base.name, n) in done:
                    continue
                row = judged(base, spoilt, Path(folder))
                outcomes[spoilt.kind, row["outcome"]] += 1
                if row["wrong"]:
                    print(f"  {base.name} {n} {spoilt.kind}: SURE AND WRONG {row['wrong']}")
                if args.out is not None:
                    row |= {"neck": base.name, "n": n, "kind": spoilt.kind}
                    row["harmless"] = spoilt.harmless
                    with args.out.open("a") as file:
                        file.write(json.dumps(row) + "\n")
    kinds = sorted({kind for kind, _ in outcomes})
    words = ("refused", "provisional", "sure and right", "sure and wrong")
    for kind in kinds:
        print(f"{kind:<34}" + "".join(f"{outcomes[kind, word]:>16}" for word in words))
    print(f"{'all':<34}" + "".join(f"{sum(outcomes[k, w] for k in kinds):>16}" for w in words))


if __name__ == "__main__":
    main()
