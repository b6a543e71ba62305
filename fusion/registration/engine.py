"""Registration of a functional volume to a CT: search, evidence, verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError, RegistrationFailed
from fusion.findings import Finding, Progress, info, warning
from fusion.geometry import RigidTransform, Volume
from fusion.registration.alignment import sample
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.neck import find_neck
from fusion.registration.pictures import Level, anatomy
from fusion.registration.result import (
    TRUSTED_UNCERTAINTY_MM,
    Method,
    Quality,
    Registration,
    Status,
)
from fusion.registration.search import Search
from fusion.registration.trust import MAX_UNEXPLAINED_MM, neck_moved, objection

#: A correction that moves no joint by more than this is no correction, mm: one SPECT voxel is
#: four times as large.
SMALLEST_CORRECTION_MM = 0.5


def shared_frame(ct: Volume, spect: Volume) -> Registration:
    """Return the identity, which a shared Frame of Reference promises.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.

    Raises
    ------
    GeometryError
        The frames differ or are not stated.
    """
    if not _shared(ct, spect):
        raise GeometryError(
            "The CT and the functional volume state different Frames of Reference (or none), so "
            "their positions are not comparable. Register them with --register, or, where you know "
            'that one scanner made both in one session, say so: --same-frame "YOUR NAME".'
        )
    return Registration(
        RigidTransform.identity(), Method.SHARED_FRAME, start=RigidTransform.identity()
    )


def register(ct: Volume, spect: Volume, *, progress: Progress | None = None) -> Registration:
    """Search for the rigid transform that makes the two volumes agree, and judge it.

    The search starts from the shared Frame of Reference, or from many shifts about the centres of
    both fields when the frames differ. Nothing in it is random and every sum runs in one thread in
    one order: the same input gives the same bits on the same machine.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    Registration
        The proposal in use when the images support it, otherwise the shared frame; both are kept.

    Raises
    ------
    RegistrationFailed
        The result contradicts itself and there is no shared frame to fall back on.
    """
    report = progress or (lambda fraction, step: None)
    report(0.0, "Preparing the CT for registration")
    source = anatomy(ct, lambda part: report(0.15 * part, "Preparing the CT for registration"))
    neck = find_neck(source)
    report(0.15, "Preparing the CT for registration")
    search = Search(source, spect, neck)
    shared = _shared(ct, spect)
    start = RigidTransform(search.starts(shared=shared)[0]) if shared else None
    try:
        proposal, found = search.global_fit(
            shared=shared, report=lambda part: report(0.2 + 0.35 * part, "Registering")
        )
    except RegistrationFailed as exc:
        if not shared:
            raise
        return _kept(shared_frame(ct, spect), str(exc))
    evidence = search.evidence(
        proposal,
        found,
        lambda part: report(0.55 + 0.43 * part, "Asking for other opinions"),
    )
    after = _quality(search.fair, proposal)
    before = after if start is None else _quality(search.fair, start)
    result = Registration(
        proposal,
        Method.CORRELATION,
        before,
        after,
        start=start,
        proposal=proposal,
        evidence=evidence,
        neck=evidence.pieces,
    )
    report(1.0, "Registering")
    return _judged(result, evidence)


def _judged(result: Registration, evidence: RegistrationEvidence) -> Registration:
    start, proposal = result.start, evidence.proposal
    correction = proposal if start is None else proposal @ start.inverse()
    points = evidence.neck.reference_points_lps
    moved_by = float(max(correction.shift_mm_at(point) for point in points))
    against = objection(evidence, None if start is None else correction)
    if against is not None:
        return _refused(result, against)
    moved = neck_moved(evidence)
    status = Status.NECK_MOTION if moved else Status.NO_INCONSISTENCY
    result = replace(result, status=status)
    notes: list[Finding] = []
    if moved:
        notes.append(
            warning(
                "possible-neck-motion",
                f"Possible neck motion between the two scans: {moved} One rigid transform cannot "
                "fit all levels; compare the levels one by one, or use the neck correction.",
            )
        )
    uncertainty = float(np.max(result.uncertainty_mm_at(points)))
    if moved and result.neck is not None:
        left = float(np.max(evidence.uncertainty_mm(points, neck=result.neck)))
        if left > MAX_UNEXPLAINED_MM:
            return _refused(
                result,
                f"not even a neck that bent between the scans explains it: {left:.1f} mm remain "
                f"uncertain (expected at most {MAX_UNEXPLAINED_MM:.1f} mm), because "
                f"{_largest_doubt(evidence)}.",
            )
    elif uncertainty > TRUSTED_UNCERTAINTY_MM:
        return _refused(
            result,
            f"its uncertainty in the neck is {uncertainty:.1f} mm (limit "
            f"{TRUSTED_UNCERTAINTY_MM:.0f} mm), because {_largest_doubt(evidence)}.",
        )
    center = evidence.neck.center_lps
    before, after = result.before, result.after
    worse = before is not None and after is not None and after.correlation < before.correlation
    if start is not None and (worse or moved_by <= SMALLEST_CORRECTION_MM):
        reason = (
            f"Keep the shared frame: the images ask for {moved_by:.1f} mm at most, which is no "
            "more than they can tell."
            if not worse
            else f"Keep the shared frame: the pictures agree no better when moved by "
            f"{moved_by:.1f} mm."
        )
        notes.append(
            info("registration-not-needed", reason + ("" if moved else " No inconsistency found."))
        )
        result = replace(result.with_start(), after=result.before, status=status)
        return replace(result, recommendation=reason, findings=tuple(notes))
    reason = (
        f"Use the proposal: it moves the neck by {correction.shift_mm_at(center):.1f} mm and "
        f"{correction.angle_deg:.1f}°, and the pictures agree better with it."
        if start is not None
        else "Use the proposal: the two frames have nothing else in common."
    )
    ending = "" if moved else " No inconsistency found; check the alignment by eye."
    notes.append(
        info(
            "registered",
            "Rigid registration moved the functional volume by "
            f"{correction.shift_mm_at(center):.1f} mm and {correction.angle_deg:.1f}° in the "
            f"middle of the neck, uncertainty {uncertainty:.1f} mm.{ending}",
        )
    )
    return replace(result, recommendation=reason, findings=tuple(notes))


def _refused(result: Registration, reason: str) -> Registration:
    """Return the shared frame in use, the doubted proposal beside it."""
    doubted = replace(result, status=Status.DO_NOT_TRUST)
    if result.start is None:
        raise RegistrationFailed(
            f"The functional volume could not be registered to the CT: {reason} They do not share "
            "a Frame of Reference, so they are not shown together."
        )
    return _kept(replace(doubted.with_start(), after=result.before), reason)


def _kept(identity: Registration, reason: str) -> Registration:
    """Return the shared frame with a Finding that says why nothing better is in use."""
    note = warning(
        "registration-rejected",
        f"The registration was not applied: {reason} The shared Frame of Reference of the scanner "
        "is used instead, and nothing confirms it.",
    )
    return replace(
        identity,
        status=Status.DO_NOT_TRUST,
        recommendation=f"Keep the shared frame, do not trust either: {reason}",
        findings=(note,),
    )


def _largest_doubt(evidence: RegistrationEvidence) -> str:
    words = {
        "blocks": "different parts of the body pull in different directions",
        "second opinion": "a search that knows nothing of bone ends elsewhere",
        "reverse": "registering the CT to the functional volume ends elsewhere",
        "neck box": "the neck alone asks for another position",
        "pieces": "upper and lower neck ask for different positions",
        "level": "single levels of the neck ask for other positions",
    }
    name = max(words, key=evidence.at_neck_mm)
    return f"{words[name]} ({evidence.at_neck_mm(name):.1f} mm)"


def _shared(ct: Volume, spect: Volume) -> bool:
    frame = ct.grid.frame_of_reference_uid
    return frame is not None and frame == spect.grid.frame_of_reference_uid


def _quality(level: Level, transform: RigidTransform) -> Quality:
    maps = transform.inverse().matrix[None]
    template = level.template(maps)
    looked_up = sample(template, level.moving, maps)
    inside = np.isfinite(looked_up)
    a, b = template.value[inside], looked_up[inside]
    if len(a) < 100 or min(a.std(), b.std()) == 0:
        return Quality(0.0, 0.0)
    return Quality(float(np.corrcoef(a, b)[0, 1]), _mutual_information(a, b))


def _mutual_information(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    joint, _, _ = np.histogram2d(a, b, bins=50)
    p = joint / joint.sum()
    outer = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    filled = p > 0
    return float((p[filled] * np.log(p[filled] / outer[filled])).sum())
