"""Joints of known place in the study of the markers, in place of a search for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import fusion
from fusion.anatomy.joints import JOINTS, LEVELS, VERTEBRAE, Joint, Side
from fusion.annotations.placement import Point
from fusion.facets.localisation import Facet, Localisation, Numbering, Status
from tests.annotations.necks import PITCH_MM, centers
from tests.viewer.marked_study import MIDDLE_LPS
from viewer.facets.model import FacetsModel, State
from viewer.pictures.panes import LinkedPanes
from viewer.reading.model import ReadingModel

UP = np.array([0.0, 0.0, 1.0])
TRUE = {
    joint: tuple(map(float, point)) for joint, point in centers(origin=tuple(MIDDLE_LPS)).items()
}


def vertebra_lps(name: str) -> Point:
    """Return the middle of a vertebra, as the levels are numbered at first."""
    x, y, z = MIDDLE_LPS
    return float(x), float(y), float(z - PITCH_MM * (VERTEBRAE.index(name) - 4))


def numbered(clicks: dict[str, Point]) -> Localisation:
    """Return the neck, numbered as a reader's clicks want it."""
    by = 0
    for name, point in clicks.items():
        by = VERTEBRAE.index(name) - round(4 - (point[2] - MIDDLE_LPS[2]) / PITCH_MM)
    numbering = Numbering.CONFIRMED if clicks else Numbering.SURE
    places = {
        Joint(LEVELS[n + by], joint.side): point
        for joint, point in TRUE.items()
        if 0 <= (n := LEVELS.index(joint.level)) + by < len(LEVELS)
    }
    facets = tuple(
        Facet(joint, Status.FOUND, np.array(places[joint]), UP, numbering, 1.5)
        if joint in places
        else Facet(joint, Status.OUTSIDE, None, None, numbering, None)
        for joint in JOINTS
    )
    midline = {
        level: (np.array(places[Joint(level, Side.LEFT)]) + places[Joint(level, Side.RIGHT)]) / 2
        for level in LEVELS
        if Joint(level, Side.LEFT) in places
    }
    return Localisation(facets, numbering, (), midline, ())


class KnownFacets(FacetsModel):
    """The model of the window, with the search left out: the joints are known at once."""

    def check_click(self, vertebra: str, point_lps: Point) -> None:
        pass

    def locate(self) -> None:
        self.show_located(numbered(dict(self.said.clicks)))

    def measure_soon(self) -> None:
        pass


def open_reading(review: fusion.Review, journal: Path, *, locate: bool = True) -> ReadingModel:
    """Return the model of a window on a study, as it was just opened, without the window."""
    linked = LinkedPanes(review)
    facets = KnownFacets(linked)
    model = ReadingModel(linked, facets, journal=journal)
    if locate:
        facets.start()
        assert facets.state is State.FOUND
    return model
