"""A reader in front of the targets panel, with mouse and keys, on a real journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import VertebraNamed
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.facets.spine_statements import SpineStatements
from fusion.uptake import Proposal
from viewer.alignment.model import Alignment
from viewer.facets.confirming import NumberingBox
from viewer.facets.model import FacetsModel
from viewer.pictures.panes import LinkedPanes
from viewer.reading.model import ReadingModel
from viewer.reading.undo import UndoAll
from viewer.targets.keys import target_keys
from viewer.targets.ladder import Cell
from viewer.targets.panel import TargetsPanel

READER = "Dr. Åsa Öberg"


LEFT, RIGHT = Side.LEFT, Side.RIGHT


LEFT_C5, RIGHT_C2 = Joint("C5-C6", LEFT), Joint("C2-C3", RIGHT)


#: The sample neck is hot at these two.
HOT = (LEFT_C5, RIGHT_C2)


POSITIVE, NEGATIVE, INDETERMINATE = Decision


class Bench:
    """The models of a window without its canvases, which take seconds and decide nothing."""

    def __init__(self, review: fusion.Review) -> None:
        self.linked = LinkedPanes(review)
        self.alignment = Alignment(self.linked)
        self.facets = FacetsModel(self.linked)
        self.host = QWidget()
        self.column = QVBoxLayout(self.host)
        self.host.resize(430, 860)
        self.host.show()

    def wait(self) -> None:
        for _ in range(600):
            if self.facets.assessment is not None:
                break
            QTest.qWait(100)
        assert self.facets.assessment is not None, self.facets.refusal

    def close(self) -> None:
        self.facets.close()
        self.linked.close()
        self.host.close()


@dataclass
class Desk:
    """A reader in front of the panel."""

    window: Bench
    path: Path
    qtbot: QtBot
    name: str = READER
    asked: int = 0
    panel: TargetsPanel = field(init=False)
    reading: ReadingModel = field(init=False)

    def __post_init__(self) -> None:
        self.facets = self.window.facets
        self.reading = ReadingModel(self.window.linked, self.facets, journal=self.path)
        self.undo = UndoAll(self.reading, self.window.alignment)
        self.panel = TargetsPanel(
            self.facets,
            self.reading,
            self.window.linked,
            undo=self.undo,
            need_reader=self.need_reader,
        )
        self.levels = NumberingBox(self.facets, self.reading, need_reader=self.need_reader)
        self.levels.said.connect(self.panel.message.say)
        self.window.column.addWidget(self.levels)
        self.window.column.addWidget(self.panel)
        self.shortcuts = []
        for key, (_, action) in target_keys(self.panel).items():
            self.shortcuts.append(QShortcut(QKeySequence(key), self.window.host))
            self.shortcuts[-1].activated.connect(action)
        QApplication.processEvents()

    def need_reader(self) -> bool:
        if not self.reading.reader:
            self.asked += 1
            if self.name:
                self.reading.begin(self.name)
        return bool(self.reading.reader)

    def leave(self) -> None:
        self.facets.selected = None
        self.reading.close()
        linked, facets = self.window.linked.events, self.facets.events
        for emitter in (*facets.emitters.values(), linked.review, linked.point):
            emitter.disconnect(self.panel)
            emitter.disconnect(self.panel.form)
        self.window.alignment.events.step.disconnect(self.undo)
        for shortcut in self.shortcuts:
            shortcut.setParent(None)
        for emitter in facets.emitters.values():
            emitter.disconnect(self.levels)
        self.levels.hide()
        self.levels.deleteLater()
        self.window.column.removeWidget(self.panel)
        self.panel.hide()
        self.panel.deleteLater()
        self.facets.apply(SpineStatements())

    # What a reader does

    def press(self, widget: QWidget) -> None:
        panel = self.panel
        for page in (panel.area, panel.finish, panel.blocks):
            if page.isAncestorOf(widget):
                panel.show_page(page)
        if panel.state.isAncestorOf(widget):
            panel.show_page(panel.finish)
        panel.area.ensureWidgetVisible(widget)
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

    def choose(self, joint: Joint) -> None:
        """Press the cell of a joint in the ladder."""
        self.panel.show_page(self.panel.area)
        ladder = self.panel.ladder
        at = ladder.rect_of(joint).center()
        self.qtbot.mouseClick(ladder, Qt.MouseButton.LeftButton, pos=at)

    def accept(self, place: str) -> Proposal:
        """Press a hot spot at no one joint."""
        listed = self.panel.hot
        row = next(n for n, p in enumerate(listed.shown) if place in p.place)
        listed.scrollToItem(listed.item(row))
        at = listed.visualItemRect(listed.item(row)).center()
        self.qtbot.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=at)
        return listed.shown[row]

    def type(self, *keys: str) -> None:
        """Press keys, one after the other: letters, or key sequences such as Ctrl+Shift+N."""
        host = self.window.host
        host.activateWindow()
        self.qtbot.waitUntil(host.isActiveWindow)
        for key in keys:
            combination = QKeySequence(key)[0]
            self.qtbot.keyClick(host, combination.key(), combination.keyboardModifiers())

    def go_to_hot(self, joint: Joint) -> None:
        """Press H until the hot spot of a joint is chosen."""
        for _ in range(20):
            self.type("H")
            if self.panel.form.joint == joint:
                return
        raise AssertionError(f"{joint.name} is not among the hot ones")

    def start(self, origin: Origin, joint: Joint) -> None:
        """Begin to describe a target at the place of a joint, in one of the three ways."""
        if origin is Origin.PROPOSAL_ACCEPTED:
            self.go_to_hot(joint)
        elif origin is Origin.JOINT_CLICKED:
            self.choose(joint)
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
            form.bed.buttons[Answer.NO],
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
        return self.panel.message.text()

    def measured(self) -> None:
        """Wait until the uptake is known."""
        self.qtbot.waitUntil(lambda: self.facets.assessment is not None, timeout=60_000)

    def texts(self) -> str:
        QApplication.processEvents()
        labels = self.panel.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def cell(self, joint: Joint) -> Cell:
        """What the ladder says of a joint."""
        return self.panel.ladder.cell(joint)

    @property
    def decided(self) -> list[str]:
        """The joints that have a sign in the ladder, as they are read."""
        ladder = self.panel.ladder
        return [joint.name for joint in ladder.order if ladder.cell(joint).sign]


def renumbered(desk: Desk, truth) -> None:
    """Name C6 what the program calls C5, and wait until the levels are numbered anew."""
    center = {
        name: np.mean([joint.center_lps for joint in truth.joints if joint.level == name], axis=0)
        for name in ("C4-C5", "C5-C6")
    }
    body = (center["C4-C5"] + center["C5-C6"]) / 2 + (0.0, -14.0, 0.0)
    desk.reading.save(VertebraNamed("C6", tuple(map(float, body))))
    desk.qtbot.waitUntil(lambda: desk.facets.localisation is not None, timeout=30_000)
