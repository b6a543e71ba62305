"""Labels that show their text as it is: names in DICOM files are not to be trusted with markup."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import (
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from viewer.kit.layout import clear
from viewer.kit.theme import colored


def plain_label(text: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label that shows its text as it is, markup included."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    label.setText(text)
    return label


class OneLineLabel(QLabel):
    """Plain text on one line that makes no window wider: without room one end is left out.

    Parameters
    ----------
    keep_end : bool
        Whether its beginning is left out, or its end.
    """

    def __init__(self, *, keep_end: bool = True) -> None:
        super().__init__()
        mode = Qt.TextElideMode
        self._elide = mode.ElideLeft if keep_end else mode.ElideRight
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(1)

    @property
    def shown(self) -> str:
        """What of the text there is room for."""
        room, metrics = self.contentsRect().width(), self.fontMetrics()
        return str(metrics.elidedText(self.text(), self._elide, room))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw what there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), middle, self.shown)


class ElidedButton(QPushButton):
    """A button as wide as its place, whatever it says: without room its end is left out.

    Parameters
    ----------
    text : str
        What it says.
    lines : int
        On how many lines there is room.
    """

    def __init__(self, text: str = "", *, lines: int = 1) -> None:
        super().__init__(text)
        self._lines = lines
        self.setMinimumWidth(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw what there is room for."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        style = self.style()
        inner = style.subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self)
        room = inner.width() - 8
        option.text = "\n".join(self.shown(room)).replace("&", "&&")
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)

    def shown(self, room_px: int) -> tuple[str, ...]:
        """Return the lines that are drawn where each has so much room."""
        metrics, words = self.fontMetrics(), self.text().split(" ")
        lines: list[str] = []
        while words and len(lines) + 1 < self._lines:
            fits = len(words)
            while fits > 1 and metrics.horizontalAdvance(" ".join(words[:fits])) > room_px:
                fits -= 1
            lines.append(" ".join(words[:fits]))
            words = words[fits:]
        if words:
            last = metrics.elidedText(" ".join(words), Qt.TextElideMode.ElideRight, room_px)
            lines.append(last)
        return tuple(lines)


class LinkLabel(QLabel):
    """Plain text that can be chosen with the mouse, Enter or Space.

    Attributes
    ----------
    chosen : Signal
        Without arguments.
    """

    chosen = Signal()

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setObjectName("link")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setText(text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Choose it with Enter or Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)


class TextLines(QWidget):
    """Lines of plain text, one a label."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._shown: tuple[tuple[str, str], ...] | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """What is shown."""
        return tuple(text for text, _ in self._shown or ())

    def show_lines(self, lines: Iterable[tuple[str, str]]) -> None:
        """Show these instead, each with its colour; nothing flickers when they are the same."""
        lines = tuple(lines)
        if lines == self._shown:
            return
        self._shown = lines
        clear(self._column)
        for text, color in lines:
            label = self._make(text)
            if color:
                label.setStyleSheet(colored(color))
            self._column.addWidget(label)
        self.setVisible(bool(lines))

    def _make(self, text: str) -> QLabel:
        return plain_label(text, wrap=True)


class LinkLines(TextLines):
    """Lines of plain text, each of which can be chosen.

    Attributes
    ----------
    chosen : Signal
        With the place of the line, from 0.
    """

    chosen = Signal(int)

    @property
    def links(self) -> tuple[LinkLabel, ...]:
        """The lines as they can be pressed."""
        items = (self._column.itemAt(n) for n in range(self._column.count()))
        shown = (item.widget() for item in items if item is not None)
        return tuple(link for link in shown if isinstance(link, LinkLabel))

    def _make(self, text: str) -> QLabel:
        link, place = LinkLabel(text), self._column.count()
        link.chosen.connect(lambda: self.chosen.emit(place))
        return link
