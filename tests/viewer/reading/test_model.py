"""One reading in the journal, as a window works on it: nothing lost, nothing merged."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations import Target, decide, lacks
from fusion.annotations.changes import AnomalyRecorded, JointMoved, VertebraNamed
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Answer, Decision, Origin
from fusion.errors import AnnotationError
from fusion.geometry import RigidTransform
from fusion.pathway.assessment import Assessment
from tests.pathway.cases import GOLDEN
from tests.viewer.known_neck import TRUE, open_reading, vertebra_lps
from viewer.alignment.model import Alignment
from viewer.reading import model as model_module
from viewer.reading.model import ReadingModel

LEFT_C5, RIGHT_C5 = Joint("C5-C6", Side.LEFT), Joint("C5-C6", Side.RIGHT)
LEFT_C4 = Joint("C4-C5", Side.LEFT)
READER = "R. Eader"
COMPLETE = {
    "grade": 2,
    "clinically_concordant": Answer.YES,
    "inside_operative_bed": Answer.NO,
    "note": "no uptake measured on the phantom",
}

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def opened(review: fusion.Review, journal: Path) -> Iterator[Callable[..., ReadingModel]]:
    """Open windows on the study, closed when the test is over."""
    models = []

    def show(reader: str = READER, **options: bool) -> ReadingModel:
        models.append(open_reading(review, journal, **options))
        if reader:
            models[-1].begin(reader)
        return models[-1]

    yield show
    for model in models:
        model.close()


@pytest.fixture
def model(opened: Callable[..., ReadingModel]) -> ReadingModel:
    return opened()


def click(model: ReadingModel, joint: Joint = LEFT_C5, **answers: object) -> None:
    model.decide(joint, Decision.POSITIVE, origin=Origin.JOINT_CLICKED, **{**COMPLETE, **answers})


def complete(model: ReadingModel) -> ReadingModel:
    click(model)
    model.review_alignment()
    model.confirm_numbering()
    model.leave_pathway_out("research case")
    return model


def stored(journal: Path) -> tuple[Reading, ...]:
    """Return what another program finds in the file."""
    with Journal(journal) as file:
        return file.readings()


def test_nothing_is_written_before_a_reader_has_a_name(
    opened: Callable[..., ReadingModel], journal: Path
) -> None:
    model = opened(reader="")
    assert (model.reading, model.reader, model.missing, model.can_undo) == (None, "", (), False)
    assert model.plan.joints == ()
    for action in (lambda: click(model), model.undo, model.review_alignment, model.finalise):
        with pytest.raises(AnnotationError, match="name"):
            action()
    for name in ("", " ", "\u202e"):
        with pytest.raises(AnnotationError, match="name"):
            model.begin(name)
    assert not journal.exists()


def test_a_decision_is_on_disk_when_it_is_shown(model: ReadingModel, journal: Path) -> None:
    told: list[Reading] = []
    model.events.changed.connect(lambda: told.append(stored(journal)[0]))
    target = model.decide(LEFT_C5, Decision.NEGATIVE, origin=Origin.JOINT_CLICKED)
    assert model.reading is not None
    assert model.reading.target_at(LEFT_C5) == target
    assert target.point_lps == TRUE[LEFT_C5]
    assert told == [model.reading]
    assert stored(journal) == (model.reading,)


def test_a_second_decision_about_a_joint_is_the_same_target(model: ReadingModel) -> None:
    first = model.decide(LEFT_C5, Decision.NEGATIVE, origin=Origin.JOINT_CLICKED)
    again = model.decide(LEFT_C5, Decision.POSITIVE, origin=Origin.JOINT_CLICKED, grade=3)
    assert again.target_id == first.target_id
    revised = model.revise(LEFT_C5, grade=1, note="fainter")
    assert (revised.grade, revised.note, revised.target_id) == (1, "fainter", first.target_id)
    model.remove(LEFT_C5)
    assert model.reading is not None
    assert model.reading.targets == ()
    with pytest.raises(AnnotationError, match="Left C5-C6 has no target"):
        model.revise(LEFT_C5, grade=2)
    assert len(model.reading.history_of(first.target_id)) == 4


def test_what_is_said_together_is_saved_and_told_once(
    model: ReadingModel, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    statements: list[str] = []

    def note() -> None:
        told.append(len(model.reading.targets))
        assert stored(journal) == (model.reading,)

    model.events.changed.connect(note)
    model.journal._storage._connection.set_trace_callback(statements.append)

    def refusing(joint: Joint, *what: object, **how: object) -> Target:
        if joint == LEFT_C4:
            raise AnnotationError("not on this CT")
        return decide(joint, *what, **how)

    monkeypatch.setattr(model_module, "decide", refusing)
    joints = (LEFT_C5, LEFT_C4, RIGHT_C5)
    denied = model.decide_each(joints, Decision.NEGATIVE, origin=Origin.JOINT_CLICKED)
    assert denied == {LEFT_C4: "not on this CT"}  # the others are saved all the same
    assert told == [2]
    assert statements.count("COMMIT") == 1
    assert [event.change.target.joint for event in model.reading.done] == [LEFT_C5, RIGHT_C5]
    model.undo(2)
    model.redo(2)
    assert told == [2, 0, 2]
    assert statements.count("COMMIT") == 3
    assert len(model.reading.events) == 1 + 2 + 2 + 2


def test_what_is_said_together_conflicts_together(opened: Callable[..., ReadingModel]) -> None:
    one, other = opened(), opened()
    click(one, LEFT_C5)
    with pytest.raises(AnnotationError, match="Not saved: Left C4-C5 negative; Right C5-C6 neg"):
        other.decide_each((LEFT_C4, RIGHT_C5), Decision.NEGATIVE, origin=Origin.JOINT_CLICKED)
    assert [change.target.joint for change in other.conflict.mine] == [LEFT_C4, RIGHT_C5]
    assert [target.joint for target in other.reading.targets] == [LEFT_C5]


def test_what_is_lacking_is_worked_out_when_anything_changed(
    model: ReadingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        model_module, "lacks", lambda *what, **how: asked.append(what) or lacks(*what, **how)
    )
    click(model)
    before = model.lacks
    assert model.lacks is before
    assert len(asked) == 1
    model.review_alignment()
    assert len(model.lacks) == len(before) - 1
    linked = model.linked
    moved = replace(
        linked.review.fused.registration,
        transform=RigidTransform.from_euler(translation_mm=(5.0, 0.0, 0.0)),
    )
    linked.review = linked.review.with_registration(moved)
    assert any("alignment has changed" in lack.words for lack in model.lacks)
    monkeypatch.setattr(model.facets, "spine", None)
    assert any("joints are not known" in lack.words for lack in model.lacks)


def test_what_the_anatomy_denies_is_not_saved(model: ReadingModel, journal: Path) -> None:
    with pytest.raises(AnnotationError, match="Choose the right side"):
        model.decide(
            LEFT_C5, Decision.POSITIVE, origin=Origin.POINT_PLACED, point_lps=TRUE[RIGHT_C5]
        )
    with pytest.raises(AnnotationError, match="You chose Left C5-C6"):
        model.decide(
            LEFT_C5, Decision.POSITIVE, origin=Origin.POINT_PLACED, point_lps=TRUE[LEFT_C4]
        )
    assert stored(journal)[0].targets == ()


def test_nothing_is_decided_before_the_joints_are_known(
    opened: Callable[..., ReadingModel],
) -> None:
    model = opened(locate=False)
    for action in (lambda: click(model), model.confirm_numbering):
        with pytest.raises(AnnotationError, match="not known yet"):
            action()
    with pytest.raises(AnnotationError, match="not known yet"):
        model.save(JointMoved(LEFT_C5, TRUE[LEFT_C5]))


def test_closed_and_opened_again_it_is_the_same(
    opened: Callable[..., ReadingModel], journal: Path
) -> None:
    model = complete(opened())
    model.save(VertebraNamed("C2", vertebra_lps("C2")))
    model.save(AnomalyRecorded("cervical rib", note="both"))
    x, y, z = TRUE[RIGHT_C5]
    model.save(JointMoved(RIGHT_C5, (x - 1, y, z)))
    before = model.reading
    model.close()
    again = opened()
    assert again.resumed
    assert again.reading == before
    assert again.findings == ()
    facet = again.facets.localisation.facet("C5-C6", "right")
    assert tuple(facet.center_lps) == (x - 1, y, z)
    assert again.facets.said.clicks == {"C2": vertebra_lps("C2")}
    assert again.alignment_is_reviewed
    assert again.linked.review.alignment_reviewed_by == READER
    # And it goes on, undo included.
    again.undo()
    assert tuple(again.facets.localisation.facet("C5-C6", "right").center_lps) == (x, y, z)


def test_undo_and_redo_go_over_everything_that_was_said(model: ReadingModel) -> None:
    steps: list[Callable[[], object]] = [
        lambda: click(model),
        lambda: model.save(VertebraNamed("C3", vertebra_lps("C2"))),
        lambda: model.consent_to_labels("the dens"),
        lambda: model.review_alignment("level by level"),
        lambda: model.confirm_numbering("cervical rib seen"),
        lambda: model.answer_pathway(Assessment.of(GOLDEN["G3"].facts, reader=READER)),
        lambda: model.leave_pathway_out("research case"),
        lambda: model.remove(Joint("C6-C7", Side.LEFT)),
    ]

    def state() -> tuple[object, ...]:
        reading, facets = model.reading, model.facets
        assert reading is not None
        by = model.linked.review.alignment_reviewed_by
        checks = reading.alignment, reading.numbering, reading.pathway
        return reading.records, reading.said, *checks, dict(facets.said.clicks), by

    states = [state()]
    for step in steps:
        step()
        states.append(state())
    assert len({repr(one) for one in states}) == len(states)
    for expected in reversed(states[:-1]):
        assert model.can_undo
        model.undo()
        assert state() == expected
    assert not model.can_undo
    with pytest.raises(AnnotationError, match="nothing to undo"):
        model.undo()
    for expected in states[1:]:
        model.redo()
        assert state() == expected
    assert not model.can_redo


def test_two_windows_on_one_study_conflict_and_merge_nothing(
    opened: Callable[..., ReadingModel], journal: Path
) -> None:
    one, other = opened(), opened()
    assert one.reading.reading_id == other.reading.reading_id
    click(one, LEFT_C5)
    told: list[object] = []
    other.events.changed.connect(lambda: told.append(other.conflict))
    with pytest.raises(AnnotationError, match="Another window or reader changed") as refused:
        click(other, LEFT_C4)
    conflict = other.conflict
    assert told == [conflict]
    assert conflict.words == str(refused.value)
    assert [change.target.joint for change in conflict.mine] == [LEFT_C4]
    assert [event.change.target.joint for event in conflict.theirs] == [LEFT_C5]
    # What the other window saved is shown, and the reader decides anew.
    assert [target.joint for target in other.reading.targets] == [LEFT_C5]
    assert other.reading == one.reading
    other.dismiss_conflict()
    assert other.conflict is None
    click(other, LEFT_C4)
    assert {target.joint for target in stored(journal)[0].targets} == {LEFT_C5, LEFT_C4}


@pytest.mark.parametrize(
    "act",
    [
        lambda model: model.undo(),
        lambda model: model.revise(LEFT_C5, grade=3),
        lambda model: model.remove(LEFT_C5),
        lambda model: model.review_alignment(),
        lambda model: model.confirm_numbering(),
        lambda model: model.leave_pathway_out("why"),
        lambda model: model.finalise(),
    ],
)
def test_every_way_to_say_something_can_conflict(
    opened: Callable[..., ReadingModel], act: Callable[[ReadingModel], None]
) -> None:
    one = complete(opened())
    other = opened()
    one.revise(LEFT_C5, note="first")
    with pytest.raises(AnnotationError, match="Not saved"):
        act(other)
    assert other.conflict is not None
    assert other.reading == one.reading


def test_other_readers_are_told_of_and_not_merged(opened: Callable[..., ReadingModel]) -> None:
    click(opened("Other"))
    model = opened(READER)
    assert not model.resumed
    assert model.reading.targets == ()
    assert [other.reader for other in model.others] == ["Other"]
    (finding,) = model.findings
    assert finding.code == "other-reading"
    model.begin("Other")
    assert (model.resumed, len(model.reading.targets)) == (True, 1)
    assert [other.reader for other in model.others] == [READER]


def test_changed_input_is_a_finding(
    opened: Callable[..., ReadingModel], journal: Path, review: fusion.Review
) -> None:
    """The same study with other pixels, as an earlier window had it."""
    now = StudyKey.of(review.fused.ct, review.fused.spect)
    earlier = replace(now, spect=replace(now.spect, pixels_sha256="0" * 64))
    with Journal(journal) as file:
        file.begin(earlier, reader=READER)
    model = opened()
    assert model.resumed
    assert [finding.code for finding in model.findings] == ["changed-input"]
    click(model)
    assert stored(journal)[0].records[0].input_digest == now.digest


# Alignment


def test_the_review_of_the_alignment_goes_and_comes_with_it(model: ReadingModel) -> None:
    complete(model)
    linked = model.linked
    alignment = Alignment(linked)
    told: list[bool] = []
    model.events.changed.connect(lambda: told.append(model.alignment_is_reviewed))
    assert model.missing == ()
    alignment.move((0.5, 0, 0))
    assert not model.alignment_is_reviewed
    assert linked.review.alignment_reviewed_by is None
    assert "The alignment has changed since it was reviewed" in model.missing
    assert any("decided on another alignment" in item for item in model.missing)
    with pytest.raises(AnnotationError, match="has changed since it was reviewed"):
        model.finalise()
    alignment.undo()
    assert linked.review.alignment_reviewed_by == READER
    assert model.missing == ()
    assert told == [False, True]


def test_a_review_of_another_alignment_comes_back_with_it_only(
    opened: Callable[..., ReadingModel],
) -> None:
    model = opened()
    Alignment(model.linked).move((7, 0, 0), (0, 0, 2))
    click(model)
    model.review_alignment()
    assert model.linked.review.alignment_reviewed_by == READER
    model.close()
    again = opened()
    assert again.reading.alignment is not None
    assert again.linked.review.alignment_reviewed_by is None
    assert "The alignment has changed since it was reviewed" in again.missing
    alignment = Alignment(again.linked)
    assert "As reviewed" not in alignment.choices
    alignment.remember(again.reading.alignment.change)
    alignment.choose("As reviewed")
    assert again.linked.review.alignment_reviewed_by == READER
    assert not [item for item in again.missing if "alignment" in item]
    # With its warning on every export.
    assert alignment.current.manual_shift_mm == pytest.approx(7, abs=2)
    assert "manual-shift" in {finding.code for finding in alignment.current.findings}


def test_what_no_hand_moved_is_not_offered_as_such(opened: Callable[..., ReadingModel]) -> None:
    model = opened()
    model.review_alignment()
    alignment = Alignment(model.linked)
    alignment.remember(model.reading.alignment.change)
    assert "As reviewed" not in alignment.choices


# Anatomy


def test_a_named_vertebra_moves_every_label_and_targets_ask_for_consent(
    model: ReadingModel,
) -> None:
    complete(model)
    model.save(VertebraNamed("C3", vertebra_lps("C2")))
    (change,) = model.label_changes
    lower = Joint("C6-C7", Side.LEFT)
    assert (change.target.joint, change.placement.joint) == (LEFT_C5, lower)
    assert model.reading.target_at(LEFT_C5) is not None  # nothing without consent
    assert any("numbering has changed since" in item for item in model.missing)
    assert any("numbering of the levels has not been confirmed" in i for i in model.missing)
    with pytest.raises(AnnotationError, match="needs a reason"):
        model.consent_to_labels(" ")
    model.consent_to_labels("the dens is one lower")
    assert model.label_changes == ()
    assert [target.joint for target in model.reading.targets] == [lower]
    assert model.reading.targets[0].localisation.numbering == "confirmed"
    words = [event.change.words for event in model.reading.history_of(change.target.target_id)]
    assert words[-1].startswith("consented to new labels: Left C5-C6 is now Left C6-C7")
    model.confirm_numbering()
    assert model.reading.numbering.change.anchor == "C3"
    assert model.missing == ()


def test_a_joint_across_the_midline_is_refused_and_not_saved(
    model: ReadingModel, journal: Path
) -> None:
    x, y, z = TRUE[LEFT_C5]
    model.save(JointMoved(LEFT_C5, (x + 2, y, z)))
    for point in (TRUE[RIGHT_C5], TRUE[LEFT_C4], (x, y, z + 500)):
        with pytest.raises(AnnotationError, match="Not saved"):
            model.save(JointMoved(LEFT_C5, point))
    assert stored(journal)[0].said.moved == {LEFT_C5: (x + 2, y, z)}
    assert "dragged" in model.facets.localisation.facet("C5-C6", "left").source
    target = model.decide(LEFT_C5, Decision.POSITIVE, origin=Origin.JOINT_CLICKED)
    assert target.point_lps == (x + 2, y, z)


# Finishing


def test_finalising_lists_what_is_missing_and_then_is_final(
    opened: Callable[..., ReadingModel], journal: Path
) -> None:
    model = opened()
    click(model, grade=None)
    with pytest.raises(AnnotationError) as refused:
        model.finalise()
    for word in ("alignment", "numbering", "pathway", "Left C5-C6: a grade"):
        assert any(word in item for item in model.missing)
        assert word in str(refused.value)
    complete(model)
    assert model.missing == ()
    model.finalise()
    assert stored(journal)[0].finalised
    assert not model.can_undo
    for action in (lambda: click(model), model.undo, model.review_alignment, model.finalise):
        with pytest.raises(AnnotationError, match="Make an addendum"):
            action()
    first = model.reading
    with pytest.raises(AnnotationError, match="reason"):
        model.addendum(" ")
    model.addendum("left and right were seen again")
    assert model.reading.opened.amends == first.reading_id
    assert model.reading.targets == first.targets
    assert model.others == ()
    model.close()
    assert opened().reading.opened.version == 2


def test_the_plan_follows_the_positive_joints(model: ReadingModel) -> None:
    click(model, LEFT_C5)
    click(model, LEFT_C4)
    assert model.plan.counts == "2 joints, 3 nerves"


# What goes wrong


def test_a_file_of_another_program_is_a_sentence(review: fusion.Review, tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    model = open_reading(review, path)
    with pytest.raises(AnnotationError, match="another program"):
        model.begin(READER)
    assert model.reading is None
    model.close()


def test_a_locked_journal_loses_nothing(model: ReadingModel, journal: Path) -> None:
    click(model)
    before = model.reading
    model.journal.close()
    model.journal = Journal(journal, wait_s=0.05)  # not to wait for five seconds here
    blocker = sqlite3.connect(journal, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(AnnotationError, match="locked"):
        model.revise(LEFT_C5, grade=3)
    assert model.reading is before
    blocker.execute("ROLLBACK")
    blocker.close()
    model.revise(LEFT_C5, grade=3)
    assert stored(journal) == (model.reading,)


def test_the_pathway_comes_back_as_it_was_answered(model: ReadingModel, journal: Path) -> None:
    answer = Assessment.of(GOLDEN["G10"].facts, reader=READER)
    model.answer_pathway(answer)
    (kept,) = stored(journal)
    back = kept.pathway.change.assessment
    assert back == answer
    assert back.to_json() == answer.to_json()
    assert back.time.tzinfo is not None
    assert abs(back.time - answer.time) < dt.timedelta(seconds=1)


def test_many_small_steps_take_no_joint_to_another_level(
    review: fusion.Review, journal: Path
) -> None:
    model = open_reading(review, journal)
    model.begin(READER)
    refused = ""
    # The lower joint makes room each time, until it is where its neighbour was found.
    for step in range(1, 5):
        for level in ("C5-C6", "C4-C5"):
            joint = Joint(level, Side.LEFT)
            x, y, z = TRUE[joint]
            try:
                model.save(JointMoved(joint, (x, y, z - 3.0 * step)))
            except AnnotationError as error:
                refused = str(error)
    model.close()
    assert "as it was found" in refused
    for joint, (_, _, z) in model.reading.said.moved.items():
        assert TRUE[joint][2] - z < 7.5
