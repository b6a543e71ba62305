"""What the form about one joint is made of: every field and button, each in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QGroupBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fusion.anatomy import LEVELS, Side
from fusion.annotations import GRADES, Answer, Decision
from fusion.uptake import GRADE_WORDS
from viewer.kit.choice import Choice
from viewer.kit.labels import OneLineLabel, plain_label
from viewer.kit.layout import BOX_MARGINS
from viewer.kit.message import MessageLine
from viewer.kit.note import SavedNote
from viewer.kit.theme import BOLD, FAINT, colored
from viewer.targets.words import SYMBOLS

_GRADE_BUTTONS = ("0 not above", "1 slightly", "2 clearly", "3 intense")
_ANSWERS = {Answer.YES: "Yes", Answer.NO: "No", Answer.NOT_RECORDED: "?"}


class TargetFields(QGroupBox):
    """Fields and buttons, which do nothing by themselves.

    Parameters
    ----------
    save_note : callable
        Takes the text of the note; returns whether it is saved.
    """

    def __init__(self, save_note: Callable[[str], bool]) -> None:
        super().__init__()
        self._save_note_with = save_note
        column = QVBoxLayout(self)
        column.setContentsMargins(*BOX_MARGINS)
        column.setSpacing(3)
        self.head = plain_label()
        self.head.setStyleSheet(f"{BOLD} font-size: 13px;")
        self.hint = MessageLine(lines=2)
        self.back = QPushButton("Back to it")
        self.back.setToolTip("Puts the crosshair on what is chosen")
        top = QHBoxLayout()
        top.addWidget(self.head, stretch=1)
        top.addWidget(self.back)
        column.addLayout(top)
        column.addWidget(self.hint)
        self._fields = self._make_fields()
        column.addWidget(self._fields)
        column.addLayout(self._make_buttons())

    def _make_fields(self) -> QWidget:
        box = QWidget()
        self._grid = QGridLayout(box)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(3)
        self._grid.setHorizontalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        # The patient's right first, as in the pictures.
        self.side = Choice(
            {side: side.value.capitalize() for side in (Side.RIGHT, Side.LEFT)}, columns=2
        )
        self.level = Choice(
            {level: level.replace("-C", "-") for level in LEVELS},
            columns=len(LEVELS),
            tips=[f"{level}; key {n}" for n, level in enumerate(LEVELS)],
        )
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
        self.pain, self.bed = (
            Choice(_ANSWERS, columns=3, tips=[answer.value for answer in _ANSWERS])
            for _ in range(2)
        )
        self.note = SavedNote(self._save_note_with)
        self._add_row("Side", self.side)
        self._add_row("Level", self.level)
        self._add_row("Decision", self.decision)
        self._add_row("Grade", self.grade)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        bed = plain_label("Operated")
        bed.setToolTip("Does the joint lie in an operative bed?")
        row.addWidget(self.pain, stretch=1)
        row.addWidget(bed)
        row.addWidget(self.bed, stretch=1)
        self._add_row("Fits pain", both).setToolTip("Do side and level match the patient's pain?")
        self._add_row("Note", self.note)
        # The name of a reader must not make the form wider than its place.
        self.details = OneLineLabel(keep_end=False)
        self.details.setStyleSheet(colored(FAINT))
        self._grid.addWidget(self.details, self._grid.rowCount(), 0, 1, 2)
        return box

    def _add_row(self, words: str, field: QWidget) -> QWidget:
        row = self._grid.rowCount()
        label = plain_label(words)
        label.setStyleSheet("padding-top: 4px;")
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(field, row, 1)
        return label

    def _make_buttons(self) -> QHBoxLayout:
        self.place = QPushButton("Point here")
        self.place.setToolTip("Begin a target at the crosshair instead of at the joint's centre")
        self.move_here = QPushButton("Move here")
        self.move_here.setToolTip("Put this target at the crosshair; it is checked like a new one")
        self.again = QPushButton("Decide again")
        self.again.setToolTip(
            "Save the same decision on the alignment, the joints and the images as they are now, "
            "with the uptake measured now"
        )
        self.history = QPushButton("History…")
        self.remove = QPushButton("Remove")
        self.start_over = QPushButton("Start over")
        row = QHBoxLayout()
        row.setSpacing(3)
        for button in (
            self.place,
            self.move_here,
            self.again,
            self.history,
            self.remove,
            self.start_over,
        ):
            button.setMinimumWidth(1)
            button.setStyleSheet("QPushButton { padding: 4px 2px; font-size: 11px; }")
            row.addWidget(button)
        return row

    @property
    def answers(self) -> tuple[Choice, ...]:
        """What is asked beside the decision."""
        return self.side, self.level, self.grade, self.pain, self.bed


@dataclass(frozen=True, slots=True)
class Draft:
    """What was said about a target that is not decided yet."""

    answers: tuple[object, ...]
    note: str

    @classmethod
    def of(cls, form: TargetFields) -> Draft:
        """Return what a form says now."""
        return cls(tuple(choice.value for choice in form.answers), form.note.text)

    def put_into(self, form: TargetFields) -> None:
        """Say it in a form again."""
        for choice, value in zip(form.answers, self.answers, strict=True):
            choice.value = value
        form.note.edit.setPlainText(self.note)
