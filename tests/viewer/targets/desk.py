"""A reader in front of the targets panel, in the real window, on a real journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel, QWidget

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.facets.spine_statements import SpineStatements
from viewer.facets.model import FacetsModel
from viewer.reading.model import ReadingModel
from viewer.targets.panel import TargetsPanel
from viewer.window import ReviewWindow

READER = "Dr. Åsa Öberg"


LEFT, RIGHT = Side.LEFT, Side.RIGHT


LEFT_C5, RIGHT_C2 = Joint("C5-C6", LEFT), Joint("C2-C3", RIGHT)


#: The sample neck is hot at these two.
HOT = (LEFT_C5, RIGHT_C2)


POSITIVE, NEGATIVE, INDETERMINATE = Decision


@dataclass
class Desk:
    """A reader in front of the window."""

    window: ReviewWindow
    facets: FacetsModel
    path: Path
    qtbot: QtBot
    name: str = READER
    asked: int = 0
    panel: TargetsPanel = field(init=False)
    reading: ReadingModel = field(init=False)

    def __post_init__(self) -> None:
        self.reading = ReadingModel(self.window.linked, self.facets, journal=self.path)
        self.panel = TargetsPanel(
            self.facets, self.reading, self.window.linked, need_reader=self.need_reader
        )
        self.window.add_tab(self.panel, "Under test")
        self.window.tabs.setCurrentWidget(self.panel)
        self.window.body.setSizes([1070, 430])

    def need_reader(self) -> bool:
        if not self.reading.reader:
            self.asked += 1
            if self.name:
                self.reading.begin(self.name)
        return bool(self.reading.reader)

    def leave(self) -> None:
        self.window.tabs.removeTab(self.window.tabs.indexOf(self.panel))
        self.reading.close()
        for emitter in (*self.facets.events.emitters.values(), self.window.linked.events.review):
            emitter.disconnect(self.panel)
        self.panel.deleteLater()
        self.facets.apply(SpineStatements())
        self.facets.selected = None

    # What a reader does

    def press(self, widget: QWidget) -> None:
        QApplication.processEvents()  # what was shown just now has its place
        assert widget.isVisible(), "not on screen"
        assert widget.isEnabled(), "cannot be pressed"
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def say(self, joint: Joint, decision: Decision | None = None) -> None:
        form = self.panel.form
        self.press(form.side.buttons[joint.side])
        self.press(form.level.buttons[joint.level])
        if decision is not None:
            self.press(form.decision.buttons[decision])

    def accept(self, joint: Joint | None) -> None:
        proposals = self.panel.proposals
        row = next(n for n, p in enumerate(proposals.shown) if p.joint == joint)
        self.choose(proposals.table, row)
        self.press(proposals.accept)

    def choose(self, table, row: int) -> None:
        at = table.visualItemRect(table.item(row, 0)).center()
        self.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)

    def start(self, origin: Origin, joint: Joint) -> None:
        """Begin to describe a target at the place of a joint, in one of the three ways."""
        if origin is Origin.PROPOSAL_ACCEPTED:
            self.accept(joint)
        elif origin is Origin.JOINT_CLICKED:
            self.facets.selected = joint
        else:
            self.window.linked.point_lps = self.facets.spine.centers_lps[joint]
            self.press(self.panel.form.place)

    def make(self, joint: Joint, decision: Decision = POSITIVE) -> Target:
        self.start(Origin.JOINT_CLICKED, joint)
        self.say(joint, decision)
        target = self.kept.target_at(joint)
        assert target is not None, self.message
        return target

    def complete(self, joint: Joint) -> None:
        form = self.panel.form
        for button in (
            form.grade.buttons[2],
            form.pain.buttons[Answer.YES],
            form.bed.buttons[Answer.NOT_RECORDED],
        ):
            self.press(button)
        assert self.kept.target_at(joint).missing == ()

    # What there is

    @property
    def kept(self) -> Reading | None:
        """The reading as somebody else reads it from the file."""
        if not self.path.exists():
            return None
        with Journal(self.path) as journal:
            readings = [r for r in journal.readings() if r.reader == READER]
        return readings[-1] if readings else None

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.kept.targets if self.kept else ()

    @property
    def message(self) -> str:
        label = self.panel.message
        return label.text() if label.isVisible() else ""

    def measured(self) -> None:
        """Wait until the uptake is known."""
        self.qtbot.waitUntil(lambda: self.facets.assessment is not None, timeout=60_000)

    def texts(self) -> str:
        QApplication.processEvents()
        labels = self.panel.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def rows(self) -> list[list[str]]:
        table = self.panel.table.table
        return [
            [table.item(row, column).text() for column in range(table.columnCount())]
            for row in range(table.rowCount())
        ]
