"""The Spatial Registration that is written: its direction, its validity, and reopening with it.

The truth is by construction: the SPECT is written where a known rigid motion of the patient puts
it, and nothing of facetfusion takes part in working out where its voxels are.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

import fusion
from fusion.dicom.candidate import Pair
from fusion.dicom.catalog import scan
from fusion.dicom.pairing import pair
from fusion.dicom.stored_registration import find_stored_registration
from fusion.errors import GeometryError
from fusion.export.dicom.spatial_registration import RegisteredImages, write_spatial_registration
from fusion.export.edition import Edition
from fusion.export.handover import write_review
from fusion.geometry import RigidTransform
from fusion.registration import Method, Registration
from fusion.registration.pieces import NeckCorrection
from fusion.review import Review
from tests.dicom import ct_objects as ct
from tests.dicom import nm_objects as nm
from tests.dicom.registration_objects import turn
from tests.export.dicom.others import debian, dicom3tools
from tests.studies import FRAME, NM_ORIGIN_LPS, write_ct, write_nm
from tests.viewer import marked_study

#: Functional volume to CT.
TRUTH = turn(7.0, axis=2, shift=(3.0, -4.0, 5.0)) @ turn(-5.0, axis=0) @ turn(4.0, axis=1)
OTHER_FRAME = "1.2.3.4.5.8"
MADE = datetime(2026, 11, 2, 15, 4, 5)
#: The one bright voxel of the SPECT, and where its centre is in the CT.
MARKER_KJI = (11, 14, 17)
MARKER_CT_LPS = np.array(
    [
        NM_ORIGIN_LPS[0] + 17 * nm.DX,
        NM_ORIGIN_LPS[1] + 14 * nm.DY,
        NM_ORIGIN_LPS[2] + 11 * nm.DZ,
    ]
)
MARKER_COUNTS = 4000


def moved_study(folder: Path, *, frame: str | None = OTHER_FRAME, **ct_attributes: str) -> Path:
    """A CT, and an NM that TRUTH takes to it."""
    write_ct(folder, positions=ct.stacked(count=35), **ct_attributes)
    back = np.linalg.inv(TRUTH)
    pixels = np.full((nm.SLICES, nm.ROWS, nm.COLUMNS), 10, np.uint16)
    pixels[MARKER_KJI] = MARKER_COUNTS
    volume = nm.recon(pixels)

    def place(ds: Dataset) -> None:
        (detector,) = ds.DetectorInformationSequence
        first = back[:3, :3] @ NM_ORIGIN_LPS + back[:3, 3]
        detector.ImagePositionPatient = [f"{v:.12g}" for v in first]
        detector.ImageOrientationPatient = [f"{v:.10f}" for v in back[:3, :2].T.ravel()]
        if frame is None:
            del ds.FrameOfReferenceUID
        else:
            ds.FrameOfReferenceUID = frame

    write_nm(folder, dataset=volume, edit=place)
    return folder


def marker_in_the_spect(folder: Path) -> np.ndarray:
    """Position of the bright voxel from the header (PS3.3 C.7.6.2.1.1 and C.8.4.15)."""
    ds = pydicom.dcmread(folder / "nm.dcm")
    (detector,) = ds.DetectorInformationSequence
    row = np.array(detector.ImageOrientationPatient[:3], float)
    column = np.array(detector.ImageOrientationPatient[3:], float)
    (voxel,) = np.argwhere(ds.pixel_array == MARKER_COUNTS)
    k, j, i = voxel
    return (
        np.array(detector.ImagePositionPatient, float)
        + i * ds.PixelSpacing[1] * row
        + j * ds.PixelSpacing[0] * column
        + k * ds.SpacingBetweenSlices * np.cross(row, column)
    )


def sides(folder: Path) -> tuple[Pair, dict[str, RegisteredImages]]:
    chosen = pair(scan(folder))
    named = {}
    for label, side, one in (("CT", "fixed", chosen.ct), ("SPECT", "moving", chosen.spect)):
        frames = one.plan.frames
        named[side] = RegisteredImages(
            label,
            frames[0].instance.dataset,
            one.study.study_instance_uid,
            one.series.series_instance_uid,
            one.grid.frame_of_reference_uid,
            tuple(
                dict.fromkeys(
                    (str(f.instance.dataset.SOPClassUID), f.instance.sop_instance_uid)
                    for f in frames
                )
            ),
        )
    return chosen, named


def write_truth(folder: Path, path: Path, *, method: Method = Method.CORRELATION) -> Path:
    _, named = sides(folder)
    registration = Registration(RigidTransform(TRUTH), method)
    write_spatial_registration(path, registration, edition=Edition(made=MADE), **named)
    return path


@pytest.mark.parametrize("frame", [OTHER_FRAME, FRAME])
def test_that_the_bend_of_a_neck_is_not_in_it_stands_in_the_object(tmp_path, frame) -> None:
    _, named = sides(moved_study(tmp_path / "study", frame=frame))
    upper = RigidTransform.from_euler(rotation_deg=(4, 0, 0))
    neck = NeckCorrection(RigidTransform(TRUTH), upper, -40.0, 60.0, np.zeros(3))
    bent = Registration(RigidTransform(TRUTH), Method.NECK, neck=neck)
    path = tmp_path / "reg.dcm"
    write_spatial_registration(path, bent, edition=Edition(made=MADE), **named)
    assert np.allclose(matrix_in(path, 1), TRUTH, atol=1e-9)
    ds = pydicom.dcmread(path)
    (step,) = ds.RegistrationSequence[1].MatrixRegistrationSequence
    said = "SPECT to CT: rigid part only, bend of the neck not in it"
    assert (ds.SeriesDescription, step.FrameOfReferenceTransformationComment) == (said, said)
    straight = pydicom.dcmread(write_truth(tmp_path / "study", tmp_path / "straight.dcm"))
    assert straight.SeriesDescription == "SPECT to CT"


def matrix_in(path: Path, item: int) -> np.ndarray:
    sequence = pydicom.dcmread(path).RegistrationSequence
    (step,) = sequence[item].MatrixRegistrationSequence
    (only,) = step.MatrixSequence
    assert only.FrameOfReferenceTransformationMatrixType == "RIGID"
    return np.array(only.FrameOfReferenceTransformationMatrix, float).reshape(4, 4)


@pytest.mark.parametrize("frame", [OTHER_FRAME, FRAME, None])
def test_the_matrix_takes_the_marker_of_the_spect_to_the_ct(tmp_path, frame) -> None:
    folder = moved_study(tmp_path / "study", frame=frame)
    path = write_truth(folder, tmp_path / "reg.dcm")
    ds = pydicom.dcmread(path)
    assert ds.FrameOfReferenceUID == FRAME
    ct_item, spect_item = ds.RegistrationSequence
    # Which side is which follows from the files that each lists, not from their order.
    listed = {
        name: {str(i.ReferencedSOPInstanceUID) for i in item.ReferencedImageSequence}
        for name, item in (("ct", ct_item), ("spect", spect_item))
    }
    spect_image = str(pydicom.dcmread(folder / "nm.dcm").SOPInstanceUID)
    assert listed["spect"] == {spect_image}
    assert len(listed["ct"]) == 35
    assert (ct_item.FrameOfReferenceUID, spect_item.get("FrameOfReferenceUID")) == (FRAME, frame)
    assert np.array_equal(matrix_in(path, 0), np.eye(4))
    landed = matrix_in(path, 1) @ [*marker_in_the_spect(folder), 1.0]
    assert landed[:3] == pytest.approx(MARKER_CT_LPS, abs=1e-4)
    assert np.array_equal(matrix_in(path, 1)[3], [0, 0, 0, 1])


@pytest.mark.parametrize("frame", [OTHER_FRAME, FRAME])
def test_reopening_gives_the_same_picture(tmp_path, frame) -> None:
    folder = moved_study(tmp_path / "study", frame=frame)
    write_truth(folder, folder / "reg.dcm")
    review = fusion.open_study(folder, interpolation="nearest")
    assert review.fused.registration.method is Method.STORED
    corners = review.fused.spect.grid.corners_lps
    expected = corners @ TRUTH[:3, :3].T + TRUTH[:3, 3]
    assert np.abs(review.fused.registration.transform.apply(corners) - expected).max() < 1e-6
    # The uptake of the marker shows where it belongs in the CT, and nowhere else near by.
    assert review.fused.sample_at(MARKER_CT_LPS).uptake == MARKER_COUNTS
    assert review.fused.sample_at(MARKER_CT_LPS + np.array([nm.DX, 0, 0])).uptake == 10
    # Written again and opened again, it is still the same to far below 0.01 mm.
    write_review(review, tmp_path / "out")
    (folder / "reg.dcm").unlink()
    shutil.copy(tmp_path / "out" / "spatial_registration.dcm", folder)
    again = fusion.open_study(folder)
    assert np.abs(again.fused.registration.transform.apply(corners) - expected).max() < 1e-6


@pytest.mark.parametrize("frame", [OTHER_FRAME, FRAME])
def test_results_inside_the_study_change_nothing(tmp_path, frame) -> None:
    folder = moved_study(tmp_path / "study", frame=frame)
    write_truth(folder, folder / "reg.dcm")
    write_review(fusion.open_study(folder), folder / "results")
    review = fusion.open_study(folder, interpolation="nearest")
    assert review.fused.spect.source.sop_instance_uids == (
        str(pydicom.dcmread(folder / "nm.dcm").SOPInstanceUID),
    )
    assert review.fused.sample_at(MARKER_CT_LPS).uptake == MARKER_COUNTS
    # The resampled copy lies in the CT already: chosen on purpose, it is not moved once more.
    (copy,) = (
        plan.volume_id
        for study in review.catalog.studies
        for series in study.series
        for plan in series.volumes
        if "On CT grid" in plan.description
    )
    derived = fusion.open_study(folder, spect=copy)
    assert derived.fused.registration.method is Method.SHARED_FRAME
    focus = derived.fused.focus_lps
    assert np.linalg.norm(focus - MARKER_CT_LPS) < max(nm.DX, nm.DY, nm.DZ)


def test_a_search_that_was_asked_for_comes_before_the_stored_one(tmp_path) -> None:
    folder = marked_study.write_study(tmp_path)
    write_truth(folder, folder / "reg.dcm")
    review = fusion.open_study(folder, register=True)
    assert review.fused.registration.method is not Method.STORED
    assert "stored-registration-ignored" in {finding.code for finding in review.findings}


def test_the_json_beside_it_says_the_same_in_words(tmp_path) -> None:
    folder = moved_study(tmp_path / "study", frame=FRAME)
    review = fusion.open_study(folder).with_registration(
        Registration(RigidTransform(TRUTH), Method.CORRELATION)
    )
    out = tmp_path / "out"
    write_review(review, out)
    written = (out / "registration.json").read_text("utf-8")
    content = json.loads(written)
    landed = np.array(content["matrix_spect_to_ct_lps"]) @ [*marker_in_the_spect(folder), 1.0]
    assert landed[:3] == pytest.approx(MARKER_CT_LPS, abs=1e-4)
    assert np.allclose(
        content["matrix_spect_to_ct_lps"], matrix_in(out / "spatial_registration.dcm", 1)
    )
    assert content["fixed"]["what"] == "CT"
    assert len(content["fixed"]["sop_instance_uids"]) == 35
    assert content["moving"]["what"] == "SPECT"
    assert content["moving"]["sop_instance_uids"] == [
        str(pydicom.dcmread(folder / "nm.dcm").SOPInstanceUID)
    ]
    assert "SPECT" in content["direction"].split("is the same point")[0]
    assert content["method"] == "rigid correlation"
    assert content["rotation_deg"] == pytest.approx(
        np.degrees(np.arccos((np.trace(TRUTH[:3, :3]) - 1) / 2)), abs=1e-4
    )
    assert [finding["code"] for finding in content["findings"]] == ["registration-same-frame"]
    assert "No^Body" not in written
    listed = json.loads((out / "review.json").read_text("utf-8"))["outputs"]
    assert listed["spatial_registration"] == "spatial_registration.dcm"
    assert listed["registration_record"] == "registration.json"


@dataclass
class Validated:
    frame: str | None = OTHER_FRAME
    method: Method = Method.CORRELATION
    study_of_the_ct: str | None = None


VALIDATED = {
    "two frames": Validated(),
    "one frame": Validated(frame=FRAME),
    "SPECT without a frame": Validated(frame=None),
    "identity": Validated(frame=FRAME, method=Method.SHARED_FRAME),
    "written again": Validated(method=Method.STORED),
    "CT of another study": Validated(study_of_the_ct="1.2.3.4.77"),
}


@pytest.mark.parametrize("name", VALIDATED)
def test_dciodvfy_finds_nothing(tmp_path, name) -> None:
    case = VALIDATED[name]
    same = {"BodyPartExamined": "CSPINE", "StudyTime": "090000", "StudyID": "1"}
    if case.study_of_the_ct:
        same["StudyInstanceUID"] = case.study_of_the_ct
    folder = moved_study(tmp_path / "study", frame=case.frame, **same)
    path = write_truth(folder, tmp_path / "reg.dcm", method=case.method)
    lines = dicom3tools("dciodvfy", path).split("\n")
    assert [line for line in lines if line] == ["SpatialRegistration"]


def test_the_code_says_how_it_was_obtained(tmp_path) -> None:
    folder = moved_study(tmp_path / "study")
    meanings = {}
    for method in (Method.SHARED_FRAME, Method.CORRELATION, Method.STORED):
        ds = pydicom.dcmread(write_truth(folder, tmp_path / "reg.dcm", method=method))
        (step,) = ds.RegistrationSequence[1].MatrixRegistrationSequence
        meanings[method] = [code.CodeMeaning for code in step.RegistrationTypeCodeSequence]
    # CID 7100; a transform that was itself read from a file claims nothing.
    assert meanings == {
        Method.SHARED_FRAME: ["Frame of Reference Identity"],
        Method.CORRELATION: ["Image Content-based Alignment"],
        Method.STORED: [],
    }


def test_images_of_another_study_are_referred_to_apart(tmp_path) -> None:
    folder = moved_study(tmp_path / "study", StudyInstanceUID="1.2.3.4.77")
    ds = pydicom.dcmread(write_truth(folder, tmp_path / "reg.dcm"))
    assert ds.StudyInstanceUID == "1.2.3.4.77"
    (here,) = ds.ReferencedSeriesSequence
    assert len(here.ReferencedInstanceSequence) == 35
    (elsewhere,) = ds.StudiesContainingOtherReferencedInstancesSequence
    assert elsewhere.StudyInstanceUID == "1.2.3.4.5"
    (series,) = elsewhere.ReferencedSeriesSequence
    assert len(series.ReferencedInstanceSequence) == 1


def test_a_ct_without_a_frame_is_refused(tmp_path) -> None:
    _, named = sides(moved_study(tmp_path / "study"))
    fixed = named["fixed"]
    frameless = RegisteredImages(
        fixed.label,
        fixed.header,
        fixed.study_instance_uid,
        fixed.series_instance_uid,
        None,
        fixed.references,
    )
    registration = Registration(RigidTransform(TRUTH), Method.CORRELATION)
    with pytest.raises(GeometryError, match="no coordinate system"):
        write_spatial_registration(
            tmp_path / "reg.dcm",
            registration,
            fixed=frameless,
            moving=named["moving"],
            edition=Edition(made=MADE),
        )
    assert not (tmp_path / "reg.dcm").exists()


# --- plastimatch, which shares no code with us ---------------------------------------------------


def plastimatch(*arguments: str, folder: Path) -> None:
    tool = debian("plastimatch", "plastimatch")
    subprocess.run([tool, *arguments], cwd=folder, check=True, capture_output=True)


def resampling_transform() -> sitk.AffineTransform:
    """What ITK wants to draw the SPECT on the CT: points of the CT to points of the SPECT."""
    back = np.linalg.inv(TRUTH)
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(back[:3, :3].ravel().tolist())
    transform.SetTranslation(back[:3, 3].tolist())
    return transform


def test_itk_draws_the_marker_at_its_place_with_the_inverse(tmp_path) -> None:
    # This ties the transform that plastimatch is given below to the truth.
    folder = moved_study(tmp_path / "study")
    spect = sitk.ReadImage(str(folder / "nm.dcm"))
    point = sitk.Image([1, 1, 1], sitk.sitkFloat32)
    point.SetOrigin(MARKER_CT_LPS.tolist())
    drawn = sitk.Resample(spect, point, resampling_transform(), sitk.sitkNearestNeighbor)
    assert drawn[0, 0, 0] == MARKER_COUNTS


@pytest.fixture
def of_plastimatch(tmp_path: Path) -> Path:
    """The Spatial Registration that plastimatch makes of ITK's transform.

    plastimatch reads no NM, so a second CT series stands for the frame of the SPECT.
    """
    ct.write_series(tmp_path / "fixed", ct.stacked(count=3))
    ct.write_series(tmp_path / "moving", ct.stacked(count=3))
    sitk.WriteTransform(resampling_transform(), str(tmp_path / "itk.tfm"))
    plastimatch(
        *("xf-convert", "--input", "itk.tfm", "--output-dicom", "out"),
        *("--fixed-rcs", "fixed", "--moving-rcs", "moving"),
        folder=tmp_path,
    )
    (path,) = (tmp_path / "out").iterdir()
    return path


def test_plastimatch_writes_the_same_matrix(tmp_path, of_plastimatch) -> None:
    folder = moved_study(tmp_path / "study")
    ours = write_truth(folder, tmp_path / "reg.dcm")
    assert np.array_equal(matrix_in(of_plastimatch, 0), matrix_in(ours, 0))
    # plastimatch writes six decimals.
    assert np.abs(matrix_in(of_plastimatch, 1) - matrix_in(ours, 1)).max() < 1e-6


def test_an_object_of_plastimatch_opens_as_it_was_meant(tmp_path, of_plastimatch) -> None:
    theirs = pydicom.dcmread(of_plastimatch)
    fixed, moving = (item.FrameOfReferenceUID for item in theirs.RegistrationSequence)
    folder = moved_study(tmp_path / "study", frame=moving, FrameOfReferenceUID=fixed)
    # It was made for other images: put it into this study, as a person would.
    theirs.StudyInstanceUID = "1.2.3.4.5"
    theirs.PatientID, theirs.PatientName = "1", "No^Body"
    theirs.save_as(folder / "reg.dcm")
    catalog = scan(folder)
    chosen = pair(catalog)
    stored, _ = find_stored_registration(catalog, chosen)
    assert stored is not None
    corners = chosen.spect.grid.corners_lps
    expected = corners @ TRUTH[:3, :3].T + TRUTH[:3, 3]
    assert np.abs(stored.transform.apply(corners) - expected).max() < 0.001


def test_a_review_names_every_file_that_it_wrote(tmp_path) -> None:
    review: Review = fusion.open_study(moved_study(tmp_path / "study", frame=FRAME))
    outputs = write_review(review, tmp_path / "out")
    assert set(outputs.paths) == set((tmp_path / "out").iterdir())
