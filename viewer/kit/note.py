"""Notes: a few lines of plain text, and one that saves itself."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from viewer.kit.labels import plain_label
from viewer.kit.message import keep_place
from viewer.kit.text import plain_lines
from viewer.kit.theme import DOUBTFUL, colored

#: A note that nobody leaves is saved after this pause, ms.
NOTE_PAUSE_MS = 2500


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
        self.state.setStyleSheet(colored(DOUBTFUL))
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
        keep_place(self._row)
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
