"""What sloppy writers, copies and archives do to a whole study: it opens, and it is said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import (
    ImplicitVRLittleEndian,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)

from fusion.cli import main
from fusion.dicom.candidate import read_volume
from fusion.dicom.catalog import scan
from fusion.dicom.files.header import read_header
from fusion.dicom.files.instance import text
from fusion.dicom.files.mending import mend
from fusion.dicom.pairing import pair
from fusion.dicom.pixels.codestream import without_tail
from fusion.dicom.series import Catalog
from fusion.errors import DicomError, PairingError, SpacingNeeded
from tests.dicom import ct_objects as ct
from tests.dicom import nm_objects as nm
from tests.studies import write_ct, write_nm

#: These files are written wrong on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def study(folder: Path) -> Path:
    write_ct(folder / "ct", positions=ct.stacked()[:4])
    write_nm(folder / "nm")
    return folder


def codes(catalog: Catalog) -> set[str]:
    found = list(catalog.findings)
    for one in catalog.studies:
        found += one.findings
        for series in one.series:
            found += series.findings
            found += [f for plan in series.volumes for f in plan.findings]
    return {f.code for f in found}


def whole(catalog: Catalog) -> Catalog:
    """Assert that both volumes can be put together, and have their markers."""
    chosen = pair(catalog)
    assert chosen.ct.plan.shape[0] == 4
    values = read_volume(chosen.spect).stored
    for value, index in nm.MARKERS.items():
        assert values[index] == value
    assert "unreadable" not in codes(catalog)
    return catalog


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def every(folder: Path, change: Callable[[bytes], bytes]) -> None:
    for path in files(folder):
        path.write_bytes(change(path.read_bytes()))


# --- pixels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [1, 2, 512])
def test_what_follows_the_pixels_is_not_read(tmp_path: Path, extra: int) -> None:
    study(tmp_path)
    for path in files(tmp_path):
        ds = pydicom.dcmread(path)
        size = len(ds.PixelData)
        raw = path.read_bytes()
        old, new = (b"OW\0\0" + n.to_bytes(4, "little") for n in (size, size + extra))
        assert raw.count(old) == 1
        path.write_bytes(raw.replace(old, new) + b"\7" * extra)
    assert "pixel-data-longer" in codes(whole(scan(tmp_path)))


def test_a_frame_too_many_is_still_refused(tmp_path: Path) -> None:
    study(tmp_path)
    path = next((tmp_path / "nm").iterdir())
    ds = pydicom.dcmread(path)
    ds.PixelData = ds.PixelData + bytes(2 * nm.ROWS * nm.COLUMNS)
    ds.save_as(path)
    assert "unreadable" in codes(scan(tmp_path))


@pytest.mark.parametrize("vr", [b"OB", b"UN"])
def test_sixteen_bits_under_another_representation(tmp_path: Path, vr: bytes) -> None:
    study(tmp_path)
    every(tmp_path, lambda raw: raw.replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0" + vr))
    whole(scan(tmp_path))


def test_counts_with_a_palette(tmp_path: Path) -> None:
    study(tmp_path)
    write_nm(
        tmp_path / "nm", edit=lambda ds: setattr(ds, "PhotometricInterpretation", "PALETTE COLOR")
    )
    assert "palette-not-used" in codes(whole(scan(tmp_path)))


@pytest.mark.parametrize("tail", [b"", b"\0", b"\7", b"junk", b"\xff\xff"])
def test_a_compressed_frame_ends_at_its_marker(tail: bytes) -> None:
    assert without_tail(b"\xff\xd8image\xff\xd9" + tail) == b"\xff\xd8image\xff\xd9"
    assert without_tail(b"\xff\xd8cut" + tail) == b"\xff\xd8cut" + tail


def test_an_empty_slice_with_slope_zero(tmp_path: Path) -> None:
    study(tmp_path)

    def edit(k: int, ds: Dataset) -> None:
        ds.RescaleSlope = "0" if k == 1 else "2"

    ct.write_series(tmp_path / "pt", ct.stacked()[:4], pet=True, edit=edit)
    second = sorted((tmp_path / "pt").iterdir())
    for path in second:
        ds = pydicom.dcmread(path)
        if ds.RescaleSlope == 0:
            ds.PixelData = bytes(len(ds.PixelData))
            ds.save_as(path)
    [plan] = [
        p for one in scan(tmp_path / "pt").studies for s in one.series for p in s.volumes
    ]  # fmt: skip
    assert plan.refusal is None
    assert "slope-zero" in {f.code for f in plan.findings}
    assert sorted(plan.slope.tolist()) == [1, 2, 2, 2]


# --- files ------------------------------------------------------------------------------------


def bare(raw: bytes) -> bytes:
    """A data set in implicit VR, without preamble and file meta group."""
    out = BytesIO()
    ds = pydicom.dcmread(BytesIO(raw))
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()[out.getvalue().index(b"\x08\0\x08\0") :]


@pytest.mark.parametrize(
    "strip", [bare, lambda raw: raw[132:], lambda raw: raw[raw.index(b"\x08\0\x08\0CS") :]]
)
@pytest.mark.parametrize("suffix", [".dcm", ""])
def test_data_sets_without_a_file_header(
    tmp_path: Path, strip: Callable[[bytes], bytes], suffix: str
) -> None:
    every(study(tmp_path), strip)
    for path in files(tmp_path):
        path.rename(path.with_suffix(suffix))
    assert "without-file-header" in codes(whole(scan(tmp_path)))


@pytest.mark.parametrize(
    "raw", [b"", b"\x08\0", b"\x08\0\x08\0" * 500, b"\x02\0\0\0UL\x04\0" + bytes(300), bytes(900)]
)
def test_what_only_begins_like_one_is_not_dicom(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x").write_bytes(raw)
    assert read_header(tmp_path / "x", label="x") is None


def test_resource_files_of_a_mac_are_no_errors(tmp_path: Path) -> None:
    study(tmp_path)
    for path in files(tmp_path):
        path.with_name("._" + path.name).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(200))
    assert "not-dicom" in codes(whole(scan(tmp_path)))


#: pydicom's FileSet complains when its temporary folder is left to the garbage collector.
_KEPT: list[FileSet] = []


def medium(folder: Path) -> Path:
    source, disc = study(folder / "source"), FileSet()
    for path in files(source):
        ds = pydicom.dcmread(path)
        ds.StudyTime, ds.StudyID, ds.SeriesNumber = "120000", "1", 1
        disc.add(ds)
    disc.write(folder / "disc")
    _KEPT.append(disc)
    return folder / "disc"


def test_an_index_whose_files_got_an_extension(tmp_path: Path) -> None:
    disc = medium(tmp_path)
    for path in [p for p in disc.rglob("*") if p.is_file() and p.name != "DICOMDIR"]:
        path.rename(path.with_name(path.name + ".dcm"))
    assert "dicomdir-missing" not in codes(whole(scan(disc / "DICOMDIR")))


def test_an_index_whose_names_have_a_version(tmp_path: Path) -> None:
    disc = medium(tmp_path)
    index = pydicom.dcmread(disc / "DICOMDIR")
    for record in index.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            *head, last = record.ReferencedFileID
            record["ReferencedFileID"] = pydicom.DataElement(
                "ReferencedFileID", "CS", [*head, last + ";1"], validation_mode=0
            )
    index.save_as(disc / "DICOMDIR")
    assert "dicomdir-missing" not in codes(whole(scan(disc / "DICOMDIR")))


def test_an_index_of_each_series_misses_nothing(tmp_path: Path) -> None:
    disc = medium(tmp_path)
    deep = next(p for p in disc.rglob("*") if p.is_file() and p.name != "DICOMDIR").parent
    (disc / "DICOMDIR").rename(deep / "DIRFILE")
    assert "dicomdir-missing" not in codes(whole(scan(disc)))


def test_a_zip_behind_something_else_and_what_is_none(tmp_path: Path) -> None:
    source = study(tmp_path / "source")
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as archive:
        for path in files(source):
            archive.write(path, path.relative_to(source))
    data = (tmp_path / "plain.zip").read_bytes()
    (tmp_path / "self.exe").write_bytes(b"MZ" + bytes(500) + data)
    whole(scan(tmp_path / "self.exe"))
    (tmp_path / "damaged.zip").write_bytes(b"no zip at all" * 20)
    with pytest.raises(DicomError, match=r"named like a zip.*damaged"):
        scan(tmp_path / "damaged.zip")


# --- headers ----------------------------------------------------------------------------------


def test_an_attribute_that_the_dictionary_does_not_know_is_absent() -> None:
    """Series DateTime is none of DICOM's, and asked for beside the others."""
    assert text(Dataset(), "SeriesDateTime") == ""


@pytest.mark.parametrize("name", ["a.tar.gz", "a.7z", "A.RAR"])
def test_what_is_packed_in_another_way_is_named(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(b"Rar!\x1a\x07\x01\x00")
    assert main(["scan", str(tmp_path)]) == 3
    told = f"{name} is packed ({name.rpartition('.')[2].lower()}), which is not read; unpack it"
    assert told in capsys.readouterr().err
    assert main(["fuse", str(tmp_path), "--to", str(tmp_path / "to")]) == 3
    assert told in capsys.readouterr().err
    study(tmp_path)
    assert "archive-of-others" in codes(whole(scan(tmp_path)))


def test_dates_and_sexes_that_are_none_are_left_out_and_said() -> None:
    ds = Dataset()
    ds.add_new("StudyDate", "DA", "20240311")
    ds[0x00100030] = pydicom.DataElement(
        0x00100030, "DA", "8a1c5b5e-0f4b-4b5e-9a39-2f7a4f3f3f10", validation_mode=0
    )
    ds.add_new("PatientSex", "CS", "UNKNOWN")
    ds.add_new("SeriesDate", "DA", "2024.03.11")
    assert mend(ds) == ("Patient's Birth Date", "Patient's Sex")
    assert (ds.PatientBirthDate, ds.PatientSex) == ("", "")
    assert (ds.StudyDate, ds.SeriesDate) == ("20240311", "2024.03.11")


def test_identifiers_that_no_object_can_hold_are_replaced_everywhere_alike(tmp_path: Path) -> None:
    long = "1.2." + "9" * 70
    study(tmp_path)
    for path in files(tmp_path):
        ds = pydicom.dcmread(path)
        ds.StudyInstanceUID = ds.FrameOfReferenceUID = pydicom.uid.UID(long, validation_mode=0)
        ds.save_as(path)
    catalog = whole(scan(tmp_path))
    assert "uids-replaced" in codes(catalog)
    chosen = pair(catalog)
    assert chosen.ct.header.StudyInstanceUID == chosen.ct.study.study_instance_uid
    assert len(chosen.ct.study.study_instance_uid) <= 64
    assert chosen.ct.grid.frame_of_reference_uid == chosen.ct.header.FrameOfReferenceUID


def test_a_reconstruction_that_numbers_nothing_is_a_question(tmp_path: Path) -> None:
    def research(ds: Dataset) -> None:
        ds.ImageType = "ORIGINAL PRIMARY RECON TOMO EMISSION"
        del ds.SliceVector, ds.NumberOfSlices

    study(tmp_path)
    write_nm(tmp_path / "nm", edit=research)
    with pytest.raises(SpacingNeeded, match=r"in which order.*--spacing"):
        pair(scan(tmp_path))
    catalog = whole(scan(tmp_path, spacing_mm=nm.DZ))
    assert "slice-vector-missing" in codes(catalog)


def test_passes_of_one_scan_are_told_apart_by_acquisition(tmp_path: Path) -> None:
    positions = np.concatenate([ct.stacked()[:8], ct.stacked()[3:11] + np.array([0, 0, 0.7])])

    def edit(k: int, ds: Dataset) -> None:
        ds.AcquisitionNumber = 1 if k < 8 else 2

    ct.write_series(tmp_path, positions, edit=edit)
    plans = [p for one in scan(tmp_path).studies for s in one.series for p in s.volumes]
    assert [p.shape[0] for p in plans] == [8, 8]
    assert all(p.refusal is None for p in plans)
    assert "acquisition 1" in plans[0].description


# --- one command for all ----------------------------------------------------------------------


def test_a_spect_that_cannot_be_read_is_an_error_of_facets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study(tmp_path)
    [path] = (tmp_path / "nm").iterdir()
    path.write_bytes(path.read_bytes()[:-5000])
    assert main(["facets", str(tmp_path), "--json"]) == 3
    out, err = capsys.readouterr()
    [said] = [f for f in json.loads(out)["findings"] if f["code"] == "uptake-not-measured"]
    assert said["severity"] == "error"
    assert "no uptake was measured" in err


def test_a_study_without_any_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_ct(tmp_path / "ct", positions=ct.stacked()[:4])
    assert main(["facets", str(tmp_path), "--json"]) == 0
    [said] = [
        f
        for f in json.loads(capsys.readouterr().out)["findings"]
        if f["code"] == "uptake-not-measured"
    ]
    assert said["severity"] == "info"


# --- what is no volume, and why ---------------------------------------------------------------


def test_counts_with_fractions_are_refused_by_their_name(tmp_path: Path) -> None:
    study(tmp_path)
    path = tmp_path / "nm" / "nm.dcm"
    ds = pydicom.dcmread(path)
    ds.FloatPixelData = ds.pixel_array.astype("<f4").tobytes()
    ds.BitsAllocated = 32
    del ds.PixelData, ds.BitsStored, ds.HighBit, ds.PixelRepresentation
    ds.save_as(path)
    with pytest.raises(PairingError, match="numbers with fractions") as said:
        pair(scan(tmp_path))
    assert "whole numbers (16 bits)" in str(said.value)
    assert "cut short" not in str(said.value)


def test_a_reconstruction_sent_as_a_picture_is_named(tmp_path: Path) -> None:
    study(tmp_path)
    path = tmp_path / "nm" / "nm.dcm"
    ds = pydicom.dcmread(path)
    kind = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = kind
    ds.save_as(path)
    with pytest.raises(PairingError, match=r"Bone SPECT: Multi-frame .*Secondary Capture"):
        pair(scan(tmp_path))


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        (16, False),
        (12, False),  # 4000 is the highest value
        (11, True),  # and is cut here
    ],
)
def test_values_above_their_bits_are_said(tmp_path: Path, bits: int, said: bool) -> None:
    """Only the bits that the header names are read; a value that has more is cut, never silently.

    The highest marker, 4000, is 1952 of 11 bits.
    """
    ds = nm.recon()
    ds.BitsStored, ds.HighBit = bits, bits - 1
    write_ct(tmp_path / "ct", positions=ct.stacked()[:4])
    write_nm(tmp_path / "nm", dataset=ds)
    found = read_volume(pair(scan(tmp_path)).spect)
    assert found.stored[0, 0, 0] == (1952 if said else 4000)
    messages = [f.message for f in found.findings if f.code == "bits-beyond-stored"]
    assert len(messages) == said
    # The markers of 2500, 3000, 3500 and 4000 are above 2047.
    assert not said or messages[0].startswith("4 pixel(s) hold more than the 11 bits")


@pytest.mark.parametrize("has_overlay", [False, True])
def test_overlays_in_unused_bits_are_no_values(tmp_path: Path, has_overlay: bool) -> None:
    ds = nm.recon()
    ds.BitsStored, ds.HighBit = 12, 11
    ds.PixelData = (nm.volume() | 0x4000).astype("<u2").tobytes()
    if has_overlay:
        ds.add_new((0x6000, 0x0102), "US", 14)
    write_ct(tmp_path / "ct", positions=ct.stacked()[:4])
    write_nm(tmp_path / "nm", dataset=ds)
    found = read_volume(pair(scan(tmp_path)).spect)
    np.testing.assert_array_equal(found.stored, nm.volume())
    assert ("bits-beyond-stored" in {f.code for f in found.findings}) is not has_overlay


@pytest.mark.parametrize("signed", [False, True])
def test_values_aligned_to_the_left_and_signs_are_no_spare_bits(
    tmp_path: Path, signed: bool
) -> None:
    ds = nm.recon()
    stored = nm.volume().astype(int) - (2000 if signed else 0)
    ds.PixelRepresentation = int(signed)
    ds.BitsStored, ds.HighBit = (13, 15)
    ds.PixelData = ((stored << 3) & 0xFFFF).astype("<u2").tobytes()
    write_ct(tmp_path / "ct", positions=ct.stacked()[:4])
    write_nm(tmp_path / "nm", dataset=ds)
    found = read_volume(pair(scan(tmp_path)).spect)
    np.testing.assert_array_equal(found.stored, stored)
    assert "bits-beyond-stored" not in {f.code for f in found.findings}


def test_images_of_other_formats_are_called_by_their_kind(tmp_path: Path, capsys) -> None:
    (tmp_path / "ct.nii.gz").write_bytes(b"\x1f\x8b" + bytes(50))
    (tmp_path / "spect.NRRD").write_bytes(b"NRRD0004" + bytes(50))
    assert main(["fuse", str(tmp_path), "--to", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert "2 file(s) hold images of another format than DICOM (ct.nii.gz, spect.NRRD)" in said
    assert "unpack it" not in said
