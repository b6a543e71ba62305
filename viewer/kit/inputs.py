"""Inputs that only a hand on them changes: the wheel belongs to the panel that scrolls."""

from __future__ import annotations

import unicodedata

from qtpy.QtCore import QLocale, QRegularExpression, Qt
from qtpy.QtGui import QRegularExpressionValidator, QValidator, QWheelEvent
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QSlider

#: What stands for a point or a sign on keyboards of other languages: the comma, the Arabic decimal
#: separator, the minus sign of typography.
_SIGNS = str.maketrans({",": ".", "\N{ARABIC DECIMAL SEPARATOR}": ".", "\N{MINUS SIGN}": "-"})


def plain_number(text: str) -> str:
    """Return a number as this program writes it, whatever keyboard it was typed on.

    A comma is a decimal point. Left out, as Qt does with what a language does not expect, it would
    make fifteen of ``1,5``.
    """
    digits = (str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)
    return "".join(digits).translate(_SIGNS)


class NumberValidator(QRegularExpressionValidator):
    """Takes a number typed on any keyboard, if it has a form once it is plain.

    Parameters
    ----------
    pattern : str
        The form.
    """

    def __init__(self, pattern: str) -> None:
        super().__init__(QRegularExpression(pattern))

    def validate(self, text: str, at: int) -> object:
        """Write what was typed as a plain number, and look at that."""
        return super().validate(plain_number(text), at)


class NumberBox(QDoubleSpinBox):
    """A number that the wheel does not change while the reader scrolls past it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        # One way to write numbers, as everywhere in this program: with a point.
        locale = QLocale(QLocale.Language.C)
        locale.setNumberOptions(QLocale.NumberOption.RejectGroupSeparator)
        self.setLocale(locale)

    def validate(self, text: str, at: int) -> tuple[QValidator.State, str, int]:
        """Take what was typed on any keyboard."""
        return super().validate(plain_number(text), at)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to what scrolls."""
        event.ignore()


class ListBox(QComboBox):
    """A list that the wheel does not change while the reader scrolls past it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to what scrolls."""
        event.ignore()


class Slider(QSlider):
    """A slider that the wheel does not move while the reader scrolls past it."""

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__(orientation)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to what scrolls."""
        event.ignore()
