"""Small inputs of the targets panel: a row of buttons of which none is pressed at first, a note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QFocusEvent, QKeyEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.plain_text import plain
from viewer.pictures.display_panel import plain_label

#: A note that nobody leaves is saved after this pause, ms.
NOTE_PAUSE_MS = 2500
#: Left, top, right and bottom inside a box of the panel, px: the room is narrow.
BOX_MARGINS = (5, 4, 5, 6)
STYLE = """
QTableWidget, QTableWidget QHeaderView { font-size: 11px; }
QPlainTextEdit { border: 1px solid #59616b; border-radius: 3px; padding: 1px; }
QPushButton#choice {
  padding: 3px 2px;
  border: 1px solid #59616b; border-radius: 3px; background: #363c44;
}
QPushButton#choice:hover { background: #464d57; }
QPushButton#choice:focus { border: 1px solid #d0d4da; }
QPushButton#choice:disabled { color: #767c84; background: #2b2f35; border: 1px solid #3a4048; }
QPushButton#choice:checked {
  background: #2667a8; border: 2px solid #cfe3ff; color: white; padding: 2px 1px;
}
QPushButton#choice:checked:disabled {
  background: #34495e; border: 2px solid #8796a5; padding: 2px 1px;
}
"""


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
        self._group = QButtonGroup(self)
        self.buttons: dict[Any, _Button] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        for n, (value, text) in enumerate(options.items()):
            button = _Button(text)
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


class SavedNote(QWidget):
    """A note that saves itself when the reader goes on, leaves it or pauses.

    A note that was refused, or that somebody else's change forestalled, is not tried again until
    the reader changes it or says so, and is never thrown away unasked.

    Parameters
    ----------
    save : callable
        Takes the text; returns whether it is saved.
    """

    def __init__(self, save: Callable[[str], bool]) -> None:
        super().__init__()
        self._save = save
        self._saved: str | None = None
        self._refused = False
        self._pause = QTimer(self, singleShot=True, interval=NOTE_PAUSE_MS)
        self._pause.timeout.connect(self.commit)
        self.edit = NoteEdit("Note; saved when you go on")
        self.edit.textChanged.connect(self._on_typed)
        self.edit.left.connect(self.commit)
        self.state = plain_label()
        self.state.setStyleSheet("color: #ffb347;")
        self.keep, self.drop = QPushButton("Save it now"), QPushButton("Drop it")
        self.keep.clicked.connect(self._try)
        self.drop.clicked.connect(lambda: self._put(self._saved or ""))
        self._row = QWidget()
        line = QHBoxLayout(self._row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.state, stretch=1)
        line.addWidget(self.keep)
        line.addWidget(self.drop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.edit)
        column.addWidget(self._row)
        self._show_state()

    @property
    def text(self) -> str:
        """What was typed, exactly."""
        return self.edit.text

    @property
    def pending(self) -> bool:
        """Whether something was typed that is not saved."""
        return self._saved is not None and plain_lines(self.text) != self._saved

    @property
    def refused(self) -> bool:
        """Whether it waits for the reader, because it could not be saved."""
        return self.pending and self._refused

    def begin(self) -> None:
        """Ask for the note of something that is not saved yet."""
        self._saved = None
        self._put("")

    def show_saved(self, text: str, *, fresh: bool = False) -> None:
        """Show what is saved; what was typed since stays, unless this is a fresh start."""
        pending, self._saved = self.pending and not fresh, plain_lines(text)
        if not pending and plain_lines(self.text) != self._saved:
            self._put(self._saved)
        self._show_state()

    def commit(self) -> bool:
        """Save what was typed, if it is not saved; returns whether nothing is left unsaved."""
        self._pause.stop()
        if self.pending and not self._refused:
            self._try()
        return not self.pending

    def _try(self) -> None:
        self._refused = not self._save(self.text)
        # Hidden characters are not shown again; blanks are left to the reader, who goes on typing.
        if not self._refused and self._saved and self._saved.split() != self.text.split():
            self._put(self._saved)
        self._show_state()

    def _on_typed(self) -> None:
        self._refused = False
        if self.pending:
            self._pause.start()
        self._show_state()

    def _put(self, text: str) -> None:
        self._pause.stop()
        self._refused = False
        self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.blockSignals(False)
        self._show_state()

    def _show_state(self) -> None:
        self.state.setText("Note NOT saved" if self._refused else "Note not saved yet")
        self._row.setVisible(self.pending)


def plain_lines(text: str) -> str:
    """Return text with its line breaks, but without hidden characters."""
    return "\n".join(plain(line) for line in text.splitlines())


def plain_tip(text: str) -> str:
    """Return a tooltip that shows its text as it is: Qt would take markup in it for markup."""
    return f"<span>{escape(text)}</span>"
