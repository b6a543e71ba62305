"""Where a reader decides about one joint. Saved with the press of a button, never by default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QGridLayout, QGroupBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fusion.annotations.target import GRADES, Answer, Decision, Origin, Target
from fusion.errors import AnnotationError, FusionError
from fusion.facets.joints import LEVELS, Joint, Side
from fusion.facets.proposals import GRADE_WORDS
from viewer.choices import Choice, NoteEdit, plain_lines, plain_tip
from viewer.panels import plain_label
from viewer.panes import position_text
from viewer.target_words import (
    SYMBOLS,
    clock,
    details_text,
    level_text,
    origin_words,
    proposal_words,
    shortened,
)

if TYPE_CHECKING:
    from fusion.facets.proposals import Proposal
    from fusion.geometry import FloatArray
    from viewer.facets_model import FacetsModel
    from viewer.panes import LinkedPanes
    from viewer.reading_model import ReadingModel

#: A note that nobody leaves is saved after this pause, ms.
NOTE_PAUSE_MS = 2500
_GRADE_BUTTONS = ("0 not above", "1 slightly", "2 clearly", "3 intense")
_NEUTRAL, _DOUBTFUL = "#a9c7e8", "#ffb347"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Beginning:
    """What a new target is to be made of; side, level and decision are never part of it.

    Parameters
    ----------
    origin : Origin
        In which of the three ways.
    point_lps : (3,) ndarray of float64, mm, or None
        In the CT's frame; None for a joint without a centre.
    words : str
        What the reader chose.
    hint : str
        What to think of.
    doubtful : bool
        Whether the hint is a warning.
    """

    origin: Origin
    point_lps: FloatArray | None
    words: str
    hint: str = ""
    doubtful: bool = False


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
    """

    said = Signal(str)
    history_wanted = Signal(str)

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
        self.beginning: Beginning | None = None
        self.target_id = ""
        self._note_refused = False
        self._note_pause = QTimer(self, singleShot=True, interval=NOTE_PAUSE_MS)
        self._note_pause.timeout.connect(self.commit_note)
        column = QVBoxLayout(self)
        column.setSpacing(4)
        self.head = plain_label(wrap=True)
        self.head.setStyleSheet("font-weight: bold; font-size: 13px;")
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
        self.note = NoteEdit("Note; saved when you go on")
        self._note_row = self._make_note_row()
        self._side_row = self._add_row("Side", self.side)
        self._level_row = self._add_row("Level", self.level)
        self._add_row("Decision", self.decision)
        self._add_row("Grade", self.grade)
        self._add_row("Fits pain", self.pain).setToolTip(
            "Do side and level match the patient's pain?"
        )
        self._add_row("Op. bed", self.bed).setToolTip("Does the joint lie in an operative bed?")
        self._add_row("Note", self.note)
        self._grid.addWidget(self._note_row, self._grid.rowCount(), 1)
        self.details = plain_label(wrap=True)
        self.details.setStyleSheet("color: #9aa0a8;")
        self._grid.addWidget(self.details, self._grid.rowCount(), 0, 1, 2)
        self._grid.addLayout(self._make_buttons(), self._grid.rowCount(), 0, 1, 2)
        self.decision.chosen.connect(self._decided)
        self.grade.chosen.connect(lambda value: self._revised(grade=value))
        self.pain.chosen.connect(lambda value: self._revised(clinically_concordant=value))
        self.bed.chosen.connect(lambda value: self._revised(inside_operative_bed=value))
        self.note.textChanged.connect(self._on_note)
        self.note.left.connect(self.commit_note)
        return box

    def _add_row(self, words: str, field: QWidget) -> QWidget:
        row = self._grid.rowCount()
        label = plain_label(words)
        label.setStyleSheet("padding-top: 4px;")
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(field, row, 1)
        return label

    def _make_note_row(self) -> QWidget:
        self.note_state = plain_label()
        self.note_state.setStyleSheet("color: #ffb347;")
        self.keep_note, self.drop_note = QPushButton("Save it now"), QPushButton("Drop it")
        self.keep_note.clicked.connect(self._save_note)
        self.drop_note.clicked.connect(self._drop_note)
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.note_state, stretch=1)
        line.addWidget(self.keep_note)
        line.addWidget(self.drop_note)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        self.move = QPushButton("Move to crosshair")
        self.again = QPushButton("Decide again")
        self.again.setToolTip(
            "Save the same decision on the alignment, the joints and the images as they are now, "
            "with the uptake measured now"
        )
        self.history = QPushButton("History…")
        self.remove = QPushButton("Remove")
        self.start_over = QPushButton("Start over")
        self.move.clicked.connect(self.move_to_crosshair)
        self.again.clicked.connect(self._decide_again)
        self.history.clicked.connect(lambda: self.history_wanted.emit(self.target_id))
        self.remove.clicked.connect(self._remove)
        self.start_over.clicked.connect(self.clear)
        row = QHBoxLayout()
        for button in (self.move, self.again, self.history, self.remove, self.start_over):
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
        return self.beginning is not None and bool(
            self.note.text or any(choice.value is not None for choice in chosen)
        )

    def begin(self, beginning: Beginning) -> None:
        """Ask about a new target: side, level and everything else are open."""
        self._go_to(beginning, "")

    def edit(self, target_id: str) -> None:
        """Show a target and let it be changed."""
        if target_id != self.target_id:
            self._go_to(None, target_id)

    def clear(self) -> None:
        """Forget a target that was not decided; one that was stays as saved."""
        self._go_to(None, "")

    def _go_to(self, beginning: Beginning | None, target_id: str) -> None:
        self.said.emit("")
        if not self.commit_note():  # what was typed is not thrown away
            return
        self.target_id, self.beginning = target_id, beginning
        self._empty()
        self.refresh()

    def _empty(self) -> None:
        for choice in (self.side, self.level, self.decision, self.grade, self.pain, self.bed):
            choice.value = None
        self._put_note("")

    def _put_note(self, text: str) -> None:
        self._note_pause.stop()
        self._note_refused = False
        self.note.blockSignals(True)
        self.note.setPlainText(text)
        self.note.blockSignals(False)

    def refresh(self) -> None:
        """Show what the reading says now."""
        target = self.target
        if self.target_id and target is None:  # undone or removed
            self.target_id = ""
            self._empty()
        reading = self._reading.reading
        final = reading is not None and reading.finalised is not None
        new = self.beginning is not None
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
            self.move,
            self.again,
            self.remove,
        ):
            widget.setEnabled(not final)
        self.note.setReadOnly(final)
        self.head.setVisible(new or target is not None)
        if target is not None:
            self._show_target(target)
        elif self.beginning is not None:
            self.setTitle("Decide: a new target")
            self.head.setText(self.beginning.words)
            self._hint(self.beginning.hint, doubtful=self.beginning.doubtful)
            self.move.setText("Take the crosshair instead")
        else:
            self.setTitle("Decide")
            self._hint("")
        self._show_note_state()

    def _show_target(self, target: Target) -> None:
        self.setTitle("Decide: change a target")
        self.head.setText(f"{target.joint.name}, saved {clock(target.time)}")
        reading = self._reading.reading
        change = next(
            (c for c in self._reading.label_changes if c.target.target_id == self.target_id), None
        )
        confirmed = reading is not None and reading.numbering is not None
        self._hint(change.why if change else level_text(target, None, confirmed=confirmed))
        self.decision.value, self.grade.value = target.decision, target.grade
        self.pain.value, self.bed.value = target.clinically_concordant, target.inside_operative_bed
        if not self.note_pending and self.note.text != plain_lines(target.note):
            self._put_note(plain_lines(target.note))
        lines = details_text(target).splitlines()
        self.details.setText(lines[0])
        self.details.setToolTip(plain_tip("\n".join(lines[1:])))
        self.move.setText("Move to crosshair")

    def _hint(self, text: str, *, doubtful: bool = True) -> None:
        self.hint.setText(shortened(text, 600))
        self.hint.setStyleSheet(f"color: {_DOUBTFUL if doubtful else _NEUTRAL};")
        self.hint.setVisible(bool(text))

    # Beginning

    def place_point(self) -> None:
        """Begin a new target at the crosshair."""
        self.begin(_placed(self._linked.point_lps))

    def accept(self, proposal: Proposal) -> None:
        """Begin a new target from a proposal; which joint, and what is decided, the reader says."""
        self.begin(
            Beginning(
                origin=Origin.PROPOSAL_ACCEPTED,
                point_lps=proposal.point_lps,
                words=f"{origin_words(Origin.PROPOSAL_ACCEPTED)}: {shortened(proposal.place, 120)}",
                hint=proposal_words(proposal),
                doubtful=proposal.joint is None,
            )
        )

    def click(self, joint: Joint) -> None:
        """Begin a new target at a joint that was clicked, or show the one it has.

        A new target that is half described stays as it is.
        """
        reading = self._reading.reading
        known = None if reading is None else reading.target_at(joint)
        if self.typed:
            self._hint(f"{joint.name} was clicked. Press Start over first to decide about it.")
        elif known is not None:
            self.edit(known.target_id)
        elif reading is None or reading.finalised is None:
            spine = self._facets.spine
            center = None if spine is None else spine.centers_lps.get(joint)
            self.begin(
                Beginning(
                    origin=Origin.JOINT_CLICKED,
                    point_lps=center,
                    words=f"{origin_words(Origin.JOINT_CLICKED)}: {joint.name}",
                    hint="Say side and level yourself: they are checked against the anatomy.",
                )
            )

    # Saving

    def _decided(self, decision: Decision) -> None:
        if self.beginning is None:
            self._revised(decision=decision)
            return
        if not self._save_new(decision):
            self.decision.value = None

    def _save_new(self, decision: Decision) -> bool:
        beginning = self.beginning
        assert beginning is not None
        open_questions = [
            word
            for word, choice in (("side", self.side), ("level", self.level))
            if choice.value is None
        ]
        if open_questions:
            self.said.emit(f"Not saved. Say the {' and the '.join(open_questions)} first.")
            return False
        joint = Joint(self.level.value, self.side.value)
        reading = self._reading.reading
        if reading is not None and reading.target_at(joint) is not None:
            self.said.emit(
                f"Not saved. {joint.name} has a target already. Choose it in the list to change it."
            )
            return False
        return self._try(
            lambda: self._reading.decide(
                joint,
                decision,
                origin=beginning.origin,
                point_lps=beginning.point_lps,
                grade=self.grade.value,
                clinically_concordant=self.pain.value,
                inside_operative_bed=self.bed.value,
                note=self.note.text,
            ),
            joint,
        )

    def _revised(self, **changes: object) -> None:
        target = self.target
        if target is None or all(getattr(target, k) == v for k, v in changes.items()):
            return
        if not self.commit_note() or not self._try(
            lambda: self._reading.revise(target.joint, **changes)
        ):
            self.refresh()

    def move_to_crosshair(self) -> None:
        """Put the target, or the point of a new one, where the crosshair is."""
        target, point = self.target, self._linked.point_lps
        if target is not None:
            self._place_again(target, Origin.POINT_PLACED, point)
        elif self.beginning is not None:
            self.beginning = replace(_placed(point), hint=self.beginning.hint)
            self.said.emit("")
            self.refresh()

    def _decide_again(self) -> None:
        target = self.target
        if target is not None:
            self._place_again(target, target.origin, target.point_lps)

    def _place_again(self, target: Target, origin: Origin, point_lps: object) -> None:
        if not self.commit_note():
            return
        target = self.target or target  # with its note
        self._try(
            lambda: self._reading.decide(
                target.joint,
                target.decision,
                origin=origin,
                point_lps=point_lps,
                grade=target.grade,
                clinically_concordant=target.clinically_concordant,
                inside_operative_bed=target.inside_operative_bed,
                note=target.note,
            )
        )

    def _remove(self) -> None:
        target = self.target
        if target is not None:
            self._try(lambda: self._reading.remove(target.joint))

    def _try(self, action: Callable[[], object], made: Joint | None = None) -> bool:
        """Save; on a refusal say why and keep what was typed. Returns whether it is saved."""
        self.said.emit("")
        try:
            if not self._need_reader():
                raise AnnotationError("Not saved. Every decision needs the name of its reader.")
            action()
        except FusionError as error:
            self.refresh()
            self.said.emit(str(error))
            return False
        reading = self._reading.reading
        known = reading.target_at(made) if reading is not None and made is not None else None
        if known is not None:
            self.beginning, self.target_id = None, known.target_id
            self._put_note(plain_lines(known.note))
        self.refresh()
        return True

    # The note

    @property
    def note_pending(self) -> bool:
        """Whether something was typed that is not saved yet."""
        target = self.target
        return target is not None and self.note.text != plain_lines(target.note)

    def _on_note(self) -> None:
        self._note_refused = False
        if self.note_pending:
            self._note_pause.start()
        self._show_note_state()

    def commit_note(self) -> bool:
        """Save what was typed, if it is not saved yet.

        A note that was refused, or that somebody else's change forestalled, is not tried again
        until the reader changes it or says so.

        Returns
        -------
        bool
            Whether nothing is left unsaved.
        """
        self._note_pause.stop()
        if self.note_pending:
            if self._note_refused:
                self.said.emit("The note is not saved. Change it, save it, or drop it.")
            else:
                self._save_note()
        self._show_note_state()
        return not self.note_pending

    def _save_note(self) -> None:
        target, text = self.target, self.note.text
        if target is not None:
            self._note_refused = not self._try(
                lambda: self._reading.revise(target.joint, note=text)
            )
        self._show_note_state()

    def _drop_note(self) -> None:
        target = self.target
        self._note_refused = False
        self._put_note("" if target is None else plain_lines(target.note))
        self.said.emit("")
        self._show_note_state()

    def _show_note_state(self) -> None:
        words = "Note NOT saved" if self._note_refused else "Note not saved yet"
        self.note_state.setText(words)
        self._note_row.setVisible(self.note_pending)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Save a note before the panel goes away."""
        self.commit_note()
        super().hideEvent(event)


def _placed(point_lps: FloatArray) -> Beginning:
    return Beginning(
        origin=Origin.POINT_PLACED,
        point_lps=point_lps,
        words=f"{origin_words(Origin.POINT_PLACED)}: {position_text(point_lps)} mm",
        hint="Say side and level yourself: they are checked against the anatomy.",
    )
