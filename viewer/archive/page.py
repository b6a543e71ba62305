"""Find a study in an archive and open it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QSize, Qt, Signal
from qtpy.QtGui import QCloseEvent, QIcon, QImage, QPixmap
from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.archive import connect, previews
from fusion.errors import ArchiveError, Cancelled, FusionError
from viewer.archive.asking import (
    MODALITIES,
    SPANS,
    FoundStudies,
    KeptSearches,
    Wanted,
    cells,
    search,
)
from viewer.archive.choice import ArchiveBox
from viewer.jobs import Job
from viewer.kit.inputs import ListBox
from viewer.kit.labels import plain_label
from viewer.kit.layout import resize_within_screen
from viewer.kit.message import MessageLine
from viewer.kit.table import TextTable
from viewer.kit.text import plain_tip, shortened

if TYPE_CHECKING:
    from fusion.archive import FoundStudy, Preview
    from fusion.progress import Progress

_HEADERS = ("Date", "Patient", "ID", "Born", "Modalities", "Objects", "Description")
_TIPS = ("Of the study", "As the archive states it", "", "", "That it holds", "How many", "")
_NOTHING_KEPT = "Kept searches …"
_SIZE = (1120, 760)
_ICON = QSize(96, 96)


class _Arrivals(QObject):
    """Brings pictures from the thread that fetches them; belongs to no widget, which may close."""

    came = Signal(str, object)


class ArchivePage(QDialog):
    """Searches an archive and hands on the address of the study that is chosen.

    Parameters
    ----------
    parent : QWidget
        The start page.
    kept : Path
        The file of kept searches.

    Attributes
    ----------
    chosen : Signal
        With the address of a study as a Path: ``archive:NAME/STUDYUID``.
    answer : FoundStudies or None
        What is listed.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget, kept: Path) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open from the archive")
        self.setModal(True)
        resize_within_screen(self, *_SIZE)
        self.kept = KeptSearches(kept)
        self.answer: FoundStudies | None = None
        self.job: Job | None = None
        self._looking: Job | None = None
        column = QVBoxLayout(self)
        column.addLayout(self._make_question())
        self.table = TextTable(_HEADERS, _TIPS)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.itemSelectionChanged.connect(self._on_selected)
        self.table.itemActivated.connect(lambda _item: self.open_chosen())
        column.addWidget(self.table, stretch=3)
        self.about = plain_label("Choose a study to see its series.")
        column.addWidget(self.about)
        self.series = QListWidget()
        self.series.setViewMode(QListWidget.ViewMode.IconMode)
        self.series.setIconSize(_ICON)
        self.series.setGridSize(QSize(190, 150))
        self.series.setWordWrap(True)
        self.series.setMovement(QListWidget.Movement.Static)
        self.series.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.series.setFixedHeight(176)
        self.series.setWrapping(False)
        self.series.setAccessibleName("Series of the chosen study")
        column.addWidget(self.series)
        self.message = MessageLine(lines=3)
        column.addWidget(self.message)
        column.addLayout(self._make_foot())
        self._show_ready()
        if self.archives.problem:
            self.message.say(self.archives.problem)
        self.patient_id.setFocus()

    # ---- What is asked ---------------------------------------------------------------------------

    def _make_question(self) -> QHBoxLayout:
        self.archives = ArchiveBox()
        self.searches = ListBox()
        self.searches.setAccessibleName("Kept searches")
        self.searches.addItem(_NOTHING_KEPT)
        self.searches.addItems([one.name for one in self.kept.all])
        self.searches.activated.connect(self._take_kept)
        self.keep = QPushButton("Keep…")
        self.keep.setToolTip("Keep days, modalities and region under a name; never the patient")
        self.keep.clicked.connect(self._ask_name)
        self.patient_id, self.name = QLineEdit(), QLineEdit()
        self.patient_id.setPlaceholderText("letter by letter")
        self.name.setPlaceholderText("family name, or how it begins")
        self.days = ListBox()
        self.days.addItems([words for words, _ in SPANS])
        self.modalities = {name: QCheckBox(name) for name in MODALITIES}
        self.neck = QCheckBox("of the neck")
        self.neck.setToolTip("Leaves out studies whose description names another region only")
        self.seek = QPushButton("Search   Enter")
        self.seek.setDefault(True)
        self.seek.clicked.connect(self.look)
        kept = QHBoxLayout()
        kept.addWidget(self.searches, stretch=1)
        kept.addWidget(self.keep)
        what = QHBoxLayout()
        for box in (*self.modalities.values(), self.neck):
            what.addWidget(box)
        what.addStretch()
        left, right = QFormLayout(), QFormLayout()
        left.addRow("Archive", self.archives)
        left.addRow("Patient's ID", self.patient_id)
        left.addRow("Patient's name", self.name)
        right.addRow("Kept searches", kept)
        right.addRow("Days", self.days)
        right.addRow("Holds", what)
        row = QHBoxLayout()
        row.addLayout(left, stretch=1)
        row.addLayout(right, stretch=1)
        row.addWidget(self.seek, alignment=Qt.AlignmentFlag.AlignBottom)
        return row

    def _make_foot(self) -> QHBoxLayout:
        self.stop, self.open_it = QPushButton("Stop"), QPushButton("Open")
        self.cancel = QPushButton("Close")
        for button, act in (
            (self.stop, self.stop_looking),
            (self.cancel, self.reject),
            (self.open_it, self.open_chosen),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(act)
        self.stop.setToolTip("Stop the search")
        row = QHBoxLayout()
        row.addWidget(self.stop)
        row.addStretch()
        row.addWidget(self.cancel)
        row.addWidget(self.open_it)
        return row

    @property
    def asked(self) -> Wanted:
        """What the boxes say."""
        return Wanted(
            days=SPANS[self.days.currentIndex()][1],
            modalities=tuple(name for name, box in self.modalities.items() if box.isChecked()),
            neck=self.neck.isChecked(),
        )

    def _take_kept(self, place: int) -> None:
        if place == 0:
            return
        kept = self.kept.all[place - 1]
        spans = [days for _, days in SPANS]
        self.days.setCurrentIndex(spans.index(kept.days) if kept.days in spans else 0)
        for name, box in self.modalities.items():
            box.setChecked(name in kept.modalities)
        self.neck.setChecked(kept.neck)
        self.look()

    def _ask_name(self) -> None:
        name, agreed = QInputDialog.getText(self, "Keep this search", "Its name:")
        if agreed:
            self.keep_as(name)

    def keep_as(self, name: str) -> None:
        """Keep days, modalities and region under a name."""
        try:
            kept = self.kept.keep(self.asked, name)
        except ArchiveError as error:
            self.message.say(str(error))
            return
        self.searches.clear()
        self.searches.addItems([_NOTHING_KEPT, *(one.name for one in self.kept.all)])
        self.searches.setCurrentText(kept.name)
        self.message.say(f'Kept as "{kept.name}".', refused=False)

    # ---- The search ------------------------------------------------------------------------------

    def look(self) -> None:
        """Search; what is shown from before goes."""
        settings = self.archives.settings
        if settings is None or self.job is not None:
            return
        name, asked = self.archives.currentText(), self.asked
        who = {"patient_id": self.patient_id.text(), "name": self.name.text()}

        def work(report: Progress) -> FoundStudies:
            report(0.0, f"Asking the archive {name}")
            return search(connect(settings, name), asked, **who, today=dt.date.today())

        self._show_answer(None)
        self.message.say(f"Asking the archive {name} …", refused=False)
        self.job = _quiet(work, self._on_answer, self._on_refused)
        self._show_ready()
        self.job.start()

    def stop_looking(self) -> None:
        """Want the answer no longer; what was asked is asked in vain."""
        if self.job is not None:
            self.job.cancel()
            self.job = None
            self.message.say("Stopped. Nothing was changed.", refused=False)
            self._show_ready()

    def _on_answer(self, answer: FoundStudies) -> None:
        self.job = None
        self._show_answer(answer)
        self.message.say(answer.words, refused=False)
        self._show_ready()
        if answer.studies:
            self.table.selectRow(0)
            self.table.setFocus()

    def _on_refused(self, error: FusionError) -> None:
        self.job = None
        if not isinstance(error, Cancelled):
            self.message.say(str(error))
        self._show_ready()

    def _show_answer(self, answer: FoundStudies | None) -> None:
        self.answer = answer
        studies = () if answer is None else answer.studies
        self.table.setRowCount(0)
        self.table.setRowCount(len(studies))
        for row, study in enumerate(studies):
            for place, text in enumerate(cells(study)):
                self.table.put(row, place, shortened(text, 80), tip=text)
        self._on_selected()

    def _show_ready(self) -> None:
        waits = self.job is not None
        self.stop.setEnabled(waits)
        self.seek.setEnabled(not waits and self.archives.settings is not None)
        self.open_it.setEnabled(self.study is not None)

    # ---- One of them -----------------------------------------------------------------------------

    @property
    def study(self) -> FoundStudy | None:
        """The study that is chosen."""
        rows = self.table.selectionModel().selectedRows()
        return self.answer.studies[rows[0].row()] if self.answer is not None and rows else None

    def _on_selected(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self.series.clear()
        study, settings = self.study, self.archives.settings
        self._show_ready()
        if study is None or settings is None or self.answer is None:
            self.about.setText("Choose a study to see its series.")
            return
        self.about.setText("Series of this study (pictures to recognise them by):")
        name, uid = self.answer.archive, study.study_instance_uid

        arrivals = _Arrivals()
        arrivals.came.connect(self._on_preview)

        def work(report: Progress) -> None:
            for one in previews(connect(settings, name), uid):
                report(0.5, "Fetching pictures")
                arrivals.came.emit(uid, one)

        self._looking = _quiet(work, lambda _none: None, self._on_no_preview)
        self._looking.start()

    def _on_no_preview(self, error: FusionError) -> None:
        if not isinstance(error, Cancelled):
            self.about.setText(f"Its series cannot be shown: {shortened(str(error))}")

    def _on_preview(self, uid: str, one: Preview) -> None:
        if self.study is None or self.study.study_instance_uid != uid:
            return
        said = f"{one.series.modality} · {one.count}\n{shortened(one.series.description, 44)}"
        item = QListWidgetItem(said)
        item.setToolTip(plain_tip(f"{one.series.description} ({one.count} objects)"))
        item.setIcon(_icon(one))
        self.series.addItem(item)

    def open_chosen(self) -> None:
        """Hand on the chosen study."""
        study = self.study
        if study is None or self.answer is None:
            return
        self._let_go()
        self.accept()
        self.chosen.emit(Path(f"archive:{self.answer.archive}/{study.study_instance_uid}"))

    # ---- Qt --------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        for job in (self.job, self._looking):
            if job is not None:
                job.cancel()
        self.job = self._looking = None

    def reject(self) -> None:
        """Close, and want nothing any more."""
        self._let_go()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Want nothing any more."""
        self._let_go()
        super().closeEvent(event)


def _quiet(work: Any, done: Any, refused: Any) -> Job:
    """Return work that leaves nothing behind and is shown by who asked for it."""
    job = Job(work)
    job.done.connect(done)
    job.refused.connect(refused)
    return job


def _icon(one: Preview) -> QIcon:
    side = _ICON.width()
    drawn = QPixmap(_ICON)
    drawn.fill(Qt.GlobalColor.black)
    if one.picture is not None:
        rows, columns = one.picture.shape
        image = QImage(
            one.picture.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8
        ).copy()
        drawn = QPixmap.fromImage(
            image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio,
                         Qt.TransformationMode.SmoothTransformation)
        )  # fmt: skip
    return QIcon(drawn)
