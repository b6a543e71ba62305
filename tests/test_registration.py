"""Registration of simulated pictures whose true transform is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusion.errors import Cancelled, GeometryError, RegistrationFailed
from fusion.geometry import RigidTransform
from fusion.registration import Method, Status, register, shared_frame
from fusion.resampling import Resampler
from tests.volumes import affine, volume

CT_SPACING = (3.0, 2.0, 2.0)
CT_SHAPE = (60, 90, 90)


@pytest.fixture(scope="module")
def necks():
    """Return a CT of a column of bony blocks in a neck, and the same as a tracer distribution.

    Not the program's own phantom: boxes and ellipsoids, asymmetric, so that every direction is
    told apart.
    """
    kji = np.indices(CT_SHAPE).transpose(1, 2, 3, 0) * CT_SPACING
    z, y, x = np.moveaxis(kji - kji.reshape(-1, 3).mean(axis=0), -1, 0)
    hu = np.full(CT_SHAPE, -1000.0)
    # A body that narrows from the shoulders to the neck and widens again to the head.
    width = 52 + 30 / (1 + np.exp((z + 45) / 6)) + 14 / (1 + np.exp((45 - z) / 6))
    hu[(x / width) ** 2 + (y / 58) ** 2 < 1] = 40
    uptake = np.where(hu > 0, 0.15, 0.0)
    rng = np.random.default_rng(5)
    for level in range(-4, 5):
        for side, width in ((-1, 9), (1, 9), (0, 14)):
            bone = (
                (abs(z - 16 * level) < 5.5)
                & (abs(x - 18 * side) < width)
                & (abs(y - (10 if side else -5) - 2 * level) < 8)
            )
            hu[bone] = rng.uniform(400, 700)
            uptake[bone] = rng.uniform(0.7, 1.3)
    skull = (x / 60) ** 2 + ((y + 5) / 52) ** 2 + ((z - 95) / 40) ** 2
    hu[(skull < 1) & (skull > 0.8)] = 800
    uptake[(skull < 1) & (skull > 0.8)] = 0.6
    for side in (-1, 1):  # clavicles
        rod = (y + 15) ** 2 + (z + 70 + 0.2 * abs(x)) ** 2 < 36
        hu[rod & (x * side > 15) & (x * side < 80)] = 500
        uptake[rod & (x * side > 15) & (x * side < 80)] = 0.8
    hu[(abs(x) < 4) & (abs(y - 35) < 14) & (abs(z) < 70)] = 500  # spinous processes
    hu[(x - 30) ** 2 + (y + 30) ** 2 + (z - 60) ** 2 < 15**2] = 600  # one side of the jaw
    uptake[(x - 30) ** 2 + (y + 30) ** 2 + (z - 60) ** 2 < 15**2] = 1.0
    uptake[(x + 18) ** 2 + (y - 12) ** 2 + (z - 16) ** 2 < 6**2] = 6.0  # a hot joint on the right
    origin = -(np.array(CT_SHAPE[::-1]) - 1) / 2 * np.array(CT_SPACING[::-1])
    matrix = affine(spacing_kji=CT_SPACING, origin_lps=origin)
    ct = volume(hu.astype(np.int16), matrix, unit="HU", modality="CT")
    sigma = 10 / 2.3548 / np.array(CT_SPACING)
    blurred = ndimage.gaussian_filter(uptake, sigma)
    counts = rng.poisson(blurred * 200).astype(np.float32)
    return ct, volume(counts, matrix)


def moved(spect, truth: RigidTransform, *, step=4.2, frame="1.2.3"):
    """Return the tracer as a camera would see it had the patient lain elsewhere."""
    shape = (44, 44, 44)
    matrix = affine(spacing_kji=(-step, step, step), origin_lps=(-90, -90, 90))
    target = volume(np.zeros(shape, np.float32), matrix, frame=frame)
    # truth maps the moved frame to the CT frame, so the moved picture is resampled by its inverse.
    values = Resampler(spect, target.grid, transform=truth.inverse()).array()
    return volume(np.nan_to_num(values), matrix, frame=frame)


def joint_error_mm(found: RigidTransform, truth: RigidTransform) -> float:
    joints = np.array([(x, 10.0, z) for x in (-18, 18) for z in (-40, -24, -8, 8, 24, 40)])
    # Where a joint of the CT is in the moved frame, brought back by what was found.
    return float(np.linalg.norm(found.apply(truth.inverse().apply(joints)) - joints, axis=1).max())


@pytest.mark.parametrize(
    "truth",
    [
        RigidTransform.identity(),
        RigidTransform.from_euler(translation_mm=(6, -9, 7)),
        RigidTransform.from_euler(rotation_deg=(4, -3, 6), translation_mm=(-5, 4, -8)),
    ],
    ids=["aligned", "shifted", "turned"],
)
def test_finds_the_true_transform(necks, truth) -> None:
    ct, spect = necks
    result = register(ct, moved(spect, truth))
    if result.method is Method.SHARED_FRAME:
        assert truth.is_identity
    assert joint_error_mm(result.transform, truth) < 1.5
    assert result.after.correlation >= result.before.correlation
    assert result.status is Status.NO_INCONSISTENCY
    codes = [f.code for f in result.findings]
    assert codes in (["registered"], ["registration-not-needed"])


def test_repeats_bit_for_bit(necks) -> None:
    ct, spect = necks
    other = moved(spect, RigidTransform.from_euler(translation_mm=(3, 5, -4)))
    first, second = register(ct, other), register(ct, other)
    assert np.array_equal(first.transform.matrix, second.transform.matrix)


def test_different_frames_start_from_the_centres(necks) -> None:
    ct, spect = necks
    truth = RigidTransform.from_euler(translation_mm=(5, -4, 6))
    result = register(ct, moved(spect, truth, frame="9.9"))
    assert joint_error_mm(result.transform, truth) < 1.5


def test_noise_is_refused_and_the_shared_frame_kept(necks) -> None:
    ct, _ = necks
    rng = np.random.default_rng(0)
    matrix = affine(spacing_kji=(4, 4, 4), origin_lps=(-90, -90, -90))
    nothing = rng.poisson(20, (45, 45, 45)).astype(np.float32)
    kept = register(ct, volume(nothing, matrix))
    assert kept.transform.is_identity
    assert kept.method is Method.SHARED_FRAME
    assert [f.code for f in kept.findings] == ["registration-rejected"]
    with pytest.raises(RegistrationFailed, match="not shown together"):
        register(ct, volume(nothing, matrix, frame="9.9"))


def test_upside_down_is_refused(necks) -> None:
    ct, spect = necks
    upside_down = RigidTransform.from_euler(rotation_deg=(180, 0, 0))
    with pytest.raises(RegistrationFailed):
        register(ct, moved(spect, upside_down, frame="9.9"))


def test_shared_frame_is_the_identity_and_never_assumed(necks) -> None:
    ct, spect = necks
    assert shared_frame(ct, spect).transform.is_identity
    for frame in ("9.9", None):
        with pytest.raises(GeometryError, match="--register"):
            shared_frame(ct, moved(spect, RigidTransform.identity(), frame=frame))


def test_cancel_stops_the_search(necks) -> None:
    ct, spect = necks
    seen = []

    def cancel(fraction: float, step: str) -> None:
        seen.append(fraction)
        if fraction > 0.3:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        register(ct, spect, progress=cancel)
    assert max(seen) < 0.9
