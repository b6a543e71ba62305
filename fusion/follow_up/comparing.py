"""Two dates of one patient, joint by joint: what is higher, lower, or shows no change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from fusion.anatomy import JOINTS, Joint
from fusion.annotations import Spine, label_changes
from fusion.errors import AnnotationError
from fusion.facets import Numbering
from fusion.findings import Finding, worst_first
from fusion.findings.follow_up import (
    ALIGNMENT_NOT_TRUSTED,
    LEVELS_OF_DATE_DISPUTED,
    LEVELS_OF_DATE_PROVISIONAL,
    LINKED_BY_NAMES,
    NO_REFERENCE_ON_DATE,
    NOT_COMPARABLE_BY_VALUE,
    ON_ONE_DATE_ONLY,
    SCATTER_BEYOND_LIMITS,
    TOO_FEW_INACTIVE,
)
from fusion.findings.readings import LEVELS_UNCHECKED
from fusion.follow_up.bones import bone_changes
from fusion.follow_up.chance import chance_of
from fusion.follow_up.dated import Dated
from fusion.follow_up.limits import ChangeLimits, Told, told
from fusion.follow_up.linking import Link, link
from fusion.follow_up.persons import in_order, same_patient
from fusion.follow_up.protocol import protocols
from fusion.follow_up.sharpness import CommonResolution
from fusion.progress import Progress, ProgressCallback
from fusion.registration import Trust
from fusion.review import Review
from fusion.uptake import (
    MeanSpread,
    NativeNeck,
    Uptake,
    native_neck,
    sharpness_of,
    spread_of_means,
)

#: A joint whose mean is below this many times the reference on one date is one without activity.
#: Chosen by us: the limit of grade 1, which is one of the maximum.
INACTIVE_RATIO = 1.3
#: All joints without activity together may change by this much before the dates are no longer
#: comparable by value.
MOST_SHIFT = 0.15
#: So many joints without activity are needed to say that.
LEAST_INACTIVE = 4
#: Joints without activity that scatter more than this many times what is expected widen the limits.
MOST_SCATTER = 1.6
#: So many are needed to say how much they scatter.
_LEAST_SCATTERED = 8
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class JointChange:
    """One joint on two dates.

    Parameters
    ----------
    joint : Joint
        Which.
    earlier, later : Uptake or None
        What was measured; None where nothing was.
    ratio : float or None
        Mean over the reference, later over earlier; None where it is not known on both dates.
    limits : ChangeLimits or None
        Of the ratio where nothing changed.
    told : Told or None
        What is said; None where the joint was not measured on both dates.
    compared : int
        Joints that were compared in all.
    spill_from : Joint or None
        A neighbour that changed more and adds to this joint.
    """

    joint: Joint
    earlier: Uptake | None
    later: Uptake | None
    ratio: float | None
    limits: ChangeLimits | None
    told: Told | None
    compared: int
    spill_from: Joint | None = None

    @property
    def low_high(self) -> tuple[float, float] | None:
        """95 % limits of the true ratio."""
        if self.ratio is None or self.limits is None:
            return None
        return self.limits.around(self.ratio)

    @property
    def least(self) -> tuple[float, float] | None:
        """Ratios below and above which a change is told here."""
        return None if self.limits is None else self.limits.least(self.compared)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two dates of one patient.

    Parameters
    ----------
    earlier, later : Dated
        The dates; nothing of them is changed.
    link : Link
        How places correspond; only views and levels go by it.
    joints : tuple of JointChange
        All of :data:`fusion.anatomy.JOINTS`, in that order.
    findings : tuple of Finding
        What a reader must know, worst first.
    days : int or None
        Between the dates.
    tells : bool
        Whether "higher" and "lower" are said at all; otherwise the Findings say why not.
    shift : float or None
        Median ratio of the joints without activity, later over earlier.
    """

    earlier: Dated
    later: Dated
    link: Link
    joints: tuple[JointChange, ...]
    findings: tuple[Finding, ...]
    days: int | None
    tells: bool
    shift: float | None = field(default=None)

    def at(self, joint: Joint) -> JointChange:
        """Return one joint."""
        return self.joints[JOINTS.index(joint)]


def check_pair(earlier: Review, later: Review, *, same_patient_by: str | None = None) -> None:
    """Refuse two studies that cannot be compared, before anything takes long.

    Raises
    ------
    PairingError
        Another patient, the same study, or the wrong order.
    """
    same_patient(earlier, later, stated_by=same_patient_by)
    in_order(earlier, later)


def compare(
    earlier: Dated,
    later: Dated,
    *,
    same_patient_by: str | None = None,
    progress: ProgressCallback | None = None,
) -> Comparison:
    """Hold two dates of one patient against each other.

    Parameters
    ----------
    earlier, later : Dated
        The dates.
    same_patient_by : str, optional
        Who states that both are of one patient, where the files do not say enough.
    progress : callable, optional
        Told the fraction done; may raise :class:`fusion.errors.Cancelled`.

    Raises
    ------
    PairingError
        Another patient, the same study, or the wrong order.
    LevelsDisagree
        Pictures and names of the two dates contradict each other.
    GeometryError
        Too few joints have a place on both dates.
    """
    report = Progress(progress)
    dates = earlier, later
    stated = same_patient(earlier.review, later.review, stated_by=same_patient_by)
    order = in_order(earlier.review, later.review)
    linked = link(
        (earlier.review.fused.ct, earlier.localisation),
        (later.review.fused.ct, later.localisation),
        progress=report.part(0.0, 0.6),
    )
    report(0.6, "Working out the limits")
    made = protocols(earlier.review, later.review)
    necks = [_neck(date) for date in dates]
    shared = CommonResolution.of(*(sharpness_of(neck) for neck in necks))
    spreads = [
        _spread(date, neck, linked, sharp.mm, shared.mm)
        for date, neck, sharp in zip(dates, necks, (shared.earlier, shared.later), strict=True)
    ]
    report(0.9, "Comparing the joints")
    findings = [
        *stated,
        *order.findings,
        *made.findings,
        *shared.findings(),
        *_references(dates),
        *bone_changes(*dates),
        *_provisional(dates),
        *_disputed(dates),
        *_about_link(linked),
    ]
    tells = made.comparable and shared.is_told and all(spread is not None for spread in spreads)
    limits: Mapping[Joint, ChangeLimits] = {}
    changes: Mapping[Joint, float] = {}
    shift = None
    if spreads[0] is not None and spreads[1] is not None:
        changes = _changes(spreads[0], spreads[1])
        chance = chance_of(
            spreads[0], spreads[1], linked.to_later, resolution_doubt_mm=shared.doubt_mm
        )
        limits = {
            joint: ChangeLimits.of(chance[joint], other_delay=made.other_delay) for joint in changes
        }
        calm = _calm(changes, spreads[0], spreads[1])
        shift, about = _shifted(changes, calm)
        findings += about
        tells = tells and not about
        limits, about = _widened(limits, changes, calm)
        findings += about
    joints = tuple(_joint(joint, dates, changes, limits, tells) for joint in JOINTS)
    joints = tuple(replace(one, spill_from=_spill(one, changes)) for one in joints)
    missing = tuple(one.joint.name for one in joints if one.told is None and _on_one(one))
    if missing:
        findings.append(ON_ONE_DATE_ONLY(joints=missing))
    report(1.0, "Compared")
    return Comparison(
        earlier, later, linked, joints, worst_first(findings), order.days, tells, shift
    )


def _neck(date: Dated) -> NativeNeck:
    fused = date.review.fused
    return native_neck(date.localisation.facets, fused.spect, fused.registration, ct=fused.ct)


def _spread(
    date: Dated, neck: NativeNeck, linked: Link, resolution_mm: float, common_mm: float | None
) -> MeanSpread | None:
    fused = date.review.fused
    if fused.registration.status is Trust.DO_NOT_TRUST:
        return None
    return spread_of_means(
        neck,
        fused.registration,
        # What both dates differ by is shared between them.
        placed_mm=linked.placement_mm / math.sqrt(2),
        resolution_mm=resolution_mm,
        common_mm=common_mm,
    )


def _references(dates: tuple[Dated, Dated]) -> Iterator[Finding]:
    for which, date in zip(("earlier", "later"), dates, strict=True):
        if date.uptake.reference.value is None:
            yield NO_REFERENCE_ON_DATE(which=which, why=date.uptake.reference.words)
        if date.review.fused.registration.status is Trust.DO_NOT_TRUST:
            yield ALIGNMENT_NOT_TRUSTED(which=which)


def _provisional(dates: tuple[Dated, Dated]) -> Iterator[Finding]:
    for which, date in zip(("earlier", "later"), dates, strict=True):
        joints = tuple(
            facet.joint.name
            for facet in date.localisation.facets
            if facet.center_lps is not None and facet.numbering is Numbering.PROVISIONAL
        )
        confirmed = date.reading is not None and date.reading.numbering is not None
        if joints and not confirmed:
            yield LEVELS_OF_DATE_PROVISIONAL(which=which, joints=joints)


def _disputed(dates: tuple[Dated, Dated]) -> Iterator[Finding]:
    """Say which decisions the anatomy, as it is numbered now, gives to another joint."""
    for which, date in zip(("earlier", "later"), dates, strict=True):
        if date.reading is None or not date.reading.targets:
            continue
        try:
            changes = label_changes(date.reading.targets, spine=Spine.of(date.localisation))
        except AnnotationError:
            yield LEVELS_UNCHECKED()
            continue
        if changes:
            words = "; ".join(change.words for change in changes)
            yield LEVELS_OF_DATE_DISPUTED(which=which, changes=words)


def _about_link(linked: Link) -> Iterator[Finding]:
    names = tuple(one.joint.name for one in linked.joints if not one.by_picture)
    if names:
        yield LINKED_BY_NAMES(joints=names)


def _changes(earlier: MeanSpread, later: MeanSpread) -> dict[Joint, float]:
    """Return the logarithm of each joint's change."""
    return {
        joint: math.log(later.ratio[joint] / earlier.ratio[joint])
        for joint in JOINTS
        if joint in earlier.ratio and joint in later.ratio
    }


def _calm(
    changes: Mapping[Joint, float], earlier: MeanSpread, later: MeanSpread
) -> tuple[Joint, ...]:
    """Return the joints without activity on one date at least.

    On both would leave none where everything is warmer on one of them.
    """
    return tuple(
        joint for joint in changes if min(earlier.ratio[joint], later.ratio[joint]) < INACTIVE_RATIO
    )


def _shifted(
    changes: Mapping[Joint, float], calm: tuple[Joint, ...]
) -> tuple[float | None, list[Finding]]:
    if len(calm) < LEAST_INACTIVE:
        return None, [TOO_FEW_INACTIVE(found=len(calm), needed=LEAST_INACTIVE)]
    shift = math.exp(float(np.median([changes[joint] for joint in calm])))
    if abs(math.log(shift)) <= math.log(1 + MOST_SHIFT):
        return shift, []
    return shift, [NOT_COMPARABLE_BY_VALUE(percent=100 * (shift - 1))]


def _widened(
    limits: Mapping[Joint, ChangeLimits], changes: Mapping[Joint, float], calm: tuple[Joint, ...]
) -> tuple[Mapping[Joint, ChangeLimits], list[Finding]]:
    """Return limits that are as wide as the joints without activity scatter."""
    if len(calm) < _LEAST_SCATTERED:
        return limits, []
    middle = float(np.median([changes[joint] for joint in calm]))
    off = [abs(changes[joint] - middle) / limits[joint].sigma for joint in calm]
    times = _MAD_TO_SIGMA * float(np.median(off))
    if times <= MOST_SCATTER:
        return limits, []
    wider = {joint: one.times(times) for joint, one in limits.items()}
    return wider, [SCATTER_BEYOND_LIMITS(times=times)]


def _joint(
    joint: Joint,
    dates: tuple[Dated, Dated],
    changes: Mapping[Joint, float],
    limits: Mapping[Joint, ChangeLimits],
    tells: bool,
) -> JointChange:
    earlier, later = (date.uptake_at(joint) for date in dates)
    ratio = math.exp(changes[joint]) if joint in changes else None
    word = None
    if ratio is not None:
        word = told(ratio, limits[joint], joints=len(changes)) if tells else Told.NOT_TOLD
    return JointChange(joint, earlier, later, ratio, limits.get(joint), word, len(changes))


def _spill(one: JointChange, changes: Mapping[Joint, float]) -> Joint | None:
    """Return a neighbour that changed more, the same way, and adds most to a joint told changed."""
    if one.told not in (Told.HIGHER, Told.LOWER) or one.later is None or one.earlier is None:
        return None
    date = one.later if one.told is Told.HIGHER else one.earlier
    other = date.spill_from
    if other is None or other not in changes or one.joint not in changes:
        return None
    more = changes[other] / changes[one.joint] > 1
    return other if more else None


def _on_one(one: JointChange) -> bool:
    return (one.earlier is None) != (one.later is None)
