"""What a CT shows of a joint, and how far its level is to be trusted: words for both."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of a joint."""

    FOUND = "found"
    OUTSIDE = "outside field"
    NOT_FOUND = "not found"
    FUSED = "fused"
    OBSCURED = "obscured"


class Numbering(StrEnum):
    """How far the level of a joint is to be trusted."""

    SURE = "sure"
    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"


class WitnessKind(StrEnum):
    """What tells a level."""

    DENS = "dens and atlas"
    ATLAS = "shape of C1 and C2"
    DISC = "no disc inside C2"
    SKULL = "base of the skull"
    RIBS = "first ribs"
    LUNGS = "tops of the lungs"
    SHAPES = "shapes of the vertebrae"
    SPACING = "spacing of the levels"
    COUNT = "vertebrae one by one"
    LABELS = "label map"
    DENS_LABEL = "dens in the label map"


#: The sources of what :meth:`Localisation.with_moved` returns: a joint that had a place, and one
#: that had none.
DRAGGED, MARKED = "dragged by the reader", "marked by the reader"
#: Share of joints that ``localisation_mm`` is meant to hold: a bound, no expected error.
LOCALISATION_SHARE = 0.9
#: Witnesses that come of one training: together they count as the weightiest of them.
ONE_FAMILY = frozenset({WitnessKind.LABELS, WitnessKind.DENS_LABEL})
