"""NM reconstructions: exact to 0.01 mm, with their sign, or refused with the reason."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from fusion.dicom.files.instance import Instance
from fusion.dicom.quantity.attenuation import attenuation_corrected
from fusion.dicom.series import Kind, VolumePlan
from fusion.dicom.volumes.nm import kind_of, plan_volumes
from fusion.errors import GeometryError
from tests.dicom import nm_objects as nm

#: What "exact" means for markers, mm.
EXACT_MM = 0.01


def planned(dataset: Dataset, tmp_path: Path, **options: float) -> tuple[VolumePlan, ...]:
    return plan_volumes([nm.read(nm.write(dataset, tmp_path / "nm.dcm"))], **options)


def only(dataset: Dataset, tmp_path: Path, **options: float) -> VolumePlan:
    plans = planned(dataset, tmp_path, **options)
    assert len(plans) == 1
    return plans[0]


def codes(plan: VolumePlan) -> set[str]:
    return {finding.code for finding in plan.findings}


def refusal(plan: VolumePlan) -> str:
    assert plan.grid is None
    assert plan.refusal
    return plan.refusal


def marker_errors_mm(
    plan: VolumePlan, *, orientation: tuple[float, ...], spacing: float, offset: int = 0
) -> list[float]:
    """Distance of each marker on the grid from where it was written."""
    assert plan.refusal is None
    assert plan.grid is not None
    stored = nm.stored(plan)
    errors = []
    for value, index in nm.MARKERS.items():
        found = np.argwhere(stored == value + offset)
        assert len(found) == 1
        truth = nm.truth_lps(index, orientation=orientation, spacing=spacing)
        errors.append(float(np.linalg.norm(plan.grid.to_lps(found[0]) - truth)))
    return errors


# --- the twelve objects of nm_objects.py -----------------------------------------------------


@pytest.mark.parametrize("letter", nm.GEOMETRY)
def test_markers_lie_where_they_were_written(letter: str, tmp_path: Path) -> None:
    orientation, spacing = nm.GEOMETRY[letter]
    plan = only(nm.OBJECTS[letter](), tmp_path)
    assert plan.kind is Kind.SPECT
    assert plan.shape == (nm.SLICES, nm.ROWS, nm.COLUMNS)
    assert max(marker_errors_mm(plan, orientation=orientation, spacing=spacing)) <= EXACT_MM
    assert plan.grid is not None
    # A negative spacing is kept, not made positive and not undone by reordering.
    assert np.sign(np.linalg.det(plan.grid.affine[:3, [2, 1, 0]])) == np.sign(spacing)
    assert plan.grid.frame_of_reference_uid == "1.2.3.4.5.7"
    assert ("top-level-geometry" in codes(plan)) == (letter == "G")


@pytest.mark.parametrize("letter", ["A", "B", "C", "D", "E", "H"])
def test_agrees_with_simpleitk(letter: str, tmp_path: Path) -> None:
    path = nm.write(nm.OBJECTS[letter](), tmp_path / "nm.dcm")
    (plan,) = plan_volumes([nm.read(path)])
    assert plan.grid is not None
    image = sitk.ReadImage(str(path))
    pixels = sitk.GetArrayFromImage(image)
    ours = nm.stored(plan)
    for value in nm.MARKERS:
        k, j, i = (int(n) for n in np.argwhere(pixels == value)[0])
        theirs = image.TransformIndexToPhysicalPoint((i, j, k))
        mine = plan.grid.to_lps(np.argwhere(ours == value)[0])
        assert np.linalg.norm(mine - theirs) <= EXACT_MM


def test_single_frame_files_lie_at_their_own_positions(tmp_path: Path) -> None:
    paths = [nm.write(ds, tmp_path / f"{n:02}.dcm") for n, ds in enumerate(nm.single_frames())]
    names = [str(path) for path in paths]
    random.Random(1).shuffle(paths)
    (plan,) = plan_volumes([nm.read(path) for path in paths])
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    assert plan.grid is not None
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    image = reader.Execute()
    pixels = sitk.GetArrayFromImage(image)
    k, j, i = (int(n) for n in np.argwhere(pixels == 3000)[0])
    theirs = image.TransformIndexToPhysicalPoint((i, j, k))
    mine = plan.grid.to_lps(np.argwhere(nm.stored(plan) == 3000)[0])
    assert np.linalg.norm(mine - theirs) <= EXACT_MM


def test_two_reconstructions_of_single_frames_are_told_apart_by_their_name(tmp_path: Path) -> None:
    instances = []
    for added, name in enumerate(("IRAC", "IRNC")):
        for k, ds in enumerate(nm.single_frames()):
            ds.ImageID = name
            ds.PixelData = (nm.volume()[k] + np.uint16(added)).tobytes()
            instances.append(nm.read(nm.write(ds, tmp_path / f"{name}{k}.dcm")))
    plans = plan_volumes(instances)
    assert [plan.refusal for plan in plans] == [None, None]
    for offset, plan in enumerate(plans):
        assert f"image {('IRAC', 'IRNC')[offset]}" in plan.description
        errors = marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ, offset=offset)
        assert max(errors) <= EXACT_MM


@pytest.mark.parametrize("keeps", ["all", "first", "seventh"])
def test_slices_that_state_one_position_are_put_in_order_by_a_person_alone(
    tmp_path: Path, keeps: str
) -> None:
    datasets = nm.single_frames()
    places = [ds.DetectorInformationSequence[0] for ds in datasets]
    kept = {"all": 0, "first": 0, "seventh": 6}[keeps]
    position = list(places[kept].ImagePositionPatient)
    for k, (ds, place) in enumerate(zip(datasets, places, strict=True)):
        ds.InstanceNumber = k + 1
        ds.SpacingBetweenSlices = None
        place.ImagePositionPatient = position if keeps == "all" or k == kept else None
    instances = [nm.read(nm.write(ds, tmp_path / f"{k}")) for k, ds in enumerate(datasets)]
    random.Random(1).shuffle(instances)
    (plan,) = plan_volumes(instances)
    assert "20 files" in refusal(plan)
    assert "Instance Number" in refusal(plan)
    assert "--spacing" in refusal(plan)
    (plan,) = plan_volumes(instances, spacing_mm=-nm.DZ)
    errors = marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)
    assert max(errors) < EXACT_MM
    assert {"positions-stated-by-user", "user-geometry"} <= codes(plan)
    assert all(f.kind.assumption for f in plan.findings if f.code == "positions-stated-by-user")
    # Numbers that are no run put nothing in order.
    instances[0].dataset.InstanceNumber = 77
    (plan,) = plan_volumes(instances, spacing_mm=-nm.DZ)
    assert refusal(plan)


def _numbered_only(tmp_path: Path, *, in_file: float | None) -> list[Instance]:
    """Slices whose files state one position and the distance, in an order of their numbers."""
    datasets = nm.single_frames()
    for k, ds in enumerate(datasets):
        ds.InstanceNumber = k + 1
        ds.SpacingBetweenSlices = in_file
        ds.DetectorInformationSequence[0].ImagePositionPatient = list(nm.ORIGIN_LPS)
    return [nm.read(nm.write(ds, tmp_path / f"{k}")) for k, ds in enumerate(datasets)]


def _unnumbered_frames(tmp_path: Path, *, in_file: float | None) -> list[Instance]:
    ds = nm.recon(orientation=nm.OBLIQUE, spacing=in_file)
    del ds.SliceVector, ds.NumberOfSlices
    return [nm.read(nm.write(ds, tmp_path / "nm"))]


@pytest.mark.parametrize("made", [_numbered_only, _unnumbered_frames])
@pytest.mark.parametrize("in_file", [nm.DZ, -nm.DZ, None])
@pytest.mark.parametrize("stated", [nm.DZ, -nm.DZ])
def test_where_a_person_orders_the_slices_their_sign_decides(
    tmp_path: Path, made: Callable[..., list[Instance]], in_file: float | None, stated: float
) -> None:
    instances = made(tmp_path, in_file=in_file)
    (asked,) = plan_volumes(instances)
    magnitude = nm.THICKNESS if in_file is None else nm.DZ
    assert f"--spacing {magnitude:g} if they run towards the head" in refusal(asked)
    assert f"--spacing -{magnitude:g} if towards the feet" in refusal(asked)
    (plan,) = plan_volumes(instances, spacing_mm=stated)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=stated)) <= EXACT_MM
    assert "user-spacing-not-used" not in codes(plan)
    (said,) = [f for f in plan.findings if f.code == "user-geometry"]
    assert f"towards the {'head' if stated > 0 else 'feet'}" in said.message
    assert said.kind.assumption


@pytest.mark.parametrize("made", [_numbered_only, _unnumbered_frames])
@pytest.mark.parametrize("in_file", [nm.DZ, -nm.DZ])
def test_where_a_person_orders_the_slices_another_distance_is_asked_again(
    tmp_path: Path, made: Callable[..., list[Instance]], in_file: float
) -> None:
    instances = made(tmp_path, in_file=in_file)
    for stated in (3.1, -3.1, 30.0):
        (plan,) = plan_volumes(instances, spacing_mm=stated)
        assert f"{abs(stated):g} mm from one to the next; the file states 3 mm" in refusal(plan)
        assert "spacing-needed" in codes(plan)
        assert not codes(plan) & {"positions-stated-by-user", "user-geometry"}
    # What a person rounds is the distance of the file, not another one.
    (plan,) = plan_volumes(instances, spacing_mm=-3.04)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM


def test_missing_single_frame_is_refused(tmp_path: Path) -> None:
    datasets = nm.single_frames()
    del datasets[7]
    paths = [nm.write(ds, tmp_path / f"{n}.dcm") for n, ds in enumerate(datasets)]
    (plan,) = plan_volumes([nm.read(path) for path in paths])
    assert refusal(plan)


def test_missing_spacing_is_asked_for_with_its_sign(tmp_path: Path) -> None:
    plan = only(nm.OBJECTS["F"](), tmp_path)
    text = refusal(plan)
    assert "spacing-needed" in codes(plan)
    assert "--spacing 3.5 if the slices run towards the head" in text
    assert "--spacing -3.5 if towards the feet" in text
    assert plan.shape == (nm.SLICES, nm.ROWS, nm.COLUMNS)


@pytest.mark.parametrize("spacing", [3.5, -3.5])
def test_spacing_given_by_the_user_is_used_and_recorded(spacing: float, tmp_path: Path) -> None:
    plan = only(nm.OBJECTS["F"](), tmp_path, spacing_mm=spacing)
    assert max(marker_errors_mm(plan, orientation=nm.AXIAL, spacing=spacing)) <= EXACT_MM
    assert codes(plan) >= {"user-geometry"}
    assert not codes(plan) & {"spacing-needed", "user-spacing-doubtful"}


def test_spacing_far_from_the_thickness_is_doubted(tmp_path: Path) -> None:
    plan = only(nm.OBJECTS["F"](), tmp_path, spacing_mm=-9.0)
    assert codes(plan) >= {"user-geometry", "user-spacing-doubtful"}


@pytest.mark.parametrize(
    ("spacing", "thickness", "doubted"),
    [
        # One of the two is rounded: 19 gaps of 0.2 mm are 3.8 mm.
        ("-5", "5.2", True),
        ("5", "5.2", True),
        ("3", "3.2", True),
        ("3", "3.1", False),  # 1.9 mm at the far end
        ("3", "3.5", False),  # slices that overlap
        ("3", "3", False),
        ("4.8", "5", False),  # voxels as long as the pixels are
        ("3", "0", False),
        ("3", "three", False),
    ],
)
def test_a_spacing_that_may_be_rounded_is_told(
    spacing: str, thickness: str, doubted: bool, tmp_path: Path
) -> None:
    ds = nm.OBJECTS["B"]()
    ds.SpacingBetweenSlices = spacing
    ds["SliceThickness"] = DataElement(tag_for_keyword("SliceThickness"), "LO", thickness)
    plan = only(ds, tmp_path)
    assert ("spacing-rounded" in codes(plan)) == doubted
    if doubted:
        (said,) = [f.message for f in plan.findings if f.code == "spacing-rounded"]
        assert f"{float(spacing.strip('-')):g} mm apart" in said
        assert "up to 4 mm elsewhere" in said


@pytest.mark.parametrize(
    ("spacing", "thickness", "pixels", "doubted"),
    [
        ("3", "3.4", (4.4, 4.8), True),
        ("10", "4", (4.4, 4.8), True),
        ("3", "3.3", (4.4, 4.8), False),  # 10 %: rounded
        ("4.8", "8", (4.8, 4.8), False),  # a cube with the pixels
        ("20", None, (4.4, 4.8), True),
        ("1.4", None, (4.4, 4.8), True),
        ("1.5", None, (4.4, 4.8), False),
    ],
)
def test_a_distance_that_the_thickness_or_the_pixels_contradict_is_told(
    spacing: str, thickness: str | None, pixels: tuple[float, float], doubted: bool, tmp_path: Path
) -> None:
    ds = nm.OBJECTS["B"]()
    ds.SpacingBetweenSlices, ds.SliceThickness = spacing, thickness
    ds.PixelSpacing = list(pixels)
    plan = only(ds, tmp_path)
    assert plan.grid is not None
    assert ("spacing-doubtful" in codes(plan)) == doubted


def _cubes(spacing: float) -> Dataset:
    ds = nm.recon(orientation=nm.AXIAL, spacing=spacing)
    ds.SliceThickness, ds.PixelSpacing = "4.42", ["4.42", "4.46"]
    return ds


@pytest.mark.parametrize("spacing", [-3.42, 0.442, -10.0, 60.0])
def test_a_distance_against_cubes_of_thickness_and_pixels_is_asked_for(
    spacing: float, tmp_path: Path
) -> None:
    sign = "-" if spacing < 0 else ""
    asked = f"--spacing {spacing:g} or --spacing {sign}4.42"
    # A person who turns the slices round, or states a third distance, is asked again.
    for stated in (None, 3.0, -spacing):
        plan = only(_cubes(spacing), tmp_path, spacing_mm=stated)
        assert asked in refusal(plan)
        assert "spacing-needed" in codes(plan)
    for stated in (spacing, math.copysign(4.42, spacing)):
        plan = only(_cubes(spacing), tmp_path, spacing_mm=stated)
        assert plan.grid is not None
        assert plan.grid.spacing_mm[0] == pytest.approx(abs(stated))
        (said,) = [f for f in plan.findings if f.code == "user-geometry"]
        assert said.kind.assumption
        assert f"{stated:+g} mm" in said.message
    assert only(_cubes(math.copysign(4.0, spacing)), tmp_path).grid is not None


@pytest.mark.parametrize(("spacing", "asked"), [("0.442", True), ("1.4", True), ("1.5", False)])
def test_a_distance_that_no_overlap_explains_is_asked_for(
    spacing: str, asked: bool, tmp_path: Path
) -> None:
    ds = nm.recon(spacing=float(spacing))
    ds.SliceThickness, ds.PixelSpacing = "4.42", ["4", "4"]
    assert ("spacing-needed" in codes(only(ds, tmp_path))) == asked


def test_where_a_person_orders_cubes_none_of_two_distances_is_suggested(tmp_path: Path) -> None:
    ds = _cubes(-3.42)
    del ds.SliceVector, ds.NumberOfSlices
    assert "--spacing MM if they run" in refusal(only(ds, tmp_path))
    plan = only(ds, tmp_path, spacing_mm=4.42)
    assert plan.grid is not None
    assert plan.grid.affine[2, 0] == pytest.approx(4.42)


@pytest.mark.parametrize(
    ("mm", "refused", "doubted"), [(0.4, True, False), (2.5, False, True), (3, False, False)]
)
def test_a_field_that_holds_no_neck_is_refused_or_doubted(
    mm: float, refused: bool, doubted: bool, tmp_path: Path
) -> None:
    ds = nm.recon(spacing=mm)
    ds.SliceThickness, ds.PixelSpacing = str(mm), [str(mm), str(mm)]
    plan = only(ds, tmp_path)
    assert (plan.refusal is not None) == refused
    assert ("field-too-small" in codes(plan)) == doubted
    if refused:
        assert "longest side of the volume is 12.8 mm" in refusal(plan)


def test_spacing_in_the_file_outweighs_the_user(tmp_path: Path) -> None:
    plan = only(nm.OBJECTS["B"](), tmp_path, spacing_mm=3.5)
    assert max(marker_errors_mm(plan, orientation=nm.AXIAL, spacing=-nm.DZ)) <= EXACT_MM
    assert "user-spacing-not-used" in codes(plan)
    assert "user-geometry" not in codes(plan)


@pytest.mark.parametrize("spacing", [0.0, float("nan"), float("inf")])
def test_unusable_spacing_from_the_user_raises(spacing: float, tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="other than zero"):
        planned(nm.OBJECTS["F"](), tmp_path, spacing_mm=spacing)


def test_zero_spacing_in_the_file_is_asked_for(tmp_path: Path) -> None:
    plan = only(nm.recon(spacing=0.0), tmp_path)
    assert "zero" in refusal(plan)
    assert "spacing-needed" in codes(plan)


def test_without_any_geometry_refused_and_never_identity(tmp_path: Path) -> None:
    plan = only(nm.OBJECTS["I"](), tmp_path, spacing_mm=3.0)
    assert "does not say where its slices lie" in refusal(plan)
    assert "user-geometry" not in codes(plan)


def test_reversed_slice_vector_is_refused(tmp_path: Path) -> None:
    assert "numbered backwards, 20 to 1" in refusal(only(nm.OBJECTS["L"](), tmp_path))


def test_gated_reconstruction_gives_one_volume_a_gate(tmp_path: Path) -> None:
    plans = planned(nm.OBJECTS["J"](), tmp_path)
    assert len(plans) == 8
    assert len({plan.volume_id for plan in plans}) == 8
    for n, plan in enumerate(plans, start=1):
        assert f"gate {n} of 8" in plan.description
        errors = marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ, offset=n)
        assert max(errors) <= EXACT_MM


def test_two_energy_windows_give_two_volumes(tmp_path: Path) -> None:
    first, second = planned(nm.OBJECTS["K"](), tmp_path)
    assert "energy window 1 of 2: Tc99m 126-154 keV" in first.description
    assert "energy window 2 of 2: Scatter 108-126 keV" in second.description
    for offset, plan in enumerate((first, second)):
        errors = marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ, offset=offset)
        assert max(errors) <= EXACT_MM
        assert not codes(plan) & {"frame-pointer-incomplete", "frame-pointer-disagrees"}


def test_interleaved_windows_are_told_apart_by_their_vectors(tmp_path: Path) -> None:
    ds = nm.two_windows()
    pixels = np.empty((2 * nm.SLICES, nm.ROWS, nm.COLUMNS), dtype="<u2")
    pixels[0::2], pixels[1::2] = nm.volume(), nm.volume() + 1
    ds.PixelData = pixels.tobytes()
    ds.EnergyWindowVector = [1, 2] * nm.SLICES
    ds.SliceVector = [k for k in range(1, nm.SLICES + 1) for _ in range(2)]
    for offset, plan in enumerate(planned(ds, tmp_path)):
        errors = marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ, offset=offset)
        assert max(errors) <= EXACT_MM


def test_xeleris_object_is_spect_although_its_modality_is_ot(tmp_path: Path) -> None:
    plan = only(nm.xeleris(), tmp_path)
    assert plan.kind is Kind.SPECT
    assert max(marker_errors_mm(plan, orientation=nm.AXIAL, spacing=-nm.DZ)) <= EXACT_MM
    assert "attenuation corrected" in plan.description
    # Its Radiopharmaceutical reads "ATTENUATION MAPS" although it is an emission image.
    assert "attenuation-map-possible" in codes(plan)
    assert "attenuation-map" not in codes(plan)


# --- geometry in odd places ------------------------------------------------------------------


def detector(position: list[float] | None, orientation: list[float] | None) -> Dataset:
    item = Dataset()
    item.ImagePositionPatient = position
    item.ImageOrientationPatient = orientation
    return item


def test_first_detector_with_both_places_the_volume(tmp_path: Path) -> None:
    ds = nm.OBJECTS["D"]()
    ds.DetectorInformationSequence.insert(0, detector(None, None))
    ds.DetectorInformationSequence.append(detector(list(nm.ORIGIN_LPS), list(nm.OBLIQUE)))
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM


@pytest.mark.parametrize(
    ("position", "orientation", "words"),
    [
        ([0.0, 0.0, 0.0], list(nm.OBLIQUE), "mm apart"),
        (list(nm.ORIGIN_LPS), list(nm.AXIAL), "different orientations"),
        (None, list(nm.AXIAL), "different orientations"),
    ],
)
def test_detectors_that_disagree_are_refused(
    position: list[float] | None, orientation: list[float], words: str, tmp_path: Path
) -> None:
    ds = nm.OBJECTS["D"]()
    ds.DetectorInformationSequence.append(detector(position, orientation))
    assert words in refusal(only(ds, tmp_path))


@pytest.mark.parametrize("first_is_meant", [True, False])
def test_the_detector_that_all_frames_name_places_the_volume(
    first_is_meant: bool, tmp_path: Path
) -> None:
    ds = nm.OBJECTS["D"]()
    head = detector([0.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0, 0.0, -1.0])
    ds.DetectorInformationSequence.insert(1 if first_is_meant else 0, head)
    assert "Which one is right is not known" in refusal(only(ds, tmp_path))
    ds.DetectorVector = [1 if first_is_meant else 2] * nm.SLICES
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM


@pytest.mark.parametrize("vector", [[3] * nm.SLICES, [1] * 10 + [2] * 10, [1, 1]])
def test_a_detector_vector_that_names_no_single_detector_settles_nothing(
    vector: list[int], tmp_path: Path
) -> None:
    ds = nm.OBJECTS["D"]()
    ds.DetectorInformationSequence.append(detector([0.0, 0.0, 0.0], list(nm.OBLIQUE)))
    ds.DetectorVector = vector
    assert all(plan.refusal for plan in planned(ds, tmp_path))


def test_the_same_place_rounded_elsewhere_is_no_contradiction(tmp_path: Path) -> None:
    ds = nm.OBJECTS["H"]()
    ds.ImagePositionPatient = [round(v + 0.04, 1) for v in nm.ORIGIN_LPS]
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    ds.ImagePositionPatient = [v + 0.1 for v in nm.ORIGIN_LPS]
    assert "0.17 mm apart" in refusal(only(ds, tmp_path))


def per_frame(keyword: str, items: list[Dataset]) -> list[Dataset]:
    """Functional groups of one macro, an item for each frame."""
    groups = [Dataset() for _ in items]
    for group, item in zip(groups, items, strict=True):
        setattr(group, keyword, [item])
    return groups


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def places(spacing: float, *, off_mm: float = 0.0) -> list[list[float]]:
    """Positions of the slices of object D, at another distance and off by so much along x."""
    truths = (
        nm.truth_lps((k, 0, 0), orientation=nm.OBLIQUE, spacing=spacing) for k in range(nm.SLICES)
    )
    return [[round(x + off_mm, 2), round(y, 2), round(z, 2)] for x, y, z in truths]


def says_it_by_frame(ds: Dataset, positions: list[list[float]]) -> None:
    ds.PerFrameFunctionalGroupsSequence = per_frame(
        "PlanePositionSequence", [item(ImagePositionPatient=one) for one in positions]
    )


def says_it_by_detector(ds: Dataset, positions: list[list[float]]) -> None:
    ds.DetectorInformationSequence = [detector(one, list(nm.OBLIQUE)) for one in positions]
    ds.DetectorVector = [1] * nm.SLICES


def says_it_by_location(ds: Dataset, positions: list[list[float]]) -> None:
    steps = np.linalg.norm(np.array(positions) - positions[0], axis=1)
    ds.SliceLocationVector = [round(300 - float(step), 2) for step in steps]


@pytest.mark.parametrize("says", [says_it_by_frame, says_it_by_detector, says_it_by_location])
def test_a_place_stated_again_for_each_slice(says, tmp_path: Path) -> None:
    """The same place is read; another one is refused, wherever it stands and whatever is off."""
    ds = nm.OBJECTS["D"]()
    says(ds, places(-nm.DZ))
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    others = [places(-nm.DZ * 1.5), [*places(-nm.DZ)[:7], *places(-nm.DZ * 2)[7:]]]
    if says is not says_it_by_location:  # it has neither a beginning nor a direction
        others += [places(-nm.DZ)[::-1], places(nm.DZ)]
    if says is says_it_by_frame:  # of detectors the first is the one that counts
        others.append(places(-nm.DZ, off_mm=-40))
    for positions in others:
        ds = nm.OBJECTS["D"]()
        says(ds, positions)
        assert "twice and differently" in refusal(only(ds, tmp_path))


@pytest.mark.parametrize(("off_mm", "is_read"), [(0.4, True), (0.6, False), (3.0, False)])
def test_half_a_millimetre_is_the_same_place(off_mm: float, is_read: bool, tmp_path: Path) -> None:
    ds = nm.OBJECTS["D"]()
    says_it_by_frame(ds, places(-nm.DZ, off_mm=off_mm))
    assert (only(ds, tmp_path).grid is not None) == is_read
    ds = nm.OBJECTS["D"]()
    says_it_by_location(ds, places(-nm.DZ - off_mm / (nm.SLICES - 1)))
    assert (only(ds, tmp_path).grid is not None) == is_read


@pytest.mark.parametrize("made", ["single", "numbered"])
@pytest.mark.parametrize(("off_mm", "is_read"), [(0.0, True), (0.4, True), (0.6, False)])
def test_a_file_of_one_slice_that_states_another_place_is_refused(
    made: str, off_mm: float, is_read: bool, tmp_path: Path
) -> None:
    """Frames of their own are held against the place that was read, slice by slice."""
    if made == "single":
        paths = [nm.write(ds, tmp_path / f"{k}") for k, ds in enumerate(nm.single_frames())]
        instances, options = [nm.read(path) for path in paths], {}
    else:
        instances, options = _numbered_only(tmp_path, in_file=None), {"spacing_mm": -nm.DZ}
    for k, (instance, position) in enumerate(zip(instances, places(-nm.DZ), strict=True)):
        position[0] += off_mm if k == 7 else 0.0
        says_it_by_frame(instance.dataset, [position])
    plans = plan_volumes(instances, **options)
    assert any(plan.grid is not None and plan.shape[0] == nm.SLICES for plan in plans) == is_read
    if not is_read:
        said = " ".join(f"{plan.refusal} {plan.findings}" for plan in plans)
        assert "states the place of its slices twice and differently" in said


@pytest.mark.parametrize("says", [says_it_by_frame, says_it_by_detector, says_it_by_location])
@pytest.mark.parametrize("stated", [-5.0, 5.0, nm.DZ])
def test_a_wrong_distance_of_a_person_is_named_with_the_one_of_the_frames(
    says: Callable[[Dataset, list[list[float]]], None], stated: float, tmp_path: Path
) -> None:
    """Not the file is at fault, which states one place alone."""
    ds = nm.OBJECTS["D"]()
    del ds.SpacingBetweenSlices
    says(ds, places(-nm.DZ))
    plan = only(ds, tmp_path, spacing_mm=-nm.DZ)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    plan = only(ds, tmp_path, spacing_mm=stated)
    if says is says_it_by_location and stated == nm.DZ:  # which has no direction
        assert plan.grid is not None
        return
    said = refusal(plan)
    assert "spacing-needed" in codes(plan)
    assert f"The user states {stated:+g} mm" in said
    assert f"put the slices {nm.DZ:g} mm apart" in said
    assert "twice" not in said
    assert f"--spacing -{nm.DZ:g}" in said
    assert (f"--spacing {nm.DZ:g}" in said) == (says is says_it_by_location)


def test_a_wrong_distance_of_a_person_beside_the_one_of_functional_groups(tmp_path: Path) -> None:
    ds = nm.OBJECTS["D"]()
    del ds.SpacingBetweenSlices
    values = item(SpacingBetweenSlices=nm.DZ)
    ds.SharedFunctionalGroupsSequence = per_frame("PixelMeasuresSequence", [values])
    assert only(ds, tmp_path, spacing_mm=-nm.DZ - 0.04).grid is not None
    said = refusal(only(ds, tmp_path, spacing_mm=-nm.DZ - 0.06))
    assert f"functional groups put the slices {nm.DZ:g} mm apart" in said
    assert f"State --spacing {nm.DZ:g} if they run towards the head" in said


def test_frames_without_an_even_run_contradict_whatever_a_person_states(tmp_path: Path) -> None:
    ds = nm.OBJECTS["D"]()
    del ds.SpacingBetweenSlices
    says_it_by_frame(ds, [*places(-nm.DZ)[:7], *places(-nm.DZ * 2)[7:]])
    assert "twice and differently" in refusal(only(ds, tmp_path, spacing_mm=-nm.DZ))
    says_it_by_frame(ds, places(-nm.DZ)[:1] * nm.SLICES)
    assert only(ds, tmp_path, spacing_mm=-5.0).grid is not None


def test_one_position_for_every_frame_is_that_of_the_first_slice(tmp_path: Path) -> None:
    ds = nm.OBJECTS["D"]()
    says_it_by_frame(ds, places(-nm.DZ)[:1] * nm.SLICES)
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    says_it_by_frame(ds, places(-nm.DZ, off_mm=9)[:1] * nm.SLICES)
    assert "slice 1 lies 9.0 mm away" in refusal(only(ds, tmp_path))


@pytest.mark.parametrize(
    ("keyword", "values", "words"),
    [
        ("PixelMeasuresSequence", {"PixelSpacing": [nm.DY, nm.DX]}, None),
        ("PixelMeasuresSequence", {"SpacingBetweenSlices": nm.DZ}, None),
        ("PixelMeasuresSequence", {"PixelSpacing": [nm.DX, nm.DY]}, "its pixels lie apart"),
        ("PixelMeasuresSequence", {"SpacingBetweenSlices": 4.0}, "its slices lie apart"),
        ("PlaneOrientationSequence", {"ImageOrientationPatient": list(nm.OBLIQUE)}, None),
        ("PlaneOrientationSequence", {"ImageOrientationPatient": list(nm.AXIAL)}, "orientation"),
    ],
)
def test_size_and_orientation_stated_again_for_all_frames(
    keyword: str, values: dict[str, object], words: str | None, tmp_path: Path
) -> None:
    ds = nm.OBJECTS["D"]()
    ds.SharedFunctionalGroupsSequence = per_frame(keyword, [item(**values)])
    plan = only(ds, tmp_path)
    if words is None:
        assert plan.refusal is None
    else:
        assert words in refusal(plan)


def test_top_level_that_disagrees_with_the_detector_is_refused(tmp_path: Path) -> None:
    ds = nm.OBJECTS["H"]()
    ds.ImagePositionPatient = [*nm.ORIGIN_LPS[:2], nm.ORIGIN_LPS[2] - 57]
    assert "57.00 mm apart" in refusal(only(ds, tmp_path))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda ds: ds.pop("PixelSpacing"), "Pixel Spacing is missing"),
        (lambda ds: setattr(ds, "PixelSpacing", [0, 4.4]), "positive"),
        (lambda ds: ds.pop("Rows"), "Rows"),
        (
            lambda ds: setattr(
                ds.DetectorInformationSequence[0], "ImageOrientationPatient", [1, 0, 0, 0, 2, 0]
            ),
            "length 1",
        ),
        (
            lambda ds: setattr(
                ds.DetectorInformationSequence[0], "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]
            ),
            "perpendicular",
        ),
        (
            lambda ds: setattr(
                ds.DetectorInformationSequence[0], "ImagePositionPatient", ["0", "0", "1e309"]
            ),
            "finite",
        ),
    ],
)
def test_unusable_geometry_is_refused(
    edit: Callable[[Dataset], object], words: str, tmp_path: Path
) -> None:
    instance = nm.read(nm.write(nm.recon(), tmp_path / "nm.dcm"))
    edit(instance.dataset)
    (plan,) = plan_volumes([instance])
    assert words in refusal(plan)


unit_vectors = st.tuples(*[st.floats(-1, 1) for _ in range(3)]).filter(
    lambda v: np.linalg.norm(v) > 0.1
)


@settings(max_examples=60, deadline=None)
@given(
    row=unit_vectors,
    other=unit_vectors,
    spacing=st.floats(0.5, 12) | st.floats(-12, -0.5),
    pixel=st.tuples(st.floats(13.5, 28), st.floats(13.5, 28)),
    origin=st.tuples(*[st.floats(-400, 400) for _ in range(3)]),
)
def test_affine_equals_the_formula_of_the_standard(
    row: tuple[float, ...],
    other: tuple[float, ...],
    spacing: float,
    pixel: tuple[float, float],
    origin: tuple[float, ...],
) -> None:
    x = np.array(row) / np.linalg.norm(row)
    y = np.array(other) - np.dot(other, x) * x
    assume(np.linalg.norm(y) > 0.05)
    y /= np.linalg.norm(y)
    ds = nm.recon(np.zeros((4, 3, 2), dtype=np.uint16), spacing=None)
    del ds.PixelData
    ds.SpacingBetweenSlices = f"{spacing:.8f}"
    ds.PixelSpacing = [f"{value:.8f}" for value in pixel]
    item = ds.DetectorInformationSequence[0]
    item.ImageOrientationPatient = [f"{value:.8f}" for value in (*x, *y)]
    item.ImagePositionPatient = [f"{value:.6f}" for value in origin]
    (plan,) = plan_volumes([Instance(Path("x"), "x", ds, "1.2.840.10008.1.2.1", None)])
    assert plan.grid is not None
    for k, r, c in np.ndindex(4, 3, 2):
        for axis in range(3):
            n = (x[axis - 2] * y[axis - 1]) - (x[axis - 1] * y[axis - 2])
            truth = origin[axis] + c * pixel[1] * x[axis] + r * pixel[0] * y[axis]
            truth += k * spacing * n
            assert abs(plan.grid.to_lps((k, r, c))[axis] - truth) < 1e-4


# --- frames and their numbers ----------------------------------------------------------------


def without(keyword: str) -> Callable[[Dataset], None]:
    return lambda ds: delattr(ds, keyword)


def with_value(keyword: str, value: object) -> Callable[[Dataset], None]:
    return lambda ds: setattr(ds, keyword, value)


def both(*edits: Callable[[Dataset], None]) -> Callable[[Dataset], None]:
    def apply(ds: Dataset) -> None:
        for edit in edits:
            edit(ds)

    return apply


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (without("FrameIncrementPointer"), "frame-pointer-missing"),
        (with_value("FrameIncrementPointer", [0x00540010, 0x00540080]), "frame-pointer-disagrees"),
        (with_value("FrameIncrementPointer", 0x00181063), "frame-pointer-incomplete"),
        (without("SliceVector"), "slice-vector-missing"),
        (without("NumberOfSlices"), "slice-count-missing"),
        (without("ImageType"), None),
        (with_value("ImageType", ["ORIGINAL", "RECON_TOMO"]), None),
        (with_value("EnergyWindowVector", [1]), None),
        (with_value("DetectorVector", [1] * nm.SLICES), None),
    ],
)
def test_sloppy_writers_are_understood_where_nothing_is_ambiguous(
    edit: Callable[[Dataset], None], code: str | None, tmp_path: Path
) -> None:
    ds = nm.OBJECTS["D"]()
    edit(ds)
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    about_frames = {c for c in codes(plan) if c.startswith(("frame-", "slice-"))}
    assert about_frames == ({code} if code else set())


@pytest.mark.parametrize(
    "value",
    [
        "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION",
        ["original", "primary", "recon tomo", "emission"],
        ["Original", "Primary", "Recon Gated Tomo", ""],
    ],
)
def test_image_type_in_one_string_or_lower_case(value: object) -> None:
    ds = nm.recon()
    # As a writer's wrong VR (LT, UT) or lax check lets it through.
    ds["ImageType"] = DataElement("ImageType", "LT" if isinstance(value, str) else "LO", value)
    assert kind_of(Instance(Path("x"), "x", ds, "", None)) is Kind.SPECT


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (with_value("SliceVector", [1, 1, *range(3, 21)]), "slice 1 occurs 2 times"),
        (with_value("SliceVector", [2, 1, *range(3, 21)]), "out of order"),
        (with_value("SliceVector", list(range(20))), "numbered 0 to 19"),
        (with_value("SliceVector", list(range(1, 20))), "19 entries for 20 frames"),
        (with_value("NumberOfSlices", 25), "holds 20 of 25 slices"),
        (both(without("SliceVector"), without("NumberOfSlices")), "Number of Slices are missing"),
        (both(without("SliceVector"), with_value("NumberOfSlices", 10)), "Number of Slices is 10"),
        (
            both(without("SliceVector"), with_value("EnergyWindowVector", [1, 2] * 10)),
            "belong to several volumes",
        ),
        (with_value("TimeSlotVector", [1, 2, 3]), "3 entries for 20 frames"),
        (with_value("AngularViewVector", list(range(1, 21))), "views around the patient"),
    ],
)
def test_uncertain_order_of_slices_is_refused(
    edit: Callable[[Dataset], None], words: str, tmp_path: Path
) -> None:
    ds = nm.recon()
    edit(ds)
    assert words in refusal(only(ds, tmp_path))


def test_vectors_left_over_from_the_projections_part_no_complete_volume(tmp_path: Path) -> None:
    ds = nm.OBJECTS["D"]()
    ds.AngularViewVector = list(range(1, 61)) * 2
    ds.DetectorVector = [1] * 60 + [2] * 60
    ds.RotationVector = [1] * 120
    plan = only(ds, tmp_path)
    assert max(marker_errors_mm(plan, orientation=nm.OBLIQUE, spacing=-nm.DZ)) <= EXACT_MM
    (finding,) = [f for f in plan.findings if f.code == "vectors-left-over"]
    assert "Angular View Vector" in finding.message
    ds.SliceVector = [1, 1, *range(3, nm.SLICES + 1)]
    assert "which frame is which is not known" in refusal(only(ds, tmp_path))


def test_gates_without_their_vector_are_refused(tmp_path: Path) -> None:
    ds = nm.gated(2)
    del ds.TimeSlotVector
    assert "occurs 2 times" in refusal(only(ds, tmp_path))


def test_one_incomplete_gate_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    ds = nm.gated(3)
    slices = list(ds.SliceVector)
    slices[nm.SLICES + 4] = 4
    ds.SliceVector = slices
    first, second, third = planned(ds, tmp_path)
    assert first.grid is not None
    assert third.grid is not None
    assert refusal(second)


@pytest.mark.parametrize("frames", [0, -3, 70_000])
def test_impossible_number_of_frames_is_refused(frames: int, tmp_path: Path) -> None:
    instance = nm.read(nm.write(nm.recon(), tmp_path / "nm.dcm"))
    instance.dataset.NumberOfFrames = frames
    (plan,) = plan_volumes([instance])
    assert "Number of Frames" in refusal(plan)


def test_several_reconstructions_in_one_series_are_volumes_of_their_own(tmp_path: Path) -> None:
    paths = [
        nm.write(nm.OBJECTS[letter](), tmp_path / f"{letter}.dcm") for letter in ("A", "D", "I")
    ]
    plans = plan_volumes([nm.read(path) for path in paths])
    assert sorted(plan.volume_id for plan in plans) == ["1", "2", "3"]
    assert sorted(plan.grid is None for plan in plans) == [False, False, True]


# --- what is no reconstruction ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("image_type", "kind", "words"),
    [
        ("TOMO", Kind.PROJECTIONS, "projections"),
        ("GATED TOMO", Kind.PROJECTIONS, "gated views"),
        ("STATIC", Kind.PLANAR, "planar"),
        ("WHOLE BODY", Kind.PLANAR, "whole-body"),
        ("DYNAMIC", Kind.PLANAR, "over time"),
        ("GATED", Kind.PLANAR, "gated series"),
    ],
)
def test_not_reconstructed_objects_are_named(
    image_type: str, kind: Kind, words: str, tmp_path: Path
) -> None:
    plan = only(nm.recon(image_type=image_type), tmp_path)
    assert plan.kind is kind
    assert refusal(plan).startswith("Not reconstructed")
    assert words in refusal(plan)
    assert plan.frames == ()


def test_unknown_object_without_slices_is_not_offered(tmp_path: Path) -> None:
    ds = nm.recon(image_type="NOVELTY")
    for keyword in ("SliceVector", "NumberOfSlices"):
        delattr(ds, keyword)
    plan = only(ds, tmp_path)
    assert plan.kind is Kind.OTHER
    assert refusal(plan)


def test_projections_without_image_type_are_recognised_by_their_views(tmp_path: Path) -> None:
    ds = nm.recon()
    del ds.ImageType
    ds.AngularViewVector = list(range(1, nm.SLICES + 1))
    assert only(ds, tmp_path).kind is Kind.PROJECTIONS


# --- attenuation -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("SeriesDescription", "ACMAP"),
        ("SeriesDescription", "Bone_mu-map"),
        ("SeriesDescription", "µMap"),
        ("ImageID", "AC_MAP"),
        ("SeriesDescription", "Attenuation map from CT"),
        ("SeriesDescription", "CTACMAP001_DS"),
        ("SeriesDescription", "Mumap_from_CT"),
        ("SeriesDescription", "CT Map"),
        ("SeriesDescription", "Attenuation coefficients"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "RECON TOMO", "TRANSMISSION"]),
    ],
)
def test_attenuation_maps_are_not_offered_silently(
    keyword: str, value: object, tmp_path: Path
) -> None:
    ds = nm.recon()
    setattr(ds, keyword, value)
    plan = only(ds, tmp_path)
    assert "attenuation-map" in codes(plan)
    assert plan.description.endswith("attenuation map")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"CorrectedImage": ["DECY", "ATTN"]}, True),
        ({"SeriesDescription": "Bone AC"}, True),
        ({"ImageID": "TOMO_EM_IRACSCRR"}, True),
        ({"ImageID": "TOMO_EM_IRNCRR"}, False),
        ({"SeriesDescription": "Bone NAC"}, False),
        ({"SeriesDescription": "Recon_NoAC"}, False),
        ({"SeriesDescription": "Bone NAC", "CorrectedImage": ["ATTN"]}, False),
        ({"SeriesDescription": "Neck_IRAC001_DS"}, True),
        ({"SeriesDescription": "Neck_IRNC001_DS"}, False),
        ({"SeriesDescription": "Bone without CTAC"}, False),
        ({"SeriesDescription": "Bone no CT AC"}, False),
        ({"SeriesDescription": "OSEM NoACSC"}, False),
        ({"SeriesDescription": "Bone AC off"}, False),
        ({"SeriesDescription": "Not attenuation corrected"}, False),
        ({"SeriesDescription": "Attenuation corrected"}, True),
        ({"SeriesDescription": "Astonish NC"}, False),
        ({"SeriesDescription": "Bone NC", "CorrectedImage": ["ATTN"]}, True),
        ({"AttenuationCorrectionMethod": "NONE"}, False),
        ({"AttenuationCorrectionMethod": "measured,, 0.096000 cm-1,"}, True),
        ({"SeriesDescription": "Bone SPECT"}, None),
        ({"SeriesDescription": "AC joint SPECT"}, None),
        ({"SeriesDescription": "THORACIC", "CorrectedImage": ["DECY"]}, None),
    ],
)
def test_attenuation_correction_is_read_from_what_writers_say(
    attributes: dict[str, object], expected: bool | None
) -> None:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    assert attenuation_corrected(ds) is expected


# --- real files ------------------------------------------------------------------------------


def test_real_reconstruction_without_geometry_is_refused(shared_data: Path) -> None:
    path = shared_data / "nm_recon_without_geometry" / "NM-MONO2-16-13x-heart"
    (plan,) = plan_volumes([nm.read(path)])
    assert plan.kind is Kind.SPECT
    assert plan.shape == (13, 64, 64)
    assert plan.unit == "counts"
    assert "does not say where its slices lie" in refusal(plan)


def test_real_planar_bone_scan_is_no_spect(shared_data: Path) -> None:
    path = shared_data / "nm_planar_bone" / "NM1_UNC"
    (plan,) = plan_volumes([nm.read(path)])
    assert plan.kind is Kind.PLANAR
    assert "whole-body" in refusal(plan)


def test_damaged_vector_is_refused(tmp_path: Path) -> None:
    # 39 bytes where each number takes two, as after a lost byte.
    instance = nm.read(nm.write(nm.recon(), tmp_path / "nm.dcm"))
    raw = RawDataElement(Tag("SliceVector"), "US", 39, b"\1" * 39, 0, False, True)
    instance.dataset[raw.tag] = raw
    (plan,) = plan_volumes([instance])
    assert "Slice Vector is not a number" in refusal(plan)


def written(ds: Dataset, keyword: str, value: str) -> None:
    """Put a text into a file as a writer did who did not look at it."""
    tag = Tag(tag_for_keyword(keyword))
    content = value.encode() + b" " * (len(value) % 2)
    ds[tag] = RawDataElement(tag, "DS", len(content), content, 0, False, True)


@pytest.mark.parametrize(
    ("keyword", "value", "name"),
    [
        ("PixelSpacing", "4,8\\4,8", "Pixel Spacing"),
        ("PixelSpacing", "4,8", "Pixel Spacing"),
        ("SpacingBetweenSlices", "-4,8", "Spacing Between Slices"),
        ("ImagePositionPatient", "-1,5\\2\\3", "Image Position"),
        ("ImageOrientationPatient", "1,0\\0\\0\\0\\1\\0", "Image Orientation"),
        ("SpacingBetweenSlices", "--4.8", "Spacing Between Slices"),
    ],
)
def test_a_decimal_comma_is_quoted_and_never_guessed(
    tmp_path: Path, keyword: str, value: str, name: str
) -> None:
    ds = nm.recon()
    is_placed = keyword.startswith("Image")
    written(ds.DetectorInformationSequence[0] if is_placed else ds, keyword, value)
    plan = only(ds, tmp_path)
    assert plan.grid is None
    assert name in plan.refusal
    assert f'"{value}"' in plan.refusal
    assert ("comma" in plan.refusal) == ("," in value)


def test_what_is_no_number_at_all_is_not_quoted(tmp_path: Path) -> None:
    ds = nm.recon()
    written(ds, "SpacingBetweenSlices", "Doe^Jane")
    (plan,) = planned(ds, tmp_path)
    assert "Doe" not in plan.refusal
    assert "Spacing Between Slices" in plan.refusal


def test_a_thickness_that_is_no_number_places_nothing(tmp_path: Path) -> None:
    ds = nm.recon()
    written(ds, "SliceThickness", "4,8")
    (plan,) = planned(ds, tmp_path)
    assert plan.refusal is None
