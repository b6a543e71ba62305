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
from napari.utils.colormaps import Colormap

from fusion.errors import GeometryError
from fusion.palettes import DEFAULT_PALETTE
from viewer.pictures.checking_views import CheckingView, Mode, bone_edges
from viewer.pictures.colormaps import dicom_colormap

if TYPE_CHECKING:
    from napari.types import FullLayerData

    from fusion.geometry import FloatArray, Grid
    from fusion.review import Review

#: Names of the napari world axes, in order.
AXIS_LABELS = ("z (head)", "y (posterior)", "x (left)")
#: CT display windows, HU: lower and upper limit. Bone is width 2000, level 400; soft tissue is
#: width 400, level 40.
CT_WINDOWS = {"Bone": (-600.0, 1400.0), "Soft tissue": (-160.0, 240.0)}

#: Below every CT window.
BLACK_HU = -32000
#: Of the CT's edges on the SPECT; in none of the DICOM colour maps.
EDGE_COLOR = (0.2, 1.0, 0.5, 1.0)


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


class Planes:
    """What napari needs of an array, made one plane at a time.

    Parameters
    ----------
    shape : (int, int, int)
        Of the display grid (k, j, i).
    dtype : numpy dtype
        Of the values.
    """

    ndim = 3

    def __init__(self, shape: tuple[int, int, int], dtype: npt.DTypeLike) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)

    @property
    def size(self) -> int:
        """Number of voxels of the display grid."""
        return int(np.prod(self.shape))

    def shown(self, axis: int, index: int) -> npt.NDArray[Any]:
        """Return one plane as it is to be drawn; axis 0 gives [j, i], 1 [k, i], 2 [k, j]."""
        raise NotImplementedError

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        """Index like an array; a whole plane costs no more than itself."""
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys = (*keys[:at], *[slice(None)] * (4 - len(keys)), *keys[at + 1 :])
        keys = (*keys, *[slice(None)] * (3 - len(keys)))
        for axis, index in enumerate(keys):
            if isinstance(index, (int, np.integer)):
                position = int(index) % self.shape[axis]
                return self.shown(axis, position)[keys[:axis] + keys[axis + 1 :]]
        # napari asks for the plane on screen as a slab of one plane, and takes its mean.
        for axis, part in enumerate(keys):
            wanted = range(self.shape[axis])[part] if isinstance(part, slice) else ()
            if len(wanted) == 1:
                plane = self.shown(axis, wanted[0])[keys[:axis] + keys[axis + 1 :]]
                return np.expand_dims(plane, axis)
        return self.__array__()[keys]

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all planes, (k, j, i)."""
        planes = [self.shown(0, index) for index in range(self.shape[0])]
        return np.asarray(planes, dtype=dtype)


class SpectPlanes(Planes):
    """The SPECT on the display grid, one plane at a time.

    A plane is interpolated when it is looked at, from the SPECT's own voxels, so that opening,
    scrolling and moving the SPECT cost nothing for the planes that nobody sees.

    Parameters
    ----------
    review : Review
        The study on display.
    """

    def __init__(self, review: Review) -> None:
        super().__init__(review.fused.display_grid.shape, np.float32)
        self.check = CheckingView()
        self.review = review

    @property
    def review(self) -> Review:
        """Where the planes come from; another one, with another alignment, may be put here."""
        return self._review

    @review.setter
    def review(self, review: Review) -> None:
        self._review = review
        # The outline of the field and the picture need the same plane within one scroll step.
        self.plane = lru_cache(maxsize=6)(review.fused.spect_plane)

    def shown(self, axis: int, index: int) -> npt.NDArray[np.float32]:
        """Return a plane; NaN outside the SPECT's field and where the check shows the CT."""
        plane = self.plane(axis, index)
        mask = self.check.spect_mask(self._review.fused.display_grid, axis)
        return plane if mask is None else np.where(mask, plane, np.float32(np.nan))

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return all planes, (k, j, i)."""
        return np.asarray(self._review.fused.spect_display(), dtype=dtype)


class CtPlanes(Planes):
    """The CT on the display grid, black where a check shows the SPECT alone.

    Parameters
    ----------
    array : (k, j, i) ndarray
        HU on the display grid.
    spect : SpectPlanes
        Of the same pane.
    """

    def __init__(self, array: npt.NDArray[Any], spect: SpectPlanes) -> None:
        super().__init__(array.shape, array.dtype)
        self.array = array
        self._spect = spect

    def shown(self, axis: int, index: int) -> npt.NDArray[Any]:
        """Return a plane, HU."""
        plane = self.array[(slice(None),) * axis + (index,)]
        if self._spect.check.mode not in (Mode.CHECKERBOARD, Mode.WIPE):
            return plane
        return np.where(np.isnan(self._spect.shown(axis, index)), plane, self.dtype.type(BLACK_HU))

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return the whole CT, (k, j, i)."""
        return np.asarray(self.array, dtype=dtype)


class EdgePlanes(Planes):
    """Outlines of bone, one plane at a time.

    Parameters
    ----------
    review : Review
        The study on display.
    """

    def __init__(self, review: Review) -> None:
        grid = review.fused.display_grid
        super().__init__(grid.shape, np.uint8)
        self._ct = review.fused.ct_display()
        self._spacing_mm = grid.spacing_mm

    def shown(self, axis: int, index: int) -> npt.NDArray[np.uint8]:
        """Return a plane: 1 on the outline, else 0."""
        vertical, horizontal = (n for n in range(3) if n != axis)
        spacing = float(self._spacing_mm[vertical]), float(self._spacing_mm[horizontal])
        return bone_edges(self._ct[(slice(None),) * axis + (index,)], spacing)


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
        review.fused.ct_display(),
        {
            "name": "CT",
            "affine": napari_affine(review.fused.display_grid),
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
            "name": f"{review.spect_label} ({review.fused.spect.unit})",
            "affine": napari_affine(review.fused.display_grid),
            "units": "mm",
            "axis_labels": AXIS_LABELS,
            "colormap": dicom_colormap(DEFAULT_PALETTE),
            "contrast_limits": review.fused.uptake_range,
            "opacity": 0.5,
            "blending": "translucent_no_depth",
            # The screen interpolates the way the reader asked for, and no other.
            "interpolation2d": review.fused.interpolation,
            "multiscale": False,
        },
        "image",
    )


def edge_layer(review: Review) -> Image:
    """Return the outlines of bone as a napari layer; they are found as planes are looked at."""
    return Image(
        EdgePlanes(review),
        name="CT edges",
        affine=napari_affine(review.fused.display_grid),
        units="mm",
        axis_labels=AXIS_LABELS,
        colormap=Colormap([(*EDGE_COLOR[:3], 0.0), EDGE_COLOR], name="CT edges"),
        contrast_limits=(0, 0.6),
        blending="translucent_no_depth",
        interpolation2d="linear",
        multiscale=False,
    )


def make_layer(data: FullLayerData) -> Image:
    """Return a napari layer whose contrast may be dragged beyond its first limits."""
    array, options, _ = data
    layer = Image(array, **options)
    low, high = layer.contrast_limits
    reach = 20 * (high - low)
    layer.contrast_limits_range = (low - reach, high + reach)
    return layer
