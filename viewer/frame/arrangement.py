"""Where everything stands in the window of a study: the pictures, and what is beside them.

Widgets only; what they show comes from the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from viewer.frame.findings_panel import FindingsPanel
from viewer.frame.footer import Footer
from viewer.kit.message import MessageLine
from viewer.pictures.display_panel import ColourBar, DisplayPanel
from viewer.reading.panel import ConflictBox
from viewer.steps.bar import StepBar
from viewer.steps.model import Step
from viewer.steps.pages import StepPages

if TYPE_CHECKING:
    from fusion.findings import Finding
    from viewer.frame.header import Header
    from viewer.pictures.area import PictureArea
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel

#: The same at every step, so that no picture and no button moves under the mouse, px.
SIDE_PANEL_WIDTH = 430


class SidePanel(QWidget):
    """What stands beside the pictures: a page a step, and a line for messages.

    Of the pages the first is there at once: how the pictures are shown, and the findings.

    Parameters
    ----------
    linked : LinkedPanes
        The pictures.
    reading : ReadingModel
        The reading.
    findings : sequence of Finding
        In the order to show.
    """

    def __init__(
        self, linked: LinkedPanes, reading: ReadingModel, findings: Sequence[Finding]
    ) -> None:
        super().__init__()
        self.setMinimumWidth(SIDE_PANEL_WIDTH)
        self.display = DisplayPanel(linked)
        self._shown = tuple(findings)
        self.findings = FindingsPanel(self._shown)
        self.message = MessageLine(lines=2)
        self.conflict = ConflictBox(reading)
        self.pages = StepPages()
        opened = QWidget()
        self._rows = QVBoxLayout(opened)
        self._rows.setContentsMargins(0, 4, 0, 0)
        self._rows.addWidget(self.findings, stretch=1)
        self._rows.addWidget(self.display)
        self.pages.add(Step.OPEN, opened)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 4, 0)
        column.addWidget(self.conflict)
        column.addWidget(self.pages, stretch=1)
        column.addWidget(self.message)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show these findings in the place of those that are shown."""
        if tuple(findings) == self._shown:
            return
        self._shown = tuple(findings)
        old, self.findings = self.findings, FindingsPanel(self._shown)
        self._rows.replaceWidget(old, self.findings)
        old.hide()  # or it would lie on the new one for a moment
        old.deleteLater()


class WindowCentre(QWidget):
    """The whole of the window below its menus.

    Parameters
    ----------
    header : Header
        Whose study it is.
    pictures : PictureArea
        The planes.
    side : SidePanel
        What stands beside them.
    linked : LinkedPanes
        The models of the planes.
    """

    def __init__(
        self, header: Header, pictures: PictureArea, side: SidePanel, *, linked: LinkedPanes
    ) -> None:
        super().__init__()
        self.bar, self.footer = StepBar(), Footer()
        self.colour_bar = ColourBar(linked)
        shown, left = QWidget(), QWidget()
        row = QHBoxLayout(shown)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(pictures, stretch=1)
        row.addWidget(self.colour_bar)
        under = _column(left)
        under.addWidget(shown, stretch=1)
        under.addWidget(self.footer)
        self.body = QSplitter(Qt.Orientation.Horizontal)
        self.body.addWidget(left)
        self.body.addWidget(side)
        self.body.setStretchFactor(0, 1)
        self.body.setStretchFactor(1, 0)
        self.body.setChildrenCollapsible(False)
        self.body.setSizes([10 * SIDE_PANEL_WIDTH, SIDE_PANEL_WIDTH])
        column = _column(self)
        column.addWidget(header)
        column.addWidget(self.bar)
        column.addWidget(self.body, stretch=1)


def _column(widget: QWidget) -> QVBoxLayout:
    """Give a widget a column without margins."""
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    return column
