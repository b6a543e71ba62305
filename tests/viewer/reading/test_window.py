"""A reading in the real window with a real journal file: asked once, saved, resumed, handed on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import shiboken6
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QMessageBox

import fusion
from fusion.anatomy.joints import Joint, Side
from fusion.annotations.changes import JointMoved, VertebraNamed
from fusion.annotations.journal import Journal
from fusion.annotations.target import Answer, Decision, Origin
from fusion.errors import AnnotationError
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.review_record import review_json
from fusion.pathway.assessment import NOT_ASSESSED
from tests.pathway.cases import GOLDEN
from tests.viewer.known_neck import TRUE, KnownFacets, open_reading, vertebra_lps
from tests.viewer.on_screen import press_key
from viewer import _napari
from viewer import window as window_module
from viewer.facets.marks import Marks
from viewer.facets.model import State
from viewer.frame.header import NO_READER
from viewer.frame.key_file import default_key_file
from viewer.pictures.flat.study import FlatStudy
from viewer.reading.dialogs import ReaderDialog
from viewer.study import ReviewApp
from viewer.window import ReviewWindow

LEFT_C5, RIGHT_C4 = Joint("C5-C6", Side.LEFT), Joint("C4-C5", Side.RIGHT)
READER = "R. Eader"

COMPLETE = {
    "grade": 2,
    "clinically_concordant": Answer.YES,
    "inside_operative_bed": Answer.NO,
    "note": "no uptake here",
}

pytestmark = pytest.mark.window
Show = Callable[..., ReviewWindow]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def show(
    open_window: Show, review: fusion.Review, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> Show:
    """Open the study, the joints of which are known, in a window."""
    monkeypatch.setattr(window_module, "FacetsModel", KnownFacets)

    def opened(path: Path = journal) -> ReviewWindow:
        window = open_window(review, path)
        window.facets.start()
        return window

    return opened


def answer_dialog(name: str | None) -> list[str]:
    """Type a name into the dialog once it is there, or cancel it; returns what stood in it."""
    found: list[str] = []

    def act() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, ReaderDialog):
            QTimer.singleShot(20, act)
            return
        ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
        found.append(dialog.entry.text())
        assert not ok.isEnabled()
        if name is None:
            dialog.reject()
            return
        dialog.entry.setText(name)
        assert ok.isEnabled()
        ok.click()

    QTimer.singleShot(0, act)
    return found


def boxes(window: ReviewWindow) -> list[str]:
    """Close the open message boxes; returns what they said."""
    found = _napari.main_window(window.viewer).findChildren(QMessageBox)
    said = [box.text() for box in found]
    for box in found:
        box.close()
    return said


def decide(window: ReviewWindow, joint: Joint = LEFT_C5, **answers: object) -> None:
    window.reading.decide(
        joint,
        Decision.POSITIVE,
        origin=Origin.JOINT_CLICKED,
        **{
            "grade": 2,
            "clinically_concordant": Answer.YES,
            "inside_operative_bed": Answer.NO,
            "note": "no uptake here",
            **answers,
        },
    )


@pytest.mark.thorough
def test_the_name_is_asked_for_once_and_not_proposed(
    show: Show, journal: Path, qtbot: QtBot
) -> None:
    window = show()
    assert window.header.reader.text() == NO_READER
    typed = answer_dialog(None)
    window.alignment_panel.reviewed.click()
    assert typed == [""]
    assert window.review.alignment_reviewed_by is None
    assert not journal.exists()
    # A journal that cannot be used is a sentence, and the window goes on.
    journal.mkdir()
    answer_dialog(READER)
    window.alignment_panel.reviewed.click()
    (said,) = boxes(window)
    assert str(journal) in said
    assert window.header.reader.text() == NO_READER
    journal.rmdir()
    with Journal(journal) as file:
        file.begin(window.reading.study, reader="O. Ther<b>")
    before = len(window.side.findings.labels)
    typed = answer_dialog(READER)
    window.alignment_panel.reviewed.click()
    assert typed == [""]
    assert window.review.alignment_reviewed_by == READER
    assert window.header.reader.text() == f"Read by {READER} · version 1, draft"
    assert window.need_reader()  # nothing is asked any more: this would block
    assert window.alignment_panel.reviewed_text.text() == f"reviewed by {READER}"
    # The other reader is among the Findings on screen.
    qtbot.waitUntil(lambda: len(window.side.findings.labels) == before + 1)
    (label,) = (one for one in window.side.findings.labels if "Another reading" in one.text())
    assert "O. Ther<b>" in label.text()
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_closed_and_opened_again_everything_is_there(
    show: Show, journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    keys = default_key_file()
    keys.parent.mkdir(parents=True)
    keys.write_text('[keys]\n"H" = "P"\n')
    window = show()
    # Two things on one key: told in words, and every key stays as it was.
    assert window.message.text().startswith("The keys are as usual. Two things would be on one key")
    assert {"H", "P"} <= window.keys.shortcuts.keys()
    assert window.begin_reading(READER)
    for key, value in GOLDEN["G3"].facts.recorded().items():
        window.pathway.answer(key, value)
    window.pathway_panel.record.click()
    window.alignment_panel.reviewed.click()
    decide(window)
    window.reading.confirm_numbering()
    x, y, z = TRUE[RIGHT_C4]
    window.reading.save(JointMoved(RIGHT_C4, (x - 1, y, z)))
    before, stored = window.reading.reading, review_json(window.review)["pathway"]
    assert stored["assessed"] is True
    window.viewer.close()
    with pytest.raises(AnnotationError):
        decide(window)  # the journal is closed with its window

    keys.write_text('[keys]\n"H" = "Alt+H"\n"S" = "Alt+S"\n')
    again = show()
    assert "Alt+H" in again.keys.shortcuts
    assert "H" not in again.keys.shortcuts
    assert again.bar.next.text().startswith("Next (Alt+S): ")
    assert review_json(again.review)["pathway"]["assessed"] is False
    assert again.pathway.state == NOT_ASSESSED
    assert again.begin_reading(READER)
    assert again.reading.reading == before
    # Back where the reading stood: the last joint decided, and the step that lacks something.
    assert again.facets.joint_at(again.linked.point_lps) == LEFT_C5
    assert again.pages.front is again.way.next.step
    assert again.header.reader.text().endswith("draft, resumed")
    assert again.review.alignment_reviewed_by == READER
    assert review_json(again.review)["pathway"] == stored
    assert again.pathway.facts == GOLDEN["G3"].facts
    assert not again.pathway.changed_since
    assert again.pathway.state.startswith(f"Recorded by {READER}")
    assert tuple(again.facets.localisation.facet("C4-C5", "right").center_lps) == (x - 1, y, z)
    assert again.reading.missing == ()
    again.reading.finalise()
    assert again.header.reader.text().endswith("version 1, final, resumed")
    assert not again.alignment_panel.reviewed.isEnabled()
    with Journal(journal) as file:
        assert file.readings()[0].finalised


@pytest.mark.thorough
def test_a_window_whose_note_is_not_saved_gives_no_room_to_another_study(
    show: Show, qtbot: QtBot
) -> None:
    """Another CT or SPECT is opened in its place; it would take the note with it, unasked."""
    window = show()
    window.begin_reading(READER)
    decide(window)
    window.facets.selected = LEFT_C5
    app = ReviewApp(window.review, viewer=window.viewer)
    app.review_window = window
    note = window.targets_panel.form.note
    note.edit.setPlainText("x" * 10_001)
    app.make_room()
    assert _napari.main_window(window.viewer).isVisible()
    assert "stays open: the note beside the target is not saved" in window.message.text()
    assert note.text == "x" * 10_001
    qtbot.mouseClick(note.drop, Qt.MouseButton.LeftButton)
    main = _napari.main_window(window.viewer)
    app.make_room()
    assert not shiboken6.isValid(main) or not main.isVisible()


def test_what_was_typed_last_is_saved_when_the_window_closes(show: Show, journal: Path) -> None:
    window = show()
    assert window.begin_reading(READER)
    decide(window)
    window.pages.setCurrentWidget(window.targets_panel)
    window.facets.selected = LEFT_C5
    window.targets_panel.form.note.edit.setPlainText("typed, and not left yet")
    assert window.reading.reading.target_at(LEFT_C5).note != "typed, and not left yet"
    window.viewer.close()
    assert window.canvases == ()
    with Journal(journal) as file:
        assert file.readings()[0].target_at(LEFT_C5).note == "typed, and not left yet"


def test_one_undo_for_what_is_said_and_for_the_spect(
    show: Show, qtbot: QtBot, tmp_path: Path
) -> None:
    window = show()
    assert window.begin_reading(READER)
    control = Qt.KeyboardModifier.ControlModifier
    both = control | Qt.KeyboardModifier.ShiftModifier
    window.alignment.move((1.0, 0, 0))
    decide(window)
    window.pathway.answer("cervical_pain", True)
    window.pathway_panel.record.click()
    press_key(qtbot, window, Qt.Key.Key_Z, control)
    assert window.reading.reading.pathway is None
    assert window.pathway.state.startswith(NOT_ASSESSED)
    assert window.pathway.values == {"cervical_pain": True}
    press_key(qtbot, window, Qt.Key.Key_Z, both)
    assert window.reading.reading.pathway is not None
    assert window.pathway.state.startswith("Recorded by")
    window.alignment.move((0, 1.0, 0))
    # In the order in which they were made, whatever they were and whatever is in front.
    order = []
    for panel in (window.targets_panel, window.facets_panel, window.pathway_panel, *[None] * 2):
        if panel is not None:
            window.pages.setCurrentWidget(panel)
        press_key(qtbot, window, Qt.Key.Key_Z, control)
        reading = window.reading.reading
        shift = round(float(window.alignment.shift_mm[1]), 3)
        order.append((shift, reading.pathway is None, len(reading.targets)))
    assert order == [(0, False, 1), (0, True, 1), (0, True, 0), (0, True, 0), (0, True, 0)]
    assert not window.alignment.can_undo
    assert window.message.text() == "There is nothing to undo."
    for _ in range(4):
        press_key(qtbot, window, Qt.Key.Key_Z, both)
    assert float(window.alignment.shift_mm[1]) == pytest.approx(1.0)
    assert len(window.reading.reading.targets) == 1
    window.alignment.undo()
    check_export(window, qtbot, tmp_path / "out")


def check_export(window: ReviewWindow, qtbot: QtBot, out: Path) -> None:
    """What was decided leaves with the study, in DICOM and on paper."""
    decide(window, RIGHT_C4, grade=3, note="hotter")
    job = window.export(str(out))
    qtbot.waitUntil(lambda: job.progress is None, timeout=120000)
    assert str(out) in "\n".join(boxes(window))
    read = read_structured_report(out / "structured_report.dcm")
    assert {target.joint: target.grade for target in read} == {LEFT_C5: 2, RIGHT_C4: 3}
    for target in read:
        assert target.point_lps == pytest.approx(TRUE[target.joint], abs=1e-3)
    content = json.loads((out / "reading.json").read_text("utf-8"))
    assert content["reading"] == json.loads(json.dumps(window.reading.reading.to_json()))
    assert content["pathway"]["assessed"] is True
    assert (out / "report.pdf").exists()
    assert READER in (out / "report.html").read_text("utf-8")


@pytest.mark.thorough
def test_a_second_window_conflicts_and_both_sides_are_shown(
    show: Show, review: fusion.Review, journal: Path
) -> None:
    window = show()
    assert window.begin_reading(READER)
    other = open_reading(review, journal)
    other.begin(READER)
    other.decide(RIGHT_C4, Decision.NEGATIVE, origin=Origin.JOINT_CLICKED)
    other.close()
    assert window.conflict.isHidden()
    window.pages.setCurrentWidget(window.alignment_panel)
    window.alignment_panel.reviewed.click()
    (said,) = boxes(window)
    assert said.startswith("Not saved: alignment reviewed")
    assert not window.conflict.isHidden()
    assert "Right C4-C5" in window.conflict.theirs.text()
    assert "alignment" in window.conflict.mine.text()
    # What the other window saved is here now; the reader decides anew.
    assert window.reading.reading.target_at(RIGHT_C4) is not None
    assert window.review.alignment_reviewed_by is None
    window.conflict.seen.click()
    assert window.conflict.isHidden()
    window.alignment_panel.reviewed.click()
    assert window.review.alignment_reviewed_by == READER


@pytest.mark.thorough
def test_nothing_older_than_the_journal_is_exported(
    show: Show, review: fusion.Review, journal: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = show()
    assert window.begin_reading(READER)
    decide(window)
    other = open_reading(review, journal)
    other.begin(READER)
    other.revise(LEFT_C5, decision=Decision.NEGATIVE)
    other.close()
    refuse_export(window, qtbot, tmp_path / "out", "Another window or reader changed")
    # It is on screen now, and goes out at the next press.
    assert window.reading.reading.target_at(LEFT_C5).decision is Decision.NEGATIVE


def test_nothing_is_exported_while_labels_are_disputed_or_unknown(
    show: Show, tmp_path: Path, qtbot: QtBot
) -> None:
    window = show()
    assert window.begin_reading(READER)
    decide(window)
    window.reading.save(VertebraNamed("C6", vertebra_lps("C5")))
    refuse_export(window, qtbot, tmp_path / "out", "Left C5-C6 (now Left C6-C7)")
    window.reading.undo()
    window.facets.state = State.LOCATING
    refuse_export(window, qtbot, tmp_path / "out", "are being numbered")


def refuse_export(window: ReviewWindow, qtbot: QtBot, out: Path, why: str) -> None:
    job = window.export(str(out))
    qtbot.waitUntil(lambda: job.progress is None, timeout=60000)
    (said,) = boxes(window)
    assert why in said
    assert not list(out.glob("*"))


@pytest.mark.thorough
def test_a_long_name_leaves_the_window_as_narrow_as_it_was(show: Show) -> None:
    window = show()
    assert window.begin_reading("A" * 200)
    assert _napari.main_window(window.viewer).minimumSizeHint().width() <= 1280
    assert "A" * 200 in window.header.reader.toolTip()


def test_a_final_reading_is_told_of_when_the_study_is_opened_again(
    show: Show, review: fusion.Review, journal: Path
) -> None:
    first = open_reading(review, journal)
    first.begin("Reader One")
    first.decide(LEFT_C5, Decision.POSITIVE, origin=Origin.JOINT_CLICKED, **COMPLETE)
    first.review_alignment()
    first.confirm_numbering()
    first.leave_pathway_out("research case")
    first.finalise()
    first.close()
    window = show()
    assert window.header.reader.text().startswith("Read before: FINAL, 1 positive")
    assert window.header.reader.text().endswith("by Reader One")
    assert "FINAL" in window.targets_panel.state.saved.text()
    assert window.reading.reading is None

    def take() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, ReaderDialog):
            QTimer.singleShot(20, take)
            return
        assert dialog.entry.text() == ""
        dialog.names["Reader One"].click()

    QTimer.singleShot(0, take)
    window.header.read_as.click()
    assert window.header.reader.text() == "Read by Reader One · version 1, final, resumed"
    # A full stop more is the same reader; another name begins another reading, here and now.
    assert window.begin_reading("reader one.")
    assert window.header.reader.text().startswith("Read by Reader One · version 1, final")
    assert window.begin_reading(READER)
    assert window.header.reader.text() == f"Read by {READER} · version 1, draft"
    assert [other.reader for other in window.reading.others] == ["Reader One"]
    with Journal(journal) as file:
        assert len(file.readings()) == 2


def test_what_was_not_changed_is_not_made_anew(
    show: Show, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    """Names, rings and findings take the window a while; a decision is soon followed by another."""
    window = show()
    window.begin_reading(READER)
    made: list[str] = []
    refresh, show_names = Marks._refresh_in, FlatStudy.show_names
    monkeypatch.setattr(
        Marks, "_refresh_in", lambda self, *pane: made.append("rings") or refresh(self, *pane)
    )
    monkeypatch.setattr(
        FlatStudy,
        "show_names",
        lambda self, *what, **how: made.append("names") or show_names(self, *what, **how),
    )
    panel = window.side.findings
    decide(window)
    assert made.count("names") == 1
    assert made.count("rings") == len(window.canvases)
    made.clear()
    window.reading.leave_pathway_out("research case")
    window._on_settled()
    assert made == []
    assert window.side.findings is panel
    window.reading.undo(2)
    assert made.count("names") == 1
    assert made.count("rings") == len(window.canvases)
