"""facetfusion as a napari plugin."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManifest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QLabel

import fusion
import viewer
from fusion.progress import Progress
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from viewer import plugin
from viewer.pictures.layers import make_layer, to_world

MANIFEST = Path(viewer.__file__).with_name("napari.yaml")


def test_manifest_is_valid_and_everything_it_names_exists() -> None:
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert manifest.contributions.readers
    assert manifest.contributions.sample_data
    assert manifest.contributions.widgets
    assert manifest.contributions.menus


def test_reader_takes_dicom_and_leaves_the_rest(study_folder: Path, tmp_path: Path) -> None:
    assert plugin.get_reader(str(study_folder)) is not None
    assert plugin.get_reader(str(study_folder / "nm.dcm")) is not None
    archive = tmp_path / "study.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(study_folder / "nm.dcm", "deep/inside/1")
    assert plugin.get_reader(str(archive)) is not None
    other = tmp_path / "other"
    other.mkdir()
    (other / "picture.png").write_bytes(b"\x89PNG" + bytes(200))
    assert plugin.get_reader(str(other)) is None
    assert plugin.get_reader(str(other / "picture.png")) is None
    assert plugin.get_reader(str(tmp_path / "absent")) is None
    assert plugin.get_reader([str(study_folder)]) is None


def test_reader_places_layers_in_the_patient(study_folder: Path) -> None:
    reader = plugin.get_reader(str(study_folder))
    layers = [make_layer(data) for data in reader(str(study_folder))]
    assert [layer.name for layer in layers] == ["CT", "SPECT (counts)"]
    for layer in layers:
        values = [
            layer.data[tuple(np.rint(layer.world_to_data(to_world(point))).astype(int))]
            for point in (MIDDLE_LPS + BALLS["left"], MIDDLE_LPS - BALLS["left"])
        ]
        assert values[0] > values[1] + 1000
        assert layer.metadata["facetfusion"]["findings"]


@pytest.mark.window
def test_findings_widget_follows_the_selected_layer(
    make_napari_viewer: Callable, review: fusion.Review, qtbot: object
) -> None:
    napari_viewer = make_napari_viewer()
    widget = plugin.FindingsWidget(napari_viewer)
    qtbot.addWidget(widget)
    assert "Select a layer" in widget.panel.text()
    for data in plugin.layers_of(review):
        napari_viewer.add_layer(make_layer(data))
    assert len(widget.panel.labels) == len(review.findings)


@pytest.mark.window
def test_opened_layers_are_not_mirrored_in_3d(
    make_napari_viewer: Callable, study_folder: Path
) -> None:
    napari_viewer = make_napari_viewer()
    plugin.read_study(str(study_folder))
    camera = napari_viewer.scene.camera
    napari_viewer.dims.ndisplay = 3
    # World axes are (z, y, x); what the camera looks along, and what is up, in LPS.
    looks, up = np.array(camera.view_direction)[::-1], np.array(camera.up_direction)[::-1]
    np.testing.assert_allclose(looks, (0, 0, 1), atol=1e-9)
    np.testing.assert_allclose(up, (0, -1, 0), atol=1e-9)
    # Screen right of a faithful picture is (direction of view) × up.
    assert camera.orientation[2] == "right"
    np.testing.assert_allclose(np.cross(looks, up), (1, 0, 0), atol=1e-9)


@pytest.mark.window
def test_study_widget_needs_a_path(make_napari_viewer: Callable, qtbot: object) -> None:
    widget = plugin.OpenStudyWidget()
    qtbot.addWidget(widget)
    assert not widget.open.isEnabled()
    widget.path.setText("/somewhere")
    assert widget.open.isEnabled()
    assert any("Not a medical device" in label.text() for label in widget.findChildren(QLabel))


@pytest.mark.window
def test_commands_without_a_review_do_nothing(make_napari_viewer: Callable) -> None:
    make_napari_viewer()
    plugin.blink_spect()


@pytest.mark.window
@pytest.mark.parametrize("cancelled", [False, True])
def test_the_sample_leaves_the_window_alive_and_can_be_cancelled(
    cancelled: bool,
    make_napari_viewer: Callable,
    study_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    @contextmanager
    def slow(report: Progress) -> Iterator[Path]:
        for n in range(40):
            report(n / 40, "Making it")
            time.sleep(0.01)  # stands for 20 s of making it: time in which the window must live
        yield study_folder

    make_napari_viewer()
    monkeypatch.setattr(plugin, "sample_study", slow)
    ticks: list[object] = []

    def tick() -> None:
        ticks.append(None)
        dialog = QApplication.activeModalWidget()
        if cancelled and dialog is not None:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)

    timer = QTimer(interval=5)
    timer.timeout.connect(tick)
    timer.start()
    layers = plugin.open_sample()
    timer.stop()
    assert [options["name"] for _, options, _ in layers] == (
        [] if cancelled else ["CT", "SPECT (counts)"]
    )
    assert ticks
    assert cancelled or len(ticks) > 10
