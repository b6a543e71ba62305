"""The dialog that calls joints negative in one go: it names them, and asks once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import QPoint
from qtpy.QtGui import QFocusEvent, QKeyEvent, QShowEvent
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from fusion.anatomy import Joint
from viewer.kit.labels import plain_label
from viewer.kit.text import plain_tip
from viewer.kit.theme import BOLD, DOUBTFUL, colored
from viewer.targets.dialogs import Consent, rows_of
from viewer.targets.others import FaintPlace, Others, names

#: Each ticks a place.
_DIGITS = tuple("123456789")
#: From the edge of the window, px.
_EDGE = 12


class _Tick(QCheckBox):
    """One faint place; the pictures show it as soon as the keyboard or the mouse is at it."""

    def __init__(self, text: str, *, look: Callable[[], object]) -> None:
        super().__init__(text)
        self._look = look
        self.toggled.connect(lambda _on: look())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Show the place."""
        super().focusInEvent(event)
        self._look()


class OthersConsent(Consent):
    """Names the joints to be called negative, and asks once.

    A place that is suggested but faint has a tick of its own, which nobody presses but the reader:
    the pictures go there. Joints with anything hotter are not offered.

    Parameters
    ----------
    parent : QWidget
        The window.
    others : Others
        What nothing was said about.
    decide : callable
        Calls the joints negative that it is given.
    look : callable
        Shows a faint place in the pictures.
    """

    def __init__(
        self,
        parent: QWidget,
        others: Others,
        *,
        decide: Callable[[tuple[Joint, ...]], object],
        look: Callable[[FaintPlace], object],
    ) -> None:
        self._others = others
        self.ticks = tuple(
            _Tick(_words(number, place), look=partial(look, place))
            for number, place in enumerate(others.faint, start=1)
        )
        super().__init__(
            parent,
            "All other joints in the field negative",
            f"These {len(others.cold)} joints are recorded as negative, without a grade; one undo "
            "takes all of them back:",
            self._make_body(),
            agree=_agreement(others.cold),
            action=lambda _reason: decide(self.joints),
            possible=bool(others.cold),
        )
        for tick, place in zip(self.ticks, others.faint, strict=True):
            tick.setToolTip(plain_tip(place.proposal.reason))
            tick.toggled.connect(self._on_tick)
        self.cancel.setFocus()

    @property
    def joints(self) -> tuple[Joint, ...]:
        """What would be called negative now."""
        ticked = [
            joint
            for tick, place in zip(self.ticks, self._others.faint, strict=True)
            if tick.isChecked()
            for joint in place.joints
        ]
        return (*self._others.cold, *ticked)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the pictures in sight, where a place in them is asked about."""
        super().showEvent(event)
        window = self.parentWidget()
        if self.ticks and window is not None:
            corner = window.mapToGlobal(QPoint(window.width(), window.height()))
            self.move(corner.x() - self.width() - _EDGE, corner.y() - self.height() - _EDGE)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Tick a place by its digit, once a press."""
        number = int(event.text()) if event.text() in _DIGITS else 0
        if not 0 < number <= len(self.ticks):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.ticks[number - 1].toggle()

    def _on_tick(self) -> None:
        self._possible = bool(self.joints)
        self._say_agreement(_agreement(self.joints))
        self._check()

    def _make_body(self) -> QWidget:
        others, body = self._others, QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        cold = names(others.cold) or "No joint: everything else in the field is decided."
        column.addWidget(rows_of([(cold, BOLD)]))
        if self.ticks:
            words = (
                "Suggested, but faint. Look at each place; what is negative too takes a tick of "
                "its own:"
            )
            column.addWidget(plain_label(words, wrap=True))
            for tick in self.ticks:
                column.addWidget(tick)
        lines = []
        if others.hot:
            words = f"Not these, which are hot or beside something hot: {names(others.hot)}."
            lines.append((f"{words} Decide each of them.", colored(DOUBTFUL)))
        if others.outside:
            lines.append((f"Not these, which are outside the field: {names(others.outside)}.", ""))
        if lines:
            column.addWidget(rows_of(lines))
        return body


def _agreement(joints: tuple[Joint, ...]) -> str:
    return f"Negative, all {len(joints)} of them"


def _words(number: int, place: FaintPlace) -> str:
    proposal, digit = place.proposal, f"{number}   " if number <= len(_DIGITS) else ""
    much = "" if proposal.ratio_to_reference is None else f"{proposal.ratio_to_reference:.1f}×, "
    # Not those that something hotter is at, or that are decided.
    only = "" if place.joints == proposal.candidates else f"; of these {names(place.joints)}"
    return f"{digit}{much}{proposal.place}{only}"
