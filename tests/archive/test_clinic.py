"""Studies come from a real archive, whole, by both ways, and go on where they stopped."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from benchmarks.archive_hostile import GET, child
from fusion.annotations.journal import Journal
from fusion.annotations.reading import Reading
from fusion.archive.address import parse_address
from fusion.archive.earlier import Whose, priors
from fusion.archive.getting import get
from fusion.archive.model import FoundStudy, Keep, Listed, Query, Told
from fusion.archive.noting import send_noted
from fusion.archive.protocols.connecting import connect
from fusion.archive.sending import prepared, send
from fusion.archive.settings import WHERE, Settings, read_settings
from fusion.cli import main
from fusion.dicom.catalog import scan
from fusion.errors import AnnotationError, ArchiveError, Cancelled
from fusion.export import hand_on
from tests.archive.conftest import NAME, Clinic, data_sets
from tests.export.handed import AGREEING

#: A server is started.
pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("way", ["pacs", "web"])


@pytest.mark.parametrize("way", ["pacs", "web", "moved"])
def test_a_study_is_found_and_fetched_as_it_is(
    way: str, clinic: Clinic, settings: Settings
) -> None:
    archive = connect(settings, way)
    [found] = archive.studies(Query(patient_id="FF-4711"))
    assert found.study_instance_uid == clinic.study
    assert found.count == len(clinic.files)
    assert set(found.modalities) == {"CT", "NM"}
    assert found.patient.name == NAME
    assert archive.studies(Query(patient_id="2")) == ()
    assert {one.modality for one in archive.series(clinic.study)} == {"CT", "NM"}

    folder = get(archive, clinic.study, settings=settings)
    assert data_sets(list(folder.iterdir())) == data_sets(clinic.files)
    assert len(scan(folder).studies) == 1
    assert clinic.study not in str(folder)
    assert sorted(path.name for path in folder.parent.iterdir()) == [  # no parts are left
        folder.name,
        f"{folder.name}.whole",
    ]


@BOTH
def test_it_goes_on_where_it_stopped(way: str, clinic: Clinic, settings: Settings) -> None:
    archive = connect(settings, way)
    arrived = set()

    def stop(fraction: float, step: str) -> None:
        if step.startswith("Fetching") and fraction > 0:
            arrived.add(fraction)  # told again while the archive is at it
            if len(arrived) == 3:
                raise Cancelled("enough")

    with pytest.raises(Cancelled):
        get(archive, clinic.study, settings=settings, progress=stop)
    folder = next(path for path in settings.place("inbox").iterdir() if path.is_dir())
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(kept) == 3

    assert get(archive, clinic.study, settings=settings) == folder
    assert len(list(folder.iterdir())) == len(clinic.files)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # not fetched again


def test_what_a_killed_get_left_is_whole(clinic: Clinic, settings: Settings) -> None:
    process = child(GET, clinic.toml, clinic.study)
    inbox = settings.place("inbox")
    until = time.monotonic() + 60
    while not list(inbox.glob("*/*.dcm")) and time.monotonic() < until:
        time.sleep(0.005)  # look often: it has to be killed while files still arrive
    process.kill()
    process.communicate()
    kept = [path for path in inbox.glob("*/*.dcm") if not path.parent.name.startswith("part-")]
    originals = data_sets(clinic.files)
    assert kept
    assert all(originals[uid] == ds for uid, ds in data_sets(kept).items())
    folder = get(connect(settings, "pacs"), clinic.study, settings=settings)
    assert data_sets(list(folder.iterdir())) == originals


class Leaky:
    """An archive that loses objects: one on the way, or one from its list."""

    name = "pacs"

    def __init__(self, archive: object, *, drop: int, hide: int) -> None:
        self._archive, self._drop, self._hide = archive, drop, hide

    def __getattr__(self, name: str) -> object:
        return getattr(self._archive, name)

    def objects(self, study: str) -> dict[str, Listed]:
        return dict(list(self._archive.objects(study).items())[self._hide :])  # type: ignore[attr-defined]

    def fetch(self, study: str, wanted: Sequence[Listed], keep: Keep, **_: object) -> None:
        self._archive.fetch(study, wanted[self._drop :], keep)  # type: ignore[attr-defined]


#: Gets a study where no file may grow beyond a few bytes, as on a full disk.
FULL = """
import resource, signal, sys
from fusion.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
sys.exit(main(["archive", "get", sys.argv[1]]))
"""


def test_a_full_disk_is_said_and_keeps_nothing_half(clinic: Clinic, settings: Settings) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL, f"archive:pacs/{clinic.study}"],
        env=os.environ | {WHERE: str(clinic.toml)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 3
    assert "What arrived cannot be kept" in run.stderr
    assert "Traceback" not in run.stderr
    assert list(settings.place("inbox").rglob("*.dcm")) == []


@pytest.mark.parametrize(("drop", "hide"), [(1, 0), (0, 1)])
def test_less_than_the_archive_counts_is_refused(
    drop: int, hide: int, clinic: Clinic, settings: Settings
) -> None:
    leaky = Leaky(connect(settings, "web"), drop=drop, hide=hide)
    with pytest.raises(ArchiveError, match="not whole"):
        get(leaky, clinic.study, settings=settings)  # type: ignore[arg-type]


def test_only_what_was_asked_for_is_kept(clinic: Clinic, settings: Settings) -> None:
    class Stranger(Leaky):
        def fetch(self, study: str, wanted: Sequence[Listed], keep: Keep, **_: object) -> None:
            content = clinic.files[0].read_bytes()
            assert not keep("1.2.3.999", content)  # not listed
            assert not keep(
                wanted[0].sop_instance_uid,
                content.replace(study.encode(), study[:-2].encode() + b"12"),
            )

    with pytest.raises(ArchiveError, match="not whole: 0 of its objects"):
        get(Stranger(connect(settings, "web"), drop=0, hide=0), clinic.study, settings=settings)  # type: ignore[arg-type]


def test_the_command_line_and_an_address_for_a_path(
    clinic: Clinic, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["archive", "find", "pacs", "--patient-id", "FF-4711", "--json"]) == 0
    [study] = json.loads(capsys.readouterr().out)["studies"]
    assert study["address"] == f"archive:pacs/{clinic.study}"
    assert main(["archive", "get", study["address"]]) == 0
    assert "whole" in capsys.readouterr().out
    assert main(["scan", study["address"], "--json"]) == 0
    [scanned] = json.loads(capsys.readouterr().out)["studies"]
    assert scanned["study_instance_uid"] == clinic.study
    assert main(["archive", "find", "pacs"]) == 3
    assert "whole archive is not listed" in capsys.readouterr().err
    assert main(["archive", "get", "archive:pacs/1.2.3"]) == 3
    assert "has no study with this identifier" in capsys.readouterr().err


def test_an_address_that_was_a_path_of_windows_is_the_same() -> None:
    assert parse_address("archive:pacs\\1.2.3") == ("pacs", "1.2.3")


@pytest.mark.parametrize(
    "address",
    ["archive:", "archive:/1.2", "archive:pacs/../x", "archive:pacs/1..2", "archive:p/1.2*"],
)
def test_an_address_is_taken_apart_strictly(address: str) -> None:
    with pytest.raises(ArchiveError, match="Expected archive:NAME"):
        parse_address(address)


# pynetdicom leaves a socket that never connected to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_is_not_there(tmp_path: Path, clinic: Clinic) -> None:
    clinic.write_settings(tmp_path)
    for name, port in (("pacs", clinic.pacs.dicom_port), ("web", clinic.pacs.http_port)):
        text = clinic.toml.read_text().replace(str(port), "9")
        clinic.toml.write_text(text)
        with pytest.raises(ArchiveError, match="cannot be reached"):
            connect(read_settings(clinic.toml), name).studies(Query(patient_id="FF-4711"))


def test_priors_become_proposals_beside_the_questions(
    clinic: Clinic, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "priors"
    for n, changes in enumerate(
        (
            {"Modality": "CR", "StudyDescription": "HWS Funktionsaufnahmen"},
            {"Modality": "CR", "StudyDescription": "not his", "PatientBirthDate": "19610204"},
            {"Modality": "CR", "StudyDescription": "not his", "IssuerOfPatientID": "ELSEWHERE"},
        )
    ):
        write_prior(folder / f"{n}.dcm", clinic.files[0], **changes)
    clinic.pacs.store(sorted(folder.iterdir()))
    study = str(clinic.read.study)
    for way in ("pacs", "web"):
        assert main(["archive", "priors", study, "--from", way, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        keys = [one["key"] for one in found["proposals"]]
        assert keys == [
            "radiographs", "radiographs_date", "radiograph_flexion", "radiograph_extension"
        ]  # fmt: skip
        assert found["not_shown"] == {"birth date": 1, "issuer of the ID": 1}
        assert "not his" not in json.dumps(found)

    facts = tmp_path / "facts.toml"
    facts.write_text("cervical_pain = true\n")
    asked = ["pathway", str(facts), "--study", study, "--earlier", "archive:pacs", "--json"]
    assert main(asked) == 0
    said = json.loads(capsys.readouterr().out)
    assert "archive pacs: CR" in json.dumps(said["evidence"])
    assert "radiographs" not in json.dumps(said["facts"])  # proposed, never set


def write_prior(path: Path, image: Path, **changes: str) -> None:
    """An image of the study as an earlier one, with other words."""
    path.parent.mkdir(exist_ok=True)
    header = pydicom.dcmread(image)
    header.StudyDate, header.SeriesDescription = "20230102", ""
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(header, keyword, generate_uid())
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    for keyword, value in changes.items():
        setattr(header, keyword, value)
    header.save_as(path)


@pytest.mark.parametrize("way", ["pacs", "web", "moved"])
def test_an_earlier_reading_is_offered_and_nobody_elses(
    way: str,
    clinic: Clinic,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = structured_report(clinic, tmp_path)
    who = {"PatientID": f"READ-{way}", "StudyDescription": "SPECT/CT HWS", "StudyDate": "20230102"}
    study = tmp_path / "study"
    write_prior(study / "0.dcm", clinic.files[0], **{**who, "StudyDate": "20260102"})
    folder, studies = tmp_path / "priors", []
    for n, changes in enumerate(
        (
            {},
            {"PatientName": "Marker^Eva"},  # another person under the same ID
            {"PatientBirthDate": ""},
            {"StudyDate": "20270101"},  # after the study under review
        )
    ):
        studies.append(generate_uid())
        stated = {**who, **changes, "StudyInstanceUID": studies[-1]}
        write_prior(folder / f"{n}.dcm", clinic.files[0], **stated)
        write_prior(folder / f"sr{n}.dcm", report, **{**named(report), **stated})
    # The study is stated as hers, its report as another's.
    foreign = {**who, "StudyInstanceUID": generate_uid()}
    write_prior(folder / "9.dcm", clinic.files[0], **foreign)
    foreign |= {"PatientSex": "M", **named(report)}
    write_prior(folder / "sr9.dcm", report, **foreign)
    clinic.pacs.stow(sorted(folder.iterdir()))

    whose = Whose.of(scan(study).studies[0])
    found = priors(connect(settings, way), whose, inbox=settings.place("inbox"))
    [reading] = found.readings
    assert reading.study.study_instance_uid == studies[0]
    assert (reading.reader, reading.version, reading.which.is_final) == (
        "Dr. Åsa Öberg",
        "Version 1",
        False,
    )
    said = " ".join(found.reading_words(way))
    assert "not final" in said
    assert "2023-01-02 (SPECT/CT HWS)" in said
    assert f"facetfusion import archive:{way}/{studies[0]} --reader NAME" in said
    assert f"facetfusion compare archive:{way}/{studies[0]} PATH" in said
    # By DICOMweb this archive states the sex of the report for the whole study.
    foreign_one = "1 study under the same ID" if way == "web" else "1 reading in a study of this"
    assert foreign_one in next(line for line in found.not_shown_words if "(sex not" in line)
    assert {**found.not_shown, **found.readings_not_shown} == {"name": 1, "birth date": 1, "sex": 1}
    assert found.later == 1
    assert list(settings.place("inbox").rglob("*.dcm")) == []  # looked at, not kept


def structured_report(clinic: Clinic, tmp_path: Path) -> Path:
    place = prepared(
        clinic.write_settings(tmp_path / "made"), "sr", lambda folder: hand_on(
            clinic.read.review, clinic.read.reading, folder, localisation=AGREEING)
    )  # fmt: skip
    [report] = [path for path in place.glob("*.dcm") if pydicom.dcmread(path).Modality == "SR"]
    return report


def named(report: Path) -> dict[str, str]:
    return {"SeriesDescription": str(pydicom.dcmread(report).SeriesDescription)}


# ---- Results go back -----------------------------------------------------------------------------


def send_args(clinic: Clinic, *more: str) -> list[str]:
    journal = str(clinic.read.journal)
    return ["archive", "send", str(clinic.read.study), "--to", "pacs", "--journal", journal, *more]


def test_results_go_into_the_study_once_and_are_answered_for(
    clinic: Clinic, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(send_args(clinic)) == 3
    assert "not finalised; nothing was sent" in capsys.readouterr().err
    assert not settings.place("outbox").exists()

    before = connect(settings, "web").objects(clinic.study)
    assert main(send_args(clinic, "--draft", "--json")) == 0
    sent = json.loads(capsys.readouterr().out)
    assert set(sent["objects"].values()) == {"answered for"}  # by Orthanc, to our listener
    assert sent["sent_now"] == len(sent["objects"]) > 5
    after = connect(settings, "web").objects(clinic.study)
    assert after.keys() - before.keys() == sent["objects"].keys()
    kinds = {one.modality for one in connect(settings, "web").series(clinic.study)}
    assert kinds == {"CT", "NM", "SR", "SEG", "REG", "KO", "DOC", "OT"}

    # Again, as after a crash before anything was written down: the same objects, none twice.
    record = Path(sent["folder"]) / "sent.json"
    assert json.loads(record.read_text())["pacs"].keys() == sent["objects"].keys()
    record.unlink()
    assert main(send_args(clinic, "--draft", "--json")) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["sent_now"], again["objects"]) == (0, sent["objects"])
    assert connect(settings, "web").objects(clinic.study) == after

    # Each try is noted beside the reading, before and after.
    [reading] = kept_readings(clinic.read.journal, clinic.study)
    assert main(["readings", "show", reading.reading_id, "--journal", str(clinic.read.journal),
                 "--json"]) == 0  # fmt: skip
    notes = json.loads(capsys.readouterr().out)["sendings"]
    assert [(one["outcome"], one["sent_now"]) for one in notes] == [
        ("begun", 0), ("ended", len(sent["objects"])), ("begun", 0), ("ended", 0)
    ]  # fmt: skip
    assert {one["archive"] for one in notes} == {"pacs"}
    assert all(one["draft"] and one["sender"] == reading.reader for one in notes)
    assert notes[-1]["objects"] == sent["objects"]

    # Out of the archive again: the report lies with the images there.
    taken = ["import", f"archive:pacs/{clinic.study}", "--reader", "B. Other", "--yes"]
    assert main([*taken, "--journal", str(settings.folder / "other.sqlite")]) == 0
    said = capsys.readouterr().out
    [reading] = kept_readings(settings.folder / "other.sqlite", clinic.study)
    assert {one.joint for one in reading.targets} == {
        one.joint for one in clinic.read.reading.targets
    }
    assert all(one.joint.name in said for one in reading.targets)


def kept_readings(path: Path, study: str) -> tuple[Reading, ...]:
    with Journal(path) as journal:
        return journal.readings(study)


def test_a_try_that_failed_or_was_stopped_is_noted(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    reading = clinic.read.reading
    place = prepared(settings, "two", lambda folder: copy_of(clinic, folder))

    class Broken(Leaky):
        def store(self, files: Sequence[Path], told: Told) -> None:
            told(files[0], "")
            raise ArchiveError("It stopped answering.")

        def objects(self, study: str) -> dict[str, Listed]:
            return {}

    class Stopped(Broken):
        def store(self, files: Sequence[Path], told: Told) -> None:
            raise Cancelled("enough")

    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.adopt(reading)
    for kind, raised in ((Broken, ArchiveError), (Stopped, Cancelled)):
        archive = kind(connect(settings, "pacs"), drop=0, hide=0)
        with pytest.raises(raised):
            send_noted(archive, place, reading, sender="A. Sender", journal=path)  # type: ignore[arg-type]
    with Journal(path) as journal:
        notes = journal.sendings(reading.reading_id)
    assert [(one.outcome, one.sent_now, one.reason) for one in notes] == [
        ("begun", 0, ""),
        ("failed", 1, "It stopped answering."),
        ("begun", 0, ""),
        ("stopped", 0, ""),
    ]


def test_nothing_is_sent_that_the_journal_cannot_note(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    place = prepared(settings, "three", lambda folder: copy_of(clinic, folder))
    empty = tmp_path / "journal.sqlite"
    Journal(empty).close()

    class Untouched:  # has nothing that it could be asked by
        name = "pacs"

    with pytest.raises(AnnotationError):
        send_noted(Untouched(), place, clinic.read.reading, sender="A", journal=empty)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command",
    [
        ["scan", "{}"],
        pytest.param(["fuse", "{}", "--to", "results"], marks=pytest.mark.thorough),
        pytest.param(["export", "{}", "--to", "results"], marks=pytest.mark.thorough),
        ["facets", "{}"],
        ["pathway", "facts.toml", "--study", "{}", "--earlier", "{}"],
        ["archive", "priors", "{}", "--from", "pacs"],
    ],
)
def test_an_address_stands_wherever_a_path_may(
    command: list[str], clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(settings.folder)
    Path("facts.toml").write_text("cervical_pain = true\n")
    assert main([part.format(f"archive:pacs/{clinic.study}") for part in command]) == 0
    [folder] = (path for path in settings.place("inbox").iterdir() if path.is_dir())
    assert len(list(folder.iterdir())) >= len(clinic.files)


@pytest.mark.parametrize(
    ("stated", "issuer", "refusal"),
    [
        ({"name": "Marker^Eva"}, "", "name differ"),
        ({"patient_id": "ff-4711"}, "", "patient ID (in capitals or blanks) differ"),
        ({}, "ELSEWHERE", "issuer of the ID differ"),
    ],
)
def test_results_are_not_filed_under_another_person(
    stated: dict[str, str], issuer: str, refusal: str, clinic: Clinic, settings: Settings
) -> None:
    class Refiled:
        name = "pacs"

        def studies(self, query: Query) -> tuple[FoundStudy, ...]:
            [found] = connect(settings, "pacs").studies(query)
            assert found.patient.patient_id == "FF-4711"
            patient = replace(found.patient, **stated)
            return (replace(found, patient=patient, issuer=issuer),)

    place = prepared(settings, "one", lambda folder: copy_of(clinic, folder))
    with pytest.raises(ArchiveError, match=rf"another patient for this.*{re.escape(refusal)}"):
        send(Refiled(), place)  # type: ignore[arg-type]


def copy_of(clinic: Clinic, folder: Path) -> None:
    """A file that could be a result: one image of the study, called a report."""
    folder.mkdir()
    header = pydicom.dcmread(clinic.files[0])
    header.Modality, header.IssuerOfPatientID = "SR", "HERE"
    header.save_as(folder / "result.dcm")
