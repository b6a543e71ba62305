"""The present state follows from the events; undo and redo are inverses; final is final."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.annotations.changes import (
    AlignmentReviewed,
    AnomalyRecorded,
    Change,
    Finalised,
    JointMoved,
    NewLabel,
    NumberingConfirmed,
    Opened,
    PathwayAnswered,
    PathwayLeftOut,
    Redone,
    Relabelled,
    TargetRemoved,
    TargetSaved,
    Undone,
    VertebraNamed,
)
from fusion.annotations.changes.event import Event
from fusion.annotations.finishing import differences, missing, relabelling
from fusion.annotations.reading import Lack, Lacking, Reading, replay, unfinished
from fusion.annotations.renumbering import label_changes
from fusion.annotations.snapshots import RegistrationSnapshot
from fusion.annotations.spine import Spine, verify_side_and_level
from fusion.annotations.target import Decision
from fusion.errors import AnnotationError
from fusion.facets.localisation import Numbering
from fusion.geometry import RigidTransform
from fusion.json_form import to_json
from fusion.pathway.assessment import stored_answer
from fusion.registration import Method, NeckCorrection

from .necks import IN_USE, centers, localised, shifted
from .samples import LEFT_C5, READER, localisation, placement, registration, study, target

ASSESSMENT = stored_answer({"assessed": True, "words": "Supported", "reader": "R"})
CONFIRMED = NumberingConfirmed(
    numbering="counted from C2 (dens)", anchor="C2", c2_in_field=True, t1_in_field=True
)


def event(sequence: int, change: Change, reader: str = READER, digest: str | None = None) -> Event:
    return Event(
        sequence=sequence,
        time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=sequence),
        reader=reader,
        software_version="0.1.0",
        input_digest=study().digest if digest is None else digest,
        change=change,
    )


def begun() -> Reading:
    return replay("0" * 32, [event(1, Opened(study()))])


def after(reading: Reading, *changes: Change) -> Reading:
    for change in changes:
        reading = reading.with_event(event(reading.sequence + 1, change))
    return reading


def state(reading: Reading) -> tuple:
    checks = reading.alignment, reading.numbering, reading.pathway
    return reading.records, reading.said, *checks


class Session(RuleBasedStateMachine):
    """Random work on a reading, beside a model that keeps whole states instead of events."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = begun()
        self.past: list[tuple] = []
        self.now = state(self.reading)
        self.future: list[tuple] = []

    def do(self, change: Change) -> None:
        self.past.append(self.now)
        self.future = []
        self.reading = after(self.reading, change)
        self.now = state(self.reading)

    @rule(joint=st.sampled_from(JOINTS), grade=st.integers(1, 3), note=st.text(max_size=5))
    def save(self, joint: Joint, grade: int, note: str) -> None:
        present = self.reading.target_at(joint)
        made = replace(present, grade=grade, note=note) if present else target(joint, note=note)
        self.do(TargetSaved(made))
        assert self.reading.target_at(joint) == made

    @precondition(lambda self: self.reading.targets)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self.reading.targets))
        self.do(TargetRemoved(gone.target_id, gone.joint))
        assert self.reading.target_at(gone.joint) is None

    @rule(
        change=st.sampled_from(
            [
                AlignmentReviewed(registration()),
                CONFIRMED,
                VertebraNamed("C2", (1, 2, 3)),
                VertebraNamed("C2", None),
                JointMoved(LEFT_C5, (17, 3, -75)),
                AnomalyRecorded("cervical rib", note="seen on the plain film"),
                PathwayAnswered(ASSESSMENT),
                PathwayLeftOut("not asked"),
            ]
        )
    )
    def settle(self, change: Change) -> None:
        self.do(change)

    @precondition(lambda self: self.past)
    @rule()
    def undo(self) -> None:
        self.reading = after(self.reading, Undone(self.reading.done[-1].sequence))
        self.future.append(self.now)
        self.now = self.past.pop()

    @precondition(lambda self: self.future)
    @rule()
    def redo(self) -> None:
        self.reading = after(self.reading, Redone(self.reading.undone[-1].sequence))
        self.past.append(self.now)
        self.now = self.future.pop()

    @invariant()
    def state_is_that_of_the_model(self) -> None:
        assert state(self.reading) == self.now
        assert len(self.reading.done) == len(self.past)
        assert len(self.reading.undone) == len(self.future)

    @invariant()
    def replay_gives_the_same(self) -> None:
        assert replay(self.reading.reading_id, self.reading.events) == self.reading

    @invariant()
    def json_gives_the_same(self) -> None:
        text = json.dumps(self.reading.to_json(), allow_nan=False)
        assert Reading.from_json(json.loads(text)) == self.reading

    @invariant()
    def nothing_leaves_the_history(self) -> None:
        assert [e.sequence for e in self.reading.events] == list(
            range(1, self.reading.sequence + 1)
        )


Session.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestSession = Session.TestCase


def test_what_cannot_be_undone() -> None:
    with pytest.raises(AnnotationError, match="nothing to undo"):
        after(begun(), Undone(1))
    one = after(begun(), TargetSaved(target()))
    with pytest.raises(AnnotationError, match="nothing to redo"):
        after(one, Redone(2))
    two = after(one, CONFIRMED)
    with pytest.raises(AnnotationError, match="something was done since"):
        after(two, Undone(2))
    # A new decision after an undo ends what could be redone; the history still shows it.
    three = after(two, Undone(3), PathwayLeftOut("why"))
    with pytest.raises(AnnotationError, match="nothing to redo"):
        after(three, Redone(3))
    assert CONFIRMED in [e.change for e in three.events]


def test_a_joint_has_one_target() -> None:
    one = after(begun(), TargetSaved(target()))
    with pytest.raises(AnnotationError, match="Left C5-C6 has a target already"):
        after(one, TargetSaved(target()))
    both = after(one, TargetSaved(target(Joint("C5-C6", Side.RIGHT))))
    assert len(both.targets) == 2  # bilateral is two targets


def test_a_point_in_another_frame_is_refused() -> None:
    with pytest.raises(AnnotationError, match="another coordinate system"):
        after(begun(), TargetSaved(target(frame_of_reference_uid="1.9")))


def test_a_target_that_is_gone_cannot_be_removed() -> None:
    with pytest.raises(AnnotationError, match="not there any more"):
        after(begun(), TargetRemoved("0" * 32, LEFT_C5))


@pytest.mark.parametrize(
    "events",
    [
        [],
        [event(2, Opened(study()))],
        [event(1, CONFIRMED)],
        [event(1, Opened(study())), event(3, CONFIRMED)],
        [event(1, Opened(study())), event(2, Opened(study()))],
    ],
)
def test_a_history_that_cannot_be_is_refused(events: list[Event]) -> None:
    with pytest.raises(AnnotationError):
        replay("0" * 32, events)


def test_changed_json_is_refused() -> None:
    content = after(begun(), TargetSaved(target())).to_json()
    for key, value in (("status", "final"), ("targets", []), ("digest", "0"), ("version", 2)):
        with pytest.raises(AnnotationError, match="changed after it was written"):
            Reading.from_json({**content, key: value})
    content["events"][1]["change"]["target"]["grade"] = 3
    with pytest.raises(AnnotationError, match="changed after it was written"):
        Reading.from_json(content)
    with pytest.raises(AnnotationError, match="newer version"):
        Reading.from_json({**content, "schema_version": 2})
    with pytest.raises(AnnotationError, match="no reading of this program"):
        Reading.from_json({})


def test_every_event_survives_json_and_has_words() -> None:
    changes: list[Change] = [
        Opened(study()),
        TargetSaved(target()),
        TargetRemoved("0" * 32, LEFT_C5),
        Relabelled((NewLabel(LEFT_C5, target(Joint("C6-C7", Side.LEFT))),), "first rib is T1"),
        AlignmentReviewed(registration(), "good"),
        CONFIRMED,
        VertebraNamed("C2", (1, 2, 3)),
        VertebraNamed("C2", None),
        JointMoved(LEFT_C5, (17, 3, -75.5)),
        JointMoved(LEFT_C5, None),
        AnomalyRecorded("fused", "C5-C6", "since\u202e the operation"),
        AnomalyRecorded("cervical rib", withdrawn=True),
        PathwayAnswered(ASSESSMENT),
        PathwayLeftOut("research case"),
        Undone(4),
        Redone(4),
        Finalised(),
    ]
    assert {type(c) for c in changes} == set(Change.__args__)  # type: ignore[attr-defined]
    for n, change in enumerate(changes, 1):
        one = event(n, change, reader="R\u202e\nX")
        assert Event.read(json.loads(json.dumps(to_json(one)))) == one
        assert one.words.startswith(f"{n}. 2026-01-01 ")
        assert "\u202e" not in one.words
        assert "\n" not in one.words


def test_an_event_of_a_newer_program_is_a_sentence() -> None:
    content = to_json(event(1, Opened(study())))
    for changed in ({"kind": "telepathy"}, {"time": "now"}, {"sequence": None}, {"change": None}):
        with pytest.raises(AnnotationError, match="cannot be understood"):
            Event.read({**content, **changed})


def complete(*targets_) -> Reading:
    return after(
        begun(),
        *(TargetSaved(one) for one in targets_),
        AlignmentReviewed.of(IN_USE, (0, 0, -50)),
        CONFIRMED,
        PathwayLeftOut("research case"),
    )


def neck() -> Spine:
    return Spine({joint: tuple(p) for joint, p in centers().items()})


def placed(joint: Joint, **changes):
    where = centers()[joint]
    found = verify_side_and_level(joint, where, spine=neck(), decision=Decision.POSITIVE)
    aligned = RegistrationSnapshot.of(IN_USE, where)
    return target(joint, **{"placement": found, "registration": aligned, **changes})


def lacks(reading: Reading, spine: Spine | None = None) -> tuple[str, ...]:
    return missing(reading, spine=spine, study=study(), registration=IN_USE)


def test_what_is_missing_is_listed_one_by_one() -> None:
    everything = {
        AlignmentReviewed.of(IN_USE, (0, 0, -50)): "alignment",
        CONFIRMED: "numbering",
        PathwayAnswered(ASSESSMENT): "pathway",
    }
    for left_out, word in everything.items():
        rest = [change for change in everything if change is not left_out]
        (item,) = lacks(after(begun(), *rest))
        assert word in item
    assert lacks(after(begun(), *everything)) == ()


def test_each_positive_target_has_to_be_complete() -> None:
    reading = complete(placed(LEFT_C5, grade=None), placed(Joint("C2-C3", Side.RIGHT)))
    assert lacks(reading, neck()) == ("Left C5-C6: a grade",)


def test_a_new_numbering_asks_for_confirmation_again() -> None:
    for said in (
        VertebraNamed("C2", (1, 2, 3)),
        VertebraNamed("C2", None),
        AnomalyRecorded("cervical rib"),
    ):
        reading = after(complete(), said)
        assert [i for i in unfinished(reading) if "numbering" in i.words]
        assert lacks(after(reading, Undone(reading.sequence))) == ()
    assert lacks(after(complete(), JointMoved(LEFT_C5, (17, 3, -75)))) == ()


def test_targets_on_another_alignment_are_listed() -> None:
    reading = complete(placed(LEFT_C5, registration=registration(0.5)))
    (item,) = unfinished(reading)
    assert item == Lack(
        "Left C5-C6: decided on another alignment than the one that was reviewed",
        Lacking.JOINT,
        LEFT_C5,
    )
    items = lacks(reading, neck())
    assert "Left C5-C6: decided on another alignment than the one in use" in items


def test_an_alignment_that_was_changed_after_its_review_is_listed() -> None:
    moved = replace(IN_USE, transform=RigidTransform.from_euler(translation_mm=(0, 0, 0.1)))
    (item,) = missing(complete(), spine=neck(), study=study(), registration=moved)
    assert item == "The alignment has changed since it was reviewed"


def test_a_bent_neck_has_a_matrix_for_each_place() -> None:
    upper = RigidTransform.from_euler(rotation_deg=(0, 6, 0))
    bend = NeckCorrection(RigidTransform.identity(), upper, -70.0, -20.0, np.zeros(3))
    bent = replace(IN_USE, method=Method.NECK, neck=bend)
    joints = [Joint("C0-C1", Side.LEFT), Joint("C7-T1", Side.LEFT)]
    snapshots = [RegistrationSnapshot.of(bent, centers()[joint]) for joint in joints]
    assert snapshots[0].matrix != snapshots[1].matrix
    reading = after(
        begun(),
        *(
            TargetSaved(placed(joint, registration=snapshot))
            for joint, snapshot in zip(joints, snapshots, strict=True)
        ),
        AlignmentReviewed.of(bent, (0, 0, -50)),
        CONFIRMED,
        PathwayLeftOut("research case"),
    )
    assert missing(reading, spine=neck(), study=study(), registration=bent) == ()
    straight = replace(bent, method=Method.SHARED_FRAME, neck=None)
    items = missing(reading, spine=neck(), study=study(), registration=straight)
    assert any("changed since it was reviewed" in item for item in items)


def test_targets_on_other_pixels_are_listed() -> None:
    reading = complete(placed(LEFT_C5))
    now = study(ct="edited")
    (item,) = missing(reading, spine=neck(), study=now, registration=IN_USE)
    assert item == "Left C5-C6: decided on other image data than what is open now"
    # Saved anew on what is open now, it counts again.
    saved = event(reading.sequence + 1, TargetSaved(reading.targets[0]), digest=now.digest)
    assert missing(reading.with_event(saved), spine=neck(), study=now, registration=IN_USE) == ()


def test_targets_are_held_against_the_anatomy_once_more() -> None:
    reading = complete(placed(LEFT_C5))
    assert lacks(reading, neck()) == ()
    (item,) = lacks(reading)
    assert "side and level of the targets are unchecked" in item
    lower = {shifted(j, 1): tuple(p) for j, p in centers().items() if shifted(j, 1)}
    (item,) = lacks(reading, Spine(lower))
    assert item.startswith("Left C5-C6: the numbering has changed since.")


def test_new_labels_need_consent_and_the_history_shows_both() -> None:
    c4, c5, c6 = (Joint(level, Side.LEFT) for level in ("C4-C5", "C5-C6", "C6-C7"))
    reading = complete(placed(c4), placed(c5))
    ids = [one.target_id for one in reading.targets]
    lower = Spine({shifted(j, 1): tuple(p) for j, p in centers().items() if shifted(j, 1)})
    from_t1 = replace(localised(), numbering=Numbering.PROVISIONAL)
    changes = label_changes(reading.targets, spine=lower)
    # Computing what would change changes nothing.
    assert [one.joint for one in reading.targets] == [c4, c5]
    with pytest.raises(AnnotationError, match="needs a reason"):
        relabelling(changes, localisation=from_t1, reason=" ")
    consent = relabelling(changes, localisation=from_t1, reason="extra rib")
    # Both move at once, through each other's places.
    renamed = after(reading, consent)
    assert [one.joint for one in renamed.targets] == [c5, c6]
    assert [one.target_id for one in renamed.targets] == ids
    history = renamed.history_of(ids[0])
    assert [e.change.words for e in history] == [
        "Left C4-C5 positive, grade 2",
        "consented to new labels: Left C4-C5 is now Left C5-C6; Left C5-C6 is now Left C6-C7 "
        "(extra rib)",
    ]
    assert lacks(renamed, lower) == ()
    assert state(after(renamed, Undone(renamed.sequence))) == state(reading)


def test_a_target_without_a_joint_under_the_new_numbering_needs_a_new_decision() -> None:
    reading = complete(placed(Joint("C7-T1", Side.LEFT)))
    lower = Spine({shifted(j, 1): tuple(p) for j, p in centers().items() if shifted(j, 1)})
    changes = label_changes(reading.targets, spine=lower)
    with pytest.raises(AnnotationError, match="Decide it anew or remove it"):
        relabelling(changes, localisation=localised(), reason="extra rib")


def test_relabelling_what_is_not_so_any_more_is_refused() -> None:
    reading = complete(placed(LEFT_C5))
    one = reading.targets[0]
    c6 = Joint("C6-C7", Side.LEFT)
    there = one.relabelled(placement(c6, point_lps=one.point_lps), localisation())
    with pytest.raises(AnnotationError, match="is Left C5-C6 now, not Left C4-C5"):
        after(reading, Relabelled((NewLabel(Joint("C4-C5", Side.LEFT), there),), "why"))
    moved = target(c6, target_id=one.target_id, placement=placement(c6))
    with pytest.raises(AnnotationError, match="cannot move a target"):
        after(reading, Relabelled((NewLabel(LEFT_C5, moved),), "why"))


def test_a_disagreement_about_the_numbering_needs_a_reason() -> None:
    values = {"numbering": "counted from C2", "anchor": "C2", "c2_in_field": True}
    with pytest.raises(AnnotationError, match="Write why it is right"):
        NumberingConfirmed(**values, t1_in_field=True, disagreement="T1 says C6-C7")
    said = NumberingConfirmed(**values, t1_in_field=True, disagreement="T1", note="cervical rib")
    assert "cervical rib" in said.words


@pytest.mark.parametrize("content", [None, "", [], {"assessed": False}, {}])
def test_no_answer_is_not_an_answer_of_the_pathway(content: object) -> None:
    answered = to_json(event(2, PathwayAnswered(ASSESSMENT)))
    with pytest.raises(AnnotationError, match="no answer"):
        Event.read({**answered, "change": {"assessment": content}})


def test_a_finalised_reading_takes_nothing_more() -> None:
    final = after(complete(), Finalised())
    assert final.finalised
    for change in (TargetSaved(target()), Undone(4), Finalised(), CONFIRMED):
        with pytest.raises(AnnotationError, match="finalised and cannot be changed"):
            after(final, change)


def test_an_addendum_needs_a_reason_and_what_it_amends() -> None:
    with pytest.raises(AnnotationError, match="needs a reason"):
        Opened(study(), version=2, amends="a", amends_digest="b")
    with pytest.raises(AnnotationError, match="refers to"):
        Opened(study(), version=2, reason="r")


def test_two_readings_are_compared_and_not_merged() -> None:
    right = Joint("C3-C4", Side.RIGHT)
    one = after(begun(), TargetSaved(target(LEFT_C5)), TargetSaved(target(right)))
    other = after(
        begun(),
        TargetSaved(target(LEFT_C5, note="same decision, other words")),
        TargetSaved(target(right, decision=Decision.NEGATIVE)),
        TargetSaved(target(Joint("C0-C1", Side.LEFT))),
    )
    found = differences(one, other)
    assert [(d.joint.name, d.one is None, d.other is None) for d in found] == [
        ("Left C0-C1", True, False),
        ("Right C3-C4", False, False),
    ]


@given(st.lists(st.sampled_from(JOINTS), max_size=6))
def test_the_digest_depends_on_everything(joints: list[Joint]) -> None:
    reading = begun()
    digests = [reading.digest]
    for joint in dict.fromkeys(joints):
        reading = after(reading, TargetSaved(target(joint)))
        digests.append(reading.digest)
    assert len(set(digests)) == len(digests)
