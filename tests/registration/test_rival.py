"""One registration held against another, on what both see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusion.geometry import Grid, Source, Volume, with_field_of_view
from fusion.registration import Trust, register
from fusion.registration.fitting import Expectation, Moving
from fusion.registration.rival import against
from sample_data.anatomy import build_anatomy
from sample_data.parameters import COARSE_SCAN, HotJoint, NeckParameters
from sample_data.scanner import acquire_ct, acquire_spect

SHAPE = (20, 24, 28)
SAME = np.eye(4)[None]


def shifted(x: float) -> np.ndarray:
    maps = SAME.copy()
    maps[0, 0, 3] = x
    return maps


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)


def expected(values: np.ndarray) -> Expectation:
    """Every voxel, 1 mm wide, in blocks of 4 mm."""
    kji = np.argwhere(np.ones(SHAPE, np.bool_))
    block = np.ravel_multi_index(tuple((kji // 4).T), (5, 6, 7)).astype(np.int32)
    return Expectation(
        np.asfortranarray(kji[:, ::-1], dtype=np.float32),
        values.ravel().astype(np.float32),
        np.zeros((len(kji), 3), np.float32),
        np.ones(len(kji), np.float32),
        np.zeros(len(kji), np.float32),
        block,
        np.zeros(3),
    )


def moving(values: np.ndarray) -> Moving:
    to_index = np.eye(4)
    to_index[:3, :3] = np.eye(3)[::-1]
    return Moving(values.astype(np.float32), to_index)


def test_it_is_the_difference_of_two_correlations(picture: np.ndarray) -> None:
    noise = np.random.default_rng(4).normal(size=SHAPE)
    own, other = expected(picture + 2 * noise), expected(picture + noise)
    found = against(own, SAME, other, SAME, moving(picture))
    inside = (slice(0, -1),) * 3  # as far as a value can be looked up
    seen = picture[inside].ravel()
    assert found.instead_of == pytest.approx(
        np.corrcoef((picture + 2 * noise)[inside].ravel(), seen)[0, 1], abs=1e-4
    )
    assert found.correlation == pytest.approx(
        np.corrcoef((picture + noise)[inside].ravel(), seen)[0, 1], abs=1e-4
    )
    assert found.gain > 10 * found.error > 0


def test_the_same_twice_gains_nothing(picture: np.ndarray) -> None:
    one = expected(picture)
    found = against(one, SAME, one, SAME, moving(picture))
    assert (found.gain, found.error) == (0, 0)


def test_points_that_one_of_them_does_not_see_do_not_count(picture: np.ndarray) -> None:
    """What is wrong at an edge that only the registration itself sees speaks for no rival."""
    values = picture.copy()
    values[:, :, :6] = -9 * picture[:, :, :6]
    # The rival looks 6 mm to the side, and is worth as much everywhere it looks.
    other = np.roll(values, -6, axis=2)
    own = expected(picture)
    theirs = expected(other)
    seen = moving(values)
    found = against(own, SAME, theirs, shifted(6), seen)
    spoilt = replace(own, weight=np.where(own.points[:, 0] < 22, own.weight, 0))
    apart = against(spoilt, SAME, theirs, shifted(6), seen)
    assert found.instead_of == pytest.approx(apart.instead_of, abs=0.01)


def test_one_hot_block_is_no_evidence(picture: np.ndarray) -> None:
    """A lesion that happens to lie better under the rival: gained, and by chance."""
    hot = picture.copy()
    hot[8:12, 8:12, 8:12] += 12
    dull = expected(picture)
    bright = picture.copy()
    bright[8:12, 8:12, 8:12] += 3
    found = against(dull, SAME, expected(bright), SAME, moving(hot))
    assert found.gain > 0.1
    assert found.gain < 2 * found.error


def test_nothing_seen_is_never_sure(picture: np.ndarray) -> None:
    one = expected(picture)
    found = against(one, SAME, one, shifted(500), moving(picture))
    assert (found.gain, found.error) == (0, np.inf)


def acquired(image, unit: str, modality: str) -> Volume:
    grid = Grid(image.grid.shape, image.grid.affine, "1.2.3")
    source = Source("1.1", "1.2", "1.1", ("1.3",), modality, "simulated")
    return Volume(grid, np.ascontiguousarray(image.stored), 1.0, 0.0, unit, source)


def mirrored(spect: Volume) -> Volume:
    """Stored from the other end of its rows: everything lies on the other side."""
    affine = spect.grid.affine.copy()
    affine[0, 3] = -affine[0, 3] - affine[0, 2] * (spect.grid.shape[2] - 1)
    grid = Grid(spect.grid.shape, affine, spect.grid.frame_of_reference_uid)
    return Volume(grid, spect.stored[:, :, ::-1].copy(), 1.0, 0.0, spect.unit, spect.source)


@pytest.mark.slow
@pytest.mark.parametrize("turned", [False, True], ids=["alike on both sides", "turned"])
def test_joints_hot_on_one_side_in_a_field_that_ends_in_the_patient_are_not_mirrored(
    turned: bool,
) -> None:
    """The field ends within the CT: its edge made a right study look better when exchanged."""
    hot = (HotJoint("C4-C5", "left", 35.0), HotJoint("C5-C6", "left", 25.0))
    pose = {"tilt_deg": 5.0, "rotation_deg": 8.0} if turned else {}
    neck = NeckParameters(seed=7, hot_joints=hot, hot_spots=(), **pose)
    body = build_anatomy(neck)
    ct = acquired(acquire_ct(body, neck, COARSE_SCAN), "HU", "CT")
    spect = with_field_of_view(acquired(acquire_spect(body, neck, COARSE_SCAN), "counts", "NM"))
    right = register(ct, spect)
    assert right.status is Trust.NO_INCONSISTENCY
    assert "sides-unsure" not in [one.code for one in right.findings]
    assert right.search.evidence.mirrored.gain < 0
    if turned:  # one that is alike on both sides has none
        wrong = register(ct, mirrored(spect))
        assert wrong.status is Trust.DO_NOT_TRUST
        assert "left and right are exchanged" in wrong.search.recommendation
