"""Two dates on screen, with real mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from fusion.anatomy import Joint, Side
from fusion.errors import PairingError
from fusion.export import row
from fusion.follow_up import Comparison
from fusion.opening import OpenOptions, open_study
from fusion.progress import Progress
from tests.follow_up.two_dates import comparison_of, dated, pair_of
from tests.viewer.geometry import faults

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = [pytest.mark.window, pytest.mark.slow]
HOTTER = Joint("C5-C6", Side.LEFT)


@pytest.fixture(scope="module")
def pair(once: Callable[..., Any]) -> tuple[Path, Path]:
    return pair_of(once)


@pytest.fixture(scope="module")
def compared(once: Callable[..., Any]) -> Comparison:
    return comparison_of(once)


@pytest.fixture
def window(compared: Comparison, qtbot: QtBot):
    from viewer.two_dates.window import CompareWindow

    shown = CompareWindow(compared)
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitExposed(shown)
    return shown


def test_it_begins_at_a_joint_that_changed(window) -> None:
    assert window.dates.selected == HOTTER


def test_nothing_overlaps_on_a_small_screen(window, qtbot: QtBot) -> None:
    window.resize(1280, 690)  # what the frame and title of a window leave of 720
    qtbot.waitUntil(lambda: window.size().toTuple() == (1280, 690))
    qtbot.wait(50)  # until the columns have found their places
    assert faults(window) == []


def test_a_row_takes_each_date_to_its_own_joint(window, compared: Comparison, qtbot: QtBot) -> None:
    at = [one.joint for one in compared.joints].index(HOTTER)
    place = window.table.visualItemRect(window.table.item(at, 0)).center()
    qtbot.mouseClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.dates.selected == HOTTER
    for linked, date in zip(window.dates.linked, window.dates.dates, strict=True):
        center = date.localisation.facet("C5-C6", "left").center_lps
        assert np.abs(linked.point_lps - center).max() <= 1.1
    assert window.table.item(at, 5).text() == "higher"
    assert "Left C5-C6. Decided: not read." in window.decided.text()


def test_a_click_in_one_date_moves_the_crosshair_of_the_other_to_the_same_place(
    window, compared: Comparison, qtbot: QtBot
) -> None:
    # High in the neck, where the postures of the dates lead furthest apart.
    window.dates.selected = Joint("C1-C2", Side.LEFT)
    for row_of, other, across in (
        (0, 1, compared.link.to_later),
        (1, 0, compared.link.to_earlier),
    ):
        canvas = window.canvases[row_of][1]
        place = canvas.rect().center()
        place.setX(place.x() + 30)
        place.setY(place.y() - 20)
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
        here = window.dates.linked[row_of].point_lps
        there = window.dates.linked[other].point_lps
        assert np.abs(here - across(here)).max() > 3
        # As near as the voxels of the other date allow.
        assert np.abs(there - across(here)).max() <= 1.1


def test_keys_go_down_and_up_the_joints(window, compared: Comparison, qtbot: QtBot) -> None:
    joints = [one.joint for one in compared.joints]
    window.dates.selected = joints[3]
    qtbot.keyClick(window.table, Qt.Key.Key_Down)
    assert window.dates.selected == joints[4]
    qtbot.keyClick(window.table, Qt.Key.Key_Up)
    assert window.dates.selected == joints[3]


def test_one_colour_is_one_multiple_of_the_reference_on_both_dates(window) -> None:
    def tops() -> list[float]:
        return [
            linked.uptake_range[1] / date.uptake.reference.value
            for linked, date in zip(window.dates.linked, window.dates.dates, strict=True)
        ]

    assert tops()[0] == pytest.approx(tops()[1])
    assert f"the brightest {tops()[1]:.1f} times or more" in window.colours.text()
    low, high = window.dates.linked[1].uptake_range
    window.dates.linked[1].uptake_range = (low, 0.7 * high)
    assert tops()[0] == pytest.approx(tops()[1])
    assert window.dates.same_colours


def test_the_table_shows_what_every_other_output_says(window, compared: Comparison) -> None:
    for at, one in enumerate(compared.joints):
        cells = row(compared, one)
        shown = [window.table.item(at, n).text() for n in range(6)]
        assert shown == [cells[n] for n in (0, 1, 2, 3, 4, 6)]
    last = window.table.visualItemRect(window.table.item(len(compared.joints) - 1, 0))
    assert last.bottom() <= window.table.viewport().height()
    for column in range(6):  # nothing is cut
        assert window.table.columnWidth(column) >= window.table.sizeHintForColumn(column) - 1


def test_another_patient_is_refused_and_either_order_is_put_right(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    import shutil

    from viewer.two_dates.asking import compared, in_their_order

    earlier, later = (open_study(path) for path in pair)
    assert in_their_order(later, earlier) == (earlier, later)
    assert in_their_order(earlier, later) == (earlier, later)
    shutil.copytree(pair[1], tmp_path / "other")
    dated(tmp_path / "other", "20250112", patient="SIM-2")
    with pytest.raises(PairingError, match="different patients"):
        compared(
            earlier,
            None,
            None,
            (tmp_path / "other", OpenOptions()),
            journal=tmp_path / "journal.sqlite",
            progress=Progress(),
        )


def test_it_is_written_without_identity_where_that_is_asked_for(
    window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "out")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: folder)
    qtbot.mouseClick(window.nameless, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "files written" in window.message.text(), timeout=120_000)
    said = (tmp_path / "out" / "comparison.html").read_text("utf-8")
    assert "date removed" in said
    assert "SIM-1" not in said
    assert "2024-01-10" not in said
