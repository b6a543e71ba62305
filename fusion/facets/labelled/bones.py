"""One labelled bone: where its middle, its surface and its own left and right are.

Left and right come from the patient's coordinates and from the mirror symmetry of the bone itself,
never from the middle of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from fusion.facets.labelled.maps import Mask
from fusion.geometry import FloatArray

#: Points of a bone that its symmetry is worked out from.
_MANY = 6000
#: Turn of a vertebra about the axis of the neck that is looked for, degrees.
_TURNS_DEG = np.arange(-45.0, 45.1, 3.0)
#: What a turn costs, so that a bone without a clear symmetry is not turned.
_TURN_COST = 0.04
#: Half width of the part of a bone that counts as its middle, mm.
MIDDLE_MM = 5.0
#: Smoothing of a label before the directions of its surface are taken, mm.
_SMOOTH_MM = 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Bone:
    """A labelled bone in its own frame.

    Parameters
    ----------
    mask : Mask
        Its voxels.
    points_lps : (n, 3) ndarray of float64, mm
        Their centres.
    surface_lps, normals_lps : (m, 3) ndarray of float64
        Centres of the voxels at its surface, mm, and the outward unit normals there.
    origin_lps : (3,) ndarray of float64, mm
        Mean of the points, shifted sideways onto the bone's own midline.
    axes_lps : (3, 3) ndarray of float64
        Rows: unit vectors along the neck to the head, to the back, to the patient's left.
    """

    mask: Mask
    points_lps: FloatArray = field(repr=False)
    surface_lps: FloatArray = field(repr=False)
    normals_lps: FloatArray = field(repr=False)
    origin_lps: FloatArray
    axes_lps: FloatArray

    @property
    def spl(self) -> FloatArray:
        """The points in the bone's frame: to the head, to the back, to the left, mm (n, 3)."""
        return self.local(self.points_lps)

    def local(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Map world points (..., 3) to the bone's frame (to the head, the back, the left), mm."""
        offsets = np.asarray(points_lps, dtype=np.float64) - self.origin_lps
        result: FloatArray = offsets @ self.axes_lps.T
        return result


def surface(mask: Mask) -> tuple[FloatArray, FloatArray]:
    """Return the voxels at the surface of a label and the outward unit normals there.

    Parameters
    ----------
    mask : Mask
        At least one voxel.

    Returns
    -------
    points_lps, normals_lps : (n, 3) ndarray of float64
        Voxel centres, mm, and directions.
    """
    voxels = np.pad(mask.voxels, 3)
    index = np.argwhere(voxels & ~ndimage.binary_erosion(voxels))
    sigma = np.minimum(_SMOOTH_MM / mask.grid.spacing_mm, 1.5)
    smooth = ndimage.gaussian_filter(voxels.astype(np.float32), sigma)
    gradient = np.stack([g[tuple(index.T)] for g in np.gradient(smooth)], axis=-1)
    # A gradient by index is taken to the world by the inverse transpose.
    outward = -gradient @ np.linalg.inv(mask.grid.affine[:3, :3])
    length = np.linalg.norm(outward, axis=1, keepdims=True)
    normals = np.divide(outward, length, out=np.zeros_like(outward), where=length > 0)
    return mask.grid.to_lps(index - 3), normals


def bones_of(masks: Sequence[Mask]) -> list[Bone]:
    """Lay a frame into every bone of a column.

    Parameters
    ----------
    masks : sequence of Mask
        From the head down, at least two.
    """
    points = [mask.points_lps for mask in masks]
    middles = np.array([p.mean(axis=0) for p in points])
    along = -np.gradient(middles, axis=0)
    along /= np.linalg.norm(along, axis=1)[:, None]
    return [_bone(m, p, up) for m, p, up in zip(masks, points, along, strict=True)]


def _bone(mask: Mask, points: FloatArray, up: FloatArray) -> Bone:
    left = np.array([1.0, 0.0, 0.0]) - up[0] * up
    left /= np.linalg.norm(left)
    axes = np.stack([up, np.cross(up, left), left])
    middle = points.mean(axis=0)
    some = points[:: max(1, len(points) // _MANY)]
    flat = (some - middle) @ axes[1:].T  # to the back, to the left
    turn, shift = _symmetry(flat)
    c, s = np.cos(turn), np.sin(turn)
    axes = np.stack([up, c * axes[1] - s * axes[2], s * axes[1] + c * axes[2]])
    return Bone(mask, points, *surface(mask), middle + shift * axes[2], axes)


def _symmetry(flat: FloatArray) -> tuple[float, float]:
    """Return the turn (radians) and the shift to the left (mm) that best mirror a bone on itself.

    A positive turn takes "left" towards the back.
    """
    scores, shifts = [], []
    reach = int(np.ceil(np.abs(flat).max() * 1.45)) + 2
    # Cells of 2 mm to the back and 1 mm to the left.
    size = fft.next_fast_len(4 * reach - 1, real=True)
    for degrees in _TURNS_DEG:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        back, left = c * flat[:, 0] - s * flat[:, 1], s * flat[:, 0] + c * flat[:, 1]
        row = (np.floor(back).astype(np.int64) + reach) // 2
        cell = row * 2 * reach + np.floor(left).astype(np.int64) + reach
        image = np.bincount(cell, minlength=2 * reach**2).reshape(reach, 2 * reach).astype(float)
        image = ndimage.gaussian_filter(image, (0.7, 1.0))
        # A row against its own mirror image, for every place of the mirror at once.
        spectrum = fft.rfft(image, size, axis=1)
        folded = fft.irfft(spectrum * spectrum, size, axis=1)[:, : 4 * reach - 1].sum(axis=0)
        n = int(folded.argmax())
        shifts.append((n - (2 * reach - 1)) / 2)
        scores.append(folded[n] / np.square(image).sum() - _TURN_COST * (degrees / 30.0) ** 2)
    best = int(np.argmax(scores))
    return float(np.radians(_TURNS_DEG[best])), float(shifts[best])
