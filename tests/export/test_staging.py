"""An export appears whole or not at all, and touches nothing of anybody else."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from fusion import temporary
from fusion.errors import FusionError, disk_advice, disk_reason
from fusion.export.staging import staged

NAMES = ("report.pdf", "picture_[0-9][0-9].dcm")


def write(folder: Path, *names: str, alone: bool = False) -> None:
    with staged(folder, names=NAMES, alone=alone) as part:
        for name in names:
            (part / name).write_text("new")


def dicom(path: Path, maker: str) -> None:
    ds = Dataset()
    ds.Manufacturer, ds.SOPClassUID, ds.SOPInstanceUID = maker, CTImageStorage, "1.2.3"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(path, enforce_file_format=True)


def test_what_others_left_there_stays(tmp_path: Path) -> None:
    for name, maker in (("picture_77.dcm", "SIEMENS"), ("picture_78.dcm", "facetfusion")):
        dicom(tmp_path / name, maker)
    (tmp_path / "mine.txt").write_text("mine")
    write(tmp_path, "picture_01.dcm", "report.pdf")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"picture_77.dcm", "mine.txt", "picture_01.dcm", "report.pdf"}
    write(tmp_path, "picture_01.dcm")  # an older report would belong to another state
    assert not (tmp_path / "report.pdf").exists()


def test_links_are_replaced_and_never_followed(tmp_path: Path) -> None:
    precious, out = tmp_path / "precious", tmp_path / "out"
    precious.write_text("precious")
    out.mkdir()
    (out / "report.pdf").symlink_to(precious)
    write(out, "report.pdf")
    assert precious.read_text() == "precious"
    assert not (out / "report.pdf").is_symlink()


@pytest.mark.parametrize("filled", [False, True])
def test_what_is_stopped_leaves_nothing_and_keeps_what_was(tmp_path: Path, filled: bool) -> None:
    out = tmp_path / "out"
    if filled:
        write(out, "report.pdf")
    before = sorted(tmp_path.rglob("*"))

    def stop(part: Path) -> None:
        (part / "report.pdf").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), staged(out, names=NAMES, alone=False) as part:
        stop(part)
    assert sorted(tmp_path.rglob("*")) == before


def test_two_exports_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(FusionError, match="not empty"), staged(out, names=NAMES, alone=True):
        write(out, "picture_01.dcm", alone=True)
    assert [path.name for path in out.iterdir()] == ["picture_01.dcm"]


def test_what_a_killed_program_left_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import os, sys; from pathlib import Path; from fusion.temporary import begun\n"
        "with begun(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    left = tmp_path / f".out.{'0a' * 6}.part"
    subprocess.run([sys.executable, "-c", program, str(left)], check=False)
    foreign = tmp_path / ".out.holiday.part"
    foreign.mkdir()
    assert left.exists()
    monkeypatch.setattr(temporary, "_YOUNG_S", -1.0)
    with temporary.begun(tmp_path / f".out.{'0b' * 6}.part") as other:
        write(tmp_path / "out", "report.pdf")
        assert other.exists()  # that of a program that runs
    assert not left.exists()
    assert foreign.exists()


def test_a_program_that_is_told_to_end_leaves_no_unpacked_study(tmp_path: Path) -> None:
    program = """
import sys, time
from fusion.cli import _stopped_by_signals
from fusion.temporary import PrivateFolder
folder = PrivateFolder()
with _stopped_by_signals(in_window=False):
    print("ready", flush=True)
    time.sleep(30)  # until it is told to end; on its own only where nobody does
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        assert len(list(tmp_path.iterdir())) == 1
        child.terminate()
        child.wait(timeout=20)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EROFS, "may write to"),
        (errno.EACCES, "may write to"),
        (errno.EIO, "Choose another folder"),
    ],
)
def test_the_advice_fits_the_reason(number: int, advice: str) -> None:
    inner = OSError(number, os.strerror(number))
    assert advice in disk_advice(inner)
    # Libraries raise it anew.
    outer = OSError("somewhere deep")
    outer.__cause__ = inner
    assert advice in disk_advice(outer)
    assert disk_reason(outer) == os.strerror(number)
