"""Priors beside a process that takes studies in, and from an archive that hands out no reports."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from fusion.archive.earlier import Whose, priors
from fusion.archive.getting import lacking
from fusion.archive.held.inbox import Inbox
from fusion.archive.protocols.connecting import connect
from fusion.archive.settings import Settings
from fusion.dicom.catalog import scan
from tests.archive.conftest import Clinic
from tests.archive.test_clinic import named, structured_report, write_prior
from tests.export.dicom.pacs import CLIENT, running

pytestmark = [
    pytest.mark.slow,
    # pynetdicom leaves sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: What listens as ``facetfusion archive watch`` does, in a process of its own.
LISTENS = """
import sys
from pathlib import Path
from fusion.archive.listening import Listener
from fusion.archive.settings import read_settings
with Listener(read_settings(Path(sys.argv[1])), takes_studies=True):
    print("listening", flush=True)
    sys.stdin.read()
"""


@contextmanager
def listening_elsewhere(settings: Settings) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", LISTENS, str(settings.folder / "archives.toml")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "listening\n"
        yield


def test_priors_beside_a_process_that_watches(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    report = structured_report(clinic, tmp_path)
    who = {"PatientID": "BESIDE", "StudyDescription": "SPECT/CT HWS"}
    older = {**who, "StudyInstanceUID": generate_uid()}
    write_prior(tmp_path / "study" / "0.dcm", clinic.files[0], **who, StudyDate="20260102")
    write_prior(tmp_path / "priors" / "0.dcm", clinic.files[0], **older)
    write_prior(tmp_path / "priors" / "sr.dcm", report, **older, **named(report))
    clinic.pacs.stow(sorted((tmp_path / "priors").iterdir()))
    whose = Whose.of(scan(tmp_path / "study").studies[0])
    archive, inbox = connect(settings, "moved"), settings.place("inbox")
    with listening_elsewhere(settings):
        found = priors(archive, whose, inbox=inbox)
        assert (len(found.readings), found.unread) == (1, ())
        assert list(inbox.rglob("*.dcm")) == []  # looked at, not kept
        # While the study comes there, its report is part of it and stays.
        image = (tmp_path / "priors" / "0.dcm").read_bytes()
        with Inbox(inbox).parts() as parts:
            uid = str(pydicom.dcmread(io.BytesIO(image)).SOPInstanceUID)
            Inbox(inbox).tray(older["StudyInstanceUID"], parts).keep(uid, image)
        assert len(priors(archive, whose, inbox=inbox).readings) == 1
        folder = Inbox(inbox).folder(older["StudyInstanceUID"])
        assert lacking(archive, older["StudyInstanceUID"], folder) == ""


def test_an_archive_that_hands_out_no_reports_has_priors_all_the_same(
    clinic: Clinic, tmp_path: Path
) -> None:
    report = structured_report(clinic, tmp_path)
    who = {"PatientID": "REFUSED", "StudyDescription": "MRT HWS", "Modality": "MR"}
    write_prior(tmp_path / "study" / "0.dcm", clinic.files[0], **who, StudyDate="20260102")
    files = []
    for n, day in enumerate(("20230102", "20240102")):
        older = {**who, "StudyInstanceUID": generate_uid(), "StudyDate": day}
        files += [tmp_path / "priors" / f"{kind}{n}.dcm" for kind in ("mr", "sr")]
        write_prior(files[-2], clinic.files[0], **older)
        write_prior(files[-1], report, **{**older, **named(report), "Modality": "SR"})
    no_get = {"AET": CLIENT, "Host": "127.0.0.1", "Port": 1, "AllowGet": False}
    with running(tmp_path / "orthanc", DicomModalities={"viewer": no_get}) as pacs:
        settings = replace(clinic, pacs=pacs).write_settings(tmp_path / "refused")
        pacs.stow(files)
        whose = Whose.of(scan(tmp_path / "study").studies[0])
        found = priors(connect(settings, "pacs"), whose, inbox=settings.place("inbox"))
    assert [one.value for one in found.proposals if one.key == "mri_date"] == [
        "2023-01-02",
        "2024-01-02",
    ]
    assert found.readings == ()
    assert [one[:51] for one in found.unread] == [
        "Readings of the study of 2023-01-02 are not offered",
        "Readings of the study of 2024-01-02 are not offered",
    ]
