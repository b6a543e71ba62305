"""What stands beside the pictures at each step: the panels that there are, one in front."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from viewer.steps.model import Step

if TYPE_CHECKING:
    from viewer.targets.panel import TargetsPanel


class StepPages(QStackedWidget):
    """One page a step; *Joints* and *Finish* are two pages of one panel.

    Parameters
    ----------
    pages : mapping of Step to QWidget
        What stands beside the pictures.
    targets : TargetsPanel
        The panel of *Joints* and *Finish*.

    Attributes
    ----------
    fronted : Signal
        Another step may be in front now.
    """

    fronted = Signal()

    def __init__(self, pages: Mapping[Step, QWidget], targets: TargetsPanel) -> None:
        super().__init__()
        self._pages, self._targets = dict(pages), targets
        for page in dict.fromkeys(self._pages.values()):
            # A page that is not seen must not make the window higher than the screen.
            page.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
            self.addWidget(page)
        self.currentChanged.connect(lambda _index: self.fronted.emit())
        targets.pages.currentChanged.connect(lambda _index: self.fronted.emit())
        targets.wanted.connect(lambda: self.setCurrentWidget(targets))

    @property
    def front(self) -> Step:
        """The step that is shown."""
        page = self.currentWidget()
        if page is self._targets:
            return Step.JOINTS if self._targets.deciding else Step.FINISH
        return next(step for step, shown in self._pages.items() if shown is page)

    def show_step(self, step: Step) -> None:
        """Bring a step to the front."""
        if step is Step.JOINTS:
            self._targets.show_page(self._targets.area)
        elif step is Step.FINISH:
            self._targets.show_page(self._targets.finish)
        self.setCurrentWidget(self._pages[step])
