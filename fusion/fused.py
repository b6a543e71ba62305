"""CT and SPECT or PET put together by a Registration: what is displayed and sampled.

Everything is shown on the *display grid*: along the patient axes, k to the head, j to posterior,
i to the left. A CT that already lies along them is shown as it is (flipped and permuted without
copying); a tilted or oblique one is interpolated onto an orthogonal grid. The functional volume is
interpolated once, from its original values, onto the same grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.findings import Finding
from fusion.findings.alignment import CT_STRAIGHTENED
from fusion.geometry import (
    FloatArray,
    Grid,
    RigidTransform,
    Volume,
    canonical_view,
    enclosing_grid,
    near_mask,
    seen_mask,
    with_field_of_view,
)
from fusion.progress import ProgressCallback
from fusion.registration import Registration
from fusion.resampling import Interpolation, Resampler

#: HU from which a voxel counts as bone when the view is first centred on a hot spot in bone: above
#: soft tissue, below most cancellous bone. Chosen by us; nothing is measured by it.
FOCUS_BONE_HU = 150.0
#: Voxels this near to bone still belong to it, mm: one SPECT resolution element is about 10 mm.
BONE_MARGIN_MM = 6.0
#: Top of the default colour scale: this percentile of the voxels inside the CT's field, but at
#: least this share of the hottest bone, so that a hot joint keeps a shape.
DISPLAY_PERCENTILE = 99.9
DISPLAY_SHARE_OF_HOTTEST_BONE = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """What both volumes say about one point.

    Parameters
    ----------
    hu : float or None
        CT voxel that holds the point, HU; None outside the CT's field.
    uptake : float or None
        Functional volume interpolated at the point, in its unit; None outside its field.
    """

    hu: float | None
    uptake: float | None


#: Heights at which the transform of a neck correction is worked out for planes that are not level,
#: mm; between them values are blended.
_BAND_MM = 1.0
#: Of the search for the place on the CT of a point of the functional volume.
_SETTLING_STEPS = 5


class _ShownCT:
    """A CT on its display grid, made when it is first asked for."""

    def __init__(self, ct: Volume) -> None:
        self.ct = ct

    @cached_property
    def grid(self) -> Grid:
        """Axis-aligned, in the CT's Frame of Reference."""
        if self.ct.grid.is_axis_aligned:
            return canonical_view(self.ct.stored, self.ct.grid)[1]
        return enclosing_grid(self.ct.grid)

    @cached_property
    def straightener(self) -> Resampler:
        return Resampler(self.ct, self.grid)

    @cached_property
    def values(self) -> npt.NDArray[Any]:
        """HU on the grid; ``nan`` outside the field of a CT that had to be straightened."""
        if self.ct.grid.is_axis_aligned:
            return canonical_view(_hounsfield(self.ct), self.ct.grid)[0]
        return self.straightener.array()


class Fused:
    """A CT, a functional volume, and the Registration that joins them.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.
    registration : Registration
        Functional frame to CT frame.
    interpolation : {"linear", "nearest"}
        How the functional volume is shown between its voxel centres.
    shared : (CT as shown, Resampler or None), optional
        What :meth:`with_registration` carries over, so that a picture can follow the mouse; None
        where nothing was shown yet.
    """

    def __init__(
        self,
        ct: Volume,
        spect: Volume,
        registration: Registration,
        *,
        interpolation: Interpolation = "linear",
        shared: tuple[_ShownCT, Resampler | None] | None = None,
    ) -> None:
        self.ct = ct
        self.spect = with_field_of_view(spect)
        self.registration = registration
        self.interpolation = interpolation
        self._shown_ct = shared[0] if shared else _ShownCT(ct)
        self._carried = shared[1] if shared else None

    @property
    def display_grid(self) -> Grid:
        """Axis-aligned grid in the CT's Frame of Reference on which both are shown."""
        return self._shown_ct.grid

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader must know about the way the two are shown."""
        if self.ct.grid.is_axis_aligned:
            return ()
        return (CT_STRAIGHTENED(),)

    def with_registration(self, registration: Registration) -> Fused:
        """Return the same two volumes joined by another Registration."""
        # A copy of all values, which nobody needs before there is a picture.
        shown: Resampler | None = self.__dict__.get("_spect_on_display", self._carried)
        spect = shown and shown.with_transform(registration.transform)
        return Fused(
            self.ct,
            self.spect,
            registration,
            interpolation=self.interpolation,
            shared=(self._shown_ct, spect),
        )

    @cached_property
    def _spect_on_display(self) -> Resampler:
        return self._carried or Resampler(
            self.spect,
            self.display_grid,
            transform=self.registration.transform,
            interpolation=self.interpolation,
        )

    def spect_in_own_frame(self, grid: Grid) -> Resampler:
        """Return the functional volume on a grid of its own frame, interpolated linearly.

        Parameters
        ----------
        grid : Grid
            Where values are wanted; they are made from what the planes are made from.
        """
        unmoved = RigidTransform.identity()
        if self.interpolation != "linear":
            return Resampler(self.spect, grid, transform=unmoved)
        return self._spect_on_display.with_transform(unmoved).on(grid)

    @cached_property
    def _bent(self) -> list[Resampler]:
        """One Resampler for each axial plane: the neck correction differs with height only."""
        return self._at_heights(self._spect_on_display, self.display_grid)

    def _at_heights(self, straight: Resampler, grid: Grid) -> list[Resampler]:
        heights = grid.to_lps([(k, 0, 0) for k in range(grid.shape[0])])
        return [straight.with_transform(self.registration.transform_at(at)) for at in heights]

    def _bent_plane(self, axis: int, index: int) -> npt.NDArray[np.float32]:
        planes, (nk, nj, ni) = self._bent, self.display_grid.shape
        if axis == 0:
            return planes[index].plane(0, index)
        out = np.empty((nk, ni if axis == 1 else nj), dtype=np.float32)
        for k, at_height in enumerate(planes):
            if axis == 1:
                at_height.row(k, index, out[k])
            else:
                at_height.column(k, index, out[k])
        return out

    def ct_display(self) -> npt.NDArray[Any]:
        """Return the CT on the display grid.

        Returns
        -------
        (k, j, i) ndarray of int16 or float32
            HU; ``nan`` outside the field of a CT that had to be straightened.
        """
        return self._shown_ct.values

    def ct_plane(self, axis: int, index: int) -> npt.NDArray[Any]:
        """Return one plane of :meth:`ct_display` without making the rest.

        Parameters
        ----------
        axis : {0, 1, 2}
            0 axial ``[j, i]``, 1 coronal ``[k, i]``, 2 sagittal ``[k, j]``.
        index : int
            Plane number along that axis.

        Returns
        -------
        2-D ndarray of float32
            HU; ``nan`` outside the field of a CT that had to be straightened.
        """
        if not self.ct.grid.is_axis_aligned:
            return self._shown_ct.straightener.plane(axis, index)
        shape = self.ct.grid.shape
        per_slice = (shape[0], 1, 1)
        # Plain indexing keeps these views; np.take would copy the whole volume first.
        where = (slice(None),) * axis + (index,)
        stored, slope, intercept = (
            canonical_view(values, self.ct.grid)[0][where].astype(np.float32)
            for values in (
                self.ct.stored,
                np.broadcast_to(self.ct.slope.reshape(per_slice), shape),
                np.broadcast_to(self.ct.intercept.reshape(per_slice), shape),
            )
        )
        plane: npt.NDArray[np.float32] = stored * slope + intercept
        return plane

    def spect_plane(self, axis: int, index: int) -> npt.NDArray[np.float32]:
        """Return one plane of the functional volume on the display grid.

        Parameters
        ----------
        axis : {0, 1, 2}
            0 axial ``[j, i]``, 1 coronal ``[k, i]``, 2 sagittal ``[k, j]``.
        index : int
            Plane number along that axis.

        Returns
        -------
        2-D ndarray of float32
            In :attr:`spect`'s unit; ``nan`` outside its field.
        """
        if self.registration.is_bent:
            return self._bent_plane(axis, index)
        return self._spect_on_display.plane(axis, index)

    def spect_display(self, progress: ProgressCallback | None = None) -> npt.NDArray[np.float32]:
        """Return the whole functional volume on the display grid.

        Returns
        -------
        (k, j, i) ndarray of float32
            In :attr:`spect`'s unit; ``nan`` outside its field.
        """
        if not self.registration.is_bent:
            return self._spect_on_display.array(progress)
        return np.concatenate(list(_planes(self._bent, progress)))

    def spect_on(
        self, grid: Grid, progress: ProgressCallback | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the whole functional volume on any grid in the CT's frame.

        Parameters
        ----------
        grid : Grid
            In any direction.
        progress : callable, optional
            Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

        Returns
        -------
        (k, j, i) ndarray of float32
            In :attr:`spect`'s unit; ``nan`` outside its field.
        """
        out = np.empty(grid.shape, dtype=np.float32)
        start = 0
        for part in self.spect_slabs_on(grid, progress):
            out[start : start + len(part)] = part
            start += len(part)
        return out

    def spect_slabs_on(
        self, grid: Grid, progress: ProgressCallback | None = None
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Yield :meth:`spect_on` in parts along k, in order, without holding the whole of it.

        Parameters
        ----------
        grid, progress
            As for :meth:`spect_on`.

        Yields
        ------
        (n, j, i) ndarray of float32
        """
        straight = self._spect_on_display.on(grid)
        if not self.registration.is_bent:
            return straight.slabs(progress)
        if np.abs(grid.affine[2, 1:3]).max() == 0:
            return _planes(self._at_heights(straight, grid), progress)
        return iter([self._banded(straight, grid)])

    def _banded(self, straight: Resampler, grid: Grid) -> npt.NDArray[np.float32]:
        """Values on a grid whose slices are not level, where each height has its own transform."""
        height = sum(
            np.arange(n).reshape([-1 if a == axis else 1 for a in range(3)]) * grid.affine[2, axis]
            for axis, n in enumerate(grid.shape)
        )
        height = (height + grid.affine[2, 3]) / _BAND_MM
        out = np.zeros(grid.shape, dtype=np.float32)
        for n in range(int(np.floor(height.min())), int(np.ceil(height.max())) + 1):
            share = 1 - np.abs(height - n)
            here = np.broadcast_to(share > 0, grid.shape)
            there = self.registration.transform_at((0.0, 0.0, n * _BAND_MM))
            shown = straight.with_transform(there).array()
            out[here] += (share * shown)[here]
        return out

    def to_spect(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Return where points of the CT lie in the functional volume's own frame.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            In the CT's frame.

        Returns
        -------
        (..., 3) ndarray of float64, mm
        """
        points = np.asarray(points_lps, dtype=np.float64)
        moved = [
            self.registration.transform_at(point).inverse().apply(point)
            for point in points.reshape(-1, 3)
        ]
        return np.array(moved).reshape(points.shape)

    def to_ct(self, point_lps: npt.ArrayLike) -> FloatArray:
        """Return where a point of the functional volume's own frame lies on the CT: (3,), mm.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the functional volume's frame.
        """
        point = self.registration.transform.apply(point_lps)
        if self.registration.is_bent:
            # Which transform applies depends on where on the CT it leads; the pieces differ
            # little, so that a few steps settle it.
            for _ in range(_SETTLING_STEPS):
                point = self.registration.transform_at(point).apply(point_lps)
        return point

    def sample_at(self, point_lps: npt.ArrayLike) -> Sample:
        """Return what both volumes say about one point of the CT's frame.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
        """
        there = self.registration.transform_at(point_lps)
        uptake = float(self._spect_on_display.with_transform(there).at(point_lps))
        return Sample(self.ct.nearest(point_lps), uptake if np.isfinite(uptake) else None)

    @cached_property
    def _ct_at_spect(self) -> npt.NDArray[np.float32]:
        """HU of the CT voxel at each native functional voxel; ``nan`` outside either field."""
        hu = np.full(self.spect.grid.shape, np.nan, dtype=np.float32)
        for part, (nearest, inside) in zip(hu, self._ct_voxels(), strict=True):
            a, b, c = (one[inside].astype(np.int64) for one in nearest)
            part[inside] = self.ct.stored[a, b, c] * self.ct.slope[a] + self.ct.intercept[a]
        seen = seen_mask(self.spect)
        if seen is not None:
            hu[~seen] = np.nan
        return hu

    def _ct_voxels(self) -> Iterator[tuple[list[FloatArray], npt.NDArray[np.bool_]]]:
        """Yield the nearest CT voxel of each functional voxel, and which lie in the CT's field.

        Slice by slice, to keep the coordinates small, and along each axis of the CT by itself: the
        window waits for it whenever the two are moved.
        """
        matrix = (
            np.linalg.inv(self.ct.grid.affine)
            @ self.registration.transform.matrix
            @ self.spect.grid.affine
        )
        slices, rows, columns = (np.arange(size) for size in self.spect.grid.shape)
        down = matrix[:3, 1, None, None] * rows[:, None]
        across = matrix[:3, 2, None, None] * columns
        for k in slices:
            first = matrix[:3, 0] * k + matrix[:3, 3]
            nearest = [np.rint(down[a] + first[a] + across[a]) for a in range(3)]
            inside = np.ones(nearest[0].shape, np.bool_)
            for at, size in zip(nearest, self.ct.grid.shape, strict=True):
                inside &= (at >= 0) & (at < size)
            yield nearest, inside

    @cached_property
    def overlap(self) -> float:
        """Share of what the functional volume saw that lies inside the CT's field, 0 to 1."""
        seen = seen_mask(self.spect)
        total = self.spect.stored.size if seen is None else int(seen.sum())
        common = 0  # without the CT's values, which take as much room as the whole volume
        for k, (_, inside) in enumerate(self._ct_voxels()):
            common += int(np.count_nonzero(inside if seen is None else inside & seen[k]))
        return float(common / max(total, 1))

    @cached_property
    def _uptake_near_bone(self) -> npt.NDArray[np.float32]:
        """Native functional values in or next to bone inside the CT's field; −inf elsewhere.

        Where the CT shows no bone: everything inside its field.
        """
        hu = self._ct_at_spect
        near = np.isfinite(hu)
        bone = np.nan_to_num(hu, nan=-1024.0) >= FOCUS_BONE_HU
        if bone.any():
            near &= near_mask(bone, BONE_MARGIN_MM, self.spect.grid.spacing_mm)
        return np.where(near, self.spect.values(), np.float32(-np.inf))

    @cached_property
    def uptake_range(self) -> tuple[float, float]:
        """Default colour scale, in the functional volume's unit: zero to the top of the uptake."""
        inside = np.isfinite(self._ct_at_spect)
        values = self.spect.values()
        shown = values[inside] if inside.any() else values.ravel()
        top = max(
            float(np.percentile(shown, DISPLAY_PERCENTILE)),
            DISPLAY_SHARE_OF_HOTTEST_BONE * float(self._uptake_near_bone.max()),
        )
        return 0.0, top if top > 0 else max(float(shown.max()), 1.0)

    @cached_property
    def focus_lps(self) -> FloatArray:
        """Where to look first: the hottest voxel in or next to bone, in the CT's frame, mm (3,).

        The middle of the CT when the two do not overlap.
        """
        values = self._uptake_near_bone
        if not np.isfinite(values).any():
            return self.display_grid.center_lps
        hottest = np.array(np.unravel_index(values.argmax(), values.shape))
        return self.to_ct(self.spect.grid.to_lps(hottest))

    def hottest_near(self, points_lps: npt.ArrayLike, reach_mm: float) -> FloatArray | None:
        """Return the hottest voxel in or next to bone that lies near some points of the CT.

        Parameters
        ----------
        points_lps : (n, 3) array_like of float, mm
            In the CT's frame.
        reach_mm : float, mm
            How near.

        Returns
        -------
        (3,) ndarray of float64, mm, or None
            In the CT's frame; None where the functional volume shows nothing there.
        """
        points = self.to_spect(points_lps)
        values = self._uptake_near_bone
        # Of a sheared grid, the voxel steps that leave a ball are those across its faces.
        inverse = np.linalg.inv(self.spect.grid.affine[:3, :3])
        reach = reach_mm * np.linalg.norm(inverse, axis=1)
        kji = self.spect.grid.to_kji(points)
        low = np.floor((kji - reach).min(axis=0)).astype(int).clip(0)
        high = np.ceil((kji + reach).max(axis=0)).astype(int).clip(max=np.array(values.shape) - 1)
        hottest, found = 0.0, None
        for k in range(low[0], high[0] + 1):
            j, i = np.mgrid[low[1] : high[1] + 1, low[2] : high[2] + 1]
            places = self.spect.grid.to_lps(np.stack([np.full_like(j, k), j, i], axis=-1))
            near = np.zeros(j.shape, np.bool_)
            for point in points:
                near |= np.square(places - point).sum(axis=-1) <= reach_mm**2
            here = np.where(near, values[k, low[1] : high[1] + 1, low[2] : high[2] + 1], -np.inf)
            if here.size and here.max() > hottest:
                hottest = float(here.max())
                found = self.to_ct(places[np.unravel_index(int(here.argmax()), here.shape)])
        return found


def _planes(
    planes: list[Resampler], progress: ProgressCallback | None
) -> Iterator[npt.NDArray[np.float32]]:
    for k, at_height in enumerate(planes):
        yield at_height.plane(0, k)[None]
        if progress is not None:
            progress((k + 1) / len(planes), "Resampling")


def _hounsfield(ct: Volume) -> npt.NDArray[Any]:
    """HU of a CT, int16 without a copy where the file allows it."""
    whole = bool(np.all(ct.slope == 1) and np.all(ct.intercept == np.rint(ct.intercept[0])))
    if not whole or ct.stored.dtype.kind not in "iu":
        return ct.values()
    offset = int(ct.intercept[0])
    if ct.stored.dtype == np.int16 and offset == 0:
        return ct.stored
    limits = np.iinfo(np.int16)
    low, high = int(ct.stored.min()) + offset, int(ct.stored.max()) + offset
    if low < limits.min or high > limits.max:
        return ct.values()
    # Wrapping twice (on the cast and on the sum) gives the true value, which fits.
    result = ct.stored.astype(np.int16, copy=True)
    result += np.array(offset).astype(np.int16)
    return result
