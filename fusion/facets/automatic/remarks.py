"""What a reader must know about values, slices, levels and joints that were found on a CT."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from fusion.anatomy import LEVELS
from fusion.facets.anomalies import (
    anomaly_findings,
)
from fusion.facets.automatic.chain import Chain
from fusion.facets.automatic.naming.judging import C2_SOURCES, nearest_level
from fusion.facets.automatic.naming.numbering import Levels
from fusion.facets.automatic.picture.values import MOST_NOISE_HU, CtValues
from fusion.facets.automatic.refine import GAP_SLICE_MM
from fusion.facets.automatic.template import Template
from fusion.facets.localisation import AUTOMATIC, Facet
from fusion.facets.spine_statements import Anomaly
from fusion.facets.states import Numbering, Status, WitnessKind
from fusion.findings import Finding
from fusion.findings.joints import (
    CLICK_CONTRADICTED,
    CLICKS_DISAGREE,
    COUNT_BREAKS,
    CT_TOO_NOISY,
    CT_VALUES_SHIFTED,
    FUSION_NOT_TOLD,
    JOINTS_FUSED,
    JOINTS_NOT_FOUND,
    JOINTS_OBSCURED,
    NUMBERING_PROVISIONAL,
    RIVAL_NUMBERING,
    SLICES_BREAK,
    THICK_SLICES,
)

#: Slices above this show no joint space at all, mm.
THICK_MM = 3.5


def values_findings(values: CtValues) -> tuple[Finding, ...]:
    """Return what a reader must know about the values of the CT.

    Parameters
    ----------
    values : CtValues
        Noise and shift.
    """
    found = []
    if values.too_noisy:
        found.append(CT_TOO_NOISY(noise_hu=values.noise_hu, limit_hu=MOST_NOISE_HU))
    if values.shift_hu:
        found.append(CT_VALUES_SHIFTED(shift_hu=values.shift_hu))
    return tuple(found)


def break_findings(
    chain: Chain, parts: Template, breaks_mm: npt.NDArray[np.float64]
) -> tuple[Finding, ...]:
    """Return what a reader must know about breaks in the stack of slices.

    Parameters
    ----------
    chain : Chain
        Heights of the levels.
    parts : Template
        Distances between levels.
    breaks_mm : (b,) ndarray of float64, mm
        Heights of the breaks; those below the neck do not matter.
    """
    near = [nearest_level(chain, parts, float(height))[0] for height in breaks_mm[::-1]]
    names = dict.fromkeys(level for level in near if level in LEVELS)
    return (SLICES_BREAK(levels=" and ".join(names)),) if names else ()


def _why_provisional(levels: Levels) -> str:
    if levels.unsettled:
        return (
            f"{levels.unsettled} was named high up, where no dens is seen and the vertebra below "
            "would look the same; name one further down, too, or name this one lower on its body"
        )
    if levels.at_end:
        return (
            f"{levels.at_end} was named so near to its end that the next vertebra may be meant; "
            "name it in the middle of its body, or name another one, too"
        )
    against = [e for e in levels.evidence if e.agrees is False]
    if against:
        return "the evidence contradicts itself: " + "; ".join(
            f"{e.source}: {e.saw}" for e in against
        )
    if not any(e.source in C2_SOURCES for e in levels.evidence):
        if any(e.source is WitnessKind.RIBS and e.agrees for e in levels.evidence):
            return (
                "C2 with its dens was not seen, they are counted from the ribs; one neck in a "
                "hundred has a rib at C7, and some have six or eight cervical vertebrae"
            )
        return "neither C2, its dens with pedicles below it, nor the first ribs were seen plainly"
    return "the evidence in the field is too thin"


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
    in_view = [f for f in facets if f.center_lps is not None]
    is_open = levels.numbering is Numbering.PROVISIONAL and levels.clicks_kept
    if is_open:
        findings.append(NUMBERING_PROVISIONAL(why=_why_provisional(levels)))
    broken = dict.fromkeys(
        f.joint.level for f in in_view if f.joint.level not in levels.reached | levels.sure
    )
    if broken and (levels.sure or not is_open):
        findings.append(COUNT_BREAKS(levels=", ".join(broken)))
    if levels.rival:
        findings.append(RIVAL_NUMBERING(rival=levels.rival))
    if levels.contradicted:
        findings.append(
            CLICK_CONTRADICTED(
                clicked=", ".join(levels.clicked), why="; ".join(levels.contradicted)
            )
        )
    if not levels.clicks_kept:
        findings.append(CLICKS_DISAGREE())
    for status, kind in (
        (Status.NOT_FOUND, JOINTS_NOT_FOUND),
        (Status.OBSCURED, JOINTS_OBSCURED),
        (Status.FUSED, JOINTS_FUSED),
    ):
        # Of what a label map lacks it is said that it is not labelled.
        shown = [f for f in facets if status is not Status.NOT_FOUND or f.source == AUTOMATIC]
        names = tuple(f.joint.name for f in shown if f.status is status)
        if names:
            findings.append(kind(joints=names))
    if slice_mm > THICK_MM:
        findings.append(THICK_SLICES(slice_mm=slice_mm))
    elif slice_mm > GAP_SLICE_MM:
        findings.append(FUSION_NOT_TOLD(slice_mm=slice_mm, limit_mm=GAP_SLICE_MM))
    return (*findings, *anomaly_findings(anomalies))
