"""How long the window stands still while a study is opened, and what memory it takes.

A timer in the event loop says how long it had to wait, in seconds of the main thread (what a free
machine would wait) and on the clock::

    xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.viewer.blocking STUDY
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-bench-")) / "s.yaml")
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="config-bench-")

from napari.qt import get_qapp
from qtpy.QtCore import QThreadPool, QTimer
from qtpy.QtTest import QTest

from fusion.memory import pass_over_libraries
from fusion.opening import OpenOptions
from viewer import _napari
from viewer.app import FrontDesk, Wishes

#: What goes on in the background after the study is on screen, s.
AFTERWARDS_S = 8.0
PATIENCE_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    args = parser.parse_args()
    get_qapp()
    pass_over_libraries()  # as the program does
    journal = Path(tempfile.mkdtemp(prefix="journal-bench-")) / "j.sqlite"
    desk = FrontDesk(Wishes(journal=journal), viewer=_napari.new_viewer())
    desk.show()
    QTest.qWait(300)
    start = time.perf_counter()
    last, gaps, when = [start, time.thread_time()], [], {}

    def beat() -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        gaps.append((cpu - last[1], now - last[0], now - start))
        last[:] = [now, cpu]

    timer = QTimer(interval=5)
    timer.timeout.connect(beat)
    timer.start()
    desk.opened.connect(lambda: when.setdefault("on screen", time.perf_counter() - start))
    desk.open(args.study, OpenOptions())
    desk.job.done.connect(lambda _: when.setdefault("read", time.perf_counter() - start))
    while "on screen" not in when and time.perf_counter() - start < PATIENCE_S:
        QTest.qWait(20)
    QTest.qWait(int(1000 * AFTERWARDS_S))
    print(", ".join(f"{what} after {at:.1f} s" for what, at in when.items()))
    for cpu, wall, at in sorted(gaps, reverse=True)[:6]:
        print(f"stood still {1e3 * cpu:.0f} ms of the main thread ({wall:.2f} s) at {at:.1f} s")
    status = Path("/proc/self/status").read_text("utf-8").splitlines()
    print(next(line for line in status if line.startswith("VmHWM")))
    desk.app.viewer.close()
    QThreadPool.globalInstance().waitForDone(20_000)


if __name__ == "__main__":
    main()
