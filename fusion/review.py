"""One opened study and everything known about it: the only door for viewer, cli and batch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from fusion.dicom import LEAST_COMMON_SHARE, Catalog, Pair, Patient, Study, is_of_bone, text
from fusion.errors import FusionError
from fusion.findings import Finding, worst_first
from fusion.findings.alignment import LITTLE_OVERLAP
from fusion.fused import Fused
from fusion.pathway import Assessment, Unanswered
from fusion.plain_text import iso_date, person_name
from fusion.progress import Progress, ProgressCallback
from fusion.registration import Registration


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
        return self.pair.spect.label

    @property
    def examination(self) -> str:
        """What was done: ``"bone SPECT/CT"`` where the tracer is stated to be one of bone."""
        bone = "bone " if is_of_bone(self.pair.spect.header) else ""
        return f"{bone}{self.spect_label}/CT"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything a reader must know, worst first."""
        return worst_first(
            (
                *self.opening_findings,
                *self.fused.registration.findings,
                *self.fused.spect.findings,
                *self.fused.ct.findings,
                *self.fused.findings,
                *self._overlap(),
            )
        )

    def _overlap(self) -> tuple[Finding, ...]:
        # A small bone field of the neck is a small part of a SPECT, and lies wholly inside it.
        volumes_mm3 = [
            abs(np.linalg.det(v.grid.affine[:3, :3])) * np.prod(v.grid.shape)
            for v in (self.fused.spect, self.fused.ct)
        ]
        share = self.fused.overlap
        if max(share, share * volumes_mm3[0] / volumes_mm3[1]) >= LEAST_COMMON_SHARE:
            return ()
        return (LITTLE_OVERLAP(spect=self.spect_label, share=share),)

    @property
    def assumptions(self) -> tuple[Finding, ...]:
        """Findings about what was supplied or assumed rather than stated by the files."""
        return tuple(f for f in self.findings if f.kind.assumption)

    @property
    def simulated(self) -> bool:
        """Whether the data say of themselves that they are not of a patient."""
        said = " ".join(
            text(candidate.header, keyword)
            for candidate in (self.pair.ct, self.pair.spect)
            for keyword in ("PatientName", "StudyDescription", "SeriesDescription", "ImageComments")
        )
        return "SIMULATED" in said.upper()

    @property
    def title(self) -> str:
        """Registered patient and study identity on one line, for a window title."""
        patient = self.patient
        parts = [
            person_name(patient.name) or "no name",
            f"ID {patient.patient_id or 'none'}",
            f"born {iso_date(patient.birth_date)}" if patient.birth_date else "",
            patient.sex,
            f"study of {iso_date(self.study.date)}" if self.study.date else "",
            self.study.description,
        ]
        return " · ".join(part for part in parts if part)

    def with_registration(self, registration: Registration) -> Review:
        """Return the same study seen through another Registration."""
        fused = self.fused.with_registration(registration)
        return replace(self, fused=fused, alignment_reviewed_by=None)

    def with_checked_alignment(self, progress: ProgressCallback | None = None) -> Review:
        """Return the same study, its alignment held against its images; nothing is moved.

        A scanner vouches for where it put its two images and not for a patient who lay still.
        Whatever measures at joints without anybody who looks asks the images first.

        Parameters
        ----------
        progress : callable, optional
            Told the fraction done; may raise :class:`fusion.errors.Cancelled`.
        """
        registration = self.fused.registration
        if registration.search is not None:
            return self
        from fusion.registration import checked  # here alone: a search brings much with it

        report = Progress(progress)
        found = checked(
            self.fused.ct,
            self.fused.spect,
            registration,
            progress=lambda part, _words: report(part, "Holding the alignment against the images"),
        )
        reviewed_by = self.alignment_reviewed_by  # of the transform, and that stays
        return replace(self.with_registration(found), alignment_reviewed_by=reviewed_by)

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
