"""Send the results of a reading to the archive, and see what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.annotations import STATE_WORDS, Journal
from fusion.archive import NOT_ANSWERED, connect, prepared, send_noted
from fusion.errors import AnnotationError, Cancelled, FusionError
from fusion.plain_text import plain
from fusion.software import DISCLAIMER
from viewer.archive.choice import ArchiveBox
from viewer.jobs import Job
from viewer.kit.labels import TextLines, plain_label
from viewer.kit.message import MessageLine
from viewer.kit.text import shortened
from viewer.kit.theme import BOLD, DOUBTFUL, FAINT, GOOD
from viewer.reading.words import reading_state

if TYPE_CHECKING:
    from fusion.annotations import Reading, Sending
    from fusion.archive import Sent
    from fusion.progress import Progress

_STEPS = 1000
#: Tries of before that are shown, the last ones.
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent.

    Parameters
    ----------
    reading : Reading
        Whose results.
    journal : Path
        Where it is kept, and where it is noted what came of sending.
    sender : str
        Who sends.
    make : callable
        Writes the results into an existing folder; may report progress.
    """

    reading: Reading
    journal: Path
    sender: str
    make: Callable[[Path, Progress], object]


class SendDialog(QDialog):
    """Says what goes where, sends it, and shows the outcome.

    Parameters
    ----------
    parent : QWidget
        The window.
    parcel : Parcel
        What is sent.
    archive : str
        Proposed: where the study came from.

    Attributes
    ----------
    ended : Signal
        A try has ended, well or not; it is noted in the journal.
    """

    ended = Signal()

    def __init__(self, parent: QWidget, parcel: Parcel, *, archive: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Send to the archive")
        self.setModal(True)
        self.setMinimumWidth(620)
        self._parcel = parcel
        self.job: Job | None = None
        final = parcel.reading.finalised is not None
        self.what = plain_label(reading_state(parcel.reading), wrap=True)
        self.what.setStyleSheet(BOLD)
        goes = plain_label(
            "Report, regions, alignment, key objects, the report as PDF and the pictures go into "
            "the study of the images, each once. Nothing else of the archive is changed.",
            wrap=True,
        )
        self.archives = ArchiveBox(archive)
        self.draft = QCheckBox("Send it as a draft: every object says that it is one")
        if final:
            self.draft.hide()
        self.draft.toggled.connect(self._show_ready)
        self.before = TextLines()
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.message = MessageLine(lines=6)
        self.send, self.close_it = QPushButton("Send"), QPushButton("Close")
        self.send.clicked.connect(self.start)
        self.close_it.clicked.connect(self.reject)
        self.close_it.setAutoDefault(False)
        for button in (self.send, self.close_it):
            button.setMinimumWidth(110)  # both of its words fit
        to = QHBoxLayout()
        to.addWidget(plain_label("To the archive"))
        to.addWidget(self.archives, stretch=1)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.close_it)
        row.addWidget(self.send)
        column = QVBoxLayout(self)
        for widget in (self.what, goes, self.draft):
            column.addWidget(widget)
        column.addLayout(to)
        for below in (self.before, self.bar, self.message, plain_label(DISCLAIMER, wrap=True)):
            column.addWidget(below)
        column.addLayout(row)
        if self.archives.problem:
            self.message.say(self.archives.problem)
        self._show_before()
        self._show_ready()

    @property
    def may_send(self) -> bool:
        """Whether it is final, or a draft is wanted; and there is somewhere to send it."""
        final = self._parcel.reading.finalised is not None
        return self.archives.settings is not None and (final or self.draft.isChecked())

    def start(self) -> None:
        """Send."""
        settings, parcel = self.archives.settings, self._parcel
        if settings is None or self.job is not None or not self.may_send:
            return
        name, reading = self.archives.currentText(), parcel.reading

        def work(report: Progress) -> Sent:
            archive = connect(settings, name)
            folder = prepared(
                settings,
                f"{reading.reading_id}/{reading.digest}",
                lambda place: parcel.make(place, report.part(0.0, 0.6)),
            )
            return send_noted(
                archive,
                folder,
                reading,
                sender=parcel.sender,
                journal=parcel.journal,
                progress=report.part(0.6, 1.0),
            )

        self.job = Job(work)
        self.job.progressed.connect(self._on_progressed)
        self.job.done.connect(self._on_sent)
        self.job.refused.connect(self._on_refused)
        self.message.say("Making the results …", refused=False)
        self._show_ready()
        self.job.start()

    def _on_progressed(self, fraction: float, step: str) -> None:
        self.bar.setValue(round(_STEPS * fraction))
        self.message.say(f"{step} …", refused=False)

    def _on_sent(self, sent: Sent) -> None:
        self._end(outcome_words(sent), refused=not sent.is_whole)

    def _on_refused(self, error: FusionError) -> None:
        if isinstance(error, Cancelled):
            self._end("Stopped. Send again to go on; nothing is sent twice.", refused=False)
        else:
            self._end(f"{error} Nothing that was sent is sent twice when you try again.")

    def _end(self, sentence: str, *, refused: bool = True) -> None:
        self.job = None
        self.bar.setValue(0 if refused else _STEPS)
        self.message.say(sentence, refused=refused, color=GOOD)
        self.send.setText("Send again")
        self._show_before()
        self._show_ready()
        self.ended.emit()

    def _show_before(self) -> None:
        notes = sendings_of(self._parcel.journal, self._parcel.reading)[-_SHOWN:]
        self.before.show_lines(sending_line(one) for one in notes)

    def _show_ready(self) -> None:
        waits = self.job is not None
        self.send.setEnabled(not waits and self.may_send)
        self.archives.setEnabled(not waits)
        self.draft.setEnabled(not waits)
        self.close_it.setText("Stop" if waits else "Close")

    def reject(self) -> None:
        """Stop what is under way; else close."""
        if self.job is None:
            super().reject()
        else:
            self.job.report.stop.set()
            self.message.say("Stopping …", refused=False)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Treat the corner of the window like the button."""
        if self.job is not None:
            event.ignore()
            self.reject()


def outcome_words(sent: Sent) -> str:
    """Say what came of sending."""
    states = list(sent.states.values())
    said = [f"Sent now: {sent.stored_now} of {len(states)} objects."]
    said += [f"{states.count(one)} {words}." for one, words in STATE_WORDS.items() if one in states]
    if not sent.answered:
        said.append(NOT_ANSWERED)
    return " ".join(said)


def sendings_of(journal: Path, reading: Reading) -> tuple[Sending, ...]:
    """Return what was sent of a reading, without the notes that it began where it also ended."""
    try:
        with Journal(journal) as kept:
            notes = kept.sendings(reading.reading_id)
    except AnnotationError:
        return ()  # the window says elsewhere that its journal cannot be read
    ended = {place for place, one in enumerate(notes) if one.outcome != "begun"}
    return tuple(one for place, one in enumerate(notes) if place in ended or place + 1 not in ended)


def sending_line(one: Sending) -> tuple[str, str]:
    """Return a try on one line, and its colour."""
    if one.outcome == "begun":
        return f"• {shortened(plain(one.words), 300)}, and how it ended is not known", DOUBTFUL
    sign, color = ("✓", GOOD) if one.is_whole else ("•", DOUBTFUL)
    return f"{sign} {shortened(one.words, 400)}", FAINT if one.draft and one.is_whole else color
