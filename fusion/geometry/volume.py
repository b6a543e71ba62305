"""A grid with its values, their unit, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError
from fusion.findings import Finding
from fusion.geometry.directions import FloatArray, frozen
from fusion.geometry.grid import Grid


@dataclass(frozen=True, slots=True)
class Source:
    """Where the values of a Volume came from.

    Parameters
    ----------
    study_instance_uid, series_instance_uid : str
        DICOM identifiers.
    volume_id : str
        Which volume of the series; unique in the study, as printed by ``facetfusion scan``.
    sop_instance_uids : tuple of str
        Every instance that contributed, in slice order, without repeats.
    modality : str
        DICOM Modality as stated by the file.
    description : str
        Series Description and what tells this volume apart, for a list on screen.
    label : str
        What people call it: ``"CT"``, ``"SPECT"`` or ``"PET"``; that of the modality if empty.
    positrons : bool
        Whether the file names a tracer that emits positrons.
    """

    study_instance_uid: str
    series_instance_uid: str
    volume_id: str
    sop_instance_uids: tuple[str, ...]
    modality: str
    description: str
    label: str = ""
    positrons: bool = False

    def __post_init__(self) -> None:
        if not self.label:
            usual = {"CT": "CT", "PT": "PET"}.get(self.modality, "SPECT")
            object.__setattr__(self, "label", usual)


@dataclass(frozen=True, slots=True, eq=False)
class FieldOfView:
    """Which voxels of a functional volume its detector saw.

    Parameters
    ----------
    low, high : (k, j, i) tuple of int
        First voxel of the block that holds them, and one past its last.
    mask : (k, j, i) ndarray of bool or None
        Of the block; None where all of it was seen.
    """

    low: tuple[int, int, int]
    high: tuple[int, int, int]
    mask: npt.NDArray[np.bool_] | None

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """The block."""
        k, j, i = (slice(a, b) for a, b in zip(self.low, self.high, strict=True))
        return k, j, i

    def within(self, shape: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
        """Return which voxels of a volume of this shape were seen."""
        seen = np.zeros(shape, np.bool_)
        seen[self.box] = True if self.mask is None else self.mask
        return seen

    def is_smaller_than(self, shape: tuple[int, int, int]) -> bool:
        """Whether anything of a volume of this shape was not seen."""
        return self.mask is not None or self.low != (0, 0, 0) or self.high != shape


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A grid, its values, their unit, and where they came from.

    Parameters
    ----------
    grid : Grid
        Where the voxels are.
    stored : (k, j, i) ndarray
        Values as stored, usually int16 or uint16.
    slope, intercept : float or (k,) array_like of float
        ``value = slope * stored + intercept``, per volume or per slice.
    unit : str
        Unit of the values: ``"HU"``, ``"Bq/mL"``, ``"counts"``, …
    source : Source
        Provenance.
    suvbw_per_unit : float or None
        Factor from the unit to SUVbw (g/mL) when every input was present and consistent.
    findings : tuple of Finding
        What a reader must know about this volume.
    seen : FieldOfView or None
        Where the detector of a functional volume saw; None where nobody looked
        (:func:`fusion.geometry.with_field_of_view`).

    Raises
    ------
    GeometryError
        The array does not fit the grid.
    """

    grid: Grid
    stored: npt.NDArray[Any]
    slope: FloatArray
    intercept: FloatArray
    unit: str
    source: Source
    suvbw_per_unit: float | None = None
    findings: tuple[Finding, ...] = field(default=())
    seen: FieldOfView | None = None

    def __post_init__(self) -> None:
        if self.stored.shape != self.grid.shape:
            raise GeometryError(
                f"Array of shape {self.stored.shape} does not fit a grid of {self.grid.shape}."
            )
        count = self.grid.shape[0]
        for name in ("slope", "intercept"):
            per_slice = np.broadcast_to(np.asarray(getattr(self, name), dtype=np.float64), (count,))
            object.__setattr__(self, name, frozen(per_slice, (count,), name))

    def values(self) -> npt.NDArray[np.float32]:
        """Return the values in :attr:`unit`, float32 (k, j, i)."""
        result = self.stored.astype(np.float32)
        if not (np.all(self.slope == 1) and np.all(self.intercept == 0)):
            result *= self.slope[:, None, None].astype(np.float32)
            result += self.intercept[:, None, None].astype(np.float32)
        return result

    def nearest(self, point_lps: npt.ArrayLike) -> float | None:
        """Return the value of the voxel that holds a point; None outside the field.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In this volume's own frame.
        """
        k, j, i = (int(n) for n in np.rint(self.grid.to_kji(point_lps)))
        if not all(0 <= n < size for n, size in zip((k, j, i), self.grid.shape, strict=True)):
            return None
        return float(self.stored[k, j, i] * self.slope[k] + self.intercept[k])


def block_of(volume: Volume, low: tuple[int, int, int], high: tuple[int, int, int]) -> Volume:
    """Return a block of a volume; the values are shared.

    Parameters
    ----------
    volume : Volume
        Where the detector saw is left out.
    low, high : (k, j, i) tuple of int
        First voxel, and one past the last.
    """
    affine = volume.grid.affine.copy()
    affine[:3, 3] = volume.grid.to_lps(low)
    k, j, i = (slice(a, b) for a, b in zip(low, high, strict=True))
    shape = (high[0] - low[0], high[1] - low[1], high[2] - low[2])
    return replace(
        volume,
        grid=Grid(shape, affine, volume.grid.frame_of_reference_uid),
        stored=volume.stored[k, j, i],
        slope=volume.slope[k],
        intercept=volume.intercept[k],
        seen=None,
    )


def block_around(volume: Volume, points_lps: npt.ArrayLike) -> Volume | None:
    """Return the smallest block of a volume that values between some points need.

    Parameters
    ----------
    volume : Volume
        Where the detector saw is left out.
    points_lps : (n, 3) array_like of float, mm
        Corners of what is wanted, in the volume's own frame.

    Returns
    -------
    Volume or None
        The values are shared; None where the volume reaches to none of them.
    """
    kji = volume.grid.to_kji(points_lps)
    low = (np.floor(kji.min(axis=0)).astype(int) - 1).clip(0)
    high = (np.ceil(kji.max(axis=0)).astype(int) + 2).clip(max=volume.grid.shape)
    if (high <= low).any():
        return None
    a, b = (tuple(int(n) for n in corner) for corner in (low, high))
    return block_of(volume, (a[0], a[1], a[2]), (b[0], b[1], b[2]))


def averaged(volume: Volume, factors: tuple[int, int, int]) -> Volume:
    """Return a volume of larger voxels, each the mean of a block of voxels, float32.

    Parameters
    ----------
    volume : Volume
        What does not fill a larger voxel, at the end of an axis, is left out. Where the detector
        saw is kept: it saw a larger voxel where it saw all of it.
    factors : (k, j, i) tuple of int
        Voxels in each of the larger ones.
    """
    grid = volume.grid.averaged(factors)
    whole = [n * factor for n, factor in zip(grid.shape, factors, strict=True)]
    apart = [n for pair in zip(grid.shape, factors, strict=True) for n in pair]
    values = np.empty(grid.shape, np.float32)
    for k in range(grid.shape[0]):  # all at once would take a copy of all the values
        slab = block_of(volume, (k * factors[0], 0, 0), ((k + 1) * factors[0], whole[1], whole[2]))
        values[k] = slab.values().reshape(apart[1:]).mean(axis=(0, 2, 4))
    seen = volume.seen
    if seen is not None:
        saw = seen.within(volume.grid.shape)
        blocks = saw[: whole[0], : whole[1], : whole[2]].reshape(apart)
        mask = np.logical_and.reduce(blocks, axis=(1, 3, 5))
        seen = FieldOfView((0, 0, 0), grid.shape, None if mask.all() else mask)
    ones = np.ones(grid.shape[0])
    return replace(volume, grid=grid, stored=values, slope=ones, intercept=0 * ones, seen=seen)
