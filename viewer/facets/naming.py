"""What carries a name in the flat pictures: joints as they stand now, and vertebral bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fusion.annotations import Decision
from fusion.views import landmarks
from viewer.facets.marks import (
    BALL_MM,
    BODY_COLOR,
    CONTRADICTORY,
    DOUBTFUL_COLOR,
    PROVISIONAL,
    SURE_COLOR,
    TARGET_COLOR,
)
from viewer.facets.model import State
from viewer.facets.words import label_of
from viewer.pictures.flat.shown import Named

if TYPE_CHECKING:
    from fusion.anatomy import Joint
    from viewer.facets.model import FacetsModel
    from viewer.reading.model import ReadingModel


def named_places(facets: FacetsModel, reading: ReadingModel) -> tuple[Named, ...]:
    """Return joints and vertebral bodies with their names, as they stand now.

    Parameters
    ----------
    facets : FacetsModel
        The joints.
    reading : ReadingModel
        What was decided about them.
    """
    found = facets.localisation
    if found is None:
        return ()
    targets = reading.reading.targets if reading.reading is not None else ()
    decided = {target.joint: target for target in targets}
    nerves: dict[Joint, list[str]] = {}
    for block in reading.plan.nerves:
        for supplied in block.joints:
            nerves.setdefault(supplied, []).append(block.nerve.name)
    doubtful = facets.provisional or facets.spine is None
    result = []
    for mark in landmarks(found, nerves=nerves, bodies=facets.spine is not None):
        joint = mark.joint
        if joint is None:
            text = f"{mark.name} ?" if doubtful or mark.provisional else mark.name
            rgba = DOUBTFUL_COLOR if doubtful else BODY_COLOR
            result.append(Named(mark.point_lps, text, _hex(rgba)))
            continue
        target = decided.get(joint)
        rgba = TARGET_COLOR if target else DOUBTFUL_COLOR if doubtful else SURE_COLOR
        result.append(
            Named(
                mark.point_lps,
                label_of(found.facet(joint.level, joint.side), target),
                _hex(rgba),
                ring_mm=BALL_MM,
                side=joint.side.sign,
                chosen=joint == facets.selected,
                dashed=doubtful or mark.provisional,
                decided=target is not None,
                positive=target is not None and target.decision is Decision.POSITIVE,
                nerves=mark.nerves,
            )
        )
    return tuple(result)


def doubt_of(facets: FacetsModel) -> str:
    """Return what has to be said wherever names stand; empty when there is nothing."""
    if facets.state is State.FOUND and facets.spine is None:
        return CONTRADICTORY
    return PROVISIONAL if facets.provisional else ""


def _hex(rgba: tuple[float, float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * value):02x}" for value in rgba[:3])
