"""Studies whose identifiers stand twice, of which objects were removed, or whose name is lost."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import generate_uid

from fusion.archive.address import fetched
from fusion.archive.earlier import Whose, priors
from fusion.archive.getting import get, lacking
from fusion.archive.held.inbox import Inbox, file_name, hashed, stamp_at
from fusion.archive.held.whole import remarks
from fusion.archive.model import letters_lost
from fusion.archive.protocols.connecting import connect
from fusion.archive.sending import send
from fusion.archive.settings import Settings
from fusion.dicom import Patient
from fusion.errors import ArchiveError
from tests.archive.conftest import Clinic, data_sets
from tests.archive.test_odd import WAYS, one_image, put
from tests.export.dicom.pacs import running

#: A server is started.
pytestmark = pytest.mark.slow


@WAYS
def test_a_study_with_one_identifier_in_two_series_is_whole_and_says_so(
    way: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    first = one_image(clinic, PatientID="TWIN")
    large = [first, copy.deepcopy(first), copy.deepcopy(first)]
    for ds in large[1:]:
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    twin = copy.deepcopy(large[1])
    twin.SeriesInstanceUID = generate_uid()
    files = put(clinic, tmp_path, twin, *large)
    archive = connect(settings, way)
    folder = get(archive, first.StudyInstanceUID, settings=settings)
    assert data_sets(list(folder.iterdir())) == data_sets(files[1:])
    [said] = remarks(first.StudyInstanceUID, settings=settings)
    assert "1 identifier(s) of objects stand in several series" in said
    assert first.StudyInstanceUID not in said
    # One that the archive did not send is missed all the same.
    next(folder.iterdir()).unlink()
    assert "not whole: 2 of its objects came, 3 are listed" in lacking(
        archive, first.StudyInstanceUID, folder
    )
    get(archive, first.StudyInstanceUID, settings=settings)
    assert lacking(archive, first.StudyInstanceUID, folder) == ""


def twins(clinic: Clinic, **stated: Any) -> list[pydicom.FileDataset]:
    """Three objects of one series, and one of them once more in a series of its own."""
    first = one_image(clinic, **stated)
    large = [first, copy.deepcopy(first), copy.deepcopy(first)]
    for ds in large[1:]:
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    other = copy.deepcopy(large[1])
    other.SeriesInstanceUID = generate_uid()
    return [*large, other]


@WAYS
def test_after_a_get_that_stopped_between_two_twins_the_one_of_the_larger_series_is_kept(
    way: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    *large, other = twins(clinic, PatientID=f"STOP-{way}")
    files = put(clinic, tmp_path, other, *large)
    study, uid = other.StudyInstanceUID, other.SOPInstanceUID
    inbox = Inbox(settings.place("inbox"))
    with inbox.parts() as parts:  # as far as the get came
        inbox.tray(study, parts).keep(uid, files[0].read_bytes())
    folder = get(connect(settings, way), study, settings=settings)
    assert data_sets(list(folder.iterdir())) == data_sets(files[1:])


def test_what_comes_along_with_its_series_is_not_written_anew(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    """By DICOMweb a series with twins comes whole; what was noted of its objects has to stay."""
    *large, other = twins(clinic, PatientID="ALONG")
    large[
        0
    ].PatientName = "Quite^Other"  # the archive lists the study under the name that was first
    put(clinic, tmp_path, large[1], large[2], large[0], other)
    study = other.StudyInstanceUID
    folder = get(connect(settings, "web"), study, settings=settings)
    [said] = [one for one in remarks(study, settings=settings) if "what differs" in one]
    assert "what differs: name." in said
    place = folder / file_name(str(large[0].SOPInstanceUID))
    before = stamp_at(place)
    for _ in range(2):
        # Only of a twin the whole series is asked for.
        (folder / file_name(str(other.SOPInstanceUID))).unlink()
        get(connect(settings, "web"), study, settings=settings)
        assert stamp_at(place) == before
        assert said in remarks(study, settings=settings)


@WAYS
def test_what_the_archive_removed_is_put_aside(
    way: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    kept, removed = (one_image(clinic, PatientID="ASIDE") for _ in range(2))
    removed.StudyInstanceUID = kept.StudyInstanceUID
    put(clinic, tmp_path, kept, removed)
    archive = connect(settings, way)
    folder = get(archive, kept.StudyInstanceUID, settings=settings)
    assert remarks(kept.StudyInstanceUID, settings=settings) == ()
    clinic.pacs.forget_series(removed.SeriesInstanceUID)
    assert get(archive, kept.StudyInstanceUID, settings=settings) == folder
    assert data_sets(list(folder.iterdir())).keys() == {kept.SOPInstanceUID}
    [said] = remarks(kept.StudyInstanceUID, settings=settings)
    aside = folder.with_suffix(".aside")
    assert said.startswith("1 object(s) that came earlier are no longer in the archive")
    assert said.endswith(str(aside))
    assert fetched(f"archive:{way}/{kept.StudyInstanceUID}").said == (said,)
    assert data_sets(list(aside.iterdir())).keys() == {removed.SOPInstanceUID}
    # It comes back there, and then here.
    put(clinic, tmp_path, removed)
    get(archive, kept.StudyInstanceUID, settings=settings)
    assert len(list(folder.iterdir())) == 2
    assert remarks(kept.StudyInstanceUID, settings=settings) == ()


# ---- Names without their letters -----------------------------------------------------------------

LOST = {
    "L1": "Люксембург^Анна",
    "L2": "Yamada^Tarou=山田^太郎",
    "L3": "Świątek^Łucja",
    "L4": "Müller-Świątek^Anna",
}


def in_utf8(clinic: Clinic, patient_id: str, **stated: Any) -> pydicom.FileDataset:
    who = {"PatientID": patient_id, "PatientName": LOST[patient_id]}
    return one_image(clinic, SpecificCharacterSet="ISO_IR 192", **who, **stated)


@pytest.mark.parametrize("way", ["pacs", "web"])
@pytest.mark.parametrize("patient_id", LOST)
def test_a_name_without_its_letters_is_nobodys(
    way: str, patient_id: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    """The archive of these tests keeps Latin letters only, as Orthanc does by default."""
    reviewed = in_utf8(clinic, patient_id)
    put(clinic, tmp_path, reviewed, in_utf8(clinic, patient_id, Modality="MR"))
    whose = Whose(Patient.of(reviewed), "", reviewed.StudyInstanceUID, "20260101")
    archive = connect(settings, way)
    with pytest.raises(ArchiveError, match="does not keep the letters of this patient's name"):
        priors(archive, whose, inbox=settings.place("inbox"))
    (tmp_path / "results").mkdir()
    result = copy.deepcopy(reviewed)
    result.Modality, result.SOPInstanceUID = "OT", generate_uid()
    result.save_as(tmp_path / "results" / "0.dcm")
    before = archive.objects(reviewed.StudyInstanceUID)
    with pytest.raises(ArchiveError, match=r"does not keep the letters.*Nothing was sent"):
        send(archive, tmp_path / "results")
    assert archive.objects(reviewed.StudyInstanceUID) == before


@pytest.mark.parametrize("way", ["pacs", "web"])
@pytest.mark.parametrize("patient_id", LOST)
def test_lost_letters_are_no_other_patient(
    way: str, patient_id: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    held = in_utf8(clinic, patient_id)
    put(clinic, tmp_path, held)
    archive = connect(settings, way)
    get(archive, held.StudyInstanceUID, settings=settings)
    [said] = remarks(held.StudyInstanceUID, settings=settings)
    assert "others, or none, in the place of letters" in said
    assert "another patient" not in said
    folder = settings.place("inbox") / hashed(held.StudyInstanceUID)
    [before] = [stamp_at(path) for path in folder.iterdir()]
    get(archive, held.StudyInstanceUID, settings=settings)
    assert [stamp_at(path) for path in folder.iterdir()] == [before]
    assert remarks(held.StudyInstanceUID, settings=settings) == (said,)


@pytest.mark.parametrize("way", ["pacs", "web"])
def test_an_archive_that_keeps_every_letter_has_priors(
    way: str, utf8: Clinic, tmp_path: Path
) -> None:
    settings = utf8.write_settings(tmp_path)
    for patient_id in LOST:
        old = in_utf8(utf8, patient_id, Modality="MR", StudyDescription="MRT HWS")
        old.StudyDate = "20230102"
        (tmp_path / patient_id).mkdir()
        put(utf8, tmp_path / patient_id, old)
        whose = Whose(Patient.of(old), "", "1.2.3", "20260101")
        found = priors(connect(settings, way), whose, inbox=settings.place("inbox"))
        assert "mri_date" in [one.key for one in found.proposals]


@pytest.fixture(scope="module")
def utf8(clinic: Clinic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with running(tmp_path_factory.mktemp("utf8") / "orthanc", DefaultEncoding="Utf8") as pacs:
        yield replace(clinic, pacs=pacs)


@pytest.mark.parametrize(
    ("answered", "ours", "lost"),
    [
        ("????^????", "Анна^Люкс", True),
        ("Yamada^Tarou=??^??", "Yamada^Tarou=山田^太郎", True),
        ("wi?tek^?ucja", "Świątek^Łucja", True),
        ("Müller^Jörg", "Müller^Jörg", False),
        ("MULLER^JORG", "Müller^Jörg", False),
        ("Yamada^Tarou", "Yamada^Tarou=山田^太郎", False),  # not stated in that script
        ("", "Анна^Люкс", False),
        ("??^??", "Muster^Anna", False),  # another's name
        ("M?ller^Hans", "Müller^Hans", True),
        ("M??LLER^HANS", "Müller^Hans^Peter", True),
        ("Mu?ller^Hans", "Mu\u0308ller^Hans", True),
        ("Schmidt^Peter?", "Müller^Hans", False),
        ("M?ller^Peter", "Müller^Hans", False),
        ("?" * 64 + "x", "ü" * 64, False),
        ("u" * 64 + "?x", "ü" * 64, False),
        ("????^Hans", "Müller^Hans", False),  # most letters of it stand in every archive
        ("Yamada^Jirou=??^??", "Yamada^Tarou=山田^太郎", False),
    ],
)
def test_lost_letters_are_told_from_other_names(answered: str, ours: str, lost: bool) -> None:
    assert letters_lost(answered, ours) is lost
