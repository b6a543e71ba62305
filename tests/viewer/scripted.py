"""A reader who only has hands: presses keys and buttons of a window as a person would, and counts.

What to decide is read from the screen; where to go is what the window leads to.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from fusion.anatomy.joints import Joint
from viewer import _napari
from viewer.reading.dialogs import ReaderDialog
from viewer.steps.model import Act, Step
from viewer.targets.dialogs import Consent
from viewer.targets.others_dialog import OthersConsent
from viewer.window import ReviewWindow

#: Of the reference: what these readers call positive.
HOT = 3.0
PATIENCE_S = 120.0


def wait_until(ready: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < give_up, "it never came"
        QTest.qWait(20)


class Hands:
    """Keyboard and mouse of one reader.

    Parameters
    ----------
    window : ReviewWindow
        With its joints measured.
    name : str
        Whose hands they are.
    """

    def __init__(self, window: ReviewWindow, name: str) -> None:
        self.window, self.name = window, name
        self.keys = self.clicks = 0

    @property
    def main(self) -> QWidget:
        return _napari.main_window(self.window.viewer)

    def settled(self) -> None:
        """Wait until nothing is worked out any more, as a person would see."""
        facets = self.window.facets
        wait_until(lambda: facets.assessment is not None and not facets.measuring)

    def key(self, key: str) -> None:
        """Press one key, with what is held beside it, wherever the keyboard is."""
        self.keys += 1
        front = QApplication.activeModalWidget() or self.main
        front.activateWindow()
        wait_until(front.isActiveWindow)
        combination = QKeySequence(key)[0]
        target = QApplication.focusWidget() or front
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
        QTest.qWait(1)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Press the left button on something that is on screen and can be pressed."""
        self.clicks += 1
        widget.window().activateWindow()  # as a window manager would
        wait_until(widget.window().isActiveWindow)
        assert widget.isVisible(), widget
        assert widget.isEnabled(), widget
        at = at or widget.rect().center()
        assert widget.visibleRegion().contains(at), "not within reach without scrolling"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)
        QTest.qWait(1)

    def type(self, text: str) -> None:
        """Type a text where the keyboard is; it does not count as keys."""
        target = QApplication.focusWidget()
        assert isinstance(target, QLineEdit | QPlainTextEdit), target
        QTest.keyClicks(target, text)

    def answering(self, answer: Callable[[ReaderDialog], None]) -> None:
        """Say one's name once a dialog asks for it."""

        def act() -> None:
            dialog = QApplication.activeModalWidget()
            if isinstance(dialog, ReaderDialog):
                dialog.activateWindow()  # as a window manager would
                wait_until(dialog.entry.hasFocus)
                self.type(self.name)
                answer(dialog)
            else:
                QTimer.singleShot(20, act)

        QTimer.singleShot(0, act)

    def consent(self) -> Consent:
        """Return the dialog that asks for consent."""
        wait_until(lambda: isinstance(QApplication.activeModalWidget(), Consent))
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, Consent)
        return dialog

    def is_hot(self, joint: Joint) -> bool:
        """What the ladder shows."""
        ratio = self.window.targets_panel.ladder.cell(joint).ratio
        return ratio is not None and ratio >= HOT

    # The two ways

    def read_by_keys(self) -> None:
        """Finish the reading with the keyboard alone."""
        window = self.window
        self.answering(lambda _dialog: self.key("Return"))
        self.key("S")
        wait_until(lambda: bool(window.reading.reader))
        while (item := window.way.next) is not None:
            self.settled()
            self.key("S")
            if item.act in (Act.OTHERS, Act.FINALISE):
                self._agree_by_keys()
            elif item.step is Step.JOINTS:
                self._decide_by_keys()
            else:
                self.key("Ctrl+E")
                if item.step is Step.LEVELS and window.way.next == item:
                    self.type("counted on another examination")  # which is asked for
                    self.key("Ctrl+E")
                if item.step is Step.PATHWAY:
                    self.type("not asked for")
                    self.key("Return")
            assert window.way.next != item, window.message.text()

    def _agree_by_keys(self) -> None:
        consent = self.consent()
        if isinstance(consent, OthersConsent):
            for number in range(1, len(consent.ticks) + 1):
                self.key(str(number))
        self.key("Ctrl+Return")
        wait_until(lambda: QApplication.activeModalWidget() is None)

    def _decide_by_keys(self) -> None:
        joint = self.window.facets.selected
        self.key(joint.side.value[0].upper())
        self.key(joint.level[1])
        for key in ("P", "3", "Y", "Shift+U") if self.is_hot(joint) else ("N",):
            self.key(key)

    def read_blinded(self, look: Callable[[str], None] = lambda _step: None) -> None:
        """Finish a case of a reader study with the keyboard alone; the next one then comes.

        Parameters
        ----------
        look : callable
            Told each step before it is done, and "last word" before the case is finished.
        """
        window = self.window
        if not window.facets.proposing:
            self.settled()
        while (item := window.way.next) is not None:
            self.settled()
            if item.act is Act.OTHERS and not window.facets.proposing:
                self._decide_down_the_ladder()
            look(item.step.value)
            self.key("S")
            if item.act in (Act.OTHERS, Act.FINALISE):
                self.consent()
                look("last word" if item.act is Act.FINALISE else "consent")
                self._agree_by_keys()
                if item.act is Act.FINALISE:
                    return
            elif item.step is Step.JOINTS:
                self._decide_by_keys()
            else:
                self.key("Ctrl+E")
            assert window.way.next != item, window.message.text()

    def _decide_down_the_ladder(self) -> None:
        window = self.window
        self.key("F5")
        for _ in window.targets_panel.ladder.order:
            self.key("T")
            joint = window.facets.selected
            if self.is_hot(joint) and window.reading.reading.target_at(joint) is None:
                self._decide_by_keys()

    def read_by_mouse(self) -> None:
        """Finish the reading with the mouse alone, but for name and reason."""
        window, bar = self.window, self.window.bar
        self.answering(
            lambda dialog: self.click(dialog.buttons.button(dialog.buttons.StandardButton.Ok))
        )
        begun = window.reading.reading is not None
        self.click(window.header.read_as if begun else window.alignment_panel.reviewed)
        wait_until(lambda: window.reading.reader == self.name)
        while (item := window.way.next) is not None:
            self.settled()
            self.click(bar.next)
            if item.act in (Act.OTHERS, Act.FINALISE):
                consent = self.consent()
                for tick in consent.ticks if isinstance(consent, OthersConsent) else ():
                    self.click(tick, QPoint(10, tick.height() // 2))
                self.click(consent.agree)
                wait_until(lambda: QApplication.activeModalWidget() is None)
            elif item.step is Step.JOINTS:
                self._decide_by_mouse()
            elif item.step is Step.ALIGN:
                self.click(window.alignment_panel.reviewed)
            elif item.step is Step.LEVELS:
                self.click(window.facets_panel.confirming.confirm)
                if window.way.next == item:
                    self.type("counted on another examination")  # which is asked for
                    self.click(window.facets_panel.confirming.confirm)
            else:
                self.click(window.pathway_panel.unanswered)
                self.type("not asked for")
                QTest.keyClick(window.pathway_panel.reason, Qt.Key.Key_Return)
            assert window.way.next != item, window.message.text()

    def _decide_by_mouse(self) -> None:
        form, joint = self.window.targets_panel.form, self.window.facets.selected
        self.click(form.side.buttons[joint.side])
        self.click(form.level.buttons[joint.level])
        decisions = list(form.decision.buttons.values())
        if not self.is_hot(joint):
            self.click(decisions[1])
            return
        answers = [list(choice.buttons.values()) for choice in (form.pain, form.bed)]
        for button in (decisions[0], form.grade.buttons[3], answers[0][0], answers[1][1]):
            self.click(button)
