"""Moving the functional volume by hand: a shift and a rotation about a point of the CT."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fusion.findings import Finding
from fusion.findings.alignment import MANUAL_ADJUSTMENT, MANUAL_SHIFT
from fusion.geometry import RigidTransform
from fusion.registration.method import Method
from fusion.registration.result import Registration, Trust

#: Shift by hand above which every export warns, mm: about half the distance between neighbouring
#: facet joints of one side; more puts uptake on the wrong joint (docs/sources.md#level-error).
LARGE_MANUAL_SHIFT_MM = 5.0


def adjusted(
    registration: Registration,
    *,
    translation_mm: npt.ArrayLike = (0.0, 0.0, 0.0),
    rotation_deg: npt.ArrayLike = (0.0, 0.0, 0.0),
    pivot_lps: npt.ArrayLike,
) -> Registration:
    """Return a Registration that moves the functional volume further, by hand.

    Where the neck correction was in use, the transform that applied at the pivot continues
    everywhere.

    Parameters
    ----------
    registration : Registration
        What is in use.
    translation_mm : (3,) array_like of float, mm
        Along LPS, after the rotation.
    rotation_deg : (3,) array_like of float, degrees
        About x, then y, then z; see :meth:`fusion.geometry.RigidTransform.from_euler`.
    pivot_lps : (3,) array_like of float, mm
        The point of the CT that the rotation leaves in place.

    Returns
    -------
    Registration
        With the method ``MANUAL``; agreement is not measured, "no inconsistency found" no longer
        holds, and what the search said of the pictures stays, not what it said of the
        alignment that was in use.
        :func:`stated` adds how far it is from where the study began.
    """
    status = registration.search.status if registration.search else registration.status
    motion = RigidTransform.from_euler(
        rotation_deg=rotation_deg, translation_mm=translation_mm, center_lps=pivot_lps
    )
    return Registration(
        # Many small motions must not add up their rounding.
        RigidTransform.nearest((motion @ registration.transform_at(pivot_lps)).matrix),
        Method.MANUAL,
        # What was found consistent is the search's result, not what a hand made of it.
        status=None if status is Trust.NO_INCONSISTENCY else status,
        lasting_findings=registration.lasting_findings,
        origin_findings=registration.origin_findings,
        start=registration.start,
        search=registration.search,
    )


def stated(
    registration: Registration, *, reference: RigidTransform, points_lps: npt.ArrayLike
) -> Registration:
    """Return a manual Registration with the Finding that says how far it moved.

    Parameters
    ----------
    registration : Registration
        Made by :func:`adjusted`.
    reference : RigidTransform
        Where the shift is counted from: what the scanner, or a stored object, says.
    points_lps : (n, 3) array_like of float, mm
        Points of the CT where it is measured: the centre of its field and the crosshair.
    """
    shift_mm, angle_deg = displacement(registration.transform, reference, points_lps)
    return replace(
        registration,
        manual_shift_mm=shift_mm,
        choice_findings=(_finding(shift_mm, angle_deg),),
    )


def displacement(
    transform: RigidTransform, reference: RigidTransform, points_lps: npt.ArrayLike
) -> tuple[float, float]:
    """Return how far two transforms put the functional volume apart.

    Parameters
    ----------
    transform, reference : RigidTransform
        Functional frame to CT frame.
    points_lps : (n, 3) array_like of float, mm
        Where, in the CT's frame.

    Returns
    -------
    shift_mm : float
        The largest at the points, mm.
    angle_deg : float
        Between the two, degrees.
    """
    between = transform @ reference.inverse()
    points = np.asarray(points_lps, dtype=np.float64).reshape(-1, 3)
    return max(between.shift_mm_at(point) for point in points), between.angle_deg


def _finding(shift_mm: float, angle_deg: float) -> Finding:
    if shift_mm > LARGE_MANUAL_SHIFT_MM:
        return MANUAL_SHIFT(shift_mm=shift_mm, angle_deg=angle_deg, limit_mm=LARGE_MANUAL_SHIFT_MM)
    return MANUAL_ADJUSTMENT(shift_mm=shift_mm, angle_deg=angle_deg)
