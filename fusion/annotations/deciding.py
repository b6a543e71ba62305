"""Making a Target: the anatomy is asked first, and what is true now is written into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy.typing as npt

from fusion.anatomy import Joint
from fusion.annotations.placement import point_of
from fusion.annotations.snapshots import LocalisationSnapshot, Measured, RegistrationSnapshot
from fusion.annotations.spine import Spine, verify_side_and_level
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.errors import AnnotationError
from fusion.facets import Localisation
from fusion.registration import Registration, Trust
from fusion.software import own_version

#: What a reader may change without moving the Target.
_REVISABLE = frozenset(
    {"decision", "grade", "uptake", "clinically_concordant", "inside_operative_bed", "note"}
)


def decide(
    joint: Joint,
    decision: Decision,
    *,
    reader: str,
    origin: Origin,
    spine: Spine,
    study: StudyKey,
    registration: Registration,
    localisation: Localisation,
    point_lps: npt.ArrayLike | None = None,
    grade: int | None = None,
    uptake: Measured | None = None,
    clinically_concordant: Answer | None = None,
    inside_operative_bed: Answer | None = None,
    note: str = "",
    target_id: str | None = None,
) -> Target:
    """Make a Target now, if the anatomy agrees with the reader.

    Parameters
    ----------
    joint : Joint
        What the reader says.
    decision, reader, origin, grade, uptake, clinically_concordant, inside_operative_bed, note
        As for :class:`~fusion.annotations.target.Target`.
    spine : Spine
        The joints of this CT.
    study : StudyKey
        What is open.
    registration : Registration
        In use now.
    localisation : Localisation
        As it is now.
    point_lps : (3,) array_like of float, mm, optional
        In the CT's frame. Only a clicked joint needs none: its centre is taken.
    target_id : str, optional
        Of a Target that is moved; a new one otherwise.

    Raises
    ------
    AnnotationError
        Side or level do not agree, or something is missing or impossible.
    """
    if point_lps is None:
        if Origin(origin) is not Origin.JOINT_CLICKED or joint not in spine.centers_lps:
            raise AnnotationError(
                f"Not saved. There is no point for {joint.name}: it was not found or marked on "
                "this CT. Mark the joint, or place a point."
            )
        point_lps = spine.centers_lps[joint]
    clicked = Origin(origin) is Origin.JOINT_CLICKED
    aligned = RegistrationSnapshot.of(registration, point_lps)
    if not clicked and registration.status is Trust.DO_NOT_TRUST:
        raise AnnotationError(
            f"Not saved. The alignment is not to be trusted, so a point chosen by its uptake "
            f"cannot be given to {joint.name}. Correct the alignment, or click the joint on the CT."
        )
    placement = verify_side_and_level(
        joint,
        point_of(point_lps),
        spine=spine,
        decision=decision,
        registration_mm=None if clicked else aligned.uncertainty_mm,
    )
    identity: dict[str, Any] = {} if target_id is None else {"target_id": target_id}
    return Target(
        joint=joint,
        decision=decision,
        placement=placement,
        frame_of_reference_uid=study.ct.frame_of_reference_uid,
        reader=reader,
        time=datetime.now(UTC),
        origin=origin,
        registration=aligned,
        localisation=LocalisationSnapshot.of(localisation, joint),
        software_version=own_version(),
        grade=grade,
        uptake=uptake,
        clinically_concordant=clinically_concordant,
        inside_operative_bed=inside_operative_bed,
        note=note,
        **identity,
    )


def revise(target: Target, *, reader: str, **changes: Any) -> Target:
    """Return the same Target with another decision, grade, answer, measurement or note, as of now.

    Parameters
    ----------
    target : Target
        As it is.
    reader : str
        Who changes it.
    **changes
        Any of ``decision``, ``grade``, ``uptake``, ``clinically_concordant``,
        ``inside_operative_bed``, ``note``. To move a Target, :func:`decide` anew with its
        ``target_id``.

    Raises
    ------
    AnnotationError
        Anything else, or an impossible value.
    """
    other = sorted(set(changes) - _REVISABLE)
    if other:
        raise AnnotationError(
            f"{', '.join(other)} of a target cannot be revised; decide the joint anew."
        )
    return replace(
        target, reader=reader, time=datetime.now(UTC), software_version=own_version(), **changes
    )
