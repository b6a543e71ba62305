"""Scripted readers at the review window: how many keys and clicks a reading takes.

::

    xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.readers STUDY
    xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.readers STUDY --random 5000

Without ``--random`` one reader finishes the study with the keyboard alone, another with the mouse
alone, both by real events. With it a third presses keys and buttons at random, and after each it is
checked that nothing was decided about another joint than the one shown, that the journal holds what
the window shows, and that nothing was raised. The study ``sample`` is made anew, small.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import threading
import traceback
from collections import Counter
from pathlib import Path
from types import TracebackType

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-readers-")) / "s.yaml")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="config-readers-")

from qtpy.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QKeySequence, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal
from fusion.memory import give_back
from sample_data import COARSE_SCAN, make_study
from tests.viewer import scripted
from tests.viewer.scripted import Hands, wait_until
from viewer import _napari
from viewer.study import ReviewApp
from viewer.targets.dialogs import Consent
from viewer.window import ReviewWindow
from viewer.wishes import Wishes

#: The windows are closed and opened again after so many actions; the hands go from one to the other
#: after so many.
REOPEN, TURN = 400, 25
_LEFT = Qt.MouseButton.LeftButton


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", help="a folder, or: sample")
    parser.add_argument("--random", type=int, metavar="N", default=0, help="so many random actions")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    scripted.PATIENCE_S = 1200.0  # whoever counts keys may do so on a busy computer
    with tempfile.TemporaryDirectory() as folder:
        study = Path(args.study)
        if args.study == "sample":
            make_study(Path(folder) / "sample", scan=COARSE_SCAN)
            study = Path(folder) / "sample" / "study"
        journal = Path(folder) / "journal.sqlite"
        if args.random:
            return RandomReader(study, journal, seed=args.seed).act(args.random)
        for name, way in (("K. Eys", Hands.read_by_keys), ("M. Ouse", Hands.read_by_mouse)):
            window = opened(study, journal)
            hands = Hands(window, name)
            hands.settled()
            way(hands)
            final = window.reading.reading
            print(
                f"{name}: {hands.keys} keys, {hands.clicks} clicks; {len(final.positive)} positive "
                f"of {len(final.targets)} decided, final: {final.finalised is not None}"
            )
            window.viewer.close()
            QTest.qWait(200)
    return 0


def let_go() -> None:
    """Let Qt delete what was to be deleted later, as the loop of a program does."""
    for _ in range(2):
        loop = QEventLoop()
        QTimer.singleShot(200, loop.quit)
        loop.exec()
        gc.collect()


def resident_mib() -> int:
    """Return the memory that is in use now, not the most that ever was."""
    let_go()
    give_back()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def opened(study: Path, journal: Path) -> ReviewWindow:
    app = ReviewApp(study, wishes=Wishes(journal=journal))
    app.start()
    wait_until(lambda: app.review_window is not None)
    QTest.qWait(300)
    return app.review_window


class RandomReader:
    """Presses whatever there is, and finds out whether anything went wrong."""

    def __init__(self, study: Path, journal: Path, *, seed: int) -> None:
        self.study, self.journal = study, journal
        self.random = random.Random(seed)
        self.wrong: list[str] = []
        self.last = ""
        self.done: Counter[str] = Counter()
        sys.excepthook = self.note
        threading.excepthook = lambda args: self.wrong.append(repr(args.exc_value))
        self.timer = QTimer(interval=30)
        self.timer.timeout.connect(self.answer)

    def note(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Keep what was raised, and say it at once: it may be the end of the program."""
        words = "".join(traceback.format_exception(kind, error, trace))
        self.wrong.append(f"after {self.last}: {words}")
        print(self.wrong[-1], file=sys.stderr, flush=True)

    def act(self, count: int) -> int:
        while count > 0 and not self.wrong:
            part, count = min(REOPEN, count), count - min(REOPEN, count)
            self.sit_down(part)
            QTest.qWait(200)
            print(f"{sum(self.done.values())} actions, {resident_mib()} MiB after", flush=True)
        print(dict(self.done))
        print("\n".join(self.wrong[:3]) or "nothing went wrong")
        return 1 if self.wrong else 0

    def sit_down(self, count: int) -> None:
        """Open the study in two windows, each for another reader, and act in both in turn."""
        readers = self.random.sample(("A. Reader", "B. Reader", "C. Reader"), 2)
        windows = [opened(self.study, self.journal) for _ in readers]
        for window, reader in zip(windows, readers, strict=True):
            window.begin_reading(reader)
            Hands(window, "").settled()
        self.timer.start()
        for n in range(count):
            if n % TURN == 0:
                self.window = windows[n // TURN % 2]
            before = self.shown()
            self.last, action = self.choose()
            self.done[self.last.split(":")[0]] += 1
            action()
            QTest.qWait(1)
            self.check(*before)
            if self.wrong:
                break
        self.timer.stop()
        while dialog := QApplication.activeModalWidget():
            dialog.close()
            QTest.qWait(20)
        shown = []
        for window in windows:
            window.targets_panel.form.note.commit()
            shown.append(window.reading.reading)
            window.viewer.close()
            QTest.qWait(200)
        # Or the last one, with whatever it showed, would be measured as what is left of all.
        del self.window
        with Journal(self.journal) as journal:
            for reading in shown:
                if journal.load(reading.reading_id).digest != reading.digest:
                    self.wrong.append("the journal does not hold what the window showed")

    def shown(self) -> tuple[object, bool, int, str]:
        form, reading = self.window.targets_panel.form, self.window.reading.reading
        return form.joint, form.agrees, reading.sequence, reading.reading_id

    def check(self, joint: object, agreed: bool, sequence: int, reading_id: str) -> None:
        reading = self.window.reading.reading
        if reading.reading_id != reading_id:
            return
        for event in reading.events[sequence:]:
            change = event.change
            if not isinstance(change, TargetSaved) or self.last.startswith("dialog"):
                continue
            if self.consented:
                continue
            if change.target.joint != joint and joint is not None:
                self.wrong.append(
                    f"{self.last}: {change.target.joint} saved while {joint} was shown"
                )
            if not agreed and "note" not in self.last and change.target.note == "":
                self.wrong.append(f"{self.last}: saved while the form was closed")
        self.consented = False

    consented = False

    def answer(self) -> None:
        """Do something to a dialog that is open."""
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            return
        if isinstance(dialog, Consent):
            self.consented = True
        self.done["dialog"] += 1
        if self.random.random() < 0.6:
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        elif self.random.random() < 0.5:
            QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        else:
            QTest.keyClick(dialog, Qt.Key.Key_Return)

    def choose(self) -> tuple[str, object]:
        window, rng = self.window, self.random
        main = _napari.main_window(window.viewer)
        kind = rng.random()
        if kind < 0.45:
            key = rng.choice(list(window.keys.shortcuts))
            combination = QKeySequence(key)[0]

            def press() -> None:
                main.activateWindow()
                QTest.qWait(1)
                target = QApplication.focusWidget() or main
                QTest.keyClick(target, combination.key(), combination.keyboardModifiers())

            return f"key: {key}", press
        if kind < 0.65:
            form = window.targets_panel.form
            choice = rng.choice((form.side, form.level, form.decision, *form.answers))
            button = rng.choice(list(choice.buttons.values()))
            return f"form: {button.text()}", lambda: self.press(button)
        if kind < 0.72:
            ladder = window.targets_panel.ladder
            joint = rng.choice(ladder.order)
            return (
                f"ladder: {joint.name}",
                lambda: self.press(ladder, ladder.rect_of(joint).center()),
            )
        if kind < 0.78:
            button = rng.choice([*window.bar.buttons.values(), window.bar.next])
            return f"bar: {button.text()}", lambda: self.press(button)
        if kind < 0.82:
            form = window.targets_panel.form
            button = rng.choice((form.place, form.move_here, form.again, form.back, form.remove))
            return f"button: {button.text()}", lambda: self.press(button)
        if kind < 0.84:
            note = window.targets_panel.form.note.edit
            return "note: typed", lambda: self.type(note)
        canvas = rng.choice(window.canvases)
        at = QPoint(rng.randrange(10, canvas.width() - 10), rng.randrange(10, canvas.height() - 10))
        if kind < 0.9:
            return "wheel: picture", lambda: self.turn(canvas, at)
        to = at + QPoint(rng.randrange(-40, 41), rng.randrange(-40, 41))
        button = rng.choice((_LEFT, _LEFT, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton))
        return "drag: picture", lambda: self.drag(canvas, at, to, button)

    def press(self, widget: QWidget, at: QPoint | None = None) -> None:
        if widget.isVisible() and widget.isEnabled():
            QTest.mouseClick(widget, _LEFT, pos=at or widget.rect().center())

    def type(self, note: QWidget) -> None:
        if note.isVisible() and note.isEnabled():
            note.setFocus()
            QTest.keyClicks(note, self.random.choice("abc "))

    def turn(self, canvas: QWidget, at: QPoint) -> None:
        event = QWheelEvent(
            QPointF(at),
            QPointF(canvas.mapToGlobal(at)),
            QPoint(),
            QPoint(0, self.random.choice((-120, 120))),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(canvas, event)

    def drag(self, canvas: QWidget, at: QPoint, to: QPoint, button: Qt.MouseButton) -> None:
        QTest.mousePress(canvas, button, pos=at)
        QTest.mouseMove(canvas, to)
        QTest.qWait(1)
        QTest.mouseRelease(canvas, button, pos=to)


if __name__ == "__main__":
    sys.exit(main())
