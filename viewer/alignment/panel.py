"""The alignment beside the pictures: what is in use, what else there is, moving by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import (
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fusion.annotations import AlignmentReviewed
from fusion.errors import FusionError
from fusion.plain_text import plain
from fusion.registration import (
    LARGE_MANUAL_SHIFT_MM,
    TRUSTED_UNCERTAINTY_MM,
    LevelMisfit,
    Method,
    Registration,
    Trust,
    register,
)
from viewer.alignment.model import Alignment
from viewer.alignment.words import (
    SHIFT_WORDS,
    TURN_WORDS,
    agreement_text,
    status_text,
    uncertainty_text,
)
from viewer.jobs import Job, Waiting
from viewer.kit.dialogs import show_error
from viewer.kit.inputs import NumberBox
from viewer.kit.labels import plain_label
from viewer.kit.layout import scroll, scrolling
from viewer.kit.theme import BAD, BOLD, DOUBTFUL, FAINT, GOOD, SETTLE_MS, TEXT, colored, restyle
from viewer.pictures.display_panel import ModeChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from viewer.reading.model import ReadingModel

#: Misfit at the right end of the chart, mm.
CHART_MM = 8.0
#: Choices that are shown only where there are such.
_SELDOM = ("Stored with the study", "As reviewed")
_STATUS_COLORS = {
    None: TEXT,
    Trust.NO_INCONSISTENCY: GOOD,
    Trust.NECK_MOTION: DOUBTFUL,
    Trust.DO_NOT_TRUST: BAD,
}


class LevelChart(QWidget):
    """What is left to correct level by level, head at the top.

    Parameters
    ----------
    levels : sequence of LevelMisfit
        Upwards.
    """

    ROW = 18

    def __init__(self, levels: Sequence[LevelMisfit] = ()) -> None:
        super().__init__()
        self.setToolTip(
            "How far the uptake would have to move at this height of the CT, beyond the proposal; "
            "thin line: uncertainty of that (one standard deviation)"
        )
        self.show_levels(levels)

    def show_levels(self, levels: Sequence[LevelMisfit]) -> None:
        """Draw these instead."""
        self.levels = tuple(levels)
        self.setFixedHeight(max(self.ROW * len(self.levels), 1))
        self.update()

    def rows(self) -> list[tuple[str, float, float]]:
        """Return height in words, misfit in mm and its uncertainty in mm, from the head down."""
        return [
            (
                f"{'H' if level.z >= 0 else 'F'} {abs(level.z):.0f}",
                float(np.linalg.norm(level.shift_lps)),
                level.uncertainty_mm,
            )
            for level in reversed(self.levels)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw one bar a level."""
        painter = QPainter(self)
        left, right = 56, 58
        per_mm = (self.width() - left - right) / CHART_MM
        for n, (height, misfit_mm, doubt_mm) in enumerate(self.rows()):
            y = n * self.ROW
            painter.setPen(QColor("white"))
            painter.drawText(QRectF(0, y, left - 6, self.ROW), _MIDDLE, height)
            color = QColor(GOOD if misfit_mm <= TRUSTED_UNCERTAINTY_MM else DOUBTFUL)
            length = min(misfit_mm, CHART_MM) * per_mm
            painter.fillRect(QRectF(left, y + 4, max(length, 1), self.ROW - 8), color)
            painter.setPen(QColor(TEXT))
            ends = [
                left + per_mm * min(max(v, 0.0), CHART_MM)
                for v in (misfit_mm - doubt_mm, misfit_mm + doubt_mm)
            ]
            middle = y + self.ROW // 2
            painter.drawLine(int(ends[0]), middle, int(ends[1]), middle)
            painter.drawText(
                QRectF(self.width() - right, y, right, self.ROW), _MIDDLE, f"{misfit_mm:.1f} mm"
            )
        painter.end()


#: Height of what is said about the alignment, px.
_TOLD_HEIGHT = 166
_MOVE, _MOVING = "Move the SPECT  ({key})", "MOVING THE SPECT: press to end"

_MIDDLE = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class AlignmentPanel(QScrollArea):
    """Chooses, moves, checks and signs the alignment.

    Parameters
    ----------
    alignment : Alignment
        What is controlled.
    reading : ReadingModel
        Keeps the reader's statement that it was reviewed.
    need_reader : callable
        Asks who reads; returns False when nobody says.
    undo, redo : callable, optional
        Of everything that was done in the window; of the alignment alone by default.
    """

    def __init__(
        self,
        alignment: Alignment,
        *,
        reading: ReadingModel,
        need_reader: Callable[[], bool],
        undo: Callable[[], None] | None = None,
        redo: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._undo_all, self._redo_all = undo or alignment.undo, redo or alignment.redo
        self.model = alignment
        self.reading = reading
        self._need_reader = need_reader
        self.job: Job | None = None
        self._checking: Job | None = None
        self._linked = alignment.linked
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._update_trust)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 6, 0)
        column.addWidget(self._make_use())
        column.addWidget(self._make_hand())
        column.addWidget(self._make_reviewed())
        # Last: there is nothing below it that moves when it comes.
        column.addWidget(self._make_levels())
        column.addStretch()
        scroll(self, inside)
        alignment.events.moving.connect(self._show_moving)
        self._linked.events.review.connect(self._on_review)
        self._linked.events.point.connect(self._on_point)
        reading.events.changed.connect(self._on_reading)
        self._on_review()
        self._show_moving()
        self._update_trust()

    def _make_use(self) -> QGroupBox:
        box = QGroupBox("In use")
        column = QVBoxLayout(box)
        self.in_use = plain_label(wrap=True)
        self.status = plain_label(wrap=True)
        self.uncertainty = plain_label(wrap=True)
        self.uncertainty.setToolTip("95 % of errors are smaller, on simulated studies")
        self.agreement = plain_label(wrap=True)
        self.recommendation = plain_label(wrap=True)
        self.warning = plain_label(wrap=True)
        self.warning.setStyleSheet(colored(DOUBTFUL))
        # Every sentence has its place, so that no button moves when one comes or goes.
        told = QWidget()
        lines = QVBoxLayout(told)
        lines.setContentsMargins(0, 0, 6, 0)
        lines.setSpacing(2)
        for label in (
            self.in_use,
            self.status,
            self.uncertainty,
            self.warning,
            self.recommendation,
            self.agreement,
        ):
            lines.addWidget(label)
        lines.addStretch()
        area = scrolling(told)
        area.setFixedHeight(_TOLD_HEIGHT)
        column.addWidget(area)
        self._choices = QGridLayout()
        self.buttons: dict[str, QPushButton] = {}
        for n, name in enumerate(("Scanner alignment", "Proposal", "Neck correction", *_SELDOM)):
            button = QPushButton(name)
            button.setCheckable(True)
            button.clicked.connect(lambda _checked, name=name: self._choose(name))
            button.setMinimumWidth(1)
            self.buttons[name] = button
            self._choices.addWidget(button, n // 2, n % 2)
            if name in _SELDOM:
                button.setToolTip("Only where the study came with one, or one was reviewed")
        self.register = QPushButton("Register…")
        self.register.setToolTip("Search for a rigid correction that the images support")
        self.register.clicked.connect(self.start_search)
        column.addLayout(self._choices)
        column.addWidget(self.register)
        return box

    def _make_hand(self) -> QGroupBox:
        box = QGroupBox("Move by hand, about the crosshair")
        grid = QGridLayout(box)
        self.moving = QPushButton()
        self.moving.setCheckable(True)
        self.moving.setToolTip("Otherwise neither mouse nor keys nor numbers move it")
        self.moving.clicked.connect(self._set_moving)
        grid.addWidget(self.moving, 9, 0, 1, 2)
        self.shifts: list[NumberBox] = []
        self.turns: list[NumberBox] = []
        self.words = []
        rows = [
            (spins, 0.5, unit, limit)
            for spins, unit, limit in ((self.shifts, " mm", 200.0), (self.turns, " °", 90.0))
            for _ in range(3)
        ]
        for n, (spins, step, unit, limit) in enumerate(rows):
            spin, words = NumberBox(), plain_label()
            spin.setRange(-limit, limit)
            spin.setDecimals(2)
            spin.setSingleStep(step)
            spin.setSuffix(unit)
            spin.setFixedWidth(110)
            spin.valueChanged.connect(self._set_shift if n < 3 else self._set_turn)
            spins.append(spin)
            self.words.append(words)
            grid.addWidget(spin, n, 0)
            grid.addWidget(words, n, 1)
        grid.setColumnStretch(1, 1)
        row = QHBoxLayout()
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.undo.setToolTip("Ctrl+Z")
        self.redo.setToolTip("Ctrl+Shift+Z")
        self.undo.clicked.connect(lambda: self._undo_all())
        self.redo.clicked.connect(lambda: self._redo_all())
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        grid.addLayout(row, 6, 0, 1, 2)
        hint = plain_label(
            "In this mode: Ctrl and drag in a picture, or Ctrl and the arrows; Ctrl, Shift and the "
            "arrows turn.",
            wrap=True,
        )
        hint.setStyleSheet(colored(FAINT))
        grid.addWidget(hint, 7, 0, 1, 2)
        self.mode = ModeChoice(self._linked)
        grid.addWidget(plain_label("Check with"), 8, 0)
        grid.addWidget(self.mode, 8, 1)
        return box

    def _make_levels(self) -> QGroupBox:
        self._levels_box = QGroupBox("Misfit left by the proposal, by height")
        column = QVBoxLayout(self._levels_box)
        self.levels = LevelChart()
        column.addWidget(self.levels)
        return self._levels_box

    def _make_reviewed(self) -> QGroupBox:
        box = QGroupBox("Alignment reviewed")
        column = QVBoxLayout(box)
        self.reviewed = QPushButton("I have reviewed it level by level")
        self.reviewed.setToolTip("Saved with your name; any change of the alignment voids it")
        self.reviewed.clicked.connect(self._set_reviewed)
        self.reviewed_text = plain_label(wrap=True)
        for widget in (self.reviewed, self.reviewed_text):
            column.addWidget(widget)
        return box

    def check(self) -> None:
        """Search in the background for what the images say of the scanner's alignment."""
        current = self.model.current
        if current.method is not Method.SHARED_FRAME or current.status is not None:
            return
        ct, spect = self._linked.review.fused.ct, self._linked.review.fused.spect
        self._checking = Job(lambda report: register(ct, spect, progress=report))
        self._checking.done.connect(self._on_checked)
        self._checking.refused.connect(self._not_checked)
        self._checking.start()

    @property
    def checking(self) -> bool:
        """Whether the scanner's alignment is being checked."""
        return self._checking is not None

    def _on_checked(self, found: Registration) -> None:
        self._checking = None
        self.model.learn(found)
        self._on_review()

    def _not_checked(self, _error: FusionError) -> None:
        self._checking = None  # it stays "not checked", as before

    def stop(self) -> None:
        """Stop what runs in the background; the window closes."""
        if self._checking is not None:
            self._checking.cancel()
            self._checking = None

    def start_search(self) -> Job:
        """Search for a correction, away from the window's thread."""
        ct, spect = self._linked.review.fused.ct, self._linked.review.fused.spect
        waiting = Waiting(
            self.window(),
            "Registering SPECT to CT",
            refusal="The registration was refused",
            leaves_nothing=True,
        )
        self.job = Job(lambda report: register(ct, spect, progress=report), dialog=waiting)
        self.job.done.connect(self.model.take)
        self.job.start()
        return self.job

    def _choose(self, name: str) -> None:
        self.model.choose(name)
        self._on_review()

    def _set_moving(self, moving: bool) -> None:
        self.model.moving = moving

    def _show_moving(self) -> None:
        moving = self.model.moving
        self.moving.setChecked(moving)
        self.moving.setText(_MOVING if moving else _MOVE.format(key=self.model.key))
        for spin in (*self.shifts, *self.turns):
            spin.setEnabled(moving)

    def _set_shift(self) -> None:
        # Only what was typed: the others stand rounded in their boxes.
        goal = self.model.shift_mm
        self._put(goal, self.shifts)
        self.model.set_shift_mm(goal)

    def _set_turn(self) -> None:
        goal = self.model.rotation_deg
        self._put(goal, self.turns)
        self.model.set_rotation_deg(goal)

    def _put(self, goal: np.ndarray, spins: Sequence[NumberBox]) -> None:
        for axis, spin in enumerate(spins):
            if spin is self.sender():
                goal[axis] = spin.value()

    def _set_reviewed(self) -> None:
        try:
            if self._need_reader():
                self.reading.review_alignment()
        except FusionError as error:
            show_error(self.window(), error, title="The review was not saved")

    def _on_reading(self) -> None:
        reading = self.reading.reading
        change = reading.alignment.change if reading and reading.alignment else None
        self.model.remember(change if isinstance(change, AlignmentReviewed) else None)
        self._show_reviewed()
        self._show_choices(self.model.current)

    def _show_reviewed(self) -> None:
        reading, by = self.reading.reading, self.model.reviewed_by
        self.reviewed.setEnabled(by is None and not (reading and reading.finalised))
        if by is not None:
            text = f"reviewed by {plain(by)}"
        elif reading is not None and reading.alignment is not None:
            text = (
                f"changed since {plain(reading.alignment.reader)} reviewed it; review it again, or "
                "go back to the alignment that was reviewed"
            )
        else:
            text = "not reviewed; targets cannot be final"
        self.reviewed_text.setText(text)
        restyle(self.reviewed_text, colored(TEXT if by is None else GOOD))

    def _on_point(self) -> None:
        self._show_position()
        self._settle.start()

    def _on_review(self) -> None:
        alignment, current = self.model, self.model.current
        self._show_position()
        self._show_reviewed()
        self.undo.setEnabled(alignment.can_undo)
        self.redo.setEnabled(alignment.can_redo)
        if not alignment.dragging:
            self._show_choices(current)
        self._settle.start()

    def _show_choices(self, current: Registration) -> None:
        choices = self.model.choices
        for name, button in self.buttons.items():
            choice = choices.get(name)
            button.setEnabled(choice is not None)
            button.setChecked(
                choice is not None
                and choice.method is current.method
                and np.array_equal(choice.transform.matrix, current.transform.matrix)
            )
        self.in_use.setText(f"Alignment: {current.method.words}")
        self.status.setText(f"Images: {status_text(current)}")
        restyle(self.status, f"{colored(_STATUS_COLORS[current.status])} {BOLD}")
        search = current.search
        self.recommendation.setText(search.recommendation if search else "")
        self.recommendation.setVisible(bool(self.recommendation.text()))
        self.agreement.setText(agreement_text(current))
        self.agreement.setVisible(bool(self.agreement.text()))
        levels = search.evidence.levels if search and search.evidence else ()
        self.levels.show_levels(levels)
        self._levels_box.setVisible(bool(levels))

    def _show_position(self) -> None:
        values = [*self.model.shift_mm, *self.model.rotation_deg]
        words = (*SHIFT_WORDS, *TURN_WORDS)
        for spin, label, value, pair in zip(
            (*self.shifts, *self.turns), self.words, values, words, strict=True
        ):
            spin.blockSignals(True)
            spin.setValue(round(float(value), 2) + 0.0)
            spin.blockSignals(False)
            # The amount again, without its sign: "-3 mm to the right" would say it twice.
            amount = f"{abs(spin.value()):.1f}{spin.suffix()}"
            side = pair[0] if spin.value() > 0 else pair[1]
            label.setText(f"{amount} {side}" if spin.value() else f"+ {pair[0]}")
            restyle(label, "" if spin.value() else colored(FAINT))
        shift_mm = self.model.current.manual_shift_mm
        large = shift_mm is not None and shift_mm > LARGE_MANUAL_SHIFT_MM
        self.warning.setText(
            f"Moved by hand by {shift_mm:.1f} mm: this warning stands on every export."
            if large
            else ""
        )
        self.warning.setVisible(large)

    def _update_trust(self) -> None:
        text = uncertainty_text(self._linked.review, self._linked.point_lps)
        self.uncertainty.setText(f"Error at the crosshair: {text}")
