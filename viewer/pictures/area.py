"""The pictures of a window in one of several layouts, each on a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGridLayout, QWidget

from fusion.anatomy import Side
from viewer.pictures.flat.canvas import FlatCanvas
from viewer.pictures.flat.sources import (
    CArmSource,
    Content,
    JointSource,
    PlaneSource,
    ProjectionSource,
)
from viewer.pictures.flat.study import FlatStudy
from viewer.pictures.planes import PLANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from viewer.kit.keys import Keys
    from viewer.pictures.panes import LinkedPanes


class Layout(StrEnum):
    """What is seen beside what."""

    READING = "reading: maximum projection, CT, SPECT and fused planes"
    PLANES = "three fused planes"
    COMPARING = "CT beside SPECT beside fused"
    JOINT = "the joint: along its pillar, through both pillars, in its own plane; left and right"
    C_ARM = "C-arm views computed from the CT: AP and lateral"


#: Which key shows which layout.
LAYOUT_KEYS = {
    "D": Layout.READING,
    "W": Layout.PLANES,
    "E": Layout.COMPARING,
    "O": Layout.JOINT,
    "F": Layout.C_ARM,
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a picture stands: first row and column, and how many of each."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1


class PictureArea(QWidget):
    """All pictures of a window; those of one layout are seen.

    Parameters
    ----------
    linked : LinkedPanes
        What they show together.
    canvases : sequence of QWidget
        Of its three panes: axial, coronal, sagittal, fused.
    """

    def __init__(self, linked: LinkedPanes, canvases: Sequence[QWidget]) -> None:
        super().__init__()
        self.linked = linked
        self.study = FlatStudy(linked)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        axial, coronal, sagittal = canvases
        study = self.study
        self.projection = FlatCanvas(study, ProjectionSource(study))
        self.ct = [FlatCanvas(study, PlaneSource(study, p, Content.CT)) for p in PLANES]
        self.spect = [FlatCanvas(study, PlaneSource(study, p, Content.SPECT)) for p in PLANES]
        self.c_arms = [FlatCanvas(study, CArmSource(study, turn)) for turn in (0.0, 90.0)]
        # The patient's right on the left, as in the pictures.
        self.joints = {
            (side, n): FlatCanvas(study, JointSource(study, side, n))
            for side in (Side.RIGHT, Side.LEFT)
            for n in ((0, 2) if side is Side.LEFT else (0, 1, 2))
        }
        right, left = Side.RIGHT, Side.LEFT
        self._cells: dict[Layout, dict[QWidget, Spot]] = {
            Layout.READING: {
                self.projection: Spot(0, 0, rows=6),
                self.ct[0]: Spot(0, 1, rows=2),
                self.spect[0]: Spot(0, 2, rows=2),
                axial: Spot(2, 1, rows=4),
                coronal: Spot(2, 2, rows=2),
                sagittal: Spot(4, 2, rows=2),
            },
            Layout.PLANES: {
                axial: Spot(0, 0, rows=2, columns=3),
                coronal: Spot(0, 3, columns=2),
                sagittal: Spot(1, 3, columns=2),
            },
            Layout.COMPARING: {
                widget: Spot(row, column)
                for row in range(3)
                for column, widget in enumerate(
                    (self.ct[row], self.spect[row], (axial, coronal, sagittal)[row])
                )
            },
            Layout.JOINT: {
                self.joints[right, 0]: Spot(0, 0),
                self.joints[left, 0]: Spot(0, 1),
                self.joints[right, 2]: Spot(1, 0),
                self.joints[left, 2]: Spot(1, 1),
                self.joints[right, 1]: Spot(0, 2, rows=2),
            },
            Layout.C_ARM: {canvas: Spot(0, n) for n, canvas in enumerate(self.c_arms)},
        }
        self._large: QWidget | None = None
        self._layout = Layout.READING
        for widget in self.pictures:
            widget.setParent(self)
            if isinstance(widget, FlatCanvas):
                widget.enlarged.connect(partial(self.enlarge, widget))
        for pane, canvas in zip(linked, canvases, strict=True):
            pane.enlarged = partial(self.enlarge, canvas)
        self._arrange()

    @property
    def pictures(self) -> tuple[QWidget, ...]:
        """Every picture, of all layouts."""
        found = dict.fromkeys(widget for cells in self._cells.values() for widget in cells)
        return tuple(found)

    @property
    def shown(self) -> tuple[QWidget, ...]:
        """The pictures that are seen."""
        return (self._large,) if self._large else tuple(self._cells[self._layout])

    @property
    def layout_shown(self) -> Layout:
        """What is seen beside what."""
        return self._layout

    @layout_shown.setter
    def layout_shown(self, layout: Layout) -> None:
        self._layout, self._large = layout, None
        self._arrange()

    def enlarge(self, widget: QWidget) -> None:
        """Show one picture alone; once more brings the others back."""
        self._large = None if self._large is widget else widget
        self._arrange()

    def _arrange(self) -> None:
        shown = self.shown
        self.setUpdatesEnabled(False)
        for widget in self.pictures:
            self._grid.removeWidget(widget)
            if widget not in shown:
                widget.hide()
        for n in range(6):
            self._grid.setRowStretch(n, 0)
            self._grid.setColumnStretch(n, 0)
        for widget in shown:
            cell = Spot(0, 0) if self._large else self._cells[self._layout][widget]
            self._grid.addWidget(widget, cell.row, cell.column, cell.rows, cell.columns)
            for n in range(cell.row, cell.row + cell.rows):
                self._grid.setRowStretch(n, 1)
            for n in range(cell.column, cell.column + cell.columns):
                self._grid.setColumnStretch(n, 1)
            widget.show()
        self.setUpdatesEnabled(True)

    def show_projection(self) -> None:
        """Show the maximum projection alone; once more brings the others back."""
        if self.projection not in self._cells[self._layout]:
            self.layout_shown = Layout.READING
        self.enlarge(self.projection)

    def let_go(self) -> None:
        """Forget the pictures, so that the window's canvases can be closed."""
        for pane in self.linked:
            pane.enlarged = _nothing
        for widget in self.pictures:
            self._grid.removeWidget(widget)
        self._cells, self._large = {layout: {} for layout in Layout}, None

    def invert(self) -> None:
        """Exchange dark and bright where the SPECT is shown alone."""
        self.study.inverse = not self.study.inverse


def _nothing() -> None:
    """Do nothing."""


def layout_keys(area: PictureArea) -> Keys:
    """Return what each key shows.

    Parameters
    ----------
    area : PictureArea
        What the keys act on.
    """

    def show(layout: Layout) -> None:
        area.layout_shown = layout

    keys: Keys = {
        key: (f"layout: {layout}", partial(show, layout)) for key, layout in LAYOUT_KEYS.items()
    }
    keys["M"] = ("maximum projection alone, and back", area.show_projection)
    keys["Shift+I"] = ("SPECT alone: grey, inverse grey", area.invert)
    return keys
