"""Where the activity of the neck comes from: bone as the CT shows it, and a share of each joint.

A small model of the functional volume: an even background, bone of even uptake blurred by the
resolution, and one spread body at every joint and at every hot spot beside them, none negative.
It is there to say how much of what is measured at one joint came from its neighbours, and how much
stands out of ordinary bone; it is not a reconstruction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.geometry import FloatArray
from fusion.uptake.native import NativeNeck
from fusion.uptake.resolution import (
    ASSUMED_RESOLUTION_MM,
    RESOLUTIONS_MM,
    joint_sigma_mm,
    sigma_mm,
    spread,
)

#: Voxels nearer than this to a joint take part in the fit, mm.
FIT_MM = 28.0
#: A resolution is read off the data only where the best fit is better than both ends of the range
#: by this share of the residual.
CLEARLY = 0.005
#: Voxels whose part in the fit is held at once.
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Resolution:
    """Full width at half maximum of the functional volume, and how it is known.

    Parameters
    ----------
    mm : float, mm
        Full width at half maximum.
    source : {"stated", "estimated from the data", "assumed"}
        How it is known.
    """

    mm: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """The model, fitted.

    Parameters
    ----------
    resolution : Resolution
        With which it was fitted.
    background : float
        Even part, in the unit of the volume.
    bone : float
        Uptake of ordinary bone before blurring.
    ordinary : (k, j, i) ndarray of float64
        Background and blurred bone on the block's voxels.
    amplitudes : (n,) ndarray of float64
        Height of each joint's contribution at its centre.
    others_lps : (m, 3) ndarray of float64, mm
        Hot spots beside the joints, functional frame.
    other_amplitudes : (m,) ndarray of float64
        Their heights.
    sigma_mm : float, mm
        Standard deviation of one joint's contribution.
    noise : (k, j, i) ndarray of float64
        Standard deviation of what the model leaves unexplained, by the size of the values.
    """

    resolution: Resolution
    background: float
    bone: float
    ordinary: FloatArray
    amplitudes: FloatArray
    others_lps: FloatArray
    other_amplitudes: FloatArray
    sigma_mm: float
    noise: FloatArray

    def spill(
        self, neck: NativeNeck, row: int, point_lps: npt.ArrayLike
    ) -> tuple[float, int | None]:
        """Return what other places add at a point, and which joint adds most of it.

        Parameters
        ----------
        neck : NativeNeck
            That the model was fitted to.
        row : int
            The joint whose own contribution is left out.
        point_lps : (3,) array_like of float, mm
            Functional frame.

        Returns
        -------
        spill : float
            In the unit of the volume.
        largest : int or None
            Row of the joint that adds most; None when no joint adds anything.
        """
        parts = self.amplitudes * spread(
            neck.centers_lps, np.asarray(point_lps, dtype=np.float64), self.sigma_mm
        )
        parts[row] = 0.0
        others = self.other_amplitudes * spread(
            self.others_lps, np.asarray(point_lps, dtype=np.float64), self.sigma_mm
        )
        largest = int(parts.argmax()) if parts.max() > 0 else None
        return float(parts.sum() + others.sum()), largest


def fit_activity(
    neck: NativeNeck,
    *,
    resolution_mm: float | None = None,
    others_lps: FloatArray | None = None,
) -> Activity:
    """Fit the model.

    Parameters
    ----------
    neck : NativeNeck
        Joints, values and bone.
    resolution_mm : float, optional, mm
        Full width at half maximum as stated; estimated from the data when not given.
    others_lps : (m, 3) ndarray of float64, optional, mm
        Hot spots that are no joint, functional frame.
    """
    others = np.zeros((0, 3)) if others_lps is None else others_lps
    rows = (neck.distance_mm <= FIT_MM) & neck.seen
    if resolution_mm is not None:
        return _Fit.of(neck, rows, others, Resolution(resolution_mm, "stated")).activity()
    tried = np.arange(RESOLUTIONS_MM[0], RESOLUTIONS_MM[1] + 0.1, 1.0)
    found = [Resolution(float(mm), "estimated from the data") for mm in tried]
    # Of each only the residual is kept: a fit is as large as the neck.
    residuals = np.array([_Fit.of(neck, rows, others, one).residual for one in found])
    best = int(residuals.argmin())
    ends = min(residuals[0], residuals[-1])
    resolution = found[best]
    if best in (0, len(tried) - 1) or residuals[best] > (1 - CLEARLY) * ends:
        resolution = Resolution(ASSUMED_RESOLUTION_MM, "assumed")
    return _Fit.of(neck, rows, others, resolution).activity()


def with_others(resolution: Resolution, neck: NativeNeck, others_lps: FloatArray) -> Activity:
    """Return the model fitted with hot spots beside the joints, at a resolution that is known."""
    rows = (neck.distance_mm <= FIT_MM) & neck.seen
    return _Fit.of(neck, rows, others_lps, resolution).activity()


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """The model at one resolution: its numbers, and what the voxels are told by."""

    neck: NativeNeck
    rows: npt.NDArray[np.bool_]
    others: FloatArray
    resolution: Resolution
    bone: FloatArray
    solution: FloatArray
    residual: float

    @classmethod
    def of(
        cls,
        neck: NativeNeck,
        rows: npt.NDArray[np.bool_],
        others: FloatArray,
        resolution: Resolution,
    ) -> _Fit:
        from scipy.optimize import nnls  # takes its time; without uptake nothing is fitted

        bone = blurred_bone(neck, resolution)
        triangle = reduced(neck, rows, bone, others, resolution)
        solution, residual = nnls(triangle[:, :-1], triangle[:, -1])
        return cls(neck, rows, others, resolution, bone, solution, float(residual))

    def activity(self) -> Activity:
        neck, rows, solution = self.neck, self.rows, self.solution
        sources = np.concatenate([neck.centers_lps, self.others])
        ordinary = solution[0] + solution[1] * self.bone
        count = len(neck.joints)
        # Counts scatter with the root of their number, and so does what reconstruction makes of
        # them.
        floor = max(0.05 * float(np.max(ordinary)), 1e-12)
        left = neck.values[rows]
        points, bone = neck.points_lps[rows], self.bone[rows]
        for some in _parts(len(left)):
            left[some] -= _columns(points[some], bone[some], sources, self.resolution) @ solution
        del points, bone  # each is as large as the neck
        scatter = np.sqrt(np.maximum(ordinary, floor))
        left /= scatter[rows]
        noise = 1.4826 * float(np.median(np.abs(left - np.median(left))))
        scatter *= noise
        return Activity(
            self.resolution,
            float(solution[0]),
            float(solution[1]),
            ordinary,
            solution[2 : 2 + count],
            self.others,
            solution[2 + count :],
            joint_sigma_mm(self.resolution.mm),
            scatter,
        )


def blurred_bone(neck: NativeNeck, resolution: Resolution) -> FloatArray:
    """Return the share of bone of each voxel as the functional volume would show it."""
    # The share of bone is already an average over each voxel.
    variance = sigma_mm(resolution.mm) ** 2 - neck.spacing_mm**2 / 12
    blur = np.sqrt(np.maximum(variance, 0)) / neck.spacing_mm
    share = neck.bone_share if neck.bone_share is not None else np.zeros_like(neck.values)
    blurred: FloatArray = ndimage.gaussian_filter(share, blur, mode="nearest", truncate=3.0)
    return blurred


def reduced(
    neck: NativeNeck,
    rows: npt.NDArray[np.bool_],
    bone: FloatArray,
    others: FloatArray,
    resolution: Resolution,
) -> FloatArray:
    """Return the least squares of the model, and of the values, as a triangle of a few rows.

    Those of several parts of a neck, one below the other, are the least squares of all of them.
    """
    values, points, bone_at = neck.values[rows], neck.points_lps[rows], bone[rows]
    # Counts scatter with the root of their number; a floor keeps empty voxels from ruling it.
    least = max(float(np.median(np.maximum(values, 0))), 1e-12) if len(values) else 1.0
    sources = np.concatenate([neck.centers_lps, others])
    triangle: FloatArray = np.zeros((0, len(sources) + 3))
    for some in _parts(len(values)):
        parts = _columns(points[some], bone_at[some], sources, resolution)
        weights = 1 / np.sqrt(np.maximum(values[some], least))
        weighted = np.column_stack([parts, values[some]]) * weights[:, None]
        rows_so_far = np.concatenate([triangle, weighted])
        triangle = np.asarray(np.linalg.qr(rows_so_far, mode="r"), dtype=np.float64)
    return triangle


def _parts(count: int) -> list[slice]:
    return [slice(start, start + _ROWS_AT_ONCE) for start in range(0, count, _ROWS_AT_ONCE)]


def _columns(
    points: FloatArray, bone: FloatArray, sources: FloatArray, resolution: Resolution
) -> FloatArray:
    sigma = joint_sigma_mm(resolution.mm)
    columns = [np.ones(len(points)), bone]
    columns += [spread(points, source, sigma) for source in sources]
    return np.stack(columns, axis=1)
