"""``facetfusion readers next``: one case after the other, without a word about whose it is."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import napari
from napari.qt import get_qapp
from qtpy.QtCore import QEvent, QObject, QThreadPool, QTimer, Signal
from qtpy.QtWidgets import QMainWindow, QPushButton, QVBoxLayout, QWidget

from fusion.errors import AnnotationError, Cancelled, FusionError
from fusion.memory import pass_over_libraries
from fusion.reader_study import ActivityClock, Presentation, ReaderStudy, shown_case
from fusion.software import DISCLAIMER
from viewer.jobs import Job, Waiting, prepared
from viewer.kit.labels import plain_label
from viewer.kit.message import MessageLine
from viewer.kit.theme import BOLD, DOUBTFUL, PAGE_STYLE, colored
from viewer.reading.blinded import BlindedCase
from viewer.screen import AT_A_SCREEN, check_screen
from viewer.study import ReviewApp
from viewer.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fusion.progress import Progress
    from fusion.review import Review
    from viewer.window import ReviewWindow

#: Why the pathway is left out of every reading of a reader study.
NO_PATHWAY = "Read in a reader study, which asks for the joints only."
#: So often the time that a case took is written, ms: as much is lost when the program is killed.
_WRITE_MS = 15_000
_PATIENCE_MS = 20_000
_SIZE = (720, 360)
_DONE_BY_HAND = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
    }
)


class ActivityWatch(QObject):
    """Takes down when a reader does something, anywhere in the program.

    Parameters
    ----------
    study : ReaderStudy
        Which.
    reader : str
        Who reads.
    shown : Presentation
        What.
    """

    def __init__(self, study: ReaderStudy, reader: str, shown: Presentation) -> None:
        super().__init__()
        self.clock = ActivityClock()
        self._sheet, self._key = study.times_of(reader), shown.key
        self._sitting = uuid.uuid4().hex
        self._written = 0.0
        self._timer = QTimer(self, interval=_WRITE_MS)
        self._timer.timeout.connect(self.write)

    def start(self) -> None:
        """Begin: the case is on screen."""
        self.clock.note(time.monotonic())
        get_qapp().installEventFilter(self)
        self._timer.start()

    def stop(self) -> None:
        """End, and write how long it took."""
        self._timer.stop()
        get_qapp().removeEventFilter(self)
        self.write()

    def write(self) -> None:
        """Write how long it has taken so far, where that has changed."""
        if self.clock.seconds != self._written:
            self._written = self.clock.seconds
            self._sheet.add(self._key, self._sitting, self._written)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Notice what is done by hand."""
        if event.type() in _DONE_BY_HAND:
            self.clock.note(time.monotonic())
        return False


class BetweenCases(QMainWindow):
    """What is on screen while no case is.

    Attributes
    ----------
    stop : QPushButton
        Closes the page, and with it the program.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Reader study · facetfusion")
        self.setStyleSheet(PAGE_STYLE)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(28, 22, 28, 16)
        column.setSpacing(10)
        self.heading = plain_label("Reader study")
        self.heading.setStyleSheet(f"{BOLD} font-size: 22px;")
        self.message = MessageLine(lines=4)
        self.stop = QPushButton("Stop here")
        self.stop.setMinimumHeight(44)
        self.stop.clicked.connect(lambda: self.close())
        disclaimer = plain_label(DISCLAIMER)
        disclaimer.setStyleSheet(colored(DOUBTFUL))
        for widget in (self.heading, self.message, self.stop):
            column.addWidget(widget)
        column.addStretch()
        column.addWidget(disclaimer)
        self.setCentralWidget(centre)
        self.resize(*_SIZE)


class ReadingRoom(QObject):
    """Shows a reader one case after the other.

    Parameters
    ----------
    study : ReaderStudy
        Which has begun.
    reader : str
        As the study names him.

    Attributes
    ----------
    page : BetweenCases
        On screen while no case is.
    shown : Presentation or None
        What is being opened or read.
    window : ReviewWindow or None
        In which it is read.
    appeared : Signal
        A case is on screen.
    ended : Signal
        Nothing more is shown: all is read, a stage is not open, or a case cannot be shown.
    """

    appeared = Signal()
    ended = Signal()

    def __init__(self, study: ReaderStudy, reader: str) -> None:
        self.page = BetweenCases()
        super().__init__(self.page)
        self.study, self.reader = study, reader
        self.shown: Presentation | None = None
        self.error: FusionError | None = None
        self.job: Job | None = None
        self._app: ReviewApp | None = None
        self._activity: ActivityWatch | None = None

    @property
    def window(self) -> ReviewWindow | None:
        """The window of the case that is on screen."""
        return None if self._app is None else self._app.review_window

    def next(self) -> None:
        """Open what comes next, or say why nothing does."""
        self.page.show()
        self.page.raise_()
        try:
            self.shown = shown = self.study.next_of(self.reader)
        except FusionError as error:
            self._end("Until later", str(error))
            return
        if shown is None:
            self._end("All is read", "All cases of this study are finished. Thank you.")
            return
        self.page.heading.setText(shown.words)
        self.page.message.say(self.study.headway(self.reader).words, refused=False)
        self.job = Job(
            self._opening(shown),
            dialog=Waiting(self.page, shown.words, refusal="", told_elsewhere=True),
        )
        self.job.done.connect(self._show)
        self.job.refused.connect(self._refused)
        self.job.start()

    def _opening(self, shown: Presentation) -> Callable[[Progress], Review]:
        study, reader = self.study, self.reader

        def work(report: Progress) -> Review:
            review = shown_case(study, reader, shown, report.part(0.0, 0.9))
            return prepared(review, report.part(0.9, 1.0))

        return work

    def _refused(self, error: FusionError) -> None:
        if isinstance(error, Cancelled):
            self.page.close()
            return
        self.error = error
        self._end("Not shown", str(error))

    def _end(self, heading: str, sentence: str) -> None:
        self.shown = None
        self.page.heading.setText(heading)
        self.page.message.say(sentence, refused=self.error is not None)
        self.page.stop.setText("Close")
        self.ended.emit()

    def _show(self, review: Review) -> None:
        shown = self.shown
        assert shown is not None
        arm = next(arm for arm in self.study.design.arm if arm.name == shown.arm)
        wishes = Wishes(
            journal=self.study.journal_of(self.reader),
            reader=self.reader,
            case=BlindedCase(shown.words, proposals=arm.proposals),
        )
        self._app = ReviewApp(review, wishes=wishes)
        self._app.shown.connect(self._on_shown)
        self._app.start()

    def _on_shown(self) -> None:
        window = self.window
        assert window is not None
        assert self.shown is not None
        self._activity = ActivityWatch(self.study, self.reader, self.shown)
        reading = window.reading
        if reading.reading is None:  # the reader was told why
            self._leave()
            return
        if reading.reading.pathway is None:
            try:
                reading.leave_pathway_out(NO_PATHWAY)
            except AnnotationError as error:
                window.say(str(error))
        window.come_back()
        reading.events.changed.connect(self._on_changed)
        window.destroyed.connect(self._on_gone)
        self._activity.start()
        self.page.hide()
        self.appeared.emit()

    def _on_changed(self) -> None:
        window = self.window
        if window is None or window.reading.reading is None:
            return
        if window.reading.reading.finalised is not None:
            window.reading.events.changed.disconnect(self._on_changed)
            # Not from within the dialog that has just finished it.
            QTimer.singleShot(0, self._finished)

    def _finished(self) -> None:
        self.page.show()  # before the last window closes, which would end the program
        self._leave()
        self.next()

    def _leave(self) -> None:
        app, self._app = self._app, None
        self._on_gone()
        if app is not None:
            app.viewer.close()

    def _on_gone(self) -> None:
        activity, self._activity = self._activity, None
        if activity is not None:
            activity.stop()


def run(study: ReaderStudy, reader: str) -> None:
    """Show a reader his cases until he closes the window, or nothing is left.

    Parameters
    ----------
    study : ReaderStudy
        Which has begun.
    reader : str
        As the study names him.

    Raises
    ------
    FusionError
        There is no screen to draw on, or a case could not be shown.
    """
    check_screen(instead=AT_A_SCREEN)
    get_qapp()
    pass_over_libraries()
    room = ReadingRoom(study, reader)
    room.next()
    napari.run(force=True)
    room._on_gone()
    # What still runs in the background was told to stop with its window.
    QThreadPool.globalInstance().waitForDone(_PATIENCE_MS)
    if room.error is not None:
        raise room.error
