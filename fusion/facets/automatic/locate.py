"""CT to facet joints: where each one is, and how far to trust its place and its level."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.anatomy.joints import JOINTS, LEVELS, ZYGAPOPHYSIAL_LEVELS, Joint, Side
from fusion.facets.anomalies import Anomaly, anomaly_findings, levels_in_doubt, with_anomalies
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.neck import Neck, checked_clicks, find_neck, point_of, points_on
from fusion.facets.automatic.numbering import Evidence, Levels, Numbering, number
from fusion.facets.automatic.refine import GAP_SLICE_MM, Fit, expected, find_joints
from fusion.facets.automatic.straight import Frame
from fusion.facets.automatic.template import TEMPLATE_LEVELS, Template
from fusion.findings import Finding, Progress, info, warning
from fusion.geometry import FloatArray, Volume

#: How :func:`locate` found what it reports.
SOURCE = "automatic from CT"
#: The sources of what :meth:`Localisation.with_moved` returns: a joint that had a place, and one
#: that had none.
DRAGGED, MARKED = "dragged by the reader", "marked by the reader"
#: Expected error of a centre that a reader put, mm. Assumed, not measured: a hand is off by a
#: voxel or two, and readers differ about the middle of a joint that is 12 mm long.
READER_MM = 2.0
#: Correlation with the template below which a joint is not recognisable.
_RECOGNISABLE = 0.15
#: Share of a joint's window as dense as metal above which it is hidden.
METAL_SHARE = 0.004
#: A level is fused when the joint spaces of neither side, nor of both together, are darker than
#: their bone by this share. One side alone is not believed: a narrow joint looks the same.
_FUSED_GAP = 0.08
#: Expected error of a centre: mm at least, mm for each mm of slice, and mm where nothing looks like
#: the template; fitted to the meshes and simulated necks of docs/facets.md. What metal adds, mm, is
#: a guess on the safe side.
_ERROR = (0.6, 0.55, 1.6)
HIDDEN_MM = 3.0
#: Slices above this show no joint space at all, mm.
_THICK_MM = 3.5
#: Share of a joint's window that has to lie in the field.
_IN_FIELD = 0.55


class Status(StrEnum):
    """What became of a joint."""

    FOUND = "found"
    OUTSIDE = "outside field"
    FUSED = "fused"
    OBSCURED = "obscured"


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """A joint on this CT.

    Parameters
    ----------
    joint : Joint
        Which one.
    status : Status
        Whether it was found, and if not, why.
    center_lps : (3,) ndarray of float64, mm, or None
        Midway between the two articular surfaces; None outside the field. The estimate from its
        neighbours when the joint itself is obscured.
    normal_lps : (3,) ndarray of float64 or None
        Unit normal of the joint, towards the upper bone.
    numbering : Numbering
        How far its level is to be trusted.
    localisation_mm : float, mm, or None
        Expected distance of the centre from the true one.
    source : str
        How it was found.
    """

    joint: Joint
    status: Status
    center_lps: FloatArray | None
    normal_lps: FloatArray | None
    numbering: Numbering
    localisation_mm: float | None
    source: str = SOURCE

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``uptake`` is null until it is measured."""
        return {
            "level": self.joint.level,
            "side": self.joint.side.value,
            "status": self.status.value,
            "center_lps": _rounded(self.center_lps),
            "normal_lps": _rounded(self.normal_lps, 4),
            "numbering": self.numbering.value,
            "localisation_mm": self.localisation_mm,
            "source": self.source,
            "uptake": None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Localisation:
    """Every joint of the neck on one CT.

    Parameters
    ----------
    facets : tuple of Facet
        All joints of :data:`fusion.anatomy.joints.JOINTS`, in that order.
    numbering : Numbering
        How far the levels are to be trusted.
    evidence : tuple of Evidence
        Why.
    midline_lps : dict of str to (3,) ndarray of float64, mm
        Level to the middle of the canal there: what left and right are told from.
    findings : tuple of Finding
        What a reader must know.
    """

    facets: tuple[Facet, ...]
    numbering: Numbering
    evidence: tuple[Evidence, ...]
    midline_lps: dict[str, FloatArray]
    findings: tuple[Finding, ...]

    def facet(self, level: str, side: Side | str) -> Facet:
        """Return one joint by level and side."""
        return self.facets[JOINTS.index(Joint(level, Side(side)))]

    def with_moved(self, moved: Mapping[Joint, npt.ArrayLike]) -> Localisation:
        """Return the same joints, some of them where a reader put them.

        A joint that was not found may be among them: the reader marks it. A fused joint stays
        fused, since its place says nothing about the joint space. Whether the joints still make a
        spine is for :meth:`fusion.annotations.spine.Spine.of` to say.

        Parameters
        ----------
        moved : mapping of Joint to (3,) array_like of float, LPS mm
            Where the reader put the centres.

        Raises
        ------
        FusionError
            A point that is not three finite numbers.
        """
        if not moved:
            return self
        facets = tuple(
            _put(facet, moved[facet.joint]) if facet.joint in moved else facet
            for facet in self.facets
        )
        names = ", ".join(facet.joint.name for facet in facets if facet.joint in moved)
        finding = info("joints-moved", f"{names}: put where they are by the reader.")
        return replace(self, facets=facets, findings=(*self.findings, finding))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, as ``facetfusion facets --json`` prints it."""
        return {
            "joints": [facet.to_json() for facet in self.facets],
            "numbering": self.numbering.value,
            "numbering_evidence": [piece.to_json() for piece in self.evidence],
            "midline_lps": {level: _rounded(point) for level, point in self.midline_lps.items()},
            "proposals": [],
            "findings": [finding.to_json() for finding in self.findings],
        }


def _put(facet: Facet, point_lps: npt.ArrayLike) -> Facet:
    center = point_of(point_lps, facet.joint.name)
    return replace(
        facet,
        status=Status.FUSED if facet.status is Status.FUSED else Status.FOUND,
        center_lps=center,
        localisation_mm=READER_MM,
        source=MARKED if facet.center_lps is None else DRAGGED,
    )


def _rounded(point: FloatArray | None, digits: int = 2) -> list[float] | None:
    return None if point is None else [round(float(v), digits) for v in point]


def locate(
    ct: Volume,
    *,
    clicks: Mapping[str, npt.ArrayLike] | None = None,
    anomalies: Collection[Anomaly] = (),
    progress: Progress | None = None,
) -> Localisation:
    """Find the facet joints on a CT.

    Parameters
    ----------
    ct : Volume
        HU, any orientation, slice thickness and field.
    clicks : mapping of str to (3,) array_like of float, LPS mm, optional
        A reader's clicks: vertebra (``"C2"``) to a point in it. They fix the numbering; nothing
        overrides them.
    anomalies : collection of Anomaly, optional
        What a reader knows about this spine.
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
    report = progress or (lambda fraction, step: None)
    points = points_on(ct, clicks or {})
    neck = find_neck(ct, progress=lambda part, step: report(0.75 * part, step))
    if neck is None:
        return no_canal()
    return locate_in(
        neck,
        clicks=points,
        anomalies=anomalies,
        progress=lambda part, step: report(0.75 + 0.25 * part, step),
    )


def locate_in(
    neck: Neck,
    *,
    clicks: Mapping[str, npt.ArrayLike] | None = None,
    anomalies: Collection[Anomaly] = (),
    progress: Progress | None = None,
) -> Localisation:
    """Name the levels of a neck and find its joints; as :func:`locate`, without what takes long.

    Parameters
    ----------
    neck : Neck
        From :func:`fusion.facets.automatic.neck.find_neck`.
    clicks, anomalies, progress
        As for :func:`locate`.

    Raises
    ------
    FusionError
        A click on a vertebra that has no name here, or outside the CT.
    """
    report = progress or (lambda fraction, step: None)
    ct, frame, parts = neck.ct, neck.frame, neck.parts
    points = checked_clicks(neck, clicks or {})
    report(0.0, "Numbering the levels")
    seen = with_anomalies(neck.claims, anomalies)
    heights = {name: float(frame.to_spl(point)[0]) for name, point in points.items()}
    levels = number(neck.scores, parts, seen, heights, chest=neck.chest)
    if levels is None:
        return _nothing("No level of the neck was recognised on this CT: no joints are reported.")
    report(0.1, "Finding the joints")
    fits = _fits(ct, frame, parts, levels.chain, neck.scores.shift_p_mm[levels.chain.scale_index])
    fused = {anomaly.level for anomaly in anomalies if anomaly.kind == "fused"} | _solid(fits)
    numbering = numbering_by_level(levels.numbering, anomalies, points)
    facets = tuple(
        _facet(ct, frame, joint, fits.get(joint), numbering[joint.level], neck.slice_mm, fused)
        for joint in JOINTS
    )
    midline = {
        level: frame.to_lps(np.array([height, 0.0, 0.0]))
        for level, height in levels.chain.heights_mm.items()
        if level in LEVELS
    }
    report(1.0, "Joints found")
    findings = findings_about(levels, facets, anomalies, neck.slice_mm)
    return Localisation(facets, weakest(facets), levels.evidence, midline, findings)


def numbering_by_level(
    numbering: Numbering, anomalies: Collection[Anomaly], clicked: Collection[str]
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
    """
    doubtful = levels_in_doubt(anomalies, clicked)
    return {level: Numbering.PROVISIONAL if level in doubtful else numbering for level in LEVELS}


def weakest(facets: Collection[Facet]) -> Numbering:
    """Return how far the level is to be trusted of the joint where it is least, of those in view.

    Parameters
    ----------
    facets : collection of Facet
        The joints; provisional when none of them is in view.
    """
    found = {facet.numbering for facet in facets if facet.center_lps is not None}
    for one in (Numbering.PROVISIONAL, Numbering.SURE, Numbering.CONFIRMED):
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
    ct: Volume,
    frame: Frame,
    joint: Joint,
    fit: Fit | None,
    numbering: Numbering,
    slice_mm: float,
    fused: Collection[str],
) -> Facet:
    if fit is not None:
        center = frame.to_lps(fit.center_spl)
    if fit is None or fit.in_field < _IN_FIELD or not ct.grid.contains(center):
        return Facet(joint, Status.OUTSIDE, None, None, numbering, None)
    n = int(np.clip(round(float(fit.center_spl[0])), 0, len(frame) - 1))
    normal = fit.normal_spl @ frame.axes_lps[n]
    normal /= np.linalg.norm(normal)
    status = Status.FOUND
    if fit.metal > METAL_SHARE or fit.score < _RECOGNISABLE:
        status = Status.OBSCURED
    elif joint.level in fused:
        status = Status.FUSED
    least_mm, per_slice, per_unlikeness_mm = _ERROR
    error_mm = least_mm + per_slice * slice_mm + per_unlikeness_mm * (1.0 - fit.score)
    if status is Status.OBSCURED:
        error_mm += HIDDEN_MM
    return Facet(joint, status, center, normal, numbering, round(error_mm, 1))


def no_canal() -> Localisation:
    """Return what there is to say about a CT without a spinal canal."""
    return _nothing("No spinal canal was found on this CT: no joints are reported.")


def _nothing(message: str) -> Localisation:
    facets = tuple(
        Facet(joint, Status.OUTSIDE, None, None, Numbering.PROVISIONAL, None) for joint in JOINTS
    )
    finding = warning("no-spine-found", message + " Mark them by hand, or check the CT.")
    return Localisation(facets, Numbering.PROVISIONAL, (), {}, (finding,))


def findings_about(
    levels: Levels,
    facets: tuple[Facet, ...],
    anomalies: Collection[Anomaly],
    slice_mm: float,
) -> tuple[Finding, ...]:
    """Return what a reader must know about levels and joints.

    Parameters
    ----------
    levels : Levels
        How the levels were numbered.
    facets : tuple of Facet
        The joints.
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    slice_mm : float, mm
        Largest voxel edge of the CT.
    """
    findings = []
    if levels.numbering is Numbering.PROVISIONAL:
        against = [e for e in levels.evidence if e.agrees is False]
        why = (
            "the evidence contradicts itself: "
            + "; ".join(f"{e.source}: {e.saw}" for e in against)
            if against
            else "the evidence in the field is too thin"
        )  # fmt: skip
        findings.append(
            warning(
                "numbering-provisional",
                f"The levels are provisional: {why}. Click on a vertebra you know (C2 is best) "
                "before using any level.",
            )
        )
    if not levels.clicks_kept:
        findings.append(
            warning(
                "clicks-disagree",
                "No numbering fits every click: two of them disagree, or one is not on the spine. "
                "Check them.",
            )
        )
    for status, code, words in (
        (Status.OBSCURED, "joints-obscured", "hidden by metal or not recognisable"),
        (Status.FUSED, "joints-fused", "without a joint space (fused)"),
    ):
        names = [f.joint.name for f in facets if f.status is status]
        if names:
            findings.append(warning(code, f"{', '.join(names)}: {words}. Check by eye."))
    if slice_mm > _THICK_MM:
        findings.append(
            info(
                "thick-slices",
                f"Slices of {slice_mm:g} mm: joint spaces cannot be seen, centres are good to "
                "about 3 to 6 mm, and fused joints cannot be told.",
            )
        )
    elif slice_mm > GAP_SLICE_MM:
        findings.append(
            info(
                "fusion-not-told",
                f"Slices of {slice_mm:g} mm: whether a joint is fused cannot be told above "
                f"{GAP_SLICE_MM:g} mm. Check by eye.",
            )
        )
    return (*findings, *anomaly_findings(anomalies))
