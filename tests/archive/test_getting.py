"""Studies come from a real archive, whole, by both ways, and go on where they stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from fusion.archive.connecting import connect
from fusion.archive.getting import get, parse_address
from fusion.archive.model import Keep, Listed, Query
from fusion.archive.settings import Settings, read_settings
from fusion.cli import main
from fusion.dicom.catalog import scan
from fusion.errors import ArchiveError, Cancelled
from tests.archive.conftest import Clinic, data_sets
from tests.studies import STUDY

BOTH = pytest.mark.parametrize("way", ["pacs", "web"])


@BOTH
def test_a_study_is_found_and_fetched_as_it_is(
    way: str, clinic: Clinic, settings: Settings
) -> None:
    archive = connect(settings, way)
    [found] = archive.studies(Query(patient_id="1"))
    assert found.study_instance_uid == STUDY
    assert found.count == len(clinic.files)
    assert set(found.modalities) == {"CT", "NM"}
    assert found.patient.name == "No^Body"
    assert archive.studies(Query(patient_id="2")) == ()
    assert {one.modality for one in archive.series(STUDY)} == {"CT", "NM"}

    folder = get(archive, STUDY, settings=settings)
    assert data_sets(list(folder.iterdir())) == data_sets(clinic.files)
    assert len(scan(folder).studies) == 1
    assert STUDY not in str(folder)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # no parts are left


@BOTH
def test_it_goes_on_where_it_stopped(way: str, clinic: Clinic, settings: Settings) -> None:
    archive = connect(settings, way)
    arrived = []

    def stop(fraction: float, step: str) -> None:
        if step.startswith("Fetching"):
            arrived.append(fraction)
            if len(arrived) == 3:
                raise Cancelled("enough")

    with pytest.raises(Cancelled):
        get(archive, STUDY, settings=settings, progress=stop)
    folder = next((settings.place("inbox")).iterdir())
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(kept) == 3

    assert get(archive, STUDY, settings=settings) == folder
    assert len(list(folder.iterdir())) == len(clinic.files)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # not fetched again


class Leaky:
    """An archive that loses objects: one on the way, or one from its list."""

    name = "pacs"

    def __init__(self, archive: object, *, drop: int, hide: int) -> None:
        self._archive, self._drop, self._hide = archive, drop, hide

    def __getattr__(self, name: str) -> object:
        return getattr(self._archive, name)

    def objects(self, study: str) -> dict[str, Listed]:
        return dict(list(self._archive.objects(study).items())[self._hide :])  # type: ignore[attr-defined]

    def fetch(self, study: str, wanted: Sequence[Listed], keep: Keep) -> None:
        self._archive.fetch(study, wanted[self._drop :], keep)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("drop", "hide"), [(1, 0), (0, 1)])
def test_less_than_the_archive_counts_is_refused(drop: int, hide: int, settings: Settings) -> None:
    leaky = Leaky(connect(settings, "web"), drop=drop, hide=hide)
    with pytest.raises(ArchiveError, match="not whole"):
        get(leaky, STUDY, settings=settings)  # type: ignore[arg-type]


def test_only_what_was_asked_for_is_kept(clinic: Clinic, settings: Settings) -> None:
    class Stranger(Leaky):
        def fetch(self, study: str, wanted: Sequence[Listed], keep: Keep) -> None:
            content = clinic.files[0].read_bytes()
            assert not keep("1.2.3.999", content)  # not listed
            assert not keep(wanted[0].sop_instance_uid, content.replace(b"1.2.3.4.5", b"1.2.3.4.6"))

    with pytest.raises(ArchiveError, match="not whole: 0 of its objects"):
        get(Stranger(connect(settings, "web"), drop=0, hide=0), STUDY, settings=settings)  # type: ignore[arg-type]


def test_the_command_line_and_an_address_for_a_path(
    clinic: Clinic, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["archive", "find", "pacs", "--patient-id", "1", "--json"]) == 0
    [study] = json.loads(capsys.readouterr().out)["studies"]
    assert study["address"] == f"archive:pacs/{STUDY}"
    assert main(["archive", "get", study["address"]]) == 0
    assert "whole" in capsys.readouterr().out
    assert main(["scan", study["address"], "--json"]) == 0
    [scanned] = json.loads(capsys.readouterr().out)["studies"]
    assert scanned["study_instance_uid"] == STUDY
    assert main(["archive", "find", "pacs"]) == 3
    assert "whole archive is not listed" in capsys.readouterr().err
    assert main(["archive", "get", "archive:pacs/1.2.3"]) == 3
    assert "has no study with this identifier" in capsys.readouterr().err


@pytest.mark.parametrize(
    "address",
    ["archive:", "archive:/1.2", "archive:pacs/../x", "archive:pacs/1..2", "archive:p/1.2*"],
)
def test_an_address_is_taken_apart_strictly(address: str) -> None:
    with pytest.raises(ArchiveError, match="Expected archive:NAME"):
        parse_address(address)


# pynetdicom leaves a socket that never connected to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_is_not_there(tmp_path: Path, clinic: Clinic) -> None:
    clinic.write_settings(tmp_path)
    for name, port in (("pacs", clinic.pacs.dicom_port), ("web", clinic.pacs.http_port)):
        text = clinic.toml.read_text().replace(str(port), "9")
        clinic.toml.write_text(text)
        with pytest.raises(ArchiveError, match="cannot be reached"):
            connect(read_settings(clinic.toml), name).studies(Query(patient_id="1"))
