"""What archives hold and answer that is odd: a real Orthanc, and a few rude ones."""

from __future__ import annotations

import copy
import http.server
import json
import re
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined,unused-ignore]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    Verification,
)

from fusion.archive.getting import get
from fusion.archive.held.identifiers import Identifiers, identifiers
from fusion.archive.listening import Listener
from fusion.archive.model import Query
from fusion.archive.preview import previews
from fusion.archive.protocols import dimse
from fusion.archive.protocols.connecting import connect
from fusion.archive.sending import prepared
from fusion.archive.settings import Settings, read_settings
from fusion.errors import ArchiveError
from tests.archive.conftest import Clinic, data_sets
from tests.export.dicom.others import dcmtk
from tests.export.dicom.pacs import ARCHIVE, CLIENT, free_ports, running

pytestmark = [
    pytest.mark.slow,
    # pynetdicom leaves sockets of failed connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DOCS = Path(__file__).parents[2] / "docs"
WAYS = pytest.mark.parametrize("way", ["pacs", "web", "moved"])


def one_image(clinic: Clinic, **stated: Any) -> pydicom.FileDataset:
    """An image of the clinic as a study of its own."""
    ds = pydicom.dcmread(clinic.files[0])
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(ds, keyword, generate_uid())
    for keyword, value in stated.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def put(clinic: Clinic, folder: Path, *datasets: pydicom.FileDataset) -> list[Path]:
    paths = []
    for n, ds in enumerate(datasets):
        paths.append(folder / f"put{n}.dcm")
        ds.save_as(paths[-1])
    clinic.pacs.stow(paths)
    return paths


def points_elsewhere(*, undefined: bool) -> Sequence:
    """A sequence that stands before the study's own identifier and names another study."""
    inner, outer = Dataset(), Dataset()
    inner.StudyInstanceUID = outer.StudyInstanceUID = "1.2.3.4"
    inner.SOPInstanceUID = "1.2.3.6"
    inner.is_undefined_length_sequence_item = outer.is_undefined_length_sequence_item = undefined
    outer.RelatedSeriesSequence = [inner]
    outer["RelatedSeriesSequence"].is_undefined_length = undefined
    return Sequence([outer, outer])


# ---- What the archive holds ----------------------------------------------------------------------


@WAYS
def test_an_object_that_points_to_another_study_comes_with_its_own(
    way: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    datasets = []
    for undefined in (False, True):
        ds = one_image(clinic, StudyInstanceUID="2.25.7", RelatedSeriesSequence=None)
        ds.RelatedSeriesSequence = points_elsewhere(undefined=undefined)
        ds["RelatedSeriesSequence"].is_undefined_length = undefined
        datasets.append(ds)
    files = put(clinic, tmp_path, *datasets)
    folder = get(connect(settings, way), "2.25.7", settings=settings)
    kept = data_sets(list(folder.iterdir()))
    assert {uid: ds for uid, ds in data_sets(files).items() if kept[uid] != ds} == {}


@WAYS
@pytest.mark.parametrize("packed", ["+tb", "+td"])
def test_an_object_in_an_old_packing_comes(
    way: str, packed: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    """Big endian, and deflated: that one is asked for unpacked."""
    ds = one_image(clinic)
    ds.save_as(tmp_path / "little.dcm")
    path = tmp_path / "packed.dcm"
    subprocess.run([dcmtk("dcmconv"), packed, tmp_path / "little.dcm", path], check=True)
    clinic.pacs.stow([path])
    folder = get(connect(settings, way), ds.StudyInstanceUID, settings=settings)
    [kept] = map(pydicom.dcmread, folder.iterdir())
    assert (kept.pixel_array == ds.pixel_array).all()
    assert kept.file_meta.TransferSyntaxUID != DeflatedExplicitVRLittleEndian


@WAYS
def test_a_whole_series_of_deflated_objects_comes(
    way: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    first = one_image(clinic)
    second = copy.deepcopy(first)
    second.SOPInstanceUID = second.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for n, ds in enumerate((first, second)):
        ds.save_as(tmp_path / f"little{n}.dcm")
        path = tmp_path / f"packed{n}.dcm"
        subprocess.run([dcmtk("dcmconv"), "+td", tmp_path / f"little{n}.dcm", path], check=True)
        clinic.pacs.stow([path])
    folder = get(connect(settings, way), first.StudyInstanceUID, settings=settings)
    kept = data_sets(list(folder.iterdir()))
    assert kept.keys() == {first.SOPInstanceUID, second.SOPInstanceUID}
    assert (kept[second.SOPInstanceUID].pixel_array == second.pixel_array).all()


@pytest.mark.parametrize("way", ["pacs", "web"])
def test_a_study_that_was_filed_under_another_patient_comes_anew(
    way: str, clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    before = one_image(clinic, PatientID=f"OLD{way}", PatientName="Wrong^Name")
    after = copy.deepcopy(before)
    after.PatientID, after.PatientName = f"NEW{way}", "Right^Name"
    put(clinic, tmp_path, before)
    archive = connect(settings, way)
    get(archive, before.StudyInstanceUID, settings=settings)
    put(clinic, tmp_path, after)
    with pytest.raises(ArchiveError, match="2 studies with this identifier, filed under several"):
        get(archive, before.StudyInstanceUID, settings=settings)
    clinic.pacs.forget_patient(before.PatientID)
    folder = get(archive, before.StudyInstanceUID, settings=settings)
    [kept] = map(pydicom.dcmread, folder.iterdir())
    assert str(kept.PatientName) == "Right^Name"


def test_names_are_found_in_every_script_and_only_those(
    clinic: Clinic, settings: Settings, tmp_path: Path
) -> None:
    names = {"K1": "Люксембург^Анна", "K2": "Yamada^Tarou=山田^太郎", "K3": "Müller^Jörg"}
    put(
        clinic,
        tmp_path,
        *(
            one_image(clinic, SpecificCharacterSet="ISO_IR 192", PatientID=number, PatientName=name)
            for number, name in names.items()
        ),
    )

    def found(way: str, **asked: str) -> list[str]:
        studies = connect(settings, way).studies(Query(**asked))
        return sorted({one.patient.patient_id for one in studies} & names.keys())

    # This Orthanc keeps Latin letters only; what it cannot hold may not match everybody.
    assert found("pacs", patient_name="Мюллер*") == []
    assert found("pacs", patient_name="Müll*") == ["K3"]
    for way in ("pacs", "web"):
        assert found(way, patient_name="Yamada*") == ["K2"]
        assert found(way, patient_name="Y?mada*") == ["K2"]
        assert found(way, patient_id="K*") == ["K1", "K2", "K3"]


@pytest.mark.parametrize("dates", ["2024-01-31", "today", "20240101-2024", "20240101\\20240102"])
def test_days_that_an_archive_may_take_for_any_are_not_asked_for(dates: str) -> None:
    with pytest.raises(ArchiveError, match="Expected a day or days as"):
        Query(patient_id="1", dates=dates)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_is_moved_here_to_be_looked_at_is_shown_and_not_kept(
    elsewhere: bool, clinic: Clinic, settings: Settings
) -> None:
    """Also where another process listens already, into whose inbox it comes."""
    archive, inbox = connect(settings, "moved"), settings.place("inbox")
    with Listener(settings, takes_studies=True) if elsewhere else nullcontext():
        shown = list(previews(archive, clinic.study))
        assert {one.series.modality for one in shown} == {"CT", "NM"}
        assert all(one.picture is not None for one in shown)
        assert list(inbox.rglob("*.dcm")) == []
        folder = get(archive, clinic.study, settings=settings)
        kept = sorted(folder.iterdir())
        assert data_sets(kept) == data_sets(clinic.files)
        assert all(one.picture is not None for one in previews(archive, clinic.study))
        assert sorted(folder.iterdir()) == kept  # what was here stays


def test_what_lay_here_before_is_not_taken_for_what_came(
    clinic: Clinic, settings: Settings
) -> None:
    """Another process has the port and takes no studies, so nothing comes."""
    archive = connect(settings, "moved")
    folder = get(archive, clinic.study, settings=settings)
    states = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    came: list[str] = []
    with Listener(settings, takes_studies=False):
        archive.fetch(
            clinic.study,
            list(archive.objects(clinic.study).values()),
            lambda uid, _: came.append(uid) or True,  # type: ignore[func-returns-value]
        )
    assert came == []
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == states


# ---- What a file says of itself ------------------------------------------------------------------


def test_identifiers_are_those_that_pydicom_reads(clinic: Clinic) -> None:
    for path in clinic.files:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        stated = Identifiers(header.StudyInstanceUID, header.SOPInstanceUID)
        assert identifiers(path.read_bytes()) == stated


def test_nothing_grows_with_what_a_stranger_nests(clinic: Clinic) -> None:
    content = clinic.files[0].read_bytes()
    at = content.index(b"\x08\x00\x18\x00UI")
    deep = b"\x08\x00\x50\x12SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 100_000
    assert identifiers(content[:at] + deep) == Identifiers("", "")
    for cut in range(0, 2000, 7):
        identifiers(content[:cut])  # never raises


# ---- What archives answer ------------------------------------------------------------------------

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def rude(tmp_path: Path) -> Settings:
    port, listen = free_ports(2)
    (tmp_path / "archives.toml").write_text(
        'title = "ME"\ninbox = "inbox"\noutbox = "outbox"\n[archives.x]\nkind = "dimse"\n'
        f'title = "X"\nhost = "127.0.0.1"\nport = {port}\n[listen]\nport = {listen}\n'
    )
    return read_settings(tmp_path / "archives.toml")


@contextmanager
def answering(settings: Settings, *kinds: str, **handlers: Callable[..., Any]) -> Iterator[None]:
    ae = AE("X")
    for kind in kinds:
        ae.add_supported_context(kind, scu_role=True, scp_role=True)
    port = settings.archives["x"].port
    bound = [(getattr(evt, f"EVT_{name.upper()}"), does) for name, does in handlers.items()]
    server = ae.start_server(("127.0.0.1", port or 0), block=False, evt_handlers=bound)
    try:
        yield
    finally:
        server.shutdown()


def test_an_archive_that_does_not_answer_for_objects_is_no_failure(rude: Settings) -> None:
    with answering(rude, StorageCommitmentPushModel, n_action=lambda _: (0x0110, None)):
        assert connect(rude, "x").commit({"1.2.3": CT}) is None
    with answering(rude, Verification):
        assert connect(rude, "x").commit({"1.2.3": CT}) is None


def test_an_answer_that_came_too_late_is_found_the_next_time(
    rude: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dimse, "COMMITMENT_S", 0.1)
    asked: list[str] = []

    def noted(event: Any) -> tuple[int, None]:
        asked.append(str(event.action_information.TransactionUID))
        return 0x0000, None

    archive = connect(rude, "x")
    with answering(rude, StorageCommitmentPushModel, n_action=noted):
        assert archive.commit({"1.2.3": CT}) is None
        assert archive.commit({"1.2.4": CT}) is None
        with Listener(rude, takes_studies=True):  # facetfusion archive listen
            for transaction, uid in zip(asked, ("1.2.3", "1.2.4"), strict=True):
                report(rude, transaction, uid)
        assert archive.commit({"1.2.3": CT}) == {"1.2.3": True}
        assert archive.commit({"1.2.3": CT}) is None  # the answer was used
        assert archive.commit({"1.2.3": CT, "1.2.4": CT}) is None  # not what was asked then
    assert len(asked) == 4


def report(settings: Settings, transaction: str, uid: str) -> None:
    """Answer for an object over an association of its own."""
    assert settings.listen is not None
    ae = AE("X")
    ae.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    way = ae.associate("127.0.0.1", settings.listen.port, ae_title="ME", ext_neg=[role])
    said, item = Dataset(), Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, uid
    said.TransactionUID, said.ReferencedSOPSequence = transaction, [item]
    model, instance = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    assert way.send_n_event_report(said, 1, model, instance)[0].Status == 0x0000
    way.release()


def one_study(event: Any) -> Iterator[tuple[int, Dataset]]:
    found = Dataset()
    found.QueryRetrieveLevel = event.identifier.QueryRetrieveLevel
    found.StudyInstanceUID, found.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    found.SOPInstanceUID, found.SOPClassUID = "1.2.3.1.1", CTImageStorage
    found.NumberOfStudyRelatedInstances = "1"
    yield 0xFF00, found


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0xA702, "it could send none"),
        (0xB000, "could not be sent"),
        (0x0124, "not allowed"),
        (0xC123, "it cannot do that"),
    ],
)
def test_why_a_study_does_not_come_is_said(status: int, said: str, rude: Settings) -> None:
    def refuse(event: Any) -> Iterator[tuple[int, None] | int]:
        yield 1
        yield status, None

    find, fetch = (
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
    )
    with (
        answering(rude, find, fetch, c_find=one_study, c_get=refuse),
        pytest.raises(ArchiveError, match=rf"not whole: 0 of.*It says: .*{said}.*{status:04X}"),
    ):
        get(connect(rude, "x"), "1.2.3", settings=rude)
    with (
        answering(rude, find, c_find=one_study),
        pytest.raises(ArchiveError, match="does nothing of what was asked"),
    ):
        get(connect(rude, "x"), "1.2.3", settings=rude)


def test_a_study_is_sent_to_the_process_that_listens_already(
    clinic: Clinic, settings: Settings
) -> None:
    with Listener(settings, takes_studies=True):
        folder = get(connect(settings, "moved"), clinic.study, settings=settings)
    originals = data_sets(clinic.files)
    assert originals.items() <= data_sets(list(folder.iterdir())).items()


def test_two_processes_may_ask_for_one_study_at_once(clinic: Clinic, settings: Settings) -> None:
    failed: list[Exception] = []

    def ask(way: str) -> None:
        try:
            get(connect(settings, way), clinic.study, settings=settings)
        except Exception as exc:  # noqa: BLE001 - told below
            failed.append(exc)

    threads = [threading.Thread(target=ask, args=(way,)) for way in ("pacs", "web", "pacs")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []


WEB_JSON = "application/dicom+json"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", "<html>Log in, Muster^Anna</html>"),
        (WEB_JSON, "{{{"),
        (WEB_JSON, '{"a": 1}'),
        (WEB_JSON, '["Muster^Anna"]'),
        (WEB_JSON, '[{"0020000D": {"Value": ["1.2"]}}]'),
        (WEB_JSON, '[{"Muster^Anna": {"vr": "UI", "Value": ["1.2"]}}]'),
        (WEB_JSON, '[{"00100010": {"vr": "PN", "Value": [5]}}]'),
        (WEB_JSON, '[{"00201208": {"vr": "IS", "Value": ["Muster^Anna"]}}]'),
        (WEB_JSON, "[" * 100_000),
    ],
)
def test_what_is_no_answer_of_an_archive_is_said_and_quoted_nowhere(
    kind: str, body: str, tmp_path: Path
) -> None:
    with (
        web_answering(tmp_path, 200, kind, body) as settings,
        pytest.raises(ArchiveError, match="no archive that speaks DICOMweb") as told,
    ):
        connect(settings, "w").studies(Query(patient_id="1"))
    assert "Muster" not in "".join(traceback.format_exception(told.value)).replace(str(body), "")


def test_a_damaged_birth_date_is_quoted_nowhere(tmp_path: Path) -> None:
    """filterwarnings is "error": what pydicom complains of would be raised here."""
    body = (
        '[{"0020000D": {"vr": "UI", "Value": ["1.2"]}, "00100030": {"vr": "DA", "Value": ["6x"]}}]'
    )
    with web_answering(tmp_path, 200, WEB_JSON, body) as settings:
        [found] = connect(settings, "w").studies(Query(patient_id="1"))
    assert found.study_instance_uid == "1.2"


def test_nobody_is_asked_that_the_settings_do_not_name(tmp_path: Path, clinic: Clinic) -> None:
    there = f"http://127.0.0.1:{clinic.pacs.http_port}/dicom-web/studies"
    with (
        web_answering(tmp_path, 302, WEB_JSON, "", Location=there) as settings,
        pytest.raises(ArchiveError, match="sends us on to another address"),
    ):
        connect(settings, "w").studies(Query(patient_id="1"))


@pytest.mark.parametrize("knows_pages", [True, False])
def test_an_archive_that_lists_few_at_once_is_asked_for_the_rest(
    knows_pages: bool, tmp_path: Path
) -> None:
    held = [{"0020000D": {"vr": "UI", "Value": [f"1.2.{n}"]}} for n in range(5)]

    def page(path: str) -> str:
        [first] = re.findall(r"offset=(\d+)", path)
        start = int(first) if knows_pages else 0
        return json.dumps(held[start : start + 2])

    with web_answering(tmp_path, 200, WEB_JSON, page) as settings:
        found = connect(settings, "w").studies(Query(patient_id="1"))
    expected = [f"1.2.{n}" for n in range(5 if knows_pages else 2)]
    assert [one.study_instance_uid for one in found] == expected


def test_a_connection_that_the_archive_closes_meanwhile_costs_nothing(tmp_path: Path) -> None:
    body = '[{"0020000D": {"vr": "UI", "Value": ["1.2"]}}]'
    with web_answering(tmp_path, 200, WEB_JSON, body, most=1) as settings:
        archive = connect(settings, "w")
        for _ in range(3):
            assert len(archive.studies(Query(patient_id="1"))) == 1


@contextmanager
def web_answering(
    place: Path,
    status: int,
    kind: str,
    body: str | Callable[[str], str],
    *,
    most: int = 1000,
    **headers: str,
) -> Iterator[Settings]:
    """Give one answer to every question, but no more than ``most`` over one connection."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        answered = 0

        def do_GET(self) -> None:
            self.answered += 1
            if self.answered > most:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name, value)
            content = (body if isinstance(body, str) else body(self.path)).encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        (place / "archives.toml").write_text(
            '[archives.w]\nkind = "web"\n'
            f'url = "http://127.0.0.1:{server.server_address[1]}/dicom-web"\n'
        )
        try:
            yield read_settings(place / "archives.toml")
        finally:
            server.shutdown()
            thread.join()


def test_two_windows_that_make_results_at_once_send_the_same(settings: Settings) -> None:
    def slower(folder: Path) -> None:
        folder.mkdir()
        (folder / "slow").touch()
        prepared(settings, "key", faster)

    def faster(folder: Path) -> None:
        folder.mkdir()
        (folder / "fast").touch()

    folder = prepared(settings, "key", slower)
    assert [path.name for path in folder.iterdir()] == ["fast"]


# ---- What docs/archive.md tells archives to do ---------------------------------------------------


#: Metadata of a study that says how many times the rule ended, and what writes it.
RULE_ENDED = 4242
COUNTED = f"""
local rule, times = OnStableStudy, 0
function OnStableStudy(study, tags, metadata)
  rule(study, tags, metadata)
  times = times + 1
  RestApiPut('/studies/' .. study .. '/metadata/{RULE_ENDED}', tostring(times))
end
"""


def test_the_rule_for_orthanc_sends_studies_on_and_not_our_results(
    tmp_path: Path, clinic: Clinic
) -> None:
    [rule] = re.findall(r"```lua\n(.*?)```", (DOCS / "archive.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "rule.lua").write_text(rule.replace("FACETFUSION", CLIENT) + COUNTED)
    [port] = free_ports(1)
    client = {"AET": CLIENT, "Host": "127.0.0.1", "Port": port}
    with running(
        tmp_path / "orthanc",
        LuaScripts=[str(tmp_path / "rule.lua")],
        StableAge=1,
        DicomModalities={"facetfusion": client},
    ) as pacs:
        (tmp_path / "archives.toml").write_text(
            f'title = "{CLIENT}"\ninbox = "inbox"\noutbox = "outbox"\n[archives]\n'
            f"[listen]\nport = {port}\nallow = ['{ARCHIVE}']\n"
        )
        arrived: list[str] = []
        settings = read_settings(tmp_path / "archives.toml")
        with Listener(settings, takes_studies=True, arrived=arrived.append):

            def came(times: int) -> int:
                """What arrived when the rule had ended so many times; it sends before it ends."""
                until = time.monotonic() + 30
                while pacs.metadata(clinic.study, RULE_ENDED) != str(times):
                    assert time.monotonic() < until, "the rule did not end"
                    time.sleep(0.05)  # the archive waits whether more comes; 30 s at most
                return len(arrived)

            is_nm = {path: pydicom.dcmread(path).Modality == "NM" for path in clinic.files}
            pacs.stow([path for path in clinic.files if not is_nm[path]])
            assert came(1) == 0  # a CT alone
            pacs.stow([path for path in clinic.files if is_nm[path]])
            assert came(2) == len(clinic.files)
            result = pydicom.dcmread(clinic.files[0])
            result.SeriesInstanceUID, result.SOPInstanceUID = generate_uid(), generate_uid()
            result.file_meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
            result.save_as(tmp_path / "result.dcm")
            pacs.store([tmp_path / "result.dcm"])  # under our title
            assert came(3) == len(clinic.files)
