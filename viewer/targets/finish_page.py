"""From draft to final: the numbering, what is missing, other readers, and the last word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGroupBox, QPushButton, QScrollArea, QVBoxLayout, QWidget

from fusion.anatomy import LEVELS
from fusion.annotations import differences
from fusion.errors import FusionError
from fusion.facets import Numbering
from viewer.kit.labels import TextLines, plain_label
from viewer.kit.layout import scroll
from viewer.kit.message import keep_place
from viewer.kit.note import NoteEdit
from viewer.kit.text import clock, shortened
from viewer.kit.theme import BOLD, DOUBTFUL, FAINT, GOOD, TEXT, colored
from viewer.reading.words import difference_words, reading_state
from viewer.targets.dialogs import Consent, addendum_dialog, finalise_dialog
from viewer.targets.others import Others

if TYPE_CHECKING:
    from fusion.annotations import Event
    from fusion.facets import Localisation
    from viewer.facets.model import FacetsModel
    from viewer.reading.model import ReadingModel

_NUMBERING_WORDS = {
    Numbering.SURE: "Levels: several independent signs agree.",
    Numbering.PROVISIONAL: "Levels are PROVISIONAL: the signs do not settle them.",
    Numbering.CONFIRMED: "Levels follow the vertebrae that you named.",
}


class FinishPage(QScrollArea):
    """What stands between a draft and a final reading.

    Parameters
    ----------
    facets : FacetsModel
        The numbering and its evidence.
    reading : ReadingModel
        The reading.
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
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 6, 2)
        for box in (self._make_numbering(), self._make_finish(), self._make_others()):
            column.addWidget(box)
        column.addStretch()
        scroll(self, inside)
        self.refresh()

    def _make_numbering(self) -> QWidget:
        box = QGroupBox("Numbering of the levels")
        column = QVBoxLayout(box)
        self.numbering = plain_label(wrap=True)
        self.evidence = TextLines()
        self.confirmed = plain_label(wrap=True)
        self.note = NoteEdit("")
        self.confirm = QPushButton("I confirm the numbering")
        self.confirm.clicked.connect(self._confirm)
        for widget in (self.numbering, self.evidence, self.confirmed, self.note, self.confirm):
            column.addWidget(widget)
        keep_place(self.note, self.confirm)  # a press on it brings nothing else under the hand
        return box

    def _make_finish(self) -> QWidget:
        box = QGroupBox("Finish")
        column = QVBoxLayout(box)
        self.state = plain_label(wrap=True)
        self.state.setStyleSheet(BOLD)
        self.done, self.missing = TextLines(), TextLines()
        self.heading = plain_label("Missing before it can be final:")
        self.finalise = QPushButton("Finalise…")
        self.finalise.clicked.connect(self.ask_finalise)
        self.addendum = QPushButton("Addendum…")
        self.addendum.clicked.connect(self.ask_addendum)
        for widget in (
            self.state,
            self.done,
            self.heading,
            self.missing,
            self.finalise,
            self.addendum,
        ):
            column.addWidget(widget)
        return box

    def _make_others(self) -> QWidget:
        self._others_box = QGroupBox("Other readings of this study")
        column = QVBoxLayout(self._others_box)
        self.others = TextLines()
        column.addWidget(self.others)
        return self._others_box

    # What is shown

    @property
    def count(self) -> int:
        """How many things are missing."""
        return len(self.missing.texts)

    def refresh(self) -> None:
        """Show what the reading and the anatomy say now."""
        self._show_numbering()
        self._show_finish()
        self._show_others()

    def _show_numbering(self) -> None:
        found, reading = self._facets.localisation, self._reading.reading
        event = None if reading is None else reading.numbering
        final = reading is not None and reading.finalised is not None
        doubtful = found is not None and (
            found.numbering is Numbering.PROVISIONAL
            or any(piece.agrees is False for piece in found.evidence)
        )
        self.numbering.setText(
            "The joints are not located yet."
            if found is None
            else _NUMBERING_WORDS[found.numbering]
        )
        self.numbering.setStyleSheet(colored(DOUBTFUL) if doubtful else "")
        self.evidence.show_lines(_evidence(found))
        self.confirmed.setText("" if event is None else f"✓ {_by(event)}")
        self.confirmed.setStyleSheet(colored(GOOD))
        self.confirmed.setVisible(event is not None)
        self.note.setPlaceholderText(
            "Not certain: write why the numbering is right before confirming it"
            if doubtful
            else "Note (optional)"
        )
        for widget in (self.note, self.confirm):
            widget.setVisible(event is None and not final)
        self.confirm.setEnabled(found is not None)

    def _show_finish(self) -> None:
        reading = self._reading.reading
        final = reading is not None and reading.finalised is not None
        if reading is None:
            self.state.setText("No reading has begun.")
        else:
            self.state.setText(reading_state(reading))
        done = []
        if reading is not None:
            for event in (reading.alignment, reading.numbering, reading.pathway):
                if event is not None:
                    done.append((f"✓ {_by(event)}", GOOD))
            if reading.opened.version > 1:
                done.insert(0, (shortened(reading.opened.words, 400), ""))
        self.done.show_lines(done)
        missing = self._reading.missing
        self.missing.show_lines(
            (f"• {shortened(item, 500).rstrip('.')}.", DOUBTFUL) for item in missing
        )
        self.heading.setVisible(bool(missing))
        self.finalise.setVisible(not final)
        self.finalise.setEnabled(reading is not None and not missing)
        self.finalise.setText(f"Finalise… ({len(missing)} missing)" if missing else "Finalise…")
        self.addendum.setVisible(final)

    def _show_others(self) -> None:
        model, lines = self._reading, []
        for other in model.others:
            lines.append((reading_state(other), TEXT))
            apart = () if model.reading is None else differences(model.reading, other)
            lines += [
                (f"• {difference_words(d, other=other.reader)}", DOUBTFUL) for d in apart
            ] or [("No difference in decision or grade.", "")]
        if lines:
            lines.append(("Shown for comparison; nothing is merged.", FAINT))
        self.others.show_lines(lines)
        self._others_box.setVisible(bool(lines))

    # What is done

    def _confirm(self) -> None:
        self.said.emit("")
        try:
            if self._need_reader():
                self._reading.confirm_numbering(self.note.text)
                self.note.clear()
        except FusionError as error:
            self.said.emit(str(error))

    def ask_finalise(self) -> Consent | None:
        """Read the decisions back and make them final if the reader agrees."""
        reading = self._reading.reading
        if reading is None:
            return None
        dialog = finalise_dialog(
            self.window(),
            reading,
            reader=self._reading.reader,
            finalise=self._reading.finalise,
            others=Others.of(self._facets.localisation, self._facets.assessment, reading),
        )
        dialog.open()
        return dialog

    def ask_addendum(self) -> Consent | None:
        """Begin a new version of a final reading if the reader says why."""
        reading = self._reading.reading
        if reading is None:
            return None
        dialog = addendum_dialog(self.window(), reading, addendum=self._reading.addendum)
        dialog.open()
        return dialog


def _by(event: Event) -> str:
    words = shortened(event.change.words, 300)
    return f"{words[:1].upper()}{words[1:]} ({shortened(event.reader, 60)}, {clock(event.time)})"


def _evidence(found: Localisation | None) -> Iterable[tuple[str, str]]:
    """Yield what speaks against the numbering in full; what agrees is named."""
    evidence = found.evidence if found else ()
    for piece in evidence:
        if piece.agrees is False:
            words = f"✗ {piece.source}: {piece.saw}."
            if piece.implies in LEVELS and piece.implies != piece.level:
                words += f" That is {piece.level}, where the numbering has {piece.implies}."
            yield words, DOUBTFUL
    for agrees, words, color in ((True, "✓ Agreeing", GOOD), (None, "· Settles nothing", FAINT)):
        names = [piece.source for piece in evidence if piece.agrees is agrees]
        if names:
            yield f"{words}: {', '.join(names)}.", color
