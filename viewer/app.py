"""``facetfusion`` and ``facetfusion review``: the start page, and a study on screen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from napari.qt import get_qapp
from qtpy.QtCore import QObject, Qt, QThreadPool, QTimer, Signal
from qtpy.shiboken import isValid

from fusion.annotations import default_path
from fusion.archive import is_address, parse_address
from fusion.errors import AnnotationError, Cancelled, FusionError
from fusion.follow_up import COMPARING_TAKES, Comparison, Dated
from fusion.memory import pass_over_libraries
from fusion.opening import OpenOptions
from fusion.review import Review
from sample_data import make_study
from viewer import _napari
from viewer.facets.model import Labels
from viewer.jobs import Job, OpenStudy, StudyMaker, Waiting, told
from viewer.kit.dialogs import show_error
from viewer.kit.turns import Turns
from viewer.pictures import placement
from viewer.pictures.drawn import compose
from viewer.reading.blinded import BlindedCase
from viewer.screen import check_screen
from viewer.start.page import StartPage
from viewer.start.recent import RecentStudies
from viewer.start.series import SeriesDialog
from viewer.two_dates.asking import (
    FIRST,
    SECOND,
    Offer,
    OtherDateDialog,
    compared,
    compared_at,
)
from viewer.two_dates.window import CompareWindow
from viewer.window import ReviewWindow

if TYPE_CHECKING:
    from fusion.progress import Progress
    from viewer.start.recent import RecentStudy

#: First size of the window in screen pixels, where the screen is large enough.
WINDOW_SIZE = (1500, 950)
#: What the frame of a window may take of the screen, px.
_FRAME_PX = 60
#: How long the end of the program waits for what was told to stop, ms.
_PATIENCE_MS = 20_000


@contextmanager
def sample_study(progress: Progress | None) -> Iterator[Path]:
    """Make the simulated neck SPECT/CT in a folder that is gone when the context ends.

    Parameters
    ----------
    progress : callable or None
        Told the fraction done.
    """
    with tempfile.TemporaryDirectory(prefix="facetfusion-sample-") as folder:
        make_study(folder, progress=progress)
        yield Path(folder) / "study"


def _load_loops() -> None:
    """Load what is compiled, which the first pictures would wait for."""
    compose.load()
    placement.load()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a window is to do beyond showing a study.

    Parameters
    ----------
    journal : Path or None
        Where readings are kept; the journal of the user by default.
    reader : str
        Who reads: the reading begins or goes on once the study is open. Asked for when needed by
        default.
    labels : Labels
        Label maps made elsewhere to take the joints from.
    options : OpenOptions
        How the study is opened.
    case : BlindedCase or None
        The study is a case of a reader study.
    background : bool
        Whether joints are looked for and the alignment is checked from the start, or when asked.
    """

    journal: Path | None = None
    reader: str = ""
    labels: Labels = field(default_factory=Labels)
    options: OpenOptions = field(default_factory=OpenOptions)
    case: BlindedCase | None = None
    background: bool = True


def offers(wishes: Wishes, *, without: str = "") -> tuple[Offer, ...]:
    """Return the studies that were opened before, but one."""
    try:
        known = RecentStudies(wishes.journal).lines()
    except AnnotationError:
        return ()
    return tuple(
        (study.path, replace(OpenOptions(), ct=study.ct, spect=study.spect), words)
        for study, words in known
        if study.study_instance_uid != without
    )


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
    """

    shown = Signal()
    failed = Signal(object)

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
        self.desk: FrontDesk | None = None
        self.came_from: FrontDesk | None = None
        self.comparing: Job | None = None
        self.compare_window: CompareWindow | None = None
        self._review: Review | None = None
        if isinstance(source, Review):
            self._review, self.source = source, origin
        else:
            self.source = Path(source) if isinstance(source, str) else source
            self.job = OpenStudy(window, self.source, self.wishes.options, also=_load_loops)
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
        self._desk(self.wishes).show()

    def _desk(self, wishes: Wishes) -> FrontDesk:
        """Return a start page which takes the place of this window once it opened something."""
        self.desk = FrontDesk(wishes)  # kept, or its page would go with it
        # In a turn of its own: the window that takes its place has just been made.
        self.desk.opened.connect(self._make_room, Qt.ConnectionType.QueuedConnection)
        return self.desk

    def _make_room(self) -> None:
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
        window = _napari.main_window(self.viewer)
        dialog = OtherDateDialog(window, offers(self.wishes, without=own), self._compare)
        dialog.open()
        return dialog

    def _compare(self, path: Path, options: OpenOptions) -> None:
        sitting = self.review_window
        assert sitting is not None
        review, reading = sitting.review, sitting.reading.reading
        found, measured = sitting.facets.localisation, sitting.facets.assessment
        known = None
        if found is not None and measured is not None and review.fused.registration.search:
            known = Dated(review, found, measured, reading)
        journal = self.wishes.journal or default_path()
        self.comparing = Job(
            lambda report: compared(
                review, known, reading, (path, options), journal=journal, progress=report
            ),
            dialog=Waiting(
                _napari.main_window(self.viewer),
                f"Comparing the two dates: {COMPARING_TAKES}",
                "The dates were not compared",
                leaves_nothing=True,
            ),
        )
        self.comparing.done.connect(self._show_compared)
        self.comparing.start()

    def _show_compared(self, comparison: Comparison) -> None:
        self.compare_window = CompareWindow(comparison)
        self.compare_window.destroyed.connect(self._let_compared_go)
        self.compare_window.show()

    def _let_compared_go(self) -> None:
        self.compare_window = None

    def _reopen(self, ct: str, spect: str) -> None:
        assert self.source is not None
        options = replace(self.wishes.options, ct=ct, spect=spect)
        desk = self._desk(self.wishes)
        desk.show()
        desk.open(self.source, options)

    def _close(self, error: FusionError) -> None:
        self.error = error
        self.viewer.close()


class FrontDesk(QObject):
    """The start page, and whatever is opened from it.

    Parameters
    ----------
    wishes : Wishes
        For every study that is opened here.
    viewer : napari.Viewer, optional
        An empty one for the first study, made while nobody waits; one is made when it is needed by
        default.

    Attributes
    ----------
    page : StartPage
        What is on screen until a study is.
    error : FusionError or None
        Why the last study was not opened; None once one is on screen.
    opened : Signal
        A study is on screen; the page is closed.
    """

    opened = Signal()

    def __init__(self, wishes: Wishes, *, viewer: napari.Viewer | None = None) -> None:
        self.page = StartPage(RecentStudies(wishes.journal))
        super().__init__(self.page)
        self.wishes = wishes
        self._viewer = viewer
        self._making: Turns | None = None
        self.error: FusionError | None = None
        self.job: OpenStudy | None = None
        self.app: ReviewApp | None = None
        self.page.chosen.connect(lambda path: self.open(path, self.wishes.options))
        self.page.again.connect(self._open_again)
        self.page.sample_wanted.connect(lambda: self.open(sample_study, OpenOptions()))
        self.page.compare_wanted.connect(lambda: self.ask_two_dates())
        self.comparing: Job | None = None
        self.compare_window: CompareWindow | None = None

    def show(self) -> None:
        """Show the start page."""
        self.page.show()
        self.page.raise_()

    def open(self, source: Path | StudyMaker, options: OpenOptions) -> None:
        """Open a study; where that fails, the page says why and stays.

        Nothing happens while another one is being opened, or its window is being made: on some
        desktops a click on a row is two wishes, of which the second would be opened above the
        first.
        """
        if self.job is not None and self.job.running:
            return
        if self.app is not None and self.app.preparing:
            return
        if self._making is not None and self._making.running:
            return
        self.wishes = replace(self.wishes, options=options)
        self.job = OpenStudy(self.page, source, options, told_elsewhere=True, also=_load_loops)
        self.job.done.connect(lambda review: self._show(source, review))
        self.job.refused.connect(self._refused)
        self.job.start()

    def let_go(self) -> None:
        """Close the window that was made for a study, where none was opened in it."""
        viewer, self._viewer = self._viewer, None
        if viewer is not None:
            viewer.close()

    def _open_again(self, study: RecentStudy) -> None:
        options = replace(self.wishes.options, ct=study.ct, spect=study.spect)
        self.open(Path(study.path), options)

    def ask_two_dates(self, first: tuple[Path, OpenOptions] | None = None) -> OtherDateDialog:
        """Ask for two studies of one patient, one after the other, and compare them."""

        def chosen(path: Path, options: OpenOptions) -> None:
            if first is None:
                self.ask_two_dates((path, options))
            else:
                self.compare(first, (path, options))

        words = FIRST if first is None else SECOND
        dialog = OtherDateDialog(self.page, offers(self.wishes), chosen, words=words)
        dialog.open()
        return dialog

    def compare(self, *paths: tuple[Path, OpenOptions]) -> None:
        """Compare two dates; where that fails, the page says why and stays."""
        journal = self.wishes.journal or default_path()
        self.comparing = Job(
            lambda report: compared_at(paths, journal=journal, progress=report),
            dialog=Waiting(
                self.page,
                f"Comparing the two dates: {COMPARING_TAKES}",
                "The dates were not compared",
                leaves_nothing=True,
                told_elsewhere=True,
            ),
        )
        self.comparing.done.connect(self._show_compared)
        self.comparing.refused.connect(self._not_compared)
        self.comparing.start()

    def _show_compared(self, comparison: Comparison) -> None:
        self.compare_window = CompareWindow(comparison)
        self.compare_window.show()

    def _not_compared(self, error: FusionError) -> None:
        if not isinstance(error, Cancelled):
            self.page.tell(f"Not compared. {error}")

    def _refused(self, error: FusionError) -> None:
        if isinstance(error, Cancelled):
            self.page.tell("", refused=False)
        else:
            self.page.tell(f"Not opened. {error}")
        self.error = error
        self.show()

    def _show(self, source: Path | StudyMaker, review: Review) -> None:
        self.page.tell("Preparing the window …", refused=False)
        self.page.message.repaint()  # before the pictures are made, which takes a moment
        self.error = None
        if self._viewer is not None:
            self._show_in(source, review)
            return
        self._making = Turns(self._make(source, review), self.page)
        self._making.failed.connect(lambda bug: self._refused(told(bug)))
        self._making.start()

    def _make(self, source: Path | StudyMaker, review: Review) -> Iterator[None]:
        """Make a window for a study, and show the study in it."""
        viewer = _napari.new_viewer(dressed=False)
        yield
        try:
            _napari.dress(viewer)
        except BaseException:
            viewer.close()  # nobody else knows it
            raise
        self._viewer = viewer
        yield
        self._show_in(source, review)

    def _show_in(self, source: Path | StudyMaker, review: Review) -> None:
        viewer, self._viewer = self._viewer, None
        self.app = ReviewApp(review, viewer=viewer, wishes=self.wishes, origin=source)
        self.app.came_from = self  # and lives as long as that
        self.app.shown.connect(self._on_shown)
        self.app.failed.connect(self._refused)
        self.app.start()

    def _on_shown(self) -> None:
        self.opened.emit()
        self.page.close()


def run(path: str | Path | None = None, **how: Any) -> int:
    """Show the start page, or open a study, and wait until the reader closes every window.

    Parameters
    ----------
    path : str or Path, optional
        Folder, zip or DICOMDIR; the start page by default. A path that is refused leads there too.
    **how
        ``options``, ``journal``, ``reader``, ``labels`` and ``label_convention``.

    Returns
    -------
    int
        0, after a review, or where nothing was to be opened.

    Raises
    ------
    FusionError
        There is no screen to draw on; or the last study was refused (the reader has seen the
        sentence on the start page) or cancelled, and no other was opened.
    """
    check_screen()
    get_qapp()
    pass_over_libraries()  # and over nothing that belongs to a window, which may be closed
    labels = Labels(tuple(how.pop("labels", ())), how.pop("label_convention", None))
    how = {name: value for name, value in how.items() if value is not None}
    desk = FrontDesk(Wishes(labels=labels, **how), viewer=_napari.new_viewer())
    desk.show()
    if path is not None:
        desk.open(Path(path), desk.wishes.options)
    napari.run(force=True)
    desk.let_go()
    # What still runs in the background was told to stop with its window.
    QThreadPool.globalInstance().waitForDone(_PATIENCE_MS)
    if desk.error is not None:
        raise desk.error
    return 0
