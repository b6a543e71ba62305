"""Three panes that show the same point."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.utils.events import EmitterGroup

from fusion.palettes import DEFAULT_PALETTE
from fusion.uptake import quantity_text
from viewer.pictures.checking_views import CheckingView, Mode
from viewer.pictures.colormaps import dicom_colormap
from viewer.pictures.layers import (
    CT_WINDOWS,
    to_lps,
    to_world,
)
from viewer.pictures.pane import Pane, PaneLayers
from viewer.pictures.planes import PLANES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari.utils.events import Event

    from fusion.geometry import FloatArray
    from fusion.review import Review
    from viewer.pictures.grab import Grab


#: What is shown around a joint that is gone to, mm.
JOINT_FIELD_MM = 100.0


@dataclass(frozen=True, slots=True)
class Closeup:
    """What part of the planes is shown.

    Parameters
    ----------
    center_lps : (float, float, float), mm
        In the middle of every picture.
    field_mm : float, mm
        Across the shorter side of each.
    """

    center_lps: tuple[float, float, float]
    field_mm: float


def make_panes(review: Review) -> Iterator[Pane | None]:
    """Make the panes of a study one by one, axial, coronal, sagittal; None where one is begun."""
    for plane in PLANES:
        model, layers = ViewerModel(), PaneLayers.of(review)
        yield None
        model.layers.append(layers.ct)
        yield None
        model.layers.append(layers.spect)
        yield None
        yield Pane(model, plane, review, layers=layers)


class LinkedPanes:
    """Three panes that show one point, one display window and one blend.

    Everything a reader can change about the picture is changed here, so that no two panes ever
    differ in it.

    Parameters
    ----------
    review : Review
        The study.
    panes : sequence of Pane, optional
        Of this study: axial, coronal, sagittal; made here by default, which takes a moment.

    Attributes
    ----------
    home_lps : (3,) ndarray of float, mm, or None
        Where a study is opened, in the place of the hottest one.
    handles : list of callable
        Asked in turn, with a pane and a point, for what the left button takes hold of there; each
        returns a :class:`viewer.pictures.grab.Grab` or None.
    events : napari.utils.events.EmitterGroup
        ``point``, ``display`` (window, colour map, range, blend, blink, check), ``review``
        (another alignment, another answer of the pathway), ``frame`` (another part of the planes),
        ``cursor``, and ``clicked`` (the left button was pressed and released in one place, where
        the crosshair is now).
    """

    def __init__(self, review: Review, panes: Sequence[Pane] | None = None) -> None:
        self._review = review
        self.handles: list[Callable[[Pane, FloatArray], Grab | None]] = []
        self.events = EmitterGroup(
            source=self,
            point=None,
            display=None,
            review=None,
            frame=None,
            cursor=None,
            clicked=None,
        )
        made = make_panes(review) if panes is None else panes
        self.panes = tuple(pane for pane in made if pane is not None)
        self.active = self.panes[0]
        self._point_lps = review.fused.display_grid.center_lps
        self._frame: Closeup | None = None
        self._reference: float | None = None
        self._mouse: Callable[[], FloatArray | None] | None = None
        self._blend = 0.5
        self._spect_visible = True
        self._check = CheckingView()
        self._palette = DEFAULT_PALETTE
        for pane in self.panes:
            pane.model.dims.events.point.connect(self._on_scrolled)
            pane.came_back = self._show_point
            pane.model.scene.camera.events.zoom.connect(self._on_camera)
            pane.model.scene.camera.events.center.connect(self._on_camera)
        self.blend = self._blend
        self.home_lps: FloatArray | None = None
        self.point_lps = review.fused.focus_lps

    def __iter__(self) -> Iterator[Pane]:
        """Axial, coronal, sagittal."""
        return iter(self.panes)

    @property
    def review(self) -> Review:
        """The study as it stands; put here the same study with another alignment to see it."""
        return self._review

    @review.setter
    def review(self, review: Review) -> None:
        moved = review.fused is not self._review.fused
        self._review = review
        if moved:
            for pane in self.panes:
                pane.show_review(review)
        self.events.review()

    @property
    def check(self) -> CheckingView:
        """How CT and SPECT share the picture."""
        return self._check

    @check.setter
    def check(self, check: CheckingView) -> None:
        self._check = check
        self._show()

    def use_mode(self, mode: Mode) -> None:
        """Change to a checking view; the divider of the wipe starts at the crosshair."""
        check = replace(self._check, mode=mode)
        if mode is Mode.WIPE and self._check.mode is not Mode.WIPE:
            x, y, z = (float(value) for value in self._point_lps)
            check = replace(check, divider_lps=(x, y, z))
        self.check = check

    @property
    def point_lps(self) -> FloatArray:
        """The point that all panes show, LPS mm (3,).

        Always the centre of a voxel of the display grid, so that the three planes on screen pass
        through it exactly; setting it takes the nearest.
        """
        return self._point_lps.copy()

    @point_lps.setter
    def point_lps(self, point: npt.ArrayLike) -> None:
        grid = self.review.fused.display_grid
        nearest = np.rint(grid.to_kji(point)).clip(0, np.array(grid.shape) - 1)
        self._point_lps = grid.to_lps(nearest)
        for pane in self.panes:
            with pane.model.dims.events.point.blocker(self._on_scrolled):
                pane.model.dims.point = to_world(self._point_lps)
        self.events.point()

    def _show_point(self) -> None:
        """Show the same point again, where layers were taken away and brought back."""
        for pane in self.panes:
            pane.model.dims.axis_labels = pane.ct.axis_labels
        self.point_lps = self._point_lps

    def _on_scrolled(self, event: Event) -> None:
        pane = next(p for p in self.panes if p.model.dims is event.source)
        if pane.whole:
            self.point_lps = to_lps(pane.model.dims.point)

    def grab_at(self, pane: Pane, point_lps: FloatArray) -> Grab | None:
        """Return what the left button takes hold of at a point of a pane; None: the crosshair."""
        grabs = (handle(pane, point_lps) for handle in self.handles)
        return next((grab for grab in grabs if grab is not None), None)

    def scroll(self, pane: Pane, steps: int) -> None:
        """Move a pane by whole planes; positive towards head, posterior or left."""
        grid, axis = self.review.fused.display_grid, pane.plane.axis
        kji = grid.to_kji(self._point_lps)
        kji[axis] = pane.index + steps
        self.point_lps = grid.to_lps(kji)

    def centre(self) -> None:
        """Go back to the place where the study was opened, every plane in full."""
        home = self.home_lps
        self.point_lps = self.review.fused.focus_lps if home is None else home
        self.frame = None

    @property
    def frame(self) -> Closeup | None:
        """What part of the planes is shown; None: all of them."""
        return self._frame

    @frame.setter
    def frame(self, frame: Closeup | None) -> None:
        self._frame = frame
        for pane in self.panes:
            pane.show_frame(None if frame is None else (to_world(frame.center_lps), frame.field_mm))
        self.events.frame()

    def go_to(self, point: npt.ArrayLike) -> None:
        """Put the crosshair on a point, and show what is around it; a closer look stays close."""
        self.point_lps = point
        field = JOINT_FIELD_MM if self._frame is None else self._frame.field_mm
        x, y, z = (float(value) for value in self._point_lps)
        self.frame = Closeup((x, y, z), min(field, JOINT_FIELD_MM))

    def zoom(self, factor: float) -> None:
        """Enlarge all planes (factor above 1), about the middle of what is shown."""
        frame = self._frame or self._whole()
        self.frame = replace(frame, field_mm=frame.field_mm / factor)

    def pan(self, by_lps: FloatArray) -> None:
        """Move what is in the middle of all planes, mm (3,)."""
        frame = self._frame or self._whole()
        x, y, z = (float(value) for value in np.add(frame.center_lps, by_lps))
        self.frame = replace(frame, center_lps=(x, y, z))

    def _whole(self) -> Closeup:
        """Return what the pane that was used last shows now."""
        world = list(to_world(self._point_lps))
        center, field_mm = self.active.shown_field()
        for axis, value in zip(self.active.plane.order[1:], center, strict=True):
            world[axis] = value
        x, y, z = (float(value) for value in to_lps(world))
        return Closeup((x, y, z), field_mm)

    @property
    def cursor_lps(self) -> FloatArray | None:
        """Where the mouse is now, LPS mm (3,); None when it is on no picture.

        It follows the picture that passes below a mouse at rest.
        """
        return None if self._mouse is None else self._mouse()

    def follow(self, pane: Pane, point_lps: FloatArray) -> None:
        """Say where the mouse is in a pane."""
        camera, world = pane.model.scene.camera, to_world(point_lps)
        _, vertical, horizontal = pane.plane.order
        down = (world[vertical] - float(camera.center[-2])) * camera.zoom
        right = (world[horizontal] - float(camera.center[-1])) * camera.zoom

        def now() -> FloatArray:
            here = list(pane.model.dims.point)
            here[vertical] = float(camera.center[-2]) + down / camera.zoom
            here[horizontal] = float(camera.center[-1]) + right / camera.zoom
            return to_lps(here)

        self.hover(now)

    def hover(self, where: Callable[[], FloatArray | None]) -> None:
        """Say how to tell at which point the mouse is; it is asked whenever a picture changes."""
        self._mouse = where
        self.events.cursor()

    def leave(self) -> None:
        """Say that the mouse is on no pane."""
        self._mouse = None
        self.events.cursor()

    def _on_camera(self) -> None:
        if self._mouse is not None:
            self.events.cursor()

    def close(self) -> None:
        """Let the layers go with the window."""
        for pane in self.panes:
            pane.closed = True

    def value_text(self, point_lps: npt.ArrayLike) -> str:
        """Return what both volumes say about a point, ``"HU · uptake with unit"``.

        SUVbw follows only where the file proves every input of it.
        """
        sample = self.review.fused.sample_at(point_lps)
        hu = "outside CT" if sample.hu is None else f"{sample.hu:.0f} HU"
        if sample.uptake is None:
            return f"{hu} · outside {self.review.spect_label} field"
        text = f"{hu} · {quantity_text(sample.uptake, self.review.fused.spect.unit)}"
        factor = self.review.fused.spect.suvbw_per_unit
        if factor is None:
            return text
        return f"{text} · SUVbw {quantity_text(sample.uptake * factor, 'g/mL')}"

    @property
    def ct_window(self) -> tuple[float, float]:
        """Window width and level of the CT, HU."""
        low, high = self.panes[0].ct.contrast_limits
        return high - low, (high + low) / 2

    @ct_window.setter
    def ct_window(self, width_level: tuple[float, float]) -> None:
        width, level = max(width_level[0], 1.0), width_level[1]
        for pane in self.panes:
            pane.ct.contrast_limits = (level - width / 2, level + width / 2)
        self.events.display()

    def use_ct_preset(self, name: str) -> None:
        """Set the CT window to one of :data:`viewer.pictures.layers.CT_WINDOWS`."""
        low, high = CT_WINDOWS[name]
        self.ct_window = (high - low, (high + low) / 2)

    @property
    def uptake_range(self) -> tuple[float, float]:
        """Uptake at the two ends of the colour map, in the SPECT's unit."""
        low, high = self.panes[0].spect.contrast_limits
        return low, high

    @uptake_range.setter
    def uptake_range(self, limits: tuple[float, float]) -> None:
        low, high = limits
        if high <= low:
            return
        for pane in self.panes:
            pane.spect.contrast_limits = (low, high)
        self.events.display()

    @property
    def reference(self) -> float | None:
        """Uptake that ratios refer to, in the SPECT's unit; None while it is not known."""
        return self._reference

    @reference.setter
    def reference(self, value: float | None) -> None:
        self._reference = value
        self.events.display()

    @property
    def palette(self) -> str:
        """Name of the DICOM colour map of the SPECT."""
        return self._palette

    @palette.setter
    def palette(self, name: str) -> None:
        self._palette = name
        for pane in self.panes:
            pane.spect.colormap = dicom_colormap(name)
        self.events.display()

    @property
    def blend(self) -> float:
        """Weight of the SPECT, 0 (CT alone, untouched) to 1 (SPECT alone).

        In between each pixel with uptake is ``(1 - blend) * CT + blend * SPECT``; pixels without
        (zero, or outside the SPECT's field) show the CT.
        """
        return self._blend

    @blend.setter
    def blend(self, weight: float) -> None:
        self._blend = min(max(weight, 0.0), 1.0)
        self._show()

    @property
    def spect_visible(self) -> bool:
        """Whether the SPECT is shown; blinking toggles it."""
        return self._spect_visible

    @spect_visible.setter
    def spect_visible(self, visible: bool) -> None:
        self._spect_visible = visible
        self._show()

    @property
    def crosshair_visible(self) -> bool:
        """Whether the crosshair is drawn."""
        return all(pane.model.scene.overlays["crosshair"].visible for pane in self.panes)

    @crosshair_visible.setter
    def crosshair_visible(self, visible: bool) -> None:
        for pane in self.panes:
            pane.model.scene.overlays["crosshair"].visible = visible
        self.events.display()

    def _show(self) -> None:
        # Blinking the SPECT off always uncovers the CT.
        check = self._check if self._spect_visible else replace(self._check, mode=Mode.BLEND)
        weight = self._blend if check.mode is Mode.BLEND else 1.0
        shown = self._spect_visible and weight > 0
        apart = check.mode in (Mode.CHECKERBOARD, Mode.WIPE)
        for pane in self.panes:
            pane.spect.opacity = weight
            pane.spect.visible = shown
            pane.ct.visible = not shown or weight < 1 or apart
            if pane.spect.data.check != check:
                pane.show_check(check)
        self.events.display()
