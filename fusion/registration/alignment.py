"""Gauss-Newton alignment of a noise-free template with a noisy moving picture.

One kernel does everything that needs a similarity: it walks over the points of the template, looks
the moving picture up where the present transform puts them, and sums the normal equations of

    moving(G x) = offset + gain * (template(x) + gradient(x) . d(x))

for gain, offset and a small motion ``d`` (inverse compositional scheme: the gradient is that of the
template, which has no noise, so it is computed once). Solving for gain and offset at every step is
the same as maximising the correlation coefficient (Evangelidis and Psarakis 2008, "Parametric image
alignment using enhanced correlation coefficient maximization"). Outliers (uptake that no bone
explains) lose their weight by Tukey's biweight.

``d`` is rigid, or two rigid motions of which every point takes a share (``height``): a neck that
bent between two scans. Nothing here is random and one thread sums in one order, so the same input
gives the same bits on the same machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

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
_CONVERGED_MM = 0.003
#: Fewer overlapping points than this carry no transform.
_FEWEST_POINTS = 200


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
            self.points[kept],
            self.value[kept],
            self.gradient[kept],
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
class Fit:
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


@njit(cache=True, nogil=True, fastmath=False)
def _look_up(src: Any, z: float, y: float, x: float) -> float:
    """Trilinear value; the caller made sure that the cell exists."""
    k, j, i = int(z), int(y), int(x)
    wz, wy, wx = np.float32(z - k), np.float32(y - j), np.float32(x - i)
    v00 = src[k, j, i] + wx * (src[k, j, i + 1] - src[k, j, i])
    v01 = src[k, j + 1, i] + wx * (src[k, j + 1, i + 1] - src[k, j + 1, i])
    v10 = src[k + 1, j, i] + wx * (src[k + 1, j, i + 1] - src[k + 1, j, i])
    v11 = src[k + 1, j + 1, i] + wx * (src[k + 1, j + 1, i + 1] - src[k + 1, j + 1, i])
    v0 = v00 + wy * (v01 - v00)
    v1 = v10 + wy * (v11 - v10)
    value: float = v0 + wz * (v1 - v0)
    return value


@njit(cache=True, nogil=True)
def _sample(src: Any, lower: Any, upper: Any, points: Any, height: Any, out: Any) -> int:
    """Look every point up; nan outside. ``lower``/``upper``: (3, 4), point to index."""
    nk, nj, ni = src.shape
    count = 0
    for n in range(points.shape[0]):
        px, py, pz = points[n, 0], points[n, 1], points[n, 2]
        h = height[n]
        z = lower[0, 0] * px + lower[0, 1] * py + lower[0, 2] * pz + lower[0, 3]
        y = lower[1, 0] * px + lower[1, 1] * py + lower[1, 2] * pz + lower[1, 3]
        x = lower[2, 0] * px + lower[2, 1] * py + lower[2, 2] * pz + lower[2, 3]
        if h > 0:
            z += h * (upper[0, 0] * px + upper[0, 1] * py + upper[0, 2] * pz + upper[0, 3] - z)
            y += h * (upper[1, 0] * px + upper[1, 1] * py + upper[1, 2] * pz + upper[1, 3] - y)
            x += h * (upper[2, 0] * px + upper[2, 1] * py + upper[2, 2] * pz + upper[2, 3] - x)
        if 0 <= z < nk - 1 and 0 <= y < nj - 1 and 0 <= x < ni - 1:
            out[n] = _look_up(src, z, y, x)
            count += 1
        else:
            out[n] = np.nan
    return count


@njit(cache=True, nogil=True)
def _moments(value: Any, moving: Any, weight: Any) -> Any:
    """Weighted sums of 1, f, m, ff, fm, mm over the points inside."""
    s = np.zeros(6)
    for n in range(value.shape[0]):
        m = np.float64(moving[n])
        if m == m:
            w, f = np.float64(weight[n]), np.float64(value[n])
            s[0] += w
            s[1] += w * f
            s[2] += w * m
            s[3] += w * f * f
            s[4] += w * f * m
            s[5] += w * m * m
    return s


@njit(cache=True, nogil=True)
def _normal_equations(
    points: Any,
    value: Any,
    gradient: Any,
    weight: Any,
    height: Any,
    block: Any,
    moving: Any,
    gain: float,
    offset: float,
    cutoff: float,
    blocks: int,
    pieces: int,
) -> Any:
    """Sum ``J^T W J`` and, per block, ``J^T W r``; unknowns: offset, gain, then gain × motion."""
    size = 2 + 6 * pieces
    normal = np.zeros((size, size))
    pull = np.zeros((blocks, size))
    v = np.zeros(size)
    for n in range(points.shape[0]):
        m = np.float64(moving[n])
        if m != m:
            continue
        f = np.float64(value[n])
        r = m - offset - gain * f
        u = r / cutoff
        if u >= 1 or u <= -1:
            continue
        w = weight[n] * (1 - u * u) ** 2
        x, y, z = np.float64(points[n, 0]), np.float64(points[n, 1]), np.float64(points[n, 2])
        gx, gy, gz = (
            np.float64(gradient[n, 0]),
            np.float64(gradient[n, 1]),
            np.float64(gradient[n, 2]),
        )
        v[0], v[1] = 1.0, f
        v[2], v[3], v[4] = gx, gy, gz
        v[5], v[6], v[7] = y * gz - z * gy, z * gx - x * gz, x * gy - y * gx
        if pieces == 2:
            h = np.float64(height[n])
            for a in range(6):
                v[8 + a] = h * v[2 + a]
                v[2 + a] *= 1 - h
        b = block[n]
        for a in range(size):
            wa = w * v[a]
            pull[b, a] += wa * r
            for c in range(a, size):
                normal[a, c] += wa * v[c]
    for a in range(size):
        for c in range(a):
            normal[a, c] = normal[c, a]
    return normal, pull


def sample(template: Expectation, moving: Moving, maps: FloatArray) -> Float32Array:
    """Return the moving value at every point of the template; nan outside its field."""
    lower, upper = (_to_index(moving, one, template.center) for one in (maps[0], maps[-1]))
    out = np.empty(len(template.value), np.float32)
    height = template.height if len(maps) == 2 else np.zeros_like(template.height)
    _sample(moving.values, lower, upper, template.points, height, out)
    return out


def correlation(template: Expectation, moving: Moving, maps: FloatArray) -> float:
    """Return the weighted correlation coefficient; 0 where nothing overlaps or varies."""
    return _line(_moments(template.value, sample(template, moving, maps), template.weight))[2]


def fit(
    template: Expectation,
    moving: Moving,
    start: FloatArray,
    *,
    iterations: int = 30,
    prior_mm: float | None = None,
) -> Fit | None:
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

    Returns
    -------
    Fit or None
        None when the two hardly overlap, or nothing varies.
    """
    pieces = len(start)
    maps = np.array(start, dtype=np.float64)
    size = 2 + 6 * pieces
    blocks = int(template.block.max(initial=0)) + 1
    center = template.center
    total_weight = float(template.weight.sum(dtype=np.float64))
    drift = np.zeros(6 * pieces)
    for iteration in range(iterations + 1):
        looked_up = sample(template, moving, maps)
        inside = np.isfinite(looked_up)
        count = int(inside.sum())
        if count < _FEWEST_POINTS:
            return None
        sums = _moments(template.value, looked_up, template.weight)
        offset, gain, rho = _line(sums)
        if gain == 0.0:
            return None
        residual = np.abs(looked_up[inside] - offset - gain * template.value[inside])
        # Some 20,000 points tell the spread well enough.
        scale = 1.4826 * float(np.median(residual[:: max(1, len(residual) // 20000)])) + 1e-9
        normal, pull = _normal_equations(
            template.points,
            template.value,
            template.gradient,
            template.weight,
            template.height,
            template.block,
            looked_up,
            gain,
            offset,
            _TUKEY * scale,
            blocks,
            pieces,
        )
        pulled = pull.sum(axis=0)
        if prior_mm is not None:
            _add_prior(normal, pulled, gain, scale, prior_mm, drift, pieces)
        try:
            inverse = np.linalg.inv(normal + np.eye(size) * 1e-9 * np.trace(normal) / size)
        except np.linalg.LinAlgError:
            return None
        step = inverse @ pulled
        motion = step[2:] / gain
        size_mm = max(
            float(np.linalg.norm(m[:3]) + _ARM_MM * np.linalg.norm(m[3:]))
            for m in motion.reshape(pieces, 6)
        )
        if iteration == iterations or size_mm < _CONVERGED_MM:
            break
        motion *= min(1.0, _LARGEST_STEP_MM / size_mm)
        drift += motion
        for n, small in enumerate(motion.reshape(pieces, 6)):
            maps[n] = maps[n] @ np.linalg.inv(_small_motion(small, center))
    spread_matrix = inverse @ (pull.T @ pull) @ inverse
    covariance = spread_matrix[2:, 2:] / gain**2
    own = np.sqrt(max(sums[5] / sums[0] - (sums[2] / sums[0]) ** 2, 1e-12))
    return Fit(
        maps, rho, gain, covariance, count, float(sums[0]) / total_weight, float(scale / own)
    )


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


def _line(sums: FloatArray) -> tuple[float, float, float]:
    """Offset, gain and correlation of the moving values on the template."""
    if sums[0] <= 0:
        return 0.0, 0.0, 0.0
    f, m = sums[1] / sums[0], sums[2] / sums[0]
    ff, fm, mm = sums[3] / sums[0] - f * f, sums[4] / sums[0] - f * m, sums[5] / sums[0] - m * m
    if ff <= 1e-12 or mm <= 1e-12:
        return float(m), 0.0, 0.0
    gain = fm / ff
    return float(m - gain * f), float(gain), float(fm / np.sqrt(ff * mm))


def _to_index(moving: Moving, fixed_to_moving: FloatArray, center: FloatArray) -> FloatArray:
    matrix = moving.to_index @ fixed_to_moving
    matrix[:3, 3] += matrix[:3, :3] @ center
    return np.ascontiguousarray(matrix[:3])


def rotation_matrix(vector: FloatArray) -> FloatArray:
    """Return the rotation by a vector in radians (Rodrigues): (3, 3)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation = np.eye(3)
    if angle > 1e-12:
        rotation += np.sin(angle) / angle * cross
        rotation += (1 - np.cos(angle)) / angle**2 * cross @ cross
    return rotation


def rotation_vector(matrix: FloatArray) -> FloatArray:
    """Return the inverse of :func:`rotation_matrix` for angles well below 180 degrees: (3,)."""
    skew = np.array(
        [
            matrix[2, 1] - matrix[1, 2],
            matrix[0, 2] - matrix[2, 0],
            matrix[1, 0] - matrix[0, 1],
        ]
    )
    sine = float(np.linalg.norm(skew)) / 2
    angle = float(np.arctan2(sine, (np.trace(matrix) - 1) / 2))
    vector: FloatArray = skew / 2 * (angle / sine if sine > 1e-12 else 1.0)
    return vector


def _small_motion(motion: FloatArray, center: FloatArray) -> FloatArray:
    """Rotation vector and shift about a centre as a rigid (4, 4) matrix."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrix(motion[3:])
    matrix[:3, 3] = center + motion[:3] - matrix[:3, :3] @ center
    return matrix
