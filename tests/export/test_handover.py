"""Everything handed on at once: one patient, one study, valid, and nothing of another study."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from fusion.annotations.changes import TargetSaved
from fusion.annotations.journal import Journal
from fusion.annotations.study import StudyKey
from fusion.cli import main
from fusion.errors import AnnotationError
from fusion.export.dicom.structured_report import tracking_uid
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.handover import Handed, hand_on
from fusion.export.tables import read_reading
from fusion.facets import no_canal
from fusion.facets.spine_statements import Anomaly, SpineStatements
from tests.export.dicom.others import dicom3tools
from tests.export.handed import AGREEING, HOT, Read, read_study, target_at
from tests.viewer.marked_study import MIDDLE_LPS

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reading.schema.json"
SHARED_ATTRIBUTES = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "StudyDescription",
)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    return read_study(tmp_path_factory.mktemp("handed"), patient_name="ONE-Müller <Ana>")


@pytest.fixture(scope="module")
def handed(read: Read, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    return hand_on(read.review, read.reading, tmp_path_factory.mktemp("out"), localisation=AGREEING)


def folder(handed: Handed) -> Path:
    return handed.paths[0].parent


def objects(handed: Handed) -> Iterator[pydicom.Dataset]:
    yield from (pydicom.dcmread(path) for path in handed.paths if path.suffix == ".dcm")


@pytest.mark.slow
def test_every_file_is_listed_and_there(handed: Handed) -> None:
    assert sorted(handed.paths) == sorted(folder(handed).iterdir())
    assert len(set(handed.paths)) == len(handed.paths)


def test_targets_come_back_from_dicom_and_json(read: Read, handed: Handed) -> None:
    assert read_reading(folder(handed) / "reading.json") == read.reading
    back = read_structured_report(folder(handed) / "structured_report.dcm")
    assert {t.target_id: t.point_lps for t in back} == {
        t.target_id: t.point_lps for t in read.reading.targets
    }


def test_the_document_follows_the_published_schema(read: Read, handed: Handed) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = json.loads(SCHEMA.read_text())
    document = json.loads((folder(handed) / "reading.json").read_text())
    jsonschema.validate(document, schema)
    assert set(document) == set(schema["properties"])  # every key is described


def test_all_objects_are_of_one_patient_and_study(read: Read, handed: Handed) -> None:
    source = read.review.pair.ct.header
    count = 0
    for ds in objects(handed):
        count += 1
        for keyword in SHARED_ATTRIBUTES:
            assert str(ds.get(keyword, "")) == str(source.get(keyword, "")), keyword
    assert count == 5 + 1 + 2 * 3 + 1


def test_series_and_instances_are_their_own(handed: Handed) -> None:
    found = list(objects(handed))
    assert len({ds.SOPInstanceUID for ds in found}) == len(found)
    by_series: dict[str, set[str]] = {}
    for ds in found:
        by_series.setdefault(ds.SeriesInstanceUID, set()).add(str(ds.SOPClassUID))
    assert all(len(classes) == 1 for classes in by_series.values())
    assert len(by_series) == 7


def test_a_target_has_one_identifier_everywhere(read: Read, handed: Handed) -> None:
    seg = pydicom.dcmread(folder(handed) / "uptake_regions.dcm")
    segments = {segment.TrackingUID: segment.SegmentLabel for segment in seg.SegmentSequence}
    for uid, label in segments.items():
        [target] = [t for t in read.reading.positive if tracking_uid(t) == uid]
        assert label == f"{target.joint.name} uptake"


def test_key_objects_point_to_the_pictures(handed: Handed) -> None:
    ko = pydicom.dcmread(folder(handed) / "key_objects.dcm")
    pictures = {
        pydicom.dcmread(path).SOPInstanceUID for path in folder(handed).glob("picture_*.dcm")
    }
    said = {
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in ko.ContentSequence
        if item.ValueType == "IMAGE"
    }
    assert said == pictures


def test_the_wrapped_pdf_is_the_pdf(handed: Handed) -> None:
    ds = pydicom.dcmread(folder(handed) / "report_pdf.dcm")
    pdf = (folder(handed) / "report.pdf").read_bytes()
    assert ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength] == pdf


def test_dciodvfy_finds_no_error_in_any(handed: Handed) -> None:
    for path in folder(handed).glob("*.dcm"):
        assert "Error" not in dicom3tools("dciodvfy", path), path.name


def test_dcentvfy_finds_the_set_consistent(read: Read, handed: Handed) -> None:
    files = [*folder(handed).glob("*.dcm"), *read.study.glob("*.dcm")]
    assert "Error" not in dicom3tools("dcentvfy", *files)


def test_without_targets_all_else_is_written(tmp_path: Path) -> None:
    read = read_study(tmp_path, targets=[], final=False)
    handed = hand_on(read.review, read.reading, tmp_path / "out", localisation=AGREEING)
    names = {path.name for path in handed.paths}
    assert {"structured_report.dcm", "report.pdf", "report.html", "joints.csv"} <= names
    assert "uptake_regions.dcm" not in names
    assert "no-segmentation" in {finding.code for finding in handed.findings}
    assert read_structured_report(tmp_path / "out" / "structured_report.dcm") == ()
    assert read_reading(tmp_path / "out" / "reading.json") == read.reading


@pytest.mark.slow
def test_nothing_of_an_earlier_export_stays(read: Read, tmp_path: Path) -> None:
    first = hand_on(read.review, read.reading, tmp_path, localisation=AGREEING)
    assert (tmp_path / "uptake_regions.dcm").exists()
    second = hand_on(read.review, None, tmp_path, localisation=AGREEING)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {path.name for path in second.paths}
    assert left < {path.name for path in first.paths}
    assert read_structured_report(tmp_path / "structured_report.dcm") == ()
    assert read_reading(tmp_path / "reading.json") is None


def test_a_reading_of_other_data_is_refused(read: Read, tmp_path: Path) -> None:
    other = read_study(tmp_path / "other", targets=[])
    with pytest.raises(AnnotationError, match="other data"):
        hand_on(other.review, read.reading, tmp_path / "out", localisation=AGREEING)
    assert not (tmp_path / "out").exists()


def test_a_point_without_uptake_is_said(read: Read, tmp_path: Path) -> None:
    far = target_at(read.review, HOT, MIDDLE_LPS + np.array([600.0, 0, 0]))
    with Journal(tmp_path / "journal.db") as journal:
        study = StudyKey.of(read.review.fused.ct, read.review.fused.spect)
        begun = journal.begin(study, reader="R").reading
        saved = journal.append(begun, TargetSaved(far), reader="R", study=study)
    handed = hand_on(read.review, saved.reading, tmp_path / "out", localisation=no_canal())
    assert "no-uptake-region" in {finding.code for finding in handed.findings}


# ---- The command line ------------------------------------------------------------------------


def test_what_the_reader_said_of_the_spine_is_in_the_report(read: Read, tmp_path: Path) -> None:
    said = SpineStatements(
        {"C2": (1.0, 2.0, 3.0)},
        {HOT: (4.0, 5.0, 6.0)},
        (Anomaly("cervical rib", note="on the left"),),
    )
    hand_on(read.review, replace(read.reading, said=said), tmp_path, localisation=AGREEING)
    report = (tmp_path / "report.html").read_text("utf-8")
    assert "Cervical rib recorded: on the left." in report
    assert "Vertebrae named by the reader: C2." in report
    assert f"Joints placed by the reader: {HOT.name}." in report


@pytest.mark.slow
def test_export_takes_the_reading_from_the_journal(
    read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["export", str(read.study), "--to", str(tmp_path), "--journal", str(read.journal)]
    assert main([*argv, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {Path(name).name for name in printed["files"]} == {p.name for p in tmp_path.iterdir()}
    assert read_reading(tmp_path / "reading.json") == read.reading


@pytest.mark.slow
def test_export_asks_whose_reading(
    read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_path = tmp_path / "journal.db"
    with Journal(journal_path) as journal:
        for reader in ("One", "Two"):
            journal.begin(read.reading.study, reader=reader)
    argv = ["export", str(read.study), "--to", str(tmp_path / "o"), "--journal", str(journal_path)]
    assert main(argv) == 3
    assert "choose one with --reader" in capsys.readouterr().err
    assert main([*argv, "--reader", "Three"]) == 3
    assert not (tmp_path / "o").exists()
    assert main([*argv, "--reader", "Two", "--version", "2"]) == 3
    assert "The reading has no version 2; there is: 1." in capsys.readouterr().err
    assert main([*argv, "--reader", "Two"]) == 0
    assert "Reading by Two, version 1, a draft: 0 decisions." in capsys.readouterr().out


def test_export_without_journal(
    read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    absent = ["--journal", str(tmp_path / "none.db")]
    argv = ["export", str(read.study), "--to", str(tmp_path / "o")]
    assert main([*argv, *absent]) == 3
    assert "There is no journal" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()
