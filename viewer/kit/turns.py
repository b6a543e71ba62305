"""Long work in the window's own thread, done in parts: one in each turn of the event loop."""

from __future__ import annotations

from collections.abc import Iterator

from qtpy.QtCore import QObject, QTimer, Signal


class Turns(QObject):
    """Does one part of a work in each turn of the event loop, so that the window stays alive.

    Parameters
    ----------
    parts : iterator of None
        The work; whatever it does between two values is one part.
    parent : QObject
        Whose work it is.

    Attributes
    ----------
    done : Signal
        Everything is done.
    failed : Signal
        With the exception of a part that failed in its turn; none follows. In :meth:`finish` it is
        raised instead.
    """

    done = Signal()
    failed = Signal(object)

    def __init__(self, parts: Iterator[None], parent: QObject) -> None:
        super().__init__(parent)
        self._parts: Iterator[None] | None = parts
        self._started = False
        # Begun anew after each part, so that whatever waited meanwhile comes before the next.
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._on_turn)

    @property
    def running(self) -> bool:
        """Whether a part is still to be done."""
        return self._parts is not None

    def start(self) -> None:
        """Begin with the next turn."""
        self._started = True
        self._timer.start()

    def finish(self) -> None:
        """Do everything that is left, now; raises whatever a part raises."""
        while self._parts is not None:
            self._next()

    def _on_turn(self) -> None:
        try:
            self._next()
        except Exception as bug:  # noqa: BLE001 - whoever listens tells it
            self.failed.emit(bug)

    def _next(self) -> None:
        parts = self._parts
        if parts is None:
            return
        self._parts = None  # where a part fails, none follows
        try:
            next(parts)
        except StopIteration:
            self.done.emit()
        else:
            self._parts = parts
            if self._started:
                self._timer.start()
