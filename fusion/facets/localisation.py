"""Where the joints are on this CT, and how far to trust each place and level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from fusion.anatomy import JOINTS, Joint, Side
from fusion.errors import FusionError
from fusion.facets.spine_statements import ProposedAnomaly
from fusion.facets.states import DRAGGED, MARKED, Numbering, Status, WitnessKind
from fusion.findings import Finding
from fusion.findings.joints import JOINTS_MOVED
from fusion.geometry import FloatArray
from fusion.json_form import to_json

#: How :func:`locate` found what it reports.
AUTOMATIC = "automatic from CT"
#: What the source of a joint from label maps begins with, and what it ends with: which part of them
#: it is from.
LABEL_MAP = WitnessKind.LABELS.value
FROM_PROCESSES, FROM_VERTEBRAE = ", from articular processes", ", from vertebrae"
#: How far a centre that a reader put may be off, mm, nine in ten being nearer. Assumed, not
#: measured: a hand is off by a voxel or two, and readers differ about the middle of a joint that is
#: 12 mm long.
READER_MM = 3.0


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
        How far the centre may be from the true one: nine joints in ten are nearer.
    source : str
        How it was found.
    """

    joint: Joint
    status: Status
    center_lps: FloatArray | None
    normal_lps: FloatArray | None
    numbering: Numbering
    localisation_mm: float | None
    source: str = AUTOMATIC

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``uptake`` is null until it is measured."""
        return {
            "level": self.joint.level,
            "side": self.joint.side.value,
            "status": self.status.value,
            "center_lps": _point_json(self.center_lps),
            "normal_lps": _point_json(self.normal_lps, 4),
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
    evidence : tuple of Witness
        Why.
    midline_lps : dict of str to (3,) ndarray of float64, mm
        Level to the middle of the canal there: what left and right are told from.
    findings : tuple of Finding
        What a reader must know.
    proposed : tuple of ProposedAnomaly
        Anomalies that the program proposes; none that was recorded is among them.
    """

    facets: tuple[Facet, ...]
    numbering: Numbering
    evidence: tuple[Witness, ...]
    midline_lps: dict[str, FloatArray]
    findings: tuple[Finding, ...]
    proposed: tuple[ProposedAnomaly, ...] = ()

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
        names = tuple(facet.joint.name for facet in facets if facet.joint in moved)
        finding = JOINTS_MOVED(joints=names)
        return replace(self, facets=facets, findings=(*self.findings, finding))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, as ``facetfusion facets --json`` prints it."""
        return {
            "joints": [facet.to_json() for facet in self.facets],
            "numbering": self.numbering.value,
            "numbering_evidence": [to_json(piece) for piece in self.evidence],
            "midline_lps": {level: _point_json(point) for level, point in self.midline_lps.items()},
            "proposed_anomalies": [
                {"anomaly": one.anomaly.kind, "level": one.anomaly.level, "why": one.why}
                for one in self.proposed
            ],
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


def _point_json(point: FloatArray | None, digits: int = 2) -> list[float] | None:
    return None if point is None else [round(float(v), digits) for v in point]


@dataclass(frozen=True, slots=True)
class Witness:
    """A claim and what became of it.

    Parameters
    ----------
    source : str
        Which piece of evidence.
    saw : str
        What was seen.
    level : str
        The level that the piece is about.
    implies : str
        The level that the chosen numbering has at that height; equal to ``level`` when they agree.
    weight : float
        How much it counts.
    agrees : bool or None
        None when it is too far off to support the numbering and too weak to speak against it.
    """

    source: str
    saw: str
    level: str
    implies: Annotated[str, Field(alias="found_at")]
    weight: float
    agrees: bool | None


def point_of(value: npt.ArrayLike, name: str) -> FloatArray:
    """Return a point (3,), mm, that was given for something with a name.

    Raises
    ------
    FusionError
        Not three finite numbers.
    """
    point = np.asarray(value, dtype=np.float64)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise FusionError(f"The point given for {name} is not three numbers (x, y, z in mm).")
    return point
