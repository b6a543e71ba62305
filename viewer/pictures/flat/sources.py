"""What each flat picture shows: a plane, the SPECT from outside, a C-arm view, a joint."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from fusion.anatomy import Joint, Side
from fusion.views import (
    RADIOGRAPH_WORDS,
    Sight,
    View,
    fluoroscopic,
    joint_planes,
    turned_words,
)
from viewer.pictures.flat.shown import OUTSIDE, Shown, blended, grey
from viewer.pictures.pane import HOT_SHARE
from viewer.pictures.planes import Plane

if TYPE_CHECKING:
    from collections.abc import Hashable

    from fusion.geometry import FloatArray
    from viewer.pictures.flat.shown import Named
    from viewer.pictures.flat.study import FlatStudy

#: How far a name may lie from a plane to be shown in it, mm.
REACH_MM = 5.0
#: How far a body may lie from a plane, mm: it is 15 deep and 22 wide.
BODY_REACH_MM = 8.0
#: For one click of the wheel, degrees; for one pixel of dragging.
WHEEL_DEG, PIXEL_DEG = 10.0, 0.5
#: Steepest tilt of a C-arm view, degrees.
MOST_TILT_DEG = 45.0
#: What a plane of a joint shows, mm.
JOINT_FIELD_MM = (72.0, 72.0)


class Content(StrEnum):
    """Which of the two volumes a flat plane shows."""

    CT = "CT"
    SPECT = "SPECT"
    FUSED = "fused"


class FlatSource:
    """Something that a flat picture shows.

    Parameters
    ----------
    study : FlatStudy
        What it is a picture of.
    """

    #: Whether zoom and place of the planes hold for it.
    framed: ClassVar[bool] = False
    #: Whether dragging with the left button turns it; else it moves the crosshair.
    turns: ClassVar[bool] = False
    #: Whether a place in it is a point of the patient.
    pointed: ClassVar[bool] = True
    #: Whether the joints of each side are joined by a line.
    pillars: ClassVar[bool] = False
    #: Whether the SPECT is seen in it.
    has_spect: ClassVar[bool] = True
    #: Share of its width that has to be seen.
    share: ClassVar[float] = 1.0
    #: Whether the right button changes the scale of the uptake; else the CT window.
    of_uptake: ClassVar[bool] = False

    def __init__(self, study: FlatStudy) -> None:
        self.study = study

    def key(self) -> Hashable:
        """Return what the picture depends on: it is made anew when this changes."""
        raise NotImplementedError

    def shown(self) -> Shown | None:
        """Return the picture; None when there is nothing to show, which :attr:`why` says."""
        raise NotImplementedError

    @property
    def why(self) -> str:
        """Why there is no picture."""
        return ""

    @property
    def words(self) -> str:
        """What is said below the picture."""
        return ""

    def names(self) -> tuple[Named, ...]:
        """Return what is named in it."""
        return ()

    def scroll(self, steps: int) -> None:
        """Answer the wheel."""

    def turn(self, right_px: float, down_px: float) -> None:
        """Answer the left button, dragged."""


class PlaneSource(FlatSource):
    """An axial, coronal or sagittal plane through the crosshair.

    Parameters
    ----------
    study : FlatStudy
        What it is a picture of.
    plane : Plane
        How to cut.
    content : Content
        What to show.
    """

    framed = True

    def __init__(self, study: FlatStudy, plane: Plane, content: Content) -> None:
        super().__init__(study)
        self.plane, self.content = plane, content

    @property
    def of_uptake(self) -> bool:  # type: ignore[override]
        """The right button changes what is seen."""
        return self.content is Content.SPECT

    @property
    def has_spect(self) -> bool:  # type: ignore[override]
        """Not in the CT alone."""
        return self.content is not Content.CT

    @property
    def _index(self) -> int:
        grid, axis = self.study.linked.review.fused.display_grid, self.plane.axis
        return round(float(grid.to_kji(self.study.linked.point_lps)[axis]))

    def key(self) -> Hashable:
        """Return what it depends on."""
        linked = self.study.linked
        common = (id(linked.review.fused), self._index)
        ct = (linked.ct_window,)
        uptake = (linked.uptake_range, linked.palette, linked.blend, linked.spect_visible)
        if self.content is Content.CT:
            return (*common, *ct)
        if self.content is Content.SPECT:
            return (*common, linked.uptake_range, self.study.inverse)
        return (*common, *ct, *uptake)

    def shown(self) -> Shown:
        """Return it as it is now."""
        linked = self.study.linked
        fused, axis, index = linked.review.fused, self.plane.axis, self._index
        label = linked.review.spect_label
        uptake: npt.NDArray[np.float32] | None = None
        if self.content is not Content.CT:
            uptake = self._upright(fused.spect_plane(axis, index))
        if self.content is Content.SPECT and uptake is not None:
            rgb = grey(uptake, linked.uptake_range, inverse=self.study.inverse)
            caption = f"{label} {self.plane.name.lower()}"
            bright = self.study.inverse
        else:
            rgb = grey(self._upright(fused.ct_plane(axis, index)), _limits(linked.ct_window))
            caption, bright = f"CT {self.plane.name.lower()}", False
            if uptake is not None:
                caption = f"Fused {self.plane.name.lower()}"
                rgb = _fused_colours(self.study, rgb, uptake)
        return Shown(rgb, self._view(rgb, index), caption, self._hot(uptake), bright)

    def _upright(self, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return rows from the top of the picture down."""
        return plane[::-1] if self.plane.orientation2d[0] == "up" else plane

    def _view(self, rgb: npt.NDArray[np.uint8], index: int) -> View:
        grid = self.study.linked.review.fused.display_grid
        _, vertical, horizontal = self.plane.order
        down = grid.directions[vertical]
        if self.plane.orientation2d[0] == "up":
            down = -down
        middle = (np.array(grid.shape) - 1) / 2
        middle[self.plane.axis] = index
        sight = Sight(grid.directions[horizontal], down, grid.to_lps(middle))
        spacing = float(grid.spacing_mm[vertical]), float(grid.spacing_mm[horizontal])
        return View(np.zeros(rgb.shape[:2], np.float32), "", sight, spacing)

    def _hot(self, uptake: npt.NDArray[np.float32] | None) -> npt.NDArray[np.bool_] | None:
        return None if uptake is None else _hot(uptake, self.study.linked.uptake_range)

    def names(self) -> tuple[Named, ...]:
        """Return what is named in it."""
        point, axis = self.study.linked.point_lps, 2 - self.plane.axis
        found = []
        for one in self.study.named:
            off = abs(float(one.point_lps[axis] - point[axis]))
            if (one.ring_mm and off <= REACH_MM) or (
                not one.ring_mm and self.plane.axis and off <= BODY_REACH_MM
            ):
                found.append(one)
        return tuple(found)

    def scroll(self, steps: int) -> None:
        """Answer the wheel."""
        linked = self.study.linked
        linked.scroll(linked.panes[self.plane.axis], steps)


class ProjectionSource(FlatSource):
    """The SPECT from outside: the maximum along each line of sight, turning."""

    turns = True
    of_uptake = True
    share = 0.55  # the neck, not the ends of the shoulders

    def __init__(self, study: FlatStudy, turn_deg: float = 0.0) -> None:
        super().__init__(study)
        self.turn_deg = turn_deg

    def key(self) -> Hashable:
        """Return what it depends on."""
        linked = self.study.linked
        fused = id(linked.review.fused)
        return fused, self.turn_deg, linked.uptake_range, self.study.inverse

    def shown(self) -> Shown:
        """Return it as it is now."""
        linked = self.study.linked
        view = self.study.projection.seen_from(self.turn_deg)
        inverse = self.study.inverse
        rgb = grey(view.values, linked.uptake_range, inverse=inverse)
        caption = f"{linked.review.spect_label} maximum\n{turned_words(self.turn_deg)}"
        return Shown(rgb, view, caption, _hot(view.values, linked.uptake_range), inverse)

    def names(self) -> tuple[Named, ...]:
        """Return what is named in it."""
        # A tick for each joint, a name for those that matter.
        return tuple(
            replace(one, ring_mm=0.0, text=one.text if one.chosen or one.decided else "")
            for one in self.study.named
            if one.ring_mm
        )

    def scroll(self, steps: int) -> None:
        """Answer the wheel."""
        self.turn_deg = (self.turn_deg + WHEEL_DEG * steps) % 360

    def turn(self, right_px: float, down_px: float) -> None:
        """Answer the left button, dragged."""
        # The front follows the hand: dragged to the right, it turns towards the right.
        self.turn_deg = (self.turn_deg - PIXEL_DEG * right_px) % 360


class CArmSource(FlatSource):
    """What a C-arm would show of the bones, from any side; computed from the CT."""

    turns = True
    pointed = False
    pillars = True
    has_spect = False

    def __init__(self, study: FlatStudy, turn_deg: float = 0.0) -> None:
        super().__init__(study)
        self.start_deg = self.turn_deg = turn_deg
        self.tilt_deg = 0.0

    def key(self) -> Hashable:
        """Return what it depends on."""
        return (
            id(self.study.found),
            id(self.study.linked.review.fused),
            self.turn_deg,
            self.tilt_deg,
        )

    @property
    def why(self) -> str:
        """Why there is no picture."""
        return "The C-arm view needs the joints. They are looked for, or can be marked."

    @property
    def words(self) -> str:
        """What is said below the picture."""
        return f"{RADIOGRAPH_WORDS} Parallel rays: nothing is magnified."

    def shown(self) -> Shown | None:
        """Return it as it is now, or None."""
        radiography = self.study.radiography
        if radiography is None:
            return None
        view = radiography.seen_from(self.turn_deg, self.tilt_deg)
        rgb = np.repeat(fluoroscopic(view)[..., None], 3, axis=-1)
        rgb[np.isnan(view.values)] = OUTSIDE
        name = {0: "C-arm, AP", 90: "C-arm, lateral"}.get(round(self.turn_deg) % 360, "C-arm")
        if round(self.tilt_deg):
            name = "C-arm"
        caption = f"{name}\n{turned_words(self.turn_deg, self.tilt_deg)}"
        return Shown(rgb, view, caption, bright=True)

    def names(self) -> tuple[Named, ...]:
        """Return what is named in it."""
        lateral = abs(np.sin(np.radians(self.turn_deg))) > np.sin(np.radians(60))
        chosen = self.study.joint
        named = tuple(replace(one, text=_with_nerves(one)) for one in self.study.named)
        if not lateral:
            return named
        # Both pillars lie upon each other: the side that is looked at, else the one nearer.
        near = Side.LEFT if np.sin(np.radians(self.turn_deg)) > 0 else Side.RIGHT
        side = near if chosen is None else chosen.side
        return tuple(one for one in named if one.side in (0, side.sign))

    def scroll(self, steps: int) -> None:
        """Answer the wheel."""
        self.turn_deg = (self.turn_deg + WHEEL_DEG / 2 * steps) % 360

    def turn(self, right_px: float, down_px: float) -> None:
        """Answer the left button, dragged."""
        self.turn_deg = (self.turn_deg - PIXEL_DEG * right_px) % 360
        tilt = self.tilt_deg + PIXEL_DEG * down_px
        self.tilt_deg = float(np.clip(tilt, -MOST_TILT_DEG, MOST_TILT_DEG))

    def reset(self) -> None:
        """Go back to where it looked from at first."""
        self.turn_deg, self.tilt_deg = self.start_deg, 0.0


class JointSource(FlatSource):
    """A plane through the joint that is looked at, or through that of the other side.

    Parameters
    ----------
    study : FlatStudy
        What it is a picture of.
    side : Side
        Of the patient.
    number : int
        Which plane of :func:`fusion.views.joint_planes`.
    """

    def __init__(self, study: FlatStudy, side: Side, number: int) -> None:
        super().__init__(study)
        self.side, self.number = side, number

    @property
    def joint(self) -> Joint | None:
        """The joint of this side at the level that is looked at."""
        chosen = self.study.joint
        return None if chosen is None else Joint(chosen.level, self.side)

    @property
    def _center(self) -> FloatArray | None:
        joint, found = self.joint, self.study.found
        if joint is None or found is None:
            return None
        return found.facet(joint.level, joint.side).center_lps

    def key(self) -> Hashable:
        """Return what it depends on."""
        linked = self.study.linked
        return (
            id(self.study.found),
            self.joint,
            id(linked.review.fused),
            linked.ct_window,
            linked.uptake_range,
            linked.palette,
            linked.blend,
            linked.spect_visible,
        )

    @property
    def why(self) -> str:
        """Why there is no picture."""
        if self.joint is None:
            return "No joint is here. Choose one in the ladder, or click its ring."
        return f"{self.joint.name} was not found on this CT."

    def shown(self) -> Shown | None:
        """Return it as it is now, or None."""
        joint, found, linked = self.joint, self.study.found, self.study.linked
        if joint is None or found is None or self._center is None:
            return None
        plane = joint_planes(found, joint)[self.number]
        ct, uptake = plane.cut(linked.review.fused, field_mm=JOINT_FIELD_MM)
        rgb = _fused_colours(self.study, grey(ct.values, _limits(linked.ct_window)), uptake.values)
        named = joint.level if self.number == 1 else joint.name
        return Shown(rgb, ct, f"{named}\n{plane.name}", _hot(uptake.values, linked.uptake_range))

    def names(self) -> tuple[Named, ...]:
        """Return what is named in it."""
        shown = self.shown_view
        if shown is None:
            return ()
        near = []
        for one in self.study.named:
            if one.ring_mm and abs(float(shown.place(one.point_lps)[2])) <= REACH_MM:
                near.append(one)
        return tuple(near)

    @property
    def shown_view(self) -> View | None:
        """The pose of the picture."""
        joint, found = self.joint, self.study.found
        if joint is None or found is None or self._center is None:
            return None
        return View(
            np.zeros((1, 1), np.float32),
            "",
            joint_planes(found, joint)[self.number].sight,
            (1.0, 1.0),
        )


def _with_nerves(one: Named) -> str:
    """Return a name with the nerves of the plan: at the joint, never where they are met."""
    return f"{one.text}: {', '.join(one.nerves)}" if one.nerves else one.text


def _limits(width_level: tuple[float, float]) -> tuple[float, float]:
    width, level = width_level
    return level - width / 2, level + width / 2


def _hot(values: npt.NDArray[np.float32], limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    low, high = limits
    hot: npt.NDArray[np.bool_] = np.nan_to_num(values, nan=low) >= low + HOT_SHARE * (high - low)
    return hot


def _fused_colours(
    study: FlatStudy, ct: npt.NDArray[np.uint8], uptake: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    linked = study.linked
    weight = linked.blend if linked.spect_visible else 0.0
    return blended(ct, uptake, linked.uptake_range, name=linked.palette, weight=weight)
