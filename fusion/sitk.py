"""Volumes and transforms to SimpleITK and back, for people's own scripts.

SimpleITK's world is LPS mm like ours; its sizes, spacings and indices run x, y, z where our arrays
run k, j, i.

**Directions of transforms are opposite.** A :class:`~fusion.geometry.RigidTransform` carries points
of the SPECT to the CT. A transform of SimpleITK says where to look a point of the output up: from
the CT to the SPECT. :func:`transform_to_sitk` inverts, so that

>>> moved = sitk.Resample(to_sitk(spect), to_sitk(ct), transform_to_sitk(registration.transform))
... # doctest: +SKIP

puts the SPECT onto the CT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from fusion.errors import GeometryError
from fusion.geometry import Grid, RigidTransform, Volume


def to_sitk(volume: Volume) -> sitk.Image:
    """Return a Volume as an image: float32, in the volume's unit.

    Parameters
    ----------
    volume : Volume
        Values and geometry are copied; the Frame of Reference, the unit and the findings stay
        behind.

    Raises
    ------
    GeometryError
        The slices are tilted: SimpleITK's images have perpendicular axes.
    """
    return image_on(volume.values(), volume.grid)


def image_on(values: npt.NDArray[Any], grid: Grid) -> sitk.Image:
    """Return an array as an image.

    Parameters
    ----------
    values : (k, j, i) ndarray
        On ``grid``.
    grid : Grid
        With perpendicular axes.

    Raises
    ------
    GeometryError
        The axes are not perpendicular, or array and grid differ in shape.
    """
    if not grid.is_orthogonal:
        raise GeometryError(
            "The slices are tilted (gantry tilt), which this format cannot hold; straighten the "
            "volume first (fusion.resampling.Resampler onto fusion.geometry.enclosing_grid)."
        )
    if values.shape != grid.shape:
        raise GeometryError(f"Array of shape {values.shape} does not fit a grid of {grid.shape}.")
    image = sitk.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    # Columns of the direction matrix belong to x, y, z indices, which are our i, j, k.
    image.SetDirection(grid.directions[::-1].T.ravel().tolist())
    return image


def from_sitk(image: sitk.Image, *, like: Volume, unit: str | None = None) -> Volume:
    """Return an image as a Volume.

    Parameters
    ----------
    image : sitk.Image
        Three-dimensional, one value per voxel, LPS mm.
    like : Volume
        What it was made from: gives the Frame of Reference, the source, the findings and, unless
        ``unit`` is given, the unit. An image alone states none of them.
    unit : str, optional
        Of the values, where they are no longer those of ``like``; the factor to SUV is dropped
        then.

    Raises
    ------
    GeometryError
        Not three-dimensional, more than one value per voxel, or an impossible geometry.
    """
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise GeometryError("Only three-dimensional images of one value per voxel can be taken.")
    values = sitk.GetArrayFromImage(image)
    directions = np.array(image.GetDirection()).reshape(3, 3)[:, ::-1]
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(image.GetSpacing())[::-1]
    affine[:3, 3] = image.GetOrigin()
    k, j, i = values.shape
    return Volume(
        Grid((k, j, i), affine, like.grid.frame_of_reference_uid),
        values,
        np.ones(k),
        np.zeros(k),
        like.unit if unit is None else unit,
        like.source,
        suvbw_per_unit=like.suvbw_per_unit if unit is None else None,
        findings=like.findings,
    )


def transform_to_sitk(
    transform: RigidTransform, *, center_lps: npt.ArrayLike = (0.0, 0.0, 0.0)
) -> sitk.Euler3DTransform:
    """Return what SimpleITK needs to put the moving volume onto the fixed one: the inverse.

    Parameters
    ----------
    transform : RigidTransform
        Moving frame (SPECT) to fixed frame (CT).
    center_lps : (3,) array_like of float, mm
        Point of the fixed frame about which it is said to turn; the same transform whatever it is.
    """
    inverse = transform.inverse().matrix
    center = np.asarray(center_lps, dtype=np.float64)
    result = sitk.Euler3DTransform()
    result.SetCenter(center.tolist())
    result.SetMatrix(inverse[:3, :3].ravel().tolist(), 1e-6)
    result.SetTranslation((inverse[:3, :3] @ center + inverse[:3, 3] - center).tolist())
    return result


def transform_from_sitk(transform: sitk.Transform) -> RigidTransform:
    """Return a rigid transform of SimpleITK, output to input, as moving frame to fixed frame.

    Parameters
    ----------
    transform : sitk.Transform
        Euler, versor, affine, or a chain of them, from points of the fixed frame (CT) to points of
        the moving one (SPECT).

    Raises
    ------
    GeometryError
        It scales, shears, mirrors or bends.
    """
    if transform.GetDimension() != 3 or not transform.IsLinear():
        raise GeometryError("The transform is not rigid: it bends.")
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    matrix[:3, 3] = origin
    for axis, unit in enumerate(np.eye(3).tolist()):
        matrix[:3, axis] = np.array(transform.TransformPoint(unit)) - origin
    return RigidTransform(matrix).inverse()
