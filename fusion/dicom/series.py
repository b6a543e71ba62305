"""What a study holds: studies, series, and the volumes that can be made from them.

Describing a volume needs headers only and is cheap; :class:`VolumePlan` says exactly which frame
of which instance fills which slice, so that reading the pixels later cannot decide anything new
about geometry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from fusion.dicom.files.instance import Instance, text
from fusion.findings import Finding
from fusion.geometry import Grid


class Kind(StrEnum):
    """What a series is, in the words of ``facetfusion scan``."""

    CT = "ct"
    SPECT = "spect"
    PET = "pet"
    PLANAR = "planar"
    PROJECTIONS = "projections"
    LOCALIZER = "localizer"
    REGISTRATION = "registration"
    OTHER = "other"
    UNREADABLE = "unreadable"

    @property
    def label(self) -> str:
        """What people call a volume of it: ``"CT"``, ``"SPECT"`` or ``"PET"``."""
        return self.value.upper()

    @property
    def words(self) -> str:
        """What people call a series of it."""
        return self.label if self in (Kind.CT, Kind.SPECT, Kind.PET) else self.value

    @property
    def is_functional(self) -> bool:
        """Whether the series may hold a reconstructed tracer distribution."""
        return self in (Kind.SPECT, Kind.PET)


class Planner(StrEnum):
    """Who can make volumes of an object."""

    NM = "nm"
    STACK = "stack"
    MULTIFRAME = "multiframe"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, eq=False)
class FrameRef:
    """One frame of one instance: the stored pixels of one slice.

    Parameters
    ----------
    instance : Instance
        The object.
    index : int
        Frame number, counted from 0.
    """

    instance: Instance
    index: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class VolumePlan:
    """A volume that can be read, or the reason why not.

    Parameters
    ----------
    volume_id : str
        Unique in the study; as shown by ``scan`` and accepted by ``--ct`` and ``--spect``.
    kind : Kind
        What it is.
    description : str
        Series Description and what tells this volume apart (energy window, gate, …).
    shape : (k, j, i) tuple of int
        Slices, rows, columns; known even when the geometry is not.
    grid : Grid or None
        None when the geometry is missing or was refused.
    frames : tuple of FrameRef
        Slice 0 first. Empty when refused before that was known.
    unit : str
        Unit after ``slope`` and ``intercept``.
    slope, intercept : (k,) ndarray of float64
        Per slice.
    suvbw_per_unit : float or None
        Factor to SUVbw in g/mL, when computable.
    findings : tuple of Finding
        About this volume.
    refusal : str or None
        Why the volume cannot be fused, one sentence a physician understands; None when it can.
    """

    volume_id: str
    kind: Kind
    description: str
    shape: tuple[int, int, int]
    grid: Grid | None
    frames: tuple[FrameRef, ...]
    unit: str
    slope: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    suvbw_per_unit: float | None = None
    findings: tuple[Finding, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One DICOM series and what can be made of it.

    Parameters
    ----------
    series_instance_uid : str
        Series Instance UID; ``""`` for files that are not DICOM.
    modality : str
        As stated by the files.
    kind : Kind
        What the series is.
    description : str
        Series Description.
    instances : tuple of Instance
        Readable objects.
    volumes : tuple of VolumePlan
        Volumes, refused ones included.
    findings : tuple of Finding
        About the series as a whole.
    planner : Planner
        Who can make volumes of it.
    """

    series_instance_uid: str
    modality: str
    kind: Kind
    description: str
    instances: tuple[Instance, ...] = field(repr=False)
    volumes: tuple[VolumePlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    planner: Planner = Planner.NOBODY


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the study says it belongs to. Never logged, never in an exception.

    Parameters
    ----------
    name, patient_id, birth_date, sex : str
        As stated by the files, made plain; empty when absent.
    """

    name: str = field(repr=False)
    patient_id: str = field(repr=False)
    birth_date: str = field(repr=False)
    sex: str = ""

    @classmethod
    def of(cls, dataset: Dataset) -> Patient:
        """Return the identity that one object states."""
        return cls(
            name=text(dataset, "PatientName"),
            patient_id=text(dataset, "PatientID"),
            birth_date=text(dataset, "PatientBirthDate"),
            sex=text(dataset, "PatientSex"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One DICOM study.

    Parameters
    ----------
    study_instance_uid : str
        Study Instance UID.
    patient : Patient
        Identity of the first instance; a disagreement inside the study is a Finding.
    date, description : str
        Study Date (``YYYYMMDD``) and Study Description.
    series : tuple of Series
        In the order of Series Number, then time.
    findings : tuple of Finding
        About the study as a whole.
    """

    study_instance_uid: str
    patient: Patient
    date: str
    description: str
    series: tuple[Series, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """Everything found under one path.

    Parameters
    ----------
    path : str
        What the user named.
    studies : tuple of Study
        Found studies.
    findings : tuple of Finding
        About files that belong to no study (unreadable, not DICOM, refused archive members).
    """

    path: str
    studies: tuple[Study, ...]
    findings: tuple[Finding, ...] = ()
