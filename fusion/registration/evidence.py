"""What speaks for and against a registration, and how many mm that makes at a point.

Every piece of evidence is a distance in mm between the proposal and what another, differently
built search says at the same point. None of them is an error; their weights were fitted so that
their sum covers the error in 95 of 100 simulated cases (``python -m benchmarks.registration
calibrate``, table in docs/registration-evidence.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.geometry import FloatArray, RigidTransform
from fusion.registration.fitting import displacement_jacobian
from fusion.registration.neck_field import NeckField
from fusion.registration.pieces import NeckCorrection
from fusion.registration.rival import Rival

#: Stands for a search that found nothing, mm.
NOTHING_FOUND_MM = 10.0
#: What each column of :meth:`RegistrationEvidence.features` is.
FEATURES = ("floor", "blocks", "second opinion", "reverse", "neck box", "pieces", "level")
#: mm of uncertainty per mm of each: for the proposal, and for the neck correction. Fitted by
#: quantile regression on one half of the simulated necks, with least weights, and held against the
#: other; the fit had no use for the reverse search and the neck box beside the pieces, which say
#: the same better: they only serve to refuse and to be read. See
#: benchmarks/registration/calibrate.py and docs/registration-evidence.md.
RIGID_WEIGHTS = (0.5, 0.6, 0.37, 0.0, 0.0, 0.8, 0.1)
NECK_WEIGHTS = (0.5, 1.22, 0.27, 0.0, 0.0, 0.35, 0.15)


@dataclass(frozen=True, slots=True, eq=False)
class LevelMisfit:
    """What is left to correct at one height of the neck.

    Parameters
    ----------
    z : float, mm
        Height on the CT.
    shift_lps : (3,) ndarray of float64, mm
        By which the functional volume would have to move here, beyond the proposal.
    uncertainty_mm : float, mm
        Standard deviation of that shift.
    correlation : float
        Of the two pictures at this height under the proposal.
    """

    z: float
    shift_lps: FloatArray
    uncertainty_mm: float
    correlation: float

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "z_mm": round(self.z, 1),
            "shift_lps_mm": np.round(self.shift_lps, 2).tolist(),
            "uncertainty_mm": round(self.uncertainty_mm, 2),
            "correlation": round(self.correlation, 3),
        }


@dataclass(frozen=True, slots=True)
class Opinion:
    """Where the independent method ends.

    Parameters
    ----------
    transform : RigidTransform or None
        SPECT to CT; None when it came to no end.
    problem : str
        Why it came to none, in words; empty otherwise.
    """

    transform: RigidTransform | None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RegistrationEvidence:
    """Everything the status and the uncertainty of a registration rest on.

    Parameters
    ----------
    proposal : RigidTransform
        SPECT to CT.
    found : RigidTransform
        What the search over the whole patient found: the proposal, unless the neck bent, when the
        proposal is the rigid transform nearest to the two pieces.
    second, reverse, box : RigidTransform or None
        The same by a search that knows nothing of bone, by one with fixed and moving swapped, and
        by one that sees only the neck; None where it found nothing.
    pieces : NeckCorrection or None
        Upper and lower neck apart.
    covariance : (6, 6) ndarray of float64
        Of a small motion about the neck's centre (mm, radians), from how differently blocks of
        tissue pull.
    pieces_covariance : (12, 12) ndarray of float64 or None
        The same for the two pieces.
    levels : tuple of LevelMisfit
        Upwards.
    independent : Opinion
        Where a method ends that shares neither measure nor optimiser with ours
        (:mod:`fusion.registration.mutual_information`); held against :attr:`found`, because it
        sees the whole patient as well.
    correlation : float
        Of the two pictures in fair detail, under :attr:`found`.
    detail_correlation : float
        Of what varies over less than about 3 cm.
    mirrored : Rival or None
        The same of the best that is found with left and right exchanged; None where nothing is.
    rescaled : Rival or None
        As ``correlation``, of the best that is found with voxels of another size; None where
        nothing is.
    drop : float
        Least loss of correlation when the functional volume is moved by 8 mm.
    overlap : float
        Share of the neck that the functional volume covers, 0 to 1.
    neck : NeckField
        Where the neck is.
    modality : str
        ``"PT"`` where the file names a tracer that emits positrons, else ``"NM"``: a SPECT that is
        stored as PET looks like a SPECT.
    """

    proposal: RigidTransform
    found: RigidTransform
    second: RigidTransform | None
    reverse: RigidTransform | None
    box: RigidTransform | None
    pieces: NeckCorrection | None
    covariance: FloatArray
    pieces_covariance: FloatArray | None
    levels: tuple[LevelMisfit, ...]
    independent: Opinion
    correlation: float
    detail_correlation: float
    mirrored: Rival | None
    rescaled: Rival | None
    drop: float
    overlap: float
    neck: NeckField
    modality: str

    @property
    def bend_significance(self) -> float:
        """How many times its own uncertainty the bend between the two pieces is large."""
        if self.pieces is None or self.pieces_covariance is None:
            return 0.0
        return self.pieces.bend_significance(self.pieces_covariance)

    @property
    def independent_mm(self) -> float | None:
        """How far away the independent method ends, at most in the neck; None where it did not."""
        if self.independent.transform is None:
            return None
        points = self.neck.reference_points_lps
        native = self.found.inverse().apply(points)
        return float(self.distance_mm(self.independent.transform, points, native=native).max())

    def distance_mm(
        self,
        other: RigidTransform | None,
        points_lps: FloatArray,
        *,
        native: FloatArray,
    ) -> FloatArray:
        """Return how far another transform puts the uptake of points of the CT: (n,), mm."""
        if other is None:
            return np.full(len(points_lps), NOTHING_FOUND_MM)
        away: FloatArray = np.linalg.norm(other.inverse().apply(points_lps) - native, axis=-1)
        return away

    def features(
        self, points_lps: npt.ArrayLike, *, neck: NeckCorrection | None = None
    ) -> FloatArray:
        """Return every piece of evidence at points of the CT, mm.

        Parameters
        ----------
        points_lps : (n, 3) array_like of float, mm
            In the CT's frame.
        neck : NeckCorrection, optional
            Judge this instead of the rigid proposal.

        Returns
        -------
        (n, 7) ndarray of float64
            Columns as in :data:`FEATURES`.
        """
        points = np.asarray(points_lps, dtype=np.float64)
        own = self.proposal.inverse().apply(points)
        whole = self.found.inverse().apply(points)
        jacobian = displacement_jacobian(points, self.neck.center_lps)
        covariance = self.covariance
        if neck is not None and self.pieces_covariance is not None:
            share = neck.share_at(points[:, 2])[:, None, None]
            jacobian = np.concatenate([(1 - share) * jacobian, share * jacobian], axis=-1)
            covariance = self.pieces_covariance
        variance = np.einsum("nij,jk,nik->n", jacobian, covariance, jacobian)
        if self.pieces is None:
            pieces = np.full(len(points), NOTHING_FOUND_MM)
        else:
            pieces = np.linalg.norm(self.pieces.to_native(points) - own, axis=-1)
        if neck is None:
            level = self._level_shift_mm(points[:, 2])
            box = self.distance_mm(self.box, points, native=own)
        else:
            # What a bent neck explains does not speak against the correction for it.
            applied = neck.to_native(points)
            level = self._level_residual_mm(points, applied - own)
            box = self.distance_mm(self.box, points, native=applied)
        columns: list[FloatArray] = [
            np.ones(len(points)),
            np.sqrt(np.maximum(variance, 0)),
            # These two saw the whole patient as well, and are held against what that gave.
            self.distance_mm(self.second, points, native=whole),
            self.distance_mm(self.reverse, points, native=whole),
            box,
            pieces,
            level,
        ]
        result: FloatArray = np.minimum(np.stack(columns, axis=-1), 2 * NOTHING_FOUND_MM)
        return result

    def uncertainty_mm(
        self, points_lps: npt.ArrayLike, *, neck: NeckCorrection | None = None
    ) -> FloatArray:
        """Return the weighted sum of the evidence: (...,), mm."""
        points = np.asarray(points_lps, dtype=np.float64)
        weights = RIGID_WEIGHTS if neck is None else NECK_WEIGHTS
        total: FloatArray = self.features(points.reshape(-1, 3), neck=neck) @ np.array(weights)
        return total.reshape(points.shape[:-1])

    def at_neck_mm(self, name: str) -> float:
        """Return the largest value of one piece of evidence over the neck, mm."""
        column = FEATURES.index(name)
        return float(self.features(self.neck.reference_points_lps)[:, column].max())

    def _level_shift_mm(self, z: FloatArray) -> FloatArray:
        if not self.levels:
            return np.full(len(z), NOTHING_FOUND_MM)
        heights = [level.z for level in self.levels]
        sizes = [float(np.linalg.norm(level.shift_lps)) for level in self.levels]
        return np.asarray(np.interp(z, heights, sizes), dtype=np.float64)

    def _level_residual_mm(self, points: FloatArray, explained: FloatArray) -> FloatArray:
        if not self.levels:
            return np.full(len(points), NOTHING_FOUND_MM)
        heights = [level.z for level in self.levels]
        # ``explained`` moves looked-up points in the native frame: the opposite of moving uptake.
        turned = explained @ self.proposal.matrix[:3, :3].T
        shifts = np.stack(
            [
                np.interp(points[:, 2], heights, [level.shift_lps[a] for level in self.levels])
                for a in range(3)
            ],
            axis=-1,
        )
        residual: FloatArray = np.linalg.norm(shifts + turned, axis=-1)
        return residual

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; distances are the largest over the neck."""
        names = FEATURES[1:]
        return {
            "largest_in_neck_mm": {
                name.replace(" ", "_"): round(self.at_neck_mm(name), 2) for name in names
            },
            "independent_method_mm": None
            if self.independent_mm is None
            else round(self.independent_mm, 2),
            "correlation": round(self.correlation, 4),
            "detail_correlation": round(self.detail_correlation, 4),
            **_rival_json("mirrored", self.mirrored),
            **_rival_json("rescaled", self.rescaled),
            "correlation_drop_at_8_mm": round(self.drop, 4),
            "bend_significance": round(self.bend_significance, 2),
            "neck_overlap": round(self.overlap, 3),
            "neck_found": self.neck.found,
            "levels": [level.to_json() for level in self.levels],
        }


def _rival_json(name: str, rival: Rival | None) -> dict[str, float | None]:
    """Return how well the pictures agree under a rival, how much better, and by how much ±."""
    known = rival is not None and np.isfinite(rival.error)
    return {
        f"{name}_correlation": None if rival is None else round(rival.correlation, 4),
        f"{name}_gain": None if rival is None else round(rival.gain, 4),
        f"{name}_gain_error": round(rival.error, 4) if rival is not None and known else None,
    }
