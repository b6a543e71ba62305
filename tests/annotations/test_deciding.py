"""The three ways to a Target, and what may be revised."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from fusion.anatomy.joints import Joint, Side
from fusion.annotations.deciding import decide, revise
from fusion.annotations.snapshots import Measured, RegistrationSnapshot
from fusion.annotations.target import Answer, Decision, Origin, Target, going_with
from fusion.errors import AnnotationError
from fusion.json_form import to_json
from fusion.registration import Registration, Trust
from fusion.software import own_version
from fusion.uptake.activity import Resolution
from fusion.uptake.measuring import Uptake
from fusion.uptake.reference import Reference
from fusion.uptake.settings import ReferenceKind

from .necks import IN_USE, centers, localised, other_side, shifted, spine
from .samples import FRAME, LEFT_C5, READER, study


def made(joint: Joint = LEFT_C5, decision: Decision = Decision.POSITIVE, **changes) -> Target:
    values = {
        "reader": READER,
        "origin": Origin.JOINT_CLICKED,
        "spine": spine(),
        "study": study(),
        "registration": IN_USE,
        "localisation": localised(),
    }
    return decide(joint, decision, **{**values, **changes})


def test_a_clicked_joint_is_decided_at_its_centre() -> None:
    before = datetime.now(UTC)
    one = made()
    assert one.point_lps == tuple(centers()[LEFT_C5])
    assert one.frame_of_reference_uid == FRAME
    assert before <= one.time <= datetime.now(UTC)
    assert one.software_version == own_version()
    assert one.registration == RegistrationSnapshot.of(IN_USE, one.point_lps)
    assert one.registration.method == "shared frame of reference"
    assert one.registration.uncertainty_mm is None
    assert to_json(one.localisation) == {
        "source": "automatic from CT",
        "numbering": "sure",
        "confidence_mm": 1.5,
        "status": "found",
        "confidence_share": 0.9,
    }


@pytest.mark.parametrize("origin", [Origin.PROPOSAL_ACCEPTED, Origin.POINT_PLACED])
def test_the_other_ways_need_a_point(origin: Origin) -> None:
    with pytest.raises(AnnotationError, match="There is no point for Left C5-C6"):
        made(origin=origin)
    point = centers()[LEFT_C5] + [1, 1, 1]
    assert made(origin=origin, point_lps=point).point_lps == tuple(point)
    with pytest.raises(AnnotationError, match="You chose Right C5-C6"):
        made(other_side(LEFT_C5), origin=origin, point_lps=point)


def test_an_alignment_that_is_not_to_be_trusted_gives_no_point_a_joint() -> None:
    wrong = replace(IN_USE, status=Trust.DO_NOT_TRUST)
    point = centers()[LEFT_C5]
    for decision in Decision:
        with pytest.raises(AnnotationError, match="alignment is not to be trusted"):
            made(
                registration=wrong,
                origin=Origin.PROPOSAL_ACCEPTED,
                point_lps=point,
                decision=decision,
            )
    clicked = made(registration=wrong)
    assert clicked.registration.method == "shared frame of reference (do not trust)"


class SixMillimetres(Registration):
    """An alignment that may be 6 mm off everywhere."""

    def uncertainty_mm_at(self, points_lps):
        return np.full(np.shape(points_lps)[:-1], 6.0)


def test_how_far_the_alignment_may_be_off_counts_for_a_point_and_not_for_a_click() -> None:
    """4.5 mm before half way to C6-C7: enough on the CT, not for uptake that may be 6 mm off."""
    vague = SixMillimetres(IN_USE.transform, IN_USE.method)
    neck = centers()
    down = neck[Joint("C6-C7", Side.LEFT)] - neck[LEFT_C5]
    point = neck[LEFT_C5] + 3.0 * down / np.linalg.norm(down)
    made(registration=vague, point_lps=point)
    made(origin=Origin.POINT_PLACED, point_lps=point)
    with pytest.raises(AnnotationError, match=r"between Left C5-C6 and C6-C7"):
        made(registration=vague, origin=Origin.POINT_PLACED, point_lps=point)


def measured(**changes) -> Uptake:
    values = {
        "joint": LEFT_C5,
        "unit": "Bq/mL",
        "values": {"maximum": 9000.0, "mean": 5000.0, "ratio_to_reference": 3.0},
        "maximum_lps": None,
        "voxels": 90,
        "peak_voxels": 0,
        "in_field": 1.0,
        "reference": Reference(ReferenceKind.BONE, 3000.0, 50, 0, "Mean of 50 voxels."),
        "spill_in": None,
        "spill_from": None,
        "merged_with": (),
        "resolution": Resolution(10.0, "assumed"),
        "registration_mm": None,
        "localisation_mm": None,
    }
    return Uptake(**{**values, **changes})


def test_what_was_measured_is_kept_as_far_as_it_is_a_number() -> None:
    kept = Measured.of_uptake(measured())
    assert kept is not None
    assert (kept.unit, kept.reference) == ("Bq/mL", "Mean of 50 voxels.")
    assert dict(kept) == {"maximum": 9000.0, "mean": 5000.0, "ratio_to_reference": 3.0}
    assert Measured.of_uptake(measured(values={})) is None


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
    said = {"grade": 3, "clinically_concordant": Answer.NO, "note": "n"}
    revised = revise(one, reader="Dr B", spine=spine(), **said)
    assert (revised.reader, revised.grade, revised.clinically_concordant) == ("Dr B", 3, Answer.NO)
    assert revised.time >= one.time
    assert (revised.target_id, revised.placement) == (one.target_id, one.placement)
    for name in ("joint", "placement", "reader_", "time", "target_id"):
        with pytest.raises(AnnotationError, match=f"{name} of a target cannot be revised"):
            revise(one, reader="Dr B", **{name: None})


def test_a_change_passes_the_same_check_of_side_and_level_as_a_decision() -> None:
    one = made()
    moved = {joint: tuple(map(float, point)) for joint, point in centers().items()}
    exchanged = type(spine())(
        {joint: moved[shifted(joint, 1) or joint] for joint in moved if shifted(joint, 1)}
    )
    with pytest.raises(AnnotationError, match="You chose Left C5-C6, but the point"):
        revise(one, reader="Dr B", spine=exchanged, decision=Decision.INDETERMINATE)
    with pytest.raises(AnnotationError, match="joints are not known now"):
        revise(one, reader="Dr B", spine=None, grade=1)
    assert revise(one, reader="Dr B", spine=exchanged, note="seen").note == "seen"


#: Decision, grade, fits the pain, and whether they go together: written down by hand.
TOGETHER = [
    (Decision.POSITIVE, 0, None, False),
    (Decision.POSITIVE, 1, Answer.YES, True),
    (Decision.POSITIVE, 3, Answer.NO, True),
    (Decision.NEGATIVE, 0, Answer.NO, True),
    (Decision.NEGATIVE, 1, Answer.NOT_RECORDED, True),
    (Decision.NEGATIVE, 2, None, False),
    (Decision.NEGATIVE, 3, Answer.YES, False),
    (Decision.NEGATIVE, None, Answer.YES, False),
    (Decision.INDETERMINATE, 0, Answer.YES, True),
    (Decision.INDETERMINATE, 3, Answer.NO, True),
]


@pytest.mark.parametrize(("decision", "grade", "pain", "together"), TOGETHER)
def test_what_does_not_go_together_is_refused_made_and_changed(
    decision: Decision, grade: int | None, pain: Answer | None, together: bool
) -> None:
    answers = {"decision": decision, "grade": grade, "clinically_concordant": pain}
    if together:
        assert made(**answers).grade == grade
        assert revise(made(grade=None), reader="B", spine=spine(), **answers).decision is decision
        return
    with pytest.raises(AnnotationError, match=f"A {decision} joint cannot"):
        made(**answers)
    with pytest.raises(AnnotationError, match=f"A {decision} joint cannot"):
        revise(made(grade=None), reader="B", spine=spine(), **answers)
    left, answer = going_with(decision, grade, pain)
    assert made(decision=decision, grade=left, clinically_concordant=answer)


def test_what_an_earlier_version_let_pass_opens_and_cannot_become_final() -> None:
    old = replace(made(grade=2), decision=Decision.NEGATIVE)
    assert old.missing == ("Left C5-C6: a negative joint cannot have grade 2; it has grade 0 or 1",)
