"""From draft to final: what is missing and where it is done, other readers, and the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGroupBox, QPushButton, QScrollArea, QVBoxLayout, QWidget

from fusion.annotations import NOT_BEGUN, differences
from viewer.kit.labels import LinkLines, TextLines, plain_label
from viewer.kit.layout import scroll
from viewer.kit.text import shortened
from viewer.kit.theme import BOLD, DOUBTFUL, FAINT, GOOD, TEXT
from viewer.reading.words import difference_words, reading_state, said_by
from viewer.targets.dialogs import Consent, addendum_dialog, finalise_dialog
from viewer.targets.others import Others

if TYPE_CHECKING:
    from fusion.annotations import Lack
    from viewer.facets.model import FacetsModel
    from viewer.reading.model import ReadingModel


class FinishPage(QScrollArea):
    """What stands between a draft and a final reading.

    Parameters
    ----------
    facets : FacetsModel
        The joints and the uptake at them.
    reading : ReadingModel
        The reading.

    Attributes
    ----------
    wanted : Signal
        With the Lack that the reader wants to be led to.
    export_wanted : Signal
        The results are to be written.
    send_wanted : Signal
        The results are to be sent to an archive.
    """

    wanted = Signal(object)
    export_wanted = Signal()
    send_wanted = Signal()

    def __init__(self, facets: FacetsModel, reading: ReadingModel) -> None:
        super().__init__()
        self._facets, self._reading = facets, reading
        self._lacks: tuple[Lack, ...] = ()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 6, 2)
        for box in (self._make_finish(), self._make_others()):
            column.addWidget(box)
        column.addStretch()
        scroll(self, inside)
        self.refresh()

    def _make_finish(self) -> QWidget:
        box = QGroupBox("Finish")
        column = QVBoxLayout(box)
        self.state = plain_label(wrap=True)
        self.state.setStyleSheet(BOLD)
        self.done, self.missing = TextLines(), LinkLines()
        self.missing.setToolTip("Press a line to go where it is done")
        self.missing.chosen.connect(self._go)
        self.heading = plain_label("Missing before it can be final:")
        self.finalise = QPushButton("Finalise…")
        self.finalise.clicked.connect(self.ask_finalise)
        self.addendum = QPushButton("Addendum…")
        self.addendum.clicked.connect(self.ask_addendum)
        self.export = QPushButton("Export…")
        self.export.setToolTip(
            "Write the study and its reading to a folder: DICOM, report, pictures, JSON and CSV"
        )
        self.export.clicked.connect(self.export_wanted)
        self.send = QPushButton("Send to the archive…")
        self.send.setToolTip("Put the results beside the images, where the study lives")
        self.send.clicked.connect(self.send_wanted)
        self.sent = TextLines()
        for widget in (
            self.state,
            self.done,
            self.heading,
            self.missing,
            self.finalise,
            self.addendum,
            self.export,
            self.send,
            self.sent,
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
        self._show_finish()
        self._show_others()

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
                    done.append((f"✓ {said_by(event)}", GOOD))
            if reading.opened.version > 1:
                done.insert(0, (shortened(reading.opened.words, 400), ""))
        self.done.show_lines(done)
        self._lacks = missing = NOT_BEGUN if reading is None else self._reading.lacks
        self.missing.show_lines(
            (f"• {shortened(item.words, 500).rstrip('.')}.", DOUBTFUL) for item in missing
        )
        self.heading.setVisible(bool(missing))
        self.finalise.setVisible(not final)
        self.finalise.setEnabled(reading is not None and not missing)
        self.finalise.setText(f"Finalise… ({len(missing)} missing)" if missing else "Finalise…")
        # A case of a reader study stays as it was finished, and goes nowhere.
        self.addendum.setVisible(final and not self._reading.blinded)
        self.export.setVisible(not self._reading.blinded)
        self.send.setVisible(not self._reading.blinded)
        self.send.setEnabled(reading is not None)

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

    def _go(self, place: int) -> None:
        self.wanted.emit(self._lacks[place])

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
            for_good=self._reading.blinded,
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
