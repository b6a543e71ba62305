"""What speaks for the numbering, and what the uptake suggests: plain sentences in rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fusion.findings import Finding
from fusion.findings.joints import (
    ANOMALIES_RECORDED,
    ANOMALY_PROPOSED,
    CLICKS_DISAGREE,
    NUMBERING_PROVISIONAL,
    PROPOSALS_WITHHELD,
)
from fusion.uptake import NOT_VALIDATED, StructureKind
from viewer.facets.words import evidence_line, hot_spot_text
from viewer.kit.labels import LinkLabel, plain_label
from viewer.kit.layout import scroll
from viewer.kit.theme import BAD, DOUBTFUL, FAINT, GOOD, PALE, colored, edged

if TYPE_CHECKING:
    from fusion.facets import Anomaly, Localisation, SpineStatements
    from fusion.uptake import Proposal, Quantification

_GRADE_COLORS = (FAINT, PALE, DOUBTFUL, BAD)
WITHOUT_LABELS = "Locate without the label map"
#: Findings that the panel's heading, or this list, says already.
_SAID = (NUMBERING_PROVISIONAL, CLICKS_DISAGREE, ANOMALY_PROPOSED, *ANOMALIES_RECORDED)


class _Rows(QScrollArea):
    """A scrolling column of widgets that is filled anew."""

    def __init__(self) -> None:
        super().__init__()
        self._fill([])

    def _fill(self, rows: list[QWidget]) -> None:
        before = self.takeWidget()
        if before is not None:  # it may hold the button whose press is being answered
            before.hide()
            before.deleteLater()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 6, 2)
        column.setSpacing(4)
        for row in rows:
            column.addWidget(row)
        column.addStretch()
        scroll(self, inside)


class EvidenceList(_Rows):
    """Every piece of evidence with what became of it, and what the reader said.

    Attributes
    ----------
    unnamed : Signal
        With the vertebra whose name the reader takes back.
    withdrawn : Signal
        With the Anomaly that the reader takes back.
    taken, dismissed : Signal
        With the Anomaly that the program proposed and the reader records, or dismisses.
    map_asked : Signal
        The reader wants to take the joints from a label map.
    map_dropped : Signal
        The reader wants to take them from the CT alone.
    """

    unnamed = Signal(str)
    withdrawn = Signal(object)
    taken = Signal(object)
    dismissed = Signal(object)
    map_asked = Signal()
    map_dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[str, ...] = ()
        self.buttons: dict[str, QPushButton] = {}
        self._shown: tuple[object, ...] = ()

    def show_evidence(
        self,
        found: Localisation | None,
        said: SpineStatements,
        *,
        state: str,
        from_labels: bool = False,
        offered: Sequence[Finding] = (),
    ) -> None:
        """Show these instead.

        Parameters
        ----------
        found : Localisation or None
            The joints, with the evidence for their numbering.
        said : SpineStatements
            What the reader said.
        state : str
            What to say while there is nothing.
        from_labels : bool
            Whether the joints are taken from a label map.
        offered : sequence of Finding
            Segmentations of vertebrae that the study holds.
        """
        shown = found, said, state, from_labels, tuple(offered)
        if self._shown and self._shown[0] is found and self._shown[1:] == shown[1:]:
            return
        self._shown = shown
        rows: list[QWidget] = []
        self.buttons = {}
        lines: list[str] = []
        for vertebra in said.clicks:
            text = f"✓ {vertebra} was named by the reader; all levels follow"
            rows.append(self._said(text, f"Take back {vertebra}"))
            self.buttons[vertebra].clicked.connect(
                lambda _checked, name=vertebra: self.unnamed.emit(name)
            )
            lines.append(text)
        for anomaly in said.anomalies:
            what = anomaly.name
            text = f"• The reader recorded: {what}"
            rows.append(self._said(text, f"Take back {what}"))
            self.buttons[what].clicked.connect(
                lambda _checked, anomaly=anomaly: self.withdrawn.emit(anomaly)
            )
            lines.append(text)
        for one in said.unanswered(found.proposed) if found else ():
            text = f"? Proposed by the program, not set: {one.anomaly.name}: {one.why}"
            rows.append(self._proposed(text, one.anomaly))
            lines.append(text)
        for anomaly in said.dismissed:
            text = f"• Proposed by the program and dismissed: {anomaly.name}"
            rows.append(plain_label(text, wrap=True))
            lines.append(text)
        # What speaks against a numbering must not be scrolled for.
        order = (False, True, None)
        evidence = sorted(found.evidence, key=lambda e: order.index(e.agrees)) if found else []
        for piece in evidence:
            text, color = evidence_line(piece)
            label = plain_label(text, wrap=True)
            label.setStyleSheet(edged(color))
            rows.append(label)
            lines.append(text)
        for finding in found.findings if found else ():
            if finding.kind not in _SAID:
                rows.append(plain_label(finding.message, wrap=True))
                lines.append(finding.message)
        if not rows and state:
            rows.append(plain_label(state, wrap=True))
        for finding in () if from_labels else offered:
            rows.append(plain_label(finding.message, wrap=True))
            lines.append(finding.message)
        rows.append(self._map_buttons(from_labels))
        self.lines = tuple(lines)
        self._fill(rows)

    def _map_buttons(self, from_labels: bool) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        self.label_map = QPushButton("Label map…")
        self.label_map.setToolTip("Take the joints from vertebrae labelled by another program")
        self.label_map.clicked.connect(self.map_asked)
        line.addWidget(self.label_map)
        if from_labels:
            without = QPushButton(WITHOUT_LABELS)
            without.clicked.connect(self.map_dropped)
            line.addWidget(without)
            self.buttons[WITHOUT_LABELS] = without
        line.addStretch()
        return row

    def _proposed(self, text: str, anomaly: Anomaly) -> QWidget:
        row, answers = QWidget(), QHBoxLayout()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        label = plain_label(text, wrap=True)
        label.setStyleSheet(edged(DOUBTFUL))
        for what, signal in (("Record", self.taken), ("Dismiss", self.dismissed)):
            name = f"{what} {anomaly.name}"
            self.buttons[name] = button = QPushButton(name)
            button.clicked.connect(lambda _checked, signal=signal: signal.emit(anomaly))
            answers.addWidget(button)
        answers.addStretch()
        column.addWidget(label)
        column.addLayout(answers)
        return row

    def _said(self, text: str, button: str) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        label = plain_label(text, wrap=True)
        label.setStyleSheet(edged(GOOD))
        self.buttons[button.removeprefix("Take back ")] = back = QPushButton(button)
        column.addWidget(label)
        column.addWidget(back, alignment=Qt.AlignmentFlag.AlignLeft)
        return row


class HotSpotList(_Rows):
    """What the uptake suggests; none of it is a target.

    Attributes
    ----------
    chosen : Signal
        With the Proposal that the reader chose.
    any_tracer : Signal
        With whether hot spots of a tracer that is not known to show bone are to be proposed.
    """

    chosen = Signal(object)
    any_tracer = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.all_the_same: QCheckBox | None = None
        self.proposals: tuple[Proposal, ...] = ()
        self.in_spine = 0
        self.links: list[LinkLabel] = []
        self._all = False
        self._shown: tuple[Quantification | None, str, bool, bool] | None = None

    def show_proposals(
        self, assessment: Quantification | None, *, state: str, any_tracer: bool = False
    ) -> None:
        """Show these instead, the ones in the spine first.

        Parameters
        ----------
        assessment : Quantification or None
            The uptake; None while it is not known.
        state : str
            What to say while there is nothing.
        any_tracer : bool
            Whether the reader asked for hot spots of a tracer that is not known to show bone.
        """
        shown, before = (assessment, state, any_tracer, self._all), self._shown
        if before is not None and before[0] is assessment and before[1:] == shown[1:]:
            return
        self._shown = shown
        if assessment is None:
            self.proposals, self.links, self.in_spine = (), [], 0
            self.all_the_same = None
            self._fill([plain_label(state, wrap=True)] if state else [])
            return
        spine = [p for p in assessment.proposals if not outside_spine(p)]
        elsewhere = [p for p in assessment.proposals if outside_spine(p)]
        self.proposals = (*spine, *(elsewhere if self._all else ()))
        self.in_spine = len(spine)
        head = plain_label(
            f"Suggestions, not targets; grades and thresholds are {NOT_VALIDATED}.", wrap=True
        )
        head.setStyleSheet(colored(FAINT))
        rows: list[QWidget] = [head]
        withheld = any(finding.kind is PROPOSALS_WITHHELD for finding in assessment.findings)
        self.all_the_same = None
        if withheld or any_tracer:
            rows += self._tracer_rows(asked=any_tracer)
        if not spine and not withheld:
            rows.append(plain_label("No hot spot in the spine."))
        self.links = [self._link(proposal) for proposal in self.proposals]
        rows += self.links[: len(spine)]
        if elsewhere:
            more = QCheckBox(f"Show {len(elsewhere)} hot spots outside the spine")
            more.setChecked(self._all)
            more.toggled.connect(self._show_all)
            rows.append(more)
        rows += self.links[len(spine) :]
        self._fill(rows)

    def _tracer_rows(self, *, asked: bool) -> list[QWidget]:
        why = "The tracer is not known to show bone: uptake may be that of other tissue."
        words = plain_label(why if asked else f"Nothing is proposed. {why}", wrap=True)
        words.setStyleSheet(edged(DOUBTFUL))
        self.all_the_same = QCheckBox("Propose its hot spots all the same")
        self.all_the_same.setChecked(asked)
        self.all_the_same.toggled.connect(self.any_tracer)
        return [words, self.all_the_same]

    def _show_all(self, shown: bool) -> None:
        self._all = shown
        if self._shown is not None:
            assessment, state, any_tracer, _ = self._shown
            self.show_proposals(assessment, state=state, any_tracer=any_tracer)

    def _link(self, proposal: Proposal) -> LinkLabel:
        link = LinkLabel(hot_spot_text(proposal))
        color = _GRADE_COLORS[proposal.grade]
        link.setStyleSheet(edged(color))
        link.setToolTip("Puts the crosshair on the hot spot")
        link.chosen.connect(lambda: self.chosen.emit(proposal))
        return link


def outside_spine(proposal: Proposal) -> bool:
    """Tell whether a hot spot belongs to nothing in the spine."""
    return proposal.place == StructureKind.OUTSIDE.value
