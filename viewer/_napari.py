"""Everything that leans on napari's private parts: here, and nowhere else.

napari moves its internals between minor versions (0.8 and 0.9 came five weeks apart), so each use
is behind one small function, and ``tests/viewer/test_napari_internals.py`` fails when one of them
no longer does what it says.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari._qt.qt_viewer import QtViewer
from napari._vispy.overlays.base import ViewerOverlayMixin, VispySceneOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import SceneOverlay
from napari.layers.base._base_constants import Blending
from napari.utils.color import ColorValue
from pydantic import Field
from vispy.scene.visuals import Line

if TYPE_CHECKING:
    import napari
    from napari._vispy.utils.qt_font import FontInfo
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QBoxLayout, QMainWindow, QWidget

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


def refuse_non_orthogonal_slicing() -> None:
    """Turn napari's warning that it is drawing in the wrong place into an error."""
    warnings.filterwarnings("error", message="Non-orthogonal slicing is being requested")


def new_canvas(model: ViewerModel) -> QtViewer:
    """Return a canvas for a model; whoever asks owns it and closes it."""
    return QtViewer(model)


def main_canvas(viewer: napari.Viewer) -> QtViewer:
    """Return the canvas that a napari window already has."""
    return viewer.window._qt_viewer


def main_window(viewer: napari.Viewer) -> QMainWindow:
    """Return the Qt window of a napari viewer."""
    return viewer.window._qt_window


def take_centre(viewer: napari.Viewer, widget: QWidget) -> None:
    """Make a widget the only thing in the middle of a napari window.

    The window's own canvas has to be somewhere inside ``widget`` already.
    """
    layout: QBoxLayout = main_window(viewer).centralWidget().layout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)


def hide_clutter(viewer: napari.Viewer) -> None:
    """Hide what a reader of a study does not need; it stays in napari's Window menu.

    The layout is not written to the user's napari settings, which belong to other work.
    """
    canvas, window = main_canvas(viewer), main_window(viewer)
    canvas.dockLayerList.setVisible(False)
    canvas.dockLayerControls.setVisible(False)
    window.statusBar().setVisible(False)
    # Nobody sees napari's status any more; spare the thread that works it out.
    viewer.cursor.events.position.disconnect(window.status_thread.trigger_status_update)
    window._save_current_window_settings = lambda: None


def strip(canvas: QtViewer) -> None:
    """Hide the slice slider of a canvas for good, and take no files dropped on it.

    A file dropped by accident would become a layer of another patient on this one.
    """
    canvas.setAcceptDrops(False)
    canvas.dims.setMaximumHeight(0)
    canvas.dims.setVisible(False)


def canvas_widget(canvas: QtViewer) -> QWidget:
    """Return the OpenGL widget of a canvas, which takes mouse and keyboard."""
    return canvas.canvas.native


def picture(canvas: QtViewer) -> npt.NDArray[np.uint8]:
    """Return what a canvas shows, (rows, columns, RGBA)."""
    return canvas.screenshot(flash=False)


def close_canvas(canvas: QtViewer) -> None:
    """Close a canvas made by :func:`new_canvas`."""
    canvas.close()
    canvas.deleteLater()
