"""Necks of known joints and analytic uptake, for tests of what is measured at joints."""

from __future__ import annotations

import numpy as np

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.geometry import Grid, RigidTransform, Source, Volume
from fusion.registration import Method, Registration
from fusion.uptake.native import Place

SIGMA_PER_FWHM = 1 / 2.354820045
#: Of a joint about its centre, mean of the axes: a disc of 12 x 12 x 6 mm, by hand.
JOINT_VARIANCE_MM2 = (12**2 / 16 + 12**2 / 16 + 6**2 / 12) / 3
MIDDLE = np.array([3.0, 20.0, -150.0])


def centers(*, pitch_mm=15.0, half_width_mm=17.5, middle=MIDDLE) -> dict[Joint, np.ndarray]:
    """Return every joint of a straight neck, from the skull down."""
    result = {}
    for joint in JOINTS:
        row = int(joint.upper[1:])
        result[joint] = middle + np.array(
            [joint.side.sign * half_width_mm, 0.0, pitch_mm * (3.5 - row)]
        )
    return result


def places(points=None, *, localisation_mm=0.5, numbering="sure") -> list[Place]:
    """Return joints as located."""
    points = centers() if points is None else points
    return [Place(joint, point, localisation_mm, numbering) for joint, point in points.items()]


def grid(*, spacing_mm=4.0, shape=(48, 40, 44), middle=MIDDLE, flips=(1, 1, 1)) -> Grid:
    """Return a grid about a point; flips of -1 run an array axis against the patient's."""
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing_mm * np.array(flips)
    affine[:3, 3] = (
        middle - affine[:3, :3] @ ((np.array(shape) - 1) / 2) + np.array([0.7, -0.4, 1.1])
    )
    affine[3, 3] = 1
    return Grid(shape, affine)


def voxel_centers(where: Grid) -> np.ndarray:
    """Return LPS (k, j, i, 3) one voxel after the other, by the affine."""
    kji = np.stack(np.meshgrid(*map(np.arange, where.shape), indexing="ij"), axis=-1)
    return np.einsum("ab,...b->...a", where.affine[:3, :3], kji) + where.affine[:3, 3]


def spots(where: Grid, heights, *, sigma_mm, background=1.0) -> np.ndarray:
    """Return Gaussians of given heights at given points on a grid: [(point, height), …]."""
    points = voxel_centers(where)
    values = np.full(where.shape, background, dtype=np.float64)
    for point, height in heights:
        squared = ((points - np.asarray(point)) ** 2).sum(axis=-1)
        values += height * np.exp(-squared / (2 * sigma_mm**2))
    return values


def volume(values, where: Grid, *, unit="counts", suvbw_per_unit=None) -> Volume:
    """Return a Volume whose values are exactly these."""
    source = Source("1", "2", "3", ("4",), "NM", "analytic")
    return Volume(where, values, 1.0, 0.0, unit, source, suvbw_per_unit)


def registration(transform: RigidTransform | None = None) -> Registration:
    """Return a Registration by a known transform."""
    return Registration(transform or RigidTransform.identity(), Method.SHARED_FRAME)


def joint(name: str) -> Joint:
    """Return a joint by its name, for example ``"Left C5-C6"``."""
    side, level = name.split()
    return Joint(level, Side(side.lower()))
