"""What a reader knows about a spine that changes its count: ribs, fusions, more or fewer bones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fusion.anatomy import LEVELS, VERTEBRAE
from fusion.facets.automatic.claims import Claim
from fusion.facets.spine_statements import Anomaly, ProposedAnomaly
from fusion.findings import Finding
from fusion.findings.joints import (
    ANOMALY_PROPOSED,
    CERVICAL_RIB_RECORDED,
    EXTRA_SEGMENT_RECORDED,
    FUSION_RECORDED,
    MISSING_SEGMENT_RECORDED,
)

#: Anomalies that change the count, and the last vertebra that still has the name that counting
#: down from C2 gives.
_COUNTS = {"missing segment": "C6", "extra segment": "C7"}
#: What the first ribs are worth, and how far off they may be, mm, when one may be cervical.
_RIB_WEIGHT, _RIB_SPREAD_MM = 0.5, 12.0
_RECORDED = {
    "cervical rib": CERVICAL_RIB_RECORDED,
    "fused": FUSION_RECORDED,
    "missing segment": MISSING_SEGMENT_RECORDED,
    "extra segment": EXTRA_SEGMENT_RECORDED,
}


def with_anomalies(seen: tuple[Claim, ...], anomalies: Collection[Anomaly]) -> tuple[Claim, ...]:
    """Return the evidence as it reads once a reader's anomalies are known.

    Parameters
    ----------
    seen : tuple of Claim
        From :func:`fusion.facets.automatic.claims.claims`.
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    """
    kinds = {anomaly.kind for anomaly in anomalies}
    result = []
    for claim in seen:
        if claim.level == "C7-T1" and kinds & set(_COUNTS):
            continue  # counted from C2; what lies below says nothing about the number
        if claim.source == "first ribs" and "cervical rib" in kinds:
            said = "; a cervical rib is recorded, so they may be of C7 or of T1 and decide little"
            weak = min(claim.weight, _RIB_WEIGHT)
            claim = replace(claim, weight=weak, spread_mm=_RIB_SPREAD_MM, saw=claim.saw + said)
        result.append(claim)
    return tuple(result)


def levels_in_doubt(
    anomalies: Collection[Anomaly], clicked: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the levels whose names no count can give in a neck without seven vertebrae.

    Levels are counted down from C2, by what the CT shows of it or from a click at or above the
    last vertebra that such a neck shares with an ordinary one. A click further down vouches only
    for the two levels of the vertebra that was clicked on.

    Parameters
    ----------
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    clicked : collection of str
        Vertebrae that a reader named.
    """
    lasts = [_COUNTS[anomaly.kind] for anomaly in anomalies if anomaly.kind in _COUNTS]
    if not lasts:
        return ()
    last = min(VERTEBRAE.index(name) for name in lasts)
    from_above = not clicked or any(VERTEBRAE.index(name) <= last for name in clicked)
    return tuple(
        level
        for level in LEVELS
        if not set(level.split("-")) & set(clicked)
        and not (from_above and VERTEBRAE.index(level.split("-")[1]) <= last)
    )


def proposed_anomalies(
    suggested: Collection[str], why: str, solid: Collection[str], recorded: Collection[Anomaly]
) -> tuple[ProposedAnomaly, ...]:
    """Return the anomalies that the program proposes.

    Parameters
    ----------
    suggested : collection of str
        Kinds that would explain another way to number the neck.
    why : str
        That other way, in words.
    solid : collection of str
        Levels without a joint space on either side.
    recorded : collection of Anomaly
        What a reader has recorded: it is not proposed again.
    """
    found = [ProposedAnomaly(Anomaly(kind), why) for kind in suggested]
    for level in (one for one in LEVELS if one in solid):
        seen = f"no joint space is seen at {level} on either side"
        found.append(ProposedAnomaly(Anomaly("fused", level), seen))
    return tuple(one for one in found if one.anomaly not in recorded)


def proposal_findings(proposed: Collection[ProposedAnomaly]) -> tuple[Finding, ...]:
    """Return what a reader must know about proposed anomalies, one for each reason."""
    reasons = dict.fromkeys(one.why for one in proposed)
    return tuple(
        ANOMALY_PROPOSED(
            anomalies=" or ".join(one.anomaly.name for one in proposed if one.why == why), why=why
        )
        for why in reasons
    )


def anomaly_findings(anomalies: Collection[Anomaly]) -> list[Finding]:
    """Return what recorded anomalies mean for the names of the levels.

    Parameters
    ----------
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    """
    return [_RECORDED[one.kind](anomaly=one.name) for one in anomalies]
