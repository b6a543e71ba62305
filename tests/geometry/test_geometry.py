"""Geometry against SimpleITK and against the formula of PS3.3, on one table of grids."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from fusion.errors import GeometryError
from fusion.geometry import (
    Grid,
    RigidTransform,
    Source,
    Volume,
    canonical_view,
    direction_letters,
    enclosing_grid,
    unit_directions,
)

HFS = (1, 0, 0, 0, 1, 0)
OBLIQUE = (*np.array([0.8, 0.6, 0.0]), *np.array([-0.48, 0.64, 0.6]))
#: name: orientation, position, pixel spacing (dy, dx), signed slice spacing along row × column
GRIDS = {
    "head first supine": (HFS, (-100, -120, 30), (0.5, 0.7), 1.25),
    "feet first supine": ((-1, 0, 0, 0, 1, 0), (100, -120, 30), (0.5, 0.7), 1.25),
    "head first prone": ((-1, 0, 0, 0, -1, 0), (100, 120, 30), (0.5, 0.7), 1.25),
    "negative spacing": (HFS, (-100, -120, 30), (4.8, 4.4), -3.0),
    "coronal": ((1, 0, 0, 0, 0, -1), (-100, 20, 130), (0.6, 0.9), 2.0),
    "sagittal": ((0, 1, 0, 0, 0, -1), (-40, -100, 130), (0.6, 0.9), -2.0),
    "double oblique": (OBLIQUE, (11, -7, 3), (4.8, 4.4), 3.0),
    "double oblique, negative": (OBLIQUE, (11, -7, 3), (4.8, 4.4), -3.0),
}
SHAPE = (5, 7, 9)

finite = st.floats(-500, 500, allow_nan=False)
angles = st.tuples(*[st.floats(-180, 180)] * 3)
vectors = st.tuples(finite, finite, finite)


def make(name: str) -> Grid:
    orientation, position, spacing, step = GRIDS[name]
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    return Grid.from_dicom(
        SHAPE,
        position_lps=position,
        orientation=orientation,
        pixel_spacing_mm=spacing,
        slice_step_lps=step * np.cross(row, column),
        frame_of_reference_uid="1.2.3",
    )


@pytest.mark.parametrize("name", GRIDS)
def test_voxel_centres_follow_the_dicom_formula(name: str) -> None:
    orientation, position, (dy, dx), step = GRIDS[name]
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    normal = np.cross(row, column)
    grid = make(name)
    for k, j, i in np.ndindex(*SHAPE):
        # PS3.3 C.7.6.2.1.1: column index along the row direction, row index down the column.
        truth = np.array(position) + i * dx * row + j * dy * column + k * step * normal
        assert np.abs(grid.to_lps((k, j, i)) - truth).max() < 1e-9


@pytest.mark.parametrize("name", GRIDS)
def test_agrees_with_simpleitk(name: str) -> None:
    grid = make(name)
    image = sitk.Image(SHAPE[2], SHAPE[1], SHAPE[0], sitk.sitkFloat32)
    image.SetSpacing(grid.spacing_mm[::-1].tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    image.SetDirection(grid.directions[::-1].T.ravel().tolist())
    for kji in ((0, 0, 0), (4, 6, 8), (1, 5, 2)):
        ours = grid.to_lps(kji)
        assert ours == pytest.approx(image.TransformIndexToPhysicalPoint(kji[::-1]), abs=1e-9)


@pytest.mark.parametrize("name", GRIDS)
def test_index_and_world_are_inverse(name: str) -> None:
    grid = make(name)
    kji = np.random.default_rng(1).uniform(-3, 12, (50, 3))
    assert grid.to_kji(grid.to_lps(kji)) == pytest.approx(kji, abs=1e-9)


@given(angles, vectors, vectors)
def test_rigid_inverse_and_composition(rotation, translation, center) -> None:
    transform = RigidTransform.from_euler(
        rotation_deg=rotation, translation_mm=translation, center_lps=center
    )
    points = np.array([[0, 0, 0], [10, -20, 30], [1, 2, 3.0]])
    assert transform.inverse().apply(transform.apply(points)) == pytest.approx(points, abs=1e-6)
    composed = transform @ transform.inverse()
    assert composed.matrix == pytest.approx(np.eye(4), abs=1e-6)
    # Distances survive, and so does handedness.
    lengths = np.linalg.norm(np.diff(transform.apply(points), axis=0), axis=1)
    assert lengths == pytest.approx(np.linalg.norm(np.diff(points, axis=0), axis=1), abs=1e-6)


@pytest.mark.parametrize("degrees", [(10, 0, 0), (0, -20, 0), (0, 0, 35), (4, 5, 6)])
def test_euler_angles_turn_as_simpleitk_turns(degrees) -> None:
    center = (5.0, -6.0, 7.0)
    ours = RigidTransform.from_euler(
        rotation_deg=degrees, translation_mm=(1, 2, 3), center_lps=center
    )
    theirs = sitk.Euler3DTransform()
    theirs.SetComputeZYX(True)
    theirs.SetCenter(center)
    theirs.SetRotation(*np.radians(degrees))
    theirs.SetTranslation((1, 2, 3))
    for point in ((0.0, 0.0, 0.0), (30.0, -4.0, 12.0)):
        assert ours.apply(point) == pytest.approx(theirs.TransformPoint(point), abs=1e-9)


def test_total_angle_of_small_and_half_turns() -> None:
    for degrees in (0.0, 1e-4, 3.0, 90.0, 179.999, 180.0):
        transform = RigidTransform.from_euler(rotation_deg=(degrees, 0, 0))
        assert transform.angle_deg == pytest.approx(degrees, abs=1e-6)


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (np.diag([-1.0, 1, 1, 1]), "mirrors"),
        (np.diag([2.0, 2, 2, 1]), "scales"),
        (np.full((4, 4), np.nan), "finite"),
        (np.eye(3), "shape"),
    ],
)
def test_only_proper_rotations_are_rigid(matrix, word) -> None:
    with pytest.raises(GeometryError, match=word):
        RigidTransform(matrix)


def test_reversed_slices_are_the_same_places() -> None:
    forward, backward = make("double oblique"), make("double oblique, negative")
    assert np.linalg.det(forward.affine[:3, :3]) * np.linalg.det(backward.affine[:3, :3]) < 0
    assert forward.to_lps((0, 3, 4)) == pytest.approx(backward.to_lps((0, 3, 4)))
    assert forward.to_lps((1, 0, 0)) == pytest.approx(
        2 * forward.to_lps((0, 0, 0)) - backward.to_lps((1, 0, 0))
    )


@pytest.mark.parametrize("name", [n for n in GRIDS if "oblique" not in n])
def test_canonical_view_keeps_every_value_at_its_place(name: str) -> None:
    grid = make(name)
    values = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    view, canonical = canonical_view(values, grid)
    assert np.shares_memory(view, values)
    assert canonical.frame_of_reference_uid == "1.2.3"
    assert canonical.directions == pytest.approx(np.eye(3)[::-1])
    for kji in np.ndindex(*view.shape):
        original = np.rint(grid.to_kji(canonical.to_lps(kji))).astype(int)
        assert values[tuple(original)] == view[kji]


def test_canonical_view_refuses_a_tilt() -> None:
    grid = make("double oblique")
    with pytest.raises(GeometryError, match="along the patient axes"):
        canonical_view(np.zeros(SHAPE), grid)


@pytest.mark.parametrize("name", GRIDS)
def test_enclosing_grid_is_straight_and_holds_every_voxel(name: str) -> None:
    grid = make(name)
    box = enclosing_grid(grid)
    assert box.is_axis_aligned
    assert (np.diag(box.affine[[2, 1, 0], :3]) > 0).all()
    reach = box.spacing_mm[::-1]
    low, high = box.corners_lps.min(axis=0), box.corners_lps.max(axis=0)
    assert (grid.corners_lps >= low - reach).all()
    assert (grid.corners_lps <= high + reach).all()
    assert sorted(box.spacing_mm) == pytest.approx(sorted(grid.spacing_mm))


def test_shear_is_kept_and_known() -> None:
    tilt = np.radians(18.5)
    grid = Grid.from_dicom(
        SHAPE,
        position_lps=(0, 0, 0),
        orientation=(1, 0, 0, 0, np.cos(tilt), np.sin(tilt)),
        pixel_spacing_mm=(1, 1),
        slice_step_lps=(0, 0, 4.0),
    )
    assert not grid.is_orthogonal
    assert not grid.is_axis_aligned
    assert grid.to_lps((2, 0, 0)) == pytest.approx((0, 0, 8))
    assert make("double oblique").is_orthogonal
    assert not make("double oblique").is_axis_aligned
    assert make("sagittal").is_axis_aligned


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "L"),
        ((-1, 0, 0), "R"),
        ((0, 1, 0), "P"),
        ((0, -1, 0), "A"),
        ((0, 0, 1), "H"),
        ((0, 0, -3), "F"),
        ((0.8, 0.6, 0), "LP"),
        ((0.99, 0.14, 0), "L"),
        ((-0.5, -0.6, 0.62), "HAR"),
    ],
)
def test_direction_letters(direction, letters) -> None:
    assert direction_letters(direction) == letters


@pytest.mark.parametrize(
    "orientation",
    [(1, 0, 0, 0, 1.1, 0), (1, 0, 0, 0.1, 1, 0), (0, 0, 0, 0, 0, 0), (1, 0, 0, 0, np.inf, 0)],
)
def test_bad_direction_cosines_are_refused(orientation) -> None:
    with pytest.raises(GeometryError):
        unit_directions(orientation)


@pytest.mark.parametrize(
    ("shape", "affine"),
    [
        ((0, 2, 2), np.eye(4)),
        ((2**12, 2**12, 2**12), np.eye(4)),
        ((2, 2, 2), np.diag([1.0, 0, 1, 1])),
        ((2, 2, 2), np.diag([1.0, 1, 1, 2])),
        ((2, 2, 2), np.full((4, 4), np.inf)),
    ],
)
def test_unusable_grids_are_refused(shape, affine) -> None:
    with pytest.raises(GeometryError):
        Grid(shape, affine)


def test_affine_cannot_be_changed_from_outside() -> None:
    affine = np.eye(4)
    grid = Grid(SHAPE, affine)
    affine[0, 3] = 99
    assert grid.affine[0, 3] == 0
    with pytest.raises(ValueError, match="read-only"):
        grid.affine[0, 3] = 1


def test_values_apply_slope_and_intercept_slice_by_slice() -> None:
    stored = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    source = Source("1", "2", "1", ("3",), "CT", "test")
    volume = Volume(Grid((2, 2, 2), np.eye(4)), stored, [1.0, 2.0], [-1024.0, 5.0], "HU", source)
    assert volume.values().tolist() == [[[-1024, -1023], [-1022, -1021]], [[13, 15], [17, 19]]]
    assert volume.nearest((0, 1.4, 0)) == -1022
    assert volume.nearest((0, 1.6, 0)) is None
    with pytest.raises(GeometryError, match="does not fit"):
        Volume(Grid((2, 2, 3), np.eye(4)), stored, 1.0, 0.0, "HU", source)
