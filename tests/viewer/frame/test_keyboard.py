"""Keys that are held: what goes on, and what happens once a press."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QWidget

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
