"""From the height of a level to the centre of each of its joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.feature import match_template

from fusion.facets.joints import Side
from fusion.facets.straight import Frame, bone_map, sample_points
from fusion.facets.template import PATCH_HALF, Template
from fusion.geometry import FloatArray, Volume

#: How far from its expected place a joint is looked for along s, p, l, mm.
_SEARCH_MM = (6, 6, 4)
#: Spread of joints about their expected place, mm: how much a displacement costs.
_SPREAD_MM = np.array([3.5, 3.0, 2.5])
_PRIOR_COST = 0.07
#: Tilt of a vertebra in the sagittal plane against the canal, degrees.
_TILTS_DEG = (-24.0, -12.0, 0.0, 12.0, 24.0)
_TILT_COST = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Where a joint is.

    Parameters
    ----------
    center_spl : (3,) ndarray of float64, mm
        In the straight neck.
    normal_spl : (3,) ndarray of float64
        Unit normal of the joint, towards the upper bone.
    score : float
        Correlation with the template there, -1 to 1.
    metal : float
        Share of the window that is as dense as metal.
    gap : float
        How much darker the joint space is than the bone on both sides of it; below 0 when it is
        not darker at all (fused, or too fine for the slices).
    in_field : float
        Share of the window that lies in the field.
    """

    center_spl: FloatArray
    normal_spl: FloatArray
    score: float
    metal: float
    gap: float
    in_field: float


#: HU of metal; dense cortex and enamel stay below in a neck.
METAL_HU = 2300.0


def refine(
    ct: Volume,
    frame: Frame,
    parts: Template,
    *,
    level: int,
    side: Side,
    expected_spl: FloatArray,
    scale: float,
    slice_mm: float,
) -> Fit:
    """Find one joint near its expected place.

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
        Distance between slices: the template is blurred alike.
    """
    patch = parts.patches[level]
    normal = parts.normals[level].copy()
    if side is Side.RIGHT:
        patch = patch[:, :, ::-1]
        normal[2] *= -1
    sigma = (0.5 + 0.25 * slice_mm / scale, 0.7, 0.7)
    patch = ndimage.gaussian_filter(patch, sigma)
    reach = [half + search for half, search in zip(PATCH_HALF, _SEARCH_MM, strict=True)]
    offsets = np.stack(
        np.meshgrid(*(np.arange(-r, r + 1.0) for r in reach), indexing="ij"), axis=-1
    )
    steps = np.stack(
        np.meshgrid(*(np.arange(-r, r + 1.0) for r in _SEARCH_MM), indexing="ij"), axis=-1
    )
    prior = _PRIOR_COST * ((steps * scale / _SPREAD_MM) ** 2).sum(axis=-1)
    best: tuple[float, FloatArray, float, float, float] | None = None
    for tilt_deg in _TILTS_DEG:
        tilt = np.radians(tilt_deg)
        turn = np.array(
            [[np.cos(tilt), -np.sin(tilt), 0], [np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]]
        )
        hu = sample_points(ct, frame.to_lps(expected_spl + scale * offsets @ turn.T))
        inside = float(np.isfinite(hu).mean())
        image = ndimage.gaussian_filter(bone_map(hu), (0.5, 0.7, 0.7))
        correlation: FloatArray = np.asarray(match_template(image, patch), dtype=np.float64)
        value = correlation - prior - _TILT_COST * (tilt_deg / 12) ** 2
        at = np.unravel_index(int(value.argmax()), value.shape)
        if best is None or value[at] > best[0]:
            step = steps[at] + _subvoxel(value, at)
            center = expected_spl + scale * turn @ step
            metal = float((np.nan_to_num(hu) > METAL_HU).mean())
            best = (float(value[at]), center, float(correlation[at]), tilt, metal)
            field = inside
    assert best is not None
    tilt = best[3]
    turned = np.array(
        [
            np.cos(tilt) * normal[0] - np.sin(tilt) * normal[1],
            np.sin(tilt) * normal[0] + np.cos(tilt) * normal[1],
            normal[2],
        ]
    )
    return Fit(best[1], turned, best[2], best[4], _gap(ct, frame, best[1], turned), field)


def _subvoxel(value: FloatArray, at: tuple[np.intp, ...]) -> FloatArray:
    """Return the offset of the peak from its voxel, by a parabola along each axis."""
    offset = np.zeros(3)
    for axis in range(3):
        n = int(at[axis])
        if not 0 < n < value.shape[axis] - 1:
            continue
        index = list(at)
        around = []
        for step in (-1, 0, 1):
            index[axis] = np.intp(n + step)
            around.append(float(value[tuple(index)]))
        curve = around[0] - 2 * around[1] + around[2]
        if curve < 0:
            offset[axis] = np.clip((around[0] - around[2]) / (2 * curve), -0.5, 0.5)
    return offset


def _gap(ct: Volume, frame: Frame, center: FloatArray, normal: FloatArray) -> float:
    """Return the contrast of the joint space: bone on both sides less the darkest between."""
    side = np.cross(normal, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    across = np.cross(normal, side)
    grid = np.arange(-3.0, 3.1, 1.5)
    u, v = np.meshgrid(grid, grid, indexing="ij")
    along = np.arange(-5.0, 5.1, 0.5)
    points = (
        center
        + along[:, None, None, None] * normal
        + u[None, :, :, None] * side
        + v[None, :, :, None] * across
    )
    profile = np.nanmedian(
        np.nan_to_num(sample_points(ct, frame.to_lps(points)), nan=0.0).reshape(len(along), -1),
        axis=1,
    )
    middle = np.abs(along) <= 2.0
    lower, upper = profile[along < -1.5].max(), profile[along > 1.5].max()
    return float((min(lower, upper) - profile[middle].min()) / 600.0)


def expected(
    parts: Template,
    frame_height: float,
    *,
    level: int,
    side: Side,
    scale: float,
    shift_p_mm: float,
) -> npt.NDArray[np.float64]:
    """Return where the template puts a joint of a level, in the straight neck, mm."""
    offset = parts.offsets_mm[level] * (1, 1, side.sign) * scale
    return np.array([frame_height, offset[1] + shift_p_mm, offset[2]])
