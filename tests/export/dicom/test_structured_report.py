"""Targets out as a structured report and back, held against readers that others wrote."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard_codes

from fusion.anatomy.codes import BONE_CODES, PROCESS_CODES, SIDE_CODES
from fusion.anatomy.joints import JOINTS, Joint
from fusion.annotations.snapshots import Measured
from fusion.annotations.target import Answer, Decision, Origin, Target
from fusion.errors import AnnotationError, DicomError
from fusion.export.dicom import codes
from fusion.export.dicom.structured_report import (
    ReportSource,
    code_of,
    tracking_uid,
    write_structured_report,
)
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.edition import Edition
from fusion.registration import Method
from fusion.software import DISCLAIMER, SIMULATED, own_version
from tests.annotations.samples import FRAME, READER, localisation, registration, target
from tests.export.dicom.others import dcmqi, dcmtk, dicom3tools, pixelmed

STUDY = "1.2.3"
MADE = datetime(2026, 11, 2, 15, 4, 5)
MEASURED = Measured.of(
    {
        "maximum": 812.25,
        "mean": 1 / 3,
        "peak": 0.1 + 0.2,
        "ratio_to_reference": 2 / 3,
        "ratio_to_other_side": 1e-3,
        "volume_above_half": 7.0,
    },
    unit="counts",
    reference="C7 vertebral body",
)


def image(sop_class: str, instance: str, modality: str) -> Dataset:
    ds = Dataset()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, f"{STUDY}.{modality == 'NM':d}"
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = sop_class, instance, modality
    ds.FrameOfReferenceUID = FRAME
    ds.PatientID = ds.PatientName = ds.PatientBirthDate = ds.PatientSex = ""
    ds.StudyID = ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ""
    ds.Rows = ds.Columns = 64
    ds.PixelSpacing, ds.SliceThickness = [1, 1], 1
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    return ds


def header(**changes: object) -> Dataset:
    ds = Dataset()
    ds.StudyInstanceUID, ds.StudyDate, ds.StudyTime = STUDY, "20240311", "101500"
    ds.PatientName, ds.PatientID, ds.PatientSex = "Name^Only", "4711", "F"
    ds.PatientBirthDate, ds.BodyPartExamined = "19610203", "CSPINE"
    ds.StudyDescription, ds.PatientWeight = "Neck", "70"
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def source(**changes: object) -> ReportSource:
    images = [
        image("1.2.840.10008.5.1.4.1.1.20", "1.2.3.1.1", "NM"),
        image("1.2.840.10008.5.1.4.1.1.2", "1.2.3.0.1", "CT"),
    ]
    values = {"header": header(), "images": images, "reader": READER, "edition": Edition(made=MADE)}
    return ReportSource(**(values | changes))


def written(path: Path, *targets: Target, **changes: object) -> Path:
    write_structured_report(path / "sr.dcm", targets, source(**changes))
    return path / "sr.dcm"


def every_joint() -> list[Target]:
    """All joints, and every answer, decision and origin among them."""
    made = []
    for n, joint in enumerate(JOINTS):
        decision = list(Decision)[n % 3]
        made.append(
            target(
                joint,
                decision=decision,
                grade=None if n % 5 == 0 else 1 + n % 3,
                clinically_concordant=[*Answer, None][n % 4],
                inside_operative_bed=[None, *Answer][n % 4],
                origin=list(Origin)[n % 3],
                uptake=MEASURED if n % 4 else None,
                localisation=replace(
                    localisation(status=["found", "fused", "obscured", None][n % 4]),
                    confidence_share=0.9 if n % 3 else 0.0,
                ),
                note=["", "one line", "two\nlines", "Žofie Ковалёва 山田 <b>&amp;</b>"][n % 4],
            )
        )
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Target], Path]:
    """Every joint, and a report on all of them; nobody may change the file."""
    made = every_joint()
    return made, written(tmp_path_factory.mktemp("whole"), *made)


def test_targets_come_back_equal(whole: tuple[list[Target], Path]) -> None:
    made, path = whole
    back = read_structured_report(path)
    assert back == tuple(made)
    assert [list(t.uptake or ()) for t in back] == [list(t.uptake or ()) for t in made]


def test_no_target_is_a_report_too(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read_structured_report(path) == ()
    assert DISCLAIMER in [item.get("TextValue") for item in walk(pydicom.dcmread(path))]


def test_the_point_keeps_every_digit(tmp_path: Path) -> None:
    sample = target()
    odd = replace(sample.placement, point_lps=(17.1 + 1e-9, -1 / 3, -400.123456789012))
    [back] = read_structured_report(written(tmp_path, replace(sample, placement=odd)))
    assert back.point_lps == odd.point_lps


def test_what_cannot_be_held_is_made_plain(tmp_path: Path) -> None:
    sample = target(note="a\x00b \x1b[31mred \u202egnp.exe \nnext  \r\nlast")
    [back] = read_structured_report(written(tmp_path, sample))
    assert back == replace(sample, note="ab [31mred gnp.exe\nnext\nlast")


@pytest.mark.parametrize("charset", [None, "ISO_IR 100", "ISO_IR 192"])
def test_names_survive_whatever_the_source_is_written_in(
    tmp_path: Path, charset: str | None
) -> None:
    head = header(PatientName="Müller^Ana") if charset else header()
    if charset:
        head.SpecificCharacterSet = charset
    sample = target(note="Ковалёва")
    path = written(tmp_path, sample, header=head)
    ds = pydicom.dcmread(path)
    assert str(ds.PatientName) == str(head.PatientName)
    assert read_structured_report(path) == (sample,)


def test_the_character_set_of_the_source_is_kept_where_it_can(tmp_path: Path) -> None:
    head = header(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Ana")
    ds = pydicom.dcmread(written(tmp_path, target(note="Größe"), header=head))
    assert ds.SpecificCharacterSet == "ISO_IR 100"


def test_what_the_report_says_of_itself(tmp_path: Path) -> None:
    path = written(
        tmp_path, target(), simulated=True, levels=("Counted.",), statements=("Draft, version 1",)
    )
    said = [i.TextValue for i in pydicom.dcmread(path).ContentSequence[-1].ContentSequence]
    assert said[:3] == [SIMULATED, DISCLAIMER, "Counted."]
    assert said[-1] == "Draft, version 1"


@pytest.mark.slow
def test_another_reader_finds_side_level_point_and_numbers(
    whole: tuple[list[Target], Path],
) -> None:
    made, path = whole
    report = hd.sr.srread(path)
    content = report.content
    points = content.get_planar_roi_measurement_groups(
        graphic_type=sr.GraphicTypeValues3D.POINT, reference_type=standard_codes.DCM.ImageRegion
    )
    assert len(points) == len(made)
    for group, sample in zip(points, made, strict=True):
        assert group.tracking_uid == tracking_uid(sample)
        np.testing.assert_allclose(group.roi.value[0], sample.point_lps, atol=1e-4)
        assert group.roi.frame_of_reference_uid == FRAME
        [label] = [i.TextValue for i in group[0].ContentSequence if i.name == codes.COMMENT]
        assert label == f"{sample.joint.name}: {sample.decision.value}"
        [site] = group.finding_sites
        # What readers keep that leave modifiers out.
        if sample.joint.is_zygapophysial:
            assert site.value.meaning == (
                f"Superior articular process of vertebra, {sample.joint.name}"
            )
        assert site.laterality == SIDE_CODES[sample.joint.side]
        level = site.topographical_modifier
        if sample.joint.is_zygapophysial:
            assert level.meaning.startswith(f"Level of {sample.joint.upper}/{sample.joint.lower} ")
        else:
            assert level is None
    values = content.get_image_measurement_groups()
    for group, sample in zip(values, made, strict=True):
        assert group.tracking_uid == tracking_uid(sample)
        for measured in group.get_measurements():  # by which program, and which version of it
            assert [
                item.TextValue
                for item in measured[0].ContentSequence
                if item.ConceptNameCodeSequence[0].CodeValue in {"111001", "111003"}
            ] == ["facetfusion", own_version()]
        found = [item.value for item in group.get_measurements()]
        assert found == pytest.approx(
            [v for _, v in (sample.uptake.entries if sample.uptake else ())]
        )


@pytest.mark.parametrize(
    ("unit", "ucum", "name"),
    [
        ("counts", "{counts}", "Uptake"),
        ("Bq/mL", "Bq/ml", "Uptake"),
        ("SUVbw g/mL", "g/ml{SUVbw}", "SUVbw"),
        ("g/mL", "g/ml{SUVbw}", "SUVbw"),
    ],
)
def test_units_are_ucum_and_come_back_as_shown(
    tmp_path: Path, unit: str, ucum: str, name: str
) -> None:
    sample = target(uptake=Measured.of({"maximum": 5.5, "ratio_to_reference": 2.0}, unit=unit))
    path = written(tmp_path, sample, suv_proven=True)
    assert read_structured_report(path) == (sample,)
    nums = [i for i in walk(pydicom.dcmread(path)) if i.get("ValueType") == "NUM"]
    stated = {
        i.ConceptNameCodeSequence[0].CodeMeaning: i.MeasuredValueSequence[0]
        .MeasurementUnitsCodeSequence[0]
        .CodeValue
        for i in nums
        if i.RelationshipType == "CONTAINS"
    }
    assert stated == {name: ucum, "Ratio of the maximum to the reference": "{ratio}"}


def test_suv_beside_other_values_has_its_own_unit_and_comes_back(tmp_path: Path) -> None:
    values = {"maximum": 8120.0, "peak": 7000.0, "suvbw_maximum": 4.25, "suvbw_peak": 3.5}
    sample = target(uptake=Measured.of(values, unit="Bq/mL"))
    path = written(tmp_path, sample, suv_proven=True)
    assert read_structured_report(path) == (sample,)
    stated = {
        float(i.MeasuredValueSequence[0].FloatingPointValue): (
            i.ConceptNameCodeSequence[0].CodeValue,
            i.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
        )
        for i in walk(pydicom.dcmread(path))
        if i.get("ValueType") == "NUM" and i.RelationshipType == "CONTAINS"
    }
    assert stated[8120.0] == ("uptake", "Bq/ml")
    assert stated[4.25] == stated[3.5] == ("126401", "g/ml{SUVbw}")


def test_suv_twice_comes_back(tmp_path: Path) -> None:
    values = {"maximum": 4.25, "suvbw_maximum": 4.25}
    sample = target(uptake=Measured.of(values, unit="SUVbw g/mL"))
    assert read_structured_report(written(tmp_path, sample, suv_proven=True)) == (sample,)


def test_suv_beside_other_values_that_the_data_do_not_prove_is_refused(tmp_path: Path) -> None:
    sample = target(uptake=Measured.of({"maximum": 8.0, "suvbw_maximum": 4.0}, unit="Bq/mL"))
    with pytest.raises(AnnotationError, match="does not prove"):
        written(tmp_path, sample)


@pytest.mark.parametrize("unit", ["SUVbw g/mL", "g/mL"])
def test_suv_that_the_data_do_not_prove_is_refused(tmp_path: Path, unit: str) -> None:
    sample = target(uptake=Measured.of({"maximum": 5.5}, unit=unit))
    with pytest.raises(AnnotationError, match="does not prove"):
        written(tmp_path, sample)
    assert not (tmp_path / "sr.dcm").exists()


def test_a_target_without_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="no coordinate system"):
        written(tmp_path, target(frame_of_reference_uid=None))


def walk(ds: Dataset) -> list[Dataset]:
    found = []
    for item in ds.get("ContentSequence", []):
        found += [item, *walk(item)]
    return found


def changed(path: Path, change: object) -> Path:
    ds = pydicom.dcmread(path)
    for item in walk(ds):
        change(item)  # type: ignore[operator]
    ds.save_as(path)
    return path


def test_a_moved_point_is_noticed(tmp_path: Path) -> None:
    def move(item: Dataset) -> None:
        if item.ValueType == "SCOORD3D":
            item.GraphicData = [-item.GraphicData[0], *item.GraphicData[1:]]

    path = changed(written(tmp_path, target()), move)
    with pytest.raises(AnnotationError, match="two different points"):
        read_structured_report(path)


def test_a_changed_side_is_noticed(tmp_path: Path) -> None:
    def flip(item: Dataset) -> None:
        if item.ValueType == "CODE" and item.ConceptCodeSequence[0].CodeValue == "7771000":
            item.ConceptCodeSequence[0].CodeValue = "24028007"

    path = changed(written(tmp_path, target()), flip)
    with pytest.raises(AnnotationError, match="two different joints"):
        read_structured_report(path)


def test_a_changed_decision_is_noticed(tmp_path: Path) -> None:
    def turn(item: Dataset) -> None:
        if item.ValueType == "CODE" and item.ConceptNameCodeSequence[0].CodeValue == "decision":
            [code] = item.ConceptCodeSequence
            code.CodeValue, code.CodeMeaning = "260385009", "Negative"

    path = changed(written(tmp_path, target(decision=Decision.POSITIVE)), turn)
    with pytest.raises(AnnotationError, match="another joint or decision"):
        read_structured_report(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("no DICOM")
    with pytest.raises(DicomError):
        read_structured_report(tmp_path / "text.dcm")
    with pytest.raises(DicomError):
        read_structured_report(tmp_path / "absent.dcm")
    path = written(tmp_path, target())
    ds = pydicom.dcmread(path)
    del ds.ContentSequence
    ds.save_as(path)
    with pytest.raises(AnnotationError, match="not written by this program"):
        read_structured_report(path)


#: Of SNOMED CT (PS3.16 CID 244, 1003, 7483), looked up by hand: (structure, level).
SITES = {
    "C0-C1": ("20292002", None),
    "C1-C2": ("62555009", None),
    "C2-C3": ("317665004", "243902007"),
    "C3-C4": ("317665004", "243903002"),
    "C4-C5": ("317665004", "243904008"),
    "C5-C6": ("317665004", "243905009"),
    "C6-C7": ("317665004", "243906005"),
    "C7-T1": ("317665004", "243925008"),
}
BONES = {
    **{"14806007": "C1", "39976000": "C2", "113205007": "C3", "5329002": "C4", "36978003": "C5"},
    **{"36054005": "C6", "87391001": "C7", "64864005": "T1", "89546000": "C0", "31640002": "C0"},
}


@pytest.mark.parametrize("joint", JOINTS, ids=lambda joint: joint.name)
def test_every_joint_has_the_codes_of_its_side_and_level(joint: Joint) -> None:
    """A wrong code is noticed by no validator (docs/sources.md#codes)."""
    found = codes.site_codes(joint)
    side = {"left": "7771000", "right": "24028007"}[joint.side.value]
    structure, level = SITES[joint.level]
    assert [code and code.value for code in found] == [structure, side, level]
    assert {code.scheme_designator for code in found if code} == {"SCT"}


def test_other_codes_are_those_looked_up() -> None:
    assert {code.value: bone for code, bone in BONE_CODES} == BONES
    assert {name: code.value for name, code in PROCESS_CODES.items()} == {
        "superior": "317665004",
        "inferior": "317766009",
    }
    answers = {decision.value: code.value for decision, code in codes.DECISIONS.items()}
    assert answers == {
        "positive": "10828004",
        "negative": "260385009",
        "indeterminate": "82334004",
    }
    said = {answer.value: code.value for answer, code in codes.ANSWERS.items()}
    assert said == {"yes": "373066001", "no": "373067005", "not recorded": "not-recorded"}


def test_no_two_joints_share_their_codes() -> None:
    assert len({codes.site_codes(joint) for joint in JOINTS}) == len(JOINTS)


# ---- Validators that others wrote ------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("count", [0, 16])
def test_dciodvfy_finds_no_error(
    tmp_path: Path, whole: tuple[list[Target], Path], count: int
) -> None:
    path = whole[1] if count else written(tmp_path)
    assert "Error" not in dicom3tools("dciodvfy", path)


@pytest.mark.parametrize("count", [0, 16])
def test_dsrdump_reads_it(tmp_path: Path, whole: tuple[list[Target], Path], count: int) -> None:
    program = dcmtk("dsrdump")
    path = whole[1] if count else written(tmp_path)
    done = subprocess.run([program, path], capture_output=True, text=True, check=True)
    assert not any(line.startswith(("E:", "F:")) for line in done.stderr.splitlines())
    assert done.stdout.count("SCOORD3D") == count


def test_dcmqi_reads_two_groups_for_each_target(
    tmp_path: Path, whole: tuple[list[Target], Path]
) -> None:
    program = dcmqi("tid1500reader")
    out = tmp_path / "out.json"
    _, path = whole
    subprocess.run(
        [program, "--inputDICOM", path, "--outputMetadata", out], check=True, capture_output=True
    )
    groups = json.loads(out.read_text())["Measurements"]
    assert [g["TrackingIdentifier"] for g in groups] == [j.name for j in JOINTS for _ in "ab"]


@pytest.mark.slow
def test_pixelmed_finds_the_template_kept(tmp_path: Path) -> None:
    said = pixelmed(written(tmp_path, target(uptake=MEASURED)))
    assert "Found Root Template TID_1500 (MeasurementReport)" in said


@pytest.mark.parametrize("method", list(Method))
def test_an_alignment_has_the_words_of_the_report(tmp_path: Path, method: Method) -> None:
    """One way of aligning has one name for people, and comes back as it is stored."""
    stored = f"{method.value} (possible neck motion)"
    sample = target(registration=replace(registration(), method=stored))
    path = written(tmp_path, sample)
    [item] = [
        one
        for one in walk(pydicom.dcmread(path))
        if one.get("ValueType") == "TEXT" and code_of(one) == "reg-method"
    ]
    assert item.TextValue == f"{method.words} (possible neck motion)"
    assert read_structured_report(path) == (sample,)


def test_every_measure_says_of_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, target(uptake=MEASURED), suv_proven=True)
    meanings = [
        one.ConceptNameCodeSequence[0].CodeMeaning
        for one in walk(pydicom.dcmread(path))
        if one.get("ValueType") == "NUM"
    ]
    assert "Ratio of the maximum to the other side's" in meanings
    assert "Ratio of the maximum to the reference" in meanings
    assert "ratio_to_other_side" not in meanings
