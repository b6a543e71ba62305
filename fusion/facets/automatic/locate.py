"""CT to facet joints: where each one is, and how far to trust its place and its level."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fusion.anatomy import JOINTS, LEVELS, VERTEBRAE, ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.facets.anomalies import (
    levels_in_doubt,
    proposal_findings,
    proposed_anomalies,
    with_anomalies,
)
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.column import Rhythm
from fusion.facets.automatic.naming.numbering import Levels, broken, number, with_ends_asked
from fusion.facets.automatic.neck import (
    Neck,
    checked_clicks,
    find_neck,
    not_in_hounsfield,
    points_on,
)
from fusion.facets.automatic.picture.field import status_of_missing
from fusion.facets.automatic.picture.values import CtValues
from fusion.facets.automatic.refine import GAP_SLICE_MM, Fit, expected, find_joints
from fusion.facets.automatic.remarks import (
    THICK_MM,
    break_findings,
    findings_about,
    values_findings,
)
from fusion.facets.automatic.straight import Frame
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.facets.localisation import Facet, Localisation
from fusion.facets.spine_statements import Anomaly, SpineStatements
from fusion.facets.states import Numbering, Status, WitnessKind
from fusion.findings import Finding
from fusion.findings.joints import (
    CT_NOT_IN_HOUNSFIELD,
    NO_CANAL_FOUND,
    NO_LEVEL_FOUND,
)
from fusion.geometry import Volume
from fusion.progress import Progress, ProgressCallback

#: Correlation with the template below which a joint is not recognisable.
_RECOGNISABLE = 0.15
#: Share of a joint's window as dense as metal above which it is hidden.
METAL_SHARE = 0.004
#: A level is fused when the joint spaces of neither side, nor of both together, are darker than
#: their bone by this share. One side alone is not believed: a narrow joint looks the same.
_FUSED_GAP = 0.08
#: How far a centre may be from the true one, mm, nine in ten being nearer: where the joint space is
#: seen; where it is not; and where it is not, on slices above :data:`THICK_MM`. Held against each
#: CT in turn by the others: docs/facets-evidence.md#the-stated-bound. What metal adds, mm, is a
#: guess on the safe side.
_SEEN_MM, _UNSEEN_MM, _UNSEEN_THICK_MM = 3.0, 5.0, 6.0
HIDDEN_MM = 3.0
#: A joint space that is darker than its plates by this, of dense cortex, is seen: on meshes, where
#: it was chosen, joints above it are off by 1.8 mm (nine in ten), those below by 6 mm. Only on
#: slices up to :data:`GAP_SLICE_MM`: on real slices of 2 mm what looked like one was 6 mm off.
_SEEN_SHEET = 0.16
#: Noise, HU, above which no joint space is believed: with 80 HU on meshes all joints were within
#: what is stated of a seen one, with 120 HU in a real neck one was 5 mm off.
_SEEN_NOISE_HU = 90.0
#: Furthest along the canal that a joint lies from the foramen in front of it, mm: 4.8 for joints
#: that were put by hand on six real CTs (docs/sources.md#counting-vertebrae).
_FORAMEN_OFF_MM = 6.0
#: Furthest that the joints of a neck lie from their foramina all together (median), mm: 3.0 at most
#: on variants of three real CTs that were right, 4.1 at least on those whose joints had slid along
#: the pillars by up to half a vertebra (docs/sources.md#counting-vertebrae).
_TOGETHER_OFF_MM = 3.5
#: The same of how far they slid along the pillars from where the count had put them: 1.5 at most on
#: fields of three real CTs that were right, 5.4 at least where they went up from the end of the
#: field by half a vertebra, with their foramina 3.4 off.
_TOGETHER_SLID_MM = 3.5
#: So many neighbouring levels are asked at a time: the lower half of a neck may slide alone.
_NEIGHBOURS = 3
#: Share of a joint's window that has to lie in the field.
_IN_FIELD = 0.55
#: What a level is asked that the end of the field cuts, where nothing below holds it: so much of
#: the windows of both its joints has to be there, one of them has to look so much like a joint, and
#: it has to be so far from the level above, as a share of the other distances of this neck. Joints
#: of necks that were cut, ended 1 mm below the last joint and turned were 8 to 12 mm too high and
#: met two of the three at most (docs/sources.md#counting-vertebrae).
_CUT_IN_FIELD, _CUT_LIKENESS, _CUT_PITCH = 0.82, 0.45, 0.9
#: Less of the windows is enough where the joints stayed, mm, where the count had put them: what is
#: pushed into the field leaves its foramen. And where both look like one. Joints that were pushed
#: slid by 1.5 mm at least, and each of them fell short of two of these four.
_STAYED_MM, _STAYED_IN_FIELD, _STAYED_LIKENESS = 1.0, 0.65, 0.4
#: Where that much of the windows is there and both look like a joint by this much, the distance to
#: the level above may be shorter, down to this share: vertebrae of one neck differ by a fifth. Of
#: joints that were pushed the less like one reached 0.41.
_PLAIN_LIKENESS, _PLAIN_PITCH = 0.5, 0.75


def locate(
    ct: Volume,
    said: SpineStatements | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> Localisation:
    """Find the facet joints on a CT.

    Parameters
    ----------
    ct : Volume
        HU, any orientation, slice thickness and field.
    said : SpineStatements, optional
        What a reader says of this spine. Vertebrae that were named fix the numbering; nothing
        overrides them.
    progress : Progress, optional
        Told what is being done.

    Returns
    -------
    Localisation
        Every markable joint, the ones outside the field included.

    Raises
    ------
    FusionError
        A click on a vertebra that has no name here, or outside the CT.
    """
    report = Progress(progress)
    said = said or SpineStatements()
    points_on(ct, said.clicks)
    neck = find_neck(ct, progress=report.part(0.0, 0.75))
    if neck is None:
        return no_canal(ct)
    return locate_in(neck, said, progress=report.part(0.75, 1.0))


def neck_midline(
    ct: Volume, *, progress: ProgressCallback | None = None
) -> npt.NDArray[np.float64] | None:
    """Return where the neck is, without its joints: in half the time of :func:`locate`.

    Parameters
    ----------
    ct : Volume
        Any.
    progress : Progress, optional
        Told what is being done.

    Returns
    -------
    (n, 3) ndarray of float64, LPS mm, or None
        Middle of the canal at the cervical levels in the field, head first; None where no neck
        was found.
    """
    neck = find_neck(ct, progress=progress) if ct.unit == "HU" else None
    if neck is None:
        return None
    levels = number(neck.scores, neck.parts, neck.claims, {}, chest=neck.chest, rhythm=neck.rhythm)
    points = [] if levels is None else list(_midline(neck.frame, levels.chain).values())
    inside = [point for point in points if ct.grid.contains(point)]
    return np.array(inside) if inside else None


def _midline(frame: Frame, chain: Chain) -> dict[str, npt.NDArray[np.float64]]:
    return {
        level: frame.to_lps(np.array([height, 0.0, 0.0]))
        for level, height in chain.heights_mm.items()
        if level in LEVELS
    }


def locate_in(
    neck: Neck,
    said: SpineStatements | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> Localisation:
    """Name the levels of a neck and find its joints; as :func:`locate`, without what takes long.

    Parameters
    ----------
    neck : Neck
        From :func:`fusion.facets.automatic.neck.find_neck`.
    said, progress
        As for :func:`locate`.

    Raises
    ------
    FusionError
        A click on a vertebra that has no name here, or outside the CT.
    """
    report = Progress(progress)
    ct, frame, parts = neck.ct, neck.frame, neck.parts
    said = said or SpineStatements()
    anomalies = said.anomalies
    points = checked_clicks(neck, said.clicks)
    report(0.0, "Numbering the levels")
    seen = with_anomalies(neck.claims, anomalies)
    clicks = {name: frame.to_spl(point) for name, point in points.items()}
    levels = number(neck.scores, parts, seen, clicks, chest=neck.chest, rhythm=neck.rhythm)
    if levels is None:
        return nothing_located(NO_LEVEL_FOUND())
    levels = _within(levels, neck.values)
    report(0.1, "Finding the joints")
    fits = _fits(ct, frame, parts, levels.chain, neck.scores.shift_p_mm[levels.chain.scale_index])
    astray = _astray(levels.chain, neck.rhythm, fits) | _doubtful_at_the_end(levels.chain, fits)
    levels = replace(
        levels,
        reached=_before(astray, levels.reached, levels.clicked),
        sure=_before(astray, levels.sure, ()),
    )
    dens_seen = any(claim.source is WitnessKind.DENS for claim in seen)
    levels = with_ends_asked(levels, parts, clicks, neck.rhythm, dens_seen=dens_seen)
    solid = _solid(fits)
    fused = {anomaly.level for anomaly in anomalies if anomaly.kind == "fused"} | solid
    proposed = proposed_anomalies(levels.suggested, levels.rival, solid, anomalies)
    numbering = numbering_by_level(
        levels.numbering, anomalies, points, reached=levels.reached, sure=levels.sure
    )
    facets = tuple(
        _facet(neck, joint, fits[joint], numbering[joint.level], fused)
        if joint in fits
        else _absent(
            joint,
            status_of_missing(joint, levels.chain, frame, parts, ct.grid),
            numbering[joint.level],
        )
        for joint in JOINTS
    )
    together_mm = _astray_together_mm(levels.chain, neck.rhythm, fits)
    facets = tuple(_less_known(f, together_mm.get(f.joint.level, 0.0)) for f in facets)
    midline = _midline(frame, levels.chain)
    report(1.0, "Joints found")
    findings = (
        *values_findings(neck.values),
        *break_findings(levels.chain, parts, broken(levels.chain, neck.rhythm).breaks_mm),
        *findings_about(levels, facets, anomalies, neck.slice_mm),
        *proposal_findings(proposed),
    )
    found = Localisation(facets, weakest(facets), levels.evidence, midline, findings, proposed)
    return found.with_moved(said.moved)


def _within(levels: Levels, values: CtValues) -> Levels:
    """Return what is left of a numbering on a CT whose values are not what they should be."""
    if values.too_noisy:
        # Nothing is counted in such noise: a click vouches for its own vertebra only.
        own = {level for level in LEVELS if set(level.split("-")) & set(levels.clicked)}
        levels = replace(levels, reached=levels.reached & own)
    if values.too_noisy or values.shift_hu:
        levels = replace(levels, sure=frozenset())
        if levels.numbering is Numbering.SURE:
            levels = replace(levels, numbering=Numbering.PROVISIONAL)
    return levels


def numbering_by_level(
    numbering: Numbering,
    anomalies: Collection[Anomaly],
    clicked: Collection[str],
    *,
    reached: Collection[str] = LEVELS,
    sure: Collection[str] = (),
) -> dict[str, Numbering]:
    """Return how far the name of each level is to be trusted, anomalies taken into account.

    Parameters
    ----------
    numbering : Numbering
        Of the count as a whole.
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    clicked : collection of str
        Vertebrae that a reader named.
    reached : collection of str
        Levels that the count reaches without a break.
    sure : collection of str
        Levels that are sure without a click: naming another vertebra takes nothing from them.
    """
    doubtful = {*levels_in_doubt(anomalies, clicked), *set(LEVELS).difference(reached)}
    by_level = dict.fromkeys(LEVELS, numbering)
    by_level |= dict.fromkeys(doubtful, Numbering.PROVISIONAL)
    stays = doubtful.intersection(sure).difference(levels_in_doubt(anomalies))
    return by_level | dict.fromkeys(stays, Numbering.SURE)


def weakest(facets: Collection[Facet]) -> Numbering:
    """Return how far the level is to be trusted of the joint where it is least, of those in view.

    Where some follow a click alone and others are sure by themselves, the whole rests on the click.

    Parameters
    ----------
    facets : collection of Facet
        The joints; provisional when none of them is in view.
    """
    found = {facet.numbering for facet in facets if facet.center_lps is not None}
    for one in (Numbering.PROVISIONAL, Numbering.CONFIRMED, Numbering.SURE):
        if one in found:
            return one
    return Numbering.PROVISIONAL


def _fits(
    ct: Volume,
    frame: Frame,
    parts: Template,
    chain: Chain,
    shift_p_mm: npt.NDArray[np.float32],
) -> dict[Joint, Fit]:
    places = {}
    for level, height in chain.heights_mm.items():
        row = TEMPLATE_LEVELS.index(level)
        for side in Side if level in LEVELS else ():
            places[Joint(level, side)] = expected(
                parts,
                height,
                level=row,
                side=side,
                scale=chain.scale,
                shift_p_mm=float(np.nan_to_num(shift_p_mm[row, int(height)])),
            )
    return find_joints(ct, frame, parts, places, scale=chain.scale)


def _astray(chain: Chain, rhythm: Rhythm, fits: Mapping[Joint, Fit]) -> set[str]:
    """Return the levels with a joint far above or below the foramen in front of it.

    So it is where a joint was taken for its neighbour, and where half a vertebra is missing. Where
    all joints stand off to one side together, or those of some neighbouring levels, the search slid
    along the pillars.
    """
    off_mm = _off_mm(chain, rhythm, fits)
    alone = {
        joint.level for joint, off in off_mm.items() if off is None or abs(off) > _FORAMEN_OFF_MM
    }
    return alone | _astray_together_mm(chain, rhythm, fits).keys()


def _doubtful_at_the_end(chain: Chain, fits: Mapping[Joint, Fit]) -> set[str]:
    """Return the lowest level in view where the field cuts it and it shows not enough of itself.

    Nothing below holds such a joint, so the search may have pushed it into the field.
    """
    pairs = {
        level: [fit for joint, fit in fits.items() if joint.level == level]
        for level in ZYGAPOPHYSIAL_LEVELS
    }
    seen = [
        level
        for level, both in pairs.items()
        if max((fit.in_field for fit in both), default=0.0) >= _IN_FIELD
    ]
    last = pairs[seen[-1]] if seen else []
    in_field = min((fit.in_field for fit in last), default=1.0)
    if in_field == 1.0:
        return set()
    heights_mm = [float(np.mean([fit.center_spl[0] for fit in pairs[level]])) for level in seen]
    pitches_mm = -np.diff(heights_mm)
    # With two levels there is no other distance to hold the last one against.
    share = pitches_mm[-1] / np.median(pitches_mm[:-1]) if len(pitches_mm) > 1 else 1.0
    likeness = [fit.score for fit in last]
    of_both = min(likeness) if len(last) == len(Side) else -1.0
    stayed = abs(heights_mm[-1] - chain.heights_mm[seen[-1]]) <= _STAYED_MM
    if stayed and of_both >= _STAYED_LIKENESS:
        is_enough = in_field >= _STAYED_IN_FIELD
    else:
        is_enough = in_field >= _CUT_IN_FIELD and max(likeness) >= _CUT_LIKENESS
    is_plain = in_field >= _CUT_IN_FIELD and of_both >= _PLAIN_LIKENESS
    least = _PLAIN_PITCH if is_plain else _CUT_PITCH
    return set() if (is_plain or is_enough) and share >= least else {seen[-1]}


def _less_known(facet: Facet, off_mm: float) -> Facet:
    """Return a joint that may be further off than its own picture says."""
    if facet.localisation_mm is None or not off_mm:
        return facet
    return replace(facet, localisation_mm=round(float(np.hypot(facet.localisation_mm, off_mm)), 1))


def _off_mm(chain: Chain, rhythm: Rhythm, fits: Mapping[Joint, Fit]) -> dict[Joint, float | None]:
    """Return how far above its foramen each joint lies, mm; None where that is not seen."""
    places = {joint: rhythm.gap(chain.heights_mm[joint.level])[0] for joint in fits}
    return {
        joint: None if (place := places[joint]) is None else float(fit.center_spl[0]) - place
        for joint, fit in fits.items()
        if joint.is_zygapophysial
    }


def _astray_together_mm(
    chain: Chain, rhythm: Rhythm, fits: Mapping[Joint, Fit]
) -> dict[str, float]:
    """Return how far the joints of levels stand off together with their neighbours, mm.

    All of them off their foramina; or those of some neighbouring levels off the place of the count.
    """
    off_mm = _off_mm(chain, rhythm, fits)
    levels = [level for level in ZYGAPOPHYSIAL_LEVELS if any(j.level == level for j in off_mm)]
    all_off_mm = _together_mm(off_mm)
    astray = dict.fromkeys(levels, all_off_mm) if all_off_mm > _TOGETHER_OFF_MM else {}
    for first in range(max(len(levels) - _NEIGHBOURS, 0) + 1):
        run = levels[first : first + _NEIGHBOURS]
        slid_mm = _together_mm(
            {
                joint: float(fit.center_spl[0]) - chain.heights_mm[joint.level]
                for joint, fit in fits.items()
                if joint.level in run
            }
        )
        if slid_mm > _TOGETHER_SLID_MM:
            astray |= {level: max(slid_mm, astray.get(level, 0.0)) for level in run}
    return astray


def _together_mm(off_mm: Mapping[Joint, float | None]) -> float:
    """Return how far all joints stand off together, mm."""
    known = [off for off in off_mm.values() if off is not None]
    return abs(float(np.median(known))) if known else 0.0


def _before(
    astray: Collection[str], reached: Collection[str], clicked: Collection[str]
) -> frozenset[str]:
    """Return the levels that the count reaches before it comes to one that is astray."""
    rows = [LEVELS.index(level) for level in astray]
    # Level n lies below vertebra n: the count starts at C2, or at what was clicked on.
    starts = [VERTEBRAE.index(name) for name in clicked or ("C2",)]

    def free(level: str) -> bool:
        row = LEVELS.index(level)
        return any(
            not any(min(row, start) <= at <= max(row, start) for at in rows) for start in starts
        )

    return frozenset(level for level in reached if free(level))


def _solid(fits: Mapping[Joint, Fit]) -> set[str]:
    """Return the zygapophysial levels without any joint space on either side."""
    levels = set()
    for level in ZYGAPOPHYSIAL_LEVELS:
        gaps = [fits[Joint(level, side)].gap for side in Side if Joint(level, side) in fits]
        known = [gap for gap in gaps if gap is not None]
        if len(known) == len(Side) and sum(max(gap, 0.0) for gap in known) < _FUSED_GAP:
            levels.add(level)
    return levels


def _facet(
    neck: Neck, joint: Joint, fit: Fit, numbering: Numbering, fused: Collection[str]
) -> Facet:
    ct, frame = neck.ct, neck.frame
    center = frame.to_lps(fit.center_spl)
    if fit.in_field < _IN_FIELD or not ct.grid.contains(center):
        return _absent(joint, Status.OUTSIDE, numbering)
    n = int(np.clip(round(float(fit.center_spl[0])), 0, len(frame) - 1))
    normal = fit.normal_spl @ frame.axes_lps[n]
    normal /= np.linalg.norm(normal)
    status = Status.FOUND
    if fit.metal > METAL_SHARE or fit.score < _RECOGNISABLE:
        status = Status.OBSCURED
    elif joint.level in fused:
        status = Status.FUSED
    bound_mm = _bound_mm(fit.sheet, neck.slice_mm, neck.values.noise_hu)
    if status is Status.OBSCURED:
        bound_mm += HIDDEN_MM
    return Facet(joint, status, center, normal, numbering, bound_mm)


def _bound_mm(sheet: float | None, slice_mm: float, noise_hu: float) -> float:
    """Return how far off a centre may be, mm, nine in ten being nearer."""
    sharp = slice_mm <= GAP_SLICE_MM and noise_hu <= _SEEN_NOISE_HU
    if sheet is not None and sheet >= _SEEN_SHEET and sharp:
        return _SEEN_MM
    return _UNSEEN_MM if slice_mm <= THICK_MM else _UNSEEN_THICK_MM


def _absent(joint: Joint, status: Status, numbering: Numbering) -> Facet:
    return Facet(joint, status, None, None, numbering, None)


def no_canal(ct: Volume | None = None) -> Localisation:
    """Return what there is to say about a CT without a spinal canal, or in other units than HU."""
    return nothing_located(
        CT_NOT_IN_HOUNSFIELD() if ct and not_in_hounsfield(ct) else NO_CANAL_FOUND()
    )


def nothing_located(finding: Finding) -> Localisation:
    """Return that no joint is known, and why."""
    facets = tuple(_absent(joint, Status.NOT_FOUND, Numbering.PROVISIONAL) for joint in JOINTS)
    return Localisation(facets, Numbering.PROVISIONAL, (), {}, (finding,))
