"""A study on disk: beginning, stages, and what a reader is shown."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pydicom
import pytest

from fusion.cli import main
from fusion.errors import ReaderStudyError
from fusion.reader_study.showing import shown_case
from fusion.reader_study.study import ReaderStudy, waiting_words
from tests.reader_study.begun import begun, read, write_cases
from tests.reader_study.designs import design_text

BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def just_begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("begun"), head="washout_days = 14").folder


@pytest.fixture
def study(just_begun: Path, tmp_path: Path) -> ReaderStudy:
    return ReaderStudy.open(shutil.copytree(just_begun, tmp_path / "study"))


def test_a_study_begins_once_and_stays_as_it_began(study: ReaderStudy) -> None:
    again = ReaderStudy.open(study.folder)
    assert again.plan == study.plan
    assert [one.patient for one in again.plan.case] == [0, 1]
    with pytest.raises(ReaderStudyError, match="The study has begun already"):
        ReaderStudy.begin(study.file)
    study.file.write_text(study.file.read_text().replace("seed = 7", "seed = 8"))
    with pytest.raises(ReaderStudyError, match="cannot be changed once it has begun"):
        ReaderStudy.open(study.file)


def test_each_showing_has_an_identifier_of_its_own(study: ReaderStudy) -> None:
    uids = [one.study_uid for order in study.plan.order.values() for one in order]
    assert len(uids) == len(set(uids)) == 3 * 2 * 2


def test_cases_of_one_patient_are_one_cluster(tmp_path: Path) -> None:
    write_cases(tmp_path, 3, patient="ID-1")
    (tmp_path / "study.toml").write_text(design_text(3))
    assert {one.patient for one in ReaderStudy.begin(tmp_path).plan.case} == {0}


def test_a_case_that_cannot_be_opened_is_told_before_anything_is_written(tmp_path: Path) -> None:
    write_cases(tmp_path, 2)
    (tmp_path / "study.toml").write_text(design_text(3))
    with pytest.raises(ReaderStudyError, match="The case 'c02' cannot be opened"):
        ReaderStudy.begin(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cases", "study.toml"]
    with pytest.raises(ReaderStudyError, match="has not begun"):
        ReaderStudy.open(tmp_path)
    shutil.copytree(tmp_path / "cases" / "0", tmp_path / "cases" / "2")
    with pytest.raises(ReaderStudyError, match="'c00' and 'c02' hold the same images"):
        ReaderStudy.begin(tmp_path)


def test_where_there_is_no_study_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReaderStudyError, match="There is no study"):
        ReaderStudy.open(tmp_path)
    (tmp_path / "study.toml").write_text(design_text(1))
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(ReaderStudyError, match="restore it from a backup"):
        ReaderStudy.open(tmp_path)


def test_a_finished_case_does_not_come_back(study: ReaderStudy) -> None:
    assert study.next_of("Reader A").key == "1-1"
    read(study, "Reader A", "1-1", final=False)
    assert study.next_of("Reader A").key == "1-1"
    read(study, "Reader B", "1-1")
    assert study.next_of("Reader A").key == "1-1"
    read(study, "Reader B", "1-2")
    done = read(study, "Reader A", "1-2")  # whatever the order
    assert done.finalised
    assert study.next_of("Reader A").key == "1-1"


def test_a_stage_opens_when_the_one_before_is_done_and_its_time_has_passed(
    study: ReaderStudy,
) -> None:
    for key in ("1-1", "1-2"):
        read(study, "Reader A", key, when=BEFORE)
    almost = BEFORE + timedelta(days=13, hours=20)
    with pytest.raises(ReaderStudyError, match=r"Stage 2 of 2 is not open yet: .* in 5 hours\."):
        study.next_of("Reader A", now=almost)
    assert "the stage opens in 5 hours" in study.headway("Reader A", now=almost).words
    after = BEFORE + timedelta(days=15)
    assert study.next_of("Reader A", now=after).key == "2-1"
    read(study, "Reader A", "2-1", when=after)
    # Within a stage nobody waits.
    assert study.next_of("Reader A", now=after).key == "2-2"
    read(study, "Reader A", "2-2", when=after)
    assert study.next_of("Reader A", now=after) is None
    headway = study.headway("Reader A", now=after)
    assert headway.done
    assert headway.words == "stage 2 of 2, 2 of 2 cases finished, 0 min; all is read"


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (timedelta(minutes=1), "one hour"),
        (timedelta(hours=1, seconds=1), "2 hours"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=13, hours=1), "14 days"),
    ],
)
def test_no_wait_is_told_shorter_than_it_is(wait: timedelta, said: str) -> None:
    assert waiting_words(wait) == said


def test_a_case_is_shown_without_identity(study: ReaderStudy) -> None:
    shown = study.next_of("Reader A")
    review = shown_case(study, "Reader A", shown)
    (uid,) = (
        one.study_uid for one in study.plan.order["Reader A"] if one.number == 1 and one.stage == 1
    )
    assert review.fused.ct.source.study_instance_uid == uid
    said = f"{review.title} {review.findings} {review.pair} {review.catalog}"
    said = re.sub(r"\b2\.25\.\d+", "", said)  # random digits may hold any year
    for word in ("Somebody", "ID-0", "ID-1", "2024", "1961", "cases", "c00", "c01"):
        assert word not in said, word


def test_a_case_that_has_changed_is_not_shown_and_only_the_list_says_which(
    study: ReaderStudy,
) -> None:
    shown = study.next_of("Reader A")
    number = shown.case[-1]
    (path,) = (study.folder / "cases" / number).glob("nm*.dcm")
    ds = pydicom.dcmread(path)
    ds.PixelData = b"\x07" + ds.PixelData[1:]
    ds.save_as(path)
    with pytest.raises(ReaderStudyError) as caught:
        shown_case(study, "Reader A", shown)
    assert str(caught.value) == (
        "Case 1 of 2 cannot be shown. Whoever runs the study finds the reason in problems.txt; "
        "nothing that was read is lost."
    )
    assert caught.value.__cause__ is None
    problems = (study.folder / "problems.txt").read_text()
    assert f"The images of the case '{shown.case}' are not those" in problems


def test_no_other_command_opens_a_readers_journal(
    study: ReaderStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    read(study, "Reader B", "1-1")
    journal, case = str(study.journal_of("Reader B")), str(study.folder / "cases" / "0")
    for command in (
        ["readings", "list", "--journal", journal],
        ["export", case, "--to", str(study.folder / "x"), "--journal", journal],
        ["review", case, "--journal", journal],
        ["archive", "send", case, "--journal", journal],
        ["import", case, "--reader", "A", "--journal", journal],
        ["journal", journal, "--copy", str(study.folder / "copy")],
    ):
        assert main(command) != 0, command
        assert "This journal belongs to a reader study." in capsys.readouterr().err, command
    assert not (study.folder / "copy").exists()
    assert main(["journal", journal]) == 0


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_cases(tmp_path, 2)
    (tmp_path / "study.toml").write_text(design_text(2))
    assert main(["readers", "new", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Cases: 2, patients: 2, readers: 3, stages: 2." in said
    assert f'facetfusion readers next "{tmp_path}" --reader "Reader B"' in said
    study = ReaderStudy.open(tmp_path)
    study.times_of("Reader A").add("1-1", "x", 600.0)
    read(study, "Reader A", "1-1")
    assert main(["readers", "status", str(tmp_path / "study.toml")]) == 0
    said = capsys.readouterr().out
    assert "Reader A: stage 1 of 2, 1 of 2 cases finished, 10 min\n" in said
    assert "Reader B: stage 1 of 2, 0 of 2 cases finished, 0 min\n" in said
    assert main(["readers", "status", str(tmp_path), "--json"]) == 0
    (first, *_) = json.loads(capsys.readouterr().out)["readers"]
    assert (first["finished"], first["active_minutes"], first["done"]) == (1, 10.0, False)
    assert main(["readers", "next", str(tmp_path), "--reader", "Nobody"]) == 3
    assert "The study has no reader of that name" in capsys.readouterr().err
