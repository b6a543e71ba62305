"""The line above the steps: whose study it is, who reads it, and whether that is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton

from fusion.annotations import Reading
from fusion.plain_text import plain
from fusion.review import Review
from fusion.software import SIMULATED
from viewer.kit.labels import OneLineLabel, plain_label
from viewer.kit.text import clock, plain_tip, shortened
from viewer.kit.theme import GOOD, SIMULATED_BANNER, colored
from viewer.reading.blinded import BlindedCase
from viewer.reading.words import known_state

NO_READER = "No reader yet"
#: Letters of the reader's name above the pictures; all of them are in its tip.
_NAME = 32


class Header(QFrame):
    """Names the patient and the reader.

    Parameters
    ----------
    review : Review
        The study.
    ask_reader : callable
        Asks who reads.
    case : BlindedCase, optional
        Stands in the place of the patient; who reads is settled.
    """

    def __init__(
        self,
        review: Review,
        ask_reader: Callable[[], object],
        *,
        case: BlindedCase | None = None,
    ) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 4)
        # A long name must not make the window wider than the screen.
        self.identity = OneLineLabel(keep_end=False)
        title = plain(review.title) if case is None else case.words
        self.identity.setText(title)
        self.identity.setToolTip(plain_tip(title))
        row.addWidget(self.identity, stretch=1)
        self.reader = plain_label(NO_READER)
        self.saved = plain_label()
        self.saved.setStyleSheet(colored(GOOD))
        row.addWidget(self.reader)
        row.addWidget(self.saved)
        self.read_as = QPushButton("Read as…")
        self.read_as.setToolTip("Go on with a reading of this study, or begin one of your own")
        self.read_as.clicked.connect(lambda: ask_reader())
        row.addWidget(self.read_as)
        self.compare = QPushButton("Another date…")
        self.compare.setToolTip("Compare with an earlier or later study of the same patient")
        row.addWidget(self.compare)
        # Another date would tell a blinded reader who it is.
        self.compare.setVisible(case is None)
        self.read_as.setVisible(case is None)
        self.let_press(False)
        if review.simulated:
            banner = plain_label(SIMULATED)
            banner.setStyleSheet(f"color: black; background: {SIMULATED_BANNER}; padding: 2px 8px;")
            row.addWidget(banner)

    def let_press(self, may: bool) -> None:
        """Let the buttons be pressed, or not: while the window is being made they lead nowhere."""
        self.read_as.setEnabled(may)
        self.compare.setEnabled(may)

    def show_reading(self, reading: Reading, *, resumed: bool) -> None:
        """Say who reads, which version it is, and when it was saved last."""
        state = "final" if reading.finalised else "draft"
        again = ", resumed" if resumed else ""
        self.reader.setToolTip(plain_tip(plain(reading.reader)))
        self.reader.setText(
            f"Read by {shortened(reading.reader, _NAME)} · version "
            f"{reading.opened.version}, {state}{again}"
        )
        # It has come back from the journal; nothing else is called saved.
        self.saved.setText(f"✓ saved {clock(reading.events[-1].time)}")

    def show_known(self, readings: Sequence[Reading]) -> None:
        """Say who read the study before, the last one last; nothing where nobody did."""
        said = [f"{known_state(one)}, by {shortened(one.reader, _NAME)}" for one in readings]
        if said:
            more = f" and {len(said) - 1} more" if len(said) > 1 else ""
            self.reader.setText(f"Read before: {said[-1]}{more}")
            self.reader.setToolTip(plain_tip("; ".join(said)))
