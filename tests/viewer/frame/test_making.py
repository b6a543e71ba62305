"""How a window comes and goes: made part by part, and nothing is left of it when it is closed."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import shiboken6
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, Qt, QThreadPool, QTimer
from qtpy.QtWidgets import QApplication, QDialog, QWidget

import fusion
from fusion.errors import Cancelled
from fusion.opening import OpenOptions
from tests.viewer.scripted import wait_until
from viewer import _napari
from viewer.app import FrontDesk
from viewer.menus import show_about
from viewer.pictures.area import LAYOUT_KEYS
from viewer.start.recent import RecentStudies
from viewer.start.series import SeriesDialog
from viewer.steps.model import Step
from viewer.two_dates.asking import OtherDateDialog
from viewer.window import ReviewWindow
from viewer.wishes import Wishes

pytestmark = [pytest.mark.window, pytest.mark.slow]


@pytest.fixture
def made(
    make_napari_viewer: Callable, review: fusion.Review, tmp_path: Path, qtbot: QtBot
) -> Iterator[ReviewWindow]:
    """A window that is being made, of which nothing is there yet."""
    window = ReviewWindow(
        make_napari_viewer(show=True), review, journal=tmp_path / "j.sqlite", in_turns=True
    )
    yield window
    window.viewer.close()


def panels(window: ReviewWindow) -> list[str]:
    names = ("pictures", "alignment_panel", "facets_panel", "targets_panel", "pathway_panel")
    return [name for name in names if hasattr(window, name)]


def test_it_is_made_a_panel_at_a_time_pictures_and_findings_first(
    made: ReviewWindow, qtbot: QtBot
) -> None:
    seen: list[list[str]] = [panels(made)]
    pressable: set[bool] = set()

    def look() -> None:
        seen.append(panels(made))
        if "pictures" in seen[-1] and made._turns.running:
            buttons = (made.header.read_as, made.bar.next, *made.bar.buttons.values())
            pressable.update(button.isEnabled() for button in buttons)
            pressable.add(not (made.pictures.isVisible() and made.side.findings.isVisible()))

    watch = QTimer(interval=0)
    watch.timeout.connect(look)
    watch.start()
    with qtbot.waitSignal(made.ready, timeout=30_000):
        pass
    watch.stop()
    assert seen[0] == []
    assert seen[-1] == panels(made)
    assert len(seen[-1]) == 5
    assert all(len(now) <= len(before) + 1 for before, now in pairwise(seen))
    # The questions of the pathway, of which there are many, come some at a time, too.
    assert sum(len(now) == 5 for now in seen) > 3
    # Pictures and findings are seen; nothing can be pressed that leads to what is not there yet.
    assert pressable == {False}
    assert made.header.read_as.isEnabled()
    assert all(button.isEnabled() for button in made.bar.buttons.values())


def test_the_questions_have_their_places_before_anybody_sees_them(
    made: ReviewWindow, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(made.ready, timeout=30_000):
        pass
    panel = made.pathway_panel
    assert not panel.isVisible()
    shown = [question for question in panel.questions.values() if not question.isHidden()]
    before = [question.width() for question in shown]
    made.show_step(Step.PATHWAY)
    qtbot.waitUntil(panel.isVisible)
    assert before == pytest.approx([question.width() for question in shown], abs=5)


def test_the_questions_are_given_their_places_some_at_a_time(
    made: ReviewWindow, qtbot: QtBot
) -> None:
    wide: list[list[int]] = []
    next_turn = made._turns._next

    def next_and_look() -> None:
        next_turn()
        panel = getattr(made, "pathway_panel", None)
        questions = panel.questions.values() if panel else ()
        wide.append([q.width() for q in questions if not q.isHidden()])

    made._turns._next = next_and_look
    made.finish()
    placed = [sum(width > 300 for width in now if width != 640) for now in wide]  # 640: not yet
    assert placed[-1] == len(wide[-1]) > 20
    assert max(now - before for before, now in pairwise(placed)) < 8
    # What was never marked is not dressed anew to say so: that lays all of it out again.
    assert {link.property("highlight") for link in made.pathway_panel.verdict.links} == {None}


def test_a_key_pressed_while_it_is_made_does_nothing_and_later_what_it_says(
    made: ReviewWindow, qtbot: QtBot
) -> None:
    main = _napari.main_window(made.viewer)
    main.activateWindow()
    with qtbot.captureExceptions() as raised:  # the mouse leaves before there is a picture
        QApplication.sendEvent(main, QEvent(QEvent.Type.Leave))
    assert raised == []
    qtbot.waitUntil(lambda: hasattr(made, "pictures"))
    before = made.pictures.layout_shown
    key, layout = next((k, one) for k, one in LAYOUT_KEYS.items() if one is not before)
    qtbot.keyClick(main, key.lower())
    assert made.pictures.layout_shown is before
    made.finish()
    qtbot.waitUntil(main.isActiveWindow)
    qtbot.keyClick(main, key.lower())
    assert made.pictures.layout_shown is layout


def test_a_window_that_is_closed_while_it_is_made_goes(made: ReviewWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: hasattr(made, "facets_panel"))
    assert not hasattr(made, "pathway_panel")
    main = _napari.main_window(made.viewer)
    made.viewer.close()
    assert made.canvases == ()
    assert all(pane.closed for pane in made.linked)
    assert not shiboken6.isValid(main) or not main.isVisible()


@pytest.fixture
def desk(
    make_napari_viewer: Callable, review: fusion.Review, tmp_path: Path, qtbot: QtBot
) -> Iterator[FrontDesk]:
    """A start page whose study has been read; its window is about to be made."""
    desk = FrontDesk(Wishes(journal=tmp_path / "j.sqlite"), viewer=make_napari_viewer(show=True))
    desk.show()
    desk._show(tmp_path, review)
    yield desk
    if desk.app is not None and shiboken6.isValid(desk.app):
        desk.app.viewer.close()
    desk.page.close()


def half_made(desk: FrontDesk, qtbot: QtBot) -> ReviewWindow:
    qtbot.waitUntil(lambda: hasattr(desk.app._made, "facets_panel"), timeout=30_000)
    assert desk.app._made._turns.running
    return desk.app._made


def test_a_second_click_while_a_window_is_made_opens_nothing(
    desk: FrontDesk, tmp_path: Path, qtbot: QtBot
) -> None:
    for being_made in (False, True):
        if being_made:
            half_made(desk, qtbot)
        desk.open(tmp_path, OpenOptions())
        assert desk.job is None
    with qtbot.waitSignal(desk.opened, timeout=30_000):
        pass
    assert not desk.page.isVisible()


def test_where_no_window_is_ready_one_is_made_in_turns_and_nothing_opened_above_it(
    make_napari_viewer: Callable,
    review: fusion.Review,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewer, dressed = make_napari_viewer(show=True), []
    monkeypatch.setattr(_napari, "new_viewer", lambda *, dressed: viewer)
    monkeypatch.setattr(_napari, "dress", dressed.append)
    desk = FrontDesk(Wishes(journal=tmp_path / "j.sqlite"))
    desk.show()
    desk._show(tmp_path, review)
    assert desk.app is None
    desk.open(tmp_path, OpenOptions())
    assert desk.job is None
    with qtbot.waitSignal(desk.opened, timeout=60_000):
        pass
    assert dressed == [viewer]
    assert desk.app.viewer is viewer
    viewer.close()
    desk.page.close()


def test_a_window_closed_while_it_is_made_opens_nothing_and_leads_back(
    desk: FrontDesk, tmp_path: Path, qtbot: QtBot
) -> None:
    half_made(desk, qtbot)
    happened: list[object] = []
    desk.opened.connect(lambda: happened.append("opened"))
    desk.app.viewer.close()
    qtbot.wait(50)  # in which it would come on screen
    assert happened == []
    assert desk.app.review_window is None
    assert list(RecentStudies(tmp_path / "j.sqlite").lines()) == []
    assert isinstance(desk.error, Cancelled)
    assert desk.page.isVisible()
    assert desk.page.message.text() == ""
    desk.open(tmp_path, OpenOptions())  # an empty folder; the page is free again
    qtbot.waitUntil(lambda: "No SPECT or PET" in desk.page.message.text(), timeout=30_000)


@pytest.mark.parametrize("part", ["LinkedPanes", "TargetsPanel"])
def test_a_window_that_cannot_be_made_is_closed_and_the_page_says_so(
    part: str, desk: FrontDesk, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(f"viewer.window.{part}", fails)
    main = _napari.main_window(desk.app.viewer)
    with qtbot.captureExceptions() as raised:
        qtbot.waitUntil(lambda: desk.error is not None, timeout=30_000)
        qtbot.wait(50)  # in which the window goes
    assert raised == []
    assert not shiboken6.isValid(main) or not main.isVisible()
    assert desk.page.isVisible()
    assert desk.page.message.text().startswith("Not opened. This is a fault of facetfusion")


def test_nobody_is_given_a_window_that_could_not_be_made(
    made: ReviewWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.window.TargetsPanel", lambda *_, **__: 1 / 0)
    assert ReviewWindow.of(made.viewer) is None
    assert made.may_be_replaced


def living() -> Counter[str]:
    """What lives of this program and on the screen, by its kind."""
    # What a window had begun was told to stop with it, and holds what it works on until it has.
    assert QThreadPool.globalInstance().waitForDone(60_000)
    QApplication.processEvents()
    gc.collect()
    found: Counter[str] = Counter()
    for thing in gc.get_objects():
        kind = type(thing)
        if kind.__module__.startswith(("viewer.", "fusion.")):
            found[f"{kind.__module__}.{kind.__qualname__}"] += 1
    found["widgets"] = len(QApplication.allWidgets())
    return found


def test_windows_that_were_used_and_closed_leave_nothing(
    make_napari_viewer: Callable, review: fusion.Review, tmp_path: Path, qtbot: QtBot
) -> None:
    """Counted after the second and after the third: what is kept once for all is no leak."""

    def used() -> None:
        window = ReviewWindow(make_napari_viewer(show=True), review, journal=tmp_path / "j.sqlite")
        main = _napari.main_window(window.viewer)
        main.activateWindow()
        qtbot.waitUntil(main.isActiveWindow)
        window.begin_reading("R. Eader")
        for key in (*LAYOUT_KEYS, "M", "V", "V", "Q", "Z", "B", "I", "[", "."):
            qtbot.keyClick(main, key.lower())
            qtbot.wait(1)
        for step in Step:
            qtbot.mouseClick(window.bar.buttons[step], Qt.MouseButton.LeftButton)
            qtbot.wait(1)
        card = window.show_help()
        qtbot.keyClick(card, Qt.Key.Key_Escape)
        window.viewer.close()
        qtbot.wait(50)

    counted = []
    for _ in range(3):
        used()
        qtbot.wait(400)  # longer than what settles after a change
        counted.append(living())
    more = {kind: n - counted[1][kind] for kind, n in counted[2].items() if n > counted[1][kind]}
    assert more == {}


def test_dialogs_that_were_closed_leave_nothing(window: ReviewWindow, qtbot: QtBot) -> None:
    main = _napari.main_window(window.viewer)
    main.activateWindow()

    def series() -> QDialog:
        dialog = SeriesDialog(main, window.review, lambda _ct, _spect: None)
        dialog.open()
        return dialog

    def other_date() -> QDialog:
        dialog = OtherDateDialog(main, (), lambda _path, _options: None)
        dialog.open()
        return dialog

    ways = (
        window.show_help,
        lambda: show_about(window),
        window.facets_panel.ask_anomaly,
        window.facets_panel.ask_labels,
        series,
        other_date,
    )
    for way in ways:
        before = len(main.findChildren(QWidget))
        dialog = way()
        assert len(main.findChildren(QWidget)) > before
        qtbot.waitUntil(dialog.isActiveWindow)
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        wait_until(lambda before=before: len(main.findChildren(QWidget)) <= before)
