"""What others send: taken in whole or not at all, from whom, and prepared when complete."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from pathlib import Path
from types import SimpleNamespace

import pydicom
import pytest
from pydicom.dataset import Dataset

from fusion.archive import watching
from fusion.archive.getting import get
from fusion.archive.held.inbox import Inbox, hashed
from fusion.archive.listening import Listener, PortTaken, commitments, heard
from fusion.archive.model import FoundStudy, Query
from fusion.archive.protocols.connecting import connect
from fusion.archive.protocols.wire import LARGEST_PDU_BYTES, Gauge
from fusion.archive.settings import Settings, read_settings
from fusion.archive.watching import _state, look, work_list
from fusion.cli import main
from fusion.dicom import Patient
from fusion.dicom.files import instance
from fusion.errors import ArchiveError, FusionError
from tests.archive.conftest import Clinic, data_sets
from tests.export.dicom.others import dcmtk
from tests.export.dicom.pacs import _dcmtk, free_ports
from tests.studies import write_ct

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def settings_with(folder: Path, more: str = "", allow: str = "ME") -> Settings:
    [port] = free_ports(1)
    folder.mkdir(exist_ok=True)
    (folder / "archives.toml").write_text(
        f'title = "US"\ninbox = "inbox"\noutbox = "outbox"\n[archives]\n'
        f'[listen]\nport = {port}\nallow = ["{allow}"]\n{more}'
    )
    return read_settings(folder / "archives.toml")


def sent(settings: Settings, *files: Path, calling: str = "ME", called: str = "US") -> str:
    """What dcmtk says of sending files to us; raises AssertionError when it failed."""
    assert settings.listen is not None
    port = str(settings.listen.port)
    return _dcmtk("storescu", "-v", "-R", "-aet", calling, "-aec", called, "127.0.0.1", port,
                  *map(str, files))  # fmt: skip


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dcmtk("storescu")
    folder = tmp_path_factory.mktemp("image")
    write_ct(folder)
    return min(folder.iterdir())


def test_objects_are_kept_as_they_came_under_hashed_names(image: Path, tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    with Listener(settings, takes_studies=True):
        sent(settings, image)
        for who in ({"calling": "YOU"}, {"called": "THEM"}):
            with pytest.raises(AssertionError, match="Rejected"):
                sent(settings, image, **who)
    header = pydicom.dcmread(image)
    folder = tmp_path / "inbox" / hashed(header.StudyInstanceUID)
    [kept] = list(folder.iterdir())
    assert data_sets([kept]) == data_sets([image])
    assert kept.name == f"{hashed(header.SOPInstanceUID)}.dcm"
    assert [path.name for path in (tmp_path / "inbox").iterdir()] == [folder.name]
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("limit", ["most_bytes_a_study = 1048576", f"least_free_bytes = {2**60}"])
def test_what_has_no_room_is_refused(limit: str, image: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.dcm"
    header = pydicom.dcmread(image)
    header.add_new(0x00091001, "OB", os.urandom(1048576))
    header.save_as(large)
    settings = settings_with(tmp_path, limit)
    with (
        Listener(settings, takes_studies=True),
        pytest.raises(AssertionError, match=r"A700|OutOfResources"),
    ):
        sent(settings, large)
    assert list((tmp_path / "inbox").rglob("*.dcm")) == []


def test_an_object_that_comes_again_takes_no_further_room(image: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.dcm"
    header = pydicom.dcmread(image)
    header.add_new(0x00091001, "OB", os.urandom(700_000))
    header.save_as(large)
    settings = settings_with(tmp_path, "most_bytes_a_study = 1048576")
    with Listener(settings, takes_studies=True):
        for _ in range(3):
            sent(settings, large)
        header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = "1.2.3.4.99"
        header.save_as(large)
        with pytest.raises(AssertionError, match=r"A700|OutOfResources"):
            sent(settings, large)
    assert len(list((tmp_path / "inbox").rglob("*.dcm"))) == 1


def test_nobody_decides_how_much_we_hold() -> None:
    gauge, one, other = Gauge(100_000), object(), object()
    gauge.add(one, 60_000)
    with pytest.raises(OSError, match="more was announced"):
        gauge.add(other, 60_000)
    gauge.clear(one)
    gauge.add(other, 60_000)
    with pytest.raises(OSError, match="more was announced"):
        Gauge().add(one, LARGEST_PDU_BYTES + 1)


def test_a_piece_that_is_announced_too_large_ends_the_connection(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    assert settings.listen is not None
    with (
        Listener(settings, takes_studies=True),
        socket.create_connection(("127.0.0.1", settings.listen.port), timeout=10) as way,
    ):
        way.sendall(struct.pack(">BBL", 1, 0, 2**32 - 1) + bytes(64))
        try:
            answer = way.recv(1)
        except ConnectionResetError:
            answer = b""
    assert answer in (b"", b"\x07")


def test_a_folder_that_another_emptied_and_takes_away_loses_nothing(tmp_path: Path) -> None:
    """Who moved a report here to look at it removes it again, while the rest of a study comes."""
    inbox, stop = Inbox(tmp_path), threading.Event()
    place = inbox.folder("1.2.3")

    def take_away() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                place.rmdir()

    thread = threading.Thread(target=take_away)
    thread.start()
    try:
        with inbox.parts() as parts:
            tray = inbox.tray("1.2.3", parts)
            for n in range(300):
                tray.keep(f"1.2.3.{n}", b"whole")
                assert inbox.content("1.2.3", f"1.2.3.{n}", remove=True) == b"whole"
    finally:
        stop.set()
        thread.join()


def test_two_programs_that_bring_a_folder_at_once_both_keep_what_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, rename, others = Inbox(tmp_path), Path.rename, []

    def meanwhile(self: Path, target: Path) -> Path:
        target.mkdir()
        (target / "other.dcm").write_bytes(b"of another program")
        others.append(target)
        return rename(self, target)

    with inbox.parts() as parts:
        tray = inbox.tray("1.2.3", parts)
        tray.folder.rmdir()
        monkeypatch.setattr(Path, "rename", meanwhile)
        tray.keep("1.2.3.4", b"whole")
        assert inbox.content("1.2.3", "1.2.3.4", remove=False) == b"whole"
        assert others == [tray.folder]
        assert (tray.folder / "other.dcm").exists()
        assert list(parts.iterdir()) == []


def test_a_port_is_listened_on_once(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    with (
        Listener(settings, takes_studies=True),
        pytest.raises(ArchiveError, match="cannot be listened on"),
    ):
        Listener(settings, takes_studies=True).__enter__()


def test_where_nobody_can_listen_is_not_taken_for_a_port_where_another_does(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    assert settings.listen is not None
    elsewhere = settings.listen.model_copy(update={"host": "192.0.2.7"})
    settings = settings.model_copy(update={"listen": elsewhere})
    with (
        pytest.raises(
            ArchiveError, match=r"cannot be listened on \(Cannot assign.*Give this machine"
        ) as told,
        heard(settings, takes_studies=True),
    ):
        pass
    assert not isinstance(told.value, PortTaken)


def test_a_listener_of_another_process_is_gone_on_with(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    with (
        heard(settings, takes_studies=True) as ours,
        heard(settings, takes_studies=True) as theirs,
    ):
        assert (ours, theirs) == (True, False)


@pytest.mark.parametrize(("damaged", "status"), [(False, 0x0000), (True, 0x0110)])
def test_an_answer_about_many_objects_is_kept_and_a_damaged_one_refused(
    damaged: bool, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(tmp_path)
    said, failed = Dataset(), []
    said.TransactionUID = "1.2.3"
    for n in range(1500):
        item = Dataset()
        item.ReferencedSOPInstanceUID = f"1.2.4.{n}"
        failed.append(item)
    said.FailedSOPSequence = failed
    if damaged:  # it lists more than any real one
        monkeypatch.setattr(instance, "MAX_LISTED", 1000)
    kept = commitments(settings)
    kept.ask("1.2.3", "these")
    event = SimpleNamespace(event_information=said)
    assert Listener(settings, takes_studies=False)._report(event) == (status, None)
    if damaged:
        assert kept.take("1.2.3") is None
    else:
        assert kept.take("1.2.3") == {f"1.2.4.{n}": False for n in range(1500)}


def test_what_an_earlier_version_expected_is_swept_when_it_is_old(tmp_path: Path) -> None:
    kept = commitments(settings_with(tmp_path))
    kept.ask("1.2.3", "these")
    [asked] = (tmp_path / "outbox" / "commitments").glob("*.asked")
    asked.write_text("")
    assert kept.take_late("these") is None
    assert asked.exists()
    os.utime(asked, (0, 0))
    assert kept.take_late("these") is None
    assert not asked.exists()


class Counts:
    """An archive that counts as many as it is told."""

    def __init__(self, study: str, count: int) -> None:
        self.found = FoundStudy(study, Patient("", "", "", ""), "", "", "", (), count)

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        return (self.found,)


def test_a_study_that_comes_again_corrected_is_prepared_anew(
    tmp_path: Path,
) -> None:
    settings = settings_with(tmp_path)
    write_ct(tmp_path / "ct")
    first, *others = sorted((tmp_path / "ct").iterdir())
    study = str(pydicom.dcmread(first).StudyInstanceUID)
    folder = tmp_path / "inbox" / hashed(study)
    folder.mkdir(parents=True)
    for n, path in enumerate((first, *others)):
        (folder / f"{n}.dcm").write_bytes(path.read_bytes())

    def looked(prepare: watching.Prepare = lambda *_: None) -> list[str]:
        os.utime(folder, (0, 0))
        archive = Counts(study, len(others) + 1)
        return [one.refusal for one in look(settings, [archive], prepare)]  # type: ignore[list-item]

    assert looked() == [""]
    assert looked() == []
    os.utime(folder / "0.dcm", (5, 5))  # another, as long as before and under the same name

    assert looked() == [""]
    assert looked() == []


def test_a_study_is_prepared_when_the_archive_counts_as_many(
    clinic: Clinic, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = connect(settings, "web")
    write_ct(tmp_path / "ct")  # a study of its own: others put results into that of the clinic
    files = sorted((tmp_path / "ct").iterdir())
    clinic.pacs.store(files)
    calls: list[Path] = []

    def prepare(folder: Path, target: Path) -> None:
        calls.append(folder)
        (target / "made").touch()

    def looked() -> list[str]:
        for folder in (tmp_path / "inbox").iterdir():
            os.utime(folder, (0, 0))  # quiet
        return [item.refusal for item in look(settings, [archive], prepare)]

    settings = settings.model_copy(update={"title": "US"})
    assert settings.listen is not None
    allowed = settings.listen.model_copy(update={"allow": ("ME",)})
    settings = settings.model_copy(update={"listen": allowed})
    with Listener(settings, takes_studies=True):
        sent(settings, *files[:-1])
        assert looked() == []  # quiet, but one is missing
        [item] = work_list(settings)
        assert item.state == "incomplete"
        came = f"{len(files) - 1} of its objects came, {len(files)} are listed"
        assert came in item.waiting
        assert main(["archive", "worklist"]) == 0
        said = capsys.readouterr().out
        assert "incomplete. The study is not whole" in said
        assert "go on from there with: facetfusion archive get archive:web/" in said
        sent(settings, files[-1])
        assert list(look(settings, [archive], prepare)) == []  # not quiet
        assert looked() == [""]
        assert looked() == []  # once
    assert len(calls) == 1
    [item] = work_list(settings)
    assert (item.images, item.state) == (len(files), "ready")
    assert (tmp_path / "worklist" / item.study / "made").exists()

    def refuse(folder: Path, target: Path) -> None:
        raise FusionError("no pair")

    (tmp_path / "worklist" / item.study / "item.json").unlink()
    assert [one.refusal for one in look(settings, [archive], refuse)] == ["no pair"]

    def broken(folder: Path, target: Path) -> None:
        raise IndexError("Marker^Ana")

    # Refused: once in this program, and once more in the next.
    seen: dict[Path, tuple[float, float]] = {}
    assert len(list(look(settings, [archive], refuse, looked=seen))) == 1
    assert list(look(settings, [archive], refuse, looked=seen)) == []
    assert [one.state for one in work_list(settings)] == ["not prepared"]
    assert main(["archive", "worklist"]) == 0
    assert "no pair It is tried again when" in capsys.readouterr().out
    assert [one.state for one in look(settings, [archive], prepare)] == ["ready"]
    assert [one.state for one in work_list(settings)] == ["ready"]

    (tmp_path / "worklist" / item.study / "item.json").unlink()
    [one] = look(settings, [archive], broken)  # it ends nothing but this study
    assert "fault of facetfusion (IndexError)" in one.refusal
    assert "Marker" not in one.refusal


def test_what_did_not_change_is_not_read_again_and_again(
    clinic: Clinic, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = get(connect(settings, "pacs"), clinic.study, settings=settings)
    read: list[Path] = []
    headers = watching._contents

    def counted(files: list[Path]) -> tuple[str, list[Path]]:
        read.append(files[0].parent)
        return headers(files)

    monkeypatch.setattr(watching, "_contents", counted)
    looked: dict[Path, tuple[float, float]] = {}

    def looks() -> list[str]:
        return [one.study for one in look(settings, [], lambda *_: None, looked=looked)]

    os.utime(folder, (0, 0))
    assert [looks(), looks(), looks()] == [[], [], []]  # no archive counts, so it waits
    assert read == [folder]
    os.utime(folder, (1, 1))  # something was added
    assert looks() == []
    assert read == [folder] * 2
    looked.clear()
    archive = connect(settings, "pacs")
    assert len(list(look(settings, [archive], lambda *_: None, looked=looked))) == 1
    assert list(look(settings, [archive], lambda *_: None)) == []  # also by the next program
    assert read == [folder] * 3


def test_a_file_that_another_process_took_away_ends_no_watch(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    gone = _state([path])
    path.write_bytes(b"x")
    here = _state([path])
    path.write_bytes(b"xy")
    assert len({gone, here, _state([path])}) == 3
