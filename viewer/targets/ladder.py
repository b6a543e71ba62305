"""The ladder: a row a level, the patient's right on the left as in the pictures.

A bar is the ratio to the reference, a sign is what the reader decided, and words say what has to be
known. Every cell keeps its place whatever is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from fusion.anatomy import LEVELS, Joint, Side
from fusion.annotations import Decision
from fusion.facets import Numbering, Status
from fusion.uptake import RATIO_TO_REFERENCE
from viewer.kit.text import plain_tip
from viewer.kit.theme import (
    BAD,
    CHOSEN,
    DOUBTFUL,
    FAINT,
    INFO,
    LINE,
    PALE,
    POSITIVE,
    RAISED,
    TEXT,
)
from viewer.targets.words import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fusion.annotations import LabelChange, Reading, Target
    from fusion.facets import Facet, Localisation
    from fusion.uptake import Quantification, Uptake

DECISION_COLORS = {
    Decision.POSITIVE: POSITIVE,
    Decision.NEGATIVE: INFO,
    Decision.INDETERMINATE: PALE,
}
#: In the order of the pictures: the patient's right is on the left of the screen.
COLUMNS = (Side.RIGHT, Side.LEFT)
ROW, _HEAD, _LEVEL = 20, 18, 52
#: Ratio at which a bar is full; hotter joints have the same bar, and their number.
FULL_RATIO = 6.0
#: Width of what stands in a cell: bar, ratio, decision with its grade; the rest is for words.
_BAR, _NUMBER, _SIGN = 34, 36, 32
#: Spill of at least this share of the maximum is said.
_SPILL_SHOWN = 0.1


@dataclass(frozen=True, slots=True)
class Cell:
    """What the ladder says of one joint.

    Parameters
    ----------
    joint : Joint
        Which.
    ratio : float or None
        To the reference; None where nothing was measured.
    decision : Decision or None
        What the reader decided.
    grade : int or None
        With it.
    words : str
        What has to be known, in a word or two.
    doubtful : bool
        Whether the level is not certain.
    hot : bool
        Whether the program suggests it.
    there : bool
        Whether it is in the field of the CT.
    tip : str
        All of it, in sentences.
    """

    joint: Joint
    ratio: float | None = None
    decision: Decision | None = None
    grade: int | None = None
    words: str = ""
    doubtful: bool = False
    hot: bool = False
    there: bool = False
    tip: str = ""

    @property
    def ratio_text(self) -> str:
        """The ratio as it is written; empty when there is none."""
        return "" if self.ratio is None else f"{self.ratio:.1f}×"

    @property
    def sign(self) -> str:
        """The decision as a sign with its grade; empty while nothing is decided."""
        if self.decision is None:
            return ""
        return f"{SYMBOLS[self.decision]} {'' if self.grade is None else self.grade}".strip()


def cells(
    found: Localisation | None,
    assessment: Quantification | None,
    reading: Reading | None,
    changes: tuple[LabelChange, ...],
    *,
    provisional: bool,
) -> dict[Joint, Cell]:
    """Return what the ladder says of every joint.

    Parameters
    ----------
    found : Localisation or None
        The joints on the CT.
    assessment : Quantification or None
        The uptake at them, and what it suggests.
    reading : Reading or None
        What was decided.
    changes : tuple of LabelChange
        Targets whose label is disputed.
    provisional : bool
        Whether the levels are not certain.
    """
    hot = {p.joint for p in assessment.proposals if p.joint} if assessment else set()
    disputed = {change.target.joint: change for change in changes}
    confirmed = reading is not None and reading.numbering is not None
    made = {}
    for level in LEVELS:
        for side in COLUMNS:
            joint = Joint(level, side)
            facet = found.facet(level, side) if found else None
            uptake = assessment.uptake_of(joint) if assessment else None
            target = reading.target_at(joint) if reading else None
            change = disputed.get(joint)
            words = _words(facet, uptake, target, change, found is not None)
            made[joint] = Cell(
                joint,
                ratio=uptake.values.get(RATIO_TO_REFERENCE.name) if uptake else None,
                decision=target.decision if target else None,
                grade=target.grade if target else None,
                words=words,
                doubtful=change is not None or (provisional and not confirmed),
                hot=joint in hot,
                there=facet is not None and facet.center_lps is not None,
                tip=_tip(joint, facet, uptake, target, change, joint in hot),
            )
    return made


def _words(
    facet: Facet | None,
    uptake: Uptake | None,
    target: Target | None,
    change: LabelChange | None,
    known: bool,
) -> str:
    if change is not None:
        return "DISPUTED"
    if target is not None and target.missing:
        return "open"
    if facet is None or facet.center_lps is None:
        return "outside" if known else ""
    if facet.status in (Status.FUSED, Status.OBSCURED):
        return facet.status.value
    if uptake is not None and uptake.maximum is None:
        return "no data"
    if uptake is not None and uptake.spill_share and uptake.spill_share >= _SPILL_SHOWN:
        return "spill"
    if facet.numbering is Numbering.PROVISIONAL:
        return "level?"
    return ""


def _tip(
    joint: Joint,
    facet: Facet | None,
    uptake: Uptake | None,
    target: Target | None,
    change: LabelChange | None,
    hot: bool,
) -> str:
    lines = [joint.name]
    if facet is not None:
        lines.append(f"{facet.status.value}, level {facet.numbering.value}")
    if uptake is not None and (ratio := uptake.values.get(RATIO_TO_REFERENCE.name)) is not None:
        lines.append(f"{RATIO_TO_REFERENCE.number(ratio)} × reference")
    if uptake is not None and uptake.spill_share and uptake.spill_share >= _SPILL_SHOWN:
        lines.append(f"about {uptake.spill_share:.0%} of it spills in from elsewhere")
    if hot:
        lines.append("suggested by the program; thresholds are not validated")
    if target is not None:
        lines += [f"decided: {target.decision}", *target.missing]
    if change is not None:
        lines.append(change.why)
    return "; ".join(lines)


class Ladder(QWidget):
    """All joints, a row a level.

    Attributes
    ----------
    chosen : Signal
        With the Joint that was pressed.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ladder")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEAD + ROW * len(LEVELS) + 2)
        self.setMinimumWidth(300)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Ladder of the joints")
        self._cells: Mapping[Joint, Cell] = cells(None, None, None, (), provisional=False)
        self._selected: Joint | None = None
        self._agrees = False

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as its place."""
        return QSize(400, self.height())

    def show_cells(self, shown: Mapping[Joint, Cell]) -> None:
        """Show these instead; nothing moves."""
        self._cells = shown
        self.update()

    def show_selected(self, joint: Joint | None, *, agrees: bool) -> None:
        """Mark the joint that is chosen; dashed where the pictures show another place."""
        self._selected, self._agrees = joint, agrees
        self.update()

    @property
    def order(self) -> tuple[Joint, ...]:
        """The joints as they are read: from the skull down, the right before the left."""
        return tuple(self._cells)

    def cell(self, joint: Joint) -> Cell:
        """Return what is said of a joint."""
        return self._cells[joint]

    def rect_of(self, joint: Joint) -> QRect:
        """Return where the cell of a joint is."""
        half = (self.width() - _LEVEL) // 2
        left = COLUMNS.index(joint.side) * (half + _LEVEL)
        return QRect(left, _HEAD + ROW * LEVELS.index(joint.level), half, ROW)

    def joint_at(self, x: int, y: int) -> Joint | None:
        """Return the joint whose cell a place is in."""
        return next((j for j in self._cells if self.rect_of(j).contains(x, y)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose a joint."""
        at = event.position().toPoint()
        joint = self.joint_at(at.x(), at.y())
        if event.button() == Qt.MouseButton.LeftButton and joint is not None:
            self.chosen.emit(joint)

    def event(self, event: QEvent) -> bool:
        """Tell all about a joint where the mouse rests on it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            joint = self.joint_at(event.pos().x(), event.pos().y())
            text = "" if joint is None else plain_tip(self._cells[joint].tip)
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the ladder."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(12)
        painter.setFont(font)
        half = (self.width() - _LEVEL) // 2
        painter.setPen(QColor(FAINT))
        for n, side in enumerate(COLUMNS):
            place = QRect(n * (half + _LEVEL), 0, half, _HEAD)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), side.value.upper())
        for n, level in enumerate(LEVELS):
            row = QRect(0, _HEAD + ROW * n, self.width(), ROW)
            if n % 2:
                painter.fillRect(row, QColor(RAISED))
            painter.setPen(QColor(TEXT))
            middle = QRect(half, row.top(), _LEVEL, ROW)
            painter.drawText(middle, int(Qt.AlignmentFlag.AlignCenter), level)
            for side in COLUMNS:
                self._paint_cell(painter, self._cells[Joint(level, side)])
        painter.end()

    def _paint_cell(self, painter: QPainter, cell: Cell) -> None:
        place = self.rect_of(cell.joint)
        if cell.joint == self._selected:
            self._paint_selected(painter, place)
        bar = QRectF(place.left() + 4, place.top() + 5, _BAR, ROW - 10)
        painter.setPen(QPen(QColor(LINE)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(bar)
        if cell.ratio is not None:
            full = min(cell.ratio / FULL_RATIO, 1.0) * bar.width()
            color = QColor(TEXT if cell.hot else FAINT)
            painter.fillRect(QRectF(bar.left(), bar.top(), full, bar.height()), color)
        side = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        x = place.left() + 4 + _BAR
        painter.setPen(QColor(TEXT if cell.there else FAINT))
        painter.drawText(QRect(x, place.top(), _NUMBER, ROW), side, cell.ratio_text)
        x += _NUMBER + 6
        if cell.decision is not None:
            painter.setPen(QColor(DECISION_COLORS[cell.decision]))
            painter.drawText(QRect(x, place.top(), _SIGN, ROW), left, cell.sign)
        x += _SIGN
        # What is outside the field is no doubt about a level.
        alarming = cell.there and (cell.doubtful or cell.words == "open")
        color_name = BAD if cell.words == "DISPUTED" else DOUBTFUL if alarming else FAINT
        painter.setPen(QColor(color_name))
        font = QFont(painter.font())
        painter.setFont(_small(font))
        words = cell.words or ("level?" if cell.doubtful and cell.there else "")
        painter.drawText(QRect(x, place.top(), place.right() - x, ROW), left, words)
        painter.setFont(font)

    def _paint_selected(self, painter: QPainter, place: QRect) -> None:
        inner = place.adjusted(1, 1, -1, -1)
        if self._agrees:
            painter.fillRect(inner, QColor(CHOSEN))
        pen = QPen(QColor("white"))
        pen.setStyle(Qt.PenStyle.SolidLine if self._agrees else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(inner)


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(10)
    return small
