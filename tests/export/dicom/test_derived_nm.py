"""The derived NM object, read back by readers that share no code with us."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset

from fusion.errors import GeometryError
from fusion.export.dicom.derived_nm import write_derived_nm
from fusion.export.edition import Edition
from fusion.geometry import Grid
from tests.export.dicom.others import dicom3tools
from tests.volumes import affine

MADE = datetime(2026, 11, 2, 15, 4, 5)
OBLIQUE = ((0.0, -0.6, 0.8), (0.0, 0.8, 0.6), (1.0, 0.0, 0.0))
GRIDS = {
    "straight": affine(spacing_kji=(2.5, 0.7, 0.9), origin_lps=(-12.125, 30.5, -107.25)),
    "against row × column": affine(
        spacing_kji=(2.5, 0.7, 0.9),
        origin_lps=(-12, 30, 7),
        directions_kji=((0, 0, -1), (0, 1, 0), (1, 0, 0)),
    ),
    "oblique": affine(spacing_kji=(2, 0.7, 0.9), origin_lps=(1, 2, 3), directions_kji=OBLIQUE),
}


def source_header() -> Dataset:
    ds = Dataset()
    ds.PatientName = "Test^Derived"
    ds.PatientID = "T1"
    ds.PatientBirthDate = "19700101"
    ds.PatientSex = "F"
    ds.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    ds.StudyDate = "20260102"
    ds.StudyTime = "101112"
    ds.ReferringPhysicianName = ""
    ds.StudyID = "S1"
    ds.AccessionNumber = ""
    ds.BodyPartExamined = "CSPINE"
    ds.AcquisitionDate = "20260102"
    ds.AcquisitionTime = "120000"
    return ds


def written(path: Path, matrix, values, *, unit="Bq/mL", value_range=(0.0, 1000.0)) -> Path:
    write_derived_nm(
        path,
        values,
        grid=Grid(values.shape, matrix, "1.2.3.4"),
        unit=unit,
        source=source_header(),
        source_references=[("1.2.840.10008.5.1.4.1.1.20", "1.2.3.9")],
        description="Bone SPECT",
        value_range=value_range,
        edition=Edition(made=MADE),
    )
    return path


def ramp():
    values = np.linspace(0, 1000, 4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
    values[0, 0, :3] = np.nan
    return values


@pytest.mark.parametrize("name", GRIDS)
def test_simpleitk_puts_every_voxel_where_we_do(tmp_path, name) -> None:
    matrix, values = GRIDS[name], ramp()
    image = sitk.ReadImage(str(written(tmp_path / "nm.dcm", matrix, values)))
    grid = Grid(values.shape, matrix)
    array = sitk.GetArrayFromImage(image)
    # ITK may reverse the slices to stay right-handed: compare by place, not by index.
    for kji in np.ndindex(*values.shape):
        index = image.TransformPhysicalPointToIndex(grid.to_lps(kji).tolist())
        center = image.TransformIndexToPhysicalPoint(index)
        assert center == pytest.approx(grid.to_lps(kji), abs=0.001)
        stored = float(array[index[::-1]])
        truth = values[kji]
        expected = 0.0 if np.isnan(truth) else 1 + truth / 1000 * 65534
        assert stored == pytest.approx(expected, abs=0.51)


def test_the_mapping_gives_the_values_back_and_outside_is_not_zero_uptake(tmp_path) -> None:
    values = ramp() - 200
    ds = pydicom.dcmread(
        written(tmp_path / "nm.dcm", GRIDS["straight"], values, value_range=(-200.0, 800.0))
    )
    (mapping,) = ds.RealWorldValueMappingSequence
    stored = ds.pixel_array.astype(float)
    outside = stored == ds.PixelPaddingValue
    assert np.array_equal(outside, np.isnan(values))
    real = stored * mapping.RealWorldValueSlope + mapping.RealWorldValueIntercept
    assert np.abs(real - values)[~outside].max() <= 1000 / 65534
    assert mapping.RealWorldValueFirstValueMapped == 1
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "Bq/ml"
    assert ds.FrameOfReferenceUID == "1.2.3.4"
    assert ds.StudyInstanceUID == source_header().StudyInstanceUID
    assert "Not a medical device" in ds.ImageComments
    assert ds.ImageType[:3] == ["DERIVED", "PRIMARY", "RECON TOMO"]


@pytest.mark.parametrize("name", GRIDS)
def test_dciodvfy_finds_no_error(tmp_path, name) -> None:
    path = written(tmp_path / "nm.dcm", GRIDS[name], ramp(), unit="counts")
    report = dicom3tools("dciodvfy", path)
    assert "NMImage" in report
    assert [line for line in report.splitlines() if line.startswith("Error")] == []


def test_a_sheared_or_frameless_grid_is_refused(tmp_path) -> None:
    sheared = GRIDS["straight"].copy()
    sheared[1, 0] = 0.8
    with pytest.raises(GeometryError, match="Tilted slices"):
        written(tmp_path / "nm.dcm", sheared, ramp())
    with pytest.raises(GeometryError, match="Frame of Reference"):
        write_derived_nm(
            tmp_path / "nm.dcm",
            ramp(),
            grid=Grid((4, 5, 6), GRIDS["straight"]),
            unit="counts",
            source=source_header(),
            source_references=[],
            description="",
            value_range=(0, 1),
            edition=Edition(made=MADE),
        )
    assert not (tmp_path / "nm.dcm").exists()
