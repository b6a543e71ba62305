"""What DICOM files suggest: proposals with a source, from real files, and never an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from fusion.dicom.catalog import scan
from fusion.errors import PathwayError
from fusion.pathway.facts.facts_file import facts_from_values
from fusion.pathway.facts.from_files import ProposedFact, propose, study_under_review
from fusion.pathway.facts.hardware import metal_pieces_mm3, propose_hardware
from tests.dicom import ct_objects as ct
from tests.studies import write_ct, write_nm
from tests.volumes import affine, volume

SOP_CLASS = {
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
}


def write_earlier(folder: Path, modality: str, date: str, **same: Any) -> None:
    """Write a small examination of the same patient in a study of its own."""
    study = generate_uid()

    def edit(_: int, ds: Dataset) -> None:
        ds.Modality, ds.SOPClassUID, ds.StudyInstanceUID = modality, SOP_CLASS[modality], study
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = "No^Body", "1", "19700520"
        ds.PatientSex = "O"
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = date
        for keyword, value in same.items():
            setattr(ds, keyword, value)

    ct.write_series(folder, ct.stacked()[:6], edit=edit)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A SPECT/CT of the neck of 2024-03-11 in a folder that earlier examinations may join."""
    write_ct(tmp_path / "ct", PatientBirthDate="19700520", BodyPartExamined="NECK")
    write_nm(tmp_path / "nm", PatientBirthDate="19700520")
    return tmp_path


def proposals(path: Path) -> list[ProposedFact]:
    catalog = scan(path)
    return list(propose(catalog, study_under_review(catalog)))


def by_key(found: list[ProposedFact], key: str) -> list[ProposedFact]:
    return [proposal for proposal in found if proposal.key == key]


def test_a_spect_ct_of_the_neck(study: Path) -> None:
    found = proposals(study)
    (region,) = by_key(found, "cervical_pain")
    assert region.value is True
    assert "mm head to foot" in region.text
    assert "CSPINE" in region.source or "NECK" in region.source
    (fused,) = by_key(found, "fused_spect_ct")
    assert fused.value is True
    assert [p.value for p in by_key(found, "study_status")] == ["performed"]
    assert [p.value for p in by_key(found, "study_date")] == ["2024-03-11"]
    context = " ".join(p.text for p in found if not p.fact)
    assert "HDP" in context
    assert "age 53 years, sex" in context


def test_the_ct_of_the_spect_ct_is_never_the_diagnostic_ct(study: Path) -> None:
    assert by_key(proposals(study), "diagnostic_ct") == []


@pytest.mark.slow
def test_nor_is_the_ct_of_another_hybrid_study(study: Path) -> None:
    other = {"StudyInstanceUID": "1.2.3.99", "StudyDate": "20230105", "SeriesDate": "20230105"}
    same = {**other, "PatientBirthDate": "19700520"}
    write_ct(study / "old_ct", BodyPartExamined="NECK", **same)
    write_nm(study / "old_nm", SeriesInstanceUID="1.2.3.98", SOPInstanceUID=generate_uid(), **same)
    catalog = scan(study)
    (under_review,) = [s for s in catalog.studies if s.date == "20240311"]
    assert by_key(list(propose(catalog, under_review)), "diagnostic_ct") == []
    with pytest.raises(PathwayError, match="2 nuclear medicine or PET studies were found"):
        study_under_review(catalog)


def test_earlier_examinations_are_proposed_without_their_result(study: Path) -> None:
    write_earlier(study / "a", "MR", "20230601", BodyPartExamined="CSPINE", ContrastBolusAgent="Gd")
    write_earlier(study / "b", "CT", "20230701", SeriesDescription="CT HWS nativ")
    write_earlier(study / "c", "DX", "20230801", BodyPartExamined="CSPINE", ViewPosition="LL")
    found = proposals(study)
    for key, date in (
        ("mri", "2023-06-01"),
        ("diagnostic_ct", "2023-07-01"),
        ("radiographs", "2023-08-01"),
    ):
        (exam,) = by_key(found, key)
        assert exam.value is None
        assert "for the reader to say" in exam.text
        assert [p.value for p in by_key(found, f"{key}_date")] == [date]
    assert [p.value for p in by_key(found, "mri_contrast")] == [True]
    assert [p.value for p in by_key(found, "radiograph_lateral")] == [True]
    assert by_key(found, "radiograph_ap") == []


def test_later_and_same_day_examinations(study: Path) -> None:
    write_earlier(study / "a", "MR", "20240601", BodyPartExamined="CSPINE")
    write_earlier(study / "b", "CR", "20240311", BodyPartExamined="CSPINE")
    found = proposals(study)
    (mri,) = by_key(found, "mri")
    assert "not earlier imaging" in mri.text
    assert by_key(found, "mri_date") == []
    (radiographs,) = by_key(found, "radiographs")
    assert "do not say whether it came before" in radiographs.text


def test_other_people_and_other_regions_are_left_out(study: Path) -> None:
    write_earlier(study / "a", "MR", "20230601", BodyPartExamined="CSPINE", PatientID="2")
    write_earlier(study / "b", "MR", "20230601", BodyPartExamined="LSPINE", SeriesDescription="t2")
    write_earlier(study / "c", "CT", "20230601", BodyPartExamined="CSPINE", PatientID="")
    write_earlier(study / "d", "CR", "20230601", SeriesDescription="knee left")
    found = proposals(study)
    assert not by_key(found, "mri") + by_key(found, "diagnostic_ct") + by_key(found, "radiographs")


def test_a_region_that_nobody_named_is_left_to_the_reader(study: Path) -> None:
    write_earlier(study / "a", "MR", "20230601", SeriesDescription="t2 sag")
    (mri,) = by_key(proposals(study), "mri")
    assert "the files do not name" in mri.text


def test_a_spect_without_ct_and_another_region(tmp_path: Path) -> None:
    write_nm(tmp_path, BodyPartExamined="LSPINE")
    found = proposals(tmp_path)
    assert [p.value for p in by_key(found, "fused_spect_ct")] == [False]
    assert [p.value for p in by_key(found, "cervical_pain")] == [False]


def test_without_a_scan_the_earlier_imaging_of_one_patient_is_proposed(tmp_path: Path) -> None:
    write_earlier(tmp_path / "a", "MR", "20230801", BodyPartExamined="CSPINE")
    write_earlier(tmp_path / "b", "CT", "20230901", BodyPartExamined="NECK")
    found = proposals(tmp_path)
    (status,) = by_key(found, "study_status")
    assert status.value is None
    assert "proposed" in status.text
    (mri,) = by_key(found, "mri")
    assert mri.value is None
    assert "do not say whether it came before" in mri.text
    assert [p.value for p in by_key(found, "diagnostic_ct_date")] == ["2023-09-01"]
    assert by_key(found, "fused_spect_ct") == []


def test_without_a_scan_the_files_of_two_people_are_refused(tmp_path: Path) -> None:
    write_earlier(tmp_path / "a", "MR", "20230801", BodyPartExamined="CSPINE")
    write_earlier(tmp_path / "b", "MR", "20230901", BodyPartExamined="CSPINE", PatientID="2")
    with pytest.raises(PathwayError, match="one and the same patient"):
        proposals(tmp_path)


def test_the_ct_of_the_spect_ct_filed_in_another_study(study: Path) -> None:
    moved = {"StudyInstanceUID": "1.2.3.77", "PatientBirthDate": "19700520"}
    write_ct(study / "ct", BodyPartExamined="NECK", StudyDate="20240310", **moved)
    found = proposals(study)
    assert by_key(found, "diagnostic_ct") == []
    assert [p.value for p in by_key(found, "fused_spect_ct")] == [True]


def test_series_opened_together_are_the_study_under_review(study: Path) -> None:
    write_earlier(study / "b", "CT", "20240310", BodyPartExamined="NECK")
    catalog = scan(study)
    under_review = study_under_review(catalog)
    opened = [
        series
        for other in catalog.studies
        if other is not under_review
        for series in other.series
        if series.modality == "CT"
    ]
    assert len(by_key(list(propose(catalog, under_review)), "diagnostic_ct")) == 1
    assert by_key(list(propose(catalog, under_review, fused=opened)), "diagnostic_ct") == []


def test_a_real_pet_ct_is_named_as_what_it_is(shared_data: Path) -> None:
    found = proposals(shared_data / "petct_discovery_st")
    (fused,) = by_key(found, "fused_spect_ct")
    assert fused.value is False
    assert "PET instead of SPECT" in fused.text
    assert by_key(found, "diagnostic_ct") == []


def test_proposals_hold_no_identity_and_fit_the_facts_file(study: Path) -> None:
    write_earlier(study / "c", "DX", "20230801", BodyPartExamined="CSPINE", ViewPosition="AP")
    found = proposals(study)
    for proposal in found:
        assert "Body" not in f"{proposal.text}{proposal.source}"
        assert "1970" not in f"{proposal.text}{proposal.source}"
    given = {p.key: p.value for p in found if p.value is not None}
    given["radiographs"] = "normal"
    assert facts_from_values(given).fused_spect_ct is True


def test_real_planar_bone_scans_are_not_fused(shared_data: Path) -> None:
    catalog = scan(shared_data / "nm_planar_bone")
    assert catalog.studies
    for study in catalog.studies:
        (fused,) = by_key(list(propose(catalog, study)), "fused_spect_ct")
        assert fused.value is False


class TestHardware:
    SPACING_KJI = (2.0, 1.0, 1.0)

    def phantom(self) -> np.ndarray:
        """A cylinder of tissue 120 mm across in air, HU."""
        j, i = np.ogrid[-80:80, -80:80]
        body = np.broadcast_to(j**2 + i**2 <= 60**2, (20, 160, 160))
        return np.where(body, 40, -1000).astype(np.int16)

    def ct(self, hu: np.ndarray) -> Any:
        where = affine(spacing_kji=self.SPACING_KJI, origin_lps=(0, 0, 0))
        return volume(hu, where, unit="HU", modality="CT")

    def test_a_screw_is_measured(self) -> None:
        hu = self.phantom()
        hu[5:15, 80:84, 70:73] = 3000  # 10 x 4 x 3 voxels of 2 mm3
        assert metal_pieces_mm3(self.ct(hu)) == (pytest.approx(240.0),)
        proposal = propose_hardware(self.ct(hu))
        assert (proposal.fact, proposal.key, proposal.value) == ("F10", "surgical_hardware", True)
        assert "240 mm³" in proposal.text
        assert "Dental work" in proposal.text

    def test_metal_on_the_skin_and_specks_are_not(self) -> None:
        hu = self.phantom()
        hu[5:15, 15:20, 78:82] = 3000  # lies outside, touching the skin
        hu[10, 80, 80] = 3000
        hu[10, 60, 60] = 2500
        assert metal_pieces_mm3(self.ct(hu)) == ()
        proposal = propose_hardware(self.ct(hu))
        assert proposal.value is None
        assert "does not exclude" in proposal.text

    def test_two_pieces_are_told_apart(self) -> None:
        hu = self.phantom()
        hu[5:15, 80:84, 70:73] = 3000
        hu[5:10, 80:84, 90:93] = 3000
        assert metal_pieces_mm3(self.ct(hu)) == (pytest.approx(240.0), pytest.approx(120.0))
        assert "2 connected pieces" in propose_hardware(self.ct(hu)).text

    def test_an_empty_field_has_none(self) -> None:
        assert metal_pieces_mm3(self.ct(np.full((4, 20, 20), -1000, np.int16))) == ()

    def test_counts_are_refused(self) -> None:
        with pytest.raises(PathwayError, match="in HU only"):
            propose_hardware(volume(np.zeros((2, 2, 2)), np.eye(4)))
