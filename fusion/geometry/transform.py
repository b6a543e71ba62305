"""From points of one frame to points of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError
from fusion.geometry.directions import FloatArray, frozen


@dataclass(frozen=True, slots=True, eq=False)
class RigidTransform:
    """Rotation and translation of LPS points, moving frame to fixed frame.

    Parameters
    ----------
    matrix : (4, 4) array_like of float
        Homogeneous matrix, row-major, acting on column vectors ``(x, y, z, 1)``, mm.

    Raises
    ------
    GeometryError
        The upper left block is not a proper rotation (reflections and scaling are refused).
    """

    matrix: FloatArray

    def __post_init__(self) -> None:
        matrix = frozen(self.matrix, (4, 4), "the transform")
        rotation = matrix[:3, :3]
        if not np.array_equal(matrix[3], (0.0, 0.0, 0.0, 1.0)):
            raise GeometryError("The last row of a rigid transform must be 0, 0, 0, 1.")
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-6:
            raise GeometryError("The transform is not rigid: it scales or shears.")
        if np.linalg.det(rotation) < 0:
            raise GeometryError("The transform mirrors left and right; that is never allowed.")
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def identity(cls) -> RigidTransform:
        """Return the transform that moves nothing."""
        return cls(np.eye(4))

    @classmethod
    def from_euler(
        cls,
        *,
        rotation_deg: npt.ArrayLike = (0.0, 0.0, 0.0),
        translation_mm: npt.ArrayLike = (0.0, 0.0, 0.0),
        center_lps: npt.ArrayLike = (0.0, 0.0, 0.0),
    ) -> RigidTransform:
        """Rotate about a point, then translate.

        Parameters
        ----------
        rotation_deg : (3,) array_like of float, degrees
            About x, then y, then z (``R = Rz @ Ry @ Rx``), counter-clockwise seen from the
            positive end of the axis.
        translation_mm : (3,) array_like of float, mm
            Added after the rotation.
        center_lps : (3,) array_like of float, mm
            The point that only the translation moves.
        """
        from scipy.spatial.transform import Rotation  # takes its time; most transforms turn nothing

        angles = frozen(rotation_deg, (3,), "the rotation")
        center = frozen(center_lps, (3,), "the centre of rotation")
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
        shift = frozen(translation_mm, (3,), "the translation")
        matrix[:3, 3] = center + shift - matrix[:3, :3] @ center
        return cls(matrix)

    @classmethod
    def nearest(cls, matrix: npt.ArrayLike) -> RigidTransform:
        """Return a (4, 4) matrix that is rigid but for rounding, with an exact rotation."""
        from scipy.spatial.transform import Rotation

        exact = frozen(matrix, (4, 4), "the transform").copy()
        exact[:3, :3] = Rotation.from_matrix(exact[:3, :3]).as_matrix()
        return cls(exact)

    @property
    def angle_deg(self) -> float:
        """Total rotation angle, degrees, 0 to 180."""
        from scipy.spatial.transform import Rotation

        return float(np.degrees(Rotation.from_matrix(self.matrix[:3, :3]).magnitude()))

    def apply(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Move points.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            In the moving frame.

        Returns
        -------
        (..., 3) ndarray of float64, mm
            In the fixed frame.
        """
        points = np.asarray(points_lps, dtype=np.float64)
        moved: FloatArray = points @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved

    def shift_mm_at(self, point_lps: npt.ArrayLike) -> float:
        """Length of the displacement of one point, mm."""
        point = np.asarray(point_lps, dtype=np.float64)
        return float(np.linalg.norm(self.apply(point) - point))

    def inverse(self) -> RigidTransform:
        """Return the transform from the fixed to the moving frame."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.matrix[:3, :3].T
        matrix[:3, 3] = -matrix[:3, :3] @ self.matrix[:3, 3]
        return RigidTransform(matrix)

    def __matmul__(self, first: RigidTransform) -> RigidTransform:
        """Return the transform that applies ``first`` and then this one."""
        return RigidTransform(self.matrix @ first.matrix)
