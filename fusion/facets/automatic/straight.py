"""The neck pulled straight: CT values in the frame of the spinal canal.

Along the canal (``s``, to the head), across it to the patient's back (``p``) and to the left
(``l``), in mm, with the origin in the middle of the canal at every height. Lordosis, tilt and
rotation are gone, so a vertebra looks alike in every neck and "left" is left of the spine's own
midline at that level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.compiled import compiled
from fusion.facets.automatic.canal import CANAL_WALL_HU, Canal
from fusion.geometry import FloatArray, Volume

#: Step along the canal, and voxel edge across it, mm.
STEP_MM = 1.0
#: Smoothing of the centre line along the canal, mm (standard deviation).
_SMOOTH_MM = 8.0
#: Axial turn that is looked for on top of the direction of the couch, degrees.
_MAX_TURN_DEG = 40
_TURN_STEP_DEG = 4
_SHIFTS_MM = np.arange(-6, 7, 2)
#: Cost of changing turn (per step squared) and shift between neighbours 4 mm apart.
_TURN_COST = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A smooth centre line with its own directions.

    Parameters
    ----------
    origins_lps : (n, 3) ndarray of float64, mm
        Middle of the canal, :data:`STEP_MM` apart, ascending to the head.
    axes_lps : (n, 3, 3) ndarray of float64
        Rows: unit vectors along the canal (to the head), to the back, to the left.
    """

    origins_lps: FloatArray
    axes_lps: FloatArray

    def __len__(self) -> int:
        return len(self.origins_lps)

    def to_lps(self, spl: npt.ArrayLike) -> FloatArray:
        """Map points (..., 3) of the straight neck, mm, to the world; linear between steps."""
        points = np.asarray(spl, dtype=np.float64)
        origin, axes = self.at(points[..., 0])
        result: FloatArray = (
            origin + points[..., 1:2] * axes[..., 1, :] + points[..., 2:3] * axes[..., 2, :]
        )
        return result

    def at(self, heights_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return origin (..., 3), mm, and axes (..., 3, 3) at heights; linear between steps."""
        place = np.clip(heights_mm / STEP_MM, 0, len(self) - 1)
        low = np.minimum(place.astype(int), len(self) - 2)
        part = (place - low)[..., None]
        origin = self.origins_lps[low] * (1 - part) + self.origins_lps[low + 1] * part
        beyond = (heights_mm / STEP_MM - place) * STEP_MM
        axes = self.axes_lps[low] * (1 - part[..., None]) + self.axes_lps[low + 1] * part[..., None]
        return origin + beyond[..., None] * axes[..., 0, :], axes

    def to_spl(self, point_lps: npt.ArrayLike) -> FloatArray:
        """Map one world point to the straight neck: the nearest place on the centre line."""
        point = np.asarray(point_lps, dtype=np.float64)
        offsets = point - self.origins_lps
        # The plane across the canal that holds the point, nearest first.
        along = np.abs(np.einsum("nc,nc->n", offsets, self.axes_lps[:, 0]))
        distance = np.linalg.norm(offsets, axis=1)
        n = int(np.argmin(along + 0.2 * distance))
        local = self.axes_lps[n] @ offsets[n]
        return np.array([n * STEP_MM + local[0], local[1], local[2]])


def sample(ct: Volume, frame: Frame, p_mm: FloatArray, l_mm: FloatArray) -> npt.NDArray[np.float32]:
    """Return HU in the straight neck.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        Where the neck is.
    p_mm, l_mm : (m,), (q,) ndarray of float64, mm
        Where across the canal.

    Returns
    -------
    (n, m, q) ndarray of float32
        Linear interpolation; ``nan`` outside the field.
    """
    axes = frame.axes_lps
    return _box(ct, frame.origins_lps, axes[:, 1], axes[:, 2], p_mm, l_mm)


def sample_box(
    ct: Volume,
    frame: Frame,
    s_mm: FloatArray,
    p_mm: FloatArray,
    l_mm: FloatArray,
    *,
    beyond_hu: float,
) -> npt.NDArray[np.float32]:
    """Return HU (n, m, q) at every combination of places along and across the canal, mm.

    Outside the field it is ``beyond_hu``.
    """
    origin, axes = frame.at(s_mm)
    return _box(ct, origin, axes[:, 1], axes[:, 2], p_mm, l_mm, beyond_hu)


def sample_points(ct: Volume, points_lps: FloatArray) -> npt.NDArray[np.float32]:
    """Return HU (...) at world points (..., 3), linear; ``nan`` outside the field."""
    origins = points_lps.reshape(-1, 3)
    here = np.zeros(1)
    return _box(ct, origins, np.zeros_like(origins), np.zeros_like(origins), here, here).reshape(
        points_lps.shape[:-1]
    )


def _box(
    ct: Volume,
    origins_lps: FloatArray,
    back_lps: FloatArray,
    left_lps: FloatArray,
    p_mm: FloatArray,
    l_mm: FloatArray,
    beyond_hu: float = np.nan,
) -> npt.NDArray[np.float32]:
    """Return HU (n, m, q) at ``origins + p * back + l * left``."""
    turn = np.linalg.inv(ct.grid.affine)[:3, :3].T
    # One kind of array, native and never written to: the kernel is compiled once a type of value.
    stored = ct.stored.astype(ct.stored.dtype.newbyteorder("="), copy=False).view()
    stored.flags.writeable = False
    out = np.empty((len(origins_lps), len(p_mm), len(l_mm)), np.float32)
    _interpolate(
        stored,
        (ct.slope.astype(np.float32), ct.intercept.astype(np.float32)),
        np.ascontiguousarray(ct.grid.to_kji(origins_lps)),
        np.ascontiguousarray(back_lps @ turn),
        np.ascontiguousarray(left_lps @ turn),
        (np.ascontiguousarray(p_mm), np.ascontiguousarray(l_mm)),
        np.float32(beyond_hu),
        out,
    )
    return out


@compiled()
def linear(values: Any, z: float, y: float, x: float) -> Any:
    """Return what lies between the eight voxels about a place (k, j, i).

    In the outer half of a voxel, and beyond, the value of the edge goes on.
    """
    nk, nj, ni = values.shape
    z = min(max(z, 0.0), nk - 1.0)
    y = min(max(y, 0.0), nj - 1.0)
    x = min(max(x, 0.0), ni - 1.0)
    k, j, i = int(z), int(y), int(x)
    wz, wy, wx = z - k, y - j, x - i
    result = 0.0
    for dk in range(2):
        fk = wz if dk else 1.0 - wz
        plane = min(k + dk, nk - 1)
        for dj in range(2):
            fj = wy if dj else 1.0 - wy
            row = min(j + dj, nj - 1)
            result += values[plane, row, i] * fk * fj * (1.0 - wx)
            result += values[plane, row, min(i + 1, ni - 1)] * fk * fj * wx
    return result


@compiled()
def _interpolate(
    stored: Any,
    rescale: Any,
    origins: Any,
    back: Any,
    left: Any,
    across: Any,
    beyond: Any,
    out: Any,
) -> None:
    """Fill a box with values, linear between voxel centres; all places in voxels (k, j, i)."""
    slope, intercept = rescale
    p, lateral = across
    nk, nj, ni = stored.shape
    for n in range(len(origins)):
        for a in range(len(p)):
            ok = origins[n, 0] + p[a] * back[n, 0]
            oj = origins[n, 1] + p[a] * back[n, 1]
            oi = origins[n, 2] + p[a] * back[n, 2]
            for b in range(len(lateral)):
                z = ok + lateral[b] * left[n, 0]
                y = oj + lateral[b] * left[n, 1]
                x = oi + lateral[b] * left[n, 2]
                if not (-0.5 <= z <= nk - 0.5 and -0.5 <= y <= nj - 0.5 and -0.5 <= x <= ni - 0.5):
                    out[n, a, b] = beyond
                    continue
                # Rescale is per slice in the file but constant in a CT that was acquired in one go.
                near = min(max(int(np.rint(z)), 0), nk - 1)
                out[n, a, b] = np.float32(linear(stored, z, y, x)) * slope[near] + intercept[near]


def bone_map(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return 0 for soft tissue to 1 for dense bone; ``nan`` counts as soft tissue."""
    scaled = hu - 100.0
    scaled /= 500.0
    np.fmax(scaled, 0.0, out=scaled)  # of nan and 0 the maximum is 0
    return np.asarray(np.minimum(scaled, 1.0, out=scaled), dtype=np.float32)


def straighten(ct: Volume, canal: Canal) -> Frame:
    """Lay a smooth frame along the canal and turn it until left mirrors right.

    Parameters
    ----------
    ct : Volume
        HU.
    canal : Canal
        From :func:`fusion.facets.automatic.canal.find_canal`.
    """
    points = canal.points_lps
    first = _frame(_resampled(points, _SMOOTH_MM))
    centred = _centred(ct, first)
    frame = _frame(_resampled(centred, _SMOOTH_MM))
    return _turned(ct, frame)


def _resampled(points: FloatArray, smooth_mm: float) -> FloatArray:
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    even = np.arange(0, length[-1], STEP_MM)
    line = np.stack([np.interp(even, length, points[:, a]) for a in range(3)], axis=1)
    # Reflect about the ends, odd, so that smoothing does not shorten or bend them.
    pad = min(int(4 * smooth_mm), len(line) - 1)
    ends = 2 * line[0] - line[pad:0:-1], 2 * line[-1] - line[-2 : -pad - 2 : -1]
    smooth = ndimage.gaussian_filter1d(np.concatenate([ends[0], line, ends[1]]), smooth_mm, axis=0)
    smooth = smooth[pad : pad + len(line)]
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(smooth, axis=0), axis=1))])
    even = np.arange(0, length[-1], STEP_MM)
    return np.stack([np.interp(even, length, smooth[:, a]) for a in range(3)], axis=1)


def _frame(line: FloatArray) -> Frame:
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1)[:, None]
    left = np.array([1.0, 0, 0]) - along[:, :1] * along
    left /= np.linalg.norm(left, axis=1)[:, None]
    back = np.cross(along, left)
    return Frame(line, np.stack([along, back, left], axis=1))


def _centred(ct: Volume, frame: Frame) -> FloatArray:
    """Move every point to the middle of the soft region that it lies in."""
    grid = np.arange(-16.0, 16.5, 1.0)
    bone = np.nan_to_num(sample(ct, frame, grid, grid), nan=-1000.0) > CANAL_WALL_HU
    bone = ndimage.uniform_filter1d(bone.astype(np.float32), 9, axis=0) > 0.35
    middle = len(grid) // 2
    moved = frame.origins_lps.copy()
    for n, plane in enumerate(bone):
        row = plane[middle - 2 : middle + 3].any(axis=0)
        column = plane[:, middle - 2 : middle + 3].any(axis=1)
        for axis, line in ((2, row), (1, column)):
            below, above = np.flatnonzero(line[:middle]), np.flatnonzero(line[middle + 1 :])
            if len(below) and len(above):
                shift = (above[0] + 1 - (middle - below[-1])) / 2
                moved[n] += np.clip(shift, -4, 4) * frame.axes_lps[n, axis]
    return moved


def _turned(ct: Volume, frame: Frame) -> Frame:
    """Turn each level about the canal until the bones left and right of it mirror each other."""
    stride = 4
    p, lateral = np.arange(-30.0, 41.0, 2.0), np.arange(-50.0, 51.0, 2.0)
    bone = bone_map(sample(ct, frame, p, lateral))
    bone = ndimage.gaussian_filter(bone, (5, 0.7, 0.7))[::stride]
    turns = np.radians(np.arange(-_MAX_TURN_DEG, _MAX_TURN_DEG + 1, _TURN_STEP_DEG))
    inner = np.arange(-34.0, 35.0, 2.0)
    inner_p = np.arange(-20.0, 27.0, 2.0)
    cost = np.zeros((len(bone), len(turns), len(_SHIFTS_MM)))
    for t, turn in enumerate(turns):
        for h, shift in enumerate(_SHIFTS_MM):
            u, v = np.meshgrid(inner_p, inner + shift, indexing="ij")
            # p' = cos p - sin l ... positive turn takes "left" towards the back.
            pp = np.cos(turn) * u + np.sin(turn) * v
            ll = np.cos(turn) * v - np.sin(turn) * u
            cost[:, t, h] = _unlike_mirrored(bone, (pp - p[0]) / 2, (ll - lateral[0]) / 2)
            cost[:, t, h] += 0.05 * abs(shift) / 6 + 0.05 * abs(np.degrees(turn)) / 40
    turn_at, shift_at = _smooth_choice(cost)
    every = np.arange(len(frame)) / stride
    at = np.arange(len(bone))
    turn = np.interp(every, at, ndimage.gaussian_filter1d(turns[turn_at], 2.0))
    shift = np.interp(every, at, ndimage.gaussian_filter1d(_SHIFTS_MM[shift_at].astype(float), 2.0))
    along, back, left = (frame.axes_lps[:, a] for a in range(3))
    c, s = np.cos(turn)[:, None], np.sin(turn)[:, None]
    new_left, new_back = c * left + s * back, c * back - s * left
    origins = frame.origins_lps + shift[:, None] * new_left
    return Frame(origins, np.stack([along, new_back, new_left], axis=1))


@compiled()
def _unlike_mirrored(planes: Any, rows: Any, columns: Any) -> Any:
    """Return how little each plane, sampled at rows and columns, looks like its mirror image."""
    height, width = rows.shape
    last_row, last_column = planes.shape[1] - 1, planes.shape[2] - 1
    image = np.zeros((height, width))
    result = np.zeros(len(planes))
    for n in range(len(planes)):
        total = 0.0
        for a in range(height):
            for b in range(width):
                y, x = rows[a, b], columns[a, b]
                if 0 <= y <= last_row and 0 <= x <= last_column:
                    j, i = min(int(y), last_row - 1), min(int(x), last_column - 1)
                    wy, wx = y - j, x - i
                    low = planes[n, j, i] * (1 - wx) + planes[n, j, i + 1] * wx
                    high = planes[n, j + 1, i] * (1 - wx) + planes[n, j + 1, i + 1] * wx
                    image[a, b] = low * (1 - wy) + high * wy
                else:
                    image[a, b] = 0.0
                total += image[a, b]
        mean = total / (height * width)
        spread, alike = 0.0, 0.0
        for a in range(height):
            for b in range(width):
                off = image[a, b] - mean
                spread += off * off
                alike += off * (image[a, width - 1 - b] - mean)
        result[n] = 1.0 - alike / (spread + 1e-3 * height * width)
    return result


def _smooth_choice(cost: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    n, turns, shifts = cost.shape
    t = np.arange(turns)
    h = np.arange(shifts)
    move = (
        _TURN_COST * (t[:, None, None, None] - t[None, None, :, None]) ** 2
        + 0.08 * (h[None, :, None, None] - h[None, None, None, :]) ** 2
    ).reshape(turns * shifts, turns * shifts)
    flat = cost.reshape(n, -1)
    total, back = flat[0].copy(), np.zeros((n, turns * shifts), dtype=np.int64)
    for k in range(1, n):
        every = total[:, None] + move
        back[k] = every.argmin(axis=0)
        total = every.min(axis=0) + flat[k]
    choice = np.zeros(n, dtype=np.int64)
    choice[-1] = int(total.argmin())
    for k in range(n - 1, 0, -1):
        choice[k - 1] = back[k, choice[k]]
    return choice // shifts, choice % shifts
