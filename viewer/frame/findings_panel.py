"""The Findings about the data, beside the pictures."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGroupBox, QVBoxLayout, QWidget

from fusion.findings import Finding, Severity
from viewer.kit.labels import plain_label
from viewer.kit.layout import scrolling
from viewer.kit.theme import BAD, DOUBTFUL, INFO, edged

SEVERITY_COLORS = {
    Severity.ERROR: BAD,
    Severity.WARNING: DOUBTFUL,
    Severity.INFO: INFO,
}


class FindingsPanel(QGroupBox):
    """What a reader must know about the data, worst first.

    Parameters
    ----------
    findings : sequence of Finding
        In the order to show.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"Findings about the data ({len(findings)})")
        rows = QWidget()
        column = QVBoxLayout(rows)
        column.setContentsMargins(0, 0, 6, 0)
        self.labels = []
        for finding in findings:
            label = plain_label(f"{finding.severity.label.upper()}\n{finding.message}", wrap=True)
            label.setToolTip(finding.code)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setStyleSheet(edged(SEVERITY_COLORS[finding.severity]))
            self.labels.append(label)
            column.addWidget(label)
        if not findings:
            column.addWidget(plain_label("Nothing to report."))
        column.addStretch()
        QVBoxLayout(self).addWidget(scrolling(rows))
