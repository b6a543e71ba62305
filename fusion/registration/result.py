"""What a registration found, and the alignment that is in use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.findings import Finding, Severity
from fusion.findings.alignment import IMAGES_ASK_ELSEWHERE, NECK_CORRECTION_IN_USE
from fusion.geometry import FloatArray, RigidTransform
from fusion.json_form import rounded
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.method import Method
from fusion.registration.pieces import NeckCorrection
from fusion.registration.trust import TRUSTED_UNCERTAINTY_MM


class Trust(StrEnum):
    """How far the images allow an alignment to be trusted."""

    NO_INCONSISTENCY = "no inconsistency found"
    NECK_MOTION = "possible neck motion"
    DO_NOT_TRUST = "do not trust"


@dataclass(frozen=True, slots=True)
class Quality:
    """How well two pictures agree; dimensionless.

    Parameters
    ----------
    correlation : float
        Pearson correlation of the square-rooted pictures.
    mutual_information : float
        Mutual information of the two pictures, nats, 50 × 50 bins.
    """

    correlation: float
    mutual_information: float

    def to_json(self) -> dict[str, float]:
        """Return the JSON form."""
        return {
            "correlation": round(self.correlation, 6),
            "mutual_information": round(self.mutual_information, 6),
        }


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """What a search proposes, whatever is in use, and what that rests on.

    Parameters
    ----------
    status : Trust
        How far to trust the proposal.
    recommendation : str
        Which alignment to use, and why, in words.
    proposal : RigidTransform or None
        LPS points of the functional volume's frame to those of the CT's; None when the search
        found nothing.
    quality, start_quality : Quality or None
        Agreement under the proposal, and under the transform where the search started.
    evidence : RegistrationEvidence or None
        What the status and the uncertainty rest on.
    neck : NeckCorrection or None
        Upper and lower neck apart, on offer beside the rigid proposal.
    start_findings, proposal_findings : tuple of Finding
        What a reader must know while the transform where the search started is in use, and while
        the proposal is.
    """

    status: Trust
    recommendation: str
    proposal: RigidTransform | None = None
    quality: Quality | None = None
    start_quality: Quality | None = None
    evidence: RegistrationEvidence | None = None
    neck: NeckCorrection | None = None
    start_findings: tuple[Finding, ...] = ()
    proposal_findings: tuple[Finding, ...] = ()

    def distance_mm(self, transform: RigidTransform) -> float | None:
        """Return how far a transform is from the proposal, at most in the neck; None without."""
        if self.evidence is None or self.proposal is None:
            return None
        points = self.evidence.neck.reference_points_lps
        return float(_apart_mm(self.proposal, transform, points).max())


@dataclass(frozen=True, slots=True)
class Registration:
    """The alignment in use: a rigid transform, how it was obtained, how far to trust it.

    Parameters
    ----------
    transform : RigidTransform
        LPS points of the functional volume's frame to those of the CT's.
    method : Method
        How it was obtained.
    status : Trust or None
        None where no search looked at it.
    quality : Quality or None
        Agreement of the pictures with it; None where not measured.
    lasting_findings : tuple of Finding
        What a reader must know whichever alignment is in use.
    origin_findings : tuple of Finding
        What a reader must know of where this one comes from; they go when another is chosen, and
        stay when it is moved by hand.
    choice_findings : tuple of Finding
        What a reader must know because this very one is in use.
    start : RigidTransform or None
        What the scanner says: the identity in a shared frame; None where there is none.
    search : SearchOutcome or None
        None when nothing was searched.
    neck : NeckCorrection or None
        Upper and lower neck apart, in use: with the method ``NECK`` and no other.
    manual_shift_mm : float or None, mm
        How far it was moved by hand (:mod:`fusion.registration.manual`); None when it was not.

    Raises
    ------
    ValueError
        A neck correction without the method ``NECK``, or the other way round.
    """

    transform: RigidTransform
    method: Method
    status: Trust | None = None
    quality: Quality | None = None
    lasting_findings: tuple[Finding, ...] = ()
    origin_findings: tuple[Finding, ...] = ()
    choice_findings: tuple[Finding, ...] = ()
    start: RigidTransform | None = None
    search: SearchOutcome | None = None
    neck: NeckCorrection | None = None
    manual_shift_mm: float | None = None

    def __post_init__(self) -> None:
        if (self.method is Method.NECK) != (self.neck is not None):
            raise ValueError("a neck correction and its method go together")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader must know about it."""
        return (*self.origin_findings, *self.choice_findings, *self.lasting_findings)

    @property
    def is_bent(self) -> bool:
        """Whether different transforms apply at different heights of the neck."""
        return self.neck is not None

    def transform_at(self, point_lps: npt.ArrayLike) -> RigidTransform:
        """Return the transform that applies at one point of the CT.

        The same everywhere, unless the neck correction is in use.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        """
        return self.transform if self.neck is None else self.neck.transform_at(point_lps)

    def with_start(self) -> Registration:
        """Return the same with the starting transform in use.

        Where a search asks for another position, more than :data:`TRUSTED_UNCERTAINTY_MM` away in
        the neck, the status is "do not trust", and a Finding says so.
        """
        if self.start is None:
            return self
        search = self.search
        if search is None:
            return self._using(self.start, Method.SHARED_FRAME, None)
        used = self._using(
            self.start, Method.SHARED_FRAME, search.start_quality, search.start_findings
        )
        away = search.distance_mm(self.start)
        if away is None or away <= TRUSTED_UNCERTAINTY_MM:
            return used
        said = search.start_findings
        if all(finding.severity < Severity.WARNING for finding in said):
            said = (*said, _asks_elsewhere(away))
        return replace(used, status=Trust.DO_NOT_TRUST, choice_findings=said)

    def with_proposal(self) -> Registration:
        """Return the same with the proposed transform in use, whatever its status."""
        search = self.search
        if search is None or search.proposal is None:
            return self
        return self._using(
            search.proposal, Method.CORRELATION, search.quality, search.proposal_findings
        )

    def with_neck_correction(self) -> Registration:
        """Return the same with upper and lower neck apart, as far as that is offered."""
        if self.search is None or self.search.proposal is None or self.search.neck is None:
            return self
        neck = self.search.neck
        said = (_neck_in_use(neck),)
        return self._using(self.search.proposal, Method.NECK, None, said, neck=neck)

    def _using(
        self,
        transform: RigidTransform,
        method: Method,
        quality: Quality | None,
        choice_findings: tuple[Finding, ...] = (),
        *,
        neck: NeckCorrection | None = None,
    ) -> Registration:
        return Registration(
            transform,
            method,
            status=self.search.status if self.search else self.status,
            quality=quality,
            lasting_findings=self.lasting_findings,
            choice_findings=choice_findings,
            start=self.start,
            search=self.search,
            neck=neck,
        )

    def uncertainty_mm_at(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Return how far off the transform in use may be.

        Calibrated on simulated studies so that 95 % of errors are smaller
        (docs/registration-evidence.md); ``inf`` where the status is "do not trust", ``nan`` where
        nothing was measured.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            In the CT's frame.

        Returns
        -------
        (...) ndarray of float64, mm
        """
        points = np.asarray(points_lps, dtype=np.float64)
        search = self.search
        if search is None or search.evidence is None or search.proposal is None:
            return np.full(points.shape[:-1], np.nan)
        if self.status is Trust.DO_NOT_TRUST:
            return np.full(points.shape[:-1], np.inf)
        if self.neck is not None:
            return search.evidence.uncertainty_mm(points, neck=self.neck)
        # Another transform than the proposal is off by at least the distance between the two.
        away = _apart_mm(search.proposal, self.transform, points)
        return search.evidence.uncertainty_mm(points) + away

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; the matrix is row-major and acts on column vectors."""
        search = self.search
        evidence = search.evidence if search else None
        offered = search.neck if search else self.neck
        at = evidence.neck.reference_points_lps if evidence else np.zeros((0, 3))
        return {
            "matrix_spect_to_ct_lps": self.transform.matrix.tolist(),
            "method": self.method.value,
            "quality": {
                "before": _json(search.start_quality if search else None),
                "after": _json(self.quality),
            },
            "status": self.status.value if self.status else None,
            "recommendation": search.recommendation if search else None,
            "start_matrix_lps": _matrix(self.start),
            "proposal_matrix_lps": _matrix(search.proposal if search else None),
            "uncertainty_mm": [
                {"point_lps": np.round(point, 1).tolist(), "uncertainty_mm": rounded(value)}
                for point, value in zip(at, self.uncertainty_mm_at(at), strict=True)
            ],
            "evidence": _json(evidence),
            "neck_correction": _json(offered),
            "manual_shift_mm": None
            if self.manual_shift_mm is None
            else round(self.manual_shift_mm, 2),
        }


def _apart_mm(proposal: RigidTransform, other: RigidTransform, points: FloatArray) -> FloatArray:
    """How far the proposal puts what another transform puts at points of the CT: (...), mm."""
    away: FloatArray = np.linalg.norm(
        proposal.apply(other.inverse().apply(points)) - points, axis=-1
    )
    return away


def _asks_elsewhere(away_mm: float) -> Finding:
    return IMAGES_ASK_ELSEWHERE(away_mm=away_mm)


def _neck_in_use(neck: NeckCorrection) -> Finding:
    return NECK_CORRECTION_IN_USE(bend_deg=neck.bend_deg)


def _json(part: Quality | RegistrationEvidence | NeckCorrection | None) -> dict[str, Any] | None:
    return part.to_json() if part else None


def _matrix(transform: RigidTransform | None) -> list[list[float]] | None:
    matrix: list[list[float]] | None = transform.matrix.tolist() if transform else None
    return matrix
