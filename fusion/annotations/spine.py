"""Which joint does a point belong to? Answered by the spine itself, never by the image.

Side: the signed distance from the midline between the left and the right joints *at that level*,
along the left-right direction of that level, because necks tilt and turn
(docs/sources.md#laterality). Level: the nearest joint of that side. The boundary between two
levels is then the plane half way between their centres, and the distance to it is the margin.
A level that was not found is filled in between its neighbours, only to refuse points that lie
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fusion.anatomy import CERVICAL, LEVELS, Joint, Side
from fusion.annotations.placement import Placement, Point, point_of, side_of
from fusion.annotations.target import Decision
from fusion.errors import AnnotationError

if TYPE_CHECKING:
    from fusion.facets import Localisation

FloatArray = npt.NDArray[np.float64]

#: Nearer than this to the mid-plane between two joints the level is not certain, whatever the
#: uncertainties say, mm (docs/sources.md#level-error).
BETWEEN_LEVELS_MM = 3.0
#: Nearer than this to the midline the side is not certain, mm; a joint lies 17 to 18 mm away.
NEAR_MIDLINE_MM = 3.0
#: Further than this from the centre of the nearest joint a point belongs to none, mm: half the
#: longest facet (13.5 / 2) plus 3 mm for each of localisation and registration
#: (docs/sources.md#facet-surfaces).
JOINT_REACH_MM = 12.75
#: Least component along the patient's left that the direction from a right joint to a left one
#: has: cosine of 75 degrees, more than a neck turns.
_LEAST_LEFTWARD = 0.26
#: How far a midline that was given may lie from the middle between the two joints, mm.
_MIDLINE_TOLERANCE_MM = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class _Crossing:
    """A point on the midline at a level, and the direction to the left there; each (3,)."""

    level: str
    middle: FloatArray
    left: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Rung:
    """A level down one side and its centre, (3,), found or filled in."""

    level: str
    center: FloatArray
    found: bool


@dataclass(frozen=True, slots=True, eq=False)
class Spine:
    """Where the joints of this neck are, as far as they were found or marked.

    Parameters
    ----------
    centers_lps : mapping of Joint to (3,) point, mm
        Centres of joints in the CT's frame. At least one level with both sides and two levels.
    uncertainty_mm : mapping of Joint to float, mm
        How far each centre may be from the true one; leave out what is not known.
    midline_lps : mapping of str to (3,) point, mm
        Level to a point on its midline from elsewhere, for example the middle of the spinal
        canal. Used instead of the middle between the joints, and must agree with it.

    Raises
    ------
    AnnotationError
        The centres contradict themselves: left and right exchanged, upside down, too close.
    """

    centers_lps: Mapping[Joint, Point]
    uncertainty_mm: Mapping[Joint, float] = field(default_factory=dict)
    midline_lps: Mapping[str, Point] = field(default_factory=dict)
    # Each point that is judged asks for them several times, and a window judges all of them anew
    # with each change.
    _midline: tuple[_Crossing, ...] = field(init=False, repr=False)
    _ladders: dict[Side, tuple[_Rung, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        centers = {joint: point_of(point) for joint, point in self.centers_lps.items()}
        midline = {level: point_of(point) for level, point in self.midline_lps.items()}
        object.__setattr__(self, "centers_lps", centers)
        object.__setattr__(self, "midline_lps", midline)
        if not all(0 <= value < np.inf for value in self.uncertainty_mm.values()):
            raise AnnotationError("The uncertainty of a joint is a number of mm, 0 or more.")
        levels = self._paired_levels()
        if not levels or len({joint.level for joint in centers}) < 2:
            raise AnnotationError(
                "Side and level cannot be computed: both joints of at least one level and a "
                "second level have to be found or marked first."
            )
        for level in levels:
            self._check_pair(level)
        for side in Side:
            self._check_order(side)
        object.__setattr__(self, "_midline", tuple(map(self._crossing, levels)))
        object.__setattr__(self, "_ladders", {side: self._made_ladder(side) for side in Side})

    @classmethod
    def of(cls, localisation: Localisation) -> Spine:
        """Return the spine that was localised on a CT.

        Parameters
        ----------
        localisation : Localisation
            From :func:`fusion.facets.automatic.locate.locate`.

        Raises
        ------
        AnnotationError
            Too few joints, or joints that contradict each other.
        """
        found = [facet for facet in localisation.facets if facet.center_lps is not None]
        return cls(
            {facet.joint: point_of(facet.center_lps) for facet in found},
            uncertainty_mm={
                facet.joint: facet.localisation_mm
                for facet in found
                if facet.localisation_mm is not None
            },
            midline_lps={
                level: point_of(point) for level, point in localisation.midline_lps.items()
            },
        )

    def _paired_levels(self) -> tuple[str, ...]:
        return tuple(
            level
            for level in LEVELS
            if all(Joint(level, side) in self.centers_lps for side in Side)
        )

    def _pair(self, level: str) -> tuple[FloatArray, FloatArray]:
        left, right = (np.array(self.centers_lps[Joint(level, side)]) for side in Side)
        return left, right

    def _check_pair(self, level: str) -> None:
        left, right = self._pair(level)
        across = left - right
        width = float(np.linalg.norm(across))
        low, high = CERVICAL.pair_width_mm
        if not low <= width <= high:
            raise AnnotationError(
                f"The left and right joints of {level} are {width:.1f} mm apart; expected "
                f"{low:.0f} to {high:.0f} mm. Check where they are marked."
            )
        if across[0] < _LEAST_LEFTWARD * width:
            raise AnnotationError(
                f"The joint called Left {level} does not lie to the patient's left of the one "
                f"called Right {level} ({across[0]:+.1f} mm along the patient's left, of "
                f"{width:.1f} mm). Left and right may be exchanged; nothing can be marked until "
                "this is resolved."
            )
        if level in self.midline_lps:
            offset = np.array(self.midline_lps[level]) - (left + right) / 2
            off = abs(float(offset @ across) / width)
            if off > _MIDLINE_TOLERANCE_MM:
                raise AnnotationError(
                    f"The midline at {level} lies {off:.1f} mm from the middle between its two "
                    f"joints; expected at most {_MIDLINE_TOLERANCE_MM:.0f} mm. Check the joints."
                )

    def _check_order(self, side: Side) -> None:
        known = self._known(side)
        for upper, lower in pairwise(known):
            above = np.array(self.centers_lps[Joint(LEVELS[upper], side)])
            below = np.array(self.centers_lps[Joint(LEVELS[lower], side)])
            if above[2] <= below[2]:
                raise AnnotationError(
                    f"{side.value.capitalize()} {LEVELS[upper]} is marked {below[2] - above[2]:.1f}"
                    f" mm below {LEVELS[lower]}; it has to lie above it. The numbering is upside "
                    "down or the joints are exchanged."
                )

    def _known(self, side: Side) -> list[int]:
        return [n for n, level in enumerate(LEVELS) if Joint(level, side) in self.centers_lps]

    def lateral_mm(self, point_lps: npt.ArrayLike) -> float:
        """Return how far a point lies from the midline at its level, mm; left is positive.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        """
        return self._across(np.array(point_of(point_lps)))[0]

    def beside(
        self, point_lps: npt.ArrayLike, *, registration_mm: float | None = None
    ) -> tuple[float, float]:
        """Return :meth:`lateral_mm`, and how far that has to be for the side to be certain, mm.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        registration_mm : float, optional, mm
            Uncertainty of the Registration, for a point that comes from the functional volume.
        """
        lateral, levels = self._across(np.array(point_of(point_lps)))
        joints = [Joint(level, side) for level in levels for side in Side]
        return lateral, self._combined(NEAR_MIDLINE_MM, joints, registration_mm)

    def _combined(
        self, least_mm: float, joints: Iterable[Joint], registration_mm: float | None
    ) -> float:
        known = [self.uncertainty_mm.get(joint, 0.0) for joint in joints]
        return float(max(least_mm, np.hypot(max(known, default=0.0), registration_mm or 0.0)))

    def _across(self, point: FloatArray) -> tuple[float, tuple[str, ...]]:
        """Return the signed distance from the midline, and the levels that it was taken between."""
        crossings = self._midline
        nearest, lateral, between = np.inf, 0.0, crossings[:1]
        last = len(crossings) - 1
        for n in range(max(last, 1)):
            m = min(n + 1, last)
            upper, lower = crossings[n], crossings[m]
            step = lower.middle - upper.middle
            length = float(step @ step)
            along = float((point - upper.middle) @ step) / length if length else 0.0
            along = min(max(along, 0.0), 1.0)
            offset = point - (upper.middle + along * step)
            left = (1 - along) * upper.left + along * lower.left
            distance = float(np.linalg.norm(offset))
            if distance < nearest:
                nearest, between = distance, crossings[n : m + 1]
                lateral = float(offset @ left / np.linalg.norm(left))
        return lateral, tuple(one.level for one in between)

    def _crossing(self, level: str) -> _Crossing:
        left, right = self._pair(level)
        middle = np.array(self.midline_lps.get(level, (left + right) / 2), dtype=np.float64)
        return _Crossing(level, middle, (left - right) / np.linalg.norm(left - right))

    def _made_ladder(self, side: Side) -> tuple[_Rung, ...]:
        """Return the levels down one side, gaps and ends filled in; none where few are known."""
        known = self._known(side)
        if len(known) < 2:
            return ()
        centers = np.array([self.centers_lps[Joint(LEVELS[n], side)] for n in known])
        steps = np.diff(centers, axis=0) / np.diff(known)[:, None]
        first, last = known[0], known[-1]
        above = LEVELS[first - 1] if first else f"above {LEVELS[0]}"
        below = LEVELS[last + 1] if last + 1 < len(LEVELS) else f"below {LEVELS[-1]}"
        between = [
            _Rung(
                LEVELS[n],
                np.array([np.interp(n, known, centers[:, axis]) for axis in range(3)]),
                n in known,
            )
            for n in range(first, last + 1)
        ]
        return (
            _Rung(above, centers[0] - steps[0], False),
            *between,
            _Rung(below, centers[-1] + steps[-1], False),
        )

    def _ladder(self, side: Side) -> tuple[_Rung, ...]:
        rungs = self._ladders[side]
        if not rungs:
            raise AnnotationError(
                f"Fewer than two joints were found or marked on the {side.value}, so the level of "
                f"a point there cannot be computed. Mark two joints on the {side.value} first."
            )
        return rungs

    def knows_levels(self, side: Side) -> bool:
        """Whether enough joints of a side are known to tell levels there."""
        return bool(self._ladders[side])

    def level_at(self, point_lps: npt.ArrayLike, side: Side) -> str:
        """Return the level that a point is nearest to on one side, whether it was found or not.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        side : Side
            Where :meth:`knows_levels`.

        Returns
        -------
        str
            For example ``"C5-C6"``, ``"above C0-C1"``, ``"below C7-T1"``.
        """
        point = np.array(point_of(point_lps))
        rungs = self._ladder(side)
        return min(rungs, key=lambda rung: float(np.linalg.norm(point - rung.center))).level

    def place(self, point_lps: npt.ArrayLike, *, registration_mm: float | None = None) -> Placement:
        """Compute the joint that a point belongs to.

        Parameters
        ----------
        point_lps : (3,) array_like of float, mm
            In the CT's frame.
        registration_mm : float, optional, mm
            Uncertainty of the Registration, for a point that comes from the functional volume.

        Raises
        ------
        AnnotationError
            The point is near the midline, outside the levels that were found, or far from every
            joint.
        """
        point = np.array(point_of(point_lps))
        lateral, limit = self.beside(point, registration_mm=registration_mm)
        if abs(lateral) <= limit:
            raise AnnotationError(
                f"The point lies {abs(lateral):.1f} mm from the midline of the spine at this "
                f"level, within the uncertainty of {limit:.1f} mm: it belongs to neither side. "
                "Move it onto the joint."
            )
        side = side_of(lateral)
        rungs = self._ladder(side)
        distances = [float(np.linalg.norm(point - rung.center)) for rung in rungs]
        nearest = int(np.argmin(distances))
        level, center = rungs[nearest].level, rungs[nearest].center
        if not rungs[nearest].found:
            raise AnnotationError(
                f"The point lies on the {side.value} at {level}, {distances[nearest]:.1f} mm from "
                "where that joint would be, and no joint was found or marked there. Mark the "
                "joint on the CT first, or move the point."
            )
        if distances[nearest] > JOINT_REACH_MM:
            raise AnnotationError(
                f"The point lies {distances[nearest]:.1f} mm from the nearest joint, "
                f"{Joint(level, side).name}; a point further than {JOINT_REACH_MM:.0f} mm belongs "
                "to no joint. Move it onto the joint."
            )
        margins = [
            (_margin_mm(point, center, rungs[n].center), rungs[n].level)
            for n in (nearest - 1, nearest + 1)
            if 0 <= n < len(rungs)
        ]
        # The end of the column is drawn as far below a joint as the next joint lies above it: a
        # point on that joint is as near to both. The one that was found is named, on any processor.
        margin, neighbour = min(
            margins, key=lambda one: (round(one[0], 6), one[1] not in LEVELS, one[1])
        )
        judged = [Joint(name, side) for name in (level, neighbour) if name in LEVELS]
        return Placement(
            joint=Joint(level, side),
            point_lps=point_of(point),
            lateral_mm=lateral,
            distance_mm=distances[nearest],
            margin_mm=margin,
            neighbour=neighbour,
            uncertainty_mm=self._combined(BETWEEN_LEVELS_MM, judged, registration_mm),
        )


def _margin_mm(point: FloatArray, center: FloatArray, other: FloatArray) -> float:
    """Distance of a point to the plane half way between two joints; positive on this side."""
    across = center - other
    return float((point - (center + other) / 2) @ across / np.linalg.norm(across))


def verify_side_and_level(
    claimed: Joint,
    point_lps: npt.ArrayLike,
    *,
    spine: Spine,
    decision: Decision,
    registration_mm: float | None = None,
) -> Placement:
    """Check that the anatomy agrees with what a reader says about a point.

    Parameters
    ----------
    claimed : Joint
        What the reader says.
    point_lps : (3,) array_like of float, mm
        In the CT's frame.
    spine : Spine
        The joints of this CT.
    decision : Decision
        Only an indeterminate decision may stand between two levels, at either of them.
    registration_mm : float, optional, mm
        Uncertainty of the Registration, for a point that comes from the functional volume.

    Returns
    -------
    Placement
        For the claimed joint; to be kept in the Target.

    Raises
    ------
    AnnotationError
        What was claimed, what the anatomy says, and by how much they differ.
    """
    point = point_of(point_lps)
    lateral, limit = spine.beside(point, registration_mm=registration_mm)
    if side_of(lateral) is not claimed.side and abs(lateral) > limit:
        raise AnnotationError(
            f"Not saved. You chose {claimed.name}, but the point lies {abs(lateral):.1f} mm to the "
            f"patient's {side_of(lateral).value} of the spine's midline at this level. Choose the "
            f"{side_of(lateral).value} side, or move the point."
        )
    try:
        found = spine.place(point, registration_mm=registration_mm)
    except AnnotationError as exc:
        raise AnnotationError(f"Not saved. You chose {claimed.name}. {exc}") from exc
    if found.is_between_levels:
        return _between(claimed, found, decision, spine)
    if found.joint != claimed:
        raise AnnotationError(
            f"Not saved. You chose {claimed.name}, but the point lies {found.distance_mm:.1f} mm "
            f"from the centre of {found.joint.name}{_distance_to(claimed, point, spine)}. Choose "
            f"{found.joint.level}, move the point, or correct the numbering."
        )
    return found


def _between(claimed: Joint, found: Placement, decision: Decision, spine: Spine) -> Placement:
    if decision is not Decision.INDETERMINATE:
        raise AnnotationError(
            f"Not saved. You chose {claimed.name}, but the point lies between {found.joint.name} "
            f"and {found.neighbour}, {abs(found.margin_mm):.1f} mm from the plane half way between "
            f"them, within the uncertainty of {found.uncertainty_mm:.1f} mm. Move the point onto "
            "the joint, or record it as indeterminate."
        )
    if claimed == found.joint:
        return found
    neighbour = Joint(found.neighbour, found.joint.side) if found.neighbour in LEVELS else None
    if claimed != neighbour or claimed not in spine.centers_lps:
        raise AnnotationError(
            f"Not saved. You chose {claimed.name}, but the point lies between {found.joint.name} "
            f"and {found.neighbour}. Choose one of these, or move the point."
        )
    center = np.array(spine.centers_lps[claimed])
    return Placement(
        joint=claimed,
        point_lps=found.point_lps,
        lateral_mm=found.lateral_mm,
        distance_mm=float(np.linalg.norm(np.array(found.point_lps) - center)),
        margin_mm=-found.margin_mm,
        neighbour=found.joint.level,
        uncertainty_mm=found.uncertainty_mm,
    )


def _distance_to(claimed: Joint, point: Point, spine: Spine) -> str:
    if claimed not in spine.centers_lps:
        return f"; {claimed.name} was not found on this CT"
    distance = np.linalg.norm(np.array(point) - np.array(spine.centers_lps[claimed]))
    return f", and {distance:.1f} mm from that of {claimed.name}"
