"""Targets in words for the screen, as the cells of their table say them.

Knows nothing of Qt. Everything typed or foreign passes :func:`fusion.plain_text.plain` here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fusion.annotations import (
    Decision,
    Target,
)
from fusion.facets import Numbering
from fusion.plain_text import plain
from fusion.uptake import MAXIMUM, RATIO_TO_REFERENCE, quantity_text
from viewer.kit.text import clock, position_text, shortened

if TYPE_CHECKING:
    from fusion.annotations import LabelChange

#: Shapes that stand for a decision beside its word, the same as in the pictures: colour alone never
#: says it.
SYMBOLS = {Decision.POSITIVE: "●", Decision.NEGATIVE: "⊗", Decision.INDETERMINATE: "◐"}


def uptake_text(target: Target) -> str:
    """Return what was measured, in two lines: the ratio, and the maximum with its unit."""
    uptake = target.uptake
    if uptake is None:
        return "not\nmeasured"
    lines = []
    if RATIO_TO_REFERENCE.name in uptake:
        number = RATIO_TO_REFERENCE.number(uptake[RATIO_TO_REFERENCE.name])
        lines.append(f"{number} {RATIO_TO_REFERENCE.heading}")
    if MAXIMUM.name in uptake:
        lines.append(quantity_text(uptake[MAXIMUM.name], uptake.unit))
    return "\n".join(lines)


def millimetres(value: float | None) -> str:
    """Return an uncertainty; a question mark where it is not known."""
    return "?" if value is None or not math.isfinite(value) else f"{value:.1f}"


def uncertainty_text(target: Target) -> str:
    """Return both uncertainties in two lines, mm: of the SPECT here, and of the joint."""
    return (
        f"SPECT {millimetres(target.registration.uncertainty_mm)}\n"
        f"joint {millimetres(target.localisation.confidence_mm)}"
    )


def level_text(
    target: Target, change: LabelChange | None, *, confirmed: bool, provisional: bool
) -> str:
    """Return what has to be known about the level beside its name; empty when it is certain.

    Parameters
    ----------
    target : Target
        As recorded.
    change : LabelChange or None
        What the anatomy says now, when that differs.
    confirmed : bool
        Whether the reader confirmed the numbering.
    provisional : bool
        Whether there are joints now whose level is not certain.
    """
    if change is not None:
        now = "no joint" if change.placement is None else change.placement.joint.name
        return f"DISPUTED\n{now}?"
    if target.placement.is_between_levels:
        return f"or {target.placement.neighbour}?"
    recorded = target.localisation.numbering == Numbering.PROVISIONAL
    if (provisional or recorded) and not confirmed:
        return "provisional"
    return ""


def details_text(target: Target) -> str:
    """Return how a target came to be and what it rests on, a line each."""
    registration, place = target.registration, target.placement
    located = target.localisation
    confidence = f"± {millimetres(located.confidence_mm)} mm"
    if located.confidence_words:
        confidence += f" ({located.confidence_words})"
    aligned = f"± {millimetres(registration.uncertainty_mm)} mm"
    if registration.uncertainty_words:
        aligned += f" ({registration.uncertainty_words})"
    return "\n".join(
        (
            f"{target.origin.value.capitalize()} by {shortened(target.reader, 60)}, "
            f"{clock(target.time)}.",
            f"{position_text(target.point_lps)} mm; {place.distance_mm:.1f} mm from the joint's "
            f"centre, {abs(place.lateral_mm):.1f} mm {target.joint.side} of the midline, "
            f"{place.margin_mm:.1f} mm inside the border to {place.neighbour}.",
            f"Alignment: {registration.words}, {aligned}. "
            f"Joint: {plain(located.source)}, {confidence}, level {plain(located.numbering)}.",
        )
    )
