"""A Review as napari layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fusion
from fusion.errors import GeometryError
from fusion.geometry import Grid
from tests.viewer.marked_study import (
    BALLS,
    DECUBITUS,
    FFS,
    HFP,
    HFS,
    MIDDLE_LPS,
    Lattice,
    ct_lattice,
    spect_lattice,
    write_study,
)
from viewer.pictures.layers import (
    SpectPlanes,
    ct_layer_data,
    field_outline,
    make_layer,
    napari_affine,
    spect_layer_data,
    to_lps,
    to_world,
)


def test_world_is_lps_reversed() -> None:
    assert to_world((1.0, 2.0, 3.0)) == (3.0, 2.0, 1.0)
    np.testing.assert_array_equal(to_lps((3.0, 2.0, 1.0)), (1.0, 2.0, 3.0))


def test_layer_puts_each_voxel_where_the_grid_puts_it(review: fusion.Review) -> None:
    for data in (ct_layer_data(review), spect_layer_data(review)):
        layer = make_layer(data)
        for kji in ((0, 0, 0), (3, 5, 7), (59, 63, 71)):
            shown_at = to_lps(layer.data_to_world(kji))
            np.testing.assert_allclose(shown_at, review.fused.display_grid.to_lps(kji), atol=1e-9)


def test_marker_is_bright_in_the_layer_at_its_world_position(review: fusion.Review) -> None:
    layer = make_layer(ct_layer_data(review))
    for displacement in BALLS.values():
        at = layer.world_to_data(to_world(MIDDLE_LPS + displacement))
        assert layer.data[tuple(np.rint(at).astype(int))] == 1500
        opposite = layer.world_to_data(to_world(MIDDLE_LPS - displacement))
        assert layer.data[tuple(np.rint(opposite).astype(int))] == 0


@pytest.mark.parametrize(
    ("ct", "spect"),
    [
        (ct_lattice(HFP), spect_lattice(HFP, slice_mm=-4.0)),
        (ct_lattice(FFS), spect_lattice(HFS, slice_mm=-4.0)),
        (ct_lattice(DECUBITUS), spect_lattice(DECUBITUS)),
    ],
)
def test_both_layers_agree_in_other_positions(ct: Lattice, spect: Lattice, tmp_path: Path) -> None:
    review = fusion.open_study(write_study(tmp_path, ct=ct, spect=spect))
    for data in (ct_layer_data(review), spect_layer_data(review)):
        layer = make_layer(data)
        for displacement in BALLS.values():
            at, opposite = (
                layer.data[
                    tuple(np.rint(layer.world_to_data(to_world(MIDDLE_LPS + d))).astype(int))
                ]
                for d in (displacement, -displacement)
            )
            assert at > opposite + 1000


def test_tilted_grid_never_reaches_napari() -> None:
    affine = np.eye(4)
    affine[1, 0] = 0.2
    with pytest.raises(GeometryError, match="resampled"):
        napari_affine(Grid((20, 20, 20), affine))


@pytest.mark.parametrize(
    "key",
    [
        (7, slice(None), slice(None)),
        (slice(None), 20, slice(None)),
        (slice(None), slice(None), -3),
        (slice(2, 9), 20, slice(None, None, 2)),
        (7, 8, 9),
        (7, 8),
        7,
        (..., 5),
        (slice(3, 5),),
    ],
)
def test_planes_index_like_the_whole_volume(review: fusion.Review, key: object) -> None:
    whole = np.asarray(review.fused.spect_display())
    np.testing.assert_allclose(SpectPlanes(review)[key], whole[key], rtol=1e-5, atol=1e-3)


def test_scrolling_computes_one_plane_and_no_volume(review: fusion.Review) -> None:
    planes = SpectPlanes(review)
    layer = make_layer((planes, *spect_layer_data(review)[1:]))
    assert layer.data is planes
    before = planes.plane.cache_info().misses
    _ = planes[11, :, :], planes[11, :, :]
    assert planes.plane.cache_info().misses == before + 1


def test_outline_is_the_edge_of_the_field(review: fusion.Review) -> None:
    grid = review.fused.display_grid
    plane = np.full(grid.shape[1:], np.nan, np.float32)
    plane[10:21, 30:41] = 0.0
    corners = np.array(field_outline(plane, grid, 0))
    low, high = grid.to_lps((0, 10, 30))[[1, 0]], grid.to_lps((0, 20, 40))[[1, 0]]
    np.testing.assert_allclose(corners.min(axis=0), low)
    np.testing.assert_allclose(corners.max(axis=0), high)
    np.testing.assert_array_equal(corners[0], corners[-1])


def test_no_outline_without_an_edge(review: fusion.Review) -> None:
    shape = review.fused.display_grid.shape[1:]
    assert field_outline(np.zeros(shape, np.float32), review.fused.display_grid, 0) == []
    assert field_outline(np.full(shape, np.nan, np.float32), review.fused.display_grid, 0) == []
