"""A button is as wide as its place, and says as much as there is room for."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from viewer.kit.labels import ElidedButton

pytestmark = pytest.mark.window
WORDS = "Next: the alignment of the two images has not been reviewed"


@pytest.mark.parametrize("lines", [1, 2])
def test_words_are_broken_over_the_lines_that_there_are(qtbot: QtBot, lines: int) -> None:
    button = ElidedButton(WORDS, lines=lines)
    qtbot.addWidget(button)
    whole = button.fontMetrics().horizontalAdvance(WORDS)
    assert button.shown(whole + 10) == (WORDS,)
    shown = button.shown(round(0.7 * whole))
    assert len(shown) == lines
    assert all(button.fontMetrics().horizontalAdvance(line) <= 0.7 * whole for line in shown)
    assert shown[-1].endswith("…") is (lines == 1)
    assert (" ".join(shown) == WORDS) is (lines == 2)
    assert button.shown(round(0.3 * whole))[-1].endswith("…")
