"""Beside the pictures: CT window, colours of the SPECT with their bar, and the blend of the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.palettes import PALETTES
from fusion.uptake import number_text
from viewer.kit.inputs import ListBox, NumberBox, Slider
from viewer.kit.labels import plain_label
from viewer.kit.theme import DOUBTFUL, FAINT, colored
from viewer.pictures.checking_views import Mode
from viewer.pictures.colormaps import dicom_colormap
from viewer.pictures.layers import CT_WINDOWS

if TYPE_CHECKING:
    from viewer.pictures.panes import LinkedPanes

#: Upper ends of the colour scale that are offered, in multiples of the reference.
TIMES_REFERENCE = (2, 4, 6, 8, 10)
#: Round numbers for the ticks of the colour bar, times a power of ten.
_ROUND = np.array([1.0, 2.0, 2.5, 5.0, 10.0])


class ColourBar(QWidget):
    """The colour map of the SPECT with its values in the SPECT's own unit.

    Parameters
    ----------
    linked : LinkedPanes
        Whose colours it explains.
    """

    def __init__(self, linked: LinkedPanes) -> None:
        super().__init__()
        self._linked = linked
        self.setFixedWidth(86)
        self.setToolTip(f"Colours of the {linked.review.spect_label}; no uptake is transparent")
        linked.events.display.connect(self._on_display)

    def _on_display(self) -> None:
        self.update()

    def ticks(self) -> list[float]:
        """Return round values inside the range of the colour map, in the SPECT's unit."""
        low, high = self._linked.uptake_range
        ideal = (high - low) / 5
        power = 10.0 ** np.floor(np.log10(ideal))
        step = float(power * _ROUND[np.searchsorted(_ROUND, ideal / power * (1 - 1e-9))])
        first = np.ceil(low / step - 1e-9) * step
        return [float(v) + 0.0 for v in np.arange(first, high + 1e-9 * step, step)]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw unit, colours and ticks."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        painter.setPen(QColor("white"))
        line = painter.fontMetrics().height()
        unit = self._linked.review.fused.spect.unit
        painter.drawText(
            QRectF(0, 6, self.width(), 2 * line),
            int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap),
            unit,
        )
        bar = QRectF(10, 12 + 2 * line, 18, self.height() - 24 - 3 * line)
        colors = (dicom_colormap(self._linked.palette).colors[::-1] * 255).astype(np.uint8)
        strip = np.ascontiguousarray(colors[:, None, :])
        image = QImage(strip.data, 1, len(strip), 4, QImage.Format.Format_RGBA8888)
        painter.setOpacity(1.0 if self._linked.spect_visible else 0.25)
        painter.drawImage(bar, image)
        painter.setPen(QColor(FAINT))
        painter.drawRect(bar)
        painter.setPen(QColor("white"))
        low, high = self._linked.uptake_range
        for value in self.ticks():
            y = bar.bottom() - (value - low) / (high - low) * bar.height()
            painter.drawLine(int(bar.right()), int(y), int(bar.right()) + 5, int(y))
            painter.drawText(int(bar.right()) + 10, int(y + line / 3), number_text(value, unit))
        painter.end()


class ModeChoice(ListBox):
    """Chooses how CT and SPECT share the picture.

    Parameters
    ----------
    linked : LinkedPanes
        What is controlled.
    """

    def __init__(self, linked: LinkedPanes) -> None:
        super().__init__()
        self._linked = linked
        self.addItems([mode.value for mode in Mode])
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setToolTip("How CT and SPECT share the picture; key V goes to the next")
        self.textActivated.connect(self._choose)
        linked.events.display.connect(self._on_display)
        self._on_display()

    def _choose(self, name: str) -> None:
        self._linked.use_mode(Mode(name))

    def _on_display(self) -> None:
        self.setCurrentText(self._linked.check.mode.value)


class DisplayPanel(QWidget):
    """CT window, SPECT colours and the blend of the two.

    Parameters
    ----------
    linked : LinkedPanes
        What is controlled.
    """

    def __init__(self, linked: LinkedPanes) -> None:
        super().__init__()
        self._linked = linked
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._make_blend())
        layout.addWidget(self._make_spect())
        layout.addWidget(self._make_ct())
        linked.events.display.connect(self._on_display)
        self._on_display()

    def _make_blend(self) -> QGroupBox:
        label = self._linked.review.spect_label
        box = QGroupBox("Fusion")
        grid = QGridLayout(box)
        self.blend = Slider(Qt.Orientation.Horizontal)
        self.blend.setRange(0, 100)
        self.blend.setToolTip(f"0 % is the CT alone, 100 % the {label} alone; keys [ and ]")
        self.blend.valueChanged.connect(self._set_blend)
        self._blend_text = plain_label()
        self._blend_text.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.spect_shown = QCheckBox(f"Show {label}  (B)")
        self.spect_shown.setToolTip(f"Blink the {label} off and on with the key B")
        self.spect_shown.toggled.connect(self._set_spect_visible)
        grid.addWidget(plain_label("CT"), 0, 0)
        grid.addWidget(self.blend, 0, 1)
        grid.addWidget(plain_label(label), 0, 2)
        grid.addWidget(self.spect_shown, 1, 0, 1, 2)
        grid.addWidget(self._blend_text, 1, 2)
        self.mode = ModeChoice(self._linked)
        grid.addWidget(self.mode, 2, 0, 1, 3)
        return box

    def _make_spect(self) -> QGroupBox:
        label, unit = self._linked.review.spect_label, self._linked.review.fused.spect.unit
        box = QGroupBox(f"{label} ({unit})")
        grid = QGridLayout(box)
        self.palette_choice = ListBox()
        self.palette_choice.addItems(list(PALETTES))
        self.palette_choice.setToolTip("Colour maps of the DICOM standard; zero is transparent")
        self.palette_choice.currentTextChanged.connect(self._set_palette)
        low, high = self._linked.review.fused.uptake_range
        self.lowest, self.highest = NumberBox(), NumberBox()
        for spin, tip in ((self.lowest, "lowest"), (self.highest, "highest")):
            spin.setDecimals(0 if high >= 100 else 3)
            spin.setRange(min(0.0, low), 100 * high)
            spin.setSingleStep(high / 20)
            spin.setToolTip(f"Uptake at the {tip} colour, in {unit}")
            spin.valueChanged.connect(self._set_range)
        grid.addWidget(self.palette_choice, 0, 0, 1, 2)
        grid.addWidget(plain_label("Lower"), 1, 0)
        grid.addWidget(self.lowest, 1, 1)
        grid.addWidget(plain_label("Upper"), 2, 0)
        grid.addWidget(self.highest, 2, 1)
        legend = plain_label(f"Thin frame: edge of the {label} field; no data beyond.", wrap=True)
        legend.setStyleSheet(colored(DOUBTFUL))
        grid.addWidget(legend, 3, 0, 1, 2)
        self.multiples = plain_label("")
        grid.addWidget(self.multiples, 4, 0, 1, 2)
        row = QHBoxLayout()
        self.times = {}
        for times in TIMES_REFERENCE:
            button = QPushButton(f"{times} ×")
            button.setToolTip(f"From zero to {times} times the reference")
            button.clicked.connect(lambda _checked, times=times: self._set_times(times))
            row.addWidget(button)
            self.times[times] = button
        grid.addLayout(row, 5, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        return box

    def _set_times(self, times: int) -> None:
        if self._linked.reference is not None:
            self._linked.uptake_range = (0.0, times * self._linked.reference)

    def _show_multiples(self) -> None:
        linked, reference = self._linked, self._linked.reference
        for button in self.times.values():
            button.setEnabled(reference is not None)
        if reference is None:
            self.multiples.setText("The reference is not known yet.")
        else:
            low, high = (value / reference for value in linked.uptake_range)
            self.multiples.setText(f"{low:.1f} to {high:.1f} × reference")

    def _make_ct(self) -> QGroupBox:
        box = QGroupBox("CT window (HU)")
        column = QVBoxLayout(box)
        self.window_text = plain_label()
        self.window_text.setToolTip("Drag with the right mouse button: sideways width, up level")
        buttons = QHBoxLayout()
        for name in CT_WINDOWS:
            button = QPushButton(name)
            button.setToolTip("Key C goes to the next")
            button.clicked.connect(lambda _checked, name=name: self._linked.use_ct_preset(name))
            buttons.addWidget(button)
        column.addWidget(self.window_text)
        column.addLayout(buttons)
        return box

    def _set_blend(self, percent: int) -> None:
        self._linked.blend = percent / 100

    def _set_spect_visible(self, shown: bool) -> None:
        self._linked.spect_visible = shown

    def _set_palette(self, name: str) -> None:
        self._linked.palette = name

    def _set_range(self) -> None:
        self._linked.uptake_range = (self.lowest.value(), self.highest.value())

    def _on_display(self) -> None:
        linked = self._linked
        width, level = linked.ct_window
        self.window_text.setText(f"Width {width:.0f}   Level {level:.0f}")
        self._blend_text.setText(f"{linked.blend:.0%}")
        self._show_multiples()
        widgets = (self.blend, self.spect_shown, self.palette_choice, self.lowest, self.highest)
        for widget in widgets:
            widget.blockSignals(True)
        self.blend.setValue(round(100 * linked.blend))
        self.spect_shown.setChecked(linked.spect_visible)
        self.palette_choice.setCurrentText(linked.palette)
        self.lowest.setValue(linked.uptake_range[0])
        self.highest.setValue(linked.uptake_range[1])
        for widget in widgets:
            widget.blockSignals(False)
