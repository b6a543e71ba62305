"""May the centre of a joint be put there? Asked before a reader's mark is kept."""

from __future__ import annotations

from fusion.anatomy import LEVELS, Joint
from fusion.annotations.placement import Point, point_of
from fusion.annotations.spine import Spine
from fusion.errors import AnnotationError
from fusion.facets import Localisation


def check_marked(
    joint: Joint,
    point_lps: Point,
    *,
    before: Spine | None,
    localisation: Localisation,
    located: Localisation | None = None,
) -> None:
    """Refuse a mark on the other side, at another level, or out of order.

    Parameters
    ----------
    joint : Joint
        Which joint the reader marks.
    point_lps : (3,) tuple of float, mm
        Where its centre is said to be, in the CT's frame.
    before : Spine or None
        The joints without the mark; None while there are too few to tell side and level.
    localisation : Localisation
        The same joints, as they are now.
    located : Localisation, optional
        The joints without any mark: many small steps lead no further than one.

    Raises
    ------
    AnnotationError
        What the mark contradicts, in millimetres.
    """
    after = localisation.with_moved({joint: point_of(point_lps)})
    if before is None and _too_few(after):
        return  # the first marks by hand: no side or level can be computed from them yet
    try:
        spine = Spine.of(after)
        lateral_mm = spine.lateral_mm(point_lps)
    except AnnotationError as exc:
        raise AnnotationError(f"Not saved. {joint.name} cannot be put there. {exc}") from exc
    if lateral_mm * joint.side.sign <= 0:
        raise AnnotationError(
            f"Not saved. {joint.name} cannot be put there: the point lies {abs(lateral_mm):.1f} mm "
            f"on the other side of the spine's midline at this level."
        )
    for known in (before, None if located is None else _spine_of(located)):
        if known is None or not known.knows_levels(joint.side):
            continue
        level = known.level_at(point_lps, joint.side)
        if level != joint.level:
            found = "" if known is before else " as it was found"
            raise AnnotationError(
                f"Not saved. {joint.name} cannot be put there: the point is nearer to "
                f"{joint.side.value} {level}{found}. If the levels are numbered wrongly, name a "
                "vertebra instead of moving its joints."
            )


def _spine_of(localisation: Localisation) -> Spine | None:
    try:
        return Spine.of(localisation)
    except AnnotationError:
        return None  # too few, or wrong, which is why the reader marks them


def _too_few(localisation: Localisation) -> bool:
    there = {facet.joint for facet in localisation.facets if facet.center_lps is not None}
    paired = [level for level in LEVELS if sum(joint.level == level for joint in there) == 2]
    return not paired or len({joint.level for joint in there}) < 2
