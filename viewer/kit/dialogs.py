"""Dialogs that any panel may need: progress, a refusal, and what only a person can answer."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.errors import ChoiceNeeded, FusionError, SpacingNeeded
from fusion.software import DISCLAIMER
from viewer.kit.inputs import NumberValidator
from viewer.kit.labels import plain_label

#: Steps of the progress bar.
_STEPS = 1000


class ProgressDialog(QDialog):
    """How far a long operation is, and the button that stops it.

    Parameters
    ----------
    parent : QWidget
        The window that waits.
    title : str
        What is being done.

    Attributes
    ----------
    cancelled : Signal
        The user asked to stop, by button, Escape or the window's corner.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setMinimumWidth(460)
        self.step = plain_label("Starting …")
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.step)
        column.addWidget(self.bar)
        column.addWidget(plain_label(DISCLAIMER, wrap=True))
        column.addWidget(self.cancel, alignment=Qt.AlignmentFlag.AlignRight)

    def show_progress(self, fraction: float, step: str) -> None:
        """Show the fraction done (0 to 1) and what is being done."""
        if self.cancel.isEnabled():
            self.bar.setValue(round(_STEPS * fraction))
            self.step.setText(step)

    def reject(self) -> None:
        """Ask to stop; the dialog stays until the work has noticed."""
        if self.cancel.isEnabled():
            self.cancel.setEnabled(False)
            self.step.setText("Stopping …")
            self.cancelled.emit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Treat the corner of the window like the button."""
        event.ignore()
        self.reject()


class AnswerDialog(QDialog):
    """Asks what only a person can answer; OK is shut until there is an answer.

    Parameters
    ----------
    parent : QWidget
        The window that waits.
    question : FusionError
        What is missing, in words.
    title : str
        Of the dialog.
    wide_px : int
        Its least width, screen pixels.
    """

    def __init__(self, parent: QWidget, question: FusionError, *, title: str, wide_px: int) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setMinimumWidth(wide_px)
        self.question = plain_label(str(question), wrap=True)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def is_answered(self) -> bool:
        """Whether there is an answer."""
        raise NotImplementedError

    def _lay_out(self, *answers: QWidget) -> None:
        column = QVBoxLayout(self)
        for widget in (self.question, *answers, self.buttons):
            column.addWidget(widget)
        self._check()

    def _check(self) -> None:
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(self.is_answered())


class SpacingDialog(AnswerDialog):
    """Asks for the signed distance between slices; offers no value of its own.

    Parameters
    ----------
    parent : QWidget
        The window that waits.
    question : SpacingNeeded
        What is missing.
    """

    def __init__(self, parent: QWidget, question: SpacingNeeded) -> None:
        super().__init__(parent, question, title="Distance between slices is missing", wide_px=520)
        explanation = plain_label(
            "Enter the distance from one slice to the next in mm with its sign, as the scanner "
            "or its protocol states it (Spacing Between Slices). The sign decides which end is "
            "the head: a wrong sign shows the SPECT upside down. If you do not know it, cancel.",
            wrap=True,
        )
        self.entry = QLineEdit()
        self.entry.setPlaceholderText("for example +4.42 or -4.42")
        self.entry.setValidator(NumberValidator(r"[+-](\d{1,3}(\.\d{1,6})?|\.\d{1,6})"))
        self.entry.textChanged.connect(self._check)
        self._lay_out(explanation, self.entry)

    @property
    def spacing_mm(self) -> float | None:
        """What was entered, mm; None while it is not a signed distance."""
        if not self.entry.hasAcceptableInput() or float(self.entry.text()) == 0:
            return None
        return float(self.entry.text())

    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.spacing_mm is not None


class ChoiceDialog(AnswerDialog):
    """Asks which of several volumes is meant; none is chosen beforehand.

    Parameters
    ----------
    parent : QWidget
        The window that waits.
    question : ChoiceNeeded
        What can be chosen.
    """

    def __init__(self, parent: QWidget, question: ChoiceNeeded) -> None:
        super().__init__(parent, question, title="Which one is meant?", wide_px=620)
        self.choices = QListWidget()
        for _, words in question.options:
            self.choices.addItem(words)
        self._numbers = [number for number, _ in question.options]
        self.choices.itemSelectionChanged.connect(self._check)
        self._lay_out(self.choices)

    @property
    def chosen(self) -> str | None:
        """Number of the volume that was chosen; None while none is."""
        rows = self.choices.selectionModel().selectedRows()
        return self._numbers[rows[0].row()] if rows else None

    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.chosen is not None


def show_error(parent: QWidget, error: FusionError, *, title: str) -> QMessageBox:
    """Show the sentence of an error; returns the open dialog."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(str(error))
    box.open()
    return box
