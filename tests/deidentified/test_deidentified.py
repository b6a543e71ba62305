"""An export without identity: nobody named anywhere, and still one consistent study."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zlib
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from string import Formatter

import numpy as np
import pydicom
import pytest
from PIL import Image

from fusion.annotations.changes import (
    AlignmentReviewed,
    Finalised,
    NumberingConfirmed,
    Opened,
    PathwayAnswered,
    Record,
    TargetSaved,
)
from fusion.annotations.journal import Journal
from fusion.annotations.reading import replay
from fusion.annotations.snapshots import LocalisationSnapshot, Measured
from fusion.annotations.study import StudyKey
from fusion.cli import main
from fusion.deidentified.profile import NO_MOMENT, Deidentifier
from fusion.deidentified.reading import (
    REMOVED,
    Readers,
    deidentified_answer,
    deidentified_reading,
    described,
)
from fusion.deidentified.review import deidentified_review, plain_findings
from fusion.errors import Cancelled, FusionError
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.handover import Handed, hand_on
from fusion.export.tables import read_reading
from fusion.findings import (
    Finding,
    FromFile,
    PersonName,
    Severity,
    alignment,
    files,
    readings,
    volumes,
)
from fusion.findings.table import KINDS
from fusion.opening import open_study
from fusion.pathway.assessment import Assessment
from fusion.pathway.facts.facts_file import facts_from_values
from fusion.review import Review
from tests.export.canaries import BIRTH_DAY, MARK, Canaries, fill_study, found_in, texts_of
from tests.export.dicom.others import debian, dicom3tools
from tests.export.handed import (
    AGREEING,
    BESIDE,
    BESIDE_LPS,
    HOT,
    HOT_LPS,
    registration_of,
    target_at,
)
from tests.viewer.marked_study import write_study

pytestmark = pytest.mark.slow


class Export:
    """A study full of canaries, its reading, and what was handed on of it."""

    def __init__(self, folder: Path) -> None:
        self.canaries = Canaries()
        self.study = write_study(folder / self.canaries.word("folder") / "study")
        fill_study(self.study, self.canaries)
        self.review = open_study(self.study)
        self.journal = folder / "journal.db"
        self.reading = self._read()
        self.how = Deidentifier()
        self.folder = folder / "out"
        self.handed: Handed = hand_on(
            self.review,
            self.reading,
            self.folder,
            deidentify=self.how,
            with_images=True,
            localisation=AGREEING,
        )

    def _read(self):
        word = self.canaries.word
        reader = f"Dr. {word('reader')}"
        review = self.review
        located = LocalisationSnapshot(
            source=f"labels of {word('label file')}.nii",
            numbering="counted from C2 (dens)",
            confidence_mm=1.0,
        )
        uptake = Measured.of(
            {"maximum": 812.0, "ratio_to_reference": 2.5},
            unit="counts",
            reference=f"the bone of {word('reference')}",
        )
        facts = facts_from_values(
            {
                "cervical_pain": True,
                "prior_cervical_surgery": True,
                "surgery_date": "2019-04-05",
                "surgery_levels": [word("surgery level")],
                "other_red_flag": word("red flag"),
            }
        )
        changes = [
            TargetSaved(
                target_at(review, HOT, HOT_LPS, note=word("note"), reader=reader,
                          localisation=located, uptake=uptake)
            ),
            TargetSaved(target_at(review, BESIDE, BESIDE_LPS, reader=word("other reader"))),
            AlignmentReviewed(registration_of(review), note=word("alignment note")),
            NumberingConfirmed(
                numbering=f"counted by {word('numbering')}", anchor="C2", c2_in_field=True,
                t1_in_field=True, disagreement=word("disagreement"), note=word("why"),
            ),
            PathwayAnswered(Assessment.of(facts, reader=word("facts by"))),
            Finalised(),
        ]  # fmt: skip
        key = StudyKey.of(review.fused.ct, review.fused.spect)
        with Journal(self.journal) as journal:
            reading = journal.begin(key, reader=reader).reading
            for change in changes:
                reading = journal.append(reading, change, reader=reader, study=key).reading
        return reading

    @property
    def copies(self) -> Path:
        return self.folder / "images"

    def objects(self) -> list[pydicom.Dataset]:
        return [pydicom.dcmread(path) for path in sorted(self.folder.glob("*.dcm"))]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(tmp_path_factory.mktemp("canaries"))


def everything(export: Export) -> list[Path]:
    return sorted(path for path in export.folder.rglob("*") if path.is_file())


def test_the_study_was_full_of_canaries_and_so_is_an_ordinary_export(
    export: Export, tmp_path: Path
) -> None:
    """Else the tests below would find nothing because nothing was there."""
    assert len(export.canaries.words) > 1000
    handed = hand_on(export.review, export.reading, tmp_path / "named", localisation=AGREEING)
    named = {path.name for path in handed.paths if found_in(path, export.canaries)}
    assert {"reading.json", "report.html", "structured_report.dcm", "joints.csv"} <= named


def test_no_canary_in_any_byte_of_any_file(export: Export) -> None:
    assert sorted(export.handed.paths) == everything(export)
    assert not [hit for path in everything(export) for hit in found_in(path, export.canaries)]


def test_no_canary_in_what_can_be_read(export: Export) -> None:
    known = [MARK, *export.canaries.uids, BIRTH_DAY, "1961-02-03"]
    for path in everything(export):
        if path.suffix in (".dcm", ".json"):
            said = texts_of(path)
            assert not [word for word in known if word in said], path.name


def test_no_canary_in_the_streams_of_the_pdf(export: Export) -> None:
    pdf = (export.folder / "report.pdf").read_bytes()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        assert MARK.encode() not in content


def test_no_canary_in_the_words_of_the_pdf(export: Export) -> None:
    program = debian("pdftotext", "poppler-utils")
    done = subprocess.run(
        [program, export.folder / "report.pdf", "-"], capture_output=True, text=True, check=True
    )
    assert "Reader 1" in done.stdout
    assert MARK not in done.stdout
    assert "2024-03-11" not in done.stdout


def test_no_text_hides_in_the_pictures(export: Export) -> None:
    for path in export.folder.glob("*.png"):
        with Image.open(path) as image:
            image.load()
            assert not {k: v for k, v in image.info.items() if isinstance(v, str | bytes)}


def days_in(path: Path) -> set[str]:
    ds = pydicom.dcmread(path)
    elements = [e for e in ds.iterall() if e.VR in ("DA", "DT") and e.value]
    return {str(element.value)[:8] for element in elements}


def test_no_date_is_left(export: Export) -> None:
    for path in everything(export):
        if path.suffix == ".dcm":
            assert days_in(path) <= {"19000101"}, path.name
            ds = pydicom.dcmread(path)
            times = {str(e.value) for e in ds.iterall() if e.VR == "TM" and e.value}
            assert times <= {"000000"}, path.name
    this_year = str(datetime.now().year)
    for name in ("reading.json", "review.json", "registration.json", "joints.csv", "report.html"):
        said = (export.folder / name).read_text("utf-8-sig")
        text = re.sub(r"base64,[^\"]*", "", said)
        for day in (f"{this_year}-", "2024-", "20240311", "2019-"):
            assert day not in text, name
    assert "date removed" in (export.folder / "report.html").read_text()


def test_for_suv_all_dates_move_together(export: Export, tmp_path: Path) -> None:
    how = Deidentifier(keeps_suv=True)
    handed = hand_on(
        export.review,
        export.reading,
        tmp_path / "o",
        deidentify=how,
        with_images=True,
        localisation=AGREEING,
    )
    shifted = f"{how.day(date(2024, 3, 11)):%Y%m%d}"
    made = {f"{datetime.now() - how.shift - timedelta(days=n):%Y%m%d}" for n in (0, 1)}
    for path in handed.paths:
        assert not found_in(path, export.canaries)
        if path.suffix == ".dcm":
            assert days_in(path) <= {shifted, "19000101", *made}, path.name
            ds = pydicom.dcmread(path)
            assert ds.StudyDate == shifted
            assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
            assert not ds.PatientBirthDate
    back = read_reading(tmp_path / "o" / "reading.json")
    assert [event.time + how.shift for event in back.events] == [
        event.time for event in export.reading.events
    ]


def test_all_objects_and_copies_are_of_one_patient_and_study(export: Export) -> None:
    all_of_them = [*export.objects(), *map(pydicom.dcmread, export.copies.iterdir())]
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "StudyTime"):
        assert len({str(ds[keyword].value) for ds in all_of_them}) == 1, keyword
    for ds in all_of_them:
        assert ds.PatientIdentityRemoved == "YES"
        assert ds.LongitudinalTemporalInformationModified == "REMOVED"
        codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
        assert codes == ["113100", "113104", "113105"]
        assert ds.get("BurnedInAnnotation", "NO") == "NO" or ds.Modality in ("CT", "NM")
        assert not [e for e in ds.iterall() if e.tag.is_private]
        for keyword in ("PatientWeight", "PatientAge", "PatientBirthDate", "PatientSex"):
            assert not ds.get(keyword)


def test_every_reference_to_an_image_finds_its_copy(export: Export) -> None:
    copies = {str(pydicom.dcmread(path).SOPInstanceUID) for path in export.copies.iterdir()}
    ours = {str(ds.SOPInstanceUID) for ds in export.objects()}
    referenced = {
        str(element.value)
        for ds in export.objects()
        for element in ds.iterall()
        if element.keyword == "ReferencedSOPInstanceUID"
    }
    assert referenced
    assert referenced <= copies | ours
    assert len(copies) == 61


@pytest.fixture(scope="module")
def opened(export: Export) -> Review:
    return open_study(export.copies)


def test_the_copies_open_with_the_same_pixels_and_geometry(export: Export, opened: Review) -> None:
    again = opened
    for before, after in (
        (export.review.fused.ct, again.fused.ct),
        (export.review.fused.spect, again.fused.spect),
    ):
        assert np.array_equal(before.values(), after.values())
        assert np.array_equal(before.grid.affine, after.grid.affine)
        assert before.unit == after.unit
        assert before.grid.frame_of_reference_uid != after.grid.frame_of_reference_uid
    assert (
        again.fused.ct.grid.frame_of_reference_uid == again.fused.spect.grid.frame_of_reference_uid
    )


def test_the_reading_comes_back_and_fits_the_copies(export: Export, opened: Review) -> None:
    back = read_reading(export.folder / "reading.json")
    assert back is not None
    again = opened
    assert back.study == StudyKey.of(again.fused.ct, again.fused.spect)
    assert len(back.events) == len(export.reading.events)
    assert back.finalised
    for before, after in zip(export.reading.targets, back.targets, strict=True):
        assert (after.joint, after.decision, after.grade) == (
            before.joint, before.decision, before.grade
        )  # fmt: skip
        assert after.point_lps == before.point_lps
        assert after.target_id != before.target_id
        assert after.time == NO_MOMENT
    assert [t.reader for t in back.targets] == ["Reader 1", "Reader 2"]
    assert back.targets[0].note == REMOVED
    assert back.targets[0].localisation.source == REMOVED
    assert back.targets[0].localisation.numbering == "counted from C2 (dens)"
    answered = back.pathway.change
    assert isinstance(answered, PathwayAnswered)
    assert answered.assessment.words == export.reading.pathway.change.assessment.words
    # A handed-on reading can be handed on again with the copies.
    assert hand_on(again, back, export.folder.parent / "again", localisation=AGREEING).paths


def test_the_report_comes_back_equal_to_the_reading(export: Export) -> None:
    reading = read_reading(export.folder / "reading.json")
    back = read_structured_report(export.folder / "structured_report.dcm")
    assert {t.target_id: (t.joint, t.point_lps, t.note) for t in back} == {
        t.target_id: (t.joint, t.point_lps, t.note) for t in reading.targets
    }


def test_the_registration_comes_back(export: Export, tmp_path: Path) -> None:
    shutil.copytree(export.copies, tmp_path / "all")
    ours = pydicom.dcmread(export.folder / "spatial_registration.dcm")
    ours.Manufacturer = "Somebody"  # our own is not used where it moves nothing
    ours.save_as(tmp_path / "all" / "spatial_registration.dcm")
    again = open_study(tmp_path / "all")
    assert again.fused.registration.method.value == "stored Spatial Registration"
    np.testing.assert_allclose(
        again.fused.registration.transform.matrix,
        export.review.fused.registration.transform.matrix,
        atol=1e-9,
    )


def test_dciodvfy_finds_no_error_in_any_object(export: Export) -> None:
    for path in export.folder.glob("*.dcm"):
        assert "Error" not in dicom3tools("dciodvfy", path), path.name


def test_dciodvfy_finds_in_a_copy_only_what_it_finds_in_the_source(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    hand_on(
        open_study(study),
        None,
        tmp_path / "out",
        deidentify=Deidentifier(),
        with_images=True,
        localisation=AGREEING,
    )
    for source, copied in (("ct000", "ct_0001"), ("nm", "spect_0061")):
        errors = [
            set(re.findall(r"Error - .*", dicom3tools("dciodvfy", path)))
            for path in (study / f"{source}.dcm", tmp_path / "out" / "images" / f"{copied}.dcm")
        ]
        assert errors[1] <= errors[0]
    assert "Error" not in dicom3tools("dcentvfy", *(tmp_path / "out").rglob("*.dcm"))


def test_a_second_export_cannot_be_joined_to_the_first(export: Export, tmp_path: Path) -> None:
    hand_on(
        export.review,
        export.reading,
        tmp_path / "o",
        deidentify=Deidentifier(),
        localisation=AGREEING,
    )
    first, second = (
        pydicom.dcmread(folder / "structured_report.dcm")
        for folder in (export.folder, tmp_path / "o")
    )
    for keyword in ("PatientID", "StudyInstanceUID"):
        assert first[keyword].value != second[keyword].value


def test_a_folder_with_something_in_it_is_refused(export: Export, tmp_path: Path) -> None:
    (tmp_path / "left.txt").write_text("an earlier export")
    with pytest.raises(FusionError, match="not empty"):
        hand_on(
            export.review,
            export.reading,
            tmp_path,
            deidentify=Deidentifier(),
            localisation=AGREEING,
        )


def test_an_export_that_was_stopped_leaves_nothing(export: Export, tmp_path: Path) -> None:
    def stop(part: float, step: str) -> None:
        if part > 0.86:
            raise Cancelled

    with pytest.raises(Cancelled):
        hand_on(
            export.review, None, tmp_path, deidentify=Deidentifier(), with_images=True,
            progress=stop, localisation=AGREEING)  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_copies_are_only_made_without_identity(export: Export, tmp_path: Path) -> None:
    with pytest.raises(FusionError, match="only written de-identified"):
        hand_on(export.review, None, tmp_path / "o", with_images=True, localisation=AGREEING)


def test_burned_in_text_keeps_images_from_being_copied(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    for path in study.glob("ct*.dcm"):
        ds = pydicom.dcmread(path)
        ds.BurnedInAnnotation = "YES"
        ds.save_as(path)
    handed = hand_on(
        open_study(study),
        None,
        tmp_path / "o",
        deidentify=Deidentifier(),
        with_images=True,
        localisation=AGREEING,
    )
    assert "images-not-copied" in {finding.code for finding in handed.findings}
    assert not (tmp_path / "o" / "images").exists()


def test_two_patients_stay_two_and_who_joined_them_is_not_named(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    path = study / "nm.dcm"
    ds = pydicom.dcmread(path)
    ds.PatientID = "another"
    ds.save_as(path)
    review = open_study(study, override_mismatch_by=f"Dr. {MARK}")
    handed = hand_on(
        review,
        None,
        tmp_path / "o",
        deidentify=Deidentifier(),
        with_images=True,
        localisation=AGREEING,
    )
    assert not [hit for path in handed.paths for hit in found_in(path, Canaries())]
    report = (tmp_path / "o" / "report.html").read_text()
    assert "combined on the responsibility of a named person" in report
    who = {str(pydicom.dcmread(p).PatientID) for p in (tmp_path / "o" / "images").iterdir()}
    assert len(who) == 2
    with pytest.raises(FusionError, match="patient"):
        open_study(tmp_path / "o" / "images")


@pytest.mark.parametrize("keeps_suv", [False, True])
def test_values_in_suv_stay_only_when_asked(export: Export, keeps_suv: bool) -> None:
    for values, left in (
        ({"maximum": 812.0, "suvbw_maximum": 9.5}, {"maximum": 812.0}),
        ({"suvbw_maximum": 9.5}, None),
    ):
        target = replace(export.reading.targets[0], uptake=Measured.of(values, unit="counts"))
        events = [
            export.reading.events[0],
            replace(export.reading.events[1], change=TargetSaved(target)),
        ]
        how = Deidentifier(keeps_suv=keeps_suv)
        uptake = deidentified_reading(replay("ab12", events), how, Readers()).targets[0].uptake
        assert (uptake and dict(uptake)) == (values if keeps_suv else left)


def test_an_addendum_still_refers_to_what_it_amends(export: Export) -> None:
    key = StudyKey.of(export.review.fused.ct, export.review.fused.spect)
    carried = (Record(export.reading.targets[0], key.digest),)
    opening = Opened(
        key,
        version=2,
        amends=export.reading.reading_id,
        amends_digest=export.reading.digest,
        carried=carried,
        reason=f"{MARK} asked for it",
    )
    event = replace(export.reading.events[0], change=opening)
    clean = deidentified_reading(replay("ab12", [event]), export.how, Readers())
    assert MARK not in json.dumps(clean.to_json())
    first = read_reading(export.folder / "reading.json")
    assert clean.opened.amends == first.reading_id
    assert clean.targets[0].target_id == first.targets[0].target_id
    assert clean.records[0].input_digest == clean.study.digest


def test_what_is_simulated_goes_on_saying_so(tmp_path: Path) -> None:
    review = open_study(write_study(tmp_path / "study", patient_name="SIMULATED^One"))
    clean = deidentified_review(review, Deidentifier(), Readers())
    assert clean.simulated
    assert "One" not in clean.patient.name
    review = open_study(write_study(tmp_path / "other", patient_name="Real^One"))
    assert not deidentified_review(review, Deidentifier(), Readers()).simulated


def test_findings_leave_without_what_names_somebody() -> None:
    said = plain_findings(
        (
            alignment.FRAME_STATED_BY_USER(spect="SPECT", who=PersonName("Qzx")),
            alignment.STORED_REGISTRATION_REFUSED(label="Qzx/reg.dcm", reason="Qzx is no matrix."),
            files.SERIES_REFUSED(reason="Qzx/ct.dcm is damaged."),
            volumes.GANTRY_TILT(tilt_deg=12.0),
            volumes.DUPLICATE_UID(count=2, names=("Qzx/1.dcm", "Qzx/2.dcm"), more=""),
            volumes.SEVERAL_UNITS(offered=("Bq/mL", "Qzx/mL"), chosen="Bq/mL"),
            alignment.CHOICE(reasons="CT Qzx was chosen"),
            volumes.SUV_INPUTS(dose=700.0, weight_kg=70.0, decayed="values refer to the injection"),
        ),
        Deidentifier(),
    )
    assert [(finding.code, finding.message) for finding in said] == [
        (
            "frame-stated-by-user",
            "The files do not say that the CT and the SPECT share a coordinate system (DICOM Frame "
            "of Reference); they are placed as if they did, on the word of a named person. Check "
            "the alignment.",
        ),
        (
            "stored-registration-refused",
            "The stored registration [text removed] was not used: [text removed]",
        ),
        (
            "series-refused",
            "A finding (series-refused) about the original files; its words are withheld, because "
            "they may name files or people.",
        ),
        (
            "gantry-tilt",
            "The slices are tilted by 12.0° against the direction in which they are stacked "
            "(gantry tilt). The tilt is kept exactly; the images are resampled for display.",
        ),
        (
            "duplicate-uid",
            "2 different images carry an identifier (SOP Instance UID) that must be unique ([text "
            "removed], [text removed]). Which of them is right cannot be told; check where the "
            "files come from.",
        ),
        ("several-units", "The file offers its values in Bq/mL, [text removed]; Bq/mL is used."),
    ]


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("keeps_suv", [False, True])
def test_no_entry_of_the_table_takes_text_along(name: str, keeps_suv: bool) -> None:
    """Whatever a file or a person writes into each value, alone or among our own words."""
    kind = KINDS[name]
    formats = {field: spec for _, field, spec, _ in Formatter().parse(kind.words) if field}
    text = {field: 2.5 if spec else FromFile(MARK) for field, spec in formats.items()}
    listed = {field: value if value == 2.5 else (value, "C2") for field, value in text.items()}
    bare = {f: MARK if v == MARK and f not in kind.ours.split() else v for f, v in text.items()}
    for values in (text, listed, bare):
        said = plain_findings((kind(**values),), Deidentifier(keeps_suv=keeps_suv))
        assert MARK not in str(said)
        assert len(said) == 1 or kind.severity is Severity.INFO


def test_weight_and_dose_leave_with_what_suv_needs_only() -> None:
    inputs = volumes.SUV_INPUTS(dose=700.0, weight_kg=70.0, decayed="values refer to the injection")
    assert plain_findings((inputs,), Deidentifier(keeps_suv=True)) == (inputs,)
    assumed = volumes.INJECTION_DATE_ASSUMED(time="08:15", day="day of")
    assert plain_findings((assumed,), Deidentifier(keeps_suv=True)) == (assumed,)
    (said,) = plain_findings((assumed,), Deidentifier())
    assert said.severity.label == "warning"
    assert "08:15" not in said.message


def test_text_of_a_file_among_our_own_words_stays_behind() -> None:
    missing = ("Radionuclide Total Dose", FromFile("the values are in Qzx"))
    finding = volumes.SUV_NOT_AVAILABLE(missing=missing)
    (said,) = plain_findings((finding,), Deidentifier(keeps_suv=True))
    assert said.message == (
        "No SUV: Radionuclide Total Dose, [text removed] missing or unusable. Ratios do not need "
        "them."
    )


@pytest.mark.parametrize(
    "doubt",
    [
        readings.LABELS_DISPUTED(changes="Left C5-C6 (now Left C6-C7)"),
        readings.LEVELS_PROVISIONAL(joints=("Left C5-C6", "Right C2-C3")),
        readings.LEVELS_UNCHECKED(),
        readings.DECIDED_ON_ANOTHER_NUMBERING(joints=("Left C5-C6",)),
    ],
)
def test_doubts_about_levels_keep_their_words(doubt: Finding) -> None:
    assert plain_findings((doubt,), Deidentifier()) == (doubt,)


def test_nothing_but_the_name_of_a_joint_passes_for_one() -> None:
    finding = readings.LEVELS_PROVISIONAL(joints=("Left C5-C6", "Left C5-C6 Qzx"))
    (said,) = plain_findings((finding,), Deidentifier())
    assert said.message.endswith("not confirmed: Left C5-C6, [text removed].")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("unit", "Bq/mL"),
        ("unit", "unit not stated"),
        ("neighbour", "C4-C5"),
        ("neighbour", "above C0-C1"),
        ("method", "rigid correlation"),
        ("method", "rigid correlation, upper and lower neck apart (possible neck motion)"),
        ("source", "automatic from CT"),
        ("source", "marked by the reader"),
        ("numbering", "provisional"),
        ("numbering", "counted from C2 (dens)"),
        ("numbering", "sure, counted from C1-C2 (dens and atlas)"),
        ("numbering", "sure, counted down from C2, known by its dens"),
        ("numbering", "provisional, counted up from the first ribs, taken for those of T1"),
        ("numbering", "confirmed, by the label map"),
        ("numbering", "confirmed, counted from C2, C5 as named by the reader"),
        ("numbering", "sure, by the shapes of the vertebrae alone"),
        ("anchor", "C2, C5"),
        ("anchor", "C1-C2"),
        ("reference", "Maximum of the same joint of the other side, joint by joint."),
        ("reference", "Mean of 57 voxels within 8.5 mm of a point on the CT."),
        (
            "reference",
            "Mean of 1288 voxels of the vertebral bodies C3 to C7 that are at least half bone on "
            "the CT; 0 above 1.5 times their median left out as active (not validated).",
        ),
    ],
)
def test_a_description_of_ours_leaves_as_it_stands(key: str, value: str) -> None:
    assert described(key, value) == value
    for around in (f"{value} Qzx", f"Qzx {value}", f"{value}\nQzx", value.replace(" ", " Qzx ", 1)):
        assert around == value or described(key, around) == REMOVED


@pytest.mark.parametrize("key", ["numbering", "source", "reference", "unit", "anchor", "method"])
@pytest.mark.parametrize(
    "value",
    [
        "counted by Dr. Smith", "C2_smith", "sure, counted from C2 (Dr. Smith)", "the reader",
        "counted from C2 (dens), 4711471", "counted from C2 (dens), 12.03.1958", "1958-03-12",
        "Mean of 47114712 voxels within 8 mm of a point on the CT.",
    ],
)  # fmt: skip
def test_any_other_description_is_removed(key: str, value: str) -> None:
    """Also one of words that we use ourselves: a file may be called so."""
    assert described(key, value) == REMOVED


def test_that_joints_come_from_a_label_map_is_said_without_its_name() -> None:
    source = "label map Qzx (2).nii.gz (TotalSegmentator 2), from articular processes"
    said = "label map [text removed], from articular processes"
    assert described("source", source) == said
    assert described("source", "label map Qzx.nii (VerSe)") == "label map [text removed]"
    assert described("source", f"{source} of Qzx") == "label map [text removed]"


def test_what_was_typed_as_a_level_leaves_only_as_a_level() -> None:
    values = {
        "surgery_levels": ["C5-C6", "C5-C6 47114712", "c6/7", "Smith"],
        "prior_cervical_surgery": True,
        "targets": [{"name": "Left C4-C5"}, {"name": "Left C5-C6 0170"}],
    }
    answer = Assessment.of(facts_from_values(values), reader="R").to_json()
    clean = deidentified_answer(answer, Deidentifier(), Readers())
    assert clean is not None
    assert clean["facts"]["surgery_levels"] == ["C5-C6", REMOVED, "c6/7", REMOVED]
    assert [one["name"] for one in clean["facts"]["targets"]] == ["Left C4-C5", REMOVED]


def test_a_study_date_that_was_removed_is_empty(export: Export) -> None:
    assert export.review.study.date
    clean = deidentified_review(export.review, Deidentifier(), Readers())
    assert clean.study.date == clean.study.description == ""


def test_an_answer_that_rests_on_what_is_removed_is_withheld() -> None:
    facts = {
        "cervical_pain": True, "fused_spect_ct": True, "study_status": "performed",
        "study_date": "2024-03-11", "pain_new_or_increasing": True, "radiographs": "normal",
        "radiographs_date": "2024-05", "mri": "inconclusive", "mri_date": "2024-01-05",
    }  # fmt: skip
    content = Assessment.of(facts_from_values(facts), reader="A").to_json()
    exact = {key: value for key, value in facts.items() if key != "radiographs_date"}
    kept = deidentified_answer(
        json.loads(json.dumps(Assessment.of(facts_from_values(exact), reader="A").to_json())),
        Deidentifier(keeps_suv=True),
        Readers(),
    )
    assert kept is not None
    assert kept["reader"] == "Reader 1"
    assert kept["facts"]["mri_date"] != "2024-01-05"
    for how in (Deidentifier(), Deidentifier(keeps_suv=True)):
        cleaned = deidentified_answer(json.loads(json.dumps(content)), how, Readers())
        assert cleaned is None or cleaned["words"] == content["words"]
        assert "2024" not in json.dumps(cleaned and cleaned["facts"]) or how.keeps_suv


def test_from_the_command_line(export: Export, tmp_path: Path, capsys) -> None:
    argv = ["export", str(export.study), "--to", str(tmp_path / "o"), "--journal",
            str(export.journal), "--deidentify", "--json"]  # fmt: skip
    assert main(argv) == 0
    printed = json.loads(capsys.readouterr().out)
    assert "face-not-removed" in {finding["code"] for finding in printed["findings"]}
    assert not (tmp_path / "o" / "images").exists()
    assert not [hit for p in (tmp_path / "o").iterdir() for hit in found_in(p, export.canaries)]
    assert main(argv) == 3
    assert main([*argv[:4], "--with-images"]) == 2
    assert "goes with --deidentify" in capsys.readouterr().err
