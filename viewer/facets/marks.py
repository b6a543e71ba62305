"""The joints and targets in the pictures: rings with names, and what a reader says with them.

A ring is the cut of a small ball about the centre of a joint, so it is largest where the plane
passes through the centre. What the mouse does to them is in :mod:`viewer.facets.mouse`. Knows
nothing of widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from napari.components.overlays import TextOverlay
from napari.utils.events import EmitterGroup
from qtpy.QtCore import QTimer

from fusion.anatomy import Joint
from fusion.annotations import Change, Decision, JointMoved, VertebraNamed
from fusion.errors import FusionError
from fusion.views import landmarks
from viewer._napari import Mark, MarksOverlay
from viewer.facets.mark_names import LINE_PX, down_mm, with_names_placed
from viewer.facets.model import State
from viewer.facets.words import label_of
from viewer.pictures.flat.sources import BODY_REACH_MM
from viewer.pictures.layers import to_world
from viewer.pictures.pane import BOX_COLOR, WORDS_PT

if TYPE_CHECKING:
    from napari.utils.events import Event

    from fusion.annotations import Point, Target
    from fusion.facets import Facet, Localisation
    from fusion.geometry import FloatArray
    from fusion.views import Landmark
    from viewer.facets.model import FacetsModel
    from viewer.pictures.pane import Pane
    from viewer.pictures.panes import LinkedPanes
    from viewer.reading.model import ReadingModel

#: Radius of the ball about a joint, and distance from its centre at which planes still show it,
#: mm. A facet is about 12 mm long (docs/sources.md#facet-surfaces).
BALL_MM, REACH_MM = 6.0, 5.0
TARGET_MM = 3.4
#: A target further than this from the centre of its joint has a name of its own, mm.
_APART_MM = 4.0
#: Of names, where there is no room for all: of the joint that is looked at, and of what is at the
#: crosshair; a decision counts less, and one about a positive joint more than others.
_SELECTED_WEIGHT, _HERE_WEIGHT = 8, 4
#: From a ring to its words, mm.
_GAP_MM = 1.5
#: How far inside and outside a ring the mouse takes hold of it, screen pixels; never nearer to
#: the centre than this share of the radius, where a click puts the crosshair on the joint.
_INSIDE_PX, _OUTSIDE_PX, _HOLE = 5.0, 6.0, 0.45
#: Radius of the dot in a vertebral body, mm.
_BODY_MM = 0.8
#: How long a sentence stays in a picture, ms.
NOTICE_MS = 15000

SURE_COLOR = (1.0, 0.55, 1.0, 1.0)
DOUBTFUL_COLOR = (1.0, 0.65, 0.15, 1.0)
SELECTED_COLOR = (1.0, 1.0, 1.0, 1.0)
BODY_COLOR = (0.72, 0.88, 1.0, 1.0)
TARGET_COLOR = (1.0, 1.0, 0.35, 1.0)
NOTICE_COLOR = (1.0, 0.75, 0.35, 1.0)
PROVISIONAL = "LEVELS PROVISIONAL"
CONTRADICTORY = "JOINTS CONTRADICT EACH OTHER: see Facets"
RENUMBERING = "Levels are being numbered again …"
_FILLS = {
    Decision.POSITIVE: "full",
    Decision.INDETERMINATE: "half",
    Decision.NEGATIVE: "cross",
}


class Marks:
    """Rings at the joints and targets, in all panes.

    Parameters
    ----------
    facets : FacetsModel
        The joints.
    reading : ReadingModel
        The targets, and where what the reader does is saved.
    linked : LinkedPanes
        What shows the study.
    need_reader : callable
        Asks once who reads; False when nobody says.

    Attributes
    ----------
    events : napari.utils.events.EmitterGroup
        ``notice``, ``naming`` and ``shown``.
    notice : str
        What was refused last, in a sentence; empty when nothing was.
    naming : str
        The vertebra that the next click names; empty when a click moves the crosshair.
    dragging : Joint or None
        The joint that follows the mouse.
    """

    def __init__(
        self,
        facets: FacetsModel,
        reading: ReadingModel,
        linked: LinkedPanes,
        *,
        need_reader: Callable[[], bool],
    ) -> None:
        self.events = EmitterGroup(source=self, notice=None, naming=None, shown=None)
        self.notice = self.naming = ""
        self.dragging: Joint | None = None
        self._facets, self._reading, self._linked = facets, reading, linked
        self._need_reader = need_reader
        self._carried_lps: FloatArray | None = None
        self._named: tuple[Localisation, list[Landmark]] | None = None
        self._shown = True
        self._forget = QTimer(singleShot=True, interval=NOTICE_MS)
        self._forget.timeout.connect(self._on_forget)
        for pane in linked:
            pane.model.scene.overlays["joints"] = MarksOverlay(visible=True)
            for name in ("numbering", "notice"):
                pane.model.canvas.overlays[name] = TextOverlay(
                    position="top_left", box=True, box_color=BOX_COLOR, color=NOTICE_COLOR
                )
            again = partial(self._refresh_in, pane)
            pane.model.scene.camera.events.zoom.connect(again)
            pane.model.scene.camera.events.center.connect(again)
            pane.model.canvas.events.size.connect(again)
        facets.events.localisation.connect(self.refresh)
        facets.events.state.connect(self.refresh)
        facets.events.selected.connect(self.refresh)
        reading.events.decided.connect(self.refresh)
        linked.events.point.connect(self.refresh)
        self.refresh()

    # What is drawn

    @property
    def shown(self) -> bool:
        """Whether the rings are drawn; that the levels are provisional is said all the same."""
        return self._shown

    @shown.setter
    def shown(self, shown: bool) -> None:
        self._shown = shown
        self.refresh()
        self.events.shown()

    def refresh(self) -> None:
        """Draw what is true now on the planes that are shown now."""
        for pane in self._linked:
            self._refresh_in(pane)

    def _refresh_in(self, pane: Pane, _event: Event | None = None) -> None:
        state = PROVISIONAL if self._facets.provisional else ""
        if self._facets.renumbering:
            state = RENUMBERING
        elif self._facets.state is State.FOUND and self._facets.spine is None:
            state = CONTRADICTORY
        notice = self.notice
        if self.naming:
            notice = f"Click into the body of {self.naming}. Escape: do not name it."
        here = self.naming or pane is self._linked.active
        _write(pane, "numbering", state)
        _write(pane, "notice", notice if here else "")
        pane.fit_words()
        overlay = pane.model.scene.overlays["joints"]
        overlay.font_size = WORDS_PT * pane.text_scale
        overlay.marks = self.marks(pane) if self._shown else ()

    def marks(self, pane: Pane) -> tuple[Mark, ...]:
        """Return the rings on the plane that a pane shows, the selected one last."""
        found = self._facets.localisation
        if found is None:
            return ()
        targets = self._targets()
        disputed = {change.target.joint for change in self._reading.label_changes}
        marks = []
        for facet in found.facets:
            center = self._center(facet)
            if center is None:
                continue
            near = targets.get(facet.joint)
            if near is not None and (facet.joint in disputed or _apart(near, center)):
                near = None
            mark = self._joint_mark(pane, facet, center, near)
            if mark is not None:
                marks.append(mark)
        for target in targets.values():
            marks += self._target_marks(pane, target, disputed=target.joint in disputed)
        marks += self._bodies(pane)
        return tuple(sorted(with_names_placed(pane, marks), key=lambda mark: mark.double))

    def _bodies(self, pane: Pane) -> list[Mark]:
        """Return the names of the vertebrae whose bodies a coronal or sagittal plane cuts."""
        axis, vertical, horizontal = pane.plane.order
        found = self._facets.localisation
        if found is None or self._facets.spine is None or axis == 0:
            return []
        if self._named is None or self._named[0] is not found:
            self._named = found, [one for one in landmarks(found) if one.joint is None]
        point = to_world(self._linked.point_lps)
        result = []
        for one in self._named[1]:
            world = to_world(one.point_lps)
            if abs(world[axis] - point[axis]) > BODY_REACH_MM:
                continue
            doubtful = one.provisional or self._facets.provisional
            result.append(
                Mark(
                    (world[vertical], world[horizontal]),
                    _BODY_MM,
                    DOUBTFUL_COLOR if doubtful else BODY_COLOR,
                    dashed=doubtful,
                    text=f"{one.name} ?" if doubtful else one.name,
                    text_shift_mm=-_GAP_MM,
                )
            )
        return result

    def _targets(self) -> dict[Joint, Target]:
        reading = self._reading.reading
        return {} if reading is None else {target.joint: target for target in reading.targets}

    def _center(self, facet: Facet) -> FloatArray | None:
        if facet.joint == self.dragging and self._carried_lps is not None:
            return self._carried_lps
        return facet.center_lps

    def _joint_mark(
        self, pane: Pane, facet: Facet, center: FloatArray, target: Target | None
    ) -> Mark | None:
        place = self._cut(pane, center, BALL_MM)
        if place is None:
            return None
        selected = facet.joint in (self._facets.selected, self.dragging)
        doubtful = self._facets.provisional or self._facets.spine is None
        color = DOUBTFUL_COLOR if doubtful else SURE_COLOR
        at, radius = place
        shift_mm = _shift(pane, facet.joint, BALL_MM + _GAP_MM)
        return Mark(
            at,
            radius,
            SELECTED_COLOR if selected else color,
            dashed=doubtful,
            double=selected,
            text=label_of(facet, target),
            text_shift_mm=shift_mm,
            weight=_SELECTED_WEIGHT * selected + self._weight(center, target),
        )

    def _target_marks(self, pane: Pane, target: Target, *, disputed: bool) -> list[Mark]:
        point = np.array(target.point_lps)
        place = self._cut(pane, point, TARGET_MM)
        if place is None:
            return []
        found = self._facets.localisation
        facet = found.facet(target.joint.level, target.joint.side) if found else None
        center = None if facet is None else self._center(facet)
        text, shift_mm = "", _shift(pane, target.joint, BALL_MM + _GAP_MM)
        if center is None or disputed or _apart(target, center):
            words = [target.joint.name, *["DISPUTED"] * disputed, target.decision.value]
            text = " ".join(words)
        at, radius = place
        return [
            Mark(
                at,
                radius,
                TARGET_COLOR,
                fill=_FILLS[target.decision],
                text=text,
                text_shift_mm=shift_mm,
                # One line below the name of the joint that is there.
                text_drop_mm=down_mm(pane, pane.text_scale * LINE_PX + 1),
                weight=self._weight(point, target),
            )
        ]

    def _weight(self, point_lps: FloatArray, target: Target | None) -> int:
        """Return how much the name of a place matters where there is no room for all of them."""
        away = float(np.linalg.norm(point_lps - np.array(self._linked.point_lps)))
        decided = 0 if target is None else 1 + (target.decision is Decision.POSITIVE)
        return _HERE_WEIGHT * (away <= BALL_MM) + decided

    def _cut(
        self, pane: Pane, center_lps: FloatArray, ball_mm: float
    ) -> tuple[tuple[float, float], float] | None:
        """Return where a ball cuts the plane shown: (vertical, horizontal) and radius, mm."""
        axis, vertical, horizontal = pane.plane.order
        world = to_world(center_lps)
        off = world[axis] - to_world(self._linked.point_lps)[axis]
        if abs(off) > REACH_MM:
            return None
        # Targets are smaller than the reach; they keep a size that can be seen.
        radius = float(np.sqrt(max(ball_mm**2 - off**2, (0.55 * ball_mm) ** 2)))
        return (world[vertical], world[horizontal]), radius

    # What the reader does

    def joint_at(self, pane: Pane, point_lps: FloatArray) -> Joint | None:
        """Return the joint on whose ring a point of a pane lies; None when on no ring."""
        found = self._facets.localisation
        if found is None or not self._shown:
            return None
        _, vertical, horizontal = pane.plane.order
        world = to_world(point_lps)
        zoom = float(pane.model.scene.camera.zoom)
        nearest, joint = np.inf, None
        for facet in found.facets:
            place = None if facet.center_lps is None else self._cut(pane, facet.center_lps, BALL_MM)
            if place is None:
                continue
            (v, h), radius = place
            away = float(np.hypot(world[vertical] - v, world[horizontal] - h))
            inner = max(radius - _INSIDE_PX / zoom, _HOLE * radius)
            off = abs(away - radius)
            if inner <= away <= radius + _OUTSIDE_PX / zoom and off < nearest:
                nearest, joint = off, facet.joint
        return joint

    def joint_around(self, point_lps: FloatArray) -> Joint | None:
        """Return the joint in whose ball a point lies; None where no ring is drawn about it."""
        return self._facets.joint_at(point_lps, reach_mm=BALL_MM) if self._shown else None

    @property
    def selected(self) -> Joint | None:
        """The joint that is looked at."""
        return self._facets.selected

    def center_lps(self, joint: Joint) -> FloatArray | None:
        """Return the centre of a joint, LPS mm (3,); None when it has none."""
        found = self._facets.localisation
        return None if found is None else found.facet(joint.level, joint.side).center_lps

    def carry(self, joint: Joint | None, point_lps: FloatArray | None = None) -> None:
        """Show a joint elsewhere without saying so to anyone; None shows all where they are."""
        self.dragging, self._carried_lps = joint, point_lps
        self.refresh()

    def select(self, joint: Joint) -> None:
        """Look at a joint."""
        self._facets.choose(joint, closer=False)

    def put(self, joint: Joint, point_lps: FloatArray | None) -> bool:
        """Save where the reader puts a joint; None puts it back where it was found.

        Returns
        -------
        bool
            Whether it was saved; otherwise :attr:`notice` says why not.
        """
        point: Point | None = None
        if point_lps is not None:
            x, y, z = (float(value) for value in point_lps)
            point = (x, y, z)
        saved = self.record(JointMoved(joint, point))
        self.carry(None)
        if saved:
            self.select(joint)
        return saved

    def name(self, vertebra: str, point_lps: FloatArray | None) -> bool:
        """Save the name of a vertebra; without a point the name is taken back.

        Returns
        -------
        bool
            Whether it was saved; otherwise :attr:`notice` says why not.
        """
        if point_lps is None:
            return self.record(VertebraNamed(vertebra, None))
        x, y, z = (float(value) for value in point_lps)
        try:
            self._facets.check_click(vertebra, (x, y, z))
        except FusionError as error:
            self.say(f"Not saved. {error}")
            return False
        return self.record(VertebraNamed(vertebra, (x, y, z)))

    def record(self, change: Change) -> bool:
        """Save what the reader said; a refusal is said in a sentence and nothing is saved."""
        self.say("")
        try:
            if not self._need_reader():
                self.say("Not saved: nobody is named as the reader.")
                return False
            self._reading.save(change)
        except FusionError as error:
            self.say(str(error))
            return False
        return True

    def name_next(self, vertebra: str) -> None:
        """Let the next click name a vertebra; the empty string ends that."""
        self.naming = vertebra
        self.say("")
        self.events.naming()

    def say(self, notice: str) -> None:
        """Show a sentence in the pane that was used last; the empty string takes it away."""
        self.notice = notice
        self._forget.stop()
        if notice:
            self._forget.start()
        self.refresh()
        self.events.notice()

    def close(self) -> None:
        """Let go; Qt would hold these marks by their timer, and with them the study."""
        self._forget.stop()
        self._forget.timeout.disconnect(self._on_forget)

    def _on_forget(self) -> None:
        self.say("")

    def cancel(self) -> None:
        """Let a joint that is being dragged go where it was; or name no vertebra."""
        if self.dragging is not None:
            self.carry(None)
        elif self.naming:
            self.name_next("")
        else:
            self.say("")


def _apart(target: Target, center_lps: FloatArray) -> bool:
    return float(np.linalg.norm(np.array(target.point_lps) - center_lps)) > _APART_MM


def _shift(pane: Pane, joint: Joint, gap_mm: float) -> float:
    # Words lie away from the midline where a pane shows both sides.
    across = pane.plane.order[2] == 2
    return gap_mm * (joint.side.sign if across else 1)


def _write(pane: Pane, name: str, text: str) -> None:
    overlay, wrapped = pane.model.canvas.overlays[name], pane.wrapped(text)
    if overlay.text != wrapped:
        overlay.text = wrapped
    overlay.visible = bool(text)


def mark_keys(marks: Marks) -> dict[str, tuple[str, Callable[[], None]]]:
    """Return what each key does to the rings, as :func:`viewer.pictures.mouse.key_actions` does.

    Parameters
    ----------
    marks : Marks
        What the keys act on.
    """

    def toggle() -> None:
        marks.shown = not marks.shown

    return {
        "J": ("rings of the joints off and on", toggle),
    }
