"""A Review as napari layers: the only place where axes are reversed for napari.

napari's world is ``(z, y, x)`` in mm, the reverse of LPS ``(x, y, z)``, so a grid's affine reaches
napari as ``affine[[2, 1, 0, 3]]``. napari draws rotated layers in the wrong place in 2D (it only
warns), so nothing but axis-aligned grids is let through here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image

from fusion.errors import GeometryError
from fusion.palettes import DEFAULT_PALETTE
from viewer.colormaps import dicom_colormap

if TYPE_CHECKING:
    from napari.types import FullLayerData

    from fusion.geometry import FloatArray, Grid
    from fusion.review import Review

#: Names of the napari world axes, in order.
AXIS_LABELS = ("z (head)", "y (posterior)", "x (left)")
#: CT display windows, HU: lower and upper limit. Bone is width 2000, level 400; soft tissue is
#: width 400, level 40.
CT_WINDOWS = {"Bone": (-600.0, 1400.0), "Soft tissue": (-160.0, 240.0)}


def napari_affine(grid: Grid) -> FloatArray:
    """Return the (4, 4) affine that places a display grid in napari's world.

    Raises
    ------
    GeometryError
        The grid is tilted or oblique; napari would draw it in the wrong place.
    """
    if not grid.is_axis_aligned:
        raise GeometryError(
            "A tilted or oblique grid cannot be shown in two dimensions; it has to be resampled "
            "onto an orthogonal one first."
        )
    affine: FloatArray = grid.affine[[2, 1, 0, 3]]
    return affine


def to_world(point_lps: npt.ArrayLike) -> tuple[float, float, float]:
    """Return napari's (z, y, x) of an LPS point, mm."""
    x, y, z = (float(value) for value in np.asarray(point_lps))
    return (z, y, x)


def to_lps(world: npt.ArrayLike) -> FloatArray:
    """Return the LPS point (3,) of napari's (z, y, x), mm."""
    return np.asarray(world, dtype=np.float64)[::-1].copy()


class SpectPlanes:
    """The SPECT on the display grid, one plane at a time.

    What napari needs of an array. A plane is interpolated when it is looked at, from the SPECT's
    own voxels, so that opening and scrolling cost nothing for the planes that nobody sees.

    Parameters
    ----------
    review : Review
        The study on display.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        # The outline of the field and the picture need the same plane within one scroll step.
        self.plane = lru_cache(maxsize=6)(review.spect_plane)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the display grid (k, j, i)."""
        return self._review.display_grid.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32; NaN outside the SPECT's field."""
        return np.dtype(np.float32)

    @property
    def ndim(self) -> int:
        """Three."""
        return 3

    @property
    def size(self) -> int:
        """Number of voxels of the display grid."""
        return int(np.prod(self.shape))

    def __getitem__(self, key: Any) -> npt.NDArray[np.float32]:
        """Index like an array; a whole plane costs one interpolation."""
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys = (*keys[:at], *[slice(None)] * (4 - len(keys)), *keys[at + 1 :])
        keys = (*keys, *[slice(None)] * (3 - len(keys)))
        for axis, index in enumerate(keys):
            if isinstance(index, (int, np.integer)):
                position = int(index) % self.shape[axis]
                return self.plane(axis, position)[keys[:axis] + keys[axis + 1 :]]
        return self._review.spect_display()[keys]

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all planes, (k, j, i)."""
        return np.asarray(self._review.spect_display(), dtype=dtype)


def field_outline(
    plane: npt.NDArray[np.float32], grid: Grid, axis: int
) -> list[tuple[float, float]]:
    """Trace the edge of the SPECT's field in one plane.

    The field is a box, so its cut is convex and each row of the plane holds one run of voxels.

    Parameters
    ----------
    plane : (rows, columns) ndarray
        A plane of the SPECT on the display grid; NaN outside its field.
    grid : Grid
        The display grid.
    axis : int
        Axis of the grid that the plane is perpendicular to.

    Returns
    -------
    list of (float, float)
        Corners of a closed path in napari's displayed world coordinates (vertical, horizontal),
        mm; empty when the plane lies wholly inside or wholly outside the field.
    """
    inside = ~np.isnan(plane)
    if inside.all() or not inside.any():
        return []
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = inside.shape[1] - 1 - inside[rows, ::-1].argmax(axis=1)
    left, right = np.column_stack((rows, first)), np.column_stack((rows, last))
    path = np.vstack((left, right[::-1], left[:1]))
    affine = napari_affine(grid)
    shown = [n for n in range(3) if n != axis]
    world = path * np.diag(affine)[shown] + affine[shown, 3]
    return [(float(v), float(h)) for v, h in world]


def ct_layer_data(review: Review) -> FullLayerData:
    """Return the CT as a napari layer data tuple, HU on the display grid, bone window."""
    return (
        review.ct_display(),
        {
            "name": "CT",
            "affine": napari_affine(review.display_grid),
            "units": "mm",
            "axis_labels": AXIS_LABELS,
            "colormap": "gray",
            "contrast_limits": CT_WINDOWS["Bone"],
            "interpolation2d": "linear",
            "multiscale": False,
        },
        "image",
    )


def spect_layer_data(review: Review) -> FullLayerData:
    """Return the SPECT as a napari layer data tuple, in its own unit on the display grid."""
    return (
        SpectPlanes(review),
        {
            "name": f"{review.spect_label} ({review.spect.unit})",
            "affine": napari_affine(review.display_grid),
            "units": "mm",
            "axis_labels": AXIS_LABELS,
            "colormap": dicom_colormap(DEFAULT_PALETTE),
            "contrast_limits": review.uptake_range,
            "opacity": 0.5,
            "blending": "translucent_no_depth",
            # The screen interpolates the way the reader asked for, and no other.
            "interpolation2d": review.fused.interpolation,
            "multiscale": False,
        },
        "image",
    )


def make_layer(data: FullLayerData) -> Image:
    """Return a napari layer whose contrast may be dragged beyond its first limits."""
    array, options, _ = data
    layer = Image(array, **options)
    low, high = layer.contrast_limits
    reach = 20 * (high - low)
    layer.contrast_limits_range = (low - reach, high + reach)
    return layer
