"""Deciding on the targets panel, in the real window: what is pressed, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.annotations.journal import Journal
from fusion.annotations.target import Answer, Origin
from tests.viewer.targets.desk import (
    HOT,
    INDETERMINATE,
    LEFT,
    LEFT_C5,
    NEGATIVE,
    POSITIVE,
    READER,
    RIGHT,
    RIGHT_C2,
    Desk,
)
from viewer.reading.model import ReadingModel

pytestmark = pytest.mark.window


ORIGINS = list(Origin)


@pytest.mark.parametrize("origin", ORIGINS)
def test_each_way_asks_for_everything_and_keeps_what_was_said(desk: Desk, origin: Origin) -> None:
    desk.start(origin, LEFT_C5)
    form = desk.panel.form
    for choice in (form.side, form.level, form.decision, form.grade, form.pain, form.bed):
        assert choice.value is None
    desk.press(form.decision.buttons[POSITIVE])
    assert desk.message == "Not saved. Say the side and the level first."
    assert form.decision.value is None
    assert desk.targets == ()
    desk.say(LEFT_C5, POSITIVE)
    (target,) = desk.targets
    assert (target.joint, target.decision, target.origin) == (LEFT_C5, POSITIVE, origin)
    assert target.reader == READER
    assert target.uptake["ratio_to_reference"] > 3
    assert (target.grade, target.clinically_concordant, target.note) == (None, None, "")
    assert desk.asked == 1
    assert desk.message == ""
    assert desk.panel.state.saved.text().startswith("✓ Saved ")
    assert desk.rows()[0][0] == "Left C5-C6"


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Joint("C5-C6", RIGHT), "to the patient's left of the spine's midline"),
        (Joint("C4-C5", LEFT), "from the centre of Left C5-C6"),
        (Joint("C6-C7", LEFT), "from the centre of Left C5-C6"),
    ],
)
def test_wrong_side_and_wrong_level_are_refused(
    desk: Desk, origin: Origin, wrong: Joint, why: str
) -> None:
    desk.start(origin, LEFT_C5)
    form = desk.panel.form
    desk.qtbot.keyClicks(form.note.edit, "hot rim")
    desk.press(form.grade.buttons[3])
    desk.say(wrong, POSITIVE)
    assert desk.message.startswith(f"Not saved. You chose {wrong.name}")
    assert why in desk.message
    assert desk.targets == ()
    assert form.decision.value is None
    typed = form.side.value, form.level.value, form.grade.value, form.note.text
    assert typed == (wrong.side, wrong.level, 3, "hot rim")
    desk.say(LEFT_C5, POSITIVE)
    (target,) = desk.targets
    assert (target.joint, target.grade, target.note) == (LEFT_C5, 3, "hot rim")


def test_a_point_that_is_no_joint_is_refused_on_every_label(desk: Desk) -> None:
    middle = np.mean([desk.facets.spine.centers_lps[Joint("C5-C6", side)] for side in Side], axis=0)
    desk.window.linked.point_lps = middle
    desk.press(desk.panel.form.place)
    for joint in JOINTS:
        desk.say(joint, INDETERMINATE)
        assert desk.message.startswith("Not saved.")
    assert desk.targets == ()


def test_a_proposal_between_two_levels_is_said_and_checked(desk: Desk) -> None:
    proposal = next(p for p in desk.panel.proposals.shown if p.joint is None)
    assert len(proposal.candidates) == 2
    desk.accept(None)
    assert "Only you can say which" in desk.panel.form.hint.text()
    between = {joint.name for joint in proposal.candidates}
    for joint in JOINTS:
        if joint.name not in between:
            desk.say(joint, INDETERMINATE)
            assert desk.message.startswith(f"Not saved. You chose {joint.name}")
    for joint in proposal.candidates:
        desk.say(joint, POSITIVE)
        # Within the uncertainty of both levels; or certain, where the anatomy finds it so.
        if desk.targets:
            assert not desk.targets[0].placement.is_between_levels
            return
        assert "between" in desk.message
    desk.say(proposal.candidates[1], INDETERMINATE)
    assert desk.targets[0].joint == proposal.candidates[1]
    assert desk.targets[0].placement.is_between_levels


def test_bilateral_is_two_targets(desk: Desk) -> None:
    for side in Side:
        desk.make(Joint("C5-C6", side))
    assert {target.joint for target in desk.targets} == {Joint("C5-C6", side) for side in Side}
    assert [row[0] for row in desk.rows()] == ["Left C5-C6", "Right C5-C6"]
    assert "2 joints, 4 nerves" in desk.panel.blocks.counts.text()


def test_joints_below_the_skull_are_marked_without_a_nerve(desk: Desk) -> None:
    desk.make(Joint("C0-C1", LEFT))
    desk.make(Joint("C1-C2", RIGHT))
    desk.panel.pages.setCurrentWidget(desk.panel.blocks)
    shown = desk.texts()
    assert "0 joints, 0 nerves" in shown
    assert "The atlanto-occipital joint has no medial branch target." in shown
    assert "The lateral atlanto-axial joint has no medial branch target." in shown


def test_the_block_plan_names_nerves_and_never_a_place(desk: Desk) -> None:
    desk.make(Joint("C4-C5", LEFT))
    desk.make(LEFT_C5)
    desk.panel.pages.setCurrentWidget(desk.panel.blocks)
    shown = desk.texts()
    assert "2 joints, 3 nerves" in shown
    assert "articular pillar of C5, at its waist (middle)\nfor Left C4-C5, Left C5-C6" in shown
    assert "Confirm side and level on live imaging" in shown
    assert "The numbering of the levels is not confirmed" in shown
    for target in desk.targets:
        for number in target.point_lps:
            assert f"{abs(number):.1f}" not in shown


def test_what_is_revised_is_saved_at_the_press(desk: Desk) -> None:
    target = desk.make(LEFT_C5)
    form = desk.panel.form
    desk.press(form.grade.buttons[2])
    assert desk.targets[0].grade == 2
    desk.press(form.pain.buttons[Answer.NO])
    assert desk.targets[0].clinically_concordant is Answer.NO
    desk.press(form.bed.buttons[Answer.NOT_RECORDED])
    assert desk.targets[0].inside_operative_bed is Answer.NOT_RECORDED
    desk.press(form.decision.buttons[NEGATIVE])
    assert desk.targets[0].decision is NEGATIVE
    assert desk.targets[0].target_id == target.target_id
    events = len(desk.kept.events)
    desk.press(form.decision.buttons[NEGATIVE])
    assert len(desk.kept.events) == events, "nothing changed, so nothing was saved"
    desk.press(form.grade.buttons[0])
    desk.press(form.decision.buttons[POSITIVE])
    assert "A positive joint cannot have grade 0" in desk.message
    assert form.decision.value is NEGATIVE
    row = desk.rows()[0]
    assert row[1] == "⊗ negative\ngrade 0"
    assert row[2:4] == ["no", "not\nrec."]


def test_arrow_keys_decide_nothing(desk: Desk) -> None:
    desk.make(LEFT_C5)
    events = len(desk.kept.events)
    desk.panel.window().activateWindow()
    desk.qtbot.waitUntil(desk.panel.window().isActiveWindow)
    for choice in (desk.panel.form.decision, desk.panel.form.grade, desk.panel.form.pain):
        for button in choice.buttons.values():
            button.setFocus(Qt.FocusReason.TabFocusReason)
            assert button.hasFocus()
            for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
                desk.qtbot.keyClick(button, key)
    assert len(desk.kept.events) == events
    positive = desk.panel.form.decision.buttons[POSITIVE]
    positive.setFocus(Qt.FocusReason.TabFocusReason)
    desk.qtbot.keyClick(positive, Qt.Key.Key_Tab)
    desk.qtbot.keyClick(desk.panel.form.decision.buttons[NEGATIVE], Qt.Key.Key_Space)
    assert desk.targets[0].decision is NEGATIVE


def test_a_note_saves_itself(desk: Desk) -> None:
    desk.make(LEFT_C5)
    note = desk.panel.form.note
    desk.qtbot.keyClicks(note.edit, "first")
    assert note.state.isVisible()
    assert note.state.text() == "Note not saved yet"
    assert desk.targets[0].note == ""
    desk.qtbot.waitUntil(lambda: desk.targets[0].note == "first")
    assert not note.state.isVisible()
    note.edit.setFocus()
    desk.qtbot.keyClicks(note.edit, ", second")
    desk.panel.pages.setCurrentIndex(2)
    assert desk.targets[0].note == "first, second"


def test_a_note_that_is_refused_stays_on_the_screen(desk: Desk) -> None:
    desk.make(LEFT_C5)
    desk.make(RIGHT_C2)
    note = desk.panel.form.note
    text = "x" * 10_001
    note.edit.setPlainText(text)
    assert not note.commit()
    assert "10001 characters" in desk.message
    assert note.state.text() == "Note NOT saved"
    desk.choose(desk.panel.table.table, 1)
    assert "The note is not saved: change, save or drop it." in desk.message
    assert note.text == text
    assert all(target.note == "" for target in desk.targets)
    desk.press(note.drop)
    desk.choose(desk.panel.table.table, 1)
    assert desk.panel.form.target.joint == LEFT_C5


def test_a_row_moves_the_crosshair(desk: Desk) -> None:
    made = {joint: desk.make(joint) for joint in HOT}
    desk.window.linked.point_lps = (0.0, 0.0, -150.0)
    desk.choose(desk.panel.table.table, 1)
    assert desk.panel.form.target.joint == LEFT_C5
    assert desk.facets.selected == LEFT_C5
    half_a_voxel = desk.window.linked.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-6
    away = np.abs(desk.window.linked.point_lps - made[LEFT_C5].point_lps)
    assert (away <= half_a_voxel).all()


def test_a_target_is_moved_as_itself_and_not_across_the_midline(desk: Desk) -> None:
    before = desk.make(LEFT_C5)
    desk.complete(LEFT_C5)
    linked, centers = desk.window.linked, desk.facets.spine.centers_lps
    for other in (Joint("C5-C6", RIGHT), Joint("C4-C5", LEFT)):
        linked.point_lps = centers[other]
        desk.press(desk.panel.form.move_here)
        assert desk.message.startswith("Not saved. You chose Left C5-C6")
        assert desk.targets[0].point_lps == before.point_lps
    linked.point_lps = np.add(centers[LEFT_C5], (2.0, 1.0, 1.0))
    desk.press(desk.panel.form.move_here)
    (after,) = desk.targets
    assert after.target_id == before.target_id
    assert after.point_lps == pytest.approx(tuple(linked.point_lps))
    assert after.origin is Origin.POINT_PLACED
    answers = after.grade, after.clinically_concordant, after.inside_operative_bed
    assert answers == (2, Answer.YES, Answer.NOT_RECORDED)
    dialog = desk.panel.show_history(after.target_id)
    told = dialog.text.toPlainText()
    assert "made: Left C5-C6 positive, not graded" in told
    assert "not graded → grade 2" in told
    assert "moved by" in told
    dialog.accept()


def test_undo_and_redo(desk: Desk) -> None:
    state = desk.panel.state
    desk.make(LEFT_C5)
    desk.press(desk.panel.form.grade.buttons[3])
    desk.press(state.undo)
    assert desk.targets[0].grade is None
    assert desk.panel.form.grade.value is None
    desk.press(state.undo)
    assert desk.targets == ()
    assert desk.rows() == []
    assert not state.undo.isEnabled()
    desk.press(state.redo)
    desk.press(state.redo)
    assert desk.targets[0].grade == 3
    desk.choose(desk.panel.table.table, 0)
    desk.press(desk.panel.form.remove)
    assert desk.targets == ()
    desk.press(state.undo)
    assert desk.targets[0].joint == LEFT_C5
    dialog = state.show_history()
    assert "Left C5-C6 removed" in dialog.text.toPlainText()
    assert "number 3 undone" in dialog.text.toPlainText()
    dialog.accept()


def test_dismissing_a_proposal_records_nothing(desk: Desk) -> None:
    proposals = desk.panel.proposals
    every = proposals.shown
    desk.choose(proposals.table, 0)
    assert np.allclose(desk.window.linked.point_lps, every[0].point_lps, atol=1.5)
    assert every[0].reason in proposals.reason.text()
    desk.press(proposals.dismiss)
    assert proposals.shown == every[1:]
    assert desk.kept is None
    desk.press(proposals.bring_back)
    assert proposals.shown == every
    desk.press(proposals.elsewhere)
    row = next(n for n, p in enumerate(proposals.shown) if not p.candidates)
    proposals.table.selectRow(row)
    assert not proposals.accept.isEnabled()


def test_without_a_name_nothing_is_saved(desk: Desk) -> None:
    desk.name = ""
    desk.start(Origin.JOINT_CLICKED, LEFT_C5)
    desk.say(LEFT_C5, POSITIVE)
    assert "Every decision needs the name of its reader" in desk.message
    assert "Nothing is recorded" in desk.texts()
    assert desk.kept is None


def test_a_resumed_reading_is_never_overwritten_unseen(desk: Desk) -> None:
    with Journal(desk.path) as journal:
        study = desk.reading.study
        reading = journal.begin(study, reader=READER).reading
        other = ReadingModel(desk.window.linked, desk.facets, journal=desk.path)
        other.begin(READER)
        assert other.reading.reading_id == reading.reading_id
        other.decide(LEFT_C5, NEGATIVE, origin=Origin.JOINT_CLICKED, note="of last week")
        other.close()
    desk.start(Origin.JOINT_CLICKED, LEFT_C5)
    desk.say(LEFT_C5, POSITIVE)
    assert "Left C5-C6 has a target already" in desk.message
    (target,) = desk.targets
    assert (target.decision, target.note) == (NEGATIVE, "of last week")


def test_a_half_described_target_is_not_swept_away(desk: Desk) -> None:
    desk.make(RIGHT_C2)
    form = desk.panel.form
    desk.start(Origin.JOINT_CLICKED, LEFT_C5)
    desk.press(form.side.buttons[LEFT])
    desk.facets.selected = Joint("C3-C4", LEFT)
    assert "Decide about the new target first" in desk.message
    desk.choose(desk.panel.table.table, 0)
    assert form.head.text() == "Joint clicked: Left C5-C6"
    assert form.side.value is LEFT
    desk.press(form.start_over)
    desk.facets.selected = Joint("C3-C4", LEFT)
    assert form.head.text() == "Joint clicked: Left C3-C4"
    assert form.side.value is None


def test_a_point_of_another_alignment_is_refused(desk: Desk) -> None:
    desk.start(Origin.PROPOSAL_ACCEPTED, LEFT_C5)
    desk.window.alignment.move((0.0, 0.0, 6.0))
    desk.measured()
    desk.say(LEFT_C5, POSITIVE)
    assert "The alignment has changed since this point was chosen" in desk.message
    assert desk.targets == ()
    desk.window.alignment.undo()


def test_nothing_is_decided_while_the_uptake_is_measured(desk: Desk) -> None:
    desk.start(Origin.JOINT_CLICKED, LEFT_C5)
    desk.window.alignment.move((0.0, 0.0, 0.5))
    desk.say(LEFT_C5, POSITIVE)
    assert "The uptake at the joints is being measured" in desk.message
    assert desk.targets == ()
    desk.measured()
    desk.press(desk.panel.form.decision.buttons[POSITIVE])
    (before,) = desk.targets
    assert before.uptake is not None
    desk.window.alignment.undo()
    desk.press(desk.panel.form.again)
    assert "The uptake at the joints is being measured" in desk.message
    assert desk.targets == (before,)
    desk.measured()
    desk.panel.refresh()
    assert any(
        "another alignment than the one in use" in m for m in desk.panel.finish.missing.texts
    )
    desk.press(desk.panel.form.again)
    assert not any("another alignment" in m for m in desk.panel.finish.missing.texts)
