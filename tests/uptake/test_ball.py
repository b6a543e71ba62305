"""A ball against a slow look at every voxel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusion.errors import GeometryError
from fusion.fused import Fused
from fusion.geometry import FieldOfView, RigidTransform
from fusion.registration import Method, Registration
from fusion.uptake import measure_ball
from tests.volumes import affine, volume

MOVED = RigidTransform.from_euler(rotation_deg=(5, -8, 14), translation_mm=(6, -3, 9))


def study() -> Fused:
    values = np.random.default_rng(8).gamma(2.0, 40.0, (18, 20, 22)).astype(np.float32)
    spect = volume(values, affine(spacing_kji=(4.4, 4, 4), origin_lps=(-42, -38, -38)))
    ct = volume(
        np.zeros((4, 4, 4), np.int16),
        affine(spacing_kji=(9, 9, 9), origin_lps=(0, 0, 0)),
        unit="HU",
        modality="CT",
    )
    return Fused(ct, spect, Registration(MOVED, Method.CORRELATION))


@pytest.mark.parametrize("radius", [3.5, 7.0, 20.0])
@pytest.mark.parametrize("center", [(0.0, 0.0, 0.0), (33.0, -12.0, 30.0)])
def test_maximum_and_mean_are_those_of_the_voxels_inside(radius, center) -> None:
    fused = study()
    inside = [
        fused.spect.stored[kji]
        for kji in np.ndindex(*fused.spect.grid.shape)
        if np.linalg.norm(MOVED.apply(fused.spect.grid.to_lps(kji)) - center) <= radius
    ]
    ball = measure_ball(fused, center, radius)
    assert ball.voxels == len(inside)
    assert ball.maximum == pytest.approx(max(inside))
    assert ball.mean == pytest.approx(np.mean(inside))
    assert ball.words(ball.maximum / 2).endswith("maximum 2.0 × reference")
    assert "reference" not in ball.words(None)


def test_what_was_not_seen_is_not_measured() -> None:
    fused = study()
    part = FieldOfView((0, 0, 0), (18, 20, 8), None)
    half = Fused(fused.ct, replace(fused.spect, seen=part), fused.registration)
    left = MOVED.apply([30.0, 0.0, 0.0])
    assert measure_ball(fused, left, 7.0).voxels > 5
    with pytest.raises(GeometryError, match="that its detector saw lies in a ball of 14 mm"):
        measure_ball(half, left, 7.0)
    with pytest.raises(GeometryError, match="that its detector saw"):
        measure_ball(fused, (900.0, 0.0, 0.0), 7.0)
    for radius in (1.0, 60.0):
        with pytest.raises(GeometryError, match="2 to 50 mm"):
            measure_ball(fused, left, radius)
