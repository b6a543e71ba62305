"""What a reader knows about a spine that changes its count: ribs, fusions, more or fewer bones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fusion.facets.evidence import Claim
from fusion.facets.joints import LEVELS

#: What may be unusual about a spine.
ANOMALIES = ("cervical rib", "fused", "missing segment", "extra segment")


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something a reader knows about this spine that changes its numbering or its joints.

    Parameters
    ----------
    kind : str
        What it is, one of :data:`ANOMALIES`.
    level : str
        For ``"fused"``: the level, for example ``"C5-C6"``; otherwise empty.

    Raises
    ------
    ValueError
        An unknown kind, or a fused level that does not exist.
    """

    kind: str
    level: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ANOMALIES:
            raise ValueError(f"an anomaly is one of {', '.join(ANOMALIES)}; found {self.kind!r}")
        if (self.kind == "fused") != bool(self.level) or self.level not in ("", *LEVELS):
            raise ValueError(f"a fused level is one of {', '.join(LEVELS)}; found {self.level!r}")


def with_anomalies(seen: tuple[Claim, ...], anomalies: Collection[Anomaly]) -> tuple[Claim, ...]:
    """Return the evidence as it reads once a reader's anomalies are known.

    Parameters
    ----------
    seen : tuple of Claim
        From :func:`fusion.facets.evidence.claims`.
    anomalies : collection of Anomaly
        What a reader knows about this spine.
    """
    kinds = {anomaly.kind for anomaly in anomalies}
    result = []
    for claim in seen:
        from_below = claim.level == "C7-T1"
        if from_below and kinds & {"missing segment", "extra segment"}:
            continue  # counted from C2; what lies below says nothing about the number
        if claim.source == "first ribs" and "cervical rib" in kinds:
            result.append(
                Claim(
                    claim.source,
                    "C6-C7",
                    claim.height_mm,
                    claim.spread_mm,
                    claim.weight,
                    claim.saw + "; the reader recorded a cervical rib, so these are of C7",
                )
            )
            continue
        result.append(claim)
    return tuple(result)
