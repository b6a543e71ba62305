"""Two dates that show the same place: each in its own planes, one crosshair for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils.events import EmitterGroup

from fusion.annotations import Decision
from fusion.export import shared_tops
from fusion.facets import Numbering
from fusion.follow_up import Told
from fusion.views import landmarks
from viewer.facets.marks import BALL_MM, PROVISIONAL
from viewer.facets.words import label_of
from viewer.kit.theme import DOUBTFUL, INFO, POSITIVE
from viewer.pictures.flat.shown import Named
from viewer.pictures.flat.study import FlatStudy
from viewer.pictures.panes import Closeup, LinkedPanes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fusion.anatomy import Joint
    from fusion.follow_up import Comparison, Dated
    from fusion.geometry import FloatArray


class TwoDates:
    """What the two rows of pictures show.

    Each date keeps its own planes and its own alignment; a place that is chosen on one is looked up
    on the other through the link of the joints. Neither picture is bent or moved.

    Parameters
    ----------
    comparison : Comparison
        The dates.

    Attributes
    ----------
    linked : tuple of LinkedPanes
        Earlier and later.
    studies : tuple of FlatStudy
        What the flat pictures of each row share.
    events : napari.utils.events.EmitterGroup
        ``selected``.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.events = EmitterGroup(source=self, selected=None)
        self.dates = comparison.earlier, comparison.later
        self.linked = tuple(LinkedPanes(date.review) for date in self.dates)
        self.studies = tuple(FlatStudy(linked) for linked in self.linked)
        self._selected: Joint | None = None
        self._following = False
        tops = shared_tops(comparison)
        for n, linked in enumerate(self.linked):
            if tops is not None:  # one colour is one multiple of the reference
                linked.uptake_range = (0.0, tops[n])
            linked.reference = self.dates[n].uptake.reference.value
        self._link(0, comparison.link.to_later)
        self._link(1, comparison.link.to_earlier)
        told = [one.joint for one in comparison.joints if one.told in (Told.HIGHER, Told.LOWER)]
        linked_joints = [one.joint for one in comparison.link.joints]
        self.selected = next(iter((*told, *linked_joints)), None)

    def _link(self, own: int, across: Callable[[FloatArray], FloatArray]) -> None:
        """Let one date follow the other in everything that is looked at."""
        linked, other = self.linked[own], self.linked[1 - own]

        def follow_point() -> None:
            with _Once(self) as first:
                if first:
                    other.point_lps = across(linked.point_lps)

        def follow_frame() -> None:
            with _Once(self) as first:
                if not first:
                    return
                frame = linked.frame
                if frame is None:
                    other.frame = None
                    return
                x, y, z = (float(v) for v in across(np.array(frame.center_lps)))
                other.frame = Closeup((x, y, z), frame.field_mm)

        def follow_display() -> None:
            with _Once(self) as first:
                if not first:
                    return
                other.ct_window = linked.ct_window
                other.blend, other.palette = linked.blend, linked.palette
                other.spect_visible = linked.spect_visible
                self._share_colours(linked, other)

        linked.events.point.connect(follow_point)
        linked.events.frame.connect(follow_frame)
        linked.events.display.connect(follow_display)

    def _share_colours(self, linked: LinkedPanes, other: LinkedPanes) -> None:
        if linked.reference and other.reference:
            share = other.reference / linked.reference
            low, high = linked.uptake_range
            other.uptake_range = (low * share, high * share)

    @property
    def same_colours(self) -> bool:
        """Whether one colour is one multiple of the reference on both dates."""
        return all(linked.reference for linked in self.linked)

    @property
    def brightest(self) -> float:
        """How many times the reference the brightest colour is, where both dates have one."""
        reference = self.linked[0].reference
        return self.linked[0].uptake_range[1] / reference if reference else float("nan")

    @property
    def selected(self) -> Joint | None:
        """The joint that is looked at; putting one here moves both crosshairs to it."""
        return self._selected

    @selected.setter
    def selected(self, joint: Joint | None) -> None:
        self._selected = joint
        with _Once(self):
            for date, linked in zip(self.dates, self.linked, strict=True):
                center = _center(date, joint)
                if center is not None:  # each date at its own joint
                    linked.go_to(center)
        self.show_names()
        self.events.selected()

    def show_names(self) -> None:
        """Write the names of the joints into the pictures, each date its own."""
        for date, study in zip(self.dates, self.studies, strict=True):
            doubtful = date.localisation.numbering is Numbering.PROVISIONAL
            study.show_names(
                date.localisation,
                _named(date, self._selected, doubtful=doubtful),
                joint=self._selected,
                doubt=PROVISIONAL if doubtful else "",
            )

    def close(self) -> None:
        """Let the layers go with the window."""
        for linked in self.linked:
            linked.close()


class _Once:
    """Tells whether a change is the first of a chain, which the others only follow."""

    def __init__(self, dates: TwoDates) -> None:
        self._dates = dates
        self._first = False

    def __enter__(self) -> bool:
        self._first = not self._dates._following
        self._dates._following = True
        return self._first

    def __exit__(self, *_: object) -> None:
        if self._first:
            self._dates._following = False


def _center(date: Dated, joint: Joint | None) -> FloatArray | None:
    return None if joint is None else date.localisation.facet(joint.level, joint.side).center_lps


def _named(date: Dated, selected: Joint | None, *, doubtful: bool) -> tuple[Named, ...]:
    found = []
    for mark in landmarks(date.localisation, nerves={}):
        joint = mark.joint
        if joint is None:
            text = f"{mark.name} ?" if doubtful or mark.provisional else mark.name
            found.append(Named(mark.point_lps, text, DOUBTFUL if doubtful else INFO))
            continue
        target = date.target_at(joint)
        facet = date.localisation.facet(joint.level, joint.side)
        color = POSITIVE if target else DOUBTFUL if doubtful else INFO
        found.append(
            Named(
                mark.point_lps,
                label_of(facet, target),
                color,
                ring_mm=BALL_MM,
                side=joint.side.sign,
                chosen=joint == selected,
                dashed=doubtful or mark.provisional,
                decided=target is not None,
                positive=target is not None and target.decision is Decision.POSITIVE,
            )
        )
    return tuple(found)
