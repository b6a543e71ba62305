"""A neck that did not shape the phantom: CT and uptake from the ArtiSynth meshes.

Meshes, voxels and the truth of the joints are those of :mod:`benchmarks.meshes`; skull, shoulders
and the spine below C7 are stand-ins, because the meshes end there. A cortex and body ellipsoids:
docs/sources.md#artisynth-meshes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from benchmarks.meshes import LEVELS, SIDES, VERTEBRAE, joint_centers, read_meshes, voxelise

#: Edge of the voxels in which the anatomy is kept, mm, and the box it fills (LPS mm).
EDGE_MM = 1.0
LOW, HIGH = np.array([-150.0, -75.0, -150.0]), np.array([150.0, 150.0, 150.0])


@dataclass(frozen=True, eq=False)
class Neck:
    """CT numbers and uptake on 1 mm voxels ``[k, j, i]`` from :data:`LOW`, and the joints."""

    hu: np.ndarray
    uptake: np.ndarray
    joints_lps: np.ndarray
    #: Where a flexing neck turns about: the disc between C7 and T1.
    pivot_lps: np.ndarray
    top_z: float


def build(*, osteopenic: bool = False) -> Neck:
    """Voxelise the meshes and surround them."""
    shape = tuple(((HIGH - LOW) / EDGE_MM).astype(int)[::-1])
    meshes = read_meshes(thoracic=4)
    bones = {
        name: voxelise(meshes[name], LOW, EDGE_MM, shape)
        for name in (*VERTEBRAE, "jaw", "t1", "t2", "t3", "t4")
    }
    z, y, x = np.meshgrid(
        *(LOW[a] + EDGE_MM * np.arange(shape[2 - a]) for a in (2, 1, 0)), indexing="ij", sparse=True
    )
    hu = np.full(shape, -1000.0, np.float32)
    body = (x / 66) ** 2 + ((y - 55) / (62 + 0 * z)) ** 2 < 1
    wide = 150 / (1 + np.exp((z + 92) / 7))  # shoulders
    body |= (x / (66 + wide)) ** 2 + ((y - 62) / (62 + 0.15 * wide)) ** 2 < 1
    head = (x / 76) ** 2 + ((y - 22) / 96) ** 2 + ((z - 95) / 84) ** 2 < 1
    face = (abs(x) < 52) & (y > -58) & (y < 40) & (z > -8) & (z < 60)
    body |= head | face
    hu[body] = 45
    airway = (x / 9) ** 2 + ((y - 18) / 7) ** 2 < 1
    hu[airway & (z < 30) & (z > -150)] = -950
    muscle = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=shape), 4)
    hu[body] += (25 * muscle / muscle.std())[body].astype(np.float32)
    uptake = np.where(body, np.float32(1), np.float32(0))
    uptake[airway & (z < 30)] = 0.2
    shell = np.sqrt((x / 70) ** 2 + ((y - 22) / 90) ** 2 + ((z - 97) / 78) ** 2)
    skull = (shell < 1) & (shell > 0.925) & (z > 58 - 0.15 * y)
    base = (shell < 1) & (abs(z - 66 + 0.12 * (y - 50)) < 4) & (x**2 + (y - 50) ** 2 > 17**2)
    clavicle = np.zeros(shape, bool)
    for side in (-1, 1):
        along = side * x
        clavicle |= ((y - 8 - 0.25 * along) ** 2 + (z + 92 - 0.12 * along) ** 2 < 38) & (along > 12)
        for n in (1, 2):  # ribs
            radius = 36 + 14 * n
            ring = np.sqrt((x) ** 2 + (1.3 * (y - 55)) ** 2) - radius
            rib = ring**2 + (z + 78 + 18 * n - 0.35 * (y - 80)) ** 2 < 18
            clavicle |= rib & (along > 8)
    dense, spongy = (380.0, 110.0) if osteopenic else (800.0, 260.0)
    labelled = [(skull | base, 5.0), (clavicle, 4.0)]
    rng = np.random.default_rng(3)
    labelled += [
        (mask, 3.0 if name == "jaw" else 5.0 + rng.normal() * 0.6) for name, mask in bones.items()
    ]
    for mask, concentration in labelled:
        mask = mask & body
        depth = ndimage.distance_transform_edt(mask)
        hu[mask] = np.where(depth[mask] <= 1.6, dense, spongy)
        uptake[mask] = concentration
    centers = joint_centers(meshes)
    joints = np.array([centers[level, side] for level in LEVELS for side in SIDES])
    pivot = joints[-2:].mean(axis=0) - (0, 18, 0)
    return Neck(hu, uptake, joints, pivot, float(meshes["c1"][0][:, 2].max()))
