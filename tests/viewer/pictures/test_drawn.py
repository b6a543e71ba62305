"""The fused planes as they are drawn: colours against a slow oracle, and what is drawn anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.components.overlays import TextOverlay
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QImage, QPainter
from scipy import ndimage

import fusion
from fusion.software import SIMULATED
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from viewer._napari import Mark, MarksOverlay
from viewer.pictures.colormaps import dicom_colormap
from viewer.pictures.drawn.canvas import PlaneCanvas
from viewer.pictures.drawn.compose import Cut, compose
from viewer.pictures.drawn.overlays import draw_overlays
from viewer.pictures.layers import to_lps
from viewer.pictures.look import Look
from viewer.pictures.pane import Pane
from viewer.pictures.panes import LinkedPanes
from viewer.pictures.planes import PLANES

LOOK = Look(True, (-600.0, 1400.0), (0.0, 90.0), 0.4, "Hot Iron", smooth=True, edges=False)
GREEN = (0.2, 1.0, 0.5, 1.0)


def planes(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """HU, uptake with an edge of its field, and outlines."""
    rng = np.random.default_rng(seed)
    ct = rng.integers(-1000, 2000, (23, 31)).astype(np.int16)
    spect = rng.uniform(-5, 100, (23, 31)).astype(np.float32)
    spect[:, 24:] = np.nan
    return ct, spect, (rng.random((23, 31)) > 0.8).astype(np.uint8)


def drawn(cut: Cut, look: Look) -> np.ndarray:
    ct, spect, edges = planes()
    out = np.zeros(cut.shape, np.uint32)
    colors = dicom_colormap(look.palette).colors
    compose(out, cut, look, ct=ct, spect=spect, edges=edges, colors=colors, edge_color=GREEN)
    return np.stack([out >> 16 & 255, out >> 8 & 255, out & 255], axis=-1).astype(float)


def expected(cut: Cut, look: Look) -> np.ndarray:
    """The same with SciPy's interpolation, in floating point, pixel by pixel of nobody's code."""
    ct, spect, edges = planes()
    rows = cut.first[0] + np.arange(cut.shape[0]) * cut.step[0]
    columns = cut.first[1] + np.arange(cut.shape[1]) * cut.step[1]
    at = np.meshgrid(rows.clip(0, 22), columns.clip(0, 30), indexing="ij")
    inside = ((rows >= -0.5) & (rows <= 22.5))[:, None] & ((columns >= -0.5) & (columns <= 30.5))

    def linear(plane: np.ndarray) -> np.ndarray:
        return ndimage.map_coordinates(plane.astype(float), at, order=1)

    grey = (255 * (linear(ct) + 600) / 2000).clip(0, 255) * look.ct_shown
    rgb = np.repeat(grey[..., None], 3, axis=-1)
    # No value where any neighbour has none.
    gone = linear(np.isnan(spect)) > 1e-9
    values = linear(np.nan_to_num(spect))
    step = (values / 90 * 256).clip(0, 255).astype(int)
    color = dicom_colormap(look.palette).colors[step]
    weight = (look.weight * color[..., 3] * ~gone)[..., None]
    rgb = rgb * (1 - weight) + 255 * color[..., :3] * weight
    if look.edges:
        strength = (linear(edges) / 0.6).clip(0, 1)[..., None]
        rgb = rgb * (1 - strength) + 255 * np.array(GREEN[:3]) * strength
    return rgb * inside[..., None]


@pytest.mark.parametrize(
    "look",
    [
        LOOK,
        replace(LOOK, weight=0.0),
        replace(LOOK, weight=1.0, ct_shown=False),
        replace(LOOK, weight=1.0, ct_shown=False, edges=True),
        replace(LOOK, palette="PET"),
    ],
    ids=["blend", "CT alone", "SPECT alone", "edges", "another palette"],
)
@pytest.mark.parametrize(
    "cut",
    [
        Cut((-1.3, -2.2), (0.31, 0.37), (90, 100)),
        Cut((24.1, 33.0), (-0.53, -0.9), (60, 45)),
        Cut((5.0, 6.0), (1.0, 1.0), (9, 9)),
    ],
    ids=["enlarged", "from the other end", "pixel by pixel"],
)
def test_pixels_are_those_of_a_slow_oracle(cut: Cut, look: Look) -> None:
    made, wanted = drawn(cut, look), expected(cut, look)
    # A value at the border between two colours may fall to either side.
    apart = np.abs(made - wanted).max(axis=-1)
    assert (apart > 1.0).mean() < 0.003
    assert wanted.std() > 10


def test_without_smoothing_each_pixel_has_the_colour_of_a_voxel() -> None:
    look = replace(LOOK, weight=1.0, ct_shown=False, smooth=False)
    made = drawn(Cut((4.6, 5.6), (0.1, 0.1), (8, 8)), look)
    assert len(np.unique(made.reshape(-1, 3), axis=0)) == 1
    np.testing.assert_array_equal(
        made[0, 0], drawn(Cut((5.0, 6.0), (1.0, 1.0), (1, 1)), look)[0, 0]
    )


@pytest.fixture
def canvases(review: fusion.Review, qtbot: QtBot) -> list[PlaneCanvas]:
    linked = LinkedPanes(review)
    made = [PlaneCanvas(pane) for pane in linked]
    for n, canvas in enumerate(made):
        canvas.linked = linked
        qtbot.addWidget(canvas)
        canvas.resize(260 + 20 * n, 240)
        canvas.show()
        qtbot.waitExposed(canvas)
    linked.point_lps = MIDDLE_LPS
    qtbot.wait(20)
    return made


def counts(canvases: list[PlaneCanvas], qtbot: QtBot) -> list[int]:
    for canvas in canvases:
        canvas.repaint()
    return [canvas.made for canvas in canvases]


@pytest.mark.window
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_step_makes_one_picture_and_moves_two_crosshairs(
    canvases: list[PlaneCanvas], qtbot: QtBot, axis: int
) -> None:
    linked = canvases[0].linked
    before, seen = counts(canvases, qtbot), [canvas.picture() for canvas in canvases]
    linked.scroll(linked.panes[axis], 1)
    after = counts(canvases, qtbot)
    assert np.subtract(after, before).tolist() == [int(n == axis) for n in range(3)]
    for canvas, old in zip(canvases, seen, strict=True):
        assert not np.array_equal(canvas.picture(), old)


@pytest.mark.window
def test_whatever_changes_the_look_is_drawn(canvases: list[PlaneCanvas], qtbot: QtBot) -> None:
    from viewer.pictures.checking_views import Mode

    linked = canvases[0].linked
    linked.point_lps = MIDDLE_LPS + BALLS["left"]
    for change in (
        lambda: setattr(linked, "blend", 0.8),
        lambda: setattr(linked, "spect_visible", False),
        lambda: setattr(linked, "spect_visible", True),
        lambda: linked.use_ct_preset("Soft tissue"),
        lambda: setattr(linked, "uptake_range", (0.0, 300.0)),
        lambda: setattr(linked, "palette", "PET"),
        lambda: linked.use_mode(Mode.CHECKERBOARD),
        lambda: linked.use_mode(Mode.WIPE),
        lambda: linked.use_mode(Mode.EDGES),
        lambda: linked.use_mode(Mode.BLEND),
        lambda: linked.zoom(1.4),
        lambda: linked.pan(np.array((5.0, 5.0, 5.0))),
        lambda: canvases[0].resize(300, 200),
    ):
        before = counts(canvases, qtbot)[0]
        change()
        qtbot.waitUntil(lambda n=before: canvases[0].made == n + 1)


@pytest.mark.window
def test_the_mouse_is_where_the_picture_says(canvases: list[PlaneCanvas], qtbot: QtBot) -> None:
    """A ball in the picture is under the mouse where its own coordinates are."""
    for canvas in canvases:
        linked, pane = canvas.linked, canvas.pane
        ball = "left" if pane.plane.axis != 2 else "posterior"
        linked.point_lps = MIDDLE_LPS + BALLS[ball]
        linked.spect_visible = linked.crosshair_visible = False
        for overlay in (*pane.model.canvas.overlays.values(), *pane.model.scene.overlays.values()):
            overlay.visible = False
        bright = canvas.picture()[..., :3].mean(axis=-1) > 150
        labels, _ = ndimage.label(bright)
        middle = labels[tuple(np.rint(_px(canvas, linked.point_lps)).astype(int))]
        assert middle > 0
        row, column = ndimage.center_of_mass(labels == middle)
        at = to_lps(canvas.position(QPointF(column + 0.5, row + 0.5)))
        np.testing.assert_allclose(at, linked.point_lps, atol=1.5)
        linked.spect_visible = linked.crosshair_visible = True


def _px(canvas: PlaneCanvas, point_lps: np.ndarray) -> tuple[float, float]:
    """Row and column of the screen that a point is nearest to, tried one by one."""
    wanted = point_lps[::-1][list(canvas.pane.plane.order[1:])]
    places = [
        (row, column)
        for row in range(0, canvas.height(), 2)
        for column in range(0, canvas.width(), 2)
    ]
    away = [
        np.hypot(
            *(np.array(canvas.position(QPointF(c, r)))[list(canvas.pane.plane.order[1:])] - wanted)
        )
        for r, c in places
    ]
    return places[int(np.argmin(away))]


@pytest.mark.window
def test_a_drag_that_is_pressed_twice_ends_the_first(
    canvases: list[PlaneCanvas], qtbot: QtBot
) -> None:
    canvas, said = canvases[0], []

    def drag(_model: object, event: object) -> object:
        said.append("press")
        yield
        while event.type == "mouse_move":
            said.append("move")
            yield
        said.append("release")

    canvas.pane.model.mouse_drag_callbacks[:] = [drag]
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(canvas, left, pos=QPoint(50, 50))
    qtbot.mouseMove(canvas, QPoint(60, 60))
    qtbot.mousePress(canvas, left, pos=QPoint(50, 50))
    qtbot.mouseRelease(canvas, left, pos=QPoint(50, 50))
    assert said[0] == "press"
    assert said[-2:] == ["press", "release"]
    assert said.count("release") == 1


@pytest.mark.window
def test_a_fault_while_drawing_is_told_and_not_the_end(
    canvases: list[PlaneCanvas], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A painter that is left open takes the whole process with it."""

    def fails(painter: QPainter, *_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("viewer.pictures.drawn.canvas.draw_overlays", fails)
    with pytest.raises(RuntimeError, match="a fault"):
        canvases[0].repaint()


@pytest.mark.window
def test_a_sentence_that_passes_covers_no_letter(review: fusion.Review, qapp) -> None:
    """In a small pane with all that can be said of it, the last lines lay on R or A."""
    for pane in LinkedPanes(review):
        pane.model.canvas.size = (185, 250)
        pane.write_alignment("SPECT MOVED BY HAND 12.5 mm")
        left = pane.left_letter_px

        def letter(pane=pane, left=left) -> np.ndarray:
            image = QImage(250, 185, QImage.Format.Format_RGB888)
            image.fill(Qt.GlobalColor.black)
            painter = QPainter(image)
            draw_overlays(painter, pane, (185, 250))
            painter.end()
            rgb = np.frombuffer(image.constBits(), np.uint8).reshape(185, -1)[:, :750]
            part = rgb.reshape(185, 250, 3)[int(left.y) : int(left.bottom), : int(left.width)]
            return part.copy()

        alone = letter()
        assert alone.max() > 200
        words = pane._caption
        notice = TextOverlay(visible=True, position="top_left", font_size=words.font_size, box=True)
        notice.text = "\n".join(["Click into the body of C5."] * 3)
        pane.model.canvas.overlays["notice"] = notice
        np.testing.assert_array_equal(letter(), alone)


@pytest.mark.parametrize("drop_mm", [-20.0, 20.0])
def test_the_line_to_a_name_does_not_cross_it(review: fusion.Review, qapp, drop_mm) -> None:
    pane = LinkedPanes(review).panes[1]
    pane.model.canvas.size = (400, 400)
    pane.fit()
    middle = pane.model.scene.camera.center[-2:]
    blank = "\u2003" * 12  # takes room, and leaves no ink
    mark = Mark(
        (float(middle[0]), float(middle[1])),
        4.0,
        (1.0, 1.0, 1.0, 1.0),
        text=blank,
        text_shift_mm=-15.0,
        text_drop_mm=drop_mm,
        leader=True,
    )
    overlay = MarksOverlay(marks=(mark,), visible=True)
    inked = []
    for shown in (overlay, MarksOverlay(marks=(replace(mark, text=""),), visible=True)):
        pane.model.scene.overlays["joints"] = shown
        image = QImage(400, 400, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        draw_overlays(painter, pane, (400.0, 400.0))
        painter.end()
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(400, 400, 4)
        inked.append(pixels[..., :3].sum(axis=-1).astype(int))
    rows, columns = np.nonzero(inked[0] != inked[1])
    zoom = float(pane.model.scene.camera.zoom)
    height, x = 200 + drop_mm * zoom, 200.0
    # Straight up or down from the edge of the words to the ring.
    assert len(rows) > 10
    assert np.abs(columns - x).max() <= 2
    assert np.abs(rows - height).min() >= 5


def test_a_narrow_picture_says_in_one_word_that_it_is_simulated(review: fusion.Review) -> None:
    model = ViewerModel()
    pane = Pane(model, PLANES[1], review)
    pane._add_overlays(simulated=True)
    said = model.canvas.overlays["simulated"]
    for width, words in ((1400, SIMULATED), (330, "SIMULATED"), (1400, SIMULATED)):
        model.canvas.size = (800, width)
        assert said.text == words
