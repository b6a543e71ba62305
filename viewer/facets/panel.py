"""The joints beside the pictures: where they are, how sure, what was measured, what it suggests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fusion.anatomy import VERTEBRAE, Joint
from fusion.annotations import AnomalyRecorded
from fusion.facets import DRAGGED, MARKED, Anomaly, Labels
from fusion.findings.joints import VERTEBRAE_SEGMENTED
from viewer.facets.confirming import NumberingBox
from viewer.facets.dialogs import AnomalyDialog, LabelDialog
from viewer.facets.lists import WITHOUT_LABELS, EvidenceList, HotSpotList
from viewer.facets.marks import Marks
from viewer.facets.model import State
from viewer.facets.mouse import bind_marks
from viewer.facets.reference_page import ReferencePage
from viewer.facets.table import JointTable
from viewer.facets.words import count_against, details, heading, waiting_text
from viewer.kit.labels import OneLineLabel, plain_label
from viewer.kit.layout import scrolling
from viewer.kit.message import MessageLine
from viewer.kit.text import plain_tip
from viewer.kit.theme import BOLD, FAINT, RAISED, TEXT, restyle

if TYPE_CHECKING:
    from fusion.uptake import Proposal
    from viewer.facets.model import FacetsModel
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel

_STEPS = 1000
_PUT = "Move here"
#: Least height of proposals, evidence and reference, px.
_LEAST_PAGE = 130
#: Height of what is known about the chosen joint, px.
_DETAILS_HEIGHT = 88
#: Lines of the reason why levels are trusted or not, and height of what shows progress, px.
_REASON_LINES, _PROGRESS_HEIGHT = 3, 26


class FacetsPanel(QWidget):
    """All joints of the neck, the numbering with its evidence, and the proposals.

    Parameters
    ----------
    facets : FacetsModel
        The joints and the uptake.
    reading : ReadingModel
        Where what the reader says is saved.
    linked : LinkedPanes
        What shows the study.
    need_reader : callable, optional
        Asks once who reads; False when nobody says. Without it a reader has to be named before.
    message : MessageLine, optional
        Where sentences are told; a line of its own by default.
    """

    def __init__(
        self,
        facets: FacetsModel,
        reading: ReadingModel,
        linked: LinkedPanes,
        *,
        need_reader: Callable[[], bool] | None = None,
        message: MessageLine | None = None,
    ) -> None:
        super().__init__()
        self._facets, self._reading, self._linked = facets, reading, linked
        ask = need_reader or (lambda: reading.reading is not None)
        self.marks = Marks(facets, reading, linked, need_reader=ask)
        bind_marks(self.marks, linked)
        self.dialog: AnomalyDialog | LabelDialog | None = None
        self.message = message or MessageLine(lines=2)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 4, 2, 0)
        column.setSpacing(4)
        column.addWidget(self._make_heading())
        column.addWidget(self._make_progress())
        self.confirming = NumberingBox(facets, reading, need_reader=ask)
        self.confirming.said.connect(lambda sentence: self.message.say(sentence))
        column.addWidget(self.confirming)
        column.addLayout(self._make_actions())
        self.table = JointTable()
        self.table.chosen.connect(self._choose)
        # All sixteen rows, where there is room for them, before anything below grows.
        column.addWidget(self.table, stretch=100)
        column.addWidget(self._make_details())
        column.addWidget(self._make_pages(), stretch=1)
        if message is None:
            column.addWidget(self.message)
        for event in (facets.events.localisation, facets.events.state, facets.events.assessment):
            event.connect(self._refresh)
        facets.events.progress.connect(self._show_progress)
        facets.events.selected.connect(self._show_selected)
        reading.events.changed.connect(self._refresh)
        self.marks.events.notice.connect(self._show_message)
        self.marks.events.naming.connect(self._show_naming)
        self._refresh()

    # Making

    def _make_heading(self) -> QWidget:
        self.heading = QFrame()
        self.heading.setObjectName("heading")
        self.numbering = OneLineLabel(keep_end=False)
        self.reason = plain_label(wrap=True)
        self.numbering.setStyleSheet(f"{BOLD} font-size: 14px;")
        column = QVBoxLayout(self.heading)
        column.setContentsMargins(8, 3, 4, 3)
        column.setSpacing(1)
        column.addWidget(self.numbering)
        area = scrolling(self.reason)
        area.setFixedHeight(_REASON_LINES * self.fontMetrics().lineSpacing())
        area.setStyleSheet("background: transparent;")
        column.addWidget(area)
        return self.heading

    def _make_progress(self) -> QWidget:
        self.progress = QWidget()
        self.progress.setFixedHeight(_PROGRESS_HEIGHT)  # also while there is nothing to wait for
        row = QHBoxLayout(self.progress)
        row.setContentsMargins(0, 0, 0, 0)
        self.find_joints, self.cancel = QPushButton("Find the joints"), QPushButton("Cancel")
        self.find_joints.clicked.connect(self._facets.start)
        self.cancel.clicked.connect(self._facets.cancel)
        self.without = QPushButton(WITHOUT_LABELS)
        self.without.clicked.connect(self._drop_labels)
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(True)
        row.addWidget(self.find_joints)
        row.addWidget(self.bar, stretch=1)
        row.addWidget(self.cancel)
        row.addWidget(self.without)
        return self.progress

    def _make_actions(self) -> QHBoxLayout:
        self.name = QPushButton("This is vertebra…")
        self.name.setToolTip("Choose its name, then click into its body in any picture")
        self.menu = QMenu(self.name)
        for vertebra in VERTEBRAE[1:]:
            self.menu.addAction(vertebra).triggered.connect(
                lambda _checked=False, vertebra=vertebra: self.marks.name_next(vertebra)
            )
        # Without a compositor X11 leaves on the screen what the menu looked like.
        self.menu.aboutToHide.connect(self.update)
        self.name.setMenu(self.menu)
        self.stop = QPushButton()
        self.stop.setToolTip("Escape")
        self.stop.clicked.connect(self.marks.cancel)
        self.anomaly = QPushButton("Record anomaly…")
        self.anomaly.setToolTip(
            "Record an anomaly: cervical rib, fused level, missing or extra segment"
        )
        self.anomaly.clicked.connect(self.ask_anomaly)
        self.put, self.back = QPushButton(_PUT), QPushButton("Put back")
        self.put.setToolTip(
            "Puts the chosen joint at the crosshair; its ring in a picture can be dragged as well"
        )
        self.back.setToolTip("Puts the chosen joint back where the program found it")
        self.put.clicked.connect(self._put)
        self.back.clicked.connect(self._put_back)
        row = QHBoxLayout()
        row.setSpacing(3)
        for button in (self.name, self.stop, self.anomaly, self.put, self.back):
            button.setMinimumWidth(1)
            button.setStyleSheet("QPushButton { padding: 4px 2px; font-size: 12px; }")
        self._naming = QStackedWidget()
        self._naming.addWidget(self.name)
        self._naming.addWidget(self.stop)
        policy = QSizePolicy.Policy
        self._naming.setSizePolicy(policy.Preferred, policy.Fixed)
        row.addWidget(self._naming)
        for button in (self.anomaly, self.put, self.back):
            row.addWidget(button)
        return row

    def _make_details(self) -> QWidget:
        self.details = plain_label(wrap=True)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.details.setContentsMargins(4, 2, 4, 2)
        area = scrolling(self.details)
        area.setFixedHeight(_DETAILS_HEIGHT)
        return area

    def _make_pages(self) -> QTabWidget:
        self.proposals, self.evidence = HotSpotList(), EvidenceList()
        self.reference = ReferencePage(self._facets)
        self.proposals.chosen.connect(self._look_at)
        self.proposals.any_tracer.connect(self._propose_for_any_tracer)
        self.evidence.unnamed.connect(lambda vertebra: self.marks.name(vertebra, None))
        self.evidence.withdrawn.connect(self._withdraw)
        self.evidence.taken.connect(self._take)
        self.evidence.dismissed.connect(self._dismiss)
        self.evidence.map_asked.connect(self.ask_labels)
        self.evidence.map_dropped.connect(self._drop_labels)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.setMinimumHeight(_LEAST_PAGE)
        self.pages.addTab(self.proposals, "Proposals")
        self.pages.addTab(self.evidence, "Numbering")
        self.pages.addTab(self.reference, "Reference")
        return self.pages

    # What is shown

    def _refresh(self) -> None:
        facets = self._facets
        self._show_heading()
        self._show_progress()
        self.table.show_joints(facets.localisation, facets.assessment)
        self._show_selected()
        self._show_naming()
        waiting = waiting_text(facets)
        self.proposals.show_proposals(
            facets.assessment, state=waiting, any_tracer=facets.settings.any_tracer
        )
        count = self.proposals.in_spine
        self.evidence.show_evidence(
            facets.localisation,
            facets.said,
            state=waiting,
            from_labels=bool(facets.labels.paths),
            offered=[f for f in self._linked.review.findings if f.kind is VERTEBRAE_SEGMENTED],
        )
        self.pages.setTabText(0, f"Proposals ({count})" if count else "Proposals")
        against = count_against(facets.localisation)
        self.pages.setTabText(1, f"Numbering ({against} against)" if against else "Numbering")
        self.reference.refresh()

    def _show_heading(self) -> None:
        title, reason, color = heading(self._facets)
        self.numbering.setText(title)
        self.numbering.setToolTip(plain_tip(title))
        self.reason.setText(reason)
        restyle(
            self.heading,
            f"QFrame#heading {{ border-left: 6px solid {color}; background: {RAISED}; }}"
            f"QLabel {{ color: {color if color != FAINT else TEXT}; }}",
        )

    def _show_progress(self) -> None:
        state = self._facets.state
        fraction, step = self._facets.progress
        locating = state is State.LOCATING
        self.find_joints.setVisible(state is State.NOT_STARTED)
        self.bar.setVisible(locating)
        self.cancel.setVisible(locating)
        self.without.setVisible(state is State.LABELS_REFUSED)
        self.bar.setValue(round(_STEPS * fraction))
        self.bar.setFormat(step or "Starting …")

    def _show_message(self) -> None:
        self.message.say(self.marks.notice)

    def _show_naming(self) -> None:
        naming, known = self.marks.naming, self._facets.localisation is not None
        self._naming.setCurrentWidget(self.stop if naming else self.name)
        self.stop.setText(f"Click {naming} (stop)")
        self.name.setEnabled(known)
        self.anomaly.setEnabled(known)

    def _show_selected(self) -> None:
        facets, joint = self._facets, self._facets.selected
        self.table.show_selected(joint)
        found = facets.localisation
        facet = found.facet(joint.level, joint.side) if found and joint else None
        self.put.setEnabled(facet is not None)
        self.back.setEnabled(facet is not None and facet.source in (DRAGGED, MARKED))
        if facet is None:
            text = "Choose a joint in the table or click its ring in a picture." if found else ""
            self.details.setText(text)
            return
        self.put.setText(_PUT if facet.center_lps is not None else "Mark here")
        uptake = facets.assessment.uptake_of(facet.joint) if facets.assessment else None
        label = self._linked.review.spect_label
        self.details.setText(details(facet, uptake, label=label))

    # What the reader does

    def _choose(self, joint: Joint) -> None:
        self._facets.selected = joint

    def _look_at(self, proposal: Proposal) -> None:
        self._facets.selected = proposal.joint
        self._linked.point_lps = proposal.point_lps

    def _put(self) -> None:
        if self._facets.selected is not None:
            self.marks.put(self._facets.selected, self._linked.point_lps)

    def _put_back(self) -> None:
        if self._facets.selected is not None:
            self.marks.put(self._facets.selected, None)

    def _propose_for_any_tracer(self, asked: bool) -> None:
        self._facets.settings = replace(self._facets.settings, any_tracer=asked)

    def ask_anomaly(self) -> AnomalyDialog:
        """Ask what is unusual about this spine, and save it."""
        self.dialog = dialog = AnomalyDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.marks.record(dialog.change))
        dialog.open()
        return dialog

    def ask_labels(self) -> LabelDialog:
        """Ask for label maps made elsewhere, and take the joints from them."""
        self.dialog = dialog = LabelDialog(self.window(), self._facets.labels)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._use_labels(dialog.labels))
        dialog.open()
        return dialog

    def _drop_labels(self) -> None:
        self._use_labels(Labels())

    def _use_labels(self, labels: Labels) -> None:
        self._facets.use_labels(labels)
        self._facets.start()

    def _take(self, anomaly: Anomaly) -> None:
        note = "proposed by the program"
        self.marks.record(AnomalyRecorded(anomaly.kind, anomaly.level, note))

    def _dismiss(self, anomaly: Anomaly) -> None:
        note = "proposed by the program and dismissed"
        self.marks.record(AnomalyRecorded(anomaly.kind, anomaly.level, note, withdrawn=True))

    def _withdraw(self, anomaly: Anomaly) -> None:
        self.marks.record(AnomalyRecorded(anomaly.kind, anomaly.level, withdrawn=True))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Begin to look for the joints once somebody looks at the panel."""
        super().showEvent(event)
        self._facets.start()
