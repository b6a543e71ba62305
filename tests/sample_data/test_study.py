"""The study as files: true objects, reproducible, with their truth beside them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from fusion.errors import Cancelled
from sample_data import NeckParameters, ScanParameters, Truth, make_study
from sample_data.__main__ import main
from tests.export.dicom.others import dicom3tools

TINY = ScanParameters(
    ct_shape=(8, 32, 32),
    ct_spacing_mm=(4.0, 5.0, 5.0),
    spect_shape=(8, 16, 16),
    spect_voxel_mm=10.0,
)


def digests(truth: Truth) -> dict[str, str]:
    return {
        path.relative_to(truth.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(truth.folder.rglob("*.dcm"))
    }


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"quantity": "bqml"},
        {"negative_spacing": False, "position": "FFP"},
        {"shared_frame_of_reference": False, "ct_tilt_deg": -14.5, "position": "FFS"},
        {"position": "HFP"},
    ],
)
def test_objects_are_clean_under_dciodvfy(tmp_path: Path, change: dict[str, object]) -> None:
    truth = make_study(tmp_path, scan=replace(TINY, **change))
    files = sorted(truth.folder.rglob("*.dcm"))
    for path in (files[0], files[-1]):
        report = dicom3tools("dciodvfy", path)
        assert "Error" not in report
        assert "Warning" not in report
        assert report.strip() in ("CTImage", "NMImage")


def test_the_same_parameters_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (make_study(tmp_path / name, scan=TINY) for name in "ab")
    assert digests(one) == digests(two)
    assert one.truth_path.read_bytes() == two.truth_path.read_bytes()


@pytest.mark.parametrize(
    ("neck", "scan"),
    [({"seed": 2}, {}), ({"size": 0.95}, {}), ({}, {"resolution_mm": 9.0})],
)
def test_other_parameters_give_another_study(
    tmp_path: Path, neck: dict[str, object], scan: dict[str, object]
) -> None:
    one = make_study(tmp_path / "a", scan=TINY)
    two = make_study(tmp_path / "b", neck=NeckParameters(**neck), scan=replace(TINY, **scan))
    a, b = digests(one), digests(two)
    assert a.keys() == b.keys()
    assert all(a[name] != b[name] for name in a)
    uids = [
        {str(pydicom.dcmread(p).SOPInstanceUID) for p in t.folder.rglob("*.dcm")}
        for t in (one, two)
    ]
    assert len(uids[0]) == 9
    assert not uids[0] & uids[1]
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids[0])


@pytest.mark.slow
def test_truth_lies_beside_the_study_and_says_what_was_made(fine_study: Truth) -> None:
    assert fine_study.truth_path.parent == fine_study.folder.parent
    assert all(p.suffix == ".dcm" for p in fine_study.folder.rglob("*") if p.is_file())
    told = json.loads(fine_study.truth_path.read_text())
    assert told["schema_version"] == 1
    assert told["simulated"] == "SIMULATED - not a patient"
    ct = pydicom.dcmread(min((fine_study.folder / "CT").iterdir()))
    nm = pydicom.dcmread(fine_study.folder / "NM/NM_RECON_TOMO.dcm")
    assert told["study_instance_uid"] == ct.StudyInstanceUID == nm.StudyInstanceUID
    assert told["ct"]["series_instance_uid"] == ct.SeriesInstanceUID
    assert told["spect"]["series_instance_uid"] == nm.SeriesInstanceUID
    assert told["ct"]["frame_of_reference_uid"] == ct.FrameOfReferenceUID
    assert nm.FrameOfReferenceUID == ct.FrameOfReferenceUID
    hot = [(j["level"], j["side"]) for j in told["joints"] if j["hot"]]
    assert hot == [("C2-C3", "right"), ("C5-C6", "left")]
    assert len(told["joints"]) == 16
    assert told["spect_to_ct"] == np.eye(4).tolist()


def test_frames_of_reference_differ_when_asked(tmp_path: Path) -> None:
    truth = make_study(tmp_path, scan=replace(TINY, shared_frame_of_reference=False))
    uids = {str(pydicom.dcmread(p).FrameOfReferenceUID) for p in truth.folder.rglob("*.dcm")}
    assert len(uids) == 2


def test_nm_holds_its_geometry_only_in_the_detector_sequence(fine_study: Truth) -> None:
    nm = pydicom.dcmread(fine_study.folder / "NM/NM_RECON_TOMO.dcm")
    assert nm.SpacingBetweenSlices < 0
    assert "ImagePositionPatient" not in nm
    assert "ImageOrientationPatient" not in nm
    assert "RescaleSlope" not in nm
    assert "RealWorldValueMappingSequence" not in nm
    assert nm.SliceVector == list(range(1, nm.NumberOfFrames + 1))


def test_suv_can_be_computed_from_the_quantitative_object(tmp_path: Path) -> None:
    scan = replace(TINY, quantity="bqml", dose_mbq=600.0, weight_kg=80.0, uptake_hours=2.5)
    truth = make_study(tmp_path, scan=scan)
    nm = pydicom.dcmread(truth.folder / "NM/NM_RECON_TOMO.dcm")
    item = nm.RadiopharmaceuticalInformationSequence[0]
    mapping = nm.RealWorldValueMappingSequence[0]
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "Bq/ml"
    assert "DECY" in nm.CorrectedImage

    def seconds(time: str) -> int:
        return int(time[:2]) * 3600 + int(time[2:4]) * 60 + int(time[4:6])

    waited = seconds(str(nm.AcquisitionTime)) - seconds(str(item.RadiopharmaceuticalStartTime))
    assert waited == 9000
    # 6.0072 h: NNDC, docs/sources.md#half-life.
    left = float(item.RadionuclideTotalDose) * 1e6 * 2 ** (-waited / (6.0072 * 3600))
    suv_per_count = mapping.RealWorldValueSlope * float(nm.PatientWeight) * 1000 / left
    assert suv_per_count == pytest.approx(1 / scan.counts_per_suv, rel=1e-3)


def test_progress_is_told_and_can_stop_the_work(tmp_path: Path) -> None:
    told: list[float] = []
    make_study(tmp_path / "a", scan=TINY, progress=lambda fraction, step: told.append(fraction))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def stop(fraction: float, step: str) -> None:
        raise Cancelled(step)

    with pytest.raises(Cancelled):
        make_study(tmp_path / "b", scan=TINY, progress=stop)
    assert not (tmp_path / "b").exists()


def test_a_study_is_never_overwritten(tmp_path: Path) -> None:
    make_study(tmp_path, scan=TINY)
    with pytest.raises(FileExistsError, match="already exists"):
        make_study(tmp_path, scan=TINY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ct_shape": (4, 64, 64)},
        {"spect_shape": (64, 64, 2000)},
        {"ct_spacing_mm": (0.0, 1.0, 1.0)},
        {"spect_voxel_mm": 0.5},
        {"resolution_mm": 1.0},
        {"counts_per_suv": 0.0},
        {"quantity": "suv"},
        {"position": "HFDL"},
        {"misregistration_mm": (100.0, 0.0, 0.0)},
        {"ct_tilt_deg": 40.0},
        {"ct_noise_hu": -1.0},
        {"posture_change_deg": float("nan")},
        {"dose_mbq": 0.0},
        {"weight_kg": 1000.0},
        {"uptake_hours": 0.0},
        {"ct_top_mm": 1000.0},
        {"spect_top_mm": -1000.0},
    ],
)
def test_a_scan_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ScanParameters(**wrong)


@pytest.mark.slow
def test_command_line_makes_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = [str(out), "--coarse", "--seed", "3", "--hot", "C4-C5:right:50"]
    arguments += ["--shift", "3", "0", "-2", "--quantity", "bqml", "--shape", "straight"]
    assert main(arguments) == 0
    assert "SIMULATED - not a patient" in capsys.readouterr().out
    told = json.loads((out / "truth.json").read_text())
    assert [(j["level"], j["side"]) for j in told["joints"] if j["hot"]] == [("C4-C5", "right")]
    assert told["parameters"]["neck"]["shape"] == "straight"
    assert len(list((out / "study" / "CT").iterdir())) == 90


@pytest.mark.parametrize(
    "arguments", [["--size", "3"], ["--hot", "C9-T1:left"], ["--fused", "C0-C1"]]
)
def test_command_line_refuses_what_is_no_neck(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main([str(tmp_path / "out"), *arguments]) == 2
    assert capsys.readouterr().err.strip()
    assert not (tmp_path / "out").exists()
