"""From the start page and from an open study to the comparison, with a real mouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fusion.opening import OpenOptions
from tests.follow_up.two_dates import dated, pair_of

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from viewer.app import FrontDesk

pytestmark = [pytest.mark.window, pytest.mark.slow]


@pytest.fixture(scope="module")
def pair(once: Callable[..., Any]) -> tuple[Path, Path]:
    return pair_of(once)


@pytest.fixture
def desk(napari_anew: None, tmp_path: Path, qtbot: QtBot) -> Iterator[FrontDesk]:
    from viewer.app import FrontDesk
    from viewer.wishes import Wishes

    desk = FrontDesk(Wishes(journal=tmp_path / "journal.sqlite"))
    desk.show()
    yield desk
    if desk.comparing.window is not None:
        desk.comparing.window.close()
    desk.page.close()


def choose(desk: FrontDesk, paths: tuple[Path, Path], qtbot: QtBot) -> None:
    """Press the button, and take one folder after the other."""
    from qtpy.QtCore import Qt

    from viewer.two_dates.asking import OtherDateDialog

    qtbot.mouseClick(desk.page.compare, Qt.MouseButton.LeftButton)
    for path in paths:
        dialogs = [d for d in desk.page.findChildren(OtherDateDialog) if d.isVisible()]
        assert len(dialogs) == 1
        dialogs[0].choose(path, OpenOptions())


def test_two_dates_from_the_start_page(
    desk: FrontDesk, pair: tuple[Path, Path], qtbot: QtBot
) -> None:
    choose(desk, (pair[1], pair[0]), qtbot)  # the later one first
    qtbot.waitUntil(lambda: desk.comparing.window is not None, timeout=300_000)
    window = desk.comparing.window
    assert window is not None
    assert "2024-01-10 and 2025-01-12, 368 days apart" in window.identity.text()
    assert window.answer.text().startswith("Left C5-C6: higher, × ")
    assert desk.page.isVisible()


def test_another_patient_leads_back_with_the_sentence(
    desk: FrontDesk, pair: tuple[Path, Path], tmp_path: Path, qtbot: QtBot
) -> None:
    import shutil

    shutil.copytree(pair[0], tmp_path / "other")
    dated(tmp_path / "other", "20240110", patient="SIM-2")
    choose(desk, (tmp_path / "other", pair[1]), qtbot)
    qtbot.waitUntil(lambda: bool(desk.page.message.text()), timeout=120_000)
    assert desk.page.message.text() == (
        "Not compared. The two studies are of different patients (not the same: patient ID). "
        "They are not compared. Choose two studies of one patient."
    )
    assert desk.comparing.window is None
