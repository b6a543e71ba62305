"""The sixteen joints in rows, and everything that is known about one of them in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from fusion.anatomy import JOINTS, LEVELS, Joint
from fusion.facets import DRAGGED, MARKED, Numbering, Status
from viewer.pictures.panes import number_text, position_text

if TYPE_CHECKING:
    from fusion.facets import Facet, Localisation
    from fusion.uptake import Quantification, Uptake

#: Spill of at least this share of the maximum is said in the row; less is in the words below.
_SPILL_SHOWN = 0.1
COLUMNS = ("Joint", "± mm", "Max", "× ref.", "× other\nside", "State")
_WIDTHS = (80, 40, 48, 42, 48)
_ROW_HEIGHT, _LEAST_ROWS = 18, 6
NONE = "–"
_FAINT, _DOUBTFUL, _BAND = QColor("#8b929b"), QColor("#ffb347"), QColor("#2d333b")
_TIPS = (
    "Side of the patient, told from the spine's own midline at that level",
    "Expected error of the centre on the CT",
    "Hottest voxel of the functional volume that belongs to the joint",
    "Maximum over the reference (not validated)",
    "Maximum over that of the same joint of the other side (not validated)",
    "How far the level is to be trusted, and what else a reader must know",
)


class JointTable(QTableWidget):
    """One row a joint, from the skull down.

    Attributes
    ----------
    chosen : Signal
        With the Joint of the row that the reader chose.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(len(JOINTS), len(COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setStyleSheet(
            "QTableWidget { font-size: 11px; } QHeaderView::section { font-size: 11px; }"
            "QTableWidget::item { padding: 0 3px; }"
            "QTableWidget::item:selected { background: #2667a8; color: white; }"
        )
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.verticalHeader().setMinimumSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        for column, (name, tip) in enumerate(zip(COLUMNS, _TIPS, strict=True)):
            item = QTableWidgetItem(name)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, width)
        for row, joint in enumerate(JOINTS):
            for column in range(len(COLUMNS)):
                item = QTableWidgetItem()
                # Both sides of a level belong together.
                if LEVELS.index(joint.level) % 2:
                    item.setBackground(QBrush(_BAND))
                if 0 < column < len(COLUMNS) - 1:
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
        unit = assessment.uptakes[0].unit if assessment else ""
        self.horizontalHeaderItem(2).setText(f"Max\n{unit}".strip())
        for row, joint in enumerate(JOINTS):
            facet = found.facet(joint.level, joint.side) if found else None
            uptake = assessment.uptake_of(joint) if assessment else None
            texts = (joint.name, *row_texts(facet, uptake))
            doubtful = facet is not None and (
                facet.numbering is Numbering.PROVISIONAL or facet.status is not Status.FOUND
            )
            outside = facet is None or facet.center_lps is None
            for column, text in enumerate(texts):
                item = self.item(row, column)
                item.setText(text)
                faint = outside or text == NONE
                color = _FAINT if faint else _DOUBTFUL if doubtful and column in (0, 5) else None
                item.setForeground(QBrush() if color is None else QBrush(color))
            self.item(row, len(COLUMNS) - 1).setToolTip(texts[-1])

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
        row = JOINTS.index(joint)
        return tuple(self.item(row, column).text() for column in range(len(COLUMNS)))

    def _on_current(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row >= 0 and row != before:
            self.chosen.emit(JOINTS[row])

    def _on_clicked(self, row: int, _column: int) -> None:
        # The row that is marked already brings the crosshair back to its joint.
        self.chosen.emit(JOINTS[row])


def row_texts(facet: Facet | None, uptake: Uptake | None) -> tuple[str, str, str, str, str]:
    """Return error, maximum, both ratios and the state of a joint, as its row shows them."""
    error, state = NONE, ""
    if facet is not None:
        error = NONE if facet.localisation_mm is None else f"{facet.localisation_mm:.1f}"
        state = state_words(facet, uptake)
    if uptake is None or uptake.maximum is None:
        return error, NONE, NONE, NONE, state
    return (
        error,
        number_text(uptake.maximum),
        _ratio(uptake.ratio_to_reference),
        _ratio(uptake.ratio_to_other_side),
        state,
    )


def _ratio(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def state_words(facet: Facet, uptake: Uptake | None) -> str:
    """Return in a few words what a reader must know about a joint."""
    if facet.status is Status.OUTSIDE:
        return Status.OUTSIDE.value
    words = [facet.numbering.value]
    if facet.status is not Status.FOUND:
        words.insert(0, facet.status.value)
    if facet.source in (DRAGGED, MARKED):
        words.append("moved" if facet.source == DRAGGED else "marked")
    if uptake is not None:
        if uptake.maximum is None:
            words.append("outside SPECT")
        if uptake.merged_with:
            words.append("not separable")
        if uptake.spill_share is not None and uptake.spill_share >= _SPILL_SHOWN:
            words.append(f"{uptake.spill_share:.0%} spill")
    return ", ".join(words)


def details(facet: Facet, uptake: Uptake | None, *, label: str) -> str:
    """Return everything that is known about a joint, line by line.

    Parameters
    ----------
    facet : Facet
        The joint.
    uptake : Uptake or None
        What was measured at it.
    label : str
        What the functional volume is called.
    """
    error = "" if facet.localisation_mm is None else f", ± {facet.localisation_mm:g} mm"
    lines = [f"{facet.joint.name}: {facet.status.value}{error}, level {facet.numbering.value}"]
    if facet.center_lps is not None:
        lines.append(f"{facet.source}, at {position_text(facet.center_lps)} mm")
    else:
        lines.append("No centre. Put the crosshair on the joint and mark it, if it can be seen.")
    if uptake is not None:
        lines += _uptake_lines(uptake, label)
    return "\n".join(lines)


def _uptake_lines(uptake: Uptake, label: str) -> list[str]:
    if uptake.maximum is None or uptake.mean is None or uptake.peak is None:
        return [f"Outside the field of the {label}: not measured."]
    values = (("max", uptake.maximum), ("peak", uptake.peak), ("mean", uptake.mean))
    line = f"{label}: " + ", ".join(f"{name} {number_text(value)}" for name, value in values)
    line += f" {uptake.unit}"
    if uptake.suvbw_per_unit is not None:
        line += f" (SUVbw max {uptake.maximum * uptake.suvbw_per_unit:.2f} g/mL)"
    lines = [line]
    ratios = [
        f"{value:.2f} × {what}"
        for value, what in (
            (uptake.ratio_to_reference, uptake.reference.kind.value),
            (uptake.ratio_to_other_side, "the other side"),
        )
        if value is not None
    ]
    if ratios:
        lines.append("; ".join(ratios))
    if uptake.spill_share is not None and uptake.spill_share > 0.005:
        source = f", mostly {uptake.spill_from.name}" if uptake.spill_from else ""
        lines.append(
            f"About {uptake.spill_share:.0%} of the maximum spills in from elsewhere{source}"
        )
    if uptake.merged_with:
        names = ", ".join(joint.name for joint in uptake.merged_with)
        lines.append(
            f"Not separable from {names} at {uptake.resolution.mm:.0f} mm resolution "
            f"({uptake.resolution.source})"
        )
    registration = uptake.registration_mm
    lines.append(
        "Alignment error here: "
        + (
            "not known"
            if registration is None
            else "not to be trusted"
            if np.isinf(registration)
            else f"up to {registration:.1f} mm"
        )
    )
    return lines
