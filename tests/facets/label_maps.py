"""Label maps of simulated necks, painted from the solids that the CT is made of.

Nothing here is shared with the reader under test: ids are those of each tool's own documentation
(docs/sources.md#label-conventions), files are written by SimpleITK and highdicom.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import highdicom as hd
import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from fusion.geometry import Grid, Source, Volume
from sample_data import NeckParameters, ScanParameters
from sample_data.anatomy import build_anatomy, placed
from sample_data.scanner import acquire_ct, placement
from sample_data.vertebrae import bone_solids

BONES = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "T1", "T2")
IDS = {
    "totalsegmentator": dict(zip(BONES, range(50, 41, -1), strict=True)),
    "totalsegmentator-v1": dict(zip(BONES, range(41, 32, -1), strict=True)),
    "verse": dict(zip(BONES, range(1, 10), strict=True)),
    "totalspineseg": dict(zip(BONES, (*range(11, 18), 21, 22), strict=True)),
}
#: SPINEPS seg-spine: superior left and right, inferior left and right.
SUBREGIONS = {("superior", 1): 45, ("superior", -1): 46, ("inferior", 1): 47, ("inferior", -1): 48}
SCT = {
    "C1": "14806007", "C2": "39976000", "C3": "113205007", "C4": "5329002", "C5": "36978003",
    "C6": "36054005", "C7": "87391001", "T1": "64864005",
}  # fmt: skip
FRAME = "1.2.826.0.1.3680043.8.498.77"

FINE = ScanParameters(
    ct_shape=(150, 150, 150), ct_spacing_mm=(1.25, 1.0, 1.0), ct_top_mm=150.0, ct_noise_hu=25.0
)


@dataclass(frozen=True, eq=False)
class Neck:
    """A CT, the labels on its grid ``[k, j, i]``, and the true joints."""

    ct: Volume
    bones: np.ndarray  # index in BONES + 1
    processes: np.ndarray  # 45 to 48
    joints: dict[tuple[str, str], np.ndarray]

    def labels(self, convention: str) -> np.ndarray:
        table = np.zeros(len(BONES) + 1, np.uint8)
        for n, bone in enumerate(BONES, start=1):
            table[n] = IDS[convention][bone]
        return table[self.bones]


ORDINARY = NeckParameters(seed=301)


#: What makes a thing once for all workers of a run: the fixture ``once``, set for the tests.
once: Callable[[str, Callable[[Path], Neck]], Neck] | None = None


@cache
def neck(parameters: NeckParameters = ORDINARY, scan: ScanParameters = FINE) -> Neck:
    """Return a simulated neck with its labels."""
    if once is None:
        return _painted(parameters, scan)
    known = hashlib.sha256(repr((parameters, scan)).encode()).hexdigest()[:16]
    return once(f"labelled-{known}", lambda _: _painted(parameters, scan))


def _painted(parameters: NeckParameters, scan: ScanParameters) -> Neck:
    anatomy = build_anatomy(parameters)
    image = acquire_ct(anatomy, parameters, scan)
    grid = Grid(image.grid.shape, image.grid.affine, FRAME)
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "simulated")
    ct = Volume(grid, image.stored, 1.0, 0.0, "HU", source)
    to_anatomy = np.linalg.inv(placement(parameters))
    bones, processes = np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.uint8)
    for solid in bone_solids(anatomy.spine, parameters):
        if solid.name not in BONES:
            continue
        inside = _inside(solid, grid, to_anatomy)
        bones[inside] = BONES.index(solid.name) + 1
        points = placed(grid.to_lps(np.argwhere(inside)), to_anatomy)
        kind = np.zeros(len(points), np.uint8)
        for joint in anatomy.spine.joints:
            if solid.name not in (joint.upper, joint.lower) or joint.upper in ("C0", "C1"):
                continue
            offset = points - joint.center
            along = offset @ joint.normal
            across = np.linalg.norm(offset - along[:, None] * joint.normal, axis=1)
            near = (across < 7.5) & (np.abs(along) < 6.0)
            sign = 1 if joint.side == "left" else -1
            which = "inferior" if solid.name == joint.upper else "superior"
            kind[near] = SUBREGIONS[which, sign]
        processes[inside] = kind
    joints = {
        (j.level, j.side): placed(j.center, placement(parameters)) for j in anatomy.spine.joints
    }
    return Neck(ct, bones, processes, joints)


def subregions(truth: Neck, *, dens_of: str = "C2") -> np.ndarray:
    """SPINEPS ``seg-spine`` of a CT, ids as its README (2.1.3) has them: 45 to 53, 70 to 74, 80.

    ``dens_of`` names the vertebra whose uppermost part is marked as the dens.
    """
    labels = np.where(truth.bones > 0, 41, 0).astype(np.uint8)
    labels[truth.processes > 0] = truth.processes[truth.processes > 0]
    for n in range(2, len(BONES) + 1):
        k, j, i = (int(v) for v in np.argwhere(truth.bones == n).mean(axis=0))
        body = np.zeros_like(truth.bones, bool)
        body[k - 6 : k + 7, j - 22 : j - 8, i - 8 : i + 9] = True
        body &= (truth.bones == n) & (truth.processes == 0)
        height = np.nonzero(body.any(axis=(1, 2)))[0]
        labels[body] = 49
        if len(height):
            labels[height[-1]][body[height[-1]]], labels[height[0]][body[height[0]]] = 52, 53
    bone = np.argwhere(truth.bones == BONES.index(dens_of) + 1)
    top = bone[bone[:, 0] > np.quantile(bone[:, 0], 0.8)]
    labels[tuple(top.T)] = 51
    # Parts of a sacrum, far from the neck, as a map of a whole body has them.
    labels[0, :5, 0] = 70, 71, 72, 73, 74
    return labels


def _inside(solid, grid: Grid, to_anatomy: np.ndarray) -> np.ndarray:
    to_local = np.linalg.inv(solid.pose) @ to_anatomy @ grid.affine
    corners = np.array([(*c, 1) for c in np.ndindex(2, 2, 2)], float)
    box = np.array([solid.low, solid.high])
    spots = np.array([[box[int(n)][a] for a, n in enumerate(c[:3])] + [1.0] for c in corners])
    kji = (np.linalg.inv(to_local) @ spots.T)[:3]
    low = np.clip(np.floor(kji.min(axis=1)).astype(int), 0, np.array(grid.shape) - 1)
    high = np.clip(np.ceil(kji.max(axis=1)).astype(int) + 1, 0, np.array(grid.shape))
    index = np.indices(tuple(high - low)).reshape(3, -1) + low[:, None]
    x, y, z = (to_local[:3, :3] @ index + to_local[:3, 3:]).astype(np.float32)
    inside = np.zeros(grid.shape, bool)
    inside[tuple(index)] = solid.distance(x, y, z) < 0
    return inside


def write_nifti(path: Path, labels: np.ndarray, grid: Grid, *, axes: str = "RAS") -> Path:
    """Write with SimpleITK, voxels reordered so that the file runs along ``axes``."""
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing([float(v) for v in grid.spacing_mm[::-1]])
    image.SetOrigin([float(v) for v in grid.affine[:3, 3]])
    image.SetDirection([float(v) for v in grid.directions[::-1].T.ravel()])
    # SimpleITK names axes by where they come from: "RAI" runs to LPS.
    image = sitk.DICOMOrient(image, axes)
    sitk.WriteImage(image, str(path))
    return path


def slices(grid: Grid, *, frame: str = FRAME) -> list[Dataset]:
    """Headers of the CT slices that a Segmentation refers to."""
    result = []
    for k in range(grid.shape[0]):
        slice_ = Dataset()
        slice_.file_meta = FileMetaDataset()
        slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_.SOPClassUID, slice_.SOPInstanceUID = CTImageStorage, f"1.2.3.4.{k + 1}"
        slice_.StudyInstanceUID, slice_.SeriesInstanceUID = "1.1", "1.2"
        slice_.FrameOfReferenceUID = frame
        slice_.PatientID, slice_.PatientName, slice_.PatientBirthDate = "1", "Test^Neck", ""
        slice_.PatientSex, slice_.StudyID, slice_.AccessionNumber = "O", "1", ""
        slice_.StudyDate, slice_.StudyTime, slice_.ReferringPhysicianName = "", "", ""
        slice_.Modality, slice_.SeriesNumber, slice_.InstanceNumber = "CT", 1, k + 1
        slice_.Rows, slice_.Columns = grid.shape[1:]
        slice_.PixelSpacing = [float(grid.spacing_mm[1]), float(grid.spacing_mm[2])]
        slice_.SliceThickness = float(grid.spacing_mm[0])
        slice_.ImagePositionPatient = [round(float(v), 6) for v in grid.to_lps((k, 0, 0))]
        slice_.ImageOrientationPatient = [float(v) for v in grid.directions[[2, 1]].ravel()]
        slice_.PositionReferenceIndicator = ""
        result.append(slice_)
    return result


def write_segmentation(
    path: Path,
    masks: dict[str, np.ndarray],
    grid: Grid,
    *,
    kind: str = "BINARY",
    describe=None,
    frame: str = FRAME,
) -> Path:
    """Write one segment for each mask with highdicom, coded as the bone it is named after."""
    describe = describe or coded
    descriptions = [describe(n, name) for n, name in enumerate(masks, start=1)]
    if kind == "LABELMAP":
        pixels = np.zeros(grid.shape, np.uint8)
        for n, mask in enumerate(masks.values(), start=1):
            pixels[mask] = n
    else:
        pixels = np.stack(list(masks.values()), axis=-1).astype(np.uint8)
    hd.seg.Segmentation(
        source_images=slices(grid, frame=frame),
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid="1.2.3.5",
        series_number=9,
        sop_instance_uid="1.2.3.5.1",
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
    ).save_as(path)
    return path


def coded(number: int, name: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"Segment {number}",
        segmented_property_category=Code("123037004", "SCT", "Anatomical Structure"),
        segmented_property_type=Code(SCT[name], "SCT", f"{name} vertebra"),
        algorithm_type="MANUAL",
    )


def coded_process(number: int, name: str) -> hd.seg.SegmentDescription:
    """``"C5"`` or ``"C5 superior left"``."""
    bone, *rest = name.split()
    if not rest:
        return coded(number, bone)
    which, side = rest
    value = {"superior": "317665004", "inferior": "317766009"}[which]
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=Code("123037004", "SCT", "Anatomical Structure"),
        segmented_property_type=Code(value, "SCT", f"{which} articular process of vertebra"),
        algorithm_type="MANUAL",
        anatomic_regions=[Code(SCT[bone], "SCT", f"{bone} vertebra")],
    )
    modifier = Dataset()
    modifier.CodeValue = {"left": "7771000", "right": "24028007"}[side]
    modifier.CodingSchemeDesignator, modifier.CodeMeaning = "SCT", side.capitalize()
    kind = description.SegmentedPropertyTypeCodeSequence[0]
    kind.SegmentedPropertyTypeModifierCodeSequence = [modifier]
    return description
