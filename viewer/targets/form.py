"""Where a reader decides about one joint. Saved with the press of a button, never by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QGridLayout, QGroupBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fusion.anatomy import LEVELS, Joint, Side
from fusion.annotations import GRADES, Answer, Decision, Origin, Target
from fusion.errors import AnnotationError, FusionError
from fusion.uptake import GRADE_WORDS
from viewer.kit.choice import Choice
from viewer.kit.labels import plain_label
from viewer.kit.layout import BOX_MARGINS
from viewer.kit.note import SavedNote
from viewer.kit.text import clock, plain_tip, shortened
from viewer.kit.theme import BOLD, DOUBTFUL, FAINT, INFO, colored
from viewer.targets.new_target import NewTarget, at_joint, at_point, from_proposal
from viewer.targets.words import SYMBOLS, details_text, level_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from fusion.uptake import Proposal
    from viewer.facets.model import FacetsModel
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel

_GRADE_BUTTONS = ("0 not above", "1 slightly", "2 clearly", "3 intense")


class TargetForm(QGroupBox):
    """Asks for side, level and decision of a new target, and shows and changes one that exists.

    A press on a decision saves; from then on every press saves. What the journal refused stays on
    the screen as it was typed.

    Parameters
    ----------
    facets : FacetsModel
        Where the joints are.
    reading : ReadingModel
        Saves.
    linked : LinkedPanes
        Where the crosshair is.
    need_reader : callable
        Asks who reads, once; False when nobody answers.

    Attributes
    ----------
    said : Signal
        With a sentence about what was refused, or an empty one.
    history_wanted : Signal
        With a ``target_id``.
    shown : Signal
        Another target, or none, is shown now.
    """

    said = Signal(str)
    history_wanted = Signal(str)
    shown = Signal()

    def __init__(
        self,
        facets: FacetsModel,
        reading: ReadingModel,
        linked: LinkedPanes,
        *,
        need_reader: Callable[[], bool],
    ) -> None:
        super().__init__("Decide")
        self._facets, self._reading, self._linked = facets, reading, linked
        self._need_reader = need_reader
        self.new: NewTarget | None = None
        self.target_id = ""
        self._refusal = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(*BOX_MARGINS)
        column.setSpacing(4)
        self.head = plain_label(wrap=True)
        self.head.setStyleSheet(f"{BOLD} font-size: 13px;")
        self.hint = plain_label(wrap=True)
        self.idle = plain_label(
            "Click a joint in the pictures or on the Facets tab, accept a proposal, or put the "
            "crosshair on a joint and place a point. A target is changed by choosing it above.",
            wrap=True,
        )
        self.place = QPushButton("Place a point at the crosshair")
        self.place.clicked.connect(self.place_point)
        for widget in (self.head, self.hint, self.idle, self.place):
            column.addWidget(widget)
        self._fields = self._make_fields()
        column.addWidget(self._fields)
        self.refresh()

    def _make_fields(self) -> QWidget:
        box = QWidget()
        self._grid = QGridLayout(box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(5)
        self._grid.setHorizontalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        # The patient's right first, as in the pictures.
        self.side = Choice(
            {side: side.value.capitalize() for side in (Side.RIGHT, Side.LEFT)}, columns=2
        )
        self.level = Choice({level: level for level in LEVELS}, columns=4)
        self.decision = Choice(
            {d: f"{SYMBOLS[d]} {d.value.capitalize()}" for d in Decision}, columns=3
        )
        self.grade = Choice(
            dict(zip(GRADES, _GRADE_BUTTONS, strict=True)),
            columns=4,
            tips=[
                f"Grade {n}: {words} (of the reference)" if n else f"Grade 0: {words}"
                for n, words in enumerate(GRADE_WORDS)
            ],
        )
        words = {answer: answer.value.capitalize() for answer in Answer}
        self.pain, self.bed = Choice(words, columns=3), Choice(words, columns=3)
        self.note = SavedNote(self._save_note)
        self._side_row = self._add_row("Side", self.side)
        self._level_row = self._add_row("Level", self.level)
        self._add_row("Decision", self.decision)
        self._add_row("Grade", self.grade)
        self._add_row("Fits pain", self.pain).setToolTip(
            "Do side and level match the patient's pain?"
        )
        self._add_row("Op. bed", self.bed).setToolTip("Does the joint lie in an operative bed?")
        self._add_row("Note", self.note)
        self.details = plain_label(wrap=True)
        self.details.setStyleSheet(colored(FAINT))
        self._grid.addWidget(self.details, self._grid.rowCount(), 0, 1, 2)
        self._grid.addLayout(self._make_buttons(), self._grid.rowCount(), 0, 1, 2)
        self.decision.chosen.connect(self._decided)
        self.grade.chosen.connect(lambda value: self._revised(grade=value))
        self.pain.chosen.connect(lambda value: self._revised(clinically_concordant=value))
        self.bed.chosen.connect(lambda value: self._revised(inside_operative_bed=value))
        return box

    def _add_row(self, words: str, field: QWidget) -> QWidget:
        row = self._grid.rowCount()
        label = plain_label(words)
        label.setStyleSheet("padding-top: 4px;")
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(field, row, 1)
        return label

    def _make_buttons(self) -> QHBoxLayout:
        self.move_here = QPushButton("Move to crosshair")
        self.again = QPushButton("Decide again")
        self.again.setToolTip(
            "Save the same decision on the alignment, the joints and the images as they are now, "
            "with the uptake measured now"
        )
        self.history = QPushButton("History…")
        self.remove = QPushButton("Remove")
        self.start_over = QPushButton("Start over")
        self.move_here.clicked.connect(self.move_to_crosshair)
        self.again.clicked.connect(self._decide_again)
        self.history.clicked.connect(lambda: self.history_wanted.emit(self.target_id))
        self.remove.clicked.connect(self._remove)
        self.start_over.clicked.connect(self.clear)
        row = QHBoxLayout()
        for button in (self.move_here, self.again, self.history, self.remove, self.start_over):
            button.setMinimumWidth(1)
            row.addWidget(button)
        return row

    # What is shown

    @property
    def target(self) -> Target | None:
        """The target that is being changed; None for a new one."""
        reading = self._reading.reading
        if reading is None or not self.target_id:
            return None
        return next((t for t in reading.targets if t.target_id == self.target_id), None)

    @property
    def typed(self) -> bool:
        """Whether a new target has been begun to be described."""
        chosen = (self.side, self.level, self.grade, self.pain, self.bed)
        return self.new is not None and bool(
            self.note.text or any(choice.value is not None for choice in chosen)
        )

    def begin(self, new: NewTarget) -> None:
        """Ask about a new target: side, level and everything else are open.

        A new target that is half described stays as it is; the reader is told so.
        """
        if self._free():
            self._go_to(new, "")

    def edit(self, target_id: str) -> None:
        """Show a target and let it be changed; one that is half described goes first."""
        if target_id != self.target_id and self._free():
            self._go_to(None, target_id)

    def _free(self) -> bool:
        if self.typed:
            self.said.emit(
                "Decide about the new target first, or press Start over to forget what you said "
                "about it."
            )
        return not self.typed

    def clear(self) -> None:
        """Forget a target that was not decided; one that was stays as saved."""
        self.new = None
        self._go_to(None, "")

    def _go_to(self, new: NewTarget | None, target_id: str) -> None:
        self.said.emit("")
        if not self._note_settled():  # what was typed is not thrown away
            return
        self.target_id, self.new = target_id, new
        self._empty()
        self.refresh()
        self.shown.emit()

    def _empty(self) -> None:
        for choice in (self.side, self.level, self.decision, self.grade, self.pain, self.bed):
            choice.value = None
        self.note.begin()

    def refresh(self) -> None:
        """Show what the reading says now."""
        target = self.target
        if self.target_id and target is None:  # undone or removed
            self.target_id = ""
            self._empty()
        reading = self._reading.reading
        final = reading is not None and reading.finalised is not None
        new = self.new is not None
        self.idle.setVisible(not new and target is None and not final)
        self.place.setVisible(self.idle.isVisibleTo(self))
        self._fields.setVisible(new or target is not None)
        for widget in (self.side, self._side_row, self.level, self._level_row, self.start_over):
            widget.setVisible(new)
        for widget in (self.again, self.history, self.remove, self.details):
            widget.setVisible(target is not None)
        for widget in (
            self.decision,
            self.grade,
            self.pain,
            self.bed,
            self.move_here,
            self.again,
            self.remove,
        ):
            widget.setEnabled(not final)
        self.note.edit.setReadOnly(final)
        self.head.setVisible(new or target is not None)
        if target is not None:
            self._show_target(target)
        elif self.new is not None:
            self.setTitle("Decide: a new target")
            self.head.setText(self.new.words)
            self._hint(self.new.hint, doubtful=self.new.doubtful)
            self.move_here.setText("Take the crosshair instead")
        else:
            self.setTitle("Decide")
            self._hint("")

    def _show_target(self, target: Target) -> None:
        self.setTitle("Decide: change a target")
        self.head.setText(f"{target.joint.name}, saved {clock(target.time)}")
        reading = self._reading.reading
        change = next(
            (c for c in self._reading.label_changes if c.target.target_id == self.target_id), None
        )
        confirmed = reading is not None and reading.numbering is not None
        provisional = self._facets.provisional
        words = level_text(target, None, confirmed=confirmed, provisional=provisional)
        self._hint(change.why if change else words)
        self.decision.value, self.grade.value = target.decision, target.grade
        self.pain.value, self.bed.value = target.clinically_concordant, target.inside_operative_bed
        self.note.show_saved(target.note)
        lines = details_text(target).splitlines()
        self.details.setText(lines[0])
        self.details.setToolTip(plain_tip("\n".join(lines[1:])))
        self.move_here.setText("Move to crosshair")

    def _hint(self, text: str, *, doubtful: bool = True) -> None:
        self.hint.setText(shortened(text, 600))
        self.hint.setStyleSheet(colored(DOUBTFUL if doubtful else INFO))
        self.hint.setVisible(bool(text))

    # Beginning

    def place_point(self) -> None:
        """Begin a new target at the crosshair."""
        self.begin(at_point(self._linked.point_lps, self._linked.review.fused.registration))

    def accept(self, proposal: Proposal) -> None:
        """Begin a new target from a proposal; which joint, and what is decided, the reader says."""
        self.begin(from_proposal(proposal, self._linked.review.fused.registration))

    def click(self, joint: Joint) -> None:
        """Begin a new target at a joint that was clicked, or show the one it has."""
        reading = self._reading.reading
        known = None if reading is None else reading.target_at(joint)
        if known is not None:
            self.edit(known.target_id)
        elif reading is None or reading.finalised is None:
            try:
                self.begin(
                    at_joint(joint, self._facets.spine, self._linked.review.fused.registration)
                )
            except AnnotationError as error:
                self.said.emit(str(error))

    # Saving

    def _decided(self, decision: Decision) -> None:
        if self.new is None:
            self._revised(decision=decision)
            return
        if not self._save_new(decision):
            self.decision.value = None

    def _save_new(self, decision: Decision) -> bool:
        new = self.new
        assert new is not None
        open_questions = [
            word
            for word, choice in (("side", self.side), ("level", self.level))
            if choice.value is None
        ]
        if open_questions:
            self.said.emit(f"Not saved. Say the {' and the '.join(open_questions)} first.")
            return False
        joint = Joint(self.level.value, self.side.value)

        def decide() -> None:
            new.check(self._linked.review.fused.registration)
            self._need_uptake()
            # Asked for here, because a reading that is resumed may hold a decision about it.
            reading = self._reading.reading
            if reading is not None and reading.target_at(joint) is not None:
                raise AnnotationError(
                    f"Not saved. {joint.name} has a target already. Choose it in the list to "
                    "change it."
                )
            self._reading.decide(
                joint,
                decision,
                origin=new.origin,
                point_lps=new.point_lps,
                grade=self.grade.value,
                clinically_concordant=self.pain.value,
                inside_operative_bed=self.bed.value,
                note=self.note.text,
            )

        return self._try(decide, joint)

    def _revised(self, **changes: object) -> None:
        target = self.target
        if target is None or all(getattr(target, k) == v for k, v in changes.items()):
            return
        if not self._note_settled() or not self._try(
            lambda: self._reading.revise(target.joint, **changes)
        ):
            self.refresh()

    def _save_note(self, text: str) -> bool:
        target = self.target
        return target is not None and self._try(
            lambda: self._reading.revise(target.joint, note=text)
        )

    def _note_settled(self) -> bool:
        waiting = self.note.refused
        settled = self.note.commit()
        if not settled:
            why = "" if waiting else f"{self._refusal} "
            self.said.emit(f"{why}The note is not saved: change, save or drop it.")
        return settled

    def move_to_crosshair(self) -> None:
        """Put the target, or the point of a new one, where the crosshair is."""
        target, point = self.target, self._linked.point_lps
        if target is not None:
            self._place_again(target, Origin.POINT_PLACED, point)
        elif self.new is not None:
            self.new = at_point(point, self._linked.review.fused.registration)
            self.said.emit("")
            self.refresh()

    def _decide_again(self) -> None:
        target = self.target
        if target is not None:
            self._place_again(target, target.origin, target.point_lps)

    def _place_again(self, target: Target, origin: Origin, point_lps: npt.ArrayLike) -> None:
        if not self._note_settled():
            return
        target = self.target or target  # with its note

        def decide() -> None:
            self._need_uptake()
            self._reading.decide(
                target.joint,
                target.decision,
                origin=origin,
                point_lps=point_lps,
                grade=target.grade,
                clinically_concordant=target.clinically_concordant,
                inside_operative_bed=target.inside_operative_bed,
                note=target.note,
            )

        self._try(decide)

    def _need_uptake(self) -> None:
        if self._facets.measuring:
            raise AnnotationError(
                "Not saved. The uptake at the joints is being measured, and belongs to the "
                "decision. Press once more in a moment."
            )

    def _remove(self) -> None:
        target = self.target
        if target is not None:
            self._try(lambda: self._reading.remove(target.joint))

    def _try(self, action: Callable[[], object], made: Joint | None = None) -> bool:
        """Save; on a refusal say why and keep what was typed. Returns whether it is saved."""
        self._refusal = ""
        self.said.emit("")
        try:
            if not self._need_reader():
                raise AnnotationError("Not saved. Every decision needs the name of its reader.")
            action()
        except FusionError as error:
            self._refusal = str(error)
            self.refresh()
            self.said.emit(self._refusal)
            return False
        reading = self._reading.reading
        known = reading.target_at(made) if reading is not None and made is not None else None
        if known is not None:
            self.new, self.target_id = None, known.target_id
            self.note.show_saved(known.note, fresh=True)
            self.shown.emit()
        self.refresh()
        return True

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Save a note before the panel goes away."""
        self.note.commit()
        super().hideEvent(event)
