"""Deciding on the targets panel: what is pressed by mouse and keys, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel

from fusion.anatomy.joints import JOINTS, LEVELS, Joint, Side
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
    renumbered,
)
from viewer.facets.naming import named_places
from viewer.reading.model import ReadingModel
from viewer.targets.dialogs import Consent

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
    assert desk.decided == ["Left C5-C6"]


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
    proposal = desk.accept("between")
    assert proposal.joint is None
    assert len(proposal.candidates) == 2
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
        desk.complete(Joint("C5-C6", side))
    assert {target.joint for target in desk.targets} == {Joint("C5-C6", side) for side in Side}
    assert desk.decided == ["Right C5-C6", "Left C5-C6"]
    assert "2 joints, 4 nerves" in desk.panel.blocks.counts.text()


def test_joints_below_the_skull_are_marked_without_a_nerve(desk: Desk) -> None:
    desk.make(Joint("C0-C1", LEFT))
    desk.make(Joint("C1-C2", RIGHT))
    desk.panel.show_page(desk.panel.blocks)
    shown = desk.texts()
    assert "0 joints, 0 nerves" in shown
    assert "The atlanto-occipital joint has no medial branch target." in shown
    assert "The lateral atlanto-axial joint has no medial branch target." in shown


def test_the_block_plan_names_nerves_and_never_a_place(desk: Desk) -> None:
    for joint in (Joint("C4-C5", LEFT), LEFT_C5):
        desk.make(joint)
        desk.complete(joint)
    desk.panel.show_page(desk.panel.blocks)
    shown = desk.texts()
    assert "2 joints, 3 nerves" in shown
    assert "Set apart" not in shown
    assert "articular pillar of C5, at its waist (middle)\nfor Left C4-C5, Left C5-C6" in shown
    assert "Confirm side and level on live imaging" in shown
    assert "The numbering of the levels is not confirmed" in shown
    for target in desk.targets:
        for number in target.point_lps:
            assert f"{abs(number):.1f}" not in shown


def test_the_block_plan_sets_apart_what_does_not_match_the_pain(desk: Desk) -> None:
    for joint in (Joint("C4-C5", LEFT), LEFT_C5):
        desk.make(joint)
        desk.complete(joint)
    desk.press(desk.panel.form.pain.buttons[Answer.NO])
    desk.make(Joint("C2-C3", RIGHT))
    desk.panel.show_page(desk.panel.blocks)
    shown = desk.texts()
    assert "1 joint, 2 nerves" in shown
    assert "for Left C4-C5\n" in f"{shown}\n"
    assert "for Left C4-C5, Left C5-C6" not in shown
    assert (
        "Does not match the pain.\nUsually supplied by C5 medial branch, C6 medial branch" in shown
    )
    assert "Whether it matches the pain is not recorded" in shown
    assert "Block plan (2)" in desk.panel.closing.tabText(1)
    nerves = {one.text: one.nerves for one in named_places(desk.facets, desk.reading)}
    assert sum(map(bool, nerves.values())) == 1


def test_what_is_revised_is_saved_at_the_press(desk: Desk) -> None:
    target = desk.make(LEFT_C5)
    form = desk.panel.form
    desk.press(form.grade.buttons[2])
    assert desk.targets[0].grade == 2
    desk.press(form.pain.buttons[Answer.NO])
    assert desk.targets[0].clinically_concordant is Answer.NO
    desk.press(form.bed.buttons[Answer.NOT_RECORDED])
    assert desk.targets[0].inside_operative_bed is Answer.NOT_RECORDED
    desk.press(form.pain.buttons[Answer.YES])
    desk.press(form.decision.buttons[NEGATIVE])
    (after,) = desk.targets
    assert (after.decision, after.target_id) == (NEGATIVE, target.target_id)
    # What does not go with it is taken back in the same step, and that is said.
    assert (after.grade, after.clinically_concordant) == (None, None)
    assert desk.message == (
        "Taken back, because it does not go with negative: grade 2 and that it fits the pain."
    )
    events = len(desk.kept.events)
    desk.press(form.decision.buttons[NEGATIVE])
    assert len(desk.kept.events) == events, "nothing changed, so nothing was saved"
    for button, why in (
        (form.grade.buttons[3], "A negative joint cannot have grade 3"),
        (form.pain.buttons[Answer.YES], "A negative joint cannot be what matches"),
    ):
        desk.press(button)
        assert why in desk.message
        assert not button.isChecked()
    desk.press(form.grade.buttons[0])
    assert desk.cell(LEFT_C5).sign == "⊗ 0"
    desk.press(form.decision.buttons[POSITIVE])
    assert desk.targets[0].grade is None
    desk.press(form.grade.buttons[0])
    assert "A positive joint cannot have grade 0" in desk.message
    assert desk.cell(LEFT_C5).sign == "●"
    assert desk.cell(LEFT_C5).words == "open"


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
    # With the tabulator every button can be reached, those of the left side too.
    desk.qtbot.keyClick(positive, Qt.Key.Key_Tab)
    assert desk.panel.form.decision.buttons[NEGATIVE].hasFocus()
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
    desk.panel.show_page(desk.panel.finish)
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
    desk.choose(LEFT_C5)
    assert "The note is not saved: change, save or drop it." in desk.message
    assert note.text == text
    # The pictures went there; what the form is about stayed: nothing can be decided.
    assert not desk.panel.form.decision.isEnabled()
    assert all(target.note == "" for target in desk.targets)
    desk.press(note.drop)
    desk.choose(LEFT_C5)
    assert desk.panel.form.target.joint == LEFT_C5


def test_a_cell_of_the_ladder_moves_the_crosshair(desk: Desk) -> None:
    made = {joint: desk.make(joint) for joint in HOT}
    desk.window.linked.point_lps = (0.0, 0.0, -150.0)
    desk.choose(LEFT_C5)
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
    assert answers == (2, Answer.YES, Answer.NO)
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
    assert desk.decided == []
    assert desk.panel.form.head.text() == "Joint chosen: Left C5-C6"
    desk.press(state.redo)
    desk.press(state.redo)
    assert desk.targets[0].grade == 3
    desk.choose(LEFT_C5)
    desk.press(desk.panel.form.remove)
    assert desk.targets == ()
    desk.press(state.undo)
    assert desk.targets[0].joint == LEFT_C5
    dialog = state.show_history()
    assert "Left C5-C6 removed" in dialog.text.toPlainText()
    assert "number 3 undone" in dialog.text.toPlainText()
    dialog.accept()


def test_without_a_name_nothing_is_saved(desk: Desk) -> None:
    desk.name = ""
    desk.start(Origin.JOINT_CLICKED, LEFT_C5)
    desk.say(LEFT_C5, POSITIVE)
    assert "Every decision needs the name of its reader" in desk.message
    desk.panel.show_page(desk.panel.finish)
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


def test_what_was_said_about_a_joint_waits_for_it(desk: Desk) -> None:
    desk.make(RIGHT_C2)
    form = desk.panel.form
    desk.choose(LEFT_C5)
    desk.press(form.side.buttons[LEFT])
    desk.choose(Joint("C3-C4", LEFT))
    assert form.head.text() == "Joint chosen: Left C3-C4"
    assert form.side.value is None
    desk.choose(RIGHT_C2)
    assert form.target.joint == RIGHT_C2
    desk.choose(LEFT_C5)
    assert form.side.value is LEFT
    desk.press(form.start_over)
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


# One selection for the whole window


def test_a_decision_lands_on_the_joint_that_is_shown(desk: Desk) -> None:
    """Target Left C5-C6 chosen, then the hot Right C2-C3: Negative must not reach the first."""
    desk.make(LEFT_C5)
    before, form, linked = desk.targets, desk.panel.form, desk.window.linked
    desk.choose(RIGHT_C2)
    half = linked.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-6
    assert (np.abs(linked.point_lps - desk.facets.spine.centers_lps[RIGHT_C2]) <= half).all()
    assert (desk.facets.selected, form.joint, form.target) == (RIGHT_C2, RIGHT_C2, None)
    desk.press(form.decision.buttons[NEGATIVE])
    assert desk.message == "Not saved. Say the side and the level first."
    assert desk.targets == before
    desk.say(RIGHT_C2, NEGATIVE)
    assert {t.joint: t.decision for t in desk.targets} == {LEFT_C5: POSITIVE, RIGHT_C2: NEGATIVE}


@pytest.mark.parametrize("decided", [True, False])
def test_the_form_is_closed_while_the_pictures_show_another_place(
    desk: Desk, decided: bool
) -> None:
    form, linked, centers = desk.panel.form, desk.window.linked, desk.facets.spine.centers_lps
    if decided:
        desk.make(LEFT_C5)
    else:
        desk.choose(LEFT_C5)
        desk.press(form.side.buttons[LEFT])
        desk.press(form.level.buttons["C5-C6"])
    before = desk.targets
    fields = (form.decision, form.grade, form.pain, form.bed)
    for elsewhere in (centers[RIGHT_C2], centers[Joint("C4-C5", LEFT)], (0.0, 0.0, -150.0)):
        linked.point_lps = elsewhere
        assert not any(field.isEnabled() for field in fields)
        assert form.hint.text() == "Closed: the pictures show another place than Left C5-C6."
        desk.type("N", "P", "3", "Y", "Shift+U")
        assert "Not saved. The pictures show another place than Left C5-C6" in desk.message
        assert desk.targets == before
        desk.type("G")
        assert all(field.isEnabled() for field in fields)
    # A few planes up and down the same joint is still that joint.
    linked.point_lps = np.add(centers[LEFT_C5], (0.0, 1.0, 4.0))
    assert all(field.isEnabled() for field in fields)


def test_a_change_is_held_against_the_anatomy_as_a_new_target_is(desk: Desk, truth) -> None:
    desk.make(LEFT_C5)
    renumbered(desk, truth)
    form, before = desk.panel.form, desk.targets
    desk.window.linked.point_lps = before[0].point_lps
    assert form.target.joint == LEFT_C5
    desk.press(form.decision.buttons[NEGATIVE])
    assert desk.message.startswith("Not saved. You chose Left C5-C6, but the point lies")
    assert desk.targets == before
    assert form.decision.value is POSITIVE


def test_everything_has_its_place(desk: Desk) -> None:
    """A press saves at once, so nothing may move under the hand, whatever is told."""
    panel, form = desk.panel, desk.panel.form
    fixed = [
        panel.ladder,
        panel.hot,
        panel.others,
        panel.message,
        panel.pages,
        panel.state.undo,
        form.note.edit,
        form.back,
        form.remove,
        *(b for c in (*form.answers, form.decision) for b in c.buttons.values()),
    ]

    def places() -> list[tuple[int, int, int]]:
        QApplication.processEvents()
        scrolled = panel.area.verticalScrollBar().value()
        corners = []
        for widget in fixed:
            at = widget.mapTo(panel, widget.rect().topLeft())
            inside = panel.area.isAncestorOf(widget)
            corners.append((at.x(), at.y() + scrolled * inside, widget.height()))
        return corners

    at_first = places()
    for step in (
        lambda: desk.choose(LEFT_C5),
        lambda: desk.press(form.decision.buttons[POSITIVE]),
        lambda: desk.say(Joint("C5-C6", RIGHT), POSITIVE),
        lambda: desk.say(LEFT_C5, POSITIVE),
        lambda: desk.press(form.grade.buttons[3]),
        lambda: desk.press(form.grade.buttons[0]),
        lambda: desk.qtbot.keyClicks(form.note.edit, "rim"),
        lambda: setattr(desk.window.linked, "point_lps", (0.0, 0.0, -150.0)),
        lambda: desk.accept("between"),
        lambda: desk.type("H"),
        lambda: desk.facets.measure_soon(),
    ):
        step()
        assert places() == at_first
    desk.measured()
    assert places() == at_first


# Keys


def test_two_positives_and_all_others_negative_by_keys_alone(desk: Desk) -> None:
    presses = 0

    def type_(*keys: str) -> None:
        nonlocal presses
        presses += len(keys)
        desk.type(*keys)

    for _ in HOT:
        type_("H")
        joint = desk.panel.form.joint
        letter, digit = joint.side.value[0].upper(), joint.level[1]
        type_(letter, digit, "P", "3", "Y", "Shift+U")
    assert {t.joint for t in desk.targets} == set(HOT)
    assert all(t.missing == () and t.grade == 3 for t in desk.targets)
    type_("Ctrl+Shift+N")
    dialog = desk.panel.window().findChild(Consent)
    named = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    presses += 1
    desk.qtbot.waitUntil(dialog.isActiveWindow)
    desk.qtbot.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.waitUntil(lambda: len(desk.targets) > len(HOT))
    assert presses <= 20
    found, kept = desk.facets.localisation, desk.kept
    suspected = {j for p in desk.facets.assessment.proposals for j in p.candidates}
    for joint in JOINTS:
        target = kept.target_at(joint)
        inside = found.facet(joint.level, joint.side).center_lps is not None
        if joint in HOT:
            assert target.decision is POSITIVE
        elif inside and joint not in suspected:
            assert target.decision is NEGATIVE
            assert joint.level in named
        else:
            assert target is None, joint
    negative = [t for t in kept.targets if t.decision is NEGATIVE]
    assert len(negative) >= 8
    # One undo takes all of them back, and one redo brings them.
    desk.press(desk.panel.state.undo)
    assert {t.joint for t in desk.targets} == set(HOT)
    desk.press(desk.panel.state.redo)
    assert len(desk.targets) == len(kept.targets)
    # Keys that cannot act say why.
    desk.choose(LEFT_C5)
    desk.type("R")
    assert "Left C5-C6 is decided: side and level stay with it" in desk.message


def test_a_wrong_side_by_keys_is_refused(desk: Desk) -> None:
    desk.choose(LEFT_C5)
    desk.type("R", "5", "P")
    assert "to the patient's left of the spine's midline" in desk.message
    assert desk.targets == ()
    desk.type("L", "P")
    assert [t.joint for t in desk.targets] == [LEFT_C5]


def test_a_key_decides_only_on_the_page_that_shows_the_joint(desk: Desk) -> None:
    desk.choose(LEFT_C5)
    desk.type("L", "5")
    desk.panel.show_page(desk.panel.finish)
    desk.type("P")
    assert desk.targets == ()
    assert desk.panel.pages.currentWidget() is desk.panel.area
    desk.type("P")
    assert [t.joint for t in desk.targets] == [LEFT_C5]


def test_the_ladder_has_the_right_of_the_patient_on_the_left(desk: Desk) -> None:
    ladder = desk.panel.ladder
    for level in LEVELS:
        right, left = (ladder.rect_of(Joint(level, side)) for side in (RIGHT, LEFT))
        assert right.right() < left.left()
        assert right.top() == left.top()
    tops = [ladder.rect_of(Joint(level, LEFT)).top() for level in LEVELS]
    assert tops == sorted(tops)
    for joint in HOT:
        uptake = desk.facets.assessment.uptake_of(joint)
        assert desk.cell(joint).ratio == uptake.values["ratio_to_reference"]
        assert desk.cell(joint).hot
    outside = [
        j for j in JOINTS if desk.facets.localisation.facet(j.level, j.side).center_lps is None
    ]
    assert all(desk.cell(j).words == "outside" for j in outside)
