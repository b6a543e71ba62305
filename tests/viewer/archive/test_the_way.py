"""From the archive, through the window, and back into it: a real Orthanc, a real mouse and keys."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QWidget

from fusion.annotations.journal import Journal
from fusion.annotations.keeping.sendings import STATE_WORDS
from fusion.archive.held.inbox import Tray, hashed
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import Settings
from fusion.errors import Cancelled
from fusion.opening import OpenOptions
from tests.archive.conftest import Clinic
from tests.viewer.scripted import Hands
from tests.viewer.simulated_neck import make_neck
from viewer.app import FrontDesk
from viewer.archive.page import ArchivePage
from viewer.archive.sending import SendDialog
from viewer.kit.dialogs import ProgressDialog
from viewer.start.recent import RecentStudies
from viewer.steps.model import Step
from viewer.wishes import Wishes

pytestmark = [pytest.mark.window, pytest.mark.slow]
WAIT_MS = 60_000


@pytest.fixture
def neck(clinic: Clinic, once: Callable[..., Path]) -> list[Path]:
    """A neck whose joints can be found, in the archive."""
    files = sorted(
        path for path in (once("neck", make_neck) / "study").rglob("*") if path.is_file()
    )
    clinic.pacs.store(files)
    return files


@pytest.fixture
def desk(
    napari_anew: None, settings: Settings, tmp_path: Path, qtbot: QtBot
) -> Iterator[FrontDesk]:
    desk = FrontDesk(Wishes(journal=tmp_path / "journal.sqlite", background=False))
    desk.show()
    yield desk
    desk.page.close()
    if desk.app is not None:
        desk.app.viewer.close()


def click(qtbot: QtBot, widget: QWidget) -> None:
    assert widget.isVisible()
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def modal(qtbot: QtBot, kind: type) -> Any:
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), kind), timeout=WAIT_MS)
    return QApplication.activeModalWidget()


def picture(widget: QWidget, name: str) -> None:
    """Keep a picture of a step where somebody wants to look at it."""
    if "ARCHIVE_PICTURES" in os.environ:
        widget.grab().save(str(Path(os.environ["ARCHIVE_PICTURES"]) / f"{name}.png"))


def test_a_study_is_opened_from_the_archive_finished_and_its_result_lies_beside_it(
    desk: FrontDesk, neck: list[Path], settings: Settings, qtbot: QtBot
) -> None:
    header = pydicom.dcmread(neck[0], stop_before_pixels=True)
    study = str(header.StudyInstanceUID)
    before = connect(settings, "web").objects(study)

    click(qtbot, desk.page.archive)
    page = modal(qtbot, ArchivePage)
    picture(desk.page, "1-start")
    page.archives.setCurrentText("pacs")
    qtbot.keyClicks(page.patient_id, str(header.PatientID))
    qtbot.keyClick(page.patient_id, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.job is None and page.answer is not None, timeout=WAIT_MS)
    place = [one.study_instance_uid for one in page.answer.studies].index(study)
    page.table.selectRow(place)
    qtbot.waitUntil(lambda: page.series.count() >= 2, timeout=WAIT_MS)
    picture(page, "2-found")
    seen = page.series.item(0).icon().pixmap(96, 96).toImage()
    shades = {seen.pixelColor(x, seen.height() // 2).lightness() for x in range(seen.width())}
    assert len(shades) > 3  # a picture, not a black square
    click(qtbot, page.open_it)

    qtbot.waitUntil(lambda: desk.app is not None and desk.app.review_window is not None,
                    timeout=WAIT_MS)  # fmt: skip
    window = desk.app.review_window
    assert window.review.pair.ct.study.study_instance_uid == study
    window.facets.start()
    hands = Hands(window, "A. Rchive")
    hands.settled()
    hands.read_by_keys()
    assert window.reading.reading.finalised is not None

    finish = window.targets_panel.finish
    window.show_step(Step.FINISH)
    hands.click(finish.send)
    dialog = modal(qtbot, SendDialog)
    assert dialog.archives.currentText() == "pacs"  # where it came from
    assert not dialog.draft.isVisible()
    hands.click(dialog.send)
    qtbot.waitUntil(lambda: dialog.job is None, timeout=3 * WAIT_MS)
    picture(dialog, "4-sent")
    said = dialog.message.text()
    assert said.startswith("Sent now: ")
    assert STATE_WORDS["answered for"] in said
    hands.click(dialog.close_it)
    [line] = finish.sent.texts
    assert "the final reading to archive pacs" in line
    picture(hands.main, "5-after")

    # Beside the images, each once; and noted.
    new = connect(settings, "web").objects(study).keys() - before.keys()
    with Journal(desk.wishes.journal) as journal:
        notes = journal.sendings(window.reading.reading.reading_id)
    assert [one.outcome for one in notes] == ["begun", "ended"]
    assert notes[-1].objects == dict.fromkeys(new, "answered for")
    assert {one.modality for one in connect(settings, "web").series(study)} >= {"SR", "SEG", "KO"}
    [recent] = RecentStudies(desk.wishes.journal).studies
    assert recent.path == f"archive:pacs/{study}"


def test_fetching_can_be_cancelled_and_goes_on_from_there(
    desk: FrontDesk,
    neck: list[Path],
    settings: Settings,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The click comes when some of it has arrived: the rest waits at the door until then."""
    study = str(pydicom.dcmread(neck[0], stop_before_pixels=True).StudyInstanceUID)
    kept: list[str] = []
    clicked = threading.Event()
    keep = Tray.keep

    def slowly(tray: Tray, uid: str, content: bytes) -> None:
        if len(kept) == 3:
            clicked.wait(WAIT_MS / 1000)
        keep(tray, uid, content)
        kept.append(uid)

    monkeypatch.setattr(Tray, "keep", slowly)
    desk.open(Path(f"archive:pacs/{study}"), OpenOptions())
    waiting = modal(qtbot, ProgressDialog)
    qtbot.waitUntil(lambda: len(kept) == 3, timeout=WAIT_MS)
    click(qtbot, waiting.cancel)
    clicked.set()
    qtbot.waitUntil(lambda: isinstance(desk.error, Cancelled), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: desk.job is not None and not desk.job.running, timeout=WAIT_MS)
    assert desk.page.isVisible()
    assert QApplication.activeModalWidget() is None
    assert desk.app is None
    folder = settings.place("inbox") / hashed(study)
    # What came is whole and stays: three, that at the door, and up to four behind it.
    assert 3 <= len(list(folder.glob("*.dcm"))) <= 8 < len(neck)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]

    before = len(kept)
    desk.open(Path(f"archive:pacs/{study}"), OpenOptions())
    qtbot.waitUntil(lambda: desk.app is not None and desk.app.review_window is not None,
                    timeout=WAIT_MS)  # fmt: skip
    assert (
        len(set(kept)) == len(kept) == len(list(folder.glob("*.dcm")))
    )  # nothing was fetched twice
    assert len(kept) > before
