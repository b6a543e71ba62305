"""The series of a study: which are shown, why others are not, and another choice of the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fusion.dicom import Candidate, Kind
from fusion.plain_text import iso_date
from viewer.kit.labels import plain_label
from viewer.kit.text import plain_tip, shortened

if TYPE_CHECKING:
    from fusion.dicom import VolumePlan
    from fusion.review import Review

#: Kinds that can be put together; each has a name of its own.
_SHOWN = (Kind.CT, Kind.SPECT, Kind.PET)
_HEADINGS = ("Series", "What it is", "Voxels", "Study of", "State")


class SeriesDialog(QDialog):
    """Lists every volume of the files that are open, and lets the reader show others.

    Parameters
    ----------
    parent : QWidget
        The window.
    review : Review
        The study on display.
    reopen : callable
        Opens the same files with another CT and SPECT; told the two identifiers.
    """

    def __init__(
        self, parent: QWidget, review: Review, reopen: Callable[[str, str], object]
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Series of this study")
        self.setModal(True)
        self.resize(900, 420)
        self._reopen = reopen
        pair = review.pair
        self._ct, self._spect = pair.ct.plan.volume_id, pair.spect.plan.volume_id
        self._now = (self._ct, self._spect)
        self.plans = tuple(
            Candidate(study, series, plan)
            for study in review.catalog.studies
            for series in study.series
            for plan in series.volumes
        )
        self.table = QTableWidget(len(self.plans), len(_HEADINGS))
        self.table.setHorizontalHeaderLabels(_HEADINGS)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.itemSelectionChanged.connect(self._check)
        self.as_ct, self.as_spect = QPushButton("Use as CT"), QPushButton("Use as SPECT or PET")
        self.take, self.cancel = QPushButton("Open these"), QPushButton("Cancel")
        self.as_ct.clicked.connect(lambda: self._use("ct"))
        self.as_spect.clicked.connect(lambda: self._use("spect"))
        self.take.clicked.connect(self._open)
        self.cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        for button in (self.as_ct, self.as_spect):
            row.addWidget(button)
        row.addStretch()
        for button in (self.cancel, self.take):
            row.addWidget(button)
        column = QVBoxLayout(self)
        self.reasons = plain_label(" ".join(pair.reasons), wrap=True)
        column.addWidget(self.reasons)
        column.addWidget(self.table)
        column.addWidget(
            plain_label(
                "Another choice opens the same files anew. A reading belongs to its two series: "
                "what was decided on these stays with these.",
                wrap=True,
            )
        )
        column.addLayout(row)
        self._show()

    def _show(self) -> None:
        for row, one in enumerate(self.plans):
            plan = one.plan
            k, j, i = plan.shape
            cells = (
                f"{plan.volume_id}  {shortened(plan.description, 60)}",
                plan.kind.label if plan.kind in _SHOWN else plan.kind.value,
                f"{k} × {j} × {i}",
                iso_date(one.study.date),
                self._state(plan),
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tip(plan.refusal or text))
                self.table.setItem(row, column, item)
        self._check()

    def _state(self, plan: VolumePlan) -> str:
        if plan.volume_id == self._ct:
            return "shown as CT" if self._ct == self._now[0] else "to be shown as CT"
        if plan.volume_id == self._spect:
            shown = self._spect == self._now[1]
            return "shown as SPECT or PET" if shown else "to be shown as SPECT or PET"
        return f"refused: {shortened(plan.refusal, 200)}" if plan.refusal else "can be chosen"

    @property
    def _plan(self) -> VolumePlan | None:
        rows = self.table.selectionModel().selectedRows()
        return self.plans[rows[0].row()].plan if rows else None

    def _check(self) -> None:
        plan = self._plan
        may = plan is not None and not plan.refusal
        self.as_ct.setEnabled(plan is not None and may and plan.kind is Kind.CT)
        self.as_spect.setEnabled(plan is not None and may and plan.kind.is_functional)
        self.take.setEnabled((self._ct, self._spect) != self._now)

    def _use(self, role: str) -> None:
        plan = self._plan
        if plan is None:
            return
        if role == "ct":
            self._ct = plan.volume_id
        else:
            self._spect = plan.volume_id
        self._show()

    def _open(self) -> None:
        self.accept()
        self._reopen(self._ct, self._spect)
