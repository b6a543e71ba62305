"""What the panel of the joints says about a simulated neck, and what its buttons do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QCheckBox, QLabel

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.facets.spine_statements import SpineStatements
from fusion.findings.joints import PROPOSALS_WITHHELD, VERTEBRAE_SEGMENTED
from fusion.uptake import StructureKind
from fusion.uptake.measures import number_text
from fusion.uptake.settings import ProposalSettings, ReferenceChoice, ReferenceKind
from tests.viewer.simulated_neck import Neck, located, measured
from viewer.facets.lists import EvidenceList, HotSpotList
from viewer.facets.panel import FacetsPanel
from viewer.reading.model import ReadingModel
from viewer.targets.hot_list import HotList

LEFT_C5 = Joint("C5-C6", Side.LEFT)

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("qapp")]


@pytest.fixture(scope="module")
def shown(
    simulated: Neck, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FacetsPanel, ReadingModel]]:
    """One panel on the neck, as wide as it is in the window."""
    journal = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    reading = ReadingModel(simulated.linked, simulated.model, journal=journal)
    reading.begin("R. Eader")
    panel = FacetsPanel(simulated.model, reading, simulated.linked)
    panel.resize(400, 780)
    panel.show()
    yield panel, reading
    panel.hide()
    reading.close()
    simulated.linked.handles.clear()


@pytest.fixture
def panel(shown: tuple[FacetsPanel, ReadingModel], simulated: Neck, qtbot: QtBot) -> FacetsPanel:
    """The panel when everything is found and measured, and nothing was said."""
    panel, reading = shown
    model = simulated.model
    while reading.can_undo:
        reading.undo()
    model.apply(SpineStatements())
    model.reference, model.settings = ReferenceChoice(), ProposalSettings()
    measured(model, qtbot)
    panel.reference.reset.click()
    measured(model, qtbot)
    return panel


def words(panel: FacetsPanel) -> str:
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def test_every_joint_has_a_row_with_its_uptake(panel: FacetsPanel, simulated: Neck) -> None:
    assessment = simulated.model.assessment
    unit = assessment.uptakes[0].unit
    assert panel.table.horizontalHeaderItem(2).text() == f"Max\n{unit}"
    for joint in JOINTS:
        facet = simulated.model.localisation.facet(joint.level, joint.side)
        uptake = assessment.uptake_of(joint)
        name, error, maximum, ratio, other, state = panel.table.texts(joint)
        assert name == joint.name
        if facet.center_lps is None:
            assert state == "outside field"
            continue
        assert float(error) == facet.localisation_mm
        assert maximum == number_text(uptake.maximum)
        assert float(ratio) == pytest.approx(uptake.values["ratio_to_reference"], abs=0.0051)
        assert float(other) == pytest.approx(uptake.values["ratio_to_other_side"], abs=0.0051)
        assert "sure" in state
        if uptake.spill_share >= 0.1:
            assert f"{uptake.spill_share:.0%} spill" in state
        assert ("not separable" in state) == bool(uptake.merged_with)


def test_rows_are_made_anew_where_they_say_something_else(
    panel: FacetsPanel, simulated: Neck, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every decision of a reader comes by here; a row that is made anew loses a press on it."""
    model, lists = simulated.model, (panel.evidence, panel.proposals)
    rows = [one.widget() for one in lists]
    cell = panel.table.item(0, 0)
    cell.setText("as it was")
    panel._refresh()
    assert [one.widget() for one in lists] == rows
    assert cell.text() == "as it was"
    monkeypatch.setattr(model, "assessment", replace(model.assessment))
    monkeypatch.setattr(model, "said", SpineStatements(clicks={"C5": (0.0, 0.0, 0.0)}))
    panel._refresh()
    assert all(one.widget() is not row for one, row in zip(lists, rows, strict=True))
    assert cell.text() == JOINTS[0].name


def test_each_thing_that_a_list_says_makes_it_anew(
    panel: FacetsPanel, simulated: Neck, qtbot: QtBot
) -> None:
    """Alone, whatever else changes with it in the program."""
    model, evidence, hot, beside = simulated.model, EvidenceList(), HotSpotList(), HotList()
    for one in (evidence, hot, beside):
        qtbot.addWidget(one)
    found, measured_now = model.localisation, model.assessment
    assert found is not None
    assert measured_now is not None
    evidence.show_evidence(found, SpineStatements(), state="")
    lines = evidence.lines
    fewer = replace(found, evidence=found.evidence[:1])
    evidence.show_evidence(fewer, SpineStatements(), state="")
    assert len(evidence.lines) < len(lines)
    evidence.show_evidence(None, SpineStatements(), state="Looking for the joints …")
    assert "Looking" in evidence.findChild(QLabel).text()
    evidence.show_evidence(None, SpineStatements(), state="Nothing was found.")
    assert "Nothing was found." in [label.text() for label in evidence.findChildren(QLabel)]

    elsewhere = replace(
        measured_now,
        proposals=tuple(
            replace(one, place=StructureKind.OUTSIDE.value) for one in measured_now.proposals
        ),
    )
    hot.show_proposals(measured_now, state="")
    assert hot.in_spine == len(hot.links) > 0
    hot.show_proposals(elsewhere, state="")
    assert (hot.in_spine, hot.links) == (0, [])
    [more] = hot.findChildren(QCheckBox)
    assert more.text() == f"Show {len(elsewhere.proposals)} hot spots outside the spine"
    more.click()
    assert len(hot.links) == len(elsewhere.proposals)
    hot.show_proposals(None, state="Measuring …")
    hot.show_proposals(None, state="Not measured.")
    assert "Not measured." in [label.text() for label in hot.findChildren(QLabel)]

    beside.show_proposals(None, state="Measuring …")
    beside.show_proposals(None, state="Not measured.")
    assert beside.item(0).text() == "Not measured."
    nowhere = tuple(replace(one, joint=None, candidates=()) for one in measured_now.proposals)
    beside.show_proposals(replace(measured_now, proposals=()), state="")
    beside.show_proposals(replace(measured_now, proposals=nowhere), state="")
    assert beside.shown == nowhere
    assert beside.count() == len(nowhere)


def test_the_chosen_joint_is_told_in_full(panel: FacetsPanel, simulated: Neck) -> None:
    simulated.model.selected = LEFT_C5
    uptake = simulated.model.assessment.uptake_of(LEFT_C5)
    said = panel.details.text()
    for part in (
        "Left C5-C6: found",
        "level sure",
        "automatic from CT",
        f"maximum {number_text(uptake.maximum)} {uptake.unit}",
        f"peak {number_text(uptake.values['peak'])} {uptake.unit}",
        f"{uptake.values['ratio_to_reference']:.2f} × reference",
        f"{uptake.values['ratio_to_other_side']:.2f} × other side",
        "Reference: non-active cervical bone",
        "Alignment error here",
    ):
        assert part in said, part


def test_the_evidence_is_listed_with_what_became_of_it(panel: FacetsPanel, simulated: Neck) -> None:
    evidence = simulated.model.localisation.evidence
    assert len(panel.evidence.lines) >= len(evidence)
    for piece in evidence:
        line = next(line for line in panel.evidence.lines if f": {piece.source} (" in line)
        word = {True: "✓ agrees", False: "✗ DISAGREES", None: "– does not decide"}[piece.agrees]
        assert line.startswith(word)
        assert piece.saw in line


def test_a_segmentation_that_the_study_holds_is_offered_with_the_levels(
    panel: FacetsPanel, simulated: Neck, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = VERTEBRAE_SEGMENTED(first="C2", last="T1", series="Bones", file="seg.dcm")
    review = simulated.linked.review
    held = replace(review, opening_findings=(*review.opening_findings, offered))
    with monkeypatch.context() as patched:
        patched.setattr(simulated.linked, "_review", held)
        simulated.model.events.localisation()
        assert offered.message in panel.evidence.lines
    simulated.model.events.localisation()
    assert offered.message not in panel.evidence.lines


def test_a_proposal_says_why_and_moves_the_crosshair(panel: FacetsPanel, simulated: Neck) -> None:
    model, listed = simulated.model, panel.proposals.proposals
    assert listed
    assert len(listed) == panel.proposals.in_spine
    for link, proposal in zip(panel.proposals.links, listed, strict=True):
        assert proposal.reason in link.text()
        assert f"Grade {proposal.grade}" in link.text()
        assert "Alignment ±" in link.text()
    named = next(n for n, proposal in enumerate(listed) if proposal.joint is not None)
    panel.proposals.links[named].chosen.emit()
    assert model.selected == listed[named].joint
    half = simulated.linked.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-6
    assert (np.abs(simulated.linked.point_lps - listed[named].point_lps) <= half).all()
    assert "not validated" in words(panel)


def test_the_reference_and_the_thresholds_are_settings(
    panel: FacetsPanel, simulated: Neck, qtbot: QtBot
) -> None:
    model, page = simulated.model, panel.reference
    simulated.linked.point_lps = simulated.center(LEFT_C5)
    page.kind.setCurrentIndex(page.kind.findData(ReferenceKind.REGION))
    page.kind.activated.emit(page.kind.currentIndex())
    assert model.reference.center_lps == pytest.approx(tuple(simulated.linked.point_lps))
    assert panel.table.texts(LEFT_C5)[2] == "–"
    measured(model, qtbot)
    assert model.assessment.reference.kind is ReferenceKind.REGION
    assert model.assessment.reference.words in page.words.text()
    page.ratios[0].setValue(30.0)
    qtbot.waitUntil(lambda: "have to rise" in page.message.text())
    assert model.settings.grade_ratios[0] != 30.0


def test_a_joint_is_put_at_the_crosshair_and_back(
    panel: FacetsPanel, simulated: Neck, shown: tuple[FacetsPanel, ReadingModel]
) -> None:
    before, reading = simulated.center(LEFT_C5), shown[1]
    simulated.model.selected = LEFT_C5
    simulated.linked.point_lps = before + np.array([2.0, 1.0, -1.5])
    place = simulated.linked.point_lps
    panel.put.click()
    np.testing.assert_array_equal(simulated.center(LEFT_C5), place)
    assert reading.reading.said.moved == {LEFT_C5: tuple(place)}
    assert panel.details.text().splitlines()[1].startswith("dragged by the reader")
    panel.back.click()
    np.testing.assert_array_equal(simulated.center(LEFT_C5), before)
    assert not reading.reading.said.moved


def test_a_click_far_from_the_spine_is_refused_in_words(
    panel: FacetsPanel, simulated: Neck, shown: tuple[FacetsPanel, ReadingModel]
) -> None:
    events = len(shown[1].reading.events)
    far = np.array(simulated.body("C4-C5", "C5-C6")) + np.array([75.0, 0, 0])
    assert not panel.marks.name("C5", far)
    assert "from the spinal canal" in words(panel)
    assert len(shown[1].reading.events) == events


def test_a_named_vertebra_stands_in_the_heading_with_what_speaks_against(
    panel: FacetsPanel, simulated: Neck, qtbot: QtBot
) -> None:
    # A place of its own: what was numbered once is remembered.
    beside = np.array(simulated.body("C4-C5", "C5-C6")) + np.array([0.7, 0.0, 0.0])
    assert panel.marks.name("C6", beside)
    assert panel.numbering.text() == "Numbering again …"
    assert set(panel.table.texts(LEFT_C5)[1:5]) == {"–"}
    located(simulated.model, qtbot)
    assert panel.numbering.text() == "Levels PROVISIONAL – not certain; C6 named by the reader"
    assert "Against it" in panel.reason.text()
    assert panel.table.texts(LEFT_C5)[-1].startswith("confirmed")


def test_without_a_reader_nothing_is_saved(simulated: Neck, tmp_path: Path, qtbot: QtBot) -> None:
    reading = ReadingModel(simulated.linked, simulated.model, journal=tmp_path / "other.sqlite")
    panel = FacetsPanel(simulated.model, reading, simulated.linked, need_reader=lambda: False)
    qtbot.addWidget(panel)
    assert not panel.marks.put(LEFT_C5, simulated.center(LEFT_C5))
    assert "nobody is named" in panel.message.text()
    reading.close()
    simulated.linked.handles.pop()


def test_hot_spots_of_another_tracer_are_shown_when_the_reader_asks(
    panel: FacetsPanel, simulated: Neck, qtbot: QtBot
) -> None:
    model, proposals = simulated.model, panel.proposals
    assert model.assessment is not None
    assert proposals.all_the_same is None
    withheld = replace(
        model.assessment,
        proposals=(),
        findings=(*model.assessment.findings, PROPOSALS_WITHHELD()),
    )
    proposals.show_proposals(withheld, state="")
    said = "\n".join(label.text() for label in proposals.findChildren(QLabel))
    assert "Nothing is proposed. The tracer is not known to show bone" in said
    assert "No hot spot in the spine." not in said
    assert proposals.all_the_same is not None
    assert not proposals.all_the_same.isChecked()
    proposals.all_the_same.click()
    assert model.settings.any_tracer
    measured(model, qtbot)
    assert proposals.all_the_same is not None
    assert proposals.all_the_same.isChecked()
    proposals.all_the_same.click()
    assert not model.settings.any_tracer
    measured(model, qtbot)
