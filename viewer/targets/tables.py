"""What the program suggests, and what the reader decided: two tables of the targets panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
)

from fusion.anatomy import JOINTS
from fusion.annotations import Decision
from fusion.uptake import RATIO_TO_REFERENCE
from viewer.facets.words import is_certain, proposal_status, proposal_words
from viewer.kit.labels import plain_label
from viewer.kit.layout import BOX_MARGINS
from viewer.kit.table import TextTable
from viewer.kit.text import shortened
from viewer.kit.theme import BAD, DOUBTFUL, FAINT, INFO, PALE, POSITIVE, colored
from viewer.reading.words import answer_text, grade_text
from viewer.targets.words import SYMBOLS, details_text, level_text, uncertainty_text, uptake_text

if TYPE_CHECKING:
    from fusion.annotations import Answer, LabelChange, Reading, Target
    from fusion.uptake import Proposal, Quantification

DECISION_COLORS = {
    Decision.POSITIVE: POSITIVE,
    Decision.NEGATIVE: INFO,
    Decision.INDETERMINATE: PALE,
}
#: Rows shown before a list scrolls.
_PROPOSAL_ROWS, _TARGET_ROWS = 5, 4


class ProposalTable(QGroupBox):
    """Hot spots that the program suggests, to accept or dismiss one by one.

    Attributes
    ----------
    looked_at : Signal
        With a :class:`fusion.uptake.proposals.Proposal` that the reader chose in the list.
    accepted : Signal
        With the one that the reader wants to decide about.
    """

    looked_at = Signal(object)
    accepted = Signal(object)

    def __init__(self) -> None:
        super().__init__("Suggested by the program")
        self._proposals: tuple[Proposal, ...] = ()
        self._dismissed: set[tuple[object, ...]] = set()
        self._reading: Reading | None = None
        self.state = plain_label(wrap=True)
        self.state.setStyleSheet(colored(FAINT))
        self.table = TextTable(
            ("Place", "Grade", "× ref.", "Says", "Decided"),
            (
                "Joint or other structure",
                "By the program; thresholds are not validated",
                "Hottest voxel over the reference",
                "Whether one joint can be named with certainty",
                "What you decided about the joint",
            ),
        )
        self.reason = plain_label(wrap=True)
        self.accept = QPushButton("Accept…")
        self.accept.setToolTip("Side, level and decision stay open: you say them below")
        self.dismiss = QPushButton("Dismiss")
        self.dismiss.setToolTip("Take it off this list; nothing is recorded about it")
        self.bring_back = QPushButton()
        self.elsewhere = QPushButton()
        self.elsewhere.setCheckable(True)
        self.elsewhere.toggled.connect(self._show_elsewhere)
        self.accept.clicked.connect(self._accept)
        self.dismiss.clicked.connect(self._dismiss)
        self.bring_back.clicked.connect(self._bring_back)
        self.table.itemSelectionChanged.connect(self._look)
        buttons = QHBoxLayout()
        for button in (self.accept, self.dismiss, self.elsewhere, self.bring_back):
            button.setMinimumWidth(1)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*BOX_MARGINS)
        column.setSpacing(4)
        for widget in (self.state, self.table, self.reason):
            column.addWidget(widget)
        column.addLayout(buttons)
        self.show_proposals(None, None, state="", final=False)

    @property
    def shown(self) -> tuple[Proposal, ...]:
        """Those that were not dismissed, and where asked for those that are at no joint."""
        every = self.elsewhere.isChecked()
        return tuple(p for p in self._kept if p.candidates or every)

    @property
    def _kept(self) -> tuple[Proposal, ...]:
        return tuple(p for p in self._proposals if _key(p) not in self._dismissed)

    @property
    def chosen(self) -> Proposal | None:
        """The one whose row is marked."""
        row = self.table.currentRow()
        marked = self.table.selectionModel().hasSelection()
        return self.shown[row] if marked and 0 <= row < len(self.shown) else None

    def show_proposals(
        self, assessment: Quantification | None, reading: Reading | None, *, state: str, final: bool
    ) -> None:
        """Show what the program suggests now.

        Parameters
        ----------
        assessment : Quantification or None
            From :func:`fusion.uptake.proposals.assess`.
        reading : Reading or None
            What was decided already.
        state : str
            Why there is nothing yet; empty when there is.
        final : bool
            Whether nothing can be decided any more.
        """
        chosen = self.chosen
        key = None if chosen is None else _key(chosen)
        self._proposals = assessment.proposals if assessment else ()
        self._reading = reading
        self._final = final
        self.state.setText(state or ("" if self.shown else "No hot spot at a joint."))
        self.state.setVisible(bool(self.state.text()))
        self._fill(key)

    def _fill(self, key: tuple[object, ...] | None) -> None:
        table, shown = self.table, self.shown
        table.blockSignals(True)
        table.setRowCount(len(shown))
        for row, proposal in enumerate(shown):
            ratio = proposal.ratio_to_reference
            certain = is_certain(proposal)
            known = (
                None
                if self._reading is None or proposal.joint is None
                else self._reading.target_at(proposal.joint)
            )
            cells = (
                shortened(proposal.place, 80),
                str(proposal.grade),
                "?" if ratio is None else RATIO_TO_REFERENCE.number(ratio),
                proposal_status(proposal),
                "" if known is None else f"{SYMBOLS[known.decision]} {known.decision}",
            )
            for column, text in enumerate(cells):
                color = "" if certain or column != 3 else DOUBTFUL
                table.put(row, column, text, color=color, tip=proposal.reason)
        table.blockSignals(False)
        rows = [_key(proposal) for proposal in shown]
        table.choose(rows.index(key) if key in rows else None)
        table.setVisible(bool(shown))
        table.fit(_PROPOSAL_ROWS)
        self._show_chosen()

    def _show_chosen(self) -> None:
        proposal = self.chosen
        words = ""
        if proposal is not None:
            words = f"{proposal_words(proposal)} {proposal.reason}"
        self.reason.setText(shortened(words, 900))
        self.reason.setVisible(bool(words))
        self.accept.setVisible(proposal is not None)
        self.accept.setEnabled(
            proposal is not None and bool(proposal.candidates) and not self._final
        )
        self.dismiss.setVisible(proposal is not None)
        other = sum(not proposal.candidates for proposal in self._kept)
        verb = "Hide" if self.elsewhere.isChecked() else "Show"
        self.elsewhere.setText(f"{verb} {other} elsewhere")
        self.elsewhere.setToolTip("Hot spots at no joint")
        self.elsewhere.setVisible(other > 0)
        gone = len(self._proposals) - len(self._kept)
        self.bring_back.setText(f"Show {gone} dismissed")
        self.bring_back.setVisible(gone > 0)

    def _show_elsewhere(self) -> None:
        chosen = self.chosen
        self._fill(None if chosen is None else _key(chosen))

    def _look(self) -> None:
        self._show_chosen()
        if self.chosen is not None:
            self.looked_at.emit(self.chosen)

    def _accept(self) -> None:
        proposal = self.chosen
        if proposal is not None:
            self.table.choose(None)  # the reason makes room for the decision
            self._show_chosen()
            self.accepted.emit(proposal)

    def _dismiss(self) -> None:
        if self.chosen is not None:
            self._dismissed.add(_key(self.chosen))
            self._fill(None)

    def _bring_back(self) -> None:
        self._dismissed.clear()
        self._fill(None)


def _key(proposal: Proposal) -> tuple[object, ...]:
    """Return what stays the same when the uptake is measured again: the place."""
    return (proposal.place, *(round(float(v)) for v in proposal.point_lps))


class TargetTable(QGroupBox):
    """What the reader decided, one row a joint.

    Attributes
    ----------
    chosen : Signal
        With the ``target_id`` of the row that the reader chose.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Targets")
        self._targets: tuple[Target, ...] = ()
        self.empty = plain_label("Nothing is decided yet.", wrap=True)
        self.table = TextTable(
            ("Joint", "Decision", "Pain", "Bed", "Uptake", "± mm"),
            (
                "Side and level; what has to be known about the level",
                "Decision and grade",
                "Do side and level match the patient's pain? A dash: not answered yet",
                "Does the joint lie in an operative bed? A dash: not answered yet",
                "Ratio to the reference and maximum, as of the decision",
                "Uncertainty of the SPECT on the CT here, and of the joint, mm",
            ),
        )
        self.table.itemSelectionChanged.connect(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(*BOX_MARGINS)
        column.setSpacing(4)
        column.addWidget(self.empty)
        column.addWidget(self.table)

    def show_targets(
        self,
        reading: Reading | None,
        changes: Sequence[LabelChange],
        *,
        provisional: bool,
        selected: str,
    ) -> None:
        """Show the targets of a reading.

        Parameters
        ----------
        reading : Reading or None
            As it is now.
        changes : sequence of LabelChange
            Targets whose label is disputed.
        provisional : bool
            Whether there are joints now whose level is not certain.
        selected : str
            ``target_id`` of the row to mark; empty for none.
        """
        targets = () if reading is None else tuple(sorted(reading.targets, key=_from_the_skull))
        disputed = {change.target.target_id: change for change in changes}
        confirmed = reading is not None and reading.numbering is not None
        self._targets = targets
        self.setTitle(f"Targets ({len(targets)})" if targets else "Targets")
        self.empty.setVisible(not targets)
        self.table.setVisible(bool(targets))
        self.table.blockSignals(True)
        self.table.setRowCount(len(targets))
        for row, target in enumerate(targets):
            change = disputed.get(target.target_id)
            level = level_text(target, change, confirmed=confirmed, provisional=provisional)
            self._put(row, target, change, level)
        self.table.blockSignals(False)
        ids = [target.target_id for target in targets]
        self.table.choose(ids.index(selected) if selected in ids else None)
        self.table.fit(_TARGET_ROWS)

    def _put(self, row: int, target: Target, change: LabelChange | None, level: str) -> None:
        joint = f"{target.joint.name}\n{level}" if level else target.joint.name
        decision = f"{SYMBOLS[target.decision]} {target.decision}\n{grade_text(target.grade)}"
        tip = details_text(target) if change is None else change.why
        if target.shown_note:
            tip = f"{tip}\nNote: {shortened(target.note)}"
        cells = (
            (joint, BAD if change else DOUBTFUL if level else ""),
            (decision, DECISION_COLORS[target.decision]),
            (_short(target.clinically_concordant), ""),
            (_short(target.inside_operative_bed), ""),
            (uptake_text(target), ""),
            (uncertainty_text(target), ""),
        )
        for column, (text, color) in enumerate(cells):
            self.table.put(row, column, text, color=color, tip=tip)

    def _choose(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._targets):
            self.chosen.emit(self._targets[row].target_id)


def _short(answer: Answer | None) -> str:
    return answer_text(answer).replace("not recorded", "not\nrec.")


def _from_the_skull(target: Target) -> int:
    return JOINTS.index(target.joint)
