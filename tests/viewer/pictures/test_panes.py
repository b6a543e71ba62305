"""Three linked panes, without a screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import fusion
from fusion.fused import Fused
from fusion.uptake.measures import number_text
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from viewer.pictures.layers import to_lps
from viewer.pictures.measuring import Measuring
from viewer.pictures.panes import LinkedPanes


@pytest.fixture
def linked(review: fusion.Review) -> LinkedPanes:
    return LinkedPanes(review)


def shown_points(linked: LinkedPanes) -> np.ndarray:
    return np.array([to_lps(pane.model.dims.point) for pane in linked])


def test_panes_open_on_the_focus_of_the_review(linked: LinkedPanes) -> None:
    half_a_voxel = linked.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-9
    for shown in shown_points(linked):
        assert (np.abs(shown - linked.review.fused.focus_lps) <= half_a_voxel).all()


def test_all_panes_go_to_the_voxel_at_a_point(linked: LinkedPanes) -> None:
    target = MIDDLE_LPS + BALLS["left"]
    linked.point_lps = target
    grid = linked.review.fused.display_grid
    kji = grid.to_kji(linked.point_lps)
    np.testing.assert_allclose(kji, np.rint(kji), atol=1e-6)
    assert (np.abs(linked.point_lps - target) <= grid.spacing_mm[::-1] / 2 + 1e-9).all()
    np.testing.assert_allclose(shown_points(linked), [linked.point_lps] * 3)
    for pane in linked:
        assert pane.index == round(float(kji[pane.plane.axis]))


def test_scrolling_one_pane_moves_the_others(linked: LinkedPanes) -> None:
    axial, coronal, _ = linked
    linked.point_lps = MIDDLE_LPS
    index = axial.index
    linked.scroll(axial, 3)
    assert axial.index == index + 3
    np.testing.assert_allclose(
        linked.point_lps[2], MIDDLE_LPS[2], atol=4 * linked.review.fused.display_grid.spacing_mm[0]
    )
    assert linked.point_lps[2] > MIDDLE_LPS[2]
    np.testing.assert_allclose(shown_points(linked), [linked.point_lps] * 3)
    coronal.model.dims.set_point(1, -41.2)
    assert linked.point_lps[1] == pytest.approx(-41.0)
    np.testing.assert_allclose(shown_points(linked), [linked.point_lps] * 3)


def test_the_point_stays_inside_the_picture(linked: LinkedPanes) -> None:
    linked.point_lps = (1e4, -1e4, 1e4)
    corners = linked.review.fused.display_grid.corners_lps
    np.testing.assert_allclose(
        linked.point_lps,
        (corners[:, 0].max(), corners[:, 1].min(), corners[:, 2].max()),
    )
    for pane in linked:
        linked.scroll(pane, 1000)
        linked.scroll(pane, -1000)
        assert pane.index == 0


def test_crosshair_does_not_enlarge_the_world(linked: LinkedPanes) -> None:
    grid = linked.review.fused.display_grid
    for pane in linked:
        for limits, expected in zip(pane.model.dims.range, grid.corners_lps.T[::-1], strict=True):
            assert (limits.start, limits.stop) == pytest.approx((expected.min(), expected.max()))


def test_crosshair_crosses_at_the_point(linked: LinkedPanes) -> None:
    linked.point_lps = MIDDLE_LPS
    for pane in linked:
        _, vertical, horizontal = pane.plane.order
        segments = np.array(pane.model.scene.overlays["crosshair"].segments)
        lines_v, lines_h = segments[:2], segments[2:]
        assert (lines_v[:, :, 1] == linked.point_lps[2 - horizontal]).all()
        assert (lines_h[:, :, 0] == linked.point_lps[2 - vertical]).all()


def test_values_are_those_of_the_files(linked: LinkedPanes, study_folder: object) -> None:
    """Compared with SimpleITK, which reads the same files for itself."""
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in sorted(study_folder.glob("ct*.dcm"))])
    ct = reader.Execute()
    spect = sitk.Cast(sitk.ReadImage(str(study_folder / "nm.dcm")), sitk.sitkFloat64)
    for point in (
        MIDDLE_LPS + BALLS["left"],
        MIDDLE_LPS + BALLS["head"],
        MIDDLE_LPS + np.array((3, 5, -9)),
    ):
        hu = ct[ct.TransformPhysicalPointToIndex(point.tolist())]
        uptake = spect.EvaluateAtPhysicalPoint(point.tolist(), sitk.sitkLinear)
        expected = f"{hu:.0f} HU · {number_text(uptake)} {linked.review.fused.spect.unit}"
        assert linked.value_text(point) == expected


def test_suv_follows_only_where_it_is_proven(review: fusion.Review) -> None:
    at = MIDDLE_LPS + BALLS["left"]
    assert "SUV" not in LinkedPanes(review).value_text(at)
    proven = replace(review.fused.spect, suvbw_per_unit=0.01)
    with_suv = replace(review, fused=Fused(review.fused.ct, proven, review.fused.registration))
    text = LinkedPanes(with_suv).value_text(at)
    uptake = review.fused.sample_at(at).uptake
    assert text.endswith(f"counts · SUVbw {uptake / 100:.2f} g/mL")


def test_values_outside_are_words_not_zeros(linked: LinkedPanes) -> None:
    assert linked.value_text((4000.0, 0.0, 0.0)) == "outside CT · outside SPECT field"


def test_blend_leaves_the_ct_alone_at_zero_and_hides_it_at_one(linked: LinkedPanes) -> None:
    for blend, ct, spect in ((0.0, True, False), (0.4, True, True), (1.0, False, True)):
        linked.blend = blend
        for pane in linked:
            assert (pane.ct.visible, pane.spect.visible) == (ct, spect)
            assert pane.ct.opacity == 1
            assert pane.spect.opacity == pytest.approx(blend)


def test_blinking_shows_the_ct_whatever_the_blend(linked: LinkedPanes) -> None:
    for blend in (0.3, 1.0):
        linked.blend = blend
        linked.spect_visible = False
        assert all(pane.ct.visible and not pane.spect.visible for pane in linked)
        linked.spect_visible = True
        assert all(pane.spect.visible for pane in linked)


def test_a_pane_cannot_be_rolled_turned_or_made_3d(linked: LinkedPanes) -> None:
    for pane in linked:
        letters = pane.letters
        pane.model.dims.roll()
        pane.model.dims.transpose()
        pane.model.dims.ndisplay = 3
        assert pane.model.dims.order == pane.plane.order
        assert pane.model.dims.ndisplay == 2
        assert pane.letters == letters


def test_a_pane_refits_on_resize_until_it_is_zoomed(linked: LinkedPanes) -> None:
    pane = linked.panes[0]
    pane.model.canvas.size = (400, 400)
    small = pane.model.scene.camera.zoom
    pane.model.canvas.size = (800, 800)
    assert pane.model.scene.camera.zoom == pytest.approx(2 * small)
    pane.zoom(1.5)
    pane.model.canvas.size = (400, 400)
    assert pane.model.scene.camera.zoom == pytest.approx(3 * small)
    pane.fit()
    assert pane.model.scene.camera.zoom == pytest.approx(small)


def test_window_colours_and_range_are_one_for_all_panes(linked: LinkedPanes) -> None:
    assert linked.ct_window == (2000.0, 400.0)
    linked.use_ct_preset("Soft tissue")
    linked.palette = "PET"
    linked.uptake_range = (10.0, 900.0)
    for pane in linked:
        assert tuple(pane.ct.contrast_limits) == (-160.0, 240.0)
        assert pane.spect.colormap.name == "PET"
        assert tuple(pane.spect.contrast_limits) == (10.0, 900.0)


def test_an_empty_range_of_colours_is_not_taken(linked: LinkedPanes) -> None:
    before = linked.uptake_range
    linked.uptake_range = (50.0, 50.0)
    assert linked.uptake_range == before


def test_zoom_and_pan_hold_for_all_planes_whatever_their_size(linked: LinkedPanes) -> None:
    for pane, size in zip(linked, ((400, 600), (300, 300), (200, 500)), strict=True):
        pane.model.canvas.size = size
    linked.go_to(MIDDLE_LPS + BALLS["left"])
    for _ in range(2):
        for pane in linked:
            camera = pane.model.scene.camera
            assert min(pane.model.canvas.size) / camera.zoom == pytest.approx(linked.frame.field_mm)
            shown = [linked.frame.center_lps[2 - axis] for axis in pane.plane.order[1:]]
            assert camera.center[-2:] == pytest.approx(shown)
        assert linked.frame.field_mm in (100.0, 50.0)
        linked.zoom(2.0)
        linked.pan(np.array([3.0, -4.0, 5.0]))
    # A closer look stays close; a wider one comes nearer.
    linked.go_to(MIDDLE_LPS)
    assert linked.frame.field_mm == pytest.approx(25.0)
    linked.zoom(1 / 100)
    linked.go_to(MIDDLE_LPS)
    assert linked.frame.field_mm == pytest.approx(100.0)
    linked.panes[0].model.canvas.size = (800, 800)
    assert linked.panes[0].model.scene.camera.zoom == pytest.approx(8.0)
    linked.centre()
    assert linked.frame is None


def test_ruler_and_ball_measure_from_the_crosshair(linked: LinkedPanes) -> None:
    measuring = Measuring(linked)
    linked.point_lps = MIDDLE_LPS
    start = linked.point_lps
    measuring.next_ruler()
    assert measuring.length_mm is None
    linked.point_lps = MIDDLE_LPS + np.array([20.0, 0.0, 1.0])
    assert measuring.next_ruler().startswith("Ruler: 2")
    assert measuring.length_mm == pytest.approx(np.linalg.norm(linked.point_lps - start))
    axial, _, sagittal = (pane.model.scene.overlays["ruler"].segments for pane in linked)
    assert (len(axial), len(sagittal)) == (1, 0)  # no plane holds a ruler that leaves it
    linked.point_lps = MIDDLE_LPS + BALLS["left"]
    said = measuring.next_ball()
    assert said == "Ball 14 mm: " + said[12:]
    assert "reference" not in said
    linked.reference = measuring.ball.maximum / 3
    assert measuring.resize(1.0).endswith("maximum 3.0 × reference.")
    assert all(len(pane.model.scene.overlays["measures"].marks) >= 1 for pane in linked)
    # Another alignment: what was said of other voxels is taken away.
    linked.review = linked.review.with_registration(linked.review.fused.registration)
    assert measuring.ball is None
    assert measuring.next_ruler() == "The ruler is taken away."
    assert all(not pane.model.scene.overlays["measures"].marks for pane in linked)


@pytest.mark.parametrize(
    "size",
    [
        (190, 253),
        (1100, 900),
        *(
            pytest.param(s, marks=pytest.mark.thorough)
            for s in [(380, 253), (285, 303), (570, 455)]
        ),
    ],
)
def test_words_and_scale_end_before_the_letters(review: fusion.Review, size) -> None:
    width = size[1]
    for pane in LinkedPanes(review):
        pane.model.canvas.size = size
        pane.write_alignment("SPECT MOVED BY HAND 12.5 mm")
        left, right, top, bottom, scale, words = pane.taken_px()
        assert words.right <= width
        assert words.bottom <= left.y
        assert not words.meets(right)
        assert not scale.meets(bottom)
        bar = pane.model.canvas.overlays.scale_bar
        for factor in (1.0, 3.0, 9.0):
            pane.zoom(factor)
            assert bar.length * pane.model.scene.camera.zoom <= 0.3 * width
        # The caption's second line reaches the letter at the top only where there is room.
        assert 11 * 11.0 * pane.text_scale <= top.x
        assert pane.text_scale == (1.0 if width >= 450 else pytest.approx(0.6, abs=0.11))
