"""The alignment in the window: what moves on the screen, and what a reader can press."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QMessageBox

from fusion.errors import Cancelled
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from tests.viewer.on_screen import (
    bare_picture,
    bright_spots_mm,
    move_mouse,
    press_key,
    screen_point,
)
from viewer import _napari
from viewer.pictures.checking_views import Mode
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window


@pytest.fixture
def still(window: ReviewWindow) -> ReviewWindow:
    """The shared window with the study as it was opened."""
    alignment = window.alignment
    while alignment.can_undo:
        alignment.undo()
    window.linked.use_mode(Mode.BLEND)
    window.linked.point_lps = MIDDLE_LPS
    window.pages.setCurrentWidget(window.alignment_panel)
    window.alignment.moving = True
    return window


def ball_on_screen(window: ReviewWindow, index: int) -> tuple[float, float]:
    """Where the SPECT shows the ball on the patient's left, mm right and down of the middle."""
    window.linked.blend = 1.0
    return max(bright_spots_mm(window.linked.panes[index], window.canvases[index]))


@pytest.mark.parametrize("index", [0, 1], ids=["axial", "coronal"])
def test_to_the_left_moves_the_spect_to_the_right_of_the_screen(
    still: ReviewWindow, index: int
) -> None:
    before = ball_on_screen(still, index)
    still.alignment_panel.shifts[0].setValue(10.0)
    assert still.alignment_panel.words[0].text() == "10.0 mm to the left"
    after = ball_on_screen(still, index)
    assert after[0] - before[0] == pytest.approx(10.0, abs=1.0)
    assert after[1] - before[1] == pytest.approx(0.0, abs=1.0)
    still.alignment_panel.undo.click()
    assert ball_on_screen(still, index) == pytest.approx(before)


def test_ctrl_and_drag_carries_the_spect_along(still: ReviewWindow, qtbot: QtBot) -> None:
    widget = still.canvases[1]
    start = screen_point(still, 1, MIDDLE_LPS)
    point = still.linked.point_lps
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, control, start)
    move_mouse(qtbot, widget, start + QPoint(20, -10))
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, control, start + QPoint(20, -10))
    zoom = still.linked.panes[1].model.scene.camera.zoom
    moved = still.alignment.shift_mm
    np.testing.assert_allclose(moved, (20 / zoom, 0, 10 / zoom), atol=1 / zoom)
    np.testing.assert_array_equal(still.linked.point_lps, point)
    assert still.alignment.can_undo


def test_more_than_5_mm_warns_in_the_window(still: ReviewWindow, qtbot: QtBot) -> None:
    panel = still.alignment_panel
    panel.shifts[2].setValue(4.9)
    assert panel.warning.text() == ""
    panel.shifts[2].setValue(5.5)
    assert "every export" in panel.warning.text()
    qtbot.waitUntil(
        lambda: any(
            "moved by hand by 5.5 mm" in label.text() for label in still.side.findings.labels
        )
    )


def test_reviewed_is_saved_and_goes_with_a_change(still: ReviewWindow) -> None:
    panel = still.alignment_panel
    assert panel.reviewed.isEnabled()
    assert still.begin_reading("R. Eader")
    panel.reviewed.click()
    assert still.review.alignment_reviewed_by == "R. Eader"
    assert still.reading.reading.alignment.reader == "R. Eader"
    assert not panel.reviewed.isEnabled()
    panel.turns[2].setValue(1.0)
    assert still.review.alignment_reviewed_by is None
    assert panel.reviewed.isEnabled()
    assert "changed since R. Eader reviewed it" in panel.reviewed_text.text()
    assert "The alignment has changed since it was reviewed" in still.reading.missing
    panel.undo.click()
    assert still.review.alignment_reviewed_by == "R. Eader"
    assert "The alignment has changed since it was reviewed" not in still.reading.missing


def test_letters_typed_into_a_field_are_letters(still: ReviewWindow, qtbot: QtBot) -> None:
    main = _napari.main_window(still.viewer)
    main.activateWindow()
    qtbot.waitUntil(main.isActiveWindow)
    still.pages.setCurrentWidget(still.pathway_panel)
    field = still.pathway_panel.questions["other_red_flag"].entry
    field.clear()
    field.setFocus()
    qtbot.keyClicks(field, "bxv12[pnirl3yuahc")
    assert field.text() == "bxv12[pnirl3yuahc"
    assert still.linked.spect_visible
    assert still.linked.crosshair_visible
    assert still.linked.check.mode is Mode.BLEND
    field.clear()
    still.pages.setCurrentIndex(0)


def test_the_divider_of_the_wipe_is_dragged(still: ReviewWindow, qtbot: QtBot) -> None:
    still.linked.use_mode(Mode.WIPE)
    widget = still.canvases[0]
    start = screen_point(still, 0, MIDDLE_LPS) + QPoint(0, 40)
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    move_mouse(qtbot, widget, start + QPoint(30, 0))
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 0))
    zoom = still.linked.panes[0].model.scene.camera.zoom
    went = still.linked.check.divider_lps[0] - MIDDLE_LPS[0]
    assert went == pytest.approx(30 / zoom, abs=2 / zoom + 1.0)


@pytest.mark.parametrize("index", [0, 1])
def test_the_wipe_on_the_screen(still: ReviewWindow, index: int) -> None:
    """Left of the divider the picture is the CT's, right of it the SPECT's."""
    linked, canvas = still.linked, still.canvases[index]
    pane = linked.panes[index]
    linked.blend = 1.0
    spect = bare_picture(pane, canvas)
    linked.spect_visible = False
    ct = bare_picture(pane, canvas)
    linked.spect_visible = True
    linked.use_mode(Mode.WIPE)
    wiped = bare_picture(pane, canvas)
    at = screen_point(still, index, linked.point_lps).x()
    at = round(at * wiped.shape[1] / canvas.width())
    margin = round(3 * pane.model.scene.camera.zoom)
    np.testing.assert_array_equal(wiped[:, : at - margin], ct[:, : at - margin])
    shown = spect[:, at + margin :].max(axis=-1) > 0
    np.testing.assert_array_equal(wiped[:, at + margin :][shown], spect[:, at + margin :][shown])
    assert shown.mean() > 0.05


def test_cancelling_a_search_changes_nothing(still: ReviewWindow, qtbot: QtBot) -> None:
    before = still.review
    refusals: list[object] = []
    job = still.alignment_panel.start_search()
    job.refused.connect(refusals.append)
    qtbot.mouseClick(job.progress.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(refusals), timeout=20000)
    assert isinstance(refusals[0], Cancelled)
    assert job.progress is None
    assert job.dialog is None
    assert still.review is before


def test_export_writes_what_is_on_the_screen(
    still: ReviewWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    still.alignment.move((7.0, 0, 0))
    matrix = still.review.fused.registration.transform.matrix.tolist()
    job = still.export(str(tmp_path))
    qtbot.waitUntil(lambda: (tmp_path / "review.json").exists(), timeout=60000)
    qtbot.waitUntil(lambda: job.progress is None, timeout=60000)
    for box in _napari.main_window(still.viewer).findChildren(QMessageBox):
        box.close()
    record = json.loads((tmp_path / "review.json").read_text("utf-8"))
    assert record["registration"]["matrix_spect_to_ct_lps"] == matrix
    assert "manual-shift" in {finding["code"] for finding in record["assumptions"]}


def test_the_left_ball_is_where_the_markers_say(still: ReviewWindow) -> None:
    still.linked.panes[0].look_at(tuple(float(v) for v in MIDDLE_LPS[1::-1]))
    assert ball_on_screen(still, 0)[0] == pytest.approx(BALLS["left"][0], abs=1.5)


def test_outside_the_alignment_mode_nothing_moves_the_spect(
    still: ReviewWindow, qtbot: QtBot
) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    widget = still.canvases[0]
    start = screen_point(still, 0, MIDDLE_LPS)

    def try_to_move() -> None:
        for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_PageUp):
            press_key(qtbot, still, key, control)
        press_key(qtbot, still, Qt.Key.Key_Left, control | Qt.KeyboardModifier.ShiftModifier)
        qtbot.mousePress(widget, Qt.MouseButton.LeftButton, control, start)
        move_mouse(qtbot, widget, start + QPoint(20, -10))
        qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, control, start + QPoint(20, -10))

    for tab in range(still.pages.count()):
        still.pages.setCurrentIndex(tab)
        still.alignment.moving = False
        try_to_move()
        assert not still.alignment.can_undo, still.pages.front
    assert not any(box.isEnabled() for box in still.alignment_panel.shifts)
    press_key(qtbot, still, Qt.Key.Key_A)
    assert still.pages.currentWidget() is still.alignment_panel
    assert still.alignment.moving
    try_to_move()
    assert still.alignment.can_undo
    still.pages.setCurrentIndex(0)
    assert not still.alignment.moving


def test_where_the_spect_was_moved_to_stands_in_every_picture(
    still: ReviewWindow, qtbot: QtBot
) -> None:
    def banners() -> set[str]:
        shown = (pane.model.canvas.overlays["alignment"] for pane in still.linked)
        return {overlay.text.replace("\n", " ") if overlay.visible else "" for overlay in shown}

    assert banners() == {"MOVING THE SPECT (A ends it)"}
    for _ in range(8):
        press_key(qtbot, still, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    still.pages.setCurrentWidget(still.facets_panel)
    assert banners() == {"SPECT MOVED BY HAND 4.0 mm"}
    # One undo for everything, on every tab; and it says what it did.
    for _ in range(8):
        press_key(qtbot, still, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert still.message.text() == "Undone: the last change of the alignment."
    assert banners() == {""}
    assert not still.alignment.can_undo
