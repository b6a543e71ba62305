"""Opening a study in the background, and the questions and refusals that come of it."""

from __future__ import annotations

import gc
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialogButtonBox

import fusion
from fusion.dicom import VolumePlan, scan
from fusion.errors import Cancelled, FusionError, SpacingNeeded
from tests.viewer import marked_study
from viewer import _napari
from viewer.jobs import OpenStudy
from viewer.kit.dialogs import ChoiceDialog, SpacingDialog
from viewer.study import ReviewApp
from viewer.wishes import Wishes

pytestmark = pytest.mark.window


@pytest.fixture
def start_app(make_napari_viewer: Callable, qtbot: object) -> Iterator[Callable]:
    apps = []

    def start(path: Path, **options: object) -> ReviewApp:
        wishes = Wishes(background=False, **options)
        app = ReviewApp(path, viewer=make_napari_viewer(), wishes=wishes)
        apps.append(app)
        app.start()
        return app

    yield start
    for app in apps:
        if app.error is None:
            app.viewer.close()
    qtbot.wait(20)


def test_study_opens_off_the_windows_thread(
    start_app: Callable, study_folder: Path, qtbot: object, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.sqlite"
    app = start_app(study_folder, journal=journal, reader="R. Eader")
    assert app.job.progress is not None
    assert app.job.progress.isVisible()
    threads: set[str] = set()
    app.job.report.progressed.connect(
        lambda *_: threads.add(threading.current_thread().name), Qt.ConnectionType.DirectConnection
    )
    qtbot.waitUntil(lambda: app.review_window is not None, timeout=60000)
    assert threads
    assert threading.main_thread().name not in threads
    assert app.job.progress is None
    assert all(len(pane.model.layers) == 2 for pane in app.review_window.linked)
    # Whoever was named reads it at once, in the journal that was named.
    assert app.review_window.reading.reading.reader == "R. Eader"
    assert app.review_window.reading.journal_path == journal
    # A window that is closed lets go of its study, or the next one would lie beside it: of what was
    # shown, of work that had ended (the joints) and of work that had not (the alignment).
    window = app.review_window
    window.facets.start()
    qtbot.waitUntil(lambda: window.facets.search is None, timeout=60_000)
    window.alignment_panel.check()
    ct = window.review.fused.ct.stored
    held = [weakref.ref(thing) for thing in (window.review, window.linked, ct)]
    app.viewer.close()
    app.error = Cancelled("closed by the test")
    app.review_window = app.viewer = window = ct = None

    def let_go() -> bool:
        gc.collect()
        return all(ref() is None for ref in held)

    qtbot.waitUntil(let_go, timeout=20_000)


def test_cancel_stops_the_work_and_shows_nothing(
    start_app: Callable, study_folder: Path, qtbot: object
) -> None:
    app = start_app(study_folder)
    qtbot.mouseClick(app.job.progress.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: app.error is not None, timeout=60000)
    assert isinstance(app.error, Cancelled)
    assert app.review_window is None
    assert app.job.dialog is None


def test_refusal_is_shown_as_its_sentence(
    start_app: Callable, tmp_path: Path, qtbot: object
) -> None:
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(FusionError) as refusal:
        fusion.open_study(tmp_path)
    app = start_app(tmp_path)
    qtbot.waitUntil(lambda: app.job.dialog is not None, timeout=60000)
    assert app.job.dialog.text() == str(refusal.value)
    assert app.job.dialog.textFormat() == Qt.TextFormat.PlainText
    assert app.error is None
    app.job.dialog.accept()
    qtbot.waitUntil(lambda: app.error is not None)
    assert str(app.error) == str(refusal.value)


def test_missing_spacing_is_asked_for_and_never_proposed(
    start_app: Callable, tmp_path: Path, qtbot: object
) -> None:
    marked_study.write_study(tmp_path, spacing_stated=False)
    app = start_app(tmp_path)
    qtbot.waitUntil(lambda: isinstance(app.job.dialog, SpacingDialog), timeout=60000)
    dialog = app.job.dialog
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert dialog.entry.text() == ""
    assert not ok.isEnabled()
    for not_signed in ("4", "4.0", "+", "-0", "+0.0", "x"):
        dialog.entry.setText(not_signed)
        assert not ok.isEnabled(), not_signed
    dialog.entry.setText("+4.0")
    assert ok.isEnabled()
    ok.click()
    qtbot.waitUntil(lambda: app.review_window is not None, timeout=60000)
    step = app.review_window.review.fused.spect.grid.affine[:3, 0]
    assert step.tolist() == pytest.approx([0, 0, 4.0])
    assert app.review_window.review.assumptions


def test_declining_to_state_the_spacing_refuses_the_study(
    start_app: Callable, tmp_path: Path, qtbot: object
) -> None:
    marked_study.write_study(tmp_path, spacing_stated=False)
    app = start_app(tmp_path)
    qtbot.waitUntil(lambda: isinstance(app.job.dialog, SpacingDialog), timeout=60000)
    app.job.dialog.reject()
    qtbot.waitUntil(lambda: app.error is not None)
    assert isinstance(app.error, SpacingNeeded)
    assert app.review_window is None


def test_of_two_alike_the_one_that_is_chosen_is_shown(
    start_app: Callable, study_folder: Path, tmp_path: Path, qtbot: object
) -> None:
    folder = shutil.copytree(study_folder, tmp_path / "study")
    spects = [plan for plan in volumes(folder) if plan.kind.is_functional]
    (original,) = {frame.instance.path for frame in spects[0].frames}
    other = pydicom.dcmread(original)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.77.1"
    other.SeriesInstanceUID = "1.2.3.4.77"
    other.PixelData = (other.pixel_array // 2).tobytes()
    other.save_as(original.with_name("other.dcm"))
    app = start_app(folder)
    qtbot.waitUntil(lambda: isinstance(app.job.dialog, ChoiceDialog), timeout=60000)
    (row,) = (
        n
        for n, plan in enumerate(p for p in volumes(folder) if p.kind.is_functional)
        if plan.frames[0].instance.dataset.SeriesInstanceUID == "1.2.3.4.77"
    )
    app.job.dialog.choices.setCurrentRow(row)
    app.job.dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    qtbot.waitUntil(lambda: app.review_window is not None, timeout=60000)
    shown = app.review_window.review.fused.spect.source
    assert shown.series_instance_uid == "1.2.3.4.77"


def volumes(folder: Path) -> list[VolumePlan]:
    (study,) = scan(folder).studies
    return [plan for series in study.series for plan in series.volumes]


def test_closing_the_window_stops_the_work(
    make_napari_viewer: Callable, study_folder: Path, qtbot: object
) -> None:
    viewer = make_napari_viewer()
    job = OpenStudy(_napari.main_window(viewer), study_folder)
    stop = job.report.stop
    viewer.close()
    qtbot.waitUntil(stop.is_set)
