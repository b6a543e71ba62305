"""What a window shows of studies that are out of the ordinary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

import fusion
from tests.viewer import marked_study
from tests.viewer.marked_study import MIDDLE_LPS
from tests.viewer.on_screen import bare_picture, screen_point, texts
from viewer import _napari
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window


NAME = "<b>X</b><img src=x>^&amp;"


@pytest.fixture
def window(tmp_path: Path, open_window: Callable) -> ReviewWindow:
    """A simulated study with a hostile name and a SPECT smaller than the CT."""
    folder = marked_study.write_study(
        tmp_path,
        spect=marked_study.Lattice((12, 10, 12), (4.0, 4.0, 4.0), marked_study.HFS),
        patient_name=NAME,
        description="SIMULATED - not a patient",
    )
    return open_window(fusion.open_study(folder))


def test_unusual_studies_are_shown_for_what_they_are(window: ReviewWindow) -> None:
    """One test, because each window takes seconds."""
    simulated_data_say_so(window)
    names_are_text_never_markup(window)
    outside_its_field_the_spect_is_transparent(window)


def simulated_data_say_so(window: ReviewWindow) -> None:
    assert "SIMULATED — not a patient" in texts(window)
    assert window.viewer.title.startswith("SIMULATED")
    for pane in window.linked:
        assert pane.model.canvas.overlays["simulated"].visible


def names_are_text_never_markup(window: ReviewWindow) -> None:
    assert "<b>X</b>" in window.header.identity.text()
    labels = _napari.main_window(window.viewer).centralWidget().findChildren(QLabel)
    for label in labels:
        if "<b>" in label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText


def outside_its_field_the_spect_is_transparent(window: ReviewWindow) -> None:
    linked = window.linked
    linked.point_lps = MIDDLE_LPS
    at = screen_point(window, 0, MIDDLE_LPS + np.array((-40.0, 0.0, 0.0)))
    ratio = window.canvases[0].devicePixelRatioF()
    row, column = round(at.y() * ratio), round(at.x() * ratio)
    fused = bare_picture(linked.panes[0], window.canvases[0])
    linked.spect_visible = False
    ct = bare_picture(linked.panes[0], window.canvases[0])
    np.testing.assert_array_equal(fused[row, column], ct[row, column])
    middle = fused.shape[0] // 2, fused.shape[1] // 2
    assert not np.array_equal(fused[middle], ct[middle])
    for pane in linked:
        assert pane.model.scene.overlays["spect_field"].segments
