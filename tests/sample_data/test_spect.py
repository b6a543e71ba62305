"""Does the SPECT, read back by SimpleITK, hold the uptake the truth says, where it says?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
import SimpleITK as sitk

from fusion.geometry import Grid
from sample_data import HotJoint, HotSpot, NeckParameters, ScanParameters, Truth, make_study
from sample_data.scanner import FWHM_PER_SIGMA, count

NM = "NM/NM_RECON_TOMO.dcm"
#: SPECT of the whole neck beside a CT of a few coarse slices.
SPECT_ONLY = ScanParameters(
    ct_shape=(8, 64, 64),
    ct_spacing_mm=(4.0, 3.0, 3.0),
    spect_shape=(36, 40, 40),
    spect_voxel_mm=4.42,
    spect_top_mm=160.0,
)
ONE_HOT = NeckParameters(hot_joints=(HotJoint("C5-C6", "left", 60.0),), hot_spots=())


def hottest(path: Path, *, near: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
    """LPS of the centre of mass about the hottest voxel, optionally within 12 mm of a point."""
    image = sitk.ReadImage(str(path))
    values = sitk.GetArrayFromImage(image).astype(float)
    k, j, i = np.indices(values.shape)
    index = np.stack([i, j, k], -1).reshape(-1, 3)
    matrix = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    points = index @ matrix.T + image.GetOrigin()
    flat = values.ravel()
    if near is not None:
        flat = np.where(np.linalg.norm(points - near, axis=1) < 12, flat, 0)
    peak = points[flat.argmax()]
    about = np.linalg.norm(points - peak, axis=1) < 8
    weight = np.maximum(flat[about] - 0.4 * flat.max(), 0)
    mean: npt.NDArray[np.float64] = (points[about] * weight[:, None]).sum(0) / weight.sum()
    return mean


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="negative spacing"),
        pytest.param({"negative_spacing": False}, id="positive spacing"),
        pytest.param({"position": "FFS"}, id="feet first"),
        pytest.param({"position": "HFP"}, id="prone"),
        pytest.param({"position": "FFP", "negative_spacing": False}, id="feet first prone"),
        pytest.param(
            {"misregistration_mm": (6.0, -5.0, 9.0), "misregistration_deg": (3.0, -4.0, 5.0)},
            id="misregistered",
        ),
        pytest.param({"posture_change_deg": 8.0}, id="moved neck"),
    ],
)
def test_the_hottest_place_is_the_hot_joint(tmp_path: Path, change: dict[str, object]) -> None:
    scan = replace(SPECT_ONLY, **change)
    truth = make_study(tmp_path, neck=ONE_HOT, scan=scan)
    joint = truth.joint("C5-C6", "left")
    found = hottest(truth.folder / NM)
    assert np.linalg.norm(found - joint.center_spect_lps) < 2.5
    other = truth.joint("C5-C6", "right").center_spect_lps
    assert np.linalg.norm(found - other) > 25


def test_two_hot_joints_are_two_foci_on_opposite_sides(fine_study: Truth) -> None:
    for level, side in (("C5-C6", "left"), ("C2-C3", "right")):
        center = fine_study.joint(level, side).center_spect_lps  # type: ignore[arg-type]
        found = hottest(fine_study.folder / NM, near=center)
        assert np.linalg.norm(found - center) < 3
        assert (found[0] > fine_study.landmarks_lps["C5 body"][0]) == (side == "left")


@pytest.mark.parametrize("place", ["disc C6-C7", "body C4"])
def test_a_hot_spot_that_is_no_joint_is_where_the_truth_says(tmp_path: Path, place: str) -> None:
    neck = NeckParameters(hot_joints=(), hot_spots=(HotSpot(place, 60.0),))
    truth = make_study(tmp_path, neck=neck, scan=SPECT_ONLY)
    ((name, center, suv),) = truth.spots
    assert (name, suv) == (place, 60.0)
    assert np.linalg.norm(hottest(truth.folder / NM) - center) < 2.5


def test_negative_and_positive_spacing_are_the_same_world(tmp_path: Path) -> None:
    volumes = []
    for negative in (True, False):
        scan = replace(SPECT_ONLY, negative_spacing=negative, counts_per_suv=400.0)
        truth = make_study(tmp_path / str(negative), neck=ONE_HOT, scan=scan)
        ds = pydicom.dcmread(truth.folder / NM)
        assert np.sign(ds.SpacingBetweenSlices) == (-1 if negative else 1)
        volumes.append((ds, ds.pixel_array.astype(float)))
    (neg, a), (pos, b) = volumes
    z = [
        float(ds.DetectorInformationSequence[0].ImagePositionPatient[2])
        + np.arange(36) * float(ds.SpacingBetweenSlices)
        for ds in (neg, pos)
    ]
    assert z[0][::-1] == pytest.approx(z[1], abs=1e-3)
    # Noise is drawn in file order, so the two differ by noise alone.
    assert np.corrcoef(a[::-1].ravel(), b.ravel())[0, 1] > 0.99
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] < 0.9


def test_misregistration_and_posture_are_told_by_the_truth(tmp_path: Path) -> None:
    scan = replace(SPECT_ONLY, misregistration_mm=(4.0, 0, -3.0), misregistration_deg=(0, 5.0, 0))
    rigid = make_study(tmp_path / "rigid", neck=ONE_HOT, scan=scan)
    for joint in rigid.joints:
        moved = rigid.spect_to_ct[:3, :3] @ joint.center_spect_lps + rigid.spect_to_ct[:3, 3]
        assert moved == pytest.approx(joint.center_lps)
    bent = make_study(
        tmp_path / "bent", neck=ONE_HOT, scan=replace(SPECT_ONLY, posture_change_deg=6.0)
    )
    shift = {
        j.level: float(np.linalg.norm(j.center_spect_lps - j.center_lps))
        for j in bent.joints
        if j.side == "left"
    }
    assert shift["C1-C2"] > shift["C5-C6"] > shift["C7-T1"]
    assert shift["C7-T1"] < 0.5


def point_source(scan: ScanParameters) -> npt.NDArray[np.float64]:
    """Reconstruction of a very bright point in the middle of an empty field."""
    n = 32
    grid = Grid((n, n, n), np.diag([scan.spect_voxel_mm] * 3 + [1.0]))
    suv = np.zeros((2 * n,) * 3, np.float32)
    suv[n : n + 2, n : n + 2, n : n + 2] = 4000.0
    scan = replace(scan, counts_per_suv=100.0)
    return count(suv, grid, scan, np.random.default_rng(0)).astype(float)


@pytest.mark.parametrize("resolution", [8.0, 10.0, 12.0])
def test_resolution_is_what_was_asked_for(resolution: float) -> None:
    scan = replace(SPECT_ONLY, resolution_mm=resolution)
    values = point_source(scan)
    d = scan.spect_voxel_mm
    total = values.sum()
    for axis in range(3):
        line = values.sum(axis=tuple(a for a in range(3) if a != axis))
        x = np.arange(len(line)) * d
        mean = (line * x).sum() / total
        variance = (line * (x - mean) ** 2).sum() / total
        assert np.sqrt(variance) * FWHM_PER_SIGMA == pytest.approx(resolution, abs=0.5)


def test_counts_are_poisson() -> None:
    n = 12
    scan = replace(SPECT_ONLY, counts_per_suv=0.5)
    grid = Grid((n, n, n), np.diag([scan.spect_voxel_mm] * 3 + [1.0]))
    suv = np.zeros((2 * n,) * 3, np.float32)
    suv[8:16, 8:16, 8:16] = 200.0
    totals = np.array(
        [count(suv, grid, scan, np.random.default_rng(seed)).sum(dtype=float) for seed in range(80)]
    )
    # Variance equals mean; with 80 draws the ratio is within 0.6 to 1.5 (3 standard errors).
    assert 0.6 < totals.var(ddof=1) / totals.mean() < 1.5


def test_uptake_is_that_of_a_bone_scan(fine_study: Truth) -> None:
    image = sitk.ReadImage(str(fine_study.folder / NM), sitk.sitkFloat32)
    per_suv = fine_study.scan.counts_per_suv

    def at(point: npt.ArrayLike) -> float:
        return float(image.EvaluateAtPhysicalPoint(list(map(float, point)))) / per_suv

    body = np.mean([at(fine_study.landmarks_lps[f"C{n} body"]) for n in (3, 4, 6, 7)])
    soft = at(np.add(fine_study.landmarks_lps["C5 body"], (38, 15, 0)))
    hot = at(fine_study.joint("C5-C6", "left").center_lps)
    cold = at(fine_study.joint("C5-C6", "right").center_lps)
    assert 1.8 < body < 5
    assert 0.5 < soft < 1.6
    # Partial volume: a lone facet with subchondral bone recovers about 0.15 to 0.53
    # (docs/sources.md#partial-volume).
    assert 0.15 * 60 < hot < 0.53 * 60
    assert cold < 0.35 * hot
