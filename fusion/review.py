"""One opened study and everything known about it: the only door for viewer, cli and batch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.dicom.files.instance import text
from fusion.dicom.pairing import Candidate, Pair
from fusion.dicom.series import Catalog, Kind, Patient, Study
from fusion.errors import FusionError, disk_reason
from fusion.export import DISCLAIMER
from fusion.export.dicom.derived_nm import write_derived_nm
from fusion.export.dicom.spatial_registration import (
    RegisteredImages,
    instance_references,
    registration_record,
    write_spatial_registration,
)
from fusion.export.report.pictures import PictureText, write_pictures
from fusion.findings import Finding, Progress, warning, worst_first
from fusion.fused import Fused, Sample
from fusion.geometry import FloatArray, Grid, Volume
from fusion.pathway.assessment import Assessment, Unanswered, assessment_json
from fusion.registration import Registration
from fusion.software import versions

#: Version of ``review.json``; keys are only ever added.
SCHEMA_VERSION = 1
#: Codes of Findings that say what was assumed rather than read from the files.
ASSUMPTION_CODES = frozenset(
    {
        "user-geometry",
        "top-level-geometry",
        "patient-mismatch-overridden",
        "slice-vector-missing",
        "frame-stated-by-user",
        "manual-shift",
        "neck-correction-in-use",
        # A shift by hand that comes back from a file keeps its warning on every export.
        "stored-registration-large",
    }
)
#: Below this share of either volume inside the other's field a reader is told.
_LOW_OVERLAP = 0.05


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


@dataclass(frozen=True, eq=False)
class Review:
    """One opened study: a CT, a functional volume on it, and what a reader must know.

    Parameters
    ----------
    catalog : Catalog
        Everything found where the study was opened.
    pair : Pair
        Which CT and functional volume, and why.
    fused : Fused
        The two volumes and the Registration that joins them.
    opening_findings : tuple of Finding
        Findings about the study and the choice made.
    assessment : Assessment, Unanswered or None
        The pathway's answer, as recorded by a named reader, or a reader's decision to leave it
        unanswered; None when it was not asked.
    alignment_reviewed_by : str or None
        Who stated that the alignment in use was reviewed; any other transform withdraws it.
    """

    catalog: Catalog = field(repr=False)
    pair: Pair = field(repr=False)
    fused: Fused = field(repr=False)
    opening_findings: tuple[Finding, ...] = ()
    assessment: Assessment | Unanswered | None = field(default=None, repr=False)
    alignment_reviewed_by: str | None = None

    @property
    def ct(self) -> Volume:
        """The CT."""
        return self.fused.ct

    @property
    def spect(self) -> Volume:
        """The functional volume: SPECT, or PET."""
        return self.fused.spect

    @property
    def registration(self) -> Registration:
        """How the functional volume is put onto the CT."""
        return self.fused.registration

    @property
    def study(self) -> Study:
        """The study of the CT."""
        return self.pair.ct.study

    @property
    def patient(self) -> Patient:
        """Who the CT states that the study belongs to."""
        return self.pair.ct.patient

    @property
    def spect_label(self) -> str:
        """``"SPECT"`` or ``"PET"``."""
        return "PET" if self.pair.spect.plan.kind is Kind.PET else "SPECT"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything a reader must know, worst first."""
        return worst_first(
            (
                *self.opening_findings,
                *self.registration.findings,
                *self.spect.findings,
                *self.ct.findings,
                *self.fused.findings,
                *self._overlap(),
            )
        )

    def _overlap(self) -> tuple[Finding, ...]:
        # A small bone field of the neck is a small part of a SPECT, and lies wholly inside it.
        volumes_mm3 = [
            abs(np.linalg.det(v.grid.affine[:3, :3])) * np.prod(v.grid.shape)
            for v in (self.spect, self.ct)
        ]
        share = self.fused.overlap
        if max(share, share * volumes_mm3[0] / volumes_mm3[1]) >= _LOW_OVERLAP:
            return ()
        return (
            warning(
                "little-overlap",
                f"Only {share:.0%} of the functional volume lies inside the CT's field, and it "
                "covers hardly any of that. Check that the two show the same part of the body.",
            ),
        )

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """Findings about what was supplied or assumed rather than stated by the files."""
        return tuple(f for f in self.findings if f.code in ASSUMPTION_CODES)

    @property
    def simulated(self) -> bool:
        """Whether the data say of themselves that they are not of a patient."""
        said = " ".join(
            text(candidate.plan.frames[0].instance.dataset, keyword)
            for candidate in (self.pair.ct, self.pair.spect)
            for keyword in ("PatientName", "StudyDescription", "SeriesDescription", "ImageComments")
        )
        return "SIMULATED" in said.upper()

    @property
    def title(self) -> str:
        """Registered patient and study identity on one line, for a window title."""
        patient = self.patient
        parts = [
            re.sub(r"\s+", " ", patient.name.replace("^", " ")).strip() or "no name",
            f"ID {patient.patient_id or 'none'}",
            f"born {_date(patient.birth_date)}" if patient.birth_date else "",
            patient.sex,
            f"study of {_date(self.study.date)}" if self.study.date else "",
            self.study.description,
        ]
        return " · ".join(part for part in parts if part)

    @property
    def display_grid(self) -> Grid:
        """Axis-aligned grid on which both volumes are shown; see :class:`fusion.fused.Fused`."""
        return self.fused.display_grid

    @property
    def uptake_range(self) -> tuple[float, float]:
        """Default colour scale in the functional volume's unit."""
        return self.fused.uptake_range

    @property
    def focus_lps(self) -> FloatArray:
        """Where to look first, in the CT's frame, mm (3,)."""
        return self.fused.focus_lps

    def ct_display(self) -> npt.NDArray[Any]:
        """Return the CT on the display grid; see :meth:`fusion.fused.Fused.ct_display`."""
        return self.fused.ct_display()

    def ct_plane(self, axis: int, index: int) -> npt.NDArray[Any]:
        """Return one plane of the CT; see :meth:`fusion.fused.Fused.ct_plane`."""
        return self.fused.ct_plane(axis, index)

    def spect_plane(self, axis: int, index: int) -> npt.NDArray[np.float32]:
        """Return one plane of uptake; see :meth:`fusion.fused.Fused.spect_plane`."""
        return self.fused.spect_plane(axis, index)

    def spect_display(self) -> npt.NDArray[np.float32]:
        """Return the uptake on the display grid; see :meth:`fusion.fused.Fused.spect_display`."""
        return self.fused.spect_display()

    def sample_at(self, point_lps: npt.ArrayLike) -> Sample:
        """Return HU and uptake at a point; see :meth:`fusion.fused.Fused.sample_at`."""
        return self.fused.sample_at(point_lps)

    def with_registration(self, registration: Registration) -> Review:
        """Return the same study seen through another Registration."""
        fused = self.fused.with_registration(registration)
        return replace(self, fused=fused, alignment_reviewed_by=None)

    def with_alignment_reviewed(self, reader: str | None) -> Review:
        """Return the same study with the reader's statement that its alignment was reviewed.

        Parameters
        ----------
        reader : str or None
            Who says so; None withdraws the statement.

        Raises
        ------
        FusionError
            The name is blank.
        """
        if reader is not None and not reader.strip():
            raise FusionError("Say who reviewed the alignment.")
        return replace(self, alignment_reviewed_by=reader and reader.strip())

    def with_assessment(self, assessment: Assessment | Unanswered | None) -> Review:
        """Return the same study with the pathway's answer stored in it, or without any."""
        return replace(self, assessment=assessment)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``review.json``; keys are documented in docs/scan-and-fuse.md."""
        return {
            "schema_version": SCHEMA_VERSION,
            "disclaimer": DISCLAIMER,
            "simulated": self.simulated,
            "study_instance_uid": self.study.study_instance_uid,
            "ct": _input_json(self.ct, self.pair.ct),
            "spect": _input_json(self.spect, self.pair.spect),
            "choice": list(self.pair.reasons),
            "registration": self.registration.to_json(),
            "alignment_reviewed_by": self.alignment_reviewed_by,
            "display": {
                "shape": list(self.display_grid.shape),
                "affine_lps": self.display_grid.affine.tolist(),
                "interpolation": self.fused.interpolation,
                "focus_lps": [round(float(v), 3) for v in self.focus_lps],
            },
            "pathway": assessment_json(self.assessment),
            "assumptions": [finding.to_json() for finding in self.assumptions],
            "findings": [finding.to_json() for finding in self.findings],
            "software": versions(),
        }

    def write(
        self,
        folder: str | Path,
        *,
        point_lps: npt.ArrayLike | None = None,
        progress: Progress | None = None,
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
        report = progress or (lambda fraction, step: None)
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
            report(0.0, "Drawing")
            words = PictureText(
                title=f"{self.study.description or 'Study'} {_date(self.study.date)}".strip(),
                spect_label=self.spect_label,
                simulated=self.simulated,
                warnings=tuple(finding.message for finding in self.assumptions),
            )
            pictures = write_pictures(
                target,
                self.fused,
                point_lps=self.focus_lps if point_lps is None else point_lps,
                words=words,
            )
            report(0.3, "Writing the functional volume on the CT's grid")
            derived = target / "spect_on_ct.dcm"
            self._write_derived(derived, lambda part, step: report(0.3 + 0.6 * part, step))
            registered, registered_json = self._write_registration(target)
            record = target / "review.json"
            content = {
                **self.to_json(),
                "outputs": {
                    "derived_nm": derived.name,
                    "spatial_registration": registered.name,
                    "registration_record": registered_json.name,
                    "pictures": [path.name for path in pictures],
                },
            }
            _write_json(record, content)
        except OSError as exc:
            raise FusionError(
                f"The results could not be written to {target}: {disk_reason(exc)}. Free some "
                "space or choose another folder."
            ) from exc
        report(1.0, "Done")
        return Outputs(record, derived, registered, registered_json, pictures)

    def _write_derived(self, path: Path, progress: Progress) -> None:
        # A tilted CT has no place in the NM object; the straight display grid has.
        bent = self.registration.is_bent
        grid = self.ct.grid if self.ct.grid.is_orthogonal and not bent else self.display_grid
        native = self.spect.values()
        write_derived_nm(
            path,
            self.fused.spect_on(grid, progress),
            grid=grid,
            unit=self.spect.unit,
            source=self.pair.spect.plan.frames[0].instance.dataset,
            source_references=instance_references(self.pair.spect),
            description=self.spect.source.description or self.spect_label,
            value_range=(float(native.min()), float(native.max())),
        )

    def _write_registration(self, target: Path) -> tuple[Path, Path]:
        fixed = RegisteredImages.of(self.ct, self.pair.ct, label="CT")
        moving = RegisteredImages.of(self.spect, self.pair.spect, label=self.spect_label)
        registered = target / "spatial_registration.dcm"
        write_spatial_registration(registered, self.registration, fixed=fixed, moving=moving)
        registered_json = target / "registration.json"
        content = registration_record(
            self.registration,
            fixed=fixed,
            moving=moving,
            center_lps=self.ct.grid.center_lps,
            simulated=self.simulated,
        )
        _write_json(registered_json, content)
        return registered, registered_json


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "utf-8")


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


def _date(value: str) -> str:
    """Write a DICOM date as YYYY-MM-DD; anything else as it stands."""
    return re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", value)
