"""A neck that did not shape the phantom: CT and uptake from the ArtiSynth meshes.

C1 to C7, discs and jaw are meshes of real anatomy (../shared/data/neck_meshes_artisynth, kept
outside this repository); skull, shoulders and the spine below C7 are stand-ins, because the meshes
end there. Follows the recipe of ../shared/spec/localisation_registration.md part C: three-axis
majority of ray parity (C7 is not watertight), a cortex, body ellipsoids.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numba import njit
from scipy import ndimage
from scipy.spatial import cKDTree

MESHES = Path(__file__).resolve().parents[2].parent / "shared/data/neck_meshes_artisynth"
VERTEBRAE = ("c1", "c2", "c3", "c4", "c5", "c6", "c7")
DISCS = ("c2c3disc", "c3c4disc", "c4c5disc", "c5c6", "c6c7disc")
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
    meshes = {name: _read(MESHES / f"{name}.obj") for name in (*VERTEBRAE, *DISCS, "jaw")}
    bones = {name: _voxelise(meshes[name], shape) for name in (*VERTEBRAE, "jaw")}
    drop = np.array([0.0, 3.5, -17.5])  # from one vertebra to the next below C7
    vertices, triangles = meshes["c7"]
    for n in range(1, 5):
        name = f"t{n}"
        meshes[name] = (vertices + n * drop, triangles)
        bones[name] = _voxelise(meshes[name], shape)
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
    joints = _joints(meshes)
    pivot = joints[-2:].mean(axis=0) - (0, 18, 0)
    return Neck(hu, uptake, joints, pivot, float(meshes["c1"][0][:, 2].max()))


def _read(path: Path):
    vertices, triangles = [], []
    for line in path.read_text().splitlines():
        head, *rest = line.split()[:1] + line.split()[1:] if line.split() else ("",)
        if head == "v":
            vertices.append([float(v) for v in rest[:3]])
        elif head == "f":
            corners = [int(v.split("/")[0]) - 1 for v in rest]
            triangles += [(corners[0], a, b) for a, b in pairwise(corners[1:])]
    return np.array(vertices), np.array(triangles)


def _voxelise(mesh, shape):
    vertices, triangles = mesh
    corners = (vertices[triangles] - LOW) / EDGE_MM  # in voxels, x y z
    size = shape[::-1]
    votes = np.zeros(size, np.uint8)
    for axis in range(3):
        order = [axis, (axis + 1) % 3, (axis + 2) % 3]
        parity = _parity(np.ascontiguousarray(corners[:, :, order]), tuple(size[a] for a in order))
        votes += np.transpose(parity, np.argsort(order))
    return np.ascontiguousarray((votes >= 2).T)


@njit(cache=True)
def _parity(corners, size):
    toggle = np.zeros(size, np.uint8)
    for n in range(len(corners)):
        t = corners[n]
        # A shift that no vertex has keeps rays off edges.
        u0, v0 = t[0, 1] - 1.7e-5, t[0, 2] - 2.3e-5
        u1, v1 = t[1, 1] - 1.7e-5, t[1, 2] - 2.3e-5
        u2, v2 = t[2, 1] - 1.7e-5, t[2, 2] - 2.3e-5
        area = (u1 - u0) * (v2 - v0) - (u2 - u0) * (v1 - v0)
        if area == 0:
            continue
        for u in range(
            max(0, int(np.ceil(min(u0, u1, u2)))),
            min(size[1] - 1, int(np.floor(max(u0, u1, u2)))) + 1,
        ):
            for v in range(
                max(0, int(np.ceil(min(v0, v1, v2)))),
                min(size[2] - 1, int(np.floor(max(v0, v1, v2)))) + 1,
            ):
                a = ((u1 - u) * (v2 - v) - (u2 - u) * (v1 - v)) / area
                b = ((u2 - u) * (v0 - v) - (u0 - u) * (v2 - v)) / area
                c = 1 - a - b
                if a < 0 or b < 0 or c < 0:
                    continue
                w = int(np.ceil(a * t[0, 0] + b * t[1, 0] + c * t[2, 0]))
                if w < size[0]:
                    toggle[max(w, 0), u, v] ^= 1
    for w in range(1, size[0]):
        for u in range(size[1]):
            for v in range(size[2]):
                toggle[w, u, v] ^= toggle[w - 1, u, v]
    return toggle


def _joints(meshes) -> np.ndarray:
    """Midpoints of opposing articular surfaces, C2-C3 to C7-T1, left and right of each."""
    result = []
    for upper, lower in zip(VERTEBRAE[1:], (*VERTEBRAE[2:], "t1"), strict=True):
        a, b = meshes[upper][0], meshes[lower][0]
        distance, nearest = cKDTree(a).query(b)
        for side in (1, -1):
            lateral = side * b[:, 0]
            near = (distance < 6) & (lateral > 13) & (lateral < 30)
            front = np.median(a[:, 1])
            near &= b[:, 1] > front - 12
            near &= distance <= np.quantile(distance[near], 0.4)
            result.append(np.median((b[near] + a[nearest[near]]) / 2, axis=0))
    return np.array(result)
