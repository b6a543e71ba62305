"""Fixtures of the window's tests: studies on disk, and windows that are closed again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fusion

from . import marked_study

if TYPE_CHECKING:
    from viewer.window import ReviewWindow


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a screen where there is none; Qt would abort the whole run."""
    if sys.platform != "linux" or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY")):
        return
    skip = pytest.mark.skip(reason="no screen: run under xvfb-run -a")
    for item in items:
        if item.get_closest_marker("window"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head-first supine study with the three markers."""
    return marked_study.write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def review(study_folder: Path) -> fusion.Review:
    """That study, opened."""
    return fusion.open_study(study_folder)


@pytest.fixture
def open_window(
    make_napari_viewer: Callable, qtbot: object
) -> Iterator[Callable[[fusion.Review], ReviewWindow]]:
    """Show reviews in windows that are closed when the test is over."""
    from viewer import _napari
    from viewer.window import ReviewWindow

    opened = []

    def show(review: fusion.Review) -> ReviewWindow:
        viewer = make_napari_viewer(show=True)
        _napari.main_window(viewer).resize(1100, 800)
        window = ReviewWindow(viewer, review)
        opened.append(window)
        qtbot.wait(100)
        for pane in window.linked:
            pane.fit()
        qtbot.wait(50)
        return window

    yield show
    for window in opened:
        window.viewer.close()
