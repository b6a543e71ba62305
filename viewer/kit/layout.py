"""What stands in a panel, how far apart, and how it scrolls."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLayout, QScrollArea, QWidget

#: Left, top, right and bottom inside a box of a panel, px: the room is narrow.
BOX_MARGINS = (5, 4, 5, 6)


def scroll(area: QScrollArea, content: QWidget) -> None:
    """Let an area show a content as wide as itself, scrolling up and down only."""
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)


def scrolling(content: QWidget) -> QScrollArea:
    """Return an area that shows a content as :func:`scroll` does."""
    area = QScrollArea()
    scroll(area, content)
    return area


def clear(layout: QLayout) -> None:
    """Take every widget out of a layout and let it go."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
