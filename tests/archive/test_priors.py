"""What is proposed of earlier studies, and whose are never shown."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian

from fusion.archive.earlier import Priors, Whose, another_person, priors
from fusion.archive.model import FoundSeries, FoundStudy, Keep, Listed, Query
from fusion.dicom.series import Patient
from fusion.errors import ArchiveError


def test_what_is_not_shown_is_counted_by_what_it_is() -> None:
    found = Priors((), (), {"name": 2, "sex": 1}, 1, readings_not_shown={"sex": 1, "name": 3})
    assert [line.partition(",")[0].partition(" (")[0] for line in found.not_shown_words] == [
        "Not shown: 2 studies under the same ID",
        "Not shown: 1 study under the same ID",
        "Not shown: 3 readings in a study of this person",
        "Not shown: 1 reading in a study of this person",
        "Not shown: 1 study after this one.",
    ]


# ---- Another person under the same ID -----------------------------------------------------------

OURS = Whose(Patient("Muster^Anna", "4711", "19610203", "F"), "HOSPITAL", "1.2.3", "20240311")


def study(uid: str = "1.2.4", **changes: str) -> FoundStudy:
    stated = {"name": "Muster^Anna", "patient_id": "4711", "birth_date": "19610203", "sex": "F"}
    issuer = changes.pop("issuer", "HOSPITAL")
    date = changes.pop("date", "20231001")
    description = changes.pop("description", "MRT HWS nativ")
    patient = Patient(**(stated | changes))
    return FoundStudy(uid, patient, issuer, date, description, ("MR",), 20)


#: One thing that is otherwise with another person, in ways that archives state it.
OTHER = {
    "patient_id": ["4712", "04711", "471", "4711A", "4711/1", ""],
    "issuer": ["ELSEWHERE", "", "hospital"],
    "name": [
        "Anna^Muster", "Muster^Eva", "Muster^Ann", "Muster^Annabel", "Muster^A", "Muster", "^Anna",
        "Musterfrau^Anna", "Muster^Anna Maria", "MUSTER^EVA", "Muster^", "", "Anna Muster",
        "Mu^steranna", "Muster Anna^", "Muster-Klein^Anna", "Mustera^Nna",
    ],
    "birth_date": ["19610302", "19610204", "19710203", "20240203", "", "1961", "00000000"],
    "sex": ["M", "O", "m"],
}  # fmt: skip
STAGED = [
    *({key: value} for key, values in OTHER.items() for value in values),
    *(
        {one: a, other: b}
        for one, other in itertools.combinations(OTHER, 2)
        for a, b in itertools.product(OTHER[one], OTHER[other])
    ),
]


def test_nobody_else_is_shown() -> None:
    assert len(STAGED) > 200
    accepted = [each for each in STAGED if not another_person(OURS, study(**each))]
    assert accepted == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "MUSTER^ANNA"},
        {"name": "muster^anna^^Dr."},
        {"name": "Muster^Anna^Maria"},
        {"sex": ""},
        {"sex": "f"},
    ],
)
def test_the_same_person_is_found(changes: dict[str, str]) -> None:
    assert another_person(OURS, study(**changes)) == ()


#: Whom a name, an ID and a birth date do not tell from others, or only in letters of their own.
NOBODY = [
    ({"name": "Kim^Min=金^民"}, {"name": "Kim^Min=金^敏"}),
    ({"name": "Hong^Gildong=洪^吉洞=홍^길동"}, {"name": "Hong^Gildong=洪^吉童=홍^길동"}),
    ({"name": "Yamada^Tarou=山田^太郎=やまだ^たろう"},
     {"name": "Yamada^Tarou=山田^太郎=やまだ^じろう"}),
    ({"name": "=山田^太郎"}, {"name": "==やまだ^たろう"}),
    *(({key: value}, {key: value}) for key, values in {
        "birth_date": ["00000000", "19000101", "19010101", "99999999", "19610230", "21500101"],
        "name": ["Unknown^Unknown", "UNBEKANNT^Mann", "Inconnu^X", "Anonymous", "^", "123^1", "NN^",
                 "Desconocida^Mujer", "?^?", "M\ufffdller^A"],
        "patient_id": [""],
    }.items() for value in values),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), NOBODY)
def test_nobody_is_somebody(ours: dict[str, str], theirs: dict[str, str]) -> None:
    stated = replace(OURS.patient, **ours)
    assert another_person(replace(OURS, patient=stated), study(**theirs))


def test_a_name_in_several_scripts_is_the_same_in_each() -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    for other in (name, "YAMADA^TAROU", "=山田^太郎"):
        whose = replace(OURS, patient=replace(OURS.patient, name=name))
        assert another_person(whose, study(name=other)) == ()


def test_a_missing_issuer_counts_as_the_archives_own() -> None:
    nowhere = replace(OURS, issuer="")
    assert another_person(nowhere, study(issuer="")) == ()
    assert another_person(OURS, study(issuer=""), issuer="HOSPITAL") == ()
    assert another_person(OURS, study(issuer=""), issuer="ELSEWHERE") == ("issuer of the ID",)


class Shelf:
    """An archive that answers with what it was given."""

    name = "pacs"

    def __init__(self, *studies: FoundStudy) -> None:
        self._studies = studies

    def studies(self, query: Query) -> tuple[FoundStudy, ...]:
        assert query == Query(patient_id="4711")
        return self._studies

    def series(self, study_instance_uid: str) -> tuple[FoundSeries, ...]:
        return ()


def test_proposals_have_date_and_source_and_nobody_elses_words() -> None:
    shelf = Shelf(
        study("1.2.3", date="20240311"),  # the study under review itself
        study("1.2.5"),
        study("1.2.6", name="Muster^Eva", description="secret of another"),
        study("1.2.7", birth_date="", description="secret of nobody"),
        study("1.2.8", date="20250101", description="afterwards"),
        replace(study("1.2.9", date="20220101", description="HWS Funktionsaufnahmen nach ACDF"),
                modalities=("CR",)),
        replace(study("1.2.10", description="SPECT/CT HWS"), modalities=("CT", "NM")),
    )  # fmt: skip
    found = priors(shelf, OURS, inbox=Path("inbox"))  # type: ignore[arg-type]
    assert [(one.key, one.value) for one in found.proposals] == [
        ("prior_cervical_surgery", True),
        ("radiographs", None),
        ("radiographs_date", "2022-01-01"),
        ("radiograph_flexion", True),
        ("radiograph_extension", True),
        ("mri", None),
        ("mri_date", "2023-10-01"),
        ("mri_contrast", False),
    ]
    assert found.proposals[-1].source == 'archive pacs: MR "MRT HWS nativ", dated 2023-10-01'
    assert [one.study_instance_uid for one in found.to_compare] == ["1.2.10"]
    assert (found.not_shown, found.later) == ({"name": 1, "birth date": 1}, 1)
    assert "secret" not in repr(found)
    assert "Muster" not in repr(found.proposals)


class Shelved(Shelf):
    """An archive with one study and its series."""

    def __init__(self, study: FoundStudy, *series: tuple[str, str]) -> None:
        super().__init__(study)
        self._series = tuple(
            FoundSeries(f"1.{n}", modality, said, "", "")
            for n, (modality, said) in enumerate(series)
        )

    def series(self, study_instance_uid: str) -> tuple[FoundSeries, ...]:
        return self._series


def proposed(study: FoundStudy, *series: tuple[str, str]) -> dict[str, object]:
    found = priors(Shelved(study, *series), OURS, inbox=Path("inbox"))  # type: ignore[arg-type]
    assert len(set(found.proposals)) == len(found.proposals)
    return {one.key: one.value for one in found.proposals}


def test_the_description_of_a_study_is_not_that_of_each_kind_in_it() -> None:
    both = replace(study(description="CT Kopf nativ / MRT HWS"), modalities=("CT", "MR"))
    found = proposed(both, ("CT", "Kopf 5mm"), ("MR", "HWS t2 sag"), ("MR", "HWS t1 KM"))
    assert found == {"mri": None, "mri_date": "2023-10-01", "mri_contrast": True}
    # Where neither says of which it is, it is of none; an operation was done whatever was made.
    after = replace(both, description="HWS Z.n. ACDF, nativ")
    found = priors(
        Shelved(after, ("CT", "2 mm"), ("MR", "t2")),  # type: ignore[arg-type]
        OURS,
        inbox=Path("inbox"),
    )
    assert [one.key for one in found.proposals] == [
        "prior_cervical_surgery",
        "mri",
        "mri_date",
        "diagnostic_ct",
        "diagnostic_ct_date",
    ]
    assert all("of the neck" not in one.text for one in found.proposals[1:])


@pytest.mark.parametrize(
    ("description", "series", "of_neck"),
    [
        ("MRI CERVICAL SPINE", [("MR", "t2_tse_sag"), ("CT", "Bone 1.0")], {"mri"}),
        ("MRI CERVICAL SPINE", [("MR", "t2_tse_sag"), ("CR", "")], {"mri"}),
        ("MRT HWS mit Funktionsaufnahmen", [("MR", "t2"), ("CR", "pa")], {"mri"}),
        ("MRT HWS", [("MR", "t2"), ("CT", "HWS 1.0")], {"mri", "diagnostic_ct"}),
        ("HWS", [("MR", "t2"), ("CT", "HWS 1.0")], {"diagnostic_ct"}),
        ("CT und MRT HWS", [("MR", "t2"), ("CT", "1.0")], set()),
    ],
)
def test_of_several_kinds_a_description_is_that_of_the_one_it_names(
    description: str, series: list[tuple[str, str]], of_neck: set[str]
) -> None:
    kinds = tuple(modality for modality, _ in series)
    one = replace(study(description=description), modalities=kinds)
    found = priors(Shelved(one, *series), OURS, inbox=Path("inbox"))  # type: ignore[arg-type]
    assert {fact.key for fact in found.proposals if "of the neck is" in fact.text} == {
        key for kind in of_neck for key in (kind, f"{kind}_date")
    }
    assert not any(fact.key.startswith("radiograph_") for fact in found.proposals)


def test_views_and_contrast_of_a_region_that_is_not_named_are_none_of_the_neck() -> None:
    plain_film = replace(study(description="Flexion 30 Grad, tangential"), modalities=("CR",))
    assert proposed(plain_film) == {"radiographs": None, "radiographs_date": "2023-10-01"}
    assert proposed(study(description="Routine nativ")) == {"mri": None, "mri_date": "2023-10-01"}


@pytest.mark.parametrize("date", ["20230230", "20231301", "00000000", ""])
def test_a_day_that_there_is_not_is_no_date(date: str) -> None:
    shelf = Shelf(study(date=date, description="MRT HWS Z.n. ACDF"))
    found = priors(shelf, OURS, inbox=Path("inbox"))  # type: ignore[arg-type]
    assert [one.key for one in found.proposals] == ["prior_cervical_surgery", "mri"]
    assert all("The dates do not say" in one.text for one in found.proposals)
    assert all("without a date" in one.source for one in found.proposals)


@pytest.mark.parametrize("said", ["Einverständnis MRT HWS", "MRI C-spine request form"])
def test_a_paper_about_an_examination_is_none(said: str) -> None:
    assert proposed(replace(study(description=said), modalities=("OT",))) == {}


def report(version: int) -> tuple[str, bytes]:
    """A structured report of an earlier reading; the second version amends the first."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = Comprehensive3DSRStorage, f"1.2.5.7.{version}"
    ds.StudyInstanceUID, ds.StudyDate, ds.ContentDate = "1.2.5", "20231001", "20231002"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = (
        "Muster^Anna", "4711", "19610203", "F",
    )  # fmt: skip
    ds.Manufacturer = ds.ManufacturerModelName = "facetfusion"
    ds.SeriesDescription, ds.PreliminaryFlag = f"Version {version}: facets", "FINAL"
    if version == 2:
        before, inside, one = Dataset(), Dataset(), Dataset()
        one.ReferencedSOPInstanceUID = "1.2.5.7.1"
        inside.ReferencedSOPSequence = [one]
        before.ReferencedSeriesSequence = [inside]
        ds.PredecessorDocumentsSequence = [before]
    file = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(file, ds, enforce_file_format=True)
    return ds.SOPInstanceUID, file.getvalue()


class Reports(Shelf):
    """An archive with two versions of a reading, of which it hands out what it is told to."""

    def __init__(self, *versions: int, damaged: bool = False, refuses: bool = False) -> None:
        super().__init__(study("1.2.5"))
        self._given, self._damaged, self._refuses = versions, damaged, refuses

    def series(self, study_instance_uid: str) -> tuple[FoundSeries, ...]:
        return (FoundSeries("1.2.5.6", "SR", "", "", ""),)

    def objects(self, study_instance_uid: str) -> dict[str, Listed]:
        both = map(report, (1, 2))
        return {uid: Listed(uid, "1.2.5.6", Comprehensive3DSRStorage) for uid, _ in both}

    def fetch(self, study_instance_uid: str, wanted: list[Listed], keep: Keep, **_: object) -> str:
        if self._refuses:
            raise ArchiveError("The archive pacs does not let its objects be fetched.")
        for version in self._given:
            uid, content = report(version)
            is_spoilt = self._damaged and version == 2
            keep(uid, content.replace(b"SQ\0\0", b"ZZ\0\0") if is_spoilt else content)
        return ""


def test_of_a_reading_the_version_that_takes_the_place_of_others_is_offered() -> None:
    found = priors(Reports(1, 2), OURS, inbox=Path("inbox"))  # type: ignore[arg-type]
    assert [one.version for one in found.readings] == ["Version 2"]
    assert found.unread == ()


@pytest.mark.parametrize(
    ("archive", "why"),
    [
        (Reports(1), "1 of 2 reports did not come"),
        (Reports(1, 2, damaged=True), "1 of 2 reports did not come"),
        (Reports(refuses=True), "does not let its objects be fetched"),
    ],
)
def test_where_a_report_is_missing_no_reading_is_offered_and_all_else_is(
    archive: Reports, why: str
) -> None:
    """The missing one may take the place of the one that came."""
    found = priors(archive, OURS, inbox=Path("inbox"))  # type: ignore[arg-type]
    assert found.readings == ()
    [said] = found.not_shown_words
    assert said.startswith("Readings of the study of 2023-10-01 are not offered: ")
    assert why in said
    assert found.not_shown == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"birth_date": ""}, "birth date"), ({"name": ""}, "name"), ({"patient_id": "4*"}, "[*]")],
)
def test_without_an_identity_nothing_is_looked_for(changes: dict[str, str], said: str) -> None:
    whose = replace(OURS, patient=replace(OURS.patient, **changes))
    with pytest.raises(ArchiveError, match=said):
        priors(Shelf(), whose, inbox=Path("inbox"))  # type: ignore[arg-type]
