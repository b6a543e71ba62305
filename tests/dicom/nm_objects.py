"""Writes NM reconstructions whose geometry is known, good ones and bad ones.

Objects A to L are those on which programs of others were tried (docs/sources.md#nm-geometry). Each
holds five marker voxels in a 20 × 24 × 32 volume; where they are is computed here, one voxel at a
time, from PS3.3 C.7.6.2.1.1 and C.8.4.15 and the numbers that were written, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, NuclearMedicineImageStorage, generate_uid

from fusion.dicom.files.instance import Instance
from fusion.dicom.series import VolumePlan

SLICES, ROWS, COLUMNS = 20, 24, 32
#: Between columns, between rows, between slices; thickness. All differ, so that exchanges show.
DX, DY, DZ, THICKNESS = 4.4, 4.8, 3.0, 3.5
ORIGIN_LPS = (-61.5, -40.25, 117.75)
#: Stored value: (slice, row, column).
MARKERS = {
    4000: (0, 0, 0),
    3500: (19, 23, 31),
    3000: (2, 5, 29),
    2500: (17, 3, 4),
    2000: (11, 20, 9),
}
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
OBLIQUE = (0.936117, 0.275637, -0.218382, -0.269987, 0.961255, 0.0559556)


def volume() -> np.ndarray:
    """Stored values, (slice, row, column) uint16: noise below the markers."""
    pixels = np.random.default_rng(7).integers(0, 300, (SLICES, ROWS, COLUMNS), dtype=np.uint16)
    for value, index in MARKERS.items():
        pixels[index] = value
    return pixels


def truth_lps(
    index: Sequence[int], *, orientation: Sequence[float], spacing: float
) -> tuple[float, float, float]:
    """Where a voxel is, in plain arithmetic."""
    k, r, c = index
    x, y = orientation[:3], orientation[3:]
    n = (
        x[1] * y[2] - x[2] * y[1],
        x[2] * y[0] - x[0] * y[2],
        x[0] * y[1] - x[1] * y[0],
    )
    return tuple(  # type: ignore[return-value]
        ORIGIN_LPS[a] + c * DX * x[a] + r * DY * y[a] + k * spacing * n[a] for a in range(3)
    )


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def energy_window(name: str, low: float, high: float) -> Dataset:
    limits = Dataset()
    limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = low, high
    item = Dataset()
    item.EnergyWindowName = name
    item.EnergyWindowRangeSequence = [limits]
    return item


def recon(
    pixels: np.ndarray | None = None,
    *,
    orientation: Sequence[float] = AXIAL,
    spacing: float | None = DZ,
    image_type: str = "RECON TOMO",
) -> Dataset:
    """A complete NM RECON TOMO object that dciodvfy finds nothing wrong with."""
    pixels = volume() if pixels is None else pixels
    count = len(pixels)
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", image_type, "EMISSION"]
    ds.SOPClassUID = NuclearMedicineImageStorage
    ds.SOPInstanceUID = generate_uid()
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20240311"
    ds.StudyTime, ds.SeriesTime, ds.AcquisitionTime, ds.ContentTime = (
        "090000",
        "123500",
        "121500",
        "123500",
    )
    ds.AccessionNumber = ""
    ds.Modality = "NM"
    ds.Manufacturer = "None"
    ds.ManufacturerModelName = "None"
    ds.DeviceSerialNumber = "1"
    ds.SoftwareVersions = "1"
    ds.ReferringPhysicianName = ""
    ds.SeriesDescription = "Bone SPECT"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "No^Body", "1", "", "O"
    ds.BodyPartExamined = "CSPINE"
    ds.SliceThickness = THICKNESS
    ds.SpacingBetweenSlices = spacing
    ds.CountsAccumulated = 0
    ds.AcquisitionTerminationCondition = "TIME"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.4.5", "1.2.3.4.5.6"
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 1, 1
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = "1.2.3.4.5.7", ""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.NumberOfFrames = count
    ds.FrameIncrementPointer = 0x00540080
    ds.Rows, ds.Columns = pixels.shape[1:]
    ds.PixelSpacing = [DY, DX]
    ds.CorrectedImage = ["UNIF", "ATTN", "DECY"]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.EnergyWindowInformationSequence = [energy_window("Tc99m", 126.0, 154.0)]
    ds.NumberOfEnergyWindows = 1
    tracer = Dataset()
    tracer.Radiopharmaceutical = "HDP"
    tracer.RadionuclideCodeSequence = [code("72454006", "SCT", "^99m^Technetium")]
    ds.RadiopharmaceuticalInformationSequence = [tracer]
    ds.NumberOfDetectors = 1
    detector = Dataset()
    detector.CollimatorType = "PARA"
    detector.ImagePositionPatient = list(ORIGIN_LPS)
    detector.ImageOrientationPatient = list(orientation)
    ds.DetectorInformationSequence = [detector]
    ds.NumberOfRotations = 1
    rotation = Dataset()
    rotation.TableHeight = 0
    rotation.RotationDirection = "CC"
    rotation.RadialPosition = 200
    rotation.ScanArc = 360
    rotation.AngularStep = 6
    rotation.StartAngle = 0
    rotation.ActualFrameDuration = 20000
    rotation.NumberOfFramesInRotation = 60
    ds.RotationInformationSequence = [rotation]
    ds.SliceVector = list(range(1, count + 1))
    ds.NumberOfSlices = count
    ds.PatientOrientationCodeSequence = [code("102538003", "SCT", "recumbent")]
    ds.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = [
        code("40199007", "SCT", "supine")
    ]
    ds.PatientGantryRelationshipCodeSequence = [code("102540008", "SCT", "headfirst")]
    ds.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()
    return ds


def gated(gates: int = 8) -> Dataset:
    """A RECON GATED TOMO; gate ``g`` (from 1) holds the volume plus ``g``."""
    ds = recon(
        np.concatenate([volume() + g for g in range(1, gates + 1)]),
        orientation=OBLIQUE,
        spacing=-DZ,
        image_type="RECON GATED TOMO",
    )
    ds.FrameIncrementPointer = [0x00540060, 0x00540070, 0x00540080]
    ds.RRIntervalVector, ds.NumberOfRRIntervals = [1] * (gates * SLICES), 1
    ds.TimeSlotVector = [g for g in range(1, gates + 1) for _ in range(SLICES)]
    ds.NumberOfTimeSlots = gates
    ds.SliceVector, ds.NumberOfSlices = list(range(1, SLICES + 1)) * gates, SLICES
    ds.BeatRejectionFlag = "N"
    interval = Dataset()
    interval.FrameTime = 100
    acquisition = Dataset()
    acquisition.DataInformationSequence = [interval]
    ds.GatedInformationSequence = [acquisition]
    return ds


def two_windows() -> Dataset:
    """A RECON TOMO with a photopeak and a scatter window; the second holds the volume plus 1."""
    ds = recon(np.concatenate([volume(), volume() + 1]), orientation=OBLIQUE, spacing=-DZ)
    # The standard foresees no RECON TOMO of several windows: whether the pointer names the window
    # or not, dciodvfy reports one error for it. Writers make them all the same.
    ds.FrameIncrementPointer = [0x00540010, 0x00540080]
    ds.EnergyWindowVector = [1] * SLICES + [2] * SLICES
    ds.NumberOfEnergyWindows = 2
    ds.EnergyWindowInformationSequence.append(energy_window("Scatter", 108.0, 126.0))
    ds.SliceVector, ds.NumberOfSlices = list(range(1, SLICES + 1)) * 2, SLICES
    return ds


def top_level_only() -> Dataset:
    ds = both_places()
    ds.DetectorInformationSequence[0].ImagePositionPatient = None
    ds.DetectorInformationSequence[0].ImageOrientationPatient = None
    return ds


def both_places() -> Dataset:
    ds = recon(orientation=OBLIQUE, spacing=-DZ)
    ds.ImagePositionPatient = list(ORIGIN_LPS)
    ds.ImageOrientationPatient = list(OBLIQUE)
    return ds


def without_geometry() -> Dataset:
    ds = recon()
    ds.DetectorInformationSequence[0].ImagePositionPatient = None
    ds.DetectorInformationSequence[0].ImageOrientationPatient = None
    return ds


def reversed_slices() -> Dataset:
    ds = recon()
    ds.SliceVector = list(range(SLICES, 0, -1))
    return ds


OBJECTS: dict[str, Callable[[], Dataset]] = {
    "A": recon,
    "B": lambda: recon(spacing=-DZ),
    "C": lambda: recon(orientation=OBLIQUE),
    "D": lambda: recon(orientation=OBLIQUE, spacing=-DZ),
    "E": lambda: recon(orientation=CORONAL, spacing=-DZ),
    "F": lambda: recon(spacing=None),
    "G": top_level_only,
    "H": both_places,
    "I": without_geometry,
    "J": gated,
    "K": two_windows,
    "L": reversed_slices,
}
#: Orientation and signed spacing of the objects whose markers can be placed.
GEOMETRY = {
    "A": (AXIAL, DZ),
    "B": (AXIAL, -DZ),
    "C": (OBLIQUE, DZ),
    "D": (OBLIQUE, -DZ),
    "E": (CORONAL, -DZ),
    "G": (OBLIQUE, -DZ),
    "H": (OBLIQUE, -DZ),
}


def single_frames() -> list[Dataset]:
    """D as 20 objects of one frame each, every one with its own position."""
    pixels = volume()
    datasets = []
    for k in range(SLICES):
        ds = recon(pixels[k : k + 1], orientation=OBLIQUE, spacing=-DZ)
        ds.DetectorInformationSequence[0].ImagePositionPatient = [
            round(value, 6) for value in truth_lps((k, 0, 0), orientation=OBLIQUE, spacing=-DZ)
        ]
        ds.InstanceNumber = k + 1
        datasets.append(ds)
    return datasets


def xeleris() -> Dataset:
    """As a GE Xeleris workstation writes it (after a public header): Modality OT, signed pixels."""
    ds = recon(spacing=-DZ)
    ds.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.Modality = "OT"
    ds.Manufacturer = "GE MEDICAL SYSTEMS"
    ds.SeriesDescription = "011118-QVolMI-TOMO64-OSEM8it6subNonePF-RR-SC-ACM"
    ds.SliceThickness = DZ
    ds.CorrectedImage = "ATTN"
    ds.PixelRepresentation = 1
    ds.ImageID = "TOMO_EM_IRACSCRR"
    ds.RadiopharmaceuticalInformationSequence[0].Radiopharmaceutical = "ATTENUATION MAPS"
    ds.WindowCenter, ds.WindowWidth = "68460.235119", "136920.470238"
    return ds


def write(dataset: Dataset, path: Path) -> Path:
    """Write a Part 10 file in Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


def read(path: Path) -> Instance:
    """Read the header alone, as the catalog does."""
    with path.open("rb") as stream:
        dataset = pydicom.dcmread(stream, stop_before_pixels=True)
        offset = stream.tell()
    return Instance(path, path.name, dataset, str(dataset.file_meta.TransferSyntaxUID), offset)


def stored(plan: VolumePlan) -> np.ndarray:
    """The stored values of a plan, read by pydicom frame by frame, (k, j, i)."""
    whole = {f.instance.path: pydicom.dcmread(f.instance.path).pixel_array for f in plan.frames}
    frames = []
    for frame in plan.frames:
        pixels = whole[frame.instance.path]
        frames.append(pixels if pixels.ndim == 2 else pixels[frame.index])
    return np.stack(frames)
