"""One reader at one study: who reads, what is told, and what is handed on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QMessageBox, QPushButton

from fusion.errors import AnnotationError, FusionError
from fusion.export import Handed, hand_on
from fusion.plain_text import plain
from fusion.progress import Progress
from fusion.software import DISCLAIMER
from viewer import _napari
from viewer.alignment.panel import AlignmentPanel
from viewer.archive.earlier import EarlierStudies
from viewer.archive.sending import Parcel, SendDialog, sending_line, sendings_of
from viewer.facets.model import FacetsModel, State
from viewer.facets.panel import FacetsPanel
from viewer.jobs import Job, Waiting
from viewer.kit.dialogs import show_error
from viewer.kit.message import MessageLine
from viewer.pathway.panel import PathwayPanel
from viewer.pictures.panes import LinkedPanes
from viewer.reading.dialogs import ReaderDialog
from viewer.reading.joints import NOT_LOCATED
from viewer.reading.model import ReadingModel
from viewer.reading.undo import UndoAll
from viewer.reading.words import known_state
from viewer.steps.model import Act, Item, Step, Way
from viewer.steps.pages import StepPages
from viewer.targets.panel import TargetsPanel

if TYPE_CHECKING:
    import napari


class Sitting(QObject):
    """What a window does in the name of its reader.

    Attributes
    ----------
    viewer, linked, facets, reading, message, pages, way, and the panels
        Of the window.
    job : Job or None
        What is being handed on.
    start_wanted : Signal
        The reader wants the start page.
    series_wanted : Signal
        The reader wants the series of the files.
    compare_wanted : Signal
        The reader wants another date of this patient beside this one.
    """

    start_wanted = Signal()
    series_wanted = Signal()
    compare_wanted = Signal()

    viewer: napari.Viewer
    linked: LinkedPanes
    facets: FacetsModel
    reading: ReadingModel
    targets_panel: TargetsPanel
    alignment_panel: AlignmentPanel
    facets_panel: FacetsPanel
    pathway_panel: PathwayPanel
    pages: StepPages
    way: Way
    message: MessageLine
    job: Job | None
    undo_all: UndoAll
    earlier: EarlierStudies
    _archive: str = ""
    _sent_of: str = ""
    _journal_path: Path
    _forget: QTimer

    def need_reader(self) -> bool:
        """Ask once who reads, and begin or resume the reading; False when nobody says."""
        return self.reading.reading is not None or self.ask_reader()

    def ask_reader(self) -> bool:
        """Ask who reads, offering the names of before; False when nobody says."""
        model = self.reading
        readings = model.known if model.reading is None else (model.reading, *model.others)
        known = [(reading.reader, known_state(reading)) for reading in readings]
        dialog = ReaderDialog(_napari.main_window(self.viewer), self._journal_path, known)
        try:
            return bool(dialog.exec()) and self.begin_reading(dialog.name)
        finally:
            dialog.deleteLater()

    def begin_reading(self, reader: str) -> bool:
        """Begin or resume a reader's reading; False when that fails, which the reader is told."""
        if not self.targets_panel.form.note.commit():
            self.say("The note beside the target is not saved: change, save or drop it first.")
            return False
        try:
            self.reading.begin(reader)
        except AnnotationError as error:
            show_error(_napari.main_window(self.viewer), error, title="The reading was not begun")
            return False
        if self.reading.resumed:
            self.come_back()
        return True

    def begin(self, *, background: bool = True) -> None:
        """Begin what takes its time, if that is wanted, and go to where the reading stands."""
        if background:
            self.facets.start()
            self.alignment_panel.check()
        self.come_back()

    def come_back(self) -> None:
        """Go to where the reading stands: the last place decided, the first step that lacks."""
        reading = self.reading.reading
        if reading is not None and reading.targets:
            self.linked.point_lps = reading.targets[-1].point_lps
        waiting = [item for item in self.way.items if item.act is not Act.READER]
        self.show_step(waiting[0].step if waiting else Step.FINISH)

    # The way

    def show_step(self, step: Step) -> None:
        """Bring a step of the way to the front."""
        self.pages.show_step(step)

    def lead_next(self) -> None:
        """Go to what needs the reader next."""
        item = self.way.next
        if item is None:
            self.say("Nothing is left to do: the reading is final.", refused=False)
        else:
            self.lead(item)

    def lead(self, item: Item) -> None:
        """Go to where an item is done, and begin to do it where that decides nothing by itself."""
        self.show_step(item.step)
        if item.joint is not None:
            self.facets.selected = item.joint
        if item.act is Act.READER:
            self.ask_reader()
        elif item.act is Act.OTHERS:
            self.targets_panel.ask_others_negative()
        elif item.act is Act.FINALISE:
            self.targets_panel.ask_finish()
        else:
            self.say(f"{item.words}.", refused=False)

    def state(self) -> None:
        """State what the step in front asks; what may be pressed there, and nothing else."""
        step = self.pages.front
        alignment, numbering = self.alignment_panel, self.facets_panel.confirming
        if step is Step.ALIGN:
            self._press(alignment.reviewed, alignment.reviewed_text.text())
        elif step is Step.LEVELS:
            self._press(numbering.confirm, numbering.words.text())
        elif step is Step.PATHWAY:
            self.pathway_panel.record_or_leave()
        elif step is Step.FINISH:
            self.targets_panel.ask_finish()
        else:
            self.say("This step asks for nothing to be stated.", refused=False)

    def _press(self, button: QPushButton, stands: str) -> None:
        """Press a button, or say how things stand where it cannot be pressed."""
        if button.isEnabled():
            button.click()
        else:
            self.say(f"Nothing to be stated here now: {stands}", refused=False)

    def _look_for_readings(self) -> None:
        """Say what was read of this study before."""
        try:
            self.reading.look()
        except AnnotationError as error:
            self.say(str(error))

    def _who(self) -> str:
        return self.reading.reader if self.need_reader() else ""

    def say(self, sentence: str, *, refused: bool = True) -> None:
        """Tell a sentence in the line below the pictures."""
        self.message.say(sentence, refused=refused)
        if sentence:
            self._forget.start()

    def tell(self, action: Callable[[], str]) -> None:
        """Do something and tell what it says, or why it was refused."""
        try:
            self.say(action(), refused=False)
        except FusionError as error:
            self.say(str(error))

    def undo(self) -> None:
        """Take back what was done last, whatever it was."""
        self.tell(self.undo_all.undo)

    def redo(self) -> None:
        """Do again what was taken back last."""
        self.tell(self.undo_all.redo)

    def close_window(self) -> None:
        """Close the window; nothing is lost."""
        _napari.main_window(self.viewer).close()

    def choose_export(self) -> None:
        """Ask for a folder and write the results there."""
        folder = QFileDialog.getExistingDirectory(
            _napari.main_window(self.viewer), "Folder for the results"
        )
        if folder:
            self.export(folder)

    def export(self, folder: str) -> Job:
        """Write the study and its reading as they stand, away from the window's thread."""
        review, point_lps = self.linked.review, self.linked.point_lps
        refusal = self._not_to_be_exported()
        reading, located = self.reading.reading, self.facets.localisation
        labels = self.facets.labels

        def work(report: Progress) -> Handed:
            if refusal is not None:
                raise refusal
            return hand_on(
                review,
                reading,
                folder,
                point_lps=point_lps,
                localisation=located,
                labels=labels,
                progress=report,
            )

        self.job = Job(
            work,
            dialog=Waiting(
                _napari.main_window(self.viewer),
                "Writing the results",
                refusal="The results were not written",
            ),
        )
        self.job.done.connect(lambda handed: self._show_written(folder, handed))
        self.job.start()
        return self.job

    # The archive

    def came_from(self, archive: str) -> None:
        """Say which archive the study was opened from."""
        self._archive = archive
        self.earlier.archives.setCurrentText(archive)

    def send_results(self) -> SendDialog | None:
        """Ask where the results of the reading are to be sent, and send them there."""
        refusal = self._not_to_be_exported()
        reading = self.reading.reading
        if refusal is not None or reading is None:
            self.say(str(refusal or "No reading has begun, so there is nothing to send."))
            return None
        review, point_lps = self.linked.review, self.linked.point_lps
        located, labels = self.facets.localisation, self.facets.labels

        def make(place: Path, progress: Progress) -> Handed:
            return hand_on(
                review,
                reading,
                place,
                point_lps=point_lps,
                localisation=located,
                labels=labels,
                progress=progress,
            )

        parcel = Parcel(reading, self._journal_path, self.reading.reader, make)
        dialog = SendDialog(_napari.main_window(self.viewer), parcel, archive=self._archive)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.ended.connect(self.show_sent)
        dialog.open()
        return dialog

    def show_sent(self) -> None:
        """Show what was sent of the reading, the last try of it."""
        reading = self.reading.reading
        self._sent_of = "" if reading is None else reading.digest
        notes = () if reading is None else sendings_of(self._journal_path, reading)
        self.targets_panel.finish.sent.show_lines(sending_line(one) for one in notes[-1:])

    def _not_to_be_exported(self) -> FusionError | None:
        """Return why what is shown must not be handed on; it is never older than the journal."""
        try:
            self.reading.catch_up()
        except FusionError as error:
            return error.with_traceback(None)  # which would hold this window, and be held by it
        reading = self.reading.reading
        if reading is not None and reading.targets and self.facets.state is State.LOCATING:
            return AnnotationError(f"Not exported. {NOT_LOCATED}")
        return None

    def _show_written(self, folder: str, handed: Handed) -> None:
        box = QMessageBox(_napari.main_window(self.viewer))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Exported")
        box.setTextFormat(Qt.TextFormat.PlainText)
        said = [f"{finding.severity.label}: {finding.message}" for finding in handed.findings]
        words = (f"{len(handed.paths)} files were written to {plain(folder)}.", *said, DISCLAIMER)
        box.setText("\n\n".join(words))
        box.open()
