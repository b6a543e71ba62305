"""Work away from the window's thread, with progress and a way to stop it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QWidget,
)
from superqt.utils import create_worker

import fusion
from fusion.errors import Cancelled, ChoiceNeeded, FusionError, SpacingNeeded, as_fault
from fusion.opening import OpenOptions
from fusion.progress import Progress
from viewer import _napari
from viewer.kit.dialogs import ChoiceDialog, ProgressDialog, SpacingDialog, show_error

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


def told(bug: Exception) -> FusionError:
    """Return the sentence of whatever failed; a fault of the program is logged, too."""
    if isinstance(bug, FusionError):
        return bug
    fault = as_fault(bug)
    logger.error("%s", fault)
    logger.debug("where", exc_info=bug)
    return fault


def _run(work: Callable[[Progress], Any], report: _Report) -> Outcome:
    """Do the work, in the worker's thread."""
    try:
        return Outcome(work(Progress(report)))
    except FusionError as error:
        return Outcome(error=error)
    except Exception as bug:  # noqa: BLE001 - told, and logged
        return Outcome(error=told(bug))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A window that waits for a job behind a dialog.

    Parameters
    ----------
    window : QWidget
        Which; the job ends with it.
    title : str
        What is being done.
    refusal : str
        Title of the dialog that says why it failed.
    leaves_nothing : bool
        The work changes nothing outside itself: after a cancel the window is free again at once,
        even when the work takes longer to notice.
    told_elsewhere : bool
        Whoever asked for the work says why it was refused; no dialog does.
    """

    window: QWidget
    title: str
    refusal: str
    leaves_nothing: bool = False
    told_elsewhere: bool = False


class Job(QObject):
    """Work in a thread of its own, with progress and a way to stop it.

    Parameters
    ----------
    work : callable
        Does it; told where to report progress.
    dialog : Waiting, optional
        The window waits behind a dialog, which also says why it was refused. Without it the window
        stays usable and nothing is shown; the work must change nothing outside itself.

    Attributes
    ----------
    done : Signal
        With what the work returned.
    refused : Signal
        With the FusionError, where there is a dialog once the user has read it; also when the user
        cancelled there.
    progressed : Signal
        With the fraction done (0 to 1) and what is being done.
    running : bool
        Whether the thread has not ended yet, wanted or not.
    """

    done = Signal(object)
    refused = Signal(object)
    progressed = Signal(float, str)

    def __init__(self, work: Callable[[Progress], Any], *, dialog: Waiting | None = None) -> None:
        super().__init__(None if dialog is None else dialog.window)
        self._work = work
        # Not the window itself: it owns the job, and neither would ever be let go.
        self._shows = dialog is not None
        self._tells = dialog is not None and not dialog.told_elsewhere
        self._title, self._refusal = (dialog.title, dialog.refusal) if dialog else ("", "")
        self._leaves_nothing = dialog is not None and dialog.leaves_nothing
        self._unwanted = self.running = False
        self.report = _Report()
        self.dialog: QDialog | None = None
        self.progress: ProgressDialog | None = None
        if dialog is not None:
            dialog.window.destroyed.connect(self.report.stop.set)

    def start(self) -> None:
        """Begin; returns at once."""
        if self._shows:
            self._open_progress()
        self.report.progressed.connect(self._on_progressed)
        worker = create_worker(_run, self._work, self.report)
        worker.returned.connect(self._on_returned)
        self.running = True
        worker.start()

    def cancel(self) -> None:
        """Want the result no longer: nothing is said any more; the thread ends at its next step."""
        self._unwanted = True
        self.report.stop.set()

    @property
    def stopped(self) -> bool:
        """Whether the work was told to stop."""
        return self.report.stop.is_set()

    @property
    def window(self) -> QWidget:
        """The window that waits."""
        window = self.parent()
        assert isinstance(window, QWidget), "no window waits for this job"
        return window

    def _open_progress(self) -> None:
        self.progress = ProgressDialog(self.window, self._title)
        self.progress.cancelled.connect(self.report.stop.set)
        if self._leaves_nothing:
            self.progress.cancelled.connect(self._abandon, Qt.ConnectionType.QueuedConnection)
        self.progress.open()

    def _close_progress(self) -> None:
        if self.progress is not None:
            self.progress.hide()
            self.progress.deleteLater()
            self.progress = None

    def _abandon(self) -> None:
        if self.progress is not None:
            self._unwanted = True
            self._close_progress()
            self.refused.emit(Cancelled("Cancelled by the reader."))

    def _on_progressed(self, fraction: float, step: str) -> None:
        if self.progress is not None:
            self.progress.show_progress(fraction, step)
        if not self.stopped:
            self.progressed.emit(fraction, step)

    def _on_returned(self, outcome: Outcome) -> None:
        self.running = False
        # Left connected, job and report would hold each other, and what the work held, for ever.
        self.report.progressed.disconnect(self._on_progressed)
        if self._unwanted:
            return
        self._close_progress()
        if outcome.error is not None:
            self._refuse(outcome.error)
        elif self.stopped:
            # The work had ended before it noticed; the reader asked for nothing to happen.
            self._refuse(Cancelled("Cancelled by the reader."))
        else:
            self.done.emit(outcome.result)

    def _refuse(self, error: FusionError) -> None:
        if not self._tells or isinstance(error, Cancelled):
            self.refused.emit(error)
            return
        self.dialog = show_error(self.window, error, title=self._refusal)
        self.dialog.finished.connect(lambda: self.refused.emit(error))


def _nothing() -> None:
    """Do nothing."""


def prepared(review: Review, report: Progress, *, also: Callable[[], None] = _nothing) -> Review:
    """Make what the panes need at once; not in the window's thread.

    Parameters
    ----------
    review : Review
        Which is about to be shown.
    report : Progress
        Told the fraction done.
    also : callable
        Makes what is needed beside it.
    """
    report(0.0, "Preparing the pictures")
    review.fused.ct_display()
    fused = review.fused
    _ = fused.uptake_range, fused.focus_lps, review.findings
    # Compiled loops are loaded when they are first used.
    fused.sample_at(fused.focus_lps)
    for axis, index in enumerate(np.rint(fused.display_grid.to_kji(fused.focus_lps)).astype(int)):
        last = fused.display_grid.shape[axis] - 1
        fused.spect_plane(axis, int(min(max(index, 0), last)))
    also()
    _napari.load_units()
    report(1.0, "Ready")
    return review


class OpenStudy(Job):
    """Opens a study and asks the user when the data leave a question.

    Parameters
    ----------
    window : QWidget
        The window that waits; the job ends with it.
    source : Path or callable
        Folder, zip or DICOMDIR; or what makes a study in the same thread.
    options : OpenOptions, optional
        How it is opened.
    told_elsewhere : bool
        Whoever asked says why it was refused.
    also : callable
        Makes what is needed beside the study, in the job's thread.

    Attributes
    ----------
    done : Signal
        With the Review.
    """

    def __init__(
        self,
        window: QWidget,
        source: Path | StudyMaker,
        options: OpenOptions | None = None,
        *,
        told_elsewhere: bool = False,
        also: Callable[[], None] = _nothing,
    ) -> None:
        super().__init__(
            self._open,
            dialog=Waiting(
                window,
                "Opening the study",
                refusal="The study was not opened",
                told_elsewhere=told_elsewhere,
            ),
        )
        self._source = source
        self._options = options or OpenOptions()
        self._also = also

    def _open(self, report: Progress) -> Review:
        source = self._source
        with nullcontext(source) if isinstance(source, Path) else source(report) as path:
            review = fusion.open_study(path, progress=report.part(0.0, 0.9), options=self._options)
        return prepared(review, report.part(0.9, 1.0), also=self._also)

    def _refuse(self, error: FusionError) -> None:
        if isinstance(error, SpacingNeeded):
            self._ask_spacing(error)
        elif isinstance(error, ChoiceNeeded):
            self._ask_choice(error)
        else:
            super()._refuse(error)

    def _ask_spacing(self, question: SpacingNeeded) -> None:
        dialog = SpacingDialog(self.window, question)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def accepted() -> None:
            answer, known = dialog.spacing_mm, self._options.spacing_mm
            if answer is None:
                return
            if known is None or isinstance(known, Mapping):
                spacings = {**(known or {}), question.series: answer}
            else:
                spacings = {"": known, question.series: answer}
            self._options = replace(self._options, spacing_mm=spacings)
            self.start()

        dialog.accepted.connect(accepted)
        dialog.rejected.connect(lambda: self.refused.emit(question))
        self.dialog = dialog
        dialog.open()

    def _ask_choice(self, question: ChoiceNeeded) -> None:
        dialog = ChoiceDialog(self.window, question)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def accepted() -> None:
            one = dialog.chosen
            how = self._options
            is_ct = question.role == "ct"
            self._options = replace(how, ct=one) if is_ct else replace(how, spect=one)
            self.start()

        dialog.accepted.connect(accepted)
        dialog.rejected.connect(lambda: self.refused.emit(question))
        self.dialog = dialog
        dialog.open()
