"""Undo and redo over all that a reader does, by keys and mouse: the window shows what the journal
holds at every point, and so does the next window after closing there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations.journal import Journal
from tests.viewer.known_neck import KnownFacets, vertebra_lps
from tests.viewer.on_screen import press_key, screen_point
from viewer import window as window_module
from viewer.facets.dialogs import AnomalyDialog
from viewer.pictures.area import Layout
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window

LEFT_C5, READER = Joint("C5-C6", Side.LEFT), "R. Eader"
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
#: Side, level, decision, grade and pain, in this order.
DECISION = ("L", "5", "P", "3", "Y")


def state(window: ReviewWindow, journal: Path) -> dict[str, Any]:
    """Return what the window shows, once it is known that the journal holds the same."""
    reading = window.reading.reading
    with Journal(journal) as file:
        assert file.load(reading.reading_id).digest == reading.digest
    assert window.facets.said == reading.said
    shown = window.targets_panel.ladder
    signs = {joint for joint in shown.order if shown.cell(joint).sign}
    assert signs == {target.joint for target in reading.targets}
    form = window.targets_panel.form
    if form.joint is not None and (target := reading.target_at(form.joint)) is not None:
        assert form.grade.value == target.grade
        assert form.decision.value == target.decision
    return {
        "targets": [
            (t.joint, t.decision, t.grade, t.clinically_concordant) for t in reading.targets
        ],
        "clicks": dict(reading.said.clicks),
        "anomalies": tuple(reading.said.anomalies),
        "spect": window.review.fused.registration.transform.matrix.tobytes(),
    }


def record_anomaly(window: ReviewWindow, qtbot: QtBot) -> None:
    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, AnomalyDialog):
            QTimer.singleShot(20, answer)
            return
        qtbot.keyClick(dialog.kind, Qt.Key.Key_Down)
        ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
        qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)

    QTimer.singleShot(0, answer)
    qtbot.mouseClick(window.facets_panel.anomaly, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.reading.reading.said.anomalies))


def name_vertebra(window: ReviewWindow, qtbot: QtBot) -> None:
    """The reader says that what stands here as C5 is C6."""
    panel = window.facets_panel
    next(action for action in panel.menu.actions() if action.text() == "C6").trigger()
    window.linked.point_lps = vertebra_lps("C5")
    at = screen_point(window, 2, np.array(vertebra_lps("C5")))
    qtbot.mouseClick(window.canvases[2], Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: bool(window.reading.reading.said.clicks))


def test_everything_is_undone_and_done_again(
    open_window: Callable[..., ReviewWindow],
    review: fusion.Review,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    monkeypatch.setattr(window_module, "FacetsModel", KnownFacets)
    journal = tmp_path / "journal.sqlite"
    window = open_window(review, journal)
    window.facets.start()
    window.pictures.layout_shown = Layout.PLANES
    assert window.begin_reading(READER)
    seen = [state(window, journal)]

    press_key(qtbot, window, Qt.Key.Key_F5)
    window.facets.selected = LEFT_C5
    for key in DECISION:
        press_key(qtbot, window, key)
        if key in "P3Y":
            seen.append(state(window, journal))
    press_key(qtbot, window, Qt.Key.Key_F3)
    press_key(qtbot, window, "A")
    for _ in range(2):
        press_key(qtbot, window, Qt.Key.Key_Right, CONTROL)
        seen.append(state(window, journal))
    press_key(qtbot, window, "A")
    press_key(qtbot, window, Qt.Key.Key_F4)
    name_vertebra(window, qtbot)
    seen.append(state(window, journal))
    record_anomaly(window, qtbot)
    seen.append(state(window, journal))
    assert [n for n, (one, other) in enumerate(pairwise(seen)) if one == other] == []

    said = []
    for before in reversed(seen[:-1]):
        press_key(qtbot, window, Qt.Key.Key_Z, CONTROL)
        said.append(window.message.text())
        assert state(window, journal) == before
    # Only the last one takes the decision itself back.
    assert said[-3:] == [
        "Undone: Left C5-C6: matches the pain: yes → –.",
        "Undone: Left C5-C6: grade 3 → not graded.",
        "Undone: Left C5-C6 positive, not graded.",
    ]
    press_key(qtbot, window, Qt.Key.Key_Z, CONTROL)
    assert state(window, journal) == seen[0]
    for after in seen[1:]:
        press_key(qtbot, window, Qt.Key.Key_Z, CONTROL | SHIFT)
        assert state(window, journal) == after

    # Closed in the middle of it, and opened again: the reading stands where it stood.
    for _ in range(2):
        press_key(qtbot, window, Qt.Key.Key_Z, CONTROL)
    stood = state(window, journal)
    window.viewer.close()
    again = open_window(review, journal)
    again.facets.start()
    assert again.begin_reading(READER)
    now = state(again, journal)
    # Where the SPECT was put by hand and not reviewed is not kept.
    assert {**now, "spect": None} == {**stood, "spect": None}
    assert again.linked.point_lps == pytest.approx(
        again.reading.reading.target_at(LEFT_C5).point_lps, abs=1.3
    )
