"""Two dates of one patient: asked for, compared, and shown in a window of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from fusion.errors import AnnotationError
from fusion.follow_up import COMPARING_TAKES, Comparison
from fusion.opening import OpenOptions
from viewer.jobs import Job, Waiting
from viewer.start.recent import RecentStudies
from viewer.two_dates.asking import ANOTHER, Offer, OtherDateDialog
from viewer.two_dates.window import CompareWindow

if TYPE_CHECKING:
    from fusion.progress import Progress


class Comparing(QObject):
    """Two dates that are being compared, and the window that shows them.

    Parameters
    ----------
    parent : QWidget
        The window or page from which it is asked for.
    journal : Path or None
        Beside it stands what was opened before; the journal of the user by default.
    told_elsewhere : bool
        Whoever listens to :attr:`refused` says why it was not done; no dialog does.

    Attributes
    ----------
    job : Job or None
        What compares.
    window : CompareWindow or None
        While it is open.
    refused : Signal
        With the FusionError.
    """

    refused = Signal(object)

    def __init__(
        self, parent: QWidget, journal: Path | None, *, told_elsewhere: bool = False
    ) -> None:
        super().__init__(parent)
        self._journal, self._told_elsewhere = journal, told_elsewhere
        self.job: Job | None = None
        self.window: CompareWindow | None = None

    def ask(
        self,
        chosen: Callable[[Path, OpenOptions], None],
        *,
        words: str = ANOTHER,
        without: str = "",
    ) -> OtherDateDialog:
        """Ask for a study.

        Parameters
        ----------
        chosen : callable
            Told path and options.
        words : str
            Which one is asked for.
        without : str
            Study Instance UID of one that is not offered.
        """
        dialog = OtherDateDialog(self._window, self._offers(without), chosen, words=words)
        dialog.open()
        return dialog

    @property
    def _window(self) -> QWidget:
        window = self.parent()  # kept by Qt alone: what its children hold of it stays for ever
        assert isinstance(window, QWidget)
        return window

    def _offers(self, without: str) -> tuple[Offer, ...]:
        """Return the studies that were opened before, but one."""
        try:
            known = RecentStudies(self._journal).lines()
        except AnnotationError:
            return ()
        return tuple(
            (study.path, replace(OpenOptions(), ct=study.ct, spect=study.spect), words)
            for study, words in known
            if study.study_instance_uid != without
        )

    def start(self, compare: Callable[[Progress], Comparison]) -> None:
        """Compare, and show what comes of it."""
        self.job = Job(
            compare,
            dialog=Waiting(
                self._window,
                f"Comparing the two dates: {COMPARING_TAKES}",
                "The dates were not compared",
                leaves_nothing=True,
                told_elsewhere=self._told_elsewhere,
            ),
        )
        self.job.done.connect(self._show)
        self.job.refused.connect(self.refused)
        self.job.start()

    def _show(self, comparison: Comparison) -> None:
        self.window = CompareWindow(comparison)
        self.window.destroyed.connect(self._let_go)
        self.window.show()

    def _let_go(self) -> None:
        self.window = None
