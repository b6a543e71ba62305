"""When a registration is refused, and when a neck is said to have moved."""

from __future__ import annotations

import numpy as np

from fusion.findings import Finding
from fusion.findings.alignment import (
    SECOND_METHOD_AGREES,
    SECOND_METHOD_DISAGREES,
    SECOND_METHOD_SILENT,
    SIDES_UNSURE,
)
from fusion.geometry import FloatArray, RigidTransform
from fusion.registration.evidence import RegistrationEvidence
from fusion.registration.pieces import NeckCorrection
from fusion.registration.rival import Rival

#: Uncertainty above which a transform is not trusted, mm: half of the smallest distance between
#: neighbouring facet joints of one side is about 7 mm, and a SPECT point source keeps three
#: quarters of its peak at 3 mm (docs/sources.md#level-error, #partial-volume).
TRUSTED_UNCERTAINTY_MM = 3.0
#: Share of joints that ``uncertainty_mm_at`` is meant to hold, on simulated studies
#: (docs/registration.md#uncertainty): a bound, no expected error.
UNCERTAINTY_SHARE = 0.95
#: Correlation of the pictures in fair detail below which a result is refused: 208 valid simulated
#: cases had 0.85 and more; of 36 turned upside down or back to front, 34 had less than 0.8 and the
#: other two fail on the drop below (docs/registration-evidence.md). A PET shows much that no CT
#: foretells: the one real FDG scan at hand has 0.66, and 0.60 and less when mirrored.
MIN_CORRELATION = {"NM": 0.8, "PT": 0.63}
#: With left and right exchanged the details may agree better by this much before anything is said,
#: on the points that both see: 34 right cases (two real CTs with simulated SPECT, one real PET/CT,
#: sample studies and phantoms with joints that are hot on one side) gain 0.001 and less
#: (docs/registration-evidence.md).
MAX_MIRRORED_GAIN = 0.01
#: With voxels of another size the pictures may agree better by this much before it is doubted:
#: the same right cases gain 0.008 and less, voxels stated a tenth too large or small 0.011 and more
#: (docs/registration-evidence.md).
MAX_RESCALED_GAIN = 0.01
#: Either has to be this many times its own standard error as well to refuse. Less may be the chance
#: of a few blocks of tissue, a joint that is hot on one side among them: then a person is asked
#: about the sides, and nothing is said of the size.
SURE_GAIN_ERRORS = 2.0
#: Loss of correlation, in the detail that the last step compares, when moved by 8 mm: below this
#: the search had nothing to hold on to. Valid simulated cases had 0.038 and more (the idea:
#: docs/sources.md#registration-trust).
MIN_DROP = 0.03
#: Searches that end further apart than this contradict each other, mm: in 268 valid simulated cases
#: these three ended at most 4.0, 2.1 and 3.2 away.
MAX_DISAGREEMENT_MM = {"second opinion": 4.5, "reverse": 3.0, "neck box": 3.5}
#: Upper and lower neck turned further against each other than this, degrees, are beyond what was
#: tested (2 to 8); of 18 pictures mirrored left to right, five asked for 8 to 24.
MAX_BEND_DEG = 12.0
#: Corrections beyond these are refused on a scanner that registers by construction
#: (docs/sources.md#registration-trust).
MAX_SHIFT_MM = 40.0
MAX_ROTATION_DEG = 20.0
#: Share of the neck that the functional volume must cover (docs/sources.md#registration-trust).
MIN_OVERLAP = 0.9
#: Upper and lower neck turned against each other by this, degrees, and by this many times the
#: uncertainty of that, are a neck that moved. Set on one half of the simulated cases and held
#: against the other (docs/registration-evidence.md).
NECK_BEND_DEG = 1.5
NECK_BEND_SIGNIFICANCE = 5.0

#: The independent method further away than this, mm, is a warning and no refusal: in 15 simulated
#: cases it ended 1.5 and less from right proposals, and 3.7 and more from proposals that were 4 to
#: 10 off (docs/registration-evidence.md).
MAX_INDEPENDENT_MM = 3.0
#: Uncertainty that may remain where a bent neck is the explanation, mm: simulated necks that bent
#: by up to 8 degrees left 3.2 and less (one truncated SPECT 4.1), mirrored pictures 4 and more.
MAX_UNEXPLAINED_MM = 3.5


def objection(evidence: RegistrationEvidence, correction: RigidTransform | None) -> str | None:
    """Return why a result must not be trusted, or None.

    Parameters
    ----------
    evidence : RegistrationEvidence
        What the other searches say.
    correction : RigidTransform or None
        From a shared frame to the proposal; None when there is no shared frame.
    """
    if correction is not None:
        shift = correction.shift_mm_at(evidence.neck.center_lps)
        if shift > MAX_SHIFT_MM or correction.angle_deg > MAX_ROTATION_DEG:
            return (
                f"it asks for a correction of {shift:.0f} mm and {correction.angle_deg:.0f}°, "
                f"more than the {MAX_SHIFT_MM:.0f} mm and {MAX_ROTATION_DEG:.0f}° that are "
                "plausible."
            )
    least = MIN_CORRELATION.get(evidence.modality, MIN_CORRELATION["NM"])
    if evidence.correlation < least:
        return (
            "the pictures agree too little afterwards (correlation "
            f"{evidence.correlation:.2f}; expected at least {least:.2f})."
        )
    mirrored, rescaled = evidence.mirrored, evidence.rescaled
    if mirrored is not None and is_better(mirrored, MAX_MIRRORED_GAIN):
        return _sides(mirrored)
    if rescaled is not None and is_better(rescaled, MAX_RESCALED_GAIN):
        return (
            "the pictures agree better when one of them is made larger or smaller by 8%, as a "
            f"whole, across or along the body (correlation {rescaled.correlation:.2f} instead of "
            f"{rescaled.instead_of:.2f}). The stated size of its voxels may be wrong."
        )
    if evidence.drop < MIN_DROP:
        return (
            f"moving it by 8 mm makes hardly a difference (correlation falls by "
            f"{evidence.drop:.3f}; expected at least {MIN_DROP:.3f})."
        )
    for name, words in (
        ("second opinion", "a search that knows nothing of bone"),
        ("reverse", "registering the other way round"),
        ("neck box", "registering the neck alone"),
    ):
        distance, most = evidence.at_neck_mm(name), MAX_DISAGREEMENT_MM[name]
        if distance > most:
            return (
                f"{words} ends {distance:.1f} mm away in the neck (expected at most {most:.1f} mm)."
            )
    if neck_moved(evidence) and evidence.pieces and evidence.pieces.bend_deg > MAX_BEND_DEG:
        return (
            f"upper and lower neck would have to be turned by {evidence.pieces.bend_deg:.0f}° "
            f"against each other, more than the {MAX_BEND_DEG:.0f}° that are plausible."
        )
    if evidence.overlap < MIN_OVERLAP:
        return (
            f"only {evidence.overlap:.0%} of the neck lies inside both scans (expected at least "
            f"{MIN_OVERLAP:.0%})."
        )
    return None


def uncertain(evidence: RegistrationEvidence) -> str | None:
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


def _largest_doubt(evidence: RegistrationEvidence) -> str:
    words = {
        "blocks": "different parts of the body pull in different directions",
        "second opinion": "a search that knows nothing of bone ends elsewhere",
        "reverse": "registering the other way round ends elsewhere",
        "neck box": "the neck alone asks for another position",
        "pieces": "upper and lower neck ask for different positions",
        "level": "single levels of the neck ask for other positions",
    }
    name = max(words, key=evidence.at_neck_mm)
    return f"{words[name]} ({evidence.at_neck_mm(name):.1f} mm)"


def _sides(mirrored: Rival) -> str:
    return (
        "the pictures agree better when left and right are exchanged (correlation of details "
        f"{mirrored.correlation:.2f} instead of {mirrored.instead_of:.2f}). Check the sides in "
        "the original images before reading any of them."
    )


def is_better(rival: Rival, least: float) -> bool:
    """Return whether a rival makes the pictures agree better, beyond a limit and chance."""
    return rival.gain > least and rival.gain > SURE_GAIN_ERRORS * rival.error


def asked(evidence: RegistrationEvidence | None, *, told: str = "") -> tuple[Finding, ...]:
    """Ask a person about the sides where the pictures speak against them, perhaps by chance.

    Parameters
    ----------
    evidence : RegistrationEvidence or None
        None where no search came to an end.
    told : str, optional
        What it is refused for; the sides are not asked for twice.
    """
    mirrored = None if evidence is None else evidence.mirrored
    if mirrored is None or mirrored.gain <= MAX_MIRRORED_GAIN or told == _sides(mirrored):
        return ()
    return (SIDES_UNSURE(exchanged=mirrored.correlation, stated=mirrored.instead_of),)


def second_method(evidence: RegistrationEvidence) -> Finding:
    """Say where the independent method ends, seen from the proposal."""
    away = evidence.independent_mm
    if away is None:
        return SECOND_METHOD_SILENT(problem=evidence.independent.problem)
    if away > MAX_INDEPENDENT_MM:
        return SECOND_METHOD_DISAGREES(away_mm=away, limit_mm=MAX_INDEPENDENT_MM)
    return SECOND_METHOD_AGREES(away_mm=away)


def bent(pieces: NeckCorrection, covariance: FloatArray) -> bool:
    """Return whether the neck bent between the scans, beyond what the pictures leave open.

    Parameters
    ----------
    pieces : NeckCorrection
        Upper and lower neck apart.
    covariance : (12, 12) ndarray of float64
        Of the small motions of both.
    """
    return (
        pieces.bend_deg > NECK_BEND_DEG
        and pieces.bend_significance(covariance) > NECK_BEND_SIGNIFICANCE
    )


def neck_moved(evidence: RegistrationEvidence) -> str | None:
    """Return what speaks for a neck that moved, in words, or None."""
    pieces, covariance = evidence.pieces, evidence.pieces_covariance
    if pieces is None or covariance is None or not bent(pieces, covariance):
        return None
    return (
        f"upper and lower neck ask for positions that are turned by {pieces.bend_deg:.1f}° against "
        f"each other and up to {evidence.at_neck_mm('pieces'):.1f} mm from the rigid proposal."
    )
