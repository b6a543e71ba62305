"""``facetfusion`` and ``facetfusion review``: the start page, and what is opened from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from napari.qt import get_qapp
from qtpy.QtCore import QObject, Qt, QThreadPool, Signal

from fusion.annotations import default_path
from fusion.errors import Cancelled, FusionError
from fusion.facets import Labels
from fusion.memory import pass_over_libraries
from fusion.opening import OpenOptions
from fusion.review import Review
from viewer import _napari
from viewer.comparing import Comparing
from viewer.jobs import OpenStudy, StudyMaker, told
from viewer.kit.turns import Turns
from viewer.screen import check_screen
from viewer.start.page import StartPage
from viewer.start.recent import RecentStudies
from viewer.study import ReviewApp, load_loops
from viewer.two_dates.asking import FIRST, SECOND, OtherDateDialog, compared_at
from viewer.wishes import Wishes, sample_study

if TYPE_CHECKING:
    from viewer.start.recent import RecentStudy

#: How long the end of the program waits for what was told to stop, ms.
_PATIENCE_MS = 20_000


def attend(app: ReviewApp) -> None:
    """Show a start page when the reader leaves a study; what is opened there takes its place."""

    def go_to_desk(options: OpenOptions | None) -> None:
        desk = FrontDesk(app.wishes)
        app.desk = desk  # kept, or its page would go with it
        # In a turn of its own: the window that takes its place has just been made.
        desk.opened.connect(app.make_room, Qt.ConnectionType.QueuedConnection)
        desk.show()
        if options is not None and app.source is not None:
            desk.open(app.source, options)

    app.left.connect(go_to_desk)


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
        self.comparing = Comparing(self.page, wishes.journal, told_elsewhere=True)
        self.comparing.refused.connect(self._not_compared)

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
        self.job = OpenStudy(self.page, source, options, told_elsewhere=True, also=load_loops)
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

        return self.comparing.ask(chosen, words=FIRST if first is None else SECOND)

    def compare(self, *paths: tuple[Path, OpenOptions]) -> None:
        """Compare two dates; where that fails, the page says why and stays."""
        journal = self.wishes.journal or default_path()
        self.comparing.start(lambda report: compared_at(paths, journal=journal, progress=report))

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
        attend(self.app)
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
