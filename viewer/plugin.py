"""What napari.yaml points to: reader, sample data, widgets and commands."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from napari.utils.notifications import show_info, show_warning
from qtpy.QtCore import QEventLoop
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

import fusion
from fusion.findings import Severity
from fusion.opening import OpenOptions
from fusion.progress import Progress
from fusion.review import Review
from fusion.software import DISCLAIMER
from viewer import _napari
from viewer.app import attend
from viewer.frame.findings_panel import FindingsPanel
from viewer.jobs import Job, StudyMaker, Waiting
from viewer.kit.labels import plain_label
from viewer.pathway.model import PathwayModel
from viewer.pathway.panel import PathwayPanel
from viewer.pictures.layers import ct_layer_data, spect_layer_data
from viewer.steps.model import Step
from viewer.study import ReviewApp
from viewer.window import ReviewWindow
from viewer.wishes import Wishes, sample_study

if TYPE_CHECKING:
    from napari.types import FullLayerData

    from fusion.review import Review

#: How many files of a folder or members of a zip are looked at before saying "not DICOM".
_PEEK = 200
#: Where DICOM files say so (PS3.10 section 7.1).
_MAGIC_AT, _MAGIC = 128, b"DICM"

#: Where increasing z, y and x go on the screen, so that a patient seen from the feet has the left
#: hand on the right: right × down = away, as x × y = z in LPS.
UNMIRRORED = ("away", "down", "right")

Reader = Callable[[str], "list[FullLayerData]"]


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader for a DICOM folder, zip, DICOMDIR or file; None for anything else.

    Parameters
    ----------
    path : str or list of str
        What the user dropped on napari. A list (napari's "open as stack") is left to others.
    """
    if isinstance(path, list):
        return None
    return read_study if _looks_like_dicom(Path(path)) else None


def _looks_like_dicom(path: Path) -> bool:
    try:
        if path.is_dir():
            files = (entry for entry in path.rglob("*") if entry.is_file())
            return any(_has_magic(entry) for entry in islice(files, _PEEK))
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return any(_members_with_magic(archive))
        return _has_magic(path)
    except OSError:
        return False


def _has_magic(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC


def _members_with_magic(archive: zipfile.ZipFile) -> Iterator[bool]:
    for member in islice((m for m in archive.infolist() if not m.is_dir()), _PEEK):
        try:
            with archive.open(member) as file:
                yield file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
            yield False


def read_study(path: str) -> list[FullLayerData]:
    """Return CT and SPECT of a study as napari layer data, placed in patient coordinates.

    Raises
    ------
    FusionError
        The study was refused; napari shows the sentence.
    """
    return layers_of(fusion.open_study(path))


def layers_of(review: Review) -> list[FullLayerData]:
    """Return CT and SPECT of an opened study as napari layer data; say what must be known."""
    layers = []
    for array, options, kind in (ct_layer_data(review), spect_layer_data(review)):
        options["metadata"] = {"facetfusion": {"title": review.title, "findings": review.findings}}
        layers.append((array, options, kind))
    viewer = napari.current_viewer()
    if viewer is not None:
        # As napari comes, its three-dimensional view mirrors left and right of (z, y, x) in LPS.
        viewer.scene.camera.orientation = UNMIRRORED
    show_info(DISCLAIMER)
    for finding in review.findings:
        if finding.severity >= Severity.WARNING:
            show_warning(finding.message)
    return layers


def open_sample() -> list[FullLayerData]:
    """Make the simulated neck SPECT/CT and return it as napari layer data.

    In a napari window this shows its progress and can be cancelled, which adds nothing.
    """
    viewer = napari.current_viewer()
    if viewer is None:
        return layers_of(_opened_sample(Progress()))
    waiting = Waiting(
        _napari.main_window(viewer),
        "Making the sample study",
        refusal="The sample study was not made",
        leaves_nothing=True,
    )
    job, until, made = Job(_opened_sample, dialog=waiting), QEventLoop(), list[Review]()
    job.done.connect(made.append)
    for end in (job.done, job.refused):
        end.connect(lambda _result: until.quit())
    job.start()
    # napari wants the layers in return; everything else in its window goes on meanwhile.
    until.exec()
    return [layer for review in made for layer in layers_of(review)]


def _opened_sample(report: Progress) -> Review:
    with sample_study(report.part(0.0, 0.8)) as path:
        return fusion.open_study(path, progress=report.part(0.8, 1.0))


class OpenStudyWidget(QWidget):
    """Chooses a study and opens it for review in a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.path = QLineEdit()
        self.path.setPlaceholderText("Folder, zip or DICOMDIR")
        self.path.textChanged.connect(self._check)
        browse = QPushButton("Choose…")
        browse.clicked.connect(self._browse)
        self.register = QCheckBox("Register SPECT to CT")
        self.register.setToolTip("Search for a rigid correction instead of trusting the scanner")
        self.open = QPushButton("Open for review")
        self.open.clicked.connect(self.start)
        row = QHBoxLayout()
        row.addWidget(self.path)
        row.addWidget(browse)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.register)
        column.addWidget(self.open)
        column.addWidget(plain_label(DISCLAIMER, wrap=True))
        column.addStretch()
        self._check()

    def _check(self) -> None:
        self.open.setEnabled(bool(self.path.text().strip()))

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with a SPECT/CT study")
        if folder:
            self.path.setText(folder)

    def start(self) -> ReviewApp:
        """Open the chosen study."""
        how = OpenOptions(register=self.register.isChecked())
        return _open(self.path.text().strip(), Wishes(options=how))


class FindingsWidget(QWidget):
    """Shows the Findings of the study that the selected layer belongs to.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The window that the widget stands in.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._column = QVBoxLayout(self)
        self.panel: QWidget | None = None
        napari_viewer.layers.selection.events.active.connect(self._update)
        self._update()

    def _update(self) -> None:
        if self.panel is not None:
            self._column.removeWidget(self.panel)
            self.panel.deleteLater()
        layer = self._viewer.layers.selection.active
        known = None if layer is None else layer.metadata.get("facetfusion")
        if known is None:
            self.panel = plain_label("Select a layer that facetfusion opened.", wrap=True)
        else:
            self.panel = FindingsPanel(known["findings"])
        self._column.addWidget(self.panel)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Stop listening."""
        self._viewer.layers.selection.events.active.disconnect(self._update)
        super().closeEvent(event)


def make_pathway_widget(napari_viewer: napari.Viewer) -> PathwayPanel:
    """Return the pathway's questions: those of the review in the window, or without a study."""
    review = ReviewWindow.of(napari_viewer)
    return PathwayPanel(PathwayModel() if review is None else review.pathway)


def _open(source: str | StudyMaker, wishes: Wishes | None = None) -> ReviewApp:
    app = ReviewApp(source, wishes=wishes)
    attend(app)
    app.start()
    return app


def review_study() -> None:
    """Ask for a folder and open it for review in a window of its own."""
    folder = QFileDialog.getExistingDirectory(None, "Folder with a SPECT/CT study")
    if folder:
        _open(folder)


def review_sample() -> None:
    """Make the simulated study and open it for review in a window of its own."""
    _open(sample_study)


def _current_review() -> ReviewWindow | None:
    viewer = napari.current_viewer()
    review = None if viewer is None else ReviewWindow.of(viewer)
    if review is None:
        show_info("Open a SPECT/CT study for review first.")
    return review


def blink_spect() -> None:
    """Show or hide the SPECT of the current review."""
    if review := _current_review():
        review.linked.spect_visible = not review.linked.spect_visible


def bone_window() -> None:
    """Use the bone window in the current review."""
    if review := _current_review():
        review.linked.use_ct_preset("Bone")


def soft_tissue_window() -> None:
    """Use the soft tissue window in the current review."""
    if review := _current_review():
        review.linked.use_ct_preset("Soft tissue")


def first_view() -> None:
    """Go back to the first view of the current review."""
    if review := _current_review():
        review.linked.centre()


def toggle_crosshair() -> None:
    """Show or hide the crosshair of the current review."""
    if review := _current_review():
        review.linked.crosshair_visible = not review.linked.crosshair_visible


def show_pathway() -> None:
    """Show the pathway's questions of the current review."""
    if review := _current_review():
        review.show_pathway()


def show_facets() -> None:
    """Show the joints of the current review."""
    if review := _current_review():
        review.show_step(Step.LEVELS)


def show_targets() -> None:
    """Show the targets of the current review."""
    if review := _current_review():
        review.show_step(Step.JOINTS)


def show_help() -> None:
    """Show keys and mouse of the current review."""
    if review := _current_review():
        review.show_help()
