"""The simulated neck that the tests of the targets panel share, and a desk to read it at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import fusion
from sample_data import COARSE_SCAN, make_study
from tests.viewer.targets.desk import Desk
from viewer.facets.model import FacetsModel
from viewer.window import ReviewWindow


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory):
    """A simulated neck with its joints known."""
    return make_study(tmp_path_factory.mktemp("neck"), scan=COARSE_SCAN)


@pytest.fixture(scope="session")
def review(truth) -> fusion.Review:
    """That neck, for the window that the tests of this module share."""
    return fusion.open_study(truth.folder)


@pytest.fixture(scope="module")
def facets(shared_window: ReviewWindow) -> Iterator[FacetsModel]:
    """Its joints, located once for all tests."""
    from qtpy.QtTest import QTest

    facets = shared_window.facets
    facets.start()
    for _ in range(600):
        if facets.assessment is not None:
            break
        QTest.qWait(100)
    assert facets.assessment is not None, facets.refusal
    return facets


@pytest.fixture
def desk(
    shared_window: ReviewWindow, facets: FacetsModel, tmp_path: Path, qtbot: QtBot
) -> Iterator[Desk]:
    desk = Desk(shared_window, facets, tmp_path / "journal.sqlite", qtbot)
    desk.measured()
    yield desk
    desk.leave()
