"""The alignment in words for the screen. Directions are the patient's: +x left, +y posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fusion.registration import Method, Registration, Trust

if TYPE_CHECKING:
    from fusion.review import Review


#: What a shift along +x, +y and +z is called, and its opposite.
SHIFT_WORDS = (("to the left", "to the right"), ("posterior", "anterior"), ("head", "feet"))


#: What a rotation about +x, +y and +z does to the head, and its opposite.
TURN_WORDS = (
    ("nods forward", "nods back"),
    ("leans to the left", "leans to the right"),
    ("turns to the left", "turns to the right"),
)


#: Each alignment as the buttons call it.
_IN_SHORT = {
    Method.SHARED_FRAME: "scanner alignment",
    Method.STORED: "alignment stored with the study",
    Method.CORRELATION: "proposal",
    Method.NECK: "neck correction",
    Method.MANUAL: "moved by hand",
}


def status_text(registration: Registration) -> str:
    """Say in words how far the images allow the alignment to be trusted."""
    if registration.status is None:
        by_hand = registration.method is Method.MANUAL
        return "not checked since it was moved" if by_hand else "not checked"
    if registration.status is Trust.DO_NOT_TRUST:
        return "do not trust"
    return registration.status.value


def uncertainty_text(review: Review, point_lps: npt.ArrayLike) -> str:
    """Say how far off the alignment in use may be at a point, mm."""
    value = float(review.fused.registration.uncertainty_mm_at(np.asarray(point_lps)))
    if np.isnan(value):
        return "not measured"
    return "not to be trusted" if np.isinf(value) else f"up to {value:.1f} mm"


def alignment_line(review: Review, point_lps: npt.ArrayLike) -> str:
    """Say on one line what puts the SPECT where it is, whether it was reviewed, and how sure."""
    registration = review.fused.registration
    error = float(registration.uncertainty_mm_at(np.asarray(point_lps)))
    sure = "error not measured" if np.isnan(error) else f"± {error:.1f} mm"
    if np.isinf(error) or registration.status is Trust.DO_NOT_TRUST:
        sure = "NOT TO BE TRUSTED"
    reviewed = "reviewed" if review.alignment_reviewed_by else "not reviewed"
    return f"{review.spect_label}: {_IN_SHORT[registration.method]}, {reviewed}, {sure}"


def agreement_text(registration: Registration) -> str:
    """Say how well the two pictures agree, with the scanner's alignment and with the one in use."""
    search, after, method = registration.search, registration.quality, registration.method
    before = search.start_quality if search else None
    parts = []
    if before is not None and registration.start is not None:
        parts.append(f"{before.correlation:.3f} with the scanner's alignment")
    if after is not None and (method is not Method.SHARED_FRAME or not parts):
        parts.append(f"{after.correlation:.3f} with the one in use")
    elif after is None and parts:
        parts.append(
            "not measured since it was moved by hand"
            if method is Method.MANUAL
            else "not measured for the neck correction"
        )
    return f"Correlation: {', '.join(parts)}" if parts else ""
