"""The sixteen joints in rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from fusion.anatomy import JOINTS, LEVELS, Joint
from fusion.facets import Numbering, Status
from fusion.uptake import OF_VOLUME
from viewer.facets.words import NONE, columns, row_texts
from viewer.kit.theme import DENSE_TABLE_STYLE, DOUBTFUL, FAINT, RAISED

if TYPE_CHECKING:
    from fusion.facets import Localisation
    from fusion.uptake import Quantification

#: Of the column of a measure.
_MEASURE_WIDTH = 46
_ROW_HEIGHT, _LEAST_ROWS = 18, 6
_BAND = QColor(RAISED)
_JOINT_TIP = "Side of the patient, told from the spine's own midline at that level"
_STATE_TIP = "How far the level is to be trusted, and what else a reader must know"


class JointTable(QTableWidget):
    """One row a joint, from the skull down.

    Attributes
    ----------
    chosen : Signal
        With the Joint of the row that the reader chose.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        self._measures = columns()
        heads = [
            ("Joint", _JOINT_TIP, 80),
            ("± mm", "How far off the centre may be: 9 of 10 are nearer", 40),
            *((m.heading, f"{m.how[:1].upper()}{m.how[1:]}", _MEASURE_WIDTH) for m in columns()),
            ("State", _STATE_TIP, 0),
        ]
        super().__init__(len(JOINTS), len(heads))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setStyleSheet(DENSE_TABLE_STYLE)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.verticalHeader().setMinimumSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self._shown: tuple[Localisation | None, Quantification | None] | None = None
        self._heads: list[QTableWidgetItem] = []
        for column, (name, tip, width) in enumerate(heads):
            item = QTableWidgetItem(name)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
            self._heads.append(item)
            if width:
                self.setColumnWidth(column, width)
        self._cells = [[QTableWidgetItem() for _ in heads] for _ in JOINTS]
        for row, joint in enumerate(JOINTS):
            for column, item in enumerate(self._cells[row]):
                # Both sides of a level belong together.
                if LEVELS.index(joint.level) % 2:
                    item.setBackground(QBrush(_BAND))
                if 0 < column < len(heads) - 1:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.setItem(row, column, item)
        header.setFixedHeight(34)
        self.setMaximumHeight(len(JOINTS) * _ROW_HEIGHT + 34 + 2 * self.frameWidth())
        self.setMinimumHeight(_LEAST_ROWS * _ROW_HEIGHT + 34)
        self.currentCellChanged.connect(self._on_current)
        self.cellClicked.connect(self._on_clicked)

    def show_joints(self, found: Localisation | None, assessment: Quantification | None) -> None:
        """Show what is known; dashes where nothing is."""
        if self._shown is not None and self._shown[0] is found and self._shown[1] is assessment:
            return
        self._shown = found, assessment
        unit = assessment.uptakes[0].unit if assessment else ""
        for head, measure in zip(self._heads[2:], self._measures, strict=False):
            if measure.unit is OF_VOLUME:
                head.setText(f"{measure.heading}\n{unit}".strip())
        for row, joint in enumerate(JOINTS):
            facet = found.facet(joint.level, joint.side) if found else None
            uptake = assessment.uptake_of(joint) if assessment else None
            texts = (joint.name, *row_texts(facet, uptake))
            doubtful = facet is not None and (
                facet.numbering is Numbering.PROVISIONAL or facet.status is not Status.FOUND
            )
            outside = facet is None or facet.center_lps is None
            ends = (0, len(texts) - 1)
            for column, text in enumerate(texts):
                item = self._cells[row][column]
                item.setText(text)
                faint = outside or text == NONE
                color = FAINT if faint else DOUBTFUL if doubtful and column in ends else None
                item.setForeground(QBrush() if color is None else QBrush(QColor(color)))
            self._cells[row][-1].setToolTip(texts[-1])

    def show_selected(self, joint: Joint | None) -> None:
        """Mark the row of a joint, without saying that anybody chose it."""
        self.blockSignals(True)
        if joint is None:
            self.clearSelection()
            self.setCurrentCell(-1, -1)
        else:
            self.setCurrentCell(JOINTS.index(joint), 0)
        self.blockSignals(False)

    def texts(self, joint: Joint) -> tuple[str, ...]:
        """Return what the row of a joint says, column by column."""
        return tuple(item.text() for item in self._cells[JOINTS.index(joint)])

    def _on_current(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row >= 0 and row != before:
            self.chosen.emit(JOINTS[row])

    def _on_clicked(self, row: int, _column: int) -> None:
        # The row that is marked already brings the crosshair back to its joint.
        self.chosen.emit(JOINTS[row])
