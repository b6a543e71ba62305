"""Necks bent, turned, scaled, mirrored, moved, cut and put together: where things lie changes.

Every change carries the true joints, and the places that a reader would click on, with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy import ndimage

from benchmarks.facets.odd_line import BODY_P_MM, Line, Odd, axes, hu_of, with_hu
from fusion.anatomy import VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.geometry import Grid, Volume

#: Points (n, 3) LPS mm to where they were before (or are afterwards).
Map = Callable[[np.ndarray], np.ndarray]
AIR_HU = -1000.0
#: Slices that are looked at in one go when a picture is warped.
_BLOCK = 16


def warped(case: Odd, back: Map, forth: Map, name: str) -> Odd:
    """Return a case whose picture is that of the old one at other points."""
    grid, hu = case.ct.grid, hu_of(case.ct)
    result = np.empty_like(hu)
    j, i = np.meshgrid(np.arange(grid.shape[1]), np.arange(grid.shape[2]), indexing="ij")
    for first in range(0, grid.shape[0], _BLOCK):
        k = np.arange(first, min(first + _BLOCK, grid.shape[0]))
        kji = np.stack(np.broadcast_arrays(k[:, None, None], j[None], i[None]), axis=-1).reshape(
            -1, 3
        )
        old = grid.to_kji(back(grid.to_lps(kji)))
        block = ndimage.map_coordinates(hu, old.T, order=1, cval=AIR_HU)
        result[k] = block.reshape(len(k), *grid.shape[1:])
    moved = {key: forth(p[None])[0] for key, p in case.truth.items()}
    check = np.array(
        [np.linalg.norm(back(moved[key][None])[0] - p) for key, p in case.truth.items()]
    )
    assert check.max() < 0.3, f"{name}: the two maps differ by {check.max():.1f} mm"
    clicks = {key: forth(p[None])[0] for key, p in case.clicks.items()}
    made = with_hu(case, result, name)
    return within(replace(made, truth=moved, clicks=clicks))


def within(case: Odd) -> Odd:
    """Return a case without the joints and places that its field does not hold."""
    truth = {key: p for key, p in case.truth.items() if case.ct.grid.contains(p)}
    clicks = {key: p for key, p in case.clicks.items() if case.ct.grid.contains(p)}
    return replace(case, truth=truth, clicks=clicks)


def arc(case: Odd, axis: int, degrees: float, low_z: float, high_z: float, name: str) -> Odd:
    """Bend the neck along an arc between two heights; what lies above goes on straight."""
    turn, length = np.radians(degrees), high_z - low_z
    radius = length / turn
    x, y = Line.of(case.truth).at(low_z)[0]
    middle = (x, y + BODY_P_MM / 2)[axis]

    def forth(points: np.ndarray) -> np.ndarray:
        result = points.astype(float).copy()
        up, aside = points[:, 2] - low_z, points[:, axis] - middle
        angle = np.clip(up, 0, length) / radius
        beyond = np.clip(up - length, 0, None)
        far = radius - aside
        bent = up > 0
        side = radius - far * np.cos(angle) + beyond * np.sin(angle)
        top = far * np.sin(angle) + beyond * np.cos(angle)
        result[:, axis] = np.where(bent, middle + side, points[:, axis])
        result[:, 2] = np.where(bent, low_z + top, points[:, 2])
        return result

    def back(points: np.ndarray) -> np.ndarray:
        result = points.astype(float).copy()
        up, aside = points[:, 2] - low_z, points[:, axis] - middle
        sign = np.sign(radius)
        angle = np.arctan2(sign * up, sign * (radius - aside))
        inside = (angle * sign > 0) & (np.abs(angle) <= abs(turn)) & (up > 0)
        far = sign * np.hypot(up, radius - aside)
        beyond_aside = aside - radius * (1 - np.cos(turn))
        beyond_up = up - radius * np.sin(turn)
        along = beyond_up * np.cos(turn) + beyond_aside * np.sin(turn)
        off = beyond_aside * np.cos(turn) - beyond_up * np.sin(turn)
        bent = up > 0
        side = np.where(inside, radius - far, off)
        top = np.where(inside, radius * angle, length + along)
        result[:, axis] = np.where(bent, middle + side, points[:, axis])
        result[:, 2] = np.where(bent, low_z + top, points[:, 2])
        return result

    return warped(case, back, forth, name)


def twisted(case: Odd, degrees: float, low_z: float, high_z: float, name: str) -> Odd:
    """Turn the neck about its canal, all the more the higher, between two heights."""
    line = Line.of(case.truth)

    def turned(points: np.ndarray, sign: float) -> np.ndarray:
        share = np.clip((points[:, 2] - low_z) / (high_z - low_z), 0, 1)
        angle = sign * np.radians(degrees) * share
        middle = line.at(points[:, 2])
        off = points[:, :2] - middle
        cos, sin = np.cos(angle), np.sin(angle)
        result = points.astype(float).copy()
        result[:, 0] = middle[:, 0] + cos * off[:, 0] - sin * off[:, 1]
        result[:, 1] = middle[:, 1] + sin * off[:, 0] + cos * off[:, 1]
        return result

    return warped(case, lambda p: turned(p, -1), lambda p: turned(p, 1), name)


def sheared(case: Odd, axis: int, by: Callable[[np.ndarray], np.ndarray], name: str) -> Odd:
    """Move every height aside along an axis, mm."""

    def moved(points: np.ndarray, sign: float) -> np.ndarray:
        result = points.astype(float).copy()
        result[:, axis] += sign * by(points[:, 2])
        return result

    return warped(case, lambda p: moved(p, -1), lambda p: moved(p, 1), name)


def scaled(case: Odd, factors: tuple[float, float, float], name: str) -> Odd:
    """Make the patient smaller or larger: the same voxels, nearer or further from each other."""
    grid, ct = case.ct.grid, case.ct
    size = np.diag([*factors, 1.0])
    made = Grid(grid.shape, size @ grid.affine, grid.frame_of_reference_uid)
    ct = Volume(made, ct.stored, ct.slope, ct.intercept, ct.unit, ct.source)
    points = np.asarray(factors)
    return replace(
        case,
        name=f"{case.name} {name}",
        ct=ct,
        truth={key: p * points for key, p in case.truth.items()},
        clicks={key: p * points for key, p in case.clicks.items()},
        wrong_mm=case.wrong_mm * min(1.0, *factors),
        hand_mm={key: mm * max(1.0, *factors) for key, mm in case.hand_mm.items()},
    )


def mirrored(case: Odd, low_z: float, high_z: float, name: str) -> Odd:
    """Exchange left and right between two heights, about the middle of the neck there."""
    line = Line.of(case.truth)
    inside = [p for p in line.middles if low_z <= p[2] <= high_z]
    middle = float(np.mean([p[0] for p in inside or line.middles]))

    def turned(points: np.ndarray) -> np.ndarray:
        result = points.astype(float).copy()
        there = (points[:, 2] >= low_z) & (points[:, 2] <= high_z)
        result[:, 0] = np.where(there, 2 * middle - points[:, 0], points[:, 0])
        return result

    made = warped(case, turned, turned, name)
    other = {"left": "right", "right": "left"}

    def side(key: tuple[str, str], old: np.ndarray) -> tuple[str, str]:
        return (key[0], other[key[1]]) if low_z <= old[2] <= high_z else key

    truth = {side(key, case.truth[key]): p for key, p in made.truth.items()}
    hand = {side(key, case.truth[key]): mm for key, mm in case.hand_mm.items() if key in case.truth}
    return replace(made, truth=truth, hand_mm=hand)


def moved_halfway(case: Odd, z: float, by: tuple[float, float], name: str) -> Odd:
    """Let the patient move once: what lies below a height is displaced aside and backwards."""

    def moved(points: np.ndarray, sign: float) -> np.ndarray:
        result = points.astype(float).copy()
        result[:, :2] += sign * np.asarray(by) * (points[:, 2] < z)[:, None]
        return result

    return warped(case, lambda p: moved(p, -1), lambda p: moved(p, 1), name)


def stepped(case: Odd, z: float, by_mm: float, name: str) -> Odd:
    """Let the patient move along the table once: part is there twice, or is missing (by < 0).

    The truth of the upper part moves with it.
    """
    grid, hu = case.ct.grid, hu_of(case.ct)
    _, _, heights = axes(grid)
    old = np.where(heights > z + max(by_mm, 0.0), heights - by_mm, heights)
    old = np.where((heights > z) & (heights <= z + max(by_mm, 0.0)), heights - by_mm, old)
    at = (old - heights[0]) / (heights[1] - heights[0])
    low = np.clip(np.floor(at).astype(int), 0, len(heights) - 2)
    share = (at - low).astype(np.float32)[:, None, None]
    result = (1 - share) * hu[low] + share * hu[low + 1]
    result[(at < 0) | (at > len(heights) - 1)] = AIR_HU

    def moved(p: np.ndarray) -> np.ndarray:
        return p + np.array([0, 0, by_mm if p[2] > z + min(by_mm, 0.0) else 0.0])

    made = with_hu(case, result, name)
    # What was cut away has no place any more.
    gone = {key for key, p in case.truth.items() if by_mm < 0 and z + by_mm < p[2] <= z}
    return within(
        replace(
            made,
            truth={key: moved(p) for key, p in case.truth.items() if key not in gone},
            clicks={key: moved(p) for key, p in case.clicks.items()},
        )
    )


def resliced(case: Odd, spacing_mm: tuple[float, float, float], name: str) -> Odd:
    """Lay the picture anew in voxels of another size (k, j, i), averaged where they are larger."""
    grid, hu = case.ct.grid, hu_of(case.ct)
    step = np.asarray(spacing_mm) / grid.spacing_mm
    blurred = ndimage.gaussian_filter(hu, np.where(step > 1, 0.42 * step, 0.0))
    shape = tuple(int(n) for n in np.maximum(np.floor((np.array(grid.shape) - 1) / step), 1) + 1)
    affine = grid.affine.copy()
    affine[:3, :3] = affine[:3, :3] * step
    result = ndimage.affine_transform(blurred, step, output_shape=shape, order=1, cval=AIR_HU)
    made = Grid(shape, affine, grid.frame_of_reference_uid)
    return within(with_hu(case, result, name, made))


def every_other_slice(case: Odd, step: int, name: str) -> Odd:
    """Leave slices out evenly: thin slices, far from each other."""
    grid, hu = case.ct.grid, hu_of(case.ct)
    affine = grid.affine.copy()
    affine[:3, 0] *= step
    thin = np.ascontiguousarray(hu[::step])
    made = Grid(thin.shape, affine, grid.frame_of_reference_uid)
    return within(with_hu(case, thin, name, made))


def cropped(
    case: Odd,
    name: str,
    *,
    x: tuple[float, float] = (-np.inf, np.inf),
    y: tuple[float, float] = (-np.inf, np.inf),
) -> Odd:
    """Let the field end aside, in front or behind."""
    grid = case.ct.grid
    xs, ys, _ = axes(grid)
    i = np.flatnonzero((xs >= x[0]) & (xs <= x[1]))
    j = np.flatnonzero((ys >= y[0]) & (ys <= y[1]))
    hu = np.ascontiguousarray(hu_of(case.ct)[:, j[0] : j[-1] + 1, i[0] : i[-1] + 1])
    affine = grid.affine.copy()
    affine[:3, 3] = (affine @ [0, j[0], i[0], 1])[:3]
    made = Grid(hu.shape, affine, grid.frame_of_reference_uid)
    return within(with_hu(case, hu, name, made))


def joined(upper: Odd, lower: Odd, above: str, below: str) -> Odd | None:
    """Put the neck of one patient on the trunk of another, at a joint of each.

    Names are those that counting down from C2 gives: the joint ``above`` is the last of the upper
    patient, and what follows in the lower one below ``below`` are the next.
    """
    top, bottom = Line.of(upper.truth), Line.of(lower.truth)
    if above not in top.levels or below not in bottom.levels:
        return None
    z_top, z_bottom = top.height(above), bottom.height(below)
    grid, hu = upper.ct.grid, hu_of(upper.ct)
    _, _, heights = axes(grid)
    ascending = heights[1] > heights[0]
    step = abs(heights[1] - heights[0])
    length = z_bottom - float(np.min(axes(lower.ct.grid)[2]))
    count = int(length / step)
    under = z_top - 2.0 - step * np.arange(1, count + 1)
    kept = heights > z_top - 2.0
    shift = lower_shift(top, bottom, z_top, z_bottom)
    x, y, _ = axes(grid)
    points = (
        np.stack(
            np.broadcast_arrays(x[None, None, :], y[None, :, None], under[:, None, None]), axis=-1
        ).reshape(-1, 3)
        - shift
    )
    old = lower.ct.grid.to_kji(points)
    added = ndimage.map_coordinates(hu_of(lower.ct), old.T, order=1, cval=AIR_HU)
    added = added.reshape(count, *grid.shape[1:])
    own = hu[kept] if ascending else hu[kept][::-1]
    result = np.concatenate([added[::-1], own])
    affine = grid.affine.copy()
    affine[:3, 0] = [0, 0, step]
    affine[2, 3] = under[-1]
    made = Grid(result.shape, affine, grid.frame_of_reference_uid)
    at, first = ZYGAPOPHYSIAL_LEVELS.index(above), ZYGAPOPHYSIAL_LEVELS.index(below)
    truth = {k: p for k, p in upper.truth.items() if ZYGAPOPHYSIAL_LEVELS.index(k[0]) <= at}
    clicks = {k: p for k, p in upper.clicks.items() if VERTEBRAE.index(k) <= at + 2}
    hand = dict(upper.hand_mm)
    for (level, side), p in lower.truth.items():
        row = ZYGAPOPHYSIAL_LEVELS.index(level) - first + at
        if row > at and row < len(ZYGAPOPHYSIAL_LEVELS):
            truth[ZYGAPOPHYSIAL_LEVELS[row], side] = p + shift
            hand[ZYGAPOPHYSIAL_LEVELS[row], side] = lower.hand_mm[level, side]
    name = f"down to {above}, {lower.name} from {below}"
    return within(
        replace(with_hu(upper, result, name, made), truth=truth, clicks=clicks, hand_mm=hand)
    )


def lower_shift(top: Line, bottom: Line, z_top: float, z_bottom: float) -> np.ndarray:
    """Return what moves the lower patient under the upper one, mm."""
    one, other = top.at(z_top)[0], bottom.at(z_bottom)[0]
    return np.array([one[0] - other[0], one[1] - other[1], z_top - z_bottom])


def filled(case: Odd, z: float, length_mm: float, name: str, *, copies: bool) -> Odd:
    """Replace slices below a height: by what lies between their neighbours, or by the last one."""
    grid, hu = case.ct.grid, hu_of(case.ct)
    _, _, heights = axes(grid)
    gap = np.flatnonzero((heights < z) & (heights > z - length_mm))
    if not len(gap) or gap[0] == 0 or gap[-1] == len(heights) - 1:
        return replace(case, name=f"{case.name} {name}")
    first, last = gap[0] - 1, gap[-1] + 1
    share = np.zeros(len(gap)) if copies else (gap - first) / (last - first)
    share = share.astype(np.float32)[:, None, None]
    hu[gap] = (1 - share) * hu[first] + share * hu[last]
    return with_hu(case, hu, name)


def sizes(case: Odd) -> Iterator[Odd]:
    """Yield smaller and larger patients."""
    for factor in (0.75, 0.85, 1.15, 1.25):
        yield scaled(case, (factor,) * 3, f"size {factor}")
    for factor in (0.8, 1.2):
        yield scaled(case, (1.0, 1.0, factor), f"height {factor}")


def mirrors(case: Odd) -> Iterator[Odd]:
    """Yield necks with left and right exchanged, in whole or in part."""
    line = Line.of(case.truth)
    yield mirrored(case, -1e6, 1e6, "mirrored")
    if len(line.levels) > 2:
        middle = float(line.middles[len(line.levels) // 2][2]) + 4
        yield mirrored(case, -1e6, middle, "mirrored below the middle")
        yield mirrored(case, middle - 4, middle + 36, "mirrored in a slab")


def bends(case: Odd) -> Iterator[Odd]:
    """Yield necks that are bent over their length, and at one level."""
    line = Line.of(case.truth)
    if len(line.levels) < 3:
        return
    low, high = float(line.middles[0][2]), float(line.middles[-1][2])
    for axis, way in ((0, "aside"), (1, "to the back or front")):
        for degrees in (25.0, -25.0):
            yield arc(case, axis, degrees, low, high, f"bent {way} by {degrees:.0f}")
    for n in range(1, len(line.levels), 2):
        z = float(line.middles[n][2])
        yield arc(case, 1, -22.0, z - 8, z + 8, f"kinked forwards at {line.levels[n]}")
        yield arc(case, 0, 20.0, z - 8, z + 8, f"kinked aside at {line.levels[n]}")


def twists(case: Odd) -> Iterator[Odd]:
    """Yield necks that are twisted, with the head turned, leaning, and S-shaped."""
    line = Line.of(case.truth)
    if len(line.levels) < 3:
        return
    low, high = float(line.middles[0][2]), float(line.middles[-1][2])
    for degrees in (30.0, -30.0):
        yield twisted(case, degrees, low, high, f"twisted by {degrees:.0f}")
    yield twisted(case, 40.0, high + 12, high + 28, "head turned 40")
    for tangent in (0.36, -0.36, 0.5):
        name = f"leaning by {np.degrees(np.arctan(tangent)):.0f}"
        yield sheared(case, 0, lambda z, t=tangent: t * (z - low), name)  # type: ignore[misc]
    yield sheared(case, 0, lambda z: 12 * np.sin((z - low) / (high - low) * 2 * np.pi), "S-shaped")


def motions(case: Odd) -> Iterator[Odd]:
    """Yield patients who moved once: aside, backwards, along the table."""
    line = Line.of(case.truth)
    for n in range(0, len(line.levels), 2):
        z, level = float(line.middles[n][2]), line.levels[n]
        for by in ((7.0, 0.0), (0.0, 8.0)):
            yield moved_halfway(case, z + 5, by, f"moved {by} at {level}")
        for by_mm in (5.0, 10.0, -5.0, -10.0):
            yield stepped(case, z + 6, by_mm, f"moved {by_mm:+.0f} along at {level}")


def gaps(case: Odd) -> Iterator[Odd]:
    """Yield stacks in which missing slices were made up."""
    line = Line.of(case.truth)
    for n in range(0, len(line.levels), 2):
        z, level = float(line.middles[n][2]), line.levels[n]
        yield filled(case, z + 14, 11.0, f"11 mm between slices above {level}", copies=False)
        yield filled(case, z + 5, 16.0, f"16 mm between slices at {level}", copies=False)
        yield filled(case, z + 5, 16.0, f"16 mm of one slice at {level}", copies=True)


def slices(case: Odd) -> Iterator[Odd]:
    """Yield the same in voxels of other sizes."""
    edge = case.ct.grid.spacing_mm
    yield resliced(case, (5.0, edge[1], edge[2]), "5 mm slices")
    yield resliced(case, (5.0, 2.5, 2.5), "5 mm slices, 2.5 mm pixels")
    yield resliced(case, (1.0, edge[1], edge[2]), "1 mm between slices")
    yield resliced(case, (2.0, 2.0, 2.0), "cubes of 2 mm")
    step = max(round(5.0 / edge[0]), 2)
    yield every_other_slice(case, step, f"every slice no. {step}")


def crops(case: Odd) -> Iterator[Odd]:
    """Yield fields that end aside, in front of the canal, or behind it."""
    line = Line.of(case.truth)
    x = float(line.middles[:, 0].mean())
    front, back = line.middles[:, 1].min(), line.middles[:, 1].max()
    yield cropped(case, "right pillars outside", x=(x - 12, np.inf))
    yield cropped(case, "left pillars outside", x=(-np.inf, x + 12))
    yield cropped(case, "right pillars cut", x=(x - 22, np.inf))
    yield cropped(case, "40 mm wide", x=(x - 40, x + 40))
    yield cropped(case, "behind cut", y=(-np.inf, back + 12))
    yield cropped(case, "bodies cut", y=(front - 14, np.inf))


def joins(case: Odd, others: list[Odd]) -> Iterator[Odd]:
    """Yield the upper neck on the trunks of others, at the same joint, one further, one back."""
    for lower in others:
        if lower.name == case.name:
            continue
        for above, below in (
            ("C4-C5", "C4-C5"), ("C4-C5", "C5-C6"), ("C5-C6", "C4-C5"),
            ("C5-C6", "C6-C7"), ("C6-C7", "C5-C6"), ("C3-C4", "C4-C5"),
        ):  # fmt: skip
            made = joined(case, lower, above, below)
            if made is not None:
                yield made


#: Kinds of changes, by name.
SHAPES: dict[str, Callable[[Odd], Iterator[Odd]]] = {
    "scaled": sizes,
    "mirrored": mirrors,
    "bent": bends,
    "twisted": twists,
    "moved": motions,
    "filled": gaps,
    "resliced": slices,
    "cut aside": crops,
}
