"""Single-frame series: exact where regular, refused with the slices named where not."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from fusion.dicom.files.instance import Instance
from fusion.dicom.series import FrameRef, Kind, VolumePlan
from fusion.dicom.volumes.slices import Slice, arrange
from fusion.dicom.volumes.stack import plan_volumes
from fusion.findings import Severity
from fusion.geometry import Grid, direction_letters
from tests.dicom import ct_objects as ct

#: What "exact" means for markers, mm.
EXACT_MM = 0.01


def planned(written: ct.Written, kind: Kind = Kind.CT) -> VolumePlan:
    plans = plan_volumes(written.instances(), kind=kind)
    assert len(plans) == 1
    return plans[0]


def codes(plan: VolumePlan) -> list[str]:
    return [finding.code for finding in plan.findings]


def refusal(plan: VolumePlan) -> str:
    assert plan.grid is None
    assert plan.refusal is not None
    return plan.refusal


def shuffled_names(count: int = ct.SLICES) -> list[str]:
    names = [f"IM{n:04d}" for n in range(count)]
    random.Random(3).shuffle(names)
    return names


def itk_affine(paths: list[str]) -> np.ndarray:
    """The same affine from SimpleITK; valid for regular, perpendicular stacks only."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(paths)
    image = reader.Execute()
    corner = np.array(image.TransformIndexToPhysicalPoint((0, 0, 0)))
    affine = np.eye(4)
    for axis, index in enumerate(((0, 0, 1), (0, 1, 0), (1, 0, 0))):
        affine[:3, axis] = image.TransformIndexToPhysicalPoint(index) - corner
    affine[:3, 3] = corner
    return affine


def remove(written: ct.Written, k: int) -> str:
    written.paths[k].unlink()
    return written.paths[k].name


# Regular stacks: exact.


@pytest.mark.parametrize("name", ct.ORIENTATIONS)
def test_markers_are_exact_in_every_orientation(tmp_path: Path, name: str) -> None:
    orientation = ct.ORIENTATIONS[name]
    written = ct.write_series(
        tmp_path, ct.stacked(orientation), orientation, names=shuffled_names()
    )
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert plan.shape == (ct.SLICES, ct.ROWS, ct.COLUMNS)
    assert plan.unit == "HU"
    np.testing.assert_array_equal(plan.intercept, -1024)
    assert plan.findings == ()


@pytest.mark.parametrize("name", ct.ORIENTATIONS)
def test_simpleitk_agrees_where_it_is_right(tmp_path: Path, name: str) -> None:
    orientation = ct.ORIENTATIONS[name]
    written = ct.write_series(
        tmp_path, ct.stacked(orientation), orientation, names=shuffled_names()
    )
    plan = planned(written)
    assert plan.grid is not None
    paths = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))
    oracle = Grid(plan.shape, itk_affine(list(paths)))
    np.testing.assert_allclose(plan.grid.corners_lps, oracle.corners_lps, atol=EXACT_MM)


def test_patient_directions_are_those_of_the_orientation(tmp_path: Path) -> None:
    prone = ct.ORIENTATIONS["head first prone"]
    plan = planned(ct.write_series(tmp_path, ct.stacked(prone), prone))
    assert plan.grid is not None
    assert [direction_letters(d) for d in plan.grid.directions] == ["H", "A", "R"]


def test_order_of_files_does_not_matter(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked())
    forwards = plan_volumes(written.instances(), kind=Kind.CT)[0]
    backwards = plan_volumes(written.instances()[::-1], kind=Kind.CT)[0]
    assert forwards.grid is not None
    assert backwards.grid is not None
    np.testing.assert_array_equal(forwards.grid.affine, backwards.grid.affine)
    assert [f.instance.label for f in forwards.frames] == [
        f.instance.label for f in backwards.frames
    ]


def test_pet_is_read_like_ct_with_a_slope_for_each_slice(tmp_path: Path) -> None:
    def slope(k: int, ds: Dataset) -> None:
        ds.RescaleSlope = f"{0.5 + k / 100:.2f}"

    written = ct.write_series(tmp_path, ct.stacked(), pet=True, edit=slope, names=shuffled_names())
    plan = planned(written, Kind.PET)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    np.testing.assert_allclose(plan.slope, 0.5 + np.arange(ct.SLICES) / 100)
    assert plan.unit == "Bq/mL"


@pytest.mark.parametrize("tilt_deg", [15.0, -20.0])
def test_gantry_tilt_is_kept_exactly(tmp_path: Path, tilt_deg: float) -> None:
    written = ct.write_series(tmp_path, ct.stacked(tilt_deg=tilt_deg))
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert plan.grid is not None
    assert not plan.grid.is_orthogonal
    (tilt,) = plan.findings
    assert tilt.code == "gantry-tilt"
    assert f"{abs(tilt_deg):.1f}°" in tilt.message


def test_positions_rounded_by_the_writer_are_accepted(tmp_path: Path) -> None:
    positions = ct.stacked(step_mm=0.625)
    written = ct.write_series(tmp_path, positions, decimals=2)
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM


def test_rounding_beyond_a_hundredth_is_reported(tmp_path: Path) -> None:
    positions = ct.stacked(step_mm=5.0)
    jitter = np.zeros_like(positions)
    jitter[10:, 2] = 0.02
    written = ct.write_series(tmp_path, positions + jitter)
    plan = planned(written)
    assert plan.grid is not None
    (finding,) = plan.findings
    assert (finding.severity, finding.code) == (Severity.INFO, "slice-positions-rounded")


@pytest.mark.slow
@pytest.mark.parametrize("tilt_deg", [0.0, 15.0])
@pytest.mark.parametrize("step_mm", [0.625, 1.25, 3.75])
@pytest.mark.parametrize("only_z", [True, False])
def test_positions_with_one_decimal_are_an_even_stack(
    tmp_path: Path, step_mm: float, tilt_deg: float, only_z: bool
) -> None:
    exact = ct.stacked(step_mm=step_mm, tilt_deg=tilt_deg)

    def rounded(k: int, ds: Dataset) -> None:
        if only_z:
            ds.ImagePositionPatient = [*(f"{v:.6f}" for v in exact[k, :2]), f"{exact[k, 2]:.1f}"]

    written = ct.write_series(tmp_path, exact, decimals=None if only_z else 1, edit=rounded)
    plan = planned(written)
    # What the writer threw away: 0.05 mm in each coordinate; the line averages most of it out.
    assert ct.marker_errors_mm(plan, written).max() <= 0.06
    assert plan.grid is not None
    assert plan.grid.spacing_mm[0] == pytest.approx(np.linalg.norm(exact[1] - exact[0]), abs=2e-3)
    coarse = [f for f in plan.findings if f.code == "slice-positions-coarse"]
    assert len(coarse) == 1 or (step_mm == 3.75 and not coarse)


def coarse_positions(step_mm: float, count: int, offset_mm: float = 0.0) -> np.ndarray:
    return ct.stacked(count=count, step_mm=step_mm) + np.array([0.0, 0.0, offset_mm])


@pytest.mark.parametrize("step_mm", [0.625, 1.25, 1.33])
@pytest.mark.parametrize("count", [3, 4, 12, 300])
def test_coarse_positions_hide_no_missing_slice(step_mm: float, count: int) -> None:
    for offset_mm in (0.0, 0.02, 0.04, 0.07):
        stated = np.round(coarse_positions(step_mm, count + 1, offset_mm), 1)
        assert arrange([bare_slice(p, ct.AXIAL) for p in stated]).grid is not None
        for k in {1, count // 2, count - 1}:
            rest = [bare_slice(p, ct.AXIAL) for n, p in enumerate(stated) if n != k]
            assert "not evenly spaced" in (arrange(rest).refusal or "")


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_coarse_positions_hide_no_displaced_slice(axis: int) -> None:
    for k in (1, 5, 10):
        stated = np.round(coarse_positions(1.25, 12), 1)
        stated[k, axis] += 0.3
        assert arrange([bare_slice(p, ct.AXIAL) for p in stated]).grid is None


def test_coarse_positions_hide_no_change_of_spacing() -> None:
    steps = np.repeat([1.2, 1.3], 6)
    stated = ct.stacked(count=13)
    stated[:, 2] = np.round(np.concatenate([[0.0], np.cumsum(steps)]), 1)
    assert arrange([bare_slice(p, ct.AXIAL) for p in stated]).grid is None
    # An exact coordinate must stay on its line while another one is rounded.
    sideways = np.round(coarse_positions(1.25, 12), 1)
    sideways[6, 0] += 0.02
    assert arrange([bare_slice(p, ct.AXIAL) for p in sideways]).grid is None
    # The same jitter stated with more decimals is no rounding.
    jitter = coarse_positions(1.25, 12)
    jitter[::2, 2] += 0.0501
    assert arrange([bare_slice(p, ct.AXIAL) for p in jitter]).grid is None


def test_steps_near_the_rounding_itself_are_refused() -> None:
    stated = np.round(coarse_positions(0.35, 20), 1)
    assert arrange([bare_slice(p, ct.AXIAL) for p in stated]).grid is None


def test_orientations_on_both_sides_of_a_rounding_boundary_are_one_volume(tmp_path: Path) -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, 0.99874922, 0.05)

    def straddle(k: int, ds: Dataset) -> None:
        ds.ImageOrientationPatient = ["1", "0", "0", "0", "0.99875", f"0.05000{k % 2}"]

    written = ct.write_series(tmp_path, ct.stacked(tilted), tilted, edit=straddle)
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM


# Irregular stacks: refused, naming the slices.


def test_missing_slice_is_refused_by_name(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked())
    remove(written, 20)
    sentence = refusal(planned(written))
    assert "slice 20 (z = -75.00 mm, IM0020)" in sentence
    assert "slice 21 (z = -72.00 mm, IM0022)" in sentence
    assert "3.00 mm instead of 1.50 mm" in sentence
    assert "one slice is missing" in sentence


def test_change_of_spacing_is_refused_by_name(tmp_path: Path) -> None:
    positions = ct.stacked()
    positions[25:, 2] += np.arange(15) * ct.SLICE_STEP_MM
    sentence = refusal(planned(ct.write_series(tmp_path, positions)))
    assert "IM0026" in sentence
    assert "3.00 mm instead of 1.50 mm" in sentence
    assert "13 more places" in sentence


def test_slow_drift_within_the_tolerance_of_each_step_is_refused(tmp_path: Path) -> None:
    steps = np.where(np.arange(ct.SLICES) < ct.SLICES // 2, 1.494, 1.506)
    positions = ct.stacked()
    positions[:, 2] = np.cumsum(steps)
    sentence = refusal(planned(ct.write_series(tmp_path, positions)))
    assert "IM0020" in sentence
    assert "even line" in sentence


def test_slice_out_of_line_is_refused_by_name(tmp_path: Path) -> None:
    positions = ct.stacked()
    positions[12, 0] += 2.0
    sentence = refusal(planned(ct.write_series(tmp_path, positions)))
    assert "IM0013" in sentence
    assert "2.00 mm away" in sentence


def test_tilt_and_uneven_spacing_are_both_named(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked(tilt_deg=18.0))
    remove(written, 30)
    sentence = refusal(planned(written))
    assert "not evenly spaced" in sentence
    assert "18.0°" in sentence


@pytest.mark.parametrize("name", ["coronal", "sagittal"])
def test_positions_that_contradict_the_orientation_are_refused(tmp_path: Path, name: str) -> None:
    # A reformat that kept the axial orientation of its source would be shown lying on its back.
    positions = ct.stacked(ct.ORIENTATIONS[name])
    sentence = refusal(planned(ct.write_series(tmp_path, positions, ct.AXIAL)))
    assert "contradict" in sentence
    assert "90°" in sentence


def test_single_slice_is_refused(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked(count=4))
    for k in (0, 1, 3):
        remove(written, k)
    plan = planned(written)
    assert "single slice" in refusal(plan)
    assert plan.shape == (1, ct.ROWS, ct.COLUMNS)


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("PixelSpacing", "Pixel Spacing"),
        ("ImageOrientationPatient", "Image Orientation (Patient)"),
        ("ImagePositionPatient", "Image Position (Patient)"),
    ],
)
def test_missing_geometry_is_refused_by_name(tmp_path: Path, keyword: str, words: str) -> None:
    def strip(k: int, ds: Dataset) -> None:
        delattr(ds, keyword)
        ds.ImagerPixelSpacing = list(ct.PIXEL_SPACING_MM)

    sentence = refusal(planned(ct.write_series(tmp_path, ct.stacked(), edit=strip)))
    assert words in sentence
    assert "IM0001" in sentence


def test_directions_that_are_not_perpendicular_are_refused(tmp_path: Path) -> None:
    def skew(k: int, ds: Dataset) -> None:
        ds.ImageOrientationPatient = ["1", "0", "0", "0.1", "0.995", "0"]

    assert "perpendicular" in refusal(planned(ct.write_series(tmp_path, ct.stacked(), edit=skew)))


def test_degenerate_directions_are_refused(tmp_path: Path) -> None:
    def flatten(k: int, ds: Dataset) -> None:
        if k < 20:
            ds.ImageOrientationPatient = ["0"] * 6

    plans = plan_volumes(
        ct.write_series(tmp_path, ct.stacked(), edit=flatten).instances(), kind=Kind.CT
    )
    assert sorted(plan.grid is None for plan in plans) == [False, True]


def broken_position(at: int) -> ct.Edit:
    def edit(k: int, ds: Dataset) -> None:
        if k == at:
            # Written as text, as a damaged or hostile file would hold it.
            ds["ImagePositionPatient"]._value = "nan"

    return edit


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unusable_slice_inside_is_refused_by_name(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked(), edit=broken_position(15))
    sentence = refusal(planned(written))
    assert "IM0016" in sentence
    assert "finite" in sentence
    assert "IM0015" in sentence
    assert "IM0017" in sentence


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("at", [0, ct.SLICES - 1])
def test_unusable_slice_at_the_end_is_left_out_with_a_warning(tmp_path: Path, at: int) -> None:
    written = ct.write_series(tmp_path, ct.stacked(), edit=broken_position(at))
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert plan.shape[0] == ct.SLICES - 1
    (finding,) = plan.findings
    assert finding.severity is Severity.WARNING
    assert f"IM{at + 1:04d}" in finding.message


def test_every_second_slice_unusable_is_refused(tmp_path: Path) -> None:
    def strip(k: int, ds: Dataset) -> None:
        if k % 2:
            del ds.ImagePositionPatient

    written = ct.write_series(tmp_path, ct.stacked(count=7), edit=strip)
    assert "IM0002" in refusal(planned(written))


# Repeated positions.


def test_identical_duplicate_is_dropped_and_named(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked())
    shutil.copy(written.paths[20], tmp_path / "IM9999")
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert plan.shape[0] == ct.SLICES
    (finding,) = plan.findings
    assert finding.code == "duplicate-slice"
    assert "IM9999" in finding.message


def test_many_duplicates_are_one_finding(tmp_path: Path) -> None:
    positions = np.repeat(ct.stacked(count=10), 2, axis=0)
    slices = [bare_slice(p, ct.AXIAL, label=f"IM{n:02d}") for n, p in enumerate(positions)]
    written = ct.write_series(tmp_path, ct.stacked(count=10))
    frames = [FrameRef(item) for item in written.instances()]
    same = [replace(item, frame=frames[0]) for item in slices]
    (finding,) = arrange(same).findings
    assert finding.code == "duplicate-slice"
    assert "and 7 more" in finding.message


@pytest.mark.parametrize("what", ["pixels", "slope"])
def test_different_duplicate_is_refused_by_name(tmp_path: Path, what: str) -> None:
    written = ct.write_series(tmp_path, ct.stacked())
    copy = tmp_path / "IM9999"
    shutil.copy(written.paths[20], copy)
    data = copy.read_bytes()
    if what == "pixels":
        copy.write_bytes(data[:-1] + b"\x01")
    else:
        dataset = ct.pydicom.dcmread(copy)
        dataset.RescaleSlope = "2"
        dataset.save_as(copy)
    sentence = refusal(planned(written))
    assert "IM0021" in sentence
    assert "IM9999" in sentence


def test_the_same_picture_in_another_encoding_is_a_duplicate(tmp_path: Path) -> None:
    written = ct.write_series(tmp_path, ct.stacked())
    dataset = ct.pydicom.dcmread(written.paths[20])
    dataset.compress("1.2.840.10008.1.2.5", encoding_plugin="pydicom")
    dataset.save_as(tmp_path / "IM9999")
    plan = planned(written)
    assert plan.shape[0] == ct.SLICES
    assert codes(plan) == ["duplicate-slice"]


@pytest.mark.parametrize("keyword", ["AcquisitionNumber", "TemporalPositionIdentifier"])
def test_phases_become_volumes(tmp_path: Path, keyword: str) -> None:
    def second(k: int, ds: Dataset) -> None:
        setattr(ds, keyword, "2")
        ds.RescaleIntercept = "-1000"

    def first(k: int, ds: Dataset) -> None:
        setattr(ds, keyword, "1")

    ct.write_series(tmp_path, ct.stacked(), edit=first)
    later = [f"T2_{n:04d}" for n in range(ct.SLICES)]
    written = ct.write_series(tmp_path, ct.stacked(), edit=second, names=later)
    plans = plan_one_frame_of_reference(written)
    assert [plan.volume_id for plan in plans] == ["1", "2"]
    assert [plan.intercept[0] for plan in plans] == [-1024, -1000]
    assert plans[1].description.endswith(" 2")
    for plan in plans:
        assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM


def plan_one_frame_of_reference(written: ct.Written) -> tuple[VolumePlan, ...]:
    """Plan two series written into one folder as if they were one."""
    instances = written.instances()
    for item in instances:
        item.dataset.FrameOfReferenceUID = instances[0].dataset.FrameOfReferenceUID
    return plan_volumes(instances, kind=Kind.CT)


def test_dynamic_pet_is_split_by_image_index(tmp_path: Path) -> None:
    def later(k: int, ds: Dataset) -> None:
        ds.ImageIndex = ct.SLICES + k + 1
        ds.RescaleSlope = "3"

    ct.write_series(tmp_path, ct.stacked(), pet=True)
    names = [f"T2_{n:04d}" for n in range(ct.SLICES)]
    written = ct.write_series(tmp_path, ct.stacked(), pet=True, names=names, edit=later)
    instances = written.instances()
    for item in instances:
        item.dataset.FrameOfReferenceUID = instances[0].dataset.FrameOfReferenceUID
    plans = plan_volumes(instances, kind=Kind.PET)
    assert [plan.slope[0] for plan in plans] == [1, 3]
    assert [plan.description for plan in plans] == ["Neck, time frame 1", "Neck, time frame 2"]


def test_change_of_acquisition_does_not_hide_a_gap(tmp_path: Path) -> None:
    def number(k: int, ds: Dataset) -> None:
        ds.AcquisitionNumber = "1" if k < 20 else "2"

    written = ct.write_series(tmp_path, ct.stacked(), edit=number)
    remove(written, 20)
    assert "IM0022" in refusal(planned(written))


# Several kinds of image in one series.


def test_localizer_inside_the_series_is_left_out(tmp_path: Path) -> None:
    def localizer(k: int, ds: Dataset) -> None:
        if k == 0:
            ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
            ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    positions = ct.stacked(count=ct.SLICES + 1)
    written = ct.write_series(tmp_path, positions, edit=localizer)
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written)[1:].max() <= EXACT_MM
    assert plan.shape[0] == ct.SLICES
    assert codes(plan) == ["localizer"]
    assert "IM0001" in plan.findings[0].message


def test_series_of_localizers_is_refused(tmp_path: Path) -> None:
    def localizer(k: int, ds: Dataset) -> None:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    written = ct.write_series(tmp_path, ct.stacked(count=2), edit=localizer)
    assert "localizer" in refusal(planned(written))


def test_two_orientations_become_two_volumes(tmp_path: Path) -> None:
    axial = ct.write_series(tmp_path, ct.stacked())
    coronal = ct.ORIENTATIONS["coronal"]
    names = [f"COR{n:04d}" for n in range(10)]
    other = ct.write_series(tmp_path, ct.stacked(coronal, count=10), coronal, names=names)
    main, second = plan_one_frame_of_reference(axial)
    assert ct.marker_errors_mm(main, axial).max() <= EXACT_MM
    assert ct.marker_errors_mm(second, other).max() <= EXACT_MM
    assert "axial" in main.description
    assert "coronal" in second.description


def test_two_fields_of_view_are_told_apart_by_name(tmp_path: Path) -> None:
    series = ct.write_series(tmp_path, ct.stacked())
    other = ct.write_series(
        tmp_path / "b",
        ct.stacked(),
        edit=lambda _, ds: setattr(ds, "PixelSpacing", [0.3, 0.3]),
    )
    plans = plan_volumes(
        [*(ct.instance(p, tmp_path) for p in series.paths), *other.instances()], kind=Kind.CT
    )
    assert [plan.description for plan in plans] == [
        "Neck, axial 64 × 64, pixels of 0.9 mm",
        "Neck, axial 64 × 64, pixels of 0.3 mm",
    ]


def test_stray_image_of_another_size_is_left_out_by_name(tmp_path: Path) -> None:
    def shrink(k: int, ds: Dataset) -> None:
        if k == ct.SLICES - 1:
            ds.PixelSpacing = ["0.5", "0.5"]

    written = ct.write_series(tmp_path, ct.stacked(), edit=shrink)
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    (finding,) = plan.findings
    assert (finding.severity, finding.code) == (Severity.WARNING, "stray-image")
    assert "IM0040" in finding.message


def test_interleaved_image_types_become_two_volumes(tmp_path: Path) -> None:
    def types(k: int, ds: Dataset) -> None:
        ds.ImageType = ["DERIVED", "SECONDARY", "AXIAL" if k % 3 else "MPR"]

    written = ct.write_series(tmp_path, ct.stacked()[::1] * [1, 1, 1], edit=types)
    assert planned(written).grid is not None, "even as a whole: no reason to part it"

    def shift(k: int, ds: Dataset) -> None:
        ds.ImageType = ["DERIVED", "SECONDARY", "AXIAL" if k % 2 else "MPR"]

    positions = ct.stacked()
    positions[1::2, 2] += 0.4
    uneven = tmp_path / "uneven"
    plans = plan_volumes(ct.write_series(uneven, positions, edit=shift).instances(), kind=Kind.CT)
    assert [plan.shape[0] for plan in plans] == [20, 20]
    assert all(plan.grid is not None for plan in plans)
    assert [plan.description for plan in plans] == [
        "Neck, image type AXIAL",
        "Neck, image type MPR",
    ]


@pytest.mark.parametrize("offset_mm", [0.0, 0.4, 0.75])
def test_two_kernels_in_one_series_become_two_volumes(tmp_path: Path, offset_mm: float) -> None:
    def recon(kernel: str, intercept: str) -> ct.Edit:
        def edit(k: int, ds: Dataset) -> None:
            ds.ConvolutionKernel, ds.RescaleIntercept = [kernel, "3"], intercept
            ds.FrameOfReferenceUID = "1.2.3"

        return edit

    soft = ct.write_series(tmp_path / "a", ct.stacked(), edit=recon("Br40f", "-1024"))
    positions = ct.stacked() + np.array([0.0, 0.0, offset_mm])
    sharp = ct.write_series(tmp_path / "b", positions, edit=recon("Br64f", "-1000"))
    plans = plan_volumes([*soft.instances(), *sharp.instances()], kind=Kind.CT)
    assert [plan.description for plan in plans] == ["Neck, kernel BR40F 3", "Neck, kernel BR64F 3"]
    for plan, written in zip(plans, (soft, sharp), strict=True):
        assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM


@pytest.mark.parametrize("offset_mm", [0.0, 0.75])
@pytest.mark.parametrize(
    ("keyword", "values", "names"),
    [
        ("KVP", ("80", "140"), ("tube voltage (kV) 80", "tube voltage (kV) 140")),
        ("ImageComments", ("Doe 40 keV", "Doe 70keV"), ("energy (keV) 40", "energy (keV) 70")),
    ],
)
def test_two_energies_in_one_series_become_two_volumes(
    tmp_path: Path, keyword: str, values: tuple[str, str], names: tuple[str, str], offset_mm: float
) -> None:
    """Dual energy and spectral CT; nothing else of a comment is shown, it may name people."""
    both = []
    for n, value in enumerate(values):

        def edit(k: int, ds: Dataset, value: str = value, n: int = n) -> None:
            setattr(ds, keyword, value)
            ds.FrameOfReferenceUID, ds.RescaleIntercept = "1.2.3", str(-1024 + n)

        positions = ct.stacked() + np.array([0.0, 0.0, n * offset_mm])
        both.append(ct.write_series(tmp_path / str(n), positions, edit=edit))
    plans = plan_volumes([one for w in both for one in w.instances()], kind=Kind.CT)
    assert [plan.description for plan in plans] == [f"Neck, {name}" for name in names]
    for plan, written in zip(plans, both, strict=True):
        assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM


def test_phases_of_a_heart_beat_become_volumes(tmp_path: Path) -> None:
    both = [
        ct.write_series(
            tmp_path / str(phase),
            ct.stacked(),
            edit=lambda k, ds, phase=phase: ds.update(
                {"NominalPercentageOfCardiacPhase": phase, "FrameOfReferenceUID": "1.2.3"}
            ),
        )
        for phase in (0, 50)
    ]
    for path in both[1].paths:
        ds = pydicom.dcmread(path)
        ds.PixelData = (ds.pixel_array + (ds.pixel_array < 900)).astype("<i2").tobytes()
        ds.save_as(path)
    plans = plan_volumes([one for w in both for one in w.instances()], kind=Kind.CT)
    assert [plan.grid is not None for plan in plans] == [True, True]
    assert [plan.description for plan in plans] == [
        "Neck, cardiac phase (%) 0.0",
        "Neck, cardiac phase (%) 50.0",
    ]


def test_a_change_of_kernel_does_not_hide_a_gap(tmp_path: Path) -> None:
    def two_halves(k: int, ds: Dataset) -> None:
        ds.ConvolutionKernel = "B31s" if k < 20 else "B70s"

    written = ct.write_series(tmp_path, ct.stacked(), edit=two_halves)
    assert planned(written).grid is not None
    remove(written, 20)
    assert "one slice is missing" in refusal(planned(written))


def test_mixed_sizes_given_to_arrange_are_refused() -> None:
    slices = [bare_slice((0, 0, z), rows=8 + int(z == 3)) for z in range(4)]
    arrangement = arrange(slices)
    assert arrangement.grid is None
    assert arrangement.refusal is not None
    assert "differ" in arrangement.refusal


def bare_slice(
    position: object, orientation: object = ct.AXIAL, *, rows: int = 8, label: str = "file"
) -> Slice:
    header = Instance(Path("unused"), label, Dataset(), "", None)
    return Slice(
        frame=FrameRef(header),
        position_lps=np.array(position, float),
        orientation=np.array(orientation, float),
        pixel_spacing_mm=np.array([0.9, 0.7]),
        rows=rows,
        columns=9,
    )


@settings(max_examples=60, deadline=None)
@given(
    quaternion=st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
    tilt_deg=st.floats(-30, 30),
    step_mm=st.floats(0.4, 6),
    count=st.integers(2, 60),
    seed=st.integers(0, 1000),
)
def test_any_orientation_and_tilt_is_exact(
    quaternion: tuple[float, ...], tilt_deg: float, step_mm: float, count: int, seed: int
) -> None:
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    orientation = rotation.T[:2].ravel()
    positions = ct.stacked(orientation, count=count, step_mm=step_mm, tilt_deg=tilt_deg)
    order = np.random.default_rng(seed).permutation(count)
    arrangement = arrange([bare_slice(positions[k], orientation) for k in order])
    assert arrangement.refusal is None
    assert arrangement.grid is not None
    for k in range(count):
        for j, i in ((0, 0), (7, 3), (2, 8)):
            truth = positions[k] + i * 0.7 * rotation[:, 0] + j * 0.9 * rotation[:, 1]
            error = np.linalg.norm(arrangement.grid.to_lps((k, j, i)) - truth)
            assert error <= 1e-6
    tilted = abs(np.sin(np.radians(tilt_deg))) >= 0.01
    assert [finding.code for finding in arrangement.findings] == (["gantry-tilt"] if tilted else [])


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(ct.ORIENTATIONS)),
    direction=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    tolerances=st.floats(2, 100),
    step_mm=st.floats(0.4, 6),
    count=st.integers(4, 40),
    data=st.data(),
)
def test_any_slice_out_of_place_is_refused_by_name(
    name: str,
    direction: tuple[float, ...],
    tolerances: float,
    step_mm: float,
    count: int,
    data: st.DataObject,
) -> None:
    orientation = ct.ORIENTATIONS[name]
    positions = ct.stacked(orientation, count=count, step_mm=step_mm)
    k = data.draw(st.integers(1, count - 2))
    offset = np.array(direction) / np.linalg.norm(direction)
    offset *= tolerances * max(0.01, 0.01 * step_mm)
    # Up to one unit in the last decimal is rounding; that has tests of its own.
    assume(np.abs(offset).max() > 0.11 or np.abs(offset * 10 - np.rint(offset * 10)).max() > 1e-3)
    positions[k] += offset
    slices = [
        bare_slice(position, orientation, label=f"IM{n:04d}")
        for n, position in enumerate(positions)
    ]
    arrangement = arrange(slices)
    assert arrangement.grid is None
    assert arrangement.refusal is not None
    # A slice that comes near or past its neighbour leaves open which of the two is out of place.
    normal = np.cross(orientation[:3], orientation[3:])
    if abs(offset @ normal) < 0.4 * step_mm:
        assert f"IM{k:04d}" in arrangement.refusal


# Real data.


@pytest.mark.parametrize(
    ("folder", "kind", "unit"),
    [
        ("petct_discovery_st/CT", Kind.CT, "HU"),
        ("petct_discovery_st/PT_AC", Kind.PET, "Bq/mL"),
        ("petct_discovery_st/PT_NAC", Kind.PET, "proportional counts"),
        ("ct_biograph64_neck", Kind.CT, "HU"),
        ("ct_brilliance16_lower_neck", Kind.CT, "HU"),
    ],
)
def test_real_series_lie_where_simpleitk_puts_them(
    shared_data: Path, folder: str, kind: Kind, unit: str
) -> None:
    instances = ct.read_instances(shared_data / folder)
    (plan,) = plan_volumes(instances, kind=kind)
    assert plan.grid is not None
    assert plan.unit == unit
    assert plan.shape[0] == len(instances)
    # The first and last file of its order, headers only: decoding hundreds of them adds nothing.
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(shared_data / folder))
    reader = sitk.ImageFileReader()
    corners = []
    for name in (names[0], names[-1]):
        reader.SetFileName(name)
        reader.ReadImageInformation()
        corners.append(np.array(reader.GetOrigin()))
    np.testing.assert_allclose(plan.grid.to_lps((0, 0, 0)), corners[0], atol=EXACT_MM)
    np.testing.assert_allclose(plan.grid.to_lps((plan.shape[0] - 1, 0, 0)), corners[1], atol=0.01)
    np.testing.assert_allclose(plan.grid.spacing_mm[:0:-1], reader.GetSpacing()[:2], atol=1e-6)
    directions = np.array(reader.GetDirection()).reshape(3, 3).T
    np.testing.assert_allclose(plan.grid.directions[::-1], directions, atol=1e-4)


def test_real_tilted_uneven_head_is_refused_with_both_reasons(shared_data: Path) -> None:
    instances = ct.read_instances(shared_data / "ct_hispeed_tilted_uneven")
    (plan,) = plan_volumes(instances, kind=Kind.CT)
    sentence = refusal(plan)
    assert "18.5°" in sentence
    assert "7.38 mm instead of 4.22 mm" in sentence
    assert "1.14 mm instead of 4.22 mm" in sentence
    assert "14.dcm" in sentence
