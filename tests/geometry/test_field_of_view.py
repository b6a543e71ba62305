"""Where a detector saw: told from air by its edge, and left out of everything that measures."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from fusion.dicom import pair, read_volume, scan
from fusion.geometry import Grid, RigidTransform, Volume, seen_mask, seen_part, with_field_of_view
from fusion.registration.expectation import counted, ct_model, functional
from fusion.registration.neck_field import find_neck
from fusion.registration.search import Search
from fusion.resampling import Resampler
from sample_data import COARSE_SCAN, NeckParameters, make_study
from tests.volumes import affine, volume

SHAPE, EDGE = (30, 48, 48), 4.0
MATRIX = affine(spacing_kji=(EDGE, EDGE, EDGE), origin_lps=(-94, -94, -60))
MIDDLE = (np.array(SHAPE[1:]) - 1) / 2
ROW, COLUMN = np.indices(SHAPE[1:])


def body(half_width: float = 15.0, half_depth: float = 12.0, shape=SHAPE) -> np.ndarray:
    """Return what a camera sees of a long round body: it fades into air, which is exactly zero."""
    solid = ((COLUMN - MIDDLE[1]) / half_width) ** 2 + ((ROW - MIDDLE[0]) / half_depth) ** 2 < 1
    uptake = np.broadcast_to(np.where(solid, 40.0, 0.0), shape).copy()
    uptake[:, 22:26, 22:26] = 200
    seen = ndimage.gaussian_filter(uptake, (0, 1.1, 1.1))
    return np.random.default_rng(2).poisson(seen).astype(np.uint16)


def looked(array, matrix=MATRIX) -> Volume:
    return with_field_of_view(volume(array, matrix))


def said(found: Volume) -> list[str]:
    return [f.message for f in found.findings]


def test_air_is_no_uptake_and_a_cold_spot_is_a_measurement() -> None:
    array = body()
    array[10:20, 15:20, 20:28] = 0
    assert (array == 0).mean() > 0.5
    found = looked(array)
    assert seen_mask(found) is None
    assert found.findings == ()
    assert seen_part(found) is found
    assert with_field_of_view(found) is found


def test_a_head_that_ends_in_air_has_no_edge() -> None:
    z = np.arange(SHAPE[0])[:, None, None]
    head = ((COLUMN - MIDDLE[1]) / 18) ** 2 + ((ROW - MIDDLE[0]) / 20) ** 2 + (
        (z - 2) / 18
    ) ** 2 < 1
    counts = np.rint(ndimage.gaussian_filter(np.where(head, 60.0, 0.0), 1.1, mode="nearest"))
    assert not counts[25:].any()
    assert seen_mask(looked(counts.astype(np.uint16))) is None


@pytest.mark.parametrize(("low", "high"), [(29, 0), (0, 29), (9, 20), (1, 0)])
def test_empty_end_slices_are_cut(low: int, high: int) -> None:
    array = body()
    matrix = MATRIX.copy()
    matrix[:3, 3] -= MATRIX[:3, 0] * low
    found = looked(np.pad(array, [(low, high), (0, 0), (0, 0)]), matrix)
    part = seen_part(found)
    np.testing.assert_array_equal(part.stored, array)
    np.testing.assert_allclose(part.grid.affine, MATRIX)
    assert seen_mask(part) is None
    (message,) = said(found)
    for count, where in ((low, "feet"), (high, "head")):
        words = f"{count} slice{'s' if count > 1 else ''} ({4 * count} mm) towards the {where}"
        assert (words in message) == (count > 0)
    assert "outside its field, never as no uptake" in message


def test_specks_in_empty_slices_do_not_fill_them() -> None:
    array = np.pad(body(), [(12, 0), (0, 0), (0, 0)])
    array[[2, 5, 7], [10, 30, 20], [9, 40, 22]] = 1
    assert seen_part(looked(array)).grid.shape == SHAPE


def test_columns_that_are_cut_off() -> None:
    array = body(half_width=22)
    array[:, :, :14] = 0
    found = looked(array)
    assert seen_part(found).grid.shape == (30, 48, 34)
    assert "56 mm towards the right" in said(found)[0]


@pytest.mark.parametrize("empty", [0, -1])
def test_a_round_field(empty: int) -> None:
    inside = np.hypot(ROW - MIDDLE[0], COLUMN - MIDDLE[1]) < 18
    array = np.where(inside, body(half_width=23).astype(np.int16), empty)
    mask = seen_mask(looked(array))
    # Where the round edge meets the body; every voxel inside it was seen.
    assert mask[:, inside].all()
    across = np.abs(ROW - MIDDLE[0]) < 5
    assert not mask[:, across & (np.hypot(ROW - MIDDLE[0], COLUMN - MIDDLE[1]) > 19.5)].any()


def test_a_volume_that_was_turned_and_padded() -> None:
    turn = RigidTransform.from_euler(rotation_deg=(7, 0, 11)).matrix[:3, :3]
    kji = np.stack(np.indices(SHAPE), -1) - (np.array(SHAPE) - 1) / 2
    turned = np.abs(kji[..., ::-1] @ turn)[..., ::-1]
    inside = (turned < (10, 30, 30)).all(axis=-1)
    array = np.where(inside, body(half_width=23, half_depth=23), 0)
    mask = seen_mask(looked(array))
    assert mask[array > 0].all()
    middle = np.s_[:, 20:28, 20:28]
    assert (mask[middle] == inside[middle]).mean() > 0.97


def test_empty_volumes_and_cts_have_no_field_to_find() -> None:
    assert seen_mask(looked(np.zeros(SHAPE, np.uint16))) is None
    ct = volume(np.pad(body(), [(9, 0), (0, 0), (0, 0)]), MATRIX, modality="CT")
    assert with_field_of_view(ct) is ct


def test_nothing_is_interpolated_from_what_was_not_seen() -> None:
    inside = np.hypot(ROW - MIDDLE[0], COLUMN - MIDDLE[1]) < 18
    array = np.where(inside, body(half_width=23), 0)
    padded = np.pad(array, [(6, 0), (0, 0), (0, 0)])
    matrix = MATRIX.copy()
    matrix[:3, 3] -= MATRIX[:3, 0] * 6
    found = looked(padded, matrix)
    fine = affine(spacing_kji=(1.7, 2.1, 2.3), origin_lps=(-100, -100, -90))
    grid = Grid((60, 90, 90), fine, "1.2.3")
    turn = RigidTransform.from_euler(rotation_deg=(3, 0, 5))
    for transform in (RigidTransform.identity(), turn):
        shown = Resampler(found, grid, transform=transform)
        values = shown.array()
        plain = Resampler(volume(array, MATRIX), grid, transform=transform).array()
        assert np.isnan(values[np.isnan(plain)]).all()
        # Beyond the edge nothing, at the edge no dimmer than the voxel there.
        mask = seen_mask(found).astype(np.float32)
        field = Resampler(
            volume(mask, matrix), grid, transform=transform, interpolation="nearest"
        ).array()
        np.testing.assert_array_equal(np.isfinite(values), field == 1)
        well_inside = Resampler(volume(mask, matrix), grid, transform=transform).array() == 1
        np.testing.assert_allclose(values[well_inside], plain[well_inside], rtol=1e-4)
        at = grid.to_lps([(40, 45, 45), (40, 45, 2)])
        seen, unseen = shown.at(at)
        assert seen == pytest.approx(values[40, 45, 45], rel=1e-4)
        assert np.isnan(unseen)
        np.testing.assert_allclose(shown.plane(1, 44), values[:, 44], rtol=1e-5)


def test_a_search_looks_nothing_up_where_nothing_was_seen() -> None:
    inside = np.hypot(ROW - MIDDLE[0], COLUMN - MIDDLE[1]) < 18
    flat = np.where(inside, np.full(SHAPE, 40, np.uint16), 0)
    found = looked(flat)
    mask = seen_mask(found)
    moving = functional(counted(found), found.grid, seen=mask, extra_sigma_mm=8.0)
    assert np.isnan(moving.values[~mask]).all()
    # Even at the edge: blur brings in nothing from beyond.
    inner = moving.values[:, inside & ~ndimage.binary_erosion(~inside)]
    assert np.ptp(inner[np.isfinite(inner)]) < 0.35
    edge = moving.values[15, 23, [6, 23]]
    assert edge[0] == pytest.approx(edge[1], rel=0.01)


@pytest.mark.parametrize(("positrons", "modality"), [(True, "PT"), (False, "NM")])
def test_what_names_no_positron_emitter_is_judged_as_a_spect(
    positrons: bool, modality: str
) -> None:
    spect = volume(body(), MATRIX, modality="PT")
    spect = replace(spect, source=replace(spect.source, positrons=positrons))
    ct = volume(np.where(body() > 100, 700, 40).astype(np.int16), MATRIX, unit="HU", modality="CT")
    source = ct_model(ct)
    search = Search(source, spect, find_neck(source))
    assert search.modality == modality


def test_scales_of_each_slice_go_with_the_slices() -> None:
    array = np.pad(body(), [(10, 0), (0, 0), (0, 0)])
    slopes = np.linspace(1, 2, len(array))
    part = seen_part(with_field_of_view(replace(volume(array, MATRIX), slope=slopes)))
    np.testing.assert_array_equal(part.slope, slopes[10:])
    np.testing.assert_allclose(part.values(), (array * slopes[:, None, None])[10:], rtol=1e-6)


def test_words_written_into_every_slice_are_no_edge_of_the_field() -> None:
    array = body()
    array[:, 2:7, 3:40:3] = 14  # sharp, and far from anything that was counted
    found = looked(array)
    assert seen_mask(found) is None
    assert said(found) == []


def test_the_ground_of_words_is_no_edge_of_the_field() -> None:
    # The sample writes its words on a black ground, which cuts the tip of the face off.
    plain = body(half_depth=20, half_width=20)
    words = np.zeros(SHAPE[1:], bool)
    words[2:9, 6:42:3] = True
    array = plain.copy()
    array[:, 0:10, 4:44] = 0
    array[:, words] = 14
    assert plain[:, 3:10].any()
    found = looked(array)
    assert seen_mask(found) is None
    assert said(found) == []
    # What is cut off elsewhere is still found, and so is an end of the field behind the words.
    array[:, 38:] = 0
    array[:4] = 0
    array[:4, words] = 14
    (message,) = said(looked(array))
    assert "40 mm towards the back" in message
    assert "4 slices (16 mm) towards the feet" in message


@pytest.mark.parametrize("where", ["across the body", "in a corner"])
@pytest.mark.parametrize("wide", [15, 20])
def test_words_over_the_body_in_coronal_slices_are_no_edge_of_the_field(where, wide) -> None:
    array = np.ascontiguousarray(body(wide, wide).transpose(1, 0, 2)[:, ::-1])
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([(0, EDGE, 0), (0, 0, -EDGE), (EDGE, 0, 0)]).T
    words = np.zeros(array.shape[1:], bool)
    if where == "in a corner":
        words[1:4, 1:6:3] = True
        array[:, :6, :9] = 0
    else:
        words[2:5, 6:42:3] = True
        array[:, :7, 4:44] = 0
    array[:, words] = 14
    found = looked(array, matrix)
    assert seen_mask(found) is None
    assert said(found) == []
    # What is cut off at the other end is found all the same.
    array[:, 26:] = 0
    array[:, words] = 14
    (message,) = said(looked(array, matrix))
    assert "16 mm towards the feet" in message


def _lettered(array: np.ndarray, where: str) -> np.ndarray:
    """Write words of two letters into opposite corners of every slice, or a frame round all."""
    words = np.zeros(array.shape[1:], bool)
    if where == "corners":
        words[1:4, 1:6:3] = True
        words[-5:-2, -9:-2:3] = True
    elif where == "frame":
        words[[0, -1]] = True
        words[:, [0, -1]] = True
    array = array.copy()
    array[:, words] = 14
    return array


@pytest.mark.parametrize("where", ["nowhere", "corners", "frame"])
def test_words_in_two_corners_or_a_frame_hide_no_edge_between_them(where: str) -> None:
    cut = body(half_depth=20, half_width=20)
    cut[:, 38:] = 0
    found = looked(_lettered(cut, where))
    assert ["towards the back" in message for message in said(found)] == [True]
    # A round field: the corners that it does not reach are no air.
    wide = body(half_depth=60, half_width=60)
    wide[:, np.hypot(ROW - MIDDLE[0], COLUMN - MIDDLE[1]) > 20] = 0
    mask = seen_mask(looked(_lettered(wide, where)))
    assert mask is not None
    assert 0.4 < mask.mean() < 0.75


def test_the_camera_of_the_coarse_sample_saw_all_of_it(tmp_path) -> None:
    truth = make_study(tmp_path / "made", neck=NeckParameters(), scan=COARSE_SCAN)
    both = pair(scan(truth.folder))
    assert seen_mask(read_volume(both.spect)) is None


def test_a_round_field_is_found_in_little_memory() -> None:
    array = np.random.default_rng(4).poisson(20.0, (96, 96, 96)).astype(np.uint16)
    row, column = np.indices((96, 96)) - 47.5
    array[:, np.hypot(row, column) > 46] = 0
    tracemalloc.start()
    found = looked(array)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    mask = seen_mask(found)
    assert mask is not None
    assert not mask[:, 0, 0].any()
    # The places of all voxels alone would take 48 bytes for each.
    assert peak < 24 * array.size
