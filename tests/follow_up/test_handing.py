"""What leaves of a comparison: the same objects each time, tied to what was before, or nameless."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest

from fusion.anatomy import Joint, Side
from fusion.annotations import Journal, Reading, StudyKey
from fusion.annotations.changes import TargetSaved
from fusion.cli import main
from fusion.deidentified import Deidentifier
from fusion.errors import FusionError
from fusion.export import Handout, hand_on_comparison
from fusion.export.dicom.structured_report import export_structured_report, tracking_uid
from fusion.export.follow_up.handing import edition_of, made_at
from fusion.export.follow_up.structured_report import write_comparison_report
from fusion.export.follow_up.wording import dates
from fusion.findings import FromFile, PersonName
from fusion.findings.follow_up import ANOTHER_TRACER, SAME_PATIENT_STATED
from fusion.follow_up import Comparison, Dated, compare
from fusion.opening import open_study
from tests.export.canaries import BIRTH_DAY, Canaries, fill, found_in
from tests.export.handed import target_at

pytestmark = pytest.mark.slow

HOTTER = Joint("C5-C6", Side.LEFT)
TEXT = ("LO", "SH", "PN", "LT", "ST", "UT")
#: The days of the two dates, as files and people write them.
DAYS = ("20240110", "20250112", "2024-01-10", "2025-01-12", "368")


def read(
    date: Dated, journal: Path, *, reader: str = "Dr. A", note: str = "", said: Joint = HOTTER
) -> Reading:
    """Return a reading of a date with one joint decided, under the name that was said."""
    review = date.review
    center = date.localisation.facet(HOTTER.level, HOTTER.side).center_lps
    assert center is not None
    key = StudyKey.of(review.fused.ct, review.fused.spect)
    with Journal(journal) as kept:
        reading = kept.begin(key, reader=reader).reading
        target = target_at(review, said, center, note=note, reader=reader)
        return kept.append(reading, TargetSaved(target), reader=reader, study=key).reading


def objects(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_comparison_is_the_same_objects_byte_for_byte(
    compared: Comparison, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        hand_on_comparison(compared, tmp_path / name)
    assert objects(tmp_path / "one") == objects(tmp_path / "two")


def test_another_sentence_or_another_reading_is_another_object(
    compared: Comparison, tmp_path: Path
) -> None:
    def uid(comparison: Comparison) -> str:
        return edition_of(comparison).uid("comparison", "instance")

    stated = SAME_PATIENT_STATED(who=PersonName("Dr. B"))
    read_once = replace(compared.later, reading=read(compared.later, tmp_path / "journal.db"))
    others = (
        compared,
        replace(compared, findings=(stated,)),
        replace(compared, later=read_once),
        replace(compared, earlier=compared.later),
    )
    assert len({uid(one) for one in others}) == len(others)
    assert uid(compared) == uid(replace(compared))


def test_decisions_that_the_anatomy_now_gives_to_another_joint_are_said(
    compared: Comparison, tmp_path: Path
) -> None:
    above = Joint("C4-C5", Side.LEFT)
    right = replace(compared.earlier, reading=read(compared.earlier, tmp_path / "1.db"))
    wrong = replace(compared.later, reading=read(compared.later, tmp_path / "2.db", said=above))
    said = [one.message for one in compare(right, wrong).findings if "DISPUTED" in one.message]
    assert said == [
        "LEVELS DISPUTED on the later date: the anatomy says otherwise now of what was decided "
        "there: Left C4-C5 (now Left C5-C6). Compared are the joints as they are numbered now."
    ]


def test_when_it_was_made_is_the_last_thing_that_was_said(
    compared: Comparison, tmp_path: Path
) -> None:
    # Nobody has read it: when the later volume was taken.
    assert f"{made_at(compared):%Y%m%d}" == "20250112"
    reading = read(compared.earlier, tmp_path / "journal.db")
    at = made_at(replace(compared, earlier=replace(compared.earlier, reading=reading)))
    assert at == reading.events[-1].time


def test_a_joint_keeps_the_identifier_of_the_earlier_target_and_its_report(
    compared: Comparison, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    # The earlier date's own structured report lies with it.
    study = tmp_path / "earlier"
    shutil.copytree(pair[0], study)
    reading = read(compared.earlier, tmp_path / "journal.db")
    handout = Handout.of(
        compared.earlier.review, reading, made=datetime(2026, 11, 30, tzinfo=UTC), localisation=None
    )
    (place,) = export_structured_report(handout, study)
    report = pydicom.dcmread(place)
    earlier = replace(compared.earlier, review=open_study(study), reading=reading)
    both = replace(compared, earlier=earlier)
    write_comparison_report(tmp_path / "comparison.dcm", both, edition_of(both))
    ds = pydicom.dcmread(tmp_path / "comparison.dcm")
    said = tracking_uid(reading.targets[0])
    uids = [str(e.value) for e in ds.iterall() if e.keyword == "UID"]
    assert uids.count(said) == 2  # both time points of this joint
    assert said in [str(e.value) for e in report.iterall() if e.keyword == "UID"]
    references = [str(e.value) for e in ds.iterall() if e.keyword == "ReferencedSOPInstanceUID"]
    assert str(report.SOPInstanceUID) in references


def filled(source: Path, folder: Path, canaries: Canaries, made: pydicom.Dataset) -> Path:
    """Copy a study, with words of their own wherever one can stand."""
    shutil.copytree(source, folder)
    for n, path in enumerate(sorted(folder.rglob("*.dcm"))):
        ds = pydicom.dcmread(path)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            canaries.uids[str(ds[keyword].value)] = keyword
        canaries.uids[str(ds.FrameOfReferenceUID)] = "FrameOfReferenceUID"
        whole = n == 0 or ds.Modality == "NM"
        for element in made:
            if element.VR in TEXT if element.tag in ds else whole:
                ds[element.tag] = element
        ds.PatientBirthDate = BIRTH_DAY
        ds.save_as(path)
    return folder


@pytest.fixture(scope="module")
def nameless(
    compared: Comparison, pair: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Comparison, Canaries, Path]:
    """A comparison that is full of canaries, and where it was handed on without identity."""
    folder, canaries, made = tmp_path_factory.mktemp("nameless"), Canaries(), pydicom.Dataset()
    fill(made, canaries)
    found = []
    for n, (date, source) in enumerate(zip((compared.earlier, compared.later), pair, strict=True)):
        place = folder / canaries.word("folder") / str(n)
        review = open_study(filled(source, place, canaries, made))
        review = review.with_registration(date.review.fused.registration)
        dated = replace(date, review=review)
        reader, note = f"Dr. {canaries.word('reader')}", canaries.word("note")
        reading = read(dated, folder / f"{n}.db", reader=reader, note=note)
        found.append(replace(dated, reading=reading))
    findings = (
        SAME_PATIENT_STATED(who=PersonName(canaries.word("who"))),
        ANOTHER_TRACER(
            earlier=FromFile(canaries.word("tracer")), later=FromFile(canaries.word("other tracer"))
        ),
        *compared.findings,
    )
    whole = replace(compared, earlier=found[0], later=found[1], findings=findings)
    hand_on_comparison(whole, folder / "out", deidentify=Deidentifier())
    return whole, canaries, folder / "out"


def test_nothing_that_leaves_names_anybody_or_a_day(
    nameless: tuple[Comparison, Canaries, Path],
) -> None:
    _, canaries, folder = nameless
    assert len(list(folder.iterdir())) == 6
    for path in folder.iterdir():
        assert found_in(path, canaries) == []
        for content in contents(path):
            assert b"anaryqzx" not in content
            for day in DAYS[:-1]:
                assert day.encode() not in content, (path.name, day)
            assert BIRTH_DAY.encode() not in content
        assert path.stat().st_mtime == 315_619_200
    assert DAYS[-1] not in json.dumps(json.loads((folder / "comparison.json").read_text())["days"])


def contents(path: Path) -> list[bytes]:
    """Return the bytes of a file, and what is packed in a PDF in it."""
    content = path.read_bytes()
    found = [content]
    for start in re.finditer(rb"stream\r?\n", content):
        try:
            found.append(zlib.decompressobj().decompress(content[start.end() :]))
        except zlib.error:
            continue
    return found


def test_what_leaves_without_identity_says_the_same_of_the_joints(
    nameless: tuple[Comparison, Canaries, Path], compared: Comparison
) -> None:
    _, _, folder = nameless
    document = json.loads((folder / "comparison.json").read_text("utf-8"))
    assert [one["ratio"] for one in document["joints"]] == [
        None if one.ratio is None else round(one.ratio, 4) for one in compared.joints
    ]
    assert [f["code"] for f in document["findings"]].count("de-identified") == 1
    assert "date removed" in (folder / "comparison.html").read_text("utf-8")
    ds = pydicom.dcmread(folder / "comparison_structured_report.dcm")
    assert ds.PatientIdentityRemoved == "YES"
    assert ds.ContentDate == "19000101"
    # Both dates are still tied: their images are referenced under the names they have now.
    evidence = [*ds.get("CurrentRequestedProcedureEvidenceSequence", [])]
    evidence += [*ds.get("PertinentOtherEvidenceSequence", [])]
    studies = {item.StudyInstanceUID for item in evidence}
    assert studies == {
        date["study_instance_uid"] for date in (document["earlier"], document["later"])
    }
    assert len(studies) == 2


def test_without_identity_it_goes_into_an_empty_folder(
    nameless: tuple[Comparison, Canaries, Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("Mrs. Miller", "utf-8")
    with pytest.raises(FusionError, match="A de-identified export needs a folder of its own"):
        hand_on_comparison(nameless[0], tmp_path, deidentify=Deidentifier())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.thorough
def test_shifted_dates_keep_the_days_between_them(
    nameless: tuple[Comparison, Canaries, Path], tmp_path: Path
) -> None:
    whole, canaries, _ = nameless
    # With a key of its own: one in 3,650 moves the later date onto the earlier one.
    shifting = Deidentifier(keeps_suv=True, key=bytes(range(32)))
    hand_on_comparison(whole, tmp_path / "out", deidentify=shifting)
    document = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    assert document["days"] == 368
    assert "368 days" in (tmp_path / "out" / "comparison.html").read_text("utf-8")
    for path in (tmp_path / "out").iterdir():
        assert found_in(path, canaries) == []
        assert not any(day.encode() in c for c in contents(path) for day in DAYS[:-1])


def test_days_that_are_not_known_are_said_in_words(compared: Comparison) -> None:
    assert dates(compared) == "2024-01-10 and 2025-01-12, 368 days apart"
    assert dates(replace(compared, days=None)).endswith(", days between them not stated")


def test_the_command_refuses_a_filled_folder_before_it_takes_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("Mrs. Miller", "utf-8")
    command = ["compare", "nowhere", "nowhere", "--to", str(tmp_path), "--deidentify"]
    assert main(command) == 3
    assert "What is written without identity goes into an empty" in capsys.readouterr().err


@pytest.mark.thorough
def test_what_the_command_prints_is_without_identity_too(
    pair: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # where no journal is
    assert main(["compare", *map(str, pair), "--deidentify", "--json"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said)["days"] is None
    assert not [day for day in DAYS[:-1] if day in said]
    uids = {str(pydicom.dcmread(p).StudyInstanceUID) for s in pair for p in s.rglob("*.dcm")}
    assert not [uid for uid in uids if uid in said]
