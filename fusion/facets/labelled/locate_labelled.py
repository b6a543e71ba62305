"""Joints from a label map made elsewhere, numbered as the map says and as the CT agrees.

The places of the joints are geometry on the labels. The names of the levels are a claim of the
program that made them: one piece of evidence among those of :mod:`fusion.facets.automatic.claims`,
which the CT may contradict and which a reader's click overrules.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from fusion.anatomy import JOINTS, LEVELS, Joint, Side
from fusion.errors import FusionError
from fusion.facets.anomalies import proposal_findings, with_anomalies
from fusion.facets.automatic.locate import (
    HIDDEN_MM,
    METAL_SHARE,
    locate_in,
    numbering_by_level,
    weakest,
)
from fusion.facets.automatic.naming.judging import judge, status_of
from fusion.facets.automatic.naming.numbering import Levels, chain_of, reached_in
from fusion.facets.automatic.neck import Neck, points_on
from fusion.facets.automatic.refine import METAL_HU
from fusion.facets.automatic.remarks import findings_about, values_findings
from fusion.facets.automatic.straight import sample_points
from fusion.facets.automatic.template import template
from fusion.facets.labelled.between_bones import LabelledJoint, joint_between, joint_with_skull
from fusion.facets.labelled.bones import Bone
from fusion.facets.labelled.conventions import COLUMN
from fusion.facets.labelled.maps import Mask, Part
from fusion.facets.labelled.spine import LabelledSpine
from fusion.facets.labelled.subregions import stands_on
from fusion.facets.localisation import (
    FROM_PROCESSES,
    FROM_VERTEBRAE,
    LABEL_MAP,
    Facet,
    Localisation,
    Witness,
)
from fusion.facets.spine_statements import Anomaly, SpineStatements
from fusion.facets.states import Numbering, Status, WitnessKind
from fusion.findings import Finding
from fusion.findings.joints import (
    JOINTS_FROM_CT,
    JOINTS_FROM_LABELS,
    JOINTS_NOT_LABELLED,
    LABELS_APART,
    LABELS_CONTRADICTED,
    LABELS_RENAMED,
    LABELS_UNCHECKED,
)
from fusion.geometry import FloatArray, Volume
from fusion.progress import Progress, ProgressCallback

#: Weight of a label map as evidence: it needs the support of one more piece to make a level sure.
#: Such programs mix neighbours up in 1 to 15 of 100 scans (docs/sources.md#label-quality).
LABEL_WEIGHT = 2.0
#: Weight of a labelled dens: of the same training as the names, so that it supports nothing alone.
_DENS_WEIGHT = 0.5
#: Two labels are of one bone when one holds this share of the other's voxels.
_SAME_SHARE = 0.4
#: The level below each vertebra that has one here.
_LEVEL_BELOW = {level.split("-")[0]: level for level in LEVELS[1:]}
#: How far off a centre may be, nine in ten being nearer: of an ideal map, and what each mm of voxel
#: edge adds, mm. From articular processes, and from whole vertebrae (docs/labels.md).
_FROM_PROCESSES_MM, _FROM_VERTEBRAE_MM = (1.3, 0.8), (2.8, 1.3)
#: Radius in which metal hides a joint, mm.
_HIDING_MM = 9.0
#: A click this far from every labelled vertebra names none, mm.
_CLICK_MM = 8.0
#: Joints that the CT alone shows are the same as those of the labels within this, mm: half the
#: distance between two levels.
_SAME_MM = 6.5


def locate_with_labels(
    spine: LabelledSpine,
    ct: Volume,
    neck: Neck | None,
    said: SpineStatements | None = None,
    *,
    others: Sequence[LabelledSpine] = (),
    progress: ProgressCallback | None = None,
) -> Localisation:
    """Find the facet joints from labels.

    Parameters
    ----------
    spine : LabelledSpine
        From :func:`fusion.facets.labelled.spine.read_labels`.
    ct : Volume
        HU; the labels lie on it.
    neck : Neck or None
        What the CT alone says, from :func:`fusion.facets.automatic.neck.find_neck`; without it
        nothing can support or contradict the names of the levels.
    said : SpineStatements, optional
        What a reader says of this spine. Vertebrae that were named overrule the names in the
        labels.
    others : sequence of LabelledSpine, optional
        Maps of the same CT by other programs. They may contradict the names; programs that were
        trained on the same data count as one witness.
    progress : Progress, optional
        Told what is being done.

    Returns
    -------
    Localisation
        Every markable joint. Joints that the labels do not show are those found on the CT alone
        where both agree about the levels, and say so in their ``source``.

    Raises
    ------
    FusionError
        A click on a vertebra that has no name here, or on none that is labelled.
    """
    report = Progress(progress)
    report(0.0, "Finding the joints of the labels")
    said = said or SpineStatements()
    anomalies = said.anomalies
    points = points_on(ct, said.clicks)
    shift, kept = _shift(spine, points)
    bones = {COLUMN[n]: bone for n, bone in _shifted(spine.bones, shift)}
    found = _joints(spine, bones, with_skull=shift == 0)
    report(0.4, "Comparing with what the CT shows")
    # Where a reader's click renames every level, the CT's own count has nothing left to say.
    own = None if neck is None or shift else locate_in(neck, said.unmoved)
    evidence = [_claim(spine, shift), *_dens_claim(spine, bones)]
    evidence += [_claim_beside(other, bones) for other in others]
    heights = {} if neck is None else _heights(found, neck)
    chain = chain_of(heights, template())
    reached = from_c2 = frozenset(LEVELS)
    if neck is not None and heights:
        claims = with_anomalies(neck.claims, anomalies)
        evidence += judge(chain, neck.scores, neck.parts, claims, neck.rhythm)
        reached = reached_in(chain, neck.rhythm, points)
        from_c2 = reached_in(chain, neck.rhythm, ())
    numbering = by_itself = status_of(evidence)
    if points:
        numbering = Numbering.CONFIRMED if kept else Numbering.PROVISIONAL
    doubtful = neck is not None and (neck.values.too_noisy or neck.values.shift_hu)
    if doubtful and numbering is Numbering.SURE:
        numbering = Numbering.PROVISIONAL
    filled, disagree = _from_ct(own, found)
    plain = by_itself is Numbering.SURE and kept and not (shift or doubtful or disagree)
    disagree &= not points
    if disagree:
        numbering = Numbering.PROVISIONAL
    apart_mm = _apart_mm(own, found)
    apart_levels = {joint.level for joint, apart in apart_mm.items() if apart > _SAME_MM}
    reached -= apart_levels
    sure = from_c2 - apart_levels if plain else frozenset()
    by_level = numbering_by_level(numbering, anomalies, points, reached=reached, sure=sure)
    placed = (
        replace(filled[joint], numbering=by_level[joint.level])
        if joint in filled
        else _facet(joint, found.get(joint), spine, ct, by_level[joint.level], own, anomalies)
        for joint in JOINTS
    )
    facets = tuple(
        _hidden_by(spine.parts.metal, _less_known(facet, apart_mm.get(facet.joint, 0.0)))
        for facet in placed
    )
    report(1.0, "Joints found")
    levels = Levels(
        chain,
        numbering,
        tuple(evidence),
        kept,
        reached,
        contradicted=_contradicted(evidence) if points else (),
        clicked=tuple(points),
        sure=sure,
    )
    findings = [
        *spine.findings,
        *(() if neck is None else values_findings(neck.values)),
        *findings_about(levels, facets, anomalies, float(ct.grid.spacing_mm.max())),
        *_findings(spine, facets, shift, disagree, has_neck=neck is not None),
    ]
    names = tuple(joint.name for joint, apart in apart_mm.items() if apart > _SAME_MM)
    if names and not disagree:
        findings.append(LABELS_APART(joints=names, apart_mm=_SAME_MM))
    midline = _midline(facets, bones)
    proposed = () if own is None else own.proposed
    findings += proposal_findings(proposed)
    located = Localisation(
        facets, weakest(facets), tuple(evidence), midline, tuple(findings), proposed
    )
    return located.with_moved(said.moved)


def check_clicks(spine: LabelledSpine, ct: Volume, clicks: Mapping[str, npt.ArrayLike]) -> None:
    """Refuse clicks that :func:`locate_with_labels` would refuse.

    Parameters
    ----------
    spine : LabelledSpine
        From :func:`fusion.facets.labelled.spine.read_labels`.
    ct : Volume
        HU; the labels lie on it.
    clicks : mapping of str to (3,) array_like of float, LPS mm
        Vertebra to a point in it.

    Raises
    ------
    FusionError
        A vertebra that has no name here, or a point outside the CT or on no labelled vertebra.
    """
    _shift(spine, points_on(ct, clicks))


def _shift(spine: LabelledSpine, points: Mapping[str, FloatArray]) -> tuple[int, bool]:
    """Return by how many levels a reader's clicks move the names, and whether they agree."""
    shifts = set()
    for name, point in points.items():
        away = {n: _distance(bone, point) for n, bone in spine.bones.items()}
        nearest = min(away, key=lambda n: away[n])
        if away[nearest] > _CLICK_MM:
            raise FusionError(
                f"The point given for {name} lies {away[nearest]:.0f} mm from the nearest labelled "
                "vertebra. Click on a vertebra that the label map marks, or leave the map out."
            )
        shifts.add(COLUMN.index(name) - COLUMN.index(nearest))
    return (shifts.pop() if len(shifts) == 1 else 0), len(shifts) == 0


def _distance(bone: Bone, point: FloatArray) -> float:
    return float(cKDTree(bone.points_lps).query(point)[0])


def _shifted(bones: Mapping[str, Bone], shift: int) -> list[tuple[int, Bone]]:
    numbered = [(COLUMN.index(name) + shift, bone) for name, bone in bones.items()]
    return [(n, bone) for n, bone in numbered if 0 <= n < len(COLUMN)]


def _joints(
    spine: LabelledSpine, bones: Mapping[str, Bone], *, with_skull: bool
) -> dict[Joint, LabelledJoint]:
    names = {id(bone): name for name, bone in bones.items()}
    as_named = {old: names[id(bone)] for old, bone in spine.bones.items() if id(bone) in names}
    processes = {
        Part(as_named[part.vertebra], part.process, part.side): mask
        for part, mask in spine.parts.processes.items()
        if part.vertebra in as_named
    }
    found = {}
    for joint in JOINTS:
        if joint.upper in bones and joint.lower in bones:
            one = joint_between(joint, bones[joint.upper], bones[joint.lower], processes)
        elif joint.upper == "C0" and with_skull and spine.skull is not None and "C1" in bones:
            one = joint_with_skull(joint, spine.skull, bones["C1"])
        else:
            continue
        if one is not None:
            found[joint] = one
    return found


def _claim(spine: LabelledSpine, shift: int) -> Witness:
    named = [n for n in map(COLUMN.index, spine.bones) if n < len(LEVELS) - 1]
    # A level that has a name before and after a click, where there is one.
    n = next((n for n in named if 0 <= n + shift < len(LEVELS) - 1), named[0])
    level = LEVELS[n + 1]
    implies = LEVELS[n + 1 + shift] if 0 <= n + 1 + shift < len(LEVELS) else "outside the neck"
    first, *_, last = spine.bones
    saw = f"{spine.source} calls its vertebrae {first} to {last}"
    return Witness(WitnessKind.LABELS, saw, level, implies, LABEL_WEIGHT, not shift)


def _dens_claim(spine: LabelledSpine, bones: Mapping[str, Bone]) -> list[Witness]:
    """Return what the labelled dens says of the names, as they are after a click."""
    if spine.parts.dens is None:
        return []
    name = stands_on(spine.parts.dens, bones)
    if name not in _LEVEL_BELOW:
        saw = "the part that the map marks as the dens stands on no vertebra that it names"
        return [Witness(WitnessKind.DENS_LABEL, saw, "C2-C3", "unclear", _DENS_WEIGHT, None)]
    saw = f"the part that the map marks as the dens stands on {name}"
    below = _LEVEL_BELOW[name]
    return [Witness(WitnessKind.DENS_LABEL, saw, "C2-C3", below, _DENS_WEIGHT, name == "C2")]


def _claim_beside(other: LabelledSpine, bones: Mapping[str, Bone]) -> Witness:
    """Return what a further label map says of the names."""
    pairs = [(name, _same_bone(bone, bones)) for name, bone in other.bones.items()]
    pairs = [(name, here) for name, here in pairs if here and {name, here} & _LEVEL_BELOW.keys()]
    if not pairs:
        saw = f"{other.source} marks no vertebra that is marked here"
        return Witness(WitnessKind.LABELS, saw, "C2-C3", "unclear", LABEL_WEIGHT, None)
    name, here = next(((a, b) for a, b in pairs if a != b), pairs[0])
    agrees = name == here
    words = "names its vertebrae alike" if agrees else f"calls {name} what is called {here} here"
    level, implies = (_LEVEL_BELOW.get(n, "outside the neck") for n in (name, here))
    saw = f"{other.source} {words}; programs trained on the same data count as one"
    return Witness(WitnessKind.LABELS, saw, level, implies, LABEL_WEIGHT, agrees)


def _same_bone(bone: Bone, bones: Mapping[str, Bone]) -> str:
    """Return the name of the bone that holds most of another one; empty where none does."""
    held = {name: int(one.mask.holds(bone.points_lps).sum()) for name, one in bones.items()}
    most = max(held, key=lambda name: held[name], default="")
    return most if most and held[most] >= _SAME_SHARE * len(bone.points_lps) else ""


def _contradicted(evidence: Collection[Witness]) -> tuple[str, ...]:
    """Return what of the picture speaks against a reader's clicks; that the map does is said."""
    return tuple(
        f"{piece.source}: {piece.saw}"
        for piece in evidence
        if piece.agrees is False and piece.source is not WitnessKind.LABELS
    )


def _heights(found: Mapping[Joint, LabelledJoint], neck: Neck) -> dict[str, float]:
    """Return the height along the canal of each level that has a labelled joint."""
    heights = {}
    for level in LEVELS:
        centers = [
            found[Joint(level, side)].center_lps for side in Side if Joint(level, side) in found
        ]
        if centers:
            height = float(neck.frame.to_spl(np.mean(centers, axis=0))[0])
            if 0 <= height <= len(neck.frame) - 1:
                heights[level] = height
    return heights


def _from_ct(
    own: Localisation | None, found: Mapping[Joint, LabelledJoint]
) -> tuple[dict[Joint, Facet], bool]:
    """Return the joints that only the CT shows, and whether its levels contradict the labels.

    Where they do, or no joint is known to both, nothing is filled in.
    """
    if own is None:
        return {}, False
    apart = list(_apart_mm(own, found).values())
    if not apart:
        return {}, False
    if float(np.median(apart)) > _SAME_MM:
        return {}, own.numbering is Numbering.SURE
    return {f.joint: f for f in own.facets if f.joint not in found}, False


def _apart_mm(own: Localisation | None, found: Mapping[Joint, LabelledJoint]) -> dict[Joint, float]:
    """Return how far the joints of the labels lie from those that the CT alone shows, mm."""
    return {
        facet.joint: float(np.linalg.norm(facet.center_lps - found[facet.joint].center_lps))
        for facet in (own.facets if own is not None else ())
        if facet.center_lps is not None and facet.joint in found
    }


def _less_known(facet: Facet, apart_mm: float) -> Facet:
    """Return a joint that labels and CT place differently: it may be at either place."""
    if facet.localisation_mm is None or apart_mm <= facet.localisation_mm:
        return facet
    return replace(facet, localisation_mm=round(apart_mm, 1))


def _facet(
    joint: Joint,
    one: LabelledJoint | None,
    spine: LabelledSpine,
    ct: Volume,
    numbering: Numbering,
    own: Localisation | None,
    anomalies: Collection[Anomaly],
) -> Facet:
    if one is None or not ct.grid.contains(one.center_lps):
        outside = one is not None or _is_outside(joint, own)
        status = Status.OUTSIDE if outside else Status.NOT_FOUND
        return Facet(joint, status, None, None, numbering, None, spine.source)
    base, per_mm = _FROM_PROCESSES_MM if one.from_processes else _FROM_VERTEBRAE_MM
    bound_mm = base + per_mm * spine.voxel_mm
    status = Status.FOUND
    if _metal_share(ct, one.center_lps) > METAL_SHARE:
        status = Status.OBSCURED
        bound_mm += HIDDEN_MM
    elif _is_fused(joint, one, own, anomalies):
        status = Status.FUSED
    source = spine.source + (FROM_PROCESSES if one.from_processes else FROM_VERTEBRAE)
    return Facet(
        joint, status, one.center_lps, one.normal_lps, numbering, round(bound_mm, 1), source
    )


def _is_outside(joint: Joint, own: Localisation | None) -> bool:
    """Whether the CT alone says that a joint without labels lies outside its field."""
    return own is not None and own.facets[JOINTS.index(joint)].status is Status.OUTSIDE


def _hidden_by(metal: Mask | None, facet: Facet) -> Facet:
    """Return a joint as it is once metal is marked: obscured where that is close by."""
    if metal is None or facet.center_lps is None or facet.status is Status.OBSCURED:
        return facet
    if float(metal.holds(_around(facet.center_lps)).mean()) <= METAL_SHARE:
        return facet
    known = 0.0 if facet.localisation_mm is None else facet.localisation_mm
    return replace(facet, status=Status.OBSCURED, localisation_mm=round(known + HIDDEN_MM, 1))


def _metal_share(ct: Volume, center: FloatArray) -> float:
    return float((np.nan_to_num(sample_points(ct, _around(center))) > METAL_HU).mean())


def _around(center: FloatArray) -> FloatArray:
    """Return points (n, 3), mm, in which metal hides a joint at this centre."""
    steps = np.arange(-_HIDING_MM, _HIDING_MM + 0.1, 1.5)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    around: FloatArray = center + cube[np.linalg.norm(cube, axis=1) <= _HIDING_MM]
    return around


def _is_fused(
    joint: Joint, one: LabelledJoint, own: Localisation | None, anomalies: Collection[Anomaly]
) -> bool:
    """Whether a reader recorded a fusion, or the CT shows no joint space at this place."""
    if any(anomaly.kind == "fused" and anomaly.level == joint.level for anomaly in anomalies):
        return True
    return own is not None and any(
        facet.status is Status.FUSED
        and facet.center_lps is not None
        and float(np.linalg.norm(facet.center_lps - one.center_lps)) <= _SAME_MM
        for facet in own.facets
    )


def _midline(facets: Collection[Facet], bones: Mapping[str, Bone]) -> dict[str, FloatArray]:
    """Return a point on the lower vertebra's own midline at the height of each level's joints."""
    midline = {}
    for level in LEVELS:
        lower = level.split("-")[1]
        centers = [
            f.center_lps for f in facets if f.joint.level == level and f.center_lps is not None
        ]
        if centers and lower in bones:
            middle = np.mean(centers, axis=0)
            left = bones[lower].axes_lps[2]
            lateral = float(bones[lower].local(middle)[2])
            midline[level] = middle - lateral * left
    return midline


def _findings(
    spine: LabelledSpine,
    facets: Collection[Facet],
    shift: int,
    disagree: bool,
    *,
    has_neck: bool,
) -> list[Finding]:
    findings = [JOINTS_FROM_LABELS(source=spine.source)]
    if shift:
        findings.append(
            LABELS_RENAMED(
                levels="1 level" if abs(shift) == 1 else f"{abs(shift)} levels",
                end="feet" if shift > 0 else "head",
            )
        )
    if disagree:
        findings.append(LABELS_CONTRADICTED())
    if not has_neck:
        findings.append(LABELS_UNCHECKED())
    missing = [f.joint.name for f in facets if f.center_lps is None and f.source == spine.source]
    if missing:
        findings.append(JOINTS_NOT_LABELLED(joints=tuple(missing)))
    automatic = [
        f.joint.name for f in facets if f.center_lps is not None and LABEL_MAP not in f.source
    ]
    if automatic:
        findings.append(JOINTS_FROM_CT(joints=tuple(automatic)))
    return findings
