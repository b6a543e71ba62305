"""Writes a SPECT/CT study with balls at known places, in any patient position.

Where a voxel lies is worked out here from the numbers that are written (PS3.3 C.7.6.2.1.1 and
C.8.4.15) and by nothing else; the values then follow from the distance of the voxel to the balls.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    NuclearMedicineImageStorage,
    generate_uid,
)

#: Middle of both volumes, LPS mm; off the origin in every direction.
MIDDLE_LPS = np.array([12.0, -30.0, -420.0])
#: Balls: displacement from the middle, LPS mm. Each distance is its own, so that none can be
#: mistaken for another; nothing lies to the right, in front or towards the feet.
BALLS = {
    "left": np.array([40.0, 0.0, 0.0]),
    "posterior": np.array([0.0, 30.0, 0.0]),
    "head": np.array([0.0, 0.0, 52.0]),
}
BALL_RADIUS_MM = 6.0
HFS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
#: Feet first, slices not turned by the scanner: rows run from left to right.
FFS = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
HFP = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
#: Lying on a side, slices not turned by the scanner: columns run down, to the side that is below.
ON_A_SIDE = {
    "HFDR": (0.0, 1.0, 0.0, -1.0, 0.0, 0.0),
    "HFDL": (0.0, -1.0, 0.0, 1.0, 0.0, 0.0),
    "FFDR": (0.0, -1.0, 0.0, -1.0, 0.0, 0.0),
    "FFDL": (0.0, 1.0, 0.0, 1.0, 0.0, 0.0),
}
DECUBITUS = ON_A_SIDE["HFDR"]
#: Turned by 12° about x: slices lean towards the feet at the back.
NODDING = (1.0, 0.0, 0.0, 0.0, float(np.cos(0.21)), -float(np.sin(0.21)))
AIR_HU, TISSUE_HU, BALL_HU = -1000, 0, 1500
BACKGROUND, BALL_COUNTS = 100, 5000


@dataclass(frozen=True)
class Lattice:
    """Numbers that go into the files."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]  # slices (signed), rows, columns
    orientation: tuple[float, ...]

    @property
    def steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        row, column = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        normal = np.cross(row, column)
        return (
            normal * self.spacing_mm[0],
            column * self.spacing_mm[1],
            row * self.spacing_mm[2],
        )

    @property
    def first_lps(self) -> np.ndarray:
        half = [(n - 1) / 2 for n in self.shape]
        return MIDDLE_LPS - sum(h * step for h, step in zip(half, self.steps, strict=True))

    def points_lps(self) -> np.ndarray:
        k, j, i = np.meshgrid(*map(np.arange, self.shape), indexing="ij")
        dk, dj, di = self.steps
        return self.first_lps + k[..., None] * dk + j[..., None] * dj + i[..., None] * di


def ct_lattice(orientation: tuple[float, ...] = HFS, *, slice_mm: float = 2.5) -> Lattice:
    return Lattice((60, 64, 72), (slice_mm, 2.0, 2.0), orientation)


def spect_lattice(orientation: tuple[float, ...] = HFS, *, slice_mm: float = 4.0) -> Lattice:
    return Lattice((36, 30, 32), (slice_mm, 4.0, 4.0), orientation)


def ct_values(points_lps: np.ndarray) -> np.ndarray:
    values = np.full(points_lps.shape[:-1], TISSUE_HU, np.int16)
    values[np.linalg.norm((points_lps - MIDDLE_LPS) / (68, 60, 70), axis=-1) > 1] = AIR_HU
    for displacement in BALLS.values():
        distance = np.linalg.norm(points_lps - MIDDLE_LPS - displacement, axis=-1)
        values[distance <= BALL_RADIUS_MM] = BALL_HU
    return values


def spect_values(points_lps: np.ndarray) -> np.ndarray:
    values = np.full(points_lps.shape[:-1], float(BACKGROUND))
    for displacement in BALLS.values():
        distance = np.linalg.norm(points_lps - MIDDLE_LPS - displacement, axis=-1)
        values += BALL_COUNTS * np.exp(-0.5 * (distance / 4.0) ** 2)
    return values.astype(np.uint16)


def write_study(
    folder: Path,
    *,
    ct: Lattice | None = None,
    spect: Lattice | None = None,
    patient_name: str = "Marker^Study",
    patient_position: str = "HFS",
    description: str = "Neck SPECT/CT",
    spacing_stated: bool = True,
) -> Path:
    """Write one CT file a slice and one NM file; returns the folder."""
    ct, spect = ct or ct_lattice(), spect or spect_lattice()
    folder.mkdir(parents=True, exist_ok=True)
    study, frame = generate_uid(), generate_uid()

    def common(modality: str, sop_class: str, series: str, lattice: Lattice) -> Dataset:
        ds = Dataset()
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = sop_class, generate_uid(), modality
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = frame, ""
        ds.PatientName, ds.PatientID = patient_name, "FF-4711"
        ds.PatientBirthDate, ds.PatientSex, ds.PatientPosition = "19610203", "F", patient_position
        ds.StudyDate, ds.StudyTime, ds.StudyID = "20240311", "090000", "1"
        ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20240311"
        ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "091500"
        ds.AccessionNumber = ds.ReferringPhysicianName = ""
        ds.Manufacturer = "None"
        ds.StudyDescription, ds.SeriesDescription = description, f"{modality} neck"
        ds.SeriesNumber = 1 if modality == "CT" else 2
        ds.Rows, ds.Columns = lattice.shape[1:]
        ds.PixelSpacing = [lattice.spacing_mm[1], lattice.spacing_mm[2]]
        ds.SliceThickness = abs(lattice.spacing_mm[0])
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
        return ds

    hounsfield, series = ct_values(ct.points_lps()), generate_uid()
    for k in range(ct.shape[0]):
        ds = common("CT", CTImageStorage, series, ct)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.KVP, ds.InstanceNumber, ds.AcquisitionNumber = "130", k + 1, 1
        ds.ImageOrientationPatient = [f"{v:.10g}" for v in ct.orientation]
        ds.ImagePositionPatient = [f"{v:.10g}" for v in ct.first_lps + k * ct.steps[0]]
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "0", "HU"
        ds.PixelRepresentation = 1
        ds.PixelData = hounsfield[k].astype("<i2").tobytes()
        _save(ds, folder / f"ct{k:03d}.dcm")

    ds = common("NM", NuclearMedicineImageStorage, generate_uid(), spect)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.InstanceNumber, ds.NumberOfFrames = 1, spect.shape[0]
    ds.FrameIncrementPointer = 0x00540080
    ds.SliceVector, ds.NumberOfSlices = list(range(1, spect.shape[0] + 1)), spect.shape[0]
    ds.SpacingBetweenSlices = spect.spacing_mm[0] if spacing_stated else None
    ds.EnergyWindowVector, ds.NumberOfEnergyWindows = [1] * spect.shape[0], 1
    ds.DetectorVector, ds.NumberOfDetectors = [1] * spect.shape[0], 1
    ds.CorrectedImage = ["UNIF", "ATTN", "DECY"]
    ds.PixelRepresentation = 0
    detector = Dataset()
    detector.ImageOrientationPatient = [f"{v:.10g}" for v in spect.orientation]
    detector.ImagePositionPatient = [f"{v:.10g}" for v in spect.first_lps]
    ds.DetectorInformationSequence = [detector]
    window, limits, tracer = Dataset(), Dataset(), Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = 126.0, 154.0
    window.EnergyWindowRangeSequence = [limits]
    ds.EnergyWindowInformationSequence = [window]
    tracer.Radiopharmaceutical = "HDP"
    ds.RadiopharmaceuticalInformationSequence = [tracer]
    ds.PixelData = spect_values(spect.points_lps()).astype("<u2").tobytes()
    _save(ds, folder / "nm.dcm")
    return folder


def _save(ds: Dataset, path: Path) -> None:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(path, ds, enforce_file_format=True)
