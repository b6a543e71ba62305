"""Whose reading it is, that it is saved, and what stands in the way: always in view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGroupBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fusion.annotations import TargetSaved, differences
from fusion.errors import FusionError
from fusion.findings import Severity
from viewer.kit.labels import OneLineLabel, plain_label
from viewer.kit.message import MessageLine
from viewer.kit.text import clock, plain_tip, shortened
from viewer.kit.theme import BAD, BOLD, DOUBTFUL, FAINT, GOOD, INFO, TEXT, colored, restyle
from viewer.reading.dialogs import HistoryDialog
from viewer.reading.words import (
    change_words,
    history_lines,
    known_state,
    reading_state,
    target_line,
)

if TYPE_CHECKING:
    from fusion.annotations import Conflict
    from viewer.reading.model import ReadingModel
    from viewer.reading.undo import UndoAll


class ReadingState(QWidget):
    """Reader, version, when it was last saved and where, undo and redo.

    Parameters
    ----------
    reading : ReadingModel
        The reading.
    undo : UndoAll
        Takes back what was done last, whatever it was.
    need_reader : callable
        Asks who reads.

    Attributes
    ----------
    said : Signal
        With a sentence about what was refused, or an empty one.
    """

    said = Signal(str)

    def __init__(
        self, reading: ReadingModel, *, undo: UndoAll, need_reader: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._reading = reading
        self._need_reader = need_reader
        self.who, self.saved = OneLineLabel(keep_end=False), OneLineLabel(keep_end=False)
        self.who.setStyleSheet(f"{BOLD} font-size: 13px;")
        self.beside = MessageLine(lines=1)
        self.begin = QPushButton("Begin reading…")
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.history = QPushButton("History…")
        self.begin.clicked.connect(self._begin)
        self.undo.clicked.connect(lambda: self._try(undo.undo))
        self.redo.clicked.connect(lambda: self._try(undo.redo))
        self.history.clicked.connect(self.show_history)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.begin, self.undo, self.redo, self.history):
            button.setMinimumWidth(1)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(3)
        for widget in (self.who, self.saved, self.beside):
            column.addWidget(widget)
        column.addLayout(buttons)
        for button in (self.begin, self.undo, self.redo, self.history):
            button.setStyleSheet("QPushButton { padding: 3px 2px; font-size: 12px; }")
        self.refresh()

    def refresh(self) -> None:
        """Show what the journal says now."""
        model, reading = self._reading, self._reading.reading
        self.begin.setEnabled(reading is None)
        self.history.setEnabled(reading is not None)
        worrying = [f.message for f in model.findings if f.severity >= Severity.WARNING]
        lines = [*(shortened(message, 400) for message in worrying), _others(model)]
        words = "\n".join(line for line in lines if line)
        self.beside.say(words, refused=False, color=DOUBTFUL if worrying else INFO)
        if reading is None:
            self.who.setText("No reader yet")
            before = "; ".join(
                f"{known_state(one)}, by {shortened(one.reader, 40)}" for one in model.known
            )
            self.saved.setText(
                f"Read before: {before}."
                if before
                else "Nothing is recorded. Your first decision asks for your name."
            )
            self.saved.setToolTip(plain_tip(self.saved.text()))
            restyle(self.saved, colored(TEXT))
            return
        self.who.setText(reading_state(reading))
        self.who.setToolTip(plain_tip(reading_state(reading)))
        # What stands in the reading has come back from the journal; nothing else is called saved.
        self.saved.setText(f"✓ Saved {clock(reading.events[-1].time)} · {self._where()}")
        restyle(self.saved, colored(GOOD))
        last = shortened(reading.events[-1].change.words, 200)
        self.saved.setToolTip(plain_tip(f"{last}\n{model.journal_path or ''}"))
        for button, events, verb in (
            (self.undo, reading.done, "Undo"),
            (self.redo, reading.undone, "Redo"),
        ):
            words = shortened(events[-1].change.words, 200) if events else "nothing"
            button.setToolTip(plain_tip(f"{verb}: {words}"))

    def _where(self) -> str:
        path = self._reading.journal_path
        if path is None:
            return ""
        home, shown = str(Path.home()), str(path)
        if shown.startswith(home):
            shown = f"~{shown[len(home) :]}"
        return shown if len(shown) <= 48 else f"…{shown[-47:]}"

    def _begin(self) -> None:
        self._try(self._need_reader)

    def _try(self, action: Callable[[], object]) -> None:
        self.said.emit("")
        try:
            told = action()
            if isinstance(told, str):
                self.said.emit(told)
        except FusionError as error:
            self.said.emit(str(error))

    def show_history(self) -> HistoryDialog | None:
        """Show every event of the reading."""
        reading = self._reading.reading
        if reading is None:
            return None
        dialog = HistoryDialog(self.window(), "History of the reading", history_lines(reading))
        dialog.open()
        return dialog


class ConflictBox(QGroupBox):
    """A change that was not saved because somebody else was first: both sides, merged by nobody.

    Parameters
    ----------
    reading : ReadingModel
        Holds the conflict.
    """

    def __init__(self, reading: ReadingModel) -> None:
        super().__init__("Conflict")
        self._reading = reading
        title = plain_label("Not saved: another window or reader was first", wrap=True)
        title.setStyleSheet(f"{BOLD} {colored(BAD)}")
        self.mine, self.theirs = plain_label(wrap=True), plain_label(wrap=True)
        self.now = plain_label(wrap=True)
        self.seen = QPushButton("I have seen both")
        self.seen.setToolTip("Go on with what is there now; decide again if you still want to")
        self.seen.clicked.connect(reading.dismiss_conflict)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(2)
        column.addWidget(title)
        for head, label in (("Yours, not saved", self.mine), ("Saved meanwhile", self.theirs)):
            heading = plain_label(head)
            heading.setStyleSheet(colored(FAINT))
            column.addWidget(heading)
            column.addWidget(label)
        column.addWidget(self.now)
        column.addWidget(self.seen, alignment=Qt.AlignmentFlag.AlignRight)
        self.refresh()

    def refresh(self) -> None:
        """Show the conflict, if there is one."""
        conflict = self._reading.conflict
        self.setVisible(conflict is not None)
        if conflict is None:
            return
        self.mine.setText("\n".join(map(change_words, conflict.mine)))
        saved = (
            f"{clock(event.time)} {shortened(event.reader, 60)}: {change_words(event.change)}"
            for event in conflict.theirs
        )
        self.theirs.setText("\n".join(saved))
        self.now.setText(_now(conflict))


def _others(model: ReadingModel) -> str:
    """Return who else read this study, and at how many joints they differ."""
    said = []
    for other in model.others:
        apart = len(differences(model.reading, other)) if model.reading else 0
        said.append(f"{shortened(other.reader, 40)} (differs at {apart})")
    return f"Also read by {', '.join(said)}: see Finish." if said else ""


def _now(conflict: Conflict) -> str:
    joints = [one.target.joint for one in conflict.mine if isinstance(one, TargetSaved)]
    if not joints:
        return "Look at what is there now and decide again."
    now = [target_line(target) for target in map(conflict.reading.target_at, joints) if target]
    return f"There now: {'; '.join(now) or 'nothing'}. Decide again if you still want to."
