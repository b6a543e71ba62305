"""The joints beside the pictures: the ladder and the form; then the last word and the block plan.

All of it shows one reading in the journal and changes it through
:class:`viewer.reading.model.ReadingModel`. Names, notes and whatever else was typed or came with
files is shown as plain text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fusion.annotations import Decision, Origin
from fusion.errors import AnnotationError, FusionError
from fusion.pathway import published_pathway
from fusion.plain_text import plain
from viewer.kit.labels import plain_label
from viewer.kit.layout import scrolling
from viewer.kit.message import MessageLine
from viewer.kit.text import shortened
from viewer.kit.theme import BAD, BOLD, FAINT, INPUT_STYLE, SETTLE_MS, colored
from viewer.reading.blinded import NOT_PROPOSED
from viewer.reading.dialogs import HistoryDialog
from viewer.reading.panel import ConflictBox, ReadingState
from viewer.reading.words import history_lines
from viewer.targets.block_page import BlockPage
from viewer.targets.dialogs import Consent, labels_dialog
from viewer.targets.finish_page import FinishPage
from viewer.targets.form import TargetForm
from viewer.targets.hot_list import HotList
from viewer.targets.ladder import Ladder, cells
from viewer.targets.others import FaintPlace, Others, names
from viewer.targets.others_dialog import OthersConsent

if TYPE_CHECKING:
    from fusion.anatomy import Joint
    from fusion.uptake import Proposal
    from viewer.facets.model import FacetsModel
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel
    from viewer.reading.undo import UndoAll

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
    undo : UndoAll
        Takes back what was done last, whatever it was.
    need_reader : callable, optional
        Asks once who reads and begins the reading; False when nobody answers. Without it a reader
        has to be named elsewhere first.
    message : MessageLine, optional
        Where sentences are told; a line of its own by default.
    """

    #: Somebody wants to see this panel.
    wanted = Signal()

    def __init__(
        self,
        facets: FacetsModel,
        reading: ReadingModel,
        linked: LinkedPanes,
        *,
        undo: UndoAll,
        need_reader: Callable[[], bool] | None = None,
        message: MessageLine | None = None,
    ) -> None:
        super().__init__()
        self._facets, self._reading, self._linked = facets, reading, linked
        self._at: int | None = None
        ask = need_reader or (lambda: bool(reading.reader))
        self.setStyleSheet(INPUT_STYLE)
        self._undo, self._ask = undo, ask
        self.state = ReadingState(reading, undo=undo, need_reader=ask)
        self.conflict = ConflictBox(reading)
        self.message = message or MessageLine(lines=2)
        self.ladder, self.hot = Ladder(), HotList()
        self.form = TargetForm(facets, reading, linked, need_reader=ask)
        self.blocks = BlockPage(reading)
        self.finish = FinishPage(facets, reading)
        self.closing = QTabWidget()
        self.closing.tabBar().setExpanding(True)
        self.closing.setUsesScrollButtons(False)
        self.closing.addTab(self.finish, "Finish")
        self.closing.addTab(self.blocks, "Block plan")
        end = QWidget()
        rows = QVBoxLayout(end)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.state)
        rows.addWidget(self.closing, stretch=1)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._make_decide())
        self.pages.addWidget(end)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.pages, stretch=1)
        # What is rare takes its room from below: nothing above it moves.
        for widget in (self._make_dispute(), self.conflict):
            column.addWidget(widget)
        if message is None:
            column.addWidget(self.message)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        for part in (self.state, self.form):
            part.said.connect(self._say)
        self.form.history_wanted.connect(self.show_history)
        self.form.agreed.connect(self._mark)
        self.ladder.chosen.connect(self._choose)
        self.hot.chosen.connect(self.look_at)
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
        self.others = QPushButton("All others negative…")
        self.others.setToolTip(
            "All other joints in the field: names them and asks once; Ctrl+Shift+N"
        )
        self.others.clicked.connect(self.ask_others_negative)
        column.setSpacing(3)
        between = QHBoxLayout()
        between.addWidget(self.hot, stretch=1)
        between.addWidget(self.others)
        column.addWidget(self.ladder)
        column.addLayout(between)
        for widget in (self.form, self.beside):
            column.addWidget(widget)
        column.addStretch()
        self.area = scrolling(inside)
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
        self.ladder.show_cells(
            cells(
                self._facets.localisation,
                self._facets.assessment,
                reading,
                changes,
                provisional=self._facets.provisional,
            )
        )
        self.hot.show_proposals(self._facets.assessment, state=self._facets_words())
        self.others.setEnabled(not final and self._facets.assessment is not None)
        self.form.refresh()
        joint = self._facets.selected
        if joint is not None and self.form.point_lps is None:
            self.form.click(joint)  # its target was undone or removed
        self._mark()
        self.blocks.refresh()
        self.finish.refresh()
        count = self.finish.count
        self.closing.setTabText(0, f"Finish ({count} open)" if count else "Finish")
        self.closing.setTabText(1, f"Block plan ({len(model.plan.nerves)})")

    def _facets_words(self) -> str:
        facets = self._facets
        if facets.assessment is not None:
            return "" if facets.proposing else NOT_PROPOSED
        if facets.refusal:
            return shortened(facets.refusal, 500)
        if facets.state == "locating":
            return "Locating the joints on the CT …"
        if facets.localisation is None:
            return "The joints are not located yet; see the step Levels."
        return "Measuring the uptake at the joints …" if facets.measuring else ""

    def _on_review(self) -> None:
        self._settle.start()

    def _say(self, sentence: str) -> None:
        # A conflict is told with both sides in a box of its own.
        conflict = self._reading.conflict
        if conflict is not None:
            sentence = sentence.replace(conflict.words, "").strip()
        told = sentence.startswith(("Undone:", "Done again:", "Taken back", "Negative now:"))
        self.message.say(shortened(sentence, 900), refused=not told)

    # What is chosen: one joint for the whole window

    def look_at(self, proposal: Proposal) -> None:
        """Choose a hot spot: its joint where it has one, and the place itself."""
        self._facets.selected = proposal.joint
        if self.form.target is None:
            self._linked.point_lps = proposal.point_lps
            if not self.form.final:
                self.form.accept(proposal)

    def next_hot(self, step: int) -> None:
        """Choose the next hot spot at a joint, hottest first; backwards with a negative step."""
        found = self._facets.assessment
        hot = [p for p in found.proposals if p.candidates] if found else []
        if not hot:
            self._say(self._facets_words() or "No hot spot at a joint.")
            return
        self.bring_form()
        self._at = (self._at + step) % len(hot) if self._at is not None else min(step, 0)
        self.look_at(hot[self._at % len(hot)])

    def next_joint(self, step: int) -> None:
        """Choose the next joint of the ladder that is on the CT."""
        order = [j for j in self.ladder.order if self.ladder.cell(j).there]
        if not order:
            self._say(self._facets_words())
            return
        joint = self._facets.selected
        if joint in order:
            self._choose(order[(order.index(joint) + step) % len(order)])
        else:
            self._choose(order[min(step - 1, 0)])

    @property
    def deciding(self) -> bool:
        """Whether the page of the ladder is in front of the other pages here."""
        return self.pages.currentWidget() is self.area

    def bring_form(self) -> bool:
        """Bring the page of the ladder to the front; returns whether it was there already."""
        there = self.isVisible() and self.deciding
        if not there:
            self.show_page(self.area)
            self.wanted.emit()
        return there

    def show_page(self, page: QWidget) -> None:
        """Bring one page to the front: the ladder, *Finish* or the block plan."""
        if page is not self.area:
            self.closing.setCurrentWidget(page)
        self.pages.setCurrentIndex(0 if page is self.area else 1)

    def _choose(self, joint: Joint) -> None:
        self._facets.selected = joint

    def _on_selected(self) -> None:
        joint = self._facets.selected
        if joint is None:
            if self.form.joint is not None:
                self.form.leave()
        elif self.form.joint != joint or self.form.target is None:
            self.form.click(joint)
        target = self.form.target
        if target is not None and target.joint == joint:
            # The joint's centre is not where the point of this target is.
            self._linked.point_lps = target.point_lps
        self._mark()

    def _mark(self) -> None:
        joint = self.form.joint or self._facets.selected
        self.ladder.show_selected(joint, agrees=self.form.agrees)

    # Many joints

    def ask_others_negative(self) -> Consent | None:
        """Name the joints that nothing was said about, and call them negative if agreed."""
        self.bring_form()
        self._say("")
        if self._facets.assessment is None or self.form.final:
            self._say(self._facets_words() or "This reading is final and cannot be changed.")
            return None
        try:
            if not self._ask():
                self._say("Not saved. Every decision needs the name of its reader.")
                return None
        except FusionError as error:
            self._say(str(error))
            return None
        facets, reading = self._facets, self._reading.reading
        others = Others.of(facets.localisation, facets.assessment, reading)
        dialog = OthersConsent(
            self.window(), others, decide=self._call_negative, look=self._look_at_faint
        )
        if others.faint:
            self._look_at_faint(others.faint[0])
        dialog.open()
        return dialog

    def _look_at_faint(self, place: FaintPlace) -> None:
        self._facets.selected = None
        self._linked.go_to(place.proposal.point_lps)

    def _call_negative(self, joints: tuple[Joint, ...]) -> None:
        self._undo.begin_group()
        try:
            denied = self._reading.decide_each(
                joints, Decision.NEGATIVE, origin=Origin.JOINT_CLICKED
            )
        except AnnotationError as error:
            self._say(str(error))
            return
        finally:
            self._undo.end_group()
        done = names(tuple(joint for joint in joints if joint not in denied))
        why = (f"{joint.name}: {words}" for joint, words in denied.items())
        self._say(" ".join((f"Negative now: {done or 'none'}.", *why)))

    def ask_finish(self) -> Consent | None:
        """Bring the page Finish to the front; ask for the last word where nothing is missing."""
        self.show_page(self.finish)
        self.wanted.emit()
        missing = self._reading.missing
        if self._reading.reading is None or self.form.final or missing:
            self._say(f"Missing: {'; '.join(missing)}." if missing else "")
            return None
        return self.finish.ask_finalise()

    # Dialogs

    def ask_addendum(self) -> Consent | None:
        """Begin a new version of a final reading if the reader says why."""
        if not self.form.final:
            self._say("An addendum belongs to a final reading; this one can still be changed.")
            return None
        return self.finish.ask_addendum()

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
