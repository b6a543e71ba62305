"""Each private part of napari that the viewer leans on still does what we think."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Callable, Iterator

import napari
import numpy as np
import pytest
from napari._qt.qt_main_window import _QtMainWindow
from napari._qt.qt_viewer import QtViewer
from napari.components import ViewerModel
from napari.layers import Image
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent
from qtpy.QtOpenGLWidgets import QOpenGLWidget
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
def test_the_window_gives_up_its_middle(make_napari_viewer: Callable, qtbot: object) -> None:
    viewer = make_napari_viewer(show=True)
    canvas = _napari.main_canvas(viewer)
    centre = QWidget()
    _napari.take_centre(viewer, centre)
    assert _napari.main_window(viewer).centralWidget().isAncestorOf(centre)
    assert not canvas.isVisible()
    # No OpenGL is left in the window, which would have it composed anew for every line of text.
    assert not _napari.main_window(viewer).findChildren(QOpenGLWidget)
    _napari.hide_clutter(viewer)
    assert not _napari.main_window(viewer).statusBar().isVisible()
    assert not canvas.dockLayerList.isVisible()


def test_a_model_that_cuts_nothing_leaves_its_layers_as_they_are() -> None:
    model = ViewerModel()
    layer = model.add_image(np.arange(24.0).reshape(4, 3, 2))
    _napari.cut_nothing(model)
    before = np.asarray(layer._data_view).copy()
    model.dims.set_point(0, 3)
    assert model.dims.point[0] == 3
    np.testing.assert_array_equal(layer._data_view, before)


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


@pytest.fixture
def new_viewer(napari_anew: None, qapp: QApplication) -> Iterator[Callable[..., napari.Viewer]]:
    """Make windows that are closed, and gone, when the test is over."""
    made = []

    def make(**how: bool) -> napari.Viewer:
        made.append(_napari.new_viewer(**how))
        return made[-1]

    yield make
    while made:
        made.pop().close()
    qapp.processEvents()
    gc.collect()
    assert not QtViewer._instances


@pytest.mark.window
def test_a_canvas_that_was_put_away_goes_with_its_window(napari_anew: None, qtbot: QtBot) -> None:
    viewer = _napari.new_viewer()
    canvas = _napari.canvas_widget(_napari.main_canvas(viewer))
    _napari.put_canvas_away(viewer)
    gone = []
    canvas.destroyed.connect(lambda: gone.append(True))
    viewer.window.show()
    viewer.close()
    qtbot.waitUntil(lambda: gone == [True])


@pytest.mark.window
def test_a_window_looks_at_no_events_of_others_and_collects_no_garbage_for_no_layers(
    new_viewer: Callable[..., napari.Viewer], qtbot: QtBot
) -> None:
    viewer = new_viewer()
    _napari.put_canvas_away(viewer)
    other, called, collected = QWidget(), [], []
    qtbot.addWidget(other)
    sys.setprofile(lambda frame, _what, _of: called.append(frame.f_code))
    try:
        QApplication.sendEvent(other, QEvent(QEvent.Type.User))
    finally:
        sys.setprofile(None)
    assert _QtMainWindow.eventFilter.__code__ not in called

    def note(phase: str, info: dict[str, int]) -> None:
        if info["generation"] == 2:
            collected.append(phase)

    gc.callbacks.append(note)
    try:
        viewer.layers.clear()
    finally:
        gc.callbacks.remove(note)
    assert collected == []


@pytest.mark.window
def test_a_window_is_dressed_by_itself(new_viewer: Callable[..., napari.Viewer]) -> None:
    viewer = new_viewer(dressed=False)
    main = _napari.main_window(viewer)
    assert main.styleSheet() == ""
    _napari.dress(viewer)
    viewer.theme = "dark"
    dark = main.styleSheet()
    assert dark != ""
    viewer.theme = "light"  # which it still listens to
    assert main.styleSheet() not in ("", dark)
