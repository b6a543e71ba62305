"""A row of buttons of which none is pressed at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QGridLayout,
    QPushButton,
    QWidget,
)


class _Button(QPushButton):
    """A button that only a press presses.

    Qt lets the arrow keys press the next button of a group, which would change what was decided
    for a reader who only wanted to go on to another slice.
    """

    _ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setObjectName("choice")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the arrow keys to others."""
        if event.key() in self._ARROWS:
            event.ignore()
        else:
            super().keyPressEvent(event)


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
        self.buttons: dict[Any, _Button] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for n, (value, text) in enumerate(options.items()):
            button = _Button(text)
            button.clicked.connect(lambda _checked, value=value: self._pressed(value))
            button.setMinimumWidth(1)
            self.buttons[value] = button
            grid.addWidget(button, n // columns, n % columns)
        words = list(options.values())
        for column in range(columns):  # long words get more room
            grid.setColumnStretch(column, 4 + max(map(len, words[column::columns])))
        for button, tip in zip(self.buttons.values(), tips, strict=False):
            button.setToolTip(tip)

    def press(self, value: Any) -> None:
        """Press a button as a hand would: nothing happens where it cannot be pressed."""
        button = self.buttons[value]
        if button.isEnabled():
            button.click()

    @property
    def value(self) -> Any:
        """What is pressed; None while nothing is."""
        return next((v for v, button in self.buttons.items() if button.isChecked()), None)

    @value.setter
    def value(self, value: Any) -> None:
        # In a group of Qt's own only one button could be reached with the tabulator.
        for key, button in self.buttons.items():
            button.setChecked(value is not None and key == value)

    def _pressed(self, value: Any) -> None:
        self.value = value
        self.chosen.emit(value)
