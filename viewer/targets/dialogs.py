"""Dialogs that ask for consent: new labels, making a reading final, an addendum.

Each one names what it is about, proposes nothing, and stays open with what was typed when the
journal refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fusion.anatomy import JOINTS
from fusion.annotations import Decision
from fusion.errors import FusionError
from fusion.plain_text import plain
from viewer.kit.held import held_keys
from viewer.kit.labels import plain_label
from viewer.kit.layout import scrolling
from viewer.kit.note import NoteEdit
from viewer.kit.text import shortened
from viewer.kit.theme import BAD, BOLD, DOUBTFUL, colored
from viewer.reading.words import target_line
from viewer.targets.others import names

if TYPE_CHECKING:
    from fusion.annotations import LabelChange, Reading
    from viewer.targets.others import Others


#: Width of a dialog; height of what is around its lines, and of these at least, px.
_WIDTH, _AROUND, _LEAST = 620, 260, 260
#: Presses the button that agrees.
_AGREE = "Ctrl+Return"


class Consent(QDialog):
    """Asks a reader to agree to something, with a reason where one is needed.

    Parameters
    ----------
    parent : QWidget
        The window.
    title : str
        What it is about.
    intro : str
        What happens.
    body : QWidget
        What is agreed to, in full.
    agree : str
        What the button says.
    action : callable
        Takes the reason; raises when it is refused.
    reason : str
        What is asked for, empty when no reason is needed.
    possible : bool
        Whether it can be agreed to at all.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        intro: str,
        body: QWidget,
        *,
        agree: str,
        action: Callable[[str], object],
        reason: str = "",
        possible: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setMinimumWidth(_WIDTH)
        self._action, self._needs_reason, self._possible = action, bool(reason), possible
        self.intro = plain_label(intro, wrap=True)
        self.reason = NoteEdit(reason, lines=3)
        self.reason.setVisible(self._needs_reason and possible)
        self.refusal = plain_label(wrap=True)
        self.refusal.setStyleSheet(colored(BAD))
        self.refusal.hide()
        self.agree, self.cancel = QPushButton(), QPushButton("Cancel")
        self._say_agreement(agree)
        self.agree.setToolTip(_AGREE)
        self.agree.setAutoDefault(False)
        self.cancel.setDefault(True)
        self.agree.clicked.connect(self._on_agree)
        held_keys().watch(self)
        self.cancel.clicked.connect(self.reject)
        self.reason.textChanged.connect(self._check)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.agree)
        column = QVBoxLayout(self)
        for widget in (self.intro, body, self.reason, self.refusal):
            column.addWidget(widget)
        column.addLayout(buttons)
        self._check()

    def _say_agreement(self, words: str) -> None:
        self.agree.setText(words)  # which takes the key away
        # Return alone cancels: an agreement takes a key of its own.
        self.agree.setShortcut(_AGREE)

    def _check(self) -> None:
        given = not self._needs_reason or bool(plain(self.reason.text))
        self.agree.setEnabled(given and self._possible)

    def _on_agree(self) -> None:
        # The key that opened this is the one that agrees, and may still be held.
        if not held_keys().still:
            self._agree()

    def _agree(self) -> None:
        try:
            self._action(self.reason.text)
        except FusionError as error:
            self.refusal.setText(shortened(str(error), 900))
            self.refusal.show()
        else:
            self.accept()


def rows_of(lines: Iterable[tuple[str, str]]) -> QScrollArea:
    """Return lines of plain text that scroll, each with its style."""
    inside = QWidget()
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, 6, 0)
    for text, style in lines:
        label = plain_label(text, wrap=True)
        label.setStyleSheet(style)
        column.addWidget(label)
    column.addStretch()
    area = scrolling(inside)
    # All of it at a glance, wherever the screen has room for that.
    screen = QGuiApplication.primaryScreen()
    room = screen.availableGeometry().height() - _AROUND if screen else _LEAST
    wrapped = column.totalHeightForWidth(_WIDTH - 30)
    # The letters of the window are somewhat higher than those that are known here.
    area.setMinimumHeight(min(max(room, _LEAST), round(1.1 * wrapped) + 6))
    return area


def labels_dialog(
    parent: QWidget, changes: Iterable[LabelChange], *, consent: Callable[[str], object]
) -> Consent:
    """Return the dialog that lists old and new label of each target, and asks for consent.

    Parameters
    ----------
    parent : QWidget
        The window.
    changes : iterable of LabelChange
        What a new numbering would change.
    consent : callable
        Takes the reader's reason and saves the new labels.
    """
    changes = tuple(changes)
    lost = [change for change in changes if change.placement is None]
    lines = []
    for change in changes:
        now = "NO CERTAIN JOINT" if change.placement is None else change.placement.joint.name
        lines.append((f"{change.target.joint.name}  →  {now}", f"{BOLD} font-size: 14px;"))
        lines.append((shortened(f"{target_line(change.target)}. {change.why}", 500), ""))
    intro = (
        "The anatomy as it is numbered now gives these targets another name. The places stay where "
        "they are; decision, grade and answers stay as they are. Nothing changes without you."
    )
    if lost:
        names = ", ".join(change.target.joint.name for change in lost)
        intro += (
            f"\n\n{names}: no certain joint any more. Move it onto the joint, decide it anew or "
            "remove it first; then the others can be re-labelled."
        )
    return Consent(
        parent,
        "New labels",
        intro,
        rows_of(lines),
        agree="Agree to the new labels",
        action=consent,
        reason="Why did the levels change? The history keeps it",
        possible=not lost,
    )


def finalise_dialog(
    parent: QWidget,
    reading: Reading,
    *,
    reader: str,
    finalise: Callable[[], object],
    others: Others,
    for_good: bool = False,
) -> Consent:
    """Return the dialog that reads the decisions back before they become final.

    Parameters
    ----------
    parent : QWidget
        The window.
    reading : Reading
        The draft.
    reader : str
        In whose name.
    finalise : callable
        Makes it final.
    others : Others
        What the reading says nothing about.
    for_good : bool
        There will be no addendum.
    """
    # First what a long list of targets would hide.
    lines = [
        (f"{words}: {names(joints)}.", colored(DOUBTFUL))
        for words, joints in (
            ("NOT DECIDED, although hot or beside something hot", others.suspected),
            ("Not decided", others.cold),
            ("Outside the field, and not decided", others.outside),
        )
        if joints
    ]
    # What leads to a needle first, and each as the ladder has it.
    order = (Decision.POSITIVE, Decision.INDETERMINATE, Decision.NEGATIVE)
    every = sorted(reading.targets, key=lambda t: (order.index(t.decision), JOINTS.index(t.joint)))
    lines += [(target_line(target), BOLD) for target in every]
    if not reading.targets:
        lines.append(("No joint is marked: the reading has no target.", BOLD))
    return Consent(
        parent,
        "Finalise the reading",
        f"Version {reading.opened.version} becomes final in the name of {shortened(reader, 200)}. "
        "After this nothing in it can be changed, by anybody; "
        f"{'the case does not come back' if for_good else 'corrections are made in an addendum'}. "
        "Read side and level of each target once more:",
        rows_of(lines),
        agree="Finalise",
        action=lambda _reason: finalise(),
    )


def addendum_dialog(
    parent: QWidget, reading: Reading, *, addendum: Callable[[str], object]
) -> Consent:
    """Return the dialog that begins a new version of a finalised reading.

    Parameters
    ----------
    parent : QWidget
        The window.
    reading : Reading
        Final.
    addendum : callable
        Takes the reason and begins the new version.
    """
    version = reading.opened.version
    return Consent(
        parent,
        "Addendum",
        f"Version {version} stays as it is. Version {version + 1} begins as a draft with its "
        "targets; every check has to be made again.",
        QWidget(),
        agree="Begin the addendum",
        action=addendum,
        reason="Why is an addendum made? It stands on every export",
    )
