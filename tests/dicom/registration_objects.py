"""Writes Spatial Registrations in every arrangement that PS3.3 C.20.2 allows, and wrong ones.

Nothing here uses the writer of facetfusion; matrices are NumPy arrays that the tests make.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    SpatialRegistrationStorage,
    generate_uid,
)

from tests.studies import STUDY


@dataclass
class Side:
    """One item: frame, images, and the matrices of its one step, first item first."""

    frame: str | None
    images: Sequence[str] = ()
    matrices: Sequence[np.ndarray] = field(default_factory=lambda: [np.eye(4)])
    decimals: int = 12


def turn(angle_deg: float, *, axis: int = 2, shift=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Rotation about one axis through the origin, then a shift, in plain arithmetic."""
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix = np.eye(4)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    matrix[:3, 3] = shift
    return matrix


def registration(
    frame: str | None,
    sides: Iterable[Side],
    *,
    date: str = "20240312",
    time: str = "101500",
    **same: object,
) -> Dataset:
    """A complete object in study ``STUDY``; ``same`` sets attributes."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = (
        SpatialRegistrationStorage,
        generate_uid(),
        "REG",
    )
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, generate_uid()
    ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = "No^Body", "1", "O", ""
    ds.StudyDate, ds.ContentDate, ds.ContentTime = "20240311", date, time
    if frame is not None:
        ds.FrameOfReferenceUID = frame
    ds.RegistrationSequence = [_item(side) for side in sides]
    for keyword, value in same.items():
        setattr(ds, keyword, value)
    return ds


def _item(side: Side) -> Dataset:
    item, step = Dataset(), Dataset()
    if side.frame is not None:
        item.FrameOfReferenceUID = side.frame
    item.ReferencedImageSequence = []
    for uid in side.images:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, uid
        item.ReferencedImageSequence.append(reference)
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "125025", "DCM"
    code.CodeMeaning = "Visual Alignment"
    step.RegistrationTypeCodeSequence = [code]
    step.MatrixSequence = []
    for matrix in side.matrices:
        one = Dataset()
        one.FrameOfReferenceTransformationMatrixType = "RIGID"
        one.FrameOfReferenceTransformationMatrix = [
            f"{round(float(value), side.decimals):.12g}" for value in matrix.ravel()
        ]
        step.MatrixSequence.append(one)
    item.MatrixRegistrationSequence = [step]
    return item


def write(dataset: Dataset, path: Path) -> Path:
    """Write a Part 10 file in Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path
