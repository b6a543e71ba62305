"""Implicit solids: signed distances in mm, negative inside, for NumPy arrays.

Coordinates are three arrays that broadcast together, so that a grid along the axes costs no more
than it must. The distances are exact for spheres, capsules and boxes and approximate for the
rest, which is enough for partial volume at a surface and for a cortex of even thickness.

Formulas: I. Quilez, "Distance functions" (iquilezles.org), rewritten for arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Point = Sequence[float] | npt.NDArray[np.float64]
#: Signed distance, mm, at local coordinates x, y, z.
Distance = Callable[[Array, Array, Array], Array]


def ellipsoid(x: Array, y: Array, z: Array, *, center: Point, radii: Point) -> Array:
    """Return the approximate distance to an ellipsoid along the axes."""
    u = [(c - m) / r for c, m, r in zip((x, y, z), center, radii, strict=True)]
    k0 = np.sqrt(u[0] ** 2 + u[1] ** 2 + u[2] ** 2)
    v = [c / r for c, r in zip(u, radii, strict=True)]
    k1 = np.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2) + 1e-6
    return k0 * (k0 - 1) / k1


def capsule(
    x: Array,
    y: Array,
    z: Array,
    *,
    start: Point,
    end: Point,
    radius: float | tuple[float, float],
    stretch: float = 1.0,
) -> Array:
    """Return the distance to a rod with round ends.

    Parameters
    ----------
    x, y, z : ndarray of float32, mm
        Where.
    start, end : (3,) sequence of float, mm
        Ends of the axis.
    radius : float or (2,) tuple of float, mm
        Of the whole rod, or at its start and end.
    stretch : float
        How much taller (z) than wide the rod is.
    """
    ra, rb = radius if isinstance(radius, tuple) else (radius, radius)
    a = np.array([start[0], start[1], start[2] / stretch], np.float32)
    b = np.array([end[0], end[1], end[2] / stretch], np.float32)
    axis = b - a
    px, py, pz = x - a[0], y - a[1], z / np.float32(stretch) - a[2]
    t = np.clip((px * axis[0] + py * axis[1] + pz * axis[2]) / float(axis @ axis), 0, 1)
    length = np.sqrt((px - t * axis[0]) ** 2 + (py - t * axis[1]) ** 2 + (pz - t * axis[2]) ** 2)
    return length - (np.float32(ra) + t * np.float32(rb - ra))


def chain(
    x: Array,
    y: Array,
    z: Array,
    *,
    points: Sequence[Point],
    radius: float | Sequence[float],
    stretch: float = 1.0,
) -> Array:
    """Return the distance to rods joined end to end; one radius, or one per point."""
    radii = [radius] * len(points) if isinstance(radius, (int, float)) else list(radius)
    result: Array | None = None
    for a, b, ra, rb in zip(points, points[1:], radii, radii[1:], strict=False):
        rod = capsule(x, y, z, start=a, end=b, radius=(ra, rb), stretch=stretch)
        result = rod if result is None else np.minimum(result, rod)
    if result is None:
        raise ValueError("a chain needs two points")
    return result


def box(
    x: Array,
    y: Array,
    z: Array,
    *,
    center: Point,
    half: Point,
    rounding: float = 1.0,
    axes: npt.ArrayLike | None = None,
) -> Array:
    """Return the distance to a rounded box.

    Parameters
    ----------
    x, y, z : ndarray of float32, mm
        Where.
    center, half : (3,) sequence of float, mm
        Middle, and half of each edge, rounding included.
    rounding : float, mm
        Radius of edges and corners.
    axes : (3, 3) array_like of float, optional
        Rows are the unit directions of the edges.
    """
    p = (x - np.float32(center[0]), y - np.float32(center[1]), z - np.float32(center[2]))
    if axes is not None:
        rows = np.asarray(axes, np.float32)
        p = tuple(row[0] * p[0] + row[1] * p[1] + row[2] * p[2] for row in rows)
    q = [np.abs(c) - np.float32(h - rounding) for c, h in zip(p, half, strict=True)]
    outside = np.sqrt(sum(np.maximum(c, 0) ** 2 for c in q))
    inside = np.minimum(np.maximum(q[0], np.maximum(q[1], q[2])), 0)
    result: Array = outside + inside - np.float32(rounding)
    return result


def elliptic(u: Array, v: Array, a: float | Array, b: float | Array) -> Array:
    """Return the approximate distance to an ellipse with half axes a and b in a plane."""
    smaller = np.minimum(a, b)
    result: Array = (np.sqrt((u / a) ** 2 + (v / b) ** 2) - 1) * smaller
    return result


def smooth_union(a: Array, b: Array, radius: float) -> Array:
    """Return the union with a fillet of about ``radius`` mm."""
    h = np.maximum(np.float32(radius) - np.abs(a - b), 0) / np.float32(radius)
    result: Array = np.minimum(a, b) - h * h * np.float32(radius / 4)
    return result


def smooth_intersection(a: Array, b: Array, radius: float) -> Array:
    """Return the intersection with edges rounded by about ``radius`` mm."""
    return -smooth_union(-a, -b, radius)


def frame_axes(direction: Point, up: Point = (0, 0, 1)) -> npt.NDArray[np.float64]:
    """Return three perpendicular unit rows: along ``direction``, across, and near ``up``."""
    along = np.asarray(direction, float) / np.linalg.norm(direction)
    across = np.cross(np.asarray(up, float), along)
    across /= np.linalg.norm(across)
    return np.array([along, across, np.cross(along, across)])


@dataclass(frozen=True, slots=True)
class Material:
    """What a solid is made of.

    Parameters
    ----------
    hu : float
        CT number of the inside.
    suv : float
        Tracer concentration, soft tissue about 1.
    shell_hu : float
        CT number of the cortex.
    shell_mm : float, mm
        Thickness of the cortex; 0 for none.
    texture_hu : float
        Standard deviation of the trabecular pattern inside.
    """

    hu: float
    suv: float
    shell_hu: float = 0.0
    shell_mm: float = 0.0
    texture_hu: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A signed distance, where it lives and what it is made of.

    Parameters
    ----------
    name : str
        What it is, for messages and tests.
    material : Material
        What it is made of.
    low, high : (3,) sequence of float, mm
        Local box outside which nothing is painted.
    distance : callable
        Signed distance at local coordinates.
    pose : (4, 4) ndarray of float64
        Local to anatomy coordinates (rigid).
    """

    name: str
    material: Material
    low: Point
    high: Point
    distance: Distance
    pose: npt.NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
