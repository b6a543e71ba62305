"""Resampling against SimpleITK, and against analytic functions that linear interpolation keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from fusion.errors import Cancelled, GeometryError
from fusion.geometry import Grid, RigidTransform
from fusion.resampling import Resampler, resampled_in_parts
from tests.volumes import affine, sitk_image, sitk_transform, volume

SPECT = affine(spacing_kji=(4.0, 4.4, 4.8), origin_lps=(-60, -50, -40))
FIXED = Grid((37, 50, 61), affine(spacing_kji=(2.5, 1.7, 1.3), origin_lps=(-50, -45, -55)), "1.2.3")
TURNED = np.array(
    RigidTransform.from_euler(rotation_deg=(12, -7, 20)).matrix[:3, :3] @ np.eye(3)[:, ::-1]
).T
TRANSFORMS = {
    "identity": RigidTransform.identity(),
    "shift": RigidTransform.from_euler(translation_mm=(3.3, -8.1, 5.7)),
    "rotation": RigidTransform.from_euler(rotation_deg=(4, -9, 6), translation_mm=(2, 1, -3)),
}


def noise(shape=(20, 24, 26)):
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("oblique", [False, True], ids=["straight", "oblique"])
def test_equal_to_simpleitk_inside_and_out(transform, oblique) -> None:
    directions = TURNED if oblique else ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    moving = volume(
        noise(),
        affine(spacing_kji=(4.0, 4.4, 4.8), origin_lps=(-60, -50, -40), directions_kji=directions),
    )
    ours = Resampler(moving, FIXED, transform=transform).array()
    theirs = sitk.GetArrayFromImage(
        sitk.Resample(
            sitk_image(moving.stored, moving.grid),
            sitk_image(np.zeros(FIXED.shape), FIXED),
            sitk_transform(transform),
            sitk.sitkLinear,
            float("nan"),
        )
    )
    assert 0.02 < np.isnan(ours).mean() < 0.9
    # A voxel exactly on the border may fall to either side.
    assert (np.isnan(ours) != np.isnan(theirs)).sum() <= 2
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert np.abs(ours - theirs)[both].max() < 1e-5


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("slices_along", [0, 1, 2])
@pytest.mark.parametrize("flip", [1, -1])
def test_part_by_part_is_the_same_as_at_once(transform, slices_along, flip) -> None:
    directions = flip * np.roll(np.eye(3), slices_along, axis=0)[:, ::-1]
    moving = volume(
        noise((30, 24, 26)),
        affine(
            spacing_kji=(3.1, 3.4, 3.8),
            origin_lps=-flip * np.array([40.0, 45.0, 45.0]),
            directions_kji=directions,
        ),
    )
    moving = replace(moving, slope=np.linspace(1, 2, 30), intercept=np.linspace(-5, 5, 30))
    whole = Resampler(moving, FIXED, transform=transform).array()
    parts = np.concatenate(list(resampled_in_parts(moving, FIXED, transform=transform)))
    assert 0.02 < np.isnan(whole).mean() < 0.9
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-5, equal_nan=True)


QUARTER = RigidTransform.from_euler(rotation_deg=(0, 0, 90))
FLIPPED = RigidTransform.from_euler(rotation_deg=(180, 0, 0), translation_mm=(1, 2, 3))


@pytest.mark.parametrize("coarse_mm", [(9.0, 11.0, 13.0), (4.0, 4.4, 4.8), (0.9, 7.0, 2.0)])
@pytest.mark.parametrize(
    "transform", [*TRANSFORMS.values(), QUARTER, FLIPPED], ids=[*TRANSFORMS, "quarter", "flipped"]
)
def test_coarser_equal_and_finer_grids_turned_and_flipped(coarse_mm, transform) -> None:
    """Planes of the source are skipped, used twice, or met backwards."""
    fixed = Grid((17, 9, 12), affine(spacing_kji=coarse_mm, origin_lps=(-50, -35, -30)), "1.2.3")
    moving = volume(noise(), SPECT)
    ours = Resampler(moving, fixed, transform=transform).array()
    theirs = sitk.GetArrayFromImage(
        sitk.Resample(
            sitk_image(moving.stored, moving.grid),
            sitk_image(np.zeros(fixed.shape), fixed),
            sitk_transform(transform),
            sitk.sitkLinear,
            float("nan"),
        )
    )
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.sum() > 50
    assert (np.isnan(ours) != np.isnan(theirs)).sum() <= 2
    assert np.abs(ours - theirs)[both].max() < 1e-5


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_hole_in_the_values_stays_a_hole(hole, transform) -> None:
    """No optimisation may reckon that values are finite: counted by a slow loop."""
    values = noise()
    values[9, 11, 12] = hole
    moving = volume(values, SPECT)
    ours = Resampler(moving, FIXED, transform=transform).array()
    kji = np.stack(np.meshgrid(*map(np.arange, FIXED.shape), indexing="ij"), axis=-1)
    index = moving.grid.to_kji(transform.inverse().apply(FIXED.to_lps(kji)))
    from_hole = np.abs(index - [9, 11, 12]).max(axis=-1)
    assert (from_hole < 0.999).sum() > 50
    assert not np.isfinite(ours[from_hole < 0.999]).any()
    inside = ((index > -0.49) & (index < np.array(values.shape) - 0.51)).all(axis=-1)
    assert np.isfinite(ours[inside & (from_hole > 1.001)]).all()


@pytest.mark.parametrize("step", [4.0, -4.0])
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_linear_ramp_survives_exactly(step, transform) -> None:
    """Independent of any library: f(x, y, z) = 2x − 3y + 5z + 7 is its own interpolation."""
    matrix = affine(spacing_kji=(step, 4.4, 4.8), origin_lps=(-60, -50, 40 if step < 0 else -40))
    grid = Grid((20, 24, 26), matrix)
    kji = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    ramp = grid.to_lps(kji) @ np.array([2.0, -3.0, 5.0]) + 7
    moving = volume(ramp.astype(np.float32), matrix)
    result = Resampler(moving, FIXED, transform=transform).array()
    fixed_kji = np.stack(np.meshgrid(*map(np.arange, FIXED.shape), indexing="ij"), axis=-1)
    source = transform.inverse().apply(FIXED.to_lps(fixed_kji))
    inside = grid.contains(source)
    assert inside.sum() > 1000
    truth = source @ np.array([2.0, -3.0, 5.0]) + 7
    assert np.abs(result - truth)[inside].max() < 1e-3
    index = grid.to_kji(source)
    beyond = ((index < -0.51) | (index > np.array(grid.shape) - 0.49)).any(axis=-1)
    assert np.isnan(result[beyond]).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_a_plane_is_the_plane_of_the_whole(axis, transform, interpolation) -> None:
    resampler = Resampler(
        volume(noise(), SPECT), FIXED, transform=transform, interpolation=interpolation
    )
    whole = resampler.array()
    for index in (0, FIXED.shape[axis] // 2, FIXED.shape[axis] - 1):
        expected = np.take(whole, index, axis=axis)
        np.testing.assert_allclose(resampler.plane(axis, index), expected, atol=2e-6)
    with pytest.raises(IndexError):
        resampler.plane(axis, FIXED.shape[axis])


def test_points_are_what_the_whole_says_there() -> None:
    transform = TRANSFORMS["rotation"]
    resampler = Resampler(volume(noise(), SPECT), FIXED, transform=transform)
    kji = np.array([[10, 20, 30], [18, 25, 30], [0, 0, 0]])
    whole = resampler.array()
    np.testing.assert_allclose(
        resampler.at(FIXED.to_lps(kji)), whole[tuple(kji.T)], atol=2e-6, equal_nan=True
    )


def test_nearest_gives_only_stored_values() -> None:
    moving = volume(noise(), SPECT)
    result = Resampler(
        moving, FIXED, transform=TRANSFORMS["rotation"], interpolation="nearest"
    ).array()
    assert set(result[np.isfinite(result)].tolist()) <= set(moving.stored.ravel().tolist())


@pytest.mark.parametrize("frame", [None, "9.9"])
def test_different_frames_need_a_registration(frame) -> None:
    moving = volume(noise(), SPECT, frame=frame)
    with pytest.raises(GeometryError, match="Registration"):
        Resampler(moving, FIXED)
    Resampler(moving, FIXED, transform=RigidTransform.identity())


def test_cancel_stops_it() -> None:
    def cancel(fraction: float, step: str) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        Resampler(volume(noise(), SPECT), FIXED).array(cancel)


@pytest.mark.parametrize("shape", [(1, 24, 26), (20, 1, 26), (20, 24, 1)])
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_one_voxel_thick(shape, transform) -> None:
    moving = volume(noise(shape), SPECT)
    middle = np.ix_(*(sorted({(n - 1) // 2, n // 2}) for n in shape))
    value = Resampler(moving, FIXED, transform=transform).at(
        transform.apply(moving.grid.center_lps)
    )
    assert float(value) == pytest.approx(float(moving.stored[middle].mean()), abs=1e-6)
