"""The neck on the functional volume's own voxels: joints, bone and values, nothing interpolated.

Joints go into the functional volume's frame through the stored Registration, each by the transform
that applies where it is. Voxels come back to the CT by the transform of the nearest joint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fusion.anatomy import Joint, Side
from fusion.errors import GeometryError
from fusion.geometry import (
    FloatArray,
    Grid,
    RigidTransform,
    Volume,
    seen_mask,
    with_field_of_view,
)
from fusion.registration import Registration

#: HU from which a CT voxel counts as bone that may take up tracer: above soft tissue and most
#: contrast-filled vessels, below the cancellous bone of an elderly neck. Chosen by us.
UPTAKE_BONE_HU = 130.0
#: Voxels further than this from every joint are not looked at, mm: the front teeth and the parotid
#: glands are within it.
REACH_MM = 90.0
#: Of what the detector saw, something must lie this near to a joint, mm.
LEAST_REACH_MM = 20.0


class JointPlace(Protocol):
    """Where a joint is on the CT: a :class:`fusion.facets.Facet` or a :class:`Place`."""

    @property
    def joint(self) -> Joint:
        """Which joint."""

    @property
    def center_lps(self) -> FloatArray | None:
        """Its centre in the CT's frame, mm (3,); None where it has none."""

    @property
    def localisation_mm(self) -> float | None:
        """Expected distance of the centre from the true one, mm; None when not known."""

    @property
    def numbering(self) -> str:
        """``"sure"``, ``"provisional"`` or ``"confirmed"``."""

    @property
    def status(self) -> str:
        """``"found"``, ``"not found"``, ``"outside field"``, ``"fused"`` or ``"obscured"``."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A joint whose centre came from anywhere: a label map, a reader, a simulation.

    Parameters
    ----------
    joint : Joint
        Which joint.
    center_lps : (3,) ndarray of float64, mm
        In the CT's frame.
    localisation_mm : float, mm, or None
        Expected distance of the centre from the true one; None when not known.
    numbering : str
        ``"sure"``, ``"provisional"`` or ``"confirmed"``.
    status : str
        ``"found"``, ``"not found"``, ``"outside field"``, ``"fused"`` or ``"obscured"``.
    """

    joint: Joint
    center_lps: FloatArray | None
    localisation_mm: float | None = None
    numbering: str = "provisional"
    status: str = "found"


@dataclass(frozen=True, slots=True, eq=False)
class NativeNeck:
    """The block of native voxels around the joints.

    Parameters
    ----------
    joints : tuple of Joint
        Those that have a centre.
    centers_ct_lps, centers_lps : (n, 3) ndarray of float64, mm
        Their centres in the CT's frame and in the functional volume's.
    transforms : tuple of RigidTransform
        Functional frame to CT, at each joint.
    grid : Grid
        Of the whole functional volume.
    low_kji : (3,) ndarray of int
        Index of the block's first voxel.
    values : (k, j, i) ndarray of float64
        Of the block, in ``unit``.
    seen : (k, j, i) ndarray of bool
        Of the block: which voxels the detector saw. The others are no "no uptake".
    points_lps : (k, j, i, 3) ndarray of float64, mm
        Voxel centres of the block, functional frame.
    distance_mm : (k, j, i) ndarray of float64, mm
        From each voxel to the nearest joint.
    bone_share : (k, j, i) ndarray of float64 or None
        Share of each voxel that is bone on the CT, 0 outside its field; None without a CT.
    unit : str
        Of the values.
    suvbw_per_unit : float or None
        Factor to SUVbw where it is allowed.
    """

    joints: tuple[Joint, ...]
    centers_ct_lps: FloatArray
    centers_lps: FloatArray
    transforms: tuple[RigidTransform, ...]
    grid: Grid
    low_kji: npt.NDArray[np.int64]
    values: FloatArray
    seen: npt.NDArray[np.bool_]
    points_lps: FloatArray
    distance_mm: FloatArray
    bone_share: FloatArray | None
    unit: str
    suvbw_per_unit: float | None

    @property
    def spacing_mm(self) -> FloatArray:
        """Distance between voxel centres along k, j, i, mm."""
        return self.grid.spacing_mm

    def to_ct(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Map points (..., 3) of the functional frame to the CT's, mm."""
        return _to_ct(np.asarray(points_lps, dtype=np.float64), self.centers_lps, self.transforms)

    def is_seen(self, points_lps: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell which points (n, 3) of the functional frame lie in voxels of the block seen."""
        kji = np.rint(self.grid.to_kji(points_lps)).astype(np.intp) - self.low_kji
        within = ((kji >= 0) & (kji < np.array(self.seen.shape))).all(axis=-1)
        inside: npt.NDArray[np.bool_] = np.zeros(len(kji), np.bool_)
        inside[within] = self.seen[tuple(kji[within].T)]
        return inside

    def index(self, joint: Joint) -> int | None:
        """Return which row of the centres a joint has; None when it has no centre."""
        return self.joints.index(joint) if joint in self.joints else None


def native_neck(
    places: Sequence[JointPlace],
    spect: Volume,
    registration: Registration,
    *,
    ct: Volume | None = None,
) -> NativeNeck:
    """Take the neck out of the functional volume.

    Parameters
    ----------
    places : sequence of JointPlace
        Joints on the CT, each at most once; those without a centre are left out.
    spect : Volume
        The functional volume.
    registration : Registration
        Functional volume to CT.
    ct : Volume, optional
        HU, for the share of bone in each voxel.

    Raises
    ------
    GeometryError
        No joint has a centre, a centre is given twice or is not finite, a left joint lies to the
        right of its partner, or the functional volume does not reach the neck.
    """
    from scipy.spatial import cKDTree  # takes its time; without uptake it is not needed

    found = [place for place in places if place.center_lps is not None]
    joints = tuple(place.joint for place in found)
    if not joints:
        raise GeometryError("No joint has a centre on this CT: there is nowhere to measure.")
    if len(set(joints)) < len(joints):
        raise GeometryError("A joint was given twice; each can be measured at one place only.")
    centers_ct = np.array([place.center_lps for place in found], dtype=np.float64)
    if centers_ct.shape != (len(joints), 3) or not np.isfinite(centers_ct).all():
        raise GeometryError("The centre of a joint needs three finite numbers: x, y, z in mm.")
    _refuse_exchanged_sides(joints, centers_ct)
    transforms = tuple(registration.transform_at(center) for center in centers_ct)
    centers = np.array([t.inverse().apply(c) for t, c in zip(transforms, centers_ct, strict=True)])
    low, high = _block(spect, centers)
    points = np.empty((*(high - low), 3))
    for plane, k in zip(points, range(low[0], high[0]), strict=True):
        sides = (np.arange(a, b) for a, b in zip(low[1:], high[1:], strict=True))
        plane[...] = spect.grid.to_lps(np.stack(np.meshgrid(k, *sides, indexing="ij"), axis=-1)[0])
    part = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    scale = spect.slope[part[0], None, None], spect.intercept[part[0], None, None]
    values = spect.stored[part].astype(np.float64) * scale[0] + scale[1]
    mask = seen_mask(with_field_of_view(spect))
    seen = np.ones(values.shape, np.bool_) if mask is None else mask[part].copy()
    del mask  # of the whole volume
    distance, _ = cKDTree(centers).query(points)
    if not (seen & (distance <= LEAST_REACH_MM)).any():
        raise _not_reached(spect.source.label)
    bone = None if ct is None else _bone_share(ct, spect.grid, points, centers, transforms)
    return NativeNeck(
        joints,
        centers_ct,
        centers,
        transforms,
        spect.grid,
        low,
        values,
        seen,
        points,
        distance,
        bone,
        spect.unit,
        spect.suvbw_per_unit,
    )


def _refuse_exchanged_sides(joints: tuple[Joint, ...], centers: FloatArray) -> None:
    at = dict(zip(joints, centers, strict=True))
    for joint, center in at.items():
        other = at.get(Joint(joint.level, Side.RIGHT))
        if joint.side is Side.LEFT and other is not None and center[0] <= other[0]:
            raise GeometryError(
                f"The joint called Left {joint.level} does not lie to the patient's left of the "
                f"one called Right {joint.level}. Left and right may be exchanged; nothing is "
                "measured until this is resolved."
            )


def _block(
    spect: Volume, centers: FloatArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    grid = spect.grid
    # Of a sheared grid, the voxel steps along an axis that leave a ball are those across its faces.
    reach = REACH_MM * np.linalg.norm(np.linalg.inv(grid.affine[:3, :3]), axis=1)
    kji = grid.to_kji(centers)
    shape = np.array(grid.shape)
    low = np.clip(np.floor((kji - reach).min(axis=0)), 0, shape).astype(np.int64)
    high = np.clip(np.ceil((kji + reach).max(axis=0)) + 1, 0, shape).astype(np.int64)
    if np.any(high <= low):
        raise _not_reached(spect.source.label)
    return low, high


def _not_reached(label: str) -> GeometryError:
    return GeometryError(
        f"The {label} does not reach the joints of the neck. Check that it covers the neck, and "
        "the registration."
    )


def _to_ct(
    points: FloatArray, centers: FloatArray, transforms: Sequence[RigidTransform]
) -> FloatArray:
    first = transforms[0]
    if all(t is first or np.array_equal(t.matrix, first.matrix) for t in transforms):
        return transforms[0].apply(points)
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(centers).query(points)
    result = np.empty_like(points)
    for n, transform in enumerate(transforms):
        mine = nearest == n
        result[mine] = transform.apply(points[mine])
    return result


def _bone_share(
    ct: Volume,
    grid: Grid,
    points: FloatArray,
    centers: FloatArray,
    transforms: Sequence[RigidTransform],
) -> FloatArray:
    """Return the share of the CT voxels met at eight points of each voxel that are bone."""
    share: FloatArray = np.zeros(points.shape[:-1])
    limits = np.array(ct.grid.shape)
    for part, some in zip(share, points, strict=True):  # slice by slice: places take much room
        for corner in np.ndindex(2, 2, 2):
            step = grid.affine[:3, :3] @ ((np.array(corner) - 0.5) / 2)
            at = np.rint(ct.grid.to_kji(_to_ct(some + step, centers, transforms))).astype(np.int64)
            inside = ((at >= 0) & (at < limits)).all(axis=-1)
            k, j, i = at[inside].T
            hu = ct.stored[k, j, i] * ct.slope[k] + ct.intercept[k]
            part[inside] += hu >= UPTAKE_BONE_HU
    share /= 8
    return share
