"""What is looked for in an archive, without one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from fusion.archive.model import FoundStudy, Query
from fusion.dicom.series import Patient
from fusion.errors import ArchiveError
from viewer.archive.asking import BUILT_IN, MOST_LISTED, KeptSearches, Wanted, cells, search

TODAY = dt.date(2026, 11, 30)
ANY = Wanted()


def study(uid: str, description: str = "", modalities: str = "NM,CT", date: str = "20261130"):
    patient = Patient("Muster^Anna", "4711", "19610203", "F")
    return FoundStudy(
        uid, patient, "", date, description, tuple(filter(None, modalities.split(","))), 3
    )


class Answering:
    name = "pacs"

    def __init__(self, *studies: FoundStudy) -> None:
        self.studies_there = studies
        self.asked: list[Query] = []

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        self.asked.append(query)
        return self.studies_there


def test_today_nm_and_ct_of_the_neck() -> None:
    archive = Answering(
        study("1.1", "SPECT/CT HWS", date="20261129"),
        study("1.2", "Knochenszintigraphie Knie"),
        study("1.3", "Bone SPECT/CT"),  # no region is named: it may be the neck
        study("1.4", "SPECT/CT HWS", modalities="NM"),
        study("1.5", "SPECT/CT HWS", modalities=""),  # the archive does not tell
    )
    assert BUILT_IN[0].name == "Today, NM and CT, neck"
    answer = search(archive, BUILT_IN[0], today=TODAY)
    assert archive.asked == [Query(dates="20261130", modality="NM")]
    assert [one.study_instance_uid for one in answer.studies] == ["1.5", "1.3", "1.1"]
    assert answer.words == (
        "3 studies in the archive pacs. 2 more without these modalities, or of another region."
    )


@pytest.mark.parametrize(
    ("asked", "who", "query"),
    [
        (Wanted(days=6), {}, Query(dates="20261124-20261130")),
        (ANY, {"patient_id": " 4711 "}, Query(patient_id="4711")),
        (ANY, {"name": "muster"}, Query(patient_name="muster*")),
        (ANY, {"name": "m*er^a*"}, Query(patient_name="m*er^a*")),
    ],
)
def test_what_is_asked(asked: Wanted, who: dict[str, str], query: Query) -> None:
    archive = Answering()
    answer = search(archive, asked, **who, today=TODAY)
    assert archive.asked == [query]
    assert answer.words.startswith("0 studies in the archive pacs. Ask for more days")


def test_a_whole_archive_is_not_listed_and_neither_is_too_much() -> None:
    archive = Answering(*(study(f"1.{n}") for n in range(1, MOST_LISTED + 2)))
    for asked in (ANY, Wanted(modalities=("NM",)), Wanted(neck=True)):
        with pytest.raises(ArchiveError, match="A whole archive is not listed"):
            search(archive, asked, today=TODAY)
    assert archive.asked == []
    with pytest.raises(ArchiveError, match="501 studies match"):
        search(archive, Wanted(days=0), today=TODAY)


def test_a_row_is_harmless_text() -> None:
    assert cells(study("1.2", "<b>HWS</b>\n\u202e")) == (
        "2026-11-30",
        "Muster Anna",
        "4711",
        "1961-02-03",
        "NM, CT",
        "3",
        "<b>HWS</b>",
    )
    empty = FoundStudy("1.2", Patient("", "", "", ""), "", "", "", (), None)
    assert cells(empty) == (
        "no date", "no name", "no ID", "not stated", "not stated", "?", "no description"
    )  # fmt: skip


def test_searches_are_kept_beside_those_of_the_program(tmp_path: Path) -> None:
    kept = KeptSearches(tmp_path / "deep" / "searches.json")
    assert kept.all == BUILT_IN
    mine = kept.keep(Wanted(days=6, modalities=("PT",)), " Mine\n")
    assert mine.name == "Mine"
    kept.keep(Wanted(days=0), "Mine")
    assert KeptSearches(kept.path).all == (*BUILT_IN, Wanted(name="Mine", days=0))
    for name in ("", " ", BUILT_IN[0].name):
        with pytest.raises(ArchiveError, match="a name of its own"):
            kept.keep(ANY, name)
    kept.path.write_text("{")
    assert kept.all == BUILT_IN
