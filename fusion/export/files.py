"""``review.json``, the fused volume, the Registration and the three planes of an opened study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from fusion.dicom import Candidate
from fusion.errors import FusionError, disk_reason
from fusion.export.dicom.derived_nm import write_derived_nm
from fusion.export.dicom.spatial_registration import (
    RegisteredImages,
    instance_references,
    registration_record,
    write_spatial_registration,
)
from fusion.export.report.pictures import PictureText, write_pictures
from fusion.geometry import Volume
from fusion.json_form import write_json
from fusion.pathway import assessment_json
from fusion.progress import Progress, ProgressCallback
from fusion.review import Review, _date
from fusion.software import DISCLAIMER, versions

#: Version of ``review.json``; keys are only ever added.
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that :meth:`Review.write` made.

    Parameters
    ----------
    record, derived_nm : Path
        ``review.json`` and the resampled functional volume.
    spatial_registration, registration_record : Path
        The Registration as a DICOM object, and as readable JSON.
    pictures : tuple of Path
        Fused axial, coronal and sagittal PNG.
    """

    record: Path
    derived_nm: Path
    spatial_registration: Path
    registration_record: Path
    pictures: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file, the record first."""
        return (
            self.record,
            self.derived_nm,
            self.spatial_registration,
            self.registration_record,
            *self.pictures,
        )


def review_json(review: Review) -> dict[str, Any]:
    """Return the content of ``review.json``; keys are documented in docs/scan-and-fuse.md."""
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


def write_review(
    review: Review,
    folder: str | Path,
    *,
    point_lps: npt.ArrayLike | None = None,
    progress: ProgressCallback | None = None,
) -> Outputs:
    """Write ``review.json``, DICOM objects of the result, and the fused pictures.

    The DICOM objects are the resampled functional volume and the Registration; the latter is
    written in JSON as well.

    Parameters
    ----------
    folder : path
        Made when absent; files of the same names are replaced.
    point_lps : (3,) array_like of float, optional, mm
        The pictures pass through it; the hottest bone by default.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    FusionError
        The folder cannot be written.
    """
    report = Progress(progress)
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        report(0.0, "Drawing")
        words = PictureText(
            title=f"{review.study.description or 'Study'} {_date(review.study.date)}".strip(),
            spect_label=review.spect_label,
            simulated=review.simulated,
            warnings=tuple(finding.message for finding in review.assumptions),
        )
        pictures = write_pictures(
            target,
            review.fused,
            point_lps=review.fused.focus_lps if point_lps is None else point_lps,
            words=words,
        )
        report(0.3, "Writing the functional volume on the CT's grid")
        derived = target / "spect_on_ct.dcm"
        _write_derived(review, derived, report.part(0.3, 0.9))
        registered, registered_json = _write_registration(review, target)
        record = target / "review.json"
        content = {
            **review_json(review),
            "outputs": {
                "derived_nm": derived.name,
                "spatial_registration": registered.name,
                "registration_record": registered_json.name,
                "pictures": [path.name for path in pictures],
            },
        }
        write_json(record, content)
    except OSError as exc:
        raise FusionError(
            f"The results could not be written to {target}: {disk_reason(exc)}. Free some "
            "space or choose another folder."
        ) from exc
    report(1.0, "Done")
    return Outputs(record, derived, registered, registered_json, pictures)


def _write_derived(review: Review, path: Path, progress: ProgressCallback) -> None:
    # A tilted CT has no place in the NM object; the straight display grid has.
    bent = review.fused.registration.is_bent
    grid = (
        review.fused.ct.grid
        if review.fused.ct.grid.is_orthogonal and not bent
        else review.fused.display_grid
    )
    native = review.fused.spect.values()
    write_derived_nm(
        path,
        review.fused.spect_on(grid, progress),
        grid=grid,
        unit=review.fused.spect.unit,
        source=review.pair.spect.plan.frames[0].instance.dataset,
        source_references=instance_references(review.pair.spect),
        description=review.fused.spect.source.description or review.spect_label,
        value_range=(float(native.min()), float(native.max())),
    )


def _write_registration(review: Review, target: Path) -> tuple[Path, Path]:
    fixed = RegisteredImages.of(review.fused.ct, review.pair.ct, label="CT")
    moving = RegisteredImages.of(review.fused.spect, review.pair.spect, label=review.spect_label)
    registered = target / "spatial_registration.dcm"
    write_spatial_registration(registered, review.fused.registration, fixed=fixed, moving=moving)
    registered_json = target / "registration.json"
    content = registration_record(
        review.fused.registration,
        fixed=fixed,
        moving=moving,
        center_lps=review.fused.ct.grid.center_lps,
        simulated=review.simulated,
    )
    write_json(registered_json, content)
    return registered, registered_json


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
