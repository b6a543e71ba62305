"""The articular pillar beside the canal, and how much each height of it looks like a joint.

The pillar is a column of bone whose middle can be seen on any slice: between its front and back,
and between its inner and outer edge. A joint is an oblique cut through it, so its centre lies in
that middle, whatever the shape of the vertebrae. Where along the column it lies is told by three
things, none of which needs to look like a template in the others:

- the joint space: a dark sheet between two bright ones, across the whole pillar;
- the plates under the two cartilages: a bright band, also where slices are too thick or joints too
  narrow to show the dark one;
- the likeness of the surroundings to the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.anatomy import Side
from fusion.compiled import compiled
from fusion.facets.automatic.straight import Frame, bone_map, linear, sample_box
from fusion.facets.automatic.template import PATCH_HALF, Template
from fusion.geometry import FloatArray, Volume

#: Heights about the expected one at which a joint is looked for, mm in a patient of size 1: less
#: than half the distance between two joints (13 mm and more).
HEIGHTS_MM = np.arange(-7.0, 7.1, 1.0)
#: Tilt of a joint in the sagittal plane against the template's, degrees, and its cost.
TILTS_DEG = np.arange(-30.0, 30.1, 10.0)
_TILT_COST = 0.02
#: Voxels of the pillar's surroundings and how far they reach along s, p, l, mm.
_EDGE_MM = 0.5
_REACH_MM = (24.0, 22.0, 18.0)
#: Furthest that the middle of the pillar lies from where the template has it, mm (p, l).
_OFF_MM = (8.0, 5.0)
#: Half height of the slab in which the middle is looked for, mm, and half extents of the strips
#: that are averaged for it.
_SLAB_MM, _STRIP_L_MM, _STRIP_P_MM = 2.0, 4.0, 2.0
#: Half width of a pillar, mm in a patient of size 1 (12 mm wide, docs/sources.md#pillar). Bone that
#: is wider than two of these goes on as lamina or transverse process.
_HALF_WIDTH_MM = 7.0
#: HU of the bone edge: from soft tissue to cortex, and the share of the brightest that is an edge.
_EDGE_HU, _EDGE_SHARE = (100.0, 500.0), 0.5
#: HU of what fills a joint space; and of dense cortex: this quantile of the bone (above the first
#: number), within the limits. Porous bones and soft kernels show the same joints, only paler.
_SPACE_HU = 80.0
_BONE_HU, _DENSE_QUANTILE, _DENSE_HU = 200.0, 0.92, (350.0, 1200.0)
#: Positions across the joint (t) and in its plane (a, b), mm.
_T = np.arange(-8.0, 8.1, 0.5)
_A = np.arange(-6.0, 6.1, 1.5)
_B = np.arange(-4.5, 4.6, 1.5)
#: Furthest from the middle of the joint space to its plates, mm.
_PLATE_MM = 3.0
#: Weights of dark sheet, bright band and likeness. Anything near these does as well, on meshes and
#: simulated necks alike.
_SHEET_WEIGHT, _BAND_WEIGHT, _LIKENESS_WEIGHT = 1.0, 0.2, 0.5
#: Thickest slices on which the sheet counts fully, and on which it counts no more, mm.
_SHEET_SLICE_MM = (3.0, 5.0)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A stretch of one pillar.

    Parameters
    ----------
    middles_spl : (n, 3) ndarray of float64, mm
        Middle of the pillar in the straight neck, ascending.
    score : (n,) ndarray of float64
        How much a joint is to be believed there.
    likeness : (n,) ndarray of float64
        Correlation of the surroundings with the template, -1 to 1.
    sheet : (n,) ndarray of float64
        How much darker than its plates the joint space is there, of dense cortex.
    tilt : (n,) ndarray of float64, radians
        Tilt against the template at which all this holds.
    """

    middles_spl: FloatArray
    score: FloatArray
    likeness: FloatArray
    sheet: FloatArray
    tilt: FloatArray


def climb(
    ct: Volume,
    frame: Frame,
    parts: Template,
    *,
    level: int,
    side: Side,
    expected_spl: FloatArray,
    scale: float,
    slice_mm: float,
) -> Column:
    """Follow the pillar about the expected place of a joint.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    parts : Template
        What joints look like.
    level : int
        Row of the template.
    side : Side
        Side of the patient.
    expected_spl : (3,) ndarray of float64, mm
        Where the template puts the joint.
    scale : float
        Size of the patient against the template.
    slice_mm : float, mm
        Distance between slices.
    """
    # Outwards is positive on both sides from here on.
    mirror = np.array([1.0, 1.0, side.sign])
    around = _Surroundings.of(ct, frame, expected_spl, mirror, scale)
    middles = _middles(around, scale)
    normal = parts.normals[level]
    shown = np.clip((_SHEET_SLICE_MM[1] - slice_mm) / np.ptp(_SHEET_SLICE_MM), 0.0, 1.0)
    patch = _patch(parts, level, scale, slice_mm)
    count = len(TILTS_DEG)
    score, likeness, sheet = (np.zeros((count, len(middles))) for _ in range(3))
    for n, tilt in enumerate(np.radians(TILTS_DEG)):
        sheet[n], band = _space(around, middles, turned(normal, tilt), scale)
        likeness[n] = _likeness(around, middles, patch, tilt, scale)
        score[n] = (
            _SHEET_WEIGHT * shown * sheet[n]
            + _BAND_WEIGHT * band
            + _LIKENESS_WEIGHT * likeness[n]
            - _TILT_COST * (TILTS_DEG[n] / 12.0) ** 2
        )
    best = score.argmax(axis=0)
    at = np.arange(len(middles))
    return Column(
        expected_spl + middles * mirror,
        score[best, at],
        likeness[best, at],
        sheet[best, at],
        np.radians(TILTS_DEG)[best],
    )


def turned(vectors: FloatArray, tilt: float) -> FloatArray:
    """Turn vectors (..., 3) in (s, p, l) in the sagittal plane, from the head to the back."""
    s, p = vectors[..., 0], vectors[..., 1]
    c, d = np.cos(tilt), np.sin(tilt)
    result: FloatArray = np.stack([c * s - d * p, d * s + c * p, vectors[..., 2]], axis=-1)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Surroundings:
    """HU [s, p, l] about the expected place, outwards to the higher l, and HU of its dense bone."""

    hu: npt.NDArray[np.float32]
    dense_hu: float

    @classmethod
    def of(
        cls, ct: Volume, frame: Frame, center: FloatArray, mirror: FloatArray, scale: float
    ) -> _Surroundings:
        lines = (
            at + sign * np.arange(-r, r + _EDGE_MM / 2, _EDGE_MM) * scale
            for r, at, sign in zip(_REACH_MM, center, mirror, strict=True)
        )
        hu = sample_box(ct, frame, *lines, beyond_hu=0.0)
        bone = hu[::3, ::3, ::3]
        bone = bone[bone > _BONE_HU]
        dense = np.quantile(bone, _DENSE_QUANTILE) if len(bone) else _DENSE_HU[1]
        return cls(hu, float(np.clip(dense, *_DENSE_HU)))

    def at(self, points: FloatArray, scale: float) -> npt.NDArray[np.float32]:
        """Return HU (...) at points (..., 3) about the expected place, mm."""
        index = ((points / scale + _REACH_MM) / _EDGE_MM).reshape(-1, 3)
        values = np.empty(len(index), np.float32)
        _linear_at(self.hu, index, values)
        return values.reshape(points.shape[:-1])


@compiled()
def _linear_at(hu: Any, index: Any, out: Any) -> None:
    for n in range(len(index)):
        out[n] = linear(hu, index[n, 0], index[n, 1], index[n, 2])


def _middles(around: _Surroundings, scale: float) -> FloatArray:
    """Return the middle of the pillar (n, 3) at every height, about the expected place, mm."""
    slab = int(_SLAB_MM / _EDGE_MM)
    middle = [int(r / _EDGE_MM) for r in _REACH_MM]
    low, high = (middle[0] + int(HEIGHTS_MM[n] / _EDGE_MM) for n in (0, -1))
    bone = around.hu[low - slab : high + slab + 1]
    bone = np.clip((bone - _EDGE_HU[0]) / (_EDGE_HU[1] - _EDGE_HU[0]), 0.0, 1.0)
    bone = ndimage.uniform_filter1d(bone, 2 * slab + 1, axis=0)[slab:-slab]
    found = np.zeros((len(HEIGHTS_MM), 2))
    limits = [int(off / _EDGE_MM) for off in _OFF_MM]
    width = int(_HALF_WIDTH_MM / _EDGE_MM)
    for n, height in enumerate(HEIGHTS_MM):
        plane = bone[middle[0] + int(height / _EDGE_MM) - low]
        p, lateral = middle[1], middle[2]
        for _ in range(3):
            strip = int(_STRIP_L_MM / _EDGE_MM)
            first, last = _edges(plane[:, lateral - strip : lateral + strip + 1].mean(axis=1), p)
            p = (first + last + 1) // 2
            p = int(np.clip(p, middle[1] - limits[0], middle[1] + limits[0]))
            strip = int(_STRIP_P_MM / _EDGE_MM)
            first, last = _edges(plane[p - strip : p + strip + 1].mean(axis=0), lateral)
            lateral = (first + last + 1) // 2
            if last - first > 2 * width:  # as near as may be to where the template has it
                lateral = int(np.clip(middle[2], first + width, last - width))
            lateral = int(np.clip(lateral, middle[2] - limits[1], middle[2] + limits[1]))
        found[n] = (p - middle[1]) * _EDGE_MM, (lateral - middle[2]) * _EDGE_MM
    # A pillar is smooth; single heights are misled by transverse processes and laminae.
    found = ndimage.median_filter(found, (5, 1), mode="nearest")
    found = ndimage.gaussian_filter1d(found, 2.0, axis=0, mode="nearest")
    return np.column_stack([HEIGHTS_MM, found]) * scale


def _edges(profile: npt.NDArray[np.float32], start: int) -> tuple[int, int]:
    """Return the first and the last index of the bone near an index."""
    reach = int(3.0 / _EDGE_MM)
    first = max(start - reach, 0)
    top = first + int(profile[first : start + reach + 1].argmax())
    edge = _EDGE_SHARE * profile[top]
    soft = np.flatnonzero(profile <= edge)
    below, above = soft[soft < top], soft[soft > top]
    low = int(below[-1]) + 1 if len(below) else 0
    high = int(above[0]) - 1 if len(above) else len(profile) - 1
    return low, high


def _space(
    around: _Surroundings, middles: FloatArray, normal: FloatArray, scale: float
) -> tuple[FloatArray, FloatArray]:
    """Return how dark the joint space (n,) and how bright the band about it (n,) is."""
    first = np.cross(normal, [0.0, 0.0, 1.0])
    first /= np.linalg.norm(first)
    second = np.cross(first, normal)
    offsets = (
        _T[:, None, None, None] * normal + _A[:, None, None] * first + _B[:, None] * second
    ) * scale
    hu = around.at(middles[:, None, None, None] + offsets, scale)
    bone = np.clip((hu - _SPACE_HU) / (around.dense_hu - _SPACE_HU), 0.0, 1.3)
    middle, plate = len(_T) // 2, int(_PLATE_MM / 0.5)
    above = bone[:, middle + 1 : middle + plate + 1].max(axis=1)
    below = bone[:, middle - plate : middle].max(axis=1)
    dark = bone[:, middle - 1 : middle + 2].min(axis=1)
    sheet = np.maximum(np.minimum(above, below) - dark, 0.0)[:, _OVAL].mean(axis=1)
    profile = bone[:, :, _OVAL].mean(axis=2)
    beyond = np.abs(_T) >= 4.5
    band = profile[:, np.abs(_T) <= _PLATE_MM].mean(axis=1) - profile[:, beyond].mean(axis=1)
    return sheet, band


#: The part of the joint's plane that articular surfaces take up.
_OVAL = (_A[:, None] / 6.5) ** 2 + (_B[None] / 5.5) ** 2 <= 1.0


def _patch(parts: Template, level: int, scale: float, slice_mm: float) -> FloatArray:
    """Return the template about the left joint, blurred as the slices are, every other mm."""
    sigma = (0.5 + 0.25 * slice_mm / scale, 0.7, 0.7)
    patch = ndimage.gaussian_filter(parts.patches[level].astype(np.float64), sigma)
    flat: FloatArray = patch[1::2, 1::2, 1::2].ravel()
    flat = flat - flat.mean()
    return flat / np.linalg.norm(flat)


def _likeness(
    around: _Surroundings, middles: FloatArray, patch: FloatArray, tilt: float, scale: float
) -> FloatArray:
    lines = [np.arange(-half + 1.0, half, 2.0) for half in PATCH_HALF]
    grid = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    points = middles[:, None, None, None] + scale * turned(grid, tilt)
    image = ndimage.gaussian_filter(bone_map(around.at(points, scale)), (0, 0.25, 0.35, 0.35))
    image = image.reshape(len(middles), -1)
    image = image - image.mean(axis=1, keepdims=True)
    result: FloatArray = (image @ patch) / (np.linalg.norm(image, axis=1) + 1e-3)
    return result
