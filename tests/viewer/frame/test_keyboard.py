"""Keys that are held: what goes on, and what happens once a press."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QWidget

from viewer.frame import keyboard
from viewer.frame.keyboard import Keyboard
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window

#: They move the picture, or the SPECT by half a millimetre; literally, for everything else decides,
#: saves, takes back, or brings something else to the front.
GO_ON = {
    "PgUp", "PgDown", "[", "]", ".", ",", "+", "-", "Ctrl+Left", "Ctrl+Right", "Ctrl+Up",
    "Ctrl+Down", "Ctrl+PgUp", "Ctrl+PgDown", "Ctrl+Shift+Right", "Ctrl+Shift+Left",
}  # fmt: skip


def test_only_what_moves_a_picture_goes_on_while_its_key_is_held(window: ReviewWindow) -> None:
    found = {key for key, shortcut in window.keys.shortcuts.items() if shortcut.autoRepeat()}
    assert found == GO_ON
    for key in ("Ctrl+Z", "Ctrl+Return", "Ctrl+Shift+N", "S", "P", "N"):
        assert not window.keys.shortcuts[key].autoRepeat()


def test_where_changed_keys_are_refused_the_usual_ones_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('[keys]\n"PgUp" = "Ctrl+Z"\n', "utf-8")
    monkeypatch.setattr(keyboard, "default_key_file", lambda: path)
    usual = {"Keys": {"PgUp": ("up", lambda: None), "Ctrl+Z": ("take back", lambda: None)}}
    keys = Keyboard(lambda: usual)
    qtbot.addWidget(window := QWidget())
    keys.give(window, repeating={"PgUp"})
    assert "Two things would be on one key" in keys.refused
    assert keys.shortcuts["PgUp"].autoRepeat()
    assert not keys.shortcuts["Ctrl+Z"].autoRepeat()


def test_a_key_that_is_held_is_no_second_press_where_qt_takes_it_for_one(qtbot: QtBot) -> None:
    """As on a busy computer: X11 says let go and pressed at one moment, and Qt reads them apart."""
    done: list[str] = []
    keys = Keyboard(lambda: {"Keys": {"Z": ("undo", lambda: done.append("undo"))}})
    qtbot.addWidget(window := QWidget())
    keys.give(window, repeating=())

    def key(kind: QEvent.Type, at_ms: int) -> None:
        event = QKeyEvent(kind, Qt.Key.Key_Z, Qt.KeyboardModifier.NoModifier, 52, 0, 0, "z")
        event.setTimestamp(at_ms)
        QApplication.sendEvent(window.windowHandle(), event)
        if kind == QEvent.Type.ShortcutOverride:
            keys.shortcuts["Z"].activated.emit()  # as Qt does: it is not said to be a repetition

    key(QEvent.Type.ShortcutOverride, 1000)
    assert done == ["undo"]
    for at_ms in (1660, 1700, 1740):
        key(QEvent.Type.KeyRelease, at_ms)
        key(QEvent.Type.ShortcutOverride, at_ms)
    assert done == ["undo"]
    key(QEvent.Type.KeyRelease, 1790)
    key(QEvent.Type.ShortcutOverride, 1850)
    assert done == ["undo", "undo"]
