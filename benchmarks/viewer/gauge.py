"""What holds the thread of a window between two turns of its event loop, and for how long."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from qtpy.QtCore import QTimer

#: How often the event loop is asked to say that it turns, and what goes on in the thread is looked
#: at, s.
_BEAT_S, _LOOK_S = 0.002, 0.002
_ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
#: A function that takes less than this share of a stretch is not its cause.
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one turn of the event loop to the next.

    Parameters
    ----------
    step : str
        What was being done with the window.
    cpu_ms, wall_ms : float
        In the main thread, and on the clock.
    paths : mapping of tuple of str to float
        What functions were running, outermost first, and ms of the main thread for each path.
    """

    step: str
    cpu_ms: float
    wall_ms: float
    paths: dict[tuple[str, ...], float] = field(default_factory=dict)

    @property
    def cause(self) -> str:
        """What took most of it: the way to the innermost function that took more than half, and
        what that one called."""
        total = sum(self.paths.values())
        if not total:
            return "not seen"
        way: list[str] = []
        inside = self.paths
        while True:
            shares: Counter[str] = Counter()
            for path, ms in inside.items():
                if len(path) > len(way):
                    shares[path[len(way)]] += ms
            name, most = max(shares.items(), key=lambda item: item[1], default=("", 0.0))
            if most < _SHARE * total:
                break
            way.append(name)
            inside = {path: ms for path, ms in inside.items() if path[: len(way)] == tuple(way)}
        called = ", ".join(f"{name} {ms:.0f}" for name, ms in shares.most_common(4))
        return " > ".join(way[-5:]) + (f" [{called}]" if called else "")


class Gauge:
    """Measures how long the main thread is held, and by which function.

    A timer in the event loop says each time that it turns; a thread looks meanwhile at what is
    being run, and weighs each look with the processor time that the main thread took since the
    last. Begun in the main thread.

    Attributes
    ----------
    step : str
        What is being done with the window now.
    stretches : list of Stretch
        Those that took at least ``least_ms``.
    """

    def __init__(self, *, least_ms: float = 50.0) -> None:
        self.step = ""
        self.stretches: list[Stretch] = []
        self._least_ms = least_ms
        self._main = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._main)
        self._looks: list[tuple[tuple[str, ...], float]] = []
        self._ended = threading.Event()
        self._last = time.thread_time(), time.perf_counter()
        self._timer = QTimer(interval=round(1000 * _BEAT_S))
        self._timer.timeout.connect(self.beat)
        self._timer.start()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Say that the event loop turns."""
        cpu, wall = time.thread_time(), time.perf_counter()
        looks, self._looks = self._looks, []
        took_ms, last_ms = 1e3 * (cpu - self._last[0]), 1e3 * (wall - self._last[1])
        self._last = cpu, wall
        if took_ms < self._least_ms:
            return
        paths: Counter[tuple[str, ...]] = Counter()
        for path, ms in looks:
            paths[path] += ms
        self.stretches.append(Stretch(self.step, took_ms, last_ms, dict(paths)))

    def end(self) -> None:
        """Measure no more."""
        self.beat()
        self._timer.stop()
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        before = time.clock_gettime(self._clock)
        while not self._ended.wait(_LOOK_S):
            now = time.clock_gettime(self._clock)
            frame = sys._current_frames().get(self._main)
            if frame is not None and now > before:
                self._looks.append((_path(frame), 1e3 * (now - before)))
            del frame  # or it would hold what it works on
            before = now


def _path(frame: FrameType | None) -> tuple[str, ...]:
    """Return the functions that run, outermost first, without those of the measurement."""
    names = []
    while frame is not None:
        code = frame.f_code
        file = Path(code.co_filename)
        if file.parent != _HERE:
            module = (
                ".".join(file.relative_to(_ROOT).with_suffix("").parts)
                if file.is_relative_to(_ROOT) and ".venv" not in file.parts
                else file.stem
            )
            names.append(f"{module}.{code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(names))
