"""A study that the plugin opened is left for another one, or opened anew with other series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import shiboken6
from pytestqt.qtbot import QtBot

from viewer import plugin, study
from viewer.start.page import StartPage

pytestmark = [pytest.mark.window, pytest.mark.slow]


@pytest.mark.parametrize("way", ["another study", "other series"])
def test_what_is_opened_from_the_start_page_takes_the_place_of_what_was_left(
    way: str,
    make_napari_viewer: Callable,
    study_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(study._napari, "new_viewer", lambda **_: make_napari_viewer(show=True))
    widget = plugin.OpenStudyWidget()
    qtbot.addWidget(widget)
    widget.path.setText(str(study_folder))
    first = widget.start()
    qtbot.waitSignal(first.shown, timeout=60_000).wait()
    left = first.review_window
    assert left is not None
    if way == "another study":
        left.start_wanted.emit()
    else:
        ct, spect = left.review.pair.ct.plan.volume_id, left.review.pair.spect.plan.volume_id
        first._reopen(ct, spect)
    desk = first.desk
    page = desk.page
    assert isinstance(page, StartPage)
    assert page.isVisible()
    assert shiboken6.isValid(first)
    if way == "another study":
        page.chosen.emit(study_folder)
    qtbot.waitUntil(lambda: not shiboken6.isValid(first), timeout=60_000)
    second = desk.app
    assert second.review_window is not None
    assert second.review_window is not left
    second.viewer.close()
