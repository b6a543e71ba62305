"""One study from disk to sample, picture and exported object: the geometry of the whole chain."""

from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image

import fusion
from fusion.errors import Cancelled, FusionError, GeometryError, SpacingNeeded
from fusion.export.handover import write_review
from fusion.export.review_record import review_json
from fusion.geometry import RigidTransform
from fusion.registration import Method, Registration
from tests.dicom import ct_objects as ct
from tests.dicom import nm_objects as nm
from tests.studies import NM_ORIGIN_LPS, write_ct, write_nm


def nm_marker_lps(index, *, orientation=nm.AXIAL, spacing=nm.DZ):
    """Return where an NM voxel is, from the numbers in the file and plain arithmetic."""
    offset = np.array(nm.truth_lps(index, orientation=orientation, spacing=spacing))
    return offset - np.array(nm.ORIGIN_LPS) + np.array(NM_ORIGIN_LPS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    write_ct(path / "CT")
    write_nm(path / "NM")
    return path


@pytest.fixture(scope="module")
def review(folder):
    return fusion.open_study(folder)


def test_every_marker_is_where_the_files_say(review) -> None:
    for value, (k, j, i) in nm.MARKERS.items():
        sample = review.fused.sample_at(nm_marker_lps((k, j, i)))
        assert sample.uptake == pytest.approx(value, abs=0.5)
    written = ct.markers(ct.stacked(), ct.AXIAL)
    for value, point in written.items():
        assert review.fused.sample_at(point).hu == value - 1024


def test_outside_is_not_zero(review) -> None:
    far = review.fused.display_grid.center_lps + np.array([0, 0, 500])
    assert review.fused.sample_at(far) == fusion.Sample(None, None)


@pytest.mark.parametrize("name", ["head first prone", "feet first supine, not turned", "coronal"])
@pytest.mark.parametrize("spacing", [3.0, -3.0])
def test_ct_orientation_and_nm_sign_change_no_place(tmp_path, name, spacing) -> None:
    orientation = ct.ORIENTATIONS[name]
    positions = ct.stacked(orientation)
    write_ct(
        tmp_path / "CT",
        positions=positions,
        edit=lambda k, ds: setattr(ds, "ImageOrientationPatient", list(orientation)),
    )
    write_nm(tmp_path / "NM", dataset=nm.recon(spacing=spacing))
    # Turned, they hardly meet.
    review = fusion.open_study(tmp_path, same_frame_by="Dr. A")
    grid = review.fused.display_grid
    assert grid.directions == pytest.approx(np.eye(3)[::-1])
    for value, point in ct.markers(positions, orientation).items():
        k, j, i = np.rint(grid.to_kji(point)).astype(int)
        assert review.fused.ct_display()[k, j, i] == value - 1024
    for value, index in nm.MARKERS.items():
        point = nm_marker_lps(index, spacing=spacing)
        assert review.fused.sample_at(point).uptake == pytest.approx(value, abs=0.5)


def test_planes_and_volume_agree_with_simpleitk(review, folder) -> None:
    grid = review.fused.display_grid
    moving = sitk.Cast(sitk.ReadImage(str(folder / "NM" / "nm.dcm")), sitk.sitkFloat32)
    if moving.GetDimension() == 4:
        moving = moving[..., 0]
    reference = sitk.Image(*grid.shape[::-1], sitk.sitkFloat32)
    reference.SetSpacing(grid.spacing_mm[::-1].tolist())
    reference.SetOrigin(grid.affine[:3, 3].tolist())
    theirs = sitk.GetArrayFromImage(
        sitk.Resample(moving, reference, sitk.Transform(), sitk.sitkLinear, float("nan"))
    )
    ours = review.fused.spect_display()
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert both.mean() > 0.9
    assert np.abs(ours - theirs)[both].max() < 0.01
    for axis in range(3):
        index = grid.shape[axis] // 3
        np.testing.assert_allclose(
            review.fused.spect_plane(axis, index), np.take(ours, index, axis), rtol=1e-5
        )


def test_tilted_ct_is_straightened_and_stays_in_place(tmp_path) -> None:
    tilted = (1, 0, 0, 0, np.cos(0.2), np.sin(0.2))
    positions = np.array(ct.ORIGIN_LPS) + np.arange(ct.SLICES)[:, None] * (0, 0, 1.5)
    write_ct(
        tmp_path / "CT",
        positions=positions,
        edit=lambda k, ds: setattr(ds, "ImageOrientationPatient", [f"{v:.9f}" for v in tilted]),
    )
    write_nm(tmp_path / "NM")
    review = fusion.open_study(tmp_path)
    codes = {finding.code for finding in review.findings}
    assert {"gantry-tilt", "ct-straightened"} <= codes
    assert review.fused.display_grid.is_axis_aligned
    shown = review.fused.ct_display()
    for value, point in ct.markers(positions, tilted).items():
        assert review.fused.sample_at(point).hu == value - 1024
        k, j, i = np.rint(review.fused.display_grid.to_kji(point)).astype(int)
        box = tuple(slice(max(n - 3, 0), n + 4) for n in (k, j, i))
        excess = np.clip(np.nan_to_num(shown[box], nan=-1024) + 1024 - ct.SLICES, 0, None)
        assert excess.max() > 200
        kji = np.stack(
            np.meshgrid(
                *(np.arange(b.start, b.start + n) for b, n in zip(box, excess.shape, strict=True)),
                indexing="ij",
            ),
            axis=-1,
        )
        places = review.fused.display_grid.to_lps(kji)
        centroid = (places * excess[..., None]).sum(axis=(0, 1, 2)) / excess.sum()
        # Linear interpolation onto another lattice may shift one voxel's centroid by a fraction.
        assert np.abs(centroid - point).max() < 0.35
    write_review(review, tmp_path / "out")
    derived = sitk.ReadImage(str(tmp_path / "out" / "spect_on_ct.dcm"))
    assert derived.GetDirection() == pytest.approx(np.eye(3).ravel())


def test_written_files_say_what_was_done(review, tmp_path) -> None:
    out = tmp_path / "new" / "out"
    assert set(write_review(review, out).paths) == set(out.iterdir())
    record = json.loads((out / "review.json").read_text("utf-8"))
    assert record["registration"]["matrix_spect_to_ct_lps"] == np.eye(4).tolist()
    assert record["registration"]["method"] == Method.SHARED_FRAME.value
    assert record["ct"]["unit"] == "HU"
    assert record["spect"]["unit"] == "counts"
    assert record["spect"]["series_instance_uid"] == "1.2.3.4.5.6"
    assert record["software"]["SimpleITK"] == sitk.Version().VersionString().split("-")[0]
    assert "Not a medical device" in record["disclaimer"]
    assert record["outputs"] == {
        "derived_nm": "spect_on_ct.dcm",
        "spatial_registration": "spatial_registration.dcm",
        "registration_record": "registration.json",
        "pictures": ["fused_axial.png", "fused_coronal.png", "fused_sagittal.png"],
    }
    derived = pydicom.dcmread(out / "spect_on_ct.dcm")
    image = sitk.ReadImage(str(out / "spect_on_ct.dcm"))
    assert np.array(image.GetSize())[::-1].tolist() == list(review.fused.ct.grid.shape)
    assert image.GetOrigin() == pytest.approx(review.fused.ct.grid.affine[:3, 3], abs=0.01)
    assert derived.FrameOfReferenceUID == review.fused.ct.grid.frame_of_reference_uid
    assert derived.PatientID == "1"
    assert "No^Body" not in (out / "review.json").read_text("utf-8")


def test_pictures_put_a_left_hot_spot_on_the_right_of_the_picture(tmp_path) -> None:
    pixels = np.full((nm.SLICES, nm.ROWS, nm.COLUMNS), 10, np.uint16)
    hot = (12, 17, 19)  # left of, behind and above the middle of the CT
    pixels[hot] = 4000
    write_ct(tmp_path / "CT")
    write_nm(tmp_path / "NM", dataset=nm.recon(pixels))
    review = fusion.open_study(tmp_path)
    point = nm_marker_lps(hot)
    center = review.fused.display_grid.center_lps
    assert (point > center + 2).all()
    write_review(review, tmp_path / "out", point_lps=point)
    for plane, right, down in (
        ("axial", "L", "P"),
        ("coronal", "L", "below"),
        ("sagittal", "P", "below"),
    ):
        path = tmp_path / "out" / f"fused_{plane}.png"
        picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
        red = (picture[..., 0] - picture[..., 2] > 60) & (picture[..., 0] > 100)
        red[:, -190:] = False  # the colour bar
        rows, columns = np.nonzero(red)
        middle = (44 + (picture.shape[0] - 92 - 44)) / 2, (44 + picture.shape[1] - 120 - 44) / 2
        assert columns.mean() > middle[1], f"{right} belongs on the right of {path.name}"
        if down == "P":
            assert rows.mean() > middle[0], "posterior belongs at the bottom"
        else:
            assert rows.mean() < middle[0], "a spot above the middle belongs at the top"


def test_registration_moves_the_picture_and_is_recorded(review) -> None:
    transform = RigidTransform.from_euler(rotation_deg=(0, 0, 5), translation_mm=(4, -3, 2))
    moved = review.with_registration(Registration(transform, Method.CORRELATION))
    k, j, i = nm.MARKERS[2000]
    point = transform.apply(nm_marker_lps((k, j, i)))
    assert moved.fused.sample_at(point).uptake == pytest.approx(2000, abs=0.5)
    assert review_json(moved)["registration"]["matrix_spect_to_ct_lps"] == transform.matrix.tolist()


def test_a_large_stored_shift_keeps_its_warning_on_every_export(tmp_path) -> None:
    write_ct(tmp_path / "study" / "CT")
    write_nm(tmp_path / "study" / "NM")
    transform = RigidTransform.from_euler(translation_mm=(8, 0, 0))
    review = fusion.open_study(tmp_path / "study")
    write_review(review.with_registration(Registration(transform, Method.MANUAL)), tmp_path / "a")
    (tmp_path / "a" / "spatial_registration.dcm").rename(tmp_path / "study" / "reg.dcm")
    again = fusion.open_study(tmp_path / "study")
    assert again.fused.registration.transform.matrix == pytest.approx(transform.matrix, abs=1e-6)
    assert "stored-registration-large" in {finding.code for finding in again.assumptions}


def test_different_frames_are_not_combined_silently(tmp_path) -> None:
    write_ct(tmp_path / "CT", FrameOfReferenceUID="9.9")
    write_nm(tmp_path / "NM")
    with pytest.raises(GeometryError, match="--register"):
        fusion.open_study(tmp_path)


@pytest.mark.parametrize("ct_frame", ["9.9", ""])
def test_a_named_person_may_state_that_the_frames_are_one(tmp_path, ct_frame) -> None:
    write_ct(tmp_path / "CT", FrameOfReferenceUID=ct_frame)
    write_nm(tmp_path / "NM", FrameOfReferenceUID="")
    with pytest.raises(GeometryError, match="--same-frame"):
        fusion.open_study(tmp_path, same_frame_by=" ")
    review = fusion.open_study(tmp_path, same_frame_by="Dr A. Reader")
    (note,) = review.assumptions
    assert note.code == "frame-stated-by-user"
    assert "Dr A. Reader" in note.message
    # That they can only be shown through a registration would contradict it.
    assert "different-frames" not in [finding.code for finding in review.findings]
    for value, index in nm.MARKERS.items():
        assert review.fused.sample_at(nm_marker_lps(index)).uptake == pytest.approx(value, abs=0.5)
    write_review(review, tmp_path / "out")
    derived = pydicom.dcmread(tmp_path / "out" / "spect_on_ct.dcm")
    assert derived.FrameOfReferenceUID == review.fused.ct.grid.frame_of_reference_uid
    assert ct_frame in ("", derived.FrameOfReferenceUID)


def test_spacing_is_asked_for_used_and_marked(tmp_path) -> None:
    write_ct(tmp_path / "CT")
    write_nm(tmp_path / "NM", dataset=nm.recon(spacing=None))
    with pytest.raises(SpacingNeeded):
        fusion.open_study(tmp_path)
    review = fusion.open_study(tmp_path, spacing_mm=nm.DZ)
    assert [f.code for f in review.assumptions] == ["user-geometry"]
    assert review_json(review)["assumptions"][0]["code"] == "user-geometry"
    for value, index in nm.MARKERS.items():
        assert review.fused.sample_at(nm_marker_lps(index)).uptake == pytest.approx(value, abs=0.5)


def test_fields_that_do_not_meet_are_a_question(tmp_path) -> None:
    write_ct(tmp_path / "CT")
    write_nm(
        tmp_path / "NM",
        edit=lambda ds: setattr(
            ds.DetectorInformationSequence[0], "ImagePositionPatient", [-70, -62, 900]
        ),
    )
    with pytest.raises(GeometryError, match=r"do not overlap at all.*--same-frame"):
        fusion.open_study(tmp_path)
    review = fusion.open_study(tmp_path, same_frame_by="Dr. A")
    assert {"little-overlap", "placement-stated-by-user"} <= {f.code for f in review.findings}
    assert "placement-stated-by-user" in {f.code for f in review.assumptions}
    write_review(review, tmp_path / "out")


def test_a_small_ct_inside_a_large_spect_is_no_warning(tmp_path) -> None:
    write_ct(tmp_path / "CT")

    def whole_body(ds) -> None:
        ds.DetectorInformationSequence[0].ImagePositionPatient = [-320, -240, -400]
        ds.PixelSpacing, ds.SpacingBetweenSlices = [20, 20], 30

    write_nm(tmp_path / "NM", edit=whole_body)
    review = fusion.open_study(tmp_path)
    assert review.fused.overlap < 0.02
    assert "little-overlap" not in {f.code for f in review.findings}


def test_an_order_of_slices_that_the_file_does_not_number_is_an_assumption(tmp_path) -> None:
    write_ct(tmp_path / "CT")
    write_nm(tmp_path / "NM", edit=lambda ds: ds.pop("SliceVector"))
    review = fusion.open_study(tmp_path)
    assert [f.code for f in review.assumptions] == ["slice-vector-missing"]


def test_hostile_identity_is_plain_text_everywhere(tmp_path) -> None:
    name = "<b>Evil</b>\x1b[31m^\u202eReversed"
    write_ct(tmp_path / "CT", PatientName=name, SpecificCharacterSet="ISO_IR 192")
    write_nm(tmp_path / "NM", PatientName=name, SpecificCharacterSet="ISO_IR 192")
    title = fusion.open_study(tmp_path).title
    assert "\x1b" not in title
    assert "\u202e" not in title
    assert "\n" not in title


def test_unwritable_folder_is_one_sentence(review, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(FusionError, match="could not be written"):
        write_review(review, blocked / "out")


def test_cancel_while_opening(folder) -> None:
    def cancel(fraction: float, step: str) -> None:
        if fraction > 0.4:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        fusion.open_study(folder, progress=cancel)


@pytest.mark.slow
def test_real_pet_ct(shared_data) -> None:
    review = fusion.open_study(shared_data / "petct_discovery_st")
    assert review.spect_label == "PET"
    assert review.fused.spect.unit == "Bq/mL"
    image = sitk.ReadImage([str(frame.instance.path) for frame in review.pair.spect.plan.frames])
    rng = np.random.default_rng(2)
    for index in rng.integers(10, 110, (20, 3)).tolist():
        point = image.TransformIndexToPhysicalPoint(index)
        if review.fused.ct.grid.contains(point):
            expected = image[index]
            assert review.fused.sample_at(point).uptake == pytest.approx(expected, rel=0.02, abs=20)
