"""Who reads what when."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import chisquare

from fusion.errors import ReaderStudyError
from fusion.reader_study.design import read_design
from fusion.reader_study.order import order_of
from tests.reader_study.designs import design, design_text


def test_a_reader_reads_every_case_once_a_stage_and_some_again() -> None:
    planned = design(40, head="repeats = 5")
    for reader in planned.reader:
        order = order_of(planned, reader)
        assert len(order) == 90
        for stage in (1, 2):
            shown = [one for one in order if one.stage == stage]
            assert [one.number for one in shown] == list(range(1, 46))
            assert {one.of for one in shown} == {45}
            assert {one.case for one in shown if not one.repeat} == {c.name for c in planned.case}
            assert sum(one.repeat for one in shown) == 5
    assert order[6].words == "Case 7 of 45"


def test_at_least_ten_others_lie_between_a_case_and_its_repeat() -> None:
    nearest = set()
    for seed in range(300):
        planned = design(14, head=f"seed = {seed}\nrepeats = 4")
        for one in order_of(planned, "Reader A"):
            if one.repeat:
                places = [
                    other.number
                    for other in order_of(planned, "Reader A")
                    if (other.stage, other.case) == (one.stage, one.case)
                ]
                nearest.add(places[1] - places[0])
    assert min(nearest) == 11


def test_the_order_is_that_of_the_seed_and_the_reader() -> None:
    assert order_of(design(), "Reader A") == order_of(design(), "Reader A")
    cases = {
        tuple(one.case for one in order_of(planned, reader) if one.stage == stage)
        for planned in (design(), design(head="seed = 8"))
        for reader in planned.reader
        for stage in (1, 2)
    }
    assert len(cases) == 2 * 3 * 2


def test_every_place_is_as_likely_for_every_case() -> None:
    places = Counter()
    planned = design(12)
    for seed in range(3000):
        order = order_of(planned.model_copy(update={"seed": seed}), "Reader B")
        places.update((one.case, one.number) for one in order if one.stage == 2)
    assert len(places) == 144
    assert chisquare(list(places.values())).pvalue > 0.001


def test_in_turn_all_cases_of_a_stage_are_in_one_arm() -> None:
    order = order_of(design(), "Reader A")
    assert {one.arm for one in order if one.stage == 1} == {"alone"}
    assert {one.arm for one in order if one.stage == 2} == {"with proposals"}


def test_crossed_over_each_case_is_in_each_arm_once_and_each_stage_in_halves() -> None:
    planned = design(20, head='order = "crossover"')
    first = Counter()
    for reader in planned.reader:
        order = order_of(planned, reader)
        for stage in (1, 2):
            arms = Counter(one.arm for one in order if one.stage == stage)
            assert arms == {"alone": 10, "with proposals": 10}
        for case in planned.case:
            assert len({one.arm for one in order if one.case == case.name}) == 2
        first.update((one.case, one.arm) for one in order if one.stage == 1)
    assert len(first) > 20, "all readers begin with the same halves"


@pytest.mark.parametrize(
    ("head", "cases", "said"),
    [
        ("repeats = 3", 12, "12 cases leave room for 2 repeats at most"),
        ("repeats = 1", 9, "9 cases leave room for 0 repeats at most"),
        ('readers = ["A. Reader", "a reader"]', 3, "the reader 'a reader' is listed twice"),
        ("readers = []", 3, "readers"),
        ('order = "at random"', 3, "order"),
        ("washout = 3", 3, "washout"),
        ("repeats = -1", 3, "repeats"),
    ],
)
def test_a_study_that_cannot_be_is_told_why(head: str, cases: int, said: str) -> None:
    with pytest.raises(ReaderStudyError, match="The study cannot be read") as caught:
        design(cases, head=head)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("was", "put", "said"),
    [
        ("seed = 7", 'seed = "x"', "seed: expected a whole number without quotation marks."),
        ("seed = 7", "seed = 1.5", "seed: expected a whole number without quotation marks."),
        ("seed = 7", "", "seed: is missing."),
        ("seed = 7", "seed = 7\ntitle = 3", "title: expected text in quotation marks."),
        ("seed = 7", "seed = 7\nfoo = 1", "foo: is no word of a study; check its spelling."),
        ("proposals = false", "proposals = 7", "arm 1 proposals: expected true or false"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(was: str, put: str, said: str) -> None:
    text = design_text(2)
    assert was in text
    with pytest.raises(ReaderStudyError) as caught:
        read_design(text.replace(was, put, 1).encode())
    assert str(caught.value).startswith(f"The study cannot be read: {said}")


def test_what_is_no_toml_is_told() -> None:
    with pytest.raises(ReaderStudyError, match="it is no TOML"):
        read_design(b"readers = [")
    with pytest.raises(ReaderStudyError, match="it is no TOML"):
        read_design(b"\xff\xfe")


def test_a_case_says_how_it_is_opened() -> None:
    text = design_text(1) + 'ct = "2"\nspacing_mm = -4.4\nregister = true\n'
    (case,) = read_design(text.encode()).case
    options = case.options
    assert (options.ct, options.spect, options.spacing_mm) == ("2", None, -4.4)
    assert options.register
    assert not options.ignore_stored_registration


def test_readers_are_found_as_their_names_are_written() -> None:
    assert design().reader_named(" reader a. ") == "Reader A"
    with pytest.raises(ReaderStudyError, match="its readers are: Reader A, Reader B, Reader C"):
        design().reader_named("Reader D")
