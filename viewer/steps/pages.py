"""What stands beside the pictures at each step: the panels that there are, one in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRect, Signal
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from viewer.steps.model import Step

if TYPE_CHECKING:
    from viewer.targets.panel import TargetsPanel


class StepPages(QStackedWidget):
    """One page a step; *Joints* and *Finish* are two pages of one panel.

    Pages are added one by one; the first one is in front.

    Attributes
    ----------
    fronted : Signal
        Another step may be in front now.
    """

    fronted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._pages: dict[Step, QWidget] = {}
        self._targets: TargetsPanel | None = None
        self.currentChanged.connect(lambda _index: self.fronted.emit())

    def add(self, step: Step, page: QWidget) -> None:
        """Add what stands beside the pictures at a step."""
        # A page that is not seen must not make the window higher than the screen.
        page.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self._pages[step] = page
        self.addWidget(page)

    def add_targets(self, panel: TargetsPanel) -> None:
        """Add the panel of *Joints* and *Finish*."""
        self._targets = panel
        self.add(Step.JOINTS, panel)
        self._pages[Step.FINISH] = panel
        panel.pages.currentChanged.connect(lambda _index: self.fronted.emit())
        panel.wanted.connect(lambda: self.setCurrentWidget(panel))

    def lay_out(self, step: Step) -> None:
        """Work out where everything on a page stands, which who sees it first would wait for."""
        page = self._pages[step]
        page.resize(self.size())
        page.grab(QRect(0, 0, 1, 1))

    @property
    def front(self) -> Step:
        """The step that is shown."""
        page, targets = self.currentWidget(), self._targets
        if targets is not None and page is targets:
            return Step.JOINTS if targets.deciding else Step.FINISH
        return next(step for step, shown in self._pages.items() if shown is page)

    def show_step(self, step: Step) -> None:
        """Bring a step to the front."""
        targets = self._targets
        if targets is not None and step is Step.JOINTS:
            targets.show_page(targets.area)
        elif targets is not None and step is Step.FINISH:
            targets.show_page(targets.finish)
        self.setCurrentWidget(self._pages[step])
