"""A panel that scrolls: what stands in it is never squeezed, not for one picture."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QGroupBox, QPushButton, QScrollArea, QVBoxLayout, QWidget

from viewer.kit.labels import plain_label
from viewer.kit.layout import resize_within_screen, scroll

pytestmark = pytest.mark.window

SENTENCE = "A sentence that has to be wrapped several times in a panel as narrow as this one is. "


class Panel(QScrollArea):
    """Boxes, the last of which comes later."""

    def __init__(self) -> None:
        super().__init__()
        inside = QWidget()
        column = QVBoxLayout(inside)
        self.boxes = [self._box() for _ in range(4)]
        for box in self.boxes:
            column.addWidget(box)
        column.addStretch()
        self.boxes[-1].hide()
        scroll(self, inside)

    def _box(self) -> QGroupBox:
        box = QGroupBox("Box")
        column = QVBoxLayout(box)
        column.addWidget(plain_label(SENTENCE, wrap=True))
        column.addWidget(QPushButton("Press"))
        return box

    def squeezed(self) -> list[str]:
        """What has less room than it needs, now."""
        return [
            type(part).__name__
            for part in self.findChildren(QWidget)
            if part.isVisibleTo(self)
            and part.height()
            < max(part.minimumSizeHint().height(), part.heightForWidth(part.width()))
        ]


@pytest.mark.parametrize("spare", [1, 40], ids=["tight", "roomy"])
def test_what_comes_later_squeezes_nothing_at_any_moment(qtbot: QtBot, spare: int) -> None:
    panel = Panel()
    qtbot.addWidget(panel)
    panel.resize(300, 900)
    panel.show()
    qtbot.waitExposed(panel)
    low = panel.boxes[2].geometry().bottom() + 20
    panel.resize(300, low + spare)
    qtbot.waitUntil(lambda: not panel.squeezed())
    panel.boxes[-1].show()
    assert panel.squeezed() == []  # at once: a picture may be painted before the next event
    qtbot.wait(20)
    assert panel.squeezed() == []
    assert panel.verticalScrollBar().maximum() > 0


def test_a_narrower_panel_is_higher(qtbot: QtBot) -> None:
    panel = Panel()
    qtbot.addWidget(panel)
    panel.resize(500, 200)
    panel.show()
    qtbot.waitExposed(panel)
    before = panel.widget().height()
    panel.resize(160, 200)
    qtbot.waitUntil(lambda: panel.widget().height() > before)
    assert panel.squeezed() == []
    assert panel.widget().width() == panel.viewport().width()
    panel.resize(500, 200)
    qtbot.waitUntil(lambda: panel.widget().height() == before)


def test_a_window_is_no_larger_than_its_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    room = window.screen().availableGeometry()
    resize_within_screen(window, 300, room.height() + 500)
    assert window.width() == 300
    assert room.height() - 60 < window.height() < room.height() - 20
