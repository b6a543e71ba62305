"""What a Target accepts, what it refuses, and that nothing is lost on the way through JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.anatomy.joints import JOINTS, Joint, Side
from fusion.annotations.snapshots import (
    LocalisationSnapshot,
    Measured,
    RegistrationSnapshot,
)
from fusion.annotations.target import MAX_NOTE, Answer, Decision, Origin, Target
from fusion.errors import AnnotationError
from fusion.facets.localisation import Status
from fusion.json_form import from_json, to_json

from .samples import IDENTITY, LEFT_C5, localisation, placement, registration, target

TEXT = st.text(max_size=60)  # surrogates are drawn below: JSON from elsewhere may hold them
HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|'/C calc'!A0",
    "Robert'); DROP TABLE events;--",
    "\u202egnol ton\u202c",
    "nul \x00 and bell \x07 and escape \x1b[31m",
    "lone surrogate \ud800",
    "line\nbreak\r\nand\ttab",
    "😀" * 40,
]
finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    joint = draw(st.sampled_from(JOINTS))
    decision = draw(st.sampled_from(Decision))
    point = draw(st.tuples(finite, finite, finite))
    low = 1 if decision is Decision.POSITIVE else 0
    return target(
        joint,
        decision=decision,
        placement=placement(joint, point_lps=point, distance_mm=draw(st.floats(0, 12))),
        grade=draw(st.none() | st.integers(low, 3)),
        uptake=draw(
            st.none()
            | st.dictionaries(st.text(min_size=1), finite, min_size=1, max_size=4).map(
                lambda values: Measured.of(values, unit="Bq/mL", reference="C2 body")
            )
        ),
        clinically_concordant=draw(st.none() | st.sampled_from(Answer)),
        inside_operative_bed=draw(st.none() | st.sampled_from(Answer)),
        note=draw(TEXT | st.sampled_from(HOSTILE)),
        reader="R " + draw(TEXT),
        time=draw(st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))),
        origin=draw(st.sampled_from(Origin)),
        registration=registration(draw(finite)),
    )


def read(content: object) -> Target:
    return from_json(Target, content, error=AnnotationError, what="A target cannot be read")


@given(targets())
def test_json_gives_back_an_equal_target(one: Target) -> None:
    text = json.dumps(to_json(one), allow_nan=False)
    assert read(json.loads(text)) == one


def test_every_field_stands_in_the_json() -> None:
    # Written by hand: all that a Target holds.
    one = to_json(target(target_id="0" * 32))
    assert one == {
        "target_id": "0" * 32,
        "level": "C5-C6",
        "side": "left",
        "decision": "positive",
        "grade": 2,
        "point_lps": [17.0, 3.0, -75.0],
        "frame_of_reference_uid": "1.2.826.0.1.3680043.8.498.77",
        "placement": {
            "level": "C5-C6",
            "side": "left",
            "point_lps": [17.0, 3.0, -75.0],
            "lateral_mm": 17.0,
            "distance_mm": 1.0,
            "margin_mm": 7.0,
            "neighbour": "C6-C7",
            "uncertainty_mm": 3.0,
        },
        "uptake": {
            "unit": "counts",
            "values": {"maximum": 812.25, "ratio_to_reference": 0.30000000000000004},
            "reference": "",
        },
        "clinically_concordant": "yes",
        "inside_operative_bed": "no",
        "note": "next to the osteophyte",
        "reader": "Dr. Åsa Öberg",
        "time": "2026-11-22T15:00:00.123456+00:00",
        "origin": "proposal accepted",
        "registration": {
            "matrix_spect_to_ct_lps": [list(row) for row in IDENTITY],
            "method": "shared frame of reference",
            "uncertainty_mm": 1.5,
            "uncertainty_share": 0.95,
        },
        "localisation": {
            "source": "facetfusion 0.1.0",
            "numbering": "counted from C2 (dens)",
            "confidence_mm": 1.2,
            "status": "found",
            "confidence_share": 0.9,
        },
        "software_version": "0.1.0",
    }


def test_there_is_no_default_side_level_or_decision() -> None:
    given_ = target()
    for name in ("joint", "decision", "placement", "reader", "time", "origin", "registration"):
        values = {f: getattr(given_, f) for f in Target.__dataclass_fields__ if f != name}
        with pytest.raises(TypeError, match=name):
            Target(**values)
    with pytest.raises(TypeError):
        Joint("C5-C6")  # type: ignore[call-arg]


def test_the_reader_and_the_anatomy_must_agree() -> None:
    for other in (Joint("C5-C6", Side.RIGHT), Joint("C4-C5", Side.LEFT)):
        with pytest.raises(AnnotationError, match=f"reader says {other.name}, the anatomy says"):
            target(other, placement=placement(LEFT_C5))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"grade": 4}, "grade is 0, 1, 2 or 3"),
        ({"grade": True}, "grade is 0, 1, 2 or 3"),
        ({"grade": 0}, "positive joint cannot have grade 0"),
        ({"decision": "maybe"}, "positive, negative, indeterminate"),
        ({"origin": "guess"}, "proposal accepted, joint clicked, point placed"),
        ({"clinically_concordant": "perhaps"}, "yes, no, not recorded"),
        ({"inside_operative_bed": True}, "yes, no, not recorded"),
        ({"reader": " "}, "name of its reader"),
        ({"reader": "\u202e\u200b\x00"}, "name of its reader"),
        ({"reader": "R" * 201}, "201 characters"),
        ({"note": "n" * (MAX_NOTE + 1)}, "Shorten it"),
        ({"time": datetime(2026, 1, 1)}, "without time zone"),
        ({"frame_of_reference_uid": "../../etc"}, "no valid identifier"),
        ({"frame_of_reference_uid": ""}, "no valid identifier"),
        ({"software_version": ""}, "version of the software"),
        ({"target_id": "1; DROP"}, "identifier"),
        ({"placement": placement(margin_mm=2.9)}, "only be recorded as indeterminate"),
    ],
)
def test_what_a_target_refuses(changes: dict, says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        target(**changes)


def test_times_are_kept_in_utc() -> None:
    there = datetime(2026, 11, 22, 16, 0, tzinfo=timezone(timedelta(hours=1)))
    assert target(time=there).time.isoformat() == "2026-11-22T15:00:00+00:00"


@pytest.mark.parametrize(
    "matrix",
    [
        ((-1, 0, 0, 0), *IDENTITY[1:]),  # a mirror: left and right exchanged
        ((2, 0, 0, 0), *IDENTITY[1:]),
        ((1, 0.1, 0, 0), *IDENTITY[1:]),
        ((1, 0, 0, float("nan")), *IDENTITY[1:]),
        (*IDENTITY[:3], (0, 0, 0, 2)),
        IDENTITY[:3],
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    ],
)
def test_a_matrix_that_is_not_rigid_is_refused(matrix: tuple) -> None:
    with pytest.raises(AnnotationError, match="rigid"):
        RegistrationSnapshot(matrix=matrix, method="x", uncertainty_mm=None)


def test_snapshots_say_how_they_were_obtained() -> None:
    with pytest.raises(AnnotationError, match="obtained"):
        RegistrationSnapshot(matrix=IDENTITY, method=" ", uncertainty_mm=1.0)
    with pytest.raises(AnnotationError, match="uncertainty of the Registration"):
        RegistrationSnapshot(matrix=IDENTITY, method="m", uncertainty_mm=-1.0)
    with pytest.raises(AnnotationError, match="numbered"):
        LocalisationSnapshot(source="s", numbering="", confidence_mm=None)
    with pytest.raises(AnnotationError, match="uncertainty of the localisation"):
        LocalisationSnapshot(source="s", numbering="n", confidence_mm=float("inf"))
    with pytest.raises(AnnotationError, match="fused or obscured"):
        LocalisationSnapshot(source="s", numbering="n", confidence_mm=1.0, status="gone")
    with pytest.raises(AnnotationError, match="share"):
        LocalisationSnapshot(source="s", numbering="n", confidence_mm=1.0, confidence_share=1.1)


def test_what_the_ct_shows_of_a_joint_is_kept_as_one_of_five_words() -> None:
    # Written by hand: they stand in journals.
    words = ("found", "outside field", "not found", "fused", "obscured")
    assert tuple(Status) == words
    for word in words:
        assert localisation(status=word).status is Status(word)
        assert to_json(localisation(status=word))["status"] == word


def test_a_target_from_before_the_state_was_kept_reads_and_writes_the_same() -> None:
    old = to_json(target())
    del old["localisation"]["status"], old["localisation"]["confidence_share"]
    del old["registration"]["uncertainty_share"]
    assert to_json(read(old)) == old


@pytest.mark.parametrize(
    ("entries", "unit", "says"),
    [
        ((), "counts", "unit and at least one value"),
        ((("maximum", 1.0),), " ", "unit and at least one value"),
        ((("maximum", 1.0), ("maximum", 2.0)), "counts", "twice"),
        ((("maximum", float("inf")),), "counts", "finite"),
    ],
)
def test_what_a_measurement_refuses(entries: tuple, unit: str, says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        Measured(unit, entries)


def test_a_measurement_is_a_read_only_mapping() -> None:
    measured = Measured.of({"maximum": 3, "mean": 2.5}, unit="g/mL")
    assert dict(measured) == {"maximum": 3.0, "mean": 2.5}
    assert measured["mean"] == 2.5
    assert len(measured) == 2
    assert hash(measured) == hash(Measured.of({"maximum": 3, "mean": 2.5}, unit="g/mL"))
    with pytest.raises(TypeError):
        measured["mean"] = 3.0  # type: ignore[index]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_typed_and_shown_plain(text: str) -> None:
    one = target(note=text, reader=f"R {text}")
    assert one.note == text
    for shown in (one.shown_note, one.shown_reader):
        assert "\n" not in shown
        assert not any(ord(c) < 32 or c in "\u202e\u202c\ud800\x7f" for c in shown)


def test_what_a_positive_target_lacks_is_said_in_words() -> None:
    bare = target(
        grade=None, uptake=None, note="", clinically_concordant=None, inside_operative_bed=None
    )
    assert [item.split(": ")[1].split()[:2] for item in bare.missing] == [
        ["a", "grade"],
        ["a", "measured"],
        ["whether", "side"],
        ["whether", "it"],
    ]
    assert all(item.startswith("Left C5-C6: ") for item in bare.missing)
    # "Not recorded" is an answer; a note may stand for a measurement that could not be made.
    answered = target(
        uptake=None,
        note="outside the SPECT",
        clinically_concordant=Answer.NOT_RECORDED,
        inside_operative_bed=Answer.NOT_RECORDED,
    )
    assert answered.missing == ()
    cold = {"grade": None, "uptake": None, "clinically_concordant": None}
    assert target(decision=Decision.NEGATIVE, **cold).missing == ()


def test_answers_become_what_the_pathway_takes() -> None:
    assert [answer.as_bool for answer in Answer] == [True, False, None]


def test_a_clicked_joint_has_no_uncertainty_of_the_registration() -> None:
    assert target(origin=Origin.JOINT_CLICKED).point_uncertainty_mm is None
    assert target(origin=Origin.POINT_PLACED).point_uncertainty_mm == 1.5


def test_relabelling_moves_nothing() -> None:
    one = target()
    lower = Joint("C6-C7", Side.LEFT)
    placed = placement(lower, point_lps=one.point_lps)
    other = one.relabelled(placed, localisation("counted from T1"))
    assert other.joint == lower
    assert (other.point_lps, other.target_id, other.reader, other.time) == (
        one.point_lps,
        one.target_id,
        one.reader,
        one.time,
    )
    with pytest.raises(AnnotationError, match="only be re-labelled where it is"):
        one.relabelled(placement(lower), localisation())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("level", "L4-L5"),
        ("side", "middle"),
        ("decision", None),
        ("point_lps", [0, 0, 0]),
        ("placement", None),
        ("time", "yesterday"),
        ("grade", "two"),
        ("registration", {}),
    ],
)
def test_json_that_is_not_a_target_is_a_sentence(path: str, value: object) -> None:
    content = {**to_json(target()), path: value}
    with pytest.raises(AnnotationError):
        read(content)
    del content[path]
    with pytest.raises(AnnotationError, match="cannot be read"):
        read(content)
