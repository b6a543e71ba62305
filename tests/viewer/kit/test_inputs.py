"""Numbers typed on keyboards of other languages, key by key; none becomes another number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, QLocale, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QWidget

from fusion.errors import ChoiceNeeded, SpacingNeeded
from viewer.kit.dialogs import ChoiceDialog, SpacingDialog
from viewer.kit.inputs import NumberBox, plain_number

pytestmark = pytest.mark.window


def type_letters(widget: QWidget, letters: str) -> None:
    """Type on any keyboard: Qt's own helper ends the program at a letter that is not Latin."""
    for letter in letters:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            key = QKeyEvent(kind, ord(letter), Qt.KeyboardModifier.NoModifier, letter)
            QApplication.sendEvent(widget, key)


LANGUAGES = ("C", "en_US", "de_DE", "fr_FR", "ar_EG", "hi_IN", "de_CH")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """The language of the desktop."""
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield request.param
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("typed", "number"),
    [("1.5", 1.5), ("1,5", 1.5), ("-2,5", -2.5), ("\u2212,5", -0.5), ("١٫٥", 1.5), ("१.५", 1.5)],
)
def test_a_number_is_what_was_typed(language: str, typed: str, number: float, qtbot: QtBot) -> None:
    box = NumberBox()
    qtbot.addWidget(box)
    box.setRange(-100, 100)
    box.setDecimals(2)
    box.show()
    box.selectAll()
    type_letters(box, typed)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == number
    assert box.text() == f"{number:.2f}"


def test_a_thousand_is_not_guessed(language: str, qtbot: QtBot) -> None:
    """Whoever types separators of thousands is not given another number."""
    box = NumberBox()
    qtbot.addWidget(box)
    box.setRange(-5000, 5000)
    box.setDecimals(1)
    box.show()
    box.selectAll()
    qtbot.keyClicks(box, "1,234.5")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() in (1.2, 0.0)


@pytest.mark.parametrize("typed", ["+4.42", "+4,42", "+٤٫٤٢"])
def test_a_distance_between_slices_keeps_its_point(language: str, typed: str, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = SpacingDialog(window, SpacingNeeded("Missing.", volume_id="CT 1.1"))
    dialog.show()
    type_letters(dialog.entry, typed)
    assert dialog.spacing_mm == 4.42


def test_nothing_is_chosen_until_somebody_chooses(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    options = (("2.1", "2.1 (Bone), study of 2024-03-11"), ("3.1", "3.1 (Bone)"))
    dialog = ChoiceDialog(window, ChoiceNeeded("Which?", role="spect", options=options))
    dialog.show()
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert dialog.chosen is None
    assert not ok.isEnabled()
    dialog.choices.setCurrentRow(1)
    assert dialog.chosen == "3.1"
    assert ok.isEnabled()


def test_what_is_no_number_stays() -> None:
    assert plain_number("two") == "two"
    assert plain_number("") == ""
