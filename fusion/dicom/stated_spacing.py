"""Distances between slices that a person states: which series each of them is for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fusion.dicom.series import Series, Study
from fusion.dicom.volumes.plausible import require_plausible_spacing
from fusion.errors import GeometryError
from fusion.findings import Finding
from fusion.findings.files import NOT_NEEDED
from fusion.findings.volumes import (
    SPACING_CHOSEN,
    SPACING_CONTRADICTED,
    SPACING_DISPUTED,
    SPACING_OF_FRAMES,
    USER_DIRECTION,
    USER_GEOMETRY,
    USER_SPACING_NOT_USED,
)

#: What tells that a volume took the distance of a person, or held it against its own.
_TAKEN = (
    USER_GEOMETRY,
    USER_DIRECTION,
    SPACING_CHOSEN,
    SPACING_CONTRADICTED,
    SPACING_DISPUTED,
    SPACING_OF_FRAMES,
)
#: Of a distance that names no series.
_UNNAMED = ""


def checked_spacings(spacing_mm: Mapping[str, float] | float | None) -> dict[str, float]:
    """Return distances by number of a volume or series; the empty number stands for none named.

    Parameters
    ----------
    spacing_mm : float or mapping of str to float, optional, mm
        As a person stated them.

    Raises
    ------
    GeometryError
        A distance that no slices have.
    """
    if spacing_mm is None:
        return {}
    spacings = dict(spacing_mm) if isinstance(spacing_mm, Mapping) else {_UNNAMED: spacing_mm}
    for value in spacings.values():
        if not math.isfinite(value) or value == 0:
            raise GeometryError(f"A spacing between slices of {value} mm is not possible.")
        require_plausible_spacing(value, name="A spacing between slices")
    return spacings


def about_spacings(studies: Sequence[Study], spacings: Mapping[str, float]) -> list[Finding]:
    """Say which of the distances nothing needed; refuse one that is for several series.

    Parameters
    ----------
    studies : sequence of Study
        Planned with the distances.
    spacings : mapping of str to float, mm
        From :func:`checked_spacings`.

    Raises
    ------
    GeometryError
        A number that no volume has, two distances for one volume, or a distance that names no
        series while several took it.
    """
    every = [series for study in studies for series in study.series if series.volumes]
    names = {name for series in every for name in _names(series)}
    if unknown := sorted(set(spacings) - names - {_UNNAMED}):
        known = [plan.volume_id for series in every for plan in series.volumes]
        raise GeometryError(
            f"A spacing was given for volume {', '.join(unknown)}, which does not exist. "
            f"Volumes: {', '.join(known) or 'none'}."
        )
    for series in every:
        _require_one(series, spacings)
    findings = []
    for name, spacing_mm in spacings.items():
        meant = [
            series
            for series in every
            if (name in _names(series) if name else _names(series).isdisjoint(spacings))
        ]
        took = [one for one in meant if _has(one, _TAKEN)]
        if not name and len(took) > 1:
            raise GeometryError(_for_which(took, spacing_mm))
        if not took and not any(_has(one, (USER_SPACING_NOT_USED,)) for one in meant):
            what = f"A distance between slices of {spacing_mm:g} mm"
            findings.append(NOT_NEEDED(what=what, why="no series that it is for lacks one"))
    return findings


def _require_one(series: Series, spacings: Mapping[str, float]) -> None:
    """Refuse two distances for one volume, which has several names."""
    for plan in series.volumes:
        names = (plan.volume_id, _number(series), series.series_instance_uid)
        stated = dict.fromkeys(spacings[name] for name in names if name in spacings)
        if len(stated) > 1:
            raise GeometryError(two_distances(plan.volume_id, list(stated)))


def two_distances(volume: str, stated_mm: Sequence[float]) -> str:
    """Return what is said where several distances were given for one volume.

    Parameters
    ----------
    volume : str
        Its number, or that of its series.
    stated_mm : sequence of float, mm
        The distances.
    """
    listed = " and ".join(f"{mm:g}" for mm in stated_mm)
    return (
        f"Several distances between slices were given for volume {volume}: {listed} mm. Give one; "
        "its sign says which end is up."
    )


def _number(series: Series) -> str:
    return series.volumes[0].volume_id.partition(".")[0]


def _names(series: Series) -> set[str]:
    """Return all that a series, or a volume of it, can be called by."""
    volumes = {plan.volume_id for plan in series.volumes}
    return {_number(series), series.series_instance_uid, *volumes}


def _has(series: Series, kinds: tuple[object, ...]) -> bool:
    return any(f.kind in kinds for plan in series.volumes for f in plan.findings)


def _for_which(took: Sequence[Series], spacing_mm: float) -> str:
    listed = "; ".join(
        f"{_number(series)} ({series.volumes[0].description})" for series in took[:10]
    )
    first = _number(took[0])
    return (
        f"One distance between slices was given ({spacing_mm:g} mm), and {len(took)} series would "
        f"take it: {listed}. Say which it is for, by the number of the series: --spacing "
        f"{first}={spacing_mm:g}. Repeat it where several need one."
    )
