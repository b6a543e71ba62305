"""The region of uptake, held against a slow loop over the whole CT, and as other readers see it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from fusion.anatomy.joints import Joint, Side
from fusion.export.dicom.segmentation import export_segmentation
from fusion.export.dicom.structured_report import tracking_uid
from fusion.export.regions import uptake_region
from fusion.opening import open_study
from fusion.review import Review
from fusion.uptake import measure
from fusion.uptake.native import Place
from tests.dicom import ct_objects as ct
from tests.export.handed import HOT, HOT_LPS, handout_of, target_at
from tests.studies import FRAME, STUDY, write_nm
from tests.viewer import marked_study
from tests.viewer.marked_study import (
    BALLS,
    DECUBITUS,
    FFS,
    MIDDLE_LPS,
    NODDING,
    ct_lattice,
    spect_lattice,
)

#: Of the rule that the object states; written here once more, so that a change is noticed.
FRACTION, RADIUS_MM = 0.5, 7.0


def oracle(review: Review, point_lps: np.ndarray) -> set[tuple[int, int, int]]:
    """Voxels of the region by SimpleITK's geometry and a loop over every voxel nearby."""
    grid, spect = review.fused.ct.grid, review.fused.spect
    image = sitk.GetImageFromArray(spect.values().astype(np.float64))
    image.SetSpacing([float(v) for v in spect.grid.spacing_mm[::-1]])
    image.SetOrigin([float(v) for v in spect.grid.affine[:3, 3]])
    directions = spect.grid.directions[::-1].T
    image.SetDirection([float(v) for v in directions.ravel()])
    own = {}
    for kji in np.ndindex(spect.grid.shape):
        index = [int(n) for n in kji[::-1]]
        middle = image.TransformIndexToPhysicalPoint(index)
        if np.linalg.norm(np.array(middle) - point_lps) <= RADIUS_MM:
            own[tuple(index)] = image.GetPixel(index)
    top = max(own.values())
    every = np.indices(grid.shape).reshape(3, -1).T
    points = every @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    nearby = np.linalg.norm(points - point_lps, axis=1) <= RADIUS_MM
    found = set()
    for kji, point in zip(map(tuple, every[nearby].tolist()), points[nearby], strict=True):
        index = image.TransformPhysicalPointToIndex([float(v) for v in point])
        if own.get(tuple(index), -np.inf) >= FRACTION * top:
            found.add(kji)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ct_orientation", "spect_orientation"),
    [
        pytest.param("HFS", "HFS", marks=pytest.mark.thorough),
        ("FFS", "HFS"),
        pytest.param("DECUBITUS", "FFS", marks=pytest.mark.thorough),
        ("NODDING", "HFS"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_region_is_the_one_of_the_rule(
    tmp_path: Path, ct_orientation: str, spect_orientation: str
) -> None:
    orientations = {
        "HFS": marked_study.HFS,
        "FFS": FFS,
        "DECUBITUS": DECUBITUS,
        "NODDING": NODDING,
    }
    marked_study.write_study(
        tmp_path,
        ct=ct_lattice(orientations[ct_orientation]),
        spect=spect_lattice(orientations[spect_orientation], slice_mm=-4.0),
    )
    review = open_study(tmp_path)
    region = uptake_region(target_at(review, HOT, HOT_LPS), review.fused)
    found = {tuple(kji + np.array(region.start)) for kji in np.argwhere(region.mask)}
    expected = oracle(review, HOT_LPS)
    # A voxel whose value lies within rounding of the threshold may fall on either side.
    assert len(found ^ expected) <= 2
    assert len(expected) > 30


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    return open_study(marked_study.write_study(tmp_path_factory.mktemp("seg")))


def test_no_uptake_no_region(review: Review) -> None:
    outside = target_at(review, HOT, HOT_LPS + np.array([500.0, 0, 0]))
    assert uptake_region(outside, review.fused).is_empty


def test_a_hot_neighbour_is_not_outlined(review: Review) -> None:
    """The region is made of the voxels that are measured, and its highest is the maximum."""
    beside = Joint("C4-C5", HOT.side)
    where = HOT_LPS + np.array([0.0, 0.0, 12.0])
    hot, cold = target_at(review, HOT, HOT_LPS), target_at(review, beside, where)
    far = target_at(review, Joint("C5-C6", Side.RIGHT), MIDDLE_LPS - BALLS["left"])
    every = [hot, cold, far]
    fused = review.fused
    measured = measure(
        [Place(one.joint, np.array(one.point_lps)) for one in every],
        fused.spect,
        fused.registration,
    )
    for one, uptake in zip(every, measured, strict=True):
        assert uptake_region(one, fused, every).highest == uptake.maximum
    region = uptake_region(cold, fused, every)
    assert region.outlined_from == FRACTION * region.highest
    alone = uptake_region(cold, fused)
    assert alone.highest > 4 * region.highest
    points = fused.ct.grid.to_lps(np.argwhere(region.mask) + np.array(region.start))
    assert len(points) > 30
    # Half a voxel of the SPECT beyond the middle between the two, and no further.
    reach = float(np.linalg.norm(fused.spect.grid.spacing_mm)) / 2
    middle = (HOT_LPS + where)[2] / 2
    assert (points[:, 2] > middle - reach).all()


def multi_frame(folder: Path) -> Path:
    """A CT in one object with its frames out of order, and an NM."""
    count = 35

    def same(ds: Dataset) -> None:
        ds.StudyInstanceUID, ds.FrameOfReferenceUID = STUDY, FRAME
        ds.PatientName, ds.PatientID, ds.PatientSex = "No^Body", "1", "O"

    order = random.Random(5).sample(range(count), count)
    ct.write_enhanced(folder / "ct.dcm", ct.stacked(count=count), order=order, edit=same)
    write_nm(folder)
    return folder


@pytest.mark.parametrize("kind", ["single frames", "tilted", "multi-frame"])
def test_the_object_puts_the_voxels_where_they_are(kind: str, tmp_path: Path) -> None:
    if kind == "multi-frame":
        review = open_study(multi_frame(tmp_path / "study"))
        first = review.fused.focus_lps
    else:
        orientation = NODDING if kind == "tilted" else marked_study.HFS
        review = open_study(
            marked_study.write_study(tmp_path / "study", ct=ct_lattice(orientation))
        )
        first = HOT_LPS
    targets = [
        target_at(review, HOT, first),
        target_at(review, Joint("C4-C5", HOT.side), first + np.array([0.0, 0.0, 6.0])),
    ]
    handout = handout_of(review, *targets)
    regions = handout.regions
    (path,) = export_segmentation(handout, tmp_path)
    ds = pydicom.dcmread(path)
    frames = ds.pixel_array
    shared = ds.SharedFunctionalGroupsSequence[0]
    orientation = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    row, column = orientation[:3], orientation[3:]
    down, right = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    seen: dict[int, set[tuple[float, ...]]] = {1: set(), 2: set()}
    for frame, groups in zip(frames, ds.PerFrameFunctionalGroupsSequence, strict=True):
        first = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        for j, i in np.argwhere(frame):
            point = first + i * right * row + j * down * column
            seen[number].add(tuple(np.round(point, 3)))
    for number, region in enumerate(regions, start=1):
        kji = np.argwhere(region.mask) + np.array(region.start)
        points = {tuple(np.round(p, 3)) for p in review.fused.ct.grid.to_lps(kji)}
        assert seen[number] == points
        segment = ds.SegmentSequence[number - 1]
        assert segment.TrackingUID == tracking_uid(region.target)
        assert segment.SegmentDescription.startswith(
            "CT voxels within 7 mm of the target's point, in those voxels of the SPECT or PET "
            "whose centre lies as near and nearer to it than to any other decided joint, where "
            "these reach 50% of the highest of them. Not validated. Outlined from "
        )
        assert "Measured at the joint: maximum 812 counts." in segment.SegmentDescription
        site = segment.AnatomicRegionSequence[0]
        meanings = [item.CodeMeaning for item in site.AnatomicRegionModifierSequence]
        assert meanings[0] == region.target.joint.side.value.capitalize()
    assert ds.FrameOfReferenceUID == review.fused.ct.grid.frame_of_reference_uid
