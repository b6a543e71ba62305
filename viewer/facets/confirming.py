"""Where a reader vouches for the numbering of the levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fusion.errors import FusionError
from fusion.facets import Numbering
from viewer.kit.labels import plain_label
from viewer.kit.note import NoteEdit
from viewer.kit.theme import BOLD, DOUBTFUL, GOOD, colored, restyle
from viewer.reading.words import said_by

if TYPE_CHECKING:
    from viewer.facets.model import FacetsModel
    from viewer.reading.model import ReadingModel

_WORDS = {
    Numbering.SURE: "Levels: several independent signs agree.",
    Numbering.PROVISIONAL: "Levels are PROVISIONAL: the signs do not settle them.",
    Numbering.CONFIRMED: "Levels follow the vertebrae that you named.",
}
_NOTE = "Note (optional)"
_WHY = "Why it is right (needed)"


class NumberingBox(QWidget):
    """What the numbering is worth, and the button that confirms it, each in its place.

    Parameters
    ----------
    facets : FacetsModel
        The numbering and its evidence.
    reading : ReadingModel
        Keeps the confirmation.
    need_reader : callable
        Asks who reads.

    Attributes
    ----------
    said : Signal
        With a sentence about what was refused, or an empty one.
    """

    said = Signal(str)

    def __init__(
        self, facets: FacetsModel, reading: ReadingModel, *, need_reader: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._facets, self._reading, self._need_reader = facets, reading, need_reader
        self.words = plain_label(wrap=True)
        self.note = NoteEdit(_NOTE, lines=1)
        self.confirm = QPushButton("I confirm the numbering")
        self.confirm.clicked.connect(self.press)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.note, stretch=1)
        row.addWidget(self.confirm)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 0)
        column.setSpacing(2)
        self.words.setMinimumHeight(self.fontMetrics().lineSpacing())
        column.addWidget(self.words)
        column.addLayout(row)
        facets.events.localisation.connect(self.refresh)
        reading.events.changed.connect(self.refresh)
        self.refresh()

    @property
    def doubtful(self) -> bool:
        """Whether something speaks against the numbering, so that a note is needed."""
        found = self._facets.localisation
        return found is not None and (
            found.numbering is Numbering.PROVISIONAL
            or any(piece.agrees is False for piece in found.evidence)
        )

    def refresh(self) -> None:
        """Show what the reading and the anatomy say now."""
        found, reading = self._facets.localisation, self._reading.reading
        event = None if reading is None else reading.numbering
        may = event is None and not (reading and reading.finalised)
        if event is not None:
            self.words.setText(f"✓ {said_by(event)}")
        elif found is None:
            self.words.setText("The joints are not located yet.")
        else:
            self.words.setText(_WORDS[found.numbering])
        color = GOOD if event is not None else DOUBTFUL if self.doubtful else ""
        restyle(self.words, f"{BOLD} {colored(color)}" if color else BOLD)
        self.note.setPlaceholderText(_WHY if self.doubtful else _NOTE)
        self.note.setEnabled(may and found is not None)
        self.confirm.setEnabled(may and found is not None)

    def press(self) -> None:
        """Confirm the numbering; without the note that it needs, ask for that."""
        self.said.emit("")
        try:
            if self._need_reader():
                self._reading.confirm_numbering(self.note.text)
                self.note.clear()
        except FusionError as error:
            self.said.emit(str(error))
            self.note.setFocus()
