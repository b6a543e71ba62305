"""The targets beside the pictures: suggest, decide, plan, finish.

All of it shows one reading in the journal and changes it through
:class:`viewer.reading.model.ReadingModel`. Names, notes and whatever else was typed or came with
files is shown as plain text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fusion.pathway import published_pathway
from fusion.plain_text import plain
from viewer.kit.labels import plain_label
from viewer.kit.text import shortened
from viewer.kit.theme import BAD, BOLD, FAINT, INPUT_STYLE, REFUSAL_STYLE, SETTLE_MS, colored
from viewer.reading.dialogs import HistoryDialog
from viewer.reading.panel import ConflictBox, ReadingState
from viewer.reading.words import history_lines
from viewer.targets.block_page import BlockPage
from viewer.targets.dialogs import Consent, labels_dialog
from viewer.targets.finish_page import FinishPage
from viewer.targets.form import TargetForm
from viewer.targets.tables import ProposalTable, TargetTable

if TYPE_CHECKING:
    from fusion.uptake import Proposal
    from viewer.facets.model import FacetsModel
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel

#: Statements of the pathway that stand beside every list of targets
#: (docs/sources.md#safety-sentences).
_BESIDE = ("S19", "S21")


class TargetsPanel(QWidget):
    """Everything that a reader decides about joints, on one reading in the journal.

    Parameters
    ----------
    facets : FacetsModel
        The joints and the uptake at them.
    reading : ReadingModel
        The reading.
    linked : LinkedPanes
        The pictures.
    need_reader : callable, optional
        Asks once who reads and begins the reading; False when nobody answers. Without it a reader
        has to be named elsewhere first.
    """

    def __init__(
        self,
        facets: FacetsModel,
        reading: ReadingModel,
        linked: LinkedPanes,
        *,
        need_reader: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__()
        self._facets, self._reading, self._linked = facets, reading, linked
        ask = need_reader or (lambda: bool(reading.reader))
        self.setStyleSheet(INPUT_STYLE)
        self.state = ReadingState(reading, need_reader=ask)
        self.conflict = ConflictBox(reading)
        self.message = plain_label(wrap=True)
        self.message.setStyleSheet(REFUSAL_STYLE)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        self.proposals, self.table = ProposalTable(), TargetTable()
        self.form = TargetForm(facets, reading, linked, need_reader=ask)
        self.blocks = BlockPage(reading)
        self.finish = FinishPage(facets, reading, need_reader=ask)
        self.pages = QTabWidget()
        self.pages.addTab(self._make_decide(), "Decide")
        self.pages.addTab(self.blocks, "Block plan")
        self.pages.addTab(self.finish, "Finish")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        for widget in (self.state, self._make_dispute(), self.conflict, self.message):
            column.addWidget(widget)
        column.addWidget(self.pages, stretch=1)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        for part in (self.state, self.form, self.finish):
            part.said.connect(self._say)
        self.form.history_wanted.connect(self.show_history)
        self.form.shown.connect(self._mark)
        self.proposals.looked_at.connect(self._look_at)
        self.proposals.accepted.connect(self._accept)
        self.table.chosen.connect(self._choose)
        reading.events.changed.connect(self.refresh)
        facets.events.state.connect(self.refresh)
        facets.events.selected.connect(self._on_selected)
        # The reading does not say so when the alignment only moved on.
        linked.events.review.connect(self._on_review)
        self.refresh()

    def _make_decide(self) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(1, 4, 2, 2)
        said = {s.id: s.text for s in published_pathway().statements if s.id in _BESIDE}
        self.beside = plain_label(" ".join(f"{said[name]}." for name in _BESIDE), wrap=True)
        self.beside.setStyleSheet(f"{colored(FAINT)} font-size: 11px;")
        for widget in (self.proposals, self.table, self.form, self.beside):
            column.addWidget(widget)
        column.addStretch()
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(inside)
        return self.area

    def _make_dispute(self) -> QWidget:
        self.dispute = QFrame()
        self.dispute_words = plain_label(wrap=True)
        self.dispute_words.setStyleSheet(f"{colored(BAD)} {BOLD}")
        self.show_labels = QPushButton("New labels…")
        self.show_labels.clicked.connect(self.ask_labels)
        row = QHBoxLayout(self.dispute)
        row.setContentsMargins(4, 0, 4, 0)
        row.addWidget(self.dispute_words, stretch=1)
        row.addWidget(self.show_labels)
        return self.dispute

    # What is shown

    def refresh(self) -> None:
        """Show what the journal, the anatomy and the uptake say now."""
        model = self._reading
        reading, changes = model.reading, model.label_changes
        final = reading is not None and reading.finalised is not None
        self.state.refresh()
        self.conflict.refresh()
        self.dispute.setVisible(bool(changes))
        self.dispute_words.setText(
            f"Disputed: {', '.join(change.target.joint.name for change in changes)}. The anatomy "
            "says otherwise now."
        )
        self.show_labels.setEnabled(not final)
        self.proposals.show_proposals(
            self._facets.assessment, reading, state=self._facets_words(), final=final
        )
        self.form.refresh()
        self.table.show_targets(
            reading,
            changes,
            provisional=self._facets.provisional,
            selected=self.form.target_id,
        )
        self.blocks.refresh()
        self.finish.refresh()
        count = self.finish.count
        self.pages.setTabText(1, f"Block plan ({len(model.plan.nerves)})")
        self.pages.setTabText(2, f"Finish ({count} open)" if count else "Finish")

    def _facets_words(self) -> str:
        facets = self._facets
        if facets.assessment is not None:
            return ""
        if facets.refusal:
            return shortened(facets.refusal, 500)
        if facets.state == "locating":
            return "Locating the joints on the CT …"
        if facets.localisation is None:
            return "The joints are not located yet; see the Facets tab."
        return "Measuring the uptake at the joints …" if facets.measuring else ""

    def _on_review(self) -> None:
        self._settle.start()

    def _say(self, sentence: str) -> None:
        # A conflict is told with both sides in a box of its own.
        conflict = self._reading.conflict
        if conflict is not None:
            sentence = sentence.replace(conflict.words, "").strip()
        self.message.setText(shortened(sentence, 900))
        self.message.setVisible(bool(sentence))

    # What is chosen

    def _look_at(self, proposal: Proposal) -> None:
        self._linked.point_lps = proposal.point_lps

    def _accept(self, proposal: Proposal) -> None:
        self.form.accept(proposal)
        self._bring_form()

    def _choose(self, target_id: str) -> None:
        self.form.edit(target_id)
        target = self.form.target
        if target is not None and self.form.target_id == target_id:
            self._facets.selected = target.joint
            # The joint's centre is not where the point of this target is.
            self._linked.point_lps = target.point_lps
        self._mark()

    def _on_selected(self) -> None:
        joint = self._facets.selected
        shown = self.form.target
        if joint is not None and (shown is None or shown.joint != joint):
            self.form.click(joint)
        self._mark()

    def _mark(self) -> None:
        self.table.show_targets(
            self._reading.reading,
            self._reading.label_changes,
            provisional=self._facets.provisional,
            selected=self.form.target_id,
        )

    def _bring_form(self) -> None:
        self.pages.setCurrentWidget(self.area)
        QTimer.singleShot(0, self.form, lambda: self.area.ensureWidgetVisible(self.form))

    # Dialogs

    def ask_labels(self) -> Consent:
        """List old and new labels, and take the reader's consent with a reason."""
        dialog = labels_dialog(
            self.window(), self._reading.label_changes, consent=self._reading.consent_to_labels
        )
        dialog.open()
        return dialog

    def show_history(self, target_id: str) -> HistoryDialog | None:
        """Show what happened to one target."""
        reading = self._reading.reading
        if reading is None:
            return None
        lines = list(history_lines(reading, target_id))
        name = next((t.joint.name for t in reading.targets if t.target_id == target_id), "target")
        dialog = HistoryDialog(self.window(), f"History of {plain(name)}", lines)
        dialog.open()
        return dialog

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Begin to look for the joints once somebody looks at the panel."""
        super().showEvent(event)
        self._facets.start()
