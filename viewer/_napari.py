"""Everything that leans on napari's private parts: here, and nowhere else.

napari moves its internals between minor versions (0.8 and 0.9 came five weeks apart), so each use
is behind one small function, and ``tests/viewer/test_napari_internals.py`` fails when one of them
no longer does what it says.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import napari
from napari._qt.qt_main_window import Window
from napari._qt.qt_viewer import QtViewer
from napari.components.overlays import SceneOverlay
from napari.layers.base._base_constants import Blending
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.color import ColorValue
from napari.utils.transforms._units import get_units_from_name
from pydantic import Field
from qtpy.QtCore import Qt
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication
from vispy.gloo.program import Program

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QBoxLayout, QMainWindow, QMenuBar, QWidget

#: A pair of ends, each (vertical, horizontal) in displayed world coordinates, mm.
Segment = tuple[tuple[float, float], tuple[float, float]]


class LinesOverlay(SceneOverlay):
    """Straight lines in the plane of the picture.

    Unlike a layer, an overlay does not enlarge the extent of the world.

    Parameters
    ----------
    segments : tuple of Segment
        What to draw.
    color : ColorValue
        RGBA.
    """

    segments: tuple[Segment, ...] = ()
    color: ColorValue = Field(default_factory=lambda: ColorValue([1, 1, 1, 1]))
    blending: Blending = Blending.TRANSLUCENT_NO_DEPTH


@dataclass(frozen=True, slots=True)
class Mark:
    """A ring in the plane of the picture, with words beside it.

    Parameters
    ----------
    center : (float, float), mm
        In displayed world coordinates (vertical, horizontal).
    radius_mm : float, mm
        Of the ring.
    color : tuple of float
        RGBA.
    dashed : bool
        Whether the ring is dashed.
    double : bool
        Whether there is a second ring around it.
    fill : {"", "full", "half", "cross"}
        What is inside.
    text : str
        Beside the ring, on one or more lines; may be empty.
    text_shift_mm : float, mm
        Along the horizontal coordinate, from the centre to where the words begin or end.
    text_drop_mm : float, mm
        Along the vertical coordinate, from the centre to the middle of the words.
    text_ends : bool
        Whether the words end there.
    leader : bool
        Whether a line leads from there to the ring.
    weight : int
        Of the words, where there is no room for all: the heavier ones have it first, on more lines
        than one if need be.
    """

    center: tuple[float, float]
    radius_mm: float
    color: tuple[float, float, float, float]
    dashed: bool = False
    double: bool = False
    fill: str = ""
    text: str = ""
    text_shift_mm: float = 0.0
    text_drop_mm: float = 0.0
    text_ends: bool = False
    leader: bool = False
    weight: int = 0


class MarksOverlay(SceneOverlay):
    """Rings with words, in the plane of the picture.

    Parameters
    ----------
    marks : tuple of Mark
        What to draw.
    font_size : float, points
        Of the words.
    """

    marks: tuple[Mark, ...] = ()
    font_size: float = 10.0
    blending: Blending = Blending.TRANSLUCENT_NO_DEPTH


def _read_each_shader_once() -> None:
    """Let vispy keep what it read from the text of a shader.

    It reads some fifty of them for each window, a few of them all the time, and takes half a second
    of it, because its way of leaving comments out tries every letter of every line.
    """
    read, known = Program._parse_variables_from_code, {}

    def read_once(program: Program, update_variables: bool = True) -> None:
        text = tuple(shader.code for shader in program._shaders)
        if text not in known:
            read(program, update_variables=False)
            known[text] = program._code_variables
        program._code_variables = known[text].copy()
        if update_variables:
            program._process_pending_variables()

    Program._parse_variables_from_code = read_once


_read_each_shader_once()


def cut_nothing(model: ViewerModel) -> None:
    """Let a model that is drawn by ourselves go elsewhere without cutting all its layers anew."""
    for event in (model.dims.events.point, model.dims.events.current_step):
        event.disconnect(model._update_layers)


def refuse_non_orthogonal_slicing() -> None:
    """Turn napari's warning that it is drawing in the wrong place into an error."""
    warnings.filterwarnings("error", message="Non-orthogonal slicing is being requested")


def load_units() -> None:
    """Read napari's table of units, which its first layer would wait for; in any thread."""
    get_units_from_name(("mm",))


def _update_theme(self: Window, event: object = None, extra_variables: object = None) -> None:
    """Do nothing, in the place of what dresses a window of napari; see :func:`dress`."""


def new_viewer(*, dressed: bool = True) -> napari.Viewer:
    """Return an empty napari window that is not shown yet.

    Parameters
    ----------
    dressed : bool
        Whether it has napari's colours already; else :func:`dress` has to be called.

    Its welcome screen, which nobody will see, need not write its words again for each of napari's
    shortcuts, nor are the user's settings, which belong to other work, written three times: that
    took half of the time.
    """
    settings = get_settings()
    saves, settings._save_on_change = settings._save_on_change, False
    dresses = Window._update_theme
    if not dressed:
        Window._update_theme = _update_theme
    try:
        with action_manager.events.shortcut_changed.blocker():
            viewer = napari.Viewer(title="facetfusion", show=False, show_welcome_screen=False)
    finally:
        settings._save_on_change = saves
        Window._update_theme = dresses
    # It looks at each event of the whole program, for a menu bar that it never hides here.
    app = QApplication.instance()
    if app is not None:
        app.removeEventFilter(main_window(viewer))
    # What could be pressed there while a study is read is napari's.
    empty_menu_bar(viewer)
    return viewer


def dress(viewer: napari.Viewer) -> None:
    """Give a napari window its colours, which takes as long as a third of making it."""
    viewer.window._update_theme()


def main_canvas(viewer: napari.Viewer) -> QtViewer:
    """Return the canvas that a napari window already has."""
    return viewer.window._qt_viewer


def main_window(viewer: napari.Viewer) -> QMainWindow:
    """Return the Qt window of a napari viewer."""
    window: QMainWindow = viewer.window._qt_window
    return window


def put_canvas_away(viewer: napari.Viewer) -> None:
    """Take a window's OpenGL canvas out of it, where it would have the whole window composed anew.

    It pays before the window is shown: Qt decides then how it brings a window to the screen.
    """
    canvas = main_canvas(viewer)
    canvas.hide()
    # It draws no layers, and would search for garbage whenever layers went.
    for event in (viewer.layers.events.begin_batch, viewer.layers.events.end_batch):
        event.disconnect(canvas.canvas)
    widget = canvas_widget(canvas)
    if widget.parent() is not None:
        widget.setParent(None)
        # Or it would stay, with all that napari hung on it, after its window went.
        main_window(viewer).destroyed.connect(widget.deleteLater)


def take_centre(viewer: napari.Viewer, widget: QWidget) -> None:
    """Make a widget the only thing that is seen in the middle of a napari window."""
    put_canvas_away(viewer)
    layout: QBoxLayout = viewer.window._qt_window.centralWidget().layout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)


def empty_menu_bar(viewer: napari.Viewer) -> QMenuBar:
    """Return the menu bar of a napari window without napari's menus, whose keys go with them."""
    bar: QMenuBar = viewer.window._qt_window.menuBar()
    bar.clear()
    return bar


def close_unasked(window: QWidget) -> bool:
    """Let a napari window close as it does when a program closes it; returns whether it does.

    It would ask a person first, as if something could be lost.
    """
    event = QCloseEvent()
    window.event(event)
    return bool(event.isAccepted())


def hide_clutter(viewer: napari.Viewer) -> None:
    """Hide what a reader of a study does not need.

    The layer list and its controls stay hidden: with them the SPECT could be deleted or dimmed in
    one pane alone. The layout is not written to the user's napari settings, which belong to other
    work.
    """
    canvas, window = main_canvas(viewer), viewer.window._qt_window
    for dock in (canvas.dockLayerList, canvas.dockLayerControls):
        dock.setVisible(False)
        dock.toggleViewAction().setEnabled(False)
        dock.visibilityChanged.connect(lambda shown, dock=dock: dock.hide() if shown else None)
    # Over the menu bar Qt offers every dock, the console among them.
    window.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    window.statusBar().setVisible(False)
    # Nobody sees napari's status any more; spare the thread that works it out.
    viewer.cursor.events.position.disconnect(window.status_thread.trigger_status_update)
    window._save_current_window_settings = lambda: None


def canvas_widget(canvas: QtViewer) -> QWidget:
    """Return the OpenGL widget of a canvas, which takes mouse and keyboard."""
    widget: QWidget = canvas.canvas.native
    return widget
