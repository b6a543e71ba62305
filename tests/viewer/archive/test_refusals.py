"""What is refused is a sentence, what is stopped changes nothing, and priors are confirmed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import generate_uid
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

import fusion
from fusion.annotations.journal import Journal
from fusion.archive.settings import WHERE, Settings
from tests.archive.conftest import Clinic
from tests.archive.test_clinic import named, structured_report, write_prior
from viewer.app import FrontDesk
from viewer.archive.earlier import EarlierStudies
from viewer.archive.page import ArchivePage
from viewer.archive.sending import Parcel, SendDialog
from viewer.pathway.model import PathwayModel
from viewer.pathway.panel import PathwayPanel
from viewer.wishes import Wishes

pytestmark = [pytest.mark.window, pytest.mark.slow]
WAIT_MS = 60_000


@pytest.fixture
def desk(napari_anew: None, tmp_path: Path, qtbot: QtBot) -> Iterator[FrontDesk]:
    desk = FrontDesk(Wishes(journal=tmp_path / "journal.sqlite", background=False))
    desk.show()
    yield desk
    desk.page.close()


def press(qtbot: QtBot, widget: Any) -> None:
    assert widget.isVisible()
    assert widget.isEnabled()
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_without_archives_it_is_said_where_they_are_named(
    desk: FrontDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WHERE, str(tmp_path / "none.toml"))
    page = desk.page.ask_archive()
    assert "docs/archive.md" in page.message.text()
    assert not page.seek.isEnabled()
    page.reject()


# pynetdicom leaves a socket that never connected to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_is_off_is_a_sentence_and_the_page_stays(
    desk: FrontDesk, clinic: Clinic, settings: Settings, qtbot: QtBot
) -> None:
    text = clinic.toml.read_text().replace(str(clinic.pacs.dicom_port), "9")
    clinic.toml.write_text(text)
    page = desk.page.ask_archive()
    page.archives.setCurrentText("pacs")
    press(qtbot, page.seek)
    qtbot.waitUntil(lambda: page.job is None, timeout=WAIT_MS)
    assert page.message.text().startswith("Say what to look for")  # nothing was asked yet
    page.days.setCurrentText("today")
    press(qtbot, page.seek)
    qtbot.waitUntil(lambda: page.job is None, timeout=WAIT_MS)
    assert "cannot be reached" in page.message.text()
    assert page.isVisible()
    assert page.seek.isEnabled()
    assert not page.open_it.isEnabled()
    page.reject()


def test_a_search_that_is_stopped_leaves_the_page_free_at_once(
    desk: FrontDesk, clinic: Clinic, settings: Settings, qtbot: QtBot
) -> None:
    page = desk.page.ask_archive()
    assert isinstance(page, ArchivePage)
    place = [one.name for one in page.kept.all].index("Today, NM and CT, neck") + 1
    page.searches.setCurrentIndex(place)
    page.searches.activated.emit(place)
    assert page.asked.modalities == ("NM", "CT")
    assert page.asked.neck
    press(qtbot, page.stop)
    assert page.job is None
    assert page.answer is None
    assert page.message.text().startswith("Stopped.")
    qtbot.keyClicks(page.patient_id, "FF-4711")
    page.days.setCurrentIndex(0)
    qtbot.keyClick(page.patient_id, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.answer is not None, timeout=WAIT_MS)
    assert clinic.study in [one.study_instance_uid for one in page.answer.studies]
    page.reject()


def test_a_study_that_is_not_whole_is_not_opened_and_the_page_says_so(
    desk: FrontDesk, clinic: Clinic, settings: Settings, qtbot: QtBot
) -> None:
    desk.page.chosen.emit(Path("archive:pacs/1.2.3"))
    qtbot.waitUntil(lambda: desk.error is not None, timeout=WAIT_MS)
    assert desk.page.message.text().startswith("Not opened. The archive pacs has no study")
    assert desk.page.isVisible()


def test_a_draft_is_sent_only_when_that_is_ticked_and_a_failure_is_noted(
    desk: FrontDesk, clinic: Clinic, settings: Settings, qtbot: QtBot
) -> None:
    with Journal(desk.wishes.journal) as journal:
        reading = journal.adopt(clinic.read.reading)
    assert reading.finalised is None

    def make(place: Path, _progress: object) -> None:
        place.mkdir()
        header = pydicom.dcmread(clinic.files[0])
        header.PatientName, header.Modality = "Marker^Eva", "SR"
        header.save_as(place / "result.dcm")

    parcel = Parcel(reading, desk.wishes.journal, reading.reader, make)
    dialog = SendDialog(desk.page, parcel, archive="pacs")
    dialog.open()
    assert not dialog.send.isEnabled()
    press(qtbot, dialog.draft)
    press(qtbot, dialog.send)
    qtbot.waitUntil(lambda: dialog.job is None, timeout=WAIT_MS)
    assert "states another patient for this study" in dialog.message.text()
    assert dialog.send.text() == "Send again"
    [line] = dialog.before.texts
    assert "a draft to archive pacs, 0 sent now: failed" in line
    press(qtbot, dialog.close_it)
    assert not dialog.isVisible()


def test_priors_stand_at_their_questions_and_answer_nothing_by_themselves(
    clinic: Clinic, settings: Settings, tmp_path: Path, qtbot: QtBot
) -> None:
    for n, changes in enumerate(
        (
            {"Modality": "MR", "StudyDescription": "MRT HWS nativ"},
            {"Modality": "MR", "StudyDescription": "not hers", "PatientName": "Marker^Eva"},
        )
    ):
        write_prior(tmp_path / "prior" / f"{n}.dcm", clinic.files[0], **changes)
    report = structured_report(clinic, tmp_path)
    read = {**named(report), "StudyInstanceUID": generate_uid()}
    write_prior(tmp_path / "prior" / "sr.dcm", report, **read)
    clinic.pacs.stow(sorted((tmp_path / "prior").iterdir()))
    review = fusion.open_study(clinic.read.study)
    model = PathwayModel(today=dt.date(2026, 11, 30))
    panel = PathwayPanel(model)
    box = EarlierStudies(review.pair.spect.study, model.suggest, archive="pacs")
    panel.add_below(box)
    qtbot.addWidget(panel)
    panel.resize(430, 900)
    panel.show()
    press(qtbot, box.look_for)
    qtbot.waitUntil(lambda: box.job is None, timeout=WAIT_MS)
    said = box.message.text()
    assert "Nothing is answered until you confirm it" in said
    assert "Not shown: 1 study under the same ID, of another person" in said
    assert model.values == {}
    [offered, way_on] = [one for one in box.compare.texts if "reading" in one or "hold" in one]
    assert "a reading by Dr. Åsa Öberg, Version 1, not final" in offered
    assert f"facetfusion import archive:pacs/{read['StudyInstanceUID']}" in offered
    assert f"facetfusion compare archive:pacs/{read['StudyInstanceUID']}" in way_on
    dated = next(p for p in model.proposals if p.key == "mri_date")
    assert (dated.value, "archive pacs: MR" in dated.source) == ("2023-01-02", True)
    question = panel.questions["mri_date"]
    shown = " ".join(label.text() for label in question.findChildren(QLabel))
    assert "The archive suggests 2023-01-02" in shown
    assert "not hers" not in " ".join(label.text() for label in panel.findChildren(QLabel))

    # Each is confirmed by hand; a detail waits for the question that it belongs to.
    button = question.findChild(QPushButton)
    assert not button.isEnabled()
    model.answer("mri", "inconclusive")
    qtbot.waitUntil(button.isEnabled)
    button.click()
    assert model.values["mri_date"] == "2023-01-02"
