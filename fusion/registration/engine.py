"""Registration of a functional volume to a CT: search, evidence, verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import RegistrationFailed
from fusion.findings import Finding
from fusion.findings.alignment import (
    ALIGNMENT_CHECKED,
    ALIGNMENT_DOUBTED,
    POSSIBLE_NECK_MOTION,
    REGISTERED,
    REGISTRATION_NO_BETTER,
    REGISTRATION_NOT_NEEDED,
    REGISTRATION_REJECTED,
    STORED_REGISTRATION_CHECKED,
    STORED_REGISTRATION_DOUBTED,
)
from fusion.geometry import RigidTransform, Volume
from fusion.memory import give_back
from fusion.progress import Progress, ProgressCallback
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.expectation import Level, ct_model
from fusion.registration.fitting import sample
from fusion.registration.method import Method
from fusion.registration.neck_field import find_neck
from fusion.registration.result import (
    Quality,
    Registration,
    SearchOutcome,
    Trust,
)
from fusion.registration.search import Search
from fusion.registration.shared import shares_frame
from fusion.registration.trust import (
    TRUSTED_UNCERTAINTY_MM,
    asked,
    neck_moved,
    objection,
    second_method,
    uncertain,
)

#: A correction that moves no joint by more than this is no correction, mm: one SPECT voxel is
#: four times as large.
SMALLEST_CORRECTION_MM = 0.5


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
    start = RigidTransform.identity() if shares_frame(ct, spect) else None
    try:
        evidence = search.run(search.starts(shared=start is not None))
    except RegistrationFailed as exc:
        if start is None:
            raise
        return _kept(start, str(exc))
    return _judged(search, evidence, start)


def checked(
    ct: Volume,
    spect: Volume,
    registration: Registration,
    *,
    progress: ProgressCallback | None = None,
) -> Registration:
    """Measure how well the images support a transform that came with the study, or the scanner's.

    The same search as :func:`register`, from that transform. What it finds is offered and never
    put into use.

    Parameters
    ----------
    ct, spect : Volume
        Fixed and moving volume.
    registration : Registration
        In use, from a stored object or a shared Frame of Reference.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Returns
    -------
    Registration
        The same transform and method, with status, agreement, evidence and a Finding about them.
        Uncertainty includes the distance to where the images would have it.
    """
    search = _search(ct, spect, progress)
    start = RigidTransform.identity() if shares_frame(ct, spect) else None
    stored = replace(registration, start=start)
    try:
        evidence = search.run(registration.transform.matrix[None])
    except RegistrationFailed as exc:
        return _doubted(stored, _nothing_found(str(exc)), str(exc))
    against = objection(evidence, None if start is None else evidence.proposal)
    against = against or uncertain(evidence)
    moved = neck_moved(evidence)
    outcome = _outcome(search, evidence, start, against, moved)
    stored = replace(stored, quality=_quality(search.fair, registration.transform))
    if against is not None:
        return _doubted(stored, outcome, against, moved=moved)
    stored = replace(stored, status=outcome.status, search=outcome)
    away = outcome.distance_mm(registration.transform) or 0.0
    points = evidence.neck.reference_points_lps
    uncertainty = float(np.max(stored.uncertainty_mm_at(points)))
    # What a scanner made in one session is not doubted because the images cannot tell it better:
    # they have to speak against it, as in :meth:`Registration.with_start`.
    scanners = stored.method is Method.SHARED_FRAME
    too_open = uncertainty > TRUSTED_UNCERTAINTY_MM and not moved and not scanners
    if away > TRUSTED_UNCERTAINTY_MM or too_open:
        return _doubted(
            stored,
            outcome,
            f"the images ask for a position {away:.1f} mm from it in the neck, so that it may be "
            f"off by {uncertainty:.1f} mm (limit {TRUSTED_UNCERTAINTY_MM:.0f} mm).",
            moved=moved,
        )
    ending = "" if moved else " No inconsistency found; check the alignment by eye."
    kind = STORED_REGISTRATION_CHECKED if _is_stored(stored) else ALIGNMENT_CHECKED
    note = kind(spect=spect.source.label, away_mm=away, uncertainty_mm=uncertainty, ending=ending)
    text = note.message.removesuffix(ending)
    keep = f"Keep {_name(stored)}: {text[0].lower()}{text[1:]}"
    second = second_method(evidence)
    keep = f"{keep} {second.message}"
    return replace(
        stored,
        search=replace(outcome, recommendation=keep),
        lasting_findings=(*_motion_notes(moved), *asked(evidence), second),
        choice_findings=(note,),
    )


def _doubted(
    stored: Registration, outcome: SearchOutcome, reason: str, *, moved: str | None = None
) -> Registration:
    """Return a Registration, still in use, that the images do not support."""
    kind = STORED_REGISTRATION_DOUBTED if _is_stored(stored) else ALIGNMENT_DOUBTED
    note = kind(reason=reason)
    words = f"Do not trust {_name(stored)}: {reason}"
    if outcome.evidence is not None:
        words = f"{words} {second_method(outcome.evidence).message}"
    return replace(
        stored,
        status=Trust.DO_NOT_TRUST,
        search=replace(outcome, recommendation=words),
        lasting_findings=(*_motion_notes(moved), *asked(outcome.evidence, told=reason)),
        choice_findings=(note,),
    )


def _is_stored(registration: Registration) -> bool:
    return registration.method is Method.STORED


def _name(registration: Registration) -> str:
    return "the stored registration" if _is_stored(registration) else "the alignment in use"


def _search(ct: Volume, spect: Volume, progress: ProgressCallback | None) -> Search:
    report = Progress(progress)
    preparing = "Preparing the CT for registration"
    report(0.0, preparing)
    source = ct_model(ct, lambda part: report(0.3 * part, preparing))
    neck = find_neck(source)
    give_back()
    report(0.3, preparing)
    return Search(source, spect, neck, report.part(0.3, 1.0))


def _outcome(
    search: Search,
    evidence: RegistrationEvidence,
    start: RigidTransform | None,
    against: str | None,
    moved: str | None,
) -> SearchOutcome:
    """Return what was found, before anything is recommended."""
    quality = _quality(search.fair, evidence.proposal)
    label = search.spect.source.label
    doubted = () if against is None else (ALIGNMENT_DOUBTED(reason=against),)
    return SearchOutcome(
        _status(against, moved),
        recommendation="",
        proposal=evidence.proposal,
        quality=quality,
        start_quality=quality if start is None else _quality(search.fair, start),
        evidence=evidence,
        neck=evidence.pieces,
        start_findings=doubted or _of_start(evidence, start, moved, label),
        proposal_findings=doubted or (_of_proposal(evidence, start, moved, label),),
    )


def _nothing_found(reason: str) -> SearchOutcome:
    return SearchOutcome(Trust.DO_NOT_TRUST, "", start_findings=(ALIGNMENT_DOUBTED(reason=reason),))


def _of_start(
    evidence: RegistrationEvidence, start: RigidTransform | None, moved: str | None, label: str
) -> tuple[Finding, ...]:
    """Return what the images say of the scanner's alignment, where they do not contradict it."""
    if start is None:
        return ()
    points = evidence.neck.reference_points_lps
    away = evidence.proposal.apply(start.inverse().apply(points)) - points
    away_mm = np.linalg.norm(away, axis=1)
    if away_mm.max() > TRUSTED_UNCERTAINTY_MM:
        return ()
    note = ALIGNMENT_CHECKED(
        spect=label,
        away_mm=float(away_mm.max()),
        uncertainty_mm=float(np.max(evidence.uncertainty_mm(points) + away_mm)),
        ending=_ending(moved),
    )
    return (note,)


def _of_proposal(
    evidence: RegistrationEvidence, start: RigidTransform | None, moved: str | None, label: str
) -> Finding:
    correction = _correction(evidence, start)
    points = evidence.neck.reference_points_lps
    return REGISTERED(
        spect=label,
        shift_mm=correction.shift_mm_at(evidence.neck.center_lps),
        angle_deg=correction.angle_deg,
        uncertainty_mm=float(np.max(evidence.uncertainty_mm(points))),
        ending=_ending(moved),
    )


def _correction(evidence: RegistrationEvidence, start: RigidTransform | None) -> RigidTransform:
    return evidence.proposal if start is None else evidence.proposal @ start.inverse()


def _ending(moved: str | None) -> str:
    return "" if moved else " No inconsistency found; check the alignment by eye."


def _status(against: str | None, moved: str | None) -> Trust:
    if against is not None:
        return Trust.DO_NOT_TRUST
    return Trust.NECK_MOTION if moved else Trust.NO_INCONSISTENCY


def _motion_notes(moved: str | None) -> tuple[Finding, ...]:
    if moved is None:
        return ()
    return (POSSIBLE_NECK_MOTION(moved=moved),)


def _judged(
    search: Search, evidence: RegistrationEvidence, start: RigidTransform | None
) -> Registration:
    """Return what was found in use, or the shared frame where that is as good or it is refused."""
    correction = _correction(evidence, start)
    against = objection(evidence, None if start is None else correction) or uncertain(evidence)
    moved = neck_moved(evidence)
    outcome = _outcome(search, evidence, start, against, moved)
    if against is not None:
        return _refused(outcome, start, against, search.spect.source.label)
    proposed = Registration(
        evidence.proposal,
        Method.CORRELATION,
        outcome.status,
        outcome.quality,
        choice_findings=outcome.proposal_findings,
        start=start,
        search=outcome,
    )
    points = evidence.neck.reference_points_lps
    moved_by = float(max(correction.shift_mm_at(point) for point in points))
    # In a neck that bent, the proposal fits the neck and not head and trunk.
    before, after = outcome.start_quality, outcome.quality
    worse = not moved and before and after and after.correlation < before.correlation
    if start is not None and (worse or moved_by <= SMALLEST_CORRECTION_MM):
        consistent = proposed.with_start().status is Trust.NO_INCONSISTENCY
        ending = " No inconsistency found." if consistent else ""
        kind = REGISTRATION_NO_BETTER if worse else REGISTRATION_NOT_NEEDED
        note = kind(moved_mm=moved_by, ending=ending)
        reason = note.message.removesuffix(ending)
        outcome = replace(outcome, start_findings=(note,))
        used = replace(proposed, search=outcome).with_start()
    else:
        used = proposed
        reason = (
            f"Use the proposal: it moves the neck by "
            f"{correction.shift_mm_at(evidence.neck.center_lps):.1f} mm and "
            f"{correction.angle_deg:.1f}°, and the pictures agree better with it."
            if start is not None
            else "Use the proposal: the two scans have nothing else in common."
        )
    second = second_method(evidence)
    return replace(
        used,
        search=replace(outcome, recommendation=f"{reason} {second.message}"),
        lasting_findings=(*_motion_notes(moved), *asked(evidence), second),
    )


def _refused(
    outcome: SearchOutcome, start: RigidTransform | None, reason: str, label: str
) -> Registration:
    """Return the shared frame in use, the doubted proposal beside it."""
    if start is None:
        raise RegistrationFailed(
            f"The {label} could not be registered to the CT: {reason} They do not share a "
            "coordinate system (DICOM Frame of Reference), so they are not shown together."
        )
    return _kept(start, reason, outcome)


def _kept(start: RigidTransform, reason: str, outcome: SearchOutcome | None = None) -> Registration:
    """Return the shared frame with a Finding that says why nothing better is in use."""
    note = REGISTRATION_REJECTED(reason=reason)
    words = f"Keep the scanner's alignment, do not trust either: {reason}"
    if outcome is not None and outcome.evidence is not None:
        words = f"{words} {second_method(outcome.evidence).message}"
    found = outcome or _nothing_found(reason)
    sides = asked(found.evidence, told=reason)
    return Registration(
        start,
        Method.SHARED_FRAME,
        Trust.DO_NOT_TRUST,
        found.start_quality,
        lasting_findings=sides,
        choice_findings=(note,),
        start=start,
        search=replace(found, recommendation=words, start_findings=(note,)),
    )


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
