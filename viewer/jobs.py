"""Work away from the window's thread, with progress and a way to stop it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QMessageBox,
    QWidget,
)

import fusion
from fusion.errors import Cancelled, FusionError, SpacingNeeded
from fusion.progress import Progress
from viewer.kit.dialogs import ProgressDialog, SpacingDialog, show_error

if TYPE_CHECKING:
    from fusion.review import Review

logger = logging.getLogger(__name__)

#: Makes a study, reporting progress; the folder is gone when the context ends.
StudyMaker = Callable[[Progress], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job; a worker that returned a bare error would raise it."""

    result: Any = None
    error: FusionError | None = None


class _Report(QObject):
    """The progress callback of the worker's thread.

    Belongs to no widget, so that a window may close while the work still reports.
    """

    progressed = Signal(float, str)

    def __init__(self) -> None:
        super().__init__()
        self.stop = threading.Event()

    def __call__(self, fraction: float, step: str) -> None:
        if self.stop.is_set():
            raise Cancelled("Cancelled by the reader.")
        self.progressed.emit(fraction, step)


def _run(work: Callable[[Progress], Any], report: _Report) -> Outcome:
    """Do the work, in the worker's thread."""
    try:
        return Outcome(work(Progress(report)))
    except FusionError as error:
        return Outcome(error=error)


class Job(QObject):
    """Work in a thread of its own, with progress and a way to stop it.

    Parameters
    ----------
    parent : QWidget
        The window that waits; the job ends with it.
    title : str
        What is being done.
    work : callable
        Does it; told where to report progress.
    refusal : str
        Title of the dialog that says why it failed.
    leaves_nothing : bool
        The work changes nothing outside itself: after a cancel the window is free again at once,
        even when the work takes longer to notice.

    Attributes
    ----------
    done : Signal
        With what the work returned.
    refused : Signal
        With the FusionError, once the user has read it; also when the user cancelled.
    """

    done = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        title: str,
        work: Callable[[Progress], Any],
        *,
        refusal: str,
        leaves_nothing: bool = False,
    ) -> None:
        super().__init__(parent)
        self._leaves_nothing = leaves_nothing
        self._abandoned = False
        self._title = title
        self._work = work
        self._refusal = refusal
        self.report = _Report()
        self.dialog: QDialog | QMessageBox | None = None
        self.progress: ProgressDialog | None = None
        parent.destroyed.connect(self.report.stop.set)

    def start(self) -> None:
        """Begin; returns at once."""
        self.progress = ProgressDialog(self.parent(), self._title)
        self.progress.cancelled.connect(self.report.stop.set)
        if self._leaves_nothing:
            self.progress.cancelled.connect(self._abandon, Qt.ConnectionType.QueuedConnection)
        self.report.progressed.connect(self.progress.show_progress)
        self.progress.open()
        worker = create_worker(_run, self._work, self.report)
        worker.returned.connect(self._on_returned)
        worker.errored.connect(self._close_progress)
        worker.start()

    def _close_progress(self) -> None:
        if self.progress is not None:
            self.report.progressed.disconnect(self.progress.show_progress)
            self.progress.hide()
            self.progress.deleteLater()
            self.progress = None

    def _abandon(self) -> None:
        if self.progress is not None:
            self._abandoned = True
            self._close_progress()
            self.refused.emit(Cancelled("Cancelled by the reader."))

    def _on_returned(self, outcome: Outcome) -> None:
        if self._abandoned:
            return
        self._close_progress()
        if outcome.error is not None:
            self._refuse(outcome.error)
        elif self.report.stop.is_set():
            # The work had ended before it noticed; the reader asked for nothing to happen.
            self._refuse(Cancelled("Cancelled by the reader."))
        else:
            self.done.emit(outcome.result)

    def _refuse(self, error: FusionError) -> None:
        if isinstance(error, Cancelled):
            self.refused.emit(error)
            return
        self.dialog = show_error(self.parent(), error, title=self._refusal)
        self.dialog.finished.connect(lambda: self.refused.emit(error))


class BackgroundJob(QObject):
    """Work in a thread of its own beside a window that stays usable; shows nothing itself.

    Parameters
    ----------
    work : callable
        Does it, and changes nothing outside itself; told where to report progress.

    Attributes
    ----------
    done : Signal
        With what the work returned. Never after :meth:`cancel`.
    refused : Signal
        With the FusionError. Never after :meth:`cancel`.
    progressed : Signal
        With the fraction done (0 to 1) and what is being done.
    """

    done = Signal(object)
    refused = Signal(object)
    progressed = Signal(float, str)

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        super().__init__()
        self._work = work
        self._report = _Report()
        self._report.progressed.connect(self._on_progressed)

    def start(self) -> None:
        """Begin; returns at once."""
        worker = create_worker(_run, self._work, self._report)
        worker.returned.connect(self._on_returned)
        worker.errored.connect(self._on_errored)
        worker.start()

    def cancel(self) -> None:
        """Want the result no longer; the thread ends at its next step."""
        self._report.stop.set()

    def _on_progressed(self, fraction: float, step: str) -> None:
        if not self._report.stop.is_set():
            self.progressed.emit(fraction, step)

    def _on_returned(self, outcome: Outcome) -> None:
        if self._report.stop.is_set():
            return
        if outcome.error is not None:
            self.refused.emit(outcome.error)
        else:
            self.done.emit(outcome.result)

    def _on_errored(self, _bug: Exception) -> None:
        # The bug shows as one; whoever waits must not wait for ever.
        if not self._report.stop.is_set():
            self.refused.emit(FusionError("It stopped at an error of the program."))


class OpenStudy(Job):
    """Opens a study and asks the user when the data leave a question.

    Parameters
    ----------
    parent : QWidget
        The window that waits; the job ends with it.
    source : Path or callable
        Folder, zip or DICOMDIR; or what makes a study in the same thread.
    **options
        Passed to :func:`fusion.open_study`.

    Attributes
    ----------
    done : Signal
        With the Review.
    """

    def __init__(self, parent: QWidget, source: Path | StudyMaker, **options: Any) -> None:
        super().__init__(
            parent, "Opening the study", self._open, refusal="The study was not opened"
        )
        self._source = source
        self._options = options

    def _open(self, report: Progress) -> Review:
        source = self._source
        with nullcontext(source) if isinstance(source, Path) else source(report) as path:
            review = fusion.open_study(path, progress=report.part(0.0, 0.9), **self._options)
        # What the panes need at once is made here, not in the window's thread.
        report(0.9, "Preparing the pictures")
        review.fused.ct_display()
        _ = review.fused.uptake_range, review.fused.focus_lps, review.findings
        report(1.0, "Ready")
        return review

    def _refuse(self, error: FusionError) -> None:
        if isinstance(error, SpacingNeeded):
            self._ask_spacing(error)
        else:
            super()._refuse(error)

    def _ask_spacing(self, question: SpacingNeeded) -> None:
        dialog = SpacingDialog(self.parent(), question)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def accepted() -> None:
            self._options["spacing_mm"] = dialog.spacing_mm
            self.start()

        dialog.accepted.connect(accepted)
        dialog.rejected.connect(lambda: self.refused.emit(question))
        self.dialog = dialog
        dialog.open()
