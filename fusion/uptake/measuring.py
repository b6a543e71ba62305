"""Uptake at each joint, on the functional volume's own voxels.

The volume of interest of a joint is every native voxel whose centre lies within
:attr:`UptakeSettings.radius_mm` of the joint and nearer to it than to any other joint, C0-C1,
C1-C2 and the other side included. Nothing is interpolated: a maximum is a voxel of the file.
Resolution spreads a joint over its neighbours, so what the neighbours add is estimated
(:mod:`fusion.uptake.activity`) and given beside the values, never taken off silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.anatomy import Joint, Side
from fusion.geometry import FloatArray, Volume
from fusion.json_form import rounded
from fusion.registration import Registration
from fusion.uptake.activity import Activity, Resolution, fit_activity
from fusion.uptake.measures import (
    MAXIMUM,
    OF_VOLUME,
    Voxels,
    every_measure,
    measured,
)
from fusion.uptake.native import JointPlace, NativeNeck, native_neck
from fusion.uptake.reference import Reference, measure_reference
from fusion.uptake.resolution import valley_to_peak
from fusion.uptake.settings import ReferenceChoice, ReferenceKind, UptakeSettings

#: Edge of the raster that tells how much of a volume of interest lies in the field, mm.
_RASTER_MM = 1.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Uptake:
    """What was measured at one joint.

    Parameters
    ----------
    joint : Joint
        Where.
    unit : str
        Of the functional volume.
    values : mapping of str to float
        What was measured, by the names of :mod:`fusion.uptake.measures`; empty when the joint is
        outside the functional volume's field.
    maximum_lps : (3,) ndarray of float64, mm, or None
        Centre of the hottest voxel, in the CT's frame.
    voxels, peak_voxels : int
        Number of voxels in the volume of interest and in the peak.
    in_field : float
        Share of the volume of interest inside the functional volume's field, 0 to 1.
    reference : Reference
        What the ratio refers to.
    spill_in : float or None
        Estimated part of the maximum that comes from other joints and hot spots.
    spill_from : Joint or None
        The joint that adds most of it.
    merged_with : tuple of Joint
        Those that the resolution cannot tell from this one.
    resolution : Resolution
        With which that was decided.
    registration_mm : float or None
        How far off the Registration may be here, mm (95 of 100 are less); ``inf`` when it is not
        to be trusted, None when not known.
    localisation_mm : float or None
        How far off the joint's centre may be, mm (nine in ten are nearer); None when not known.
    """

    joint: Joint
    unit: str
    values: Mapping[str, float]
    maximum_lps: FloatArray | None
    voxels: int
    peak_voxels: int
    in_field: float
    reference: Reference
    spill_in: float | None
    spill_from: Joint | None
    merged_with: tuple[Joint, ...]
    resolution: Resolution
    registration_mm: float | None
    localisation_mm: float | None

    @property
    def maximum(self) -> float | None:
        """Hottest voxel, in :attr:`unit`; None when the joint was not measured."""
        return self.values.get(MAXIMUM.name)

    @property
    def spill_share(self) -> float | None:
        """Estimated share of the maximum that came from elsewhere, 0 to 1."""
        if self.maximum is None or self.spill_in is None or self.maximum <= 0:
            return None
        return min(self.spill_in / self.maximum, 1.0)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: numbers rounded to four places, null where unknown."""
        own: dict[str, float | None] = {}
        others: dict[str, float | None] = {}
        suv: dict[str, float] = {}
        for measure in every_measure():
            value = rounded(self.values.get(measure.name), 4)
            if not measure.suv_of:
                (own if measure.unit is OF_VOLUME else others)[measure.name] = value
            elif value is not None:
                suv[measure.suv_of] = value
        return {
            "unit": self.unit,
            **own,
            "maximum_lps": None
            if self.maximum_lps is None
            else np.round(self.maximum_lps, 2).tolist(),
            "voxels": self.voxels,
            "peak_voxels": self.peak_voxels,
            "in_field": round(self.in_field, 3),
            "suvbw": suv or None,
            "reference": self.reference.to_json(),
            **others,
            "spill_in": rounded(self.spill_in, 4),
            "spill_share": rounded(self.spill_share, 4),
            "spill_from": self.spill_from.name if self.spill_from else None,
            "separable": not self.merged_with,
            "merged_with": [joint.name for joint in self.merged_with],
            "resolution_mm": round(self.resolution.mm, 2),
            "resolution_source": self.resolution.source,
            "registration_mm": rounded(self.registration_mm, 4),
            "localisation_mm": rounded(self.localisation_mm, 4),
        }


def measure(
    places: Sequence[JointPlace],
    spect: Volume,
    registration: Registration,
    *,
    ct: Volume | None = None,
    reference: ReferenceChoice | None = None,
    settings: UptakeSettings | None = None,
) -> tuple[Uptake, ...]:
    """Measure the uptake at every joint that has a centre.

    Parameters
    ----------
    places : sequence of JointPlace
        Joints on the CT, for example ``Localisation.facets``; those without a centre are left out
        and take no part in the clipping.
    spect : Volume
        The functional volume, on its own grid.
    registration : Registration
        Functional volume to CT; applied as it is at each joint.
    ct : Volume, optional
        HU, for bone as reference and for what ordinary bone adds.
    reference : ReferenceChoice, optional
        Non-active cervical bone by default.
    settings : UptakeSettings, optional
        How to measure.

    Returns
    -------
    tuple of Uptake
        In the order given.

    Raises
    ------
    GeometryError
        No joint has a centre, left and right are exchanged, or the functional volume does not
        reach the neck.
    """
    settings = settings or UptakeSettings()
    neck = native_neck(places, spect, registration, ct=ct)
    activity = fit_activity(neck, resolution_mm=settings.resolution_mm)
    return measure_in(neck, activity, places, registration, reference=reference, settings=settings)


def measure_in(
    neck: NativeNeck,
    activity: Activity,
    places: Sequence[JointPlace],
    registration: Registration,
    *,
    reference: ReferenceChoice | None = None,
    settings: UptakeSettings | None = None,
) -> tuple[Uptake, ...]:
    """Measure in a neck that was already taken out and modelled; see :func:`measure`."""
    settings = settings or UptakeSettings()
    choice = reference or ReferenceChoice()
    compared_with = measure_reference(neck, choice)
    regions = [_region(neck, row, settings) for row in range(len(neck.joints))]
    maxima = {
        joint: float(region.inside.max())
        for joint, region in zip(neck.joints, regions, strict=True)
        if len(region.inside)
    }
    uncertainty = registration.uncertainty_mm_at(neck.centers_ct_lps)
    localisation = {place.joint: place.localisation_mm for place in places}
    result = []
    for row, (joint, region) in enumerate(zip(neck.joints, regions, strict=True)):
        spill, largest, maximum_lps = None, None, None
        if region.hottest_lps is not None:
            spill, largest = activity.spill(neck, row, region.hottest_lps)
            maximum_lps = neck.to_ct(region.hottest_lps[None])[0]
        opposite = maxima.get(Joint(joint.level, _other(joint.side)))
        voxels = Voxels(
            inside=region.inside,
            at_peak=region.at_peak,
            reference=opposite if choice.kind is ReferenceKind.OTHER_SIDE else compared_with.value,
            other_side=opposite,
            suvbw_per_unit=neck.suvbw_per_unit,
        )
        result.append(
            Uptake(
                joint=joint,
                unit=neck.unit,
                values=measured(voxels) if len(region.inside) else {},
                maximum_lps=maximum_lps,
                voxels=len(region.inside),
                peak_voxels=len(region.at_peak),
                in_field=region.in_field,
                reference=compared_with,
                spill_in=spill,
                spill_from=None if largest is None else neck.joints[largest],
                merged_with=_merged(neck, row, activity.resolution.mm, settings.merged_valley),
                resolution=activity.resolution,
                registration_mm=None if np.isnan(uncertainty[row]) else float(uncertainty[row]),
                localisation_mm=localisation[joint],
            )
        )
    return tuple(result)


def _other(side: Side) -> Side:
    return Side.RIGHT if side is Side.LEFT else Side.LEFT


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    """Native voxels of one joint; none where too little of it is in the field."""

    inside: FloatArray
    at_peak: FloatArray
    hottest_lps: FloatArray | None
    in_field: float


def _region(neck: NativeNeck, row: int, settings: UptakeSettings) -> _Region:
    center = neck.centers_lps[row]
    in_field = _share_in_field(neck, row, settings.radius_mm)
    reach = settings.radius_mm + settings.peak_radius_mm
    # Few voxels are near to any joint, and places of all of them take much room.
    near = (neck.distance_mm <= reach + 1.0) & neck.seen
    points, values = neck.points_lps[near], neck.values[near]
    mine = np.square(points - center).sum(axis=-1) <= reach**2
    points, values = points[mine], values[mine]
    own = _nearest_is(neck.centers_lps, points, row)
    points, values = points[own], values[own]
    inside = np.square(points - center).sum(axis=-1) <= settings.radius_mm**2
    if in_field < settings.least_in_field or not inside.any():
        return _Region(np.zeros(0), np.zeros(0), None, in_field)
    hottest = int(np.where(inside, values, -np.inf).argmax())
    at_peak = np.square(points - points[hottest]).sum(axis=-1) <= settings.peak_radius_mm**2
    return _Region(values[inside], values[at_peak], points[hottest], in_field)


def _nearest_is(centers: FloatArray, points: FloatArray, row: int) -> npt.NDArray[np.bool_]:
    """Tell which points are nearer to one centre than to any other."""
    # One centre after the other: all at once would take many times what the points do.
    squared = np.stack([np.square(points - center).sum(axis=-1) for center in centers], axis=-1)
    result: npt.NDArray[np.bool_] = squared.argmin(axis=1) == row
    return result


def _share_in_field(neck: NativeNeck, row: int, radius_mm: float) -> float:
    """Return the share of the clipped sphere that lies in voxels that the detector saw."""
    steps = np.arange(-radius_mm, radius_mm + _RASTER_MM / 2, _RASTER_MM)
    offsets = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    offsets = offsets[np.square(offsets).sum(axis=-1) <= radius_mm**2]
    points = neck.centers_lps[row] + offsets
    points = points[_nearest_is(neck.centers_lps, points, row)]
    return float(neck.is_seen(points).mean()) if len(points) else 0.0


def _merged(
    neck: NativeNeck, row: int, resolution_mm: float, merged_valley: float
) -> tuple[Joint, ...]:
    away = np.linalg.norm(neck.centers_lps - neck.centers_lps[row], axis=1)
    return tuple(
        joint
        for n, joint in enumerate(neck.joints)
        if n != row and valley_to_peak(float(away[n]), resolution_mm) > merged_valley
    )


def uptake_json(uptakes: Sequence[Uptake]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the JSON form of every uptake by level and side of its joint."""
    return {(u.joint.level, u.joint.side.value): u.to_json() for u in uptakes}
