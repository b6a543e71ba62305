"""The window: mouse, keys, panels, and what has to be on screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QContextMenuEvent, QWheelEvent
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QSlider, QWidget

from fusion.software import DISCLAIMER
from tests.viewer.marked_study import BALLS, MIDDLE_LPS
from tests.viewer.on_screen import (
    bare_picture,
    bright_spots_mm,
    move_mouse,
    press_key,
    screen_point,
    texts,
)
from viewer import _napari, plugin
from viewer.kit.keys import KeyCard, as_markdown, every_key
from viewer.kit.text import position_text
from viewer.pictures.checking_views import Mode
from viewer.pictures.layers import to_lps
from viewer.steps.model import Step
from viewer.window import ReviewWindow

pytestmark = pytest.mark.window


def test_identity_and_disclaimer_are_always_on_screen(window: ReviewWindow) -> None:
    assert DISCLAIMER in texts(window)
    assert "Marker Study" in window.viewer.title
    assert "FF-4711" in window.viewer.title
    assert any("FF-4711" in text for text in texts(window))
    assert not any("SIMULATED" in text for text in texts(window))


@pytest.mark.parametrize("index", [0, 1, 2])
def test_click_moves_all_panes_there(window: ReviewWindow, qtbot: QtBot, index: int) -> None:
    linked = window.linked
    linked.point_lps = MIDDLE_LPS
    before = linked.point_lps
    pane = linked.panes[index]
    target = MIDDLE_LPS + np.array((11.0, 14.0, -17.0))
    widget = window.canvases[index]
    at = screen_point(window, index, target)
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=at)
    along = 2 - pane.plane.axis
    expected = target.copy()
    expected[along] = before[along]
    reach = linked.review.fused.display_grid.spacing_mm[::-1] / 2 + 1 / pane.model.scene.camera.zoom
    assert (np.abs(linked.point_lps - expected) <= reach).all()
    assert linked.point_lps[along] == before[along]
    for other in linked:
        np.testing.assert_allclose(to_lps(other.model.dims.point), linked.point_lps)
    assert linked.active is pane


def test_right_drag_changes_the_ct_window(window: ReviewWindow, qtbot: QtBot) -> None:
    linked = window.linked
    widget = window.canvases[0]
    start, point = QPoint(200, 200), linked.point_lps
    qtbot.mousePress(widget, Qt.MouseButton.RightButton, pos=start)
    move_mouse(qtbot, widget, start + QPoint(50, -25))
    qtbot.mouseRelease(widget, Qt.MouseButton.RightButton, pos=start + QPoint(50, -25))
    assert linked.ct_window == pytest.approx((2000 + 50 * 4, 400 - 25 * 4))
    for pane in linked:
        assert tuple(pane.ct.contrast_limits) == pytest.approx((-800, 1400))
    assert "Width 2200   Level 300" in window.side.display.window_text.text()
    np.testing.assert_array_equal(linked.point_lps, point)


def test_middle_drag_carries_the_picture_along(window: ReviewWindow, qtbot: QtBot) -> None:
    for index in range(3):
        widget = window.canvases[index]
        before = screen_point(window, index, MIDDLE_LPS)
        start = QPoint(150, 150)
        qtbot.mousePress(widget, Qt.MouseButton.MiddleButton, pos=start)
        move_mouse(qtbot, widget, start + QPoint(30, 20))
        qtbot.mouseRelease(widget, Qt.MouseButton.MiddleButton, pos=start + QPoint(30, 20))
        moved = screen_point(window, index, MIDDLE_LPS) - before
        assert abs(moved.x() - 30) <= 1
        assert abs(moved.y() - 20) <= 1


def test_the_key_b_blinks_the_spect(window: ReviewWindow, qtbot: QtBot) -> None:
    window.linked.point_lps = MIDDLE_LPS + BALLS["left"]
    window.linked.crosshair_visible = False
    with_spect = window.canvases[0].picture()
    press_key(qtbot, window, Qt.Key.Key_B)
    assert not window.linked.spect_visible
    assert not window.side.display.spect_shown.isChecked()
    ct_alone = window.canvases[0].picture()
    assert not np.array_equal(with_spect, ct_alone)
    press_key(qtbot, window, Qt.Key.Key_B)
    np.testing.assert_array_equal(window.canvases[0].picture(), with_spect)


def test_keys_scroll_the_pane_used_last(window: ReviewWindow, qtbot: QtBot) -> None:
    linked = window.linked
    for pane in linked:
        linked.point_lps = MIDDLE_LPS
        linked.active = pane
        index = pane.index
        press_key(qtbot, window, Qt.Key.Key_PageUp)
        assert pane.index == index + 1
        press_key(qtbot, window, Qt.Key.Key_PageDown)
        press_key(qtbot, window, Qt.Key.Key_PageDown)
        assert pane.index == index - 1


def test_blend_is_linear_in_the_picture(window: ReviewWindow) -> None:
    """Each pixel with uptake is the weighted mean of CT and SPECT."""
    linked = window.linked
    linked.point_lps = MIDDLE_LPS + BALLS["left"]

    def picture(blend: float) -> np.ndarray:
        linked.blend = blend
        return bare_picture(linked.panes[0], window.canvases[0]).astype(float)

    linked.spect_visible = False
    ct_alone = picture(0.5)
    linked.spect_visible = True
    ct, spect = picture(0.0), picture(1.0)
    np.testing.assert_array_equal(ct, ct_alone)
    uptake = spect.max(axis=-1) > 0
    assert uptake.mean() > 0.2
    for blend in (0.25, 0.5, 0.75):
        expected = (1 - blend) * ct + blend * spect
        np.testing.assert_allclose(picture(blend)[uptake], expected[uptake], atol=2.5)


def test_cursor_values_are_shown_with_unit(window: ReviewWindow, qtbot: QtBot) -> None:
    linked = window.linked
    linked.point_lps = MIDDLE_LPS
    ball = MIDDLE_LPS + BALLS["left"]
    widget = window.canvases[0]
    move_mouse(qtbot, widget, screen_point(window, 0, ball) - QPoint(3, 0))
    qtbot.mouseMove(widget, screen_point(window, 0, ball))
    qtbot.waitUntil(lambda: window.footer.values.text().startswith("Cursor"))
    assert "1500 HU · " in window.footer.values.text()
    assert window.footer.values.text().endswith(linked.review.fused.spect.unit)
    linked.leave()
    assert window.footer.values.text().startswith("Crosshair")


def test_colour_bar_has_round_ticks_in_the_range(window: ReviewWindow) -> None:
    window.linked.uptake_range = (0.0, 5100.0)
    assert window.centre.colour_bar.ticks() == [0, 1000, 2000, 3000, 4000, 5000] or (
        window.centre.colour_bar.ticks() == [0, 2000, 4000]
    )
    window.linked.uptake_range = (0.2, 1.3)
    ticks = window.centre.colour_bar.ticks()
    assert len(ticks) >= 3
    assert min(ticks) >= 0.2
    assert max(ticks) <= 1.3


def test_panel_and_model_agree_both_ways(window: ReviewWindow) -> None:
    linked, panel = window.linked, window.side.display
    panel.blend.setValue(80)
    assert linked.blend == pytest.approx(0.8)
    linked.blend = 0.2
    assert panel.blend.value() == 20
    panel.palette_choice.setCurrentText("PET 20 Step")
    assert linked.palette == "PET 20 Step"
    panel.highest.setValue(777)
    assert linked.uptake_range[1] == 777


def test_findings_are_listed_worst_first(window: ReviewWindow) -> None:
    shown = [label.text() for label in window.side.findings.labels]
    assert len(shown) == len(window.review.findings) > 0
    for text, finding in zip(shown, window.review.findings, strict=True):
        assert text == f"{finding.severity.label.upper()}\n{finding.message}"


def test_help_names_every_key(window: ReviewWindow, qtbot: QtBot) -> None:
    press_key(qtbot, window, "?")
    card = _napari.main_window(window.viewer).findChild(KeyCard)
    for key in window.keys.shortcuts:
        assert f"{key}: " in card.text
    assert len(card.rows) == len(set(card.rows))
    card.close()


def test_the_keys_in_the_documentation_are_those_of_the_window(window: ReviewWindow) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
    assert as_markdown(window.keys.card) in page.read_text("utf-8")


def test_no_key_means_two_things(window: ReviewWindow) -> None:
    sequences = [shortcut.key().toString() for shortcut in window.keys.shortcuts.values()]
    assert len(set(sequences)) == len(sequences) > 30
    with pytest.raises(ValueError, match="means 'b' already"):
        every_key({"one": {"Ctrl+L": ("b", print)}, "other": {"ctrl+l": ("c", print)}})


def test_letters_follow_the_picture_when_it_is_turned(
    window: ReviewWindow,
) -> None:
    axial, canvas = window.linked.panes[0], window.canvases[0]
    window.linked.point_lps = MIDDLE_LPS
    window.linked.blend = 0.0
    axial.model.scene.camera.orientation2d = ("up", "left")
    assert (axial.letters.left, axial.letters.top) == ("L", "P")
    axial.model.scene.camera.center = (0, *MIDDLE_LPS[1::-1])
    spots = bright_spots_mm(axial, canvas)
    assert min(right for right, _ in spots) == pytest.approx(-40, abs=1.5)
    assert min(down for _, down in spots) == pytest.approx(-30, abs=1.5)
    axial.model.scene.camera.orientation2d = axial.plane.orientation2d


@pytest.mark.parametrize(
    "key",
    [Qt.Key.Key_E, Qt.Key.Key_Y, Qt.Key.Key_T, Qt.Key.Key_G],
    ids=["roll", "3D", "transpose", "grid"],
)
def test_a_pane_keeps_its_plane(window: ReviewWindow, qtbot: QtBot, key: Qt.Key) -> None:
    for pane, canvas in zip(window.linked, window.canvases, strict=True):
        letters = pane.letters
        widget = canvas
        qtbot.keyClick(widget, key, Qt.KeyboardModifier.ControlModifier)
        assert pane.model.dims.ndisplay == 2
        assert not pane.model.canvas.grid.enabled
        assert pane.model.dims.order == pane.plane.order
        assert pane.letters == letters


def test_palette_commands_act_on_the_current_review(window: ReviewWindow) -> None:
    plugin.blink_spect()
    assert not window.linked.spect_visible
    plugin.soft_tissue_window()
    assert window.linked.ct_window == (400, 40)
    plugin.bone_window()
    assert window.linked.ct_window == (2000, 400)
    plugin.toggle_crosshair()
    assert not window.linked.crosshair_visible
    start = window.linked.point_lps
    window.linked.point_lps = MIDDLE_LPS
    plugin.first_view()
    np.testing.assert_array_equal(window.linked.point_lps, start)
    for show, panel in (
        (plugin.show_facets, window.facets_panel),
        (plugin.show_targets, window.targets_panel),
        (plugin.show_pathway, window.pathway_panel),
    ):
        show()
        assert window.pages.currentWidget() is panel
    window.pages.setCurrentIndex(0)


def drag_left(window: ReviewWindow, qtbot: QtBot, start: QPoint, by: QPoint) -> None:
    widget = window.canvases[0]
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    for part in (0.5, 1.0, 1.0):  # a busy machine takes no notice of some moves
        move_mouse(qtbot, widget, start + by * part)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=start + by)


@pytest.mark.parametrize("mode", [*Mode, None], ids=[*(mode.name for mode in Mode), "selected"])
def test_the_mouse_means_the_same_in_and_after_every_view(
    window: ReviewWindow, qtbot: QtBot, mode: Mode | None
) -> None:
    """napari would let the left button pan, once its selected layer has changed."""
    linked, axial = window.linked, window.linked.panes[0]
    qtbot.wait(100)  # a window that was just built finds its sizes
    if mode is None:
        axial.model.layers.selection.active = axial.ct
        axial.model.layers.selection.clear()
    else:
        linked.use_mode(mode)
    for after in (linked.check.mode, Mode.BLEND):
        linked.use_mode(after)
        linked.centre()
        center, zoom = axial.model.scene.camera.center, axial.model.scene.camera.zoom
        where, point = screen_point(window, 0, linked.point_lps), linked.point_lps
        drag_left(window, qtbot, where + QPoint(-60, 40), QPoint(20, 10))
        assert (axial.model.scene.camera.center, axial.model.scene.camera.zoom) == (center, zoom)
        moved = linked.point_lps - point
        assert moved[0] == pytest.approx(-40 / zoom, abs=2.5)
        assert moved[1] == pytest.approx(50 / zoom, abs=2.5)


def test_no_layer_can_be_taken_from_one_pane(window: ReviewWindow, qtbot: QtBot) -> None:
    canvas, model = _napari.main_canvas(window.viewer), window.linked.panes[0].model
    layers = list(model.layers)
    for layer in layers:
        model.layers.remove(layer)
    qtbot.waitUntil(lambda: list(model.layers) == layers)
    for dock in (canvas.dockLayerList, canvas.dockLayerControls):
        assert not dock.toggleViewAction().isEnabled()
        dock.setVisible(True)
        qtbot.waitUntil(lambda dock=dock: not dock.isVisible())


def test_values_under_a_mouse_at_rest_are_those_of_the_plane_on_screen(
    window: ReviewWindow, qtbot: QtBot
) -> None:
    linked, pane = window.linked, window.linked.panes[0]
    widget = window.canvases[0]
    linked.point_lps = MIDDLE_LPS
    at = screen_point(window, 0, MIDDLE_LPS + np.array((20.0, 9.0, 0.0)))

    def under_mouse() -> str:
        place = np.array([*linked.point_lps])
        camera = pane.model.scene.camera
        away = at - QPoint(widget.width() // 2, widget.height() // 2)
        place[0] = camera.center[-1] + away.x() / camera.zoom
        place[1] = camera.center[-2] + away.y() / camera.zoom
        return f"Cursor   {position_text(place)} mm     {linked.value_text(place)}"

    def near() -> bool:
        places = [text.split()[2:7:2] for text in (window.footer.values.text(), under_mouse())]
        apart = [abs(float(a) - float(b)) for a, b in zip(*places, strict=True)]
        return max(apart) <= 1.5 / pane.model.scene.camera.zoom

    def agrees() -> bool:
        return near() and window.footer.values.text()[-60:] != before[-60:]

    def comes_to_rest() -> bool:  # a busy machine takes no notice of some moves
        for away in (3, 0):
            move_mouse(qtbot, widget, at - QPoint(away, 0))
        return window.footer.values.text().startswith("Cursor") and near()

    qtbot.waitUntil(comes_to_rest)
    before = window.footer.values.text()
    for key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Plus, Qt.Key.Key_Home):
        press_key(qtbot, window, key)
        assert agrees(), (window.footer.values.text(), under_mouse())
        before = window.footer.values.text()
    turn_wheel(widget, at)
    assert agrees(), (window.footer.values.text(), under_mouse())


def test_long_values_leave_the_size_of_the_pictures_alone(
    window: ReviewWindow, qtbot: QtBot
) -> None:
    """The window grew with them, and the pictures below the mouse with the window."""
    widget, said = _napari.main_window(window.viewer), window.footer.values.text()
    before = widget.size(), window.linked.panes[0].model.scene.camera.zoom
    window.footer.values.setText(f"{'Cursor   ' * 60}7 counts")
    qtbot.wait(20)
    assert (widget.size(), window.linked.panes[0].model.scene.camera.zoom) == before
    assert window.footer.values.shown.startswith("…")
    assert window.footer.values.shown.endswith("7 counts")
    window.footer.values.setText(said)


def turn_wheel(widget: QWidget, at: QPoint) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_what_cannot_be_stated_is_said(window: ReviewWindow, qtbot: QtBot) -> None:
    window.show_step(Step.LEVELS)
    confirm = window.facets_panel.confirming.confirm
    was = confirm.isEnabled()
    confirm.setEnabled(False)  # as long as no joint was found; other tests may have found some
    press_key(qtbot, window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    assert window.message.text().startswith("Nothing to be stated here now: ")
    confirm.setEnabled(was)


def test_a_right_click_on_the_menus_offers_no_dock(window: ReviewWindow) -> None:
    bar = _napari.main_window(window.viewer).menuBar()
    at = bar.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, bar.mapToGlobal(at))
    QApplication.sendEvent(bar, event)
    popup = QApplication.activePopupWidget()
    offered = [action.text() for action in popup.actions()] if popup else []
    if popup:
        popup.close()
    assert offered == []


def test_the_wheel_changes_no_number_list_or_slider(window: ReviewWindow) -> None:
    found = 0
    for kind in (QAbstractSpinBox, QComboBox, QSlider):
        # napari plays through planes from popups of its sliders, and those are never shown.
        dims = _napari.main_canvas(window.viewer).dims
        assert not dims.isVisible()
        hidden = dims.findChildren(kind)
        for widget in _napari.main_window(window.viewer).centralWidget().findChildren(kind):
            if widget in hidden:
                continue
            value = widget.currentIndex() if kind is QComboBox else widget.value()
            turn_wheel(widget, QPoint(4, 4))
            now = widget.currentIndex() if kind is QComboBox else widget.value()
            assert now == value, widget
            found += 1
    assert found > 15
    assert not window.alignment.can_undo


def test_layouts_come_by_key_and_a_picture_is_enlarged_by_a_double_click(
    window: ReviewWindow, qtbot: QtBot
) -> None:
    area = window.pictures
    keys = {"D": 6, "W": 3, "E": 9, "O": 5, "F": 2}
    for key, count in keys.items():
        window.keys.shortcuts[key].activated.emit()
        assert sum(picture.isVisible() for picture in area.pictures) == count
    window.keys.shortcuts["M"].activated.emit()
    assert [p for p in area.pictures if p.isVisible()] == [area.projection]
    window.keys.shortcuts["M"].activated.emit()
    window.keys.shortcuts["W"].activated.emit()
    coronal = window.canvases[1]
    widget = coronal
    for visible in (1, 3):
        qtbot.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())
        qtbot.waitUntil(lambda n=visible: sum(p.isVisible() for p in area.pictures) == n)
    inverse = area.study.inverse
    window.keys.shortcuts["Shift+I"].activated.emit()
    assert area.study.inverse is not inverse
    window.keys.shortcuts["Shift+I"].activated.emit()
