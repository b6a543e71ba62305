"""Pixels come out exactly as written, whatever the encoding; anything doubtful is refused."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from fusion.dicom.catalog import scan
from fusion.dicom.files.header import read_header
from fusion.dicom.files.instance import Instance
from fusion.dicom.pixels.codestream import read_codestream
from fusion.dicom.pixels.reading import PADDING_HU, check_pixels, read_frame, read_plan
from fusion.dicom.series import Series, VolumePlan
from fusion.errors import Cancelled, DicomError, GeometryError
from fusion.geometry import Volume

from . import ct_objects as ct
from . import nm_objects as nm

#: Slices of the small series written here.
COUNT = 5


def header(path: Path) -> Instance:
    instance = read_header(path, label=path.name)
    assert instance is not None
    return instance


def only_series(path: Path) -> Series:
    (study,) = scan(path).studies
    (series,) = study.series
    return series


def only_plan(path: Path) -> VolumePlan:
    (plan,) = only_series(path).volumes
    return plan


def read(plan: VolumePlan) -> Volume:
    return read_plan(plan, study_instance_uid="1.2", series_instance_uid="1.2.3")


def rewrite(path: Path, change: Callable[[Dataset], None]) -> None:
    """Change a file that ct_objects wrote; ``change`` gets the whole dataset."""
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)


# --- real files -----------------------------------------------------------------------------------

LOSSLESS = {
    "1.2.840.10008.1.2.2": "BigEndianExplicitTransferSyntax",
    "1.2.840.10008.1.2.1.99": "DeflatedExplicitVRLittleEndianTransferSyntax",
    "1.2.840.10008.1.2.4.90": "JPEG2000LosslessOnlyTransferSyntax",
    "1.2.840.10008.1.2.4.80": "JPEGLSLosslessTransferSyntax",
    "1.2.840.10008.1.2.4.70": "JPEGProcess14SV1TransferSyntax",
    "1.2.840.10008.1.2.4.57": "JPEGProcess14TransferSyntax",
    "1.2.840.10008.1.2.5": "RLELosslessTransferSyntax",
}


@pytest.fixture(scope="session")
def reference(shared_data: Path) -> np.ndarray:
    """The uncompressed slice, read by SimpleITK."""
    path = shared_data / "ct_15_encodings"
    name = "CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm"
    rescaled = sitk.GetArrayFromImage(sitk.ReadImage(str(path / name)))[0]
    return rescaled - int(pydicom.dcmread(path / name).get("RescaleIntercept", 0))


@pytest.mark.parametrize(("uid", "name"), LOSSLESS.items())
def test_lossless_encodings_agree_bit_for_bit(shared_data, reference, uid, name):
    path = shared_data / "ct_15_encodings" / f"CTImage.dcm_{name}_{uid}.dcm"
    instance = header(path)
    assert instance.transfer_syntax_uid == uid
    pixels = read_frame(instance)
    assert pixels.dtype == np.int16
    np.testing.assert_array_equal(pixels, reference)


def test_implicit_little_endian_agrees(shared_data, reference):
    pixels = read_frame(header(shared_data / "ct_15_encodings" / "CTImage.dcm"))
    np.testing.assert_array_equal(pixels, reference)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81", 20),
        ("JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91", 100),
    ],
)
def test_lossy_encodings_are_read_near_the_original(shared_data, reference, name, tolerance):
    pixels = read_frame(header(shared_data / "ct_15_encodings" / f"CTImage.dcm_{name}.dcm"))
    difference = np.abs(pixels.astype(int) - reference)
    assert 0 < np.percentile(difference, 99) <= tolerance


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"])
def test_what_nothing_decodes_is_said_in_a_sentence(shared_data, uid):
    (path,) = (shared_data / "ct_15_encodings").glob(f"*_{uid}.dcm")
    with pytest.raises(DicomError, match=r"is not supported\. Export") as caught:
        read_frame(header(path))
    assert path.name in str(caught.value)


@pytest.mark.parametrize("name", ["NM1_RLE", "NM1_JPLL", "NM1_JLSL", "NM1_J2KR"])
def test_whole_body_scan_agrees_with_its_uncompressed_form(shared_data, name):
    folder = shared_data / "nm_planar_bone"
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "NM1_UNC")))[0]
    np.testing.assert_array_equal(read_frame(header(folder / name)), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ct_brilliance16_lower_neck", "ct_biograph64_neck"])
def test_a_real_ct_equals_simpleitk(shared_data, name):
    volume = read(only_plan(shared_data / name))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(shared_data / name)))
    image = reader.Execute()
    np.testing.assert_array_equal(volume.values(), sitk.GetArrayFromImage(image))
    expected = np.array(image.TransformIndexToPhysicalPoint((0, 0, 0)))
    np.testing.assert_allclose(volume.grid.to_lps((0, 0, 0)), expected, atol=0.01)


# --- one small series, in every encoding we can write ---------------------------------------------


def reencode(path: Path, syntax: UID) -> None:
    """Write the same object in another native transfer syntax."""
    original = pydicom.dcmread(path)
    dataset = Dataset()
    for element in original:  # decodes each element, so that none is written as raw bytes
        dataset.add(element)
    dataset.file_meta = original.file_meta
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(original.PixelData, "<i2").astype(">i2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.save_as(path, enforce_file_format=True)


def compress(path: Path, syntax: UID) -> None:
    rewrite(path, lambda dataset: dataset.compress(syntax, generate_instance_uid=False))


ENCODERS = {
    ImplicitVRLittleEndian: reencode,
    DeflatedExplicitVRLittleEndian: reencode,
    ExplicitVRBigEndian: reencode,
    RLELossless: compress,
    JPEGLSLossless: compress,
    JPEG2000Lossless: compress,
}


def encode(path: Path, syntax: UID) -> None:
    ENCODERS[syntax](path, syntax)


@pytest.mark.parametrize("syntax", ENCODERS, ids=lambda syntax: syntax.name)
def test_every_encoding_gives_the_same_volume(tmp_path, syntax):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    expected = read(only_plan(tmp_path)).stored
    for path in written.paths:
        encode(path, syntax)
        assert header(path).transfer_syntax_uid == syntax
    volume = read(only_plan(tmp_path))
    assert volume.stored.dtype == np.int16
    np.testing.assert_array_equal(volume.stored, expected)
    np.testing.assert_array_equal(volume.stored, ct.pixels_with_markers(COUNT))


def test_series_may_mix_encodings(tmp_path):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    encode(written.paths[1], RLELossless)
    encode(written.paths[3], ExplicitVRBigEndian)
    volume = read(only_plan(tmp_path))
    np.testing.assert_array_equal(volume.stored, ct.pixels_with_markers(COUNT))


@pytest.mark.parametrize("compressed", [False, True])
def test_frames_of_a_multiframe_object_are_told_apart(tmp_path, compressed):
    order = [3, 0, 4, 1, 2]
    path = tmp_path / "enhanced"
    ct.write_enhanced(path, ct.stacked(count=COUNT), order=order)
    if compressed:
        encode(path, RLELossless)
    expected = ct.pixels_with_markers(COUNT)
    instance = header(path)
    for index, k in enumerate(order):
        np.testing.assert_array_equal(read_frame(instance, index), expected[k])
    np.testing.assert_array_equal(read(only_plan(tmp_path)).stored, expected)
    with pytest.raises(DicomError, match="no frame 6"):
        read_frame(instance, 5)


def test_provenance_and_values(tmp_path):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    series = only_series(tmp_path)
    volume = read(series.volumes[0])
    assert volume.source.volume_id == "1.1"
    assert (volume.source.study_instance_uid, volume.source.series_instance_uid) == ("1.2", "1.2.3")
    assert volume.source.sop_instance_uids == tuple(
        pydicom.dcmread(path).SOPInstanceUID for path in written.paths
    )
    assert volume.unit == "HU"
    np.testing.assert_array_equal(volume.values(), ct.pixels_with_markers(COUNT) - 1024.0)


@pytest.mark.parametrize("value", [0, 65535, None])
def test_a_spect_of_one_value_says_that_it_shows_nothing(tmp_path, value):
    ds = nm.recon()
    if value is not None:
        ds.PixelData = np.full_like(nm.volume(), value).tobytes()
    (plan,) = only_series(nm.write(ds, tmp_path / "nm.dcm")).volumes
    told = [f.message for f in read(plan).findings if f.code == "one-value-only"]
    assert len(told) == (value is not None)
    assert all(f"holds the same value ({value:g} counts)" in message for message in told)


def test_a_refused_plan_is_not_read(shared_data):
    plan = only_plan(shared_data / "ct_hispeed_tilted_uneven")
    with pytest.raises(GeometryError, match="not evenly spaced"):
        read(plan)


def test_reading_stops_when_cancelled(tmp_path):
    ct.write_series(tmp_path, ct.stacked(count=COUNT))
    seen = []

    def stop_at_third(fraction: float, step: str) -> None:
        seen.append(fraction)
        if len(seen) == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        read_plan(
            only_plan(tmp_path),
            study_instance_uid="1",
            series_instance_uid="1",
            progress=stop_at_third,
        )
    assert seen == [1 / COUNT, 2 / COUNT, 3 / COUNT]


# --- bits -----------------------------------------------------------------------------------------


def test_signed_and_unsigned_files_in_one_series(tmp_path):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    values = np.array([0, 40000, 65535], "<u2")

    def unsigned(dataset: Dataset) -> None:
        dataset.PixelRepresentation = 0
        pixels = np.zeros(ct.ROWS * ct.COLUMNS, "<u2")
        pixels[:3] = values
        dataset.PixelData = pixels.tobytes()

    def negative(dataset: Dataset) -> None:
        dataset.PixelData = np.full(ct.ROWS * ct.COLUMNS, -2000, "<i2").tobytes()

    rewrite(written.paths[2], unsigned)
    rewrite(written.paths[3], negative)
    volume = read(only_plan(tmp_path))
    assert volume.stored.dtype == np.int32
    np.testing.assert_array_equal(volume.stored[2].ravel()[:3], values)
    assert (volume.stored[3] == -2000).all()
    assert volume.values()[2, 0, 1] == 40000 - 1024


@pytest.mark.parametrize("signed", [False, True])
def test_bits_above_bits_stored_are_not_pixels(tmp_path, signed):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    values = np.array([0, 1, 1000, 2047, -2048, -1] if signed else [0, 1, 1000, 4095])
    words = (values & 0x0FFF) | 0xA000  # something else lives in the upper four bits

    def twelve_bits(dataset: Dataset) -> None:
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelRepresentation = int(signed)
        pixels = np.full(ct.ROWS * ct.COLUMNS, 0xA000, "<u2")
        pixels[: len(words)] = words
        dataset.PixelData = pixels.tobytes()

    for path in written.paths:
        rewrite(path, twelve_bits)
    volume = read(only_plan(tmp_path))
    assert volume.stored.dtype == (np.int16 if signed else np.uint16)
    np.testing.assert_array_equal(volume.stored[2].ravel()[: len(values)], values)
    assert (volume.stored[2].ravel()[len(values) :] == 0).all()


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (32, np.uint32)])
def test_other_sizes_of_pixels(tmp_path, bits, dtype):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    pixels = np.arange(ct.ROWS * ct.COLUMNS, dtype=np.uint64).astype(dtype) * (2 ** (bits - 8))

    def change(dataset: Dataset) -> None:
        dataset.BitsAllocated = dataset.BitsStored = bits
        dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
        dataset.PixelData = pixels.astype(f"<u{bits // 8}").tobytes()

    for path in written.paths:
        rewrite(path, change)
    volume = read(only_plan(tmp_path))
    assert volume.stored.dtype == dtype
    np.testing.assert_array_equal(volume.stored[1].ravel(), pixels)


# --- padding --------------------------------------------------------------------------------------


def padded(tmp_path: Path, value: int, *, stored: int, edit=lambda dataset: None) -> Volume:
    """A series whose first pixel holds ``stored`` and whose header calls ``value`` padding."""

    def change(k: int, dataset: Dataset) -> None:
        dataset.add_new(0x00280120, "SS" if value < 0 else "US", value)
        edit(dataset)

    written = ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=change)
    for path in written.paths:
        dataset = pydicom.dcmread(path)
        pixels = np.frombuffer(dataset.PixelData, "<i2").copy()
        pixels[0] = stored
        dataset.PixelData = pixels.tobytes()
        dataset.save_as(path)
    return read(only_plan(tmp_path))


@pytest.mark.parametrize("value", [-2000, 63536])  # the same 16 bits, once as SS, once as US
def test_padding_becomes_air(tmp_path, value):
    volume = padded(tmp_path, value, stored=-2000)
    assert (volume.values()[:, 0, 0] == PADDING_HU).all()
    assert volume.values()[1, 0, 1] == 1 - 1024  # its neighbour is untouched
    assert "pixel-padding" in [finding.code for finding in volume.findings]


def test_padding_range_becomes_air(tmp_path):
    def edit(dataset: Dataset) -> None:
        dataset.add_new(0x00280121, "SS", -1500)

    volume = padded(tmp_path, -2000, stored=-1600, edit=edit)
    assert (volume.values()[:, 0, 0] == PADDING_HU).all()


def test_padding_in_the_range_of_tissue_is_not_believed(tmp_path):
    volume = padded(tmp_path, 1024, stored=1024)  # 0 HU: water
    assert (volume.values()[:, 0, 0] == 0).all()
    assert "pixel-padding-ignored" in [finding.code for finding in volume.findings]


def test_padding_outside_bits_stored_is_found_before_they_are_cleared(tmp_path):
    def twelve_bits_unsigned(dataset: Dataset) -> None:
        dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0

    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    for path in written.paths:
        dataset = pydicom.dcmread(path)
        twelve_bits_unsigned(dataset)
        dataset.add_new(0x00280120, "US", 63536)
        pixels = np.frombuffer(dataset.PixelData, "<u2").copy()
        pixels[0] = 63536
        dataset.PixelData = pixels.tobytes()
        dataset.save_as(path)
    values = read(only_plan(tmp_path)).values()
    assert (values[:, 0, 0] == PADDING_HU).all()
    assert values[2, 0, 1] == 2 - 1024


def test_air_widens_the_type_where_it_does_not_fit(tmp_path):
    def unsigned_hu(k: int, dataset: Dataset) -> None:
        dataset.RescaleIntercept = "0"
        dataset.add_new(0x00280120, "US", 65535)

    written = ct.write_series(tmp_path, ct.stacked(count=COUNT), edit=unsigned_hu)

    def change(dataset: Dataset) -> None:
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 0, 12, 11
        pixels = np.frombuffer(dataset.PixelData, "<u2").copy()
        pixels[0] = 65535
        dataset.PixelData = pixels.tobytes()

    for path in written.paths:
        rewrite(path, change)
    volume = read(only_plan(tmp_path))
    assert volume.stored.dtype == np.int32
    assert (volume.values()[:, 0, 0] == PADDING_HU).all()


# --- compressed frames that say something else than their header ----------------------------------


def jpeg_ls_with_size(frame: bytes, rows: int, columns: int) -> bytes:
    at = frame.index(b"\xff\xf7") + 5
    return frame[:at] + struct.pack(">HH", rows, columns) + frame[at + 4 :]


@pytest.mark.parametrize("rows", [65535, ct.ROWS // 2, ct.ROWS * 2])
def test_a_frame_that_states_another_size_is_refused(tmp_path, rows):
    path, _ = ct.write_series(tmp_path, ct.stacked(count=2)).paths

    def change(dataset: Dataset) -> None:
        dataset.compress(JPEGLSLossless, generate_instance_uid=False)
        (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
        stream = read_codestream(frame)
        assert stream is not None
        assert (stream.rows, stream.columns, stream.components) == (ct.ROWS, ct.COLUMNS, 1)
        dataset.PixelData = encapsulate([jpeg_ls_with_size(frame, rows, ct.COLUMNS)])

    rewrite(path, change)
    with pytest.raises(DicomError, match="compressed frame states") as caught:
        read_frame(header(path))
    assert path.name in str(caught.value)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_a_frame_that_stops_early_is_refused(tmp_path, syntax):
    path, _ = ct.write_series(tmp_path, ct.stacked(count=2)).paths

    def change(dataset: Dataset) -> None:
        noise = np.random.default_rng(1).integers(-999, 999, (ct.ROWS, ct.COLUMNS))
        dataset.PixelData = noise.astype("<i2").tobytes()
        dataset.compress(syntax, generate_instance_uid=False)
        (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = encapsulate([frame[: len(frame) // 2]])

    rewrite(path, change)
    with pytest.raises(DicomError):
        read_frame(header(path))


def test_colour_and_float_pixels_are_refused(tmp_path):
    colour, floating = ct.write_series(tmp_path, ct.stacked(count=2)).paths

    def rgb(dataset: Dataset) -> None:
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"

    def floats(dataset: Dataset) -> None:
        del dataset.PixelData
        dataset.add_new(0x7FE00008, "OF", np.zeros((ct.ROWS, ct.COLUMNS), "<f4").tobytes())
        dataset.BitsAllocated = 32

    rewrite(colour, rgb)
    rewrite(floating, floats)
    with pytest.raises(DicomError, match="colour"):
        check_pixels(header(colour))
    with pytest.raises(DicomError, match="floating-point"):
        check_pixels(header(floating))


def test_a_file_that_vanished_is_named(tmp_path):
    written = ct.write_series(tmp_path, ct.stacked(count=COUNT))
    plan = only_plan(tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(DicomError, match=f"{written.paths[0].name}.*no longer there"):
        read(plan)
