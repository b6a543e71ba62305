"""Label maps made elsewhere: which voxels carry which label, in the patient's coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.anatomy import Side
from fusion.errors import FusionError
from fusion.findings import Finding
from fusion.geometry import FloatArray, Grid

#: Labels above this are no labels of bones: no convention uses them.
MAX_LABEL = 4095
#: Most labels in one map; the largest convention has some 120.
MAX_LABELS = 500
#: Most voxels of a label map: 1024 slices of 512 × 512.
MAX_LABEL_VOXELS = 2**28
#: Pieces smaller than this share of the largest are stray voxels and are left out.
_PIECE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """What a label stands for.

    Parameters
    ----------
    vertebra : str
        ``"C0"`` (occiput), ``"C1"`` … ``"C7"``, ``"T1"`` … ``"L6"``.
    process : {"", "superior", "inferior"}
        Empty for the whole bone, else which articular process.
    side : Side or None
        Side of an articular process; None for a whole bone.

    Raises
    ------
    ValueError
        A process without a side, or the reverse.
    """

    vertebra: str
    process: str = ""
    side: Side | None = None

    def __post_init__(self) -> None:
        if self.process not in ("", "superior", "inferior"):
            raise ValueError(f"a process is superior or inferior; found {self.process!r}")
        if bool(self.process) != (self.side is not None):
            raise ValueError("an articular process has a side, a whole bone has none")


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """The voxels of one label, cut out of the map.

    Parameters
    ----------
    grid : Grid
        Of the box around the label.
    voxels : (k, j, i) ndarray of bool
        Which voxels of the box carry it.
    at_edge : bool
        Whether the label reaches the end of the map, so that part of the bone may be missing.
    """

    grid: Grid
    voxels: npt.NDArray[np.bool_] = field(repr=False)
    at_edge: bool = False

    @property
    def points_lps(self) -> FloatArray:
        """Centres of the voxels, LPS mm (n, 3)."""
        return self.grid.to_lps(np.argwhere(self.voxels))

    @property
    def volume_cm3(self) -> float:
        """Volume of the label, cm³."""
        voxel = abs(float(np.linalg.det(self.grid.affine[:3, :3])))
        return float(self.voxels.sum()) * voxel / 1000.0

    def holds(self, points_lps: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell which of some points (n, 3), mm, lie in a voxel that carries the label."""
        kji = np.rint(self.grid.to_kji(points_lps)).astype(int)
        held = np.zeros(len(kji), dtype=np.bool_)
        inside = np.flatnonzero(((kji >= 0) & (kji < self.voxels.shape)).all(axis=1))
        held[inside] = self.voxels[tuple(kji[inside].T)]
        return held

    def largest(self) -> Mask:
        """Return the label without stray pieces."""
        pieces, count = ndimage.label(self.voxels, structure=np.ones((3, 3, 3)))
        if count < 2:
            return self
        sizes = np.bincount(pieces.ravel())[1:]
        kept = np.flatnonzero(sizes >= _PIECE_SHARE * sizes.max()) + 1
        return Mask(self.grid, np.isin(pieces, kept), self.at_edge)


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """What a file says: its labels, and what they stand for where the file itself says that.

    Parameters
    ----------
    name : str
        The file, for people.
    grid : Grid
        Of the whole map.
    masks : mapping of int to Mask
        Label (NIfTI value or segment number) to its voxels.
    parts : mapping of int to Part
        Label to what it stands for; empty where only a convention can tell.
    findings : tuple of Finding
        What a reader must know about the file.
    """

    name: str
    grid: Grid
    masks: Mapping[int, Mask]
    parts: Mapping[int, Part] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def cut_out(voxels: npt.NDArray[np.bool_], grid: Grid) -> Mask:
    """Return the box around the set voxels of an array.

    Parameters
    ----------
    voxels : (k, j, i) ndarray of bool
        At least one is set.
    grid : Grid
        Of the array.
    """
    box = ndimage.find_objects(voxels.view(np.uint8))[0]
    return _mask(np.ascontiguousarray(voxels[box]), grid, [part.start for part in box])


def as_labels(values: npt.NDArray[Any], *, name: str) -> npt.NDArray[np.uint16]:
    """Return values as labels, exactly.

    Parameters
    ----------
    values : (k, j, i) ndarray
        As the file holds them.
    name : str
        The file, for messages.

    Raises
    ------
    FusionError
        Fractions, or numbers that no label has.
    """
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= MAX_LABEL):  # also refuses NaN
        raise FusionError(
            f"{name} holds values from {low:g} to {high:g}; a label map holds whole numbers from 0 "
            f"to {MAX_LABEL}. Give the label map, not the image that it was made from."
        )
    labels = values.astype(np.uint16)
    if values.dtype.kind == "f" and not np.array_equal(labels, values):
        raise FusionError(
            f"{name} holds fractions; labels are whole numbers. Give the label map, not "
            "probabilities or an image."
        )
    if not high:
        raise FusionError(f"{name} holds no label: every voxel is 0.")
    return labels


def masks_of(labels: npt.NDArray[np.uint16], grid: Grid, *, name: str) -> dict[int, Mask]:
    """Take a label map apart.

    Parameters
    ----------
    labels : (k, j, i) ndarray of uint16
        0 is background.
    grid : Grid
        Of the map.
    name : str
        The file, for messages.

    Raises
    ------
    FusionError
        More labels than any label map has.
    """
    boxes = {n: box for n, box in enumerate(ndimage.find_objects(labels), start=1) if box}
    if len(boxes) > MAX_LABELS:
        raise FusionError(
            f"{name} holds {len(boxes)} different values; no label map has so many. Give the label "
            "map, not the image that it was made from."
        )
    return {
        n: _mask(labels[box] == n, grid, [part.start for part in box]) for n, box in boxes.items()
    }


def _mask(voxels: npt.NDArray[np.bool_], grid: Grid, low: Sequence[int]) -> Mask:
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_lps(low)
    at_edge = min(low) == 0 or any(
        start + count == size
        for start, count, size in zip(low, voxels.shape, grid.shape, strict=True)
    )
    shape = int(voxels.shape[0]), int(voxels.shape[1]), int(voxels.shape[2])
    return Mask(Grid(shape, affine, grid.frame_of_reference_uid), voxels, at_edge)
