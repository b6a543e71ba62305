"""Hot spots of the neck, and the structure each belongs to, as far as that can be said.

A hot spot is a local maximum of what stands out of ordinary bone on the native voxels. It belongs
to the nearest structure of :mod:`fusion.uptake.structures` only when every other is further away
by more than registration, localisation and the spot's own position leave open; otherwise it is
said to lie between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fusion.anatomy import LEVELS, Joint, Side
from fusion.errors import GeometryError
from fusion.geometry import FloatArray
from fusion.registration import Registration
from fusion.uptake.activity import Activity
from fusion.uptake.native import JointPlace, NativeNeck
from fusion.uptake.resolution import recovery
from fusion.uptake.settings import HotSpotSettings
from fusion.uptake.structures import (
    EXTENT_MM,
    Structure,
    StructureKind,
    elsewhere_words,
    structures,
)

#: From the length of an error in space that nine in ten stay below to the size of one of its
#: components that 95 of 100 stay below: 1.96 / 2.50 for a normal distribution.
_COMPONENT_95 = 0.78
#: The same of one component whose standard deviation is known, from a normal distribution.
_NORMAL_95 = 1.96
#: How far a parabola through three voxels misses the top of a Gaussian, in voxels: calculated for
#: the resolutions that are believed.
_SUMMIT_VOXELS = 0.15
#: What lies between joints and has no bound of its own takes the worst of so many joints
#: around it: both sides of two levels.
_JOINTS_AROUND = 4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HotSpot:
    """A local maximum that stands out of ordinary bone.

    Parameters
    ----------
    point_lps : (3,) ndarray of float64, mm
        In the CT's frame, between voxel centres.
    native_lps : (3,) ndarray of float64, mm
        In the functional volume's frame.
    value : float
        Of the native voxel that holds it, in the unit of the volume.
    excess : float
        What of it stands out of background and ordinary bone, same unit.
    position_mm : float, mm
        How far the maximum may lie from the middle of what is active, by noise and voxel size.
    """

    point_lps: FloatArray
    native_lps: FloatArray
    value: float
    excess: float
    position_mm: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Assignment:
    """What a hot spot belongs to.

    Parameters
    ----------
    structure : Structure or None
        The nearest; None when it is none of the neck.
    rival : Structure or None
        What else it may be; None when nothing else comes into question.
    margin_mm : float, mm
        Distance to the plane half-way to the nearest rival.
    combined_mm : float, mm
        Registration, localisation and position together; ``inf`` when the Registration is not to
        be trusted.
    registration_mm, localisation_mm : float or None, mm
        What is known of the two; None where not known and assumed.
    certain : bool
        Whether the structure is claimed.
    words : str
        Why, in words.
    """

    structure: Structure | None
    rival: Structure | None
    margin_mm: float
    combined_mm: float
    registration_mm: float | None
    localisation_mm: float | None
    certain: bool
    words: str


def find_hot_spots(
    neck: NativeNeck, activity: Activity, *, settings: HotSpotSettings | None = None
) -> tuple[HotSpot, ...]:
    """Find the hot spots of the neck.

    Parameters
    ----------
    neck : NativeNeck
        Values of the native voxels.
    activity : Activity
        What ordinary bone explains of them.
    settings : HotSpotSettings, optional
        What counts.

    Returns
    -------
    tuple of HotSpot
        Hottest first.
    """
    from skimage.feature import peak_local_max  # takes its time; without uptake it is not needed

    settings = settings or HotSpotSettings()
    excess = neck.values - activity.ordinary
    ordinary = activity.background + activity.bone
    least = settings.least_excess * recovery(activity.resolution.mm) * ordinary
    if least <= 0:
        return ()
    maxima = peak_local_max(
        excess, min_distance=1, threshold_abs=least, exclude_border=False
    ).astype(np.int64)
    clear = excess[tuple(maxima.T)] >= settings.least_noise * activity.noise[tuple(maxima.T)]
    maxima = maxima[clear]
    order = np.argsort([-excess[tuple(kji)] for kji in maxima], kind="stable")
    kept: list[npt.NDArray[np.int64]] = []
    for kji in maxima[order]:
        if not any(_is_shoulder(excess, kji, other, settings.saddle) for other in kept):
            kept.append(kji)
    spots = []
    for kji in kept:
        native = neck.grid.to_lps(kji + neck.low_kji + _summit(excess, kji))
        height = float(excess[tuple(kji)])
        noise = float(activity.noise[tuple(kji)]) / height * activity.sigma_mm
        voxel = float(neck.spacing_mm.max())
        spots.append(
            HotSpot(
                point_lps=neck.to_ct(native[None])[0],
                native_lps=native,
                value=float(neck.values[tuple(kji)]),
                excess=height,
                position_mm=float(np.hypot(_NORMAL_95 * noise, _SUMMIT_VOXELS * voxel)),
            )
        )
    return tuple(spots)


def _is_shoulder(
    excess: FloatArray,
    kji: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
    saddle: float,
) -> bool:
    steps = int(np.abs(kji - other).max())
    way = np.rint(kji + np.linspace(0, 1, steps + 1)[:, None] * (other - kji)).astype(np.int64)
    lowest = float(excess[tuple(way.T)].min())
    return lowest > saddle * float(excess[tuple(kji)])


def _summit(excess: FloatArray, kji: npt.NDArray[np.int64]) -> FloatArray:
    """Return where between the voxels a parabola through each axis has its top, in voxels."""
    offset = np.zeros(3)
    for axis in range(3):
        n = int(kji[axis])
        if not 0 < n < excess.shape[axis] - 1:
            continue
        below, above = kji.copy(), kji.copy()
        below[axis] -= 1
        above[axis] += 1
        low, middle, high = (float(excess[tuple(at)]) for at in (below, kji, above))
        curve = low - 2 * middle + high
        if curve < 0:
            offset[axis] = np.clip((low - high) / (2 * curve), -0.5, 0.5)
    return offset


def assign(
    spot: HotSpot,
    neck: NativeNeck,
    places: Sequence[JointPlace],
    registration: Registration,
    *,
    settings: HotSpotSettings | None = None,
) -> Assignment:
    """Say what a hot spot belongs to, and whether anything else comes into question.

    Parameters
    ----------
    spot : HotSpot
        From :func:`find_hot_spots`.
    neck : NativeNeck
        The joints.
    places : sequence of JointPlace
        The joints as located, for how far off they may be.
    registration : Registration
        For its uncertainty at the spot.
    settings : HotSpotSettings, optional
        What is assumed where nothing is known.
    """
    settings = settings or HotSpotSettings()
    centers = dict(zip(neck.joints, neck.centers_ct_lps, strict=True))
    around = structures(centers)
    away = np.array([np.linalg.norm(spot.point_lps - s.center_lps) for s in around])
    nearest = around[int(away.argmin())]
    registration_mm = float(registration.uncertainty_mm_at(spot.point_lps))
    bound = _localisation_mm(nearest, places, centers)
    combined = float(
        np.sqrt(
            (settings.assumed_registration_mm if np.isnan(registration_mm) else registration_mm)
            ** 2
            + (_COMPONENT_95 * (settings.assumed_localisation_mm if bound is None else bound)) ** 2
            + spot.position_mm**2
        )
    )
    rival, margin = _rival(spot.point_lps, nearest, around)
    limit = max(combined, settings.least_margin_mm)
    distance = float(away.min())
    reach = EXTENT_MM[nearest.kind]
    outside = distance > reach + min(limit, reach)
    within = margin > limit and distance <= reach
    certain = (
        within and nearest.kind is not StructureKind.BEYOND and not nearest.name.endswith("found)")
    )
    if outside:
        nearest_or_none, certain = None, False
        words = (
            f"{distance:.0f} mm from the nearest cervical structure, {nearest.name}, "
            f"{elsewhere_words(spot.point_lps, centers)}"
        )
    else:
        nearest_or_none = nearest
        words = _words(nearest, rival, distance, margin, limit, within)
    return Assignment(
        structure=nearest_or_none,
        rival=None if outside or margin > limit else rival,
        margin_mm=margin,
        combined_mm=combined,
        registration_mm=None if np.isnan(registration_mm) else registration_mm,
        localisation_mm=bound,
        certain=certain,
        words=words,
    )


def _rival(
    point: FloatArray, nearest: Structure, around: Sequence[Structure]
) -> tuple[Structure, float]:
    """Return the structure whose half-way plane is nearest to the point, and how near, mm."""
    best: tuple[float, Structure] | None = None
    for other in around:
        if other is nearest or other.name == nearest.name:
            continue
        across = other.center_lps - nearest.center_lps
        length = float(np.linalg.norm(across))
        middle = (other.center_lps + nearest.center_lps) / 2
        margin = float((middle - point) @ across) / length if length > 0 else 0.0
        if best is None or margin < best[0]:
            best = margin, other
    if best is None:  # structures() always returns what lies beyond the joints as well
        raise GeometryError("A hot spot cannot be assigned among fewer than two structures.")
    return best[1], best[0]


def _localisation_mm(
    structure: Structure,
    places: Sequence[JointPlace],
    centers: dict[Joint, FloatArray],
) -> float | None:
    """Return how far off a structure may be: its own, or the worst of the joints around it."""
    known = {place.joint: place.localisation_mm for place in places if place.joint in centers}
    if structure.joint is not None:
        return known[structure.joint]
    order = sorted(known, key=lambda j: float(np.linalg.norm(centers[j] - structure.center_lps)))
    values = [known[joint] for joint in order[:_JOINTS_AROUND]]
    if any(value is None for value in values):
        return None
    return max(value for value in values if value is not None)


def _words(
    nearest: Structure,
    rival: Structure,
    distance: float,
    margin: float,
    limit: float,
    within: bool,
) -> str:
    place = f"{distance:.1f} mm from {nearest.name}"
    if not np.isfinite(limit):
        return f"{place}, but the registration is not to be trusted, so the place is open"
    if within:
        return (
            f"{place}; {rival.name} would be next, {margin:.1f} mm beyond half-way, more than the "
            f"uncertainty of {limit:.1f} mm"
        )
    if margin > limit:
        return f"{place}, further than it reaches, though nothing else is as near"
    return (
        f"{between_words(nearest, rival)}: {place}, and half-way to {rival.name} is only "
        f"{margin:.1f} mm away, within the uncertainty of {limit:.1f} mm"
    )


def between_words(one: Structure, other: Structure) -> str:
    """Say what a spot lies between: two levels, the two sides, or two structures."""
    if one.kind is StructureKind.JOINT and other.kind is StructureKind.JOINT:
        if one.level == other.level:
            return f"near the midline at {one.level}, so that its side is open"
        if one.side is other.side:
            upper, lower = sorted((one, other), key=lambda s: LEVELS.index(s.level or LEVELS[0]))
            side = Side(one.side).value.capitalize() if one.side else ""
            return f"between two levels, {side} {upper.level} and {lower.level}"
    return f"between {one.name} and {other.name}"
