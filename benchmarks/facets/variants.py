"""CTs of people whose joints were put by hand, and what is made of them to fool a count of levels.

Each variant carries the truth that goes with it. A vertebra cut out or doubled: the slab between
the heights of two joints; its names are those that counting down from C2 gives. Parts of a vertebra
cut out; fields that begin or end at every level; values shifted, noise, ribs drawn at C7; the
patient tilted and turned; every position on the couch; and a vertebra cut out or doubled with noise
or tilted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from fusion.anatomy import VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.dicom.candidate import read_volume
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import choose_ct
from fusion.geometry import Grid, Volume

#: Kinds of variants, in the order in which they are made.
KINDS = (
    "as it is",
    "cut out",
    "doubled",
    "part cut out",
    "field",
    "shifted",
    "noise",
    "ribs",
    "tilted",
    "position",
    "cut and noise",
    "cut and tilted",
    "cut, ended and tilted",
)
#: HU that is added, and standard deviation of noise, HU.
SHIFTS_HU, NOISES_HU = (-100.0, 60.0, 100.0, 150.0), (40.0, 80.0, 120.0, 160.0, 200.0, 250.0)
#: Turns about x (nodding), y (head to the shoulder) and z, degrees.
TILTS_DEG = (
    (12.0, 0.0, 0.0),
    (-12.0, 0.0, 0.0),
    (24.0, 0.0, 0.0),
    (-24.0, 0.0, 0.0),
    (0.0, 12.0, 0.0),
    (0.0, -12.0, 0.0),
    (0.0, 0.0, 25.0),
    (8.0, -8.0, -15.0),
)
#: Turns about all three at once.
ODD_TILTS_DEG = ((15.0, 5.0, -10.0), (20.0, -10.0, 5.0), (-6.0, 10.0, 20.0), (-18.0, 6.0, 0.0))
#: How the rows, columns and slices of a picture run for each position on the couch: which array
#: axes are exchanged and which are reversed.
POSITIONS = {
    "feet first": ((0, 1, 2), (0,)),
    "prone": ((0, 1, 2), (1, 2)),
    "feet first, prone": ((0, 1, 2), (0, 1, 2)),
    "on the right side": ((0, 2, 1), (1,)),
    "on the left side": ((0, 2, 1), (2,)),
    "sagittal slices": ((2, 0, 1), (1,)),
    "coronal slices": ((1, 0, 2), (1,)),
}
#: Length of a part of a vertebra that is cut out, mm.
PART_MM = 9.0
#: A joint is wholly in view with so much of its pillar to either side, mm: its surfaces are 8 to
#: 13 mm high and lean by half a right angle (docs/sources.md#joint-layout).
WHOLE_JOINT_MM = 6.0
#: What is further than this from the spine, mm, is left out of a CT in the cheap mode.
CHEAP_MM = 115.0

Truth = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class Case:
    """A CT, where its joints are, and which joints the hand was how unsure of, mm.

    ``ambiguous`` marks a neck in which names below a level can be given in two ways (a vertebra
    cut out or doubled): the levels whose names are then only right when they are not called sure.
    ``scanned_mm`` holds how far joints lay from the end of the field before the picture was turned:
    beyond that there is only the air that fills it.
    """

    name: str
    kind: str
    ct: Volume
    truth: Truth
    hand_mm: dict[tuple[str, str], float]
    c2_in_field: bool
    normal: bool = True
    doubtful: frozenset[str] = frozenset()
    scanned_mm: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def cut(self) -> list[str]:
        """Levels that the end of the field cuts, on either side."""
        inside = {
            key: min(self.scanned_mm.get(key, np.inf), inside_mm(self.ct.grid, place))
            for key, place in self.truth.items()
        }
        return sorted({level for (level, _), mm in inside.items() if mm < WHOLE_JOINT_MM})


def inside_mm(grid: Grid, point: np.ndarray) -> float:
    """Return how far a point lies from the nearest face of a grid, mm; below 0 outside."""
    kji = grid.to_kji(point)
    faces = np.minimum(kji + 0.5, np.array(grid.shape) - 0.5 - kji) * grid.spacing_mm
    return float(faces.min())


def cases(data: Path, only: list[str], kinds: list[str], *, cheap: bool = False) -> Iterator[Case]:
    """Yield the CTs, each followed by what is made of it."""
    for entry in json.loads((data / "facets_truth.json").read_text())["cts"]:
        folder = entry["folder"]
        if only and not any(name in folder for name in only):
            continue
        chosen, _ = choose_ct(scan(str(data / folder)))
        ct = read_volume(chosen)
        sides = {"L": "left", "R": "right"}
        joints = [(j["level"], sides[j["side"]], j) for j in entry["joints"]]
        whole = Case(
            folder.split("/")[0].removeprefix("ct_"),
            "as it is",
            ct,
            {(level, side): np.array(j["center_lps"]) for level, side, j in joints},
            {(level, side): j["uncertainty_mm"] for level, side, j in joints},
            entry["dens_tip"] is not None,
        )
        if cheap:
            whole = _cropped(whole)
        for kind in kinds:
            yield from _made(whole, kind, entry)


def _cropped(whole: Case) -> Case:
    """Return a CT without what is far from the spine: the same values, less to look through."""
    places = np.array(list(whole.truth.values()))
    grid = whole.ct.grid
    low, high = places.min(axis=0) - CHEAP_MM, places.max(axis=0) + CHEAP_MM
    corners = np.array([grid.to_kji(low), grid.to_kji(high)])
    first = np.clip(np.floor(corners.min(axis=0)), 0, None).astype(int)
    last = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, grid.shape)
    box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    affine = grid.affine.copy()
    affine[:3, 3] = (affine @ [*first, 1])[:3]
    stored = np.ascontiguousarray(whole.ct.stored[box])
    ct = replace(
        whole.ct,
        grid=Grid(stored.shape, affine, grid.frame_of_reference_uid),
        stored=stored,
        slope=whole.ct.slope[box[0]],
        intercept=whole.ct.intercept[box[0]],
    )
    return replace(whole, ct=ct)


def _made(whole: Case, kind: str, entry: dict) -> Iterator[Case]:
    if kind == "as it is":
        yield whole
    elif kind in ("cut out", "doubled"):
        for vertebra in VERTEBRAE[3:8]:
            yield from _recut(whole, vertebra, doubled=kind == "doubled")
    elif kind == "part cut out":
        yield from _parts_cut(whole)
    elif kind == "field":
        yield from _fields(whole)
    elif kind == "shifted":
        for hu in SHIFTS_HU:
            ct = replace(whole.ct, intercept=whole.ct.intercept + hu)
            name = f"{whole.name} {hu:+.0f} HU"
            yield replace(whole, name=name, kind=kind, ct=ct, normal=abs(hu) < 45)
    elif kind == "noise":
        for hu in NOISES_HU:
            yield replace(_noisy(whole, hu), kind=kind, normal=hu <= 80)
    elif kind == "ribs":
        yield from _ribbed(whole, entry)
    elif kind == "tilted":
        for angles in TILTS_DEG:
            yield replace(_turned(whole, angles), kind=kind)
    elif kind == "position":
        for name, (order, reversed_axes) in POSITIONS.items():
            ct = _laid(whole.ct, order, reversed_axes)
            yield replace(whole, name=f"{whole.name} {name}", kind=kind, ct=ct)
    else:
        yield from _cut_and(whole, kind, entry)


def _cut_and(whole: Case, kind: str, entry: dict) -> Iterator[Case]:
    """Cut a vertebra out or double it, and then do something else to the picture."""
    for case in (*_made(whole, "cut out", entry), *_made(whole, "doubled", entry)):
        if kind == "cut and noise":
            made = [_noisy(case, 80.0)]
        elif kind == "cut and tilted":
            made = [_turned(case, TILTS_DEG[-1])]
        else:
            made = [_turned(_ended(case), angles) for angles in ODD_TILTS_DEG]
        yield from (replace(one, kind=kind, normal=False) for one in made)


def _noisy(case: Case, hu: float) -> Case:
    rng = np.random.default_rng(int(hu))
    noise = rng.normal(0, hu / float(case.ct.slope[0]), case.ct.stored.shape)
    ct = replace(case.ct, stored=np.rint(case.ct.stored + noise).astype(np.int16))
    return replace(case, name=f"{case.name} noise {hu:.0f}", ct=ct)


def _turned(case: Case, angles_deg: tuple[float, float, float]) -> Case:
    """Turn the patient about the middle of the joints; the field stays, air fills what was none."""
    middle = np.mean(list(case.truth.values()), axis=0)
    turn = Rotation.from_euler("xyz", angles_deg, degrees=True)
    grid, ct = case.ct.grid, case.ct
    air = (-1000.0 - float(ct.intercept[0])) / float(ct.slope[0])
    # Voxel to voxel: where in the old picture each voxel of the new one was.
    back = np.eye(4)
    back[:3, :3] = turn.inv().as_matrix()
    back[:3, 3] = middle - back[:3, :3] @ middle
    voxels = np.linalg.inv(grid.affine) @ back @ grid.affine
    stored = ndimage.affine_transform(
        ct.stored.astype(np.float32), voxels[:3, :3], voxels[:3, 3], order=1, cval=air
    )
    truth = {key: middle + turn.apply(point - middle) for key, point in case.truth.items()}
    # What the turn brings out of the field is no joint of this CT any more.
    truth = {key: point for key, point in truth.items() if grid.contains(point)}
    name = f"{case.name} turned {'/'.join(f'{a:.0f}' for a in angles_deg)}"
    made = replace(ct, stored=np.rint(stored).astype(np.int16))
    before = {key: inside_mm(grid, point) for key, point in case.truth.items()}
    return replace(case, name=name, ct=made, truth=truth, scanned_mm=before)


def _laid(ct: Volume, order: tuple[int, ...], reversed_axes: tuple[int, ...]) -> Volume:
    """Return the same voxels in another order: the patient lies otherwise, his anatomy does not."""
    affine = ct.grid.affine[:, [*order, 3]].copy()
    stored = np.transpose(ct.stored, order)
    for axis in reversed_axes:
        affine[:3, 3] += affine[:3, axis] * (stored.shape[axis] - 1)
        affine[:3, axis] *= -1
        stored = np.flip(stored, axis)
    grid = Grid(stored.shape, affine, ct.grid.frame_of_reference_uid)
    count = stored.shape[0]
    return Volume(
        grid, np.ascontiguousarray(stored), np.repeat(ct.slope[0], count),
        np.repeat(ct.intercept[0], count), ct.unit, ct.source,
    )  # fmt: skip


def _parts_cut(whole: Case) -> Iterator[Case]:
    """Cut a part of a vertebra out, at every level: the slab below the height of its joint."""
    z, order = _slices(whole)
    step = float(np.diff(z).mean())
    for level in ZYGAPOPHYSIAL_LEVELS:
        height = _height(whole.truth, level)
        if height is None or not z[0] + 3 * PART_MM < height:
            continue
        slab = (z < height - 2) & (z >= height - 2 - PART_MM)
        moved = slab.sum() * step
        truth = {
            key: point - np.array([0, 0, moved if point[2] > height - 2 - PART_MM else 0])
            for key, point in whole.truth.items()
        }
        yield replace(
            whole,
            name=f"{whole.name} {moved:.0f} mm below {level} cut out",
            kind="part cut out",
            ct=_stacked(whole.ct, order[np.flatnonzero(~slab)], float(z[0])),
            truth=truth,
            normal=False,
        )


def _height(truth: Truth, level: str) -> float | None:
    z = [p[2] for (name, _), p in truth.items() if name == level]
    return float(np.mean(z)) if z else None


def _slices(whole: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of every slice in z, mm, and its row, from the lowest to the highest."""
    grid = whole.ct.grid
    z = np.array([(grid.affine @ [k, 0, 0, 1])[2] for k in range(grid.shape[0])])
    order = np.argsort(z)
    return z[order], order


def _stacked(ct: Volume, rows: np.ndarray, bottom_z: float) -> Volume:
    """Return a CT of some of the slices, ascending, the lowest at a place in z."""
    affine = ct.grid.affine.copy()
    step = abs(affine[2, 0])
    start = ct.grid.affine @ [float(rows[0]), 0, 0, 1]
    affine[:, 0] = [0, 0, step, 0]
    affine[:3, 3] = start[:3]
    affine[2, 3] = bottom_z
    grid = Grid((len(rows), *ct.grid.shape[1:]), affine, ct.grid.frame_of_reference_uid)
    return Volume(
        grid, np.ascontiguousarray(ct.stored[rows]), ct.slope[rows], ct.intercept[rows], ct.unit,
        ct.source,
    )  # fmt: skip


def _recut(whole: Case, vertebra: str, *, doubled: bool) -> Iterator[Case]:
    n = VERTEBRAE.index(vertebra)
    above, below = f"{VERTEBRAE[n - 1]}-{vertebra}", f"{vertebra}-{VERTEBRAE[n + 1]}"
    top, bottom = _height(whole.truth, above), _height(whole.truth, below)
    if top is None or bottom is None:
        return
    z, order = _slices(whole)
    slab = (z > bottom) & (z <= top)
    rows = np.arange(len(z))
    kept = np.concatenate([rows[z <= top], rows[slab], rows[z > top]]) if doubled else rows[~slab]
    step = float(np.diff(z).mean())
    moved = slab.sum() * step * (1 if doubled else -1)
    # What lies above the slab keeps its place in the body below; the stack goes on from the bottom.
    ct = _stacked(whole.ct, order[kept], float(z[0]))
    truth, hand = {}, {}
    # Across the cut the neck is not one smooth curve; what the truth is there, follows the names
    # that counting down from C2 gives, or up from the ribs when C2 is not in the field.
    at = ZYGAPOPHYSIAL_LEVELS.index(above)
    count = 1 if doubled else -1
    for (level, side), point in whole.truth.items():
        index = ZYGAPOPHYSIAL_LEVELS.index(level)
        if index <= at:
            new_level, place = level, point + np.array([0, 0, moved])
        else:
            if index + count >= len(ZYGAPOPHYSIAL_LEVELS):
                continue
            new_level, place = ZYGAPOPHYSIAL_LEVELS[index + count], point
        if not doubled and index == at + 1:
            continue  # the two cut faces are one joint: that above the slab
        truth[new_level, side] = place
        hand[new_level, side] = whole.hand_mm[level, side]
    if doubled:
        for side in ("left", "right"):
            if (below, side) in whole.truth and (above, side) in whole.truth:
                truth[below, side] = whole.truth[above, side]
                hand[below, side] = whole.hand_mm[above, side]
    yield replace(
        whole,
        name=f"{whole.name} {vertebra} {'doubled' if doubled else 'cut out'}",
        kind="doubled" if doubled else "cut out",
        ct=ct,
        truth=truth,
        hand_mm=hand,
        normal=False,
    )


def _fields(whole: Case) -> Iterator[Case]:
    z, order = _slices(whole)
    levels = [n for n in ZYGAPOPHYSIAL_LEVELS if _height(whole.truth, n) is not None]
    for upper, lower in pairwise(levels):
        middle = (_height(whole.truth, upper) + _height(whole.truth, lower)) / 2  # type: ignore[operator]
        for end, rows in (("down to", z > middle), ("up to", z < middle)):
            if rows.sum() * float(np.diff(z).mean()) < 40:
                continue
            truth = {
                key: p for key, p in whole.truth.items() if (p[2] > middle) == (end == "down to")
            }
            vertebra = upper.split("-")[1]
            yield replace(
                whole,
                name=f"{whole.name} {end} {vertebra}",
                kind="field",
                ct=_stacked(whole.ct, order[rows], float(z[rows][0])),
                truth=truth,
                c2_in_field=whole.c2_in_field and end == "down to",
            )


def _ended(case: Case) -> Case:
    """Let the field end 1 mm below the lowest joint."""
    z, order = _slices(case)
    rows = z >= min(point[2] for point in case.truth.values()) - 1.0
    ct = _stacked(case.ct, order[rows], float(z[rows][0]))
    return replace(case, name=f"{case.name} to the last joint", ct=ct)


def _ribbed(whole: Case, entry: dict) -> Iterator[Case]:
    """Draw a pair of ribs at C7: arcs of bone from beside its body outwards and forwards."""
    if "C7" not in entry["bodies"] or _height(whole.truth, "C7-T1") is None:
        return
    body = np.array(entry["bodies"]["C7"]["center_lps"])
    ct = whole.ct
    stored = ct.stored.copy()
    for sign in (1, -1):
        angle = np.linspace(0, np.pi * 0.75, 400)
        x = body[0] + sign * (14 + 38 * np.sin(angle))
        y = body[1] + 10 - 40 * (1 - np.cos(angle)) / 2
        height = body[2] - 14 * angle / angle[-1]
        points = np.stack([x, y, height], axis=1)
        kji = ct.grid.to_kji(points)
        spacing = ct.grid.spacing_mm
        reach = np.ceil(5.0 / spacing).astype(int)
        offsets = np.stack(
            np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1
        ).reshape(-1, 3)
        near = np.linalg.norm(offsets * spacing, axis=1)
        for shell, hu in ((near <= 4.5, 500.0), (near <= 2.8, 200.0)):
            index = (np.rint(kji)[:, None] + offsets[shell]).reshape(-1, 3).astype(int)
            inside = ((index >= 0) & (index < ct.grid.shape)).all(axis=1)
            k, j, i = index[inside].T
            stored[k, j, i] = ((hu - ct.intercept[k]) / ct.slope[k]).astype(stored.dtype)
    yield replace(
        whole,
        name=f"{whole.name} ribs at C7",
        kind="ribs",
        ct=replace(ct, stored=stored),
        normal=False,
    )
