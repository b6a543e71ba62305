"""Rings at the joints in the real window: where they are, and what the mouse does to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication
from scipy import ndimage

import fusion
from fusion.anatomy.joints import LEVELS, Joint, Side
from fusion.annotations.target import Decision, Origin
from fusion.facets.automatic.locate import no_canal
from fusion.facets.localisation import Numbering, Witness
from fusion.facets.spine_statements import Anomaly, ProposedAnomaly, SpineStatements
from tests.viewer import marked_study
from tests.viewer.known_neck import TRUE, KnownFacets, vertebra_lps
from tests.viewer.marked_study import BALLS, FFS, HFS, MIDDLE_LPS, ct_lattice, spect_lattice
from tests.viewer.on_screen import bright_spots_mm, move_mouse, press_key, screen_point, texts
from viewer import window as window_module
from viewer.facets.marks import BALL_MM, DOUBTFUL_COLOR, PROVISIONAL, SURE_COLOR, Marks
from viewer.window import ReviewWindow

LEFT_C5 = Joint("C5-C6", Side.LEFT)
RIGHT_C5 = Joint("C5-C6", Side.RIGHT)
#: From the centre of a joint to the bottom or side of its ring in each pane, LPS mm.
ON_RING = (np.array([0, BALL_MM, 0]), np.array([0, 0, BALL_MM]), np.array([0, 0, BALL_MM]))

pytestmark = pytest.mark.window


@pytest.fixture(scope="module")
def known_joints() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_module, "FacetsModel", KnownFacets)
        yield


@pytest.fixture(scope="module")
def shared_window(known_joints: None, shared_window: ReviewWindow) -> ReviewWindow:
    """The shared window, on a neck of which the joints are known."""
    return shared_window


@pytest.fixture
def seen(window: ReviewWindow) -> ReviewWindow:
    """A reader has begun and has said nothing yet."""
    window.facets.start()
    window.reading.begin("R. Eader")
    while window.reading.can_undo:
        window.reading.undo()
    window.facets.locate()
    window.facets.selected = None
    window.facets_panel.marks.name_next("")
    window.linked.point_lps = TRUE[LEFT_C5]
    for pane in window.linked:
        pane.look_at(tuple(float(MIDDLE_LPS[::-1][axis]) for axis in pane.plane.order[1:]))
    return window


def test_a_picture_that_is_enlarged_has_its_own_names_placed_anew_and_no_others(
    seen: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[object] = []
    make = Marks.marks
    monkeypatch.setattr(Marks, "marks", lambda self, pane: placed.append(pane) or make(self, pane))
    pane = seen.linked.panes[1]
    pane.zoom(1.5)
    assert set(placed) == {pane}
    placed.clear()
    seen.linked.point_lps = TRUE[RIGHT_C5]
    assert set(placed) == set(seen.linked)


def on_one_line(text: str) -> str:
    """A name that has no room on one line stands on more."""
    return " ".join(text.split())


def ring_mm(window: ReviewWindow, index: int, color: tuple[float, ...]) -> list[np.ndarray]:
    """Centres of the rings of a colour in the picture of a pane, mm right and down of its middle.

    Words have the same colour; a letter is less than half as high as a ring.
    """
    pane = window.linked.panes[index]
    picture = window.canvases[index].picture()[..., :3].astype(float)
    per_mm = pane.model.scene.camera.zoom * picture.shape[1] / pane.model.canvas.size[1]
    # Lines are thinned out by smoothing: their hue is what stays.
    wanted = np.array(color[:3]) * 255
    like = np.abs(picture - wanted).max(axis=-1) < 60
    labels, _ = ndimage.label(like, structure=np.ones((3, 3)))
    rings = []
    for rows, columns in ndimage.find_objects(labels):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if min(height, width) > 1.2 * BALL_MM * per_mm:
            middle = np.array([columns.start + width / 2, rows.start + height / 2])
            rings.append((middle - np.array(picture.shape[1::-1]) / 2) / per_mm)
    return rings


def drag(qtbot: QtBot, window: ReviewWindow, index: int, start: QPoint, by: QPoint) -> None:
    widget = window.canvases[index]
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.5, 1.0):
        move_mouse(qtbot, widget, start + by * share)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start + by)
    QApplication.processEvents()  # it is saved when the mouse is done


def center(window: ReviewWindow, joint: Joint) -> np.ndarray:
    return window.facets.localisation.facet(joint.level, joint.side).center_lps


def places(window: ReviewWindow) -> dict[Joint, np.ndarray]:
    return {f.joint: f.center_lps for f in window.facets.localisation.facets}


@pytest.mark.parametrize(
    ("orientation", "position"),
    [pytest.param(HFS, "HFS", marks=pytest.mark.thorough), (FFS, "FFS")],
    ids=["HFS", "FFS"],
)
def test_the_ring_is_where_the_joint_belongs(
    orientation: tuple[float, ...],
    position: str,
    tmp_path: Path,
    open_window: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Measured on the screen against the ball of the file, never against the camera."""
    monkeypatch.setattr(window_module, "FacetsModel", KnownFacets)
    folder = marked_study.write_study(
        tmp_path,
        ct=ct_lattice(orientation),
        spect=spect_lattice(orientation),
        patient_position=position,
    )
    window = open_window(fusion.open_study(folder))
    linked = window.linked
    linked.blend, linked.crosshair_visible = 0.0, False
    linked.point_lps = MIDDLE_LPS
    for pane in linked:
        pane.zoom(1.5)
        pane.look_at(tuple(float(MIDDLE_LPS[::-1][axis]) for axis in pane.plane.order[1:]))
    # The ball on the patient's left (behind, for the sagittal pane) in the picture.
    balls = ("left", "left", "posterior")
    steps = [max(bright_spots_mm(p, c)) for p, c in zip(linked, window.canvases, strict=True)]
    window.facets.start()
    linked.point_lps = TRUE[LEFT_C5]
    for index, (ball, seen_ball) in enumerate(zip(balls, steps, strict=True)):
        # Alone in the window: in a small pane names lie on rings, and both are of one colour.
        window.pictures.enlarge(window.canvases[index])
        QApplication.processEvents()
        away = np.array(TRUE[LEFT_C5]) - MIDDLE_LPS - BALLS[ball]
        right, down = ((0, 1), (0, -2), (1, -2))[index]
        expected = [
            seen_ball[0] + away[abs(right)],
            seen_ball[1] + (away[abs(down)] if down > 0 else -away[abs(down)]),
        ]
        found = ring_mm(window, index, SURE_COLOR)
        nearest = min(np.linalg.norm(ring - expected) for ring in found)
        assert nearest < 1.5, f"{linked.panes[index].plane.name}: {expected} mm, {found}"
        labels = {mark.text for mark in linked.panes[index].model.scene.overlays["joints"].marks}
        assert "Left C5-C6" in labels
        # The same place on the other side holds no ring called left.
        assert "Right C5-C6" in labels or index == 2
        window.pictures.enlarge(window.canvases[index])


@pytest.mark.parametrize("index", [0, 1, 2], ids=["axial", "coronal", "sagittal"])
def test_dragging_a_ring_moves_that_joint_alone_and_undo_brings_it_back(
    seen: ReviewWindow, qtbot: QtBot, index: int
) -> None:
    before = places(seen)
    start = screen_point(seen, index, before[LEFT_C5] + ON_RING[index])
    drag(qtbot, seen, index, start, QPoint(4, 5))
    pane = seen.linked.panes[index]
    _, vertical, horizontal = pane.plane.order
    zoom = pane.model.scene.camera.zoom
    expected = before[LEFT_C5].copy()
    expected[2 - horizontal] += 4 / zoom
    expected[2 - vertical] += 5 / zoom * (1 if index == 0 else -1)
    qtbot.waitUntil(lambda: bool(seen.reading.reading.said.moved))
    after = places(seen)
    np.testing.assert_allclose(after[LEFT_C5], expected, atol=0.01)
    assert list(seen.reading.reading.said.moved) == [LEFT_C5]
    np.testing.assert_allclose(seen.reading.reading.said.moved[LEFT_C5], expected, atol=0.01)
    for joint, point in before.items():
        if joint != LEFT_C5:
            np.testing.assert_array_equal(after[joint], point)
    assert "moved" in seen.facets_panel.table.texts(LEFT_C5)[-1]
    named = [on_one_line(m.text) for m in seen.facets_panel.marks.marks(pane)]
    assert "Left C5-C6 (moved)" in named
    assert seen.facets_panel.back.isEnabled()
    seen.reading.undo()
    np.testing.assert_array_equal(center(seen, LEFT_C5), before[LEFT_C5])
    assert "moved" not in seen.facets_panel.table.texts(LEFT_C5)[-1]


@pytest.mark.parametrize("by_mm", [-30.0, -60.0])
def test_a_joint_dragged_across_the_midline_is_refused_in_words(
    seen: ReviewWindow, qtbot: QtBot, by_mm: float
) -> None:
    before, events = places(seen), len(seen.reading.reading.events)
    zoom = seen.linked.panes[0].model.scene.camera.zoom
    start = screen_point(seen, 0, before[LEFT_C5] + ON_RING[0])
    drag(qtbot, seen, 0, start, QPoint(round(by_mm * zoom), 0))
    marks = seen.facets_panel.marks
    qtbot.waitUntil(lambda: bool(marks.notice))
    assert "Left C5-C6 cannot be put there" in marks.notice
    assert len(seen.reading.reading.events) == events
    np.testing.assert_array_equal(center(seen, LEFT_C5), before[LEFT_C5])
    assert seen.facets_panel.message.text() == marks.notice
    shown = seen.linked.panes[0].model.canvas.overlays["notice"]
    assert shown.visible
    assert shown.text.split() == marks.notice.split()


def test_a_joint_dragged_past_its_neighbour_is_refused(seen: ReviewWindow, qtbot: QtBot) -> None:
    before = places(seen)
    zoom = seen.linked.panes[1].model.scene.camera.zoom
    start = screen_point(seen, 1, before[LEFT_C5] + ON_RING[1])
    drag(qtbot, seen, 1, start, QPoint(0, round(-18 * zoom)))
    qtbot.waitUntil(lambda: bool(seen.facets_panel.marks.notice))
    assert not seen.reading.reading.said.moved
    np.testing.assert_array_equal(center(seen, LEFT_C5), before[LEFT_C5])


def test_escape_lets_the_joint_go_where_it_was(seen: ReviewWindow, qtbot: QtBot) -> None:
    before, events = center(seen, LEFT_C5), len(seen.reading.reading.events)
    widget = seen.canvases[0]
    start = screen_point(seen, 0, before + ON_RING[0])
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    move_mouse(qtbot, widget, start + QPoint(6, 6))
    assert seen.facets_panel.marks.dragging == LEFT_C5
    press_key(qtbot, seen, Qt.Key.Key_Escape)
    assert seen.facets_panel.marks.dragging is None
    move_mouse(qtbot, widget, start + QPoint(9, 9))
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start + QPoint(9, 9))
    QApplication.processEvents()
    assert len(seen.reading.reading.events) == events
    np.testing.assert_array_equal(center(seen, LEFT_C5), before)


def test_the_crosshair_still_follows_the_mouse_beside_the_rings(
    seen: ReviewWindow, qtbot: QtBot
) -> None:
    events = len(seen.reading.reading.events)
    seen.linked.panes[0].zoom(3)
    for away in (np.zeros(3), np.array([0.0, 20.0, 0.0])):  # in the hole of a ring, and beside it
        seen.linked.point_lps = TRUE[LEFT_C5]
        seen.linked.panes[0].look_at((TRUE[LEFT_C5][1], TRUE[LEFT_C5][0]))
        start = screen_point(seen, 0, TRUE[LEFT_C5] + away)
        drag(qtbot, seen, 0, start, QPoint(-30, 0))
        zoom = seen.linked.panes[0].model.scene.camera.zoom
        went = seen.linked.point_lps[0] - TRUE[LEFT_C5][0]
        assert went == pytest.approx(-30 / zoom, abs=1.5)
    assert len(seen.reading.reading.events) == events
    seen.linked.panes[0].fit()


def test_a_click_on_a_ring_selects_its_joint(seen: ReviewWindow, qtbot: QtBot) -> None:
    widget = seen.canvases[1]
    place = screen_point(seen, 1, np.array(TRUE[RIGHT_C5]) + ON_RING[1])
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)
    assert seen.facets.selected == RIGHT_C5
    assert seen.facets_panel.details.text().startswith("Right C5-C6")
    half = seen.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-6
    assert (np.abs(seen.linked.point_lps - TRUE[RIGHT_C5]) <= half).all()
    double = [m for m in seen.facets_panel.marks.marks(seen.linked.panes[1]) if m.double]
    assert [on_one_line(m.text) for m in double] == ["Right C5-C6"]


def test_choosing_a_row_moves_the_crosshair(seen: ReviewWindow) -> None:
    table = seen.facets_panel.table
    table.setCurrentCell(LEVELS.index("C3-C4") * 2 + 1, 0)
    assert seen.facets.selected == Joint("C3-C4", Side.RIGHT)
    wanted = TRUE[Joint("C3-C4", Side.RIGHT)]
    half = seen.review.fused.display_grid.spacing_mm[::-1] / 2 + 1e-6
    assert (np.abs(seen.linked.point_lps - wanted) <= half).all()


def test_a_click_on_a_wrongly_named_vertebra_renames_every_level(
    seen: ReviewWindow, qtbot: QtBot
) -> None:
    """The reader says that what stands here as C5 is C6."""
    before, panel = places(seen), seen.facets_panel
    action = next(action for action in panel.menu.actions() if action.text() == "C6")
    action.trigger()
    assert panel.stop.isVisibleTo(panel)
    for pane in seen.linked:
        shown = pane.model.canvas.overlays["notice"].text
        assert "Click into the body of C6" in " ".join(shown.split())
    seen.linked.point_lps = vertebra_lps("C5")
    widget = seen.canvases[2]
    place = screen_point(seen, 2, np.array(vertebra_lps("C5")))
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: bool(seen.reading.reading.said.clicks))
    zoom = seen.linked.panes[2].model.scene.camera.zoom
    clicked = seen.reading.reading.said.clicks["C6"]
    np.testing.assert_allclose(clicked, vertebra_lps("C5"), atol=0.6 / zoom + 1.3)
    for upper, lower in pairwise(LEVELS):
        for side in Side:
            renamed, original = center(seen, Joint(lower, side)), before[Joint(upper, side)]
            np.testing.assert_array_equal(renamed, original)
    assert "C6 named by the reader" in panel.numbering.text()
    assert panel.table.texts(LEFT_C5)[-1] == "confirmed"
    seen.reading.undo()
    for joint, point in before.items():
        np.testing.assert_array_equal(center(seen, joint), point)


def test_a_name_is_taken_back_with_its_button(seen: ReviewWindow) -> None:
    panel = seen.facets_panel
    assert panel.marks.name("C6", np.array(vertebra_lps("C5")))
    panel.evidence.buttons["C6"].click()
    assert not seen.reading.reading.said.clicks
    assert seen.facets.localisation.numbering is Numbering.SURE


def test_an_anomaly_is_recorded_and_taken_back(seen: ReviewWindow) -> None:
    panel = seen.facets_panel
    dialog = panel.ask_anomaly()
    ok = dialog.buttons.buttons()[0]
    dialog.kind.setCurrentIndex(dialog.kind.findData("fused"))
    assert not ok.isEnabled()
    dialog.level.setCurrentText("C4-C5")
    assert ok.isEnabled()
    ok.click()
    recorded = seen.reading.reading.said.anomalies
    assert [(a.kind, a.level) for a in recorded] == [("fused", "C4-C5")]
    panel.evidence.buttons["fused C4-C5"].click()
    assert not seen.reading.reading.said.anomalies


def test_a_proposed_anomaly_is_taken_or_dismissed(seen: ReviewWindow) -> None:
    """The program proposes, the reader decides, and the journal knows who said what."""
    panel, facets = seen.facets_panel, seen.facets
    rib = ProposedAnomaly(Anomaly("cervical rib"), "the ribs begin one level too high")
    found = replace(facets.localisation, proposed=(rib,))

    def shown() -> str:
        panel.evidence.show_evidence(found, seen.reading.reading.said, state="")
        return "\n".join(panel.evidence.lines)

    assert "Proposed by the program, not set: cervical rib: the ribs begin" in shown()
    panel.evidence.buttons["Dismiss cervical rib"].click()
    assert seen.reading.reading.said.dismissed == (rib.anomaly,)
    assert not seen.reading.reading.said.anomalies
    assert "proposed by the program and dismissed" in seen.reading.reading.events[-1].words
    assert "Proposed by the program and dismissed: cervical rib" in shown()
    assert "Record cervical rib" not in panel.evidence.buttons
    seen.reading.undo()
    shown()
    panel.evidence.buttons["Record cervical rib"].click()
    assert seen.reading.reading.said.anomalies == (rib.anomaly,)
    assert "not set" not in shown()


def test_a_provisional_numbering_is_said_in_the_panel_and_in_every_pane(
    seen: ReviewWindow,
) -> None:
    facets, found = seen.facets, seen.facets.localisation
    against = Witness("first ribs", "ribs start one level higher", "C7-T1", "C6-C7", 2.5, False)
    doubtful = replace(
        found,
        numbering=Numbering.PROVISIONAL,
        evidence=(against,),
        facets=tuple(replace(f, numbering=Numbering.PROVISIONAL) for f in found.facets),
    )
    facets.show_located(doubtful)
    seen.pages.setCurrentWidget(seen.facets_panel)
    said = "\n".join(texts(seen))
    assert "Levels PROVISIONAL" in said
    assert "Against it: first ribs" in said
    panel = seen.facets_panel
    assert any("DISAGREES: first ribs" in line for line in panel.evidence.lines)
    assert panel.table.texts(LEFT_C5)[-1] == "provisional"
    seen.linked.blend = 0.0
    for index, (pane, canvas) in enumerate(zip(seen.linked, seen.canvases, strict=True)):
        overlay = pane.model.canvas.overlays["numbering"]
        assert overlay.visible
        assert overlay.text == PROVISIONAL
        marks = [m for m in panel.marks.marks(pane) if m.text]
        assert marks
        assert all(m.dashed and on_one_line(m.text).endswith(" ?") for m in marks)
        picture = canvas.picture()[..., :3] / 255
        orange = np.abs(picture - DOUBTFUL_COLOR[:3]).max(axis=-1) < 0.1
        assert orange.sum() > 40, index
        assert not ring_mm(seen, index, SURE_COLOR)
    # Without rings it is said all the same.
    panel.marks.shown = False
    assert not seen.linked.panes[0].model.scene.overlays["joints"].marks
    assert seen.linked.panes[0].model.canvas.overlays["numbering"].visible
    panel.marks.shown = True
    seen.pages.setCurrentIndex(0)


def test_the_panel_says_why_there_are_no_joints(seen: ReviewWindow) -> None:
    facets = seen.facets
    facets.show_located(no_canal())
    panel = seen.facets_panel
    assert panel.numbering.text() == "No joints found"
    assert "No spinal canal was found" in panel.reason.text()
    assert "No spinal canal was found" in facets.refusal
    assert facets.spine is None
    assert panel.table.texts(LEFT_C5)[1:] == ("–", "–", "–", "–", "not found")
    # Such a joint can be marked by hand all the same.
    facets.selected = LEFT_C5
    assert panel.put.text() == "Mark here"
    seen.linked.point_lps = TRUE[LEFT_C5]
    panel.put.click()
    assert list(seen.reading.reading.said.moved) == [LEFT_C5]
    np.testing.assert_array_equal(center(seen, LEFT_C5), seen.linked.point_lps)
    assert "marked" in panel.table.texts(LEFT_C5)[-1]


def test_decisions_are_drawn_by_shape_and_word(seen: ReviewWindow) -> None:
    pane = seen.linked.panes[0]
    for joint, decision in ((LEFT_C5, Decision.POSITIVE), (RIGHT_C5, Decision.NEGATIVE)):
        seen.reading.decide(joint, decision, origin=Origin.JOINT_CLICKED)
    marks = seen.facets_panel.marks.marks(pane)
    assert {m.fill for m in marks} == {"", "full", "cross"}
    filled = {m.fill: m.center for m in marks if m.fill}
    assert filled["full"] == pytest.approx(TRUE[LEFT_C5][1::-1])
    assert filled["cross"] == pytest.approx(TRUE[RIGHT_C5][1::-1])
    # The name stands next to the ring on both sides.
    assert {on_one_line(m.text) for m in marks if m.text} == {
        "Left C5-C6 positive",
        "Right C5-C6 negative",
    }


def test_a_target_under_an_old_name_is_drawn_as_disputed(seen: ReviewWindow) -> None:
    seen.reading.decide(LEFT_C5, Decision.POSITIVE, origin=Origin.JOINT_CLICKED)
    assert seen.facets_panel.marks.name("C6", np.array(vertebra_lps("C5")))
    marks = seen.facets_panel.marks.marks(seen.linked.panes[0])
    assert {on_one_line(m.text) for m in marks if m.text} == {
        "Left C6-C7",
        "Right C6-C7",
        "Left C5-C6 DISPUTED positive",
    }


def test_joints_that_make_no_spine_are_drawn_as_doubtful(seen: ReviewWindow) -> None:
    facets, marks = seen.facets, seen.facets_panel.marks
    facets.apply(SpineStatements(moved={LEFT_C5: TRUE[RIGHT_C5]}))
    assert facets.spine is None
    assert all(m.dashed for m in marks.marks(seen.linked.panes[0]) if m.text)
    assert "CONTRADICT" in seen.linked.panes[2].model.canvas.overlays["numbering"].text
    assert facets.refusal in seen.facets_panel.reason.text()
    facets.apply(SpineStatements())
    assert not seen.linked.panes[2].model.canvas.overlays["numbering"].visible


def test_names_stand_at_the_margin_and_never_on_each_other(seen: ReviewWindow) -> None:
    """Seen from afar rings have no name rather than one at the height of another joint."""
    pane = seen.linked.panes[1]
    seen.facets.selected = LEFT_C5
    large = seen.linked.panes[0].model.scene.overlays["joints"].marks
    assert "Left C5-C6" in {on_one_line(mark.text) for mark in large}
    for factor in (1.0, 0.2):
        pane.zoom(factor)
        marks = pane.model.scene.overlays["joints"].marks
        camera, (height, width) = pane.model.scene.camera, pane.model.canvas.size
        assert sum(bool(mark.text) for mark in marks) >= 3
        middles = {}
        for mark in marks:
            if mark.text:
                right = (mark.center[1] + mark.text_shift_mm - camera.center[-1]) * camera.zoom
                # The coronal camera looks with the head up.
                down = (camera.center[-2] - mark.center[0] - mark.text_drop_mm) * camera.zoom
                long = len(mark.text) * 10.0 * pane.text_scale
                middle = width / 2 + right + (-long if mark.text_ends else long) / 2
                middles[mark.text] = middle, height / 2 + down
                assert mark.leader
        for text, (x, y) in middles.items():
            assert abs(y - height / 2) > 20 or 40 < x < width - 40, text  # not on a letter
            same = [
                v
                for other, (u, v) in middles.items()
                if other != text and abs(u - x) < 100 * pane.text_scale
            ]
            assert min((abs(y - v) for v in same), default=99) >= 18 * pane.text_scale
