"""Writes the study as true DICOM objects: CT Image Storage and NM Image Storage (RECON TOMO).

PS3.3 A.3 and A.5; the NM object follows the standard and what GE writes
(docs/sources.md#nm-geometry): geometry only in the Detector Information Sequence, a signed Spacing
Between Slices, no rescale.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    NuclearMedicineImageStorage,
)

from sample_data.parameters import SIMULATED, NeckParameters, ScanParameters, derived_uid
from sample_data.scanner import Image3

#: The study is dated; nothing about it depends on the day it was made.
SCAN_TIME = datetime(2025, 1, 15, 11, 30, 0)
#: Physical half-life of 99mTc, s (docs/sources.md#half-life).
HALF_LIFE_S = 21_626.0
CT_FOLDER = "CT"
NM_FOLDER = "NM"


def frame_of_reference_uids(neck: NeckParameters, scan: ScanParameters) -> tuple[str, str]:
    """Return the Frame of Reference UIDs of CT and SPECT; the same one unless asked otherwise."""
    ct = derived_uid(neck, scan, role="frame/ct")
    return ct, ct if scan.shared_frame_of_reference else derived_uid(neck, scan, role="frame/nm")


def bqml_per_count(scan: ScanParameters) -> float:
    """Return the concentration, Bq/ml at the start of the scan, that one count stands for.

    A voxel of SUV 1 holds the activity left of the injected dose, spread over the body weight
    at 1 g/ml: ``A0 · 2^(-t/T½) / weight`` (docs/sources.md#suv).
    """
    left = scan.dose_mbq * 1e6 * 2 ** (-scan.uptake_hours * 3600 / HALF_LIFE_S)
    return left / (scan.weight_kg * 1000) / scan.counts_per_suv


def write_ct(
    folder: Path, image: Image3, *, neck: NeckParameters, scan: ScanParameters
) -> list[Path]:
    """Write one CT Image Storage file per slice.

    Parameters
    ----------
    folder : Path
        Study folder; the files go into its subfolder ``CT``.
    image : Image3
        HU.
    neck, scan : NeckParameters, ScanParameters
        Decide the UIDs and the header.

    Returns
    -------
    list of Path
        In the order of the slices.
    """
    target = folder / CT_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for k in range(image.grid.shape[0]):
        ds = _base(neck, scan, sop_class=CTImageStorage, role=f"ct/{k}")
        ds.Modality = "CT"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.SeriesInstanceUID = derived_uid(neck, scan, role="series/ct")
        ds.SeriesNumber = 3
        ds.SeriesDescription = "CT AC NECK LOW DOSE"
        ds.FrameOfReferenceUID = frame_of_reference_uids(neck, scan)[0]
        ds.PatientPosition = scan.position
        _times(ds, SCAN_TIME + timedelta(minutes=22))
        ds.InstanceNumber = k + 1
        ds.AcquisitionNumber = 1
        position = image.grid.affine[:3, 3] + k * image.grid.affine[:3, 0]
        ds.ImagePositionPatient = _decimals(position)
        ds.ImageOrientationPatient = _decimals(image.orientation)
        ds.SliceLocation = _decimals([position[2]])[0]
        ds.SliceThickness = _decimals([scan.ct_spacing_mm[0]])[0]
        ds.PixelSpacing = _decimals(scan.ct_spacing_mm[1:])
        ds.KVP = "120"
        ds.XRayTubeCurrent = 40
        ds.ExposureTime = 800
        ds.Exposure = 32
        ds.ConvolutionKernel = "STANDARD"
        ds.GantryDetectorTilt = _decimals([scan.ct_tilt_deg])[0]
        ds.RescaleIntercept = "-1024"
        ds.RescaleSlope = "1"
        ds.RescaleType = "HU"
        ds.WindowCenter = "300"
        ds.WindowWidth = "1500"
        ds.Rows, ds.Columns = image.grid.shape[1:]
        ds.SamplesPerPixel = 1
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.BitsAllocated = 16
        ds.BitsStored = 16
        ds.HighBit = 15
        ds.PixelRepresentation = 0
        stored = (image.stored[k].astype(np.int32) + 1024).astype("<u2")
        ds.PixelData = stored.tobytes()
        path = target / f"CT_{k + 1:04d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def write_nm(folder: Path, image: Image3, *, neck: NeckParameters, scan: ScanParameters) -> Path:
    """Write one NM Image Storage file of type RECON TOMO.

    Parameters
    ----------
    folder : Path
        Study folder; the file goes into its subfolder ``NM``.
    image : Image3
        Counts.
    neck, scan : NeckParameters, ScanParameters
        Decide the UIDs and the header.
    """
    target = folder / NM_FOLDER
    target.mkdir(parents=True, exist_ok=True)
    ds = _base(neck, scan, sop_class=NuclearMedicineImageStorage, role="nm")
    frames, rows, columns = image.grid.shape
    quantitative = scan.quantity == "bqml"
    ds.Modality = "NM"
    ds.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.SeriesInstanceUID = derived_uid(neck, scan, role="series/nm")
    ds.SeriesNumber = 4
    ds.SeriesDescription = "BONE SPECT NECK OSEM AC SC RR"
    ds.FrameOfReferenceUID = frame_of_reference_uids(neck, scan)[1]
    _times(ds, SCAN_TIME)
    ds.InstanceNumber = 1
    ds.AcquisitionNumber = 1
    ds.CorrectedImage = ["ATTN", "SCAT", *(["DECY"] if quantitative else [])]
    ds.DerivationDescription = "OSEM; attenuation, scatter and resolution recovery"
    ds.NumberOfFrames = frames
    ds.FrameIncrementPointer = 0x00540080
    ds.SliceVector = list(range(1, frames + 1))
    ds.NumberOfSlices = frames
    ds.PixelSpacing = _decimals([scan.spect_voxel_mm] * 2)
    ds.SliceThickness = _decimals([scan.spect_voxel_mm])[0]
    sign = -1 if scan.negative_spacing else 1
    ds.SpacingBetweenSlices = _decimals([sign * scan.spect_voxel_mm])[0]
    ds.CountsAccumulated = int(image.stored.sum(dtype=np.int64))
    ds.Rows, ds.Columns = rows, columns
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = 16
    ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 0
    peak = int(image.stored.max())
    ds.WindowCenter = _decimals([peak / 2])[0]
    ds.WindowWidth = _decimals([max(peak, 1)])[0]
    _nm_sequences(ds, image)
    _radiopharmaceutical(ds, scan)
    if quantitative:
        ds.RealWorldValueMappingSequence = Sequence([_mapping(scan)])
    ds.PixelData = image.stored.astype("<u2").tobytes()
    path = target / "NM_RECON_TOMO.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def _base(neck: NeckParameters, scan: ScanParameters, *, sop_class: str, role: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = derived_uid(neck, scan, role=role)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = "2.25.205486935017653087396172640498331187563"
    meta.ImplementationVersionName = "FACETFUSION_SIM"
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID = derived_uid(neck, scan, role="study")
    ds.StudyID = "1"
    ds.StudyDate = SCAN_TIME.strftime("%Y%m%d")
    ds.StudyTime = SCAN_TIME.strftime("%H%M%S")
    ds.StudyDescription = f"{SIMULATED}: bone SPECT/CT neck"
    ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ""
    ds.PatientName = "SIMULATED^Not a patient"
    ds.PatientID = f"SIM-{derived_uid(neck, scan, role='patient')[-8:]}"
    ds.PatientBirthDate = "19700101"
    ds.PatientSex = "O"
    ds.PatientAge = "055Y"
    ds.PatientWeight = _decimals([scan.weight_kg])[0]
    ds.PatientSize = "1.72"
    ds.PatientComments = SIMULATED
    ds.ImageComments = SIMULATED
    ds.Manufacturer = "facetfusion"
    ds.ManufacturerModelName = "sample_data"
    ds.InstitutionName = "SIMULATED"
    ds.StationName = "SIMULATED"
    ds.SoftwareVersions = "1"
    ds.DeviceSerialNumber = "0"
    ds.PositionReferenceIndicator = ""
    # BurnedInAnnotation asks for text that identifies a patient; there is none, only the warning.
    ds.BurnedInAnnotation = "NO"
    ds.BodyPartExamined = "NECK"
    return ds


def _times(ds: Dataset, when: datetime) -> None:
    for name in ("Series", "Acquisition", "Content"):
        setattr(ds, f"{name}Date", when.strftime("%Y%m%d"))
        setattr(ds, f"{name}Time", when.strftime("%H%M%S"))


def _decimals(values: object) -> list[str]:
    # At most 16 characters (PS3.5 DS); six decimals of a millimetre.
    result = []
    for value in np.asarray(values, dtype=np.float64).ravel():
        text = f"{value:.6f}".rstrip("0").rstrip(".")
        result.append("0" if text in ("-0", "") else text)
    return result


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def _nm_sequences(ds: Dataset, image: Image3) -> None:
    window = Dataset()
    window.EnergyWindowLowerLimit = "126.5"
    window.EnergyWindowUpperLimit = "154.5"
    energy = Dataset()
    energy.EnergyWindowName = "Tc99m_EM"
    energy.EnergyWindowRangeSequence = Sequence([window])
    ds.EnergyWindowInformationSequence = Sequence([energy])
    ds.NumberOfEnergyWindows = 1

    detector = Dataset()
    detector.CollimatorGridName = "LEHR"
    detector.CollimatorType = "PARA"
    detector.ImagePositionPatient = _decimals(image.grid.affine[:3, 3])
    detector.ImageOrientationPatient = _decimals(image.orientation)
    ds.DetectorInformationSequence = Sequence([detector])
    ds.NumberOfDetectors = 1

    rotation = Dataset()
    rotation.TableHeight = "150"
    rotation.TableTraverse = "0"
    rotation.StartAngle = "0"
    rotation.AngularStep = "6"
    rotation.RotationDirection = "CC"
    rotation.RadialPosition = "180"
    rotation.ScanArc = "360"
    rotation.ActualFrameDuration = 20_000
    rotation.NumberOfFramesInRotation = 60
    ds.RotationInformationSequence = Sequence([rotation])
    ds.NumberOfRotations = 1


def _radiopharmaceutical(ds: FileDataset, scan: ScanParameters) -> None:
    injected = SCAN_TIME - timedelta(hours=scan.uptake_hours)
    item = Dataset()
    item.RadionuclideCodeSequence = Sequence([_code("72454006", "SCT", "^99m^Technetium")])
    item.Radiopharmaceutical = "Tc-99m MDP"
    item.RadiopharmaceuticalRoute = "IV"
    item.RadiopharmaceuticalStartTime = injected.strftime("%H%M%S")
    # MBq in the NM IOD (PS3.3 C.8.4.10), unlike PET.
    item.RadionuclideTotalDose = _decimals([scan.dose_mbq])[0]
    ds.RadiopharmaceuticalInformationSequence = Sequence([item])

    lying = _code("102538003", "SCT", "recumbent")
    prone = scan.position.endswith("P")
    lying.PatientOrientationModifierCodeSequence = Sequence(
        [_code("1240000", "SCT", "prone") if prone else _code("40199007", "SCT", "supine")]
    )
    ds.PatientOrientationCodeSequence = Sequence([lying])
    ds.PatientGantryRelationshipCodeSequence = Sequence(
        [
            _code("102540008", "SCT", "headfirst")
            if scan.position.startswith("H")
            else _code("102541007", "SCT", "feet-first")
        ]
    )


def _mapping(scan: ScanParameters) -> Dataset:
    item = Dataset()
    item.RealWorldValueFirstValueMapped = 0
    item.RealWorldValueLastValueMapped = 65535
    item.RealWorldValueIntercept = 0.0
    item.RealWorldValueSlope = bqml_per_count(scan)
    item.LUTExplanation = "Activity concentration"
    item.LUTLabel = "BQML"
    item.MeasurementUnitsCodeSequence = Sequence([_code("Bq/ml", "UCUM", "Becquerels/milliliter")])
    return item
