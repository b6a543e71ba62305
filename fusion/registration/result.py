"""What a registration found, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.findings import Finding
from fusion.findings.alignment import IMAGES_ASK_ELSEWHERE, NECK_CORRECTION_IN_USE
from fusion.geometry import FloatArray, RigidTransform
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.pieces import NeckCorrection

#: Uncertainty above which a transform is not trusted, mm: half of the smallest distance between
#: neighbouring facet joints of one side is about 7 mm, and a SPECT point source keeps three
#: quarters of its peak at 3 mm (docs/sources.md#level-error, #partial-volume).
TRUSTED_UNCERTAINTY_MM = 3.0


class Method(StrEnum):
    """How the transform of a Registration was obtained."""

    SHARED_FRAME = "shared frame of reference"
    CORRELATION = "rigid correlation"
    STORED = "stored Spatial Registration"
    NECK = "rigid correlation, upper and lower neck apart"
    MANUAL = "moved by hand"


class Status(StrEnum):
    """How far the images allow a Registration to be trusted."""

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
class Verdict:
    """What a search says of its proposal.

    Parameters
    ----------
    status : Status
        How far to trust it.
    quality : Quality
        Agreement of the pictures under it.
    """

    status: Status
    quality: Quality


@dataclass(frozen=True, slots=True)
class Registration:
    """A rigid transform of the functional volume onto the CT, and where it came from.

    Where the search started and what it proposes are both kept, whichever is in use.

    Parameters
    ----------
    transform : RigidTransform
        In use: LPS points of the functional volume's frame to those of the CT's.
    method : Method
        How it was obtained.
    before, after : Quality or None
        Agreement with the starting transform and with this one; None where not measured.
    findings : tuple of Finding
        What a reader must know about it.
    start : RigidTransform or None
        Where the search started: the identity in a shared frame, else from geometry.
    proposal : RigidTransform or None
        What the search ended with; None when nothing was searched.
    recommendation : str
        Which of the two, and why, in words.
    status : Status or None
        None when nothing was searched: a shared frame that nobody checked.
    evidence : RegistrationEvidence or None
        What the status and the uncertainty rest on.
    neck : NeckCorrection or None
        Upper and lower neck apart; offered, in use only when :attr:`method` is ``NECK``.
    manual_shift_mm : float or None, mm
        How far it was moved by hand (:mod:`fusion.registration.manual`); None when it was not.
    searched : Verdict or None
        What the search said of its proposal, kept while something else is in use; None when
        nothing was searched.
    """

    transform: RigidTransform
    method: Method
    before: Quality | None = None
    after: Quality | None = None
    findings: tuple[Finding, ...] = field(default=())
    start: RigidTransform | None = None
    proposal: RigidTransform | None = None
    recommendation: str = ""
    status: Status | None = None
    evidence: RegistrationEvidence | None = None
    neck: NeckCorrection | None = None
    manual_shift_mm: float | None = None
    searched: Verdict | None = None

    @property
    def is_bent(self) -> bool:
        """Whether different transforms apply at different heights of the neck."""
        return self.method is Method.NECK and self.neck is not None

    def transform_at(self, point_lps: npt.ArrayLike) -> RigidTransform:
        """Return the transform that applies at one point of the CT.

        The same everywhere, unless the neck correction is in use.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        """
        if self.method is Method.NECK and self.neck is not None:
            return self.neck.transform_at(point_lps)
        return self.transform

    def with_start(self) -> Registration:
        """Return the same with the starting transform in use.

        Where a search asks for another position, more than :data:`TRUSTED_UNCERTAINTY_MM` away in
        the neck, the status is "do not trust", and a Finding says so.
        """
        if self.start is None:
            return self
        used = self._using(self.start, Method.SHARED_FRAME, self.before)
        away = self.from_proposal_mm(self.start)
        if away is None or away <= TRUSTED_UNCERTAINTY_MM:
            return used
        note = IMAGES_ASK_ELSEWHERE(away_mm=away)
        return replace(used, status=Status.DO_NOT_TRUST, findings=(*used.findings, note))

    def with_proposal(self) -> Registration:
        """Return the same with the proposed transform in use, whatever its status."""
        if self.proposal is None:
            return self
        quality = self.searched.quality if self.searched else None
        return self._using(self.proposal, Method.CORRELATION, quality)

    def with_neck_correction(self) -> Registration:
        """Return the same with upper and lower neck apart, as far as that is offered."""
        if self.neck is None or self.proposal is None:
            return self
        bent = self._using(self.proposal, Method.NECK, None)
        return replace(bent, findings=(*bent.findings, _neck_in_use(self.neck)))

    def from_proposal_mm(self, transform: RigidTransform) -> float | None:
        """Return how far a transform is from the proposal, at most in the neck; None without."""
        if self.evidence is None or self.proposal is None:
            return None
        points = self.evidence.neck.reference_points_lps
        native = transform.inverse().apply(points)
        return float(np.linalg.norm(self.proposal.apply(native) - points, axis=-1).max())

    def _using(
        self, transform: RigidTransform, method: Method, quality: Quality | None
    ) -> Registration:
        kept = tuple(finding for finding in self.findings if not finding.kind.choice)
        return replace(
            self,
            transform=transform,
            method=method,
            after=quality,
            findings=kept,
            status=self.searched.status if self.searched else self.status,
            manual_shift_mm=None,
        )

    def uncertainty_mm_at(self, points_lps: npt.ArrayLike) -> FloatArray:
        """Return how far off the transform in use may be.

        Calibrated on simulated studies so that 95 % of errors are smaller
        (docs/registration.md); ``inf`` where the status is "do not trust", ``nan`` where nothing
        was measured.

        Parameters
        ----------
        points_lps : (..., 3) array_like of float, mm
            In the CT's frame.

        Returns
        -------
        (...) ndarray of float64, mm
        """
        points = np.asarray(points_lps, dtype=np.float64)
        if self.evidence is None or self.proposal is None:
            return np.full(points.shape[:-1], np.nan)
        if self.status is Status.DO_NOT_TRUST:
            return np.full(points.shape[:-1], np.inf)
        if self.method is Method.NECK and self.neck is not None:
            return self.evidence.uncertainty_mm(points, neck=self.neck)
        uncertainty = self.evidence.uncertainty_mm(points)
        # Another transform than the proposal is off by at least the distance between the two.
        native = self.transform.inverse().apply(points)
        away: FloatArray = np.linalg.norm(self.proposal.apply(native) - points, axis=-1)
        return uncertainty + away

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; the matrix is row-major and acts on column vectors."""
        evidence = self.evidence
        at = evidence.neck.reference_points_lps if evidence else np.zeros((0, 3))
        return {
            "matrix_spect_to_ct_lps": self.transform.matrix.tolist(),
            "method": self.method.value,
            "quality": {
                "before": self.before.to_json() if self.before else None,
                "after": self.after.to_json() if self.after else None,
            },
            "status": self.status.value if self.status else None,
            "recommendation": self.recommendation or None,
            "start_matrix_lps": self.start.matrix.tolist() if self.start else None,
            "proposal_matrix_lps": self.proposal.matrix.tolist() if self.proposal else None,
            "uncertainty_mm": [
                {"point_lps": np.round(point, 1).tolist(), "uncertainty_mm": _rounded(value)}
                for point, value in zip(at, self.uncertainty_mm_at(at), strict=True)
            ],
            "evidence": evidence.to_json() if evidence else None,
            "neck_correction": self.neck.to_json() if self.neck else None,
            "manual_shift_mm": None
            if self.manual_shift_mm is None
            else round(self.manual_shift_mm, 2),
        }


def _neck_in_use(neck: NeckCorrection) -> Finding:
    return NECK_CORRECTION_IN_USE(bend_deg=neck.bend_deg)


def _rounded(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None
