"""The ArtiSynth neck: meshes of real anatomy, as voxels, and the truth of its facet joints.

C1 to C7, discs and jaw (../shared/data/neck_meshes_artisynth, kept outside this repository) shaped
neither the phantom nor the template. The meshes end at C7; below it stand copies of C7, of which
the first is placed so that it makes a joint with C7 as C7 does with C6.

Coordinates are those of the meshes: mm, +x left, +y posterior, +z up, which is LPS.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numba import njit
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

MESHES = Path(__file__).resolve().parents[2] / "shared/data/neck_meshes_artisynth"
VERTEBRAE = ("c1", "c2", "c3", "c4", "c5", "c6", "c7")
DISCS = ("c2c3disc", "c3c4disc", "c4c5disc", "c5c6", "c6c7disc")
LEVELS = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
SIDES = ("left", "right")
#: From C7 to its first copy: chosen on a grid so that the articular surfaces come as near as those
#: of the levels above (2 mm) over the largest area (110 mm2) without the bones touching. With the
#: (0, 3.5, -17.5) of the copies below, the pillars of C7 and T1 miss each other by 4 mm.
FIRST_DROP_MM = (0.0, 9.0, -17.0)
DROP_MM = (0.0, 5.0, -18.0)

#: Distance between the points that stand for a surface, mm.
_POINT_MM = 0.35
#: Furthest that articular surfaces lie apart, mm. Between 3.5 and 4.5 the centres move by 0.3 mm or
#: less (C2-C3, whose gap is the widest, by 1.2 mm); left and right mirror each other to 0.3 mm.
_GAP_MM = 4.0
#: Surfaces oppose each other when the cosine between their normals is below the first number, and
#: that between a normal and the way to the other surface above the second.
_OPPOSED, _FACING = -0.6, 0.6
#: Joints lie further from the midline than this, mm; uncovertebral clefts do not.
_LATERAL_MM = 12.0

Mesh = tuple[np.ndarray, np.ndarray]


def read_meshes(*, thoracic: int = 2) -> dict[str, Mesh]:
    """Read vertebrae, discs and jaw, and put copies of C7 below as ``t1``, ``t2``, …

    Parameters
    ----------
    thoracic : int
        Number of copies.

    Returns
    -------
    dict of str to tuple
        Vertices (n, 3), mm, and triangles (m, 3).
    """
    meshes = {name: read(MESHES / f"{name}.obj") for name in (*VERTEBRAE, *DISCS, "jaw")}
    vertices, triangles = meshes["c7"]
    for n in range(thoracic):
        drop = np.add(FIRST_DROP_MM, n * np.array(DROP_MM))
        meshes[f"t{n + 1}"] = (vertices + drop, triangles)
    return meshes


def read(path: Path) -> Mesh:
    """Read vertices (n, 3) and triangles (m, 3) of an OBJ file."""
    vertices, triangles = [], []
    for line in path.read_text().splitlines():
        head, *rest = line.split() or ("",)
        if head == "v":
            vertices.append([float(v) for v in rest[:3]])
        elif head == "f":
            corners = [int(v.split("/")[0]) - 1 for v in rest]
            triangles += [(corners[0], a, b) for a, b in pairwise(corners[1:])]
    return np.array(vertices), np.array(triangles)


def joint_centers(meshes: dict[str, Mesh]) -> dict[tuple[str, str], np.ndarray]:
    """Return the centre of every facet joint, (level, side) to (3,) mm.

    The centre is the mean over the joint of the points midway between its two articular surfaces:
    where surfaces of neighbouring vertebrae face each other closely, in one piece, lateral to the
    canal. It is the definition of the phantom (:mod:`sample_data.spine`), whose joints have two
    congruent surfaces at half a gap from their centre.

    Parameters
    ----------
    meshes : dict
        From :func:`read_meshes`, with ``t1``.
    """
    names = (*VERTEBRAE[1:], "t1")
    surfaces = {name: _surface(meshes[name]) for name in names}
    return {
        (level, side): _joint_center(surfaces[upper], surfaces[lower], sign)
        for level, (upper, lower) in zip(LEVELS, pairwise(names), strict=True)
        for side, sign in zip(SIDES, (1, -1), strict=True)
    }


def _surface(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return points spread evenly over a mesh, and the outward normals there."""
    vertices, triangles = mesh
    corners = vertices[triangles]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    cross = np.cross(b - a, c - a)
    area = np.linalg.norm(cross, axis=1) / 2
    outward = np.sign(np.einsum("nc,nc->n", a, np.cross(b, c)).sum())
    normals = outward * cross / (2 * area[:, None] + 1e-12)
    count = int(area.sum() / _POINT_MM**2)
    chosen = np.searchsorted(np.cumsum(area) / area.sum(), (np.arange(count) + 0.5) / count)
    u = np.random.default_rng(0).random((count, 2))
    u = np.where(u.sum(axis=1, keepdims=True) > 1, 1 - u, u)
    points = a[chosen] + u[:, :1] * (b - a)[chosen] + u[:, 1:] * (c - a)[chosen]
    return points, normals[chosen]


def _joint_center(upper, lower, sign: int) -> np.ndarray:
    middles = []
    for (points, normals), (others, other_normals) in ((upper, lower), (lower, upper)):
        mine, theirs = sign * points[:, 0] > _LATERAL_MM, sign * others[:, 0] > _LATERAL_MM - 3
        p, n = points[mine], normals[mine]
        distance, nearest = cKDTree(others[theirs]).query(p, distance_upper_bound=_GAP_MM)
        near = np.isfinite(distance)
        p, n, distance, nearest = p[near], n[near], distance[near], nearest[near]
        q, m = others[theirs][nearest], other_normals[theirs][nearest]
        way = (q - p) / np.maximum(distance, 1e-6)[:, None]
        opposed = ((n * m).sum(axis=1) < _OPPOSED) & ((way * n).sum(axis=1) > _FACING)
        middles.append((p[opposed] + q[opposed]) / 2)
    points = np.concatenate(middles)
    pairs = cKDTree(points).query_pairs(1.0, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=2 * (len(points),))
    _, piece = connected_components(graph, directed=False)
    # Both directions of the search count alike, however many points each gave.
    largest = piece == np.bincount(piece).argmax()
    first = np.arange(len(points)) < len(middles[0])
    return np.mean([points[largest & part].mean(axis=0) for part in (first, ~first)], axis=0)


def voxelise(mesh: Mesh, low: np.ndarray, edge_mm: float, shape: tuple[int, ...]) -> np.ndarray:
    """Return which voxels [k, j, i] lie in a mesh, by the majority of three axes.

    Ray parity along one axis fails where a mesh is open, as C7 is.

    Parameters
    ----------
    mesh : tuple
        Vertices and triangles.
    low : (3,) ndarray, mm
        Centre (x, y, z) of the first voxel.
    edge_mm : float, mm
        Edge of the voxels.
    shape : (3,) tuple of int
        Voxels along z, y, x.
    """
    vertices, triangles = mesh
    inside = np.zeros(shape, dtype=bool)
    size = np.array(shape[::-1])
    first = np.clip(np.floor((vertices.min(axis=0) - low) / edge_mm).astype(int) - 1, 0, size)
    last = np.clip(np.ceil((vertices.max(axis=0) - low) / edge_mm).astype(int) + 2, 0, size)
    box = last - first
    if (box <= 0).any():
        return inside
    corners = (vertices[triangles] - low) / edge_mm - first  # in voxels, x y z
    votes = np.zeros(box, np.uint8)
    for axis in range(3):
        order = [axis, (axis + 1) % 3, (axis + 2) % 3]
        parity = _parity(
            np.ascontiguousarray(corners[:, :, order]), tuple(int(box[a]) for a in order)
        )
        votes += np.transpose(parity, np.argsort(order))
    inside[tuple(slice(first[a], last[a]) for a in (2, 1, 0))] = (votes >= 2).T
    return inside


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
