"""The functional volume on the CT's grid, as a derived Nuclear Medicine Image.

The modality stays NM, the geometry is the CT's, and values carry their unit in a Real World Value
Mapping (docs/sources.md#derived-nm). Stored value 0 means *outside the field of view* (Pixel
Padding Value); the smallest real value is stored as 1.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from io import BufferedIOBase
from pathlib import Path

import numpy as np
import numpy.typing as npt
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import NuclearMedicineImageStorage
from pydicom.valuerep import format_number_as_ds

from fusion.dicom import SPATIAL_RESAMPLING, items, text
from fusion.errors import GeometryError
from fusion.export.dicom.header import copy_attributes, new_object
from fusion.export.dicom.stand_ins import instance_references
from fusion.export.edition import Edition
from fusion.export.handout import Handout
from fusion.geometry import Grid
from fusion.software import DISCLAIMER

#: Unit on screen to UCUM code and meaning (PS3.16 CID 84 and 85).
UCUM = {
    "Bq/mL": ("Bq/ml", "Becquerels/milliliter"),
    "kBq/mL": ("kBq/ml", "Kilobecquerels/milliliter"),
    "SUVbw g/mL": ("g/ml{SUVbw}", "Standardized Uptake Value body weight"),
    "counts": ("{counts}", "Counts"),
    "counts/s": ("{counts}/s", "Counts per second"),
    "proportional counts": ("{propcounts}", "Proportional to counts"),
}

_ACQUISITION = (
    "AcquisitionDate",
    "AcquisitionTime",
    "PatientOrientationCodeSequence",
    "PatientGantryRelationshipCodeSequence",
    "EnergyWindowInformationSequence",
    "RadiopharmaceuticalInformationSequence",
    "RotationInformationSequence",
)
#: Attributes of PET radiopharmaceutical items that the NM object does not know.
_NOT_IN_NM = (
    "RadionuclideHalfLife",
    "RadionuclidePositronFraction",
    "RadiopharmaceuticalStartDateTime",
    "RadiopharmaceuticalStopDateTime",
)
_STORED_TOP = np.iinfo(np.uint16).max
#: Name of the file.
DERIVED_NM = "spect_on_ct.dcm"


def export_derived_nm(handout: Handout, folder: Path) -> tuple[Path, ...]:
    """Write the functional volume on the CT's grid, or on the display grid where that is tilted."""
    review, fused = handout.review, handout.review.fused
    # A tilted CT has no place in the NM object; the straight display grid has.
    bent = fused.registration.is_bent
    grid = fused.ct.grid if fused.ct.grid.is_orthogonal and not bent else fused.display_grid
    native = fused.spect.values()
    path = folder / DERIVED_NM
    write_derived_nm(
        path,
        fused.spect_slabs_on(grid, handout.progress),
        grid=grid,
        unit=fused.spect.unit,
        source=review.pair.spect.header,
        source_references=instance_references(review.pair.spect),
        description=fused.spect.source.description or review.spect_label,
        value_range=(float(native.min()), float(native.max())),
        edition=handout.edition,
    )
    return (path,)


def write_derived_nm(
    path: Path,
    values: Iterable[npt.NDArray[np.float32]],
    *,
    grid: Grid,
    unit: str,
    source: Dataset,
    source_references: Sequence[tuple[str, str]],
    description: str,
    value_range: tuple[float, float],
    edition: Edition,
) -> None:
    """Write a functional volume on an orthogonal grid.

    Parameters
    ----------
    path : Path
        File to write.
    values : iterable of (j, i) or (n, j, i) ndarray of float32
        Planes or slabs along k, in order, in ``unit``; ``nan`` outside the field.
    grid : Grid
        Where the values are; must be orthogonal and state its Frame of Reference.
    unit : str
        Unit of the values.
    source : Dataset
        Header of the volume that was resampled: patient, study and tracer are taken from it.
    source_references : sequence of (SOP Class UID, SOP Instance UID)
        The instances the values came from.
    description : str
        Series Description of the source.
    value_range : (float, float)
        Smallest and largest value of the source, in ``unit``.
    edition : Edition
        When it was made and what it is called.

    Raises
    ------
    GeometryError
        The grid is sheared, or has no Frame of Reference.
    """
    if not grid.is_orthogonal:
        raise GeometryError("Tilted slices cannot be written as a Nuclear Medicine image.")
    if grid.frame_of_reference_uid is None:
        raise GeometryError(
            "The CT states no coordinate system (DICOM Frame of Reference), so the image cannot be "
            "placed."
        )
    ds = new_object(path, sop_class_uid=NuclearMedicineImageStorage, source=source, edition=edition)
    copy_attributes(source, ds, _ACQUISITION)
    _series(ds, grid, edition.described(f"On CT grid: {description}"))
    ds.SeriesNumber = edition.series_number(9001)
    _isotope(ds, dose_in_bq=text(source, "Modality") == "PT")
    _geometry(ds, grid)
    _derivation(ds, source, source_references)
    # A whole CT of 16 bits is held twice otherwise: as an array, and as the bytes of the file.
    with tempfile.TemporaryFile(dir=path.parent) as file:
        pixels: BufferedIOBase = getattr(file, "file", file)
        _pixels(ds, values, pixels, unit, value_range)
        ds.save_as(path, enforce_file_format=True)


def _series(ds: Dataset, grid: Grid, described: str) -> None:
    ds.Modality = "NM"
    ds.SeriesDescription = described
    ds.FrameOfReferenceUID = grid.frame_of_reference_uid
    ds.PositionReferenceIndicator = ""
    ds.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.ImageComments = DISCLAIMER
    ds.setdefault("AcquisitionDate", "")
    ds.setdefault("AcquisitionTime", "")


def _isotope(ds: Dataset, *, dose_in_bq: bool) -> None:
    for keyword in (
        "PatientOrientationCodeSequence",
        "PatientGantryRelationshipCodeSequence",
        "EnergyWindowInformationSequence",
        "RadiopharmaceuticalInformationSequence",
        "RotationInformationSequence",
    ):
        if keyword not in ds:
            setattr(ds, keyword, [])
    ds.NumberOfRotations = max(1, len(ds.RotationInformationSequence))
    ds.CountsAccumulated = None
    windows = items(ds, "EnergyWindowInformationSequence")
    ds.NumberOfEnergyWindows = 1
    if len(windows) > 1:
        ds.EnergyWindowInformationSequence = [windows[0]]
    for item in items(ds, "RadiopharmaceuticalInformationSequence"):
        if dose_in_bq and item.get("RadionuclideTotalDose") is not None:
            # Bq in the PET object, MBq in the NM object (PS3.3 C.8.9.2 and C.8.4.10.1.7).
            item.RadionuclideTotalDose = format_number_as_ds(
                float(item.RadionuclideTotalDose) / 1e6
            )
        for keyword in _NOT_IN_NM:
            if keyword in item:
                del item[keyword]
        item.setdefault("RadionuclideCodeSequence", [])
        item.setdefault("RadiopharmaceuticalRoute", "")
        item.setdefault("RadiopharmaceuticalVolume", None)
        item.setdefault("RadiopharmaceuticalStartTime", None)
        item.setdefault("RadionuclideTotalDose", None)
        item.setdefault("Radiopharmaceutical", "")


def _geometry(ds: Dataset, grid: Grid) -> None:
    slices, rows, columns = grid.shape
    k, j, i = grid.directions
    spacing = grid.spacing_mm
    # Spacing Between Slices is signed along row × column (PS3.3 C.8.4.15).
    sign = 1.0 if float(np.cross(i, j) @ k) > 0 else -1.0
    ds.NumberOfFrames = ds.NumberOfSlices = slices
    ds.Rows, ds.Columns = rows, columns
    ds.PixelSpacing = [format_number_as_ds(spacing[1]), format_number_as_ds(spacing[2])]
    ds.SliceThickness = format_number_as_ds(spacing[0])
    ds.SpacingBetweenSlices = format_number_as_ds(sign * spacing[0])
    ds.FrameIncrementPointer = 0x00540080
    ds.SliceVector = list(range(1, slices + 1))
    detector = Dataset()
    detector.CollimatorType = ""
    detector.FieldOfViewShape = "RECTANGLE"
    detector.ImageOrientationPatient = [format_number_as_ds(v) for v in (*i, *j)]
    detector.ImagePositionPatient = [format_number_as_ds(v) for v in grid.affine[:3, 3]]
    ds.NumberOfDetectors = 1
    ds.DetectorInformationSequence = [detector]


def _pixels(
    ds: Dataset,
    values: Iterable[npt.NDArray[np.float32]],
    file: BufferedIOBase,
    unit: str,
    value_range: tuple[float, float],
) -> None:
    low, high = value_range
    slope = (high - low) / (_STORED_TOP - 1) or 1.0
    for part in values:
        for plane in part.reshape(-1, *part.shape[-2:]):  # to keep the float copy small
            scaled = np.rint((plane.astype(np.float64) - low) / slope) + 1
            outside = ~np.isfinite(scaled)
            scaled[outside] = 0
            file.write(scaled.clip(0, _STORED_TOP).astype("<u2").tobytes())
    file.seek(0)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 0
    ds.PixelPaddingValue = 0
    mapping = Dataset()
    mapping.RealWorldValueFirstValueMapped = 1
    mapping.RealWorldValueLastValueMapped = _STORED_TOP
    mapping.RealWorldValueSlope = float(slope)
    mapping.RealWorldValueIntercept = float(low - slope)
    mapping.LUTExplanation = f"Uptake in {unit}"
    mapping.LUTLabel = "UPTAKE"
    value, meaning = UCUM.get(unit, (unit[:16], unit[:64]))
    mapping.MeasurementUnitsCodeSequence = [CodedConcept(value, "UCUM", meaning)]
    ds.RealWorldValueMappingSequence = [mapping]
    ds.PixelData = file
    ds["PixelData"].VR = "OW"


def _derivation(ds: Dataset, source: Dataset, source_references: Sequence[tuple[str, str]]) -> None:
    ds.DerivationDescription = "Resampled onto the slices of the CT"
    ds.DerivationCodeSequence = [CodedConcept(SPATIAL_RESAMPLING, "DCM", "Spatial resampling")]
    corrected = text(source, "CorrectedImage")
    if corrected:
        ds.CorrectedImage = source.CorrectedImage
    references = []
    for class_uid, sop_uid in source_references:
        reference = Dataset()
        reference.ReferencedSOPClassUID = class_uid
        reference.ReferencedSOPInstanceUID = sop_uid
        reference.PurposeOfReferenceCodeSequence = [
            CodedConcept("121322", "DCM", "Source image for image processing operation")
        ]
        references.append(reference)
    ds.SourceImageSequence = references
