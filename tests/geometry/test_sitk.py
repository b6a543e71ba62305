"""To SimpleITK and back: a marker has to be where it was, and directions the right way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

import fusion
from fusion.errors import GeometryError
from fusion.geometry import FieldOfView, Grid, RigidTransform, Volume, averaged, seen_mask
from fusion.resampling import Resampler
from tests.volumes import affine, volume

#: Left, posterior and up: no two directions can be exchanged unseen.
MARKER_LPS = np.array((14.0, -9.0, 22.0))
OBLIQUE = RigidTransform.from_euler(rotation_deg=(20, -35, 50))


def marked(point_lps, matrix, shape=(30, 26, 22), frame="1.2.3") -> Volume:
    """Return a volume with a ball of 5 mm at a point."""
    grid = Grid(shape, matrix, frame)
    points = grid.to_lps(np.moveaxis(np.indices(shape), 0, -1))
    ball = 100 * np.exp(-(np.linalg.norm(points - point_lps, axis=-1) ** 2) / (2 * 5**2))
    return volume(ball.astype(np.float32), matrix, frame=frame)


@pytest.mark.parametrize(
    "matrix",
    [
        affine(spacing_kji=(3, 2.5, 2), origin_lps=(-20, -30, -25)),
        affine(spacing_kji=(-3, 2.5, 2), origin_lps=(-20, -30, 60)),
        OBLIQUE.matrix @ affine(spacing_kji=(3, 2.5, 2), origin_lps=(-20, -30, -25)),
    ],
    ids=["upwards", "downwards", "oblique"],
)
def test_every_voxel_is_where_it_was(matrix) -> None:
    made = marked(MARKER_LPS, matrix)
    image = fusion.to_sitk(made)
    assert image.GetSize() == (22, 26, 30)
    for kji in ((0, 0, 0), (29, 0, 3), (7, 25, 21)):
        ijk = tuple(reversed(kji))
        np.testing.assert_allclose(
            image.TransformIndexToPhysicalPoint(ijk), made.grid.to_lps(kji), atol=1e-9
        )
        assert image[ijk] == pytest.approx(made.stored[kji])
    back = fusion.from_sitk(image, like=made)
    np.testing.assert_allclose(back.grid.affine, made.grid.affine, atol=1e-9)
    np.testing.assert_array_equal(back.values(), made.values())
    assert back.grid.frame_of_reference_uid == "1.2.3"
    assert (back.unit, back.source) == (made.unit, made.source)


def test_slope_and_intercept_are_in_the_values() -> None:
    stored = volume(np.full((3, 4, 5), 7, np.int16), np.eye(4))
    scaled = Volume(stored.grid, stored.stored, 2.0, -1000.0, "HU", stored.source)
    assert fusion.to_sitk(scaled)[0, 0, 0] == -986.0


def test_sitk_puts_the_marker_where_our_transform_says() -> None:
    """A ball of the SPECT at the place that our transform carries onto the marker of the CT."""
    to_ct = RigidTransform.from_euler(rotation_deg=(8, -5, 12), translation_mm=(6, -9, 7))
    ct = marked(MARKER_LPS, affine(spacing_kji=(3, 2.5, 2), origin_lps=(-20, -40, -25)))
    native = to_ct.inverse().apply(MARKER_LPS)
    spect = marked(
        native, affine(spacing_kji=(-4, 4, 4), origin_lps=(-50, -50, 60)), shape=(30, 26, 28)
    )
    transform = fusion.transform_to_sitk(to_ct, center_lps=(10, 20, 30))
    moved = sitk.Resample(fusion.to_sitk(spect), fusion.to_sitk(ct), transform)
    array = sitk.GetArrayFromImage(moved)
    hottest = np.unravel_index(array.argmax(), array.shape)
    assert np.linalg.norm(ct.grid.to_lps(hottest) - MARKER_LPS) < 2.5
    ours = np.nan_to_num(Resampler(spect, ct.grid, transform=to_ct).array())
    np.testing.assert_allclose(array, ours, atol=0.05)
    # The other way round it lies elsewhere.
    wrong = sitk.Resample(fusion.to_sitk(spect), fusion.to_sitk(ct), transform.GetInverse())
    assert sitk.GetArrayFromImage(wrong)[hottest] < 0.5 * array[hottest]


def test_transforms_come_back_from_every_rigid_kind() -> None:
    to_ct = RigidTransform.from_euler(rotation_deg=(8, -5, 12), translation_mm=(6, -9, 7))
    euler = fusion.transform_to_sitk(to_ct, center_lps=(10, 20, 30))
    np.testing.assert_allclose(fusion.transform_from_sitk(euler).matrix, to_ct.matrix, atol=1e-12)
    linear = sitk.AffineTransform(3)
    linear.SetMatrix(euler.GetMatrix())
    linear.SetCenter(euler.GetCenter())
    linear.SetTranslation(euler.GetTranslation())
    np.testing.assert_allclose(fusion.transform_from_sitk(linear).matrix, to_ct.matrix, atol=1e-9)
    shift = sitk.TranslationTransform(3, (1.0, 2.0, 3.0))
    np.testing.assert_allclose(fusion.transform_from_sitk(shift).matrix[:3, 3], (-1, -2, -3))


def test_what_is_not_rigid_or_not_perpendicular_is_refused() -> None:
    scaled = sitk.AffineTransform(3)
    scaled.Scale(1.1)
    mirrored = sitk.AffineTransform(3)
    mirrored.SetMatrix((-1, 0, 0, 0, 1, 0, 0, 0, 1))
    bending = sitk.BSplineTransform(3)
    for transform, word in ((scaled, "scales"), (mirrored, "mirrors"), (bending, "bends")):
        with pytest.raises(GeometryError, match=word):
            fusion.transform_from_sitk(transform)
    sheared = affine(spacing_kji=(3, 2, 2), origin_lps=(0, 0, 0))
    sheared[1, 0] += 0.6
    with pytest.raises(GeometryError, match="tilted"):
        fusion.to_sitk(volume(np.zeros((30, 4, 5), np.float32), sheared))
    made = volume(np.zeros((3, 4, 5), np.float32), np.eye(4))
    with pytest.raises(GeometryError, match="three-dimensional"):
        fusion.from_sitk(sitk.Image(4, 4, sitk.sitkFloat32), like=made)


def test_a_new_unit_drops_the_factor_to_suv() -> None:
    made = volume(np.ones((3, 4, 5), np.float32), np.eye(4))
    made = Volume(made.grid, made.stored, 1.0, 0.0, "Bq/mL", made.source, suvbw_per_unit=0.1)
    image = fusion.to_sitk(made)
    assert fusion.from_sitk(image, like=made).suvbw_per_unit == 0.1
    ratio = fusion.from_sitk(image, like=made, unit="ratio")
    assert (ratio.unit, ratio.suvbw_per_unit) == ("ratio", None)


@pytest.mark.parametrize("factors", [(1, 1, 1), (2, 13, 1), (3, 2, 11)])
def test_larger_voxels_are_those_of_simpleitk(factors) -> None:
    matrix = OBLIQUE.matrix @ affine(spacing_kji=(3, 2.5, 2), origin_lps=(-20, -30, -25))
    made = replace(marked(MARKER_LPS, matrix), slope=np.linspace(1, 2, 30))
    larger = averaged(made, factors)
    theirs = fusion.from_sitk(
        sitk.BinShrink(fusion.to_sitk(made), [int(n) for n in factors[::-1]]), like=made
    )
    np.testing.assert_allclose(larger.grid.affine, theirs.grid.affine, atol=1e-9)
    np.testing.assert_allclose(larger.values(), theirs.values(), rtol=1e-5, atol=1e-4)


def test_what_does_not_fill_a_larger_voxel_or_was_not_all_seen_is_left_out() -> None:
    array = np.arange(5 * 4 * 7, dtype=np.int16).reshape(5, 4, 7)
    mask = np.ones((4, 4, 7), bool)
    mask[1, 3, 0] = False
    seen = FieldOfView((1, 0, 0), (5, 4, 7), mask)
    larger = averaged(replace(volume(array, np.eye(4)), seen=seen), (2, 2, 3))
    assert larger.stored.tolist() == [
        [[array[k : k + 2, j : j + 2, i : i + 3].mean() for i in (0, 3)] for j in (0, 2)]
        for k in (0, 2)
    ]
    assert seen_mask(larger).tolist() == [[[False] * 2] * 2, [[True, True], [False, True]]]
