"""What was handed on comes back into a journal, equal, and only where it belongs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from fusion.anatomy.joints import JOINTS
from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal, Saved
from fusion.annotations.reading import Reading, replay
from fusion.annotations.study import StudyKey
from fusion.annotations.target import Decision
from fusion.cli import main
from fusion.errors import AnnotationError
from fusion.export import offer, read_reading, read_structured_report, report_beside, take_in
from fusion.export.dicom.structured_report import export_structured_report
from fusion.export.handout import Handout
from fusion.export.tables import export_reading
from fusion.opening import open_study
from fusion.plain_text import plain
from tests.annotations import samples
from tests.export.handed import HOT, MADE, Read, read_study

NAME = "T. Akes"


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """A final reading of three joints, its report beside the images, and its JSON."""
    read = read_study(tmp_path_factory.mktemp("taken"))
    export_reading(
        Handout.of(read.review, read.reading, made=MADE, localisation=None), read.study.parent
    )
    export_structured_report(
        Handout.of(read.review, read.reading, made=MADE, localisation=None), read.study
    )
    return read


def report(read: Read) -> Path:
    return read.study / "structured_report.dcm"


def test_decisions_of_a_report_come_back_and_leave_equal(read: Read, tmp_path: Path) -> None:
    offered = offer(report(read), read.review)
    written = sorted(read.reading.targets, key=lambda target: JOINTS.index(target.joint))
    # Of a note, hidden characters are not kept (docs/exports.md).
    assert offered.targets == tuple(replace(one, note=plain(one.note)) for one in written)
    assert any("counted from C2 (dens)" in line for line in offered.lines)
    assert any(line.startswith("Left C5-C6: positive, grade 2, by ") for line in offered.lines)
    with Journal(tmp_path / "new.sqlite") as journal:
        taken = take_in(offered, journal, reader=NAME)
        again = take_in(offered, journal, reader=NAME)
    assert taken.targets == offered.targets
    assert again.digest == taken.digest  # nothing is taken in twice
    # A draft in the name of who agreed, in which everything has to be checked anew.
    assert taken.finalised is None
    assert taken.alignment is taken.numbering is taken.pathway is None
    assert {event.reader for event in taken.events} == {NAME}
    assert taken.targets[0].reader == read.reading.targets[0].reader
    (path,) = export_structured_report(
        Handout.of(read.review, taken, made=MADE, localisation=None), tmp_path
    )
    assert read_structured_report(path) == offered.targets


def test_json_comes_back_with_its_whole_history(read: Read, tmp_path: Path) -> None:
    path = read.study.parent / "reading.json"
    with Journal(tmp_path / "new.sqlite") as journal:
        offered = offer(path, read.review)
        taken = take_in(offered, journal, reader=NAME)
        assert take_in(offered, journal, reader=NAME) == taken
        stored = journal.load(taken.reading_id)
    assert stored == taken == read.reading
    (again,) = export_reading(
        Handout.of(read.review, stored, made=MADE, localisation=None), tmp_path
    )
    assert again.read_bytes() == path.read_bytes()
    assert read_reading(again) == read.reading


def test_a_history_that_differs_is_not_written_over(read: Read, tmp_path: Path) -> None:
    key = StudyKey.of(read.review.fused.ct, read.review.fused.spect)
    offered = offer(read.study.parent / "reading.json", read.review)
    before = replay_until(read.reading, len(read.reading.events) - 1)
    with Journal(tmp_path / "new.sqlite") as journal:
        journal.adopt(before)
        target = replace(before.targets[0], note="changed here")
        saved = journal.append(before, TargetSaved(target), reader=NAME, study=key)
        assert isinstance(saved, Saved)
        with pytest.raises(AnnotationError, match="another history"):
            take_in(offered, journal, reader=NAME)
        assert journal.load(before.reading_id) == saved.reading


def replay_until(reading: Reading, events: int) -> Reading:
    return replay(reading.reading_id, reading.events[:events])


def test_what_is_decided_otherwise_is_not_changed(read: Read, tmp_path: Path) -> None:
    offered = offer(report(read), read.review)
    own = replace(
        next(t for t in offered.targets if t.joint == HOT),
        decision=Decision.INDETERMINATE,
        target_id="0" * 32,
    )
    with Journal(tmp_path / "new.sqlite") as journal:
        begun = journal.begin(offered.study, reader=NAME).reading
        saved = journal.append(begun, TargetSaved(own), reader=NAME, study=offered.study)
        assert isinstance(saved, Saved)
        with pytest.raises(AnnotationError, match="decides Left C5-C6 otherwise already"):
            take_in(offered, journal, reader=NAME)
        assert journal.load(begun.reading_id) == saved.reading


def test_a_final_reading_takes_nothing_in(read: Read, tmp_path: Path) -> None:
    offered = offer(report(read), read.review)
    other = replace(offered, targets=(replace(offered.targets[0], target_id="1" * 32),))
    with Journal(tmp_path / "new.sqlite") as journal:
        journal.adopt(read.reading)
        with pytest.raises(AnnotationError, match="Make an addendum first"):
            take_in(other, journal, reader=read.reading.reader)
        with pytest.raises(AnnotationError, match="name of its reader"):
            take_in(offered, journal, reader=" ")


@pytest.mark.parametrize(
    ("edit", "refusal"),
    [
        ({"StudyInstanceUID": "1.2.3.4"}, "belongs to another study"),
        ({"CurrentRequestedProcedureEvidenceSequence": []}, "made on other series"),
    ],
)
def test_a_report_of_something_else_is_refused(
    read: Read, tmp_path: Path, edit: dict[str, object], refusal: str
) -> None:
    ds = pydicom.dcmread(report(read))
    for keyword, value in edit.items():
        setattr(ds, keyword, value)
    ds.save_as(tmp_path / "edited.dcm")
    with pytest.raises(AnnotationError, match=refusal):
        offer(tmp_path / "edited.dcm", read.review)


def test_a_reading_of_other_data_is_refused(read: Read, tmp_path: Path) -> None:
    with Journal(tmp_path / "other.sqlite") as journal:
        other = journal.begin(samples.study(), reader=NAME).reading
    path = tmp_path / "reading.json"
    path.write_text(json.dumps({"schema_version": 1, "reading": other.to_json()}))
    with pytest.raises(AnnotationError, match="made on other data"):
        offer(path, read.review)
    path.write_text(json.dumps({"schema_version": 1, "reading": None}))
    with pytest.raises(AnnotationError, match="holds no reading"):
        offer(path, read.review)


def test_the_command_shows_first_and_takes_in_when_told(
    read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "new.sqlite"
    argv = ["import", str(read.study), "--reader", NAME, "--journal", str(journal)]
    assert main(argv) == 0
    printed = capsys.readouterr().out
    assert "Left C5-C6: positive, grade 2" in printed
    assert "Nothing was changed. Take it in with --yes." in printed
    assert not journal.exists()
    assert main([*argv, "--yes"]) == 0
    assert "version 1, a draft, 3 decisions." in capsys.readouterr().out
    # And is listed, shown, and found by how its identifier begins.
    assert main(["readings", "list", "--journal", str(journal), "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)["readings"]
    assert (listed["reader"], listed["status"], listed["positive"]) == (NAME, "draft", 2)
    short = listed["reading_id"][:8]
    assert main(["readings", "show", short, "--journal", str(journal)]) == 0
    shown = capsys.readouterr().out
    assert f"{NAME}, version 1, draft" in shown
    assert "Left C5-C6: positive" in shown
    assert "began reading" in shown
    assert main(["readings", "versions", short, "--journal", str(journal)]) == 0
    assert capsys.readouterr().out.count("version 1") == 1
    assert main(["readings", "show", "ab", "--journal", str(journal)]) == 3
    assert "at least 4 characters" in capsys.readouterr().err
    assert main(["readings", "list", "--journal", str(tmp_path / "none")]) == 3


def test_of_several_reports_the_last_version_is_meant(read: Read, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(read.study, study)
    assert report_beside(open_study(study)) == study / "structured_report.dcm"
    first = pydicom.dcmread(report(read))
    second = pydicom.dcmread(report(read))
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    second.save_as(study / "second.dcm")
    with pytest.raises(AnnotationError, match="2 structured reports"):
        report_beside(open_study(study))
    reference = pydicom.Dataset()
    reference.ReferencedSOPClassUID = first.SOPClassUID
    reference.ReferencedSOPInstanceUID = first.SOPInstanceUID
    series = pydicom.Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = first.SeriesInstanceUID, [reference]
    amended = pydicom.Dataset()
    amended.StudyInstanceUID, amended.ReferencedSeriesSequence = first.StudyInstanceUID, [series]
    second.PredecessorDocumentsSequence = [amended]
    second.save_as(study / "second.dcm")
    assert report_beside(open_study(study)) == study / "second.dcm"
    assert second.PreliminaryFlag == "FINAL"
    second.PreliminaryFlag = "PRELIMINARY"  # an addendum that nobody has finished
    second.save_as(study / "second.dcm")
    with pytest.raises(AnnotationError, match="a draft does not take that of a final one"):
        report_beside(open_study(study))
