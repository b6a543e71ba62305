"""Flat pictures: the patient lies in them as their letters say, and a click goes there."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QImage, QPainter

import fusion
from fusion.anatomy import Joint, Side
from tests.annotations.necks import centers
from tests.viewer.known_neck import numbered
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from viewer.pictures.flat import canvas as canvas_module
from viewer.pictures.flat.canvas import FlatCanvas
from viewer.pictures.flat.shown import OUTSIDE, Named, blended, colored, grey
from viewer.pictures.flat.sources import (
    CArmSource,
    Content,
    JointSource,
    PlaneSource,
    ProjectionSource,
)
from viewer.pictures.flat.study import FlatStudy
from viewer.pictures.panes import LinkedPanes
from viewer.pictures.placement import Box
from viewer.pictures.planes import AXIAL, CORONAL, PLANES, SAGITTAL

LEFT_C5 = Joint("C5-C6", Side.LEFT)


def texts_drawn(canvas: FlatCanvas, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Box, str]]:
    """Draw a picture; return every text on a ground of its own, and where it stands."""
    drawn: list[tuple[Box, str]] = []
    real = canvas_module._boxed

    def watched(painter, box, text, font, color):
        drawn.append((box, text))
        return real(painter, box, text, font, color)

    monkeypatch.setattr(canvas_module, "_boxed", watched)
    canvas.grab()
    return drawn


@pytest.fixture(scope="module")
def study(review: fusion.Review) -> FlatStudy:
    made = FlatStudy(LinkedPanes(review))
    found = numbered({})
    named = [
        Named(f.center_lps, f.joint.name, "#ff8cff", ring_mm=6.0, side=f.joint.side.sign)
        for f in found.facets
    ]
    made.show_names(found, named, joint=LEFT_C5, doubt="")
    return made


#: Edges (left, right, top, bottom) of each plane, as a radiologist knows them.
EDGES = {AXIAL: "RLAP", CORONAL: "RLHF", SAGITTAL: "APHF"}


def edges(view) -> str:
    letters = view.letters
    return letters.left + letters.right + letters.top + letters.bottom


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
@pytest.mark.parametrize("content", Content)
def test_a_plane_shows_each_marker_at_its_letter(study: FlatStudy, plane, content) -> None:
    source = PlaneSource(study, plane, content)
    for ball, direction in BALLS.items():
        point = MIDDLE_LPS + direction
        study.linked.point_lps = point
        shown = source.shown()
        assert edges(shown.view) == EDGES[plane]
        row, column, off = shown.view.place(study.linked.point_lps)
        assert off == pytest.approx(0, abs=1e-6)
        middle = np.array(shown.rgb.shape[:2]) / 2
        # Brighter (or, in inverse grey, darker) than what is beside it.
        here = float(shown.rgb[round(row), round(column)].mean())
        apart = here - float(np.median(shown.rgb[shown.rgb != OUTSIDE]))
        assert (apart < -20) if content is Content.SPECT else (apart > 20), ball
        assert shown.view.point(row, column) == pytest.approx(study.linked.point_lps)
        away = np.array([row, column]) - shown.view.place(MIDDLE_LPS)[:2]
        for axis, (low, high) in enumerate((EDGES[plane][2:], EDGES[plane][:2])):
            wanted = {
                "L": (0, 1),
                "R": (0, -1),
                "P": (1, 1),
                "A": (1, -1),
                "H": (2, 1),
                "F": (2, -1),
            }
            lps, sign = wanted[high[0] if axis else low[0]]
            expected = direction[lps] * sign * (1 if axis else -1)
            assert np.sign(round(away[axis])) == np.sign(expected)
        assert middle.min() > 0


def test_planes_follow_the_crosshair_and_share_the_windows(study: FlatStudy) -> None:
    source = PlaneSource(study, AXIAL, Content.FUSED)
    study.linked.point_lps = MIDDLE_LPS
    first = source.key()
    source.scroll(1)
    assert source.key() != first
    source.scroll(-1)
    assert source.key() == first
    before = source.shown().rgb
    study.linked.spect_visible = False
    assert source.key() != first
    assert source.shown().rgb.tolist() == PlaneSource(study, AXIAL, Content.CT).shown().rgb.tolist()
    study.linked.spect_visible = True
    assert source.shown().rgb.tolist() == before.tolist()
    ct, spect = (PlaneSource(study, AXIAL, one).key() for one in (Content.CT, Content.SPECT))
    study.inverse = False
    assert PlaneSource(study, AXIAL, Content.CT).key() == ct
    assert PlaneSource(study, AXIAL, Content.SPECT).key() != spect
    study.inverse = True


def test_colours_are_the_stated_blend() -> None:
    ct = grey(np.array([[0.0, 500.0, 1000.0]]), (0.0, 1000.0))
    assert ct[0, :, 0].tolist() == [0, 127, 255]
    assert grey(np.array([[0.0, np.nan]]), (0, 1), inverse=True)[0, :, 0].tolist() == [255, OUTSIDE]
    uptake = np.array([[0.0, np.nan, 10.0]])
    shown = blended(ct, uptake, (0.0, 10.0), name="Hot Iron", weight=0.25)
    top = colored(np.array([[10.0]]), (0.0, 10.0), "Hot Iron")[0, 0]
    assert shown[0, 0].tolist() == ct[0, 0].tolist()
    assert shown[0, 1].tolist() == ct[0, 1].tolist()
    assert shown[0, 2] == pytest.approx(0.75 * ct[0, 2] + 0.25 * top, abs=1)


def test_the_projection_and_the_c_arm_turn_and_say_from_where(study: FlatStudy) -> None:
    projection = ProjectionSource(study)
    assert projection.shown().caption.endswith("from the front")
    assert edges(projection.shown().view) == "RLHF"
    projection.turn(-180, 0)  # dragged to the left by 180 px, the left side comes to the front
    assert projection.shown().caption.endswith("from the patient's left")
    assert edges(projection.shown().view) == "APHF"
    for _ in range(36):
        projection.scroll(1)
    assert projection.turn_deg == 90
    arm = CArmSource(study)
    assert arm.words.startswith("Computed from the CT; not a fluoroscopy image; not for needle")
    assert arm.shown().caption.startswith("C-arm, AP\nfrom the front")
    assert CArmSource(study, 90.0).shown().caption.startswith("C-arm, lateral")
    arm.turn(0, 500)
    assert arm.tilt_deg == 45
    assert arm.shown().caption == "C-arm\nfrom the front, 45° from above"


def test_a_lateral_c_arm_view_names_one_side_and_nerves_stand_at_the_joint(study) -> None:
    before = study.named
    study.named = tuple(
        Named(n.point_lps, n.text, n.color, n.ring_mm, n.side, nerves=("C5 medial branch",))
        for n in before
    )
    front, side = CArmSource(study).names(), CArmSource(study, 90.0).names()
    study.named = before
    assert len(front) == len(before)
    assert {one.text.split()[0] for one in side} == {"Left"}
    assert all(one.text.endswith(": C5 medial branch") for one in front)
    places = [tuple(one.point_lps) for one in front]
    assert places == [tuple(one.point_lps) for one in before]


def test_the_planes_of_a_joint_come_in_pairs_or_say_why_not(study: FlatStudy) -> None:
    neck = centers(origin=tuple(MIDDLE_LPS))
    for side in Side:
        for number in range(3):
            shown = JointSource(study, side, number).shown()
            assert shown.caption.startswith(
                "C5-C6" if number == 1 else f"{side.value.capitalize()}"
            )
            joint = neck[Joint("C5-C6", side)]
            assert abs(float(shown.view.place(joint)[2])) < 1e-6
    study.joint = None
    empty = JointSource(study, Side.LEFT, 0)
    assert (empty.shown(), empty.names()) == (None, ())
    assert empty.why == "No joint is here. Choose one in the ladder, or click its ring."
    study.joint = LEFT_C5


@pytest.mark.window
def test_a_click_goes_to_what_is_seen(study: FlatStudy, qtbot) -> None:
    linked = study.linked
    for source in (PlaneSource(study, CORONAL, Content.CT), ProjectionSource(study)):
        canvas = FlatCanvas(study, source)
        qtbot.addWidget(canvas)
        canvas.resize(320, 280)
        linked.frame = None
        linked.point_lps = MIDDLE_LPS
        goal = MIDDLE_LPS + BALLS["left"]
        at = canvas.place_of(goal)
        assert at.x() > 160  # the patient's left is on the right
        assert canvas.point_at(at) == pytest.approx(goal, abs=9.0)
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at.toPoint())
        assert linked.point_lps == pytest.approx(goal, abs=9.0)
        assert canvas.grab().toImage().pixelColor(canvas.rect().center()).isValid()
        row, column = canvas.from_px(canvas.shown, QPointF(33, 44))
        back = canvas.to_px(canvas.shown, row, column)
        assert (back.x(), back.y()) == pytest.approx((33, 44))


def _away(box: Box, at: QPointF) -> float:
    """Return how far a name is from a place."""
    x, y = min(max(at.x(), box.x), box.right), min(max(at.y(), box.y), box.bottom)
    return float(np.hypot(at.x() - x, at.y() - y))


@pytest.mark.window
@pytest.mark.parametrize("width", [300, 325, 465])
def test_a_positive_joint_keeps_its_name_in_the_projection(
    study: FlatStudy, qtbot, monkeypatch, width: int
) -> None:
    """Its own side and height, off the hot spot: on more lines, if there is no room on one."""
    canvas = FlatCanvas(study, ProjectionSource(study))
    qtbot.addWidget(canvas)
    canvas.resize(width, 560)
    before, joint = study.named, Joint("C3-C4", Side.RIGHT)
    study.named = tuple(
        replace(one, text=f"{one.text} positive", decided=True, positive=True)
        if one.text == joint.name
        else one
        for one in before
    )
    positive = next(one for one in study.named if one.positive)
    at = canvas.place_of(positive.point_lps)
    hot = Box(at.x() - 14, at.y() - 14, 28, 28)
    monkeypatch.setattr(canvas, "_hot", lambda _shown: [hot])
    drawn = texts_drawn(canvas, monkeypatch)
    study.named = before
    (box,) = (box for box, text in drawn if text.split() == ["Right", "C3-C4", "positive"])
    assert not box.meets(hot)
    assert box.within(Box(0, 0, width, 560))
    places = [canvas.place_of(one.point_lps) for one in before]
    nearest = min(places, key=lambda p: _away(box, p))
    assert (nearest.x(), nearest.y()) == pytest.approx((at.x(), at.y()))
    heights = [canvas.place_of(one.point_lps).y() for one in before if one.side == joint.side.sign]
    assert min(heights, key=lambda y: abs(y - box.middle[1])) == pytest.approx(at.y())
    others = [other for other, text in drawn if text and other != box]
    assert not any(box.meets(other) for other in others)


@pytest.mark.window
@pytest.mark.parametrize("turn", [0.0, 90.0])
def test_names_with_many_nerves_lie_on_no_joint_of_a_small_c_arm_view(
    study: FlatStudy, qtbot, monkeypatch, turn: float
) -> None:
    """Rather without the nerves, which stand in the block plan, than on the ring of another."""
    canvas = FlatCanvas(study, CArmSource(study, turn))
    qtbot.addWidget(canvas)
    canvas.resize(380, 570)
    before = study.named
    nerves = ("C5 medial branch", "C6 medial branch")
    study.named = tuple(
        replace(one, text=f"{one.text} positive", nerves=nerves, decided=True, positive=True)
        for one in before
    )
    drawn = texts_drawn(canvas, monkeypatch)
    named, study.named = study.named, before
    scale, _ = canvas._scale(canvas.shown)
    found = 0
    for one in canvas.source.names():
        own = next(n for n in named if n.point_lps is one.point_lps)
        words = own.text.split()
        for box, text in drawn:
            if text.replace(":", "").split()[: len(words)] != words:
                continue
            found += 1
            if "branch" not in text:
                continue  # there is nothing that could be left out
            for other in canvas.source.names():
                if other.point_lps is one.point_lps or not other.ring_mm:
                    continue
                at, reach = canvas.place_of(other.point_lps), other.ring_mm * scale
                ring = Box(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
                assert not box.meets(ring), (text, other.text)
    assert found >= 6
    assert sum("branch" in text for _, text in drawn) < found


@pytest.mark.window
@pytest.mark.parametrize("turn", [0.0, 90.0])
def test_every_joint_has_its_name_in_a_small_c_arm_view(
    study: FlatStudy, qtbot, monkeypatch, turn: float
) -> None:
    """As large as it is on a screen of 1280 x 720, levels provisional: levels are counted there."""
    canvas = FlatCanvas(study, CArmSource(study, turn))
    qtbot.addWidget(canvas)
    canvas.resize(378, 570)
    before = study.named
    middles = [
        np.mean([a.point_lps, b.point_lps], axis=0)
        for a, b in zip(before[::2], before[1::2], strict=True)
    ]
    bodies = [
        Named((a + b) / 2 - (0, 20, 0), f"C{n} ?", "#ff8cff")
        for n, (a, b) in enumerate(pairwise(middles), start=1)
    ]
    study.named = (*(replace(one, text=f"{one.text} ?") for one in before), *bodies)
    there = [one.text for one in canvas.source.names()]
    drawn = [" ".join(text.split()) for _, text in texts_drawn(canvas, monkeypatch)]
    study.named = before
    assert len(there) >= 14
    assert set(there) <= set(drawn)


@pytest.mark.window
def test_a_name_with_nerves_stays_on_its_own_side_of_a_large_c_arm_view(
    study: FlatStudy, qtbot, monkeypatch
) -> None:
    canvas = FlatCanvas(study, CArmSource(study))
    qtbot.addWidget(canvas)
    canvas.resize(690, 900)
    before, nerves = study.named, ("C5 medial branch", "C6 medial branch")
    study.named = tuple(
        replace(one, text=f"{one.text} positive", nerves=nerves, decided=True, positive=True)
        if one.text in ("Left C5-C6", "Right C5-C6")
        else one
        for one in before
    )
    drawn = texts_drawn(canvas, monkeypatch)
    study.named = before
    middle = np.mean([canvas.place_of(one.point_lps).x() for one in before])
    found = {text.split()[0]: box for box, text in drawn if "branch" in text}
    assert set(found) == {"Left", "Right"}
    # The patient's left is on the right of the picture.
    assert found["Left"].x > middle
    assert found["Right"].right < middle


@pytest.mark.window
def test_double_click_drag_and_wheel(study: FlatStudy, qtbot) -> None:
    linked = study.linked
    canvas = FlatCanvas(study, CArmSource(study))
    qtbot.addWidget(canvas)
    canvas.resize(300, 300)
    with qtbot.waitSignal(canvas.enlarged):
        qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    before = linked.point_lps
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().topLeft())
    assert linked.point_lps == pytest.approx(before)  # no depth, no point
    at = canvas.place_of(study.named[-1].point_lps).toPoint()
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    half_a_voxel = linked.review.fused.display_grid.spacing_mm.max()
    assert linked.point_lps == pytest.approx(study.named[-1].point_lps, abs=half_a_voxel)
    assert linked.frame is not None
    linked.centre()
    assert linked.frame is None


@pytest.mark.window
def test_no_word_covers_a_letter_in_a_small_picture(study: FlatStudy, qtbot) -> None:
    for source in (ProjectionSource(study), CArmSource(study)):
        canvas = FlatCanvas(study, source)
        qtbot.addWidget(canvas)
        for width in (200, 260, 600):
            canvas.resize(width, 300)
            image = QImage(canvas.size(), QImage.Format.Format_RGB32)
            painter = QPainter(image)
            boxes = canvas._draw_words(painter, canvas.shown)
            painter.end()
            letters, words = boxes[:4], boxes[4:]
            assert not any(letter.meets(word) for letter in letters for word in words)


@pytest.mark.window
def test_all_that_is_said_of_the_alignment_is_legible(study: FlatStudy, qtbot, monkeypatch) -> None:
    canvas = FlatCanvas(study, ProjectionSource(study))
    qtbot.addWidget(canvas)
    canvas.resize(250, 300)
    said = ("MOVING THE SPECT (A ends it)", "SPECT MOVED BY HAND 1.0 mm")
    study.write_alignment("\n".join(said))
    drawn = texts_drawn(canvas, monkeypatch)
    study.write_alignment("")
    boxes = {text: box for box, text in drawn}
    for line in said:
        assert boxes[line].within(Box(0, 0, 250, 300))
    assert not boxes[said[0]].meets(boxes[said[1]])
