"""What lies here of a study that an archive files under another patient now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydicom
import pytest

from fusion.archive import held
from fusion.archive.address import fetched
from fusion.archive.getting import get
from fusion.archive.held.whole import remarks, whole_since
from fusion.archive.model import FoundStudy, Keep, Listed, Query
from fusion.archive.protocols import connecting
from fusion.archive.settings import WHERE, Settings, read_settings
from fusion.dicom import Patient
from fusion.errors import ArchiveError
from tests.studies import write_ct


class Stub:
    """An archive whose list and whose files may say different things; it keeps count."""

    name = "stub"

    def __init__(self, folder: Path) -> None:
        write_ct(folder)
        self.held = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
        self.study = str(self.held[0].StudyInstanceUID)
        self.index = Patient.of(self.held[0])
        self.busy_after: int | None = None
        self.fetched = 0

    def files_say(self, **stated: str) -> None:
        for ds in self.held:
            for keyword, value in stated.items():
                setattr(ds, keyword, value)

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        return (FoundStudy(self.study, self.index, "", "", "", ("CT",), len(self.held)),)

    def objects(self, study_instance_uid: str) -> dict[str, Listed]:
        return {
            str(ds.SOPInstanceUID): Listed(
                str(ds.SOPInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPClassUID)
            )
            for ds in self.held
        }

    def fetch(
        self, study_instance_uid: str, wanted: Sequence[Listed], keep: Keep, **_: object
    ) -> str:
        uids = {one.sop_instance_uid for one in wanted}
        for n, ds in enumerate(one for one in self.held if one.SOPInstanceUID in uids):
            if self.busy_after is not None and n >= self.busy_after:
                return "busy"
            into = pydicom.filebase.DicomBytesIO()
            pydicom.dcmwrite(into, ds, enforce_file_format=True)
            self.fetched += keep(str(ds.SOPInstanceUID), into.getvalue())
        return ""


@pytest.fixture
def stub(tmp_path: Path) -> Any:
    return Stub(tmp_path / "held")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "archives.toml").write_text('inbox = "inbox"\noutbox = "outbox"\n[archives]\n')
    return read_settings(tmp_path / "archives.toml")


def ids(folder: Path) -> set[str]:
    return {str(pydicom.dcmread(path).PatientID) for path in folder.glob("*.dcm")}


def filed(stub: Any, patient_id: str, **more: str) -> None:
    stated = {"name": stub.index.name, "birth_date": stub.index.birth_date, "sex": stub.index.sex}
    stub.index = Patient(patient_id=patient_id, **(stated | more))


def test_a_list_and_files_that_differ_are_said_and_not_fetched_again_and_again(
    stub: Any, settings: Settings
) -> None:
    stub.files_say(PatientID="0042")
    filed(stub, "42")
    folder = get(stub, stub.study, settings=settings)
    assert stub.fetched == len(stub.held)
    for _ in range(2):
        assert get(stub, stub.study, settings=settings) == folder
        [said] = remarks(stub.study, settings=settings)
        assert "what differs: patient ID (only in leading zeros)." in said
    assert stub.fetched == len(stub.held)
    assert whole_since(stub.study, settings=settings) is not None
    filed(stub, "0042")  # the list was corrected
    get(stub, stub.study, settings=settings)
    assert remarks(stub.study, settings=settings) == ()
    assert stub.fetched == len(stub.held)


def test_what_is_here_stays_until_what_comes_takes_its_place(stub: Any, settings: Settings) -> None:
    stub.files_say(PatientID="OLD")
    filed(stub, "OLD")
    folder = get(stub, stub.study, settings=settings)
    count = len(stub.held)
    stub.files_say(PatientID="NEW")
    filed(stub, "NEW")
    stub.busy_after = 0
    with pytest.raises(ArchiveError, match=r"not whole: 0 of .*It says: busy"):
        get(stub, stub.study, settings=settings)
    assert len(list(folder.glob("*.dcm"))) == count
    assert whole_since(stub.study, settings=settings) is None  # it is not what the archive holds
    stub.busy_after = 1
    with pytest.raises(ArchiveError, match="not whole: "):
        get(stub, stub.study, settings=settings)
    assert len(list(folder.glob("*.dcm"))) == count
    assert ids(folder) <= {"OLD", "NEW"}
    stub.busy_after = None
    get(stub, stub.study, settings=settings)
    assert ids(folder) == {"NEW"}
    assert remarks(stub.study, settings=settings) == ()
    assert stub.fetched == 2 * count  # none of them twice


def test_files_that_cannot_be_read_now_stay_and_damaged_ones_come_anew(
    stub: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = get(stub, stub.study, settings=settings)
    count = stub.fetched
    with monkeypatch.context() as patch:
        for error in (OSError("hiccup"), MemoryError()):

            def fail(*_: Any, raised: BaseException = error, **__: Any) -> None:
                raise raised

            patch.setattr(held.filed, "dcmread", fail)
            get(stub, stub.study, settings=settings)
    assert stub.fetched == count
    damaged = min(folder.glob("*.dcm"))
    whole = damaged.read_bytes()
    damaged.write_bytes(bytes(len(whole)))
    get(stub, stub.study, settings=settings)
    assert stub.fetched == count + 1
    assert damaged.read_bytes() == whole


def test_another_name_in_the_list_is_said_also_of_what_came_first(
    stub: Any, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.files_say(PatientID="7", PatientName="Muster^Anna", PatientBirthDate="19610203")
    filed(stub, "7", name="Quite^Other", birth_date="19610203")
    monkeypatch.setenv(WHERE, str(tmp_path / "archives.toml"))
    monkeypatch.setattr(connecting, "connect", lambda *_: stub)
    found = fetched(f"archive:stub/{stub.study}")
    [said] = found.said
    assert "what differs: name." in said
    assert "Quite" not in said
    [note] = settings.place("inbox").glob("*.filed")
    assert "Quite" not in note.read_text()


@pytest.mark.parametrize("listed", ["Schmidt^Peter?", "M?ller^Peter"])
def test_a_name_that_lost_letters_is_another_where_the_others_differ(
    listed: str, stub: Any, settings: Settings
) -> None:
    stub.files_say(SpecificCharacterSet="ISO_IR 192", PatientID="7", PatientName="Müller^Hans")
    filed(stub, "7", name="M?ller^Hans")
    get(stub, stub.study, settings=settings)
    [said] = remarks(stub.study, settings=settings)
    assert "in the place of letters" in said
    filed(stub, "7", name=listed)
    get(stub, stub.study, settings=settings)
    [said] = remarks(stub.study, settings=settings)
    assert "what differs: name." in said
