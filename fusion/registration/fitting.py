"""Gauss-Newton alignment of a noise-free template with a noisy moving picture.

One routine does everything that needs a similarity: it walks over the points of the template, looks
the moving picture up where the present transform puts them, and solves the normal equations of

    moving(G x) = offset + gain * (template(x) + gradient(x) . d(x))

for gain, offset and a small motion ``d`` (inverse compositional scheme: the gradient is that of the
template, which has no noise, so it is computed once). Solving for gain and offset at every step is
the same as maximising the correlation coefficient (Evangelidis and Psarakis 2008, "Parametric image
alignment using enhanced correlation coefficient maximization"). Outliers (uptake that no bone
explains) lose their weight by Tukey's biweight.

``d`` is rigid, or two rigid motions of which every point takes a share (``height``): a neck that
bent between two scans. Nothing here is random, and sums run in one thread in one order: the same
input gives the same bits on the same machine.

No compiler (numba) for some ten thousand points: it takes longer to import than the whole search
takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray

Float32Array = npt.NDArray[np.float32]

#: Residuals beyond this many robust standard deviations count nothing: 95 % efficiency on Gaussian
#: noise (Tukey's biweight, Holland and Welsch 1977).
_TUKEY = 4.685
#: One step moves no point at the edge of a neck by more than this, mm.
_LARGEST_STEP_MM = 12.0
#: Lever arm that turns radians into mm when steps are measured, mm.
_ARM_MM = 70.0
#: A step smaller than this ends the search, mm.
CONVERGED_MM = 0.01
#: Fewer overlapping points than this carry no transform.
_FEWEST_POINTS = 200
#: Rows that are summed in one product: BLAS starts threads for larger ones (OpenBLAS: above 2¹⁸
#: multiplications), whose sums come in any order and which cost more than they bring on a busy
#: machine.
_ROWS = 1024
#: So many points tell the spread of the residual well enough.
_SPREAD_POINTS = 8000


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """Points of the fixed picture that take part.

    Parameters
    ----------
    points : (n, 3) ndarray of float32, mm
        Fixed frame, relative to :attr:`center`.
    value : (n,) ndarray of float32
        Expected uptake.
    gradient : (n, 3) ndarray of float32, per mm
        Of the expected uptake along x, y, z.
    weight : (n,) ndarray of float32
        How much each counts.
    height : (n,) ndarray of float32
        Share of the upper of two pieces, 0 to 1.
    block : (n,) ndarray of int32
        Which block of tissue it belongs to: blocks are taken to err independently.
    center : (3,) ndarray of float64, mm
        Origin of :attr:`points`, LPS.
    """

    points: Float32Array
    value: Float32Array
    gradient: Float32Array
    weight: Float32Array
    height: Float32Array
    block: npt.NDArray[np.int32]
    center: FloatArray

    def weighted(self, factor: npt.NDArray[Any]) -> Expectation:
        """Return the same points, each weight multiplied; points without weight left out."""
        weight = (self.weight * factor).astype(np.float32)
        kept = weight > 1e-4
        return Expectation(
            np.asfortranarray(self.points[kept]),
            self.value[kept],
            np.asfortranarray(self.gradient[kept]),
            weight[kept],
            self.height[kept],
            self.block[kept],
            self.center,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """The picture that is looked up.

    Parameters
    ----------
    values : (k, j, i) ndarray of float32
        Uptake.
    to_index : (4, 4) ndarray of float64
        LPS mm of its frame to array indices (k, j, i).
    """

    values: Float32Array
    to_index: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SearchFit:
    """Where a search ended.

    Parameters
    ----------
    maps : (1 or 2, 4, 4) ndarray of float64
        Fixed to moving frame, LPS mm: one rigid map, or the lower and the upper piece.
    correlation : float
        Weighted, outliers included.
    gain : float
        Moving units per template unit; a negative one means that bright lies on dark.
    covariance : (p, p) ndarray of float64
        Of the small motion about the centre: mm and radians per piece, from how differently the
        blocks of tissue pull (sandwich estimate).
    points : int
        Points inside the moving field.
    share : float
        Their weight as a share of all.
    spread : float
        Robust standard deviation of the residual as a share of the picture's own.
    """

    maps: FloatArray
    correlation: float
    gain: float
    covariance: FloatArray
    points: int
    share: float
    spread: float


def sample(template: Expectation, moving: Moving, maps: FloatArray) -> Float32Array:
    """Return the moving value at every point of the template; nan outside its field."""
    points = template.points.T
    place = _placed(moving, maps[0], template.center, points)
    if len(maps) == 2:
        place += template.height * (_placed(moving, maps[1], template.center, points) - place)
    return _looked_up(moving.values, place)


def _placed(
    moving: Moving, fixed_to_moving: FloatArray, center: FloatArray, points: Float32Array
) -> Float32Array:
    """Return the array indices (3, n) at which points (3, n) about a centre are looked up."""
    matrix = moving.to_index @ fixed_to_moving
    origin = matrix[:3, :3] @ center + matrix[:3, 3]
    rows = matrix[:3, :3].astype(np.float32)
    place: Float32Array = rows[:, :1] * points[0]
    place += rows[:, 1:2] * points[1]
    place += rows[:, 2:] * points[2]
    place += origin.astype(np.float32)[:, None]
    return place


def _looked_up(values: Float32Array, place: Float32Array) -> Float32Array:
    """Return trilinear values at array indices (3, n); nan outside the centres of the edge."""
    nk, nj, ni = values.shape
    if min(values.shape) < 2:
        return np.full(place.shape[1], np.nan, np.float32)
    last = np.array([[nk - 2], [nj - 2], [ni - 2]], np.float32)
    cell = np.floor(place)
    outside = ((cell < 0) | (cell > last)).any(axis=0)
    np.clip(cell, 0, last, out=cell)
    z, y, x = place - cell
    k, j, i = cell.astype(np.intp)
    first = (k * nj + j) * ni + i
    flat = values.ravel()
    rows = []
    for offset in (0, ni, nj * ni, nj * ni + ni):
        low = flat[offset:].take(first, mode="clip")
        high = flat[offset + 1 :].take(first, mode="clip")
        high -= low
        high *= x
        low += high
        rows.append(low)
    front, back = rows[0] + y * (rows[1] - rows[0]), rows[2] + y * (rows[3] - rows[2])
    found: Float32Array = front + z * (back - front)
    found[outside] = np.nan
    return found


def correlation(template: Expectation, moving: Moving, maps: FloatArray) -> float:
    """Return the weighted correlation coefficient; 0 where nothing overlaps or varies."""
    looked_up = sample(template, moving, maps)
    inside = np.isfinite(looked_up)
    return _line(template.value, np.where(inside, looked_up, 0), template.weight * inside).rho


@dataclass(frozen=True, slots=True)
class _Line:
    """Moving values as a line over those of the template: ``moving = offset + gain * value``."""

    offset: float
    gain: float
    rho: float
    weight: float
    moving_sd: float


def _line(value: npt.NDArray[Any], moving: npt.NDArray[Any], weight: npt.NDArray[Any]) -> _Line:
    w = weight.astype(np.float64)
    total = float(w.sum())
    if total <= 0:
        return _Line(0.0, 0.0, 0.0, total, 0.0)
    f, m = value.astype(np.float64), moving.astype(np.float64)
    mean_f, mean_m = float((w * f).sum()) / total, float((w * m).sum()) / total
    f -= mean_f
    m -= mean_m
    wf = w * f
    ff, fm = float((wf * f).sum()) / total, float((wf * m).sum()) / total
    mm = float((w * m * m).sum()) / total
    if ff <= 1e-12 or mm <= 1e-12:
        return _Line(mean_m, 0.0, 0.0, total, 0.0)
    gain = fm / ff
    return _Line(mean_m - gain * mean_f, gain, fm / np.sqrt(ff * mm), total, np.sqrt(mm))


def fit(
    template: Expectation,
    moving: Moving,
    start: FloatArray,
    *,
    iterations: int = 30,
    prior_mm: float | None = None,
    converged_mm: float = CONVERGED_MM,
) -> SearchFit | None:
    """Search from a start to the nearest best correlation.

    Parameters
    ----------
    template : Expectation
        Fixed side.
    moving : Moving
        Moving side.
    start : (1 or 2, 4, 4) ndarray of float64
        Fixed to moving frame, LPS mm; two maps are fitted together when two are given.
    iterations : int
        At most.
    prior_mm : float, optional, mm
        Standard deviation of a pull back to ``start`` (and of the two pieces to each other), for
        searches with little to hold on to.
    converged_mm : float, mm
        A step smaller than this ends the search.

    Returns
    -------
    SearchFit or None
        None when the two hardly overlap, or nothing varies.
    """
    pieces = len(start)
    maps = np.array(start, dtype=np.float64)
    size = 2 + 6 * pieces
    center = template.center
    total_weight = float(template.weight.sum(dtype=np.float64))
    design = _design(template, pieces)
    drift = np.zeros(6 * pieces)
    for iteration in range(iterations + 1):
        looked_up = sample(template, moving, maps)
        inside = np.isfinite(looked_up)
        count = int(np.count_nonzero(inside))
        if count < _FEWEST_POINTS:
            return None
        weight = template.weight * inside
        looked_up[~inside] = 0
        line = _line(template.value, looked_up, weight)
        if line.gain == 0.0:
            return None
        residual = looked_up - np.float32(line.offset) - np.float32(line.gain) * template.value
        absolute = np.abs(residual)
        some = absolute[inside]
        scale = 1.4826 * float(np.median(some[:: 1 + len(some) // _SPREAD_POINTS])) + 1e-9
        absolute /= np.float32(_TUKEY * scale)
        absolute *= absolute
        weight *= np.square(np.maximum(1 - absolute, 0))
        # The last column of the design is the residual of this step.
        design[:, size] = residual
        weighted = design[:, :size] * weight[:, None].astype(np.float64)
        sums = products(weighted, design)
        normal, pulled = sums[:, :size], sums[:, size]
        if prior_mm is not None:
            _add_prior(normal, pulled, line.gain, scale, prior_mm, drift, pieces)
        try:
            inverse = np.linalg.inv(normal + np.eye(size) * 1e-9 * np.trace(normal) / size)
        except np.linalg.LinAlgError:
            return None
        step = inverse @ pulled
        motion = step[2:] / line.gain
        size_mm = max(
            float(np.linalg.norm(m[:3]) + _ARM_MM * np.linalg.norm(m[3:]))
            for m in motion.reshape(pieces, 6)
        )
        if iteration == iterations or size_mm < converged_mm:
            break
        motion *= min(1.0, _LARGEST_STEP_MM / size_mm)
        drift += motion
        for n, small in enumerate(motion.reshape(pieces, 6)):
            maps[n] = maps[n] @ np.linalg.inv(_small_motion(small, center))
    pull = _pull_by_block(weighted, residual, template.block)
    covariance = (inverse @ (pull.T @ pull) @ inverse)[2:, 2:] / line.gain**2
    return SearchFit(
        maps,
        line.rho,
        line.gain,
        covariance,
        count,
        line.weight / total_weight,
        scale / max(line.moving_sd, 1e-6),
    )


def _design(template: Expectation, pieces: int) -> FloatArray:
    """Return what one unit of offset, gain and motion adds at every point: (n, 3 + 6 pieces).

    The last column is empty.
    """
    points, slopes = (a.astype(np.float64) for a in (template.points.T, template.gradient.T))
    design = np.zeros((3 + 6 * pieces, points.shape[1]))
    design[0], design[1] = 1.0, template.value
    design[2:5] = slopes
    for axis in range(3):
        one, two = (axis + 1) % 3, (axis + 2) % 3
        design[5 + axis] = points[one] * slopes[two] - points[two] * slopes[one]
    if pieces == 2:
        np.multiply(design[2:8], template.height, out=design[8:14])
        design[2:8] -= design[8:14]
    return np.ascontiguousarray(design.T)


def _pull_by_block(
    weighted: FloatArray, residual: Float32Array, block: npt.NDArray[np.int32]
) -> FloatArray:
    """Return the sum of ``J^T W r`` over each block: (blocks, p)."""
    pulls = weighted * residual[:, None]
    return np.stack([np.bincount(block, pulls[:, a]) for a in range(pulls.shape[1])], axis=1)


def products(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a.T @ b`` of two arrays with many rows and few columns, in one thread.

    Parameters
    ----------
    a : (n, p) ndarray of float64
    b : (n, q) ndarray of float64
    """
    whole = len(a) // _ROWS * _ROWS
    parts = [array[:whole].reshape(-1, _ROWS, array.shape[1]) for array in (a, b)]
    total: FloatArray = (parts[0].transpose(0, 2, 1) @ parts[1]).sum(axis=0)
    total += a[whole:].T @ b[whole:]
    return total


def displacement_jacobian(points_lps: npt.ArrayLike, center: FloatArray) -> FloatArray:
    """Return how a small motion about ``center`` moves points: (..., 3, 6)."""
    offsets = np.asarray(points_lps, dtype=np.float64) - center
    jacobian = np.zeros((*offsets.shape, 6))
    jacobian[..., [0, 1, 2], [0, 1, 2]] = 1
    x, y, z = np.moveaxis(offsets, -1, 0)
    jacobian[..., 0, 4], jacobian[..., 0, 5] = z, -y
    jacobian[..., 1, 3], jacobian[..., 1, 5] = -z, x
    jacobian[..., 2, 3], jacobian[..., 2, 4] = y, -x
    return jacobian


def _add_prior(
    normal: FloatArray,
    pulled: FloatArray,
    gain: float,
    scale: float,
    prior_mm: float,
    drift: FloatArray,
    pieces: int,
) -> None:
    """Tie the motion to the start: to nothing for one piece, between the pieces for two."""
    # In units of the squared residual; a point every resolution element speaks independently.
    strength = (scale / (gain * prior_mm)) ** 2 * _PRIOR_POINTS
    unit = np.array([1, 1, 1, _ARM_MM, _ARM_MM, _ARM_MM]) ** 2 * strength
    if pieces == 1:
        normal[2:, 2:] += np.diag(unit)
        pulled[2:] -= unit * drift * gain
        return
    tie = np.kron(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.diag(unit))
    normal[2:, 2:] += tie
    pulled[2:] -= tie @ drift * gain


#: Points per independent resolution element of about (12 mm)³ on a 4 mm grid.
_PRIOR_POINTS = 27.0


def _small_motion(motion: FloatArray, center: FloatArray) -> FloatArray:
    """Rotation vector and shift about a centre as a rigid (4, 4) matrix."""
    from scipy.spatial.transform import Rotation  # takes its time; without a search nothing moves

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(motion[3:]).as_matrix()
    matrix[:3, 3] = center + motion[:3] - matrix[:3, :3] @ center
    return matrix
