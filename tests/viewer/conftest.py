"""Fixtures of the window's tests: studies on disk, and windows that are closed again."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fusion
from fusion.palettes import DEFAULT_PALETTE
from tests.viewer import marked_study

# Tests neither read nor change the settings of the person who runs them.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-tests-")) / "settings.yaml")

os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="data-tests-")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="config-tests-")

from qtpy.QtTest import QTest

from tests.viewer.simulated_neck import Neck, make_neck

if TYPE_CHECKING:
    import napari
    from pytestqt.qtbot import QtBot
    from qtpy.QtWidgets import QApplication

    from viewer.window import ReviewWindow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put shared windows last, and skip what needs a screen where there is none.

    napari's own fixture refuses to work beside a window that it did not make. Without a screen Qt
    would abort the whole run.
    """
    items.sort(key=lambda item: "shared_window" in getattr(item, "fixturenames", ()))
    if sys.platform != "linux" or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY")):
        return
    skip = pytest.mark.skip(reason="no screen: run under xvfb-run -a")
    for item in items:
        if item.get_closest_marker("window"):
            item.add_marker(skip)


@pytest.fixture(scope="module", autouse=True)
def _nothing_old_is_searched_for_garbage() -> None:
    """Spare what lives by now: napari collects garbage with every window, in seconds each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head-first supine study with the three markers."""
    return marked_study.write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def review(study_folder: Path) -> fusion.Review:
    """That study, opened."""
    return fusion.open_study(study_folder)


@pytest.fixture(scope="session")
def simulated(qapp: QApplication, once: Callable[..., Path]) -> Iterator[Neck]:
    """A simulated neck with the joints as a window finds them."""
    neck = Neck(once("neck", make_neck))
    yield neck
    neck.model.close()


@pytest.fixture
def open_window(
    make_napari_viewer: Callable, qtbot: QtBot
) -> Iterator[Callable[[fusion.Review], ReviewWindow]]:
    """Show reviews in windows that are closed when the test is over."""
    opened = []

    def show(review: fusion.Review, journal: Path | None = None) -> ReviewWindow:
        opened.append(_show(make_napari_viewer(show=True), review, journal))
        return opened[-1]

    yield show
    for window in opened:
        window.viewer.close()


def _start_napari_anew() -> None:
    """Forget which windows came before: napari registers its commands once a process, its own
    fixture once a test."""
    from app_model import Application
    from napari._app_model._app import APP_NAME
    from napari._qt._qapp_model.qactions import init_qactions
    from napari.plugins import _initialize_plugins

    Application.destroy(APP_NAME)
    init_qactions.cache_clear()
    _initialize_plugins.cache_clear()


@pytest.fixture
def napari_anew(qapp: QApplication) -> None:
    """For what makes a window of napari by itself, as the program does."""
    _start_napari_anew()


@pytest.fixture(scope="module")
def shared_window(qapp: QApplication, review: fusion.Review) -> Iterator[ReviewWindow]:
    """One window for the tests of a module, since each takes seconds to build."""
    import napari
    from napari._qt.qt_viewer import QtViewer

    _start_napari_anew()
    window = _show(napari.Viewer(show=True, show_welcome_screen=False), review)
    yield window
    window.viewer.close()
    window.linked = window.viewer = None
    qapp.processEvents()
    gc.collect()
    assert not QtViewer._instances


@pytest.fixture
def window(shared_window: ReviewWindow) -> ReviewWindow:
    """The shared window as it is when a study was just opened."""
    linked, review = shared_window.linked, shared_window.review
    linked.spect_visible, linked.crosshair_visible, linked.blend = True, True, 0.5
    linked.uptake_range, linked.palette = review.fused.uptake_range, DEFAULT_PALETTE
    linked.use_ct_preset("Bone")
    linked.active = linked.panes[0]
    linked.leave()
    shared_window.alignment.moving = False
    linked.centre()
    return shared_window


def _show(
    viewer: napari.Viewer, review: fusion.Review, journal: Path | None = None
) -> ReviewWindow:
    from viewer import _napari
    from viewer.pictures.area import Layout
    from viewer.window import ReviewWindow

    _napari.main_window(viewer).resize(1000, 700)
    if journal is None:  # never the one of the person who runs the tests
        journal = Path(tempfile.mkdtemp(prefix="journal-tests-")) / "journal.sqlite"
    window = ReviewWindow(viewer, review, journal=journal)
    # Most tests look at the planes; at this size the reading layout leaves them little room.
    window.pictures.layout_shown = Layout.PLANES
    QTest.qWait(100)
    for pane in window.linked:
        pane.fit()
    QTest.qWait(20)
    return window
