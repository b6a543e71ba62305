"""Asks for label maps made elsewhere, and for what is unusual about this spine."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fusion.anatomy import ZYGAPOPHYSIAL_LEVELS
from fusion.annotations import AnomalyRecorded
from fusion.facets import ANOMALIES, CONVENTIONS, Labels
from fusion.plain_text import plain
from viewer.kit.inputs import ListBox
from viewer.kit.labels import plain_label

_FILES = "Label maps (*.nii *.nii.gz *.dcm);;All files (*)"
_NONE = "None"


class LabelDialog(QDialog):
    """Asks which label maps the joints are to be taken from, and who made them.

    Parameters
    ----------
    parent : QWidget
        The window.
    labels : Labels
        What is in use.
    """

    def __init__(self, parent: QWidget, labels: Labels) -> None:
        super().__init__(parent)
        self.setWindowTitle("Joints from a label map")
        self.setMinimumWidth(460)
        self._paths: list[Path | None] = [*labels.paths, None, None][:2]
        self.names = plain_label(), plain_label()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.convention = ListBox()
        self.convention.addItem("Tell from the labels", None)
        for one in CONVENTIONS:
            self.convention.addItem(one.words, one.name)
        self.convention.setCurrentIndex(max(0, self.convention.findData(labels.convention)))
        rows = QFormLayout()
        for index, what in enumerate(("Vertebrae", "Articular processes")):
            rows.addRow(what, self._row(index))
        rows.addRow("Made by", self.convention)
        column = QVBoxLayout(self)
        column.addWidget(
            plain_label(
                "NIfTI or DICOM Segmentation of this CT's vertebrae, made by another program; a "
                "map of articular processes (SPINEPS) is optional. Both are checked against "
                "anatomy and against the CT. What rests on another numbering has to be confirmed "
                "again.",
                wrap=True,
            )
        )
        column.addLayout(rows)
        column.addWidget(self.buttons)
        self._show()

    @property
    def labels(self) -> Labels:
        """What was chosen."""
        paths = tuple(path for path in self._paths if path is not None)
        return Labels(paths, self.convention.currentData())

    def choose(self, index: int, path: Path | None) -> None:
        """Take a file as the map of vertebrae (0) or of articular processes (1)."""
        self._paths[index] = path
        self._show()

    def _row(self, index: int) -> QHBoxLayout:
        browse = QPushButton("Choose…")
        browse.clicked.connect(lambda: self._browse(index))
        row = QHBoxLayout()
        row.addWidget(self.names[index], stretch=1)
        row.addWidget(browse)
        if index:
            clear = QPushButton("Leave out")
            clear.clicked.connect(lambda: self.choose(index, None))
            row.addWidget(clear)
        return row

    def _browse(self, index: int) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Label map", filter=_FILES)
        if name:
            self.choose(index, Path(name))

    def _show(self) -> None:
        for label, path in zip(self.names, self._paths, strict=True):
            label.setText(_NONE if path is None else plain(path.name))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(
            self._paths[0] is not None
        )


class AnomalyDialog(QDialog):
    """Asks what is unusual about this spine.

    Parameters
    ----------
    parent : QWidget
        The window.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Record an anomaly")
        self.setMinimumWidth(420)
        self.kind, self.level, self.note = ListBox(), ListBox(), QLineEdit()
        self.kind.setPlaceholderText("What is unusual?")
        for kind in ANOMALIES:
            self.kind.addItem(kind.capitalize(), kind)
        self.kind.setCurrentIndex(-1)
        self.level.setPlaceholderText("Which level?")
        self.level.addItems(ZYGAPOPHYSIAL_LEVELS)
        self.level.setCurrentIndex(-1)
        self.note.setPlaceholderText("Optional")
        self.note.setMaxLength(500)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        rows = QFormLayout()
        rows.addRow("Anomaly", self.kind)
        rows.addRow("Fused level", self.level)
        rows.addRow("Note", self.note)
        column = QVBoxLayout(self)
        column.addWidget(
            plain_label(
                "The levels are numbered again with it, and what rests on the old numbering has "
                "to be confirmed again.",
                wrap=True,
            )
        )
        column.addLayout(rows)
        column.addWidget(self.buttons)
        self.kind.currentIndexChanged.connect(self._check)
        self.level.currentIndexChanged.connect(self._check)
        self._check()

    @property
    def change(self) -> AnomalyRecorded:
        """What was entered."""
        kind = self.kind.currentData()
        level = self.level.currentText() if kind == "fused" else ""
        return AnomalyRecorded(kind, level, self.note.text().strip())

    def _check(self) -> None:
        fused = self.kind.currentData() == "fused"
        self.level.setEnabled(fused)
        complete = self.kind.currentIndex() >= 0 and (not fused or self.level.currentIndex() >= 0)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(complete)
