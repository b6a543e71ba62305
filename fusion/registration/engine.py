"""Registration of a functional volume to a CT: search, evidence, verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import GeometryError, RegistrationFailed
from fusion.findings import Finding
from fusion.findings.alignment import (
    POSSIBLE_NECK_MOTION,
    REGISTERED,
    REGISTRATION_NO_BETTER,
    REGISTRATION_NOT_NEEDED,
    REGISTRATION_REJECTED,
    STORED_REGISTRATION_CHECKED,
    STORED_REGISTRATION_DOUBTED,
)
from fusion.geometry import RigidTransform, Volume
from fusion.progress import Progress, ProgressCallback
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.expectation import Level, anatomy
from fusion.registration.fitting import sample
from fusion.registration.neck_field import find_neck
from fusion.registration.result import (
    TRUSTED_UNCERTAINTY_MM,
    Method,
    Quality,
    Registration,
    Status,
    Verdict,
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


def register(
    ct: Volume, spect: Volume, *, progress: ProgressCallback | None = None
) -> Registration:
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
    search = _search(ct, spect, progress)
    shared = _shared(ct, spect)
    start = RigidTransform.identity() if shared else None
    try:
        evidence = search.run(search.starts(shared=shared))
    except RegistrationFailed as exc:
        if not shared:
            raise
        return _kept(shared_frame(ct, spect), str(exc))
    result = _result(search, evidence, start)
    return _judged(result, evidence)


def checked(
    ct: Volume,
    spect: Volume,
    registration: Registration,
    *,
    progress: ProgressCallback | None = None,
) -> Registration:
    """Measure how well the images support a transform that came with the study.

    The same search as :func:`register`, from that transform. What it finds is offered and never
    put into use.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.
    registration : Registration
        In use, from a stored object.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    Registration
        The same transform and method, with status, agreement, evidence and a Finding about them.
        Uncertainty includes the distance to where the images would have it.
    """
    search = _search(ct, spect, progress)
    start = RigidTransform.identity() if _shared(ct, spect) else None
    try:
        evidence = search.run(registration.transform.matrix[None])
    except RegistrationFailed as exc:
        return _doubted(replace(registration, start=start), str(exc))
    found = _result(search, evidence, start)
    measured = replace(
        found,
        transform=registration.transform,
        method=registration.method,
        after=_quality(search.fair, registration.transform),
        findings=registration.findings,
    )
    correction = None if start is None else evidence.proposal
    against = objection(evidence, correction) or _uncertain(evidence)
    moved = neck_moved(evidence)
    status = Status.NECK_MOTION if moved else Status.NO_INCONSISTENCY
    if against is not None:
        verdict = replace(_searched(found), status=Status.DO_NOT_TRUST)
        return _doubted(replace(measured, searched=verdict), against)
    measured = replace(measured, searched=replace(_searched(found), status=status), status=status)
    away = measured.from_proposal_mm(registration.transform) or 0.0
    points = evidence.neck.reference_points_lps
    uncertainty = float(np.max(measured.uncertainty_mm_at(points)))
    if away > TRUSTED_UNCERTAINTY_MM or (not moved and uncertainty > TRUSTED_UNCERTAINTY_MM):
        return _doubted(
            measured,
            f"the images ask for a position {away:.1f} mm from it in the neck, so that it may be "
            f"off by {uncertainty:.1f} mm (limit {TRUSTED_UNCERTAINTY_MM:.0f} mm).",
        )
    notes = [] if moved is None else [_motion_note(moved)]
    ending = "" if moved else " No inconsistency found; check the alignment by eye."
    notes.append(
        STORED_REGISTRATION_CHECKED(away_mm=away, uncertainty_mm=uncertainty, ending=ending)
    )
    text = notes[-1].message.removesuffix(ending)
    return replace(
        measured,
        recommendation=f"Keep the stored registration: {text[0].lower()}{text[1:]}",
        findings=(*measured.findings, *notes),
    )


def _doubted(registration: Registration, reason: str) -> Registration:
    """Return a stored Registration, still in use, that the images do not support."""
    note = STORED_REGISTRATION_DOUBTED(reason=reason)
    return replace(
        registration,
        status=Status.DO_NOT_TRUST,
        recommendation=f"Do not trust the stored registration: {reason}",
        findings=(*registration.findings, note),
    )


def _search(ct: Volume, spect: Volume, progress: ProgressCallback | None) -> Search:
    report = Progress(progress)
    preparing = "Preparing the CT for registration"
    report(0.0, preparing)
    source = anatomy(ct, lambda part: report(0.3 * part, preparing))
    neck = find_neck(source)
    report(0.3, preparing)
    return Search(source, spect, neck, report.part(0.3, 1.0))


def _result(
    search: Search, evidence: RegistrationEvidence, start: RigidTransform | None
) -> Registration:
    """Return the proposal in use, not judged yet."""
    after = _quality(search.fair, evidence.proposal)
    return Registration(
        evidence.proposal,
        Method.CORRELATION,
        after if start is None else _quality(search.fair, start),
        after,
        start=start,
        proposal=evidence.proposal,
        evidence=evidence,
        neck=evidence.pieces,
        searched=Verdict(Status.NO_INCONSISTENCY, after),
    )


def _searched(result: Registration) -> Verdict:
    assert result.searched is not None
    return result.searched


def _uncertain(evidence: RegistrationEvidence) -> str | None:
    """Return why the evidence leaves too much open, or None."""
    points = evidence.neck.reference_points_lps
    if neck_moved(evidence) and evidence.pieces is not None:
        left = float(np.max(evidence.uncertainty_mm(points, neck=evidence.pieces)))
        if left <= MAX_UNEXPLAINED_MM:
            return None
        return (
            f"not even a neck that bent between the scans explains it: {left:.1f} mm remain "
            f"uncertain (expected at most {MAX_UNEXPLAINED_MM:.1f} mm), because "
            f"{_largest_doubt(evidence)}."
        )
    uncertainty = float(np.max(evidence.uncertainty_mm(points)))
    if uncertainty <= TRUSTED_UNCERTAINTY_MM:
        return None
    return (
        f"its uncertainty in the neck is {uncertainty:.1f} mm (limit "
        f"{TRUSTED_UNCERTAINTY_MM:.0f} mm), because {_largest_doubt(evidence)}."
    )


def _motion_note(moved: str) -> Finding:
    return POSSIBLE_NECK_MOTION(moved=moved)


def _judged(result: Registration, evidence: RegistrationEvidence) -> Registration:
    start, proposal = result.start, evidence.proposal
    correction = proposal if start is None else proposal @ start.inverse()
    against = objection(evidence, None if start is None else correction)
    against = against or _uncertain(evidence)
    if against is not None:
        return _refused(result, against)
    moved = neck_moved(evidence)
    status = Status.NECK_MOTION if moved else Status.NO_INCONSISTENCY
    result = replace(result, status=status, searched=replace(_searched(result), status=status))
    notes = [] if moved is None else [_motion_note(moved)]
    points = evidence.neck.reference_points_lps
    moved_by = float(max(correction.shift_mm_at(point) for point in points))
    uncertainty = float(np.max(result.uncertainty_mm_at(points)))
    center = evidence.neck.center_lps
    before, after = result.before, result.after
    # In a neck that bent, the proposal fits the neck and not head and trunk.
    worse = (
        not moved
        and before is not None
        and after is not None
        and after.correlation < before.correlation
    )
    if start is not None and (worse or moved_by <= SMALLEST_CORRECTION_MM):
        result = result.with_start()
        ending = " No inconsistency found." if result.status is Status.NO_INCONSISTENCY else ""
        kept = REGISTRATION_NO_BETTER if worse else REGISTRATION_NOT_NEEDED
        notes.append(kept(moved_mm=moved_by, ending=ending))
        reason = notes[-1].message.removesuffix(ending)
        return replace(result, recommendation=reason, findings=(*result.findings, *notes))
    reason = (
        f"Use the proposal: it moves the neck by {correction.shift_mm_at(center):.1f} mm and "
        f"{correction.angle_deg:.1f}°, and the pictures agree better with it."
        if start is not None
        else "Use the proposal: the two frames have nothing else in common."
    )
    ending = "" if moved else " No inconsistency found; check the alignment by eye."
    notes.append(
        REGISTERED(
            shift_mm=correction.shift_mm_at(center),
            angle_deg=correction.angle_deg,
            uncertainty_mm=uncertainty,
            ending=ending,
        )
    )
    return replace(result, recommendation=reason, findings=tuple(notes))


def _refused(result: Registration, reason: str) -> Registration:
    """Return the shared frame in use, the doubted proposal beside it."""
    if result.start is None:
        raise RegistrationFailed(
            f"The functional volume could not be registered to the CT: {reason} They do not share "
            "a Frame of Reference, so they are not shown together."
        )
    verdict = replace(_searched(result), status=Status.DO_NOT_TRUST)
    kept = replace(result, searched=verdict)
    return _kept(
        replace(kept, transform=result.start, method=Method.SHARED_FRAME, after=result.before),
        reason,
    )


def _kept(identity: Registration, reason: str) -> Registration:
    """Return the shared frame with a Finding that says why nothing better is in use."""
    note = REGISTRATION_REJECTED(reason=reason)
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


def _mutual_information(a: npt.NDArray[Any], b: npt.NDArray[Any], bins: int = 50) -> float:
    cells = [
        np.minimum((bins / np.ptp(side) * (side - side.min())).astype(np.int64), bins - 1)
        for side in (a, b)
    ]
    joint = np.bincount(cells[0] * bins + cells[1], minlength=bins * bins).reshape(bins, bins)
    p = joint / joint.sum()
    outer = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    filled = p > 0
    return float((p[filled] * np.log(p[filled] / outer[filled])).sum())
