"""The three ways to a Target, and what may be revised."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fusion.annotations.deciding import decide, revise
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.errors import AnnotationError
from fusion.facets.joints import Joint, Side
from fusion.software import own_version

from .necks import centers, other_side, spine
from .samples import FRAME, LEFT_C5, READER, localisation, registration, study


def made(joint: Joint = LEFT_C5, decision: Decision = Decision.POSITIVE, **changes) -> Target:
    values = {
        "reader": READER,
        "origin": Origin.JOINT_CLICKED,
        "spine": spine(),
        "study": study(),
        "registration": registration(),
        "localisation": localisation(),
    }
    return decide(joint, decision, **{**values, **changes})


def test_a_clicked_joint_is_decided_at_its_centre() -> None:
    before = datetime.now(UTC)
    one = made()
    assert one.point_lps == tuple(centers()[LEFT_C5])
    assert one.frame_of_reference_uid == FRAME
    assert before <= one.time <= datetime.now(UTC)
    assert one.software_version == own_version()


@pytest.mark.parametrize("origin", [Origin.PROPOSAL_ACCEPTED, Origin.POINT_PLACED])
def test_the_other_ways_need_a_point(origin: Origin) -> None:
    with pytest.raises(AnnotationError, match="There is no point for Left C5-C6"):
        made(origin=origin)
    point = centers()[LEFT_C5] + [1, 1, 1]
    assert made(origin=origin, point_lps=point).point_lps == tuple(point)
    with pytest.raises(AnnotationError, match="You chose Right C5-C6"):
        made(other_side(LEFT_C5), origin=origin, point_lps=point)


def test_a_joint_that_was_not_found_cannot_be_clicked() -> None:
    few = {j: tuple(p) for j, p in centers().items() if j.level in ("C4-C5", "C5-C6")}
    with pytest.raises(AnnotationError, match="There is no point for Left C2-C3"):
        made(Joint("C2-C3", Side.LEFT), spine=type(spine())(few))


def test_a_target_that_is_moved_stays_the_same_target_and_is_checked_again() -> None:
    one = made()
    there = centers()[LEFT_C5] + [0, 2, 0]
    moved = made(point_lps=there, origin=Origin.POINT_PLACED, target_id=one.target_id)
    assert moved.target_id == one.target_id
    with pytest.raises(AnnotationError, match="patient's right"):
        made(point_lps=centers()[other_side(LEFT_C5)], target_id=one.target_id)


def test_a_revision_is_the_reviser_s() -> None:
    one = made()
    revised = revise(one, reader="Dr B", grade=3, clinically_concordant=Answer.NO, note="n")
    assert (revised.reader, revised.grade, revised.clinically_concordant) == ("Dr B", 3, Answer.NO)
    assert revised.time >= one.time
    assert (revised.target_id, revised.placement) == (one.target_id, one.placement)
    for name in ("joint", "placement", "reader_", "time", "target_id"):
        with pytest.raises(AnnotationError, match=f"{name} of a target cannot be revised"):
            revise(one, reader="Dr B", **{name: None})
