"""The truth that the mesh benchmarks compare with, held against the meshes themselves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.meshes import LEVELS, VERTEBRAE, joint_centers, read_meshes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def meshes(shared_data):
    return read_meshes()


def _distance(center: np.ndarray, mesh) -> float:
    """Return the distance to the surface, by points all over its triangles."""
    vertices, triangles = mesh
    shares = np.array([(a, b, 6 - a - b) for a in range(7) for b in range(7 - a)]) / 6
    near = np.linalg.norm(vertices[triangles].mean(axis=1) - center, axis=1) < 12
    points = shares @ vertices[triangles[near]]
    return float(np.linalg.norm(points - center, axis=-1).min())


def test_true_centers_lie_midway_between_the_two_bones_on_both_sides_alike(meshes):
    centers = joint_centers(meshes)
    bones = (*VERTEBRAE[1:], "t1")
    for level, (upper, lower) in zip(LEVELS, pairwise(bones), strict=True):
        left, right = centers[level, "left"], centers[level, "right"]
        assert left * (-1, 1, 1) == pytest.approx(right, abs=0.4)
        assert 12 < left[0] < 25
        for center in (left, right):
            up, down = (_distance(center, meshes[name]) for name in (upper, lower))
            # The surfaces are curved: not exactly midway.
            assert up == pytest.approx(down, abs=1.2)
            assert max(up, down) < 2.2
    heights = np.array([centers[level, "left"][2] for level in LEVELS])
    assert (np.diff(heights) < -12).all()
