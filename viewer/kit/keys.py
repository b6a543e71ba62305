"""The keys of the window: one table, of which the card is made, and in which none stands twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from viewer.kit.labels import plain_label
from viewer.kit.layout import resize_within_screen, scrolling
from viewer.kit.theme import BOLD, INFO, colored

#: Key to what it does, in words, and the doing.
Keys = dict[str, tuple[str, Callable[[], object]]]


def every_key(groups: Mapping[str, Keys]) -> Keys:
    """Return the keys of all groups in one table.

    Parameters
    ----------
    groups : mapping of str to Keys
        By what they are about.

    Raises
    ------
    ValueError
        A key stands in two places.
    """
    found: Keys = {}
    taken: dict[str, str] = {}
    for keys in groups.values():
        for key, (words, action) in keys.items():
            sequence = QKeySequence(key).toString()
            if not sequence or sequence in taken:
                other = taken.get(sequence, "nothing, for it is no key")
                raise ValueError(f"the key {key} of {words!r} means {other!r} already")
            taken[sequence] = words
            found[key] = (words, action)
    return found


class KeyCard(QDialog):
    """Every key and what the mouse does, by what they are about.

    Parameters
    ----------
    parent : QWidget
        The window.
    groups : mapping of str to sequence of (str, str)
        Heading to its rows: key and words.
    """

    def __init__(self, parent: QWidget, groups: Mapping[str, tuple[tuple[str, str], ...]]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys and mouse")
        self.rows = tuple(row for rows in groups.values() for row in rows)
        columns = QHBoxLayout()
        columns.setSpacing(24)
        half = (len(self.rows) + len(groups)) / 2
        column, filled = QVBoxLayout(), 0
        for title, rows in groups.items():
            if filled and filled + len(rows) / 2 > half:
                column.addStretch()
                columns.addLayout(column, stretch=1)
                column, filled = QVBoxLayout(), 0
            column.addWidget(_group(title, rows))
            filled += len(rows) + 1
        column.addStretch()
        columns.addLayout(column, stretch=1)
        inside = QWidget()
        inside.setLayout(columns)
        close = QPushButton("Close")
        close.clicked.connect(self.accept)
        whole = QVBoxLayout(self)
        whole.addWidget(scrolling(inside))
        whole.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight)
        # All of it at a glance, wherever the screen has room for that.
        resize_within_screen(self, 1100, 1000)

    @property
    def text(self) -> str:
        """All of it, a row a line."""
        return "\n".join(f"{key}: {words}" for key, words in self.rows)


def _group(title: str, rows: tuple[tuple[str, str], ...]) -> QWidget:
    box = QWidget()
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 8)
    grid.setVerticalSpacing(2)
    heading = plain_label(title)
    heading.setStyleSheet(BOLD)
    grid.addWidget(heading, 0, 0, 1, 2)
    for n, (key, words) in enumerate(rows, start=1):
        name = plain_label(key)
        name.setStyleSheet(f"{BOLD} {colored(INFO)}")
        grid.addWidget(name, n, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(plain_label(words, wrap=True), n, 1)
    grid.setColumnMinimumWidth(0, 150)
    grid.setColumnStretch(1, 1)
    return box


def as_markdown(groups: Mapping[str, tuple[tuple[str, str], ...]]) -> str:
    """Return the card as it stands in docs/keys.md.

    Parameters
    ----------
    groups : mapping of str to tuple of (str, str)
        As for :class:`KeyCard`.
    """
    lines = ["| | |", "|---|---|"]
    for title, rows in groups.items():
        lines.append(f"| **{title}** | |")
        for key, words in rows:
            name = key if title == "Mouse" else f"`{key}`"
            lines.append(f"| {name} | {words} |")
    return "\n".join(lines)
