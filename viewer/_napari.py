"""Everything that leans on napari's private parts: here, and nowhere else.

napari moves its internals between minor versions (0.8 and 0.9 came five weeks apart), so each use
is behind one small function, and ``tests/viewer/test_napari_internals.py`` fails when one of them
no longer does what it says.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari._qt.qt_viewer import QtViewer
from napari._vispy.overlays.base import ViewerOverlayMixin, VispySceneOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari._vispy.visuals.text import Text
from napari.components.overlays import SceneOverlay
from napari.layers.base._base_constants import Blending
from napari.utils.action_manager import action_manager
from napari.utils.color import ColorValue
from napari.utils.transforms._units import get_units_from_name
from pydantic import Field
from qtpy.QtGui import QCloseEvent
from vispy.gloo.program import Program
from vispy.scene.visuals import Compound, Line, Mesh

if TYPE_CHECKING:
    import napari
    from napari._vispy.utils.qt_font import FontInfo
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


class _VispyLines(ViewerOverlayMixin, VispySceneOverlay):
    """Draws a :class:`LinesOverlay`."""

    overlay: LinesOverlay

    def __init__(self, *, font_info: FontInfo, **kwargs: Any) -> None:
        node = Line(connect="segments", method="gl", antialias=False)
        super().__init__(node=node, font_info=font_info, **kwargs)
        self.overlay.events.segments.connect(self._on_data_change)
        self.overlay.events.color.connect(self._on_data_change)
        self.reset()

    def _should_be_visible(self) -> bool:
        return bool(self.overlay.visible and self.overlay.segments)

    def _on_data_change(self) -> None:
        if self.overlay.segments:
            ends = np.array(self.overlay.segments, dtype=np.float32).reshape(-1, 2)
            self.node.set_data(pos=ends[:, ::-1], color=self.overlay.color)
        self._on_visible_change()

    def reset(self) -> None:
        super().reset()
        self._on_data_change()

    def close(self) -> None:
        self.overlay.events.segments.disconnect(self._on_data_change)
        self.overlay.events.color.disconnect(self._on_data_change)
        super().close()


overlay_to_visual[LinesOverlay] = _VispyLines


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
        Beside the ring; may be empty.
    text_shift_mm : float, mm
        Along the horizontal coordinate, from the centre to where the words begin or end.
    text_drop_mm : float, mm
        Along the vertical coordinate, from the centre to the middle of the words.
    text_ends : bool
        Whether the words end there.
    leader : bool
        Whether a line leads from there to the ring.
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


#: Pieces of a circle; a dash is two of them, followed by a gap of two.
_PIECES = 48
#: Size of what fills a ring, and distance of a second one, of the ring's radius.
_FILLED, _SECOND = 0.55, 1.22
#: A leader is drawn in the colour of its ring, so much fainter (red, green, blue, alpha).
_SECOND_COLOR = (0.85, 0.2, 0.85, 1.0)
_FAINT = (0.6, 0.6, 0.6, 0.8)


class _VispyMarks(ViewerOverlayMixin, VispySceneOverlay):
    """Draws a :class:`MarksOverlay`."""

    overlay: MarksOverlay

    def __init__(self, *, font_info: FontInfo, **kwargs: Any) -> None:
        self._fills = Mesh()
        self._rings = Line(connect="segments", method="gl", antialias=False, width=2)
        self._texts = {anchor: Text(font_info=font_info, bold=True) for anchor in ("left", "right")}
        node = Compound([self._fills, self._rings, *self._texts.values()])
        super().__init__(node=node, font_info=font_info, **kwargs)
        for anchor, text in self._texts.items():
            text.anchors = (anchor, "center")
        self.overlay.events.marks.connect(self._on_data_change)
        self.overlay.events.font_size.connect(self._on_data_change)
        self.reset()

    def _should_be_visible(self) -> bool:
        return bool(self.overlay.visible and self.overlay.marks)

    def _on_data_change(self) -> None:
        marks = self.overlay.marks
        if marks:
            self._draw_rings(marks)
            self._draw_fills(marks)
            self._draw_texts(marks)
        self._on_visible_change()

    def _draw_rings(self, marks: tuple[Mark, ...]) -> None:
        turns = np.linspace(0, 2 * np.pi, _PIECES + 1)
        circle = np.column_stack((np.cos(turns), np.sin(turns)))
        pieces = np.stack((circle[:-1], circle[1:]), axis=1)
        points, colors = [], []
        for mark in marks:
            parts = pieces[np.arange(_PIECES) % 4 < 2] if mark.dashed else pieces
            drawn = [parts * mark.radius_mm]
            if mark.double:  # seen on bright uptake as well
                points.append((parts * mark.radius_mm * _SECOND).reshape(-1, 2) + mark.center[::-1])
                colors.append(np.tile(_SECOND_COLOR, (len(points[-1]), 1)))
            if mark.fill == "cross":
                arm = mark.radius_mm * _FILLED
                drawn.append(np.array([[[-arm, -arm], [arm, arm]], [[-arm, arm], [arm, -arm]]]))
            ends = np.concatenate(drawn).reshape(-1, 2) + mark.center[::-1]
            points.append(ends)
            colors.append(np.tile(mark.color, (len(ends), 1)))
            if mark.text and mark.leader:
                points.append(_leader(mark))
                colors.append(np.tile(np.multiply(mark.color, _FAINT), (2, 1)))
        self._rings.set_data(
            pos=np.concatenate(points).astype(np.float32),
            color=np.concatenate(colors).astype(np.float32),
        )

    def _draw_fills(self, marks: tuple[Mark, ...]) -> None:
        corners, colors = [], []
        for mark in marks:
            if mark.fill not in ("full", "half"):
                continue
            turns = np.linspace(0, np.pi * (2 if mark.fill == "full" else 1), _PIECES + 1)
            edge = np.column_stack((np.cos(turns), np.sin(turns))) * mark.radius_mm * _FILLED
            fan = np.stack((np.zeros_like(edge[1:]), edge[:-1], edge[1:]), axis=1).reshape(-1, 2)
            corners.append(fan + mark.center[::-1])
            colors.append(np.tile(mark.color, (len(fan), 1)))
        self._fills.visible = bool(corners)
        if corners:
            flat = np.concatenate(corners)
            self._fills.set_data(
                vertices=np.column_stack((flat, np.zeros(len(flat)))).astype(np.float32),
                faces=np.arange(len(flat)).reshape(-1, 3),
                vertex_colors=np.concatenate(colors).astype(np.float32),
            )

    def _draw_texts(self, marks: tuple[Mark, ...]) -> None:
        for anchor, text in self._texts.items():
            shown = [mark for mark in marks if mark.text and mark.text_ends == (anchor == "right")]
            text.visible = bool(shown)
            if shown:
                text.font_size = self.overlay.font_size
                text.text = [mark.text for mark in shown]
                text.pos = [
                    (m.center[1] + m.text_shift_mm, m.center[0] + m.text_drop_mm, 0.0)
                    for m in shown
                ]
                text.color = [mark.color for mark in shown]

    def reset(self) -> None:
        super().reset()
        self._on_data_change()

    def close(self) -> None:
        self.overlay.events.marks.disconnect(self._on_data_change)
        self.overlay.events.font_size.disconnect(self._on_data_change)
        super().close()


def _leader(mark: Mark) -> npt.NDArray[np.float64]:
    """Return both ends of the line from the words of a mark to its ring, (x, y)."""
    away = np.array([mark.text_shift_mm, mark.text_drop_mm])
    length = float(np.hypot(*away))
    near = away * min(mark.radius_mm / length, 1.0) if length else away
    ends: npt.NDArray[np.float64] = np.array([away, near]) + mark.center[::-1]
    return ends


overlay_to_visual[MarksOverlay] = _VispyMarks


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


def refuse_non_orthogonal_slicing() -> None:
    """Turn napari's warning that it is drawing in the wrong place into an error."""
    warnings.filterwarnings("error", message="Non-orthogonal slicing is being requested")


class _FurtherCanvas(QtViewer):
    """A canvas beside the one that napari's window has.

    Shortcuts are the program's, not a canvas's, and that one has bound them all. Binding them anew
    would have every welcome screen write its words again for each.
    """

    def _bind_shortcuts(self) -> None:
        pass


def load_units() -> None:
    """Read napari's table of units, which its first layer would wait for; in any thread."""
    get_units_from_name(("mm",))


def new_canvas(model: ViewerModel) -> QtViewer:
    """Return a canvas for a model, beside a window's own; whoever asks owns it and closes it."""
    return _FurtherCanvas(model)


def main_canvas(viewer: napari.Viewer) -> QtViewer:
    """Return the canvas that a napari window already has."""
    return viewer.window._qt_viewer


def main_window(viewer: napari.Viewer) -> QMainWindow:
    """Return the Qt window of a napari viewer."""
    window: QMainWindow = viewer.window._qt_window
    return window


def take_centre(viewer: napari.Viewer, widget: QWidget) -> None:
    """Make a widget the only thing in the middle of a napari window.

    The window's own canvas has to be somewhere inside ``widget`` already.
    """
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
    window.statusBar().setVisible(False)
    # Nobody sees napari's status any more; spare the thread that works it out.
    viewer.cursor.events.position.disconnect(window.status_thread.trigger_status_update)
    window._save_current_window_settings = lambda: None


def strip(canvas: QtViewer) -> None:
    """Hide the slice slider of a canvas for good, and take no files dropped on it.

    A file dropped by accident would become a layer of another patient on this one.
    """
    canvas.setAcceptDrops(False)
    # Nobody will see it: its words need not follow napari's shortcuts.
    action_manager.events.shortcut_changed.disconnect(canvas._welcome_widget.refresh)
    canvas.dims.setMaximumHeight(0)
    canvas.dims.setVisible(False)


def canvas_widget(canvas: QtViewer) -> QWidget:
    """Return the OpenGL widget of a canvas, which takes mouse and keyboard."""
    widget: QWidget = canvas.canvas.native
    return widget


def picture(canvas: QtViewer) -> npt.NDArray[np.uint8]:
    """Return what a canvas shows, (rows, columns, RGBA)."""
    shown: npt.NDArray[np.uint8] = canvas.screenshot(flash=False)
    return shown


def close_canvas(canvas: QtViewer) -> None:
    """Close a canvas made by :func:`new_canvas`."""
    canvas.close()
    canvas.deleteLater()
