"""What uptake is compared with, and from which ratio on it is graded: settings, not validated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QGridLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fusion.errors import GeometryError
from fusion.uptake import (
    GRADE_WORDS,
    NOT_VALIDATED,
    ProposalSettings,
    ReferenceChoice,
    ReferenceKind,
    quantity_text,
)
from viewer.kit.inputs import ListBox, NumberBox
from viewer.kit.labels import plain_label
from viewer.kit.layout import scroll
from viewer.kit.text import position_text
from viewer.kit.theme import BAD, DOUBTFUL, colored

if TYPE_CHECKING:
    from viewer.facets.model import FacetsModel

#: After a number was typed, wait so long before everything is measured again, ms.
_TYPING_MS = 600


class ReferencePage(QScrollArea):
    """Chooses the reference and the thresholds.

    Parameters
    ----------
    facets : FacetsModel
        Measures with them.
    """

    def __init__(self, facets: FacetsModel) -> None:
        super().__init__()
        self._facets = facets
        self.kind = ListBox()
        for kind in ReferenceKind:
            self.kind.addItem(f"{kind.value[0].upper()}{kind.value[1:]}", kind.value)
        self.kind.activated.connect(self._choose)
        self.radius = NumberBox()
        self.radius.setRange(2.0, 50.0)
        self.radius.setSuffix(" mm radius")
        self.radius.setValue(ReferenceChoice().radius_mm)
        self.here = QPushButton("Centre at the crosshair")
        self.here.clicked.connect(self._take_region)
        self.radius.valueChanged.connect(self._on_radius)
        self.words = plain_label(wrap=True)
        self.message = plain_label(wrap=True)
        self.message.setStyleSheet(colored(BAD))
        self.ratios = [NumberBox() for _ in GRADE_WORDS[1:]]
        self.reset = QPushButton("As they were")
        self.reset.clicked.connect(self._reset)
        self._settle = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._settle.timeout.connect(self._use_ratios)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 6, 2)
        column.addWidget(plain_label("Uptake is compared with"))
        column.addWidget(self.kind)
        self.region = QWidget()
        row = QGridLayout(self.region)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.radius, 0, 0)
        row.addWidget(self.here, 0, 1)
        column.addWidget(self.region)
        column.addWidget(self.words)
        column.addWidget(self._make_ratios())
        column.addWidget(self.message)
        column.addStretch()
        scroll(self, inside)
        # Its numbers must not be cut off where there is little room.
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._show_ratios(facets.settings)
        self.refresh()

    def _make_ratios(self) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 6, 0, 0)
        title = plain_label(
            f"Grades begin at this ratio to the reference ({NOT_VALIDATED} for cervical facets)",
            wrap=True,
        )
        title.setStyleSheet(colored(DOUBTFUL))
        grid.addWidget(title, 0, 0, 1, 3)
        for n, (spin, words) in enumerate(zip(self.ratios, GRADE_WORDS[1:], strict=True), start=1):
            spin.setRange(0.1, 50.0)
            spin.setSingleStep(0.1)
            spin.setPrefix("× ")
            spin.valueChanged.connect(lambda _value: self._settle.start())
            grid.addWidget(plain_label(f"Grade {n}"), n, 0)
            grid.addWidget(spin, n, 1)
            grid.addWidget(plain_label(words), n, 2)
        grid.addWidget(self.reset, len(GRADE_WORDS), 1)
        grid.setColumnStretch(2, 1)
        return box

    def refresh(self) -> None:
        """Show what is compared with now."""
        choice, assessment = self._facets.reference, self._facets.assessment
        self.kind.setCurrentIndex(self.kind.findData(choice.kind.value))
        self.region.setVisible(choice.kind is ReferenceKind.REGION)
        words = "Not measured."
        if assessment is not None:
            reference = assessment.reference
            words = reference.words
            if reference.value is not None:
                unit = assessment.uptakes[0].unit
                words = f"{quantity_text(reference.value, unit)}. {words}"
        elif self._facets.measuring:
            words = "Measuring …"
        if choice.kind is ReferenceKind.REGION and choice.center_lps is not None:
            words += f" Centre: {position_text(choice.center_lps)} mm."
        self.words.setText(words)

    def _choose(self) -> None:
        kind = ReferenceKind(self.kind.currentData())  # Qt keeps it as plain text
        if kind is ReferenceKind.REGION:
            self._take_region()
        else:
            self._use(ReferenceChoice(kind))

    def _take_region(self) -> None:
        x, y, z = (float(value) for value in self._facets.linked.point_lps)
        self._use(ReferenceChoice(ReferenceKind.REGION, (x, y, z), self.radius.value()))

    def _on_radius(self) -> None:
        choice = self._facets.reference
        if choice.kind is ReferenceKind.REGION:
            self._use(replace(choice, radius_mm=self.radius.value()))

    def _use(self, choice: ReferenceChoice) -> None:
        self._facets.reference = choice
        self.refresh()

    def _reset(self) -> None:
        self._show_ratios(ProposalSettings())
        self._use_ratios()

    def _show_ratios(self, settings: ProposalSettings) -> None:
        for spin, value in zip(self.ratios, settings.grade_ratios, strict=True):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)

    def _use_ratios(self) -> None:
        self._settle.stop()
        first, second, third = (round(spin.value(), 3) for spin in self.ratios)
        try:
            settings = replace(self._facets.settings, grade_ratios=(first, second, third))
        except GeometryError as error:
            self.message.setText(str(error))
            return
        self.message.setText("")
        self._facets.settings = settings
