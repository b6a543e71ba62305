"""Where the pictures of a study begin: at its neck, unless somebody looked around meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtTest import QTest

import fusion
from tests.viewer.simulated_neck import make_neck
from viewer.facets.arriving import Arrival
from viewer.facets.model import FacetsModel, State
from viewer.pictures.panes import LinkedPanes

pytestmark = pytest.mark.window


@pytest.mark.parametrize(
    ("looked", "proposing", "moves"),
    [
        ("", True, True),
        ("", False, True),
        ("scrolled", True, False),
        pytest.param("zoomed", True, False, marks=pytest.mark.thorough),
    ],
)
def test_the_pictures_go_to_the_neck_unless_somebody_looked_around(
    once: Callable[..., Path], qtbot: object, looked: str, proposing: bool, moves: bool
) -> None:
    review = fusion.open_study(once("neck", make_neck) / "study")
    linked = LinkedPanes(review)
    facets = FacetsModel(linked)
    facets.proposing = proposing
    try:
        grid = review.fused.display_grid
        linked.point_lps = grid.to_lps((0, 0, 0))  # a corner, as if something were hot there
        arrival = Arrival(linked, facets)
        if looked == "scrolled":
            linked.panes[0].model.dims.set_point(0, float(grid.to_lps((4, 0, 0))[2]))
        elif looked == "zoomed":
            linked.zoom(2.0)
        before = linked.point_lps.copy()
        facets.start()
        for _ in range(1200):
            if facets.state is State.FOUND:
                break
            QTest.qWait(100)
        joints = [f.center_lps for f in facets.localisation.facets if f.center_lps is not None]
        away = np.linalg.norm(np.asarray(joints) - linked.point_lps, axis=1).min()
        if not moves:
            assert np.array_equal(linked.point_lps, before)
            return
        assert away < 40
        assert linked.frame is not None
        # The hottest joint, or where nothing is to be proposed the middle of the neck.
        hot = np.linalg.norm(linked.point_lps - review.fused.focus_lps) < 3
        assert bool(hot) is proposing
        linked.point_lps = grid.to_lps((0, 0, 0))
        linked.centre()
        assert np.linalg.norm(np.asarray(joints) - linked.point_lps, axis=1).min() < 40
        del arrival
    finally:
        facets.close()
        linked.close()
