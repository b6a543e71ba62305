"""Left is left in every picture: balls seen in pixels, beside the letters that are drawn there.

What is compared is on the screen only: where a ball is bright (or dark), and where the letters L,
P and H are written. That the balls lie left, posterior and towards the head follows from the files
(:mod:`tests.viewer.marked_study`) and from no code of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtGui import QImage
from scipy import ndimage

import fusion
from fusion.anatomy import Joint, Side
from tests.viewer import marked_study
from tests.viewer.known_neck import TRUE, numbered
from tests.viewer.marked_study import (
    BALLS,
    FFS,
    HFP,
    HFS,
    MIDDLE_LPS,
    NODDING,
    ON_A_SIDE,
    ct_lattice,
    spect_lattice,
)
from viewer.pictures.flat import canvas as canvas_module
from viewer.pictures.flat.canvas import FlatCanvas
from viewer.pictures.flat.sources import (
    CArmSource,
    Content,
    FlatSource,
    JointSource,
    PlaneSource,
    ProjectionSource,
)
from viewer.pictures.flat.study import FlatStudy
from viewer.pictures.panes import LinkedPanes
from viewer.pictures.placement import Box
from viewer.pictures.planes import PLANES

pytestmark = pytest.mark.window

#: How the patient lies: orientation of the slices, and what the files say of the position.
LYING = {
    "HFS": (HFS, "HFS"),
    "FFS": (FFS, "FFS"),
    "prone": (HFP, "HFP"),
    **{position: (orientation, position) for position, orientation in ON_A_SIDE.items()},
    "rotated": (NODDING, "HFS"),
}
#: Of the same kind as the others.
_THOROUGH = "FFS", "HFDL", "FFDR", "FFDL"
#: Letter towards which each ball lies.
LETTER = {"left": "L", "posterior": "P", "head": "H"}
SIDE_PX = 420
#: The joint that lies in the ball at the left, and in whose planes it is seen.
LEFT_C5 = Joint("C5-C6", Side.LEFT)


@dataclass(frozen=True)
class Seen:
    """What is on the screen: bright or dark spots, and where each letter stands, px from the
    middle of the picture (right, down)."""

    spots: list[np.ndarray]
    letters: dict[str, np.ndarray]

    def way(self, letter: str) -> np.ndarray:
        """Return the direction of a letter, a unit vector."""
        place = self.letters[letter]
        return np.asarray(place / np.linalg.norm(place))

    def lies_towards(self, letter: str, *, within_deg: float = 12.0) -> list[float]:
        """Return how far the spots in the direction of a letter lie from the middle, px."""
        way = self.way(letter)
        found = []
        for spot in self.spots:
            away = float(np.linalg.norm(spot))
            if away > 15 and spot @ way > away * np.cos(np.radians(within_deg)):
                found.append(away)
        return found


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.thorough) if name in _THOROUGH else name
        for name in LYING
    ],
)
def study(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FlatStudy]:
    orientation, position = LYING[request.param]
    folder = marked_study.write_study(
        tmp_path_factory.mktemp("lying"),
        ct=ct_lattice(orientation),
        spect=spect_lattice(orientation),
        patient_position=position,
    )
    made = FlatStudy(LinkedPanes(fusion.open_study(folder)))
    made.linked.crosshair_visible = False
    # The joint is where the ball at the left is, so that its planes show it.
    off = MIDDLE_LPS + BALLS["left"] - np.array(TRUE[LEFT_C5])
    found = numbered({})
    moved = tuple(replace(f, center_lps=f.center_lps + off) for f in found.facets)
    middles = {level: middle + off for level, middle in found.midline_lps.items()}
    made.show_names(replace(found, facets=moved, midline_lps=middles), (), joint=LEFT_C5, doubt="")
    made.linked.point_lps = MIDDLE_LPS
    yield made
    made.linked.close()


def look(
    study: FlatStudy,
    source: FlatSource,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    *,
    dark: bool = False,
    color: bool = False,
) -> Seen:
    """Draw a picture on the screen; return what is seen in it."""
    letters: dict[str, np.ndarray] = {}

    def noted(_painter: object, box: Box, text: str, _font: object, _color: str) -> Box:
        middle = np.array([box.middle[0], box.middle[1]]) - SIDE_PX / 2
        for letter in text if len(text) <= 2 else "":
            # In an oblique picture an edge has two letters, the first of which counts.
            letters.setdefault(letter if text[0] == letter else letter.lower(), middle)
        return box

    with monkeypatch.context() as patch:
        patch.setattr(canvas_module, "_boxed", noted)
        for name in ("_draw_scale", "_draw_below"):
            patch.setattr(FlatCanvas, name, lambda *_args: Box(0, 0, 0, 0))
        patch.setattr(FlatCanvas, "_draw_names", lambda *_args: None)
        canvas = FlatCanvas(study, source)
        qtbot.addWidget(canvas)
        canvas.resize(SIDE_PX, SIDE_PX)
        image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    rgb = data[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)[2:-2, 2:-2]
    value = rgb.max(axis=-1) if color else rgb.mean(axis=-1)
    mask = value < 0.4 * np.median(value) if dark else value > 0.85 * value.max()
    labels, count = ndimage.label(mask)
    sizes = ndimage.sum_labels(mask, labels, range(1, count + 1))
    edge = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]}  # around the picture
    kept = [n for n, size in enumerate(sizes, start=1) if size > 25 and n not in edge]
    middles = ndimage.center_of_mass(mask, labels, kept)
    spots = [np.array([x, y]) + 2 - SIDE_PX / 2 for y, x in middles]
    return Seen(spots, letters)


#: Balls that a plane through the middle of the patient holds.
HELD = {0: ("left", "posterior"), 1: ("left", "head"), 2: ("posterior", "head")}


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
@pytest.mark.parametrize("content", Content)
def test_planes(study: FlatStudy, plane, content, monkeypatch, qtbot) -> None:
    study.linked.uptake_range = (0.0, 5000.0)
    spect = content is Content.SPECT
    seen = look(
        study,
        PlaneSource(study, plane, content),
        monkeypatch,
        qtbot,
        dark=spect,
        color=content is Content.FUSED,
    )
    far = {}
    for ball in HELD[plane.axis]:
        (far[ball],) = seen.lies_towards(LETTER[ball])
    one, other = HELD[plane.axis]
    distances = [np.linalg.norm(BALLS[ball]) for ball in (one, other)]
    # The ratio tells the balls apart: none is where another should be.
    assert far[one] / far[other] == pytest.approx(distances[0] / distances[1], rel=0.12)
    for nothing in {"R", "A", "F"} & set(seen.letters):
        assert seen.lies_towards(nothing) == []


@pytest.mark.parametrize(
    ("turn_deg", "balls"),
    [(0.0, ("left", "head")), (90.0, ("posterior", "head")), (180.0, ("left", "head"))],
)
def test_the_maximum_projection(study: FlatStudy, turn_deg, balls, monkeypatch, qtbot) -> None:
    study.linked.uptake_range = (0.0, 5000.0)
    seen = look(study, ProjectionSource(study, turn_deg), monkeypatch, qtbot, dark=True)
    for ball in balls:
        assert len(seen.lies_towards(LETTER[ball])) == 1, ball
    # From the front the patient's left is on the right of the screen, from behind on the left.
    if "L" in seen.letters:
        assert np.sign(seen.letters["L"][0]) == (1 if turn_deg == 0 else -1)


@pytest.mark.parametrize(
    ("turn_deg", "ball", "by_mm"),
    [
        (0.0, "left", 40.0),
        (180.0, "left", 40.0),
        (90.0, "posterior", 30.0),
        (270.0, "posterior", 30.0),
        # 20 degrees towards the left side: 40 mm are seen as 40 cos 20, the next ball as 30 sin 20.
        (20.0, "left", 40.0 * np.cos(np.radians(20)) - 30.0 * np.sin(np.radians(20))),
    ],
)
def test_c_arm_views(study: FlatStudy, turn_deg, ball, by_mm, monkeypatch, qtbot) -> None:
    seen = look(study, CArmSource(study, turn_deg), monkeypatch, qtbot, dark=True)
    assert len(seen.spots) == 3
    # The head ball is the highest by 52 mm, which is the scale.
    last, high = sorted(spot @ seen.way("H") for spot in seen.spots)[-2:]
    px_per_mm = (high - last) / 52.0
    assert px_per_mm > 1
    second, first = sorted(spot @ seen.way(LETTER[ball]) for spot in seen.spots)[-2:]
    assert (first - second) / px_per_mm == pytest.approx(by_mm, abs=2.5)


@pytest.mark.parametrize("side", Side)
def test_planes_of_a_joint(study: FlatStudy, side, monkeypatch, qtbot) -> None:
    """The joint at the left lies in a ball, that of the right 34 mm beside it."""

    def seen(number: int) -> Seen:
        return look(study, JointSource(study, side, number), monkeypatch, qtbot, color=True)

    along, both, across = (seen(number) for number in range(3))
    centred = [any(np.linalg.norm(spot) < 6 for spot in one.spots) for one in (along, across)]
    assert centred == [side is Side.LEFT] * 2
    # Both joints in one picture: 17 mm each from the midline, towards its letter.
    (away_px,) = both.lies_towards("L")
    assert both.letters["L"][0] > 0
    px_per_mm = away_px / 17.0
    if side is Side.RIGHT:
        # The ball at the back is 30 mm behind the middle, and 6 mm to the right of this joint.
        (behind,) = [spot for spot in across.spots if spot @ across.way("P") > 60]
        assert behind @ across.way("P") / px_per_mm == pytest.approx(30, abs=2)
        assert behind @ across.way("R") / px_per_mm == pytest.approx(6, abs=2)
        assert along.lies_towards("P")
