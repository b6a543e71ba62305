"""Upper and lower neck moved apart: two rigid transforms, and one for every height between.

Below the lower height the lower transform applies, above the upper height the upper one. Between
them the rotation turns evenly from one to the other (about one axis), and the shift is such that
points on the axis of the neck go where the two transforms, weighted by height, would put them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray, RigidTransform


@dataclass(frozen=True, slots=True, eq=False)
class NeckCorrection:
    """Two transforms, SPECT to CT, and the heights between which they blend.

    Parameters
    ----------
    lower, upper : RigidTransform
        For the trunk and for the head.
    low_z, high_z : float, mm
        Heights on the CT (LPS z) below and above which only one applies.
    axis_lps : (3,) ndarray of float64, mm
        A point of the CT on the axis of the neck.
    """

    lower: RigidTransform
    upper: RigidTransform
    low_z: float
    high_z: float
    axis_lps: FloatArray

    def share_at(self, z: npt.ArrayLike) -> FloatArray:
        """Return the share of the upper transform at heights on the CT, 0 to 1."""
        share: FloatArray = np.clip(
            (np.asarray(z, dtype=np.float64) - self.low_z) / (self.high_z - self.low_z), 0, 1
        )
        return share

    def transform_at(self, point_lps: npt.ArrayLike) -> RigidTransform:
        """Return the rigid transform, SPECT to CT, that applies at one point of the CT.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        """
        from scipy.spatial.transform import Rotation  # takes its time; most necks are one piece

        z = float(np.asarray(point_lps, dtype=np.float64)[2])
        share = float(self.share_at(z))
        low, high = self.lower.inverse().matrix, self.upper.inverse().matrix
        between = _turn(low, high)
        pivot = np.array([*self.axis_lps[:2], z])
        matrix = np.eye(4)
        matrix[:3, :3] = low[:3, :3] @ Rotation.from_rotvec(share * between).as_matrix()
        goal = (1 - share) * (low[:3, :3] @ pivot + low[:3, 3])
        goal += share * (high[:3, :3] @ pivot + high[:3, 3])
        matrix[:3, 3] = goal - matrix[:3, :3] @ pivot
        return RigidTransform(matrix).inverse()

    def to_native(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Return where points of the CT are in the functional volume's frame: (..., 3), mm."""
        points = np.asarray(points_lps, dtype=np.float64)
        flat = points.reshape(-1, 3)
        moved = [self.transform_at(point).inverse().apply(point) for point in flat]
        return np.array(moved).reshape(points.shape)

    @property
    def bend_deg(self) -> float:
        """Angle between the two transforms, degrees."""
        return (self.upper @ self.lower.inverse()).angle_deg

    def nearest_rigid(self, points_lps: npt.ArrayLike) -> RigidTransform:
        """Return the rigid transform, SPECT to CT, that comes nearest to this at points of the CT.

        Least squares.

        Parameters
        ----------
        points_lps : (n, 3) array_like of float, mm
            In the CT's frame; not all on one line.
        """
        from scipy.spatial.transform import Rotation

        fixed = np.asarray(points_lps, dtype=np.float64)
        native = self.to_native(fixed)
        middle, goal = native.mean(axis=0), fixed.mean(axis=0)
        rotation, _ = Rotation.align_vectors(fixed - goal, native - middle)
        matrix = np.eye(4)
        matrix[:3, :3] = rotation.as_matrix()
        matrix[:3, 3] = goal - matrix[:3, :3] @ middle
        return RigidTransform(matrix)

    def bend_significance(self, covariance: FloatArray) -> float:
        """Return how many times its own uncertainty the bend is large.

        Only the rotation between the two pieces counts: a neck that bends turns, whereas tissue
        that takes up differently from height to height pulls along the neck.

        Parameters
        ----------
        covariance : (12, 12) ndarray of float64
            Of the small motions of both pieces, mm and radians.
        """
        low, high = self.lower.inverse().matrix, self.upper.inverse().matrix
        turn = _turn(low, high)
        between = np.concatenate([-np.eye(6), np.eye(6)], axis=1)[3:]
        spread = between @ covariance @ between.T
        spread += np.eye(3) * 1e-12
        return float(np.sqrt(max(float(turn @ np.linalg.solve(spread, turn)), 0.0)))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "lower_matrix_spect_to_ct_lps": self.lower.matrix.tolist(),
            "upper_matrix_spect_to_ct_lps": self.upper.matrix.tolist(),
            "blends_between_z_mm": [round(self.low_z, 2), round(self.high_z, 2)],
            "bend_deg": round(self.bend_deg, 2),
        }


def _turn(low: FloatArray, high: FloatArray) -> FloatArray:
    """Rotation vector that turns what a rigid (4, 4) matrix turned into what another does."""
    from scipy.spatial.transform import Rotation

    turn: FloatArray = Rotation.from_matrix(low[:3, :3].T @ high[:3, :3]).as_rotvec()
    return turn
