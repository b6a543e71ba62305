"""What a reader knows about a spine that changes its count: ribs, fusions, more or fewer bones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fusion.anatomy import LEVELS, VERTEBRAE
from fusion.facets.automatic.claims import Claim
from fusion.facets.spine_statements import Anomaly
from fusion.findings import Finding, info, warning

#: Anomalies that change the count, and the last vertebra that still has the name that counting
#: down from C2 gives.
_COUNTS = {"missing segment": "C6", "extra segment": "C7"}
#: What the first ribs are worth, and how far off they may be, mm, when one may be cervical.
_RIB_WEIGHT, _RIB_SPREAD_MM = 0.5, 12.0
_MEANING = {
    "cervical rib": "The first ribs may be of C7 or of T1 and hardly count as evidence.",
    "fused": "Its joints are called fused.",
    "missing segment": "Levels are counted down from C2 (dens), and what lies below is no evidence "
    "for their names. A neck of six ends with C6: what is called C6-C7 here is then the joint "
    "between C6 and T1, and what is called C7-T1 a thoracic one. These names are provisional; the "
    "operator has to count in the same way.",
    "extra segment": "Levels are counted down from C2 (dens), and what lies below is no evidence "
    "for their names. The vertebra below C7 is then an eighth cervical one and not T1: what is "
    "called C7-T1 here is the joint between these two, and the joint below it has no name here and "
    "is not listed. That name is provisional; the operator has to count in the same way.",
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


def anomaly_findings(anomalies: Collection[Anomaly]) -> list[Finding]:
    """Return what recorded anomalies mean for the names of the levels.

    Parameters
    ----------
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    """
    findings = []
    for anomaly in anomalies:
        message = f"The reader recorded: {anomaly.name}. {_MEANING[anomaly.kind]}"
        if anomaly.kind in _COUNTS:
            findings.append(warning("anomaly-recorded", message))
        else:
            findings.append(info("anomaly-recorded", message))
    return findings
