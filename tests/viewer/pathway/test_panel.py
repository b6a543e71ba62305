"""The pathway panel on the screen: entered by clicks and keys, and what becomes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QLabel, QPushButton

from fusion.export.handover import write_review
from fusion.export.review_record import review_json
from fusion.pathway.assessment import NOT_ASSESSED, Assessment
from fusion.pathway.facts.facts import QUESTIONS
from fusion.pathway.facts.facts_file import facts_toml
from fusion.pathway.facts.from_files import ProposedFact
from tests.pathway.cases import GOLDEN
from viewer import plugin
from viewer.pathway.model import RED_FLAG_KEYS, PathwayModel
from viewer.pathway.panel import PathwayPanel
from viewer.pathway.questions import NOTHING_PLANNED, Question
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window

HOSTILE = '<img src="x"><b>bold</b> & a&b'


@pytest.fixture
def kept() -> list[Any]:
    return []


@pytest.fixture
def panel(qtbot: QtBot, kept: list[Any]) -> PathwayPanel:
    """A panel as wide as a tab, with a study to record with."""
    panel = PathwayPanel(PathwayModel(keep=kept.append, who=lambda: "R. Eader"))
    qtbot.addWidget(panel)
    panel.resize(420, 800)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def enter(qtbot: QtBot, question: Question, value: object) -> None:
    """Answer as a reader does."""
    left = Qt.MouseButton.LeftButton
    if isinstance(value, bool):
        qtbot.mouseClick(question.buttons[value], left)
    elif value == []:
        qtbot.mouseClick(question.boxes[NOTHING_PLANNED], left)
    elif isinstance(value, list):
        for name in value:
            qtbot.mouseClick(question.boxes[name], left)
    elif hasattr(question, "choice"):
        while question.choice.currentText() != value:
            before = question.choice.currentIndex()
            qtbot.keyClick(question.choice, Qt.Key.Key_Down)
            assert question.choice.currentIndex() == before + 1
    else:
        qtbot.keyClicks(question.entry, str(value))
        qtbot.keyClick(question.entry, Qt.Key.Key_Return)


def shown(panel: PathwayPanel) -> str:
    return "\n".join(link.text() for link in panel.verdict.links if not link.isHidden())


def highlighted(panel: PathwayPanel) -> set[str]:
    return {
        QUESTIONS[key].fact
        for key, question in panel.questions.items()
        if question.property("highlight")
    }


@pytest.mark.parametrize("case", ["G3", "G27"])
def test_golden_cases_entered_by_hand(panel: PathwayPanel, qtbot: QtBot, case: str) -> None:
    golden = GOLDEN[case].facts.recorded()
    for key, value in sorted(golden.items(), key=lambda item: bool(QUESTIONS[item[0]].detail_of)):
        enter(qtbot, panel.questions[key], value)
    assert panel.model.values == golden
    assert panel.words.text() == "Supported by the pathway as a secondary examination"
    text = shown(panel)
    # The numbers of the statements stand behind the sentences, not in them.
    told = {link.toolTip() for link in panel.verdict.links if not link.isHidden()}
    for statement in GOLDEN[case].statements | {"S26"}:
        assert f"Statement {statement}" in told
    assert not re.search(r"\b[SF][0-9]+[a-cx]?\b", text)
    assert "Any medical decision-making should rely on clinical judgment" in text
    assert panel.state.text().startswith(NOT_ASSESSED)


def test_not_recorded_looks_different_from_no(panel: PathwayPanel, qtbot: QtBot) -> None:
    question = panel.questions["history_of_cancer"]
    assert question.buttons[None].isChecked()
    assert not question.property("recorded")
    unknown = question.grab().toImage()
    enter(qtbot, question, False)
    assert question.buttons[False].isChecked()
    assert not question.buttons[None].isChecked()
    assert question.property("recorded")
    assert question.grab().toImage() != unknown
    qtbot.mouseClick(question.buttons[None], Qt.MouseButton.LeftButton)
    assert panel.model.values == {}
    assert not question.property("recorded")


def test_red_flags_stay_in_view(panel: PathwayPanel) -> None:
    for place in (0, panel.area.verticalScrollBar().maximum()):
        panel.area.verticalScrollBar().setValue(place)
        for key in RED_FLAG_KEYS:
            question = panel.questions[key]
            corner = question.mapTo(panel, QPoint(0, 0))
            assert question.isVisible()
            assert panel.rect().contains(corner)
            assert not question.visibleRegion().isEmpty()


@pytest.mark.parametrize("width", [320, 420, 1000])
def test_nothing_is_wider_than_its_place(panel: PathwayPanel, qtbot: QtBot, width: int) -> None:
    panel.model.suggest(
        [ProposedFact("F1", "cervical_pain", True, "The files name it. " * 9, "CT")]
    )
    panel.resize(width, 700)
    areas = panel.area, panel.verdict.area
    qtbot.waitUntil(lambda: all(a.widget().width() <= a.viewport().width() for a in areas))
    assert panel.width() == width
    beside = panel.splitter.orientation() == Qt.Orientation.Horizontal
    assert beside == (width == 1000)


def test_a_sentence_leads_to_its_facts(panel: PathwayPanel, qtbot: QtBot) -> None:
    for key, value in GOLDEN["G19"].facts.recorded().items():
        panel.model.answer(key, value)
    lines = panel.verdict.lines
    place = next(n for n, line in enumerate(lines) if line.statement == "S24" and line.basis)
    qtbot.mouseClick(panel.verdict.links[place], Qt.MouseButton.LeftButton)
    assert highlighted(panel) == {"F15", "F17", "F18", "F20"}
    marked = [link.text() for link in panel.verdict.links if link.property("highlight")]
    assert marked == [panel.verdict.links[place].text()]
    place = next(n for n, line in enumerate(lines) if line.statement == "S13")
    assert lines[place].missing
    panel.activateWindow()
    panel.verdict.links[place].setFocus()
    qtbot.keyClick(panel.verdict.links[place], Qt.Key.Key_Return)
    assert highlighted(panel) == {"F15"}
    assert panel.focusWidget() is panel.questions["mri"].choice
    assert not panel.questions["mri"].visibleRegion().isEmpty()


def test_a_fact_leads_to_its_statements(panel: PathwayPanel, qtbot: QtBot) -> None:
    title = panel.questions["facet_arthropathy_suspected"].title
    assert title.focusPolicy() == Qt.FocusPolicy.StrongFocus
    qtbot.keyClick(title, Qt.Key.Key_Space)
    first = panel.verdict.lines[: len(panel.model.statements_reading("F20").lines)]
    assert {line.statement for line in first} == {"S1", "S15", "S16", "S17", "S24"}
    assert highlighted(panel) == {"F20"}


def test_the_next_question_is_asked_for(panel: PathwayPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.next, Qt.MouseButton.LeftButton)
    assert highlighted(panel) == {"F1"}
    enter(qtbot, panel.questions["cervical_pain"], False)
    qtbot.mouseClick(panel.next, Qt.MouseButton.LeftButton)
    assert highlighted(panel) == {"F7a"}


def test_details_appear_with_their_fact(panel: PathwayPanel, qtbot: QtBot) -> None:
    assert panel.questions["mri_date"].isHidden()
    enter(qtbot, panel.questions["mri"], "inconclusive")
    assert not panel.questions["mri_date"].isHidden()
    enter(qtbot, panel.questions["mri_date"], "2024-13")
    assert panel.words.text().startswith("No answer")
    assert "2024-13 is not a date that exists" in shown(panel)
    panel.questions["mri_date"].entry.clear()
    enter(qtbot, panel.questions["mri_date"], "2024-03")
    assert panel.model.values["mri_date"] == "2024-03"
    assert panel.model.verdict is not None


def test_the_wheel_scrolls_and_answers_nothing(panel: PathwayPanel) -> None:
    choice = panel.questions["mri"].choice
    choice.setFocus()
    middle = QPointF(choice.rect().center())
    event = QWheelEvent(
        middle,
        choice.mapToGlobal(middle),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(choice, event)
    assert choice.currentIndex() == 0
    assert panel.model.values == {}


def test_recording_takes_what_was_typed_last(
    panel: PathwayPanel, qtbot: QtBot, kept: list[Any]
) -> None:
    enter(qtbot, panel.questions["cervical_pain"], True)
    qtbot.keyClicks(panel.questions["other_red_flag"].entry, "night sweats")
    qtbot.mouseClick(panel.record, Qt.MouseButton.LeftButton)
    assert panel.message.text() == ""
    assert kept[0].verdict.facts.other_red_flag == "night sweats"
    assert panel.state.text().startswith("Recorded by R. Eader")


def test_leaving_it_unanswered(panel: PathwayPanel, qtbot: QtBot, kept: list[Any]) -> None:
    assert panel.reason.isHidden()
    qtbot.mouseClick(panel.unanswered, Qt.MouseButton.LeftButton)
    qtbot.keyClick(panel.reason, Qt.Key.Key_Return)
    assert "reason" in panel.message.text()
    assert kept == []
    qtbot.keyClicks(panel.reason, "no history at hand")
    qtbot.keyClick(panel.reason, Qt.Key.Key_Return)
    assert kept[0].reason == "no history at hand"
    assert NOT_ASSESSED in panel.state.text()
    assert panel.reason.isHidden()


def test_files_and_their_refusal(panel: PathwayPanel, tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    path.write_text(facts_toml(GOLDEN["G10"].facts), encoding="utf-8")
    panel.load(path)
    assert panel.questions["surgery_date"].entry.text() == "2024-01-15"
    path.write_text("mystery = true\n", encoding="utf-8")
    panel.load(path)
    assert "line 1: unknown fact mystery" in panel.message.text()
    assert panel.model.facts == GOLDEN["G10"].facts
    panel.save(path)
    assert path.read_text(encoding="utf-8") == facts_toml(GOLDEN["G10"].facts)
    assert panel.message.text() == ""


def test_hostile_text_is_only_text(panel: PathwayPanel, qtbot: QtBot) -> None:
    panel.model.suggest(
        [
            ProposedFact("F1", "cervical_pain", True, HOSTILE, HOSTILE),
            ProposedFact("", "", None, HOSTILE, ""),
        ]
    )
    panel.model.answer("other_red_flag", HOSTILE)
    panel.model.show_recorded(Assessment.of(GOLDEN["G3"].facts, reader=HOSTILE))
    labels = [label for label in panel.findChildren(QLabel) if "<" in label.text()]
    assert len(labels) >= 4
    for label in labels:
        assert label.textFormat() == Qt.TextFormat.PlainText
        assert HOSTILE in label.text()
    for widget in panel.findChildren(QPushButton) + panel.findChildren(QLabel):
        assert "<" not in widget.toolTip()


def test_two_panels_show_one_set_of_answers(panel: PathwayPanel, qtbot: QtBot) -> None:
    other = PathwayPanel(panel.model)
    qtbot.addWidget(other)
    enter(qtbot, panel.questions["cervical_pain"], True)
    assert other.questions["cervical_pain"].buttons[True].isChecked()
    other.close()
    gone = []
    other.destroyed.connect(lambda: gone.append(True))
    other.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))
    enter(qtbot, panel.questions["cervical_pain"], False)
    assert panel.words.text() == "Outside this pathway"


def test_in_the_window_it_suggests_confirms_and_stores(
    window: ReviewWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    panel, model = window.pathway_panel, window.pathway
    assert review_json(window.review)["pathway"] == {"assessed": False, "text": NOT_ASSESSED}
    assert panel.state.text() == NOT_ASSESSED
    window.show_pathway()
    qtbot.waitUntil(
        lambda: any(p.key == "surgical_hardware" for p in model.proposals), timeout=20000
    )
    assert model.values == {}
    question = panel.questions["cervical_pain"]
    assert any("The files suggest yes" in label.text() for label in question.findChildren(QLabel))
    (confirm,) = question.findChildren(QPushButton)
    qtbot.mouseClick(confirm, Qt.MouseButton.LeftButton)
    assert model.values == {"cervical_pain": True}
    assert confirm.text() == "Confirmed"
    for key, value in GOLDEN["G3"].facts.recorded().items():
        if key != "cervical_pain":
            enter(qtbot, panel.questions[key], value)
    assert window.review.assessment is None
    assert window.begin_reading("R. Eader")
    qtbot.mouseClick(panel.record, Qt.MouseButton.LeftButton)
    held = window.reading.reading.pathway.change.assessment
    assert held.verdict.code == "SUPPORTED_SECONDARY"
    write_review(window.review, tmp_path)
    stored = json.loads((tmp_path / "review.json").read_text(encoding="utf-8"))["pathway"]
    assert stored["assessed"] is True
    assert stored["reader"] == "R. Eader"
    assert stored["verdict"] == "SUPPORTED_SECONDARY"
    assert stored["facts"] == GOLDEN["G3"].facts.recorded()
    again = window.review.with_registration(window.review.fused.registration)
    assert again.assessment is window.review.assessment


def test_the_widget_of_the_plugin_shares_the_answers_of_the_review(
    window: ReviewWindow, qtbot: QtBot
) -> None:
    widget = plugin.make_pathway_widget(window.viewer)
    qtbot.addWidget(widget)
    assert widget.model is window.pathway
