"""The bar above the pictures: the six steps, where the reading stands, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from viewer.kit.labels import ElidedButton
from viewer.kit.text import plain_tip, shortened
from viewer.kit.theme import BOLD, CHOSEN, DOUBTFUL, FAINT, GOOD, LINE, RAISED, TEXT, restyle
from viewer.steps.model import Standing, Step

if TYPE_CHECKING:
    from viewer.steps.model import Item, StepState

_COLORS = {
    Standing.DONE: GOOD,
    Standing.OPEN: TEXT,
    Standing.DOUBTFUL: DOUBTFUL,
    Standing.BUSY: FAINT,
}
_HEIGHT = 40
_FINAL = "The reading is final"


class StepBar(QFrame):
    """Six buttons, each a step with its state; and the next thing that needs the reader.

    Nothing moves when a state changes: every button has the same width whatever it says.

    Attributes
    ----------
    chosen : Signal
        With the Step that was pressed.
    next_wanted : Signal
        The reader wants to be led to the next thing.
    """

    chosen = Signal(object)
    next_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("steps")
        #: Leads to the next thing.
        self.key = ""
        self.buttons: dict[Step, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 2)
        row.setSpacing(3)
        for step in Step:
            button = QPushButton()
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setFixedHeight(_HEIGHT)
            button.setMinimumWidth(1)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _checked, step=step: self.chosen.emit(step))
            self.buttons[step] = button
            row.addWidget(button, stretch=2)
        self.next = ElidedButton(lines=2)
        self.next.setFixedHeight(_HEIGHT)
        self.next.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.next.clicked.connect(self.next_wanted)
        row.addWidget(self.next, stretch=6)
        self.next.setEnabled(False)
        self.let_press(False)

    def let_press(self, may: bool) -> None:
        """Let the buttons be pressed, or not: while the window is being made they lead nowhere."""
        for button in self.buttons.values():
            button.setEnabled(may)

    def show_steps(
        self, states: tuple[StepState, ...], *, front: Step, following: Item | None
    ) -> None:
        """Show how far everything is.

        Parameters
        ----------
        states : tuple of StepState
            All six.
        front : Step
            The one that is shown.
        following : Item or None
            What needs the reader next.
        """
        for number, state in enumerate(states, start=1):
            button = self.buttons[state.step]
            button.setChecked(state.step is front)
            text = f"{number} {state.step} {state.mark.value}\n{state.words}"
            if button.text() != text:
                button.setText(text)
            button.setToolTip(plain_tip(state.tip).replace("\n", "<br>"))
            restyle(button, _style(_COLORS[state.mark]))
        words = (
            _FINAL if following is None else f"Next ({self.key}): {shortened(following.words, 200)}"
        )
        self.next.setText(words)
        self.next.setToolTip(plain_tip(words))
        self.next.setEnabled(following is not None)


def _style(color: str) -> str:
    return (
        f"QPushButton {{ padding: 1px 6px; font-size: 12px; text-align: left; color: {color};"
        f" background: {RAISED}; border: 1px solid {RAISED}; border-bottom: 3px solid {color}; }}"
        f"QPushButton:hover {{ background: {LINE}; }}"
        f"QPushButton:checked {{ background: {CHOSEN}; color: white; {BOLD} }}"
        f"QPushButton:focus {{ border: 1px solid white; border-bottom: 3px solid {color}; }}"
    )
