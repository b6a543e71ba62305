"""The pictures that are compared: what a SPECT of this CT would look like, and the SPECT itself.

The CT is averaged to about 2 mm, turned into bone and body, averaged to about 4 mm and blurred to
the resolution of the camera. How much soft tissue takes up against bone is fitted to the study at
hand (:meth:`Level.picture`), so that another tracer or a PET needs nothing else. Both sides are
square-rooted: counts then have one noise everywhere and a hot joint does not carry the whole
measure (docs/sources.md#registration-picture).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from fusion.geometry import FloatArray, Grid, Volume, enclosing_grid, near_mask, seen_mask
from fusion.registration.fitting import Expectation, Float32Array, Moving, products, sample

#: Spacing of the pictures that are compared, mm.
WORKING_SPACING_MM = 4.0
#: Blur that makes a CT look like a SPECT or a PET, mm FWHM.
FWHM_MM = {"NM": 10.0, "PT": 7.0}
#: The functional picture is smoothed by this before it is looked up, mm FWHM: without it the grid
#: of a noisy picture attracts the search.
SMOOTHING_FWHM_MM = 4.0
#: HU at which bone begins to take up tracer in the simulated picture, and at which it is full.
BONE_RAMP_HU = (120.0, 350.0)
#: Uptake of soft tissue relative to dense bone where a study says nothing about it.
SOFT_TISSUE_UPTAKE = 0.15
#: Air ends and body begins, HU.
BODY_HU = -300.0
#: No bone reaches this as a mean over 2 mm, HU: implants and fillings, which take up nothing.
METAL_HU = 2200.0
#: Air around the body that takes part, mm: it holds the outline, and no further foci.
MARGIN_MM = 16.0
#: Added under both square roots, as a share of full uptake: the root of nothing has no slope.
_FLOOR = 0.02
#: The functional picture is clipped at this percentile (docs/sources.md#registration-picture).
_CEILING_PERCENTILE = 99.5
#: What varies over more than this (standard deviation, mm) is left out of the last step.
DETAIL_SIGMA_MM = 12.0
#: Weight of a point without bone in the last step, and the blurred bone from which a point has all.
_SOFT_TISSUE_WEIGHT = 0.3
_FULL_BONE = 0.2
#: Knots of the free curve from CT number to uptake.
_CURVE_KNOTS = 13
#: Points that it is fitted to in one go: each takes 100 bytes meanwhile.
_AT_ONCE = 2**18
#: Edge of the blocks of tissue that are taken to err independently, mm.
_BLOCK_MM = 32.0
_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))


@dataclass(frozen=True, slots=True, eq=False)
class CtModel:
    """What registration needs of a CT, on a grid of about 4 mm.

    Parameters
    ----------
    grid : Grid
        Where the voxels are.
    bone, body : (k, j, i) ndarray of float32
        Share of bone and of patient in each voxel, not blurred.
    density : (k, j, i) ndarray of float32
        CT number clipped to −1000 … 1500 HU, not blurred.
    usable : (k, j, i) ndarray of bool
        The patient and a margin of air, without metal.
    """

    grid: Grid
    bone: Float32Array
    body: Float32Array
    density: Float32Array
    usable: npt.NDArray[np.bool_]


def ct_model(ct: Volume, report: Callable[[float], None] = lambda part: None) -> CtModel:
    """Reduce a CT to what registration needs.

    Parameters
    ----------
    ct : Volume
        In HU; a tilted one is straightened first.
    report : callable, optional
        Told the fraction done.
    """
    if ct.grid.is_orthogonal:
        stored, slope, intercept, grid = ct.stored, ct.slope, ct.intercept, ct.grid
    else:
        # Here alone: resampling brings a compiler, which takes longer to import than this to run.
        from fusion.resampling import Resampler

        grid = enclosing_grid(ct.grid)
        stored = np.nan_to_num(Resampler(ct, grid).array(), nan=-1024.0)
        slope, intercept = np.ones(grid.shape[0]), np.zeros(grid.shape[0])
    first = np.maximum(1, np.rint(WORKING_SPACING_MM / 2 / grid.spacing_mm)).astype(int)
    first = np.minimum(first, grid.shape)
    fine_shape = np.array(grid.shape) // first
    second = np.maximum(1, np.rint(WORKING_SPACING_MM / (grid.spacing_mm * first))).astype(int)
    second = np.minimum(second, fine_shape)
    coarse = grid.averaged(first * second)
    shape = coarse.shape
    bone, body, density = (np.empty(shape, np.float32) for _ in range(3))
    metal = np.zeros(shape, np.bool_)
    low, high = BONE_RAMP_HU
    for k in range(shape[0]):
        begin = k * second[0]
        fine = np.stack(
            [
                _averaged(stored, slope, intercept, n * int(first[0]), first)
                for n in range(begin, begin + second[0])
            ]
        )
        bone[k] = _mean(np.clip((fine - low) / (high - low), 0, 1), second)
        body[k] = _mean((fine > BODY_HU).astype(np.float32), second)
        density[k] = _mean(np.clip(fine, -1000, 1500), second)
        if fine.max() > METAL_HU:
            metal[k] = _mean((fine > METAL_HU).astype(np.float32), second) > 0
        if k % 8 == 0:
            report(k / shape[0])
    core = _patient(body)
    near = ndimage.binary_dilation(core)
    body *= near
    bone *= near
    usable = near_mask(core, MARGIN_MM, coarse.spacing_mm)
    usable &= ~ndimage.binary_dilation(metal)
    return CtModel(coarse, bone, body, density, usable)


def blurred(
    values: npt.NDArray[Any], sigma: npt.ArrayLike, *, into: Float32Array | None = None
) -> Float32Array:
    """Return an array blurred by a Gaussian; edge values continue outside.

    Parameters
    ----------
    values : (k, j, i) ndarray
        Any real type.
    sigma : float or (3,) array_like of float, voxels
        Standard deviation along each axis; the Gaussian is cut off at three of them.
    into : (k, j, i) ndarray of float32, optional
        Where the result goes; may be ``values``, as one line after another is done.
    """
    output = np.float32 if into is None else into
    result: Float32Array = ndimage.gaussian_filter(
        values, sigma, output=output, mode="nearest", truncate=3.0
    )
    return result


def blurred_within(
    values: Float32Array,
    sigma: npt.ArrayLike,
    seen: npt.NDArray[np.bool_] | None,
    *,
    into: Float32Array | None = None,
) -> Float32Array:
    """Return an array blurred by a Gaussian that weighs nothing outside the field.

    Parameters
    ----------
    values : (k, j, i) ndarray of float32
        Zero outside the field.
    sigma : float or (3,) array_like of float, voxels
        As for :func:`blurred`.
    seen : (k, j, i) ndarray of bool or None
        The field; None where it is everywhere.
    into : (k, j, i) ndarray of float32, optional
        Where the result goes; may be ``values``.
    """
    if seen is None:
        return blurred(values, sigma, into=into)
    known = np.multiply(values, seen, out=into)
    result = blurred(known, sigma, into=known)
    weight = blurred(seen, sigma)
    result /= np.maximum(weight, np.float32(1e-3), out=weight)
    return result


def uptake(moving_values: Float32Array) -> Float32Array:
    """Undo the square root of :func:`functional`."""
    result: Float32Array = (moving_values + np.float32(np.sqrt(_FLOOR))) ** 2 - np.float32(_FLOOR)
    return result


def counted(spect: Volume) -> Float32Array:
    """Return the functional values from 0 to 1, the brightest of them clipped.

    Parameters
    ----------
    spect : Volume
        Any unit; negative values (PET without attenuation correction) count as nothing.
    """
    values: Float32Array = np.nan_to_num(spect.values(), copy=False, nan=0.0, posinf=0.0)
    np.maximum(values, 0, out=values)
    seen = seen_mask(spect)
    known = values.ravel().copy() if seen is None else values[seen]
    ceiling = float(np.percentile(known, _CEILING_PERCENTILE, overwrite_input=True))
    del known
    if ceiling <= 0:
        ceiling = float(values.max()) or 1.0
    values /= np.float32(ceiling)
    return np.minimum(values, 1, out=values)


def functional(
    counts: Float32Array,
    grid: Grid,
    *,
    seen: npt.NDArray[np.bool_] | None = None,
    extra_sigma_mm: float = 0.0,
) -> Moving:
    """Return the functional volume as it is compared: smoothed and square-rooted.

    Parameters
    ----------
    counts : (k, j, i) ndarray of float32
        From :func:`counted`; overwritten.
    grid : Grid
        Where its voxels are.
    seen : (k, j, i) ndarray of bool, optional
        Where the detector saw; ``nan`` elsewhere, which takes no part in a search.
    extra_sigma_mm : float, mm
        More blur (standard deviation), for the first steps of a search.
    """
    sigma = np.hypot(SMOOTHING_FWHM_MM * _SIGMA_PER_FWHM, extra_sigma_mm) / grid.spacing_mm
    values = blurred_within(counts, sigma, seen, into=counts)
    values += np.float32(_FLOOR)
    np.sqrt(values, out=values)
    values -= np.float32(np.sqrt(_FLOOR))
    return Moving(_only(values, seen), inverse(grid.affine))


def details(
    values: Float32Array, spacing_mm: FloatArray, seen: npt.NDArray[np.bool_] | None = None
) -> Float32Array:
    """Take away everything that varies slowly: tissues take up more here and less there."""
    known = values if seen is None else np.where(seen, values, np.float32(0))
    slow = blurred_within(known, DETAIL_SIGMA_MM / spacing_mm, seen)
    return _only(np.subtract(known, slow, out=slow), seen)


def _only(values: Float32Array, seen: npt.NDArray[np.bool_] | None) -> Float32Array:
    """Set, in place, what the detector did not see to ``nan``."""
    if seen is not None:
        values[~seen] = np.nan
    return values


class Level:
    """One step of a search: the pictures at one blur.

    Parameters
    ----------
    source : CtModel
        From :func:`ct_model`.
    plain : Moving
        The functional volume at this blur, from :func:`functional`.
    spect : Volume
        The same as stored.
    extra_sigma_mm : float, mm
        More blur than the camera's (standard deviation).
    points : int
        About so many voxels of the CT take part, evenly spread.
    only_details : bool
        Compare :func:`details`, and bone more than the rest.
    center_lps : (3,) ndarray of float64, mm
        About which motions are measured.
    """

    def __init__(
        self,
        source: CtModel,
        plain: Moving,
        spect: Volume,
        *,
        center_lps: FloatArray,
        extra_sigma_mm: float = 0.0,
        points: int = 8000,
        only_details: bool = False,
    ) -> None:
        grid = source.grid
        self.grid = grid
        self.center_lps = center_lps
        self.only_details = only_details
        fwhm = FWHM_MM["PT" if spect.source.positrons else "NM"]
        total = (fwhm**2 + SMOOTHING_FWHM_MM**2) * _SIGMA_PER_FWHM**2 + extra_sigma_mm**2
        # Averaging over a voxel is itself a blur of variance edge² / 12.
        self._sigma = np.sqrt(np.maximum(total - grid.spacing_mm**2 / 12, 0.1)) / grid.spacing_mm
        self.bone = self.blurred(source.bone)
        self.body = self.blurred(source.body)
        self.plain = self.moving = plain
        if only_details:
            values = details(plain.values, spect.grid.spacing_mm, seen_mask(spect))
            self.moving = Moving(values, self.plain.to_index)
        kji, thinned = _chosen(source.usable, points)
        self._kji = kji
        self._flat = np.ravel_multi_index(tuple(kji.T), grid.shape)
        offsets = grid.to_lps(kji) - center_lps
        count = len(offsets)
        weight = np.full(count, thinned, np.float32)
        if only_details:
            weight *= _SOFT_TISSUE_WEIGHT + np.minimum(self.at_points(self.bone) / _FULL_BONE, 1)
        self._points = Expectation(
            np.asfortranarray(offsets, dtype=np.float32),
            np.zeros(count, np.float32),
            np.zeros((count, 3), np.float32),
            weight,
            np.zeros(count, np.float32),
            _blocks(offsets),
            center_lps,
        )

    def blurred(self, channel: Float32Array) -> Float32Array:
        """Blur a channel of the CT like the functional picture of this level."""
        return blurred(channel, self._sigma)

    def at_points(self, values: Float32Array) -> Float32Array:
        """Take the values of the points that take part."""
        result: Float32Array = values.ravel().take(self._flat)
        return result

    def picture(self, maps: FloatArray) -> Float32Array:
        """Return the SPECT simulated from the CT, its soft tissue fitted under these maps."""
        share = _soft_tissue(
            self.at_points(self.bone),
            self.at_points(self.body),
            sample(self._points, self.plain, maps),
        )
        value = np.sqrt(self.bone + share * self.body + np.float32(_FLOOR))
        return details(value, self.grid.spacing_mm) if self.only_details else value

    def template(self, maps: FloatArray) -> Expectation:
        """Return the points with the value and slope of :meth:`picture`."""
        return self.template_of(self.picture(maps))

    def template_of(self, values: Float32Array) -> Expectation:
        """Return the points with the value and slope of a picture on :attr:`grid`."""
        to_lps = np.linalg.inv(self.grid.affine[:3, :3])
        slopes = slopes_at(values, self._kji)
        return replace(
            self._points,
            value=self.at_points(values).astype(np.float32),
            gradient=np.asfortranarray(slopes @ to_lps, dtype=np.float32),
        )

    def any_contrast(self, density: Float32Array, maps: FloatArray) -> Expectation:
        """Return the blurred CT number mapped to uptake by whatever curve fits best.

        A second opinion that knows nothing of bone: maximising the correlation with the best curve
        is maximising the correlation ratio (Roche et al. 1998, "The correlation ratio as a new
        similarity measure for multimodal image registration"). To be compared with :attr:`plain`.

        Parameters
        ----------
        density : (k, j, i) ndarray of float32
            From :meth:`blurred`, HU.
        maps : (1, 4, 4) ndarray of float64
            Under which the curve is fitted.
        """
        looked_up = sample(self._points, self.plain, maps)
        return self.template_of(_best_curve(density, self.at_points(density), looked_up))


def _best_curve(density: Float32Array, at_points: Float32Array, looked_up: Float32Array) -> Any:
    """Apply the piecewise linear curve from CT number to uptake that fits best."""
    inside = np.isfinite(looked_up)
    d, m = at_points[inside], looked_up[inside]
    shares = np.linspace(0, 1, _CURVE_KNOTS)
    knots = np.unique(np.quantile(d.astype(np.float64), shares)) if len(d) else d
    if len(knots) < 3:
        return density
    size = len(knots)
    design, target = np.zeros((size, size)), np.zeros(size)
    for begin in range(0, len(d), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        at, uptake = d[part].astype(np.float64), m[part].astype(np.float64)
        cell = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, size - 2)
        upper = (at - knots[cell]) / np.diff(knots)[cell]
        for first, wa in ((0, 1 - upper), (1, upper)):
            target += np.bincount(cell + first, wa * uptake, minlength=size)
            for second, wb in ((0, 1 - upper), (1, upper)):
                flat = np.bincount(
                    (cell + first) * size + cell + second, wa * wb, minlength=size**2
                )
                design += flat.reshape(size, size)
    curve = np.linalg.solve(design + np.eye(size) * 1e-3 * np.trace(design) / size, target)
    mapped = np.empty_like(density)
    for plane, along in zip(mapped, density, strict=True):  # each takes twice its size meanwhile
        plane[...] = np.interp(along, knots, curve)
    return mapped


def inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a matrix."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def slopes_at(values: Float32Array, kji: npt.NDArray[np.intp]) -> Float32Array:
    """Return central differences along k, j and i at voxels: (n, 3), per voxel.

    At an edge, to the only neighbour there is.
    """
    strides = np.array([values.shape[1] * values.shape[2], values.shape[2], 1])
    flat, here = values.ravel(), kji @ strides
    slopes = np.empty((len(kji), 3), np.float32)
    for axis in range(3):
        after = np.minimum(kji[:, axis] + 1, values.shape[axis] - 1)
        before = np.maximum(kji[:, axis] - 1, 0)
        high = flat.take(here + (after - kji[:, axis]) * strides[axis])
        low = flat.take(here + (before - kji[:, axis]) * strides[axis])
        slopes[:, axis] = (high - low) / np.maximum(after - before, 1)
    return slopes


def _blocks(points: FloatArray) -> npt.NDArray[np.int32]:
    """Return the number of the cube of tissue in which each point lies."""
    cube = np.floor(points / _BLOCK_MM).astype(np.int64)
    cube -= cube.min(axis=0, initial=0)
    sizes = cube.max(axis=0, initial=0) + 1
    number = (cube[:, 0] * sizes[1] + cube[:, 1]) * sizes[2] + cube[:, 2]
    return np.unique(number, return_inverse=True)[1].astype(np.int32)


def _soft_tissue(bone: Float32Array, body: Float32Array, looked_up: Float32Array) -> np.float32:
    """Fit the uptake of soft tissue as a share of bone's, without the hottest points."""
    inside = np.isfinite(looked_up)
    if inside.sum() < 50:
        return np.float32(SOFT_TISSUE_UPTAKE)
    measured = uptake(looked_up[inside]).astype(np.float64)
    one = np.ones_like(measured)
    design = np.stack([bone[inside], body[inside], one, measured], axis=1).astype(np.float64)
    weight = one
    solution: npt.NDArray[np.floating[Any]] = np.zeros(3)
    for _ in range(3):
        sums = products(weight[:, None] * design[:, :3], design)
        solution = np.linalg.solve(sums[:, :3] + 1e-6 * np.eye(3), sums[:, 3])
        expected = solution[0] * design[:, 0] + solution[1] * design[:, 1] + solution[2]
        residual = np.abs(measured - expected)
        weight = (residual < 6 * (np.median(residual) + 1e-9)).astype(np.float64)
    if solution[0] <= 0:
        return np.float32(5.0 if solution[1] > 0 else SOFT_TISSUE_UPTAKE)
    return np.float32(np.clip(solution[1] / solution[0], 0.02, 5.0))


def lattice(shape: tuple[int, ...], every: int) -> npt.NDArray[np.bool_]:
    """Return one voxel of every so many, as an oblique lattice: (k, j, i)."""
    # Steps by the golden ratio leave no direction in which the lattice is much coarser.
    steps = max(1, round(every * 0.618)), max(1, round(every * 0.382))
    plane = steps[1] * np.arange(shape[1])[:, None] + np.arange(shape[2])
    chosen = np.empty(shape, np.bool_)
    for k in range(shape[0]):  # plane by plane: the numbers of all voxels take 16 bytes each
        chosen[k] = (steps[0] * k + plane) % every == 0
    return chosen


def _chosen(usable: npt.NDArray[np.bool_], points: int) -> tuple[npt.NDArray[np.intp], float]:
    """Return about so many of the usable voxels, (n, 3), and how many each stands for."""
    every = max(1, round(int(usable.sum()) / points))
    return np.argwhere(usable & lattice(usable.shape, every)), float(every)


def _patient(body: Float32Array) -> npt.NDArray[np.bool_]:
    """Return the largest connected piece: no table, no text burned into the corners."""
    solid = body > 0.5
    pieces, count = ndimage.label(ndimage.binary_erosion(solid))
    if not count:
        return solid if solid.any() else np.ones(body.shape, np.bool_)
    largest = 1 + np.bincount(pieces.ravel())[1:].argmax()
    return np.asarray(ndimage.binary_dilation(pieces == largest) & solid)


def _averaged(
    stored: npt.NDArray[Any],
    slope: FloatArray,
    intercept: FloatArray,
    begin: int,
    factors: npt.NDArray[Any],
) -> Float32Array:
    """Return one plane of means over blocks of voxels, from plane ``begin`` on, in HU."""
    a, b, c = (int(n) for n in factors)
    rows, columns = stored.shape[1] // b, stored.shape[2] // c
    total = np.zeros((rows * b, columns * c), np.float32)
    for k in range(begin, begin + a):
        total += np.float32(slope[k]) * stored[k, : rows * b, : columns * c]
    total = _added(_added(total, b, 0), c, 1)
    mean: Float32Array = total / np.float32(a * b * c) + np.float32(
        intercept[begin : begin + a].mean()
    )
    return mean


def _mean(values: Float32Array, factors: npt.NDArray[Any]) -> Float32Array:
    """Return the mean over blocks of a slab that is one block thick: (j, i)."""
    _, b, c = (int(n) for n in factors)
    plane = values.sum(axis=0)
    plane = plane[: plane.shape[0] // b * b, : plane.shape[1] // c * c]
    mean: Float32Array = _added(_added(plane, b, 0), c, 1) / np.float32(np.prod(factors))
    return mean


def _added(plane: Float32Array, factor: int, axis: int) -> Float32Array:
    """Return neighbours added, ``factor`` at a time; slices are faster than a sum of few."""
    if factor == 1:
        return plane
    parts = [plane[n::factor] if axis == 0 else plane[:, n::factor] for n in range(factor)]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total
