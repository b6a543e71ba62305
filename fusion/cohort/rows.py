"""What the tables of a cohort say of one study and of each of its joints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusion.dicom import UNITS
from fusion.facets import Localisation, Numbering
from fusion.json_form import rounded
from fusion.review import Review
from fusion.uptake import Quantification, every_measure


def about(
    review: Review | None, found: Localisation | None, uptake: Quantification | None
) -> dict[str, Any]:
    """Return what ``studies.csv`` says of a study beside its outcome."""
    if review is None:
        return {}
    ct, spect, registration = review.fused.ct, review.fused.spect, review.fused.registration
    row: dict[str, Any] = {
        "functional": review.spect_label,
        "unit": _unit(spect.unit),
        "simulated": review.simulated,
        "ct_slice_mm": rounded(ct.grid.spacing_mm[0], 3),
        "ct_pixel_mm": rounded(ct.grid.spacing_mm[1], 3),
        "functional_voxel_mm": rounded(spect.grid.spacing_mm[0], 3),
        "registration": registration.method.value,
        "registration_status": registration.status.value if registration.status else "",
    }
    if found is not None:
        row |= {
            "numbering": found.numbering.value,
            "joints_found": sum(facet.center_lps is not None for facet in found.facets),
            "joints_sure": sum(
                facet.center_lps is not None and facet.numbering is not Numbering.PROVISIONAL
                for facet in found.facets
            ),
        }
    if uptake is not None:
        reference = uptake.reference
        row |= {
            "joints_measured": sum(one.maximum is not None for one in uptake.uptakes),
            "resolution_mm": rounded(uptake.uptakes[0].resolution.mm),
            "reference": reference.kind.value,
            "reference_value": _number(reference.value),
            "proposals": len(uptake.proposals),
        }
    return row


def joint_rows(
    review: Review | None, found: Localisation | None, uptake: Quantification | None
) -> Iterator[dict[str, Any]]:
    """Yield what ``joints.csv`` says of each joint."""
    if review is None or found is None:
        return
    measured = {one.joint: one for one in uptake.uptakes} if uptake else {}
    grades = {one.joint: one.grade for one in uptake.proposals if one.joint} if uptake else {}
    for facet in found.facets:
        place = facet.to_json()
        x, y, z = place["center_lps"] or (None, None, None)
        row = {
            "joint": facet.joint.name,
            "level": place["level"],
            "side": place["side"],
            "state": place["status"],
            "numbering": place["numbering"] if facet.center_lps is not None else "",
            "x_lps_mm": x,
            "y_lps_mm": y,
            "z_lps_mm": z,
            "localisation_mm": rounded(facet.localisation_mm),
        }
        one = measured.get(facet.joint)
        if one is not None:
            row |= {
                "unit": _unit(one.unit),
                "in_field": rounded(one.in_field, 3),
                "registration_mm": _number(one.registration_mm),
                "spill_share": rounded(one.spill_share, 4),
                "spill_from": one.spill_from.name if one.spill_from else "",
                "merged_with": "; ".join(joint.name for joint in one.merged_with),
                "proposed_grade": grades.get(facet.joint),
                **{m.name: _number(one.values.get(m.name)) for m in every_measure()},
            }
        yield row


def _unit(unit: str) -> str:
    """Return a unit that this program knows; another is text of a file."""
    return unit if unit in UNITS else "another unit"


def _number(value: float | None) -> float | None:
    """Return a number with all of its digits; None for one that is not known or has no end."""
    return None if value is None or not np.isfinite(value) else float(value)
