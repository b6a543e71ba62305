"""How long the window stands still at each step of a reading, by which function, and its memory.

Every stretch between two turns of the event loop that takes more than 50 ms of the main thread
(what a free machine would wait) is told, with what held it. A second study takes the place of the
first, and is closed::

    xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.viewer.blocking STUDY
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-bench-")) / "s.yaml")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="config-bench-")

from napari.qt import get_qapp
from qtpy.QtCore import QThreadPool
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from benchmarks.viewer.gauge import Gauge
from fusion.memory import pass_over_libraries
from fusion.opening import OpenOptions
from tests.viewer import scripted
from tests.viewer.scripted import Hands, wait_until
from viewer import _napari
from viewer.app import FrontDesk
from viewer.pictures.area import LAYOUT_KEYS
from viewer.steps.model import Step
from viewer.window import ReviewWindow
from viewer.wishes import Wishes, sample_study

#: How long each step is waited for after it is done, ms.
_AFTER_MS = 600


class Walk:
    """A reader who does everything once."""

    def __init__(self, desk: FrontDesk, gauge: Gauge) -> None:
        self.desk, self.gauge = desk, gauge

    def step(self, name: str, act: Callable[[], object], *, until: Callable[[], bool]) -> None:
        """Do something, and wait until it is done."""
        self.gauge.beat()
        self.gauge.step = name
        act()
        wait_until(until)
        QTest.qWait(_AFTER_MS)

    def open(self, study: Path | None, name: str) -> ReviewWindow:
        """Open a study, and wait for its joints and its alignment."""
        desk, shown = self.desk, []
        desk.opened.connect(lambda: shown.append(True))
        options = OpenOptions()
        self.step(
            name, lambda: desk.open(study or sample_study, options), until=lambda: bool(shown)
        )
        window = desk.app.review_window
        facets = window.facets
        self.step(
            f"{name}: joints and alignment arriving",
            lambda: None,
            until=lambda: facets.assessment is not None and not window.alignment_panel.checking,
        )
        return window

    def read(self, window: ReviewWindow) -> None:
        """Go through a reading by keyboard."""
        hands = Hands(window, "B. Locking")
        way = window.way
        self.step("a step of the way: F4", lambda: hands.key("F4"), until=lambda: True)
        for n, _ in enumerate(Step, start=2):
            self.step(f"a step of the way: F{n}", lambda n=n: hands.key(f"F{n}"), until=_at_once)
        hands.answering(lambda _dialog: hands.key("Return"))
        self.step(
            "saying who reads",
            lambda: hands.key("S"),
            until=lambda: bool(window.reading.reader),
        )
        self.step("Joints: F5", lambda: hands.key("F5"), until=_at_once)
        for key in ("T", "T", "R", "4", "P", "3", "Y", "Shift+U", "L", "5", "N", "H", "I"):
            self.step(f"a joint: {key}", lambda key=key: hands.key(key), until=_at_once)
        for key in ("Ctrl+Z", "Ctrl+Z", "Ctrl+Shift+Z"):
            self.step(f"undo: {key}", lambda key=key: hands.key(key), until=_at_once)
        for key in (*LAYOUT_KEYS, "M", "M", *LAYOUT_KEYS):
            self.step(f"layout: {key}", lambda key=key: hands.key(key), until=_at_once)
            self.step(f"layout {key}: T", lambda: hands.key("T"), until=_at_once)
        hands.key("D")
        for key in ("PgUp", "PgDown", "B", "[", "X", "Q", "1"):
            self.step(f"pictures: {key}", lambda key=key: hands.key(key), until=_at_once)
        self.step("moving by hand: A", lambda: hands.key("A"), until=_at_once)
        for key in ("Shift+Right", "Escape"):
            self.step(f"moving by hand: {key}", lambda key=key: hands.key(key), until=_at_once)
        self.step("undo: Ctrl+Z", lambda: hands.key("Ctrl+Z"), until=_at_once)
        while (item := way.next) is not None:
            hands.settled()
            words = f"finishing, {item.act.value}"
            self.step(f"{words}: S", lambda: hands.key("S"), until=_at_once)
            if QApplication.activeModalWidget() is not None:
                hands.consent()
                self.step(f"{words}: agreed", hands._agree_by_keys, until=_at_once)
            elif item.step is Step.JOINTS:
                self.step(f"{words}: decided", hands._decide_by_keys, until=_at_once)
            else:
                self.step(f"{words}: Ctrl+E", lambda: hands.key("Ctrl+E"), until=_at_once)
                if item.step is Step.LEVELS and way.next == item:
                    hands.type("counted on another examination")
                    self.step(f"{words}: Ctrl+E", lambda: hands.key("Ctrl+E"), until=_at_once)
                if item.step is Step.PATHWAY:
                    hands.type("not asked for")
                    self.step(f"{words}: Return", lambda: hands.key("Return"), until=_at_once)
            assert way.next != item, window.message.text()


def _at_once() -> bool:
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, nargs="?", help="by default the sample, made anew")
    parser.add_argument("--least", type=float, default=50.0, metavar="MS")
    parser.add_argument("--opening", action="store_true", help="open a study, and no more")
    args = parser.parse_args()
    scripted.PATIENCE_S = 1200.0
    get_qapp()
    pass_over_libraries()  # as the program does
    wishes = Wishes(journal=Path(tempfile.mkdtemp(prefix="journal-bench-")) / "j.sqlite")
    begun = time.perf_counter()
    desk = FrontDesk(wishes, viewer=_napari.new_viewer())
    desk.show()
    QTest.qWait(300)
    gauge = Gauge(least_ms=args.least)
    walk = Walk(desk, gauge)
    window = walk.open(args.study, "opening")
    first = desk.app
    if not args.opening:
        walk.read(window)
        walk.step("the start page", first.leave, until=lambda: first.desk.page.isVisible())
        walk.desk = first.desk
        walk.open(args.study, "the second study")
        first = walk.desk.app
    walk.step("closing", first.viewer.close, until=_at_once)
    gauge.end()
    print(f"{time.perf_counter() - begun:.0f} s in all; ms of the main thread (on the clock)")
    for one in gauge.stretches:
        print(f"{one.cpu_ms:5.0f} ({one.wall_ms:4.0f}) {one.step}: {one.cause}")
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    print(next(line for line in status if line.startswith("VmHWM")))
    QThreadPool.globalInstance().waitForDone(20_000)


if __name__ == "__main__":
    main()
