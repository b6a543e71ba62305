"""The targets panel when it comes to an end: conflicts, other readers, new labels, the last word.

And what is typed by strangers, which does no harm.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel

from fusion.anatomy.joints import JOINTS, Joint
from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal
from fusion.annotations.target import Origin
from fusion.errors import AnnotationError
from fusion.facets.localisation import Numbering
from fusion.plain_text import plain
from tests.viewer.targets.desk import (
    HOT,
    LEFT,
    LEFT_C5,
    NEGATIVE,
    POSITIVE,
    READER,
    RIGHT_C2,
    Desk,
    renumbered,
)
from viewer.reading.model import ReadingModel
from viewer.steps.model import Act, Standing, Step, Way, item_of
from viewer.targets.dialogs import Consent
from viewer.targets.others_dialog import OthersConsent

pytestmark = pytest.mark.window


def test_a_conflict_shows_both_sides(desk: Desk) -> None:
    target = desk.make(LEFT_C5)
    with Journal(desk.path) as journal:  # another window of the same reader
        change = TargetSaved(replace(target, grade=1))
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
        change = replace(target, note="theirs")
        journal.append(desk.kept, TargetSaved(change), reader=READER, study=desk.reading.study)
    note = desk.panel.form.note
    note.edit.setPlainText("mine")
    assert not note.commit()
    assert desk.panel.conflict.isVisible()
    assert not note.commit()
    assert (desk.targets[0].note, note.text) == ("theirs", "mine")
    desk.press(note.keep)
    assert desk.targets[0].note == "mine"


def test_what_one_reader_said_and_did_not_decide_is_not_said_by_another(desk: Desk) -> None:
    desk.need_reader()
    form = desk.panel.form
    for joint in HOT:
        desk.panel.ladder.chosen.emit(joint)
        desk.press(form.side.buttons[joint.side])
        desk.press(form.grade.buttons[3])
    desk.reading.begin("Another Reader")
    for joint in HOT:
        desk.panel.ladder.chosen.emit(joint)
        assert [choice.value for choice in form.answers] == [None] * 5


def test_other_readers_are_shown_and_not_merged(desk: Desk) -> None:
    other = ReadingModel(desk.window.linked, desk.facets, journal=desk.path)
    other.begin("Dr. <b>Bo</b>")
    other.decide(LEFT_C5, NEGATIVE, origin=Origin.JOINT_CLICKED)
    other.decide(RIGHT_C2, POSITIVE, origin=Origin.JOINT_CLICKED, grade=2)
    other.close()
    desk.make(LEFT_C5)
    desk.panel.show_page(desk.panel.finish)
    shown = desk.texts()
    assert "Dr. <b>Bo</b> · draft, version 1" in shown
    assert "Left C5-C6: here positive, not graded; Dr. <b>Bo</b> negative, not graded" in shown
    assert "Right C2-C3: here nothing recorded; Dr. <b>Bo</b> positive, grade 2" in shown
    assert [target.joint for target in desk.targets] == [LEFT_C5]


def test_new_labels_need_consent_and_a_reason(desk: Desk, truth) -> None:
    target = desk.make(LEFT_C5)
    renumbered(desk, truth)
    panel = desk.panel
    assert panel.dispute.isVisible()
    assert "Left C5-C6" in panel.dispute_words.text()
    assert desk.cell(LEFT_C5).words == "DISPUTED"
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


def test_the_way_says_what_each_step_lacks_and_leads_there(desk: Desk) -> None:
    way = Way(desk.facets, desk.reading)
    words = {state.step: state.words for state in way.steps}
    assert words == {
        Step.OPEN: "opened",
        Step.ALIGN: "not reviewed",
        Step.LEVELS: "not confirmed",
        Step.JOINTS: "2 hot open",
        Step.PATHWAY: "not answered",
        Step.FINISH: "3 missing",
    }
    assert (way.next.step, way.next.act) == (Step.OPEN, Act.READER)
    desk.need_reader()
    assert way.next.step is Step.ALIGN
    desk.reading.review_alignment()
    assert way.next.step is Step.LEVELS
    desk.press(desk.levels.confirm)
    assert (way.next.joint, way.next.needed) == (LEFT_C5, False)  # the hotter one first
    desk.make(LEFT_C5)
    assert way.next.words == "Left C5-C6: a grade"
    assert way.next.needed
    desk.complete(LEFT_C5)
    desk.make(RIGHT_C2)
    desk.complete(RIGHT_C2)
    assert way.next.act is Act.OTHERS
    assert way.next.words.startswith("Nothing is said about ")
    consent = desk.panel.ask_others_negative()
    told: list[int] = []

    def note() -> None:
        told.append(len(desk.targets))

    desk.reading.events.changed.connect(note)
    desk.press(consent.agree)
    assert told == [2 + len(consent.joints)]  # all at once: each takes the window a while to show
    desk.panel._undo.undo()
    desk.panel._undo.redo()
    assert told == [2 + len(consent.joints), 2, 2 + len(consent.joints)]
    desk.reading.events.changed.disconnect(note)
    # A faint place that took no tick is left to the reader, joint by joint.
    beside = []
    while way.next.joint is not None:
        beside.append(way.next.joint)
        assert "beside something hot" in way.next.words
        desk.reading.decide(beside[-1], NEGATIVE, origin=Origin.JOINT_CLICKED)
    assert len(beside) == 2
    assert way.next.step is Step.PATHWAY
    desk.reading.leave_pathway_out("not asked")
    assert way.next.act is Act.FINALISE
    desk.reading.finalise()
    assert way.next is None
    assert [state.mark for state in way.steps] == [Standing.DONE] * 6
    # A final reading lacks nothing, and the SPECT can be moved all the same.
    alignment = desk.window.alignment
    alignment.moving = True
    alignment.move((3.0, 0.0, 0.0))
    assert way.steps[1].words == "not as reviewed"
    alignment.undo()
    alignment.moving = False
    assert way.steps[1].words == "reviewed"


def test_a_faint_place_is_negative_by_a_tick_of_its_own(desk: Desk, qtbot: QtBot) -> None:
    (faint,) = (p for p in desk.facets.assessment.proposals if p.candidates and p.grade < 2)
    desk.need_reader()
    consent = desk.panel.ask_others_negative()
    assert isinstance(consent, OthersConsent)
    (tick,) = consent.ticks
    assert not tick.isChecked()
    for joint in faint.candidates:
        assert joint.level in tick.text()
    # The pictures show what is asked about, and the two hot ones are not on offer.
    assert np.linalg.norm(desk.window.linked.point_lps - faint.point_lps) < 3
    assert not set(consent.joints) & {*HOT, *faint.candidates}
    desk.window.linked.point_lps = (0.0, 0.0, -200.0)
    qtbot.keyClick(consent, Qt.Key.Key_1)
    assert tick.isChecked()
    assert np.linalg.norm(desk.window.linked.point_lps - faint.point_lps) < 3
    qtbot.keyClick(consent, Qt.Key.Key_1)
    assert not tick.isChecked()
    qtbot.keyClick(consent, Qt.Key.Key_1)
    assert consent.agree.text() == f"Negative, all {len(consent.joints)} of them"
    consent.activateWindow()
    qtbot.waitUntil(consent.isActiveWindow)
    qtbot.keyClick(consent, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(desk.reading.reading.targets))
    said = {t.joint: t.decision for t in desk.reading.reading.targets}
    assert {said[joint] for joint in faint.candidates} == {NEGATIVE}
    assert not said.keys() & set(HOT)
    desk.undo.undo()
    assert desk.reading.reading.targets == ()


def test_what_is_missing_leads_to_where_it_is_done(desk: Desk, qtbot: QtBot) -> None:
    desk.make(LEFT_C5)
    led = []
    desk.panel.finish.wanted.connect(lambda lack: led.append(item_of(lack)))
    desk.panel.show_page(desk.panel.finish)
    QApplication.processEvents()
    for link in desk.panel.finish.missing.links:
        qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert [(item.step, item.joint) for item in led] == [
        (Step.ALIGN, None),
        (Step.LEVELS, None),
        *[(Step.JOINTS, LEFT_C5)] * 3,
        (Step.PATHWAY, None),
    ]


def test_finishing(desk: Desk) -> None:
    desk.make(LEFT_C5)
    finish = desk.panel.finish
    desk.panel.show_page(finish)
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
    desk.panel.show_page(desk.panel.area)
    desk.complete(LEFT_C5)
    desk.panel.show_page(finish)
    desk.press(desk.levels.confirm)
    assert "Numbering confirmed" in desk.levels.words.text()
    desk.reading.review_alignment()
    desk.reading.leave_pathway_out("=cmd|' /C calc'!A0")
    assert finish.missing.texts == ()
    desk.press(finish.finalise)
    dialog = desk.panel.window().findChild(Consent)
    shown = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    assert READER in shown
    assert "Left C5-C6 positive, grade 2" in shown
    # What nothing was said about is read back too.
    hot = shown.split("NOT DECIDED, although hot or beside something hot: ")[1].splitlines()[0]
    assert "C2-C3 right" in hot
    assert "Not decided: " in shown
    outside = [
        j for j in JOINTS if desk.facets.localisation.facet(j.level, j.side).center_lps is None
    ]
    assert all(j.level in shown.split("Outside the field")[1] for j in outside) or not outside
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
    for widget in (form.decision, form.grade, form.pain, form.bed, form.move_here, form.remove):
        assert not widget.isEnabled()
    assert form.note.edit.isReadOnly()
    desk.press(state.undo)
    assert "There is nothing to undo. The reading is final" in desk.message
    desk.choose(RIGHT_C2)
    assert form.new is None
    assert not form.place.isEnabled()
    desk.type("L", "P", "N", "3")
    assert desk.kept.events == events
    desk.panel.show_page(desk.panel.finish)
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
    for page in (desk.panel.area, desk.panel.finish, desk.panel.blocks):
        desk.panel.show_page(page)
        QApplication.processEvents()
        assert desk.panel.width() <= 460
        for label in desk.panel.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText
            assert not any(char in label.text() for char in "\u202e\u2066\x00\x07\x1b")
            assert len(label.text()) < 2000
    for widget in (desk.panel.form.details, desk.panel.state.undo, desk.panel.message):
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
    desk.reading.journal.close()
    desk.reading.journal = Journal(desk.path, wait_s=0.05)  # not to wait for five seconds here
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
        assert desk.cell(LEFT_C5).doubtful
        assert desk.panel.form.hint.text() == "provisional"
        finish = desk.panel.finish
        desk.panel.show_page(finish)
        assert "PROVISIONAL" in desk.levels.words.text()
        desk.press(desk.levels.confirm)
        assert "Write why it is right" in desk.message
        assert desk.kept.numbering is None
        desk.levels.note.setPlainText("twelve ribs counted on the scout")
        desk.press(desk.levels.confirm)
        assert desk.kept.numbering.change.note == "twelve ribs counted on the scout"
        assert not desk.cell(LEFT_C5).doubtful
    finally:
        desk.facets.localisation = found


def test_what_the_pathway_says_stands_beside_the_targets(desk: Desk) -> None:
    beside = desk.panel.beside.text()
    assert "should not be used in isolation for treatment decisions" in beside
    assert "must be interpreted in the context of clinical symptoms" in beside
