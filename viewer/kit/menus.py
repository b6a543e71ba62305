"""Menus from one table; they show keys and set none: the window's own table of keys does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QMenuBar

#: Words, what it does, and the key that does the same; None draws a line.
Entry = tuple[str, Callable[[], object], str]
Menus = Mapping[str, Sequence[Entry | None]]


class ActMenu(QMenu):
    """A menu that does what its entries say.

    Parameters
    ----------
    title : str
        In the menu bar.
    bar : QMenuBar
        Where it hangs.
    entries : sequence of Entry or None
        From the top.
    """

    def __init__(self, title: str, bar: QMenuBar, entries: Sequence[Entry | None]) -> None:
        super().__init__(title, bar)
        # Not a slot for each: those would hold what they act on when the window is gone.
        self._acts: dict[str, Callable[[], object]] = {}
        for entry in entries:
            if entry is None:
                self.addSeparator()
                continue
            words, act, key = entry
            shown = words.replace("&", "&&")
            text = f"{shown}\t{key}" if key else shown
            self._acts[text] = act
            self.addAction(text)
        self.triggered.connect(self._act)

    def _act(self, action: QAction) -> None:
        self._acts[action.text()]()


def fill(bar: QMenuBar, menus: Menus) -> None:
    """Fill an empty menu bar.

    Parameters
    ----------
    bar : QMenuBar
        Without menus.
    menus : mapping of str to sequence of Entry or None
        Title to entries.
    """
    for title, entries in menus.items():
        bar.addMenu(ActMenu(title, bar, entries))
