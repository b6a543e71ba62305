"""Two rows of linked planes, earlier above later, and the joints with what changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QCloseEvent, QShowEvent
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.deidentified import Deidentifier
from fusion.errors import Cancelled, FusionError
from fusion.export import answer, dates, day, hand_on_comparison, row
from fusion.findings import Severity
from fusion.follow_up import LIMITS_SOURCE, Told
from fusion.plain_text import person_name, plain
from fusion.software import DISCLAIMER, SIMULATED
from viewer.jobs import Job, Waiting
from viewer.kit.labels import OneLineLabel, plain_label
from viewer.kit.message import MessageLine
from viewer.kit.table import TextTable
from viewer.kit.text import plain_tip
from viewer.kit.theme import (
    BOLD,
    DENSE_TABLE_STYLE,
    DOUBTFUL,
    PAGE_STYLE,
    SIMULATED_BANNER,
    colored,
)
from viewer.pictures.flat.canvas import FlatCanvas
from viewer.pictures.flat.sources import Content, PlaneSource
from viewer.pictures.planes import PLANES
from viewer.two_dates.model import TwoDates

if TYPE_CHECKING:
    from fusion.follow_up import Comparison

#: First size of the window in screen pixels, where the screen is large enough.
_SIZE = (1500, 900)
_SIDE_WIDTH = 560
#: Which of the columns of the table have room beside the pictures.
_COLUMNS = (0, 1, 2, 3, 4, 6)
_HEADINGS = ("Joint", "Earlier\n× ref.", "Later\n× ref.", "Change", "95 % limits", "Said")
_TIPS = (
    "Side and level",
    "Mean over the reference of the earlier date",
    "Mean over the reference of the later date",
    "Later over earlier",
    "95 % limits of the change",
    "higher, lower or no change shown",
)
_WHICH = ("EARLIER", "LATER")


class CompareWindow(QMainWindow):
    """Two dates of one patient.

    Parameters
    ----------
    comparison : Comparison
        What is shown; nothing of either date can be changed here.
    """

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.comparison = comparison
        self.dates = TwoDates(comparison)
        self.job: Job | None = None
        self.setStyleSheet(PAGE_STYLE + DENSE_TABLE_STYLE)
        patient = comparison.later.review.patient
        who = f"{person_name(patient.name) or 'no name'} · ID {plain(patient.patient_id) or 'none'}"
        words = f"Compare · {who} · {dates(comparison)}"
        self.setWindowTitle(f"{words} · facetfusion")
        centre = QWidget()
        self.setCentralWidget(centre)
        column = QVBoxLayout(centre)
        column.setContentsMargins(8, 6, 8, 6)
        column.addLayout(self._make_header(words))
        body = QHBoxLayout()
        body.addLayout(self._make_pictures(), stretch=1)
        body.addWidget(self._make_side())
        column.addLayout(body, stretch=1)
        disclaimer = plain_label(DISCLAIMER)
        disclaimer.setStyleSheet(colored(DOUBTFUL))
        column.addWidget(disclaimer)
        self.dates.events.selected.connect(self._show_selected)
        self._show_selected()
        room = self.screen().availableGeometry()
        self.resize(min(_SIZE[0], room.width()), min(_SIZE[1], room.height()))
        self.table.setFocus()  # the arrow keys go from joint to joint

    def _make_header(self, words: str) -> QHBoxLayout:
        header = QHBoxLayout()
        self.identity = OneLineLabel(keep_end=False)
        self.identity.setText(words)
        self.identity.setToolTip(plain_tip(words))
        header.addWidget(self.identity, stretch=1)
        if any(date.review.simulated for date in self.dates.dates):
            banner = plain_label(SIMULATED)
            banner.setStyleSheet(f"color: black; background: {SIMULATED_BANNER}; padding: 2px 8px;")
            header.addWidget(banner)
        return header

    def _make_pictures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        self.canvases: tuple[tuple[FlatCanvas, ...], ...] = tuple(
            tuple(FlatCanvas(study, PlaneSource(study, plane, Content.FUSED)) for plane in PLANES)
            for study in self.dates.studies
        )
        for n, (canvases, date) in enumerate(zip(self.canvases, self.dates.dates, strict=True)):
            state = "not read" if date.reading is None else "read"
            title = plain_label(f"{_WHICH[n]}   {day(date)}   {state}")
            title.setStyleSheet(f"{BOLD} font-size: 14px;")
            grid.addWidget(title, 2 * n, 0, 1, len(PLANES))
            for at, canvas in enumerate(canvases):
                grid.addWidget(canvas, 2 * n + 1, at)
            grid.setRowStretch(2 * n + 1, 1)
        colours = (
            "One colour is one multiple of the reference on both dates, the brightest "
            f"{self.dates.brightest:.1f} times or more. Each date is shown as it was taken: "
            "nothing is bent, moved or subtracted."
            if self.dates.same_colours
            else "The colours of the two dates cannot be compared: a reference is missing."
        )
        self.colours = plain_label(colours, wrap=True)
        grid.addWidget(self.colours, 4, 0, 1, len(PLANES))
        return grid

    def _make_side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(_SIDE_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(4, 0, 0, 0)
        self.answer = plain_label("\n".join(answer(self.comparison)), wrap=True)
        self.answer.setStyleSheet(f"{BOLD} font-size: 14px;")
        column.addWidget(self.answer)
        self.table = TextTable(_HEADINGS, _TIPS)
        self.table.setAccessibleName("Joints and what changed")
        joints = self.comparison.joints
        self.table.setRowCount(len(joints))
        for at, one in enumerate(joints):
            cells = row(self.comparison, one)
            color = DOUBTFUL if one.told in (Told.HIGHER, Told.LOWER) else ""
            for place, n in enumerate(_COLUMNS):
                self.table.put(at, place, cells[n], color=color)
        self.table.fit(len(joints))
        self.table.itemSelectionChanged.connect(self._choose)
        column.addWidget(self.table)
        self.decided = plain_label(wrap=True)
        column.addWidget(self.decided)
        limits = plain_label(LIMITS_SOURCE, wrap=True)
        limits.setStyleSheet("font-size: 11px;")
        column.addWidget(limits)
        self.findings = MessageLine(lines=3)
        worst = max((f.severity for f in self.comparison.findings), default=Severity.INFO)
        said = "\n".join(f.message for f in self.comparison.findings)
        self.findings.say(said, refused=worst is Severity.ERROR, color=DOUBTFUL)
        self.findings.setVisible(bool(said))  # they do not come and go
        column.addWidget(self.findings)
        column.addStretch()
        self.message = MessageLine(lines=2)
        column.addWidget(self.message)
        self.export = QPushButton("Export…")
        self.export.setToolTip("Write the comparison as PDF, HTML, CSV, JSON and DICOM")
        self.export.clicked.connect(lambda: self.choose_export())
        self.nameless = QPushButton("Export without identity…")
        self.nameless.setToolTip(
            "The same, without names, dates and identifiers; into an empty folder"
        )
        self.nameless.clicked.connect(lambda: self.choose_export(nameless=True))
        handing = QHBoxLayout()
        handing.addWidget(self.export)
        handing.addWidget(self.nameless)
        column.addLayout(handing)
        return side

    def _choose(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if rows:
            self.dates.selected = self.comparison.joints[rows[0].row()].joint

    def _show_selected(self) -> None:
        joint = self.dates.selected
        if joint is None:
            self.decided.setText("")
            return
        at = [one.joint for one in self.comparison.joints].index(joint)
        self.table.choose(at)
        cells = row(self.comparison, self.comparison.joints[at])
        words = f"{joint.name}. Decided: {cells[8]}. Maximum (no change is told on it): {cells[7]}."
        link = self.comparison.link.of(joint)
        if link is None:
            words += " This joint has no place on one of the dates."
        elif not link.by_picture:
            words += " Linked by its name alone: the CTs are not alike here."
        self.decided.setText(words)

    def choose_export(self, *, nameless: bool = False) -> None:
        """Ask where the comparison is to be written, and write it."""
        folder = QFileDialog.getExistingDirectory(self, "Folder for the comparison")
        if folder:
            self.write(Path(folder), nameless=nameless)

    def write(self, folder: Path, *, nameless: bool = False) -> None:
        """Write the comparison into a folder."""
        comparison = self.comparison
        how = Deidentifier() if nameless else None
        self.job = Job(
            lambda report: hand_on_comparison(comparison, folder, deidentify=how, progress=report),
            dialog=Waiting(
                self,
                "Writing the comparison",
                "The comparison was not written",
                told_elsewhere=True,
            ),
        )
        self.job.done.connect(
            lambda paths: self.message.say(f"{len(paths)} files written.", refused=False)
        )
        self.job.refused.connect(self._refused)
        self.job.start()

    def _refused(self, error: FusionError) -> None:
        if not isinstance(error, Cancelled):
            self.message.say(str(error))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Be as high as all joints need, once it is known how they are drawn."""
        super().showEvent(event)
        self.table.ensurePolished()
        self.table.fit(len(self.comparison.joints))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Let both studies go."""
        self.dates.close()
        event.accept()
