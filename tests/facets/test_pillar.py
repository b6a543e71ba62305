"""A joint in a column of bone: found in its middle, at its dark sheet, on both sides alike."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.anatomy.joints import Joint, Side
from fusion.facets.automatic.pillar import climb
from fusion.facets.automatic.refine import find_joints
from fusion.facets.automatic.straight import Frame
from fusion.facets.automatic.template import TEMPLATE_LEVELS, template
from fusion.geometry import Grid, Source, Volume

HEIGHT, MIDDLE_P, MIDDLE_L = 47.0, -4.0, 19.0
FRAME = Frame(
    np.column_stack([np.zeros(100), np.zeros(100), np.arange(100.0)]),
    np.tile([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], (100, 1, 1)),
)


def _columns(*, sheets: tuple[float, ...], slice_mm: float = 1.0) -> Volume:
    """Two oval columns with cortex, cut at 45 degrees by soft sheets 2 mm thick."""
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = slice_mm, 0.7, 0.7
    affine[:3, 3] = -32, -30, 0
    affine[3, 3] = 1
    grid = Grid((int(100 / slice_mm), 86, 92), affine, "1.1")
    hu = np.zeros(grid.shape)
    depths = np.linspace(-0.5, 0.5, 5) * slice_mm  # a slice is the mean over its thickness
    for depth in depths:
        x, y, z = np.moveaxis(grid.to_lps(np.stack(np.indices(grid.shape), axis=-1)), -1, 0)
        z = z + depth
        radius = np.hypot((np.abs(x) - MIDDLE_L) / 6, (y - MIDDLE_P) / 5.5)
        layer = np.where(radius < 0.75, 300.0, np.where(radius < 1, 800.0, 50.0))
        for height in sheets:
            across = np.abs((z - height) + (y - MIDDLE_P)) / np.sqrt(2)
            layer = np.where((radius < 1) & (across < 2.5), 800.0, layer)
            layer = np.where(across < 1, 60.0, layer)
        hu += layer / len(depths)
    source = Source("1.1", "1.2", "1.1", ("1.3",), "CT", "made")
    return Volume(grid, np.rint(hu).astype(np.int16), 1.0, 0.0, "HU", source)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("off_mm", [-5.0, 4.0])
def test_a_joint_is_in_the_middle_of_its_pillar_at_its_dark_sheet(side, off_mm):
    ct = _columns(sheets=(HEIGHT,))
    column = climb(
        ct,
        FRAME,
        template(),
        level=TEMPLATE_LEVELS.index("C4-C5"),
        side=side,
        expected_spl=np.array([HEIGHT + off_mm, MIDDLE_P + 3.0, side.sign * (MIDDLE_L - 2.0)]),
        scale=1.0,
        slice_mm=1.0,
    )
    best = int(column.score.argmax())
    true = (HEIGHT, MIDDLE_P, side.sign * MIDDLE_L)
    assert column.middles_spl[best] == pytest.approx(true, abs=1.01)
    assert column.sheet[best] > 0.5
    away = np.abs(column.middles_spl[:, 0] - HEIGHT) > 3
    assert column.sheet[away].max() < column.sheet[best] / 2


@pytest.mark.slow
def test_levels_that_differ_from_the_template_alike_are_all_found():
    heights = {"C3-C4": 64.0, "C4-C5": 48.0, "C5-C6": 32.0}
    ct = _columns(sheets=tuple(heights.values()), slice_mm=2.0)
    places = {
        Joint(level, side): np.array([height + 4.5, MIDDLE_P + 3.0, side.sign * MIDDLE_L])
        for level, height in heights.items()
        for side in Side
    }
    fits = find_joints(ct, FRAME, template(), places, scale=1.0)
    assert list(fits) == list(places)
    for joint, fit in fits.items():
        true = (heights[joint.level], MIDDLE_P, joint.side.sign * MIDDLE_L)
        assert np.linalg.norm(fit.center_spl - true) < 1.5
        assert fit.normal_spl[:2].min() > 0.3
