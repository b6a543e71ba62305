"""Spellings of one person against different persons."""

from __future__ import annotations

import pytest

from fusion.dicom.catalog import scan
from fusion.dicom.identity import are_comparable, identity_conflicts, patient_ids_agree
from fusion.dicom.pairing import pair
from fusion.dicom.series import Patient
from fusion.errors import PairingError
from tests.studies import write_ct, write_nm


def person(name: str = "", patient_id: str = "", birth_date: str = "", sex: str = "") -> Patient:
    return Patient(name, patient_id, birth_date, sex)


def both_ways(one: Patient, other: Patient) -> list[str]:
    found = identity_conflicts(one, other)
    assert found == identity_conflicts(other, one)
    return found


SAME = [
    ("DOE^JOHN", "Doe^John"),
    ("DOE^JOHN", "DOE^JOHN^^^ "),
    ("DOE^JOHN", "DOE^JOHN^MICHAEL"),
    ("DOE^JOHN", "DOE^JOHN MICHAEL"),
    ("DOE^JOHN^^MR", "DOE^JOHN^M."),
    ("DOE, JOHN", "DOE^JOHN"),
    ("DOE JOHN", "DOE^JOHN"),
    ("VAN DER BERG^JAN", "VANDERBERG^JAN"),
    ("MÜLLER^JÜRGEN", "MUELLER^JUERGEN"),
    ("Müller^Jürgen", "MULLER^JURGEN"),
    ("Weiß^Øystein", "WEISS^OYSTEIN"),
    ("Łukasz^José", "LUKASZ^JOSE"),
    ("Yamada^Tarou", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("山田^太郎", "Yamada^Tarou=山田^太郎"),
    ("Иванов^Пётр", "ИВАНОВ^ПЕТР"),
]
DIFFERENT = [
    ("DOE^JOHN", "DOE^JANE"),
    ("DOE^JOHN", "ROE^JOHN"),
    ("DOE^JOHN^A", "DOE^JOHN^B"),
    ("LEE^AN", "LEE^ANNA"),
    ("王^小明", "李^四"),
    ("Иванов^Пётр", "Петров^Иван"),
    ("Wang^Wei=王^伟", "Li^Si=李^四"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name_are_no_conflict(one: str, other: str) -> None:
    assert both_ways(person(one), person(other)) == []
    assert are_comparable(person(one), person(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_names_are_a_conflict_in_any_script(one: str, other: str) -> None:
    assert both_ways(person(one), person(other)) == ["name"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WOLFESCHLEGELST", "WOLFESCHLEGELSTEIN^HUBERT"),
        ("JOHN^DOE", "DOE^JOHN"),
        ("LEE^AN", "LEE^ANNA"),
        ("M\N{REPLACEMENT CHARACTER}ller^Anna", "Müller^Anna"),
    ],
)
def test_a_name_cut_short_turned_round_or_damaged_needs_the_id_or_birth_date(one, other) -> None:
    assert both_ways(person(one, "7"), person(other, "7")) == []
    assert both_ways(person(one, "", "19600102"), person(other, "8", "1960-01-02")) == []
    assert "name" in both_ways(person(one, "7"), person(other, "8"))


def test_an_id_differs_by_more_than_case_and_spaces() -> None:
    assert both_ways(person("A", "ab 123 "), person("A", "AB123")) == []
    assert both_ways(person("A", "0001234"), person("A", "1234")) == [
        "patient ID (only in leading zeros)"
    ]
    assert both_ways(person("A", "10234"), person("A", "1234")) == ["patient ID"]
    assert both_ways(person("A", "1", "", "F"), person("A", "1", "", "m")) == ["sex"]


def test_patient_ids_agree_letter_by_letter() -> None:
    assert patient_ids_agree("ab-1 ", " ab-1")
    for one, other in (("ab1", "AB1"), ("1", "01"), ("a b", "ab"), ("", ""), (" ", " ")):
        assert not patient_ids_agree(one, other)


def test_what_one_side_does_not_state_is_not_compared() -> None:
    nobody, somebody = person(), person("DOE^JOHN", "7", "19600102", "M")
    assert both_ways(nobody, somebody) == []
    assert not are_comparable(nobody, somebody)
    assert not are_comparable(person("山田^太郎"), person("Yamada^Tarou"))
    assert not are_comparable(person("^^"), person("DOE^JOHN"))


def test_names_in_another_script_are_compared_on_disk(tmp_path) -> None:
    write_ct(
        tmp_path / "ct", PatientName="王^小明", PatientID="", SpecificCharacterSet="ISO_IR 192"
    )
    write_nm(tmp_path, PatientName="李^四", PatientID="", SpecificCharacterSet="ISO_IR 192")
    catalog = scan(tmp_path)
    assert "patient-mismatch" in {f.code for f in catalog.studies[0].findings}
    with pytest.raises(PairingError, match="different patients"):
        pair(catalog)


def test_a_middle_name_is_no_mix_up_and_an_empty_identity_hides_none(tmp_path) -> None:
    write_ct(tmp_path / "ct", PatientName="DOE^JOHN", PatientID="")
    write_nm(tmp_path, name="b.dcm", PatientName="Doe^John^M", InstanceNumber=2)
    assert scan(tmp_path).studies[0].findings == ()
    write_nm(tmp_path, name="a.dcm", PatientName="", PatientID="", SOPInstanceUID="1.5.1")
    write_nm(tmp_path, name="c.dcm", PatientName="ROE^JANE", SOPInstanceUID="1.5.2")
    (finding,) = scan(tmp_path).studies[0].findings
    assert "different patients (name)" in finding.message


@pytest.mark.parametrize(("study", "severity"), [("1.2.3.4.5", "info"), ("9.9.9", "warning")])
def test_an_identity_that_cannot_be_compared_is_said(tmp_path, study, severity) -> None:
    write_ct(tmp_path / "ct", PatientName="", PatientID="")
    write_nm(tmp_path, StudyInstanceUID=study)
    findings = {f.code: f for f in pair(scan(tmp_path)).findings}
    assert findings["patient-not-compared"].severity.name.lower() == severity
