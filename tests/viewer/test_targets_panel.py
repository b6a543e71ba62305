"""The targets panel in the real window, on a real journal: what is pressed, and what is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel, QWidget

import fusion
from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.annotations.changes import TargetSaved, VertebraNamed
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.errors import AnnotationError
from fusion.facets.localisation import Numbering
from fusion.plain_text import plain
from sample_data import COARSE_SCAN, make_study
from viewer.facets.model import FacetsModel
from viewer.reading.model import ReadingModel
from viewer.targets.finishing_dialog import Consent
from viewer.targets.panel import TargetsPanel
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window

READER = "Dr. Åsa Öberg"
LEFT, RIGHT = Side.LEFT, Side.RIGHT
LEFT_C5, RIGHT_C2 = Joint("C5-C6", LEFT), Joint("C2-C3", RIGHT)
#: The sample neck is hot at these two.
HOT = (LEFT_C5, RIGHT_C2)
POSITIVE, NEGATIVE, INDETERMINATE = Decision


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory):
    """A simulated neck with its joints known."""
    return make_study(tmp_path_factory.mktemp("neck"), scan=COARSE_SCAN)


@pytest.fixture(scope="module")
def review(truth) -> fusion.Review:
    """That neck, for the window that the tests of this module share."""
    return fusion.open_study(truth.folder)


@pytest.fixture(scope="module")
def facets(shared_window: ReviewWindow) -> Iterator[FacetsModel]:
    """Its joints, located once for all tests."""
    from qtpy.QtTest import QTest

    facets = shared_window.facets
    facets.start()
    for _ in range(600):
        if facets.assessment is not None:
            break
        QTest.qWait(100)
    assert facets.assessment is not None, facets.refusal
    return facets


@dataclass
class Desk:
    """A reader in front of the window."""

    window: ReviewWindow
    facets: FacetsModel
    path: Path
    qtbot: QtBot
    name: str = READER
    asked: int = 0
    panel: TargetsPanel = field(init=False)
    reading: ReadingModel = field(init=False)

    def __post_init__(self) -> None:
        self.reading = ReadingModel(self.window.linked, self.facets, journal=self.path)
        self.panel = TargetsPanel(
            self.facets, self.reading, self.window.linked, need_reader=self.need_reader
        )
        self.window.add_tab(self.panel, "Under test")
        self.window.tabs.setCurrentWidget(self.panel)
        self.window.body.setSizes([1070, 430])

    def need_reader(self) -> bool:
        if not self.reading.reader:
            self.asked += 1
            if self.name:
                self.reading.begin(self.name)
        return bool(self.reading.reader)

    def leave(self) -> None:
        self.window.tabs.removeTab(self.window.tabs.indexOf(self.panel))
        self.reading.close()
        for emitter in (*self.facets.events.emitters.values(), self.window.linked.events.review):
            emitter.disconnect(self.panel.refresh)
        self.facets.events.selected.disconnect(self.panel._on_selected)
        self.window.linked.events.review.disconnect(self.panel._on_review)
        self.panel.deleteLater()
        self.facets.apply({}, (), {})
        self.facets.selected = None

    # What a reader does

    def press(self, widget: QWidget) -> None:
        QApplication.processEvents()  # what was shown just now has its place
        assert widget.isVisible(), "not on screen"
        assert widget.isEnabled(), "cannot be pressed"
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def say(self, joint: Joint, decision: Decision | None = None) -> None:
        form = self.panel.form
        self.press(form.side.buttons[joint.side])
        self.press(form.level.buttons[joint.level])
        if decision is not None:
            self.press(form.decision.buttons[decision])

    def accept(self, joint: Joint | None) -> None:
        proposals = self.panel.proposals
        row = next(n for n, p in enumerate(proposals.shown) if p.joint == joint)
        self.choose(proposals.table, row)
        self.press(proposals.accept)

    def choose(self, table, row: int) -> None:
        at = table.visualItemRect(table.item(row, 0)).center()
        self.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)

    def start(self, origin: Origin, joint: Joint) -> None:
        """Begin to describe a target at the place of a joint, in one of the three ways."""
        if origin is Origin.PROPOSAL_ACCEPTED:
            self.accept(joint)
        elif origin is Origin.JOINT_CLICKED:
            self.facets.selected = joint
        else:
            self.window.linked.point_lps = self.facets.spine.centers_lps[joint]
            self.press(self.panel.form.place)

    def make(self, joint: Joint, decision: Decision = POSITIVE) -> Target:
        self.start(Origin.JOINT_CLICKED, joint)
        self.say(joint, decision)
        target = self.kept.target_at(joint)
        assert target is not None, self.message
        return target

    def complete(self, joint: Joint) -> None:
        form = self.panel.form
        for button in (
            form.grade.buttons[2],
            form.pain.buttons[Answer.YES],
            form.bed.buttons[Answer.NOT_RECORDED],
        ):
            self.press(button)
        assert self.kept.target_at(joint).missing == ()

    # What there is

    @property
    def kept(self) -> Reading | None:
        """The reading as somebody else reads it from the file."""
        if not self.path.exists():
            return None
        with Journal(self.path) as journal:
            readings = [r for r in journal.readings() if r.reader == READER]
        return readings[-1] if readings else None

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.kept.targets if self.kept else ()

    @property
    def message(self) -> str:
        label = self.panel.message
        return label.text() if label.isVisible() else ""

    def measured(self) -> None:
        """Wait until the uptake is known."""
        self.qtbot.waitUntil(lambda: self.facets.assessment is not None, timeout=60_000)

    def texts(self) -> str:
        QApplication.processEvents()
        labels = self.panel.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def rows(self) -> list[list[str]]:
        table = self.panel.table.table
        return [
            [table.item(row, column).text() for column in range(table.columnCount())]
            for row in range(table.rowCount())
        ]


@pytest.fixture
def desk(
    shared_window: ReviewWindow, facets: FacetsModel, tmp_path: Path, qtbot: QtBot
) -> Iterator[Desk]:
    desk = Desk(shared_window, facets, tmp_path / "journal.sqlite", qtbot)
    desk.measured()
    yield desk
    desk.leave()


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
        desk.press(desk.panel.form.move)
        assert desk.message.startswith("Not saved. You chose Left C5-C6")
        assert desk.targets[0].point_lps == before.point_lps
    linked.point_lps = np.add(centers[LEFT_C5], (2.0, 1.0, 1.0))
    desk.press(desk.panel.form.move)
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


def test_a_conflict_shows_both_sides(desk: Desk) -> None:
    target = desk.make(LEFT_C5)
    with Journal(desk.path) as journal:  # another window of the same reader
        change = TargetSaved(fusion.annotations.deciding.revise(target, reader=READER, grade=1))
        journal.append(desk.kept, change, reader=READER, study=desk.reading.study)
    desk.press(desk.panel.form.grade.buttons[3])
    box = desk.panel.conflict
    assert box.isVisible()
    assert "Left C5-C6 positive, grade 3" in box.mine.text()
    assert "Left C5-C6 positive, grade 1" in box.theirs.text()
    assert "There now: Left C5-C6 positive, grade 1" in box.now.text()
    assert desk.targets[0].grade == 1
    assert desk.panel.form.grade.value == 1
    desk.press(box.seen)
    assert not box.isVisible()
    desk.press(desk.panel.form.grade.buttons[3])
    assert desk.targets[0].grade == 3


def test_a_note_is_not_pushed_over_somebody_elses_change(desk: Desk) -> None:
    target = desk.make(LEFT_C5)
    with Journal(desk.path) as journal:
        change = fusion.annotations.deciding.revise(target, reader=READER, note="theirs")
        journal.append(desk.kept, TargetSaved(change), reader=READER, study=desk.reading.study)
    note = desk.panel.form.note
    note.edit.setPlainText("mine")
    assert not note.commit()
    assert desk.panel.conflict.isVisible()
    assert not note.commit()
    assert (desk.targets[0].note, note.text) == ("theirs", "mine")
    desk.press(note.keep)
    assert desk.targets[0].note == "mine"


def test_other_readers_are_shown_and_not_merged(desk: Desk) -> None:
    other = ReadingModel(desk.window.linked, desk.facets, journal=desk.path)
    other.begin("Dr. <b>Bo</b>")
    other.decide(LEFT_C5, NEGATIVE, origin=Origin.JOINT_CLICKED)
    other.decide(RIGHT_C2, POSITIVE, origin=Origin.JOINT_CLICKED, grade=2)
    other.close()
    desk.make(LEFT_C5)
    desk.panel.pages.setCurrentWidget(desk.panel.finish)
    shown = desk.texts()
    assert "Dr. <b>Bo</b> · draft, version 1" in shown
    assert "Left C5-C6: here positive, not graded; Dr. <b>Bo</b> negative, not graded" in shown
    assert "Right C2-C3: here nothing recorded; Dr. <b>Bo</b> positive, grade 2" in shown
    assert [target.joint for target in desk.targets] == [LEFT_C5]


def renumbered(desk: Desk, truth) -> None:
    """Name C6 what the program calls C5, and wait until the levels are numbered anew."""
    center = {
        name: np.mean([joint.center_lps for joint in truth.joints if joint.level == name], axis=0)
        for name in ("C4-C5", "C5-C6")
    }
    body = (center["C4-C5"] + center["C5-C6"]) / 2 + (0.0, -14.0, 0.0)
    desk.reading.save(VertebraNamed("C6", tuple(map(float, body))))
    desk.qtbot.waitUntil(lambda: desk.facets.localisation is not None, timeout=30_000)


def test_new_labels_need_consent_and_a_reason(desk: Desk, truth) -> None:
    target = desk.make(LEFT_C5)
    renumbered(desk, truth)
    panel = desk.panel
    assert panel.dispute.isVisible()
    assert "Left C5-C6" in panel.dispute_words.text()
    assert "DISPUTED\nLeft C6-C7?" in desk.rows()[0][0]
    assert "DISPUTED: Left C5-C6" in panel.blocks.disputed.text()
    assert desk.targets[0].joint == LEFT_C5, "nothing changes by itself"
    desk.press(panel.show_labels)
    dialog = panel.window().findChild(Consent)
    shown = [label.text() for label in dialog.findChildren(QLabel)]
    assert "Left C5-C6  →  Left C6-C7" in shown
    assert not dialog.agree.isEnabled()
    dialog.reason.setPlainText(" \u200b ")
    assert not dialog.agree.isEnabled()
    dialog.cancel.click()
    assert desk.targets[0].joint == LEFT_C5
    dialog = panel.ask_labels()
    dialog.reason.setPlainText("a block vertebra")
    dialog.agree.click()
    assert desk.targets[0].joint == Joint("C6-C7", LEFT)
    assert not panel.dispute.isVisible()
    history = panel.show_history(target.target_id)
    told = history.text.toPlainText()
    assert "Left C5-C6 is now Left C6-C7 (a block vertebra)" in told
    assert "made: Left C5-C6" in told
    history.accept()


def test_finishing(desk: Desk) -> None:
    desk.make(LEFT_C5)
    finish = desk.panel.finish
    desk.panel.pages.setCurrentWidget(finish)
    for item in (
        "• The alignment of the two images has not been reviewed.",
        "• The numbering of the levels has not been confirmed.",
        "• Left C5-C6: a grade.",
        "• The pathway has been neither answered nor explicitly left out.",
    ):
        assert item in finish.missing.texts
    assert finish.finalise.text() == "Finalise… (6 missing)"
    assert not finish.finalise.isEnabled()
    with pytest.raises(AnnotationError, match="Missing"):
        desk.reading.finalise()
    desk.panel.pages.setCurrentIndex(0)
    desk.complete(LEFT_C5)
    desk.panel.pages.setCurrentWidget(finish)
    desk.press(finish.confirm)
    assert "Numbering confirmed" in finish.confirmed.text()
    desk.reading.review_alignment()
    desk.reading.leave_pathway_out("=cmd|' /C calc'!A0")
    assert finish.missing.texts == ()
    desk.press(finish.finalise)
    dialog = desk.panel.window().findChild(Consent)
    shown = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    assert READER in shown
    assert "Left C5-C6 positive, grade 2" in shown
    dialog.cancel.click()
    assert desk.kept.finalised is None
    dialog = finish.ask_finalise()
    dialog.agree.click()
    assert desk.kept.finalised.reader == READER
    assert "FINAL, version 1" in desk.panel.state.who.text()


def test_a_final_reading_is_immutable_but_for_an_addendum(desk: Desk) -> None:
    desk.make(LEFT_C5)
    desk.complete(LEFT_C5)
    desk.reading.confirm_numbering()
    desk.reading.review_alignment()
    desk.reading.leave_pathway_out("screening")
    desk.reading.finalise()
    events = desk.kept.events
    form, state = desk.panel.form, desk.panel.state
    for widget in (form.decision, form.grade, form.pain, form.bed, form.move, form.remove):
        assert not widget.isEnabled()
    assert form.note.edit.isReadOnly()
    assert not state.undo.isEnabled()
    form.clear()
    desk.facets.selected = RIGHT_C2
    assert form.beginning is None
    assert not form.place.isVisible()
    assert desk.kept.events == events
    desk.panel.pages.setCurrentWidget(desk.panel.finish)
    desk.press(desk.panel.finish.addendum)
    dialog = desk.panel.window().findChild(Consent)
    assert not dialog.agree.isEnabled()
    dialog.reason.setPlainText("<i>side</i> dictated wrongly")
    dialog.agree.click()
    assert desk.panel.state.who.text() == f"{READER} · draft, version 2"
    assert "an addendum: <i>side</i> dictated wrongly" in desk.texts()
    assert desk.kept.opened.amends
    assert [target.joint for target in desk.targets] == [LEFT_C5]
    with Journal(desk.path) as journal:
        assert journal.load(desk.kept.opened.amends).events == events


HOSTILE = {
    "markup": '<img src="file:///etc/passwd"><b>bold</b>&amp; <a href="x">click</a>',
    "hidden": "left\u202eRIGHT\u2066\x00\x07\u200b\x1b[31m end",
    "formula": "=cmd|' /C calc'!A0",
    "long": "x" * 10_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_shown_as_it_is_and_does_no_harm(desk: Desk, kind: str) -> None:
    text = HOSTILE[kind]
    desk.make(LEFT_C5)
    desk.panel.form.note.edit.setPlainText(text)
    desk.panel.form.note.commit()
    desk.reading.leave_pathway_out(text)
    kept = desk.targets[0].note
    assert kept == text or kind == "hidden"  # of which Qt takes out some already
    assert not desk.panel.form.note.pending
    assert desk.panel.form.note.text == plain(kept)
    for page in range(3):
        desk.panel.pages.setCurrentIndex(page)
        desk.qtbot.wait(20)
        assert desk.panel.width() <= 460
        for label in desk.panel.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText
            assert not any(char in label.text() for char in "\u202e\u2066\x00\x07\x1b")
            assert len(label.text()) < 2000
    table = desk.panel.table.table
    for widget in (table.item(0, 0), desk.panel.form.details, desk.panel.state.undo):
        assert "<b>" not in widget.toolTip()
        assert "\u202e" not in widget.toolTip()
        assert len(widget.toolTip()) < 2000
    dialog = desk.panel.state.show_history()
    assert "\u202e" not in dialog.text.toPlainText()
    dialog.accept()


def test_a_locked_journal_is_told_and_nothing_is_called_saved(desk: Desk) -> None:
    desk.make(LEFT_C5)
    desk.press(desk.panel.form.grade.buttons[1])
    saved = desk.panel.state.saved.text()
    desk.reading._journal.close()
    desk.reading._journal = Journal(desk.path, wait_s=0.05)  # not to wait for five seconds here
    other = sqlite3.connect(desk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    desk.press(desk.panel.form.grade.buttons[3])
    assert "another program keeps it locked" in desk.message
    assert desk.panel.form.grade.value == 1
    assert desk.panel.state.saved.text() == saved
    other.execute("ROLLBACK")
    other.close()
    assert desk.targets[0].grade == 1
    desk.press(desk.panel.form.grade.buttons[3])
    assert desk.targets[0].grade == 3


def test_provisional_levels_are_marked_and_confirmed_with_a_reason(desk: Desk, truth) -> None:
    found = desk.facets.localisation
    desk.facets.localisation = replace(
        found,
        numbering=Numbering.PROVISIONAL,
        facets=tuple(replace(f, numbering=Numbering.PROVISIONAL) for f in found.facets),
    )
    try:
        desk.make(LEFT_C5)
        assert desk.rows()[0][0] == "Left C5-C6\nprovisional"
        finish = desk.panel.finish
        desk.panel.pages.setCurrentWidget(finish)
        assert "PROVISIONAL" in finish.numbering.text()
        desk.press(finish.confirm)
        assert "write why it is right" in desk.message
        assert desk.kept.numbering is None
        finish.note.setPlainText("twelve ribs counted on the scout")
        desk.press(finish.confirm)
        assert desk.kept.numbering.change.note == "twelve ribs counted on the scout"
        assert desk.rows()[0][0] == "Left C5-C6"
    finally:
        desk.facets.localisation = found


def test_what_the_pathway_says_stands_beside_the_targets(desk: Desk) -> None:
    beside = desk.panel.beside.text()
    assert "should not be used in isolation for treatment decisions" in beside
    assert "must be interpreted in the context of clinical symptoms" in beside
