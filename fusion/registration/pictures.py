"""The pictures that are compared: what a SPECT of this CT would look like, and the SPECT itself.

The CT is averaged to about 2 mm, turned into bone and body, averaged to about 4 mm and blurred to
the resolution of the camera (spec part B4, steps 2 and 3). How much soft tissue takes up against
bone is fitted to the study at hand (:meth:`Level.picture`), so that another tracer or a PET needs
nothing else. Both sides are square-rooted: counts then have one noise everywhere and a hot joint
does not carry the whole measure (spec part B2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import ndimage

from fusion.geometry import FloatArray, Grid, Volume, enclosing_grid
from fusion.registration.alignment import Expectation, Float32Array, Moving, sample
from fusion.resampling import Resampler

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
#: The functional picture is clipped at this percentile (spec part B3).
_CEILING_PERCENTILE = 99.5
#: What varies over more than this (standard deviation, mm) is left out of the last step.
DETAIL_SIGMA_MM = 12.0
#: Weight of a point without bone in the last step, and the blurred bone from which a point has all.
_SOFT_TISSUE_WEIGHT = 0.3
_FULL_BONE = 0.2
#: Knots of the free curve from CT number to uptake.
_CURVE_KNOTS = 13
#: No level compares more points than twice this.
_MOST_POINTS = 250_000
#: Edge of the blocks of tissue that are taken to err independently, mm.
_BLOCK_MM = 32.0
_SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
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


def anatomy(ct: Volume) -> Anatomy:
    """Reduce a CT to what registration needs.

    Parameters
    ----------
    ct : Volume
        In HU; a tilted one is straightened first.
    """
    if ct.grid.is_orthogonal:
        stored, slope, intercept, grid = ct.stored, ct.slope, ct.intercept, ct.grid
    else:
        grid = enclosing_grid(ct.grid)
        stored = np.nan_to_num(Resampler(ct, grid).array(), nan=-1024.0)
        slope, intercept = np.ones(grid.shape[0]), np.zeros(grid.shape[0])
    first = np.maximum(1, np.rint(WORKING_SPACING_MM / 2 / grid.spacing_mm)).astype(int)
    first = np.minimum(first, grid.shape)
    fine = _block_mean(
        np.ascontiguousarray(stored), slope, intercept, int(first[0]), int(first[1]), int(first[2])
    )
    second = np.maximum(1, np.rint(WORKING_SPACING_MM / (grid.spacing_mm * first))).astype(int)
    second = np.minimum(second, fine.shape)
    low, high = BONE_RAMP_HU
    bone = _mean(np.clip((fine - low) / (high - low), 0, 1), second)
    body = _mean((fine > BODY_HU).astype(np.float32), second)
    metal = _mean((fine > METAL_HU).astype(np.float32), second) > 0
    density = _mean(np.clip(fine, -1000, 1500), second)
    coarse = _shrunk(grid, first * second, bone.shape)
    core = _patient(body)
    body = np.where(ndimage.binary_dilation(core), body, 0).astype(np.float32)
    bone *= ndimage.binary_dilation(core)
    reach = ndimage.distance_transform_edt(~core, sampling=coarse.spacing_mm.tolist())
    usable = (reach <= MARGIN_MM) & ~ndimage.binary_dilation(metal)
    return Anatomy(coarse, bone, body, density, usable)


def uptake(moving_values: Float32Array) -> Float32Array:
    """Undo the square root of :func:`functional`."""
    result: Float32Array = (moving_values + np.float32(np.sqrt(_FLOOR))) ** 2 - np.float32(_FLOOR)
    return result


def functional(spect: Volume, *, extra_sigma_mm: float = 0.0) -> Moving:
    """Return the functional volume as it is compared: clipped, smoothed and square-rooted.

    Parameters
    ----------
    spect : Volume
        Any unit; negative values (PET without attenuation correction) count as nothing.
    extra_sigma_mm : float, mm
        More blur (standard deviation), for the first steps of a search.
    """
    values = np.clip(spect.values(), 0, None)
    ceiling = float(np.percentile(values, _CEILING_PERCENTILE))
    if ceiling <= 0:
        ceiling = float(values.max()) or 1.0
    sigma = np.hypot(SMOOTHING_FWHM_MM * _SIGMA_PER_FWHM, extra_sigma_mm)
    values = np.minimum(values / np.float32(ceiling), 1)
    values = ndimage.gaussian_filter(values, sigma / spect.grid.spacing_mm, truncate=3)
    return Moving(
        np.sqrt(values + np.float32(_FLOOR)) - np.float32(np.sqrt(_FLOOR)),
        inverse(spect.grid.affine),
    )


def details(values: Float32Array, spacing_mm: FloatArray) -> Float32Array:
    """Take away everything that varies slowly: tissues take up more here and less there."""
    slow = ndimage.gaussian_filter(values, DETAIL_SIGMA_MM / spacing_mm, mode="nearest", truncate=3)
    result: Float32Array = values - slow
    return result


class Level:
    """One step of a search: the pictures at one blur.

    Parameters
    ----------
    source : Anatomy
        From :func:`anatomy`.
    spect : Volume
        The functional volume.
    extra_sigma_mm : float, mm
        More blur than the camera's (standard deviation).
    stride : int
        1 takes every voxel of the CT picture, 2 every second along each axis.
    only_details : bool
        Compare :func:`details`, and bone more than the rest.
    center_lps : (3,) ndarray of float64, mm
        About which motions are measured.
    """

    def __init__(
        self,
        source: Anatomy,
        spect: Volume,
        *,
        center_lps: FloatArray,
        extra_sigma_mm: float = 0.0,
        stride: int = 1,
        only_details: bool = False,
    ) -> None:
        grid = source.grid
        self.grid = grid
        self.center_lps = center_lps
        self.only_details = only_details
        fwhm = FWHM_MM.get(spect.source.modality, FWHM_MM["NM"])
        total = (fwhm**2 + SMOOTHING_FWHM_MM**2) * _SIGMA_PER_FWHM**2 + extra_sigma_mm**2
        # Averaging over a voxel is itself a blur of variance edge² / 12.
        self._sigma = np.sqrt(np.maximum(total - grid.spacing_mm**2 / 12, 0.1)) / grid.spacing_mm
        self.bone = self.blurred(source.bone)
        self.body = self.blurred(source.body)
        self.plain = functional(spect, extra_sigma_mm=extra_sigma_mm)
        self.moving = self.plain
        if only_details:
            values = details(self.plain.values, spect.grid.spacing_mm)
            self.moving = Moving(values, self.plain.to_index)
        self._every = (slice(None, None, stride),) * 3
        self._chosen = source.usable[self._every]
        # A trunk has more voxels than a transform needs: every m-th of them will do.
        self._thin = 1 + int(self._chosen.sum()) // _MOST_POINTS
        kji = np.argwhere(self._chosen)[:: self._thin] * float(stride)
        points = grid.to_lps(kji) - center_lps
        count = len(points)
        weight = np.ones(count, np.float32)
        if only_details:
            weight *= _SOFT_TISSUE_WEIGHT + np.minimum(self.at_points(self.bone) / _FULL_BONE, 1)
        self._points = Expectation(
            points.astype(np.float32),
            np.zeros(count, np.float32),
            np.zeros((count, 3), np.float32),
            weight,
            np.zeros(count, np.float32),
            _blocks(points),
            center_lps,
        )

    def blurred(self, channel: Float32Array) -> Float32Array:
        """Blur a channel of the CT like the functional picture of this level."""
        result: Float32Array = ndimage.gaussian_filter(
            channel, self._sigma, truncate=3, mode="nearest"
        )
        return result

    def at_points(self, values: Float32Array) -> Float32Array:
        """Take the values of the points that take part."""
        result: Float32Array = values[self._every][self._chosen][:: self._thin]
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
        slopes = np.stack([self.at_points(g) for g in slopes_of(values)], axis=-1)
        return replace(
            self._points,
            value=self.at_points(values).astype(np.float32),
            gradient=np.ascontiguousarray(slopes @ to_lps, dtype=np.float32),
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
    d, m = at_points[inside].astype(np.float64), looked_up[inside].astype(np.float64)
    knots = np.unique(np.quantile(d, np.linspace(0, 1, _CURVE_KNOTS))) if len(d) else d
    if len(knots) < 3:
        return density
    cell = np.clip(np.searchsorted(knots, d, side="right") - 1, 0, len(knots) - 2)
    upper = (d - knots[cell]) / np.diff(knots)[cell]
    size = len(knots)
    design, target = np.zeros((size, size)), np.zeros(size)
    for first, wa in ((0, 1 - upper), (1, upper)):
        target += np.bincount(cell + first, wa * m, minlength=size)
        for second, wb in ((0, 1 - upper), (1, upper)):
            flat = np.bincount((cell + first) * size + cell + second, wa * wb, minlength=size**2)
            design += flat.reshape(size, size)
    curve = np.linalg.solve(design + np.eye(size) * 1e-3 * np.trace(design) / size, target)
    return np.interp(density, knots, curve).astype(np.float32)


def inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a matrix."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def slopes_of(values: Float32Array) -> list[Float32Array]:
    """Return central differences along k, j and i, per voxel."""
    return list(np.gradient(values))


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
    design = np.stack([bone[inside], body[inside], np.ones(inside.sum())], axis=1)
    design = design.astype(np.float64)
    weight = np.ones(len(measured))
    solution = np.zeros(3)
    for _ in range(3):
        weighted = weight[:, None] * design
        solution = np.linalg.solve(design.T @ weighted + 1e-6 * np.eye(3), weighted.T @ measured)
        residual = np.abs(measured - design @ solution)
        weight = (residual < 6 * (np.median(residual) + 1e-9)).astype(np.float64)
    if solution[0] <= 0:
        return np.float32(5.0 if solution[1] > 0 else SOFT_TISSUE_UPTAKE)
    return np.float32(np.clip(solution[1] / solution[0], 0.02, 5.0))


def _patient(body: Float32Array) -> npt.NDArray[np.bool_]:
    """Return the largest connected piece: no table, no text burned into the corners."""
    solid = body > 0.5
    labels, count = ndimage.label(ndimage.binary_erosion(solid))
    if count == 0:
        return solid if solid.any() else np.ones(body.shape, np.bool_)
    largest = 1 + int(np.bincount(labels.ravel())[1:].argmax())
    grown: npt.NDArray[np.bool_] = ndimage.binary_dilation(labels == largest) & solid
    return grown


def _mean(values: npt.NDArray[Any], factors: npt.NDArray[Any]) -> Float32Array:
    one = np.ones(values.shape[0])
    a, b, c = (int(n) for n in factors)
    result: Float32Array = _block_mean(np.ascontiguousarray(values), one, 0 * one, a, b, c)
    return result


def _shrunk(grid: Grid, factors: npt.NDArray[Any], shape: tuple[int, ...]) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += grid.affine[:3, :3] @ ((factors - 1) / 2)
    affine[:3, :3] *= factors
    return Grid((shape[0], shape[1], shape[2]), affine, grid.frame_of_reference_uid)


@njit(cache=True, nogil=True)
def _block_mean(stored: Any, slope: Any, intercept: Any, a: int, b: int, c: int) -> Any:
    """Average over blocks of a × b × c voxels, in units of ``slope * stored + intercept``."""
    nk, nj, ni = stored.shape[0] // a, stored.shape[1] // b, stored.shape[2] // c
    out = np.zeros((nk, nj, ni), np.float32)
    line = np.zeros(ni, np.float64)
    for k in range(nk):
        for j in range(nj):
            line[:] = 0
            for kk in range(k * a, k * a + a):
                s, t = slope[kk], intercept[kk]
                for jj in range(j * b, j * b + b):
                    row = stored[kk, jj]
                    for i in range(ni):
                        total = 0.0
                        for ii in range(i * c, i * c + c):
                            total += row[ii]
                        line[i] += s * total + t * c
            for i in range(ni):
                out[k, j, i] = line[i] / (a * b * c)
    return out
