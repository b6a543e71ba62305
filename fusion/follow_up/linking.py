"""From a place on the earlier CT to the same place on the later one, joint by joint.

A neck bends between two dates, so one rigid transform does not carry all of it; and pictures alone
slip by a whole level, since vertebrae look alike. So each joint begins where its *name* says, the
pictures move it by a few millimetres at most, and the levels are tried one and two off to see that
none of them fits as well. The result links views and checks names; nothing is measured through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fusion.anatomy import JOINTS, LEVELS, Joint, Side
from fusion.errors import GeometryError
from fusion.facets import Localisation
from fusion.follow_up.patches import PatchFit, Patchwork, fit_rigid
from fusion.geometry import FloatArray, RigidTransform, Volume
from fusion.progress import Progress, ProgressCallback

#: Further than this from the joint of that name, the place that the pictures find is another
#: place, mm. A level is 14 to 16 (docs/sources.md#joint-layout); the centres of two dates are each
#: known to 1 to 2.
MOST_APART_MM = 6.0
#: More than this is not turned by pictures beyond what the names turn, degrees.
_MOST_TURN_DEG = 15.0
#: Likeness below which two pictures are not held to show the same bone.
LEAST_LIKENESS = 0.55
#: Names one or two levels off have to fit worse than the right ones by this much.
LEAST_ADVANTAGE = 0.04
#: Joints with a place on both dates that a link needs.
LEAST_JOINTS = 4
#: Names are also tried this many levels off.
_SHIFTS = (-2, -1, 1, 2)
#: How fast the word of a joint fades with the distance from it, mm.
_REACH_MM = 9.0
#: Distance between points where only the better of two is asked for, mm.
_COARSE_MM = 3.5


class LevelsDisagree(GeometryError):  # noqa: N818 - reads as the sentence it shows
    """The names of the joints and the pictures of two dates contradict each other."""


@dataclass(frozen=True, slots=True, eq=False)
class JointLink:
    """How one joint is carried from one date to the other.

    Parameters
    ----------
    joint : Joint
        Which.
    transform : RigidTransform
        Earlier CT to later CT, there.
    likeness : float or None
        Correlation of the two pictures there; None where they were not used.
    apart_mm : float
        From where the transform leads the earlier centre to the later centre of the same name, mm.
    by_picture : bool
        Whether the pictures have a word in it, or only the names.
    """

    joint: Joint
    transform: RigidTransform
    likeness: float | None
    apart_mm: float
    by_picture: bool


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """How places of two dates correspond.

    Parameters
    ----------
    joints : tuple of JointLink
        Every joint that has a place on both dates.
    earlier_lps, later_lps : mapping of Joint to (3,) ndarray of float64, mm
        Centres on each CT, in its own frame.
    advantage : float or None
        By how much the names fit better than the best of those one or two levels off; None where
        too few joints could be tried.
    """

    joints: tuple[JointLink, ...]
    earlier_lps: Mapping[Joint, FloatArray] = field(repr=False)
    later_lps: Mapping[Joint, FloatArray] = field(repr=False)
    advantage: float | None

    def of(self, joint: Joint) -> JointLink | None:
        """Return how a joint is carried; None for one that has no place on one of the dates."""
        return next((one for one in self.joints if one.joint == joint), None)

    def to_later(self, point_lps: FloatArray) -> FloatArray:
        """Return where a point (3,) of the earlier CT lies on the later one, mm."""
        transforms = [one.transform for one in self.joints]
        return _blended(point_lps, [self.earlier_lps[j.joint] for j in self.joints], transforms)

    def to_earlier(self, point_lps: FloatArray) -> FloatArray:
        """Return where a point (3,) of the later CT lies on the earlier one, mm."""
        transforms = [one.transform.inverse() for one in self.joints]
        at = [one.transform.apply(self.earlier_lps[one.joint]) for one in self.joints]
        return _blended(point_lps, at, transforms)

    @property
    def placement_mm(self) -> float:
        """How far the two dates' centres of one joint lie apart on one axis, mm (root mean square).

        What the places of the same joint on two dates differ by, patient and program together.
        """
        apart = [one.apart_mm for one in self.joints if one.by_picture]
        return float(np.sqrt(np.mean(np.square(apart)) / 3)) if apart else _UNKNOWN_MM


#: Taken for one axis where pictures link no joint, mm: twice what simulated pairs differ by.
_UNKNOWN_MM = 1.5


def _blended(
    point_lps: FloatArray, centers: list[FloatArray], transforms: list[RigidTransform]
) -> FloatArray:
    """Move a point as the joints near it move, the nearest most."""
    away = np.linalg.norm(np.array(centers) - point_lps, axis=1)
    weights = np.exp(-np.square((away - away.min()) / _REACH_MM))
    moved = np.array([transform.apply(point_lps) for transform in transforms])
    result: FloatArray = (weights[:, None] * moved).sum(axis=0) / weights.sum()
    return result


def link(
    earlier: tuple[Volume, Localisation],
    later: tuple[Volume, Localisation],
    *,
    progress: ProgressCallback | None = None,
) -> Link:
    """Find how places of two CTs of one neck correspond.

    Parameters
    ----------
    earlier, later : (Volume, Localisation)
        CT and joints of each date.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    LevelsDisagree
        Pictures and names put joints more than :data:`MOST_APART_MM` apart, or names one or two
        levels off fit as well.
    GeometryError
        Fewer than :data:`LEAST_JOINTS` joints have a place on both dates.
    """
    report = Progress(progress)
    centers = [_centers(found) for _, found in (earlier, later)]
    both = [joint for joint in JOINTS if all(joint in places for places in centers)]
    if len(both) < LEAST_JOINTS:
        raise GeometryError(
            f"Only {len(both)} joints have a place on both dates; {LEAST_JOINTS} are needed to "
            "compare them. Find or mark the joints of both studies first."
        )
    report(0.0, "Taking the necks out of both CTs")
    works = [
        Patchwork.of(ct, np.array(list(places.values())))
        for (ct, _), places in zip((earlier, later), centers, strict=True)
    ]
    tried = _Trial((works[0], works[1]), (centers[0], centers[1]))
    advantage = tried.advantage(report.part(0.2, 0.5))
    _check_numbering(advantage)
    links = []
    for n, joint in enumerate(both):
        report(0.5 + 0.5 * n / len(both), "Holding the joints of both dates against each other")
        links.append(tried.linked(joint))
    found = Link(tuple(links), centers[0], centers[1], advantage)
    _check_places(found)
    report(1.0, "Linked")
    return found


def _centers(found: Localisation) -> dict[Joint, FloatArray]:
    return {f.joint: f.center_lps for f in found.facets if f.center_lps is not None}


def _check_numbering(advantage: float | None) -> None:
    if advantage is not None and advantage < LEAST_ADVANTAGE:
        raise LevelsDisagree(
            "The pictures of the two dates fit as well, or better, when the levels of one are "
            "taken one or two off. One of the dates may be numbered wrong. Nothing is compared: "
            "check the levels of both studies, name a vertebra in each, and compare again."
        )


def _check_places(found: Link) -> None:
    by_picture = [one for one in found.joints if one.by_picture]
    astray = [one.joint.name for one in by_picture if one.apart_mm > MOST_APART_MM]
    if astray:
        raise LevelsDisagree(
            f"The pictures of the two dates put {', '.join(astray)} more than "
            f"{MOST_APART_MM:.0f} mm from the joints of these names. One of the dates may be "
            "numbered a level off. Nothing is compared: check the levels of both studies, name a "
            "vertebra in each, and compare again."
        )
    unlike = [one for one in found.joints if not one.by_picture]
    if 2 * len(unlike) > len(found.joints):
        raise LevelsDisagree(
            f"At {len(unlike)} of {len(found.joints)} joints the CTs of the two dates do not look "
            "alike, so the pictures cannot confirm that the names mean the same joints. Nothing is "
            "compared: check the levels of both studies, and that both are of this patient."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """Two necks, and joints that are taken for the same."""

    works: tuple[Patchwork, Patchwork]
    centers: tuple[Mapping[Joint, FloatArray], Mapping[Joint, FloatArray]]

    def start(self, joint: Joint, shift: int = 0) -> RigidTransform | None:
        """Return the rigid transform that the names around a joint say; None for too few."""
        at = LEVELS.index(joint.level)
        pairs = []
        for level in LEVELS[max(at - 1, 0) : at + 2]:
            for side in Side:
                one, other = Joint(level, side), _shifted(Joint(level, side), shift)
                if one in self.centers[0] and other is not None and other in self.centers[1]:
                    pairs.append((self.centers[0][one], self.centers[1][other]))
        if len(pairs) < 3:
            return None
        return _rigid(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))

    def linked(self, joint: Joint) -> JointLink:
        start = self.start(joint) or self._from_everything()
        center, there = self.centers[0][joint], self.centers[1][joint]
        fit = fit_rigid(*self.works, center, start)
        if fit is None or fit.likeness < LEAST_LIKENESS or _turn(start, fit) > _MOST_TURN_DEG:
            likeness = None if fit is None else fit.likeness
            moved = float(np.linalg.norm(start.apply(center) - there))
            return JointLink(joint, start, likeness, moved, by_picture=False)
        moved = float(np.linalg.norm(fit.transform.apply(center) - there))
        return JointLink(joint, fit.transform, fit.likeness, moved, by_picture=True)

    def _from_everything(self) -> RigidTransform:
        both = [joint for joint in self.centers[0] if joint in self.centers[1]]
        return _rigid(*(np.array([places[joint] for joint in both]) for places in self.centers))

    def advantage(self, report: Progress) -> float | None:
        """Return by how much the names fit better than names one or two levels off."""
        right = self._likeness(0)
        found = []
        for n, shift in enumerate(_SHIFTS):
            report(n / len(_SHIFTS), "Trying the levels one and two off")
            wrong = self._likeness(shift)
            both = [joint for joint in right if joint in wrong]
            if len(both) >= LEAST_JOINTS:
                found.append(float(np.mean([right[j] - wrong[j] for j in both])))
        return min(found) if found else None

    def _likeness(self, shift: int) -> dict[Joint, float]:
        """Return how well each joint fits the one so many levels further down."""
        found = {}
        for joint in self.centers[0]:
            other = _shifted(joint, shift)
            if other not in self.centers[1]:
                continue
            start = self.start(joint, shift)
            fit = None if start is None else self._coarse(joint, start)
            if fit is not None:
                found[joint] = fit.likeness
        return found

    def _coarse(self, joint: Joint, start: RigidTransform) -> PatchFit | None:
        center = self.centers[0][joint]
        return fit_rigid(*self.works, center, start, step_mm=_COARSE_MM, fine=False)


def _turn(start: RigidTransform, fit: PatchFit) -> float:
    return (fit.transform @ start.inverse()).angle_deg


def _shifted(joint: Joint, by: int) -> Joint | None:
    at = LEVELS.index(joint.level) + by
    return Joint(LEVELS[at], joint.side) if 0 <= at < len(LEVELS) else None


def _rigid(points: FloatArray, wanted: FloatArray) -> RigidTransform:
    """Return the rigid transform that leads points (n, 3) nearest to others (least squares)."""
    middle, there = points.mean(axis=0), wanted.mean(axis=0)
    u, _, vt = np.linalg.svd((points - middle).T @ (wanted - there))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))])
    matrix = np.eye(4)
    matrix[:3, :3] = vt.T @ flip @ u.T
    matrix[:3, 3] = there - matrix[:3, :3] @ middle
    return RigidTransform.nearest(matrix)
