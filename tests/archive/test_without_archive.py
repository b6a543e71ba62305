"""A study that was fetched whole opens while the archive is off, and says so; no other does."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion.archive.getting import get
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import Settings
from fusion.errors import ArchiveError
from fusion.opening import open_study
from tests.archive.conftest import Clinic
from tests.export.dicom.pacs import free_ports

pytestmark = [
    pytest.mark.slow,
    # pynetdicom leaves sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CODE = "opened-without-archive"


def off(clinic: Clinic) -> None:
    """Say that both ways to the archive are at ports where nothing listens."""
    text = clinic.toml.read_text()
    for port in (clinic.pacs.dicom_port, clinic.pacs.http_port):
        text = text.replace(str(port), str(free_ports(1)[0]))
    clinic.toml.write_text(text)


@pytest.mark.parametrize("way", ["pacs", "web"])
def test_what_was_fetched_whole_opens_and_says_so(
    way: str, clinic: Clinic, settings: Settings
) -> None:
    address = f"archive:{way}/{clinic.study}"
    with_it = open_study(address)
    assert CODE not in {one.code for one in with_it.findings}
    off(clinic)
    without = open_study(address)
    [said] = [one for one in without.findings if one.code == CODE]
    assert said.severity.name == "WARNING"
    assert "cannot be reached. This is the study as it was fetched whole on 20" in said.message
    assert without.pair.ct.study.study_instance_uid == clinic.study

    folder = get_folder(settings)
    lost = min(folder.glob("*.dcm"))
    lost.rename(folder.parent / "lost")
    with pytest.raises(ArchiveError, match="cannot be reached"):
        open_study(address)


def test_what_was_not_fetched_whole_does_not_open(clinic: Clinic, settings: Settings) -> None:
    get(connect(settings, "pacs"), clinic.study, settings=settings)
    [note] = settings.place("inbox").glob("*.whole")
    for content in (None, "{}", "[]", "nothing"):
        if content is None:
            note.unlink()
        else:
            note.write_text(content)
        off(clinic)
        with pytest.raises(ArchiveError, match="cannot be reached"):
            open_study(f"archive:pacs/{clinic.study}")


def test_what_the_archive_does_not_hold_any_more_does_not_open(
    clinic: Clinic, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something taken out there may have been of another person."""
    get(connect(settings, "pacs"), clinic.study, settings=settings)
    clinic.pacs.forget()
    try:
        with pytest.raises(ArchiveError, match="has no study with this identifier"):
            open_study(f"archive:pacs/{clinic.study}")
    finally:
        clinic.pacs.store(clinic.files)


def get_folder(settings: Settings) -> Path:
    [folder] = (path for path in settings.place("inbox").iterdir() if path.is_dir())
    return folder
