"""A reader study at the window: one case after the other, and nothing that tells whose it is."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QApplication, QPushButton

from fusion.anatomy.joints import JOINTS
from fusion.annotations.journal import Journal
from fusion.annotations.target import Decision
from fusion.errors import FusionError
from fusion.reader_study.study import ReaderStudy
from sample_data import Truth
from tests.export.canaries import BIRTH_DAY, MARK, Canaries, fill
from tests.reader_study.begun import read, write_cases
from tests.reader_study.designs import design_text
from tests.sample_data.conftest import coarsely_scanned
from tests.viewer.places import in_files, on_screen
from tests.viewer.scripted import Hands, wait_until
from viewer.reader_study import ReadingRoom, run
from viewer.reading.blinded import NOT_PROPOSED

pytestmark = [pytest.mark.window, pytest.mark.slow]

#: In the notes of the other reader, and in those of this reader's earlier cases.
FOREIGN = "Foreignqzx"
DATES = (BIRTH_DAY, "1961-02-03", "20130517", "2013-05-17", "17.05.2013")


def write_named(folder: Path, source: Path, number: int, canaries: Canaries) -> None:
    """Copy a study under a name that tells, with every attribute that can hold one, and a voxel."""
    shutil.copytree(source, folder)
    for path in sorted(folder.rglob("*.dcm")):
        ds = pydicom.dcmread(path)
        if ds.Modality == "NM" or path.name.endswith("0001.dcm"):
            fill(ds, canaries)
        ds.PatientName, ds.PatientID = canaries.word("name"), canaries.word("id")
        ds.PatientName = f"{MARK}{number}"
        ds.PatientID = f"{MARK}-ID{number}"
        ds.PatientBirthDate, ds.StudyDate = BIRTH_DAY, "20130517"
        ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20130517"
        ds.StudyDescription = ds.SeriesDescription = f"{MARK} description"
        ds.AccessionNumber = f"{MARK}{number}"[:16]
        if ds.Modality == "NM":
            ds.PixelData = bytes([number]) + ds.PixelData[1:]
        ds.save_as(path)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, once: Callable[..., Truth]) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    source = coarsely_scanned(once).folder
    for number in (0, 1):
        write_named(folder / "cases" / f"{MARK}{number}", source, number, Canaries())
    text = design_text(2, head=f'title = "{MARK} study"\nreaders = ["Reader A", "Reader B"]')
    for number in (0, 1):
        text = text.replace(f'"c0{number}"', f'"{MARK}c{number}"')
        text = text.replace(f'"cases/{number}"', f'"cases/{MARK}{number}"')
    (folder / "study.toml").write_text(text)
    ReaderStudy.begin(folder)
    return folder


@pytest.fixture
def study(begun: Path, tmp_path: Path) -> ReaderStudy:
    return ReaderStudy.open(shutil.copytree(begun, tmp_path / "study"))


@pytest.fixture
def rooms(
    qapp: QApplication, make_napari_viewer: object, qtbot: QtBot
) -> Iterator[list[ReadingRoom]]:
    opened: list[ReadingRoom] = []
    yield opened
    for room in opened:
        if room.window is not None:
            room.window.viewer.close()
        room.page.close()


def shown(room: ReadingRoom, number: str) -> Hands:
    """Wait until a case is on screen."""
    wait_until(lambda: room.window is not None and room.window.viewer.title.endswith("facetfusion"))
    wait_until(
        lambda: room.shown is not None and room.shown.key == number and not room.page.isVisible()
    )
    hands = Hands(room.window, "")
    hands.settled()
    return hands


def forbidden(words: str) -> list[str]:
    return [one for one in (MARK, FOREIGN, *DATES) if one in words]


def test_a_case_is_shown_without_a_word_about_whose_it_is(
    study: ReaderStudy, rooms: list[ReadingRoom]
) -> None:
    hot = {JOINTS[4]: (Decision.POSITIVE, 2, 3.0, (1.0, 2.0, 3.0))}
    read(study, "Reader B", "1-1", hot, note=FOREIGN)
    room = ReadingRoom(study, "Reader A")
    rooms.append(room)
    room.next()
    window = shown(room, "1-1").window
    assert window.viewer.title.endswith("Case 1 of 2 · facetfusion")
    assert window.facets.assessment.proposals == ()
    said = list(on_screen(window))
    assert any(words.startswith(NOT_PROPOSED) for _, words in said)
    assert {(place, *forbidden(words)) for place, words in said if forbidden(words)} == set()
    buttons = window.header.window().findChildren(QPushButton)
    offered = {button.text() for button in buttons if not button.isHidden()}
    offered |= {action.text() for action in window.header.window().findChildren(QAction)}
    ways_out = ("Read as…", "Addendum…", "Export…", "Send to the archive…", "Open another study…")
    assert offered & set(ways_out) == set()
    window.viewer.close()
    wait_until(lambda: not room.page.isVisible())
    assert study.next_of("Reader A").key == "1-1"


@pytest.mark.thorough
def test_cases_follow_each_other_and_nothing_tells_whose_they_are(
    study: ReaderStudy, rooms: list[ReadingRoom], caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    # What another reader said of the very cases, and this one of a case before.
    hot = {JOINTS[4]: (Decision.POSITIVE, 2, 3.0, (1.0, 2.0, 3.0))}
    read(study, "Reader B", "1-1", hot, note=FOREIGN)
    read(study, "Reader B", "1-2", hot, note=FOREIGN, final=False)
    looked: list[tuple[str, str]] = []
    room = ReadingRoom(study, "Reader A")
    rooms.append(room)
    room.next()
    for number in (1, 2):
        hands = shown(room, f"1-{number}")
        window = hands.window
        assert window.viewer.title.endswith(f"Case {number} of 2 · facetfusion")
        assert window.header.identity.text() == f"Case {number} of 2"
        assert not window.header.read_as.isVisible()
        assert not window.reading.known
        assert not window.reading.others
        # This arm proposes nothing, and does not begin at the hottest place.
        fused = window.review.fused
        assert np.allclose(window.linked.point_lps, fused.display_grid.center_lps, atol=2.0)
        assert np.linalg.norm(window.linked.point_lps - fused.focus_lps) > 10
        assert window.facets.assessment.proposals == ()
        found = window.targets_panel.hot
        assert [found.item(n).text() for n in range(found.count())] == [NOT_PROPOSED]

        def look(step: str, window=window, number=number) -> None:
            looked.extend(on_screen(window))
            targets = window.reading.reading.targets
            if step == "last word" and number == 1 and targets and not targets[0].note:
                window.reading.revise(targets[0].joint, note=FOREIGN)

        hands.read_blinded(look)
        wait_until(lambda window=window: room.window is not window)
    # Without days between them, the next stage comes at once, and this one with proposals.
    hands = shown(room, "2-1")
    assert hands.window.facets.assessment.proposals
    # The journal knows that these pixels were read before, and does not say it.
    assert hands.window.reading.findings == ()
    assert hands.window.viewer.title.endswith("Case 1 of 2 · facetfusion")
    looked += on_screen(hands.window)
    hands.window.viewer.close()
    looked += in_files(study.place_of("Reader A"), besides="journal.sqlite")
    out, err = capfd.readouterr()
    looked += [("log", caplog.text), ("output", out), ("errors", err)]
    logging.getLogger(__name__).info("%d places were looked at", len(looked))
    assert len(looked) > 1000
    told = {(place, *forbidden(words)) for place, words in looked if forbidden(words)}
    assert told == set()
    with Journal(study.journal_of("Reader A")) as journal:
        readings = journal.readings()
    assert [one.finalised is not None for one in readings] == [True, True, False]
    assert FOREIGN in [t.note for t in readings[0].targets]
    # The journal holds what its reader wrote, and nothing of a patient or another.
    kept = study.journal_of("Reader A").read_bytes().decode("latin-1")
    assert [one for one in (MARK, "Reader B", *DATES) if one in kept] == []
    assert study.headway("Reader A").words.startswith("stage 2 of 2, 0 of 2 cases finished")
    seconds = study.times_of("Reader A").seconds()
    assert set(seconds) >= {"1-1", "1-2"}
    assert all(one > 0 for one in seconds.values())


def test_where_there_is_no_screen_no_picture_that_is_not_blinded_is_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cases(tmp_path, 1)
    (tmp_path / "study.toml").write_text(design_text(1))
    study = ReaderStudy.begin(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FusionError) as caught:
        run(study, "Reader A")
    assert str(caught.value).endswith("Read at a computer with a screen.")
