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
    gap : float or None
        How much darker the joint space is than the bone on both sides of it, of 1; near 0 when it
        is fused. None on slices too thick to show it.
    in_field : float
        Share of the window that lies in the field.
    """

    center_spl: FloatArray
    normal_spl: FloatArray
    score: float
    metal: float
    gap: float | None
    in_field: float


#: Tilts about the template's normal at which the joint space is looked for, degrees.
_GAP_TILTS_DEG = (-24.0, -12.0, 0.0, 12.0, 24.0)
#: Thickest slices on which a joint space of 1 to 2 mm can be seen.
GAP_SLICE_MM = 1.6
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
    gap = _gap(ct, frame, best[1], turned) if slice_mm <= GAP_SLICE_MM else None
    return Fit(best[1], turned, best[2], best[4], gap, field)


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
    """Return the contrast of the joint space, for the tilt that shows it best."""
    sideways = np.cross(normal, [0.0, 0.0, 1.0])
    sideways /= np.linalg.norm(sideways)
    across = np.cross(normal, sideways)
    grid = np.arange(-3.0, 3.1, 1.5)
    along = np.arange(-6.0, 6.1, 0.5)
    middle = np.flatnonzero(np.abs(along) <= 3.0)
    best = -1.0
    for tilt in np.radians(_GAP_TILTS_DEG):
        for yaw in np.radians([-14.0, 0.0, 14.0]):
            turned = normal + np.tan(tilt) * sideways + np.tan(yaw) * across
            turned /= np.linalg.norm(turned)
            first = np.cross(turned, across)
            first /= np.linalg.norm(first)
            second = np.cross(turned, first)
            points = (
                center
                + along[:, None, None, None] * turned
                + grid[:, None, None] * first
                + grid[:, None] * second
            )
            bone = bone_map(sample_points(ct, frame.to_lps(points)))
            profile = np.median(bone.reshape(len(along), -1), axis=1)
            for n in middle:
                sides = min(profile[n - 6 : n].max(), profile[n + 1 : n + 7].max())
                best = max(best, float(sides - profile[n]))
    return best


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
