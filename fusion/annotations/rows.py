"""A decision as one row of a table: plain values by the names of their columns."""

from __future__ import annotations

from typing import Any

from fusion.annotations.target import Target


def row_of(target: Target) -> dict[str, Any]:
    """Return what a Target holds; every measured value has a column of its own name.

    Parameters
    ----------
    target : Target
        Whose.
    """
    uptake = target.uptake
    x, y, z = target.point_lps
    return {
        "decision": target.decision.value,
        "grade": target.grade,
        "x_lps_mm": x,
        "y_lps_mm": y,
        "z_lps_mm": z,
        "unit": uptake.unit if uptake else None,
        **(dict(uptake.entries) if uptake else {}),
        "reference": uptake.reference if uptake else None,
        "spill_share": uptake.spill_share if uptake else None,
        "spill_from": uptake.spill_from if uptake else None,
        "merged_with": "; ".join(uptake.merged_with) if uptake else None,
        "matches_pain": target.clinically_concordant,
        "in_operative_bed": target.inside_operative_bed,
        "note": target.note,
        "reader": target.reader,
        "time_utc": target.time.isoformat(),
        "registration": target.registration.method,
        "registration_uncertainty_mm": target.registration.uncertainty_mm,
        "registration_uncertainty_is": target.registration.uncertainty_words,
        "joint_found_by": target.localisation.source,
        "numbering": target.localisation.numbering,
        "localisation_uncertainty_mm": target.localisation.confidence_mm,
        "localisation_uncertainty_is": target.localisation.confidence_words,
        "joint_state": target.localisation.status or "",
        "level_margin_mm": target.placement.margin_mm,
        "software_version": target.software_version,
        "target_id": target.target_id,
        "frame_of_reference_uid": target.frame_of_reference_uid,
    }
