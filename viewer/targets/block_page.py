"""The nerves that usually supply the positive joints, in words and never as a coordinate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGroupBox, QScrollArea, QVBoxLayout, QWidget

from fusion.annotations import NumberingConfirmed
from fusion.plain_text import plain
from viewer.kit.labels import plain_label
from viewer.kit.layout import clear, scroll
from viewer.kit.text import clock, shortened
from viewer.kit.theme import BAD, BOLD, DOUBTFUL, colored, restyle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qtpy.QtWidgets import QLabel

    from fusion.annotations import Reading, SetApart
    from viewer.reading.model import ReadingModel

SET_APART = "Set apart: no nerve proposed"
NONE_YET = "No joint is positive, so there is no nerve to name."
NOT_A_POINT = (
    "Landmarks in words only: the centre of a joint is not where its nerves are met, and there is "
    "no needle coordinate anywhere in this program."
)


class BlockPage(QScrollArea):
    """The block plan of the targets as they are now.

    Parameters
    ----------
    reading : ReadingModel
        Holds the plan.
    """

    def __init__(self, reading: ReadingModel) -> None:
        super().__init__()
        self._reading = reading
        self._inside = QWidget()
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(2, 4, 6, 2)
        self.counts = plain_label(wrap=True)
        self.counts.setStyleSheet(f"{BOLD} font-size: 15px;")
        self.levels = plain_label(wrap=True)
        self.disputed = plain_label(wrap=True)
        self.disputed.setStyleSheet(f"{colored(BAD)} {BOLD}")
        for label in (self.counts, self.levels, self.disputed):
            column.addWidget(label)
        self._boxes = {
            name: QGroupBox(name)
            for name in ("Nerves", "Without a nerve to block", SET_APART, "Read this too")
        }
        self._rows = {name: QVBoxLayout(box) for name, box in self._boxes.items()}
        for name, box in self._boxes.items():
            self._rows[name].setSpacing(1)
            column.addWidget(box)
        column.addStretch()
        self.labels: list[QLabel] = []
        scroll(self, self._inside)
        self.refresh()

    def refresh(self) -> None:
        """Show the plan that follows from the reading now."""
        plan, reading = self._reading.plan, self._reading.reading
        positive = bool(plan.joints or plan.without_nerves or plan.set_apart)
        self.counts.setText(plan.counts if positive else NONE_YET)
        words, sure = _levels(reading)
        self.levels.setText(words)
        restyle(self.levels, "" if sure else colored(DOUBTFUL))
        self.levels.setVisible(positive)
        disputed = [change.target.joint.name for change in self._reading.label_changes]
        self.disputed.setText(
            f"DISPUTED: {', '.join(disputed)}. The anatomy says another level or side now, so the "
            "nerves below may be the wrong ones. Look at the new labels first."
            if disputed
            else ""
        )
        self.disputed.setVisible(bool(disputed))
        self.labels = []
        nerves = []
        for block in plan.nerves:
            joints = ", ".join(joint.name for joint in block.joints)
            nerves.append((block.name, f"{plain(block.nerve.landmark)}\nfor {joints}"))
        self._fill("Nerves", nerves)
        self._fill("Without a nerve to block", [(j.name, plain(w)) for j, w in plan.without_nerves])
        self._fill(SET_APART, [(one.joint.name, _why(one)) for one in plan.set_apart])
        notices = [plain(notice) for notice in plan.notices]
        notices = [*notices, NOT_A_POINT, f"Map of nerves: version {plain(plan.map_version)}."]
        self._fill("Read this too", [("", n) for n in notices] if plan.notices else [])

    def _fill(self, name: str, rows: Iterable[tuple[str, str]]) -> None:
        layout = self._rows[name]
        clear(layout)
        for head, text in rows:
            if head:
                self._add(layout, head).setStyleSheet(BOLD)
            self._add(layout, text).setStyleSheet("padding-bottom: 6px;")
        self._boxes[name].setVisible(layout.count() > 0)

    def _add(self, layout: QVBoxLayout, text: str) -> QLabel:
        label = plain_label(text, wrap=True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.labels.append(label)
        layout.addWidget(label)
        return label


def _why(one: SetApart) -> str:
    nerves = ", ".join(plain(nerve.name) for nerve in one.nerves)
    supply = f"usually supplied by {nerves}" if nerves else plain(one.why_none)
    return f"{one.why[:1].upper()}{one.why[1:]}.\n{supply[:1].upper()}{supply[1:]}"


def _levels(reading: Reading | None) -> tuple[str, bool]:
    """Return how the levels were numbered, and whether a reader vouches for it."""
    event = None if reading is None else reading.numbering
    if event is None:
        return ("The numbering of the levels is not confirmed (step Levels).", False)
    assert isinstance(event.change, NumberingConfirmed)
    words = f"Levels: {shortened(event.change.numbering)}"
    return f"{words}; confirmed by {shortened(event.reader, 60)}, {clock(event.time)}.", True
