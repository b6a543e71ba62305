"""Necks after surgery, with bridges of bone, metal, contrast and streaks: what is seen changes.

Joints stay where they were; only what the picture shows there is another thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from scipy import ndimage

from benchmarks.facets.odd_line import Around, Line, Odd, hu_of, noise_of, with_hu
from fusion.anatomy import VERTEBRAE, ZYGAPOPHYSIAL_LEVELS
from fusion.geometry import Grid, Volume

METAL_HU = 8000.0


def joints_closed(case: Odd, level: str, *, foramen: bool) -> Odd:
    """Fuse two vertebrae: no disc, no joint spaces; the foramen narrow, or closed as well."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    here = Around.of(case, line)
    up = here.up(line, level)
    bone = np.maximum(hu, 320 + 40 * noise_of(case.name + level, hu.shape))
    body = (np.hypot(here.aside, here.behind + 16) < 10) & (np.abs(up + 2) < 7)
    pillar = (np.abs(np.abs(here.aside) - 20) < 7) & (np.abs(here.behind) < 8) & (np.abs(up) < 7)
    arch = (np.abs(here.aside) < 14) & (np.abs(here.behind - 17) < 4) & (np.abs(up + 3) < 8)
    filled = body | pillar | arch
    if foramen:
        filled |= (
            (np.abs(np.abs(here.aside) - 13) < 5) & (np.abs(here.behind + 6) < 6) & (np.abs(up) < 8)
        )
    name = f"{level} one block" + (", foramen closed" if foramen else "")
    return with_hu(case, np.where(filled, bone, hu), name)


def bridged(case: Odd) -> Odd:
    """Draw flowing bone in front of all bodies."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    here = Around.of(case, line)
    between = (here.z > line.middles[0][2] - 8) & (here.z < line.middles[-1][2] + 8)
    front = (np.abs(here.aside) < 12) & (np.abs(here.behind + 25) < 4) & between
    return with_hu(case, np.where(front, np.maximum(hu, 450), hu), "bone in front of all bodies")


def ligament(case: Odd) -> Odd:
    """Draw bone along the front of the canal over three levels."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    here = Around.of(case, line)
    between = (here.up(line, "C6-C7") > -6) & (here.up(line, "C3-C4") < 6)
    back = (np.abs(here.aside) < 6) & (np.abs(here.behind + 4) < 3) & between
    return with_hu(case, np.where(back, np.maximum(hu, 500), hu), "bone in the canal's front")


def opened(case: Odd, upper: str, lower: str, *, wide: bool) -> Odd:
    """Take the arches away between two levels; with the joints where wide."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    here = Around.of(case, line)
    between = (here.up(line, upper) < 4) & (here.up(line, lower) > -12)
    half = 34.0 if wide else 13.0
    gone = (
        (np.abs(here.aside) < half)
        & (here.behind > (-4 if wide else 6))
        & (here.behind < 60)
        & between
    )
    soft = 40 + 12 * noise_of(case.name, hu.shape)
    name = f"arches {'and joints ' if wide else ''}taken away {upper} to {lower}"
    return with_hu(case, np.where(gone & (hu > -150), soft, hu), name)


def streaked(case: Odd, hu: np.ndarray, metal: np.ndarray, name: str, strength: float) -> Odd:
    """Add metal and its streaks: dark between two pieces, rays around, in every slice of it."""
    rng = np.random.default_rng(len(name))
    spacing = case.ct.grid.spacing_mm
    jj, ii = np.indices(hu.shape[1:], dtype=np.float32)
    for k in np.flatnonzero(metal.any(axis=(1, 2))):
        labels, count = ndimage.label(metal[k])
        added = np.zeros(hu.shape[1:], np.float32)
        middles = ndimage.center_of_mass(metal[k], labels, range(1, count + 1))
        for row, column in middles:
            y, x = (jj - row) * spacing[1], (ii - column) * spacing[2]
            away, angle = np.hypot(y, x), np.arctan2(y, x)
            rays = sum(
                np.sin(n * angle + phase)
                for n, phase in zip(rng.integers(3, 24, 6), rng.uniform(0, 6.3, 6), strict=True)
            )
            added += strength * rays / (1 + away / 14)
        for (r0, c0), (r1, c1) in pairwise(middles):
            d = np.array([(r1 - r0) * spacing[1], (c1 - c0) * spacing[2]])
            length = float(np.hypot(*d)) or 1.0
            off = ((jj - r0) * spacing[1] * d[1] - (ii - c0) * spacing[2] * d[0]) / length
            along = ((jj - r0) * spacing[1] * d[0] + (ii - c0) * spacing[2] * d[1]) / length
            added -= 2 * strength * ((np.abs(off) < 4) & (along > -20) & (along < length + 20))
        hu[k] += added * (hu[k] > -600)
    hu[metal] = METAL_HU
    return with_hu(case, np.clip(hu, -1024, 12000), name)


def metals(case: Odd) -> Iterator[Odd]:
    """Yield cages, plates, discs, and screws, with streaks."""
    line = Line.of(case.truth)
    here = Around.of(case, line)
    levels = [n for n in ZYGAPOPHYSIAL_LEVELS if n in line.levels]
    hu = hu_of(case.ct)
    for n, level in enumerate(levels):
        up = here.up(line, level) + 2
        disc = (np.abs(here.aside) < 8) & (np.abs(here.behind + 16) < 7) & (np.abs(up) < 3.5)
        if n % 2 == 0:
            yield streaked(case, hu.copy(), disc, f"disc of metal {level}", 150.0)
    for upper, lower in pairwise(levels):
        inside = (here.up(line, upper) < 0) & (here.up(line, lower) > 0)
        body = (np.hypot(here.aside, here.behind + 16) < 8) & inside
        yield streaked(case, hu.copy(), body, f"body of metal {upper} to {lower}", 200.0)
    if len(levels) > 2:
        top, bottom = line.height(levels[1]), line.height(levels[-2])
        inside = (here.z < top + 6) & (here.z > bottom - 6)
        plate = (np.abs(here.aside) < 8) & (np.abs(here.behind + 27) < 1.6) & inside
        for z in np.arange(bottom, top + 1, 9.0):
            screw = (np.abs(np.abs(here.aside) - 5) < 2) & (np.abs(here.behind + 20) < 7)
            plate |= screw & (np.abs(here.z - z) < 2)
        yield streaked(case, hu.copy(), plate, "plate with screws", 150.0)
        screws = np.zeros(hu.shape, bool)
        for upper, lower in pairwise(levels[1:-1]):
            z = (line.height(upper) + line.height(lower)) / 2
            screws |= (
                (np.abs(np.abs(here.aside) - 20 - 0.3 * (2 - here.behind)) < 2)
                & (np.abs(here.behind - 2) < 8) & (np.abs(here.z - z) < 2)
            )  # fmt: skip
        rods = (np.hypot(np.abs(here.aside) - 19, here.behind - 13) < 2.6) & inside
        yield streaked(case, hu.copy(), screws | rods, "screws and rods", 220.0)


def streaks(case: Odd) -> Iterator[Odd]:
    """Yield streaks of shoulders, and of fillings in teeth, over the heights where they are."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    z = Around.of(case, line).z[:, 0, 0]
    inner = hu > -500
    rows = noise_of(case.name + "rows", hu.shape)
    rows = ndimage.gaussian_filter1d(rows, 25, axis=2) * np.sqrt(2 * np.sqrt(np.pi) * 25)
    low, high = line.middles[0][2], line.middles[-1][2]
    for strength in (80.0, 160.0, 260.0):
        ramp = np.clip((low + 28 - z) / 20, 0, 1)[:, None, None].astype(np.float32)
        yield with_hu(case, hu + inner * ramp * strength * rows, f"shoulders {strength:.0f} HU")
    if len(line.levels) > 3:
        for strength in (150.0, 400.0):
            near = np.exp(-0.5 * ((z - high - 8) / 9) ** 2)[:, None, None].astype(np.float32)
            yield with_hu(case, hu + inner * near * strength * rows, f"teeth {strength:.0f} HU")


def limited(case: Odd) -> Iterator[Odd]:
    """Yield values that were clipped, stored in 8 bits, or cut to a circle."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    for low, high in ((-1000, 1000), (-200, 300), (-160, 240), (0, 3000), (-1024, 500)):
        yield with_hu(case, np.clip(hu, low, high), f"{low} to {high} HU")
    for low, high in ((-1000, 1000), (-160, 840), (-500, 1300)):
        grey = np.rint((np.clip(hu, low, high) - low) / (high - low) * 255)
        yield with_hu(case, grey / 255 * (high - low) + low, f"8 bits of {low} to {high} HU")
    here = Around.of(case, line)
    mean_x, mean_y = line.middles[:, 0].mean(), line.middles[:, 1].mean()
    middle = line.at(here.z[:, 0, 0])
    aside = here.aside + (middle[:, 0] - mean_x)[:, None, None]
    behind = here.behind + (middle[:, 1] - mean_y)[:, None, None]
    for radius, outside in ((75.0, -1000), (60.0, -3024), (48.0, -1000), (60.0, 0.0)):
        circle = np.hypot(aside, behind) < radius
        yield with_hu(case, np.where(circle, hu, outside), f"circle {radius:.0f} mm, {outside:.0f}")


def kernels(case: Odd) -> Iterator[Odd]:
    """Yield pictures that are sharper with noise, or softer."""
    hu = hu_of(case.ct)
    noise = noise_of(case.name, hu.shape)
    spacing = case.ct.grid.spacing_mm
    aside = [0.0, *(1.5 / spacing[1:])]
    sharp = hu + 1.2 * (hu - ndimage.gaussian_filter(hu, aside))
    yield with_hu(case, sharp, "sharp")
    yield with_hu(case, sharp + 100 * noise, "sharp, noise 100")
    yield with_hu(case, sharp + 150 * noise, "sharp, noise 150")
    yield with_hu(case, ndimage.gaussian_filter(hu, 1.8 / spacing), "soft, 1.8 mm")
    yield with_hu(case, ndimage.gaussian_filter(hu, 3.0 / spacing), "soft, 3 mm")
    coarse = ndimage.gaussian_filter(noise, 2.0 / spacing)
    yield with_hu(case, hu + 80 * coarse / coarse.std(), "coarse noise 80")
    yield with_hu(case, hu + 40 * coarse / coarse.std(), "coarse noise 40")


def contrasts(case: Odd) -> Iterator[Odd]:
    """Yield contrast in vessels, and in the canal about the cord."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    here = Around.of(case, line)
    aside = np.abs(here.aside)
    vertebral = np.hypot(aside - 15, here.behind + 11) < 2.6
    vertebral = vertebral & (here.z > line.middles[0][2] + 8)
    carotid = np.hypot(aside - 27, here.behind + 30) < 4.5
    jugular = np.hypot(aside - 34, here.behind + 24) < 6.5
    both = (vertebral | carotid | jugular) & (hu > -150)
    for value in (250.0, 450.0):
        yield with_hu(case, np.where(both, np.maximum(hu, value), hu), f"vessels {value:.0f} HU")
    off = np.hypot(here.aside / 1.25, here.behind - 2)
    for value in (250.0, 500.0):
        csf = (off < 8.5) & (off > 4.5) & (hu < 150)
        yield with_hu(case, np.where(csf, value, hu), f"contrast in the canal {value:.0f} HU")
    lung = (here.z < line.middles[0][2] + 25) & (np.abs(here.behind + 45) < 8) & (hu < 150)
    vein = lung & (np.abs(here.aside - 25) < 40)
    filled = np.where(vein & (hu > -150), 2000.0, hu)
    yield with_hu(case, filled, "dense contrast in a vein")


def neighbours(case: Odd) -> Iterator[Odd]:
    """Yield other bone near the neck: raised arms, ribs at other levels, one rib, a second dens."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    here = Around.of(case, line)
    aside = np.abs(here.aside)
    for off in (58.0, 75.0):
        shaft = np.hypot(aside - off, here.behind) < 13
        bone = np.where(np.hypot(aside - off, here.behind) < 8, 100.0, 900.0)
        arms = np.where(shaft, bone, np.where(np.hypot(aside - off, here.behind) < 28, 40.0, hu))
        yield with_hu(case, np.where(aside > 40, arms, hu), f"arms raised, {off:.0f} mm off")
    for level in line.levels[1:4]:
        up = here.up(line, level)
        slope = up + 0.25 * (aside - 20)
        rib = (aside > 18) & (aside < 60) & (np.hypot(slope, here.behind + 2 + 0.1 * aside) < 4.5)
        yield with_hu(case, np.where(rib, 450.0, hu), f"ribs below {level}")
        one = rib & (here.aside > 0)
        yield with_hu(case, np.where(one, 450.0, hu), f"a left rib below {level}")
    if len(line.levels) > 3:
        for level in (line.levels[-2], line.levels[-3]):
            up = here.up(line, level) - 8
            dens = (np.hypot(here.aside, here.behind + 11) < 5) & (np.abs(up) < 9)
            gap = (aside > 5) & (aside < 10) & (np.abs(here.behind + 11) < 7) & (np.abs(up) < 9)
            drawn = np.where(dens, 600.0, np.where(gap, 40.0, hu))
            yield with_hu(case, drawn, f"like a dens above {level}")


def densless(case: Odd) -> Iterator[Odd]:
    """Take the dens away, or C1, break it at its foot, or let it and C1 grow together."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    if "C2-C3" not in line.levels:
        return
    here = Around.of(case, line)
    up = here.up(line, "C2-C3")
    soft = 40 + 12 * noise_of(case.name, hu.shape)
    dens = (np.hypot(here.aside, here.behind + 13) < 9) & (up > 20) & (up < 45) & (hu > 120)
    yield with_hu(case, np.where(dens, soft, hu), "no dens")
    ring = (np.abs(here.aside) < 40) & (np.abs(here.behind) < 40) & (up > 24) & (up < 40)
    yield with_hu(case, np.where(ring & (hu > 120), soft, hu), "no C1")
    foot = (np.hypot(here.aside, here.behind + 13) < 12) & (np.abs(up - 19) < 2) & (hu > 120)
    yield with_hu(case, np.where(foot, soft, hu), "dens broken off")
    joint = (np.abs(here.aside) > 6) & (np.abs(here.aside) < 25) & (np.abs(up - 21) < 5)
    joint = joint & (np.abs(here.behind + 10) < 12)
    yield with_hu(case, np.where(joint, np.maximum(hu, 350), hu), "C1 and C2 grown together")


def dissolved(case: Odd, vertebra: str) -> Odd | None:
    """Take a body and its pedicles away, as a tumour does: soft tissue in their place."""
    hu, line = hu_of(case.ct), Line.of(case.truth)
    n = VERTEBRAE.index(vertebra)
    upper, lower = f"{VERTEBRAE[n - 1]}-{vertebra}", f"{vertebra}-{VERTEBRAE[n + 1]}"
    if upper not in line.levels or lower not in line.levels:
        return None
    here = Around.of(case, line)
    inside = (here.up(line, upper) < -2) & (here.up(line, lower) > 1)
    gone = (np.abs(here.aside) < 19) & (here.behind < 0) & (here.behind > -30) & inside & (hu > 90)
    soft = 50 + 12 * noise_of(case.name + vertebra, hu.shape)
    return with_hu(case, np.where(gone, soft, hu), f"{vertebra} dissolved")


def pictures(case: Odd, kind: str) -> Iterator[Odd]:
    """Yield the cases of a kind."""
    line = Line.of(case.truth)
    levels = [n for n in ZYGAPOPHYSIAL_LEVELS if n in line.levels]
    many = len(levels) > 2
    if kind == "block" and many:
        for level in levels:
            yield joints_closed(case, level, foramen=False)
            yield joints_closed(case, level, foramen=True)
    elif kind == "bridged" and len(levels) > 4:
        yield bridged(case)
        yield ligament(case)
    elif kind == "metal" and many:
        yield from metals(case)
    elif kind == "arches away" and many:
        pairs = [(levels[0], levels[-1]), (levels[1], levels[2])]
        for upper, lower in pairs:
            yield opened(case, upper, lower, wide=False)
            yield opened(case, upper, lower, wide=True)
    elif kind == "dissolved":
        made = (dissolved(case, name) for name in VERTEBRAE[3:8])
        yield from (one for one in made if one is not None)
    elif kind == "streaks":
        yield from streaks(case)
    elif kind == "limited":
        yield from limited(case)
    elif kind == "kernel":
        yield from kernels(case)
    elif kind == "contrast":
        yield from contrasts(case)
    elif kind == "bone beside" and many:
        yield from neighbours(case)
    elif kind == "no dens":
        yield from densless(case)


def cropped_in_z(case: Odd, low_z: float) -> Odd:
    """Let the field end below at a height, mm."""
    grid, ct = case.ct.grid, case.ct
    z = grid.affine[2, 3] + grid.affine[2, 0] * np.arange(grid.shape[0])
    rows = np.flatnonzero(z >= low_z)
    affine = grid.affine.copy()
    affine[:3, 3] = (affine @ [float(rows[0]), 0, 0, 1])[:3]
    stored = np.ascontiguousarray(ct.stored[rows])
    made = Grid(stored.shape, affine, grid.frame_of_reference_uid)
    volume = Volume(made, stored, ct.slope[rows], ct.intercept[rows], ct.unit, ct.source)
    return replace(case, ct=volume)
