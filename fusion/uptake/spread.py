"""How far a joint's mean would scatter if nothing but chance differed: places, reference, counts.

Places are varied by what is known of them, and everything is measured anew. What the small model of
the neck (:mod:`fusion.uptake.activity`) leaves unexplained holds the noise of the counts, and what
the model gets wrong. The latter is the same on two dates of one patient, so that the difference of
two dates is noise alone: :meth:`MeanSpread.unexplained_at` gives it at any place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from fusion.anatomy import Joint
from fusion.geometry import FloatArray
from fusion.registration import Registration
from fusion.uptake.activity import Activity, fit_activity
from fusion.uptake.native import NativeNeck
from fusion.uptake.reference import measure_reference
from fusion.uptake.resolution import spread
from fusion.uptake.settings import ReferenceChoice, UptakeSettings
from fusion.uptake.sharpness import smoothed

#: 95 of 100 lengths of a vector with three normal components of standard deviation 1 are less.
_P95_OF_LENGTH = 2.7955
#: A registration whose uncertainty is not known, mm: that of one that may be trusted at most.
ASSUMED_REGISTRATION_MM = 3.0
#: Places that are tried for each joint, and for the reference.
_TRIED, _TRIED_REFERENCE = 32, 8
#: Structure coarser than this is not noise, mm (standard deviation).
_COARSE_MM = 12.0
#: Blur that takes noise away where only the shape of the picture is asked for, mm (standard
#: deviation).
_SOFT_MM = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class MeanSpread:
    """How far the means of the joints over the reference scatter by chance, on one date.

    Parameters
    ----------
    placement : mapping of Joint to float
        Standard deviation of the logarithm of each joint's mean, from where the joint and the
        functional volume are taken to be.
    ratio : mapping of Joint to float
        Mean over the reference.
    reference : float
        Standard deviation of the logarithm of the reference, from where it is taken to be.
    reference_balls : float
        How many balls as large as a joint's the reference is the mean of.
    moved_mm : float, mm
        Standard deviation, on one axis, of where the functional volume is taken to be.
    per_mm : mapping of Joint to float, 1/mm
        What a picture coarser by a millimetre (full width at half maximum) adds to the logarithm
        of each joint's mean over the reference: less than nothing at a hot joint.
    """

    placement: Mapping[Joint, float]
    ratio: Mapping[Joint, float]
    reference: float
    reference_balls: float
    moved_mm: float
    per_mm: Mapping[Joint, float]
    _neck: NativeNeck = field(repr=False)
    _unexplained: FloatArray = field(repr=False)

    def unexplained_at(self, points_ct_lps: FloatArray) -> FloatArray:
        """Return what the model leaves of a ball's mean, over the roots of mean and reference.

        Parameters
        ----------
        points_ct_lps : (n, 3) ndarray of float64, mm
            In the CT's frame.

        Returns
        -------
        (n,) ndarray of float64
            Its variance is that of a ball whose mean is the reference; ``nan`` outside the field.
        """
        neck = self._neck
        _, nearest = cKDTree(neck.centers_ct_lps).query(points_ct_lps)
        native = np.empty_like(points_ct_lps)
        for row in np.unique(nearest):
            mine = nearest == row
            native[mine] = neck.transforms[row].inverse().apply(points_ct_lps[mine])
        kji = neck.grid.to_kji(native) - neck.low_kji
        found: FloatArray = ndimage.map_coordinates(
            self._unexplained, kji.T, order=1, mode="constant", cval=np.nan
        )
        return found

    @property
    def centers_ct_lps(self) -> FloatArray:
        """Centres of the joints on the CT, mm (n, 3)."""
        return self._neck.centers_ct_lps


def spread_of_means(
    neck: NativeNeck,
    registration: Registration,
    *,
    placed_mm: float,
    resolution_mm: float,
    common_mm: float | None = None,
    reference: ReferenceChoice | None = None,
    settings: UptakeSettings | None = None,
) -> MeanSpread | None:
    """Return how far the mean of each joint over the reference scatters by chance.

    Parameters
    ----------
    neck : NativeNeck
        Joints, values and bone.
    registration : Registration
        With which it was taken out.
    placed_mm : float, mm
        Standard deviation, on one axis, of where the centres of joints are put.
    resolution_mm : float, mm
        Of the functional volume: full width at half maximum.
    common_mm : float, optional, mm
        A coarser one at which everything is measured.
    reference, settings
        As for :func:`fusion.uptake.measure`.

    Returns
    -------
    MeanSpread or None
        None where there is no reference.
    """
    settings = settings or UptakeSettings()
    choice = reference or ReferenceChoice()
    if common_mm is not None:
        neck = smoothed(neck, resolution_mm, common_mm)
    seen_at_mm = max(resolution_mm, common_mm or 0.0)
    compared_with = measure_reference(neck, choice)
    if compared_with.value is None or compared_with.value <= 0:
        return None
    activity = fit_activity(neck, resolution_mm=seen_at_mm)
    coarser = smoothed(neck, seen_at_mm, seen_at_mm + 1.0)
    coarser_reference = measure_reference(coarser, choice).value or compared_with.value
    within = registration.uncertainty_mm_at(neck.centers_ct_lps)
    within = np.where(np.isnan(within), ASSUMED_REGISTRATION_MM, within) / _P95_OF_LENGTH
    placement, ratio, per_mm = {}, {}, {}
    for row, joint in enumerate(neck.joints):
        sigma = float(np.hypot(placed_mm, within[row]))
        if not np.isfinite(sigma):
            continue
        offsets = sigma * _normal(_TRIED)
        here, *tried = _means_at(neck, row, np.concatenate([np.zeros((1, 3)), offsets]), settings)
        (blurred,) = _means_at(coarser, row, np.zeros((1, 3)), settings)
        # Reconstructions hold values below zero, and what is left of them has no logarithm.
        if min(here, blurred, coarser_reference) > 0:
            logs = np.log([value for value in tried if value > 0] or [here])
            placement[joint], ratio[joint] = float(logs.std()), here / compared_with.value
            per_mm[joint] = math.log(blurred / coarser_reference / ratio[joint])
    voxel_mm3 = abs(float(np.linalg.det(neck.grid.affine[:3, :3])))
    ball_mm3 = 4 / 3 * np.pi * settings.radius_mm**3
    return MeanSpread(
        placement,
        ratio,
        _of_reference(neck, choice, float(np.median(within))),
        max(compared_with.voxels * voxel_mm3 / ball_mm3, 1.0),
        float(np.median(within)),
        per_mm,
        neck,
        _unexplained(neck, activity, settings.radius_mm) / np.sqrt(compared_with.value),
    )


def _normal(count: int) -> FloatArray:
    """Return offsets (n, 3) of standard deviation 1, the same each time, each with its opposite."""
    half = np.random.default_rng(20161).standard_normal((count // 2, 3))
    offsets: FloatArray = np.concatenate([half, -half])
    offsets /= np.sqrt(np.mean(np.square(offsets)))
    return offsets


def _means_at(
    neck: NativeNeck, row: int, offsets: FloatArray, settings: UptakeSettings
) -> list[float]:
    """Return the means of a joint's ball if its centre were off by so much; 0 without voxels."""
    radius, center = settings.radius_mm, neck.centers_lps[row]
    reach = radius + float(np.linalg.norm(offsets, axis=1).max())
    near = (np.square(neck.points_lps - center).sum(axis=-1) <= reach**2) & neck.seen
    points, values = neck.points_lps[near], neck.values[near]
    others = np.delete(neck.centers_lps, row, axis=0)
    away = np.full(len(points), np.inf)
    for other in others:
        away = np.minimum(away, np.square(points - other).sum(axis=-1))
    means = []
    for offset in offsets:
        squared = np.square(points - (center + offset)).sum(axis=-1)
        inside = values[(squared <= radius**2) & (squared <= away)]
        means.append(float(inside.mean()) if len(inside) else 0.0)
    return means


def _of_reference(neck: NativeNeck, choice: ReferenceChoice, within_mm: float) -> float:
    """Return the standard deviation of the logarithm of the reference, from its place."""
    if not np.isfinite(within_mm):
        return 0.0
    tried = []
    # Other voxels are other noise; what is asked here is what other places make of the picture.
    soft = ndimage.gaussian_filter(neck.values, _SOFT_MM / neck.spacing_mm, truncate=3.0)
    neck = replace(neck, values=soft)
    for offset in within_mm * _normal(_TRIED_REFERENCE):
        moved = replace(neck, centers_ct_lps=neck.centers_ct_lps + offset)
        value = measure_reference(moved, choice).value
        if value:
            tried.append(value)
    return float(np.log(tried).std()) if tried else 0.0


def _unexplained(neck: NativeNeck, activity: Activity, radius_mm: float) -> FloatArray:
    """Return what the model leaves, averaged over a ball, over the root of what it says."""
    model = activity.ordinary.copy()
    sources = [*zip(neck.centers_lps, activity.amplitudes, strict=True)]
    sources += [*zip(activity.others_lps, activity.other_amplitudes, strict=True)]
    for center, height in sources:
        if height > 0:
            model += height * spread(neck.points_lps, center, activity.sigma_mm)
    floor = max(0.05 * float(model.max()), 1e-12)
    left = np.where(neck.seen, (neck.values - model) / np.sqrt(np.maximum(model, floor)), 0.0)
    left -= ndimage.gaussian_filter(left, _COARSE_MM / neck.spacing_mm, truncate=3.0)
    averaged: npt.NDArray[np.float64] = ndimage.convolve(
        left, _ball(neck, radius_mm), mode="nearest"
    )
    averaged[~neck.seen] = np.nan
    return averaged


def _ball(neck: NativeNeck, radius_mm: float) -> FloatArray:
    """Return the weights of the voxels of a ball; their sum is 1."""
    reach = np.ceil(radius_mm / neck.spacing_mm).astype(int)
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1)
    away = np.linalg.norm(steps @ neck.grid.affine[:3, :3].T, axis=-1)
    inside: FloatArray = (away <= radius_mm).astype(np.float64)
    inside /= inside.sum()
    return inside
