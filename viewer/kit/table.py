"""A table of plain text."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from viewer.kit.text import plain_tip


class TextTable(QTableWidget):
    """A table of plain text from which one row is chosen."""

    def __init__(self, headers: Sequence[str], tips: Sequence[str]) -> None:
        super().__init__(0, len(headers))
        for column, (name, tip) in enumerate(zip(headers, tips, strict=True)):
            item = QTableWidgetItem(name)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        self.verticalHeader().hide()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)  # a side or level cut off misleads
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def put(self, row: int, column: int, text: str, *, color: str = "", tip: str = "") -> None:
        """Fill a cell, in a colour and with a tooltip where these are not empty."""
        item = QTableWidgetItem(text)
        if color:
            item.setForeground(QColor(color))
        if tip:
            item.setToolTip(plain_tip(tip))
        self.setItem(row, column, item)

    def fit(self, rows: int) -> None:
        """Be as high as the rows, up to so many of them."""
        policy = Qt.ScrollBarPolicy
        every = self.rowCount() <= rows
        # A bar that comes and goes would take the room that makes it come.
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if every else policy.ScrollBarAsNeeded
        )
        self.resizeRowsToContents()
        shown = sum(self.rowHeight(n) for n in range(min(rows, self.rowCount())))
        self.setFixedHeight(shown + self.horizontalHeader().sizeHint().height() + 6)

    def choose(self, row: int | None) -> None:
        """Mark a row without telling anybody."""
        self.blockSignals(True)
        if row is None:
            self.clearSelection()
            self.setCurrentCell(-1, -1)
        else:
            self.selectRow(row)
        self.blockSignals(False)
