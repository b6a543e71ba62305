"""Error of ``locate`` on CTs of a neck that shaped neither the template nor the phantom.

Usage: python -m benchmarks.facets.meshes [--cache DIR] [--only NAME …] [--out FILE]

The ArtiSynth meshes (:mod:`benchmarks.meshes`) are voxelised with a cortex of 800 HU about marrow
of 260 HU and scanned in the variants of docs/sources.md#artisynth-meshes: slice
thickness, field, pose, size, noise, density, closed joint spaces, rods with streaks. Skull, ribs
and the vertebrae below C7 are stand-ins, because the meshes end there, so C7-T1 is artificial.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from benchmarks.facets.report import measured, print_tables
from benchmarks.meshes import VERTEBRAE, joint_centers, read_meshes, voxelise
from fusion.facets.automatic.locate import locate
from fusion.geometry import Grid, RigidTransform, Source, Volume

#: Edge of the voxels in which the anatomy is kept, mm, and the box that it fills (LPS mm).
EDGE_MM = 0.8
LOW, HIGH = np.array([-90.0, -70.0, -120.0]), np.array([90.0, 150.0, 110.0])
DENSE_HU, SPONGY_HU, CORTEX_MM = 800.0, 260.0, 1.6
#: Closing that fills the joint spaces, mm.
FUSE_MM = 3.2


@dataclass(frozen=True)
class Variant:
    """How the neck is scanned: slice and pixel size and ends of the field in mm about the neck."""

    name: str
    slice_mm: float = 1.25
    pixel_mm: float = 0.8
    top_mm: float = 110.0
    bottom_mm: float = -95.0
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    bend_deg: float = 0.0
    scale: float = 1.0
    noise_hu: float = 20.0
    osteopenic: bool = False
    closed: bool = False
    rods: bool = False
    feet_first: bool = False


VARIANTS = (
    Variant("1.25 mm"),
    Variant("2.5 mm", slice_mm=2.5),
    Variant("5 mm, feet first", slice_mm=5.0, feet_first=True),
    Variant("no C1 to C3", top_mm=25.0),
    Variant("no T1", bottom_mm=-25.0),
    Variant("neck only", top_mm=75.0, bottom_mm=-58.0),
    Variant("turned", rotation_deg=(8.0, 10.0, 18.0)),
    Variant("turned, 5 mm", slice_mm=5.0, rotation_deg=(-10.0, 6.0, -15.0)),
    Variant("flexed", bend_deg=18.0, slice_mm=2.0),
    Variant("extended", bend_deg=-18.0, slice_mm=2.0),
    Variant("noise 80 HU", noise_hu=80.0),
    Variant("osteopenic", osteopenic=True),
    Variant("joints closed", closed=True),
    Variant("size 0.85, 2.5 mm", scale=0.85, slice_mm=2.5),
    Variant("size 1.12, 3 mm", scale=1.12, slice_mm=3.0),
    Variant("rods, 2 mm", slice_mm=2.0, rods=True),
)


def main() -> None:
    """Run every variant and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="folder that keeps the voxels between runs")
    parser.add_argument("--only", nargs="*", help="names of variants")
    parser.add_argument("--out", type=Path, help="add a line of JSON for each variant to this file")
    args = parser.parse_args()
    results = []
    for variant in VARIANTS:
        if args.only and variant.name not in args.only:
            continue
        ct, truth = scanned(variant, cache=args.cache)
        started = time.process_time()
        found = locate(ct)
        result = measured(variant.name, found, truth, time.process_time() - started)
        results.append(result)
        print(result.line(), flush=True)
        if args.out:
            result.save(args.out, "ArtiSynth", float(ct.grid.spacing_mm.max()))
    print_tables(results)


def scanned(variant: Variant, *, cache: Path | None = None) -> tuple[Volume, dict]:
    """Return the CT of a variant and its true joint centres, (level, side) to (3,) LPS mm."""
    hu = _anatomy(variant.closed, cache)
    truth = joint_centers(read_meshes())
    middle = np.mean(list(truth.values()), axis=0)
    turn = RigidTransform.from_euler(rotation_deg=variant.rotation_deg, center_lps=middle)
    half = 80.0
    counts = np.array(
        [
            int((variant.top_mm - variant.bottom_mm) * variant.scale / variant.slice_mm),
            int(2 * half / variant.pixel_mm),
            int(2 * half / variant.pixel_mm),
        ]
    )
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = variant.slice_mm, variant.pixel_mm, variant.pixel_mm
    affine[:3, 3] = np.add(middle, (-half, -half, variant.bottom_mm * variant.scale))
    affine[3, 3] = 1
    grid = Grid(tuple(int(c) for c in counts), affine, "1.1")
    points = grid.to_lps(np.stack(np.indices(grid.shape), axis=-1))
    source = middle + (turn.inverse().apply(points) - middle) / variant.scale
    source = _bent(source, middle, -variant.bend_deg)
    if variant.slice_mm > 2:
        hu = ndimage.uniform_filter1d(
            hu, max(1, round(variant.slice_mm / EDGE_MM / variant.scale)), axis=0
        )
    index = np.moveaxis((source - LOW) / EDGE_MM, -1, 0)[::-1]
    image = ndimage.map_coordinates(hu, index, order=1, cval=-1000.0, prefilter=False)
    if variant.osteopenic:
        image = np.where(image > 60, 60 + (image - 60) * 0.42, image)
    image += variant.noise_hu * np.random.default_rng(0).normal(size=image.shape)
    placed = {
        key: middle + (turn.apply(_bent(at, middle, variant.bend_deg)) - middle) * variant.scale
        for key, at in truth.items()
    }
    if variant.rods:
        for level in ("C4-C5", "C5-C6"):
            for side in ("left", "right"):
                _add_screw(image, points, placed[level, side])
    stored = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
    if variant.feet_first:
        stored, affine = stored[::-1], affine.copy()
        affine[:3, 3] += affine[:3, 0] * (counts[0] - 1)
        affine[:3, 0] *= -1
        grid = Grid(grid.shape, affine, "1.1")
    origin = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "ArtiSynth")
    return Volume(grid, np.ascontiguousarray(stored), 1.0, 0.0, "HU", origin), placed


def _bent(points: np.ndarray, middle: np.ndarray, angle_deg: float) -> np.ndarray:
    """Bow the neck forwards by an angle from end to end: exact to undo with the angle reversed.

    Sheared along y only, by a parabola in z, so that neither z nor x changes.
    """
    if angle_deg == 0:
        return points
    height = points[..., 2] - middle[2]
    result = points.copy()
    # The slope of the parabola changes by the angle over the 75 mm from C2-C3 to C7-T1.
    result[..., 1] += np.tan(np.radians(angle_deg)) / (2 * 75.0) * height**2
    return result


def _add_screw(image: np.ndarray, points: np.ndarray, at: np.ndarray) -> None:
    offset = points - at
    around = np.hypot(offset[..., 2], offset[..., 0])
    image[(around < 2.2) & (np.abs(offset[..., 1]) < 9)] = 3071
    angle = np.arctan2(offset[..., 1], offset[..., 0])
    radius = np.hypot(offset[..., 1], offset[..., 0])
    height = np.exp(-0.5 * (offset[..., 2] / 3) ** 2)
    image += height * 250 * np.cos(8 * angle) * np.exp(-radius / 40)


def _anatomy(closed: bool, cache: Path | None) -> np.ndarray:
    """Return HU (k, j, i) on the voxels of :data:`LOW` and :data:`EDGE_MM`."""
    path = cache / f"artisynth_hu_{'closed' if closed else 'open'}.npy" if cache else None
    if path and path.exists():
        return np.load(path)
    shape = tuple(((HIGH - LOW) / EDGE_MM).astype(int)[::-1])
    meshes = read_meshes()
    names = (*VERTEBRAE, "t1", "t2", "jaw")
    bones = [voxelise(meshes[name], LOW, EDGE_MM, shape) for name in names]
    if closed:
        spine = np.any(bones[1:-1], axis=0)
        distance = ndimage.distance_transform_edt(~spine) * EDGE_MM
        outer = ndimage.distance_transform_edt(distance <= FUSE_MM / 2) * EDGE_MM
        bones.append((outer > FUSE_MM / 2) & ~spine)
    z, y, x = np.meshgrid(
        *(LOW[a] + EDGE_MM * np.arange(shape[2 - a]) for a in (2, 1, 0)), indexing="ij", sparse=True
    )
    hu, body = _soft(x, y, z, shape)
    for bone in (_skull(meshes["c1"][0], x, y, z), _ribs(meshes, x, y, z, shape)):
        bones.append(bone & body)
    if closed:  # one piece of bone, so that no cortex is left between
        whole = np.any([*bones[1 : len(names) - 1], bones[len(names)]], axis=0)
        bones = [bones[0], bones[len(names) - 1], whole, *bones[-2:]]
    for bone in bones:
        depth = ndimage.distance_transform_edt(bone) * EDGE_MM
        hu[bone] = np.where(depth[bone] <= CORTEX_MM, DENSE_HU, SPONGY_HU)
    hu = ndimage.gaussian_filter(hu, 0.45 / EDGE_MM).astype(np.float32)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, hu)
    return hu


def _soft(x, y, z, shape) -> tuple[np.ndarray, np.ndarray]:
    wide = 75 / (1 + np.exp((z + 80) / 7))  # shoulders
    body = (x / (66 + wide)) ** 2 + ((y - 58) / (64 + 0.2 * wide)) ** 2 < 1
    body = body | ((x / 76) ** 2 + ((y - 40) / 96) ** 2 + ((z - 95) / 84) ** 2 < 1)
    body |= (abs(x) < 52) & (y > -58) & (y < 40) & (z > -8) & (z < 60)
    hu = np.full(shape, -1000, np.float32)
    muscle = ndimage.gaussian_filter(
        np.random.default_rng(2).normal(size=shape).astype(np.float32), 4
    )
    hu[body] = 45 + 22 * (muscle / muscle.std())[body]
    hu[np.broadcast_to(((x / 9) ** 2 + ((y - 18) / 7) ** 2 < 1) & (z < 30), shape)] = -950
    return hu, body


def _skull(atlas: np.ndarray, x, y, z) -> np.ndarray:
    """A shell with a foramen, condyles on the lateral masses of C1, and mastoids."""
    top, middle_y = atlas[:, 2].max(), (atlas[:, 1].min() + atlas[:, 1].max()) / 2
    radius = np.sqrt((x / 70) ** 2 + ((y - middle_y + 22) / 90) ** 2 + ((z - top - 72) / 72) ** 2)
    foramen = (x / 15) ** 2 + ((y - middle_y - 2) / 18) ** 2 < 1
    skull = (radius < 1) & (radius > 0.93) & ~(foramen & (z < top + 40))
    masses = atlas[(np.abs(atlas[:, 0]) > 10) & (np.abs(atlas[:, 0]) < 24)]
    for side in (-1, 1):
        mass = masses[side * masses[:, 0] > 0]
        at = mass[mass[:, 2] > np.quantile(mass[:, 2], 0.9)].mean(axis=0)
        skull |= ((x - at[0]) / 7) ** 2 + ((y - at[1]) / 11) ** 2 + ((z - at[2] - 8) / 7) ** 2 < 1
        skull |= ((x - side * 52) / 11) ** 2 + ((y - middle_y + 10) / 13) ** 2 + (
            (z - top - 6) / 14
        ) ** 2 < 1
    return skull


def _ribs(meshes, x, y, z, shape) -> np.ndarray:
    """Arcs that start at the transverse processes of T1 and T2 and fall forwards."""
    ribs = np.zeros(shape, bool)
    for name, reach in (("t1", 56), ("t2", 70)):
        vertices = meshes[name][0]
        for side in (-1, 1):
            tip = vertices[np.argmax(side * vertices[:, 0])]
            for turn in np.linspace(0, np.pi / 2, 90):
                along = side * (reach * np.sin(turn) - 6)
                at = np.add(tip, (along, -2 - 60 * (1 - np.cos(turn)), 2 - 14 * turn))
                part = tuple(
                    slice(
                        max(0, int((at[a] - 6 - LOW[a]) / EDGE_MM)),
                        max(0, int((at[a] + 6 - LOW[a]) / EDGE_MM)),
                    )
                    for a in (2, 1, 0)
                )
                dz, dy, dx = z[part[0]] - at[2], y[:, part[1]] - at[1], x[:, :, part[2]] - at[0]
                ribs[part] |= dx**2 + dy**2 + (dz / 1.3) ** 2 < 16
    return ribs


if __name__ == "__main__":
    main()
