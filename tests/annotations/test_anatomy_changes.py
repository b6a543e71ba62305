"""What a reader says about the spine: kept, replayed, taken back, carried into an addendum."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.annotations.changes import Opened
from fusion.annotations.changes.event import Event
from fusion.annotations.changes.vertebrae import AnomalyRecorded, JointMoved, VertebraNamed
from fusion.annotations.finishing import _numbered_anew, confirming_numbering
from fusion.annotations.marking import check_marked
from fusion.annotations.reading import Reading, replay
from fusion.annotations.spine import Spine
from fusion.errors import AnnotationError
from fusion.facets.localisation import Localisation, Numbering, Status, Witness
from fusion.facets.spine_statements import Anomaly, ProposedAnomaly, SpineStatements
from fusion.facets.states import WitnessKind
from fusion.json_form import to_json

from .necks import centers, localised
from .samples import LEFT_C5, study
from .test_reading import after, begun, event

RIGHT_C5 = Joint("C5-C6", Side.RIGHT)
RIB = AnomalyRecorded("cervical rib", note="both sides")


def test_the_last_word_about_each_vertebra_and_joint_counts() -> None:
    reading = after(
        begun(),
        VertebraNamed("C2", (1, 2, 3)),
        VertebraNamed("C5", (1, 2, -40)),
        VertebraNamed("C2", (1, 2, 4)),
        JointMoved(LEFT_C5, (17, 3, -75)),
        JointMoved(RIGHT_C5, (-17, 3, -75)),
        JointMoved(LEFT_C5, (18, 3, -75)),
    )
    assert reading.said.clicks == {"C5": (1, 2, -40), "C2": (1, 2, 4)}
    assert reading.said.moved == {RIGHT_C5: (-17, 3, -75), LEFT_C5: (18, 3, -75)}
    taken_back = after(reading, JointMoved(LEFT_C5, None), VertebraNamed("C5", None))
    assert taken_back.said.clicks == {"C2": (1, 2, 4)}
    assert taken_back.said.moved == {}


def test_a_new_numbering_ends_what_was_dragged_under_the_old_one() -> None:
    moved = after(begun(), JointMoved(LEFT_C5, (17, 3, -75)))
    assert after(moved, VertebraNamed("C2", (1, 2, 3))).said.moved == {}
    assert after(moved, RIB).said.moved == {}
    # A fused level has the number that it had.
    assert after(moved, AnomalyRecorded("fused", "C3-C4")).said.moved == moved.said.moved


def test_an_anomaly_is_recorded_once_and_can_be_withdrawn() -> None:
    fused = AnomalyRecorded("fused", "C5-C6")
    reading = after(begun(), RIB, fused, replace(RIB, note="left only"))
    assert [one.words for one in reading.said.anomalies] == [
        "fused C5-C6 recorded",
        "cervical rib recorded: left only",
    ]
    left = after(reading, replace(fused, withdrawn=True)).said.anomalies
    assert [one.words for one in left] == ["cervical rib recorded: left only"]
    assert replace(fused, withdrawn=True).words == "fused C5-C6 withdrawn"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: VertebraNamed("C0", (1, 2, 3)),
        lambda: VertebraNamed("L4", (1, 2, 3)),
        lambda: VertebraNamed("C2", (1, 2, float("nan"))),
        lambda: JointMoved(LEFT_C5, (1, 2)),  # type: ignore[arg-type]
        lambda: AnomalyRecorded("two heads"),
        lambda: AnomalyRecorded("fused"),
        lambda: AnomalyRecorded("cervical rib", "C5-C6"),
        lambda: AnomalyRecorded("cervical rib", note="x" * 10_001),
    ],
)
def test_what_cannot_be_is_a_sentence(wrong) -> None:
    with pytest.raises(AnnotationError):
        wrong()


def test_what_was_said_is_in_the_json_and_carried_into_an_addendum() -> None:
    reading = after(
        begun(), VertebraNamed("C2", (1, 2, 3)), RIB, JointMoved(LEFT_C5, (17, 3, -75.5))
    )
    content = json.loads(json.dumps(reading.to_json()))
    assert content["anatomy"]["clicks"] == {"C2": [1, 2, 3]}
    assert Reading.from_json(content) == reading
    opened = Opened(study(), 2, reading.reading_id, reading.digest, reason="r", said=reading.said)
    first = Event.read(json.loads(json.dumps(to_json(event(1, opened)))))
    addendum = replay("1" * 32, [first])
    assert (addendum.said.clicks, addendum.said.moved) == (reading.said.clicks, reading.said.moved)
    assert addendum.said.anomalies == reading.said.anomalies
    # Undoing in the addendum goes back to what was carried, not further.
    undone = after(addendum, VertebraNamed("C2", (9, 9, 9)))
    assert undone.said.clicks == {"C2": (9, 9, 9)}
    assert Reading.from_json(json.loads(json.dumps(undone.to_json()))) == undone


def test_readings_from_before_there_was_anatomy_can_be_read() -> None:
    content = begun().to_json()
    assert "anatomy" not in content["events"][0]["change"]
    del content["anatomy"]
    assert Reading.from_json(content) == begun()
    said = after(begun(), RIB).to_json()
    del said["anatomy"]
    with pytest.raises(AnnotationError, match="changed after it was written"):
        Reading.from_json(said)


def test_words_name_directions_instead_of_signs() -> None:
    assert JointMoved(LEFT_C5, (17, -3, -75.5)).words == (
        "Left C5-C6 moved to L 17.0, A 3.0, F 75.5 mm"
    )
    assert VertebraNamed("C2", None).words == "C2 is not named any more"
    assert not SpineStatements()


# Marks


def mark(joint: Joint, point: tuple[float, float, float], where: Localisation | None = None):
    where = localised() if where is None else where
    check_marked(joint, point, before=Spine.of(where), localisation=where)


def test_a_joint_may_be_dragged_as_far_as_it_stays_itself() -> None:
    for joint in JOINTS:
        x, y, z = centers()[joint]
        mark(joint, (x * 1.2, y + 3.0, z - 3.0))


@pytest.mark.parametrize("joint", [j for j in JOINTS if j.level in ("C2-C3", "C5-C6", "C7-T1")])
def test_a_joint_is_not_dragged_across_the_midline_or_to_its_neighbour(joint: Joint) -> None:
    x, y, z = centers()[joint]
    with pytest.raises(AnnotationError, match="Not saved"):
        mark(joint, (-x, y, z))
    for other in JOINTS:
        if other != joint:
            with pytest.raises(AnnotationError, match="Not saved"):
                mark(joint, tuple(centers()[other]))


@pytest.mark.parametrize("gone", [(LEFT_C5,), (LEFT_C5, Joint("C6-C7", Side.LEFT))])
def test_a_joint_that_was_not_found_is_marked_at_its_own_place_only(gone) -> None:
    where = localised(outside=gone)
    mark(LEFT_C5, tuple(centers()[LEFT_C5]), where)
    for level in ("C4-C5", "C6-C7"):
        with pytest.raises(AnnotationError, match="Not saved"):
            mark(LEFT_C5, tuple(centers()[Joint(level, Side.LEFT)]), where)
    with pytest.raises(AnnotationError, match="Not saved"):
        mark(LEFT_C5, tuple(centers()[RIGHT_C5]), where)


def test_an_unpaired_joint_is_not_dragged_across_the_midline_either() -> None:
    """Its level has no other side to be compared with."""
    where = localised(outside=(RIGHT_C5,))
    x, y, z = centers()[LEFT_C5]
    with pytest.raises(AnnotationError, match="other side"):
        mark(LEFT_C5, (-x / 2, y, z), where)


def test_the_first_marks_by_hand_need_no_spine_yet() -> None:
    nothing = localised(outside=JOINTS)
    for joint in (LEFT_C5, RIGHT_C5):
        point = tuple(centers()[joint])
        check_marked(joint, point, before=None, localisation=nothing)
        nothing = nothing.with_moved({joint: point})
    wrong = tuple(centers()[Joint("C4-C5", Side.LEFT)])
    with pytest.raises(AnnotationError, match="Not saved"):
        check_marked(Joint("C6-C7", Side.LEFT), wrong, before=None, localisation=nothing)


# Vouching for the numbering


def test_confirming_says_what_was_counted_from() -> None:
    ribs = Witness(WitnessKind.RIBS, "a rib on each side", "C7-T1", "C7-T1", 2.5, True)
    dens = Witness(WitnessKind.DENS, "a peg", "C2-C3", "C2-C3", 1.5, True)
    there = replace(localised(), evidence=(ribs, dens))
    said = confirming_numbering(there)
    # Plain ribs below a dens that is seen: they agree, and the count starts at C2.
    assert (said.anchor, said.c2_in_field, said.t1_in_field) == ("C2", True, True)
    assert said.numbering == "sure, counted down from C2, known by its dens"
    low = confirming_numbering(replace(there, evidence=(ribs, replace(dens, agrees=None))))
    assert low.anchor == "T1"
    assert low.how == "counted up from the first ribs, taken for those of T1"
    labels = Witness(WitnessKind.LABELS, "C2 to T1", "C2-C3", "C2-C3", 2.0, True)
    assert confirming_numbering(replace(there, evidence=(dens, labels))).how == "by the label map"
    alone = confirming_numbering(replace(there, evidence=()))
    assert alone.how == "by the shapes of the vertebrae alone"
    assert confirming_numbering(there, said=SpineStatements({"C4": (0, 0, 0)})).anchor == "C4"
    low = tuple(joint for joint in JOINTS if joint.lower == "T1")
    assert not confirming_numbering(localised(outside=low)).t1_in_field


def test_confirming_against_the_evidence_needs_a_note() -> None:
    against = Witness("first ribs", "a rib on each side", "C7-T1", "C6-C7", 1.5, False)
    for doubtful in (
        replace(localised(), evidence=(against,)),
        replace(localised(), numbering=Numbering.PROVISIONAL),
    ):
        with pytest.raises(AnnotationError, match="Write why it is right"):
            confirming_numbering(doubtful)
        assert confirming_numbering(doubtful, note="cervical rib").disagreement
    with pytest.raises(AnnotationError, match="no numbering to confirm"):
        confirming_numbering(localised(outside=JOINTS))
    assert localised(outside=JOINTS).facets[0].status is Status.OUTSIDE


def test_a_proposed_anomaly_that_is_dismissed_changes_no_numbering() -> None:
    """It is on record who dismissed what; taking it later records it."""
    proposed = ProposedAnomaly(RIB.as_anomaly(), "the ribs")
    moved = after(begun(), JointMoved(LEFT_C5, (17, 3, -75)))
    dismissal = AnomalyRecorded("cervical rib", note="proposed and dismissed", withdrawn=True)
    assert moved.said.unanswered([proposed]) == (proposed,)
    reading = after(moved, dismissal)
    assert reading.said.dismissed == (RIB.as_anomaly(),)
    assert reading.said.unanswered([proposed]) == ()
    assert (reading.said.anomalies, reading.said.moved) == ((), moved.said.moved)
    assert list(_numbered_anew(reading)) == []
    assert "cervical rib withdrawn: proposed and dismissed" in reading.events[-1].words
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    # Undoing a record is no dismissal: it is proposed again.
    recorded = after(begun(), RIB, replace(RIB, withdrawn=True))
    assert recorded.said.unanswered([proposed]) == (proposed,)
    assert len(list(_numbered_anew(recorded))) == 2
    taken = after(reading, RIB)
    assert (taken.said.dismissed, len(taken.said.anomalies)) == ((), 1)
    assert len(list(_numbered_anew(taken))) == 1


def test_a_dismissal_is_carried_into_an_addendum() -> None:
    """Who amends a reading is not asked again what its first version answered."""
    proposed = ProposedAnomaly(RIB.as_anomaly(), "the ribs")
    dismissal = AnomalyRecorded("cervical rib", note="a transverse process", withdrawn=True)
    reading = after(begun(), dismissal)
    opened = replace(
        reading.opened,
        version=2,
        amends=reading.reading_id,
        amends_digest=reading.digest,
        said=reading.said,
        reason="why",
    )
    first = replace(reading.events[0], change=opened)
    addendum = replay("1" * 32, [Event.read(json.loads(json.dumps(to_json(first))))])
    assert addendum.said.unanswered([proposed]) == ()
    assert [one.note for one in addendum.said.dismissed] == ["a transverse process"]
    assert list(_numbered_anew(addendum)) == []
    # Recorded after all, it is no longer dismissed.
    assert after(addendum, RIB).said.dismissed == ()


def test_a_dismissal_keeps_the_confirmation_of_the_numbering() -> None:
    reading = after(begun(), confirming_numbering(localised(), note="seen"))
    dismissal = AnomalyRecorded("cervical rib", withdrawn=True)
    assert after(reading, dismissal).numbering == reading.numbering is not None
    assert after(reading, RIB).numbering is None


def test_confirming_the_numbering_keeps_what_was_proposed_and_not_answered() -> None:
    kinds = (("fused", "C3-C4"), ("cervical rib", ""), ("missing segment", ""))
    proposed = tuple(ProposedAnomaly(Anomaly(*kind), "It was seen.") for kind in kinds)
    neck = replace(localised(), proposed=proposed)
    answered = SpineStatements(
        anomalies=(Anomaly("cervical rib", note="left"),), dismissed=(Anomaly("missing segment"),)
    )
    assert confirming_numbering(neck, said=answered).left_open == ("fused C3-C4",)
    every = "fused C3-C4", "cervical rib", "missing segment"
    assert confirming_numbering(neck).left_open == every
    # Without a key where nothing was open: journals from before stay as they are.
    assert "left_open" not in to_json(confirming_numbering(localised()))
    with pytest.raises(AnnotationError, match="no anomaly of a spine"):
        replace(confirming_numbering(neck), left_open=("fused C9-C10",))
