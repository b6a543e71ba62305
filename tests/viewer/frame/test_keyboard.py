"""Keys that are held: what goes on, and what happens once a press."""

from __future__ import annotations

import pytest

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
