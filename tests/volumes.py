"""Small volumes made in memory, for tests of what comes after reading."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from fusion.geometry import Grid, RigidTransform, Source, Volume


def volume(array, affine, *, frame="1.2.3", unit="counts", modality="NM") -> Volume:
    """Return a Volume of an array on an affine."""
    source = Source("1.1", "1.2", "1.1", ("1.3",), modality, "test")
    return Volume(Grid(array.shape, affine, frame), array, 1.0, 0.0, unit, source)


def affine(*, spacing_kji, origin_lps, directions_kji=((0, 0, 1), (0, 1, 0), (1, 0, 0))):
    """Return an affine from spacing, origin and the LPS direction of each array axis."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(directions_kji, float).T * np.array(spacing_kji)
    matrix[:3, 3] = origin_lps
    return matrix


def sitk_image(array, grid: Grid) -> sitk.Image:
    """Return the same values at the same places as a SimpleITK image (right-handed grids)."""
    image = sitk.GetImageFromArray(np.asarray(array, dtype=np.float32))
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    image.SetDirection(grid.directions[::-1].T.ravel().tolist())
    return image


def sitk_transform(transform: RigidTransform) -> sitk.Transform:
    """Return the fixed-to-moving transform that ITK's resampling wants."""
    inverse = np.linalg.inv(transform.matrix)
    result = sitk.AffineTransform(3)
    result.SetMatrix(inverse[:3, :3].ravel().tolist())
    result.SetTranslation(inverse[:3, 3].tolist())
    return result
