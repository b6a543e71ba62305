"""One plane of a study: napari's models of it, and what has to be drawn."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.components.overlays import TextOverlay
from napari.utils.events import EmitterGroup
from qtpy.QtCore import QTimer

from fusion.geometry import EdgeLetters
from fusion.software import SIMULATED
from viewer import _napari
from viewer.kit.text import position_text
from viewer.pictures.checking_views import CheckingView, Mode
from viewer.pictures.layers import (
    CtPlanes,
    ct_layer_data,
    edge_layer,
    field_outline,
    make_layer,
    spect_layer_data,
    to_lps,
    to_world,
)
from viewer.pictures.look import Look, look_of
from viewer.pictures.placement import Box
from viewer.pictures.planes import Plane, letters_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image
    from napari.utils.events import Event

    from fusion.review import Review

#: Half the hole in the middle of the crosshair, mm: what it points at stays visible.
CROSSHAIR_GAP_MM = 6.0
CROSSHAIR_COLOR = (0.35, 0.85, 1.0, 0.8)
DIVIDER_COLOR = (1.0, 1.0, 1.0, 0.9)
FIELD_COLOR = (1.0, 0.75, 0.2, 0.5)
LETTER_COLOR = (1.0, 0.92, 0.55, 1.0)
#: Behind text, so that it stays legible on bone.
BOX_COLOR = (0.0, 0.0, 0.0, 0.45)
#: Size of words and of letters where there is room, points.
WORDS_PT, _LETTER_PT = 10.0, 15.0
#: What a letter and the number at the scale take then, and a character and a line of words, px.
_LETTER_BOX_PX, _SCALE_BOX_PX, _WORD_PX = (40.0, 42.0), (90.0, 52.0), (11.0, 25.0)
#: From the words to the edge of the pane, px.
_EDGE_PX = 16.0
#: Width and height of a pane from which on there is room, px; how far words shrink in a smaller
#: one, and how far so that many lines of them end above the letters at the sides.
_ROOMY_PX, _SMALL, _SMALLEST = (450.0, 330.0), 0.7, 0.55
#: How much of a pane's width words in a corner may take beside the joints, which are in the middle.
_CORNER_SHARE = 0.3
#: Lengths of the scale, mm; the first that is no longer than this share of the pane's width, which
#: keeps it away from the letter in the middle.
_SCALES_MM, _SCALE_SHARE = (200, 100, 50, 20, 10, 5, 2, 1), 0.3
#: What no name may cover: uptake of at least this share of the colour scale; looked at in squares
#: of this side, px.
HOT_SHARE, HOT_PX = 0.6, 12
SIMULATED_COLOR = (1.0, 0.55, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class PaneLayers:
    """What a pane shows, in its order.

    Parameters
    ----------
    ct, spect : napari.layers.Image
        Of one study.
    """

    ct: Image
    spect: Image

    @classmethod
    def of(cls, review: Review) -> PaneLayers:
        """Make the layers of a study, for one pane."""
        spect = make_layer(spect_layer_data(review))
        array, options, kind = ct_layer_data(review)
        return cls(make_layer((CtPlanes(array, spect.data), options, kind)), spect)


class Pane:
    """One plane of a Review in a viewer model of napari, which nothing of napari draws.

    Layers, point, camera and overlays are napari's; planes are cut and drawn by
    :mod:`viewer.pictures.drawn`, so that a step costs one plane of one pane and no texture.

    Parameters
    ----------
    model : napari.components.ViewerModel
        Empty and bare.
    plane : Plane
        How to cut.
    review : Review
        The study.
    layers : PaneLayers, optional
        Of this study, where they are in the model already; made here by default.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``changed``: the same plane looks otherwise.
    """

    def __init__(
        self,
        model: ViewerModel,
        plane: Plane,
        review: Review,
        *,
        layers: PaneLayers | None = None,
    ) -> None:
        self.model = model
        self.plane = plane
        self.events = EmitterGroup(source=self, changed=None)
        self._version = 0
        self._outlined: tuple[object, tuple[_napari.Segment, ...]] = (None, ())
        self._edged: tuple[object, npt.NDArray[np.uint8]] | None = None
        self.grid = review.fused.display_grid
        if layers is None:
            layers = PaneLayers.of(review)
            model.layers.extend([layers.ct, layers.spect])
        self.ct, self.spect = layers.ct, layers.spect
        self.edges: Image | None = None
        model.layers.selection.clear()
        _napari.cut_nothing(model)
        model.dims.axis_labels = self.ct.axis_labels
        model.dims.order = plane.order
        camera = model.scene.camera
        camera.orientation2d = plane.orientation2d
        # The mouse means something else to a radiologist than to napari; see viewer.pictures.mouse.
        # napari gives it back whenever the selected layer changes.
        camera.events.mouse_pan.connect(self._keep_mouse)
        camera.events.mouse_zoom.connect(self._keep_mouse)
        self._keep_mouse()
        self._at: dict[Image, int] = {self.ct: 0, self.spect: 1}
        self.closed = False
        self.came_back: Callable[[], None] = self._keep_plane
        model.layers.events.removed.connect(self._on_removed)
        model.canvas.background_color_override = "black"
        self._add_overlays(simulated=review.simulated)
        model.dims.events.order.connect(self._keep_plane)
        model.dims.events.ndisplay.connect(self._keep_plane)
        model.canvas.grid.events.enabled.connect(self._keep_plane)
        camera.events.orientation.connect(self._update_letters)
        model.dims.events.point.connect(self._update_lines)
        self._fitted = True
        self._frame: tuple[tuple[float, float, float], float] | None = None
        self.enlarged: Callable[[], None] = lambda: None
        model.canvas.events.size.connect(self._on_resize)
        camera.events.zoom.connect(self._fit_scale)
        self._update_letters()
        self._update_lines()
        self.fit_words()

    def _add_overlays(self, *, simulated: bool) -> None:
        overlays = self.model.canvas.overlays

        def text(name: str, position: str, **options: object) -> TextOverlay:
            overlays[name] = TextOverlay(
                position=position, box=True, box_color=BOX_COLOR, visible=True, **options
            )
            return overlays[name]

        letter = {"color": LETTER_COLOR}
        self._letters = {
            "left": text("letter_left", "middle_left", **letter),
            "right": text("letter_right", "middle_right", **letter),
            "top": text("letter_top", "top_center", **letter),
            "bottom": text("letter_bottom", "bottom_center", **letter),
        }
        self._caption = text("caption", "top_left", color="white")
        self._alignment = text("alignment", "top_left", color=SIMULATED_COLOR)
        self._alignment.visible = False
        self._unusual = ""
        self._simulated: TextOverlay | None = None
        if simulated:
            self._simulated = text("simulated", "top_left", color=SIMULATED_COLOR, text=SIMULATED)
        bar = overlays.scale_bar
        bar.position, bar.box, bar.colored, bar.color = "bottom_right", False, True, "white"
        bar.visible = True
        lines = self.model.scene.overlays
        lines["crosshair"] = _napari.LinesOverlay(color=CROSSHAIR_COLOR, visible=True)
        lines["divider"] = _napari.LinesOverlay(color=DIVIDER_COLOR, visible=True)
        lines["spect_field"] = _napari.LinesOverlay(color=FIELD_COLOR, visible=True)

    @property
    def letters(self) -> EdgeLetters:
        """Patient directions at the edges, as shown."""
        return EdgeLetters(**{edge: overlay.text for edge, overlay in self._letters.items()})

    @property
    def index(self) -> int:
        """Index of the plane shown, along its axis of the display grid."""
        axis = self.plane.axis
        index = round(float(self.grid.to_kji(to_lps(self.model.dims.point))[axis]))
        return min(max(index, 0), self.grid.shape[axis] - 1)

    @property
    def look(self) -> Look:
        """How both volumes look."""
        return look_of(self.ct, self.spect, self.edges)

    @property
    def state(self) -> tuple[int, int]:
        """What plane is shown; another one, or other values in it, is another state."""
        return self._version, self.index

    def drawn(
        self,
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32], npt.NDArray[np.uint8] | None]:
        """Return the plane that is shown: HU, uptake, and outlines of bone where those are shown.

        Returns
        -------
        three (rows, columns) ndarray
            Rows and columns along the plane's own axes of the display grid.
        """
        axis, index = self.plane.axis, self.index
        edges = None
        if self.edges is not None and self.edges.visible:
            if self._edged is None or self._edged[0] != index:
                self._edged = index, self.edges.data.shown(axis, index)
            edges = self._edged[1]
        return self.ct.data.shown(axis, index), self.spect.data.shown(axis, index), edges

    @property
    def left_letter_px(self) -> Box:
        """Where the letter at the left edge stands, with some room around it."""
        side, tall = (self.text_scale * size for size in _LETTER_BOX_PX)
        return Box(0, (float(self.model.canvas.size[0]) - tall) / 2, side, tall)

    def taken_px(self) -> list[Box]:
        """Return what names may not cover: letters, the words in the corners, the scale."""
        height, width = (float(size) for size in self.model.canvas.size)
        scale = self.text_scale
        side, tall = (scale * size for size in _LETTER_BOX_PX)
        bar = self.model.canvas.overlays.scale_bar
        long = max((bar.length or 0.0) * self.model.scene.camera.zoom, scale * _SCALE_BOX_PX[0])
        long, high = long + _EDGE_PX, scale * _SCALE_BOX_PX[1]
        across, left = (width - side) / 2, self.left_letter_px
        taken = [
            left,
            Box(width - side, left.y, side, tall),
            Box(across, 0, side, tall),
            Box(across, height - tall, side, tall),
            Box(width - long, height - high, long, high),
        ]
        lines = self._lines()
        if lines:
            longest = max(len(line) for line in lines) * scale * _WORD_PX[0]
            down = len(lines) * scale * _WORD_PX[1]
            if down + _EDGE_PX > left.y:
                down += tall  # words stand above and below a letter
            taken.append(Box(0, 0, longest + _EDGE_PX, down + _EDGE_PX))
        return taken

    def _words(self) -> dict[str, TextOverlay]:
        """Return what is written in the upper left corner."""
        return {
            name: overlay
            for name, overlay in self.model.canvas.overlays.items()
            if isinstance(overlay, TextOverlay) and overlay.position == "top_left"
        }

    def _lines(self, *, passing: bool = True) -> list[str]:
        return [
            line
            for name, overlay in self._words().items()
            if overlay.visible and (passing or name != "notice")
            for line in overlay.text.split("\n")
        ]

    @property
    def _room_scale(self) -> float:
        height, width = (float(size) for size in self.model.canvas.size)
        return min(max(min(width / _ROOMY_PX[0], height / _ROOMY_PX[1]), _SMALL), 1.0)

    @property
    def text_scale(self) -> float:
        """How much smaller than where there is room words and letters are, 1 or less."""
        above = float(self.model.canvas.size[0]) / 2 - _EDGE_PX
        # A sentence that passes does not change the size of everything else for its time.
        tall = len(self._lines(passing=False)) * _WORD_PX[1] + _EDGE_PX
        return max(min(self._room_scale, above / tall), _SMALLEST)

    def wrapped(self, words: str) -> str:
        """Return words in lines that are no longer than the pane is wide."""
        room = float(self.model.canvas.size[1]) - _EDGE_PX
        return textwrap.fill(words, max(int(room / (self._room_scale * _WORD_PX[0])), 10))

    def fit_words(self) -> None:
        """Make everything that is written as large as the pane has room for."""
        text = self.wrapped(self._unusual)
        if self._alignment.text != text:
            self._alignment.text = text
        self._alignment.visible = bool(text)
        self._fit_simulated()
        scale = self.text_scale
        bar = self.model.canvas.overlays.scale_bar
        for overlay in (*self._words().values(), bar):
            overlay.font_size = WORDS_PT * scale
        for overlay in self._letters.values():
            overlay.font_size = _LETTER_PT * scale
        self._fit_scale()

    def _fit_simulated(self) -> None:
        """Say it in a word where the whole sentence, which the window says, would lie on joints."""
        if self._simulated is None:
            return
        room = _CORNER_SHARE * float(self.model.canvas.size[1]) - _EDGE_PX
        whole = len(SIMULATED) * self._room_scale * _WORD_PX[0] <= room
        words = SIMULATED if whole else SIMULATED.split()[0]
        if self._simulated.text != words:
            self._simulated.text = words

    def _fit_scale(self) -> None:
        bar = self.model.canvas.overlays.scale_bar
        room_mm = _SCALE_SHARE * self.model.canvas.size[1] / self.model.scene.camera.zoom
        length = next((mm for mm in _SCALES_MM if mm <= room_mm), _SCALES_MM[-1])
        if bar.length != length:
            bar.length = length
            # napari draws another length only when the zoom is another one, too, or the font.
            bar.events.font_size.emit(bar.font_size)

    def hot_px(self) -> list[Box]:
        """Return the squares of the screen that hold uptake which no name may cover."""
        if not self.spect.visible or self.model.dims.ndim != 3:
            return []
        axis, vertical, horizontal = self.plane.order
        low, high = self.spect.contrast_limits
        plane = self.spect.data.plane(axis, self.index)[::2, ::2]
        hot = np.argwhere(plane >= low + HOT_SHARE * (high - low)) * 2
        if not len(hot):
            return []
        camera = self.model.scene.camera
        height, width = (float(size) for size in self.model.canvas.size)
        first = to_world(self.grid.to_lps((0, 0, 0)))
        spacing = self.grid.spacing_mm
        down = 1.0 if camera.orientation2d[0] == "down" else -1.0
        v = first[vertical] + hot[:, 0] * spacing[vertical] - float(camera.center[-2])
        h = first[horizontal] + hot[:, 1] * spacing[horizontal] - float(camera.center[-1])
        places = np.column_stack([width / 2 + h * camera.zoom, height / 2 + v * camera.zoom * down])
        seen = ((places >= 0) & (places <= (width, height))).all(axis=1)
        squares = np.unique((places[seen] // HOT_PX).astype(int), axis=0)
        return [Box(x * HOT_PX, y * HOT_PX, HOT_PX, HOT_PX) for x, y in squares.tolist()]

    def write_alignment(self, words: str) -> None:
        """Write what has to be known of the alignment into the picture; empty takes it away."""
        self._unusual = words
        self.fit_words()

    def _keep_mouse(self) -> None:
        camera = self.model.scene.camera
        if camera.mouse_pan:
            camera.mouse_pan = False
        if camera.mouse_zoom:
            camera.mouse_zoom = False

    @property
    def whole(self) -> bool:
        """Whether nothing was taken from the pane that has not come back yet."""
        return all(layer in self.model.layers for layer in self._at)

    def _on_removed(self, event: Event) -> None:
        # A pane without its SPECT shows every joint cold; a layer of another study is none of ours.
        if event.value in self._at:
            QTimer.singleShot(0, self._bring_back)

    def _bring_back(self) -> None:
        for layer, place in sorted(self._at.items(), key=lambda item: item[1]):
            if not self.closed and layer not in self.model.layers:
                self.model.layers.insert(place, layer)
        if not self.closed:
            self.model.layers.selection.clear()
            self.came_back()

    def fit(self) -> None:
        """Show the whole plane, and go on doing so when the pane changes its size."""
        self._fitted, self._frame = True, None
        self.model.reset_view()

    def show_frame(self, frame: tuple[tuple[float, float, float], float] | None) -> None:
        """Show a part of the plane: middle in displayed world coordinates, and size; or all."""
        if frame is None:
            self.fit()
            return
        world, field_mm = frame
        self.look_at((world[self.plane.order[1]], world[self.plane.order[2]]))
        self._frame = frame
        self.model.scene.camera.zoom = min(self.model.canvas.size) / field_mm

    def shown_field(self) -> tuple[tuple[float, float], float]:
        """Return what is in the middle (vertical, horizontal), and how much is shown, mm."""
        camera = self.model.scene.camera
        down, right = camera.center[-2:]
        return (float(down), float(right)), float(min(self.model.canvas.size) / camera.zoom)

    def _on_resize(self) -> None:
        self.fit_words()
        if self._fitted:
            self.fit()
        elif self._frame is not None:
            self.show_frame(self._frame)

    def zoom(self, factor: float) -> None:
        """Enlarge (factor above 1) about the middle of the pane."""
        self._fitted, self._frame = False, None
        self.model.scene.camera.zoom *= factor

    def look_at(self, center: tuple[float, float]) -> None:
        """Put a place of the displayed plane (vertical, horizontal; mm) in the middle."""
        self._fitted, self._frame = False, None
        camera = self.model.scene.camera
        camera.center = (*camera.center[:-2], *center)

    def show_review(self, review: Review) -> None:
        """Show the same study with another alignment; only the plane on screen is made."""
        self.spect.data.review = review
        self._redraw()

    def show_check(self, check: CheckingView) -> None:
        """Show CT and SPECT in a checking view; only the plane on screen is made."""
        self.spect.data.check = check
        if check.mode is Mode.EDGES and self.edges is None:
            self.edges = edge_layer(self.spect.data.review)
            self._at[self.edges] = len(self._at)
            self.model.layers.append(self.edges)
            self.model.layers.selection.clear()
        if self.edges is not None:
            self.edges.visible = check.mode is Mode.EDGES
        self._redraw()

    def _redraw(self) -> None:
        self._version += 1
        self._update_lines()
        self.events.changed()

    def _keep_plane(self) -> None:
        # Napari's own keys would roll the axes, or go to three dimensions, where its camera
        # mirrors left and right; a pane shows its plane and nothing else.
        dims = self.model.dims
        if dims.ndim != 3:  # all layers are gone, and about to come back
            return
        if dims.ndisplay != 2:
            dims.ndisplay = 2
        if tuple(dims.order) != self.plane.order:
            dims.order = self.plane.order
        # Its grid would show the SPECT beside the CT, where no hot spot is at its joint.
        if self.model.canvas.grid.enabled:
            self.model.canvas.grid.enabled = False
        self._update_letters()

    def _update_letters(self) -> None:
        letters = letters_of(self.model.dims, self.model.scene.camera)
        for edge, overlay in self._letters.items():
            overlay.text = getattr(letters, edge)

    def _update_lines(self) -> None:
        if self.model.dims.ndim != 3:
            return
        point, limits, gap = self.model.dims.point, self.model.dims.range, CROSSHAIR_GAP_MM
        axis, vertical, horizontal = self.plane.order
        v, h = float(point[vertical]), float(point[horizontal])
        (v0, v1, _), (h0, h1, _) = limits[vertical], limits[horizontal]
        self.model.scene.overlays["crosshair"].segments = (
            ((v0, h), (v - gap, h)),
            ((v + gap, h), (v1, h)),
            ((v, h0), (v, h - gap)),
            ((v, h + gap), (v, h1)),
        )
        check = self.spect.data.check
        at = check.divider_lps[2 - horizontal]
        self.model.scene.overlays["divider"].segments = (
            (((v0, at), (v1, at)),) if check.mode is Mode.WIPE else ()
        )
        if self._outlined[0] != self.state:
            corners = field_outline(self.spect.data.plane(axis, self.index), self.grid, axis)
            self._outlined = self.state, tuple(pairwise(corners))
            self.model.scene.overlays["spect_field"].segments = self._outlined[1]
        # The axis that napari scrolls is the same patient axis counted from the other end.
        self._caption.text = f"{self.plane.name}\n{position_text(to_lps(point), [2 - axis])} mm"
