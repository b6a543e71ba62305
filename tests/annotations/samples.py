"""Targets, studies and spines for tests; a child process of the crash harness imports it too."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from fusion.anatomy.joints import LEVELS, Joint, Side
from fusion.annotations.placement import Placement
from fusion.annotations.snapshots import LocalisationSnapshot, Measured, RegistrationSnapshot
from fusion.annotations.study import InputKey, StudyKey
from fusion.annotations.target import Answer, Decision, Origin, Target

FRAME = "1.2.826.0.1.3680043.8.498.77"
IDENTITY = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
READER = "Dr. Åsa Öberg"
LEFT_C5 = Joint("C5-C6", Side.LEFT)


def registration(shift_mm: float = 0.0) -> RegistrationSnapshot:
    matrix = ((1, 0, 0, shift_mm), *IDENTITY[1:])
    return RegistrationSnapshot(
        matrix=matrix,
        method="shared frame of reference",
        uncertainty_mm=1.5,
        uncertainty_share=0.95,
    )


def localisation(
    numbering: str = "counted from C2 (dens)", *, status: str = "found"
) -> LocalisationSnapshot:
    return LocalisationSnapshot(
        source="facetfusion 0.1.0",
        numbering=numbering,
        confidence_mm=1.2,
        status=status,
        confidence_share=0.9,
    )


def placement(joint: Joint = LEFT_C5, **changes: Any) -> Placement:
    n = LEVELS.index(joint.level)
    values: dict[str, Any] = {
        "joint": joint,
        "point_lps": (17.0 * joint.side.sign, 3.0, -15.0 * n),
        "lateral_mm": 17.0 * joint.side.sign,
        "distance_mm": 1.0,
        "margin_mm": 7.0,
        "neighbour": LEVELS[n + 1] if n + 1 < len(LEVELS) else "below C7-T1",
        "uncertainty_mm": 3.0,
    }
    return Placement(**{**values, **changes})


def target(joint: Joint = LEFT_C5, **changes: Any) -> Target:
    values: dict[str, Any] = {
        "joint": joint,
        "decision": Decision.POSITIVE,
        "placement": placement(joint),
        "frame_of_reference_uid": FRAME,
        "reader": READER,
        "time": datetime(2026, 11, 22, 15, 0, 0, 123456, UTC),
        "origin": Origin.PROPOSAL_ACCEPTED,
        "registration": registration(),
        "localisation": localisation(),
        "software_version": "0.1.0",
        "grade": 2,
        "uptake": Measured.of({"maximum": 812.25, "ratio_to_reference": 0.1 + 0.2}, unit="counts"),
        "clinically_concordant": Answer.YES,
        "inside_operative_bed": Answer.NO,
        "note": "next to the osteophyte",
    }
    return Target(**{**values, **changes})


def study(
    *, uid: str = "1.2.3", ct: str = "ct", spect: str = "spect", ct_series: str = "1.2.3.1"
) -> StudyKey:
    def key(series: str, pixels: str) -> InputKey:
        digest = hashlib.sha256(pixels.encode()).hexdigest()
        return InputKey(
            series_instance_uid=series,
            frame_of_reference_uid=FRAME,
            pixels_sha256=digest,
            geometry_sha256=digest[::-1],
        )

    return StudyKey(study_instance_uid=uid, ct=key(ct_series, ct), spect=key("1.2.3.2", spect))
