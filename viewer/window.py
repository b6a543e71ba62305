"""A Review in a napari window."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QMessageBox, QWidget

from fusion.annotations import PathwayAnswered, PathwayLeftOut, default_path
from fusion.errors import AnnotationError
from fusion.findings import Finding, worst_first
from fusion.findings.readings import PATHWAY_OF_ANOTHER_VERSION
from fusion.pathway import Assessment, Unanswered
from fusion.plain_text import plain
from fusion.software import SIMULATED
from viewer import _napari
from viewer.alignment.controls import SpectGrab, alignment_keys
from viewer.alignment.model import Alignment
from viewer.alignment.panel import AlignmentPanel
from viewer.archive.earlier import EarlierStudies
from viewer.facets.arriving import Arrival
from viewer.facets.marks import NOTICE_MS
from viewer.facets.model import FacetsModel
from viewer.facets.panel import FacetsPanel
from viewer.frame.arrangement import SidePanel, WindowCentre
from viewer.frame.captions import Captions
from viewer.frame.header import Header
from viewer.frame.keyboard import Keyboard
from viewer.jobs import Job, told
from viewer.keys import HELP_KEYS, NEXT_KEY, REPEATING, ByHand, usual_keys
from viewer.kit.keys import KeyCard
from viewer.kit.theme import SETTLE_MS
from viewer.kit.turns import Turns
from viewer.menus import add_menus
from viewer.pathway.model import PathwayModel, suggestions
from viewer.pathway.panel import PathwayPanel
from viewer.pictures.area import PictureArea
from viewer.pictures.drawn.canvas import PlaneCanvas
from viewer.pictures.measuring import Measuring
from viewer.pictures.mouse import bind_mouse
from viewer.pictures.panes import LinkedPanes, make_panes
from viewer.reading.model import ReadingModel
from viewer.reading.undo import UndoAll
from viewer.sitting import Sitting
from viewer.steps.model import Step, Way, item_of
from viewer.targets.panel import TargetsPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import napari

    from fusion.annotations import Event
    from fusion.review import Review
    from viewer.kit.keys import Keys
    from viewer.reading.blinded import BlindedCase


class ReviewWindow(Sitting):
    """Fills a napari window with three linked planes of a Review.

    The window is napari's, and so are the models of the three planes; the planes themselves are
    drawn by ourselves, and napari's own canvas stays hidden. The menus are the window's own.

    Parameters
    ----------
    viewer : napari.Viewer
        Without layers.
    review : Review
        The study.
    journal : Path, optional
        Where readings are kept; the journal of the user by default.
    case : BlindedCase, optional
        The study is read without knowing whose it is.
    in_turns : bool
        It is made part by part, so that nothing stands still meanwhile: pictures and findings
        first. Until :attr:`ready` it has nothing that could be pressed.

    Attributes
    ----------
    ready : Signal
        All of it is there; not said of a window that is being closed.
    failed : Signal
        With the FusionError: a part of it could not be made, and it is to be closed.
    closed : Signal
        It is closed.
    """

    ready = Signal()
    failed = Signal(object)
    closed = Signal()

    def __init__(
        self,
        viewer: napari.Viewer,
        review: Review,
        *,
        journal: Path | None = None,
        case: BlindedCase | None = None,
        in_turns: bool = False,
    ) -> None:
        window = _napari.main_window(viewer)
        super().__init__(window)
        _napari.refuse_non_orthogonal_slicing()
        self.viewer = viewer
        self._case = case
        self._journal_path = journal or default_path()
        self._pathway_event: Event | None = None
        self._pathway_findings: tuple[Finding, ...] = ()
        self.job: Job | None = None
        self.canvases: tuple[PlaneCanvas, ...] = ()
        self._forget = self._timer(NOTICE_MS, lambda: self.say(""))
        self._settle = self._timer(SETTLE_MS, self._on_settled)
        self._settle_aligned = self._timer(SETTLE_MS, self._show_aligned)
        #: What has to end with the window, of what there is of it.
        self._ends = ExitStack()
        _napari.hide_clutter(viewer)
        title = plain(review.title) if case is None else case.words
        if review.simulated:
            title = f"{SIMULATED} · {title}"
        viewer.title = f"{title} · facetfusion"
        self._turns = Turns(self._make(review, journal), self)
        self._whole = self._closing = False
        self._turns.done.connect(self._on_made)
        self._turns.failed.connect(self._on_failed)
        window.installEventFilter(self)
        if in_turns:
            self._turns.start()
        else:
            self.finish()

    def finish(self) -> None:
        """Make at once whatever of the window is not there yet."""
        self._turns.finish()

    def _on_made(self) -> None:
        self._whole = True
        if not self._closing:
            self.ready.emit()

    def _on_failed(self, bug: Exception) -> None:
        error = told(bug)
        if not self._closing:
            self.failed.emit(error)

    def _finished(self) -> bool:
        """Make what is not there yet, and return whether all of it is there."""
        try:
            self.finish()
        except Exception as bug:  # noqa: BLE001 - told, and logged
            self._on_failed(bug)
        return self._whole

    def _make(self, review: Review, journal: Path | None) -> Iterator[None]:
        """Make the window: models, pictures, panels, and last what can be pressed."""
        panes = []
        for pane in make_panes(review):
            if pane is not None:
                panes.append(pane)
            yield
        self._make_models(LinkedPanes(review, panes), journal)
        yield
        for pane in self.linked:
            self.canvases = (*self.canvases, PlaneCanvas(pane))
            yield
        self._make_side()
        yield
        self._make_centre()
        self._update_values()
        for canvas in self.canvases:
            canvas.installEventFilter(self)
        yield
        yield from self._make_panels()
        self._connect()

    def _make_models(self, linked: LinkedPanes, journal: Path | None) -> None:
        case = self._case
        self.linked = linked
        self._ends.callback(linked.close)
        self.measuring = Measuring(linked)
        self.alignment = Alignment(linked)
        self.facets = FacetsModel(linked)
        self._ends.callback(self.facets.close)
        self.facets.proposing = case is None or case.proposals
        if not self.facets.proposing:
            # Not at the hottest place, where a study is opened otherwise: that proposes it.
            linked.home_lps = self.review.fused.display_grid.center_lps
            linked.centre()
        self.reading = ReadingModel(linked, self.facets, journal=journal, blinded=case is not None)
        self._ends.callback(self._end_reading)
        self.way = Way(self.facets, self.reading)
        self.undo_all = UndoAll(self.reading, self.alignment)
        self.keys = Keyboard(self._usual_keys)
        spect = SpectGrab(self.alignment)
        for pane in linked:
            bind_mouse(pane, linked, spect=spect)

    def _connect(self) -> None:
        """Let what is there act on each other, and show how things stand."""
        window = _napari.main_window(self.viewer)
        self._add_keys(window)
        helps = (
            ("Keys and mouse", self.show_help, self.keys.of(HELP_KEYS[0])),
            ("Change keys…", lambda: self.tell(self.keys.write_file), ""),
        )
        blinded = self._case is not None
        add_menus(self, self.keys.groups, of=self.keys.of, helps=helps, blinded=blinded)
        self.linked.events.point.connect(self._on_point)
        self.linked.events.cursor.connect(self._update_values)
        self.linked.events.review.connect(self._on_review)
        self.reading.events.changed.connect(self._on_reading)
        for emitter in (
            self.facets.events.state,
            self.facets.events.localisation,
            self.facets.events.assessment,
        ):
            emitter.connect(self._show_way)
        self._arrival = Arrival(self.linked, self.facets)
        self.alignment.events.moving.connect(self._give_alignment_keys)
        self._give_alignment_keys()
        self._update_values()
        self.pages.fronted.connect(self._on_step)
        self.bar.chosen.connect(self.show_step)
        self.bar.next_wanted.connect(self.lead_next)
        self._look_for_readings()
        self._on_settled()
        for row in (self.header, self.bar):
            row.let_press(True)

    @property
    def review(self) -> Review:
        """The study as it stands, with the alignment in use."""
        return self.linked.review

    @review.setter
    def review(self, review: Review) -> None:
        self.linked.review = review

    @classmethod
    def of(cls, viewer: napari.Viewer) -> ReviewWindow | None:
        """Return the review in a napari window, if there is one and all of it could be made."""
        found = _napari.main_window(viewer).findChild(cls)
        return found if found is not None and found._finished() else None

    def _make_side(self) -> None:
        self.side = side = SidePanel(self.linked, self.reading, self.shown_findings)
        self.pages, self.message, self.conflict = side.pages, side.message, side.conflict

    def _timer(self, after_ms: int, act: Callable[[], None]) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=after_ms)
        timer.timeout.connect(act)
        return timer

    def _make_centre(self) -> None:
        self.header = Header(self.review, self.ask_reader, case=self._case)
        self.header.compare.clicked.connect(lambda: self.compare_wanted.emit())
        self.pictures = PictureArea(self.linked, self.canvases)
        self._ends.callback(self.pictures.let_go)
        self.centre = WindowCentre(self.header, self.pictures, self.side, linked=self.linked)
        self.bar, self.footer = self.centre.bar, self.centre.footer
        _napari.take_centre(self.viewer, self.centre)
        self._captions = Captions(
            self.linked,
            self.pictures.study,
            facets=self.facets,
            reading=self.reading,
            alignment=self.alignment,
        )

    def _make_panels(self) -> Iterator[None]:
        """Make what stands beside the pictures at each step, in the order of the steps."""
        ask = self.need_reader
        self.alignment_panel = AlignmentPanel(
            self.alignment,
            reading=self.reading,
            need_reader=ask,
            undo=self.undo,
            redo=self.redo,
        )
        self._ends.callback(self.alignment_panel.stop)
        self.pages.add(Step.ALIGN, self.alignment_panel)
        yield
        self.pages.lay_out(Step.ALIGN)
        yield
        models = self.facets, self.reading, self.linked
        self.facets_panel = FacetsPanel(*models, need_reader=ask, message=self.message)
        self._ends.callback(self.facets_panel.marks.close)
        yield
        self.pages.add(Step.LEVELS, self.facets_panel)
        yield
        self.pages.lay_out(Step.LEVELS)
        yield
        self.targets_panel = TargetsPanel(
            *models, undo=self.undo_all, need_reader=ask, message=self.message
        )
        self.targets_panel.finish.export_wanted.connect(self.choose_export)
        self.targets_panel.finish.send_wanted.connect(self.send_results)
        self.targets_panel.finish.wanted.connect(lambda lack: self.lead(item_of(lack)))
        yield
        self.pages.add_targets(self.targets_panel)
        yield
        self.pages.lay_out(Step.JOINTS)
        yield
        review = self.review
        self.pathway = PathwayModel(
            keep=self._keep_assessment, who=self._who, recorded=review.assessment
        )
        yield
        self.pathway_panel = PathwayPanel(
            self.pathway, slow=lambda: suggestions(review), in_parts=True
        )
        self.pages.add(Step.PATHWAY, self.pathway_panel)
        for _ in self.pathway_panel.parts:
            yield
            self.pages.lay_out(Step.PATHWAY)
            yield
        self.pages.lay_out(Step.PATHWAY)
        yield
        self.earlier = EarlierStudies(review.pair.spect.study, self.pathway.suggest)
        self.pathway_panel.add_below(self.earlier)
        # An archive would be asked about a patient, and nobody is to know whom.
        if self._case is not None:
            self.earlier.hide()
        yield

    def _keep_assessment(self, assessment: Assessment | Unanswered) -> None:
        if isinstance(assessment, Assessment):
            self.reading.answer_pathway(assessment)
        else:
            self.reading.leave_pathway_out(assessment.reason)

    def _on_reading(self) -> None:
        """Show what the journal says, where the panels of the reading do not."""
        reading = self.reading.reading
        if reading is not None:
            self.header.show_reading(reading, resumed=self.reading.resumed)
            if reading.finalised and reading.digest != self._sent_of:
                self.show_sent()
        else:
            self.header.show_known(self.reading.known)
        if reading is not None and reading.pathway != self._pathway_event:
            self._pathway_event = reading.pathway
            self._show_pathway_of(reading.pathway)
        self._show_conflict()
        self._show_way()
        self._settle.start()

    def _show_pathway_of(self, event: Event | None) -> None:
        change = event.change if event else None
        recorded: Assessment | Unanswered | None = None
        self._pathway_findings = ()
        if isinstance(change, PathwayAnswered):
            if isinstance(change.assessment, Assessment):
                recorded = change.assessment
            else:
                why = change.assessment.why
                self._pathway_findings = (PATHWAY_OF_ANOTHER_VERSION(reason=why),)
        elif event is not None and isinstance(change, PathwayLeftOut):
            recorded = Unanswered(change.reason, event.reader, event.time)
        self.review = self.review.with_assessment(recorded)
        self.pathway.show_recorded(recorded)

    def _show_conflict(self) -> None:
        self.conflict.refresh()
        if self.pages.currentWidget() is self.targets_panel:
            self.conflict.hide()

    @property
    def shown_findings(self) -> tuple[Finding, ...]:
        """Everything a reader must know about the data and about the reading, worst first."""
        return worst_first((*self.reading.findings, *self._pathway_findings, *self.review.findings))

    def _on_step(self) -> None:
        # The SPECT is moved where it is seen that it is, and nowhere else.
        if self.pages.currentWidget() is not self.alignment_panel:
            self.alignment.moving = False
        self._show_conflict()
        self._show_way()

    def _show_way(self) -> None:
        self.bar.show_steps(self.way.steps, front=self.pages.front, following=self.way.next)

    def toggle_moving(self) -> None:
        """Begin or end moving the SPECT by hand, at the step where that is seen."""
        self.show_step(Step.ALIGN)
        self.alignment.moving = not self.alignment.moving

    def cancel(self) -> None:
        """End what is being done by hand: moving the SPECT, dragging a joint, naming a vertebra."""
        if self.alignment.moving:
            self.alignment.moving = False
        else:
            self.facets_panel.marks.cancel()

    def _give_alignment_keys(self) -> None:
        for key in alignment_keys(self.alignment):
            self.keys.shortcuts[self.keys.of(key)].setEnabled(self.alignment.moving)

    def show_pathway(self) -> None:
        """Bring the pathway's questions to the front."""
        self.show_step(Step.PATHWAY)
        self.pathway_panel.setFocus()

    def _usual_keys(self) -> dict[str, Keys]:
        return usual_keys(
            self,
            pictures=self.pictures,
            measuring=self.measuring,
            alignment=self.alignment,
            by_hand=ByHand(self.show_help, self.toggle_moving, self.cancel),
        )

    def _add_keys(self, window: QWidget) -> None:
        self.keys.give(window, repeating=REPEATING)
        # After it: where changed keys are refused, all are as usual.
        self.alignment.key = self.keys.of("A")
        self.bar.key = self.keys.of(NEXT_KEY)
        self.targets_panel.form.back.setText(f"Back to it  ({self.keys.of('G')})")
        if self.keys.refused:
            self.say(f"The keys are as usual. {self.keys.refused}")

    def show_help(self) -> KeyCard:
        """Show what keys and mouse do."""
        return self.keys.show_card(_napari.main_window(self.viewer))

    def _on_review(self) -> None:
        self._update_values()
        self._settle.start()

    def _on_point(self) -> None:
        self._update_values()
        self._settle_aligned.start()

    def _on_settled(self) -> None:
        self._update_findings()
        if not self.alignment.dragging:
            self._show_way()
            self._show_aligned()

    def _show_aligned(self) -> None:
        self.footer.show_alignment(self.review, self.linked.point_lps)

    def _update_findings(self) -> None:
        # Not while the SPECT follows the mouse: the overlap of the two fields takes a moment.
        if self.alignment.dragging:
            self._settle.start()
            return
        self.side.show_findings(self.shown_findings)

    def _update_values(self) -> None:
        self.footer.show_values(self.linked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Notice the mouse leaving a canvas, and the window closing."""
        if event.type() == QEvent.Type.Leave and watched in self.canvases:
            self.linked.leave()
        elif watched is self.parent() and event.type() == QEvent.Type.Close:
            assert isinstance(watched, QWidget)
            self._on_close(watched, event)
            return True
        return False

    def _on_close(self, window: QWidget, event: QEvent) -> None:
        was_whole, self._closing = self._whole, True
        self._finished()  # so that it has everything that is closed
        event.setAccepted(
            self._may_close(ask=event.spontaneous()) and _napari.close_unasked(window)
        )
        self._closing = event.isAccepted()
        if self._closing:
            self._close()
            self.closed.emit()
        elif self._whole and not was_whole:
            self.ready.emit()

    @property
    def may_be_replaced(self) -> bool:
        """Whether nothing would be lost if another study took the place of this one."""
        if not self._whole:
            return True
        note = self.targets_panel.form.note
        note.commit()
        return not note.pending

    def _may_close(self, *, ask: bool) -> bool:
        """Save what was typed last; where that fails, let the reader decide."""
        if self.may_be_replaced or not ask:
            return True
        return (
            QMessageBox.question(
                _napari.main_window(self.viewer),
                "A note is not saved",
                "The note beside the target could not be saved; closing the window loses it. "
                "Close all the same?",
            )
            == QMessageBox.StandardButton.Yes
        )

    def _end_reading(self) -> None:
        # Everything said is saved already; what the journal may complain of now loses nothing.
        with suppress(AnnotationError):
            self.reading.close()

    def _close(self) -> None:
        self.canvases = ()
        self._ends.close()
