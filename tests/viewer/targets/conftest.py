"""The simulated neck that the tests of the targets panel share, and a desk to read it at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication

import fusion
from sample_data import Truth
from tests.sample_data.conftest import coarsely_scanned
from tests.viewer.targets.desk import Bench, Desk


@pytest.fixture(scope="session")
def truth(once: Callable[..., Truth]) -> Truth:
    """A simulated neck with its joints known."""
    return coarsely_scanned(once)


@pytest.fixture(scope="session")
def bench(truth, qapp: QApplication) -> Iterator[Bench]:
    """What stands around the panel in a window, with the joints located once for all tests."""
    bench = Bench(fusion.open_study(truth.folder))
    bench.facets.start()
    bench.wait()
    yield bench
    bench.close()


@pytest.fixture
def desk(bench: Bench, tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    desk = Desk(bench, tmp_path / "journal.sqlite", qtbot)
    desk.measured()
    yield desk
    desk.leave()
