"""The lines below the pictures: the alignment at the crosshair, values under the mouse."""

from __future__ import annotations

import numpy.typing as npt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from fusion.review import Review
from fusion.software import DISCLAIMER
from viewer.alignment.words import alignment_line
from viewer.kit.labels import OneLineLabel, plain_label
from viewer.kit.text import plain_tip, position_text
from viewer.kit.theme import DOUBTFUL, colored
from viewer.pictures.panes import LinkedPanes


class Footer(QFrame):
    """Says how well the SPECT lies, what is under the mouse, and what the program is not."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout()
        # On one line, or the pictures would change their size as the mouse moves.
        self.aligned, self.values = OneLineLabel(keep_end=False), OneLineLabel()
        disclaimer = plain_label(DISCLAIMER)
        disclaimer.setStyleSheet(colored(DOUBTFUL))
        row.addWidget(self.aligned, stretch=4)
        row.addWidget(self.values, stretch=5)
        row.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 2, 10, 4)
        column.setSpacing(1)
        column.addLayout(row)
        column.addWidget(disclaimer)

    def show_alignment(self, review: Review, point_lps: npt.ArrayLike) -> None:
        """Say how the SPECT was aligned, and how well it lies at a point (3,), mm."""
        words = alignment_line(review, point_lps)
        self.aligned.setText(words)
        why = "at the crosshair; 95 % of errors are smaller, on simulated studies"
        self.aligned.setToolTip(plain_tip(f"{words} {why}"))

    def show_values(self, linked: LinkedPanes) -> None:
        """Say what is under the mouse, or at the crosshair where the mouse is elsewhere."""
        cursor = linked.cursor_lps
        where = "Crosshair" if cursor is None else "Cursor"
        point = linked.point_lps if cursor is None else cursor
        said = f"{where}   {position_text(point)} mm     {linked.value_text(point)}"
        self.values.setText(said)
        self.values.setToolTip(plain_tip(f"Values under the mouse, or at the crosshair: {said}"))
