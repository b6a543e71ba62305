"""Hot spots that belong to no one joint: between two levels, uncertain, or elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QListWidget, QListWidgetItem

from viewer.facets.words import proposal_status
from viewer.kit.text import plain_tip, shortened
from viewer.kit.theme import DOUBTFUL, FAINT

if TYPE_CHECKING:
    from fusion.uptake import Proposal, Quantification

_ROWS = 1


class HotList(QListWidget):
    """What the program found hot and cannot give to one joint; in a place of its own.

    Attributes
    ----------
    chosen : Signal
        With the :class:`fusion.uptake.Proposal` that was pressed.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._said: tuple[Quantification | None, str] | None = None
        self._shown: tuple[Proposal, ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(_ROWS * (self.fontMetrics().lineSpacing() + 4) + 4)
        self.itemClicked.connect(self._choose)

    @property
    def shown(self) -> tuple[Proposal, ...]:
        """Those at some joint first, then those at none."""
        return self._shown

    def show_proposals(self, assessment: Quantification | None, *, state: str) -> None:
        """Show what the program suggests now.

        Parameters
        ----------
        assessment : Quantification or None
            None while nothing is measured.
        state : str
            Why there is nothing yet; empty when there is.
        """
        shown = assessment, state
        if self._said is not None and self._said[0] is assessment and self._said[1] == state:
            return
        self._said = shown
        every = assessment.proposals if assessment else ()
        unclear = [p for p in every if p.joint is None and p.candidates]
        elsewhere = [p for p in every if not p.candidates]
        self._shown = (*unclear, *elsewhere)
        self.clear()
        if not self._shown:
            self._add(state or "No hot spot between joints or elsewhere.", FAINT)
        for proposal in self._shown:
            ratio = proposal.ratio_to_reference
            number = "" if ratio is None else f"{ratio:.1f}×  "
            words = f"{number}{shortened(proposal.place, 70)} ({proposal_status(proposal)})"
            item = self._add(words, DOUBTFUL if proposal.candidates else FAINT)
            item.setToolTip(plain_tip(proposal.reason))

    def _add(self, text: str, color: str) -> QListWidgetItem:
        item = QListWidgetItem(text)
        item.setForeground(QColor(color))
        # As high as its place: half a line below it could be read by nobody.
        item.setSizeHint(QSize(1, self.maximumHeight() - 2 * self.frameWidth()))
        self.addItem(item)
        return item

    def _choose(self, item: QListWidgetItem) -> None:
        row = self.row(item)
        if row < len(self._shown):
            self.chosen.emit(self._shown[row])
