"""Asks who reads, once, before the first thing is recorded; and shows what happened since."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.annotations import MAX_NAME
from fusion.plain_text import plain
from viewer.kit.labels import plain_label
from viewer.kit.text import shortened
from viewer.kit.theme import FAINT, colored


class ReaderDialog(QDialog):
    """Asks for the reader's name; takes none by itself, since it may be another person's.

    Parameters
    ----------
    parent : QWidget
        The window.
    journal : Path
        Where the reading is kept.
    known : iterable of (str, str)
        Names under which this study was read, each with the state of that reading: one press takes
        one.
    """

    def __init__(
        self, parent: QWidget, journal: Path, known: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Who reads this study?")
        self.setModal(True)
        self.setMinimumWidth(520)
        self.entry = QLineEdit()
        self.entry.setMaxLength(MAX_NAME)
        self.entry.setPlaceholderText("Your name")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.entry.textChanged.connect(self._check)
        known = tuple(known)
        before = (
            "If you read this study before, take your name below: your reading goes on where it "
            "was. "
            if known
            else ""
        )
        explanation = plain_label(
            "Everything you decide is saved at once under this name, and stands on every report. "
            f"{before}Names are not checked.",
            wrap=True,
        )
        where = plain_label(f"Kept in {plain(str(journal))}", wrap=True)
        where.setStyleSheet(colored(FAINT))
        self.names: dict[str, QPushButton] = {}
        column = QVBoxLayout(self)
        column.addWidget(explanation)
        for name, state in known:
            button = QPushButton(f"{shortened(name, 80)}: {state}".replace("&", "&&"))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked, name=name: self._take(name))
            self.names[name] = button
            column.addWidget(button)
        for widget in (self.entry, where, self.buttons):
            column.addWidget(widget)
        self.entry.setFocus()
        self._check()

    def _take(self, name: str) -> None:
        self.entry.setText(name)
        self.accept()

    @property
    def name(self) -> str:
        """What was entered, without hidden characters and blanks around it."""
        return plain(self.entry.text())

    def _check(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.name))


class HistoryDialog(QDialog):
    """What happened, oldest first; nothing in it can be changed.

    Parameters
    ----------
    parent : QWidget
        The window.
    title : str
        To what.
    lines : iterable of str
        One an event.
    """

    def __init__(self, parent: QWidget, title: str, lines: Iterable[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(760, 420)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setPlainText("\n".join(lines))
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight)
