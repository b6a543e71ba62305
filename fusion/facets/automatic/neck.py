"""What the CT alone says about a neck: worked out once, numbered as often as the reader likes.

Finding the canal, pulling the neck straight and comparing it with the template take most of the
time and depend on nothing that a reader says. A click on a vertebra or a recorded anomaly changes
only what follows, see :func:`fusion.facets.automatic.locate.locate_in`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL, VERTEBRAE
from fusion.errors import FusionError
from fusion.facets.automatic.canal import find_canal
from fusion.facets.automatic.claims import Claim, chest, claims, dens_foot_mm
from fusion.facets.automatic.column import IN_C2_MM, Rhythm, rhythm
from fusion.facets.automatic.likeness import Likeness, likeness
from fusion.facets.automatic.naming.numbering import number
from fusion.facets.automatic.picture.seams import seams
from fusion.facets.automatic.picture.values import CtValues, values_of
from fusion.facets.automatic.straight import Frame, straighten
from fusion.facets.automatic.template import Template, template
from fusion.facets.localisation import point_of
from fusion.facets.states import WitnessKind
from fusion.findings.volumes import HOUNSFIELD_OFF
from fusion.geometry import FloatArray, Volume
from fusion.memory import give_back
from fusion.progress import Progress, ProgressCallback

#: Furthest part of a vertebra from the middle of the canal, mm: the tip of the spinous process of
#: C7 or T1 lies some 50 mm behind it.
VERTEBRA_MM = 60.0
#: Furthest that the joints of C1 and C2 lie from the lower end of the dens in its ring, mm: 4 at
#: most in four real CTs, and the next joints lie 14 mm and more off.
_DENS_MM = 8.0
#: Length of a neck from the body of C2 down, mm: 125 in the longest of the real CTs at hand.
_NECK_MM = 170.0


@dataclass(frozen=True, slots=True, eq=False)
class Neck:
    """A neck before its levels have names.

    Parameters
    ----------
    ct : Volume
        HU.
    frame : Frame
        The straight neck.
    parts : Template
        What levels and joints look like.
    scores : Likeness
        How much each height looks like each level.
    claims : tuple of Claim
        What the picture says about the numbering.
    chest : (n,) ndarray of bool
        Heights beside which there is lung.
    rhythm : Rhythm
        Vertebrae one by one, without names.
    values : CtValues
        Noise and shift of the CT's values; the shift is taken off already.
    """

    ct: Volume
    frame: Frame
    parts: Template
    scores: Likeness
    claims: tuple[Claim, ...]
    chest: npt.NDArray[np.bool_]
    rhythm: Rhythm
    values: CtValues

    @property
    def slice_mm(self) -> float:
        """Largest distance between neighbouring voxels of the CT, mm."""
        return float(self.ct.grid.spacing_mm.max())


def not_in_hounsfield(ct: Volume) -> bool:
    """Whether reading the CT found that its values stand away from Hounsfield units."""
    return any(finding.kind is HOUNSFIELD_OFF for finding in ct.findings)


def find_neck(ct: Volume, *, progress: ProgressCallback | None = None) -> Neck | None:
    """Do all that depends on the CT alone.

    Parameters
    ----------
    ct : Volume
        HU, any orientation, slice thickness and field.
    progress : Progress, optional
        Told what is being done.

    Returns
    -------
    Neck or None
        None when there is no spinal canal on this CT, or air and soft tissue show that its values
        are not Hounsfield units.

    Raises
    ------
    FusionError
        The CT is not in HU.
    """
    if ct.unit != "HU":
        raise FusionError(
            f"The values of this CT are {ct.unit}, not HU, so bone cannot be told. Joints are "
            "found on a CT in HU only."
        )
    report = Progress(progress)
    report(0.0, "Looking for the spinal canal")
    if not_in_hounsfield(ct):
        return None
    with ThreadPoolExecutor(1) as beside:  # what does not need each other is done side by side
        told = beside.submit(values_of, ct)
        canal = find_canal(ct)
        state = told.result()
        if state.shift_hu:
            ct = replace(ct, intercept=ct.intercept - state.shift_hu)
            canal = find_canal(ct)
        give_back()
        if canal is None:
            return None
        report(0.5, "Pulling the neck straight")
        frame = straighten(ct, canal)
        # In a head CT little of the canal is seen below the skull; a dens says that it is one.
        dens_mm = dens_foot_mm(ct, frame) if canal.is_short else None
        if canal.is_short and dens_mm is None:
            return None
        parts = template()
        report(0.75, "Comparing levels")
        compared = beside.submit(likeness, ct, frame, parts)
        turns = rhythm(ct, frame)
        seen = claims(ct, frame, turns)
        lungs = chest(ct, frame)
        low, high = _where_levels_lie(seen, lungs)
        turns = replace(turns, seams_mm=seams(ct, frame, low_mm=low, high_mm=high))
        scores = compared.result()
    neck = Neck(ct, frame, parts, scores, seen, lungs, turns, state)
    give_back()
    return neck if dens_mm is None or _on_dens(neck, dens_mm) else None


def _on_dens(neck: Neck, dens_mm: float) -> bool:
    """Tell whether the levels of a short field put the joints of C1 and C2 beside its dens."""
    levels = number(neck.scores, neck.parts, neck.claims, {}, chest=neck.chest, rhythm=neck.rhythm)
    joints_mm = None if levels is None else levels.chain.heights_mm.get(CERVICAL.dens_level)
    return joints_mm is not None and abs(joints_mm - dens_mm) <= _DENS_MM


def _where_levels_lie(seen: Collection[Claim], lungs: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the heights between which levels from C2-C3 down may lie, mm."""
    dens = [claim.height_mm for claim in seen if claim.source is WitnessKind.DENS]
    chest_mm = np.flatnonzero(lungs)
    if dens:
        high = dens[0] + IN_C2_MM
    elif len(chest_mm):
        high = float(chest_mm[-1]) + _NECK_MM
    else:
        high = float(len(lungs))
    return high - _NECK_MM, high


def points_on(ct: Volume, clicks: Mapping[str, npt.ArrayLike]) -> dict[str, FloatArray]:
    """Return a reader's clicks as points, if they have names and lie on the CT.

    Parameters
    ----------
    ct : Volume
        That was clicked into.
    clicks : mapping of str to (3,) array_like of float, LPS mm
        Vertebra to a point in it.

    Raises
    ------
    FusionError
        A vertebra that has no name here, or a point outside the CT.
    """
    points = {}
    for name, value in clicks.items():
        if name not in VERTEBRAE[1:]:
            raise FusionError(
                f"A vertebra is one of {', '.join(VERTEBRAE[1:])}; found {name!r}. Name the "
                "vertebra that was clicked on, for example C2=1.5,-20,-130."
            )
        point = point_of(value, name)
        if not ct.grid.contains(point):
            raise FusionError(
                f"The point given for {name} lies outside the CT. Points are LPS mm in the frame "
                "of the CT."
            )
        points[name] = point
    return points


def checked_clicks(neck: Neck, clicks: Mapping[str, npt.ArrayLike]) -> dict[str, FloatArray]:
    """Return a reader's clicks as points, if each of them can be a click on a vertebra.

    Parameters
    ----------
    neck : Neck
        That was clicked into.
    clicks : mapping of str to (3,) array_like of float, LPS mm
        Vertebra to a point in it.

    Raises
    ------
    FusionError
        A vertebra that has no name here, a point outside the CT, or far from the spinal canal.
    """
    points = points_on(neck.ct, clicks)
    for name, point in points.items():
        away = float(np.linalg.norm(neck.frame.origins_lps - point, axis=1).min())
        if away > VERTEBRA_MM:
            raise FusionError(
                f"The point given for {name} lies {away:.0f} mm from the spinal canal; no vertebra "
                f"reaches further than {VERTEBRA_MM:.0f} mm. Click into the body of {name}."
            )
    return points
