"""Does the CT, read back from its files, show what the truth says it shows?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
import SimpleITK as sitk
from scipy import ndimage

from sample_data import NeckParameters, ScanParameters, Segmentation, Truth, make_study
from sample_data.scanner import TEXT_HU

FACETS = ("C2-C3", "C3-C4", "C4-C5", "C5-C6", "C6-C7", "C7-T1")
JOINTS = ("C0-C1", "C1-C2", *FACETS)
Sampler = Callable[[npt.ArrayLike], npt.NDArray[np.float64]]

#: A quick scan of the middle of the neck, still fine enough to see a facet gap.
NARROW = ScanParameters(
    ct_shape=(70, 112, 112),
    ct_spacing_mm=(1.0, 0.8, 0.8),
    ct_top_mm=108.0,
    spect_shape=(12, 16, 16),
    spect_voxel_mm=8.0,
    spect_top_mm=120.0,
)


def itk_sampler(folder: Path) -> Sampler:
    """HU at LPS points, by SimpleITK alone."""
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = sitk.ReadImage(names, sitk.sitkFloat32)

    def at(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        flat = np.asarray(points, float).reshape(-1, 3)
        return np.array([image.EvaluateAtPhysicalPoint(p.tolist(), sitk.sitkLinear) for p in flat])

    return at


def header_sampler(folder: Path) -> Sampler:
    """HU at LPS points from the position of every slice: also right for a tilted gantry."""
    slices = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    positions = np.array([s.ImagePositionPatient for s in slices], float)
    cosines = np.array(slices[0].ImageOrientationPatient, float)
    dy, dx = (float(v) for v in slices[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0] = (positions[-1] - positions[0]) / (len(slices) - 1)
    affine[:3, 1] = cosines[3:] * dy
    affine[:3, 2] = cosines[:3] * dx
    affine[:3, 3] = positions[0]
    inverse = np.linalg.inv(affine)
    stack = np.stack([s.pixel_array for s in slices]).astype(np.float32)
    stack = stack * float(slices[0].RescaleSlope) + float(slices[0].RescaleIntercept)

    def at(points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        flat = np.asarray(points, float).reshape(-1, 3)
        kji = inverse[:3, :3] @ flat.T + inverse[:3, 3:]
        values: npt.NDArray[np.float64] = ndimage.map_coordinates(stack, kji, order=1)
        return values

    return at


def profile(at: Sampler, truth: Truth, level: str, side: str) -> npt.NDArray[np.float64]:
    """Mean HU along the normal of a joint, from 5 mm below to 5 mm above, every 0.25 mm."""
    joint = truth.joint(level, side)
    normal = joint.normal_lps
    across = np.cross(normal, [1.0, 0, 0])
    across /= np.linalg.norm(across)
    along = np.cross(normal, across)
    rays = [a * across + b * along for a in (-2, 0, 2) for b in (-2, 0, 2)]
    steps = np.arange(-5, 5.01, 0.25)
    points = np.array([[joint.center_lps + r + t * normal for t in steps] for r in rays])
    return at(points).reshape(len(rays), len(steps)).mean(axis=0)


def assert_gap(values: npt.NDArray[np.float64]) -> None:
    steps = np.arange(-5, 5.01, 0.25)
    middle = np.abs(steps) <= 1.5
    lowest = steps[middle][values[middle].argmin()]
    below, above = values[steps < -0.9].max(), values[steps > 0.9].max()
    assert abs(lowest) <= 0.6, (lowest, values.round())
    assert min(below, above) > 450, values.round()
    assert min(below, above) - values[middle].min() > 150, values.round()


@pytest.mark.parametrize("level", JOINTS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_each_joint_is_a_gap_between_two_bony_surfaces(
    fine_study: Truth, level: str, side: str
) -> None:
    assert_gap(profile(_sampler(fine_study), fine_study, level, side))


_cache: dict[Path, Sampler] = {}


def _sampler(truth: Truth) -> Sampler:
    return _cache.setdefault(truth.folder, itk_sampler(truth.folder / "CT"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("neck", "scan"),
    [
        pytest.param({}, {"position": "FFS"}, id="feet first", marks=pytest.mark.thorough),
        pytest.param({}, {"position": "HFP"}, id="prone", marks=pytest.mark.thorough),
        pytest.param({}, {"position": "FFP"}, id="feet first prone"),
        pytest.param({}, {"ct_tilt_deg": 12.0}, id="gantry tilt"),
        pytest.param({"shape": "kyphotic"}, {}, id="kyphotic", marks=pytest.mark.thorough),
        pytest.param({"rotation_deg": 24, "tilt_deg": 8, "size": 0.9}, {}, id="turned, small"),
    ],
)
def test_gaps_stay_where_the_truth_says(
    tmp_path: Path, neck: dict[str, object], scan: dict[str, object]
) -> None:
    truth = make_study(tmp_path, neck=NeckParameters(**neck), scan=replace(NARROW, **scan))
    at = header_sampler(truth.folder / "CT")
    for side in ("left", "right"):
        assert_gap(profile(at, truth, "C4-C5", side))


def test_positions_agree_with_simpleitk_feet_first(tmp_path: Path) -> None:
    truth = make_study(tmp_path, scan=replace(NARROW, position="FFS"))
    points = [np.add(truth.joint("C4-C5", s).center_lps, (0, 6, 2)) for s in ("left", "right")]
    ours, itk = (f(truth.folder / "CT")(points) for f in (header_sampler, itk_sampler))
    assert ours == pytest.approx(itk, abs=0.5)


def test_left_is_plus_x_and_the_spine_is_behind_the_airway(fine_study: Truth) -> None:
    for level in JOINTS:
        left, right = (fine_study.joint(level, s).center_lps[0] for s in ("left", "right"))
        assert left - right > 25
    at = _sampler(fine_study)
    body = fine_study.landmarks_lps["C5 body"]
    in_front = at([np.add(body, (0, -y, 0)) for y in np.arange(0, 60, 1.0)])
    assert in_front[0] > 150
    assert in_front.min() < -900, "airway in front"
    behind = at([np.add(body, (0, y, 0)) for y in np.arange(10, 22, 1.0)])
    assert behind.max() < 150, "canal behind"


def test_the_canal_is_wide_enough_and_not_too_wide(fine_study: Truth) -> None:
    at = _sampler(fine_study)
    # Through the middle of the C5 pedicles: the canal from its middle to bone on either side.
    body = fine_study.landmarks_lps["C5 body"]
    x = np.arange(0, 18, 0.2)
    for sign in (1, -1):
        row = at([np.add(body, (sign * d, 14.5, 2.0)) for d in x])
        assert 9.5 < x[np.argmax(row > 250)] < 13.5


def test_fused_levels_have_no_gap_and_no_disc(tmp_path: Path) -> None:
    neck = NeckParameters(fused_levels=("C4-C5",))
    truth = make_study(tmp_path, neck=neck, scan=NARROW)
    at = header_sampler(truth.folder / "CT")
    assert truth.joint("C4-C5", "left").fused
    assert truth.joint("C4-C5", "left").gap_mm == 0
    for side in ("left", "right"):
        values = profile(at, truth, "C4-C5", side)
        assert values[15:26].min() > 300
    middle = (truth.landmarks_lps["C4 body"] + truth.landmarks_lps["C5 body"]) / 2
    assert at([middle])[0] > 250
    assert not truth.joint("C5-C6", "left").fused


def test_a_cervical_rib_is_on_its_side_only(tmp_path: Path) -> None:
    scan = replace(NARROW, ct_top_mm=40.0, ct_shape=(60, 112, 150))
    neck = NeckParameters(cervical_ribs=("left",))
    truth = make_study(tmp_path, neck=neck, scan=scan)
    at = header_sampler(truth.folder / "CT")
    body = truth.landmarks_lps["C7 body"]
    reach = [
        [
            np.add(body, (sign * x, y, z))
            for x in (38, 40, 42)
            for y in range(-8, 6, 2)
            for z in range(-16, -4, 2)
        ]
        for sign in (1, -1)
    ]
    left, right = (at(points) for points in reach)
    assert (left > 300).sum() > 5
    assert (right > 300).sum() == 0


def test_an_extra_segment_makes_the_neck_longer() -> None:
    from sample_data.spine import build_spine

    height = [
        build_spine(NeckParameters(segmentation=s, hot_joints=())).head_pose[2, 3]
        for s in (Segmentation.MISSING, Segmentation.NORMAL, Segmentation.EXTRA)
    ]
    assert np.all(np.diff(height) > 13)


def test_noise_and_tissue_are_those_of_a_low_dose_ct(fine_study: Truth) -> None:
    at = _sampler(fine_study)
    body = fine_study.landmarks_lps["C4 body"]
    # Strap muscle beside the spine, away from vessels and fat.
    box = np.array(np.meshgrid([-2, 0, 2], [-2, 0, 2], np.arange(-4, 5, 2))).reshape(3, -1).T
    muscle = at(np.add(body, (40, 20, 0)) + box)
    assert 20 < muscle.mean() < 80
    assert 10 < muscle.std() < 45


def test_every_slice_says_that_it_is_simulated(fine_study: Truth) -> None:
    slices = [pydicom.dcmread(p) for p in sorted((fine_study.folder / "CT").iterdir())[::20]]
    marked = np.all([ds.pixel_array == 1024 + TEXT_HU for ds in slices], axis=0)
    assert marked[:28].sum() > 150, "the same letters in every slice"
    assert marked[28:].sum() == 0
    for ds in slices:
        assert "SIMULATED" in str(ds.PatientName)
        assert ds.ImageComments == "SIMULATED - not a patient"
        assert ds.StudyDescription.startswith("SIMULATED - not a patient")


def test_text_reads_the_right_way_round_in_a_radiological_view(tmp_path: Path) -> None:
    words = {}
    for position in ("HFS", "FFP"):
        scan = replace(NARROW, position=position, ct_shape=(8, 112, 112), ct_noise_hu=0.0)
        truth = make_study(tmp_path / position, scan=scan)
        ds = pydicom.dcmread(min((truth.folder / "CT").iterdir()))
        pixels = ds.pixel_array == 1024 + TEXT_HU
        cosines = np.array(ds.ImageOrientationPatient, float)
        if cosines[4] < 0:
            pixels = pixels[::-1]
        if cosines[0] < 0:
            pixels = pixels[:, ::-1]
        words[position] = pixels[:28, :90]
    assert words["HFS"].sum() > 100
    assert np.array_equal(words["HFS"], words["FFP"])
