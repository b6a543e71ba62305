"""Damaged and malicious input (docs/sources.md#damaged-files), beside a good CT.

Each case is put into a folder that also holds a good CT series. Whatever the case does, the good
series is found and read, nothing hangs, and what was left out is named.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom import config
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from fusion.dicom.catalog import scan
from fusion.dicom.files import archive, budget
from fusion.dicom.files.header import (
    MAX_SEQUENCE_DEPTH,
    inflated_from_pixels,
    read_header,
    read_with_pixels,
)
from fusion.dicom.pixels import decoder_process, isolated
from fusion.dicom.pixels.codestream import bare, read_codestream
from fusion.dicom.pixels.isolated import decode_apart
from fusion.dicom.pixels.layout import layout_of
from fusion.dicom.pixels.reading import read_frame, read_plan
from fusion.dicom.series import Catalog, Kind, Series, VolumePlan
from fusion.errors import DicomError
from fusion.findings import Finding

from . import ct_objects as ct
from . import nm_objects as nm

COUNT = 4
BAD = "bad"
#: Address space of the child process in the tests of memory: the interpreter with NumPy, pydicom
#: and its decoders needs about 1 GiB of it.
LIMIT_BYTES = 2 * 2**30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ct.write_series(tmp_path / "study" / "good", ct.stacked(count=COUNT))
    return tmp_path / "study"


def good(catalog: Catalog) -> Series:
    """The good series, after reading it."""
    (series,) = (
        series
        for study in catalog.studies
        for series in study.series
        if any(item.label.startswith("good/") for item in series.instances)
    )
    (plan,) = (plan for plan in series.volumes if plan.refusal is None)
    volume = read_plan(plan, study_instance_uid="1", series_instance_uid="2")
    np.testing.assert_array_equal(volume.stored, ct.pixels_with_markers(COUNT))
    return series


def findings(catalog: Catalog) -> list[Finding]:
    return [
        *catalog.findings,
        *(f for study in catalog.studies for f in study.findings),
        *(f for study in catalog.studies for series in study.series for f in series.findings),
    ]


def assert_named(catalog: Catalog, label: str, words: str = "") -> None:
    """A Finding about the file exists, in words, and no series holds the file."""
    about = [f.message for f in findings(catalog) if label in f.message]
    assert about
    assert any(words in message for message in about), about
    kept = [
        item.label
        for study in catalog.studies
        for series in study.series
        for item in series.instances
    ]
    assert label not in kept


@pytest.fixture(autouse=True)
def _write_anything():
    """Let pydicom write the values that it would warn about, as the authors of bad files did."""
    with config.disable_value_validation():
        yield


def ct_image(**changes: object) -> Dataset:
    """One CT image of a series of its own; None deletes an attribute."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.SeriesDescription = "CT", "Bad"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PixelSpacing, ds.ImageOrientationPatient = [1, 1], [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [0, 0, 0]
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.Rows, ds.Columns = 64, 64
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.PixelData = bytes(64 * 64 * 2)
    for keyword, value in changes.items():
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    return ds


def put(folder: Path, dataset: Dataset) -> Path:
    path = folder / BAD
    dataset.save_as(path, enforce_file_format=True)
    return path


def file_bytes(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def before_pixels(dataset: Dataset, inserted: bytes) -> bytes:
    """The file with raw bytes put in front of its pixel data element."""
    raw = file_bytes(dataset)
    at = raw.index(b"\xe0\x7f\x10\x00OW")
    return raw[:at] + inserted + raw[at:]


# --- pixels that are not what the header says -----------------------------------------------------


def test_cut_inside_the_pixels(folder):
    path = put(folder, ct_image())
    path.write_bytes(path.read_bytes()[:-100])
    catalog = scan(folder)
    good(catalog)
    assert_named(catalog, BAD, "100 of 8192 bytes of its pixels are missing")


def test_one_image_of_a_series_cut_short_is_named_on_its_volume(folder):
    victim = sorted((folder / "good").iterdir())[-1]
    victim.write_bytes(victim.read_bytes()[:-10])
    (study,) = scan(folder).studies
    (series,) = study.series
    assert len(series.instances) == COUNT - 1
    (plan,) = series.volumes
    assert plan.refusal is None
    assert plan.shape[0] == COUNT - 1
    assert any(victim.name in f.message for f in plan.findings)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.95])
def test_cut_inside_the_header(folder, part):
    path = put(folder, ct_image())
    raw = path.read_bytes()
    header = raw.index(b"\xe0\x7f\x10\x00OW")
    start = 132
    path.write_bytes(raw[: start + int((header - start) * part)])
    catalog = scan(folder)
    good(catalog)
    if part > 0.2:  # below, not even the SOP class is left, and the object is no image
        assert_named(catalog, BAD)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Rows": 65535, "Columns": 65535}, "GiB"),
        ({"Rows": 10000, "Columns": 10000}, "pixel data are 8192 bytes"),
        ({"Rows": 128}, "pixel data are 8192 bytes"),
        ({"Rows": 32}, "pixel data are 8192 bytes"),
        ({"NumberOfFrames": 100000}, "pixel data are 8192 bytes"),
        ({"NumberOfFrames": 2**31 - 1}, "GiB"),
        ({"NumberOfFrames": 0}, "cannot be read"),
        ({"NumberOfFrames": -1}, "cannot be read"),
        ({"Rows": 0}, "cannot be read"),
        ({"BitsAllocated": 7}, "cannot be read"),
        ({"BitsAllocated": 64}, "cannot be read"),
        ({"BitsStored": 17}, "contradict"),
        ({"HighBit": 16}, "contradict"),
        ({"HighBit": 3}, "contradict"),
        ({"PixelRepresentation": 7}, "contradict"),
        ({"PixelRepresentation": None}, "PixelRepresentation missing"),
        ({"Rows": None, "Columns": None}, "Rows and Columns missing"),
        ({"PixelData": None}, "no pixels"),
    ],
    ids=str,
)
def test_header_and_pixels_that_disagree(folder, changes, words):
    put(folder, ct_image(**changes))
    catalog = scan(folder)
    good(catalog)
    assert_named(catalog, BAD, words)


def test_three_samples_per_pixel_is_a_picture_not_a_ct(folder):
    put(folder, ct_image(SamplesPerPixel=3))
    catalog = scan(folder)
    good(catalog)
    assert sorted(s.kind for study in catalog.studies for s in study.series) == [
        Kind.CT,
        Kind.OTHER,
    ]


@pytest.mark.parametrize("position", [b"nan\\inf\\1e309 ", b"0\\0\\1e309 ", b"1\\2 ", b"", None])
def test_position_that_is_no_position(folder, position):
    raw = file_bytes(ct_image())
    at = raw.index(b"\x20\x00\x32\x00DS")
    (length,) = struct.unpack_from("<H", raw, at + 6)
    stated = b"" if position is None else raw[at : at + 6] + struct.pack("<H", len(position))
    (folder / BAD).write_bytes(raw[:at] + stated + (position or b"") + raw[at + 8 + length :])
    catalog = scan(folder)
    good(catalog)
    (series,) = (s for st in catalog.studies for s in st.series if s.description == "Bad")
    assert all(plan.refusal is not None for plan in series.volumes)


# --- headers made to exhaust ----------------------------------------------------------------------


def nested(depth: int, *, undefined: bool) -> bytes:
    """A sequence (0040,0275) in itself, ``depth`` times, explicit VR little endian."""
    tag, item = b"\x40\x00\x75\x02SQ\0\0", b"\xfe\xff\x00\xe0"
    if undefined:
        endless = b"\xff\xff\xff\xff"
        end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
        return (tag + endless + item + endless) * depth + end * depth
    parts: list[bytes] = []
    size = 0
    for _ in range(depth):
        parts.append(tag + struct.pack("<L", size + 8) + item + struct.pack("<L", size))
        size += 20
    return b"".join(reversed(parts))


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("depth", [MAX_SEQUENCE_DEPTH + 1, 200, 5_000, 50_000])
def test_sequences_in_sequences(folder, depth, undefined):
    (folder / BAD).write_bytes(before_pixels(ct_image(), nested(depth, undefined=undefined)))
    catalog = scan(folder)
    good(catalog)
    assert_named(catalog, BAD, "nests sequences deeper than")


def test_the_same_nesting_is_refused_each_time(tmp_path):
    """Sequences are remembered by their bytes; those that reach too deep are none the better."""
    too_deep = nested(40, undefined=False)
    for name in ("one", "other"):
        (tmp_path / name).write_bytes(before_pixels(ct_image(), too_deep))
    catalog = scan(tmp_path)
    for name in ("one", "other"):
        assert_named(catalog, name, "nests sequences deeper than")


@pytest.mark.parametrize("undefined", [True, False])
def test_ordinary_nesting_is_read(tmp_path, undefined):
    path = tmp_path / "nested"
    path.write_bytes(before_pixels(ct_image(), nested(10, undefined=undefined)))
    instance = read_header(path, label="nested")
    assert instance is not None
    assert instance.pixel_tag_offset is not None


#: Runs a scan, reads every usable volume and prints the Findings, with little memory.
CHILD = """
import resource, sys
from fusion.dicom.catalog import scan
from fusion.dicom.pixels.reading import read_frame, read_plan
from fusion.errors import FusionError
resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))
catalog = scan(sys.argv[1])
for study in catalog.studies:
    for series in study.series:
        for item in series.instances:
            try:
                read_frame(item)
                print("read", item.label)
            except FusionError as exc:
                print("refused", exc)
        for finding in series.findings:
            print("finding", finding.message)
for finding in catalog.findings:
    print("finding", finding.message)
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def scan_in_child(folder: Path) -> tuple[list[str], int]:
    """Lines printed, and peak resident memory in MiB."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD.format(limit=LIMIT_BYTES), str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("read good/") for line in lines) == COUNT
    return lines, int(lines[-1].split()[1])


@pytest.fixture(scope="module")
def ordinary_peak(tmp_path_factory) -> int:
    """Peak memory of scanning the good series alone, MiB."""
    folder = tmp_path_factory.mktemp("ordinary")
    ct.write_series(folder / "good", ct.stacked(count=COUNT))
    return scan_in_child(folder)[1]


@pytest.mark.slow
@pytest.mark.parametrize("vr", [b"OB", b"UN", b"UT"])
def test_element_of_4_gib_in_a_file_of_8_kb(folder, ordinary_peak, vr):
    element = b"\x11\x00\x10\x10" + vr + b"\0\0" + struct.pack("<L", 0xFFFFFFF0)
    (folder / BAD).write_bytes(before_pixels(ct_image(), element))
    lines, peak = scan_in_child(folder)
    assert any(line.startswith("finding") and BAD in line for line in lines)
    assert peak < ordinary_peak + 64


def test_pixel_data_of_4_gib_in_a_file_of_8_kb(folder, ordinary_peak):
    raw = file_bytes(ct_image())
    at = raw.index(b"\xe0\x7f\x10\x00OW") + 8
    (folder / BAD).write_bytes(raw[:at] + struct.pack("<L", 0xFFFFFFF0) + raw[at + 4 :])
    lines, peak = scan_in_child(folder)
    assert any("bytes long" in line and BAD in line for line in lines)
    assert peak < ordinary_peak + 64


def deflated(tail: Callable[[zlib._Compress], bytes]) -> bytes:
    """A CT whose deflated data set goes on as ``tail`` says."""
    dataset = ct_image()
    raw = file_bytes(dataset)
    body = raw.index(b"\x08\x00\x08\x00CS")
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    only_meta = Dataset()
    only_meta.file_meta = meta
    head = io.BytesIO()
    pydicom.dcmwrite(head, only_meta, enforce_file_format=True)
    # dcmwrite deflates the empty data set into a few bytes behind the file meta group.
    start = 132 + 12 + struct.unpack_from("<L", head.getvalue(), 140)[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return head.getvalue()[:start] + packer.compress(raw[body:]) + tail(packer)


def test_deflated_file_is_read(tmp_path):
    (tmp_path / "x").write_bytes(deflated(lambda packer: packer.flush()))
    instance = read_header(tmp_path / "x", label="x")
    assert instance is not None
    assert instance.transfer_syntax_uid == DeflatedExplicitVRLittleEndian
    assert instance.dataset.Rows == 64


def test_deflated_file_that_was_replaced_is_not_unpacked(tmp_path):
    """It is opened a second time, behind the look at the first."""
    (tmp_path / "x").write_bytes(deflated(lambda packer: packer.flush()))
    instance = read_header(tmp_path / "x", label="x")
    assert instance is not None
    assert inflated_from_pixels(instance).read(4) == b"\xe0\x7f\x10\x00"
    (tmp_path / "y").write_bytes(deflated(lambda packer: packer.flush()) + b"\0\0")
    (tmp_path / "y").replace(tmp_path / "x")
    with pytest.raises(DicomError, match="changed or replaced"):
        inflated_from_pixels(instance)


def test_deflated_header_is_parsed_once(tmp_path, monkeypatch):
    """One whose parts take all that a header may cost is not taken apart again for its pixels."""
    (tmp_path / "x").write_bytes(deflated(lambda packer: packer.flush()))
    instance = read_header(tmp_path / "x", label="x")
    monkeypatch.setattr("fusion.dicom.files.budget.MAX_READS", 0)
    assert inflated_from_pixels(instance).read(4) == b"\xe0\x7f\x10\x00"


@pytest.mark.parametrize("compressed", [False, True])
def test_whole_object_is_of_the_file_whose_header_was_read(tmp_path, compressed):
    """A segmentation that is written anew in between would join one header and other pixels."""
    raw = deflated(lambda packer: packer.flush()) if compressed else file_bytes(ct_image())
    (tmp_path / "x").write_bytes(raw)
    instance = read_header(tmp_path / "x", label="x")
    assert read_with_pixels(instance).PixelData == ct_image().PixelData
    (tmp_path / "y").write_bytes(raw + b"\0\0")
    (tmp_path / "y").replace(tmp_path / "x")
    with pytest.raises(DicomError, match="changed or replaced"):
        read_with_pixels(instance)


@pytest.mark.slow
def test_deflate_bomb(folder, ordinary_peak):
    def bomb(packer: zlib._Compress) -> bytes:
        zeros = bytes(2**22)
        return b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()

    raw = deflated(bomb)
    assert len(raw) < 2**19  # unpacks to 256 MiB
    (folder / BAD).write_bytes(raw)
    lines, peak = scan_in_child(folder)
    assert any("refused as harmful" in line and BAD in line for line in lines)
    assert peak < ordinary_peak + 128


def test_deflated_file_cut_short(folder):
    raw = deflated(lambda packer: packer.flush())
    (folder / BAD).write_bytes(raw[:-20])
    catalog = scan(folder)
    good(catalog)
    assert_named(catalog, BAD, "end too early")


def rle_frame(runs: int) -> bytes:
    """One 8-bit segment of ``runs`` runs of 128 zeros, two bytes each."""
    return struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\x00" * runs


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [(50_000, 50_000, "GiB"), (64, 64, "does not fit its header")],
    ids=["states too much", "states little, decodes to much"],
)
def test_rle_bomb(folder, ordinary_peak, rows, columns, words):
    dataset = ct_image(Rows=rows, Columns=columns)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.PixelData = pydicom.encaps.encapsulate([rle_frame(3_000_000)])  # 6 MB → 384 MB
    dataset["PixelData"].VR = "OB"
    put(folder, dataset)
    lines, peak = scan_in_child(folder)
    assert any(words in line and BAD in line for line in lines)
    assert peak < ordinary_peak + 64


# --- bytes that are not what they should be -------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00ZZ"),
        (b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00SQ"),
        (b"\x20\x00\x32\x00DS", b"\x20\x00\x32\x00FD"),
        (b"\x08\x00\x16\x00UI", b"\x08\x00\x16\x00WI"),
        (b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00FL"),
        (b"\x20\x00\x0d\x00UI", b"\x20\x00\x0d\x00OQ"),
    ],
)
def test_bad_value_representation(folder, old, new):
    raw = file_bytes(ct_image())
    assert raw.count(old) == 1
    (folder / BAD).write_bytes(raw.replace(old, new))
    good(scan(folder))


@pytest.mark.parametrize("shift", [1, 2, 7])
def test_shifted_bytes(folder, shift):
    raw = file_bytes(ct_image())
    at = raw.index(b"\x08\x00\x60\x00CS")
    (folder / BAD).write_bytes(raw[:at] + b"\x07" * shift + raw[at:])
    good(scan(folder))


def test_files_that_are_not_dicom_are_counted(folder):
    (folder / "empty").touch()
    (folder / "random").write_bytes(np.random.default_rng(0).bytes(5000))
    (folder / "LICENSE").write_text("text")
    (folder / "no preamble").write_bytes(file_bytes(ct_image())[132:])
    catalog = scan(folder)
    good(catalog)
    # What lacks only its preamble is read: an image of another study.
    found = [(f.code, f.message.split()[0]) for f in catalog.findings]
    assert found == [("not-dicom", "3"), ("several-studies", "2")]


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_files_named_like_dicom_are_named(folder, content):
    (folder / "image.dcm").write_bytes(content)
    catalog = scan(folder)
    good(catalog)
    assert_named(catalog, "image.dcm", "Copy or export it again")


def test_dicm_prefix_and_then_noise(folder):
    noise = np.random.default_rng(0).bytes(5000)
    (folder / BAD).write_bytes(bytes(128) + b"DICM" + noise)
    good(scan(folder))


@pytest.mark.parametrize("charset", ["ISO_IR 999", "UTF-8 surely", "\\ISO 2022 IR 77"])
def test_unknown_character_set(folder, charset):
    raw = file_bytes(ct_image(SpecificCharacterSet="ISO_IR 192", PatientName="Bad^Name"))
    padded = charset.ljust(len(charset) + len(charset) % 2).encode()
    old = b"\x08\x00\x05\x00CS" + struct.pack("<H", 10) + b"ISO_IR 192"
    new = b"\x08\x00\x05\x00CS" + struct.pack("<H", len(padded)) + padded
    assert old in raw
    (folder / BAD).write_bytes(raw.replace(old, new).replace(b"Bad^Name", b"B\xff\xfe^Na\xc3("))
    catalog = scan(folder)
    good(catalog)
    assert "character-set" in [f.code for f in findings(catalog)]
    assert any(study.patient.name.startswith("B") for study in catalog.studies)


def test_bad_utf8_is_shown_replaced(folder):
    raw = file_bytes(ct_image(SpecificCharacterSet="ISO_IR 192", PatientName="Bad^Name"))
    (folder / BAD).write_bytes(raw.replace(b"Bad^Name", b"B\xff\xfe^Na\xc3("))
    catalog = scan(folder)
    good(catalog)
    assert any("�" in study.patient.name for study in catalog.studies)


def test_identifier_that_is_a_path(folder):
    evil = "../../../../tmp/evil"
    raw = file_bytes(ct_image(SOPInstanceUID="1." + "1" * (len(evil) - 2)))
    (folder / BAD).write_bytes(raw.replace(b"1." + b"1" * (len(evil) - 2), evil.encode()))
    catalog = scan(folder)
    good(catalog)
    uids = [
        item.sop_instance_uid for st in catalog.studies for s in st.series for item in s.instances
    ]
    assert len(uids) == COUNT + 1
    assert all(re.fullmatch(r"[0-9.]{1,64}", value) for value in uids)


def test_script_and_escape_sequences_in_names(folder):
    name = b"<script>x</script>\x1b[31m\n\x07^\r\0 "
    raw = file_bytes(ct_image(PatientName="N" * len(name)))
    (folder / BAD).write_bytes(raw.replace(b"N" * len(name), name))
    catalog = scan(folder)
    good(catalog)
    (shown,) = (study.patient.name for study in catalog.studies if study.patient.name)
    # Kept as plain text (whoever shows it escapes it); nothing that could steer a terminal.
    assert shown.startswith("<script>x</script>")
    assert shown.isprintable()


# --- DICOMDIR -------------------------------------------------------------------------------------


def write_dicomdir(folder: Path, references: list[list[str]]) -> Path:
    ds = Dataset()
    ds.FileSetID = "DISC"
    records = []
    for parts in references:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = parts
        records.append(record)
    ds.DirectoryRecordSequence = records
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = archive.MEDIA_STORAGE_DIRECTORY
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


ESCAPES = [["..", "..", "secret"], ["../secret"], ["/etc/passwd"], ["C:", "secret"], ["good", ".."]]


@pytest.mark.parametrize("opened", ["the file", "its folder"])
@pytest.mark.parametrize("escape", ESCAPES, ids="/".join)
def test_dicomdir_cannot_lead_outside(folder, escape, opened):
    put(folder.parent, ct_image()).rename(folder.parent / "secret")
    inside = [["GOOD", path.name] for path in sorted((folder / "good").iterdir())]
    path = write_dicomdir(folder, [escape, *inside])
    catalog = scan(path if opened == "the file" else folder)
    good(catalog)
    assert "dicomdir-escape" in [f.code for f in catalog.findings]
    assert len(catalog.studies) == 1


@pytest.mark.parametrize("opened", ["the file", "its folder"])
def test_dicomdir_names_what_is_missing(folder, opened):
    inside = [["GOOD", path.name] for path in sorted((folder / "good").iterdir())]
    path = write_dicomdir(folder, [*inside, ["GOOD", "IM0099"]])
    catalog = scan(path if opened == "the file" else folder)
    assert len(good(catalog).instances) == COUNT
    (finding,) = catalog.findings
    assert finding.code == "dicomdir-missing"
    assert "IM0099" in finding.message


# --- zip ------------------------------------------------------------------------------------------


def zipped(folder: Path, **extra: bytes) -> Path:
    path = folder.parent / "study.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                target.write(file, file.relative_to(folder))
        for name, content in extra.items():
            target.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../../evil.dcm", "/tmp/evil.dcm", "good/../../evil.dcm", "C:\\evil.dcm", "..\\evil"]
)
def test_zip_cannot_write_outside(folder, name):
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as target:
        target.writestr(zipfile.ZipInfo(name), file_bytes(ct_image()))
    catalog = scan(path)
    good(catalog)
    assert_named(catalog, "evil", "refused")
    assert not (folder.parent / "evil.dcm").exists()
    assert not Path("/tmp/evil.dcm").exists()


def test_zip_with_a_link(folder):
    path = zipped(folder)
    link = zipfile.ZipInfo("good/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as target:
        target.writestr(link, "/etc/passwd")
    catalog = scan(path)
    good(catalog)
    assert_named(catalog, "good/link", "links or devices")


def test_zip_with_a_password(folder):
    path = zipped(folder, secret=b"x" * 100)
    raw = bytearray(path.read_bytes())
    # Set the "encrypted" bit of the member in the central directory and its local header.
    central = raw.rindex(b"secret") - 46
    local = struct.unpack_from("<L", raw, central + 42)[0]
    raw[central + 8] |= 1
    raw[local + 6] |= 1
    path.write_bytes(raw)
    catalog = scan(path)
    good(catalog)
    assert_named(catalog, "secret", "password")


def test_zip_in_a_zip_is_not_opened(folder):
    inner = zipped(folder)
    content = inner.read_bytes()
    path = zipped(folder, **{"inner.zip": content})
    catalog = scan(path)
    good(catalog)
    assert_named(catalog, "inner.zip", "not opened")


def test_zip_in_a_folder_is_not_opened(folder):
    shutil.move(zipped(folder), folder / "copy.zip")
    catalog = scan(folder)
    assert len(good(catalog).instances) == COUNT
    assert_named(catalog, "copy.zip", "open it by itself")


def test_zip_bomb_is_refused_before_anything_is_unpacked(folder, monkeypatch):
    path = zipped(folder, zeros=bytes(200 * 2**20))
    monkeypatch.setattr(
        archive, "PrivateFolder", lambda: pytest.fail("a refused zip must not be unpacked")
    )
    with pytest.raises(DicomError, match="times its size"):
        scan(path)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("MAX_FILES", 3, "more than 3 files"), ("MAX_UNPACKED_BYTES", 1000, "would unpack to")],
)
def test_zip_beyond_the_caps(folder, monkeypatch, name, value, words):
    path = zipped(folder)
    monkeypatch.setattr(archive, name, value)
    with pytest.raises(DicomError, match=words):
        scan(path)


def test_damaged_member_leaves_the_rest(folder):
    path = zipped(folder)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as target:
        target.writestr("broken", b"0123456789" * 10)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"0123456789", b"0123456780", 1))
    catalog = scan(path)
    good(catalog)
    assert_named(catalog, "broken", "damaged")


def test_damaged_zip(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(DicomError, match="zip is damaged"):
        scan(tmp_path / "x.zip")


# --- things in a folder that are not files --------------------------------------------------------


def test_links_fifos_and_closed_folders(folder):
    (folder / "good" / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "again").symlink_to(sorted((folder / "good").iterdir())[0])
    outside = put(folder.parent, ct_image())
    (folder / "outside").symlink_to(outside)
    (folder / "device").symlink_to("/dev/zero")
    os.mkfifo(folder / "fifo")
    catalog = scan(folder)
    assert len(good(catalog).instances) == COUNT
    assert len(catalog.studies) == 1
    (finding,) = (f for f in catalog.findings if f.code == "links-not-followed")
    assert "device, outside" in finding.message


@pytest.mark.parametrize("what", ["nothing", "fifo", "/dev/zero"])
def test_paths_that_cannot_be_opened(tmp_path, what):
    path = Path(what) if what.startswith("/") else tmp_path / what
    if what == "fifo":
        os.mkfifo(path)
    with pytest.raises(DicomError):
        scan(path)


def test_too_many_files(folder, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(DicomError, match="Choose the folder of one study"):
        scan(folder)


# --- a budget for each file ----------------------------------------------------------------------


def cpu_s(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def test_a_header_that_goes_on_in_zeros_is_read_to_where_they_begin(folder):
    path = folder / BAD
    path.write_bytes(file_bytes(ct_image(PixelData=None)) + bytes(8 * 2**20))
    assert cpu_s(lambda: read_header(path, label=BAD)) < 1
    header = read_header(path, label=BAD)
    assert header.dataset.Rows == 64
    assert header.pixel_tag_offset is None


def test_a_sequence_of_nothing_is_not_parsed_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "MAX_READS", 20_000)
    ds = ct_image()
    ds.SourceImageSequence = [Dataset()]
    content = file_bytes(ds)
    tag = struct.pack("<HH2sHL", 0x0008, 0x2112, b"SQ", 0, 0xFFFFFFFF)
    before, _, after = content.partition(tag[:6])
    zeros = 2**20
    for length, filled in (
        (zeros, bytes(zeros)),
        (zeros, struct.pack("<HHL", 8, 0, 0) * (zeros // 8)),
    ):
        path = tmp_path / BAD
        path.write_bytes(before + tag[:8] + struct.pack("<L", length) + filled + after[6:])
        with pytest.raises(DicomError, match=r"far more than|cannot be read"):
            read_header(path, label=BAD)


def element(tag: int, value: bytes, vr: bytes = b"SQ", length: int | None = None) -> bytes:
    """Explicit little endian, with a length of 32 bits."""
    stated = len(value) if length is None else length
    return struct.pack("<HH2sHL", tag >> 16, tag & 0xFFFF, vr, 0, stated) + value


def within(content: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content


_NOTHING, _ENDLESS = within(b""), 0xFFFFFFFF
_OPEN = struct.pack("<HHLHHL", 0xFFFE, 0xE000, _ENDLESS, 0xFFFE, 0xE00D, 0)
_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
_ONE_TAG = struct.pack("<HH2sH", 0x0018, 0x9004, b"CS", 0)
_NESTED = _NOTHING
for _ in range(28):
    _NESTED = within(element(0x0040A730, _NESTED))
#: Shapes of headers that cost far more than they are long, by how often the least piece occurs.
EXPENSIVE = {
    "empty items": lambda n: element(0x52009230, _NOTHING * n),
    "empty items without end": lambda n: element(0x52009230, _NOTHING * n + _END, length=_ENDLESS),
    "items and sequence without end": lambda n: element(
        0x52009230, _OPEN * n + _END, length=_ENDLESS
    ),
    "items of one element": lambda n: element(0x52009230, within(_ONE_TAG) * n),
    "a sequence in each item": lambda n: element(
        0x52009230, within(element(0x00209111, _NOTHING)) * (n // 2)
    ),
    "deep in each item": lambda n: element(0x52009230, _NESTED * (n // 10)),
    "unknown without end": lambda n: element(0x52011001, _NOTHING * n + _END, b"UN", _ENDLESS),
    "known, written as unknown": lambda n: b"".join(
        element(tag, _NOTHING * 8000, b"UN")
        for tag in sorted(t for t, known in DicomDictionary.items() if known[0] == "SQ")
        if 0x0054_0220 < tag < 0x7F00_0000
    )[: -(-n // 8000) * 64_012],
    "empty private elements": lambda n: b"".join(
        struct.pack("<HH2sH", 0x6001 + 2 * (k // 0xF000), 0x1000 + k % 0xF000, b"LO", 0)
        for k in range(3 * n)
    ),
}


@pytest.mark.parametrize("shape", EXPENSIVE)
def test_a_header_that_costs_more_than_its_length(tmp_path, monkeypatch, shape):
    monkeypatch.setattr(budget, "MAX_READS", 100_000)
    before, tag, pixels = file_bytes(ct_image()).partition(b"\xe0\x7f\x10\x00")
    path = tmp_path / BAD
    path.write_bytes(before + EXPENSIVE[shape](40_000) + tag + pixels)
    with pytest.raises(DicomError, match="far more than that of any real image"):
        read_header(path, label=BAD)
    path.write_bytes(before + EXPENSIVE[shape](800) + tag + pixels)
    assert read_header(path, label=BAD).dataset.Rows == 64


def test_a_header_that_only_a_slow_computer_cannot_read_is_not_called_harmful_for_sure(
    folder, monkeypatch
):
    monkeypatch.setattr(budget, "MAX_SECONDS", 0)
    before, tag, pixels = file_bytes(ct_image()).partition(b"\xe0\x7f\x10\x00")
    (folder / BAD).write_bytes(before + EXPENSIVE["empty private elements"](800) + tag + pixels)
    with pytest.raises(DicomError, match=r"or this computer is slow: .* open it on another one"):
        read_header(folder / BAD, label=BAD)


def test_400_000_items_of_nothing_take_no_three_seconds(folder):
    before, tag, pixels = file_bytes(ct_image()).partition(b"\xe0\x7f\x10\x00")
    content = before + element(0x52009230, _NOTHING * 400_000) + tag + pixels
    (folder / BAD).write_bytes(content)
    assert cpu_s(lambda: scan(folder / "..")) < 3.5
    # A file that is opened by itself is read once, as well.
    assert cpu_s(lambda: scan(folder / BAD)) < 3.5


def test_a_camera_of_five_thousand_heads_is_refused_in_a_sentence(tmp_path):
    ds = nm.recon(np.zeros((4, 16, 16), np.uint16))
    ds.DetectorInformationSequence = list(ds.DetectorInformationSequence) * 5_000
    nm.write(ds, tmp_path / BAD)
    found: list[Catalog] = []
    assert cpu_s(lambda: found.append(scan(tmp_path))) < 3.5
    (plan,) = found[0].studies[0].series[0].volumes
    assert "Detector Information Sequence lists 5000 items" in plan.refusal


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_what_a_disk_does_not_give_is_not_called_damaged(tmp_path):
    """Nothing lies at the first address of a process: reading there is an input/output error."""
    with pytest.raises(DicomError, match=r"did not give the file \(.*error\)\. Check it"):
        read_header(Path("/proc/self/mem"), label="x")
    with pytest.raises(DicomError, match="moved or removed while the study was read"):
        read_header(tmp_path / "gone", label="x")


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / BAD)
    with pytest.raises(DicomError):
        read_header(tmp_path / BAD, label=BAD)


@pytest.mark.parametrize("what", ["other slice", "pipe", "shorter", "written to", "folder", "gone"])
def test_a_file_that_changes_while_it_is_in_use(folder, what):
    """Headers of one image and pixels of another would be shown as one."""
    (plan,) = good_plan(scan(folder))
    first, second = (frame.instance.path for frame in plan.frames[:2])
    if what == "other slice":
        assert first.stat().st_size == second.stat().st_size
        second.replace(first)
    elif what == "written to":
        content = first.read_bytes()
        first.write_bytes(content[:-2000] + bytes(2000))
    elif what == "shorter":
        os.truncate(first, first.stat().st_size // 2)
    else:
        first.unlink()
        if what == "pipe":
            os.mkfifo(first)
        elif what == "folder":
            first.mkdir()
    with pytest.raises(DicomError, match=r"changed or replaced|no longer there|cannot be read"):
        read_plan(plan, study_instance_uid="1", series_instance_uid="2")


def test_a_swapped_pair_of_slices_is_noticed(folder):
    (plan,) = good_plan(scan(folder))
    first, second = (frame.instance.path for frame in plan.frames[:2])
    content = first.read_bytes(), second.read_bytes()
    second.write_bytes(content[0])
    first.write_bytes(content[1])
    with pytest.raises(DicomError, match="changed or replaced"):
        read_plan(plan, study_instance_uid="1", series_instance_uid="2")


def good_plan(catalog: Catalog) -> list[VolumePlan]:
    return [p for p in catalog.studies[0].series[0].volumes if p.refusal is None]


def test_zip_whose_files_share_their_bytes_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in "abcd":
            made.writestr(name, bytes(2**16))
    content = bytearray(path.read_bytes())
    first = content.index(b"PK\x01\x02")
    at = first
    while (at := content.find(b"PK\x01\x02", at + 1)) > 0:
        content[at + 42 : at + 46] = content[first + 42 : first + 46]  # where each begins
    path.write_bytes(content)
    with pytest.raises(DicomError, match="share the same bytes"):
        scan(path)


@pytest.mark.parametrize("what", ["version", "lzma", "method"])
def test_zip_that_the_library_stumbles_over_is_a_sentence(tmp_path, what):
    path = tmp_path / "x.zip"
    method = zipfile.ZIP_LZMA if what == "lzma" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("a", b"a" * 5000)
    content = bytearray(path.read_bytes())
    listed = content.index(b"PK\x01\x02")
    if what == "version":
        content[listed + 6] = 250
    elif what == "method":
        content[listed + 10] = content[8] = 99
    else:
        content[36:60] = b"\xff" * 24
    path.write_bytes(content)
    if what == "version":
        with pytest.raises(DicomError, match="damaged"):
            scan(path)
    else:
        assert scan(path).findings


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (b"\x08\x00\x08\x00", b"AXIAL\\" * 20_000),
        (b"\x20\x00\x32\x00", b"0\\" * 40_000),
        (b"\x10\x00\x10\x00", b"Doe^" * 20_000),
    ],
    ids=["ImageType", "ImagePositionPatient", "PatientName"],
)
def test_a_text_that_is_longer_than_its_length_can_say(folder, tag, value):
    """Stated as unknown it may be; a hundred thousand values stalled a scan for a minute."""
    raw = file_bytes(ct_image(ImageType=None, ImagePositionPatient=None))
    long = tag + b"UN\0\0" + len(value).to_bytes(4, "little") + value
    at = raw.index(b"\x28\x00\x02\x00US")
    (folder / BAD).write_bytes(raw[:at] + long + raw[at:])
    begun = time.process_time()
    catalog = scan(folder)
    assert time.process_time() - begun < 2
    good(catalog)
    assert_named(catalog, BAD, "longer than any real one")


# --- compressed frames ----------------------------------------------------------------------------


def test_a_frame_is_decoded_without_what_surrounds_its_image():
    size = b"\xff\xc3\x00\x0b\x10\x00\x40\x00\x40\x01\x01\x11\x00"
    scan_of = b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00image\xff\xd9"
    # GDCM aborts on a version that is not 1.
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x02\x01" + bytes(7)
    said = b"\xff\xfe\x00\x06MARY"
    whole = b"\xff\xd8" + jfif + said + size + scan_of
    assert bare(whole) == b"\xff\xd8" + size + scan_of
    assert read_codestream(bare(whole)).rows == 64
    assert bare(b"\xff\xd8" + size + size + scan_of) == b""  # two sizes for two readers
    assert bare(whole[:20]) == b""


def test_a_decoder_that_dies_of_a_frame_takes_nothing_with_it(tmp_path):
    first, _ = ct.write_series(tmp_path, ct.stacked(count=2)).paths
    reader = gdcm.ImageReader()
    reader.SetFileName(str(first))
    reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    fragments = change.GetOutput().GetDataElement().GetSequenceOfFragments()
    content = fragments.GetFragment(0).GetByteValue().GetBuffer()
    frame = bare(content.encode("utf-8", "surrogateescape"))
    # What `bare` takes away: GDCM aborts on a version of JFIF that is not 1.
    deadly = frame[:2] + b"\xff\xe0\x00\x10JFIF\x00\x02\x01" + bytes(7) + frame[2:]

    def decoded(frame: bytes) -> np.ndarray | None:
        layout = layout_of(read_header(first, label=""))
        stream = read_codestream(frame)
        return decode_apart("gdcm", frame, syntax=JPEGLosslessSV1, stream=stream, layout=layout)

    np.testing.assert_array_equal(decoded(frame), pydicom.dcmread(first).pixel_array)
    assert decoded(deadly) is None
    np.testing.assert_array_equal(decoded(frame), pydicom.dcmread(first).pixel_array)


def test_a_frame_cut_into_nothing_a_hundred_thousand_times(folder):
    victim = sorted((folder / "good").iterdir())[-1]
    ds = pydicom.dcmread(victim)
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.save_as(victim)
    raw = victim.read_bytes()
    table = raw.index(b"\xe0\x7f\x10\x00OB") + 12
    at = table + 8 + int.from_bytes(raw[table + 4 : table + 8], "little")
    empty = b"\xfe\xff\x00\xe0" + bytes(4)
    some, many = (raw[:at] + empty * n + raw[at:] for n in (100, 100_000))
    victim.write_bytes(some)
    good(scan(folder))
    victim.write_bytes(many)
    assert_named(scan(folder), f"good/{victim.name}", "more than 4160 pieces for 1 frame(s)")


def in_jpeg_ls(folder: Path) -> Path:
    (path, _) = ct.write_series(folder, ct.stacked(count=2)).paths
    ds = pydicom.dcmread(path)
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    ds.save_as(path)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="there is no signal that stops a process")
def test_a_decoder_that_says_nothing_is_ended_and_told_in_a_sentence(tmp_path, monkeypatch):
    instance = read_header(in_jpeg_ls(tmp_path), label="slice 1")
    expected = read_frame(instance)
    # A frame goes to the second library where the first one fails: both are silent.
    decoders = [isolated._decoder(library, os.getpid()) for library in ("pyjpegls", "gdcm")]
    for decoder in decoders:
        decoder.begin()
    hung = [decoder._process for decoder in decoders]
    for process in hung:
        os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(isolated, "_PATIENCE_S", 0.5)
    with pytest.raises(DicomError, match="cannot be decoded") as said:
        read_frame(instance)
    assert "slice 1" in str(said.value)
    assert [process.returncode for process in hung] == [-signal.SIGKILL] * 2
    monkeypatch.undo()
    np.testing.assert_array_equal(read_frame(instance), expected)  # by a new process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of processor time")
def test_a_decoder_that_computes_without_end_is_ended_by_its_limit():
    # The program of the decoders, with a library that never comes back.
    program = f"""
import sys
sys.path.insert(0, {str(Path(decoder_process.__file__).parent)!r})
import decoder_process
def endless(frame, request):
    while True:
        pass
decoder_process._LIBRARIES["endless"] = lambda: endless
decoder_process.main("endless")
"""
    asked = json.dumps({"length": 4, "rows": 8, "columns": 8}).encode() + b"\nABCD"
    done = subprocess.run(
        [sys.executable, "-c", program], input=asked, capture_output=True, timeout=300
    )
    assert done.returncode == -signal.SIGPROF
    assert done.stdout == b""


def test_the_codestream_of_jp2_is_the_one_that_its_boxes_lead_to():
    def stream(rows: int) -> bytes:
        size = struct.pack(">8L", 64, rows, 0, 0, 64, rows, 0, 0)
        return b"\xff\x4f\xff\x51\x00\x29\x00\x00" + size + b"\x00\x01\x0f\x01\x01"

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">L", 8 + len(content)) + kind + content

    start = box(b"jP  ", b"\r\n\x87\n") + box(b"uuid", stream(64))
    whole = start + box(b"jp2c", stream(60_000))
    assert bare(whole) == stream(60_000)
    assert read_codestream(bare(whole)).rows == 60_000
    assert bare(start) == b""
