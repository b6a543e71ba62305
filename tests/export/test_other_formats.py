"""NIfTI, NRRD and .tfm: a marker is where it was, read by the programs that own the formats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

import fusion
from fusion.export.handover import write_review
from fusion.findings.alignment import FRAME_STATED_BY_USER
from fusion.geometry import RigidTransform
from fusion.registration import Method, Registration
from tests.viewer.marked_study import BALLS, MIDDLE_LPS, write_study

TO_CT = RigidTransform.from_euler(
    rotation_deg=(3, -2, 4), translation_mm=(6, -9, 7), center_lps=MIDDLE_LPS
)
DISCLAIMER = (
    "Research and education tool. Not a medical device. Not for diagnosis or treatment decisions."
)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> fusion.Review:
    opened = fusion.open_study(write_study(tmp_path_factory.mktemp("formats")))
    note = FRAME_STATED_BY_USER(spect="SPECT", who="Dr. Somebody Particular")
    moved = opened.with_registration(Registration(TO_CT, Method.MANUAL))
    return replace(moved, opening_findings=(*moved.opening_findings, note))


@pytest.fixture(scope="module")
def files(review: fusion.Review, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    written = write_review(review, tmp_path_factory.mktemp("written")).paths
    kinds = (".nii.gz", ".nrrd", ".tfm")
    return {kind: path for kind in kinds for path in written if path.name.endswith(kind)}


def test_the_marker_is_where_the_ct_has_it(review: fusion.Review, files: dict[str, Path]) -> None:
    """The ball at the patient's left, by nibabel in RAS and by SimpleITK in LPS."""
    point = MIDDLE_LPS + BALLS["left"]
    place = TO_CT.apply(point)
    there = review.fused.sample_at(place).uptake
    nifti = nib.load(files[".nii.gz"])
    ras = place * (-1, -1, 1)
    index = np.rint(np.linalg.inv(nifti.affine) @ [*ras, 1])[:3].astype(int)
    assert nifti.get_fdata()[tuple(index)] == pytest.approx(there, rel=0.2)
    opposite = np.rint(np.linalg.inv(nifti.affine) @ [*(place * (1, -1, 1)), 1])[:3].astype(int)
    assert np.nan_to_num(nifti.get_fdata()[tuple(opposite)]) < 0.7 * there
    for read in (sitk.ReadImage(files[".nrrd"]), sitk.ReadImage(files[".nii.gz"])):
        value = read[read.TransformPhysicalPointToIndex(place.tolist())]
        assert value == pytest.approx(float(nifti.get_fdata()[tuple(index)]))
    # Every voxel, in the same place by all three.
    grid = review.fused.ct.grid
    for kji in ((0, 0, 0), (3, 5, 2), tuple(n - 1 for n in grid.shape)):
        lps = grid.to_lps(kji)
        np.testing.assert_allclose((nifti.affine @ [*kji[::-1], 1])[:3], lps * (-1, -1, 1))
        np.testing.assert_allclose(
            sitk.ReadImage(files[".nrrd"]).TransformIndexToPhysicalPoint(kji[::-1]), lps, atol=1e-4
        )
    np.testing.assert_array_equal(
        nifti.get_fdata(dtype=np.float32).transpose(2, 1, 0), review.fused.spect_on(grid)
    )
    assert (nifti.header["sform_code"], nifti.header["qform_code"]) == (1, 1)
    assert nifti.header.get_xyzt_units()[0] == "mm"


def test_the_transform_puts_the_spect_onto_the_ct(
    review: fusion.Review, files: dict[str, Path]
) -> None:
    read = sitk.ReadTransform(files[".tfm"])
    on_ct = TO_CT.apply(MIDDLE_LPS + BALLS["left"])
    np.testing.assert_allclose(
        read.TransformPoint(on_ct.tolist()), MIDDLE_LPS + BALLS["left"], atol=1e-6
    )
    np.testing.assert_allclose(fusion.transform_from_sitk(read).matrix, TO_CT.matrix, atol=1e-9)


def test_the_disclaimer_stands_in_each_and_no_name(files: dict[str, Path]) -> None:
    nifti = nib.load(files[".nii.gz"])
    comment = nifti.header.extensions[0].get_content()
    comment = comment.decode() if isinstance(comment, bytes) else str(comment)
    short = bytes(nifti.header["descrip"]).decode()
    assert short.startswith("Research and education tool. Not a medical device. facetfusion")
    nrrd = sitk.ReadImage(files[".nrrd"])
    said = "\n".join(nrrd.GetMetaData(key) for key in nrrd.GetMetaDataKeys())
    tfm = files[".tfm"].read_text("utf-8")
    for text in (comment, said, tfm):
        assert DISCLAIMER in text
        assert "Alignment: moved by hand." in text
        assert "frame-stated-by-user" in text
        assert "Somebody" not in text
    for path in files.values():
        assert b"Somebody" not in path.read_bytes()


def test_the_same_study_gives_the_same_bytes(
    review: fusion.Review, files: dict[str, Path], tmp_path: Path
) -> None:
    again = {path.name: path for path in write_review(review, tmp_path).paths}
    for path in files.values():
        assert path.read_bytes() == again[path.name].read_bytes()
