"""``review.json``: what was combined, the Registration, and everything a reader must know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.dicom import Candidate
from fusion.export.dicom.derived_nm import DERIVED_NM
from fusion.export.dicom.spatial_registration import REGISTRATION_RECORD, SPATIAL_REGISTRATION
from fusion.export.handout import Handout
from fusion.export.planes import PICTURES
from fusion.geometry import Volume
from fusion.json_form import write_json
from fusion.pathway import assessment_json
from fusion.review import Review
from fusion.software import DISCLAIMER, versions

REVIEW_RECORD = "review.json"
#: Version of ``review.json``; keys are only ever added.
SCHEMA_VERSION = 1


def review_json(review: Review) -> dict[str, Any]:
    """Return the content of ``review.json``; keys are documented in docs/json.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "disclaimer": DISCLAIMER,
        "simulated": review.simulated,
        "study_instance_uid": review.study.study_instance_uid,
        "ct": _input_json(review.fused.ct, review.pair.ct),
        "spect": _input_json(review.fused.spect, review.pair.spect),
        "choice": list(review.pair.reasons),
        "registration": review.fused.registration.to_json(),
        "alignment_reviewed_by": review.alignment_reviewed_by,
        "display": {
            "shape": list(review.fused.display_grid.shape),
            "affine_lps": review.fused.display_grid.affine.tolist(),
            "interpolation": review.fused.interpolation,
            "focus_lps": [round(float(v), 3) for v in review.fused.focus_lps],
        },
        "pathway": assessment_json(review.assessment),
        "assumptions": [finding.to_json() for finding in review.assumptions],
        "findings": [finding.to_json() for finding in review.findings],
        "software": versions(),
    }


def export_review_record(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write :func:`review_json`, with the names of what was written beside it."""
    written = {path.name for path in handout.written}
    outputs = {
        "derived_nm": DERIVED_NM,
        "spatial_registration": SPATIAL_REGISTRATION,
        "registration_record": REGISTRATION_RECORD,
    }
    content = {
        **review_json(handout.review),
        "outputs": {
            **{what: name if name in written else None for what, name in outputs.items()},
            "pictures": [name for name in PICTURES if name in written],
        },
    }
    path = folder / REVIEW_RECORD
    write_json(path, content)
    return (path,)


def _input_json(volume: Volume, candidate: Candidate) -> dict[str, Any]:
    source = volume.source
    return {
        "study_instance_uid": source.study_instance_uid,
        "series_instance_uid": source.series_instance_uid,
        "volume_id": source.volume_id,
        "sop_instance_uids": list(source.sop_instance_uids),
        "kind": candidate.plan.kind.value,
        "description": source.description,
        "unit": volume.unit,
        "suvbw_per_unit": volume.suvbw_per_unit,
        "shape": list(volume.grid.shape),
        "affine_lps": volume.grid.affine.tolist(),
        "frame_of_reference_uid": volume.grid.frame_of_reference_uid,
        "transfer_syntax_uids": sorted(
            {frame.instance.transfer_syntax_uid for frame in candidate.plan.frames}
        ),
    }
