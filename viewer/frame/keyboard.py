"""The keys of one window as its user has them: shortcuts, and the card that shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget

from fusion.errors import FusionError
from viewer.frame.key_file import ChangedKeys, default_key_file, write_template
from viewer.kit.held import HeldKeys, held_keys
from viewer.kit.keys import KeyCard, Keys, every_key
from viewer.pictures.mouse import MOUSE_HELP


class Keyboard:
    """Every key of one window.

    Parameters
    ----------
    usual : callable
        Returns the keys by what they are about, as they are unless a user changes them. Not called
        before they are asked for.

    Attributes
    ----------
    refused : str
        Why the file of changed keys is not followed; empty where it is.
    shortcuts : dict of str to QShortcut
        What :meth:`give` made, by key.
    """

    def __init__(self, usual: Callable[[], dict[str, Keys]]) -> None:
        self._usual = usual
        self.refused = ""
        self.shortcuts: dict[str, QShortcut] = {}
        self._changed = ChangedKeys(None)
        try:
            self._changed = ChangedKeys(default_key_file())
        except FusionError as error:
            self.refused = str(error)

    def of(self, key: str) -> str:
        """Return the key that is in the place of a usual one."""
        return self._changed.of(key)

    @property
    def groups(self) -> dict[str, Keys]:
        """Every key, by what it is about, as the user has them; as usual where that is refused."""
        try:
            return self._changed.applied(self._usual())
        except FusionError as error:
            self.refused, self._changed = str(error), ChangedKeys(None)
            return self._usual()

    def give(self, window: QWidget, *, repeating: Collection[str]) -> None:
        """Let a window follow the keys.

        Parameters
        ----------
        window : QWidget
            Which.
        repeating : collection of str
            Usual keys that go on while they are held; all others act once a press.
        """
        held = held_keys()
        held.watch(window)
        groups = self.groups  # first: where the changed keys are refused, none is followed
        going_on = {self.of(key) for key in repeating}
        for key, (_, action) in every_key(groups).items():
            shortcut = QShortcut(QKeySequence(key), window)
            shortcut.setAutoRepeat(key in going_on)
            once = partial(_once, action, held)
            shortcut.activated.connect(action if key in going_on else once)
            self.shortcuts[key] = shortcut

    @property
    def card(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """What mouse and keys do, by what it is about."""
        card = {"Mouse": tuple(MOUSE_HELP)}
        for title, keys in self.groups.items():
            card[title] = tuple((key, words) for key, (words, _) in keys.items())
        return card

    def show_card(self, window: QWidget) -> KeyCard:
        """Show what mouse and keys do, above a window."""
        card = KeyCard(window, self.card)
        card.open()
        return card

    def write_file(self) -> str:
        """Make the file of changed keys where there is none, and say where it is.

        Raises
        ------
        FusionError
            It cannot be written.
        """
        path = write_template(default_key_file(), self._usual())
        return f"Keys are changed in {path}; they hold from the next window on."


def _once(action: Callable[[], object], held: HeldKeys) -> None:
    """Act on a key that is pressed, and not on one that is held."""
    if not held.still:
        action()
