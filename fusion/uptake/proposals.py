"""What the program suggests a reader should look at. A proposal is never a target.

Every hot spot of the neck becomes one Proposal: what it belongs to or lies between, a grade, both
uncertainties, and the reason in words. No cut-off is validated for cervical facets
(docs/sources.md#no-uptake-cut-off): the thresholds are settings and say so wherever they are
shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.anatomy import Joint, Side
from fusion.findings import Finding
from fusion.findings.joints import (
    JOINTS_MERGED,
    JOINTS_OUTSIDE_SPECT,
    NO_REFERENCE,
    PROPOSALS_WITHHELD,
    REGISTRATION_NOT_TRUSTED,
    UPTAKE_NOT_VALIDATED,
)
from fusion.findings.volumes import NOT_A_BONE_TRACER, TRACER_NOT_KNOWN, TRACER_NOT_STATED
from fusion.geometry import FloatArray, Volume
from fusion.json_form import rounded
from fusion.progress import Progress, ProgressCallback
from fusion.registration import Registration
from fusion.uptake.activity import fit_activity, with_others
from fusion.uptake.hot_spots import (
    Assignment,
    HotSpot,
    assign,
    between_words,
    find_hot_spots,
)
from fusion.uptake.measures import RATIO_TO_REFERENCE
from fusion.uptake.measuring import Uptake, measure_in
from fusion.uptake.native import JointPlace, native_neck
from fusion.uptake.reference import Reference
from fusion.uptake.settings import (
    NOT_VALIDATED,
    HotSpotSettings,
    ProposalSettings,
    ReferenceChoice,
)
from fusion.uptake.structures import StructureKind

#: Words of the grades (docs/sources.md#visual-grades).
GRADE_WORDS = ("not above the reference", "slightly above", "clearly above", "intense")

_WITHHOLD = (NOT_A_BONE_TRACER, TRACER_NOT_KNOWN, TRACER_NOT_STATED)
#: What a reader must know about a joint that is proposed although it is not an ordinary one.
_STATUS_WORDS = {
    "fused": "{} is fused on the CT: there is no joint space, and the uptake may be that of the "
    "fusion",
    "obscured": "{} is hidden by metal or not recognisable on the CT: its place is an estimate",
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Proposal:
    """A suggestion about one hot spot; never a target until a reader accepts it.

    Parameters
    ----------
    joint : Joint or None
        The joint, only where :attr:`certain`; None for everything else.
    candidates : tuple of Joint
        Joints that it may be, most likely first; one when certain, none elsewhere.
    place : str
        In words: a joint, another structure, between two, or not cervical.
    certain : bool
        Whether registration and localisation leave nothing else open. The number of the level is
        another matter, see :attr:`numbering`.
    grade : int
        0 to 3; the thresholds are not validated.
    numbering : str or None
        ``"sure"``, ``"provisional"`` or ``"confirmed"`` for the level; None where no level is
        named.
    joint_status : str or None
        What became of the most likely joint on the CT: ``"found"``, ``"fused"`` or
        ``"obscured"``; None where no joint comes into question.
    point_lps : (3,) ndarray of float64, mm
        The hot spot in the CT's frame.
    value : float
        Of the hottest native voxel, in ``unit``.
    unit : str
        Of the functional volume.
    ratio_to_reference : float or None
        Of that voxel.
    spill_in : float
        Estimated part of it that comes from elsewhere, in ``unit``.
    registration_mm, localisation_mm : float or None, mm
        Both uncertainties as known; None where not known, and assumed as the reason says.
    combined_mm : float, mm
        What was held against the distance to the next structure.
    margin_mm : float, mm
        That distance, to the plane half-way.
    uptake : Uptake or None
        What was measured at the joint, where there is one.
    reason : str
        In words.
    """

    joint: Joint | None
    candidates: tuple[Joint, ...]
    place: str
    certain: bool
    grade: int
    numbering: str | None
    joint_status: str | None
    point_lps: FloatArray
    value: float
    unit: str
    ratio_to_reference: float | None
    spill_in: float
    registration_mm: float | None
    localisation_mm: float | None
    combined_mm: float
    margin_mm: float
    uptake: Uptake | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: millimetres to two places, null where unknown."""
        return {
            "level": self.joint.level if self.joint else None,
            "side": self.joint.side.value if self.joint else None,
            "candidates": [{"level": j.level, "side": j.side.value} for j in self.candidates],
            "place": self.place,
            "certain": self.certain,
            "grade": self.grade,
            "grade_words": GRADE_WORDS[self.grade],
            "thresholds": NOT_VALIDATED,
            "numbering": self.numbering,
            "joint_status": self.joint_status,
            "point_lps": np.round(self.point_lps, 2).tolist(),
            "value": round(self.value, 4),
            "unit": self.unit,
            "ratio_to_reference": rounded(self.ratio_to_reference, 4),
            "spill_in": round(self.spill_in, 4),
            "registration_mm": rounded(self.registration_mm),
            "localisation_mm": rounded(self.localisation_mm),
            "combined_mm": rounded(self.combined_mm),
            "margin_mm": rounded(self.margin_mm),
            "reason": self.reason,
            "is_target": False,
        }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Quantification:
    """Everything that the functional volume says about the joints of a neck.

    Parameters
    ----------
    uptakes : tuple of Uptake
        One for each joint that has a centre.
    proposals : tuple of Proposal
        Highest grade first, then hottest.
    reference : Reference
        What the ratios refer to.
    findings : tuple of Finding
        What a reader must know.
    """

    uptakes: tuple[Uptake, ...]
    proposals: tuple[Proposal, ...]
    reference: Reference
    findings: tuple[Finding, ...]

    def uptake_of(self, joint: Joint) -> Uptake | None:
        """Return what was measured at a joint; None when it has no centre."""
        return next((u for u in self.uptakes if u.joint == joint), None)


def assess(
    places: Sequence[JointPlace],
    spect: Volume,
    registration: Registration,
    *,
    ct: Volume | None = None,
    reference: ReferenceChoice | None = None,
    settings: ProposalSettings | None = None,
    progress: ProgressCallback | None = None,
) -> Quantification:
    """Measure the uptake at every joint and propose which are active.

    Parameters
    ----------
    places : sequence of JointPlace
        Joints on the CT, for example ``Localisation.facets``.
    spect : Volume
        The functional volume, on its own grid.
    registration : Registration
        Functional volume to CT.
    ct : Volume, optional
        HU; without it there is no bone to compare with.
    reference : ReferenceChoice, optional
        Non-active cervical bone by default.
    settings : ProposalSettings, optional
        Thresholds.
    progress : Progress, optional
        Told what is being done.

    Raises
    ------
    GeometryError
        No joint has a centre, left and right are exchanged, or the functional volume does not
        reach the neck.
    """
    settings = settings or ProposalSettings()
    report = Progress(progress)
    report(0.0, f"Taking the neck out of the {spect.source.label}")
    neck = native_neck(places, spect, registration, ct=ct)
    report(0.4, "Telling joints from ordinary bone")
    activity = fit_activity(neck, resolution_mm=settings.uptake.resolution_mm)
    spots = find_hot_spots(neck, activity, settings=settings.hot_spots)
    report(0.7, "Assigning hot spots")
    assigned = [
        (spot, assign(spot, neck, places, registration, settings=settings.hot_spots))
        for spot in spots
    ]
    elsewhere = [s.native_lps for s, a in assigned if not _is_joint(a)]
    if elsewhere:  # what they spill into the joints is known only now
        resolution = activity.resolution
        del activity  # as large as the neck, beside the next
        activity = with_others(resolution, neck, np.array(elsewhere))
    uptakes = measure_in(
        neck, activity, places, registration, reference=reference, settings=settings.uptake
    )
    compared_with = uptakes[0].reference
    ordinary = compared_with.value or activity.background + activity.bone
    by_joint = {place.joint: place for place in places}
    proposals: list[Proposal] = []
    is_withheld = not settings.any_tracer and any(f.kind in _WITHHOLD for f in spect.findings)
    for spot, assignment in [] if is_withheld else assigned:
        joint = assignment.structure.joint if assignment.structure else None
        row = None if joint is None else neck.index(joint)
        spill = 0.0 if row is None else activity.spill(neck, row, spot.native_lps)[0]
        grade = settings.grade((spot.value - spill) / ordinary)
        if grade < settings.least_grade:
            continue
        measured = None if row is None else uptakes[row]
        proposals.append(
            _proposal(
                spot,
                assignment,
                grade=grade,
                ratio=None if not compared_with.value else spot.value / compared_with.value,
                spill=spill,
                unit=neck.unit,
                measured=measured,
                places=by_joint,
                settings=settings,
            )
        )
    proposals.sort(key=lambda p: (-p.grade, -p.value))
    report(1.0, "Uptake measured")
    measured_at = {uptake.joint: uptake for uptake in uptakes}
    ordered = tuple(measured_at[p.joint] for p in places if p.joint in measured_at)
    return Quantification(
        uptakes=ordered,
        proposals=tuple(proposals),
        reference=compared_with,
        findings=(
            *_findings(ordered, compared_with, spect.source.label),
            *([PROPOSALS_WITHHELD()] if is_withheld else []),
        ),
    )


def _is_joint(assignment: Assignment) -> bool:
    return assignment.structure is not None and assignment.structure.kind is StructureKind.JOINT


def _proposal(
    spot: HotSpot,
    assignment: Assignment,
    *,
    grade: int,
    ratio: float | None,
    spill: float,
    unit: str,
    measured: Uptake | None,
    places: Mapping[Joint, JointPlace],
    settings: ProposalSettings,
) -> Proposal:
    structure, rival = assignment.structure, assignment.rival
    candidates = tuple(s.joint for s in (structure, rival) if s is not None and s.joint is not None)
    place = StructureKind.OUTSIDE.value
    if structure is not None:
        place = structure.name if rival is None else between_words(structure, rival)
    joint = structure.joint if structure is not None and assignment.certain else None
    levels = [str(places[c].numbering) for c in candidates]
    return Proposal(
        joint=joint,
        candidates=candidates,
        place=place,
        certain=assignment.certain,
        grade=grade,
        numbering=_weakest(levels),
        joint_status=str(places[candidates[0]].status) if candidates else None,
        point_lps=spot.point_lps,
        value=spot.value,
        unit=unit,
        ratio_to_reference=ratio,
        spill_in=spill,
        registration_mm=assignment.registration_mm,
        localisation_mm=assignment.localisation_mm,
        combined_mm=assignment.combined_mm,
        margin_mm=assignment.margin_mm,
        uptake=measured,
        reason=_reason(
            assignment,
            grade,
            ratio,
            spill,
            spot,
            measured,
            [places[c] for c in candidates],
            settings,
        ),
    )


def _weakest(levels: Sequence[str]) -> str | None:
    for state in ("provisional", "sure", "confirmed"):
        if state in levels:
            return state
    return None


def _reason(
    assignment: Assignment,
    grade: int,
    ratio: float | None,
    spill: float,
    spot: HotSpot,
    measured: Uptake | None,
    candidates: Sequence[JointPlace],
    settings: ProposalSettings,
) -> str:
    parts = []
    if ratio is not None:
        parts.append(
            f"Hottest voxel {RATIO_TO_REFERENCE.number(ratio)} times the reference, grade {grade} "
            f"({GRADE_WORDS[grade]}; thresholds {NOT_VALIDATED})"
        )
    else:
        parts.append(
            f"Grade {grade} ({GRADE_WORDS[grade]}; thresholds {NOT_VALIDATED}) against ordinary "
            "bone as modelled, because the reference could not be measured"
        )
    if grade == 0:
        parts.append("it stands out of what ordinary bone would show at this place")
    if spill > 0.1 * spot.value:
        parts.append(f"about {spill / spot.value:.0%} of it comes from neighbours")
    parts.append(assignment.words)
    parts += _unknown(assignment, settings.hot_spots)
    if measured is not None and measured.merged_with:
        names = ", ".join(joint.name for joint in measured.merged_with)
        parts.append(
            f"at {measured.resolution.mm:.0f} mm resolution ({measured.resolution.source}) this "
            f"joint cannot be told from {names}"
        )
    parts += [
        _STATUS_WORDS[p.status].format(p.joint.name)
        for p in candidates
        if p.status in _STATUS_WORDS
    ]
    if any(str(place.numbering) == "provisional" for place in candidates):
        parts.append("the numbering of the levels is provisional")
    return "; ".join(parts) + "."


def _unknown(assignment: Assignment, settings: HotSpotSettings) -> list[str]:
    parts = []
    if assignment.registration_mm is None:
        parts.append(
            f"the uncertainty of the registration is not known, "
            f"{settings.assumed_registration_mm:g} mm assumed"
        )
    if assignment.structure is not None and assignment.localisation_mm is None:
        parts.append(
            f"the error of the joint's centre is not known, "
            f"{settings.assumed_localisation_mm:g} mm assumed"
        )
    return parts


def _findings(uptakes: Sequence[Uptake], reference: Reference, label: str) -> tuple[Finding, ...]:
    findings = [UPTAKE_NOT_VALIDATED()]
    if reference.value is None and "joint by joint" not in reference.words:
        findings.append(NO_REFERENCE(reason=reference.words))
    outside = [u.joint.name for u in uptakes if u.maximum is None]
    if outside:
        findings.append(JOINTS_OUTSIDE_SPECT(spect=label, joints=tuple(outside)))
    merged = [u.joint.level for u in uptakes if u.merged_with and u.joint.side is Side.LEFT]
    if merged:
        resolution = uptakes[0].resolution
        findings.append(
            JOINTS_MERGED(
                resolution_mm=resolution.mm,
                source=resolution.source,
                levels=tuple(dict.fromkeys(merged)),
            )
        )
    if any(u.registration_mm is not None and np.isinf(u.registration_mm) for u in uptakes):
        findings.append(REGISTRATION_NOT_TRUSTED())
    return tuple(findings)


def proposals_json(proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """Return the JSON form of proposals, in their order."""
    return [proposal.to_json() for proposal in proposals]
