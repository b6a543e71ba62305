"""From the heights of the levels to the centre of each of their joints."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from fusion.anatomy import ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.facets.automatic.pillar import HEIGHTS_MM, Column, climb, turned
from fusion.facets.automatic.straight import Frame, bone_map, sample_points
from fusion.facets.automatic.template import PATCH_HALF, TEMPLATE_LEVELS, Template
from fusion.geometry import FloatArray, Volume

#: How far from its expected place a joint of C1 is looked for along s, p, l, mm.
_SEARCH_MM = (6, 6, 4)
#: Spread of those joints about their expected place, mm: how much a displacement costs.
_SPREAD_MM = np.array([3.5, 3.0, 2.5])
_PRIOR_COST = 0.07
#: Tilt of a vertebra in the sagittal plane against the canal, degrees.
_TILTS_DEG = (-24.0, -12.0, 0.0, 12.0, 24.0)
_TILT_COST = 0.02
#: Cost of a displacement of one spread, along the pillar; spreads, mm in a patient of size 1: of a
#: level about where the template has it, of neighbouring levels against each other (a spine that
#: differs from the template differs alike over several levels), and of left against right.
_SHIFT_COST = 0.05
_LEVEL_SPREAD_MM, _NEIGHBOUR_SPREAD_MM, _SIDES_SPREAD_MM = 8.0, 2.5, 2.0
#: Furthest that left and right may lie apart along the pillar, in steps of the search.
_SIDES_APART = 4


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
    sheet : float or None
        How much darker than its plates the joint space is over the whole joint, of dense cortex;
        None where no joint space was looked for.
    """

    center_spl: FloatArray
    normal_spl: FloatArray
    score: float
    metal: float
    gap: float | None
    in_field: float
    sheet: float | None = None


#: Tilts about the template's normal at which the joint space is looked for, degrees.
_GAP_TILTS_DEG = (-24.0, -12.0, 0.0, 12.0, 24.0)
#: Thickest slices on which a joint space of 1 to 2 mm can be seen.
GAP_SLICE_MM = 1.6
#: HU below which there is no patient: no window of a joint reaches a lung or the pharynx.
_NO_PATIENT_HU = -700.0
#: HU of metal; dense cortex and enamel stay below in a neck.
METAL_HU = 2300.0


def find_joints(
    ct: Volume,
    frame: Frame,
    parts: Template,
    places_spl: Mapping[Joint, FloatArray],
    *,
    scale: float,
) -> dict[Joint, Fit]:
    """Find joints near their expected places.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    parts : Template
        What joints look like.
    places_spl : mapping of Joint to (3,) ndarray of float64, mm
        Where the template puts them, in the straight neck.
    scale : float
        Size of the patient against the template.
    """
    slice_mm = float(ct.grid.spacing_mm.max())
    joints = [joint for joint in places_spl if joint.is_zygapophysial]
    atlas = [joint for joint in places_spl if not joint.is_zygapophysial]

    def column(joint: Joint) -> Column:
        return climb(
            ct,
            frame,
            parts,
            level=TEMPLATE_LEVELS.index(joint.level),
            side=joint.side,
            expected_spl=places_spl[joint],
            scale=scale,
            slice_mm=slice_mm,
        )

    def matched(joint: Joint) -> Fit:
        return _matched(ct, frame, parts, joint, places_spl[joint], scale, slice_mm)

    # A reader waits for this after every click; what is slow is done side by side.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        columns = dict(zip(joints, pool.map(column, joints), strict=True))
        steps = _settled(columns)

        def settled(joint: Joint) -> Fit:
            return _at_step(ct, frame, parts, joint, columns[joint], steps[joint], scale, slice_mm)

        fits = dict(zip(atlas, pool.map(matched, atlas), strict=True))
        fits |= zip(joints, pool.map(settled, joints), strict=True)
    return {joint: fits[joint] for joint in places_spl}


def _settled(columns: Mapping[Joint, Column]) -> dict[Joint, int]:
    """Choose a step on every column: one solution over all levels and both sides."""
    levels = [n for n in ZYGAPOPHYSIAL_LEVELS if any(j.level == n for j in columns)]
    if not levels:
        return {}
    pairs = [_paired([columns.get(Joint(level, side)) for side in Side]) for level in levels]
    rows = [ZYGAPOPHYSIAL_LEVELS.index(level) for level in levels]
    change = HEIGHTS_MM[:, None] - HEIGHTS_MM[None]
    total, back = pairs[0][0], []
    for (gain, _), (above, below) in zip(pairs[1:], pairwise(rows), strict=True):
        # A level between the two that is not in the field makes them less alike.
        spread = _NEIGHBOUR_SPREAD_MM * (below - above)
        ways = total[None] - 2 * _SHIFT_COST * (change / spread) ** 2
        back.append(ways.argmax(axis=1))
        total = gain + ways.max(axis=1)
    at = [int(total.argmax())]
    for previous in reversed(back):
        at.append(int(previous[at[-1]]))
    chosen = {}
    for level, (_, steps), middle in zip(levels, pairs, reversed(at), strict=True):
        for side, step in zip(Side, steps[middle], strict=True):
            if Joint(level, side) in columns:
                chosen[Joint(level, side)] = int(step)
    return chosen


def _paired(
    columns: list[Column | None],
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return what is gained by each middle height of a pair, and its steps (n, 2) there."""
    known = [column for column in columns if column is not None]
    first, second = (column or known[0] for column in columns)
    count = len(HEIGHTS_MM)
    gain, steps = np.full(count, -np.inf), np.zeros((count, 2), dtype=np.int64)
    for middle in range(count):
        for apart in range(-_SIDES_APART, _SIDES_APART + 1):
            a = middle + apart // 2
            b = a - apart
            if not (0 <= a < count and 0 <= b < count):
                continue
            value = first.score[a] + second.score[b]
            value -= _SHIFT_COST * (apart / _SIDES_SPREAD_MM) ** 2
            if value > gain[middle]:
                gain[middle], steps[middle] = value, (a, b)
    return gain - 2 * _SHIFT_COST * (HEIGHTS_MM / _LEVEL_SPREAD_MM) ** 2, steps


def _at_step(
    ct: Volume,
    frame: Frame,
    parts: Template,
    joint: Joint,
    column: Column,
    step: int,
    scale: float,
    slice_mm: float,
) -> Fit:
    """Describe the joint at a step of its column."""
    place = step + float(_subvoxel(column.score, (np.intp(step),))[0])
    steps = np.arange(len(column.score))
    center = np.array([np.interp(place, steps, column.middles_spl[:, n]) for n in range(3)])
    mirror = np.array([1.0, 1.0, joint.side.sign])
    tilt = float(column.tilt[step])
    row = TEMPLATE_LEVELS.index(joint.level)
    normal = turned(parts.normals[row], tilt) * mirror
    lines = [np.arange(-half, half + 1.0, 2.0) for half in PATCH_HALF]
    grid = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1)
    hu = sample_points(ct, frame.to_lps(center + scale * turned(grid, tilt) * mirror))
    return Fit(
        center_spl=center,
        normal_spl=normal,
        score=float(column.likeness[step]),
        metal=float((np.nan_to_num(hu) > METAL_HU).mean()),
        gap=_gap(ct, frame, center, normal) if slice_mm <= GAP_SLICE_MM else None,
        in_field=_in_field(hu),
        sheet=float(column.sheet[step]),
    )


def _in_field(hu: npt.NDArray[np.floating]) -> float:
    """Return the share of a joint's window that shows the patient.

    Where a picture was turned, or its field is a circle, air fills what was never scanned.
    """
    return float((np.isfinite(hu) & (hu > _NO_PATIENT_HU)).mean())


def _matched(
    ct: Volume,
    frame: Frame,
    parts: Template,
    joint: Joint,
    expected_spl: FloatArray,
    scale: float,
    slice_mm: float,
) -> Fit:
    """Find a joint of C1, which lies in no pillar, by the template alone."""
    level = TEMPLATE_LEVELS.index(joint.level)
    patch = parts.patches[level]
    normal = parts.normals[level].copy()
    if joint.side is Side.RIGHT:
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
    matcher = Matcher.of(patch, offsets.shape[:3])
    best: tuple[float, Fit] | None = None
    for tilt_deg in _TILTS_DEG:
        tilt = np.radians(tilt_deg)
        hu = sample_points(ct, frame.to_lps(expected_spl + scale * turned(offsets, tilt)))
        image = ndimage.gaussian_filter(bone_map(hu), (0.5, 0.7, 0.7))
        correlation = matcher.correlation(image)
        value = correlation - prior - _TILT_COST * (tilt_deg / 12) ** 2
        at = np.unravel_index(int(value.argmax()), value.shape)
        if best is None or value[at] > best[0]:
            fit = Fit(
                center_spl=expected_spl + scale * turned(steps[at] + _subvoxel(value, at), tilt),
                normal_spl=turned(normal, tilt),
                score=float(correlation[at]),
                metal=float((np.nan_to_num(hu) > METAL_HU).mean()),
                gap=None,
                in_field=_in_field(hu),
            )
            best = (float(value[at]), fit)
    assert best is not None
    return best[1]


@dataclass(frozen=True, slots=True, eq=False)
class Matcher:
    """A patch made ready for correlation with many images of one size.

    As ``skimage.feature.match_template``, to the last bit, which transforms the patch anew for each
    image, and sums up windows that are thrown away.

    Parameters
    ----------
    patch : (s, p, l) ndarray of float32
        What is looked for.
    spectrum : ndarray of complex64
        The patch, turned round and transformed, on a grid of ``size``.
    size : (3,) tuple of int
        Holds the image with the patch beside it on all sides.
    """

    patch: npt.NDArray[np.float32]
    spectrum: npt.NDArray[np.complex64]
    size: tuple[int, ...]

    @classmethod
    def of(cls, patch: npt.NDArray[np.float32], shape: tuple[int, ...]) -> Matcher:
        """Make a patch ready for images of a shape."""
        size = tuple(
            fft.next_fast_len(n + 3 * width - 1, real=True)
            for n, width in zip(shape, patch.shape, strict=True)
        )
        return cls(patch, fft.rfftn(patch[::-1, ::-1, ::-1], size), size)

    def correlation(self, image: npt.NDArray[np.float32]) -> FloatArray:
        """Return the correlation (-1 to 1) wherever the whole patch lies in an image."""
        widths = self.patch.shape
        wide = np.zeros(self.size, np.float32)
        wide[tuple(slice(w, w + n) for w, n in zip(widths, image.shape, strict=True))] = image
        product = fft.irfftn(fft.rfftn(wide) * self.spectrum, self.size)
        inside = tuple(slice(2 * w - 1, w + n) for w, n in zip(widths, image.shape, strict=True))
        total = _window_sums(image, widths)
        length = _window_sums(image**2, widths) - total**2 / self.patch.size
        mean = self.patch.mean()
        length = np.sqrt(np.maximum(length * np.sum((self.patch - mean) ** 2), 0))
        even = length <= np.finfo(np.float32).eps
        result = (product[inside] - total * mean) / np.where(even, 1, length)
        return np.where(even, 0, result).astype(np.float64)


def _window_sums(
    image: npt.NDArray[np.float32], widths: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Return the sum over each window that lies in an image."""
    for axis, width in enumerate(widths):
        sums = np.cumsum(image, axis=axis)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis=axis)
        count = sums.shape[axis]
        image = sums.take(range(width, count), axis) - sums.take(range(count - width), axis)
    return image


def _subvoxel(value: FloatArray, at: tuple[np.intp, ...]) -> FloatArray:
    """Return the offset of the peak from its voxel, by a parabola along each axis."""
    offset = np.zeros(value.ndim)
    for axis in range(value.ndim):
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
