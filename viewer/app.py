"""``facetfusion review``: a study on screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from qtpy.QtCore import QObject

from fusion.errors import FusionError
from viewer import _napari
from viewer.facets.model import Labels
from viewer.jobs import OpenStudy, StudyMaker
from viewer.screen import check_screen
from viewer.window import ReviewWindow

if TYPE_CHECKING:
    from fusion.opening import OpenOptions
    from fusion.review import Review

#: First size of the window in screen pixels, where the screen is large enough.
WINDOW_SIZE = (1500, 950)


class ReviewApp(QObject):
    """A napari window in which a study is being opened and then reviewed.

    Parameters
    ----------
    source : str, Path or callable
        Folder, zip or DICOMDIR; or what makes a study (see :class:`viewer.jobs.OpenStudy`).
    viewer : napari.Viewer, optional
        An empty one to use.
    journal : Path, optional
        Where readings are kept; the journal of the user by default.
    reader : str
        Who reads: the reading begins or goes on once the study is open. Asked for when needed by
        default.
    labels : sequence of Path
        Label maps made elsewhere to take the joints from (see :class:`viewer.facets.model.Labels`).
    label_convention : str, optional
        Which program's numbers they are; told from the labels by default.
    options : OpenOptions, optional
        How the study is opened.

    Attributes
    ----------
    review_window : ReviewWindow or None
        Once the study is open.
    error : FusionError or None
        Why it is not.
    """

    def __init__(
        self,
        source: str | Path | StudyMaker,
        *,
        viewer: napari.Viewer | None = None,
        journal: Path | None = None,
        reader: str = "",
        labels: Sequence[Path] = (),
        label_convention: str | None = None,
        options: OpenOptions | None = None,
    ) -> None:
        self.viewer = viewer or napari.Viewer(
            title="facetfusion", show=False, show_welcome_screen=False
        )
        window = _napari.main_window(self.viewer)
        super().__init__(window)
        self.viewer.theme = "dark"
        self.review_window: ReviewWindow | None = None
        self._journal, self._reader = journal, reader
        self._labels = Labels(tuple(labels), label_convention)
        self.error: FusionError | None = None
        _napari.hide_clutter(self.viewer)
        source = Path(source) if isinstance(source, str) else source
        self.job = OpenStudy(window, source, options)
        self.job.done.connect(self._show)
        self.job.refused.connect(self._close)

    def start(self) -> None:
        """Show the window and begin to open the study."""
        self.viewer.window.show()
        # After show, which brings back the size that another napari window had last.
        window = _napari.main_window(self.viewer)
        room = window.screen().availableGeometry()
        window.resize(min(WINDOW_SIZE[0], room.width()), min(WINDOW_SIZE[1], room.height()))
        self.job.start()

    def _show(self, review: Review) -> None:
        self.review_window = ReviewWindow(self.viewer, review, journal=self._journal)
        self.review_window.facets.use_labels(self._labels)
        self.review_window.begin()
        if self._reader:
            self.review_window.begin_reading(self._reader)

    def _close(self, error: FusionError) -> None:
        self.error = error
        self.viewer.close()


def run(path: str | Path, **how: Any) -> int:
    """Open a study in a window and wait until the reader closes it.

    Parameters
    ----------
    path : str or Path
        Folder, zip or DICOMDIR.
    **how
        ``options``, ``journal``, ``reader``, ``labels`` and ``label_convention`` as for
        :class:`ReviewApp`.

    Returns
    -------
    int
        0, after a review.

    Raises
    ------
    FusionError
        There is no screen to draw on; the data were refused (the reader has seen the sentence in a
        dialog); or the user cancelled.
    """
    check_screen()
    app = ReviewApp(path, **how)
    app.start()
    napari.run()
    if app.error is not None:
        raise app.error
    return 0
