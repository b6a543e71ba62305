"""Headers without identity: against the standard's table, and a second program's opinion."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomanonymizer.simpledicomanonymizer import anonymize_dataset, initialize_actions
from pydicom.datadict import DicomDictionary, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import JPEGLSLossless

from fusion.deidentified.files import _with_pixels
from fusion.deidentified.profile import (
    CHARACTERISTICS,
    EDITION,
    NO_MOMENT,
    SHIFTED,
    Deidentifier,
    action_of,
)
from fusion.dicom.files.header import read_header
from fusion.dicom.files.instance import hashed_uid
from fusion.dicom.quantity.suv import suvbw_factor
from tests.dicom.ct_objects import stacked, write_enhanced, write_series
from tests.dicom.quantity.test_suv import nm, pet
from tests.export.canaries import MARK, Canaries, fill


def filled() -> Dataset:
    ds = Dataset()
    ds.PatientID, ds.Modality, ds.SeriesInstanceUID = "1", "CT", "1.2.3"
    fill(ds, Canaries())
    ds.StudyDate, ds.AcquisitionDateTime, ds.StudyTime = "20240311", "20240311091500.5+0100", "0915"
    ds.PatientWeight, ds.PatientAge, ds.PatientSex = "71.5", "093Y", "F"
    return ds


@pytest.mark.parametrize("keeps_suv", [False, True])
def test_nothing_in_the_standards_table_stays_as_it_was(keeps_suv) -> None:
    before, after = filled(), Deidentifier(keeps_suv=keeps_suv).header(filled())
    allowed = SHIFTED | CHARACTERISTICS if keeps_suv else set()
    seen = 0
    for element in before:
        action = action_of(element.tag)
        if action is None:
            continue
        seen += 1
        if element.tag not in after or element.VR == "SQ":
            continue
        value, keyword = after[element.tag].value, element.keyword
        if keyword in allowed and (keyword in CHARACTERISTICS or element.VR in ("TM", "SH")):
            continue  # times of day stay where days are moved
        assert not value or value != element.value, keyword
        if action == "X":
            assert keyword in allowed | {"SeriesDescription"}, keyword
    assert seen > 400
    assert MARK not in str(after)


def test_a_second_program_removes_nothing_that_stays_here() -> None:
    """dicom-anonymizer's own engine, on the same header; it does not enter sequences."""
    source = filled()
    theirs = copy.deepcopy(source)
    anonymize_dataset(theirs, base_rules_gen=lambda: initialize_actions(f"dicomfields_{EDITION}"))
    ours = Deidentifier().header(source)
    declared = {
        "SeriesDescription", "PatientIdentityRemoved", "DeidentificationMethod",
        "DeidentificationMethodCodeSequence", "LongitudinalTemporalInformationModified",
    }  # fmt: skip
    kept = {e.keyword for e in ours if e.value not in (None, "") and e.VR != "SQ"} - declared
    gone = {e.keyword for e in source if e.tag not in theirs}
    assert len(gone) > 200
    assert not kept & gone
    # Where they replace a value, it is not the old one that stays here.
    for element in theirs:
        if element.VR != "SQ" and element.tag in source and element.tag in ours:
            old = source[element.tag].value
            if element.value != old:
                assert ours[element.tag].value != old or not old, element.keyword


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Tc-99m MDP", "Tc-99m MDP"),
        ("99mTc-HDP Smith 4711", "99mTc-HDP"),
        ("Technetium Tc^99m^oxidronate", "Technetium Tc^99m^oxidronate"),
        ("[18F]NaF", "[18F]NaF"),
        ("FDG -- fluorodeoxyglucose", "FDG fluorodeoxyglucose"),
        ("Meyer, Anna", None),
        ("MDPSmith", None),
        ("12345", None),
    ],
)
def test_of_the_name_of_a_tracer_the_words_stay_that_are_known(
    written: str, left: str | None
) -> None:
    ds = Dataset()
    ds.Radiopharmaceutical = written
    assert (Deidentifier().header(ds).Radiopharmaceutical or None) == left


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Tc99m 140 keV", "Tc99m 140 keV"),
        ("Tc99m_EM", "Tc99m_EM"),
        ("SCATTER1 Smith", "SCATTER1"),
        ("4711 126.5", "126.5"),
    ],
)
def test_of_an_energy_window_nuclide_energy_and_kind_stay(written: str, left: str) -> None:
    ds = Dataset()
    ds.EnergyWindowName = written
    assert Deidentifier().header(ds).EnergyWindowName == left


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def test_a_code_has_the_meaning_of_its_scheme_and_one_of_nobodys_says_nothing() -> None:
    ds = Dataset()
    ds.AnatomicRegionSequence = [
        code("45048000", "SCT", "Smith's neck"),
        code("C-163A8", "99SDM", "of Smith"),
        code("Bq/mL", "UCUM", "Smith's unit"),
        code("4711", "SCT", "Smith"),
        code("SMITH", "99HOME", "Smith Tc-99m"),
        code("SMITH", "99HOME", "Smith"),
    ]
    said = [
        (one.CodeValue, one.CodingSchemeDesignator, one.CodeMeaning)
        for one in Deidentifier().header(ds).AnatomicRegionSequence
    ]
    assert said[:3] == [
        ("45048000", "SCT", "Neck structure (body structure)"),
        ("C-163A8", "99SDM", "Tc-99m"),
        ("Bq/mL", "UCUM", "Bq/mL"),
    ]
    assert [one[1:] for one in said[3:]] == [
        ("99REMOVED", "REMOVED"), ("99REMOVED", "Tc-99m"), ("99REMOVED", "REMOVED"),
    ]  # fmt: skip
    assert said[4][0] == said[5][0] != said[3][0]
    assert ds.AnatomicRegionSequence[5].CodeMeaning == "Smith"


def test_without_the_option_no_characteristic_stays() -> None:
    after = Deidentifier().header(filled())
    assert not [keyword for keyword in CHARACTERISTICS if after.get(keyword)]


def test_with_the_option_suv_can_be_computed_and_great_age_is_hidden() -> None:
    how = Deidentifier(keeps_suv=True)
    after = how.header(filled())
    assert (after.PatientWeight, after.PatientSex, after.PatientAge) == (71.5, "F", "090Y")
    codes = [item.CodeValue for item in after.DeidentificationMethodCodeSequence]
    assert codes[-2:] == ["113107", "113108"]


@pytest.mark.parametrize("make", [nm, pet])
def test_suv_is_the_same_after_as_before_only_when_asked(make) -> None:
    before = suvbw_factor(make(), unit="Bq/mL").factor
    assert before is not None
    kept = Deidentifier(keeps_suv=True).header(make())
    assert suvbw_factor(kept, unit="Bq/mL").factor == before
    assert suvbw_factor(Deidentifier().header(make()), unit="Bq/mL").factor is None


def test_dates_are_removed_unless_suv_is_kept() -> None:
    after = Deidentifier().header(filled())
    for keyword in SHIFTED:
        assert not after.get(keyword), keyword
    assert Deidentifier().moment(datetime.now()) == NO_MOMENT
    assert Deidentifier().day(date(2024, 3, 11)) is None


def test_dates_move_together_and_times_of_day_stay() -> None:
    how = Deidentifier(keeps_suv=True)
    after = how.header(filled())
    moved = how.day(date(2024, 3, 11)).strftime("%Y%m%d")
    assert after.StudyDate == moved != "20240311"
    assert after.AcquisitionDateTime == f"{moved}091500.5+0100"
    assert str(after.StudyTime) == "0915"
    assert how.moment(datetime(2024, 3, 11, 9, 15)).strftime("%Y%m%d") == moved
    assert 30 <= how.shift.days < 30 + 3650


@pytest.mark.parametrize("value", ["2024", "202403", "11.03.2024", "99999999"])
def test_a_date_that_cannot_be_moved_does_not_stay(value) -> None:
    ds = filled()
    ds.add_new("StudyDate", "DA", "")
    ds["StudyDate"]._value = value
    assert not Deidentifier(keeps_suv=True).header(ds).get("StudyDate")


def test_uids_stay_consistent_within_an_export_and_never_between_two() -> None:
    one, other = Deidentifier(), Deidentifier()
    assert one.uid("1.2.3") == one.uid(" 1.2.3 ") != one.uid("1.2.4")
    assert one.uid("1.2.3") != other.uid("1.2.3")
    assert one.uid("1.2.840.10008.1.2.1") == "1.2.840.10008.1.2.1"
    assert one.uid("1.2.840.10008.5.1.4.1.1.5") == "1.2.840.10008.5.1.4.1.1.5"  # retired
    # Under the root of the standard, and none of its own.
    assert one.uid("1.2.840.10008.20260311.4711").startswith("2.25.")
    assert one.uid("not a uid") == one.uid(hashed_uid("not a uid"))
    assert one.uid("") == ""
    assert len(one.uid("1.2.3")) <= 64
    assert repr(one) == "Deidentifier(keeps_suv=False)"


def test_of_codes_only_those_of_the_standard_stay() -> None:
    ds = filled()
    ds.Modality, ds.PatientPosition, ds.Units, ds.PatientSex = "PT", "HFS", "BQML", "ERIKA M"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "MUELLER 4711"]
    ds.BodyPartExamined, ds.ScanOptions = "MUELLER E", ["HELIX", "BED 7 MUELLER"]
    ds["PatientAge"]._value = "E.M."
    after = Deidentifier(keeps_suv=True).header(ds)
    assert "MUELLER" not in str(after)
    assert "E.M." not in str(after)
    assert (after.Modality, after.PatientPosition, after.Units) == ("PT", "HFS", "BQML")
    assert list(after.ScanOptions) == ["HELIX", ""]
    assert not after.PatientSex
    # What tells passes apart still does.
    assert list(after.ImageType)[:3] == ["ORIGINAL", "PRIMARY", "RECON TOMO"]
    assert after.ImageType[3].startswith("TERM_")
    every = Dataset()
    for tag, (vr, *_) in DicomDictionary.items():
        if vr == "CS" and tag >> 16 > 2:
            every.add_new(tag, "CS", "QZX4711")
    assert "QZX" not in str(Deidentifier(keeps_suv=True).header(every))


def test_a_copy_holds_the_bits_of_its_pixels_and_nothing_else(tmp_path: Path) -> None:
    words = np.arange(64, dtype=np.uint16).reshape(8, 8) | 0x6000  # an overlay of old in the rest
    ds = ct_file(tmp_path / "bits.dcm", words, bits_stored=12)
    assert b"\x60" in ds.PixelData
    made = copied(tmp_path / "bits.dcm")
    assert np.array_equal(made.pixel_array, words & 0x0FFF)
    assert made.PixelData == (words & 0x0FFF).astype("<u2").tobytes()
    # A comment in a compressed frame, as some writers leave the patient's name.
    ds = ct_file(tmp_path / "jls.dcm", words & 0x0FFF, bits_stored=12)
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    said = b"\xff\xfe" + (2 + len(MARK)).to_bytes(2, "big") + MARK.encode()
    ds.PixelData = encapsulate([frame[:2] + said + frame[2:]])
    ds.save_as(tmp_path / "jls.dcm")
    assert MARK.encode() in (tmp_path / "jls.dcm").read_bytes()
    made = copied(tmp_path / "jls.dcm")
    assert np.array_equal(made.pixel_array, words & 0x0FFF)
    made.save_as(tmp_path / "copy.dcm", enforce_file_format=True)
    assert MARK.encode() not in (tmp_path / "copy.dcm").read_bytes()


def ct_file(path: Path, words: np.ndarray, *, bits_stored: int) -> pydicom.FileDataset:
    made = write_series(path.parent / path.stem, stacked(count=3)).paths
    ds = pydicom.dcmread(made[0])
    ds.Rows, ds.Columns = words.shape
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits_stored, bits_stored - 1, 0
    ds.PixelData = words.astype("<u2").tobytes()
    ds.save_as(path)
    return ds


def copied(path: Path) -> pydicom.FileDataset:
    source = read_header(path, label=path.name)
    assert source is not None
    return _with_pixels(replace(source, dataset=Deidentifier().header(source.dataset)), source, ())


def test_sequences_are_entered_at_any_depth() -> None:
    ds = Dataset()
    item = ds
    for _ in range(10):
        inner = Dataset()
        inner.PatientName, inner.StudyDate = MARK, "20240311"
        inner.ReferencedSOPInstanceUID = "1.2.3"
        item.SourceImageSequence = Sequence([inner])
        item = inner
    how = Deidentifier()
    after = how.header(ds)
    assert MARK not in str(after)
    assert "20240311" not in str(after)
    assert str(after).count(how.uid("1.2.3")) == 10


def test_the_source_is_left_alone() -> None:
    ds = filled()
    before = copy.deepcopy(ds)
    Deidentifier(keeps_suv=True).header(ds)
    assert ds == before


def test_every_date_that_is_moved_is_known_to_the_standard() -> None:
    known = {entry[4] for entry in DicomDictionary.values()}
    assert known >= SHIFTED | CHARACTERISTICS
    assert all(tag_for_keyword(keyword) for keyword in SHIFTED)


def test_retired_attributes_are_dropped() -> None:
    ds = filled()
    ds.OtherStudyNumbers = 4711
    assert "OtherStudyNumbers" not in Deidentifier().header(ds)


def test_geometry_of_frames_stays(tmp_path: Path) -> None:
    positions = np.array([[0.0, 0.0, 2.0 * k] for k in range(3)])

    def name(k: int, item: Dataset) -> None:
        item.FrameContentSequence[0].FrameComments = MARK
        item.FrameContentSequence[0].FrameAcquisitionDateTime = "20240311091500"

    write_enhanced(tmp_path / "e.dcm", positions, edit_frame=name)
    source = pydicom.dcmread(tmp_path / "e.dcm", stop_before_pixels=True)
    source.DeviceSerialNumber = MARK
    after = Deidentifier().header(source)
    assert MARK not in str(after)
    assert after.DeviceSerialNumber == "REMOVED"  # multi-frame objects have to have one
    for old, new in zip(
        source.PerFrameFunctionalGroupsSequence, after.PerFrameFunctionalGroupsSequence, strict=True
    ):
        assert old.PlanePositionSequence == new.PlanePositionSequence
        assert old.PixelValueTransformationSequence == new.PixelValueTransformationSequence
        content = new.FrameContentSequence[0]
        assert content.InStackPositionNumber == old.FrameContentSequence[0].InStackPositionNumber
        assert str(content.get("FrameAcquisitionDateTime", ""))[:8] in ("", "19000101")
    assert after.SharedFunctionalGroupsSequence == source.SharedFunctionalGroupsSequence
