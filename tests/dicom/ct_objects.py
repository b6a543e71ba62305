"""Writes CT and PET series whose geometry is known, good ones and bad ones.

Every series holds three marker voxels. Where they are is computed here voxel by voxel from the
positions that were written, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedPETImageStorage,
    ExplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

from fusion.dicom.files.instance import Instance
from fusion.dicom.series import FrameRef, VolumePlan

SLICES, ROWS, COLUMNS = 40, 64, 64
SLICE_STEP_MM = 1.5
#: Between rows, between columns: different, so that exchanging them shows.
PIXEL_SPACING_MM = (0.9, 0.7)
ORIGIN_LPS = (-22.25, -31.5, -103.5)
FIRST_MARKER = 1000

#: Row and column directions for the patient positions of a table along z.
AXIAL = (1, 0, 0, 0, 1, 0)
ORIENTATIONS = {
    "head first supine": AXIAL,
    # Since the patient coordinates turn with the patient, prone and decubitus images that are
    # not turned by the scanner have these directions.
    "head first prone": (-1, 0, 0, 0, -1, 0),
    "feet first supine, not turned": (-1, 0, 0, 0, 1, 0),
    "decubitus left": (0, 1, 0, -1, 0, 0),
    "decubitus right": (0, -1, 0, 1, 0, 0),
    "coronal": (1, 0, 0, 0, 0, -1),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "oblique": (0.936117, 0.275637, -0.218382, -0.269987, 0.961255, 0.0559556),
}

Edit = Callable[[int, Dataset], None]


@dataclass
class Written:
    """Files of a series, in order of position along +normal, and where the markers are."""

    paths: list[Path]
    folder: Path
    markers_lps: dict[int, np.ndarray] = field(default_factory=dict)

    def instances(self) -> list[Instance]:
        return [instance(path, self.folder) for path in sorted(self.folder.iterdir())]


def instance(path: Path, folder: Path) -> Instance:
    with path.open("rb") as file:
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        offset = file.tell()
    return Instance(
        path, path.name, dataset, str(dataset.file_meta.TransferSyntaxUID), pixel_tag_offset=offset
    )


def read_instances(folder: Path) -> list[Instance]:
    return [instance(path, folder) for path in sorted(folder.rglob("*.dcm"))]


def stacked(
    orientation: Sequence[float] = AXIAL,
    *,
    count: int = SLICES,
    step_mm: float = SLICE_STEP_MM,
    tilt_deg: float = 0.0,
) -> np.ndarray:
    """Positions of evenly spaced slices; a tilt moves each further along the image columns."""
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    step = np.cross(row, column) + np.tan(np.radians(tilt_deg)) * column
    return np.array(ORIGIN_LPS) + np.arange(count)[:, None] * step_mm * step


def marker_voxels(count: int) -> list[tuple[int, int, int]]:
    return [(1, 7, 50), (count // 2, 31, 12), (count - 2, 60, 33)]


def pixels_with_markers(count: int) -> np.ndarray:
    """Every slice has a value of its own, so that exchanging slices shows."""
    stored = np.zeros((count, ROWS, COLUMNS), np.int16)
    stored += np.arange(count, dtype=np.int16)[:, None, None]
    for n, voxel in enumerate(marker_voxels(count)):
        stored[voxel] = FIRST_MARKER + n
    return stored


def markers(positions: np.ndarray, orientation: Sequence[float]) -> dict[int, np.ndarray]:
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    return {
        FIRST_MARKER + n: positions[k]
        + i * PIXEL_SPACING_MM[1] * row
        + j * PIXEL_SPACING_MM[0] * column
        for n, (k, j, i) in enumerate(marker_voxels(len(positions)))
    }


def write_series(
    folder: Path,
    positions: np.ndarray,
    orientation: Sequence[float] = AXIAL,
    *,
    names: Sequence[str] | None = None,
    pet: bool = False,
    decimals: int | None = None,
    edit: Edit | None = None,
) -> Written:
    """Write one single-frame image for each position.

    ``names`` gives the file names; the default follows the order of position. ``decimals``
    rounds what is written, not what the markers are compared with. ``edit`` changes one header
    before it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = pixels_with_markers(len(positions))
    series, frame_of_reference = generate_uid(), generate_uid()
    study = generate_uid()
    paths = []
    for k, position in enumerate(positions):
        ds = _common("PT" if pet else "CT", study, series, frame_of_reference)
        ds.SOPClassUID = PositronEmissionTomographyImageStorage if pet else CTImageStorage
        ds.ImageType = ["ORIGINAL", "PRIMARY"] if pet else ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.PixelSpacing = list(PIXEL_SPACING_MM)
        ds.ImageOrientationPatient = _decimal(orientation)
        ds.ImagePositionPatient = _decimal(position, decimals)
        # Wrong on purpose: none of these may become geometry.
        ds.SliceLocation = f"{-3.3 * k:.1f}"
        ds.SpacingBetweenSlices = "7.7"
        ds.InstanceNumber = str(len(positions) - (k * 7) % len(positions))
        ds.SliceThickness = "2"
        ds.RescaleSlope, ds.RescaleIntercept = "1", "0" if pet else "-1024"
        if pet:
            ds.Units, ds.NumberOfSlices, ds.ImageIndex = "BQML", len(positions), k + 1
        else:
            ds.RescaleType = "HU"
        if edit is not None:
            edit(k, ds)
        _set_pixels(ds, stored[k])
        paths.append(folder / (names[k] if names else f"IM{k + 1:04d}"))
        save(ds, paths[-1])
    return Written(paths, folder, markers(positions, orientation))


def write_enhanced(
    path: Path,
    positions: np.ndarray,
    orientation: Sequence[float] = AXIAL,
    *,
    order: Sequence[int] | None = None,
    legacy: bool = False,
    pet: bool = False,
    edit: Callable[[Dataset], None] | None = None,
    edit_frame: Edit | None = None,
) -> Written:
    """Write one multi-frame object; ``order`` lists the slices in the order of the frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    order = range(len(positions)) if order is None else order
    ds = _common("PT" if pet else "CT", generate_uid(), generate_uid(), generate_uid())
    ds.SOPClassUID = EnhancedPETImageStorage if pet else EnhancedCTImageStorage
    if legacy:
        ds.SOPClassUID = LegacyConvertedEnhancedCTImageStorage
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    if pet:
        ds.Units = "BQML"
    ds.NumberOfFrames = len(order)

    shared = Dataset()
    measures, plane = Dataset(), Dataset()
    measures.PixelSpacing = list(PIXEL_SPACING_MM)
    measures.SliceThickness = 2
    plane.ImageOrientationPatient = _decimal(orientation)
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [plane]
    ds.SharedFunctionalGroupsSequence = [shared]

    pointer = Dataset()
    pointer.DimensionIndexPointer = 0x00209057
    ds.DimensionIndexSequence = [pointer]
    frames = []
    for k in order:
        item, place, transform, content = Dataset(), Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = _decimal(positions[k])
        transform.RescaleSlope, transform.RescaleIntercept = "1", "0" if pet else "-1024"
        transform.RescaleType = "US" if pet else "HU"
        content.StackID, content.InStackPositionNumber = "1", k + 1
        content.DimensionIndexValues = [k + 1]
        item.PlanePositionSequence = [place]
        item.PixelValueTransformationSequence = [transform]
        item.FrameContentSequence = [content]
        if legacy:
            # What a converter could not place: the attributes of the original image.
            rest = Dataset()
            rest.InstanceNumber = k + 1
            item.UnassignedPerFrameConvertedAttributesSequence = [rest]
        if edit_frame is not None:
            edit_frame(k, item)
        frames.append(item)
    ds.PerFrameFunctionalGroupsSequence = frames
    if edit is not None:
        edit(ds)
    _set_pixels(ds, pixels_with_markers(len(positions))[list(order)])
    save(ds, path)
    return Written([path], path.parent, markers(positions, orientation))


def save(ds: Dataset, path: Path) -> None:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(path, enforce_file_format=True)


def marker_errors_mm(plan: VolumePlan, written: Written) -> np.ndarray:
    """Distance of every marker, found in the pixels of the plan, from where it was written."""
    assert plan.grid is not None, plan.refusal
    stored = np.stack([decoded(frame) for frame in plan.frames])
    assert stored.shape == plan.grid.shape == plan.shape
    errors = []
    for value, truth in written.markers_lps.items():
        found = np.argwhere(stored == value)
        assert len(found) == 1
        errors.append(np.linalg.norm(plan.grid.to_lps(found[0]) - truth))
    return np.array(errors)


def decoded(frame: FrameRef) -> np.ndarray:
    pixels = pydicom.dcmread(frame.instance.path).pixel_array
    return pixels if pixels.ndim == 2 else pixels[frame.index]


def _common(modality: str, study: str, series: str, frame_of_reference: str) -> Dataset:
    ds = Dataset()
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.FrameOfReferenceUID = frame_of_reference
    ds.Modality = modality
    ds.SeriesDescription = "Neck"
    return ds


def _set_pixels(ds: Dataset, stored: np.ndarray) -> None:
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.PixelData = stored.astype("<i2").tobytes()


def _decimal(values: Sequence[float] | np.ndarray, decimals: int | None = None) -> list[str]:
    """Decimal Strings of at most 16 characters."""
    digits = 9 if decimals is None else decimals
    return [f"{float(v):.{digits}f}"[:16] for v in values]
