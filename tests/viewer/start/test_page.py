"""The start page, with a real mouse: what it opens, and that it stays when something is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QProxyStyle, QStyle, QStyleHintReturn, QStyleOption, QWidget

import fusion
from fusion.opening import OpenOptions
from viewer.app import FrontDesk
from viewer.kit.dialogs import ProgressDialog
from viewer.start.recent import RecentStudies
from viewer.start.series import SeriesDialog
from viewer.wishes import Wishes

pytestmark = pytest.mark.window


@pytest.fixture
def desk(napari_anew: None, tmp_path: Path, qtbot: QtBot) -> Iterator[FrontDesk]:
    desk = FrontDesk(Wishes(journal=tmp_path / "journal.sqlite"))
    desk.show()
    yield desk
    desk.page.close()


def test_a_refused_folder_leads_back_with_the_sentence(
    desk: FrontDesk, tmp_path: Path, qtbot: QtBot
) -> None:
    empty = tmp_path / "holiday"
    empty.mkdir()
    (empty / "beach.txt").write_text("no DICOM")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(empty))])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    desk.page.dropEvent(drop)
    qtbot.waitUntil(lambda: desk.error is not None, timeout=30_000)
    assert desk.page.isVisible()
    assert desk.page.message.text().startswith("Not opened. No SPECT or PET volume was found")
    assert desk.app is None


def test_a_study_of_before_is_opened_with_its_series(
    tmp_path: Path, review: fusion.Review, study_folder: Path, qtbot: QtBot
) -> None:
    journal = tmp_path / "journal.sqlite"
    RecentStudies(journal).add(study_folder, review)
    desk = FrontDesk(Wishes(journal=journal))
    asked: list[tuple[Path, OpenOptions]] = []
    desk.open = lambda source, options: asked.append((source, options))
    desk.show()
    at = desk.page.list.visualItemRect(desk.page.list.item(0)).center()
    qtbot.mouseClick(desk.page.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    ((path, options),) = asked
    assert path == study_folder
    ct, spect = review.fused.ct.source, review.fused.spect.source
    assert (options.ct, options.spect) == (ct.series_instance_uid, spect.series_instance_uid)
    desk.page.close()


class OneClick(QProxyStyle):
    """As on desktops where one click activates: a click on a row is two wishes."""

    def styleHint(  # noqa: N802 - Qt's name
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returned: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.StyleHint.SH_ItemView_ActivateItemOnSingleClick:
            return 1
        return super().styleHint(hint, option, widget, returned)


def test_a_study_is_opened_once_where_one_click_activates(
    tmp_path: Path, review: fusion.Review, study_folder: Path, qtbot: QtBot
) -> None:
    journal = tmp_path / "journal.sqlite"
    RecentStudies(journal).add(study_folder, review)
    desk = FrontDesk(Wishes(journal=journal))
    desk.page.setStyleSheet("")  # a style sheet would put its own style in the place of this one
    style = OneClick()
    desk.page.list.setStyle(style)
    wishes: list[object] = []
    desk.page.again.connect(wishes.append)
    desk._show = lambda *_: None
    desk.show()
    at = desk.page.list.visualItemRect(desk.page.list.item(0)).center()
    qtbot.mouseClick(desk.page.list.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert len(wishes) == 2
    assert len(desk.page.findChildren(ProgressDialog)) == 1
    first = desk.job
    assert first is not None
    qtbot.waitUntil(lambda: not first.running, timeout=60_000)
    assert desk.job is first
    desk.page.close()


def test_the_series_are_listed_and_none_is_opened_unasked(
    desk: FrontDesk, review: fusion.Review, qtbot: QtBot
) -> None:
    opened: list[tuple[str, str]] = []
    dialog = SeriesDialog(desk.page, review, lambda *ids: opened.append(ids))
    dialog.open()
    states = {
        dialog.table.item(row, 1).text(): dialog.table.item(row, 4).text()
        for row in range(dialog.table.rowCount())
    }
    assert states == {"CT": "shown as CT", "SPECT": "shown as SPECT or PET"}
    for row in range(dialog.table.rowCount()):
        dialog.table.selectRow(row)
        kind = dialog.table.item(row, 1).text()
        assert (dialog.as_ct.isEnabled(), dialog.as_spect.isEnabled()) == (
            kind == "CT",
            kind == "SPECT",
        )
    assert not dialog.take.isEnabled()
    dialog.reject()
    assert opened == []
