"""A Review in a napari window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fusion.export import DISCLAIMER, SIMULATED
from fusion.plain_text import plain
from viewer import _napari
from viewer.alignment import Alignment, alignment_keys
from viewer.alignment_panel import SETTLE_MS, AlignmentPanel
from viewer.jobs import Job
from viewer.mouse import MOUSE_HELP, bind_mouse, key_actions
from viewer.panels import ColourBar, DisplayPanel, FindingsPanel, plain_label
from viewer.panes import LinkedPanes, position_text
from viewer.pathway_model import PathwayModel, suggestions
from viewer.pathway_panel import PathwayPanel
from viewer.planes import PLANES

if TYPE_CHECKING:
    from pathlib import Path

    import napari

    from fusion.pathway.assessment import Assessment, Unanswered
    from fusion.review import Review

SIDE_PANEL_WIDTH = 330
#: Width at which a tab of text reads well, px.
READING_WIDTH = 420
HELP_KEY = "F1"


class ReviewWindow(QObject):
    """Fills a napari window with three linked planes of a Review.

    The window's own napari canvas becomes the axial plane, so that napari's menus, command
    palette and plugins go on working; the coronal and sagittal plane get canvases of their own,
    which live and die with the window.

    Parameters
    ----------
    viewer : napari.Viewer
        Without layers.
    review : Review
        The study.
    """

    def __init__(self, viewer: napari.Viewer, review: Review) -> None:
        window = _napari.main_window(viewer)
        super().__init__(window)
        _napari.refuse_non_orthogonal_slicing()
        self.viewer = viewer
        models = [ViewerModel() for _ in PLANES[1:]]
        self.linked = LinkedPanes(review, [viewer, *models])
        self.alignment = Alignment(self.linked)
        self.job: Job | None = None
        self.canvases = (_napari.main_canvas(viewer), *map(_napari.new_canvas, models))
        for pane, canvas in zip(self.linked, self.canvases, strict=True):
            bind_mouse(pane, self.linked, self.alignment)
            _napari.strip(canvas)
        _napari.hide_clutter(viewer)
        _napari.take_centre(viewer, self._make_centre())
        title = plain(review.title)
        if review.simulated:
            title = f"{SIMULATED} · {title}"
        viewer.title = f"{title} · facetfusion"
        self._add_keys(window)
        self.linked.events.point.connect(self._update_values)
        self.linked.events.cursor.connect(self._update_values)
        self.linked.events.review.connect(self._on_review)
        self._update_values()
        for canvas in self.canvases:
            _napari.canvas_widget(canvas).installEventFilter(self)
        window.installEventFilter(self)

    @property
    def review(self) -> Review:
        """The study as it stands, with the alignment in use."""
        return self.linked.review

    @review.setter
    def review(self, review: Review) -> None:
        self.linked.review = review

    @classmethod
    def of(cls, viewer: napari.Viewer) -> ReviewWindow | None:
        """Return the review in a napari window, if there is one."""
        return _napari.main_window(viewer).findChild(cls)

    def _make_centre(self) -> QWidget:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_header())
        pictures = QWidget()
        row = QHBoxLayout(pictures)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        right = QSplitter(Qt.Orientation.Vertical)
        for canvas in self.canvases[1:]:
            right.addWidget(canvas)
        planes = QSplitter(Qt.Orientation.Horizontal)
        planes.addWidget(self.canvases[0])
        planes.addWidget(right)
        planes.setSizes([580, 420])
        planes.setStretchFactor(0, 3)
        planes.setStretchFactor(1, 2)
        self.colour_bar = ColourBar(self.linked)
        row.addWidget(planes, stretch=1)
        row.addWidget(self.colour_bar)
        self.body = QSplitter(Qt.Orientation.Horizontal)
        self.body.addWidget(pictures)
        self.body.addWidget(self._make_side())
        self.body.setStretchFactor(0, 1)
        self.body.setStretchFactor(1, 0)
        self.body.setChildrenCollapsible(False)
        self.body.setSizes([4 * SIDE_PANEL_WIDTH, SIDE_PANEL_WIDTH])
        self.tabs.currentChanged.connect(self._make_room)
        column.addWidget(self.body, stretch=1)
        column.addWidget(self._make_footer())
        return centre

    def _make_header(self) -> QWidget:
        header = QFrame()
        row = QHBoxLayout(header)
        row.setContentsMargins(10, 4, 10, 4)
        self.identity = plain_label(plain(self.review.title))
        row.addWidget(self.identity, stretch=1)
        if self.review.simulated:
            banner = plain_label(SIMULATED)
            banner.setStyleSheet("color: black; background: #ff8c1a; padding: 2px 8px;")
            row.addWidget(banner)
        return header

    def _make_side(self) -> QWidget:
        side = QWidget()
        side.setMinimumWidth(SIDE_PANEL_WIDTH)
        column = QVBoxLayout(side)
        self.display = DisplayPanel(self.linked)
        self.findings = FindingsPanel(self.review.findings)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._update_findings)
        display_tab = QWidget()
        self._display_rows = QVBoxLayout(display_tab)
        self._display_rows.setContentsMargins(0, 4, 0, 0)
        self._display_rows.addWidget(self.display)
        self._display_rows.addWidget(self.findings, stretch=1)
        self.tabs = QTabWidget()
        self.add_tab(display_tab, "Display")
        self.alignment_panel = AlignmentPanel(self.alignment)
        self.add_tab(self.alignment_panel, "Alignment")
        review = self.review
        self.pathway = PathwayModel(keep=self._keep_assessment, recorded=review.assessment)
        self.pathway_panel = PathwayPanel(self.pathway, slow=lambda: suggestions(review))
        self.add_tab(self.pathway_panel, "Pathway")
        column.addWidget(self.tabs, stretch=1)
        help_button = QPushButton(f"Keys and mouse  ({HELP_KEY})")
        help_button.clicked.connect(self.show_help)
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("Write pictures, DICOM objects and review.json to a folder")
        self.export_button.clicked.connect(self.choose_export)
        column.addWidget(self.export_button)
        column.addWidget(help_button)
        return side

    def add_tab(self, panel: QWidget, title: str) -> None:
        """Put a panel beside the pictures, as the last tab."""
        self.tabs.addTab(panel, title)

    def _keep_assessment(self, assessment: Assessment | Unanswered) -> None:
        self.review = self.review.with_assessment(assessment)

    def _make_room(self) -> None:
        # Questions and verdict are text; the pictures give up some width where they have it.
        pictures, side = self.body.sizes()
        if self.tabs.currentWidget() is self.pathway_panel and pictures > 2 * READING_WIDTH:
            missing = max(0, READING_WIDTH - side)
            self.body.setSizes([pictures - missing, side + missing])

    def show_pathway(self) -> None:
        """Bring the pathway's questions to the front."""
        self.tabs.setCurrentWidget(self.pathway_panel)
        self.pathway_panel.setFocus()

    def _make_footer(self) -> QWidget:
        footer = QFrame()
        row = QHBoxLayout(footer)
        row.setContentsMargins(10, 4, 10, 4)
        self.values = plain_label()
        self.values.setToolTip("Values under the mouse, or at the crosshair")
        disclaimer = plain_label(DISCLAIMER)
        disclaimer.setStyleSheet("color: #ffb347;")
        row.addWidget(self.values, stretch=1)
        row.addWidget(disclaimer)
        return footer

    def _add_keys(self, window: QWidget) -> None:
        self.shortcuts = {}
        actions = {**key_actions(self.linked), **alignment_keys(self.alignment)}
        self._key_help = tuple((key, text) for key, (text, _) in actions.items())
        for key, (_, action) in {**actions, HELP_KEY: ("", self.show_help)}.items():
            shortcut = QShortcut(QKeySequence(key), window)
            shortcut.activated.connect(action)
            self.shortcuts[key] = shortcut
        self.shortcuts["B"].setAutoRepeat(False)

    def _on_review(self) -> None:
        self._update_values()
        self._settle.start()

    def _update_findings(self) -> None:
        # Not while the SPECT follows the mouse: the overlap of the two fields takes a moment.
        if self.alignment.dragging:
            self._settle.start()
            return
        old, self.findings = self.findings, FindingsPanel(self.review.findings)
        self._display_rows.replaceWidget(old, self.findings)
        old.deleteLater()

    def choose_export(self) -> None:
        """Ask for a folder and write the results there."""
        folder = QFileDialog.getExistingDirectory(
            _napari.main_window(self.viewer), "Folder for the results"
        )
        if folder:
            self.export(folder)

    def export(self, folder: str) -> Job:
        """Write the results of the review as it stands, away from the window's thread."""
        review, point_lps = self.review, self.linked.point_lps
        self.job = Job(
            _napari.main_window(self.viewer),
            "Writing the results",
            lambda report: review.write(folder, point_lps=point_lps, progress=report),
            refusal="The results were not written",
        )
        self.job.done.connect(lambda outputs: self._show_written(outputs.record.parent))
        self.job.start()
        return self.job

    def _show_written(self, folder: Path) -> None:
        box = QMessageBox(_napari.main_window(self.viewer))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Exported")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"The results were written to {folder}.\n\n{DISCLAIMER}")
        box.open()

    def _update_values(self) -> None:
        cursor = self.linked.cursor_lps
        where = "Crosshair" if cursor is None else "Cursor"
        point = self.linked.point_lps if cursor is None else cursor
        self.values.setText(
            f"{where}   {position_text(point)} mm     {self.linked.value_text(point)}"
        )

    def show_help(self) -> QMessageBox:
        """Show what keys and mouse do."""
        rows = [*MOUSE_HELP, *self._key_help]
        box = QMessageBox(_napari.main_window(self.viewer))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Keys and mouse")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText("\n".join(f"{key}:  {text}" for key, text in rows))
        box.open()
        return box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Notice the mouse leaving a canvas, and the window closing."""
        if event.type() == QEvent.Type.Leave:
            self.linked.cursor_lps = None
        elif event.type() == QEvent.Type.Close and watched is self.parent():
            self._close_canvases()
        return False

    def _close_canvases(self) -> None:
        # The window's own canvas closes with the window.
        for canvas in self.canvases[1:]:
            _napari.close_canvas(canvas)
        self.canvases = ()
