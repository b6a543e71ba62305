"""A volume that may be used, with its series and study; and the two that are put together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from fusion.dicom.classify import names_positron_emitter
from fusion.dicom.pixels.reading import read_plan
from fusion.dicom.series import Patient, Series, Study, VolumePlan
from fusion.findings import Finding
from fusion.geometry import Grid, Volume, with_field_of_view
from fusion.progress import ProgressCallback


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A volume that could be fused, with the series and study it belongs to.

    Parameters
    ----------
    study : Study
        The study.
    series : Series
        The series.
    plan : VolumePlan
        The volume.
    """

    study: Study
    series: Series
    plan: VolumePlan

    @property
    def name(self) -> str:
        """Number and description, as ``facetfusion scan`` lists them."""
        return f"{self.plan.volume_id} ({self.plan.description or self.plan.kind.value})"

    @property
    def label(self) -> str:
        """What people call it: ``"CT"``, ``"SPECT"`` or ``"PET"``."""
        return self.plan.kind.label

    @property
    def header(self) -> Dataset:
        """Header of the volume's first object."""
        return self.plan.frames[0].instance.dataset

    @property
    def patient(self) -> Patient:
        """Identity that the volume's own first object states."""
        return Patient.of(self.header)

    @property
    def grid(self) -> Grid:
        """Grid of a volume that was not refused."""
        assert self.plan.grid is not None
        return self.plan.grid


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The CT and the functional volume to be fused.

    Parameters
    ----------
    ct, spect : Candidate
        The two volumes.
    reasons : tuple of str
        Why these, in words.
    findings : tuple of Finding
        Disagreements between the two and overrides.
    """

    ct: Candidate
    spect: Candidate
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_volume(candidate: Candidate, progress: ProgressCallback | None = None) -> Volume:
    """Read the pixels of a volume; see :func:`fusion.dicom.pixels.reading.read_plan`.

    Parameters
    ----------
    candidate : Candidate
        One of :func:`fusion.dicom.pair` or :func:`fusion.dicom.choose_ct`.
    progress : callable, optional
        Called for every frame; may raise :class:`fusion.errors.Cancelled`.
    """
    volume = read_plan(
        candidate.plan,
        study_instance_uid=candidate.study.study_instance_uid,
        series_instance_uid=candidate.series.series_instance_uid,
        progress=progress,
    )
    source = replace(volume.source, positrons=names_positron_emitter(candidate.header))
    return with_field_of_view(replace(volume, source=source))
