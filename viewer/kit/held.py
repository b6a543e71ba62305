"""Whether a key is pressed again, or still held, where Qt cannot tell."""

from __future__ import annotations

from functools import cache

from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

#: X11 says of a key that is held that it was let go and pressed at one moment. Who presses it
#: again takes longer than this, ms.
_ONE_MOMENT_MS = 5


class HeldKeys(QObject):
    """Watches the keys of windows.

    Qt knows a key that is held by looking at the next event in its queue. On a busy computer that
    one may not be there yet, and one long press becomes two: Ctrl+Z then takes two decisions back.

    Attributes
    ----------
    still : bool
        Whether the key that came last was held since before, and not pressed anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.still = False
        self._let_go: dict[int, int] = {}

    def watch(self, widget: QWidget) -> None:
        """Watch the window of a widget, which becomes one of the screen."""
        widget.winId()
        handle = widget.window().windowHandle()
        if handle is not None:
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Note when a key is let go, and when it comes again."""
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            self._let_go[event.nativeScanCode()] = event.timestamp()
            self.still = False
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            let_go = self._let_go.get(event.nativeScanCode())
            since = None if let_go is None else event.timestamp() - let_go
            self.still = since is not None and 0 <= since <= _ONE_MOMENT_MS
        return False


@cache
def held_keys() -> HeldKeys:
    """Return what watches the keys of all windows: a key goes on from one to the next."""
    return HeldKeys()
