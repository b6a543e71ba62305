"""Readings and reports that were made to do harm are refused in a sentence."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest

from fusion.cli import main
from fusion.errors import FusionError
from fusion.export.dicom.structured_report_reading import read_structured_report
from fusion.export.tables import read_reading

REPORT = Path(__file__).parents[1] / "golden" / "structured_report_2026_11.dcm.gz"


def test_a_reading_nested_without_end_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "reading.json"
    path.write_text('{"schema_version": 1, "reading": ' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(FusionError, match="damaged"):
        read_reading(path)


def test_a_report_that_unpacks_without_end_is_a_sentence(tmp_path: Path) -> None:
    content = gzip.decompress(REPORT.read_bytes())
    plain, packed = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
    at = content.index(plain)
    end = 144 + int.from_bytes(content[140:144], "little")
    meta = content[144 : at - 2] + len(packed).to_bytes(2, "little") + packed
    meta += content[at + len(plain) : end]
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    body = packer.compress(bytes(70 * 2**20)) + packer.flush()
    path = tmp_path / "report.dcm"
    path.write_bytes(content[:140] + len(meta).to_bytes(4, "little") + meta + body)
    with pytest.raises(FusionError, match="refused as harmful"):
        read_structured_report(path)


def test_what_is_whole_of_a_damaged_journal_is_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, new = tmp_path / "journal.sqlite", tmp_path / "new.sqlite"
    content = (REPORT.parent / "journal_2026_11.sqlite").read_bytes()
    damaged.write_bytes(
        content.replace(b"C3 was clicked where C2 is", b"C4 was clicked where C2 is")
    )
    before = damaged.read_bytes()
    assert main(["journal", str(damaged)]) == 3
    assert "13 of at least 37 events are whole" in capsys.readouterr().err
    assert main(["journal", str(damaged), "--copy", str(new)]) == 0
    assert main(["journal", str(new)]) == 0
    assert main(["journal", str(damaged), "--copy", str(new)]) == 3  # never over another file
    assert damaged.read_bytes() == before
