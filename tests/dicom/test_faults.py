"""A fault of ours is told as one, never as damaged files; damage is told as damage."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from fusion.cli import main
from fusion.dicom import catalog
from fusion.dicom.catalog import scan
from fusion.dicom.files.header import read_header
from fusion.dicom.files.instance import PARSE_ERRORS, integer, text
from fusion.dicom.pixels import reading
from fusion.errors import DicomError, not_given
from tests.studies import write_ct

#: What a slip in our own code raises.
SLIPS = (AttributeError, TypeError, AssertionError)
SECRET = "Doe^Jane"


def slip(error: type[Exception]) -> Callable[..., object]:
    def broken(*_: object, **__: object) -> object:
        raise error(SECRET)

    return broken


@pytest.mark.parametrize("error", SLIPS)
@pytest.mark.parametrize(
    ("module", "name"),
    [(catalog, "_plans"), (catalog, "classify"), (reading, "layout_of")],
)
def test_a_fault_of_ours_is_not_told_as_damage(
    module: object,
    name: str,
    error: type[Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_ct(tmp_path / "ct")
    monkeypatch.setattr(module, name, slip(error))
    with pytest.raises(error):
        scan(tmp_path)
    assert main(["scan", str(tmp_path), "--json"]) == 70
    out, err = capsys.readouterr()
    said = json.loads(out)["error"]
    assert said["code"] == "ProgramFault"
    assert said["message"].startswith("This is a fault of facetfusion, not of your files (")
    assert said["message"] in err
    for unwanted in ("damaged", error.__name__, "Traceback", SECRET):
        assert unwanted not in out + err


def test_where_it_happened_is_shown_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ct(tmp_path / "ct")
    monkeypatch.setattr(catalog, "_plans", slip(TypeError))
    assert main(["--debug", "scan", str(tmp_path)]) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "fusion/dicom/catalog.py, line " in err


def test_a_full_disk_and_no_memory_are_no_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ct(tmp_path / "ct")
    for error, words in (
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "not enough memory"),
    ):

        def fails(*_: object, error: Exception = error, **__: object) -> object:
            raise error

        monkeypatch.setattr("fusion.dicom.scan", fails)
        assert main(["scan", str(tmp_path)]) == 3
        assert words in capsys.readouterr().err


@pytest.mark.parametrize("error", [*SLIPS, RuntimeError])
@pytest.mark.parametrize(
    ("keyword", "vr", "name"),
    [("PatientID", "LO", "Patient ID"), ("PatientAge", "AS", "Patient's Age")],
)
def test_what_pydicom_stumbles_over_is_damage(
    keyword: str, vr: str, name: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = BaseTag(tag_for_keyword(keyword) or 0)
    value = error.__name__.encode()
    header = Dataset({tag: RawDataElement(tag, vr, len(value), value, 0, False, True)})
    for module in ("pydicom.dataset", "fusion.dicom.files.instance"):
        monkeypatch.setattr(f"{module}.convert_raw_data_element", slip(error))
    with pytest.raises(DicomError, match=f"{name} cannot be read; the header is damaged"):
        text(header, keyword)


def test_a_value_means_the_same_whatever_was_read_before() -> None:
    """Values are kept decoded by their bytes: byte order, representation and tag belong to them."""
    tag = BaseTag(0x00280010)
    for vr, value, is_little_endian, rows in (
        ("US", b"\x00\x01", True, 256),
        ("US", b"\x00\x01", False, 1),
        ("US", b"\x01\x00", True, 1),
        ("SS", b"\xff\xff", True, -1),
        ("US", b"\xff\xff", True, 65535),
        (None, b"\x00\x01", True, 256),
        ("IS", b"12", True, 12),
    ):
        raw = RawDataElement(tag, vr, len(value), value, 0, vr is None, is_little_endian)
        assert [integer(Dataset({tag: raw}), "Rows") for _ in range(2)] == [rows, rows]


def test_no_slip_counts_as_damage() -> None:
    assert not any(issubclass(slip, PARSE_ERRORS) for slip in (*SLIPS, NameError, RuntimeError))


def test_a_program_without_descriptors_does_not_call_a_file_damaged(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    write_ct(tmp_path)
    path = next(one for one in tmp_path.rglob("*") if one.is_file())
    assert read_header(path, label="x") is not None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(DicomError) as told:
            read_header(path, label="x")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "too many files open" in str(told.value)
    assert "damaged" not in str(told.value)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("EMFILE ENFILE", "has too many files open to open one more. Close other programs"),
        ("ENOMEM", "not enough memory to read the file. Close other programs"),
        ("EBUSY EAGAIN ETXTBSY", "Another program keeps the file to itself. Wait until"),
        ("EUCLEAN EBADMSG", "The disk that holds the file is damaged (*). Have it checked"),
        ("EIO ETIMEDOUT", "did not give the file (*). Check it"),
        ("EACCES EPERM", "permission denied"),
        ("ENOENT ESTALE", "moved or removed while the study was read"),
    ],
)
def test_what_the_system_says_of_a_file_is_told_as_what_it_is(names: str, said: str) -> None:
    for name in names.split():
        number = getattr(errno, name)
        before, _, after = said.partition("*")
        told = not_given(OSError(number, "x")) or ""
        assert before in told, name
        assert after in told, name
    # A place in the file that no file has: what is in it is at fault.
    assert not_given(OSError(errno.EINVAL, "x")) is None
    assert not_given(ValueError("x")) is None
