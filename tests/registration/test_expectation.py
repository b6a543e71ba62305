"""What registration takes from a CT, on a CT whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from fusion.registration.expectation import blurred, ct_model
from fusion.registration.fitting import products
from fusion.registration.neck_field import _narrowest
from tests.volumes import affine, volume

SPACING = (2.0, 2.0, 2.0)


def test_table_and_metal_and_far_air_take_no_part() -> None:
    """A cylinder of 40 mm radius with a rod of bone and a screw; a table 24 mm behind it."""
    shape = (40, 80, 80)
    z, y, x = (
        np.moveaxis(np.indices(shape), 0, -1) * SPACING - (np.array(shape) - 1) / 2 * SPACING
    ).transpose(3, 0, 1, 2)
    hu = np.full(shape, -1000, np.int16)
    hu[np.hypot(x, y) < 40] = 40
    hu[np.hypot(x, y - 10) < 8] = 500
    screw = (np.hypot(x - 20, y) < 4) & (abs(z) < 6)
    hu[screw] = 3000
    table = (y > 64) & (y < 74)
    hu[table] = 100
    origin = -(np.array(shape[::-1]) - 1) / 2 * 2.0
    model = ct_model(volume(hu, affine(spacing_kji=SPACING, origin_lps=origin), unit="HU"))
    points = model.grid.to_lps(np.moveaxis(np.indices(model.grid.shape), 0, -1))
    px, py = points[..., 0], points[..., 1]
    radius = np.hypot(px, py)
    assert model.body[radius < 36].min() == pytest.approx(1, abs=1e-6)
    assert model.body[py > 60].max() == 0
    assert model.usable[(radius < 36) & (np.hypot(px - 20, py) > 15)].all()
    assert not model.usable[(np.hypot(px - 20, py) < 3) & (abs(points[..., 2]) < 5)].any()
    assert not model.usable[radius > 40 + 16 + 4].any()
    assert model.usable[(radius > 44) & (radius < 50)].all()


def test_blur_ends_at_three_standard_deviations_and_continues_the_edge() -> None:
    values = np.zeros((21, 21, 21), np.float32)
    values[10, 10, 10] = 1
    spread = blurred(values, 2.0)
    assert spread.dtype == np.float32
    assert spread[10, 10, 16] > 0
    assert spread[10, 10, 17] == 0
    np.testing.assert_allclose(blurred(np.full((4, 5, 6), 3.5), 2.0), 3.5, rtol=1e-6)
    assert ndimage.center_of_mass(spread) == pytest.approx((10, 10, 10))


@pytest.mark.parametrize("rows", [0, 5, 1024, 5000])
def test_products_in_parts(rows: int) -> None:
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, 4)), rng.normal(size=(rows, 3))
    np.testing.assert_allclose(products(a, b), a.T @ b, atol=1e-9)


@pytest.mark.parametrize(("ends_mm2", "is_neck"), [(19_500, True), (20_500, False)])
def test_a_field_that_ends_in_the_head_shows_no_neck(ends_mm2: float, is_neck: bool) -> None:
    """A circumference of 50 cm is 20,000 mm²; a field that ended in the face passed for a neck."""
    area = np.linspace(45_000, ends_mm2, 50)
    assert _narrowest(area, 4.0) == (49 if is_neck else None)
