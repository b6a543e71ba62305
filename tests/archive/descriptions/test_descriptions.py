"""What descriptions say, as they stand in archives."""

from __future__ import annotations

import itertools

import pytest

from fusion.archive.descriptions import described, plain_words
from fusion.archive.descriptions.vocabulary import WORDS
from tests.archive.descriptions import frozen, scope, unseen
from tests.archive.descriptions.descriptions import DESCRIPTIONS, MORE, SURE

EXAMS = {"x": "radiographs", "m": "mri", "c": "diagnostic_ct", "s": "spect_ct", "-": None}
VIEWS = {"a": "ap", "l": "lateral", "f": "flexion", "e": "extension"}
NECK = {"y": True, "n": False, "?": None}
CONTRAST = {"k": True, "o": False}


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in table.strip().splitlines()]


def is_right(row: list[str]) -> bool:
    modalities, text, part, expected = row
    exam, neck, *marks = expected.split()
    found = described(tuple(modalities.split(",")), text, part)
    views = {VIEWS[mark] for mark in "".join(marks) if mark in VIEWS}
    truth = (EXAMS[exam], NECK[neck], views, "+" in "".join(marks))
    return (found.exam, found.is_neck, set(found.views), found.surgery) == truth


def has_contrast_right(row: list[str]) -> bool:
    modalities, text, part, expected = row
    said = [CONTRAST[mark] for mark in "".join(expected.split()[2:]) if mark in CONTRAST]
    return described(tuple(modalities.split(",")), text, part).contrast is (said or [None])[0]


@pytest.mark.parametrize("row", rows(SURE), ids=lambda row: row[1])
def test_what_was_read_wrongly_before_is_read_right(row: list[str]) -> None:
    assert is_right(row), described(tuple(row[0].split(",")), row[1], row[2])


@pytest.mark.parametrize(
    ("table", "count"),
    [
        (DESCRIPTIONS, 100),
        (MORE, 140),
        (unseen.FIRST, 103),
        (unseen.SECOND, 100),
        (unseen.THIRD, 100),
        (unseen.FOURTH, 100),
    ],
)
def test_descriptions_in_four_languages(table: str, count: int) -> None:
    wrong = [row for row in rows(table) if not is_right(row)]
    assert len(rows(table)) == count
    assert len(wrong) <= 0.05 * count, wrong


@pytest.mark.parametrize(
    ("table", "count"),
    [
        (scope.FIFTH, 166),
        (scope.SIXTH, 114),
        (frozen.SEVENTH, 102),
        (frozen.EIGHTH, 114),
        (frozen.NINTH, 105),
    ],
)
def test_scope_in_descriptions(table: str, count: int) -> None:
    """With contrast, which the older tables do not state; of these all but a few are right."""
    wrong = [row for row in rows(table) if not (is_right(row) and has_contrast_right(row))]
    assert len(rows(table)) == count
    assert len(wrong) <= 0.03 * count, wrong


@pytest.mark.parametrize(
    ("text", "contrast"),
    [
        ("MRI C-spine w/o contrast", False),
        ("MRI C-spine W WO CONTRAST", True),
        ("MRT HWS nativ und mit KM", True),
        ("MRT HWS ohne KM", False),
        ("IRM cervicale sans injection", False),
        ("IRM cervicale avec et sans gadolinium", True),
        ("RM cervical con contraste", True),
        ("RM cervical sin contraste", False),
        ("MRI C-spine", None),
    ],
)
def test_contrast(text: str, contrast: bool | None) -> None:
    assert described(("MR",), text).contrast is contrast


@pytest.mark.parametrize(
    "text",
    [
        "C-spine pre-op ACDF planning",
        "CT HWS präoperativ vor Spondylodese",
        "no hardware",
        "ohne Implantate",
        "SPECT/CT fusion cervical spine",
        "C-spine AP/LAT, operation theatre 3",
    ],
)
def test_no_operation_is_proposed_that_is_planned_or_denied(text: str) -> None:
    modalities = ("NM", "CT") if "SPECT" in text else ("CT",)
    assert not described(modalities, text).surgery


@pytest.mark.parametrize(
    ("texts", "surgery"),
    [
        (("MRI C-spine compression/decompression C5/6",), False),
        (("Compression at C5/6, decompression?",), False),
        (("MRT HWS Kompression/Dekompression HWK 5/6",), False),
        (("s/p decompression C5/6",), True),
        # What one field says does not run on in the next.
        (("Cord compression", "Decompression C5/6"), True),
        (("CT HWS ohne", "Spondylodese C5/6"), True),
        (("C-spine post", "op note attached"), False),
        (("C5/6 ACDF", "none"), True),
    ],
)
def test_each_field_says_what_it_says(texts: tuple[str, ...], surgery: bool) -> None:
    assert described(("MR",), *texts).surgery is surgery


def test_the_table_is_written_as_descriptions_are_read() -> None:
    for words in itertools.chain(*WORDS.values()):
        for word in words.split(","):
            assert plain_words(word.replace("*", "")) == word.strip().replace("*", ""), word


def test_no_word_stands_twice_in_a_cell() -> None:
    for meaning, cells in WORDS.items():
        for cell in cells:
            words = [word.strip() for word in cell.split(",") if word.strip()]
            assert len(words) == len(set(words)), meaning
