"""Widgets that ask for the facts of the pathway; each of them knows "not recorded"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from fusion.pathway import QUESTIONS, answers
from viewer.kit.inputs import ListBox
from viewer.kit.labels import LinkLabel, plain_label

if TYPE_CHECKING:
    from fusion.pathway import ProposedFact
    from viewer.pathway.model import PathwayModel

NOT_RECORDED = "Not recorded"
NOTHING_PLANNED = "Nothing planned"
_LISTS = ("surgery_levels",)
#: From this width on a compact question has its answer beside it, px.
SIDE_BY_SIDE = 390


def set_property(widget: QWidget, name: str, value: bool) -> None:
    """Set a property that the style sheet looks for where it is true; it begins as false."""
    if bool(widget.property(name)) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class _Choice(ListBox):
    """A list of answers."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__()
        self.addItem(NOT_RECORDED)
        self.addItems(list(choices))
        # Long answers must not make the panel wider than its place.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)


class Question(QFrame):
    """One question with its answer, and what the files suggest.

    Parameters
    ----------
    key : str
        Key of the facts file.
    model : PathwayModel
        Takes the answers.
    compact : bool
        Question and answer in one row, the help in a tooltip.

    Attributes
    ----------
    chosen : Signal
        With the F-number, when the reader clicks the question itself.
    """

    chosen = Signal(str)

    def __init__(self, key: str, model: PathwayModel, *, compact: bool = False) -> None:
        super().__init__()
        self.key = key
        self._model = model
        self._shown: tuple[ProposedFact, ...] | None = None
        self._row: QHBoxLayout | None = None
        asked = QUESTIONS[key]
        self.setObjectName("question")
        self.title = LinkLabel(asked.question)
        self.title.setToolTip(f"Show the sentences that depend on this ({asked.fact})")
        self.title.chosen.connect(lambda: self.chosen.emit(asked.fact))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(10 if asked.detail_of else 4, 2, 2, 4)
        self._column.setSpacing(1)
        self.editor, self._show_value, self.focus_target = self._make_editor()
        if compact:
            self._row = QHBoxLayout()
            self._row.addWidget(self.title, stretch=1)
            self._row.addWidget(self.editor)
            self._column.addLayout(self._row)
            self.title.setToolTip("\n".join(filter(None, (asked.help, self.title.toolTip()))))
        else:
            self._column.addWidget(self.title)
            if asked.help:
                note = plain_label(asked.help, wrap=True)
                note.setObjectName("note")
                self._column.addWidget(note)
            self._column.addWidget(self.editor)
        self.suggestions: list[QWidget] = []
        self.update_answer()

    def _make_editor(self) -> tuple[QWidget, Callable[[Any], None], QWidget]:
        choices = tuple(answer.strip('"') for answer in answers(self.key))
        if choices == ("true", "false"):
            return self._make_yes_no()
        if self.key == "planned_uses":
            return self._make_several(choices)
        return self._make_one_of(choices) if choices else self._make_text()

    def _make_yes_no(self) -> tuple[QWidget, Callable[[Any], None], QWidget]:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        buttons: dict[bool | None, QRadioButton] = {
            True: QRadioButton("Yes"),
            False: QRadioButton("No"),
            None: QRadioButton(NOT_RECORDED),
        }
        buttons[None].setObjectName("open")
        for value, button in buttons.items():
            button.setAccessibleName(f"{QUESTIONS[self.key].question} {button.text()}")
            button.toggled.connect(partial(self._toggle, value))
            row.addWidget(button)
        row.addStretch()
        self.buttons = buttons

        def show(value: Any) -> None:
            buttons[value].setChecked(True)

        return box, show, buttons[None]

    def _toggle(self, value: bool | None, on: bool) -> None:
        if on:
            self._answer(value)

    def _make_one_of(
        self, choices: tuple[str, ...]
    ) -> tuple[QWidget, Callable[[Any], None], QWidget]:
        self.choice = choice = _Choice(choices)
        choice.setAccessibleName(QUESTIONS[self.key].question)
        choice.currentIndexChanged.connect(
            lambda index: self._answer(choices[index - 1] if index else None)
        )

        def show(value: Any) -> None:
            choice.setCurrentIndex(0 if value is None else choices.index(value) + 1)
            set_property(choice, "open", value is None)

        return choice, show, choice

    def _make_several(
        self, choices: tuple[str, ...]
    ) -> tuple[QWidget, Callable[[Any], None], QWidget]:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        self.boxes = boxes = {name: QCheckBox(name) for name in (*choices, NOTHING_PLANNED)}
        for place, (name, check) in enumerate(boxes.items()):
            check.clicked.connect(lambda on, name=name: self._tick(name, on))
            grid.addWidget(check, place // 2, place % 2)
        state = plain_label()
        state.setObjectName("open")
        grid.addWidget(state, (len(boxes) + 1) // 2, 0, 1, 2)

        def show(value: Any) -> None:
            for name, check in boxes.items():
                check.setChecked(
                    value is not None and (name in value if value else name not in choices)
                )
            state.setText(
                f"{NOT_RECORDED}: tick a use or nothing planned." if value is None else ""
            )
            state.setVisible(value is None)

        return box, show, boxes[choices[0]]

    def _tick(self, name: str, on: bool) -> None:
        if name == NOTHING_PLANNED:
            self._answer([] if on else None)
            return
        ticked = [n for n, box in self.boxes.items() if box.isChecked() and n != NOTHING_PLANNED]
        self._answer(ticked or None)

    def _make_text(self) -> tuple[QWidget, Callable[[Any], None], QWidget]:
        self.entry = entry = QLineEdit()
        date = self.key.endswith("_date") or self.key == "episode_began"
        hint = "2024-05-17, 2024-05 or 2024" if date else "in your words"
        entry.setPlaceholderText(
            f"{NOT_RECORDED}  ({'with commas' if self.key in _LISTS else hint})"
        )
        entry.setAccessibleName(QUESTIONS[self.key].question)
        entry.editingFinished.connect(self.commit)

        def show(value: Any) -> None:
            entry.setText(", ".join(value) if isinstance(value, list) else value or "")

        return entry, show, entry

    def commit(self) -> None:
        """Take over what was typed and not yet left with Enter or Tab."""
        entry = getattr(self, "entry", None)
        if entry is None or not entry.isModified():
            return
        entry.setModified(False)
        written = entry.text().strip()
        if self.key in _LISTS:
            parts = [part.strip() for part in written.split(",") if part.strip()]
            self._answer(parts or None)
        else:
            self._answer(written or None)

    def _answer(self, value: Any) -> None:
        self._model.answer(self.key, value)

    def update_answer(self) -> None:
        """Show the answer that the model holds."""
        value = self._model.values.get(self.key)
        blocked = [self.editor, *self.editor.findChildren(QWidget)]
        for widget in blocked:
            widget.blockSignals(True)
        try:
            self._show_value(value)
        finally:
            for widget in blocked:
                widget.blockSignals(False)
        set_property(self, "recorded", value is not None)
        set_property(self, "needed", self._model.is_needed(self.key))
        self.setVisible(self._model.is_asked(self.key))
        self._update_suggestions()

    def _update_suggestions(self) -> None:
        proposals = tuple(p for p in self._model.proposals if p.key == self.key)
        if proposals != self._shown:
            self._shown = proposals
            for widget in self.suggestions:
                self._column.removeWidget(widget)
                widget.deleteLater()
            self.suggestions = [self._make_suggestion(proposal) for proposal in proposals]
            for widget in self.suggestions:
                self._column.addWidget(widget)
        for proposal, widget in zip(proposals, self.suggestions, strict=True):
            button = widget.findChild(QPushButton)
            if button is not None:
                confirmed = self._model.is_confirmed(proposal)
                button.setText("Confirmed" if confirmed else f"Confirm: {proposal.spoken_value}")
                button.setEnabled(self._model.can_confirm(proposal))
                first = QUESTIONS[self.key].detail_of
                wait = f'Answer "{QUESTIONS[first].question}" first' if first else ""
                button.setToolTip("" if confirmed or button.isEnabled() else wait)

    def _make_suggestion(self, proposal: ProposedFact) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(6, 1, 0, 1)
        column.setSpacing(1)
        who = "The archive" if proposal.source.startswith("archive ") else "The files"
        suggest = "suggests" if who == "The archive" else "suggest"
        says = f"{who} {suggest} {proposal.spoken_value}" if proposal.value is not None else who
        words = plain_label(f"{says}: {proposal.text} ({proposal.source})", wrap=True)
        words.setObjectName("suggestion")
        column.addWidget(words)
        if proposal.value is not None:
            button = QPushButton()
            button.clicked.connect(lambda: self._model.confirm(proposal))
            column.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
        return box

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Put the answer of a compact question below it where there is no room beside it."""
        super().resizeEvent(event)
        if self._row is not None:
            narrow = self.width() < SIDE_BY_SIDE
            direction = QBoxLayout.Direction
            self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)

    def highlight(self, on: bool) -> None:
        """Mark the question as one that a chosen sentence rests on."""
        set_property(self, "highlight", on)
