"""Facts files: refused with the line and the reason, never with a traceback; written and read."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.errors import PathwayError
from fusion.pathway.facts.dates import PartialDate
from fusion.pathway.facts.facts import FACT_IDS, KEY_OF_FACT, QUESTIONS, Facts, answers
from fusion.pathway.facts.facts_file import (
    LARGEST_FILE_BYTES,
    facts_from_values,
    facts_template,
    facts_toml,
    parse_facts,
    read_facts,
)

SPECIFIED = (
    *("F1", "F2", "F3", "F4", "F5", "F6", "F7a", "F7b", "F7c", "F7x", "F8", "F9", "F10", "F11"),
    *("F12", "F13", "F14", "F15", "F16", "F17", "F18", "F19", "F20", "F21", "F22", "F23"),
)


def test_every_fact_has_a_key() -> None:
    assert FACT_IDS == SPECIFIED
    assert set(KEY_OF_FACT) == set(SPECIFIED)
    assert KEY_OF_FACT["F3"] == "study_status"
    assert KEY_OF_FACT["F22"] == "planned_uses"


def test_an_empty_file_records_nothing() -> None:
    assert parse_facts("").recorded() == {}
    assert parse_facts("schema_version = 1").recorded() == {}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("cervical_pain = true\nheadache = true", 2, "unknown fact headache"),
        ("\n\nF7a = true", 3, "Did you mean suspected_infection?"),
        ("post_traumatik = true", 1, "Did you mean post_traumatic?"),
        ('cervical_pain = "yes"', 1, 'cervical_pain is "yes"; expected true or false'),
        ("post_traumatic = 1", 1, "post_traumatic is 1; expected true or false"),
        ("post_traumatic = 0.0", 1, "expected true or false"),
        ("post_traumatic = []", 1, "post_traumatic is a list; expected true or false"),
        ('# a note\nmri = "normal"', 2, 'expected one of "none", "inconclusive", "answers the'),
        ('mri = "None"', 1, 'mri is "None"; expected one of'),
        ("mri = false", 1, "mri is false; expected one of"),
        ("[mri]\nresult = 1", 1, "mri is a table"),
        ('planned_uses = "plan RF"', 1, "expected a list in brackets"),
        ('planned_uses = ["plan RF", "dance"]', 1, 'planned_uses is "dance"; expected one of'),
        ("study_date = 2024-05-17T10:00:00", 1, "expected a date"),
        ('study_date = "17.05.2024"', 1, "expected a date"),
        ('study_date = "2024-13"', 1, "2024-13 is not a date that exists"),
        ('study_date = "1024"', 1, "1024 lies before 1900"),
        ("study_date = 20240517", 1, "expected a date"),
        ('other_red_flag = ""', 1, "the text is empty"),
        (f'other_red_flag = "{"x" * 501}"', 1, "at most 500"),
        ("schema_version = 2\nsomething_new = 1", 1, "the file states version 2, of a newer"),
        ("\nschema_version = true", 2, "version (schema_version) is true; expected 1"),
        ('schema_version = "1"', 1, "expected 1"),
        ("schema_version = 0", 1, "expected 1"),
        ('mri = "none"\nmri_date = 2024-01-01', 2, 'mri_date is given but mri is "none"'),
        ("mri_date = 2024-01-01", 1, "mri_date is given but mri is not recorded"),
        (
            "prior_cervical_surgery = false\nsurgery_date = 2020-01-01",
            2,
            "surgery_date is given but prior_cervical_surgery is false",
        ),
        (
            "prior_cervical_surgery = true\nsurgery_date = 2024-02\n".replace(
                "2024-02", '"2024-02"'
            )
            + "study_date = 2024-01-31",
            2,
            "prior surgery is dated 2024-02, after the SPECT/CT (2024-01-31)",
        ),
        (
            "study_date = 2024-01-31\nepisode_began = 2024-02-01",
            2,
            "the present episode is dated 2024-02-01, after the SPECT/CT",
        ),
        ('[[targets]]\nname = "a"\n\n[[targets]]\nname = "b"\nside = "left"', 6, "fact side"),
        ("[[targets]]\ninside_operative_bed = true", 1, "a target needs a name"),
        ('[[targets]]\nname = "a"\nclinically_concordant = "y"', 3, "expected true or false"),
        ("targets = [1]", 1, "expected a table"),
        ('surgery_levels = "C5"\nprior_cervical_surgery = true', 1, "expected a list"),
        ("surgery_levels = [5]\nprior_cervical_surgery = true", 1, "expected text in quotes"),
    ],
)
def test_refused_with_the_line_and_the_reason(
    text: str, line: int, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "facts.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PathwayError) as refusal:
        read_facts(path)
    assert f", line {line}: " in str(refusal.value)
    assert reason in str(refusal.value)


def test_every_complaint_is_listed_and_very_many_are_counted() -> None:
    with pytest.raises(PathwayError) as refusal:
        parse_facts('mri = "maybe"\ncervical_pain = 3\n')
    assert len(str(refusal.value).splitlines()) == 2
    with pytest.raises(PathwayError, match="and 40 more"):
        parse_facts("\n".join(f"fact_{n} = 1" for n in range(50)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"mri = ", "line 1: cannot be read as a facts file"),
        (b"a = 1\n\xff\xfe", "line 2: not UTF-8"),
        (b"mri = \x00", "cannot be read as a facts file"),
        (b"x = " + b"[" * 20_000, "nested too deeply"),
        (b"x = " + b"9" * 10_000, "cannot be read as a facts file|very long number|unknown fact"),
        (b"cervical_pain = true\ncervical_pain = false", "line 2: cannot be read as a facts file"),
        (b"study_date = 2024-02-30", "line 1: cannot be read as a facts file: Invalid date"),
        (b"#" * (LARGEST_FILE_BYTES + 1), "larger than 256 KiB"),
        (b"cervical_pain.inner = true", "expected true or false"),
        (b'"\\u001b[2Jevil" = 1', r"\\u001b"),
        (b'mri = "\\u001b[2J"', r"\\u001b"),
    ],
)
def test_hostile_files_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "facts.toml"
    path.write_bytes(content)
    with pytest.raises(PathwayError, match=reason) as refusal:
        read_facts(path)
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 4000


def test_what_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.toml", Path("nul\0byte")):
        with pytest.raises(PathwayError, match="cannot be read"):
            read_facts(path)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(PathwayError):
        assert isinstance(parse_facts(text), Facts)


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.datetimes(),
    st.lists(st.one_of(st.booleans(), st.text(max_size=5)), max_size=3),
    st.dictionaries(st.text(max_size=5), st.booleans(), max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.one_of(st.sampled_from(sorted(QUESTIONS)), st.text(max_size=8)), values))
def test_any_values_are_taken_or_refused(given_values: dict[str, object]) -> None:
    try:
        facts = facts_from_values(given_values)
    except PathwayError:
        return
    assert parse_facts(facts_toml(facts)) == facts


def test_both_wordings_of_an_answer_are_taken() -> None:
    for wording in ("answers", "answers the question"):
        facts = parse_facts(f'mri = "{wording}"\ndiagnostic_ct = "{wording}"')
        assert (facts.mri, facts.diagnostic_ct) == ("answers the question", "answers")
        overall = parse_facts(f'standard_imaging_overall = "{wording}"')
        assert overall.standard_imaging_overall == "answers"


def test_false_and_empty_are_recorded_and_survive_writing() -> None:
    facts = parse_facts("planned_uses = []\npost_traumatic = false")
    assert facts.recorded() == {"post_traumatic": False, "planned_uses": []}
    assert parse_facts(facts_toml(facts)) == facts


def test_awkward_text_survives_writing() -> None:
    values = {"other_red_flag": 'quote " backslash \\ Grüße 日本 \U0001f600'}
    facts = facts_from_values(values)
    assert parse_facts(facts_toml(facts)).other_red_flag == values["other_red_flag"]


def test_the_template_records_nothing_and_explains_everything() -> None:
    template = facts_template()
    assert parse_facts(template) == Facts()
    for key, asked in QUESTIONS.items():
        assert key == "targets" or f"# {asked.question}\n" in template
        assert key == "targets" or f"# {key} = " in template
        for answer in answers(key):
            assert answer in template
    assert max(len(line) for line in template.splitlines()) < 200


def test_the_template_is_valid_with_every_line_taken_in() -> None:
    everything = re.sub(r"^# (\w+ = |\[\[)", r"\1", facts_template(), flags=re.MULTILINE)
    facts = parse_facts(everything)
    assert set(facts.recorded()) == set(QUESTIONS)
    assert tomllib.loads(everything)["schema_version"] == 1


def test_things_done_in_the_future_are_refused() -> None:
    today = dt.date(2024, 6, 1)
    sheet = 'study_status = "performed"\nstudy_date = 2062-05-17'
    with pytest.raises(PathwayError, match="line 2: study_date is 2062-05-17, in the future"):
        parse_facts(sheet, today=today)
    proposed = parse_facts(sheet.replace("performed", "proposed"), today=today)
    assert str(proposed.study_date) == "2062-05-17"
    assert parse_facts('study_date = "2024"\nstudy_status = "performed"', today=today)


def test_a_refusal_does_not_repeat_long_values() -> None:
    with pytest.raises(PathwayError) as refusal:
        facts_from_values({"mri": "Jane Doe " * 100})
    assert len(str(refusal.value)) < 250


class TestPartialDates:
    @pytest.mark.parametrize("text", ["2024", "2024-02", "2024-02-29"])
    def test_are_written_as_they_were_read(self, text: str) -> None:
        assert str(PartialDate.parse(text)) == text

    def test_are_ordered_only_when_they_can_be(self) -> None:
        year, may, day = (PartialDate.parse(t) for t in ("2024", "2024-05", "2024-06-01"))
        assert may.before(day) is True
        assert day.before(may) is False
        assert year.before(day) is None
        assert day.before(day) is None

    def test_a_turned_span_is_refused(self) -> None:
        with pytest.raises(ValueError, match="before its first"):
            PartialDate(dt.date(2024, 2, 1), dt.date(2024, 1, 1))
