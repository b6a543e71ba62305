"""Small inputs of the targets panel: a row of buttons of which none is pressed at first, a note."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPlainTextEdit, QPushButton, QWidget

from fusion.plain_text import plain

STYLE = """
QTableWidget, QTableWidget QHeaderView { font-size: 11px; }
QPlainTextEdit { border: 1px solid #59616b; border-radius: 3px; padding: 1px; }
QPushButton#choice {
  padding: 3px 1px; min-width: 20px;
  border: 1px solid #59616b; border-radius: 3px; background: #363c44;
}
QPushButton#choice:hover { background: #464d57; }
QPushButton#choice:focus { border: 1px solid #d0d4da; }
QPushButton#choice:disabled { color: #767c84; background: #2b2f35; border: 1px solid #3a4048; }
QPushButton#choice:checked {
  background: #2667a8; border: 2px solid #cfe3ff; color: white; font-weight: bold;
}
QPushButton#choice:checked:disabled { background: #34495e; border: 2px solid #8796a5; }
"""


class Choice(QWidget):
    """Buttons of which at most one is pressed, and none until somebody presses it.

    Parameters
    ----------
    options : mapping of object to str
        Value to what its button says.
    columns : int
        Buttons in a row.
    tips : iterable of str, optional
        What each button explains when the mouse rests on it.

    Attributes
    ----------
    chosen : Signal
        With the value, when a person presses a button.
    """

    chosen = Signal(object)

    def __init__(
        self, options: Mapping[Any, str], *, columns: int, tips: Iterable[str] = ()
    ) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self.buttons: dict[Any, QPushButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for n, (value, text) in enumerate(options.items()):
            button = QPushButton(text)
            button.setObjectName("choice")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked, value=value: self.chosen.emit(value))
            self._group.addButton(button)
            self.buttons[value] = button
            grid.addWidget(button, n // columns, n % columns)
        words = list(options.values())
        for column in range(columns):  # long words get more room
            grid.setColumnStretch(column, 4 + max(map(len, words[column::columns])))
        for button, tip in zip(self.buttons.values(), tips, strict=False):
            button.setToolTip(tip)

    @property
    def value(self) -> Any:
        """What is pressed; None while nothing is."""
        return next((v for v, button in self.buttons.items() if button.isChecked()), None)

    @value.setter
    def value(self, value: Any) -> None:
        self._group.setExclusive(False)
        for key, button in self.buttons.items():
            button.setChecked(value is not None and key == value)
        self._group.setExclusive(True)


class NoteEdit(QPlainTextEdit):
    """A few lines of plain text; the tabulator goes on to the next input.

    Attributes
    ----------
    left : Signal
        The keyboard went elsewhere.
    """

    left = Signal()

    def __init__(self, hint: str, *, lines: int = 2) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setPlaceholderText(hint)
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 14)

    @property
    def text(self) -> str:
        """What was typed, exactly."""
        return self.toPlainText()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Say that the reader went on."""
        super().focusOutEvent(event)
        self.left.emit()


def plain_lines(text: str) -> str:
    """Return text with its line breaks, but without hidden characters."""
    return "\n".join(plain(line) for line in text.splitlines())


def plain_tip(text: str) -> str:
    """Return a tooltip that shows its text as it is: Qt would take markup in it for markup."""
    return f"<span>{escape(text)}</span>"
