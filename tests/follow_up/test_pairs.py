"""Who may be compared, and what has to be alike: on the headers of two real studies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fusion.errors import PairingError
from fusion.findings.follow_up import (
    ANOTHER_DELAY,
    ANOTHER_RECONSTRUCTION,
    ANOTHER_SYSTEM,
    ANOTHER_TRACER,
    DELAY_NOT_STATED,
    DELAY_TOO_DIFFERENT,
    ORDER_NOT_STATED,
    SAME_PATIENT_STATED,
    TRACER_UNKNOWN,
)
from fusion.follow_up.comparing import check_pair
from fusion.follow_up.persons import in_order, same_patient
from fusion.follow_up.protocol import protocols
from fusion.review import Review

Reviews = tuple[Review, Review]


@contextmanager
def stating(review: Review, **values: object) -> Iterator[None]:
    """Let a study state other values for a while."""
    headers = {id(c.header): c.header for c in (review.pair.ct, review.pair.spect)}.values()
    before = [{k: h.get(k) for k in values} for h in headers]
    try:
        for header in headers:
            for keyword, value in values.items():
                setattr(header, keyword, value)
        yield
    finally:
        for header, kept in zip(headers, before, strict=True):
            for keyword, value in kept.items():
                if value is None:
                    delattr(header, keyword)
                else:
                    setattr(header, keyword, value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keyword", "value", "said"),
    [
        ("PatientID", "SIM-2", "patient ID"),
        ("PatientName", "OTHER^Person", "name"),
        ("PatientBirthDate", "19710101", "birth date"),
        ("PatientSex", "M", "sex"),
        ("IssuerOfPatientID", "ELSEWHERE", "issuer of the patient ID"),
    ],
)
def test_another_person_is_refused_whatever_anyone_says(
    reviews: Reviews, keyword: str, value: str, said: str
) -> None:
    check_pair(*reviews)
    own = {"PatientSex": "F", "IssuerOfPatientID": "HERE"}
    with (
        stating(reviews[0], **own),
        stating(reviews[1], **{**own, keyword: value}),
        pytest.raises(PairingError, match=f"different patients .*{said}") as refused,
    ):
        check_pair(*reviews, same_patient_by="Dr A")
    assert "SIM" not in str(refused.value)
    assert "OTHER" not in str(refused.value)


@pytest.mark.slow
def test_a_patient_who_is_not_stated_needs_a_name_that_answers_for_it(reviews: Reviews) -> None:
    nobody = dict.fromkeys(("PatientID", "PatientName", "PatientBirthDate"), "")
    with stating(reviews[1], **nobody):
        with pytest.raises(PairingError, match="--same-patient"):
            same_patient(*reviews)
        (finding,) = same_patient(*reviews, stated_by="Dr A")
    assert finding.kind is SAME_PATIENT_STATED
    assert finding.kind.assumption


@pytest.mark.slow
def test_dates_go_in_their_order(reviews: Reviews) -> None:
    assert in_order(*reviews).days == 368
    with pytest.raises(PairingError, match="in the other order"):
        in_order(reviews[1], reviews[0])
    with pytest.raises(PairingError, match="the same study"):
        in_order(reviews[0], reviews[0])
    removed = dict.fromkeys(("AcquisitionDate", "SeriesDate", "StudyDate"), "19000101")
    with stating(reviews[0], **removed):
        order = in_order(*reviews)
    assert order.days is None
    assert [finding.kind for finding in order.findings] == [ORDER_NOT_STATED]


@pytest.mark.slow
def test_equal_acquisitions_are_comparable(reviews: Reviews) -> None:
    made = protocols(*reviews)
    assert made.comparable
    assert not made.other_delay


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"ManufacturerModelName": "another"}, ANOTHER_SYSTEM),
        ({"CorrectedImage": ["ATTN", "SCAT", "DECY", "LIN"]}, ANOTHER_RECONSTRUCTION),
    ],
)
def test_another_system_or_reconstruction_takes_the_words_away(
    reviews: Reviews, values: dict[str, object], kind: object
) -> None:
    with stating(reviews[1], **values):
        made = protocols(*reviews)
    assert kind in [finding.kind for finding in made.findings]
    assert not made.comparable


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "kinds", "comparable"),
    [
        ("Tc-99m HDP", [ANOTHER_TRACER], False),
        ("99mTc-MDP", [], True),
        ("", [TRACER_UNKNOWN], True),
    ],
)
def test_another_tracer_is_refused_and_another_spelling_is_none(
    reviews: Reviews, given: str, kinds: list[object], comparable: bool
) -> None:
    (item,) = reviews[1].pair.spect.header.RadiopharmaceuticalInformationSequence
    before, code = item.Radiopharmaceutical, item.RadionuclideCodeSequence
    try:
        item.Radiopharmaceutical = given
        if not given:
            item.RadionuclideCodeSequence = []
        made = protocols(*reviews)
    finally:
        item.Radiopharmaceutical, item.RadionuclideCodeSequence = before, code
    assert [f.kind for f in made.findings] == kinds
    assert made.comparable is comparable


@pytest.mark.slow
@pytest.mark.parametrize(
    ("time", "kind", "comparable"),
    [
        ("", DELAY_NOT_STATED, True),
        ("1 h later", ANOTHER_DELAY, True),
        ("2 h later", DELAY_TOO_DIFFERENT, False),
    ],
)
def test_another_delay_widens_or_ends_it(
    reviews: Reviews, time: str, kind: object, comparable: bool
) -> None:
    (item,) = reviews[1].pair.spect.header.RadiopharmaceuticalInformationSequence
    before = item.RadiopharmaceuticalStartTime
    hour = int(before[:2]) + int(time[0]) if time else 0
    try:
        item.RadiopharmaceuticalStartTime = f"{hour:02}{before[2:]}" if time else ""
        made = protocols(*reviews)
    finally:
        item.RadiopharmaceuticalStartTime = before
    assert [f.kind for f in made.findings] == [kind]
    assert made.other_delay
    assert made.comparable is comparable
