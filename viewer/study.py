"""A window in which a study is opened and reviewed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import napari
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.shiboken import isValid

from fusion.annotations import default_path
from fusion.archive import is_address, parse_address
from fusion.errors import Cancelled, FusionError
from fusion.follow_up import Dated
from fusion.opening import OpenOptions
from fusion.review import Review
from viewer import _napari
from viewer.comparing import Comparing
from viewer.jobs import OpenStudy, StudyMaker
from viewer.kit.dialogs import show_error
from viewer.pictures import placement
from viewer.pictures.drawn import compose
from viewer.start.recent import RecentStudies
from viewer.start.series import SeriesDialog
from viewer.two_dates.asking import OtherDateDialog, compared
from viewer.window import ReviewWindow
from viewer.wishes import Wishes

#: First size of the window in screen pixels, where the screen is large enough.
WINDOW_SIZE = (1500, 950)
#: What the frame of a window may take of the screen, px.
_FRAME_PX = 60


def load_loops() -> None:
    """Load what is compiled, which the first pictures would wait for."""
    compose.load()
    placement.load()


class ReviewApp(QObject):
    """A napari window in which a study is being opened and then reviewed.

    Parameters
    ----------
    source : str, Path, callable or Review
        Folder, zip or DICOMDIR; what makes a study (see :class:`viewer.jobs.OpenStudy`); or a study
        that is open already, with ``origin``.
    viewer : napari.Viewer, optional
        An empty one to use.
    wishes : Wishes, optional
        What else is to be done.
    origin : Path or callable, optional
        Where an open study came from.

    Attributes
    ----------
    review_window : ReviewWindow or None
        Once the study is open.
    error : FusionError or None
        Why it is not.
    shown : Signal
        The study is on screen.
    failed : Signal
        With the FusionError, where the window of an open study could not be made, or was closed
        meanwhile; it is closed.
    left : Signal
        The reader asks for the start page; with the OpenOptions by which this study is to be opened
        anew, or None.
    came_from, desk : QObject or None
        The start page from which it was opened, and the one that was asked for: each lives as long
        as this window.
    """

    shown = Signal()
    failed = Signal(object)
    left = Signal(object)

    def __init__(
        self,
        source: str | Path | StudyMaker | Review,
        *,
        viewer: napari.Viewer | None = None,
        wishes: Wishes | None = None,
        origin: Path | StudyMaker | None = None,
    ) -> None:
        self.viewer = viewer or _napari.new_viewer()
        window = _napari.main_window(self.viewer)
        super().__init__(window)
        self.viewer.theme = "dark"
        self.review_window: ReviewWindow | None = None
        self._made: ReviewWindow | None = None
        self.wishes = wishes or Wishes()
        self.error: FusionError | None = None
        _napari.hide_clutter(self.viewer)
        _napari.put_canvas_away(self.viewer)
        self.job: OpenStudy | None = None
        self.desk: QObject | None = None
        self.came_from: QObject | None = None
        self.comparing = Comparing(window, self.wishes.journal)
        self._review: Review | None = None
        if isinstance(source, Review):
            self._review, self.source = source, origin
        else:
            self.source = Path(source) if isinstance(source, str) else source
            self.job = OpenStudy(window, self.source, self.wishes.options, also=load_loops)
            self.job.done.connect(self._show)
            self.job.refused.connect(self._close)

    def start(self) -> None:
        """Show the window and begin to open the study."""
        self.viewer.window.show()
        # After show, which brings back the size that another napari window had last.
        window = _napari.main_window(self.viewer)
        room = window.screen().availableGeometry()
        wide, high = WINDOW_SIZE
        window.resize(min(wide, room.width()), min(high, room.height()))
        # A window manager put the middle of a smaller one there: the rest would be off the screen.
        frame = window.frameGeometry()
        frame.moveCenter(room.center())
        window.move(frame.topLeft())
        if wide + _FRAME_PX > room.width() or high + _FRAME_PX > room.height():
            # Of that size its frame would push its last lines off the screen. A window manager
            # hears of it only once it has put the window there.
            self._filling = QTimer(window, interval=20)
            self._filling.timeout.connect(self._fill_screen)
            self._filling.start()
        if self.job is not None:
            self.job.start()
        else:
            QTimer.singleShot(0, self._show_opened)

    def _fill_screen(self) -> None:
        window = _napari.main_window(self.viewer)
        handle = window.windowHandle()
        if handle is not None and handle.isExposed():
            self._filling.stop()
            window.showMaximized()

    def _show_opened(self) -> None:
        review, self._review = self._review, None
        if review is not None:
            self._show(review)

    def _show(self, review: Review) -> None:
        wishes = self.wishes
        self._made = ReviewWindow(
            self.viewer, review, journal=wishes.journal, case=wishes.case, in_turns=True
        )
        self._made.ready.connect(self._begin)
        self._made.failed.connect(self._not_made)
        self._made.closed.connect(self._on_closed)

    @property
    def preparing(self) -> bool:
        """Whether the study is still to come on screen."""
        return self.review_window is None and self.error is None and isValid(self)

    def _not_made(self, error: FusionError) -> None:
        if self.came_from is None:  # no page that says it
            dialog = show_error(
                _napari.main_window(self.viewer), error, title="The study was not opened"
            )
            dialog.finished.connect(lambda: self._close(error))
        else:
            self._close(error)

    def _on_closed(self) -> None:
        if self.review_window is None:
            self.error = self.error or Cancelled("The window was closed before it was ready.")
            self.failed.emit(self.error)

    def _begin(self) -> None:
        wishes, self.review_window, self._made = self.wishes, self._made, None
        assert self.review_window is not None
        self.review_window.start_wanted.connect(self.leave)
        self.review_window.series_wanted.connect(self.ask_series)
        self.review_window.compare_wanted.connect(self.ask_other_date)
        if isinstance(self.source, Path) and is_address(self.source):
            self.review_window.came_from(parse_address(str(self.source))[0])
        self.review_window.facets.use_labels(wishes.labels)
        self.review_window.begin(background=wishes.background)
        if isinstance(self.source, Path):
            RecentStudies(wishes.journal).add(self.source, self.review_window.review)
        if wishes.reader:
            self.review_window.begin_reading(wishes.reader)
        self.shown.emit()

    def leave(self) -> None:
        """Go to the start page; this study stays open until another one is."""
        self.left.emit(None)

    def make_room(self) -> None:
        """Close the window for another study, unless something in it would be lost."""
        window = self.review_window
        if window is not None and not window.may_be_replaced:
            window.say(
                "This window stays open: the note beside the target is not saved. Change, save or "
                "drop it."
            )
            return
        self.viewer.close()

    def ask_series(self) -> SeriesDialog:
        """Show the series of the files, and open them anew with others if the reader says so."""
        assert self.review_window is not None
        dialog = SeriesDialog(
            _napari.main_window(self.viewer), self.review_window.review, self._reopen
        )
        dialog.open()
        return dialog

    def ask_other_date(self) -> OtherDateDialog:
        """Ask which study is another date of this patient, and compare the two."""
        assert self.review_window is not None
        own = self.review_window.review.study.study_instance_uid
        return self.comparing.ask(self._compare, without=own)

    def _compare(self, path: Path, options: OpenOptions) -> None:
        sitting = self.review_window
        assert sitting is not None
        review, reading = sitting.review, sitting.reading.reading
        found, measured = sitting.facets.localisation, sitting.facets.assessment
        known = None
        if found is not None and measured is not None and review.fused.registration.search:
            known = Dated(review, found, measured, reading)
        journal = self.wishes.journal or default_path()
        self.comparing.start(
            lambda report: compared(
                review, known, reading, (path, options), journal=journal, progress=report
            )
        )

    def _reopen(self, ct: str, spect: str) -> None:
        self.left.emit(replace(self.wishes.options, ct=ct, spect=spect))

    def _close(self, error: FusionError) -> None:
        self.error = error
        self.viewer.close()
