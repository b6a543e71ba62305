"""The neck pulled straight: CT values in the frame of the spinal canal.

Along the canal (``s``, to the head), across it to the patient's back (``p``) and to the left
(``l``), in mm, with the origin in the middle of the canal at every height. Lordosis, tilt and
rotation are gone, so a vertebra looks alike in every neck and "left" is left of the spine's own
midline at that level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.facets.automatic.canal import CANAL_WALL_HU, Canal
from fusion.geometry import FloatArray, Volume

#: Step along the canal, and voxel edge across it, mm.
STEP_MM = 1.0
#: Planes across the canal whose points are held at once.
_PLANES_AT_ONCE = 64
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
    return _across(ct, frame.origins_lps, frame.axes_lps, p_mm, l_mm)


def sample_box(
    ct: Volume, frame: Frame, s_mm: FloatArray, p_mm: FloatArray, l_mm: FloatArray
) -> npt.NDArray[np.float32]:
    """Return HU (n, m, q) at every combination of places along and across the canal, mm."""
    return _across(ct, *frame.at(s_mm), p_mm, l_mm)


def _across(
    ct: Volume, origins: FloatArray, axes: FloatArray, p_mm: FloatArray, l_mm: FloatArray
) -> npt.NDArray[np.float32]:
    """Sample planes across the canal, a few at a time: points take six times what they give."""
    result = np.empty((len(origins), len(p_mm), len(l_mm)), dtype=np.float32)
    for start in range(0, len(origins), _PLANES_AT_ONCE):
        some = slice(start, start + _PLANES_AT_ONCE)
        points = (
            origins[some, None, None]
            + p_mm[:, None, None] * axes[some, None, None, 1]
            + l_mm[:, None] * axes[some, None, None, 2]
        )
        result[some] = sample_points(ct, points)
    return result


def sample_points(ct: Volume, points_lps: FloatArray) -> npt.NDArray[np.float32]:
    """Return HU (...) at world points (..., 3), linear; ``nan`` outside the field."""
    kji = np.moveaxis(ct.grid.to_kji(points_lps), -1, 0)
    limits = np.array(ct.grid.shape).reshape(-1, *([1] * (kji.ndim - 1)))
    outside = ((kji < -0.5) | (kji > limits - 0.5)).any(axis=0)
    values = ndimage.map_coordinates(
        ct.stored, kji, output=np.float32, order=1, mode="nearest", prefilter=False
    )
    # Rescale is per slice in the file but constant in a CT that was acquired in one go.
    if np.all(ct.slope == ct.slope[0]) and np.all(ct.intercept == ct.intercept[0]):
        values = values * np.float32(ct.slope[0]) + np.float32(ct.intercept[0])
    else:
        k = np.clip(np.rint(kji[0]).astype(int), 0, ct.grid.shape[0] - 1)
        values = values * ct.slope[k].astype(np.float32) + ct.intercept[k].astype(np.float32)
    values[outside] = np.nan
    result: npt.NDArray[np.float32] = values.astype(np.float32, copy=False)
    return result


def bone_map(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return 0 for soft tissue to 1 for dense bone; ``nan`` counts as soft tissue."""
    scaled = (np.nan_to_num(hu, nan=0.0) - 100.0) / 500.0
    result: npt.NDArray[np.float32] = np.clip(scaled, 0.0, 1.0).astype(np.float32)
    return result


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
            index = np.stack([(pp - p[0]) / 2, (ll - lateral[0]) / 2])
            for n, plane in enumerate(bone):
                image = ndimage.map_coordinates(plane, index, order=1, prefilter=False)
                mirror = image[:, ::-1]
                spread = image.var()
                cost[n, t, h] = 1.0 - ((image - image.mean()) * (mirror - mirror.mean())).mean() / (
                    spread + 1e-3
                )
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
