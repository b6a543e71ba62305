"""A CT around its joints on an even grid, and how well a part of it fits another CT.

Rigid, by Gauss-Newton on the normalised difference of the two (inverse compositional: the earlier
CT is differentiated once, the later one only sampled). Bone rules, since values are clipped below
fat and above cortex: what lies between does not, and metal no more than bone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial.transform import Rotation

from fusion.geometry import FloatArray, RigidTransform, Volume

#: HU between which pictures are compared: fat and muscle are one, and so are cortex and metal.
CLIPPED_HU = -200.0, 1200.0
#: Edge of the voxels of the even grid, mm.
_EDGE_MM = 1.0
#: Margin around the joints that a sphere about any of them needs, with room to move, mm.
_MARGIN_MM = 34.0
#: Radius of what is compared at one joint, mm: the joint with the halves of both vertebrae.
RADIUS_MM = 22.0
#: Blur of both pictures, from coarse to fine, mm (standard deviation).
_BLURS_MM = (2.2, 1.2, 0.7)
#: Steps at each blur, at most.
_STEPS = 14
#: Smaller moves than this end a blur, mm at the edge of the sphere.
_STILL_MM = 0.02
#: Less than this share of a sphere in the other CT's field is too little to compare.
LEAST_SHARED = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class PatchFit:
    """How a sphere of the earlier CT fits the later one.

    Parameters
    ----------
    transform : RigidTransform
        Earlier frame to later frame.
    likeness : float
        Correlation of the two pictures there, -1 to 1.
    """

    transform: RigidTransform
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Patchwork:
    """A CT around its joints on voxels of 1 mm along the axes, at several blurs.

    Parameters
    ----------
    origin_lps : (3,) ndarray of float64, mm
        Centre of the first voxel.
    blurred : mapping of float to (z, y, x) ndarray of float32
        Standard deviation of the blur, mm, to clipped HU; ``nan`` outside the field.
    """

    origin_lps: FloatArray
    blurred: Mapping[float, npt.NDArray[np.float32]] = field(repr=False)

    @classmethod
    def of(cls, ct: Volume, centers_lps: FloatArray) -> Patchwork:
        """Take what is around joints out of a CT.

        Parameters
        ----------
        ct : Volume
            HU.
        centers_lps : (n, 3) ndarray of float64, mm
            Of the joints.
        """
        low = np.floor(centers_lps.min(axis=0) - _MARGIN_MM)
        high = np.ceil(centers_lps.max(axis=0) + _MARGIN_MM)
        steps = [np.arange(a, b + _EDGE_MM / 2, _EDGE_MM) for a, b in zip(low, high, strict=True)]
        x, y, z = steps
        values = np.empty((len(z), len(y), len(x)), np.float32)
        inside = np.empty(values.shape, np.bool_)
        stored, first = _cropped(ct, low, high)
        limits = np.array(ct.grid.shape) - 1
        across = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)
        for k, height in enumerate(z):  # slice by slice: places take much room
            points = np.stack(
                [across[..., 1], across[..., 0], np.full(across.shape[:2], height)], axis=-1
            )
            kji = ct.grid.to_kji(points)
            inside[k] = ((kji >= -0.5) & (kji <= limits + 0.5)).all(axis=-1)
            at = np.moveaxis(kji - first, -1, 0)
            values[k] = ndimage.map_coordinates(stored, at, order=1, mode="nearest")
        blurred = {}
        for blur in _BLURS_MM:
            soft = ndimage.gaussian_filter(values, blur / _EDGE_MM, mode="nearest", truncate=3.0)
            soft[~inside] = np.nan
            blurred[blur] = soft
        return cls(low.astype(np.float64), blurred)

    def at(self, blur: float, points_lps: FloatArray) -> FloatArray:
        """Return the values at points (n, 3), mm; ``nan`` outside the field."""
        zyx = ((points_lps - self.origin_lps) / _EDGE_MM)[:, ::-1].T
        found: FloatArray = ndimage.map_coordinates(
            self.blurred[blur], zyx, order=1, mode="constant", cval=np.nan, output=np.float64
        )
        return found

    def slopes(self, blur: float, points_lps: FloatArray) -> FloatArray:
        """Return how values change along x, y, z at points, per mm (n, 3)."""
        steps = 0.5 * _EDGE_MM * np.eye(3)
        parts = [self.at(blur, points_lps + s) - self.at(blur, points_lps - s) for s in steps]
        return np.stack(parts, axis=-1) / _EDGE_MM


def _cropped(
    ct: Volume, low: FloatArray, high: FloatArray
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the clipped HU of the voxels that a box in LPS meets, and the index of the first."""
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1])
                        for z in (low[2], high[2])])  # fmt: skip
    kji = ct.grid.to_kji(corners)
    shape = np.array(ct.grid.shape)
    first = np.clip(np.floor(kji.min(axis=0)).astype(np.int64), 0, shape - 1)
    last = np.clip(np.ceil(kji.max(axis=0)).astype(np.int64) + 1, first + 1, shape)
    part = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    slope, intercept = (v[part[0], None, None] for v in (ct.slope, ct.intercept))
    values = ct.stored[part].astype(np.float32) * slope + intercept
    return np.clip(values, *CLIPPED_HU).astype(np.float32), first


def sphere(radius_mm: float, step_mm: float) -> FloatArray:
    """Return points (n, 3) of a raster within a radius of the origin, mm."""
    steps = np.arange(-radius_mm, radius_mm + step_mm / 2, step_mm)
    points = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    inside: FloatArray = points[np.square(points).sum(axis=-1) <= radius_mm**2]
    return inside


def fit_rigid(
    earlier: Patchwork,
    later: Patchwork,
    center_lps: FloatArray,
    start: RigidTransform,
    *,
    step_mm: float = 1.8,
    fine: bool = True,
) -> PatchFit | None:
    """Move a sphere of the earlier CT until it fits the later one best.

    Parameters
    ----------
    earlier, later : Patchwork
        The two CTs.
    center_lps : (3,) ndarray of float64, mm
        Of the sphere, earlier frame.
    start : RigidTransform
        Earlier frame to later frame, a few mm and degrees off at most.
    step_mm : float, mm
        Between the points compared.
    fine : bool
        Whether to go down to the least blur; without, it is quicker.

    Returns
    -------
    PatchFit or None
        None where too little of the sphere lies in both fields.
    """
    offsets = sphere(RADIUS_MM, step_mm)
    points = center_lps + offsets
    transform = start
    for blur in _BLURS_MM if fine else _BLURS_MM[:2]:
        wanted = earlier.at(blur, points)
        slopes = earlier.slopes(blur, points)
        use = np.isfinite(wanted) & np.isfinite(slopes).all(axis=-1)
        if use.mean() < LEAST_SHARED:
            return None
        q, g, f = offsets[use], slopes[use], wanted[use]
        # A small turn w and shift t move a point by w x q + t.
        jacobian = np.concatenate([np.cross(q, g), g], axis=1)
        for _ in range(_STEPS):
            move = _step(later, blur, transform, points[use], f, jacobian)
            if move is None:
                return None
            transform = transform @ _about(center_lps, move).inverse()
            if np.linalg.norm(move[3:]) + RADIUS_MM * np.linalg.norm(move[:3]) < _STILL_MM:
                break
    found = _likeness(earlier, later, blur, transform, points)
    return None if found is None else PatchFit(RigidTransform.nearest(transform.matrix), found)


def _step(
    later: Patchwork,
    blur: float,
    transform: RigidTransform,
    points: FloatArray,
    wanted: FloatArray,
    jacobian: FloatArray,
) -> FloatArray | None:
    """Return the next small move: turn, shift."""
    there = later.at(blur, transform.apply(points))
    use = np.isfinite(there)
    if use.mean() < LEAST_SHARED:
        return None
    there, f, j = there[use], wanted[use], jacobian[use]
    there, f = there - there.mean(), f - f.mean()
    power = float(there @ there)
    if power <= 0 or not f.any():
        return None
    # Brightness and contrast of the two scans differ; what a gain would explain moves nothing.
    gain = float(there @ f) / power
    residual = gain * there - f
    j = j - j.mean(axis=0)
    j = j - np.outer(f, (f @ j) / float(f @ f))
    square = j.T @ j
    square[np.diag_indices(6)] *= 1.0 + 1e-6
    try:
        move: FloatArray = np.linalg.solve(square, j.T @ residual)
    except np.linalg.LinAlgError:
        return None
    return move


def _about(center_lps: FloatArray, move: FloatArray) -> RigidTransform:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(move[:3]).as_matrix()
    matrix[:3, 3] = center_lps + move[3:] - matrix[:3, :3] @ center_lps
    return RigidTransform(matrix)


def _likeness(
    earlier: Patchwork,
    later: Patchwork,
    blur: float,
    transform: RigidTransform,
    points: FloatArray,
) -> float | None:
    one, other = earlier.at(blur, points), later.at(blur, transform.apply(points))
    use = np.isfinite(one) & np.isfinite(other)
    if use.mean() < LEAST_SHARED:
        return None
    one, other = one[use] - one[use].mean(), other[use] - other[use].mean()
    power = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / power if power > 0 else 0.0
