"""The place where a panel says what was refused: always there, always as high."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from viewer.kit.labels import plain_label
from viewer.kit.layout import scroll
from viewer.kit.text import plain_tip
from viewer.kit.theme import BAD, TEXT, colored, edged, restyle


class MessageLine(QScrollArea):
    """A sentence in a place of its own, so that nothing else moves when it comes or goes.

    Parameters
    ----------
    lines : int
        How high it is; a longer sentence scrolls, and stands whole in the tip.
    """

    def __init__(self, *, lines: int = 3) -> None:
        super().__init__()
        self.label = plain_label(wrap=True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        scroll(self, self.label)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(lines * (self.fontMetrics().lineSpacing() + 3) + 12)
        self.say("")

    def text(self) -> str:
        """Return the sentence; empty when there is none."""
        return self.label.text()

    def say(self, sentence: str, *, refused: bool = True, color: str = "") -> None:
        """Show a sentence, or none.

        Parameters
        ----------
        sentence : str
            Plain text; empty takes the last one away.
        refused : bool
            Whether something was refused, or it is only told.
        color : str
            Of what is only told.
        """
        self.label.setText(sentence)
        color = BAD if refused else color or TEXT
        restyle(self.label, f"{colored(color)} {edged(color)}" if sentence else "")
        self.setToolTip(plain_tip(sentence) if sentence else "")
        self.verticalScrollBar().setValue(0)


def keep_place(*widgets: QWidget) -> None:
    """Let widgets keep their place while they are hidden, so that nothing below moves."""
    for widget in widgets:
        policy = widget.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        widget.setSizePolicy(policy)
