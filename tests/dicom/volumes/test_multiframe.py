"""Enhanced and Legacy Converted objects: placed by functional groups, never by frame order."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from fusion.dicom.series import Kind, VolumePlan
from fusion.dicom.volumes.multiframe import plan_volumes
from fusion.findings import Severity
from fusion.geometry import Grid
from tests.dicom import ct_objects as ct

EXACT_MM = 0.01
PERMUTED = random.Random(5).sample(range(ct.SLICES), ct.SLICES)


def planned(written: ct.Written, kind: Kind = Kind.CT) -> VolumePlan:
    (plan,) = plan_volumes(written.instances(), kind=kind)
    return plan


def refusal(plan: VolumePlan) -> str:
    assert plan.grid is None
    assert plan.refusal is not None
    return plan.refusal


@pytest.mark.slow
@pytest.mark.parametrize("name", ct.ORIENTATIONS)
@pytest.mark.parametrize("legacy", [False, True], ids=["enhanced", "legacy converted"])
def test_permuted_frames_come_out_in_place(tmp_path: Path, name: str, legacy: bool) -> None:
    orientation = ct.ORIENTATIONS[name]
    written = ct.write_enhanced(
        tmp_path / "enhanced",
        ct.stacked(orientation),
        orientation,
        order=PERMUTED,
        legacy=legacy,
    )
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert [frame.index for frame in plan.frames] == np.argsort(PERMUTED).tolist()
    assert plan.unit == "HU"
    np.testing.assert_array_equal(plan.intercept, -1024)


def test_simpleitk_agrees_on_legacy_converted(tmp_path: Path) -> None:
    written = ct.write_enhanced(tmp_path / "legacy.dcm", ct.stacked(), legacy=True)
    plan = planned(written)
    assert plan.grid is not None
    image = sitk.ReadImage(str(written.paths[0]))
    affine = np.eye(4)
    affine[:3, 3] = image.GetOrigin()
    affine[:3, :3] = (np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing()))[
        :, ::-1
    ]
    oracle = Grid(plan.shape, affine)
    np.testing.assert_allclose(plan.grid.corners_lps, oracle.corners_lps, atol=EXACT_MM)


def test_gantry_tilt_is_kept_exactly(tmp_path: Path) -> None:
    written = ct.write_enhanced(tmp_path / "tilt", ct.stacked(tilt_deg=15), order=PERMUTED)
    plan = planned(written)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert [finding.code for finding in plan.findings] == ["gantry-tilt"]


def test_enhanced_pet_has_a_slope_for_each_slice_in_their_order(tmp_path: Path) -> None:
    def slope(k: int, item: Dataset) -> None:
        item.PixelValueTransformationSequence[0].RescaleSlope = f"{0.5 + k / 100:.2f}"

    written = ct.write_enhanced(
        tmp_path / "pet", ct.stacked(), order=PERMUTED, pet=True, edit_frame=slope
    )
    plan = planned(written, Kind.PET)
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    np.testing.assert_allclose(plan.slope, 0.5 + np.arange(ct.SLICES) / 100)
    assert plan.unit == "Bq/mL"


def test_own_functional_group_comes_before_the_shared_one(tmp_path: Path) -> None:
    wrong = Dataset()
    wrong.ImagePositionPatient = ["0", "0", "0"]

    def shared(ds: Dataset) -> None:
        ds.SharedFunctionalGroupsSequence[0].PlanePositionSequence = [wrong]

    written = ct.write_enhanced(tmp_path / "both", ct.stacked(), edit=shared)
    assert ct.marker_errors_mm(planned(written), written).max() <= EXACT_MM


def test_missing_frame_is_refused_by_name(tmp_path: Path) -> None:
    order = [k for k in PERMUTED if k != 20]
    sentence = refusal(planned(ct.write_enhanced(tmp_path / "gap", ct.stacked(), order=order)))
    assert f"gap frame {order.index(19) + 1}" in sentence
    assert f"gap frame {order.index(21) + 1}" in sentence
    assert "one slice is missing" in sentence


def test_repeated_frame_is_dropped(tmp_path: Path) -> None:
    written = ct.write_enhanced(tmp_path / "twice", ct.stacked(), order=[*PERMUTED, 7])
    plan = planned(written)
    assert plan.shape[0] == ct.SLICES
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert [finding.code for finding in plan.findings] == ["duplicate-slice"]


def test_repeated_frame_with_another_slope_is_refused(tmp_path: Path) -> None:
    slopes = iter([*["1"] * ct.SLICES, "2"])

    def slope(k: int, item: Dataset) -> None:
        item.PixelValueTransformationSequence[0].RescaleSlope = next(slopes)

    written = ct.write_enhanced(
        tmp_path / "twice", ct.stacked(), order=[*PERMUTED, 7], edit_frame=slope
    )
    assert "same position" in refusal(planned(written))


@pytest.mark.parametrize("by", ["TemporalPositionIndex", "dimension"])
def test_phases_become_volumes(tmp_path: Path, by: str) -> None:
    phases = iter([1] * ct.SLICES + [2] * ct.SLICES)

    def phase(k: int, item: Dataset) -> None:
        n = next(phases)
        content = item.FrameContentSequence[0]
        if by == "dimension":
            content.DimensionIndexValues = [n, k + 1]
        else:
            content.TemporalPositionIndex = n
        item.PixelValueTransformationSequence[0].RescaleIntercept = str(-1000 * n)

    def pointers(ds: Dataset) -> None:
        if by == "dimension":
            gate = Dataset()
            gate.DimensionIndexPointer = 0x00209241  # Nominal Percentage of Cardiac Phase
            ds.DimensionIndexSequence.insert(0, gate)

    written = ct.write_enhanced(
        tmp_path / "gated",
        ct.stacked(),
        order=[*PERMUTED, *PERMUTED[::-1]],
        edit=pointers,
        edit_frame=phase,
    )
    plans = plan_volumes(written.instances(), kind=Kind.CT)
    assert [plan.intercept[0] for plan in plans] == [-1000, -2000]
    for n, plan in enumerate(plans):
        assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
        assert plan.description.endswith(f" {n + 1}")


def test_stacks_that_do_not_continue_each_other_become_volumes(tmp_path: Path) -> None:
    positions = ct.stacked()
    positions[25:, 2] += 31.0

    def stack(k: int, item: Dataset) -> None:
        item.FrameContentSequence[0].StackID = "1" if k < 25 else "2"

    written = ct.write_enhanced(tmp_path / "stacks", positions, order=PERMUTED, edit_frame=stack)
    plans = plan_volumes(written.instances(), kind=Kind.CT)
    assert [(plan.shape[0], plan.description) for plan in plans] == [
        (25, "Neck, stack 1"),
        (15, "Neck, stack 2"),
    ]


def split(tmp_path: Path, *, concatenated: bool, parts: tuple[range, ...]) -> ct.Written:
    """Write one volume in several objects of one series."""
    positions = ct.stacked()
    first = ct.write_enhanced(tmp_path / "part1", positions, order=parts[0])
    header = first.instances()[0].dataset

    def same_series(ds: Dataset) -> None:
        ds.FrameOfReferenceUID = header.FrameOfReferenceUID
        if concatenated:
            ds.ConcatenationUID = header.SeriesInstanceUID
            ds.InConcatenationNumber = 1
            ds.InConcatenationTotalNumber = 3

    for n, part in enumerate(parts):
        written = ct.write_enhanced(
            tmp_path / f"part{n + 1}", positions, order=part, edit=same_series
        )
    return written


@pytest.mark.parametrize("concatenated", [True, False])
def test_parts_of_a_volume_are_put_together(tmp_path: Path, concatenated: bool) -> None:
    written = split(
        tmp_path, concatenated=concatenated, parts=(range(15, 30), range(15), range(30, 40))
    )
    plan = planned(written)
    assert plan.shape[0] == ct.SLICES
    assert ct.marker_errors_mm(plan, written).max() <= EXACT_MM
    assert plan.findings == ()


def test_missing_part_of_a_concatenation_is_refused(tmp_path: Path) -> None:
    plan = planned(split(tmp_path, concatenated=True, parts=(range(15), range(30, 40))))
    assert "15 slices are missing" in refusal(plan)
    assert "concatenation-incomplete" in [finding.code for finding in plan.findings]


def test_missing_last_part_of_a_concatenation_is_a_warning(tmp_path: Path) -> None:
    plan = planned(split(tmp_path, concatenated=True, parts=(range(15), range(15, 30))))
    assert plan.grid is not None
    (finding,) = plan.findings
    assert (finding.severity, finding.code) == (Severity.WARNING, "concatenation-incomplete")


def test_objects_apart_from_each_other_are_volumes_of_their_own(tmp_path: Path) -> None:
    written = split(tmp_path, concatenated=False, parts=(range(15), range(30, 40)))
    plans = plan_volumes(written.instances(), kind=Kind.CT)
    assert [plan.shape[0] for plan in plans] == [15, 10]
    assert all(plan.grid is not None for plan in plans)


def test_localizer_frames_are_left_out(tmp_path: Path) -> None:
    def localizer(k: int, item: Dataset) -> None:
        kind = Dataset()
        kind.FrameType = ["ORIGINAL", "PRIMARY", "LOCALIZER" if k == 0 else "VOLUME", "NONE"]
        item.CTImageFrameTypeSequence = [kind]

    written = ct.write_enhanced(
        tmp_path / "scout", ct.stacked(), order=PERMUTED, edit_frame=localizer
    )
    plan = planned(written)
    assert plan.shape[0] == ct.SLICES - 1
    assert [finding.code for finding in plan.findings] == ["localizer"]


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("PlanePositionSequence", "Position of the slice (Image Position (Patient))"),
        ("PlaneOrientationSequence", "Orientation of the slices (Image Orientation (Patient))"),
        ("PixelMeasuresSequence", "Size of the pixels (Pixel Spacing)"),
    ],
)
def test_missing_functional_group_is_refused_by_name(tmp_path: Path, group: str, name: str) -> None:
    def strip(ds: Dataset) -> None:
        for item in (*ds.SharedFunctionalGroupsSequence, *ds.PerFrameFunctionalGroupsSequence):
            if group in item:
                delattr(item, group)

    written = ct.write_enhanced(tmp_path / "enhanced", ct.stacked(), edit=strip)
    sentence = refusal(planned(written))
    assert name in sentence
    assert "enhanced frame 1" in sentence


@pytest.mark.parametrize("frames", [ct.SLICES - 1, 100_000])
def test_wrong_number_of_frames_is_refused(tmp_path: Path, frames: int) -> None:
    def lie(ds: Dataset) -> None:
        ds.NumberOfFrames = frames

    written = ct.write_enhanced(tmp_path / "enhanced", ct.stacked(), edit=lie)
    assert str(frames) in refusal(planned(written))


def test_object_without_functional_groups_is_refused(tmp_path: Path) -> None:
    def strip(ds: Dataset) -> None:
        del ds.PerFrameFunctionalGroupsSequence

    written = ct.write_enhanced(tmp_path / "enhanced", ct.stacked(), edit=strip)
    assert "Functional Groups" in refusal(planned(written))
