"""When a registration is refused, and when a neck is said to have moved."""

from __future__ import annotations

import numpy as np

from fusion.geometry import RigidTransform
from fusion.registration.evidence import RegistrationEvidence

#: Correlation of the pictures in fair detail below which a result is refused: 208 valid simulated
#: cases had 0.85 and more; of 36 turned upside down or back to front, 34 had less than 0.8 and the
#: other two fail on the drop below (docs/registration.md). A PET shows much that no CT foretells:
#: the one real FDG scan at hand has 0.66, and 0.60 and less when mirrored.
MIN_CORRELATION = {"NM": 0.8, "PT": 0.63}
#: Loss of correlation, in the detail that the last step compares, when moved by 8 mm: below this
#: the search had nothing to hold on to. Valid simulated cases had 0.038 and more (idea: spec B5).
MIN_DROP = 0.03
#: Two searches that end further apart than this contradict each other, mm.
MAX_DISAGREEMENT_MM = 4.0
#: Corrections beyond these are refused on a scanner that registers by construction (spec B5).
MAX_SHIFT_MM = 40.0
MAX_ROTATION_DEG = 20.0
#: Share of the neck that the functional volume must cover (spec B5).
MIN_OVERLAP = 0.9
#: Upper and lower neck this far from the rigid proposal, mm, are a neck that moved.
NECK_MOTION_MM = 1.5

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
    if evidence.drop < MIN_DROP:
        return (
            f"moving it by 8 mm makes hardly a difference (correlation falls by "
            f"{evidence.drop:.3f}; expected at least {MIN_DROP:.3f})."
        )
    for name, words in (
        ("second opinion", "a search that knows nothing of bone"),
        ("reverse", "registering the CT to the functional volume"),
    ):
        distance = evidence.at_neck_mm(name)
        if distance > MAX_DISAGREEMENT_MM:
            return (
                f"{words} ends {distance:.1f} mm away in the neck (expected at most "
                f"{MAX_DISAGREEMENT_MM:.1f} mm)."
            )
    if evidence.overlap < MIN_OVERLAP:
        return (
            f"the functional volume covers only {evidence.overlap:.0%} of the neck (expected at "
            f"least {MIN_OVERLAP:.0%})."
        )
    return None


def neck_moved(evidence: RegistrationEvidence) -> str | None:
    """Return what speaks for a neck that moved, in words, or None."""
    pieces = evidence.pieces
    if pieces is None:
        return None
    distance = evidence.at_neck_mm("pieces")
    sigma = float(np.max(evidence.features(evidence.neck.reference_points_lps, neck=pieces)[:, 1]))
    if distance > max(NECK_MOTION_MM, 2.0 * sigma):
        return (
            f"upper and lower neck ask for positions up to {distance:.1f} mm from the rigid "
            f"proposal and {pieces.bend_deg:.1f}° from each other."
        )
    return None
