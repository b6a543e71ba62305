"""Each private part of napari that the viewer leans on still does what we think."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import napari
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.action_manager import action_manager
from qtpy.QtWidgets import QApplication, QWidget
from vispy.gloo import Program

from viewer import _napari


def test_version_is_the_one_this_was_written_for() -> None:
    assert napari.__version__.startswith("0.9.")


def test_napari_still_misplaces_rotated_layers_and_now_fails() -> None:
    """When napari draws them right, the display grid need no longer be straight."""
    _napari.refuse_non_orthogonal_slicing()
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    with pytest.raises(UserWarning, match="Non-orthogonal"):
        ViewerModel().add_layer(Image(np.zeros((5, 5, 5)), affine=turned))


@pytest.mark.window
def test_lines_are_drawn_where_they_are(make_napari_viewer: Callable, qtbot: object) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.canvas.background_color_override = "black"
    viewer.add_image(np.zeros((41, 61)))
    line = _napari.LinesOverlay(
        segments=(((10.0, 0.0), (10.0, 60.0)),), color=(0, 1, 0, 1), visible=True
    )
    viewer.scene.overlays["line"] = line
    qtbot.wait(50)
    viewer.reset_view()
    canvas = _napari.main_canvas(viewer)
    green = _napari.picture(canvas)[..., 1] > 100
    rows = np.flatnonzero(green.any(axis=1))
    height = green.shape[0]
    per_row = viewer.scene.camera.zoom * height / viewer.canvas.size[0]
    assert rows.mean() == pytest.approx(height / 2 - 10 * per_row, abs=2)
    line.segments = ()
    assert not (_napari.picture(canvas)[..., 1] > 100).any()
    extent = viewer.layers.extent.world
    np.testing.assert_allclose(extent[1] - extent[0], (40, 60))


@pytest.mark.window
def test_the_window_gives_up_its_middle(make_napari_viewer: Callable, qtbot: object) -> None:
    viewer = make_napari_viewer(show=True)
    canvas = _napari.main_canvas(viewer)
    centre = QWidget()
    canvas.setParent(centre)
    _napari.take_centre(viewer, centre)
    assert _napari.main_window(viewer).centralWidget().isAncestorOf(canvas)
    _napari.hide_clutter(viewer)
    assert not _napari.main_window(viewer).statusBar().isVisible()
    assert not canvas.dockLayerList.isVisible()


@pytest.mark.window
def test_slider_stays_hidden_and_drops_are_refused(
    make_napari_viewer: Callable, qtbot: object
) -> None:
    viewer = make_napari_viewer(show=True)
    canvas = _napari.main_canvas(viewer)
    _napari.strip(canvas)
    viewer.add_image(np.zeros((5, 6, 7)))
    viewer.dims.order = (1, 0, 2)
    QApplication.processEvents()
    assert canvas.dims.height() <= 1 or not canvas.dims.isVisible()
    assert not canvas.acceptDrops()


@pytest.mark.window
def test_a_canvas_of_our_own_leaves_shortcuts_alone_and_nothing_behind(
    make_napari_viewer: Callable, qtbot: object
) -> None:
    make_napari_viewer()
    bound = {name: list(keys) for name, keys in action_manager._shortcuts.items()}
    changed: list[object] = []
    action_manager.events.shortcut_changed.connect(changed.append)
    canvas = _napari.new_canvas(ViewerModel())
    _napari.strip(canvas)
    action_manager.events.shortcut_changed.disconnect(changed.append)
    assert bound
    assert not changed
    assert action_manager._shortcuts == bound
    native = _napari.canvas_widget(canvas)
    gone = []
    native.destroyed.connect(lambda: gone.append(True))
    _napari.close_canvas(canvas)
    qtbot.waitUntil(lambda: bool(gone))


def test_warning_filter_is_narrow() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _napari.refuse_non_orthogonal_slicing()
        warnings.warn("something else", UserWarning, stacklevel=1)


def test_a_shader_that_was_read_before_has_the_same_variables() -> None:
    vertex = """
    uniform vec2 u_shift; // uniform float not_this;
    attribute vec2 a_place;
    uniform float u_sizes[3];
    void main() { gl_Position = vec4(a_place + u_shift * u_sizes[0], 0.0, 1.0); }
    """
    fragment = "uniform vec4 u_color; void main() { gl_FragColor = u_color; }"
    first, second = Program(vertex, fragment), Program()
    second["u_color"] = (1.0, 0.5, 0.0, 1.0)  # before the text is known
    second.set_shaders(vertex, fragment)
    assert {name for *_, name in first.variables} >= {"u_shift", "a_place", "u_sizes", "u_color"}
    assert "not_this" not in {name for *_, name in first.variables}
    assert second.variables == first.variables
    assert second["u_color"][:2].tolist() == [1.0, 0.5]
    with pytest.raises(KeyError):
        first["u_color"]
    assert Program(vertex.replace("u_shift", "u_other"), fragment).variables != first.variables
