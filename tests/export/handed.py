"""A study on disk with a reading of it in a journal, for the tests of everything handed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from fusion.anatomy.joints import LEVELS, Joint, Side
from fusion.annotations.blocks import plan_blocks
from fusion.annotations.changes import (
    AlignmentReviewed,
    Finalised,
    NumberingConfirmed,
    PathwayAnswered,
    TargetSaved,
)
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading
from fusion.annotations.snapshots import RegistrationSnapshot
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Answer, Decision, Target
from fusion.export.handout import Handout
from fusion.export.regions import uptake_region
from fusion.facets.localisation import Localisation
from fusion.opening import open_study
from fusion.pathway.assessment import Assessment
from fusion.pathway.facts.facts import Facts
from fusion.review import Review
from tests.annotations import samples
from tests.annotations.necks import PITCH_MM, localised
from tests.viewer.marked_study import BALLS, MIDDLE_LPS, write_study

MADE = datetime(2026, 11, 2, 15, 4, 5)
HOSTILE = "<script>alert(1)</script> =cmd|' /C calc'!A0 \\ \u202eevil"
HOT = Joint("C5-C6", Side.LEFT)
BESIDE = Joint("C4-C5", Side.LEFT)
COLD = Joint("C5-C6", Side.RIGHT)
#: Centre of the ball on the left, and a point on its edge.
HOT_LPS = MIDDLE_LPS + BALLS["left"]
BESIDE_LPS = HOT_LPS + np.array([0.0, 0.0, 15.0])


#: From the midline to a joint: as wide as a neck may be, and near enough to the balls.
APART = np.array([29.5, 0.0, 0.0])


def _agreeing() -> Localisation:
    neck = localised()
    middles = {
        level: MIDDLE_LPS + np.array([0.0, 0.0, PITCH_MM * (LEVELS.index(HOT.level) - n)])
        for n, level in enumerate(LEVELS)
    }
    facets = tuple(
        replace(facet, center_lps=middles[facet.joint.level] + facet.joint.side.sign * APART)
        for facet in neck.facets
    )
    return replace(neck, facets=facets, midline_lps=middles)


#: Joints that say of HOT, BESIDE and COLD what they are.
AGREEING = _agreeing()


@dataclass(frozen=True)
class Read:
    """A study, what was opened, and its reading."""

    study: Path
    journal: Path
    review: Review
    reading: Reading


def registration_of(review: Review) -> RegistrationSnapshot:
    return RegistrationSnapshot(
        matrix=tuple(map(tuple, review.fused.registration.transform.matrix.tolist())),
        method=review.fused.registration.method.value,
        uncertainty_mm=2.1,
        uncertainty_share=0.95,
    )


def target_at(review: Review, joint: Joint, point_lps: np.ndarray, **changes: Any) -> Target:
    placement = samples.placement(
        joint, point_lps=tuple(point_lps), lateral_mm=17.0 * joint.side.sign
    )
    values: dict[str, Any] = {
        "placement": placement,
        "frame_of_reference_uid": review.fused.ct.grid.frame_of_reference_uid,
        "registration": registration_of(review),
    }
    return samples.target(joint, **(values | changes))


def three_targets(review: Review) -> list[Target]:
    right = MIDDLE_LPS - BALLS["left"]
    return [
        target_at(review, HOT, HOT_LPS, note=HOSTILE),
        target_at(review, BESIDE, BESIDE_LPS),
        target_at(
            review,
            COLD,
            right,
            decision=Decision.NEGATIVE,
            grade=0,
            clinically_concordant=Answer.NO,
            note="",
        ),
    ]


def read_study(
    folder: Path,
    *,
    targets: Sequence[Target] | None = None,
    numbering: NumberingConfirmed | None = None,
    final: bool = True,
    **study: Any,
) -> Read:
    """Write a study, open it, and record a reading."""
    path = write_study(folder / "study", **study)
    review = open_study(path)
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    journal_path = folder / "journal.db"
    with Journal(journal_path) as journal:
        reading = journal.begin(key, reader=samples.READER).reading
        answer = Assessment.of(Facts(), reader=samples.READER)
        changes: list[Any] = [
            *map(TargetSaved, three_targets(review) if targets is None else targets),
            AlignmentReviewed(registration_of(review)),
            numbering
            or NumberingConfirmed(
                numbering="counted from C2 (dens)", anchor="C2", c2_in_field=True, t1_in_field=True
            ),
            PathwayAnswered(answer),
            *([Finalised()] if final else []),
        ]
        for change in changes:
            saved = journal.append(reading, change, reader=samples.READER, study=key)
            assert isinstance(saved, Saved)
            reading = saved.reading
    return Read(path, journal_path, review, reading)


def handout_of(review: Review, *targets: Target, **changes: Any) -> Handout:
    """What exporters are given for these Targets, as if somebody had decided them."""
    handout = Handout.of(review, None, made=MADE, localisation=None)
    regions = tuple(
        uptake_region(one, review.fused, targets)
        for one in targets
        if one.decision is Decision.POSITIVE
    )
    changes = {"plan": plan_blocks(targets)} | changes
    return replace(handout, targets=targets, regions=regions, **changes)
