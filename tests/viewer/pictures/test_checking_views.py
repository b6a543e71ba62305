"""Checking views: which of the two each place shows, in the planes that napari asks for."""

from __future__ import annotations

import numpy as np
import pytest

import fusion
from tests.viewer.marked_study import BALL_RADIUS_MM, BALLS, MIDDLE_LPS
from viewer.pictures.checking_views import TILE_MM, CheckingView, Mode, bone_edges
from viewer.pictures.layers import BLACK_HU
from viewer.pictures.panes import LinkedPanes

AXES = (0, 1, 2)


@pytest.fixture
def linked(review: fusion.Review) -> LinkedPanes:
    linked = LinkedPanes(review)
    linked.point_lps = MIDDLE_LPS
    return linked


def drawn(linked: LinkedPanes, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """What napari holds of CT and SPECT for the plane on screen, (rows, columns)."""
    pane = linked.panes[axis]
    return pane.drawn()[:2]


def columns_lps(linked: LinkedPanes, axis: int) -> np.ndarray:
    """Patient coordinate of each column of a plane, mm."""
    grid = linked.review.fused.display_grid
    horizontal = max(n for n in range(3) if n != axis)
    kji = np.zeros((grid.shape[horizontal], 3))
    kji[:, horizontal] = np.arange(grid.shape[horizontal])
    return grid.to_lps(kji)[:, 2 - horizontal]


@pytest.mark.parametrize("axis", AXES)
def test_each_tile_shows_one_of_the_two(linked: LinkedPanes, axis: int) -> None:
    ct, spect = drawn(linked, axis)
    linked.use_mode(Mode.CHECKERBOARD)
    tiled_ct, tiled_spect = drawn(linked, axis)
    spacing = np.delete(linked.review.fused.display_grid.spacing_mm, axis)
    where = [np.arange(n) * step for n, step in zip(ct.shape, spacing, strict=True)]
    down, right = np.meshgrid(*where, indexing="ij")
    odd = (np.floor(down / TILE_MM) + np.floor(right / TILE_MM)) % 2 == 1
    spect_here = odd & ~np.isnan(spect)
    np.testing.assert_array_equal(tiled_spect[spect_here], spect[spect_here])
    assert np.isnan(tiled_spect[~spect_here]).all()
    assert (tiled_ct[spect_here] == BLACK_HU).all()
    np.testing.assert_array_equal(tiled_ct[~spect_here], ct[~spect_here])
    assert 0.1 < spect_here.mean() < 0.5


@pytest.mark.parametrize("axis", AXES)
def test_the_wipe_shows_the_ct_on_the_left_and_the_spect_on_the_right(
    linked: LinkedPanes, axis: int
) -> None:
    ct, spect = drawn(linked, axis)
    linked.use_mode(Mode.WIPE)
    divider = linked.point_lps[1 if axis == 2 else 0]
    wiped_ct, wiped_spect = drawn(linked, axis)
    right = np.broadcast_to(columns_lps(linked, axis) >= divider, ct.shape)
    spect_here = right & ~np.isnan(spect)
    np.testing.assert_array_equal(wiped_spect[spect_here], spect[spect_here])
    assert np.isnan(wiped_spect[~right]).all()
    np.testing.assert_array_equal(wiped_ct[~right], ct[~right])
    assert (wiped_ct[spect_here] == BLACK_HU).all()


def test_back_to_the_blend_brings_back_both(linked: LinkedPanes) -> None:
    before = [drawn(linked, axis) for axis in AXES]
    for mode in (Mode.CHECKERBOARD, Mode.WIPE, Mode.EDGES, Mode.BLEND):
        linked.use_mode(mode)
    for axis in AXES:
        for shown, was in zip(drawn(linked, axis), before[axis], strict=True):
            np.testing.assert_array_equal(shown, was)
        assert linked.panes[axis].ct.visible
        assert linked.panes[axis].spect.opacity == linked.blend


@pytest.mark.parametrize("axis", AXES)
def test_edges_go_round_the_bone(linked: LinkedPanes, axis: int) -> None:
    """A ball of bone in the plane: its outline is a ring of the ball's radius."""
    linked.use_mode(Mode.EDGES)
    ball = "left" if axis != 2 else "posterior"
    linked.point_lps = MIDDLE_LPS + BALLS[ball]
    pane, grid = linked.panes[axis], linked.review.fused.display_grid
    edges = pane.drawn()[2]
    rows, columns = np.nonzero(edges)
    kji = np.insert(np.stack([rows, columns], axis=-1), axis, pane.index, axis=1)
    away = np.linalg.norm(grid.to_lps(kji) - linked.point_lps, axis=1)
    assert len(away) > 8
    ring = away[away < 15]
    assert len(ring) > 8
    # A voxel is 2.5 mm high; the outline is its outermost voxel, after smoothing.
    assert np.abs(ring - BALL_RADIUS_MM).max() < 4.0
    assert ring.min() > 2.0
    assert not pane.ct.visible
    assert pane.edges.visible


def test_edges_of_a_square_are_its_outermost_pixels() -> None:
    hu = np.full((40, 40), -1000.0)
    hu[10:30, 10:30] = 1500.0
    edges = bone_edges(hu, (10.0, 10.0))
    expected = np.zeros((40, 40), bool)
    expected[10:30, 10:30] = True
    expected[11:29, 11:29] = False
    np.testing.assert_array_equal(edges, expected)


def test_blinking_the_spect_off_shows_the_ct_in_every_view(linked: LinkedPanes) -> None:
    ct = [drawn(linked, axis)[0].copy() for axis in AXES]
    for mode in Mode:
        linked.use_mode(mode)
        linked.spect_visible = False
        for axis, pane in enumerate(linked):
            assert pane.ct.visible
            assert not pane.spect.visible
            assert pane.edges is None or not pane.edges.visible
            np.testing.assert_array_equal(drawn(linked, axis)[0], ct[axis])
        linked.spect_visible = True


def test_a_tile_has_a_size() -> None:
    with pytest.raises(ValueError, match="size"):
        CheckingView(Mode.CHECKERBOARD, tile_mm=0.0)
