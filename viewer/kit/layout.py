"""What stands in a panel, how far apart, and how it scrolls."""

from __future__ import annotations

from qtpy.QtCore import QRect, Qt
from qtpy.QtWidgets import QFrame, QLayout, QScrollArea, QVBoxLayout, QWidget

#: Left, top, right and bottom inside a box of a panel, px: the room is narrow.
BOX_MARGINS = (5, 4, 5, 6)


#: What the frame of a window and its title take of the screen, px.
_FRAME_PX = 40


def resize_within_screen(widget: QWidget, wide: int, high: int) -> None:
    """Make a window so large, or as large as its screen lets it be with its frame."""
    room = widget.screen().availableGeometry()
    widget.resize(min(wide, room.width() - _FRAME_PX), min(high, room.height() - _FRAME_PX))


class SnugColumn(QVBoxLayout):
    """A column whose widget is never lower than what stands in it, wrapped sentences included.

    Qt's own columns take a wrapped sentence for one line when asked how low they can be. And what
    is around them learns only with the next turn of the event loop that they became higher; they
    have been squeezed and painted by then, and buttons cover sentences.
    """

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802 - Qt's name
        """Grow first, where there is too little room."""
        sheet = self.parentWidget()
        assert sheet is not None
        wrapped = self.totalMinimumHeightForWidth(rect.width()) if self.hasHeightForWidth() else 0
        needed = max(self.totalMinimumSize().height(), wrapped)
        if sheet.minimumHeight() != needed:
            sheet.setMinimumHeight(needed)  # which comes here again when that makes it higher
            rect.setHeight(max(rect.height(), needed))
        super().setGeometry(rect)


def scroll(area: QScrollArea, content: QWidget) -> None:
    """Let an area show a content as wide as itself, scrolling up and down only.

    The content is never lower than it needs to be.
    """
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    sheet = QWidget()
    column = SnugColumn(sheet)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(content)
    area.setWidget(sheet)


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
